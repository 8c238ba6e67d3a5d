/* SPDX-License-Identifier: MIT */
/* Every length comes from outside and is checked before anything is read. */
#include "base/decimal.h"
#include "base/text.h"
#include "pg/codec.h"
#include "pg/codec_types.h"

#include <string.h>

/* One value on its way into a row. */
typedef struct value {
    const trdbi_field *field;
    uint32_t oid;
    const char *data;
    size_t size;
    trdbi_arena *arena;
    void *dst; /* the field's place */
    trdb_error **reterr;
} value;

/* ---- errors --------------------------------------------------------------------------------------- */

static int fail(const value *v, int code, const char *what) {
    trdbi_error(v->reterr, code, "column \"%s\": %s", v->field->name, what);
    trdbi_error_set_column(v->reterr, NULL, v->field->name);
    return code;
}

static int fail_malformed(const value *v) {
    return fail(v, TRDB_E_PROTOCOL, "the server sent a malformed value");
}

static int fail_type(const value *v) {
    static const char *const names[] = {"",     "integer", "boolean", "decimal", "time",       "uuid",
                                        "text", "bytes",   "json",    "inet",    "text array", "closed set"};
    const char *name = v->field->kind < sizeof names / sizeof names[0] ? names[v->field->kind] : "";
    trdbi_error(v->reterr, TRDB_E_UNSUPPORTED,
                "column \"%s\" is of a type with oid %u, which cannot be read as %s", v->field->name,
                (unsigned)v->oid, name);
    trdbi_error_set_column(v->reterr, NULL, v->field->name);
    return TRDB_E_UNSUPPORTED;
}

static int fail_nomem(const value *v) {
    return trdbi_error_nomem(v->reterr);
}

/* ---- what the server's types hold ----------------------------------------------------------------- */

static int read_integer(const value *v, int64_t *ret) {
    switch (v->oid) {
    case TRDBI_OID_INT8:
        if (v->size != 8)
            return fail_malformed(v);
        *ret = (int64_t)trdbi_get_u64(v->data);
        return 0;
    case TRDBI_OID_INT4:
        if (v->size != 4)
            return fail_malformed(v);
        *ret = (int32_t)trdbi_get_u32(v->data);
        return 0;
    case TRDBI_OID_INT2:
        if (v->size != 2)
            return fail_malformed(v);
        *ret = (int16_t)trdbi_get_u16(v->data);
        return 0;
    default:
        return fail_type(v);
    }
}

static int copy_text(const value *v, const char *data, size_t size, const char **ret) {
    const char *text = trdbi_arena_text(v->arena, data, size);
    if (!text)
        return fail_nomem(v);
    *ret = text;
    return 0;
}

/* ---- a decoder per kind --------------------------------------------------------------------------- */

static int decode_i64(const value *v) {
    int64_t number;
    int r = read_integer(v, &number);
    if (r < 0)
        return r;
    if (v->field->plain)
        *(int64_t *)v->dst = number;
    else
        *(trdb_opt_i64 *)v->dst = (trdb_opt_i64){.value = number, .set = 1};
    return 0;
}

static int decode_bool(const value *v) {
    if (v->oid != TRDBI_OID_BOOL)
        return fail_type(v);
    if (v->size != 1)
        return fail_malformed(v);
    *(trdb_opt_bool *)v->dst = (trdb_opt_bool){.value = v->data[0] != 0, .set = true};
    return 0;
}

static int decode_decimal(const value *v) {
    trdb_decimal *dst = v->dst;
    if (trdbi_oid_is_integer(v->oid)) {
        int64_t number;
        int r = read_integer(v, &number);
        if (r == 0)
            (void)trdb_decimal_from_i64(number, 0, dst); /* scale 0 always fits */
        return r;
    }
    if (v->oid != TRDBI_OID_NUMERIC)
        return fail_type(v);
    int r = trdbi_numeric_decode(v->data, v->size, dst);
    if (r == TRDB_E_RANGE)
        return fail(v, r, "the number has more than the 38 digits that a trdb_decimal holds");
    return r < 0 ? fail_malformed(v) : 0;
}

static int decode_timestamp(const value *v) {
    if (v->oid != TRDBI_OID_TIMESTAMPTZ && v->oid != TRDBI_OID_TIMESTAMP)
        return fail_type(v);
    if (v->size != 8)
        return fail_malformed(v);
    int64_t us = (int64_t)trdbi_get_u64(v->data);
    trdb_timestamp *dst = v->dst;
    if (us == INT64_MAX)
        *dst = (trdb_timestamp){.kind = TRDB_TIMESTAMP_INFINITY};
    else if (us == INT64_MIN)
        *dst = (trdb_timestamp){.kind = TRDB_TIMESTAMP_NEG_INFINITY};
    else if (us > TRDB_TIMESTAMP_MAX - TRDBI_PG_EPOCH_US || us < TRDB_TIMESTAMP_MIN - TRDBI_PG_EPOCH_US)
        return fail(v, TRDB_E_RANGE, "the time lies outside the years -4713 to 294246");
    else
        *dst = trdb_timestamp_from_us(us + TRDBI_PG_EPOCH_US);
    return 0;
}

