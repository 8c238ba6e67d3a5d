/* SPDX-License-Identifier: MIT */
/* The operations of section 6 by their names there. What they do in detail: test_trading.c,
 * test_trading_fills.c, test_trading_metrics.c, test_trading_validate.c. */
#include "fixture.h"

enum { LONG = TRDB_TRADING_DIRECTION_LONG, PAPER = TRDB_TRADING_TRADE_TYPE_PAPER };
enum { OPEN = TRDB_TRADING_TRADE_STATUS_OPEN, CLOSED = TRDB_TRADING_TRADE_STATUS_CLOSED };
enum { CANCELLED = TRDB_TRADING_TRADE_STATUS_CANCELLED };
static const trdb_timestamp now = {.kind = TRDB_TIMESTAMP_NULL};
static const trdb_in_i64 all = {.state = TRDB_NOT_GIVEN};

/* ---- bots ---------------------------------------------------------------------------------------------- */

static trdb_trading_bot_new complete_bot(void) {
    trdb_trading_bot_new bot = trdb_trading_bot_new_init();
    bot.user_id = trdb_i64(fix_user());
    bot.type = trdb_enum(PAPER);
    bot.status = trdb_enum(TRDB_TRADING_BOT_STATUS_STOPPED);
    bot.config = "{\"a\": 1}";
    return bot;
}

START_TEST(bots_upsert_bot) {
    trdb_trading_bot *made = NULL, *changed = NULL;
    trdb_trading_bot_new bot = complete_bot();
    bot.current_balance = trdb_dec("12.5");
    OK(trdb_trading_upsert_bot(fix_uow, &bot, &made, &fix_err));
    ck_assert_str_eq(made->config, "{\"a\": 1}");
    OK(trdb_trading_upsert_bot(fix_uow,
                               TRDB_TRADING_BOT_NEW(.id = trdb_i64(made->id), .description = "new",
                                                    .current_balance = trdb_null_dec()),
                               &changed, &fix_err));
    ck_assert_int_eq(changed->id, made->id);
    ck_assert_str_eq(changed->description, "new");
    ck_assert_str_eq(changed->config, "{\"a\": 1}"); /* what is not given stays */
    IS(changed->current_balance, NULL);
    trdb_trading_bot_free(changed);
    bot.id = trdb_i64(made->id + 500);
    OK(trdb_trading_upsert_bot(fix_uow, &bot, &changed, &fix_err)); /* unknown: made under that id */
    ck_assert_int_eq(changed->id, made->id + 500);
    ck_assert_ptr_null(fix_err); /* no error is left from looking */
    bot.description = "again";
    OK(trdb_trading_upsert_bot(fix_uow, &bot, NULL, &fix_err));
    ck_assert_int_eq(fix_count("trading_bots"), 2);
    TRIPS(1, trdb_trading_upsert_bot(fix_uow, &bot, NULL, &fix_err));
    trdb_trading_bot_free(changed);
    trdb_trading_bot_free(made);
}
END_TEST

START_TEST(bots_upsert_bot_bad_input) {
    trdb_trading_bot *row = NULL;
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_trading_bot_new in = complete_bot();                                                            \
        change;                                                                                              \
        REFUSED(trdb_trading_upsert_bot(fix_uow, &in, &row, &fix_err), code, part);                          \
    } while (0)
    BAD(in.config = NULL, TRDB_E_NOT_NULL, "trading_bots.config: is required of a new bot");
    BAD(in.config = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "trading_bots.config: may not be NULL");
    BAD(in.config = "{", TRDB_E_INVALID, "trading_bots.config: not valid JSON");
    BAD(in.type.state = TRDB_NOT_GIVEN, TRDB_E_INVALID, "trading_bots.type: has a value but no state");
    BAD(memset(&in.type, 0, sizeof in.type), TRDB_E_NOT_NULL, "trading_bots.type: is required of a new bot");
    BAD(memset(&in.status, 0, sizeof in.status), TRDB_E_NOT_NULL, "trading_bots.status");
    BAD(in.status = trdb_enum(99), TRDB_E_INVALID, "trading_bots.status");
    BAD(memset(&in.user_id, 0, sizeof in.user_id), TRDB_E_NOT_NULL, "trading_bots.user_id");
    BAD(in.user_id = trdb_null_i64(), TRDB_E_NOT_NULL, "trading_bots.user_id: may not be NULL");
    BAD(in.id = trdb_null_i64(), TRDB_E_NOT_NULL, "trading_bots.id: may not be NULL");
    BAD(in.current_balance = trdb_dec("1e14"), TRDB_E_RANGE, "trading_bots.current_balance");
    BAD((in.id = trdb_i64(77777), in.config = NULL), TRDB_E_NOT_NULL, "trading_bots.config: is required");
    BAD(in.struct_size = 0, TRDB_E_INVALID, "struct_size");
