-- SPDX-License-Identifier: MIT
-- :n trades of bot 1 and a tenth as many of bot 2 to read, in schema public; schema w is empty, for the writers, but
-- for what trades refer to. The values are those of trade.c.
INSERT INTO usr_users (id) VALUES (1);
INSERT INTO trading_bots (id, user_id, type, status, current_balance, total_pnl, config)
    SELECT i, 1, 'paper', 'running', 10000, 0, '{"symbol": "BTCUSDT"}' FROM generate_series(1, 4) i;
INSERT INTO trading_positions (id, bot_id, trade_type, symbol, direction, qty_open, avg_price, status)
    SELECT i, 1, 'paper', 'BTCUSDT', 'long', 0.05, 30000, 'closed' FROM generate_series(1, 1000) i;
INSERT INTO w.usr_users SELECT * FROM usr_users;
INSERT INTO w.trading_bots SELECT * FROM trading_bots;
INSERT INTO w.trading_positions SELECT * FROM trading_positions;
SELECT setval('w.trading_positions_id_seq', 1000);
INSERT INTO trading_trades (bot_id, position_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, symbol,
        interval, direction, status, entry_time, exit_time, entry_price, exit_price, size, commission, gross_pnl,
        net_pnl, pnl_percentage, exit_reason, extra_metadata)
    SELECT CASE WHEN i % 11 = 10 THEN 2 ELSE 1 END, 1 + i % 1000, 'paper', 'momentum_v2', 'rsi_bb_volume',
        'atr_trailing', (ARRAY['BTCUSDT', 'ETHUSDT', 'SOLUSDT', 'BNBUSDT', 'XRPUSDT', 'ADAUSDT', 'DOGEUSDT', 'LTCUSDT'])
        [1 + i % 8], '1h', CASE WHEN i % 2 = 0 THEN 'long' ELSE 'short' END, 'closed',
        timestamptz '2024-01-01 00:00:00+00' + i * interval '1 minute',
        timestamptz '2024-01-01 01:00:00+00' + i * interval '1 minute',
        30000.00012345 + i % 10007 * 0.01, 30000.00012345 + i % 10007 * 0.01 + (i % 2001 - 1000) * 0.001,
        0.05 + i % 100 * 0.00001, 0.00123456 + i % 1000 * 0.00000001, (i % 2001 - 1000) * 0.00005,
        (i % 2001 - 1000) * 0.00005 - 0.00123456, (i % 2001 - 1000) * 0.0001, 'take_profit',
        jsonb_build_object('source', 'bench', 'signal', 0.73, 'n', i % 1000)
    FROM generate_series(0, :n * 11 / 10 - 1) i;
CREATE ROLE bench_off LOGIN SUPERUSER; -- what W1 and W2 measure is the client, not the disk
ALTER ROLE bench_off SET synchronous_commit = off;
VACUUM ANALYZE;
CHECKPOINT;
