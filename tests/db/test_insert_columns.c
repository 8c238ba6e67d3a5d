/* SPDX-License-Identifier: MIT */
/* Rows that are given as columns: the forms that only writing knows, tables where COPY may not go, round
 * trips, what a failure leaves, and very many. What holds for every table is in conformance_insert_columns.c.
 */
#include "base/wide.h"
#include "bulktest.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 1000, MOST = 8 };

/* ---- columns made by hand --------------------------------------------------------------------------- */

static trdb_column_view texts(const char *name, const char *const *items, int64_t count) {
    trdb_column_view view = {.name = name, .kind = TRDB_COLUMN_TEXT, .length = count};
    int64_t *offsets = calloc((size_t)count + 1, sizeof *offsets);
    char *data = NULL;
    for (int64_t i = 0; i < count; i++) {
        size_t size = strlen(items[i]);
        data = realloc(data, (size_t)offsets[i] + size + 1);
        memcpy(data + offsets[i], items[i], size);
        offsets[i + 1] = offsets[i] + (int64_t)size;
    }
    view.data = data;
    view.offsets = offsets;
    view.data_size = offsets[count];
    return view;
}

static trdb_column_view numbers(const char *name, int32_t kind, int64_t *values, int64_t count) {
    return (trdb_column_view){.name = name,
                              .kind = kind,
                              .length = count,
                              .data = values,
                              .data_size = count * (int64_t)sizeof *values};
}

static trdb_column_view codes(const char *name, const trdb_column_view *dictionary, int32_t *values,
                              int64_t count) {
    return (trdb_column_view){.name = name,
                              .kind = TRDB_COLUMN_CODES,
                              .length = count,
                              .data = values,
                              .data_size = count * (int64_t)sizeof *values,
                              .child = dictionary};
}

static void free_texts(trdb_column_view *view) {
    free((void *)(uintptr_t)view->data);
    free((void *)(uintptr_t)view->offsets);
}

/* Trades: what they must have, most of it from one dictionary, and prices as integers of a scale. */
enum { BOT, TYPE, ENTRY, EXIT, SYMBOL, INTERVAL, DIRECTION, STATUS, PRICE, TRADE_COLUMNS };
typedef struct trades {
    trdb_column_view columns[TRADE_COLUMNS + MOST], words;
    int64_t bots[ROWS], prices[ROWS];
    int32_t codes[TRADE_COLUMNS][ROWS];
} trades;

static trades *new_trades(void) {
    static const char *const items[] = {"paper", "né€",  "",      "BTCUSDT",      "1h",
                                        "long",  "open", "short", "no such thing"};
    static const struct {
        const char *name;
        int32_t code;
    } of[TRADE_COLUMNS] = {
        [TYPE] = {"trade_type", 0}, [ENTRY] = {"entry_logic_name", 1}, [EXIT] = {"exit_logic_name", 2},
        [SYMBOL] = {"symbol", 3},   [INTERVAL] = {"interval", 4},      [DIRECTION] = {"direction", 5},
        [STATUS] = {"status", 6}};
    trades *t = calloc(1, sizeof *t);
    t->words = texts(NULL, items, sizeof items / sizeof *items);
    for (int64_t i = 0; i < ROWS; i++) {
        t->bots[i] = bot;
        t->prices[i] = i % 2 ? i * 100000007 : -i;
        for (int column = TYPE; column < PRICE; column++)
            t->codes[column][i] = of[column].code;
        t->codes[DIRECTION][i] = i % 2 ? 7 : 5;
    }
    for (int column = TYPE; column < PRICE; column++)
        t->columns[column] = codes(of[column].name, &t->words, t->codes[column], ROWS);
    t->columns[BOT] = numbers("bot_id", TRDB_COLUMN_I64, t->bots, ROWS);
    t->columns[PRICE] = numbers("gross_pnl", TRDB_COLUMN_I64, t->prices, ROWS);
    t->columns[PRICE].scale = 8;
    return t;
}

static void free_trades(trades *t) {
    free_texts(&t->words);
    free(t);
}

