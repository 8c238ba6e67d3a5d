/* SPDX-License-Identifier: MIT */
/*
 * Two peers do the same work in turn, on the same tables: the library, and libpq as one writes it by hand
 * with prepared statements and values that are text already. Each prepares its data outside of the timed
 * part.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct peer {
    const char *name;
    void *(*open)(const char *url, int64_t bot_id);
    void (*close)(void *state);
    /* Each does `count` operations and returns 0, or prints what went wrong. */
    int (*insert_one)(void *state, size_t count); /* BEGIN, one trade with its row back, COMMIT */
    int (*get_by_id)(void *state, size_t count);  /* a trade by its key, all columns, in one transaction */
    int (*unit_of_work)(void *state,
                        size_t count); /* position, trade that refers to it, bot; one transaction each */
    int (*bulk_insert)(void *state, size_t count); /* `count` trades in one transaction, keys wanted */
    int (*scan)(void *state, size_t count);        /* `count` trades into memory, all columns */
} peer;

extern const peer libpq_peer;
extern const peer library_peer;

/* The n-th trade that everybody writes: prices and sizes as text with eight decimals. */
void bench_trade(size_t n, char price[32], char size[32]);
