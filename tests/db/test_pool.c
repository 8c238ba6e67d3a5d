/* SPDX-License-Identifier: MIT */
/* The pool: opening, sizes, the queue and its deadlines, liveness, lifetime, idle connections. */
#include "pooltest.h"

/* ---- opening -------------------------------------------------------------------------------------- */

START_TEST(options_that_make_no_sense) {
    static const struct {
        const char *name;
        size_t offset;
        int32_t value;
    } cases[] = {
#define BAD(field, value) {#field, offsetof(trdb_db_options, field), value}
        BAD(pool_min, -1),
        BAD(pool_min, 10001),
        BAD(pool_min, 21),
        BAD(pool_size, -1),
        BAD(pool_size, INT32_MAX),
        BAD(pool_overflow, -2),
        BAD(pool_overflow, INT32_MAX),
        BAD(pool_waiters, -2),
        BAD(pool_waiters, INT32_MAX),
        BAD(pool_timeout_ms, -1),
        BAD(connect_timeout_ms, -1),
        BAD(max_lifetime_ms, -2),
        BAD(idle_timeout_ms, -2),
        BAD(ping_after_ms, -2),
        BAD(trust_ms, -2),
        BAD(reserved, 1),
        BAD(statement_cache, -2),
        BAD(statement_cache, 65537),
        BAD(flags, 2),
        BAD(flags, INT32_MIN),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trdb_error *err = NULL;
        trdb_db *db = NULL;
        trdb_db_options options = trdb_db_options_init();
        memcpy((char *)&options + cases[i].offset, &cases[i].value, sizeof cases[i].value);
        ck_fails(trdb_open(url, &options, &db, &err), TRDB_E_INVALID, cases[i].name, err);
        ck_assert_ptr_null(db);
    }
    char name[65] = "";
    memset(name, 'x', 64);
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.schema = "";
    ck_fails(trdb_open(url, &options, &db, &err), TRDB_E_INVALID, "schema", err);
    options.schema = name;
    ck_fails(trdb_open(url, &options, &db, &err), TRDB_E_INVALID, "schema", err);
    options.schema = "\xff";
    ck_fails(trdb_open(url, &options, &db, &err), TRDB_E_ENCODING, "schema", err);
    options.schema = NULL;
    options.application_name = name;
    ck_fails(trdb_open(url, &options, &db, &err), TRDB_E_INVALID, "application_name", err);
    ck_fails(trdb_open(url, NULL, NULL, &err), TRDB_E_INVALID, "ret", err);
}
END_TEST

START_TEST(structs_of_other_versions) {
    struct {
        trdb_db_options known;
        int64_t later;
    } newer = {.known = trdb_db_options_init(), .later = 1};
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    newer.known.struct_size = sizeof newer;
    ck_fails(trdb_open(url, &newer.known, &db, &err), TRDB_E_INVALID, "newer", err);
    newer.later = 0;
    ck_ok(trdb_open(url, &newer.known, &db, &err), err);
    trdb_db_free(db);
    db = NULL;

    trdb_db_options older = trdb_db_options_init();
    older.struct_size = offsetof(trdb_db_options, pool_size);
    older.pool_size = -5; /* beyond what the older caller has */
    ck_ok(trdb_open(url, &older, &db, &err), err);
    trdb_db_free(db);
    db = NULL;
    older.struct_size = 0;
    ck_fails(trdb_open(url, &older, &db, &err), TRDB_E_INVALID, "struct_size", err);
    older.struct_size = 1 << 20;
    ck_fails(trdb_open(url, &older, &db, &err), TRDB_E_INVALID, "struct_size", err);
}
END_TEST

START_TEST(opening_tells_what_is_wrong) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    char text[256];
    unsetenv("DB_URL");
    ck_fails(trdb_open(NULL, NULL, &db, &err), TRDB_E_INVALID, "DB_URL", err);
    ck_fails(trdb_open("host=h password=a b", NULL, &db, &err), TRDB_E_INVALID, "malformed", err);
    snprintf(text, sizeof text, "host=%s dbname=postgres user=guarded password=tomato", harness_host());
    ck_assert_int_eq(trdb_open(text, NULL, &db, &err), TRDB_E_AUTH);
    ck_assert_ptr_null(strstr(trdb_error_message(err), "tomato"));
    trdb_error_free(err);
    err = NULL;
    ck_fails(trdb_open("host=/nonexistent", NULL, &db, &err), TRDB_E_CONNECT, "/nonexistent", err);
    char *empty = harness_empty_database();
    ck_fails(trdb_open(empty, NULL, &db, &err), TRDB_E_SCHEMA, "migrate", err);
    ck_assert_ptr_null(db);
    trdb_db_options lazy = trdb_db_options_init();
    lazy.flags = TRDB_OPEN_LAZY;
    ck_ok(trdb_open(empty, &lazy, &db, &err), err);
    trdb_uow *uow = NULL;
    ck_fails(trdb_uow_begin(db, NULL, &uow, &err), TRDB_E_SCHEMA, "migrate", err);
    ck_fails(trdb_uow_begin(db, NULL, &uow, &err), TRDB_E_SCHEMA, "migrate", err);
    ck_assert_ptr_null(uow);
    ck_assert_int_eq(stats_of(db).open, 0);
    ck_assert_int_eq(stats_of(db).connect_errors, 2);
    trdb_db_free(db);
    harness_database_free(empty);
    setenv("DB_URL", url, 1);
    ck_ok(trdb_open(NULL, NULL, &db, &err), err);
    trdb_db_free(db);
    unsetenv("DB_URL");
}
END_TEST

