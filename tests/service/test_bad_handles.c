/* SPDX-License-Identifier: MIT */
/* Handles that are NULL, closed, finished or failed. */
#include "bad.h"

/* ---- NULL -------------------------------------------------------------------------------------------- */

START_TEST(a_null_database) {
    trdb_uow *unit = UNTOUCHED(trdb_uow);
    trdb_db_stats stats = trdb_db_stats_init();
    FAILS(trdb_uow_begin(NULL, NULL, &unit, &bad_err), TRDB_E_INVALID, "the database handle is NULL");
    FAILS(trdb_db_get_stats(NULL, &stats, &bad_err), TRDB_E_INVALID, "the database handle is NULL");
    FAILS(trdb_set_trace(NULL, NULL, NULL, &bad_err), TRDB_E_INVALID, "the database handle is NULL");
    IS_UNTOUCHED(unit);
    trdb_close(NULL);
    trdb_db_free(NULL);
    REFUSED(trdb_uow_begin(bad_db, NULL, NULL, &bad_err), TRDB_E_INVALID, "ret is NULL");
    REFUSED(trdb_db_get_stats(bad_db, NULL, &bad_err), TRDB_E_INVALID, "trdb_db_stats");
    FAILS(trdb_open(bad_url, NULL, NULL, &bad_err), TRDB_E_INVALID, "ret is NULL");
    OK(trdb_set_trace(bad_db, NULL, NULL, &bad_err)); /* no callback */
    bad_nothing_happened();
}
END_TEST

