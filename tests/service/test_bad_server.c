/* SPDX-License-Identifier: MIT */
/* Databases that cannot be used: a wrong password, a dead server, no schema, a newer one, a bad address. */
#include "bad.h"

#include <unistd.h>

static const char password[] = "hunter2-Zq";

/* Expects an error that shows no part of the password. What follows its hyphen is looked for together with the
   hyphen, since messages name the folder of the socket, and mktemp(1) chooses letters and digits. */
static void fails_without_password(int code, int wanted, const char *part) {
    ck_assert_msg(code == wanted, "got %s (%s), wanted %s", trdb_error_code_name(code),
                  trdb_error_message(bad_err), trdb_error_code_name(wanted));
    const char *texts[] = {trdb_error_message(bad_err), trdb_error_detail(bad_err),
                           trdb_error_statement(bad_err), trdb_error_constraint(bad_err),
                           trdb_error_column(bad_err)};
    ck_assert_msg(strstr(texts[0], part) != NULL, "\"%s\" lacks \"%s\"", texts[0], part);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(!texts[i] || (!strstr(texts[i], "hunter2") && !strstr(texts[i], "-Zq")), "shown: %s",
                      texts[i]);
    trdb_error_free(bad_err);
    bad_err = NULL;
}

static char *format(const char *pattern, const char *a, const char *b) {
    char *text = NULL;
    ck_assert_int_ge(asprintf(&text, pattern, a, b), 0);
    return text;
}

static const char *database(void) {
    return strstr(bad_url, "dbname=") + strlen("dbname=");
}

/* The database as role `guarded`, with a password behind it. */
static char *guarded(const char *with) {
    char *as = format("host=%s user=guarded dbname=%s", harness_host(), database());
    char *url = format("%s password='%s'", as, with);
    free(as);
    return url;
}

/* ---- passwords --------------------------------------------------------------------------------------- */

/* Everything that connects by itself. */
static void refuses_everywhere(const char *conninfo, int code, const char *part) {
    trdb_db *db = UNTOUCHED(trdb_db);
    trdb_migration_list *list = UNTOUCHED(trdb_migration_list);
    fails_without_password(trdb_open(conninfo, NULL, &db, &bad_err), code, part);
    fails_without_password(trdb_migrate_status(conninfo, NULL, &list, &bad_err), code, part);
    fails_without_password(trdb_migrate_plan(conninfo, NULL, &list, &bad_err), code, part);
    fails_without_password(trdb_migrate_up(conninfo, NULL, &list, &bad_err), code, part);
    fails_without_password(trdb_migrate_down(conninfo, NULL, &list, &bad_err), code, part);
    fails_without_password(trdb_migrate_verify(conninfo, NULL, &list, &bad_err), code, part);
    IS_UNTOUCHED(db), IS_UNTOUCHED(list);
}

/* A finding instead of an error, with the remedy. */
static void doctor_finds(const char *conninfo, const char *part) {
    trdb_finding_list *findings = NULL;
    OK(trdb_doctor(conninfo, NULL, &findings, &bad_err));
    ck_assert_uint_ge(trdb_finding_list_count(findings), 1);
    const trdb_finding *problem = NULL;
    TRDB_FOREACH(trdb_finding, finding, findings) {
        ck_assert_ptr_null(strstr(finding->text, "hunter2"));
        ck_assert(!finding->remedy || !strstr(finding->remedy, "hunter2"));
        if (finding->severity == TRDB_SEVERITY_PROBLEM)
            problem = finding;
    }
    ck_assert_msg(problem && problem->remedy && strstr(problem->text, part), "found \"%s\"",
                  problem ? problem->text : "no problem");
    trdb_finding_list_free(findings);
}

