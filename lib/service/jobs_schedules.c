/* SPDX-License-Identifier: MIT */
#include "service/jobs.h"

static const trdbi_table *const schedules = &trdbi_table_job_schedules;
static const trdb_timestamp no_time = {.kind = TRDB_TIMESTAMP_NULL};

static int no_schedule(const char *call, int64_t id, trdb_error **reterr) {
    trdbi_error(reterr, TRDB_E_NOT_FOUND, "job_schedules: no row with id %lld", (long long)id);
    trdbi_error_set_column(reterr, "job_schedules", "id");
    return trdbi_refused(call, TRDB_E_NOT_FOUND, reterr);
}

static int name_taken(const char *call, const char *name, trdb_error **reterr) {
    trdbi_error(reterr, TRDB_E_DUPLICATE, "the owner has a schedule called \"%.80s\" already", name);
    trdbi_error_set_column(reterr, "job_schedules", "name");
    return trdbi_refused(call, TRDB_E_DUPLICATE, reterr);
}

/* ---- making and changing ----------------------------------------------------------------------------- */

/* Checks what is given; the caller has the fields in a copy of its own. */
static int take_values(const char *call, const trdb_job_schedule_new *in, trdb_error **reterr) {
    int code = in->name ? trdbi_take_text(call, schedules, "name", in->name, reterr) : 0;
    if (code == 0 && in->target)
        code = trdbi_take_text(call, schedules, "target", in->target, reterr);
    if (code == 0 && in->task_params)
        code = trdbi_take_object(call, "task_params", schedules, "task_params", in->task_params, reterr);
    if (code == 0)
        code = trdbi_take_count(call, schedules, "missed_limit", in->missed_limit, reterr);
    if (code == 0)
        code = trdbi_take_count(call, schedules, "max_attempts", in->max_attempts, reterr);
    if (code == 0)
        code = trdbi_take_cron(call, in->cron, reterr);
    return code == 0 ? trdbi_take_zone(call, in->timezone, reterr) : code;
}

int trdb_jobs_create_schedule(trdb_uow *uow, const trdb_job_schedule_new *schedule, trdb_job_schedule **ret,
                              trdb_error **reterr) {
    static const char call[] = "jobs.create_schedule";
    static const char *const required[] = {"user_id", "name", "job_type", "target", "cron", NULL};
    static const char *const optional[] = {"task_params",  "enabled",        "timezone",     "missed_policy",
                                           "missed_limit", "overlap_policy", "max_attempts", NULL};
    static const trdbi_fields fields = {call, required, optional};
    trdb_job_schedule_new in;
    trdb_timestamp next = no_time;
    trdb_job_schedule *row = NULL;
    int code = trdbi_take_input(schedules, &fields, schedule, &in, reterr);
    if (code == 0)
        code = take_values(call, &in, reterr);
    if (code == 0)
        code = trdbi_job_next_run(call, in.cron, in.timezone, &next, reterr);
    if (code < 0)
        return code;
    code = trdbi_job_schedule_create(uow, in.user_id.value, in.name, in.job_type.value, in.target,
                                     in.task_params, in.cron, in.timezone, in.enabled, in.missed_policy,
                                     in.missed_limit, in.overlap_policy, in.max_attempts, next, &row, reterr);
    if (code == TRDB_E_NOT_FOUND)
        return name_taken(call, in.name, reterr);
    if (code == 0)
        trdbi_give_schedule(row, ret);
    return code;
}

/* When a schedule is due after a change; NULL when that does not move it. What is not given is read from the
 * row, which is locked for that, so that two changes at once do not mix. */
