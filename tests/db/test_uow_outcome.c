/* SPDX-License-Identifier: MIT */
/* A connection that breaks during COMMIT: what the unit answers, and whether it is right. */
#include "cuttest.h"
#include "pgtest.h"

static char *url;
static trdb_db *db;

/* A deferred trigger runs inside COMMIT and ends the session there. */
static const char ends_session[] =
    "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
    "CREATE CONSTRAINT TRIGGER end_session AFTER INSERT ON telegram_settings DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION end_session()";

static void setup(void) {
    trdb_error *err = NULL;
    url = harness_database();
    ck_ok(trdb_open(url, NULL, &db, &err), err);
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

static trdb_uow *begin_with(uint32_t flags, int resolve_timeout_ms) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    options.resolve_timeout_ms = resolve_timeout_ms;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    return uow;
}

static void write_one(trdb_uow *uow, const char *key) {
    trdb_error *err = NULL;
    ck_ok(trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key), NULL, &err), err);
}

static void ck_settings(const char *expected) {
    char *got =
        harness_value(url, "SELECT coalesce(string_agg(key, ' ' ORDER BY key), '') FROM telegram_settings");
    ck_assert_str_eq(got, expected);
    free(got);
}

static trdb_db_stats stats(void) {
    trdb_db_stats now = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &now, NULL), 0);
    return now;
}

START_TEST(rolled_back_is_known) {
    trdb_error *err = NULL;
    harness_sql(url, "%s", ends_session);
    trdb_uow *uow = begin_with(0, 0);
    write_one(uow, "a");
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_CONNECTION_LOST);
    ck_assert(trdb_error_retryable(err) && !trdb_error_in_doubt(err));
    ck_assert_str_eq(trdb_error_statement(err), "commit");
    trdb_error_free(err);
    err = NULL;
    ck_fails(trdb_uow_rollback(uow, &err), TRDB_E_STATE, "finished", err);
    trdb_uow_free(uow);
    ck_settings("");
    ck_assert_int_eq(stats().commits, 0);
    ck_assert_int_eq(stats().rollbacks, 1);
    ck_assert_int_eq(stats().discards, 1);
}
END_TEST

START_TEST(in_doubt_where_nobody_asks) {
    trdb_error *err = NULL;
    harness_sql(url, "%s", ends_session);
    for (int fast = 0; fast < 2; fast++) {
        trdb_uow *uow = begin_with(fast ? TRDB_UOW_FAST_COMMIT : 0, fast ? 0 : -1);
        write_one(uow, "a");
        ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_IN_DOUBT);
        ck_assert(trdb_error_in_doubt(err) && !trdb_error_retryable(err));
        ck_assert_str_eq(trdb_error_statement(err), "commit");
        trdb_error_free(err);
        err = NULL;
        trdb_uow_free(uow);
    }
    trdb_uow *uow = begin_with(0, -1);
    write_one(uow, "a");
    ck_assert_int_eq(trdb_uow_commit(uow, NULL), TRDB_E_IN_DOUBT);
    trdb_uow_free(uow);
    ck_assert_int_eq(stats().commits, 0);
    ck_assert_int_eq(stats().rollbacks, 0);
}
END_TEST

START_TEST(committed_is_known) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin_with(0, 0);
    write_one(uow, "a");
    ck_ok(cut_commit(url, uow, true, &err), err);
    ck_assert_ptr_null(err);
    trdb_uow_free(uow);
    ck_settings("a");
    ck_assert_int_eq(stats().commits, 1);
    ck_assert_int_eq(stats().discards, 1);
}
END_TEST

/* Committed on the server, but a standby that has to have it does not: promoted, it would not know the unit. */
START_TEST(not_on_the_standbys_is_in_doubt) {
    trdb_error *err = NULL;
    for (int fast = 0; fast < 2; fast++) {
        trdb_uow *uow = begin_with(fast ? TRDB_UOW_FAST_COMMIT : 0, 2000);
        write_one(uow, fast ? "b" : "a");
        ck_ok(trdb_uow_set_witness(uow, "telegram_settings", "key", fast ? "b" : "a", &err), err);
        ck_assert_int_eq(cut_commit(url, uow, false, &err), TRDB_E_IN_DOUBT);
        trdb_error_free(err);
        err = NULL;
        trdb_uow_free(uow);
    }
    ck_settings("a b");
}
END_TEST

/* ---- the witness ----------------------------------------------------------------------------------- */

START_TEST(a_witness_decides_without_an_id) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin_with(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT, 0);
    ck_ok(trdb_uow_set_witness(uow, "telegram_settings", "key", "it's", &err), err);
    write_one(uow, "it's");
    ck_ok(cut_commit(url, uow, true, &err), err);
    trdb_uow_free(uow);
    ck_settings("it's");

    harness_sql(url, "%s", ends_session);
    uow = begin_with(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT, 0);
    ck_ok(trdb_uow_set_witness(uow, "telegram_settings", "key", "b", &err), err);
    write_one(uow, "b");
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_CONNECTION_LOST, "nothing was stored", err);
    trdb_uow_free(uow);
    ck_settings("it's");
}
END_TEST

START_TEST(a_witness_rides_with_commit) {
    trdb_error *err = NULL;
    for (int fast = 0; fast < 2; fast++) {
        trdb_uow *uow = begin_with(fast ? TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT : 0, 0);
        int64_t trips = stats().round_trips;
        write_one(uow, fast ? "b" : "a");
        ck_ok(trdb_uow_set_witness(uow, "telegram_settings", "key", "secret", &err), err);
        ck_ok(trdb_uow_set_witness(uow, "telegram_settings", "key", fast ? "b" : "a", &err), err);
        ck_ok(trdb_uow_commit(uow, &err), err);
        trdb_uow_free(uow);
        ck_assert_int_eq(stats().round_trips, trips + (fast ? 1 : 2));
    }
    ck_settings("a b");
}
END_TEST

