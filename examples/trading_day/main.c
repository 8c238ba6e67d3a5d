/* SPDX-License-Identifier: MIT */
/*
 * The trading day: imports a freqtrade backtest export into the database that DB_URL names and prints what it
 * brought. Usage: trading_day BOT.json EXPORT.json. A second run imports nothing twice and prints the same.
 */
#include "day.h"

#include <json-c/json.h>

static int fail(const char *problem) {
    fprintf(stderr, "trading_day: %s\n", problem);
    return 1;
}

int main(int argc, char **argv) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    if (argc != 3) {
        fprintf(stderr, "usage: trading_day BOT.json EXPORT.json\n");
        return 2;
    }

    /* The whole export is read and checked before anything is written. */
    char problem[500];
    export_file export;
    if (export_read(argv[2], &export, problem, sizeof problem) < 0)
        return fail(problem);
    json_object *bot = json_object_from_file(argv[1]);
    int status = 1;
    import_result result;
    if (!json_object_is_type(bot, json_type_object))
        fail("the bot's file holds no JSON object");
    else if (trdb_open(NULL, NULL, &db, &err) < 0 ||
             import_export(db, &export, json_object_to_json_string(bot), &result, &err) < 0)
        fail(trdb_error_message(err));
    else {
        printf("%s: %zu trades imported, %zu were there already\n", export.strategy, result.imported,
               result.known);
        status = report_print(db, &export, &result, &err) < 0 ? fail(trdb_error_message(err)) : 0;
    }
    json_object_put(bot);
    export_free(&export);
    return status;
}
