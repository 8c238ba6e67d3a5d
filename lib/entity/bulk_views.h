/* SPDX-License-Identifier: MIT */
/* What the files that read a caller's columns share. Buffers need not be aligned: whoever cut a piece out of
 * larger ones has them anywhere. */
#pragma once

#include "base/wide.h"
#include "entity/bulk.h"

/* How plain values of a view go into a row for COPY. */
typedef enum trdbi_view_way {
    TRDBI_WAY_NONE = 0,
    TRDBI_WAY_MEMBER, /* as a member, each of them */
    TRDBI_WAY_I64,
    TRDBI_WAY_BOOL,
    TRDBI_WAY_SCALED, /* int64 into a decimal */
    TRDBI_WAY_DECIMAL,
    TRDBI_WAY_TIME,
    TRDBI_WAY_UUID,
    TRDBI_WAY_TEXT,
    TRDBI_WAY_CODES
} trdbi_view_way;

static inline int64_t trdbi_i64_at(const trdb_column_view *view, size_t i) {
    int64_t value;
    memcpy(&value, (const char *)view->data + i * sizeof value, sizeof value);
    return value;
}

static inline int32_t trdbi_code_at(const trdb_column_view *view, size_t i) {
    int32_t value;
    memcpy(&value, (const char *)view->data + i * sizeof value, sizeof value);
    return value;
}

static inline trdbi_i128 trdbi_i128_at(const trdb_column_view *view, size_t i) {
    trdbi_i128 value;
    memcpy(&value, (const char *)view->data + i * sizeof value, sizeof value);
    return value;
}
