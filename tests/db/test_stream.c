/* SPDX-License-Identifier: MIT */
/* Streams: bounded batches, a unit that stays usable, cursors that end with their stream or their transaction; and
 * large lists, which are read as they arrive. */
#include "harness.h"
#include "core/core.h"
#include "pgtest.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 25 };

static char *url;
static trdb_db *db;
static trdb_uow *uow;
static trdb_error *err;
static trdb_trading_trade_stream *stream;

static void insert(int count) {
    harness_sql(url,
                "INSERT INTO trading_trades (bot_id, trade_type, interval, entry_logic_name, exit_logic_name, "
                "direction, status, entry_price, symbol, size, entry_time, extra_metadata) SELECT b.id, 'paper', '1h', 'in', 'out', 'long', 'open', n, 'S' || n, "
                "CASE WHEN n %% 2 = 0 THEN n END, now(), jsonb_build_object('n', n) FROM trading_bots b, generate_series(1, %d) n ORDER BY n",
                count);
}

static void setup(void) {
    url = harness_database();
    harness_sql(url, "INSERT INTO usr_users DEFAULT VALUES; INSERT INTO trading_bots (user_id, type, status, config) "
                     "SELECT id, 'paper', 'running', '{}' FROM usr_users");
    insert(ROWS);
    stream = NULL;
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
}

static void teardown(void) {
    trdb_trading_trade_stream_free(stream);
    trdb_uow_free(uow);
    trdb_db_free(db);
    harness_database_free(url);
}

static int64_t trips(void) {
    trdb_db_stats found = trdb_db_stats_init();
    ck_ok(trdb_db_get_stats(db, &found, &err), err);
    return found.round_trips;
}

static trdb_trading_trade_stream *open_stream(int32_t batch_rows) {
    trdb_stream_options options = trdb_stream_options_init();
    trdb_trading_trade_stream *opened = NULL;
    options.batch_rows = batch_rows;
    ck_ok(trdb_trading_trades_stream(uow, NULL, &options, &opened, &err), err);
    return opened;
}

/* Reads `count` rows and checks that they go on from `from`. */
static void read_rows(trdb_trading_trade_stream *from_stream, int from, int count) {
    for (int i = from; i < from + count; i++) {
        const trdb_trading_trade *row = NULL;
        char symbol[16];
        ck_ok(trdb_trading_trade_stream_next(from_stream, &row, &err), err);
        snprintf(symbol, sizeof symbol, "S%d", i);
        ck_assert_ptr_nonnull(row);
        ck_assert_str_eq(row->symbol, symbol);
        ck_assert_int_eq(row->size.kind == TRDB_DECIMAL_NULL, i % 2);
    }
}

static void read_end(trdb_trading_trade_stream *from_stream) {
    const trdb_trading_trade *row = NULL;
    ck_assert_int_eq(trdb_trading_trade_stream_next(from_stream, &row, &err), 0);
    ck_assert_ptr_null(row);
}

/* Cursors that are open in the unit's own transaction, without the one that asks. */
static int open_cursors(void) {
    static const char sql[] = "SELECT count(*) FROM pg_cursors WHERE name LIKE 'trdb%'";
    static const trdbi_field field = {.name = "count", .kind = TRDBI_I64, .plain = 1};
    trdbi_statement statement = pgtest_statement(sql);
    trdbi_result *result = NULL;
    int64_t count = -1;
    ck_ok(trdbi_uow_run(uow, &statement, trdbi_uow_params(uow), &result, &err), err);
    ck_ok(trdbi_result_decode(result, 0, &field, sizeof field, 1, NULL, &count, &err), err);
    trdbi_result_free(result);
    return (int)count;
}

START_TEST(batches_of_a_size) {
    int64_t before = trips();
    stream = open_stream(10);
    ck_assert_int_eq(trips() - before, 1); /* BEGIN, DECLARE and FETCH */
    read_rows(stream, 1, 10);
    ck_assert_int_eq(trips() - before, 1);
    read_rows(stream, 11, 15);
    ck_assert_int_eq(trips() - before, 3);
    read_end(stream);
    read_end(stream);
    ck_assert_int_eq(trips() - before, 3); /* the last batch was short: that was the end */
    trdb_trading_trade_stream_free(stream);
    stream = open_stream(ROWS); /* the end falls on the end of a batch */
    read_rows(stream, 1, ROWS);
    read_end(stream);
}
END_TEST

