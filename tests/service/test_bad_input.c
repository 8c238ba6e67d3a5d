/* SPDX-License-Identifier: MIT */
/* Values and structs that are refused. The conformance suite walks every column of every table; here it is
 * one table of each kind, and the services, through the public API alone. */
#include "bad.h"

#define INSERT_TRADE(in) trdb_trading_trade_insert(bad_uow, &(in), &trade, &bad_err)
#define INSERT_BOT(in) trdb_trading_bot_insert(bad_uow, &(in), &bot, &bad_err)

/* ---- texts ------------------------------------------------------------------------------------------- */

START_TEST(every_text_too_long) {
    trdb_trading_trade *trade = UNTOUCHED(trdb_trading_trade);
#define LONGEST(field, most)                                                                                 \
    do {                                                                                                     \
        trdb_trading_trade_new in = bad_trade_new();                                                         \
        in.field = bad_text((most) + 1);                                                                     \
        REFUSED_COLUMN(INSERT_TRADE(in), TRDB_E_RANGE, "trading_trades", #field);                            \
        REFUSED_COLUMN(trdb_trading_trade_patch(bad_uow, bad_trade, &in, &trade, &bad_err), TRDB_E_RANGE,    \
                       "trading_trades", #field);                                                            \
        in.field = bad_text(most); /* characters, not bytes */                                               \
        OK(trdb_uow_savepoint(bad_uow, &bad_err));                                                           \
        OK(trdb_trading_trade_insert(bad_uow, &in, NULL, &bad_err));                                         \
        OK(trdb_uow_rollback_to(bad_uow, &bad_err));                                                         \
    } while (0)
    LONGEST(strategy_name, 100);
    LONGEST(entry_logic_name, 100);
    LONGEST(exit_logic_name, 100);
    LONGEST(symbol, 20);
    LONGEST(interval, 10);
    LONGEST(exit_reason, 100);
    IS_UNTOUCHED(trade);
    trdb_trading_trade_new in = bad_trade_new();
    in.symbol = bad_text(21);
    FAILS(INSERT_TRADE(in), TRDB_E_RANGE, "trading_trades.symbol: 21 characters, at most 20 are allowed");
    bad_nothing_happened();
}
END_TEST

START_TEST(every_text_of_a_service_too_long) {
    static const char code[] = "0123456789012345678901234567890123";
    trdb_usr_user *user = UNTOUCHED(trdb_usr_user);
    trdb_trading_position_new key = bad_position_key();
    trdb_trading_position *position = UNTOUCHED(trdb_trading_position);
    REFUSED_COLUMN(trdb_users_authenticate_user(bad_uow, bad_text(33), "1", &user, &bad_err), TRDB_E_RANGE,
                   "usr_auth_identities", "provider");
    REFUSED_COLUMN(trdb_users_authenticate_user(bad_uow, "telegram", bad_text(256), &user, &bad_err),
                   TRDB_E_RANGE, "usr_auth_identities", "external_id");
    REFUSED_COLUMN(trdb_users_create_telegram_user(
                       bad_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.email = bad_text(101)), &user, &bad_err),
                   TRDB_E_RANGE, "usr_users", "email");
    REFUSED(trdb_users_create_telegram_user(bad_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.language = bad_text(33)),
                                            &user, &bad_err),
            TRDB_E_RANGE, "language");
    key.symbol = bad_text(21);
    REFUSED_COLUMN(trdb_trading_ensure_open_position(bad_uow, &key, &position, &bad_err), TRDB_E_RANGE,
                   "trading_positions", "symbol");
    /* A code is secret: the error names the field and shows no part of it. */
    int failed = trdb_users_issue_verification_code(bad_uow, bad_user, code, 1, NULL, &bad_err);
    ck_assert_int_eq(failed, TRDB_E_RANGE);
    ck_assert_ptr_nonnull(strstr(trdb_error_message(bad_err), "usr_verification_codes.code"));
    ck_assert_ptr_null(strstr(trdb_error_message(bad_err), "0123"));
    REFUSED(trdb_users_create_telegram_user(
                bad_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.verification_code = code), &user, &bad_err),
            TRDB_E_RANGE, "verification_code: the text is too long");
    IS_UNTOUCHED(user);
    IS_UNTOUCHED(position);
    bad_nothing_happened();
}
END_TEST

