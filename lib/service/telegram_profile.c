/* SPDX-License-Identifier: MIT */
#include "service/telegram.h"
#include "service/profile.h"

#include "base/text.h"

/* ---- verification codes ---------------------------------------------------------------------------- */

static int take_code(const char *call, const char *code_text, trdb_error **reterr) {
    return trdbi_take_text(call, &trdbi_table_usr_verification_codes, "code", code_text, reterr);
}

/* Seconds since 1970; 0 stands for now. */
static int take_time(const char *call, const char *name, int64_t *seconds, trdb_error **reterr) {
    enum { MICROSECONDS = 1000000 };
    if (*seconds < 0)
        return trdbi_telegram_refuse(call, TRDB_E_RANGE, reterr, "%s must not be negative", name);
    if (*seconds == 0)
        *seconds = trdbi_now_us() / MICROSECONDS;
    return 0;
}

int trdb_telegram_set_verification_code(trdb_uow *uow, const char *telegram_id, const char *code_text,
                                        int64_t sent_time, trdb_usr_verification_code **ret,
                                        trdb_error **reterr) {
    static const char call[] = "telegram.set_verification_code";
    trdb_usr_verification_code *row = NULL;
    int code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = take_code(call, code_text, reterr);
    if (code == 0)
        code = take_time(call, "sent_time", &sent_time, reterr);
    if (code == 0)
        code = trdbi_telegram_code_issue(uow, telegram_id, code_text, sent_time, &row, reterr);
    if (code == 0 && ret)
        *ret = row;
    else
        trdb_usr_verification_code_free(row);
    return code;
}

int trdb_telegram_count_codes_last_hour(trdb_uow *uow, const char *telegram_id, int64_t now, int64_t *ret,
                                        trdb_error **reterr) {
    static const char call[] = "telegram.count_codes_last_hour";
    enum { HOUR = 3600 };
    trdbi_telegram_codes_sent_since_row *row = NULL;
    if (!ret)
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the place for the number is NULL");
    int code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = take_time(call, "now", &now, reterr);
    if (code == 0)
        code = trdbi_telegram_codes_sent_since(uow, telegram_id, now - HOUR, &row, reterr);
    if (code < 0)
        return code;
    *ret = row->sent.value;
    trdbi_row_free(row);
    return 0;
}

int trdb_telegram_verify_code(trdb_uow *uow, const char *telegram_id, const char *code_text, int64_t expiry,
                              int64_t now, int32_t *ret_outcome, trdb_error **reterr) {
    static const char call[] = "telegram.verify_code";
    enum { DEFAULT_EXPIRY = 3600 };
    trdbi_telegram_code_verify_row *row = NULL;
    if (!ret_outcome)
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the place for the outcome is NULL");
    int code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = take_code(call, code_text, reterr);
    if (code == 0)
        code = take_time(call, "now", &now, reterr);
    if (code == 0 && expiry < 0)
        code = trdbi_telegram_refuse(call, TRDB_E_RANGE, reterr, "expiry must not be negative");
    if (code == 0)
        code = trdbi_telegram_code_verify(uow, telegram_id, code_text, expiry == 0 ? DEFAULT_EXPIRY : expiry,
                                          now, &row, reterr);
    if (code < 0)
        return code;
    *ret_outcome = row->outcome.value;
    trdbi_row_free(row);
    return 0;
}

/* ---- the profile ----------------------------------------------------------------------------------- */

/* Writes keys of an account's metadata. An account that is not known is made, or else TRDB_E_NOT_FOUND. */
static int change(const char *call, trdb_uow *uow, const char *telegram_id, bool make,
                  const trdb_telegram_profile_new *in, trdb_error **reterr) {
    trdbi_profile profile;
    trdbi_telegram_profile_change_row *row = NULL;
    int code = trdbi_take_profile(call, in, &profile, reterr);
    if (code == 0)
        code = trdbi_take_telegram_id(call, telegram_id, reterr);
    trdb_texts cleared = {.items = profile.cleared, .count = profile.cleared_count};
    if (code == 0)
        code = trdbi_telegram_profile_change(uow, telegram_id, make, profile.set.data, cleared, &row, reterr);
    trdbi_profile_free(&profile);
    if (code == 0 && !row->user_id.set) {
        code = trdbi_telegram_refuse(call, TRDB_E_NOT_FOUND, reterr, "the Telegram account is not known");
        trdbi_error_set_column(reterr, "usr_auth_identities", "external_id");
    }
    trdbi_row_free(row);
    return code;
}

static int take_language(const char *call, const char *language, trdb_error **reterr) {
    if (!language || language == TRDB_NULL_TEXT)
        return trdbi_telegram_refuse(call, TRDB_E_NOT_NULL, reterr, "the language is required");
    if (language[0] == '\0')
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the language is empty");
    return 0;
}

