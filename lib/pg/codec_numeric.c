/* SPDX-License-Identifier: MIT */
/*
 * numeric on the wire: count, weight, sign, display scale, then digits in base 10000. The value is the sum of
 * digit[i] * 10000^(weight - i).
 */
#include "base/decimal.h"
#include "base/text.h"
#include "pg/codec_types.h"

#include <string.h>

enum {
    GROUP = 4,       /* decimal digits in one of base 10000 */
    MAX_GROUPS = 11, /* that 38 digits can touch */
    HEADER_SIZE = 8,
    MAX_SCALE = 0x3FFF,
    POSITIVE = 0x0000,
    NEGATIVE = 0x4000,
    NOT_A_NUMBER = 0xC000,
    INFINITE = 0xD000,
    NEGATIVE_INFINITE = 0xF000
};

/* ---- encoding ------------------------------------------------------------------------------------- */

static void put_header(trdbi_buf *buf, int groups, int weight, int sign, int scale) {
    trdbi_buf_u16(buf, (uint16_t)groups);
    trdbi_buf_u16(buf, (uint16_t)weight);
    trdbi_buf_u16(buf, (uint16_t)sign);
    trdbi_buf_u16(buf, (uint16_t)scale);
}

/* The decimal digits, most significant first; returns their number. */
static int digits_of(trdbi_u128 coefficient, unsigned char digits[TRDB_DECIMAL_MAX_DIGITS]) {
    static const uint64_t half = UINT64_C(10000000000000000000); /* 10^19: a 64-bit division per digit */
    unsigned char reversed[2 * 19];
    uint64_t parts[2] = {(uint64_t)(coefficient % half), (uint64_t)(coefficient / half)};
    int count = 0;
    for (int part = 0; part < 2; part++)
        for (int i = 0; i < 19; i++, parts[part] /= 10)
            reversed[count++] = (unsigned char)(parts[part] % 10);
    while (count > 0 && reversed[count - 1] == 0)
        count--;
    for (int i = 0; i < count; i++)
        digits[i] = reversed[count - 1 - i];
    return count;
}

static void put_finite(trdbi_buf *buf, trdb_decimal value) {
    unsigned char digits[TRDB_DECIMAL_MAX_DIGITS];
    uint16_t groups[MAX_GROUPS] = {0};
    int count = digits_of(trdbi_decimal_coefficient(value), digits);
    int sign = value.negative ? NEGATIVE : POSITIVE;
    if (count == 0) {
        put_header(buf, 0, 0, POSITIVE, value.scale);
        return;
    }
    /* Place of the first digit as a power of ten, and of its group; +40 keeps the division from rounding up.
     */
    int top = count - 1 - value.scale;
    int weight = (top + 40) / GROUP - 40 / GROUP;
    int used = 0;
    for (int i = 0; i < count; i++) {
        int power = top - i;
        int group = weight - ((power + 40) / GROUP - 40 / GROUP);
        int place = (power + 40) % GROUP;
        static const uint16_t tens[GROUP] = {1, 10, 100, 1000};
        groups[group] = (uint16_t)(groups[group] + digits[i] * tens[place]);
        if (groups[group] != 0)
            used = group + 1;
    }
    put_header(buf, used, weight, sign, value.scale);
    for (int i = 0; i < used; i++)
        trdbi_buf_u16(buf, groups[i]);
}

int trdbi_numeric_encode(trdbi_buf *buf, trdb_decimal value) {
    if (!trdbi_decimal_is_valid(value))
        return TRDB_E_INVALID;
    switch (value.kind) {
    case TRDB_DECIMAL_FINITE:
        put_finite(buf, value);
        return 0;
    case TRDB_DECIMAL_NAN:
        put_header(buf, 0, 0, NOT_A_NUMBER, 0);
        return 0;
    case TRDB_DECIMAL_INFINITY:
        put_header(buf, 0, 0, INFINITE, 0);
        return 0;
    case TRDB_DECIMAL_NEG_INFINITY:
        put_header(buf, 0, 0, NEGATIVE_INFINITE, 0);
        return 0;
    default:
        return TRDB_E_INVALID;
    }
}

/* ---- decoding ------------------------------------------------------------------------------------- */

