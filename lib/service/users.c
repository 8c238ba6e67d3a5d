/* SPDX-License-Identifier: MIT */
#include "service/profile.h"

static const char telegram[] = "telegram";

static int take_identity(const char *call, const char *provider, const char *external_id,
                         trdb_error **reterr) {
    const trdbi_table *table = &trdbi_table_usr_auth_identities;
    int code = trdbi_take_text(call, table, "provider", provider, reterr);
    return code < 0 ? code : trdbi_take_text(call, table, "external_id", external_id, reterr);
}

int trdb_users_authenticate_user(trdb_uow *uow, const char *provider, const char *external_id,
                                 trdb_usr_user **ret, trdb_error **reterr) {
    static const char call[] = "users.authenticate_user";
    trdb_usr_user *user = NULL;
    if (!ret) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the place for the user is NULL", call);
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    int code = take_identity(call, provider, external_id, reterr);
    if (code == 0)
        code = trdbi_usr_sign_in(uow, provider, external_id, &user, reterr);
    if (code < 0)
        return code;
    if (user->is_active.set && !user->is_active.value) {
        trdbi_error(reterr, TRDB_E_PERMISSION, "user %lld is not active", (long long)user->id);
        trdbi_error_set_column(reterr, "usr_users", "is_active");
        trdb_usr_user_free(user);
        return trdbi_refused(call, TRDB_E_PERMISSION, reterr);
    }
    *ret = user;
    return 0;
}

/* ---- Telegram accounts ---------------------------------------------------------------------------- */

/* The user of an account, made when there is none. */
static int ensure(trdb_uow *uow, const char *telegram_id, trdb_in_enum role, const char *email,
                  const char *metadata, int64_t *ret_user_id, bool *ret_made, trdb_error **reterr) {
    trdbi_usr_ensure_user_row *row = NULL;
    int code = trdbi_usr_ensure_user(uow, telegram, telegram_id, role, email, metadata, &row, reterr);
    if (code < 0)
        return code;
    *ret_user_id = row->user_id.value;
    *ret_made = row->made.value;
    trdbi_row_free(row);
    return 0;
}

static int already_there(const char *call, trdb_error **reterr) {
    trdbi_error(reterr, TRDB_E_DUPLICATE, "the Telegram account has a user already");
    trdbi_error_set_column(reterr, "usr_auth_identities", "external_id");
    return trdbi_refused(call, TRDB_E_DUPLICATE, reterr);
}

static int ensure_user(const char *call, bool must_be_new, trdb_uow *uow, const char *telegram_id,
                       const trdb_telegram_profile_new *given, trdb_usr_user **ret, trdb_error **reterr) {
    trdbi_profile profile;
    int64_t user_id = 0;
    bool made = false;
    int code = trdbi_take_profile(call, given, &profile, reterr);
    if (code == 0)
        code = take_identity(call, telegram, telegram_id, reterr);
    if (code == 0)
        code = ensure(uow, telegram_id, profile.in.role, profile.in.email, profile.set.data, &user_id, &made,
                      reterr);
    trdbi_profile_free(&profile);
    if (code == 0 && must_be_new && !made)
        code = already_there(call, reterr);
    return code == 0 && ret ? trdb_usr_user_get(uow, user_id, ret, reterr) : code;
}

int trdb_users_create_telegram_user(trdb_uow *uow, const char *telegram_id,
                                    const trdb_telegram_profile_new *profile, trdb_usr_user **ret,
                                    trdb_error **reterr) {
    return ensure_user("users.create_telegram_user", true, uow, telegram_id, profile, ret, reterr);
}

int trdb_users_ensure_telegram_user(trdb_uow *uow, const char *telegram_id,
                                    const trdb_telegram_profile_new *defaults, trdb_usr_user **ret,
                                    trdb_error **reterr) {
    return ensure_user("users.ensure_telegram_user", false, uow, telegram_id, defaults, ret, reterr);
}