#undef BAD
    REFUSED(trdb_trading_upsert_bot(fix_uow, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    trdb_trading_bot_new bot = complete_bot();
    bot.user_id = trdb_i64(1000000);
    SERVER_FAILS(trdb_trading_upsert_bot(fix_uow, &bot, &row, &fix_err), TRDB_E_REFERENCE, "user");
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("trading_bots"), 0);
}
END_TEST

START_TEST(bots_heartbeat) {
    int64_t id = fix_bot();
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_heartbeat(fix_uow, id, now, &fix_err));
    OK(trdb_trading_bot_get(fix_uow, id, &bot, &fix_err));
    ck_assert_int_eq(bot->last_heartbeat.kind, TRDB_TIMESTAMP_FINITE);
    trdb_trading_bot_free(bot);
    REFUSED(trdb_trading_heartbeat(fix_uow, id + 1000, now, &fix_err), TRDB_E_NOT_FOUND, "no row");
}
END_TEST

START_TEST(svc_get_bot_by_id) {
    int64_t id = fix_bot();
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_bot_get(fix_uow, id, &bot, &fix_err));
    ck_assert_int_eq(bot->id, id);
    trdb_trading_bot_free(bot);
    bot = NULL;
    REFUSED(trdb_trading_bot_get(fix_uow, id + 1000, &bot, &fix_err), TRDB_E_NOT_FOUND, "no row");
    ck_assert_ptr_null(bot);
}
END_TEST

/* The number of bots in a list that is freed. */
static size_t counted(trdb_trading_bot_list *list) {
    size_t count = trdb_trading_bot_list_count(list);
    trdb_trading_bot_list_free(list);
    return count;
}

START_TEST(svc_get_enabled_bots) {
    int64_t first = fix_bot(), second = fix_bot();
    trdb_trading_bot_list *list = NULL;
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_set_bot_status(fix_uow, first, TRDB_TRADING_BOT_STATUS_DISABLED, NULL, now, &bot,
                                   &fix_err));
    OK(trdb_trading_bots_enabled(fix_uow, all, &list, &fix_err));
    ck_assert_int_eq(trdb_trading_bot_list_at(list, 0)->id, second);
    ck_assert_uint_eq(counted(list), 1);
    OK(trdb_trading_bots_enabled(fix_uow, trdb_i64(bot->user_id.value), &list, &fix_err));
    ck_assert_uint_eq(counted(list), 0);
    trdb_trading_bot_free(bot);
}
END_TEST

