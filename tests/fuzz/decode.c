/* SPDX-License-Identifier: MIT */
/* One value: every kind of field from every type of the server, with data that may be anything. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pg/codec.h"

static const uint32_t oids[] = {
    TRDBI_OID_BOOL,
    TRDBI_OID_BYTEA,
    TRDBI_OID_INT8,
    TRDBI_OID_INT2,
    TRDBI_OID_INT4,
    TRDBI_OID_TEXT,
    TRDBI_OID_JSON,
    TRDBI_OID_CIDR,
    TRDBI_OID_INET,
    TRDBI_OID_TEXT_ARRAY,
    TRDBI_OID_INT8_ARRAY,
    TRDBI_OID_VARCHAR_ARRAY,
    TRDBI_OID_BPCHAR,
    TRDBI_OID_NAME,
    TRDBI_OID_VARCHAR,
    TRDBI_OID_TIMESTAMP,
    TRDBI_OID_TIMESTAMPTZ,
    TRDBI_OID_NUMERIC,
    TRDBI_OID_NUMERIC_ARRAY,
    TRDBI_OID_UUID,
    TRDBI_OID_JSONB,
    0,
    16384,
    UINT32_MAX,
};

static const char *const words[] = {"long", "short", "", "sideways"};
static const trdbi_enum sets[] = {{"direction", words, 4, false}, {"direction", words, 4, true}};

typedef union place {
    trdb_opt_i64 i64;
    trdb_opt_bool boolean;
    trdb_decimal decimal;
    trdb_timestamp timestamp;
    trdb_opt_uuid uuid;
    trdb_opt_enum enumeration;
    trdb_bytes bytes;
    trdb_texts texts;
    const char *text;
} place;

/* Reads everything that a caller could reach through a decoded value. */
static size_t touch(const trdbi_field *field, const place *row) {
    char text[TRDB_DECIMAL_TEXT_SIZE], time[TRDB_TIMESTAMP_TEXT_SIZE];
    size_t sum = 0;
    switch ((trdbi_kind)field->kind) {
    case TRDBI_I64:
    case TRDBI_BOOL:
    case TRDBI_UUID:
        return 0;
    case TRDBI_DECIMAL:
        FUZZ_CHECK(trdb_decimal_format(row->decimal, text, sizeof text) >= 0);
        return strlen(text);
    case TRDBI_TIMESTAMP:
        FUZZ_CHECK(trdb_timestamp_format(row->timestamp, time, sizeof time) >= 0);
        return strlen(time);
    case TRDBI_BYTES:
        for (size_t i = 0; i < row->bytes.size; i++)
            sum += ((const unsigned char *)row->bytes.data)[i];
        return sum;
    case TRDBI_TEXTS:
        for (size_t i = 0; i < row->texts.count; i++)
            sum += row->texts.items[i] ? strlen(row->texts.items[i]) : 1;
        return sum;
    case TRDBI_ENUM:
        FUZZ_CHECK(row->enumeration.value >= TRDB_ENUM_UNKNOWN && row->enumeration.value <= 4);
        return strlen(row->enumeration.text);
    case TRDBI_TEXT:
    case TRDBI_JSON:
    case TRDBI_INET:
        break;
    }
    return strlen(row->text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    uint8_t choice = fuzz_byte(&in);
    trdbi_field field = {.name = "column", .kind = (uint8_t)(TRDBI_I64 + choice % TRDBI_ENUM)};
    field.plain = choice / 128 && (field.kind == TRDBI_I64 || field.kind == TRDBI_UUID);
    field.values = &sets[choice / 64 % 2];
    uint32_t oid = oids[fuzz_below(&in, sizeof oids / sizeof oids[0])];
    char *value = malloc(in.size ? in.size : 1);
    if (!value)
        abort();
    if (in.size > 0)
        memcpy(value, in.data, in.size);

    size_t fixed, factor;
    trdbi_decoded_size(oid, &fixed, &factor);
    trdbi_arena *arena = trdbi_arena_new(fixed + factor * in.size);
    place row, before;
    memset(&row, 0x5A, sizeof row);
    before = row;
    trdb_error *err = NULL;
    int code = trdbi_decode(&field, oid, value, in.size, arena, &row, &err);
    FUZZ_CHECK(code == trdb_error_code(err));
    if (code == 0)
        touch(&field, &row);
    else
        FUZZ_CHECK(code == TRDB_E_PROTOCOL || code == TRDB_E_RANGE || code == TRDB_E_UNSUPPORTED);
    if (code < 0)
        FUZZ_CHECK(memcmp(&row, &before, sizeof row) == 0);
    trdb_error_free(err);
    trdbi_arena_free(arena);
    free(value);
    return 0;
}
