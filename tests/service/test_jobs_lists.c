/* SPDX-License-Identifier: MIT */
/* Lists of schedules and of runs, and reading one of them. */
#include "fixture.h"

static const trdb_timestamp no_time = {.kind = TRDB_TIMESTAMP_NULL};
static const trdb_in_i64 no_i64 = {.state = TRDB_NOT_GIVEN};
static const trdb_in_enum no_enum = {.state = TRDB_NOT_GIVEN};
static const trdb_in_bool no_bool = {.state = TRDB_NOT_GIVEN};

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

static void patch(int64_t id, const trdb_job_schedule_new *in) {
    OK(trdb_job_schedule_patch(fix_uow, id, in, NULL, &fix_err));
}

/* ---- schedules --------------------------------------------------------------------------------------- */

START_TEST(get_schedule) {
    trdb_job_schedule *row = NULL;
    int64_t id = made("mine");
    OK(trdb_job_schedule_get(fix_uow, id, &row, &fix_err));
    ck_assert_str_eq(row->name, "mine");
    trdb_job_schedule_free(row);
    row = NULL;
    REFUSED(trdb_job_schedule_get(fix_uow, id + 1000, &row, &fix_err), TRDB_E_NOT_FOUND, "no row with id");
    ck_assert_ptr_null(row);
}
END_TEST

