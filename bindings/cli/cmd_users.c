/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>

/* A user together with the first Telegram account. Texts belong to the rows that it was made from. */
typedef struct user_row {
    int64_t id;
    const char *email;
    trdb_opt_enum role;
    trdb_opt_bool is_active;
    const char *telegram;
    trdb_opt_bool verified;
    trdb_opt_bool approved;
    trdb_opt_bool is_admin;
    const char *language;
    trdb_opt_i64 max_alerts;
    trdb_opt_i64 max_schedules;
    trdb_timestamp last_login;
    trdb_timestamp created_at;
    trdb_timestamp updated_at;
} user_row;

static const column list_columns[] = {
    KEY("id", "id", user_row, id),
    TEXT("email", "e-mail", 1, user_row, email),
    ENUM("role", "role", 0, user_row, role),
    BOOL("is_active", "active", 5, user_row, is_active),
    TEXT("telegram_user_id", "telegram", 2, user_row, telegram),
    BOOL("verified", "verified", 3, user_row, verified),
    BOOL("approved", "approved", 3, user_row, approved),
    TIME("last_login", "last login", 4, user_row, last_login),
    TIME("created_at", "created", 6, user_row, created_at),
};

static const column show_columns[] = {
    KEY("id", "id", user_row, id),
    TEXT("email", "e-mail", 0, user_row, email),
    ENUM("role", "role", 0, user_row, role),
    BOOL("is_active", "active", 0, user_row, is_active),
    TEXT("telegram_user_id", "telegram", 0, user_row, telegram),
    BOOL("verified", "verified", 0, user_row, verified),
    BOOL("approved", "approved", 0, user_row, approved),
    BOOL("is_admin", "admin in the bot", 0, user_row, is_admin),
    TEXT("language", "language", 0, user_row, language),
    I64("max_alerts", "most alerts", 0, user_row, max_alerts),
    I64("max_schedules", "most schedules", 0, user_row, max_schedules),
    TIME("last_login", "last login", 0, user_row, last_login),
    TIME("created_at", "created", 0, user_row, created_at),
    TIME("updated_at", "changed", 0, user_row, updated_at),
};

static const char remedy[] = "`tradingdb users list` shows those that there are";

static user_row row_of(const trdb_usr_user *user, const trdb_telegram_profile *profile) {
    user_row row = {
        .id = user->id,
        .email = user->email,
        .role = user->role,
        .is_active = user->is_active,
        .last_login = user->last_login,
        .created_at = user->created_at,
        .updated_at = user->updated_at,
    };
    if (profile) {
        row.telegram = profile->telegram_user_id;
        row.verified = profile->verified;
        row.approved = profile->approved;
        row.is_admin = profile->is_admin;
        row.language = profile->language;
        row.max_alerts = profile->max_alerts;
        row.max_schedules = profile->max_schedules;
    }
    return row;
}

/* ---- list -------------------------------------------------------------------------------------------- */

static trdb_opt_bool member_bool(json_object *metadata, const char *key) {
    json_object *value = NULL;
    if (!json_object_object_get_ex(metadata, key, &value) || !json_object_is_type(value, json_type_boolean))
        return (trdb_opt_bool){false, false};
    return (trdb_opt_bool){json_object_get_boolean(value) != 0, true};
}

static user_row row_with_identity(const trdb_usr_user *user, const trdb_usr_auth_identity_list *identities) {
    user_row row = row_of(user, NULL);
    TRDB_FOREACH(trdb_usr_auth_identity, identity, identities) {
        if (!identity->user_id.set || identity->user_id.value != user->id || row.telegram)
            continue;
        json_object *metadata = identity->metadata ? json_tokener_parse(identity->metadata) : NULL;
        row.telegram = identity->external_id;
        row.verified = member_bool(metadata, "verified");
        row.approved = member_bool(metadata, "approved");
        json_object_put(metadata);
    }
    return row;
}

