/* SPDX-License-Identifier: MIT */
/* Integers of 128 and 256 bits, as far as decimals need them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef unsigned __int128 trdbi_u128;
__extension__ typedef __int128 trdbi_i128;

typedef struct trdbi_u256 {
    trdbi_u128 hi;
    trdbi_u128 lo;
} trdbi_u256;

/* Powers of ten from 10^0 to 10^38. */
#define TRDBI_POW10_COUNT 39
extern const trdbi_u128 trdbi_pow10[TRDBI_POW10_COUNT];

static inline trdbi_u128 trdbi_u128_make(uint64_t hi, uint64_t lo) {
    return (trdbi_u128)hi << 64 | lo;
}

static inline uint64_t trdbi_u128_hi(trdbi_u128 value) {
    return (uint64_t)(value >> 64);
}

static inline trdbi_u256 trdbi_u256_multiply(trdbi_u128 a, trdbi_u128 b) {
    uint64_t a1 = trdbi_u128_hi(a), a0 = (uint64_t)a;
    uint64_t b1 = trdbi_u128_hi(b), b0 = (uint64_t)b;
    trdbi_u128 low = (trdbi_u128)a0 * b0;
    trdbi_u128 middle = (trdbi_u128)a1 * b0;
    trdbi_u128 other = (trdbi_u128)a0 * b1;
    trdbi_u256 product = {(trdbi_u128)a1 * b1 + trdbi_u128_hi(middle) + trdbi_u128_hi(other), low};
    /* Sums of three 64-bit halves: their carry stays within 128 bits. */
    trdbi_u128 carry = (trdbi_u128)trdbi_u128_hi(low) + (uint64_t)middle + (uint64_t)other;
    product.lo = trdbi_u128_make((uint64_t)carry, (uint64_t)low);
    product.hi += trdbi_u128_hi(carry);
    return product;
}

static inline int trdbi_u128_compare(trdbi_u128 a, trdbi_u128 b) {
    return (a > b) - (a < b);
}

static inline int trdbi_u256_compare(trdbi_u256 a, trdbi_u256 b) {
    return a.hi != b.hi ? trdbi_u128_compare(a.hi, b.hi) : trdbi_u128_compare(a.lo, b.lo);
}

/* One digit of Knuth's algorithm D (TAOCP 4.3.1) in base 2^64: (*rest * 2^64 + next) / divisor, where the
 * divisor has its top bit set and *rest < divisor. */
static inline uint64_t trdbi_divide_step(trdbi_u128 *rest, uint64_t next, trdbi_u128 divisor) {
    uint64_t d1 = trdbi_u128_hi(divisor), d0 = (uint64_t)divisor;
    trdbi_u128 guess = *rest / d1;
    trdbi_u128 left = *rest % d1;
    while (trdbi_u128_hi(guess) != 0 || (trdbi_u128)(uint64_t)guess * d0 > (left << 64 | next)) {
        guess--;
        left += d1;
        if (trdbi_u128_hi(left) != 0)
            break;
    }
    /* Exact modulo 2^128, and the remainder is below the divisor. */
    *rest = (*rest << 64 | next) - guess * divisor;
    return (uint64_t)guess;
}

/* False, without a result, when the quotient does not fit 128 bits. */
static inline bool trdbi_u256_divide(trdbi_u256 value, trdbi_u128 divisor, trdbi_u128 *ret_quotient,
                                     trdbi_u128 *ret_remainder) {
    if (value.hi >= divisor)
        return false;
    if (value.hi == 0) {
        *ret_quotient = value.lo / divisor;
        *ret_remainder = value.lo % divisor;
        return true;
    }
    unsigned shift = trdbi_u128_hi(divisor) ? (unsigned)__builtin_clzll(trdbi_u128_hi(divisor))
                                            : 64 + (unsigned)__builtin_clzll((uint64_t)divisor);
    trdbi_u128 rest = value.hi;
    if (shift > 0) {
        divisor <<= shift;
        rest = rest << shift | value.lo >> (128 - shift);
        value.lo <<= shift;
    }
    uint64_t q1 = trdbi_divide_step(&rest, trdbi_u128_hi(value.lo), divisor);
    uint64_t q0 = trdbi_divide_step(&rest, (uint64_t)value.lo, divisor);
    *ret_quotient = trdbi_u128_make(q1, q0);
    *ret_remainder = rest >> shift;
    return true;
}
