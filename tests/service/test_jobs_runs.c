/* SPDX-License-Identifier: MIT */
/* Runs: making, working, counting, cleaning up. */
#include "fixture.h"

static const trdb_in_i64 no_i64 = {.state = TRDB_NOT_GIVEN};
static const trdb_in_enum no_enum = {.state = TRDB_NOT_GIVEN};
#define DAY INT64_C(86400000000)

static int64_t schedule(const char *name) {
    trdb_job_schedule *row = NULL;
    OK(trdb_jobs_create_schedule(fix_uow,
                                 TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(7), .name = name, .target = "x",
                                                       .cron = "@daily",
                                                       .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT)),
                                 &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_free(row);
    return id;
}

static int64_t make(const trdb_job_schedule_run_new *in) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_jobs_create_run(fix_uow, in, &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_run_free(row);
    return id;
}

static int64_t made(void) {
    return make(TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT)));
}

static trdb_job_schedule_run *row_of(int64_t id) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_job_schedule_run_get(fix_uow, id, &row, &fix_err));
    return row;
}

static int32_t status_of(int64_t id) {
    trdb_job_schedule_run *row = row_of(id);
    int32_t status = row->status.value;
    trdb_job_schedule_run_free(row);
    return status;
}

static void set_status(int64_t id, int32_t status) {
    OK(trdb_jobs_update_run(fix_uow, id, TRDB_JOB_SCHEDULE_RUN_NEW(.status = trdb_enum(status)), NULL,
                            &fix_err));
}

static trdb_uuid claim(int64_t id) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_jobs_claim_run(fix_uow, id, "w", &row, &fix_err));
    trdb_uuid token = row->lease_token.value;
    trdb_job_schedule_run_free(row);
    return token;
}

/* ---- making ------------------------------------------------------------------------------------------ */

START_TEST(create_run) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_jobs_create_run(fix_uow, TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_BACKUP)),
                            &row, &fix_err));
    ck_assert_int_eq(row->job_type.value, TRDB_JOB_TYPE_BACKUP);
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_PENDING);
    ck_assert(!row->job_id.set && !row->user_id.set);
    ck_assert_int_eq(row->scheduled_for.kind, TRDB_TIMESTAMP_NULL);
    ck_assert_int_eq(row->enqueued_at.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_str_eq(row->job_snapshot, "{}");
    ck_assert_int_eq(row->max_attempts.value, 1);
    ck_assert_int_eq(row->attempt.value, 0);
    ck_assert_int_eq(row->priority.value, 0);
    ck_assert(row->backfilled.set && !row->backfilled.value);
    trdb_job_schedule_run_free(row);
    int64_t job = schedule("mine");
    OK(trdb_jobs_create_run(
        fix_uow,
        TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT), .job_id = trdb_i64(job),
                                  .user_id = trdb_i64(INT64_MAX), .scheduled_for = trdb_time_us(5),
                                  .job_snapshot = "{\"a\":[1.50]}", .max_attempts = trdb_i64(3),
                                  .run_after = trdb_time_us(6), .backfilled = trdb_bool(true),
                                  .priority = trdb_i64(-2)),
        &row, &fix_err));
    ck_assert_int_eq(row->job_id.value, job);
    ck_assert_int_eq(row->user_id.value, INT64_MAX);
    ck_assert_int_eq(row->scheduled_for.us, 5);
    ck_assert_str_eq(row->job_snapshot, "{\"a\": [1.50]}");
    ck_assert_int_eq(row->max_attempts.value, 3);
    ck_assert_int_eq(row->run_after.us, 6);
    ck_assert(row->backfilled.value);
    ck_assert_int_eq(row->priority.value, -2);
    trdb_job_schedule_run_free(row);
}
END_TEST

