/* SPDX-License-Identifier: MIT */
/*
 * One unit of work, tried once: unit CONNINFO KEY TIMEOUT_MS RESOLVE_MS [fast] [pipeline] [witness]
 *
 * Writes two rows, the one under KEY. Prints `CODE|message` or `OK|`, and exits with 0 either way.
 */
#include <tradingdb/tradingdb.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_rows(trdb_uow *uow, const char *key, trdb_error **reterr) {
    int r = trdb_telegram_broadcast_log_insert(
        uow, TRDB_TELEGRAM_BROADCAST_LOG_NEW(.message = key, .sent_by = "unit"), NULL, reterr);
    return r < 0 ? r
                 : trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key), NULL, reterr);
}

static int run(trdb_db *db, char **argv, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    const char *key = argv[2];
    bool witness = false;
    trdb_uow_options options = trdb_uow_options_init();
    options.timeout_ms = atoi(argv[3]);
    options.resolve_timeout_ms = atoi(argv[4]);
    for (char **word = argv + 5; *word; word++) {
        options.flags |= strcmp(*word, "fast") == 0 ? TRDB_UOW_FAST_COMMIT | TRDB_UOW_PIPELINE : 0;
        options.flags |= strcmp(*word, "pipeline") == 0 ? TRDB_UOW_PIPELINE : 0;
        witness = witness || strcmp(*word, "witness") == 0;
    }
    int r = trdb_uow_begin(db, &options, &uow, reterr);
    if (r == 0 && witness)
        r = trdb_uow_set_witness(uow, "telegram_settings", "key", key, reterr);
    if (r == 0)
        r = write_rows(uow, key, reterr);
    return r < 0 ? r : trdb_uow_commit(uow, reterr);
}

int main(int argc, char **argv) {
    TRDB_AUTO(trdb_error) *error = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    if (argc < 5) {
        fprintf(stderr, "usage: unit CONNINFO KEY TIMEOUT_MS RESOLVE_MS [fast] [pipeline] [witness]\n");
        return 2;
    }
    int r = trdb_open(argv[1], NULL, &db, &error);
    if (r == 0)
        r = run(db, argv, &error);
    printf("%s|%s\n", r == 0 ? "OK" : trdb_error_code_name(r), r < 0 ? trdb_error_message(error) : "");
    return 0;
}
