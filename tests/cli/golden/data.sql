-- SPDX-License-Identifier: MIT
-- What the golden outputs show: ids and times are given, so that they are the same at every run.
SET TimeZone = 'UTC';
BEGIN;

INSERT INTO usr_users (id, email, role, is_active, created_at, updated_at, last_login) VALUES
    (1, 'ada@example.org', 'admin', true, '2024-01-02 03:04:05Z', NULL, '2024-05-01 08:00:00.25Z'),
    (2, 'trader@example.org', 'trader', true, '2024-01-03 00:00Z', NULL, NULL),
    (3, NULL, 'viewer', false, '2024-02-29 23:59:59.999999Z', NULL, NULL),
    (4, '杉田玄白@例え.example', 'trader', true, '2024-03-31 00:30Z', NULL, '2024-03-31 01:30Z');
INSERT INTO usr_auth_identities (id, user_id, provider, external_id, metadata, created_at) VALUES
    (1, 1, 'telegram', '1001', '{"verified": true, "approved": true, "is_admin": true, "language": "en"}', '2024-01-02 03:04:05Z'),
    (2, 2, 'telegram', '1002', '{"verified": true, "max_alerts": 5, "verification_code": "hunter2"}', '2024-01-03 00:00Z'),
    (3, 4, 'telegram', '1004', '{"verified": false, "approved": false}', '2024-03-31 00:30Z'),
    (4, 2, 'web', 'trader', '{}', '2024-01-03 00:00Z');

INSERT INTO trading_bots (id, user_id, type, status, description, config, started_at, last_heartbeat, error_count,
    current_balance, total_pnl, extra_metadata, created_at) VALUES
    (1, 2, 'paper', 'running', 'momentum on the majors', '{"symbol": "BTCUSDT", "cash": 1000.10, "tags": [], "rules": [{"name": "rsi"}, 7]}',
     '2024-04-01 00:00Z', '2024-05-01 12:00Z', 0, 1012.339, 12.339, '{"stake_currency": "USDT"}', '2024-03-31 00:00Z'),
    (2, 2, 'live', 'error', E'波段 bot, "β"\n\twith a tab \x1b[31m and more text than a narrow terminal has room for', '{}',
     NULL, '2024-04-30 00:00:00.5Z', 3, 0.000000000000000000000001, -99999999999999.999, '{"last_error": "out of money"}', '2024-04-01 00:00Z'),
    (3, 1, 'optimization', 'disabled', '', '{}', NULL, NULL, NULL, NULL, NULL, NULL, '2024-04-02 00:00Z');

INSERT INTO trading_positions (id, bot_id, trade_type, symbol, direction, opened_at, closed_at, qty_open, avg_price, realized_pnl, status) VALUES
    (1, 1, 'paper', 'ETHUSDT', 'long', '2024-05-01 11:00Z', NULL, 0.5, 3000.25, 0, 'open');