START_TEST(create_run_twice_is_a_duplicate) {
    trdb_job_schedule_run *row = NULL;
    trdb_job_schedule_run_new in = trdb_job_schedule_run_new_init();
    in.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT);
    in.job_id = trdb_i64(schedule("mine"));
    in.scheduled_for = trdb_time_us(5);
    make(&in);
    REFUSED(trdb_jobs_create_run(fix_uow, &in, &row, &fix_err), TRDB_E_DUPLICATE,
            "has a run for that instant already");
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("job_schedule_runs"), 1);
    in.scheduled_for = trdb_time_us(6);
    make(&in);
    memset(&in.scheduled_for, 0, sizeof in.scheduled_for); /* undated ones never collide */
    make(&in), make(&in);
    memset(&in.job_id, 0, sizeof in.job_id); /* nor those without a schedule */
    in.scheduled_for = trdb_time_us(5);
    make(&in), make(&in);
}
END_TEST

START_TEST(create_run_refuses) {
    trdb_job_schedule_run *row = NULL;
    int64_t trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_job_schedule_run_new in = trdb_job_schedule_run_new_init();                                     \
        in.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT);                                                       \
        change;                                                                                              \
        FAILS(trdb_jobs_create_run(fix_uow, &in, &row, &fix_err), code, part);                               \
    } while (0)
    BAD(memset(&in.job_type, 0, sizeof in.job_type), TRDB_E_NOT_NULL,
        "job_schedule_runs.job_type: is required by");
    BAD(in.job_type = trdb_enum(99), TRDB_E_INVALID, "job_schedule_runs.job_type: 99 is no constant");
    BAD(in.job_snapshot = "[]", TRDB_E_INVALID, "job_schedule_runs.job_snapshot: must be a JSON object");
    BAD(in.job_snapshot = "{\"a\"", TRDB_E_INVALID, "not valid JSON");
    BAD(in.max_attempts = trdb_i64(0), TRDB_E_RANGE, "job_schedule_runs.max_attempts: must be at least 1");
    BAD(in.priority = trdb_i64(INT64_C(1) << 40), TRDB_E_RANGE, "job_schedule_runs.priority");
    BAD(in.scheduled_for = trdb_time_us(INT64_MAX), TRDB_E_RANGE, "job_schedule_runs.scheduled_for");
    BAD(in.scheduled_for = trdb_null_time(), TRDB_E_NOT_NULL,
        "job_schedule_runs.scheduled_for: may not be NULL");
    BAD(in.status = trdb_enum(TRDB_JOB_RUN_STATUS_RUNNING), TRDB_E_INVALID,
        "job_schedule_runs.status: jobs.create_run does not take this field");
    BAD(in.worker_id = "w", TRDB_E_INVALID, "job_schedule_runs.worker_id: jobs.create_run does not");
    BAD(in.result = "{}", TRDB_E_INVALID, "job_schedule_runs.result: jobs.create_run does not");
#undef BAD
    FAILS(trdb_jobs_create_run(fix_uow, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    SERVER_FAILS(trdb_jobs_create_run(fix_uow,
                                      TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT),
                                                                .job_id = trdb_i64(987654)),
                                      &row, &fix_err),
                 TRDB_E_REFERENCE, "job_schedule_runs");
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("job_schedule_runs"), 0);
}
END_TEST

START_TEST(get_run) {
    int64_t id = made();
    trdb_job_schedule_run *row = row_of(id);
    ck_assert_int_eq(row->id, id);
    trdb_job_schedule_run_free(row);
    row = NULL;
    REFUSED(trdb_job_schedule_run_get(fix_uow, id + 1000, &row, &fix_err), TRDB_E_NOT_FOUND,
            "no row with id");
    ck_assert_ptr_null(row);
}
END_TEST

