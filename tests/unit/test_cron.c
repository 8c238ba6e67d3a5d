/* SPDX-License-Identifier: MIT */
/* When cron expressions run: cases worked out by hand. test_cron_clocks.c has those where clocks change. */
#include <pthread.h>

#include "cron_runs.h"

/* ---- syntax --------------------------------------------------------------------------------------- */

START_TEST(fields_lists_ranges_steps_names) {
    static const runs table[] = {
        {"* * * * *",
         NULL,
         "2026-01-01 00:00:59.999999",
         {"2026-01-01 00:01:00+00:00", "2026-01-01 00:02:00+00:00"}},
        {"5 * * * *", NULL, "2026-01-01 00:05", {"2026-01-01 01:05:00+00:00"}},
        {"*/25 1 * * *",
         NULL,
         "2026-01-01",
         {"2026-01-01 01:00:00+00:00", "2026-01-01 01:25:00+00:00", "2026-01-01 01:50:00+00:00",
          "2026-01-02 01:00:00+00:00"}},
        {"10-40/15 0 * * *",
         NULL,
         "2026-01-01",
         {"2026-01-01 00:10:00+00:00", "2026-01-01 00:25:00+00:00", "2026-01-01 00:40:00+00:00",
          "2026-01-02 00:10:00+00:00"}},
        {"37/11 0 * * *",
         NULL,
         "2026-01-01",
         {"2026-01-01 00:37:00+00:00", "2026-01-01 00:48:00+00:00", "2026-01-01 00:59:00+00:00",
          "2026-01-02 00:37:00+00:00"}},
        {"59,0,30-31 23 31 12 *",
         NULL,
         "2026-01-01",
         {"2026-12-31 23:00:00+00:00", "2026-12-31 23:30:00+00:00", "2026-12-31 23:31:00+00:00",
          "2026-12-31 23:59:00+00:00", "2027-12-31 23:00:00+00:00"}},
        {"00 09 01 02 *", NULL, "2026-01-01", {"2026-02-01 09:00:00+00:00", "2027-02-01 09:00:00+00:00"}},
        {"0 0 1 jAn,JUL-aug *",
         NULL,
         "2026-01-01",
         {"2026-07-01 00:00:00+00:00", "2026-08-01 00:00:00+00:00", "2027-01-01 00:00:00+00:00"}},
        {"0 0 1 2/5 *",
         NULL,
         "2026-01-01",
         {"2026-02-01 00:00:00+00:00", "2026-07-01 00:00:00+00:00", "2026-12-01 00:00:00+00:00"}},
        {"0 0 1 */6 *", NULL, "2026-01-01", {"2026-07-01 00:00:00+00:00", "2027-01-01 00:00:00+00:00"}},
        {"\t0  0 * *\tMON ", NULL, "2026-01-01", {"2026-01-05 00:00:00+00:00", "2026-01-12 00:00:00+00:00"}},
        {"0 0 * * 0", NULL, "2026-01-01", {"2026-01-04 00:00:00+00:00", "2026-01-11 00:00:00+00:00"}},
        {"0 0 * * 7", NULL, "2026-01-01", {"2026-01-04 00:00:00+00:00", "2026-01-11 00:00:00+00:00"}},
        {"0 0 * * fri-7",
         NULL,
         "2026-01-01",
         {"2026-01-02 00:00:00+00:00", "2026-01-03 00:00:00+00:00", "2026-01-04 00:00:00+00:00",
          "2026-01-09 00:00:00+00:00"}},
        {"0 0 * * 3/2",
         NULL,
         "2026-01-01", /* Wednesday, Friday, Sunday */
         {"2026-01-02 00:00:00+00:00", "2026-01-04 00:00:00+00:00", "2026-01-07 00:00:00+00:00"}},
        {"0 0 * * */3",
         NULL,
         "2026-01-01", /* Sunday, Wednesday, Saturday */
         {"2026-01-03 00:00:00+00:00", "2026-01-04 00:00:00+00:00", "2026-01-07 00:00:00+00:00"}},
        {"0 0 * * */7", NULL, "2026-01-01", {"2026-01-04 00:00:00+00:00", "2026-01-11 00:00:00+00:00"}},
        {"0 0 31 * *",
         NULL,
         "2026-01-31",
         {"2026-03-31 00:00:00+00:00", "2026-05-31 00:00:00+00:00", "2026-07-31 00:00:00+00:00",
          "2026-08-31 00:00:00+00:00", "2026-10-31 00:00:00+00:00", "2026-12-31 00:00:00+00:00"}},
        {"0 0 */31 * *", NULL, "2026-01-01", {"2026-02-01 00:00:00+00:00"}},
        {"*/60 */24 * */12 *", NULL, "2026-02-01", {"2027-01-01 00:00:00+00:00"}},
        {"@hourly", NULL, "2026-01-01 22:30", {"2026-01-01 23:00:00+00:00", "2026-01-02 00:00:00+00:00"}},
        {"@daily", NULL, "2026-01-01 22:30", {"2026-01-02 00:00:00+00:00", "2026-01-03 00:00:00+00:00"}},
        {"@Midnight", NULL, "2026-01-01 22:30", {"2026-01-02 00:00:00+00:00", "2026-01-03 00:00:00+00:00"}},
        {"@weekly", NULL, "2026-01-01", {"2026-01-04 00:00:00+00:00", "2026-01-11 00:00:00+00:00"}},
        {"@monthly", NULL, "2026-01-01", {"2026-02-01 00:00:00+00:00", "2026-03-01 00:00:00+00:00"}},
        {"@yearly", NULL, "2026-01-01", {"2027-01-01 00:00:00+00:00", "2028-01-01 00:00:00+00:00"}},
        {"@ANNUALLY", NULL, "2026-01-01", {"2027-01-01 00:00:00+00:00", "2028-01-01 00:00:00+00:00"}},
    };
    check_runs(table, COUNT(table));
}
END_TEST

