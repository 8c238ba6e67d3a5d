-- SPDX-License-Identifier: MIT
-- Performance metrics of bots, strategies and symbols, which docs/metrics.md defines; the indexes that serve them and
-- the lists; and fills that are refused by an answer, so that the transaction goes on.

-- A page of a bot's trades, by id or by time of closing, reads no more than the page.
DROP INDEX {schema}.ix_trading_trades_bot_id;
CREATE INDEX ix_trading_trades_bot_id ON {schema}.trading_trades (bot_id, id);
CREATE INDEX ix_trading_trades_bot_id_exit_time ON {schema}.trading_trades (bot_id, exit_time);
CREATE INDEX ix_trading_trades_exit_time ON {schema}.trading_trades (exit_time);
CREATE INDEX ix_trading_bots_type ON {schema}.trading_bots (type);
CREATE INDEX ix_trading_performance_metrics_bot_id_calculated_at
    ON {schema}.trading_performance_metrics (bot_id, calculated_at DESC NULLS LAST, id DESC);

-- ---- what trades brought ----------------------------------------------------------------------------
-- The trades table is only named inside of text, so that it can be replaced by a partitioned one. A scope is planned
-- with its values: a plan for any scope could use no index.

CREATE FUNCTION {schema}.trading_scope_results(
    p_bot_id bigint, p_trade_type text DEFAULT NULL, p_strategy_name text DEFAULT NULL, p_symbol text DEFAULT NULL,
    p_interval text DEFAULT NULL, p_entry_logic_name text DEFAULT NULL, p_exit_logic_name text DEFAULT NULL,
    p_since timestamptz DEFAULT NULL, p_until timestamptz DEFAULT NULL)
    RETURNS TABLE (trade_id bigint, symbol text, exit_reason text, opened_at timestamptz, closed_at timestamptz,
        gross numeric, net numeric)
    LANGUAGE plpgsql STABLE SET search_path FROM CURRENT SET plan_cache_mode TO force_custom_plan AS $$
BEGIN
    RETURN QUERY
    SELECT e.id, e.symbol::text, e.exit_reason::text, e.entry_time, e.exit_time, coalesce(e.gross, e.gross_pnl),
        CASE WHEN e.gross IS NULL THEN e.net_pnl
            ELSE e.gross - coalesce(CASE WHEN abs(e.fees) < 'Infinity' THEN e.fees END, e.commission, 0) END
    FROM (SELECT t.*,
            (t.exit_price - t.entry_price) * t.size * CASE lower(t.direction) WHEN 'long' THEN 1 ELSE -1 END AS gross,
            t.entry_price * t.size * (t.extra_metadata ->> 'fee_open')::numeric
                + t.exit_price * t.size * (t.extra_metadata ->> 'fee_close')::numeric AS fees
        FROM {schema}.trading_trades t
        WHERE t.status = 'closed' AND (p_bot_id IS NULL OR t.bot_id = p_bot_id)
            AND (p_trade_type IS NULL OR t.trade_type = lower(p_trade_type))
            AND (p_strategy_name IS NULL OR t.strategy_name = p_strategy_name)
            AND (p_symbol IS NULL OR t.symbol = p_symbol) AND (p_interval IS NULL OR t.interval = p_interval)
            AND (p_entry_logic_name IS NULL OR t.entry_logic_name = p_entry_logic_name)
            AND (p_exit_logic_name IS NULL OR t.exit_logic_name = p_exit_logic_name)
            AND (p_since IS NULL OR t.exit_time >= p_since) AND (p_until IS NULL OR t.exit_time < p_until)
        OFFSET 0) e; -- which keeps gross and fees from being computed several times each
END
$$;
COMMENT ON FUNCTION {schema}.trading_scope_results(bigint, text, text, text, text, text, text, timestamptz, timestamptz) IS
    'What every closed trade of a scope brought, exactly: gross from prices and size, net less the fees that extra_metadata''s fee_open and fee_close give, or less the commission where these are missing. A trade without prices gives its stored figures. NULL narrows nothing; the times are those of closing, from p_since and before p_until. Source: decisions 13.';

