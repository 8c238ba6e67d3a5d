/* SPDX-License-Identifier: MIT */
/* The level of a schema, and the health check of a database, through the C API. */
#include "harness.h"

#include "core/migrate.h"

#include <stdio.h>

static char *url;

static void setup(void) {
    url = harness_empty_database();
}

static void teardown(void) {
    harness_database_free(url);
}

static trdbi_conn *connect_to(const char *conninfo) {
    trdbi_conninfo *info = NULL;
    trdbi_conn *conn = NULL;
    trdb_error *err = NULL;
    const trdbi_conn_options options = {.application_name = "test", .timeout_ms = 5000};
    ck_ok(trdbi_conninfo_parse(conninfo, &info, &err), err);
    ck_ok(trdbi_conn_open(info, &options, &conn, &err), err);
    trdbi_conninfo_free(info);
    return conn;
}

START_TEST(schema_check) {
    trdb_error *err = NULL;
    trdb_migrate_options options = trdb_migrate_options_init();
    trdbi_conn *conn = connect_to(url);
    char text[128];
    snprintf(text, sizeof text,
             "database \"%s\" has no tradingdb tables in schema \"public\": run `tradingdb migrate up`",
             strstr(url, "dbname=") + strlen("dbname="));
    ck_fails(trdbi_schema_check(conn, "public", &err), TRDB_E_SCHEMA, text, err);
    ck_fails(trdbi_schema_check(conn, "nowhere", &err), TRDB_E_SCHEMA, "in schema \"nowhere\"", err);
    options.to = 1;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    ck_fails(trdbi_schema_check(conn, NULL, &err), TRDB_E_SCHEMA, "is at migration 1 of chain framework",
             err);
    ck_ok(trdb_migrate_up(url, NULL, NULL, &err), err);
    ck_ok(trdbi_schema_check(conn, "public", &err), err);
    harness_sql(url, "INSERT INTO trdb_migrations VALUES ('stranger', 77, 'x', 'x', now(), 0)");
    ck_ok(trdbi_schema_check(conn, "public", &err), err);
    harness_sql(url, "INSERT INTO trdb_migrations VALUES ('framework', 999, 'x', 'x', now(), 0)");
    ck_fails(trdbi_schema_check(conn, "public", &err), TRDB_E_SCHEMA_NEWER, "at migration 999", err);
    harness_sql(url, "DELETE FROM trdb_migrations WHERE chain = 'framework'");
    ck_fails(trdbi_schema_check(conn, "public", &err), TRDB_E_SCHEMA, "has no tradingdb tables", err);
    harness_sql(url, "REVOKE ALL ON trdb_migrations FROM PUBLIC");
    char plain[256];
    snprintf(plain, sizeof plain, "%s user=plain", url);
    trdbi_conn *poor = connect_to(plain);
    ck_fails(trdbi_schema_check(poor, "public", &err), TRDB_E_PERMISSION, "trdb_migrations", err);
    trdbi_conn_close(poor);
    trdbi_conn_close(conn);
}
END_TEST

/* The severity of the worst finding of a topic whose text contains a part; -1 when there is none. */
static int severity_of(const trdb_finding_list *list, const char *topic, const char *part) {
    int worst = -1;
    TRDB_FOREACH(trdb_finding, f, list) {
        ck_assert_msg((f->severity == TRDB_SEVERITY_OK) == (f->remedy == NULL), "%s: %s", f->topic, f->text);
        ck_assert_msg(!strstr(f->text, "hunter2") && !(f->remedy && strstr(f->remedy, "hunter2")), "%s",
                      f->text);
        if (strcmp(f->topic, topic) == 0 && strstr(f->text, part) && f->severity > worst)
            worst = f->severity;
    }
    return worst;
}

