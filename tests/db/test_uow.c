/* SPDX-License-Identifier: MIT */
/* The unit of work: begin with its options, commit, roll back, fail, savepoints, lost connections, traces. */
#include "pgtest.h"

#include <inttypes.h>
#include <unistd.h>

#include "core/core.h"

static char *url;
static trdb_db *db;

static void setup(void) {
    trdb_error *err = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.pool_size = 4;
    options.pool_overflow = -1;
    url = harness_database();
    harness_sql(url, "CREATE TABLE t (i int8 PRIMARY KEY DEFERRABLE INITIALLY DEFERRED); CREATE UNIQUE INDEX "
                     "now ON t (i)");
    ck_ok(trdb_open(url, &options, &db, &err), err);
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

static trdb_uow *begin_with(trdb_uow_options options) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    return uow;
}

static trdb_uow *begin(void) {
    return begin_with(trdb_uow_options_init());
}

static int run(trdb_uow *uow, const char *sql, trdb_error **reterr) {
    trdbi_statement statement = pgtest_statement(sql);
    return trdbi_uow_run(uow, &statement, NULL, NULL, reterr);
}

static void run_ok(trdb_uow *uow, const char *sql) {
    trdb_error *err = NULL;
    ck_ok(run(uow, sql, &err), err);
}

/* The one text that a query gives inside the unit; malloc'd. */
static char *value(trdb_uow *uow, const char *sql) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    trdbi_statement statement = pgtest_statement(sql);
    ck_ok(trdbi_uow_run(uow, &statement, NULL, &result, &err), err);
    const char *text = trdbi_result_text(result, 0, 0);
    char *copy = text ? strdup(text) : NULL;
    trdbi_result_free(result);
    return copy;
}

static void ck_value(trdb_uow *uow, const char *sql, const char *expected) {
    char *got = value(uow, sql);
    if (expected)
        ck_assert_str_eq(got, expected);
    else
        ck_assert_ptr_null(got);
    free(got);
}

/* What the table holds for everyone else. */
static void ck_stored(const char *expected) {
    char *got = harness_value(url, "SELECT coalesce(string_agg(i::text, ' ' ORDER BY i), '') FROM public.t");
    ck_assert_str_eq(got, expected);
    free(got);
}

static trdb_db_stats stats(void) {
    trdb_db_stats now = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &now, NULL), 0);
    return now;
}

static void terminate(trdb_uow *uow) {
    char *pid = value(uow, "SELECT pg_backend_pid()::text");
    harness_sql(url, "SELECT pg_terminate_backend(%s, 10000)", pid);
    free(pid);
}

/* ---- commit and rollback -------------------------------------------------------------------------- */

START_TEST(commit_and_rollback) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    ck_stored("");
    ck_ok(trdb_uow_commit(uow, &err), err);
    ck_stored("1");
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "finished", err);
    ck_fails(trdb_uow_rollback(uow, &err), TRDB_E_STATE, "finished", err);
    ck_fails(run(uow, "SELECT 1", &err), TRDB_E_STATE, "finished", err);
    ck_fails(trdb_uow_savepoint(uow, &err), TRDB_E_STATE, "finished", err);
    ck_fails(trdb_uow_release(uow, &err), TRDB_E_STATE, "finished", err);
    ck_fails(trdb_uow_rollback_to(uow, &err), TRDB_E_STATE, "finished", err);
    trdb_uow_free(uow);

    uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (2)");
    ck_ok(trdb_uow_rollback(uow, &err), err);
    ck_fails(run(uow, "SELECT 1", &err), TRDB_E_STATE, "finished", err);
    ck_fails(trdb_uow_rollback(uow, &err), TRDB_E_STATE, "finished", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "finished", err);
    trdb_uow_free(uow);

    uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (3)");
    trdb_uow_free(uow);
    {
        TRDB_AUTO(trdb_uow) *scoped = begin();
        run_ok(scoped, "INSERT INTO public.t VALUES (4)");
    }
    ck_stored("1");
    ck_assert_int_eq(stats().idle, 1);
    ck_assert_int_eq(stats().commits, 1);
    ck_assert_int_eq(stats().rollbacks, 3);
}
END_TEST

