/* SPDX-License-Identifier: MIT */
/* Plain SQL, prepared statements and their cache, pipelines, traces. */
#include "pgtest.h"

#include <inttypes.h>
#include <unistd.h>

static char *url;

static void setup(void) {
    url = harness_empty_database();
}

static void teardown(void) {
    harness_database_free(url);
}

/* ---- plain SQL and prepared statements ------------------------------------------------------------ */

START_TEST(plain_sql) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    trdbi_conn *conn = pgtest_connect(url, 8);
    ck_ok(trdbi_conn_exec(conn, "many",
                          "CREATE TABLE t (i int, s text); INSERT INTO t VALUES (1, 'a'), (2, NULL)", &result,
                          &err),
          err);
    ck_assert_int_eq(trdbi_result_affected(result), 2);
    ck_assert_str_eq(trdbi_result_command(result), "INSERT 0 2");
    trdbi_result_free(result);
    ck_ok(trdbi_conn_exec(conn, "read", "SELECT * FROM t ORDER BY i", &result, &err), err);
    ck_assert_uint_eq(trdbi_result_rows(result), 2);
    ck_assert_uint_eq(trdbi_result_columns(result), 2);
    ck_assert_str_eq(trdbi_result_text(result, 0, 1), "a");
    ck_assert_ptr_null(trdbi_result_text(result, 1, 1));
    trdbi_result_free(result);
    result = NULL;
    ck_fails(trdbi_conn_exec(conn, "broken", "SELEKT", &result, &err), TRDB_E_SERVER, "broken", err);
    ck_assert_ptr_null(result);
    ck_ok(trdbi_conn_exec(conn, "empty", "", NULL, &err), err);
    trdbi_conn_close(conn);
}
END_TEST

/* What the server remarks is not printed. */
START_TEST(notices_are_silent) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 8);
    FILE *file = tmpfile();
    int kept = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    int r = trdbi_conn_exec(conn, "notice", "DO $$ BEGIN RAISE WARNING 'heard'; END $$", NULL, &err);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    ck_ok(r, err);
    ck_assert_int_eq(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
    trdbi_conn_close(conn);
}
END_TEST

static int64_t run_i64(trdbi_conn *conn, const char *sql, int64_t argument) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    trdbi_params params = {0};
    trdbi_params_i64(&params, argument);
    trdbi_statement statement = pgtest_statement(sql);
    ck_ok(trdbi_conn_run(conn, &statement, &params, &result, &err), err);
    int64_t value = 0;
    trdbi_field field = {.name = "v", .kind = TRDBI_I64, .plain = 1};
    ck_ok(trdbi_result_decode(result, 0, &field, sizeof field, 1, NULL, &value, &err), err);
    trdbi_result_free(result);
    trdbi_params_free(&params);
    return value;
}

START_TEST(statements_are_prepared_once) {
    trdbi_conn *conn = pgtest_connect(url, 8);
    int64_t trips = trdbi_conn_round_trips(conn);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(run_i64(conn, "SELECT $1 + 1", i), i + 1);
    ck_assert_int_eq(trdbi_conn_round_trips(conn), trips + 10); /* preparing costs none */
    ck_assert_int_eq(trdbi_conn_prepares(conn), 1);
    trdbi_conn_close(conn);

    conn = pgtest_connect(url, 0); /* no cache: nothing stays on the server */
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(run_i64(conn, "SELECT $1 + 1", i), i + 1);
    char *count = pgtest_value(conn, "SELECT count(*) FROM pg_prepared_statements");
    ck_assert_str_eq(count, "0");
    ck_assert_int_eq(trdbi_conn_prepares(conn), 0);
    free(count);
    trdbi_conn_close(conn);
}
END_TEST

static void ck_on_server(trdbi_conn *conn, const char *expected) {
    char *list = pgtest_value(conn, "SELECT string_agg(substr(statement, 8, 1), ' ' ORDER BY statement) "
                                    "FROM pg_prepared_statements");
    ck_assert_str_eq(list, expected);
    free(list);
}

