/* SPDX-License-Identifier: MIT */
/* Many rows: what comes back for which row, round trips, who hears of the progress, and which row failed. */
#include "bulktest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 2500, SETTINGS = 1500 };

/* Trades that carry their number as document. */
static trdb_trading_trade_new *trades(size_t count) {
    static char text[ROWS][32];
    trdb_trading_trade_new *rows = calloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        trdb_trading_trade_new n = trdb_trading_trade_new_init();
        snprintf(text[i], sizeof text[i], "{\"i\": %zu}", i);
        n.bot_id = trdb_i64(bot);
        n.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
        n.entry_logic_name = "né€";
        n.exit_logic_name = "";
        n.symbol = "BTCUSDT";
        n.interval = "1h";
        n.direction = trdb_enum(i % 2 ? TRDB_TRADING_DIRECTION_SHORT : TRDB_TRADING_DIRECTION_LONG);
        n.status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN);
        n.entry_time.value.kind = i % 7 ? TRDB_TIMESTAMP_FINITE : TRDB_TIMESTAMP_INFINITY;
        n.entry_time.value.us = (int64_t)i * 1000003;
        n.entry_time.state = TRDB_GIVEN;
        n.entry_price = trdb_dec(i % 3 ? "99999999999999.000000000000000000000001" : "0.5");
        n.gross_pnl = trdb_dec(i % 5 ? "-1234567890123.456789" : "-10000");
        n.size = i % 4 ? trdb_dec("12345678.9") : trdb_null_dec();
        n.extra_metadata = text[i];
        rows[i] = n;
    }
    return rows;
}

static trdb_bulk_options by(trdb_bulk_method method) {
    trdb_bulk_options options = trdb_bulk_options_init();
    options.method = method;
    return options;
}

static int insert(const trdb_trading_trade_new *rows, size_t count, trdb_bulk_method method) {
    trdb_bulk_options options = by(method);
    return trdb_trading_trades_insert_with(uow, rows, sizeof *rows, count, &options, NULL, &err);
}

/* ---- what is stored and what comes back ------------------------------------------------------------- */

START_TEST(all_ways_store_the_same) {
    static const char digest[] =
        "SELECT md5(string_agg((to_jsonb(t) - '{id,created_at}'::text[])::text, ';' ORDER BY id)) "
        "FROM trading_trades t";
    trdb_trading_trade_new *rows = trades(ROWS);
    char *expected = NULL;
    for (int method = TRDB_BULK_AUTO; method <= TRDB_BULK_COPY; method++) {
        ck_ok(insert(rows, ROWS, method), err);
        commit();
        char *got = harness_value(url, "%s", digest);
        if (expected)
            ck_assert_msg(strcmp(got, expected) == 0, "method %d", method);
        free(expected);
        expected = got;
        harness_sql(url, "DELETE FROM trading_trades");
    }
    free(expected);
    free(rows);
}
END_TEST

/* Keys and documents belong together, whatever stands between the table and its rows. */
START_TEST(keys_belong_to_their_rows) {
    static const char *const tables[] = {
        "SELECT 1",
        "CREATE FUNCTION odd() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.id = -NEW.id; RETURN NEW; END $$; "
        "CREATE TRIGGER odd BEFORE INSERT ON trading_trades FOR EACH ROW EXECUTE FUNCTION odd()",
        "DROP TRIGGER odd ON trading_trades; ALTER TABLE trading_trades ALTER id SET INCREMENT BY -3 SET MINVALUE "
        "-100000000 SET MAXVALUE 100000000 RESTART WITH 90000000",
        "ALTER TABLE trading_trades RENAME TO hidden; CREATE VIEW trading_trades AS SELECT * FROM hidden",
    };
    trdb_trading_trade_new *rows = trades(ROWS);
    int64_t *keys = calloc(ROWS, sizeof *keys);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        commit();
        harness_sql(url, "%s", tables[i]);
        ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, ROWS, NULL, keys, &err), err);
        trdb_trading_trade_list *list = NULL;
        ck_ok(trdb_trading_trades_insert_with(uow, rows, sizeof *rows, ROWS, NULL, &list, &err), err);
        commit();
        for (size_t k = 0; k < ROWS; k += i == 0 ? 1 : 97) {
            trdb_trading_trade *row = NULL;
            ck_ok(trdb_trading_trade_get(uow, keys[k], &row, &err), err);
            ck_assert_str_eq(row->extra_metadata, rows[k].extra_metadata);
            trdb_trading_trade_free(row);
            ck_ok(trdb_trading_trade_get(uow, trdb_trading_trade_list_at(list, k)->id, &row, &err), err);
            ck_assert_str_eq(row->extra_metadata, rows[k].extra_metadata);
            trdb_trading_trade_free(row);
        }
        trdb_trading_trade_list_free(list);
    }
    free(keys);
    free(rows);
}
END_TEST

