/* SPDX-License-Identifier: MIT */
/* Schedules: making, changing, triggering. */
#include "fixture.h"

enum { MINUTE = 60000000 };

static const trdb_timestamp no_time = {.kind = TRDB_TIMESTAMP_NULL};

/* A complete input, to be changed. */
static trdb_job_schedule_new input(const char *name) {
    trdb_job_schedule_new in = trdb_job_schedule_new_init();
    in.user_id = trdb_i64(7);
    in.name = name;
    in.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT);
    in.target = "daily";
    in.cron = "* * * * *";
    return in;
}

static int64_t make(const trdb_job_schedule_new *in) {
    trdb_job_schedule *row = NULL;
    OK(trdb_jobs_create_schedule(fix_uow, in, &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_free(row);
    return id;
}

static int64_t made(const char *name) {
    trdb_job_schedule_new in = input(name);
    return make(&in);
}

static trdb_job_schedule *row_of(int64_t id) {
    trdb_job_schedule *row = NULL;
    OK(trdb_job_schedule_get(fix_uow, id, &row, &fix_err));
    return row;
}

static trdb_timestamp due_of(int64_t id) {
    trdb_job_schedule *row = row_of(id);
    trdb_timestamp due = row->next_run_at;
    trdb_job_schedule_free(row);
    return due;
}

/* Expects the first instant of an expression after some moment of a call, which lay between the two times. */
static void is_next(trdb_timestamp due, const char *expression, const char *zone, trdb_timestamp before) {
    trdb_timestamp least, most, after = trdb_timestamp_now();
    trdb_cron *cron = NULL;
    OK(trdb_cron_parse(expression, zone, &cron, &fix_err));
    OK(trdb_cron_next(cron, before, &least, &fix_err));
    OK(trdb_cron_next(cron, after, &most, &fix_err));
    trdb_cron_free(cron);
    ck_assert_int_eq(due.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_gt(due.us, before.us);
    ck_assert_int_ge(due.us, least.us);
    ck_assert_int_le(due.us, most.us);
}

static void patch(int64_t id, const trdb_job_schedule_new *in) {
    OK(trdb_job_schedule_patch(fix_uow, id, in, NULL, &fix_err));
}

/* ---- making ------------------------------------------------------------------------------------------ */

START_TEST(create_schedule) {
    trdb_job_schedule *row = NULL;
    trdb_job_schedule_new in = input("every five minutes");
    trdb_timestamp before = trdb_timestamp_now();
    in.cron = "*/5 * * * *";
    OK(trdb_jobs_create_schedule(fix_uow, &in, &row, &fix_err));
    is_next(row->next_run_at, "*/5 * * * *", NULL, before);
    ck_assert_int_eq(row->next_run_at.us % (5 * (int64_t)MINUTE), 0);
    ck_assert_int_eq(row->user_id.value, 7);
    ck_assert_str_eq(row->name, "every five minutes");
    ck_assert_int_eq(row->job_type.value, TRDB_JOB_TYPE_REPORT);
    ck_assert_str_eq(row->target, "daily");
    ck_assert_str_eq(row->task_params, "{}");
    ck_assert_str_eq(row->cron, "*/5 * * * *");
    ck_assert_str_eq(row->timezone, "UTC");
    ck_assert(row->enabled.set && row->enabled.value);
    ck_assert_int_eq(row->missed_policy.value, TRDB_JOB_MISSED_POLICY_LATEST);
    ck_assert_int_eq(row->missed_limit.value, 10);
    ck_assert_int_eq(row->overlap_policy.value, TRDB_JOB_OVERLAP_POLICY_SKIP);
    ck_assert_int_eq(row->max_attempts.value, 1);
    ck_assert_int_eq(row->last_run_at.kind, TRDB_TIMESTAMP_NULL);
    trdb_job_schedule_free(row);

    in = input("everything given");
    in.task_params = " {\"limit\": 0.10000000000000000001}";
    in.timezone = "Asia/Kolkata";
    in.cron = "@daily";
    in.enabled = trdb_bool(false);
    in.missed_policy = trdb_enum(TRDB_JOB_MISSED_POLICY_ALL);
    in.missed_limit = trdb_i64(3);
    in.overlap_policy = trdb_enum(TRDB_JOB_OVERLAP_POLICY_QUEUE);
    in.max_attempts = trdb_i64(5);
    before = trdb_timestamp_now();
    OK(trdb_jobs_create_schedule(fix_uow, &in, &row, &fix_err));
    is_next(row->next_run_at, "0 0 * * *", "Asia/Kolkata", before);
    ck_assert_str_eq(row->task_params, "{\"limit\": 0.10000000000000000001}"); /* to the last digit */
    ck_assert(row->enabled.set && !row->enabled.value);
    ck_assert_int_eq(row->missed_policy.value, TRDB_JOB_MISSED_POLICY_ALL);
    ck_assert_int_eq(row->missed_limit.value, 3);
    ck_assert_int_eq(row->overlap_policy.value, TRDB_JOB_OVERLAP_POLICY_QUEUE);
    ck_assert_int_eq(row->max_attempts.value, 5);
    trdb_job_schedule_free(row);
}
END_TEST

START_TEST(create_schedule_twice_is_a_duplicate) {
    trdb_job_schedule *row = NULL;
    trdb_job_schedule_new in = input("mine");
    make(&in);
    REFUSED(trdb_jobs_create_schedule(fix_uow, &in, &row, &fix_err), TRDB_E_DUPLICATE,
            "has a schedule called \"mine\" already");
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("job_schedules"), 1);
    in.user_id = trdb_i64(8); /* another owner may call his the same */
    make(&in);
}
END_TEST

static const struct {
    const char *cron;
    int code;
    const char *part;
} bad_crons[] = {
    {"", TRDB_E_INVALID, "job_schedules.cron: is empty"},
    {"  ", TRDB_E_INVALID, "invalid cron expression"},
    {"nonsense", TRDB_E_INVALID, "invalid cron expression"},
    {"* * * *", TRDB_E_INVALID, "invalid cron expression"},
    {"0 * * * * *", TRDB_E_INVALID, "six fields"}, /* seconds */
    {"99 99 99 99 99", TRDB_E_RANGE, "invalid cron expression"},
    {"60 * * * *", TRDB_E_RANGE, "minute"},
    {"* * 0 * *", TRDB_E_RANGE, "day"},
    {"* * * * 8", TRDB_E_RANGE, "weekday"},
    {"*/0 * * * *", TRDB_E_RANGE, "step"},
    {"5-1 * * * *", TRDB_E_INVALID, "backwards"},
    {"0 0 31 2 *", TRDB_E_INVALID, "never"},
    {"0 0 30,31 FEB *", TRDB_E_INVALID, "never"},
    {"@reboot", TRDB_E_INVALID, "invalid cron expression"},
    {"* * * * \xff", TRDB_E_ENCODING, "job_schedules.cron"},
};

START_TEST(create_schedule_refuses_a_cron) {
    char part[64];
    trdb_job_schedule *row = NULL;
    trdb_job_schedule_new in = input("x");
    in.cron = bad_crons[_i].cron;
    int64_t trips = fix_round_trips(), id;
    FAILS(trdb_jobs_create_schedule(fix_uow, &in, &row, &fix_err), bad_crons[_i].code, bad_crons[_i].part);
    ck_assert_int_eq(trdb_jobs_create_schedule(fix_uow, &in, &row, &fix_err), bad_crons[_i].code);
    ck_assert_str_eq(trdb_error_table(fix_err), "job_schedules");
    ck_assert_str_eq(trdb_error_column(fix_err), "cron");
    ck_assert_str_eq(trdb_error_statement(fix_err), "jobs.create_schedule");
    snprintf(part, sizeof part, "job_schedules.cron: ");
    ck_assert_int_eq(strncmp(trdb_error_message(fix_err), part, strlen(part)), 0);
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_round_trips(), trips);
    fix_unit_works();

    id = made("y");
    trips = fix_round_trips();
    FAILS(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.cron = bad_crons[_i].cron), NULL,
                                    &fix_err),
          bad_crons[_i].code, bad_crons[_i].part);
    ck_assert_int_eq(fix_round_trips(), trips);
    fix_unit_works();
}
END_TEST