START_TEST(day_of_month_and_weekday) {
    static const runs table[] = {
        /* Both restricted: either. 2026-02-13 is a Friday. */
        {"0 0 13 * FRI",
         NULL,
         "2026-02-01",
         {"2026-02-06 00:00:00+00:00", "2026-02-13 00:00:00+00:00", "2026-02-20 00:00:00+00:00",
          "2026-02-27 00:00:00+00:00", "2026-03-06 00:00:00+00:00", "2026-03-13 00:00:00+00:00"}},
        {"0 0 31 11 SUN", NULL, "2026-11-01", {"2026-11-08 00:00:00+00:00", "2026-11-15 00:00:00+00:00"}},
        {"0 0 1-31 * MON", NULL, "2026-01-01", {"2026-01-02 00:00:00+00:00", "2026-01-03 00:00:00+00:00"}},
        {"0 0 5,* * MON", NULL, "2026-01-01", {"2026-01-02 00:00:00+00:00", "2026-01-03 00:00:00+00:00"}},
        /* One begins with `*`: both. */
        {"0 0 */10 * FRI", NULL, "2026-01-01", {"2026-05-01 00:00:00+00:00", "2026-07-31 00:00:00+00:00"}},
        {"0 0 13 * */5",
         NULL,
         "2026-01-01", /* Sunday or Friday the 13th */
         {"2026-02-13 00:00:00+00:00", "2026-03-13 00:00:00+00:00", "2026-09-13 00:00:00+00:00"}},
        {"0 0 *,5 * MON", NULL, "2026-01-01", {"2026-01-05 00:00:00+00:00", "2026-01-12 00:00:00+00:00"}},
        {"0 0 * * MON", NULL, "2026-01-01", {"2026-01-05 00:00:00+00:00"}},
        {"0 0 13 * *", NULL, "2026-01-01", {"2026-01-13 00:00:00+00:00"}},
    };
    check_runs(table, COUNT(table));
}
END_TEST

START_TEST(strictly_later) {
    static const runs table[] = {
        {"0 9 * * *", NULL, "2026-01-01 08:59:59.999999", {"2026-01-01 09:00:00+00:00"}},
        {"0 9 * * *", NULL, "2026-01-01 09:00:00", {"2026-01-02 09:00:00+00:00"}},
        {"0 9 * * *", NULL, "2026-01-01 09:00:00.000001", {"2026-01-02 09:00:00+00:00"}},
        {"* * * * *",
         NULL,
         "1969-12-31 23:59:59.5",
         {"1970-01-01 00:00:00+00:00", "1970-01-01 00:01:00+00:00"}},
        {"* * * * *", NULL, "1969-12-31 23:58:00.000001", {"1969-12-31 23:59:00+00:00"}},
        {"59 23 31 12 *",
         NULL,
         "1969-12-31 23:58:59",
         {"1969-12-31 23:59:00+00:00", "1970-12-31 23:59:00+00:00"}},
    };
    check_runs(table, COUNT(table));
}
END_TEST

