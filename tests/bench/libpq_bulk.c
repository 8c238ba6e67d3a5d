/* SPDX-License-Identifier: MIT */
/* Many trades at once, by hand. */
#include "libpq_wire.h"

#include <stdlib.h>

/* ---- W4: writing ----------------------------------------------------------------------------------- */

static const char copy_head[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";
enum { COPY_HEAD = 19, COPY_CHUNK = 65536, COPY_ROW = 4096 };

static void copy_in(PGconn *conn, const trade *trades, size_t count) {
    static char buffer[COPY_CHUNK + COPY_ROW];
    given_trade given;
    PGresult *result = PQexec(conn, "COPY w.trading_trades (" TRADE_GIVEN ") FROM STDIN (FORMAT binary)");
    if (PQresultStatus(result) != PGRES_COPY_IN)
        bench_die("copy: %s", PQerrorMessage(conn));
    PQclear(result);
    memcpy(buffer, copy_head, COPY_HEAD);
    int size = COPY_HEAD;
    for (size_t i = 0; i < count; i++) {
        wire_bind(&given, &trades[i]);
        put16(buffer + size, GIVEN);
        size += 2;
        for (int k = 0; k < GIVEN; k++) {
            put32(buffer + size, given.lengths[k]);
            memcpy(buffer + size + 4, given.values[k], (size_t)given.lengths[k]);
            size += 4 + given.lengths[k];
        }
        if (size > COPY_CHUNK) {
            if (PQputCopyData(conn, buffer, size) != 1)
                bench_die("copy: %s", PQerrorMessage(conn));
            size = 0;
        }
    }
    put16(buffer + size, 0xffff);
    PQputCopyData(conn, buffer, size + 2);
    PQputCopyEnd(conn, NULL);
    PQclear(libpq_good(conn, PQgetResult(conn), "copy"));
    PQclear(PQgetResult(conn));
}

/* Arrays of a thousand rows; the keys come back. */
enum { UNNEST_ROWS = 1000, ARRAY_HEAD = 20, ARRAY_ROOM = UNNEST_ROWS * 128 };

static void unnest_chunk(PGconn *conn, const trade *trades, size_t count, char *arrays[GIVEN]) {
    int lengths[GIVEN], formats[GIVEN];
    given_trade given;
    for (int k = 0; k < GIVEN; k++) {
        char *to = arrays[k];
        put32(to, 1);
        put32(to + 4, 0);
        put32(to + 8, (int)given_types[k]);
        put32(to + 12, (int)count);
        put32(to + 16, 1);
        lengths[k] = ARRAY_HEAD;
        formats[k] = 1;
    }
    for (size_t i = 0; i < count; i++) {
        wire_bind(&given, &trades[i]);
        for (int k = 0; k < GIVEN; k++) {
            put32(arrays[k] + lengths[k], given.lengths[k]);
            memcpy(arrays[k] + lengths[k] + 4, given.values[k], (size_t)given.lengths[k]);
            lengths[k] += 4 + given.lengths[k];
        }
    }
    PGresult *result = libpq_good(
        conn, PQexecPrepared(conn, "unnest", GIVEN, (const char *const *)arrays, lengths, formats, 1), "unnest");
    int64_t sum = 0;
    for (int i = 0; i < PQntuples(result); i++)
        sum += get64(PQgetvalue(result, i, 0));
    if (sum == 0)
        bench_die("no keys");
    PQclear(result);
}

static void unnest(PGconn *conn, const trade *trades, size_t count) {
    static const Oid types[GIVEN] = {1016, 1016, 1015, 1015, 1015, 1015, 1015, 1015, 1015, 1015, 1185,
                                     1185, 1231, 1231, 1231, 1231, 1231, 1231, 1231, 1015, 3807};
    char *arrays[GIVEN];
    for (int k = 0; k < GIVEN; k++)
        arrays[k] = malloc(ARRAY_ROOM);
    libpq_run(conn, "BEGIN");
    PQclear(libpq_good(conn,
                       PQprepare(conn, "unnest",
                                 "INSERT INTO w.trading_trades (" TRADE_GIVEN ") SELECT * FROM unnest($1, $2, $3, $4, "
                                 "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21) "
                                 "RETURNING id",
                                 GIVEN, types),
                       "unnest"));
    for (size_t i = 0; i < count; i += UNNEST_ROWS)
        unnest_chunk(conn, trades + i, count - i < UNNEST_ROWS ? count - i : UNNEST_ROWS, arrays);
    libpq_run(conn, "COMMIT");
    for (int k = 0; k < GIVEN; k++)
        free(arrays[k]);
}

void libpq_bulk(const char *variant, size_t count) {
    PGconn *conn = libpq_connect();
    trade *trades = bench_trades(count);
    bench_start(PQbackendPID(conn));
    if (strcmp(variant, "copybin") == 0)
        copy_in(conn, trades, count);
    else
        unnest(conn, trades, count);
    bench_report(count);
    free(trades);
    PQfinish(conn);
}

/* ---- W5: reading ----------------------------------------------------------------------------------- */

typedef struct scan {
    read_trade *rows;
    size_t count, room;
    wire_arena arena;
} scan;

static read_trade *next_row(scan *s) {
    if (s->count == s->room) {
        s->room = s->room > 0 ? s->room * 2 : 65536;
        s->rows = realloc(s->rows, s->room * sizeof *s->rows);
        if (!s->rows)
            bench_die("out of memory");
    }
    read_trade *row = &s->rows[s->count++];
    memset(row, 0, sizeof *row);
    return row;
}

static void copied_row(scan *s, const char *at) {
    read_trade *row = next_row(s);
    at += 2; /* the number of columns */
    for (int k = 0; k < ALL; k++) {
        int length = (int)get32(at);
        wire_read(row, &s->arena, k, at + 4, length);
        at += 4 + (length > 0 ? length : 0);
    }
}

static void scan_copy(PGconn *conn, scan *s) {
    PGresult *result = PQexec(conn, "COPY (SELECT " TRADE_ALL " FROM trading_trades WHERE bot_id = 1 ORDER BY id) "
                                    "TO STDOUT (FORMAT binary)");
    if (PQresultStatus(result) != PGRES_COPY_OUT)
        bench_die("copy: %s", PQerrorMessage(conn));
    PQclear(result);
    char *data;
    size_t skip = COPY_HEAD;
    while (PQgetCopyData(conn, &data, 0) > 0) {
        if (get16(data + skip) != 0xffff)
            copied_row(s, data + skip);
        PQfreemem(data);
        skip = 0;
    }
    PQclear(libpq_good(conn, PQgetResult(conn), "copy"));
}

static void scan_single(PGconn *conn, scan *s) {
    PQsendQueryParams(conn, "SELECT " TRADE_ALL " FROM trading_trades WHERE bot_id = 1 ORDER BY id", 0, NULL, NULL,
                      NULL, NULL, 1);
    PQsetSingleRowMode(conn);
    for (PGresult *result; (result = PQgetResult(conn)); PQclear(result)) {
        if (PQresultStatus(result) != PGRES_SINGLE_TUPLE)
            continue;
        read_trade *row = next_row(s);
        for (int k = 0; k < ALL; k++)
            wire_read(row, &s->arena, k, PQgetvalue(result, 0, k),
                      PQgetisnull(result, 0, k) ? -1 : PQgetlength(result, 0, k));
    }
}

void libpq_scan(const char *variant, size_t count) {
    PGconn *conn = libpq_connect();
    scan s = {0};
    (void)count; /* all that the bot has */
    bench_start(PQbackendPID(conn));
    if (strcmp(variant, "copybin") == 0)
        scan_copy(conn, &s);
    else
        scan_single(conn, &s);
    bench_report(s.count);
    free(s.rows);
    free(s.arena.data);
    PQfinish(conn);
}
