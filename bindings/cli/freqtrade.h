/* SPDX-License-Identifier: MIT */
/* A freqtrade backtest export, read and checked as a whole before anything is written anywhere. */
#pragma once

#include <tradingdb/tradingdb.h>

/* One closed trade. Texts live as long as the export. */
typedef struct freqtrade_trade {
    char id[120]; /* the same at every import: strategy, pair, opening time, closing time, and a number when
                     two are alike */
    const char *pair;
    const char *exit_reason;
    const char *enter_tag; /* NULL when the export has none */
    bool is_short;
    trdb_decimal amount;
    trdb_decimal open_rate;
    trdb_decimal close_rate;
    trdb_decimal fee_open; /* fractions of the value: 0.0025 */
    trdb_decimal fee_close;
    const char *fee_open_text; /* as written, for the trade's metadata */
    const char *fee_close_text;
    trdb_timestamp opened;
    trdb_timestamp closed;
} freqtrade_trade;

typedef struct freqtrade_export {
    struct json_object *document;
    const char *strategy;
    const char *timeframe;      /* "5m" */
    const char *stake_currency; /* "BTC" */
    trdb_decimal starting_balance;
    freqtrade_trade *trades;
    size_t count;
} freqtrade_export;

/* Reads a file. On failure writes one line to `problem`, naming the trade and field, and returns -1. Numbers
 * are taken as the digits that stand in the file, never through a double. */
int freqtrade_read(const char *path, freqtrade_export *ret, char *problem, size_t problem_size);
void freqtrade_free(freqtrade_export *export);
