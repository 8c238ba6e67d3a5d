/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>

/* A bot, and what of its books is open. */
typedef struct bot_row {
    trdb_trading_bot bot;
    int64_t open_trades;
    int64_t open_positions;
} bot_row;

static const column list_columns[] = {
    KEY("id", "id", trdb_trading_bot, id),
    I64("user_id", "user", 2, trdb_trading_bot, user_id),
    ENUM("type", "type", 3, trdb_trading_bot, type),
    STATE("status", "status", 0, trdb_trading_bot, status),
    TEXT("description", "description", 1, trdb_trading_bot, description),
    DEC("current_balance", "balance", 4, trdb_trading_bot, current_balance),
    GAIN("total_pnl", "P&L", 2, trdb_trading_bot, total_pnl),
    I64("error_count", "errors", 5, trdb_trading_bot, error_count),
    TIME("last_heartbeat", "last heartbeat", 3, trdb_trading_bot, last_heartbeat),
    TIME("started_at", NULL, 0, trdb_trading_bot, started_at),
    TIME("created_at", NULL, 0, trdb_trading_bot, created_at),
    TIME("updated_at", NULL, 0, trdb_trading_bot, updated_at),
};

static const column show_columns[] = {
    KEY("id", "id", bot_row, bot.id),
    I64("user_id", "user", 0, bot_row, bot.user_id),
    ENUM("type", "type", 0, bot_row, bot.type),
    STATE("status", "status", 0, bot_row, bot.status),
    TEXT("description", "description", 0, bot_row, bot.description),
    DEC("current_balance", "balance", 0, bot_row, bot.current_balance),
    GAIN("total_pnl", "P&L", 0, bot_row, bot.total_pnl),
    KEY("open_trades", "open trades", bot_row, open_trades),
    KEY("open_positions", "open positions", bot_row, open_positions),
    I64("error_count", "errors", 0, bot_row, bot.error_count),
    TIME("started_at", "started", 0, bot_row, bot.started_at),
    TIME("last_heartbeat", "last heartbeat", 0, bot_row, bot.last_heartbeat),
    TIME("created_at", "created", 0, bot_row, bot.created_at),
    TIME("updated_at", "changed", 0, bot_row, bot.updated_at),
    JSON("config", "configuration", 0, bot_row, bot.config),
    JSON("extra_metadata", "metadata", 0, bot_row, bot.extra_metadata),
};

static const char remedy[] = "`tradingdb bots list` shows those that there are";

static int list_page(const cli *o, session *s, printer *p, pager *pages) {
    TRDB_AUTO(trdb_trading_bot_list) *bots = NULL;
    trdb_trading_bot_filter filter = trdb_trading_bot_filter_init();
    filter.limit = pager_ask(pages);
    filter.id = trdb_where_i64_from(pages->last + 1);
    if (o->user)
        filter.user_id = trdb_where_i64_eq(o->user);
    if (o->status)
        filter.status = trdb_where_enum_eq(o->status);
    if (trdb_trading_bots_list(s->uow, &filter, &bots, &s->error) < 0)
        return session_failed(s);
    TRDB_FOREACH(trdb_trading_bot, bot, bots) {
        if (pager_take(pages, bot->id))
            printer_row(p, bot);
    }
    return CLI_OK;
}

int cmd_bots_list(const cli *o) {
    SESSION(s);
    int rc;
    char next[VALUE_SIZE];
    pager pages = pager_begin(o);
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    printer *p = printer_begin(o, "bots", list_columns, COUNT(list_columns));
    if (!p)
        return CLI_FAILED;
    do {
        rc = list_page(o, &s, p, &pages);
    } while (rc == CLI_OK && pager_goes_on(&pages));
    return rc == CLI_OK ? printer_end(p, pager_next(&pages, next)) : printer_abort(p, rc);
}

static int count_open(session *s, bot_row *row) {
    const trdb_where_i64 bot = trdb_where_i64_eq(row->bot.id);
    if (trdb_trading_trades_count(
            s->uow,
            TRDB_TRADING_TRADE_FILTER(.bot_id = bot,
                                      .status = trdb_where_enum_eq(TRDB_TRADING_TRADE_STATUS_OPEN)),
            &row->open_trades, &s->error) < 0 ||
        trdb_trading_positions_count(
            s->uow,
            TRDB_TRADING_POSITION_FILTER(.bot_id = bot,
                                         .status = trdb_where_enum_eq(TRDB_TRADING_POSITION_STATUS_OPEN)),
            &row->open_positions, &s->error) < 0)
        return session_failed(s);
    return CLI_OK;
}

int cmd_bots_show(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_trading_bot_get(s.uow, o->id, &bot, &s.error) < 0)
        return session_missing(&s, "bot", o->id, remedy);
    bot_row row = {.bot = *bot};
    if (count_open(&s, &row) != CLI_OK)
        return CLI_FAILED;
    return print_record(o, show_columns, COUNT(show_columns), &row);
}

int cmd_bots_status(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    if (o->error && o->choice != TRDB_TRADING_BOT_STATUS_ERROR)
        return cli_usage_error("--error TEXT belongs to the status error");
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    const trdb_timestamp started =
        o->choice == TRDB_TRADING_BOT_STATUS_RUNNING ? trdb_timestamp_now() : (trdb_timestamp){0};
    if (trdb_trading_set_bot_status(s.uow, o->id, o->choice, o->error, started, &bot, &s.error) < 0)
        return session_missing(&s, "bot", o->id, remedy);
    bot_row row = {.bot = *bot};
    const bool whole = o->json || o->csv;
    if ((whole && count_open(&s, &row) != CLI_OK) || session_commit(&s) != CLI_OK)
        return CLI_FAILED;
    if (whole)
        return print_record(o, show_columns, COUNT(show_columns), &row);
    printf("bot %" PRId64 " has the status %s\n", bot->id, bot->status.text);
    return cli_finish(CLI_OK);
}
