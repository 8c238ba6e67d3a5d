/* SPDX-License-Identifier: MIT */
#include "service/jobs.h"

static const trdbi_table *const runs = &trdbi_table_job_schedule_runs;

static int no_run(const char *call, int64_t id, trdb_error **reterr) {
    trdbi_error(reterr, TRDB_E_NOT_FOUND, "job_schedule_runs: no row with id %lld", (long long)id);
    trdbi_error_set_column(reterr, "job_schedule_runs", "id");
    return trdbi_refused(call, TRDB_E_NOT_FOUND, reterr);
}

/* Ends a call whose query answered `code`, with a row when that is 0. */
static int give(const char *call, int64_t id, int code, trdb_job_schedule_run *row,
                trdb_job_schedule_run **ret, trdb_error **reterr) {
    if (code == TRDB_E_NOT_FOUND)
        return no_run(call, id, reterr);
    if (code == 0)
        trdbi_give_run(row, ret);
    return code;
}

/* ---- making and changing ----------------------------------------------------------------------------- */

int trdb_jobs_create_run(trdb_uow *uow, const trdb_job_schedule_run_new *run, trdb_job_schedule_run **ret,
                         trdb_error **reterr) {
    static const char call[] = "jobs.create_run";
    static const char *const required[] = {"job_type", NULL};
    static const char *const optional[] = {"job_id",       "user_id",      "scheduled_for",
                                           "job_snapshot", "max_attempts", "run_after",
                                           "backfilled",   "priority",     NULL};
    static const trdbi_fields fields = {call, required, optional};
    trdb_job_schedule_run_new in;
    trdb_job_schedule_run *row = NULL;
    int code = trdbi_take_input(runs, &fields, run, &in, reterr);
    if (code == 0 && in.job_snapshot)
        code = trdbi_take_object(call, "job_snapshot", runs, "job_snapshot", in.job_snapshot, reterr);
    if (code == 0)
        code = trdbi_take_count(call, runs, "max_attempts", in.max_attempts, reterr);
    if (code < 0)
        return code;
    code = trdbi_job_run_create(uow, in.job_type.value, in.job_id, in.user_id,
                                trdbi_value_of_time(in.scheduled_for), in.job_snapshot, in.max_attempts,
                                trdbi_value_of_time(in.run_after), in.backfilled, in.priority, &row, reterr);
    if (code == TRDB_E_NOT_FOUND) {
        trdbi_error(reterr, TRDB_E_DUPLICATE, "schedule %lld has a run for that instant already",
                    (long long)in.job_id.value);
        trdbi_error_set_column(reterr, "job_schedule_runs", "scheduled_for");
        return trdbi_refused(call, TRDB_E_DUPLICATE, reterr);
    }
    return give(call, 0, code, row, ret, reterr);
}

int trdb_jobs_update_run(trdb_uow *uow, int64_t run_id, const trdb_job_schedule_run_new *changes,
                         trdb_job_schedule_run **ret, trdb_error **reterr) {
    static const char call[] = "jobs.update_run";
    static const char *const required[] = {NULL};
    static const char *const optional[] = {"status", "started_at", "finished_at", "result", "error", NULL};
    static const trdbi_fields fields = {call, required, optional};
    trdb_job_schedule_run_new in;
    int code = trdbi_take_input(runs, &fields, changes, &in, reterr);
    if (code == 0)
        code = trdb_job_schedule_run_patch(uow, run_id, &in, ret, reterr);
    return code == TRDB_E_NOT_FOUND ? no_run(call, run_id, reterr) : code;
}

int trdb_jobs_cleanup_old_runs(trdb_uow *uow, int64_t days_to_keep, int64_t *ret, trdb_error **reterr) {
    static const char call[] = "jobs.cleanup_old_runs";
    trdb_timestamp before;
    int code = trdbi_job_days_ago(call, days_to_keep, 0, &before, reterr);
    return code == 0 ? trdbi_job_runs_cleanup(uow, before, ret, reterr) : code;
}

/* ---- claiming, finishing, cancelling ----------------------------------------------------------------- */

