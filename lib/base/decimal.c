/* SPDX-License-Identifier: MIT */
/* Arithmetic. Coefficients stay below 10^38 < 2^127; 256 bits are used only where 128 do not suffice. */
#include <tradingdb/decimal.h>

#include "base/decimal.h"

#define E19 UINT64_C(10000000000000000000)
#define FROM_19(n) ((trdbi_u128)E19 * UINT64_C(n))

const trdbi_u128 trdbi_pow10[TRDBI_POW10_COUNT] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
    E19,
    FROM_19(10),
    FROM_19(100),
    FROM_19(1000),
    FROM_19(10000),
    FROM_19(100000),
    FROM_19(1000000),
    FROM_19(10000000),
    FROM_19(100000000),
    FROM_19(1000000000),
    FROM_19(10000000000),
    FROM_19(100000000000),
    FROM_19(1000000000000),
    FROM_19(10000000000000),
    FROM_19(100000000000000),
    FROM_19(1000000000000000),
    FROM_19(10000000000000000),
    FROM_19(100000000000000000),
    FROM_19(1000000000000000000),
    FROM_19(10000000000000000000),
};

#define LIMIT trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS]

/* ---- parts ---------------------------------------------------------------------------------------- */

static bool is_special(trdb_decimal value) {
    return value.kind != TRDB_DECIMAL_FINITE;
}

static bool is_infinite(trdb_decimal value) {
    return value.kind == TRDB_DECIMAL_INFINITY || value.kind == TRDB_DECIMAL_NEG_INFINITY;
}

static trdb_decimal special(int kind) {
    trdb_decimal value = {.kind = (uint8_t)kind};
    return value;
}

static trdb_decimal infinity(bool negative) {
    return special(negative ? TRDB_DECIMAL_NEG_INFINITY : TRDB_DECIMAL_INFINITY);
}

/* -1, 0 or 1: the side of zero of a number or an infinity. */
static int sign_of(trdb_decimal value) {
    if (is_infinite(value))
        return value.kind == TRDB_DECIMAL_INFINITY ? 1 : -1;
    if (trdbi_decimal_coefficient(value) == 0)
        return 0;
    return value.negative ? -1 : 1;
}

static int finish(bool negative, trdbi_u128 coefficient, unsigned scale, trdb_decimal *ret) {
    if (coefficient >= LIMIT)
        return TRDB_E_RANGE;
    *ret = trdbi_decimal_make(negative, coefficient, scale);
    return TRDB_OK;
}

/* ---- rounding ------------------------------------------------------------------------------------- */

/* What division left over: nothing, less than half a unit, half a unit, more. */
typedef enum lost { LOST_NOTHING, LOST_LITTLE, LOST_HALF, LOST_MUCH } lost;

static lost lost_of(trdbi_u128 remainder, trdbi_u128 divisor) {
    if (remainder == 0)
        return LOST_NOTHING;
    /* Against what is missing, since twice the remainder might not fit. */
    int side = trdbi_u128_compare(remainder, divisor - remainder);
    return side < 0 ? LOST_LITTLE : side > 0 ? LOST_MUCH : LOST_HALF;
}

static bool rounds_away(trdb_rounding mode, bool negative, bool odd, lost loss) {
    switch (mode) {
    case TRDB_ROUND_HALF_UP:
        return loss >= LOST_HALF;
    case TRDB_ROUND_HALF_EVEN:
        return loss > LOST_HALF || (loss == LOST_HALF && odd);
    case TRDB_ROUND_HALF_DOWN:
        return loss > LOST_HALF;
    case TRDB_ROUND_UP:
        return loss > LOST_NOTHING;
    case TRDB_ROUND_FLOOR:
        return loss > LOST_NOTHING && negative;
    case TRDB_ROUND_CEILING:
        return loss > LOST_NOTHING && !negative;
    default: /* down; exact has lost nothing */
        return false;
    }
}

/* A quotient that was cut becomes the result. Too large counts before inexact. */
static int finish_rounded(bool negative, trdbi_u128 coefficient, lost loss, unsigned scale,
                          trdb_rounding mode, trdb_decimal *ret) {
    if (coefficient >= LIMIT)
        return TRDB_E_RANGE;
    if (mode == TRDB_ROUND_EXACT && loss != LOST_NOTHING)
        return TRDB_E_INEXACT;
    if (rounds_away(mode, negative, coefficient & 1, loss))
        coefficient++;
    return finish(negative, coefficient, scale, ret);
}

