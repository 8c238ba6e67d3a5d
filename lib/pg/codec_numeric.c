/* SPDX-License-Identifier: MIT */
/*
 * numeric on the wire: count, weight, sign, display scale, then digits in base 10000. The value is the sum of
 * digit[i] * 10000^(weight - i).
 */
#include "base/decimal.h"
#include "base/text.h"
#include "pg/codec.h"
#include "pg/codec_types.h"

#include <string.h>

enum {
    GROUP = 4,       /* decimal digits in one of base 10000 */
    BASE = 10000,
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

/* What has no digits. */
static int put_header(char *out, unsigned sign, unsigned scale) {
    trdbi_put_u32(out, 0);
    trdbi_put_u16(out + 4, (uint16_t)sign);
    trdbi_put_u16(out + 6, (uint16_t)scale);
    return HEADER_SIZE;
}

/* Header and `count` groups, which stand least significant first. Zeros at both ends are left out, as the
 * server does; `behind` of the groups lie behind the point. */
static int put_groups(char *out, const uint16_t *groups, int count, int behind, const trdb_decimal *value) {
    int low = 0, weight = count - 1 - behind;
    while (low < count && groups[low] == 0)
        low++;
    if (low == count)
        return put_header(out, POSITIVE, value->scale);
    trdbi_put_u16(out, (uint16_t)(count - low));
    trdbi_put_u16(out + 2, (uint16_t)weight);
    trdbi_put_u16(out + 4, value->negative ? NEGATIVE : POSITIVE);
    trdbi_put_u16(out + 6, value->scale);
    out += HEADER_SIZE;
    for (int i = count - 1; i >= low; i--, out += 2)
        trdbi_put_u16(out, groups[i]);
    return HEADER_SIZE + 2 * (count - low);
}

/* Nearly all there is: with its last group filled up with zeros the coefficient has at most four groups, which
 * make one word. Those that are zero at its ends are left out. */
static int put_short(char *out, const trdb_decimal *value, int behind, uint64_t coefficient) {
    if (coefficient == 0)
        return put_header(out, POSITIVE, value->scale);
    uint32_t high = (uint32_t)(coefficient / (BASE * BASE)), low = (uint32_t)(coefficient % (BASE * BASE));
    uint64_t groups = (uint64_t)(high / BASE) << 48 | (uint64_t)(high % BASE) << 32 |
                      (uint64_t)(low / BASE) << 16 | low % BASE;
    int leading = __builtin_clzll(groups) / 16, trailing = __builtin_ctzll(groups) / 16;
    int count = 4 - leading - trailing, weight = 3 - leading - behind;
    trdbi_put_u64(out, (uint64_t)count << 48 | (uint64_t)(uint16_t)weight << 32 |
                           (uint64_t)(value->negative ? NEGATIVE : POSITIVE) << 16 | value->scale);
    trdbi_put_u64(out + HEADER_SIZE, groups << 16 * leading);
    return HEADER_SIZE + 2 * count;
}

/* The last group alone, so that nothing outgrows 128 bits; the rest in parts of four groups. */
static int put_long(char *out, const trdb_decimal *value, int behind, unsigned fill) {
    static const uint64_t part_size = (uint64_t)BASE * BASE * BASE * BASE;
    uint16_t groups[MAX_GROUPS + 1];
    int count = 0;
    trdbi_u128 rest = trdbi_decimal_coefficient(*value);
    groups[count++] = (uint16_t)((unsigned)(rest % (BASE / fill)) * fill);
    for (rest /= BASE / fill; rest > 0; rest /= part_size) {
        uint64_t part = (uint64_t)(rest % part_size);
        for (int i = 0; i < 4 && (part > 0 || rest >= part_size); i++, part /= BASE)
            groups[count++] = (uint16_t)(part % BASE);
    }
    return put_groups(out, groups, count, behind, value);
}

static __attribute__((noinline)) int put_other(char *out, const trdb_decimal *value, int behind,
                                               unsigned fill) {
    if (!trdbi_decimal_is_valid(*value))
        return TRDB_E_INVALID;
    switch (value->kind) {
    case TRDB_DECIMAL_FINITE:
        return put_long(out, value, behind, fill);
    case TRDB_DECIMAL_NAN:
        return put_header(out, NOT_A_NUMBER, 0);
    case TRDB_DECIMAL_INFINITY:
        return put_header(out, INFINITE, 0);
    case TRDB_DECIMAL_NEG_INFINITY:
        return put_header(out, NEGATIVE_INFINITE, 0);
    default:
        return TRDB_E_INVALID;
    }
}

/* The coefficient is a multiple of 10^(4 * behind) once its last group is filled up with zeros. */
int trdbi_numeric_put(char *out, const trdb_decimal *value) {
    static const uint16_t tens[GROUP] = {1, 10, 100, 1000};
    static const uint64_t limits[GROUP] = {10000000000000000, 1000000000000000, 100000000000000,
                                           10000000000000};
    unsigned behind = (value->scale + GROUP - 1u) / GROUP, missing = behind * GROUP - value->scale;
    if (value->kind == TRDB_DECIMAL_FINITE && value->hi == 0 && value->lo < limits[missing] &&
        value->scale <= TRDB_DECIMAL_MAX_SCALE)
        return put_short(out, value, (int)behind, value->lo * tens[missing]);
    return put_other(out, value, (int)behind, tens[missing]);
}

int trdbi_numeric_encode(trdbi_buf *buf, trdb_decimal value) {
    char *out = trdbi_buf_room(buf, TRDBI_NUMERIC_SIZE);
    if (!out)
        return 0; /* the buffer says so itself */
    int size = trdbi_numeric_put(out, &value);
    if (size < 0)
        return size;
    trdbi_buf_use(buf, (size_t)size);
    return 0;
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

/* Nearly all there is: four groups at most, and a coefficient of 64 bits. False: this one takes the other way. */
static bool decode_short(const unsigned char *data, int groups, int weight, bool negative, int scale,
                         trdb_decimal *ret) {
    enum { GROUPS = 4, MOST_SHIFT = 19 }; /* 10^19 is the last power in 64 bits */
    uint64_t coefficient = 0;
    int shift = scale + (weight - groups + 1) * GROUP;
    if (groups > GROUPS || scale > TRDB_DECIMAL_MAX_SCALE || shift <= -GROUP || shift > MOST_SHIFT)
        return false;
    for (int i = 0; i < groups; i++) {
        unsigned group = trdbi_get_u16(data + 2 * i);
        if (group >= BASE)
            return false;
        coefficient = coefficient * BASE + group;
    }
    if (shift < 0) { /* the last group is filled up with zeros */
        uint64_t fill = (uint64_t)trdbi_pow10[-shift];
        if (coefficient % fill != 0)
            return false;
        coefficient /= fill;
    } else if (__builtin_mul_overflow(coefficient, (uint64_t)trdbi_pow10[shift], &coefficient)) {
        return false;
    }
    *ret = trdbi_decimal_make(negative, coefficient, (unsigned)scale);
    return true;
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
        if (decode_short(p + HEADER_SIZE, groups, weight, sign == NEGATIVE, scale, ret))
            return 0;
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
