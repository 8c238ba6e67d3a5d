/* SPDX-License-Identifier: MIT */
/* The same work as libpq_peer.c by the library, as its user writes it. */
#include "trade.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tradingdb/tradingdb.h>

static trdb_error *error;

static void good(int code) {
    if (code < 0)
        bench_die("%s", trdb_error_message(error));
}

/* Writers have a schema of their own, so that the trades that are read stay as they were loaded. */
static trdb_db *database(const char *schema) {
    trdb_db_options options = trdb_db_options_init();
    trdb_db *db = NULL;
    options.schema = schema;
    good(trdb_open("postgresql://", &options, &db, &error));
    return db;
}

static int last_backend;

static void note_backend(void *arg, const trdb_trace_event *event) {
    (void)arg;
    last_backend = event->backend_pid;
}

/* The server process of a database's one connection. */
static int backend(trdb_db *db) {
    trdb_uow *uow = NULL;
    int64_t count;
    good(trdb_set_trace(db, note_backend, NULL, &error));
    good(trdb_uow_begin(db, NULL, &uow, &error));
    good(trdb_trading_bots_count(uow, NULL, &count, &error));
    trdb_uow_free(uow);
    good(trdb_set_trace(db, NULL, NULL, &error));
    return last_backend;
}

static trdb_in_decimal amount(int64_t value) {
    trdb_in_decimal in = {.state = TRDB_GIVEN};
    (void)trdb_decimal_from_i64(value, BENCH_SCALE, &in.value);
    return in;
}

/* Into a row that trdb_trading_trade_new_init() has made. */
static void fill(trdb_trading_trade_new *row, const trade *t) {
    row->bot_id = trdb_i64(BENCH_BOT);
    row->position_id = trdb_i64(t->position_id);
    row->trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    row->strategy_name = t->texts[TEXT_STRATEGY];
    row->entry_logic_name = t->texts[TEXT_ENTRY];
    row->exit_logic_name = t->texts[TEXT_EXIT];
    row->symbol = t->texts[TEXT_SYMBOL];
    row->interval = t->texts[TEXT_INTERVAL];
    row->direction = trdb_enum(t->is_short ? TRDB_TRADING_DIRECTION_SHORT : TRDB_TRADING_DIRECTION_LONG);
    row->status = trdb_enum(TRDB_TRADING_TRADE_STATUS_CLOSED);
    row->entry_time = trdb_time_us(t->entry_us);
    row->exit_time = trdb_time_us(t->exit_us);
    row->entry_price = amount(t->amounts[AMOUNT_ENTRY]);
    row->exit_price = amount(t->amounts[AMOUNT_EXIT]);
    row->size = amount(t->amounts[AMOUNT_SIZE]);
    row->commission = amount(t->amounts[AMOUNT_COMMISSION]);
    row->gross_pnl = amount(t->amounts[AMOUNT_GROSS]);
    row->net_pnl = amount(t->amounts[AMOUNT_NET]);
    row->pnl_percentage = amount(t->amounts[AMOUNT_PERCENT]);
    row->exit_reason = t->texts[TEXT_REASON];
    row->extra_metadata = t->texts[TEXT_METADATA];
}

static trdb_trading_trade_new input(const trade *t) {
    trdb_trading_trade_new row = trdb_trading_trade_new_init();
    fill(&row, t);
    return row;
}

/* ---- W1, W2: units --------------------------------------------------------------------------------- */

typedef void (*unit_body)(trdb_uow *uow, const trade *t);

static void insert_one(trdb_uow *uow, const trade *t) {
    trdb_trading_trade_new in = input(t);
    trdb_ref key;
    good(trdb_trading_trade_insert_ref(uow, &in, &key, &error));
}