START_TEST(few_round_trips) {
    trdb_trading_trade_new *rows = trades(ROWS);
    int64_t keys[ROWS], before = trips();
    ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, ROWS, NULL, keys, &err), err);
    ck_assert_int_eq(trips() - before, 2); /* BEGIN and the facts; savepoint, three chunks, release */
    before = trips();
    ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, 20, NULL, keys, &err), err);
    ck_assert_int_eq(trips() - before, 1); /* few rows ask for no facts */
    before = trips();
    ck_assert_int_eq(trdb_uow_calls(uow), 2);
    ck_ok(trdb_trading_trades_insert(uow, rows, sizeof *rows, 0, NULL, &err), err);
    ck_ok(trdb_trading_trades_insert_keys(uow, NULL, sizeof *rows, 0, NULL, NULL, &err), err);
    ck_assert_int_eq(trips() - before, 0);
    commit();
    free(rows);
}
END_TEST

/* Whether keys of so many rows are theirs. */
static void ck_keys(const int64_t *keys, size_t count) {
    for (size_t i = 0; i < count; i += 97) {
        char sql[128], number[32];
        snprintf(sql, sizeof sql, "SELECT extra_metadata ->> 'i' FROM trading_trades WHERE id = %" PRId64, keys[i]);
        snprintf(number, sizeof number, "%zu", i);
        ck_value(sql, number);
    }
}

START_TEST(facts_hold_while_the_table_is_locked) {
    trdb_trading_trade_new *rows = trades(ROWS);
    int64_t keys[ROWS], before;
    for (int call = 0; call < 3; call++) {
        before = trips();
        ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, ROWS, NULL, keys, &err), err);
        ck_assert_int_eq(trips() - before, call == 0 ? 2 : 1);
    }
    commit(); /* another transaction: another trigger may be there */
    ck_keys(keys, ROWS);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, ROWS, NULL, keys, &err), err);
    ck_ok(trdb_uow_rollback_to(uow, &err), err); /* which gives the lock back */
    harness_sql(url, "CREATE FUNCTION backwards() RETURNS trigger LANGUAGE plpgsql AS "
                     "'BEGIN NEW.id := 1000000 - NEW.id; RETURN NEW; END'; "
                     "CREATE TRIGGER backwards BEFORE INSERT ON trading_trades "
                     "FOR EACH ROW EXECUTE FUNCTION backwards()");
    ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, ROWS, NULL, keys, &err), err);
    ck_assert_int_gt(keys[0], keys[1]);
    commit();
    ck_keys(keys, ROWS);
    free(rows);
}
END_TEST

START_TEST(sets_of_columns_that_change) {
    trdb_trading_trade_new *rows = trades(ROWS);
    int64_t keys[ROWS], before = trips();
    for (size_t i = 1000; i < 1100; i += 2) /* a stretch in which every other row is different */
        rows[i].strategy_name = "s";
    ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, ROWS, NULL, keys, &err), err);
    ck_assert_int_le(trips() - before, 7);
    commit();
    ck_value("SELECT count(*) || ' ' || count(strategy_name) || ' ' || "
             "bool_and((extra_metadata ->> 'i')::int % 2 = 0) FILTER (WHERE strategy_name IS NOT NULL) "
             "FROM trading_trades",
             "2500 50 true");
    free(rows);
}
END_TEST

/* A row whose texts are a thousand times longer than those around it. */
START_TEST(giants_among_dwarfs) {
    trdb_trading_trade_new *rows = trades(1200);
    char *giant = malloc(3 << 20);
    memset(giant, 'x', 3 << 20);
    memcpy(giant, "{\"i\": \"", 7);
    strcpy(giant + (3 << 20) - 3, "\"}");
    rows[3].extra_metadata = rows[700].extra_metadata = rows[1199].extra_metadata = giant;
    int64_t keys[1200];
    ck_ok(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, 1200, NULL, keys, &err), err);
    ck_ok(insert(rows, 1200, TRDB_BULK_COPY), err);
    commit();
    ck_value("SELECT count(*) || ' ' || count(*) FILTER (WHERE length(extra_metadata ->> 'i') > 3000000) "
             "FROM trading_trades",
             "2400 6");
    free(giant);
    free(rows);
}
END_TEST