/* *coefficient * 10^by + digit, while that stays below 10^38. */
static bool append(trdbi_u128 *coefficient, int by, unsigned digit) {
    if (*coefficient >= trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS - by])
        return false;
    *coefficient = *coefficient * trdbi_pow10[by] + digit;
    return true;
}

/* Reads the digits as an integer without zeros at its end: the value is *ret * 10^*ret_power. */
static int read_digits(const unsigned char *data, int groups, int weight, trdbi_u128 *ret, int *ret_power) {
    trdbi_u128 coefficient = 0;
    while (groups > 0 && trdbi_get_u16(data) == 0) {
        data += 2;
        groups--;
        weight--;
    }
    while (groups > 0 && trdbi_get_u16(data + 2 * (groups - 1)) == 0)
        groups--;
    *ret = 0;
    *ret_power = 0;
    if (groups == 0)
        return 0;
    if (groups > MAX_GROUPS)
        return TRDB_E_RANGE;
    for (int i = 0; i < groups - 1; i++)
        if (!append(&coefficient, GROUP, trdbi_get_u16(data + 2 * i)))
            return TRDB_E_RANGE;
    unsigned last = trdbi_get_u16(data + 2 * (groups - 1));
    int zeros = 0;
    for (; last % 10 == 0; last /= 10)
        zeros++;
    if (!append(&coefficient, GROUP - zeros, last))
        return TRDB_E_RANGE;
    *ret = coefficient;
    *ret_power = (weight - (groups - 1)) * GROUP + zeros;
    return 0;
}

/* Gives the number the server's scale, or as many of its trailing zeros as fit 38 digits. */
static int put_scale(bool negative, trdbi_u128 coefficient, int power, int scale, trdb_decimal *ret) {
    int least = power < 0 ? -power : 0;
    if (scale < least)
        scale = least;
    if (least > TRDB_DECIMAL_MAX_SCALE || power > TRDB_DECIMAL_MAX_DIGITS)
        return coefficient == 0 ? 0 : TRDB_E_RANGE;
    if (scale > TRDB_DECIMAL_MAX_SCALE)
        scale = TRDB_DECIMAL_MAX_SCALE;
    for (; scale >= least; scale--) {
        int shift = power + scale;
        if (shift <= TRDB_DECIMAL_MAX_DIGITS && coefficient < trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS - shift]) {
            *ret = trdbi_decimal_make(negative, coefficient * trdbi_pow10[shift], (unsigned)scale);
            return 0;
        }
    }
    return TRDB_E_RANGE;
}

static int decode_finite(const unsigned char *data, int groups, int weight, bool negative, int scale,
                         trdb_decimal *ret) {
    trdbi_u128 coefficient;
    int power;
    for (int i = 0; i < groups; i++)
        if (trdbi_get_u16(data + 2 * i) > 9999)
            return TRDB_E_PROTOCOL;
    int r = read_digits(data, groups, weight, &coefficient, &power);
    return r < 0 ? r : put_scale(negative, coefficient, power, scale, ret);
}

int trdbi_numeric_decode(const void *data, size_t size, trdb_decimal *ret) {
    const unsigned char *p = data;
    if (size < HEADER_SIZE)
        return TRDB_E_PROTOCOL;
    int groups = trdbi_get_u16(p);
    int weight = (int16_t)trdbi_get_u16(p + 2);
    int sign = trdbi_get_u16(p + 4);
    int scale = trdbi_get_u16(p + 6);
    if (size != HEADER_SIZE + 2 * (size_t)groups || scale > MAX_SCALE)
        return TRDB_E_PROTOCOL;
    switch (sign) {
    case POSITIVE:
    case NEGATIVE:
        return decode_finite(p + HEADER_SIZE, groups, weight, sign == NEGATIVE, scale, ret);
    case NOT_A_NUMBER:
        *ret = (trdb_decimal){.kind = TRDB_DECIMAL_NAN};
        return 0;
    case INFINITE:
        *ret = (trdb_decimal){.kind = TRDB_DECIMAL_INFINITY};
        return 0;
    case NEGATIVE_INFINITE:
        *ret = (trdb_decimal){.kind = TRDB_DECIMAL_NEG_INFINITY};
        return 0;
    default:
        return TRDB_E_PROTOCOL;
    }
}