static int insert(const trades *t, size_t count) {
    return trdb_trading_trades_insert_columns(uow, t->columns, sizeof *t->columns, count, NULL, &err);
}

static const char digest[] =
    "SELECT count(*) || ' ' || sum(gross_pnl) || ' ' || min(entry_logic_name) || ' ' || "
    "count(*) FILTER (WHERE direction = 'short') || ' ' || count(created_at) || ' ' || "
    "sum(bot_id - (SELECT min(id) FROM trading_bots)) FROM trading_trades";

/* ---- what is stored --------------------------------------------------------------------------------- */

/* The last text of the dictionary is no direction; but nothing refers to it. */
START_TEST(dictionaries_and_integers_of_a_scale) {
    trades *t = new_trades();
    int64_t before = trips();
    ck_ok(insert(t, TRADE_COLUMNS), err);
    ck_assert_int_eq(trips() - before, 3); /* BEGIN and the facts; COPY; its end */
    commit();
    ck_value(digest, "1000 250000.01500500 né€ 500 1000 0");
    free_trades(t);
}
END_TEST

START_TEST(decimals_as_text_and_of_many_digits) {
    static const char *const items[] = {"1.5", "-0.000000000000000000000001",
                                        "99999999999999.999999999999999999999999", "1e3"};
    trades *t = new_trades();
    trdbi_i128 wide[4] = {15, -1, 0, 10000};
    wide[2] = (trdbi_i128)9999999999999999999u * 10000000000000000000u;
    for (int column = 0; column < PRICE; column++)
        t->columns[column].length = 4;
    t->columns[PRICE] = texts("gross_pnl", items, 4);
    t->columns[TRADE_COLUMNS] = (trdb_column_view){.name = "net_pnl",
                                                   .kind = TRDB_COLUMN_DECIMAL,
                                                   .scale = 24,
                                                   .length = 4,
                                                   .data = wide,
                                                   .data_size = sizeof wide};
    ck_ok(insert(t, TRADE_COLUMNS + 1), err);
    commit();
    ck_value(
        "SELECT string_agg(trim_scale(gross_pnl) || ' ' || net_pnl, ',' ORDER BY id) FROM trading_trades",
        "1.5 0.000000000000000000000015,-0.000000000000000000000001 -0.000000000000000000000001,"
        "99999999999999.999999999999999999999999 99999999999999.999990000000000000000000,"
        "1000 0.000000000000000000010000");
    free_texts(&t->columns[PRICE]);
    free_trades(t);
}
END_TEST

START_TEST(times_without_end_and_null) {
    int64_t times[ROWS] = {INT64_MAX, INT64_MIN, 0, 1};
    uint8_t validity[(ROWS + 7) / 8] = {0x0b}; /* the third is NULL, and so are all behind the fourth */
    trades *t = new_trades();
    t->columns[TRADE_COLUMNS] = numbers("entry_time", TRDB_COLUMN_TIMESTAMP, times, ROWS);
    t->columns[TRADE_COLUMNS].validity = validity;
    ck_ok(insert(t, TRADE_COLUMNS + 1), err);
    commit();
    ck_value(
        "SELECT string_agg(CASE WHEN isfinite(entry_time) THEN extract(epoch FROM entry_time)::text ELSE "
        "entry_time::text END, ',' ORDER BY id) || ' ' || count(*) FROM trading_trades",
        "infinity,-infinity,0.000001 1000");
    free_trades(t);
}
END_TEST

/* Texts far longer than what is sent at a time, one by one and from a dictionary, where their turn comes
 * again. */
