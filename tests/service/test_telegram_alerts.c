/* SPDX-License-Identifier: MIT */
/* Alerts of Telegram accounts, as job schedules. A test is named after the operation of the reference that it
 * covers. */
#include "fixture.h"

#define ABOVE TRDB_TELEGRAM_PRICE_CONDITION_ABOVE
#define BELOW TRDB_TELEGRAM_PRICE_CONDITION_BELOW
#define ARMED TRDB_TELEGRAM_ALERT_STATUS_ARMED
#define DISARMED TRDB_TELEGRAM_ALERT_STATUS_DISARMED
#define TRIGGERED TRDB_TELEGRAM_ALERT_STATUS_TRIGGERED

static char long_text[300];

static int64_t json_alert(const char *telegram_id, const char *config) {
    int64_t id = 0;
    OK(trdb_telegram_add_json_alert(fix_uow, telegram_id, TRDB_TELEGRAM_ALERT_NEW(.config = config), &id,
                                    &fix_err));
    return id;
}

static int64_t price_alert(const char *telegram_id, const char *ticker, const char *price) {
    int64_t id = 0;
    OK(trdb_telegram_add_alert(fix_uow, telegram_id, ticker, fix_decimal(price), ABOVE, false, &id,
                               &fix_err));
    return id;
}

static trdb_job_schedule *schedule_of(int64_t id) {
    trdb_job_schedule *row = NULL;
    OK(trdb_job_schedule_get(fix_uow, id, &row, &fix_err));
    return row;
}

static trdb_telegram_alert *alert_of(int64_t id) {
    trdb_telegram_alert *row = NULL;
    OK(trdb_telegram_get_alert(fix_uow, id, &row, &fix_err));
    return row;
}

/* Writes the parameters of an alert as another program might have. */
static void store_params(int64_t id, const char *params) {
    OK(trdb_job_schedule_patch(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.task_params = params), NULL, &fix_err));
}

/* ---- adding ------------------------------------------------------------------------------------------- */

START_TEST(svc_add_json_alert) {
    static const char config[] = "{\"ticker\":\"BTC\\u00e4\",  \"rules\": [1.10, {\"a\": \"\\\"\"}]}";
    int64_t id = 0;
    OK(trdb_telegram_add_json_alert(fix_uow, "42",
                                    TRDB_TELEGRAM_ALERT_NEW(.config = config, .email = trdb_bool(true),
                                                            .re_arm_config = "{\"after\": \"1h\"}"),
                                    &id, &fix_err));
    trdb_job_schedule *row = schedule_of(id);
    trdb_usr_user *user = NULL; /* made by the call */
    OK(trdb_users_get_by_provider(fix_uow, "telegram", "42", &user, &fix_err));
    ck_assert_int_eq(row->user_id.value, user->id);
    char start[64];
    snprintf(start, sizeof start, "Alert_BTC\xc3\xa4_%lld_1", (long long)user->id);
    ck_assert_msg(strncmp(row->name, start, strlen(start)) == 0, "%s", row->name);
    trdb_usr_user_free(user);
    ck_assert_int_eq(row->job_type.value, TRDB_JOB_TYPE_ALERT);
    ck_assert_str_eq(row->target, "BTC\xc3\xa4");
    ck_assert_str_eq(row->cron, "* * * * *");
    ck_assert(row->enabled.value);
    ck_assert_int_eq(row->next_run_at.kind, TRDB_TIMESTAMP_NULL); /* due at once */
    ck_assert_ptr_nonnull(strstr(row->task_params, "\"email\": true"));
    ck_assert_ptr_nonnull(strstr(row->task_params, "\"status\": \"ARMED\""));
    ck_assert_ptr_nonnull(strstr(row->task_params, "\"telegram_user_id\": \"42\""));
    trdb_job_schedule_free(row);
    /* The configuration is stored as the text that it was. */
    trdb_telegram_alert *alert = alert_of(id);
    ck_assert_int_eq(alert->alert_type.value, TRDB_TELEGRAM_ALERT_TYPE_CUSTOM);
    ck_assert_str_eq(alert->config, "{\"rules\": [1.10, {\"a\": \"\\\"\"}], \"ticker\": \"BTC\xc3\xa4\"}");
    ck_assert_str_eq(alert->re_arm_config, "{\"after\": \"1h\"}");
    ck_assert(alert->email.value);
    trdb_telegram_alert_free(alert);
}
END_TEST