static const char *const not_utf8[] = {
    "\x80",             /* a continuation without a beginning */
    "ab\xc3",           /* cut short */
    "\xc0\xaf",         /* overlong */
    "\xed\xa0\x80",     /* half of a surrogate pair */
    "\xf4\x90\x80\x80", /* beyond U+10FFFF */
    "caf\xe9",          /* Latin-1 */
};

START_TEST(invalid_utf8) {
    const char *text = not_utf8[_i];
    char json[32];
    snprintf(json, sizeof json, "{\"a\":\"%s\"}", text);
    trdb_trading_trade *trade = UNTOUCHED(trdb_trading_trade);
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_usr_user *user = UNTOUCHED(trdb_usr_user);
    trdb_trading_position_list *positions = UNTOUCHED(trdb_trading_position_list);
    trdb_trading_trade_new in = bad_trade_new();
    in.symbol = text;
    REFUSED_COLUMN(INSERT_TRADE(in), TRDB_E_ENCODING, "trading_trades", "symbol");
    trdb_trading_bot_new bot_new = bad_bot_new();
    bot_new.config = json;
    REFUSED_COLUMN(INSERT_BOT(bot_new), TRDB_E_ENCODING, "trading_bots", "config");
    REFUSED_COLUMN(
        trdb_trading_positions_list(bad_uow, TRDB_TRADING_POSITION_FILTER(.symbol = trdb_where_text_eq(text)),
                                    &positions, &bad_err),
        TRDB_E_ENCODING, "trading_positions", "symbol");
    REFUSED(trdb_trading_positions_open(bad_uow, trdb_i64(bad_bot), text, &positions, &bad_err),
            TRDB_E_ENCODING, "symbol");
    REFUSED_COLUMN(trdb_users_authenticate_user(bad_uow, "telegram", text, &user, &bad_err), TRDB_E_ENCODING,
                   "usr_auth_identities", "external_id");
    IS_UNTOUCHED(trade), IS_UNTOUCHED(bot), IS_UNTOUCHED(user), IS_UNTOUCHED(positions);

    trdb_uow *unit = UNTOUCHED(trdb_uow);
    trdb_uow_options options = trdb_uow_options_init();
    options.acting_user = text;
    REFUSED(trdb_uow_begin(bad_db, &options, &unit, &bad_err), TRDB_E_ENCODING, "acting_user");
    IS_UNTOUCHED(unit);
    bad_nothing_happened();
}
END_TEST

static const char *const not_json[] = {
    "",
    "{",
    "{\"a\":1",
    "{\"a\":1}}",
    "{'a':1}",
    "{\"a\":NaN}",
    "{\"a\":Infinity}",
    "{\"a\":1,}",
    "[1,]",
    "{a:1}",
    "nul",
    "{\"a\":01}",
    "{} trailing",
    "{\"a\":\"\\u0000\"}",
    "\"\n\"",
    "/* c */1",
    "{\"a\":\"\\x\"}",
    "{\"a\" 1}",
    "{\"a\":\"open}",
    "\"\t\"",
    "[00]",
    "{\"\\u0000\":1}",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\ud800x\"",
    "1e999999",
    "[1.]",
    "-.5",
    "[-.0e1]",
};

START_TEST(invalid_json) {
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_bot_new in = bad_bot_new();
    in.config = not_json[_i];
    REFUSED(INSERT_BOT(in), TRDB_E_INVALID, "trading_bots.config: not valid JSON: ");
    in.config = "{}";
    in.extra_metadata = not_json[_i];
    REFUSED_COLUMN(INSERT_BOT(in), TRDB_E_INVALID, "trading_bots", "extra_metadata");
    IS_UNTOUCHED(bot);
    bad_nothing_happened();
}
END_TEST

/* ---- numbers ----------------------------------------------------------------------------------------- */

