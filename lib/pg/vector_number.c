/* SPDX-License-Identifier: MIT */
/* Integers, booleans, times, uuids and decimals into vectors. */
#include "base/decimal.h"
#include "base/text.h"
#include "pg/codec_types.h"
#include "pg/vector_put.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- integers and what is like them --------------------------------------------------------------- */

static int read_integer(const trdbi_vector *v, const char *data, size_t size, int64_t *ret) {
    switch (v->oid) {
    case TRDBI_OID_INT8:
        *ret = size == 8 ? (int64_t)trdbi_get_u64(data) : 0;
        return size == 8 ? 0 : TRDB_E_PROTOCOL;
    case TRDBI_OID_INT4:
        *ret = size == 4 ? (int32_t)trdbi_get_u32(data) : 0;
        return size == 4 ? 0 : TRDB_E_PROTOCOL;
    default:
        *ret = size == 2 ? (int16_t)trdbi_get_u16(data) : 0;
        return size == 2 ? 0 : TRDB_E_PROTOCOL;
    }
}

int trdbi_put_i64(trdbi_vector *v, size_t row, const char *data, size_t size) {
    return read_integer(v, data, size, (int64_t *)(void *)v->data + row);
}

int trdbi_put_bool(trdbi_vector *v, size_t row, const char *data, size_t size) {
    if (size != 1)
        return TRDB_E_PROTOCOL;
    unsigned char mask = (unsigned char)(1u << row % 8), *at = (unsigned char *)v->data + row / 8;
    *at = (unsigned char)(data[0] ? *at | mask : *at & ~mask);
    return 0;
}

int trdbi_put_timestamp(trdbi_vector *v, size_t row, const char *data, size_t size) {
    int64_t *times = (int64_t *)(void *)v->data;
    if (size != 8)
        return TRDB_E_PROTOCOL;
    int64_t us = (int64_t)trdbi_get_u64(data);
    if (us == INT64_MAX || us == INT64_MIN) {
        if (v->null_infinity) {
            trdbi_vector_null(v, row);
            return 0;
        }
        v->view.infinite_count++;
        times[row] = us;
        return 0;
    }
    v->problem = "the time lies outside the years -4713 to 294246";
    if (us > TRDB_TIMESTAMP_MAX - TRDBI_PG_EPOCH_US || us < TRDB_TIMESTAMP_MIN - TRDBI_PG_EPOCH_US)
        return TRDB_E_RANGE;
    times[row] = us + TRDBI_PG_EPOCH_US;
    return 0;
}

int trdbi_put_uuid(trdbi_vector *v, size_t row, const char *data, size_t size) {
    if (size != sizeof(trdb_uuid))
        return TRDB_E_PROTOCOL;
    memcpy(v->data + row * sizeof(trdb_uuid), data, sizeof(trdb_uuid));
    return 0;
}

/* ---- decimals ------------------------------------------------------------------------------------- */

static const char too_long[] = "the numbers do not fit 38 digits at one scale; ask for the column as float64";

/* Gives all values of the column a larger scale. */
static int raise_scale(trdbi_vector *v, size_t rows, int32_t scale) {
    trdbi_i128 *values = (trdbi_i128 *)(void *)v->data;
    int by = scale - v->view.scale;
    trdbi_i128 factor = (trdbi_i128)trdbi_pow10[by];
    trdbi_i128 bound = (trdbi_i128)trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS - by];
    v->problem = too_long;
    for (size_t i = 0; i < rows; i++) {
        if (values[i] >= bound || values[i] <= -bound)
            return TRDB_E_RANGE;
        values[i] *= factor;
    }
    v->problem = NULL;
    v->view.scale = scale;
    return 0;
}

static int put_number(trdbi_vector *v, size_t row, trdb_decimal number) {
    v->problem = "NaN and infinity are no decimals of 128 bits; ask for the column as float64";
    if (number.kind != TRDB_DECIMAL_FINITE)
        return TRDB_E_RANGE;
    v->problem = NULL;
    int r = number.scale > v->view.scale ? raise_scale(v, row, number.scale) : 0;
    if (r < 0)
        return r;
    trdbi_u128 coefficient = trdbi_decimal_coefficient(number);
    int by = v->view.scale - number.scale;
    if (coefficient >= trdbi_pow10[TRDB_DECIMAL_MAX_DIGITS - by]) {
        v->problem = too_long;
        return TRDB_E_RANGE;
    }
    trdbi_i128 value = (trdbi_i128)(coefficient * trdbi_pow10[by]);
    ((trdbi_i128 *)(void *)v->data)[row] = number.negative ? -value : value;
    return 0;
}

