/* SPDX-License-Identifier: MIT */
/* E-mail, approval, limits and language of Telegram accounts. A test is named after the operation of the
 * reference that it covers. */
#include "fixture.h"

enum { NOW = 1700000000 };

static char long_text[300];

static trdb_telegram_profile *profile_of(const char *telegram_id) {
    trdb_telegram_profile *profile = NULL;
    OK(trdb_users_get_telegram_profile(fix_uow, telegram_id, &profile, &fix_err));
    return profile;
}

static int set_email(const char *telegram_id, const char *email, const char *code, int64_t sent_time) {
    return trdb_telegram_set_user_email(fix_uow, telegram_id, email, code, sent_time, NULL, false, NULL,
                                        &fix_err);
}

static int32_t try_code(const char *telegram_id, const char *code) {
    int32_t outcome = 0;
    OK(trdb_telegram_verify_code(fix_uow, telegram_id, code, 0, NOW, &outcome, &fix_err));
    return outcome;
}

/* ---- e-mail ------------------------------------------------------------------------------------------- */

START_TEST(svc_set_user_email) {
    trdb_telegram_profile *profile = NULL;
    OK(trdb_telegram_set_user_email(fix_uow, "42", "Ann@Example.org", "123456", NOW, "de", true, &profile,
                                    &fix_err));
    ck_assert_str_eq(profile->email, "Ann@Example.org");
    ck_assert(profile->verified.set && !profile->verified.value);
    ck_assert(profile->is_admin.value);
    ck_assert_str_eq(profile->language, "de");
    ck_assert_str_eq(profile->verification_code, "123456");
    ck_assert_int_eq(profile->code_sent_time.value, NOW);
    trdb_telegram_profile_free(profile);
    /* It wrote the code's row, too: the code can be used. */
    ck_assert_int_eq(try_code("42", "123456"), TRDB_CODE_OUTCOME_ACCEPTED);
    profile = profile_of("42");
    ck_assert(profile->verified.value);
    trdb_telegram_profile_free(profile);
    OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    OK(set_email("42", "Ann@Example.org", "222222",
                 NOW)); /* again: to be verified anew, language en, no admin */
    profile = profile_of("42");
    ck_assert(!profile->verified.value && !profile->is_admin.value);
    ck_assert_str_eq(profile->language, "en");
    ck_assert(profile->approved.value); /* not its business */
    trdb_telegram_profile_free(profile);
    ck_assert_int_eq(fix_count("usr_users"), 1);
    ck_assert_int_eq(fix_count("usr_verification_codes"), 2);
}
END_TEST

/* A code that went to one address does not confirm another. */
START_TEST(set_user_email_locks_codes_of_another_address) {
    OK(set_email("42", "mine@example.org", "111111", NOW));
    OK(set_email("42", "victim@example.org", "222222", NOW));
    ck_assert_int_eq(try_code("42", "111111"), TRDB_CODE_OUTCOME_LOCKED);
    ck_assert_int_eq(try_code("42", "222222"), TRDB_CODE_OUTCOME_ACCEPTED);
    /* Sent to the same address twice, both are good. */
    OK(set_email("43", "b@example.org", "111111", NOW));
    OK(set_email("43", "B@EXAMPLE.org", "222222", NOW));
    ck_assert_int_eq(try_code("43", "111111"), TRDB_CODE_OUTCOME_ACCEPTED);
}
END_TEST

