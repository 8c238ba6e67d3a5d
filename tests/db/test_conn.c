/* SPDX-License-Identifier: MIT */
/* Connection strings, connecting and failing to, sessions. */
#include "pgtest.h"

#include <inttypes.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static char *url;

static void setup(void) {
    url = harness_empty_database();
}

static void teardown(void) {
    harness_database_free(url);
}

/* ---- connection strings --------------------------------------------------------------------------- */

static void parses(const char *text, const char *keyword, const char *value) {
    trdb_error *err = NULL;
    trdbi_conninfo *info = NULL;
    ck_ok(trdbi_conninfo_parse(text, &info, &err), err);
    const char *got = trdbi_conninfo_get(info, keyword);
    if (value)
        ck_assert_str_eq(got, value);
    else
        ck_assert_ptr_null(got);
    trdbi_conninfo_free(info);
}

START_TEST(conninfo_forms) {
    parses("postgresql://anna:secret@db.example:6432/trading", "host", "db.example");
    parses("postgres://anna@db.example/trading", "user", "anna");
    parses("postgresql+psycopg2://anna:secret@db.example:6432/trading", "port", "6432");
    parses("postgresql+asyncpg://anna@db.example/trading?sslmode=require", "sslmode", "require");
    parses("postgres+psycopg://anna@db.example/trading", "dbname", "trading");
    parses("postgresql:///trading?host=/run/pg", "host", "/run/pg");
    parses("postgresql://anna:p%40ss%2Fword@h/d", "dbname", "d");
    parses("postgresql://a@h1:5432,h2:5433/d?target_session_attrs=read-write", "host", "h1,h2");
    parses("host=localhost dbname='my db' user=anna", "dbname", "my db");
    parses("host=localhost", "dbname", NULL);
    parses("dbname=x password='a b://c'", "dbname", "x");
}
END_TEST

START_TEST(conninfo_from_the_environment) {
    trdb_error *err = NULL;
    trdbi_conninfo *info = NULL;
    unsetenv("DB_URL");
    ck_fails(trdbi_conninfo_parse(NULL, &info, &err), TRDB_E_INVALID, "DB_URL", err);
    ck_assert_ptr_null(info);
    setenv("DB_URL", "", 1);
    ck_fails(trdbi_conninfo_parse("", &info, &err), TRDB_E_INVALID, "DB_URL", err);
    setenv("DB_URL", "postgresql+psycopg2://anna@envhost/d", 1);
    parses(NULL, "host", "envhost");
    parses("", "host", "envhost");
    parses("host=other", "host", "other");
    unsetenv("DB_URL");
}
END_TEST

/* Whatever is wrong with the string: no message holds a piece of the password. */
START_TEST(malformed_conninfo_shows_nothing) {
    static const char *const texts[] = {"host=h password=hush tomato",
                                        "password='hush tomato",
                                        "postgresql://anna:hush/tomato@h/d",
                                        "postgresql://anna:hush@tomato@h/d",
                                        "postgresql://anna:%zzhushtomato@h",
                                        "postgresql://anna:hush@h/d?hush=tomato",
                                        "postgresql://anna:hush@[h/d",
                                        "postgresql+psycopg2://anna:hu/sh@h/tomato",
                                        "postgresql://h/d?password=hush&tomato",
                                        "mysql://anna:hush@h/tomato",
                                        "postgresql:/anna:hush@tomato",
                                        "hush tomato",
                                        "passwort=hush",
                                        "postgresql://anna:hush@h:port@tomato/d",
                                        "postgresql://hush/tomato@h"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        trdb_error *err = NULL;
        trdbi_conninfo *info = NULL;
        int r = trdbi_conninfo_parse(texts[i], &info, &err);
        ck_assert_msg(r == TRDB_E_INVALID, "%s was taken", texts[i]);
        ck_assert_ptr_null(strstr(trdb_error_message(err), "hush"));
        ck_assert_ptr_null(strstr(trdb_error_message(err), "tomato"));
        ck_assert_ptr_null(trdb_error_detail(err));
        trdb_error_free(err);
    }
}
END_TEST

/* ---- failing to connect --------------------------------------------------------------------------- */