START_TEST(the_unit_stays_usable) {
    trdb_trading_trade_stream *other = NULL;
    trdb_trading_trade_new new_row = trdb_trading_trade_new_init();
    stream = open_stream(4);
    read_rows(stream, 1, 6);
    other = open_stream(7);
    read_rows(other, 1, 8);
    new_row.exit_logic_name = "seen";
    for (int i = 7; i <= ROWS; i++) {
        const trdb_trading_trade *row = NULL;
        ck_ok(trdb_trading_trade_stream_next(stream, &row, &err), err);
        ck_ok(trdb_trading_trade_patch(uow, row->id, &new_row, NULL, &err), err);
    }
    read_end(stream);
    ck_ok(trdb_trading_trade_delete(uow, 25, &err), err);
    read_rows(other, 9, ROWS - 8); /* as they were when it was opened */
    read_end(other);
    trdb_trading_trade_stream_free(other);
    ck_ok(trdb_uow_commit(uow, &err), err);
    char *count = harness_value(url, "SELECT count(*) FROM trading_trades WHERE exit_logic_name = 'seen'");
    ck_assert_str_eq(count, "18");
    free(count);
}
END_TEST

START_TEST(left_half_way) {
    stream = open_stream(5);
    trdb_trading_trade_stream *other = open_stream(5);
    read_rows(stream, 1, 7);
    ck_assert_int_eq(open_cursors(), 2);
    int64_t before = trips();
    trdb_trading_trade_stream_free(stream);
    stream = NULL;
    ck_assert_int_eq(trips(), before);
    ck_assert_int_eq(open_cursors(), 1);
    ck_assert_int_eq(trips(), before + 1);
    read_rows(other, 1, ROWS);
    read_end(other);
    ck_assert_int_eq(open_cursors(), 0);
    trdb_trading_trade_stream_free(other);
    stream = open_stream(5);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    trdb_trading_trade_stream_free(stream); /* of a transaction that is over */
    stream = open_stream(5);
    read_rows(stream, 1, ROWS);
}
END_TEST

START_TEST(the_end_of_the_transaction) {
    const trdb_trading_trade *row = NULL;
    trdb_trading_trade_list *list = NULL;
    stream = open_stream(10);
    read_rows(stream, 1, 2);
    ck_ok(trdb_uow_commit(uow, &err), err);
    read_rows(stream, 3, 8); /* these were fetched */
    ck_fails(trdb_trading_trade_stream_next(stream, &row, &err), TRDB_E_STATE, "ended", err);
    ck_fails(trdb_trading_trade_stream_batch(stream, &list, &err), TRDB_E_STATE, "ended", err);
    trdb_uow_free(uow);
    uow = NULL;
    ck_fails(trdb_trading_trade_stream_next(stream, &row, &err), TRDB_E_STATE, "ended", err);
    ck_assert(row == NULL && list == NULL);
}
END_TEST

START_TEST(savepoints) {
    const trdb_trading_trade *row = NULL;
    stream = open_stream(3);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    trdb_trading_trade_stream *inside = open_stream(3);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_ok(trdb_uow_release(uow, &err), err);
    read_rows(inside, 1, 3);
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    ck_fails(trdb_trading_trade_stream_next(inside, &row, &err), TRDB_E_STATE, "ended", err);
    trdb_trading_trade_stream_free(inside);
    read_rows(stream, 1, ROWS);
    read_end(stream);
}
END_TEST

