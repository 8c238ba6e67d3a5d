/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "leaks.h"
#undef tcase_create

#include <libpq-fe.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *required(const char *name) {
    const char *value = getenv(name);
    ck_assert_msg(value != NULL, "%s is not set; run the tests with tests/run.sh", name);
    return value;
}

const char *harness_host(void) {
    return required("TRDB_TEST_HOST");
}

const char *harness_direct(void) {
    return required("TRDB_TEST_DIRECT");
}

const char *harness_port(void) {
    const char *port = getenv("PGPORT");
    return port ? port : "5432";
}

bool harness_pooled(void) {
    return strcmp(required("TRDB_TEST_WAY"), "pgbouncer") == 0;
}

const char *harness_tmp(void) {
    const char *directory = getenv("TMPDIR");
    return directory ? directory : "/tmp";
}

int harness_run(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    srunner_set_tap(runner, "-");
    srunner_run_all(runner, CK_SILENT);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

char *harness_direct_url(const char *url) {
    char *text = NULL;
    const char *host = harness_host(), *found = strstr(url, host);
    if (!found)
        return strdup(url);
    ck_assert_int_ge(asprintf(&text, "%.*s%s%s", (int)(found - url), url, harness_direct(), found + strlen(host)),
                     0);
    return text;
}

TCase *harness_case(const char *name) {
    TCase *tcase = tcase_create(name);
    /* The first to set up is the last to tear down. */
    tcase_add_checked_fixture(tcase, leaks_begin, leaks_end);
    return tcase;
}

static void hear_nothing(void *nothing, const PGresult *notice) {
    (void)nothing;
    (void)notice;
}

static void print_rows(FILE *out, const PGresult *result) {
    for (int row = 0; row < PQntuples(result); row++)
        for (int column = 0; column < PQnfields(result); column++)
            fprintf(out, "%s%c", PQgetvalue(result, row, column), column + 1 < PQnfields(result) ? '|' : '\n');
}

/* What a script's queries give, as psql prints it without alignment. libpq keeps the harness independent of the
 * library under test, and starting a psql each time would be most of what the tests do. */
static char *query(const char *through, const char *sql) {
    char *url = harness_direct_url(through), *out = NULL;
    size_t size = 0;
    PGconn *conn = PQconnectdb(url);
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s: %s", url, PQerrorMessage(conn));
    PQsetNoticeReceiver(conn, hear_nothing, NULL);
    ck_assert_msg(PQsendQuery(conn, sql) == 1, "%s", PQerrorMessage(conn));
    FILE *text = open_memstream(&out, &size);
    ck_assert_ptr_nonnull(text);
    for (PGresult *result; (result = PQgetResult(conn)) != NULL; PQclear(result)) {
        ExecStatusType status = PQresultStatus(result);
        ck_assert_msg(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY,
                      "%s%s", PQresultErrorMessage(result), sql);
        print_rows(text, result);
    }
    fclose(text);
    while (size > 0 && out[size - 1] == '\n')
        out[--size] = '\0';
    PQfinish(conn);
    free(url);
    return out;
}

void harness_sql(const char *url, const char *format, ...) {
    char *sql = NULL;
    va_list args;
    va_start(args, format);
    ck_assert_int_ge(vasprintf(&sql, format, args), 0);
    va_end(args);
    free(query(url, sql));
    free(sql);
}

char *harness_value(const char *url, const char *format, ...) {
    char *sql = NULL;
    va_list args;
    va_start(args, format);
    ck_assert_int_ge(vasprintf(&sql, format, args), 0);
    va_end(args);
    char *value = query(url, sql);
    free(sql);
    return value;
}

static char *admin_url(void) {
    char *url = NULL;
    ck_assert_int_ge(asprintf(&url, "host=%s user=tester dbname=postgres", harness_direct()), 0);
    return url;
}

static char *create_database(const char *host, const char *template) {
    static int made;
    char name[64];
    snprintf(name, sizeof name, "t_%ld_%d", (long)getpid(), made++);
    char *admin = admin_url();
    harness_sql(admin, "CREATE DATABASE %s TEMPLATE %s STRATEGY file_copy", name, template);
    free(admin);
    char *url = NULL;
    ck_assert_int_ge(asprintf(&url, "host=%s user=tester dbname=%s", host, name), 0);
    return url;
}

char *harness_database(void) {
    return create_database(harness_host(), "trdb_template");
}

char *harness_empty_database(void) {
    return create_database(harness_direct(), "template0");
}

void harness_database_free(char *url) {
    char *admin = admin_url();
    harness_sql(admin, "DROP DATABASE IF EXISTS %s WITH (FORCE)", strstr(url, "dbname=") + strlen("dbname="));
    free(admin);
    free(url);
}
