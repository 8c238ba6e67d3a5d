/* SPDX-License-Identifier: MIT */
/*
 * Rows into bytes: each value is checked and written once, straight to where it is sent from. The length that
 * stands before a value is the same in COPY and in arrays.
 *
 * Documents are not parsed here, since the server does that anyway; when it refuses one, its row is looked
 * at again (bulk.c), so that the error is the same.
 */
#include "entity/bulk_put.h"

enum { DIFFERS = 1 };

/* ---- values without a way of their own -------------------------------------------------------------- */

static void put_null(trdbi_buf *out) {
    trdbi_buf_u32(out, UINT32_MAX);
}

/* Documents are not parsed here; see above. */
static int put_text(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item, const char *text,
                    trdbi_buf *out, trdb_error **reterr) {
    size_t size = strlen(text);
    int code = trdbi_check_chars(rows->table, item->column, text, size, reterr);
    if (code < 0)
        return code;
    trdbi_buf_u32(out, (uint32_t)size + item->lead);
    if (item->lead)
        trdbi_buf_char(out, 1); /* the version of the form that jsonb has */
    trdbi_buf_append(out, text, size);
    return 0;
}

/* NULL, not given, malformed, and what the fast way leaves over. */
__attribute__((noinline)) int trdbi_bulk_put_member(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item,
                                                    const char *at, trdbi_buf *out, trdb_error **reterr) {
    trdbi_member m;
    memcpy(&m, at, item->size);
    int state = trdbi_member_given(rows->table, item->column, &m, reterr);
    if (state == TRDB_GIVEN_REF) { /* a round trip has gone ahead, so that its key is known */
        trdbi_ref ref;
        state = trdbi_member_ref(rows->table, item->column, &m, rows->uow, &ref, reterr);
    }
    if (state < 0)
        return state;
    if (state == TRDB_GIVEN_NULL) {
        put_null(out);
        return 0;
    }
    if (state == TRDB_NOT_GIVEN) {
        if (!(item->column->flags & TRDBI_MADE_KEY))
            return DIFFERS;
        m.uuid = trdb_uuid_value(trdb_uuid_make());
    }
    if (item->kind == TRDBI_TEXT || item->kind == TRDBI_JSON)
        return put_text(rows, item, m.text, out, reterr);
    size_t mark = trdbi_encode_element_begin(out);
    int code = trdbi_member_put(rows->table, item->column, &m, out, reterr);
    trdbi_encode_element_end(out, mark);
    if (code == 0 && item->kind == TRDBI_I64 && item->int_size < 8) { /* found to be in range just now */
        trdbi_buf_cut(out, mark);
        trdbi_buf_u32(out, item->int_size);
        if (item->int_size == 4)
            trdbi_buf_u32(out, (uint32_t)m.i64.value);
        else
            trdbi_buf_u16(out, (uint16_t)m.i64.value);
    }
    return code;
}

/* ---- the fast way: straight into the buffer ---------------------------------------------------------- */

WRITES put_i64(const trdbi_bulk_column *item, const trdb_in_i64 *in, char *p) {
    if (in->state != TRDB_GIVEN || in->value < item->least || in->value > item->most)
        return NULL;
    return put_integer(p, in->value, item->int_size);
}

WRITES put_bool(const trdb_in_bool *in, char *p) {
    if (in->state != TRDB_GIVEN || (in->value & ~1))
        return NULL;
    trdbi_put_u32(p, 1);
    p[LENGTH] = (char)in->value;
    return p + LENGTH + 1;
}

WRITES put_enum(const trdbi_bulk_column *item, const trdb_in_enum *in, char *p) {
    uint32_t i = (uint32_t)in->value - 1;
    if (in->state != TRDB_GIVEN || i >= item->labels)
        return NULL;
    trdbi_put_u32(p, item->label_size[i]);
    copy_ascii(p + LENGTH, item->column->field.values->values[i], item->label_size[i]);
    return p + LENGTH + item->label_size[i];
}

WRITES put_decimal(const trdbi_bulk_column *item, const trdb_in_decimal *in, char *p) {
    if (in->state != TRDB_GIVEN || !trdbi_fits_plainly(item->column, &in->value))
        return NULL;
    int size = trdbi_numeric_put(p + LENGTH, &in->value);
    trdbi_put_u32(p, (uint32_t)size);
    return size < 0 ? NULL : p + LENGTH + size;
}

WRITES put_timestamp(const trdb_in_timestamp *in, char *p) {
    if (in->state != TRDB_GIVEN || in->value.kind != TRDB_TIMESTAMP_FINITE ||
        in->value.us < TRDB_TIMESTAMP_MIN || in->value.us > TRDB_TIMESTAMP_MAX)
        return NULL;
    return put_integer(p, in->value.us - TRDBI_PG_EPOCH_US, 8);
}

