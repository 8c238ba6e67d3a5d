/* SPDX-License-Identifier: MIT */
/*
 * Rows into bytes: each value is checked and written once, straight to where it is sent from. The length that
 * stands before a value is the same in COPY and in arrays.
 *
 * Documents are not parsed here, since the server does that anyway; when it refuses one, its row is looked
 * at again (bulk.c), so that the error is the same.
 */
#include "base/text.h"
#include "entity/bulk.h"

enum { DIFFERS = 1, LENGTH = 4, ROOM = 64 /* for any value but a text */ };

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
    if (size > INT32_MAX / 2)
        return trdbi_refuse(rows->table, item->column, TRDB_E_RANGE, reterr, "more than 1 GB");
    trdbi_buf_u32(out, (uint32_t)size + item->lead);
    if (item->lead)
        trdbi_buf_char(out, 1); /* the version of the form that jsonb has */
    trdbi_buf_append(out, text, size);
    return 0;
}

/* NULL, not given, malformed, and what the fast way leaves over. */
static __attribute__((noinline)) int put_other(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item,
                                               const char *at, trdbi_buf *out, trdb_error **reterr) {
    trdbi_member m;
    memcpy(&m, at, item->size);
    int state = trdbi_member_given(rows->table, item->column, &m, reterr);
    if (state < 0)
        return state;
    if (state == TRDB_GIVEN_REF)
        return trdbi_refuse(rows->table, item->column, TRDB_E_INVALID, reterr,
                            "a handle is not taken here; give the key, which trdb_ref_key() tells");
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

/* Copies ASCII; false for any other text. Short ones take two words that may overlap. */
static inline bool copy_ascii(char *p, const char *text, size_t size) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t word = 0, all = 0;
    if (size >= 8) {
        for (size_t i = 0; i + 8 < size; i += 8) {
            memcpy(&word, text + i, 8);
            memcpy(p + i, &word, 8);
            all |= word;
        }
        memcpy(&word, text + size - 8, 8);
        memcpy(p + size - 8, &word, 8);
        return !((all | word) & high);
    }
    if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, text, 4);
        memcpy(&last, text + size - 4, 4);
        memcpy(p, &first, 4);
        memcpy(p + size - 4, &last, 4);
        return !((first | last) & (uint32_t)high);
    }
    for (size_t i = 0; i < size; i++)
        all |= (unsigned char)(p[i] = text[i]);
    return !(all & 0x80);
}

static inline char *put_integer(char *p, int64_t value, unsigned size) {
    trdbi_put_u32(p, size);
    if (size == 4)
        trdbi_put_u32(p + LENGTH, (uint32_t)value);
    else if (size == 8)
        trdbi_put_u64(p + LENGTH, (uint64_t)value);
    else
        trdbi_put_u16(p + LENGTH, (uint16_t)value);
    return p + LENGTH + size;
}

/*
 * Writes a plain value with its length to `p`, where ROOM bytes are free before `end`. Returns where it ends, or
 * NULL: this one takes the other way. A row's members are whole and aligned: an array of the caller's structs,
 * or the copy of one. The kind is a constant where a whole column is written.
 */
static inline __attribute__((always_inline)) char *put_plain(const trdbi_bulk_column *item, unsigned kind,
                                                             const char *at, char *p, const char *end) {
    switch ((trdbi_kind)kind) {
    case TRDBI_I64: {
        const trdb_in_i64 *in = (const void *)at;
        if (in->state != TRDB_GIVEN || in->value < item->least || in->value > item->most)
            return NULL;
        return put_integer(p, in->value, item->int_size);
    }
    case TRDBI_BOOL: {
        const trdb_in_bool *in = (const void *)at;
        if (in->state != TRDB_GIVEN || (in->value & ~1))
            return NULL;
        trdbi_put_u32(p, 1);
        p[LENGTH] = (char)in->value;
        return p + LENGTH + 1;
    }
    case TRDBI_ENUM: {
        const trdb_in_enum *in = (const void *)at;
        uint32_t i = (uint32_t)in->value - 1;
        if (in->state != TRDB_GIVEN || i >= item->labels)
            return NULL;
        trdbi_put_u32(p, item->label_size[i]);
        copy_ascii(p + LENGTH, item->column->field.values->values[i], item->label_size[i]);
        return p + LENGTH + item->label_size[i];
    }
    case TRDBI_DECIMAL: {
        const trdb_in_decimal *in = (const void *)at;
        if (in->state != TRDB_GIVEN || !trdbi_fits_plainly(item->column, &in->value))
            return NULL;
        int size = trdbi_numeric_put(p + LENGTH, &in->value);
        trdbi_put_u32(p, (uint32_t)size);
        return size < 0 ? NULL : p + LENGTH + size;
    }
    case TRDBI_TIMESTAMP: {
        const trdb_in_timestamp *in = (const void *)at;
        if (in->state != TRDB_GIVEN || in->value.kind != TRDB_TIMESTAMP_FINITE ||
            in->value.us < TRDB_TIMESTAMP_MIN || in->value.us > TRDB_TIMESTAMP_MAX)
            return NULL;
        return put_integer(p, in->value.us - TRDBI_PG_EPOCH_US, 8);
    }
    case TRDBI_UUID: {
        const trdb_in_uuid *in = (const void *)at;
        if (in->state != TRDB_GIVEN)
            return NULL;
        trdbi_put_u32(p, sizeof in->value);
        memcpy(p + LENGTH, &in->value, sizeof in->value);
        return p + LENGTH + sizeof in->value;
    }
    case TRDBI_TEXT:
    case TRDBI_JSON: {
        const char *text = *(const char *const *)(const void *)at;
        if (text == NULL || text == TRDB_NULL_TEXT)
            return NULL;
        size_t size = strlen(text), lead = item->lead;
        p[LENGTH] = 1;
        if (size > item->most_chars || size + ROOM > (size_t)(end - p) ||
            !copy_ascii(p + LENGTH + lead, text, size))
            return NULL;
        trdbi_put_u32(p, (uint32_t)(size + lead));
        return p + LENGTH + lead + size;
    }
    default:
        return NULL;
    }
}

