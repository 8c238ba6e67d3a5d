/* SPDX-License-Identifier: MIT */
/**
 * @file services_jobs.h
 * Services for jobs: schedules that say when work is due, runs that are the work, alerts that watch tickers.
 * The top of services.h says what holds for every service. Source: reference/framework-operations.md 5,
 * reference/decisions.md 14.
 *
 * What is not here is in jobs.h: trdb_job_schedule_get() and trdb_job_schedule_run_get() read by key,
 * trdb_jobs_get_schedule_by_name(), trdb_jobs_user_alerts() and trdb_jobs_run_statistics_since() are named
 * queries.
 *
 * When a schedule is due is computed from the clock of this machine. A claim, its lease and the end of a run
 * carry the server's time, which all workers share. Limits that are not given have the default that is named;
 * one below 1 is TRDB_E_RANGE.
 */
#ifndef TRADINGDB_SERVICES_JOBS_H
#define TRADINGDB_SERVICES_JOBS_H

#include <tradingdb/jobs.h>

TRDB_BEGIN_DECLS

/* ---- schedules --------------------------------------------------------------------------------------- */

/**
 * Makes a schedule. It is due next at the first instant after now that its cron expression matches.
 * @param schedule user_id, name and target (1 to 255 characters), job_type and cron (1 to 100 characters;
 * what trdb_cron_parse() takes) are required. task_params (a JSON object, default {}), enabled (default
 *        true), timezone (default UTC), missed_policy, missed_limit, overlap_policy and max_attempts may be
 *        given; no other field is taken.
 * @param ret receives the schedule; NULL when it is not wanted. Free it with trdb_job_schedule_free().
 * @return 0; TRDB_E_INVALID for a cron expression that is malformed or never fires, or an unknown time zone,
 *         naming the column; TRDB_E_DUPLICATE when the owner has a schedule of that name: nothing was changed
 *         and the unit stays usable. One round trip.
 */
TRDB_API int trdb_jobs_create_schedule(trdb_uow *uow, const trdb_job_schedule_new *schedule,
                                       trdb_job_schedule **ret, trdb_error **reterr);

/**
 * Changes a schedule. A cron expression or time zone that is given makes it due at the next instant after
 * now. So does enabling it again when the instant it was due at has passed meanwhile: while a schedule is
 * disabled it misses nothing.
 * @param changes name, target, task_params, cron, timezone, enabled, missed_policy, missed_limit,
 *        overlap_policy and max_attempts may be given, at least one of them; no other field is taken.
 * @param ret receives the schedule; NULL when it is not wanted. Free it with trdb_job_schedule_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_INVALID when nothing is given, or as trdb_jobs_create_schedule();
 *         TRDB_E_DUPLICATE when the owner has another schedule of that name: nothing was changed and the unit
 *         stays usable, unless another session is taking the name at the same time. One round trip; one more
 *         when only one of cron and timezone is given, or enabled is true; one more to say why not.
 */
TRDB_API int trdb_jobs_update_schedule(trdb_uow *uow, int64_t schedule_id,
                                       const trdb_job_schedule_new *changes, trdb_job_schedule **ret,
                                       trdb_error **reterr);

/**
 * Deletes a schedule. Its runs stay, without a job_id but with their snapshot; pending ones stay pending.
 * @return 0; TRDB_E_NOT_FOUND. One round trip.
 */
TRDB_API int trdb_jobs_delete_schedule(trdb_uow *uow, int64_t schedule_id, trdb_error **reterr);

/**
 * Lists schedules, the newest first.
 * @param user_id the owner; not given: all.
 * @param job_type enum trdb_job_type; not given: all.
 * @param enabled whether they are enabled; not given: both.
 * @param after the id of the last schedule of the page before; not given: from the start.
 * @param limit most rows; default 100.
 * @param ret receives the list; free it with trdb_job_schedule_list_free().
 * @return 0; TRDB_E_NOT_FOUND when the schedule `after` is gone. One round trip, two with `after`.
 */