/* ---- failures ---------------------------------------------------------------------------------------- */

static void ck_bad(int code, int expected, int64_t row, const char *part) {
    ck_assert_msg(trdb_error_row(err) == row, "row %lld, wanted %lld: %s", (long long)trdb_error_row(err),
                  (long long)row, trdb_error_message(err));
    ck_fails(code, expected, part, err);
    begin(0);
}

START_TEST(each_way_names_the_row_that_failed) {
    static const size_t places[] = {0, 1, 999, 1000, ROWS - 1};
    trdb_trading_trade_new *rows = trades(ROWS), good = rows[0];
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        trdb_trading_trade_new *row = &rows[places[i]], kept = *row;
        int64_t at = (int64_t)places[i];
        for (int method = TRDB_BULK_AUTO; method <= TRDB_BULK_COPY; method++) {
            *row = kept;
            row->bot_id = trdb_i64(bot + 1); /* found at the end of a statement, which knows no row then */
            ck_bad(insert(rows, ROWS, method), TRDB_E_REFERENCE, at, "trading_trades_bot_id_fkey");
            *row = kept;
            row->extra_metadata = "{\"i\": 1"; /* found by the server, told in the library's words */
            ck_bad(insert(rows, ROWS, method), TRDB_E_INVALID, at, "trading_trades.extra_metadata: not valid");
            *row = kept;
            row->symbol = "a symbol that is far too long";
            ck_bad(insert(rows, ROWS, method), TRDB_E_RANGE, at, "trading_trades.symbol");
            *row = kept;
            row->symbol = TRDB_NULL_TEXT;
            ck_bad(insert(rows, ROWS, method), TRDB_E_NOT_NULL, at, "symbol");
        }
        *row = kept;
    }
    ck_value("SELECT count(*) FROM trading_trades", "0");
    ck_assert_int_eq(good.bot_id.value, bot);
    free(rows);
}
END_TEST

/* What is wrong before anything was sent leaves the unit as it was; later it can only be rolled back. */
START_TEST(the_unit_after_a_failure) {
    trdb_trading_trade_new *rows = trades(ROWS);
    for (int method = TRDB_BULK_PIPELINE; method <= TRDB_BULK_COPY; method++) {
        rows[0].entry_logic_name = "\xff";
        ck_fails(insert(rows, ROWS, method), TRDB_E_ENCODING, "UTF-8", err);
        rows[0].entry_logic_name = "x";
        ck_ok(insert(rows, 60, method), err);
        rows[ROWS - 1].interval = "\xff";
        ck_assert_int_eq(insert(rows, ROWS, method), TRDB_E_ENCODING);
        ck_assert_int_eq(trdb_error_row(err), ROWS - 1);
        trdb_error_free(err);
        err = NULL;
        ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);
        begin(0);
        rows[ROWS - 1].interval = "1h";
    }
    ck_value("SELECT count(*) FROM trading_trades", "0");
    free(rows);
}
END_TEST

START_TEST(bad_calls) {
    trdb_trading_trade_new *rows = trades(60);
    trdb_bulk_options options = by(9);
    ck_fails(insert(rows, 60, 9), TRDB_E_INVALID, "method is 9", err);
    options = by(TRDB_BULK_AUTO);
    options.reserved = 1;
    ck_fails(trdb_trading_trades_insert_with(uow, rows, sizeof *rows, 1, &options, NULL, &err), TRDB_E_INVALID,
             "reserved", err);
    ck_fails(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, 1, NULL, NULL, &err), TRDB_E_INVALID,
             "place for the keys", err);
    ck_fails(trdb_trading_trades_insert_with(uow, NULL, sizeof *rows, 1, NULL, NULL, &err), TRDB_E_INVALID,
             "no array", err);
    ck_fails(trdb_trading_trades_insert_with(uow, rows, 4, 1, NULL, NULL, &err), TRDB_E_INVALID, "row_size", err);
    trdb_trading_trade_list *list = (void *)&list;
    options = by(TRDB_BULK_COPY);
    ck_fails(trdb_trading_trades_insert_with(uow, rows, sizeof *rows, 60, &options, &list, &err),
             TRDB_E_UNSUPPORTED, "method copy", err);
    ck_assert_ptr_eq(list, (void *)&list);
    ck_ok(insert(rows, 60, TRDB_BULK_AUTO), err); /* the unit is as it was */
    commit();
    free(rows);
}
END_TEST

