/* SPDX-License-Identifier: MIT */
/* The parts of the trading day: import, report and chart. Failing functions fill an error, as the library's
 * do. */
#pragma once

#include <stdio.h>

#include "export.h"

/* What an import did. */
typedef struct import_result {
    int64_t user_id;
    int64_t bot_id;
    size_t imported;
    size_t known; /* trades that an earlier import brought */
} import_result;

/* Creates the trader and the bot unless they are there, then books every trade, each in a unit of its own.
 * `bot_config` is the JSON text of the bot's configuration. */
int import_export(trdb_db *db, const export_file *export, const char *bot_config, import_result *ret,
                  trdb_error **reterr);

/* Prints totals, tables, curve and what was written, all read back from the database. */
int report_print(trdb_db *db, const export_file *export, const import_result *result, trdb_error **reterr);

/* Prints a line chart of the net result over the closed trades. */
void chart_print(FILE *out, const trdb_trading_equity_curve_row_list *curve, const char *currency);
