/* SPDX-License-Identifier: MIT */
/* Everything printed here is read back from the database; sums are formed there, from what is stored. */
#include "day.h"

#include <stdio.h>

#include "chart.h"

static const char *text(trdb_decimal value, unsigned scale, char *buffer) {
    trdb_decimal rounded;
    if (value.kind != TRDB_DECIMAL_FINITE ||
        trdb_decimal_round(value, scale, TRDB_ROUND_HALF_UP, &rounded) < 0)
        return "-";
    trdb_decimal_format(rounded, buffer, TRDB_DECIMAL_TEXT_SIZE);
    return buffer;
}

static const char *minute(trdb_timestamp value, char *buffer) {
    if (value.kind != TRDB_TIMESTAMP_FINITE)
        return "the start";
    trdb_timestamp_format(value, buffer, TRDB_TIMESTAMP_TEXT_SIZE);
    buffer[strlen("2018-01-16 19:30")] = '\0';
    return buffer;
}

static int print_totals(trdb_uow *uow, trdb_in_i64 bot, const char *currency, trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_pnl_summary_row) *sum = NULL;
    TRDB_AUTO(trdb_trading_drawdown_row) *drop = NULL;
    int code = trdb_trading_pnl_summary(uow, bot, &sum, reterr);
    if (code == 0)
        code = trdb_trading_drawdown(uow, bot, &drop, reterr);
    if (code < 0)
        return code;
    char gross[TRDB_DECIMAL_TEXT_SIZE], net[TRDB_DECIMAL_TEXT_SIZE];
    char since[TRDB_TIMESTAMP_TEXT_SIZE], until[TRDB_TIMESTAMP_TEXT_SIZE];
    printf("\nTotals\n");
    printf("  trades              %lld over %lld pairs\n", (long long)sum->trades.value,
           (long long)sum->symbols.value);
    printf("  gross P&L           %s %s\n", sum->gross_pnl_exact, currency);
    printf("  fees                %s %s\n", sum->fees_exact, currency);
    printf("  net P&L             %s %s\n", sum->net_pnl_exact, currency);
    printf("  profit factor       %s gross, %s net\n", text(sum->gross_profit_factor, 8, gross),
           text(sum->net_profit_factor, 8, net));
    printf("  wins/draws/losses   %lld/%lld/%lld gross, %lld/%lld/%lld net\n",
           (long long)sum->gross_wins.value, (long long)sum->gross_draws.value,
           (long long)sum->gross_losses.value, (long long)sum->net_wins.value,
           (long long)sum->net_draws.value, (long long)sum->net_losses.value);
    printf("  max drawdown        %s %s gross, from %s to %s\n", drop->drawdown_exact, currency,
           minute(drop->since, since), minute(drop->until, until));
    return 0;
}

static void print_head(const char *name) {
    printf("\n  %-14s %7s %17s %17s %12s\n", name, "trades", "gross P&L", "net P&L", "won net");
}

static void print_row(const char *name, trdb_opt_i64 trades, trdb_decimal gross, trdb_decimal net,
                      trdb_opt_i64 wins) {
    char gross_text[TRDB_DECIMAL_TEXT_SIZE], net_text[TRDB_DECIMAL_TEXT_SIZE];
    printf("  %-14s %7lld %17s %17s %12lld\n", name ? name : "(none)", (long long)trades.value,
           text(gross, 10, gross_text), text(net, 10, net_text), (long long)wins.value);
}