START_TEST(set_user_email_bad_input) {
    OK(set_email("1", "taken@example.org", "1", NOW));
    SERVER_FAILS(set_email("42", "TAKEN@example.org", "1", NOW), TRDB_E_DUPLICATE, "ux_users_email_lower");
    trdb_telegram_profile *profile = NULL;
    int64_t trips = fix_round_trips();
#define SET(id, email, code, time, language)                                                                 \
    trdb_telegram_set_user_email(fix_uow, id, email, code, time, language, false, &profile, &fix_err)
    FAILS(SET(NULL, "a@b", "1", NOW, NULL), TRDB_E_NOT_NULL,
          "external_id: is required by telegram.set_user_email");
    FAILS(SET("", "a@b", "1", NOW, NULL), TRDB_E_INVALID, "external_id: is empty");
    FAILS(SET("42", NULL, "1", NOW, NULL), TRDB_E_NOT_NULL, "usr_users.email: is required");
    FAILS(SET("42", TRDB_NULL_TEXT, "1", NOW, NULL), TRDB_E_NOT_NULL, "usr_users.email");
    FAILS(SET("42", "", "1", NOW, NULL), TRDB_E_INVALID, "usr_users.email: is empty");
    FAILS(SET("42", long_text, "1", NOW, NULL), TRDB_E_RANGE, "usr_users.email");
    FAILS(SET("42", "a\xff@b", "1", NOW, NULL), TRDB_E_ENCODING, "usr_users.email");
    FAILS(SET("42", "a@b", NULL, NOW, NULL), TRDB_E_NOT_NULL, "usr_verification_codes.code");
    FAILS(SET("42", "a@b", "", NOW, NULL), TRDB_E_INVALID, "code: is empty");
    FAILS(SET("42", "a@b", long_text, NOW, NULL), TRDB_E_RANGE, "code");
    FAILS(SET("42", "a@b", "1", -1, NULL), TRDB_E_RANGE, "sent_time must not be negative");
    FAILS(SET("42", "a@b", "1", NOW, ""), TRDB_E_INVALID, "the language is empty");
    FAILS(SET("42", "a@b", "1", NOW, long_text), TRDB_E_RANGE, "language: the text is too long");
    FAILS(SET("42", "a@b", "1", NOW, "\xff"), TRDB_E_ENCODING, "language");
#undef SET
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(profile);
    fix_unit_works();
    ck_assert_int_eq(fix_count("usr_users"), 1);
}
END_TEST

START_TEST(svc_reset_user_email_verification) {
    OK(set_email("42", "a@example.org", "111111", NOW));
    OK(set_email("42", "a@example.org", "222222", NOW));
    ck_assert_int_eq(try_code("42", "111111"), TRDB_CODE_OUTCOME_ACCEPTED);
    OK(trdb_telegram_reset_email_verification(fix_uow, "42", &fix_err));
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert(profile->verified.set && !profile->verified.value);
    ck_assert_ptr_null(profile->verification_code); /* cleared, not only meant to be */
    ck_assert(!profile->code_sent_time.set);
    ck_assert_str_eq(profile->email, "a@example.org");
    trdb_telegram_profile_free(profile);
    ck_assert_int_eq(try_code("42", "222222"), TRDB_CODE_OUTCOME_LOCKED);
    ck_assert_int_eq(try_code("42", "111111"), TRDB_CODE_OUTCOME_USED);
    OK(trdb_telegram_reset_email_verification(fix_uow, "42", &fix_err)); /* again is fine */
    OK(trdb_telegram_reset_email_verification(fix_uow, "43", &fix_err)); /* made */
    profile = profile_of("43");
    ck_assert(profile->verified.set && !profile->verified.value);
    trdb_telegram_profile_free(profile);
    REFUSED(trdb_telegram_reset_email_verification(fix_uow, NULL, &fix_err), TRDB_E_NOT_NULL, "external_id");
}
END_TEST

/* ---- flags -------------------------------------------------------------------------------------------- */

START_TEST(svc_verify_user_email) {
    OK(trdb_telegram_verify_user_email(fix_uow, "42", &fix_err)); /* made */
    OK(trdb_telegram_verify_user_email(fix_uow, "42", &fix_err));
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert(profile->verified.value);
    ck_assert(!profile->approved.set);
    trdb_telegram_profile_free(profile);
    REFUSED(trdb_telegram_verify_user_email(fix_uow, "", &fix_err), TRDB_E_INVALID, "external_id: is empty");
    REFUSED(trdb_telegram_verify_user_email(fix_uow, long_text, &fix_err), TRDB_E_RANGE, "external_id");
    ck_assert_int_eq(fix_count("usr_users"), 1);
}
END_TEST

START_TEST(svc_approve_user) {
    OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert(profile->approved.value);
    ck_assert(!profile->verified.set);
    trdb_telegram_profile_free(profile);
    REFUSED(trdb_telegram_approve_user(fix_uow, NULL, &fix_err), TRDB_E_NOT_NULL,
            "external_id: is required by telegram.approve_user");
}
END_TEST

START_TEST(svc_reject_user) {
    OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    OK(trdb_telegram_reject_user(fix_uow, "42", &fix_err));
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert(profile->approved.set && !profile->approved.value);
    trdb_telegram_profile_free(profile);
    OK(trdb_telegram_reject_user(fix_uow, "43", &fix_err)); /* made */
    REFUSED(trdb_telegram_reject_user(fix_uow, "\xff", &fix_err), TRDB_E_ENCODING, "external_id");
    ck_assert_int_eq(fix_count("usr_users"), 2);
}
END_TEST

/* ---- limits ------------------------------------------------------------------------------------------- */

