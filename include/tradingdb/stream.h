/* SPDX-License-Identifier: MIT */
/**
 * @file stream.h
 * Reading much in bounded memory: `trdb_<rows>_stream()` of every table opens a cursor on the server and fetches
 * rows in batches, as many as fit the caller; between two batches the unit of work may be used for anything else,
 * writes and other streams included. The rows are those of the moment when the stream was opened.
 *
 * A stream belongs to its unit: one thread uses both at a time, and when the transaction ends, or is rolled back
 * to a savepoint made before the stream, what was not fetched cannot be any more: TRDB_E_STATE. Free streams
 * when they are no longer wanted, before or after the unit: the cursor is closed with the next round trip.
 * docs/reading.md compares the ways to read much.
 * Source: DESIGN, "Rows, inputs, ownership" (long reads).
 */
#ifndef TRADINGDB_STREAM_H
#define TRADINGDB_STREAM_H

#include <tradingdb/error.h>

TRDB_BEGIN_DECLS

/** Rows of a batch, unless options say otherwise, and the most that they may say. */
#define TRDB_STREAM_BATCH 10000
#define TRDB_STREAM_BATCH_MAX 1000000

/** How a stream reads. Begin with trdb_stream_options_init(); zero means the default. */
typedef struct trdb_stream_options {
    size_t struct_size; /**< sizeof(trdb_stream_options) of the caller */
    int32_t batch_rows; /**< rows fetched at once, and kept: 1 to TRDB_STREAM_BATCH_MAX; default 10000 */
    int32_t reserved;
} trdb_stream_options;

/** A trdb_stream_options with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_stream_options);

TRDB_END_DECLS

#endif
