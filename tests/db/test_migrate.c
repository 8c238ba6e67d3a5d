/* SPDX-License-Identifier: MIT */
/* Migrations through the C API, on a real server. Processes that die or compete are in tests/cli. */
#include "harness.h"

#include "core/migrate.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char *url;
static char dir[128];

static void setup(void) {
    url = harness_empty_database();
    snprintf(dir, sizeof dir, "%s/trdb-migrate-XXXXXX", harness_tmp());
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status, (void)type, (void)walk;
    return remove(path);
}

static void teardown(void) {
    harness_database_free(url);
    nftw(dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- helpers --------------------------------------------------------------------------------------- */

static void write_bytes(const char *name, const void *data, size_t size) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, size, file), size);
    ck_assert_int_eq(fclose(file), 0);
}

static void write_file(const char *name, const char *text) {
    write_bytes(name, text, strlen(text));
}

static void remove_file(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    ck_assert_int_eq(unlink(path), 0);
}

/* A pair of files. */
static void write_step(const char *stem, const char *up, const char *down) {
    char name[128];
    snprintf(name, sizeof name, "%s.up.sql", stem);
    write_file(name, up);
    snprintf(name, sizeof name, "%s.down.sql", stem);
    write_file(name, down);
}

static trdb_migrate_options own_chain(void) {
    trdb_migrate_options options = trdb_migrate_options_init();
    options.chain = "toy";
    options.directory = dir;
    return options;
}

static void two_steps(void) {
    write_step("0001_first", "CREATE TABLE {schema}.first (id int);", "DROP TABLE {schema}.first;");
    write_step("0002_second", "CREATE TABLE second (id int);", "DROP TABLE second;");
}

static void check_value(const char *wanted, const char *query) {
    char *value = harness_value(url, "%s", query);
    ck_assert_msg(strcmp(value, wanted) == 0, "%s: got \"%s\", wanted \"%s\"", query, value, wanted);
    free(value);
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

/* ---- the way up and down --------------------------------------------------------------------------- */

START_TEST(builtin_up_down_up) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL;

    ck_ok(trdb_migrate_status(url, NULL, &list, &err), err);
    const size_t known = trdb_migration_list_count(list);
    ck_assert_uint_gt(known, 0);
    size_t seen = 0;
    TRDB_FOREACH(trdb_migration, m, list) {
        seen++;
        ck_assert_int_eq(m->version, (int32_t)seen);
        ck_assert_int_eq(m->applied, 0);
        ck_assert_uint_eq(strlen(m->checksum), 64);
    }
    ck_assert_uint_eq(seen, known);
    ck_assert_ptr_null(trdb_migration_list_at(list, known));
    trdb_migration_list_free(list);

    for (int round = 0; round < 2; round++) {
        ck_ok(trdb_migrate_up(url, NULL, &list, &err), err);
        ck_assert_uint_eq(trdb_migration_list_count(list), known);
        ck_assert_int_gt(trdb_migration_list_at(list, 0)->applied_at_us, 0);
        trdb_migration_list_free(list);
        ck_ok(trdb_migrate_up(url, NULL, &list, &err), err);
        ck_assert_uint_eq(trdb_migration_list_count(list), 0);
        trdb_migration_list_free(list);
        ck_ok(trdb_migrate_verify(url, NULL, NULL, &err), err);
        ck_ok(trdb_migrate_down(url, NULL, &list, &err), err);
        ck_assert_uint_eq(trdb_migration_list_count(list), known);
        ck_assert_int_eq(trdb_migration_list_at(list, 0)->version, (int32_t)known);
        trdb_migration_list_free(list);
        check_value("trdb_migrations",
                    "SELECT string_agg(relname, ',') FROM pg_class WHERE relkind IN ('r', 'p', 'S') "
                    "AND relnamespace = 'public'::regnamespace");
        check_value("0", "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace");
        check_value(
            "0",
            "SELECT count(*) FROM pg_type WHERE typtype = 'd' AND typnamespace = 'public'::regnamespace");
    }
}
END_TEST