START_TEST(every_number_out_of_range) {
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_bot_new in = bad_bot_new();
    in.error_count = trdb_i64(INT64_C(1) + INT32_MAX);
    REFUSED_COLUMN(INSERT_BOT(in), TRDB_E_RANGE, "trading_bots", "error_count");
    in.error_count = trdb_i64(INT64_MIN);
    REFUSED_COLUMN(INSERT_BOT(in), TRDB_E_RANGE, "trading_bots", "error_count");
    static const char *const amounts[] = {"100000000000000", "-100000000000000", "1e37"};
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        in = bad_bot_new();
        in.current_balance = trdb_dec(amounts[i]);
        REFUSED_COLUMN(INSERT_BOT(in), TRDB_E_RANGE, "trading_bots", "current_balance");
        REFUSED_COLUMN(trdb_trading_add_bot_pnl(bad_uow, bad_bot, bad_decimal(amounts[i]), &bot, &bad_err),
                       TRDB_E_RANGE, "trading_bots", "total_pnl");
    }
    in = bad_bot_new();
    in.started_at = trdb_time_us(TRDB_TIMESTAMP_MAX + 1);
    REFUSED_COLUMN(INSERT_BOT(in), TRDB_E_RANGE, "trading_bots", "started_at");
    in.started_at = trdb_time_us(TRDB_TIMESTAMP_MIN - 1);
    REFUSED_COLUMN(INSERT_BOT(in), TRDB_E_RANGE, "trading_bots", "started_at");
    REFUSED(trdb_users_create_telegram_user(
                bad_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.max_alerts = trdb_i64(-1)), NULL, &bad_err),
            TRDB_E_RANGE, "max_alerts: must not be negative");
    IS_UNTOUCHED(bot);
    bad_nothing_happened();
}
END_TEST

START_TEST(every_amount_below_its_least) {
    static const char *const amounts[] = {"0", "-1", "-0.000000000000000000000001"};
    trdb_trading_position *position = UNTOUCHED(trdb_trading_position);
    int32_t outcome = 77;
    for (size_t i = 0; i < sizeof amounts / sizeof amounts[0]; i++) {
        trdb_trading_fill_new fill = bad_fill_new();
        fill.qty = trdb_dec(amounts[i]);
        REFUSED_COLUMN(
            trdb_trading_apply_fill(bad_uow, bad_position, &fill, 0, &outcome, &position, &bad_err),
            TRDB_E_RANGE, "trading_fills", "qty");
        fill = bad_fill_new();
        fill.price = trdb_dec(amounts[i]);
        REFUSED_COLUMN(
            trdb_trading_apply_fill(bad_uow, bad_position, &fill, 0, &outcome, &position, &bad_err),
            TRDB_E_RANGE, "trading_fills", "price");
    }
    IS_UNTOUCHED(position);
    ck_assert_int_eq(outcome, 77);
    bad_nothing_happened();
}
END_TEST

static const char *const not_finite[] = {"NaN", "Infinity", "-Infinity"};

START_TEST(nan_and_infinities) {
    trdb_decimal value = bad_decimal(not_finite[_i]), pnl = bad_decimal("7");
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_trade *trade = UNTOUCHED(trdb_trading_trade);
    trdb_trading_position *position = UNTOUCHED(trdb_trading_position), *stored = NULL;
    trdb_trading_bot_new bot_new = bad_bot_new();
    bot_new.current_balance = trdb_dec_value(value);
    REFUSED(INSERT_BOT(bot_new), TRDB_E_RANGE, "trading_bots.current_balance: must be a finite number");
    trdb_trading_trade_new in = bad_trade_new();
    in.entry_price = trdb_dec_value(value);
    REFUSED_COLUMN(INSERT_TRADE(in), TRDB_E_RANGE, "trading_trades", "entry_price");
    trdb_trading_fill_new fill = bad_fill_new();
    fill.commission = trdb_dec_value(value);
    REFUSED_COLUMN(trdb_trading_apply_fill(bad_uow, bad_position, &fill, 0, NULL, &position, &bad_err),
                   TRDB_E_RANGE, "trading_fills", "commission");
    REFUSED_COLUMN(trdb_trading_close_trade(bad_uow, bad_trade,
                                            TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec_value(value)),
                                            &trade, &bad_err),
                   TRDB_E_RANGE, "trading_trades", "exit_price");
    REFUSED_COLUMN(trdb_trading_add_bot_pnl(bad_uow, bad_bot, value, &bot, &bad_err), TRDB_E_RANGE,
                   "trading_bots", "total_pnl");
    OK(trdb_trading_position_get(bad_uow, bad_position, &stored, &bad_err));
    REFUSED(trdb_trading_unrealized_pnl(stored, value, &pnl, &bad_err), TRDB_E_RANGE,
            "mark must be a finite");
    trdb_trading_position_free(stored);
    ck_assert_int_eq(trdb_decimal_compare(pnl, bad_decimal("7")), 0);
    IS_UNTOUCHED(bot), IS_UNTOUCHED(trade), IS_UNTOUCHED(position);
    bad_nothing_happened();
}
END_TEST

