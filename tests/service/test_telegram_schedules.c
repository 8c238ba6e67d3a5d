/* SPDX-License-Identifier: MIT */
/* Schedules of Telegram accounts, as job schedules. A test is named after the operation of the reference that
 * it covers. */
#include "fixture.h"

static char long_text[300];

static int64_t added(const char *telegram_id, const char *ticker, const char *time) {
    int64_t id = 0;
    OK(trdb_telegram_add_schedule(fix_uow, telegram_id, ticker, time, NULL, &id, &fix_err));
    return id;
}

static trdb_job_schedule *job_of(int64_t id) {
    trdb_job_schedule *row = NULL;
    OK(trdb_job_schedule_get(fix_uow, id, &row, &fix_err));
    return row;
}

static trdb_telegram_schedule *schedule_of(int64_t id) {
    trdb_telegram_schedule *row = NULL;
    OK(trdb_telegram_get_schedule(fix_uow, id, &row, &fix_err));
    return row;
}

static int64_t made(int32_t type) {
    trdb_job_schedule *row = NULL;
    OK(trdb_job_schedule_insert(fix_uow,
                                TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(fix_user()), .name = "made",
                                                      .job_type = trdb_enum(type), .target = "BTC",
                                                      .cron = "0 9 * * *", .timezone = "Asia/Kolkata"),
                                &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_free(row);
    return id;
}

/* Expects the next instant that has a time of day in UTC, strictly after now. */
static void is_next(trdb_timestamp next, int hour, int minute) {
    const int64_t day = INT64_C(86400000000), minute_us = 60000000;
    int64_t now = trdb_timestamp_now().us;
    ck_assert_int_eq(next.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_eq(next.us % day, (hour * 60 + minute) * minute_us);
    ck_assert_int_gt(next.us, now - minute_us); /* the clock may have passed it since */
    ck_assert_int_le(next.us, now + day);
}

/* ---- adding ------------------------------------------------------------------------------------------- */

START_TEST(svc_add_schedule) {
    int64_t id = 0;
    OK(trdb_telegram_add_schedule(fix_uow, "42", "BTC,\"ETH\"", "14:35",
                                  "{\"period\": \"1y\", \"email\": true, \"indicators\": \"RSI,MACD\", "
                                  "\"timeframe\": \"1d\", \"provider\": \"binance\", \"ticker\": \"other\"}",
                                  &id, &fix_err));
    trdb_job_schedule *job = job_of(id);
    ck_assert_str_eq(job->cron, "35 14 * * *"); /* with its minutes */
    ck_assert_str_eq(job->timezone, "UTC");
    is_next(job->next_run_at, 14, 35);
    ck_assert_int_eq(job->job_type.value, TRDB_JOB_TYPE_SCREENER);
    ck_assert_str_eq(job->target, "BTC,\"ETH\"");
    char start[64];
    snprintf(start, sizeof start, "Schedule_BTC,\"ETH\"_%lld_1", (long long)job->user_id.value);
    ck_assert_msg(strncmp(job->name, start, strlen(start)) == 0, "%s", job->name);
    ck_assert_ptr_nonnull(strstr(job->task_params, "\"telegram_user_id\": \"42\""));
    trdb_job_schedule_free(job);
    trdb_telegram_schedule *row = schedule_of(id);
    ck_assert_str_eq(row->telegram_user_id, "42");
    ck_assert_str_eq(row->ticker, "BTC,\"ETH\""); /* the extras do not replace it */
    ck_assert_str_eq(row->scheduled_time, "14:35");
    ck_assert_str_eq(row->period, "1y");
    ck_assert_str_eq(row->indicators, "RSI,MACD");
    ck_assert_str_eq(row->interval, "1d");
    ck_assert_str_eq(row->provider, "binance");
    ck_assert(row->email.value && row->enabled.value);
    ck_assert_int_eq(row->schedule_type.value, TRDB_JOB_TYPE_SCREENER);
    ck_assert_str_eq(row->config, "{}");
    ck_assert(!row->schedule_config && !row->list_type);
    trdb_telegram_schedule_free(row);
    ck_assert_int_ne(added("42", "BTC", "09:00"), added("42", "BTC", "09:00")); /* twice is two */
    ck_assert_int_eq(fix_count("job_schedules"), 3);
}
END_TEST

START_TEST(times_of_day) {
    static const struct {
        const char *given, *time, *cron;
    } times[] = {
        {"00:00", "00:00", "0 0 * * *"},        {"23:59", "23:59", "59 23 * * *"},
        {"9:5", "09:05", "5 9 * * *"},          {"07:30", "07:30", "30 7 * * *"},
        {NULL, "09:00", "0 9 * * *"},           {"", "09:00", "0 9 * * *"},
        {"daily", "09:00", "0 9 * * *"},        {"14", "09:00", "0 9 * * *"},
        {TRDB_NULL_TEXT, "09:00", "0 9 * * *"},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        trdb_telegram_schedule *row = schedule_of(added("42", "BTC", times[i].given));
        ck_assert_str_eq(row->scheduled_time, times[i].time);
        ck_assert_str_eq(row->cron, times[i].cron);
        trdb_telegram_schedule_free(row);
    }
    int64_t id = -1, trips = fix_round_trips();
#define BAD(time, code)                                                                                      \
    FAILS(trdb_telegram_add_schedule(fix_uow, "42", "BTC", time, NULL, &id, &fix_err), code,                 \
          "scheduled_time: must be a time of day, HH:MM")
    BAD("24:00", TRDB_E_RANGE);
    BAD("12:60", TRDB_E_RANGE);
    BAD("99:99", TRDB_E_RANGE);
    BAD("-1:00", TRDB_E_INVALID);
    BAD("12:", TRDB_E_INVALID);
    BAD(":30", TRDB_E_INVALID);
    BAD("12:30:00", TRDB_E_INVALID);
    BAD("12:3x", TRDB_E_INVALID);
    BAD("012:30", TRDB_E_INVALID);
    BAD(" 12:30", TRDB_E_INVALID);
    BAD("12 :30", TRDB_E_INVALID);
    BAD("12:030", TRDB_E_INVALID);
    BAD("\xff:00", TRDB_E_INVALID);
#undef BAD
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_int_eq(id, -1);
    fix_unit_works();
}
END_TEST

START_TEST(svc_add_json_schedule) {
    int64_t id = 0;
    OK(trdb_telegram_add_json_schedule(
        fix_uow, "42",
        "{\"ticker\": \"SP500\", \"list_type\": \"us\", \"interval\": \"1h\", \"indicators\": [\"RSI\"]}",
        "advanced", &id, &fix_err));
    trdb_job_schedule *job = job_of(id);
    ck_assert_str_eq(job->cron, "0 9 * * *");
    is_next(job->next_run_at, 9, 0);
    ck_assert_msg(strncmp(job->name, "JSONSchedule_SP500_", 19) == 0, "%s", job->name);
    ck_assert_str_eq(job->target, "SP500");
    trdb_job_schedule_free(job);
    trdb_telegram_schedule *row = schedule_of(id);
    ck_assert_str_eq(row->ticker, "SP500");
    ck_assert_str_eq(row->list_type, "us");
    ck_assert_str_eq(row->interval, "1h");
    ck_assert_str_eq(row->indicators, "[\"RSI\"]");
    ck_assert_str_eq(row->schedule_config, "advanced");
    ck_assert_ptr_nonnull(strstr(row->config, "\"list_type\": \"us\""));
    ck_assert(!row->scheduled_time && !row->email.value);
    trdb_telegram_schedule_free(row);
    OK(trdb_telegram_add_json_schedule(fix_uow, "42", "{}", NULL, &id, &fix_err));
    row = schedule_of(id);
    ck_assert_str_eq(row->ticker, "unknown");
    ck_assert_ptr_null(row->schedule_config);
    trdb_telegram_schedule_free(row);
}
END_TEST

START_TEST(schedules_are_checked_before_they_are_sent) {
    int64_t id = -1, trips = fix_round_trips();
#define ADD(tid, ticker, extras)                                                                             \
    trdb_telegram_add_schedule(fix_uow, tid, ticker, "09:00", extras, &id, &fix_err)
    FAILS(ADD(NULL, "BTC", NULL), TRDB_E_NOT_NULL, "external_id: is required by telegram.add_schedule");
    FAILS(ADD("", "BTC", NULL), TRDB_E_INVALID, "external_id: is empty");
    FAILS(ADD("42", NULL, NULL), TRDB_E_NOT_NULL, "target: is required");
    FAILS(ADD("42", "", NULL), TRDB_E_INVALID, "target: is empty");
    FAILS(ADD("42", long_text, NULL), TRDB_E_RANGE, "target");
    FAILS(ADD("42", "\xc3", NULL), TRDB_E_ENCODING, "target");
    FAILS(ADD("42", "BTC", "{"), TRDB_E_INVALID, "extras: job_schedules.task_params: not valid JSON");
    FAILS(ADD("42", "BTC", "[]"), TRDB_E_INVALID, "must be a JSON object");
    FAILS(ADD("42", "BTC", "{\"a\": \"\xff\"}"), TRDB_E_ENCODING, "extras");
#undef ADD
#define ADD(tid, config, how) trdb_telegram_add_json_schedule(fix_uow, tid, config, how, &id, &fix_err)
    FAILS(ADD(NULL, "{}", NULL), TRDB_E_NOT_NULL, "external_id");
    FAILS(ADD("42", NULL, NULL), TRDB_E_NOT_NULL,
          "trdb_telegram_schedule_new.config: is required by telegram.add_json_schedule");
    FAILS(ADD("42", "", NULL), TRDB_E_INVALID, "config: is empty");
    FAILS(ADD("42", "{\"a\": 01}", NULL), TRDB_E_INVALID, "config: not valid JSON");
    FAILS(ADD("42", "null", NULL), TRDB_E_INVALID, "config: must be a JSON object");
    FAILS(ADD("42", "{}", ""), TRDB_E_INVALID, "schedule_config: is empty");
    FAILS(ADD("42", "{}", "\xff"), TRDB_E_ENCODING, "schedule_config");
#undef ADD
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_int_eq(id, -1);
    fix_unit_works();
    ck_assert_int_eq(fix_count("usr_users"), 0);
}
END_TEST

/* ---- reading ------------------------------------------------------------------------------------------ */

START_TEST(svc_list_schedules) {
    int64_t first = added("42", "A", "10:00"), second = added("42", "B", "11:00");
    added("43", "C", "12:00");
    OK(trdb_telegram_add_alert(fix_uow, "42", "A", fix_decimal("1"), TRDB_TELEGRAM_PRICE_CONDITION_ABOVE,
                               false, NULL, &fix_err)); /* no schedule in this sense */
    trdb_telegram_schedule_list *list = NULL;
    OK(trdb_telegram_list_schedules(fix_uow, "42", trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_schedule_list_count(list), 2);
    ck_assert_int_eq(trdb_telegram_schedule_list_at(list, 0)->id.value, second); /* the newest first */
    ck_assert_int_eq(trdb_telegram_schedule_list_at(list, 1)->id.value, first);
    trdb_telegram_schedule_list_free(list);
    OK(trdb_telegram_list_schedules(fix_uow, "nobody", trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_schedule_list_count(list), 0);
    trdb_telegram_schedule_list_free(list);
    list = NULL;
    REFUSED(trdb_telegram_list_schedules(fix_uow, "42", trdb_i64(-5), &list, &fix_err), TRDB_E_RANGE,
            "argument limit is -5");
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(schedules_of_other_programs_are_read) {
    int64_t id = added("42", "A", "10:00");
    static const char broken[] =
        "{\"ticker\": \"B\", \"config_json\": \"{broken\", \"extras\": {\"period\": \"2y\", "
        "\"email\": \"true\"}}";
    static const char *const params[] = {
        broken,
        "[7]",
        "{\"config_json\": {\"period\": \"3y\"}, \"period\": \"1y\", \"schedule_config\": {\"every\": 1}}",
    };
    static const char *const periods[] = {"2y", NULL, "3y"};
    static const char *const tickers[] = {"B", "A", "A"};
    for (size_t i = 0; i < 3; i++) {
        OK(trdb_job_schedule_patch(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.task_params = params[i]), NULL,
                                   &fix_err));
        trdb_telegram_schedule *row = schedule_of(id);
        ck_assert_str_eq(row->ticker, tickers[i]);
        ck_assert_pstr_eq(row->period, periods[i]);
        ck_assert_int_eq(row->email.value, i == 0);
        ck_assert_pstr_eq(row->schedule_config, i == 2 ? "{\"every\": 1}" : NULL);
        trdb_telegram_schedule_free(row);
    }
}
END_TEST

START_TEST(svc_get_active_schedules) {
    int64_t first = added("42", "A", "10:00"), off = added("42", "B", "11:00"),
            last = added("43", "C", "12:00");
    made(TRDB_JOB_TYPE_REPORT); /* enabled, but no screener */
    OK(trdb_telegram_update_schedule(fix_uow, off, TRDB_TELEGRAM_SCHEDULE_NEW(.enabled = trdb_bool(false)),
                                     NULL, &fix_err));
    trdb_telegram_schedule_list *list = NULL;
    OK(trdb_telegram_active_schedules(fix_uow, trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_telegram_schedule_list_count(list), 2);
    ck_assert_int_eq(trdb_telegram_schedule_list_at(list, 0)->id.value, last);
    ck_assert_str_eq(trdb_telegram_schedule_list_at(list, 0)->telegram_user_id, "43");
    ck_assert_int_eq(trdb_telegram_schedule_list_at(list, 1)->id.value, first);
    trdb_telegram_schedule_list_free(list);
}
END_TEST

START_TEST(svc_get_schedule) {
    int64_t report = made(TRDB_JOB_TYPE_REPORT), alert = 0;
    trdb_telegram_schedule *row = schedule_of(report);
    ck_assert_int_eq(row->schedule_type.value, TRDB_JOB_TYPE_REPORT);
    ck_assert_str_eq(row->ticker, "BTC");
    ck_assert_ptr_null(row->telegram_user_id);
    trdb_telegram_schedule_free(row);
    row = NULL;
    OK(trdb_telegram_add_alert(fix_uow, "42", "A", fix_decimal("1"), TRDB_TELEGRAM_PRICE_CONDITION_ABOVE,
                               false, &alert, &fix_err));
    REFUSED(trdb_telegram_get_schedule(fix_uow, alert, &row, &fix_err), TRDB_E_NOT_FOUND, "no such row");
    REFUSED(trdb_telegram_get_schedule(fix_uow, alert + 1000, &row, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    ck_assert_ptr_null(row);
}
END_TEST

/* ---- changing ----------------------------------------------------------------------------------------- */

#define CHANGE(id, ...)                                                                                      \
    trdb_telegram_update_schedule(fix_uow, id, TRDB_TELEGRAM_SCHEDULE_NEW(__VA_ARGS__), &row, &fix_err)

START_TEST(svc_update_schedule) {
    int64_t id = added("42", "A", "10:00");
    trdb_telegram_schedule *row = NULL;
    OK(CHANGE(id, .scheduled_time = "11:45"));
    ck_assert_str_eq(row->scheduled_time, "11:45");
    ck_assert_str_eq(row->cron, "45 11 * * *");
    is_next(row->next_run_at, 11, 45);
    ck_assert_str_eq(row->telegram_user_id, "42"); /* everything else stays */
    trdb_telegram_schedule_free(row);
    OK(CHANGE(id, .cron = "30 6 * * *"));
    ck_assert_str_eq(row->cron, "30 6 * * *");
    ck_assert_ptr_null(row->scheduled_time);
    is_next(row->next_run_at, 6, 30);
    trdb_telegram_schedule_free(row);
    OK(CHANGE(id, .ticker = "B", .config = "{\"ticker\": \"C\", \"period\": \"5y\"}",
              .schedule_config = "simple"));
    ck_assert_str_eq(row->ticker, "B");
    ck_assert_str_eq(row->period, "5y");
    ck_assert_str_eq(row->schedule_config, "simple");
    ck_assert_str_eq(row->cron, "30 6 * * *");
    trdb_telegram_schedule_free(row);
    trdb_job_schedule *job = job_of(id);
    ck_assert_str_eq(job->target, "B"); /* the target follows */
    trdb_job_schedule_free(job);
    OK(CHANGE(id, .config = "{\"ticker\": \"D\"}", .schedule_config = TRDB_NULL_TEXT));
    ck_assert_str_eq(row->ticker, "D");
    ck_assert(!row->schedule_config && !row->period);
    trdb_telegram_schedule_free(row);
    OK(CHANGE(id, .config = "{}"));
    ck_assert_str_eq(row->ticker, "D"); /* a configuration without one leaves it */
    trdb_telegram_schedule_free(row);
    OK(CHANGE(id, .config = "{}")); /* nothing new is no error */
    trdb_telegram_schedule_free(row);
    OK(trdb_telegram_update_schedule(fix_uow, id, TRDB_TELEGRAM_SCHEDULE_NEW(.enabled = trdb_bool(false)),
                                     NULL, &fix_err));
    job = job_of(id);
    ck_assert(!job->enabled.value);
    trdb_job_schedule_free(job);
}
END_TEST

START_TEST(update_schedule_reads_times_in_its_zone) {
    int64_t id = made(TRDB_JOB_TYPE_REPORT);
    trdb_telegram_schedule *row = NULL;
    OK(CHANGE(id, .scheduled_time = "09:00")); /* in Kolkata, five and a half hours before */
    is_next(row->next_run_at, 3, 30);
    ck_assert_str_eq(row->timezone, "Asia/Kolkata");
    trdb_telegram_schedule_free(row);
}
END_TEST

START_TEST(update_schedule_that_is_enabled_again) {
    int64_t id = added("42", "A", "10:00");
    trdb_telegram_schedule *row = NULL;
    OK(trdb_job_schedule_patch(
        fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.next_run_at = trdb_time_us(1000000), .enabled = trdb_bool(false)),
        NULL, &fix_err));
    OK(CHANGE(id, .ticker = "B"));
    ck_assert_int_eq(row->next_run_at.us, 1000000);
    trdb_telegram_schedule_free(row);
    OK(CHANGE(id, .enabled = trdb_bool(true)));
    is_next(row->next_run_at, 10, 0);
    trdb_telegram_schedule_free(row);
}
END_TEST

START_TEST(changes_are_checked_before_they_are_sent) {
    int64_t id = added("42", "A", "10:00"), alert = 0;
    trdb_telegram_schedule *row = NULL;
    OK(trdb_telegram_add_alert(fix_uow, "42", "A", fix_decimal("1"), TRDB_TELEGRAM_PRICE_CONDITION_ABOVE,
                               false, &alert, &fix_err));
    REFUSED(CHANGE(id + 1000, .ticker = "B"), TRDB_E_NOT_FOUND, "no screener or report with id");
    REFUSED(CHANGE(alert, .ticker = "B"), TRDB_E_NOT_FOUND, "no screener or report with id");
    int64_t trips = fix_round_trips();
    FAILS(CHANGE(id, .ticker = NULL), TRDB_E_INVALID, "the changes give no field");
    FAILS(CHANGE(id, .ticker = ""), TRDB_E_INVALID, "ticker: is empty");
    FAILS(CHANGE(id, .ticker = TRDB_NULL_TEXT), TRDB_E_NOT_NULL, "ticker: may not be NULL");
    FAILS(CHANGE(id, .ticker = long_text), TRDB_E_RANGE, "ticker");
    FAILS(CHANGE(id, .ticker = "\xff"), TRDB_E_ENCODING, "ticker");
    FAILS(CHANGE(id, .config = "{\"a\""), TRDB_E_INVALID, "config: not valid JSON");
    FAILS(CHANGE(id, .config = "[]"), TRDB_E_INVALID, "config: must be a JSON object");
    FAILS(CHANGE(id, .config = TRDB_NULL_TEXT), TRDB_E_NOT_NULL, "config: may not be NULL");
    FAILS(CHANGE(id, .schedule_config = ""), TRDB_E_INVALID, "schedule_config: is empty");
    FAILS(CHANGE(id, .scheduled_time = "25:00"), TRDB_E_RANGE, "scheduled_time");
    FAILS(CHANGE(id, .scheduled_time = "10:00", .cron = "0 10 * * *"), TRDB_E_INVALID, "give one");
    FAILS(CHANGE(id, .enabled = trdb_null_bool()), TRDB_E_NOT_NULL, "enabled: may not be NULL");
    FAILS(CHANGE(id, .enabled = {7, TRDB_GIVEN}), TRDB_E_INVALID, "enabled: 7 is no boolean");
    FAILS(CHANGE(id, .cron = ""), TRDB_E_INVALID, "cron: is empty");
    FAILS(CHANGE(id, .cron = "61 * * * *"), TRDB_E_RANGE, "job_schedules.cron: invalid cron expression");
    FAILS(CHANGE(id, .cron = "* * * *"), TRDB_E_INVALID, "invalid cron expression");
    FAILS(CHANGE(id, .cron = "0 0 9 * * *"), TRDB_E_INVALID, "invalid cron expression");
    FAILS(CHANGE(id, .cron = "0 0 31 2 *"), TRDB_E_INVALID, "invalid cron expression");
    FAILS(CHANGE(id, .struct_size = 1), TRDB_E_INVALID, "struct_size");
    FAILS(trdb_telegram_update_schedule(fix_uow, id, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    row = schedule_of(id);
    ck_assert_str_eq(row->ticker, "A");
    ck_assert_str_eq(row->cron, "0 10 * * *");
    trdb_telegram_schedule_free(row);
}
END_TEST

START_TEST(svc_delete_schedule) {
    int64_t id = added("42", "A", "10:00"), backup = made(TRDB_JOB_TYPE_BACKUP);
    OK(trdb_telegram_delete_schedule(fix_uow, id, &fix_err));
    REFUSED(trdb_telegram_delete_schedule(fix_uow, id, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
    OK(trdb_telegram_delete_schedule(fix_uow, backup, &fix_err)); /* whatever its type */
    ck_assert_int_eq(fix_count("job_schedules"), 0);
}
END_TEST

START_TEST(round_trips) {
    trdb_telegram_schedule *row = NULL;
    for (int warm = 0; warm < 2; warm++) {
        int64_t before = fix_round_trips(), id = added("42", "A", "10:00"), other = 0;
        OK(trdb_telegram_add_json_schedule(fix_uow, "42", "{}", NULL, &other, &fix_err));
        OK(trdb_telegram_update_schedule(fix_uow, id, TRDB_TELEGRAM_SCHEDULE_NEW(.ticker = "B"), NULL,
                                         &fix_err));
        OK(CHANGE(id, .scheduled_time = "11:00"));
        OK(trdb_telegram_delete_schedule(fix_uow, id, &fix_err));
        if (warm)
            ck_assert_int_eq(fix_round_trips() - before, 1 + 1 + 2 + 3 + 1);
        trdb_telegram_schedule_free(row);
    }
}
END_TEST

int main(void) {
    memset(long_text, 'x', sizeof long_text - 1);
    Suite *suite = suite_create("telegram schedules");
    TCase *tcase = fix_case("schedules");
    tcase_add_test(tcase, svc_add_schedule);
    tcase_add_test(tcase, times_of_day);
    tcase_add_test(tcase, svc_add_json_schedule);
    tcase_add_test(tcase, schedules_are_checked_before_they_are_sent);
    tcase_add_test(tcase, svc_list_schedules);
    tcase_add_test(tcase, schedules_of_other_programs_are_read);
    tcase_add_test(tcase, svc_get_active_schedules);
    tcase_add_test(tcase, svc_get_schedule);
    tcase_add_test(tcase, svc_update_schedule);
    tcase_add_test(tcase, update_schedule_reads_times_in_its_zone);
    tcase_add_test(tcase, update_schedule_that_is_enabled_again);
    tcase_add_test(tcase, changes_are_checked_before_they_are_sent);
    tcase_add_test(tcase, svc_delete_schedule);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