START_TEST(giants_among_dwarfs) {
    enum { GIANT = 3 << 20, COUNT = 40 };
    char *giant = malloc(GIANT + 1);
    const char *items[COUNT], *keys[COUNT];
    char names[COUNT][8];
    int32_t values[COUNT];
    memset(giant, 'x', GIANT);
    giant[GIANT] = '\0';
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof names[i], "k%d", i);
        keys[i] = names[i];
        items[i] = i % 8 ? "dwarf" : giant;
        values[i] = i % 8 == 0;
    }
    static const char *const dwarf = "dwarf";
    const char *const pair[] = {dwarf, giant};
    trdb_column_view words = texts(NULL, pair, 2);
    trdb_column_view columns[] = {texts("key", keys, COUNT), texts("value", items, COUNT)};
    ck_ok(trdb_telegram_settings_insert_columns(uow, columns, sizeof *columns, 2, NULL, &err), err);
    commit();
    static const char sql[] = "SELECT count(*) || ' ' || sum(length(value)) || ' ' || "
                              "count(*) FILTER (WHERE length(value) = 5 OR replace(value, 'x', '') = '') "
                              "FROM telegram_settings";
    ck_value(sql, "40 15728815 40");
    harness_sql(url, "DELETE FROM telegram_settings");
    trdb_column_view coded[] = {columns[0], codes("value", &words, values, COUNT)};
    ck_ok(trdb_telegram_settings_insert_columns(uow, coded, sizeof *coded, 2, NULL, &err), err);
    commit();
    ck_value(sql, "40 15728815 40");
    free_texts(&columns[0]);
    free_texts(&columns[1]);
    free_texts(&words);
    free(giant);
}
END_TEST

/* Where COPY would not do what INSERT does, columns go as rows do. */
START_TEST(other_tables) {
    static const char *const changes[] = {
        "SELECT 1",
        "ALTER TABLE trading_trades ALTER gross_pnl TYPE float8",
        ("ALTER TABLE trading_trades ALTER gross_pnl TYPE numeric(38,24); "
         "ALTER TABLE trading_trades ENABLE ROW LEVEL SECURITY"),
        ("ALTER TABLE trading_trades DISABLE ROW LEVEL SECURITY; "
         "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.symbol = 'LATE'; RETURN "
         "NEW; END $$; "
         "CREATE TRIGGER late BEFORE INSERT ON trading_trades FOR EACH ROW EXECUTE FUNCTION late()"),
        ("DROP TRIGGER late ON trading_trades; ALTER TABLE trading_trades RENAME TO hidden; "
         "CREATE VIEW trading_trades AS SELECT * FROM hidden"),
    };
    trades *t = new_trades();
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        commit();
        harness_sql(url, "%s; DELETE FROM trading_trades", changes[i]);
        trdb_column_view kept = t->columns[SYMBOL];
        if (i == 3) /* the trigger gives it */
            t->columns[SYMBOL] = t->columns[PRICE];
        ck_ok(insert(t, i == 3 ? PRICE : TRADE_COLUMNS), err);
        t->columns[SYMBOL] = kept;
        commit();
        ck_value(i == 1 ? "SELECT round(sum(gross_pnl)::numeric, 8) FROM trading_trades"
                        : "SELECT sum(gross_pnl)::numeric(20,8) FROM trading_trades",
                 "250000.01500500");
    }
    free_trades(t);
}
END_TEST

/* Behind what waits, and before what does. */
START_TEST(in_every_unit) {
    static const uint32_t flags[] = {0, TRDB_UOW_PIPELINE, TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT};
    trades *t = new_trades();
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        trdb_trading_bot_new other = trdb_trading_bot_new_init();
        other.description = i % 2 ? "odd" : "even";
        begin(flags[i]);
        ck_ok(trdb_trading_bot_patch(uow, bot, &other, NULL, &err), err);
        ck_ok(insert(t, TRADE_COLUMNS), err);
        ck_ok(trdb_trading_bot_patch(uow, bot, &other, NULL, &err), err);
        ck_ok(trdb_uow_commit(uow, &err), err);
        ck_value("SELECT description || (SELECT count(*) FROM trading_trades) FROM trading_bots",
                 i % 2 ? "odd1000" : "even1000");
        harness_sql(url, "DELETE FROM trading_trades");
    }
    free_trades(t);
}
END_TEST

/* ---- failures --------------------------------------------------------------------------------------- */

static void ck_bad(int code, int expected, int64_t row, const char *column, const char *part) {
    ck_assert_msg(trdb_error_row(err) == row, "row %lld, wanted %lld: %s", (long long)trdb_error_row(err),
                  (long long)row, trdb_error_message(err));
    if (column)
        ck_assert_str_eq(trdb_error_column(err), column);
    ck_fails(code, expected, part, err);
}

