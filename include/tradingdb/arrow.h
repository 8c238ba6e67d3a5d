/* SPDX-License-Identifier: MIT */
/**
 * @file arrow.h
 * Columns for other programs in the same process, through the C data and stream interfaces of Apache Arrow:
 * pyarrow, DuckDB, polars, pandas and others take them without a copy and without a library in between.
 * The structs are Arrow's own, word for word; whichever header defines them first wins.
 * Source: https://arrow.apache.org/docs/format/CDataInterface.html and CStreamInterface.html.
 */
#ifndef TRADINGDB_ARROW_H
#define TRADINGDB_ARROW_H

#include <tradingdb/columns.h>

TRDB_BEGIN_DECLS

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
    int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *out);
    int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *out);
    const char *(*get_last_error)(struct ArrowArrayStream *);
    void (*release)(struct ArrowArrayStream *);
    void *private_data;
};

#endif

/**
 * Hands columns on as an Arrow stream of one record batch (none when there are no rows). Nothing is copied: the
 * buffers live until the consumer has released what it took and the columns are freed, in any order. May be
 * called again for another consumer.
 *
 * Kinds become: int64 `l`, boolean `b`, decimals `d:38,scale`, float64 `g`, times `tsu:UTC`, UUIDs fixed bytes
 * `w:16` with the extension name arrow.uuid, text and JSON `U`, bytes `Z`, codes int32 `i` with a dictionary of
 * `U`, arrays of text `+L` of `U`.
 *
 * @param columns the columns; not consumed.
 * @param out receives the stream, which its consumer releases; untouched on failure.
 * @return 0; TRDB_E_INVALID for NULL; TRDB_E_RANGE for times that are infinite, which Arrow cannot say: read the
 *         columns with TRDB_COLUMNS_NULL_INFINITY; TRDB_E_NOMEM. Any thread; a stream serves one at a time.
 */
TRDB_API int trdb_columns_export_arrow(trdb_columns *columns, struct ArrowArrayStream *out, trdb_error **reterr);

TRDB_END_DECLS

#endif
