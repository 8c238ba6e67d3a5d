-- SPDX-License-Identifier: MIT
-- The three functions below are those of 0004 again.
CREATE OR REPLACE FUNCTION {schema}.trading_apply_fill(
    p_position_id bigint, p_action text, p_qty numeric, p_price numeric, p_ts timestamptz DEFAULT NULL,
    p_commission numeric DEFAULT 0, p_exchange text DEFAULT '', p_exchange_trade_id text DEFAULT NULL,
    p_close_when_flat boolean DEFAULT true,
    OUT outcome text, OUT fill_id bigint, OUT fill_realized_pnl numeric, OUT pos {schema}.trading_positions)
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    act text := lower(p_action);
    fee numeric := coalesce(p_commission, 0);
    place text := coalesce(p_exchange, '');
    event text := coalesce(p_exchange_trade_id, gen_random_uuid()::text);
    known {schema}.trading_fills;
    effect record;
BEGIN
    IF act IS NULL OR act NOT IN ('buy', 'sell') THEN
        RAISE EXCEPTION 'a fill is a buy or a sell' USING ERRCODE = 'TD004', TABLE = 'trading_fills', COLUMN = 'action';
    ELSIF p_qty IS NULL OR NOT (p_qty > 0 AND p_qty < 'Infinity') THEN
        RAISE EXCEPTION 'the quantity of a fill must be above zero'
            USING ERRCODE = 'TD004', TABLE = 'trading_fills', COLUMN = 'qty';
    ELSIF p_price IS NULL OR NOT (p_price > 0 AND p_price < 'Infinity') THEN
        RAISE EXCEPTION 'the price of a fill must be above zero'
            USING ERRCODE = 'TD004', TABLE = 'trading_fills', COLUMN = 'price';
    END IF;

    -- The lock comes first and everything is read after it: what a concurrent fill committed is then seen.
    SELECT * INTO pos FROM {schema}.trading_positions p WHERE p.id = p_position_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no position %', p_position_id USING ERRCODE = 'TD003', TABLE = 'trading_positions';
    END IF;
    SELECT * INTO known FROM {schema}.trading_fills f
        WHERE f.bot_id = pos.bot_id AND f.exchange = place AND f.exchange_trade_id = event;
    IF NOT FOUND THEN
        IF pos.status <> 'open' THEN
            RAISE EXCEPTION 'position % is closed', p_position_id
                USING ERRCODE = 'TD001', TABLE = 'trading_positions', COLUMN = 'status';
        END IF;
        effect := {schema}.trading_fill_effect(pos.direction, act, p_qty, p_price, 0, pos.qty_open, pos.avg_price);
        IF effect.problem IS NOT NULL THEN
            RAISE EXCEPTION 'position %: %', p_position_id, effect.problem
                USING ERRCODE = 'TD001', TABLE = 'trading_positions', COLUMN = 'qty_open';
        END IF;
        INSERT INTO {schema}.trading_fills (bot_id, position_id, exchange, exchange_trade_id, action, qty, price,
                commission, realized_pnl, ts)
            VALUES (pos.bot_id, pos.id, place, event, act, p_qty, p_price, fee, effect.realized, coalesce(p_ts, now()))
            ON CONFLICT (bot_id, exchange, exchange_trade_id) DO NOTHING
            RETURNING id INTO fill_id;
        IF NOT FOUND THEN
            -- Another session applied the same event to another position just now.
            SELECT * INTO STRICT known FROM {schema}.trading_fills f
                WHERE f.bot_id = pos.bot_id AND f.exchange = place AND f.exchange_trade_id = event;
        END IF;
    END IF;
    IF fill_id IS NULL THEN
        outcome := CASE WHEN (known.position_id, known.action, known.qty, known.price, known.commission)
            = (pos.id, act, p_qty, p_price, fee) THEN 'duplicate' ELSE 'conflict' END;
        fill_id := known.id;
        fill_realized_pnl := known.realized_pnl;
        RETURN;
    END IF;

    outcome := 'applied';
    fill_realized_pnl := effect.realized;
    UPDATE {schema}.trading_positions p
        SET qty_open = effect.qty, avg_price = effect.avg_price,
            realized_pnl = round(p.realized_pnl + effect.realized, 24),
            status = CASE WHEN effect.qty = 0 AND p_close_when_flat THEN 'closed' ELSE p.status END,
            closed_at = CASE WHEN effect.qty = 0 AND p_close_when_flat THEN coalesce(p_ts, now()) ELSE p.closed_at END
        WHERE p.id = pos.id
        RETURNING p.* INTO pos;
END
$$;

