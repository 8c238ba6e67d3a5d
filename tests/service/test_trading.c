/* SPDX-License-Identifier: MIT */
/* Bots, trades and the figures of positions. */
#include "fixture.h"

static const trdb_timestamp now = {.kind = TRDB_TIMESTAMP_NULL};

static trdb_trading_bot *bot_row(int64_t id) {
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_bot_get(fix_uow, id, &bot, &fix_err));
    return bot;
}

/* ---- figures of positions ------------------------------------------------------------------------------ */

static trdb_trading_position position(int32_t direction, const char *qty, const char *average,
                                      const char *realized) {
    return (trdb_trading_position){
        .direction = {.value = direction, .text = "x"},
        .qty_open = fix_decimal(qty),
        .avg_price = average ? fix_decimal(average) : (trdb_decimal){.kind = TRDB_DECIMAL_NULL},
        .realized_pnl = realized ? fix_decimal(realized) : (trdb_decimal){.kind = TRDB_DECIMAL_NULL},
    };
}

START_TEST(pnl_of_a_position) {
    static const struct {
        int32_t direction;
        const char *qty, *average, *realized, *mark, *unrealized, *total;
    } cases[] = {
        {TRDB_TRADING_DIRECTION_LONG, "15", "105", "75", "120", "225", "300"},
        {TRDB_TRADING_DIRECTION_LONG, "15", "105", "75", "90", "-225", "-150"},
        {TRDB_TRADING_DIRECTION_SHORT, "3", "200", "40", "220", "-60", "-20"},
        {TRDB_TRADING_DIRECTION_SHORT, "3", "200", NULL, "180.5", "58.5", "58.5"},
        {TRDB_TRADING_DIRECTION_LONG, "0", NULL, "-150", "120", "0", "-150"},
        {TRDB_TRADING_DIRECTION_LONG, "1", NULL, "1", "120", "0", "1"},
        {TRDB_TRADING_DIRECTION_LONG, "1", "5", "1", "0", "-5", "-4"},
        /* 1e-24 * 0.5 is a tie: away from zero */
        {TRDB_TRADING_DIRECTION_LONG, "0.5", "1", "0", "1.000000000000000000000001",
         "0.000000000000000000000001", "0.000000000000000000000001"},
        {TRDB_TRADING_DIRECTION_SHORT, "0.5", "1", "0", "1.000000000000000000000001",
         "-0.000000000000000000000001", "-0.000000000000000000000001"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trdb_trading_position p =
            position(cases[i].direction, cases[i].qty, cases[i].average, cases[i].realized);
        trdb_decimal result = fix_decimal("77");
        OK(trdb_trading_unrealized_pnl(&p, fix_decimal(cases[i].mark), &result, &fix_err));
        IS(result, cases[i].unrealized);
        OK(trdb_trading_total_pnl(&p, fix_decimal(cases[i].mark), &result, &fix_err));
        IS(result, cases[i].total);
        OK(trdb_trading_total_pnl(&p, (trdb_decimal){.kind = TRDB_DECIMAL_NULL}, &result, &fix_err));
        IS(result, cases[i].realized ? cases[i].realized : "0");
    }
}
END_TEST

START_TEST(pnl_refuses) {
    trdb_trading_position p = position(TRDB_TRADING_DIRECTION_LONG, "99999999999999", "1", "0");
    trdb_decimal result = fix_decimal("77"), mark = fix_decimal("2");
    FAILS(trdb_trading_unrealized_pnl(NULL, mark, &result, &fix_err), TRDB_E_INVALID, "position is NULL");
    FAILS(trdb_trading_total_pnl(&p, mark, NULL, &fix_err), TRDB_E_INVALID, "place for the result is NULL");
    FAILS(trdb_trading_unrealized_pnl(&p, (trdb_decimal){.kind = 0}, &result, &fix_err), TRDB_E_RANGE,
          "mark");
    FAILS(trdb_trading_unrealized_pnl(&p, fix_decimal("NaN"), &result, &fix_err), TRDB_E_RANGE, "mark");
    FAILS(trdb_trading_total_pnl(&p, fix_decimal("-1"), &result, &fix_err), TRDB_E_RANGE, "mark");
    FAILS(trdb_trading_unrealized_pnl(&p, fix_decimal("99999999999999"), &result, &fix_err), TRDB_E_RANGE,
          "38 digits");
    p.direction.value = TRDB_ENUM_UNKNOWN;
    FAILS(trdb_trading_total_pnl(&p, mark, &result, &fix_err), TRDB_E_INVALID, "neither long nor short");
    IS(result, "77");
}
END_TEST

/* ---- trades ----------------------------------------------------------------------------------------------
 */

static trdb_trading_trade_new trade_of(int64_t bot, int32_t direction, const char *size, const char *entry) {
    trdb_trading_trade_new trade = trdb_trading_trade_new_init();
    trade.bot_id = trdb_i64(bot);
    trade.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    trade.entry_logic_name = "in", trade.exit_logic_name = "out";
    trade.symbol = "BTCUSDT", trade.interval = "5m";
    trade.direction = trdb_enum(direction);
    trade.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN);
    if (size)
        trade.size = trdb_dec(size);
    if (entry)
        trade.entry_price = trdb_dec(entry);
    return trade;
}

