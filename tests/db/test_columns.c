/* SPDX-License-Identifier: MIT */
/* Columns where they are more than rows in another layout: scales, dictionaries, infinity, what does not fit, much
 * data, and servers that fail or lie. That values are right is what conformance_columns.c tests of every table. */
#include "harness.h"
#include "pg/vector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static char *url;
static trdb_db *db;
static trdb_uow *uow;
static trdb_error *err;

static void setup(void) {
    url = harness_database();
    harness_sql(url, "INSERT INTO usr_users DEFAULT VALUES; INSERT INTO trading_bots (user_id, type, status, config) "
                     "SELECT id, 'paper', 'running', '{}' FROM usr_users; "
                     "ALTER TABLE trading_trades DROP CONSTRAINT trading_trades_size_check");
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
}

static void teardown(void) {
    trdb_uow_free(uow);
    trdb_db_free(db);
    harness_database_free(url);
}

static void again(void) {
    trdb_uow_free(uow);
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
}

/* Trades of the bot: `count` of them, `values` for size, symbol, strategy_name and entry_time with n from 1. */
static void trades(int count, const char *values) {
    harness_sql(url,
                "INSERT INTO trading_trades (bot_id, trade_type, interval, entry_logic_name, exit_logic_name, "
                "direction, status, entry_price, size, symbol, strategy_name, entry_time) SELECT b.id, 'paper', '1h', 'in', 'out', 'long', 'open', 1, v.* "
                "FROM trading_bots b, generate_series(1, %d) n, LATERAL (SELECT %s) v ORDER BY n",
                count, values);
}

static trdb_columns *read_columns(const trdb_columns_options *options) {
    trdb_columns *columns = NULL;
    ck_ok(trdb_trading_trades_columns(uow, NULL, options, &columns, &err), err);
    return columns;
}

static const trdb_column_view *view_of(const trdb_columns *columns, const char *name) {
    const trdb_column_view *view = trdb_columns_find(columns, name);
    ck_assert_msg(view != NULL, "no column %s", name);
    return view;
}

static trdb_db_stats stats(void) {
    trdb_db_stats found = trdb_db_stats_init();
    ck_ok(trdb_db_get_stats(db, &found, &err), err);
    return found;
}

__extension__ typedef __int128 wide;

static wide decimal_at(const trdb_column_view *view, int64_t i) {
    wide value;
    ck_assert_int_eq(view->kind, TRDB_COLUMN_DECIMAL);
    memcpy(&value, (const char *)view->data + 16 * i, sizeof value);
    return value;
}

static void ck_text(const trdb_column_view *view, int64_t i, const char *wanted) {
    if (view->kind == TRDB_COLUMN_CODES) {
        i = ((const int32_t *)view->data)[i];
        view = view->child;
    }
    ck_assert_int_eq(view->kind, TRDB_COLUMN_TEXT);
    ck_assert_int_eq(view->offsets[i + 1] - view->offsets[i], (int64_t)strlen(wanted));
    ck_assert_mem_eq((const char *)view->data + view->offsets[i], wanted, strlen(wanted));
}

/* ---- decimals -------------------------------------------------------------------------------------- */

START_TEST(decimals_share_the_largest_scale) {
    trades(4, "(ARRAY[99999999999999, -0.5, 0.000000000000000000000001, 12345.6789]::numeric[])[n], 'S', 's', now()");
    trdb_columns *columns = read_columns(NULL);
    const trdb_column_view *size = view_of(columns, "size");
    wide unit = 1;
    for (int i = 0; i < 24; i++)
        unit *= 10;
    ck_assert_int_eq(size->scale, 24);
    ck_assert(decimal_at(size, 0) == (wide)99999999999999 * unit);
    ck_assert(decimal_at(size, 1) == -unit / 2);
    ck_assert(decimal_at(size, 2) == 1);
    ck_assert(decimal_at(size, 3) == unit / 10000 * 123456789);
    ck_assert_int_eq(view_of(columns, "entry_price")->scale, 0);
    trdb_columns_free(columns);
}
END_TEST