/* Numbers of up to 16 digits at the column's scale, which most are; false for the others. */
static bool put_short(trdbi_vector *v, size_t row, const char *data, size_t size) {
    enum { HEADER = 8, GROUPS = 4, SIGN = 0x4000, MOST_SHIFT = TRDB_DECIMAL_MAX_DIGITS - 4 * GROUPS };
    if (size < HEADER || size > HEADER + 2 * GROUPS)
        return false;
    int groups = trdbi_get_u16(data), weight = (int16_t)trdbi_get_u16(data + 2);
    unsigned sign = trdbi_get_u16(data + 4), scale = trdbi_get_u16(data + 6);
    if (size != HEADER + 2 * (size_t)groups || (sign & ~(unsigned)SIGN) || scale > (unsigned)v->view.scale)
        return false;
    uint64_t digits = 0;
    for (int i = 0; i < groups; i++) {
        unsigned group = trdbi_get_u16(data + HEADER + 2 * i);
        if (group > 9999)
            return false;
        digits = digits * 10000 + group;
    }
    int shift = 4 * (weight - groups + 1) + v->view.scale;
    trdbi_i128 value = 0;
    if (digits == 0) {
        value = 0;
    } else if (shift >= 0 && shift <= MOST_SHIFT) {
        value = (trdbi_i128)((trdbi_u128)digits * trdbi_pow10[shift]);
    } else if (shift < 0 && shift > -4 && digits % (uint64_t)trdbi_pow10[-shift] == 0) {
        value = (trdbi_i128)(digits / (uint64_t)trdbi_pow10[-shift]);
    } else {
        return false;
    }
    ((trdbi_i128 *)(void *)v->data)[row] = sign ? -value : value;
    return true;
}

static int read_decimal(trdbi_vector *v, const char *data, size_t size, trdb_decimal *ret) {
    int64_t integer;
    int r;
    if (v->oid == TRDBI_OID_NUMERIC) {
        r = trdbi_numeric_decode(data, size, ret);
        v->problem = r == TRDB_E_RANGE ? too_long : NULL;
        return r;
    }
    r = read_integer(v, data, size, &integer);
    return r < 0 ? r : trdb_decimal_from_i64(integer, 0, ret);
}

int trdbi_put_decimal(trdbi_vector *v, size_t row, const char *data, size_t size) {
    trdb_decimal number;
    if (v->oid == TRDBI_OID_NUMERIC && put_short(v, row, data, size))
        return 0;
    int r = read_decimal(v, data, size, &number);
    return r < 0 ? r : put_number(v, row, number);
}

/* ---- decimals as double, for those who asked ------------------------------------------------------ */

enum { F64_GROUPS = 200 }; /* of base 10000: beyond 767 digits only whether there are any matters */

/* Up to 2^53 digits and powers up to 10^22 are exact as double, so that one operation rounds once. */
static bool short_double(uint64_t digits, int power, double *ret) {
    static const double tens[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (digits > UINT64_C(1) << 53 || power > 22 || power < -22)
        return false;
    *ret = power < 0 ? (double)digits / tens[-power] : (double)digits * tens[power];
    return true;
}

/* Writes digits and an exponent without a point, whose form depends on the locale, and has strtod() round. */
static int long_double(const char *data, int groups, int weight, double *ret) {
    char text[4 * F64_GROUPS + 32], *at = text;
    bool more = false;
    int used = groups < F64_GROUPS ? groups : F64_GROUPS;
    for (int i = 0; i < groups; i++) {
        unsigned group = trdbi_get_u16(data + 2 * i);
        if (group > 9999)
            return TRDB_E_PROTOCOL;
        if (i < used)
            at += sprintf(at, "%04u", group);
        more = more || (i >= used && group > 0);
    }
    sprintf(at, "%de%d", more, 4 * (weight - used + 1) - 1);
    *ret = strtod(text, NULL);
    return 0;
}

static int numeric_to_f64(const char *data, size_t size, double *ret) {
    enum { HEADER = 8, NEGATIVE = 0x4000, NOT_A_NUMBER = 0xC000, INFINITE = 0xD000, NEGATIVE_INFINITE = 0xF000 };
    if (size < HEADER || size != HEADER + 2 * (size_t)trdbi_get_u16(data))
        return TRDB_E_PROTOCOL;
    int groups = trdbi_get_u16(data), weight = (int16_t)trdbi_get_u16(data + 2), r = 0;
    unsigned sign = trdbi_get_u16(data + 4);
    double value = 0;
    if (sign == NOT_A_NUMBER)
        value = (double)NAN;
    else if (sign == INFINITE || sign == NEGATIVE_INFINITE)
        value = (double)INFINITY;
    else if (sign != 0 && sign != NEGATIVE)
        return TRDB_E_PROTOCOL;
    else {
        uint64_t digits = 0;
        bool valid = groups <= 4;
        for (int i = 0; i < groups && valid; i++) {
            unsigned group = trdbi_get_u16(data + HEADER + 2 * i);
            valid = group <= 9999;
            digits = digits * 10000 + group;
        }
        if (!valid || !short_double(digits, 4 * (weight - groups + 1), &value))
            r = long_double(data + HEADER, groups, weight, &value);
    }
    *ret = (sign == NEGATIVE && value != 0) || sign == NEGATIVE_INFINITE ? -value : value;
    return r;
}

int trdbi_put_f64(trdbi_vector *v, size_t row, const char *data, size_t size) {
    double *values = (double *)(void *)v->data;
    int64_t integer;
    if (v->oid == TRDBI_OID_NUMERIC)
        return numeric_to_f64(data, size, &values[row]);
    int r = read_integer(v, data, size, &integer);
    values[row] = (double)integer;
    return r;
}