/* The Telegram identities of a page of users, by id. */
static int identities_of(session *s, const trdb_usr_user_list *users, trdb_usr_auth_identity_list **ret) {
    const size_t count = trdb_usr_user_list_count(users);
    int64_t *ids = calloc(count + 1, sizeof *ids);
    size_t n = 0;
    if (!ids)
        return cli_error("out of memory");
    TRDB_FOREACH(trdb_usr_user, user, users)
        ids[n++] = user->id;
    const int code = trdb_usr_auth_identities_list(
        s->uow,
        TRDB_USR_AUTH_IDENTITY_FILTER(.user_id = trdb_where_i64_any(ids, count),
                                      .provider = trdb_where_text_eq("telegram")),
        ret, &s->error);
    free(ids);
    return code < 0 ? session_failed(s) : CLI_OK;
}

static int list_page(session *s, printer *p, pager *pages) {
    TRDB_AUTO(trdb_usr_user_list) *users = NULL;
    TRDB_AUTO(trdb_usr_auth_identity_list) *identities = NULL;
    if (trdb_usr_users_list(
            s->uow,
            TRDB_USR_USER_FILTER(.limit = pager_ask(pages), .id = trdb_where_i64_from(pages->last + 1)),
            &users, &s->error) < 0)
        return session_failed(s);
    if (trdb_usr_user_list_count(users) > 0 && identities_of(s, users, &identities) != CLI_OK)
        return CLI_FAILED;
    TRDB_FOREACH(trdb_usr_user, user, users) {
        if (pager_take(pages, user->id)) {
            const user_row row = row_with_identity(user, identities);
            printer_row(p, &row);
        }
    }
    return CLI_OK;
}

static int list_all(session *s, printer *p, pager *pages) {
    int rc;
    do {
        rc = list_page(s, p, pages);
    } while (rc == CLI_OK && pager_goes_on(pages));
    return rc;
}

/* Few: what waits for a person. */
static int list_pending(session *s, printer *p, pager *pages) {
    TRDB_AUTO(trdb_telegram_profile_list) *profiles = NULL;
    if (trdb_users_list_pending_approvals(s->uow, &profiles, &s->error) < 0)
        return session_failed(s);
    TRDB_FOREACH(trdb_telegram_profile, profile, profiles) {
        TRDB_AUTO(trdb_usr_user) *user = NULL;
        if (profile->user_id.value <= pages->last)
            continue;
        if (!pager_take(pages, profile->user_id.value))
            break;
        if (trdb_usr_user_get(s->uow, profile->user_id.value, &user, &s->error) < 0)
            return session_failed(s);
        const user_row row = row_of(user, profile);
        printer_row(p, &row);
    }
    return CLI_OK;
}

int cmd_users_list(const cli *o) {
    SESSION(s);
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    printer *p = printer_begin(o, "users", list_columns, COUNT(list_columns));
    if (!p)
        return CLI_FAILED;
    char next[VALUE_SIZE];
    pager pages = pager_begin(o);
    const int rc = o->pending ? list_pending(&s, p, &pages) : list_all(&s, p, &pages);
    return rc == CLI_OK ? printer_end(p, pager_next(&pages, next)) : printer_abort(p, rc);
}

/* ---- one user ---------------------------------------------------------------------------------------- */

/* The profile of a user's first Telegram account; *ret stays NULL without one. */
static int profile_of(session *s, int64_t user_id, trdb_telegram_profile **ret) {
    TRDB_AUTO(trdb_usr_auth_identity_list) *identities = NULL;
    if (trdb_usr_auth_identities_list(
            s->uow,
            TRDB_USR_AUTH_IDENTITY_FILTER(.user_id = trdb_where_i64_eq(user_id),
                                          .provider = trdb_where_text_eq("telegram"), .limit = trdb_i64(1)),
            &identities, &s->error) < 0)
        return session_failed(s);
    const trdb_usr_auth_identity *identity = trdb_usr_auth_identity_list_at(identities, 0);
    if (identity && trdb_users_get_telegram_profile(s->uow, identity->external_id, ret, &s->error) < 0)
        return session_failed(s);
    return CLI_OK;
}

static int print_user(const cli *o, const trdb_usr_user *user, const trdb_telegram_profile *profile) {
    const user_row row = row_of(user, profile);
    return print_record(o, show_columns, COUNT(show_columns), &row);
}

