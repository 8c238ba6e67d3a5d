-- SPDX-License-Identifier: MIT
-- Plans of the Telegram bot's lists and statistics on a million commands. In a migrated database of its own, from the
-- root of the sources:
--
--     psql -X -v parts=no -f tests/bench/plans_telegram.sql DATABASE
--
-- With parts=yes the commands lie in monthly partitions, as tests/db/partitions makes them. Prepared statements are
-- planned for all values at once, as after some uses: the worst case for conditions that may be left out. Plans inside
-- functions are shown, too, by auto_explain; the role must be a superuser.
\set ON_ERROR_STOP on
\pset pager off
SET client_min_messages = warning;
SET TimeZone = 'UTC';

INSERT INTO usr_users (email, created_at) SELECT 'u' || i || '@example.org', now() FROM generate_series(1, 200000) i;
INSERT INTO usr_auth_identities (user_id, provider, external_id, metadata)
    SELECT id, 'telegram', 't' || id, jsonb_build_object('verified', id % 3 > 0, 'approved', id % 1000 > 0, 'is_admin',
        id % 20000 = 0) FROM usr_users;
INSERT INTO usr_verification_codes (user_id, code, sent_time)
    SELECT 1 + i % 200000, i, 1700000000 + i FROM generate_series(1, 400000) i;
-- Account t1 sent a fifth of all commands, the others a few each; one command in a hundred failed.
INSERT INTO telegram_command_audits (telegram_user_id, command, full_message, success, response_time_ms, created_at)
    SELECT CASE WHEN i % 5 = 0 THEN 't1' ELSE 't' || 1 + i * 7919::bigint % 20000 END,
        (ARRAY['/start', '/alerts', '/schedules', '/help', '/price'])[1 + i % 5], '/price BTCUSDT 1d please',
        i % 100 > 0, i % 500, timestamptz '2023-11-01 00:00+00' + i * interval '28 seconds'
    FROM generate_series(1, 1000000) i;
INSERT INTO telegram_feedbacks (user_id, type, message, status)
    SELECT 1 + i % 200000, CASE WHEN i % 1000 = 0 THEN 'praise' ELSE 'bug' END, 'it broke',
        CASE WHEN i % 500 = 0 THEN 'open' ELSE 'closed' END FROM generate_series(1, 300000) i;
INSERT INTO telegram_broadcast_logs (message, sent_by, success_count, total_count, created_at)
    SELECT repeat('to all of you ', 30), 'admin', i % 90, 100, timestamptz '2023-11-01 00:00+00' + i * interval '3 minutes'
    FROM generate_series(1, 200000) i;
INSERT INTO job_schedules (user_id, name, job_type, target, cron, enabled, task_params, created_at)
    SELECT 1 + i % 50000, 'n' || i, CASE WHEN i % 2 = 0 THEN 'alert' ELSE 'screener' END, 'BTC', '* * * * *', i % 10 > 0,
        '{"config_json": "{\"price\": 1.5, \"condition\": \"above\"}", "telegram_user_id": "t1"}',
        timestamptz '2023-11-01 00:00+00' + i * interval '1 minute' FROM generate_series(1, 300000) i;
\if :parts
SET search_path = public;
\i tests/db/partitions/0001_partition.up.sql
\endif
VACUUM ANALYZE;
SET plan_cache_mode = force_generic_plan;
SET jit = off;
LOAD 'auto_explain';
SET auto_explain.log_nested_statements = on;
SET auto_explain.log_analyze = on;
SET auto_explain.log_timing = off;
SET auto_explain.log_level = notice;
SET client_min_messages = notice;
\set VERBOSITY terse

\set prepare 'tests/bench/query.sh'
\set query `:prepare telegram_list_commands`
PREPARE list_commands(text, text, boolean, timestamptz, timestamptz, bigint, bigint) AS :query;
\set query `:prepare telegram_last_commands`
PREPARE last_commands(text, bigint) AS :query;
\set query `:prepare telegram_command_stats`
PREPARE command_stats(timestamptz, timestamptz) AS :query;
\set query `:prepare telegram_command_stats_by_command`
PREPARE stats_by_command(timestamptz, timestamptz) AS :query;
\set query `:prepare telegram_unique_users`
PREPARE unique_users(text, bigint) AS :query;
\set query `:prepare telegram_list_feedback`
PREPARE list_feedback(text, text, bigint, bigint) AS :query;
\set query `:prepare telegram_list_broadcasts`
PREPARE list_broadcasts(timestamptz, bigint, bigint) AS :query;
\set query `:prepare telegram_broadcast_history`
PREPARE broadcast_history(timestamptz, bigint, bigint) AS :query;
\set query `:prepare telegram_broadcast_stats`
PREPARE broadcast_stats AS :query;
\set query `:prepare telegram_list_alerts`
PREPARE list_alerts(text, bigint) AS :query;
\set query `:prepare telegram_active_alerts`
PREPARE active_alerts(bigint) AS :query;
\set query `:prepare telegram_list_schedules`
PREPARE list_schedules(text, bigint) AS :query;
\set query `:prepare telegram_active_schedules`
PREPARE active_schedules(bigint) AS :query;
\set query `:prepare telegram_get_user_status`
PREPARE user_status(text) AS :query;
\set query `:prepare telegram_codes_sent_since`
PREPARE codes_sent_since(text, bigint) AS :query;
\set query `:prepare users_list_pending_approvals`
PREPARE pending_approvals AS :query;
\set query `:prepare users_list_admin_telegram_ids`
PREPARE admin_ids AS :query;