WRITES put_uuid(const trdb_in_uuid *in, char *p) {
    if (in->state != TRDB_GIVEN)
        return NULL;
    trdbi_put_u32(p, sizeof in->value);
    memcpy(p + LENGTH, &in->value, sizeof in->value);
    return p + LENGTH + sizeof in->value;
}

WRITES put_short_text(const trdbi_bulk_column *item, const char *text, char *p, const char *limit) {
    if (text == NULL || text == TRDB_NULL_TEXT)
        return NULL;
    size_t size = strlen(text), lead = item->lead;
    p[LENGTH] = 1; /* jsonb: the version of the form */
    if (size > item->most_chars || (ptrdiff_t)size + LENGTH + 1 > limit - p ||
        !copy_ascii(p + LENGTH + lead, text, size))
        return NULL;
    trdbi_put_u32(p, (uint32_t)(size + lead));
    return p + LENGTH + lead + size;
}

/* The kind is a constant where a whole column is written. */
WRITES put_plain(const trdbi_bulk_column *item, unsigned kind, const void *at, char *p, const char *limit) {
    switch ((trdbi_kind)kind) {
    case TRDBI_I64:
        return put_i64(item, at, p);
    case TRDBI_BOOL:
        return put_bool(at, p);
    case TRDBI_ENUM:
        return put_enum(item, at, p);
    case TRDBI_DECIMAL:
        return put_decimal(item, at, p);
    case TRDBI_TIMESTAMP:
        return put_timestamp(at, p);
    case TRDBI_UUID:
        return put_uuid(at, p);
    case TRDBI_TEXT:
    case TRDBI_JSON:
        return put_short_text(item, *(const char *const *)at, p, limit);
    default:
        return NULL;
    }
}

/* The value of one column of a row, of which `values` may follow. 1: the row does not give it. */
static inline __attribute__((always_inline)) int put(const trdbi_bulk_rows *rows,
                                                     const trdbi_bulk_column *item, unsigned kind,
                                                     const char *row, row_pen *pen, size_t values, trdbi_buf *out,
                                                     trdb_error **reterr) {
    const char *at = row + item->new_offset;
    char *end = put_plain(item, kind, at, pen->at, pen->limit);
    if (__builtin_expect(end != NULL, 1)) {
        pen->at = end;
        return 0;
    }
    pen_up(pen, out);
    int code = trdbi_bulk_put_member(rows, item, at, out, reterr);
    pen_down(pen, out, values);
    return code == 0 && !pen->at ? trdbi_error_nomem(reterr) : code;
}

/* A row as this library has it: one of an older caller ends earlier. */
static inline int open_row(const trdbi_bulk_rows *rows, size_t i, const char **ret, trdb_error **reterr) {
    const char *row = rows->rows + i * rows->stride;
    size_t size;
    memcpy(&size, row, sizeof size);
    *ret = row;
    if (__builtin_expect(size == rows->table->new_size && size <= rows->stride, 1))
        return 0;
    trdbi_in in;
    int code = trdbi_in_open(&in, row, rows->table->new_size, rows->stride, rows->table, "_new", reterr);
    if (code < 0 || size > rows->table->new_size)
        return code;
    memset(rows->older, 0, rows->table->new_size);
    memcpy(rows->older, row, size);
    *ret = rows->older;
    return 0;
}

int trdbi_bulk_row(trdbi_bulk_rows *rows, size_t i, const char **ret, size_t *room, trdb_error **reterr) {
    size_t size = rows->table->new_size;
    int code = 0;
    if (!rows->views) { /* as the caller has it: whoever reads members knows where it ends */
        *ret = rows->rows + i * rows->stride;
        *room = rows->stride;
        return 0;
    }
    memset(rows->older, 0, size);
    memcpy(rows->older, &size, sizeof size);
    for (unsigned k = 0; k < rows->view_count && code == 0; k++)
        code = trdbi_view_value(rows, &rows->views[k], i, rows->older, reterr);
    *ret = rows->older;
    *room = size;
    return code;
}

/* The row that has the value of a column, of which the other values may not be there. */
static inline int open_value(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item, size_t i,
                             const char **ret, trdb_error **reterr) {
    if (__builtin_expect(!rows->views, 1))
        return open_row(rows, i, ret, reterr);
    *ret = rows->older;
    return trdbi_view_value(rows, &rows->views[item - rows->items], i, rows->older, reterr);
}