START_TEST(svc_get_bots_by_status) {
    int64_t first = fix_bot(), second = fix_bot();
    trdb_trading_bot_list *list = NULL;
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_set_bot_status(fix_uow, second, TRDB_TRADING_BOT_STATUS_ERROR, "x", now, &bot, &fix_err));
    OK(trdb_trading_bots_by_status(fix_uow, TRDB_TRADING_BOT_STATUS_RUNNING, all, &list, &fix_err));
    ck_assert_int_eq(trdb_trading_bot_list_at(list, 0)->id, first);
    ck_assert_uint_eq(counted(list), 1);
    OK(trdb_trading_bots_by_status(fix_uow, TRDB_TRADING_BOT_STATUS_ERROR, trdb_i64(bot->user_id.value),
                                   &list, &fix_err));
    ck_assert_uint_eq(counted(list), 1);
    OK(trdb_trading_bots_by_status(fix_uow, TRDB_TRADING_BOT_STATUS_RUNNING, trdb_i64(bot->user_id.value),
                                   &list, &fix_err));
    ck_assert_uint_eq(counted(list), 0);
    list = NULL;
    REFUSED(trdb_trading_bots_by_status(fix_uow, 99, all, &list, &fix_err), TRDB_E_INVALID, "status");
    ck_assert_ptr_null(list);
    trdb_trading_bot_free(bot);
}
END_TEST

START_TEST(svc_update_bot_status) {
    int64_t id = fix_bot();
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_ERROR, "lost", now, &bot, &fix_err));
    ck_assert_int_eq(bot->error_count.value, 1);
    trdb_trading_bot_free(bot);
    REFUSED(trdb_trading_set_bot_status(fix_uow, id + 1000, TRDB_TRADING_BOT_STATUS_ERROR, "x", now, NULL,
                                        &fix_err),
            TRDB_E_NOT_FOUND, "no row");
}
END_TEST

START_TEST(svc_update_bot_performance) {
    int64_t id = fix_bot();
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_update_bot_performance(fix_uow, id, trdb_dec("5"),
                                           (trdb_in_decimal){.state = TRDB_NOT_GIVEN}, &bot, &fix_err));
    IS(bot->current_balance, "5");
    IS(bot->total_pnl, NULL);
    trdb_trading_bot_free(bot);
    REFUSED(
        trdb_trading_update_bot_performance(fix_uow, id + 1000, trdb_dec("5"), trdb_dec("1"), NULL, &fix_err),
        TRDB_E_NOT_FOUND, "trading_bots");
}
END_TEST

START_TEST(old_running_bots_and_bots_by_type) {
    int64_t first = fix_bot(), second = fix_bot();
    trdb_trading_bot_list *list = NULL;
    OK(trdb_trading_bot_patch(fix_uow, second,
                              TRDB_TRADING_BOT_NEW(.type = trdb_enum(TRDB_TRADING_TRADE_TYPE_LIVE)), NULL,
                              &fix_err));
    OK(trdb_trading_bots_by_status(fix_uow, TRDB_TRADING_BOT_STATUS_RUNNING, all, &list, &fix_err));
    ck_assert_uint_eq(counted(list), 2);
    OK(trdb_trading_bots_list(fix_uow, TRDB_TRADING_BOT_FILTER(.type = trdb_where_enum_eq(PAPER)), &list,
                              &fix_err));
    ck_assert_int_eq(trdb_trading_bot_list_at(list, 0)->id, first);
    ck_assert_uint_eq(counted(list), 1);
}
END_TEST

START_TEST(deleting_a_bot_with_an_open_trade) {
    int64_t id = fix_bot();
    OK(trdb_trading_trade_insert(
        fix_uow,
        TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(id), .trade_type = trdb_enum(PAPER),
                               .entry_logic_name = "in", .exit_logic_name = "out", .symbol = "X",
                               .interval = "5m", .direction = trdb_enum(LONG), .status = trdb_enum(OPEN)),
        NULL, &fix_err));
    REFUSED(trdb_trading_delete_bot(fix_uow, id, TRDB_DELETE_WITH_HISTORY, &fix_err), TRDB_E_CONFLICT,
            "1 open trades");
    ck_assert_int_eq(fix_count("trading_trades"), 1);
    ck_assert_int_eq(fix_count("trading_bots"), 1);
}
END_TEST

/* ---- trades -------------------------------------------------------------------------------------------- */

