/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRADE_COLUMNS                                                                                        \
    "id, bot_id, position_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, symbol, "        \
    "interval, "                                                                                             \
    "direction, status, entry_time, exit_time, buy_order_created, buy_order_closed, sell_order_created, "    \
    "sell_order_closed, entry_price, exit_price, entry_value, exit_value, size, commission, gross_pnl, "     \
    "net_pnl, pnl_percentage, exit_reason, extra_metadata, created_at, updated_at"
enum { TRADE_COLUMN_COUNT = 30 };

typedef struct state {
    PGconn *conn;
    char bot_id[32];
    int64_t first_id;
    size_t n;
} state;

/* What a hand-written reader makes of a row: its own copy of every value. */
typedef struct trade {
    int64_t id;
    char *values[TRADE_COLUMN_COUNT];
} trade;

static int fail(state *s) {
    fprintf(stderr, "libpq: %s\n", PQerrorMessage(s->conn));
    return -1;
}

static PGresult *command(state *s, const char *sql) {
    PGresult *result = PQexec(s->conn, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) {
        fail(s);
        exit(1);
    }
    return result;
}

static void run(state *s, const char *sql) {
    PQclear(command(s, sql));
}

static void prepare(state *s, const char *name, const char *sql) {
    PGresult *result = PQprepare(s->conn, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        fail(s);
        exit(1);
    }
    PQclear(result);
}

static void *pq_open(const char *url, int64_t bot_id) {
    state *s = calloc(1, sizeof *s);
    s->conn = PQconnectdb(url);
    if (PQstatus(s->conn) != CONNECTION_OK) {
        fail(s);
        exit(1);
    }
    snprintf(s->bot_id, sizeof s->bot_id, "%lld", (long long)bot_id);
    run(s, "SET TimeZone = 'UTC'");
    PGresult *first = command(s, "SELECT min(id) FROM trading_trades");
    s->first_id = atoll(PQgetvalue(first, 0, 0));
    PQclear(first);
    prepare(s, "trade",
            "INSERT INTO trading_trades (bot_id, position_id, trade_type, strategy_name, entry_logic_name, "
            "exit_logic_name, symbol, interval, direction, status, entry_time, entry_price, size) VALUES "
            "($1, $2, $3, "
            "$4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING " TRADE_COLUMNS);
    prepare(s, "get", "SELECT " TRADE_COLUMNS " FROM trading_trades WHERE id = $1");
    prepare(s, "scan", "SELECT " TRADE_COLUMNS " FROM trading_trades ORDER BY id LIMIT $1");
    prepare(s, "position",
            "INSERT INTO trading_positions (bot_id, trade_type, symbol, direction, status) "
            "VALUES ($1, 'paper', $2, 'long', 'closed') RETURNING id");
    prepare(s, "bot", "UPDATE trading_bots SET last_heartbeat = $2, current_balance = $3 WHERE id = $1");
    return s;
}

static void pq_close(void *arg) {
    state *s = arg;
    PQfinish(s->conn);
    free(s);
}

static void copy_row(const PGresult *result, int row, trade *ret) {
    ret->id = atoll(PQgetvalue(result, row, 0));
    for (int i = 1; i < TRADE_COLUMN_COUNT; i++)
        ret->values[i] = PQgetisnull(result, row, i) ? NULL : strdup(PQgetvalue(result, row, i));
}

static void free_row(trade *row) {
    for (int i = 1; i < TRADE_COLUMN_COUNT; i++)
        free(row->values[i]);
}

enum { TRADE_PARAMS = 13 };

static void trade_values(state *s, const char *position, char price[32], char size[32],
                         const char *values[TRADE_PARAMS]) {
    bench_trade(s->n++, price, size);
    const char *all[] = {s->bot_id,
                         position,
                         "paper",
                         "bench",
                         "entry",
                         "exit",
                         "BTCUSDT",
                         "5m",
                         "long",
                         "open",
                         "2023-11-14 22:13:20+00",
                         price,
                         size};
    memcpy(values, all, sizeof all);
}

