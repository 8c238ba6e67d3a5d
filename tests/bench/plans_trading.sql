-- SPDX-License-Identifier: MIT
-- Plans of the lists and statistics of trading on a million trades. In a migrated database of its own, from the root
-- of the sources:
--
--     psql -X -f tests/bench/plans_trading.sql DATABASE
--
-- Prepared statements are planned for all values at once, as after some uses: the worst case for conditions that may
-- be left out. Plans inside functions are shown, too, by auto_explain; the role must be a superuser.
\set ON_ERROR_STOP on
\pset pager off
SET client_min_messages = warning;
SET TimeZone = 'UTC';

-- 1000 bots with 1000 trades each, spread over the table, of 20 strategies and 50 symbols; 1 in 1000 is open.
INSERT INTO usr_users (id) OVERRIDING SYSTEM VALUE SELECT i FROM generate_series(1, 100) i;
INSERT INTO trading_bots (id, user_id, type, status, config) OVERRIDING SYSTEM VALUE
    SELECT i, 1 + i % 100, CASE WHEN i % 50 = 0 THEN 'live' ELSE 'paper' END,
        CASE WHEN i % 100 = 0 THEN 'error' ELSE 'running' END, '{}' FROM generate_series(1, 1000) i;
INSERT INTO trading_trades (bot_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, symbol, interval,
        direction, status, entry_time, exit_time, entry_price, exit_price, size, commission, exit_reason, extra_metadata)
    SELECT 1 + i % 1000, CASE WHEN (1 + i % 1000) % 50 = 0 THEN 'live' ELSE 'paper' END, 'strategy' || i % 20, 'entry',
        'exit', 'S' || i / 7 % 50, '5m', CASE WHEN i % 9 = 4 THEN 'short' ELSE 'long' END,
        CASE WHEN i / 1000 % 1000 = 999 THEN 'open' ELSE 'closed' END, opened,
        CASE WHEN i / 1000 % 1000 <> 999 THEN opened + i * 7919 % 7200 * interval '1 second' END,
        40000 + i % 20000 + 0.12345678, 40000 + i % 20000 + i * 104729 % 2000 / 10.0 - 95, 0.001 + i * 0.00000001, 0.01,
        (ARRAY['roi', 'stop_loss', 'signal', 'trailing_stop'])[1 + i * 31 % 4], '{"fee_open": "0.00075", "fee_close": "0.001"}'
    FROM generate_series(1, 1000000::bigint) i,
        LATERAL (SELECT timestamptz '2022-01-01 00:00+00' + i * interval '90 seconds' AS opened) o;
INSERT INTO trading_positions (bot_id, trade_type, symbol, direction, status, qty_open, avg_price)
    SELECT 1 + i % 1000, 'paper', 'S' || i / 1000, 'long', CASE WHEN i < 1000 THEN 'open' ELSE 'closed' END, 0, NULL
    FROM generate_series(0, 199999) i;
INSERT INTO trading_performance_metrics (bot_id, trade_type, metrics, calculated_at)
    SELECT 1 + i % 1000, 'paper', '{}', timestamptz '2022-01-01 00:00+00' + i * interval '1 hour'
    FROM generate_series(1, 200000) i;
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
-- Statements that take less are the few sums over what was read.
SET auto_explain.log_min_duration = 1;

\set prepare 'tests/bench/query.sh'
\set query `:prepare trading_metrics_read`
PREPARE metrics(bigint, text, text, text, text, text, text, timestamptz, timestamptz, numeric, numeric, bigint) AS :query;
\set query `:prepare trading_pnl_summary`
PREPARE summary(bigint) AS :query;
\set query `:prepare trading_pnl_by_symbol`
PREPARE by_symbol(bigint) AS :query;
\set query `:prepare trading_equity_curve`
PREPARE equity_curve(bigint) AS :query;
\set query `:prepare trading_drawdown`
PREPARE drawdown(bigint) AS :query;
\set query `:prepare trading_metrics_latest`
PREPARE metrics_latest(bigint, bigint) AS :query;
\set query `:prepare trading_trades_open`
PREPARE trades_open(bigint, text) AS :query;
\set query `:prepare trading_positions_open`
PREPARE positions_open(bigint, text) AS :query;
\set query `:prepare trading_bots_by_status`
PREPARE bots_by_status(text, bigint) AS :query;
\set query `:prepare trading_bots_enabled`
PREPARE bots_enabled(bigint) AS :query;
\set query `:prepare trading_trades_purge`
PREPARE purge(bigint, timestamptz) AS :query;
-- As the generated lists send them.
PREPARE trades_of_bot(bigint, bigint) AS
    SELECT * FROM trading_trades WHERE bot_id = $1 ORDER BY id DESC LIMIT $2;