static int decode_uuid(const value *v) {
    if (v->oid != TRDBI_OID_UUID)
        return fail_type(v);
    if (v->size != sizeof(trdb_uuid))
        return fail_malformed(v);
    trdb_opt_uuid *dst = v->dst;
    memcpy(v->field->plain ? v->dst : &dst->value, v->data, sizeof(trdb_uuid));
    if (!v->field->plain)
        dst->set = 1;
    return 0;
}

static int decode_text(const value *v) {
    if (!trdbi_oid_is_text(v->oid))
        return fail_type(v);
    return copy_text(v, v->data, v->size, v->dst);
}

static int decode_json(const value *v) {
    if (v->oid == TRDBI_OID_JSON || trdbi_oid_is_text(v->oid))
        return copy_text(v, v->data, v->size, v->dst);
    if (v->oid != TRDBI_OID_JSONB)
        return fail_type(v);
    if (v->size < 1 || v->data[0] != 1) /* the version of the format */
        return fail_malformed(v);
    return copy_text(v, v->data + 1, v->size - 1, v->dst);
}

static int decode_inet(const value *v) {
    char text[TRDBI_INET_TEXT_SIZE];
    if (trdbi_oid_is_text(v->oid))
        return copy_text(v, v->data, v->size, v->dst);
    if (v->oid != TRDBI_OID_INET && v->oid != TRDBI_OID_CIDR)
        return fail_type(v);
    if (trdbi_inet_decode(v->data, v->size, text) < 0)
        return fail_malformed(v);
    return copy_text(v, text, strlen(text), v->dst);
}

static int decode_bytes(const value *v) {
    if (v->oid != TRDBI_OID_BYTEA)
        return fail_type(v);
    char *copy = trdbi_arena_bytes(v->arena, v->size);
    if (!copy)
        return fail_nomem(v);
    memcpy(copy, v->data, v->size);
    *(trdb_bytes *)v->dst = (trdb_bytes){.data = copy, .size = v->size};
    return 0;
}

int trdbi_texts_open(trdbi_texts_reader *reader, const char *data, size_t size, const char **ret_problem) {
    enum { NO_DIMENSION_SIZE = 12, HEADER_SIZE = 20, ELEMENT_SIZE = 4 };
    if (size < NO_DIMENSION_SIZE)
        return TRDB_E_PROTOCOL;
    uint32_t dimensions = trdbi_get_u32(data), element = trdbi_get_u32(data + 8);
    if (!trdbi_oid_is_text(element) && element < TRDBI_FIRST_USER_OID)
        return TRDB_E_PROTOCOL;
    if (dimensions > 1) {
        *ret_problem = "an array of more than one dimension cannot be read";
        return TRDB_E_UNSUPPORTED;
    }
    size_t header = dimensions == 1 ? HEADER_SIZE : NO_DIMENSION_SIZE;
    if (size < header)
        return TRDB_E_PROTOCOL;
    *reader = (trdbi_texts_reader){.data = data + header, .size = size - header};
    if (dimensions == 1)
        reader->left = trdbi_get_u32(data + 12);
    if (reader->left > reader->size / ELEMENT_SIZE || (reader->left == 0 && reader->size > 0))
        return TRDB_E_PROTOCOL;
    return 0;
}

int trdbi_texts_next(trdbi_texts_reader *reader, const char **ret_data, size_t *ret_size) {
    if (reader->size < 4)
        return TRDB_E_PROTOCOL;
    int32_t length = (int32_t)trdbi_get_u32(reader->data);
    size_t size = length > 0 ? (size_t)length : 0;
    if (length < -1 || size > reader->size - 4)
        return TRDB_E_PROTOCOL;
    *ret_data = length < 0 ? NULL : reader->data + 4;
    *ret_size = size;
    reader->data += 4 + size;
    reader->size -= 4 + size;
    return --reader->left == 0 && reader->size > 0 ? TRDB_E_PROTOCOL : 0;
}