START_TEST(every_step_goes_down_alone) {
    trdb_error *err = NULL;
    trdb_migrate_options options = trdb_migrate_options_init();
    trdb_migration_list *list = NULL;
    ck_ok(trdb_migrate_up(url, NULL, &list, &err), err);
    const int32_t last = (int32_t)trdb_migration_list_count(list);
    trdb_migration_list_free(list);
    for (int32_t to = last - 1; to >= 0; to--) {
        options.to = to;
        ck_ok(trdb_migrate_down(url, &options, &list, &err), err);
        ck_assert_uint_eq(trdb_migration_list_count(list), 1);
        trdb_migration_list_free(list);
    }
    for (int32_t to = 1; to <= last; to++) {
        options.to = to;
        ck_ok(trdb_migrate_up(url, &options, &list, &err), err);
        ck_assert_uint_eq(trdb_migration_list_count(list), 1);
        trdb_migration_list_free(list);
    }
}
END_TEST

START_TEST(directory_and_target) {
    trdb_error *err = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    options.to = 1;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    check_value("t|f",
                "SELECT to_regclass('public.first') IS NOT NULL, to_regclass('public.second') IS NOT NULL");
    options.to = 3;
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_INVALID, "the last is 2", err);
    ck_fails(trdb_migrate_down(url, &options, NULL, &err), TRDB_E_INVALID, "the last is 2", err);
    options.to = 0;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    options.to = 1;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err); /* never takes anything back */
    check_value("t", "SELECT to_regclass('public.second') IS NOT NULL");
    ck_ok(trdb_migrate_down(url, &options, NULL, &err), err);
    check_value("f", "SELECT to_regclass('public.second') IS NOT NULL");
}
END_TEST

START_TEST(checksum_is_sha256_of_the_bytes) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL;
    write_step("0001_a", "-- \xc3\xa4 '\\'\n", "--\n");
    trdb_migrate_options options = own_chain();
    ck_ok(trdb_migrate_status(url, &options, &list, &err), err);
    char command[256], sum[65] = "";
    snprintf(command, sizeof command, "sha256sum %s/0001_a.up.sql", dir);
    FILE *pipe = popen(command, "r");
    ck_assert_int_eq(fscanf(pipe, "%64s", sum), 1);
    pclose(pipe);
    ck_assert_str_eq(trdb_migration_list_at(list, 0)->checksum, sum);
    ck_assert_str_eq(trdb_migration_list_at(list, 0)->file, "0001_a.up.sql");
    ck_assert_str_eq(trdb_migration_list_at(list, 0)->name, "a");
    trdb_migration_list_free(list);
}
END_TEST

START_TEST(other_schema) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    options.schema = "My schema";
    ck_ok(trdb_migrate_plan(url, &options, &list, &err), err);
    ck_assert_str_eq(trdb_migration_list_at(list, 0)->sql, "CREATE TABLE \"My schema\".first (id int);");
    trdb_migration_list_free(list);
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    check_value("first,second,trdb_migrations",
                "SELECT string_agg(relname, ',' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND "
                "relnamespace = '\"My schema\"'::regnamespace");
    check_value("f", "SELECT to_regclass('public.trdb_migrations') IS NOT NULL");

    const char *const bad[] = {"",
                               "a'b",
                               "a\"b",
                               "a\\b",
                               "a$b",
                               "a\nb",
                               "pg_catalog",
                               "information_schema",
                               "x23456789012345678901234567890123456789012345678901234567890123x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        options.schema = bad[i];
        ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_INVALID, "schema", err);
    }
    options.schema = "\xff";
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_ENCODING, "schema", err);
}
END_TEST

START_TEST(comments_and_rights) {
    trdb_error *err = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    check_value(
        "0", "SELECT count(*) FROM pg_attribute WHERE attrelid = 'trdb_migrations'::regclass AND attnum > 0 "
             "AND col_description(attrelid, attnum) IS NULL");
    check_value("t", "SELECT obj_description('trdb_migrations'::regclass) IS NOT NULL");
    check_value("t", "SELECT has_table_privilege('plain', 'trdb_migrations', 'SELECT')");
    check_value("f", "SELECT has_table_privilege('plain', 'trdb_migrations', 'INSERT')");
}
END_TEST

/* ---- looking changes nothing ----------------------------------------------------------------------- */

static const char *seen_sql;