START_TEST(create_schedule_refuses_a_zone) {
    static const char *const zones[] = {
        "",          "Mars/Olympus", "europe/berlin", "../etc/passwd", "/etc/localtime",
        "CET-1CEST", "UTC ",         "+02:00"};
    trdb_job_schedule_new in = input("x");
    int64_t id = made("y"), trips = fix_round_trips();
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        in.timezone = zones[i];
        FAILS(trdb_jobs_create_schedule(fix_uow, &in, NULL, &fix_err), TRDB_E_INVALID,
              "job_schedules.timezone: ");
        FAILS(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.timezone = zones[i]), NULL,
                                        &fix_err),
              TRDB_E_INVALID, "job_schedules.timezone: ");
    }
    ck_assert_int_eq(fix_round_trips(), trips);
    fix_unit_works();
}
END_TEST

START_TEST(create_schedule_checks_before_it_sends) {
    char long_text[258];
    memset(long_text, 'x', sizeof long_text);
    long_text[256] = '\0';
    trdb_job_schedule *row = NULL;
    int64_t trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_job_schedule_new in = input("x");                                                               \
        change;                                                                                              \
        FAILS(trdb_jobs_create_schedule(fix_uow, &in, &row, &fix_err), code, part);                          \
    } while (0)
    BAD(memset(&in.user_id, 0, sizeof in.user_id), TRDB_E_NOT_NULL, "job_schedules.user_id: is required by");
    BAD(in.name = NULL, TRDB_E_NOT_NULL, "job_schedules.name: is required by jobs.create_schedule");
    BAD(in.name = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "job_schedules.name: may not be NULL");
    BAD(in.name = "", TRDB_E_INVALID, "job_schedules.name: is empty");
    BAD(in.name = long_text, TRDB_E_RANGE, "job_schedules.name: 256 characters, at most 255");
    BAD(in.name = "\xff", TRDB_E_ENCODING, "job_schedules.name");
    BAD(in.target = NULL, TRDB_E_NOT_NULL, "job_schedules.target");
    BAD(in.target = "", TRDB_E_INVALID, "job_schedules.target: is empty");
    BAD(in.target = long_text, TRDB_E_RANGE, "job_schedules.target: 256 characters");
    BAD(in.cron = NULL, TRDB_E_NOT_NULL, "job_schedules.cron");
    BAD((in.cron = long_text, long_text[101] = '\0'), TRDB_E_RANGE,
        "job_schedules.cron: 101 characters, at most 100");
    BAD((in.timezone = long_text, long_text[65] = '\0'), TRDB_E_RANGE,
        "job_schedules.timezone: 65 characters");
    BAD(memset(&in.job_type, 0, sizeof in.job_type), TRDB_E_NOT_NULL, "job_schedules.job_type");
    BAD(in.job_type = trdb_enum(7), TRDB_E_INVALID, "job_schedules.job_type: 7 is no constant of job_type");
    BAD(in.job_type = trdb_enum(0), TRDB_E_INVALID, "job_schedules.job_type: 0 is no constant");
    BAD(in.missed_policy = trdb_enum(4), TRDB_E_INVALID, "job_schedules.missed_policy: 4 is no constant");
    BAD(in.overlap_policy = trdb_enum(-1), TRDB_E_INVALID, "job_schedules.overlap_policy: -1 is no constant");
    BAD(in.max_attempts = trdb_i64(0), TRDB_E_RANGE, "job_schedules.max_attempts: must be at least 1");
    BAD(in.max_attempts = trdb_i64(INT64_C(1) << 31), TRDB_E_RANGE,
        "job_schedules.max_attempts: 2147483648 lies");
    BAD(in.missed_limit = trdb_i64(-5), TRDB_E_RANGE, "job_schedules.missed_limit: must be at least 1");
    BAD(in.task_params = "{", TRDB_E_INVALID, "not valid JSON");
    BAD(in.task_params = "", TRDB_E_INVALID, "not valid JSON");
    BAD(in.task_params = "[1]", TRDB_E_INVALID, "job_schedules.task_params: must be a JSON object");
    BAD(in.task_params = " \"{\"", TRDB_E_INVALID, "must be a JSON object");
    BAD(in.task_params = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "job_schedules.task_params");
    BAD(in.enabled = trdb_null_bool(), TRDB_E_NOT_NULL, "job_schedules.enabled: may not be NULL");
    BAD(in.enabled = ((trdb_in_bool){.value = 2, .state = TRDB_GIVEN}), TRDB_E_INVALID,
        "job_schedules.enabled");
    BAD(in.id = trdb_i64(1), TRDB_E_INVALID,
        "job_schedules.id: jobs.create_schedule does not take this field");
    BAD(in.next_run_at = trdb_time_us(1), TRDB_E_INVALID,
        "job_schedules.next_run_at: jobs.create_schedule does not");
    BAD(in.last_run_at = trdb_time_us(1), TRDB_E_INVALID, "job_schedules.last_run_at");
    BAD(in.struct_size = 4, TRDB_E_INVALID, "struct_size");
