/* SPDX-License-Identifier: MIT */
/* The pool: close, fork, statistics, threads. */
#include "pooltest.h"

#include <sys/wait.h>

/* ---- close ---------------------------------------------------------------------------------------- */

START_TEST(close_while_borrowed) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(2, -1));
    trdb_uow *uow = begin(db), *other = begin(db), *none = NULL;
    trdb_uow_free(other);
    trdb_close(db);
    trdb_close(db);
    ck_assert_int_eq(stats_of(db).open, 1);
    ck_fails(trdb_uow_begin(db, NULL, &none, &err), TRDB_E_CLOSED, "closed", err);
    ck_assert_int_gt(backend_pid(uow), 0); /* a unit that runs may end its work */
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_eq(stats.open, 0);
    ck_assert_int_eq(stats.commits, 1);
    ck_assert_int_eq(stats.discards, 0);
    trdb_db_free(db);
}
END_TEST

START_TEST(units_outlive_the_handle) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(3, -1));
    trdb_uow *a = begin(db), *b = begin(db), *c = begin(db);
    trdb_db_free(db);
    trdbi_statement statement = pgtest_statement("SELECT 1");
    ck_fails(trdbi_uow_run(a, &statement, NULL, NULL, &err), TRDB_E_CLOSED, "closed", err);
    ck_fails(trdb_uow_savepoint(a, &err), TRDB_E_CLOSED, "closed", err);
    ck_fails(trdb_uow_commit(a, &err), TRDB_E_CLOSED, "closed", err);
    ck_fails(trdb_uow_commit(a, &err), TRDB_E_STATE, "finished", err);
    ck_ok(trdb_uow_rollback(b, &err), err);
    trdb_uow_free(a);
    trdb_uow_free(b);
    trdb_uow_free(c);
    for (bool gone = false; !gone;) { /* the server notices a little later */
        char *count =
            harness_value(url, "SELECT count(*) FROM pg_stat_activity "
                               "WHERE application_name = 'tradingdb' AND datname = current_database()");
        gone = strcmp(count, "0") == 0;
        free(count);
    }
}
END_TEST

START_TEST(close_while_waiting) {
    for (int release = 0; release < 2; release++) {
        trdb_db *db = open_with(sized(1, -1));
        trdb_uow *uow = begin(db);
        caller callers[3];
        for (int i = 0; i < 3; i++) {
            callers[i] = (caller){.db = db, .timeout_ms = 600000};
            pthread_create(&callers[i].thread, NULL, call, &callers[i]);
            wait_for(stats_of(db).waiting == i + 1);
        }
        if (release)
            trdb_db_free(db);
        else
            trdb_close(db);
        for (int i = 0; i < 3; i++) {
            pthread_join(callers[i].thread, NULL);
            ck_assert_int_eq(callers[i].code, TRDB_E_CLOSED);
        }
        trdb_uow_free(uow);
        if (!release)
            trdb_db_free(db);
    }
}
END_TEST

START_TEST(null_handles) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_db_stats stats = trdb_db_stats_init();
    trdb_close(NULL);
    trdb_db_free(NULL);
    trdb_uow_free(NULL);
    ck_fails(trdb_db_get_stats(NULL, &stats, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_set_trace(NULL, NULL, NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_uow_begin(NULL, NULL, &uow, &err), TRDB_E_INVALID, "NULL", err);
    trdb_db *db = open_with(sized(1, -1));
    ck_fails(trdb_db_get_stats(db, NULL, &err), TRDB_E_INVALID, "trdb_db_stats", err);
    stats.struct_size = 0;
    ck_fails(trdb_db_get_stats(db, &stats, &err), TRDB_E_INVALID, "trdb_db_stats", err);
    ck_fails(trdb_uow_begin(db, NULL, NULL, &err), TRDB_E_INVALID, "ret", err);
    trdb_db_free(db);
}
END_TEST

START_TEST(statistics_of_other_versions) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    union {
        trdb_db_stats stats;
        unsigned char bytes[sizeof(trdb_db_stats) + 64];
    } room;
    memset(&room, 0xEE, sizeof room);
    room.stats.struct_size = offsetof(trdb_db_stats, idle);
    ck_ok(trdb_db_get_stats(db, &room.stats, &err), err);
    ck_assert_int_eq(room.stats.open, 1);
    ck_assert_int_eq(room.bytes[offsetof(trdb_db_stats, idle)], 0xEE);
    room.stats.struct_size = sizeof room;
    ck_ok(trdb_db_get_stats(db, &room.stats, &err), err);
    ck_assert_uint_eq(room.stats.struct_size, sizeof room);
    ck_assert_int_eq(room.stats.idle, 1);
    for (size_t i = sizeof room.stats; i < sizeof room; i++)
        ck_assert_int_eq(room.bytes[i], 0);
    trdb_db_free(db);
}
END_TEST

/* ---- fork ----------------------------------------------------------------------------------------- */