static bool rounding_is_valid(unsigned scale, trdb_rounding mode) {
    return scale <= TRDB_DECIMAL_MAX_SCALE && (unsigned)mode <= TRDB_ROUND_CEILING;
}

/* coefficient * 10^digits; false when that reaches the limit. */
static bool shift_up(trdbi_u128 *coefficient, unsigned digits) {
    trdbi_u128 shifted;
    if (*coefficient == 0)
        return true;
    if (digits >= TRDBI_POW10_COUNT || __builtin_mul_overflow(*coefficient, trdbi_pow10[digits], &shifted) ||
        shifted >= LIMIT)
        return false;
    *coefficient = shifted;
    return true;
}

/* ---- one operand ---------------------------------------------------------------------------------- */

bool trdb_decimal_is_zero(trdb_decimal value) {
    return value.kind == TRDB_DECIMAL_FINITE && trdbi_decimal_coefficient(value) == 0;
}

trdb_decimal trdb_decimal_negate(trdb_decimal value) {
    if (is_infinite(value))
        return infinity(value.kind == TRDB_DECIMAL_INFINITY);
    if (value.kind == TRDB_DECIMAL_FINITE)
        value.negative = !value.negative && !trdb_decimal_is_zero(value);
    return value;
}

trdb_decimal trdb_decimal_trim(trdb_decimal value) {
    if (is_special(value) || !trdbi_decimal_is_valid(value))
        return value;
    trdbi_u128 coefficient = trdbi_decimal_coefficient(value);
    unsigned scale = coefficient == 0 ? 0 : value.scale;
    const unsigned stride = 8;
    while (scale >= stride && coefficient % trdbi_pow10[stride] == 0) {
        coefficient /= trdbi_pow10[stride];
        scale -= stride;
    }
    while (scale > 0 && coefficient % 10 == 0) {
        coefficient /= 10;
        scale--;
    }
    return trdbi_decimal_make(value.negative, coefficient, scale);
}

int trdb_decimal_round(trdb_decimal value, unsigned scale, trdb_rounding mode, trdb_decimal *ret) {
    if (!rounding_is_valid(scale, mode) || !trdbi_decimal_is_valid(value))
        return TRDB_E_INVALID;
    if (is_special(value)) {
        *ret = special(value.kind);
        return TRDB_OK;
    }
    trdbi_u128 coefficient = trdbi_decimal_coefficient(value);
    if (scale >= value.scale) {
        if (!shift_up(&coefficient, scale - value.scale))
            return TRDB_E_RANGE;
        return finish(value.negative, coefficient, scale, ret);
    }
    trdbi_u128 divisor = trdbi_pow10[value.scale - scale];
    lost loss = lost_of(coefficient % divisor, divisor);
    return finish_rounded(value.negative, coefficient / divisor, loss, scale, mode, ret);
}

int trdb_decimal_from_i64(int64_t value, unsigned scale, trdb_decimal *ret) {
    if (scale > TRDB_DECIMAL_MAX_SCALE)
        return TRDB_E_RANGE;
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    return finish(value < 0, magnitude, scale, ret);
}

int trdb_decimal_to_i64(trdb_decimal value, unsigned scale, trdb_rounding mode, int64_t *ret) {
    trdb_decimal rounded;
    int rc = trdb_decimal_round(value, scale, mode, &rounded);
    if (rc < 0)
        return rc;
    if (is_special(rounded))
        return TRDB_E_RANGE;
    trdbi_u128 limit = (trdbi_u128)INT64_MAX + (rounded.negative ? 1 : 0);
    if (trdbi_decimal_coefficient(rounded) > limit)
        return TRDB_E_RANGE;
    /* In steps, since the size of INT64_MIN has no positive int64. */
    *ret = rounded.negative ? -(int64_t)(rounded.lo - 1) - 1 : (int64_t)rounded.lo;
    return TRDB_OK;
}

/* ---- comparison ----------------------------------------------------------------------------------- */

/* The order of kinds; what is malformed sorts with NULL. */
static int rank_of(trdb_decimal value) {
    if (!trdbi_decimal_is_valid(value))
        return 4;
    switch (value.kind) {
    case TRDB_DECIMAL_NEG_INFINITY:
        return 0;
    case TRDB_DECIMAL_FINITE:
        return 1;
    case TRDB_DECIMAL_INFINITY:
        return 2;
    case TRDB_DECIMAL_NAN:
        return 3;
    default:
        return 4;
    }
}