static void cannot_connect(const char *text, int timeout_ms, int code, const char *part, const char *secret) {
    trdb_error *err = NULL;
    trdbi_conninfo *info = NULL;
    trdbi_conn *conn = NULL;
    trdbi_conn_options options = {.timeout_ms = timeout_ms};
    ck_ok(trdbi_conninfo_parse(text, &info, &err), err);
    int r = trdbi_conn_open(info, &options, &conn, &err);
    ck_assert_msg(r == code, "got %s: %s", trdb_error_code_name(r), trdb_error_message(err));
    ck_assert_ptr_null(conn);
    ck_assert_msg(strstr(trdb_error_message(err), part) != NULL, "%s", trdb_error_message(err));
    if (secret) {
        ck_assert_msg(strstr(trdb_error_message(err), secret) == NULL, "%s", trdb_error_message(err));
        ck_assert_ptr_null(trdb_error_detail(err));
    }
    trdb_error_free(err);
    /* Nobody wants the error. */
    ck_assert_int_eq(trdbi_conn_open(info, &options, &conn, NULL), code);
    trdbi_conninfo_free(info);
}

static void cannot_connect_to(const char *rest, int code, const char *part, const char *secret) {
    char text[512];
    snprintf(text, sizeof text, "host=%s %s", harness_host(), rest);
    cannot_connect(text, 20000, code, part, secret);
}