START_TEST(an_amount_that_would_be_rounded) {
    static const char digits25[] = "0.1234567890123456789012345";
    trdb_trading_trade *trade = UNTOUCHED(trdb_trading_trade);
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_trade_new in = bad_trade_new();
    in.entry_price = trdb_dec(digits25);
    REFUSED_COLUMN(INSERT_TRADE(in), TRDB_E_INEXACT, "trading_trades", "entry_price");
    FAILS(INSERT_TRADE(in), TRDB_E_INEXACT, digits25);
    in = bad_trade_new();
    in.pnl_percentage = trdb_dec("0.123456789"); /* this column keeps eight */
    REFUSED_COLUMN(INSERT_TRADE(in), TRDB_E_INEXACT, "trading_trades", "pnl_percentage");
    REFUSED_COLUMN(trdb_trading_add_bot_pnl(bad_uow, bad_bot, bad_decimal(digits25), &bot, &bad_err),
                   TRDB_E_INEXACT, "trading_bots", "total_pnl");
    IS_UNTOUCHED(trade), IS_UNTOUCHED(bot);
    in = bad_trade_new();
    in.entry_price = trdb_dec("1.0000000000000000000000000"); /* 25 zeros: nothing is lost */
    OK(trdb_uow_savepoint(bad_uow, &bad_err));
    OK(trdb_trading_trade_insert(bad_uow, &in, NULL, &bad_err));
    OK(trdb_uow_rollback_to(bad_uow, &bad_err));
    bad_nothing_happened();
}
END_TEST

START_TEST(text_that_is_no_decimal) {
    static const char *const texts[] = {
        "", "abc", "1,5", "0x10", " 1", "1e999", "123456789012345678901234567890123456789"};
    trdb_trading_trade *trade = UNTOUCHED(trdb_trading_trade);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        trdb_trading_trade_new in = bad_trade_new();
        in.size = trdb_dec(texts[i]);
        REFUSED(INSERT_TRADE(in), TRDB_E_INVALID, "trading_trades.size: not a decimal");
    }
    IS_UNTOUCHED(trade);
    bad_nothing_happened();
}
END_TEST

/* ---- closed sets, filters ---------------------------------------------------------------------------- */

static const int32_t no_constants[] = {0, TRDB_ENUM_UNKNOWN, 4, INT32_MAX, INT32_MIN};

START_TEST(unknown_enum_constant) {
    int32_t value = no_constants[_i];
    trdb_trading_trade *trade = UNTOUCHED(trdb_trading_trade);
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_usr_user *user = UNTOUCHED(trdb_usr_user);
    trdb_trading_trade_list *trades = UNTOUCHED(trdb_trading_trade_list);
    trdb_trading_trade_new in = bad_trade_new();
    in.status = trdb_enum(value);
    REFUSED(INSERT_TRADE(in), TRDB_E_INVALID, "is no constant of trading_trade_status");
    REFUSED_COLUMN(trdb_trading_trades_list(bad_uow,
                                            TRDB_TRADING_TRADE_FILTER(.status = trdb_where_enum_eq(value)),
                                            &trades, &bad_err),
                   TRDB_E_INVALID, "trading_trades", "status");
    REFUSED_COLUMN(
        trdb_trading_trades_list(bad_uow, TRDB_TRADING_TRADE_FILTER(.status = trdb_where_enum_any(&value, 1)),
                                 &trades, &bad_err),
        TRDB_E_INVALID, "trading_trades", "status");
    int32_t status = value == 4 ? 8 : value; /* a bot has seven */
    REFUSED(
        trdb_trading_set_bot_status(bad_uow, bad_bot, status, NULL, trdb_null_time().value, &bot, &bad_err),
        TRDB_E_INVALID, "status");
    REFUSED(trdb_users_create_telegram_user(
                bad_uow, "1", TRDB_TELEGRAM_PROFILE_NEW(.role = trdb_enum(value == 4 ? 99 : value)), &user,
                &bad_err),
            TRDB_E_INVALID, "role");
    IS_UNTOUCHED(trade), IS_UNTOUCHED(bot), IS_UNTOUCHED(user), IS_UNTOUCHED(trades);
    bad_nothing_happened();
}
END_TEST

