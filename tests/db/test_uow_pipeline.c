/* SPDX-License-Identifier: MIT */
/* Units that pipeline: what waits, which round trip carries it, and who hears of its failure. */
#include "pgtest.h"

static char *url;
static trdb_db *db;
static int64_t user;

static void setup(void) {
    trdb_error *err = NULL;
    url = harness_database();
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    char *id = harness_value(url, "INSERT INTO usr_users (email) VALUES ('a@example.com') RETURNING id");
    user = atoll(id);
    free(id);
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

static trdb_uow *begin(uint32_t flags) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    return uow;
}

static int64_t trips(void) {
    trdb_db_stats stats = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &stats, NULL), 0);
    return stats.round_trips;
}

static void set(trdb_uow *uow, const char *key, const char *value) {
    trdb_error *err = NULL;
    ck_ok(trdb_telegram_setting_upsert_by_key(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key, .value = value),
                                              NULL, &err),
          err);
}

static void ck_settings(const char *expected) {
    char *got = harness_value(url, "SELECT coalesce(string_agg(key || '=' || value, ' ' ORDER BY key), '') "
                                   "FROM telegram_settings");
    ck_assert_str_eq(got, expected);
    free(got);
}

/* ---- round trips ---------------------------------------------------------------------------------- */

START_TEST(writes_wait_for_the_commit) {
    trdb_error *err = NULL;
    int64_t before = trips();
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    for (int i = 0; i < 10; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%d", i);
        set(uow, key, "1");
    }
    ck_assert_int_eq(trips(), before);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_assert_int_eq(trips(), before + 2);
    ck_settings("k0=1 k1=1 k2=1 k3=1 k4=1 k5=1 k6=1 k7=1 k8=1 k9=1");
}
END_TEST

START_TEST(a_fast_commit_shares_the_trip) {
    trdb_error *err = NULL;
    int64_t before = trips();
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
    set(uow, "a", "1");
    ck_ok(trdb_usr_user_patch(uow, user, TRDB_USR_USER_NEW(.email = "b@example.com"), NULL, &err), err);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_assert_int_eq(trips(), before + 1);
    ck_settings("a=1");
    char *email = harness_value(url, "SELECT email FROM usr_users");
    ck_assert_str_eq(email, "b@example.com");
    free(email);
}
END_TEST

START_TEST(a_read_sees_what_waited) {
    trdb_error *err = NULL;
    int64_t before = trips();
    TRDB_AUTO(trdb_telegram_setting) *row = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    set(uow, "a", "1");
    ck_ok(trdb_telegram_setting_get(uow, "a", &row, &err), err);
    ck_assert_str_eq(row->value, "1");
    ck_assert_int_eq(trips(), before + 1);
    ck_ok(trdb_uow_flush(uow, &err), err); /* nothing waits */
    ck_assert_int_eq(trips(), before + 1);
    trdb_uow_free(uow);
    ck_settings("");
}
END_TEST

START_TEST(a_wanted_row_waits_for_nothing) {
    trdb_error *err = NULL;
    int64_t before = trips();
    TRDB_AUTO(trdb_usr_user) *row = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "c@example.com"), &row, &err), err);
    ck_assert_int_eq(trips(), before + 1);
    ck_assert_int_gt(row->id, 0);
    trdb_uow_free(uow);
}
END_TEST

START_TEST(many_writes_are_bounded) {
    trdb_error *err = NULL;
    int64_t before = trips();
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    for (int i = 0; i < 1300; i++) { /* with BEGIN: 512, 512 and the rest */
        char key[16];
        snprintf(key, sizeof key, "%d", i);
        set(uow, key, "1");
    }
    ck_assert_int_eq(trips(), before + 2);
    ck_ok(trdb_uow_flush(uow, &err), err);
    ck_assert_int_eq(trips(), before + 3);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    char *count = harness_value(url, "SELECT count(*) FROM telegram_settings");
    ck_assert_str_eq(count, "1300");
    free(count);
}
END_TEST

START_TEST(without_the_flag_nothing_waits) {
    int64_t before = trips();
    trdb_uow *uow = begin(0);
    set(uow, "a", "1");
    ck_assert_int_eq(trips(), before + 1);
    set(uow, "b", "1");
    ck_assert_int_eq(trips(), before + 2);
    trdb_uow_free(uow);
}
END_TEST

/* ---- failures ------------------------------------------------------------------------------------- */

/* Queues a good write, one that violates a constraint and another good one. */
static trdb_uow *spoiled(uint32_t flags) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(flags);
    set(uow, "a", "1");
    ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "A@example.com"), NULL, &err), err);
    set(uow, "b", "1");
    return uow;
}

