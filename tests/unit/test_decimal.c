/* SPDX-License-Identifier: MIT */
/* Decimals at their edges; test_decimal_oracle.py has the bulk. */
#include "harness.h"

#define NINES38 "99999999999999999999999999999999999999"
#define NINES37 "9999999999999999999999999999999999999"
#define NINES36 "999999999999999999999999999999999999"
#define THREES38 "33333333333333333333333333333333333333"
#define THREES37 "3333333333333333333333333333333333333"
#define ZEROS38 "00000000000000000000000000000000000000"
#define ZEROS37 "0000000000000000000000000000000000000"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static trdb_decimal dec(const char *text) {
    trdb_decimal value = {0};
    ck_assert_msg(trdb_decimal_parse(text, &value) == 0, "%s is not a decimal", text);
    return value;
}

static const trdb_decimal untouched = {1, 2, 77, 3, 4, {5, 6, 7, 8, 9}};

/* Compares the text of a result, or the name of a code with its struct left alone. */
static void ck_result(int rc, trdb_decimal value, const char *expected, const char *what) {
    char text[TRDB_DECIMAL_TEXT_SIZE];
    if (rc < 0) {
        ck_assert_msg(strcmp(trdb_error_code_name(rc), expected) == 0, "%s: %s, not %s", what,
                      trdb_error_code_name(rc), expected);
        ck_assert_mem_eq(&value, &untouched, sizeof value);
        return;
    }
    int length = trdb_decimal_format(value, text, sizeof text);
    ck_assert_msg(length >= 0, "%s: malformed", what);
    ck_assert_int_eq(length, (int)strlen(text));
    ck_assert_msg(strcmp(text, expected) == 0, "%s: %s, not %s", what, text, expected);
    for (size_t i = 0; i < sizeof value.reserved; i++)
        ck_assert_uint_eq(value.reserved[i], 0);
    if (value.kind == TRDB_DECIMAL_FINITE && value.lo == 0 && value.hi == 0)
        ck_assert_uint_eq(value.negative, 0);
}