/* Whether a row whose other members are not all zeros gives one of them. */
static __attribute__((noinline)) int look_at_rest(const trdbi_bulk_rows *rows, const char *row,
                                                  trdb_error **reterr) {
    for (unsigned i = rows->given; i < rows->table->column_count; i++) {
        const trdbi_bulk_column *item = &rows->items[i];
        trdbi_member m;
        memcpy(&m, row + item->new_offset, item->size);
        int state = trdbi_member_given(rows->table, item->column, &m, reterr);
        if (state != TRDB_NOT_GIVEN)
            return state < 0 ? state : DIFFERS;
    }
    return 0;
}

/* Whether a row gives a column that its run does not: what is not given is all zeros, or nearly. */
static inline int put_rest(const trdbi_bulk_rows *rows, const char *row, trdb_error **reterr) {
    two_words words, any = {0};
    uint64_t rest = 0, word;
    uint32_t half;
    for (const trdbi_bulk_span *span = rows->rest; span < rows->rest + rows->rests; span++) {
        const char *at = row + span->offset, *end = at + span->size;
        for (; end - at >= 16; at += 16, any |= words)
            memcpy(&words, at, 16);
        if (end - at >= 8) {
            memcpy(&word, at, 8);
            rest |= word;
            at += 8;
        }
        if (at < end) {
            memcpy(&half, at, 4);
            rest |= half;
        }
    }
    return (any[0] | any[1] | rest) == 0 ? 0 : look_at_rest(rows, row, reterr);
}

/* Members that lie side by side become one span. */
static void add_rest(trdbi_bulk_rows *rows, const trdbi_bulk_column *item) {
    trdbi_bulk_span *last = rows->rests > 0 ? &rows->rest[rows->rests - 1] : NULL;
    if (last && last->offset + last->size == item->new_offset)
        last->size = (uint16_t)(last->size + item->size);
    else
        rows->rest[rows->rests++] = (trdbi_bulk_span){.offset = item->new_offset, .size = item->size};
}

/* ---- the run --------------------------------------------------------------------------------------- */

/* Labels whose sizes are at hand: those of all sets but long ones, whose values take the other way. */
static void set_labels(trdbi_bulk_column *item, const trdbi_enum *set) {
    for (int32_t i = 0; i < set->count && i < TRDBI_LABELS; i++) {
        size_t size = strlen(set->values[i]);
        if (size > ROOM - 16 || !trdbi_is_ascii(set->values[i], size))
            return;
        item->label_size[i] = (uint8_t)size;
        item->labels = (uint32_t)i + 1;
    }
}

static void set_integer(trdbi_bulk_column *item, uint32_t oid, uint8_t size) {
    item->oid = oid;
    item->int_size = size;
    item->most = size == 2 ? INT16_MAX : size == 4 ? INT32_MAX : INT64_MAX;
    if (item->column->int_bytes < size && item->column->int_bytes > 0)
        item->most = item->column->int_bytes == 2 ? INT16_MAX : INT32_MAX;
    item->least = -item->most - 1;
}

static void add_item(trdbi_bulk_rows *rows, unsigned i, unsigned at) {
    const trdbi_column *column = &rows->table->columns[i];
    trdbi_bulk_column *item = &rows->items[at];
    *item = (trdbi_bulk_column){.column = column,
                                .oid = trdbi_kind_oid(column->field.kind, false),
                                .new_offset = column->new_offset,
                                .size = (uint16_t)trdbi_member_size(column),
                                .kind = column->field.kind,
                                .lead = column->field.kind == TRDBI_JSON,
                                .key = i == rows->table->key};
    item->most_chars = column->max_chars > 0 ? (size_t)column->max_chars : INT32_MAX / 2;
    if (item->kind == TRDBI_I64)
        set_integer(item, TRDBI_OID_INT8, 8);
    if (item->kind == TRDBI_ENUM)
        set_labels(item, column->field.values);
}

/* All rows of views give the same columns. */
static void begin_views(trdbi_bulk_rows *rows) {
    rows->columns = 0;
    rows->given = rows->rests = 0;
    for (unsigned k = 0; k < rows->view_count; k++) {
        unsigned at = (unsigned)(rows->views[k].column - rows->table->columns);
        rows->columns |= UINT64_C(1) << at;
        add_item(rows, at, rows->given++);
    }
}

