/* SPDX-License-Identifier: MIT */
/* Alerts: schedules of type alert, one for each thing that is watched. */
#include "service/jobs.h"

#include <string.h>

static const trdbi_table *const schedules = &trdbi_table_job_schedules;

static int no_alert(const char *call, int64_t id, trdb_error **reterr) {
    trdbi_error(reterr, TRDB_E_NOT_FOUND, "job_schedules: no alert with id %lld", (long long)id);
    trdbi_error_set_column(reterr, "job_schedules", "id");
    return trdbi_refused(call, TRDB_E_NOT_FOUND, reterr);
}

/* When an alert of a timeframe is due. */
static const char *cron_of(const char *timeframe) {
    static const struct {
        const char *timeframe;
        const char *cron;
    } known[] = {
        {"1m", "* * * * *"}, {"5m", "*/5 * * * *"}, {"15m", "*/15 * * * *"}, {"30m", "*/30 * * * *"},
        {"1h", "0 * * * *"}, {"4h", "0 */4 * * *"}, {"1d", "0 9 * * *"},     {"1w", "0 9 * * 1"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].timeframe, timeframe) == 0)
            return known[i].cron;
    return "0 9 * * *";
}

enum { MAX_TICKER = 100, MAX_TIMEFRAME = 32 };

int trdb_jobs_create_alert(trdb_uow *uow, int64_t user_id, const char *ticker, const char *timeframe,
                           const char *rule, trdb_job_schedule **ret, trdb_error **reterr) {
    static const char call[] = "jobs.create_alert";
    enum { MOST_TRIES = 10 };
    trdb_job_schedule *row = NULL;
    trdb_timestamp next;
    int code = trdbi_take_short_text(call, "ticker", ticker, MAX_TICKER, reterr);
    if (code == 0)
        code = trdbi_take_short_text(call, "timeframe", timeframe, MAX_TIMEFRAME, reterr);
    if (code == 0)
        code = trdbi_take_object(call, "rule", schedules, "task_params", rule, reterr);
    if (code == 0)
        code = trdbi_job_next_run(call, cron_of(timeframe), NULL, &next, reterr);
    if (code < 0)
        return code;
    /* A name that looked free may be taken by another session meanwhile; the next look sees it. */
    trdb_error *error = NULL;
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        code = trdbi_job_alert_create(uow, user_id, ticker, timeframe, rule, cron_of(timeframe), next, &row,
                                      &error);
        if (code != TRDB_E_NOT_FOUND)
            break;
    }
    if (code == TRDB_E_NOT_FOUND) {
        trdb_error_free(error);
        trdbi_error(reterr, TRDB_E_CONFLICT,
                    "other sessions keep taking the names of alerts on \"%s\"; try again", ticker);
        return trdbi_refused(call, TRDB_E_CONFLICT, reterr);
    }
    if (code < 0)
        return trdbi_pass_error(error, reterr);
    trdb_error_free(error);
    trdbi_give_schedule(row, ret);
    return 0;
}

/* When the alert is due after the change; NULL when that does not move it. */
static int due_after_change(const char *call, const trdb_job_schedule *row, const char *timeframe,
                            trdb_in_bool enabled, trdb_timestamp *ret, trdb_error **reterr) {
    if (timeframe)
        return trdbi_job_next_run(call, cron_of(timeframe), row->timezone, ret, reterr);
    return trdbi_job_enabled_again(call, row, enabled, ret, reterr);
}

int trdb_jobs_update_alert(trdb_uow *uow, int64_t alert_id, const char *timeframe, const char *rule,
                           trdb_in_bool enabled, trdb_job_schedule **ret, trdb_error **reterr) {
    static const char call[] = "jobs.update_alert";
    trdb_job_schedule *row = NULL;
    trdb_timestamp next;
    int code = 0;
    timeframe = trdbi_text_or_null(timeframe);
    rule = trdbi_text_or_null(rule);
    if (!timeframe && !rule && enabled.state != TRDB_GIVEN) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: nothing is given", call);
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    if (timeframe)
        code = trdbi_take_short_text(call, "timeframe", timeframe, MAX_TIMEFRAME, reterr);
    if (code == 0 && rule)
        code = trdbi_take_object(call, "rule", schedules, "task_params", rule, reterr);
    if (code < 0)
        return code;
    code = trdbi_job_schedule_lock(uow, alert_id, &row, reterr);
    if (code == TRDB_E_NOT_FOUND || (code == 0 && row->job_type.value != TRDB_JOB_TYPE_ALERT))
        code = no_alert(call, alert_id, reterr);
    if (code == 0)
        code = due_after_change(call, row, timeframe, enabled, &next, reterr);
    trdb_job_schedule_free(row);
    if (code == 0)
        code = trdbi_job_alert_update(uow, alert_id, timeframe, rule, enabled,
                                      timeframe ? cron_of(timeframe) : NULL, next, &row, reterr);
    if (code == 0)
        trdbi_give_schedule(row, ret);
    return code;
}

int trdb_jobs_delete_alert(trdb_uow *uow, int64_t alert_id, trdb_error **reterr) {
    int64_t gone = 0;
    int code = trdbi_job_alert_delete(uow, alert_id, &gone, reterr);
    return code == 0 && gone == 0 ? no_alert("jobs.delete_alert", alert_id, reterr) : code;
}