INSERT INTO trading_trades (id, bot_id, position_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, symbol, interval,
    direction, status, entry_time, exit_time, entry_price, exit_price, entry_value, exit_value, size, commission, gross_pnl, net_pnl,
    pnl_percentage, exit_reason, extra_metadata, created_at) VALUES
    (1, 1, NULL, 'paper', 'Momentum', 'rsi', 'roi', 'BTCUSDT', '5m', 'long', 'closed', '2024-04-01 10:00Z', '2024-04-01 12:30:15.123456Z',
     64250.10, 64900, 6425.01, 6490, 0.1, 12.91501, 64.99, 52.07499, 0.81050 , 'take_profit', '{"note": "a, \"b\""}', '2024-04-01 10:00Z'),
    (2, 1, NULL, 'paper', 'Momentum', 'rsi', 'stop', 'BTCUSDT', '5m', 'short', 'closed', '2024-04-02 10:00Z', '2024-04-03 00:00Z',
     65000, 65400.5, 6500, 6540.05, 0.1, 13.04005, -40.05, -53.09005, -0.81677, 'stop_loss', NULL, '2024-04-02 10:00Z'),
    (3, 1, NULL, 'paper', 'Momentum', 'rsi', 'roi', 'XRP/ETH', '5m', 'long', 'closed', '2024-04-05 10:00Z', '2024-04-06 09:00Z',
     0.000102030405060708091, 0.00010313, 0.0102030405060708091, 0.010313, 100, 0.00005, 0.0001099594939291909, 0.0000599594939291909, 0.58766, 'take_profit', NULL, '2024-04-05 10:00Z'),
    (4, 1, NULL, 'paper', 'Momentum', 'rsi', 'roi', 'BTCUSDT', '5m', 'long', 'closed', '2024-04-10 10:00Z', '2024-04-11 09:00Z',
     66000, 66000, 6600, 6600, 0.1, 0, 0, 0, 0, NULL, NULL, '2024-04-10 10:00Z'),
    (5, 1, NULL, 'paper', NULL, 'rsi', 'roi', 'BTCUSDT', '1h', 'long', 'cancelled', NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2024-04-12 10:00Z'),
    (6, 1, 1, 'paper', 'Momentum', 'rsi', 'roi', 'ETHUSDT', '5m', 'long', 'open', '2024-05-01 11:00Z', NULL,
     3000.25, NULL, NULL, NULL, 0.5, 1.5, NULL, NULL, NULL, NULL, NULL, '2024-05-01 11:00Z'),
    (7, 2, NULL, 'live', 'Swing 波段', 'breakout', 'trailing', 'BTC/USDT:USDT', '1d', 'short', 'closed', '2024-04-20 00:00Z', '2024-04-28 00:00Z',
     63000, 61000.5, 126000, 122001, 2, 248.001, 3999, 3750.999, 2.97698, 'trailing_stop_loss', NULL, '2024-04-20 00:00Z');

-- a code that was sent just now, and one of long ago
INSERT INTO usr_verification_codes (id, user_id, code, sent_time, provider, created_at) VALUES
    (1, 2, '123456', extract(epoch FROM now())::bigint, 'telegram', now()),
    (2, 2, '654321', 1704240000, 'telegram', '2024-01-03 00:00Z');

INSERT INTO job_schedules (id, user_id, name, job_type, target, task_params, cron, enabled, next_run_at, created_at, updated_at,
    timezone, missed_policy, missed_limit, overlap_policy, max_attempts, last_run_at) VALUES
    (1, 2, 'daily equity', 'report', 'equity', '{"bot": 1}', '0 9 * * 1-5', true, '2024-05-02 07:00Z', '2024-04-01 00:00Z',
     '2024-04-01 00:00Z', 'Europe/Berlin', 'latest', 10, 'skip', 3, '2024-05-01 07:00Z'),
    (2, 2, 'Alert: BTCUSDT', 'alert', 'BTCUSDT', '{"rule": {"above": 70000}}', '*/15 * * * *', false, '2024-04-02 00:15Z',
     '2024-04-02 00:00Z', '2024-04-02 00:00Z', 'UTC', 'skip', 10, 'skip', 1, NULL),
    (3, 1, 'screen the tech sector', 'screener', 'tech', '{}', '@daily', true, NULL, '2024-04-03 00:00Z', '2024-04-03 00:00Z',
     'Asia/Kolkata', 'all', 2, 'queue', 1, NULL);
INSERT INTO job_schedule_runs (id, job_type, job_id, user_id, status, scheduled_for, enqueued_at, started_at, finished_at,
    job_snapshot, result, error, worker_id, attempt, max_attempts, priority) VALUES
    (1, 'report', 1, 2, 'completed', '2024-04-30 07:00Z', '2024-04-30 07:00:00.1Z', '2024-04-30 07:00:01Z', '2024-04-30 07:00:03.5Z',
     '{"schedule_id": 1}', '{"pages": 2}', NULL, 'worker-1', 1, 3, 0),
    (2, 'report', 1, 2, 'failed', '2024-05-01 07:00Z', '2024-05-01 07:00:00.1Z', '2024-05-01 07:00:01Z', '2024-05-01 07:01Z',
     '{"schedule_id": 1}', NULL, 'no space left on device', 'worker-2', 3, 3, 0),
    (3, 'screener', NULL, 1, 'pending', '2024-05-03 00:00Z', '2024-05-01 00:00Z', NULL, NULL, '{"tickers": ["A", "B"]}', NULL, NULL,
     NULL, 0, 1, 5),
    (4, 'report', 1, 2, 'pending', '2024-05-02 07:00Z', '2024-05-01 07:02Z', NULL, NULL, '{}', NULL, NULL, NULL, 0, 3, 0);

INSERT INTO telegram_command_audits (id, telegram_user_id, command, full_message, is_registered_user, user_email, success,
    error_message, response_time_ms, created_at) VALUES
    (1, '1001', '/start', '/start', true, 'ada@example.org', true, NULL, 12, '2024-05-01 08:00Z'),
    (2, '1002', '/report', '/report bot 1', true, 'trader@example.org', true, NULL, 350, '2024-05-01 09:00Z'),
    (3, '6666', '/report', E'/report\n\x1b[2J', false, NULL, false, 'not a known user', 0, '2024-05-01 09:30Z'),
    (4, '1002', '/alert', '/alert BTCUSDT > 70000', true, 'trader@example.org', false, 'the limit of 5 alerts is reached', 25, '2024-05-01 10:00:00.75Z'),
    (5, '1002', '/report', '/report', true, 'trader@example.org', true, NULL, 250, '2024-05-02 09:00Z');
INSERT INTO telegram_feedbacks (id, user_id, type, message, created_at, status) VALUES
    (1, 2, 'bug', 'The report shows 波段 twice', '2024-05-01 08:00Z', 'open'),
    (2, 1, 'feature_request', E'Send the picture, too\nplease', '2024-05-02 08:00Z', 'resolved');
INSERT INTO telegram_settings (key, value) VALUES
    ('greeting', 'Hello, "trader"'), ('maintenance', NULL), ('max_alerts', '5'), ('motto', '');

SELECT setval(pg_get_serial_sequence(t, 'id'), 100) FROM unnest(ARRAY['usr_users', 'usr_auth_identities', 'trading_bots',
    'trading_positions', 'trading_trades', 'job_schedules', 'job_schedule_runs', 'telegram_command_audits',
    'telegram_feedbacks']) t;
COMMIT;
