/* SPDX-License-Identifier: MIT */
/*
 * Many rows: which way they go, piece by piece. What was found out on the way stays with the call: that the
 * sets of columns change all the time, or that a faster way has failed and where.
 */
#include "entity/bulk.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    FEW = 50,         /* rows; below, the question for the facts costs more than it brings */
    COPY_FROM = 500,  /* below, an array does as well, in one round trip less */
    SHORT_RUN = 100,  /* a run that ended earlier is a sign that sets of columns change all the time */
    SMALL_PIECE = 1000,
    TELL_EVERY = 10000
};

/* ---- what the ways share --------------------------------------------------------------------------- */

int trdbi_bulk_tell(trdbi_bulk *b, size_t done, trdb_error **reterr) {
    if (!b->options.progress || done < b->next_told)
        return 0;
    b->next_told = done + b->options.progress_every;
    if (b->options.progress(b->options.progress_arg, done, b->rows.count) == 0)
        return 0;
    return trdbi_error(reterr, TRDB_E_CANCELLED, "%s: the program stopped the call after %zu of %zu rows",
                       b->table->name, done, b->rows.count);
}

static bool gives_key(const trdbi_bulk *b) {
    return b->rows.columns >> b->table->key & 1;
}

bool trdbi_bulk_returns(const trdbi_bulk *b) {
    return b->want == TRDBI_WANT_ROWS || b->want == TRDBI_WANT_COUNTS ||
           (b->want == TRDBI_WANT_KEYS && !gives_key(b));
}

bool trdbi_bulk_row_failed(int code) {
    switch (code) {
    case TRDB_E_INVALID:
    case TRDB_E_RANGE:
    case TRDB_E_INEXACT:
    case TRDB_E_ENCODING:
    case TRDB_E_DUPLICATE:
    case TRDB_E_REFERENCE:
    case TRDB_E_CHECK:
    case TRDB_E_NOT_NULL:
    case TRDB_E_NOT_FOUND:
    case TRDB_E_CONFLICT:
    case TRDB_E_SERVER:
        return true;
    default:
        return false;
    }
}

/* The one value that comes back for an insert whose key is wanted, or for an upsert. */
static int take_value(trdbi_bulk *b, size_t i, const trdbi_result *result, size_t at, trdb_error **reterr) {
    static const trdbi_field fresh = {.name = "inserted", .kind = TRDBI_BOOL, .plain = 1};
    trdbi_field field = b->want == TRDBI_WANT_COUNTS ? fresh : trdbi_key_column(b->table)->field;
    trdbi_key value = {0};
    field.offset = 0;
    int code = trdbi_result_decode(result, at, &field, sizeof field, 1, NULL, &value, reterr);
    if (code < 0)
        return code;
    if (b->want == TRDBI_WANT_COUNTS) {
        bool inserted;
        memcpy(&inserted, &value, sizeof inserted);
        b->inserted += inserted;
        b->updated += !inserted;
        return 0;
    }
    size_t size = field.kind == TRDBI_UUID ? sizeof value.uuid : sizeof value.i64;
    memcpy(b->rows.keys + i * size, &value, size);
    return 0;
}

int trdbi_bulk_take(trdbi_bulk *b, size_t i, const trdbi_result *result, size_t at, trdb_error **reterr) {
    if (b->want == TRDBI_WANT_ROWS)
        return trdbi_list_add(b->list, result, at, &b->table->columns->field, sizeof(trdbi_column),
                              b->table->column_count, reterr);
    return take_value(b, i, result, at, reterr);
}

size_t trdbi_bulk_room(const trdbi_bulk *b) {
    size_t left = (b->done < b->single_from ? b->single_from : b->rows.count) - b->done;
    return b->small_pieces && left > SMALL_PIECE ? SMALL_PIECE : left;
}

int trdbi_bulk_retry(trdbi_bulk *b, size_t from, size_t until, int code, trdb_error **error) {
    if (!trdbi_bulk_row_failed(code) || trdb_error_row(*error) >= 0 ||
        trdbi_uow_reopen(b->uow, TRDBI_BULK_SAVEPOINT, NULL) < 0)
        return code;
    trdbi_list_cut(b->list, b->done);
    if (until - from > SMALL_PIECE) {
        b->small_pieces = true;
    } else {
        b->single_from = from;
        b->single_until = until;
    }
    trdb_error_free(*error);
    *error = NULL;
    return 0;
}

