/* SPDX-License-Identifier: MIT */
/* What generated wrappers are written with; the only part of this folder that a person wrote. */
#pragma once

#include "entity/entity.h"

#include <string.h>

/* ---- closed sets ---------------------------------------------------------------------------------- */

static inline const char *trdbi_enum_text(const trdbi_enum *set, int32_t value) {
    return value >= 1 && value <= set->count ? set->values[value - 1] : NULL;
}
static inline int32_t trdbi_enum_constant(const trdbi_enum *set, const char *text) {
    return text && text != TRDB_NULL_TEXT ? trdbi_enum_find(set, text, strlen(text)) : 0;
}

/* ---- arguments of named queries ------------------------------------------------------------------- */

static inline trdbi_arg trdbi_arg_i64(int64_t value) {
    return (trdbi_arg){.state = TRDB_GIVEN, .u.i64 = value};
}
static inline trdbi_arg trdbi_arg_in_i64(trdb_in_i64 in) {
    return (trdbi_arg){.state = in.state, .ref = in.reserved, .u.i64 = in.value};
}
static inline trdbi_arg trdbi_arg_bool(bool value) {
    return (trdbi_arg){.state = TRDB_GIVEN, .u.boolean = value};
}
static inline trdbi_arg trdbi_arg_in_bool(trdb_in_bool in) {
    return (trdbi_arg){.state = in.state, .u.boolean = in.value != 0};
}
static inline trdbi_arg trdbi_arg_enum(int32_t value) {
    return (trdbi_arg){.state = TRDB_GIVEN, .u.enumeration = value};
}
static inline trdbi_arg trdbi_arg_in_enum(trdb_in_enum in) {
    return (trdbi_arg){.state = in.state, .u.enumeration = in.value};
}
static inline trdbi_arg trdbi_arg_decimal(trdb_decimal value) {
    return (trdbi_arg){.state = value.kind == TRDB_DECIMAL_NULL ? TRDB_GIVEN_NULL : TRDB_GIVEN,
                       .u.decimal = value};
}
static inline trdbi_arg trdbi_arg_timestamp(trdb_timestamp value) {
    return (trdbi_arg){.state = value.kind == TRDB_TIMESTAMP_NULL ? TRDB_GIVEN_NULL : TRDB_GIVEN,
                       .u.timestamp = value};
}
static inline trdbi_arg trdbi_arg_uuid(trdb_uuid value) {
    return (trdbi_arg){.state = TRDB_GIVEN, .u.uuid = value};
}
static inline trdbi_arg trdbi_arg_in_uuid(trdb_in_uuid in) {
    return (trdbi_arg){.state = in.state, .u.uuid = in.value};
}
static inline trdbi_arg trdbi_arg_text(const char *text) {
    bool null = text == NULL || text == TRDB_NULL_TEXT;
    return (trdbi_arg){.state = null ? TRDB_GIVEN_NULL : TRDB_GIVEN, .u.text = null ? NULL : text};
}
static inline trdbi_arg trdbi_arg_bytes(trdb_bytes value) {
    return (trdbi_arg){.state = value.data ? TRDB_GIVEN : TRDB_GIVEN_NULL, .u.bytes = value};
}
static inline trdbi_arg trdbi_arg_texts(trdb_texts value) {
    return (trdbi_arg){.state = value.items ? TRDB_GIVEN : TRDB_GIVEN_NULL, .u.texts = value};
}
