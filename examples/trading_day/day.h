/* SPDX-License-Identifier: MIT */
/* The parts of the trading day. Reader, importer and chart are those of the command `tradingdb`. */
#pragma once

#include "import.h"

/* Finds the trader by the Telegram account, or registers it: the bot sends a verification code, the trader
 * sends it back. 0 or an error, as the library's functions. */
int trader_register(trdb_db *db, int64_t *ret_user_id, trdb_error **reterr);

/* Notes a command of the trader in the bot's audit, with the time since `began`; `error` is NULL when it went
 * well. */
int audit_command(trdb_db *db, const char *command, trdb_timestamp began, const char *error,
                  trdb_error **reterr);
/* Prints what the bot was told from a time on. */
int audit_print(trdb_db *db, trdb_timestamp since, trdb_error **reterr);

/* Prints totals, tables, curve and what was written, all read back from the database. */
int report_print(const import *im, trdb_error **reterr);

/* Computes and stores the performance metrics of the bot, and prints some of them. */
int metrics_print(const import *im, trdb_error **reterr);

/* Keeps a daily report as a cron job and runs it once: the run renders the report as a picture (NULL: without
 * one). */
int job_run(const import *im, const char *picture, trdb_error **reterr);

/* The trader's Telegram account. */
#define TELEGRAM_ID "100200300"
