/* SPDX-License-Identifier: MIT */
/* Positions and fills: formulas, idempotence, what is refused, and what it costs. */
#include "fixture.h"

enum { BUY = TRDB_TRADING_FILL_ACTION_BUY, SELL = TRDB_TRADING_FILL_ACTION_SELL };
enum { LONG = TRDB_TRADING_DIRECTION_LONG, SHORT = TRDB_TRADING_DIRECTION_SHORT };

static int64_t open_position(int64_t bot, const char *symbol, int32_t direction) {
    trdb_trading_position *position = NULL;
    trdb_trading_position_new key = fix_key(bot, symbol, direction);
    OK(trdb_trading_ensure_open_position(fix_uow, &key, &position, &fix_err));
    int64_t id = position->id;
    trdb_trading_position_free(position);
    return id;
}

static trdb_trading_position *fill(int64_t position, int32_t action, const char *qty, const char *price) {
    trdb_trading_position *row = NULL;
    int32_t outcome = 0;
    trdb_trading_fill_new in = fix_fill(action, qty, price, NULL);
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, &outcome, &row, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_APPLIED);
    ck_assert_int_eq(row->id, position);
    return row;
}

/* One step of a worked example. */
typedef struct step {
    int32_t action;
    const char *qty, *price;
    const char *open, *average, *realized;
} step;

static void work_through(int32_t direction, const step *steps, size_t count) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", direction);
    for (size_t i = 0; i < count; i++) {
        trdb_trading_position *row = fill(position, steps[i].action, steps[i].qty, steps[i].price);
        IS(row->qty_open, steps[i].open);
        IS(row->avg_price, steps[i].average);
        IS(row->realized_pnl, steps[i].realized);
        bool flat = trdb_decimal_is_zero(row->qty_open);
        ck_assert_int_eq(row->status.value,
                         flat ? TRDB_TRADING_POSITION_STATUS_CLOSED : TRDB_TRADING_POSITION_STATUS_OPEN);
        ck_assert_int_eq(row->closed_at.kind, flat ? TRDB_TIMESTAMP_FINITE : TRDB_TIMESTAMP_NULL);
        ck_assert_str_eq(row->symbol, "BTCUSDT");
        trdb_trading_position_free(row);
    }
}

START_TEST(a_long_position) {
    static const step steps[] = {
        {BUY, "10", "100", "10", "100", "0"},
        {BUY, "10", "110", "20", "105", "0"},
        {SELL, "5", "120", "15", "105", "75"},
        {SELL, "15", "90", "0", NULL, "-150"},
    };
    work_through(LONG, steps, 4);
    static const step fractions[] = {
        {BUY, "1", "100", "1", "100", "0"},
        {BUY, "1", "110", "2", "105", "0"},
        {SELL, "1", "120", "1", "105", "15"},
        {SELL, "1", "105", "0", NULL, "15"},
    };
    work_through(LONG, fractions, 4);
}
END_TEST

START_TEST(a_short_position) {
    static const step steps[] = {
        {SELL, "5", "200", "5", "200", "0"},
        {BUY, "2", "180", "3", "200", "40"},
        {BUY, "3", "220", "0", NULL, "-20"},
    };
    work_through(SHORT, steps, 3);
}
END_TEST

START_TEST(averages_are_rounded_once_to_24_decimals) {
    static const step steps[] = {
        {BUY, "1", "1", "1", "1", "0"},
        {BUY, "2", "2", "3", "1.666666666666666666666667", "0"},
        {SELL, "3", "1", "0", NULL, "-2.000000000000000000000001"},
    };
    work_through(LONG, steps, 3);
    static const step tiny[] = {
        {BUY, "0.000000000000000000000003", "0.00010074887218045112", "0.000000000000000000000003",
         "0.00010074887218045112", "0"},
    };
    work_through(LONG, tiny, 1);
}
END_TEST

START_TEST(keep_open_leaves_a_flat_position_open) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_position *row = NULL;
    trdb_trading_position_free(fill(position, BUY, "1", "100"));
    trdb_trading_fill_new in = fix_fill(SELL, "1", "110", NULL);
    OK(trdb_trading_apply_fill(fix_uow, position, &in, TRDB_FILL_KEEP_OPEN, NULL, &row, &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_TRADING_POSITION_STATUS_OPEN);
    IS(row->qty_open, "0");
    IS(row->avg_price, NULL);
    trdb_trading_position_free(row);
    row = fill(position, BUY, "2", "50");
    IS(row->avg_price, "50");
    IS(row->realized_pnl, "10");
    trdb_trading_position_free(row);
}
END_TEST

