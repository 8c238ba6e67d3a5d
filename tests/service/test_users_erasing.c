/* SPDX-License-Identifier: MIT */
/* Erasing a user takes the person out of every table, and keeps the books. */
#include "fixture.h"

START_TEST(erasing_takes_the_person_and_keeps_the_books) {
    int64_t id = fix_account("1", TRDB_TELEGRAM_PROFILE_NEW(.email = "a@example.org", .language = "en"));
    int64_t other = fix_account("2", TRDB_TELEGRAM_PROFILE_NEW(.email = "b@example.org"));
    OK(trdb_users_issue_verification_code(fix_uow, id, "1", 1, NULL, &fix_err));
    OK(trdb_users_issue_verification_code(fix_uow, other, "2", 1, NULL, &fix_err));
    OK(trdb_trading_bot_insert(fix_uow,
                               TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(id), .config = "{}",
                                                    .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                    .status = trdb_enum(TRDB_TRADING_BOT_STATUS_STOPPED)),
                               NULL, &fix_err));
    OK(trdb_telegram_feedback_insert(
        fix_uow, TRDB_TELEGRAM_FEEDBACK_NEW(.user_id = trdb_i64(id), .message = "I am Ann"), NULL, &fix_err));
    const char *accounts[] = {"1", "2"};
    for (int i = 0; i < 2; i++)
        OK(trdb_telegram_command_audit_insert(
            fix_uow,
            TRDB_TELEGRAM_COMMAND_AUDIT_NEW(.telegram_user_id = accounts[i], .command = "/start",
                                            .full_message = "/start Ann", .user_email = "a@example.org"),
            NULL, &fix_err));
    for (int again = 0; again < 2; again++) {
        OK(trdb_users_erase_user(fix_uow, id, &fix_err));
        trdb_usr_user *user = NULL;
        OK(trdb_usr_user_get(fix_uow, id, &user, &fix_err));
        ck_assert_ptr_null(user->email);
        ck_assert(user->is_active.set && !user->is_active.value);
        trdb_usr_user_free(user);
        user = NULL;
        REFUSED(trdb_users_get_by_provider(fix_uow, "telegram", "1", &user, &fix_err), TRDB_E_NOT_FOUND,
                "no such row");
        ck_assert_int_eq(fix_count("usr_auth_identities"), 1);
        ck_assert_int_eq(fix_count("usr_verification_codes"), 1);
        ck_assert_int_eq(fix_count("trading_bots"), 1);
        ck_assert_int_eq(fix_count("telegram_feedbacks"), 1);
    }
    trdb_telegram_command_audit_list *audits = NULL;
    OK(trdb_telegram_command_audits_list(fix_uow, NULL, &audits, &fix_err));
    const trdb_telegram_command_audit *own = trdb_telegram_command_audit_list_at(audits, 0);
    const trdb_telegram_command_audit *kept = trdb_telegram_command_audit_list_at(audits, 1);
    ck_assert_str_ne(own->telegram_user_id, "1");
    ck_assert(!own->full_message && !own->user_email);
    ck_assert_str_eq(own->command, "/start");
    ck_assert_str_eq(kept->telegram_user_id, "2");
    ck_assert_str_eq(kept->full_message, "/start Ann");
    trdb_telegram_command_audit_list_free(audits);
    trdb_telegram_feedback_list *feedback = NULL;
    OK(trdb_telegram_feedbacks_list(fix_uow, NULL, &feedback, &fix_err));
    ck_assert_ptr_null(trdb_telegram_feedback_list_at(feedback, 0)->message);
    trdb_telegram_feedback_list_free(feedback);
    REFUSED(trdb_users_erase_user(fix_uow, id + 1000, &fix_err), TRDB_E_NOT_FOUND, "usr_users: no row");
}
END_TEST