/* `what` names the key for a person. */
static int no_user(session *s, const char *what, const char *key) {
    if (trdb_error_code(s->error) != TRDB_E_NOT_FOUND)
        return session_failed(s);
    char *printable = text_printable(key);
    cli_error("there is no user with the %s %s; %s", what, printable ? printable : "", remedy);
    free(printable);
    return CLI_FAILED;
}

static int find_user(const cli *o, session *s, trdb_usr_user **ret, trdb_telegram_profile **ret_profile) {
    if (o->telegram) {
        if (trdb_users_get_telegram_profile(s->uow, o->telegram, ret_profile, &s->error) < 0)
            return no_user(s, "Telegram account", o->telegram);
        return trdb_usr_user_get(s->uow, (*ret_profile)->user_id.value, ret, &s->error) < 0
                   ? session_failed(s)
                   : CLI_OK;
    }
    if (o->email && trdb_usr_user_by_email(s->uow, o->email, ret, &s->error) < 0)
        return no_user(s, "e-mail", o->email);
    if (!o->email && trdb_usr_user_get(s->uow, o->id, ret, &s->error) < 0)
        return session_missing(s, "user", o->id, remedy);
    return profile_of(s, (*ret)->id, ret_profile);
}

int cmd_users_show(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_usr_user) *user = NULL;
    TRDB_AUTO(trdb_telegram_profile) *profile = NULL;
    if ((o->id != 0) + (o->telegram != NULL) + (o->email != NULL) != 1)
        return cli_usage_error("users show needs one of ID, --telegram ACCOUNT and --email ADDRESS");
    if (session_read(o, &s) != CLI_OK || find_user(o, &s, &user, &profile) != CLI_OK)
        return CLI_FAILED;
    return print_user(o, user, profile);
}

/* Commits what was done to a user and prints it: a sentence for a person, the user for a program. */
static int finish_change(const cli *o, session *s, const trdb_usr_user *user, const char *sentence) {
    TRDB_AUTO(trdb_telegram_profile) *profile = NULL;
    const bool row = o->json || o->csv;
    if ((row && profile_of(s, user->id, &profile) != CLI_OK) || session_commit(s) != CLI_OK)
        return CLI_FAILED;
    if (row)
        return print_user(o, user, profile);
    puts(sentence);
    return cli_finish(CLI_OK);
}

/* Who has the account or the e-mail already. */
static int taken(const cli *o, session *s) {
    const char *constraint = trdb_error_constraint(s->error);
    const bool email = constraint && strstr(constraint, "email");
    if (trdb_error_code(s->error) != TRDB_E_DUPLICATE)
        return session_failed(s);
    char *key = text_printable(email ? o->email : o->telegram);
    cli_error("there is a user with the %s %s already; `tradingdb users show --%s %s` shows it",
              email ? "e-mail" : "Telegram account", key ? key : "", email ? "email" : "telegram",
              key ? key : "");
    free(key);
    return CLI_FAILED;
}

int cmd_users_add(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_usr_user) *user = NULL;
    char sentence[64];
    int code;
    if (!o->telegram && !o->email)
        return cli_usage_error("users add needs --telegram ACCOUNT, --email ADDRESS or both");
    if (o->language && !o->telegram)
        return cli_usage_error("--language belongs to a Telegram account: add --telegram ACCOUNT");
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    const trdb_in_enum role = o->role ? trdb_enum(o->role) : (trdb_in_enum){0, TRDB_NOT_GIVEN};
    if (o->telegram)
        code = trdb_users_create_telegram_user(
            s.uow, o->telegram,
            TRDB_TELEGRAM_PROFILE_NEW(.email = o->email, .role = role, .language = o->language), &user,
            &s.error);
    else
        code =
            trdb_usr_user_insert(s.uow, TRDB_USR_USER_NEW(.email = o->email, .role = role), &user, &s.error);
    if (code < 0)
        return taken(o, &s);
    snprintf(sentence, sizeof sentence, "added user %" PRId64, user->id);
    return finish_change(o, &s, user, sentence);
}

