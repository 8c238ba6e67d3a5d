/* SPDX-License-Identifier: MIT */
#include "day.h"

#include <unistd.h>

/* The trader's Telegram account. */
static const char telegram_id[] = "100200300";

/* The trader: found by the Telegram account, or made with it. */
static int ensure_trader(trdb_uow *uow, trdb_usr_user **ret, trdb_error **reterr) {
    trdb_telegram_profile_new profile = trdb_telegram_profile_new_init();
    profile.email = "trader@example.org";
    profile.language = "en";
    profile.verified = trdb_bool(true);
    profile.approved = trdb_bool(true);
    int code = trdb_users_get_by_provider(uow, "telegram", telegram_id, ret, reterr);
    if (code == TRDB_E_NOT_FOUND)
        code = trdb_users_create_telegram_user(uow, telegram_id, &profile, ret, reterr);
    return code;
}

/* The trader's bot of this strategy: found by its description, or made. */
static int ensure_bot(trdb_uow *uow, int64_t user_id, const export_file *export, const char *config,
                      int64_t *ret, trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_bot_list) *bots = NULL;
    TRDB_AUTO(trdb_trading_bot) *made = NULL;
    char description[200];
    snprintf(description, sizeof description, "backtest of %.150s", export->strategy);
    int code = trdb_trading_bots_list(uow, TRDB_TRADING_BOT_FILTER(.user_id = trdb_where_i64_eq(user_id)),
                                      &bots, reterr);
    if (code < 0)
        return code;
    TRDB_FOREACH(trdb_trading_bot, bot, bots) {
        if (bot->description && strcmp(bot->description, description) == 0) {
            *ret = bot->id;
            return 0;
        }
    }
    code = trdb_trading_bot_insert(
        uow,
        TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user_id), .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                             .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING), .description = description,
                             .config = config, .current_balance = trdb_dec_value(export->starting_balance),
                             .total_pnl = trdb_dec("0"), .started_at = trdb_time(export->trades[0].opened)),
        &made, reterr);
    if (code == 0)
        *ret = made->id;
    return code;
}

static int create_trader_and_bot(trdb_db *db, const export_file *export, const char *config,
                                 import_result *result, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_usr_user) *user = NULL;
    int code = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code == 0)
        code = ensure_trader(uow, &user, reterr);
    if (code == 0)
        code = ensure_bot(uow, user->id, export, config, &result->bot_id, reterr);
    if (code == 0)
        result->user_id = user->id;
    return code == 0 ? trdb_uow_commit(uow, reterr) : code;
}

/* The fee of one side: size and rate are multiplied exactly, the product with the price is rounded once. */
static int fee_of(trdb_decimal amount, trdb_decimal price, trdb_decimal rate, trdb_decimal *ret) {
    trdb_decimal paid;
    unsigned scale = (unsigned)amount.scale + rate.scale;
    int code = trdb_decimal_multiply(amount, rate, scale < 38 ? scale : 38, TRDB_ROUND_EXACT, &paid);
    return code < 0 ? code : trdb_decimal_multiply(paid, price, 24, TRDB_ROUND_HALF_UP, ret);
}

/* One side of a trade, as an exchange would report it. */
static int fill(trdb_uow *uow, const import_result *result, const export_trade *t, bool entry,
                trdb_decimal fee, int32_t *ret_outcome, trdb_trading_position **ret, trdb_error **reterr) {
    char id[160];
    snprintf(id, sizeof id, "%s:%s", t->id, entry ? "entry" : "exit");
    bool buys = entry != t->is_short;
    return trdb_trading_fill_symbol(
        uow,
        TRDB_TRADING_POSITION_NEW(.bot_id = trdb_i64(result->bot_id),
                                  .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER), .symbol = t->pair,
                                  .direction = trdb_enum(t->is_short ? TRDB_TRADING_DIRECTION_SHORT
                                                                     : TRDB_TRADING_DIRECTION_LONG)),
        TRDB_TRADING_FILL_NEW(.exchange = "freqtrade", .exchange_trade_id = id,
                              .action = trdb_enum(buys ? TRDB_TRADING_FILL_ACTION_BUY
                                                       : TRDB_TRADING_FILL_ACTION_SELL),
                              .qty = trdb_dec_value(t->amount),
                              .price = trdb_dec_value(entry ? t->open_rate : t->close_rate),
                              .commission = trdb_dec_value(fee),
                              .ts = trdb_time(entry ? t->opened : t->closed)),
        0, ret_outcome, ret, reterr);
}

