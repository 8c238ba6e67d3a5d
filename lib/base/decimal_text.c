/* SPDX-License-Identifier: MIT */
/* Decimals from and to text. */
#include "base/decimal.h"

/* ---- parsing -------------------------------------------------------------------------------------- */

typedef struct reader {
    const char *at;
    const char *end;
} reader;

/* What the digits of a number say, trailing zeros held back. */
typedef struct digits {
    trdbi_u128 value; /* up to the last digit that is not zero */
    int64_t count;    /* digits of value; above 38 it no longer holds them */
    int64_t zeros;    /* behind value */
    int64_t fraction; /* digits behind the point, zeros included */
    bool any;
} digits;

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool take(reader *in, char c) {
    if (in->at == in->end || *in->at != c)
        return false;
    in->at++;
    return true;
}

/* Whether all that is left is `word`, in any case. The C library's functions would follow the locale. */
static bool rest_is(const reader *in, const char *word) {
    const char *p = in->at;
    for (; *word; word++, p++)
        if (p == in->end || (*p | 0x20) != *word)
            return false;
    return p == in->end;
}

static void read_digits(reader *in, digits *d, bool behind_point) {
    for (; in->at < in->end && is_digit(*in->at); in->at++) {
        d->any = true;
        d->fraction += behind_point;
        if (*in->at == '0') {
            d->zeros += d->count > 0;
            continue;
        }
        d->count += d->zeros + 1;
        if (d->count <= TRDB_DECIMAL_MAX_DIGITS)
            d->value = d->value * trdbi_pow10[d->zeros + 1] + (unsigned)(*in->at - '0');
        d->zeros = 0;
    }
}

/* The exponent, held where no number of digits in memory could bring it back into range. */
static bool read_exponent(reader *in, int64_t *ret) {
    const int64_t far = INT64_MAX / 100;
    bool negative = take(in, '-');
    if (!negative)
        (void)take(in, '+');
    if (in->at == in->end)
        return false;
    int64_t exponent = 0;
    for (; in->at < in->end && is_digit(*in->at); in->at++)
        if (exponent < far)
            exponent = exponent * 10 + (*in->at - '0');
    *ret = negative ? -exponent : exponent;
    return true;
}

/* Finds coefficient and scale of digits with `scale` of them behind the point. */
static int fit(const digits *d, int64_t scale, bool negative, trdb_decimal *ret) {
    if (d->count == 0) {
        int64_t most = scale < TRDB_DECIMAL_MAX_SCALE ? scale : TRDB_DECIMAL_MAX_SCALE;
        *ret = trdbi_decimal_make(false, 0, most > 0 ? (unsigned)most : 0);
        return TRDB_OK;
    }
    int64_t zeros = d->zeros;
    if (scale < 0) {
        zeros -= scale;
        scale = 0;
    }
    /* Only zeros behind the point may go, and only as many as must. */
    int64_t excess = d->count + zeros - TRDB_DECIMAL_MAX_DIGITS;
    if (excess < scale - TRDB_DECIMAL_MAX_SCALE)
        excess = scale - TRDB_DECIMAL_MAX_SCALE;
    if (excess > zeros || excess > scale)
        return TRDB_E_RANGE;
    if (excess > 0) {
        zeros -= excess;
        scale -= excess;
    }
    *ret = trdbi_decimal_make(negative, d->value * trdbi_pow10[zeros], (unsigned)scale);
    return TRDB_OK;
}

static int parse_word(const reader *in, bool has_sign, bool negative, trdb_decimal *ret) {
    trdb_decimal value = {0};
    if (rest_is(in, "infinity") || rest_is(in, "inf"))
        value.kind = negative ? TRDB_DECIMAL_NEG_INFINITY : TRDB_DECIMAL_INFINITY;
    else if (!has_sign && rest_is(in, "nan"))
        value.kind = TRDB_DECIMAL_NAN;
    else
        return TRDB_E_INVALID;
    *ret = value;
    return TRDB_OK;
}

