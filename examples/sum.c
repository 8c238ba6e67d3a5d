/* SPDX-License-Identifier: MIT */
/* Adds up the profit of all trades exactly, twice: row by row from a stream, in bounded memory, and from a column. */
#include <stdio.h>
#include <tradingdb/tradingdb.h>

static int from_stream(trdb_uow *uow, trdb_decimal *ret, trdb_error **err) {
    TRDB_AUTO(trdb_trading_trade_stream) *stream = NULL;
    const trdb_trading_trade *trade = NULL;
    int code = trdb_trading_trades_stream(uow, NULL, NULL, &stream, err);
    trdb_decimal_from_i64(0, 0, ret);
    while (code == 0 && (code = trdb_trading_trade_stream_next(stream, &trade, err)) > 0)
        code = trade->net_pnl.kind == TRDB_DECIMAL_FINITE ? trdb_decimal_add(*ret, trade->net_pnl, ret) : 0;
    return code;
}

/* A value is an integer of 128 bits at the scale of its column, least significant word first. */
static trdb_decimal value_of(const trdb_column_view *column, int64_t i) {
    const uint64_t *words = (const uint64_t *)column->data + 2 * i;
    trdb_decimal value = {.lo = words[0], .hi = words[1], .kind = TRDB_DECIMAL_FINITE, .scale = (uint8_t)column->scale};
    if (words[1] >> 63) { /* two's complement */
        value.negative = 1;
        value.lo = ~words[0] + 1;
        value.hi = ~words[1] + (value.lo == 0);
    }
    return value;
}

static int from_column(trdb_uow *uow, trdb_decimal *ret, trdb_error **err) {
    TRDB_AUTO(trdb_columns) *columns = NULL;
    const trdb_column_choice wanted = {.column = TRDB_TRADING_TRADE_COLUMN_NET_PNL};
    trdb_columns_options options = trdb_columns_options_init();
    options.columns = &wanted;
    options.column_count = 1;
    int code = trdb_trading_trades_columns(uow, NULL, &options, &columns, err);
    trdb_decimal_from_i64(0, 0, ret);
    const trdb_column_view *profit = code == 0 ? trdb_columns_at(columns, 0) : NULL;
    for (int64_t i = 0; code == 0 && i < profit->length; i++)
        if (trdb_column_has(profit, i))
            code = trdb_decimal_add(*ret, value_of(profit, i), ret);
    return code;
}

static void show(const char *what, trdb_decimal sum) {
    char text[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal_format(sum, text, sizeof text);
    printf("%s: %s\n", what, text);
}

int main(void) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_db) *db = NULL;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    trdb_decimal streamed, added;
    if (trdb_open(NULL, NULL, &db, &err) < 0 || trdb_uow_begin(db, NULL, &uow, &err) < 0 ||
        from_stream(uow, &streamed, &err) < 0 || from_column(uow, &added, &err) < 0) {
        fprintf(stderr, "%s\n", trdb_error_message(err));
        return 1;
    }
    show("from a stream", streamed);
    show("from a column", added);
    return trdb_decimal_compare(streamed, added) != 0;
}