/* Position, trade that refers to it, bot. */
static void unit_of_work(trdb_uow *uow, const trade *t) {
    trdb_ref position, key;
    trdb_trading_position_new new_position = *TRDB_TRADING_POSITION_NEW(
        .bot_id = trdb_i64(BENCH_BOT), .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
        .symbol = t->texts[TEXT_SYMBOL],
        .direction = trdb_enum(t->is_short ? TRDB_TRADING_DIRECTION_SHORT : TRDB_TRADING_DIRECTION_LONG),
        .opened_at = trdb_time_us(t->entry_us), .qty_open = amount(t->amounts[AMOUNT_SIZE]),
        .avg_price = amount(t->amounts[AMOUNT_ENTRY]), .realized_pnl = amount(0),
        .status = trdb_enum(TRDB_TRADING_POSITION_STATUS_CLOSED));
    good(trdb_trading_position_insert_ref(uow, &new_position, &position, &error));
    trdb_trading_trade_new in = input(t);
    in.position_id = trdb_i64_ref(position);
    good(trdb_trading_trade_insert_ref(uow, &in, &key, &error));
    trdb_trading_bot_new bot =
        *TRDB_TRADING_BOT_NEW(.last_heartbeat = trdb_time_us(t->exit_us),
                              .current_balance = amount(t->amounts[AMOUNT_NET]),
                              .total_pnl = amount(t->amounts[AMOUNT_NET]));
    good(trdb_trading_bot_patch(uow, BENCH_OTHER_BOT, &bot, NULL, &error));
}

/* `fast`: COMMIT shares the flush of the writes; `safe`: the transaction's id is learnt first. */
static void units(unit_body body, const char *variant, size_t count) {
    trdb_db *db = database("w");
    trade *trades = bench_trades(1000);
    trdb_uow_options options = trdb_uow_options_init();
    size_t warm = count / 10 + 1;
    options.flags = TRDB_UOW_PIPELINE | (strcmp(variant, "fast") == 0 ? TRDB_UOW_FAST_COMMIT : 0u);
    int pid = backend(db);
    for (size_t i = 0; i < warm + count; i++) {
        trdb_uow *uow = NULL;
        if (i == warm)
            bench_start(pid);
        good(trdb_uow_begin(db, &options, &uow, &error));
        body(uow, &trades[i % 1000]);
        good(trdb_uow_commit(uow, &error));
        trdb_uow_free(uow);
    }
    bench_report(count);
    trdb_db_free(db);
    free(trades);
}

static void w1(const char *variant, size_t count) {
    units(insert_one, variant, count);
}

static void w2(const char *variant, size_t count) {
    units(unit_of_work, variant, count);
}

/* ---- W3: a trade by its key ------------------------------------------------------------------------ */

static int64_t newest_trade(trdb_uow *uow) {
    trdb_trading_trade_list *list = NULL;
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    filter.limit = trdb_i64(1);
    filter.descending = 1;
    good(trdb_trading_trades_list(uow, &filter, &list, &error));
    int64_t id = trdb_trading_trade_list_at(list, 0)->id;
    trdb_trading_trade_list_free(list);
    return id;
}

enum { DEPTH = 16 };

/* DEPTH keys in one round trip. */
static void get_batch(trdb_uow *uow, uint32_t *random, int64_t most) {
    trdb_batch *batch = NULL;
    trdb_trading_trade *rows[DEPTH] = {NULL};
    good(trdb_batch_new(uow, &batch, &error));
    for (int i = 0; i < DEPTH; i++)
        good(trdb_batch_trading_trade_get(batch, bench_random(random, most), &rows[i], &error));
    good(trdb_batch_run(batch, &error));
    for (int i = 0; i < DEPTH; i++)
        trdb_trading_trade_free(rows[i]);
    trdb_batch_free(batch);
}

static void get_one(trdb_uow *uow, uint32_t *random, int64_t most) {
    trdb_trading_trade *row = NULL;
    good(trdb_trading_trade_get(uow, bench_random(random, most), &row, &error));
    trdb_trading_trade_free(row);
}

