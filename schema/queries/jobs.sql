-- SPDX-License-Identifier: MIT
-- Named queries over schedules and their runs. Grammar: schema/generate/queries.py.
-- Times that workers compare are the server's, statement_timestamp(): a unit may be older than the call.

-- name: job_schedule_create :one
-- scope: internal
-- Makes a schedule; gives no row when the owner has one of that name.
-- param: user_id The owner.
-- param: name Its name.
-- param: job_type enum=job_type Kind of work.
-- param: target What the work is about.
-- param: task_params? JSON object; NULL: an empty one.
-- param: cron When it is due.
-- param: timezone? The zone of cron; NULL: UTC.
-- param: enabled? Whether it is ever due; NULL: yes.
-- param: missed_policy? enum=job_missed_policy NULL: latest.
-- param: missed_limit? NULL: 10.
-- param: overlap_policy? enum=job_overlap_policy NULL: skip.
-- param: max_attempts? NULL: 1.
-- param: next_run_at When it is due next.
INSERT INTO {schema}.job_schedules (user_id, name, job_type, target, task_params, cron, timezone, enabled, missed_policy,
    missed_limit, overlap_policy, max_attempts, next_run_at)
VALUES ($1, $2, $3, $4, coalesce($5, '{}'::jsonb), $6, coalesce($7, 'UTC'), coalesce($8, true), coalesce($9, 'latest'),
    coalesce($10, 10), coalesce($11, 'skip'), coalesce($12, 1), $13)
ON CONFLICT DO NOTHING
RETURNING *;

-- name: job_schedule_lock :one
-- scope: internal
-- A schedule, locked until the unit ends.
-- param: id The schedule.
SELECT * FROM {schema}.job_schedules WHERE id = $1 FOR NO KEY UPDATE;

-- name: job_schedule_update :one
-- scope: internal
-- Changes a schedule; NULL leaves a column as it is. Gives no row when there is none, or when another schedule of the
-- owner has the name.
-- param: id The schedule.
-- param: name? Its name.
-- param: target? What the work is about.
-- param: task_params? JSON object.
-- param: cron? When it is due.
-- param: timezone? The zone of cron.
-- param: enabled? Whether it is ever due.
-- param: missed_policy? enum=job_missed_policy For instants that passed.
-- param: missed_limit? Most of them that are made up for.
-- param: overlap_policy? enum=job_overlap_policy For runs under way.
-- param: max_attempts? How often a run is tried.
-- param: next_run_at? When it is due next.
UPDATE {schema}.job_schedules s
SET name = coalesce($2, s.name), target = coalesce($3, s.target), task_params = coalesce($4, s.task_params),
    cron = coalesce($5, s.cron), timezone = coalesce($6, s.timezone), enabled = coalesce($7, s.enabled),
    missed_policy = coalesce($8, s.missed_policy), missed_limit = coalesce($9, s.missed_limit),
    overlap_policy = coalesce($10, s.overlap_policy), max_attempts = coalesce($11, s.max_attempts),
    next_run_at = coalesce($12, s.next_run_at)
WHERE s.id = $1 AND ($2::text IS NULL OR NOT EXISTS (SELECT FROM {schema}.job_schedules o
    WHERE o.user_id = s.user_id AND o.name = $2 AND o.id <> s.id))
RETURNING s.*;

-- name: jobs_get_schedule_by_name :one
-- A schedule by its owner and name. Where an adopted database has several, the lowest id wins.
-- param: user_id The owner.
-- param: name Its name.
SELECT * FROM {schema}.job_schedules WHERE user_id = $1 AND name = $2 ORDER BY id LIMIT 1;

-- name: job_active_alerts :many
-- scope: internal
-- The enabled schedules of type alert, the newest first.
-- param: limit Most rows.
SELECT * FROM {schema}.job_schedules WHERE enabled AND job_type = 'alert' ORDER BY created_at DESC, id DESC LIMIT $1;

-- name: job_pending_schedules :many
-- scope: internal
-- The enabled schedules that are due, the longest due first.
-- param: now? By when; NULL: the server's time.
-- param: limit Most rows.
SELECT * FROM {schema}.job_schedules
WHERE enabled AND coalesce(next_run_at, '-infinity'::timestamptz) <= coalesce($1, statement_timestamp())
ORDER BY coalesce(next_run_at, '-infinity'::timestamptz), id LIMIT $2;