START_TEST(leap_days_and_far_years) {
    static const runs table[] = {
        {"0 12 29 2 *", NULL, "2026-01-01", {"2028-02-29 12:00:00+00:00", "2032-02-29 12:00:00+00:00"}},
        {"0 12 29 2 *", NULL, "1892-03-01", {"1896-02-29 12:00:00+00:00", "1904-02-29 12:00:00+00:00"}},
        {"0 12 29 2 *",
         "Europe/Berlin",
         "2095-01-01",
         {"2096-02-29 12:00:00+01:00", "2104-02-29 12:00:00+01:00"}},
        {"30 * 29 2 *",
         "America/New_York",
         "2096-02-29 23:00",
         {"2096-02-29 23:30:00-05:00", "2104-02-29 00:30:00-05:00"}},
        {"0 0 29 2 */7", NULL, "1880-03-01", {"1920-02-29 00:00:00+00:00", "1948-02-29 00:00:00+00:00"}},
        {"0 0 30-31 2,4 *", NULL, "2026-01-01", {"2026-04-30 00:00:00+00:00", "2027-04-30 00:00:00+00:00"}},
        {"0 0 1 1 *", NULL, "9998-06-01", {"9999-01-01 00:00:00+00:00"}},
        {"59 23 31 12 *", NULL, "9999-06-01", {"9999-12-31 23:59:00+00:00"}},
        /* Daylight saving goes on for ever by the rule of today. */
        {"30 2 * * *",
         "Europe/Berlin",
         "3001-03-28 12:00",
         {"3001-03-29 03:00:00+02:00", "3001-03-30 02:30:00+02:00"}},
        {"30 2 * * *",
         "Europe/Berlin",
         "9999-03-27 12:00",
         {"9999-03-28 03:00:00+02:00", "9999-03-29 02:30:00+02:00"}},
        {"30 1 * * *",
         "America/New_York",
         "2899-12-31",
         {"2899-12-31 01:30:00-05:00", "2900-01-01 01:30:00-05:00"}},
        {"30 1 * * *",
         "Australia/Sydney",
         "2899-12-31",
         {"2899-12-31 01:30:00+11:00", "2900-01-01 01:30:00+11:00"}},
    };
    check_runs(table, COUNT(table));
}
END_TEST

/* ---- zones ---------------------------------------------------------------------------------------- */

START_TEST(zones) {
    static const runs table[] = {
        {"0 9 * * *", "UTC", "2026-01-01", {"2026-01-01 09:00:00+00:00"}},
        {"0 9 * * *", "Etc/UTC", "2026-01-01", {"2026-01-01 09:00:00+00:00"}},
        {"0 9 * * *", "Etc/GMT+5", "2026-01-01", {"2026-01-01 09:00:00-05:00"}},
        {"0 9 * * *", "Asia/Kolkata", "2026-01-01", {"2026-01-01 09:00:00+05:30"}},
        {"0 9 * * *", "America/Argentina/Buenos_Aires", "2026-01-01", {"2026-01-01 09:00:00-03:00"}},
        /* A name that could be read as POSIX rules, which would know the law of 2007 only. */
        {"0 9 * * *", "EST5EDT", "2000-03-20", {"2000-03-20 09:00:00-05:00"}},
    };
    check_runs(table, COUNT(table));
}
END_TEST

/* ---- no next run ---------------------------------------------------------------------------------- */

START_TEST(no_next_run) {
    trdb_error *err = NULL;
    trdb_cron *cron = cron_of("0 0 1 1 *", "Europe/Berlin");
    const trdb_timestamp untouched = trdb_timestamp_from_us(42);
    trdb_timestamp next = untouched;
    const trdb_timestamp null = {0}, infinite = {0, TRDB_TIMESTAMP_INFINITY, 0},
                         negative = {0, TRDB_TIMESTAMP_NEG_INFINITY, 0}, odd = {0, 9, 0};
    const trdb_timestamp bad[] = {
        null, infinite, negative, odd, trdb_timestamp_from_us(INT64_MAX), trdb_timestamp_from_us(INT64_MIN)};
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_fails(trdb_cron_next(cron, bad[i], &next, &err), TRDB_E_RANGE, "not finite", err);
    ck_fails(trdb_cron_next(cron, time_in("9999-01-01", "Europe/Berlin"), &next, &err), TRDB_E_RANGE,
             "before the year 10000", err);
    ck_fails(trdb_cron_next(cron, trdb_timestamp_from_us(TRDB_TIMESTAMP_MAX), &next, &err), TRDB_E_RANGE,
             "before the year 10000", err);
    ck_assert_int_eq(trdb_cron_next(cron, trdb_timestamp_from_us(TRDB_TIMESTAMP_MAX), &next, NULL),
                     TRDB_E_RANGE);
    ck_fails(trdb_cron_next(NULL, untouched, &next, &err), TRDB_E_INVALID, "the cron is NULL", err);
    ck_fails(trdb_cron_next(cron, untouched, NULL, &err), TRDB_E_INVALID, "the result is NULL", err);
    ck_assert_mem_eq(&next, &untouched, sizeof next);
    trdb_cron_free(cron);
    trdb_cron_free(NULL);
    /* Midnights of second Sundays in March, which Havana's law skips each year. */
    cron = cron_of("0 */24 8-14 3 */7", "America/Havana");
    ck_fails(trdb_cron_next(cron, time_in("2030-01-01", NULL), &next, &err), TRDB_E_RANGE,
             "does not run again", err);
    trdb_cron_free(cron);
}
END_TEST

