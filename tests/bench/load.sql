-- SPDX-License-Identifier: MIT
-- A bot and 100,000 trades of it to read.
INSERT INTO usr_users (id) OVERRIDING SYSTEM VALUE VALUES (1000);
INSERT INTO trading_bots (id, user_id, type, status, config) OVERRIDING SYSTEM VALUE
    VALUES (1000, 1000, 'paper', 'running', '{}');
INSERT INTO trading_trades (bot_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, symbol, interval,
        direction, status, entry_time, exit_time, entry_price, exit_price, size, commission, gross_pnl, net_pnl,
        pnl_percentage, exit_reason, extra_metadata)
    SELECT 1000, 'paper', 'bench', 'entry', 'exit', 'BTCUSDT', '5m', 'long', 'closed',
        timestamptz '2023-01-01 00:00+00' + i * interval '1 minute', timestamptz '2023-01-01 01:00+00' + i * interval '1 minute',
        40000 + i % 20000 + 0.12345678, 40100 + i % 20000, 0.00100000 + i * 0.00000001, 0.01, 1.25, 1.24, 0.5, 'roi',
        '{"fee_open": "0.001", "fee_close": "0.001"}'
    FROM generate_series(1, 100000) i;
VACUUM ANALYZE trading_trades;
CHECKPOINT;