/* A trade of a status that was entered that many seconds after 1970 and left a second later. */
static trdb_trading_trade_new trade_of(int64_t bot, int32_t status, const char *symbol, int64_t second) {
    trdb_trading_trade_new trade = trdb_trading_trade_new_init();
    trade.bot_id = trdb_i64(bot), trade.trade_type = trdb_enum(PAPER);
    trade.entry_logic_name = "in", trade.exit_logic_name = "out";
    trade.symbol = symbol, trade.interval = "5m";
    trade.direction = trdb_enum(LONG), trade.status = trdb_enum(status);
    trade.size = trdb_dec("1"), trade.entry_price = trdb_dec("100");
    trade.entry_time = trdb_time_us(second * 1000000);
    if (status == CLOSED) {
        trade.exit_price = trdb_dec("110");
        trade.exit_time = trdb_time_us((second + 1) * 1000000);
    }
    return trade;
}

static int64_t add_trade(int64_t bot, int32_t status, const char *symbol, int64_t second) {
    trdb_trading_trade_new in = trade_of(bot, status, symbol, second);
    trdb_trading_trade *row = NULL;
    OK(trdb_trading_trade_insert(fix_uow, &in, &row, &fix_err));
    int64_t id = row->id;
    trdb_trading_trade_free(row);
    return id;
}

START_TEST(trades_add) {
    int64_t bot = fix_bot();
    trdb_trading_trade *row = NULL;
    trdb_trading_trade_new in = trade_of(bot, OPEN, "BTCUSDT", 1);
    OK(trdb_trading_trade_insert(fix_uow, &in, &row, &fix_err));
    ck_assert_int_eq(row->status.value, OPEN);
    trdb_trading_trade_free(row);
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_trading_trade_new bad = trade_of(bot, OPEN, "BTCUSDT", 1);                                      \
        change;                                                                                              \
        SERVER_FAILS(trdb_trading_trade_insert(fix_uow, &bad, &row, &fix_err), code, part);                  \
    } while (0)
    BAD(memset(&bad.bot_id, 0, sizeof bad.bot_id), TRDB_E_NOT_NULL, "bot_id");
    BAD(memset(&bad.trade_type, 0, sizeof bad.trade_type), TRDB_E_NOT_NULL, "trade_type");
    BAD(bad.entry_logic_name = NULL, TRDB_E_NOT_NULL, "entry_logic_name");
    BAD(bad.exit_logic_name = NULL, TRDB_E_NOT_NULL, "exit_logic_name");
    BAD(bad.symbol = NULL, TRDB_E_NOT_NULL, "symbol");
    BAD(bad.interval = NULL, TRDB_E_NOT_NULL, "interval");
    BAD(memset(&bad.direction, 0, sizeof bad.direction), TRDB_E_NOT_NULL, "direction");
    BAD(memset(&bad.status, 0, sizeof bad.status), TRDB_E_NOT_NULL, "status");
    BAD(bad.bot_id = trdb_i64(1000000), TRDB_E_REFERENCE, "bot");
    BAD(bad.position_id = trdb_i64(1000000), TRDB_E_REFERENCE, "position");
    BAD(bad.entry_price = trdb_dec("-1"), TRDB_E_CHECK, "entry_price");
#undef BAD
    ck_assert_int_eq(fix_count("trading_trades"), 1);
}
END_TEST

START_TEST(trades_close_trade) {
    int64_t bot = fix_bot(), id = add_trade(bot, OPEN, "BTCUSDT", 1);
    trdb_trading_trade *row = NULL;
    const trdb_trading_trade_new close = {.struct_size = sizeof close, .exit_price = trdb_dec("104.5")};
    OK(trdb_trading_close_trade(fix_uow, id, &close, &row, &fix_err));
    IS(row->net_pnl, "4.5");
    trdb_trading_trade_free(row);
    REFUSED(trdb_trading_close_trade(fix_uow, id, &close, NULL, &fix_err), TRDB_E_CONFLICT,
            "is closed, not open");
    REFUSED(trdb_trading_close_trade(fix_uow, id + 1000, &close, NULL, &fix_err), TRDB_E_NOT_FOUND, "no row");
}
END_TEST

