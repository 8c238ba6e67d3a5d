/* SPDX-License-Identifier: MIT */
/*
 * What the C peers of the benchmark share: the trade that everybody writes, and how a peer measures itself.
 * A peer is a program `PEER WORKLOAD VARIANT N` that connects by the PG* environment, warms up with a tenth of
 * N, does N operations and prints one line of JSON.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { TEXT_STRATEGY, TEXT_ENTRY, TEXT_EXIT, TEXT_SYMBOL, TEXT_INTERVAL, TEXT_REASON, TEXT_METADATA, TEXT_COUNT };
enum { AMOUNT_ENTRY, AMOUNT_EXIT, AMOUNT_SIZE, AMOUNT_COMMISSION, AMOUNT_GROSS, AMOUNT_NET, AMOUNT_PERCENT, AMOUNT_COUNT };

/* Amounts are multiples of 10^-8, times microseconds since 1970. All trades are paper trades that were closed. */
typedef struct trade {
    int64_t position_id;
    int64_t amounts[AMOUNT_COUNT];
    int64_t entry_us, exit_us;
    const char *texts[TEXT_COUNT];
    int is_short;
    char metadata[64];
} trade;

enum { BENCH_BOT = 1, BENCH_OTHER_BOT = 2, BENCH_SCALE = 8 };

/* `count` trades, the same for every peer in whatever language; ends the program when out of memory. */
trade *bench_trades(size_t count);

/* The next of a sequence of keys from 1 to `most`, the same for every peer. */
int64_t bench_random(uint32_t *state, int64_t most);

/* The timed part: begins, and prints its line. `backend` is the server process, 0 for none or several. */
void bench_start(int backend);
void bench_report(size_t operations);

/* Prints the message and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void bench_die(const char *format, ...);