static int print_tables(trdb_uow *uow, trdb_in_i64 bot, trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_pnl_by_symbol_row_list) *pairs = NULL;
    TRDB_AUTO(trdb_trading_pnl_by_exit_reason_row_list) *reasons = NULL;
    int code = trdb_trading_pnl_by_symbol(uow, bot, &pairs, reterr);
    if (code == 0)
        code = trdb_trading_pnl_by_exit_reason(uow, bot, &reasons, reterr);
    if (code < 0)
        return code;
    print_head("pair");
    TRDB_FOREACH(trdb_trading_pnl_by_symbol_row, row, pairs)
        print_row(row->symbol, row->trades, row->gross_pnl, row->net_pnl, row->net_wins);
    print_head("exit reason");
    TRDB_FOREACH(trdb_trading_pnl_by_exit_reason_row, row, reasons)
        print_row(row->exit_reason, row->trades, row->gross_pnl, row->net_pnl, row->net_wins);
    printf("\n");
    return 0;
}

/* Where the day went: rows per table, and the bot's account. */
static int print_written(trdb_uow *uow, const import *im, const char *currency,
                         trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    int64_t identities = 0, positions = 0, fills = 0, trades = 0;
    trdb_where_i64 this_bot = trdb_where_i64_eq(im->bot_id);
    int code = trdb_trading_bot_get(uow, im->bot_id, &bot, reterr);
    if (code == 0)
        code = trdb_usr_auth_identities_count(
            uow, TRDB_USR_AUTH_IDENTITY_FILTER(.user_id = trdb_where_i64_eq(im->user_id)), &identities,
            reterr);
    if (code == 0)
        code = trdb_trading_positions_count(uow, TRDB_TRADING_POSITION_FILTER(.bot_id = this_bot), &positions,
                                            reterr);
    if (code == 0)
        code = trdb_trading_fills_count(uow, TRDB_TRADING_FILL_FILTER(.bot_id = this_bot), &fills, reterr);
    if (code == 0)
        code = trdb_trading_trades_count(uow, TRDB_TRADING_TRADE_FILTER(.bot_id = this_bot), &trades, reterr);
    if (code < 0)
        return code;
    char balance[TRDB_DECIMAL_TEXT_SIZE], seen[TRDB_TIMESTAMP_TEXT_SIZE];
    printf("\nWritten to PostgreSQL\n");
    printf("  usr_users            1 trader, id %lld\n", (long long)im->user_id);
    printf("  usr_auth_identities  %lld Telegram identity\n", (long long)identities);
    printf("  trading_bots         1 bot, id %lld, balance %s %s, last heartbeat %s\n", (long long)bot->id,
           text(bot->current_balance, 18, balance), currency, minute(bot->last_heartbeat, seen));
    printf("  trading_positions    %lld, all closed by their fills\n", (long long)positions);
    printf("  trading_fills        %lld, an entry and an exit a trade\n", (long long)fills);
    printf("  trading_trades       %lld, each its own unit of work\n", (long long)trades);
    return 0;
}

int report_print(const import *im, trdb_error **reterr) {
    const char *currency = im->export->stake_currency;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_trading_equity_curve_row_list) *curve = NULL;
    trdb_in_i64 bot = trdb_i64(im->bot_id);
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_READ_ONLY;
    options.isolation = TRDB_ISOLATION_REPEATABLE_READ; /* all figures of one moment */
    int code = trdb_uow_begin(im->db, &options, &uow, reterr);
    if (code == 0)
        code = print_totals(uow, bot, currency, reterr);
    if (code == 0)
        code = print_tables(uow, bot, reterr);
    if (code == 0)
        code = trdb_trading_equity_curve(uow, bot, &curve, reterr);
    if (code == 0) {
        size_t count = trdb_trading_equity_curve_row_list_count(curve);
        char first[TRDB_TIMESTAMP_TEXT_SIZE] = "", last[TRDB_TIMESTAMP_TEXT_SIZE] = "";
        if (count > 0) {
            minute(trdb_trading_equity_curve_row_list_at(curve, 0)->closed_at, first);
            minute(trdb_trading_equity_curve_row_list_at(curve, count - 1)->closed_at, last);
        }
        chart_print(stdout, curve, count, currency, first, last);
        code = print_written(uow, im, currency, reterr);
    }
    return code == 0 ? trdb_uow_commit(uow, reterr) : code;
}