START_TEST(eviction) {
    trdbi_conn *conn = pgtest_connect(url, 3);
    int64_t trips = trdbi_conn_round_trips(conn);
    run_i64(conn, "SELECT 1, $1", 0);
    run_i64(conn, "SELECT 2, $1", 0);
    run_i64(conn, "SELECT 3, $1", 0);
    run_i64(conn, "SELECT 1, $1", 0); /* 2 is the one unused for longest */
    run_i64(conn, "SELECT 4, $1", 0);
    ck_assert_int_eq(trdbi_conn_round_trips(conn), trips + 5);
    ck_assert_int_eq(trdbi_conn_prepares(conn), 4);
    ck_on_server(conn, "1 3 4");
    run_i64(conn, "SELECT 1, $1", 0);
    run_i64(conn, "SELECT 2, $1", 0);
    ck_on_server(conn, "1 2 4");
    ck_assert_int_eq(trdbi_conn_prepares(conn), 5);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(a_statement_that_cannot_be_prepared) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 1);
    run_i64(conn, "SELECT 1, $1", 0);
    for (int i = 0; i < 3; i++) {
        trdbi_statement statement = pgtest_statement("SELECT 2 FROM missing");
        ck_fails(trdbi_conn_run(conn, &statement, NULL, NULL, &err), TRDB_E_SCHEMA, "missing", err);
        ck_assert(trdbi_conn_idle(conn));
    }
    run_i64(conn, "SELECT 1, $1", 0);
    ck_on_server(conn, "1");
    trdb_error *none = NULL;
    ck_ok(trdbi_conn_exec(conn, "ddl", "CREATE TABLE missing ()", NULL, &none), none);
    trdbi_statement statement = pgtest_statement("SELECT 2 FROM missing");
    ck_ok(trdbi_conn_run(conn, &statement, NULL, NULL, &err), err);
    trdbi_conn_close(conn);
}
END_TEST

static void ck_columns(trdbi_conn *conn, const trdbi_statement *statement, size_t expected) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    ck_ok(trdbi_conn_run(conn, statement, NULL, &result, &err), err);
    ck_assert_uint_eq(trdbi_result_columns(result), expected);
    trdbi_result_free(result);
}

/* A plan that the server refuses to use any longer is made anew; inside a transaction by the next one. */
START_TEST(a_table_that_changes) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 4);
    trdbi_statement statement = pgtest_statement("SELECT * FROM changing");
    ck_ok(trdbi_conn_exec(conn, "ddl", "CREATE TABLE changing (a int)", NULL, &err), err);
    ck_ok(trdbi_conn_run(conn, &statement, NULL, NULL, &err), err);
    ck_ok(trdbi_conn_exec(conn, "ddl", "ALTER TABLE changing ADD b int", NULL, &err), err);
    ck_ok(trdbi_conn_exec(conn, "begin", "BEGIN", NULL, &err), err);
    ck_assert_int_eq(trdbi_conn_run(conn, &statement, NULL, NULL, &err), TRDB_E_UNSUPPORTED);
    ck_assert(trdb_error_retryable(err));
    trdb_error_free(err);
    err = NULL;
    ck_assert(trdbi_conn_take_outdated(conn));
    ck_assert(!trdbi_conn_take_outdated(conn));
    ck_ok(trdbi_conn_exec(conn, "rollback", "ROLLBACK", NULL, &err), err);
    ck_columns(conn, &statement, 2);
    ck_ok(trdbi_conn_exec(conn, "ddl", "ALTER TABLE changing ADD c int", NULL, &err), err);
    ck_columns(conn, &statement, 3);
    char *count = pgtest_value(conn, "SELECT count(*) FROM pg_prepared_statements");
    ck_assert_str_eq(count, "1");
    free(count);
    /* The same when the server forgot everything, as behind a pooler. */
    ck_ok(trdbi_conn_exec(conn, "discard", "DEALLOCATE ALL", NULL, &err), err);
    ck_columns(conn, &statement, 3);
    ck_ok(trdbi_conn_exec(conn, "discard", "DEALLOCATE ALL; BEGIN", NULL, &err), err);
    ck_assert_int_eq(trdbi_conn_run(conn, &statement, NULL, NULL, &err), TRDB_E_SERVER);
    ck_assert(trdb_error_retryable(err));
    trdb_error_free(err);
    err = NULL;
    ck_ok(trdbi_conn_exec(conn, "rollback", "ROLLBACK", NULL, &err), err);
    ck_columns(conn, &statement, 3);
    trdbi_conn_close(conn);
}
END_TEST

