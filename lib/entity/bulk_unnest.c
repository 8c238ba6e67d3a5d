/* SPDX-License-Identifier: MIT */
/*
 * Many rows as arrays: a statement inserts up to 1000, and many of them share a round trip. It is for rows
 * whose keys or values are wanted back.
 *
 * Which answer belongs to which row: INSERT … SELECT … ORDER BY takes the keys from a sequence in that order,
 * which PostgreSQL promises, and gives RETURNING in the order in which it inserts, which it does not. So keys are
 * looked at: those that the rows gave must come back as they were, and those of a sequence must ascend. Where a
 * trigger, a rule or another default could make keys of another kind, bulk.c does not come here.
 */
#include "entity/bulk.h"

#include <stdio.h>

enum {
    CHUNK_ROWS = 1000,
    CHUNK_BYTES = 1 << 20, /* as much as the connection queues at a time */
    CHUNKS = 32 /* under one savepoint: each is a subtransaction, of which a server handles 64 with ease */
};

/* ---- the statement --------------------------------------------------------------------------------- */

/* What decides its text and the types of its parameters; compared as bytes. */
typedef struct arrays_key {
    const char *what; /* keeps it apart from shapes, which begin with a table */
    const trdbi_table *table;
    uint64_t columns;
    uint64_t returning;
    uint8_t int_size[TRDBI_MAX_COLUMNS];
} arrays_key;

typedef struct arrays {
    trdbi_bulk *b;
    arrays_key key;
    char name[96];
    size_t first[CHUNKS + 1]; /* rows at which the chunks begin, and where the last ends */
    size_t chunks;
    size_t until; /* the piece ends before this row at the latest */
    bool ended;
    bool released;
    int64_t refused; /* a row that was not sent; -1: none */
} arrays;

static const char what[] = "arrays";

static void put_values(trdbi_buf *sql, const trdbi_bulk *b) {
    for (unsigned i = 0; i < b->rows.given; i++) {
        const trdbi_column *column = b->rows.items[i].column;
        trdbi_buf_text(sql, i > 0 ? ", u." : "u.");
        trdbi_buf_identifier(sql, column->field.name);
        if (column->flags & TRDBI_NATIVE_ENUM) /* no assignment makes one of text */
            trdbi_buf_printf(sql, "::%s", b->facts->names.data + b->facts->name_at[column - b->table->columns]);
    }
}