static void w3(const char *variant, size_t count) {
    trdb_db *db = database("public");
    trdb_uow *uow = NULL;
    uint32_t random = 12345;
    const bool batched = strcmp(variant, "batch") == 0;
    const size_t step = batched ? DEPTH : 1;
    size_t warm = (count / 10 / step + 1) * step;
    int pid = backend(db);
    good(trdb_uow_begin(db, NULL, &uow, &error));
    int64_t most = newest_trade(uow);
    for (size_t i = 0; i < warm + count; i += step) {
        if (i == warm)
            bench_start(pid);
        (batched ? get_batch : get_one)(uow, &random, most);
    }
    bench_report((count + step - 1) / step * step);
    trdb_uow_free(uow);
    trdb_db_free(db);
}

/* ---- W4, W5: many rows ----------------------------------------------------------------------------- */

/* As many rows at a time as stay in the processor's cache, from one array that is used again. */
enum { PAGE = 2000 };

/* The trades of a program that has its data in columns: what repeats as codes, amounts as integers of a scale. */
enum { FIXED = 4, COLUMNS = FIXED + AMOUNT_COUNT + TEXT_COUNT + 3 };
typedef struct trade_columns {
    trdb_column_view views[COLUMNS];
    size_t count, rows;
} trade_columns;

static trdb_column_view *new_column(trade_columns *to, const char *name, int32_t kind, size_t width) {
    trdb_column_view *view = &to->views[to->count++];
    void *data = calloc(to->rows, width);
    if (!data)
        bench_die("out of memory");
    *view = (trdb_column_view){
        .name = name, .kind = kind, .length = (int64_t)to->rows, .data = data, .data_size = (int64_t)(to->rows * width)};
    return view;
}

static int64_t *new_numbers(trade_columns *to, const char *name, int32_t kind, int32_t scale) {
    trdb_column_view *view = new_column(to, name, kind, sizeof(int64_t));
    view->scale = scale;
    return (int64_t *)(uintptr_t)view->data;
}

/* Texts one behind the other, of rows or of a dictionary. */
static trdb_column_view texts_of(const char *name, const char *const *texts, size_t count) {
    int64_t *offsets = calloc(count + 1, sizeof *offsets);
    char *data = calloc(count, sizeof(((trade *)NULL)->metadata));
    if (!offsets || !data)
        bench_die("out of memory");
    for (size_t i = 0; i < count; i++) {
        size_t size = strlen(texts[i]);
        memcpy(data + offsets[i], texts[i], size);
        offsets[i + 1] = offsets[i] + (int64_t)size;
    }
    return (trdb_column_view){.name = name, .kind = TRDB_COLUMN_TEXT, .length = (int64_t)count, .data = data,
                              .data_size = offsets[count], .offsets = offsets};
}

/* Codes of texts, of which there are few. */
static void add_codes(trade_columns *to, const char *name, const char *const *texts) {
    enum { MOST = 16 };
    trdb_column_view *view = new_column(to, name, TRDB_COLUMN_CODES, sizeof(int32_t)), *words = malloc(sizeof *words);
    int32_t *codes = (int32_t *)(uintptr_t)view->data, count = 0;
    const char *known[MOST];
    for (size_t i = 0; i < to->rows; i++) {
        while (codes[i] < count && strcmp(known[codes[i]], texts[i]) != 0)
            codes[i]++;
        if (codes[i] == MOST || !words)
            bench_die("too many texts");
        if (codes[i] == count)
            known[count++] = texts[i];
    }
    *words = texts_of(NULL, known, (size_t)count);
    view->child = words;
}

