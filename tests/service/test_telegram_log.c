/* SPDX-License-Identifier: MIT */
/* Settings, feedback, command audit and broadcasts of the Telegram bot. A test is named after the operation
 * of the reference that it covers. */
#include "fixture.h"

static char long_text[300];

static const trdb_timestamp any_time; /* NULL */

static trdb_timestamp at(int64_t second) {
    return trdb_timestamp_from_us(second * 1000000);
}

/* ---- settings ----------------------------------------------------------------------------------------- */

START_TEST(settings_set) {
    trdb_telegram_setting *setting = NULL;
    OK(trdb_telegram_set_setting(fix_uow, "greeting", "hello", &fix_err));
    OK(trdb_telegram_set_setting(fix_uow, "greeting", "hi \xf0\x9f\x91\x8b", &fix_err));
    OK(trdb_telegram_get_setting(fix_uow, "greeting", &setting, &fix_err));
    ck_assert_str_eq(setting->value, "hi \xf0\x9f\x91\x8b");
    trdb_telegram_setting_free(setting);
    OK(trdb_telegram_set_setting(fix_uow, "greeting", NULL, &fix_err));
    OK(trdb_telegram_get_setting(fix_uow, "greeting", &setting, &fix_err));
    ck_assert_ptr_null(setting->value);
    trdb_telegram_setting_free(setting);
    OK(trdb_telegram_set_setting(fix_uow, "greeting", "", &fix_err)); /* empty is not NULL */
    OK(trdb_telegram_set_setting(fix_uow, "greeting", TRDB_NULL_TEXT, &fix_err));
    ck_assert_int_eq(fix_count("telegram_settings"), 1);
    setting = NULL;
    FAILS(trdb_telegram_set_setting(fix_uow, NULL, "x", &fix_err), TRDB_E_NOT_NULL,
          "telegram_settings.key: is required by telegram.set_setting");
    FAILS(trdb_telegram_set_setting(fix_uow, "", "x", &fix_err), TRDB_E_INVALID, "key: is empty");
    FAILS(trdb_telegram_set_setting(fix_uow, long_text, "x", &fix_err), TRDB_E_RANGE, "key");
    FAILS(trdb_telegram_set_setting(fix_uow, "\xff", "x", &fix_err), TRDB_E_ENCODING, "key");
    REFUSED(trdb_telegram_set_setting(fix_uow, "greeting", "\xff", &fix_err), TRDB_E_ENCODING, "value");
    OK(trdb_telegram_get_setting(fix_uow, "greeting", &setting, &fix_err));
    ck_assert_ptr_null(setting->value);
    trdb_telegram_setting_free(setting);
}
END_TEST

START_TEST(settings_get) {
    trdb_telegram_setting *setting = NULL;
    REFUSED(trdb_telegram_get_setting(fix_uow, "no such", &setting, &fix_err), TRDB_E_NOT_FOUND,
            "telegram_get_setting: no such row"); /* unlike a stored NULL */
    REFUSED(trdb_telegram_get_setting(fix_uow, NULL, &setting, &fix_err), TRDB_E_INVALID, "key is NULL");
    ck_assert_ptr_null(setting);
}
END_TEST

/* ---- feedback ----------------------------------------------------------------------------------------- */

static int64_t told(const char *telegram_id, const char *type, const char *message) {
    trdb_telegram_feedback *row = NULL;
    OK(trdb_telegram_add_feedback(fix_uow, telegram_id, type, message, &row, &fix_err));
    int64_t id = row->id;
    trdb_telegram_feedback_free(row);
    return id;
}