static int64_t schedule_of(int64_t user, const char *name, const char *params) {
    trdb_job_schedule *row = NULL;
    OK(trdb_job_schedule_insert(fix_uow,
                                TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(user), .name = name,
                                                      .target = "BTC",
                                                      .job_type = trdb_enum(TRDB_JOB_TYPE_ALERT),
                                                      .cron = "@daily", .task_params = params),
                                &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_free(row);
    return id;
}

static int64_t run_of(trdb_in_i64 user, const char *snapshot) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_job_schedule_run_insert(fix_uow,
                                    TRDB_JOB_SCHEDULE_RUN_NEW(.user_id = user, .job_snapshot = snapshot,
                                                              .job_type = trdb_enum(TRDB_JOB_TYPE_ALERT)),
                                    &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_run_free(row);
    return id;
}

static void schedule_has(int64_t id, const char *params) {
    trdb_job_schedule *row = NULL;
    OK(trdb_job_schedule_get(fix_uow, id, &row, &fix_err));
    ck_assert_str_eq(row->task_params, params);
    trdb_job_schedule_free(row);
}

static void run_has(int64_t id, const char *snapshot) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_job_schedule_run_get(fix_uow, id, &row, &fix_err));
    ck_assert_str_eq(row->job_snapshot ? row->job_snapshot : "NULL", snapshot);
    trdb_job_schedule_run_free(row);
}

START_TEST(erasing_takes_the_person_out_of_jobs) {
    int64_t id = fix_account("1", TRDB_TELEGRAM_PROFILE_NEW(.email = "Ann@example.org"));
    int64_t other = fix_account("2", TRDB_TELEGRAM_PROFILE_NEW(.email = "b@example.org"));
    static const char of_one[] = "{\"a\": 1, \"email\": \"ann@example.org\", \"telegram_user_id\": \"1\"}";
    static const char of_two[] = "{\"a\": 1, \"email\": \"b@example.org\", \"telegram_user_id\": \"2\"}";
    char nested_one[256], nested_two[256];
    snprintf(nested_one, sizeof nested_one, "{\"target\": \"BTC\", \"task_params\": %s}", of_one);
    snprintf(nested_two, sizeof nested_two, "{\"target\": \"BTC\", \"task_params\": %s}", of_two);
    int64_t own = schedule_of(id, "own", of_one), for_two = schedule_of(id, "for two", of_two);
    int64_t by_two = schedule_of(other, "by two", of_one), kept = schedule_of(other, "kept", of_two);
    int64_t number = schedule_of(other, "number", "{\"telegram_user_id\": 1}");
    int64_t by_email =
        schedule_of(other, "by email", "{\"email\": \"ANN@example.org\", \"telegram_user_id\": \"2\"}");
    int64_t list = schedule_of(id, "list", "[\"telegram_user_id\"]");
    int64_t flag = schedule_of(other, "flag", "{\"email\": false}");
    int64_t run = run_of(trdb_i64(id), of_one), nested = run_of(trdb_i64(id), nested_one);
    int64_t nobodys = run_of(trdb_null_i64(), nested_one), kept_run = run_of(trdb_i64(other), nested_two);
    int64_t direct = run_of(trdb_i64(other), of_one), none = run_of(trdb_i64(id), NULL);
    int64_t scalar = run_of(trdb_i64(id), "{\"task_params\": 3}");
    for (int again = 0; again < 2; again++) {
        OK(trdb_users_erase_user(fix_uow, id, &fix_err));
        schedule_has(own, "{\"a\": 1}");
        schedule_has(for_two, "{\"a\": 1}");
        schedule_has(by_two, "{\"a\": 1}");
        schedule_has(number, "{}");
        schedule_has(by_email, "{\"telegram_user_id\": \"2\"}");
        schedule_has(kept, of_two);
        schedule_has(flag, "{\"email\": false}");
        schedule_has(list, "[\"telegram_user_id\"]");
        run_has(run, "{\"a\": 1}");
        run_has(nested, "{\"target\": \"BTC\", \"task_params\": {\"a\": 1}}");
        run_has(nobodys, "{\"target\": \"BTC\", \"task_params\": {\"a\": 1}}");
        run_has(direct, "{\"a\": 1}");
        run_has(kept_run, nested_two);
        run_has(none, "NULL");
        run_has(scalar, "{\"task_params\": 3}");
    }
    ck_assert_int_eq(fix_count("job_schedules"), 8);
    ck_assert_int_eq(fix_count("job_schedule_runs"), 7);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("users_erasing");
    TCase *tcase = fix_case("users_erasing");
    tcase_add_test(tcase, erasing_takes_the_person_and_keeps_the_books);
    tcase_add_test(tcase, erasing_takes_the_person_out_of_jobs);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