/* What an adopted database may hold. */
START_TEST(what_does_not_fit_is_an_error_unless_float64_is_asked_for) {
    static const char *const bad[] = {"'NaN'", "'-Infinity'", "1e38", "CASE n WHEN 1 THEN 1e37 ELSE 0.01 END",
                                      "CASE n WHEN 1 THEN 0.01 ELSE 1e37 END"};
    static const double first[] = {NAN, -INFINITY, 1e38, 1e37, 0.01};
    trdb_columns_options options = trdb_columns_options_init();
    options.flags = TRDB_COLUMNS_F64;
    harness_sql(url, "ALTER TABLE trading_trades ALTER size TYPE numeric");
    for (int i = 0; i < 5; i++) {
        char values[256];
        trdb_columns *columns = NULL;
        snprintf(values, sizeof values, "%s::numeric, 'S', 's', now()", bad[i]);
        harness_sql(url, "TRUNCATE trading_trades");
        trades(2, values);
        ck_fails(trdb_trading_trades_columns(uow, NULL, NULL, &columns, &err), TRDB_E_RANGE, "\"size\"", err);
        ck_assert_ptr_null(columns);
        ck_fails(trdb_trading_trades_columns(uow, NULL, NULL, &columns, &err), TRDB_E_STATE, "float64", err);
        again();
        columns = read_columns(&options);
        const trdb_column_view *size = view_of(columns, "size");
        ck_assert_int_eq(size->kind, TRDB_COLUMN_F64);
        double got = ((const double *)size->data)[0];
        ck_assert(memcmp(&got, &first[i], sizeof got) == 0 || (isnan(got) && isnan(first[i])));
        trdb_columns_free(columns);
        again();
    }
    ck_assert_int_eq(stats().discards, 0);
}
END_TEST

START_TEST(float64_is_rounded_once) {
    trades(200, "CASE WHEN n % 3 = 0 THEN -1 ELSE 1 END * round((n * 1234567.890123456789012345678::numeric) / "
                "(10::numeric ^ (n % 20)), n % 25), 'S', 's', now()");
    trdb_columns_options options = trdb_columns_options_init();
    options.columns = (const trdb_column_choice[]){{TRDB_TRADING_TRADE_COLUMN_SIZE, TRDB_FORM_F64}};
    options.column_count = 1;
    trdb_columns *columns = read_columns(&options);
    char *wanted = harness_value(url, "SELECT string_agg(size::text, ' ' ORDER BY id) FROM trading_trades");
    char *at = wanted;
    for (int64_t i = 0; i < trdb_columns_rows(columns); i++)
        ck_assert(((const double *)trdb_columns_at(columns, 0)->data)[i] == strtod(at, &at));
    free(wanted);
    trdb_columns_free(columns);
}
END_TEST

/* ---- times ----------------------------------------------------------------------------------------- */

START_TEST(infinite_times_are_counted_or_null) {
    struct ArrowArrayStream stream;
    trdb_columns_options options = trdb_columns_options_init();
    trades(3, "1, 'S', 's', (ARRAY['infinity', '-infinity', '1970-01-01 00:00:01+00']::timestamptz[])[n]");
    trdb_columns *columns = read_columns(NULL);
    const trdb_column_view *time = view_of(columns, "entry_time");
    const int64_t *us = time->data;
    ck_assert(us[0] == INT64_MAX && us[1] == INT64_MIN && us[2] == 1000000);
    ck_assert_int_eq(time->infinite_count, 2);
    ck_assert_int_eq(time->null_count, 0);
    ck_fails(trdb_columns_export_arrow(columns, &stream, &err), TRDB_E_RANGE, "\"entry_time\"", err);
    trdb_columns_free(columns);

    options.flags = TRDB_COLUMNS_NULL_INFINITY;
    columns = read_columns(&options);
    time = view_of(columns, "entry_time");
    ck_assert_int_eq(time->infinite_count, 0);
    ck_assert_int_eq(time->null_count, 2);
    ck_assert(!trdb_column_has(time, 0) && !trdb_column_has(time, 1) && trdb_column_has(time, 2));
    ck_ok(trdb_columns_export_arrow(columns, &stream, &err), err);
    stream.release(&stream);
    trdb_columns_free(columns);
}
END_TEST

/* ---- dictionaries ---------------------------------------------------------------------------------- */