static int64_t insert_trade(const trdb_trading_trade_new *in) {
    trdb_trading_trade *row = NULL;
    OK(trdb_trading_trade_insert(fix_uow, in, &row, &fix_err));
    int64_t id = row->id;
    trdb_trading_trade_free(row);
    return id;
}

static int64_t open_trade(int64_t bot, int32_t direction, const char *size, const char *entry) {
    trdb_trading_trade_new in = trade_of(bot, direction, size, entry);
    return insert_trade(&in);
}

START_TEST(closing_computes) {
    static const struct {
        int32_t direction;
        const char *size, *entry, *exit, *commission, *entry_value, *exit_value, *gross, *net, *percent;
    } cases[] = {
        {TRDB_TRADING_DIRECTION_LONG, "2", "100", "110", "1.5", "200", "220", "20", "18.5", "9.25"},
        {TRDB_TRADING_DIRECTION_SHORT, "2", "100", "110", "1.5", "200", "220", "-20", "-21.5", "-10.75"},
        {TRDB_TRADING_DIRECTION_SHORT, "2", "110", "100", NULL, "220", "200", "20", "20", "9.09090909"},
        {TRDB_TRADING_DIRECTION_LONG, "0", "100", "110", "1", "0", "0", "0", "-1", "0"},
        {TRDB_TRADING_DIRECTION_LONG, "5", "0", "1", NULL, "0", "5", "5", "5", "0"},
        {TRDB_TRADING_DIRECTION_LONG, "0.000000000000000001", "0.000000000000000000001", "0", NULL, "0", "0",
         "0", "0", "0"},
        {TRDB_TRADING_DIRECTION_LONG, "0.5", "0.000000000000000000000001", "0", NULL,
         "0.000000000000000000000001", "0", "-0.000000000000000000000001", "-0.000000000000000000000001",
         "-100"},
    };
    int64_t bot = fix_bot();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t id = open_trade(bot, cases[i].direction, cases[i].size, cases[i].entry);
        trdb_trading_trade_new close = trdb_trading_trade_new_init();
        close.exit_price = trdb_dec(cases[i].exit);
        close.exit_reason = "take_profit";
        close.exit_time = trdb_time_us(1000000);
        if (cases[i].commission)
            close.commission = trdb_dec(cases[i].commission);
        trdb_trading_trade *row = NULL;
        OK(trdb_trading_close_trade(fix_uow, id, &close, &row, &fix_err));
        ck_assert_int_eq(row->id, id);
        ck_assert_int_eq(row->status.value, TRDB_TRADING_TRADE_STATUS_CLOSED);
        ck_assert_str_eq(row->exit_reason, "take_profit");
        ck_assert_int_eq(row->exit_time.us, 1000000);
        IS(row->entry_value, cases[i].entry_value);
        IS(row->exit_value, cases[i].exit_value);
        IS(row->commission, cases[i].commission ? cases[i].commission : "0");
        IS(row->gross_pnl, cases[i].gross);
        IS(row->net_pnl, cases[i].net);
        IS(row->pnl_percentage, cases[i].percent);
        trdb_trading_trade_free(row);
    }
}
END_TEST