CREATE OR REPLACE FUNCTION {schema}.trading_trade_results(p_bot_id bigint)
    RETURNS TABLE (trade_id bigint, symbol text, exit_reason text, closed_at timestamptz, gross numeric, net numeric)
    LANGUAGE sql STABLE SET search_path FROM CURRENT AS $$
    SELECT r.trade_id, r.symbol, r.exit_reason, r.closed_at, r.gross, r.net
    FROM {schema}.trading_scope_results(p_bot_id) r
$$;

-- ---- metrics ----------------------------------------------------------------------------------------
-- Quotients and roots are computed with at least 400 decimals and rounded once, half away from zero.

CREATE FUNCTION {schema}.trading_quotient(numerator numeric, denominator numeric, decimals integer) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT trim_scale(round(round(numerator, 400) / nullif(denominator, 0), decimals))
$$;
COMMENT ON FUNCTION {schema}.trading_quotient(numeric, numeric, integer) IS
    'numerator / denominator rounded once, half away from zero; NULL when the denominator is 0 or NULL. Source: decisions 2.';

CREATE FUNCTION {schema}.trading_signed_root(signed numeric, numerator numeric, denominator numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT trim_scale(round(sign(signed) * sqrt(round(numerator, 400) / nullif(denominator, 0)), 8))
$$;
COMMENT ON FUNCTION {schema}.trading_signed_root(numeric, numeric, numeric) IS
    'The square root of numerator / denominator with the sign of the first argument, 8 decimals; NULL when the denominator is 0 or NULL. Source: decisions 2.';

CREATE FUNCTION {schema}.trading_json_time(value timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT to_char(value AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;
COMMENT ON FUNCTION {schema}.trading_json_time(timestamptz) IS
    'A time as metrics hold it: ISO 8601 in UTC with microseconds. Source: decisions 4.';

CREATE FUNCTION {schema}.trading_metrics(
    p_bot_id bigint, p_trade_type text DEFAULT NULL, p_strategy_name text DEFAULT NULL, p_symbol text DEFAULT NULL,
    p_interval text DEFAULT NULL, p_entry_logic_name text DEFAULT NULL, p_exit_logic_name text DEFAULT NULL,
    p_since timestamptz DEFAULT NULL, p_until timestamptz DEFAULT NULL, p_starting_balance numeric DEFAULT NULL,
    p_risk_free_rate numeric DEFAULT NULL, p_periods_per_year bigint DEFAULT NULL)
    RETURNS jsonb
    LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
RETURN (
WITH results AS MATERIALIZED (
    SELECT * FROM {schema}.trading_scope_results(p_bot_id, p_trade_type, p_strategy_name, p_symbol, p_interval,
        p_entry_logic_name, p_exit_logic_name, p_since, p_until)),
-- The account: without a balance above zero there are no returns.
terms AS (
    SELECT CASE WHEN p_starting_balance > 0 THEN p_starting_balance END AS balance,
        coalesce(p_risk_free_rate, 0) AS rate, coalesce(p_periods_per_year, 365) AS periods,
        round(round(coalesce(p_risk_free_rate, 0), 100) / coalesce(p_periods_per_year, 365), 100) AS free),
span AS (
    SELECT count(*) AS trades, count(*) FILTER (WHERE isfinite(closed_at)) AS dated, sum(gross - net) AS fees,
        CASE WHEN isfinite(p_since) THEN p_since
            ELSE min(least(CASE WHEN isfinite(opened_at) THEN opened_at END, closed_at))
                FILTER (WHERE isfinite(closed_at)) END AS begins,
        CASE WHEN isfinite(p_until) THEN p_until ELSE max(closed_at) FILTER (WHERE isfinite(closed_at)) END AS ends,
        count(*) FILTER (WHERE isfinite(opened_at) AND isfinite(closed_at)) AS held,
        sum(extract(epoch FROM closed_at) - extract(epoch FROM opened_at))
            FILTER (WHERE isfinite(opened_at) AND isfinite(closed_at)) AS holding
    FROM results),
-- Both days count; an end that was given is not part of the range.
period AS (
    SELECT *, extract(epoch FROM ends) - extract(epoch FROM begins) AS seconds,
        ((ends - CASE WHEN isfinite(p_until) THEN interval '1 microsecond' ELSE '0' END) AT TIME ZONE 'UTC')::date
            - (begins AT TIME ZONE 'UTC')::date + 1 AS days
    FROM span),
-- ---- per trade: everything is said once for both forms, all trades, each symbol and each reason
cells AS (
    SELECT f.form, r.symbol, r.exit_reason, count(*) AS trades, count(f.pnl) AS results,
        count(*) FILTER (WHERE f.pnl > 0) AS wins, count(*) FILTER (WHERE f.pnl = 0) AS draws,
        count(*) FILTER (WHERE f.pnl < 0) AS losses, sum(f.pnl) AS pnl, sum(f.pnl * f.pnl) AS squares,
        sum(f.pnl) FILTER (WHERE f.pnl > 0) AS gained, sum(f.pnl) FILTER (WHERE f.pnl < 0) AS lost,
        max(f.pnl) FILTER (WHERE f.pnl > 0) AS best, min(f.pnl) FILTER (WHERE f.pnl < 0) AS worst
    FROM results r CROSS JOIN LATERAL (VALUES ('gross', r.gross), ('net', r.net)) f (form, pnl)
    GROUP BY f.form, r.symbol, r.exit_reason
    UNION ALL
    SELECT form, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL FROM (VALUES ('gross'), ('net')) f (form)),
groups AS (
    SELECT form, coalesce(symbol, exit_reason) AS name,
        CASE GROUPING(symbol, exit_reason) WHEN 1 THEN 'symbol' WHEN 2 THEN 'exit_reason' ELSE 'all' END AS part,
        sum(trades) AS trades, sum(results) AS results, sum(wins) AS wins,
        sum(draws) AS draws, sum(losses) AS losses, coalesce(sum(pnl), 0) AS pnl, sum(squares) AS squares,
        coalesce(sum(gained), 0) AS gained, coalesce(sum(lost), 0) AS lost, max(best) AS best, min(worst) AS worst
    FROM cells GROUP BY GROUPING SETS ((form), (form, symbol), (form, exit_reason))),
counted AS (
    SELECT g.*, jsonb_build_object(
        'results', results, 'unknown', trades - results, 'wins', wins, 'draws', draws, 'losses', losses,
        'not_won', trades - wins, 'pnl', trim_scale(pnl),
        'win_rate', {schema}.trading_quotient(100 * wins, results, 8),
        'profit_factor', {schema}.trading_quotient(gained, -lost, 8),
        'expectancy', {schema}.trading_quotient(pnl, results, 24)) AS figures
    FROM groups g),
parts AS (
    SELECT part, jsonb_agg(jsonb_build_object(part, name, 'trades', trades) || forms
        ORDER BY CASE part WHEN 'symbol' THEN net ELSE trades END DESC, name COLLATE "C") AS list
    FROM (SELECT part, name, max(trades) AS trades, jsonb_object_agg(form, figures) AS forms,
            max(pnl) FILTER (WHERE form = 'net') AS net
        FROM counted WHERE part <> 'all' AND trades > 0 GROUP BY part, name) n
    GROUP BY part),
-- ---- in the order of closing: drawdowns
running AS (
    SELECT trade_id, closed_at, row_number() OVER closing AS n, sum(coalesce(gross, 0)) OVER closing AS gross,
        sum(coalesce(net, 0)) OVER closing AS net
    FROM results WHERE isfinite(closed_at)
    WINDOW closing AS (ORDER BY closed_at, trade_id ROWS UNBOUNDED PRECEDING)),
curve AS (
    SELECT f.form, n, closed_at, f.equity, f.peak
    FROM (SELECT *, max(gross) OVER closing AS top_gross, max(net) OVER closing AS top_net FROM running
        WINDOW closing AS (ORDER BY closed_at, trade_id ROWS UNBOUNDED PRECEDING)) c
    CROSS JOIN LATERAL (VALUES ('gross', gross, greatest(0, top_gross)), ('net', net, greatest(0, top_net)))
        f (form, equity, peak)),
-- Below one peak the deepest fall by amount is the deepest by share, too. Of equal ones the first counts.
segments AS MATERIALIZED (
    SELECT form, peak, fall, peak + balance AS account, round(fall, 400) / (peak + balance) AS share
    FROM (SELECT form, peak, max(peak - equity) AS fall FROM curve GROUP BY form, peak) s CROSS JOIN terms
    WHERE fall > 0),
deepest AS (
    SELECT m.measure, s.*
    FROM (VALUES ('gross', 'amount'), ('gross', 'share'), ('net', 'amount'), ('net', 'share')) m (form, measure)
    CROSS JOIN LATERAL (SELECT * FROM segments g WHERE g.form = m.form AND (m.measure = 'amount' OR share IS NOT NULL)
        ORDER BY CASE m.measure WHEN 'amount' THEN fall ELSE share END DESC, peak LIMIT 1) s),
lows AS MATERIALIZED (
    SELECT d.measure, d.form, d.peak, d.fall, d.account, min(c.n) AS n
    FROM deepest d JOIN curve c ON c.form = d.form AND c.peak = d.peak AND c.peak - c.equity = d.fall
    GROUP BY d.measure, d.form, d.peak, d.fall, d.account),
drawdowns AS (
    SELECT form, jsonb_object_agg(measure, jsonb_build_object('amount', trim_scale(fall),
            'percent', {schema}.trading_quotient(100 * fall, account, 8), 'from', {schema}.trading_json_time(since),
            'to', {schema}.trading_json_time(until))) AS figures,
        max(fall) FILTER (WHERE measure = 'share') AS fall, max(account) FILTER (WHERE measure = 'share') AS account
    FROM (SELECT l.measure, l.form, l.fall, l.account, max(c.closed_at) FILTER (WHERE c.n = l.n) AS until,
            max(c.closed_at) FILTER (WHERE c.n < l.n AND c.equity = l.peak) AS since
        FROM lows l JOIN curve c ON c.form = l.form AND c.peak = l.peak
        GROUP BY l.measure, l.form, l.fall, l.account) l
    GROUP BY form),
-- ---- per day: returns on what the account held when the day began
days AS (
    SELECT f.form, f.pnl, t.free, t.balance + coalesce(sum(f.pnl) OVER before, 0) AS held
    FROM (SELECT (closed_at AT TIME ZONE 'UTC')::date AS day, sum(coalesce(gross, 0)) AS gross,
            sum(coalesce(net, 0)) AS net
        FROM results WHERE isfinite(closed_at) GROUP BY 1) d
    CROSS JOIN terms t CROSS JOIN LATERAL (VALUES ('gross', d.gross), ('net', d.net)) f (form, pnl)
    WINDOW before AS (PARTITION BY f.form ORDER BY d.day ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
returned AS (
    SELECT form, sum(pnl) AS pnl, bool_and(held > 0) AS solvent, count(*) AS active, sum(r) AS total,
        sum(r * r) AS squares, sum(least(r - free, 0) * least(r - free, 0)) AS below
    FROM (SELECT *, CASE WHEN held > 0 THEN round(round(pnl, 100) / held, 100) END AS r FROM days) d
    GROUP BY form),
growth AS (
    SELECT form, solvent, t.periods, p.days, r.total - p.days * t.free AS excess,
        p.days * r.squares - r.total * r.total AS spread,
        r.below + (p.days - r.active) * least(-t.free, 0) * least(-t.free, 0) AS below,
        CASE WHEN p.seconds >= 86400 AND t.balance + r.pnl >= 0
            THEN round(round(t.balance + r.pnl, 400) / t.balance, 150) END AS factor,
        round(31536000::numeric, 150) / nullif(greatest(p.seconds, 0), 0) AS per_year
    FROM returned r CROSS JOIN terms t CROSS JOIN period p),
returns AS (
    SELECT *, CASE WHEN factor = 0 THEN -1
            WHEN factor > 0 AND per_year * ln(factor) < ln(100000000000000::numeric)
            THEN power(factor, per_year) - 1 END AS cagr
    FROM growth),
no_fall AS (
    SELECT jsonb_build_object('amount', 0, 'percent', CASE WHEN balance > 0 THEN 0 END, 'from', NULL, 'to', NULL)
        AS figures
    FROM terms),
forms AS (
    SELECT jsonb_object_agg(c.form, c.figures || jsonb_build_object(
        'average_win', {schema}.trading_quotient(c.gained, c.wins, 24),
        'average_loss', {schema}.trading_quotient(c.lost, c.losses, 24),
        'largest_win', trim_scale(c.best), 'largest_loss', trim_scale(c.worst),
        'sqn', {schema}.trading_signed_root(c.pnl, c.pnl * c.pnl * (c.results - 1),
            c.results * c.squares - c.pnl * c.pnl),
        'ending_balance', trim_scale(t.balance + c.pnl),
        'total_return', {schema}.trading_quotient(100 * c.pnl, t.balance, 8),
        'cagr', trim_scale(round(100 * r.cagr, 8)),
        'sharpe', CASE WHEN r.solvent THEN {schema}.trading_signed_root(r.excess,
            r.periods * r.excess * r.excess * (r.days - 1), r.days * r.spread) END,
        'sortino', CASE WHEN r.solvent THEN {schema}.trading_signed_root(r.excess,
            r.periods * r.excess * r.excess, r.days * r.below) END,
        'calmar', {schema}.trading_quotient(r.cagr * w.account, w.fall, 8),
        'max_drawdown', coalesce(w.figures -> 'amount', n.figures),
        'max_relative_drawdown', CASE WHEN t.balance IS NOT NULL THEN coalesce(w.figures -> 'share', n.figures) END))
        AS figures
    FROM counted c CROSS JOIN terms t CROSS JOIN no_fall n
    LEFT JOIN returns r ON r.form = c.form LEFT JOIN drawdowns w ON w.form = c.form
    WHERE c.part = 'all')
SELECT jsonb_build_object(
        'version', 1,
        'scope', jsonb_build_object('bot_id', p_bot_id, 'trade_type', lower(p_trade_type),
            'strategy_name', p_strategy_name, 'symbol', p_symbol, 'interval', p_interval,
            'entry_logic_name', p_entry_logic_name, 'exit_logic_name', p_exit_logic_name,
            'since', {schema}.trading_json_time(p_since), 'until', {schema}.trading_json_time(p_until), 'starting_balance', trim_scale(p_starting_balance),
            'risk_free_rate', trim_scale(t.rate), 'periods_per_year', t.periods),
        'trades', p.trades, 'undated', p.trades - p.dated, 'fees', trim_scale(coalesce(p.fees, 0)),
        'from', {schema}.trading_json_time(p.begins), 'to', {schema}.trading_json_time(p.ends), 'days', p.days,
        'average_holding_us', {schema}.trading_quotient(p.holding * 1000000, p.held, 0),
        'average_holding_seconds', {schema}.trading_quotient(p.holding, p.held, 6),
        'by_symbol', coalesce((SELECT list FROM parts WHERE part = 'symbol'), '[]'),
        'by_exit_reason', coalesce((SELECT list FROM parts WHERE part = 'exit_reason'), '[]'))
    || f.figures
FROM terms t CROSS JOIN period p CROSS JOIN forms f);
END
$$;
COMMENT ON FUNCTION {schema}.trading_metrics(bigint, text, text, text, text, text, text, timestamptz, timestamptz, numeric, numeric, bigint) IS
    'The figures of the closed trades of a scope, as docs/metrics.md defines them; a JSON object whose numbers are exact decimals. NULL narrows nothing; the times are those of closing, from p_since and before p_until. Source: framework-operations 6.';

-- ---- fills that are refused by an answer ------------------------------------------------------------
-- trading_apply_fill and trading_fill_symbol raise what these two answer.

CREATE FUNCTION {schema}.trading_book_fill(
    p_position_id bigint, p_action text, p_qty numeric, p_price numeric, p_ts timestamptz DEFAULT NULL,
    p_commission numeric DEFAULT 0, p_exchange text DEFAULT '', p_exchange_trade_id text DEFAULT NULL,
    p_close_when_flat boolean DEFAULT true,
    OUT outcome text, OUT fill_id bigint, OUT fill_realized_pnl numeric, OUT pos {schema}.trading_positions,
    OUT problem text)
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
        pos.id := p_position_id;
        outcome := 'no_position';
        problem := format('no position %s', p_position_id);
        RETURN;
    END IF;
    SELECT * INTO known FROM {schema}.trading_fills f
        WHERE f.bot_id = pos.bot_id AND f.exchange = place AND f.exchange_trade_id = event;
    IF NOT FOUND THEN
        IF pos.status <> 'open' THEN
            outcome := 'closed';
            problem := format('position %s is closed', p_position_id);
            RETURN;
        END IF;
        effect := {schema}.trading_fill_effect(pos.direction, act, p_qty, p_price, 0, pos.qty_open, pos.avg_price);
        IF effect.problem IS NOT NULL THEN
            outcome := 'too_much';
            problem := format('position %s: %s', p_position_id, effect.problem);
            RETURN;
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
COMMENT ON FUNCTION {schema}.trading_book_fill(bigint, text, numeric, numeric, timestamptz, numeric, text, text, boolean) IS
    'As trading_apply_fill, but a fill that the stored state refuses is an answer: outcome no_position, closed or too_much, with the problem in words, and nothing changed. Raises TD004 for a bad argument. Source: framework-operations 6, decisions 12.';

CREATE FUNCTION {schema}.trading_book_symbol_fill(
    p_bot_id bigint, p_trade_type text, p_symbol text, p_direction text,
    p_action text, p_qty numeric, p_price numeric, p_ts timestamptz DEFAULT NULL,
    p_commission numeric DEFAULT 0, p_exchange text DEFAULT '', p_exchange_trade_id text DEFAULT NULL,
    p_close_when_flat boolean DEFAULT true,
    OUT outcome text, OUT fill_id bigint, OUT fill_realized_pnl numeric, OUT pos {schema}.trading_positions,
    OUT problem text)
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    place text := coalesce(p_exchange, '');
    fee numeric := coalesce(p_commission, 0);
    target bigint;
    fresh bigint;
BEGIN
    -- An event that was applied before is answered from its fill, without a lock: its position may be closed by
    -- now, and whoever takes a second position's lock while holding one can meet another who does the same.
    SELECT k.outcome, k.fill_id, k.fill_realized_pnl INTO outcome, fill_id, fill_realized_pnl
        FROM {schema}.trading_known_event(p_bot_id, place, p_exchange_trade_id, p_trade_type, p_symbol, p_direction,
            p_action, p_qty, p_price, fee) k;
    IF NOT FOUND THEN
        PERFORM 1 FROM {schema}.trading_bots b WHERE b.id = p_bot_id;
        IF NOT FOUND THEN
            pos.id := 0;
            outcome := 'no_bot';
            problem := format('no bot %s', p_bot_id);
            RETURN;
        END IF;
        SELECT l.position_id, CASE WHEN l.made THEN l.position_id END INTO target, fresh
            FROM {schema}.trading_lock_open_position(p_bot_id, p_trade_type, p_symbol, p_direction, p_ts, NULL) l;
        -- Whoever holds the open position excludes all others, so this second look is final.
        SELECT k.outcome, k.fill_id, k.fill_realized_pnl INTO outcome, fill_id, fill_realized_pnl
            FROM {schema}.trading_known_event(p_bot_id, place, p_exchange_trade_id, p_trade_type, p_symbol,
                p_direction, p_action, p_qty, p_price, fee) k;
        IF NOT FOUND THEN
            SELECT a.outcome, a.fill_id, a.fill_realized_pnl, a.problem
                INTO outcome, fill_id, fill_realized_pnl, problem
                FROM {schema}.trading_book_fill(target, p_action, p_qty, p_price, p_ts, fee, place,
                    p_exchange_trade_id, p_close_when_flat) a;
        END IF;
        IF outcome <> 'applied' THEN
            DELETE FROM {schema}.trading_positions p WHERE p.id = fresh;
        END IF;
    END IF;
    SELECT p.* INTO pos FROM {schema}.trading_fills f JOIN {schema}.trading_positions p ON p.id = f.position_id
        WHERE f.id = fill_id;
    IF NOT FOUND THEN
        pos.id := target;
    END IF;
END
$$;
COMMENT ON FUNCTION {schema}.trading_book_symbol_fill(bigint, text, text, text, text, numeric, numeric, timestamptz, numeric, text, text, boolean) IS
    'As trading_fill_symbol, but a fill that the stored state refuses is an answer: outcome no_bot, closed or too_much, with the problem in words, and nothing changed. Raises TD004 for a bad argument. Source: framework-operations 6, decisions 12.';

CREATE OR REPLACE FUNCTION {schema}.trading_apply_fill(
    p_position_id bigint, p_action text, p_qty numeric, p_price numeric, p_ts timestamptz DEFAULT NULL,
    p_commission numeric DEFAULT 0, p_exchange text DEFAULT '', p_exchange_trade_id text DEFAULT NULL,
    p_close_when_flat boolean DEFAULT true,
    OUT outcome text, OUT fill_id bigint, OUT fill_realized_pnl numeric, OUT pos {schema}.trading_positions)
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    refused text;
BEGIN
    SELECT a.outcome, a.fill_id, a.fill_realized_pnl, a.problem INTO outcome, fill_id, fill_realized_pnl, refused
        FROM {schema}.trading_book_fill(p_position_id, p_action, p_qty, p_price, p_ts, p_commission, p_exchange,
            p_exchange_trade_id, p_close_when_flat) a;
    IF outcome = 'no_position' THEN
        RAISE EXCEPTION '%', refused USING ERRCODE = 'TD003', TABLE = 'trading_positions';
    ELSIF refused IS NOT NULL THEN
        RAISE EXCEPTION '%', refused USING ERRCODE = 'TD001', TABLE = 'trading_positions',
            COLUMN = CASE outcome WHEN 'closed' THEN 'status' ELSE 'qty_open' END;
    END IF;
    SELECT p.* INTO pos FROM {schema}.trading_positions p WHERE p.id = p_position_id;
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
    refused text;
BEGIN
    SELECT a.outcome, a.fill_id, a.fill_realized_pnl, a.problem INTO outcome, fill_id, fill_realized_pnl, refused
        FROM {schema}.trading_book_symbol_fill(p_bot_id, p_trade_type, p_symbol, p_direction, p_action, p_qty, p_price,
            p_ts, p_commission, p_exchange, p_exchange_trade_id, p_close_when_flat) a;
    IF outcome = 'no_bot' THEN
        RAISE EXCEPTION '%', refused USING ERRCODE = 'foreign_key_violation', TABLE = 'trading_positions',
            COLUMN = 'bot_id', CONSTRAINT = 'trading_positions_bot_id_fkey';
    ELSIF refused IS NOT NULL THEN
        RAISE EXCEPTION '%', refused USING ERRCODE = 'TD001', TABLE = 'trading_positions',
            COLUMN = CASE outcome WHEN 'closed' THEN 'status' ELSE 'qty_open' END;
    END IF;
    SELECT p.* INTO pos FROM {schema}.trading_fills f JOIN {schema}.trading_positions p ON p.id = f.position_id
        WHERE f.id = fill_id;
END
$$;