/* ---- progress ---------------------------------------------------------------------------------------- */

typedef struct heard {
    size_t calls, last, stop_at;
} heard;

static int hear(void *arg, size_t done, size_t total) {
    heard *h = arg;
    ck_assert_uint_eq(total, ROWS);
    ck_assert_uint_gt(done, h->last);
    h->calls++;
    h->last = done;
    return h->stop_at && done >= h->stop_at;
}

START_TEST(progress_is_told_and_may_stop) {
    trdb_trading_trade_new *rows = trades(ROWS);
    for (int method = TRDB_BULK_PIPELINE; method <= TRDB_BULK_COPY; method++) {
        heard h = {0};
        trdb_bulk_options options = by(method);
        options.progress = hear;
        options.progress_arg = &h;
        options.progress_every = 1000;
        ck_ok(trdb_trading_trades_insert_with(uow, rows, sizeof *rows, ROWS, &options, NULL, &err), err);
        ck_assert_uint_eq(h.calls, 3);
        ck_assert_uint_eq(h.last, ROWS);
        commit();
        h = (heard){.stop_at = 2000};
        ck_fails(trdb_trading_trades_insert_with(uow, rows, sizeof *rows, ROWS, &options, NULL, &err),
                 TRDB_E_CANCELLED, "after 2000 of 2500 rows", err);
        ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);
        begin(0);
        h = (heard){.stop_at = ROWS}; /* even at the very end */
        ck_fails(trdb_trading_trades_insert_with(uow, rows, sizeof *rows, ROWS, &options, NULL, &err),
                 TRDB_E_CANCELLED, "after 2500 of 2500 rows", err);
        ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "failed", err);
        begin(0);
    }
    ck_value("SELECT count(*) FROM trading_trades", "7500");
    free(rows);
}
END_TEST

/* ---- upserts ----------------------------------------------------------------------------------------- */

static trdb_telegram_setting_new *settings(size_t count, const char *value) {
    static char keys[SETTINGS][24];
    trdb_telegram_setting_new *rows = calloc(count, sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "k%zu", i);
        rows[i] = trdb_telegram_setting_new_init();
        rows[i].key = keys[i];
        rows[i].value = value;
    }
    return rows;
}

START_TEST(many_upserts) {
    for (int method = TRDB_BULK_AUTO; method <= TRDB_BULK_COPY; method++) {
        if (method == TRDB_BULK_UNNEST)
            continue;
        trdb_bulk_options options = by(method);
        size_t inserted = 0, updated = 0;
        harness_sql(url, "DELETE FROM telegram_settings; INSERT INTO telegram_settings (key, value) "
                         "SELECT 'k' || 2 * i, 'old' FROM generate_series(0, 499) i");
        trdb_telegram_setting_new *rows = settings(SETTINGS, "new");
        rows[1400].key = "k7"; /* the later of two rows wins */
        rows[1400].value = "later";
        int64_t before = trips();
        ck_ok(trdb_telegram_settings_upsert_by_key(uow, rows, sizeof *rows, SETTINGS, &options, &inserted,
                                                   &updated, &err),
              err);
        if (method != TRDB_BULK_PIPELINE)
            ck_assert_int_eq(trips() - before, 3);
        commit();
        ck_assert_uint_eq(inserted, SETTINGS - 1 - 500);
        ck_assert_uint_eq(updated, method == TRDB_BULK_PIPELINE ? 501 : 500); /* it writes the row twice */
        ck_value("SELECT count(*) || ' ' || count(*) FILTER (WHERE value = 'new') || ' ' || "
                 "max(value) FILTER (WHERE key = 'k7') FROM telegram_settings",
                 "1499 1498 later");
        ck_value("SELECT count(*) FROM pg_class WHERE relname = 'trdb_stage'", "0");
        free(rows);
    }
}
END_TEST

START_TEST(a_bad_upsert_is_named) {
    harness_sql(url, "ALTER TABLE telegram_settings ADD CHECK (value <> 'bad')");
    for (int method = TRDB_BULK_PIPELINE; method <= TRDB_BULK_COPY; method += 2) {
        trdb_bulk_options options = by(method);
        size_t inserted = 77;
        trdb_telegram_setting_new *rows = settings(SETTINGS, "good");
        rows[1234].value = "bad"; /* the table's to find, not the staging table's */
        ck_bad(trdb_telegram_settings_upsert_by_key(uow, rows, sizeof *rows, SETTINGS, &options, &inserted, NULL,
                                                    &err),
               TRDB_E_CHECK, 1234, "telegram_settings");
        ck_assert_uint_eq(inserted, 77);
        rows[1234].value = "\xff";
        ck_bad(trdb_telegram_settings_upsert_by_key(uow, rows, sizeof *rows, SETTINGS, &options, NULL, NULL, &err),
               TRDB_E_ENCODING, 1234, "telegram_settings.value");
        free(rows);
    }
    ck_value("SELECT count(*) FROM telegram_settings", "0");
}
END_TEST

