/* SPDX-License-Identifier: MIT */
/*
 * Many rows at once. bulk.c decides how they go, piece by piece: statement by statement in a pipeline, as
 * arrays (bulk_unnest.c), by COPY (copy.c), or by COPY into a staging table (bulk_stage.c). All ways encode
 * with bulk_encode.c, and all store the same rows. Columns (bulk_views.c) go the same ways.
 */
#pragma once

#include "entity/internal.h"
#include <tradingdb/bulk.h>

/* ---- bulk_facts.c: what the table is like in this database ----------------------------------------- */

typedef struct trdbi_facts {
    trdbi_guest guest; /* the first member: who finds the guest has the facts */
    bool table;  /* and no view, and without rules */
    bool open;   /* no policies stand between, which COPY does not know */
    bool steady; /* no trigger changes or drops a new row */
    bool serial; /* its key ascends: from a sequence that counts upwards */
    bool temp;   /* temporary tables may be made */
    uint64_t required;                 /* bit i: column i takes no NULL, and nothing gives it another value */
    uint32_t types[TRDBI_MAX_COLUMNS]; /* 0: no such column; domains count as what they are made of */
    trdbi_buf names; /* the types as SQL writes them, a NUL behind each */
    size_t name_at[TRDBI_MAX_COLUMNS];
} trdbi_facts;

/* Those that the unit has; or asks the server, and the caller owns them. */
int trdbi_facts_get(trdb_uow *uow, const trdbi_table *table, const trdbi_facts **ret, trdbi_facts **ret_own,
                    trdb_error **reterr);
/* Leaves them to the unit, which holds a lock of the table by now: until it ends nobody changes what they say. */
void trdbi_facts_leave(trdb_uow *uow, trdbi_facts *facts);
void trdbi_facts_free(trdbi_facts *facts); /* NULL is allowed */

/* ---- bulk_encode.c: rows into bytes ---------------------------------------------------------------- */

enum { TRDBI_LABELS = 16 };

/* A column as the rows of a run give it, with what its values are compared with at hand. */
typedef struct trdbi_bulk_column {
    const trdbi_column *column;
    int64_t least, most; /* of an integer */
    size_t most_chars;   /* of a text */
    uint32_t oid;        /* of its values on the wire */
    uint32_t labels;     /* of a closed set: so many sizes are known */
    uint16_t new_offset; /* the member in the input struct, and its size */
    uint16_t size;
    uint8_t kind;
    uint8_t int_size; /* bytes of an integer on the wire */
    uint8_t lead;     /* 1: a version byte stands before the text */
    bool key;
    uint8_t label_size[TRDBI_LABELS];
} trdbi_bulk_column;

/* Bytes of a row, a multiple of four. */
typedef struct trdbi_bulk_span {
    uint16_t offset;
    uint16_t size;
} trdbi_bulk_span;

/* ---- bulk_views.c: columns in place of rows -------------------------------------------------------- */

/* A text of a dictionary as it goes on the wire, with its length; no size: not known yet. */
typedef struct trdbi_bulk_word {
    uint32_t at, size;
} trdbi_bulk_word;

/* A column that the caller gives. */
typedef struct trdbi_bulk_view {
    const trdbi_column *column;
    trdb_column_view view;  /* kind 0: none is given, and the library makes the keys */
    trdb_column_view child;
    uint8_t way;            /* how plain values are written */
    trdbi_bulk_word *words; /* of codes, one for each text of the dictionary */
    trdbi_buf wire;         /* what they point into */
    trdbi_buf text;         /* what the member that was made last points into */
    trdbi_buf items;        /* its array, when it is one of texts */
} trdbi_bulk_view;

/* The rows of a call, and the columns that those of the present run give. */
typedef struct trdbi_bulk_rows {
    trdb_uow *uow; /* whose handles the rows may have */
    const trdbi_table *table;
    const char *rows;
    size_t stride;
    size_t count;
    uint64_t columns;
    unsigned given;
    trdbi_bulk_column items[TRDBI_MAX_COLUMNS]; /* the given ones, in order, then the others */
    char *keys;    /* receives the keys that the rows give, when they are wanted; or NULL */
    bool numbered; /* each row begins with its number, as int8 */
    trdbi_bulk_span rest[TRDBI_MAX_COLUMNS]; /* where the members of the others lie in a row */
    unsigned rests;
    char *older;   /* room for a row of an older caller, filled up with zeros */
    trdbi_bulk_view *views; /* the columns of a caller who has no rows, in the table's order; NULL: there are rows */
    unsigned view_count;
} trdbi_bulk_rows;

/* Takes over columns that are `stride` bytes apart, of which the number of rows comes. */
int trdbi_views_open(trdbi_bulk_rows *rows, const trdb_column_view *columns, size_t stride, size_t count,
                     trdb_error **reterr);
void trdbi_views_free(trdbi_bulk_rows *rows);
/* Whether the table can do without the columns that are not given. */
int trdbi_views_required(const trdbi_bulk_rows *rows, const trdbi_facts *facts, trdb_error **reterr);
/* Puts value i of a view where its member is in an input struct. It lives until the next one. */
int trdbi_view_value(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, size_t i, char *in, trdb_error **reterr);
/* Appends row i as COPY wants it. */
int trdbi_views_put_row(trdbi_bulk_rows *rows, size_t i, trdbi_buf *out, trdb_error **reterr);

