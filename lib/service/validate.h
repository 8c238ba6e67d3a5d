/* SPDX-License-Identifier: MIT */
/* The checks of a bot's configuration. */
#pragma once

#include "core/findings.h"

/* Adds what there is to say about the JSON text of a configuration. TRDB_E_NOMEM, or 0. */
int trdbi_check_bot_config(trdb_finding_list *list, const char *text, trdb_error **reterr);
