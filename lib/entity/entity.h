/* SPDX-License-Identifier: MIT */
/*
 * One engine for every table. Generated code (lib/gen) holds descriptors and thin wrappers; all logic is
 * here.
 *
 * Outputs are passed as `void *ret`, the address of the caller's pointer variable, and stored with memcpy, so
 * that wrappers need no casts that would break aliasing rules.
 */
#pragma once

#include "core/core.h"
#include <tradingdb/batch.h>
#include <tradingdb/bulk.h>
#include <tradingdb/columns.h>
#include <tradingdb/filter.h>
#include <tradingdb/stream.h>

/* ---- descriptors ---------------------------------------------------------------------------------- */

enum {
    TRDBI_NOT_NULL = 1,    /* the column is NOT NULL on a new install */
    TRDBI_SECRET = 2,      /* its values never appear in messages */
    TRDBI_NATIVE_ENUM = 4, /* a PostgreSQL enum type, not text with a CHECK */
    TRDBI_MADE_KEY = 8     /* a uuid key that the library makes when it is not given */
};

struct trdbi_table;

typedef struct trdbi_column {
    trdbi_field field;      /* name, kind, place in the row */
    uint16_t new_offset;    /* place in the input struct */
    uint16_t filter_offset; /* place of its condition in the filter; 0: none */
    uint8_t flags;
    uint8_t max_scale;                    /* TRDBI_DECIMAL: most digits behind the point; 255: no limit */
    uint8_t max_whole;                    /* TRDBI_DECIMAL: most digits before it; 255: no limit */
    int32_t max_chars;                    /* text: most characters; 0: no limit */
    int32_t int_bytes;                    /* TRDBI_I64: width in the database, 2, 4 or 8 */
    const struct trdbi_table *references; /* the table of its foreign key; NULL: it has none */
} trdbi_column;

/* A unique key that upsert can use. */
typedef struct trdbi_unique {
    const char *name;      /* "provider_external_id" */
    const char *keys;      /* columns and expressions: "provider, external_id" */
    const char *predicate; /* of a partial index, or NULL */
    uint64_t columns;      /* bit i: keys or predicate need column i */
} trdbi_unique;

typedef struct trdbi_table {
    const char *name; /* "trading_trades" */
    const char *type; /* "trdb_trading_trade" */
    const trdbi_column *columns;
    const trdbi_unique *uniques;
    uint16_t column_count;
    uint16_t unique_count;
    uint16_t key; /* index of the key column */
    bool secret;  /* has a secret column */
    uint32_t row_size;
    uint32_t new_size;
    uint32_t filter_size;
    /* In every filter struct, after the conditions' struct_size: */
    uint16_t order_by_offset;   /* int32_t: column constant, 0 for the key */
    uint16_t descending_offset; /* int32_t */
    uint16_t limit_offset;      /* trdb_in_i64 */
    uint16_t after_offset;      /* const row * */
} trdbi_table;

/* Every table of the library, in the order of the catalogue; for tests and for bindings. Ends with NULL. */
extern const trdbi_table *const trdbi_tables[];

/* ---- keys, rows and lists ------------------------------------------------------------------------- */

typedef union trdbi_key {
    int64_t i64;
    const char *text;
    trdb_uuid uuid;
} trdbi_key;

void trdbi_row_free(void *row);

typedef struct trdbi_list trdbi_list;
size_t trdbi_list_count(const trdbi_list *list);
const void *trdbi_list_at(const trdbi_list *list, size_t i);
const void *trdbi_list_next(const trdbi_list *list, const void *row);
void trdbi_list_free(trdbi_list *list);
/* The bulk view: first row, distance between rows, count. */
const void *trdbi_list_rows(const trdbi_list *list, size_t *ret_stride, size_t *ret_count);

/* ---- operations ----------------------------------------------------------------------------------- */

/* One row by key; TRDB_E_NOT_FOUND without one. */
int trdbi_entity_get(trdb_uow *uow, const trdbi_table *table, trdbi_key key, void *ret, trdb_error **reterr);

/* The rows of the given keys (int64_t, const char * or trdb_uuid, `count` of them), in key order; missing
 * ones are left out, repeated keys give one row. */
int trdbi_entity_get_many(trdb_uow *uow, const trdbi_table *table, const void *keys, size_t count, void *ret,
                          trdb_error **reterr);

int trdbi_entity_list(trdb_uow *uow, const trdbi_table *table, const void *filter, void *ret,
                      trdb_error **reterr);
/* The same behind the row of a key, whose place the server looks up; the filter's `after` is not used.
 * TRDB_E_NOT_FOUND without such a row. A page that is empty takes a second round trip, to tell the two apart. */