TRDB_API int trdb_jobs_list_schedules(trdb_uow *uow, trdb_in_i64 user_id, trdb_in_enum job_type,
                                      trdb_in_bool enabled, trdb_in_i64 after, trdb_in_i64 limit,
                                      trdb_job_schedule_list **ret, trdb_error **reterr);

/**
 * Lists the enabled schedules of type alert, the newest first.
 * @param limit most rows; default 1000.
 * @param ret receives the list; free it with trdb_job_schedule_list_free().
 * @return 0. One round trip.
 */
TRDB_API int trdb_jobs_active_alerts(trdb_uow *uow, trdb_in_i64 limit, trdb_job_schedule_list **ret,
                                     trdb_error **reterr);

/**
 * Lists the enabled schedules that are due, those without a next_run_at first, then the longest due. Nothing
 * is locked: two callers see the same rows.
 * @param now by when; a NULL time (zeroed) means the server's time.
 * @param limit most rows; default 1000.
 * @param ret receives the list; free it with trdb_job_schedule_list_free().
 * @return 0. One round trip.
 */
TRDB_API int trdb_jobs_pending_schedules(trdb_uow *uow, trdb_timestamp now, trdb_in_i64 limit,
                                         trdb_job_schedule_list **ret, trdb_error **reterr);

/**
 * Sets when a schedule is due next.
 * @param at when; a NULL time (zeroed) means the first instant after now that its cron expression matches.
 * @param ret receives the schedule; NULL when it is not wanted. Free it with trdb_job_schedule_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_INVALID when the stored cron expression or time zone is not valid. One
 *         round trip, two when it is computed.
 */
TRDB_API int trdb_jobs_update_schedule_next_run(trdb_uow *uow, int64_t schedule_id, trdb_timestamp at,
                                                trdb_job_schedule **ret, trdb_error **reterr);

/**
 * Makes a run of a schedule that is due now, whatever its cron expression says. The run's job_snapshot is
 * {schedule_id, schedule_name, target, task_params, trigger_type "manual"}. The schedule itself stays as it
 * is: next_run_at and last_run_at belong to its cron expression.
 * @param ret receives the run; NULL when it is not wanted. Free it with trdb_job_schedule_run_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_CONFLICT when it is disabled; in both cases nothing was changed and the
 *         unit stays usable. One round trip, and one more to say why not.
 */
TRDB_API int trdb_jobs_trigger_schedule(trdb_uow *uow, int64_t schedule_id, trdb_job_schedule_run **ret,
                                        trdb_error **reterr);

/* ---- runs -------------------------------------------------------------------------------------------- */

/**
 * Makes a pending run.
 * @param run job_type is required. job_id (the schedule), user_id, scheduled_for, job_snapshot (a JSON
 * object, default {}), max_attempts, run_after, backfilled and priority may be given; no other field is
 * taken.
 * @param ret receives the run; NULL when it is not wanted. Free it with trdb_job_schedule_run_free().
 * @return 0; TRDB_E_DUPLICATE when there is a run of the same job_type, job_id and scheduled_for: nothing was
 *         changed and the unit stays usable (without job_id or scheduled_for runs never collide);
 *         TRDB_E_REFERENCE for an unknown schedule. One round trip.
 */
TRDB_API int trdb_jobs_create_run(trdb_uow *uow, const trdb_job_schedule_run_new *run,
                                  trdb_job_schedule_run **ret, trdb_error **reterr);

/**
 * Writes to a run, whatever its status is and becomes; for repairs and for workers that keep no lease. Others
 * claim, finish and cancel.
 * @param changes status, started_at, finished_at, result (JSON) and error may be given, at least one of them;
 *        no other field is taken.
 * @param ret receives the run; NULL when it is not wanted. Free it with trdb_job_schedule_run_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_INVALID when nothing is given. One round trip.
 */
TRDB_API int trdb_jobs_update_run(trdb_uow *uow, int64_t run_id, const trdb_job_schedule_run_new *changes,
                                  trdb_job_schedule_run **ret, trdb_error **reterr);

/** How long a claim lasts, in seconds. */
#define TRDB_JOB_LEASE_SECONDS 600