static void ck_duplicate(int code, trdb_error **err) {
    ck_assert_int_eq(code, TRDB_E_DUPLICATE);
    ck_assert_str_eq(trdb_error_statement(*err), "usr_users.insert");
    ck_assert_str_eq(trdb_error_constraint(*err), "ux_users_email_lower");
    trdb_error_free(*err);
    *err = NULL;
}

START_TEST(a_failure_surfaces_at_the_flush) {
    trdb_error *err = NULL;
    trdb_uow *uow = spoiled(TRDB_UOW_PIPELINE);
    ck_duplicate(trdb_uow_flush(uow, &err), &err);
    ck_fails(trdb_uow_flush(uow, &err), TRDB_E_STATE, "usr_users.insert", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);
    trdb_uow_free(uow);
    ck_settings("");
}
END_TEST

START_TEST(a_failure_surfaces_at_a_read) {
    trdb_error *err = NULL;
    trdb_telegram_setting *row = NULL;
    trdb_uow *uow = spoiled(TRDB_UOW_PIPELINE);
    ck_duplicate(trdb_telegram_setting_get(uow, "a", &row, &err), &err);
    ck_assert_ptr_null(row);
    trdb_uow_free(uow);
}
END_TEST

START_TEST(a_failure_surfaces_at_the_commit) {
    trdb_error *err = NULL;
    for (int fast = 0; fast < 2; fast++) {
        trdb_uow *uow = spoiled(TRDB_UOW_PIPELINE | (fast ? TRDB_UOW_FAST_COMMIT : 0));
        ck_duplicate(trdb_uow_commit(uow, &err), &err);
        ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "finished", err);
        trdb_uow_free(uow);
        ck_settings("");
    }
    trdb_db_stats stats = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &stats, NULL), 0);
    ck_assert_int_eq(stats.commits, 0);
    ck_assert_int_eq(stats.rollbacks, 2);
    ck_assert_int_eq(stats.discards, 0); /* the connection lives on */
}
END_TEST

START_TEST(a_missing_row_stops_the_commit) {
    trdb_error *err = NULL;
    for (int removes = 0; removes < 2; removes++) {
        trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
        set(uow, "a", "1");
        if (removes)
            ck_ok(trdb_usr_user_delete(uow, user + 1, &err), err);
        else
            ck_ok(trdb_usr_user_patch(uow, user + 1, TRDB_USR_USER_NEW(.email = "x"), NULL, &err), err);
        ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_NOT_FOUND);
        ck_assert_str_eq(trdb_error_statement(err), removes ? "usr_users.delete" : "usr_users.patch");
        trdb_error_free(err);
        err = NULL;
        trdb_uow_free(uow);
        ck_settings("");
    }
}
END_TEST

/* Which call failed, and how many behind it did not run. */
static void ck_blame(int code, trdb_error **err, int64_t call, int64_t not_run) {
    ck_assert_int_eq(code, TRDB_E_DUPLICATE);
    ck_assert_int_eq(trdb_error_call(*err), call);
    ck_assert_int_eq(trdb_error_not_run(*err), not_run);
    trdb_error_free(*err);
    *err = NULL;
}

START_TEST(a_failure_names_its_call) {
    trdb_error *err = NULL;
    trdb_telegram_setting *row = NULL;
    trdb_uow *uow = spoiled(TRDB_UOW_PIPELINE);
    ck_assert_int_eq(trdb_uow_calls(uow), 3);
    ck_blame(trdb_uow_flush(uow, &err), &err, 2, 1);
    trdb_uow_free(uow);
    uow = spoiled(TRDB_UOW_PIPELINE);
    ck_blame(trdb_telegram_setting_get(uow, "a", &row, &err), &err, 2,
             2); /* the reader did not run, either */
    trdb_uow_free(uow);
    for (int fast = 0; fast < 2; fast++) {
        uow = spoiled(TRDB_UOW_PIPELINE | (fast ? TRDB_UOW_FAST_COMMIT : 0));
        ck_blame(trdb_uow_commit(uow, &err), &err, 2, 1);
        trdb_uow_free(uow);
    }
}
END_TEST

START_TEST(a_full_queue_names_its_call) {
    trdb_error *err = NULL;
    int code = 0;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    set(uow, "a", "1");
    ck_fails(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "\xff"), NULL, &err), TRDB_E_ENCODING,
             "email", err); /* no call: it was refused on the spot */
    ck_assert_int_eq(trdb_uow_calls(uow), 1);
    int64_t call = 2, last = call;
    code = trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "A@example.com"), NULL, &err);
    for (; code == 0; last++)
        code = trdb_telegram_setting_upsert_by_key(uow, TRDB_TELEGRAM_SETTING_NEW(.key = "b", .value = "1"),
                                                   NULL, &err);
    ck_blame(code, &err, call, last - call);
    ck_assert_int_gt(last, 500);
    trdb_uow_free(uow);
}
END_TEST