/* The value of one column of a row. 1: the row does not give it. */
static inline __attribute__((always_inline)) int put(const trdbi_bulk_rows *rows,
                                                     const trdbi_bulk_column *item, unsigned kind,
                                                     const char *row, trdbi_buf *out, trdb_error **reterr) {
    const char *at = row + item->new_offset;
    char *p = trdbi_buf_room(out, ROOM);
    char *end = p ? put_plain(item, kind, at, p, out->data + out->room) : NULL;
    if (__builtin_expect(end == NULL, 0))
        return put_other(rows, item, at, out, reterr);
    out->size = (size_t)(end - out->data);
    return 0;
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

/* Whether a row gives a column that its run does not: what is not given is all zeros, or nearly. */
static int put_rest(const trdbi_bulk_rows *rows, const char *row, trdb_error **reterr) {
    for (unsigned i = rows->given; i < rows->table->column_count; i++) {
        const trdbi_bulk_column *item = &rows->items[i];
        const char *at = row + item->new_offset;
        uint64_t any, word;
        memcpy(&any, at + item->size - sizeof any, sizeof any);
        for (unsigned k = 0; k + sizeof word < item->size; k += sizeof word) {
            memcpy(&word, at + k, sizeof word);
            any |= word;
        }
        if (any == 0)
            continue;
        trdbi_member m;
        memcpy(&m, at, item->size);
        int state = trdbi_member_given(rows->table, item->column, &m, reterr);
        if (state != TRDB_NOT_GIVEN)
            return state < 0 ? state : DIFFERS;
    }
    return 0;
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

int trdbi_bulk_begin_run(trdbi_bulk_rows *rows, size_t i, trdb_error **reterr) {
    const trdbi_table *table = rows->table;
    const char *row;
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
    unsigned at = rows->given;
    for (unsigned k = 0; k < table->column_count; k++)
        if (!(rows->columns >> k & 1))
            add_item(rows, k, at++);
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

/* Keeps the key that was just appended: a made one stands nowhere else. */
static void keep_key(trdbi_bulk_rows *rows, const trdbi_bulk_column *item, const char *row, size_t i,
                     const trdbi_buf *out) {
    trdb_in_i64 in;
    trdb_uuid uuid;
    if (item->kind == TRDBI_I64) {
        memcpy(&in, row + item->new_offset, sizeof in);
        memcpy(rows->keys + i * sizeof in.value, &in.value, sizeof in.value);
    } else if (!out->failed) {
        memcpy(&uuid, out->data + out->size - sizeof uuid, sizeof uuid);
        memcpy(rows->keys + i * sizeof uuid, &uuid, sizeof uuid);
    }
}

/* ---- a row for COPY -------------------------------------------------------------------------------- */

int trdbi_bulk_put_row(trdbi_bulk_rows *rows, size_t i, trdbi_buf *out, trdb_error **reterr) {
    const char *row;
    size_t start = out->size;
    int code = open_row(rows, i, &row, reterr);
    if (code < 0)
        return code;
    trdbi_buf_u16(out, (uint16_t)(rows->given + rows->numbered));
    if (rows->numbered) {
        trdbi_buf_u32(out, sizeof(int64_t));
        trdbi_buf_u64(out, i);
    }
    for (unsigned k = 0; code == 0 && k < rows->given; k++) {
        const trdbi_bulk_column *item = &rows->items[k];
        code = put(rows, item, item->kind, row, out, reterr);
        if (item->key && rows->keys && code == 0)
            keep_key(rows, item, row, i, out);
    }
    if (code == 0)
        code = put_rest(rows, row, reterr);
    if (code == 0 && out->failed)
        code = trdbi_error_nomem(reterr);
    if (code != 0)
        trdbi_buf_cut(out, start);
    return code;
}

/* ---- arrays ---------------------------------------------------------------------------------------- */

/* How many rows from `from` on, at most `count`, give no column that the run does not. */
static int count_rest(trdbi_bulk_rows *rows, size_t from, size_t *count, trdb_error **reterr) {
    for (size_t i = 0; i < *count; i++) {
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
    for (size_t i = 0; i < *count; i++) {
        const char *row;
        size_t start = out->size;
        int code = open_row(rows, from + i, &row, reterr);
        if (code == 0)
            code = put(rows, item, kind, row, out, reterr);
        if (code < 0) {
            trdbi_error_set_row(reterr, (int64_t)(from + i));
            return code;
        }
        if (code == DIFFERS) {
            *count = i;
            return DIFFERS;
        }
        if (out->size > limit && *count > 1) { /* a giant goes alone, others in half as many */
            *count = out->size - start <= limit / 2 ? *count / 2 : i > 0 ? i : 1;
            return DIFFERS;
        }
        if (keep)
            keep_key(rows, item, row, from + i, out);
    }
    return 0;
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
