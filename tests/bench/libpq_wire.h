/* SPDX-License-Identifier: MIT */
/*
 * The binary forms as one writes them by hand for this one table: 64-bit amounts of eight decimals, no NaN, no
 * infinity, buffers of the sizes that this data needs. Faster than anything that must take every value.
 */
#pragma once

#include "trade.h"

#include <libpq-fe.h>
#include <string.h>

/* Columns that are written, and read besides. */
#define TRADE_GIVEN                                                                                             \
    "bot_id, position_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, symbol, interval, "     \
    "direction, status, entry_time, exit_time, entry_price, exit_price, size, commission, gross_pnl, net_pnl, " \
    "pnl_percentage, exit_reason, extra_metadata"
#define TRADE_ALL                                                                                             \
    "id, " TRADE_GIVEN ", created_at, updated_at, buy_order_created, buy_order_closed, sell_order_created, "    \
    "sell_order_closed, entry_value, exit_value"
#define TRADE_INSERT                                                                                           \
    "INSERT INTO w.trading_trades (" TRADE_GIVEN ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, " \
    "$13, $14, $15, $16, $17, $18, $19, $20, $21)"
enum { GIVEN = 21, ALL = 30 };

extern const Oid given_types[GIVEN]; /* int8, varchar, timestamptz, numeric, jsonb */

/* The parameters of one trade. Texts are referred to, numbers stand in `data`. */
typedef struct given_trade {
    const char *values[GIVEN];
    int lengths[GIVEN], formats[GIVEN];
    char data[GIVEN][32];
    char metadata[128];
} given_trade;
void wire_bind(given_trade *to, const trade *t);

/* A trade as read, with its texts in an arena. */
typedef struct read_trade {
    int64_t id, bot_id, position_id;
    __int128 amounts[AMOUNT_COUNT + 2];
    int64_t times[8];
    struct {
        uint32_t offset, size;
    } texts[11];
    uint32_t nulls; /* a bit for each column */
} read_trade;
typedef struct wire_arena {
    char *data;
    size_t size, room;
} wire_arena;

/* Reads a value of column `column` of TRADE_ALL; a length of -1 is NULL. */
void wire_read(read_trade *t, wire_arena *arena, int column, const char *data, int length);

static inline uint16_t get16(const char *p) {
    uint16_t v;
    memcpy(&v, p, 2);
    return __builtin_bswap16(v);
}
static inline uint32_t get32(const char *p) {
    uint32_t v;
    memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}
static inline int64_t get64(const char *p) {
    uint64_t v;
    memcpy(&v, p, 8);
    return (int64_t)__builtin_bswap64(v);
}
static inline void put16(char *p, unsigned value) {
    uint16_t v = __builtin_bswap16((uint16_t)value);
    memcpy(p, &v, 2);
}
static inline void put32(char *p, int value) {
    uint32_t v = __builtin_bswap32((uint32_t)value);
    memcpy(p, &v, 4);
}
static inline void put64(char *p, int64_t value) {
    uint64_t v = __builtin_bswap64((uint64_t)value);
    memcpy(p, &v, 8);
}
#define WIRE_EPOCH_US INT64_C(946684800000000)

/* An amount as numeric; returns its length. */
int wire_amount(char *to, int64_t amount);

/* ---- the peers' parts ----------------------------------------------------------------------------- */

PGconn *libpq_connect(void);
/* The result, when it is a good one; ends the program otherwise. */
PGresult *libpq_good(PGconn *conn, PGresult *result, const char *what);
void libpq_run(PGconn *conn, const char *sql);
void libpq_bulk(const char *variant, size_t count); /* W4 */
void libpq_scan(const char *variant, size_t count); /* W5 */
void libpq_pool(const char *variant, size_t count); /* W6 */