START_TEST(closed_sets_are_codes_of_their_constants) {
    trades(3, "1, 'S', 's', now()");
    harness_sql(url, "ALTER TABLE trading_trades DROP CONSTRAINT trading_trades_direction_check; UPDATE trading_trades "
                     "SET direction = 'sideways' WHERE id = (SELECT max(id) FROM trading_trades); UPDATE "
                     "trading_trades SET direction = 'short' WHERE id = (SELECT min(id) FROM trading_trades)");
    trdb_columns *columns = read_columns(NULL);
    const trdb_column_view *direction = view_of(columns, "direction");
    const int32_t *codes = direction->data;
    ck_assert_int_eq(direction->kind, TRDB_COLUMN_CODES);
    ck_assert_int_eq(codes[0] + 1, TRDB_TRADING_DIRECTION_SHORT);
    ck_assert_int_eq(codes[1] + 1, TRDB_TRADING_DIRECTION_LONG);
    ck_text(direction, 2, "sideways");
    ck_assert_int_eq(direction->child->length, 3);
    trdb_columns_free(columns);
}
END_TEST

START_TEST(text_is_codes_while_it_repeats) {
    trdb_columns_options options = trdb_columns_options_init();
    trades(5000, "1, 'S' || n % 50, md5(n::text), now()");
    trdb_columns *columns = read_columns(NULL);
    const trdb_column_view *symbol = view_of(columns, "symbol"), *strategy = view_of(columns, "strategy_name");
    ck_assert_int_eq(symbol->kind, TRDB_COLUMN_CODES);
    ck_assert_int_eq(symbol->child->length, 50);
    ck_assert_int_eq(strategy->kind, TRDB_COLUMN_TEXT);
    for (int i = 0; i < 5000; i++) {
        char text[16];
        snprintf(text, sizeof text, "S%d", (i + 1) % 50);
        ck_text(symbol, i, text);
    }
    ck_text(strategy, 0, "c4ca4238a0b923820dcc509a6f75849b");
    ck_text(strategy, 4999, "a35fe7f7fe8217b4369a0af4244d1fca");
    trdb_columns_free(columns);

    options.flags = TRDB_COLUMNS_PLAIN;
    options.columns = (const trdb_column_choice[]){{TRDB_TRADING_TRADE_COLUMN_STRATEGY_NAME, TRDB_FORM_CODES},
                                                   {TRDB_TRADING_TRADE_COLUMN_SYMBOL, 0},
                                                   {TRDB_TRADING_TRADE_COLUMN_DIRECTION, 0}};
    options.column_count = 3;
    columns = read_columns(&options);
    ck_assert_uint_eq(trdb_columns_count(columns), 3);
    ck_assert_str_eq(trdb_columns_at(columns, 0)->name, "strategy_name");
    ck_assert_int_eq(trdb_columns_at(columns, 0)->child->length, 5000);
    ck_text(trdb_columns_at(columns, 0), 4999, "a35fe7f7fe8217b4369a0af4244d1fca");
    ck_text(trdb_columns_at(columns, 1), 0, "S1");
    ck_text(trdb_columns_at(columns, 2), 0, "long");
    ck_assert_int_eq(trdb_columns_at(columns, 2)->kind, TRDB_COLUMN_TEXT);
    trdb_columns_free(columns);
}
END_TEST

/* ---- much, none, and one --------------------------------------------------------------------------- */

START_TEST(many_rows_in_two_round_trips) {
    enum { MANY = 100000 };
    trades(MANY, "n::numeric / 7, 'S' || n % 3, CASE WHEN n % 2 = 0 THEN 'x' || n END, "
                 "'2020-01-01 00:00:00+00'::timestamptz + n * interval '1 second'");
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    trdb_columns *columns = NULL;
    filter.order_by = TRDB_ANY_ORDER;
    int64_t before = stats().round_trips;
    ck_ok(trdb_trading_trades_columns(uow, &filter, NULL, &columns, &err), err);
    ck_assert_int_eq(stats().round_trips - before, 2); /* BEGIN; the COPY */
    ck_assert_int_eq(trdb_columns_rows(columns), MANY);
    const trdb_column_view *size = view_of(columns, "size"), *time = view_of(columns, "entry_time"),
                           *strategy = view_of(columns, "strategy_name");
    wide sum = 0;
    int64_t times = 0;
    for (int64_t i = 0; i < MANY; i++) {
        sum += decimal_at(size, i);
        times += ((const int64_t *)time->data)[i] / 1000000;
    }
    char *wanted = harness_value(url, "SELECT trim_scale(trunc(sum(size) * 10::numeric ^ %d) %% 10::numeric ^ 18) || ' ' || "
                                      "sum(extract(epoch FROM entry_time))::bigint || ' ' || "
                                      "sum(length(strategy_name)) || ' ' || count(strategy_name) FROM trading_trades",
                                 size->scale);
    char got[128];
    snprintf(got, sizeof got, "%lld %lld %lld %lld", (long long)(sum % 1000000000000000000), (long long)times,
             (long long)strategy->data_size, (long long)(strategy->length - strategy->null_count));
    ck_assert_str_eq(got, strtok(wanted, "\n"));
    free(wanted);
    trdb_columns_free(columns);
}
END_TEST