-- name: job_schedule_trigger :one
-- scope: internal
-- Makes a run of an enabled schedule; gives no row when it is unknown or disabled, or has a run for that instant.
-- param: id The schedule.
-- param: scheduled_for When the run is due.
INSERT INTO {schema}.job_schedule_runs (job_type, job_id, user_id, scheduled_for, job_snapshot, max_attempts)
SELECT s.job_type, s.id, s.user_id, $2::timestamptz, jsonb_build_object('schedule_id', s.id, 'schedule_name', s.name,
    'target', s.target, 'task_params', s.task_params, 'trigger_type', 'manual'), coalesce(s.max_attempts, 1)
FROM {schema}.job_schedules s WHERE s.id = $1 AND s.enabled FOR KEY SHARE OF s
ON CONFLICT DO NOTHING
RETURNING *;

-- name: job_run_create :one
-- scope: internal
-- Makes a pending run; gives no row when its schedule has one for that instant.
-- param: job_type enum=job_type Kind of work.
-- param: job_id? The schedule.
-- param: user_id? For whom.
-- param: scheduled_for? When it is due.
-- param: job_snapshot? JSON object; NULL: an empty one.
-- param: max_attempts? NULL: 1.
-- param: run_after? Not to be claimed before.
-- param: backfilled? NULL: no.
-- param: priority? NULL: 0.
INSERT INTO {schema}.job_schedule_runs (job_type, job_id, user_id, status, scheduled_for, job_snapshot, max_attempts,
    run_after, backfilled, priority)
VALUES ($1, $2, $3, 'pending', $4, coalesce($5, '{}'::jsonb), coalesce($6, 1), $7, coalesce($8, false), coalesce($9, 0))
ON CONFLICT DO NOTHING
RETURNING *;

-- name: job_screener_run_create :one
-- scope: internal
-- Makes a pending run of type screener.
-- param: user_id For whom.
-- param: screener_set? Name of the set.
-- param: tickers The tickers.
-- param: filter_criteria? JSON object.
-- param: top_n? How many are wanted.
-- param: scheduled_for When it is due.
INSERT INTO {schema}.job_schedule_runs (job_type, user_id, status, scheduled_for, job_snapshot)
VALUES ('screener', $1, 'pending', $6, jsonb_build_object('screener_set', $2::text, 'tickers', to_jsonb($3::text[]),
    'filter_criteria', $4::jsonb, 'top_n', $5::bigint, 'ticker_count', cardinality($3)))
RETURNING *;

-- name: job_report_run_create :one
-- scope: internal
-- Makes a pending run of type report.
-- param: user_id For whom.
-- param: report_type Which report.
-- param: parameters? JSON object; NULL: an empty one.
-- param: scheduled_for When it is due.
INSERT INTO {schema}.job_schedule_runs (job_type, user_id, status, scheduled_for, job_snapshot)
VALUES ('report', $1, 'pending', $4,
    jsonb_build_object('report_type', $2::text, 'parameters', coalesce($3::jsonb, '{}')))
RETURNING *;

-- name: job_run_claim :one
-- scope: internal
-- Claims a pending run; gives no row when it is not pending, is not to be claimed yet, or is locked by another session.
-- param: id The run.
-- param: worker_id Who claims it.
-- param: lease_seconds How long the claim lasts.
WITH free AS MATERIALIZED (
    SELECT r.id FROM {schema}.job_schedule_runs r
    WHERE r.id = $1 AND r.status = 'pending' AND (r.run_after IS NULL OR r.run_after <= statement_timestamp())
    FOR NO KEY UPDATE SKIP LOCKED)
UPDATE {schema}.job_schedule_runs r
SET status = 'running', started_at = statement_timestamp(), finished_at = NULL, worker_id = $2,
    attempt = coalesce(r.attempt, 0) + 1, lease_token = gen_random_uuid(),
    lease_until = statement_timestamp() + make_interval(secs => $3::bigint), heartbeat_at = statement_timestamp()
FROM free f WHERE r.id = f.id
RETURNING r.*;

