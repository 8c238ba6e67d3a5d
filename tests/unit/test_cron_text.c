/* SPDX-License-Identifier: MIT */
/* Cron expressions and times of zones as text: what is refused, and in which words; what is told to people.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cron_runs.h"

/* ---- refused -------------------------------------------------------------------------------------- */

typedef struct refusal {
    const char *text;
    int code;
    const char *message; /* a part of it */
} refusal;

static void check_refused(const char *expression, const char *zone, int code, const char *message) {
    trdb_error *err = NULL;
    trdb_cron *cron = (trdb_cron *)&cron;
    ck_fails(trdb_cron_parse(expression, zone, &cron, &err), code, message, err);
    ck_assert_int_eq(trdb_cron_parse(expression, zone, &cron, NULL), code);
    ck_assert_ptr_eq(cron, (trdb_cron *)&cron);
}

START_TEST(refused_expressions) {
    static const refusal table[] = {
        {NULL, TRDB_E_INVALID, "expression is NULL"},
        {"", TRDB_E_INVALID, "expression is empty"},
        {" \t ", TRDB_E_INVALID, "expression is empty"},
        {"0 9 * *", TRDB_E_INVALID, "has 4 fields: write five"},
        {"daily", TRDB_E_INVALID, "has 1 field: write five"},
        {"0 0 9 * * *", TRDB_E_INVALID, "has six fields: seconds and years are not supported"},
        {"0 0 9 * * * 2026", TRDB_E_INVALID, "has 7 fields"},
        {"CRON_TZ=UTC 0 9 * * *", TRDB_E_INVALID, "has six fields"},
        {"99 * * * *", TRDB_E_RANGE, "99 in the minute field is outside 0-59"},
        {"60 * * * *", TRDB_E_RANGE, "60 in the minute field is outside 0-59"},
        {"0 24 * * *", TRDB_E_RANGE, "24 in the hour field is outside 0-23"},
        {"0 0 0 * *", TRDB_E_RANGE, "0 in the day of month field is outside 1-31"},
        {"0 0 32 * *", TRDB_E_RANGE, "32 in the day of month field is outside 1-31"},
        {"0 0 1 0 *", TRDB_E_RANGE, "0 in the month field is outside 1-12"},
        {"0 0 1 13 *", TRDB_E_RANGE, "13 in the month field is outside 1-12"},
        {"0 0 * * 8", TRDB_E_RANGE, "8 in the weekday field is outside 0-7"},
        {"0 0 * * 1-8", TRDB_E_RANGE, "8 in the weekday field is outside 0-7"},
        {"0,99999999999999999999 * * * *", TRDB_E_RANGE, "32767 or more in the minute field is outside 0-59"},
        {"30-10 * * * *", TRDB_E_INVALID, "the range 30-10 in the minute field runs backwards"},
        {"0 22-6 * * *", TRDB_E_INVALID, "the range 22-6 in the hour field runs backwards"},
        {"0 0 * DEC-JAN *", TRDB_E_INVALID, "the range 12-1 in the month field runs backwards"},
        {"0 0 * * FRI-SUN", TRDB_E_INVALID, "runs backwards: a range ends with Sunday as 7"},
        {"*/0 * * * *", TRDB_E_RANGE, "the step in the minute field is 0"},
        {"0 1-5/00 * * *", TRDB_E_RANGE, "the step in the hour field is 0"},
        {"*/61 * * * *", TRDB_E_RANGE, "the step in the minute field is larger than 60"},
        {"0 */25 * * *", TRDB_E_RANGE, "the step in the hour field is larger than 24"},
        {"0 0 */32 * *", TRDB_E_RANGE, "the step in the day of month field is larger than 31"},
        {"0 0 1 */13 *", TRDB_E_RANGE, "the step in the month field is larger than 12"},
        {"0 0 * * */8", TRDB_E_RANGE, "the step in the weekday field is larger than 7"},
        {"0 0 * * */99999999999", TRDB_E_RANGE, "the step in the weekday field is larger than 7"},
        {"*/ * * * *", TRDB_E_INVALID, "\"*/\" in the minute field is malformed: a step is missing"},
        {"*/-5 * * * *", TRDB_E_INVALID, "\"*/-5\" in the minute field is malformed"},
        {"*/5/2 * * * *", TRDB_E_INVALID, "\"*/5/2\" in the minute field is malformed"},
        {"*5 * * * *", TRDB_E_INVALID, "\"*5\" in the minute field is malformed"},
        {"** * * * *", TRDB_E_INVALID, "\"**\" in the minute field is malformed"},
        {"*-5 * * * *", TRDB_E_INVALID, "\"*-5\" in the minute field is malformed"},
        {"5- * * * *", TRDB_E_INVALID, "\"5-\" in the minute field is malformed: a value is missing"},
        {"-5 * * * *", TRDB_E_INVALID, "\"-5\" in the minute field is malformed"},
        {"+5 * * * *", TRDB_E_INVALID, "\"+5\" in the minute field is malformed"},
        {"1-2-3 * * * *", TRDB_E_INVALID, "\"1-2-3\" in the minute field is malformed"},
        {"5, * * * *", TRDB_E_INVALID, "\"5,\" in the minute field is malformed"},
        {",5 * * * *", TRDB_E_INVALID, "\",5\" in the minute field is malformed"},
        {"5,,6 * * * *", TRDB_E_INVALID, "\"5,,6\" in the minute field is malformed"},
        {"5. * * * *", TRDB_E_INVALID, "\"5.\" in the minute field is malformed"},
        {"0x5 * * * *", TRDB_E_INVALID, "\"0x5\" in the minute field is malformed"},
        {"? * * * *", TRDB_E_INVALID, "\"?\" in the minute field is malformed"},
        {"0 0 ? * MON", TRDB_E_INVALID, "\"?\" in the day of month field is malformed"},
        {"0 0 L * *", TRDB_E_INVALID, "unknown name \"L\" in the day of month field, which takes numbers"},
        {"0 0 15W * *", TRDB_E_INVALID, "\"15W\" in the day of month field is malformed"},
        {"0 0 * * 5#3", TRDB_E_INVALID, "\"5#3\" in the weekday field is malformed"},
        {"0 0 * * MON5", TRDB_E_INVALID, "\"MON5\" in the weekday field is malformed"},
        {"@reboot", TRDB_E_INVALID, "@reboot is not a time"},
        {"@REBOOT", TRDB_E_INVALID, "@reboot is not a time"},
        {"@every", TRDB_E_INVALID, "unknown name \"@every\": there are @hourly"},
        {"@every 5m", TRDB_E_INVALID, "has 2 fields"},
        {"@", TRDB_E_INVALID, "unknown name \"@\""},
        {"@dailyy", TRDB_E_INVALID, "unknown name \"@dailyy\""},
        {"@daily * * * *", TRDB_E_INVALID, "\"@daily\" in the minute field is malformed"},
        {"0 0 1 FOO *", TRDB_E_INVALID, "unknown name \"FOO\" in the month field: months are JAN to DEC"},
        {"0 0 1 JANUARY *", TRDB_E_INVALID, "unknown name \"JANUARY\" in the month field"},
        {"0 0 1 ANF *", TRDB_E_INVALID, "unknown name \"ANF\" in the month field"},
        {"0 0 * * JAN", TRDB_E_INVALID, "unknown name \"JAN\" in the weekday field: weekdays are SUN to SAT"},
        {"0 0 * * MO", TRDB_E_INVALID, "unknown name \"MO\" in the weekday field"},
        {"0 MON * * *", TRDB_E_INVALID, "unknown name \"MON\" in the hour field, which takes numbers"},
        {"0 0 31 2 *", TRDB_E_INVALID, "\"0 0 31 2 *\" never runs: no such day comes in any year"},
        {"0 0 30 FEB *", TRDB_E_INVALID, "never runs"},
        {"0 0 31 4,6,9,11 *", TRDB_E_INVALID, "never runs"},
        {"0 0 31 2 */2", TRDB_E_INVALID, "never runs"},
        {"0\n9 * * *", TRDB_E_INVALID, "a character that none has, at byte 2"},
        {"0 9 * * *\r", TRDB_E_INVALID, "a character that none has, at byte 10"},
        {"0 9 * * \xE2\x88\x97", TRDB_E_INVALID, "a character that none has, at byte 9"},
        {"0 9 * * \xFF", TRDB_E_INVALID, "a character that none has, at byte 9"},
    };
    for (size_t i = 0; i < COUNT(table); i++)
        check_refused(table[i].text, NULL, table[i].code, table[i].message);
    check_refused(TRDB_NULL_TEXT, NULL, TRDB_E_INVALID, "expression is NULL");
    trdb_error *err = NULL;
    ck_fails(trdb_cron_parse("* * * * *", NULL, NULL, &err), TRDB_E_INVALID, "the result is NULL", err);
}
END_TEST