static int build(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    const arrays *a = ctx;
    const trdbi_bulk *b = a->b;
    trdbi_buf_text(sql, "INSERT INTO ");
    trdbi_buf_text(sql, trdbi_uow_schema(b->uow));
    trdbi_buf_identifier(sql, b->table->name);
    trdbi_buf_text(sql, " (");
    trdbi_bulk_columns(sql, &b->rows, "");
    trdbi_buf_text(sql, ") SELECT ");
    put_values(sql, b);
    for (unsigned i = 0; i < b->rows.given; i++)
        trdbi_buf_printf(sql, i > 0 ? ", $%u" : " FROM unnest($%u", i + 1);
    trdbi_buf_text(sql, ") WITH ORDINALITY AS u (");
    trdbi_bulk_columns(sql, &b->rows, "");
    trdbi_buf_text(sql, ", trdb_row) ORDER BY u.trdb_row");
    if (a->key.returning)
        trdbi_buf_text(sql, " RETURNING ");
    for (unsigned i = 0; a->key.returning == TRDBI_RETURN_ROW && i < b->table->column_count; i++) {
        trdbi_buf_text(sql, i > 0 ? ", " : "");
        trdbi_buf_identifier(sql, b->table->columns[i].field.name);
    }
    if (a->key.returning == TRDBI_RETURN_KEY)
        trdbi_buf_identifier(sql, trdbi_key_column(b->table)->field.name);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static int build_text(const void *text, trdbi_buf *sql, trdb_error **reterr) {
    trdbi_buf_text(sql, text);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static trdbi_statement plain(const char *name, const char *sql) {
    return (trdbi_statement){.name = name, .key = sql, .key_size = strlen(sql), .build = build_text, .ctx = sql};
}

static void init(arrays *a, trdbi_bulk *b) {
    memset(a, 0, sizeof *a);
    a->b = b;
    a->refused = -1;
    a->until = b->done + trdbi_bulk_room(b);
    a->first[0] = b->done;
    a->key.what = what;
    a->key.table = b->table;
    a->key.columns = b->rows.columns;
    a->key.returning = trdbi_bulk_returns(b) ? (uint64_t)b->want : TRDBI_RETURN_NOTHING;
    for (unsigned i = 0; i < b->rows.given; i++)
        a->key.int_size[i] = b->rows.items[i].int_size;
    snprintf(a->name, sizeof a->name, "%s.unnest", b->table->name);
}

/* ---- sending --------------------------------------------------------------------------------------- */

/* Makes the next chunk; sets `ended` when there is none. */
static int make_chunk(arrays *a, trdbi_params *params, trdb_error **reterr) {
    size_t from = a->first[a->chunks], count = a->until - from < CHUNK_ROWS ? a->until - from : CHUNK_ROWS;
    if (a->chunks == CHUNKS || count == 0) {
        a->ended = true;
        return 0;
    }
    int code = trdbi_bulk_tell(a->b, from, reterr);
    if (code == 0)
        code = trdbi_bulk_put_arrays(&a->b->rows, from, CHUNK_BYTES, &count, params, reterr);
    if (code < 0) {
        a->refused = trdb_error_row(reterr ? *reterr : NULL);
        return code;
    }
    if (count == 0) {
        a->ended = true;
        return 0;
    }
    a->first[++a->chunks] = from + count;
    return 0;
}

/* Savepoint, chunks, release. The first chunk was made ahead, so that a bad row there costs nothing. */
static int next(void *arg, size_t i, trdbi_params *params, trdbi_statement *ret, trdb_error **reterr) {
    arrays *a = arg;
    int code = 0;
    if (i == 0) {
        *ret = plain("savepoint", "SAVEPOINT " TRDBI_BULK_SAVEPOINT);
        return 0;
    }
    if (i == 1) {
        trdbi_params ahead = a->b->params;
        a->b->params = *params;
        *params = ahead;
    } else if (!a->ended) {
        code = make_chunk(a, params, reterr);
    }
    *ret = (trdbi_statement){.name = a->name,
                             .key = &a->key,
                             .key_size = offsetof(arrays_key, int_size) + a->b->rows.given,
                             .build = build,
                             .ctx = a,
                             .secret = a->b->table->secret};
    if (code < 0 || !a->ended)
        return code;
    if (a->released)
        return 1;
    trdbi_params_clear(params);
    a->released = true;
    *ret = plain("release", "RELEASE SAVEPOINT " TRDBI_BULK_SAVEPOINT);
    return 0;
}

/* ---- answers --------------------------------------------------------------------------------------- */

static int check_order(trdbi_bulk *b, size_t i, size_t first, trdbi_key *before, trdb_error **reterr) {
    const trdbi_column *column = trdbi_key_column(b->table);
    const char *row = b->want == TRDBI_WANT_ROWS ? trdbi_list_at(b->list, i) : NULL;
    size_t size = column->field.kind == TRDBI_UUID ? sizeof(trdb_uuid) : sizeof(int64_t);
    const char *sent = b->rows.keys ? b->rows.keys + i * size : NULL;
    const char *got = row ? row + column->field.offset : sent;
    bool right = true;
    if (column->field.kind == TRDBI_TEXT) {
        const char *text, *input;
        memcpy(&text, got, sizeof text);
        memcpy(&input, b->rows.rows + i * b->rows.stride + column->new_offset, sizeof input);
        right = strcmp(text, input) == 0;
    } else if (b->rows.columns >> b->table->key & 1) {
        right = memcmp(got, sent, size) == 0;
    } else {
        int64_t key;
        memcpy(&key, got, sizeof key);
        right = i == first || key > before->i64;
        before->i64 = key;
    }
    return right ? 0
                 : trdbi_error(reterr, TRDB_E_PROTOCOL, "%s: the rows came back in another order than they went",
                               b->table->name);
}

static int take(void *arg, size_t item, const trdbi_result *result, trdb_error **reterr) {
    arrays *a = arg;
    trdbi_bulk *b = a->b;
    if (!a->key.returning || item == 0 || item > a->chunks)
        return 0;
    size_t first = a->first[item - 1], count = a->first[item] - first;
    if (trdbi_result_rows(result) != count)
        return trdbi_error(reterr, TRDB_E_PROTOCOL, "%s: the server stored %zu of %zu rows", a->name,
                           trdbi_result_rows(result), count);
    trdbi_key before = {0};
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        code = trdbi_bulk_take(b, first + i, result, i, reterr);
        if (code == 0)
            code = check_order(b, first + i, first, &before, reterr);
    }
    return code;
}

/* ---- the piece ------------------------------------------------------------------------------------- */

/* An error tells the place of a statement: a chunk has no row to tell, a row that was not sent has. */
static int judge(arrays *a, int code, trdb_error **error) {
    trdbi_bulk *b = a->b;
    int64_t item = trdb_error_row(*error);
    if (item < 0)
        return code;
    if (a->refused >= 0 && (size_t)item == a->chunks + 1) {
        trdbi_error_set_row(error, a->refused);
        return code;
    }
    trdbi_error_set_row(error, -1);
    if (item == 0 || (size_t)item > a->chunks)
        return code;
    return trdbi_bulk_retry(b, a->first[item - 1], a->first[item], code, error);
}

int trdbi_bulk_unnest(trdbi_bulk *b, trdb_error **reterr) {
    arrays a;
    init(&a, b);
    int code = make_chunk(&a, &b->params, reterr);
    if (code < 0)
        return code;
    code = trdbi_uow_run_many(b->uow, CHUNKS + 3, next, take, &a, reterr);
    if (code == 0) {
        b->done = a.first[a.chunks];
        return 0;
    }
    return judge(&a, code, reterr);
}