/* Expects a list of trades with those symbols, in that order, and frees it. */
static void symbols(trdb_trading_trade_list *list, const char *wanted) {
    char found[200] = "";
    TRDB_FOREACH(trdb_trading_trade, trade, list) {
        strcat(found, trade->symbol);
        strcat(found, " ");
    }
    ck_assert_str_eq(found, wanted);
    trdb_trading_trade_list_free(list);
}

START_TEST(trades_open_trades) {
    int64_t bot = fix_bot(), other = fix_bot();
    add_trade(bot, OPEN, "A", 1), add_trade(bot, CLOSED, "B", 2), add_trade(other, OPEN, "C", 3);
    add_trade(other, CANCELLED, "D", 3);
    trdb_trading_trade_list *list = NULL;
    OK(trdb_trading_trades_open(fix_uow, all, NULL, &list, &fix_err));
    symbols(list, "A C ");
    OK(trdb_trading_trades_open(fix_uow, trdb_i64(other), NULL, &list, &fix_err));
    symbols(list, "C ");
    OK(trdb_trading_trades_open(fix_uow, all, "A", &list, &fix_err));
    symbols(list, "A ");
    OK(trdb_trading_trades_open(fix_uow, trdb_i64(other), "A", &list, &fix_err));
    symbols(list, "");
}
END_TEST

START_TEST(trades_pnl_summary) {
    int64_t bot = fix_bot();
    trdb_trading_pnl_summary_row *row = NULL;
    OK(trdb_trading_pnl_summary(fix_uow, trdb_i64(bot), &row, &fix_err));
    ck_assert_int_eq(row->trades.value, 0);
    IS(row->net_pnl, "0");
    trdb_trading_pnl_summary_row_free(row);
    add_trade(bot, CLOSED, "A", 1), add_trade(bot, OPEN, "B", 2), add_trade(fix_bot(), CLOSED, "C", 3);
    OK(trdb_trading_pnl_summary(fix_uow, trdb_i64(bot), &row, &fix_err));
    ck_assert_int_eq(row->trades.value, 1);
    IS(row->net_pnl, "10");
    trdb_trading_pnl_summary_row_free(row);
    OK(trdb_trading_pnl_summary(fix_uow, all, &row, &fix_err));
    ck_assert_int_eq(row->trades.value, 2);
    trdb_trading_pnl_summary_row_free(row);
}
END_TEST

START_TEST(old_trades_get_update_delete) {
    int64_t bot = fix_bot(), id = add_trade(bot, OPEN, "A", 1);
    trdb_trading_trade *row = NULL;
    OK(trdb_trading_trade_get(fix_uow, id, &row, &fix_err));
    ck_assert_int_eq(row->updated_at.kind, TRDB_TIMESTAMP_NULL);
    trdb_trading_trade_free(row);
    OK(trdb_trading_trade_patch(fix_uow, id, TRDB_TRADING_TRADE_NEW(.exit_reason = "soon"), &row, &fix_err));
    ck_assert_str_eq(row->exit_reason, "soon");
    ck_assert_int_eq(row->updated_at.kind, TRDB_TIMESTAMP_FINITE);
    trdb_trading_trade_free(row);
    OK(trdb_trading_trade_delete(fix_uow, id, &fix_err));
    REFUSED(trdb_trading_trade_delete(fix_uow, id, &fix_err), TRDB_E_NOT_FOUND, "no row");
}
END_TEST

