/* SPDX-License-Identifier: MIT */
#include "import.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>

/* ---- what went wrong --------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int refuse(import *im, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(im->problem, sizeof im->problem, format, args);
    va_end(args);
    return -1;
}

/* Takes the library's error over; `trade` is the one that was being booked, NULL for none. */
static int failed(import *im, const freqtrade_trade *trade, trdb_error **error) {
    char place[40] = "";
    const char *detail = trdb_error_detail(*error);
    if (trade)
        snprintf(place, sizeof place, "trades[%td]: ", trade - im->export->trades);
    refuse(im, "%s%s%s%s%s", place, trdb_error_message(*error), detail ? " (" : "", detail ? detail : "",
           detail ? ")" : "");
    trdb_error_free(*error);
    *error = NULL;
    return -1;
}

/* ---- the bot ----------------------------------------------------------------------------------------- */

static void take_bot(import *im, const trdb_trading_bot *bot) {
    im->bot_id = bot->id;
    im->user_id = bot->user_id.value;
    im->trade_type = bot->type.value;
    im->heartbeat = bot->last_heartbeat;
}

int import_use_bot(import *im, int64_t bot_id) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    trdb_error *error = NULL;
    if (trdb_uow_begin(im->db, NULL, &uow, &error) < 0 ||
        trdb_trading_bot_get(uow, bot_id, &bot, &error) < 0) {
        if (trdb_error_code(error) == TRDB_E_NOT_FOUND) {
            trdb_error_free(error);
            return refuse(im, "there is no bot %" PRId64 "; `tradingdb bots list` shows those that there are",
                          bot_id);
        }
        return failed(im, NULL, &error);
    }
    if (bot->type.value <= 0)
        return refuse(im, "bot %" PRId64 " has the type %s, which this release does not know", bot_id,
                      bot->type.text ? bot->type.text : "NULL");
    take_bot(im, bot);
    return 0;
}

/* What the report wants to know of the export; malloc'd by json-c and freed with the object. */
static json_object *metadata_of(const freqtrade_export *export) {
    json_object *object = json_object_new_object();
    if (!object || json_object_object_add(object, "source", json_object_new_string("freqtrade")) < 0 ||
        json_object_object_add(object, "strategy", json_object_new_string(export->strategy)) < 0 ||
        json_object_object_add(object, "timeframe", json_object_new_string(export->timeframe)) < 0 ||
        json_object_object_add(object, "stake_currency", json_object_new_string(export->stake_currency)) <
            0) {
        json_object_put(object);
        return NULL;
    }
    return object;
}

static int insert_bot(import *im, trdb_uow *uow, const char *description, const char *config,
                      trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    const freqtrade_export *export = im->export;
    json_object *metadata = metadata_of(export);
    int code = trdb_trading_bot_insert(
        uow,
        TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(im->user_id),
                             .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                             .status = trdb_enum(TRDB_TRADING_BOT_STATUS_COMPLETED),
                             .description = description, .config = config,
                             .current_balance = trdb_dec_value(export->starting_balance),
                             .total_pnl = trdb_dec("0"), .started_at = trdb_time(export->trades[0].opened),
                             .extra_metadata = metadata ? json_object_to_json_string(metadata) : NULL),
        &bot, reterr);
    json_object_put(metadata);
    if (code == 0)
        take_bot(im, bot);
    return code;
}

/* What finding or making a bot needs. */
typedef struct bot_order {
    import *im;
    const char *config;
} bot_order;

static int find_or_insert_bot(trdb_uow *uow, void *arg, trdb_error **reterr) {
    const bot_order *order = arg;
    TRDB_AUTO(trdb_trading_bot_list) *bots = NULL;
    char description[200];
    snprintf(description, sizeof description, "backtest of %.150s", order->im->export->strategy);
    const int code = trdb_trading_bots_list(
        uow, TRDB_TRADING_BOT_FILTER(.user_id = trdb_where_i64_eq(order->im->user_id)), &bots, reterr);
    if (code < 0)
        return code;
    TRDB_FOREACH(trdb_trading_bot, bot, bots) {
        if (bot->description && strcmp(bot->description, description) == 0) {
            take_bot(order->im, bot);
            return 0;
        }
    }
    return insert_bot(order->im, uow, description, order->config, reterr);
}