START_TEST(a_wrong_password) {
    char *url = guarded(password);
    refuses_everywhere(url, TRDB_E_AUTH, "refused the user or the password");
    doctor_finds(url, "refused the user or the password");
    free(url);
    char *uri = format("postgresql://guarded:hunter2-Zq@/%s?host=%s", database(), harness_host());
    refuses_everywhere(uri, TRDB_E_AUTH, "refused the user or the password");
    free(uri);
    /* A lazy database tells it when the first unit begins, which leaves nothing behind. */
    trdb_db *db = NULL;
    trdb_uow *unit = UNTOUCHED(trdb_uow);
    trdb_db_options lazy = trdb_db_options_init();
    lazy.flags = TRDB_OPEN_LAZY;
    url = guarded(password);
    OK(trdb_open(url, &lazy, &db, &bad_err));
    fails_without_password(trdb_uow_begin(db, NULL, &unit, &bad_err), TRDB_E_AUTH,
                           "refused the user or the password");
    IS_UNTOUCHED(unit);
    trdb_db_free(db);
    free(url);
    bad_nothing_happened();
}
END_TEST

START_TEST(no_password) {
    char *url = format("host=%s user=guarded dbname=%s", harness_host(), database());
    refuses_everywhere(url, TRDB_E_AUTH, "asks for a password and none was given");
    free(url);
    bad_nothing_happened();
}
END_TEST

START_TEST(the_right_password) {
    trdb_db *db = NULL;
    char *url = guarded("correct horse");
    OK(trdb_open(url, NULL, &db, &bad_err));
    trdb_db_free(db);
    free(url);
}
END_TEST

/* ---- servers that are not there ---------------------------------------------------------------------- */

START_TEST(a_dead_server) {
    refuses_everywhere("host=/nowhere/at/all port=5432 user=x dbname=y password=hunter2-Zq", TRDB_E_CONNECT,
                       "cannot connect to /nowhere/at/all port 5432");
    refuses_everywhere("postgresql://x:hunter2-Zq@127.0.0.1:1/y", TRDB_E_CONNECT,
                       "cannot connect to 127.0.0.1 port 1");
    /* A password that got into the wrong place is not shown there either. */
    refuses_everywhere("host=/nowhere/hunter2-Zq user=x dbname=y password=hunter2-Zq", TRDB_E_CONNECT,
                       "cannot connect to the server");
    doctor_finds("postgresql://x:hunter2-Zq@127.0.0.1:1/y", "cannot connect to 127.0.0.1 port 1");
    bad_nothing_happened();
}
END_TEST

START_TEST(a_database_that_does_not_exist) {
    char *url =
        format("host=%s user=tester dbname=%s password=hunter2-Zq", harness_host(), "no_such_database");
    refuses_everywhere(url, TRDB_E_CONNECT, "no_such_database");
    free(url);
}
END_TEST

START_TEST(a_server_that_goes_away) {
    char *before = bad_fingerprint(bad_url);
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    OK(trdb_trading_heartbeat(bad_uow, bad_bot, trdb_timestamp_now(), &bad_err));
    harness_sql(bad_url, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                         " WHERE datname = current_database() AND application_name = 'tradingdb'");
    FAILS(trdb_trading_bot_get(bad_uow, bad_bot, &bot, &bad_err), TRDB_E_CONNECTION_LOST, "trading_bots.get");
    FAILS(trdb_trading_bot_get(bad_uow, bad_bot, &bot, &bad_err), TRDB_E_STATE, "an earlier call failed");
    IS_UNTOUCHED(bot);
    OK(trdb_uow_rollback(bad_uow, &bad_err)); /* nothing was stored, so this is no error */
    trdb_uow_free(bad_uow);
    bad_uow = NULL;
    OK(trdb_uow_begin(bad_db, NULL, &bad_uow, &bad_err));
    bad_unit_works();
    bad_nothing_happened();
    char *after = bad_fingerprint(bad_url);
    ck_assert_str_eq(after, before);
    free(after);
    free(before);
}
END_TEST

START_TEST(a_server_that_is_gone_before_commit) {
    OK(trdb_trading_heartbeat(bad_uow, bad_bot, trdb_timestamp_now(), &bad_err));
    char *before = bad_fingerprint(bad_url);
    harness_sql(bad_url, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                         " WHERE datname = current_database() AND application_name = 'tradingdb'");
    int code = trdb_uow_commit(bad_uow, &bad_err);
    ck_assert_int_eq(code, TRDB_E_CONNECTION_LOST);
    ck_assert(trdb_error_retryable(bad_err) && !trdb_error_in_doubt(bad_err));
    char *after = bad_fingerprint(bad_url);
    ck_assert_str_eq(after, before);
    free(after);
    free(before);
}
END_TEST

