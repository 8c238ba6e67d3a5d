/* SPDX-License-Identifier: MIT */
/* Arguments of the bot's services, and the schedules that its alerts are. */
#include "service/telegram.h"
#include "service/jobs.h"

#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int trdbi_take_telegram_id(const char *call, const char *telegram_id, trdb_error **reterr) {
    return trdbi_take_text(call, &trdbi_table_usr_auth_identities, "external_id", telegram_id, reterr);
}

int trdbi_telegram_refuse(const char *call, int code, trdb_error **reterr, const char *format, ...) {
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    trdbi_error(reterr, code, "%s: %s", call, text);
    return trdbi_refused(call, code, reterr);
}

/* ---- input structs --------------------------------------------------------------------------------- */

#define FIELD(type, member, kind_of, ...)                                                                    \
    { .field = {.name = #member, .kind = (kind_of)}, .new_offset = offsetof(type, member), __VA_ARGS__ }
#define INPUT(row, list)                                                                                     \
    {                                                                                                        \
        .name = #row "_new", .type = #row, .columns = (list),                                                \
        .column_count = sizeof(list) / sizeof((list)[0]), .new_size = sizeof(row##_new)                      \
    }

enum { MAX_TICKER = 255, MAX_WORD = 32, MAX_CRON = 100 };

static const trdbi_column alert_fields[] = {
    FIELD(trdb_telegram_alert_new, config, TRDBI_JSON),
    FIELD(trdb_telegram_alert_new, email, TRDBI_BOOL),
    {.field = {.name = "status", .kind = TRDBI_ENUM, .values = &trdbi_enum_telegram_alert_status},
     .new_offset = offsetof(trdb_telegram_alert_new, status)},
    FIELD(trdb_telegram_alert_new, re_arm_config, TRDBI_JSON),
};
const trdbi_table trdbi_input_telegram_alert = INPUT(trdb_telegram_alert, alert_fields);

static const trdbi_column indicator_fields[] = {
    FIELD(trdb_telegram_indicator_alert_new, ticker, TRDBI_TEXT, .max_chars = MAX_TICKER),
    FIELD(trdb_telegram_indicator_alert_new, indicator, TRDBI_TEXT, .max_chars = MAX_WORD),
    FIELD(trdb_telegram_indicator_alert_new, condition, TRDBI_TEXT, .max_chars = MAX_WORD),
    FIELD(trdb_telegram_indicator_alert_new, value, TRDBI_DECIMAL, .max_scale = 24, .max_whole = 14),
    FIELD(trdb_telegram_indicator_alert_new, timeframe, TRDBI_TEXT, .max_chars = MAX_WORD),
    FIELD(trdb_telegram_indicator_alert_new, alert_action, TRDBI_TEXT, .max_chars = MAX_WORD),
    FIELD(trdb_telegram_indicator_alert_new, email, TRDBI_BOOL),
};
const trdbi_table trdbi_input_telegram_indicator_alert =
    INPUT(trdb_telegram_indicator_alert, indicator_fields);

static const trdbi_column schedule_fields[] = {
    FIELD(trdb_telegram_schedule_new, ticker, TRDBI_TEXT, .max_chars = MAX_TICKER),
    FIELD(trdb_telegram_schedule_new, config, TRDBI_JSON),
    FIELD(trdb_telegram_schedule_new, schedule_config, TRDBI_TEXT),
    FIELD(trdb_telegram_schedule_new, scheduled_time, TRDBI_TEXT, .max_chars = MAX_WORD),
    FIELD(trdb_telegram_schedule_new, enabled, TRDBI_BOOL),
    FIELD(trdb_telegram_schedule_new, cron, TRDBI_TEXT, .max_chars = MAX_CRON),
};
const trdbi_table trdbi_input_telegram_schedule = INPUT(trdb_telegram_schedule, schedule_fields);

/* ---- JSON ------------------------------------------------------------------------------------------ */

static int take_ticker(const char *call, const trdbi_table *input, json_object *config, char **ret_ticker,
                       trdb_error **reterr) {
    json_object *ticker = NULL;
    json_object_object_get_ex(config, "ticker", &ticker);
    if (!json_object_is_type(ticker, json_type_string) || json_object_get_string_len(ticker) == 0)
        return 0;
    const char *text = json_object_get_string(ticker);
    int code = trdbi_check_text(&trdbi_table_job_schedules,
                                trdbi_column_named(&trdbi_table_job_schedules, "target"), text, reterr);
    if (code < 0) {
        trdbi_refuse(input, trdbi_column_named(input, "config"), code, reterr,
                     "its ticker has more than %d characters", MAX_TICKER);
        return trdbi_refused(call, code, reterr);
    }
    *ret_ticker = strdup(text);
    return *ret_ticker ? 0 : trdbi_error_nomem(reterr);
}

int trdbi_take_config(const char *call, const trdbi_table *input, const char *config, char **ret_ticker,
                      trdb_error **reterr) {
    enum { MAX_DEPTH = 1000 };
    int code = 0;
    if (config[strspn(config, " \t\r\n")] != '{') {
        trdbi_refuse(input, trdbi_column_named(input, "config"), TRDB_E_INVALID, reterr,
                     "must be a JSON object");
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    json_tokener *tokener = json_tokener_new_ex(MAX_DEPTH);
    if (!tokener)
        return trdbi_error_nomem(reterr);
    json_object *parsed = json_tokener_parse_ex(tokener, config, (int)strlen(config) + 1);
    code = parsed ? take_ticker(call, input, parsed, ret_ticker, reterr) : trdbi_error_nomem(reterr);
    json_object_put(parsed);
    json_tokener_free(tokener);
    return code;
}

static void begin_member(trdbi_buf *buf, const char *name) {
    trdbi_buf_printf(buf, "%s\"%s\":", buf->size > 1 ? "," : "", name);
}

void trdbi_json_member(trdbi_buf *buf, const char *name, const char *text) {
    begin_member(buf, name);
    if (text)
        trdbi_json_text(buf, text);
    else
        trdbi_buf_text(buf, "null");
}

void trdbi_json_flag(trdbi_buf *buf, const char *name, bool value) {
    begin_member(buf, name);
    trdbi_buf_text(buf, value ? "true" : "false");
}

void trdbi_json_number(trdbi_buf *buf, const char *name, trdb_decimal value) {
    char text[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal_format(value, text, sizeof text);
    begin_member(buf, name);
    trdbi_buf_text(buf, text);
}

/* ---- schedules ------------------------------------------------------------------------------------- */

int trdbi_telegram_add_job_row(trdb_uow *uow, const trdbi_telegram_job *job, int64_t *ret,
                               trdb_error **reterr) {
    trdbi_telegram_job_add_row *row = NULL;
    int code = trdbi_telegram_job_add(uow, job->telegram_id, job->job_type, job->label,
                                      job->target ? job->target : "unknown", job->params, job->extras,
                                      job->cron, job->enabled, job->next_run_at, &row, reterr);
    if (code == 0 && ret)
        *ret = row->id.value;
    trdbi_row_free(row);
    return code;
}

static int due_after(const char *call, const trdb_job_schedule *row, const trdbi_telegram_change *change,
                     trdb_timestamp *ret, trdb_error **reterr) {
    if (change->cron)
        return trdbi_job_next_run(call, change->cron, row->timezone, ret, reterr);
    return trdbi_job_enabled_again(call, row, change->enabled, ret, reterr);
}

int trdbi_telegram_change_job(const char *call, trdb_uow *uow, int64_t id, const char *what,
                              const int32_t types[2], const trdbi_telegram_change *change,
                              trdb_error **reterr) {
    trdb_job_schedule *row = NULL;
    trdb_timestamp next;
    int code = trdbi_job_schedule_lock(uow, id, &row, reterr);
    if (code == TRDB_E_NOT_FOUND ||
        (code == 0 && row->job_type.value != types[0] && row->job_type.value != types[1])) {
        trdbi_error(reterr, TRDB_E_NOT_FOUND, "job_schedules: no %s with id %lld", what, (long long)id);
        trdbi_error_set_column(reterr, "job_schedules", "id");
        code = trdbi_refused(call, TRDB_E_NOT_FOUND, reterr);
    }
    if (code == 0)
        code = due_after(call, row, change, &next, reterr);
    trdb_job_schedule_free(row);
    if (code < 0)
        return code;
    trdb_texts cleared = {.items = change->cleared, .count = change->cleared_count};
    return trdbi_telegram_job_update(uow, id, change->target, change->set.data, cleared, change->enabled,
                                     change->cron, next, NULL, reterr);
}