int trdbi_bulk_begin_run(trdbi_bulk_rows *rows, size_t i, trdb_error **reterr) {
    const trdbi_table *table = rows->table;
    const char *row;
    if (rows->views) {
        begin_views(rows);
        return 0;
    }
    int code = open_row(rows, i, &row, reterr);
    if (code < 0)
        return code;
    rows->columns = 0;
    rows->given = 0;
    for (unsigned k = 0; k < table->column_count; k++) {
        trdbi_member m;
        memcpy(&m, row + table->columns[k].new_offset, trdbi_member_size(&table->columns[k]));
        int state = trdbi_member_given(table, &table->columns[k], &m, reterr);
        if (state < 0)
            return state;
        if (state == TRDB_NOT_GIVEN && !(table->columns[k].flags & TRDBI_MADE_KEY))
            continue;
        rows->columns |= UINT64_C(1) << k;
        add_item(rows, k, rows->given++);
    }
    rows->rests = 0;
    unsigned at = rows->given;
    for (unsigned k = 0; k < table->column_count; k++) {
        if (rows->columns >> k & 1)
            continue;
        add_item(rows, k, at);
        add_rest(rows, &rows->items[at++]);
    }
    return 0;
}

void trdbi_bulk_set_types(trdbi_bulk_rows *rows, const trdbi_facts *facts) {
    for (unsigned i = 0; i < rows->given; i++) {
        trdbi_bulk_column *item = &rows->items[i];
        uint32_t type = facts->types[item->column - rows->table->columns];
        uint8_t size = type == TRDBI_OID_INT2 ? 2 : type == TRDBI_OID_INT4 ? 4 : 8;
        /* A column that is narrower than the descriptor says leaves the range to the server. */
        if (item->kind == TRDBI_I64 && size < 8 && size >= item->column->int_bytes)
            set_integer(item, type, size);
    }
}

bool trdbi_bulk_copies(const trdbi_bulk_rows *rows, const trdbi_facts *facts) {
    for (unsigned i = 0; i < rows->given; i++) {
        const trdbi_bulk_column *item = &rows->items[i];
        uint32_t type = facts->types[item->column - rows->table->columns];
        bool text = type == TRDBI_OID_TEXT || type == TRDBI_OID_VARCHAR || type == TRDBI_OID_BPCHAR;
        bool native = item->column->flags & TRDBI_NATIVE_ENUM; /* takes its text */
        if (type != item->oid && !(native && type != 0) && !(item->oid == TRDBI_OID_TEXT && text))
            return false;
    }
    return rows->given > 0;
}

bool trdbi_bulk_unnests(const trdbi_bulk_rows *rows, const trdbi_facts *facts) {
    for (unsigned i = 0; i < rows->given; i++)
        if (rows->items[i].kind == TRDBI_TEXTS || /* arrays in an array have one size */
            facts->types[rows->items[i].column - rows->table->columns] == 0)
            return false;
    return rows->given > 0;
}

/* Keeps the key that was just written and ends before `end`: one that was made stands nowhere else. */
static void keep_key(trdbi_bulk_rows *rows, const trdbi_bulk_column *item, size_t i, const char *end) {
    int64_t key;
    if (item->kind == TRDBI_UUID) {
        memcpy(rows->keys + i * sizeof(trdb_uuid), end - sizeof(trdb_uuid), sizeof(trdb_uuid));
        return;
    }
    if (item->int_size == 8)
        key = (int64_t)trdbi_get_u64(end - 8);
    else
        key = item->int_size == 4 ? (int32_t)trdbi_get_u32(end - 4) : (int16_t)trdbi_get_u16(end - 2);
    memcpy(rows->keys + i * sizeof key, &key, sizeof key);
}

/* ---- a row for COPY -------------------------------------------------------------------------------- */

static inline char *put_head(const trdbi_bulk_rows *rows, size_t i, char *p) {
    trdbi_put_u16(p, (uint16_t)(rows->given + rows->numbered));
    p += 2;
    return rows->numbered ? put_integer(p, (int64_t)i, 8) : p;
}

int trdbi_bulk_put_row(trdbi_bulk_rows *rows, size_t i, trdbi_buf *out, trdb_error **reterr) {
    const char *row;
    size_t start = out->size;
    row_pen pen;
    if (rows->views)
        return trdbi_views_put_row(rows, i, out, reterr);
    int code = open_row(rows, i, &row, reterr);
    if (code < 0)
        return code;
    pen_down(&pen, out, rows->given + 1);
    if (!pen.at)
        return trdbi_error_nomem(reterr);
    pen.at = put_head(rows, i, pen.at);
    for (const trdbi_bulk_column *item = rows->items; code == 0 && item < rows->items + rows->given; item++) {
        code = put(rows, item, item->kind, row, &pen, rows->given, out, reterr);
        if (item->key && rows->keys && code == 0)
            keep_key(rows, item, i, pen.at);
    }
    pen_up(&pen, out);
    if (code == 0)
        code = put_rest(rows, row, reterr);
    if (code != 0)
        trdbi_buf_cut(out, start);
    return code;
}