PREPARE closed_of_bot(bigint, text, bigint) AS
    SELECT * FROM trading_trades WHERE bot_id = $1 AND status = $2 ORDER BY exit_time DESC, id DESC LIMIT $3;
PREPARE closed(text, bigint) AS
    SELECT * FROM trading_trades WHERE status = $1 ORDER BY exit_time DESC, id DESC LIMIT $2;
PREPARE entered(timestamptz, timestamptz, bigint) AS
    SELECT * FROM trading_trades WHERE entry_time >= $1 AND entry_time < $2 ORDER BY entry_time DESC, id DESC LIMIT $3;
PREPARE trades_of_symbol(text, bigint) AS
    SELECT * FROM trading_trades WHERE symbol = $1 ORDER BY id DESC LIMIT $2;

\set explain 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, BUFFERS OFF)'
\echo == metrics: a bot, 1000 trades
:explain EXECUTE metrics(7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1000, NULL, NULL);
\echo == metrics: a bot, a month
:explain EXECUTE metrics(7, NULL, NULL, NULL, NULL, NULL, NULL, '2023-03-01 00:00+00', '2023-04-01 00:00+00', 1000, NULL, NULL);
\echo == metrics: a bot and a symbol
:explain EXECUTE metrics(7, NULL, NULL, 'S3', NULL, NULL, NULL, NULL, NULL, 1000, NULL, NULL);
\echo == metrics: a strategy, 50000 trades
:explain EXECUTE metrics(NULL, NULL, 'strategy3', NULL, NULL, NULL, NULL, NULL, NULL, 100000, NULL, NULL);
\echo == metrics: a strategy, a month
:explain EXECUTE metrics(NULL, NULL, 'strategy3', NULL, NULL, NULL, NULL, '2023-03-01 00:00+00', '2023-04-01 00:00+00', 100000, NULL, NULL);
\echo == metrics: a symbol, a month
:explain EXECUTE metrics(NULL, NULL, NULL, 'S3', NULL, NULL, NULL, '2023-03-01 00:00+00', '2023-04-01 00:00+00', 100000, NULL, NULL);
\echo == metrics: all, a day
:explain EXECUTE metrics(NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2023-03-01 00:00+00', '2023-03-02 00:00+00', 100000, NULL, NULL);
\echo == summary: a bot
:explain EXECUTE summary(7);
\echo == by symbol: a bot
:explain EXECUTE by_symbol(7);
\echo == equity curve: a bot
:explain EXECUTE equity_curve(7);
\echo == drawdown: a bot
:explain EXECUTE drawdown(7);
\echo == metrics_latest
:explain EXECUTE metrics_latest(7, NULL);
\echo == open trades: a bot
:explain EXECUTE trades_open(7, NULL);
\echo == open trades: a symbol
:explain EXECUTE trades_open(NULL, 'S3');
\echo == open positions: a bot
:explain EXECUTE positions_open(7, NULL);
\echo == bots of a status
:explain EXECUTE bots_by_status('error', NULL);
\echo == bots that are not disabled, of a user
:explain EXECUTE bots_enabled(7);
\echo == trades of a bot, the newest 100
:explain EXECUTE trades_of_bot(7, 100);
\echo == closed trades of a bot, the newest 100
:explain EXECUTE closed_of_bot(7, 'closed', 100);
\echo == closed trades, the newest 100
:explain EXECUTE closed('closed', 100);
\echo == trades entered in a day, the newest 100
:explain EXECUTE entered('2023-03-01 00:00+00', '2023-03-02 00:00+00', 100);
\echo == trades of a symbol, the newest 100
:explain EXECUTE trades_of_symbol('S3', 100);
\echo == purge: a bot, all but the last year
BEGIN;
:explain EXECUTE purge(7, '2023-11-01 00:00+00');
ROLLBACK;
\echo == purge: a bot, nothing
BEGIN;
:explain EXECUTE purge(7, '2021-01-01 00:00+00');
ROLLBACK;