static int insert_trade(state *s, const char *position) {
    char price[32], size[32];
    const char *values[TRADE_PARAMS];
    trade_values(s, position, price, size, values);
    PGresult *result = PQexecPrepared(s->conn, "trade", TRADE_PARAMS, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return fail(s);
    trade row;
    copy_row(result, 0, &row);
    PQclear(result);
    free_row(&row);
    return 0;
}

static int pq_insert_one(void *arg, size_t count) {
    state *s = arg;
    for (size_t i = 0; i < count; i++) {
        run(s, "BEGIN");
        if (insert_trade(s, NULL) < 0)
            return -1;
        run(s, "COMMIT");
    }
    return 0;
}

static int pq_get_by_id(void *arg, size_t count) {
    state *s = arg;
    run(s, "BEGIN");
    for (size_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "%lld", (long long)(s->first_id + (int64_t)(i * 7919 % 1000)));
        const char *values[] = {id};
        PGresult *result = PQexecPrepared(s->conn, "get", 1, values, NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1)
            return fail(s);
        trade row;
        copy_row(result, 0, &row);
        PQclear(result);
        free_row(&row);
    }
    run(s, "ROLLBACK");
    return 0;
}

static int pq_unit_of_work(void *arg, size_t count) {
    state *s = arg;
    for (size_t i = 0; i < count; i++) {
        char symbol[24], position[32];
        snprintf(symbol, sizeof symbol, "P%zu", i);
        const char *position_values[] = {s->bot_id, symbol};
        run(s, "BEGIN");
        PGresult *result = PQexecPrepared(s->conn, "position", 2, position_values, NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            return fail(s);
        snprintf(position, sizeof position, "%s", PQgetvalue(result, 0, 0));
        PQclear(result);
        if (insert_trade(s, position) < 0)
            return -1;
        const char *bot_values[] = {s->bot_id, "2023-11-14 22:13:20+00", "1000.5"};
        result = PQexecPrepared(s->conn, "bot", 3, bot_values, NULL, NULL, 0);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            return fail(s);
        PQclear(result);
        run(s, "COMMIT");
    }
    return 0;
}

/* Prepared inserts in a pipeline, a sync every 256, as much as one writes by hand when keys are wanted back.
 */
static int pq_bulk_insert(void *arg, size_t count) {
    enum { WINDOW = 256 };
    state *s = arg;
    trade *rows = calloc(count, sizeof *rows);
    run(s, "BEGIN");
    PQenterPipelineMode(s->conn);
    for (size_t sent = 0, read = 0; sent < count;) {
        for (size_t end = sent + WINDOW < count ? sent + WINDOW : count; sent < end; sent++) {
            char price[32], size[32];
            const char *values[TRADE_PARAMS];
            trade_values(s, NULL, price, size, values);
            if (!PQsendQueryPrepared(s->conn, "trade", TRADE_PARAMS, values, NULL, NULL, 0))
                return fail(s);
        }
        PQpipelineSync(s->conn);
        for (; read < sent; read++) {
            PGresult *result = PQgetResult(s->conn);
            if (PQresultStatus(result) != PGRES_TUPLES_OK)
                return fail(s);
            copy_row(result, 0, &rows[read]);
            PQclear(result);
            PQclear(PQgetResult(s->conn));
        }
        PQclear(PQgetResult(s->conn)); /* the sync */
    }
    PQexitPipelineMode(s->conn);
    run(s, "COMMIT");
    for (size_t i = 0; i < count; i++)
        free_row(&rows[i]);
    free(rows);
    return 0;
}

static int pq_scan(void *arg, size_t count) {
    state *s = arg;
    char limit[32];
    snprintf(limit, sizeof limit, "%zu", count);
    const char *values[] = {limit};
    run(s, "BEGIN");
    PGresult *result = PQexecPrepared(s->conn, "scan", 1, values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return fail(s);
    int rows = PQntuples(result);
    trade *trades = calloc((size_t)rows, sizeof *trades);
    for (int i = 0; i < rows; i++)
        copy_row(result, i, &trades[i]);
    PQclear(result);
    run(s, "ROLLBACK");
    for (int i = 0; i < rows; i++)
        free_row(&trades[i]);
    free(trades);
    return 0;
}

const peer libpq_peer = {"libpq",      pq_open,         pq_close,       pq_insert_one,
                         pq_get_by_id, pq_unit_of_work, pq_bulk_insert, pq_scan};