/* The same SQLSTATE from elsewhere is the statement's own failure, and costs no other a plan. */
START_TEST(what_is_not_supported_is_not_tried_again) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 4);
    trdbi_statement fine = pgtest_statement("SELECT 1");
    trdbi_statement statement = pgtest_statement("SELECT no_such_thing()");
    ck_ok(trdbi_conn_exec(conn, "ddl",
                          "CREATE FUNCTION no_such_thing() RETURNS int LANGUAGE plpgsql AS "
                          "$$ BEGIN RAISE feature_not_supported; END $$",
                          NULL, &err),
          err);
    ck_ok(trdbi_conn_run(conn, &fine, NULL, NULL, &err), err);
    ck_assert_int_eq(trdbi_conn_run(conn, &statement, NULL, NULL, &err), TRDB_E_UNSUPPORTED);
    ck_assert(!trdb_error_retryable(err));
    trdb_error_free(err);
    err = NULL;
    int64_t trips = trdbi_conn_round_trips(conn), prepares = trdbi_conn_prepares(conn);
    ck_assert_int_eq(trdbi_conn_run(conn, &statement, NULL, NULL, &err), TRDB_E_UNSUPPORTED);
    trdb_error_free(err);
    err = NULL;
    ck_ok(trdbi_conn_run(conn, &fine, NULL, NULL, &err), err);
    ck_assert_int_eq(trdbi_conn_round_trips(conn), trips + 2);
    ck_assert_int_eq(trdbi_conn_prepares(conn), prepares);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(many_parameters) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 4);
    trdbi_params params = {0};
    trdbi_buf sql = {0};
    trdbi_buf_text(&sql, "SELECT 0");
    for (int i = 0; i < 300; i++) {
        if (i % 7 == 0)
            trdbi_params_null(&params, TRDBI_OID_INT8);
        else
            trdbi_params_i64(&params, i);
        trdbi_buf_printf(&sql, " + coalesce($%d, 0)", i + 1);
    }
    trdbi_statement statement = pgtest_statement(sql.data);
    trdbi_result *result = NULL;
    ck_ok(trdbi_conn_run(conn, &statement, &params, &result, &err), err);
    int64_t sum = 0, expected = 0;
    for (int i = 0; i < 300; i++)
        expected += i % 7 == 0 ? 0 : i;
    trdbi_field field = {.name = "v", .kind = TRDBI_I64, .plain = 1};
    ck_ok(trdbi_result_decode(result, 0, &field, sizeof field, 1, NULL, &sum, &err), err);
    ck_assert_int_eq(sum, expected);
    trdbi_result_free(result);
    trdbi_params_clear(&params);
    for (int i = 0; i < 65536; i++)
        trdbi_params_null(&params, TRDBI_OID_INT8);
    ck_fails(trdbi_conn_run(conn, &statement, &params, NULL, &err), TRDB_E_RANGE, "65535", err);
    trdbi_params_free(&params);
    trdbi_buf_free(&sql);
    trdbi_conn_close(conn);
}
END_TEST

/* ---- pipelines ------------------------------------------------------------------------------------ */

typedef struct insert_job {
    int64_t bad;    /* this row gets a value that is there already */
    int64_t refuse; /* `next` refuses this row */
    int64_t stop;   /* `take` refuses this row */
    int statements; /* different ones in turn */
    size_t taken;
    const char *text;
} insert_job;

static const char *const inserts[] = {
    "INSERT INTO t VALUES ($1, $2) RETURNING 1::int8, i",
    "INSERT INTO t VALUES ($1, $2) RETURNING 2::int8, i",
    "INSERT INTO t VALUES ($1, $2) RETURNING 3::int8, i",
    "INSERT INTO t VALUES ($1, $2) RETURNING 4::int8, i",
};

static int next_row(void *arg, size_t i, trdbi_params *params, trdbi_statement *ret_statement,
                    trdb_error **reterr) {
    insert_job *job = arg;
    if ((int64_t)i == job->refuse)
        return trdbi_error(reterr, TRDB_E_INVALID, "row refused");
    trdbi_params_i64(params, (int64_t)i == job->bad ? -1 : (int64_t)i);
    trdbi_params_text(params, job->text);
    *ret_statement = pgtest_statement(inserts[i % (size_t)job->statements]);
    return 0;
}

static int take_row(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr) {
    insert_job *job = arg;
    if ((int64_t)i == job->stop)
        return trdbi_error(reterr, TRDB_E_CONFLICT, "result refused");
    ck_assert_uint_eq(job->taken, i);
    job->taken++;
    int64_t values[2];
    trdbi_field fields[] = {{.name = "a", .kind = TRDBI_I64, .plain = 1, .offset = 0},
                            {.name = "b", .kind = TRDBI_I64, .plain = 1, .offset = sizeof(int64_t)}};
    int r = trdbi_result_decode(result, 0, fields, sizeof fields[0], 2, NULL, values, reterr);
    ck_assert_int_eq(r, 0);
    ck_assert_int_eq(values[0], (int64_t)(i % (size_t)job->statements) + 1);
    ck_assert_int_eq(values[1], (int64_t)i);
    return 0;
}

