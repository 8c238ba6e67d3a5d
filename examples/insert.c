/* SPDX-License-Identifier: MIT */
/* Inserts a user, a bot of theirs and a trade, in one unit of work: all of it is stored, or nothing. */
#include <stdio.h>
#include <tradingdb/tradingdb.h>

static int store(trdb_db *db, trdb_error **err) {
    TRDB_AUTO(trdb_uow) *uow = NULL; /* rolled back unless committed */
    TRDB_AUTO(trdb_usr_user) *user = NULL;
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    TRDB_AUTO(trdb_trading_trade) *trade = NULL;

    if (trdb_uow_begin(db, NULL, &uow, err) < 0 ||
        trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.role = trdb_enum(TRDB_USR_ROLE_TRADER)), &user, err) <
            0 ||
        trdb_trading_bot_insert(uow,
                                TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user->id),
                                                     .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                     .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                     .config = "{\"strategy\": \"breakout\"}"),
                                &bot, err) < 0 ||
        trdb_trading_trade_insert(
            uow,
            TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(bot->id),
                                   .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                   .entry_logic_name = "breakout", .exit_logic_name = "trailing",
                                   .symbol = "BTCUSDT", .interval = "5m",
                                   .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                                   .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN),
                                   .size = trdb_dec("0.25"), .entry_price = trdb_dec("64250.10"),
                                   .entry_time = trdb_time(trdb_timestamp_now())),
            &trade, err) < 0)
        return -1;

    int code = trdb_uow_commit(uow, err);
    if (code == 0)
        printf("stored trade %lld of bot %lld\n", (long long)trade->id, (long long)bot->id);
    return code;
}

int main(void) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    if (trdb_open(NULL, NULL, &db, &err) < 0 || store(db, &err) < 0) {
        fprintf(stderr, "%s\n", trdb_error_message(err));
        return 1;
    }
    return 0;
}