static void make_columns(trade_columns *to, const trade *trades, size_t rows) {
    static const char *const names[TEXT_COUNT] = {
        [TEXT_STRATEGY] = "strategy_name", [TEXT_ENTRY] = "entry_logic_name", [TEXT_EXIT] = "exit_logic_name",
        [TEXT_SYMBOL] = "symbol", [TEXT_INTERVAL] = "interval", [TEXT_REASON] = "exit_reason",
        [TEXT_METADATA] = "extra_metadata"};
    static const char *const amounts[AMOUNT_COUNT] = {
        [AMOUNT_ENTRY] = "entry_price", [AMOUNT_EXIT] = "exit_price", [AMOUNT_SIZE] = "size",
        [AMOUNT_COMMISSION] = "commission", [AMOUNT_GROSS] = "gross_pnl", [AMOUNT_NET] = "net_pnl",
        [AMOUNT_PERCENT] = "pnl_percentage"};
    const char **texts = calloc(rows, sizeof *texts);
    if (!texts)
        bench_die("out of memory");
    to->rows = rows;
    int64_t *bots = new_numbers(to, "bot_id", TRDB_COLUMN_I64, 0);
    int64_t *positions = new_numbers(to, "position_id", TRDB_COLUMN_I64, 0);
    int64_t *entries = new_numbers(to, "entry_time", TRDB_COLUMN_TIMESTAMP, 0);
    int64_t *exits = new_numbers(to, "exit_time", TRDB_COLUMN_TIMESTAMP, 0);
    for (size_t i = 0; i < rows; i++) {
        bots[i] = BENCH_BOT;
        positions[i] = trades[i].position_id;
        entries[i] = trades[i].entry_us;
        exits[i] = trades[i].exit_us;
    }
    for (int k = 0; k < AMOUNT_COUNT; k++) {
        int64_t *values = new_numbers(to, amounts[k], TRDB_COLUMN_I64, BENCH_SCALE);
        for (size_t i = 0; i < rows; i++)
            values[i] = trades[i].amounts[k];
    }
    for (int k = 0; k < TEXT_COUNT; k++) {
        for (size_t i = 0; i < rows; i++)
            texts[i] = trades[i].texts[k];
        if (k == TEXT_METADATA)
            to->views[to->count++] = texts_of(names[k], texts, rows);
        else
            add_codes(to, names[k], texts);
    }
    for (size_t i = 0; i < rows; i++)
        texts[i] = trades[i].is_short ? "short" : "long";
    add_codes(to, "direction", texts);
    for (size_t i = 0; i < rows; i++)
        texts[i] = "paper";
    add_codes(to, "trade_type", texts);
    for (size_t i = 0; i < rows; i++)
        texts[i] = "closed";
    add_codes(to, "status", texts);
    free(texts);
}

static void free_column(const trdb_column_view *view) {
    if (view->child)
        free_column(view->child);
    free((void *)(uintptr_t)view->child);
    free((void *)(uintptr_t)view->data);
    free((void *)(uintptr_t)view->offsets);
}

static void w4_columns(size_t count) {
    trade_columns columns = {.count = 0};
    trdb_db *db = database("w");
    trade *trades = bench_trades(count);
    trdb_uow *uow = NULL;
    make_columns(&columns, trades, count);
    bench_start(backend(db));
    good(trdb_uow_begin(db, NULL, &uow, &error));
    good(trdb_trading_trades_insert_columns(uow, columns.views, sizeof *columns.views, columns.count, NULL, &error));
    good(trdb_uow_commit(uow, &error));
    bench_report(count);
    trdb_uow_free(uow);
    trdb_db_free(db);
    for (size_t i = 0; i < columns.count; i++)
        free_column(&columns.views[i]);
    free(trades);
}