START_TEST(get_schedule_by_name) {
    trdb_job_schedule *row = NULL;
    int64_t id = made("mine");
    OK(trdb_jobs_get_schedule_by_name(fix_uow, 7, "mine", &row, &fix_err));
    ck_assert_int_eq(row->id, id);
    trdb_job_schedule_free(row);
    row = NULL;
    REFUSED(trdb_jobs_get_schedule_by_name(fix_uow, 8, "mine", &row, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    REFUSED(trdb_jobs_get_schedule_by_name(fix_uow, 7, "Mine", &row, &fix_err), TRDB_E_NOT_FOUND,
            "no such row");
    REFUSED(trdb_jobs_get_schedule_by_name(fix_uow, 7, NULL, &row, &fix_err), TRDB_E_INVALID, "name is NULL");
    ck_assert_ptr_null(row);
}
END_TEST

/* Expects the rows of a list, by name, one letter each. */
static void names_are(trdb_job_schedule_list *list, const char *names) {
    ck_assert_uint_eq(trdb_job_schedule_list_count(list), strlen(names));
    for (size_t i = 0; names[i]; i++)
        ck_assert_int_eq(trdb_job_schedule_list_at(list, i)->name[0], names[i]);
    trdb_job_schedule_list_free(list);
}

START_TEST(list_schedules) {
    int64_t ids[5];
    trdb_job_schedule_list *list = NULL;
    for (int i = 0; i < 5; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        trdb_job_schedule_new in = input(name);
        in.user_id = trdb_i64(i < 3 ? 7 : 8);
        in.job_type = trdb_enum(i % 2 ? TRDB_JOB_TYPE_ALERT : TRDB_JOB_TYPE_BACKUP);
        in.enabled = trdb_bool(i != 2);
        ids[i] = make(&in);
        /* Made in the order d c b a e; b and c at the same time. */
        static const int64_t when[] = {40, 30, 30, 20, 50};
        patch(ids[i], TRDB_JOB_SCHEDULE_NEW(.created_at = trdb_time_us(when[i])));
    }
#define LIST(user, type, on, after, limit, names)                                                            \
    do {                                                                                                     \
        OK(trdb_jobs_list_schedules(fix_uow, user, type, on, after, limit, &list, &fix_err));                \
        names_are(list, names);                                                                              \
    } while (0)
    const trdb_in_enum alert = trdb_enum(TRDB_JOB_TYPE_ALERT), screener = trdb_enum(TRDB_JOB_TYPE_SCREENER);
    LIST(no_i64, no_enum, no_bool, no_i64, no_i64, "eacbd");
    LIST(trdb_i64(7), no_enum, no_bool, no_i64, no_i64, "acb");
    LIST(no_i64, alert, no_bool, no_i64, no_i64, "bd");
    LIST(no_i64, screener, no_bool, no_i64, no_i64, "");
    LIST(no_i64, no_enum, trdb_bool(true), no_i64, no_i64, "eabd");
    LIST(no_i64, no_enum, trdb_bool(false), no_i64, no_i64, "c");
    LIST(trdb_i64(7), alert, trdb_bool(true), no_i64, no_i64, "b");
    LIST(no_i64, no_enum, no_bool, no_i64, trdb_i64(2), "ea");
    LIST(no_i64, no_enum, no_bool, trdb_i64(ids[0]), trdb_i64(2), "cb");
    LIST(no_i64, no_enum, no_bool, trdb_i64(ids[2]), trdb_i64(1), "b"); /* within one time */
    LIST(no_i64, no_enum, no_bool, trdb_i64(ids[1]), no_i64, "d");
    LIST(no_i64, no_enum, no_bool, trdb_i64(ids[3]), no_i64, "");
#undef LIST
    list = NULL;
    REFUSED(trdb_jobs_list_schedules(fix_uow, no_i64, no_enum, no_bool, no_i64, trdb_i64(0), &list, &fix_err),
            TRDB_E_RANGE, "the limit is 0");
    REFUSED(
        trdb_jobs_list_schedules(fix_uow, no_i64, no_enum, no_bool, trdb_i64(-9), no_i64, &list, &fix_err),
        TRDB_E_NOT_FOUND, "job_schedules: no row with id -9");
    REFUSED(trdb_jobs_list_schedules(fix_uow, no_i64, trdb_enum(9), no_bool, no_i64, no_i64, &list, &fix_err),
            TRDB_E_INVALID, "job_schedules.job_type: 9 is no constant");
    REFUSED(trdb_jobs_list_schedules(fix_uow, no_i64, no_enum, no_bool, no_i64, no_i64, NULL, &fix_err),
            TRDB_E_INVALID, "NULL");
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(list_schedules_gives_a_hundred) {
    char name[16];
    trdb_job_schedule_list *list = NULL;
    for (int i = 0; i < 101; i++) {
        snprintf(name, sizeof name, "%d", i);
        made(name);
    }
    OK(trdb_jobs_list_schedules(fix_uow, no_i64, no_enum, no_bool, no_i64, no_i64, &list, &fix_err));
    ck_assert_uint_eq(trdb_job_schedule_list_count(list), 100);
    trdb_job_schedule_list_free(list);
}
END_TEST

START_TEST(active_alerts) {
    trdb_job_schedule_list *list = NULL;
    static const bool enabled[] = {true, false, true, true};
    for (int i = 0; i < 4; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        trdb_job_schedule_new in = input(name);
        in.job_type = trdb_enum(i == 3 ? TRDB_JOB_TYPE_REPORT : TRDB_JOB_TYPE_ALERT);
        in.enabled = trdb_bool(enabled[i]);
        patch(make(&in), TRDB_JOB_SCHEDULE_NEW(.created_at = trdb_time_us(i)));
    }
    OK(trdb_jobs_active_alerts(fix_uow, no_i64, &list, &fix_err));
    names_are(list, "ca");
    OK(trdb_jobs_active_alerts(fix_uow, trdb_i64(1), &list, &fix_err));
    names_are(list, "c");
    REFUSED(trdb_jobs_active_alerts(fix_uow, trdb_i64(-1), &list, &fix_err), TRDB_E_RANGE, "the limit is -1");
}
END_TEST

START_TEST(pending_schedules) {
    trdb_job_schedule_list *list = NULL;
    static const int64_t due[] = {300, 100, 0, 200, 50}; /* 0: at once */
    for (int i = 0; i < 5; i++) {
        const char name[] = {(char)('a' + i), '\0'};
        trdb_job_schedule_new in = input(name);
        in.enabled = trdb_bool(i != 4);
        patch(make(&in),
              TRDB_JOB_SCHEDULE_NEW(.next_run_at = due[i] ? trdb_time_us(due[i]) : trdb_null_time()));
    }
    made("z"); /* within the minute to come */
    OK(trdb_jobs_pending_schedules(fix_uow, trdb_timestamp_from_us(200), no_i64, &list, &fix_err));
    names_are(list, "cbd"); /* due at that very time, too */
    OK(trdb_jobs_pending_schedules(fix_uow, trdb_timestamp_from_us(200), trdb_i64(2), &list, &fix_err));
    names_are(list, "cb");
    OK(trdb_jobs_pending_schedules(fix_uow, trdb_timestamp_from_us(99), no_i64, &list, &fix_err));
    names_are(list, "c");
    OK(trdb_jobs_pending_schedules(fix_uow, no_time, no_i64, &list, &fix_err)); /* now */
    names_are(list, "cbda");
    list = NULL;
    REFUSED(trdb_jobs_pending_schedules(fix_uow, no_time, trdb_i64(0), &list, &fix_err), TRDB_E_RANGE,
            "the limit is 0");
    ck_assert_ptr_null(list);
}
END_TEST

/* ---- runs -------------------------------------------------------------------------------------------- */

static void set_status(int64_t id, int32_t status) {
    OK(trdb_jobs_update_run(fix_uow, id, TRDB_JOB_SCHEDULE_RUN_NEW(.status = trdb_enum(status)), NULL,
                            &fix_err));
}

/* Expects the rows of a list, by the letters in their snapshots. */
static void runs_are(trdb_job_schedule_run_list *list, const char *letters) {
    char found[32] = "";
    ck_assert_uint_lt(trdb_job_schedule_run_list_count(list), sizeof found);
    for (size_t i = 0; i < trdb_job_schedule_run_list_count(list); i++)
        found[i] = trdb_job_schedule_run_list_at(list, i)->job_snapshot[strlen("{\"n\": \"")];
    ck_assert_str_eq(found, letters);
    trdb_job_schedule_run_list_free(list);
}

static int64_t lettered(char letter, trdb_job_schedule_run_new in) {
    char snapshot[] = "{\"n\": \"?\"}";
    *strchr(snapshot, '?') = letter;
    in.job_snapshot = snapshot;
    trdb_job_schedule_run *row = NULL;
    OK(trdb_jobs_create_run(fix_uow, &in, &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_run_free(row);
    return id;
}

static trdb_job_schedule_run_new of_type(int32_t type, int64_t due) {
    trdb_job_schedule_run_new in = trdb_job_schedule_run_new_init();
    in.job_type = trdb_enum(type);
    if (due)
        in.scheduled_for = trdb_time_us(due);
    return in;
}

START_TEST(list_runs) {
    enum { REPORT = TRDB_JOB_TYPE_REPORT, ALERT = TRDB_JOB_TYPE_ALERT };
    static const struct {
        int32_t type;
        int64_t due, user;
    } given[] = {{REPORT, 100, 7}, {ALERT, 300, 7}, {REPORT, 200, 8}, {REPORT, 200, 7}, {ALERT, 0, 8}};
    int64_t ids[5];
    trdb_job_schedule_run_list *list = NULL;
    for (int i = 0; i < 5; i++) {
        trdb_job_schedule_run_new in = of_type(given[i].type, given[i].due);
        in.user_id = trdb_i64(given[i].user);
        ids[i] = lettered((char)('a' + i), in);
    }
    set_status(ids[0], TRDB_JOB_RUN_STATUS_COMPLETED);
    set_status(ids[3], TRDB_JOB_RUN_STATUS_COMPLETED);
#define LIST(user, type, status, order, up, after, limit, letters)                                           \
    do {                                                                                                     \
        OK(trdb_jobs_list_runs(fix_uow, user, type, status, order, up, after, limit, &list, &fix_err));      \
        runs_are(list, letters);                                                                             \
    } while (0)
    const trdb_in_enum by_id = trdb_enum(TRDB_JOB_SCHEDULE_RUN_COLUMN_ID),
                       done = trdb_enum(TRDB_JOB_RUN_STATUS_COMPLETED);
    LIST(no_i64, no_enum, no_enum, no_enum, false, no_i64, no_i64, "ebdca"); /* the undated one first */
    LIST(no_i64, no_enum, no_enum, no_enum, true, no_i64, no_i64, "acdbe");
    LIST(trdb_i64(7), no_enum, no_enum, no_enum, false, no_i64, no_i64, "bda");
    LIST(no_i64, trdb_enum(ALERT), no_enum, no_enum, false, no_i64, no_i64, "eb");
    LIST(no_i64, no_enum, done, no_enum, false, no_i64, no_i64, "da");
    LIST(trdb_i64(8), trdb_enum(REPORT), trdb_enum(TRDB_JOB_RUN_STATUS_PENDING), no_enum, false, no_i64,
         no_i64, "c");
    LIST(trdb_i64(9), no_enum, no_enum, no_enum, false, no_i64, no_i64, "");
    LIST(no_i64, no_enum, no_enum, by_id, true, no_i64, no_i64, "abcde");
    LIST(no_i64, no_enum, no_enum, by_id, false, trdb_i64(ids[3]), trdb_i64(2), "cb");
    LIST(no_i64, no_enum, no_enum, no_enum, false, no_i64, trdb_i64(2), "eb");
    LIST(no_i64, no_enum, no_enum, no_enum, false, trdb_i64(ids[1]), trdb_i64(2), "dc");
    LIST(no_i64, no_enum, no_enum, no_enum, false, trdb_i64(ids[2]), no_i64, "a");
    LIST(no_i64, no_enum, no_enum, no_enum, false, trdb_i64(ids[4]), no_i64,
         "bdca"); /* behind an undated one */
    LIST(no_i64, no_enum, no_enum, no_enum, true, trdb_i64(ids[1]), no_i64, "e");
#undef LIST
    list = NULL;
#define BAD(user, type, status, order, after, limit, code, part)                                             \
    REFUSED(trdb_jobs_list_runs(fix_uow, user, type, status, order, false, after, limit, &list, &fix_err),   \
            code, part)
    BAD(no_i64, trdb_enum(7), no_enum, no_enum, no_i64, no_i64, TRDB_E_INVALID, "job_type: 7 is no constant");
    BAD(no_i64, no_enum, trdb_enum(9), no_enum, no_i64, no_i64, TRDB_E_INVALID, "status: 9 is no constant");
    BAD(no_i64, no_enum, no_enum, trdb_enum(TRDB_JOB_SCHEDULE_RUN_COLUMN_ERROR), no_i64, no_i64,
        TRDB_E_INVALID, "error");
    BAD(no_i64, no_enum, no_enum, trdb_enum(77), no_i64, no_i64, TRDB_E_INVALID, "77");
    BAD(no_i64, no_enum, no_enum, no_enum, trdb_i64(ids[4] + 1000), no_i64, TRDB_E_NOT_FOUND,
        "no row with id");
    BAD(no_i64, no_enum, no_enum, no_enum, no_i64, trdb_i64(0), TRDB_E_RANGE, "the limit is 0");
#undef BAD
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(runs_by_job) {
    trdb_job_schedule_run_list *list = NULL;
    int64_t job = made("mine"), other = made("other"), last = 0;
    static const int64_t due[] = {100, 300, 200, 0};
    for (int i = 0; i < 4; i++) {
        trdb_job_schedule_run_new in = of_type(TRDB_JOB_TYPE_REPORT, due[i]);
        in.job_id = trdb_i64(job);
        int64_t id = lettered((char)('a' + i), in);
        if (i == 1)
            last = id;
        in.job_id = trdb_i64(other);
        lettered('x', in);
    }
    OK(trdb_jobs_runs_by_job(fix_uow, TRDB_JOB_TYPE_REPORT, job, no_i64, no_i64, &list, &fix_err));
    runs_are(list, "dbca");
    OK(trdb_jobs_runs_by_job(fix_uow, TRDB_JOB_TYPE_REPORT, job, trdb_i64(last), trdb_i64(1), &list,
                             &fix_err));
    runs_are(list, "c");
    OK(trdb_jobs_runs_by_job(fix_uow, TRDB_JOB_TYPE_ALERT, job, no_i64, no_i64, &list, &fix_err));
    runs_are(list, "");
    OK(trdb_jobs_runs_by_job(fix_uow, TRDB_JOB_TYPE_REPORT, other + 1000, no_i64, no_i64, &list, &fix_err));
    runs_are(list, "");
    list = NULL;
    REFUSED(trdb_jobs_runs_by_job(fix_uow, 0, job, no_i64, no_i64, &list, &fix_err), TRDB_E_INVALID,
            "job_type: 0 is no constant");
    REFUSED(trdb_jobs_runs_by_job(fix_uow, 1, job, no_i64, trdb_i64(-3), &list, &fix_err), TRDB_E_RANGE,
            "limit is -3");
    REFUSED(trdb_jobs_runs_by_job(fix_uow, 1, job, trdb_i64(-3), no_i64, &list, &fix_err), TRDB_E_NOT_FOUND,
            "no row with id -3");
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(pending_runs) {
    enum { REPORT = TRDB_JOB_TYPE_REPORT, ALERT = TRDB_JOB_TYPE_ALERT };
    trdb_job_schedule_run_list *list = NULL;
    trdb_job_schedule_run_new in;
    lettered('a', of_type(REPORT, 300));
    lettered('b', of_type(ALERT, 100));
    lettered('c', of_type(REPORT, 200));
    in = of_type(REPORT, 400), in.priority = trdb_i64(5);
    lettered('d', in);
    in = of_type(REPORT, 0); /* undated: before every time */
    lettered('e', in);
    in = of_type(ALERT, 150), in.run_after = trdb_time_us(1000);
    lettered('f', in);
    in = of_type(REPORT, 50), in.priority = trdb_i64(-1);
    lettered('g', in);
    set_status(lettered('h', of_type(REPORT, 10)), TRDB_JOB_RUN_STATUS_CANCELLED);
#define LIST(type, due, limit, letters)                                                                      \
    do {                                                                                                     \
        OK(trdb_jobs_pending_runs(fix_uow, type, due, limit, &list, &fix_err));                              \
        runs_are(list, letters);                                                                             \
    } while (0)
    LIST(no_enum, no_time, no_i64, "debfcag"); /* all of them */
    LIST(no_enum, trdb_timestamp_from_us(300), no_i64, "ebcag");
    LIST(no_enum, trdb_timestamp_from_us(1000), no_i64, "debfcag");
    LIST(trdb_enum(ALERT), no_time, no_i64, "bf");
    LIST(trdb_enum(ALERT), trdb_timestamp_from_us(999), no_i64, "b");
    LIST(trdb_enum(REPORT), no_time, trdb_i64(2), "de");
    LIST(trdb_enum(TRDB_JOB_TYPE_BACKUP), no_time, no_i64, "");
    LIST(no_enum, no_time, trdb_i64(3), "deb");
    for (int i = 0; i < 5; i++)
        lettered('z', of_type(REPORT, 900));
    OK(trdb_jobs_pending_runs(fix_uow, no_enum, no_time, no_i64, &list, &fix_err));
    ck_assert_uint_eq(trdb_job_schedule_run_list_count(list), 10); /* unless more are asked for */
    trdb_job_schedule_run_list_free(list);
    list = NULL;
    REFUSED(trdb_jobs_pending_runs(fix_uow, no_enum, no_time, trdb_i64(0), &list, &fix_err), TRDB_E_RANGE,
            "the limit is 0");
    REFUSED(trdb_jobs_pending_runs(fix_uow, trdb_enum(7), no_time, no_i64, &list, &fix_err), TRDB_E_INVALID,
            "job_type is no constant");
    ck_assert_ptr_null(list);
#undef LIST
}
END_TEST

START_TEST(round_trips) {
    trdb_job_schedule_list *schedules = NULL;
    trdb_job_schedule_run_list *runs = NULL;
    int64_t id = made("mine"), run = lettered('a', of_type(TRDB_JOB_TYPE_REPORT, 1));
    for (int warm = 0; warm < 2; warm++) {
        int64_t before = fix_round_trips(), expected = 0;
#define COSTS(trips, list, call)                                                                             \
    do {                                                                                                     \
        OK(call);                                                                                            \
        trdb_job_schedule##list;                                                                             \
        expected += (trips);                                                                                 \
        if (warm)                                                                                            \
            ck_assert_msg(fix_round_trips() - before == expected, #call);                                    \
    } while (0)
#define SCHEDULES(trips, call) COSTS(trips, _list_free(schedules), call)
#define RUNS(trips, call) COSTS(trips, _run_list_free(runs), call)
        SCHEDULES(1, trdb_jobs_list_schedules(fix_uow, no_i64, no_enum, no_bool, no_i64, no_i64, &schedules,
                                              &fix_err));
        SCHEDULES(2, trdb_jobs_list_schedules(fix_uow, no_i64, no_enum, no_bool, trdb_i64(id), no_i64,
                                              &schedules, &fix_err));
        SCHEDULES(1, trdb_jobs_active_alerts(fix_uow, no_i64, &schedules, &fix_err));
        SCHEDULES(1, trdb_jobs_pending_schedules(fix_uow, no_time, no_i64, &schedules, &fix_err));
        RUNS(1, trdb_jobs_pending_runs(fix_uow, no_enum, no_time, no_i64, &runs, &fix_err));
        RUNS(1, trdb_jobs_list_runs(fix_uow, no_i64, no_enum, no_enum, no_enum, false, no_i64, no_i64, &runs,
                                    &fix_err));
        RUNS(2, trdb_jobs_list_runs(fix_uow, no_i64, no_enum, no_enum, no_enum, false, trdb_i64(run), no_i64,
                                    &runs, &fix_err));
        RUNS(1, trdb_jobs_runs_by_job(fix_uow, 1, 1, no_i64, no_i64, &runs, &fix_err));
#undef RUNS
#undef SCHEDULES
#undef COSTS
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jobs_lists");
    TCase *tcase = fix_case("lists");
    tcase_add_test(tcase, get_schedule);
    tcase_add_test(tcase, get_schedule_by_name);
    tcase_add_test(tcase, list_schedules);
    tcase_add_test(tcase, list_schedules_gives_a_hundred);
    tcase_add_test(tcase, active_alerts);
    tcase_add_test(tcase, pending_schedules);
    tcase_add_test(tcase, list_runs);
    tcase_add_test(tcase, runs_by_job);
    tcase_add_test(tcase, pending_runs);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
