/* SPDX-License-Identifier: MIT */
/* Batches: different calls in one round trip, and what is told of each. */
#include "pgtest.h"

static char *url;
static trdb_db *db;
static trdb_uow *uow;
static trdb_batch *batch;
static int64_t users[3];

static void setup(void) {
    trdb_error *err = NULL;
    url = harness_database();
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    for (int i = 0; i < 3; i++) {
        char *id =
            harness_value(url, "INSERT INTO usr_users (email) VALUES ('%d@example.com') RETURNING id", i);
        users[i] = atoll(id);
        free(id);
    }
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    ck_ok(trdb_batch_new(uow, &batch, &err), err);
}

static void teardown(void) {
    trdb_batch_free(batch);
    trdb_uow_free(uow);
    trdb_db_free(db);
    harness_database_free(url);
}

static int64_t trips(void) {
    trdb_db_stats stats = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &stats, NULL), 0);
    return stats.round_trips;
}

static void ck_states(const char *expected) {
    ck_assert_uint_eq(trdb_batch_count(batch), strlen(expected));
    for (size_t i = 0; expected[i]; i++) {
        const char *letters = " wdfn";
        ck_assert_msg(letters[trdb_batch_state(batch, i)] == expected[i], "call %zu is in state %d", i,
                      trdb_batch_state(batch, i));
        ck_assert_int_eq(trdb_batch_error(batch, i) != NULL, expected[i] == 'f');
    }
    ck_assert_int_eq(trdb_batch_state(batch, strlen(expected)), 0);
}

START_TEST(different_calls_share_a_trip) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_usr_user) *one = NULL, *made = NULL, *patched = NULL;
    TRDB_AUTO(trdb_usr_user_list) *some = NULL, *all = NULL;
    TRDB_AUTO(trdb_telegram_setting) *setting = NULL;
    TRDB_AUTO(trdb_job_run_statistics) *statistics = NULL;
    int64_t count = -1, before = trips();
    ck_ok(trdb_batch_usr_user_get(batch, users[1], &one, &err), err);
    ck_ok(trdb_batch_usr_users_get(batch, users, 2, &some, &err), err);
    ck_ok(trdb_batch_usr_users_list(batch, NULL, &all, &err), err);
    ck_ok(trdb_batch_usr_user_insert(batch, TRDB_USR_USER_NEW(.email = "new@example.com"), &made, &err), err);
    ck_ok(trdb_batch_telegram_setting_upsert_by_key(
              batch, TRDB_TELEGRAM_SETTING_NEW(.key = "k", .value = "v"), &setting, &err),
          err);
    ck_ok(trdb_batch_usr_user_patch(batch, users[0], TRDB_USR_USER_NEW(.email = "0@example.org"), &patched,
                                    &err),
          err);
    ck_ok(trdb_batch_usr_user_delete(batch, users[2], &err), err);
    ck_ok(trdb_batch_jobs_run_statistics_since(batch, trdb_i64(users[0]), (trdb_in_enum){0},
                                               trdb_timestamp_from_us(0), &statistics, &err),
          err);
    ck_ok(trdb_batch_usr_users_count(batch, NULL, &count, &err), err);
    ck_assert_int_eq(trips(), before);
    ck_assert_ptr_null(one);
    ck_states("wwwwwwwww");
    ck_ok(trdb_batch_run(batch, &err), err);
    ck_assert_int_eq(trips(), before + 1);
    ck_states("ddddddddd");
    ck_assert_str_eq(one->email, "1@example.com");
    ck_assert_uint_eq(trdb_usr_user_list_count(some), 2);
    ck_assert_uint_eq(trdb_usr_user_list_count(all), 3);
    ck_assert_int_gt(made->id, users[2]);
    ck_assert_str_eq(setting->value, "v");
    ck_assert_str_eq(patched->email, "0@example.org");
    ck_assert_int_eq(statistics->pending.value, 0);
    ck_assert_int_eq(count, 3); /* one came, one went */
    ck_ok(trdb_uow_commit(uow, &err), err);
}
END_TEST

START_TEST(a_missing_row_is_its_own_calls) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_usr_user) *one = NULL, *gone = NULL, *two = NULL;
    trdb_telegram_setting *setting = NULL;
    ck_ok(trdb_batch_usr_user_get(batch, users[0], &one, &err), err);
    ck_ok(trdb_batch_usr_user_get(batch, users[2] + 9, &gone, &err), err);
    char key[] = "no such";
    ck_ok(trdb_batch_telegram_setting_get(batch, key, &setting, &err), err);
    key[0] = 'X'; /* it was copied */
    ck_ok(trdb_batch_usr_user_delete(batch, users[2] + 9, &err), err);
    ck_ok(trdb_batch_usr_user_get(batch, users[1], &two, &err), err);
    ck_assert_int_eq(trdb_batch_run(batch, &err), TRDB_E_NOT_FOUND);
    ck_assert_int_eq(trdb_error_row(err), 1);
    trdb_error_free(err);
    err = NULL;
    ck_states("dfffd");
    ck_assert_str_eq(one->email, "0@example.com");
    ck_assert_str_eq(two->email, "1@example.com");
    ck_assert_ptr_null(gone);
    ck_assert_ptr_nonnull(strstr(trdb_error_message(trdb_batch_error(batch, 2)), "\"no such\""));
    ck_assert_int_eq(trdb_error_code(trdb_batch_error(batch, 3)), TRDB_E_NOT_FOUND);
    ck_ok(trdb_uow_commit(uow, &err), err); /* the unit goes on */
}
END_TEST