/* ---- always --------------------------------------------------------------------------------------- */

static const char *const some_expressions[] = {
    "* * * * *",   "*/7 * * * *",           "0 * * * *",   "30 2 * * *", "*/20 1-3 * * *", "15 */3 * * *",
    "0 0 * * 0",   "59 23 31 * *",          "0 12 29 2 *", "0 0 13 * 5", "45 0-23 * * *",  "*/13 */5 */9 * *",
    "0 9 * * 1-5", "1-59/2 22-23 * 3,10 *",
};
static const char *const some_zones[] = {
    "UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll",
};

/* Each answer is later, whole seconds, and the same when asked anywhere in between. */
START_TEST(next_is_later_and_nothing_lies_between) {
    uint64_t state = 20180110;
    for (size_t i = 0; i < COUNT(some_expressions) * COUNT(some_zones); i++) {
        trdb_cron *cron = cron_of(some_expressions[i / COUNT(some_zones)], some_zones[i % COUNT(some_zones)]);
        trdb_timestamp at = time_in("2011-12-20", NULL);
        for (int k = 0; k < 400; k++) {
            trdb_timestamp next, again;
            ck_assert_int_eq(trdb_cron_next(cron, at, &next, NULL), 0);
            ck_assert_int_eq(next.kind, TRDB_TIMESTAMP_FINITE);
            ck_assert_msg(next.us > at.us && next.us % 1000000 == 0, "%s in %s: %lld after %lld",
                          trdb_cron_expression(cron), trdb_cron_timezone(cron), (long long)next.us,
                          (long long)at.us);
            state = state * UINT64_C(6364136223846793005) + 1;
            int64_t between = at.us + (int64_t)((state >> 1) % (uint64_t)(next.us - at.us));
            ck_assert_int_eq(trdb_cron_next(cron, trdb_timestamp_from_us(between), &again, NULL), 0);
            ck_assert_msg(again.us == next.us, "%s in %s: %lld after %lld, but %lld after %lld",
                          trdb_cron_expression(cron), trdb_cron_timezone(cron), (long long)next.us,
                          (long long)at.us, (long long)again.us, (long long)between);
            at = next;
        }
        trdb_cron_free(cron);
    }
}
END_TEST

static void *many_runs(void *arg) {
    const trdb_cron *shared = arg;
    int64_t sum = 0;
    for (int i = 0; i < 50; i++) {
        TRDB_AUTO(trdb_cron) *own = NULL;
        trdb_timestamp at = trdb_timestamp_from_us(INT64_C(1742600000000000)), next;
        if (trdb_cron_parse("30 2 * * *", "Europe/Berlin", &own, NULL) < 0)
            return NULL;
        for (int k = 0; k < 20; k++, at = next) {
            if (trdb_cron_next(i % 2 ? shared : own, at, &next, NULL) < 0)
                return NULL;
            sum += next.us / 1000000;
        }
    }
    return (void *)(intptr_t)sum;
}

START_TEST(threads_share_a_cron) {
    pthread_t threads[4];
    trdb_cron *shared = cron_of("30 2 * * *", "Europe/Berlin");
    void *sums[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, many_runs, shared), 0);
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &sums[i]), 0);
        ck_assert_ptr_nonnull(sums[i]);
        ck_assert_ptr_eq(sums[i], sums[0]);
    }
    trdb_cron_free(shared);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cron");
    TCase *tests = tcase_create("cron");
    tcase_set_timeout(tests, 120); /* valgrind */
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, fields_lists_ranges_steps_names);
    tcase_add_test(tests, day_of_month_and_weekday);
    tcase_add_test(tests, strictly_later);
    tcase_add_test(tests, leap_days_and_far_years);
    tcase_add_test(tests, zones);
    tcase_add_test(tests, no_next_run);
    tcase_add_test(tests, next_is_later_and_nothing_lies_between);
    tcase_add_test(tests, threads_share_a_cron);
    return harness_run(suite);
}