START_TEST(svc_set_user_limit) {
    OK(trdb_telegram_set_user_limit(fix_uow, "42", "max_alerts", 5, &fix_err)); /* made */
    OK(trdb_telegram_set_user_limit(fix_uow, "42", "max_schedules", 0, &fix_err));
    OK(trdb_telegram_set_user_limit(fix_uow, "42", "max_alerts", INT64_MAX, &fix_err));
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert_int_eq(profile->max_alerts.value, INT64_MAX);
    ck_assert(profile->max_schedules.set && profile->max_schedules.value == 0);
    trdb_telegram_profile_free(profile);
    static const char *const keys[] = {NULL,         TRDB_NULL_TEXT, "",           "max_bots",
                                       "MAX_ALERTS", "is_admin",     "max_alerts "};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        REFUSED(trdb_telegram_set_user_limit(fix_uow, "42", keys[i], 1, &fix_err), TRDB_E_INVALID,
                "telegram.set_user_limit: a limit is max_alerts or max_schedules");
    REFUSED(trdb_telegram_set_user_limit(fix_uow, "42", "max_alerts", -1, &fix_err), TRDB_E_RANGE,
            "max_alerts: must not be negative");
    REFUSED(trdb_telegram_set_user_limit(fix_uow, "", "max_alerts", 1, &fix_err), TRDB_E_INVALID,
            "external_id");
    ck_assert_int_eq(fix_count("usr_users"), 1);
}
END_TEST

START_TEST(svc_get_user_limit) {
    trdb_opt_i64 limit = {.value = 7, .set = 1};
    OK(trdb_telegram_get_user_limit(fix_uow, "42", "max_alerts", &limit, &fix_err));
    ck_assert(!limit.set);
    ck_assert_int_eq(fix_count("usr_users"), 0); /* asking makes nobody */
    OK(trdb_telegram_set_user_limit(fix_uow, "42", "max_alerts", 5, &fix_err));
    OK(trdb_telegram_get_user_limit(fix_uow, "42", "max_alerts", &limit, &fix_err));
    ck_assert(limit.set && limit.value == 5);
    OK(trdb_telegram_get_user_limit(fix_uow, "42", "max_schedules", &limit, &fix_err));
    ck_assert(!limit.set);
    OK(trdb_users_update_telegram_profile(fix_uow, "42",
                                          TRDB_TELEGRAM_PROFILE_NEW(.max_alerts = trdb_null_i64()), NULL,
                                          &fix_err)); /* NULL takes it away */
    OK(trdb_telegram_get_user_limit(fix_uow, "42", "max_alerts", &limit, &fix_err));
    ck_assert(!limit.set);
    limit.value = 9;
    REFUSED(trdb_telegram_get_user_limit(fix_uow, "42", "max_bots", &limit, &fix_err), TRDB_E_INVALID,
            "a limit is max_alerts or max_schedules");
    REFUSED(trdb_telegram_get_user_limit(fix_uow, NULL, "max_alerts", &limit, &fix_err), TRDB_E_NOT_NULL,
            "external_id");
    REFUSED(trdb_telegram_get_user_limit(fix_uow, "42", "max_alerts", NULL, &fix_err), TRDB_E_INVALID,
            "is NULL");
    ck_assert_int_eq(limit.value, 9);
}
END_TEST

/* ---- status and language ------------------------------------------------------------------------------ */

START_TEST(svc_get_user_status) {
    trdb_telegram_account_status *status = NULL;
    REFUSED(trdb_telegram_get_user_status(fix_uow, "42", &status, &fix_err), TRDB_E_NOT_FOUND, "no such row");
    REFUSED(trdb_telegram_get_user_status(fix_uow, NULL, &status, &fix_err), TRDB_E_INVALID,
            "telegram_id is NULL");
    ck_assert_ptr_null(status);
    OK(trdb_users_ensure_telegram_user(fix_uow, "42", NULL, NULL, &fix_err));
    OK(trdb_telegram_get_user_status(fix_uow, "42", &status, &fix_err));
    ck_assert_str_eq(status->telegram_user_id, "42");
    ck_assert_ptr_null(status->email);
    ck_assert(status->approved.set && !status->approved.value); /* the defaults apply */
    ck_assert(status->verified.set && !status->verified.value);
    ck_assert(status->is_admin.set && !status->is_admin.value);
    ck_assert_str_eq(status->language, "en");
    ck_assert(!status->max_alerts.set && !status->max_schedules.set);
    trdb_telegram_account_status_free(status);
    OK(trdb_telegram_set_user_email(fix_uow, "42", "a@example.org", "1", NOW, "de", true, NULL, &fix_err));
    OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    OK(trdb_telegram_set_user_limit(fix_uow, "42", "max_schedules", 3, &fix_err));
    OK(trdb_telegram_get_user_status(fix_uow, "42", &status, &fix_err));
    ck_assert_str_eq(status->email, "a@example.org");
    ck_assert(status->approved.value && status->is_admin.value && !status->verified.value);
    ck_assert_str_eq(status->language, "de");
    ck_assert_int_eq(status->max_schedules.value, 3);
    trdb_telegram_account_status_free(status);
}
END_TEST