static int decode_texts(const value *v) {
    trdbi_texts_reader reader;
    const char *problem = NULL;
    /* An array of a domain shows the types that were created for it; its binary form is the base type's. */
    if (!trdbi_oid_is_text_array(v->oid) && v->oid < TRDBI_FIRST_USER_OID)
        return fail_type(v);
    int r = trdbi_texts_open(&reader, v->data, v->size, &problem);
    if (r < 0)
        return problem ? fail(v, r, problem) : fail_malformed(v);
    size_t count = reader.left;
    const char **items = trdbi_arena_alloc(v->arena, (count > 0 ? count : 1) * sizeof *items);
    if (!items)
        return fail_nomem(v);
    for (size_t i = 0; i < count; i++) {
        const char *data;
        size_t size;
        if (trdbi_texts_next(&reader, &data, &size) < 0)
            return fail_malformed(v);
        r = data ? copy_text(v, data, size, &items[i]) : 0;
        if (r < 0)
            return r;
    }
    *(trdb_texts *)v->dst = (trdb_texts){.items = items, .count = count};
    return 0;
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_text(const char *known, const char *text, size_t size, bool any_case) {
    size_t i = 0;
    for (; i < size && known[i]; i++)
        if (known[i] != text[i] && (!any_case || lower(known[i]) != lower(text[i])))
            return false;
    return i == size && !known[i];
}

int32_t trdbi_enum_find(const trdbi_enum *set, const char *text, size_t size) {
    for (int32_t i = 0; i < set->count; i++)
        if (same_text(set->values[i], text, size, set->any_case))
            return i + 1;
    return 0;
}

static int decode_enum(const value *v) {
    if (!trdbi_oid_is_text(v->oid) && v->oid < TRDBI_FIRST_USER_OID)
        return fail_type(v);
    int32_t found = trdbi_enum_find(v->field->values, v->data, v->size);
    const char *text = found > 0 ? v->field->values->values[found - 1] : NULL;
    /* The text is as the database has it: a copy where the set's own spelling is another. */
    if (!text || memcmp(text, v->data, v->size) != 0) {
        int r = copy_text(v, v->data, v->size, &text);
        if (r < 0)
            return r;
    }
    *(trdb_opt_enum *)v->dst = (trdb_opt_enum){.text = text, .value = found > 0 ? found : TRDB_ENUM_UNKNOWN};
    return 0;
}

/* ---- values --------------------------------------------------------------------------------------- */

static size_t size_of(const trdbi_field *field) {
    switch (field->kind) {
    case TRDBI_I64:
        return sizeof(trdb_opt_i64);
    case TRDBI_BOOL:
        return sizeof(trdb_opt_bool);
    case TRDBI_DECIMAL:
        return sizeof(trdb_decimal);
    case TRDBI_TIMESTAMP:
        return sizeof(trdb_timestamp);
    case TRDBI_UUID:
        return sizeof(trdb_opt_uuid);
    case TRDBI_BYTES:
        return sizeof(trdb_bytes);
    case TRDBI_TEXTS:
        return sizeof(trdb_texts);
    case TRDBI_ENUM:
        return sizeof(trdb_opt_enum);
    default:
        return sizeof(const char *);
    }
}

int trdbi_decode(const trdbi_field *field, uint32_t oid, const char *data, size_t size, trdbi_arena *arena,
                 void *dst, trdb_error **reterr) {
    static int (*const decoders[])(const value *) = {
        [TRDBI_I64] = decode_i64,         [TRDBI_BOOL] = decode_bool,
        [TRDBI_DECIMAL] = decode_decimal, [TRDBI_TIMESTAMP] = decode_timestamp,
        [TRDBI_UUID] = decode_uuid,       [TRDBI_TEXT] = decode_text,
        [TRDBI_BYTES] = decode_bytes,     [TRDBI_JSON] = decode_json,
        [TRDBI_INET] = decode_inet,       [TRDBI_TEXTS] = decode_texts,
        [TRDBI_ENUM] = decode_enum,
    };
    value v = {.field = field,
               .oid = oid,
               .data = data,
               .size = size,
               .arena = arena,
               .dst = (char *)dst + field->offset,
               .reterr = reterr};
    if (data)
        return decoders[field->kind](&v);
    if (field->plain)
        return fail(&v, TRDB_E_PROTOCOL, "a key is NULL");
    memset(v.dst, 0, size_of(field));
    return 0;
}

void trdbi_decoded_size(uint32_t oid, size_t *ret_fixed, size_t *ret_factor) {
    *ret_fixed = 0;
    *ret_factor = 0;
    switch (oid) {
    case TRDBI_OID_BOOL:
    case TRDBI_OID_INT8:
    case TRDBI_OID_INT4:
    case TRDBI_OID_INT2:
    case TRDBI_OID_NUMERIC:
    case TRDBI_OID_TIMESTAMP:
    case TRDBI_OID_TIMESTAMPTZ:
    case TRDBI_OID_UUID:
        return;
    case TRDBI_OID_INET:
    case TRDBI_OID_CIDR:
        *ret_fixed = TRDBI_INET_TEXT_SIZE;
        return;
    case TRDBI_OID_TEXT_ARRAY:
    case TRDBI_OID_VARCHAR_ARRAY:
    case TRDBI_OID_BPCHAR_ARRAY:
    case TRDBI_OID_NAME_ARRAY:
        *ret_fixed = 32; /* alignment, and a pointer for an empty array */
        *ret_factor = 4; /* four bytes of length become a pointer and a NUL */
        return;
    default:
        *ret_fixed = 1;
        *ret_factor = 1;
    }
}