START_TEST(svc_add_feedback) {
    trdb_telegram_feedback *row = NULL;
    OK(trdb_telegram_add_feedback(fix_uow, "42", "bug", "it \"broke\"", &row, &fix_err));
    ck_assert_str_eq(row->type, "bug");
    ck_assert_str_eq(row->message, "it \"broke\"");
    ck_assert_str_eq(row->status, "open");
    ck_assert_int_eq(row->created_at.kind, TRDB_TIMESTAMP_FINITE);
    trdb_usr_user *user = NULL; /* made by the call */
    OK(trdb_users_get_by_provider(fix_uow, "telegram", "42", &user, &fix_err));
    ck_assert_int_eq(row->user_id.value, user->id);
    trdb_usr_user_free(user);
    trdb_telegram_feedback_free(row);
    row = NULL;
    OK(trdb_telegram_add_feedback(fix_uow, "42", "bug", "it \"broke\"", NULL, &fix_err)); /* twice is two */
    ck_assert_int_eq(fix_count("telegram_feedbacks"), 2);
    ck_assert_int_eq(fix_count("usr_users"), 1);
#define ADD(id, type, message) trdb_telegram_add_feedback(fix_uow, id, type, message, &row, &fix_err)
    FAILS(ADD(NULL, "bug", "x"), TRDB_E_NOT_NULL, "external_id: is required by telegram.add_feedback");
    FAILS(ADD("", "bug", "x"), TRDB_E_INVALID, "external_id: is empty");
    FAILS(ADD("43", NULL, "x"), TRDB_E_NOT_NULL, "telegram_feedbacks.type");
    FAILS(ADD("43", "", "x"), TRDB_E_INVALID, "type: is empty");
    FAILS(ADD("43", long_text, "x"), TRDB_E_RANGE, "type");
    FAILS(ADD("43", "bug", NULL), TRDB_E_NOT_NULL, "message");
    FAILS(ADD("43", "bug", ""), TRDB_E_INVALID, "message: is empty");
    FAILS(ADD("43", "bug", "\xed\xa0\x80"), TRDB_E_ENCODING, "message");
#undef ADD
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("usr_users"), 1); /* 43 was not made */
}
END_TEST

START_TEST(feedback_create) {
    int64_t user = fix_user();
    OK(trdb_telegram_feedback_insert(
        fix_uow, TRDB_TELEGRAM_FEEDBACK_NEW(.user_id = trdb_i64(user), .type = "bug", .message = "x"), NULL,
        &fix_err));
    SERVER_FAILS(trdb_telegram_feedback_insert(
                     fix_uow, TRDB_TELEGRAM_FEEDBACK_NEW(.user_id = trdb_i64(user + 1), .message = "x"), NULL,
                     &fix_err),
                 TRDB_E_REFERENCE, "telegram_feedbacks_user_id_fkey");
    ck_assert_int_eq(fix_count("telegram_feedbacks"), 1);
}
END_TEST

/* The messages of a list, in its order, with spaces between. */
static const char *listed(const char *type, const char *status, int64_t before, int64_t limit) {
    static char text[200];
    trdb_telegram_feedback_list *list = NULL;
    trdb_in_i64 none = {.state = TRDB_NOT_GIVEN};
    OK(trdb_telegram_list_feedback(fix_uow, type, status, before ? trdb_i64(before) : none,
                                   limit ? trdb_i64(limit) : none, &list, &fix_err));
    text[0] = '\0';
    TRDB_FOREACH(trdb_telegram_feedback, row, list) {
        strcat(text, row->message);
    }
    trdb_telegram_feedback_list_free(list);
    return text;
}