START_TEST(lazy_and_eager) {
    trdb_db_options options = sized(5, -1);
    options.flags = TRDB_OPEN_LAZY;
    trdb_db *db = open_with(options);
    ck_assert_int_eq(stats_of(db).connects, 0);
    trdb_uow_free(begin(db));
    ck_assert_int_eq(stats_of(db).connects, 1);
    trdb_db_free(db);
    options.flags = 0;
    db = open_with(options);
    ck_assert_int_eq(stats_of(db).connects, 1);
    ck_assert_int_eq(stats_of(db).idle, 1);
    ck_assert_int_eq(stats_of(db).checkouts, 0);
    trdb_db_free(db);
    options.pool_min = 3;
    options.application_name = "pool \"test\"";
    db = open_with(options);
    ck_assert_int_eq(stats_of(db).idle, 3);
    char *count =
        harness_value(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pool \"test\"'");
    ck_assert_str_eq(count, "3");
    free(count);
    trdb_db_free(db);
}
END_TEST

/* ---- sizes and the queue -------------------------------------------------------------------------- */

START_TEST(sizes_and_overflow) {
    trdb_error *err = NULL;
    trdb_db_options options = sized(2, 2);
    options.pool_waiters = -1;
    trdb_db *db = open_with(options);
    trdb_uow *uows[4], *none = NULL;
    for (int i = 0; i < 4; i++)
        uows[i] = begin(db);
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_eq(stats.open, 4);
    ck_assert_int_eq(stats.borrowed, 4);
    ck_assert_int_eq(stats.idle, 0);
    ck_fails(trdb_uow_begin(db, NULL, &none, &err), TRDB_E_EXHAUSTED, "4 connections", err);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(stats_of(db).refusals, 1);
    for (int i = 0; i < 4; i++)
        trdb_uow_free(uows[i]);
    stats = stats_of(db);
    ck_assert_int_eq(stats.open, 2); /* the overflow went */
    ck_assert_int_eq(stats.idle, 2);
    ck_assert_int_eq(stats.checkouts, 4);
    ck_assert_int_eq(stats.rollbacks, 4);
    trdb_db_free(db);
}
END_TEST

START_TEST(the_last_returned_is_the_first_borrowed) {
    trdb_db *db = open_with(sized(3, -1));
    trdb_uow *a = begin(db), *b = begin(db);
    int first = backend_pid(a), second = backend_pid(b);
    trdb_uow_free(a);
    trdb_uow_free(b);
    a = begin(db);
    ck_assert_int_eq(backend_pid(a), second);
    b = begin(db);
    ck_assert_int_eq(backend_pid(b), first);
    trdb_uow_free(a);
    trdb_uow_free(b);
    ck_assert_int_eq(stats_of(db).connects, 2);
    trdb_db_free(db);
}
END_TEST

START_TEST(the_queue_is_fair) {
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = begin(db);
    caller callers[5];
    int turn = 0;
    for (int i = 0; i < 5; i++) {
        callers[i] = (caller){.db = db, .turn = &turn};
        pthread_create(&callers[i].thread, NULL, call, &callers[i]);
        wait_for(stats_of(db).waiting == i + 1);
    }
    trdb_uow_free(uow);
    for (int i = 0; i < 5; i++) {
        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].code, 0);
        ck_assert_int_eq(callers[i].order, i + 1);
    }
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_eq(stats.connects, 1);
    ck_assert_int_eq(stats.checkouts, 6);
    ck_assert_int_gt(stats.wait_us, 0);
    ck_assert_int_eq(stats.waiting, 0);
    trdb_db_free(db);
}
END_TEST