START_TEST(a_refused_call_ends_the_batch) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_usr_user) *one = NULL;
    trdb_usr_user *made = NULL, *two = NULL;
    ck_ok(trdb_batch_usr_user_get(batch, users[0], &one, &err), err);
    ck_ok(trdb_batch_usr_user_insert(batch, TRDB_USR_USER_NEW(.email = "0@example.com"), &made, &err), err);
    ck_ok(trdb_batch_usr_user_get(batch, users[1], &two, &err), err);
    ck_assert_int_eq(trdb_batch_run(batch, &err), TRDB_E_DUPLICATE);
    ck_assert_int_eq(trdb_error_row(err), 1);
    ck_assert_int_eq(trdb_error_call(err), 2);
    ck_assert_int_eq(trdb_error_not_run(err), 1);
    ck_assert_str_eq(trdb_error_statement(err), "usr_users.insert");
    trdb_error_free(err);
    err = NULL;
    ck_states("dfn");
    ck_assert_ptr_nonnull(one);
    ck_assert_ptr_null(made);
    ck_assert_ptr_null(two);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);
}
END_TEST

START_TEST(what_waited_goes_first_and_may_be_to_blame) {
    trdb_error *err = NULL;
    trdb_usr_user *one = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_PIPELINE;
    trdb_batch_free(batch);
    trdb_uow_free(uow);
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    ck_ok(trdb_batch_new(uow, &batch, &err), err);
    ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "0@example.com"), NULL, &err), err);
    ck_ok(trdb_batch_usr_user_get(batch, users[0], &one, &err), err);
    ck_assert_int_eq(trdb_batch_run(batch, &err), TRDB_E_DUPLICATE);
    ck_assert_int_eq(trdb_error_call(err), 1);
    trdb_error_free(err);
    ck_states("n");
}
END_TEST

START_TEST(it_runs_once_until_it_is_cleared) {
    trdb_error *err = NULL;
    int64_t before = trips(), count = -1;
    ck_ok(trdb_batch_run(batch, &err), err); /* nothing in it */
    ck_assert_int_eq(trips(), before);
    for (int i = 0; i < 3; i++) {
        ck_ok(trdb_batch_usr_users_count(batch, NULL, &count, &err), err);
        ck_ok(trdb_batch_run(batch, &err), err);
        ck_fails(trdb_batch_run(batch, &err), TRDB_E_STATE, "has run", err);
        ck_fails(trdb_batch_usr_users_count(batch, NULL, &count, &err), TRDB_E_STATE, "has run", err);
        trdb_batch_clear(batch);
    }
    ck_assert_int_eq(trips(), before + 3);
    ck_states("");
}
END_TEST

START_TEST(bad_input_is_refused_when_it_is_added) {
    trdb_error *err = NULL;
    trdb_usr_user *row = NULL;
    ck_fails(trdb_batch_usr_user_get(batch, users[0], NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_batch_usr_user_get(NULL, users[0], &row, &err), TRDB_E_INVALID, "batch is NULL", err);
    ck_fails(trdb_batch_usr_user_insert(batch, TRDB_USR_USER_NEW(.email = "\xff"), &row, &err),
             TRDB_E_ENCODING, "email", err);
    ck_fails(trdb_batch_run(NULL, &err), TRDB_E_INVALID, "batch is NULL", err);
    ck_fails(trdb_batch_new(uow, NULL, &err), TRDB_E_INVALID, "ret", err);
    ck_states("");
}
END_TEST

START_TEST(it_outlives_its_unit_and_says_so) {
    trdb_error *err = NULL;
    int64_t count = -1;
    trdb_batch *other = NULL;
    ck_ok(trdb_batch_new(uow, &other, &err), err);
    ck_ok(trdb_batch_usr_users_count(batch, NULL, &count, &err), err);
    ck_ok(trdb_uow_rollback(uow, &err), err);
    ck_fails(trdb_batch_run(batch, &err), TRDB_E_STATE, "finished", err);
    trdb_uow_free(uow);
    uow = NULL;
    ck_fails(trdb_batch_run(batch, &err), TRDB_E_STATE, "released", err);
    ck_fails(trdb_batch_usr_users_count(other, NULL, &count, &err), TRDB_E_STATE, "released", err);
    trdb_batch_free(other);
    ck_assert_int_eq(count, -1); /* forgotten, not run */
}
END_TEST

START_TEST(a_hundred_thousand_calls) {
    enum { MANY = 100000 };
    trdb_error *err = NULL;
    int64_t *counts = calloc(MANY, sizeof *counts), before = trips();
    trdb_telegram_setting_filter filter = trdb_telegram_setting_filter_init();
    ck_assert_ptr_nonnull(counts);
    for (int i = 0; i < MANY; i++)
        ck_ok(trdb_batch_telegram_settings_count(batch, &filter, &counts[i], &err), err);
    for (int i = 0; i < MANY; i++)
        counts[i] = -1;
    ck_ok(trdb_batch_run(batch, &err), err);
    ck_assert_int_eq(trips() - before, MANY / 512 + 1); /* with BEGIN */
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(counts[i], 0);
    free(counts);
}
END_TEST

START_TEST(a_handle_in_a_batch_is_known) {
    trdb_error *err = NULL;
    trdb_ref owner;
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_PIPELINE;
    trdb_batch_free(batch);
    trdb_uow_free(uow);
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    ck_ok(trdb_batch_new(uow, &batch, &err), err);
    ck_ok(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "n@example.com"), &owner, &err), err);
    ck_ok(trdb_batch_trading_bot_insert(
              batch,
              TRDB_TRADING_BOT_NEW(.user_id = trdb_i64_ref(owner), .config = "{}",
                                   .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                   .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING)),
              &bot, &err),
          err);
    int64_t key = 0;
    ck_ok(trdb_batch_run(batch, &err), err);
    ck_ok(trdb_ref_key(uow, owner, &key, &err), err);
    ck_assert_int_eq(bot->user_id.value, key);
}
END_TEST