START_TEST(add_json_alert_that_is_not_armed) {
    int64_t id = 0;
    OK(trdb_telegram_add_json_alert(fix_uow, "42",
                                    TRDB_TELEGRAM_ALERT_NEW(.config = " {}", .status = trdb_enum(DISARMED)),
                                    &id, &fix_err));
    trdb_job_schedule *row = schedule_of(id);
    ck_assert(!row->enabled.value);
    ck_assert_str_eq(row->target, "unknown");
    trdb_job_schedule_free(row);
    static const char *const no_ticker[] = {"{\"ticker\": 7}", "{\"ticker\": \"\"}", "{\"ticker\": null}"};
    for (size_t i = 0; i < 3; i++) {
        row = schedule_of(json_alert("42", no_ticker[i]));
        ck_assert_str_eq(row->target, "unknown");
        trdb_job_schedule_free(row);
    }
}
END_TEST

START_TEST(names_of_one_second_differ) {
    enum { MANY = 20 };
    char names[MANY][256];
    for (int i = 0; i < MANY; i++) {
        trdb_job_schedule *row = schedule_of(json_alert("42", "{\"ticker\": \"BTC\"}"));
        snprintf(names[i], sizeof names[i], "%s", row->name);
        trdb_job_schedule_free(row);
        for (int j = 0; j < i; j++)
            ck_assert_str_ne(names[i], names[j]);
    }
    ck_assert_int_eq(fix_count("job_schedules"), MANY);
    char config[330];
    snprintf(config, sizeof config, "{\"ticker\": \"%.255s\"}",
             long_text); /* the name is cut, the target is not */
    trdb_job_schedule *row = schedule_of(json_alert("42", config));
    ck_assert_uint_eq(strlen(row->target), 255);
    ck_assert_uint_lt(strlen(row->name), 255);
    trdb_job_schedule_free(row);
}
END_TEST

START_TEST(svc_add_alert) {
    int64_t id = 0;
    OK(trdb_telegram_add_alert(fix_uow, "42", "BTCUSDT", fix_decimal("64250.123456789012345678901000"), BELOW,
                               true, &id, &fix_err));
    trdb_telegram_alert *alert = alert_of(id);
    ck_assert_int_eq(alert->alert_type.value, TRDB_TELEGRAM_ALERT_TYPE_PRICE);
    ck_assert_str_eq(alert->ticker, "BTCUSDT");
    ck_assert_str_eq(alert->condition, "below");
    ck_assert(alert->email.value && alert->active.value);
    ck_assert_int_eq(alert->status.value, ARMED);
    ck_assert_str_eq(alert->telegram_user_id, "42");
    IS(alert->price, "64250.123456789012345678901");
    ck_assert_int_eq(alert->price.scale, 24); /* with all its digits */
    ck_assert_ptr_nonnull(strstr(alert->config, "\"price\": 64250.123456789012345678901000"));
    ck_assert_int_eq(alert->value.kind, TRDB_DECIMAL_NULL);
    trdb_telegram_alert_free(alert);
    OK(trdb_telegram_add_alert(fix_uow, "42", "CL\"1\\", fix_decimal("-0.5"), ABOVE, false, NULL, &fix_err));
}
END_TEST

