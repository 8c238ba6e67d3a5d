/* SPDX-License-Identifier: MIT */
/* Stores many trades, page by page from one array, and says how far it is: bulk [TRADES]. All or nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <tradingdb/tradingdb.h>

enum { PAGE = 1000 }; /* rows that stay in the processor's cache */

/* A bot to store for, of a user of its own. Its key need not be known yet: trades refer to it by a handle. */
static int make_bot(trdb_uow *uow, trdb_ref *ret, trdb_error **err) {
    trdb_ref user;
    int code = trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.role = trdb_enum(TRDB_USR_ROLE_TRADER)), &user,
                                        err);
    if (code < 0)
        return code;
    return trdb_trading_bot_insert_ref(uow,
                                       TRDB_TRADING_BOT_NEW(.user_id = trdb_i64_ref(user),
                                                            .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_OPTIMIZATION),
                                                            .status = trdb_enum(TRDB_TRADING_BOT_STATUS_STOPPED),
                                                            .config = "{}"),
                                       ret, err);
}

/* What would come from a file or an exchange. */
static void fill(trdb_trading_trade_new *row, trdb_ref bot, size_t number) {
    *row = trdb_trading_trade_new_init();
    row->bot_id = trdb_i64_ref(bot);
    row->trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_OPTIMIZATION);
    row->entry_logic_name = "breakout";
    row->exit_logic_name = "trailing";
    row->symbol = number % 2 ? "BTCUSDT" : "ETHUSDT";
    row->interval = "5m";
    row->direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    row->status = trdb_enum(TRDB_TRADING_TRADE_STATUS_CLOSED);
    row->entry_time = trdb_time_us(INT64_C(1700000000000000) + (int64_t)number * 300000000);
    row->entry_price = trdb_dec("64250.10");
    row->size = trdb_dec("0.25");
}

typedef struct report {
    size_t before; /* rows of earlier pages */
    size_t total;
} report;

/* Returning anything but 0 would stop the call. */
static int tell(void *arg, size_t done, size_t of_page) {
    const report *r = arg;
    (void)of_page;
    printf("%zu of %zu trades\n", r->before + done, r->total);
    return 0;
}

static int store(trdb_uow *uow, size_t total, trdb_error **err) {
    static trdb_trading_trade_new rows[PAGE];
    static int64_t keys[PAGE];
    report r = {.total = total};
    trdb_bulk_options options = trdb_bulk_options_init();
    trdb_ref bot;
    options.progress = tell;
    options.progress_arg = &r;
    int code = make_bot(uow, &bot, err);
    for (size_t size; r.before < total && code == 0; r.before += size) {
        size = total - r.before < PAGE ? total - r.before : PAGE;
        for (size_t i = 0; i < size; i++)
            fill(&rows[i], bot, r.before + i);
        code = trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, size, &options, keys, err);
    }
    return code;
}

int main(int argc, char **argv) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    size_t total = argc > 1 ? strtoul(argv[1], NULL, 10) : 2500;
    if (trdb_open(NULL, NULL, &db, &err) < 0 || trdb_uow_begin(db, NULL, &uow, &err) < 0 ||
        store(uow, total, &err) < 0 || trdb_uow_commit(uow, &err) < 0) {
        fprintf(stderr, "row %lld: %s\n", (long long)trdb_error_row(err), trdb_error_message(err));
        return 1;
    }
    return 0;
}
