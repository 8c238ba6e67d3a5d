/* SPDX-License-Identifier: MIT */
/* Alerts, screeners and reports. */
#include "fixture.h"

static const trdb_timestamp no_time = {.kind = TRDB_TIMESTAMP_NULL};
static const trdb_in_bool no_bool = {.state = TRDB_NOT_GIVEN};
static const char rule[] = "{\"price\": 70000.10, \"condition\": \"above\"}";

static int64_t alert(int64_t user, const char *ticker, const char *timeframe) {
    trdb_job_schedule *row = NULL;
    OK(trdb_jobs_create_alert(fix_uow, user, ticker, timeframe, rule, &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_free(row);
    return id;
}

static trdb_job_schedule *row_of(int64_t id) {
    trdb_job_schedule *row = NULL;
    OK(trdb_job_schedule_get(fix_uow, id, &row, &fix_err));
    return row;
}

/* A JSON text as the server normalizes it. */
static void json_is(const char *json, const char *wanted) {
    char *same = harness_value(fix_url, "SELECT $$%s$$::jsonb = $$%s$$::jsonb", json, wanted);
    ck_assert_msg(strcmp(same, "t") == 0, "%s is not %s", json, wanted);
    free(same);
}

static void is_next(trdb_timestamp due, const char *expression, trdb_timestamp before) {
    trdb_timestamp least, most;
    trdb_cron *cron = NULL;
    OK(trdb_cron_parse(expression, NULL, &cron, &fix_err));
    OK(trdb_cron_next(cron, before, &least, &fix_err));
    OK(trdb_cron_next(cron, trdb_timestamp_now(), &most, &fix_err));
    trdb_cron_free(cron);
    ck_assert_int_ge(due.us, least.us);
    ck_assert_int_le(due.us, most.us);
}

/* ---- alerts ------------------------------------------------------------------------------------------ */

START_TEST(create_alert) {
    static const struct {
        const char *timeframe, *cron;
    } cases[] = {
        {"1m", "* * * * *"},     {"5m", "*/5 * * * *"}, {"15m", "*/15 * * * *"},
        {"30m", "*/30 * * * *"}, {"1h", "0 * * * *"},   {"4h", "0 */4 * * *"},
        {"1d", "0 9 * * *"},     {"1w", "0 9 * * 1"},   {"fortnightly", "0 9 * * *"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[64], params[256];
        trdb_job_schedule *row = NULL;
        trdb_timestamp before = trdb_timestamp_now();
        OK(trdb_jobs_create_alert(fix_uow, 7, "BTCUSDT", cases[i].timeframe, rule, &row, &fix_err));
        snprintf(name, sizeof name, i == 0 ? "Alert: BTCUSDT" : "Alert: BTCUSDT (%zu)", i + 1);
        ck_assert_str_eq(row->name, name);
        ck_assert_str_eq(row->target, "BTCUSDT");
        ck_assert_int_eq(row->job_type.value, TRDB_JOB_TYPE_ALERT);
        ck_assert_int_eq(row->user_id.value, 7);
        ck_assert_str_eq(row->cron, cases[i].cron);
        ck_assert_str_eq(row->timezone, "UTC");
        ck_assert(row->enabled.value);
        is_next(row->next_run_at, cases[i].cron, before);
        snprintf(params, sizeof params, "{\"ticker\":\"BTCUSDT\",\"timeframe\":\"%s\",\"rule\":%s}",
                 cases[i].timeframe, rule);
        json_is(row->task_params, params);
        trdb_job_schedule_free(row);
    }
    alert(8, "BTCUSDT", "1h"); /* another owner begins anew */
    trdb_job_schedule *row = NULL;
    OK(trdb_jobs_get_schedule_by_name(fix_uow, 8, "Alert: BTCUSDT", &row, &fix_err));
    OK(trdb_jobs_delete_alert(fix_uow, row->id, &fix_err));
    trdb_job_schedule_free(row);
    OK(trdb_jobs_create_alert(fix_uow, 8, "BTCUSDT", "1h", "{}", NULL,
                              &fix_err)); /* the name is free again */
}
END_TEST

START_TEST(create_alert_refuses) {
    trdb_job_schedule *row = NULL;
    char long_text[102];
    memset(long_text, 'x', sizeof long_text);
    long_text[101] = '\0';
    int64_t trips = fix_round_trips();
#define BAD(ticker, timeframe, rule_text, code, part)                                                        \
    FAILS(trdb_jobs_create_alert(fix_uow, 7, ticker, timeframe, rule_text, &row, &fix_err), code, part)
    BAD(NULL, "1h", rule, TRDB_E_NOT_NULL, "jobs.create_alert: the ticker is required");
    BAD("", "1h", rule, TRDB_E_INVALID, "the ticker is empty");
    BAD(long_text, "1h", rule, TRDB_E_RANGE, "the ticker has more than 100 characters");
    BAD("\xff", "1h", rule, TRDB_E_ENCODING, "the ticker is not valid UTF-8");
    BAD("BTC", NULL, rule, TRDB_E_NOT_NULL, "the timeframe is required");
    BAD("BTC", TRDB_NULL_TEXT, rule, TRDB_E_NOT_NULL, "the timeframe is required");
    BAD("BTC", "", rule, TRDB_E_INVALID, "the timeframe is empty");
    BAD("BTC", long_text, rule, TRDB_E_RANGE, "the timeframe has more than 32 characters");
    BAD("BTC", "1h", NULL, TRDB_E_NOT_NULL,
        "rule: job_schedules.task_params: is required by jobs.create_alert");
    BAD("BTC", "1h", "{", TRDB_E_INVALID, "rule: job_schedules.task_params: not valid JSON");
    BAD("BTC", "1h", "[]", TRDB_E_INVALID, "rule: job_schedules.task_params: must be a JSON object");
#undef BAD
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("job_schedules"), 0);
}
END_TEST

START_TEST(user_alerts) {
    trdb_job_alert_list *list = NULL;
    int64_t first = alert(7, "BTC", "1h"), second = alert(7, "ETH", "15m");
    alert(8, "DOGE", "1h");
    OK(trdb_jobs_create_schedule(
        fix_uow,
        TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(7), .name = "no alert", .target = "x",
                              .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT), .cron = "@daily"),
        NULL, &fix_err));
    OK(trdb_job_schedule_patch(fix_uow, first, TRDB_JOB_SCHEDULE_NEW(.created_at = trdb_time_us(5)), NULL,
                               &fix_err));
    OK(trdb_jobs_update_alert(fix_uow, second, NULL, NULL, trdb_bool(false), NULL, &fix_err));
    OK(trdb_jobs_user_alerts(fix_uow, 7, true, &list, &fix_err));
    ck_assert_uint_eq(trdb_job_alert_list_count(list), 1);
    const trdb_job_alert *found = trdb_job_alert_list_at(list, 0);
    ck_assert_int_eq(found->id.value, first);
    ck_assert_str_eq(found->name, "Alert: BTC");
    ck_assert_str_eq(found->ticker, "BTC");
    ck_assert_str_eq(found->timeframe, "1h");
    json_is(found->rule, rule);
    ck_assert(found->enabled.value);
    ck_assert_int_eq(found->created_at.us, 5);
    ck_assert_int_eq(found->next_run_at.kind, TRDB_TIMESTAMP_FINITE);
    trdb_job_alert_list_free(list);
    OK(trdb_jobs_user_alerts(fix_uow, 7, false, &list, &fix_err));
    ck_assert_uint_eq(trdb_job_alert_list_count(list), 2);
    ck_assert_int_eq(trdb_job_alert_list_at(list, 0)->id.value, second); /* the newest first */
    trdb_job_alert_list_free(list);
    OK(trdb_jobs_user_alerts(fix_uow, 9, false, &list, &fix_err));
    ck_assert_uint_eq(trdb_job_alert_list_count(list), 0);
    trdb_job_alert_list_free(list);
}
END_TEST

