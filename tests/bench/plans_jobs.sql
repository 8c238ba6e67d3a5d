-- SPDX-License-Identifier: MIT
-- The plans of every list, queue and statistic of jobs over 100,000 schedules and a million runs. Lists and queues are
-- shown with generic plans: those that a prepared statement settles for whatever its arguments are. On a migrated database
-- of its own:
--
--     psql -X -d "$DB_URL" -f tests/bench/plans_jobs.sql
--
-- Statements are those of schema/queries/jobs.sql and of the lists that lib/service/jobs_*.c asks the engine for.
\set ON_ERROR_STOP on
\pset tuples_only on
\pset format unaligned

INSERT INTO job_schedules (user_id, name, job_type, target, task_params, cron, enabled, next_run_at, created_at)
SELECT i % 2000, 'schedule ' || i,
    (ARRAY['report', 'screener', 'alert', 'alert', 'alert', 'notification', 'data_processing', 'backup'])[1 + i % 8],
    'BTCUSDT', jsonb_build_object('ticker', 'BTCUSDT', 'telegram_user_id', (i % 2000)::text), '*/5 * * * *', i % 50 <> 0,
    CASE WHEN i % 1000 <> 0 THEN now() + (i % 2000 - 20) * interval '1 minute' END, now() - i * interval '1 minute'
FROM generate_series(1, 100000) i;

INSERT INTO job_schedule_runs (job_type, job_id, user_id, status, scheduled_for, started_at, finished_at, job_snapshot,
    result, priority)
SELECT s.job_type, s.id, s.user_id,
    CASE WHEN i % 100 = 0 THEN 'pending' WHEN i % 1000 = 1 THEN 'running' WHEN i % 20 = 3 THEN 'failed'
        WHEN i % 50 = 4 THEN 'cancelled' WHEN i % 100 = 5 THEN 'skipped' WHEN i % 500 = 6 THEN 'missed'
        WHEN i % 5000 = 7 THEN 'dead' ELSE 'completed' END,
    now() - 400 * interval '1 day' + i * interval '35 seconds', now(), now() + interval '3 seconds',
    jsonb_build_object('schedule_id', s.id, 'task_params', s.task_params), '{"rows": 3}', i % 3
FROM generate_series(1, 1000000) i
JOIN (SELECT *, row_number() OVER (ORDER BY id) AS n FROM job_schedules) s ON s.n = 1 + i % 99991;
VACUUM ANALYZE job_schedules;
VACUUM ANALYZE job_schedule_runs;
SELECT count(*) || ' schedules' FROM job_schedules;
SELECT count(*) || ' runs, ' || count(*) FILTER (WHERE status = 'pending') || ' pending' FROM job_schedule_runs;

SET plan_cache_mode = force_generic_plan;
SET jit = off;
SELECT min(id) AS schedule FROM job_schedules WHERE job_type = 'alert' \gset
SELECT min(id) AS run FROM job_schedule_runs \gset

\echo '== jobs_get_schedule_by_name'
PREPARE by_name(bigint, text) AS
SELECT * FROM job_schedules WHERE user_id = $1 AND name = $2 ORDER BY id LIMIT 1;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE by_name(7, 'schedule 7');

\echo '== jobs_list_schedules: all, first page'
PREPARE schedules(bigint) AS SELECT * FROM job_schedules ORDER BY created_at DESC, id DESC LIMIT $1;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE schedules(100);
\echo '== jobs_list_schedules: all, a page in the middle'
PREPARE schedules_after(timestamptz, bigint, bigint) AS
SELECT * FROM job_schedules WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE schedules_after(now() - interval '30 days', 50000, 100);
\echo '== jobs_list_schedules: of a user'
PREPARE schedules_user(bigint, bigint) AS
SELECT * FROM job_schedules WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE schedules_user(7, 100);
\echo '== jobs_list_schedules: of a type'
PREPARE schedules_type(text, bigint) AS
SELECT * FROM job_schedules WHERE job_type = $1 ORDER BY created_at DESC, id DESC LIMIT $2;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE schedules_type('backup', 100);
\echo '== jobs_list_schedules: disabled ones'
PREPARE schedules_enabled(boolean, bigint) AS
SELECT * FROM job_schedules WHERE enabled = $1 ORDER BY created_at DESC, id DESC LIMIT $2;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE schedules_enabled(false, 100);
\echo '== jobs_list_schedules: disabled ones of a user and type'
PREPARE schedules_three(bigint, text, boolean, bigint) AS
SELECT * FROM job_schedules WHERE user_id = $1 AND job_type = $2 AND enabled = $3
ORDER BY created_at DESC, id DESC LIMIT $4;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE schedules_three(50, 'alert', false, 100);