START_TEST(closing_keeps_what_is_stored) {
    trdb_trading_trade_new in = trade_of(fix_bot(), TRDB_TRADING_DIRECTION_LONG, "1", "100");
    in.commission = trdb_dec("0.25");
    in.exit_reason = "planned";
    int64_t id = insert_trade(&in);
    trdb_trading_trade *row = NULL;
    OK(trdb_trading_close_trade(fix_uow, id, TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("101")), &row,
                                &fix_err));
    IS(row->commission, "0.25");
    IS(row->net_pnl, "0.75");
    ck_assert_str_eq(row->exit_reason, "planned");
    ck_assert_int_eq(row->exit_time.kind, TRDB_TIMESTAMP_FINITE);
    trdb_trading_trade_free(row);
}
END_TEST

START_TEST(overrides_go_by_name) {
    int64_t id = open_trade(fix_bot(), TRDB_TRADING_DIRECTION_LONG, "2", "100");
    trdb_trading_trade *row = NULL;
    OK(trdb_trading_close_trade(
        fix_uow, id,
        TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("110"), .entry_value = trdb_dec("201"),
                               .net_pnl = trdb_dec("15"), .pnl_percentage = trdb_dec("7.5")),
        &row, &fix_err));
    IS(row->entry_value, "201");
    IS(row->exit_value, "220");
    IS(row->gross_pnl, "19");
    IS(row->net_pnl, "15");
    IS(row->pnl_percentage, "7.5");
    trdb_trading_trade_free(row);
    id = open_trade(fix_bot(), TRDB_TRADING_DIRECTION_LONG, "2", "100");
    OK(trdb_trading_close_trade(fix_uow, id,
                                TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("110"),
                                                       .exit_value = trdb_dec("221"),
                                                       .gross_pnl = trdb_dec("30")),
                                &row, &fix_err));
    IS(row->exit_value, "221");
    IS(row->gross_pnl, "30");
    IS(row->net_pnl, "30");
    IS(row->pnl_percentage, "15");
    trdb_trading_trade_free(row);
}
END_TEST

START_TEST(closing_refuses) {
    int64_t bot = fix_bot(), id = open_trade(bot, TRDB_TRADING_DIRECTION_LONG, "2", "100");
    const trdb_trading_trade_new close = {.struct_size = sizeof close, .exit_price = trdb_dec("110")};
    trdb_trading_trade *row = NULL;
    REFUSED(trdb_trading_close_trade(fix_uow, id + 1000, &close, &row, &fix_err), TRDB_E_NOT_FOUND,
            "no row with id");
    OK(trdb_trading_close_trade(fix_uow, id, &close, NULL, &fix_err));
    REFUSED(trdb_trading_close_trade(fix_uow, id, &close, &row, &fix_err), TRDB_E_CONFLICT,
            "is closed, not open");
    trdb_trading_trade_new in = trade_of(bot, TRDB_TRADING_DIRECTION_LONG, "2", "100");
    in.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_CANCELLED);
    REFUSED(trdb_trading_close_trade(fix_uow, insert_trade(&in), &close, &row, &fix_err), TRDB_E_CONFLICT,
            "is cancelled, not open");
    id = open_trade(bot, TRDB_TRADING_DIRECTION_LONG, NULL, "100");
    REFUSED(trdb_trading_close_trade(fix_uow, id, &close, &row, &fix_err), TRDB_E_CONFLICT, "has no size");
    id = open_trade(bot, TRDB_TRADING_DIRECTION_LONG, "1", NULL);
    REFUSED(trdb_trading_close_trade(fix_uow, id, &close, &row, &fix_err), TRDB_E_CONFLICT,
            "has no entry_price");
    id = open_trade(bot, TRDB_TRADING_DIRECTION_LONG, "99999999999999", "1");
    SERVER_FAILS(trdb_trading_close_trade(fix_uow, id, &close, &row, &fix_err), TRDB_E_CHECK, "exact_amount");
    ck_assert_ptr_null(row);
}
END_TEST