START_TEST(the_time_of_a_fill_closes) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_position_free(fill(position, BUY, "1", "100"));
    trdb_trading_fill_new in = fix_fill(SELL, "1", "110", NULL);
    in.ts = trdb_time_us(1515568500000000);
    in.commission = trdb_dec("-0.5");
    in.exchange = "binance";
    trdb_trading_position *row = NULL;
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, &row, &fix_err));
    ck_assert_int_eq(row->closed_at.us, 1515568500000000);
    trdb_trading_position_free(row);
    trdb_trading_fill_list *fills = NULL;
    OK(trdb_trading_fills_list(fix_uow, TRDB_TRADING_FILL_FILTER(.position_id = trdb_where_i64_eq(position)),
                               &fills, &fix_err));
    ck_assert_uint_eq(trdb_trading_fill_list_count(fills), 2);
    const trdb_trading_fill *last = trdb_trading_fill_list_at(fills, 1);
    ck_assert_int_eq(last->ts.us, 1515568500000000);
    IS(last->commission, "-0.5");
    IS(last->realized_pnl, "10");
    ck_assert_str_eq(last->exchange, "binance");
    trdb_uuid made; /* the library makes an id where the caller has none */
    ck_assert_int_eq(trdb_uuid_parse(last->exchange_trade_id, &made), 0);
    trdb_trading_fill_list_free(fills);
}
END_TEST

/* ---- the same execution again ------------------------------------------------------------------------ */

START_TEST(a_duplicate_changes_nothing) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_fill_new in = fix_fill(BUY, "1.50", "100", "t-1");
    int32_t outcome = 0;
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, &outcome, NULL, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_APPLIED);
    in.qty = trdb_dec("1.5"); /* the same number */
    trdb_trading_position *row = NULL;
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, &outcome, &row, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_DUPLICATE);
    IS(row->qty_open, "1.5");
    trdb_trading_position_free(row);
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err));
    ck_assert_int_eq(fix_count("trading_fills"), 1);
}
END_TEST

START_TEST(a_duplicate_of_a_closed_position_is_one) {
    int64_t bot = fix_bot();
    trdb_trading_position_new key = fix_key(bot, "BTCUSDT", LONG);
    trdb_trading_fill_new in = fix_fill(BUY, "1", "100", "t-1"), out = fix_fill(SELL, "1", "90", "t-2");
    trdb_trading_position *row = NULL;
    int32_t outcome = 0;
    OK(trdb_trading_fill_symbol(fix_uow, &key, &in, 0, &outcome, NULL, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_APPLIED);
    OK(trdb_trading_fill_symbol(fix_uow, &key, &out, 0, &outcome, NULL, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_APPLIED);
    OK(trdb_trading_fill_symbol(fix_uow, &key, &in, 0, &outcome, &row, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_DUPLICATE);
    ck_assert_int_eq(row->status.value, TRDB_TRADING_POSITION_STATUS_CLOSED);
    IS(row->realized_pnl, "-10");
    int64_t position = row->id;
    trdb_trading_position_free(row);
    OK(trdb_trading_apply_fill(fix_uow, position, &out, 0, &outcome, NULL, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_DUPLICATE);
    ck_assert_int_eq(fix_count("trading_fills"), 2);
    ck_assert_int_eq(fix_count("trading_positions"), 1);
}
END_TEST

START_TEST(other_figures_are_a_conflict) {
    int64_t bot = fix_bot(), position = open_position(bot, "BTCUSDT", LONG);
    int64_t other = open_position(bot, "ETHUSDT", LONG);
    trdb_trading_fill_new in = fix_fill(BUY, "1", "100", "t-1");
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err));
    trdb_trading_fill_new wrong[] = {fix_fill(BUY, "2", "100", "t-1"), fix_fill(BUY, "1", "101", "t-1"),
                                     fix_fill(SELL, "1", "100", "t-1"), in};
    wrong[3].commission = trdb_dec("1");
    int32_t outcome = 77;
    trdb_trading_position *row = NULL;
    for (size_t i = 0; i < 4; i++)
        REFUSED(trdb_trading_apply_fill(fix_uow, position, &wrong[i], 0, &outcome, &row, &fix_err),
                TRDB_E_CONFLICT, "\"t-1\" was booked before with other figures");
    REFUSED(trdb_trading_apply_fill(fix_uow, other, &in, 0, &outcome, &row, &fix_err), TRDB_E_CONFLICT,
            "t-1");
    trdb_trading_position_new key = fix_key(bot, "XRPUSDT", LONG);
    REFUSED(trdb_trading_fill_symbol(fix_uow, &key, &in, 0, &outcome, &row, &fix_err), TRDB_E_CONFLICT,
            "t-1");
    ck_assert_int_eq(outcome, 77);
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("trading_positions"), 2); /* none was left behind for XRPUSDT */
    ck_assert_int_eq(fix_count("trading_fills"), 1);

    /* Elsewhere, and for another bot, the id means another execution. */
    in.exchange = "kraken";
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, &outcome, NULL, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_APPLIED);
    in.exchange = NULL;
    key = fix_key(fix_bot(), "BTCUSDT", LONG);
    OK(trdb_trading_fill_symbol(fix_uow, &key, &in, 0, &outcome, NULL, &fix_err));
    ck_assert_int_eq(outcome, TRDB_FILL_APPLIED);
}
END_TEST