START_TEST(null_units) {
    trdb_error *err = NULL;
    ck_fails(trdb_uow_commit(NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_uow_rollback(NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_uow_savepoint(NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_uow_release(NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_uow_rollback_to(NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdbi_uow_enter(NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_assert_int_eq(trdb_uow_commit(NULL, NULL), TRDB_E_INVALID);
    trdb_uow_free(NULL);
}
END_TEST

START_TEST(a_failed_unit) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    ck_fails(run(uow, "INSERT INTO public.t VALUES (1)", &err), TRDB_E_DUPLICATE, "now", err);
    ck_fails(trdbi_uow_enter(uow, &err), TRDB_E_STATE, "now", err);
    ck_fails(run(uow, "SELECT 1", &err), TRDB_E_STATE, "a row with the same key", err);
    ck_fails(trdb_uow_savepoint(uow, &err), TRDB_E_STATE, "now", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "now", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "finished", err);
    trdb_uow_free(uow);
    ck_stored("");
    /* Nobody wants the error; the unit still knows its cause. */
    uow = begin();
    ck_assert_int_eq(run(uow, "SELECT missing", NULL), TRDB_E_SCHEMA);
    ck_fails(run(uow, "SELECT 1", &err), TRDB_E_STATE, "missing", err);
    ck_ok(trdb_uow_rollback(uow, &err), err);
    trdb_uow_free(uow);
    ck_assert_int_eq(stats().discards, 0); /* their connections are fine */
    ck_assert_int_eq(stats().connects, 1);
}
END_TEST

static int build_fails(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    (void)ctx;
    (void)sql;
    return trdbi_error(reterr, TRDB_E_RANGE, "found before anything was sent");
}

START_TEST(an_error_before_sending_leaves_the_unit) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    trdbi_statement statement = {.name = "x", .key = "k", .key_size = 1, .build = build_fails};
    ck_fails(trdbi_uow_run(uow, &statement, NULL, NULL, &err), TRDB_E_RANGE, "before", err);
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_stored("1");
}
END_TEST

typedef struct row_source {
    int64_t refuse;
    trdb_uow *inside;
    int code_inside;
} row_source;

static int next_row(void *arg, size_t i, trdbi_params *params, trdbi_statement *ret_statement,
                    trdb_error **reterr) {
    row_source *rows = arg;
    if ((int64_t)i == rows->refuse)
        return trdbi_error(reterr, TRDB_E_INVALID, "row refused");
    if (rows->inside)
        rows->code_inside = run(rows->inside, "SELECT 1", NULL);
    trdbi_params_i64(params, (int64_t)i);
    *ret_statement = pgtest_statement("INSERT INTO public.t VALUES ($1)");
    return 0;
}

START_TEST(many_rows) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    row_source rows = {.refuse = 0};
    ck_fails(trdbi_uow_run_many(uow, 3, next_row, NULL, &rows, &err), TRDB_E_INVALID, "refused", err);
    rows.refuse = -1;
    rows.inside = uow;
    ck_ok(trdbi_uow_run_many(uow, 3, next_row, NULL, &rows, &err), err);
    ck_assert_int_eq(rows.code_inside, TRDB_E_STATE); /* a callback cannot use its unit */
    rows.inside = NULL;
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_stored("0 1 2");
    harness_sql(url, "DELETE FROM public.t");
    /* Refused when rows before it were sent: half a batch is not kept. */
    uow = begin();
    rows.refuse = 700;
    ck_assert_int_eq(trdbi_uow_run_many(uow, 1000, next_row, NULL, &rows, &err), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_error_row(err), 700);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "row refused", err);
    trdb_uow_free(uow);
    ck_stored("");
}
END_TEST

START_TEST(refused_at_commit) {
    trdb_error *err = NULL;
    harness_sql(url, "DROP INDEX now");
    trdb_uow *uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (1), (1)");
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_DUPLICATE, "t_pkey", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "finished", err);
    trdb_uow_free(uow);
    ck_stored("");
    ck_assert_int_eq(stats().commits, 0);
    ck_assert_int_eq(stats().idle, 1);
}
END_TEST

/* ---- options -------------------------------------------------------------------------------------- */

START_TEST(bad_options) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    static const struct {
        const char *name;
        size_t offset;
        int32_t value;
    } cases[] = {
#define BAD(field, value) {#field, offsetof(trdb_uow_options, field), value}
        BAD(flags, 1 << 20),
        BAD(isolation, -1),
        BAD(isolation, 4),
        BAD(statement_timeout_ms, -1),
        BAD(lock_timeout_ms, -1),
        BAD(pool_timeout_ms, -1),
        BAD(reserved, 1),
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trdb_uow_options options = trdb_uow_options_init();
        memcpy((char *)&options + cases[i].offset, &cases[i].value, sizeof cases[i].value);
        ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_INVALID, cases[i].name, err);
    }
    trdb_uow_options options = trdb_uow_options_init();
    options.acting_user = "bad \xc0\x80";
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_ENCODING, "acting_user", err);
    struct {
        trdb_uow_options known;
        int64_t later;
    } newer = {.known = trdb_uow_options_init(), .later = 7};
    newer.known.struct_size = sizeof newer;
    ck_fails(trdb_uow_begin(db, &newer.known, &uow, &err), TRDB_E_INVALID, "newer", err);
    ck_assert_ptr_null(uow);
    ck_assert_int_eq(stats().borrowed, 0);
}
END_TEST

