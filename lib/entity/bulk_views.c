/* SPDX-License-Identifier: MIT */
/*
 * Columns that a caller gives in place of rows. What they are made of is checked at the beginning, what
 * stands in them value by value: a value becomes a member of an input struct, so that every way says the same
 * of it, and the same as of rows. Only plain values on their way to COPY go straight from buffer to buffer
 * (bulk_views_put.c).
 */
#include "entity/bulk_views.h"

#include <stdlib.h>

/* ---- what a column is made of ----------------------------------------------------------------------- */

static const char *kind_name(int32_t kind) {
    static const char *const names[] = {"",     "int64", "bool", "decimal", "float64", "timestamp",
                                        "uuid", "text",  "JSON", "bytes",   "codes",   "arrays of text"};
    return kind >= TRDB_COLUMN_I64 && kind <= TRDB_COLUMN_TEXTS ? names[kind] : "an unknown kind";
}

/* How the values of a kind of view come into a column; 0: they do not. */
static trdbi_view_way way_of(const trdbi_column *column, int32_t kind) {
    bool text = kind == TRDB_COLUMN_TEXT, codes = kind == TRDB_COLUMN_CODES;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        return kind == TRDB_COLUMN_I64 ? TRDBI_WAY_I64 : TRDBI_WAY_NONE;
    case TRDBI_BOOL:
        return kind == TRDB_COLUMN_BOOL ? TRDBI_WAY_BOOL : TRDBI_WAY_NONE;
    case TRDBI_DECIMAL:
        return kind == TRDB_COLUMN_DECIMAL ? TRDBI_WAY_DECIMAL
               : kind == TRDB_COLUMN_I64   ? TRDBI_WAY_SCALED
               : text                      ? TRDBI_WAY_MEMBER
                                           : TRDBI_WAY_NONE;
    case TRDBI_TIMESTAMP:
        return kind == TRDB_COLUMN_TIMESTAMP ? TRDBI_WAY_TIME : TRDBI_WAY_NONE;
    case TRDBI_UUID:
        return kind == TRDB_COLUMN_UUID ? TRDBI_WAY_UUID : TRDBI_WAY_NONE;
    case TRDBI_TEXT:
        return codes ? TRDBI_WAY_CODES : text ? TRDBI_WAY_TEXT : TRDBI_WAY_NONE;
    case TRDBI_JSON:
        return codes ? TRDBI_WAY_CODES : text || kind == TRDB_COLUMN_JSON ? TRDBI_WAY_TEXT : TRDBI_WAY_NONE;
    case TRDBI_ENUM:
    case TRDBI_INET:
        return codes ? TRDBI_WAY_CODES : text ? TRDBI_WAY_MEMBER : TRDBI_WAY_NONE;
    case TRDBI_BYTES:
        return kind == TRDB_COLUMN_BYTES ? TRDBI_WAY_MEMBER : TRDBI_WAY_NONE;
    case TRDBI_TEXTS:
        return kind == TRDB_COLUMN_TEXTS ? TRDBI_WAY_MEMBER : TRDBI_WAY_NONE;
    }
    return TRDBI_WAY_NONE;
}

/* Bytes that the values take; 0 for what lies between offsets. */
static int64_t data_size(const trdb_column_view *view) {
    switch (view->kind) {
    case TRDB_COLUMN_BOOL:
        return view->length / 8 + (view->length % 8 > 0);
    case TRDB_COLUMN_CODES:
        return view->length * (int64_t)sizeof(int32_t);
    case TRDB_COLUMN_I64:
    case TRDB_COLUMN_TIMESTAMP:
        return view->length * (int64_t)sizeof(int64_t);
    case TRDB_COLUMN_DECIMAL:
    case TRDB_COLUMN_UUID:
        return view->length * (int64_t)sizeof(trdb_uuid);
    default:
        return 0;
    }
}