/* Every call that takes a unit and makes or changes nothing by being refused. */
#define EVERY_CALL(unit, REFUSE)                                                                             \
    do {                                                                                                     \
        trdb_uow *u_ = (unit);                                                                               \
        trdb_trading_bot *bot_ = UNTOUCHED(trdb_trading_bot);                                                \
        trdb_trading_bot_list *bots_ = UNTOUCHED(trdb_trading_bot_list);                                     \
        trdb_usr_user *user_ = UNTOUCHED(trdb_usr_user);                                                     \
        trdb_telegram_profile *profile_ = UNTOUCHED(trdb_telegram_profile);                                  \
        trdb_trading_position *position_ = UNTOUCHED(trdb_trading_position);                                 \
        trdb_trading_trade *trade_ = UNTOUCHED(trdb_trading_trade);                                          \
        trdb_trading_pnl_summary_row *pnl_ = UNTOUCHED(trdb_trading_pnl_summary_row);                        \
        trdb_trading_bot_new new_ = bad_bot_new();                                                           \
        trdb_trading_bot_new patch_ = trdb_trading_bot_new_init();                                           \
        patch_.description = "changed";                                                                      \
        trdb_trading_fill_new fill_ = bad_fill_new();                                                        \
        trdb_trading_position_new key_ = bad_position_key();                                                 \
        trdb_trading_trade_new close_ = trdb_trading_trade_new_init();                                       \
        close_.exit_price = trdb_dec("1");                                                                   \
        int64_t count_ = 7;                                                                                  \
        int32_t outcome_ = 7;                                                                                \
        trdb_timestamp now_ = trdb_timestamp_now();                                                          \
        REFUSE(trdb_trading_bot_get(u_, bad_bot, &bot_, &bad_err));                                          \
        REFUSE(trdb_trading_bots_get(u_, &bad_bot, 1, &bots_, &bad_err));                                    \
        REFUSE(trdb_trading_bots_list(u_, NULL, &bots_, &bad_err));                                          \
        REFUSE(trdb_trading_bots_count(u_, NULL, &count_, &bad_err));                                        \
        REFUSE(trdb_trading_bot_insert(u_, &new_, &bot_, &bad_err));                                         \
        REFUSE(trdb_trading_bots_insert(u_, &new_, sizeof new_, 1, &bots_, &bad_err));                       \
        REFUSE(trdb_trading_bot_upsert_by_id(u_, &new_, &bot_, &bad_err));                                   \
        REFUSE(trdb_trading_bot_patch(u_, bad_bot, &patch_, &bot_, &bad_err));                               \
        REFUSE(trdb_trading_bot_delete(u_, bad_bot, &bad_err));                                              \
        REFUSE(trdb_trading_bots_enabled(u_, trdb_i64(bad_user), &bots_, &bad_err));                         \
        REFUSE(trdb_trading_pnl_summary(u_, trdb_i64(bad_bot), &pnl_, &bad_err));                            \
        REFUSE(trdb_users_get_telegram_profile(u_, "42", &profile_, &bad_err));                              \
        REFUSE(trdb_users_authenticate_user(u_, "telegram", "42", &user_, &bad_err));                        \
        REFUSE(trdb_users_create_telegram_user(u_, "43", NULL, &user_, &bad_err));                           \
        REFUSE(trdb_users_ensure_telegram_user(u_, "43", NULL, &user_, &bad_err));                           \
        REFUSE(trdb_users_update_telegram_profile(u_, "42", TRDB_TELEGRAM_PROFILE_NEW(.language = "en"),     \
                                                  &profile_, &bad_err));                                     \
        REFUSE(trdb_users_issue_verification_code(u_, bad_user, "1", 1, NULL, &bad_err));                    \
        REFUSE(trdb_users_count_recent_verification_codes(u_, bad_user, 1, &count_, &bad_err));              \
        REFUSE(trdb_users_erase_user(u_, bad_user, &bad_err));                                               \
        REFUSE(trdb_trading_heartbeat(u_, bad_bot, now_, &bad_err));                                         \
        REFUSE(trdb_trading_set_bot_status(u_, bad_bot, TRDB_TRADING_BOT_STATUS_STOPPED, NULL,               \
                                           trdb_null_time().value, &bot_, &bad_err));                        \
        REFUSE(trdb_trading_update_bot_performance(u_, bad_bot, trdb_dec("1"), trdb_dec("1"), &bot_,         \
                                                   &bad_err));                                               \
        REFUSE(trdb_trading_add_bot_pnl(u_, bad_bot, bad_decimal("1"), &bot_, &bad_err));                    \
        REFUSE(trdb_trading_delete_bot(u_, bad_bot, TRDB_DELETE_WITH_HISTORY, &bad_err));                    \
        REFUSE(trdb_trading_ensure_open_position(u_, &key_, &position_, &bad_err));                          \
        REFUSE(trdb_trading_apply_fill(u_, bad_position, &fill_, 0, &outcome_, &position_, &bad_err));       \
        REFUSE(trdb_trading_fill_symbol(u_, &key_, &fill_, 0, &outcome_, &position_, &bad_err));             \
        REFUSE(trdb_trading_close_position_if_flat(u_, bad_position, now_, &position_, &bad_err));           \
        REFUSE(trdb_trading_mark_position_closed(u_, bad_position, now_, &position_, &bad_err));             \
        REFUSE(trdb_trading_close_trade(u_, bad_trade, &close_, &trade_, &bad_err));                         \
        REFUSE(trdb_uow_savepoint(u_, &bad_err));                                                            \
        REFUSE(trdb_uow_release(u_, &bad_err));                                                              \
        IS_UNTOUCHED(bot_), IS_UNTOUCHED(bots_), IS_UNTOUCHED(user_), IS_UNTOUCHED(profile_);                \
        IS_UNTOUCHED(position_), IS_UNTOUCHED(trade_), IS_UNTOUCHED(pnl_);                                   \
        ck_assert_int_eq(count_, 7);                                                                         \
        ck_assert_int_eq(outcome_, 7);                                                                       \
    } while (0)

#define NULL_UNIT(call) REFUSED(call, TRDB_E_INVALID, "the unit of work is NULL")

START_TEST(a_null_unit) {
    EVERY_CALL(NULL, NULL_UNIT);
    NULL_UNIT(trdb_uow_rollback_to(NULL, &bad_err));
    NULL_UNIT(trdb_uow_commit(NULL, &bad_err));
    NULL_UNIT(trdb_uow_rollback(NULL, &bad_err));
    trdb_uow_free(NULL);
    bad_nothing_happened();
}
END_TEST

