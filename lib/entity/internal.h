/* SPDX-License-Identifier: MIT */
/* What the files of the engine share. */
#pragma once

#include "base/decimal.h"
#include "entity/entity.h"

/* Descriptors have at most 64 columns, so that a set of columns is a word; the generator sees to it. */
enum { TRDBI_MAX_COLUMNS = 64 };

/* As the index of the column to order by: whatever order suits the server. */
enum { TRDBI_ORDER_ANY = 255 };

typedef enum trdbi_op {
    TRDBI_OP_GET = 1,
    TRDBI_OP_GET_MANY,
    TRDBI_OP_LIST,
    TRDBI_OP_COUNT,
    TRDBI_OP_INSERT,
    TRDBI_OP_UPSERT,
    TRDBI_OP_PATCH,
    TRDBI_OP_DELETE
} trdbi_op;

/* What a write gives back. */
typedef enum trdbi_returning {
    TRDBI_RETURN_NOTHING = 0,
    TRDBI_RETURN_ROW,
    TRDBI_RETURN_HANDLE, /* insert: the key, which it also stores for later statements */
    TRDBI_RETURN_KEY,
    TRDBI_RETURN_FRESH /* whether an upsert inserted */
} trdbi_returning;

/* How a list continues after a row. */
typedef enum trdbi_after {
    TRDBI_AFTER_NONE = 0,
    TRDBI_AFTER_KEY,   /* ordered by the key alone */
    TRDBI_AFTER_VALUE, /* the order column had a value in that row */
    TRDBI_AFTER_NULL,  /* it was NULL */
    TRDBI_AFTER_LOOKUP /* its key alone is known */
} trdbi_after;

/*
 * Everything that decides the text of a statement: two calls of equal shape share a prepared statement. It is
 * the key in the connection's cache, so it is compared as bytes and must be zeroed before it is filled.
 */
typedef struct trdbi_shape {
    const trdbi_table *table;
    uint64_t columns;  /* bit i: column i is given */
    uint64_t guards;   /* patch; bit i: column i has to hold a given value still */
    uint64_t refs;     /* bit i: by a handle whose key is not known yet */
    uint8_t op;        /* trdbi_op */
    uint8_t unique;    /* upsert: index of the unique key */
    uint8_t returning; /* trdbi_returning */
    uint8_t order_by;  /* column index */
    uint8_t descending;
    uint8_t limit;
    uint8_t after;                    /* trdbi_after */
    uint8_t guarded;                  /* patch, delete: the server itself refuses when no row is met */
    uint8_t where[TRDBI_MAX_COLUMNS]; /* enum trdb_op of each column's condition */
} trdbi_shape;

/* The bytes of a shape that count: the conditions only where the operation has them. */
static inline size_t trdbi_shape_size(const trdbi_shape *shape) {
    return shape->op == TRDBI_OP_LIST || shape->op == TRDBI_OP_COUNT ? sizeof *shape
                                                                     : offsetof(trdbi_shape, where);
}

/* A table's name has at most 63 bytes, an operation's 8. */
enum { TRDBI_CALL_NAME_SIZE = 96 };
/* "trading_trades.insert" */
void trdbi_shape_name(const trdbi_shape *shape, char *name);

static inline const trdbi_column *trdbi_key_column(const trdbi_table *table) {
    return &table->columns[table->key];
}

/* The statement of a shape; build, shape and name live as long as it is used. */
typedef struct trdbi_build trdbi_build;
trdbi_statement trdbi_shape_statement(const trdbi_build *build, const char *name);

/* sql.c: appends the statement of a shape. */
typedef struct trdbi_build {
    const trdbi_shape *shape;
    const char *schema;    /* quoted, with its dot */
    const uint8_t *chosen; /* lists: indices of the columns that are wanted; NULL: all */
    size_t chosen_count;
} trdbi_build;
int trdbi_build_sql(const void *build, trdbi_buf *sql, trdb_error **reterr);
/* Appends ON CONFLICT for a unique key, writing the given columns over what is there. */
void trdbi_build_conflict(trdbi_buf *sql, const trdbi_table *table, unsigned unique, uint64_t given);
/* The query that tells the types of a list's columns and gives no row. */
int trdbi_build_types(const trdbi_build *build, trdbi_buf *sql, trdb_error **reterr);
/* Appends SQL that trdbi_build_sql() made with literals in place of its parameters. */
int trdbi_build_inline(const char *sql, const trdbi_params *params, trdbi_buf *ret, trdb_error **reterr);

/* check.c: whether a value fits its column, before anything is sent; entity.h has those for services. */
int trdbi_check_i64(const trdbi_table *table, const trdbi_column *column, int64_t value, trdb_error **reterr);
int trdbi_check_enum(const trdbi_table *table, const trdbi_column *column, int32_t value,
                     trdb_error **reterr);
