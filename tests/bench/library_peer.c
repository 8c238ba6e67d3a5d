/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <tradingdb/tradingdb.h>

typedef struct state {
    trdb_db *db;
    trdb_error *err;
    int64_t bot_id;
    int64_t first_id; /* of the trades to read */
    size_t n;
} state;

static int fail(state *s) {
    fprintf(stderr, "library: %s\n", trdb_error_message(s->err));
    return -1;
}

static trdb_trading_trade_new trade_input(state *s) {
    char price[32], size[32];
    bench_trade(s->n++, price, size);
    trdb_trading_trade_new in = trdb_trading_trade_new_init();
    in.bot_id = trdb_i64(s->bot_id);
    in.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    in.strategy_name = "bench";
    in.entry_logic_name = "entry";
    in.exit_logic_name = "exit";
    in.symbol = "BTCUSDT";
    in.interval = "5m";
    in.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    in.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN);
    in.entry_time = trdb_time_us(INT64_C(1700000000000000));
    in.entry_price = trdb_dec(price);
    in.size = trdb_dec(size);
    return in;
}

static void *lib_open(const char *url, int64_t bot_id) {
    state *s = calloc(1, sizeof *s);
    s->bot_id = bot_id;
    trdb_uow *uow = NULL;
    trdb_trading_trade_list *first = NULL;
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    filter.limit = trdb_i64(1);
    if (trdb_open(url, NULL, &s->db, &s->err) < 0 || trdb_uow_begin(s->db, NULL, &uow, &s->err) < 0 ||
        trdb_trading_trades_list(uow, &filter, &first, &s->err) < 0) {
        fail(s);
        exit(1);
    }
    s->first_id = trdb_trading_trade_list_at(first, 0)->id;
    trdb_trading_trade_list_free(first);
    trdb_uow_free(uow);
    return s;
}

static void lib_close(void *arg) {
    state *s = arg;
    trdb_db_free(s->db);
    free(s);
}

static int lib_insert_one(void *arg, size_t count) {
    state *s = arg;
    for (size_t i = 0; i < count; i++) {
        trdb_uow *uow = NULL;
        trdb_trading_trade *row = NULL;
        trdb_trading_trade_new in = trade_input(s);
        if (trdb_uow_begin(s->db, NULL, &uow, &s->err) < 0 ||
            trdb_trading_trade_insert(uow, &in, &row, &s->err) < 0 || trdb_uow_commit(uow, &s->err) < 0)
            return fail(s);
        trdb_trading_trade_free(row);
        trdb_uow_free(uow);
    }
    return 0;
}

static int lib_get_by_id(void *arg, size_t count) {
    state *s = arg;
    trdb_uow *uow = NULL;
    if (trdb_uow_begin(s->db, NULL, &uow, &s->err) < 0)
        return fail(s);
    for (size_t i = 0; i < count; i++) {
        trdb_trading_trade *row = NULL;
        if (trdb_trading_trade_get(uow, s->first_id + (int64_t)(i * 7919 % 1000), &row, &s->err) < 0)
            return fail(s);
        trdb_trading_trade_free(row);
    }
    trdb_uow_free(uow);
    return 0;
}

static int one_unit(state *s, trdb_uow *uow, size_t i) {
    char symbol[24];
    snprintf(symbol, sizeof symbol, "L%zu", i);
    trdb_trading_position_new position = trdb_trading_position_new_init();
    position.bot_id = trdb_i64(s->bot_id);
    position.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    position.symbol = symbol;
    position.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    position.status = trdb_enum(TRDB_TRADING_POSITION_STATUS_CLOSED);
    trdb_trading_position *row = NULL;
    if (trdb_trading_position_insert(uow, &position, &row, &s->err) < 0)
        return -1;
    trdb_trading_trade_new trade = trade_input(s);
    trade.position_id = trdb_i64(row->id);
    trdb_trading_position_free(row);
    trdb_trading_bot_new bot = trdb_trading_bot_new_init();
    bot.last_heartbeat = trdb_time_us(INT64_C(1700000000000000));
    bot.current_balance = trdb_dec("1000.5");
    return trdb_trading_trade_insert(uow, &trade, NULL, &s->err) < 0 ||
                   trdb_trading_bot_patch(uow, s->bot_id, &bot, NULL, &s->err) < 0 ||
                   trdb_uow_commit(uow, &s->err) < 0
               ? -1
               : 0;
}

static int lib_unit_of_work(void *arg, size_t count) {
    state *s = arg;
    for (size_t i = 0; i < count; i++) {
        trdb_uow *uow = NULL;
        if (trdb_uow_begin(s->db, NULL, &uow, &s->err) < 0 || one_unit(s, uow, i) < 0)
            return fail(s);
        trdb_uow_free(uow);
    }
    return 0;
}

static int lib_bulk_insert(void *arg, size_t count) {
    state *s = arg;
    trdb_uow *uow = NULL;
    trdb_trading_trade_list *list = NULL;
    trdb_trading_trade_new *rows = calloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++)
        rows[i] = trade_input(s);
    if (trdb_uow_begin(s->db, NULL, &uow, &s->err) < 0 ||
        trdb_trading_trades_insert(uow, rows, sizeof *rows, count, &list, &s->err) < 0 ||
        trdb_uow_commit(uow, &s->err) < 0)
        return fail(s);
    trdb_trading_trade_list_free(list);
    trdb_uow_free(uow);
    free(rows);
    return 0;
}

static int lib_scan(void *arg, size_t count) {
    state *s = arg;
    trdb_uow *uow = NULL;
    trdb_trading_trade_list *list = NULL;
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    filter.limit = trdb_i64((int64_t)count);
    if (trdb_uow_begin(s->db, NULL, &uow, &s->err) < 0 ||
        trdb_trading_trades_list(uow, &filter, &list, &s->err) < 0)
        return fail(s);
    trdb_trading_trade_list_free(list);
    trdb_uow_free(uow);
    return 0;
}

const peer library_peer = {"tradingdb",   lib_open,         lib_close,       lib_insert_one,
                           lib_get_by_id, lib_unit_of_work, lib_bulk_insert, lib_scan};