static int due_after_change(const char *call, trdb_uow *uow, int64_t id, const trdb_job_schedule_new *in,
                            trdb_timestamp *ret, trdb_error **reterr) {
    bool enabling = in->enabled.state == TRDB_GIVEN && in->enabled.value;
    *ret = no_time;
    if (in->cron && in->timezone)
        return trdbi_job_next_run(call, in->cron, in->timezone, ret, reterr);
    if (!in->cron && !in->timezone && !enabling)
        return 0;
    trdb_job_schedule *row = NULL;
    int code = trdbi_job_schedule_lock(uow, id, &row, reterr);
    if (code < 0)
        return code == TRDB_E_NOT_FOUND ? no_schedule(call, id, reterr) : code;
    if (in->cron || in->timezone)
        code = trdbi_job_next_run(call, in->cron ? in->cron : row->cron,
                                  in->timezone ? in->timezone : row->timezone, ret, reterr);
    else
        code = trdbi_job_enabled_again(call, row, in->enabled, ret, reterr);
    trdb_job_schedule_free(row);
    return code;
}

/* Whether any field is given. */
static bool gives_something(const trdb_job_schedule_new *in) {
    return in->name || in->target || in->task_params || in->cron || in->timezone ||
           in->enabled.state == TRDB_GIVEN || in->missed_policy.state == TRDB_GIVEN ||
           in->missed_limit.state == TRDB_GIVEN || in->overlap_policy.state == TRDB_GIVEN ||
           in->max_attempts.state == TRDB_GIVEN;
}

static int take_changes(const char *call, const trdb_job_schedule_new *changes, trdb_job_schedule_new *in,
                        trdb_error **reterr) {
    static const char *const required[] = {NULL};
    static const char *const optional[] = {
        "name",          "target",       "task_params",    "cron",         "timezone", "enabled",
        "missed_policy", "missed_limit", "overlap_policy", "max_attempts", NULL};
    const trdbi_fields fields = {call, required, optional};
    int code = trdbi_take_input(schedules, &fields, changes, in, reterr);
    if (code == 0 && !gives_something(in)) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the changes give no field", call);
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    return code == 0 ? take_values(call, in, reterr) : code;
}

int trdb_jobs_update_schedule(trdb_uow *uow, int64_t schedule_id, const trdb_job_schedule_new *changes,
                              trdb_job_schedule **ret, trdb_error **reterr) {
    static const char call[] = "jobs.update_schedule";
    trdb_job_schedule_new in;
    trdb_timestamp next = no_time;
    trdb_job_schedule *row = NULL;
    int code = take_changes(call, changes, &in, reterr);
    if (code == 0)
        code = due_after_change(call, uow, schedule_id, &in, &next, reterr);
    if (code < 0)
        return code;
    code = trdbi_job_schedule_update(uow, schedule_id, in.name, in.target, in.task_params, in.cron,
                                     in.timezone, in.enabled, in.missed_policy, in.missed_limit,
                                     in.overlap_policy, in.max_attempts, next, &row, reterr);
    if (code == TRDB_E_NOT_FOUND) {
        code = trdb_job_schedule_get(uow, schedule_id, &row, reterr);
        if (code == TRDB_E_NOT_FOUND)
            return no_schedule(call, schedule_id, reterr);
        trdb_job_schedule_free(row);
        return code < 0 ? code : name_taken(call, in.name ? in.name : "", reterr);
    }
    if (code == 0)
        trdbi_give_schedule(row, ret);
    return code;
}

int trdb_jobs_delete_schedule(trdb_uow *uow, int64_t schedule_id, trdb_error **reterr) {
    static const char call[] = "jobs.delete_schedule";
    int code = trdb_job_schedule_delete(uow, schedule_id, reterr);
    return code == TRDB_E_NOT_FOUND ? no_schedule(call, schedule_id, reterr) : code;
}

int trdb_jobs_update_schedule_next_run(trdb_uow *uow, int64_t schedule_id, trdb_timestamp at,
                                       trdb_job_schedule **ret, trdb_error **reterr) {
    static const char call[] = "jobs.update_schedule_next_run";
    trdb_job_schedule *row = NULL;
    int code = 0;
    if (at.kind == TRDB_TIMESTAMP_NULL) {
        code = trdbi_job_schedule_lock(uow, schedule_id, &row, reterr);
        if (code == 0)
            code = trdbi_job_next_run(call, row->cron, row->timezone, &at, reterr);
        trdb_job_schedule_free(row);
    }
    if (code == 0) {
        trdb_job_schedule_new in = trdb_job_schedule_new_init();
        in.next_run_at = trdb_time(at);
        code = trdb_job_schedule_patch(uow, schedule_id, &in, ret, reterr);
    }
    return code == TRDB_E_NOT_FOUND ? no_schedule(call, schedule_id, reterr) : code;
}