int trdbi_bulk_look_again(trdbi_bulk *b, int code, trdb_error **error) {
    trdbi_shape shape = {.table = b->table, .op = (uint8_t)b->op};
    trdb_error *own = NULL;
    int64_t row = trdb_error_row(*error);
    const char *in;
    size_t room;
    if (row < 0)
        return code;
    /* The server names a line whatever made it end there: that may be one that it waited for. */
    if (!trdbi_bulk_row_failed(code) || (uint64_t)row >= b->rows.count) {
        trdbi_error_set_row(error, -1);
        return code;
    }
    trdbi_params_clear(&b->params);
    b->params.owner = b->uow;
    int found = trdbi_bulk_row(&b->rows, (size_t)row, &in, &room, &own);
    if (found == 0)
        found = trdbi_input_params(b->table, in, room, 0, &shape, &b->params, &own);
    if (found == 0)
        return code;
    trdbi_error_set_row(&own, row);
    trdb_error_free(*error);
    *error = own;
    return found;
}

/* ---- statement by statement ------------------------------------------------------------------------ */

typedef struct single {
    trdbi_bulk *b;
    trdbi_shape shape;
    trdbi_build build;
    trdbi_statement statement;
    size_t first, count;
    size_t equal; /* rows in a row that give the same columns */
    size_t sent;
} single;

static int single_next(void *arg, size_t i, trdbi_params *params, trdbi_statement *ret_statement,
                       trdb_error **reterr) {
    single *s = arg;
    const char *in;
    size_t room;
    uint64_t before = s->shape.columns;
    if (s->b->mixed && s->equal >= SHORT_RUN)
        return 1; /* from here on it is worth another try */
    int code = trdbi_bulk_tell(s->b, s->first + i, reterr);
    if (code < 0)
        return code;
    code = trdbi_bulk_row(&s->b->rows, s->first + i, &in, &room, reterr);
    if (code < 0)
        return code;
    s->shape.columns = 0;
    params->owner = s->b->uow;
    code = trdbi_input_params(s->b->table, in, room, 0, &s->shape, params, reterr);
    s->equal = s->shape.columns == before ? s->equal + 1 : 0;
    s->sent = i + 1;
    *ret_statement = s->statement;
    return code;
}

static int single_take(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr) {
    single *s = arg;
    /* A trigger may have left out a row of an upsert, which then counts as neither. */
    if (s->b->want == TRDBI_WANT_COUNTS && trdbi_result_rows(result) == 0)
        return 0;
    return trdbi_bulk_take(s->b, s->first + i, result, 0, reterr);
}

static int run_single(trdbi_bulk *b, size_t until, trdb_error **reterr) {
    single s = {.b = b, .first = b->done, .count = until - b->done};
    memset(&s.shape, 0, sizeof s.shape);
    s.shape.table = b->table;
    s.shape.op = (uint8_t)b->op;
    s.shape.unique = (uint8_t)b->unique;
    s.shape.returning = (uint8_t)b->want;
    s.build = (trdbi_build){.shape = &s.shape, .schema = trdbi_uow_schema(b->uow)};
    s.statement = trdbi_shape_statement(&s.build, b->name);
    int code = trdbi_uow_run_many(b->uow, s.count, single_next, b->want ? single_take : NULL, &s, reterr);
    if (code < 0)
        trdbi_error_shift_row(reterr, (int64_t)s.first);
    else
        b->done += s.sent;
    b->mixed = b->mixed && s.equal < SHORT_RUN;
    return code;
}

/* ---- which way ------------------------------------------------------------------------------------- */

static const char *const method_names[] = {"auto", "pipeline", "unnest", "copy"};

static bool can_copy(const trdbi_bulk *b) {
    if (b->op == TRDBI_OP_UPSERT)
        return b->facts->table && b->facts->temp && trdbi_bulk_copies(&b->rows, b->facts) &&
               !(b->table->uniques[b->unique].columns & ~b->rows.columns);
    return !trdbi_bulk_returns(b) && b->facts->table && b->facts->open &&
           trdbi_bulk_copies(&b->rows, b->facts);
}

/* What comes back belongs to the rows in their order when nothing changes the keys on the way, and the order
 * of the keys can be looked at. */
static bool can_unnest(const trdbi_bulk *b) {
    bool ordered = !trdbi_bulk_returns(b) || (b->facts->steady && (gives_key(b) || b->facts->serial));
    return b->op == TRDBI_OP_INSERT && b->facts->table && ordered && trdbi_bulk_unnests(&b->rows, b->facts);
}

static bool is_single(const trdbi_bulk *b) {
    return b->done >= b->single_from && b->done < b->single_until;
}

