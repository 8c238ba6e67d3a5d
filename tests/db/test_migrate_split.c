/* SPDX-License-Identifier: MIT */
/* The statement splitter of files that run outside of a transaction; no server needed. */
#include "harness.h"

#include "core/migrate.h"

#include <stdio.h>

static void check_split(const char *sql, size_t count, const char *const *wanted) {
    trdbi_splitter splitter = {.at = sql, .line = 1};
    trdbi_piece piece;
    size_t found = 0;
    while (trdbi_split_next(&splitter, &piece)) {
        ck_assert_msg(found < count, "more than %zu statements in: %s", count, sql);
        ck_assert_msg(piece.size == strlen(wanted[found]) &&
                          memcmp(piece.sql, wanted[found], piece.size) == 0,
                      "statement %zu of: %s\nis: %.*s\nwanted: %s", found, sql, (int)piece.size, piece.sql,
                      wanted[found]);
        found++;
    }
    ck_assert_msg(found == count, "%zu statements instead of %zu in: %s", found, count, sql);
    ck_assert_msg(*splitter.at == '\0', "the rest was not read: %s", splitter.at);
}

#define SPLITS(sql, ...)                                                                                     \
    check_split(sql, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *),                      \
                (const char *const[]){__VA_ARGS__})

START_TEST(plain) {
    SPLITS("SELECT 1; SELECT 2;", "SELECT 1", "SELECT 2");
    SPLITS("SELECT 1;\n;;  ;SELECT 2", "SELECT 1", "SELECT 2");
    SPLITS("  SELECT\n1  ", "SELECT\n1");
    check_split("", 0, NULL);
    check_split(" ;;\n -- nothing; here\n /* or; here */ ", 0, NULL);
}
END_TEST

START_TEST(quotes) {
    SPLITS("SELECT ';'; SELECT 'it''s; one'; SELECT 3", "SELECT ';'", "SELECT 'it''s; one'", "SELECT 3");
    SPLITS("SELECT '\\'; SELECT 2", "SELECT '\\'", "SELECT 2");
    SPLITS("SELECT E'\\';'; SELECT 2", "SELECT E'\\';'", "SELECT 2");
    SPLITS("SELECT e'\\\\'; SELECT 2", "SELECT e'\\\\'", "SELECT 2");
    SPLITS("SELECT name'x\\'; SELECT 2", "SELECT name'x\\'", "SELECT 2");
    SPLITS("SELECT 1 AS \";\"\"a;\"; SELECT 2", "SELECT 1 AS \";\"\"a;\"", "SELECT 2");
    SPLITS("SELECT 'never; closed", "SELECT 'never; closed");
}
END_TEST

START_TEST(dollars) {
    SPLITS("DO $$ BEGIN; END $$; SELECT 2", "DO $$ BEGIN; END $$", "SELECT 2");
    SPLITS("DO $a$ x; $$ y; $b$ z; $a$; SELECT 2", "DO $a$ x; $$ y; $b$ z; $a$", "SELECT 2");
    SPLITS("SELECT a$1$; SELECT b$1$", "SELECT a$1$", "SELECT b$1$");
    SPLITS("SELECT $1; SELECT $2", "SELECT $1", "SELECT $2");
    SPLITS("SELECT $_x1$;$_x1$; SELECT 2", "SELECT $_x1$;$_x1$", "SELECT 2");
    SPLITS("SELECT $\xc3\xa4$;$\xc3\xa4$; SELECT 2", "SELECT $\xc3\xa4$;$\xc3\xa4$", "SELECT 2");
    SPLITS("DO $$ never; closed", "DO $$ never; closed");
}
END_TEST

START_TEST(comments) {
    SPLITS("-- first; line\nSELECT 1; -- after; it\nSELECT 2", "SELECT 1", "SELECT 2");
    SPLITS("SELECT /* a; /* nested; */ b; */ 1; SELECT 2", "SELECT /* a; /* nested; */ b; */ 1", "SELECT 2");
    SPLITS("SELECT 1 -- tail; of it\n + 1; SELECT 2", "SELECT 1 -- tail; of it\n + 1", "SELECT 2");
    SPLITS("SELECT '--'; SELECT '/*'; SELECT 3", "SELECT '--'", "SELECT '/*'", "SELECT 3");
    SPLITS("SELECT 1 - -1; SELECT 2 / 1", "SELECT 1 - -1", "SELECT 2 / 1");
    SPLITS("SELECT 1 /* never; closed", "SELECT 1");
}
END_TEST

START_TEST(bodies) {
    SPLITS("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3",
           "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3");
    SPLITS("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END; "
           "SELECT 3",
           "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END",
           "SELECT 3");
    SPLITS("create or replace procedure p() begin atomic select 1; end; select 3",
           "create or replace procedure p() begin atomic select 1; end", "select 3");
    SPLITS("BEGIN; SELECT 1; END; SELECT 2", "BEGIN", "SELECT 1", "END", "SELECT 2");
    SPLITS("SELECT CASE WHEN true THEN 1 END; SELECT 2", "SELECT CASE WHEN true THEN 1 END", "SELECT 2");
    SPLITS("SELECT ')'; SELECT 2", "SELECT ')'", "SELECT 2");
    SPLITS("SELECT 1); SELECT 2", "SELECT 1)", "SELECT 2");
}
END_TEST

START_TEST(lines) {
    trdbi_splitter splitter = {.at = "-- one\n\nSELECT\n 1;\n\n/* five\n */ SELECT '\n';SELECT 3", .line = 1};
    trdbi_piece piece;
    const int wanted[] = {3, 7, 8};
    for (size_t i = 0; i < 3; i++) {
        ck_assert(trdbi_split_next(&splitter, &piece));
        ck_assert_int_eq(piece.line, wanted[i]);
    }
    ck_assert(!trdbi_split_next(&splitter, &piece));
}
END_TEST

START_TEST(mark) {
    ck_assert(trdbi_sql_no_transaction("-- tradingdb: no-transaction"));
    ck_assert(trdbi_sql_no_transaction("-- tradingdb: no-transaction\nSELECT 1"));
    ck_assert(trdbi_sql_no_transaction("-- tradingdb: no-transaction\r\nSELECT 1"));
    ck_assert(!trdbi_sql_no_transaction("-- tradingdb: no-transactions\nSELECT 1"));
    ck_assert(!trdbi_sql_no_transaction("\n-- tradingdb: no-transaction\nSELECT 1"));
    ck_assert(!trdbi_sql_no_transaction(""));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("migrate_split");
    TCase *tc = tcase_create("split");
    tcase_add_test(tc, plain);
    tcase_add_test(tc, quotes);
    tcase_add_test(tc, dollars);
    tcase_add_test(tc, comments);
    tcase_add_test(tc, bodies);
    tcase_add_test(tc, lines);
    tcase_add_test(tc, mark);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