-- name: job_run_finish :one
-- scope: internal
-- Ends a run that is under way; gives no row when it is not, or another claim holds it.
-- param: id The run.
-- param: lease_token The claim.
-- param: status enum=job_run_status How it ended.
-- param: result? JSON.
-- param: error? Why it failed.
UPDATE {schema}.job_schedule_runs
SET status = $3, finished_at = statement_timestamp(), result = $4, error = $5, lease_token = NULL, lease_until = NULL
WHERE id = $1 AND status = 'running' AND lease_token = $2
RETURNING *;

-- name: job_run_cancel :one
-- scope: internal
-- Cancels a run that is pending; gives no row when it is not.
-- param: id The run.
UPDATE {schema}.job_schedule_runs SET status = 'cancelled', finished_at = statement_timestamp()
WHERE id = $1 AND status = 'pending'
RETURNING *;

-- name: job_pending_runs :many
-- scope: internal
-- The pending runs, the highest priority first, then the longest due. Each branch has an index of its own.
-- param: job_type? enum=job_type Kind of work; NULL: all.
-- param: due_by? Only those that may be claimed at this time; NULL: future ones, too.
-- param: limit Most rows.
SELECT r.* FROM (
    (SELECT p.id FROM {schema}.job_schedule_runs p WHERE $1::text IS NULL AND p.status = 'pending'
        AND ($2::timestamptz IS NULL OR (coalesce(p.scheduled_for, '-infinity'::timestamptz) <= $2
            AND coalesce(p.run_after, '-infinity') <= $2))
    ORDER BY p.priority DESC, coalesce(p.scheduled_for, '-infinity'::timestamptz), p.id LIMIT $3)
  UNION ALL
    (SELECT p.id FROM {schema}.job_schedule_runs p WHERE p.job_type = $1 AND p.status = 'pending'
        AND ($2::timestamptz IS NULL OR (coalesce(p.scheduled_for, '-infinity'::timestamptz) <= $2
            AND coalesce(p.run_after, '-infinity') <= $2))
    ORDER BY p.priority DESC, coalesce(p.scheduled_for, '-infinity'::timestamptz), p.id LIMIT $3)) k
JOIN {schema}.job_schedule_runs r ON r.id = k.id
ORDER BY r.priority DESC, coalesce(r.scheduled_for, '-infinity'::timestamptz), r.id;

-- name: jobs_run_statistics_since :one
-- row: job_run_statistics
-- How many runs there are, by status, among those due at a time or later; future ones count, undated ones do not.
-- param: user_id? For whom they run; NULL: all.
-- param: job_type? enum=job_type Kind of work; NULL: all.
-- param: since From when on.
-- column: total_runs All of them.
-- column: pending Those waiting for a worker.
-- column: running Those under way.
-- column: completed Those that succeeded.
-- column: failed Those that failed.
-- column: cancelled Those cancelled while they waited.
-- column: skipped Those skipped because another one was under way.
-- column: missed Those that were too late.
-- column: dead Those whose attempts are exhausted.
-- column: average_execution_seconds Mean time from start to end of the completed ones, 6 decimals; NULL without any.
-- column: period_days Days from the beginning of the period until now, rounded; NULL when it has no beginning.
SELECT count(*) AS total_runs, count(*) FILTER (WHERE r.status = 'pending') AS pending,
    count(*) FILTER (WHERE r.status = 'running') AS running, count(*) FILTER (WHERE r.status = 'completed') AS completed,
    count(*) FILTER (WHERE r.status = 'failed') AS failed, count(*) FILTER (WHERE r.status = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE r.status = 'skipped') AS skipped, count(*) FILTER (WHERE r.status = 'missed') AS missed,
    count(*) FILTER (WHERE r.status = 'dead') AS dead,
    round(avg(extract(epoch FROM r.finished_at - r.started_at)) FILTER (WHERE r.status = 'completed'
        AND isfinite(r.started_at) AND isfinite(r.finished_at)), 6) AS average_execution_seconds,
    CASE WHEN isfinite($3::timestamptz) THEN round(extract(epoch FROM statement_timestamp() - $3) / 86400)::bigint END
        AS period_days