#undef BAD
    FAILS(trdb_jobs_create_schedule(fix_uow, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    trdb_job_schedule_new in = input("x");
    FAILS(trdb_jobs_create_schedule(NULL, &in, &row, &fix_err), TRDB_E_INVALID, "unit of work is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    fix_unit_works();
}
END_TEST

/* ---- time zones -------------------------------------------------------------------------------------- */

/* The next day of the last Sunday of a month in Berlin, when the clocks are changed; the server says when
 * that is. */
static void change_of_clocks(int month, int *ret_day, int64_t *ret_us, const char *at, const char *minus) {
    char *text = harness_value(
        fix_url,
        "SELECT extract(day FROM day) || ' ' || (extract(epoch FROM (day + time '%s') AT TIME ZONE "
        "'Europe/Berlin'"
        " - interval '%s') * 1000000)::bigint FROM (SELECT last - extract(dow FROM last)::int AS day"
        " FROM (SELECT (make_date(y, %d, 1) + interval '1 month - 1 day')::date AS last"
        " FROM generate_series(extract(year FROM now())::int, extract(year FROM now())::int + 1) y) m) d"
        " WHERE day > (now() AT TIME ZONE 'Europe/Berlin')::date ORDER BY day LIMIT 1",
        at, minus, month);
    long long us = 0;
    ck_assert_int_eq(sscanf(text, "%d %lld", ret_day, &us), 2);
    *ret_us = us;
    free(text);
}

static trdb_timestamp due_in_berlin(const char *name, const char *cron) {
    trdb_job_schedule_new in = input(name);
    in.timezone = "Europe/Berlin";
    in.cron = cron;
    return due_of(make(&in));
}

START_TEST(next_run_at_over_a_daylight_change) {
    char cron[64];
    int day = 0;
    int64_t us = 0;
    /* The same local time is another one in UTC on both sides of the change. */
    trdb_timestamp winter = due_in_berlin("winter", "0 9 15 1 *");
    trdb_timestamp summer = due_in_berlin("summer", "0 9 15 7 *");
    ck_assert_int_eq(winter.us / MINUTE % 1440, 8 * 60);
    ck_assert_int_eq(summer.us / MINUTE % 1440, 7 * 60);

    change_of_clocks(3, &day, &us, "03:00", "0"); /* 2:30 does not exist: the end of the gap */
    snprintf(cron, sizeof cron, "30 2 %d 3 *", day);
    ck_assert_int_eq(due_in_berlin("gap", cron).us, us);
    snprintf(cron, sizeof cron, "30 3 %d 3 *", day);
    ck_assert_int_eq(due_in_berlin("after the gap", cron).us, us + 30 * (int64_t)MINUTE);

    change_of_clocks(10, &day, &us, "01:30", "-1 hour"); /* 2:30 comes twice: the first one */
    snprintf(cron, sizeof cron, "30 2 %d 10 *", day);
    ck_assert_int_eq(due_in_berlin("overlap", cron).us, us);
    snprintf(cron, sizeof cron, "30 3 %d 10 *", day);
    ck_assert_int_eq(due_in_berlin("after the overlap", cron).us, us + 120 * (int64_t)MINUTE);
}
END_TEST

/* ---- changing ---------------------------------------------------------------------------------------- */

START_TEST(update_schedule) {
    trdb_job_schedule *row = NULL;
    int64_t id = made("mine");
    const trdb_timestamp far = trdb_timestamp_from_us(INT64_C(4102444800000000)); /* 2100 */
    patch(id, TRDB_JOB_SCHEDULE_NEW(.next_run_at = trdb_time(far)));
    OK(trdb_jobs_update_schedule(
        fix_uow, id,
        TRDB_JOB_SCHEDULE_NEW(.name = "new", .target = "weekly", .task_params = "{\"a\":1}",
                              .missed_policy = trdb_enum(TRDB_JOB_MISSED_POLICY_SKIP),
                              .missed_limit = trdb_i64(2),
                              .overlap_policy = trdb_enum(TRDB_JOB_OVERLAP_POLICY_ALLOW),
                              .max_attempts = trdb_i64(4)),
        &row, &fix_err));
    ck_assert_int_eq(row->id, id);
    ck_assert_str_eq(row->name, "new");
    ck_assert_str_eq(row->target, "weekly");
    ck_assert_str_eq(row->task_params, "{\"a\": 1}");
    ck_assert_int_eq(row->missed_policy.value, TRDB_JOB_MISSED_POLICY_SKIP);
    ck_assert_int_eq(row->missed_limit.value, 2);
    ck_assert_int_eq(row->overlap_policy.value, TRDB_JOB_OVERLAP_POLICY_ALLOW);
    ck_assert_int_eq(row->max_attempts.value, 4);
    ck_assert_str_eq(row->cron, "* * * * *");
    ck_assert_int_eq(row->next_run_at.us, far.us); /* nothing of that moves it */
    trdb_job_schedule_free(row);

    trdb_timestamp before = trdb_timestamp_now();
    OK(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.cron = "30 4 * * *"), &row, &fix_err));
    is_next(row->next_run_at, "30 4 * * *", "UTC", before);
    ck_assert_str_eq(row->name, "new");
    trdb_job_schedule_free(row);
    before = trdb_timestamp_now();
    OK(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.timezone = "Asia/Tokyo"), &row,
                                 &fix_err));
    is_next(row->next_run_at, "30 4 * * *", "Asia/Tokyo", before); /* with the stored expression */
    trdb_job_schedule_free(row);
    before = trdb_timestamp_now();
    OK(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.cron = "15 5 * * *"), &row, &fix_err));
    is_next(row->next_run_at, "15 5 * * *", "Asia/Tokyo", before); /* in the stored zone */
    trdb_job_schedule_free(row);
    before = trdb_timestamp_now();
    OK(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.cron = "1 1 * * *", .timezone = "UTC"),
                                 &row, &fix_err));
    is_next(row->next_run_at, "1 1 * * *", "UTC", before);
    trdb_job_schedule_free(row);
    OK(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.name = "new"), NULL,
                                 &fix_err)); /* its own */
}
END_TEST

