/* SPDX-License-Identifier: MIT */
/* The inside of a trdb_decimal, for arithmetic, text and the wire format. */
#pragma once

#include <tradingdb/decimal.h>

#include "base/wide.h"

#include <endian.h>
#include <stddef.h>
#include <string.h>

static inline trdbi_u128 trdbi_decimal_coefficient(trdb_decimal value) {
    return trdbi_u128_make(value.hi, value.lo);
}

/* The coefficient must be below 10^38 and the scale at most 38. The small members are made as one word: stored one
 * by one and then copied together, they would wait for the processor's store buffer. */
static inline trdb_decimal trdbi_decimal_make(bool negative, trdbi_u128 coefficient, unsigned scale) {
    enum { TAIL = offsetof(trdb_decimal, kind) };
    uint64_t tail = htole64(TRDB_DECIMAL_FINITE | (uint64_t)(negative && coefficient != 0) << 8 |
                            (uint64_t)(uint8_t)scale << 16);
    trdb_decimal value = {.lo = (uint64_t)coefficient, .hi = trdbi_u128_hi(coefficient)};
    _Static_assert(offsetof(trdb_decimal, negative) == TAIL + 1 && offsetof(trdb_decimal, scale) == TAIL + 2 &&
                       sizeof value == TAIL + sizeof tail,
                   "kind, sign and scale are bytes of one word");
    memcpy((char *)&value + TAIL, &tail, sizeof tail);
    return value;
}

/* False for what no function of the library makes: a caller filled the struct by hand. */
static inline bool trdbi_decimal_is_valid(trdb_decimal value) {
    if (value.kind != TRDB_DECIMAL_FINITE)
        return value.kind <= TRDB_DECIMAL_NEG_INFINITY;
    return value.scale <= TRDB_DECIMAL_MAX_SCALE &&
           trdbi_decimal_coefficient(value) < trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS];
}