static int parse_any(reader in, trdb_decimal *ret) {
    bool negative = take(&in, '-');
    bool has_sign = negative || take(&in, '+');
    digits d = {0};
    read_digits(&in, &d, false);
    if (take(&in, '.'))
        read_digits(&in, &d, true);
    else if (!d.any)
        return parse_word(&in, has_sign, negative, ret);
    int64_t exponent = 0;
    if (d.any && (take(&in, 'e') || take(&in, 'E')) && !read_exponent(&in, &exponent))
        return TRDB_E_INVALID;
    if (!d.any || in.at != in.end)
        return TRDB_E_INVALID;
    return fit(&d, d.fraction - exponent, negative, ret);
}

/* The usual number: up to 19 digits, perhaps a sign and a point. False when it is anything else. */
static bool parse_short(const char *text, size_t size, trdb_decimal *ret) {
    const char *p = text, *end = text + size, *point = NULL;
    bool negative = p < end && *p == '-';
    p += negative;
    if (end - p > 20 || p == end || !is_digit(*p))
        return false;
    uint64_t value = 0;
    unsigned count = 0;
    for (; p < end; p++) {
        unsigned digit = (unsigned)(*p - '0');
        if (digit <= 9) {
            value = value * 10 + digit;
            count++;
        } else if (*p == '.' && !point)
            point = p;
        else
            return false;
    }
    if (count > 19)
        return false;
    *ret = trdbi_decimal_make(negative, value, point ? (unsigned)(end - point - 1) : 0);
    return true;
}

int trdb_decimal_parse_n(const char *text, size_t size, trdb_decimal *ret) {
    if (!text)
        return TRDB_E_INVALID;
    if (parse_short(text, size, ret))
        return TRDB_OK;
    return parse_any((reader){text, text + size}, ret);
}

int trdb_decimal_parse(const char *text, trdb_decimal *ret) {
    return trdb_decimal_parse_n(text, text ? strlen(text) : 0, ret);
}

/* ---- formatting ----------------------------------------------------------------------------------- */

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

/* Writes digits backwards, ending before `end`. Returns the first one. */
static char *write_back(char *end, uint64_t value) {
    for (; value >= 100; value /= 100) {
        end -= 2;
        memcpy(end, pairs + value % 100 * 2, 2);
    }
    if (value >= 10) {
        end -= 2;
        memcpy(end, pairs + value * 2, 2);
    } else
        *--end = (char)('0' + value);
    return end;
}

static char *write_coefficient(char *end, trdbi_u128 coefficient) {
    const unsigned half = 19; /* digits that a uint64 is sure to hold */
    if (trdbi_u128_hi(coefficient) == 0)
        return write_back(end, (uint64_t)coefficient);
    char *low = write_back(end, (uint64_t)(coefficient % trdbi_pow10[half]));
    while (low > end - half)
        *--low = '0';
    return write_back(low, (uint64_t)(coefficient / trdbi_pow10[half]));
}

static int put(char *text, size_t size, const char *from, size_t length) {
    if (!text || size <= length)
        return TRDB_E_INVALID;
    memcpy(text, from, length);
    text[length] = '\0';
    return (int)length;
}

static int put_word(char *text, size_t size, int kind) {
    static const char *const words[] = {
        [TRDB_DECIMAL_NULL] = "",
        [TRDB_DECIMAL_NAN] = "NaN",
        [TRDB_DECIMAL_INFINITY] = "Infinity",
        [TRDB_DECIMAL_NEG_INFINITY] = "-Infinity",
    };
    return put(text, size, words[kind], strlen(words[kind]));
}

int trdb_decimal_format(trdb_decimal value, char *text, size_t size) {
    if (!trdbi_decimal_is_valid(value))
        return TRDB_E_INVALID;
    if (value.kind != TRDB_DECIMAL_FINITE)
        return put_word(text, size, value.kind);
    char room[TRDB_DECIMAL_TEXT_SIZE];
    char *end = room + sizeof(room);
    char *first = write_coefficient(end, trdbi_decimal_coefficient(value));
    size_t scale = value.scale;
    /* At least one digit before the point: 0.05 */
    while ((size_t)(end - first) <= scale)
        *--first = '0';
    if (scale > 0) {
        size_t whole = (size_t)(end - first) - scale;
        first--;
        memmove(first, first + 1, whole);
        first[whole] = '.';
    }
    if (value.negative && !trdb_decimal_is_zero(value))
        *--first = '-';
    return put(text, size, first, (size_t)(end - first));
}
