/* SPDX-License-Identifier: MIT */
/* Rows for COPY, straight from a caller's columns. What is not plain becomes a member first (bulk_views.c).
 */
#include "base/decimal.h"
#include "entity/bulk_put.h"
#include "entity/bulk_views.h"

enum { AHEAD = 32 /* bytes that are copied of any text, to be written over by what follows */ };

/* ---- plain values ------------------------------------------------------------------------------------ */

/* Whether a text that was found to be ASCII has a NUL. */
static inline bool has_nul(const char *text, size_t size) {
    return size > 0 && memchr(text, '\0', size) != NULL;
}

WRITES put_text(const trdbi_bulk_column *item, const trdb_column_view *view, size_t i, char *p,
                const char *limit) {
    int64_t from = view->offsets[i], until = view->offsets[i + 1];
    if (from < 0 || until < from || until > view->data_size)
        return NULL;
    const char *text = (const char *)view->data + from;
    size_t size = (size_t)(until - from), lead = item->lead;
    p[LENGTH] = 1; /* jsonb: the version of the form */
    if (size > item->most_chars || (ptrdiff_t)size > limit - p - LENGTH - 1 ||
        !copy_ascii(p + LENGTH + lead, text, size) || has_nul(text, size))
        return NULL;
    trdbi_put_u32(p, (uint32_t)(size + lead));
    return p + LENGTH + lead + size;
}

/* A text of the dictionary that was met before. */
WRITES put_word(const trdbi_bulk_view *v, size_t i, char *p, const char *limit) {
    int32_t code = trdbi_code_at(&v->view, i);
    if (code < 0 || code >= v->child.length)
        return NULL;
    trdbi_bulk_word word = v->words[code];
    const char *text = v->wire.data + word.at;
    if (word.size == 0 || word.size > limit - p)
        return NULL;
    memcpy(p, text, AHEAD);
    if (word.size > AHEAD)
        memcpy(p + AHEAD, text + AHEAD, word.size - AHEAD);
    return p + word.size;
}

WRITES put_decimal(const trdbi_bulk_column *item, trdb_decimal value, char *p) {
    if (!trdbi_fits_plainly(item->column, &value))
        return NULL;
    int size = trdbi_numeric_put(p + LENGTH, &value);
    trdbi_put_u32(p, (uint32_t)size);
    return size < 0 ? NULL : p + LENGTH + size;
}

WRITES put_short_decimal(const trdbi_bulk_column *item, int64_t value, unsigned scale, char *p) {
    uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;
    return put_decimal(item, trdbi_decimal_make(value < 0, size, scale), p);
}

WRITES put_time(int64_t us, char *p) {
    if (us >= TRDB_TIMESTAMP_MIN && us <= TRDB_TIMESTAMP_MAX)
        return put_integer(p, us - TRDBI_PG_EPOCH_US, 8);
    return us == INT64_MAX || us == INT64_MIN ? put_integer(p, us, 8) : NULL;
}

WRITES put_uuid(const trdb_column_view *view, size_t i, char *p) {
    trdbi_put_u32(p, sizeof(trdb_uuid));
    memcpy(p + LENGTH, (const char *)view->data + i * sizeof(trdb_uuid), sizeof(trdb_uuid));
    return p + LENGTH + sizeof(trdb_uuid);
}

WRITES put_i64(const trdbi_bulk_column *item, int64_t value, char *p) {
    return value >= item->least && value <= item->most ? put_integer(p, value, item->int_size) : NULL;
}

