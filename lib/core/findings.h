/* SPDX-License-Identifier: MIT */
/* Making lists of findings: begin with trdbi_findings_new(), add, complete. */
#pragma once

#include "error/error.h"
#include <tradingdb/migrate.h>

/* An empty list; NULL when out of memory. Freed with trdb_finding_list_free(). */
trdb_finding_list *trdbi_findings_new(void);

/* Adds a finding; failures stick. The remedy may be NULL. */
__attribute__((format(printf, 5, 6))) void trdbi_find(trdb_finding_list *list, trdb_severity severity,
                                                      const char *topic, const char *remedy,
                                                      const char *format, ...);

/* Makes the list readable. TRDB_E_NOMEM when something could not be added. */
int trdbi_findings_complete(trdb_finding_list *list, trdb_error **reterr);