/* Row i as an input struct of this library, at most *room bytes. It lives until the next one. */
int trdbi_bulk_row(trdbi_bulk_rows *rows, size_t i, const char **ret, size_t *room, trdb_error **reterr);

/* Checks the value of a member and appends it with its length. 1: it is not given. */
int trdbi_bulk_put_member(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item, const char *at,
                          trdbi_buf *out, trdb_error **reterr);

/* Reads which columns row i gives and makes them the run's. 0; TRDB_E_* for a row that is malformed. */
int trdbi_bulk_begin_run(trdbi_bulk_rows *rows, size_t i, trdb_error **reterr);
/* Chooses the wire types: those of the table, as far as the library writes them. */
void trdbi_bulk_set_types(trdbi_bulk_rows *rows, const trdbi_facts *facts);
/* Whether COPY can write the run's columns; whether they can be arrays. */
bool trdbi_bulk_copies(const trdbi_bulk_rows *rows, const trdbi_facts *facts);
bool trdbi_bulk_unnests(const trdbi_bulk_rows *rows, const trdbi_facts *facts);

/* Appends row i as COPY wants it. 1: it gives other columns than the run, and nothing was appended. */
int trdbi_bulk_put_row(trdbi_bulk_rows *rows, size_t i, trdbi_buf *out, trdb_error **reterr);
/* Appends rows [from, from + *count) as one array parameter for each given column, at most about `limit` bytes
 * in all. *count receives how many those are: fewer when a row gives other columns or the limit is met; 0 when
 * the first one does not belong to the run. The error tells the row that is refused. */
int trdbi_bulk_put_arrays(trdbi_bulk_rows *rows, size_t from, size_t limit, size_t *count,
                          trdbi_params *params, trdb_error **reterr);

/* ---- bulk.c ---------------------------------------------------------------------------------------- */

#define TRDBI_BULK_SAVEPOINT "trdb_bulk"

/* What the caller wants back. */
typedef enum trdbi_bulk_want {
    TRDBI_WANT_NOTHING = TRDBI_RETURN_NOTHING,
    TRDBI_WANT_ROWS = TRDBI_RETURN_ROW,
    TRDBI_WANT_KEYS = TRDBI_RETURN_KEY,
    TRDBI_WANT_COUNTS = TRDBI_RETURN_FRESH /* of an upsert: how many were inserted and updated */
} trdbi_bulk_want;

/* A call under way. Pieces go one after the other; rows before `done` are stored. */
typedef struct trdbi_bulk {
    trdb_uow *uow;
    const trdbi_table *table;
    trdbi_op op;
    unsigned unique;
    trdbi_bulk_want want;
    trdb_bulk_options options;
    trdbi_bulk_rows rows;
    const trdbi_facts *facts; /* all zero when nobody asked */
    trdbi_facts *own_facts;   /* the same, as long as they are not left to the unit; or NULL */
    trdbi_params params; /* of a piece; kept from one to the next */
    trdbi_list *list;
    size_t done;
    size_t next_told; /* rows at which progress is told next */
    size_t inserted, updated;
    bool mixed; /* the sets of columns change all the time */
    /* A faster way has failed: pieces are small, and these rows go statement by statement. */
    bool small_pieces;
    size_t single_from, single_until;
    char name[96]; /* "trading_trades.insert" */
} trdbi_bulk;

/* Tells the progress when it is time; the error when the listener stops the call. */
int trdbi_bulk_tell(trdbi_bulk *b, size_t done, trdb_error **reterr);
/* Whether rows of this run come back from the server: keys that the rows give themselves do not. */
bool trdbi_bulk_returns(const trdbi_bulk *b);
/* Whether an error lies in a row, so that another way would find it there. */
bool trdbi_bulk_row_failed(int code);
/* How many rows the next piece may have at most. */
size_t trdbi_bulk_room(const trdbi_bulk *b);
/* After a failed piece of rows from b->done to `until`, of which those from `from` on are suspect: undoes it and
 * sets up the slower way, and frees the error. Leaves all as it is when the error tells a row already, or is no
 * row's fault. */
int trdbi_bulk_retry(trdbi_bulk *b, size_t from, size_t until, int code, trdb_error **error);
/* When the error tells a row: checks it by itself, and replaces the server's words by the library's own when
 * those say what is wrong, as they would have before sending. */
int trdbi_bulk_look_again(trdbi_bulk *b, int code, trdb_error **error);
/* Keeps what the server gave for row i: a result's row `at`. */
int trdbi_bulk_take(trdbi_bulk *b, size_t i, const trdbi_result *result, size_t at, trdb_error **reterr);

/* Appends names of the run's columns, each with a prefix, separated by commas. */
void trdbi_bulk_columns(trdbi_buf *sql, const trdbi_bulk_rows *rows, const char *prefix);
/* Appends rows for COPY, as trdbi_copy's `fill` does: from first + *made on, at most `count` in all. An error
 * tells the row counted from `first`. */
int trdbi_bulk_fill(trdbi_bulk *b, size_t first, size_t count, size_t *made, trdbi_buf *out,
                    trdb_error **reterr);

/*
 * A piece each: rows from b->done on, as many as go well together; they move b->done. When a row fails in a
 * way that names none, they undo the piece, set up the slower way and answer 0.
 */
int trdbi_bulk_copy(trdbi_bulk *b, trdb_error **reterr);
int trdbi_bulk_unnest(trdbi_bulk *b, trdb_error **reterr);
int trdbi_bulk_stage(trdbi_bulk *b, trdb_error **reterr);