START_TEST(unknown_column_in_a_filter) {
    trdb_trading_bot_list *bots = UNTOUCHED(trdb_trading_bot_list);
    static const int32_t columns[] = {-1, TRDB_TRADING_BOT_COLUMN_UPDATED_AT + 1, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        REFUSED(
            trdb_trading_bots_list(bad_uow, TRDB_TRADING_BOT_FILTER(.order_by = columns[i]), &bots, &bad_err),
            TRDB_E_INVALID, "is no column");
    REFUSED_COLUMN(trdb_trading_bots_list(
                       bad_uow, TRDB_TRADING_BOT_FILTER(.order_by = TRDB_TRADING_BOT_COLUMN_DESCRIPTION),
                       &bots, &bad_err),
                   TRDB_E_INVALID, "trading_bots", "description");
    trdb_trading_bot_filter filter = trdb_trading_bot_filter_init();
    filter.user_id.op = 5;
    REFUSED(trdb_trading_bots_list(bad_uow, &filter, &bots, &bad_err), TRDB_E_INVALID,
            "5 is no kind of condition");
    filter.user_id = trdb_where_i64_any(NULL, 3);
    REFUSED_COLUMN(trdb_trading_bots_list(bad_uow, &filter, &bots, &bad_err), TRDB_E_INVALID, "trading_bots",
                   "user_id");
    IS_UNTOUCHED(bots);
    int64_t count = 7;
    REFUSED_COLUMN(trdb_trading_bots_count(bad_uow, &filter, &count, &bad_err), TRDB_E_INVALID,
                   "trading_bots", "user_id");
    ck_assert_int_eq(count, 7);
    bad_nothing_happened();
}
END_TEST

START_TEST(limit_zero_and_negative) {
    static const int64_t limits[] = {0, -1, INT64_MIN};
    trdb_trading_bot_list *bots = UNTOUCHED(trdb_trading_bot_list);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        REFUSED(trdb_trading_bots_list(bad_uow, TRDB_TRADING_BOT_FILTER(.limit = trdb_i64(limits[i])), &bots,
                                       &bad_err),
                TRDB_E_RANGE, "trading_bots: limit");
    REFUSED(
        trdb_trading_bots_list(bad_uow, TRDB_TRADING_BOT_FILTER(.limit = trdb_null_i64()), &bots, &bad_err),
        TRDB_E_INVALID, "trading_bots: limit has no value");
    IS_UNTOUCHED(bots);
    bad_nothing_happened();
}
END_TEST

/* ---- structs ----------------------------------------------------------------------------------------- */

/* A struct as a newer caller has it: one more field behind those that this library knows. */
#define NEWER(type)                                                                                          \
    struct {                                                                                                 \
        type known;                                                                                          \
        int64_t later;                                                                                       \
    }
#define GROW(s) (memset(&(s), 0, sizeof(s)), (s).known.struct_size = sizeof(s))

START_TEST(a_struct_from_a_newer_caller) {
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_bot_list *bots = UNTOUCHED(trdb_trading_bot_list);
    trdb_usr_user *user = UNTOUCHED(trdb_usr_user);
    NEWER(trdb_trading_bot_new) in;
    GROW(in);
    in.known = bad_bot_new();
    in.known.struct_size = sizeof in;
    in.later = 1;
    REFUSED(INSERT_BOT(in.known), TRDB_E_INVALID, "trdb_trading_bot_new has fields that this library");
    REFUSED(trdb_trading_bots_insert(bad_uow, &in.known, sizeof in, 1, &bots, &bad_err), TRDB_E_INVALID,
            "comes from a newer caller");
    NEWER(trdb_trading_bot_filter) filter;
    GROW(filter);
    filter.later = 1;
    REFUSED(trdb_trading_bots_list(bad_uow, &filter.known, &bots, &bad_err), TRDB_E_INVALID,
            "trdb_trading_bot_filter has fields that this library");
    NEWER(trdb_telegram_profile_new) profile;
    GROW(profile);
    profile.later = 1;
    REFUSED(trdb_users_create_telegram_user(bad_uow, "1", &profile.known, &user, &bad_err), TRDB_E_INVALID,
            "trdb_telegram_profile_new: a field is set that this library");
    IS_UNTOUCHED(bot), IS_UNTOUCHED(bots), IS_UNTOUCHED(user);

    /* What it did not fill in is no obstacle. */
    in.later = filter.later = 0;
    OK(trdb_uow_savepoint(bad_uow, &bad_err));
    OK(trdb_trading_bot_insert(bad_uow, &in.known, NULL, &bad_err));
    OK(trdb_trading_bots_insert(bad_uow, &in.known, sizeof in, 1, NULL, &bad_err));
    OK(trdb_trading_bots_list(bad_uow, &filter.known, &bots, &bad_err));
    ck_assert_uint_eq(trdb_trading_bot_list_count(bots), 3);
    trdb_trading_bot_list_free(bots);
    OK(trdb_uow_rollback_to(bad_uow, &bad_err));
    bad_nothing_happened();
}
END_TEST

START_TEST(options_from_a_newer_caller) {
    trdb_db *db = UNTOUCHED(trdb_db);
    trdb_uow *unit = UNTOUCHED(trdb_uow);
    trdb_migration_list *list = UNTOUCHED(trdb_migration_list);
    NEWER(trdb_db_options) open;
    GROW(open);
    open.later = 1;
    FAILS(trdb_open(bad_url, &open.known, &db, &bad_err), TRDB_E_INVALID,
          "trdb_db_options: a field is set that");
    open.later = 0;
    open.known.flags = 1u << 31;
    FAILS(trdb_open(bad_url, &open.known, &db, &bad_err), TRDB_E_INVALID, "flags has unknown bits");
    NEWER(trdb_uow_options) begin;
    GROW(begin);
    begin.later = 1;
    REFUSED(trdb_uow_begin(bad_db, &begin.known, &unit, &bad_err), TRDB_E_INVALID,
            "trdb_uow_options: a field is set");
    begin.later = 0;
    begin.known.flags = 1u << 31;
    REFUSED(trdb_uow_begin(bad_db, &begin.known, &unit, &bad_err), TRDB_E_INVALID, "flags has unknown bits");
    NEWER(trdb_migrate_options) migrate;
    GROW(migrate);
    migrate.later = 1;
    FAILS(trdb_migrate_status(bad_url, &migrate.known, &list, &bad_err), TRDB_E_INVALID,
          "trdb_migrate_options: a field");
    IS_UNTOUCHED(db), IS_UNTOUCHED(unit), IS_UNTOUCHED(list);
    NEWER(trdb_db_stats) stats;
    GROW(stats);
    stats.later = 1;
    OK(trdb_db_get_stats(bad_db, &stats.known, &bad_err));
    ck_assert_int_eq(stats.later, 0); /* a counter that this library does not have */
    bad_nothing_happened();
}
END_TEST

START_TEST(a_struct_without_its_size) {
    static const size_t sizes[] = {0, sizeof(size_t) - 1, SIZE_MAX};
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_bot_list *bots = UNTOUCHED(trdb_trading_bot_list);
    trdb_uow *unit = UNTOUCHED(trdb_uow);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        trdb_trading_bot_new in = bad_bot_new();
        trdb_trading_bot_filter filter = trdb_trading_bot_filter_init();
        trdb_uow_options options = trdb_uow_options_init();
        trdb_db_stats stats = trdb_db_stats_init();
        in.struct_size = filter.struct_size = options.struct_size = stats.struct_size = sizes[i];
        REFUSED(INSERT_BOT(in), TRDB_E_INVALID, "trdb_trading_bot_new.struct_size");
        REFUSED(trdb_trading_bots_list(bad_uow, &filter, &bots, &bad_err), TRDB_E_INVALID,
                "trdb_trading_bot_filter.struct_size");
        REFUSED(trdb_uow_begin(bad_db, &options, &unit, &bad_err), TRDB_E_INVALID,
                "trdb_uow_options: struct_size");
        REFUSED(trdb_db_get_stats(bad_db, &stats, &bad_err), TRDB_E_INVALID, "trdb_db_stats");
    }
    trdb_trading_bot_new in = bad_bot_new();
    REFUSED(trdb_trading_bots_insert(bad_uow, &in, 0, 1, &bots, &bad_err), TRDB_E_INVALID, "row_size is 0");
    REFUSED(trdb_trading_bots_insert(bad_uow, &in, sizeof in - 8, 1, &bots, &bad_err), TRDB_E_INVALID,
            "struct_size");
    IS_UNTOUCHED(bot), IS_UNTOUCHED(bots), IS_UNTOUCHED(unit);
    bad_nothing_happened();
}
END_TEST