START_TEST(update_alert) {
    trdb_job_schedule *row = NULL;
    int64_t id = alert(7, "BTC", "1h");
    OK(trdb_job_schedule_patch(
        fix_uow, id,
        TRDB_JOB_SCHEDULE_NEW(.next_run_at = trdb_time_us(5), .enabled = trdb_bool(false),
                              .task_params = "{\"ticker\":\"BTC\",\"status\":\"ARMED\"}"),
        NULL, &fix_err));
    OK(trdb_jobs_update_alert(fix_uow, id, NULL, "{\"a\":null}", no_bool, &row, &fix_err));
    json_is(row->task_params,
            "{\"ticker\":\"BTC\",\"status\":\"ARMED\",\"rule\":{\"a\":null}}"); /* others stay */
    ck_assert_int_eq(row->next_run_at.us, 5);
    ck_assert_str_eq(row->cron, "0 * * * *");
    trdb_job_schedule_free(row);
    trdb_timestamp before = trdb_timestamp_now();
    OK(trdb_jobs_update_alert(fix_uow, id, NULL, NULL, trdb_bool(true), &row, &fix_err));
    ck_assert(row->enabled.value);
    is_next(row->next_run_at, "0 * * * *", before);
    trdb_job_schedule_free(row);
    OK(trdb_jobs_update_alert(fix_uow, id, "5m", NULL, no_bool, &row, &fix_err));
    ck_assert_str_eq(row->cron, "*/5 * * * *");
    is_next(row->next_run_at, "*/5 * * * *", before);
    json_is(row->task_params,
            "{\"ticker\":\"BTC\",\"status\":\"ARMED\",\"rule\":{\"a\":null},\"timeframe\":\"5m\"}");
    trdb_job_schedule_free(row);
    OK(trdb_jobs_update_alert(fix_uow, id, "1d", rule, trdb_bool(false), NULL, &fix_err));
    row = row_of(id);
    ck_assert_str_eq(row->cron, "0 9 * * *");
    ck_assert(!row->enabled.value);
    trdb_job_schedule_free(row);
}
END_TEST