START_TEST(a_conflict_is_named) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_fill_new in = fix_fill(BUY, "1", "100", "t-1");
    in.exchange = "kraken";
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err));
    in.price = trdb_dec("101");
    ck_assert_int_eq(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err),
                     TRDB_E_CONFLICT);
    ck_assert_str_eq(trdb_error_statement(fix_err), "trading.apply_fill");
    ck_assert_str_eq(trdb_error_table(fix_err), "trading_fills");
    ck_assert_str_eq(trdb_error_column(fix_err), "exchange_trade_id");
    ck_assert_ptr_nonnull(strstr(trdb_error_message(fix_err), "\"t-1\" of kraken"));
}
END_TEST

/* ---- what is refused ----------------------------------------------------------------------------------- */

START_TEST(the_database_refuses) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_position_free(fill(position, BUY, "1", "100"));
    trdb_trading_fill_new more = fix_fill(SELL, "1.000000000000000000000001", "100", NULL);
    REFUSED(trdb_trading_apply_fill(fix_uow, position, &more, 0, NULL, NULL, &fix_err), TRDB_E_CONFLICT,
            "only 1 is open");
    trdb_trading_fill_new in = fix_fill(SELL, "1", "100", NULL);
    REFUSED(trdb_trading_apply_fill(fix_uow, position + 1000, &in, 0, NULL, NULL, &fix_err), TRDB_E_NOT_FOUND,
            "no position");
    trdb_trading_position_free(fill(position, SELL, "1", "100"));
    REFUSED(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err), TRDB_E_CONFLICT,
            "closed");
    ck_assert_int_eq(fix_count("trading_fills"), 2);
    trdb_trading_position_new none = fix_key(fix_bot(), "BTCUSDT", LONG);
    REFUSED(trdb_trading_fill_symbol(fix_uow, &none, &in, 0, NULL, NULL, &fix_err), TRDB_E_CONFLICT,
            "only 0 is open");
    ck_assert_int_eq(fix_count("trading_positions"), 1); /* none was left behind */
    trdb_trading_position_new key = fix_key(1000000, "BTCUSDT", LONG);
    REFUSED(trdb_trading_fill_symbol(fix_uow, &key, &in, 0, NULL, NULL, &fix_err), TRDB_E_REFERENCE,
            "no bot 1000000");
    trdb_trading_position *row = NULL;
    REFUSED(trdb_trading_ensure_open_position(fix_uow, &key, &row, &fix_err), TRDB_E_REFERENCE,
            "no row with id 1000000");
}
END_TEST