static trdbi_conn *connect_with_table(int cache) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, cache);
    ck_ok(trdbi_conn_exec(conn, "ddl",
                          "DROP TABLE IF EXISTS t; CREATE TABLE t (i int8 PRIMARY KEY, s text);"
                          "INSERT INTO t VALUES (-1, '')",
                          NULL, &err),
          err);
    ck_ok(trdbi_conn_exec(conn, "begin", "BEGIN", NULL, &err), err);
    return conn;
}

static void ck_rows(trdbi_conn *conn, size_t expected) {
    char *count = pgtest_value(conn, "SELECT count(*) - 1 FROM t");
    ck_assert_int_eq(atoi(count), (int)expected);
    free(count);
}

static insert_job nothing_bad(int statements) {
    return (insert_job){.bad = -1, .refuse = -1, .stop = -1, .statements = statements, .text = "x"};
}

START_TEST(run_many) {
    static const int caches[] = {0, 1, 2, 3, 4, 64};
    static const size_t counts[] = {0, 1, 2, 511, 512, 513, 1500};
    for (size_t c = 0; c < sizeof caches / sizeof caches[0]; c++) {
        for (size_t n = 0; n < sizeof counts / sizeof counts[0]; n++) {
            size_t count = counts[n];
            trdb_error *err = NULL;
            trdbi_conn *conn = connect_with_table(caches[c]);
            int64_t trips = trdbi_conn_round_trips(conn);
            insert_job job = nothing_bad(4);
            ck_ok(trdbi_conn_run_many(conn, count, next_row, take_row, &job, &err), err);
            ck_assert_uint_eq(job.taken, count);
            ck_assert_int_eq(trdbi_conn_round_trips(conn) - trips, (int64_t)(count + 511) / 512);
            ck_rows(conn, count);
            ck_assert_int_eq(run_i64(conn, "SELECT $1", 5), 5);
            char *prepared = pgtest_value(conn, "SELECT count(*) FROM pg_prepared_statements");
            ck_assert_int_le(atoi(prepared), caches[c]);
            free(prepared);
            trdbi_conn_close(conn);
        }
    }
}
END_TEST

START_TEST(run_many_with_an_error) {
    static const int64_t rows[] = {0, 1, 3, 511, 512, 700, 1199};
    static const int caches[] = {0, 2, 64};
    for (size_t c = 0; c < sizeof caches / sizeof caches[0]; c++) {
        for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
            trdb_error *err = NULL;
            trdbi_conn *conn = connect_with_table(caches[c]);
            insert_job job = nothing_bad(3);
            job.bad = rows[n];
            ck_assert_int_eq(trdbi_conn_run_many(conn, 1200, next_row, take_row, &job, &err),
                             TRDB_E_DUPLICATE);
            ck_assert_int_eq(trdb_error_row(err), rows[n]);
            ck_assert_str_eq(trdb_error_constraint(err), "t_pkey");
            ck_assert_str_eq(trdb_error_statement(err), "test");
            ck_assert_uint_eq(job.taken, (size_t)rows[n]);
            ck_assert(!trdbi_conn_idle(conn) && !trdbi_conn_broken(conn));
            trdb_error_free(err);
            err = NULL;
            ck_ok(trdbi_conn_exec(conn, "rollback", "ROLLBACK; BEGIN", NULL, &err), err);
            job = nothing_bad(3); /* the connection and its cache are as good as new */
            ck_ok(trdbi_conn_run_many(conn, 20, next_row, take_row, &job, &err), err);
            ck_rows(conn, 20);
            trdbi_conn_close(conn);
        }
    }
}
END_TEST

