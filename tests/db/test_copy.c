/* SPDX-License-Identifier: MIT */
/* Many rows whose keys nobody wants go by COPY: the same rows, the same errors, fewer round trips. */
#include "bulktest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 1000 };

/* Trades with a value of every kind that the table has, some of them NULL, some not given. */
static trdb_trading_trade_new *trades(size_t count, bool alternate) {
    static char text[ROWS][2][32];
    trdb_trading_trade_new *rows = calloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        trdb_trading_trade_new n = trdb_trading_trade_new_init();
        snprintf(text[i][0], sizeof text[i][0], "%zu.%06zu", i, i * 7);
        snprintf(text[i][1], sizeof text[i][1], "{\"i\": %zu}", i);
        n.bot_id = trdb_i64(bot);
        n.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
        n.entry_logic_name = "né\u20ac";
        n.exit_logic_name = "b";
        n.symbol = "BTCUSDT";
        n.interval = "1h";
        n.direction = trdb_enum(i % 2 ? TRDB_TRADING_DIRECTION_SHORT : TRDB_TRADING_DIRECTION_LONG);
        n.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN);
        n.entry_time = trdb_time(trdb_timestamp_from_us((int64_t)i * 1000003));
        n.entry_price = trdb_dec(text[i][0]);
        n.size = i % 3 ? trdb_dec("0.000000000000000000000001") : trdb_null_dec();
        n.extra_metadata = text[i][1];
        if (!alternate || i % 2)
            n.strategy_name = i % 5 ? "s" : TRDB_NULL_TEXT;
        rows[i] = n;
    }
    return rows;
}

static int insert(trdb_trading_trade_new *rows, size_t count, trdb_error **reterr) {
    return trdb_trading_trades_insert(uow, rows, sizeof *rows, count, NULL, reterr);
}

/* What the rows come to when they are inserted one by one. */
static const char same[] =
    "SELECT count(*) || ' ' || sum(entry_price) || ' ' || count(size) || ' ' || sum(size) || ' ' || "
    "count(strategy_name) || ' ' || count(*) FILTER (WHERE direction = 'short') || ' ' || "
    "sum((extra_metadata ->> 'i')::int) || ' ' || min(entry_logic_name) || ' ' || "
    "sum(extract(epoch FROM entry_time)) || ' ' || count(created_at) FROM trading_trades";

START_TEST(the_same_rows) {
    trdb_trading_trade_new *rows = trades(ROWS, false);
    for (size_t i = 0; i < ROWS; i++)
        ck_ok(trdb_trading_trade_insert(uow, &rows[i], NULL, &err), err);
    commit();
    char *expected = harness_value(url, "%s", same);
    harness_sql(url, "DELETE FROM trading_trades");

    begin(0);
    int64_t before = trips();
    ck_ok(insert(rows, ROWS, &err), err);
    ck_assert_int_eq(trips(), before + 3); /* BEGIN, the transaction's id and the facts; COPY; its end */
    commit();
    ck_value(same, expected);
    free(expected);
    free(rows);
}
END_TEST

/* Rows that end just before, at and behind the end of a block or a piece of what is sent: lib/pg/copy.c. */
START_TEST(rows_around_the_end_of_a_message) {
    enum { AROUND = 8, MOST = (1 << 20) + AROUND, BESIDES = 5 + 19 + 2 + 4 + 5 + 4 + 2 };
    static const size_t ends[] = {8192, 16384, 1 << 20};
    trdb_bulk_options options = trdb_bulk_options_init();
    char key[8], *value = malloc(MOST + 1);
    size_t sum = 0, count = 0;
    options.method = TRDB_BULK_COPY;
    memset(value, 'v', MOST + 1);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        for (size_t size = ends[i] - BESIDES - AROUND; size <= ends[i] - BESIDES + AROUND; size++) {
            trdb_telegram_setting_new row = trdb_telegram_setting_new_init();
            snprintf(key, sizeof key, "k%04zu", count++);
            value[size] = '\0';
            row.key = key;
            row.value = value;
            ck_ok(trdb_telegram_settings_insert_with(uow, &row, sizeof row, 1, &options, NULL, &err), err);
            value[size] = 'v';
            sum += size;
        }
    }
    commit();
    char expected[64];
    snprintf(expected, sizeof expected, "%zu %zu k%04zu", count, sum, count - 1);
    ck_value("SELECT count(*) || ' ' || sum(length(value)) || ' ' || max(key) FROM telegram_settings "
             "WHERE value ~ '^v+$'",
             expected);
    free(value);
}
END_TEST

START_TEST(sets_that_change_are_pipelined) {
    trdb_trading_trade_new *rows = trades(ROWS, true);
    int64_t before = trips();
    ck_ok(insert(rows, ROWS, &err), err);
    ck_assert_int_le(trips() - before, 7);
    commit();
    ck_value("SELECT count(*) || ' ' || count(strategy_name) FROM trading_trades", "1000 400");
    free(rows);
}
END_TEST