/* Whether the buffers of a view are there and hold its values. */
static int check_buffers(const trdbi_table *table, const trdbi_column *column, const trdb_column_view *view,
                         trdb_error **reterr) {
    bool between = view->kind == TRDB_COLUMN_TEXT || view->kind == TRDB_COLUMN_JSON ||
                   view->kind == TRDB_COLUMN_BYTES || view->kind == TRDB_COLUMN_TEXTS;
    if (view->length < 0 || view->length > INT64_MAX / 16)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%lld is no number of values",
                            (long long)view->length);
    if (view->data_size < data_size(view))
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                            "%lld values take %lld bytes of data, not %lld", (long long)view->length,
                            (long long)data_size(view), (long long)view->data_size);
    if (view->data_size > 0 && !view->data)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%lld bytes but no data",
                            (long long)view->data_size);
    if (between && view->length > 0 && !view->offsets)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "there are no offsets");
    if ((view->kind == TRDB_COLUMN_DECIMAL || view->kind == TRDB_COLUMN_I64) &&
        (view->scale < 0 || view->scale > TRDB_DECIMAL_MAX_SCALE))
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%d is no scale, wanted 0 to 38",
                            view->scale);
    return 0;
}

static int check_child(const trdbi_table *table, const trdbi_bulk_view *v, trdb_error **reterr) {
    const char *what = v->view.kind == TRDB_COLUMN_CODES ? "dictionary" : "elements";
    if (v->view.kind != TRDB_COLUMN_CODES && v->view.kind != TRDB_COLUMN_TEXTS)
        return 0;
    if (!v->view.child)
        return trdbi_refuse(table, v->column, TRDB_E_INVALID, reterr, "there is no %s", what);
    if (v->child.kind != TRDB_COLUMN_TEXT)
        return trdbi_refuse(table, v->column, TRDB_E_INVALID, reterr, "the %s hold %s, wanted text", what,
                            kind_name(v->child.kind));
    if (v->view.kind == TRDB_COLUMN_CODES && v->child.validity)
        return trdbi_refuse(table, v->column, TRDB_E_INVALID, reterr, "NULL stands in the dictionary");
    return check_buffers(table, v->column, &v->child, reterr);
}

/* A view of the caller as this library has it: one of a newer caller is larger. */
static int read_view(const trdbi_table *table, const trdb_column_view *from, size_t stride,
                     trdb_column_view *to, trdb_error **reterr) {
    for (size_t i = sizeof *to; i < stride; i++)
        if (((const char *)from)[i] != 0)
            return trdbi_error(reterr, TRDB_E_INVALID,
                               "%s: a column has fields that this library (" TRDB_VERSION ") does not know",
                               table->name);
    memcpy(to, from, sizeof *to);
    return 0;
}

static int find(const trdbi_table *table, const char *name, const trdbi_column **ret, trdb_error **reterr) {
    for (unsigned i = 0; name && i < table->column_count; i++) {
        *ret = &table->columns[i];
        if (strcmp((*ret)->field.name, name) == 0)
            return 0;
    }
    return name ? trdbi_error(reterr, TRDB_E_INVALID, "%s: there is no column \"%.60s\"", table->name, name)
                : trdbi_error(reterr, TRDB_E_INVALID, "%s: a column has no name", table->name);
}

static int open_view(const trdbi_table *table, const trdb_column_view *from, size_t stride,
                     trdbi_bulk_view *v, trdb_error **reterr) {
    int code = read_view(table, from, stride, &v->view, reterr);
    if (code == 0 && v->view.child)
        code = read_view(table, v->view.child, stride, &v->child, reterr);
    if (code == 0)
        code = find(table, v->view.name, &v->column, reterr);
    if (code < 0)
        return code;
    v->way = (uint8_t)way_of(v->column, v->view.kind);
    if (v->view.kind == TRDB_COLUMN_F64)
        return trdbi_refuse(table, v->column, TRDB_E_INEXACT, reterr,
                            "float64 is not exact; give decimals, integers with a scale, or text");
    if (v->way == TRDBI_WAY_NONE)
        return trdbi_refuse(table, v->column, TRDB_E_INVALID, reterr, "%s does not go into this column",
                            kind_name(v->view.kind));
    code = check_buffers(table, v->column, &v->view, reterr);
    if (code == 0)
        code = check_child(table, v, reterr);
    if (code < 0 || v->way != TRDBI_WAY_CODES)
        return code;
    v->words = calloc((size_t)v->child.length + 1, sizeof *v->words);
    return v->words ? 0 : trdbi_error_nomem(reterr);
}

/* ---- all columns ------------------------------------------------------------------------------------ */

