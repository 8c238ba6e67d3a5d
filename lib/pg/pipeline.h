/* SPDX-License-Identifier: MIT */
/* Several statements in one round trip. */
#pragma once

#include "pg/conn.h"

/* Prepares and executes one statement; the parameters are bound already. */
int trdbi_pipeline_run(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                       trdbi_result **ret, trdb_error **reterr);