/* ---- arrays ---------------------------------------------------------------------------------------- */

/* How many rows from `from` on, at most `count`, give no column that the run does not. */
static int count_rest(trdbi_bulk_rows *rows, size_t from, size_t *count, trdb_error **reterr) {
    for (size_t i = 0; i < *count && !rows->views; i++) {
        const char *row;
        int code = open_row(rows, from + i, &row, reterr);
        if (code == 0)
            code = put_rest(rows, row, reterr);
        if (code < 0)
            trdbi_error_set_row(reterr, (int64_t)(from + i));
        if (code < 0)
            return code;
        if (code == DIFFERS)
            *count = i;
    }
    return 0;
}

/* The elements of one column. 1: only the first *count of them go together; begin again with those. */
static inline __attribute__((always_inline)) int put_elements(trdbi_bulk_rows *rows,
                                                              const trdbi_bulk_column *item, unsigned kind,
                                                              size_t from, size_t limit, size_t *count,
                                                              trdbi_buf *out, trdb_error **reterr) {
    bool keep = item->key && rows->keys;
    row_pen pen;
    pen_down(&pen, out, 0);
    for (size_t i = 0; i < *count && pen.at; i++) {
        const char *row;
        size_t start = (size_t)(pen.at - out->data);
        int code = open_value(rows, item, from + i, &row, reterr);
        if (code == 0)
            code = put(rows, item, kind, row, &pen, 0, out, reterr);
        if (code < 0) {
            trdbi_error_set_row(reterr, (int64_t)(from + i));
            return code;
        }
        size_t end = (size_t)(pen.at - out->data);
        if (code == DIFFERS || (end > limit && *count > 1)) { /* a giant goes alone, others in half as many */
            *count = code == DIFFERS ? i : end - start <= limit / 2 ? *count / 2 : i > 0 ? i : 1;
            return DIFFERS;
        }
        if (keep)
            keep_key(rows, item, from + i, pen.at);
        pen_up(&pen, out);
        if (pen.limit - pen.at < ROOM)
            pen_down(&pen, out, 0);
    }
    return pen.at ? 0 : trdbi_error_nomem(reterr);
}

/* A loop for each kind that tables are full of. */
static int put_column(trdbi_bulk_rows *rows, const trdbi_bulk_column *item, size_t from, size_t limit,
                      size_t *count, trdbi_buf *out, trdb_error **reterr) {
    switch (item->kind) {
    case TRDBI_I64:
        return put_elements(rows, item, TRDBI_I64, from, limit, count, out, reterr);
    case TRDBI_ENUM:
        return put_elements(rows, item, TRDBI_ENUM, from, limit, count, out, reterr);
    case TRDBI_DECIMAL:
        return put_elements(rows, item, TRDBI_DECIMAL, from, limit, count, out, reterr);
    case TRDBI_TIMESTAMP:
        return put_elements(rows, item, TRDBI_TIMESTAMP, from, limit, count, out, reterr);
    case TRDBI_TEXT:
        return put_elements(rows, item, TRDBI_TEXT, from, limit, count, out, reterr);
    default:
        return put_elements(rows, item, item->kind, from, limit, count, out, reterr);
    }
}

static uint32_t array_oid(const trdbi_bulk_column *item) {
    return item->int_size == 2   ? TRDBI_OID_INT2_ARRAY
           : item->int_size == 4 ? TRDBI_OID_INT4_ARRAY
                                 : trdbi_kind_array_oid(item->kind);
}

int trdbi_bulk_put_arrays(trdbi_bulk_rows *rows, size_t from, size_t limit, size_t *count,
                          trdbi_params *params, trdb_error **reterr) {
    int code = count_rest(rows, from, count, reterr);
    if (code < 0 || *count == 0)
        return code;
    do {
        trdbi_params_clear(params);
        for (unsigned k = 0; k < rows->given; k++) {
            const trdbi_bulk_column *item = &rows->items[k];
            trdbi_params_begin(params, array_oid(item));
            trdbi_encode_array_begin(&params->data, item->oid, *count, true);
            code = put_column(rows, item, from, limit, count, &params->data, reterr);
            trdbi_params_end(params);
            if (code != 0)
                break;
        }
    } while (code == DIFFERS && *count > 0);
    if (code == 0 && (params->failed || params->data.failed))
        code = trdbi_error_nomem(reterr);
    return code < 0 ? code : 0;
}
