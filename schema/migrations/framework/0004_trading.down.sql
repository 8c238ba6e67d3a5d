-- SPDX-License-Identifier: MIT
DROP FUNCTION {schema}.trading_trade_results(bigint);
DROP FUNCTION {schema}.trading_trade_figures(text, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric);
DROP FUNCTION {schema}.trading_verify_positions(bigint);
DROP FUNCTION {schema}.trading_replay_position(bigint);
DROP FUNCTION {schema}.trading_delete_bot(bigint, boolean);
DROP FUNCTION {schema}.trading_mark_position_closed(bigint, timestamptz);
DROP FUNCTION {schema}.trading_close_position_if_flat(bigint, timestamptz);
DROP FUNCTION {schema}.trading_fill_symbol(bigint, text, text, text, text, numeric, numeric, timestamptz, numeric, text, text, boolean);
DROP FUNCTION {schema}.trading_known_event(bigint, text, text, text, text, text, text, numeric, numeric, numeric);
DROP FUNCTION {schema}.trading_apply_fill(bigint, text, numeric, numeric, timestamptz, numeric, text, text, boolean);
DROP FUNCTION {schema}.trading_ensure_open_position(bigint, text, text, text, timestamptz, jsonb);
DROP FUNCTION {schema}.trading_lock_open_position(bigint, text, text, text, timestamptz, jsonb);
DROP FUNCTION {schema}.trading_fill_effect(text, text, numeric, numeric, numeric, numeric, numeric);
DROP TABLE {schema}.trading_performance_metrics;
DROP TABLE {schema}.trading_trades;
DROP TABLE {schema}.trading_fills;
DROP TABLE {schema}.trading_positions;
DROP TABLE {schema}.trading_bots;