START_TEST(isolation_and_read_only) {
    static const char *const names[] = {"read committed", "read committed", "repeatable read",
                                        "serializable"};
    for (int isolation = 0; isolation < 4; isolation++) {
        for (uint32_t flags = 0; flags < 2; flags++) {
            trdb_uow_options options = trdb_uow_options_init();
            options.isolation = isolation;
            options.flags = flags;
            trdb_uow *uow = begin_with(options);
            ck_value(uow, "SELECT current_setting('transaction_isolation')", names[isolation]);
            ck_value(uow, "SELECT current_setting('transaction_read_only')", flags ? "on" : "off");
            trdb_error *err = NULL;
            int r = run(uow, "INSERT INTO public.t VALUES (9)", &err);
            ck_assert_int_eq(r, flags ? TRDB_E_READ_ONLY : 0);
            trdb_error_free(err);
            trdb_uow_free(uow);
        }
    }
    ck_stored("");
}
END_TEST

START_TEST(timeouts) {
    trdb_error *err = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.statement_timeout_ms = 50;
    trdb_uow *uow = begin_with(options);
    ck_value(uow, "SELECT current_setting('statement_timeout')", "50ms");
    ck_fails(run(uow, "SELECT pg_sleep(600)", &err), TRDB_E_TIMEOUT, "statement timeout", err);
    trdb_uow_free(uow);

    trdb_uow *holder = begin();
    run_ok(holder, "LOCK TABLE public.t");
    options = trdb_uow_options_init();
    options.lock_timeout_ms = 50;
    uow = begin_with(options);
    ck_fails(run(uow, "SELECT i FROM public.t", &err), TRDB_E_TIMEOUT, "lock timeout", err);
    trdb_uow_free(uow);
    trdb_uow_free(holder);

    uow = begin(); /* nothing of it is left behind */
    ck_value(uow, "SELECT current_setting('statement_timeout')", "0");
    ck_value(uow, "SELECT current_setting('lock_timeout')", "0");
    trdb_uow_free(uow);
    ck_assert_int_eq(stats().connects, 2);
}
END_TEST

START_TEST(the_acting_user) {
    static const char *const users[] = {"42", "", "it's \\ \"quoted\"; DROP TABLE t",
                                        "8c7d2f0e-8f7e-4c0a-9d55-0a4d2a3b1c6f"};
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++) {
        for (int committed = 0; committed < 2; committed++) {
            trdb_uow_options options = trdb_uow_options_init();
            options.acting_user = users[i];
            trdb_uow *uow = begin_with(options);
            ck_value(uow, "SELECT current_setting('app.current_user_id')", users[i]);
            if (committed)
                ck_assert_int_eq(trdb_uow_commit(uow, NULL), 0);
            trdb_uow_free(uow);
            uow = begin();
            char *left = value(uow, "SELECT current_setting('app.current_user_id', true)");
            ck_assert(left == NULL || *left == '\0');
            free(left);
            trdb_uow_free(uow);
        }
    }
    ck_assert_int_eq(stats().connects, 1); /* all of it on one session */
}
END_TEST

/* ---- savepoints ----------------------------------------------------------------------------------- */

START_TEST(savepoints) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    ck_fails(trdb_uow_release(uow, &err), TRDB_E_STATE, "no savepoint", err);
    ck_fails(trdb_uow_rollback_to(uow, &err), TRDB_E_STATE, "no savepoint", err);
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    run_ok(uow, "INSERT INTO public.t VALUES (2)");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    run_ok(uow, "INSERT INTO public.t VALUES (3)");
    ck_fails(run(uow, "INSERT INTO public.t VALUES (3)", &err), TRDB_E_DUPLICATE, "now", err);
    ck_fails(trdb_uow_release(uow, &err), TRDB_E_STATE, "now", err);
    ck_ok(trdb_uow_rollback_to(uow, &err), err); /* 3 goes, the unit works again */
    run_ok(uow, "INSERT INTO public.t VALUES (4)");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    run_ok(uow, "INSERT INTO public.t VALUES (5)");
    ck_ok(trdb_uow_release(uow, &err), err);
    ck_ok(trdb_uow_release(uow, &err), err); /* keeps 2, 4 and 5 */
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    run_ok(uow, "INSERT INTO public.t VALUES (6)");
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    ck_fails(trdb_uow_rollback_to(uow, &err), TRDB_E_STATE, "no savepoint", err);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    run_ok(uow, "INSERT INTO public.t VALUES (7)");
    ck_ok(trdb_uow_commit(uow, &err), err); /* with one still open */
    trdb_uow_free(uow);
    ck_stored("1 2 4 5 7");
}
END_TEST

