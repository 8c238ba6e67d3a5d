/* SPDX-License-Identifier: MIT */
/* The operations that every table has: of one with an integer key, and of one with a text. */
#include "nomem.h"

static trdb_trading_trade_new trade(const nomem *at) {
    trdb_trading_trade_new in = trdb_trading_trade_new_init();
    in.bot_id = trdb_i64(at->bot);
    in.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    in.entry_logic_name = "breakout";
    in.exit_logic_name = "stop";
    in.symbol = "ETHUSDT";
    in.interval = "1h";
    in.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN);
    in.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    in.entry_price = trdb_dec("2000.5");
    in.size = trdb_dec("1");
    in.extra_metadata = "{\"note\": [1, 2.5, \"three\"]}";
    return in;
}

static trdb_trading_trade_filter filter(const nomem *at) {
    static const char *const symbols[] = {"BTCUSDT", "ETHUSDT"};
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    filter.bot_id = trdb_where_i64_eq(at->bot);
    filter.symbol = trdb_where_text_any(symbols, 2);
    filter.limit = trdb_i64(10);
    return filter;
}

NOMEM_GIVES(trdb_trading_trade, get, trdb_trading_trade_get(at->uow, at->trade, &ret, err))
NOMEM_GIVES(trdb_trading_trade_list, get_many, trdb_trading_trades_get(at->uow, &at->trade, 1, &ret, err))
NOMEM_GIVES(trdb_trading_trade_list, list,
            trdb_trading_trades_list(at->uow, (trdb_trading_trade_filter[]){filter(at)}, &ret, err))
NOMEM_FILLS(int64_t, count,
            trdb_trading_trades_count(at->uow, (trdb_trading_trade_filter[]){filter(at)}, &ret, err))
NOMEM_GIVES(trdb_trading_trade, insert,
            trdb_trading_trade_insert(at->uow, (trdb_trading_trade_new[]){trade(at)}, &ret, err))
NOMEM_GIVES(trdb_trading_trade_list, insert_many,
            trdb_trading_trades_insert(at->uow, (trdb_trading_trade_new[]){trade(at), trade(at)},
                                       sizeof(trdb_trading_trade_new), 2, &ret, err))
NOMEM_DOES(insert_unseen,
           trdb_trading_trade_insert(at->uow, (trdb_trading_trade_new[]){trade(at)}, NULL, err))
NOMEM_GIVES(trdb_trading_trade, patch,
            trdb_trading_trade_patch(at->uow, at->trade, TRDB_TRADING_TRADE_NEW(.exit_reason = "stop"), &ret,
                                     err))
NOMEM_DOES(delete, trdb_trading_trade_delete(at->uow, at->trade, err))

static int ref_key(nomem *at, trdb_error **err) {
    trdb_ref ref;
    int64_t key;
    const trdb_trading_trade_new in = trade(at);
    int code = trdb_trading_trade_insert_ref(at->uow, &in, &ref, err);
    return code < 0 ? code : trdb_ref_key(at->uow, ref, &key, err);
}

static int columns(nomem *at, trdb_error **err) {
    trdb_columns *columns = NOMEM_UNTOUCHED(trdb_columns);
    struct ArrowArrayStream stream = {0};
    int code = trdb_trading_trades_columns(at->uow, NULL, NULL, &columns, err);
    nomem_check("columns", code, (void *)columns == &nomem_mark);
    if (code < 0)
        return code;
    code = trdb_columns_export_arrow(columns, &stream, err);
    nomem_check("export_arrow", code, !stream.release);
    if (stream.release)
        stream.release(&stream);
    trdb_columns_free(columns);
    return code;
}

static int stream(nomem *at, trdb_error **err) {
    trdb_trading_trade_stream *stream = NOMEM_UNTOUCHED(trdb_trading_trade_stream);
    const trdb_trading_trade *row = NULL;
    int code = trdb_trading_trades_stream(at->uow, NULL, NULL, &stream, err);
    nomem_check("stream", code, (void *)stream == &nomem_mark);
    if (code < 0)
        return code;
    do
        code = trdb_trading_trade_stream_next(stream, &row, err);
    while (code == 1);
    trdb_trading_trade_stream_free(stream);
    return code;
}