/* ---- handles ----------------------------------------------------------------------------------------- */

START_TEST(rows_refer_to_rows_that_wait) {
    trdb_uow_options options = trdb_uow_options_init();
    trdb_trading_trade_new *rows = trades(60);
    options.flags = TRDB_UOW_PIPELINE;
    trdb_uow_free(uow);
    uow = NULL;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    for (int method = TRDB_BULK_AUTO; method <= TRDB_BULK_COPY; method++) {
        trdb_trading_bot_new new_bot = *TRDB_TRADING_BOT_NEW(.type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                             .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                             .config = "{}");
        trdb_trading_bot *old = NULL;
        trdb_ref mine, trade;
        int64_t key = 0;
        ck_ok(trdb_trading_bot_get(uow, bot, &old, &err), err);
        new_bot.user_id = trdb_i64(old->user_id.value);
        trdb_trading_bot_free(old);
        ck_ok(trdb_trading_bot_insert_ref(uow, &new_bot, &mine, &err), err);
        for (int i = 0; i < 60; i++)
            rows[i].bot_id = trdb_i64_ref(mine);
        ck_ok(insert(rows, 60, method), err);
        ck_ok(trdb_ref_key(uow, mine, &key, &err), err);
        trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
        int64_t count = 0;
        filter.bot_id = trdb_where_i64_eq(key);
        ck_ok(trdb_trading_trades_count(uow, &filter, &count, &err), err);
        ck_assert_int_eq(count, 60);

        trdb_trading_trade_new one = rows[0];
        ck_ok(trdb_trading_trade_insert_ref(uow, &one, &trade, &err), err);
        rows[0].bot_id = trdb_i64_ref(trade); /* of another table; nothing was sent yet */
        ck_assert_int_eq(insert(rows, 60, method), TRDB_E_INVALID);
        ck_assert_int_eq(trdb_error_row(err), 0);
        ck_fails(TRDB_E_INVALID, TRDB_E_INVALID, "the handle is of trading_trades", err);
        trdb_ref foreign = mine;
        foreign.unit++;
        rows[0].bot_id = trdb_i64_ref(foreign);
        ck_fails(insert(rows, 60, method), TRDB_E_INVALID, "not of this unit", err);
    }
    ck_ok(trdb_uow_commit(uow, &err), err);
    free(rows);
}
END_TEST

/* ---- many --------------------------------------------------------------------------------------------- */

static int write_many(trdb_telegram_setting_new *rows, size_t count, int method, bool upsert) {
    trdb_bulk_options options = by(method);
    return upsert ? trdb_telegram_settings_upsert_by_key(uow, rows, sizeof *rows, count, &options, NULL, NULL, &err)
                  : trdb_telegram_settings_insert_with(uow, rows, sizeof *rows, count, &options, NULL, &err);
}

/* One million rows by COPY, of which the last but one is bad; the other ways, which take longer, are given as many
 * in the long form. What the unit did before stays. */
