/* SPDX-License-Identifier: MIT */
#include "pg/codec.h"
#include "pg/codec_types.h"

#include <limits.h>
#include <string.h>

/* ---- types ---------------------------------------------------------------------------------------- */

uint32_t trdbi_kind_oid(trdbi_kind kind, bool native_enum) {
    switch (kind) {
    case TRDBI_I64:
        return TRDBI_OID_INT8;
    case TRDBI_BOOL:
        return TRDBI_OID_BOOL;
    case TRDBI_DECIMAL:
        return TRDBI_OID_NUMERIC;
    case TRDBI_TIMESTAMP:
        return TRDBI_OID_TIMESTAMPTZ;
    case TRDBI_UUID:
        return TRDBI_OID_UUID;
    case TRDBI_TEXT:
        return TRDBI_OID_TEXT;
    case TRDBI_BYTES:
        return TRDBI_OID_BYTEA;
    case TRDBI_JSON:
        return TRDBI_OID_JSONB;
    case TRDBI_INET:
        return TRDBI_OID_INET;
    case TRDBI_TEXTS:
        return TRDBI_OID_TEXT_ARRAY;
    case TRDBI_ENUM:
        return native_enum ? 0 : TRDBI_OID_TEXT;
    }
    return 0;
}

uint32_t trdbi_kind_array_oid(trdbi_kind kind) {
    switch (kind) {
    case TRDBI_I64:
        return TRDBI_OID_INT8_ARRAY;
    case TRDBI_BOOL:
        return TRDBI_OID_BOOL_ARRAY;
    case TRDBI_DECIMAL:
        return TRDBI_OID_NUMERIC_ARRAY;
    case TRDBI_TIMESTAMP:
        return TRDBI_OID_TIMESTAMPTZ_ARRAY;
    case TRDBI_UUID:
        return TRDBI_OID_UUID_ARRAY;
    case TRDBI_TEXT:
    case TRDBI_ENUM:
        return TRDBI_OID_TEXT_ARRAY;
    case TRDBI_BYTES:
        return TRDBI_OID_BYTEA_ARRAY;
    case TRDBI_JSON:
        return TRDBI_OID_JSONB_ARRAY;
    case TRDBI_INET:
        return TRDBI_OID_INET_ARRAY;
    case TRDBI_TEXTS:
        return 0; /* arrays of arrays are not sent */
    }
    return 0;
}

/* ---- scalars -------------------------------------------------------------------------------------- */

void trdbi_encode_i64(trdbi_buf *buf, int64_t value) {
    trdbi_buf_u64(buf, (uint64_t)value);
}

void trdbi_encode_bool(trdbi_buf *buf, bool value) {
    trdbi_buf_char(buf, value ? 1 : 0);
}

int trdbi_encode_decimal(trdbi_buf *buf, trdb_decimal value) {
    return trdbi_numeric_encode(buf, value);
}

int trdbi_encode_timestamp(trdbi_buf *buf, trdb_timestamp value) {
    switch (value.kind) {
    case TRDB_TIMESTAMP_FINITE:
        if (value.us < TRDB_TIMESTAMP_MIN || value.us > TRDB_TIMESTAMP_MAX)
            return TRDB_E_RANGE;
        trdbi_buf_u64(buf, (uint64_t)(value.us - TRDBI_PG_EPOCH_US));
        return 0;
    case TRDB_TIMESTAMP_INFINITY:
        trdbi_buf_u64(buf, (uint64_t)INT64_MAX);
        return 0;
    case TRDB_TIMESTAMP_NEG_INFINITY:
        trdbi_buf_u64(buf, (uint64_t)INT64_MIN);
        return 0;
    default:
        return TRDB_E_INVALID;
    }
}

void trdbi_encode_uuid(trdbi_buf *buf, trdb_uuid value) {
    trdbi_buf_append(buf, value.bytes, sizeof value.bytes);
}

void trdbi_encode_text(trdbi_buf *buf, const char *text) {
    trdbi_buf_text(buf, text);
}

void trdbi_encode_json(trdbi_buf *buf, const char *text) {
    trdbi_buf_char(buf, 1);
    trdbi_buf_text(buf, text);
}

int trdbi_encode_inet(trdbi_buf *buf, const char *text) {
    return trdbi_inet_encode(buf, text);
}

/* ---- arrays --------------------------------------------------------------------------------------- */

size_t trdbi_encode_array_begin(trdbi_buf *buf, uint32_t element_oid, size_t count, bool has_null) {
    size_t start = buf->size;
    if (count > INT32_MAX) { /* more than the protocol can say: as good as out of memory */
        buf->failed = true;
        return start;
    }
    trdbi_buf_u32(buf, count > 0 ? 1 : 0); /* dimensions */
    trdbi_buf_u32(buf, has_null ? 1 : 0);
    trdbi_buf_u32(buf, element_oid);
    if (count > 0) {
        trdbi_buf_u32(buf, (uint32_t)count);
        trdbi_buf_u32(buf, 1); /* the first index */
    }
    return start;
}

size_t trdbi_encode_element_begin(trdbi_buf *buf) {
    size_t mark = buf->size;
    trdbi_buf_u32(buf, 0);
    return mark;
}

void trdbi_encode_element_end(trdbi_buf *buf, size_t mark) {
    if (buf->failed)
        return;
    size_t size = buf->size - mark - 4;
    if (size > INT32_MAX) {
        buf->failed = true;
        return;
    }
    for (int i = 0; i < 4; i++)
        buf->data[mark + (size_t)i] = (char)(size >> (24 - 8 * i) & 0xFF);
}

void trdbi_encode_element_null(trdbi_buf *buf) {
    trdbi_buf_u32(buf, UINT32_MAX); /* a length of -1 */
}

void trdbi_encode_texts(trdbi_buf *buf, const char *const *items, size_t count) {
    bool has_null = false;
    for (size_t i = 0; i < count; i++)
        has_null |= items[i] == NULL;
    trdbi_encode_array_begin(buf, TRDBI_OID_TEXT, count, has_null);
    for (size_t i = 0; i < count; i++) {
        if (!items[i]) {
            trdbi_encode_element_null(buf);
            continue;
        }
        size_t mark = trdbi_encode_element_begin(buf);
        trdbi_encode_text(buf, items[i]);
        trdbi_encode_element_end(buf, mark);
    }
}