static void see(void *arg, const trdb_trace_event *event) {
    if (strstr(event->sql, arg))
        seen_sql = arg;
}

START_TEST(plan_changes_nothing) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    options.schema = "fresh";
    options.trace = see;
    options.trace_arg = (char[]){"READ ONLY"};
    check_value("", "SELECT nspname FROM pg_namespace WHERE nspname = 'fresh'");
    char *before = harness_value(url, "SELECT count(*) FROM pg_class");
    ck_ok(trdb_migrate_plan(url, &options, &list, &err), err);
    ck_assert_uint_eq(trdb_migration_list_count(list), 2);
    trdb_migration_list_free(list);
    ck_assert_ptr_eq(seen_sql, options.trace_arg);
    ck_ok(trdb_migrate_status(url, &options, &list, &err), err);
    trdb_migration_list_free(list);
    ck_ok(trdb_migrate_verify(url, &options, &list, &err), err);
    trdb_migration_list_free(list);
    check_value("", "SELECT nspname FROM pg_namespace WHERE nspname = 'fresh'");
    check_value(before, "SELECT count(*) FROM pg_class");
    free(before);

    options.to = 1;
    ck_ok(trdb_migrate_plan(url, &options, &list, &err), err);
    ck_assert_uint_eq(trdb_migration_list_count(list), 1);
    trdb_migration_list_free(list);
}
END_TEST

/* ---- differences ----------------------------------------------------------------------------------- */

START_TEST(changed_files_are_named) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL, *untouched = NULL;
    two_steps();
    write_step("0003_third", "SELECT 1;", "SELECT 1;");
    trdb_migrate_options options = own_chain();
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    write_file("0001_first.up.sql", "CREATE TABLE {schema}.first (id int); ");
    write_file("0003_third.up.sql", "SELECT 2;");
    write_file("0002_second.down.sql", "DROP TABLE {schema}.second;"); /* may be mended */
    ck_fails(trdb_migrate_verify(url, &options, &untouched, &err), TRDB_E_CHECKSUM,
             "0001_first.up.sql, 0003_third.up.sql", err);
    ck_assert_ptr_null(untouched);
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_CHECKSUM, "0001_first.up.sql", err);
    ck_fails(trdb_migrate_plan(url, &options, &untouched, &err), TRDB_E_CHECKSUM, "0001_first.up.sql", err);
    ck_fails(trdb_migrate_down(url, &options, NULL, &err), TRDB_E_CHECKSUM, "0001_first.up.sql", err);
    ck_ok(trdb_migrate_status(url, &options, &list, &err), err);
    ck_assert_ptr_nonnull(strstr(trdb_migration_list_at(list, 0)->problem, "changed"));
    ck_assert_ptr_null(trdb_migration_list_at(list, 1)->problem);
    trdb_migration_list_free(list);
}
END_TEST

START_TEST(renamed_file_is_named) {
    trdb_error *err = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    remove_file("0002_second.up.sql");
    remove_file("0002_second.down.sql");
    write_step("0002_other", "CREATE TABLE second (id int);", "DROP TABLE second;");
    ck_fails(trdb_migrate_verify(url, &options, NULL, &err), TRDB_E_CHECKSUM, "0002_other.up.sql", err);
}
END_TEST

START_TEST(newer_database_is_refused) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    remove_file("0002_second.up.sql");
    remove_file("0002_second.down.sql");
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_SCHEMA_NEWER, "at migration 2", err);
    ck_fails(trdb_migrate_down(url, &options, NULL, &err), TRDB_E_SCHEMA_NEWER, "at migration 2", err);
    ck_fails(trdb_migrate_verify(url, &options, NULL, &err), TRDB_E_SCHEMA_NEWER, "at migration 2", err);
    ck_ok(trdb_migrate_status(url, &options, &list, &err), err);
    ck_assert_uint_eq(trdb_migration_list_count(list), 2);
    ck_assert_str_eq(trdb_migration_list_at(list, 1)->file, "0002_second.up.sql");
    ck_assert_ptr_nonnull(trdb_migration_list_at(list, 1)->problem);
    trdb_migration_list_free(list);
    check_value("2", "SELECT count(*) FROM trdb_migrations");
}
END_TEST

/* ---- failures -------------------------------------------------------------------------------------- */