START_TEST(a_bad_row_behind_very_many) {
    static const struct {
        int method;
        bool upsert;
    } ways[] = {{TRDB_BULK_COPY, false}, {TRDB_BULK_UNNEST, false}, {TRDB_BULK_PIPELINE, false}, {TRDB_BULK_COPY, true}};
    const size_t most = 1000000;
    trdb_telegram_setting_new *rows = calloc(most, sizeof *rows);
    harness_sql(url, "ALTER TABLE telegram_settings ADD CHECK (value <> 'bad')");
    for (size_t i = 0; i < most; i++) {
        rows[i] = trdb_telegram_setting_new_init();
        rows[i].key = "key";
        rows[i].value = "good";
    }
    for (size_t way = 0; way < sizeof ways / sizeof *ways; way++) {
        size_t count = way == 0 || getenv("TRDB_TEST_LONG") ? most : 20000, bad = count - 2;
        int64_t before = 0;
        if (!ways[way].upsert) /* so that one key will do, and no index takes the time */
            harness_sql(url, "ALTER TABLE telegram_settings DROP CONSTRAINT IF EXISTS telegram_settings_pkey");
        else
            harness_sql(url, "DELETE FROM telegram_settings; ALTER TABLE telegram_settings ADD PRIMARY KEY (key)");
        trdb_telegram_setting_new first = rows[0];
        char name[16];
        snprintf(name, sizeof name, "first%zu", way);
        first.key = name;
        ck_ok(trdb_telegram_setting_insert(uow, &first, NULL, &err), err);
        ck_ok(trdb_uow_savepoint(uow, &err), err);
        rows[bad].key = "bad";
        rows[bad].value = "bad";
        int code = write_many(rows, count, ways[way].method, ways[way].upsert);
        rows[bad] = rows[0];
        ck_assert_msg(trdb_error_row(err) == (int64_t)bad, "way %zu: row %lld: %s", way,
                      (long long)trdb_error_row(err), trdb_error_message(err));
        ck_fails(code, TRDB_E_CHECK, "telegram_settings", err);
        ck_ok(trdb_uow_rollback_to(uow, &err), err);
        ck_ok(trdb_telegram_settings_count(uow, NULL, &before, &err), err);
        ck_assert_int_eq(before, way < 3 ? (int64_t)way + 1 : 1);
        commit();
    }
    free(rows);
}
END_TEST

/* The server's last word names the line of a COPY, too. */
START_TEST(a_lost_connection_is_no_rows_fault) {
    trdb_trading_trade_new *rows = trades(ROWS);
    harness_sql(url, "CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "IF NEW.symbol = 'DIE' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NEW; END $$;"
                     "CREATE TRIGGER die BEFORE INSERT ON trading_trades FOR EACH ROW EXECUTE FUNCTION public.die()");
    rows[ROWS / 2].symbol = "DIE";
    for (int method = TRDB_BULK_PIPELINE; method <= TRDB_BULK_COPY; method++) {
        ck_bad(insert(rows, ROWS, method), TRDB_E_CONNECTION_LOST, -1, "terminat");
    }
    free(rows);
}
END_TEST

START_TEST(no_rows_at_all) {
    size_t inserted = 7, updated = 7;
    heard h = {0};
    for (int method = TRDB_BULK_AUTO; method <= TRDB_BULK_COPY; method++) {
        trdb_bulk_options options = by(method);
        trdb_trading_trade_list *list = NULL;
        options.progress = hear;
        options.progress_arg = &h;
        int64_t before = trips();
        ck_ok(trdb_trading_trades_insert_with(uow, NULL, sizeof(trdb_trading_trade_new), 0, &options, &list, &err),
              err);
        ck_assert_uint_eq(trdb_trading_trade_list_count(list), 0);
        trdb_trading_trade_list_free(list);
        ck_ok(trdb_telegram_settings_upsert_by_key(uow, NULL, sizeof(trdb_telegram_setting_new), 0, &options,
                                                   &inserted, &updated, &err),
              err);
        ck_assert_int_eq(trips() - before, 0);
    }
    ck_assert_uint_eq(inserted + updated + h.calls, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bulk");
    TCase *tcase = tcase_create("bulk");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, bulktest_setup, bulktest_teardown);
    tcase_add_test(tcase, all_ways_store_the_same);
    tcase_add_test(tcase, keys_belong_to_their_rows);
    tcase_add_test(tcase, few_round_trips);
    tcase_add_test(tcase, facts_hold_while_the_table_is_locked);
    tcase_add_test(tcase, sets_of_columns_that_change);
    tcase_add_test(tcase, giants_among_dwarfs);
    tcase_add_test(tcase, each_way_names_the_row_that_failed);
    tcase_add_test(tcase, the_unit_after_a_failure);
    tcase_add_test(tcase, bad_calls);
    tcase_add_test(tcase, progress_is_told_and_may_stop);
    tcase_add_test(tcase, many_upserts);
    tcase_add_test(tcase, a_bad_upsert_is_named);
    tcase_add_test(tcase, rows_refer_to_rows_that_wait);
    tcase_add_test(tcase, a_lost_connection_is_no_rows_fault);
    tcase_add_test(tcase, no_rows_at_all);
    suite_add_tcase(suite, tcase);
    TCase *many = tcase_create("many");
    tcase_set_timeout(many, 1800);
    tcase_add_checked_fixture(many, bulktest_setup, bulktest_teardown);
    tcase_add_test(many, a_bad_row_behind_very_many);
    suite_add_tcase(suite, many);
    return harness_run(suite);
}
