/* SPDX-License-Identifier: MIT */
/* The pool: sizes, queue, deadlines, liveness, lifetime, close, fork, statistics, threads. */
#include "pgtest.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "core/core.h"

static char *url;

static void setup(void) {
    url = harness_database();
}

static void teardown(void) {
    harness_database_free(url);
}

static trdb_db *open_with(trdb_db_options options) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    ck_ok(trdb_open(url, &options, &db, &err), err);
    return db;
}

static trdb_db_options sized(int32_t size, int32_t overflow) {
    trdb_db_options options = trdb_db_options_init();
    options.pool_size = size;
    options.pool_overflow = overflow;
    return options;
}

static trdb_db_stats stats_of(trdb_db *db) {
    trdb_error *err = NULL;
    trdb_db_stats stats = trdb_db_stats_init();
    ck_ok(trdb_db_get_stats(db, &stats, &err), err);
    return stats;
}

static trdb_uow *begin(trdb_db *db) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    return uow;
}

static int backend_pid(trdb_uow *uow) {
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

static void terminate(int pid) {
    harness_sql(url, "SELECT pg_terminate_backend(%d, 10000)", pid);
}

/* Waits for another thread to get somewhere; the test's own timeout ends what never comes. */
#define wait_for(condition)                                                                                  \
    while (!(condition))                                                                                     \
    usleep(500)

/* ---- opening -------------------------------------------------------------------------------------- */

START_TEST(options_that_make_no_sense) {
    static const struct {
        const char *name;
        size_t offset;
        int32_t value;
    } cases[] = {
#define BAD(field, value) {#field, offsetof(trdb_db_options, field), value}
        BAD(pool_min, -1),           BAD(pool_min, 10001),       BAD(pool_min, 21),
        BAD(pool_size, -1),          BAD(pool_size, INT32_MAX),  BAD(pool_overflow, -2),
        BAD(pool_overflow, INT32_MAX), BAD(pool_waiters, -2),    BAD(pool_waiters, INT32_MAX),
        BAD(pool_timeout_ms, -1),    BAD(connect_timeout_ms, -1), BAD(max_lifetime_ms, -2),
        BAD(idle_timeout_ms, -2),    BAD(ping_after_ms, -2),     BAD(statement_cache, -2),
        BAD(statement_cache, 65537), BAD(flags, 2),              BAD(flags, INT32_MIN),
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
    char *count = harness_value(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pool \"test\"'");
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

typedef struct caller {
    pthread_t thread;
    trdb_db *db;
    int32_t timeout_ms;
    int code;
    int order;
    int *turn; /* under the connection that all wait for */
} caller;

static void *call(void *arg) {
    caller *caller = arg;
    trdb_uow_options options = trdb_uow_options_init();
    options.pool_timeout_ms = caller->timeout_ms;
    trdb_uow *uow = NULL;
    caller->code = trdb_uow_begin(caller->db, &options, &uow, NULL);
    if (caller->code == 0 && caller->turn)
        caller->order = ++*caller->turn;
    trdb_uow_free(uow);
    return NULL;
}

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
    int pid = backend_pid(uow);
    harness_sql(url, "ALTER DATABASE %s ALLOW_CONNECTIONS false; SELECT pg_terminate_backend(%d, 10000)",
                strstr(url, "t_"), pid);
    trdb_uow_free(uow);
    for (int i = 0; i < 3; i++) {
        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].code, TRDB_E_CONNECT);
    }
    ck_assert_int_eq(stats_of(db).connect_errors, 3);
    ck_assert_int_eq(stats_of(db).open, 0);
    char *admin = NULL;
    ck_assert_int_gt(asprintf(&admin, "host=%s user=tester dbname=postgres", harness_host()), 0);
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
        trdb_db *db = open_with(options);
        trdb_uow *uow = begin(db);
        int pid = backend_pid(uow);
        trdb_uow_free(uow);
        terminate(pid);
        usleep(5000);
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
    options.ping_after_ms = 1;
    trdb_db *db = open_with(options);
    usleep(5000);
    int64_t trips = stats_of(db).round_trips;
    trdb_uow_free(begin(db)); /* ping, begin, rollback */
    ck_assert_int_eq(stats_of(db).pings, 1);
    ck_assert_int_eq(stats_of(db).round_trips, trips + 3);
    ck_assert_int_eq(stats_of(db).connects, 1);
    trdb_db_free(db);
}
END_TEST

START_TEST(an_old_connection_is_replaced) {
    trdb_db_options options = sized(2, -1);
    options.max_lifetime_ms = 1;
    trdb_db *db = open_with(options); /* may be old when trdb_open() gives it back already */
    usleep(3000);
    trdb_uow *uow = begin(db);
    int pid = backend_pid(uow);
    usleep(3000);
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
    usleep(5000);
    trdb_uow_free(begin(db));
    ck_assert_int_eq(stats_of(db).retired, 0);
    trdb_db_free(db);
}
END_TEST

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
    char *count = harness_value(url, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'tradingdb' "
                                     "AND datname = current_database() AND pg_sleep(0.2) IS NOT NULL");
    ck_assert_str_eq(count, "0");
    free(count);
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
    ck_assert_int_eq(during.round_trips, before.round_trips + 3);
    ck_assert_int_eq(during.prepares, before.prepares + 1);
    ck_assert_int_eq(during.borrowed, 1);
    ck_assert_int_eq(during.idle, 0);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    uow = begin(db);
    ck_ok(trdb_uow_rollback(uow, &err), err);
    trdb_uow_free(uow);
    trdb_db_stats after = stats_of(db);
    ck_assert_int_eq(after.round_trips, before.round_trips + 6);
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
        trdbi_statement statement = pgtest_statement(i % 20 == 7 ? "SELECT pg_terminate_backend(pg_backend_pid())"
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
    options.ping_after_ms = 1;
    options.max_lifetime_ms = 200;
    options.idle_timeout_ms = 5;
    trdb_db *db = open_with(options);
    pthread_t threads[HAMMERS];
    for (int i = 0; i < HAMMERS; i++)
        pthread_create(&threads[i], NULL, hammer, db);
    for (int i = 0; i < HAMMERS; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
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
    tcase_add_test(tcase, an_old_connection_is_replaced);
    tcase_add_test(tcase, idle_connections_are_trimmed);
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