int trdbi_entity_list_behind(trdb_uow *uow, const trdbi_table *table, const void *filter, trdbi_key key, void *ret,
                             trdb_error **reterr);
int trdbi_entity_count(trdb_uow *uow, const trdbi_table *table, const void *filter, int64_t *ret,
                       trdb_error **reterr);

int trdbi_entity_columns(trdb_uow *uow, const trdbi_table *table, const void *filter,
                         const trdb_columns_options *options, trdb_columns **ret, trdb_error **reterr);

/* A cursor that is read in batches; see tradingdb/stream.h. next and batch give 1, 0 at the end, or an error.
 */
typedef struct trdbi_stream trdbi_stream;
int trdbi_entity_stream(trdb_uow *uow, const trdbi_table *table, const void *filter,
                        const trdb_stream_options *options, void *ret, trdb_error **reterr);
int trdbi_stream_next(trdbi_stream *stream, void *ret, trdb_error **reterr);
int trdbi_stream_batch(trdbi_stream *stream, void *ret, trdb_error **reterr);
void trdbi_stream_free(trdbi_stream *stream);

/* `ret` NULL: the caller does not want the row back. */
int trdbi_entity_insert(trdb_uow *uow, const trdbi_table *table, const void *in, void *ret,
                        trdb_error **reterr);
/* Inserts a row and gives a handle, or the uuid of its key; the insert may wait. */
int trdbi_entity_insert_ref(trdb_uow *uow, const trdbi_table *table, const void *in, trdb_ref *ret,
                            trdb_error **reterr);
int trdbi_entity_insert_key(trdb_uow *uow, const trdbi_table *table, const void *in, trdb_uuid *ret,
                            trdb_error **reterr);
/* `unique` is an index into table->uniques. */
int trdbi_entity_upsert(trdb_uow *uow, const trdbi_table *table, unsigned unique, const void *in, void *ret,
                        trdb_error **reterr);
int trdbi_entity_patch(trdb_uow *uow, const trdbi_table *table, trdbi_key key, const void *in, void *ret,
                       trdb_error **reterr);
/* The same while the row still holds what `guard`, an input struct, gives: TRDB_E_CONFLICT otherwise. */
int trdbi_entity_patch_if(trdb_uow *uow, const trdbi_table *table, trdbi_key key, const void *guard,
                          const void *in, void *ret, trdb_error **reterr);
int trdbi_entity_delete(trdb_uow *uow, const trdbi_table *table, trdbi_key key, trdb_error **reterr);

/* ---- many rows at once: bulk.c -------------------------------------------------------------------- */

/* `rows` is an array whose elements are `stride` bytes apart. `options` may be NULL. `ret` (may be NULL)
 * receives a list. */
int trdbi_entity_insert_many(trdb_uow *uow, const trdbi_table *table, const void *rows, size_t stride,
                             size_t count, const trdb_bulk_options *options, void *ret, trdb_error **reterr);
/* `ret_keys` receives `count` keys: int64_t or trdb_uuid. */
int trdbi_entity_insert_keys(trdb_uow *uow, const trdbi_table *table, const void *rows, size_t stride,
                             size_t count, const trdb_bulk_options *options, void *ret_keys,
                             trdb_error **reterr);
/* `columns` is an array of `count` views, `stride` bytes apart. */
int trdbi_entity_insert_columns(trdb_uow *uow, const trdbi_table *table, const trdb_column_view *columns,
                                size_t stride, size_t count, const trdb_bulk_options *options,
                                trdb_error **reterr);
/* Of two rows with the same unique key the later wins. The counts may be NULL. */
int trdbi_entity_upsert_many(trdb_uow *uow, const trdbi_table *table, unsigned unique, const void *rows,
                             size_t stride, size_t count, const trdb_bulk_options *options,
                             size_t *ret_inserted, size_t *ret_updated, trdb_error **reterr);

/* ---- checks before anything is sent, for services ------------------------------------------------- */

enum { TRDBI_TEXT_MAX = INT32_MAX / 2 }; /* the longest text or document that may be given */

/* Whether a value fits its column. */
int trdbi_check_text(const trdbi_table *table, const trdbi_column *column, const char *text,
                     trdb_error **reterr);
int trdbi_check_decimal(const trdbi_table *table, const trdbi_column *column, const trdb_decimal *value,
                        trdb_error **reterr);
/* Refuses a value of a column: "trading_trades.size: <text>", with table and column set. */
__attribute__((format(printf, 5, 6))) int trdbi_refuse(const trdbi_table *table, const trdbi_column *column,
                                                       int code, trdb_error **reterr, const char *format,
                                                       ...);