START_TEST(closings_are_checked_before_they_are_sent) {
    int64_t id = open_trade(fix_bot(), TRDB_TRADING_DIRECTION_LONG, "2", "100");
    int64_t trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_trading_trade_new in = {.struct_size = sizeof in, .exit_price = trdb_dec("110")};               \
        change;                                                                                              \
        FAILS(trdb_trading_close_trade(fix_uow, id, &in, NULL, &fix_err), code, part);                       \
    } while (0)
    BAD(memset(&in.exit_price, 0, sizeof in.exit_price), TRDB_E_NOT_NULL,
        "trading_trades.exit_price: is required");
    BAD(in.exit_price = trdb_dec("NaN"), TRDB_E_RANGE, "trading_trades.exit_price");
    BAD(in.exit_price = trdb_dec("-1"), TRDB_E_RANGE, "trading_trades.exit_price: must not be negative");
    BAD(in.size = trdb_dec("3"), TRDB_E_INVALID, "trading_trades.size: trading.close_trade does not take");
    BAD(in.entry_price = trdb_dec("3"), TRDB_E_INVALID, "trading_trades.entry_price");
    BAD(in.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_CLOSED), TRDB_E_INVALID, "trading_trades.status");
    BAD(in.net_pnl = trdb_null_dec(), TRDB_E_NOT_NULL, "trading_trades.net_pnl: may not be NULL");
    BAD(in.exit_reason = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "trading_trades.exit_reason");
    BAD(in.exit_time = trdb_null_time(), TRDB_E_NOT_NULL, "trading_trades.exit_time");
    BAD(in.pnl_percentage = trdb_dec("1.123456789"), TRDB_E_INEXACT, "trading_trades.pnl_percentage");
#undef BAD
    FAILS(trdb_trading_close_trade(fix_uow, id, NULL, NULL, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    fix_unit_works();
}
END_TEST

/* ---- bots ------------------------------------------------------------------------------------------------
 */

START_TEST(heartbeat) {
    int64_t id = fix_bot();
    OK(trdb_trading_heartbeat(fix_uow, id, trdb_timestamp_from_us(5000000), &fix_err));
    trdb_trading_bot *bot = bot_row(id);
    ck_assert_int_eq(bot->last_heartbeat.us, 5000000);
    trdb_trading_bot_free(bot);
    OK(trdb_trading_heartbeat(fix_uow, id, now, &fix_err));
    bot = bot_row(id);
    ck_assert_int_gt(bot->last_heartbeat.us, 5000000);
    trdb_trading_bot_free(bot);
    REFUSED(trdb_trading_heartbeat(fix_uow, id + 1000, now, &fix_err), TRDB_E_NOT_FOUND,
            "trading_bots: no row");
}
END_TEST

START_TEST(status) {
    int64_t id = fix_bot();
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_ERROR, "lost \"it\"", now, &bot,
                                   &fix_err));
    ck_assert_int_eq(bot->status.value, TRDB_TRADING_BOT_STATUS_ERROR);
    ck_assert_int_eq(bot->error_count.value, 1);
    ck_assert_ptr_nonnull(strstr(bot->extra_metadata, "\"last_error\": \"lost \\\"it\\\"\""));
    ck_assert_ptr_nonnull(strstr(bot->extra_metadata, "\"last_error_time\": \"2"));
    ck_assert_int_eq(bot->updated_at.kind, TRDB_TIMESTAMP_FINITE);
    trdb_trading_bot_free(bot);
    OK(trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_ERROR, NULL, now, &bot, &fix_err));
    ck_assert_int_eq(bot->error_count.value, 1); /* without a message it does not count */
    trdb_trading_bot_free(bot);
    OK(trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_RUNNING, NULL,
                                   trdb_timestamp_from_us(7000000), NULL, &fix_err));
    OK(trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_STOPPED, NULL, now, &bot, &fix_err));
    ck_assert_int_eq(bot->started_at.us, 7000000);
    ck_assert_int_eq(bot->status.value, TRDB_TRADING_BOT_STATUS_STOPPED);
    trdb_trading_bot_free(bot);
}
END_TEST

START_TEST(status_refuses) {
    int64_t id = fix_bot();
    REFUSED(trdb_trading_set_bot_status(fix_uow, id + 1000, TRDB_TRADING_BOT_STATUS_STOPPED, NULL, now, NULL,
                                        &fix_err),
            TRDB_E_NOT_FOUND, "trading_bots: no row");
    REFUSED(trdb_trading_set_bot_status(fix_uow, id, 0, NULL, now, NULL, &fix_err), TRDB_E_INVALID,
            "no constant");
    REFUSED(
        trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_STOPPED, "x", now, NULL, &fix_err),
        TRDB_E_INVALID, "an error goes only with");
    REFUSED(
        trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_ERROR, "\xff", now, NULL, &fix_err),
        TRDB_E_ENCODING, "error");
    REFUSED(trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_STOPPED, NULL,
                                        trdb_timestamp_from_us(1), NULL, &fix_err),
            TRDB_E_INVALID, "started_at goes only with");
}
END_TEST