START_TEST(batches_as_lists) {
    trdb_trading_trade_list *list = NULL, *second = NULL;
    stream = open_stream(10);
    ck_assert_int_eq(trdb_trading_trade_stream_batch(stream, &list, &err), 1);
    ck_assert_uint_eq(trdb_trading_trade_list_count(list), 10);
    read_rows(stream, 11, 1);
    ck_fails(trdb_trading_trade_stream_batch(stream, &second, &err), TRDB_E_STATE, "row by row", err);
    read_rows(stream, 12, 9);
    ck_assert_int_eq(trdb_trading_trade_stream_batch(stream, &second, &err), 1);
    ck_assert_uint_eq(trdb_trading_trade_list_count(second), 5);
    trdb_trading_trade_list *none = NULL;
    ck_assert_int_eq(trdb_trading_trade_stream_batch(stream, &none, &err), 0);
    ck_assert_ptr_null(none);
    trdb_trading_trade_stream_free(stream);
    stream = NULL;
    ck_ok(trdb_uow_rollback(uow, &err), err);
    ck_assert_str_eq(trdb_trading_trade_list_at(list, 9)->symbol, "S10"); /* outlives both */
    ck_assert_str_eq(trdb_trading_trade_list_at(second, 4)->symbol, "S25");
    trdb_trading_trade_list_free(list);
    trdb_trading_trade_list_free(second);
}
END_TEST