static int compare_sizes(trdb_decimal a, trdb_decimal b) {
    trdbi_u128 ca = trdbi_decimal_coefficient(a), cb = trdbi_decimal_coefficient(b);
    if (a.scale == b.scale)
        return trdbi_u128_compare(ca, cb);
    if (a.scale > b.scale)
        return -compare_sizes(b, a);
    trdbi_u256 shifted = trdbi_u256_multiply(ca, trdbi_pow10[b.scale - a.scale]);
    trdbi_u256 other = {0, cb};
    return trdbi_u256_compare(shifted, other);
}

int trdb_decimal_compare(trdb_decimal a, trdb_decimal b) {
    int rank_a = rank_of(a), rank_b = rank_of(b);
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    if (rank_a != 1)
        return 0;
    int sign_a = sign_of(a), sign_b = sign_of(b);
    if (sign_a != sign_b)
        return sign_a < sign_b ? -1 : 1;
    return sign_a < 0 ? compare_sizes(b, a) : compare_sizes(a, b);
}

/* ---- two operands --------------------------------------------------------------------------------- */

/* What all operations have in common: a NULL operand gives NULL, else NaN gives NaN. Returns true when that
 * settled it. */
static bool absorbs(trdb_decimal a, trdb_decimal b, trdb_decimal *ret) {
    static const uint8_t strong[] = {TRDB_DECIMAL_NULL, TRDB_DECIMAL_NAN};
    for (size_t i = 0; i < sizeof(strong); i++)
        if (a.kind == strong[i] || b.kind == strong[i]) {
            *ret = special(strong[i]);
            return true;
        }
    return false;
}

static int add_special(trdb_decimal a, trdb_decimal b, trdb_decimal *ret) {
    if (absorbs(a, b, ret))
        return TRDB_OK;
    if (is_infinite(a) && is_infinite(b) && a.kind != b.kind)
        *ret = special(TRDB_DECIMAL_NAN);
    else
        *ret = special(is_infinite(a) ? a.kind : b.kind);
    return TRDB_OK;
}

int trdb_decimal_add(trdb_decimal a, trdb_decimal b, trdb_decimal *ret) {
    if (!trdbi_decimal_is_valid(a) || !trdbi_decimal_is_valid(b))
        return TRDB_E_INVALID;
    if (is_special(a) || is_special(b))
        return add_special(a, b, ret);
    if (a.scale > b.scale) {
        trdb_decimal swapped = a;
        a = b;
        b = swapped;
    }
    trdbi_u128 ca = trdbi_decimal_coefficient(a), cb = trdbi_decimal_coefficient(b);
    /* 128 bits suffice: cb is below 10^38, so from a shifted ca of 2^128 and more no difference leads back
     * below 10^38. */
    if (a.scale != b.scale && __builtin_mul_overflow(ca, trdbi_pow10[b.scale - a.scale], &ca))
        return TRDB_E_RANGE;
    if (!a.negative == !b.negative) {
        if (__builtin_add_overflow(ca, cb, &ca))
            return TRDB_E_RANGE;
        return finish(a.negative, ca, b.scale, ret);
    }
    return ca >= cb ? finish(a.negative, ca - cb, b.scale, ret) : finish(b.negative, cb - ca, b.scale, ret);
}

int trdb_decimal_subtract(trdb_decimal a, trdb_decimal b, trdb_decimal *ret) {
    return trdb_decimal_add(a, trdb_decimal_negate(b), ret);
}

static int multiply_special(trdb_decimal a, trdb_decimal b, trdb_decimal *ret) {
    if (absorbs(a, b, ret))
        return TRDB_OK;
    int sign = sign_of(a) * sign_of(b);
    *ret = sign == 0 ? special(TRDB_DECIMAL_NAN) : infinity(sign < 0);
    return TRDB_OK;
}

/* product / 10^digits, where digits may need two steps. False when the quotient does not fit. */
static bool shift_down(trdbi_u256 product, unsigned digits, trdbi_u128 *ret, lost *ret_loss) {
    trdbi_u128 cut = 0;
    if (digits > TRDB_DECIMAL_MAX_DIGITS) {
        trdbi_u128 whole;
        if (!trdbi_u256_divide(product, LIMIT, &whole, &cut))
            return false;
        product = (trdbi_u256){0, whole};
        digits -= TRDB_DECIMAL_MAX_DIGITS;
    }
    trdbi_u128 remainder;
    if (!trdbi_u256_divide(product, trdbi_pow10[digits], ret, &remainder))
        return false;
    *ret_loss = lost_of(remainder, trdbi_pow10[digits]);
    /* What the first step cut off lies below the last digit of the remainder. */
    if (cut != 0 && (*ret_loss == LOST_NOTHING || *ret_loss == LOST_HALF))
        *ret_loss = *ret_loss == LOST_HALF ? LOST_MUCH : LOST_LITTLE;
    return true;
}