START_TEST(refused_users) {
    unsetenv("PGPASSWORD");
    cannot_connect_to("dbname=postgres user=guarded password='wrong horse'", TRDB_E_AUTH,
                      harness_pooled() ? "authentication failed" : "guarded", "wrong horse");
    cannot_connect_to("dbname=postgres user=guarded", TRDB_E_AUTH, "none was given", NULL);
    cannot_connect_to("dbname=postgres user=missing_role", TRDB_E_AUTH,
                      harness_pooled() ? "authentication failed" : "missing_role", NULL);
    cannot_connect_to("dbname=missing_db user=tester", TRDB_E_CONNECT, "missing_db", NULL);
    /* The server's words contain what happens to be the password: they are not shown. */
    cannot_connect_to("dbname=missing_db user=tester password=missing_db", TRDB_E_CONNECT, "not shown",
                      "missing_db");
    cannot_connect_to("dbname=postgres user=guarded password=guarded", TRDB_E_AUTH, "refused", "\"guarded\"");
    setenv("PGPASSWORD", "missing_db", 1);
    cannot_connect_to("dbname=missing_db user=tester", TRDB_E_CONNECT, "not shown", "missing_db");
    unsetenv("PGPASSWORD");
    char text[256];
    snprintf(text, sizeof text, "postgresql+psycopg2://guarded:correct%%20horse@/postgres?host=%s",
             harness_host());
    trdbi_conn *conn = pgtest_connect(text, 0);
    char *user = pgtest_value(conn, "SELECT current_user");
    ck_assert_str_eq(user, "guarded");
    free(user);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(no_connect_privilege) {
    harness_sql(url, "REVOKE CONNECT ON DATABASE %s FROM PUBLIC", strstr(url, "t_"));
    char rest[128];
    snprintf(rest, sizeof rest, "user=plain dbname=%s", strstr(url, "t_"));
    cannot_connect_to(rest, TRDB_E_AUTH, "permission denied", NULL);
}
END_TEST

START_TEST(exhausted_server) {
    harness_sql(url, "ALTER DATABASE %s CONNECTION LIMIT 0", strstr(url, "t_"));
    char rest[128];
    snprintf(rest, sizeof rest, "user=plain dbname=%s", strstr(url, "t_"));
    cannot_connect_to(rest, TRDB_E_EXHAUSTED, "no free connection", NULL);
}
END_TEST

START_TEST(nobody_there) {
    cannot_connect("host=/nonexistent user=x", 5000, TRDB_E_CONNECT, "/nonexistent", NULL);
    cannot_connect("host='/out of memory' user=x", 5000, TRDB_E_CONNECT, "/out of memory", NULL);
    cannot_connect("host=127.0.0.1 port=1 user=x password=tomato", 5000, TRDB_E_CONNECT, "127.0.0.1",
                   "tomato");
    cannot_connect("host=no-such-host.invalid user=x", 20000, TRDB_E_CONNECT, "no-such-host.invalid", NULL);
}
END_TEST

/* A socket that accepts and never speaks. */
static int mute_server(char *dir) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.%.5s", dir, harness_port());
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

START_TEST(a_server_that_never_answers) {
    char dir[64], text[128], path[128];
    snprintf(dir, sizeof dir, "%s/trdb-mute-XXXXXX", harness_tmp());
    int fd = mute_server(dir);
    snprintf(text, sizeof text, "host=%s user=x password=tomato", dir);
    cannot_connect(text, 100, TRDB_E_TIMEOUT, "100 ms", "tomato");
    snprintf(text, sizeof text, "host=%s user=x connect_timeout=1", dir);
    cannot_connect(text, 3600000, TRDB_E_TIMEOUT, "1000 ms", NULL);
    close(fd);
    snprintf(path, sizeof path, "%s/.s.PGSQL.%.5s", dir, harness_port());
    unlink(path);
    rmdir(dir);
}
END_TEST

/* ---- sessions ------------------------------------------------------------------------------------- */

START_TEST(session_settings) {
    static const char *const settings[][2] = {{"TimeZone", "UTC"},
                                              {"client_encoding", "UTF8"},
                                              {"DateStyle", "ISO, MDY"},
                                              {"standard_conforming_strings", "on"},
                                              {"application_name", "tradingdb"}};
    harness_sql(url, "ALTER DATABASE %s SET standard_conforming_strings = off", strstr(url, "t_"));
    trdbi_conn *conn = pgtest_connect(url, 0);
    ck_assert_int_eq(trdbi_conn_round_trips(conn), 1);
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "SHOW %s", settings[i][0]);
        char *value = pgtest_value(conn, sql);
        ck_assert_str_eq(value, settings[i][1]);
        free(value);
    }
    char *pid = pgtest_value(conn, "SELECT pg_backend_pid()");
    ck_assert_int_eq(trdbi_conn_backend_pid(conn), atoi(pid));
    free(pid);
    trdbi_conn_close(conn);
    /* Where the server is set up this way already nothing is sent. */
    harness_sql(url, "ALTER DATABASE %s SET TimeZone = 'UTC'", strstr(url, "t_"));
    harness_sql(url, "ALTER DATABASE %s SET DateStyle = 'ISO, MDY'", strstr(url, "t_"));
    harness_sql(url, "ALTER DATABASE %s RESET standard_conforming_strings", strstr(url, "t_"));
    conn = pgtest_connect(url, 0);
    ck_assert_int_eq(trdbi_conn_round_trips(conn), 0);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(application_names) {
    trdb_error *err = NULL;
    char text[256];
    snprintf(text, sizeof text, "%s application_name=from_url", url);
    trdbi_conn *conn = pgtest_connect(text, 0);
    char *name = pgtest_value(conn, "SHOW application_name");
    ck_assert_str_eq(name, "from_url");
    free(name);
    trdbi_conn_close(conn);
    trdbi_conninfo *info = NULL;
    trdbi_conn_options options = {.application_name = "given", .timeout_ms = 20000};
    ck_ok(trdbi_conninfo_parse(text, &info, &err), err);
    ck_ok(trdbi_conn_open(info, &options, &conn, &err), err);
    name = pgtest_value(conn, "SHOW application_name");
    ck_assert_str_eq(name, "given");
    free(name);
    trdbi_conn_close(conn);
    trdbi_conninfo_free(info);
}
END_TEST