START_TEST(feedback_list) {
    int64_t ids[6];
    for (int i = 0; i < 6; i++)
        ids[i] = told("42", i % 2 ? "idea" : "bug", (const char *[]){"a", "b", "c", "d", "e", "f"}[i]);
    OK(trdb_telegram_set_feedback_status(fix_uow, ids[1], "closed", NULL, &fix_err));
    OK(trdb_telegram_set_feedback_status(fix_uow, ids[4], "closed", NULL, &fix_err));
    for (int again = 0; again < 8; again++) { /* also as a prepared statement with a plan for all values */
        ck_assert_str_eq(listed(NULL, NULL, 0, 0), "fedcba");
        ck_assert_str_eq(listed("", NULL, 0, 0), "fedcba"); /* an empty text means all */
        ck_assert_str_eq(listed("bug", NULL, 0, 0), "eca");
        ck_assert_str_eq(listed("bug", "closed", 0, 0), "e");
        ck_assert_str_eq(listed(NULL, "closed", 0, 0), "eb");
        ck_assert_str_eq(listed("", "open", 0, 2), "fd");
        ck_assert_str_eq(listed("idea", NULL, ids[5], 1), "d");
        ck_assert_str_eq(listed(NULL, NULL, ids[2], 0), "ba");
        ck_assert_str_eq(listed(NULL, "closed", ids[4], 0), "b");
        ck_assert_str_eq(listed("praise", NULL, 0, 0), "");
    }
    trdb_telegram_feedback_list *list = NULL;
    REFUSED(trdb_telegram_list_feedback(fix_uow, NULL, NULL, trdb_null_i64(), trdb_i64(0), &list, &fix_err),
            TRDB_E_RANGE, "argument limit is 0; it must be at least 1");
    REFUSED(trdb_telegram_list_feedback(fix_uow, "\xff", NULL, trdb_null_i64(), trdb_i64(1), &list, &fix_err),
            TRDB_E_ENCODING, "argument type is not valid UTF-8");
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(feedback_set_status) {
    int64_t id = told("42", "bug", "x");
    trdb_telegram_feedback *row = NULL;
    OK(trdb_telegram_set_feedback_status(fix_uow, id, "resolved", &row, &fix_err));
    ck_assert_str_eq(row->status, "resolved");
    ck_assert_str_eq(row->message, "x");
    trdb_telegram_feedback_free(row);
    row = NULL;
    OK(trdb_telegram_set_feedback_status(fix_uow, id, "resolved", NULL, &fix_err)); /* again is fine */
    REFUSED(trdb_telegram_set_feedback_status(fix_uow, id + 1, "resolved", &row, &fix_err), TRDB_E_NOT_FOUND,
            "telegram_feedbacks: no row with id");
    FAILS(trdb_telegram_set_feedback_status(fix_uow, id, NULL, &row, &fix_err), TRDB_E_NOT_NULL, "status");
    FAILS(trdb_telegram_set_feedback_status(fix_uow, id, "", &row, &fix_err), TRDB_E_INVALID, "is empty");
    REFUSED(trdb_telegram_set_feedback_status(fix_uow, id, "123456789012345678901", &row, &fix_err),
            TRDB_E_RANGE, "status: 21 characters, at most 20");
    ck_assert_ptr_null(row);
}
END_TEST

/* ---- command audit ------------------------------------------------------------------------------------ */

START_TEST(audit_log) {
    trdb_telegram_command_audit *row = NULL;
    OK(trdb_telegram_log_command(
        fix_uow, TRDB_TELEGRAM_COMMAND_AUDIT_NEW(.telegram_user_id = "42", .command = "/start"), &row,
        &fix_err));
    ck_assert_str_eq(row->telegram_user_id, "42");
    ck_assert(row->is_registered_user.set && !row->is_registered_user.value);
    ck_assert(row->success.set && !row->success.value);
    ck_assert(row->response_time_ms.set && row->response_time_ms.value == 0);
    ck_assert_int_eq(row->created_at.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert(!row->full_message && !row->user_email && !row->error_message);
    trdb_telegram_command_audit_free(row);
    OK(trdb_telegram_log_command(
        fix_uow,
        TRDB_TELEGRAM_COMMAND_AUDIT_NEW(.telegram_user_id = "42", .command = "/start",
                                        .full_message = TRDB_NULL_TEXT, .user_email = TRDB_NULL_TEXT,
                                        .error_message = TRDB_NULL_TEXT, .success = trdb_null_bool(),
                                        .is_registered_user = trdb_null_bool(),
                                        .response_time_ms = trdb_null_i64(), .created_at = trdb_null_time()),
        &row, &fix_err)); /* NULL is as good as not given */
    ck_assert(row->success.set && row->is_registered_user.set && row->response_time_ms.set);
    ck_assert_int_eq(row->created_at.kind, TRDB_TIMESTAMP_FINITE);
    trdb_telegram_command_audit_free(row);
    OK(trdb_telegram_log_command(
        fix_uow,
        TRDB_TELEGRAM_COMMAND_AUDIT_NEW(.telegram_user_id = "42", .command = "/alerts",
                                        .full_message = "/alerts add BTC", .user_email = "a@example.org",
                                        .success = trdb_bool(true), .is_registered_user = trdb_bool(true),
                                        .error_message = "none", .response_time_ms = trdb_i64(12),
                                        .created_at = trdb_time_us(5000000)),
        &row, &fix_err));
    ck_assert_str_eq(row->full_message, "/alerts add BTC");
    ck_assert_str_eq(row->user_email, "a@example.org");
    ck_assert(row->success.value && row->is_registered_user.value);
    ck_assert_int_eq(row->response_time_ms.value, 12);
    ck_assert_int_eq(row->created_at.us, 5000000);
    trdb_telegram_command_audit_free(row);
    ck_assert_int_eq(fix_count("usr_users"), 0); /* the sender need not be a user */
    ck_assert_int_eq(fix_count("telegram_command_audits"), 3);
}
END_TEST

START_TEST(audit_log_bad_input) {
    trdb_telegram_command_audit *row = NULL;
    int64_t trips = fix_round_trips();
#define BAD(code, part, ...)                                                                                 \
    do {                                                                                                     \
        trdb_telegram_command_audit_new in = trdb_telegram_command_audit_new_init();                         \
        in.telegram_user_id = "42", in.command = "/start";                                                   \
        __VA_ARGS__;                                                                                         \
        FAILS(trdb_telegram_log_command(fix_uow, &in, &row, &fix_err), code, part);                          \
    } while (0)
    BAD(TRDB_E_NOT_NULL, "telegram_user_id: is required by telegram.log_command", in.telegram_user_id = NULL);
    BAD(TRDB_E_NOT_NULL, "telegram_user_id", in.telegram_user_id = TRDB_NULL_TEXT);
    BAD(TRDB_E_INVALID, "telegram_user_id: is empty", in.telegram_user_id = "");
    BAD(TRDB_E_RANGE, "telegram_user_id", in.telegram_user_id = long_text);
    BAD(TRDB_E_NOT_NULL, "command: is required", in.command = NULL);
    BAD(TRDB_E_INVALID, "command: is empty", in.command = "");
    BAD(TRDB_E_RANGE, "command", in.command = long_text);
    BAD(TRDB_E_ENCODING, "command", in.command = "\xff");
    BAD(TRDB_E_ENCODING, "full_message", in.full_message = "\xff");
    BAD(TRDB_E_RANGE, "user_email", in.user_email = long_text);
    BAD(TRDB_E_ENCODING, "error_message", in.error_message = "\xc0\xaf");
    BAD(TRDB_E_RANGE, "response_time_ms: must not be negative", in.response_time_ms = trdb_i64(-1));
    BAD(TRDB_E_RANGE, "response_time_ms", in.response_time_ms = trdb_i64((int64_t)1 << 31));
    BAD(TRDB_E_INVALID, "success: 2 is no boolean", in.success = (trdb_in_bool){2, TRDB_GIVEN});
    BAD(TRDB_E_INVALID, "id: telegram.log_command does not take this field", in.id = trdb_i64(1));
    BAD(TRDB_E_INVALID, "struct_size", in.struct_size = 0);
#undef BAD
    FAILS(trdb_telegram_log_command(fix_uow, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    fix_unit_works();
    ck_assert_int_eq(fix_count("telegram_command_audits"), 0);
}
END_TEST

/* Commands of three accounts, one a minute from 1000 on; ids[i] is the i-th. The second half failed. */
static void log_commands(int64_t *ids, int count) {
    static const char *const accounts[] = {"42", "43", "44"};
    static const char *const commands[] = {"/start", "/alerts"};
    for (int i = 0; i < count; i++) {
        trdb_telegram_command_audit *row = NULL;
        trdb_telegram_command_audit_new in = trdb_telegram_command_audit_new_init();
        in.telegram_user_id = accounts[i % 3];
        in.command = commands[i % 2];
        in.success = trdb_bool(i < count / 2);
        in.response_time_ms = trdb_i64(i < 2 ? 0 : 10 * i);
        in.created_at = trdb_time(at(1000 + i * 60));
        OK(trdb_telegram_log_command(fix_uow, &in, &row, &fix_err));
        ids[i] = row->id;
        trdb_telegram_command_audit_free(row);
    }
}

START_TEST(audit_last_commands) {
    int64_t ids[25];
    trdb_telegram_command_audit_list *list = NULL;
    for (int i = 0; i < 25; i++) {
        trdb_telegram_command_audit *row = NULL;
        OK(trdb_telegram_log_command(fix_uow,
                                     TRDB_TELEGRAM_COMMAND_AUDIT_NEW(.telegram_user_id = i == 3 ? "43" : "42",
                                                                     .command = "/start",
                                                                     .created_at = trdb_time(at(1000 - i))),
                                     &row, &fix_err));
        ids[i] = row->id;
        trdb_telegram_command_audit_free(row);
    }
    OK(trdb_telegram_last_commands(fix_uow, "42", trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_command_audit_list_count(list), 20);
    ck_assert_int_eq(trdb_telegram_command_audit_list_at(list, 0)->id, ids[24]); /* by id, not by time */
    ck_assert_int_eq(trdb_telegram_command_audit_list_at(list, 19)->id, ids[5]);
    trdb_telegram_command_audit_list_free(list);
    OK(trdb_telegram_last_commands(fix_uow, "42", trdb_i64(3), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_command_audit_list_count(list), 3);
    trdb_telegram_command_audit_list_free(list);
    OK(trdb_telegram_last_commands(fix_uow, "nobody", trdb_i64(3), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_command_audit_list_count(list), 0);
    trdb_telegram_command_audit_list_free(list);
    list = NULL;
    REFUSED(trdb_telegram_last_commands(fix_uow, "42", trdb_i64(-1), &list, &fix_err), TRDB_E_RANGE,
            "argument limit is -1; it must be at least 1");
    ck_assert_ptr_null(list);
}
END_TEST

typedef struct condition {
    const char *account, *command;
    trdb_in_bool success;
    trdb_timestamp since, until;
    trdb_in_i64 before, limit;
} condition;

/* Expects the i-th commands, in this order; -1 ends them. */
static void lists(const int64_t *ids, condition c, const int *expected) {
    trdb_telegram_command_audit_list *list = NULL;
    OK(trdb_telegram_list_commands(fix_uow, c.account, c.command, c.success, c.since, c.until, c.before,
                                   c.limit, &list, &fix_err));
    size_t n = 0;
    for (; expected[n] >= 0; n++) {
        const trdb_telegram_command_audit *row = trdb_telegram_command_audit_list_at(list, n);
        ck_assert_msg(row && row->id == ids[expected[n]], "row %zu is not command %d", n, expected[n]);
    }
    ck_assert_uint_eq(trdb_telegram_command_audit_list_count(list), n);
    trdb_telegram_command_audit_list_free(list);
}

#define LISTS(...) lists(ids, (condition)__VA_ARGS__
#define THESE(...) (const int[]){__VA_ARGS__ __VA_OPT__(, ) - 1})

START_TEST(audit_list) {
    int64_t ids[12];
    log_commands(ids, 12);
    trdb_in_bool yes = trdb_bool(true), no = trdb_bool(false);
    trdb_timestamp third = at(1000 + 3 * 60), sixth = at(1000 + 6 * 60);
    for (int again = 0; again < 8; again++) { /* also as a prepared statement with a plan for all values */
        LISTS({NULL}), THESE(11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
        LISTS({.limit = trdb_i64(2)}), THESE(11, 10);
        LISTS({.limit = trdb_i64(2), .before = trdb_i64(ids[3])}), THESE(2, 1);
        LISTS({.account = "43"}), THESE(10, 7, 4, 1);
        LISTS({.account = "43", .command = "/start"}), THESE(10, 4);
        LISTS({.account = "43", .success = yes, .limit = trdb_i64(1)}), THESE(4);
        LISTS({.account = "43", .since = third, .until = sixth}), THESE(4);
        LISTS({.account = "43", .before = trdb_i64(ids[7])}), THESE(4, 1);
        LISTS({.command = "/alerts", .success = no}), THESE(11, 9, 7);
        LISTS({.command = "/alerts", .since = third, .limit = trdb_i64(3)}), THESE(11, 9, 7);
        LISTS({.command = "/alerts", .before = trdb_i64(ids[3])}), THESE(1);
        LISTS({.success = yes}), THESE(5, 4, 3, 2, 1, 0);
        LISTS({.success = no, .before = trdb_i64(ids[8]), .limit = trdb_i64(1)}), THESE(7);
        LISTS({.since = third, .until = sixth}), THESE(6, 5, 4, 3); /* both ends count */
        LISTS({.since = third, .until = sixth, .success = no}), THESE(6);
        LISTS({.since = sixth, .limit = trdb_i64(1)}), THESE(11);
        LISTS({.until = third, .before = trdb_i64(ids[3])}), THESE(2, 1, 0);
        LISTS({.account = "nobody"}), THESE();
        LISTS({.command = "/nothing"}), THESE();
        LISTS({.since = sixth, .until = third}), THESE();
    }
    trdb_telegram_command_audit_list *list = NULL;
    REFUSED(trdb_telegram_list_commands(fix_uow, NULL, NULL, yes, any_time, any_time, trdb_null_i64(),
                                        trdb_i64(0), &list, &fix_err),
            TRDB_E_RANGE, "argument limit is 0");
    REFUSED(trdb_telegram_list_commands(fix_uow, NULL, "\xff", yes, any_time, any_time, trdb_null_i64(),
                                        trdb_i64(1), &list, &fix_err),
            TRDB_E_ENCODING, "argument command");
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(audit_stats) {
    int64_t ids[13];
    trdb_telegram_audit_totals *stats = NULL;
    trdb_telegram_command_usage_list *usage = NULL;
    OK(trdb_telegram_command_stats(fix_uow, any_time, any_time, &stats, &fix_err));
    ck_assert_int_eq(stats->total.value, 0);
    ck_assert_int_eq(stats->successes.value, 0);
    ck_assert_int_eq(stats->unique_users.value, 0);
    IS(stats->success_rate, NULL);
    IS(stats->average_response_ms, NULL);
    trdb_telegram_audit_totals_free(stats);
    OK(trdb_telegram_command_stats_by_command(fix_uow, any_time, any_time, &usage, &fix_err));
    ck_assert_uint_eq(trdb_telegram_command_usage_list_count(usage), 0);
    trdb_telegram_command_usage_list_free(usage);

    log_commands(ids, 13);
    OK(trdb_telegram_command_stats(fix_uow, any_time, any_time, &stats, &fix_err));
    ck_assert_int_eq(stats->total.value, 13);
    ck_assert_int_eq(stats->successes.value, 6);
    ck_assert_int_eq(stats->unique_users.value, 3);
    IS(stats->success_rate, "0.46153846");
    IS(stats->average_response_ms, "70"); /* of the eleven that were measured */
    trdb_telegram_audit_totals_free(stats);
    OK(trdb_telegram_command_stats(fix_uow, at(1060), at(1120), &stats, &fix_err)); /* both ends count */
    ck_assert_int_eq(stats->total.value, 2);
    IS(stats->success_rate, "1");
    IS(stats->average_response_ms, "20");
    trdb_telegram_audit_totals_free(stats);

    OK(trdb_telegram_command_stats_by_command(fix_uow, any_time, any_time, &usage, &fix_err));
    ck_assert_uint_eq(trdb_telegram_command_usage_list_count(usage), 2);
    const trdb_telegram_command_usage *first = trdb_telegram_command_usage_list_at(usage, 0);
    ck_assert_str_eq(first->command, "/start");
    ck_assert_int_eq(first->total.value, 7);
    ck_assert_int_eq(first->successes.value, 3);
    IS(first->success_rate, "0.42857143");
    IS(first->average_response_ms, "70");
    trdb_telegram_command_usage_list_free(usage);
}
END_TEST

START_TEST(audit_unique_users_summary) {
    int64_t ids[12];
    trdb_telegram_unique_user_list *users = NULL;
    trdb_in_i64 all = trdb_null_i64();
    OK(trdb_telegram_unique_users(fix_uow, NULL, all, &users, &fix_err));
    ck_assert_uint_eq(trdb_telegram_unique_user_list_count(users), 0);
    trdb_telegram_unique_user_list_free(users);
    log_commands(ids, 12);
    OK(trdb_telegram_unique_users(fix_uow, NULL, all, &users, &fix_err));
    ck_assert_uint_eq(trdb_telegram_unique_user_list_count(users), 3);
    ck_assert_str_eq(trdb_telegram_unique_user_list_at(users, 0)->telegram_user_id, "42");
    ck_assert_str_eq(trdb_telegram_unique_user_list_at(users, 2)->telegram_user_id, "44");
    trdb_telegram_unique_user_list_free(users);
    OK(trdb_telegram_unique_users(fix_uow, "42", trdb_i64(1), &users, &fix_err));
    ck_assert_uint_eq(trdb_telegram_unique_user_list_count(users), 1);
    ck_assert_str_eq(trdb_telegram_unique_user_list_at(users, 0)->telegram_user_id, "43");
    trdb_telegram_unique_user_list_free(users);
}
END_TEST

/* ---- broadcasts --------------------------------------------------------------------------------------- */

static int64_t sent(const char *message, trdb_in_i64 success, trdb_in_i64 total, trdb_timestamp when) {
    trdb_telegram_broadcast_log *row = NULL;
    OK(trdb_telegram_log_broadcast(fix_uow, message, "admin", success, total, &row, &fix_err));
    int64_t id = row->id;
    trdb_telegram_broadcast_log_free(row);
    if (when.kind != TRDB_TIMESTAMP_NULL)
        OK(trdb_telegram_broadcast_log_patch(
            fix_uow, id, TRDB_TELEGRAM_BROADCAST_LOG_NEW(.created_at = trdb_time(when)), NULL, &fix_err));
    return id;
}

START_TEST(broadcast_create) {
    trdb_telegram_broadcast_log *row = NULL;
    trdb_in_i64 none = {.state = TRDB_NOT_GIVEN};
    OK(trdb_telegram_log_broadcast(fix_uow, "hello", "admin", none, none, &row, &fix_err));
    ck_assert_str_eq(row->message, "hello");
    ck_assert_str_eq(row->sent_by, "admin");
    ck_assert(row->success_count.set && row->success_count.value == 0);
    ck_assert(row->total_count.set && row->total_count.value == 0);
    trdb_telegram_broadcast_log_free(row);
    OK(trdb_telegram_log_broadcast(fix_uow, "hello", "admin", trdb_null_i64(), trdb_i64(9), &row, &fix_err));
    ck_assert(!row->success_count.set);
    trdb_telegram_broadcast_log_free(row);
    OK(trdb_telegram_log_broadcast(fix_uow, "hello", "admin", none, trdb_null_i64(), &row, &fix_err));
    ck_assert(row->total_count.set && row->total_count.value == 0);
    trdb_telegram_broadcast_log_free(row);
    OK(trdb_telegram_log_broadcast(fix_uow, "hello", "admin", trdb_null_i64(), trdb_i64(9), &row, &fix_err));
    ck_assert_int_eq(row->total_count.value, 9);
    trdb_telegram_broadcast_log_free(row);
    row = NULL;
#define LOG(message, by, success, total)                                                                     \
    trdb_telegram_log_broadcast(fix_uow, message, by, success, total, &row, &fix_err)
    FAILS(LOG(NULL, "admin", none, none), TRDB_E_NOT_NULL, "message: is required by telegram.log_broadcast");
    FAILS(LOG("", "admin", none, none), TRDB_E_INVALID, "message: is empty");
    FAILS(LOG("x", NULL, none, none), TRDB_E_NOT_NULL, "sent_by");
    FAILS(LOG("x", long_text, none, none), TRDB_E_RANGE, "sent_by");
    FAILS(LOG("\xff", "admin", none, none), TRDB_E_ENCODING, "message");
    FAILS(LOG("x", "admin", trdb_i64(-1), none), TRDB_E_RANGE, "must not be negative");
    FAILS(LOG("x", "admin", none, trdb_i64(-1)), TRDB_E_RANGE, "must not be negative");
    FAILS(LOG("x", "admin", trdb_i64(1), none), TRDB_E_RANGE, "1 were reached of 0 recipients");
    FAILS(LOG("x", "admin", trdb_i64((int64_t)1 << 31), trdb_i64((int64_t)1 << 31)), TRDB_E_RANGE, "_count");
#undef LOG
    ck_assert_ptr_null(row);
    fix_unit_works();
    ck_assert_int_eq(fix_count("telegram_broadcast_logs"), 4);
}
END_TEST

START_TEST(broadcast_list) {
    int64_t ids[4] = {
        sent("a", trdb_i64(1), trdb_i64(1), at(3000)), sent("b", trdb_i64(1), trdb_i64(1), at(2000)),
        sent("c", trdb_i64(1), trdb_i64(1), at(2000)), sent("d", trdb_i64(1), trdb_i64(1), at(1000))};
    trdb_telegram_broadcast_log_list *list = NULL;
    OK(trdb_telegram_list_broadcasts(fix_uow, any_time, trdb_null_i64(), trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_broadcast_log_list_count(list), 4);
    static const int order[] = {0, 2, 1, 3}; /* by time, then by id: the newest first */
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(trdb_telegram_broadcast_log_list_at(list, i)->id, ids[order[i]]);
    trdb_telegram_broadcast_log_list_free(list);
    OK(trdb_telegram_list_broadcasts(fix_uow, at(2000), trdb_i64(ids[2]), trdb_i64(1), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_broadcast_log_list_count(list), 1);
    ck_assert_int_eq(trdb_telegram_broadcast_log_list_at(list, 0)->id, ids[1]);
    trdb_telegram_broadcast_log_list_free(list);
}
END_TEST

START_TEST(broadcast_stats) {
    trdb_telegram_broadcast_totals *stats = NULL;
    OK(trdb_telegram_broadcast_stats(fix_uow, &stats, &fix_err));
    ck_assert_int_eq(stats->total_broadcasts.value, 0);
    ck_assert_int_eq(stats->failed_deliveries.value, 0);
    IS(stats->average_delivery_rate, "0");
    trdb_telegram_broadcast_totals_free(stats);
    int64_t now = trdb_timestamp_now().us / 1000000, day = 24 * 3600;
    sent("a", trdb_i64(0), trdb_i64(3), at(now - day - 60)); /* nobody was reached: three failed */
    sent("b", trdb_i64(2), trdb_i64(4), at(now - day + 60));
    sent("under way", trdb_null_i64(), trdb_i64(10), any_time);
    OK(trdb_telegram_broadcast_stats(fix_uow, &stats, &fix_err));
    ck_assert_int_eq(stats->total_broadcasts.value, 3);
    ck_assert_int_eq(stats->total_recipients.value, 17);
    ck_assert_int_eq(stats->successful_deliveries.value, 2);
    ck_assert_int_eq(stats->failed_deliveries.value, 5);
    ck_assert_int_eq(stats->recent_broadcasts_24h.value, 2);
    IS(stats->average_delivery_rate, "28.57142857");
    trdb_telegram_broadcast_totals_free(stats);
}
END_TEST

START_TEST(svc_get_broadcast_history) {
    int64_t first = sent("a", trdb_i64(0), trdb_i64(3), at(1000));
    sent("b", trdb_null_i64(), trdb_i64(4), at(2000));
    sent("c", trdb_i64(1), trdb_i64(4), at(3000));
    trdb_telegram_broadcast_list *list = NULL;
    OK(trdb_telegram_broadcast_history(fix_uow, any_time, trdb_null_i64(), trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_broadcast_list_count(list), 3);
    const trdb_telegram_broadcast *row = trdb_telegram_broadcast_list_at(list, 2);
    ck_assert_int_eq(row->id.value, first);
    ck_assert_str_eq(row->message, "a");
    ck_assert_str_eq(row->sent_by, "admin");
    ck_assert_int_eq(row->total_recipients.value, 3);
    ck_assert_int_eq(row->failed_deliveries.value, 3); /* also when nobody was reached */
    ck_assert_int_eq(row->delivery_status.value, TRDB_TELEGRAM_BROADCAST_STATE_COMPLETED);
    ck_assert_int_eq(row->sent_at.us, 1000000000);
    row = trdb_telegram_broadcast_list_at(list, 1);
    ck_assert_int_eq(row->failed_deliveries.value, 0);
    ck_assert_int_eq(row->successful_deliveries.value, 0);
    ck_assert_int_eq(row->delivery_status.value, TRDB_TELEGRAM_BROADCAST_STATE_PENDING);
    ck_assert_int_eq(trdb_telegram_broadcast_list_at(list, 0)->failed_deliveries.value, 3);
    trdb_telegram_broadcast_list_free(list);
}
END_TEST

/* ---- cost --------------------------------------------------------------------------------------------- */

START_TEST(round_trips) {
    trdb_telegram_feedback *feedback = NULL;
    trdb_telegram_setting *setting = NULL;
    const trdb_telegram_command_audit_new command = {
        .struct_size = sizeof command, .telegram_user_id = "42", .command = "/start"};
    trdb_in_i64 one = trdb_i64(1);
    for (int warm = 0; warm < 2; warm++) {
        int64_t before = fix_round_trips();
        OK(trdb_telegram_set_setting(fix_uow, "a", "b", &fix_err));
        OK(trdb_telegram_get_setting(fix_uow, "a", &setting, &fix_err));
        OK(trdb_telegram_add_feedback(fix_uow, "42", "bug", "x", &feedback, &fix_err));
        OK(trdb_telegram_set_feedback_status(fix_uow, feedback->id, "closed", NULL, &fix_err));
        OK(trdb_telegram_log_command(fix_uow, &command, NULL, &fix_err));
        OK(trdb_telegram_log_broadcast(fix_uow, "x", "y", one, one, NULL, &fix_err));
        if (warm)
            ck_assert_int_le(fix_round_trips() - before, 6);
        trdb_telegram_feedback_free(feedback);
        trdb_telegram_setting_free(setting);
    }
}
END_TEST

int main(void) {
    memset(long_text, 'x', sizeof long_text - 1);
    Suite *suite = suite_create("telegram log");
    TCase *tcase = fix_case("log");
    tcase_add_test(tcase, settings_set);
    tcase_add_test(tcase, settings_get);
    tcase_add_test(tcase, svc_add_feedback);
    tcase_add_test(tcase, feedback_create);
    tcase_add_test(tcase, feedback_list);
    tcase_add_test(tcase, feedback_set_status);
    tcase_add_test(tcase, audit_log);
    tcase_add_test(tcase, audit_log_bad_input);
    tcase_add_test(tcase, audit_last_commands);
    tcase_add_test(tcase, audit_list);
    tcase_add_test(tcase, audit_stats);
    tcase_add_test(tcase, audit_unique_users_summary);
    tcase_add_test(tcase, broadcast_create);
    tcase_add_test(tcase, broadcast_list);
    tcase_add_test(tcase, broadcast_stats);
    tcase_add_test(tcase, svc_get_broadcast_history);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
