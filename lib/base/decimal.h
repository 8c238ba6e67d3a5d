/* SPDX-License-Identifier: MIT */
/* The inside of a trdb_decimal, for arithmetic, text and the wire format. */
#pragma once

#include <tradingdb/decimal.h>

#include "base/wide.h"

static inline trdbi_u128 trdbi_decimal_coefficient(trdb_decimal value) {
    return trdbi_u128_make(value.hi, value.lo);
}

/* The coefficient must be below 10^38 and the scale at most 38. */
static inline trdb_decimal trdbi_decimal_make(bool negative, trdbi_u128 coefficient, unsigned scale) {
    trdb_decimal value = {
        .lo = (uint64_t)coefficient,
        .hi = trdbi_u128_hi(coefficient),
        .kind = TRDB_DECIMAL_FINITE,
        .negative = negative && coefficient != 0,
        .scale = (uint8_t)scale,
    };
    return value;
}

/* False for what no function of the library makes: a caller filled the struct by hand. */
static inline bool trdbi_decimal_is_valid(trdb_decimal value) {
    if (value.kind != TRDB_DECIMAL_FINITE)
        return value.kind <= TRDB_DECIMAL_NEG_INFINITY;
    return value.scale <= TRDB_DECIMAL_MAX_SCALE &&
           trdbi_decimal_coefficient(value) < trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS];
}