START_TEST(an_error_tells_its_row) {
    trdb_trading_trade_new *rows = trades(ROWS, false);
    rows[777].bot_id = trdb_i64(bot + 1); /* the server's to find, at the end of the statement */
    ck_assert_int_eq(insert(rows, ROWS, &err), TRDB_E_REFERENCE);
    ck_assert_str_eq(trdb_error_constraint(err), "trading_trades_bot_id_fkey");
    trdb_error_free(err);
    err = NULL;
    free(rows);

    trdb_telegram_setting_new *settings = calloc(ROWS, sizeof *settings);
    static char keys[ROWS][16];
    for (size_t i = 0; i < ROWS; i++) {
        settings[i] = trdb_telegram_setting_new_init();
        snprintf(keys[i], sizeof keys[i], "%zu", i == 777 ? 3 : i);
        settings[i].key = keys[i];
    }
    begin(0);
    ck_assert_int_eq(trdb_telegram_settings_insert(uow, settings, sizeof *settings, ROWS, NULL, &err),
                     TRDB_E_DUPLICATE);
    ck_assert_int_eq(trdb_error_row(err), 777);
    ck_assert_str_eq(trdb_error_statement(err), "telegram_settings.copy");
    trdb_error_free(err);
    err = NULL;
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);

    settings[777].key = "\xff"; /* found here, while the COPY is under way */
    begin(0);
    ck_assert_int_eq(trdb_telegram_settings_insert(uow, settings, sizeof *settings, ROWS, NULL, &err),
                     TRDB_E_ENCODING);
    ck_assert_int_eq(trdb_error_row(err), 777);
    trdb_error_free(err);
    err = NULL;

    settings[777].key = "x";
    settings[0].key = "\xff"; /* before anything was sent */
    begin(0);
    ck_assert_int_eq(trdb_telegram_settings_insert(uow, settings, sizeof *settings, ROWS, NULL, &err),
                     TRDB_E_ENCODING);
    ck_assert_int_eq(trdb_error_row(err), 0);
    trdb_error_free(err);
    err = NULL;
    settings[0].key = "y";
    ck_ok(trdb_telegram_settings_insert(uow, settings, sizeof *settings, ROWS, NULL, &err), err);
    commit();
    ck_value("SELECT count(*) FROM telegram_settings", "1000");
    trdb_db_stats stats = trdb_db_stats_init();
    trdb_db_get_stats(db, &stats, NULL);
    ck_assert_int_eq(stats.discards, 0); /* the connection outlived all of it */
    free(settings);
}
END_TEST

START_TEST(narrow_integers) {
    trdb_telegram_command_audit_new *rows = calloc(ROWS, sizeof *rows);
    for (size_t i = 0; i < ROWS; i++) {
        rows[i] = trdb_telegram_command_audit_new_init();
        rows[i].telegram_user_id = "1";
        rows[i].command = "/start";
        rows[i].success = trdb_bool(i % 2);
        rows[i].response_time_ms = trdb_i64((int64_t)i);
    }
    ck_ok(trdb_telegram_command_audits_insert(uow, rows, sizeof *rows, ROWS, NULL, &err), err);
    rows[600].response_time_ms = trdb_i64(INT64_C(3000000000));
    ck_assert_int_eq(trdb_telegram_command_audits_insert(uow, rows, sizeof *rows, ROWS, NULL, &err),
                     TRDB_E_RANGE);
    ck_assert_int_eq(trdb_error_row(err), 600);
    trdb_error_free(err);
    err = NULL;
    begin(0);
    rows[600].response_time_ms = trdb_i64(INT32_MAX);
    ck_ok(trdb_telegram_command_audits_insert(uow, rows, sizeof *rows, ROWS, NULL, &err), err);
    commit();
    ck_value("SELECT sum(response_time_ms::bigint) || ' ' || count(*) FILTER (WHERE success) FROM "
             "telegram_command_audits",
             "2147982547 500");
    free(rows);
}
END_TEST

/* Where COPY would not do what INSERT does, it is not used. */
START_TEST(other_tables_are_pipelined) {
    const char *const changes[] = {
        "ALTER TABLE trading_trades ALTER entry_time TYPE timestamp",
        "ALTER TABLE trading_trades ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE trading_trades RENAME TO hidden; CREATE VIEW trading_trades AS SELECT * FROM hidden",
    };
    trdb_trading_trade_new *rows = trades(ROWS, false);
    for (size_t i = 0; i < 3; i++) {
        harness_sql(url, "%s", changes[i]);
        ck_ok(insert(rows, ROWS, &err), err);
        commit();
        ck_value("SELECT count(*) FROM trading_trades", "1000");
        harness_sql(url, i == 2 ? "DROP VIEW trading_trades; ALTER TABLE hidden RENAME TO trading_trades"
                                : "TRUNCATE trading_trades");
        begin(0);
    }
    free(rows);
}
END_TEST

START_TEST(behind_what_waits) {
    begin(TRDB_UOW_PIPELINE);
    trdb_trading_bot_new other = trdb_trading_bot_new_init();
    other.status = trdb_enum(TRDB_TRADING_BOT_STATUS_STOPPED);
    trdb_trading_trade_new *rows = trades(ROWS, false);
    ck_ok(trdb_trading_bot_patch(uow, bot, &other, NULL, &err), err);
    ck_ok(insert(rows, ROWS, &err), err);
    ck_ok(trdb_trading_bot_patch(uow, bot, &other, NULL, &err), err);
    commit();
    ck_value("SELECT status || (SELECT count(*) FROM trading_trades) FROM trading_bots", "stopped1000");
    free(rows);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("copy");
    TCase *tcase = tcase_create("copy");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, bulktest_setup, bulktest_teardown);
    tcase_add_test(tcase, the_same_rows);
    tcase_add_test(tcase, rows_around_the_end_of_a_message);
    tcase_add_test(tcase, sets_that_change_are_pipelined);
    tcase_add_test(tcase, an_error_tells_its_row);
    tcase_add_test(tcase, narrow_integers);
    tcase_add_test(tcase, other_tables_are_pipelined);
    tcase_add_test(tcase, behind_what_waits);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