START_TEST(a_null_place_for_the_result) {
    trdb_trading_position position;
    memset(&position, 0, sizeof position);
    REFUSED(trdb_trading_bot_get(bad_uow, bad_bot, NULL, &bad_err), TRDB_E_INVALID,
            "place for the result is NULL");
    REFUSED(trdb_trading_bots_get(bad_uow, &bad_bot, 1, NULL, &bad_err), TRDB_E_INVALID, "result is NULL");
    REFUSED(trdb_trading_bots_list(bad_uow, NULL, NULL, &bad_err), TRDB_E_INVALID, "result is NULL");
    REFUSED(trdb_trading_bots_count(bad_uow, NULL, NULL, &bad_err), TRDB_E_INVALID, "result is NULL");
    REFUSED(trdb_trading_bots_enabled(bad_uow, trdb_i64(1), NULL, &bad_err), TRDB_E_INVALID, "NULL");
    REFUSED(trdb_trading_pnl_summary(bad_uow, trdb_i64(1), NULL, &bad_err), TRDB_E_INVALID, "NULL");
    REFUSED(trdb_users_authenticate_user(bad_uow, "telegram", "42", NULL, &bad_err), TRDB_E_INVALID, "NULL");
    REFUSED(trdb_users_count_recent_verification_codes(bad_uow, 1, 1, NULL, &bad_err), TRDB_E_INVALID,
            "NULL");
    REFUSED(trdb_trading_unrealized_pnl(&position, bad_decimal("1"), NULL, &bad_err), TRDB_E_INVALID, "NULL");
    bad_nothing_happened();
}
END_TEST

START_TEST(null_inputs) {
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_bot_list *bots = UNTOUCHED(trdb_trading_bot_list);
    trdb_usr_user *user = UNTOUCHED(trdb_usr_user);
    trdb_trading_position *position = UNTOUCHED(trdb_trading_position);
    trdb_decimal pnl = bad_decimal("7");
    REFUSED(trdb_trading_bot_insert(bad_uow, NULL, &bot, &bad_err), TRDB_E_INVALID,
            "trdb_trading_bot_new is NULL");
    REFUSED(trdb_trading_bot_patch(bad_uow, bad_bot, NULL, &bot, &bad_err), TRDB_E_INVALID, "is NULL");
    REFUSED(trdb_trading_bots_insert(bad_uow, NULL, sizeof(trdb_trading_bot_new), 2, &bots, &bad_err),
            TRDB_E_INVALID, "2 rows but no array");
    REFUSED(trdb_trading_bots_get(bad_uow, NULL, 3, &bots, &bad_err), TRDB_E_INVALID, "3 keys but no array");
    REFUSED(trdb_trading_bot_patch(bad_uow, bad_bot, TRDB_TRADING_BOT_NEW(.id = trdb_i64(5)), &bot, &bad_err),
            TRDB_E_INVALID, "trading_bots.id: a patch cannot change the key");
    REFUSED(trdb_trading_bot_patch(bad_uow, bad_bot, TRDB_TRADING_BOT_NEW(.config = NULL), &bot, &bad_err),
            TRDB_E_INVALID, "the patch gives no field");
    REFUSED(trdb_users_authenticate_user(bad_uow, NULL, "42", &user, &bad_err), TRDB_E_NOT_NULL, "provider");
    REFUSED(trdb_users_authenticate_user(bad_uow, "telegram", NULL, &user, &bad_err), TRDB_E_NOT_NULL,
            "external_id");
    REFUSED(trdb_users_get_telegram_profile(bad_uow, NULL, (trdb_telegram_profile **)(void *)&user, &bad_err),
            TRDB_E_INVALID, "telegram_id");
    REFUSED(trdb_trading_apply_fill(bad_uow, bad_position, NULL, 0, NULL, &position, &bad_err),
            TRDB_E_INVALID, "trdb_trading_fill_new is NULL");
    REFUSED(trdb_trading_fill_symbol(bad_uow, NULL, NULL, 0, NULL, &position, &bad_err), TRDB_E_INVALID,
            "is NULL");
    REFUSED(trdb_trading_ensure_open_position(bad_uow, NULL, &position, &bad_err), TRDB_E_INVALID, "is NULL");
    REFUSED(trdb_trading_close_trade(bad_uow, bad_trade, NULL, NULL, &bad_err), TRDB_E_INVALID, "is NULL");
    REFUSED(trdb_trading_unrealized_pnl(NULL, bad_decimal("1"), &pnl, &bad_err), TRDB_E_INVALID,
            "position is NULL");
    IS_UNTOUCHED(bot), IS_UNTOUCHED(bots), IS_UNTOUCHED(user), IS_UNTOUCHED(position);
    ck_assert_int_eq(trdb_decimal_compare(pnl, bad_decimal("7")), 0);
    bad_nothing_happened();
}
END_TEST