static int insert_trade(trdb_uow *uow, const export_file *export, const import_result *result,
                        const export_trade *t, int64_t position_id, trdb_decimal fee,
                        trdb_trading_trade **ret, trdb_error **reterr) {
    char metadata[160];
    snprintf(metadata, sizeof metadata, "{\"fee_open\": \"%.40s\", \"fee_close\": \"%.40s\"}",
             t->fee_open_text, t->fee_close_text);
    return trdb_trading_trade_insert(
        uow,
        TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(result->bot_id), .position_id = trdb_i64(position_id),
                               .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                               .strategy_name = export->strategy,
                               .entry_logic_name = t->enter_tag ? t->enter_tag : "signal",
                               .exit_logic_name = t->exit_reason, .symbol = t->pair,
                               .interval = export->timeframe,
                               .direction = trdb_enum(t->is_short ? TRDB_TRADING_DIRECTION_SHORT
                                                                  : TRDB_TRADING_DIRECTION_LONG),
                               .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN),
                               .entry_time = trdb_time(t->opened),
                               .entry_price = trdb_dec_value(t->open_rate), .size = trdb_dec_value(t->amount),
                               .commission = trdb_dec_value(fee), .extra_metadata = metadata),
        ret, reterr);
}

/* What follows a new entry: the trade, its exit, and the bot's account. */
static int finish_trade(trdb_uow *uow, const export_file *export, const import_result *result,
                        const export_trade *t, int64_t position_id, trdb_decimal fee_in, trdb_decimal fee_out,
                        trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_trade) *trade = NULL;
    TRDB_AUTO(trdb_trading_trade) *closed = NULL;
    trdb_decimal fees;
    int code = trdb_decimal_add(fee_in, fee_out, &fees);
    if (code == 0)
        code = insert_trade(uow, export, result, t, position_id, fee_in, &trade, reterr);
    if (code == 0)
        code = fill(uow, result, t, false, fee_out, NULL, NULL, reterr);
    if (code == 0)
        code = trdb_trading_close_trade(uow, trade->id,
                                        TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec_value(t->close_rate),
                                                               .exit_time = trdb_time(t->closed),
                                                               .exit_reason = t->exit_reason,
                                                               .commission = trdb_dec_value(fees)),
                                        &closed, reterr);
    if (code == 0)
        code = trdb_trading_add_bot_pnl(uow, result->bot_id, closed->net_pnl, NULL, reterr);
    if (code == 0)
        code = trdb_trading_heartbeat(uow, result->bot_id, t->closed, reterr);
    return code;
}

/* One trade, one unit: entry, trade, exit, account. An entry that is known means that all of it was imported.
 */
static int import_trade(trdb_db *db, const export_file *export, const export_trade *t, import_result *result,
                        trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_trading_position) *position = NULL;
    trdb_decimal fee_in, fee_out;
    int32_t outcome = 0;
    int code = fee_of(t->amount, t->open_rate, t->fee_open, &fee_in);
    if (code == 0)
        code = fee_of(t->amount, t->close_rate, t->fee_close, &fee_out);
    if (code == 0)
        code = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code == 0)
        code = fill(uow, result, t, true, fee_in, &outcome, &position, reterr);
    if (code < 0)
        return code;
    if (outcome == TRDB_FILL_DUPLICATE) {
        result->known++;
        return trdb_uow_rollback(uow, reterr);
    }
    code = finish_trade(uow, export, result, t, position->id, fee_in, fee_out, reterr);
    if (code == 0)
        code = trdb_uow_commit(uow, reterr);
    if (code == 0)
        result->imported++;
    return code;
}

/* A bar on a terminal, nothing elsewhere. */
static void progress(size_t done, size_t total) {
    enum { WIDTH = 40 };
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r  importing ");
    for (size_t i = 0; i < WIDTH; i++)
        fputs(i < done * WIDTH / total ? "█" : "░", stderr);
    fprintf(stderr, " %zu of %zu%s", done, total, done == total ? "\n" : "");
}

int import_export(trdb_db *db, const export_file *export, const char *bot_config, import_result *ret,
                  trdb_error **reterr) {
    import_result result = {0};
    int code = create_trader_and_bot(db, export, bot_config, &result, reterr);
    for (size_t i = 0; i < export->count && code == 0; i++) {
        code = import_trade(db, export, &export->trades[i], &result, reterr);
        if (code == 0)
            progress(i + 1, export->count);
    }
    if (code == 0)
        *ret = result;
    return code;
}