START_TEST(failing_step_leaves_nothing) {
    trdb_error *err = NULL;
    two_steps();
    write_step("0002_second", "CREATE TABLE second (id int); SELECT 1 / 0;", "DROP TABLE second;");
    trdb_migrate_options options = own_chain();
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_RANGE, "0002_second.up.sql", err);
    check_value("t|f",
                "SELECT to_regclass('public.first') IS NOT NULL, to_regclass('public.second') IS NOT NULL");
    check_value("1", "SELECT string_agg(version::text, ',') FROM trdb_migrations");
    two_steps();
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    check_value("1,2", "SELECT string_agg(version::text, ',' ORDER BY version) FROM trdb_migrations");
}
END_TEST

START_TEST(no_transaction_is_repeatable) {
    trdb_error *err = NULL;
    two_steps();
    write_step("0003_index",
               "-- tradingdb: no-transaction\n"
               "DROP INDEX CONCURRENTLY IF EXISTS {schema}.first_id;\n"
               "CREATE INDEX CONCURRENTLY first_id ON first (id); -- a; b\n"
               "DO $$ BEGIN PERFORM 1; IF current_setting('toy.fail', true) = 'on' THEN RAISE 'half-way'; "
               "END IF; END $$;\n"
               "CREATE TABLE IF NOT EXISTS last ();\n",
               "-- tradingdb: no-transaction\nDROP TABLE IF EXISTS last; DROP INDEX CONCURRENTLY IF EXISTS "
               "first_id;");
    harness_sql(url, "ALTER DATABASE %s SET toy.fail = 'on'", strstr(url, "dbname=") + strlen("dbname="));
    trdb_migrate_options options = own_chain();
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_SERVER, "0003_index.up.sql:4", err);
    check_value("t|f",
                "SELECT to_regclass('public.first_id') IS NOT NULL, to_regclass('public.last') IS NOT NULL");
    check_value("2", "SELECT max(version) FROM trdb_migrations");
    harness_sql(url, "ALTER DATABASE %s RESET toy.fail", strstr(url, "dbname=") + strlen("dbname="));
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    check_value(
        "t|t",
        "SELECT to_regclass('public.last') IS NOT NULL, (SELECT indisvalid FROM pg_index WHERE indexrelid "
        "= 'first_id'::regclass)");
    ck_ok(trdb_migrate_down(url, &options, NULL, &err), err);
    check_value("0", "SELECT count(*) FROM trdb_migrations");
}
END_TEST

START_TEST(settings_of_a_role_do_not_matter) {
    trdb_error *err = NULL;
    write_step("0001_a",
               "CREATE TABLE a AS SELECT current_setting('lock_timeout') AS lock, "
               "current_setting('search_path') AS path,"
               " current_setting('statement_timeout') AS statement, current_setting('transaction_isolation') "
               "AS level;",
               "DROP TABLE a;");
    harness_sql(
        url,
        "ALTER DATABASE %1$s SET statement_timeout = '1h'; ALTER DATABASE %1$s SET search_path = nowhere;"
        "ALTER DATABASE %1$s SET default_transaction_isolation = 'serializable';"
        "ALTER DATABASE %1$s SET default_transaction_read_only = on",
        strstr(url, "dbname=") + strlen("dbname="));
    trdb_migrate_options options = own_chain();
    options.lock_timeout_ms = 1234;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    check_value("1234ms|public, pg_temp|0|read committed", "SELECT * FROM public.a");
}
END_TEST

START_TEST(bad_directories) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL;
    trdb_migrate_options options = own_chain();
