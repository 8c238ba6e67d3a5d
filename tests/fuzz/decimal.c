/* SPDX-License-Identifier: MIT */
/* Decimals: text both ways, and what must hold between the operations. */
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "fuzz.h"

enum { MODES = 8 };

/* A value made of digits, or of raw bytes that may break the rules. */
static trdb_decimal take(fuzz_bytes *in) {
    trdb_decimal value;
    memset(&value, 0, sizeof value);
    uint8_t how = fuzz_byte(in);
    if (how % 4 == 0) {
        fuzz_fill(in, &value, sizeof value);
        return value;
    }
    if (how % 4 == 1) {
        char *text = fuzz_text(in, 50);
        (void)trdb_decimal_parse(text, &value); /* NULL when it is none */
        free(text);
        return value;
    }
    int64_t number = 0;
    fuzz_fill(in, &number, 1 + how / 4 % 8);
    FUZZ_CHECK(trdb_decimal_from_i64(number, fuzz_byte(in) % 39, &value) == 0);
    return value;
}

static bool is_number(trdb_decimal value) {
    return value.kind == TRDB_DECIMAL_FINITE && trdbi_decimal_is_valid(value);
}

static void check_text(trdb_decimal value) {
    char text[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal again;
    memset(text, 'x', sizeof text);
    int length = trdb_decimal_format(value, text, sizeof text);
    FUZZ_CHECK((length >= 0) == trdbi_decimal_is_valid(value));
    if (length < 0)
        return;
    FUZZ_CHECK(strlen(text) == (size_t)length);
    if (value.kind == TRDB_DECIMAL_NULL) {
        FUZZ_CHECK(length == 0);
        return;
    }
    FUZZ_CHECK(trdb_decimal_parse(text, &again) == 0);
    FUZZ_CHECK(again.kind == value.kind && trdb_decimal_compare(value, again) == 0);
    if (is_number(value))
        FUZZ_CHECK(again.scale == value.scale && again.lo == value.lo && again.hi == value.hi);
    /* One byte less is too small, and nothing is written behind it. */
    char *tight = malloc((size_t)length + 1);
    FUZZ_CHECK(tight && trdb_decimal_format(value, tight, (size_t)length + 1) == length);
    FUZZ_CHECK(trdb_decimal_format(value, tight, (size_t)length) == TRDB_E_INVALID);
    free(tight);
}

static void check_parse(fuzz_bytes *in) {
    char *text = fuzz_text(in, 200);
    size_t length = strlen(text);
    trdb_decimal value, same;
    memset(&value, 0x5A, sizeof value);
    same = value;
    int code = trdb_decimal_parse(text, &value);
    if (code < 0) {
        FUZZ_CHECK(memcmp(&value, &same, sizeof value) == 0);
        FUZZ_CHECK(code == TRDB_E_INVALID || code == TRDB_E_RANGE);
    } else {
        FUZZ_CHECK(trdbi_decimal_is_valid(value) && value.kind != TRDB_DECIMAL_NULL);
        check_text(value);
    }
    char *part = malloc(length ? length : 1); /* without its NUL */
    FUZZ_CHECK(part != NULL);
    memcpy(part, text, length);
    FUZZ_CHECK(trdb_decimal_parse_n(part, length, &same) == code);
    free(part);
    free(text);
}

static void check_sums(trdb_decimal a, trdb_decimal b) {
    trdb_decimal sum, other, back;
    int code = trdb_decimal_add(a, b, &sum);
    FUZZ_CHECK(trdb_decimal_add(b, a, &other) == code);
    if (code < 0)
        return;
    FUZZ_CHECK(trdbi_decimal_is_valid(sum) && trdb_decimal_compare(sum, other) == 0);
    if (is_number(a) && is_number(b)) {
        FUZZ_CHECK(sum.scale == (a.scale > b.scale ? a.scale : b.scale));
        FUZZ_CHECK(trdb_decimal_subtract(a, trdb_decimal_negate(b), &other) == 0);
        FUZZ_CHECK(trdb_decimal_compare(sum, other) == 0);
        if (trdb_decimal_subtract(sum, b, &back) == 0)
            FUZZ_CHECK(trdb_decimal_compare(back, a) == 0);
    }
}

/* |a/b * b - a| is at most half a unit of the quotient's last place, times |b|: checked where it is exact. */
static void check_quotient(trdb_decimal a, trdb_decimal b, unsigned scale, trdb_rounding mode) {
    trdb_decimal quotient, back, rounded;
    int code = trdb_decimal_divide(a, b, scale, mode, &quotient);
    if (code == 0)
        FUZZ_CHECK(trdbi_decimal_is_valid(quotient));
    if (code < 0 || !is_number(a) || !is_number(b))
        return;
    FUZZ_CHECK(quotient.scale == scale && !trdb_decimal_is_zero(b));
    if (trdb_decimal_divide(a, b, scale, TRDB_ROUND_EXACT, &rounded) == 0) {
        FUZZ_CHECK(trdb_decimal_compare(rounded, quotient) == 0);
        if (trdb_decimal_multiply(quotient, b, a.scale, TRDB_ROUND_EXACT, &back) == 0)
            FUZZ_CHECK(trdb_decimal_compare(back, a) == 0);
    }
}

static void check_products(trdb_decimal a, trdb_decimal b, unsigned scale, trdb_rounding mode) {
    trdb_decimal product, other, low, high;
    int code = trdb_decimal_multiply(a, b, scale, mode, &product);
    FUZZ_CHECK(trdb_decimal_multiply(b, a, scale, mode, &other) == code);
    if (code < 0)
        return;
    FUZZ_CHECK(trdbi_decimal_is_valid(product) && trdb_decimal_compare(product, other) == 0);
    if (!is_number(a) || !is_number(b))
        return;
    FUZZ_CHECK(product.scale == scale);
    /* Every way to round lies between the two that go to the sides. */
    if (trdb_decimal_multiply(a, b, scale, TRDB_ROUND_FLOOR, &low) == 0 &&
        trdb_decimal_multiply(a, b, scale, TRDB_ROUND_CEILING, &high) == 0)
        FUZZ_CHECK(trdb_decimal_compare(low, product) <= 0 && trdb_decimal_compare(product, high) <= 0);
}

static void check_order(trdb_decimal a, trdb_decimal b, trdb_decimal c) {
    FUZZ_CHECK(trdb_decimal_compare(a, b) == -trdb_decimal_compare(b, a));
    FUZZ_CHECK(trdb_decimal_compare(a, a) == 0);
    if (trdb_decimal_compare(a, b) <= 0 && trdb_decimal_compare(b, c) <= 0)
        FUZZ_CHECK(trdb_decimal_compare(a, c) <= 0);
}

static void check_one(trdb_decimal a, unsigned scale, trdb_rounding mode) {
    trdb_decimal rounded, trimmed, low, high, scaled;
    int64_t integer;
    trimmed = trdb_decimal_trim(a);
    FUZZ_CHECK(trdb_decimal_compare(trimmed, a) == 0);
    int code = trdb_decimal_round(a, scale, mode, &rounded);
    if (code == 0 && is_number(a)) {
        FUZZ_CHECK(rounded.scale == scale && trdbi_decimal_is_valid(rounded));
        FUZZ_CHECK(trimmed.scale > scale || trdb_decimal_compare(rounded, a) == 0);
        FUZZ_CHECK(trdb_decimal_round(a, scale, TRDB_ROUND_FLOOR, &low) == 0);
        FUZZ_CHECK(trdb_decimal_compare(low, a) <= 0 && trdb_decimal_compare(low, rounded) <= 0);
        if (trdb_decimal_round(a, scale, TRDB_ROUND_CEILING, &high) == 0)
            FUZZ_CHECK(trdb_decimal_compare(rounded, high) <= 0 && trdb_decimal_compare(a, high) <= 0);
    }
    if (trdb_decimal_to_i64(a, scale, TRDB_ROUND_EXACT, &integer) == 0) {
        FUZZ_CHECK(trdb_decimal_from_i64(integer, scale, &scaled) == 0);
        FUZZ_CHECK(trdb_decimal_compare(scaled, a) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    if (fuzz_byte(&in) % 4 == 0) {
        check_parse(&in);
        return 0;
    }
    unsigned scale = fuzz_byte(&in) % 42; /* above 38 is refused */
    trdb_rounding mode = (trdb_rounding)(fuzz_byte(&in) % (MODES + 1));
    trdb_decimal a = take(&in), b = take(&in), c = take(&in);
    check_text(a);
    check_sums(a, b);
    check_products(a, b, scale, mode);
    check_quotient(a, b, scale, mode);
    if (trdbi_decimal_is_valid(a) && trdbi_decimal_is_valid(b) && trdbi_decimal_is_valid(c)) {
        check_order(a, b, c);
        check_one(a, scale, mode);
    } else {
        (void)trdb_decimal_compare(a, b);
        trdb_decimal rounded;
        (void)trdb_decimal_trim(a);
        FUZZ_CHECK(trdbi_decimal_is_valid(a) || trdb_decimal_round(a, 2, TRDB_ROUND_DOWN, &rounded) < 0);
    }
    return 0;
}
