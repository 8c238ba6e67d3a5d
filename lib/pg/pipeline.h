/* SPDX-License-Identifier: MIT */
/* Several statements in one round trip. */
#pragma once

#include "pg/conn.h"

/* Executes one statement behind what is queued, preparing it when needed. */
int trdbi_pipeline_run(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                       trdbi_result **ret, trdb_error **reterr);

/* Forgets what is queued, for a connection that ends. */
void trdbi_queue_free(trdbi_conn *conn);