START_TEST(null_rows_lists_and_reports) {
    size_t stride = 7, count = 7;
    trdb_trading_bot_free(NULL);
    trdb_trading_bot_list_free(NULL);
    trdb_telegram_profile_free(NULL);
    trdb_telegram_profile_list_free(NULL);
    trdb_migration_list_free(NULL);
    trdb_finding_list_free(NULL);
    ck_assert_uint_eq(trdb_trading_bot_list_count(NULL), 0);
    ck_assert_ptr_null(trdb_trading_bot_list_at(NULL, 0));
    ck_assert_ptr_null(trdb_trading_bot_list_next(NULL, NULL));
    ck_assert_ptr_null(trdb_trading_bot_list_rows(NULL, &stride, &count));
    ck_assert_uint_eq(count, 0);
    ck_assert_ptr_null(trdb_trading_bot_list_rows(NULL, NULL, NULL));
    ck_assert_uint_eq(trdb_migration_list_count(NULL), 0);
    ck_assert_ptr_null(trdb_migration_list_at(NULL, 0));
    ck_assert_ptr_null(trdb_migration_list_next(NULL, NULL));
    ck_assert_uint_eq(trdb_finding_list_count(NULL), 0);
    ck_assert_ptr_null(trdb_finding_list_at(NULL, 0));
    ck_assert_ptr_null(trdb_finding_list_next(NULL, NULL));
    TRDB_FOREACH(trdb_trading_bot, bot, NULL)
    ck_abort_msg("a row of nothing");

    trdb_trading_bot_list *bots = NULL;
    OK(trdb_trading_bots_list(bad_uow, NULL, &bots, &bad_err));
    ck_assert_ptr_nonnull(trdb_trading_bot_list_at(bots, 0));
    ck_assert_ptr_null(trdb_trading_bot_list_at(bots, 1));
    ck_assert_ptr_null(trdb_trading_bot_list_at(bots, SIZE_MAX));
    ck_assert_ptr_null(trdb_trading_bot_list_next(bots, NULL));
    trdb_trading_bot_list_free(bots);
}
END_TEST

