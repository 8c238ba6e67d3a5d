/* SPDX-License-Identifier: MIT */
/*
 * The trading day, in the database that DB_URL names: registers the trader by a code that the Telegram bot
 * sends, imports a freqtrade backtest export, prints what it brought and how good that was, and keeps the
 * report as a cron job that is run once. Usage: trading_day BOT.json EXPORT.json [PICTURE.svg]. A second run
 * imports nothing twice and prints the same.
 */
#include "day.h"

#include <json-c/json.h>
#include <stdio.h>

static int fail(const char *problem) {
    fprintf(stderr, "trading_day: %s\n", problem);
    return 1;
}

/* The command /import of the bot. */
static int import_export(import *im, const char *bot) {
    trdb_timestamp began = trdb_timestamp_now();
    if (import_make_bot(im, im->user_id, bot) < 0 || import_trades(im) < 0)
        return -1;
    printf("%s: %zu trades imported, %zu were there already\n", im->export->strategy, im->imported,
           im->known);
    return audit_command(im->db, "/import", began, NULL, NULL);
}

/* The command /report, and the job that does the same each evening. */
static int report(const import *im, const char *picture, trdb_error **reterr) {
    trdb_timestamp began = trdb_timestamp_now();
    int code = report_print(im, reterr);
    if (code == 0)
        code = metrics_print(im, reterr);
    if (code == 0)
        code = job_run(im, picture, reterr);
    return code == 0 ? audit_command(im->db, "/report", began, NULL, reterr) : code;
}

static int run(import *im, const char *bot, const char *picture) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    trdb_timestamp began = trdb_timestamp_now();
    if (trdb_open(NULL, NULL, &db, &err) < 0 || trader_register(db, &im->user_id, &err) < 0)
        return fail(trdb_error_message(err));
    im->db = db;
    if (import_export(im, bot) < 0)
        return fail(im->problem);
    if (report(im, picture, &err) < 0 || audit_print(db, began, &err) < 0)
        return fail(trdb_error_message(err));
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: trading_day BOT.json EXPORT.json [PICTURE.svg]\n");
        return 2;
    }

    /* The whole export is read and checked before anything is written. */
    char problem[500];
    freqtrade_export export;
    if (freqtrade_read(argv[2], &export, problem, sizeof problem) < 0)
        return fail(problem);
    json_object *bot = json_object_from_file(argv[1]);
import im = {.export = & export };
    int status = json_object_is_type(bot, json_type_object)
                     ? run(&im, json_object_to_json_string(bot), argc == 4 ? argv[3] : NULL)
                     : fail("the bot's file holds no JSON object");
    json_object_put(bot);
    freqtrade_free(&export);
    return status;
}
