/* SPDX-License-Identifier: MIT */
/* Times from and to text. The expected output is PostgreSQL's, under TimeZone UTC and DateStyle ISO. */
#include <stdio.h>

#include "base/text.h"
#include "harness.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND INT64_C(1000000)
#define DAY (INT64_C(86400) * SECOND)

static const trdb_timestamp untouched = {42, 77, 5};

typedef struct time_case {
    const char *text;
    int64_t us;
    const char *formatted; /* as PostgreSQL prints it */
} time_case;

START_TEST(known_times) {
    static const time_case cases[] = {
        {"1970-01-01 00:00:00+00", 0, "1970-01-01 00:00:00+00"},
        {"2018-01-10 07:15:00+00:00", 1515568500 * SECOND, "2018-01-10 07:15:00+00"},
        {"2018-01-10T07:15:00.5Z", 1515568500 * SECOND + 500000, "2018-01-10 07:15:00.5+00"},
        {"2018-01-10T07:15Z", 1515568500 * SECOND, "2018-01-10 07:15:00+00"},
        {"2018-01-10T07:15+02", 1515561300 * SECOND, "2018-01-10 05:15:00+00"},
        {"2018-01-10 07:15:00-0530", 1515588300 * SECOND, "2018-01-10 12:45:00+00"},
        {"2018-01-10 07:15:00.123456+05:45", 1515547800 * SECOND + 123456, "2018-01-10 01:30:00.123456+00"},
        {"2018-01-10 07:15:00.000001Z", 1515568500 * SECOND + 1, "2018-01-10 07:15:00.000001+00"},
        {"2018-01-10 07:15:00.100000000Z", 1515568500 * SECOND + 100000, "2018-01-10 07:15:00.1+00"},
        {"1969-12-31 23:59:59.999999+00", -1, "1969-12-31 23:59:59.999999+00"},
        {"2000-02-29 00:00:00+00", 951782400 * SECOND, "2000-02-29 00:00:00+00"},
        {"2000-03-01 00:00:00+14", 951818400 * SECOND, "2000-02-29 10:00:00+00"},
        {"1999-12-31 23:00:00-01", 946684800 * SECOND, "2000-01-01 00:00:00+00"},
        {"1900-03-01 00:00:00+00", -2203891200 * SECOND, "1900-03-01 00:00:00+00"},
        {"0001-01-01 00:00:00+00", -62135596800 * SECOND, "0001-01-01 00:00:00+00"},
        {"0001-12-31 00:00:00+00 BC", -62135683200 * SECOND, "0001-12-31 00:00:00+00 BC"},
        {"0001-02-29 00:00:00+00 BC", -62162121600 * SECOND, "0001-02-29 00:00:00+00 BC"},
        {"0044-03-15 12:00:00+00 BC", -63517780800 * SECOND, "0044-03-15 12:00:00+00 BC"},
        {"10000-01-01 00:00:00+00", INT64_C(253402300800) * SECOND, "10000-01-01 00:00:00+00"},
        {"4714-11-24 00:00:00+00 BC", TRDB_TIMESTAMP_MIN, "4714-11-24 00:00:00+00 BC"},
        {"4714-11-23 23:00:00-01 BC", TRDB_TIMESTAMP_MIN, "4714-11-24 00:00:00+00 BC"},
        {"294246-12-31 23:59:59.999999+00", TRDB_TIMESTAMP_MAX, "294246-12-31 23:59:59.999999+00"},
        {"294247-01-01 00:59:59.999999+01", TRDB_TIMESTAMP_MAX, "294246-12-31 23:59:59.999999+00"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        trdb_timestamp value = untouched;
        char text[TRDB_TIMESTAMP_TEXT_SIZE];
        int rc = trdb_timestamp_parse(cases[i].text, &value);
        ck_assert_msg(rc == 0, "%s: %s", cases[i].text, trdb_error_code_name(rc));
        ck_assert_int_eq(value.kind, TRDB_TIMESTAMP_FINITE);
        ck_assert_int_eq(value.reserved, 0);
        ck_assert_msg(value.us == cases[i].us, "%s: %lld", cases[i].text, (long long)value.us);
        ck_assert_int_eq(trdb_timestamp_format(value, text, sizeof text), (int)strlen(text));
        ck_assert_str_eq(text, cases[i].formatted);
    }
}
END_TEST

START_TEST(refused_texts) {
    static const struct {
        const char *text;
        int rc;
    } cases[] = {
        {"", TRDB_E_INVALID},
        {"2018-01-10", TRDB_E_INVALID},
        {"2018-01-10Z", TRDB_E_INVALID},
        {"2018-01-10 07:15:00", TRDB_E_INVALID}, /* no zone */
        {"2018-01-10T07:15", TRDB_E_INVALID},
        {"2018-01-10 07Z", TRDB_E_INVALID},
        {"2018-01-10 07:15:00.Z", TRDB_E_INVALID},
        {"2018-01-10 07:15:00,5Z", TRDB_E_INVALID},
        {"2018-01-10 07:15:00Zx", TRDB_E_INVALID},
        {"2018-01-10 07:15:00Z ", TRDB_E_INVALID},
        {" 2018-01-10 07:15:00Z", TRDB_E_INVALID},
        {"2018-01-10 07:15:00+0", TRDB_E_INVALID},
        {"2018-01-10 07:15:00+000", TRDB_E_INVALID},
        {"2018-01-10 07:15:00+00:", TRDB_E_INVALID},
        {"2018-01-10 07:15:00+00:60", TRDB_E_INVALID},
        {"2018-01-10 07:15:00+16", TRDB_E_INVALID},
        {"2018-01-10 07:15:00+00:00:00", TRDB_E_INVALID},
        {"2018-01-10 07:15:00 UTC", TRDB_E_INVALID},
        {"2018-01-10 07:15:00+00 AD", TRDB_E_INVALID},
        {"2018-1-10 07:15:00Z", TRDB_E_INVALID},
        {"201-01-10 07:15:00Z", TRDB_E_INVALID},
        {"-2018-01-10 07:15:00Z", TRDB_E_INVALID},
        {"2018/01/10 07:15:00Z", TRDB_E_INVALID},
        {"20180110T071500Z", TRDB_E_INVALID},
        {"0000-01-10 07:15:00Z", TRDB_E_INVALID},
        {"2018-00-10 07:15:00Z", TRDB_E_INVALID},
        {"2018-13-10 07:15:00Z", TRDB_E_INVALID},
        {"2018-01-00 07:15:00Z", TRDB_E_INVALID},
        {"2018-01-32 07:15:00Z", TRDB_E_INVALID},
        {"2018-04-31 07:15:00Z", TRDB_E_INVALID},
        {"2018-02-29 07:15:00Z", TRDB_E_INVALID},
        {"1900-02-29 07:15:00Z", TRDB_E_INVALID},
        {"0002-02-29 07:15:00Z BC", TRDB_E_INVALID},
        {"2018-01-10 24:00:00Z", TRDB_E_INVALID},
        {"2018-01-10 07:60:00Z", TRDB_E_INVALID},
        {"2018-01-10 07:15:60Z", TRDB_E_INVALID},
        {"Infinity", TRDB_E_INVALID},
        {"infinity ", TRDB_E_INVALID},
        {"+infinity", TRDB_E_INVALID},
        {"now", TRDB_E_INVALID},
        {"2018-01-10 07:15:00.1234567Z", TRDB_E_RANGE},
        {"2018-01-10 07:15:00.0000000000000000000000001Z", TRDB_E_RANGE},
        {"4714-11-23 23:59:59.999999+00 BC", TRDB_E_RANGE},
        {"4714-11-24 00:59:59+01 BC", TRDB_E_RANGE},
        {"4715-11-24 00:00:00+00 BC", TRDB_E_RANGE},
        {"4716-11-24 00:00:00+00 BC", TRDB_E_RANGE},
        {"294247-01-01 00:00:00+00", TRDB_E_RANGE},
        {"294246-12-31 23:59:59.999999-01", TRDB_E_RANGE},
        {"294247-01-10 04:00:55+00", TRDB_E_RANGE},
        {"294247-12-31 23:59:59-15:59", TRDB_E_RANGE},
        {"999999-01-01 00:00:00+00", TRDB_E_RANGE},
        {"99999999999999999999-01-01 00:00:00+00", TRDB_E_RANGE},
        {"99999999999999999999-01-01 00:00:00+00 BC", TRDB_E_RANGE},
        {"00000002018-01-01 00:00:00+00", TRDB_E_INVALID},
    };
    trdb_timestamp value = untouched;
    for (size_t i = 0; i < COUNT(cases); i++) {
        int rc = trdb_timestamp_parse(cases[i].text, &value);
        ck_assert_msg(rc == cases[i].rc, "%s: %s", cases[i].text, trdb_error_code_name(rc));
        ck_assert_mem_eq(&value, &untouched, sizeof value);
    }
    ck_assert_int_eq(trdb_timestamp_parse(NULL, &value), TRDB_E_INVALID);
}
END_TEST

START_TEST(infinities_and_null) {
    trdb_timestamp value = untouched;
    char text[TRDB_TIMESTAMP_TEXT_SIZE];
    ck_assert_int_eq(trdb_timestamp_parse("infinity", &value), 0);
    ck_assert_int_eq(value.kind, TRDB_TIMESTAMP_INFINITY);
    ck_assert_int_eq(trdb_timestamp_format(value, text, sizeof text), 8);
    ck_assert_str_eq(text, "infinity");
    ck_assert_int_eq(trdb_timestamp_parse("-infinity", &value), 0);
    ck_assert_int_eq(value.kind, TRDB_TIMESTAMP_NEG_INFINITY);
    ck_assert_int_eq(trdb_timestamp_format(value, text, sizeof text), 9);
    ck_assert_str_eq(text, "-infinity");
    trdb_timestamp null = {0};
    ck_assert_int_eq(trdb_timestamp_format(null, text, 1), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

START_TEST(format_needs_room_and_sense) {
    char text[TRDB_TIMESTAMP_TEXT_SIZE] = "kept";
    trdb_timestamp value = trdb_timestamp_from_us(0);
    ck_assert_int_eq(trdb_timestamp_format(value, text, 22), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_timestamp_format(value, text, 0), TRDB_E_INVALID);
    ck_assert_int_eq(trdb_timestamp_format(value, NULL, 40), TRDB_E_INVALID);
    value.kind = 4;
    ck_assert_int_eq(trdb_timestamp_format(value, text, sizeof text), TRDB_E_INVALID);
    value.kind = -1;
    ck_assert_int_eq(trdb_timestamp_format(value, text, sizeof text), TRDB_E_INVALID);
    static const int64_t outside[] = {INT64_MIN, TRDB_TIMESTAMP_MIN - 1, TRDB_TIMESTAMP_MAX + 1, INT64_MAX};
    for (size_t i = 0; i < COUNT(outside); i++) {
        value = trdb_timestamp_from_us(outside[i]);
        ck_assert_int_eq(trdb_timestamp_format(value, text, sizeof text), TRDB_E_INVALID);
    }
    ck_assert_str_eq(text, "kept");
    ck_assert_int_eq(trdb_timestamp_format(trdb_timestamp_from_us(0), text, 23), 22);
}
END_TEST

static void ck_day(int64_t us, int64_t year, int month, int day) {
    char expected[64], text[TRDB_TIMESTAMP_TEXT_SIZE];
    snprintf(expected, sizeof expected, "%04lld-%02d-%02d 00:00:00+00%s",
             (long long)(year > 0 ? year : 1 - year), month, day, year > 0 ? "" : " BC");
    trdb_timestamp back = untouched;
    if (trdb_timestamp_format(trdb_timestamp_from_us(us), text, sizeof text) < 0 ||
        strcmp(text, expected) != 0 || trdb_timestamp_parse(text, &back) < 0 || back.us != us)
        ck_abort_msg("%s, not %s, and back to %lld", text, expected, (long long)back.us);
}

/* Counts through the calendar in the plain way and looks at every first and last day of a month. */
START_TEST(every_day_comes_after_the_day_before) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year = -4713; /* 4714 BC */
    int month = 11, day = 24;
    for (int64_t us = TRDB_TIMESTAMP_MIN; year < 2500; us += DAY) {
        bool leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        int last = lengths[month - 1] + (month == 2 && leap);
        if (day == 1 || day == last)
            ck_day(us, year, month, day);
        if (++day > last) {
            day = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
}
END_TEST

START_TEST(round_trips) {
    uint64_t state = 20180110;
    for (int i = 0; i < 20000; i++) {
        state = state * UINT64_C(6364136223846793005) + 1;
        uint64_t span = (uint64_t)TRDB_TIMESTAMP_MAX - (uint64_t)TRDB_TIMESTAMP_MIN;
        int64_t us = (int64_t)((uint64_t)TRDB_TIMESTAMP_MIN + (state >> 1) * 2 % span);
        char text[TRDB_TIMESTAMP_TEXT_SIZE];
        trdb_timestamp back = untouched;
        ck_assert_int_gt(trdb_timestamp_format(trdb_timestamp_from_us(us), text, sizeof text), 0);
        if (trdb_timestamp_parse(text, &back) < 0 || back.us != us)
            ck_abort_msg("%s: %lld, not %lld", text, (long long)back.us, (long long)us);
    }
}
END_TEST

START_TEST(now_is_now) {
    int64_t before = trdbi_now_us();
    trdb_timestamp now = trdb_timestamp_now();
    ck_assert_int_eq(now.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_ge(now.us, before);
    ck_assert_int_le(now.us, trdbi_now_us());
}
END_TEST

int main(void) {
    Suite *suite = suite_create("time");
    TCase *tests = tcase_create("time");
    tcase_set_timeout(tests, 120); /* valgrind */
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, known_times);
    tcase_add_test(tests, refused_texts);
    tcase_add_test(tests, infinities_and_null);
    tcase_add_test(tests, format_needs_room_and_sense);
    tcase_add_test(tests, every_day_comes_after_the_day_before);
    tcase_add_test(tests, round_trips);
    tcase_add_test(tests, now_is_now);
    return harness_run(suite);
}