START_TEST(svc_add_indicator_alert) {
    int64_t id = 0;
    OK(trdb_telegram_add_indicator_alert(
        fix_uow, "42",
        TRDB_TELEGRAM_INDICATOR_ALERT_NEW(.ticker = "BTC", .indicator = "RSI", .condition = "below",
                                          .value = trdb_dec("30.50")),
        &id, &fix_err));
    trdb_telegram_alert *alert = alert_of(id);
    ck_assert_int_eq(alert->alert_type.value, TRDB_TELEGRAM_ALERT_TYPE_INDICATOR);
    ck_assert_str_eq(alert->indicator, "RSI");
    ck_assert_str_eq(alert->condition, "below");
    IS(alert->value, "30.5");
    ck_assert_str_eq(alert->timeframe, "15m");
    ck_assert_str_eq(alert->alert_action, "telegram");
    ck_assert(!alert->email.value);
    trdb_telegram_alert_free(alert);
    OK(trdb_telegram_add_indicator_alert(
        fix_uow, "42",
        TRDB_TELEGRAM_INDICATOR_ALERT_NEW(.ticker = "BTC", .indicator = "MACD", .condition = "crosses",
                                          .value = trdb_dec("-1"), .timeframe = "1h", .alert_action = "both",
                                          .email = trdb_bool(true)),
        &id, &fix_err));
    alert = alert_of(id);
    IS(alert->value, "-1");
    ck_assert_str_eq(alert->timeframe, "1h");
    ck_assert_str_eq(alert->alert_action, "both");
    ck_assert(alert->email.value);
    trdb_telegram_alert_free(alert);
}
END_TEST

