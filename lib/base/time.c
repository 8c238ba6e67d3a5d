/* SPDX-License-Identifier: MIT */
/* Times from and to text, in the proleptic Gregorian calendar as PostgreSQL has it. */
#include <stdio.h>
#include <tradingdb/types.h>

#include "base/text.h"
#include "base/time.h"

#define SECOND INT64_C(1000000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* A longer year is out of range whatever its digits are. */
#define MAX_YEAR_DIGITS 6

/* ---- calendar ------------------------------------------------------------------------------------- */

static bool is_leap(int64_t year) {
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int trdbi_days_of_month(int64_t year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Howard Hinnant's days_from_civil and civil_from_days: years begin with March, so that the leap day comes
 * last, and repeat every 400 years of 146097 days. Day 0 is 1970-01-01. */
int64_t trdbi_days_from_date(trdbi_date d) {
    int64_t year = d.year - (d.month <= 2);
    int64_t era = trdbi_floor_divide(year, 400);
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

trdbi_date trdbi_date_from_days(int64_t days) {
    days += 719468;
    int64_t era = trdbi_floor_divide(days, 146097);
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t march_month = (5 * day_of_year + 2) / 153;
    trdbi_date d;
    d.day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    d.month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    d.year = year_of_era + era * 400 + (d.month <= 2);
    return d;
}

/* ---- parsing -------------------------------------------------------------------------------------- */

static bool take(const char **at, char c) {
    if (**at != c)
        return false;
    ++*at;
    return true;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* Exactly two digits, at most `max`. */
static bool take_two(const char **at, int max, int *ret) {
    const char *p = *at;
    if (!is_digit(p[0]) || !is_digit(p[1]))
        return false;
    int value = (p[0] - '0') * 10 + (p[1] - '0');
    if (value > max)
        return false;
    *at = p + 2;
    *ret = value;
    return true;
}

/* At least four digits; a year of too many is held at one that is out of range. */
static bool take_year(const char **at, int64_t *ret) {
    const char *p = *at;
    int64_t year = 0;
    for (; is_digit(*p); p++)
        if (p - *at <= MAX_YEAR_DIGITS)
            year = year * 10 + (*p - '0');
    if (p - *at < 4)
        return false;
    *at = p;
    *ret = year;
    return true;
}

static bool take_time(const char **at, int64_t *ret, bool *ret_too_fine) {
    int hour, minute, second = 0;
    int64_t fraction = 0;
    if (!take_two(at, 23, &hour) || !take(at, ':') || !take_two(at, 59, &minute))
        return false;
    if (take(at, ':')) {
        if (!take_two(at, 59, &second))
            return false;
        if (take(at, '.')) {
            if (!is_digit(**at))
                return false;
            for (int64_t unit = SECOND / 10; is_digit(**at); ++*at, unit /= 10) {
                fraction += (**at - '0') * unit;
                if (unit == 0 && **at != '0')
                    *ret_too_fine = true;
            }
        }
    }
    *ret = hour * HOUR + minute * MINUTE + second * SECOND + fraction;
    return true;
}

/* Z, +hh, +hhmm or +hh:mm; PostgreSQL's own limit is below 16 hours. */
static bool take_zone(const char **at, int64_t *ret_offset) {
    if (take(at, 'Z')) {
        *ret_offset = 0;
        return true;
    }
    bool west = take(at, '-');
    int hours, minutes = 0;
    if ((!west && !take(at, '+')) || !take_two(at, 15, &hours))
        return false;
    if ((take(at, ':') || is_digit(**at)) && !take_two(at, 59, &minutes))
        return false;
    int64_t offset = hours * HOUR + minutes * MINUTE;
    *ret_offset = west ? -offset : offset;
    return true;
}

static bool take_date(const char **at, trdbi_date *ret) {
    return take_year(at, &ret->year) && take(at, '-') && take_two(at, 12, &ret->month) && take(at, '-') &&
           take_two(at, 31, &ret->day);
}

static int parse_finite(const char *at, trdb_timestamp *ret) {
    trdbi_date d;
    int64_t time, offset;
    bool too_fine = false;
    if (!take_date(&at, &d) || (!take(&at, ' ') && !take(&at, 'T')) || !take_time(&at, &time, &too_fine) ||
        !take_zone(&at, &offset))
        return TRDB_E_INVALID;
    /* There is no year 0: 1 BC comes before 1 AD. */
    if (d.year == 0 || d.month == 0 || d.day == 0)
        return TRDB_E_INVALID;
    if (strcmp(at, " BC") == 0)
        d.year = 1 - d.year;
    else if (*at)
        return TRDB_E_INVALID;
    if (d.day > trdbi_days_of_month(d.year, d.month))
        return TRDB_E_INVALID;
    /* Outside these years the microseconds would overflow. */
    if (too_fine || d.year > 294247 || d.year < -4714)
        return TRDB_E_RANGE;
    int64_t days = trdbi_days_from_date(d);
    if (days > TRDB_TIMESTAMP_MAX / DAY + 1)
        return TRDB_E_RANGE;
    int64_t us = days * DAY + time - offset;
    if (us < TRDB_TIMESTAMP_MIN || us > TRDB_TIMESTAMP_MAX)
        return TRDB_E_RANGE;
    *ret = trdb_timestamp_from_us(us);
    return TRDB_OK;
}

int trdb_timestamp_parse(const char *text, trdb_timestamp *ret) {
    if (!text)
        return TRDB_E_INVALID;
    trdb_timestamp value = {0};
    if (strcmp(text, "infinity") == 0)
        value.kind = TRDB_TIMESTAMP_INFINITY;
    else if (strcmp(text, "-infinity") == 0)
        value.kind = TRDB_TIMESTAMP_NEG_INFINITY;
    else
        return parse_finite(text, ret);
    *ret = value;
    return TRDB_OK;
}

/* ---- formatting ----------------------------------------------------------------------------------- */

/* ".5" for 500000, "" for 0. */
static void format_fraction(int microseconds, char text[8]) {
    text[0] = '\0';
    if (microseconds == 0)
        return;
    int length = snprintf(text, 8, ".%06d", microseconds);
    while (text[length - 1] == '0')
        text[--length] = '\0';
}

static int format_finite(int64_t us, char *text, size_t size) {
    if (us < TRDB_TIMESTAMP_MIN || us > TRDB_TIMESTAMP_MAX)
        return TRDB_E_INVALID;
    int64_t days = trdbi_floor_divide(us, DAY);
    int64_t time = us - days * DAY;
    trdbi_date d = trdbi_date_from_days(days);
    bool bc = d.year <= 0;
    char fraction[8];
    format_fraction((int)(time % SECOND), fraction);
    int year = (int)(bc ? 1 - d.year : d.year);
    return snprintf(text, size, "%04d-%02d-%02d %02d:%02d:%02d%s+00%s", year, d.month, d.day,
                    (int)(time / HOUR), (int)(time / MINUTE % 60), (int)(time / SECOND % 60), fraction,
                    bc ? " BC" : "");
}

int trdb_timestamp_format(trdb_timestamp value, char *text, size_t size) {
    char room[96];
    int length;
    switch (value.kind) {
    case TRDB_TIMESTAMP_NULL:
        length = snprintf(room, sizeof(room), "%s", "");
        break;
    case TRDB_TIMESTAMP_FINITE:
        length = format_finite(value.us, room, sizeof(room));
        break;
    case TRDB_TIMESTAMP_INFINITY:
        length = snprintf(room, sizeof(room), "infinity");
        break;
    case TRDB_TIMESTAMP_NEG_INFINITY:
        length = snprintf(room, sizeof(room), "-infinity");
        break;
    default:
        return TRDB_E_INVALID;
    }
    if (length < 0 || !text || (size_t)length >= size)
        return TRDB_E_INVALID;
    memcpy(text, room, (size_t)length + 1);
    return length;
}

trdb_timestamp trdb_timestamp_now(void) {
    return trdb_timestamp_from_us(trdbi_now_us());
}
