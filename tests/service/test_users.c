/* SPDX-License-Identifier: MIT */
/* Users, Telegram accounts, verification codes. */
#include "fixture.h"

#include <pthread.h>

static trdb_telegram_profile *profile_of(const char *telegram_id) {
    trdb_telegram_profile *profile = NULL;
    OK(trdb_users_get_telegram_profile(fix_uow, telegram_id, &profile, &fix_err));
    return profile;
}

/* ---- signing in ------------------------------------------------------------------------------------------
 */

START_TEST(signing_in) {
    trdb_usr_user *user = NULL, *again = NULL;
    REFUSED(trdb_users_get_by_provider(fix_uow, "github", "42", &user, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    OK(trdb_users_authenticate_user(fix_uow, "github", "42", &user, &fix_err));
    ck_assert_int_eq(user->last_login.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_eq(user->role.value, TRDB_USR_ROLE_TRADER);
    ck_assert_ptr_null(user->email);
    OK(trdb_users_authenticate_user(fix_uow, "github", "42", &again, &fix_err));
    ck_assert_int_eq(again->id, user->id);
    trdb_usr_user_free(again);
    OK(trdb_users_get_by_provider(fix_uow, "github", "42", &again, &fix_err));
    ck_assert_int_eq(again->id, user->id);
    ck_assert_int_eq(again->last_login.us, user->last_login.us);
    trdb_usr_user_free(again);
    OK(trdb_users_authenticate_user(fix_uow, "telegram", "42", &again, &fix_err)); /* another provider */
    ck_assert_int_ne(again->id, user->id);
    trdb_usr_user_free(again);
    trdb_usr_user_free(user);
    ck_assert_int_eq(fix_count("usr_users"), 2);
    ck_assert_int_eq(fix_count("usr_auth_identities"), 2);
}
END_TEST

START_TEST(an_inactive_user_is_refused) {
    trdb_usr_user *user = NULL, *kept = NULL;
    OK(trdb_users_authenticate_user(fix_uow, "github", "42", &user, &fix_err));
    OK(trdb_usr_user_patch(
        fix_uow, user->id,
        TRDB_USR_USER_NEW(.is_active = trdb_bool(false), .last_login = trdb_time_us(1000000)), NULL,
        &fix_err));
    REFUSED(trdb_users_authenticate_user(fix_uow, "github", "42", &kept, &fix_err), TRDB_E_PERMISSION,
            "is not active");
    ck_assert_ptr_null(kept);
    OK(trdb_usr_user_get(fix_uow, user->id, &kept, &fix_err));
    ck_assert_int_eq(kept->last_login.us, 1000000);
    trdb_usr_user_free(kept);
    trdb_usr_user_free(user);
}
END_TEST

START_TEST(identities_are_checked_before_they_are_sent) {
    char long_id[257];
    memset(long_id, 'x', 256);
    long_id[256] = '\0';
    trdb_usr_user *user = NULL;
    int64_t trips = fix_round_trips();
    FAILS(trdb_users_authenticate_user(fix_uow, NULL, "1", &user, &fix_err), TRDB_E_NOT_NULL,
          "usr_auth_identities.provider: is required by users.authenticate_user");
    FAILS(trdb_users_authenticate_user(fix_uow, "a", NULL, &user, &fix_err), TRDB_E_NOT_NULL, "external_id");
    FAILS(trdb_users_authenticate_user(fix_uow, "a", TRDB_NULL_TEXT, &user, &fix_err), TRDB_E_NOT_NULL,
          "external_id");
    FAILS(trdb_users_authenticate_user(fix_uow, "a", "", &user, &fix_err), TRDB_E_INVALID,
          "external_id: is empty");
    FAILS(trdb_users_authenticate_user(fix_uow, "a", long_id, &user, &fix_err), TRDB_E_RANGE, "external_id");
    FAILS(trdb_users_authenticate_user(fix_uow, "a", "\xc0\x80", &user, &fix_err), TRDB_E_ENCODING,
          "external_id");
    FAILS(trdb_users_authenticate_user(fix_uow, "a", "1", NULL, &fix_err), TRDB_E_INVALID, "is NULL");
    FAILS(trdb_users_authenticate_user(NULL, "a", "1", &user, &fix_err), TRDB_E_INVALID,
          "unit of work is NULL");
    FAILS(trdb_users_create_telegram_user(fix_uow, "", NULL, &user, &fix_err), TRDB_E_INVALID,
          "external_id: is empty");
    FAILS(trdb_users_ensure_telegram_user(fix_uow, NULL, NULL, &user, &fix_err), TRDB_E_NOT_NULL,
          "external_id");
    FAILS(trdb_users_get_telegram_profile(fix_uow, NULL, NULL, &fix_err), TRDB_E_INVALID, "NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(user);
}
END_TEST

/* ---- many at once ----------------------------------------------------------------------------------------
 */

enum { THREADS = 8 };

typedef struct session {
    pthread_t thread;
    trdb_db *db;
    pthread_barrier_t *ready;
    int64_t user;
    int code;
    trdb_error *error;
    const trdb_telegram_profile_new *defaults;
} session;

static void *sign_in(void *arg) {
    session *s = arg;
    trdb_uow *uow = NULL;
    trdb_usr_user *user = NULL;
    s->code = trdb_uow_begin(s->db, NULL, &uow, &s->error);
    pthread_barrier_wait(s->ready);
    if (s->code == 0 && s->defaults)
        s->code = trdb_users_ensure_telegram_user(uow, "77", s->defaults, &user, &s->error);
    else if (s->code == 0)
        s->code = trdb_users_authenticate_user(uow, "telegram", "78", &user, &s->error);
    if (s->code == 0)
        s->code = trdb_uow_commit(uow, &s->error);
    s->user = user ? user->id : 0;
    trdb_usr_user_free(user);
    trdb_uow_free(uow);
    return NULL;
}

/* All sessions must have found one user. */
static void at_once(const trdb_telegram_profile_new *defaults) {
    session sessions[THREADS];
    pthread_barrier_t ready;
    pthread_barrier_init(&ready, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        sessions[i] = (session){.db = fix_db, .ready = &ready, .defaults = defaults};
        ck_assert_int_eq(pthread_create(&sessions[i].thread, NULL, sign_in, &sessions[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(sessions[i].thread, NULL);
    pthread_barrier_destroy(&ready);
    for (int i = 0; i < THREADS; i++) {
        ck_ok(sessions[i].code, sessions[i].error);
        ck_assert_int_eq(sessions[i].user, sessions[0].user);
    }
}

START_TEST(many_sign_in_at_once) {
    int64_t before = fix_count("usr_users");
    at_once(NULL);
    ck_assert_int_eq(fix_count("usr_users"), before + 1);
    ck_assert_int_eq(fix_count("usr_auth_identities"), 1);
}
END_TEST

START_TEST(many_make_a_user_with_an_email_at_once) {
    int64_t before = fix_count("usr_users");
    trdb_telegram_profile_new defaults = trdb_telegram_profile_new_init();
    defaults.email = "at.once@example.org";
    at_once(&defaults);
    ck_assert_int_eq(fix_count("usr_users"), before + 1);
}
END_TEST

/* ---- profiles --------------------------------------------------------------------------------------------
 */

START_TEST(creating_with_a_full_profile) {
    trdb_usr_user *user = NULL;
    OK(trdb_users_create_telegram_user(
        fix_uow, "4711",
        TRDB_TELEGRAM_PROFILE_NEW(.email = "Ann@Example.org", .role = trdb_enum(TRDB_USR_ROLE_VIEWER),
                                  .verified = trdb_bool(true), .approved = trdb_bool(false),
                                  .is_admin = trdb_bool(true), .language = "d\"e\\\n\x01\xc3\xa4",
                                  .max_alerts = trdb_i64(5), .max_schedules = trdb_i64(INT64_MAX),
                                  .verification_code = "s3cret", .code_sent_time = trdb_i64(1700000000)),
        &user, &fix_err));
    ck_assert_str_eq(user->email, "Ann@Example.org");
    ck_assert_int_eq(user->role.value, TRDB_USR_ROLE_VIEWER);
    trdb_telegram_profile *profile = profile_of("4711");
    ck_assert_int_eq(profile->user_id.value, user->id);
    ck_assert_str_eq(profile->telegram_user_id, "4711");
    ck_assert_str_eq(profile->email, "Ann@Example.org");
    ck_assert(profile->verified.set && profile->verified.value);
    ck_assert(profile->approved.set && !profile->approved.value);
    ck_assert(profile->is_admin.set && profile->is_admin.value);
    ck_assert_str_eq(profile->language, "d\"e\\\n\x01\xc3\xa4");
    ck_assert_int_eq(profile->max_alerts.value, 5);
    ck_assert_int_eq(profile->max_schedules.value, INT64_MAX);
    ck_assert_str_eq(profile->verification_code, "s3cret");
    ck_assert_int_eq(profile->code_sent_time.value, 1700000000);
    trdb_telegram_profile_free(profile);
    trdb_usr_user_free(user);
}
END_TEST

START_TEST(creating_twice_is_a_duplicate) {
    trdb_usr_user *user = NULL;
    OK(trdb_users_create_telegram_user(fix_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.email = "a@example.org"),
                                       NULL, &fix_err));
    REFUSED(trdb_users_create_telegram_user(fix_uow, "1", NULL, &user, &fix_err), TRDB_E_DUPLICATE,
            "has a user already");
    SERVER_FAILS(trdb_users_create_telegram_user(
                     fix_uow, "2", TRDB_TELEGRAM_PROFILE_NEW(.email = "A@EXAMPLE.org"), &user, &fix_err),
                 TRDB_E_DUPLICATE, "ux_users_email_lower");
    ck_assert_ptr_null(user);
    ck_assert_int_eq(fix_count("usr_users"), 1);
    ck_assert_int_eq(fix_count("usr_auth_identities"), 1);
}
END_TEST

START_TEST(ensuring_keeps_what_is_there) {
    int64_t id =
        fix_account("1", TRDB_TELEGRAM_PROFILE_NEW(.language = "en", .max_alerts = trdb_null_i64()));
    ck_assert_int_eq(fix_account("1", TRDB_TELEGRAM_PROFILE_NEW(.language = "de", .email = "x@example.org",
                                                                   .role = trdb_enum(TRDB_USR_ROLE_ADMIN))),
                     id);
    trdb_telegram_profile *profile = profile_of("1");
    ck_assert_str_eq(profile->language, "en");
    ck_assert_ptr_null(profile->email);
    ck_assert(!profile->verified.set && !profile->max_alerts.set && !profile->verification_code);
    trdb_telegram_profile_free(profile);
    trdb_usr_user *user = NULL;
    OK(trdb_usr_user_get(fix_uow, id, &user, &fix_err));
    ck_assert_int_eq(user->role.value, TRDB_USR_ROLE_TRADER);
    trdb_usr_user_free(user);
}
END_TEST

START_TEST(updating_sets_clears_and_leaves) {
    trdb_telegram_profile *profile = NULL;
    OK(trdb_users_update_telegram_profile(
        fix_uow, "1",
        TRDB_TELEGRAM_PROFILE_NEW(.email = "a@example.org", .verified = trdb_bool(true), .language = "en",
                                  .verification_code = "123", .code_sent_time = trdb_i64(5)),
        &profile, &fix_err)); /* the account is made */
    ck_assert_str_eq(profile->email, "a@example.org");
    ck_assert_str_eq(profile->verification_code, "123");
    trdb_telegram_profile_free(profile);
    OK(trdb_users_update_telegram_profile(
        fix_uow, "1",
        TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(false), .verification_code = TRDB_NULL_TEXT,
                                  .code_sent_time = trdb_null_i64(), .max_alerts = trdb_i64(0)),
        &profile, &fix_err));
    ck_assert(profile->verified.set && !profile->verified.value);
    ck_assert_ptr_null(profile->verification_code);
    ck_assert(!profile->code_sent_time.set);
    ck_assert_int_eq(profile->max_alerts.set, 1);
    ck_assert_str_eq(profile->language, "en");
    ck_assert_str_eq(profile->email, "a@example.org");
    trdb_telegram_profile_free(profile);
    OK(trdb_users_update_telegram_profile(fix_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.email = TRDB_NULL_TEXT),
                                          NULL, &fix_err));
    profile = profile_of("1");
    ck_assert_ptr_null(profile->email);
    ck_assert_str_eq(profile->language, "en");
    trdb_telegram_profile_free(profile);
}
END_TEST

START_TEST(updating_keeps_keys_it_does_not_know) {
    int64_t id = fix_account("1", NULL);
    trdb_usr_auth_identity_list *identities = NULL;
    OK(trdb_usr_auth_identities_list(fix_uow, TRDB_USR_AUTH_IDENTITY_FILTER(.user_id = trdb_where_i64_eq(id)),
                                     &identities, &fix_err));
    int64_t identity = trdb_usr_auth_identity_list_at(identities, 0)->id;
    trdb_usr_auth_identity_list_free(identities);
    static const char *const stored[] = {
        "{\"theme\": \"dark\", \"max_alerts\": \"ten\", \"verified\": \"true\"}", "[1]", "7", "null"};
    for (size_t i = 0; i < 4; i++) {
        OK(trdb_usr_auth_identity_patch(fix_uow, identity, TRDB_USR_AUTH_IDENTITY_NEW(.metadata = stored[i]),
                                        NULL, &fix_err));
        trdb_telegram_profile *profile = profile_of("1");
        ck_assert(!profile->max_alerts.set && !profile->verified.set); /* of another type: NULL */
        trdb_telegram_profile_free(profile);
        OK(trdb_users_update_telegram_profile(fix_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.language = "en"), NULL,
                                              &fix_err));
        trdb_usr_auth_identity *row = NULL;
        OK(trdb_usr_auth_identity_get(fix_uow, identity, &row, &fix_err));
        ck_assert_ptr_nonnull(strstr(row->metadata, "\"language\": \"en\""));
        ck_assert_int_eq(strstr(row->metadata, "\"theme\": \"dark\"") != NULL, i == 0);
        trdb_usr_auth_identity_free(row);
    }
    static const char *const numbers[] = {"1e30", "2.5", "-1e30"};
    for (size_t i = 0; i < 3; i++) {
        char metadata[40];
        snprintf(metadata, sizeof metadata, "{\"max_alerts\": %s}", numbers[i]);
        OK(trdb_usr_auth_identity_patch(fix_uow, identity, TRDB_USR_AUTH_IDENTITY_NEW(.metadata = metadata),
                                        NULL, &fix_err));
        trdb_telegram_profile *profile = profile_of("1");
        ck_assert(!profile->max_alerts.set);
        trdb_telegram_profile_free(profile);
    }
}
END_TEST

START_TEST(profiles_are_checked_before_they_are_sent) {
    static const char *const long_text = "012345678901234567890123456789012";
    fix_account("1", NULL);
    int64_t trips = fix_round_trips();
#define BAD(code, part, ...)                                                                                 \
    do {                                                                                                     \
        trdb_telegram_profile_new in = {.struct_size = sizeof in, __VA_ARGS__};                              \
        FAILS(trdb_users_update_telegram_profile(fix_uow, "1", &in, NULL, &fix_err), code, part);            \
    } while (0)
    BAD(TRDB_E_INVALID, "gives no field", .email = NULL);
    BAD(TRDB_E_INVALID, "usr_users.email: is empty", .email = "");
    BAD(TRDB_E_ENCODING, "usr_users.email", .email = "\xff");
    BAD(TRDB_E_INVALID, "role: users.update_telegram_profile does not change it",
        .role = trdb_enum(TRDB_USR_ROLE_ADMIN));
    BAD(TRDB_E_INVALID, "trdb_telegram_profile_new.role", .role = trdb_enum(9));
    BAD(TRDB_E_NOT_NULL, "trdb_telegram_profile_new.role", .role = trdb_null_enum());
    BAD(TRDB_E_INVALID, "trdb_telegram_profile_new.verified: is no boolean", .verified = {2, TRDB_GIVEN});
    BAD(TRDB_E_INVALID, "trdb_telegram_profile_new.approved: has a value but no state",
        .approved = {1, TRDB_NOT_GIVEN});
    BAD(TRDB_E_INVALID, "trdb_telegram_profile_new.is_admin: has no valid state", .is_admin = {1, 9});
    BAD(TRDB_E_RANGE, "trdb_telegram_profile_new.max_alerts: must not be negative",
        .max_alerts = trdb_i64(-1));
    BAD(TRDB_E_RANGE, "trdb_telegram_profile_new.language: the text is too long", .language = long_text);
    BAD(TRDB_E_ENCODING, "trdb_telegram_profile_new.language", .language = "\xff");
    BAD(TRDB_E_RANGE, "trdb_telegram_profile_new.verification_code: the text is too long",
        .verification_code = long_text);
    BAD(TRDB_E_INVALID, "struct_size", .struct_size = 0);
#undef BAD
    FAILS(trdb_users_update_telegram_profile(fix_uow, "1", NULL, NULL, &fix_err), TRDB_E_INVALID,
          "gives no field");
    ck_assert_int_eq(fix_round_trips(), trips);
    fix_unit_works();
}
END_TEST

/* ---- lists -----------------------------------------------------------------------------------------------
 */

START_TEST(lists_of_accounts) {
    int64_t first =
        fix_account("1", TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(true), .email = "a@example.org"));
    fix_account("2", TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(true), .approved = trdb_bool(false),
                                                  .is_admin = trdb_bool(true)));
    fix_account("3", TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(true), .approved = trdb_bool(true)));
    fix_account("4",
                   TRDB_TELEGRAM_PROFILE_NEW(.verified = trdb_bool(false), .is_admin = trdb_bool(false)));
    trdb_usr_user *elsewhere = NULL;
    OK(trdb_users_authenticate_user(fix_uow, "github", "5", &elsewhere, &fix_err));

    trdb_telegram_profile_list *profiles = NULL;
    OK(trdb_users_list_telegram_profiles(fix_uow, &profiles, &fix_err));
    ck_assert_uint_eq(trdb_telegram_profile_list_count(profiles), 4);
    ck_assert_int_eq(trdb_telegram_profile_list_at(profiles, 0)->user_id.value, first);
    trdb_telegram_profile_list_free(profiles);
    OK(trdb_users_list_pending_approvals(fix_uow, &profiles, &fix_err));
    ck_assert_uint_eq(trdb_telegram_profile_list_count(profiles), 2); /* never decided counts as pending */
    ck_assert_str_eq(trdb_telegram_profile_list_at(profiles, 1)->telegram_user_id, "2");
    trdb_telegram_profile_list_free(profiles);

    trdb_telegram_admin_list *admins = NULL;
    OK(trdb_users_list_admin_telegram_ids(fix_uow, &admins, &fix_err));
    ck_assert_uint_eq(trdb_telegram_admin_list_count(admins), 1);
    ck_assert_str_eq(trdb_telegram_admin_list_at(admins, 0)->telegram_user_id, "2");
    trdb_telegram_admin_list_free(admins);

    trdb_telegram_recipient_list *recipients = NULL;
    OK(trdb_users_list_users_for_broadcast(fix_uow, &recipients, &fix_err));
    ck_assert_uint_eq(trdb_telegram_recipient_list_count(recipients), 4);
    ck_assert_str_eq(trdb_telegram_recipient_list_at(recipients, 0)->email, "a@example.org");
    ck_assert(trdb_telegram_recipient_list_at(recipients, 2)->approved.value);
    trdb_telegram_recipient_list_free(recipients);

    trdb_notification_channels *channels = NULL;
    OK(trdb_users_get_notification_channels(fix_uow, first, &channels, &fix_err));
    ck_assert_str_eq(channels->email, "a@example.org");
    ck_assert_str_eq(channels->telegram_chat_id, "1");
    trdb_notification_channels_free(channels);
    OK(trdb_users_get_notification_channels(fix_uow, elsewhere->id, &channels, &fix_err));
    ck_assert_ptr_null(channels->email);
    ck_assert_ptr_null(channels->telegram_chat_id);
    trdb_notification_channels_free(channels);
    REFUSED(trdb_users_get_notification_channels(fix_uow, first + 1000, &channels, &fix_err),
            TRDB_E_NOT_FOUND, "no such row");
    trdb_telegram_profile *profile = NULL;
    REFUSED(trdb_users_get_telegram_profile(fix_uow, "5", &profile, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    trdb_usr_user_free(elsewhere);
}
END_TEST

/* ---- codes
 * ------------------------------------------------------------------------------------------------- */

START_TEST(codes) {
    enum { NOW = 1700000000 };
    int64_t user = fix_account("1", NULL), count = -1;
    trdb_usr_verification_code *row = NULL;
    OK(trdb_users_count_recent_verification_codes(fix_uow, user, NOW, &count, &fix_err));
    ck_assert_int_eq(count, 0);
    OK(trdb_users_issue_verification_code(fix_uow, user, "abc123", NOW, &row, &fix_err));
    ck_assert_str_eq(row->code, "abc123");
    ck_assert_str_eq(row->provider, "telegram");
    ck_assert_int_eq(row->sent_time.value, NOW);
    ck_assert_int_eq(row->attempts.value, 0);
    trdb_usr_verification_code_free(row);
    row = NULL;
    OK(trdb_users_issue_verification_code(fix_uow, user, "abc123", NOW - 3600, NULL, &fix_err));
    OK(trdb_users_issue_verification_code(fix_uow, user, "abc123", NOW - 3601, NULL, &fix_err));
    OK(trdb_users_issue_verification_code(fix_uow, user, "abc123", NOW + 86400, NULL, &fix_err));
    OK(trdb_users_count_recent_verification_codes(fix_uow, user, NOW, &count, &fix_err));
    ck_assert_int_eq(count, 3); /* one hour ago counts, a second more does not, the future does */
    OK(trdb_users_count_recent_verification_codes(fix_uow, user, INT64_MIN, &count, &fix_err));
    ck_assert_int_eq(count, 4);
    OK(trdb_users_count_recent_verification_codes(fix_uow, user + 1000, NOW, &count, &fix_err));
    ck_assert_int_eq(count, 0);
    REFUSED(trdb_users_count_recent_verification_codes(fix_uow, user, NOW, NULL, &fix_err), TRDB_E_INVALID,
            "is NULL");
    REFUSED(trdb_users_issue_verification_code(fix_uow, user, NULL, NOW, &row, &fix_err), TRDB_E_NOT_NULL,
            "code");
    REFUSED(trdb_users_issue_verification_code(fix_uow, user, "", NOW, &row, &fix_err), TRDB_E_INVALID,
            "is empty");
    SERVER_FAILS(trdb_users_issue_verification_code(fix_uow, user + 1000, "abc123", NOW, &row, &fix_err),
                 TRDB_E_REFERENCE, "usr_verification_codes");
}
END_TEST

/* Everything that a user of the library could print. */
static void shows_no_secret(const trdb_error *error) {
    const char *texts[] = {trdb_error_message(error), trdb_error_detail(error), trdb_error_constraint(error),
                           trdb_error_statement(error)};
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(!texts[i] || !strstr(texts[i], "s3cret"), "%s", texts[i]);
}

static int traced;
static void trace(void *arg, const trdb_trace_event *event) {
    (void)arg;
    traced++;
    ck_assert_ptr_null(strstr(event->sql, "s3cret"));
    ck_assert_ptr_null(strstr(event->statement, "s3cret"));
}

START_TEST(codes_are_secret) {
    trdb_uow_free(fix_uow);
    OK(trdb_set_trace(fix_db, trace, NULL, &fix_err));
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    trdb_telegram_profile_new profile = trdb_telegram_profile_new_init();
    profile.verification_code = "s3cret";
    int64_t user = fix_account("1", &profile);
    OK(trdb_users_update_telegram_profile(fix_uow, "1", &profile, NULL, &fix_err));

    profile.verification_code = "s3cret-that-is-longer-than-32-characters";
    ck_assert_int_eq(trdb_users_create_telegram_user(fix_uow, "2", &profile, NULL, &fix_err), TRDB_E_RANGE);
    shows_no_secret(fix_err);
    ck_assert_int_eq(
        trdb_users_issue_verification_code(fix_uow, user, profile.verification_code, 0, NULL, &fix_err),
        TRDB_E_RANGE);
    shows_no_secret(fix_err);

    /* The server is brought to complain about the very rows. */
    OK(trdb_uow_commit(fix_uow, &fix_err));
    trdb_uow_free(fix_uow);
    harness_sql(fix_url,
                "ALTER TABLE usr_auth_identities ADD CONSTRAINT no_codes CHECK (metadata ->> "
                "'verification_code' IS NULL) NOT VALID;"
                "ALTER TABLE usr_verification_codes ADD CONSTRAINT no_code CHECK (code = '') NOT VALID");
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    profile.verification_code = "s3cret";
    OK(trdb_uow_savepoint(fix_uow, &fix_err));
    ck_assert_int_eq(trdb_users_create_telegram_user(fix_uow, "2", &profile, NULL, &fix_err), TRDB_E_CHECK);
    shows_no_secret(fix_err);
    OK(trdb_uow_rollback_to(fix_uow, &fix_err));
    OK(trdb_uow_savepoint(fix_uow, &fix_err));
    ck_assert_int_eq(trdb_users_update_telegram_profile(fix_uow, "1", &profile, NULL, &fix_err),
                     TRDB_E_CHECK);
    shows_no_secret(fix_err);
    OK(trdb_uow_rollback_to(fix_uow, &fix_err));
    OK(trdb_uow_savepoint(fix_uow, &fix_err));
    ck_assert_int_eq(trdb_users_issue_verification_code(fix_uow, user, "s3cret", 0, NULL, &fix_err),
                     TRDB_E_CHECK);
    shows_no_secret(fix_err);
    OK(trdb_uow_rollback_to(fix_uow, &fix_err));
    ck_assert_int_gt(traced, 5);
    OK(trdb_uow_rollback(fix_uow, &fix_err));
    harness_sql(fix_url, "ALTER TABLE usr_auth_identities DROP CONSTRAINT no_codes;"
                         "ALTER TABLE usr_verification_codes DROP CONSTRAINT no_code;"
                         "TRUNCATE usr_users CASCADE");
}
END_TEST

START_TEST(round_trips) {
    const trdb_telegram_profile_new language = {.struct_size = sizeof language, .language = "en"};
    trdb_usr_user *user = NULL;
    trdb_telegram_profile *profile = NULL;
    int64_t id = fix_account("1", NULL), count;
    for (int warm = 0; warm < 2; warm++) {
        const char *fresh = warm ? "3" : "2";
        int64_t before = fix_round_trips(), expected = 0;
#define COSTS(trips, call)                                                                                   \
    do {                                                                                                     \
        OK(call);                                                                                            \
        expected += (trips);                                                                                 \
        if (warm)                                                                                            \
            ck_assert_msg(fix_round_trips() - before == expected, #call);                                    \
    } while (0)
        COSTS(1, trdb_users_authenticate_user(fix_uow, "telegram", "1", &user, &fix_err));
        trdb_usr_user_free(user);
        COSTS(1, trdb_users_create_telegram_user(fix_uow, fresh, &language, NULL, &fix_err));
        COSTS(2, trdb_users_ensure_telegram_user(fix_uow, fresh, NULL, &user, &fix_err));
        trdb_usr_user_free(user);
        COSTS(2, trdb_users_update_telegram_profile(fix_uow, fresh, &language, NULL, &fix_err));
        COSTS(3, trdb_users_update_telegram_profile(fix_uow, fresh, &language, &profile, &fix_err));
        trdb_telegram_profile_free(profile);
        COSTS(1, trdb_users_issue_verification_code(fix_uow, id, "1", 1, NULL, &fix_err));
        COSTS(1, trdb_users_count_recent_verification_codes(fix_uow, id, 1, &count, &fix_err));
        COSTS(1, trdb_users_erase_user(fix_uow, id, &fix_err));
        OK(trdb_usr_user_patch(fix_uow, id, TRDB_USR_USER_NEW(.is_active = trdb_bool(true)), NULL, &fix_err));
#undef COSTS
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("users");
    TCase *tcase = fix_case("users");
    tcase_add_test(tcase, signing_in);
    tcase_add_test(tcase, an_inactive_user_is_refused);
    tcase_add_test(tcase, identities_are_checked_before_they_are_sent);
    tcase_add_test(tcase, creating_with_a_full_profile);
    tcase_add_test(tcase, creating_twice_is_a_duplicate);
    tcase_add_test(tcase, ensuring_keeps_what_is_there);
    tcase_add_test(tcase, updating_sets_clears_and_leaves);
    tcase_add_test(tcase, updating_keeps_keys_it_does_not_know);
    tcase_add_test(tcase, profiles_are_checked_before_they_are_sent);
    tcase_add_test(tcase, lists_of_accounts);
    tcase_add_test(tcase, codes);
    tcase_add_test(tcase, codes_are_secret);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    tcase = fix_case("at once"); /* commits: in a database of its own */
    tcase_add_test(tcase, many_sign_in_at_once);
    tcase_add_test(tcase, many_make_a_user_with_an_email_at_once);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