/* ---- schemas ----------------------------------------------------------------------------------------- */

static void refuses_schema(const char *url, const char *schema, int code, const char *part) {
    trdb_db *db = UNTOUCHED(trdb_db), *lazy_db = NULL;
    trdb_uow *unit = UNTOUCHED(trdb_uow);
    trdb_db_options options = trdb_db_options_init();
    options.schema = schema;
    FAILS(trdb_open(url, &options, &db, &bad_err), code, part);
    IS_UNTOUCHED(db);
    options.flags = TRDB_OPEN_LAZY;
    OK(trdb_open(url, &options, &lazy_db, &bad_err));
    FAILS(trdb_uow_begin(lazy_db, NULL, &unit, &bad_err), code, part);
    FAILS(trdb_uow_begin(lazy_db, NULL, &unit, &bad_err), code, part); /* and it is not forgotten */
    IS_UNTOUCHED(unit);
    trdb_db_free(lazy_db);
}

START_TEST(a_database_without_the_schema) {
    char *url = harness_empty_database();
    refuses_schema(url, NULL, TRDB_E_SCHEMA,
                   "has no tradingdb tables in schema \"public\": run `tradingdb migrate up`");
    doctor_finds(url, "no tradingdb tables");
    char *tables =
        harness_value(url, "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace");
    ck_assert_str_eq(tables, "0");
    free(tables);
    harness_database_free(url);
    refuses_schema(bad_url, "elsewhere", TRDB_E_SCHEMA, "schema \"elsewhere\": run `tradingdb migrate up`");
    bad_nothing_happened();
}
END_TEST

START_TEST(a_schema_that_is_too_old) {
    char *url = harness_database();
    harness_sql(url,
                "DELETE FROM trdb_migrations WHERE version = (SELECT max(version) FROM trdb_migrations)");
    refuses_schema(url, NULL, TRDB_E_SCHEMA, "run `tradingdb migrate up`");
    harness_database_free(url);
}
END_TEST

START_TEST(a_schema_newer_than_the_library) {
    char *url = harness_database();
    trdb_migration_list *list = UNTOUCHED(trdb_migration_list);
    harness_sql(url, "INSERT INTO trdb_migrations (chain, version, name, checksum, duration_us)"
                     " VALUES ('framework', 9999, 'later', 'x', 1)");
    refuses_schema(url, NULL, TRDB_E_SCHEMA_NEWER, "is at migration 9999 of chain framework");
    char *direct = harness_direct_url(url); /* no pooler is migrated through */
    FAILS(trdb_migrate_up(direct, NULL, &list, &bad_err), TRDB_E_SCHEMA_NEWER, "9999");
    FAILS(trdb_migrate_down(direct, NULL, &list, &bad_err), TRDB_E_SCHEMA_NEWER, "9999");
    FAILS(trdb_migrate_verify(direct, NULL, &list, &bad_err), TRDB_E_SCHEMA_NEWER, "9999");
    free(direct);
    IS_UNTOUCHED(list);
    doctor_finds(url, "9999");
    char *newest = harness_value(url, "SELECT max(version) FROM trdb_migrations");
    ck_assert_str_eq(newest, "9999");
    free(newest);
    harness_database_free(url);
}
END_TEST

/* ---- addresses --------------------------------------------------------------------------------------- */

static const char *const malformed[] = {
    "host=x password=hunter2-Zq extra",
    "host=x password='hunter2-Zq",
    "no_such_key=1 password=hunter2-Zq",
    "postgresql://u:hunter2-Zq@h:port:5432/d?x",
    "postgresql://u:hunter2-Zq/@h/d",
    "postgresql://u:hunter2-Zq@more@h/d",
    "postgresql://u:hunter2-Zq@h/d?no_such_key=1",
    "postgresql://u:hunter2-Zq%@h/d",
    "postgresql://[::1/d?password=hunter2-Zq",
    "mysql://u:hunter2-Zq@h/d",
    "postgresql://u:hunter2-Zq@h/d?out of memory",
    "hunter2-Zq",
};

