/* SPDX-License-Identifier: MIT */
/**
 * @file bulk.h
 * How many rows are written at once: `trdb_<plural>_insert_with()`, `trdb_<plural>_insert_keys()` and
 * `trdb_<plural>_upsert_by_<unique>()` of every table take a trdb_bulk_options. docs/bulk.md compares the
 * ways.
 */
#ifndef TRADINGDB_BULK_H
#define TRADINGDB_BULK_H

#include <tradingdb/base.h>

TRDB_BEGIN_DECLS

/** The ways in which many rows can go. All of them store the same rows and find the same errors. */
typedef enum trdb_bulk_method {
    TRDB_BULK_AUTO = 0, /**< by number, by what is wanted back and by what the table allows, run by run */
    TRDB_BULK_PIPELINE = 1, /**< a statement per row, without waiting between them; for any table */
    TRDB_BULK_UNNEST = 2, /**< up to 1000 rows a statement, as arrays; not for upserts nor columns of arrays */
    TRDB_BULK_COPY = 3 /**< binary COPY; gives no rows back. Upserts go through a temporary table */
} trdb_bulk_method;

/**
 * Hears how far a call is: `done` of `total` rows are on their way to the server. Called from the thread of
 * the call, which it must not use the unit of work from; at last with `done` equal to `total`.
 * @return 0 to go on; anything else stops the call with TRDB_E_CANCELLED, and the unit can only be rolled
 *         back.
 */
typedef int (*trdb_progress_fn)(void *arg, size_t done, size_t total);

/** How many rows go. Begin with trdb_bulk_options_init(); zero means the default. Only read during the call. */
typedef struct trdb_bulk_options {
    size_t struct_size;        /**< sizeof(trdb_bulk_options) of the caller */
    int32_t method;            /**< trdb_bulk_method. One that cannot do it answers TRDB_E_UNSUPPORTED */
    int32_t reserved;          /**< 0 */
    trdb_progress_fn progress; /**< NULL: nobody listens */
    void *progress_arg;        /**< its first argument */
    size_t progress_every;     /**< rows from one call of `progress` to the next; default 10000 */
} trdb_bulk_options;

/** A trdb_bulk_options with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_bulk_options);

TRDB_END_DECLS

#endif
