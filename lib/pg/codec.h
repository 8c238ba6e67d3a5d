/* SPDX-License-Identifier: MIT */
/*
 * Binary forms of the library's types, both ways. A value is decoded by the type that the server reports, not
 * by what a fresh install would have (reference/decisions.md 5): int2, int4 and int8, varchar and text,
 * timestamp and timestamptz, json and jsonb all fit.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "error/error.h"
#include <tradingdb/types.h>

typedef enum trdbi_kind {
    TRDBI_I64 = 1,
    TRDBI_BOOL,
    TRDBI_DECIMAL,
    TRDBI_TIMESTAMP,
    TRDBI_UUID,
    TRDBI_TEXT,
    TRDBI_BYTES,
    TRDBI_JSON,
    TRDBI_INET,
    TRDBI_TEXTS,
    TRDBI_ENUM
} trdbi_kind;

/* A closed value set. values[i] is the text of constant i + 1. */
typedef struct trdbi_enum {
    const char *name;
    const char *const *values;
    int32_t count;
    bool any_case; /* upper case is accepted on input and understood on adopted rows */
} trdbi_enum;

/* Constant of a text, or 0 when the set does not have it. */
int32_t trdbi_enum_find(const trdbi_enum *set, const char *text, size_t size);

/* Where a column goes in a row struct. */
typedef struct trdbi_field {
    const char *name;
    const trdbi_enum *values; /* TRDBI_ENUM only */
    uint16_t offset;
    uint8_t kind;  /* trdbi_kind */
    uint8_t plain; /* 1: a key: the bare value, never NULL (int64_t, trdb_uuid, const char *) */
} trdbi_field;

/* Types that the library names to the server. */
enum {
    TRDBI_OID_BOOL = 16,
    TRDBI_OID_BYTEA = 17,
    TRDBI_OID_INT8 = 20,
    TRDBI_OID_INT2 = 21,
    TRDBI_OID_INT4 = 23,
    TRDBI_OID_TEXT = 25,
    TRDBI_OID_JSON = 114,
    TRDBI_OID_CIDR = 650,
    TRDBI_OID_INET = 869,
    TRDBI_OID_BOOL_ARRAY = 1000,
    TRDBI_OID_BYTEA_ARRAY = 1001,
    TRDBI_OID_INT2_ARRAY = 1005,
    TRDBI_OID_INT4_ARRAY = 1007,
    TRDBI_OID_TEXT_ARRAY = 1009,
    TRDBI_OID_INT8_ARRAY = 1016,
    TRDBI_OID_BPCHAR_ARRAY = 1014,
    TRDBI_OID_VARCHAR_ARRAY = 1015,
    TRDBI_OID_NAME_ARRAY = 1003,
    TRDBI_OID_INET_ARRAY = 1041,
    TRDBI_OID_NAME = 19,
    TRDBI_OID_BPCHAR = 1042,
    TRDBI_OID_VARCHAR = 1043,
    TRDBI_OID_TIMESTAMP = 1114,
    TRDBI_OID_TIMESTAMPTZ = 1184,
    TRDBI_OID_TIMESTAMPTZ_ARRAY = 1185,
    TRDBI_OID_NUMERIC_ARRAY = 1231,
    TRDBI_OID_NUMERIC = 1700,
    TRDBI_OID_UUID = 2950,
    TRDBI_OID_UUID_ARRAY = 2951,
    TRDBI_OID_JSONB = 3802,
    TRDBI_OID_JSONB_ARRAY = 3807
};

enum { TRDBI_FIRST_USER_OID = 16384 }; /* types that were created, enums among them, begin here */

static inline bool trdbi_oid_is_text(uint32_t oid) {
    return oid == TRDBI_OID_TEXT || oid == TRDBI_OID_VARCHAR || oid == TRDBI_OID_BPCHAR || oid == TRDBI_OID_NAME;
}
static inline bool trdbi_oid_is_integer(uint32_t oid) {
    return oid == TRDBI_OID_INT8 || oid == TRDBI_OID_INT4 || oid == TRDBI_OID_INT2;
}
static inline bool trdbi_oid_is_text_array(uint32_t oid) {
    return oid == TRDBI_OID_TEXT_ARRAY || oid == TRDBI_OID_VARCHAR_ARRAY || oid == TRDBI_OID_BPCHAR_ARRAY ||
           oid == TRDBI_OID_NAME_ARRAY;
}

/* The type sent for a kind: TRDBI_OID_INT8 for TRDBI_I64, …; for TRDBI_ENUM text, or 0 when `native_enum`. */
uint32_t trdbi_kind_oid(trdbi_kind kind, bool native_enum);
uint32_t trdbi_kind_array_oid(trdbi_kind kind);

/* ---- encoding: append the binary form of one value to a buffer ------------------------------------ */
/* Range and form are checked by the caller's layer (lib/entity/input.c) where the column is known; what
 * these check themselves is what the binary form cannot carry. They return 0 or TRDB_E_*. */

void trdbi_encode_i64(trdbi_buf *buf, int64_t value);
void trdbi_encode_bool(trdbi_buf *buf, bool value);
int trdbi_encode_decimal(trdbi_buf *buf, trdb_decimal value);
int trdbi_encode_timestamp(trdbi_buf *buf, trdb_timestamp value);
void trdbi_encode_uuid(trdbi_buf *buf, trdb_uuid value);
void trdbi_encode_text(trdbi_buf *buf, const char *text);
void trdbi_encode_json(trdbi_buf *buf, const char *text); /* jsonb: version byte + text */
int trdbi_encode_inet(trdbi_buf *buf, const char *text); /* TRDB_E_INVALID for a malformed address */
void trdbi_encode_texts(trdbi_buf *buf, const char *const *items, size_t count);

/* Writes the binary form of a decimal to `out`; returns its size, or TRDB_E_INVALID for a malformed one. */
enum { TRDBI_NUMERIC_SIZE = 32 }; /* room for any */
int trdbi_numeric_put(char *out, const trdb_decimal *value);

/* PostgreSQL counts microseconds from 2000-01-01. */
#define TRDBI_PG_EPOCH_US INT64_C(946684800000000)

/* An array of scalar values, for `= ANY($1)` and unnest: header, then begin/end around each element. Returns
 * where the header begins. */
size_t trdbi_encode_array_begin(trdbi_buf *buf, uint32_t element_oid, size_t count, bool has_null);
size_t trdbi_encode_element_begin(trdbi_buf *buf);
void trdbi_encode_element_end(trdbi_buf *buf, size_t mark);
void trdbi_encode_element_null(trdbi_buf *buf);

/* ---- decoding ------------------------------------------------------------------------------------- */

/* Arena bytes that decoding a value of a server type takes: at most fixed + factor * its size. */
void trdbi_decoded_size(uint32_t oid, size_t *ret_fixed, size_t *ret_factor);

/* Decodes one value of server type `oid` into a row field; data NULL: NULL. Text goes to the arena. */
int trdbi_decode(const trdbi_field *field, uint32_t oid, const char *data, size_t size, trdbi_arena *arena,
                 void *dst, trdb_error **reterr);