/**
 * Claims a pending run for a worker: it is running from now on, its attempt counts one more, and it carries a
 * lease_token and a lease_until, TRDB_JOB_LEASE_SECONDS from now. Of several who claim at once exactly one
 * gets it; nobody waits. Commit before the work begins, so that others see the claim.
 * @param worker_id who claims it; 1 to 255 characters.
 * @param ret receives the run; its lease_token is needed to finish it. Free it with
 *        trdb_job_schedule_run_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_CONFLICT when it is not pending, its run_after has not come, or another
 *         session is claiming or changing it; in all these cases nothing was changed and the unit stays
 *         usable. One round trip, and one more to say why not.
 */
TRDB_API int trdb_jobs_claim_run(trdb_uow *uow, int64_t run_id, const char *worker_id,
                                 trdb_job_schedule_run **ret, trdb_error **reterr);

/**
 * Ends a run that is under way, and with it the claim.
 * @param lease_token the one of the claim.
 * @param status enum trdb_job_run_status; only TRDB_JOB_RUN_STATUS_COMPLETED and TRDB_JOB_RUN_STATUS_FAILED.
 * @param result JSON with what the work gave; NULL for none.
 * @param error why it failed; NULL for nothing, and only together with TRDB_JOB_RUN_STATUS_FAILED.
 * @param ret receives the run; NULL when it is not wanted. Free it with trdb_job_schedule_run_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_CONFLICT when it is not running or the claim is not the present one; in
 *         both cases nothing was changed and the unit stays usable. One round trip, and one more to say why
 *         not.
 */
TRDB_API int trdb_jobs_finish_run(trdb_uow *uow, int64_t run_id, trdb_uuid lease_token, int32_t status,
                                  const char *result, const char *error, trdb_job_schedule_run **ret,
                                  trdb_error **reterr);

/**
 * Cancels a run that is pending. Waits for a session that is changing it.
 * @param ret receives the run; NULL when it is not wanted. Free it with trdb_job_schedule_run_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_CONFLICT when it is not pending; in both cases nothing was changed and
 *         the unit stays usable. One round trip, and one more to say why not.
 */
TRDB_API int trdb_jobs_cancel_run(trdb_uow *uow, int64_t run_id, trdb_job_schedule_run **ret,
                                  trdb_error **reterr);

/**
 * Lists the pending runs: the highest priority first, among equals those without a scheduled_for, then the
 * longest due.
 * @param job_type enum trdb_job_type; not given: all.
 * @param due_by only runs that may be claimed at this time, by scheduled_for and run_after; a NULL time
 *        (zeroed) means all, future ones, too.
 * @param limit most rows; default 10.
 * @param ret receives the list; free it with trdb_job_schedule_run_list_free().
 * @return 0. One round trip.
 */
TRDB_API int trdb_jobs_pending_runs(trdb_uow *uow, trdb_in_enum job_type, trdb_timestamp due_by,
                                    trdb_in_i64 limit, trdb_job_schedule_run_list **ret, trdb_error **reterr);

/**
 * Lists runs.
 * @param user_id for whom they run; not given: all.
 * @param job_type enum trdb_job_type; not given: all.
 * @param status enum trdb_job_run_status; not given: all.
 * @param order_by enum trdb_job_schedule_run_column; a column with an index; default
 *        TRDB_JOB_SCHEDULE_RUN_COLUMN_SCHEDULED_FOR.
 * @param ascending whether the smallest comes first; otherwise the largest does, and undated runs before it.
 * @param after the id of the last run of the page before; not given: from the start.
 * @param limit most rows; default 100.
 * @param ret receives the list; free it with trdb_job_schedule_run_list_free().
 * @return 0; TRDB_E_INVALID for a column without an index; TRDB_E_NOT_FOUND when the run `after` is gone. One
 *         round trip, two with `after`.
 */
TRDB_API int trdb_jobs_list_runs(trdb_uow *uow, trdb_in_i64 user_id, trdb_in_enum job_type,
                                 trdb_in_enum status, trdb_in_enum order_by, bool ascending,
                                 trdb_in_i64 after, trdb_in_i64 limit, trdb_job_schedule_run_list **ret,
                                 trdb_error **reterr);