static void ck_no_witness(const char *table, const char *column, const char *value, int code, const char *part) {
    trdb_error *err = NULL;
    for (int fast = 0; fast < 2; fast++) {
        trdb_uow *uow = begin_with(TRDB_UOW_PIPELINE | (fast ? TRDB_UOW_FAST_COMMIT : 0), 0);
        write_one(uow, "new");
        ck_ok(trdb_uow_set_witness(uow, table, column, value, &err), err);
        int r = trdb_uow_commit(uow, &err);
        ck_assert_str_eq(trdb_error_statement(err), "commit.witness");
        ck_assert_ptr_null(strstr(trdb_error_message(err), "hunter2"));
        ck_fails(r, code, part, err);
        trdb_uow_free(uow);
    }
    ck_settings("old");
}

START_TEST(a_witness_that_is_none_stores_nothing) {
    harness_sql(url, "INSERT INTO telegram_settings VALUES ('old')");
    ck_no_witness("telegram_settings", "key", "hunter2", TRDB_E_NOT_FOUND, "no such row");
    ck_no_witness("telegram_settings", "key", "old", TRDB_E_NOT_FOUND, "no such row"); /* another unit's */
    ck_no_witness("no \"such\" table", "key", "hunter2", TRDB_E_SCHEMA, "");
    ck_no_witness("telegram_settings", "such", "hunter2", TRDB_E_SCHEMA, "");
    ck_no_witness("telegram_broadcast_logs", "id", "hunter2", TRDB_E_INVALID, "");
}
END_TEST

START_TEST(bad_witnesses_are_refused) {
    trdb_error *err = NULL;
    char name[65];
    memset(name, 'x', 64);
    name[64] = '\0';
    trdb_uow *uow = begin_with(0, 0);
    ck_fails(trdb_uow_set_witness(NULL, "t", "c", "v", &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_uow_set_witness(uow, NULL, "c", "v", &err), TRDB_E_INVALID, "table", err);
    ck_fails(trdb_uow_set_witness(uow, "", "c", "v", &err), TRDB_E_INVALID, "table", err);
    ck_fails(trdb_uow_set_witness(uow, name, "c", "v", &err), TRDB_E_INVALID, "64 bytes", err);
    ck_fails(trdb_uow_set_witness(uow, "t", "", "v", &err), TRDB_E_INVALID, "column", err);
    ck_fails(trdb_uow_set_witness(uow, "t", "\xff", "v", &err), TRDB_E_ENCODING, "column", err);
    ck_fails(trdb_uow_set_witness(uow, "t", "c", NULL, &err), TRDB_E_INVALID, "value", err);
    ck_fails(trdb_uow_set_witness(uow, "t", "c", "\xff", &err), TRDB_E_ENCODING, "value", err);
    write_one(uow, "a"); /* none of them counts */
    ck_ok(trdb_uow_commit(uow, &err), err);
    ck_fails(trdb_uow_set_witness(uow, "t", "c", "v", &err), TRDB_E_STATE, "finished", err);
    trdb_uow_free(uow);
    uow = begin_with(0, 0);
    ck_ok(trdb_uow_set_witness(uow, "telegram_settings", "key", "nothing is written", &err), err);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
}
END_TEST

START_TEST(a_unit_that_read_is_never_in_doubt) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_telegram_setting_list) *list = NULL;
    trdb_uow *uow = begin_with(0, -1);
    ck_ok(trdb_telegram_settings_list(uow, NULL, &list, &err), err);
    harness_sql(url, "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                     "WHERE datname = current_database() AND pid <> pg_backend_pid()");
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_CONNECTION_LOST);
    ck_assert(!trdb_error_in_doubt(err));
    trdb_error_free(err);
    trdb_uow_free(uow);
}
END_TEST

START_TEST(the_question_costs_no_round_trip) {
    trdb_error *err = NULL;
    pgtest_log log = {.count = 0};
    ck_ok(trdb_set_trace(db, pgtest_remember, &log, &err), err);
    int64_t trips = stats().round_trips;
    trdb_uow *uow = begin_with(0, 0);
    write_one(uow, "a");
    write_one(uow, "b");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_assert_int_eq(stats().round_trips, trips + 3);
    ck_assert_int_eq(log.count, 5);
    ck_assert_str_eq(log.events[0].statement, "begin");
    ck_assert_str_eq(log.events[1].statement, "begin.txid");
    ck_assert_str_eq(log.events[2].statement, "telegram_settings.insert");
    ck_assert_str_eq(log.events[3].statement, "telegram_settings.insert");
    ck_assert_str_eq(log.events[4].statement, "commit");
    ck_ok(trdb_set_trace(db, NULL, NULL, &err), err);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_outcome");
    TCase *tcase = tcase_create("uow_outcome");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, rolled_back_is_known);
    tcase_add_test(tcase, in_doubt_where_nobody_asks);
    tcase_add_test(tcase, committed_is_known);
    tcase_add_test(tcase, not_on_the_standbys_is_in_doubt);
    tcase_add_test(tcase, a_witness_decides_without_an_id);
    tcase_add_test(tcase, a_witness_rides_with_commit);
    tcase_add_test(tcase, a_witness_that_is_none_stores_nothing);
    tcase_add_test(tcase, bad_witnesses_are_refused);
    tcase_add_test(tcase, a_unit_that_read_is_never_in_doubt);
    tcase_add_test(tcase, the_question_costs_no_round_trip);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