START_TEST(parse_and_format) {
    static const char *const cases[][2] = {
        {"0", "0"},
        {"-0", "0"},
        {"-0.00", "0.00"},
        {"+1", "1"},
        {"1.", "1"},
        {".5", "0.5"},
        {"-.5", "-0.5"},
        {"1.50", "1.50"},
        {"007", "7"},
        {"00000000000000000000000000000000000000000007.1", "7.1"},
        {"64250.10", "64250.10"},
        {"0.00010074887218045112", "0.00010074887218045112"},
        {"9.64e-05", "0.0000964"},
        {"1.50e1", "15.0"},
        {"1.50E+2", "150"},
        {"1e5", "100000"},
        {"1e37", "1" ZEROS37},
        {"1e-38", "0." ZEROS37 "1"},
        {"-1e-38", "-0." ZEROS37 "1"},
        {"18446744073709551615", "18446744073709551615"},
        {"18446744073709551616", "18446744073709551616"},
        {"10000000000000000000", "10000000000000000000"},
        {"100000000000000000000", "100000000000000000000"},
        {"1234567890123456789", "1234567890123456789"},
        {"12345678901234567890.0000000000000000001", "TRDB_E_RANGE"},
        {NINES38, NINES38},
        {"-" NINES38, "-" NINES38},
        {"0." NINES38, "0." NINES38},
        {NINES38 ".0", NINES38},
        {NINES38 ".1", "TRDB_E_RANGE"},
        {NINES38 "0", "TRDB_E_RANGE"},
        {"1" ZEROS38, "TRDB_E_RANGE"},
        {"1e38", "TRDB_E_RANGE"},
        {"1e-39", "TRDB_E_RANGE"},
        {"10e-39", "0." ZEROS37 "1"},
        {"0.1e38", "1" ZEROS37},
        {"1." ZEROS38 "00", "1." ZEROS37},
        {"0." ZEROS38 "00", "0." ZEROS38},
        {"0." ZEROS38 "1", "TRDB_E_RANGE"},
        {"0e99", "0"},
        {"0e-99", "0." ZEROS38},
        {"0e99999999999999999999999", "0"},
        {"1e99999999999999999999999", "TRDB_E_RANGE"},
        {"1e-99999999999999999999999", "TRDB_E_RANGE"},
        {"NaN", "NaN"},
        {"nan", "NaN"},
        {"Infinity", "Infinity"},
        {"inf", "Infinity"},
        {"+INF", "Infinity"},
        {"-Infinity", "-Infinity"},
        {"-inf", "-Infinity"},
        {"", "TRDB_E_INVALID"},
        {"-", "TRDB_E_INVALID"},
        {"+", "TRDB_E_INVALID"},
        {".", "TRDB_E_INVALID"},
        {"-.", "TRDB_E_INVALID"},
        {".e5", "TRDB_E_INVALID"},
        {"e5", "TRDB_E_INVALID"},
        {"1e", "TRDB_E_INVALID"},
        {"1e+", "TRDB_E_INVALID"},
        {"1e-", "TRDB_E_INVALID"},
        {"1e1.5", "TRDB_E_INVALID"},
        {"1e1e1", "TRDB_E_INVALID"},
        {"--1", "TRDB_E_INVALID"},
        {"+-1", "TRDB_E_INVALID"},
        {"1-", "TRDB_E_INVALID"},
        {"1.2.3", "TRDB_E_INVALID"},
        {" 1", "TRDB_E_INVALID"},
        {"1 ", "TRDB_E_INVALID"},
        {"1\n", "TRDB_E_INVALID"},
        {"1,000", "TRDB_E_INVALID"},
        {"1_000", "TRDB_E_INVALID"},
        {"0x10", "TRDB_E_INVALID"},
        {"1f", "TRDB_E_INVALID"},
        {"-NaN", "TRDB_E_INVALID"},
        {"nano", "TRDB_E_INVALID"},
        {"in", "TRDB_E_INVALID"},
        {"infinit", "TRDB_E_INVALID"},
        {"infinityx", "TRDB_E_INVALID"},
        {"1inf", "TRDB_E_INVALID"},
        {"\xEF\xBC\x91", "TRDB_E_INVALID"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        trdb_decimal value = untouched;
        int rc = trdb_decimal_parse(cases[i][0], &value);
        ck_result(rc, value, cases[i][1], cases[i][0]);
        if (rc == 0)
            ck_assert_int_eq(trdb_decimal_compare(dec(cases[i][1]), value), 0);
    }
    trdb_decimal value = untouched;
    ck_result(trdb_decimal_parse(NULL, &value), value, "TRDB_E_INVALID", "NULL");
    ck_result(trdb_decimal_parse_n(NULL, 3, &value), value, "TRDB_E_INVALID", "NULL");
    ck_result(trdb_decimal_parse_n("1\0", 2, &value), value, "TRDB_E_INVALID", "NUL inside");
    ck_result(trdb_decimal_parse_n("12.5junk", 4, &value), value, "12.5", "part");
}
END_TEST

START_TEST(format_needs_room_and_sense) {
    char text[TRDB_DECIMAL_TEXT_SIZE];
    memset(text, 'x', sizeof text);
    ck_assert_int_eq(trdb_decimal_format(dec("-1.50"), text, 5), TRDB_E_INVALID);
    ck_assert_int_eq(text[0], 'x');
    ck_assert_int_eq(trdb_decimal_format(dec("-1.50"), text, 0), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_decimal_format(dec("1"), NULL, 10), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_decimal_format(dec("NaN"), text, 3), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_decimal_format(dec("-1.50"), text, 6), 5);
    ck_assert_str_eq(text, "-1.50");
    trdb_decimal null = {0};
    ck_assert_int_eq(trdb_decimal_format(null, text, 0), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_decimal_format(null, text, 1), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

/* Structs that only a caller's bug makes: refused everywhere, and no memory read out of bounds. */
START_TEST(malformed_values_are_refused) {
    trdb_decimal bad[4] = {dec("1"), dec("1"), dec("1"), dec(NINES38)};
    bad[0].kind = 5;
    bad[1].scale = 39;
    bad[2].hi = UINT64_MAX;
    bad[3].lo++; /* 10^38 */
    char text[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal value = untouched;
    int64_t integer = 7;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(trdb_decimal_format(bad[i], text, sizeof text), TRDB_E_INVALID);
        ck_result(trdb_decimal_add(bad[i], dec("1"), &value), value, "TRDB_E_INVALID", "add");
        ck_result(trdb_decimal_subtract(dec("1"), bad[i], &value), value, "TRDB_E_INVALID", "subtract");
        ck_result(trdb_decimal_multiply(bad[i], dec("1"), 2, TRDB_ROUND_DOWN, &value), value,
                  "TRDB_E_INVALID", "multiply");
        ck_result(trdb_decimal_divide(dec("1"), bad[i], 2, TRDB_ROUND_DOWN, &value), value, "TRDB_E_INVALID",
                  "divide");
        ck_result(trdb_decimal_round(bad[i], 2, TRDB_ROUND_DOWN, &value), value, "TRDB_E_INVALID", "round");
        ck_assert_int_eq(trdb_decimal_to_i64(bad[i], 2, TRDB_ROUND_DOWN, &integer), TRDB_E_INVALID);
        ck_assert_int_eq(integer, 7);
        ck_assert_int_eq(trdb_decimal_compare(bad[i], dec("NaN")), 1);
        ck_assert_int_eq(trdb_decimal_compare(dec("NaN"), bad[i]), -1);
        trdb_decimal same = trdb_decimal_trim(bad[i]);
        ck_assert_mem_eq(&same, &bad[i], sizeof same);
    }
    /* A zero with a sign is not malformed, it is zero. */
    trdb_decimal zero = dec("0");
    zero.negative = 1;
    ck_assert_int_eq(trdb_decimal_format(zero, text, sizeof text), 1);
    ck_assert_int_eq(trdb_decimal_compare(zero, dec("0")), 0);
    ck_result(trdb_decimal_add(zero, dec("-0.0"), &value), value, "0.0", "sum of zeros");
    zero = trdb_decimal_negate(zero);
    ck_result(0, zero, "0", "negated zero");
}
END_TEST

START_TEST(add_and_subtract) {
    static const char *const cases[][4] = {
        {"1.50", "0.5", "2.00", "1.00"},
        {"0.1", "0.2", "0.3", "-0.1"},
        {"1", "-1.00", "0.00", "2.00"},
        {NINES38, "1", "TRDB_E_RANGE", "99999999999999999999999999999999999998"},
        {NINES38, "-1", "99999999999999999999999999999999999998", "TRDB_E_RANGE"},
        {"-" NINES38, "-" NINES38, "TRDB_E_RANGE", "0"},
        {"1" ZEROS37, "0.5", "TRDB_E_RANGE", "9999999999999999999999999999999999999.5"},
        /* Shifted beyond 38 digits on the way, back below at the end. */
        {"1" ZEROS37, "-9999999999999999999999999999999999999.9", "0.1", "TRDB_E_RANGE"},
        {"0", "0." NINES38, "0." NINES38, "-0." NINES38},
        {"NaN", "1", "NaN", "NaN"},
        {"Infinity", "NaN", "NaN", "NaN"},
        {"Infinity", "1", "Infinity", "Infinity"},
        {"1", "-Infinity", "-Infinity", "Infinity"},
        {"Infinity", "Infinity", "Infinity", "NaN"},
        {"Infinity", "-Infinity", "NaN", "Infinity"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        trdb_decimal a = dec(cases[i][0]), b = dec(cases[i][1]), value = untouched;
        int rc = trdb_decimal_add(a, b, &value);
        ck_result(rc, value, cases[i][2], "a + b");
        value = untouched;
        rc = trdb_decimal_add(b, a, &value);
        ck_result(rc, value, cases[i][2], "b + a");
        value = untouched;
        rc = trdb_decimal_subtract(a, b, &value);
        ck_result(rc, value, cases[i][3], "a - b");
    }
}
END_TEST

START_TEST(null_makes_null) {
    static const char *const others[] = {"0", "1", "NaN", "Infinity"};
    trdb_decimal null = {0}, value;
    for (size_t i = 0; i < COUNT(others); i++) {
        trdb_decimal other = dec(others[i]);
        value = untouched;
        ck_result(trdb_decimal_add(null, other, &value), value, "", "null + x");
        value = untouched;
        ck_result(trdb_decimal_subtract(other, null, &value), value, "", "x - null");
        value = untouched;
        ck_result(trdb_decimal_multiply(other, null, 0, TRDB_ROUND_EXACT, &value), value, "", "x * null");
        value = untouched;
        ck_result(trdb_decimal_divide(null, other, 0, TRDB_ROUND_EXACT, &value), value, "", "null / x");
    }
    value = untouched;
    ck_result(trdb_decimal_round(null, 2, TRDB_ROUND_EXACT, &value), value, "", "round");
    ck_result(0, trdb_decimal_negate(null), "", "negate");
    ck_result(0, trdb_decimal_trim(null), "", "trim");
    ck_assert(!trdb_decimal_is_zero(null));
    int64_t integer = 7;
    ck_assert_int_eq(trdb_decimal_to_i64(null, 0, TRDB_ROUND_EXACT, &integer), TRDB_E_RANGE);
    ck_assert_int_eq(integer, 7);
}
END_TEST

typedef struct rounded_case {
    const char *a;
    const char *b; /* of a product or a quotient */
    unsigned scale;
    const char *results[8]; /* by mode */
} rounded_case;

#define INEXACT "TRDB_E_INEXACT"
#define RANGE "TRDB_E_RANGE"
#define ALL(text)                                                                                            \
    { text, text, text, text, text, text, text, text }

START_TEST(round_in_every_mode) {
    static const rounded_case cases[] = {
        /*                    exact    half up  even     down     down   up       floor    ceiling */
        {"2.5", "", 0, {INEXACT, "3", "2", "2", "2", "3", "2", "3"}},
        {"3.5", "", 0, {INEXACT, "4", "4", "3", "3", "4", "3", "4"}},
        {"-2.5", "", 0, {INEXACT, "-3", "-2", "-2", "-2", "-3", "-3", "-2"}},
        {"0.5", "", 0, {INEXACT, "1", "0", "0", "0", "1", "0", "1"}},
        {"-0.5", "", 0, {INEXACT, "-1", "0", "0", "0", "-1", "-1", "0"}},
        {"2.49", "", 1, {INEXACT, "2.5", "2.5", "2.5", "2.4", "2.5", "2.4", "2.5"}},
        {"2.4000001", "", 1, {INEXACT, "2.4", "2.4", "2.4", "2.4", "2.5", "2.4", "2.5"}},
        {"1.50", "", 1, ALL("1.5")},
        {"1.5", "", 3, ALL("1.500")},
        {"0.00", "", 0, ALL("0")},
        {NINES38, "", 1, ALL(RANGE)},
        {"0." NINES38,
         "",
         37,
         {INEXACT, "1." ZEROS37, "1." ZEROS37, "1." ZEROS37, "0.9" NINES36, "1." ZEROS37, "0.9" NINES36,
          "1." ZEROS37}},
        {"NaN", "", 3, ALL("NaN")},
        {"-Infinity", "", 3, ALL("-Infinity")},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int mode = 0; mode < 8; mode++) {
            trdb_decimal value = untouched;
            int rc = trdb_decimal_round(dec(cases[i].a), cases[i].scale, (trdb_rounding)mode, &value);
            ck_result(rc, value, cases[i].results[mode], cases[i].a);
        }
    trdb_decimal value = untouched;
    ck_result(trdb_decimal_round(dec("1"), 39, TRDB_ROUND_DOWN, &value), value, "TRDB_E_INVALID", "scale");
    ck_result(trdb_decimal_round(dec("1"), 2, (trdb_rounding)8, &value), value, "TRDB_E_INVALID", "mode");
    ck_result(trdb_decimal_round(dec("NaN"), 2, (trdb_rounding)-1, &value), value, "TRDB_E_INVALID", "mode");
}
END_TEST

START_TEST(multiply) {
    static const rounded_case cases[] = {
        {"1.5", "1.5", 2, ALL("2.25")},
        {"1.5", "-1.5", 4, ALL("-2.2500")},
        {"1.5", "1.5", 1, {INEXACT, "2.3", "2.2", "2.2", "2.2", "2.3", "2.2", "2.3"}},
        {"0.00000001", "0.00000001", 16, ALL("0.0000000000000001")},
        {"0", "-5", 2, ALL("0.00")},
        {"0", NINES38, 38, ALL("0." ZEROS38)},
        {NINES38, NINES38, 0, ALL(RANGE)},
        /* 76 digits, of which 38 or more fall off */
        {"0." NINES38,
         "0." NINES38,
         38,
         {INEXACT, "0." NINES37 "8", "0." NINES37 "8", "0." NINES37 "8", "0." NINES37 "8", "0." NINES38,
          "0." NINES37 "8", "0." NINES38}},
        {"0." NINES38, "0." NINES38, 0, {INEXACT, "1", "1", "1", "0", "1", "0", "1"}},
        /* Exactly a half, found in two steps of division; and a hair more. */
        {"0." ZEROS37 "5", "1" ZEROS37, 0, {INEXACT, "1", "0", "0", "0", "1", "0", "1"}},
        {"0.70710678118654752440084436210484903929",
         "0.70710678118654752440084436210484903929",
         0,
         {INEXACT, "1", "1", "1", "0", "1", "0", "1"}},
        {"0.70710678118654752440084436210484903928",
         "0.70710678118654752440084436210484903928",
         0,
         {INEXACT, "0", "0", "0", "0", "1", "0", "1"}},
        {"1e-38",
         "1e-38",
         38,
         {INEXACT, "0." ZEROS38, "0." ZEROS38, "0." ZEROS38, "0." ZEROS38, "0." ZEROS37 "1", "0." ZEROS38,
          "0." ZEROS37 "1"}},
        {"1e37", "10", 0, ALL(RANGE)},
        {"1e37", "1", 1, ALL(RANGE)},
        {"NaN", "0", 1, ALL("NaN")},
        {"Infinity", "0", 1, ALL("NaN")},
        {"Infinity", "-2", 1, ALL("-Infinity")},
        {"-Infinity", "-Infinity", 1, ALL("Infinity")},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int mode = 0; mode < 8; mode++) {
            trdb_decimal a = dec(cases[i].a), b = dec(cases[i].b), value = untouched;
            int rc = trdb_decimal_multiply(a, b, cases[i].scale, (trdb_rounding)mode, &value);
            ck_result(rc, value, cases[i].results[mode], cases[i].a);
            value = untouched;
            rc = trdb_decimal_multiply(b, a, cases[i].scale, (trdb_rounding)mode, &value);
            ck_result(rc, value, cases[i].results[mode], cases[i].b);
        }
    trdb_decimal value = untouched;
    ck_result(trdb_decimal_multiply(dec("1"), dec("1"), 39, TRDB_ROUND_DOWN, &value), value, "TRDB_E_INVALID",
              "scale");
    ck_result(trdb_decimal_multiply(dec("NaN"), dec("1"), 0, (trdb_rounding)8, &value), value,
              "TRDB_E_INVALID", "mode");
}
END_TEST

START_TEST(divide) {
    static const rounded_case cases[] = {
        {"6", "3", 0, ALL("2")},
        {"1", "4", 2, ALL("0.25")},
        {"1", "-4", 5, ALL("-0.25000")},
        {"1", "3", 2, {INEXACT, "0.33", "0.33", "0.33", "0.33", "0.34", "0.33", "0.34"}},
        {"-2", "3", 2, {INEXACT, "-0.67", "-0.67", "-0.67", "-0.66", "-0.67", "-0.67", "-0.66"}},
        {"1", "8", 2, {INEXACT, "0.13", "0.12", "0.12", "0.12", "0.13", "0.12", "0.13"}},
        {"0", "7", 3, ALL("0.000")},
        {"0.0", "-7", 0, ALL("0")},
        {"1",
         "3",
         38,
         {INEXACT, "0." THREES38, "0." THREES38, "0." THREES38, "0." THREES38, "0." THREES37 "4",
          "0." THREES38, "0." THREES37 "4"}},
        /* Up by 10^76: two steps of long division. */
        {"1e-38", "1e-38", 38, ALL(RANGE)},
        {"1e-38", "1e-38", 37, ALL("1." ZEROS37)},
        {"1",
         "3e-38",
         0,
         {INEXACT, THREES38, THREES38, THREES38, THREES38, THREES37 "4", THREES38, THREES37 "4"}},
        {"1", "1e-38", 0, ALL(RANGE)},
        {"0.1", "1e-38", 0, ALL("1" ZEROS37)},
        /* Down: the divisor outgrows 128 bits. */
        {"1e-38", NINES38, 0, {INEXACT, "0", "0", "0", "0", "1", "0", "1"}},
        {"-1e-38", NINES38, 0, {INEXACT, "0", "0", "0", "0", "-1", "-1", "0"}},
        {"0." ZEROS38, NINES38, 0, ALL("0")},
        {"0.5", "1", 0, {INEXACT, "1", "0", "0", "0", "1", "0", "1"}},
        {"1", "0", 2, ALL(RANGE)},
        {"0", "0.00", 2, ALL(RANGE)},
        {"Infinity", "0", 2, ALL(RANGE)},
        {"NaN", "0", 2, ALL("NaN")},
        {"Infinity", "-Infinity", 2, ALL("NaN")},
        {"Infinity", "-2", 2, ALL("-Infinity")},
        {"-1", "Infinity", 2, ALL("0.00")},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int mode = 0; mode < 8; mode++) {
            trdb_decimal value = untouched;
            int rc = trdb_decimal_divide(dec(cases[i].a), dec(cases[i].b), cases[i].scale,
                                         (trdb_rounding)mode, &value);
            ck_result(rc, value, cases[i].results[mode], cases[i].a);
        }
    trdb_decimal value = untouched;
    ck_result(trdb_decimal_divide(dec("1"), dec("0"), 39, TRDB_ROUND_DOWN, &value), value, "TRDB_E_INVALID",
              "scale");
}
END_TEST

START_TEST(order) {
    /* In order; equal ones share a line. */
    static const char *const ordered[][3] = {
        {"-Infinity", "-inf", "-INFINITY"},
        {"-" NINES38, "-" NINES38 ".0", "-" NINES38},
        {"-1.50", "-1.5", "-1.500"},
        {"-1." ZEROS37, "-1", "-1.0"},
        {"-1e-38", "-1e-38", "-1e-38"},
        {"0", "-0.00", "0." ZEROS38},
        {"1e-38", "10e-39", "1e-38"},
        {"0." NINES38, "0." NINES38, "0." NINES38},
        {"1", "1.0", "1." ZEROS37},
        {"1.0000000000000000000000000000000000001", "1.0000000000000000000000000000000000001",
         "1.0000000000000000000000000000000000001"},
        {"18446744073709551615", "18446744073709551615.0", "18446744073709551615"},
        {"18446744073709551616", "18446744073709551616.0", "18446744073709551616"},
        {"1e37", "1e37", "1e37"},
        {NINES38, NINES38, NINES38},
        {"Infinity", "inf", "+inf"},
        {"NaN", "nan", "NAN"},
    };
    for (size_t i = 0; i < COUNT(ordered) * 3; i++)
        for (size_t j = 0; j < COUNT(ordered) * 3; j++) {
            const char *a = ordered[i / 3][i % 3], *b = ordered[j / 3][j % 3];
            int expected = (i / 3 > j / 3) - (i / 3 < j / 3);
            int got = trdb_decimal_compare(dec(a), dec(b));
            ck_assert_msg(got == expected, "%s against %s: %d", a, b, got);
        }
    trdb_decimal null = {0};
    ck_assert_int_eq(trdb_decimal_compare(null, null), 0);
    ck_assert_int_eq(trdb_decimal_compare(null, dec("NaN")), 1);
    ck_assert_int_eq(trdb_decimal_compare(dec("-1"), null), -1);
}
END_TEST

START_TEST(scaled_integers) {
    static const struct {
        int64_t integer;
        unsigned scale;
        const char *text;
    } from[] = {
        {0, 0, "0"},
        {-5, 2, "-0.05"},
        {12345, 2, "123.45"},
        {INT64_MAX, 8, "92233720368.54775807"},
        {INT64_MIN, 0, "-9223372036854775808"},
        {1, 38, "0." ZEROS37 "1"},
        {1, 39, RANGE},
        {0, 39, RANGE},
    };
    for (size_t i = 0; i < COUNT(from); i++) {
        trdb_decimal value = untouched;
        int64_t back = 0;
        int rc = trdb_decimal_from_i64(from[i].integer, from[i].scale, &value);
        ck_result(rc, value, from[i].text, from[i].text);
        if (rc == 0) {
            ck_assert_int_eq(trdb_decimal_to_i64(value, from[i].scale, TRDB_ROUND_EXACT, &back), 0);
            ck_assert_int_eq(back, from[i].integer);
        }
    }
    static const struct {
        const char *text;
        unsigned scale;
        trdb_rounding mode;
        int rc;
        int64_t integer;
    } to[] = {
        {"1.5", 0, TRDB_ROUND_EXACT, TRDB_E_INEXACT, 7},
        {"1.5", 0, TRDB_ROUND_HALF_EVEN, 0, 2},
        {"-1.5", 0, TRDB_ROUND_DOWN, 0, -1},
        {"1.50", 1, TRDB_ROUND_EXACT, 0, 15},
        {"0.00000001", 8, TRDB_ROUND_EXACT, 0, 1},
        {"9223372036854775807", 0, TRDB_ROUND_EXACT, 0, INT64_MAX},
        {"9223372036854775808", 0, TRDB_ROUND_EXACT, TRDB_E_RANGE, 7},
        {"-9223372036854775808", 0, TRDB_ROUND_EXACT, 0, INT64_MIN},
        {"-9223372036854775809", 0, TRDB_ROUND_EXACT, TRDB_E_RANGE, 7},
        {"9223372036854775807.5", 0, TRDB_ROUND_HALF_UP, TRDB_E_RANGE, 7},
        {"9223372036854775807.5", 0, TRDB_ROUND_DOWN, 0, INT64_MAX},
        {NINES38, 1, TRDB_ROUND_DOWN, TRDB_E_RANGE, 7},
        {"0.00", 38, TRDB_ROUND_EXACT, 0, 0},
        {"NaN", 0, TRDB_ROUND_DOWN, TRDB_E_RANGE, 7},
        {"-Infinity", 0, TRDB_ROUND_DOWN, TRDB_E_RANGE, 7},
        {"1", 39, TRDB_ROUND_DOWN, TRDB_E_INVALID, 7},
        {"1", 0, (trdb_rounding)9, TRDB_E_INVALID, 7},
    };
    for (size_t i = 0; i < COUNT(to); i++) {
        int64_t integer = 7;
        int rc = trdb_decimal_to_i64(dec(to[i].text), to[i].scale, to[i].mode, &integer);
        ck_assert_msg(rc == to[i].rc, "%s: %s", to[i].text, trdb_error_code_name(rc));
        ck_assert_int_eq(integer, to[i].integer);
    }
}
END_TEST

START_TEST(trim_and_negate) {
    static const char *const cases[][3] = {
        {"1.500", "1.5", "-1.500"},
        {"100", "100", "-100"},
        {"100.00", "100", "-100.00"},
        {"-0.000", "0", "0.000"},
        {"-1.00000000000000000000", "-1", "1.00000000000000000000"},
        {"0.0000000010", "0.000000001", "-0.0000000010"},
        {"1." ZEROS37, "1", "-1." ZEROS37},
        {"NaN", "NaN", "NaN"},
        {"Infinity", "Infinity", "-Infinity"},
        {"-Infinity", "-Infinity", "Infinity"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        trdb_decimal value = dec(cases[i][0]);
        ck_result(0, trdb_decimal_trim(value), cases[i][1], "trim");
        ck_result(0, trdb_decimal_negate(value), cases[i][2], "negate");
        ck_result(0, trdb_decimal_negate(trdb_decimal_negate(value)), i == 3 ? "0.000" : cases[i][0],
                  "twice");
    }
    ck_assert(trdb_decimal_is_zero(dec("-0.00")));
    ck_assert(!trdb_decimal_is_zero(dec("1e-38")));
    ck_assert(!trdb_decimal_is_zero(dec("18446744073709551616")));
    ck_assert(!trdb_decimal_is_zero(dec("NaN")));
}
END_TEST

START_TEST(inputs) {
    ck_assert_int_eq(trdb_dec("0.25").state, TRDB_GIVEN);
    ck_result(0, trdb_dec("0.25").value, "0.25", "trdb_dec");
    ck_assert_int_eq(trdb_dec("0,25").state, TRDB_MALFORMED);
    ck_assert_int_eq(trdb_dec(NULL).state, TRDB_MALFORMED);
    ck_assert_int_eq(trdb_null_dec().state, TRDB_GIVEN_NULL);
    ck_assert_int_eq(trdb_dec_value(dec("1")).state, TRDB_GIVEN);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("decimal");
    TCase *tests = tcase_create("decimal");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, parse_and_format);
    tcase_add_test(tests, format_needs_room_and_sense);
    tcase_add_test(tests, malformed_values_are_refused);
    tcase_add_test(tests, add_and_subtract);
    tcase_add_test(tests, null_makes_null);
    tcase_add_test(tests, round_in_every_mode);
    tcase_add_test(tests, multiply);
    tcase_add_test(tests, divide);
    tcase_add_test(tests, order);
    tcase_add_test(tests, scaled_integers);
    tcase_add_test(tests, trim_and_negate);
    tcase_add_test(tests, inputs);
    return harness_run(suite);
}
