/* SPDX-License-Identifier: MIT */
/* The operations on users of the reference, section 3, each under its name; test_users.c has what lies
 * beneath. */
#include "fixture.h"

enum { NOW = 1700000000 };

static int64_t account(const char *telegram_id, const trdb_telegram_profile_new *profile) {
    trdb_usr_user *user = NULL;
    OK(trdb_users_ensure_telegram_user(fix_uow, telegram_id, profile, &user, &fix_err));
    int64_t id = user->id;
    trdb_usr_user_free(user);
    return id;
}

static int64_t identity(int64_t user, const char *provider, const char *external_id) {
    trdb_usr_auth_identity *row = NULL;
    OK(trdb_usr_auth_identity_insert(fix_uow,
                                     TRDB_USR_AUTH_IDENTITY_NEW(.user_id = trdb_i64(user),
                                                                .provider = provider,
                                                                .external_id = external_id),
                                     &row, &fix_err));
    int64_t id = row->id;
    trdb_usr_auth_identity_free(row);
    return id;
}

START_TEST(repo_create_user) {
    trdb_usr_user *user = NULL;
    OK(trdb_usr_user_insert(fix_uow, TRDB_USR_USER_NEW(.email = "ann@example.org"), &user, &fix_err));
    ck_assert_int_gt(user->id, 0);
    ck_assert_int_eq(user->role.value, TRDB_USR_ROLE_TRADER);
    trdb_usr_user_free(user);
    user = NULL;
    SERVER_FAILS(
        trdb_usr_user_insert(fix_uow, TRDB_USR_USER_NEW(.email = "ANN@example.org"), &user, &fix_err),
        TRDB_E_DUPLICATE, "ux_users_email_lower");
    REFUSED(trdb_usr_user_insert(fix_uow, TRDB_USR_USER_NEW(.role = trdb_enum(7)), &user, &fix_err),
            TRDB_E_INVALID, "usr_users.role");
    ck_assert_ptr_null(user);
}
END_TEST

START_TEST(repo_create_identity) {
    int64_t user = fix_user();
    identity(user, "telegram", "42");
    SERVER_FAILS(
        trdb_usr_auth_identity_insert(fix_uow,
                                      TRDB_USR_AUTH_IDENTITY_NEW(.user_id = trdb_i64(fix_user()),
                                                                 .provider = "telegram", .external_id = "42"),
                                      NULL, &fix_err),
        TRDB_E_DUPLICATE, "ix_auth_identities_provider_external");
    SERVER_FAILS(
        trdb_usr_auth_identity_insert(fix_uow,
                                      TRDB_USR_AUTH_IDENTITY_NEW(.user_id = trdb_i64(user + 1000),
                                                                 .provider = "telegram", .external_id = "43"),
                                      NULL, &fix_err),
        TRDB_E_REFERENCE, "auth_identities_user_id_fkey");
}
END_TEST