#define STATUS_FAILS(code, part) ck_fails(trdb_migrate_status(url, &options, &list, &err), code, part, err)
    STATUS_FAILS(TRDB_E_INVALID, "holds no migration");
    write_file("README.md", "not a migration");
    two_steps();
    write_step("0004_fourth", "", "");
    STATUS_FAILS(TRDB_E_INVALID, "migration 0003 is missing");
    remove_file("0004_fourth.down.sql");
    remove_file("0004_fourth.up.sql");
    write_file("0003_third.up.sql", "");
    STATUS_FAILS(TRDB_E_INVALID, "0003_third.down.sql is missing");
    remove_file("0003_third.up.sql");
    write_file("0003_third.down.sql", "");
    STATUS_FAILS(TRDB_E_INVALID, "0003_third.up.sql is missing");
    remove_file("0003_third.down.sql");
    write_step("0002_twice", "", "");
    STATUS_FAILS(TRDB_E_INVALID, "two migrations have the number 0002");
    remove_file("0002_twice.up.sql");
    remove_file("0002_twice.down.sql");
    const char *const names[] = {"0000_zero.up.sql", "3_x.up.sql",     "0003-x.up.sql", "0003_.up.sql",
                                 "0003_X.up.sql",    "00003_x.up.sql", "0003_x.sql",    ".up.sql"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        write_file(names[i], "");
        STATUS_FAILS(TRDB_E_INVALID, "NNNN_name.up.sql");
        remove_file(names[i]);
    }
    write_file("0002_second.up.sql", "SELECT '\xff';");
    STATUS_FAILS(TRDB_E_ENCODING, "0002_second.up.sql is not valid UTF-8");
    write_bytes("0002_second.up.sql", "SELECT 1;\0SELECT 2", 18);
    STATUS_FAILS(TRDB_E_ENCODING, "0002_second.up.sql is not valid UTF-8");
    remove_file("0002_second.up.sql");
    char path[256];
    snprintf(path, sizeof path, "%s/0002_second.up.sql", dir);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    STATUS_FAILS(TRDB_E_IO, "not a regular file");
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    STATUS_FAILS(TRDB_E_IO, "not a regular file");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("/nonexistent", path), 0);
    STATUS_FAILS(TRDB_E_IO, "0002_second.up.sql: No such file");
    options.directory = "/nonexistent";
    STATUS_FAILS(TRDB_E_IO, "/nonexistent");
    options.directory = "";
    STATUS_FAILS(TRDB_E_IO, "directory");
}
END_TEST

START_TEST(transaction_control_is_refused) {
    trdb_error *err = NULL;
    trdb_migrate_options options = own_chain();
    const char *const bad[] = {"SELECT 1;\ncommit;", "SELECT 1;\nBEGIN",      "SELECT 1;\nROLLBACK;",
                               "--\nEND;",           "--\nstart transaction", "--\nABORT/**/;"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_step("0001_a", bad[i], "");
        ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_INVALID, "0001_a.up.sql:2", err);
        write_step("0001_a", "SELECT 'commit;'", bad[i]);
        ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_INVALID, "0001_a.down.sql:2", err);
    }
    write_step("0001_a", "DO $$ BEGIN PERFORM 1; END $$; /* commit; */ SELECT 'x; commit;'", "");
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
}
END_TEST

START_TEST(bad_arguments) {
    trdb_error *err = NULL;
    trdb_migration_list *list = NULL;
    ck_fails(trdb_migrate_status(url, NULL, NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_migrate_plan(url, NULL, NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_assert_int_eq(trdb_migrate_status(url, NULL, NULL, NULL), TRDB_E_INVALID);
    trdb_migrate_options options = trdb_migrate_options_init();
    options.chain = "nonesuch";
    ck_fails(trdb_migrate_status(url, &options, &list, &err), TRDB_E_INVALID, "framework", err);
    options.chain = "no'such";
    ck_fails(trdb_migrate_status(url, &options, &list, &err), TRDB_E_INVALID, "chain", err);
    options = trdb_migrate_options_init();
    options.to = -1;
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_INVALID, "negative", err);
    options = trdb_migrate_options_init();
    options.struct_size = 0;
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_INVALID, "struct_size", err);
    struct {
        trdb_migrate_options options;
        int newer;
    } larger = {.options = trdb_migrate_options_init(), .newer = 1};
    larger.options.struct_size = sizeof larger;
    ck_fails(trdb_migrate_up(url, &larger.options, NULL, &err), TRDB_E_INVALID, "does not know", err);
    ck_fails(trdb_migrate_up("host=/nonexistent", NULL, NULL, &err), TRDB_E_CONNECT, "/nonexistent", err);
    ck_assert_uint_eq(trdb_migration_list_count(NULL), 0);
    ck_assert_ptr_null(trdb_migration_list_at(NULL, 0));
    ck_assert_ptr_null(trdb_migration_list_next(NULL, NULL));
    trdb_migration_list_free(NULL);
}
END_TEST

/* ---- locks ----------------------------------------------------------------------------------------- */

START_TEST(lock_in_the_way) {
    trdb_error *err = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    write_step("0003_alter", "ALTER TABLE first ADD COLUMN more int;", "ALTER TABLE first DROP COLUMN more;");
    trdbi_conn *blocker = connect_to(url);
    ck_ok(trdbi_conn_exec(blocker, "test", "BEGIN; SELECT * FROM first", NULL, &err), err);
    options.lock_timeout_ms = 20;
    options.attempts = 3;
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_TIMEOUT, "0003_alter.up.sql", err);
    check_value("2", "SELECT max(version) FROM trdb_migrations");
    ck_ok(trdbi_conn_exec(blocker, "test", "COMMIT", NULL, &err), err);
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    trdbi_conn_close(blocker);
}
END_TEST