/* ---- reads without a transaction ------------------------------------------------------------------ */

static int begin_with(const trdb_uow_options *options, trdb_error **err) {
    trdb_batch_free(batch);
    trdb_uow_free(uow);
    uow = NULL;
    batch = NULL;
    return trdb_uow_begin(db, options, &uow, err);
}

START_TEST(reads_alone_are_a_trip_each) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_usr_user) *one = NULL, *two = NULL;
    trdb_usr_user *none = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_AUTOCOMMIT;
    ck_ok(begin_with(&options, &err), err);
    int64_t before = trips();
    ck_ok(trdb_usr_user_get(uow, users[0], &one, &err), err);
    ck_assert_int_eq(trips(), before + 1);
    ck_fails(trdb_usr_user_delete(uow, users[0], &err), TRDB_E_READ_ONLY, "only reads", err);
    ck_fails(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = "x"), &none, &err), TRDB_E_READ_ONLY,
             "only reads", err);
    ck_fails(trdb_uow_savepoint(uow, &err), TRDB_E_STATE, "savepoints", err);
    ck_fails(trdb_usr_user_get(uow, users[2] + 9, &none, &err), TRDB_E_NOT_FOUND, "no row", err);
    ck_ok(trdb_batch_new(uow, &batch, &err), err);
    ck_ok(trdb_batch_usr_user_get(batch, users[1], &two, &err), err);
    ck_ok(trdb_batch_run(batch, &err), err);
    ck_ok(trdb_uow_commit(uow, &err), err);
    ck_assert_int_eq(trips(), before + 3);
    ck_assert_str_eq(two->email, "1@example.com");
}
END_TEST

START_TEST(settings_of_a_transaction_need_one) {
    trdb_error *err = NULL;
    for (int i = 0; i < 6; i++) {
        trdb_uow_options options = trdb_uow_options_init();
        options.flags = TRDB_UOW_AUTOCOMMIT | (i == 0 ? TRDB_UOW_PIPELINE : 0) |
                        (i == 1 ? (uint32_t)TRDB_UOW_FAST_COMMIT : 0);
        options.isolation = i == 2 ? TRDB_ISOLATION_SERIALIZABLE : TRDB_ISOLATION_DEFAULT;
        options.statement_timeout_ms = i == 3;
        options.lock_timeout_ms = i == 4;
        options.acting_user = i == 5 ? "me" : NULL;
        ck_fails(begin_with(&options, &err), TRDB_E_INVALID, "AUTOCOMMIT", err);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_batch");
    TCase *tcase = tcase_create("uow_batch");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, different_calls_share_a_trip);
    tcase_add_test(tcase, a_missing_row_is_its_own_calls);
    tcase_add_test(tcase, a_refused_call_ends_the_batch);
    tcase_add_test(tcase, what_waited_goes_first_and_may_be_to_blame);
    tcase_add_test(tcase, it_runs_once_until_it_is_cleared);
    tcase_add_test(tcase, bad_input_is_refused_when_it_is_added);
    tcase_add_test(tcase, it_outlives_its_unit_and_says_so);
    tcase_add_test(tcase, a_hundred_thousand_calls);
    tcase_add_test(tcase, a_handle_in_a_batch_is_known);
    suite_add_tcase(suite, tcase);
    TCase *alone = tcase_create("autocommit");
    tcase_set_timeout(alone, 300);
    tcase_add_checked_fixture(alone, setup, teardown);
    tcase_add_test(alone, reads_alone_are_a_trip_each);
    tcase_add_test(alone, settings_of_a_transaction_need_one);
    suite_add_tcase(suite, alone);
    return harness_run(suite);
}