START_TEST(the_server_s_failures_are_named) {
    trades *t = new_trades();
    t->bots[777] = bot + 1; /* found at the end of a statement, which knows no row then */
    ck_bad(insert(t, TRADE_COLUMNS), TRDB_E_REFERENCE, 777, NULL, "trading_trades_bot_id_fkey");
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);
    begin(0);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_bad(insert(t, TRADE_COLUMNS), TRDB_E_REFERENCE, 777, NULL, "trading_trades_bot_id_fkey");
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    t->bots[777] = bot;
    ck_ok(insert(t, TRADE_COLUMNS), err);
    commit();
    ck_value("SELECT count(*) FROM trading_trades", "1000");
    free_trades(t);
}
END_TEST

START_TEST(a_text_that_is_none_of_the_set) {
    trades *t = new_trades();
    t->codes[DIRECTION][3] = 8;
    ck_bad(insert(t, TRADE_COLUMNS), TRDB_E_INVALID, 3, "direction",
           "\"no such thing\" is none of trading_direction");
    t->codes[DIRECTION][3] = 7;
    ck_ok(insert(t, TRADE_COLUMNS), err); /* nothing was sent, so that the unit is as it was */
    free_trades(t);
}
END_TEST

START_TEST(a_code_of_no_text) {
    static const int32_t codes[] = {-1, INT32_MIN, 9, INT32_MAX};
    static const int columns[] = {SYMBOL, DIRECTION};
    trades *t = new_trades();
    for (size_t i = 0; i < 2; i++) {
        int32_t *code = &t->codes[columns[i]][ROWS - 1], kept = *code;
        for (size_t k = 0; k < sizeof codes / sizeof *codes; k++) {
            *code = codes[k];
            ck_bad(insert(t, TRADE_COLUMNS), TRDB_E_INVALID, ROWS - 1, i ? "direction" : "symbol",
                   "is not in a dictionary of 9 texts");
            begin(0);
        }
        *code = kept;
    }
    ck_ok(insert(t, TRADE_COLUMNS), err);
    free_trades(t);
}
END_TEST

START_TEST(bad_calls) {
    trades *t = new_trades();
    trdb_bulk_options options = trdb_bulk_options_init();
    struct {
        trdb_column_view view;
        int64_t more;
    } newer[TRADE_COLUMNS];
    ck_fails(insert(t, 0), TRDB_E_INVALID, "no columns", err);
    ck_fails(trdb_trading_trades_insert_columns(uow, NULL, sizeof *t->columns, 1, NULL, &err), TRDB_E_INVALID,
             "no columns", err);
    ck_fails(trdb_trading_trades_insert_columns(uow, t->columns, 8, 1, NULL, &err), TRDB_E_INVALID,
             "column_size is 8", err);
    options.method = 9;
    ck_fails(trdb_trading_trades_insert_columns(uow, t->columns, sizeof *t->columns, TRADE_COLUMNS, &options,
                                                &err),
             TRDB_E_INVALID, "method is 9", err);
    for (int i = 0; i < TRADE_COLUMNS; i++) {
        newer[i].view = t->columns[i];
        newer[i].more = i == 5;
    }
    newer[TYPE].view.child = NULL;
    ck_fails(trdb_trading_trades_insert_columns(uow, &newer->view, sizeof *newer, TRADE_COLUMNS, NULL, &err),
             TRDB_E_INVALID, "no dictionary", err);
    struct {
        trdb_column_view view;
        int64_t more;
    } words = {.view = t->words};
    for (int i = TYPE; i < PRICE; i++)
        newer[i].view.child = &words.view;
    ck_fails(trdb_trading_trades_insert_columns(uow, &newer->view, sizeof *newer, TRADE_COLUMNS, NULL, &err),
             TRDB_E_INVALID, "does not know", err);
    newer[5].more = 0;
    ck_ok(trdb_trading_trades_insert_columns(uow, &newer->view, sizeof *newer, TRADE_COLUMNS, NULL, &err),
          err);
    commit();
    ck_value(digest, "1000 250000.01500500 né€ 500 1000 0");
    free_trades(t);
}
END_TEST

