-- SPDX-License-Identifier: MIT
-- Named queries over bots, positions, fills and trades. Grammar: schema/generate/queries.py.

-- name: trading_bots_enabled :many
-- The bots that are not disabled, by id.
-- param: user_id? The owner; NULL: all.
SELECT * FROM {schema}.trading_bots
WHERE status <> 'disabled' AND ($1::bigint IS NULL OR user_id = $1)
ORDER BY id;

-- name: trading_bots_by_status :many
-- The bots of a status, by id.
-- param: status enum=trading_bot_status The status.
-- param: user_id? The owner; NULL: all.
SELECT * FROM {schema}.trading_bots
WHERE status = $1::text AND ($2::bigint IS NULL OR user_id = $2)
ORDER BY id;

-- name: trading_bot_heartbeat :exec
-- scope: internal
-- Notes that a bot is alive.
-- param: id The bot.
-- param: at? When; NULL: now.
UPDATE {schema}.trading_bots SET last_heartbeat = coalesce($2, now()) WHERE id = $1;

-- name: trading_bot_set_status :one
-- scope: internal
-- Changes a bot's status. The status error with a message counts the error and notes it in extra_metadata.
-- param: id The bot.
-- param: status enum=trading_bot_status The new status.
-- param: error? What went wrong; only with the status error.
-- param: started_at? When it began to run; only with the status running.
UPDATE {schema}.trading_bots
SET status = $2::text,
    started_at = CASE WHEN $2::text = 'running' THEN coalesce($4, started_at) ELSE started_at END,
    error_count = CASE WHEN $2::text = 'error' AND $3::text IS NOT NULL
        THEN coalesce(error_count, 0) + 1 ELSE error_count END,
    extra_metadata = CASE WHEN $2::text = 'error' AND $3::text IS NOT NULL
        THEN coalesce(extra_metadata, '{}') || jsonb_build_object('last_error', $3::text, 'last_error_time',
            to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
        ELSE extra_metadata END
WHERE id = $1
RETURNING *;

-- name: trading_bot_add_pnl :one
-- scope: internal
-- Adds to a bot's balance and profit and loss; NULL counts as 0.
-- param: id The bot.
-- param: amount What to add, in the account's currency.
UPDATE {schema}.trading_bots
SET current_balance = coalesce(current_balance, 0) + $2, total_pnl = coalesce(total_pnl, 0) + $2
WHERE id = $1
RETURNING *;

-- name: trading_bot_delete :one
-- scope: internal
-- Deletes a bot, or tells what is in the way; see the SQL function trading_delete_bot.
-- param: id The bot.
-- param: with_history Whether its positions, trades and metrics may go too.
-- column: deleted Whether it is deleted.
-- column: open_trades Trades that are open; NULL when there is no such bot.
-- column: open_positions Positions that are open.
-- column: history Positions, trades and metrics in all.
SELECT deleted, open_trades, open_positions, history FROM {schema}.trading_delete_bot($1, $2);

-- name: trading_position_ensure_open :one
-- scope: internal
-- The open position of (bot, trade type, symbol, direction), made when there is none, locked until the unit ends. No row
-- for an unknown bot.
-- param: bot_id The bot.
-- param: trade_type enum=trading_trade_type The trade type.
-- param: symbol The symbol.
-- param: direction enum=trading_direction The side.
-- param: opened_at? When a new one was opened; NULL: now.
-- param: extra_metadata? JSON object of a new one.
SELECT e.* FROM {schema}.trading_bots b
CROSS JOIN LATERAL {schema}.trading_ensure_open_position(b.id, $2, $3, $4, $5, $6) e
WHERE b.id = $1;

-- name: trading_position_apply_fill :one
-- scope: internal
-- row: trading_fill_answer
-- embeds: trading_positions
-- Applies one execution to a position; see the SQL function trading_book_fill.
-- param: position_id The position.
-- param: action enum=trading_fill_action buy or sell.
-- param: qty The quantity, above zero.
-- param: price The price of one unit, above zero.
-- param: ts? When it happened; NULL: now.
-- param: commission? The fee; NULL: 0.
-- param: exchange? Where it happened; NULL: empty.
-- param: exchange_trade_id? The exchange's id of it; NULL: a random one.
-- param: close_when_flat Whether the position is closed when nothing is left of it.
-- column: outcome applied, duplicate, conflict, no_position, no_bot, closed or too_much.
-- column: fill_id The fill, also when it was there before.
-- column: fill_realized_pnl What the fill realized.
-- column: problem Why the stored state refuses the fill; NULL when it does not.
SELECT (pos).*, outcome, fill_id, fill_realized_pnl, problem
FROM {schema}.trading_book_fill($1, $2, $3, $4, $5, $6, $7, $8, $9);

-- name: trading_symbol_apply_fill :one
-- scope: internal
-- row: trading_fill_answer
-- embeds: trading_positions
-- Applies one execution to the open position of a symbol, made when there is none; an execution that was applied
-- before is found even when its position is closed by now. See the SQL function trading_book_symbol_fill.
-- param: bot_id The bot.
-- param: trade_type enum=trading_trade_type The trade type.
-- param: symbol The symbol.
-- param: direction enum=trading_direction The side.
-- param: action enum=trading_fill_action buy or sell.
-- param: qty The quantity, above zero.
-- param: price The price of one unit, above zero.
-- param: ts? When it happened; NULL: now.
-- param: commission? The fee; NULL: 0.
-- param: exchange? Where it happened; NULL: empty.
-- param: exchange_trade_id? The exchange's id of it; NULL: a random one.
-- param: close_when_flat Whether the position is closed when nothing is left of it.
SELECT (pos).*, outcome, fill_id, fill_realized_pnl, problem
FROM {schema}.trading_book_symbol_fill($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12);

-- name: trading_position_close_if_flat :one
-- scope: internal
-- Closes a position when nothing of it is open, otherwise leaves it alone; gives the position. No row for an unknown one.
-- param: position_id The position.
-- param: ts? When; NULL: now.
SELECT c.* FROM {schema}.trading_positions p
CROSS JOIN LATERAL {schema}.trading_close_position_if_flat(p.id, $2) c
WHERE p.id = $1;

-- name: trading_position_mark_closed :one
-- scope: internal
-- Closes a position whatever is left of it; the rest is recorded as written off. No row for an unknown one.
-- param: position_id The position.
-- param: ts? When; NULL: now.
SELECT c.* FROM {schema}.trading_positions p
CROSS JOIN LATERAL {schema}.trading_mark_position_closed(p.id, $2) c
WHERE p.id = $1;

-- name: trading_positions_open :many
-- The open positions, by id.
-- param: bot_id? The bot; NULL: all.
-- param: symbol? The symbol; NULL: all.
SELECT * FROM {schema}.trading_positions
WHERE status = 'open' AND ($1::bigint IS NULL OR bot_id = $1) AND ($2::text IS NULL OR symbol = $2)
ORDER BY id;

-- name: trading_positions_verify :many
-- Compares positions with what their fills amount to, by id.
-- param: bot_id? The bot; NULL: all.
-- param: drift_only Only those that differ.
-- column: position_id The position.
-- column: fills The number of its fills.
-- column: stored_qty Open quantity as stored.
-- column: replayed_qty Open quantity by the fills.
-- column: stored_avg_price Average entry price as stored.
-- column: replayed_avg_price Average entry price by the fills.
-- column: stored_realized_pnl Realized profit and loss as stored.
-- column: replayed_realized_pnl Realized profit and loss by the fills.
-- column: drift Whether any of them differs.
SELECT * FROM {schema}.trading_verify_positions($1) WHERE drift OR NOT $2;

-- name: trading_trades_open :many
-- The open trades, by id.
-- param: bot_id? The bot; NULL: all.
-- param: symbol? The symbol; NULL: all.
SELECT * FROM {schema}.trading_trades
WHERE status = 'open' AND ($1::bigint IS NULL OR bot_id = $1) AND ($2::text IS NULL OR symbol = $2)
ORDER BY id;

-- name: trading_trade_close :one
-- scope: internal
-- Closes an open trade; its figures are computed from what is stored. Gives no row for a trade that is unknown, not
-- open, or without entry price or size.
-- param: id The trade.
-- param: exit_price The price of one unit at exit.
-- param: exit_time? When; NULL: now.
-- param: exit_reason? Why; NULL: as it was.
-- param: commission? All fees; NULL: as it was.
-- param: entry_value? Replaces the computed figure.
-- param: exit_value? Replaces the computed figure.
-- param: gross_pnl? Replaces the computed figure.
-- param: net_pnl? Replaces the computed figure.
-- param: pnl_percentage? Replaces the computed figure.
UPDATE {schema}.trading_trades t
SET status = 'closed', exit_price = $2::numeric, exit_time = coalesce($3, now()), exit_reason = coalesce($4, t.exit_reason),
    commission = coalesce($5, t.commission, 0),
    (entry_value, exit_value, gross_pnl, net_pnl, pnl_percentage) = (
        SELECT f.entry_value, f.exit_value, f.gross_pnl, f.net_pnl, f.pnl_percentage
        FROM {schema}.trading_trade_figures(t.direction, t.size, t.entry_price, $2, coalesce($5, t.commission, 0),
            $6, $7, $8, $9, $10) f)
WHERE t.id = $1 AND t.status = 'open' AND t.entry_price IS NOT NULL AND t.size IS NOT NULL
RETURNING t.*;

-- name: trading_pnl_summary :one
-- What the closed trades of a bot brought. Sums are formed exactly from stored prices, sizes and fees; gross is before
-- fees, net after. A trade that brought exactly nothing is a draw.
-- param: bot_id? The bot; NULL: all.
-- column: trades Closed trades.
-- column: symbols Different symbols among them.
-- column: gross_pnl Gross profit and loss, rounded to 24 decimals.
-- column: net_pnl Net profit and loss, rounded to 24 decimals.
-- column: gross_pnl_exact Gross profit and loss with every digit.
-- column: net_pnl_exact Net profit and loss with every digit.
-- column: fees_exact All fees with every digit.
-- column: gross_wins Trades above zero before fees.
-- column: gross_draws Trades at zero before fees.
-- column: gross_losses Trades below zero before fees.
-- column: net_wins Trades above zero after fees.
-- column: net_draws Trades at zero after fees.
-- column: net_losses Trades below zero after fees.
-- column: not_won Trades not above zero after fees: the old system's losses.
-- column: gross_profit_factor Gains over losses before fees, 8 decimals; NULL without losses.
-- column: net_profit_factor Gains over losses after fees, 8 decimals; NULL without losses.
-- column: net_win_rate Net wins in per cent of all, 8 decimals; 0 without trades.
-- column: net_average Net profit and loss per trade, 24 decimals; 0 without trades.
SELECT count(*) AS trades, count(DISTINCT r.symbol) AS symbols,
    round(coalesce(sum(r.gross), 0), 24) AS gross_pnl, round(coalesce(sum(r.net), 0), 24) AS net_pnl,
    trim_scale(coalesce(sum(r.gross), 0))::text AS gross_pnl_exact,
    trim_scale(coalesce(sum(r.net), 0))::text AS net_pnl_exact,
    trim_scale(coalesce(sum(r.gross - r.net), 0))::text AS fees_exact,
    count(*) FILTER (WHERE r.gross > 0) AS gross_wins, count(*) FILTER (WHERE r.gross = 0) AS gross_draws,
    count(*) FILTER (WHERE r.gross < 0) AS gross_losses,
    count(*) FILTER (WHERE r.net > 0) AS net_wins, count(*) FILTER (WHERE r.net = 0) AS net_draws,
    count(*) FILTER (WHERE r.net < 0) AS net_losses,
    count(*) FILTER (WHERE (r.net > 0) IS NOT TRUE) AS not_won,
    {schema}.trdb_divide(coalesce(sum(r.gross) FILTER (WHERE r.gross > 0), 0),
        -sum(r.gross) FILTER (WHERE r.gross < 0), 8) AS gross_profit_factor,
    {schema}.trdb_divide(coalesce(sum(r.net) FILTER (WHERE r.net > 0), 0),
        -sum(r.net) FILTER (WHERE r.net < 0), 8) AS net_profit_factor,
    coalesce({schema}.trdb_divide(100 * count(*) FILTER (WHERE r.net > 0), nullif(count(*), 0), 8), 0) AS net_win_rate,
    coalesce({schema}.trdb_divide(sum(r.net), nullif(count(*), 0), 24), 0) AS net_average
FROM {schema}.trading_scope_results($1) r;

-- name: trading_pnl_by_symbol :many
-- What the closed trades of a bot brought, by symbol, the best net result first.
-- param: bot_id? The bot; NULL: all.
-- column: symbol The symbol.
-- column: trades Closed trades.
-- column: gross_pnl Gross profit and loss, rounded to 24 decimals.
-- column: net_pnl Net profit and loss, rounded to 24 decimals.
-- column: gross_wins Trades above zero before fees.
-- column: net_wins Trades above zero after fees.
SELECT r.symbol, count(*) AS trades, round(coalesce(sum(r.gross), 0), 24) AS gross_pnl,
    round(coalesce(sum(r.net), 0), 24) AS net_pnl, count(*) FILTER (WHERE r.gross > 0) AS gross_wins,
    count(*) FILTER (WHERE r.net > 0) AS net_wins
FROM {schema}.trading_scope_results($1) r
GROUP BY r.symbol ORDER BY net_pnl DESC, r.symbol;

-- name: trading_pnl_by_exit_reason :many
-- What the closed trades of a bot brought, by exit reason, the most frequent first.
-- param: bot_id? The bot; NULL: all.
-- column: exit_reason The reason; NULL where none is stored.
-- column: trades Closed trades.
-- column: gross_pnl Gross profit and loss, rounded to 24 decimals.
-- column: net_pnl Net profit and loss, rounded to 24 decimals.
-- column: gross_wins Trades above zero before fees.
-- column: net_wins Trades above zero after fees.
SELECT r.exit_reason, count(*) AS trades, round(coalesce(sum(r.gross), 0), 24) AS gross_pnl,
    round(coalesce(sum(r.net), 0), 24) AS net_pnl, count(*) FILTER (WHERE r.gross > 0) AS gross_wins,
    count(*) FILTER (WHERE r.net > 0) AS net_wins
FROM {schema}.trading_scope_results($1) r
GROUP BY r.exit_reason ORDER BY trades DESC, r.exit_reason;

-- name: trading_equity_curve :many
-- The running result of a bot's closed trades in the order of closing, beginning at zero before the first.
-- param: bot_id? The bot; NULL: all.
-- column: trade_id The trade.
-- column: closed_at When it was closed.
-- column: gross_equity Sum of gross results up to here, rounded to 24 decimals.
-- column: gross_drawdown How far that lies below its highest point so far, zero included; not negative.
-- column: net_equity Sum of net results up to here, rounded to 24 decimals.
-- column: net_drawdown How far that lies below its highest point so far, zero included; not negative.
WITH equity AS (
    SELECT r.trade_id, r.closed_at, sum(r.gross) OVER closing AS gross, sum(r.net) OVER closing AS net
    FROM {schema}.trading_scope_results($1) r
    WINDOW closing AS (ORDER BY r.closed_at, r.trade_id ROWS UNBOUNDED PRECEDING))
SELECT trade_id, closed_at, round(coalesce(gross, 0), 24) AS gross_equity,
    round(greatest(0, max(gross) OVER closing) - coalesce(gross, 0), 24) AS gross_drawdown,
    round(coalesce(net, 0), 24) AS net_equity,
    round(greatest(0, max(net) OVER closing) - coalesce(net, 0), 24) AS net_drawdown
FROM equity
WINDOW closing AS (ORDER BY closed_at, trade_id ROWS UNBOUNDED PRECEDING)
ORDER BY closed_at, trade_id;

-- name: trading_drawdown :one
-- The largest drop of a bot's running gross result, in the order of closing, and between which closings it fell.
-- param: bot_id? The bot; NULL: all.
-- column: drawdown The drop, rounded to 24 decimals; 0 when the result never fell.
-- column: drawdown_exact The drop with every digit.
-- column: since When the highest point before it was reached; NULL when that is the start, or there is no drop.
-- column: until When the lowest point was reached; NULL when there is no drop.
WITH equity AS (
    SELECT r.trade_id, r.closed_at, sum(r.gross) OVER (ORDER BY r.closed_at, r.trade_id ROWS UNBOUNDED PRECEDING) AS sum
    FROM {schema}.trading_scope_results($1) r),
curve AS (
    SELECT row_number() OVER closing AS n, closed_at, sum, greatest(0, max(sum) OVER closing) AS peak
    FROM equity WINDOW closing AS (ORDER BY closed_at, trade_id ROWS UNBOUNDED PRECEDING)),
worst AS (SELECT * FROM curve WHERE peak > sum ORDER BY peak - sum DESC, n LIMIT 1)
SELECT round(coalesce(max(w.peak - w.sum), 0), 24) AS drawdown,
    trim_scale(coalesce(max(w.peak - w.sum), 0))::text AS drawdown_exact,
    (SELECT c.closed_at FROM curve c, worst v WHERE c.n < v.n AND c.sum = v.peak ORDER BY c.n DESC LIMIT 1) AS since,
    max(w.closed_at) AS until
FROM worst w;

-- name: trading_trades_purge :exec
-- scope: internal
-- Deletes trades that are closed or cancelled and ended before a time: their exit_time, or created_at without one.
-- param: bot_id? The bot; NULL: all.
-- param: before The time.
DELETE FROM {schema}.trading_trades
WHERE status IN ('closed', 'cancelled') AND ($1::bigint IS NULL OR bot_id = $1)
    AND (exit_time < $2 OR (exit_time IS NULL AND created_at < $2));

-- name: trading_metrics_read :one
-- scope: internal
-- The metrics of a scope as a row that is not stored; no row for an unknown bot.
-- param: bot_id? The bot; NULL: all.
-- param: trade_type? enum=trading_trade_type The trade type; NULL: the bot's own, all without a bot.
-- param: strategy_name? The strategy; NULL: all.
-- param: symbol? The symbol; NULL: all.
-- param: interval? The candle length; NULL: all.
-- param: entry_logic_name? The rule that entered; NULL: all.
-- param: exit_logic_name? The rule that exits; NULL: all.
-- param: since? First time of closing; NULL: from the beginning.
-- param: until? Time of closing at which the scope has ended; NULL: none.
-- param: starting_balance? What the account held; NULL: not known.
-- param: risk_free_rate? Riskless return of a year as a fraction; NULL: 0.
-- param: periods_per_year? Days of a year with returns; NULL: 365.
SELECT 0::bigint AS id, b.id AS bot_id, coalesce($2::text, b.type) AS trade_type, $4::text AS symbol,
    $5::text AS interval, $6::text AS entry_logic_name, $7::text AS exit_logic_name,
    {schema}.trading_metrics(b.id, coalesce($2::text, b.type), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS metrics,
    now() AS calculated_at, now() AS created_at
FROM (SELECT) one LEFT JOIN {schema}.trading_bots b ON b.id = $1::bigint
WHERE $1::bigint IS NULL OR b.id IS NOT NULL;

-- name: trading_metrics_store :one
-- scope: internal
-- The same for a bot, stored; no row for an unknown bot.
-- param: bot_id The bot.
-- param: trade_type? enum=trading_trade_type The trade type; NULL: the bot's own.
-- param: strategy_name? The strategy; NULL: all.
-- param: symbol? The symbol; NULL: all.
-- param: interval? The candle length; NULL: all.
-- param: entry_logic_name? The rule that entered; NULL: all.
-- param: exit_logic_name? The rule that exits; NULL: all.
-- param: since? First time of closing; NULL: from the beginning.
-- param: until? Time of closing at which the scope has ended; NULL: none.
-- param: starting_balance? What the account held; NULL: not known.
-- param: risk_free_rate? Riskless return of a year as a fraction; NULL: 0.
-- param: periods_per_year? Days of a year with returns; NULL: 365.
INSERT INTO {schema}.trading_performance_metrics
    (bot_id, trade_type, symbol, interval, entry_logic_name, exit_logic_name, metrics, calculated_at)
SELECT b.id, coalesce($2::text, b.type), $4::text, $5::text, $6::text, $7::text,
    {schema}.trading_metrics(b.id, coalesce($2::text, b.type), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12), now()
FROM {schema}.trading_bots b WHERE b.id = $1
RETURNING *;

-- name: trading_metrics_latest :many
-- The stored metrics of a bot, the newest first; those without a time of calculation last.
-- param: bot_id The bot.
-- param: limit? Most rows wanted; NULL: 20; below 1: none.
SELECT * FROM {schema}.trading_performance_metrics
WHERE bot_id = $1
ORDER BY calculated_at DESC NULLS LAST, id DESC
LIMIT greatest(coalesce($2::bigint, 20), 0);