START_TEST(a_failed_release) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    run_ok(uow, "RELEASE trdb_1"); /* behind the unit's back */
    ck_assert_int_eq(trdb_uow_rollback_to(uow, &err), TRDB_E_STATE);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);
    trdb_uow_free(uow);
}
END_TEST

/* ---- lost connections ----------------------------------------------------------------------------- */

START_TEST(lost_before_commit) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    terminate(uow);
    ck_assert_int_eq(run(uow, "SELECT 1", &err), TRDB_E_CONNECTION_LOST);
    ck_assert(trdb_error_retryable(err) && !trdb_error_in_doubt(err));
    ck_fails(run(uow, "SELECT 1", &err), TRDB_E_STATE, "earlier", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "earlier", err);
    trdb_uow_free(uow);
    ck_stored("");

    uow = begin(); /* the same, seen only by COMMIT: it was not sent, so there is no doubt */
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    terminate(uow);
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_CONNECTION_LOST);
    ck_assert(trdb_error_retryable(err) && !trdb_error_in_doubt(err));
    trdb_error_free(err);
    err = NULL;
    trdb_uow_free(uow);
    ck_stored("");

    uow = begin();
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    terminate(uow);
    ck_assert_int_eq(run(uow, "SELECT 1", NULL), TRDB_E_CONNECTION_LOST);
    ck_assert_int_eq(trdb_uow_rollback_to(uow, &err), TRDB_E_CONNECTION_LOST);
    ck_assert(trdb_error_retryable(err) && !trdb_error_in_doubt(err));
    trdb_error_free(err);
    err = NULL;
    ck_ok(trdb_uow_rollback(uow, &err), err); /* a broken connection is no error here */
    trdb_uow_free(uow);
    uow = begin();
    terminate(uow);
    ck_ok(trdb_uow_rollback(uow, &err), err);
    trdb_uow_free(uow);
    ck_assert_int_eq(stats().discards, 4);
    ck_assert_int_eq(stats().open, 0);
}
END_TEST

/* ---- statements that the server refuses --------------------------------------------------------------- */

START_TEST(a_changed_table_is_no_error) {
    if (harness_pooled())
        return; /* nothing is prepared behind a pooler */
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    run_ok(uow, "SELECT * FROM public.t");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    harness_sql(url, "ALTER TABLE t ADD extra int8");
    uow = begin();
    run_ok(uow, "SELECT * FROM public.t"); /* the first of its unit: nothing is lost */
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_stored("1");

    harness_sql(url, "ALTER TABLE t DROP extra");
    uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (2)");
    ck_assert_int_eq(run(uow, "SELECT * FROM public.t", &err), TRDB_E_UNSUPPORTED);
    ck_assert(trdb_error_retryable(err)); /* the whole unit may be run again */
    trdb_error_free(err);
    trdb_uow_free(uow);
    uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (2)");
    run_ok(uow, "SELECT * FROM public.t");
    trdb_uow_free(uow);
    ck_stored("1");
}
END_TEST

START_TEST(forgotten_statements_are_no_error) {
    if (harness_pooled())
        return; /* nothing is prepared behind a pooler */
    trdb_error *err = NULL;
    trdb_uow *uow = begin();
    run_ok(uow, "INSERT INTO public.t VALUES (1)");
    run_ok(uow, "SELECT 1");
    run_ok(uow, "DEALLOCATE ALL");
    ck_assert_int_eq(run(uow, "SELECT 1", &err), TRDB_E_SERVER);
    ck_assert(trdb_error_retryable(err));
    trdb_error_free(err);
    err = NULL;
    trdb_uow_free(uow);
    for (int i = 0; i < 2; i++) {
        uow = begin();
        run_ok(uow, i == 0 ? "INSERT INTO public.t VALUES (1)" : "SELECT 1");
        run_ok(uow, "DEALLOCATE ALL");
        ck_ok(trdb_uow_commit(uow, &err), err);
        trdb_uow_free(uow);
    }
    ck_stored("1");
    ck_assert_int_eq(stats().connects, 1);
}
END_TEST