/* Whether a decimal is one of nearly all there are, which two comparisons show to fit: finite, its coefficient
 * in 64 bits. */
static inline bool trdbi_fits_plainly(const trdbi_column *column, const trdb_decimal *value) {
    unsigned digits = (unsigned)column->max_whole + value->scale;
    return value->kind == TRDB_DECIMAL_FINITE && value->hi == 0 && value->scale <= column->max_scale &&
           value->scale <= TRDB_DECIMAL_MAX_SCALE &&
           (digits > 19 || value->lo < (uint64_t)trdbi_pow10[digits]);
}
/* Encoding and number of characters only, for text that the server looks at more closely by itself. */
int trdbi_check_chars(const trdbi_table *table, const trdbi_column *column, const char *text, size_t size,
                      trdb_error **reterr);

/* A struct of the caller: what lies beyond its struct_size reads as zero, which is "not given" everywhere. */
typedef struct trdbi_in {
    const char *base;
    size_t size;
} trdbi_in;
/* Checks struct_size: at least itself, at most `room`; larger than `known` only with a zero tail. NULL is
 * refused. The struct's name is the table's type with the suffix. */
int trdbi_in_open(trdbi_in *in, const void *base, size_t known, size_t room, const trdbi_table *table,
                  const char *suffix, trdb_error **reterr);
/* Copies a member out, or zeroes it when the caller's struct does not have it. */
void trdbi_in_read(const trdbi_in *in, size_t offset, void *dst, size_t size);

/* One member of an input struct, whatever its kind. */
typedef union trdbi_member {
    trdb_in_i64 i64;
    trdb_in_bool boolean;
    trdb_in_enum enumeration;
    trdb_in_decimal decimal;
    trdb_in_timestamp timestamp;
    trdb_in_uuid uuid;
    trdb_in_bytes bytes;
    trdb_in_texts texts;
    const char *text;
} trdbi_member;
size_t trdbi_member_size(const trdbi_column *column);
/* enum trdb_state of a member, or the error that it is: a state that is none, a value without one. */
int trdbi_member_given(const trdbi_table *table, const trdbi_column *column, const trdbi_member *m,
                       trdb_error **reterr);
/* Looks up the handle in a member that is given by one: TRDB_GIVEN with the key in it; TRDB_GIVEN_REF when the
 * server alone knows that as yet, under the name in *ret; or the error that it is. */
int trdbi_member_ref(const trdbi_table *table, const trdbi_column *column, trdbi_member *m, trdb_uow *uow,
                     trdbi_ref *ret, trdb_error **reterr);
/* Checks a given value and appends its binary form. */
int trdbi_member_put(const trdbi_table *table, const trdbi_column *column, const trdbi_member *m,
                     trdbi_buf *buf, trdb_error **reterr);

/* input.c: the given columns of an input struct, checked and appended as parameters in column order. `skip`
 * is a bit set of columns that must not be given (the key in a patch). A uuid key that
 * is not given is made, but for a patch. Sets shape->columns and shape->refs. Handles are those of the
 * parameters' owner. */
int trdbi_input_params(const trdbi_table *table, const void *new_row, size_t room, uint64_t skip,
                       trdbi_shape *shape, trdbi_params *params, trdb_error **reterr);
int trdbi_key_param(const trdbi_table *table, trdbi_key key, trdbi_params *params, trdb_error **reterr);
int trdbi_keys_param(const trdbi_table *table, const void *keys, size_t count, trdbi_params *params,
                     trdb_error **reterr);

/* filter.c: conditions, order, limit and keyset of a filter (NULL: all rows), as shape and parameters. `behind` (may
 * be NULL) is the key of the row to continue after, in place of the filter's row. */
int trdbi_filter_params(const trdbi_table *table, const void *filter, const trdbi_key *behind, trdbi_shape *shape,
                        trdbi_params *params, trdb_error **reterr);

/* rows.c */
int trdbi_row_new(const trdbi_result *result, size_t index, const trdbi_field *fields, size_t stride,
                  size_t count, size_t row_size, void **ret, trdb_error **reterr);
int trdbi_list_new(const trdbi_result *result, const trdbi_field *fields, size_t stride, size_t count,
                   size_t row_size, trdbi_list **ret, trdb_error **reterr);
/* A list of `capacity` rows that is filled one by one. */
trdbi_list *trdbi_list_empty(size_t capacity, size_t row_size);
int trdbi_list_add(trdbi_list *list, const trdbi_result *result, size_t row, const trdbi_field *fields,
                   size_t stride, size_t count, trdb_error **reterr);