/* ---- running ----------------------------------------------------------------------------------------- */

/* Why the schedule gave no run. */
static int not_triggered(const char *call, trdb_uow *uow, int64_t id, trdb_error **reterr) {
    trdb_job_schedule *row = NULL;
    int code = trdb_job_schedule_get(uow, id, &row, reterr);
    if (code < 0)
        return code == TRDB_E_NOT_FOUND ? no_schedule(call, id, reterr) : code;
    if (row->enabled.value)
        trdbi_error(reterr, TRDB_E_CONFLICT, "schedule %lld is being triggered by another session; try again",
                    (long long)id);
    else
        trdbi_error(reterr, TRDB_E_CONFLICT, "cannot trigger a disabled schedule; enable schedule %lld first",
                    (long long)id);
    trdbi_error_set_column(reterr, "job_schedules", "enabled");
    trdb_job_schedule_free(row);
    return trdbi_refused(call, TRDB_E_CONFLICT, reterr);
}

int trdb_jobs_trigger_schedule(trdb_uow *uow, int64_t schedule_id, trdb_job_schedule_run **ret,
                               trdb_error **reterr) {
    trdb_job_schedule_run *row = NULL;
    int code = trdbi_job_schedule_trigger(uow, schedule_id, trdb_timestamp_now(), &row, reterr);
    if (code == TRDB_E_NOT_FOUND)
        return not_triggered("jobs.trigger_schedule", uow, schedule_id, reterr);
    if (code == 0)
        trdbi_give_run(row, ret);
    return code;
}

/* ---- lists ------------------------------------------------------------------------------------------- */

int trdb_jobs_list_schedules(trdb_uow *uow, trdb_in_i64 user_id, trdb_in_enum job_type, trdb_in_bool enabled,
                             trdb_in_i64 after, trdb_in_i64 limit, trdb_job_schedule_list **ret,
                             trdb_error **reterr) {
    static const char call[] = "jobs.list_schedules";
    trdb_job_schedule_filter filter = trdb_job_schedule_filter_init();
    const trdbi_key key = {.i64 = after.value};
    int64_t most = 0;
    int code = trdbi_take_limit(call, limit, 100, &most, reterr);
    if (code < 0)
        return code;
    filter.limit = trdb_i64(most);
    filter.order_by = TRDB_JOB_SCHEDULE_COLUMN_CREATED_AT;
    filter.descending = 1;
    if (user_id.state == TRDB_GIVEN)
        filter.user_id = trdb_where_i64_eq(user_id.value);
    if (job_type.state == TRDB_GIVEN)
        filter.job_type = trdb_where_enum_eq(job_type.value);
    if (enabled.state == TRDB_GIVEN)
        filter.enabled = trdb_where_bool_eq(enabled.value != 0);
    if (after.state != TRDB_GIVEN)
        return trdb_job_schedules_list(uow, &filter, ret, reterr);
    code = trdbi_entity_list_behind(uow, &trdbi_table_job_schedules, &filter, key, ret, reterr);
    return code == TRDB_E_NOT_FOUND ? no_schedule(call, after.value, reterr) : code;
}

int trdb_jobs_active_alerts(trdb_uow *uow, trdb_in_i64 limit, trdb_job_schedule_list **ret,
                            trdb_error **reterr) {
    int64_t most = 0;
    int code = trdbi_take_limit("jobs.active_alerts", limit, 1000, &most, reterr);
    return code == 0 ? trdbi_job_active_alerts(uow, most, ret, reterr) : code;
}

int trdb_jobs_pending_schedules(trdb_uow *uow, trdb_timestamp now, trdb_in_i64 limit,
                                trdb_job_schedule_list **ret, trdb_error **reterr) {
    int64_t most = 0;
    int code = trdbi_take_limit("jobs.pending_schedules", limit, 1000, &most, reterr);
    return code == 0 ? trdbi_job_pending_schedules(uow, now, most, ret, reterr) : code;
}