START_TEST(alerts_are_checked_before_they_are_sent) {
    int64_t id = -1, trips = fix_round_trips();
    trdb_decimal one = fix_decimal("1"), null = {.kind = TRDB_DECIMAL_NULL};
#define JSON(code, part, ...)                                                                                \
    FAILS(trdb_telegram_add_json_alert(fix_uow, "42", TRDB_TELEGRAM_ALERT_NEW(__VA_ARGS__), &id, &fix_err),  \
          code, part)
    JSON(TRDB_E_NOT_NULL, "trdb_telegram_alert_new.config: is required by telegram.add_json_alert",
         .config = NULL);
    JSON(TRDB_E_NOT_NULL, "config", .config = TRDB_NULL_TEXT);
    JSON(TRDB_E_INVALID, "config: not valid JSON", .config = "");
    JSON(TRDB_E_INVALID, "config: not valid JSON", .config = "{\"a\": }");
    JSON(TRDB_E_INVALID, "config: not valid JSON", .config = "{} x");
    JSON(TRDB_E_INVALID, "config: not valid JSON", .config = "{\"a\": \"\\u0000\"}");
    JSON(TRDB_E_ENCODING, "config", .config = "{\"a\": \"\xff\"}");
    JSON(TRDB_E_INVALID, "config: must be a JSON object", .config = "[1]");
    JSON(TRDB_E_INVALID, "config: must be a JSON object", .config = "7");
    JSON(TRDB_E_INVALID, "status: 9 is no constant of telegram_alert_status", .config = "{}",
         .status = trdb_enum(9));
    JSON(TRDB_E_NOT_NULL, "status: may not be NULL", .config = "{}", .status = trdb_null_enum());
    JSON(TRDB_E_NOT_NULL, "email: may not be NULL", .config = "{}", .email = trdb_null_bool());
    JSON(TRDB_E_INVALID, "email: 2 is no boolean", .config = "{}", .email = {2, TRDB_GIVEN});
    JSON(TRDB_E_INVALID, "re_arm_config: not valid JSON", .config = "{}", .re_arm_config = "{");
    JSON(TRDB_E_INVALID, "struct_size", .struct_size = 3, .config = "{}");
#undef JSON
    char config[330];
    snprintf(config, sizeof config, "{\"ticker\": \"%.256s\"}", long_text);
    FAILS(
        trdb_telegram_add_json_alert(fix_uow, "42", TRDB_TELEGRAM_ALERT_NEW(.config = config), &id, &fix_err),
        TRDB_E_RANGE, "config: its ticker has more than 255 characters");
    FAILS(trdb_telegram_add_json_alert(fix_uow, "42", NULL, &id, &fix_err), TRDB_E_INVALID, "is NULL");
    FAILS(trdb_telegram_add_json_alert(fix_uow, "", TRDB_TELEGRAM_ALERT_NEW(.config = "{}"), &id, &fix_err),
          TRDB_E_INVALID, "external_id: is empty");
#define PRICE(ticker, price, condition)                                                                      \
    trdb_telegram_add_alert(fix_uow, "42", ticker, price, condition, false, &id, &fix_err)
    FAILS(PRICE(NULL, one, ABOVE), TRDB_E_NOT_NULL, "target: is required by telegram.add_alert");
    FAILS(PRICE("", one, ABOVE), TRDB_E_INVALID, "target: is empty");
    FAILS(PRICE(long_text, one, ABOVE), TRDB_E_RANGE, "target");
    FAILS(PRICE("\xff", one, ABOVE), TRDB_E_ENCODING, "target");
    FAILS(PRICE("BTC", null, ABOVE), TRDB_E_NOT_NULL, "price: is required");
    FAILS(PRICE("BTC", fix_decimal("NaN"), ABOVE), TRDB_E_RANGE, "price: must be a finite number");
    FAILS(PRICE("BTC", fix_decimal("1e14"), ABOVE), TRDB_E_RANGE, "price");
    FAILS(PRICE("BTC", fix_decimal("1e-25"), ABOVE), TRDB_E_INEXACT, "price");
    FAILS(PRICE("BTC", one, 0), TRDB_E_INVALID, "no constant of trdb_telegram_price_condition");
    FAILS(PRICE("BTC", one, 3), TRDB_E_INVALID, "no constant of trdb_telegram_price_condition");
    FAILS(trdb_telegram_add_alert(fix_uow, NULL, "BTC", one, ABOVE, false, &id, &fix_err), TRDB_E_NOT_NULL,
          "external_id");
#undef PRICE
#define INDICATOR(code, part, ...)                                                                           \
    do {                                                                                                     \
        trdb_telegram_indicator_alert_new in = trdb_telegram_indicator_alert_new_init();                     \
        in.ticker = "BTC", in.indicator = "RSI", in.condition = "below", in.value = trdb_dec("30");          \
        __VA_ARGS__;                                                                                         \
        FAILS(trdb_telegram_add_indicator_alert(fix_uow, "42", &in, &id, &fix_err), code, part);             \
    } while (0)
    INDICATOR(TRDB_E_NOT_NULL, "trdb_telegram_indicator_alert_new.ticker: is required", in.ticker = NULL);
    INDICATOR(TRDB_E_INVALID, "ticker: is empty", in.ticker = "");
    INDICATOR(TRDB_E_RANGE, "ticker", in.ticker = long_text);
    INDICATOR(TRDB_E_NOT_NULL, "indicator: is required", in.indicator = NULL);
    INDICATOR(TRDB_E_RANGE, "indicator", in.indicator = long_text);
    INDICATOR(TRDB_E_NOT_NULL, "condition: is required", in.condition = NULL);
    INDICATOR(TRDB_E_INVALID, "condition: is empty", in.condition = "");
    INDICATOR(TRDB_E_NOT_NULL, "value: is required", in.value = (trdb_in_decimal){.state = TRDB_NOT_GIVEN});
    INDICATOR(TRDB_E_NOT_NULL, "value: may not be NULL", in.value = trdb_null_dec());
    INDICATOR(TRDB_E_INVALID, "value: not a decimal", in.value = trdb_dec("thirty"));
    INDICATOR(TRDB_E_INEXACT, "value", in.value = trdb_dec("1e-25"));
    INDICATOR(TRDB_E_INVALID, "timeframe: is empty", in.timeframe = "");
    INDICATOR(TRDB_E_RANGE, "alert_action", in.alert_action = long_text);
    INDICATOR(TRDB_E_ENCODING, "alert_action", in.alert_action = "\xff");
#undef INDICATOR
    FAILS(trdb_telegram_add_indicator_alert(fix_uow, "42", NULL, &id, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_int_eq(id, -1);
    fix_unit_works();
    ck_assert_int_eq(fix_count("usr_users"), 0);
    ck_assert_int_eq(fix_count("job_schedules"), 0);
}
END_TEST

/* ---- reading ------------------------------------------------------------------------------------------ */

START_TEST(svc_list_alerts) {
    int64_t first = price_alert("42", "A", "1"), second = price_alert("42", "B", "2");
    price_alert("43", "C", "3");
    trdb_telegram_alert_list *list = NULL;
    OK(trdb_telegram_list_alerts(fix_uow, "42", trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_alert_list_count(list), 2);
    ck_assert_int_eq(trdb_telegram_alert_list_at(list, 0)->id.value, second); /* the newest first */
    ck_assert_int_eq(trdb_telegram_alert_list_at(list, 1)->id.value, first);
    ck_assert_str_eq(trdb_telegram_alert_list_at(list, 1)->ticker, "A");
    ck_assert_int_eq(trdb_telegram_alert_list_at(list, 1)->created_at.kind, TRDB_TIMESTAMP_FINITE);
    trdb_telegram_alert_list_free(list);
    OK(trdb_telegram_list_alerts(fix_uow, "42", trdb_i64(1), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_alert_list_count(list), 1);
    trdb_telegram_alert_list_free(list);
    OK(trdb_telegram_list_alerts(fix_uow, "nobody", trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_alert_list_count(list), 0);
    trdb_telegram_alert_list_free(list);
    for (int i = 0; i < 105; i++)
        price_alert("42", "D", "4");
    OK(trdb_telegram_list_alerts(fix_uow, "42", trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_alert_list_count(list), 100);
    trdb_telegram_alert_list_free(list);
    list = NULL;
    REFUSED(trdb_telegram_list_alerts(fix_uow, "42", trdb_i64(0), &list, &fix_err), TRDB_E_RANGE,
            "argument limit is 0");
    REFUSED(trdb_telegram_list_alerts(fix_uow, NULL, trdb_null_i64(), &list, &fix_err), TRDB_E_INVALID,
            "argument telegram_id is NULL");
    ck_assert_ptr_null(list);
}
END_TEST

typedef struct reading {
    const char *params;
    int32_t type, status;
    const char *price, *value, *condition, *config;
    bool email;
} reading;

/* What other programs stored is read as well as it can be, and never stops a list. */
START_TEST(alerts_of_other_programs_are_read) {
    enum {
        PRICE = TRDB_TELEGRAM_ALERT_TYPE_PRICE,
        INDICATOR = TRDB_TELEGRAM_ALERT_TYPE_INDICATOR,
        CUSTOM = TRDB_TELEGRAM_ALERT_TYPE_CUSTOM
    };
    static const reading readings[] = {
        {"{}", CUSTOM, ARMED, NULL, NULL, NULL, "{}", false},
        {"{\"config_json\": \"{not json\"}", CUSTOM, ARMED, NULL, NULL, NULL, "{}", false},
        {"{\"config_json\": \"[1]\"}", CUSTOM, ARMED, NULL, NULL, NULL, "{}", false},
        {"{\"config_json\": 7, \"email\": 1}", CUSTOM, ARMED, NULL, NULL, NULL, "{}", true},
        {"{\"config_json\": null, \"email\": \"True\", \"status\": null}", CUSTOM, ARMED, NULL, NULL, NULL,
         "{}", true},
        {"{\"config_json\": \"{\\\"price\\\": 1.50, \\\"condition\\\": \\\"above\\\"}\", \"status\": "
         "\"TRIGGERED\"}",
         PRICE, TRIGGERED, "1.50", NULL, "above", "{\"price\": 1.50, \"condition\": \"above\"}", false},
        {"{\"config_json\": {\"price\": \"2.25\", \"condition\": \"below\"}, \"status\": \"SLEEPING\"}",
         PRICE, TRDB_ENUM_UNKNOWN, "2.25", NULL, "below", "{\"price\": \"2.25\", \"condition\": \"below\"}",
         false},
        {"{\"config_json\": {\"type\": \"price\", \"price\": 1e20}}", PRICE, ARMED, NULL, NULL, NULL,
         "{\"type\": \"price\", \"price\": 100000000000000000000}", false},
        {"{\"config_json\": {\"type\": \"price\", \"price\": \"1e5\"}}", PRICE, ARMED, NULL, NULL, NULL,
         "{\"type\": \"price\", \"price\": \"1e5\"}", false},
        {"{\"config_json\": {\"indicator\": \"RSI\", \"value\": 30}}", INDICATOR, ARMED, NULL, "30", NULL,
         "{\"value\": 30, \"indicator\": \"RSI\"}", false},
        {"{\"config_json\": {\"type\": \"rule\", \"indicator\": \"RSI\"}}", CUSTOM, ARMED, NULL, NULL, NULL,
         "{\"type\": \"rule\", \"indicator\": \"RSI\"}", false},
        {"{\"config_json\": {\"type\": \"price\", \"price\": 0.1000000000000000000000000000000}}", PRICE,
         ARMED, "0.1", NULL, NULL, "{\"type\": \"price\", \"price\": 0.1000000000000000000000000000000}",
         false},
        {"[]", CUSTOM, ARMED, NULL, NULL, NULL, "{}", false},
    };
    const reading *r = &readings[_i];
    int64_t id = price_alert("42", "A", "1");
    store_params(id, r->params);
    trdb_telegram_alert *alert = alert_of(id);
    ck_assert_int_eq(alert->alert_type.value, r->type);
    ck_assert_int_eq(alert->status.value, r->status);
    IS(alert->price, r->price);
    IS(alert->value, r->value);
    ck_assert_pstr_eq(alert->condition, r->condition);
    ck_assert_str_eq(alert->config, r->config);
    ck_assert_int_eq(alert->email.value, r->email);
    trdb_telegram_alert_free(alert);
    trdb_telegram_alert_list *list = NULL;
    OK(trdb_telegram_list_alerts(fix_uow, "42", trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_alert_list_count(list), 1);
    trdb_telegram_alert_list_free(list);
}
END_TEST

enum { READINGS = 13 };

/* More brackets than the server parses: still only an empty configuration. */
START_TEST(a_configuration_too_deep_is_empty) {
    enum { DEEP = 100000 };
    int64_t id = price_alert("42", "A", "1");
    OK(trdb_uow_commit(fix_uow, &fix_err));
    trdb_uow_free(fix_uow);
    harness_sql(fix_url,
                "UPDATE job_schedules SET task_params = jsonb_build_object('config_json', '{\"a\":' || "
                "repeat('[', %d))",
                DEEP);
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    trdb_telegram_alert *alert = alert_of(id);
    ck_assert_str_eq(alert->config, "{}");
    trdb_telegram_alert_free(alert);
    OK(trdb_uow_rollback(fix_uow, &fix_err));
    harness_sql(fix_url, "TRUNCATE usr_users, job_schedules CASCADE");
}
END_TEST

START_TEST(svc_get_active_alerts) {
    int64_t first = price_alert("42", "A", "1"), second = price_alert("43", "B", "2");
    OK(trdb_telegram_update_alert(fix_uow, price_alert("42", "C", "3"),
                                  TRDB_TELEGRAM_ALERT_NEW(.status = trdb_enum(TRIGGERED)), NULL, &fix_err));
    trdb_telegram_alert_list *list = NULL;
    OK(trdb_telegram_active_alerts(fix_uow, trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_alert_list_count(list), 2);
    ck_assert_int_eq(trdb_telegram_alert_list_at(list, 0)->id.value, second);
    ck_assert_str_eq(trdb_telegram_alert_list_at(list, 0)->telegram_user_id, "43");
    ck_assert_int_eq(trdb_telegram_alert_list_at(list, 1)->id.value, first);
    trdb_telegram_alert_list_free(list);
}
END_TEST

START_TEST(svc_get_alert) {
    int64_t id = price_alert("42", "A", "1"), screener = 0;
    trdb_telegram_alert *alert = alert_of(id);
    ck_assert_int_eq(alert->id.value, id);
    trdb_telegram_alert_free(alert);
    alert = NULL;
    OK(trdb_telegram_add_schedule(fix_uow, "42", "A", NULL, NULL, &screener, &fix_err));
    REFUSED(trdb_telegram_get_alert(fix_uow, screener, &alert, &fix_err), TRDB_E_NOT_FOUND, "no such row");
    REFUSED(trdb_telegram_get_alert(fix_uow, id + 1000, &alert, &fix_err), TRDB_E_NOT_FOUND, "no such row");
    ck_assert_ptr_null(alert);
}
END_TEST

/* ---- changing ----------------------------------------------------------------------------------------- */

START_TEST(svc_update_alert) {
    int64_t id = price_alert("42", "A", "1"), screener = 0;
    trdb_telegram_alert *alert = NULL;
    OK(trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.status = trdb_enum(TRIGGERED)),
                                  &alert, &fix_err));
    ck_assert_int_eq(alert->status.value, TRIGGERED);
    ck_assert(!alert->active.value);
    IS(alert->price, "1"); /* everything else stays */
    ck_assert_str_eq(alert->telegram_user_id, "42");
    trdb_telegram_alert_free(alert);
    OK(trdb_telegram_update_alert(
        fix_uow, id,
        TRDB_TELEGRAM_ALERT_NEW(.config = "{\"ticker\": \"B\", \"price\": 2, \"condition\": \"above\"}",
                                .email = trdb_bool(true), .status = trdb_enum(ARMED), .re_arm_config = "{}"),
        &alert, &fix_err));
    ck_assert(alert->active.value && alert->email.value);
    ck_assert_str_eq(alert->ticker, "B"); /* the target follows */
    IS(alert->price, "2");
    ck_assert_str_eq(alert->re_arm_config, "{}");
    trdb_telegram_alert_free(alert);
    alert = NULL;
    OK(trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.re_arm_config = TRDB_NULL_TEXT), NULL,
                                  &fix_err));
    OK(trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.config = "{}"), NULL, &fix_err));
    alert = alert_of(id);
    ck_assert_ptr_null(alert->re_arm_config);
    ck_assert_str_eq(alert->ticker, "unknown");
    ck_assert(alert->active.value);
    trdb_telegram_alert_free(alert);
    alert = NULL;

    OK(trdb_telegram_add_schedule(fix_uow, "42", "A", NULL, NULL, &screener, &fix_err));
#define UPDATE(id, ...)                                                                                      \
    trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(__VA_ARGS__), &alert, &fix_err)
    REFUSED(UPDATE(id + 1000, .config = "{}"), TRDB_E_NOT_FOUND, "job_schedules: no alert with id");
    REFUSED(UPDATE(screener, .config = "{}"), TRDB_E_NOT_FOUND, "job_schedules: no alert with id");
    REFUSED(UPDATE(id, .config = NULL), TRDB_E_INVALID, "the changes give no field");
    REFUSED(UPDATE(id, .config = TRDB_NULL_TEXT), TRDB_E_NOT_NULL, "config: may not be NULL");
    REFUSED(UPDATE(id, .config = "{"), TRDB_E_INVALID, "not valid JSON");
    REFUSED(UPDATE(id, .config = "[]"), TRDB_E_INVALID, "must be a JSON object");
    REFUSED(UPDATE(id, .status = trdb_enum(0)), TRDB_E_INVALID, "status: 0 is no constant");
#undef UPDATE
    REFUSED(trdb_telegram_update_alert(fix_uow, id, NULL, &alert, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_ptr_null(alert);
}
END_TEST

/* Armed again after it was due, it does not go off for the past. */
START_TEST(an_alert_armed_again_is_due_later) {
    int64_t id = price_alert("42", "A", "1");
    OK(trdb_job_schedule_patch(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.next_run_at = trdb_time_us(1000000)), NULL,
                               &fix_err));
    OK(trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.status = trdb_enum(DISARMED)), NULL,
                                  &fix_err));
    trdb_job_schedule *row = schedule_of(id);
    ck_assert_int_eq(row->next_run_at.us, 1000000);
    trdb_job_schedule_free(row);
    OK(trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.status = trdb_enum(ARMED)), NULL,
                                  &fix_err));
    row = schedule_of(id);
    ck_assert_int_gt(row->next_run_at.us, trdb_timestamp_now().us - 1000000);
    ck_assert_int_eq(row->next_run_at.us % 60000000, 0);
    trdb_job_schedule_free(row);
}
END_TEST