START_TEST(repo_get_identity) {
    int64_t user = fix_user(), id = identity(user, "telegram", "42");
    trdb_usr_auth_identity *row = NULL;
    OK(trdb_usr_identity_by_external_id(fix_uow, "telegram", "42", &row, &fix_err));
    ck_assert_int_eq(row->id, id);
    ck_assert_int_eq(row->user_id.value, user);
    trdb_usr_auth_identity_free(row);
    row = NULL;
    REFUSED(trdb_usr_identity_by_external_id(fix_uow, "github", "42", &row, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    REFUSED(trdb_usr_identity_by_external_id(fix_uow, "telegram", "042", &row, &fix_err), TRDB_E_NOT_FOUND,
            "no such row"); /* ids compare as text */
    ck_assert_ptr_null(row);
}
END_TEST

START_TEST(repo_get_user_by_telegram_id) {
    int64_t id = account("42", NULL);
    trdb_usr_user *user = NULL;
    OK(trdb_users_get_by_provider(fix_uow, "telegram", "42", &user, &fix_err));
    ck_assert_int_eq(user->id, id);
    trdb_usr_user_free(user);
    user = NULL;
    REFUSED(trdb_users_get_by_provider(fix_uow, "telegram", "43", &user, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    REFUSED(trdb_users_get_by_provider(fix_uow, "telegram", NULL, &user, &fix_err), TRDB_E_INVALID,
            "external_id");
    ck_assert_ptr_null(user);
}
END_TEST

START_TEST(repo_get_user_by_id) {
    int64_t id = fix_user();
    trdb_usr_user *user = NULL;
    OK(trdb_usr_user_get(fix_uow, id, &user, &fix_err));
    ck_assert_int_eq(user->id, id);
    trdb_usr_user_free(user);
    user = NULL;
    REFUSED(trdb_usr_user_get(fix_uow, id + 1, &user, &fix_err), TRDB_E_NOT_FOUND,
            "usr_users: no row with id");
    ck_assert_ptr_null(user);
}
END_TEST

START_TEST(repo_get_telegram_profile) {
    int64_t id =
        account("42", TRDB_TELEGRAM_PROFILE_NEW(.email = "a@example.org", .verified = trdb_bool(true)));
    trdb_telegram_profile *profile = NULL;
    OK(trdb_users_get_telegram_profile(fix_uow, "42", &profile, &fix_err));
    ck_assert_int_eq(profile->user_id.value, id);
    ck_assert_str_eq(profile->email, "a@example.org");
    ck_assert(profile->verified.value);
    ck_assert(!profile->approved.set && !profile->is_admin.set && !profile->language &&
              !profile->max_alerts.set && !profile->max_schedules.set && !profile->verification_code &&
              !profile->code_sent_time.set);
    trdb_telegram_profile_free(profile);
    profile = NULL;
    REFUSED(trdb_users_get_telegram_profile(fix_uow, "43", &profile, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    ck_assert_ptr_null(profile);
}
END_TEST

START_TEST(repo_list_telegram_users_dto) {
    account("42", NULL);
    account("43", NULL);
    identity(fix_user(), "github", "44");
    trdb_telegram_profile_list *profiles = NULL;
    OK(trdb_users_list_telegram_profiles(fix_uow, &profiles, &fix_err));
    ck_assert_uint_eq(trdb_telegram_profile_list_count(profiles), 2);
    trdb_telegram_profile_list_free(profiles);
}
END_TEST

START_TEST(repo_list_pending_telegram_approvals) {
    account("no", TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(false)));
    account("yes", TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(true), .approved = trdb_bool(true)));
    account("rejected", TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(true), .approved = trdb_bool(false)));
    account("never", TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(true)));
    account("unset", NULL);
    trdb_telegram_profile_list *profiles = NULL;
    OK(trdb_users_list_pending_approvals(fix_uow, &profiles, &fix_err));
    ck_assert_uint_eq(trdb_telegram_profile_list_count(profiles), 2);
    ck_assert_str_eq(trdb_telegram_profile_list_at(profiles, 0)->telegram_user_id, "rejected");
    ck_assert_str_eq(trdb_telegram_profile_list_at(profiles, 1)->telegram_user_id, "never");
    trdb_telegram_profile_list_free(profiles);
}
END_TEST

START_TEST(repo_get_admin_telegram_user_ids) {
    account("42",
            TRDB_TELEGRAM_PROFILE_NEW(.is_admin = trdb_bool(true), .role = trdb_enum(TRDB_USR_ROLE_VIEWER)));
    account("43",
            TRDB_TELEGRAM_PROFILE_NEW(.role = trdb_enum(TRDB_USR_ROLE_ADMIN))); /* the role does not matter */
    int64_t id = identity(fix_user(), "telegram", "44");
    OK(trdb_usr_auth_identity_patch(fix_uow, id,
                                    TRDB_USR_AUTH_IDENTITY_NEW(.metadata = "{\"is_admin\": \"true\"}"), NULL,
                                    &fix_err)); /* text does not count */
    trdb_telegram_admin_list *admins = NULL;
    OK(trdb_users_list_admin_telegram_ids(fix_uow, &admins, &fix_err));
    ck_assert_uint_eq(trdb_telegram_admin_list_count(admins), 1);
    ck_assert_str_eq(trdb_telegram_admin_list_at(admins, 0)->telegram_user_id, "42");
    trdb_telegram_admin_list_free(admins);
}
END_TEST

START_TEST(repo_get_user_notification_channels) {
    int64_t id = account("42", TRDB_TELEGRAM_PROFILE_NEW(.email = "a@example.org")), other = fix_user();
    trdb_notification_channels *channels = NULL;
    OK(trdb_users_get_notification_channels(fix_uow, id, &channels, &fix_err));
    ck_assert_str_eq(channels->email, "a@example.org");
    ck_assert_str_eq(channels->telegram_chat_id, "42");
    trdb_notification_channels_free(channels);
    OK(trdb_users_get_notification_channels(fix_uow, other, &channels, &fix_err));
    ck_assert(!channels->email && !channels->telegram_chat_id);
    trdb_notification_channels_free(channels);
    channels = NULL;
    REFUSED(trdb_users_get_notification_channels(fix_uow, other + 1, &channels, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    ck_assert_ptr_null(channels);
}
END_TEST

START_TEST(verification_issue) {
    int64_t user = fix_user();
    trdb_usr_verification_code *row = NULL;
    OK(trdb_users_issue_verification_code(fix_uow, user, "123456", NOW, &row, &fix_err));
    ck_assert_str_eq(row->provider, "telegram");
    trdb_usr_verification_code_free(row);
    SERVER_FAILS(trdb_users_issue_verification_code(fix_uow, user + 1000, "1", NOW, NULL, &fix_err),
                 TRDB_E_REFERENCE, "usr_verification_codes");
}
END_TEST

START_TEST(verification_count_last_hour_by_user_id) {
    int64_t user = fix_user(), count = -1;
    for (int64_t sent = NOW - 3601; sent <= NOW + 3600; sent += 3601)
        OK(trdb_users_issue_verification_code(fix_uow, user, "1", sent, NULL, &fix_err));
    OK(trdb_users_issue_verification_code(fix_uow, user, "1", NOW - 3600, NULL, &fix_err));
    OK(trdb_users_count_recent_verification_codes(fix_uow, user, NOW, &count, &fix_err));
    ck_assert_int_eq(count, 2); /* an hour ago and now, not a second earlier */
}
END_TEST

START_TEST(svc_ensure_user_for_telegram) {
    int64_t id = account("42", TRDB_TELEGRAM_PROFILE_NEW(.language = "de"));
    ck_assert_int_eq(account("42", TRDB_TELEGRAM_PROFILE_NEW(.language = "fr")), id);
    trdb_telegram_profile *profile = NULL;
    OK(trdb_users_get_telegram_profile(fix_uow, "42", &profile, &fix_err));
    ck_assert_str_eq(profile->language, "de"); /* defaults count for a new user only */
    trdb_telegram_profile_free(profile);
}
END_TEST

START_TEST(svc_update_telegram_profile) {
    trdb_telegram_profile *profile = NULL;
    OK(trdb_users_update_telegram_profile(
        fix_uow, "42",
        TRDB_TELEGRAM_PROFILE_NEW(.email = "a@example.org", .language = "de", .max_alerts = trdb_i64(3)),
        NULL, &fix_err));
    OK(trdb_users_update_telegram_profile(
        fix_uow, "42", TRDB_TELEGRAM_PROFILE_NEW(.email = TRDB_NULL_TEXT, .max_alerts = trdb_null_i64()),
        &profile, &fix_err)); /* NULL clears, what is not given stays */
    ck_assert_ptr_null(profile->email);
    ck_assert(!profile->max_alerts.set);
    ck_assert_str_eq(profile->language, "de");
    trdb_telegram_profile_free(profile);
}
END_TEST

START_TEST(svc_list_users_for_broadcast) {
    int64_t id =
        account("42", TRDB_TELEGRAM_PROFILE_NEW(.email = "a@example.org", .approved = trdb_bool(false)));
    OK(trdb_usr_user_patch(fix_uow, id, TRDB_USR_USER_NEW(.is_active = trdb_bool(false)), NULL, &fix_err));
    trdb_telegram_recipient_list *users = NULL;
    OK(trdb_users_list_users_for_broadcast(fix_uow, &users, &fix_err)); /* whatever they are */
    ck_assert_uint_eq(trdb_telegram_recipient_list_count(users), 1);
    ck_assert_str_eq(trdb_telegram_recipient_list_at(users, 0)->email, "a@example.org");
    ck_assert(!trdb_telegram_recipient_list_at(users, 0)->verified.set);
    trdb_telegram_recipient_list_free(users);
}
END_TEST

START_TEST(model_to_dict) {
    int64_t id = account("42", TRDB_TELEGRAM_PROFILE_NEW(.email = "ann.lee@example.org")), other = fix_user();
    trdb_usr_user_summary *summary = NULL;
    OK(trdb_users_get_summary(fix_uow, id, &summary, &fix_err));
    ck_assert_int_eq(summary->id.value, id);
    ck_assert_str_eq(summary->username, "ann.lee");
    ck_assert_str_eq(summary->email, "ann.lee@example.org");
    ck_assert_int_eq(summary->role.value, TRDB_USR_ROLE_TRADER);
    ck_assert(summary->is_active.value);
    ck_assert_int_eq(summary->created_at.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_eq(summary->last_login.kind, TRDB_TIMESTAMP_NULL);
    trdb_usr_user_summary_free(summary);
    OK(trdb_users_get_summary(fix_uow, other, &summary, &fix_err));
    ck_assert_ptr_null(summary->username); /* none without an e-mail */
    trdb_usr_user_summary_free(summary);
    summary = NULL;
    REFUSED(trdb_users_get_summary(fix_uow, other + 1, &summary, &fix_err), TRDB_E_NOT_FOUND, "no such row");
    ck_assert_ptr_null(summary);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("users catalogue");
    TCase *tcase = fix_case("catalogue");
    tcase_add_test(tcase, repo_create_user);
    tcase_add_test(tcase, repo_create_identity);
    tcase_add_test(tcase, repo_get_identity);
    tcase_add_test(tcase, repo_get_user_by_telegram_id);
    tcase_add_test(tcase, repo_get_user_by_id);
    tcase_add_test(tcase, repo_get_telegram_profile);
    tcase_add_test(tcase, repo_list_telegram_users_dto);
    tcase_add_test(tcase, repo_list_pending_telegram_approvals);
    tcase_add_test(tcase, repo_get_admin_telegram_user_ids);
    tcase_add_test(tcase, repo_get_user_notification_channels);
    tcase_add_test(tcase, verification_issue);
    tcase_add_test(tcase, verification_count_last_hour_by_user_id);
    tcase_add_test(tcase, svc_ensure_user_for_telegram);
    tcase_add_test(tcase, svc_update_telegram_profile);
    tcase_add_test(tcase, svc_list_users_for_broadcast);
    tcase_add_test(tcase, model_to_dict);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