\echo '== jobs_active_alerts'
PREPARE alerts(bigint) AS
SELECT * FROM job_schedules WHERE enabled AND job_type = 'alert' ORDER BY created_at DESC, id DESC LIMIT $1;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE alerts(1000);
\echo '== jobs_user_alerts'
PREPARE user_alerts(bigint, boolean) AS
SELECT s.id FROM job_schedules s WHERE s.user_id = $1 AND s.job_type = 'alert' AND (s.enabled OR NOT $2)
ORDER BY s.created_at DESC, s.id DESC;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE user_alerts(3, true);
\echo '== jobs_pending_schedules'
PREPARE due(timestamptz, bigint) AS
SELECT * FROM job_schedules
WHERE enabled AND coalesce(next_run_at, '-infinity'::timestamptz) <= coalesce($1, statement_timestamp())
ORDER BY coalesce(next_run_at, '-infinity'::timestamptz), id LIMIT $2;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE due(NULL, 1000);

\echo '== jobs_list_runs: all, first page'
PREPARE runs(bigint) AS SELECT * FROM job_schedule_runs ORDER BY scheduled_for DESC, id DESC LIMIT $1;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE runs(100);
\echo '== jobs_list_runs: all, a page in the middle'
PREPARE runs_after(timestamptz, bigint, bigint) AS
SELECT * FROM job_schedule_runs WHERE (scheduled_for, id) < ($1, $2) ORDER BY scheduled_for DESC, id DESC LIMIT $3;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE runs_after(now() - interval '200 days', 500000, 100);
\echo '== jobs_list_runs: of a user'
PREPARE runs_user(bigint, bigint) AS
SELECT * FROM job_schedule_runs WHERE user_id = $1 ORDER BY scheduled_for DESC, id DESC LIMIT $2;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE runs_user(7, 100);
\echo '== jobs_list_runs: of a type'
PREPARE runs_type(text, bigint) AS
SELECT * FROM job_schedule_runs WHERE job_type = $1 ORDER BY scheduled_for DESC, id DESC LIMIT $2;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE runs_type('backup', 100);
\echo '== jobs_list_runs: of a rare status'
PREPARE runs_status(text, bigint) AS
SELECT * FROM job_schedule_runs WHERE status = $1 ORDER BY scheduled_for DESC, id DESC LIMIT $2;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE runs_status('dead', 100);
\echo '== jobs_list_runs: failed ones of a user and type'
PREPARE runs_three(bigint, text, text, bigint) AS
SELECT * FROM job_schedule_runs WHERE user_id = $1 AND job_type = $2 AND status = $3
ORDER BY scheduled_for DESC, id DESC LIMIT $4;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE runs_three(7, 'backup', 'failed', 100);
\echo '== jobs_runs_by_job'
PREPARE runs_job(text, bigint, bigint) AS
SELECT * FROM job_schedule_runs WHERE job_type = $1 AND job_id = $2 ORDER BY scheduled_for DESC, id DESC LIMIT $3;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE runs_job('alert', :schedule, 100);

PREPARE pending(text, timestamptz, bigint) AS
SELECT r.* FROM (
    (SELECT p.id FROM job_schedule_runs p WHERE $1::text IS NULL AND p.status = 'pending'
        AND ($2::timestamptz IS NULL OR (coalesce(p.scheduled_for, '-infinity'::timestamptz) <= $2
            AND coalesce(p.run_after, '-infinity') <= $2))
    ORDER BY p.priority DESC, coalesce(p.scheduled_for, '-infinity'::timestamptz), p.id LIMIT $3)
  UNION ALL
    (SELECT p.id FROM job_schedule_runs p WHERE p.job_type = $1 AND p.status = 'pending'
        AND ($2::timestamptz IS NULL OR (coalesce(p.scheduled_for, '-infinity'::timestamptz) <= $2
            AND coalesce(p.run_after, '-infinity') <= $2))
    ORDER BY p.priority DESC, coalesce(p.scheduled_for, '-infinity'::timestamptz), p.id LIMIT $3)) k
JOIN job_schedule_runs r ON r.id = k.id
ORDER BY r.priority DESC, coalesce(r.scheduled_for, '-infinity'::timestamptz), r.id;
\echo '== jobs_pending_runs: all, due now'
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE pending(NULL, now(), 10);
\echo '== jobs_pending_runs: of a type, future ones too'
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE pending('backup', NULL, 10);

