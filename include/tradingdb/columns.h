/* SPDX-License-Identifier: MIT */
/**
 * @file columns.h
 * Reading and writing much as columns: one buffer per column, filled straight from the wire, in the layout of Apache
 * Arrow, and sent straight to it by `trdb_<rows>_insert_columns()`.
 *
 * `trdb_<rows>_columns()` of every table gives a trdb_columns. It is immutable, outlives its unit of work, and may
 * be read from any thread; what it points to lives until trdb_columns_free(), and what was handed out by
 * trdb_columns_export_arrow() until the consumer releases it, whichever is later.
 * Numbers are in the byte order of the machine. docs/reading.md compares the ways to read much.
 * Source: DESIGN, "Rows, inputs, ownership" (long reads).
 */
#ifndef TRADINGDB_COLUMNS_H
#define TRADINGDB_COLUMNS_H

#include <tradingdb/error.h>

TRDB_BEGIN_DECLS

/** What the buffers of a column hold. A NULL has zeros there, an empty text, or the code 0. */
enum trdb_column_kind {
    TRDB_COLUMN_I64 = 1,       /**< int64_t each */
    TRDB_COLUMN_BOOL = 2,      /**< a bit each, the least significant of a byte first */
    TRDB_COLUMN_DECIMAL = 3,   /**< 16 bytes each: a two's complement integer of 128 bits; the value is integer /
                                    10^scale, exact, of at most 38 digits */
    TRDB_COLUMN_F64 = 4,       /**< double each: decimals of columns that were asked for so, rounded once */
    TRDB_COLUMN_TIMESTAMP = 5, /**< int64_t each: microseconds since 1970 UTC; INT64_MAX is infinity, INT64_MIN
                                    -infinity, and nothing else is that large */
    TRDB_COLUMN_UUID = 6,      /**< 16 bytes each, in network byte order */
    TRDB_COLUMN_TEXT = 7,      /**< offsets into UTF-8 bytes; addresses, too */
    TRDB_COLUMN_JSON = 8,      /**< the same for JSON documents */
    TRDB_COLUMN_BYTES = 9,     /**< the same for bytes */
    TRDB_COLUMN_CODES = 10,    /**< int32_t each: a place in the dictionary, `child` */
    TRDB_COLUMN_TEXTS = 11     /**< arrays of text: offsets into the elements, `child` */
};

/**
 * A column. What the library gives is only read; whoever writes columns makes them from `{0}`, and gives the size of
 * the struct with them, since later versions may append fields. docs/bulk.md tells which kinds go into which column.
 *
 * A dictionary is a column of kind TRDB_COLUMN_TEXT without NULLs. That of a closed set begins with the set's
 * texts in the order of its constants, so that a code is the constant - 1; texts that are not in the set follow.
 * Otherwise it has each text that occurs once, in the order in which they were met.
 */
typedef struct trdb_column_view {
    const char *name;         /**< as in the database; NULL for a child */
    int32_t kind;             /**< enum trdb_column_kind */
    int32_t scale;            /**< TRDB_COLUMN_DECIMAL: digits behind the point, 0 to 38: the most that a value has.
                                   Also of TRDB_COLUMN_I64 where that is written to a decimal */
    int64_t length;           /**< number of values */
    int64_t null_count;       /**< how many are NULL; not looked at in writing */
    int64_t infinite_count;   /**< TRDB_COLUMN_TIMESTAMP: how many are infinity or -infinity; as null_count */
    const uint8_t *validity;  /**< a bit per value, least significant first: 1 value, 0 NULL; NULL: no NULL */
    const void *data;         /**< the values, or the bytes that offsets are into; NULL for TRDB_COLUMN_TEXTS */
    int64_t data_size;        /**< bytes of data */
    const int64_t *offsets;   /**< length + 1 places: value i is [offsets[i], offsets[i + 1]); NULL: none */
    const struct trdb_column_view *child; /**< dictionary or elements; NULL: none */
} trdb_column_view;

/** Columns of equal length. */
typedef struct trdb_columns trdb_columns;

/** In which form a column is wanted. */
enum trdb_column_form {
    /**
     * What suits the column: closed sets as codes; text as codes while a text occurs at least twice on average,
     * otherwise as text; everything else in the one kind that it has.
     */
    TRDB_FORM_DEFAULT = 0,
    TRDB_FORM_PLAIN = 1, /**< text and closed sets as TRDB_COLUMN_TEXT */
    TRDB_FORM_CODES = 2, /**< text as TRDB_COLUMN_CODES */
    TRDB_FORM_F64 = 3    /**< decimals as TRDB_COLUMN_F64: no longer exact, but nothing is too large; NaN and
                              infinities are themselves */
};

/** A column that is wanted. */
typedef struct trdb_column_choice {
    int32_t column; /**< the table's constant: TRDB_TRADING_TRADE_COLUMN_SYMBOL */
    int32_t form;   /**< enum trdb_column_form */
} trdb_column_choice;

/** Flags of trdb_columns_options. */
enum trdb_columns_flags {
    TRDB_COLUMNS_F64 = 1,          /**< decimals of default form as TRDB_FORM_F64 */
    TRDB_COLUMNS_PLAIN = 2,        /**< text and closed sets of default form as TRDB_FORM_PLAIN */
    TRDB_COLUMNS_NULL_INFINITY = 4 /**< times that are infinity or -infinity as NULL */
};

/** What is read and how. Begin with trdb_columns_options_init(); zero means the default. */
typedef struct trdb_columns_options {
    size_t struct_size;                /**< sizeof(trdb_columns_options) of the caller */
    const trdb_column_choice *columns; /**< those that are wanted, each once; NULL: all. They come in this order */
    size_t column_count;               /**< elements of columns */
    uint32_t flags;                    /**< enum trdb_columns_flags */
    uint32_t reserved;
} trdb_columns_options;

/** A trdb_columns_options with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_columns_options);

/** The number of rows: the length of every column. 0 for NULL. Any thread. */
TRDB_API int64_t trdb_columns_rows(const trdb_columns *columns);

/** The number of columns. 0 for NULL. Any thread. */
TRDB_API size_t trdb_columns_count(const trdb_columns *columns);

/** The column at place i, or NULL beyond the end. It lives as long as the columns. Any thread. */
TRDB_API const trdb_column_view *trdb_columns_at(const trdb_columns *columns, size_t i);

/** The column of a name, or NULL when there is none. Any thread. */
TRDB_API const trdb_column_view *trdb_columns_find(const trdb_columns *columns, const char *name);

/** Frees the columns; their buffers when nothing exported refers to them any more. NULL is allowed. */
TRDB_API void trdb_columns_free(trdb_columns *columns);

/** For TRDB_AUTO(). */
static inline void trdb_columns_cleanup(trdb_columns **handle) {
    trdb_columns_free(*handle);
}

/** Whether value i of a column is not NULL. `i` is below its length. Any thread. */
static inline bool trdb_column_has(const trdb_column_view *column, int64_t i) {
    return column->validity == NULL || (column->validity[i / 8] >> (i % 8) & 1) != 0;
}

TRDB_END_DECLS

#endif