int import_make_bot(import *im, int64_t user_id, const char *config) {
    trdb_error *error = NULL;
    bot_order order = {im, config};
    trdb_uow_options unit = trdb_uow_options_init();
    trdb_run_options options = trdb_run_options_init();
    unit.isolation =
        TRDB_ISOLATION_SERIALIZABLE; /* of two that find no bot, one is refused and looks again */
    options.uow = &unit;
    options.attempts = 20;
    im->user_id = user_id;
    if (trdb_run(im->db, find_or_insert_bot, &order, &options, &error) == 0)
        return 0;
    if (trdb_error_code(error) != TRDB_E_REFERENCE)
        return failed(im, NULL, &error);
    trdb_error_free(error);
    return refuse(im, "there is no user %" PRId64 "; `tradingdb users list` shows those that there are",
                  user_id);
}

/* ---- the trades -------------------------------------------------------------------------------------- */

/* The fee of one side: size and rate are multiplied exactly, the product with the price is rounded once. */
static int fee_of(trdb_decimal amount, trdb_decimal price, trdb_decimal rate, trdb_decimal *ret) {
    trdb_decimal paid;
    unsigned scale = (unsigned)amount.scale + rate.scale;
    int code = trdb_decimal_multiply(amount, rate, scale < 38 ? scale : 38, TRDB_ROUND_EXACT, &paid);
    return code < 0 ? code : trdb_decimal_multiply(paid, price, 24, TRDB_ROUND_HALF_UP, ret);
}

/* The fees of a trade: at entry, at exit, and both. */
typedef struct trade_fees {
    trdb_decimal in;
    trdb_decimal out;
    trdb_decimal both;
} trade_fees;

static int fees_of(const freqtrade_trade *t, trade_fees *ret) {
    int code = fee_of(t->amount, t->open_rate, t->fee_open, &ret->in);
    if (code == 0)
        code = fee_of(t->amount, t->close_rate, t->fee_close, &ret->out);
    return code == 0 ? trdb_decimal_add(ret->in, ret->out, &ret->both) : code;
}

static int32_t direction(const freqtrade_trade *t) {
    return t->is_short ? TRDB_TRADING_DIRECTION_SHORT : TRDB_TRADING_DIRECTION_LONG;
}

/* One side of a trade, as an exchange would report it. */
static int fill(const import *im, trdb_uow *uow, const freqtrade_trade *t, bool entry, trdb_decimal fee,
                int32_t *ret_outcome, trdb_trading_position **ret, trdb_error **reterr) {
    char id[160];
    snprintf(id, sizeof id, "%s:%s", t->id, entry ? "entry" : "exit");
    bool buys = entry != t->is_short;
    return trdb_trading_fill_symbol(
        uow,
        TRDB_TRADING_POSITION_NEW(.bot_id = trdb_i64(im->bot_id), .trade_type = trdb_enum(im->trade_type),
                                  .symbol = t->pair, .direction = trdb_enum(direction(t))),
        TRDB_TRADING_FILL_NEW(.exchange = "freqtrade", .exchange_trade_id = id,
                              .action = trdb_enum(buys ? TRDB_TRADING_FILL_ACTION_BUY
                                                       : TRDB_TRADING_FILL_ACTION_SELL),
                              .qty = trdb_dec_value(t->amount),
                              .price = trdb_dec_value(entry ? t->open_rate : t->close_rate),
                              .commission = trdb_dec_value(fee),
                              .ts = trdb_time(entry ? t->opened : t->closed)),
        0, ret_outcome, ret, reterr);
}

static int insert_trade(const import *im, trdb_uow *uow, const freqtrade_trade *t, int64_t position_id,
                        trdb_decimal fee, trdb_trading_trade **ret, trdb_error **reterr) {
    char metadata[160];
    snprintf(metadata, sizeof metadata, "{\"fee_open\": \"%.40s\", \"fee_close\": \"%.40s\"}",
             t->fee_open_text, t->fee_close_text);
    return trdb_trading_trade_insert(
        uow,
        TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(im->bot_id), .position_id = trdb_i64(position_id),
                               .trade_type = trdb_enum(im->trade_type), .strategy_name = im->export->strategy,
                               .entry_logic_name = t->enter_tag ? t->enter_tag : "signal",
                               .exit_logic_name = t->exit_reason, .symbol = t->pair,
                               .interval = im->export->timeframe, .direction = trdb_enum(direction(t)),
                               .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN),
                               .entry_time = trdb_time(t->opened),
                               .entry_price = trdb_dec_value(t->open_rate), .size = trdb_dec_value(t->amount),
                               .commission = trdb_dec_value(fee), .extra_metadata = metadata),
        ret, reterr);
}