/* A schedule of another type. */
static int64_t no_alert(void) {
    trdb_job_schedule *row = NULL;
    OK(trdb_jobs_create_schedule(fix_uow,
                                 TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(7), .name = "n", .target = "x",
                                                       .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT),
                                                       .cron = "@daily"),
                                 &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_free(row);
    return id;
}

START_TEST(update_alert_refuses) {
    trdb_job_schedule *row = NULL;
    int64_t id = alert(7, "BTC", "1h"), other = no_alert(), trips;
    REFUSED(trdb_jobs_update_alert(fix_uow, other, "5m", NULL, no_bool, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no alert with id");
    REFUSED(trdb_jobs_update_alert(fix_uow, other + 1000, "5m", NULL, no_bool, &row, &fix_err),
            TRDB_E_NOT_FOUND, "job_schedules: no alert with id");
    trips = fix_round_trips();
    FAILS(trdb_jobs_update_alert(fix_uow, id, NULL, TRDB_NULL_TEXT, no_bool, &row, &fix_err), TRDB_E_INVALID,
          "jobs.update_alert: nothing is given");
    FAILS(trdb_jobs_update_alert(fix_uow, id, "", NULL, no_bool, &row, &fix_err), TRDB_E_INVALID,
          "the timeframe is empty");
    FAILS(trdb_jobs_update_alert(fix_uow, id, NULL, "1", no_bool, &row, &fix_err), TRDB_E_INVALID,
          "must be a JSON object");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    row = row_of(other);
    ck_assert_str_eq(row->cron, "@daily");
    trdb_job_schedule_free(row);
}
END_TEST

START_TEST(delete_alert) {
    int64_t id = alert(7, "BTC", "1h"), other = no_alert();
    OK(trdb_jobs_delete_alert(fix_uow, id, &fix_err));
    REFUSED(trdb_jobs_delete_alert(fix_uow, id, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no alert with id");
    REFUSED(trdb_jobs_delete_alert(fix_uow, other, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no alert with id");
    ck_assert_int_eq(fix_count("job_schedules"), 1);
}
END_TEST

/* ---- screeners --------------------------------------------------------------------------------------- */

static void expands_to(const char *target, const char *name, const char *tickers) {
    char found[256] = "";
    trdb_screener_target *result = NULL;
    OK(trdb_jobs_expand_screener_target(target, &result, &fix_err));
    for (size_t i = 0; i < result->tickers.count; i++)
        strcat(strcat(found, i ? "|" : ""), result->tickers.items[i]);
    ck_assert_str_eq(found, tickers);
    ck_assert_str_eq(result->name ? result->name : "", name);
    trdb_screener_target_free(result);
}

START_TEST(expand_screener_target) {
    expands_to("sp500", "sp500", "AAPL|MSFT|AMZN|GOOGL|BRK.B");
    expands_to(" Tech\n", "tech", "AAPL|MSFT|GOOGL|META|NVDA");
    expands_to("FINANCE", "finance", "JPM|BAC|WFC|GS|MS");
    expands_to("aapl", "", "AAPL");
    expands_to("\taapl , Btc-usd,brk.b ", "", "AAPL|BTC-USD|BRK.B");
    expands_to("tech,aapl", "", "TECH|AAPL"); /* a list holds tickers, not sets */
    expands_to("two words,x", "", "TWO WORDS|X");
    expands_to("caf\xc3\xa9", "", "CAF\xc3\xa9");
    trdb_screener_target *result = NULL;
    static const char *const blank[] = {NULL, TRDB_NULL_TEXT, "", " ", "\t\r\n "};
    for (size_t i = 0; i < sizeof blank / sizeof blank[0]; i++)
        FAILS(trdb_jobs_expand_screener_target(blank[i], &result, &fix_err), TRDB_E_INVALID,
              "Invalid screener target: it is blank");
    static const char *const empty[] = {",", "AAPL,,MSFT", "AAPL,", ", AAPL", "a, \t,b"};
    for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
        FAILS(trdb_jobs_expand_screener_target(empty[i], &result, &fix_err), TRDB_E_INVALID,
              "Invalid screener target: an element of the list is empty");
    FAILS(trdb_jobs_expand_screener_target("\xff", &result, &fix_err), TRDB_E_ENCODING,
          "Invalid screener target");
    FAILS(trdb_jobs_expand_screener_target("tech", NULL, &fix_err), TRDB_E_INVALID, "NULL");
    ck_assert_ptr_null(result);
    trdb_screener_target_free(NULL);
}
END_TEST

START_TEST(create_screener_run) {
    static const char *const tickers[] = {"BTC\"USD", "eth"};
    trdb_job_schedule_run *row = NULL;
    trdb_timestamp before = trdb_timestamp_now();
    OK(trdb_jobs_create_screener_run(
        fix_uow, TRDB_SCREENER_RUN_NEW(.user_id = trdb_i64(7), .screener_set = "Finance"), &row, &fix_err));
    ck_assert_int_eq(row->job_type.value, TRDB_JOB_TYPE_SCREENER);
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_PENDING);
    ck_assert_int_eq(row->user_id.value, 7);
    ck_assert(!row->job_id.set);
    ck_assert_int_ge(row->scheduled_for.us, before.us);
    ck_assert_int_le(row->scheduled_for.us, trdb_timestamp_now().us);
    json_is(row->job_snapshot,
            "{\"screener_set\":\"Finance\",\"tickers\":[\"JPM\",\"BAC\",\"WFC\",\"GS\",\"MS\"],"
            "\"filter_criteria\":null,\"top_n\":null,\"ticker_count\":5}");
    trdb_job_schedule_run_free(row);
    OK(trdb_jobs_create_screener_run(fix_uow,
                                     TRDB_SCREENER_RUN_NEW(.user_id = trdb_i64(7), .screener_set = "tech",
                                                           .tickers = trdb_texts_value(tickers, 2),
                                                           .filter_criteria = "{\"pe\":{\"max\":15.10}}",
                                                           .top_n = trdb_i64(1000),
                                                           .scheduled_for = trdb_time_us(5)),
                                     &row, &fix_err));
    ck_assert_int_eq(row->scheduled_for.us, 5);
    json_is(row->job_snapshot,
            "{\"screener_set\":\"tech\",\"tickers\":[\"BTC\\\"USD\",\"eth\"],"
            "\"filter_criteria\":{\"pe\":{\"max\":15.10}},\"top_n\":1000,\"ticker_count\":2}");
    trdb_job_schedule_run_free(row);
    OK(trdb_jobs_create_screener_run(
        fix_uow, TRDB_SCREENER_RUN_NEW(.user_id = trdb_i64(7), .tickers = trdb_texts_value(tickers, 1)), &row,
        &fix_err));
    json_is(row->job_snapshot, "{\"screener_set\":null,\"tickers\":[\"BTC\\\"USD\"],\"filter_criteria\":null,"
                               "\"top_n\":null,\"ticker_count\":1}");
    trdb_job_schedule_run_free(row);
}
END_TEST

START_TEST(create_screener_run_refuses) {
    static const char *const holed[] = {"A", NULL}, *const blank[] = {"A", " "}, *const bad[] = {"\xff"};
    trdb_job_schedule_run *row = NULL;
    int64_t trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_screener_run_new in = trdb_screener_run_new_init();                                             \
        in.user_id = trdb_i64(7);                                                                            \
        in.screener_set = "tech";                                                                            \
        change;                                                                                              \
        FAILS(trdb_jobs_create_screener_run(fix_uow, &in, &row, &fix_err), code, part);                      \
    } while (0)
    BAD(in.screener_set = NULL, TRDB_E_INVALID, "Either screener_set or tickers must be provided");
    BAD(in.screener_set = TRDB_NULL_TEXT, TRDB_E_NOT_NULL,
        "trdb_screener_run_new.screener_set: may not be NULL");
    BAD(in.screener_set = " ", TRDB_E_INVALID, "Invalid screener target");
    BAD(memset(&in.user_id, 0, sizeof in.user_id), TRDB_E_NOT_NULL,
        "trdb_screener_run_new.user_id: is required");
    BAD(in.user_id = trdb_null_i64(), TRDB_E_NOT_NULL, "trdb_screener_run_new.user_id: may not be NULL");
    BAD(in.user_id.state = 9, TRDB_E_INVALID, "trdb_screener_run_new.user_id: has no valid state");
    BAD(in.top_n = trdb_i64(0), TRDB_E_RANGE, "trdb_screener_run_new.top_n: must lie between 1 and 1000");
    BAD(in.top_n = trdb_i64(1001), TRDB_E_RANGE, "trdb_screener_run_new.top_n");
    BAD(in.top_n.value = 5, TRDB_E_INVALID, "trdb_screener_run_new.top_n: has a value but no state");
    BAD(in.scheduled_for = trdb_null_time(), TRDB_E_NOT_NULL, "trdb_screener_run_new.scheduled_for");
    BAD(in.scheduled_for = trdb_time_us(INT64_MAX), TRDB_E_RANGE, "scheduled_for is a time out of range");
    BAD(in.tickers = trdb_texts_value(NULL, 0), TRDB_E_INVALID,
        "trdb_screener_run_new.tickers: holds no ticker");
    BAD(in.tickers = trdb_null_texts(), TRDB_E_NOT_NULL, "trdb_screener_run_new.tickers: may not be NULL");
    BAD(in.tickers = trdb_texts_value(holed, 2), TRDB_E_INVALID,
        "trdb_screener_run_new.tickers: a ticker is empty");
    BAD(in.tickers = trdb_texts_value(blank, 2), TRDB_E_INVALID,
        "trdb_screener_run_new.tickers: a ticker is empty");
    BAD(in.tickers = trdb_texts_value(bad, 1), TRDB_E_ENCODING, "tickers");
    BAD(in.filter_criteria = "[1]", TRDB_E_INVALID,
        "filter_criteria: job_schedule_runs.job_snapshot: must be a JSON");
    BAD(in.filter_criteria = "{", TRDB_E_INVALID,
        "filter_criteria: job_schedule_runs.job_snapshot: not valid JSON");
    BAD(in.struct_size = 0, TRDB_E_INVALID, "trdb_screener_run_new: struct_size is 0");
#undef BAD
    FAILS(trdb_jobs_create_screener_run(fix_uow, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    fix_unit_works();
}
END_TEST

START_TEST(create_report_run) {
    trdb_job_schedule_run *row = NULL;
    char long_text[102];
    memset(long_text, 'x', sizeof long_text);
    long_text[101] = '\0';
    OK(trdb_jobs_create_report_run(fix_uow, 7, "equity", "{\"bot\":3}", trdb_timestamp_from_us(5), &row,
                                   &fix_err));
    ck_assert_int_eq(row->job_type.value, TRDB_JOB_TYPE_REPORT);
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_PENDING);
    ck_assert_int_eq(row->user_id.value, 7);
    ck_assert_int_eq(row->scheduled_for.us, 5);
    json_is(row->job_snapshot, "{\"report_type\":\"equity\",\"parameters\":{\"bot\":3}}");
    trdb_job_schedule_run_free(row);
    trdb_timestamp before = trdb_timestamp_now();
    OK(trdb_jobs_create_report_run(fix_uow, 7, long_text + 1, NULL, no_time, &row, &fix_err));
    ck_assert_int_ge(row->scheduled_for.us, before.us);
    ck_assert_int_le(row->scheduled_for.us, trdb_timestamp_now().us);
    ck_assert_ptr_nonnull(strstr(row->job_snapshot, "\"parameters\": {}"));
    trdb_job_schedule_run_free(row);
    row = NULL;
    int64_t trips = fix_round_trips();
#define BAD(type, parameters, code, part)                                                                    \
    FAILS(trdb_jobs_create_report_run(fix_uow, 7, type, parameters, no_time, &row, &fix_err), code, part)
    BAD(NULL, NULL, TRDB_E_NOT_NULL, "jobs.create_report_run: the report_type is required");
    BAD("", NULL, TRDB_E_INVALID, "the report_type is empty");
    BAD(long_text, NULL, TRDB_E_RANGE, "the report_type has more than 100 characters");
    BAD("equity", "[]", TRDB_E_INVALID, "parameters: job_schedule_runs.job_snapshot: must be a JSON object");
    BAD("equity", "nope", TRDB_E_INVALID, "parameters: job_schedule_runs.job_snapshot: not valid JSON");
#undef BAD
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
}
END_TEST

START_TEST(round_trips) {
    trdb_job_alert_list *list = NULL;
    const trdb_screener_run_new screener = {
        .struct_size = sizeof screener, .user_id = trdb_i64(7), .screener_set = "tech"};
    for (int warm = 0; warm < 2; warm++) {
        int64_t id = alert(7, "BTC", "1h"), before = fix_round_trips();
        OK(trdb_jobs_create_alert(fix_uow, 7, "BTC", "1h", rule, NULL, &fix_err));
        OK(trdb_jobs_update_alert(fix_uow, id, "5m", rule, trdb_bool(true), NULL, &fix_err)); /* two */
        OK(trdb_jobs_delete_alert(fix_uow, id, &fix_err));
        OK(trdb_jobs_user_alerts(fix_uow, 7, true, &list, &fix_err));
        trdb_job_alert_list_free(list);
        OK(trdb_jobs_create_screener_run(fix_uow, &screener, NULL, &fix_err));
        OK(trdb_jobs_create_report_run(fix_uow, 7, "x", NULL, no_time, NULL, &fix_err));
        if (warm)
            ck_assert_int_eq(fix_round_trips() - before, 7);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jobs_alerts");
    TCase *tcase = fix_case("alerts, screeners, reports");
    tcase_add_test(tcase, create_alert);
    tcase_add_test(tcase, create_alert_refuses);
    tcase_add_test(tcase, user_alerts);
    tcase_add_test(tcase, update_alert);
    tcase_add_test(tcase, update_alert_refuses);
    tcase_add_test(tcase, delete_alert);
    tcase_add_test(tcase, expand_screener_target);
    tcase_add_test(tcase, create_screener_run);
    tcase_add_test(tcase, create_screener_run_refuses);
    tcase_add_test(tcase, create_report_run);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