START_TEST(svc_delete_alert) {
    int64_t id = price_alert("42", "A", "1"), screener = 0;
    OK(trdb_telegram_add_schedule(fix_uow, "42", "A", NULL, NULL, &screener, &fix_err));
    REFUSED(trdb_telegram_delete_alert(fix_uow, screener, &fix_err), TRDB_E_NOT_FOUND, "no alert with id");
    OK(trdb_telegram_delete_alert(fix_uow, id, &fix_err));
    REFUSED(trdb_telegram_delete_alert(fix_uow, id, &fix_err), TRDB_E_NOT_FOUND, "no alert with id");
    ck_assert_int_eq(fix_count("job_schedules"), 1);
}
END_TEST

START_TEST(round_trips) {
    trdb_telegram_alert *alert = NULL;
    int64_t id = 0;
    for (int warm = 0; warm < 2; warm++) {
        int64_t before = fix_round_trips();
        id = price_alert("42", "A", "1");
        OK(trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.email = trdb_bool(true)), NULL,
                                      &fix_err));
        OK(trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.email = trdb_bool(true)), &alert,
                                      &fix_err));
        OK(trdb_telegram_delete_alert(fix_uow, id, &fix_err));
        if (warm)
            ck_assert_int_eq(fix_round_trips() - before, 1 + 2 + 3 + 1);
        trdb_telegram_alert_free(alert);
    }
}
END_TEST

int main(void) {
    memset(long_text, 'x', sizeof long_text - 1);
    Suite *suite = suite_create("telegram alerts");
    TCase *tcase = fix_case("alerts");
    tcase_add_test(tcase, svc_add_json_alert);
    tcase_add_test(tcase, add_json_alert_that_is_not_armed);
    tcase_add_test(tcase, names_of_one_second_differ);
    tcase_add_test(tcase, svc_add_alert);
    tcase_add_test(tcase, svc_add_indicator_alert);
    tcase_add_test(tcase, alerts_are_checked_before_they_are_sent);
    tcase_add_test(tcase, svc_list_alerts);
    tcase_add_loop_test(tcase, alerts_of_other_programs_are_read, 0, READINGS);
    tcase_add_test(tcase, svc_get_active_alerts);
    tcase_add_test(tcase, svc_get_alert);
    tcase_add_test(tcase, svc_update_alert);
    tcase_add_test(tcase, an_alert_armed_again_is_due_later);
    tcase_add_test(tcase, svc_delete_alert);
    tcase_add_test(tcase, round_trips);
    tcase_add_test(tcase, a_configuration_too_deep_is_empty); /* commits, and cleans up */
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
