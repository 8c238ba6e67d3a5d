/* SPDX-License-Identifier: MIT */
/* Patches that are written only while the row holds what was read. */
#include "pgtest.h"

static char *url;
static trdb_db *db;
static trdb_trading_bot *bot;

static trdb_uow *begin(uint32_t flags) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    return uow;
}

static void setup(void) {
    trdb_error *err = NULL;
    url = harness_database();
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    char *id =
        harness_value(url, "WITH u AS (INSERT INTO usr_users (email) VALUES ('a@example.com') RETURNING id) "
                           "INSERT INTO trading_bots (user_id, type, status, config) "
                           "SELECT id, 'paper', 'running', '{}' FROM u RETURNING id");
    trdb_uow *uow = begin(0);
    ck_ok(trdb_trading_bot_get(uow, atoll(id), &bot, &err), err);
    trdb_uow_free(uow);
    free(id);
}

static void teardown(void) {
    trdb_trading_bot_free(bot);
    trdb_db_free(db);
    harness_database_free(url);
}

static void ck_description(const char *expected) {
    char *got = harness_value(url, "SELECT coalesce(description, 'none') FROM trading_bots");
    ck_assert_str_eq(got, expected);
    free(got);
}

/* Writes a description while updated_at is what was read. */
static int describe(trdb_uow *uow, int64_t id, const char *text, trdb_trading_bot **ret, trdb_error **err) {
    return trdb_trading_bot_patch_if(uow, id, TRDB_TRADING_BOT_NEW(.updated_at = trdb_time(bot->updated_at)),
                                     TRDB_TRADING_BOT_NEW(.description = text), ret, err);
}

START_TEST(it_writes_what_nobody_changed) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_trading_bot) *row = NULL;
    trdb_uow *uow = begin(0);
    ck_ok(describe(uow, bot->id, "one", &row, &err), err); /* updated_at was NULL: a value like any other */
    ck_assert_str_eq(row->description, "one");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_description("one");
}
END_TEST

START_TEST(it_tells_a_changed_row_from_a_missing_one) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_trading_bot) *row = NULL;
    harness_sql(url, "UPDATE trading_bots SET error_count = 1"); /* the trigger sets updated_at */
    trdb_uow *uow = begin(0);
    ck_fails(describe(uow, bot->id, "two", &row, &err), TRDB_E_CONFLICT, "has changed", err);
    ck_fails(describe(uow, bot->id, "two", NULL, &err), TRDB_E_CONFLICT, "has changed", err);
    ck_fails(describe(uow, bot->id + 1, "two", NULL, &err), TRDB_E_NOT_FOUND, "no row", err);
    ck_assert_ptr_null(row);
    ck_ok(trdb_trading_bot_patch_if(uow, bot->id, TRDB_TRADING_BOT_NEW(.error_count = trdb_i64(1)),
                                    TRDB_TRADING_BOT_NEW(.description = "three"), NULL, &err),
          err); /* the unit goes on */
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_description("three");
}
END_TEST

START_TEST(in_a_pipeline_the_server_decides) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
    ck_ok(describe(uow, bot->id, "one", NULL, &err), err);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_description("one");
    for (int missing = 0; missing < 2; missing++) {
        uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
        ck_ok(describe(uow, bot->id + missing, "two", NULL, &err), err);
        ck_assert_int_eq(trdb_uow_commit(uow, &err), missing ? TRDB_E_NOT_FOUND : TRDB_E_CONFLICT);
        ck_assert_str_eq(trdb_error_statement(err), "trading_bots.patch");
        ck_assert_int_eq(trdb_error_call(err), 1);
        trdb_error_free(err);
        err = NULL;
        trdb_uow_free(uow);
        ck_description("one");
    }
}
END_TEST

START_TEST(a_guard_has_to_say_something) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(0);
    ck_fails(trdb_trading_bot_patch_if(uow, bot->id, TRDB_TRADING_BOT_NEW(.description = NULL),
                                       TRDB_TRADING_BOT_NEW(.description = "x"), NULL, &err),
             TRDB_E_INVALID, "the guard gives no field", err);
    ck_fails(
        trdb_trading_bot_patch_if(uow, bot->id, NULL, TRDB_TRADING_BOT_NEW(.description = "x"), NULL, &err),
        TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_trading_bot_patch_if(uow, bot->id, TRDB_TRADING_BOT_NEW(.id = trdb_i64(1)),
                                       TRDB_TRADING_BOT_NEW(.description = "x"), NULL, &err),
             TRDB_E_INVALID, "id", err);
    trdb_uow_free(uow);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_guard");
    TCase *tcase = tcase_create("uow_guard");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, it_writes_what_nobody_changed);
    tcase_add_test(tcase, it_tells_a_changed_row_from_a_missing_one);
    tcase_add_test(tcase, in_a_pipeline_the_server_decides);
    tcase_add_test(tcase, a_guard_has_to_say_something);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
