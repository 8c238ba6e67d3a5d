/* SPDX-License-Identifier: MIT */
#include "print.h"

static const column list_columns[] = {
    KEY("id", "id", trdb_trading_trade, id),
    I64("bot_id", "bot", 3, trdb_trading_trade, bot_id),
    TEXT("symbol", "symbol", 0, trdb_trading_trade, symbol),
    ENUM("direction", "side", 1, trdb_trading_trade, direction),
    STATE("status", "status", 2, trdb_trading_trade, status),
    TIME("entry_time", "entered", 4, trdb_trading_trade, entry_time),
    DEC("entry_price", "entry", 5, trdb_trading_trade, entry_price),
    TIME("exit_time", "left", 3, trdb_trading_trade, exit_time),
    DEC("exit_price", "exit", 5, trdb_trading_trade, exit_price),
    DEC("size", "size", 5, trdb_trading_trade, size),
    GAIN("net_pnl", "net P&L", 1, trdb_trading_trade, net_pnl),
    PERCENT("pnl_percentage", "%", 4, trdb_trading_trade, pnl_percentage),
    TEXT("exit_reason", "exit reason", 6, trdb_trading_trade, exit_reason),
};

/* Every column of the table; the export has them, too. */
static const column all_columns[] = {
    KEY("id", "id", trdb_trading_trade, id),
    I64("bot_id", "bot", 0, trdb_trading_trade, bot_id),
    I64("position_id", "position", 0, trdb_trading_trade, position_id),
    ENUM("trade_type", "type", 0, trdb_trading_trade, trade_type),
    TEXT("strategy_name", "strategy", 0, trdb_trading_trade, strategy_name),
    TEXT("symbol", "symbol", 0, trdb_trading_trade, symbol),
    TEXT("interval", "interval", 0, trdb_trading_trade, interval),
    ENUM("direction", "side", 0, trdb_trading_trade, direction),
    STATE("status", "status", 0, trdb_trading_trade, status),
    TEXT("entry_logic_name", "entry rule", 0, trdb_trading_trade, entry_logic_name),
    TEXT("exit_logic_name", "exit rule", 0, trdb_trading_trade, exit_logic_name),
    TIME("entry_time", "entered", 0, trdb_trading_trade, entry_time),
    DEC("entry_price", "entry price", 0, trdb_trading_trade, entry_price),
    DEC("size", "size", 0, trdb_trading_trade, size),
    DEC("entry_value", "entry value", 0, trdb_trading_trade, entry_value),
    TIME("exit_time", "left", 0, trdb_trading_trade, exit_time),
    DEC("exit_price", "exit price", 0, trdb_trading_trade, exit_price),
    DEC("exit_value", "exit value", 0, trdb_trading_trade, exit_value),
    TEXT("exit_reason", "exit reason", 0, trdb_trading_trade, exit_reason),
    DEC("commission", "fees", 0, trdb_trading_trade, commission),
    GAIN("gross_pnl", "gross P&L", 0, trdb_trading_trade, gross_pnl),
    GAIN("net_pnl", "net P&L", 0, trdb_trading_trade, net_pnl),
    PERCENT("pnl_percentage", "net P&L in %", 0, trdb_trading_trade, pnl_percentage),
    TIME("buy_order_created", "buy order placed", 0, trdb_trading_trade, buy_order_created),
    TIME("buy_order_closed", "buy order done", 0, trdb_trading_trade, buy_order_closed),
    TIME("sell_order_created", "sell order placed", 0, trdb_trading_trade, sell_order_created),
    TIME("sell_order_closed", "sell order done", 0, trdb_trading_trade, sell_order_closed),
    TIME("created_at", "created", 0, trdb_trading_trade, created_at),
    TIME("updated_at", "changed", 0, trdb_trading_trade, updated_at),
    JSON("extra_metadata", "metadata", 0, trdb_trading_trade, extra_metadata),
};

static const char remedy[] = "`tradingdb trades list` shows those that there are";

/* ---- as of a time ------------------------------------------------------------------------------------ */

static bool is_after(trdb_timestamp a, trdb_timestamp b) {
    return a.kind == TRDB_TIMESTAMP_FINITE && a.us > b.us;
}

/* The trade as it was at --as-of: one that was left later was open then. */
static trdb_trading_trade trade_then(const cli *o, const trdb_trading_trade *trade) {
    static const trdb_decimal no_figure = {0};
    trdb_trading_trade then = *trade;
    if (o->as_of.kind == TRDB_TIMESTAMP_NULL || !is_after(trade->exit_time, o->as_of))
        return then;
    then.status = (trdb_opt_enum){.text = "open", .value = TRDB_TRADING_TRADE_STATUS_OPEN};
    then.exit_time = (trdb_timestamp){0};
    then.exit_price = then.entry_value = then.exit_value = no_figure;
    then.commission = then.gross_pnl = then.net_pnl = then.pnl_percentage = no_figure;
    then.exit_reason = NULL;
    return then;
}