/* Why a run was not taken from a status that it should have. */
static int why_not(const char *call, trdb_uow *uow, int64_t id, int32_t wanted, const char *otherwise,
                   trdb_error **reterr) {
    trdb_job_schedule_run *row = NULL;
    const char *column = "status";
    int code = trdb_job_schedule_run_get(uow, id, &row, reterr);
    if (code < 0)
        return code == TRDB_E_NOT_FOUND ? no_run(call, id, reterr) : code;
    if (row->status.value != wanted) {
        trdbi_error(reterr, TRDB_E_CONFLICT, "run %lld is %s, not %s", (long long)id,
                    row->status.text ? row->status.text : "of no status",
                    trdb_job_run_status_to_string(wanted));
    } else if (wanted == TRDB_JOB_RUN_STATUS_PENDING && row->run_after.kind == TRDB_TIMESTAMP_FINITE &&
               row->run_after.us > trdb_timestamp_now().us) {
        char when[TRDB_TIMESTAMP_TEXT_SIZE];
        (void)trdb_timestamp_format(row->run_after, when, sizeof when);
        column = "run_after";
        trdbi_error(reterr, TRDB_E_CONFLICT, "run %lld is not to be claimed before %s", (long long)id, when);
    } else {
        column = wanted == TRDB_JOB_RUN_STATUS_RUNNING ? "lease_token" : "status";
        trdbi_error(reterr, TRDB_E_CONFLICT, "run %lld %s", (long long)id, otherwise);
    }
    trdbi_error_set_column(reterr, "job_schedule_runs", column);
    trdb_job_schedule_run_free(row);
    return trdbi_refused(call, TRDB_E_CONFLICT, reterr);
}

int trdb_jobs_claim_run(trdb_uow *uow, int64_t run_id, const char *worker_id, trdb_job_schedule_run **ret,
                        trdb_error **reterr) {
    static const char call[] = "jobs.claim_run";
    trdb_job_schedule_run *row = NULL;
    int code = trdbi_take_place(call, ret, reterr); /* nobody can finish it without its token */
    if (code == 0)
        code = trdbi_take_text(call, runs, "worker_id", worker_id, reterr);
    if (code < 0)
        return code;
    code = trdbi_job_run_claim(uow, run_id, worker_id, TRDB_JOB_LEASE_SECONDS, &row, reterr);
    if (code == TRDB_E_NOT_FOUND)
        return why_not(call, uow, run_id, TRDB_JOB_RUN_STATUS_PENDING,
                       "is being claimed or changed by another session", reterr);
    return give(call, run_id, code, row, ret, reterr);
}

int trdb_jobs_finish_run(trdb_uow *uow, int64_t run_id, trdb_uuid lease_token, int32_t status,
                         const char *result, const char *error, trdb_job_schedule_run **ret,
                         trdb_error **reterr) {
    static const char call[] = "jobs.finish_run";
    trdb_job_schedule_run *row = NULL;
    const char *problem = NULL;
    result = trdbi_text_or_null(result);
    error = trdbi_text_or_null(error);
    if (status != TRDB_JOB_RUN_STATUS_COMPLETED && status != TRDB_JOB_RUN_STATUS_FAILED)
        problem = "a run ends as completed or failed";
    else if (error && status != TRDB_JOB_RUN_STATUS_FAILED)
        problem = "an error goes only with the status failed";
    if (problem) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: %s", call, problem);
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    int code = result ? trdbi_take_text(call, runs, "result", result, reterr) : 0;
    if (code < 0)
        return code;
    code = trdbi_job_run_finish(uow, run_id, lease_token, status, result, error, &row, reterr);
    if (code == TRDB_E_NOT_FOUND)
        return why_not(call, uow, run_id, TRDB_JOB_RUN_STATUS_RUNNING, "was claimed anew; this claim is over",
                       reterr);
    return give(call, run_id, code, row, ret, reterr);
}