int trdb_decimal_multiply(trdb_decimal a, trdb_decimal b, unsigned scale, trdb_rounding mode,
                          trdb_decimal *ret) {
    if (!rounding_is_valid(scale, mode) || !trdbi_decimal_is_valid(a) || !trdbi_decimal_is_valid(b))
        return TRDB_E_INVALID;
    if (is_special(a) || is_special(b))
        return multiply_special(a, b, ret);
    bool negative = !a.negative != !b.negative;
    unsigned product_scale = (unsigned)a.scale + b.scale;
    trdbi_u256 product = trdbi_u256_multiply(trdbi_decimal_coefficient(a), trdbi_decimal_coefficient(b));
    trdbi_u128 coefficient = product.lo;
    if (scale >= product_scale) {
        if (product.hi != 0 || !shift_up(&coefficient, scale - product_scale))
            return TRDB_E_RANGE;
        return finish(negative, coefficient, scale, ret);
    }
    lost loss;
    if (!shift_down(product, product_scale - scale, &coefficient, &loss))
        return TRDB_E_RANGE;
    return finish_rounded(negative, coefficient, loss, scale, mode, ret);
}

static int divide_special(trdb_decimal a, trdb_decimal b, unsigned scale, trdb_decimal *ret) {
    if (absorbs(a, b, ret))
        return TRDB_OK;
    if (is_infinite(a) && is_infinite(b))
        *ret = special(TRDB_DECIMAL_NAN);
    else if (is_infinite(b))
        *ret = trdbi_decimal_make(false, 0, scale);
    else if (sign_of(b) == 0)
        return TRDB_E_RANGE;
    else
        *ret = infinity(sign_of(a) != sign_of(b));
    return TRDB_OK;
}

/* a * 10^digits / b. False when the quotient does not fit. */
static bool divide_shifted(trdbi_u128 a, unsigned digits, trdbi_u128 b, trdbi_u128 *ret, lost *ret_loss) {
    trdbi_u128 quotient = 0, remainder = a;
    /* a * 10^76 would not fit 256 bits: long division, the first 38 digits first. */
    if (digits > TRDB_DECIMAL_MAX_DIGITS) {
        if (!trdbi_u256_divide(trdbi_u256_multiply(a, LIMIT), b, &quotient, &remainder))
            return false;
        digits -= TRDB_DECIMAL_MAX_DIGITS;
        if (!shift_up(&quotient, digits))
            return false;
    }
    trdbi_u128 more;
    if (!trdbi_u256_divide(trdbi_u256_multiply(remainder, trdbi_pow10[digits]), b, &more, &remainder) ||
        __builtin_add_overflow(quotient, more, ret))
        return false;
    *ret_loss = lost_of(remainder, b);
    return true;
}

int trdb_decimal_divide(trdb_decimal a, trdb_decimal b, unsigned scale, trdb_rounding mode,
                        trdb_decimal *ret) {
    if (!rounding_is_valid(scale, mode) || !trdbi_decimal_is_valid(a) || !trdbi_decimal_is_valid(b))
        return TRDB_E_INVALID;
    if (is_special(a) || is_special(b))
        return divide_special(a, b, scale, ret);
    trdbi_u128 dividend = trdbi_decimal_coefficient(a), divisor = trdbi_decimal_coefficient(b);
    if (divisor == 0)
        return TRDB_E_RANGE;
    bool negative = !a.negative != !b.negative;
    trdbi_u128 quotient = 0;
    /* A divisor that outgrows 128 bits is more than twice any dividend. */
    lost loss = dividend == 0 ? LOST_NOTHING : LOST_LITTLE;
    if (scale + b.scale >= a.scale) {
        if (!divide_shifted(dividend, scale + b.scale - a.scale, divisor, &quotient, &loss))
            return TRDB_E_RANGE;
    } else if (!__builtin_mul_overflow(divisor, trdbi_pow10[a.scale - b.scale - scale], &divisor)) {
        quotient = dividend / divisor;
        loss = lost_of(dividend % divisor, divisor);
    }
    return finish_rounded(negative, quotient, loss, scale, mode, ret);
}