/* Parses JSON as the server would. *ret receives the document, NULL for `null`; with a problem it is of no
 * use, but freed all the same. *ret_problem says what is wrong (a static string), or NULL; *ret_at the byte.
 * 0, or TRDB_E_NOMEM. */
struct json_object;
int trdbi_json_parse(const char *text, size_t size, struct json_object **ret, const char **ret_problem,
                     size_t *ret_at);

/* Whether all given values of an input struct fit their columns. Sets bit i for column i: in *ret_given when
 * it is given, in *ret_null when it is given as NULL. */
int trdbi_check_input(const trdbi_table *table, const void *in, uint64_t *ret_given, uint64_t *ret_null,
                      trdb_error **reterr);

/* ---- named queries -------------------------------------------------------------------------------- */

typedef struct trdbi_query_param {
    const char *name;
    const trdbi_enum *values; /* TRDBI_ENUM only */
    uint8_t kind;             /* trdbi_kind */
    uint8_t nullable;
    int64_t least; /* TRDBI_I64 only: what is below is refused; 0: nothing is */
} trdbi_query_param;

typedef struct trdbi_query {
    const char *name;
    const char *sql; /* `{schema}` stands for the quoted schema; $n for parameters */
    const trdbi_query_param *params;
    const trdbi_field *fields; /* of the result row; NULL for :exec */
    uint16_t param_count;
    uint16_t field_count;
    uint16_t field_stride; /* sizeof(trdbi_field), or sizeof(trdbi_column) for the row of a table */
    uint32_t row_size;
    bool secret;
    bool reads; /* it cannot write */
} trdbi_query;

/* One argument of a query. state: TRDB_GIVEN, TRDB_GIVEN_REF or TRDB_GIVEN_NULL (TRDB_NOT_GIVEN counts as
 * NULL). */
typedef struct trdbi_arg {
    int32_t state;
    int32_t ref; /* TRDB_GIVEN_REF: the rest of the handle */
    union {
        int64_t i64;
        bool boolean;
        int32_t enumeration;
        trdb_decimal decimal;
        trdb_timestamp timestamp;
        trdb_uuid uuid;
        const char *text; /* also json and inet; NULL: NULL, whatever the state */
        trdb_bytes bytes;
        trdb_texts texts;
    } u;
} trdbi_arg;

/* Exactly one row: TRDB_E_NOT_FOUND without one. `ret` receives the row, freed with trdbi_row_free(). */
int trdbi_query_one(trdb_uow *uow, const trdbi_query *query, const trdbi_arg *args, void *ret,
                    trdb_error **reterr);
int trdbi_query_many(trdb_uow *uow, const trdbi_query *query, const trdbi_arg *args, void *ret,
                     trdb_error **reterr);
/* `ret` (may be NULL) receives the number of rows touched. */
int trdbi_query_exec(trdb_uow *uow, const trdbi_query *query, const trdbi_arg *args, int64_t *ret,
                     trdb_error **reterr);

/* ---- the same, left to a batch -------------------------------------------------------------------- */

int trdbi_batch_get(trdb_batch *batch, const trdbi_table *table, trdbi_key key, void *ret,
                    trdb_error **reterr);
int trdbi_batch_get_many(trdb_batch *batch, const trdbi_table *table, const void *keys, size_t count,
                         void *ret, trdb_error **reterr);
int trdbi_batch_list(trdb_batch *batch, const trdbi_table *table, const void *filter, void *ret,
                     trdb_error **reterr);
int trdbi_batch_count(trdb_batch *batch, const trdbi_table *table, const void *filter, int64_t *ret,
                      trdb_error **reterr);
int trdbi_batch_insert(trdb_batch *batch, const trdbi_table *table, const void *in, void *ret,
                       trdb_error **reterr);
int trdbi_batch_upsert(trdb_batch *batch, const trdbi_table *table, unsigned unique, const void *in,
                       void *ret, trdb_error **reterr);
int trdbi_batch_patch(trdb_batch *batch, const trdbi_table *table, trdbi_key key, const void *in, void *ret,
                      trdb_error **reterr);
int trdbi_batch_delete(trdb_batch *batch, const trdbi_table *table, trdbi_key key, trdb_error **reterr);
int trdbi_batch_query_one(trdb_batch *batch, const trdbi_query *query, const trdbi_arg *args, void *ret,
                          trdb_error **reterr);
int trdbi_batch_query_many(trdb_batch *batch, const trdbi_query *query, const trdbi_arg *args, void *ret,
                           trdb_error **reterr);
