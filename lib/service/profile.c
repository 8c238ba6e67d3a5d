/* SPDX-License-Identifier: MIT */
/* The keys of an identity's metadata that a profile consists of. */
#include "service/profile.h"

#include "base/text.h"

#include <string.h>

typedef enum key_kind { FLAG, NUMBER, TEXT } key_kind;

typedef struct profile_key {
    const char *name; /* of the field and of the key */
    key_kind kind;
    size_t offset;
    int max_chars; /* TEXT only */
} profile_key;

#define KEY(name, kind, max_chars)                                                                           \
    { #name, kind, offsetof(trdb_telegram_profile_new, name), max_chars }

static const profile_key keys[TRDBI_PROFILE_KEYS] = {
    KEY(verified, FLAG, 0),           KEY(approved, FLAG, 0),         KEY(is_admin, FLAG, 0),
    KEY(language, TEXT, 32),          KEY(max_alerts, NUMBER, 0),     KEY(max_schedules, NUMBER, 0),
    KEY(verification_code, TEXT, 32), KEY(code_sent_time, NUMBER, 0),
};

static int refuse(const char *call, const char *field, int code, const char *why, trdb_error **reterr) {
    trdbi_error(reterr, code, "trdb_telegram_profile_new.%s: %s", field, why);
    return trdbi_refused(call, code, reterr);
}

/* One field, read from the caller's struct: its state, whether something stands in it, its value. */
typedef struct field_value {
    int32_t state;
    bool has_value;
    int64_t number;
    const char *text;
} field_value;

static field_value read_field(const profile_key *key, const trdb_telegram_profile_new *in) {
    const char *at = (const char *)in + key->offset;
    field_value value = {.state = TRDB_NOT_GIVEN};
    trdb_in_bool flag;
    trdb_in_i64 number;
    switch (key->kind) {
    case FLAG:
        memcpy(&flag, at, sizeof flag);
        value = (field_value){.state = flag.state, .has_value = flag.value != 0, .number = flag.value};
        break;
    case NUMBER:
        memcpy(&number, at, sizeof number);
        value = (field_value){.state = number.state, .has_value = number.value != 0, .number = number.value};
        break;
    case TEXT:
        memcpy(&value.text, at, sizeof value.text);
        value.state = value.text == NULL             ? TRDB_NOT_GIVEN
                      : value.text == TRDB_NULL_TEXT ? TRDB_GIVEN_NULL
                                                     : TRDB_GIVEN;
        break;
    }
    return value;
}

/* What is wrong with a value that is given; NULL for nothing. Texts may be secret and are not shown. */
static const char *problem_of(const profile_key *key, const field_value *value, int *ret_code) {
    ptrdiff_t chars;
    *ret_code = TRDB_E_RANGE;
    switch (key->kind) {
    case FLAG:
        *ret_code = TRDB_E_INVALID;
        return value->number == 0 || value->number == 1 ? NULL : "is no boolean; use trdb_bool()";
    case NUMBER:
        return value->number < 0 ? "must not be negative" : NULL;
    case TEXT:
        break;
    }
    chars = trdbi_utf8_length(value->text, strlen(value->text));
    if (chars < 0)
        *ret_code = TRDB_E_ENCODING;
    return chars < 0 ? "the text is not valid UTF-8" : chars > key->max_chars ? "the text is too long" : NULL;
}

static void set_key(trdbi_profile *profile, const profile_key *key, const field_value *value) {
    trdbi_buf *set = &profile->set;
    trdbi_buf_printf(set, "%s\"%s\":", profile->set_count++ > 0 ? "," : "", key->name);
    if (key->kind == FLAG)
        trdbi_buf_text(set, value->number ? "true" : "false");
    else if (key->kind == NUMBER)
        trdbi_buf_printf(set, "%lld", (long long)value->number);
    else
        trdbi_json_text(set, value->text);
}

static int take_key(const char *call, const profile_key *key, trdbi_profile *profile, trdb_error **reterr) {
    field_value value = read_field(key, &profile->in);
    int code = TRDB_E_INVALID;
    const char *problem = NULL;
    switch (value.state) {
    case TRDB_NOT_GIVEN:
        if (value.has_value)
            problem = "has a value but no state; make it with trdb_i64() or trdb_bool()";
        break;
    case TRDB_GIVEN:
        problem = problem_of(key, &value, &code);
        if (!problem)
            set_key(profile, key, &value);
        break;
    case TRDB_GIVEN_NULL:
        profile->cleared[profile->cleared_count++] = key->name;
        break;
    default:
        problem = "has no valid state";
        break;
    }
    return problem ? refuse(call, key->name, code, problem, reterr) : 0;
}

static int take_user_fields(const char *call, const trdb_telegram_profile_new *in, trdb_error **reterr) {
    if (in->role.state != TRDB_NOT_GIVEN && in->role.state != TRDB_GIVEN)
        return refuse(call, "role", TRDB_E_NOT_NULL, "a user has a role; it cannot be NULL", reterr);
    if ((in->role.state == TRDB_GIVEN) != (trdb_usr_role_to_string(in->role.value) != NULL))
        return refuse(call, "role", TRDB_E_INVALID,
                      "make it with trdb_enum() from a constant of trdb_usr_role", reterr);
    if (in->email && in->email != TRDB_NULL_TEXT)
        return trdbi_take_text(call, &trdbi_table_usr_users, "email", in->email, reterr);
    return 0;
}

int trdbi_take_profile(const char *call, const trdb_telegram_profile_new *given, trdbi_profile *profile,
                       trdb_error **reterr) {
    memset(profile, 0, sizeof *profile);
    int code =
        trdbi_copy_struct(&profile->in, sizeof profile->in, given, "trdb_telegram_profile_new", reterr);
    if (code < 0)
        return trdbi_refused(call, code, reterr);
    code = take_user_fields(call, &profile->in, reterr);
    trdbi_buf_char(&profile->set, '{');
    for (size_t i = 0; code == 0 && i < TRDBI_PROFILE_KEYS; i++)
        code = take_key(call, &keys[i], profile, reterr);
    trdbi_buf_char(&profile->set, '}');
    if (code == 0 && profile->set.failed)
        code = trdbi_error_nomem(reterr);
    return code;
}

void trdbi_profile_free(trdbi_profile *profile) {
    trdbi_buf_free(&profile->set);
}