/* ---- traces and round trips ----------------------------------------------------------------------- */

static void ck_event(const pgtest_event *event, const char *statement, const char *sql, int64_t trip,
                     int code) {
    ck_assert_str_eq(event->statement, statement);
    ck_assert_str_eq(event->sql, sql);
    ck_assert_int_eq(event->round_trip, trip);
    ck_assert_int_eq(event->code, code);
}

START_TEST(traces) {
    trdb_error *err = NULL;
    pgtest_log log = {.count = 0};
    trdb_uow *before = begin();
    ck_ok(trdb_set_trace(db, pgtest_remember, &log, &err), err);
    run_ok(before, "SELECT 1"); /* keeps what it began with: nothing */
    trdb_uow_free(before);
    ck_assert_int_eq(log.count, 0);

    int64_t trips = stats().round_trips;
    trdb_uow_options options = trdb_uow_options_init();
    options.acting_user = "tomato";
    options.isolation = TRDB_ISOLATION_SERIALIZABLE;
    options.flags = TRDB_UOW_READ_ONLY;
    options.statement_timeout_ms = 5000;
    options.lock_timeout_ms = 4000;
    trdb_uow *uow = begin_with(options);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_assert_int_eq(run(uow, "SELECT missing", NULL), TRDB_E_SCHEMA);
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_ok(trdb_uow_release(uow, &err), err);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    trdb_uow_free(begin());
    ck_assert_int_eq(stats().round_trips, trips + 6); /* BEGIN rides; the last unit did nothing */
    ck_assert_int_eq(log.count, 8);
    ck_event(&log.events[0], "begin", "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", trips + 1, 0);
    ck_event(&log.events[1], "begin.settings",
             "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), "
             "set_config('app.current_user_id', $3, true)",
             trips + 1, 0);
    ck_event(&log.events[2], "savepoint", "SAVEPOINT trdb_1", trips + 1, 0);
    ck_event(&log.events[3], "test", "SELECT missing", trips + 2, TRDB_E_SCHEMA);
    ck_event(&log.events[4], "rollback to", "ROLLBACK TO SAVEPOINT trdb_1; RELEASE SAVEPOINT trdb_1",
             trips + 3, 0);
    ck_event(&log.events[5], "savepoint", "SAVEPOINT trdb_1", trips + 4, 0);
    ck_event(&log.events[6], "release", "RELEASE SAVEPOINT trdb_1", trips + 5, 0);
    ck_event(&log.events[7], "commit", "COMMIT", trips + 6, 0);
    ck_assert_str_eq(log.events[3].sqlstate, "42703");

    ck_ok(trdb_set_trace(db, NULL, NULL, &err), err);
    trdb_uow_free(begin());
    ck_assert_int_eq(log.count, 8);
}
END_TEST

START_TEST(schema_prefix) {
    trdb_error *err = NULL;
    trdb_db_options options = trdb_db_options_init();
    trdb_db *other = NULL;
    trdb_uow *uow = begin();
    ck_assert_str_eq(trdbi_uow_schema(uow), "\"public\".");
    trdb_uow_free(uow);
    options.schema = "my own";
    ck_fails(trdb_open(url, &options, &other, &err), TRDB_E_SCHEMA, "own", err);
    options.schema = "public";
    ck_ok(trdb_open(url, &options, &other, &err), err);
    trdb_db_free(other);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow");
    TCase *tcase = tcase_create("uow");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, commit_and_rollback);
    tcase_add_test(tcase, null_units);
    tcase_add_test(tcase, a_failed_unit);
    tcase_add_test(tcase, an_error_before_sending_leaves_the_unit);
    tcase_add_test(tcase, many_rows);
    tcase_add_test(tcase, refused_at_commit);
    tcase_add_test(tcase, bad_options);
    tcase_add_test(tcase, isolation_and_read_only);
    tcase_add_test(tcase, timeouts);
    tcase_add_test(tcase, the_acting_user);
    tcase_add_test(tcase, savepoints);
    tcase_add_test(tcase, a_failed_release);
    tcase_add_test(tcase, lost_before_commit);
    tcase_add_test(tcase, a_changed_table_is_no_error);
    tcase_add_test(tcase, forgotten_statements_are_no_error);
    tcase_add_test(tcase, traces);
    tcase_add_test(tcase, schema_prefix);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
