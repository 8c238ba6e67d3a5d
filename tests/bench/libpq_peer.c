/* SPDX-License-Identifier: MIT */
/*
 * libpq as well as a hand can drive it: prepared, binary, pipelined, for this one table. The limit that the
 * library is held against.
 */
#include "libpq_wire.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

PGresult *libpq_good(PGconn *conn, PGresult *result, const char *what) {
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        bench_die("%s: %s", what, PQerrorMessage(conn));
    return result;
}

PGconn *libpq_connect(void) {
    PGconn *conn = PQconnectdb("");
    if (PQstatus(conn) != CONNECTION_OK)
        bench_die("%s", PQerrorMessage(conn));
    return conn;
}

void libpq_run(PGconn *conn, const char *sql) {
    PQclear(libpq_good(conn, PQexec(conn, sql), sql));
}

static void prepare(PGconn *conn, const char *name, const char *sql, int count, const Oid *types) {
    PQclear(libpq_good(conn, PQprepare(conn, name, sql, count, types), name));
}

/* Takes the answer to the next statement of a pipeline; the key that it returns, or 0. */
static int64_t answer(PGconn *conn) {
    PGresult *result = libpq_good(conn, PQgetResult(conn), "pipeline");
    int64_t key = PQntuples(result) > 0 ? get64(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    PQclear(PQgetResult(conn));
    return key;
}

static void send(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths,
                 const int *formats) {
    if (!PQsendQueryPrepared(conn, name, count, values, lengths, formats, 1))
        bench_die("%s: %s", name, PQerrorMessage(conn));
}

static void sync_pipeline(PGconn *conn) {
    PQclear(PQgetResult(conn)); /* PGRES_PIPELINE_SYNC */
    PQexitPipelineMode(conn);
}

/* ---- W1: one trade in a transaction ---------------------------------------------------------------- */

static int64_t insert_prepared(PGconn *conn, const given_trade *g) {
    PGresult *result = libpq_good(conn, PQexecPrepared(conn, "insert", GIVEN, g->values, g->lengths, g->formats, 1), "insert");
    int64_t key = get64(PQgetvalue(result, 0, 0));
    PQclear(result);
    return key;
}

static int64_t insert_three_trips(PGconn *conn, const given_trade *g) {
    libpq_run(conn, "BEGIN");
    int64_t key = insert_prepared(conn, g);
    libpq_run(conn, "COMMIT");
    return key;
}

/* BEGIN, INSERT and COMMIT in one flush. */
static int64_t insert_one_flush(PGconn *conn, const given_trade *g) {
    PQenterPipelineMode(conn);
    send(conn, "begin", 0, NULL, NULL, NULL);
    send(conn, "insert", GIVEN, g->values, g->lengths, g->formats);
    send(conn, "commit", 0, NULL, NULL, NULL);
    PQpipelineSync(conn);
    answer(conn);
    int64_t key = answer(conn);
    answer(conn);
    sync_pipeline(conn);
    return key;
}

/* The transaction's id is known before COMMIT leaves, so that a lost answer can be looked up. */
static int64_t insert_two_flushes(PGconn *conn, const given_trade *g) {
    PQenterPipelineMode(conn);
    send(conn, "begin", 0, NULL, NULL, NULL);
    send(conn, "insert_xid", GIVEN, g->values, g->lengths, g->formats);
    PQpipelineSync(conn);
    answer(conn);
    int64_t key = answer(conn);
    PQclear(PQgetResult(conn));
    send(conn, "commit", 0, NULL, NULL, NULL);
    PQpipelineSync(conn);
    answer(conn);
    sync_pipeline(conn);
    return key;
}

static void prepare_insert(PGconn *conn) {
    prepare(conn, "insert", TRADE_INSERT " RETURNING id", GIVEN, given_types);
    prepare(conn, "insert_xid", TRADE_INSERT " RETURNING id, pg_current_xact_id()", GIVEN, given_types);
    prepare(conn, "begin", "BEGIN", 0, NULL);
    prepare(conn, "commit", "COMMIT", 0, NULL);
}

static void insert_one(const char *variant, size_t count) {
    static const struct {
        const char *name;
        int64_t (*insert)(PGconn *conn, const given_trade *g);
    } variants[] = {{"prep", insert_prepared},
                    {"prep_txn", insert_three_trips},
                    {"pipe_txn", insert_one_flush},
                    {"pipe2_txn", insert_two_flushes}};
    size_t at = 0, warm = count / 10 + 1;
    while (at < 4 && strcmp(variants[at].name, variant) != 0)
        at++;
    if (at == 4)
        bench_die("no variant %s", variant);
    PGconn *conn = libpq_connect();
    trade *trades = bench_trades(1000);
    given_trade given;
    prepare_insert(conn);
    for (size_t i = 0; i < warm + count; i++) {
        if (i == warm)
            bench_start(PQbackendPID(conn));
        wire_bind(&given, &trades[i % 1000]);
        if (variants[at].insert(conn, &given) == 0)
            bench_die("no key");
    }
    bench_report(count);
    free(trades);
    PQfinish(conn);
}

/* ---- W2: position, trade that refers to it, bot ---------------------------------------------------- */

#define INSERT_POSITION                                                                                      \
    "INSERT INTO w.trading_positions (bot_id, trade_type, symbol, direction, opened_at, qty_open, avg_price, " \
    "realized_pnl, status) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id"
#define UPDATE_BOT "UPDATE w.trading_bots SET last_heartbeat = $1, current_balance = $2, total_pnl = $3 WHERE id = $4"

enum { POSITION = 9, BOT = 4 };
static const Oid position_types[POSITION] = {20, 1043, 1043, 1043, 1184, 1700, 1700, 1700, 1043};
static const Oid bot_types[BOT] = {1184, 1700, 1700, 20};
static const int binary[POSITION] = {1, 1, 1, 1, 1, 1, 1, 1, 1};

typedef struct unit {
    const char *position[POSITION], *bot[BOT];
    int position_lengths[POSITION], bot_lengths[BOT];
    char data[POSITION][32], bot_data[BOT][32];
    given_trade trade;
} unit;

static void put_unit_text(unit *u, int at, const char *text) {
    u->position[at] = text;
    u->position_lengths[at] = (int)strlen(text);
}

static void bind_unit(unit *u, const trade *t) {
    for (int i = 0; i < POSITION; i++)
        u->position[i] = u->data[i];
    put64(u->data[0], BENCH_BOT);
    put64(u->data[4], t->entry_us - WIRE_EPOCH_US);
    u->position_lengths[0] = u->position_lengths[4] = 8;
    u->position_lengths[5] = wire_amount(u->data[5], t->amounts[AMOUNT_SIZE]);
    u->position_lengths[6] = wire_amount(u->data[6], t->amounts[AMOUNT_ENTRY]);
    u->position_lengths[7] = wire_amount(u->data[7], 0);
    put_unit_text(u, 1, "paper");
    put_unit_text(u, 2, t->texts[TEXT_SYMBOL]);
    put_unit_text(u, 3, t->is_short ? "short" : "long");
    put_unit_text(u, 8, "closed"); /* one open position a symbol is all that the schema allows */
    for (int i = 0; i < BOT; i++)
        u->bot[i] = u->bot_data[i];
    put64(u->bot_data[0], t->exit_us - WIRE_EPOCH_US);
    u->bot_lengths[1] = u->bot_lengths[2] = wire_amount(u->bot_data[1], t->amounts[AMOUNT_NET]);
    memcpy(u->bot_data[2], u->bot_data[1], sizeof u->bot_data[1]);
    put64(u->bot_data[3], BENCH_OTHER_BOT);
    u->bot_lengths[0] = u->bot_lengths[3] = 8;
    wire_bind(&u->trade, t);
}

static int64_t run_key(PGconn *conn, const char *name, int count, const char *const *values, const int *lengths) {
    static const int formats[GIVEN] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    PGresult *result = libpq_good(conn, PQexecPrepared(conn, name, count, values, lengths, formats, 1), name);
    int64_t key = PQntuples(result) > 0 ? get64(PQgetvalue(result, 0, 0)) : 0;
    PQclear(result);
    return key;
}

static void unit_five_trips(PGconn *conn, unit *u) {
    libpq_run(conn, "BEGIN");
    put64(u->trade.data[1], run_key(conn, "position", POSITION, u->position, u->position_lengths));
    run_key(conn, "insert", GIVEN, u->trade.values, u->trade.lengths);
    run_key(conn, "bot", BOT, u->bot, u->bot_lengths);
    libpq_run(conn, "COMMIT");
}

/* The position's key comes back, then the rest. */
static void unit_two_flushes(PGconn *conn, unit *u) {
    PQenterPipelineMode(conn);
    send(conn, "begin", 0, NULL, NULL, NULL);
    send(conn, "position", POSITION, u->position, u->position_lengths, binary);
    PQsendFlushRequest(conn);
    PQflush(conn);
    answer(conn);
    put64(u->trade.data[1], answer(conn));
    send(conn, "insert", GIVEN, u->trade.values, u->trade.lengths, u->trade.formats);
    send(conn, "bot", BOT, u->bot, u->bot_lengths, binary);
    send(conn, "commit", 0, NULL, NULL, NULL);
    PQpipelineSync(conn);
    for (int i = 0; i < 3; i++)
        answer(conn);
    sync_pipeline(conn);
}

/* The trade takes the position's key on the server. With `xid` COMMIT leaves when the transaction's id is known, as in
 * insert_two_flushes(). */
static void unit_by_currval(PGconn *conn, unit *u, bool xid) {
    PQenterPipelineMode(conn);
    send(conn, "begin", 0, NULL, NULL, NULL);
    send(conn, "position", POSITION, u->position, u->position_lengths, binary);
    u->trade.values[1] = NULL;
    send(conn, "insert_currval", GIVEN, u->trade.values, u->trade.lengths, u->trade.formats);
    send(conn, xid ? "bot_xid" : "bot", BOT, u->bot, u->bot_lengths, binary);
    if (xid) {
        PQpipelineSync(conn);
        for (int i = 0; i < 4; i++)
            answer(conn);
        PQclear(PQgetResult(conn));
    }
    send(conn, "commit", 0, NULL, NULL, NULL);
    PQpipelineSync(conn);
    for (int i = xid ? 4 : 0; i < 5; i++)
        answer(conn);
    sync_pipeline(conn);
}

static void unit_of_work(const char *variant, size_t count) {
    static const char currval[] =
        "INSERT INTO w.trading_trades (" TRADE_GIVEN ") VALUES ($1, coalesce($2, "
        "currval('w.trading_positions_id_seq')), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, "
        "$18, $19, $20, $21) RETURNING id";
    PGconn *conn = libpq_connect();
    trade *trades = bench_trades(1000);
    size_t warm = count / 10 + 1;
    unit u;
    prepare_insert(conn);
    prepare(conn, "position", INSERT_POSITION, POSITION, position_types);
    prepare(conn, "insert_currval", currval, GIVEN, given_types);
    prepare(conn, "bot", UPDATE_BOT, BOT, bot_types);
    prepare(conn, "bot_xid", UPDATE_BOT " RETURNING pg_current_xact_id()", BOT, bot_types);
    for (size_t i = 0; i < warm + count; i++) {
        if (i == warm)
            bench_start(PQbackendPID(conn));
        bind_unit(&u, &trades[i % 1000]);
        if (strcmp(variant, "prep") == 0)
            unit_five_trips(conn, &u);
        else if (strcmp(variant, "pipe2") == 0)
            unit_two_flushes(conn, &u);
        else
            unit_by_currval(conn, &u, strcmp(variant, "pipe2_txn") == 0);
    }
    bench_report(count);
    free(trades);
    PQfinish(conn);
}

/* ---- W3: a trade by its key ------------------------------------------------------------------------ */

static void read_row(read_trade *t, wire_arena *arena, const PGresult *result) {
    t->nulls = 0;
    arena->size = 0;
    for (int i = 0; i < ALL; i++)
        wire_read(t, arena, i, PQgetvalue(result, 0, i), PQgetisnull(result, 0, i) ? -1 : PQgetlength(result, 0, i));
}

static void get_by_id(const char *variant, size_t count) {
    static const Oid types[1] = {20};
    PGconn *conn = libpq_connect();
    prepare(conn, "get", "SELECT " TRADE_ALL " FROM trading_trades WHERE id = $1", 1, types);
    PGresult *result = libpq_good(conn, PQexec(conn, "SELECT max(id) FROM trading_trades"), "max");
    int64_t most = atoll(PQgetvalue(result, 0, 0));
    PQclear(result);
    const size_t depth = strcmp(variant, "pipe") == 0 ? 16 : 1;
    size_t warm = (count / 10 / depth + 1) * depth;
    uint32_t random = 12345;
    char key[8];
    const char *values[1] = {key};
    int lengths[1] = {8}, formats[1] = {1};
    read_trade row;
    wire_arena arena = {0};
    for (size_t i = 0; i < warm + count; i += depth) {
        if (i == warm)
            bench_start(PQbackendPID(conn));
        if (depth == 1) {
            put64(key, bench_random(&random, most));
            result = libpq_good(conn, PQexecPrepared(conn, "get", 1, values, lengths, formats, 1), "get");
            read_row(&row, &arena, result);
            PQclear(result);
            continue;
        }
        PQenterPipelineMode(conn);
        for (size_t k = 0; k < depth; k++) {
            put64(key, bench_random(&random, most));
            send(conn, "get", 1, values, lengths, formats);
        }
        PQpipelineSync(conn);
        for (size_t k = 0; k < depth; k++) {
            result = libpq_good(conn, PQgetResult(conn), "get");
            read_row(&row, &arena, result);
            PQclear(result);
            PQclear(PQgetResult(conn));
        }
        sync_pipeline(conn);
    }
    bench_report((count + depth - 1) / depth * depth);
    free(arena.data);
    PQfinish(conn);
}

/* ---- the program ----------------------------------------------------------------------------------- */

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(const char *variant, size_t count);
    } workloads[] = {{"w1", insert_one}, {"w2", unit_of_work}, {"w3", get_by_id},
                     {"w4", libpq_bulk}, {"w5", libpq_scan},   {"w6", libpq_pool}};
    for (size_t i = 0; argc == 4 && i < sizeof workloads / sizeof *workloads; i++) {
        if (strcmp(workloads[i].name, argv[1]) == 0) {
            workloads[i].run(argv[2], (size_t)atoll(argv[3]));
            return 0;
        }
    }
    fprintf(stderr, "usage: %s w1|w2|w3|w4|w5|w6 VARIANT N\n", argv[0]);
    return 2;
}