START_TEST(null_errors_and_values) {
    trdb_decimal decimal = bad_decimal("7");
    trdb_timestamp time = trdb_timestamp_from_us(7);
    trdb_uuid uuid = {{7}};
    ck_assert_int_eq(trdb_error_code(NULL), TRDB_OK);
    ck_assert_ptr_nonnull(trdb_error_message(NULL));
    ck_assert_ptr_null(trdb_error_detail(NULL));
    ck_assert_ptr_null(trdb_error_sqlstate(NULL));
    ck_assert_ptr_null(trdb_error_constraint(NULL));
    ck_assert_ptr_null(trdb_error_table(NULL));
    ck_assert_ptr_null(trdb_error_column(NULL));
    ck_assert_ptr_null(trdb_error_statement(NULL));
    ck_assert_int_eq(trdb_error_row(NULL), -1);
    ck_assert(!trdb_error_retryable(NULL) && !trdb_error_in_doubt(NULL));
    trdb_error_free(NULL);
    ck_assert_str_eq(trdb_error_code_name(-9999), "TRDB_E_UNKNOWN");
    ck_assert_int_eq(trdb_decimal_parse(NULL, &decimal), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_timestamp_parse(NULL, &time), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_uuid_parse(NULL, &uuid), TRDB_E_INVALID);
    ck_assert(trdb_decimal_compare(decimal, bad_decimal("7")) == 0 && time.us == 7 && uuid.bytes[0] == 7);
    ck_assert_int_eq(trdb_trading_direction_from_string(NULL), 0);
    ck_assert_int_eq(trdb_trading_direction_from_string(TRDB_NULL_TEXT), 0);
    ck_assert_ptr_null(trdb_trading_direction_to_string(99));
    /* The place for the error may be NULL: the code says enough. */
    ck_assert_int_eq(trdb_trading_bot_delete(NULL, 1, NULL), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_trading_bot_insert(bad_uow, NULL, NULL, NULL), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_open("://", NULL, &bad_db, NULL), TRDB_E_INVALID);
    bad_nothing_happened();
}
END_TEST

START_TEST(null_in_migrate_and_doctor) {
    FAILS(trdb_migrate_status(bad_url, NULL, NULL, &bad_err), TRDB_E_INVALID, "ret is NULL");
    FAILS(trdb_migrate_plan(bad_url, NULL, NULL, &bad_err), TRDB_E_INVALID, "ret is NULL");
    FAILS(trdb_doctor(bad_url, NULL, NULL, &bad_err), TRDB_E_INVALID, "ret is NULL");
    char *direct = harness_direct_url(bad_url); /* no pooler is migrated through */
    OK(trdb_migrate_up(direct, NULL, NULL, &bad_err)); /* nothing is left to do, and the list is not wanted */
    OK(trdb_migrate_verify(direct, NULL, NULL, &bad_err));
    free(direct);
    bad_nothing_happened();
}
END_TEST

/* ---- closed, freed ----------------------------------------------------------------------------------- */

START_TEST(use_after_close) {
    trdb_uow *unit = UNTOUCHED(trdb_uow);
    trdb_close(bad_db);
    FAILS(trdb_uow_begin(bad_db, NULL, &unit, &bad_err), TRDB_E_CLOSED, "closed");
    IS_UNTOUCHED(unit);
    trdb_close(bad_db); /* again */
    FAILS(trdb_uow_begin(bad_db, NULL, &unit, &bad_err), TRDB_E_CLOSED, "closed");
    bad_unit_works(); /* a unit that was begun before keeps its connection */
    bad_nothing_happened();
    trdb_db_stats stats = trdb_db_stats_init();
    OK(trdb_db_get_stats(bad_db, &stats, &bad_err));
    ck_assert_int_eq(stats.open, 0);
}
END_TEST

#define IS_CLOSED(call) FAILS(call, TRDB_E_CLOSED, "the database of the unit of work was closed")

START_TEST(a_unit_after_its_database_was_freed) {
    char *before = bad_fingerprint(bad_url);
    OK(trdb_trading_heartbeat(bad_uow, bad_bot, trdb_timestamp_now(), &bad_err)); /* never committed */
    trdb_db_free(bad_db);
    bad_db = NULL;
    EVERY_CALL(bad_uow, IS_CLOSED);
    IS_CLOSED(trdb_uow_commit(bad_uow, &bad_err));
    trdb_uow_free(bad_uow);
    bad_uow = NULL;
    char *after = bad_fingerprint(bad_url);
    ck_assert_str_eq(after, before);
    free(after);
    free(before);
}
END_TEST

START_TEST(rows_outlive_everything) {
    trdb_trading_bot *bot = NULL;
    trdb_trading_bot_list *bots = NULL;
    OK(trdb_trading_bot_get(bad_uow, bad_bot, &bot, &bad_err));
    OK(trdb_trading_bots_list(bad_uow, NULL, &bots, &bad_err));
    trdb_uow_free(bad_uow);
    trdb_db_free(bad_db);
    bad_uow = NULL, bad_db = NULL;
    ck_assert_str_eq(bot->config, "{}");
    ck_assert_str_eq(trdb_trading_bot_list_at(bots, 0)->config, "{}");
    trdb_trading_bot_free(bot);
    trdb_trading_bot_list_free(bots);
}
END_TEST