/* Puts a view to its place in the table's order; those that are open are `count`. */
static int place(trdbi_bulk_rows *rows, const trdbi_bulk_view *v, trdb_error **reterr) {
    unsigned at = rows->view_count;
    for (; at > 0 && rows->views[at - 1].column >= v->column; at--)
        if (rows->views[at - 1].column == v->column)
            return trdbi_refuse(rows->table, v->column, TRDB_E_INVALID, reterr, "the column is given twice");
    memmove(rows->views + at + 1, rows->views + at, (rows->view_count - at) * sizeof *v);
    rows->views[at] = *v;
    rows->view_count++;
    return 0;
}

static void free_view(trdbi_bulk_view *v) {
    free(v->words);
    trdbi_buf_free(&v->wire);
    trdbi_buf_free(&v->text);
    trdbi_buf_free(&v->items);
}

void trdbi_views_free(trdbi_bulk_rows *rows) {
    for (unsigned i = 0; i < rows->view_count; i++)
        free_view(&rows->views[i]);
    free(rows->views);
    rows->views = NULL;
    rows->view_count = 0;
}

static int check_length(const trdbi_bulk_rows *rows, const trdbi_bulk_view *v, trdb_error **reterr) {
    const trdbi_bulk_view *first = &rows->views[0];
    if (rows->view_count == 0 || first->view.length == v->view.length)
        return 0;
    return trdbi_refuse(rows->table, v->column, TRDB_E_INVALID, reterr, "%lld values, but %s has %lld",
                        (long long)v->view.length, first->column->field.name, (long long)first->view.length);
}

static int add_view(trdbi_bulk_rows *rows, const trdb_column_view *from, size_t stride, trdb_error **reterr) {
    trdbi_bulk_view v = {.way = TRDBI_WAY_NONE};
    int code = open_view(rows->table, from, stride, &v, reterr);
    if (code == 0)
        code = check_length(rows, &v, reterr);
    if (code == 0)
        code = place(rows, &v, reterr);
    if (code < 0)
        free_view(&v);
    return code;
}

/* Keys that the library makes where they are not given. */
static int add_made_key(trdbi_bulk_rows *rows, trdb_error **reterr) {
    trdbi_bulk_view v = {.column = trdbi_key_column(rows->table), .way = TRDBI_WAY_MEMBER};
    if (!(v.column->flags & TRDBI_MADE_KEY))
        return 0;
    for (unsigned i = 0; i < rows->view_count; i++)
        if (rows->views[i].column == v.column)
            return 0;
    return place(rows, &v, reterr);
}

int trdbi_views_open(trdbi_bulk_rows *rows, const trdb_column_view *columns, size_t stride, size_t count,
                     trdb_error **reterr) {
    const trdbi_table *table = rows->table;
    if (!columns || count == 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: no columns are given", table->name);
    if (stride < sizeof *columns || stride > UINT16_MAX)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: column_size is %zu; give sizeof(trdb_column_view)",
                           table->name, stride);
    rows->views = calloc(table->column_count + 1u, sizeof *rows->views);
    if (!rows->views)
        return trdbi_error_nomem(reterr);
    for (size_t i = 0; i < count; i++) {
        const void *at = (const char *)columns + i * stride;
        int code = add_view(rows, at, stride, reterr);
        if (code < 0)
            return code;
    }
    rows->count = (size_t)rows->views[0].view.length;
    return add_made_key(rows, reterr);
}

int trdbi_views_required(const trdbi_bulk_rows *rows, const trdbi_facts *facts, trdb_error **reterr) {
    uint64_t missing = facts->required;
    for (unsigned i = 0; i < rows->view_count; i++)
        missing &= ~(UINT64_C(1) << (rows->views[i].column - rows->table->columns));
    if (missing == 0)
        return 0;
    return trdbi_refuse(rows->table, &rows->table->columns[__builtin_ctzll(missing)], TRDB_E_NOT_NULL, reterr,
                        "the column is not given, and the table has no default for it");
}

/* ---- a value as a member ---------------------------------------------------------------------------- */

/* The bytes of a value that lies between offsets. */
static int piece(const trdbi_bulk_rows *rows, const trdbi_bulk_view *v, const trdb_column_view *view,
                 size_t i, const char **ret, size_t *ret_size, trdb_error **reterr) {
    int64_t from = view->offsets[i], until = view->offsets[i + 1];
    if (from < 0 || until < from || until > view->data_size)
        return trdbi_refuse(rows->table, v->column, TRDB_E_INVALID, reterr,
                            "the offsets go from %lld to %lld, within %lld bytes", (long long)from,
                            (long long)until, (long long)view->data_size);
    *ret = until > from ? (const char *)view->data + from : "";
    *ret_size = (size_t)(until - from);
    return 0;
}

