/* SPDX-License-Identifier: MIT */
/* Axes and labels of the picture, in whole numbers and decimals throughout. */
#include "report.h"

#include <stdio.h>

/* ---- numbers ----------------------------------------------------------------------------------------- */

/* Below this, a value times a measure of the picture in tenths of a point fits 63 bits. */
static const int64_t most_units = INT64_C(100000000000000);

unsigned scale_for(trdb_decimal largest) {
    unsigned scale = 30;
    int64_t units = 0;
    while (scale > 0 && (trdb_decimal_to_i64(largest, scale, TRDB_ROUND_HALF_EVEN, &units) < 0 ||
                         units >= most_units || units <= -most_units))
        scale--;
    return scale;
}

int64_t scale_value(trdb_decimal value, unsigned scale) {
    int64_t units = 0;
    trdb_decimal_to_i64(value, scale, TRDB_ROUND_HALF_EVEN, &units);
    return units > most_units ? most_units : units < -most_units ? -most_units : units;
}

static int64_t floor_to(int64_t value, int64_t step) {
    int64_t rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

value_scale scale_axis(int64_t low, int64_t high, unsigned scale, int ticks) {
    static const int factors[] = {1, 2, 5};
    value_scale axis = {.scale = scale, .step = 0};
    trdb_decimal step;
    if (low == high)
        high = low + 10;
    int64_t power = 1;
    for (int i = 0; axis.step == 0; i = (i + 1) % 3) {
        if ((high - low) / (power * factors[i]) < ticks)
            axis.step = power * factors[i];
        if (i == 2)
            power *= 10;
    }
    axis.low = floor_to(low, axis.step);
    axis.high = -floor_to(-high, axis.step);
    if (trdb_decimal_from_i64(axis.step, scale, &step) == 0)
        axis.decimals = trdb_decimal_trim(step).scale;
    return axis;
}

/* Puts commas between the thousands of plain digits, and the signs that a person expects. */
static const char *dress(const char *digits, bool sign, char buffer[TICK_SIZE]) {
    const bool negative = *digits == '-';
    const bool zero = strpbrk(digits, "123456789") == NULL;
    digits += negative;
    const size_t whole = strcspn(digits, ".");
    char *to = stpcpy(buffer, zero ? "" : negative ? "−" : sign ? "+" : "");
    for (size_t i = 0; i < whole; i++) {
        if (i > 0 && (whole - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    snprintf(to, TICK_SIZE - (size_t)(to - buffer), "%.30s", digits + whole);
    return buffer;
}

const char *scale_label(const value_scale *axis, int64_t value, char buffer[TICK_SIZE]) {
    char digits[TRDB_DECIMAL_TEXT_SIZE] = "";
    trdb_decimal exact, rounded;
    if (value == 0)
        return strcpy(buffer, "0");
    if (trdb_decimal_from_i64(value, axis->scale, &exact) == 0 &&
        trdb_decimal_round(exact, axis->decimals, TRDB_ROUND_HALF_EVEN, &rounded) == 0)
        trdb_decimal_format(rounded, digits, sizeof digits);
    return dress(digits, false, buffer);
}

const char *short_number(trdb_decimal value, bool sign, char buffer[TICK_SIZE]) {
    enum { FIVE_DIGITS = 10000, MOST_DECIMALS = 18 };
    char digits[TRDB_DECIMAL_TEXT_SIZE] = "";
    trdb_decimal rounded = value;
    int64_t units = 0;
    unsigned scale = 2;
    if (value.kind != TRDB_DECIMAL_FINITE)
        return strcpy(buffer, "–");
    while (scale < MOST_DECIMALS && trdb_decimal_to_i64(value, scale, TRDB_ROUND_DOWN, &units) == 0 &&
           units < FIVE_DIGITS && units > -FIVE_DIGITS && !trdb_decimal_is_zero(value))
        scale++;
    if (trdb_decimal_round(value, scale, TRDB_ROUND_HALF_UP, &rounded) < 0 ||
        trdb_decimal_format(rounded, digits, sizeof digits) < 0)
        return strcpy(buffer, "–");
    return dress(digits, sign, buffer);
}

/* ---- times ------------------------------------------------------------------------------------------- */

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/* A day of the calendar. */
typedef struct day {
    int year;
    int month; /* 1 to 12 */
    int day;
} day;

/* Days since 1970-01-01 of the Gregorian calendar, and back; years from 1 on. */
static int64_t days_of(day d) {
    const int64_t year = d.month <= 2 ? d.year - 1 : d.year;
    const int64_t era = year / 400, of_era = year % 400;
    const int64_t of_year = (153 * (d.month > 2 ? d.month - 3 : d.month + 9) + 2) / 5 + d.day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static day day_of(int64_t days) {
    days += 719468;
    const int64_t era = days / 146097, of_era = days % 146097;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    return (day){.year = (int)(year + era * 400 + (month >= 10)),
                 .month = (int)(month < 10 ? month + 3 : month - 9),
                 .day = (int)(of_year - (153 * month + 2) / 5 + 1)};
}

/* What the zone's clock shows: the day, and the minute of the day. False where it has no such date. */
static bool local_of(const cli *o, trdb_timestamp value, day *ret, int *ret_minute) {
    char text[CLI_TIME_SIZE];
    int hour = 0, minute = 0;
    if (trdb_timestamp_format_in(value, o->tz, text, sizeof text, NULL) < 0 || strstr(text, "BC") ||
        sscanf(text, "%d-%d-%d %d:%d", &ret->year, &ret->month, &ret->day, &hour, &minute) != 5)
        return false;
    *ret_minute = 60 * hour + minute;
    return true;
}

static bool instant_of(const cli *o, day d, int minute, trdb_timestamp *ret) {
    char text[CLI_TIME_SIZE];
    snprintf(text, sizeof text, "%04d-%02d-%02d %02d:%02d", d.year, d.month, d.day, minute / 60, minute % 60);
    return trdb_timestamp_parse_in(text, o->tz, ret, NULL) == 0;
}

const char *date_text(const cli *o, trdb_timestamp value, bool clock, char buffer[TICK_SIZE]) {
    day d;
    int minute;
    if (!local_of(o, value, &d, &minute))
        return strcpy(buffer, "–");
    if (clock)
        snprintf(buffer, TICK_SIZE, "%d %s %d %02d:%02d", d.day, months[(d.month - 1) % 12], d.year,
                 minute / 60, minute % 60);
    else
        snprintf(buffer, TICK_SIZE, "%d %s %d", d.day, months[(d.month - 1) % 12], d.year);
    return buffer;
}

/* The distance between ticks: minutes of a day, days, months or years. */
typedef struct time_step {
    int64_t seconds; /* about how long it is */
    int minutes;
    int days;
    int months;
} time_step;

static time_step step_for(int64_t seconds, int most) {
    static const time_step steps[] = {
        {60, .minutes = 1},        {300, .minutes = 5},      {600, .minutes = 10},
        {900, .minutes = 15},      {1800, .minutes = 30},    {3600, .minutes = 60},
        {7200, .minutes = 120},    {10800, .minutes = 180},  {21600, .minutes = 360},
        {43200, .minutes = 720},   {86400, .days = 1},       {172800, .days = 2},
        {259200, .days = 3},       {604800, .days = 7},      {1209600, .days = 14},
        {2629746, .months = 1},    {5259492, .months = 2},   {7889238, .months = 3},
        {15778476, .months = 6},   {31556952, .months = 12}, {63113904, .months = 24},
        {157784760, .months = 60},
    };
    const size_t count = sizeof steps / sizeof *steps;
    for (size_t i = 0; i < count; i++) {
        if (seconds / steps[i].seconds < most)
            return steps[i];
    }
    time_step step = steps[count - 1];
    while (seconds / step.seconds >= most) {
        step.seconds *= 2;
        step.months *= 2;
    }
    return step;
}

/* The first tick not after a local time. */
static void align(const time_step *step, day *d, int *minute) {
    if (step->minutes > 0) {
        *minute -= *minute % step->minutes;
        return;
    }
    *minute = 0;
    if (step->days > 0) {
        const int64_t days = days_of(*d) + 3; /* 1970-01-01 was a Thursday: weeks begin on Mondays */
        *d = day_of(days - days % step->days - 3);
        return;
    }
    const int month = 12 * d->year + d->month - 1;
    *d = (day){(month - month % step->months) / 12, (month - month % step->months) % 12 + 1, 1};
}

static void advance(const time_step *step, day *d, int *minute) {
    if (step->months > 0) {
        const int month = 12 * d->year + d->month - 1 + step->months;
        *d = (day){month / 12, month % 12 + 1, 1};
        return;
    }
    *minute += step->minutes;
    *d = day_of(days_of(*d) + step->days + *minute / 1440);
    *minute %= 1440;
}

static void label(const time_step *step, day d, int minute, char text[TICK_SIZE]) {
    const char *month = months[(d.month - 1) % 12];
    if (step->months >= 12)
        snprintf(text, TICK_SIZE, "%d", d.year);
    else if (step->months > 0)
        snprintf(text, TICK_SIZE, "%s %d", month, d.year);
    else if (step->days > 0 || minute == 0)
        snprintf(text, TICK_SIZE, "%d %s", d.day, month);
    else
        snprintf(text, TICK_SIZE, "%02d:%02d", minute / 60, minute % 60);
}

int time_ticks(const cli *o, trdb_timestamp from, trdb_timestamp until, int most,
               time_tick ticks[MOST_TICKS]) {
    const time_step step = step_for((until.us - from.us) / 1000000, most);
    day d;
    int minute, count = 0;
    if (!local_of(o, from, &d, &minute))
        return 0;
    align(&step, &d, &minute);
    while (count < MOST_TICKS && d.year < 9999) {
        time_tick *tick = &ticks[count];
        if (!instant_of(o, d, minute, &tick->at) || tick->at.us > until.us)
            break;
        label(&step, d, minute, tick->label);
        if (count > 0 && tick->at.us <= ticks[count - 1].at.us)
            ticks[count - 1] = *tick; /* inside a gap of the zone, and at its end */
        else if (tick->at.us >= from.us)
            count++;
        advance(&step, &d, &minute);
    }
    return count;
}