START_TEST(fills_are_checked_before_they_are_sent) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_fill_new good = fix_fill(BUY, "1", "100", NULL);
    int64_t trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_trading_fill_new in = good;                                                                     \
        change;                                                                                              \
        FAILS(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err), code, part);         \
    } while (0)
    BAD(in.qty = trdb_dec("0"), TRDB_E_RANGE, "trading_fills.qty: must be above zero");
    BAD(in.qty = trdb_dec("-1"), TRDB_E_RANGE, "trading_fills.qty");
    BAD(in.qty = trdb_dec("NaN"), TRDB_E_RANGE, "trading_fills.qty: must be a finite");
    BAD(in.qty = trdb_dec("Infinity"), TRDB_E_RANGE, "trading_fills.qty");
    BAD(in.qty = trdb_dec("1e-25"), TRDB_E_INEXACT, "trading_fills.qty");
    BAD(in.qty = trdb_dec("100000000000000"), TRDB_E_RANGE, "trading_fills.qty");
    BAD(in.qty = trdb_dec("one"), TRDB_E_INVALID, "trading_fills.qty");
    BAD(in.qty = trdb_null_dec(), TRDB_E_NOT_NULL, "trading_fills.qty: may not be NULL");
    BAD(in.qty.state = TRDB_NOT_GIVEN, TRDB_E_INVALID, "trading_fills.qty: has a value but no state");
    BAD(memset(&in.qty, 0, sizeof in.qty), TRDB_E_NOT_NULL,
        "trading_fills.qty: is required by trading.apply_fill");
    BAD(in.price = trdb_dec("0"), TRDB_E_RANGE, "trading_fills.price: must be above zero");
    BAD(in.price = trdb_dec("-0.1"), TRDB_E_RANGE, "trading_fills.price");
    BAD(in.price = trdb_dec("NaN"), TRDB_E_RANGE, "trading_fills.price");
    BAD(in.commission = trdb_dec("-Infinity"), TRDB_E_RANGE, "trading_fills.commission");
    BAD(in.commission = trdb_null_dec(), TRDB_E_NOT_NULL, "trading_fills.commission");
    BAD(in.action = trdb_enum(TRDB_TRADING_FILL_ACTION_OPENING), TRDB_E_INVALID, "a buy or a sell");
    BAD(in.action = trdb_enum(TRDB_TRADING_FILL_ACTION_WRITE_OFF), TRDB_E_INVALID, "a buy or a sell");
    BAD(in.action = trdb_enum(99), TRDB_E_INVALID, "trading_fills.action");
    BAD(in.exchange_trade_id = "", TRDB_E_INVALID, "trading_fills.exchange_trade_id: is empty");
    BAD(in.exchange_trade_id = "\xff", TRDB_E_ENCODING, "trading_fills.exchange_trade_id");
    BAD(in.exchange_trade_id = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "trading_fills.exchange_trade_id");
    BAD(in.exchange = "012345678901234567890123456789012345678901234567890", TRDB_E_RANGE,
        "trading_fills.exchange");
    BAD(in.bot_id = trdb_i64(1), TRDB_E_INVALID, "trading_fills.bot_id: trading.apply_fill does not take");
    BAD(in.position_id = trdb_i64(1), TRDB_E_INVALID, "trading_fills.position_id");
    BAD(in.realized_pnl = trdb_null_dec(), TRDB_E_INVALID, "trading_fills.realized_pnl");
    BAD(in.struct_size = 0, TRDB_E_INVALID, "struct_size");
#undef BAD
    FAILS(trdb_trading_apply_fill(fix_uow, position, NULL, 0, NULL, NULL, &fix_err), TRDB_E_INVALID,
          "trdb_trading_fill_new is NULL");
    FAILS(trdb_trading_apply_fill(fix_uow, position, &good, 2, NULL, NULL, &fix_err), TRDB_E_INVALID, "0x2");
    FAILS(trdb_trading_apply_fill(NULL, position, &good, 0, NULL, NULL, &fix_err), TRDB_E_INVALID,
          "unit of work");
    ck_assert_int_eq(fix_round_trips(), trips);
    trdb_trading_position_free(fill(position, BUY, "1", "100"));
}
END_TEST

START_TEST(structs_of_other_versions) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_fill_new in = fix_fill(BUY, "1", "100", NULL);
    in.struct_size = offsetof(trdb_trading_fill_new, commission); /* an older caller */
    in.commission = trdb_dec("NaN");                              /* lies behind its struct */
    OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err));
    struct {
        trdb_trading_fill_new known;
        int64_t later;
    } newer = {.known = fix_fill(BUY, "1", "100", NULL)};
    newer.known.struct_size = sizeof newer;
    OK(trdb_trading_apply_fill(fix_uow, position, &newer.known, 0, NULL, NULL, &fix_err));
    newer.later = 1;
    REFUSED(trdb_trading_apply_fill(fix_uow, position, &newer.known, 0, NULL, NULL, &fix_err), TRDB_E_INVALID,
            "newer");
}
END_TEST

/* ---- opening and closing ---------------------------------------------------------------------------------
 */