/* A read and a write in one round trip. */
static int batch(nomem *at, trdb_error **err) {
    trdb_batch *batch = NOMEM_UNTOUCHED(trdb_batch);
    trdb_trading_trade *found = NULL, *made = NULL;
    const trdb_trading_trade_new in = trade(at);
    int code = trdb_batch_new(at->uow, &batch, err);
    nomem_check("batch_new", code, (void *)batch == &nomem_mark);
    if (code < 0)
        return code;
    code = trdb_batch_trading_trade_get(batch, at->trade, &found, err);
    if (code == 0)
        code = trdb_batch_trading_trade_insert(batch, &in, &made, err);
    if (code == 0)
        code = trdb_batch_run(batch, err);
    trdb_trading_trade_free(found);
    trdb_trading_trade_free(made);
    trdb_batch_free(batch);
    return code;
}

/* So many rows that they go by COPY. */
static int insert_bulk(nomem *at, trdb_error **err) {
    enum { ROWS = 600 };
    static trdb_trading_trade_new rows[ROWS];
    for (int i = 0; i < ROWS; i++)
        rows[i] = trade(at);
    return trdb_trading_trades_insert(at->uow, rows, sizeof rows[0], ROWS, NULL, err);
}

/* Two trades: texts of a dictionary, and values that become members on their way. */
static int insert_columns(nomem *at, trdb_error **err) {
    static const char words[] = "paperlongopen1h99.5";
    static const int64_t ends[] = {0, 5, 9, 13, 15, 19}, prices[] = {0, 4, 4};
    static const int32_t codes[][2] = {{0, 0}, {1, 1}, {2, 2}, {3, 3}};
    static const uint8_t first[] = {1};
    const int64_t bots[] = {at->bot, at->bot};
    const trdb_column_view dictionary = {
        .kind = TRDB_COLUMN_TEXT, .length = 5, .offsets = ends, .data = words, .data_size = sizeof words - 1};
#define CODES(column, code)                                                                                                 \
    {.name = column, .kind = TRDB_COLUMN_CODES, .length = 2, .data = codes[code], .data_size = 8, .child = &dictionary}
    const trdb_column_view columns[] = {
        {.name = "bot_id", .kind = TRDB_COLUMN_I64, .length = 2, .data = bots, .data_size = sizeof bots},
        CODES("trade_type", 0), CODES("direction", 1), CODES("status", 2), CODES("interval", 3), CODES("symbol", 3),
        CODES("entry_logic_name", 3), CODES("exit_logic_name", 3),
        {.name = "entry_price", .kind = TRDB_COLUMN_TEXT, .length = 2, .offsets = prices, .data = words + 15, .data_size = 4,
         .validity = first}};
#undef CODES
    return trdb_trading_trades_insert_columns(at->uow, columns, sizeof *columns, sizeof columns / sizeof *columns, NULL, err);
}

NOMEM_GIVES(trdb_trading_bot, upsert,
            trdb_trading_bot_upsert_by_id(
                at->uow,
                TRDB_TRADING_BOT_NEW(.id = trdb_i64(at->bot), .config = "{}", .user_id = trdb_i64(at->user),
                                     .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                     .status = trdb_enum(TRDB_TRADING_BOT_STATUS_STOPPED)),
                &ret, err))

NOMEM_GIVES(trdb_telegram_setting, text_get, trdb_telegram_setting_get(at->uow, "greeting", &ret, err))
NOMEM_GIVES(trdb_telegram_setting_list, text_get_many,
            trdb_telegram_settings_get(at->uow, (const char *const[]){"greeting", "none"}, 2, &ret, err))
NOMEM_DOES(text_delete, trdb_telegram_setting_delete(at->uow, "greeting", err))

const nomem_call nomem_entities[] = {
    {"trdb_trading_trade_get", get, .fresh = true},
    {"trdb_trading_trades_get", get_many},
    {"trdb_trading_trades_list", list},
    {"trdb_trading_trades_count", count},
    {"trdb_trading_trade_insert", insert, .fresh = true},
    {"trdb_trading_trade_insert", insert_unseen},
    {"trdb_ref_key", ref_key},
    {"trdb_batch_new", batch},
    {"trdb_batch_run", batch, .fresh = true},
    {"trdb_trading_trades_columns", columns},
    {"trdb_columns_export_arrow", columns},
    {"trdb_trading_trades_stream", stream},
    {"trdb_trading_trades_insert", insert_many},
    {"trdb_trading_trades_insert_columns", insert_columns},
    {"trdb_trading_trades_insert", insert_bulk},
    {"trdb_trading_bot_upsert_by_id", upsert},
    {"trdb_trading_trade_patch", patch, .fresh = true},
    {"trdb_trading_trade_delete", delete},
    {"trdb_telegram_setting_get", text_get},
    {"trdb_telegram_settings_get", text_get_many},
    {"trdb_telegram_setting_delete", text_delete},
    {.name = NULL},
};