/* Ends the transaction of a session once another attempt has failed on it. */
typedef struct release {
    trdbi_conn *blocker;
    int lock_failures;
} release;

static void count_lock_failures(void *arg, const trdb_trace_event *event) {
    release *r = arg;
    if (!event->sqlstate || strcmp(event->sqlstate, "55P03") != 0)
        return;
    if (++r->lock_failures == 2)
        trdbi_conn_exec(r->blocker, "test", "ROLLBACK", NULL, NULL);
}

START_TEST(lock_is_tried_again) {
    trdb_error *err = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    write_step("0003_alter", "ALTER TABLE first ADD COLUMN more int;", "ALTER TABLE first DROP COLUMN more;");
    release r = {.blocker = connect_to(url)};
    ck_ok(trdbi_conn_exec(r.blocker, "test", "BEGIN; SELECT * FROM first", NULL, &err), err);
    options.lock_timeout_ms = 20;
    options.trace = count_lock_failures;
    options.trace_arg = &r;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    ck_assert_ptr_null(err);
    ck_assert_int_eq(r.lock_failures, 2);
    check_value("3", "SELECT max(version) FROM trdb_migrations");
    trdbi_conn_close(r.blocker);
}
END_TEST

START_TEST(other_migrator_is_waited_for) {
    trdb_error *err = NULL;
    two_steps();
    trdb_migrate_options options = own_chain();
    options.wait_ms = 100;
    trdbi_conn *other = connect_to(url);
    ck_ok(trdbi_conn_exec(other, "test",
                          "SELECT pg_advisory_lock(hashtextextended('tradingdb migrate public', 0))", NULL,
                          &err),
          err);
    char pid[32];
    snprintf(pid, sizeof pid, "server process %d", trdbi_conn_backend_pid(other));
    ck_fails(trdb_migrate_up(url, &options, NULL, &err), TRDB_E_TIMEOUT, pid, err);
    check_value("", "SELECT to_regclass('public.trdb_migrations')");
    options.schema = "elsewhere"; /* has a lock of its own */
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    trdbi_conn_close(other);
    options.schema = NULL;
    options.wait_ms = 60000;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("migrate");
    TCase *tc = tcase_create("migrate");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, builtin_up_down_up);
    tcase_add_test(tc, every_step_goes_down_alone);
    tcase_add_test(tc, directory_and_target);
    tcase_add_test(tc, checksum_is_sha256_of_the_bytes);
    tcase_add_test(tc, other_schema);
    tcase_add_test(tc, comments_and_rights);
    tcase_add_test(tc, plan_changes_nothing);
    tcase_add_test(tc, changed_files_are_named);
    tcase_add_test(tc, renamed_file_is_named);
    tcase_add_test(tc, newer_database_is_refused);
    tcase_add_test(tc, failing_step_leaves_nothing);
    tcase_add_test(tc, no_transaction_is_repeatable);
    tcase_add_test(tc, settings_of_a_role_do_not_matter);
    tcase_add_test(tc, bad_directories);
    tcase_add_test(tc, transaction_control_is_refused);
    tcase_add_test(tc, bad_arguments);
    tcase_add_test(tc, lock_in_the_way);
    tcase_add_test(tc, lock_is_tried_again);
    tcase_add_test(tc, other_migrator_is_waited_for);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