START_TEST(waiting_ends) {
    trdb_error *err = NULL;
    trdb_db_options options = sized(1, -1);
    options.pool_waiters = 1;
    options.pool_timeout_ms = 50;
    trdb_db *db = open_with(options);
    trdb_uow *uow = begin(db), *none = NULL;
    ck_fails(trdb_uow_begin(db, NULL, &none, &err), TRDB_E_TIMEOUT, "50 ms", err);
    ck_assert_int_eq(stats_of(db).timeouts, 1);

    caller waiting = {.db = db, .timeout_ms = 600000};
    pthread_create(&waiting.thread, NULL, call, &waiting);
    wait_for(stats_of(db).waiting == 1);
    ck_fails(trdb_uow_begin(db, NULL, &none, &err), TRDB_E_EXHAUSTED, "1 callers", err);
    ck_assert_int_eq(stats_of(db).refusals, 1);
    trdb_uow_free(uow);
    pthread_join(waiting.thread, NULL);
    ck_assert_int_eq(waiting.code, 0);
    trdb_db_free(db);
}
END_TEST

/* A connection that dies in use gives its place to the first in the queue. */
START_TEST(a_place_is_handed_on) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = begin(db);
    caller waiting = {.db = db, .timeout_ms = 600000};
    pthread_create(&waiting.thread, NULL, call, &waiting);
    wait_for(stats_of(db).waiting == 1);
    terminate(backend_pid(uow));
    trdbi_statement statement = pgtest_statement("SELECT 1");
    ck_fails(trdbi_uow_run(uow, &statement, NULL, NULL, &err), TRDB_E_CONNECTION_LOST, "", err);
    trdb_uow_free(uow);
    pthread_join(waiting.thread, NULL);
    ck_assert_int_eq(waiting.code, 0);
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_eq(stats.discards, 1);
    ck_assert_int_eq(stats.connects, 2);
    ck_assert_int_eq(stats.open, 1);
    trdb_db_free(db);
}
END_TEST

/* When nothing can be connected to any more, those in the queue hear it instead of waiting. */
START_TEST(the_queue_hears_of_a_dead_server) {
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = begin(db);
    caller callers[3];
    for (int i = 0; i < 3; i++) {
        callers[i] = (caller){.db = db, .timeout_ms = 600000};
        pthread_create(&callers[i].thread, NULL, call, &callers[i]);
        wait_for(stats_of(db).waiting == i + 1);
    }
    char *admin = NULL;
    ck_assert_int_gt(asprintf(&admin, "host=%s user=tester dbname=postgres", harness_host()), 0);
    harness_sql(admin, "ALTER DATABASE %s ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(%d, 10000)",
                strstr(url, "t_"), backend_pid(uow));
    trdb_uow_free(uow);
    for (int i = 0; i < 3; i++) {
        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].code, TRDB_E_CONNECT);
    }
    ck_assert_int_eq(stats_of(db).connect_errors, 3);
    ck_assert_int_eq(stats_of(db).open, 0);
    harness_sql(admin, "ALTER DATABASE %s ALLOW_CONNECTIONS true", strstr(url, "t_"));
    free(admin);
    trdb_uow_free(begin(db)); /* and it works again without being told */
    trdb_db_free(db);
}
END_TEST

/* ---- liveness, age, idleness ---------------------------------------------------------------------- */

START_TEST(a_dead_idle_connection_is_not_lent) {
    for (int ping = 0; ping < 2; ping++) {
        trdb_db_options options = sized(2, -1);
        options.ping_after_ms = ping ? 1 : -1; /* asked, or only looked at */
        options.trust_ms = -1;
        trdb_db *db = open_with(options);
        trdb_uow *uow = begin(db);
        int pid = backend_pid(uow);
        trdb_uow_free(uow);
        terminate(pid);
        usleep(30000); /* some ticks of the coarse clock */
        uow = begin(db);
        ck_assert_int_ne(backend_pid(uow), pid);
        trdb_uow_free(uow);
        trdb_db_stats stats = stats_of(db);
        ck_assert_int_eq(stats.discards, 1);
        ck_assert_int_eq(stats.connects, 2);
        ck_assert_int_eq(stats.checkouts, 2);
        ck_assert_int_eq(stats.connect_errors, 0);
        if (!ping)
            ck_assert_int_eq(stats.pings, 0);
        else
            ck_assert_int_ge(stats.pings, 1);
        trdb_db_free(db);
    }
}
END_TEST