/**
 * Lists the runs of a schedule, undated ones first, then the newest scheduled_for first.
 * @param job_type enum trdb_job_type.
 * @param job_id the schedule.
 * @param after the id of the last run of the page before; not given: from the start.
 * @param limit most rows; default 100.
 * @param ret receives the list; free it with trdb_job_schedule_run_list_free().
 * @return 0; TRDB_E_NOT_FOUND when the run `after` is gone. One round trip, two with `after`.
 */
TRDB_API int trdb_jobs_runs_by_job(trdb_uow *uow, int32_t job_type, int64_t job_id, trdb_in_i64 after,
                                   trdb_in_i64 limit, trdb_job_schedule_run_list **ret, trdb_error **reterr);

/**
 * Counts the runs of the last days by status, as trdb_jobs_run_statistics_since() does; future ones count.
 * @param user_id for whom they run; not given: all.
 * @param job_type enum trdb_job_type; not given: all.
 * @param days the length of the period, 1 to 36500.
 * @param ret receives the figures; free them with trdb_job_run_statistics_free().
 * @return 0; TRDB_E_RANGE. One round trip.
 */
TRDB_API int trdb_jobs_run_statistics(trdb_uow *uow, trdb_in_i64 user_id, trdb_in_enum job_type, int64_t days,
                                      trdb_job_run_statistics **ret, trdb_error **reterr);

/**
 * Deletes the runs that are completed, failed, skipped, missed or dead and were due more than some days ago.
 * Pending, running, cancelled and undated ones stay.
 * @param days_to_keep 0 to 36500.
 * @param ret receives their number; may be NULL.
 * @return 0; TRDB_E_RANGE. One round trip.
 */
TRDB_API int trdb_jobs_cleanup_old_runs(trdb_uow *uow, int64_t days_to_keep, int64_t *ret,
                                        trdb_error **reterr);

/* ---- screeners and reports --------------------------------------------------------------------------- */

/** What the target of a screener stands for. */
typedef struct trdb_screener_target {
    const char *name;   /**< the named set, in lower case; NULL for a list of tickers */
    trdb_texts tickers; /**< the tickers, in upper case; at least one, none NULL or empty */
} trdb_screener_target;

/**
 * Reads the target of a screener: the name of a set (sp500, tech, finance, in any case; five sample tickers
 * each), or tickers separated by commas, which are trimmed and put in upper case (ASCII letters only). Asks
 * nothing of the database; any thread.
 * @param target the text.
 * @param ret receives the tickers; free it with trdb_screener_target_free().
 * @return 0; TRDB_E_INVALID for NULL, a blank text or an empty element; TRDB_E_ENCODING.
 */
TRDB_API int trdb_jobs_expand_screener_target(const char *target, trdb_screener_target **ret,
                                              trdb_error **reterr);

/** Frees an expanded target. NULL is allowed. */
TRDB_API void trdb_screener_target_free(trdb_screener_target *target);

/** For TRDB_AUTO(). */
static inline void trdb_screener_target_cleanup(trdb_screener_target **handle) {
    trdb_screener_target_free(*handle);
}

/** What a screener is to look at. */
typedef struct trdb_screener_run_new {
    size_t struct_size;              /**< sizeof(trdb_screener_run_new) of the caller */
    trdb_in_i64 user_id;             /**< required: for whom it runs */
    const char *screener_set;        /**< a target as trdb_jobs_expand_screener_target() takes it */
    trdb_in_texts tickers;           /**< the tickers, kept as given; without them those of screener_set */
    const char *filter_criteria;     /**< JSON object; default none */
    trdb_in_i64 top_n;               /**< how many are wanted, 1 to 1000; default none */
    trdb_in_timestamp scheduled_for; /**< when it is due; default now */
} trdb_screener_run_new;