-- A range has no generic estimate, so the server keeps planning these with their arguments. Each is run as often as it
-- takes the server to make up its mind, then shown.
SET plan_cache_mode = auto;
PREPARE statistics(bigint, text, timestamptz) AS
SELECT count(*) AS total_runs, count(*) FILTER (WHERE r.status = 'completed') AS completed,
    round(avg(extract(epoch FROM r.finished_at - r.started_at)) FILTER (WHERE r.status = 'completed'
        AND isfinite(r.started_at) AND isfinite(r.finished_at)), 6) AS average_execution_seconds
FROM (
    SELECT a.status, a.started_at, a.finished_at FROM job_schedule_runs a
    WHERE $1::bigint IS NULL AND $2::text IS NULL AND a.scheduled_for >= $3
  UNION ALL
    SELECT u.status, u.started_at, u.finished_at FROM job_schedule_runs u
    WHERE u.user_id = $1 AND ($2::text IS NULL OR u.job_type = $2) AND u.scheduled_for >= $3
  UNION ALL
    SELECT t.status, t.started_at, t.finished_at FROM job_schedule_runs t
    WHERE $1::bigint IS NULL AND t.job_type = $2 AND t.scheduled_for >= $3) r;
\echo '== jobs_run_statistics: all, 30 days'
\o /dev/null
EXECUTE statistics(NULL, NULL, now() - interval '30 days');
EXECUTE statistics(NULL, NULL, now() - interval '30 days');
EXECUTE statistics(NULL, NULL, now() - interval '30 days');
EXECUTE statistics(NULL, NULL, now() - interval '30 days');
EXECUTE statistics(NULL, NULL, now() - interval '30 days');
EXECUTE statistics(NULL, NULL, now() - interval '30 days');
\o
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE statistics(NULL, NULL, now() - interval '30 days');
\echo '== jobs_run_statistics: of a user, 30 days'
\o /dev/null
EXECUTE statistics(7, NULL, now() - interval '30 days');
EXECUTE statistics(7, NULL, now() - interval '30 days');
EXECUTE statistics(7, NULL, now() - interval '30 days');
EXECUTE statistics(7, NULL, now() - interval '30 days');
EXECUTE statistics(7, NULL, now() - interval '30 days');
EXECUTE statistics(7, NULL, now() - interval '30 days');
\o
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE statistics(7, NULL, now() - interval '30 days');
\echo '== jobs_run_statistics: of a type, 30 days'
\o /dev/null
EXECUTE statistics(NULL, 'backup', now() - interval '30 days');
EXECUTE statistics(NULL, 'backup', now() - interval '30 days');
EXECUTE statistics(NULL, 'backup', now() - interval '30 days');
EXECUTE statistics(NULL, 'backup', now() - interval '30 days');
EXECUTE statistics(NULL, 'backup', now() - interval '30 days');
EXECUTE statistics(NULL, 'backup', now() - interval '30 days');
\o
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE statistics(NULL, 'backup', now() - interval '30 days');

PREPARE cleanup(timestamptz) AS
SELECT count(*) FROM job_schedule_runs
WHERE status IN ('completed', 'failed', 'skipped', 'missed', 'dead') AND scheduled_for < $1;
\echo '== jobs_cleanup_old_runs: what it finds'
\o /dev/null
EXECUTE cleanup(now() - interval '390 days');
EXECUTE cleanup(now() - interval '390 days');
EXECUTE cleanup(now() - interval '390 days');
EXECUTE cleanup(now() - interval '390 days');
EXECUTE cleanup(now() - interval '390 days');
EXECUTE cleanup(now() - interval '390 days');
\o
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE cleanup(now() - interval '390 days');

BEGIN;
\echo '== jobs_claim_run'
PREPARE claim(bigint, text, bigint) AS
WITH free AS MATERIALIZED (
    SELECT r.id FROM job_schedule_runs r
    WHERE r.id = $1 AND r.status = 'pending' AND (r.run_after IS NULL OR r.run_after <= statement_timestamp())
    FOR NO KEY UPDATE SKIP LOCKED)
UPDATE job_schedule_runs r
SET status = 'running', started_at = statement_timestamp(), finished_at = NULL, worker_id = $2,
    attempt = coalesce(r.attempt, 0) + 1, lease_token = gen_random_uuid(),
    lease_until = statement_timestamp() + make_interval(secs => $3::bigint), heartbeat_at = statement_timestamp()
FROM free f WHERE r.id = f.id
RETURNING r.id;
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) EXECUTE claim(:run + 99, 'w', 600);
ROLLBACK;