START_TEST(a_rested_connection_is_pinged) {
    trdb_db_options options = sized(1, -1);
    options.ping_after_ms = options.trust_ms = 1;
    trdb_db *db = open_with(options);
    usleep(30000);
    int64_t trips = stats_of(db).round_trips;
    trdb_uow_free(begin(db)); /* the unit itself sends nothing */
    ck_assert_int_eq(stats_of(db).pings, 1);
    ck_assert_int_eq(stats_of(db).round_trips, trips + 1);
    ck_assert_int_eq(stats_of(db).connects, 1);
    trdb_db_free(db);
}
END_TEST

/* A server that ends one session for shutting down ends them all: nobody is lent a dead connection. */
START_TEST(a_server_that_leaves_takes_all_connections) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(4, -1));
    trdb_uow *units[4];
    for (int i = 0; i < 4; i++)
        units[i] = begin(db);
    int pid = backend_pid(units[0]);
    backend_pid(units[3]);
    trdb_uow_free(units[1]);
    trdb_uow_free(units[2]);
    ck_assert_int_eq(stats_of(db).idle, 2);
    harness_sql(url, "SELECT pg_terminate_backend(%d, 10000)", pid);
    trdbi_statement statement = pgtest_statement("SELECT 1");
    ck_assert_int_eq(trdbi_uow_run(units[0], &statement, NULL, NULL, &err), TRDB_E_CONNECTION_LOST);
    trdb_error_free(err);
    err = NULL;
    trdb_uow_free(units[0]);
    ck_assert_int_eq(stats_of(db).idle, 0);
    ck_assert_int_eq(stats_of(db).discards, 3);
    ck_ok(trdbi_uow_run(units[3], &statement, NULL, NULL, &err), err); /* lives on until it is returned */
    trdb_uow_free(units[3]);
    ck_assert_int_eq(stats_of(db).discards, 4);
    ck_assert_int_eq(stats_of(db).open, 0);
    trdb_uow_free(begin(db));
    ck_assert_int_eq(stats_of(db).idle, 1); /* one of the new era stays */
    trdb_db_free(db);
}
END_TEST

START_TEST(an_old_connection_is_replaced) {
    trdb_db_options options = sized(2, -1);
    options.max_lifetime_ms = 1;
    trdb_db *db = open_with(options); /* may be old when trdb_open() gives it back already */
    usleep(30000);
    trdb_uow *uow = begin(db);
    int pid = backend_pid(uow);
    usleep(30000);
    trdb_uow_free(uow); /* too old on return */
    ck_assert_int_eq(stats_of(db).open, 0);
    uow = begin(db);
    ck_assert_int_ne(backend_pid(uow), pid);
    trdb_uow_free(uow);
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_ge(stats.retired, 2);
    ck_assert_int_eq(stats.retired + stats.open, stats.connects);
    ck_assert_int_eq(stats.discards, 0);
    trdb_db_free(db);
}
END_TEST

START_TEST(idle_connections_are_trimmed) {
    trdb_db_options options = sized(5, -1);
    options.idle_timeout_ms = 20;
    options.pool_min = 2;
    trdb_db *db = open_with(options);
    trdb_uow *uows[5];
    for (int i = 0; i < 5; i++)
        uows[i] = begin(db);
    for (int i = 0; i < 5; i++)
        trdb_uow_free(uows[i]);
    usleep(40000);
    trdb_uow_free(begin(db));
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_eq(stats.open, 2);
    ck_assert_int_eq(stats.retired, 3);
    trdb_db_free(db);

    options.idle_timeout_ms = -1;
    options.pool_min = 0;
    db = open_with(options);
    usleep(30000);
    trdb_uow_free(begin(db));
    ck_assert_int_eq(stats_of(db).retired, 0);
    trdb_db_free(db);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool");
    TCase *tcase = tcase_create("pool");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, options_that_make_no_sense);
    tcase_add_test(tcase, structs_of_other_versions);
    tcase_add_test(tcase, opening_tells_what_is_wrong);
    tcase_add_test(tcase, lazy_and_eager);
    tcase_add_test(tcase, sizes_and_overflow);
    tcase_add_test(tcase, the_last_returned_is_the_first_borrowed);
    tcase_add_test(tcase, the_queue_is_fair);
    tcase_add_test(tcase, waiting_ends);
    tcase_add_test(tcase, a_place_is_handed_on);
    tcase_add_test(tcase, the_queue_hears_of_a_dead_server);
    tcase_add_test(tcase, a_dead_idle_connection_is_not_lent);
    tcase_add_test(tcase, a_rested_connection_is_pinged);
    tcase_add_test(tcase, a_server_that_leaves_takes_all_connections);
    tcase_add_test(tcase, an_old_connection_is_replaced);
    tcase_add_test(tcase, idle_connections_are_trimmed);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
