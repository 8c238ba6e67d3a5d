/* SPDX-License-Identifier: MIT */
#include "harness.h"
#include "leaks.h"
#undef tcase_create

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

/* psql keeps the harness independent of the library under test. */
static char *psql(const char *through, const char *sql) {
    char *url = harness_direct_url(through);
    char path[256];
    snprintf(path, sizeof path, "%s/trdb-sql-XXXXXX", harness_tmp());
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    fputs(sql, file);
    fclose(file);
    char command[1024];
    snprintf(command, sizeof command, "LD_PRELOAD= psql -qAtX -v ON_ERROR_STOP=1 -d '%s' -f %s 2>&1", url,
             path);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    size_t size = 0, room = 65536;
    char *out = malloc(room + 1);
    size_t got;
    while ((got = fread(out + size, 1, room - size, pipe)) > 0) {
        size += got;
        if (size == room)
            out = realloc(out, (room *= 2) + 1);
    }
    out[size] = '\0';
    while (size > 0 && out[size - 1] == '\n')
        out[--size] = '\0';
    int status = pclose(pipe);
    unlink(path);
    free(url);
    ck_assert_msg(status == 0, "psql: %s\n%s", out, sql);
    return out;
}

void harness_sql(const char *url, const char *format, ...) {
    char *sql = NULL;
    va_list args;
    va_start(args, format);
    ck_assert_int_ge(vasprintf(&sql, format, args), 0);
    va_end(args);
    free(psql(url, sql));
    free(sql);
}

char *harness_value(const char *url, const char *format, ...) {
    char *sql = NULL;
    va_list args;
    va_start(args, format);
    ck_assert_int_ge(vasprintf(&sql, format, args), 0);
    va_end(args);
    char *value = psql(url, sql);
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
    harness_sql(admin, "CREATE DATABASE %s TEMPLATE %s", name, template);
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