static int diagnose(const char *conninfo, const char *topic, const char *part) {
    trdb_error *err = NULL;
    trdb_finding_list *list = NULL;
    ck_ok(trdb_doctor(conninfo, NULL, &list, &err), err);
    ck_assert_uint_gt(trdb_finding_list_count(list), 0);
    ck_assert_ptr_null(trdb_finding_list_at(list, trdb_finding_list_count(list)));
    int severity = severity_of(list, topic, part);
    trdb_finding_list_free(list);
    return severity;
}

START_TEST(doctor_on_a_migrated_database) {
    trdb_error *err = NULL;
    char plain[256];
    snprintf(plain, sizeof plain, "%s user=plain", url);
    ck_ok(trdb_migrate_up(url, NULL, NULL, &err), err);
    ck_assert_int_eq(diagnose(url, "server", "answers"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(url, "version", "PostgreSQL"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(url, "schema", "public"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(url, "clock", "ms"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(url, "pool", "of 200"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(url, "encoding", "UTF8"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(url, "role", "superuser"), TRDB_SEVERITY_WARNING);
    ck_assert_int_eq(diagnose(url, "rights", "may read and write all"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(url, "durability", "fsync is off"), TRDB_SEVERITY_PROBLEM);
    ck_assert_int_eq(diagnose(url, "pooler", ""), -1);
    ck_assert_int_eq(diagnose(plain, "role", "ordinary"), TRDB_SEVERITY_OK);
    ck_assert_int_eq(diagnose(plain, "rights", "may not read and write"), TRDB_SEVERITY_PROBLEM);
    harness_sql(url, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO plain");
    ck_assert_int_eq(diagnose(plain, "rights", "may read and write all"), TRDB_SEVERITY_OK);
    harness_sql(url, "ALTER DATABASE %s CONNECTION LIMIT 20", strstr(url, "dbname=") + strlen("dbname="));
    ck_assert_int_eq(diagnose(plain, "pool", "database 20"), TRDB_SEVERITY_PROBLEM);
    harness_sql(url, "ALTER DATABASE %s SET default_transaction_read_only = on",
                strstr(url, "dbname=") + strlen("dbname="));
    ck_assert_int_eq(diagnose(url, "server", "read-only"), TRDB_SEVERITY_PROBLEM);
}
END_TEST

START_TEST(doctor_on_trouble) {
    trdb_error *err = NULL;
    trdb_finding_list *list = NULL;
    char guarded[256];
    ck_assert_int_eq(diagnose(url, "schema", "migrate up"), TRDB_SEVERITY_PROBLEM);
    ck_assert_int_eq(diagnose("host=/nonexistent password=hunter2", "server", "/nonexistent"),
                     TRDB_SEVERITY_PROBLEM);
    snprintf(guarded, sizeof guarded, "host=%s user=guarded password=hunter2 dbname=postgres",
             harness_host());
    ck_assert_int_eq(diagnose(guarded, "role", "refused"), TRDB_SEVERITY_PROBLEM);
    snprintf(guarded, sizeof guarded, "host=%s user=tester dbname=nonexistent", harness_host());
    ck_assert_int_eq(diagnose(guarded, "server", "nonexistent"), TRDB_SEVERITY_PROBLEM);
    ck_assert_int_eq(trdb_doctor("postgresql://%zz:hunter2@", NULL, &list, &err), TRDB_E_INVALID);
    ck_assert_ptr_null(strstr(trdb_error_message(err), "hunter2"));
    trdb_error_free(err);
    err = NULL;
    ck_fails(trdb_doctor(url, "a'b", &list, &err), TRDB_E_INVALID, "schema", err);
    ck_fails(trdb_doctor(url, NULL, NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_assert_uint_eq(trdb_finding_list_count(NULL), 0);
    ck_assert_ptr_null(trdb_finding_list_at(NULL, 0));
    ck_assert_ptr_null(trdb_finding_list_next(NULL, NULL));
    trdb_finding_list_free(NULL);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("doctor");
    TCase *tc = tcase_create("doctor");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, schema_check);
    tcase_add_test(tc, doctor_on_a_migrated_database);
    tcase_add_test(tc, doctor_on_trouble);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