/* A profile that changes something and leaves the role alone. */
static int take_changes(const char *call, const trdb_telegram_profile_new *given, trdbi_profile *changes,
                        trdb_error **reterr) {
    int code = trdbi_take_profile(call, given, changes, reterr);
    if (code < 0)
        return code;
    if (changes->in.role.state != TRDB_NOT_GIVEN)
        trdbi_error(reterr, TRDB_E_INVALID, "trdb_telegram_profile_new.role: %s does not change it", call);
    else if (!changes->in.email && changes->set_count + changes->cleared_count == 0)
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the profile gives no field", call);
    else
        return 0;
    return trdbi_refused(call, TRDB_E_INVALID, reterr);
}

static int write_changes(trdb_uow *uow, const char *telegram_id, const trdbi_profile *changes,
                         trdb_error **reterr) {
    int64_t user_id = 0;
    bool made = false;
    int code = ensure(uow, telegram_id, changes->in.role, NULL, NULL, &user_id, &made, reterr);
    if (code < 0)
        return code;
    trdb_texts cleared = {.items = changes->cleared, .count = changes->cleared_count};
    return trdbi_usr_update_profile(uow, user_id, telegram, telegram_id, changes->in.email != NULL,
                                    changes->in.email, changes->set.data, cleared, NULL, reterr);
}

int trdb_users_update_telegram_profile(trdb_uow *uow, const char *telegram_id,
                                       const trdb_telegram_profile_new *profile, trdb_telegram_profile **ret,
                                       trdb_error **reterr) {
    static const char call[] = "users.update_telegram_profile";
    trdbi_profile changes;
    int code = take_changes(call, profile, &changes, reterr);
    if (code == 0)
        code = take_identity(call, telegram, telegram_id, reterr);
    if (code == 0)
        code = write_changes(uow, telegram_id, &changes, reterr);
    trdbi_profile_free(&changes);
    return code == 0 && ret ? trdb_users_get_telegram_profile(uow, telegram_id, ret, reterr) : code;
}

/* ---- verification codes --------------------------------------------------------------------------- */

int trdb_users_issue_verification_code(trdb_uow *uow, int64_t user_id, const char *code_text,
                                       int64_t sent_time, trdb_usr_verification_code **ret,
                                       trdb_error **reterr) {
    int code = trdbi_take_text("users.issue_verification_code", &trdbi_table_usr_verification_codes, "code",
                               code_text, reterr);
    if (code < 0)
        return code;
    trdb_usr_verification_code_new in = trdb_usr_verification_code_new_init();
    in.user_id = trdb_i64(user_id);
    in.code = code_text;
    in.sent_time = trdb_i64(sent_time);
    return trdb_usr_verification_code_insert(uow, &in, ret, reterr);
}

int trdb_users_count_recent_verification_codes(trdb_uow *uow, int64_t user_id, int64_t now, int64_t *ret,
                                               trdb_error **reterr) {
    static const char call[] = "users.count_recent_verification_codes";
    enum { HOUR = 3600 };
    if (!ret) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the place for the number is NULL", call);
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    trdbi_usr_verification_codes_sent_since_row *row = NULL;
    int64_t since = now < INT64_MIN + HOUR ? INT64_MIN : now - HOUR;
    int code = trdbi_usr_verification_codes_sent_since(uow, user_id, since, &row, reterr);
    if (code < 0)
        return code;
    *ret = row->sent.value;
    trdbi_row_free(row);
    return 0;
}

/* ---- erasing -------------------------------------------------------------------------------------- */

int trdb_users_erase_user(trdb_uow *uow, int64_t user_id, trdb_error **reterr) {
    int64_t touched = 0;
    int code = trdbi_usr_erase_user(uow, user_id, &touched, reterr);
    if (code < 0 || touched > 0)
        return code;
    trdbi_error(reterr, TRDB_E_NOT_FOUND, "usr_users: no row with id %lld", (long long)user_id);
    trdbi_error_set_column(reterr, "usr_users", "id");
    return trdbi_refused("users.erase_user", TRDB_E_NOT_FOUND, reterr);
}
