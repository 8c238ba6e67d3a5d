/* SPDX-License-Identifier: MIT */
/*
 * Parameters as literals, for COPY, which takes no parameters. They are made from the binary form, so that SQL with
 * literals means what the same SQL with parameters does. Text is quoted in a form that means the same under either
 * standard_conforming_strings; it is valid UTF-8, which is the session's encoding.
 */
#include "base/text.h"
#include "pg/codec_types.h"
#include "pg/pg.h"

#include <inttypes.h>
#include <string.h>

/* The names of types, and those of which they are an array. */
static const struct {
    uint32_t oid;
    uint32_t array;
    const char *name;
} types[] = {
    {TRDBI_OID_INT8, TRDBI_OID_INT8_ARRAY, "int8"},
    {TRDBI_OID_BOOL, TRDBI_OID_BOOL_ARRAY, "bool"},
    {TRDBI_OID_NUMERIC, TRDBI_OID_NUMERIC_ARRAY, "numeric"},
    {TRDBI_OID_TIMESTAMPTZ, TRDBI_OID_TIMESTAMPTZ_ARRAY, "timestamptz"},
    {TRDBI_OID_UUID, TRDBI_OID_UUID_ARRAY, "uuid"},
    {TRDBI_OID_TEXT, TRDBI_OID_TEXT_ARRAY, "text"},
    {TRDBI_OID_INET, TRDBI_OID_INET_ARRAY, "inet"},
};
enum { TYPE_COUNT = sizeof types / sizeof types[0] };

static void put_quoted(trdbi_buf *sql, const char *text, size_t size) {
    trdbi_buf_text(sql, memchr(text, '\\', size) ? " E'" : "'");
    for (size_t i = 0; i < size; i++) {
        if (text[i] == '\'' || text[i] == '\\')
            trdbi_buf_char(sql, text[i]);
        trdbi_buf_char(sql, text[i]);
    }
    trdbi_buf_char(sql, '\'');
}

static int put_decimal(trdbi_buf *sql, const char *data, size_t size) {
    char text[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal value;
    if (trdbi_numeric_decode(data, size, &value) < 0 || trdb_decimal_format(value, text, sizeof text) < 0)
        return TRDB_E_UNSUPPORTED;
    put_quoted(sql, text, strlen(text));
    return 0;
}

static int put_time(trdbi_buf *sql, const char *data, size_t size) {
    char text[TRDB_TIMESTAMP_TEXT_SIZE];
    if (size != 8)
        return TRDB_E_UNSUPPORTED;
    int64_t us = (int64_t)trdbi_get_u64(data);
    trdb_timestamp value = {.kind = us > 0 ? TRDB_TIMESTAMP_INFINITY : TRDB_TIMESTAMP_NEG_INFINITY};
    if (us != INT64_MAX && us != INT64_MIN)
        value = trdb_timestamp_from_us(us + TRDBI_PG_EPOCH_US);
    if (trdb_timestamp_format(value, text, sizeof text) < 0)
        return TRDB_E_UNSUPPORTED;
    put_quoted(sql, text, strlen(text));
    return 0;
}

static int put_scalar(trdbi_buf *sql, uint32_t oid, const char *data, size_t size) {
    char text[TRDBI_INET_TEXT_SIZE];
    trdb_uuid uuid;
    switch (oid) {
    case TRDBI_OID_INT8:
        if (size != 8)
            return TRDB_E_UNSUPPORTED;
        trdbi_buf_printf(sql, "'%" PRId64 "'", (int64_t)trdbi_get_u64(data));
        return 0;
    case TRDBI_OID_BOOL:
        trdbi_buf_text(sql, size > 0 && data[0] ? "'t'" : "'f'");
        return 0;
    case TRDBI_OID_NUMERIC:
        return put_decimal(sql, data, size);
    case TRDBI_OID_TIMESTAMPTZ:
        return put_time(sql, data, size);
    case TRDBI_OID_UUID:
        if (size != sizeof uuid)
            return TRDB_E_UNSUPPORTED;
        memcpy(&uuid, data, sizeof uuid);
        trdb_uuid_format(uuid, text);
        trdbi_buf_printf(sql, "'%s'", text);
        return 0;
    case TRDBI_OID_INET:
        if (trdbi_inet_decode(data, size, text) < 0)
            return TRDB_E_UNSUPPORTED;
        trdbi_buf_printf(sql, "'%s'", text);
        return 0;
    case 0: /* of a native enum: the server infers the type, as it does of a parameter */
    case TRDBI_OID_TEXT:
        put_quoted(sql, data, size);
        return 0;
    default:
        return TRDB_E_UNSUPPORTED;
    }
}

/* Elements have lengths; none is NULL. */
static int put_elements(trdbi_buf *sql, uint32_t oid, const char *data, size_t size) {
    enum { HEADER = 20 };
    size_t at = HEADER;
    int r = 0;
    trdbi_buf_text(sql, "ARRAY[");
    while (r == 0 && at + 4 <= size) {
        size_t length = trdbi_get_u32(data + at);
        if (length > size - at - 4)
            return TRDB_E_UNSUPPORTED;
        if (at > HEADER)
            trdbi_buf_text(sql, ", ");
        r = put_scalar(sql, oid, data + at + 4, length);
        at += 4 + length;
    }
    trdbi_buf_char(sql, ']');
    return r;
}

static int put(trdbi_buf *sql, uint32_t oid, const char *data, size_t size) {
    if (oid == 0)
        return put_scalar(sql, 0, data, size);
    for (int i = 0; i < TYPE_COUNT; i++) {
        bool array = oid == types[i].array;
        if (!array && oid != types[i].oid)
            continue;
        int r = array ? put_elements(sql, types[i].oid, data, size) : put_scalar(sql, oid, data, size);
        trdbi_buf_printf(sql, array ? "::%s[]" : "::%s", types[i].name);
        return r;
    }
    return TRDB_E_UNSUPPORTED;
}

int trdbi_params_literal(const trdbi_params *params, int i, trdbi_buf *sql, trdb_error **reterr) {
    if (params->failed || params->data.failed)
        return trdbi_error_nomem(reterr);
    const struct trdbi_param *item = &params->items[i];
    const char *data = params->data.data ? params->data.data + item->offset : "";
    if (item->length < 0)
        trdbi_buf_text(sql, "NULL");
    else if (put(sql, item->oid, data, (size_t)item->length) < 0)
        return trdbi_error(reterr, TRDB_E_UNSUPPORTED, "parameter %d of type %u has no literal", i + 1,
                           (unsigned)item->oid);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}