START_TEST(no_row_and_one_row) {
    trdb_columns *columns = read_columns(NULL);
    ck_assert_int_eq(trdb_columns_rows(columns), 0);
    const trdb_column_view *json = view_of(columns, "extra_metadata");
    ck_assert(json->length == 0 && json->offsets[0] == 0 && json->validity == NULL && json->data != NULL);
    trdb_columns_free(columns);
    trades(1, "1, 'BTCUSDT', NULL, now()");
    columns = read_columns(NULL);
    ck_assert_int_eq(trdb_columns_rows(columns), 1);
    ck_assert(!trdb_column_has(view_of(columns, "strategy_name"), 0));
    ck_text(view_of(columns, "symbol"), 0, "BTCUSDT");
    trdb_columns_free(columns);
    trdb_columns_free(NULL);
    ck_assert_int_eq(trdb_columns_rows(NULL), 0);
    ck_assert_uint_eq(trdb_columns_count(NULL), 0);
    ck_assert_ptr_null(trdb_columns_at(NULL, 0));
}
END_TEST

/* ---- bad input and bad servers --------------------------------------------------------------------- */

START_TEST(options_are_checked) {
    const trdb_column_choice twice[] = {{1, 0}, {1, 0}}, beyond[] = {{99, 0}}, zero[] = {{0, 0}},
                             form[] = {{TRDB_TRADING_TRADE_COLUMN_SYMBOL, TRDB_FORM_F64}}, odd[] = {{1, 77}};
    const struct {
        const trdb_column_choice *columns;
        size_t count;
        uint32_t flags;
        const char *part;
    } cases[] = {{twice, 2, 0, "twice"}, {beyond, 1, 0, "99"},   {zero, 1, 0, "0 is no column"}, {form, 1, 0, "form 3"},
                 {odd, 1, 0, "form 77"}, {twice, 0, 0, "no col"}, {NULL, 2, 0, "no array"},       {NULL, 0, 256, "0x100"}};
    trdb_columns *columns = NULL;
    int64_t before = stats().round_trips;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        trdb_columns_options options = trdb_columns_options_init();
        options.columns = cases[i].columns;
        options.column_count = cases[i].count;
        options.flags = cases[i].flags;
        ck_fails(trdb_trading_trades_columns(uow, NULL, &options, &columns, &err), TRDB_E_INVALID, cases[i].part, err);
    }
    ck_fails(trdb_trading_trades_columns(uow, NULL, NULL, NULL, &err), TRDB_E_INVALID, "NULL", err);
    ck_fails(trdb_trading_trades_columns(NULL, NULL, NULL, &columns, &err), TRDB_E_INVALID, "NULL", err);
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    trdb_trading_trade row = {.id = 1};
    filter.order_by = TRDB_ANY_ORDER;
    filter.after = &row;
    ck_fails(trdb_trading_trades_columns(uow, &filter, NULL, &columns, &err), TRDB_E_INVALID, "any order", err);
    ck_assert_int_eq(stats().round_trips, before);
    ck_assert_ptr_null(columns);
    columns = read_columns(NULL); /* the unit is as it was */
    trdb_columns_free(columns);
}
END_TEST

/* A server that fails in the middle fails the unit; the connection lives. One that has much left to say after we
 * gave up is not listened to. */
