/* SPDX-License-Identifier: MIT */
/* What the bot keeps about itself: settings, feedback, the commands it received, its broadcasts. */
#include "service/telegram.h"

int trdb_telegram_set_setting(trdb_uow *uow, const char *key, const char *value, trdb_error **reterr) {
    int code = trdbi_take_text("telegram.set_setting", &trdbi_table_telegram_settings, "key", key, reterr);
    if (code < 0)
        return code;
    trdb_telegram_setting_new in = trdb_telegram_setting_new_init();
    in.key = key;
    in.value = value ? value : TRDB_NULL_TEXT; /* not given would leave an old value in place */
    return trdb_telegram_setting_upsert_by_key(uow, &in, NULL, reterr);
}

/* ---- feedback -------------------------------------------------------------------------------------- */

int trdb_telegram_add_feedback(trdb_uow *uow, const char *telegram_id, const char *type, const char *message,
                               trdb_telegram_feedback **ret, trdb_error **reterr) {
    static const char call[] = "telegram.add_feedback";
    const trdbi_table *table = &trdbi_table_telegram_feedbacks;
    trdb_telegram_feedback *row = NULL;
    int code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = trdbi_take_text(call, table, "type", type, reterr);
    if (code == 0)
        code = trdbi_take_text(call, table, "message", message, reterr);
    if (code == 0)
        code = trdbi_telegram_feedback_add(uow, telegram_id, type, message, &row, reterr);
    if (code == 0 && ret)
        *ret = row;
    else
        trdb_telegram_feedback_free(row);
    return code;
}

int trdb_telegram_set_feedback_status(trdb_uow *uow, int64_t feedback_id, const char *status,
                                      trdb_telegram_feedback **ret, trdb_error **reterr) {
    int code = trdbi_take_text("telegram.set_feedback_status", &trdbi_table_telegram_feedbacks, "status",
                               status, reterr);
    if (code < 0)
        return code;
    trdb_telegram_feedback_new in = trdb_telegram_feedback_new_init();
    in.status = status;
    return trdb_telegram_feedback_patch(uow, feedback_id, &in, ret, reterr);
}

/* ---- command audit --------------------------------------------------------------------------------- */

/* Given as NULL is as good as not given: the column has a default or is NULL anyway. */
static void default_for_null(trdb_telegram_command_audit_new *in) {
    const char **texts[] = {&in->full_message, &in->user_email, &in->error_message};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (*texts[i] == TRDB_NULL_TEXT)
            *texts[i] = NULL;
    }
    if (in->is_registered_user.state == TRDB_GIVEN_NULL)
        in->is_registered_user = (trdb_in_bool){.state = TRDB_NOT_GIVEN};
    if (in->success.state == TRDB_GIVEN_NULL)
        in->success = (trdb_in_bool){.state = TRDB_NOT_GIVEN};
    if (in->response_time_ms.state == TRDB_GIVEN_NULL)
        in->response_time_ms = (trdb_in_i64){.state = TRDB_NOT_GIVEN};
    if (in->created_at.state == TRDB_GIVEN_NULL)
        in->created_at = (trdb_in_timestamp){.state = TRDB_NOT_GIVEN};
}

int trdb_telegram_log_command(trdb_uow *uow, const trdb_telegram_command_audit_new *entry,
                              trdb_telegram_command_audit **ret, trdb_error **reterr) {
    static const char call[] = "telegram.log_command";
    static const char *const required[] = {"telegram_user_id", "command", NULL};
    static const char *const optional[] = {"full_message",  "is_registered_user", "user_email", "success",
                                           "error_message", "response_time_ms",   "created_at", NULL};
    static const trdbi_fields fields = {call, required, optional};
    const trdbi_table *table = &trdbi_table_telegram_command_audits;
    trdb_telegram_command_audit_new known, in;
    if (!entry)
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr,
                                     "the trdb_telegram_command_audit_new is NULL");
    int code = trdbi_copy_struct(&known, sizeof known, entry, "trdb_telegram_command_audit_new", reterr);
    if (code < 0)
        return trdbi_refused(call, code, reterr);
    default_for_null(&known);
    code = trdbi_take_input(table, &fields, &known, &in, reterr);
    if (code == 0)
        code = trdbi_take_text(call, table, "telegram_user_id", in.telegram_user_id, reterr);
    if (code == 0)
        code = trdbi_take_text(call, table, "command", in.command, reterr);
    if (code < 0)
        return code;
    if (in.response_time_ms.value < 0) {
        trdbi_refuse(table, trdbi_column_named(table, "response_time_ms"), TRDB_E_RANGE, reterr,
                     "must not be negative");
        return trdbi_refused(call, TRDB_E_RANGE, reterr);
    }
    return trdb_telegram_command_audit_insert(uow, &in, ret, reterr);
}

/* ---- broadcasts ------------------------------------------------------------------------------------ */

int trdb_telegram_log_broadcast(trdb_uow *uow, const char *message, const char *sent_by,
                                trdb_in_i64 success_count, trdb_in_i64 total_count,
                                trdb_telegram_broadcast_log **ret, trdb_error **reterr) {
    static const char call[] = "telegram.log_broadcast";
    static const char *const required[] = {"message", "sent_by", NULL};
    static const char *const optional[] = {"success_count", "total_count", NULL};
    static const trdbi_fields fields = {call, required, optional};
    const trdbi_table *table = &trdbi_table_telegram_broadcast_logs;
    trdb_telegram_broadcast_log_new given = trdb_telegram_broadcast_log_new_init(), in;
    given.message = message;
    given.sent_by = sent_by;
    if (total_count.state != TRDB_GIVEN_NULL)
        given.total_count = total_count;
    if (success_count.state != TRDB_GIVEN_NULL) /* NULL is an answer here: it is under way */
        given.success_count = success_count;
    int code = trdbi_take_input(table, &fields, &given, &in, reterr);
    if (code == 0)
        code = trdbi_take_text(call, table, "message", message, reterr);
    if (code == 0)
        code = trdbi_take_text(call, table, "sent_by", sent_by, reterr);
    if (code < 0)
        return code;
    if (in.success_count.value < 0 || in.total_count.value < 0)
        return trdbi_telegram_refuse(call, TRDB_E_RANGE, reterr, "a count must not be negative");
    if (in.success_count.value > in.total_count.value)
        return trdbi_telegram_refuse(call, TRDB_E_RANGE, reterr, "%lld were reached of %lld recipients",
                                     (long long)in.success_count.value, (long long)in.total_count.value);
    in.success_count = success_count;
    return trdb_telegram_broadcast_log_insert(uow, &in, ret, reterr);
}