START_TEST(literals) {
    static const char *const texts[] = {"",       "plain", "it's", "back\\slash", "'; DROP TABLE x; --",
                                        "grün 🚀", "\n"};
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 0);
    trdbi_buf sql = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        trdbi_buf_clear(&sql);
        trdbi_buf_text(&sql, "SELECT ");
        ck_ok(trdbi_conn_literal(conn, texts[i], &sql, &err), err);
        char *value = pgtest_value(conn, sql.data);
        ck_assert_str_eq(value, texts[i]);
        free(value);
    }
    ck_fails(trdbi_conn_literal(conn, "bad \xff", &sql, &err), TRDB_E_ENCODING, "UTF-8", err);
    trdbi_buf_free(&sql);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(ping_and_a_killed_session) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 8);
    int64_t trips = trdbi_conn_round_trips(conn);
    ck_ok(trdbi_conn_ping(conn, 10000, &err), err);
    ck_assert_int_eq(trdbi_conn_round_trips(conn), trips + 1);
    ck_assert(trdbi_conn_alive(conn) && trdbi_conn_idle(conn));

    harness_sql(url, "SELECT pg_terminate_backend(%d, 10000)", trdbi_conn_backend_pid(conn));
    ck_assert(!trdbi_conn_alive(conn));
    ck_assert(trdbi_conn_broken(conn) && !trdbi_conn_idle(conn));
    ck_fails(trdbi_conn_ping(conn, 10000, &err), TRDB_E_CONNECTION_LOST, "lost", err);
    trdbi_statement statement = pgtest_statement("SELECT 1");
    ck_fails(trdbi_conn_run(conn, &statement, NULL, NULL, &err), TRDB_E_CONNECTION_LOST, "lost", err);
    ck_fails(trdbi_conn_exec(conn, "x", "SELECT 1", NULL, &err), TRDB_E_CONNECTION_LOST, "lost", err);
    trdbi_conn_close(conn);
}
END_TEST

/* The session is there and says nothing: its process is stopped. */
START_TEST(ping_of_a_mute_session) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 8);
    pgtest_log log = {.count = 0};
    trdbi_conn_set_trace(conn, &(trdbi_trace){.fn = pgtest_remember, .arg = &log});
    pid_t pid = trdbi_conn_backend_pid(conn);
    if (kill(pid, SIGSTOP) != 0)
        ck_abort_msg("cannot stop the server's process %d: %m", (int)pid);
    int r = trdbi_conn_ping(conn, 50, &err);
    kill(pid, SIGCONT);
    ck_fails(r, TRDB_E_TIMEOUT, "50 ms", err);
    ck_assert(trdbi_conn_broken(conn));
    ck_assert_int_eq(log.count, 1);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(killed_in_a_call) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 8);
    trdbi_statement statement = pgtest_statement("SELECT pg_terminate_backend(pg_backend_pid())");
    ck_assert_int_eq(trdbi_conn_run(conn, &statement, NULL, NULL, &err), TRDB_E_CONNECTION_LOST);
    ck_assert_str_eq(trdb_error_sqlstate(err), "57P01");
    ck_assert(trdb_error_retryable(err));
    ck_assert(trdbi_conn_broken(conn));
    trdb_error_free(err);
    trdbi_conn_close(conn);
    ck_assert_int_eq(trdbi_conn_exec((conn = pgtest_connect(url, 0)), "x", statement.ctx, NULL, NULL),
                     TRDB_E_CONNECTION_LOST);
    trdbi_conn_close(conn);
}
END_TEST

START_TEST(copy_is_refused) {
    trdb_error *err = NULL;
    trdbi_conn *conn = pgtest_connect(url, 8);
    ck_fails(trdbi_conn_exec(conn, "copy", "COPY (SELECT 1) TO STDOUT", NULL, &err), TRDB_E_UNSUPPORTED,
             "COPY", err);
    ck_assert(trdbi_conn_broken(conn));
    trdbi_conn_close(conn);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("conn");
    TCase *tcase = tcase_create("conn");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, conninfo_forms);
    tcase_add_test(tcase, conninfo_from_the_environment);
    tcase_add_test(tcase, malformed_conninfo_shows_nothing);
    tcase_add_test(tcase, refused_users);
    tcase_add_test(tcase, no_connect_privilege);
    tcase_add_test(tcase, exhausted_server);
    tcase_add_test(tcase, nobody_there);
    tcase_add_test(tcase, a_server_that_never_answers);
    tcase_add_test(tcase, session_settings);
    tcase_add_test(tcase, application_names);
    tcase_add_test(tcase, literals);
    tcase_add_test(tcase, ping_and_a_killed_session);
    tcase_add_test(tcase, ping_of_a_mute_session);
    tcase_add_test(tcase, killed_in_a_call);
    tcase_add_test(tcase, copy_is_refused);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