/** An input with its struct_size set and nothing given. */
TRDB_DEFINE_INIT(trdb_screener_run_new);
#ifndef __cplusplus
/** The same with designated initializers, as a pointer: TRDB_SCREENER_RUN_NEW(.field = …). C only. */
#define TRDB_SCREENER_RUN_NEW(...)                                                                           \
    (&(trdb_screener_run_new){.struct_size = sizeof(trdb_screener_run_new), __VA_ARGS__})
#endif

/**
 * Makes a pending run of type screener, without a schedule. Its job_snapshot is {screener_set, tickers,
 * filter_criteria, top_n, ticker_count}; what is not given is null there.
 * @param run user_id and one of screener_set and tickers are required.
 * @param ret receives the run; NULL when it is not wanted. Free it with trdb_job_schedule_run_free().
 * @return 0; TRDB_E_INVALID when neither set nor tickers are given; TRDB_E_RANGE. One round trip.
 */
TRDB_API int trdb_jobs_create_screener_run(trdb_uow *uow, const trdb_screener_run_new *run,
                                           trdb_job_schedule_run **ret, trdb_error **reterr);

/**
 * Makes a pending run of type report, without a schedule. Its job_snapshot is {report_type, parameters}.
 * @param report_type which report; 1 to 100 characters.
 * @param parameters JSON object; NULL for an empty one.
 * @param scheduled_for when it is due; a NULL time (zeroed) means now.
 * @param ret receives the run; NULL when it is not wanted. Free it with trdb_job_schedule_run_free().
 * @return 0. One round trip.
 */
TRDB_API int trdb_jobs_create_report_run(trdb_uow *uow, int64_t user_id, const char *report_type,
                                         const char *parameters, trdb_timestamp scheduled_for,
                                         trdb_job_schedule_run **ret, trdb_error **reterr);

/* ---- alerts ------------------------------------------------------------------------------------------ */

/**
 * Makes an alert: a schedule of type alert called "Alert: TICKER", or "Alert: TICKER (2)" and so on when the
 * owner has that, with the ticker as its target and task_params {ticker, timeframe, rule}. The timeframe says
 * when it is due, in UTC: 1m, 5m, 15m and 30m every so many minutes, 1h and 4h on the hour, 1d at 9:00, 1w on
 * Mondays at 9:00; any other daily at 9:00.
 * @param ticker what is watched; 1 to 100 characters.
 * @param timeframe how often; 1 to 32 characters.
 * @param rule JSON object with the condition.
 * @param ret receives the schedule; NULL when it is not wanted. Free it with trdb_job_schedule_free().
 * @return 0; TRDB_E_CONFLICT when other sessions keep taking the name at the same time. One round trip, and
 *         one more for each time another session takes the name first.
 */
TRDB_API int trdb_jobs_create_alert(trdb_uow *uow, int64_t user_id, const char *ticker, const char *timeframe,
                                    const char *rule, trdb_job_schedule **ret, trdb_error **reterr);

/**
 * Changes an alert. What is not given stays. A timeframe sets the cron expression anew; with it, or when the
 * alert is enabled again after it was due, the alert is due at the next instant after now.
 * @param timeframe as in trdb_jobs_create_alert(); NULL: as it is.
 * @param rule JSON object with the condition; NULL: as it is.
 * @param enabled whether it is ever due.
 * @param ret receives the schedule; NULL when it is not wanted. Free it with trdb_job_schedule_free().
 * @return 0; TRDB_E_NOT_FOUND, also for a schedule that is no alert; TRDB_E_INVALID when nothing is given.
 * Two round trips.
 */
TRDB_API int trdb_jobs_update_alert(trdb_uow *uow, int64_t alert_id, const char *timeframe, const char *rule,
                                    trdb_in_bool enabled, trdb_job_schedule **ret, trdb_error **reterr);

/**
 * Deletes an alert; its runs stay.
 * @return 0; TRDB_E_NOT_FOUND, also for a schedule that is no alert. One round trip.
 */
TRDB_API int trdb_jobs_delete_alert(trdb_uow *uow, int64_t alert_id, trdb_error **reterr);

TRDB_END_DECLS

#endif
