/* SPDX-License-Identifier: MIT */
/*
 * One operation against whatever server CONNINFO leads to: victim CONNINFO OPERATION CONNECT_MS UNIT_MS
 *
 * Prints `CODE|message`, or `OK|`. Exits with 0 however the operation ended.
 */
#include <tradingdb/tradingdb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS = 600 };

static int insert(trdb_uow *uow, const char *key, trdb_error **reterr) {
    return trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key, .value = "v"), NULL,
                                        reterr);
}

static int get(trdb_uow *uow, trdb_error **reterr) {
    TRDB_AUTO(trdb_telegram_setting) *row = NULL;
    return trdb_telegram_setting_get(uow, "there", &row, reterr);
}

/* The second time the statement is prepared already. */
static int get_twice(trdb_uow *uow, trdb_error **reterr) {
    int r = get(uow, reterr);
    return r < 0 ? r : get(uow, reterr);
}

static int list(trdb_uow *uow, trdb_error **reterr) {
    TRDB_AUTO(trdb_telegram_broadcast_log_list) *rows = NULL;
    return trdb_telegram_broadcast_logs_list(uow, NULL, &rows, reterr);
}

static int stream(trdb_uow *uow, trdb_error **reterr) {
    trdb_telegram_broadcast_log_stream *rows = NULL;
    const trdb_telegram_broadcast_log *row;
    trdb_stream_options options = trdb_stream_options_init();
    options.batch_rows = 20; /* several fetches */
    int r = trdb_telegram_broadcast_logs_stream(uow, NULL, &options, &rows, reterr);
    if (r < 0)
        return r;
    while ((r = trdb_telegram_broadcast_log_stream_next(rows, &row, reterr)) == 1)
        ;
    trdb_telegram_broadcast_log_stream_free(rows);
    return r;
}

static int columns(trdb_uow *uow, trdb_error **reterr) {
    TRDB_AUTO(trdb_columns) *found = NULL;
    return trdb_telegram_broadcast_logs_columns(uow, NULL, NULL, &found, reterr);
}

/* Keys of its own: a unit under attack stays open for a while, and another would wait for its keys. */
static int insert_own(trdb_uow *uow, int number, trdb_error **reterr) {
    char key[32];
    snprintf(key, sizeof key, "%ld-p%d", (long)getpid(), number);
    return insert(uow, key, reterr);
}

static int pipeline(trdb_uow *uow, trdb_error **reterr) {
    int r = 0;
    for (int i = 0; i < 20 && r == 0; i++)
        r = insert_own(uow, i, reterr);
    return r < 0 ? r : trdb_uow_flush(uow, reterr);
}

static int bulk(trdb_uow *uow, bool wanted, trdb_error **reterr) {
    static trdb_telegram_broadcast_log_new rows[ROWS];
    TRDB_AUTO(trdb_telegram_broadcast_log_list) *back = NULL;
    for (int i = 0; i < ROWS; i++)
        rows[i] = *TRDB_TELEGRAM_BROADCAST_LOG_NEW(.message = "m", .sent_by = "s");
    return trdb_telegram_broadcast_logs_insert(uow, rows, sizeof *rows, ROWS, wanted ? &back : NULL, reterr);
}

static int copy(trdb_uow *uow, trdb_error **reterr) {
    return bulk(uow, false, reterr);
}

static int bulk_back(trdb_uow *uow, trdb_error **reterr) {
    return bulk(uow, true, reterr);
}

static int insert_one(trdb_uow *uow, trdb_error **reterr) {
    return insert_own(uow, 0, reterr);
}

static int nothing(trdb_uow *uow, trdb_error **reterr) {
    return trdb_uow_flush(uow, reterr);
}

static const struct operation {
    const char *name;
    uint32_t flags;
    int (*run)(trdb_uow *uow, trdb_error **reterr);
} operations[] = {
    {"connect", 0, nothing},
    {"get", 0, get},
    {"prepared", 0, get_twice},
    {"list", 0, list},
    {"stream", 0, stream},
    {"columns", 0, columns},
    {"pipeline", TRDB_UOW_PIPELINE, pipeline},
    {"bulk", 0, bulk_back},
    {"copy", 0, copy},
    {"commit", 0, insert_one},
    {"fast", TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT, insert_one},
};

static int run(trdb_db *db, const struct operation *operation, int timeout_ms, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = operation->flags;
    options.timeout_ms = timeout_ms;
    options.resolve_timeout_ms = timeout_ms;
    int r = trdb_uow_begin(db, &options, &uow, reterr);
    if (r == 0)
        r = operation->run(uow, reterr);
    return r < 0 ? r : trdb_uow_commit(uow, reterr);
}

int main(int argc, char **argv) {
    TRDB_AUTO(trdb_error) *error = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    const struct operation *operation = NULL;
    for (size_t i = 0; argc > 4 && i < sizeof operations / sizeof *operations; i++)
        if (strcmp(operations[i].name, argv[2]) == 0)
            operation = &operations[i];
    if (!operation) {
        fprintf(stderr, "usage: victim CONNINFO OPERATION CONNECT_MS UNIT_MS\n");
        return 2;
    }
    int connect_ms = atoi(argv[3]), unit_ms = atoi(argv[4]);
    trdb_db_options options = trdb_db_options_init();
    options.connect_timeout_ms = connect_ms;
    options.pool_timeout_ms = connect_ms;
    int r = trdb_open(argv[1], &options, &db, &error);
    if (r == 0)
        r = run(db, operation, unit_ms, &error);
    printf("%s|%s\n", r == 0 ? "OK" : trdb_error_code_name(r), r < 0 ? trdb_error_message(error) : "");
    return 0;
}