static void in_child(trdb_db *db, trdb_uow *uow) {
    trdb_uow *none = NULL;
    trdb_db_stats stats = trdb_db_stats_init();
    trdbi_statement statement = pgtest_statement("SELECT 1");
    int wrong = 0;
    wrong |= trdb_uow_begin(db, NULL, &none, NULL) != TRDB_E_FORKED;
    wrong |= trdb_db_get_stats(db, &stats, NULL) != TRDB_E_FORKED;
    wrong |= trdb_set_trace(db, NULL, NULL, NULL) != TRDB_E_FORKED;
    wrong |= trdbi_uow_run(uow, &statement, NULL, NULL, NULL) != TRDB_E_FORKED;
    wrong |= trdb_uow_commit(uow, NULL) != TRDB_E_FORKED;
    wrong |= trdb_uow_rollback(uow, NULL) != TRDB_E_FORKED;
    wrong |= trdb_uow_savepoint(uow, NULL) != TRDB_E_FORKED;
    trdb_close(db);
    trdb_uow_free(uow);
    trdb_db_free(db);
    trdb_db *own = NULL;
    wrong |= trdb_open(url, NULL, &own, NULL) != 0;
    trdb_db_free(own);
    _exit(wrong);
}

START_TEST(fork_leaves_the_parent_alone) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(3, -1));
    trdb_uow *uow = begin(db), *idle = begin(db);
    int pid = backend_pid(uow), idle_pid = backend_pid(idle);
    trdb_uow_free(idle);
    pid_t child = fork();
    if (child == 0)
        in_child(db, uow);
    int status = -1;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_int_eq(backend_pid(uow), pid);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    uow = begin(db);
    idle = begin(db);
    ck_assert_int_eq(backend_pid(idle), idle_pid);
    trdb_uow_free(uow);
    trdb_uow_free(idle);
    ck_assert_int_eq(stats_of(db).discards, 0);
    trdb_db_free(db);
}
END_TEST

/* ---- statistics and threads ----------------------------------------------------------------------- */

START_TEST(statistics_are_exact) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(2, -1));
    trdb_db_stats before = stats_of(db);
    trdb_uow *uow = begin(db);
    backend_pid(uow);
    backend_pid(uow);
    trdb_db_stats during = stats_of(db);
    ck_assert_int_eq(during.round_trips, before.round_trips + 2);
    ck_assert_int_eq(during.prepares, before.prepares + 3);
    ck_assert_int_eq(during.borrowed, 1);
    ck_assert_int_eq(during.idle, 0);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    uow = begin(db);
    ck_ok(trdb_uow_rollback(uow, &err), err);
    trdb_uow_free(uow);
    trdb_db_stats after = stats_of(db);
    ck_assert_int_eq(after.round_trips, before.round_trips + 3);
    ck_assert_int_eq(after.commits, 1);
    ck_assert_int_eq(after.rollbacks, 1);
    ck_assert_int_eq(after.checkouts, 2);
    ck_assert_int_eq(after.connects, 1);
    ck_assert_int_eq(after.wait_us, 0);
    trdb_close(db); /* the counters of closed connections stay */
    ck_assert_int_eq(stats_of(db).round_trips, after.round_trips);
    ck_assert_int_eq(stats_of(db).prepares, after.prepares);
    trdb_db_free(db);
}
END_TEST

enum { HAMMERS = 8, BLOWS = 60 };

static void *hammer(void *arg) {
    trdb_db *db = arg;
    intptr_t failed = 0;
    for (int i = 0; i < BLOWS; i++) {
        trdb_uow *uow = NULL;
        trdbi_statement statement =
            pgtest_statement(i % 20 == 7  ? "SELECT pg_terminate_backend(pg_backend_pid())"
                             : i % 5 == 0 ? "SELECT missing"
                                          : "SELECT 1");
        int expected = i % 20 == 7 ? TRDB_E_CONNECTION_LOST : i % 5 == 0 ? TRDB_E_SCHEMA : 0;
        failed += trdb_uow_begin(db, NULL, &uow, NULL) != 0;
        failed += trdbi_uow_run(uow, &statement, NULL, NULL, NULL) != expected;
        failed += trdb_uow_commit(uow, NULL) != (expected == 0 ? 0 : TRDB_E_STATE);
        trdb_uow_free(uow);
        if (i % 10 == 0)
            (void)stats_of(db);
    }
    return (void *)failed;
}

START_TEST(threads) {
    trdb_db_options options = sized(2, 1);
    options.statement_cache = 2;
    options.ping_after_ms = options.trust_ms = 1;
    options.max_lifetime_ms = 200;
    options.idle_timeout_ms = 5;
    trdb_db *db = open_with(options);
    pthread_t hammers[HAMMERS];
    for (int i = 0; i < HAMMERS; i++)
        pthread_create(&hammers[i], NULL, hammer, db);
    for (int i = 0; i < HAMMERS; i++) {
        void *failed = NULL;
        pthread_join(hammers[i], &failed);
        ck_assert_int_eq((intptr_t)failed, 0);
    }
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_eq(stats.checkouts, HAMMERS * BLOWS);
    ck_assert_int_eq(stats.borrowed, 0);
    ck_assert_int_eq(stats.open, stats.idle);
    ck_assert_int_le(stats.open, 2);
    ck_assert_int_eq(stats.commits + stats.rollbacks, HAMMERS * BLOWS);
    ck_assert_int_ge(stats.discards, HAMMERS * BLOWS / 20);
    trdb_db_free(db);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool_end");
    TCase *tcase = tcase_create("pool_end");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, close_while_borrowed);
    tcase_add_test(tcase, units_outlive_the_handle);
    tcase_add_test(tcase, close_while_waiting);
    tcase_add_test(tcase, null_handles);
    tcase_add_test(tcase, statistics_of_other_versions);
    tcase_add_test(tcase, fork_leaves_the_parent_alone);
    tcase_add_test(tcase, statistics_are_exact);
    tcase_add_test(tcase, threads);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
