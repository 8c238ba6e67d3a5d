/* SPDX-License-Identifier: MIT */
/* UTF-8 by RFC 3629. */
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "harness.h"

/* In a block of its own size, so that a sanitizer sees every byte read too many. */
static ptrdiff_t length_of(const char *text, size_t size) {
    char *copy = malloc(size);
    ck_assert(copy != NULL || size == 0);
    if (size > 0)
        memcpy(copy, text, size);
    ptrdiff_t length = trdbi_utf8_length(copy, size);
    free(copy);
    return length;
}

#define LENGTH(text) length_of(text, sizeof(text) - 1)

START_TEST(counts_characters) {
    ck_assert_int_eq(LENGTH(""), 0);
    ck_assert_int_eq(LENGTH("a"), 1);
    ck_assert_int_eq(LENGTH("a\0b"), 3);
    ck_assert_int_eq(LENGTH("exactly8"), 8);
    ck_assert_int_eq(LENGTH("a longer text of nothing but ASCII"), 34);
    ck_assert_int_eq(LENGTH("z\xC3\xBCrich"), 6);
    ck_assert_int_eq(LENGTH("\xE2\x82\xBF\xE2\x82\xAC"), 2);
    ck_assert_int_eq(LENGTH("12345678\xF0\x9F\x9A\x80"
                            "12345678"),
                     17);
    ck_assert_int_eq(LENGTH("1234567\xF0\x9F\x9A\x80"), 8);
}
END_TEST

START_TEST(refuses_the_malformed) {
    static const char *const texts[] = {
        "\x80", /* continuation alone */
        "\xBF",
        "\xC3", /* cut short */
        "\xE2\x82",
        "\xF0\x9F\x9A",
        "\xC3(", /* continuation missing */
        "\xE2\x82(",
        "\xE2(\x82",
        "\xF0\x9F\x9A(",
        "\xF0\x9F(\x80",
        "\xC0\x80", /* overlong */
        "\xC1\xBF",
        "\xE0\x80\x80",
        "\xE0\x9F\xBF",
        "\xF0\x80\x80\x80",
        "\xF0\x8F\xBF\xBF",
        "\xED\xA0\x80", /* surrogates */
        "\xED\xBF\xBF",
        "\xF4\x90\x80\x80", /* above U+10FFFF */
        "\xF5\x80\x80\x80",
        "\xFE",
        "\xFF",
    };
    char text[64];
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        for (int before = 0; before < 9; before++)
            for (int after = 0; after < 9; after++) {
                int size = snprintf(text, sizeof text, "%.*s%s%.*s", before, "abcdefghi", texts[i], after,
                                    "abcdefghi");
                ck_assert_msg(length_of(text, (size_t)size) == -1, "text %zu after %d bytes", i, before);
            }
}
END_TEST

/* The reference: every code point, encoded by the rule. */
static size_t encode(unsigned c, unsigned char *out) {
    if (c < 0x80) {
        out[0] = (unsigned char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6)
        out[i] = (unsigned char)(0x80 | (c & 0x3F));
    out[0] = (unsigned char)((0xF00 >> size & 0xFF) | c);
    return size;
}

START_TEST(accepts_exactly_unicode) {
    unsigned char text[4];
    for (unsigned c = 0; c < 0x120000; c++) {
        size_t size = encode(c, text);
        bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        ptrdiff_t length = trdbi_utf8_length((const char *)text, size);
        if (length != (valid ? 1 : -1))
            ck_abort_msg("U+%04X gives %td", c, length);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("utf8");
    TCase *tests = tcase_create("utf8");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, counts_characters);
    tcase_add_test(tests, refuses_the_malformed);
    tcase_add_test(tests, accepts_exactly_unicode);
    return harness_run(suite);
}