/* Forgets the rows behind the first `count`; their text stays in the arena. */
void trdbi_list_cut(trdbi_list *list, size_t count);
/* A list that takes rows as they arrive, and gives back at the end what it took too much. */
trdbi_list *trdbi_list_growing(size_t row_size);
int trdbi_list_append(trdbi_list *list, const trdbi_field *fields, size_t stride, size_t count,
                      const uint32_t *types, const trdbi_value *values, trdb_error **reterr);
void trdbi_list_complete(trdbi_list *list);

/* rows_arriving.c: the rows of a filter as they arrive, in place of one result that holds them all. */
typedef enum trdbi_size {
    TRDBI_ANY_SIZE, /* nothing is known */
    TRDBI_SMALL,    /* one result is best */
    TRDBI_LARGE     /* COPY is */
} trdbi_size;
void trdbi_note_rows(trdb_uow *uow, const trdbi_statement *statement, size_t rows);
trdbi_size trdbi_size_of_list(trdb_uow *uow, const trdbi_shape *shape, const trdbi_statement *statement,
                              const trdbi_params *params);
int trdbi_read_rows(trdb_uow *uow, const trdbi_build *build, const trdbi_statement *statement, trdbi_size size,
                    const trdbi_params *params, trdbi_list **ret, trdb_error **reterr);
/* Fills the SQL of a job: by COPY, unless a secret value would stand there. The buffers keep the text. */
typedef struct trdbi_rows_sql {
    trdbi_buf sql, copy, types;
} trdbi_rows_sql;
int trdbi_rows_sql_build(trdbi_rows_sql *texts, const trdbi_build *build, const trdbi_params *params,
                         trdbi_rows *job, trdb_error **reterr);
void trdbi_rows_sql_free(trdbi_rows_sql *texts);

/* Stores a pointer into the caller's variable, whose type only the caller knows. */
static inline void trdbi_store(void *ret, const void *pointer) {
    memcpy(ret, &pointer, sizeof pointer);
}

/* ---- where a call goes, and what becomes of its answer -------------------------------------------- */

/* Into the unit at once, or into a batch that runs later. */
typedef struct trdbi_to {
    trdb_uow *uow;
    trdb_batch *batch;
    bool later; /* into the batch */
} trdbi_to;

static inline trdbi_to trdbi_now(trdb_uow *uow) {
    return (trdbi_to){.uow = uow};
}

typedef enum trdbi_take_what {
    TRDBI_TAKE_NOTHING = 0,
    TRDBI_TAKE_ROW,
    TRDBI_TAKE_LIST,
    TRDBI_TAKE_COUNT,   /* the number that the answer holds */
    TRDBI_TAKE_AFFECTED /* how many rows it touched */
} trdbi_take_what;

typedef struct trdbi_taking {
    trdbi_take_what what;
    const trdbi_table *table; /* or */
    const trdbi_query *query;
    bool by_key; /* it asks for one row; without it: TRDB_E_NOT_FOUND */
    trdbi_key key;
    void *ret; /* the caller's variable */
} trdbi_taking;

/* take.c */
int trdbi_take(const trdbi_taking *taking, const trdbi_result *result, trdb_error **reterr);

/* ops.c and query.c: every operation, wherever it goes */
int trdbi_put_get(trdbi_to to, const trdbi_table *table, trdbi_key key, void *ret, trdb_error **reterr);
int trdbi_put_get_many(trdbi_to to, const trdbi_table *table, const void *keys, size_t count, void *ret,
                       trdb_error **reterr);
int trdbi_put_filtered(trdbi_to to, const trdbi_table *table, trdbi_op op, const void *filter,
                       const trdbi_key *behind, void *ret, trdb_error **reterr);
int trdbi_put_row(trdbi_to to, const trdbi_table *table, trdbi_op op, unsigned unique, const void *in,
                  void *ret, trdb_error **reterr);
int trdbi_put_patch(trdbi_to to, const trdbi_table *table, trdbi_key key, const void *in, void *ret,
                    trdb_error **reterr);
int trdbi_put_delete(trdbi_to to, const trdbi_table *table, trdbi_key key, trdb_error **reterr);
int trdbi_put_query(trdbi_to to, const trdbi_query *query, const trdbi_arg *args, trdbi_take_what what,
                    void *ret, trdb_error **reterr);
/* A query's statement; `build` and `query` live as long as it is used. */
typedef struct trdbi_query_build {
    const trdbi_query *query;
    const char *schema;
} trdbi_query_build;
trdbi_statement trdbi_query_statement(const trdbi_query_build *build);

/* batch.c */

/* Whether a batch takes a call, and for which unit; that is entered. */
int trdbi_batch_enter(trdb_batch *batch, trdb_uow **ret, trdb_error **reterr);
/* Puts a call into the batch, by its shape or as a query; everything is copied. */
int trdbi_batch_add(trdb_batch *batch, const trdbi_shape *shape, const trdbi_query *query,
                    const trdbi_params *params, const trdbi_taking *taking, trdb_error **reterr);