START_TEST(run_many_refused_by_its_callbacks) {
    trdb_error *err = NULL;
    trdbi_conn *conn = connect_with_table(8);
    insert_job job = nothing_bad(2);
    job.refuse = 600;
    ck_assert_int_eq(trdbi_conn_run_many(conn, 1000, next_row, take_row, &job, &err), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_error_row(err), 600);
    ck_assert_uint_eq(job.taken, 600);
    ck_rows(conn, 600);

    job = nothing_bad(2);
    job.bad = 550; /* fails before the refused row, and is the one that is told */
    job.refuse = 600;
    trdbi_conn_exec(conn, "again", "ROLLBACK; BEGIN", NULL, NULL);
    ck_assert_int_eq(trdbi_conn_run_many(conn, 1000, next_row, take_row, &job, &err), TRDB_E_DUPLICATE);
    ck_assert_int_eq(trdb_error_row(err), 550);

    job = nothing_bad(2);
    job.stop = 10;
    trdbi_conn_exec(conn, "again", "ROLLBACK; BEGIN", NULL, NULL);
    ck_assert_int_eq(trdbi_conn_run_many(conn, 1000, next_row, take_row, &job, &err), TRDB_E_CONFLICT);
    ck_assert_int_eq(trdb_error_row(err), 10);
    ck_assert_uint_eq(job.taken, 10);
    ck_rows(conn, 512); /* the rest of the batch had been sent */
    trdb_error_free(err);
    trdbi_conn_close(conn);
}
END_TEST

/* More than the buffers of both sides hold, in both directions at once. */
START_TEST(run_many_with_much_data) {
    trdb_error *err = NULL;
    trdbi_conn *conn = connect_with_table(8);
    size_t size = 300000;
    char *text = malloc(size + 1);
    memset(text, 'x', size);
    text[size] = '\0';
    insert_job job = nothing_bad(1);
    job.text = text;
    trdbi_conn_exec(conn, "ddl",
                    "CREATE FUNCTION echo() RETURNS trigger LANGUAGE plpgsql AS "
                    "$$ BEGIN RAISE NOTICE '%', NEW.s; RETURN NEW; END $$;"
                    "CREATE TRIGGER echo AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION echo();"
                    "SET client_min_messages = notice",
                    NULL, &err);
    int64_t trips = trdbi_conn_round_trips(conn);
    ck_ok(trdbi_conn_run_many(conn, 40, next_row, take_row, &job, &err), err);
    ck_assert_int_eq(trdbi_conn_round_trips(conn) - trips, 10); /* four rows pass the bound of a batch */
    char *sum = pgtest_value(conn, "SELECT sum(length(s)) FROM t");
    ck_assert_int_eq(atoi(sum), (int)(40 * size));
    free(sum);
    free(text);
    trdbi_conn_close(conn);
}
END_TEST

static int next_suicide(void *arg, size_t i, trdbi_params *params, trdbi_statement *ret_statement,
                        trdb_error **reterr) {
    (void)params;
    (void)reterr;
    *ret_statement =
        pgtest_statement(i == *(size_t *)arg ? "SELECT pg_terminate_backend(pg_backend_pid())" : "SELECT 1");
    return 0;
}

START_TEST(run_many_with_a_lost_connection) {
    for (int cache = 0; cache < 8; cache += 4) {
        for (size_t at = 0; at < 600; at += 299) {
            trdb_error *err = NULL;
            trdbi_conn *conn = pgtest_connect(url, cache);
            ck_assert_int_eq(trdbi_conn_run_many(conn, 1000, next_suicide, NULL, &at, &err),
                             TRDB_E_CONNECTION_LOST);
            ck_assert(trdb_error_retryable(err));
            ck_assert_int_eq(trdb_error_row(err), -1);
            ck_assert(trdbi_conn_broken(conn));
            ck_fails(trdbi_conn_run_many(conn, 1, next_suicide, NULL, &at, &err), TRDB_E_CONNECTION_LOST,
                     "lost", err);
            trdbi_conn_close(conn);
        }
    }
}
END_TEST

/* ---- errors and traces ---------------------------------------------------------------------------- */