START_TEST(a_value_without_state) {
    trdb_trading_bot *bot = UNTOUCHED(trdb_trading_bot);
    trdb_trading_bot_list *bots = UNTOUCHED(trdb_trading_bot_list);
#define STATELESS(field, assign)                                                                             \
    do {                                                                                                     \
        trdb_trading_bot_new in = bad_bot_new();                                                             \
        in.field = (__typeof__(in.field)){.state = TRDB_NOT_GIVEN};                                          \
        assign;                                                                                              \
        REFUSED_COLUMN(INSERT_BOT(in), TRDB_E_INVALID, "trading_bots", #field);                              \
    } while (0)
    STATELESS(user_id, in.user_id.value = bad_user);
    STATELESS(type, in.type.value = TRDB_TRADING_TRADE_TYPE_LIVE);
    STATELESS(current_balance, in.current_balance.value = bad_decimal("5"));
    STATELESS(started_at, in.started_at.value = trdb_timestamp_now());
    STATELESS(user_id, in.user_id.state = 9);
    trdb_trading_bot_new in = bad_bot_new();
    in.error_count.value = 3;
    REFUSED(INSERT_BOT(in), TRDB_E_INVALID, "trading_bots.error_count: has a value but no state");
    trdb_trading_bot_filter filter = trdb_trading_bot_filter_init();
    filter.limit.value = 10;
    REFUSED(trdb_trading_bots_list(bad_uow, &filter, &bots, &bad_err), TRDB_E_INVALID, "limit has no value");
    trdb_telegram_profile_new profile = trdb_telegram_profile_new_init();
    profile.verified.value = 1;
    REFUSED(trdb_users_create_telegram_user(bad_uow, "1", &profile, NULL, &bad_err), TRDB_E_INVALID,
            "verified: has a value but no state");
    IS_UNTOUCHED(bot), IS_UNTOUCHED(bots);
    bad_nothing_happened();
}
END_TEST

START_TEST(many_rows_with_a_bad_one) {
    trdb_trading_bot_list *bots = UNTOUCHED(trdb_trading_bot_list);
    trdb_trading_bot_new rows[3] = {bad_bot_new(), bad_bot_new(), bad_bot_new()};
    rows[2].config = "{";
    int code = trdb_trading_bots_insert(bad_uow, rows, sizeof rows[0], 3, &bots, &bad_err);
    ck_assert_int_eq(code, TRDB_E_INVALID);
    ck_assert_int_eq(trdb_error_row(bad_err), 2);
    ck_assert_str_eq(trdb_error_column(bad_err), "config");
    IS_UNTOUCHED(bots);
    OK(trdb_uow_rollback(bad_uow, &bad_err));
    trdb_uow_free(bad_uow);
    bad_uow = NULL;
    OK(trdb_uow_begin(bad_db, NULL, &bad_uow, &bad_err));
    bad_nothing_happened();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bad input");
    TCase *values = bad_case("values");
    tcase_add_test(values, every_text_too_long);
    tcase_add_test(values, every_text_of_a_service_too_long);
    tcase_add_loop_test(values, invalid_utf8, 0, sizeof not_utf8 / sizeof not_utf8[0]);
    tcase_add_loop_test(values, invalid_json, 0, sizeof not_json / sizeof not_json[0]);
    tcase_add_test(values, every_number_out_of_range);
    tcase_add_test(values, every_amount_below_its_least);
    tcase_add_loop_test(values, nan_and_infinities, 0, sizeof not_finite / sizeof not_finite[0]);
    tcase_add_test(values, an_amount_that_would_be_rounded);
    tcase_add_test(values, text_that_is_no_decimal);
    tcase_add_loop_test(values, unknown_enum_constant, 0, sizeof no_constants / sizeof no_constants[0]);
    tcase_add_test(values, unknown_column_in_a_filter);
    tcase_add_test(values, limit_zero_and_negative);
    suite_add_tcase(suite, values);
    TCase *structs = bad_case("structs");
    tcase_add_test(structs, a_struct_from_a_newer_caller);
    tcase_add_test(structs, options_from_a_newer_caller);
    tcase_add_test(structs, a_struct_without_its_size);
    tcase_add_test(structs, a_value_without_state);
    tcase_add_test(structs, many_rows_with_a_bad_one);
    suite_add_tcase(suite, structs);
    return harness_run(suite);
}