FROM (
    SELECT a.status, a.started_at, a.finished_at FROM {schema}.job_schedule_runs a
    WHERE $1::bigint IS NULL AND $2::text IS NULL AND a.scheduled_for >= $3
  UNION ALL
    SELECT u.status, u.started_at, u.finished_at FROM {schema}.job_schedule_runs u
    WHERE u.user_id = $1 AND ($2::text IS NULL OR u.job_type = $2) AND u.scheduled_for >= $3
  UNION ALL
    SELECT t.status, t.started_at, t.finished_at FROM {schema}.job_schedule_runs t
    WHERE $1::bigint IS NULL AND t.job_type = $2 AND t.scheduled_for >= $3) r;

-- name: job_runs_cleanup :exec
-- scope: internal
-- Deletes runs that are over. Pending, running, cancelled and undated ones stay.
-- param: before Those due before this time.
DELETE FROM {schema}.job_schedule_runs
WHERE status IN ('completed', 'failed', 'skipped', 'missed', 'dead') AND scheduled_for < $1;

-- name: jobs_user_alerts :many
-- row: job_alert
-- A user's alerts, the newest first.
-- param: user_id The owner.
-- param: active_only Only those that are enabled.
-- column: id The schedule's id.
-- column: name The schedule's name.
-- column: ticker What is watched.
-- column: timeframe How often, such as 15m; NULL for an alert that was not made by trdb_jobs_create_alert().
-- column: rule JSON with the condition; NULL as above.
-- column: enabled Whether it is ever due.
-- column: created_at When it was made.
-- column: next_run_at When it is due next; NULL: at once.
SELECT s.id, s.name, coalesce(s.task_params ->> 'ticker', s.target) AS ticker, s.task_params ->> 'timeframe' AS timeframe,
    s.task_params -> 'rule' AS rule, s.enabled, s.created_at, s.next_run_at
FROM {schema}.job_schedules s
WHERE s.user_id = $1 AND s.job_type = 'alert' AND (s.enabled OR NOT $2)
ORDER BY s.created_at DESC, s.id DESC;

-- name: job_alert_create :one
-- scope: internal
-- Makes an alert under the first name that is free; gives no row when another session took it at the same time.
-- param: user_id The owner.
-- param: ticker What is watched.
-- param: timeframe How often.
-- param: rule JSON with the condition.
-- param: cron When it is due.
-- param: next_run_at When it is due next.
INSERT INTO {schema}.job_schedules (user_id, name, job_type, target, task_params, cron, next_run_at)
SELECT $1, n.name, 'alert', $2, jsonb_build_object('ticker', $2::text, 'timeframe', $3::text, 'rule', $4::jsonb), $5,
    $6::timestamptz
FROM (SELECT i, 'Alert: ' || $2::text || CASE WHEN i > 1 THEN ' (' || i || ')' ELSE '' END AS name
    FROM generate_series(1, 1 + (SELECT count(*) FROM {schema}.job_schedules c WHERE c.user_id = $1)) i) n
WHERE NOT EXISTS (SELECT FROM {schema}.job_schedules o WHERE o.user_id = $1 AND o.name = n.name)
ORDER BY n.i LIMIT 1
ON CONFLICT DO NOTHING
RETURNING *;

-- name: job_alert_update :one
-- scope: internal
-- Changes an alert; NULL leaves things as they are.
-- param: id The schedule.
-- param: timeframe? How often.
-- param: rule? JSON with the condition.
-- param: enabled? Whether it is ever due.
-- param: cron? When it is due.
-- param: next_run_at? When it is due next.
UPDATE {schema}.job_schedules
SET task_params = CASE jsonb_typeof(task_params) WHEN 'object' THEN task_params ELSE '{}' END
        || CASE WHEN $2::text IS NULL THEN '{}' ELSE jsonb_build_object('timeframe', $2::text) END
        || CASE WHEN $3::jsonb IS NULL THEN '{}' ELSE jsonb_build_object('rule', $3::jsonb) END,
    enabled = coalesce($4, enabled), cron = coalesce($5, cron), next_run_at = coalesce($6, next_run_at)
WHERE id = $1
RETURNING *;

-- name: job_alert_delete :exec
-- scope: internal
-- Deletes a schedule that is an alert.
-- param: id The schedule.
DELETE FROM {schema}.job_schedules WHERE id = $1 AND job_type = 'alert';