/* ---- finished, failed -------------------------------------------------------------------------------- */

#define IS_FINISHED(call) FAILS(call, TRDB_E_STATE, "the unit of work is finished")
#define HAS_FAILED(call) FAILS(call, TRDB_E_STATE, "trading_bots_user_id_fkey")

START_TEST(a_second_commit) {
    bad_nothing_happened(); /* the first */
    IS_FINISHED(trdb_uow_commit(bad_uow, &bad_err));
    IS_FINISHED(trdb_uow_rollback(bad_uow, &bad_err));
    IS_FINISHED(trdb_uow_commit(bad_uow, &bad_err));
    EVERY_CALL(bad_uow, IS_FINISHED);
}
END_TEST

START_TEST(a_repository_call_after_rollback) {
    char *before = bad_fingerprint(bad_url);
    OK(trdb_trading_heartbeat(bad_uow, bad_bot, trdb_timestamp_now(), &bad_err));
    OK(trdb_uow_rollback(bad_uow, &bad_err));
    EVERY_CALL(bad_uow, IS_FINISHED);
    IS_FINISHED(trdb_uow_rollback_to(bad_uow, &bad_err));
    IS_FINISHED(trdb_uow_rollback(bad_uow, &bad_err));
    IS_FINISHED(trdb_uow_commit(bad_uow, &bad_err));
    char *after = bad_fingerprint(bad_url);
    ck_assert_str_eq(after, before);
    free(after);
    free(before);
}
END_TEST

START_TEST(a_call_after_a_failure) {
    char *before = bad_fingerprint(bad_url);
    trdb_trading_bot_new in = bad_bot_new();
    in.user_id = trdb_i64(987654321);
    OK(trdb_trading_heartbeat(bad_uow, bad_bot, trdb_timestamp_now(), &bad_err));
    FAILS(trdb_trading_bot_insert(bad_uow, &in, NULL, &bad_err), TRDB_E_REFERENCE, "trading_bots");
    EVERY_CALL(bad_uow, HAS_FAILED);
    HAS_FAILED(trdb_uow_commit(bad_uow, &bad_err));
    IS_FINISHED(trdb_uow_commit(bad_uow, &bad_err));
    char *after = bad_fingerprint(bad_url);
    ck_assert_str_eq(after, before);
    free(after);
    free(before);
}
END_TEST

START_TEST(a_savepoint_that_is_not_there) {
    REFUSED(trdb_uow_release(bad_uow, &bad_err), TRDB_E_STATE, "has no savepoint");
    REFUSED(trdb_uow_rollback_to(bad_uow, &bad_err), TRDB_E_STATE, "has no savepoint");
    bad_nothing_happened();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bad handles");
    TCase *nulls = bad_case("NULL");
    tcase_add_test(nulls, a_null_database);
    tcase_add_test(nulls, a_null_unit);
    tcase_add_test(nulls, a_null_place_for_the_result);
    tcase_add_test(nulls, null_inputs);
    tcase_add_test(nulls, null_rows_lists_and_reports);
    tcase_add_test(nulls, null_errors_and_values);
    tcase_add_test(nulls, null_in_migrate_and_doctor);
    suite_add_tcase(suite, nulls);
    TCase *states = bad_case("states");
    tcase_add_test(states, use_after_close);
    tcase_add_test(states, a_unit_after_its_database_was_freed);
    tcase_add_test(states, rows_outlive_everything);
    tcase_add_test(states, a_second_commit);
    tcase_add_test(states, a_repository_call_after_rollback);
    tcase_add_test(states, a_call_after_a_failure);
    tcase_add_test(states, a_savepoint_that_is_not_there);
    suite_add_tcase(suite, states);
    return harness_run(suite);
}