START_TEST(old_trades_by_bot_symbol_and_time) {
    int64_t bot = fix_bot();
    add_trade(bot, CLOSED, "A", 10), add_trade(bot, CLOSED, "B", 30), add_trade(bot, CLOSED, "C", 20);
    add_trade(bot, OPEN, "D", 40), add_trade(fix_bot(), CLOSED, "A", 50);
    trdb_trading_trade_list *list = NULL;
    OK(trdb_trading_trades_list(
        fix_uow,
        TRDB_TRADING_TRADE_FILTER(.bot_id = trdb_where_i64_eq(bot), .descending = 1, .limit = trdb_i64(3)),
        &list, &fix_err));
    symbols(list, "D C B "); /* the newest first */
    OK(trdb_trading_trades_list(fix_uow,
                                TRDB_TRADING_TRADE_FILTER(.symbol = trdb_where_text_eq("A"), .descending = 1),
                                &list, &fix_err));
    symbols(list, "A A ");
    OK(trdb_trading_trades_list(
        fix_uow,
        TRDB_TRADING_TRADE_FILTER(.entry_time = trdb_where_timestamp_between(
                                      trdb_timestamp_from_us(20000000), trdb_timestamp_from_us(40000001)),
                                  .order_by = TRDB_TRADING_TRADE_COLUMN_ENTRY_TIME, .descending = 1),
        &list, &fix_err));
    symbols(list, "D B C ");
    /* Closed ones by their exit, in pages: the next begins behind the last row of the one before. */
    trdb_trading_trade_list *next = NULL;
    trdb_trading_trade_filter closed = {.struct_size = sizeof closed,
                                        .bot_id = trdb_where_i64_eq(bot),
                                        .status = trdb_where_enum_eq(CLOSED),
                                        .order_by = TRDB_TRADING_TRADE_COLUMN_EXIT_TIME,
                                        .descending = 1,
                                        .limit = trdb_i64(2)};
    OK(trdb_trading_trades_list(fix_uow, &closed, &list, &fix_err));
    closed.after = trdb_trading_trade_list_at(list, 1);
    OK(trdb_trading_trades_list(fix_uow, &closed, &next, &fix_err));
    symbols(list, "B C ");
    symbols(next, "A ");
    OK(trdb_trading_trades_list(
        fix_uow,
        TRDB_TRADING_TRADE_FILTER(.exit_time = trdb_where_timestamp_until(trdb_timestamp_from_us(21000000))),
        &list, &fix_err));
    symbols(list, "A ");
}
END_TEST

START_TEST(old_cleanup_is_purge_trades) {
    int64_t bot = fix_bot(), other = fix_bot(), purged = -1;
    add_trade(bot, CLOSED, "A", 10), add_trade(bot, CLOSED, "B", 20), add_trade(bot, OPEN, "C", 1);
    add_trade(other, CLOSED, "D", 10), add_trade(bot, CANCELLED, "E", 1);
    trdb_trading_trade_new in = trade_of(bot, CANCELLED, "F", 1);
    in.created_at = trdb_time_us(5000000);
    OK(trdb_trading_trade_insert(fix_uow, &in, NULL, &fix_err));
    in = trade_of(bot, CLOSED, "G", 1);
    memset(&in.exit_time, 0, sizeof in.exit_time);
    in.created_at = trdb_time_us(5000000);
    OK(trdb_trading_trade_insert(fix_uow, &in, NULL, &fix_err));
    in.symbol = "H", in.created_at = trdb_time_us(500000000);
    OK(trdb_trading_trade_insert(fix_uow, &in, NULL, &fix_err));
    trdb_trading_trade_list *list = NULL;

    REFUSED(trdb_trading_purge_trades(fix_uow, all, now, &purged, &fix_err), TRDB_E_INVALID, "is NULL");
    REFUSED(trdb_trading_purge_trades(fix_uow, trdb_null_i64(), trdb_timestamp_from_us(1), &purged, &fix_err),
            TRDB_E_INVALID, "bot_id is neither given nor left out");
    trdb_in_i64 stateless = {.value = 3};
    REFUSED(trdb_trading_purge_trades(fix_uow, stateless, trdb_timestamp_from_us(1), &purged, &fix_err),
            TRDB_E_INVALID, "bot_id is neither given nor left out");
    ck_assert_int_eq(purged, -1);
    OK(trdb_trading_purge_trades(fix_uow, trdb_i64(bot), trdb_timestamp_from_us(21000000), &purged,
                                 &fix_err));
    ck_assert_int_eq(purged, 3); /* A, F and G; B was left at that very time */
    OK(trdb_trading_trades_list(fix_uow, NULL, &list, &fix_err));
    symbols(list, "B C D E H ");
    OK(trdb_trading_purge_trades(fix_uow, trdb_i64(bot), trdb_timestamp_from_us(21000000), &purged,
                                 &fix_err));
    ck_assert_int_eq(purged, 0);
    OK(trdb_trading_purge_trades(fix_uow, all, trdb_timestamp_now(), NULL, &fix_err));
    OK(trdb_trading_trades_list(fix_uow, NULL, &list, &fix_err));
    symbols(list, "C "); /* what is open stays */
    TRIPS(1, trdb_trading_purge_trades(fix_uow, all, trdb_timestamp_now(), NULL, &fix_err));
}
END_TEST