START_TEST(svc_update_user_language) {
    REFUSED(trdb_telegram_update_user_language(fix_uow, "42", "de", &fix_err), TRDB_E_NOT_FOUND,
            "telegram.update_user_language: the Telegram account is not known");
    ck_assert_int_eq(fix_count("usr_users"), 0);
    OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    OK(trdb_telegram_update_user_language(fix_uow, "42", "de", &fix_err));
    OK(trdb_telegram_update_user_language(fix_uow, "42", "de", &fix_err)); /* again is fine */
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert_str_eq(profile->language, "de");
    ck_assert(profile->approved.value);
    trdb_telegram_profile_free(profile);
#define SET(id, language) trdb_telegram_update_user_language(fix_uow, id, language, &fix_err)
    REFUSED(SET("42", NULL), TRDB_E_NOT_NULL, "the language is required");
    REFUSED(SET("42", TRDB_NULL_TEXT), TRDB_E_NOT_NULL, "the language is required");
    REFUSED(SET("42", ""), TRDB_E_INVALID, "the language is empty");
    REFUSED(SET("42", long_text), TRDB_E_RANGE, "language: the text is too long");
    REFUSED(SET("42", "\xff"), TRDB_E_ENCODING, "language");
    REFUSED(SET(NULL, "de"), TRDB_E_NOT_NULL, "external_id");
#undef SET
}
END_TEST

START_TEST(svc_list_users) {
    OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    OK(trdb_telegram_verify_user_email(fix_uow, "43", &fix_err));
    trdb_telegram_recipient_list *users = NULL;
    OK(trdb_users_list_users_for_broadcast(fix_uow, &users, &fix_err));
    ck_assert_uint_eq(trdb_telegram_recipient_list_count(users), 2);
    ck_assert_str_eq(trdb_telegram_recipient_list_at(users, 0)->telegram_user_id, "42");
    ck_assert(trdb_telegram_recipient_list_at(users, 0)->approved.value);
    ck_assert(trdb_telegram_recipient_list_at(users, 1)->verified.value);
    trdb_telegram_recipient_list_free(users);
}
END_TEST

START_TEST(round_trips) {
    trdb_opt_i64 limit;
    trdb_telegram_profile *profile = NULL;
    for (int warm = 0; warm < 2; warm++) {
        int64_t before = fix_round_trips();
        OK(set_email("42", "a@example.org", "1", NOW));
        OK(trdb_telegram_set_user_email(fix_uow, "42", "a@example.org", "1", NOW, NULL, false, &profile,
                                        &fix_err));
        OK(trdb_telegram_reset_email_verification(fix_uow, "42", &fix_err));
        OK(trdb_telegram_verify_user_email(fix_uow, "42", &fix_err));
        OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
        OK(trdb_telegram_reject_user(fix_uow, "42", &fix_err));
        OK(trdb_telegram_set_user_limit(fix_uow, "42", "max_alerts", 1, &fix_err));
        OK(trdb_telegram_get_user_limit(fix_uow, "42", "max_alerts", &limit, &fix_err));
        OK(trdb_telegram_update_user_language(fix_uow, "42", "de", &fix_err));
        if (warm)
            ck_assert_int_eq(fix_round_trips() - before, 10);
        trdb_telegram_profile_free(profile);
    }
}
END_TEST

int main(void) {
    memset(long_text, 'x', sizeof long_text - 1);
    Suite *suite = suite_create("telegram profile");
    TCase *tcase = fix_case("profile");
    tcase_add_test(tcase, svc_set_user_email);
    tcase_add_test(tcase, set_user_email_locks_codes_of_another_address);
    tcase_add_test(tcase, set_user_email_bad_input);
    tcase_add_test(tcase, svc_reset_user_email_verification);
    tcase_add_test(tcase, svc_verify_user_email);
    tcase_add_test(tcase, svc_approve_user);
    tcase_add_test(tcase, svc_reject_user);
    tcase_add_test(tcase, svc_set_user_limit);
    tcase_add_test(tcase, svc_get_user_limit);
    tcase_add_test(tcase, svc_get_user_status);
    tcase_add_test(tcase, svc_update_user_language);
    tcase_add_test(tcase, svc_list_users);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
