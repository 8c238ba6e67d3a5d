/* SPDX-License-Identifier: MIT */
/* Alerts: schedules of type alert, whose parameters hold a configuration as JSON text. */
#include "service/telegram.h"
#include "service/jobs.h"

#include <stdlib.h>

static const char every_minute[] = "* * * * *";

/* An alert that is checked, as it is stored. */
typedef struct alert {
    trdb_telegram_alert_new in;
    char *ticker; /* of the configuration; NULL: none */
    bool clears_re_arm;
} alert;

static void alert_free(alert *a) {
    free(a->ticker);
}

/* Takes an alert to make or, unless the configuration is required, the changes to one. */
static int take_alert(const char *call, const trdb_telegram_alert_new *given, bool config_required, alert *a,
                      trdb_error **reterr) {
    static const char *const config[] = {"config", NULL};
    static const char *const none[] = {NULL};
    static const char *const all[] = {"config", "email", "status", "re_arm_config", NULL};
    const trdbi_fields fields = {call, config_required ? config : none, all};
    trdb_telegram_alert_new known;
    memset(a, 0, sizeof *a);
    if (!given)
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the trdb_telegram_alert_new is NULL");
    int code = trdbi_copy_struct(&known, sizeof known, given, "trdb_telegram_alert_new", reterr);
    if (code < 0)
        return trdbi_refused(call, code, reterr);
    a->clears_re_arm = trdbi_take_null(&known.re_arm_config);
    code = trdbi_take_input(&trdbi_input_telegram_alert, &fields, &known, &a->in, reterr);
    if (code == 0 && a->in.config)
        code = trdbi_take_config(call, &trdbi_input_telegram_alert, a->in.config, &a->ticker, reterr);
    return code;
}

static bool is_armed(trdb_in_enum status) {
    return status.state != TRDB_GIVEN || status.value == TRDB_TELEGRAM_ALERT_STATUS_ARMED;
}

static int insert(trdb_uow *uow, const char *telegram_id, const alert *a, int64_t *ret, trdb_error **reterr) {
    trdbi_buf params = {0};
    int32_t status = a->in.status.state == TRDB_GIVEN ? a->in.status.value : TRDB_TELEGRAM_ALERT_STATUS_ARMED;
    trdbi_buf_char(&params, '{');
    trdbi_json_member(&params, "config_json", a->in.config);
    trdbi_json_flag(&params, "email", a->in.email.value != 0);
    trdbi_json_member(&params, "status", trdb_telegram_alert_status_to_string(status));
    trdbi_json_member(&params, "re_arm_config", a->in.re_arm_config);
    trdbi_buf_char(&params, '}');
    const trdbi_telegram_job job = {
        .telegram_id = telegram_id,
        .job_type = TRDB_JOB_TYPE_ALERT,
        .label = "Alert",
        .target = a->ticker,
        .params = params.data,
        .cron = every_minute,
        .enabled = is_armed(a->in.status),
        .next_run_at = {.kind = TRDB_TIMESTAMP_NULL}, /* due at once */
    };
    int code = params.failed ? trdbi_error_nomem(reterr) : trdbi_telegram_add_job_row(uow, &job, ret, reterr);
    trdbi_buf_free(&params);
    return code;
}

static int add(const char *call, trdb_uow *uow, const char *telegram_id, const trdb_telegram_alert_new *given,
               int64_t *ret, trdb_error **reterr) {
    alert a;
    int code = take_alert(call, given, true, &a, reterr);
    if (code == 0)
        code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = insert(uow, telegram_id, &a, ret, reterr);
    alert_free(&a);
    return code;
}

int trdb_telegram_add_json_alert(trdb_uow *uow, const char *telegram_id, const trdb_telegram_alert_new *given,
                                 int64_t *ret, trdb_error **reterr) {
    return add("telegram.add_json_alert", uow, telegram_id, given, ret, reterr);
}

/* Adds an alert whose configuration was built here, and frees that. */
static int add_built(const char *call, trdb_uow *uow, const char *telegram_id, trdbi_buf *config, bool email,
                     int64_t *ret, trdb_error **reterr) {
    trdb_telegram_alert_new in = trdb_telegram_alert_new_init();
    trdbi_buf_char(config, '}');
    in.config = config->data;
    in.email = trdb_bool(email);
    int code = config->failed ? trdbi_error_nomem(reterr) : add(call, uow, telegram_id, &in, ret, reterr);
    trdbi_buf_free(config);
    return code;
}

/* What a price may be, for trdbi_take_amount(). */
static const trdbi_column price_field = {
    .field = {.name = "price", .kind = TRDBI_DECIMAL}, .max_scale = 24, .max_whole = 14};
static const trdbi_table price_input = {
    .name = "telegram_alerts", .columns = &price_field, .column_count = 1};

int trdb_telegram_add_alert(trdb_uow *uow, const char *telegram_id, const char *ticker, trdb_decimal price,
                            int32_t condition, bool email, int64_t *ret, trdb_error **reterr) {
    static const char call[] = "telegram.add_alert";
    trdbi_buf config = {0};
    int code = trdbi_take_text(call, &trdbi_table_job_schedules, "target", ticker, reterr);
    if (code == 0)
        code = trdbi_take_amount(call, &price_input, "price", price, reterr);
    if (code == 0 && !trdb_telegram_price_condition_to_string(condition))
        code = trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr,
                                     "the condition is no constant of trdb_telegram_price_condition");
    if (code < 0)
        return code;
    trdbi_buf_char(&config, '{');
    trdbi_json_member(&config, "type", "price");
    trdbi_json_member(&config, "ticker", ticker);
    trdbi_json_number(&config, "price", price);
    trdbi_json_member(&config, "condition", trdb_telegram_price_condition_to_string(condition));
    return add_built(call, uow, telegram_id, &config, email, ret, reterr);
}