START_TEST(the_longest_expression) {
    char text[TRDB_CRON_MAX_LENGTH + 2];
    memset(text, ' ', sizeof text);
    memcpy(text, "0 9 * * *", 9);
    text[TRDB_CRON_MAX_LENGTH] = '\0';
    trdb_cron_free(cron_of(text, NULL));
    text[TRDB_CRON_MAX_LENGTH] = ' ';
    text[TRDB_CRON_MAX_LENGTH + 1] = '\0';
    check_refused(text, NULL, TRDB_E_RANGE, "has more than 100 characters");
}
END_TEST

START_TEST(refused_zones) {
    static const refusal table[] = {
        {"", TRDB_E_INVALID, "the time zone is empty"},
        {"Mars/Olympus", TRDB_E_INVALID, "unknown time zone \"Mars/Olympus\": it is none of the IANA names"},
        {"europe/berlin", TRDB_E_INVALID, "unknown time zone"},
        {"Europe", TRDB_E_INVALID, "unknown time zone"}, /* a folder */
        {"Europe/", TRDB_E_INVALID, "unknown time zone"},
        {"Europe//Berlin", TRDB_E_INVALID, "unknown time zone"},
        {"Europe/Berlin ", TRDB_E_INVALID, "unknown time zone"},
        {"Europe/Berlin/", TRDB_E_INVALID, "unknown time zone"},
        {"CEST", TRDB_E_INVALID, "unknown time zone"},
        {"zone.tab", TRDB_E_INVALID, "unknown time zone"},
        {"tzdata.zi", TRDB_E_INVALID, "unknown time zone"},
        {"leapseconds", TRDB_E_INVALID, "unknown time zone"}, /* no zone's file */
        {"localtime", TRDB_E_INVALID, "unknown time zone"},
        {"posixrules", TRDB_E_INVALID, "unknown time zone"},
        {"right/Europe/Berlin", TRDB_E_INVALID, "unknown time zone"},
        {"posix/Europe/Berlin", TRDB_E_INVALID, "unknown time zone"},
        {"+01:00", TRDB_E_INVALID, "an offset is no zone"},
        {"-05", TRDB_E_INVALID, "an offset is no zone"},
        {"0530", TRDB_E_INVALID, "an offset is no zone"},
        {"UTC+1", TRDB_E_INVALID, "unknown time zone"},
        {"CET-1CEST", TRDB_E_INVALID, "unknown time zone"},
        {"CET-1CEST,M3.5.0,M10.5.0/3", TRDB_E_INVALID, "unknown time zone"},
        {"<+01>-1", TRDB_E_INVALID, "POSIX rules are no zone"},
        {":Europe/Berlin", TRDB_E_INVALID, "POSIX rules are no zone"},
        {"/usr/share/zoneinfo/Europe/Berlin", TRDB_E_INVALID, "a zone is a name, not a path"},
        {"../zoneinfo/Europe/Berlin", TRDB_E_INVALID, "a zone is a name, not a path"},
        {"Europe/../Asia/Tokyo", TRDB_E_INVALID, "a zone is a name, not a path"},
        {"Europe/Berlin\n", TRDB_E_INVALID, "characters that no name has"},
        {"Europe/\xC3\x96ln", TRDB_E_INVALID, "characters that no name has"},
        {"Europe/"
         "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         TRDB_E_INVALID, "\"...: it is none"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        check_refused("0 9 * * *", table[i].text, table[i].code, table[i].message);
        trdb_error *err = NULL;
        trdb_timestamp value = trdb_timestamp_from_us(42);
        char text[TRDB_TIMESTAMP_TEXT_SIZE] = "kept";
        ck_fails(trdb_timestamp_parse_in("2026-01-01", table[i].text, &value, &err), table[i].code,
                 table[i].message, err);
        ck_fails(trdb_timestamp_format_in(value, table[i].text, text, sizeof text, &err), table[i].code,
                 table[i].message, err);
        ck_assert_int_eq(value.us, 42);
        ck_assert_str_eq(text, "kept");
    }
    check_refused("0 9 * * *", TRDB_NULL_TEXT, TRDB_E_INVALID, "TRDB_NULL_TEXT");
    /* What is wrong with the expression is told first, and the names of both calls. */
    trdb_error *err = NULL;
    trdb_cron *cron;
    ck_assert_int_eq(trdb_cron_parse("99 * * * *", "Mars/Olympus", &cron, &err), TRDB_E_RANGE);
    ck_assert_str_eq(trdb_error_statement(err), "cron.parse");
    trdb_error_free(err);
}
END_TEST

/* Another folder of zones, as $TZDIR names it. */
START_TEST(the_folder_of_zones) {
    char folder[128], path[256];
    snprintf(folder, sizeof folder, "%s/trdb-zones-XXXXXX", harness_tmp());
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/Here", folder);
    ck_assert_int_eq(symlink("/usr/share/zoneinfo/Asia/Tokyo", path), 0);
    setenv("TZDIR", folder, 1);
    trdb_cron_free(cron_of("0 9 * * *", "Here"));
    ck_assert_int_eq(time_in("2026-01-01 09:00", "Here").us, time_in("2026-01-01", NULL).us);
    check_refused("0 9 * * *", "Asia/Tokyo", TRDB_E_INVALID, "unknown time zone");
    ck_assert_int_eq(unlink(path), 0);
    /* A pipe that nobody writes to, and a file that is cut off. */
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    check_refused("0 9 * * *", "Here", TRDB_E_INVALID, "unknown time zone");
    ck_assert_int_eq(unlink(path), 0);
    FILE *file = fopen(path, "w");
    fputs("TZif2", file);
    fclose(file);
    check_refused("0 9 * * *", "Here", TRDB_E_INVALID, "unknown time zone");
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    check_refused("0 9 * * *", "Asia/Tokyo", TRDB_E_UNSUPPORTED, "install the package tzdata");
    trdb_cron_free(cron_of("0 9 * * *", "UTC")); /* needs no rules */
    trdb_cron_free(cron_of("0 9 * * *", NULL));
    setenv("TZDIR", "", 1); /* as if it were not set */
    trdb_cron_free(cron_of("0 9 * * *", "Asia/Tokyo"));
    unsetenv("TZDIR");
}
END_TEST

/* ---- told ----------------------------------------------------------------------------------------- */

START_TEST(described) {
    static const struct {
        const char *expression;
        const char *words;
    } table[] = {
        {"* * * * *", "Every minute"},
        {"*/5 * * * *", "Every 5 minutes"},
        {"*/30 * * * *", "Every 30 minutes"},
        {"0-59 0-23 * * *", "Every minute"},
        {"* 9 * * *", "Every minute from 09:00 to 09:59"},
        {"*/5 9-17 * * MON-FRI", "Every 5 minutes from 09:00 to 17:59 on Monday to Friday"},
        {"*/15 3,5,9 * * *", "Every 15 minutes during hours 3, 5 and 9"},
        {"* */2 * * *", "Every minute during every 2nd hour"},
        {"*/7 * * * *", "At every 7th minute from 0 to 56 past every hour"},
        {"1/15 * * * *", "At every 15th minute from 1 to 46 past every hour"},
        {"0 * * * *", "At minute 0 past every hour"},
        {"@hourly", "At minute 0 past every hour"},
        {"0 */2 * * *", "At minute 0 past every 2nd hour"},
        {"0 1/3 * * *", "At minute 0 past every 3rd hour from 1 to 22"},
        {"30 9-17 * * *", "At minute 30 past hours 9 to 17"},
        {"5,10-20,40 1-3,22,23 * * *", "At minutes 5, 10 to 20 and 40 past hours 1 to 3, 22 and 23"},
        {"0 9 * * *", "At 09:00 every day"},
        {"@daily", "At 00:00 every day"},
        {"30 9,17 * * *", "At 09:30 and 17:30 every day"},
        {"0 */6 * * *", "At 00:00, 06:00, 12:00 and 18:00 every day"},
        {"0,30 2 * * *", "At 02:00 and 02:30 every day"},
        {"0 9 * * 1-5", "At 09:00 on Monday to Friday"},
        {"0 9 * * 6,7", "At 09:00 on Saturday and Sunday"},
        {"0 9 * * SUN,MON,THU", "At 09:00 on Monday, Thursday and Sunday"},
        {"0 9 * * 5-7", "At 09:00 on Friday to Sunday"},
        {"@weekly", "At 00:00 on Sunday"},
        {"@monthly", "At 00:00 on the 1st of every month"},
        {"@yearly", "At 00:00 on the 1st of January"},
        {"0 0 29 2 *", "At 00:00 on the 29th of February"},
        {"0 0 2,3,11-13,22,23,31 * *",
         "At 00:00 on the 2nd, 3rd, 11th to 13th, 22nd, 23rd and 31st of every month"},
        {"0 0 */2 * *", "At 00:00 on every 2nd day from the 1st to the 31st of every month"},
        {"0 0 1 */3 *", "At 00:00 on the 1st of every 3rd month from January to October"},
        {"0 0 1 1,7 *", "At 00:00 on the 1st of January and July"},
        {"0 9 * 6-8 *", "At 09:00 every day in June to August"},
        {"0 9 * 6 MON", "At 09:00 on Monday in June"},
        {"*/5 * * DEC *", "Every 5 minutes in December"},
        {"0 0 1 * 5", "At 00:00 on the 1st of every month or on Friday"},
        {"0 0 1-7 JAN MON", "At 00:00 in January, on the 1st to 7th or on Monday"},
        {"0 0 1 * 1,3", "At 00:00 on the 1st of every month or on Monday or Wednesday"},
        {"0 0 1-31 * MON", "At 00:00 every day"},
        {"0 0 5 * 0-6", "At 00:00 every day"},
        {"0 0 13 * */5", "At 00:00 on the 13th of every month if it falls on Friday or Sunday"},
        {"0 0 */10 3 MON",
         "At 00:00 in March, on every 10th day from the 1st to the 31st if it falls on Monday"},
        {"0 0 * * */2", "At 00:00 on Tuesday, Thursday, Saturday and Sunday"},
    };
    char expected[512];
    for (size_t i = 0; i < COUNT(table); i++) {
        trdb_cron *cron = cron_of(table[i].expression, "Europe/Berlin");
        snprintf(expected, sizeof expected, "%s (Europe/Berlin)", table[i].words);
        ck_assert_msg(strcmp(trdb_cron_describe(cron), expected) == 0, "%s: \"%s\", not \"%s\"",
                      table[i].expression, trdb_cron_describe(cron), expected);
        trdb_cron_free(cron);
    }
}
END_TEST

/* No sentence is cut off: irregular lists wherever there is room for them. */
START_TEST(described_at_length) {
    trdb_cron *cron =
        cron_of("0,2,5,7,10,12,15,17,20,22,25,27,30,32,35,37,40,42,45,47,50 0,2,5,7,10,12 1,3,6,8 */5 1,3,6",
                "America/Argentina/ComodRivadavia");
    const char *words = trdb_cron_describe(cron), *end = "or on Monday, Wednesday or Saturday "
                                                         "(America/Argentina/ComodRivadavia)";
    ck_assert_msg(strcmp(words + strlen(words) - strlen(end), end) == 0, "%s", words);
    trdb_cron_free(cron);
}
END_TEST

START_TEST(what_was_given) {
    trdb_cron *cron = cron_of(" 0  9 * * mon ", "Europe/Berlin");
    ck_assert_str_eq(trdb_cron_expression(cron), " 0  9 * * mon ");
    ck_assert_str_eq(trdb_cron_timezone(cron), "Europe/Berlin");
    trdb_cron_free(cron);
    cron = cron_of("@daily", NULL);
    ck_assert_str_eq(trdb_cron_expression(cron), "@daily");
    ck_assert_str_eq(trdb_cron_timezone(cron), "UTC");
    ck_assert_str_eq(trdb_cron_describe(cron), "At 00:00 every day (UTC)");
    trdb_cron_free(cron);
    ck_assert_ptr_null(trdb_cron_expression(NULL));
    ck_assert_ptr_null(trdb_cron_timezone(NULL));
    ck_assert_ptr_null(trdb_cron_describe(NULL));
}
END_TEST

/* ---- times of a zone ------------------------------------------------------------------------------ */

START_TEST(local_times) {
    static const struct {
        const char *text;
        const char *zone;
        const char *utc;
        const char *local;
    } table[] = {
        {"2026-03-29", "Europe/Berlin", "2026-03-28 23:00:00+00", "2026-03-29 00:00:00+01:00"},
        {"2026-07-01 12:30", "Europe/Berlin", "2026-07-01 10:30:00+00", "2026-07-01 12:30:00+02:00"},
        {"2026-07-01T12:30:15.25", "Europe/Berlin", "2026-07-01 10:30:15.25+00",
         "2026-07-01 12:30:15.25+02:00"},
        {"2026-07-01 12:30:00.000001", "Asia/Kolkata", "2026-07-01 07:00:00.000001+00",
         "2026-07-01 12:30:00.000001+05:30"},
        {"2026-07-01 12:30", NULL, "2026-07-01 12:30:00+00", "2026-07-01 12:30:00+00:00"},
        /* A zone in the text wins. */
        {"2026-07-01 12:30Z", "Europe/Berlin", "2026-07-01 12:30:00+00", "2026-07-01 14:30:00+02:00"},
        {"2026-07-01 12:30:00-04:00", "Europe/Berlin", "2026-07-01 16:30:00+00", "2026-07-01 18:30:00+02:00"},
        {"infinity", "Europe/Berlin", "infinity", "infinity"},
        {"-infinity", "Europe/Berlin", "-infinity", "-infinity"},
        /* In a gap its end, without what is left of the text's time; of two the first. */
        {"2026-03-29 02:00", "Europe/Berlin", "2026-03-29 01:00:00+00", "2026-03-29 03:00:00+02:00"},
        {"2026-03-29 02:30:15.5", "Europe/Berlin", "2026-03-29 01:00:00+00", "2026-03-29 03:00:00+02:00"},
        {"2026-03-29 02:59:59.999999", "Europe/Berlin", "2026-03-29 01:00:00+00",
         "2026-03-29 03:00:00+02:00"},
        {"2026-03-29 01:59:59.999999", "Europe/Berlin", "2026-03-29 00:59:59.999999+00",
         "2026-03-29 01:59:59.999999+01:00"},
        {"2026-10-25 02:30:15.5", "Europe/Berlin", "2026-10-25 00:30:15.5+00", "2026-10-25 02:30:15.5+02:00"},
        {"2026-10-25 02:59:59.999999", "Europe/Berlin", "2026-10-25 00:59:59.999999+00",
         "2026-10-25 02:59:59.999999+02:00"},
        {"2026-10-25 03:00", "Europe/Berlin", "2026-10-25 02:00:00+00", "2026-10-25 03:00:00+01:00"},
        {"2026-10-25 02:30:00+01:00", "Europe/Berlin", "2026-10-25 01:30:00+00", "2026-10-25 02:30:00+01:00"},
        /* A date is the first instant of its day. */
        {"2025-03-09", "America/Havana", "2025-03-09 05:00:00+00", "2025-03-09 01:00:00-04:00"},
        {"2025-11-02", "America/Havana", "2025-11-02 04:00:00+00", "2025-11-02 00:00:00-04:00"},
        {"2011-12-30", "Pacific/Apia", "2011-12-30 10:00:00+00", "2011-12-31 00:00:00+14:00"},
        {"2025-10-05 02:10", "Australia/Lord_Howe", "2025-10-04 15:30:00+00", "2025-10-05 02:30:00+11:00"},
        /* Before standard time, before the epoch, before Christ, and far away. */
        {"1890-01-01", "Europe/Berlin", "1889-12-31 23:06:32+00", "1890-01-01 00:00:00+00:53:28"},
        {"1890-01-01", "America/New_York", "1890-01-01 05:00:00+00", "1890-01-01 00:00:00-05:00"},
        {"1850-01-01", "America/New_York", "1850-01-01 04:56:02+00", "1850-01-01 00:00:00-04:56:02"},
        {"1969-12-31 23:59:59.999999", NULL, "1969-12-31 23:59:59.999999+00",
         "1969-12-31 23:59:59.999999+00:00"},
        {"0044-03-15 12:00:00Z BC", "Europe/Rome", "0044-03-15 12:00:00+00 BC",
         "0044-03-15 12:49:56+00:49:56 BC"},
        {"9999-07-01", "Europe/Berlin", "9999-06-30 22:00:00+00", "9999-07-01 00:00:00+02:00"},
        {"294246-07-01", "Asia/Tokyo", "294246-06-30 15:00:00+00", "294246-07-01 00:00:00+09:00"},
    };
    for (size_t i = 0; i < COUNT(table); i++) {
        trdb_timestamp value = time_in(table[i].text, table[i].zone);
        char text[TRDB_TIMESTAMP_TEXT_SIZE];
        ck_assert_int_gt(trdb_timestamp_format(value, text, sizeof text), 0);
        ck_assert_msg(strcmp(text, table[i].utc) == 0, "%s: %s", table[i].text, text);
        int length = trdb_timestamp_format_in(value, table[i].zone, text, sizeof text, NULL);
        ck_assert_int_eq(length, (int)strlen(text));
        ck_assert_msg(strcmp(text, table[i].local) == 0, "%s: %s", table[i].text, text);
    }
}
END_TEST

START_TEST(refused_times) {
    static const refusal table[] = {
        {NULL, TRDB_E_INVALID, "the time is NULL"},
        {"", TRDB_E_INVALID, "malformed time"},
        {"tomorrow", TRDB_E_INVALID, "malformed time"},
        {"2026-02-30", TRDB_E_INVALID, "malformed time"},
        {"2026-03-29 ", TRDB_E_INVALID, "malformed time"},
        {"2026-03-29 02", TRDB_E_INVALID, "malformed time"},
        {"2026-03-29 24:00", TRDB_E_INVALID, "malformed time"},
        {"2026-03-29 02:30 Europe/Berlin", TRDB_E_INVALID, "malformed time"},
        {"2026-03-29+01:00", TRDB_E_INVALID, "malformed time"},
        {"2026-03-29 02:30:00.0000001", TRDB_E_RANGE, "finer than a microsecond"},
        {"300000-01-01", TRDB_E_RANGE, "too late"},
        {"294247-01-01 00:00", TRDB_E_RANGE, "too late"},
        {"2026-03-29 02:30:00.000000000000000000000000000000000000000000000000", TRDB_E_INVALID,
         "malformed time"},
    };
    trdb_timestamp value = trdb_timestamp_from_us(42);
    trdb_error *err = NULL;
    for (size_t i = 0; i < COUNT(table); i++)
        ck_fails(trdb_timestamp_parse_in(table[i].text, "Europe/Berlin", &value, &err), table[i].code,
                 table[i].message, err);
    ck_assert_int_eq(trdb_timestamp_parse_in("", NULL, &value, NULL), TRDB_E_INVALID);
    ck_fails(trdb_timestamp_parse_in("2026-01-01", NULL, NULL, &err), TRDB_E_INVALID, "result is NULL", err);
    /* West of Greenwich the last local day ends later than time does. */
    ck_fails(trdb_timestamp_parse_in("294246-12-31 23:00", "America/New_York", &value, &err), TRDB_E_RANGE,
             "too late", err);
    ck_assert_int_eq(value.us, 42);
}
END_TEST

START_TEST(format_needs_room_and_sense) {
    char text[TRDB_TIMESTAMP_TEXT_SIZE] = "kept";
    trdb_error *err = NULL;
    const trdb_timestamp epoch = trdb_timestamp_from_us(0), odd = {0, 9, 0}, null = {0};
    ck_fails(trdb_timestamp_format_in(epoch, "Asia/Tokyo", text, 25, &err), TRDB_E_INVALID,
             "too small: 26 bytes are needed", err);
    ck_fails(trdb_timestamp_format_in(epoch, NULL, NULL, 100, &err), TRDB_E_INVALID, "too small", err);
    ck_fails(trdb_timestamp_format_in(odd, "Asia/Tokyo", text, sizeof text, &err), TRDB_E_INVALID,
             "malformed", err);
    ck_fails(
        trdb_timestamp_format_in(trdb_timestamp_from_us(INT64_MIN), "Asia/Tokyo", text, sizeof text, &err),
        TRDB_E_INVALID, "malformed", err);
    ck_fails(trdb_timestamp_format_in(trdb_timestamp_from_us(TRDB_TIMESTAMP_MAX), "Asia/Tokyo", text,
                                      sizeof text, &err),
             TRDB_E_RANGE, "too late", err);
    ck_fails(trdb_timestamp_format_in(trdb_timestamp_from_us(TRDB_TIMESTAMP_MIN), "America/New_York", text,
                                      sizeof text, &err),
             TRDB_E_RANGE, "too early", err);
    ck_assert_str_eq(text, "kept");
    ck_assert_int_eq(trdb_timestamp_format_in(epoch, "Asia/Tokyo", text, 26, NULL), 25);
    ck_assert_str_eq(text, "1970-01-01 09:00:00+09:00");
    ck_assert_int_eq(trdb_timestamp_format_in(null, "Asia/Tokyo", text, 1, NULL), 0);
    ck_assert_str_eq(text, "");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cron_text");
    TCase *tests = tcase_create("cron_text");
    tcase_set_timeout(tests, 120); /* valgrind */
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, refused_expressions);
    tcase_add_test(tests, the_longest_expression);
    tcase_add_test(tests, refused_zones);
    tcase_add_test(tests, the_folder_of_zones);
    tcase_add_test(tests, described);
    tcase_add_test(tests, described_at_length);
    tcase_add_test(tests, what_was_given);
    tcase_add_test(tests, local_times);
    tcase_add_test(tests, refused_times);
    tcase_add_test(tests, format_needs_room_and_sense);
    return harness_run(suite);
}