START_TEST(one_open_position_per_key) {
    int64_t bot = fix_bot(), first = open_position(bot, "BTCUSDT", LONG);
    ck_assert_int_eq(open_position(bot, "BTCUSDT", LONG), first);
    ck_assert_int_ne(open_position(bot, "BTCUSDT", SHORT), first); /* the direction is part of the key */
    ck_assert_int_ne(open_position(bot, "ETHUSDT", LONG), first);
    trdb_trading_position_new second = fix_key(bot, "BTCUSDT", LONG);
    second.status = trdb_enum(TRDB_TRADING_POSITION_STATUS_OPEN);
    SERVER_FAILS(trdb_trading_position_insert(fix_uow, &second, NULL, &fix_err), TRDB_E_DUPLICATE,
                 "ux_trading_positions_open");
    OK(trdb_trading_mark_position_closed(fix_uow, first, (trdb_timestamp){.kind = 0}, NULL, &fix_err));
    ck_assert_int_ne(open_position(bot, "BTCUSDT", LONG), first); /* a closed one is never opened again */
}
END_TEST

START_TEST(what_counts_for_a_new_position) {
    trdb_trading_position_new key = fix_key(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_position *row = NULL;
    key.opened_at = trdb_time_us(1000000);
    key.extra_metadata = "{\"a\": 1}";
    OK(trdb_trading_ensure_open_position(fix_uow, &key, &row, &fix_err));
    ck_assert_int_eq(row->opened_at.us, 1000000);
    ck_assert_str_eq(row->extra_metadata, "{\"a\": 1}");
    IS(row->qty_open, "0");
    IS(row->realized_pnl, "0");
    IS(row->avg_price, NULL);
    ck_assert_int_eq(row->direction.value, LONG);
    ck_assert_int_eq(row->trade_type.value, TRDB_TRADING_TRADE_TYPE_PAPER);
    trdb_trading_position_free(row);
    key.opened_at = trdb_time_us(2000000);
    key.extra_metadata = NULL;
    OK(trdb_trading_ensure_open_position(fix_uow, &key, &row, &fix_err));
    ck_assert_int_eq(row->opened_at.us, 1000000);
    ck_assert_str_eq(row->extra_metadata, "{\"a\": 1}");
    trdb_trading_position_free(row);
}
END_TEST

START_TEST(positions_are_checked_before_they_are_sent) {
    trdb_trading_position_new good = fix_key(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_fill_new fill_new = fix_fill(BUY, "1", "100", NULL);
    trdb_trading_position *row = NULL;
    int64_t trips = fix_round_trips();
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_trading_position_new in = good;                                                                 \
        change;                                                                                              \
        FAILS(trdb_trading_ensure_open_position(fix_uow, &in, &row, &fix_err), code, part);                  \
        FAILS(trdb_trading_fill_symbol(fix_uow, &in, &fill_new, 0, NULL, &row, &fix_err), code, part);       \
    } while (0)
    BAD(memset(&in.bot_id, 0, sizeof in.bot_id), TRDB_E_NOT_NULL, "trading_positions.bot_id: is required");
    BAD(memset(&in.trade_type, 0, sizeof in.trade_type), TRDB_E_NOT_NULL, "trading_positions.trade_type");
    BAD(in.symbol = NULL, TRDB_E_NOT_NULL, "trading_positions.symbol");
    BAD(in.symbol = "012345678901234567890", TRDB_E_RANGE, "trading_positions.symbol");
    BAD(in.direction = trdb_enum(3), TRDB_E_INVALID, "trading_positions.direction");
    BAD(in.direction = trdb_null_enum(), TRDB_E_NOT_NULL, "trading_positions.direction");
    BAD(in.qty_open = trdb_dec("1"), TRDB_E_INVALID, "trading_positions.qty_open");
    BAD(in.status = trdb_enum(TRDB_TRADING_POSITION_STATUS_OPEN), TRDB_E_INVALID, "trading_positions.status");
    BAD(in.extra_metadata = "{", TRDB_E_INVALID, "trading_positions.extra_metadata");
#undef BAD
    good.opened_at = trdb_time_us(1);
    FAILS(trdb_trading_fill_symbol(fix_uow, &good, &fill_new, 0, NULL, &row, &fix_err), TRDB_E_INVALID,
          "trading_positions.opened_at: trading.fill_symbol does not take");
    good.opened_at = trdb_null_time();
    FAILS(trdb_trading_ensure_open_position(fix_uow, &good, &row, &fix_err), TRDB_E_NOT_NULL, "opened_at");
    FAILS(trdb_trading_ensure_open_position(fix_uow, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert_ptr_null(row);
    fix_unit_works();
}
END_TEST

START_TEST(close_if_flat) {
    const trdb_timestamp now = {.kind = 0};
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_position *row = NULL;
    trdb_trading_position_free(fill(position, BUY, "1", "100"));
    OK(trdb_trading_close_position_if_flat(fix_uow, position, now, &row, &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_TRADING_POSITION_STATUS_OPEN);
    trdb_trading_position_free(row);
    trdb_trading_fill_new out = fix_fill(SELL, "1", "100", NULL);
    OK(trdb_trading_apply_fill(fix_uow, position, &out, TRDB_FILL_KEEP_OPEN, NULL, NULL, &fix_err));
    OK(trdb_trading_close_position_if_flat(fix_uow, position, trdb_timestamp_from_us(5000000), NULL,
                                           &fix_err));
    OK(trdb_trading_close_position_if_flat(fix_uow, position, trdb_timestamp_from_us(6000000), &row,
                                           &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_TRADING_POSITION_STATUS_CLOSED);
    ck_assert_int_eq(row->closed_at.us, 5000000); /* repeating keeps it */
    trdb_trading_position_free(row);
    REFUSED(trdb_trading_close_position_if_flat(fix_uow, position + 1000, now, NULL, &fix_err),
            TRDB_E_NOT_FOUND, "no position");
}
END_TEST

static int64_t drifting(void) {
    trdb_trading_positions_verify_row_list *rows = NULL;
    OK(trdb_trading_positions_verify(fix_uow, trdb_null_i64(), true, &rows, &fix_err));
    int64_t count = (int64_t)trdb_trading_positions_verify_row_list_count(rows);
    trdb_trading_positions_verify_row_list_free(rows);
    return count;
}

START_TEST(mark_closed) {
    const trdb_timestamp now = {.kind = 0};
    int64_t position = open_position(fix_bot(), "BTCUSDT", LONG);
    trdb_trading_position *row = NULL;
    trdb_trading_position_free(fill(position, BUY, "3", "100"));
    trdb_trading_position_free(fill(position, SELL, "1", "110"));
    OK(trdb_trading_mark_position_closed(fix_uow, position, trdb_timestamp_from_us(5000000), &row, &fix_err));
    ck_assert_int_eq(row->status.value, TRDB_TRADING_POSITION_STATUS_CLOSED);
    ck_assert_int_eq(row->closed_at.us, 5000000);
    IS(row->qty_open, "0");
    IS(row->avg_price, NULL);
    IS(row->realized_pnl, "10");
    trdb_trading_position_free(row);
    OK(trdb_trading_mark_position_closed(fix_uow, position, trdb_timestamp_from_us(6000000), &row, &fix_err));
    ck_assert_int_eq(row->closed_at.us, 6000000); /* repeating moves it */
    trdb_trading_position_free(row);
    ck_assert_int_eq(fix_count("trading_fills"), 3); /* the write-off is recorded, once */
    ck_assert_int_eq(drifting(), 0);
    REFUSED(trdb_trading_mark_position_closed(fix_uow, position + 1000, now, NULL, &fix_err),
            TRDB_E_NOT_FOUND, "no position");
}
END_TEST

START_TEST(verify_finds_what_no_fill_explains) {
    int64_t position = open_position(fix_bot(), "BTCUSDT", SHORT);
    trdb_trading_position_free(fill(position, SELL, "3", "100"));
    trdb_trading_position_free(fill(position, BUY, "1", "90"));
    ck_assert_int_eq(drifting(), 0);
    OK(trdb_trading_position_patch(
        fix_uow, position, TRDB_TRADING_POSITION_NEW(.realized_pnl = trdb_dec("11")), NULL, &fix_err));
    trdb_trading_positions_verify_row_list *rows = NULL;
    OK(trdb_trading_positions_verify(fix_uow, trdb_null_i64(), true, &rows, &fix_err));
    ck_assert_uint_eq(trdb_trading_positions_verify_row_list_count(rows), 1);
    const trdb_trading_positions_verify_row *row = trdb_trading_positions_verify_row_list_at(rows, 0);
    ck_assert_int_eq(row->position_id.value, position);
    IS(row->stored_realized_pnl, "11");
    IS(row->replayed_realized_pnl, "10");
    IS(row->replayed_qty, "2");
    trdb_trading_positions_verify_row_list_free(rows);
}
END_TEST

START_TEST(round_trips) {
    int64_t bot = fix_bot(), position = open_position(bot, "BTCUSDT", LONG);
    trdb_trading_position_new key = fix_key(bot, "BTCUSDT", LONG);
    trdb_trading_fill_new in = fix_fill(BUY, "1", "100", NULL);
    const trdb_timestamp now = {.kind = 0};
    trdb_trading_position *row = NULL;
    for (int warm = 0; warm < 2; warm++) {
        int64_t before = fix_round_trips();
        OK(trdb_trading_apply_fill(fix_uow, position, &in, 0, NULL, NULL, &fix_err));
        OK(trdb_trading_fill_symbol(fix_uow, &key, &in, 0, NULL, NULL, &fix_err));
        OK(trdb_trading_ensure_open_position(fix_uow, &key, &row, &fix_err));
        trdb_trading_position_free(row);
        OK(trdb_trading_close_position_if_flat(fix_uow, position, now, NULL, &fix_err));
        if (warm)
            ck_assert_int_eq(fix_round_trips() - before, 4); /* one each */
    }
    OK(trdb_trading_mark_position_closed(fix_uow, position, now, NULL, &fix_err));
    TRIPS(1, trdb_trading_mark_position_closed(fix_uow, position, now, NULL, &fix_err));
}
END_TEST

/* ---- an adopted database ----------------------------------------------------------------------------------
 */

START_TEST(columns_may_stand_in_another_order) {
    harness_sql(fix_url, "ALTER TABLE trading_positions DROP COLUMN opened_at, ADD COLUMN later text, "
                         "ADD COLUMN opened_at timestamptz DEFAULT now();"
                         "ALTER TABLE trading_bots DROP COLUMN description, ADD COLUMN description text");
    int64_t bot = fix_bot(), position = open_position(bot, "BTCUSDT", LONG);
    trdb_trading_position *row = fill(position, BUY, "1", "100");
    ck_assert_str_eq(row->symbol, "BTCUSDT");
    ck_assert_int_eq(row->opened_at.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_eq(row->closed_at.kind, TRDB_TIMESTAMP_NULL);
    IS(row->avg_price, "100");
    trdb_trading_position_free(row);
    OK(trdb_trading_close_position_if_flat(fix_uow, position, (trdb_timestamp){.kind = 0}, &row, &fix_err));
    IS(row->qty_open, "1");
    trdb_trading_position_free(row);
    trdb_trading_bot *bot_row = NULL;
    OK(trdb_trading_add_bot_pnl(fix_uow, bot, fix_decimal("2"), &bot_row, &fix_err));
    ck_assert_str_eq(bot_row->config, "{}");
    ck_assert_ptr_null(bot_row->description);
    IS(bot_row->total_pnl, "2");
    trdb_trading_bot_free(bot_row);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trading_fills");
    TCase *tcase = fix_case("fills");
    tcase_add_test(tcase, a_long_position);
    tcase_add_test(tcase, a_short_position);
    tcase_add_test(tcase, averages_are_rounded_once_to_24_decimals);
    tcase_add_test(tcase, keep_open_leaves_a_flat_position_open);
    tcase_add_test(tcase, the_time_of_a_fill_closes);
    tcase_add_test(tcase, a_duplicate_changes_nothing);
    tcase_add_test(tcase, a_duplicate_of_a_closed_position_is_one);
    tcase_add_test(tcase, other_figures_are_a_conflict);
    tcase_add_test(tcase, a_conflict_is_named);
    tcase_add_test(tcase, the_database_refuses);
    tcase_add_test(tcase, fills_are_checked_before_they_are_sent);
    tcase_add_test(tcase, structs_of_other_versions);
    tcase_add_test(tcase, one_open_position_per_key);
    tcase_add_test(tcase, what_counts_for_a_new_position);
    tcase_add_test(tcase, positions_are_checked_before_they_are_sent);
    tcase_add_test(tcase, close_if_flat);
    tcase_add_test(tcase, mark_closed);
    tcase_add_test(tcase, verify_finds_what_no_fill_explains);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    tcase = fix_case("adopted"); /* in a database of its own */
    tcase_add_test(tcase, columns_may_stand_in_another_order);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