static int take_words(const char *call, const trdb_telegram_indicator_alert_new *in, trdb_error **reterr) {
    const trdbi_table *input = &trdbi_input_telegram_indicator_alert;
    int code = trdbi_take_text(call, input, "ticker", in->ticker, reterr);
    if (code == 0)
        code = trdbi_take_text(call, input, "indicator", in->indicator, reterr);
    if (code == 0)
        code = trdbi_take_text(call, input, "condition", in->condition, reterr);
    if (code == 0)
        code = trdbi_take_text(call, input, "timeframe", in->timeframe, reterr);
    if (code == 0)
        code = trdbi_take_text(call, input, "alert_action", in->alert_action, reterr);
    return code;
}

int trdb_telegram_add_indicator_alert(trdb_uow *uow, const char *telegram_id,
                                      const trdb_telegram_indicator_alert_new *given, int64_t *ret,
                                      trdb_error **reterr) {
    static const char call[] = "telegram.add_indicator_alert";
    static const char *const required[] = {"ticker", "indicator", "condition", "value", NULL};
    static const char *const optional[] = {"timeframe", "alert_action", "email", NULL};
    static const trdbi_fields fields = {call, required, optional};
    trdb_telegram_indicator_alert_new in;
    trdbi_buf config = {0};
    int code = trdbi_take_input(&trdbi_input_telegram_indicator_alert, &fields, given, &in, reterr);
    if (code < 0)
        return code;
    in.timeframe = in.timeframe ? in.timeframe : "15m";
    in.alert_action = in.alert_action ? in.alert_action : "telegram";
    code = take_words(call, &in, reterr);
    if (code < 0)
        return code;
    trdbi_buf_char(&config, '{');
    trdbi_json_member(&config, "type", "indicator");
    trdbi_json_member(&config, "ticker", in.ticker);
    trdbi_json_member(&config, "indicator", in.indicator);
    trdbi_json_member(&config, "condition", in.condition);
    trdbi_json_number(&config, "value", in.value.value);
    trdbi_json_member(&config, "timeframe", in.timeframe);
    trdbi_json_member(&config, "alert_action", in.alert_action);
    return add_built(call, uow, telegram_id, &config, in.email.value != 0, ret, reterr);
}

/* ---- changing -------------------------------------------------------------------------------------- */

static void set_params(const alert *a, trdbi_telegram_change *change) {
    trdbi_buf_char(&change->set, '{');
    if (a->in.config)
        trdbi_json_member(&change->set, "config_json", a->in.config);
    if (a->in.email.state == TRDB_GIVEN)
        trdbi_json_flag(&change->set, "email", a->in.email.value != 0);
    if (a->in.status.state == TRDB_GIVEN)
        trdbi_json_member(&change->set, "status", trdb_telegram_alert_status_to_string(a->in.status.value));
    if (a->in.re_arm_config || a->clears_re_arm)
        trdbi_json_member(&change->set, "re_arm_config", a->in.re_arm_config);
    trdbi_buf_char(&change->set, '}');
}

int trdb_telegram_update_alert(trdb_uow *uow, int64_t alert_id, const trdb_telegram_alert_new *changes,
                               trdb_telegram_alert **ret, trdb_error **reterr) {
    static const char call[] = "telegram.update_alert";
    static const int32_t types[2] = {TRDB_JOB_TYPE_ALERT, TRDB_JOB_TYPE_ALERT};
    trdbi_telegram_change change = {.enabled = {.state = TRDB_NOT_GIVEN}};
    alert a;
    int code = take_alert(call, changes, false, &a, reterr);
    if (code == 0) {
        set_params(&a, &change);
        if (change.set.failed)
            code = trdbi_error_nomem(reterr);
        else if (change.set.size == strlen("{}"))
            code = trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the changes give no field");
    }
    if (a.in.config)
        change.target = a.ticker ? a.ticker : "unknown";
    if (a.in.status.state == TRDB_GIVEN)
        change.enabled = trdb_bool(is_armed(a.in.status));
    if (code == 0)
        code = trdbi_telegram_change_job(call, uow, alert_id, "alert", types, &change, reterr);
    trdbi_buf_free(&change.set);
    alert_free(&a);
    return code == 0 && ret ? trdb_telegram_get_alert(uow, alert_id, ret, reterr) : code;
}

int trdb_telegram_delete_alert(trdb_uow *uow, int64_t alert_id, trdb_error **reterr) {
    int64_t gone = 0;
    int code = trdbi_telegram_alert_delete(uow, alert_id, &gone, reterr);
    if (code < 0 || gone > 0)
        return code;
    trdbi_error(reterr, TRDB_E_NOT_FOUND, "job_schedules: no alert with id %lld", (long long)alert_id);
    trdbi_error_set_column(reterr, "job_schedules", "id");
    return trdbi_refused("telegram.delete_alert", TRDB_E_NOT_FOUND, reterr);
}