/* What a call that sets an e-mail is given, checked as a profile's fields are. */
static int take_email(const char *call, const char *telegram_id, const char *email, const char *code_text,
                      const char *language, trdb_error **reterr) {
    trdb_telegram_profile_new in = trdb_telegram_profile_new_init();
    trdbi_profile profile;
    in.language = language;
    int code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = trdbi_take_text(call, &trdbi_table_usr_users, "email", email, reterr);
    if (code == 0)
        code = take_code(call, code_text, reterr);
    if (code == 0)
        code = take_language(call, language, reterr);
    if (code < 0)
        return code;
    code = trdbi_take_profile(call, &in, &profile, reterr);
    trdbi_profile_free(&profile);
    return code;
}

int trdb_telegram_set_user_email(trdb_uow *uow, const char *telegram_id, const char *email,
                                 const char *code_text, int64_t sent_time, const char *language,
                                 bool is_admin, trdb_telegram_profile **ret, trdb_error **reterr) {
    static const char call[] = "telegram.set_user_email";
    trdbi_telegram_email_set_row *row = NULL;
    if (!language || language == TRDB_NULL_TEXT)
        language = "en";
    int code = take_email(call, telegram_id, email, code_text, language, reterr);
    if (code == 0)
        code = take_time(call, "sent_time", &sent_time, reterr);
    if (code == 0)
        code = trdbi_telegram_email_set(uow, telegram_id, email, code_text, sent_time, language, is_admin,
                                        &row, reterr);
    trdbi_row_free(row);
    return code == 0 && ret ? trdb_users_get_telegram_profile(uow, telegram_id, ret, reterr) : code;
}

int trdb_telegram_reset_email_verification(trdb_uow *uow, const char *telegram_id, trdb_error **reterr) {
    trdbi_telegram_verification_reset_row *row = NULL;
    int code = trdbi_take_telegram_id("telegram.reset_email_verification", telegram_id, reterr);
    if (code == 0)
        code = trdbi_telegram_verification_reset(uow, telegram_id, &row, reterr);
    trdbi_row_free(row);
    return code;
}

int trdb_telegram_verify_user_email(trdb_uow *uow, const char *telegram_id, trdb_error **reterr) {
    trdb_telegram_profile_new in = trdb_telegram_profile_new_init();
    in.verified = trdb_bool(true);
    return change("telegram.verify_user_email", uow, telegram_id, true, &in, reterr);
}

int trdb_telegram_approve_user(trdb_uow *uow, const char *telegram_id, trdb_error **reterr) {
    trdb_telegram_profile_new in = trdb_telegram_profile_new_init();
    in.approved = trdb_bool(true);
    return change("telegram.approve_user", uow, telegram_id, true, &in, reterr);
}

int trdb_telegram_reject_user(trdb_uow *uow, const char *telegram_id, trdb_error **reterr) {
    trdb_telegram_profile_new in = trdb_telegram_profile_new_init();
    in.approved = trdb_bool(false);
    return change("telegram.reject_user", uow, telegram_id, true, &in, reterr);
}

static int take_limit_key(const char *call, const char *key, trdb_error **reterr) {
    if (key && key != TRDB_NULL_TEXT && (strcmp(key, "max_alerts") == 0 || strcmp(key, "max_schedules") == 0))
        return 0;
    return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "a limit is max_alerts or max_schedules");
}

int trdb_telegram_set_user_limit(trdb_uow *uow, const char *telegram_id, const char *key, int64_t value,
                                 trdb_error **reterr) {
    static const char call[] = "telegram.set_user_limit";
    trdb_telegram_profile_new in = trdb_telegram_profile_new_init();
    int code = take_limit_key(call, key, reterr);
    if (code < 0)
        return code;
    *(strcmp(key, "max_alerts") == 0 ? &in.max_alerts : &in.max_schedules) = trdb_i64(value);
    return change(call, uow, telegram_id, true, &in, reterr);
}

int trdb_telegram_get_user_limit(trdb_uow *uow, const char *telegram_id, const char *key, trdb_opt_i64 *ret,
                                 trdb_error **reterr) {
    static const char call[] = "telegram.get_user_limit";
    trdbi_telegram_user_limit_row *row = NULL;
    if (!ret)
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the place for the limit is NULL");
    int code = take_limit_key(call, key, reterr);
    if (code == 0)
        code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code < 0)
        return code;
    code = trdbi_telegram_user_limit(uow, telegram_id, key, &row, reterr);
    if (code < 0)
        return code;
    *ret = row->value;
    trdbi_row_free(row);
    return 0;
}

int trdb_telegram_update_user_language(trdb_uow *uow, const char *telegram_id, const char *language,
                                       trdb_error **reterr) {
    static const char call[] = "telegram.update_user_language";
    trdb_telegram_profile_new in = trdb_telegram_profile_new_init();
    in.language = language;
    int code = take_language(call, language, reterr);
    return code == 0 ? change(call, uow, telegram_id, false, &in, reterr) : code;
}