static trdb_where_timestamp entered_when(const cli *o) {
    trdb_where_timestamp where = {.op = TRDB_OP_NONE};
    trdb_timestamp until = o->until;
    if (o->as_of.kind != TRDB_TIMESTAMP_NULL && (until.kind == TRDB_TIMESTAMP_NULL || until.us > o->as_of.us))
        until = trdb_timestamp_from_us(o->as_of.us + 1);
    if (o->from.kind != TRDB_TIMESTAMP_NULL)
        where.op |= TRDB_OP_FROM;
    if (until.kind != TRDB_TIMESTAMP_NULL)
        where.op |= TRDB_OP_UNTIL;
    where.from = o->from;
    where.until = until;
    return where;
}

static trdb_trading_trade_filter filter_of(const cli *o) {
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    if (o->bot)
        filter.bot_id = trdb_where_i64_eq(o->bot);
    if (o->symbol)
        filter.symbol = trdb_where_text_eq(o->symbol);
    if (o->strategy)
        filter.strategy_name = trdb_where_text_eq(o->strategy);
    if (o->status && o->as_of.kind == TRDB_TIMESTAMP_NULL)
        filter.status = trdb_where_enum_eq(o->status); /* otherwise what counts is the status at that time */
    filter.entry_time = entered_when(o);
    return filter;
}

static bool is_wanted(const cli *o, const trdb_trading_trade *then) {
    return o->status == 0 || then->status.value == o->status;
}

/* ---- commands ---------------------------------------------------------------------------------------- */

static int list_page(const cli *o, session *s, printer *p, pager *pages) {
    TRDB_AUTO(trdb_trading_trade_list) *trades = NULL;
    trdb_trading_trade_filter filter = filter_of(o);
    filter.limit = pager_ask(pages);
    filter.descending = 1;
    if (pages->last)
        filter.id = trdb_where_i64_until(pages->last);
    if (trdb_trading_trades_list(s->uow, &filter, &trades, &s->error) < 0)
        return session_failed(s);
    TRDB_FOREACH(trdb_trading_trade, trade, trades) {
        const trdb_trading_trade then = trade_then(o, trade);
        if (!is_wanted(o, &then))
            pager_pass(pages, trade->id);
        else if (pager_take(pages, trade->id))
            printer_row(p, &then);
    }
    return CLI_OK;
}

int cmd_trades_list(const cli *o) {
    SESSION(s);
    int rc;
    char next[VALUE_SIZE];
    pager pages = pager_begin(o);
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    printer *p = printer_begin(o, "trades", list_columns, COUNT(list_columns));
    if (!p)
        return CLI_FAILED;
    do {
        rc = list_page(o, &s, p, &pages);
    } while (rc == CLI_OK && pager_goes_on(&pages));
    return rc == CLI_OK ? printer_end(p, pager_next(&pages, next)) : printer_abort(p, rc);
}

int cmd_trades_show(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_trading_trade) *trade = NULL;
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_trading_trade_get(s.uow, o->id, &trade, &s.error) < 0)
        return session_missing(&s, "trade", o->id, remedy);
    if (o->as_of.kind != TRDB_TIMESTAMP_NULL && is_after(trade->entry_time, o->as_of))
        return cli_error("trade %lld was entered after that time", (long long)o->id);
    const trdb_trading_trade then = trade_then(o, trade);
    return print_record(o, all_columns, COUNT(all_columns), &then);
}

/* All pages in one snapshot; memory holds one of them. */
int cmd_trades_export(const cli *o) {
    enum { PAGE = 1000 };
    SESSION(s);
    cli csv = *o;
    csv.csv = !o->json;
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    printer *p = printer_begin(&csv, "trades", all_columns, COUNT(all_columns));
    if (!p)
        return CLI_FAILED;
    trdb_trading_trade_filter filter = filter_of(o);
    filter.limit = trdb_i64(PAGE);
    int rc = CLI_OK;
    for (size_t got = PAGE; got == PAGE && rc == CLI_OK;) {
        TRDB_AUTO(trdb_trading_trade_list) *trades = NULL;
        if (trdb_trading_trades_list(s.uow, &filter, &trades, &s.error) < 0)
            rc = session_failed(&s);
        TRDB_FOREACH(trdb_trading_trade, trade, trades) {
            const trdb_trading_trade then = trade_then(o, trade);
            filter.id = trdb_where_i64_from(trade->id + 1);
            if (is_wanted(o, &then))
                printer_row(p, &then);
        }
        got = trdb_trading_trade_list_count(trades);
    }
    return rc == CLI_OK ? printer_end(p, NULL) : printer_abort(p, rc);
}