START_TEST(update_run) {
    trdb_job_schedule_run *row = NULL;
    int64_t id = made();
    OK(trdb_jobs_update_run(fix_uow, id,
                            TRDB_JOB_SCHEDULE_RUN_NEW(.status = trdb_enum(TRDB_JOB_RUN_STATUS_FAILED),
                                                      .started_at = trdb_time_us(1),
                                                      .finished_at = trdb_time_us(2), .result = "[1]",
                                                      .error = "no"),
                            &row, &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_FAILED);
    ck_assert_int_eq(row->started_at.us, 1);
    ck_assert_int_eq(row->finished_at.us, 2);
    ck_assert_str_eq(row->result, "[1]");
    ck_assert_str_eq(row->error, "no");
    trdb_job_schedule_run_free(row);
    set_status(id, TRDB_JOB_RUN_STATUS_PENDING); /* any status after any */
    row = row_of(id);
    ck_assert_str_eq(row->error, "no"); /* what is not given stays */
    trdb_job_schedule_run_free(row);
    row = NULL;
    const trdb_job_schedule_run_new result = {.struct_size = sizeof result, .result = "1"};
    REFUSED(trdb_jobs_update_run(fix_uow, id + 1000, &result, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedule_runs: no row with id");
    int64_t trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_job_schedule_run_new in = trdb_job_schedule_run_new_init();                                     \
        change;                                                                                              \
        FAILS(trdb_jobs_update_run(fix_uow, id, &in, &row, &fix_err), code, part);                           \
    } while (0)
    BAD((void)in, TRDB_E_INVALID, "no field");
    BAD(in.status = trdb_enum(9), TRDB_E_INVALID, "job_schedule_runs.status: 9 is no constant");
    BAD(in.error = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "job_schedule_runs.error: may not be NULL");
    BAD(in.error = "\xff", TRDB_E_ENCODING, "job_schedule_runs.error");
    BAD(in.result = "{", TRDB_E_INVALID, "job_schedule_runs.result: not valid JSON");
    BAD(in.worker_id = "w", TRDB_E_INVALID, "job_schedule_runs.worker_id: jobs.update_run does not take");
    BAD(in.job_id = trdb_i64(1), TRDB_E_INVALID, "job_schedule_runs.job_id: jobs.update_run does not take");
#undef BAD
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
}
END_TEST

/* ---- claiming, finishing, cancelling ----------------------------------------------------------------- */

START_TEST(claim_run) {
    trdb_job_schedule_run *row = NULL;
    int64_t id = made();
    OK(trdb_jobs_claim_run(fix_uow, id, "worker 1", &row, &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_RUNNING);
    ck_assert_int_eq(row->started_at.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_eq(row->heartbeat_at.us, row->started_at.us);
    ck_assert_str_eq(row->worker_id, "worker 1");
    ck_assert_int_eq(row->attempt.value, 1);
    ck_assert_int_eq(row->lease_token.set, 1);
    ck_assert_int_eq(row->lease_until.us - row->started_at.us, TRDB_JOB_LEASE_SECONDS * INT64_C(1000000));
    trdb_uuid first = row->lease_token.value;
    trdb_job_schedule_run_free(row);
    row = NULL;
    REFUSED(trdb_jobs_claim_run(fix_uow, id, "worker 2", &row, &fix_err), TRDB_E_CONFLICT,
            "is running, not pending");
    ck_assert_ptr_null(row);
    set_status(id, TRDB_JOB_RUN_STATUS_PENDING); /* another attempt */
    OK(trdb_jobs_claim_run(fix_uow, id, "worker 2", &row, &fix_err));
    ck_assert_int_eq(row->attempt.value, 2);
    ck_assert_str_eq(row->worker_id, "worker 2");
    ck_assert_mem_ne(&row->lease_token.value, &first, sizeof first);
    trdb_job_schedule_run_free(row);
}
END_TEST

START_TEST(claim_run_refuses) {
    char long_text[257];
    trdb_job_schedule_run *row = NULL;
    int64_t id = made();
    memset(long_text, 'x', 256);
    long_text[256] = '\0';
    REFUSED(trdb_jobs_claim_run(fix_uow, id + 1000, "w", &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedule_runs: no row with id");
    for (int32_t status = TRDB_JOB_RUN_STATUS_RUNNING; status <= TRDB_JOB_RUN_STATUS_DEAD; status++) {
        char part[64];
        set_status(id, status);
        snprintf(part, sizeof part, "is %s, not pending", trdb_job_run_status_to_string(status));
        REFUSED(trdb_jobs_claim_run(fix_uow, id, "w", &row, &fix_err), TRDB_E_CONFLICT, part);
    }
    int64_t later = make(TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT),
                                                   .run_after = trdb_time_us(INT64_C(4102444800000000))));
    REFUSED(trdb_jobs_claim_run(fix_uow, later, "w", &row, &fix_err), TRDB_E_CONFLICT,
            "not to be claimed before 2100-01-01 00:00:00+00");
    int64_t trips = fix_round_trips();
    FAILS(trdb_jobs_claim_run(fix_uow, later, NULL, &row, &fix_err), TRDB_E_NOT_NULL,
          "job_schedule_runs.worker_id: is required by jobs.claim_run");
    FAILS(trdb_jobs_claim_run(fix_uow, later, "", &row, &fix_err), TRDB_E_INVALID, "worker_id: is empty");
    FAILS(trdb_jobs_claim_run(fix_uow, later, long_text, &row, &fix_err), TRDB_E_RANGE,
          "worker_id: 256 characters");
    FAILS(trdb_jobs_claim_run(fix_uow, later, "w", NULL, &fix_err), TRDB_E_INVALID,
          "place for the result is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_int_eq(status_of(later), TRDB_JOB_RUN_STATUS_PENDING);
    ck_assert_ptr_null(row);
}
END_TEST

START_TEST(finish_run) {
    trdb_job_schedule_run *row = NULL;
    int64_t id = made();
    trdb_uuid token = claim(id);
    OK(trdb_jobs_finish_run(fix_uow, id, token, TRDB_JOB_RUN_STATUS_COMPLETED, "{\"rows\":3}", NULL, &row,
                            &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_COMPLETED);
    ck_assert_int_ge(row->finished_at.us, row->started_at.us);
    ck_assert_str_eq(row->result, "{\"rows\": 3}");
    ck_assert_ptr_null(row->error);
    ck_assert(!row->lease_token.set);
    ck_assert_int_eq(row->lease_until.kind, TRDB_TIMESTAMP_NULL);
    trdb_job_schedule_run_free(row);
    row = NULL;
    REFUSED(
        trdb_jobs_finish_run(fix_uow, id, token, TRDB_JOB_RUN_STATUS_COMPLETED, NULL, NULL, &row, &fix_err),
        TRDB_E_CONFLICT, "is completed, not running");
    id = made();
    token = claim(id);
    OK(trdb_jobs_finish_run(fix_uow, id, token, TRDB_JOB_RUN_STATUS_FAILED, TRDB_NULL_TEXT, "no data", &row,
                            &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_FAILED);
    ck_assert_str_eq(row->error, "no data");
    ck_assert_ptr_null(row->result);
    trdb_job_schedule_run_free(row);
}
END_TEST

START_TEST(finish_run_refuses) {
    trdb_job_schedule_run *row = NULL;
    int64_t id = made(), trips;
    trdb_uuid stale = claim(id);
    set_status(id, TRDB_JOB_RUN_STATUS_PENDING); /* its lease lapsed, and somebody else has it now */
    trdb_uuid token = claim(id);
    const int32_t completed = TRDB_JOB_RUN_STATUS_COMPLETED;
    REFUSED(trdb_jobs_finish_run(fix_uow, id, stale, completed, NULL, NULL, &row, &fix_err), TRDB_E_CONFLICT,
            "was claimed anew; this claim is over");
    REFUSED(trdb_jobs_finish_run(fix_uow, id + 1000, token, completed, NULL, NULL, &row, &fix_err),
            TRDB_E_NOT_FOUND, "job_schedule_runs: no row with id");
    REFUSED(trdb_jobs_finish_run(fix_uow, made(), token, completed, NULL, NULL, &row, &fix_err),
            TRDB_E_CONFLICT, "is pending, not running");
    trips = fix_round_trips();
    for (int32_t status = 0; status <= TRDB_JOB_RUN_STATUS_DEAD + 1; status++)
        if (status != completed && status != TRDB_JOB_RUN_STATUS_FAILED)
            FAILS(trdb_jobs_finish_run(fix_uow, id, token, status, NULL, NULL, &row, &fix_err),
                  TRDB_E_INVALID, "a run ends as completed or failed");
    FAILS(trdb_jobs_finish_run(fix_uow, id, token, completed, NULL, "x", &row, &fix_err), TRDB_E_INVALID,
          "an error goes only with the status failed");
    FAILS(trdb_jobs_finish_run(fix_uow, id, token, completed, "{", NULL, &row, &fix_err), TRDB_E_INVALID,
          "job_schedule_runs.result: not valid JSON");
    FAILS(trdb_jobs_finish_run(fix_uow, id, token, TRDB_JOB_RUN_STATUS_FAILED, NULL, "\xff", &row, &fix_err),
          TRDB_E_ENCODING, "error");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    ck_assert_int_eq(status_of(id), TRDB_JOB_RUN_STATUS_RUNNING);
    OK(trdb_jobs_finish_run(fix_uow, id, token, completed, NULL, NULL, NULL, &fix_err));
}
END_TEST

START_TEST(cancel_run) {
    trdb_job_schedule_run *row = NULL;
    int64_t id = made();
    OK(trdb_jobs_cancel_run(fix_uow, id, &row, &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_JOB_RUN_STATUS_CANCELLED);
    ck_assert_int_eq(row->finished_at.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_eq(row->started_at.kind, TRDB_TIMESTAMP_NULL);
    trdb_job_schedule_run_free(row);
    row = NULL;
    for (int32_t status = TRDB_JOB_RUN_STATUS_RUNNING; status <= TRDB_JOB_RUN_STATUS_DEAD; status++) {
        char part[64];
        set_status(id, status);
        snprintf(part, sizeof part, "is %s, not pending", trdb_job_run_status_to_string(status));
        REFUSED(trdb_jobs_cancel_run(fix_uow, id, &row, &fix_err), TRDB_E_CONFLICT, part);
        ck_assert_int_eq(status_of(id), status);
    }
    REFUSED(trdb_jobs_cancel_run(fix_uow, id + 1000, &row, &fix_err), TRDB_E_NOT_FOUND,
            "job_schedule_runs: no row with id");
    ck_assert_ptr_null(row);
    OK(trdb_jobs_cancel_run(fix_uow, made(), NULL, &fix_err));
}
END_TEST

/* ---- statistics and cleaning up ---------------------------------------------------------------------- */

static trdb_job_schedule_run_new of_type(int32_t type, int64_t due) {
    trdb_job_schedule_run_new in = trdb_job_schedule_run_new_init();
    in.job_type = trdb_enum(type);
    if (due)
        in.scheduled_for = trdb_time_us(due);
    return in;
}

static int64_t run_of(int64_t user, int32_t type, int32_t status, int64_t due) {
    trdb_job_schedule_run_new in = of_type(type, due);
    in.user_id = trdb_i64(user);
    int64_t id = make(&in);
    set_status(id, status);
    return id;
}

static void took(int64_t id, int64_t us) {
    OK(trdb_jobs_update_run(
        fix_uow, id,
        TRDB_JOB_SCHEDULE_RUN_NEW(.started_at = trdb_time_us(1000), .finished_at = trdb_time_us(1000 + us)),
        NULL, &fix_err));
}

START_TEST(run_statistics) {
    enum { REPORT = TRDB_JOB_TYPE_REPORT, ALERT = TRDB_JOB_TYPE_ALERT };
    trdb_job_run_statistics *figures = NULL;
    const int64_t now = trdb_timestamp_now().us;
    OK(trdb_jobs_run_statistics(fix_uow, no_i64, no_enum, 30, &figures, &fix_err));
    ck_assert_int_eq(figures->total_runs.value, 0);
    ck_assert(figures->pending.set && figures->pending.value == 0);
    ck_assert(figures->dead.set && figures->dead.value == 0);
    IS(figures->average_execution_seconds, NULL);
    ck_assert_int_eq(figures->period_days.value, 30);
    trdb_job_run_statistics_free(figures);

    for (int32_t status = 1; status <= TRDB_JOB_RUN_STATUS_DEAD; status++) {
        for (int i = 0; i < status; i++) /* as many as the status' number */
            run_of(7, REPORT, status, now - DAY);
        run_of(7, REPORT, status, now - 31 * DAY); /* too old */
    }
    took(run_of(8, ALERT, TRDB_JOB_RUN_STATUS_COMPLETED, now - DAY), 1000000);
    took(run_of(8, ALERT, TRDB_JOB_RUN_STATUS_COMPLETED, now + DAY), 1);      /* future ones count */
    took(run_of(8, REPORT, TRDB_JOB_RUN_STATUS_FAILED, now - DAY), 77000000); /* not of the mean */
    run_of(8, REPORT, TRDB_JOB_RUN_STATUS_COMPLETED, 0);                      /* undated: not counted */
#define STATISTICS(user, type, days)                                                                         \
    OK(trdb_jobs_run_statistics(fix_uow, user, type, days, &figures, &fix_err))
    STATISTICS(no_i64, no_enum, 30);
    ck_assert_int_eq(figures->total_runs.value, 36 + 3);
    ck_assert_int_eq(figures->pending.value, 1);
    ck_assert_int_eq(figures->running.value, 2);
    ck_assert_int_eq(figures->completed.value, 3 + 2);
    ck_assert_int_eq(figures->failed.value, 4 + 1);
    ck_assert_int_eq(figures->cancelled.value, 5);
    ck_assert_int_eq(figures->skipped.value, 6);
    ck_assert_int_eq(figures->missed.value, 7);
    ck_assert_int_eq(figures->dead.value, 8);
    IS(figures->average_execution_seconds, "0.500001"); /* 1.000001 / 2, rounded up */
    trdb_job_run_statistics_free(figures);
    STATISTICS(trdb_i64(8), no_enum, 30);
    ck_assert_int_eq(figures->total_runs.value, 3);
    trdb_job_run_statistics_free(figures);
    STATISTICS(no_i64, trdb_enum(REPORT), 30);
    ck_assert_int_eq(figures->total_runs.value, 37);
    IS(figures->average_execution_seconds, NULL); /* none has both times */
    trdb_job_run_statistics_free(figures);
    STATISTICS(trdb_i64(8), trdb_enum(ALERT), 1);
    ck_assert_int_eq(figures->total_runs.value, 1); /* a day ago is not within it any more */
    ck_assert_int_eq(figures->period_days.value, 1);
    trdb_job_run_statistics_free(figures);
    STATISTICS(no_i64, no_enum, 36500);
    ck_assert_int_eq(figures->total_runs.value, 36 + 8 + 3);
    trdb_job_run_statistics_free(figures);
    OK(trdb_jobs_run_statistics_since(
        fix_uow, no_i64, no_enum, (trdb_timestamp){.kind = TRDB_TIMESTAMP_NEG_INFINITY}, &figures, &fix_err));
    ck_assert_int_eq(figures->total_runs.value, 36 + 8 + 3);
    ck_assert(!figures->period_days.set);
    trdb_job_run_statistics_free(figures);
#undef STATISTICS
    figures = NULL;
    static const int64_t bad[] = {0, -1, 36501, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED(trdb_jobs_run_statistics(fix_uow, no_i64, no_enum, bad[i], &figures, &fix_err), TRDB_E_RANGE,
                "days are out of range; take 1 to 36500");
    REFUSED(trdb_jobs_run_statistics(fix_uow, no_i64, trdb_enum(8), 1, &figures, &fix_err), TRDB_E_INVALID,
            "job_type is no constant");
    REFUSED(trdb_jobs_run_statistics(fix_uow, no_i64, no_enum, 1, NULL, &fix_err), TRDB_E_INVALID, "NULL");
    ck_assert_ptr_null(figures);
}
END_TEST

START_TEST(run_statistics_stand_infinite_times) {
    trdb_job_run_statistics *figures = NULL;
    int64_t now = trdb_timestamp_now().us,
            id = run_of(7, TRDB_JOB_TYPE_REPORT, TRDB_JOB_RUN_STATUS_COMPLETED, now);
    OK(trdb_jobs_update_run(fix_uow, id,
                            TRDB_JOB_SCHEDULE_RUN_NEW(.started_at = trdb_time_us(1),
                                                      .finished_at = trdb_time(
                                                          (trdb_timestamp){.kind = TRDB_TIMESTAMP_INFINITY})),
                            NULL, &fix_err));
    OK(trdb_jobs_run_statistics(fix_uow, no_i64, no_enum, 1, &figures, &fix_err));
    ck_assert_int_eq(figures->completed.value, 1);
    IS(figures->average_execution_seconds, NULL);
    trdb_job_run_statistics_free(figures);
}
END_TEST

START_TEST(cleanup_old_runs) {
    const int64_t now = trdb_timestamp_now().us;
    int64_t ids[TRDB_JOB_RUN_STATUS_DEAD + 1], gone = -1;
    for (int32_t status = 1; status <= TRDB_JOB_RUN_STATUS_DEAD; status++) {
        ids[status] = run_of(7, TRDB_JOB_TYPE_REPORT, status, now - 91 * DAY);
        run_of(7, TRDB_JOB_TYPE_REPORT, status, now - 89 * DAY);
        run_of(7, TRDB_JOB_TYPE_REPORT, status, 0); /* undated ones stay */
    }
    OK(trdb_jobs_cleanup_old_runs(fix_uow, 90, &gone, &fix_err));
    ck_assert_int_eq(gone, 5);
    ck_assert_int_eq(fix_count("job_schedule_runs"), 24 - 5);
    ck_assert_int_eq(status_of(ids[TRDB_JOB_RUN_STATUS_PENDING]), TRDB_JOB_RUN_STATUS_PENDING);
    ck_assert_int_eq(status_of(ids[TRDB_JOB_RUN_STATUS_RUNNING]), TRDB_JOB_RUN_STATUS_RUNNING);
    ck_assert_int_eq(status_of(ids[TRDB_JOB_RUN_STATUS_CANCELLED]), TRDB_JOB_RUN_STATUS_CANCELLED);
    OK(trdb_jobs_cleanup_old_runs(fix_uow, 90, &gone, &fix_err));
    ck_assert_int_eq(gone, 0);
    static const int64_t bad[] = {-1, 36501, INT64_MIN};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        REFUSED(trdb_jobs_cleanup_old_runs(fix_uow, bad[i], &gone, &fix_err), TRDB_E_RANGE,
                "take 0 to 36500");
    ck_assert_int_eq(gone, 0);
    OK(trdb_jobs_cleanup_old_runs(fix_uow, 0, NULL, &fix_err));
    ck_assert_int_eq(fix_count("job_schedule_runs"), 24 - 10);
}
END_TEST

START_TEST(round_trips) {
    trdb_job_run_statistics *figures = NULL;
    const trdb_job_schedule_run_new in = {.struct_size = sizeof in,
                                          .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT)};
    for (int warm = 0; warm < 2; warm++) {
        int64_t id = made(), other = made(), before = 0, expected = 0;
        trdb_uuid token = claim(id);
        before = fix_round_trips();
#define COSTS(trips, call)                                                                                   \
    do {                                                                                                     \
        OK(call);                                                                                            \
        expected += (trips);                                                                                 \
        if (warm)                                                                                            \
            ck_assert_msg(fix_round_trips() - before == expected, #call);                                    \
    } while (0)
        COSTS(1, trdb_jobs_create_run(fix_uow, &in, NULL, &fix_err));
        COSTS(1, trdb_jobs_finish_run(fix_uow, id, token, TRDB_JOB_RUN_STATUS_COMPLETED, NULL, NULL, NULL,
                                      &fix_err));
        COSTS(1, trdb_jobs_cancel_run(fix_uow, other, NULL, &fix_err));
        COSTS(1, trdb_jobs_cleanup_old_runs(fix_uow, 90, NULL, &fix_err));
        COSTS(1, trdb_jobs_run_statistics(fix_uow, no_i64, no_enum, 1, &figures, &fix_err));
        trdb_job_run_statistics_free(figures);
#undef COSTS
    }
    int64_t id = made(), before = fix_round_trips();
    claim(id);
    ck_assert_int_eq(fix_round_trips() - before, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jobs_runs");
    TCase *tcase = fix_case("runs");
    tcase_add_test(tcase, create_run);
    tcase_add_test(tcase, create_run_twice_is_a_duplicate);
    tcase_add_test(tcase, create_run_refuses);
    tcase_add_test(tcase, get_run);
    tcase_add_test(tcase, update_run);
    tcase_add_test(tcase, claim_run);
    tcase_add_test(tcase, claim_run_refuses);
    tcase_add_test(tcase, finish_run);
    tcase_add_test(tcase, finish_run_refuses);
    tcase_add_test(tcase, cancel_run);
    tcase_add_test(tcase, run_statistics);
    tcase_add_test(tcase, run_statistics_stand_infinite_times);
    tcase_add_test(tcase, cleanup_old_runs);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