static void w4(const char *variant, size_t count) {
    if (strcmp(variant, "columns") == 0) {
        w4_columns(count);
        return;
    }
    trdb_db *db = database("w");
    trade *trades = bench_trades(count);
    trdb_uow *uow = NULL;
    int64_t *keys = calloc(count, sizeof *keys);
    trdb_trading_trade_new *rows = calloc(PAGE, sizeof *rows);
    if (!rows || !keys)
        bench_die("out of memory");
    int pid = backend(db);
    bench_start(pid);
    for (size_t i = 0; i < PAGE; i++)
        rows[i] = trdb_trading_trade_new_init();
    good(trdb_uow_begin(db, NULL, &uow, &error));
    for (size_t done = 0, size; done < count; done += size) {
        size = count - done < PAGE ? count - done : PAGE;
        for (size_t i = 0; i < size; i++)
            fill(&rows[i], &trades[done + i]);
        if (strcmp(variant, "ids") == 0)
            good(trdb_trading_trades_insert_keys(uow, rows, sizeof *rows, size, NULL, keys + done, &error));
        else
            good(trdb_trading_trades_insert(uow, rows, sizeof *rows, size, NULL, &error));
    }
    good(trdb_uow_commit(uow, &error));
    bench_report(count);
    trdb_uow_free(uow);
    trdb_db_free(db);
    free(keys);
    free(rows);
    free(trades);
}

static void w5(const char *variant, size_t count) {
    trdb_db *db = database("public");
    trdb_uow *uow = NULL;
    trdb_trading_trade_list *list = NULL;
    trdb_columns *columns = NULL;
    trdb_trading_trade_filter filter = trdb_trading_trade_filter_init();
    filter.bot_id = trdb_where_i64_eq(BENCH_BOT);
    (void)count; /* all that the bot has */
    int pid = backend(db);
    bench_start(pid);
    good(trdb_uow_begin(db, NULL, &uow, &error));
    if (strcmp(variant, "columns") == 0)
        good(trdb_trading_trades_columns(uow, &filter, NULL, &columns, &error));
    else
        good(trdb_trading_trades_list(uow, &filter, &list, &error));
    bench_report(columns ? (size_t)trdb_columns_rows(columns) : trdb_trading_trade_list_count(list));
    trdb_trading_trade_list_free(list);
    trdb_columns_free(columns);
    trdb_uow_free(uow);
    trdb_db_free(db);
}

/* ---- W6: checkout and return ----------------------------------------------------------------------- */

enum { THREADS = 8, CONNECTIONS = 4 };
static trdb_db *pool;

static void *work(void *count) {
    for (size_t i = *(const size_t *)count; i > 0; i--) {
        trdb_uow *uow = NULL;
        trdb_error *failure = NULL;
        if (trdb_uow_begin(pool, NULL, &uow, &failure) < 0)
            bench_die("%s", trdb_error_message(failure));
        trdb_uow_free(uow);
    }
    return NULL;
}

static void w6(const char *variant, size_t count) {
    const size_t threads = strcmp(variant, "nosql1") == 0 ? 1 : THREADS;
    size_t each = count / threads;
    pthread_t ids[THREADS];
    trdb_db_options options = trdb_db_options_init();
    trdb_uow *uows[CONNECTIONS] = {NULL};
    options.pool_size = CONNECTIONS;
    options.pool_overflow = -1;
    good(trdb_open("postgresql://", &options, &pool, &error));
    for (int i = 0; i < CONNECTIONS; i++)
        good(trdb_uow_begin(pool, NULL, &uows[i], &error));
    for (int i = 0; i < CONNECTIONS; i++)
        trdb_uow_free(uows[i]);
    bench_start(0);
    for (size_t i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, work, &each);
    for (size_t i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    bench_report(each * threads);
    trdb_db_free(pool);
}

/* ---- the program ----------------------------------------------------------------------------------- */

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(const char *variant, size_t count);
    } workloads[] = {{"w1", w1}, {"w2", w2}, {"w3", w3}, {"w4", w4}, {"w5", w5}, {"w6", w6}};
    for (size_t i = 0; argc == 4 && i < sizeof workloads / sizeof *workloads; i++) {
        if (strcmp(workloads[i].name, argv[1]) == 0) {
            workloads[i].run(argv[2], (size_t)atoll(argv[3]));
            return 0;
        }
    }
    fprintf(stderr, "usage: %s w1|w2|w3|w4|w5|w6 VARIANT N\n", argv[0]);
    return 2;
}