START_TEST(a_failure_at_once_names_its_call) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(0);
    set(uow, "a", "1");
    ck_blame(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "A@example.com"), NULL, &err), &err, 2, 0);
    ck_fails(trdb_uow_flush(uow, &err), TRDB_E_STATE, "failed", err);
    ck_assert_int_eq(trdb_error_call(err), -1);
    trdb_uow_free(uow);
}
END_TEST

START_TEST(bad_input_leaves_what_waits) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    set(uow, "a", "1");
    ck_fails(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "\xff"), NULL, &err), TRDB_E_ENCODING,
             "email", err);
    set(uow, "b", "1");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_settings("a=1 b=1");
}
END_TEST

/* A document is judged by the server, with what waits; one that is no UTF-8 at once. */
START_TEST(documents_are_judged_at_the_flush) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    trdb_trading_bot_new bot = *TRDB_TRADING_BOT_NEW(
        .user_id = trdb_i64(user), .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
        .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING), .config = "\xff");
    set(uow, "a", "1");
    ck_fails(trdb_trading_bot_insert(uow, &bot, NULL, &err), TRDB_E_ENCODING, "config", err);
    bot.config = "{\"n\": 1,}";
    ck_ok(trdb_trading_bot_insert(uow, &bot, NULL, &err), err);
    int64_t call = trdb_uow_calls(uow);
    set(uow, "b", "2");
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_INVALID);
    ck_assert_str_eq(trdb_error_statement(err), "trading_bots.insert");
    ck_assert_ptr_nonnull(strstr(trdb_error_message(err), "json"));
    ck_assert_int_eq(trdb_error_call(err), call);
    ck_assert_int_eq(trdb_error_not_run(err), 1);
    trdb_error_free(err);
    err = NULL;
    trdb_uow_free(uow);
    ck_settings("");

    uow = begin(0);
    ck_fails(trdb_trading_bot_insert(uow, &bot, NULL, &err), TRDB_E_INVALID, "not valid JSON", err);
    set(uow, "a", "1");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_settings("a=1");
}
END_TEST

START_TEST(savepoints_flush) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    set(uow, "a", "1");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    set(uow, "b", "1");
    ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "A@example.com"), NULL, &err), err);
    ck_duplicate(trdb_uow_release(uow, &err), &err);
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    set(uow, "c", "1");
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "A@example.com"), NULL, &err), err);
    ck_ok(trdb_uow_rollback_to(uow, &err), err); /* what waited fails, and is undone all the same */
    set(uow, "d", "1");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_settings("a=1 d=1");
}
END_TEST

START_TEST(a_unit_given_up_sends_no_harm) {
    trdb_error *err = NULL;
    trdb_uow *uow = spoiled(TRDB_UOW_PIPELINE);
    ck_ok(trdb_uow_rollback(uow, &err), err);
    trdb_uow_free(uow);
    trdb_uow_free(spoiled(TRDB_UOW_PIPELINE));
    uow = begin(0);
    set(uow, "z", "1");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_settings("z=1");
}
END_TEST

START_TEST(without_a_statement_cache) {
    trdb_error *err = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.statement_cache = -1;
    trdb_db_free(db);
    ck_ok(trdb_open(url, &options, &db, &err), err);
    int64_t before = trips();
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
    set(uow, "a", "1");
    set(uow, "b", NULL);
    set(uow, "c", "3");
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_assert_int_eq(trips(), before + 1);
    ck_settings("a=1 c=3");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_pipeline");
    TCase *tcase = tcase_create("uow_pipeline");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, writes_wait_for_the_commit);
    tcase_add_test(tcase, a_fast_commit_shares_the_trip);
    tcase_add_test(tcase, a_read_sees_what_waited);
    tcase_add_test(tcase, a_wanted_row_waits_for_nothing);
    tcase_add_test(tcase, many_writes_are_bounded);
    tcase_add_test(tcase, without_the_flag_nothing_waits);
    tcase_add_test(tcase, a_failure_surfaces_at_the_flush);
    tcase_add_test(tcase, a_failure_surfaces_at_a_read);
    tcase_add_test(tcase, a_failure_surfaces_at_the_commit);
    tcase_add_test(tcase, a_failure_names_its_call);
    tcase_add_test(tcase, a_full_queue_names_its_call);
    tcase_add_test(tcase, a_failure_at_once_names_its_call);
    tcase_add_test(tcase, a_missing_row_stops_the_commit);
    tcase_add_test(tcase, bad_input_leaves_what_waits);
    tcase_add_test(tcase, documents_are_judged_at_the_flush);
    tcase_add_test(tcase, savepoints_flush);
    tcase_add_test(tcase, a_unit_given_up_sends_no_harm);
    tcase_add_test(tcase, without_a_statement_cache);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