START_TEST(malformed_conninfo) {
    refuses_everywhere(malformed[_i], TRDB_E_INVALID, "the connection string is ");
    trdb_finding_list *findings = UNTOUCHED(trdb_finding_list);
    fails_without_password(trdb_doctor(malformed[_i], NULL, &findings, &bad_err), TRDB_E_INVALID,
                           "the connection string is ");
    IS_UNTOUCHED(findings);
    setenv("DB_URL", malformed[_i], 1);
    refuses_everywhere(NULL, TRDB_E_INVALID, "the connection string is ");
    unsetenv("DB_URL");
}
END_TEST

START_TEST(db_url_missing) {
    unsetenv("DB_URL");
    refuses_everywhere(NULL, TRDB_E_INVALID, "no connection string is given and DB_URL is not set");
    refuses_everywhere("", TRDB_E_INVALID, "DB_URL is not set");
    setenv("DB_URL", "", 1);
    refuses_everywhere(NULL, TRDB_E_INVALID, "DB_URL is not set");
    trdb_db *db = NULL;
    setenv("DB_URL", bad_url, 1);
    OK(trdb_open(NULL, NULL, &db, &bad_err));
    unsetenv("DB_URL");
    trdb_db_free(db);
}
END_TEST

START_TEST(options_out_of_range) {
    trdb_db *db = UNTOUCHED(trdb_db);
    trdb_uow *unit = UNTOUCHED(trdb_uow);
#define BAD_OPTION(field, number)                                                                            \
    do {                                                                                                     \
        trdb_db_options options = trdb_db_options_init();                                                    \
        options.field = (number);                                                                            \
        FAILS(trdb_open(bad_url, &options, &db, &bad_err), TRDB_E_INVALID, "trdb_db_options: " #field);      \
    } while (0)
    BAD_OPTION(pool_size, -1);
    BAD_OPTION(pool_size, INT32_MAX);
    BAD_OPTION(pool_min, 21); /* more than pool_size */
    BAD_OPTION(pool_timeout_ms, -1);
    BAD_OPTION(connect_timeout_ms, INT32_MIN);
    BAD_OPTION(max_lifetime_ms, -2);
    BAD_OPTION(application_name, "");
    BAD_OPTION(schema, "");
    trdb_uow_options options = trdb_uow_options_init();
    options.isolation = 4;
    REFUSED(trdb_uow_begin(bad_db, &options, &unit, &bad_err), TRDB_E_INVALID, "isolation is 4");
    options = trdb_uow_options_init();
    options.statement_timeout_ms = -1;
    REFUSED(trdb_uow_begin(bad_db, &options, &unit, &bad_err), TRDB_E_INVALID, "statement_timeout_ms is -1");
    IS_UNTOUCHED(db), IS_UNTOUCHED(unit);
    bad_nothing_happened();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bad servers");
    TCase *tcase = bad_case("servers");
    tcase_add_test(tcase, a_wrong_password);
    tcase_add_test(tcase, no_password);
    tcase_add_test(tcase, the_right_password);
    tcase_add_test(tcase, a_dead_server);
    tcase_add_test(tcase, a_database_that_does_not_exist);
    tcase_add_test(tcase, a_server_that_goes_away);
    tcase_add_test(tcase, a_server_that_is_gone_before_commit);
    tcase_add_test(tcase, a_database_without_the_schema);
    tcase_add_test(tcase, a_schema_that_is_too_old);
    tcase_add_test(tcase, a_schema_newer_than_the_library);
    tcase_add_loop_test(tcase, malformed_conninfo, 0, sizeof malformed / sizeof malformed[0]);
    tcase_add_test(tcase, db_url_missing);
    tcase_add_test(tcase, options_out_of_range);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