WRITES put_plain(const trdbi_bulk_column *item, const trdbi_bulk_view *v, size_t i, char *p,
                 const char *limit) {
    const trdb_column_view *view = &v->view;
    trdbi_i128 value;
    if (view->validity && !trdb_column_has(view, (int64_t)i)) {
        trdbi_put_u32(p, UINT32_MAX);
        return p + LENGTH;
    }
    switch ((trdbi_view_way)v->way) {
    case TRDBI_WAY_I64:
        return put_i64(item, trdbi_i64_at(view, i), p);
    case TRDBI_WAY_BOOL:
        trdbi_put_u32(p, 1);
        p[LENGTH] = (char)(((const uint8_t *)view->data)[i / 8] >> i % 8 & 1);
        return p + LENGTH + 1;
    case TRDBI_WAY_SCALED:
        return put_short_decimal(item, trdbi_i64_at(view, i), (unsigned)view->scale, p);
    case TRDBI_WAY_DECIMAL:
        value = trdbi_i128_at(view, i);
        return value == (int64_t)value ? put_short_decimal(item, (int64_t)value, (unsigned)view->scale, p)
                                       : NULL;
    case TRDBI_WAY_TIME:
        return put_time(trdbi_i64_at(view, i), p);
    case TRDBI_WAY_UUID:
        return put_uuid(view, i, p);
    case TRDBI_WAY_TEXT:
        return put_text(item, view, i, p, limit);
    case TRDBI_WAY_CODES:
        return put_word(v, i, p, limit);
    case TRDBI_WAY_NONE:
    case TRDBI_WAY_MEMBER:
        break;
    }
    return NULL;
}

/* ---- all others --------------------------------------------------------------------------------------- */

static int put_member(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item, trdbi_bulk_view *v,
                      size_t i, trdbi_buf *out, trdb_error **reterr) {
    int code = trdbi_view_value(rows, v, i, rows->older, reterr);
    return code < 0 ? code : trdbi_bulk_put_member(rows, item, rows->older + item->new_offset, out, reterr);
}

/* Writes a text of the dictionary for those that come after it, but for giants. */
static int learn_word(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item, trdbi_bulk_view *v,
                      size_t i, trdb_error **reterr) {
    enum { GIANT = 1 << 16 };
    trdbi_bulk_word *word = &v->words[trdbi_code_at(&v->view, i)];
    size_t at = v->wire.size;
    int code = put_member(rows, item, v, i, &v->wire, reterr);
    if (code == 0 && !trdbi_buf_room(&v->wire, AHEAD))
        return trdbi_error_nomem(reterr);
    if (code == 0 && v->wire.size - at < GIANT && at < UINT32_MAX - GIANT)
        *word = (trdbi_bulk_word){.at = (uint32_t)at, .size = (uint32_t)(v->wire.size - at)};
    return code;
}

static __attribute__((noinline)) int put_other(const trdbi_bulk_rows *rows, const trdbi_bulk_column *item,
                                               trdbi_bulk_view *v, size_t i, trdbi_buf *out,
                                               trdb_error **reterr) {
    size_t at = v->wire.size;
    int32_t code = v->way == TRDBI_WAY_CODES ? trdbi_code_at(&v->view, i) : -1;
    if (code < 0 || code >= v->child.length)
        return put_member(rows, item, v, i, out, reterr);
    trdbi_bulk_word known = v->words[code];
    if (known.size > 0) {
        trdbi_buf_append(out, v->wire.data + known.at, known.size);
        return 0;
    }
    int r = learn_word(rows, item, v, i, reterr);
    if (r == 0)
        trdbi_buf_append(out, v->wire.data + at, v->wire.size - at);
    if (v->words[code].size == 0)
        trdbi_buf_cut(&v->wire, at);
    return r;
}

int trdbi_views_put_row(trdbi_bulk_rows *rows, size_t i, trdbi_buf *out, trdb_error **reterr) {
    size_t start = out->size;
    row_pen pen;
    int code = 0;
    pen_down(&pen, out, rows->given + 1);
    if (!pen.at)
        return trdbi_error_nomem(reterr);
    trdbi_put_u16(pen.at, (uint16_t)rows->given);
    pen.at += 2;
    for (unsigned k = 0; k < rows->given; k++) {
        char *end = put_plain(&rows->items[k], &rows->views[k], i, pen.at, pen.limit);
        if (__builtin_expect(end != NULL, 1)) {
            pen.at = end;
            continue;
        }
        pen_up(&pen, out);
        code = put_other(rows, &rows->items[k], &rows->views[k], i, out, reterr);
        if (code == 0)
            pen_down(&pen, out, rows->given);
        if (code == 0 && !pen.at)
            code = trdbi_error_nomem(reterr);
        if (code < 0)
            break;
    }
    if (code == 0)
        pen_up(&pen, out);
    else
        trdbi_buf_cut(out, start);
    return code;
}