/* A trade, and what its unit needs. */
typedef struct trade_order {
    const import *im;
    const freqtrade_trade *trade;
    trade_fees fees;
} trade_order;

/* What a unit answers besides an error. */
enum { BOOKED = 0, KNOWN = 1, ENTANGLED = 2 };

static bool moves_heartbeat(const import *im, const freqtrade_trade *t) {
    return im->heartbeat.kind == TRDB_TIMESTAMP_NULL || im->heartbeat.us < t->closed.us;
}

/* What follows a new entry: the trade, its exit, and the bot's account. */
static int finish_trade(trdb_uow *uow, const trade_order *order, int64_t position_id, trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_trade) *trade = NULL;
    TRDB_AUTO(trdb_trading_trade) *closed = NULL;
    const import *im = order->im;
    const freqtrade_trade *t = order->trade;
    int code = insert_trade(im, uow, t, position_id, order->fees.in, &trade, reterr);
    if (code == 0)
        code = fill(im, uow, t, false, order->fees.out, NULL, NULL, reterr);
    if (code == 0)
        code = trdb_trading_close_trade(
            uow, trade->id,
            TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec_value(t->close_rate),
                                   .exit_time = trdb_time(t->closed), .exit_reason = t->exit_reason,
                                   .commission = trdb_dec_value(order->fees.both)),
            &closed, reterr);
    if (code == 0)
        code = trdb_trading_add_bot_pnl(uow, im->bot_id, closed->net_pnl, NULL, reterr);
    if (code == 0 && moves_heartbeat(im, t))
        code = trdb_trading_heartbeat(uow, im->bot_id, t->closed, reterr);
    return code;
}

/* One trade, one unit. An entry that is known means that all of it was booked. */
static int book_trade(trdb_uow *uow, void *arg, trdb_error **reterr) {
    const trade_order *order = arg;
    TRDB_AUTO(trdb_trading_position) *position = NULL;
    int32_t outcome = 0;
    const int code = fill(order->im, uow, order->trade, true, order->fees.in, &outcome, &position, reterr);
    if (code < 0)
        return code;
    if (outcome == TRDB_FILL_DUPLICATE)
        return KNOWN;
    if (trdb_decimal_compare(position->qty_open, order->trade->amount) != 0)
        return ENTANGLED;
    return finish_trade(uow, order, position->id, reterr);
}

static int import_trade(import *im, const freqtrade_trade *t) {
    trdb_error *error = NULL;
    trade_order order = {.im = im, .trade = t};
    trdb_uow_options unit = trdb_uow_options_init();
    trdb_run_options options = trdb_run_options_init();
    unit.flags = TRDB_UOW_PIPELINE;
    options.uow = &unit;
    if (fees_of(t, &order.fees) < 0)
        return refuse(im, "trades[%td]: the fees need more than 38 digits", t - im->export->trades);
    switch (trdb_run(im->db, book_trade, &order, &options, &error)) {
    case BOOKED:
        im->imported++;
        if (moves_heartbeat(im, t))
            im->heartbeat = t->closed;
        return 0;
    case KNOWN:
        im->known++;
        return 0;
    case ENTANGLED:
        return refuse(im,
                      "trades[%td]: bot %" PRId64
                      " holds an open position of %s, which the export knows nothing "
                      "of; close it first, or import into another bot",
                      t - im->export->trades, im->bot_id, t->pair);
    default:
        return failed(im, t, &error);
    }
}

int import_trades(import *im) {
    for (size_t i = 0; i < im->export->count; i++) {
        if (import_trade(im, &im->export->trades[i]) < 0)
            return -1;
        if (im->progress)
            im->progress(i + 1, im->export->count);
    }
    return 0;
}
