/* SPDX-License-Identifier: MIT */
#include "bulktest.h"

#include <stdlib.h>

char *url;
trdb_db *db;
trdb_uow *uow;
trdb_error *err;
int64_t bot;

void begin(uint32_t flags) {
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    trdb_uow_free(uow);
    uow = NULL;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
}

void commit(void) {
    ck_ok(trdb_uow_commit(uow, &err), err);
    begin(0);
}

void bulktest_setup(void) {
    url = harness_database();
    char *id = harness_value(url, "WITH u AS (INSERT INTO usr_users DEFAULT VALUES RETURNING id) "
                                  "INSERT INTO trading_bots (user_id, type, status, config) "
                                  "SELECT id, 'paper', 'running', '{}' FROM u RETURNING id");
    bot = atoll(id);
    free(id);
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    begin(0);
}

void bulktest_teardown(void) {
    trdb_uow_free(uow);
    trdb_db_free(db);
    trdb_error_free(err);
    uow = NULL, db = NULL, err = NULL;
    harness_database_free(url);
}

int64_t trips(void) {
    trdb_db_stats stats = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &stats, NULL), 0);
    return stats.round_trips;
}

void ck_value(const char *sql, const char *expected) {
    char *got = harness_value(url, "%s", sql);
    ck_assert_str_eq(got, expected);
    free(got);
}