\set explain 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF)'
SET auto_explain.log_min_duration = 0;
\echo == list_commands: all, newest page
:explain EXECUTE list_commands(NULL, NULL, NULL, NULL, NULL, NULL, NULL);
\echo == list_commands: all, a page in the middle
:explain EXECUTE list_commands(NULL, NULL, NULL, NULL, NULL, 500000, 100);
\echo == list_commands: busy account
:explain EXECUTE list_commands('t1', NULL, NULL, NULL, NULL, NULL, NULL);
\echo == list_commands: quiet account
:explain EXECUTE list_commands('t777', NULL, NULL, NULL, NULL, NULL, NULL);
\echo == list_commands: unknown account
:explain EXECUTE list_commands('nobody', NULL, NULL, NULL, NULL, NULL, NULL);
\echo == list_commands: command
:explain EXECUTE list_commands(NULL, '/price', NULL, NULL, NULL, NULL, NULL);
\echo == list_commands: unknown command
:explain EXECUTE list_commands(NULL, '/nothing', NULL, NULL, NULL, NULL, NULL);
\echo == list_commands: failures
:explain EXECUTE list_commands(NULL, NULL, false, NULL, NULL, NULL, NULL);
\echo == list_commands: an hour long ago
:explain EXECUTE list_commands(NULL, NULL, NULL, '2023-12-24 18:00+00', '2023-12-24 19:00+00', NULL, NULL);
\echo == list_commands: a month long ago
:explain EXECUTE list_commands(NULL, NULL, NULL, '2023-12-01 00:00+00', '2023-12-31 23:59+00', NULL, NULL);
\echo == list_commands: since the beginning
:explain EXECUTE list_commands(NULL, NULL, NULL, '2023-01-01 00:00+00', NULL, NULL, NULL);
\echo == last_commands: busy account
:explain EXECUTE last_commands('t1', NULL);
\echo == command_stats: a day
:explain EXECUTE command_stats('2024-03-01 00:00+00', '2024-03-01 23:59+00');
\echo == command_stats: all
:explain EXECUTE command_stats(NULL, NULL);
\echo == command_stats_by_command: a day
:explain EXECUTE stats_by_command('2024-03-01 00:00+00', '2024-03-01 23:59+00');
\echo == command_stats_by_command: all
:explain EXECUTE stats_by_command(NULL, NULL);
\echo == unique_users: a page
:explain EXECUTE unique_users('t5', 100);
\echo == unique_users: all
:explain EXECUTE unique_users(NULL, NULL);
\echo == list_feedback: all
:explain EXECUTE list_feedback(NULL, NULL, NULL, NULL);
\echo == list_feedback: rare type
:explain EXECUTE list_feedback('praise', NULL, NULL, NULL);
\echo == list_feedback: open
:explain EXECUTE list_feedback(NULL, 'open', NULL, NULL);
\echo == list_broadcasts: a page in the middle
:explain EXECUTE list_broadcasts('2024-03-01 00:00+00', 90000, NULL);
\echo == broadcast_history: newest page
:explain EXECUTE broadcast_history(NULL, NULL, NULL);
\echo == broadcast_stats
:explain EXECUTE broadcast_stats;
\echo == list_alerts
:explain EXECUTE list_alerts('t77', NULL);
\echo == active_alerts
:explain EXECUTE active_alerts(NULL);
\echo == list_schedules
:explain EXECUTE list_schedules('t77', NULL);
\echo == active_schedules
:explain EXECUTE active_schedules(NULL);
\echo == get_user_status
:explain EXECUTE user_status('t77');
\echo == count_codes_last_hour
:explain EXECUTE codes_sent_since('t77', 1700300000);
\echo == pending approvals
:explain EXECUTE pending_approvals;
\echo == admins
:explain EXECUTE admin_ids;
\echo == verify_code: a wrong one
:explain SELECT telegram_verify_code('t77', '000000', 3600, 1700200000);