START_TEST(update_schedule_that_was_disabled) {
    int64_t id = made("mine");
    const trdb_job_schedule_new off = {.struct_size = sizeof off, .enabled = trdb_bool(false)};
    const trdb_job_schedule_new on = {.struct_size = sizeof on, .enabled = trdb_bool(true)};
    const trdb_job_schedule_new past = {.struct_size = sizeof past, .next_run_at = trdb_time_us(5)};
    const trdb_timestamp far = trdb_timestamp_from_us(INT64_C(4102444800000000));
    trdb_timestamp before = trdb_timestamp_now();
    OK(trdb_jobs_update_schedule(fix_uow, id, &off, NULL, &fix_err));
    patch(id, &past);
    OK(trdb_jobs_update_schedule(fix_uow, id, &off, NULL, &fix_err));
    ck_assert_int_eq(due_of(id).us, 5);
    OK(trdb_jobs_update_schedule(fix_uow, id, &on, NULL, &fix_err)); /* it missed nothing */
    is_next(due_of(id), "* * * * *", NULL, before);
    patch(id, &past); /* overdue, and enabled as before: the run is not lost */
    OK(trdb_jobs_update_schedule(fix_uow, id, &on, NULL, &fix_err));
    ck_assert_int_eq(due_of(id).us, 5);
    patch(id, TRDB_JOB_SCHEDULE_NEW(.enabled = trdb_bool(false), .next_run_at = trdb_time(far)));
    OK(trdb_jobs_update_schedule(fix_uow, id, &on, NULL, &fix_err)); /* still to come: stays */
    ck_assert_int_eq(due_of(id).us, far.us);
    patch(id, TRDB_JOB_SCHEDULE_NEW(.enabled = trdb_bool(false), .next_run_at = trdb_null_time()));
    OK(trdb_jobs_update_schedule(fix_uow, id, &on, NULL, &fix_err)); /* at once: stays */
    ck_assert_int_eq(due_of(id).kind, TRDB_TIMESTAMP_NULL);
}
END_TEST