CREATE OR REPLACE FUNCTION {schema}.trading_fill_symbol(
    p_bot_id bigint, p_trade_type text, p_symbol text, p_direction text,
    p_action text, p_qty numeric, p_price numeric, p_ts timestamptz DEFAULT NULL,
    p_commission numeric DEFAULT 0, p_exchange text DEFAULT '', p_exchange_trade_id text DEFAULT NULL,
    p_close_when_flat boolean DEFAULT true,
    OUT outcome text, OUT fill_id bigint, OUT fill_realized_pnl numeric, OUT pos {schema}.trading_positions)
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    place text := coalesce(p_exchange, '');
    fee numeric := coalesce(p_commission, 0);
    target bigint;
    fresh bigint;
    answer record;
BEGIN
    -- An event that was applied before is answered from its fill, without a lock: its position may be closed by
    -- now, and whoever takes a second position's lock while holding one can meet another who does the same.
    SELECT * INTO answer FROM {schema}.trading_known_event(p_bot_id, place, p_exchange_trade_id, p_trade_type, p_symbol,
        p_direction, p_action, p_qty, p_price, fee);
    IF NOT FOUND THEN
        SELECT l.position_id, CASE WHEN l.made THEN l.position_id END INTO target, fresh
            FROM {schema}.trading_lock_open_position(p_bot_id, p_trade_type, p_symbol, p_direction, p_ts, NULL) l;
        -- Whoever holds the open position excludes all others, so this second look is final.
        SELECT * INTO answer FROM {schema}.trading_known_event(p_bot_id, place, p_exchange_trade_id, p_trade_type,
            p_symbol, p_direction, p_action, p_qty, p_price, fee);
        IF NOT FOUND THEN
            SELECT a.outcome, a.fill_id, a.fill_realized_pnl INTO answer
                FROM {schema}.trading_apply_fill(target, p_action, p_qty, p_price, p_ts, fee, place,
                    p_exchange_trade_id, p_close_when_flat) a;
        END IF;
        IF answer.outcome <> 'applied' THEN
            DELETE FROM {schema}.trading_positions p WHERE p.id = fresh;
        END IF;
    END IF;
    outcome := answer.outcome;
    fill_id := answer.fill_id;
    fill_realized_pnl := answer.fill_realized_pnl;
    SELECT p.* INTO pos FROM {schema}.trading_fills f JOIN {schema}.trading_positions p ON p.id = f.position_id
        WHERE f.id = answer.fill_id;
END
$$;

CREATE OR REPLACE FUNCTION {schema}.trading_trade_results(p_bot_id bigint)
    RETURNS TABLE (trade_id bigint, symbol text, exit_reason text, closed_at timestamptz, gross numeric, net numeric)
    LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT t.id, t.symbol, t.exit_reason, t.exit_time, coalesce(g.gross, t.gross_pnl),
        CASE WHEN g.gross IS NULL THEN t.net_pnl ELSE g.gross - coalesce(
            t.entry_price * t.size * (t.extra_metadata ->> 'fee_open')::numeric
                + t.exit_price * t.size * (t.extra_metadata ->> 'fee_close')::numeric,
            t.commission, 0) END
    FROM {schema}.trading_trades t
    CROSS JOIN LATERAL (SELECT (t.exit_price - t.entry_price) * t.size
        * CASE lower(t.direction) WHEN 'long' THEN 1 ELSE -1 END AS gross) g
    WHERE t.status = 'closed' AND (p_bot_id IS NULL OR t.bot_id = p_bot_id)
$$;

DROP FUNCTION {schema}.trading_book_symbol_fill(bigint, text, text, text, text, numeric, numeric, timestamptz, numeric, text, text, boolean);
DROP FUNCTION {schema}.trading_book_fill(bigint, text, numeric, numeric, timestamptz, numeric, text, text, boolean);
DROP FUNCTION {schema}.trading_metrics(bigint, text, text, text, text, text, text, timestamptz, timestamptz, numeric, numeric, bigint);
DROP FUNCTION {schema}.trading_json_time(timestamptz);
DROP FUNCTION {schema}.trading_signed_root(numeric, numeric, numeric);
DROP FUNCTION {schema}.trading_quotient(numeric, numeric, integer);
DROP FUNCTION {schema}.trading_scope_results(bigint, text, text, text, text, text, text, timestamptz, timestamptz);
DROP INDEX {schema}.ix_trading_performance_metrics_bot_id_calculated_at;
DROP INDEX {schema}.ix_trading_bots_type;
DROP INDEX {schema}.ix_trading_trades_exit_time;
DROP INDEX {schema}.ix_trading_trades_bot_id_exit_time;
DROP INDEX {schema}.ix_trading_trades_bot_id;
CREATE INDEX ix_trading_trades_bot_id ON {schema}.trading_trades (bot_id);