/* ---- none and many ---------------------------------------------------------------------------------- */

START_TEST(no_rows_at_all) {
    trades *t = new_trades();
    int64_t before = trips();
    for (int i = 0; i < TRADE_COLUMNS; i++) {
        t->columns[i].length = t->columns[i].data_size = 0;
        t->columns[i].data = NULL;
    }
    ck_ok(insert(t, TRADE_COLUMNS), err);
    ck_assert_int_eq(trips() - before, 0);
    t->columns[3].name = "no_such_column";
    ck_fails(insert(t, TRADE_COLUMNS), TRDB_E_INVALID, "no_such_column", err);
    free_trades(t);
}
END_TEST

typedef struct heard {
    size_t calls, last, stop_at;
} heard;

static int hear(void *arg, size_t done, size_t total) {
    heard *h = arg;
    ck_assert_uint_gt(done, h->last);
    ck_assert_uint_le(done, total);
    h->calls++;
    h->last = done;
    return h->stop_at && done >= h->stop_at;
}

/* One million rows, of which the last but one is bad: for the server, and before it. */
START_TEST(a_bad_row_behind_very_many) {
    enum { MANY = 1000000, BAD = MANY - 2 };
    static const char *const items[] = {"good", "bad"};
    trdb_column_view words = texts(NULL, items, 2);
    int32_t *values = calloc(MANY, sizeof *values);
    trdb_column_view columns[] = {codes("key", &words, values, MANY), codes("value", &words, values, MANY)};
    trdb_bulk_options options = trdb_bulk_options_init();
    heard h = {0};
    options.progress = hear;
    options.progress_arg = &h;
    options.progress_every = 100000;
    harness_sql(url, "ALTER TABLE telegram_settings DROP CONSTRAINT telegram_settings_pkey; "
                     "ALTER TABLE telegram_settings ADD CHECK (value <> 'bad')");
    for (int32_t bad = 0; bad < 3; bad++) {
        int64_t count = 0;
        ck_ok(trdb_uow_savepoint(uow, &err), err);
        values[BAD] = bad;
        h = (heard){0};
        int code = trdb_telegram_settings_insert_columns(uow, columns, sizeof *columns, 2, &options, &err);
        if (bad == 0) {
            ck_ok(code, err);
            ck_assert_uint_eq(h.calls, 10);
            ck_ok(trdb_telegram_settings_count(uow, NULL, &count, &err), err);
            ck_assert_int_eq(count, MANY);
        } else {
            ck_bad(code, bad == 1 ? TRDB_E_CHECK : TRDB_E_INVALID, BAD, bad == 1 ? NULL : "key",
                   "telegram_settings");
        }
        ck_ok(trdb_uow_rollback_to(uow, &err), err);
    }
    values[BAD] = 0;
    h = (heard){.stop_at = 500000};
    ck_fails(trdb_telegram_settings_insert_columns(uow, columns, sizeof *columns, 2, &options, &err),
             TRDB_E_CANCELLED, "after 500000 of 1000000 rows", err);
    ck_value("SELECT count(*) FROM telegram_settings", "0");
    free(values);
    free_texts(&words);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("insert_columns");
    TCase *tcase = tcase_create("insert_columns");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, bulktest_setup, bulktest_teardown);
    tcase_add_test(tcase, dictionaries_and_integers_of_a_scale);
    tcase_add_test(tcase, decimals_as_text_and_of_many_digits);
    tcase_add_test(tcase, times_without_end_and_null);
    tcase_add_test(tcase, giants_among_dwarfs);
    tcase_add_test(tcase, other_tables);
    tcase_add_test(tcase, in_every_unit);
    tcase_add_test(tcase, the_server_s_failures_are_named);
    tcase_add_test(tcase, a_text_that_is_none_of_the_set);
    tcase_add_test(tcase, a_code_of_no_text);
    tcase_add_test(tcase, bad_calls);
    tcase_add_test(tcase, no_rows_at_all);
    tcase_add_test(tcase, a_bad_row_behind_very_many);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
