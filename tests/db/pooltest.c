/* SPDX-License-Identifier: MIT */
#include "pooltest.h"

char *url;

void setup(void) {
    url = harness_database();
}

void teardown(void) {
    harness_database_free(url);
}

trdb_db *open_with(trdb_db_options options) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    ck_ok(trdb_open(url, &options, &db, &err), err);
    return db;
}

trdb_db_options sized(int32_t size, int32_t overflow) {
    trdb_db_options options = trdb_db_options_init();
    options.pool_size = size;
    options.pool_overflow = overflow;
    return options;
}

trdb_db_stats stats_of(trdb_db *db) {
    trdb_error *err = NULL;
    trdb_db_stats stats = trdb_db_stats_init();
    ck_ok(trdb_db_get_stats(db, &stats, &err), err);
    return stats;
}

trdb_uow *begin(trdb_db *db) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    return uow;
}

int backend_pid(trdb_uow *uow) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    trdbi_statement statement = pgtest_statement("SELECT pg_backend_pid()::int8");
    ck_ok(trdbi_uow_run(uow, &statement, NULL, &result, &err), err);
    int64_t pid = 0;
    trdbi_field field = {.name = "pid", .kind = TRDBI_I64, .plain = 1};
    ck_ok(trdbi_result_decode(result, 0, &field, sizeof field, 1, NULL, &pid, &err), err);
    trdbi_result_free(result);
    return (int)pid;
}

void terminate(int pid) {
    harness_sql(url, "SELECT pg_terminate_backend(%d, 10000)", pid);
}

void *call(void *arg) {
    caller *self = arg;
    trdb_uow_options options = trdb_uow_options_init();
    options.pool_timeout_ms = self->timeout_ms;
    options.canceller = self->canceller;
    trdb_uow *uow = NULL;
    self->code = trdb_uow_begin(self->db, &options, &uow, NULL);
    if (self->code == 0 && self->turn)
        self->order = ++*self->turn;
    trdb_uow_free(uow);
    return NULL;
}