/* ---- positions ----------------------------------------------------------------------------------------- */

START_TEST(positions_ensure_open) {
    trdb_trading_position_new key = fix_key(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_position *first = NULL, *second = NULL;
    OK(trdb_trading_ensure_open_position(fix_uow, &key, &first, &fix_err));
    OK(trdb_trading_ensure_open_position(fix_uow, &key, &second, &fix_err));
    ck_assert_int_eq(first->id, second->id);
    trdb_trading_position_free(first);
    trdb_trading_position_free(second);
    first = NULL;
    key = fix_key(1000000, "BTCUSDT", LONG);
    REFUSED(trdb_trading_ensure_open_position(fix_uow, &key, &first, &fix_err), TRDB_E_REFERENCE,
            "trading_bots: no row with id 1000000");
    ck_assert_ptr_null(first);
}
END_TEST

static int64_t open_position(int64_t bot, const char *symbol) {
    trdb_trading_position_new key = fix_key(bot, symbol, LONG);
    trdb_trading_position *row = NULL;
    OK(trdb_trading_ensure_open_position(fix_uow, &key, &row, &fix_err));
    int64_t id = row->id;
    trdb_trading_position_free(row);
    return id;
}

START_TEST(positions_open_positions) {
    int64_t bot = fix_bot(), other = fix_bot(), first = open_position(bot, "A");
    open_position(bot, "B"), open_position(other, "A");
    OK(trdb_trading_mark_position_closed(fix_uow, first, now, NULL, &fix_err));
    trdb_trading_position_list *list = NULL;
    OK(trdb_trading_positions_open(fix_uow, all, NULL, &list, &fix_err));
    ck_assert_uint_eq(trdb_trading_position_list_count(list), 2);
    trdb_trading_position_list_free(list);
    OK(trdb_trading_positions_open(fix_uow, trdb_i64(bot), NULL, &list, &fix_err));
    ck_assert_str_eq(trdb_trading_position_list_at(list, 0)->symbol, "B");
    trdb_trading_position_list_free(list);
    OK(trdb_trading_positions_open(fix_uow, trdb_i64(bot), "A", &list, &fix_err));
    ck_assert_uint_eq(trdb_trading_position_list_count(list), 0);
    trdb_trading_position_list_free(list);
}
END_TEST

START_TEST(positions_apply_fill) {
    int64_t id = open_position(fix_bot(), "A");
    trdb_trading_fill_new in = fix_fill(TRDB_TRADING_FILL_ACTION_BUY, "2", "10", NULL);
    trdb_trading_position *row = NULL;
    OK(trdb_trading_apply_fill(fix_uow, id, &in, 0, NULL, &row, &fix_err));
    IS(row->qty_open, "2");
    trdb_trading_position_free(row);
    in = fix_fill(TRDB_TRADING_FILL_ACTION_SELL, "3", "10", NULL);
    REFUSED(trdb_trading_apply_fill(fix_uow, id, &in, 0, NULL, NULL, &fix_err), TRDB_E_CONFLICT,
            "only 2 is open");
    REFUSED(trdb_trading_apply_fill(fix_uow, id + 1000, &in, 0, NULL, NULL, &fix_err), TRDB_E_NOT_FOUND,
            "no position");
    ck_assert_int_eq(fix_count("trading_fills"), 1);
}
END_TEST

START_TEST(positions_close_if_flat) {
    int64_t id = open_position(fix_bot(), "A");
    trdb_trading_position *row = NULL;
    OK(trdb_trading_close_position_if_flat(fix_uow, id, trdb_timestamp_from_us(7), &row, &fix_err));
    ck_assert_int_eq(row->closed_at.us, 7);
    trdb_trading_position_free(row);
    REFUSED(trdb_trading_close_position_if_flat(fix_uow, id + 1000, now, NULL, &fix_err), TRDB_E_NOT_FOUND,
            "no position");
}
END_TEST

START_TEST(positions_mark_closed) {
    int64_t id = open_position(fix_bot(), "A");
    trdb_trading_position *row = NULL;
    OK(trdb_trading_mark_position_closed(fix_uow, id, trdb_timestamp_from_us(7), &row, &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_TRADING_POSITION_STATUS_CLOSED);
    trdb_trading_position_free(row);
    REFUSED(trdb_trading_mark_position_closed(fix_uow, id + 1000, now, NULL, &fix_err), TRDB_E_NOT_FOUND,
            "no position");
}
END_TEST

START_TEST(positions_unrealized_pnl_and_total_pnl) {
    int64_t id = open_position(fix_bot(), "A");
    trdb_trading_fill_new in = fix_fill(TRDB_TRADING_FILL_ACTION_BUY, "2", "10", NULL);
    trdb_trading_position *row = NULL;
    trdb_decimal figure;
    OK(trdb_trading_apply_fill(fix_uow, id, &in, 0, NULL, &row, &fix_err));
    OK(trdb_trading_unrealized_pnl(row, fix_decimal("12.5"), &figure, &fix_err));
    IS(figure, "5");
    OK(trdb_trading_total_pnl(row, (trdb_decimal){.kind = TRDB_DECIMAL_NULL}, &figure, &fix_err));
    IS(figure, "0");
    trdb_trading_position_free(row);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trading_operations");
    TCase *tcase = fix_case("operations");
    tcase_add_test(tcase, bots_upsert_bot);
    tcase_add_test(tcase, bots_upsert_bot_bad_input);
    tcase_add_test(tcase, bots_heartbeat);
    tcase_add_test(tcase, svc_get_bot_by_id);
    tcase_add_test(tcase, svc_get_enabled_bots);
    tcase_add_test(tcase, svc_get_bots_by_status);
    tcase_add_test(tcase, svc_update_bot_status);
    tcase_add_test(tcase, svc_update_bot_performance);
    tcase_add_test(tcase, old_running_bots_and_bots_by_type);
    tcase_add_test(tcase, deleting_a_bot_with_an_open_trade);
    tcase_add_test(tcase, trades_add);
    tcase_add_test(tcase, trades_close_trade);
    tcase_add_test(tcase, trades_open_trades);
    tcase_add_test(tcase, trades_pnl_summary);
    tcase_add_test(tcase, old_trades_get_update_delete);
    tcase_add_test(tcase, old_trades_by_bot_symbol_and_time);
    tcase_add_test(tcase, old_cleanup_is_purge_trades);
    tcase_add_test(tcase, positions_ensure_open);
    tcase_add_test(tcase, positions_open_positions);
    tcase_add_test(tcase, positions_apply_fill);
    tcase_add_test(tcase, positions_close_if_flat);
    tcase_add_test(tcase, positions_mark_closed);
    tcase_add_test(tcase, positions_unrealized_pnl_and_total_pnl);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