START_TEST(filters_and_bad_input) {
    trdb_stream_options options = trdb_stream_options_init();
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    const trdb_trading_trade *row = NULL;
    int64_t before = trips();
    options.batch_rows = -1;
    ck_fails(trdb_trading_trades_stream(uow, NULL, &options, &stream, &err), TRDB_E_RANGE, "batch_rows", err);
    options.batch_rows = TRDB_STREAM_BATCH_MAX + 1;
    ck_fails(trdb_trading_trades_stream(uow, NULL, &options, &stream, &err), TRDB_E_RANGE, "batch_rows", err);
    ck_fails(trdb_trading_trades_stream(uow, NULL, NULL, NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_trading_trades_stream(NULL, NULL, NULL, &stream, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_trading_trade_stream_next(NULL, &row, &err), TRDB_E_INVALID, "NULL", err);
    filter.limit = trdb_i64(0);
    ck_fails(trdb_trading_trades_stream(uow, &filter, NULL, &stream, &err), TRDB_E_RANGE, "limit", err);
    ck_assert_int_eq(trips(), before);
    ck_assert_ptr_null(stream);
    filter.limit = trdb_i64(2);
    filter.descending = 1;
    filter.id = trdb_where_i64_until(20);
    ck_ok(trdb_trading_trades_stream(uow, &filter, NULL, &stream, &err), err);
    read_rows(stream, 19, 1);
    read_rows(stream, 18, 1);
    read_end(stream);
}
END_TEST

START_TEST(a_failing_fetch_fails_the_unit) {
    const trdb_trading_trade *row = NULL;
    harness_sql(url, "ALTER TABLE trading_trades RENAME TO hidden; CREATE VIEW trading_trades AS SELECT * FROM hidden "
                     "WHERE 1 / (id - 15) < 2");
    stream = open_stream(10);
    read_rows(stream, 1, 10);
    ck_fails(trdb_trading_trade_stream_next(stream, &row, &err), TRDB_E_RANGE, "zero", err);
    ck_fails(trdb_trading_trade_stream_next(stream, &row, &err), TRDB_E_STATE, "zero", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_STATE, "zero", err);
}
END_TEST

/* ---- large lists ----------------------------------------------------------------------------------- */

static trdb_trading_trade_list *list_of(int64_t limit) {
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    trdb_trading_trade_list *list = NULL;
    if (limit > 0)
        filter.limit = trdb_i64(limit);
    ck_ok(trdb_trading_trades_list(uow, &filter, &list, &err), err);
    return list;
}

static void ck_list(trdb_trading_trade_list *list, size_t count) {
    size_t stride, rows, at = 0;
    ck_assert_uint_eq(trdb_trading_trade_list_count(list), count);
    const char *base = (const char *)trdb_trading_trade_list_rows(list, &stride, &rows);
    ck_assert_uint_eq(rows, count);
    TRDB_FOREACH(trdb_trading_trade, row, list) {
        char text[32];
        int64_t price = 0;
        at++;
        ck_assert((const char *)row == base + (at - 1) * stride);
        snprintf(text, sizeof text, "S%zu", at);
        ck_assert_str_eq(row->symbol, text);
        ck_assert_int_eq(trdb_decimal_to_i64(row->entry_price, 0, TRDB_ROUND_EXACT, &price), 0);
        ck_assert_int_eq(price, (int64_t)at);
        snprintf(text, sizeof text, "{\"n\": %zu}", at);
        ck_assert_str_eq(row->extra_metadata, text);
    }
    ck_assert_uint_eq(at, count);
    trdb_trading_trade_list_free(list);
}

/* By COPY, which takes a round trip of its own after BEGIN, when much is expected; the rows are the same. */
START_TEST(large_lists_as_they_arrive) {
    enum { MANY = 20000 };
    static pgtest_log log; /* outlives the unit */
    harness_sql(url, "TRUNCATE trading_trades");
    insert(MANY);
    ck_list(list_of(0), MANY);
    trdb_set_trace(db, pgtest_remember, &log, NULL);
    trdb_uow_free(uow);
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    int64_t before = trips();
    /* Behind a pooler no statement is kept, and nothing learnt with it: BEGIN and the list share a trip. */
    const int64_t begin = harness_pooled() ? 0 : 1;
    ck_list(list_of(0), MANY); /* as large as the last one */
    ck_assert_int_eq(trips() - before, begin + 1);
    ck_list(list_of(1000000), MANY);
    ck_assert_int_eq(trips() - before, begin + 2);
    ck_list(list_of(100), 100);
    ck_assert_int_eq(trips() - before, begin + 3);
    ck_assert_ptr_nonnull(strstr(log.events[log.count - 2].sql, "LIMIT $1")); /* no value in a trace */
    ck_assert_int_eq(log.events[log.count - 2].rows, MANY);
    trdb_uow_free(uow); /* its lock would keep TRUNCATE waiting */
    harness_sql(url, "TRUNCATE trading_trades");
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    ck_list(list_of(0), 0);
    before = trips();
    ck_list(list_of(0), 0); /* it has learnt */
    ck_assert_int_eq(trips() - before, 1);
}
END_TEST

/* A list of which nothing is known is a statement like any other: in one round trip, with what waits ahead of it. */
START_TEST(a_first_list_as_it_arrives) {
    enum { MANY = 5000 };
    static pgtest_log log; /* outlives the unit */
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_PIPELINE;
    harness_sql(url, "TRUNCATE trading_trades");
    trdb_uow_free(uow);
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    trdb_set_trace(db, pgtest_remember, &log, NULL);
    insert(MANY);
    int64_t before = trips();
    ck_ok(trdb_trading_bot_insert(uow, TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(999), .config = "{}"), NULL, &err), err);
    ck_assert_int_eq(trips(), before);
    trdb_trading_trade_list *list = NULL;
    ck_fails(trdb_trading_trades_list(uow, NULL, &list, &err), TRDB_E_NOT_NULL, "trading_bots.insert", err);
    ck_assert_ptr_null(list);
    ck_assert_int_eq(trips(), before + 1);
    trdb_uow_free(uow);

    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    before = trips();
    ck_list(list_of(0), MANY);
    ck_assert_int_eq(trips(), before + 1);
    ck_assert_str_eq(log.events[log.count - 1].statement, "trading_trades.list");
    ck_assert_int_eq(log.events[log.count - 1].rows, MANY);
}
END_TEST

/* Rows came before the server noticed: they are dropped, and the call fails as a whole. */
START_TEST(a_first_list_that_fails) {
    trdb_trading_trade_list *list = NULL;
    harness_sql(url, "ALTER TABLE trading_trades RENAME TO hidden; CREATE VIEW trading_trades AS SELECT * FROM hidden "
                     "WHERE 1 / (id - 15) < 2");
    ck_fails(trdb_trading_trades_list(uow, NULL, &list, &err), TRDB_E_RANGE, "zero", err);
    ck_assert_ptr_null(list);
    ck_fails(trdb_trading_trades_list(uow, NULL, &list, &err), TRDB_E_STATE, "zero", err);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, batches_of_a_size);
    tcase_add_test(tcase, the_unit_stays_usable);
    tcase_add_test(tcase, left_half_way);
    tcase_add_test(tcase, the_end_of_the_transaction);
    tcase_add_test(tcase, savepoints);
    tcase_add_test(tcase, batches_as_lists);
    tcase_add_test(tcase, filters_and_bad_input);
    tcase_add_test(tcase, a_failing_fetch_fails_the_unit);
    tcase_add_test(tcase, large_lists_as_they_arrive);
    tcase_add_test(tcase, a_first_list_as_it_arrives);
    tcase_add_test(tcase, a_first_list_that_fails);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
