/* SPDX-License-Identifier: MIT */
#include "bad.h"

char *bad_url;
trdb_db *bad_db;
trdb_uow *bad_uow;
trdb_error *bad_err;
int64_t bad_user, bad_bot, bad_position, bad_trade;
char bad_mark;

static char *before;

/* ---- what the tests find ----------------------------------------------------------------------------- */

static void insert_rows(void) {
    trdb_usr_user *user = NULL;
    trdb_trading_bot *bot = NULL;
    trdb_trading_position *position = NULL;
    trdb_trading_trade *trade = NULL;
    OK(trdb_users_authenticate_user(bad_uow, "telegram", "42", &user, &bad_err));
    bad_user = user->id;
    trdb_trading_bot_new bot_new = bad_bot_new();
    OK(trdb_trading_bot_insert(bad_uow, &bot_new, &bot, &bad_err));
    bad_bot = bot->id;
    trdb_trading_position_new key = bad_position_key();
    trdb_trading_fill_new fill = bad_fill_new();
    OK(trdb_trading_fill_symbol(bad_uow, &key, &fill, 0, NULL, &position, &bad_err));
    bad_position = position->id;
    trdb_trading_trade_new trade_new = bad_trade_new();
    OK(trdb_trading_trade_insert(bad_uow, &trade_new, &trade, &bad_err));
    bad_trade = trade->id;
    trdb_usr_user_free(user);
    trdb_trading_bot_free(bot);
    trdb_trading_position_free(position);
    trdb_trading_trade_free(trade);
}

static void create(void) {
    bad_url = harness_database();
    harness_sql(
        bad_url,
        "CREATE SCHEMA probe;"
        "CREATE FUNCTION probe.rows() RETURNS text LANGUAGE plpgsql AS $$"
        "DECLARE name text; part text; whole text := '';"
        "BEGIN"
        "  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        "              AND relkind IN ('r', 'p') ORDER BY relname LOOP"
        "    EXECUTE format('SELECT count(*) || md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text),"
        " '''')) FROM public.%%I t', name) INTO part;"
        "    whole := whole || name || ' ' || part || ' ';"
        "  END LOOP;"
        "  RETURN whole;"
        "END $$;");
    OK(trdb_open(bad_url, NULL, &bad_db, &bad_err));
    OK(trdb_uow_begin(bad_db, NULL, &bad_uow, &bad_err));
    insert_rows();
    OK(trdb_uow_commit(bad_uow, &bad_err));
    trdb_uow_free(bad_uow);
    trdb_db_free(bad_db);
    bad_uow = NULL, bad_db = NULL;
}

static void drop(void) {
    harness_database_free(bad_url);
}

static void setup(void) {
    before = bad_fingerprint(bad_url);
    OK(trdb_open(bad_url, NULL, &bad_db, &bad_err));
    OK(trdb_uow_begin(bad_db, NULL, &bad_uow, &bad_err));
}

static void teardown(void) {
    trdb_uow_free(bad_uow);
    trdb_db_free(bad_db);
    trdb_error_free(bad_err);
    free(before);
    bad_uow = NULL, bad_db = NULL, bad_err = NULL;
}

TCase *bad_case(const char *name) {
    TCase *tcase = tcase_create(name);
    tcase_add_unchecked_fixture(tcase, create, drop);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    return tcase;
}

/* ---- what must hold ------------------------------------------------------------------------------------ */

int64_t bad_round_trips(trdb_db *db) {
    trdb_db_stats stats = trdb_db_stats_init();
    OK(trdb_db_get_stats(db, &stats, &bad_err));
    return stats.round_trips;
}

void bad_unit_works(void) {
    int64_t count = 0;
    OK(trdb_trading_trades_count(bad_uow, NULL, &count, &bad_err));
    ck_assert_int_eq(count, 1);
}

void bad_refused_column(int code, int wanted, const char *table, const char *column, const char *call) {
    char name[128];
    ck_assert_msg(code == wanted, "%s: got %s (%s), wanted %s", call, trdb_error_code_name(code),
                  trdb_error_message(bad_err), trdb_error_code_name(wanted));
    snprintf(name, sizeof name, "%s.%s: ", table, column);
    ck_assert_msg(strncmp(trdb_error_message(bad_err), name, strlen(name)) == 0,
                  "%s: \"%s\" does not name %s", call, trdb_error_message(bad_err), name);
    ck_assert_int_eq(trdb_error_code(bad_err), wanted);
    ck_assert_str_eq(trdb_error_table(bad_err), table);
    ck_assert_str_eq(trdb_error_column(bad_err), column);
    ck_assert_ptr_nonnull(trdb_error_statement(bad_err));
    ck_assert_ptr_null(trdb_error_sqlstate(bad_err));
    ck_assert(!trdb_error_retryable(bad_err) && !trdb_error_in_doubt(bad_err));
    trdb_error_free(bad_err);
    bad_err = NULL;
}

char *bad_fingerprint(const char *url) {
    return harness_value(url, "SELECT probe.rows()");
}

void bad_nothing_happened(void) {
    OK(trdb_uow_commit(bad_uow, &bad_err));
    char *after = bad_fingerprint(bad_url);
    ck_assert_str_eq(after, before);
    free(after);
}

/* ---- inputs ------------------------------------------------------------------------------------------ */

const char *bad_text(size_t characters) {
    static char text[1024];
    ck_assert_uint_lt(2 * characters, sizeof text);
    for (size_t i = 0; i < characters; i++)
        memcpy(text + 2 * i, "\xc3\xa9", 2);
    text[2 * characters] = '\0';
    return text;
}

trdb_decimal bad_decimal(const char *text) {
    trdb_decimal value;
    ck_assert_int_eq(trdb_decimal_parse(text, &value), 0);
    return value;
}

trdb_trading_trade_new bad_trade_new(void) {
    trdb_trading_trade_new trade = trdb_trading_trade_new_init();
    trade.bot_id = trdb_i64(bad_bot);
    trade.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    trade.entry_logic_name = "in";
    trade.exit_logic_name = "out";
    trade.symbol = "BTCUSDT";
    trade.interval = "5m";
    trade.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    trade.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN);
    trade.entry_price = trdb_dec("100");
    trade.size = trdb_dec("1");
    return trade;
}

trdb_trading_bot_new bad_bot_new(void) {
    trdb_trading_bot_new bot = trdb_trading_bot_new_init();
    bot.user_id = trdb_i64(bad_user);
    bot.type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    bot.status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING);
    bot.config = "{}";
    return bot;
}

trdb_trading_fill_new bad_fill_new(void) {
    trdb_trading_fill_new fill = trdb_trading_fill_new_init();
    fill.action = trdb_enum(TRDB_TRADING_FILL_ACTION_BUY);
    fill.qty = trdb_dec("1");
    fill.price = trdb_dec("100");
    return fill;
}

trdb_trading_position_new bad_position_key(void) {
    trdb_trading_position_new key = trdb_trading_position_new_init();
    key.bot_id = trdb_i64(bad_bot);
    key.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    key.symbol = "BTCUSDT";
    key.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    return key;
}