static int choose(trdbi_bulk *b, trdb_bulk_method *ret, trdb_error **reterr) {
    trdb_bulk_method asked = (trdb_bulk_method)b->options.method;
    size_t left = b->rows.count - b->done;
    bool automatic = asked == TRDB_BULK_AUTO, columns = b->rows.views != NULL;
    *ret = TRDB_BULK_PIPELINE;
    if (asked == TRDB_BULK_PIPELINE || is_single(b) || (automatic && !columns && (b->mixed || left < FEW)))
        return 0;
    int code = trdbi_bulk_begin_run(&b->rows, b->done, reterr);
    if (code < 0) {
        trdbi_error_set_row(reterr, (int64_t)b->done);
        return code;
    }
    trdbi_bulk_set_types(&b->rows, b->facts);
    bool copy = can_copy(b), unnest = can_unnest(b);
    if (copy && (asked == TRDB_BULK_COPY ||
                 (automatic && (left >= COPY_FROM || columns || (!unnest && b->op == TRDBI_OP_INSERT)))))
        *ret = TRDB_BULK_COPY;
    else if (unnest && asked != TRDB_BULK_COPY)
        *ret = TRDB_BULK_UNNEST;
    else if (!automatic)
        return trdbi_error(reterr, TRDB_E_UNSUPPORTED,
                           "%s: method %s cannot write row %zu here, or not give back what is wanted",
                           b->table->name, method_names[asked], b->done);
    return 0;
}

static int run_piece(trdbi_bulk *b, trdb_error **reterr) {
    trdb_bulk_method method = TRDB_BULK_PIPELINE;
    size_t before = b->done;
    int code = choose(b, &method, reterr);
    if (code < 0)
        return code;
    if (method == TRDB_BULK_PIPELINE)
        return run_single(b, is_single(b) ? b->single_until : b->rows.count, reterr);
    if (method == TRDB_BULK_UNNEST)
        code = trdbi_bulk_unnest(b, reterr);
    else
        code = b->op == TRDBI_OP_UPSERT ? trdbi_bulk_stage(b, reterr) : trdbi_bulk_copy(b, reterr);
    b->mixed = b->done - before < SHORT_RUN && b->done > before && b->done < b->rows.count;
    return code;
}

/* ---- the call -------------------------------------------------------------------------------------- */

static int check_call(const trdbi_table *table, const void *rows, size_t stride, size_t count,
                      trdb_error **reterr) {
    if (count > 0 && !rows)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: %zu rows but no array", table->name, count);
    if (stride < sizeof(size_t))
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: row_size is %zu; give sizeof(%s_new)", table->name,
                           stride, table->type);
    return 0;
}

static int take_options(trdbi_bulk *b, const trdb_bulk_options *options, trdb_error **reterr) {
    int code = trdbi_copy_struct(&b->options, sizeof b->options, options, "trdb_bulk_options", reterr);
    if (code < 0)
        return code;
    if (b->options.method < TRDB_BULK_AUTO || b->options.method > TRDB_BULK_COPY)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_bulk_options: method is %d, wanted a TRDB_BULK_*",
                           b->options.method);
    if (b->options.reserved != 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_bulk_options: reserved is not zero");
    if (b->options.progress_every == 0)
        b->options.progress_every = TELL_EVERY;
    b->next_told = b->options.progress_every;
    return 0;
}

static size_t key_size(const trdbi_table *table) {
    return trdbi_key_column(table)->field.kind == TRDBI_UUID ? sizeof(trdb_uuid) : sizeof(int64_t);
}

/* Where the answers go. Rows are compared with the keys that they were sent with. */
static int make_room(trdbi_bulk *b, trdb_error **reterr) {
    size_t count = b->rows.count > 0 ? b->rows.count : 1;
    bool keys = b->want == TRDBI_WANT_KEYS || b->want == TRDBI_WANT_ROWS;
    b->rows.older = malloc(b->table->new_size);
    b->rows.keys = keys && trdbi_key_column(b->table)->field.kind != TRDBI_TEXT
                       ? calloc(count, key_size(b->table))
                       : NULL;
    b->list = b->want == TRDBI_WANT_ROWS ? trdbi_list_empty(b->rows.count, b->table->row_size) : NULL;
    bool short_of = !b->rows.older || (b->want == TRDBI_WANT_KEYS && !b->rows.keys) ||
                    (b->want == TRDBI_WANT_ROWS && !b->list);
    return short_of ? trdbi_error_nomem(reterr) : 0;
}

/* For the unit's next call, unless a piece was undone, and the lock of the table with it. */
static void keep_facts(trdbi_bulk *b) {
    if (!b->own_facts || b->small_pieces || b->single_until > 0)
        return;
    trdbi_facts_leave(b->uow, b->own_facts);
    b->own_facts = NULL;
}