START_TEST(performance) {
    int64_t id = fix_bot();
    const trdb_in_decimal none = {.state = TRDB_NOT_GIVEN};
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_update_bot_performance(fix_uow, id, trdb_dec("1000"), trdb_dec("-3.25"), &bot, &fix_err));
    IS(bot->current_balance, "1000");
    IS(bot->total_pnl, "-3.25");
    trdb_trading_bot_free(bot);
    OK(trdb_trading_update_bot_performance(fix_uow, id, none, trdb_null_dec(), &bot, &fix_err));
    IS(bot->current_balance, "1000");
    IS(bot->total_pnl, NULL);
    trdb_trading_bot_free(bot);
    OK(trdb_trading_add_bot_pnl(fix_uow, id, fix_decimal("0.000000000000000000000001"), &bot, &fix_err));
    IS(bot->current_balance, "1000.000000000000000000000001");
    IS(bot->total_pnl, "0.000000000000000000000001"); /* NULL counted as 0 */
    trdb_trading_bot_free(bot);
    REFUSED(trdb_trading_update_bot_performance(fix_uow, id, none, none, NULL, &fix_err), TRDB_E_INVALID,
            "no field");
    REFUSED(trdb_trading_update_bot_performance(fix_uow, id, trdb_dec("NaN"), none, NULL, &fix_err),
            TRDB_E_RANGE, "trading_bots.current_balance");
    REFUSED(trdb_trading_update_bot_performance(fix_uow, id + 1000, trdb_dec("1"), none, NULL, &fix_err),
            TRDB_E_NOT_FOUND, "trading_bots");
    REFUSED(trdb_trading_add_bot_pnl(fix_uow, id + 1000, fix_decimal("1"), NULL, &fix_err), TRDB_E_NOT_FOUND,
            "trading_bots: no row");
    REFUSED(trdb_trading_add_bot_pnl(fix_uow, id, fix_decimal("1e-25"), NULL, &fix_err), TRDB_E_INEXACT,
            "total_pnl");
    REFUSED(trdb_trading_add_bot_pnl(fix_uow, id, (trdb_decimal){.kind = TRDB_DECIMAL_NULL}, NULL, &fix_err),
            TRDB_E_NOT_NULL, "total_pnl: is required");
    OK(trdb_trading_add_bot_pnl(fix_uow, id, fix_decimal("99999999998000"), NULL, &fix_err));
    SERVER_FAILS(trdb_trading_add_bot_pnl(fix_uow, id, fix_decimal("99999999999998"), NULL, &fix_err),
                 TRDB_E_CHECK, "exact_amount");
}
END_TEST

START_TEST(enabled_bots) {
    int64_t first = fix_bot(), second = fix_bot();
    OK(trdb_trading_set_bot_status(fix_uow, first, TRDB_TRADING_BOT_STATUS_DISABLED, NULL, now, NULL,
                                   &fix_err));
    trdb_trading_bot_list *bots = NULL;
    OK(trdb_trading_bots_enabled(fix_uow, trdb_null_i64(), &bots, &fix_err));
    ck_assert_uint_eq(trdb_trading_bot_list_count(bots), 1);
    const trdb_trading_bot *bot = trdb_trading_bot_list_at(bots, 0);
    ck_assert_int_eq(bot->id, second);
    ck_assert_str_eq(bot->config, "{}");
    ck_assert_int_eq(bot->status.value, TRDB_TRADING_BOT_STATUS_RUNNING);
    trdb_trading_bot_list_free(bots);
}
END_TEST

static void add_metric(int64_t bot) {
    OK(trdb_trading_performance_metric_insert(
        fix_uow,
        TRDB_TRADING_PERFORMANCE_METRIC_NEW(.bot_id = trdb_i64(bot), .metrics = "{}",
                                            .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER)),
        NULL, &fix_err));
}