/* Appends a text with a NUL behind it, which no text has within. */
static int keep_text(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, const char *text, size_t size,
                     trdb_error **reterr) {
    const char *nul = memchr(text, '\0', size);
    if (nul)
        return trdbi_refuse(rows->table, v->column, TRDB_E_ENCODING, reterr,
                            "the text has a NUL byte (at byte %zu)", (size_t)(nul - text));
    trdbi_buf_append(&v->text, text, size);
    trdbi_buf_char(&v->text, '\0');
    return v->text.failed ? trdbi_error_nomem(reterr) : 0;
}

/* Text i, of the view itself or of its dictionary. */
static int read_text(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, size_t i, trdb_error **reterr) {
    const trdb_column_view *view = &v->view;
    const char *text = NULL;
    size_t size = 0;
    if (view->kind == TRDB_COLUMN_CODES) {
        int32_t number = trdbi_code_at(view, i);
        if (number < 0 || number >= v->child.length)
            return trdbi_refuse(rows->table, v->column, TRDB_E_INVALID, reterr,
                                "code %d is not in a dictionary of %lld texts", number,
                                (long long)v->child.length);
        view = &v->child;
        i = (size_t)number;
    }
    int code = piece(rows, v, view, i, &text, &size, reterr);
    trdbi_buf_clear(&v->text);
    return code == 0 ? keep_text(rows, v, text, size, reterr) : code;
}

static int make_enum(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, trdbi_member *m, trdb_error **reterr) {
    int32_t value = trdbi_enum_find(v->column->field.values, v->text.data, v->text.size - 1);
    if (value == 0 && v->column->flags & TRDBI_SECRET)
        return trdbi_refuse(rows->table, v->column, TRDB_E_INVALID, reterr, "the text is none of %s",
                            v->column->field.values->name);
    if (value == 0)
        return trdbi_refuse(rows->table, v->column, TRDB_E_INVALID, reterr, "\"%.60s\" is none of %s",
                            v->text.data, v->column->field.values->name);
    m->enumeration = trdb_enum(value);
    return 0;
}

static int make_decimal(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, size_t i, trdbi_member *m,
                        trdb_error **reterr) {
    const unsigned scale = (unsigned)v->view.scale;
    m->decimal.state = TRDB_GIVEN;
    if (v->view.kind == TRDB_COLUMN_I64)
        return trdb_decimal_from_i64(trdbi_i64_at(&v->view, i), scale, &m->decimal.value);
    if (v->view.kind == TRDB_COLUMN_DECIMAL) {
        trdbi_i128 value = trdbi_i128_at(&v->view, i);
        trdbi_u128 size = value < 0 ? -(trdbi_u128)value : (trdbi_u128)value;
        if (size >= trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS])
            return trdbi_refuse(rows->table, v->column, TRDB_E_RANGE, reterr, "more than 38 digits");
        m->decimal.value = trdbi_decimal_make(value < 0, size, scale);
        return 0;
    }
    int code = read_text(rows, v, i, reterr);
    if (code < 0)
        return code;
    code = trdb_decimal_parse(v->text.data, &m->decimal.value);
    if (code < 0)
        return trdbi_refuse(rows->table, v->column, code, reterr,
                            code == TRDB_E_RANGE ? "more than 38 digits" : "the text is no decimal");
    return 0;
}

static trdb_timestamp time_of(int64_t us) {
    if (us == INT64_MAX)
        return (trdb_timestamp){.kind = TRDB_TIMESTAMP_INFINITY};
    if (us == INT64_MIN)
        return (trdb_timestamp){.kind = TRDB_TIMESTAMP_NEG_INFINITY};
    return (trdb_timestamp){.us = us, .kind = TRDB_TIMESTAMP_FINITE};
}