START_TEST(failures_in_the_middle) {
    trdb_columns *columns = NULL;
    trades(20000, "1, 'S', 's', now()");
    harness_sql(url, "ALTER TABLE trading_trades RENAME TO hidden; CREATE VIEW trading_trades AS SELECT * FROM hidden "
                     "WHERE 1 / (id - 15000) < 2");
    ck_fails(trdb_trading_trades_columns(uow, NULL, NULL, &columns, &err), TRDB_E_RANGE, "zero", err);
    ck_fails(trdb_trading_trades_columns(uow, NULL, NULL, &columns, &err), TRDB_E_STATE, "zero", err);
    again();
    ck_assert_int_eq(stats().discards, 0);
    harness_sql(url, "DROP VIEW trading_trades; ALTER TABLE hidden RENAME TO trading_trades; "
                     "ALTER TABLE trading_trades ALTER size TYPE numeric; UPDATE trading_trades SET size = 'NaN' "
                     "WHERE id = (SELECT min(id) FROM trading_trades)");
    ck_fails(trdb_trading_trades_columns(uow, NULL, NULL, &columns, &err), TRDB_E_RANGE, "NaN", err);
    again();
    ck_assert_int_eq(stats().discards, 1);
    ck_assert_ptr_null(columns);
    trdb_columns_options options = trdb_columns_options_init();
    options.flags = TRDB_COLUMNS_F64;
    columns = read_columns(&options);
    ck_assert_int_eq(trdb_columns_rows(columns), 20000);
    trdb_columns_free(columns);
}
END_TEST

START_TEST(types_that_cannot_be_read_are_told) {
    trdb_columns *columns = NULL;
    harness_sql(url, "ALTER TABLE trading_trades ALTER extra_metadata TYPE double precision USING 0");
    ck_fails(trdb_trading_trades_columns(uow, NULL, NULL, &columns, &err), TRDB_E_UNSUPPORTED, "extra_metadata", err);
    again();
    ck_assert_int_eq(stats().discards, 0);
}
END_TEST

static void put(trdbi_vectors *vectors, const char *data, size_t size) {
    const trdbi_value value = {.data = data, .size = data ? size : 0};
    ck_ok(trdbi_vectors_add(vectors, &value, &err), err);
}

/* `nulls` rows of NULL, then a 7 when `last`, of integers that are 8 bytes wide. */
static void read_late(size_t nulls, bool last) {
    static const trdbi_field field = {"i", NULL, 0, TRDBI_I64, 0};
    static const uint32_t oid = TRDBI_OID_INT4;
    trdbi_vectors vectors;
    ck_ok(trdbi_vectors_init(&vectors, &(trdbi_vector_want){.field = &field}, 1, &err), err);
    ck_ok(trdbi_vectors_types(&vectors, &oid, &err), err);
    for (size_t i = 0; i < nulls; i++)
        put(&vectors, NULL, 0);
    if (last)
        put(&vectors, "\0\0\0\7", 4);
    ck_ok(trdbi_vectors_finish(&vectors, &err), err);
    const trdb_column_view *view = trdbi_vectors_view(&vectors, 0);
    const int64_t *values = view->data;
    ck_assert_int_eq(view->length, (int64_t)(nulls + last));
    ck_assert_int_eq(view->data_size, view->length * 8);
    ck_assert_int_eq(view->null_count, (int64_t)nulls);
    for (size_t i = 0; i < nulls; i++)
        ck_assert(values[i] == 0 && !trdb_column_has(view, (int64_t)i));
    if (last)
        ck_assert(values[nulls] == 7 && trdb_column_has(view, (int64_t)nulls));
    trdbi_vectors_free(&vectors);
}

/* Memory for values is there from the first of them on: what stands before it is zero, as all of a column is that has
 * none. */
START_TEST(nulls_are_zeros_before_the_first_value_too) {
    for (size_t nulls = 0; nulls < 300; nulls++) {
        read_late(nulls, true);
        read_late(nulls, false);
    }
}
END_TEST

/* Peak of this process in kB. */
static long peak(void) {
    char line[128];
    long kb = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "VmHWM: %ld", &kb) == 1)
            break;
    if (file)
        fclose(file);
    return kb;
}

START_TEST(a_column_of_nulls_takes_no_memory) {
    static const trdbi_field field = {"d", NULL, 0, TRDBI_DECIMAL, 0};
    static const uint32_t oid = TRDBI_OID_NUMERIC;
    const trdbi_value null = {0};
    trdbi_vectors vectors;
    ck_ok(trdbi_vectors_init(&vectors, &(trdbi_vector_want){.field = &field}, 1, &err), err);
    ck_ok(trdbi_vectors_types(&vectors, &oid, &err), err);
    long before = peak();
    for (int i = 0; i < 4000000; i++)
        ck_assert_int_eq(trdbi_vectors_add(&vectors, &null, &err), 0);
    ck_ok(trdbi_vectors_finish(&vectors, &err), err);
    ck_assert_int_eq(trdbi_vectors_view(&vectors, 0)->data_size, 64000000);
    const char *variant = getenv("TRDB_TEST_VARIANT"); /* the checkers' own calloc touches all memory */
    if (!variant || strcmp(variant, "plain") == 0)
        ck_assert_int_lt(peak() - before, 32000);
    trdbi_vectors_free(&vectors);
}
END_TEST