START_TEST(update_schedule_refuses) {
    trdb_job_schedule *row = NULL;
    int64_t id = made("mine"), trips;
    made("other");
    const trdb_job_schedule_new on = {.struct_size = sizeof on, .enabled = trdb_bool(true)};
    const trdb_job_schedule_new target = {.struct_size = sizeof target, .target = "x"};
    const trdb_job_schedule_new cron = {.struct_size = sizeof cron, .cron = "* * * * *"};
    REFUSED(trdb_jobs_update_schedule(fix_uow, id + 1000, &target, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
    REFUSED(trdb_jobs_update_schedule(fix_uow, id + 1000, &on, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
    REFUSED(trdb_jobs_update_schedule(fix_uow, id + 1000, &cron, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
    REFUSED(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.name = "other"), &row, &fix_err),
            TRDB_E_DUPLICATE, "has a schedule called \"other\" already");
    trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_job_schedule_new in = trdb_job_schedule_new_init();                                             \
        change;                                                                                              \
        FAILS(trdb_jobs_update_schedule(fix_uow, id, &in, &row, &fix_err), code, part);                      \
    } while (0)
    BAD((void)in, TRDB_E_INVALID, "jobs.update_schedule: the changes give no field");
    BAD(in.name = "", TRDB_E_INVALID, "job_schedules.name: is empty");
    BAD(in.target = "", TRDB_E_INVALID, "job_schedules.target: is empty");
    BAD(in.name = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "job_schedules.name: may not be NULL");
    BAD(in.task_params = "3", TRDB_E_INVALID, "must be a JSON object");
    BAD(in.task_params = "{", TRDB_E_INVALID, "not valid JSON");
    BAD(in.enabled = trdb_null_bool(), TRDB_E_NOT_NULL, "job_schedules.enabled");
    BAD(in.max_attempts = trdb_i64(0), TRDB_E_RANGE, "job_schedules.max_attempts");
    BAD(in.missed_limit = trdb_i64(0), TRDB_E_RANGE, "job_schedules.missed_limit");
    BAD(in.user_id = trdb_i64(9), TRDB_E_INVALID,
        "job_schedules.user_id: jobs.update_schedule does not take");
    BAD(in.job_type = trdb_enum(1), TRDB_E_INVALID,
        "job_schedules.job_type: jobs.update_schedule does not take");
    BAD(in.next_run_at = trdb_time_us(1), TRDB_E_INVALID,
        "job_schedules.next_run_at: jobs.update_schedule does");
#undef BAD
    FAILS(trdb_jobs_update_schedule(fix_uow, id, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);

    /* What another program stored may be no expression; a change that needs it says so. */
    patch(id, TRDB_JOB_SCHEDULE_NEW(.cron = "0 0 * * * *"));
    REFUSED(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.timezone = "UTC"), &row, &fix_err),
            TRDB_E_INVALID, "job_schedules.cron: invalid cron expression");
    patch(id, TRDB_JOB_SCHEDULE_NEW(.timezone = "Mars/Olympus"));
    REFUSED(trdb_jobs_update_schedule(fix_uow, id, &cron, &row, &fix_err), TRDB_E_INVALID,
            "job_schedules.timezone: unknown time zone");
    row = row_of(id);
    ck_assert_str_eq(row->name, "mine");
    ck_assert_str_eq(row->target, "daily");
    trdb_job_schedule_free(row);
}
END_TEST

START_TEST(update_schedule_next_run) {
    trdb_job_schedule *row = NULL;
    int64_t id = made("mine");
    OK(trdb_jobs_update_schedule_next_run(fix_uow, id, trdb_timestamp_from_us(12345), &row, &fix_err));
    ck_assert_int_eq(row->next_run_at.us, 12345);
    trdb_job_schedule_free(row);
    patch(id, TRDB_JOB_SCHEDULE_NEW(.cron = "0 12 * * *", .timezone = "America/New_York"));
    trdb_timestamp before = trdb_timestamp_now();
    OK(trdb_jobs_update_schedule_next_run(fix_uow, id, no_time, &row, &fix_err));
    is_next(row->next_run_at, "0 12 * * *", "America/New_York", before);
    trdb_job_schedule_free(row);
    OK(trdb_jobs_update_schedule_next_run(fix_uow, id, no_time, NULL, &fix_err)); /* again */
    row = NULL;
    REFUSED(trdb_jobs_update_schedule_next_run(fix_uow, id + 1000, no_time, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
    REFUSED(trdb_jobs_update_schedule_next_run(fix_uow, id + 1000, before, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
    REFUSED(
        trdb_jobs_update_schedule_next_run(fix_uow, id, trdb_timestamp_from_us(INT64_MAX), &row, &fix_err),
        TRDB_E_RANGE, "job_schedules.next_run_at");
    patch(id, TRDB_JOB_SCHEDULE_NEW(.cron = "0 0 31 2 *"));
    REFUSED(trdb_jobs_update_schedule_next_run(fix_uow, id, no_time, &row, &fix_err), TRDB_E_INVALID,
            "job_schedules.cron: invalid cron expression");
    ck_assert_ptr_null(row);
}
END_TEST

START_TEST(delete_schedule) {
    trdb_job_schedule_run *run = NULL;
    int64_t id = made("mine"), run_id;
    OK(trdb_jobs_trigger_schedule(fix_uow, id, &run, &fix_err));
    run_id = run->id;
    trdb_job_schedule_run_free(run);
    OK(trdb_jobs_delete_schedule(fix_uow, id, &fix_err));
    ck_assert_int_eq(fix_count("job_schedules"), 0);
    OK(trdb_job_schedule_run_get(fix_uow, run_id, &run, &fix_err)); /* its history stays */
    ck_assert(!run->job_id.set);
    ck_assert_ptr_nonnull(strstr(run->job_snapshot, "\"schedule_name\": \"mine\""));
    trdb_job_schedule_run_free(run);
    REFUSED(trdb_jobs_delete_schedule(fix_uow, id, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
}
END_TEST

/* ---- running ----------------------------------------------------------------------------------------- */

START_TEST(trigger_schedule) {
    trdb_job_schedule_run *run = NULL, *again = NULL;
    trdb_job_schedule_new in = input("mine");
    in.task_params = "{\"format\":\"svg\"}";
    in.max_attempts = trdb_i64(3);
    int64_t id = make(&in);
    trdb_timestamp due = due_of(id), before = trdb_timestamp_now();
    OK(trdb_jobs_trigger_schedule(fix_uow, id, &run, &fix_err));
    ck_assert_int_eq(run->job_id.value, id);
    ck_assert_int_eq(run->job_type.value, TRDB_JOB_TYPE_REPORT);
    ck_assert_int_eq(run->user_id.value, 7);
    ck_assert_int_eq(run->status.value, TRDB_JOB_RUN_STATUS_PENDING);
    ck_assert_int_eq(run->max_attempts.value, 3);
    ck_assert_int_eq(run->attempt.value, 0);
    ck_assert_int_ge(run->scheduled_for.us, before.us);
    ck_assert_int_le(run->scheduled_for.us, trdb_timestamp_now().us);
    char *same =
        harness_value(fix_url,
                      "SELECT $$%s$$::jsonb = $${\"schedule_id\": %lld, \"schedule_name\": \"mine\", "
                      "\"target\": \"daily\", \"task_params\": {\"format\": \"svg\"}, "
                      "\"trigger_type\": \"manual\"}$$",
                      run->job_snapshot, (long long)id);
    ck_assert_str_eq(same, "t");
    free(same);
    OK(trdb_jobs_trigger_schedule(fix_uow, id, &again, &fix_err)); /* a second time is a second run */
    ck_assert_int_ne(again->id, run->id);
    trdb_job_schedule_run_free(again);
    trdb_job_schedule_run_free(run);
    OK(trdb_jobs_trigger_schedule(fix_uow, id, NULL, &fix_err));
    trdb_job_schedule *row = row_of(id);
    ck_assert_int_eq(row->next_run_at.us, due.us); /* the schedule goes on as before */
    ck_assert_int_eq(row->last_run_at.kind, TRDB_TIMESTAMP_NULL);
    trdb_job_schedule_free(row);
}
END_TEST

START_TEST(trigger_schedule_refuses) {
    trdb_job_schedule_run *run = NULL;
    trdb_job_schedule_new in = input("mine");
    in.enabled = trdb_bool(false);
    int64_t id = make(&in);
    REFUSED(trdb_jobs_trigger_schedule(fix_uow, id, &run, &fix_err), TRDB_E_CONFLICT,
            "cannot trigger a disabled schedule");
    REFUSED(trdb_jobs_trigger_schedule(fix_uow, id + 1000, &run, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedules: no row with id");
    ck_assert_ptr_null(run);
    ck_assert_int_eq(fix_count("job_schedule_runs"), 0);
}
END_TEST

START_TEST(round_trips) {
    int64_t id = made("mine");
    for (int warm = 0; warm < 2; warm++) {
        trdb_job_schedule_new in = input(warm ? "warm" : "cold");
        int64_t before = fix_round_trips(), expected = 0;
#define COSTS(trips, call)                                                                                   \
    do {                                                                                                     \
        OK(call);                                                                                            \
        expected += (trips);                                                                                 \
        if (warm)                                                                                            \
            ck_assert_msg(fix_round_trips() - before == expected, #call);                                    \
    } while (0)
        COSTS(1, trdb_jobs_create_schedule(fix_uow, &in, NULL, &fix_err));
        COSTS(1,
              trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.target = "x"), NULL, &fix_err));
        COSTS(1, trdb_jobs_update_schedule(fix_uow, id,
                                           TRDB_JOB_SCHEDULE_NEW(.cron = "@daily", .timezone = "UTC"), NULL,
                                           &fix_err));
        COSTS(2, trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.cron = "@daily"), NULL,
                                           &fix_err));
        COSTS(2, trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.enabled = trdb_bool(true)),
                                           NULL, &fix_err));
        COSTS(1, trdb_jobs_update_schedule_next_run(fix_uow, id, trdb_timestamp_from_us(1), NULL, &fix_err));
        COSTS(2, trdb_jobs_update_schedule_next_run(fix_uow, id, no_time, NULL, &fix_err));
        COSTS(1, trdb_jobs_trigger_schedule(fix_uow, id, NULL, &fix_err));
#undef COSTS
    }
    TRIPS(1, trdb_jobs_delete_schedule(fix_uow, id, &fix_err));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jobs");
    TCase *tcase = fix_case("schedules");
    tcase_add_test(tcase, create_schedule);
    tcase_add_test(tcase, create_schedule_twice_is_a_duplicate);
    tcase_add_loop_test(tcase, create_schedule_refuses_a_cron, 0, sizeof bad_crons / sizeof bad_crons[0]);
    tcase_add_test(tcase, create_schedule_refuses_a_zone);
    tcase_add_test(tcase, create_schedule_checks_before_it_sends);
    tcase_add_test(tcase, next_run_at_over_a_daylight_change);
    tcase_add_test(tcase, update_schedule);
    tcase_add_test(tcase, update_schedule_that_was_disabled);
    tcase_add_test(tcase, update_schedule_refuses);
    tcase_add_test(tcase, update_schedule_next_run);
    tcase_add_test(tcase, delete_schedule);
    tcase_add_test(tcase, trigger_schedule);
    tcase_add_test(tcase, trigger_schedule_refuses);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