/* The elements with NULs behind them, then their addresses: memory may move while it grows. */
static int make_texts(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, size_t i, trdbi_member *m,
                      trdb_error **reterr) {
    int64_t from = v->view.offsets[i], until = v->view.offsets[i + 1];
    if (from < 0 || until < from || until > v->child.length)
        return trdbi_refuse(rows->table, v->column, TRDB_E_INVALID, reterr,
                            "the offsets go from %lld to %lld, within %lld elements", (long long)from,
                            (long long)until, (long long)v->child.length);
    trdbi_buf_clear(&v->text);
    trdbi_buf_clear(&v->items);
    for (int64_t at = from; at < until; at++) {
        const char *text = NULL, *place = trdb_column_has(&v->child, at) ? "" : NULL;
        size_t size = 0;
        int code = place ? piece(rows, v, &v->child, (size_t)at, &text, &size, reterr) : 0;
        if (code == 0 && place)
            code = keep_text(rows, v, text, size, reterr);
        if (code < 0)
            return code;
        trdbi_buf_append(&v->items, &place, sizeof place);
    }
    if (v->items.failed)
        return trdbi_error_nomem(reterr);
    const char **items = (const char **)(void *)v->items.data;
    const char *text = v->text.data;
    for (size_t k = 0; k < (size_t)(until - from); k++) {
        if (!items[k])
            continue;
        items[k] = text;
        text += strlen(text) + 1;
    }
    m->texts = trdb_texts_value(items, (size_t)(until - from));
    return 0;
}

static int make_member(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, size_t i, trdbi_member *m,
                       trdb_error **reterr) {
    const trdb_column_view *view = &v->view;
    const char *data = NULL;
    size_t size = 0;
    int code;
    switch ((trdbi_kind)v->column->field.kind) {
    case TRDBI_I64:
        m->i64 = trdb_i64(trdbi_i64_at(view, i));
        return 0;
    case TRDBI_BOOL:
        m->boolean = trdb_bool(((const uint8_t *)view->data)[i / 8] >> i % 8 & 1);
        return 0;
    case TRDBI_DECIMAL:
        return make_decimal(rows, v, i, m, reterr);
    case TRDBI_TIMESTAMP:
        m->timestamp = trdb_time(time_of(trdbi_i64_at(view, i)));
        return 0;
    case TRDBI_UUID:
        m->uuid.state = TRDB_GIVEN;
        memcpy(&m->uuid.value, (const char *)view->data + i * sizeof m->uuid.value, sizeof m->uuid.value);
        return 0;
    case TRDBI_BYTES:
        code = piece(rows, v, view, i, &data, &size, reterr);
        if (code == 0)
            m->bytes = trdb_bytes_value(data, size);
        return code;
    case TRDBI_TEXTS:
        return make_texts(rows, v, i, m, reterr);
    default:
        code = read_text(rows, v, i, reterr);
        if (code == 0 && v->column->field.kind == TRDBI_ENUM)
            return make_enum(rows, v, m, reterr);
        m->text = v->text.data;
        return code;
    }
}

/* NULL, in the struct of each kind. */
static void make_null(const trdbi_column *column, trdbi_member *m) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        m->i64.state = TRDB_GIVEN_NULL;
        return;
    case TRDBI_BOOL:
        m->boolean.state = TRDB_GIVEN_NULL;
        return;
    case TRDBI_ENUM:
        m->enumeration.state = TRDB_GIVEN_NULL;
        return;
    case TRDBI_DECIMAL:
        m->decimal.state = TRDB_GIVEN_NULL;
        return;
    case TRDBI_TIMESTAMP:
        m->timestamp.state = TRDB_GIVEN_NULL;
        return;
    case TRDBI_UUID:
        m->uuid.state = TRDB_GIVEN_NULL;
        return;
    case TRDBI_BYTES:
        m->bytes.state = TRDB_GIVEN_NULL;
        return;
    case TRDBI_TEXTS:
        m->texts.state = TRDB_GIVEN_NULL;
        return;
    default:
        m->text = TRDB_NULL_TEXT;
    }
}

int trdbi_view_value(const trdbi_bulk_rows *rows, trdbi_bulk_view *v, size_t i, char *in,
                     trdb_error **reterr) {
    trdbi_member m;
    int code = 0;
    memset(&m, 0, sizeof m);
    if (v->view.kind != 0 && !trdb_column_has(&v->view, (int64_t)i))
        make_null(v->column, &m);
    else if (v->view.kind != 0)
        code = make_member(rows, v, i, &m, reterr);
    memcpy(in + v->column->new_offset, &m, trdbi_member_size(v->column));
    return code;
}
