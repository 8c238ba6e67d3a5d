/* SPDX-License-Identifier: MIT */
/* A position, a trade of it and the bot's new balance in one round trip and a COMMIT; then three questions in one. */
#include <stdio.h>
#include <tradingdb/tradingdb.h>

/* Runs as a whole, again if the server asks for that or goes away before COMMIT. Nothing here waits for an answer:
 * the trade refers to the position by a handle. */
static int open_position(trdb_uow *uow, void *arg, trdb_error **err) {
    const int64_t *bot = arg;
    trdb_ref position;
    int code = trdb_trading_position_insert_ref(
        uow,
        TRDB_TRADING_POSITION_NEW(.bot_id = trdb_i64(*bot), .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                  .symbol = "SOLUSDT", .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                                  .opened_at = trdb_time(trdb_timestamp_now()), .qty_open = trdb_dec("12.5"),
                                  .avg_price = trdb_dec("151.20"), .realized_pnl = trdb_dec("0"),
                                  .status = trdb_enum(TRDB_TRADING_POSITION_STATUS_CLOSED)),
        &position, err);
    if (code == 0)
        code = trdb_trading_trade_insert(
            uow,
            TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(*bot), .position_id = trdb_i64_ref(position),
                                   .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER), .symbol = "SOLUSDT",
                                   .interval = "5m", .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                                   .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN), .size = trdb_dec("12.5"),
                                   .entry_logic_name = "breakout", .exit_logic_name = "trailing",
                                   .entry_price = trdb_dec("151.20"), .net_pnl = trdb_dec("-0.37"),
                                   .entry_time = trdb_time(trdb_timestamp_now())),
            NULL, err);
    if (code == 0)
        code = trdb_trading_bot_patch(uow, *bot, TRDB_TRADING_BOT_NEW(.current_balance = trdb_dec("998.11")), NULL, err);
    return code;
}

static int show(trdb_uow *uow, int64_t bot_id, trdb_error **err) {
    TRDB_AUTO(trdb_batch) *batch = NULL;
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    int64_t positions = 0, trades = 0;
    char balance[TRDB_DECIMAL_TEXT_SIZE] = "";
    int code = trdb_batch_new(uow, &batch, err);
    if (code == 0)
        code = trdb_batch_trading_bot_get(batch, bot_id, &bot, err);
    if (code == 0)
        code = trdb_batch_trading_positions_count(batch, NULL, &positions, err);
    if (code == 0)
        code = trdb_batch_trading_trades_count(batch, NULL, &trades, err);
    if (code == 0)
        code = trdb_batch_run(batch, err);
    if (code < 0)
        return code;
    trdb_decimal_format(bot->current_balance, balance, sizeof balance);
    printf("bot %lld has %s, %lld positions, %lld trades\n", (long long)bot_id, balance, (long long)positions,
           (long long)trades);
    return 0;
}

static int64_t round_trips(trdb_db *db) {
    trdb_db_stats stats = trdb_db_stats_init();
    return trdb_db_get_stats(db, &stats, NULL) < 0 ? -1 : stats.round_trips;
}

int main(void) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    int64_t bot = 1, before = 0;
    trdb_uow_options unit = trdb_uow_options_init();
    trdb_run_options run = trdb_run_options_init();
    unit.flags = TRDB_UOW_PIPELINE;
    unit.timeout_ms = 10000;
    run.uow = &unit;

    int code = trdb_open(NULL, NULL, &db, &err);
    if (code == 0) {
        before = round_trips(db);
        code = trdb_run(db, open_position, &bot, &run, &err);
    }
    if (code == 0) {
        printf("stored in %lld round trips\n", (long long)(round_trips(db) - before));
        unit = trdb_uow_options_init();
        unit.flags = TRDB_UOW_AUTOCOMMIT; /* reads need no BEGIN and no COMMIT */
        code = trdb_uow_begin(db, &unit, &uow, &err);
    }
    if (code == 0)
        code = show(uow, bot, &err);
    if (code < 0) {
        fprintf(stderr, "%s\n", trdb_error_message(err));
        return 1;
    }
    return 0;
}