int trdb_jobs_cancel_run(trdb_uow *uow, int64_t run_id, trdb_job_schedule_run **ret, trdb_error **reterr) {
    static const char call[] = "jobs.cancel_run";
    trdb_job_schedule_run *row = NULL;
    int code = trdbi_job_run_cancel(uow, run_id, &row, reterr);
    if (code == TRDB_E_NOT_FOUND)
        return why_not(call, uow, run_id, TRDB_JOB_RUN_STATUS_PENDING,
                       "was changed by another session meanwhile", reterr);
    return give(call, run_id, code, row, ret, reterr);
}

/* ---- lists and statistics ---------------------------------------------------------------------------- */

/* Runs a filter, behind the run `after` when that is given. */
static int list(const char *call, trdb_uow *uow, trdb_job_schedule_run_filter *filter, trdb_in_i64 after,
                trdb_in_i64 limit, trdb_job_schedule_run_list **ret, trdb_error **reterr) {
    const trdbi_key key = {.i64 = after.value};
    int64_t most = 0;
    int code = trdbi_take_limit(call, limit, 100, &most, reterr);
    if (code < 0)
        return code;
    filter->limit = trdb_i64(most);
    if (after.state != TRDB_GIVEN)
        return trdb_job_schedule_runs_list(uow, filter, ret, reterr);
    code = trdbi_entity_list_behind(uow, &trdbi_table_job_schedule_runs, filter, key, ret, reterr);
    return code == TRDB_E_NOT_FOUND ? no_run(call, after.value, reterr) : code;
}

int trdb_jobs_list_runs(trdb_uow *uow, trdb_in_i64 user_id, trdb_in_enum job_type, trdb_in_enum status,
                        trdb_in_enum order_by, bool ascending, trdb_in_i64 after, trdb_in_i64 limit,
                        trdb_job_schedule_run_list **ret, trdb_error **reterr) {
    trdb_job_schedule_run_filter filter = trdb_job_schedule_run_filter_init();
    filter.order_by =
        order_by.state == TRDB_GIVEN ? order_by.value : TRDB_JOB_SCHEDULE_RUN_COLUMN_SCHEDULED_FOR;
    filter.descending = !ascending;
    if (user_id.state == TRDB_GIVEN)
        filter.user_id = trdb_where_i64_eq(user_id.value);
    if (job_type.state == TRDB_GIVEN)
        filter.job_type = trdb_where_enum_eq(job_type.value);
    if (status.state == TRDB_GIVEN)
        filter.status = trdb_where_enum_eq(status.value);
    return list("jobs.list_runs", uow, &filter, after, limit, ret, reterr);
}

int trdb_jobs_runs_by_job(trdb_uow *uow, int32_t job_type, int64_t job_id, trdb_in_i64 after,
                          trdb_in_i64 limit, trdb_job_schedule_run_list **ret, trdb_error **reterr) {
    trdb_job_schedule_run_filter filter = trdb_job_schedule_run_filter_init();
    filter.order_by = TRDB_JOB_SCHEDULE_RUN_COLUMN_SCHEDULED_FOR;
    filter.descending = 1;
    filter.job_type = trdb_where_enum_eq(job_type);
    filter.job_id = trdb_where_i64_eq(job_id);
    return list("jobs.runs_by_job", uow, &filter, after, limit, ret, reterr);
}

int trdb_jobs_pending_runs(trdb_uow *uow, trdb_in_enum job_type, trdb_timestamp due_by, trdb_in_i64 limit,
                           trdb_job_schedule_run_list **ret, trdb_error **reterr) {
    int64_t most = 0;
    int code = trdbi_take_limit("jobs.pending_runs", limit, 10, &most, reterr);
    return code == 0 ? trdbi_job_pending_runs(uow, job_type, due_by, most, ret, reterr) : code;
}

int trdb_jobs_run_statistics(trdb_uow *uow, trdb_in_i64 user_id, trdb_in_enum job_type, int64_t days,
                             trdb_job_run_statistics **ret, trdb_error **reterr) {
    trdb_timestamp since;
    int code = trdbi_job_days_ago("jobs.run_statistics", days, 1, &since, reterr);
    return code == 0 ? trdb_jobs_run_statistics_since(uow, user_id, job_type, since, ret, reterr) : code;
}