START_TEST(deleting_a_bot) {
    int64_t fresh = fix_bot();
    OK(trdb_trading_delete_bot(fix_uow, fresh, 0, &fix_err));
    REFUSED(trdb_trading_delete_bot(fix_uow, fresh, 0, &fix_err), TRDB_E_NOT_FOUND, "trading_bots: no row");
    REFUSED(trdb_trading_delete_bot(fix_uow, fresh, 4, &fix_err), TRDB_E_INVALID, "0x4");

    int64_t bot = fix_bot(), other = fix_bot(),
            trade = open_trade(bot, TRDB_TRADING_DIRECTION_LONG, "1", "100");
    add_metric(other);
    REFUSED(trdb_trading_delete_bot(fix_uow, bot, TRDB_DELETE_WITH_HISTORY, &fix_err), TRDB_E_CONFLICT,
            "1 open trades and 0 open positions");
    OK(trdb_trading_close_trade(fix_uow, trade, TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("1")), NULL,
                                &fix_err));
    trdb_trading_position_new key = fix_key(bot, "BTCUSDT", TRDB_TRADING_DIRECTION_LONG);
    trdb_trading_fill_new fill = fix_fill(TRDB_TRADING_FILL_ACTION_BUY, "1", "100", NULL);
    trdb_trading_position *position_row = NULL;
    OK(trdb_trading_fill_symbol(fix_uow, &key, &fill, 0, NULL, &position_row, &fix_err));
    REFUSED(trdb_trading_delete_bot(fix_uow, bot, TRDB_DELETE_WITH_HISTORY, &fix_err), TRDB_E_CONFLICT,
            "0 open trades and 1 open positions");
    OK(trdb_trading_mark_position_closed(fix_uow, position_row->id, now, NULL, &fix_err));
    trdb_trading_position_free(position_row);
    add_metric(bot);
    REFUSED(trdb_trading_delete_bot(fix_uow, bot, 0, &fix_err), TRDB_E_CONFLICT, "a history of 3 rows");
    ck_assert_int_eq(fix_count("trading_bots"), 2);
    OK(trdb_trading_delete_bot(fix_uow, bot, TRDB_DELETE_WITH_HISTORY, &fix_err));
    ck_assert_int_eq(fix_count("trading_bots"), 1);
    ck_assert_int_eq(fix_count("trading_trades"), 0);
    ck_assert_int_eq(fix_count("trading_positions"), 0);
    ck_assert_int_eq(fix_count("trading_fills"), 0);
    ck_assert_int_eq(fix_count("trading_performance_metrics"), 1); /* the other bot's */
}
END_TEST

START_TEST(round_trips) {
    int64_t bot = fix_bot(), trade = 0;
    for (int warm = 0; warm < 2; warm++) {
        trade = open_trade(bot, TRDB_TRADING_DIRECTION_LONG, "1", "100");
        int64_t before = fix_round_trips();
        OK(trdb_trading_heartbeat(fix_uow, bot, now, &fix_err));
        OK(trdb_trading_set_bot_status(fix_uow, bot, TRDB_TRADING_BOT_STATUS_RUNNING, NULL, now, NULL,
                                       &fix_err));
        OK(trdb_trading_update_bot_performance(fix_uow, bot, trdb_dec("1"), trdb_dec("2"), NULL, &fix_err));
        OK(trdb_trading_add_bot_pnl(fix_uow, bot, fix_decimal("1"), NULL, &fix_err));
        OK(trdb_trading_close_trade(fix_uow, trade, TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("1")), NULL,
                                    &fix_err));
        if (warm)
            ck_assert_int_eq(fix_round_trips() - before, 5); /* one each */
    }
    OK(trdb_trading_delete_bot(fix_uow, fix_bot(), 0, &fix_err));
    TRIPS(1, trdb_trading_delete_bot(fix_uow, bot, TRDB_DELETE_WITH_HISTORY, &fix_err));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trading");
    TCase *tcase = fix_case("trading");
    tcase_add_test(tcase, pnl_of_a_position);
    tcase_add_test(tcase, pnl_refuses);
    tcase_add_test(tcase, closing_computes);
    tcase_add_test(tcase, closing_keeps_what_is_stored);
    tcase_add_test(tcase, overrides_go_by_name);
    tcase_add_test(tcase, closing_refuses);
    tcase_add_test(tcase, closings_are_checked_before_they_are_sent);
    tcase_add_test(tcase, heartbeat);
    tcase_add_test(tcase, status);
    tcase_add_test(tcase, status_refuses);
    tcase_add_test(tcase, performance);
    tcase_add_test(tcase, enabled_bots);
    tcase_add_test(tcase, deleting_a_bot);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