START_TEST(secret_statements) {
    trdb_error *err = NULL;
    trdbi_conn *conn = connect_with_table(8);
    trdbi_statement statement = pgtest_statement("INSERT INTO t VALUES ($1, $2)");
    trdbi_params params = {0};
    trdbi_params_i64(&params, -1);
    trdbi_params_text(&params, "tomato");
    statement.secret = true;
    ck_assert_int_eq(trdbi_conn_run(conn, &statement, &params, NULL, &err), TRDB_E_DUPLICATE);
    ck_assert_ptr_null(trdb_error_detail(err));
    ck_assert_str_eq(trdb_error_constraint(err), "t_pkey");
    trdb_error_free(err);
    trdbi_params_free(&params);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(trace_of_every_call) {
    pgtest_log log = {.count = 0};
    trdb_error *err = NULL;
    trdbi_conn *conn = connect_with_table(8);
    int64_t trips = trdbi_conn_round_trips(conn), before = trdb_timestamp_now().us;
    trdbi_conn_set_trace(conn, &(trdbi_trace){.fn = pgtest_remember, .arg = &log});
    insert_job job = nothing_bad(2);
    job.text = "tomato";
    ck_ok(trdbi_conn_exec(conn, "first", "SELECT 1 UNION SELECT 2", NULL, &err), err);
    ck_ok(trdbi_conn_run_many(conn, 3, next_row, take_row, &job, &err), err);
    run_i64(conn, "SELECT $1", 424242);
    run_i64(conn, "SELECT $1", 424242);
    ck_ok(trdbi_conn_ping(conn, 10000, &err), err);
    ck_ok(trdbi_conn_exec_shown(conn, "hidden", "SELECT 'tomato'", "SELECT $1", NULL, &err), err);
    job.bad = 1;
    job.taken = 0;
    ck_ok(trdbi_conn_exec(conn, "reset", "DELETE FROM t WHERE i >= 0", NULL, &err), err);
    ck_assert_int_eq(trdbi_conn_run_many(conn, 3, next_row, NULL, &job, &err), TRDB_E_DUPLICATE);
    trdb_error_free(err);

    static const struct {
        const char *statement, *sql;
        int rows, trip, code;
        const char *sqlstate;
    } expected[] = {
        {"first", "SELECT 1 UNION SELECT 2", 2, 1, 0, ""},
        {"test", "INSERT INTO t VALUES ($1, $2) RETURNING 1::int8, i", 1, 2, 0, ""},
        {"test", "INSERT INTO t VALUES ($1, $2) RETURNING 2::int8, i", 1, 2, 0, ""},
        {"test", "INSERT INTO t VALUES ($1, $2) RETURNING 1::int8, i", 1, 2, 0, ""},
        {"test", "SELECT $1", 1, 3, 0, ""},
        {"test", "SELECT $1", 1, 4, 0, ""},
        {"ping", "", 0, 5, 0, ""},
        {"hidden", "SELECT $1", 1, 6, 0, ""},
        {"reset", "DELETE FROM t WHERE i >= 0", 3, 7, 0, ""},
        {"test", "INSERT INTO t VALUES ($1, $2) RETURNING 1::int8, i", 1, 8, 0, ""},
        {"test", "INSERT INTO t VALUES ($1, $2) RETURNING 2::int8, i", -1, 8, TRDB_E_DUPLICATE, "23505"},
    };
    int count = (int)(sizeof expected / sizeof expected[0]);
    ck_assert_int_eq(log.count, count);
    for (int i = 0; i < count; i++) {
        const pgtest_event *event = &log.events[i];
        ck_assert_str_eq(event->statement, expected[i].statement);
        ck_assert_str_eq(event->sql, expected[i].sql);
        ck_assert_int_eq(event->rows, expected[i].rows);
        ck_assert_int_eq(event->round_trip, trips + expected[i].trip);
        ck_assert_int_eq(event->code, expected[i].code);
        ck_assert_str_eq(event->sqlstate, expected[i].sqlstate);
        ck_assert_int_eq(event->pid, trdbi_conn_backend_pid(conn));
        ck_assert_int_ge(event->duration_us, 0);
        ck_assert_int_ge(event->started_us, before);
        ck_assert_ptr_null(strstr(event->sql, "tomato"));
        ck_assert_ptr_null(strstr(event->sql, "424242"));
    }
    trdbi_conn_set_trace(conn, NULL);
    ck_ok(trdbi_conn_exec(conn, "rollback", "ROLLBACK", NULL, &err), err);
    ck_assert_int_eq(log.count, count);
    trdbi_conn_close(conn);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("statements");
    TCase *tcase = tcase_create("statements");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, plain_sql);
    tcase_add_test(tcase, notices_are_silent);
    tcase_add_test(tcase, statements_are_prepared_once);
    tcase_add_test(tcase, eviction);
    tcase_add_test(tcase, a_statement_that_cannot_be_prepared);
    tcase_add_test(tcase, a_table_that_changes);
    tcase_add_test(tcase, what_is_not_supported_is_not_tried_again);
    tcase_add_test(tcase, many_parameters);
    tcase_add_test(tcase, run_many);
    tcase_add_test(tcase, run_many_with_an_error);
    tcase_add_test(tcase, run_many_refused_by_its_callbacks);
    tcase_add_test(tcase, run_many_with_much_data);
    tcase_add_test(tcase, run_many_with_a_lost_connection);
    tcase_add_test(tcase, secret_statements);
    tcase_add_test(tcase, trace_of_every_call);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