/* Values as no honest server sends them. */
START_TEST(malformed_values_are_refused) {
    static const char *const values[] = {"a"};
    static const trdbi_enum set = {.name = "set", .values = values, .count = 1};
    static const trdbi_field fields[] = {
        {"i", NULL, 0, TRDBI_I64, 0},   {"b", NULL, 0, TRDBI_BOOL, 0},  {"d", NULL, 0, TRDBI_DECIMAL, 0},
        {"t", NULL, 0, TRDBI_TIMESTAMP, 0}, {"u", NULL, 0, TRDBI_UUID, 0}, {"j", NULL, 0, TRDBI_JSON, 0},
        {"n", NULL, 0, TRDBI_INET, 0},  {"a", NULL, 0, TRDBI_TEXTS, 0}, {"e", &set, 0, TRDBI_ENUM, 0}};
    static const uint32_t oids[] = {TRDBI_OID_INT4,  TRDBI_OID_BOOL, TRDBI_OID_NUMERIC,    TRDBI_OID_TIMESTAMPTZ, TRDBI_OID_UUID,
                                    TRDBI_OID_JSONB, TRDBI_OID_INET, TRDBI_OID_TEXT_ARRAY, TRDBI_OID_TEXT};
    unsigned seed = 1;
    int refused = 0;
    for (int round = 0; round < 20000; round++) {
        size_t at = (size_t)round % (sizeof oids / sizeof *oids), size = (size_t)round / 9 % 48;
        trdbi_vector_want want = {.field = &fields[at],
                                  .form = at == 2 && round % 2 ? TRDB_FORM_F64 : TRDB_FORM_DEFAULT};
        trdbi_vectors vectors;
        /* Of its exact size, so that a sanitizer sees a read beyond it. */
        char *data = malloc(size + 1);
        data = realloc(data, size ? size : 1);
        for (size_t i = 0; i < size; i++) {
            seed = seed * 1664525u + 1013904223u;
            data[i] = (char)(seed >> 24 & (i % 4 == 3 ? 0x0f : 0x01));
        }
        ck_ok(trdbi_vectors_init(&vectors, &want, 1, &err), err);
        ck_ok(trdbi_vectors_types(&vectors, &oids[at], &err), err);
        const trdbi_value value = {.data = data, .size = size};
        int code = trdbi_vectors_add(&vectors, &value, &err);
        if (code == 0) {
            ck_ok(trdbi_vectors_finish(&vectors, &err), err);
        } else {
            ck_assert(code == TRDB_E_PROTOCOL || code == TRDB_E_RANGE || code == TRDB_E_UNSUPPORTED);
            refused++;
        }
        trdb_error_free(err);
        err = NULL;
        trdbi_vectors_free(&vectors);
        free(data);
    }
    ck_assert_int_gt(refused, 10000);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("columns");
    TCase *tcase = tcase_create("columns");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, decimals_share_the_largest_scale);
    tcase_add_test(tcase, what_does_not_fit_is_an_error_unless_float64_is_asked_for);
    tcase_add_test(tcase, float64_is_rounded_once);
    tcase_add_test(tcase, infinite_times_are_counted_or_null);
    tcase_add_test(tcase, closed_sets_are_codes_of_their_constants);
    tcase_add_test(tcase, text_is_codes_while_it_repeats);
    tcase_add_test(tcase, many_rows_in_two_round_trips);
    tcase_add_test(tcase, no_row_and_one_row);
    tcase_add_test(tcase, options_are_checked);
    tcase_add_test(tcase, failures_in_the_middle);
    tcase_add_test(tcase, types_that_cannot_be_read_are_told);
    tcase_add_test(tcase, nulls_are_zeros_before_the_first_value_too);
    tcase_add_test(tcase, a_column_of_nulls_takes_no_memory);
    tcase_add_test(tcase, malformed_values_are_refused);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