int cmd_users_role(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_usr_user) *user = NULL;
    char sentence[64];
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_usr_user_patch(s.uow, o->id, TRDB_USR_USER_NEW(.role = trdb_enum(o->choice)), &user, &s.error) <
        0)
        return session_missing(&s, "user", o->id, remedy);
    snprintf(sentence, sizeof sentence, "user %" PRId64 " is %s", user->id, user->role.text);
    return finish_change(o, &s, user, sentence);
}

/* ---- verify ------------------------------------------------------------------------------------------ */

/* The code itself, or the line on the standard input; CLI_OK or CLI_FAILED, told. */
static int read_code(const char *given, char *code, size_t size) {
    if (strcmp(given, "-") != 0) {
        snprintf(code, size, "%s", given);
        return CLI_OK;
    }
    if (!fgets(code, (int)size, stdin))
        return cli_error("--code -: there is no code on the standard input");
    code[strcspn(code, "\r\n")] = '\0';
    return CLI_OK;
}

/* Tries the code and commits, whatever it says: a wrong try counts. CLI_OK when it was accepted; CLI_NO,
 * told. */
static int try_code(const cli *o, session *s, const char *account) {
    static const char *const words[] = {
        [TRDB_CODE_OUTCOME_WRONG] = "the code is wrong",
        [TRDB_CODE_OUTCOME_EXPIRED] = "the code has expired; send a new one",
        [TRDB_CODE_OUTCOME_USED] = "the code was used before; send a new one",
        [TRDB_CODE_OUTCOME_LOCKED] = "the code is locked after too many wrong tries; send a new one",
        [TRDB_CODE_OUTCOME_NONE] = "no code was sent to this account",
    };
    char code[64];
    int32_t outcome = 0;
    int rc = read_code(o->code, code, sizeof code);
    if (rc != CLI_OK)
        return rc;
    if (trdb_telegram_verify_code(s->uow, account, code, 0, 0, &outcome, &s->error) < 0)
        return session_failed(s);
    if (outcome == TRDB_CODE_OUTCOME_ACCEPTED)
        return CLI_OK;
    rc = session_commit(s);
    if (rc != CLI_OK)
        return rc;
    cli_error("%s",
              outcome > 0 && outcome < (int32_t)COUNT(words) ? words[outcome] : "the code was not accepted");
    return CLI_NO;
}

static int change_profile(const cli *o, session *s, const char *account) {
    TRDB_AUTO(trdb_telegram_profile) *profile = NULL;
    if (trdb_users_get_telegram_profile(s->uow, account, &profile, &s->error) < 0)
        return no_user(s, "Telegram account", account);
    if (o->code) {
        const int rc = try_code(o, s, account);
        if (rc != CLI_OK)
            return rc;
    }
    if ((!o->code && !o->reject && trdb_telegram_verify_user_email(s->uow, account, &s->error) < 0) ||
        (o->approve && trdb_telegram_approve_user(s->uow, account, &s->error) < 0) ||
        (o->reject && trdb_telegram_reject_user(s->uow, account, &s->error) < 0))
        return session_failed(s);
    return CLI_OK;
}

int cmd_users_verify(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_telegram_profile) *profile = NULL;
    TRDB_AUTO(trdb_usr_user) *user = NULL;
    const char *account = o->operands[0];
    char sentence[128];
    if ((o->approve || o->code) && o->reject)
        return cli_usage_error("--reject stands alone: it takes the approval back");
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    const int rc = change_profile(o, &s, account);
    if (rc != CLI_OK)
        return rc;
    if (trdb_users_get_telegram_profile(s.uow, account, &profile, &s.error) < 0 ||
        trdb_usr_user_get(s.uow, profile->user_id.value, &user, &s.error) < 0)
        return session_failed(&s);
    snprintf(sentence, sizeof sentence, "user %" PRId64 " is %sverified and %sapproved", user->id,
             profile->verified.value ? "" : "not ", profile->approved.value ? "" : "not ");
    return finish_change(o, &s, user, sentence);
}