static int run(trdbi_bulk *b, trdb_error **reterr) {
    static const trdbi_facts unknown;
    int code = make_room(b, reterr);
    bool ask = b->rows.views || (b->options.method != TRDB_BULK_PIPELINE &&
                                 (b->rows.count >= FEW || b->options.method != TRDB_BULK_AUTO));
    b->facts = &unknown;
    if (code == 0 && ask && b->rows.count > 0)
        code = trdbi_facts_get(b->uow, b->table, &b->facts, &b->own_facts, reterr);
    if (code == 0 && b->rows.views)
        code = trdbi_views_required(&b->rows, b->facts, reterr);
    while (code == 0 && b->done < b->rows.count)
        code = run_piece(b, reterr);
    if (code == 0)
        keep_facts(b);
    if (code == 0 && b->rows.count > 0 && b->next_told != b->rows.count + b->options.progress_every) {
        b->next_told = b->rows.count;
        code = trdbi_bulk_tell(b, b->rows.count, reterr);
    }
    return code;
}

static void end(trdbi_bulk *b) {
    trdbi_views_free(&b->rows);
    trdbi_params_free(&b->params);
    trdbi_facts_free(b->own_facts);
    trdbi_list_free(b->list);
    free(b->rows.keys);
    free(b->rows.older);
}

/* The rows, or the views that stand for them, are there. */
static int call(trdbi_bulk *b, const trdb_bulk_options *options, trdb_error **reterr) {
    int code = take_options(b, options, reterr);
    if (code == 0)
        code = trdbi_uow_enter(b->uow, reterr);
    if (code < 0)
        return code;
    stpcpy(stpcpy(b->name, b->table->name), b->op == TRDBI_OP_UPSERT ? ".upsert" : ".insert");
    b->rows.uow = b->uow;
    trdb_error *error = NULL;
    trdbi_uow_group(b->uow, true);
    code = run(b, &error);
    trdbi_uow_group(b->uow, false);
    if (code < 0) {
        trdbi_error_default_statement(&error, b->name);
        if (b->done > 0)
            trdbi_uow_fail(b->uow, error);
        trdbi_error_hand(reterr, error);
    }
    trdbi_uow_leave(b->uow);
    return code;
}

static int call_rows(trdbi_bulk *b, const void *rows, size_t stride, size_t count,
                     const trdb_bulk_options *options, trdb_error **reterr) {
    int code = check_call(b->table, rows, stride, count, reterr);
    b->rows.table = b->table;
    b->rows.rows = rows;
    b->rows.stride = stride;
    b->rows.count = count;
    return code == 0 ? call(b, options, reterr) : code;
}

int trdbi_entity_insert_many(trdb_uow *uow, const trdbi_table *table, const void *rows, size_t stride,
                             size_t count, const trdb_bulk_options *options, void *ret, trdb_error **reterr) {
    trdbi_bulk b = {.uow = uow, .table = table, .op = TRDBI_OP_INSERT};
    b.want = ret ? TRDBI_WANT_ROWS : TRDBI_WANT_NOTHING;
    int code = call_rows(&b, rows, stride, count, options, reterr);
    if (code == 0 && ret) {
        trdbi_store(ret, b.list);
        b.list = NULL;
    }
    end(&b);
    return code;
}

int trdbi_entity_insert_keys(trdb_uow *uow, const trdbi_table *table, const void *rows, size_t stride,
                             size_t count, const trdb_bulk_options *options, void *ret_keys,
                             trdb_error **reterr) {
    trdbi_bulk b = {.uow = uow, .table = table, .op = TRDBI_OP_INSERT, .want = TRDBI_WANT_KEYS};
    if (count > 0 && !ret_keys)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: the place for the keys is NULL", table->name);
    int code = call_rows(&b, rows, stride, count, options, reterr);
    if (code == 0 && count > 0)
        memcpy(ret_keys, b.rows.keys, count * key_size(table));
    end(&b);
    return code;
}

int trdbi_entity_upsert_many(trdb_uow *uow, const trdbi_table *table, unsigned unique, const void *rows,
                             size_t stride, size_t count, const trdb_bulk_options *options,
                             size_t *ret_inserted, size_t *ret_updated, trdb_error **reterr) {
    trdbi_bulk b = {
        .uow = uow, .table = table, .op = TRDBI_OP_UPSERT, .unique = unique, .want = TRDBI_WANT_COUNTS};
    int code = call_rows(&b, rows, stride, count, options, reterr);
    if (code == 0 && ret_inserted)
        *ret_inserted = b.inserted;
    if (code == 0 && ret_updated)
        *ret_updated = b.updated;
    end(&b);
    return code;
}

int trdbi_entity_insert_columns(trdb_uow *uow, const trdbi_table *table, const trdb_column_view *columns,
                                size_t stride, size_t count, const trdb_bulk_options *options,
                                trdb_error **reterr) {
    trdbi_bulk b = {.uow = uow, .table = table, .op = TRDBI_OP_INSERT};
    b.rows.table = table;
    int code = trdbi_views_open(&b.rows, columns, stride, count, reterr);
    if (code == 0)
        code = call(&b, options, reterr);
    end(&b);
    return code;
}
