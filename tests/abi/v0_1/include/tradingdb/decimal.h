/* SPDX-License-Identifier: MIT */
/**
 * @file decimal.h
 * Exact decimal numbers of up to 38 significant digits: the type of every price, size, fee and balance.
 *
 * A trdb_decimal is a plain value: copy it, compare it, keep it in arrays; nothing is allocated. The
 * functions are pure (any thread) and return only a code, since the code says it all. No function rounds
 * unless it is told how; what does not fit is TRDB_E_RANGE, and ret stays untouched. Where a result would be
 * both too large and inexact, it is TRDB_E_RANGE. A struct that breaks the rules of trdb_decimal is refused
 * with TRDB_E_INVALID.
 * Source: reference/decisions.md 2.
 */
#ifndef TRADINGDB_DECIMAL_H
#define TRADINGDB_DECIMAL_H

#include <tradingdb/error.h>

TRDB_BEGIN_DECLS

/** Most significant digits of a coefficient, and most digits behind the point. */
#define TRDB_DECIMAL_MAX_DIGITS 38
#define TRDB_DECIMAL_MAX_SCALE 38

/** Bytes that hold any formatted decimal with its terminating NUL. */
#define TRDB_DECIMAL_TEXT_SIZE 48

/** What a trdb_decimal holds. A zeroed struct is NULL. */
enum trdb_decimal_kind {
    TRDB_DECIMAL_NULL = 0,
    TRDB_DECIMAL_FINITE = 1,
    TRDB_DECIMAL_NAN = 2,
    TRDB_DECIMAL_INFINITY = 3,
    TRDB_DECIMAL_NEG_INFINITY = 4
};

/** (-1)^negative * (hi * 2^64 + lo) / 10^scale. Zero is never negative. The coefficient is below 10^38. */
typedef struct trdb_decimal {
    uint64_t lo;      /**< low half of the coefficient */
    uint64_t hi;      /**< high half of the coefficient */
    uint8_t kind;     /**< enum trdb_decimal_kind */
    uint8_t negative; /**< 1 below zero */
    uint8_t scale;    /**< digits behind the point, 0 to 38; 1.50 has scale 2 and equals 1.5 */
    uint8_t reserved[5];
} trdb_decimal;

/** How to round. The names are IEEE 754's and Python's. */
typedef enum trdb_rounding {
    TRDB_ROUND_EXACT = 0,     /**< do not round: TRDB_E_INEXACT when digits would be lost */
    TRDB_ROUND_HALF_UP = 1,   /**< nearest, ties away from zero: PostgreSQL's round() */
    TRDB_ROUND_HALF_EVEN = 2, /**< nearest, ties to the even digit */
    TRDB_ROUND_HALF_DOWN = 3, /**< nearest, ties toward zero */
    TRDB_ROUND_DOWN = 4,      /**< toward zero */
    TRDB_ROUND_UP = 5,        /**< away from zero */
    TRDB_ROUND_FLOOR = 6,     /**< toward minus infinity */
    TRDB_ROUND_CEILING = 7    /**< toward plus infinity */
} trdb_rounding;

/**
 * Reads decimal text exactly: optional sign, digits with an optional point, optional exponent ("9.64e-05"),
 * or "NaN", "Infinity", "-Infinity", "inf" in any case. No spaces, no thousands separators, no hexadecimal.
 * The scale is the number of digits written behind the point, less what a positive exponent takes.
 * @return 0; TRDB_E_INVALID for other text or NULL; TRDB_E_RANGE for more than 38 digits or a scale above 38
 *         (of zeros at the end, behind the point, as many are dropped first as it takes to make it fit).
 */
TRDB_API int trdb_decimal_parse(const char *text, trdb_decimal *ret);

/** Same for `size` bytes that need no terminating NUL. */
TRDB_API int trdb_decimal_parse_n(const char *text, size_t size, trdb_decimal *ret);

/**
 * Writes plain digits without an exponent, with exactly `scale` of them behind the point, as PostgreSQL
 * prints numeric; "NaN", "Infinity", "-Infinity"; "" for NULL. trdb_decimal_parse() reads it back unchanged.
 * @return the length without the NUL; TRDB_E_INVALID when `size` is too small or the value malformed.
 *         TRDB_DECIMAL_TEXT_SIZE is always enough.
 */
TRDB_API int trdb_decimal_format(trdb_decimal value, char *text, size_t size);

/** Makes value * 10^-scale from an integer, for example cents with scale 2. TRDB_E_RANGE for scale > 38. */
TRDB_API int trdb_decimal_from_i64(int64_t value, unsigned scale, trdb_decimal *ret);

/**
 * Gives value * 10^scale as an integer, for example satoshis with scale 8.
 * @return 0; TRDB_E_INEXACT when digits would be lost under TRDB_ROUND_EXACT; TRDB_E_RANGE when it does not
 *         fit int64 or the value is not finite; TRDB_E_INVALID for an unknown mode or a scale above 38.
 */
TRDB_API int trdb_decimal_to_i64(trdb_decimal value, unsigned scale, trdb_rounding mode, int64_t *ret);

/**
 * Orders two values by size, whatever their scales, as PostgreSQL does: -Infinity < numbers < Infinity < NaN,
 * NaN equals NaN. NULL sorts last, equal to itself.
 * @return -1, 0 or 1.
 */
TRDB_API int trdb_decimal_compare(trdb_decimal a, trdb_decimal b);

/** True when the value is finite and zero. */
TRDB_API bool trdb_decimal_is_zero(trdb_decimal value);

/**
 * a + b, exact, at the larger of both scales. NaN and infinities follow PostgreSQL (Infinity - Infinity is
 * NaN); a NULL operand gives NULL.
 * @return 0; TRDB_E_RANGE when the sum needs more than 38 digits at that scale.
 */
TRDB_API int trdb_decimal_add(trdb_decimal a, trdb_decimal b, trdb_decimal *ret);

/** a - b; as trdb_decimal_add(). */
TRDB_API int trdb_decimal_subtract(trdb_decimal a, trdb_decimal b, trdb_decimal *ret);

/**
 * a * b at the given scale. The product is formed exactly (256 bits) and rounded once.
 * @return 0; TRDB_E_INEXACT under TRDB_ROUND_EXACT when digits would be lost; TRDB_E_RANGE when the result
 *         needs more than 38 digits; TRDB_E_INVALID for an unknown mode or a scale above 38.
 */
TRDB_API int trdb_decimal_multiply(trdb_decimal a, trdb_decimal b, unsigned scale, trdb_rounding mode,
                                   trdb_decimal *ret);

/** a / b at the given scale, rounded once; as trdb_decimal_multiply(). Division by zero is TRDB_E_RANGE. */
TRDB_API int trdb_decimal_divide(trdb_decimal a, trdb_decimal b, unsigned scale, trdb_rounding mode,
                                 trdb_decimal *ret);

/**
 * The same number at another scale: rounds when the scale shrinks, adds zeros when it grows.
 * @return as trdb_decimal_multiply(). NaN, infinities and NULL stay what they are.
 */
TRDB_API int trdb_decimal_round(trdb_decimal value, unsigned scale, trdb_rounding mode, trdb_decimal *ret);

/** The value with the opposite sign; zero, NaN and NULL stay. */
TRDB_API trdb_decimal trdb_decimal_negate(trdb_decimal value);

/** The same number at the smallest scale that holds it: 1.500 becomes 1.5, 100 stays. */
TRDB_API trdb_decimal trdb_decimal_trim(trdb_decimal value);

TRDB_END_DECLS

#endif
