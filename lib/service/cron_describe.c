/* SPDX-License-Identifier: MIT */
/* A cron expression in words: first the time of day, then the days, then the zone. The words are made of the
 * sets, so that expressions of the same meaning read the same, and a rare one is listed rather than guessed.
 */
#include <stdarg.h>
#include <stdio.h>

#include "service/cron.h"

#define ALL_MINUTES ((UINT64_C(1) << 60) - 1)
#define ALL_HOURS ((UINT64_C(1) << 24) - 1)
#define ALL_DAYS ((UINT64_C(1) << 31) - 1)
#define ALL_MONTHS ((UINT64_C(1) << 12) - 1)
#define ALL_WEEKDAYS ((UINT64_C(1) << 7) - 1)

/* More times of day than this are not written one by one; shorter progressions are. */
#define MOST_TIMES 4
#define LEAST_PROGRESSION 4

#define AND " and "
#define OR " or "

typedef struct words {
    char *text;
    size_t size;
    size_t length;
} words;

__attribute__((format(printf, 2, 3))) static void add(words *to, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int length = vsnprintf(to->text + to->length, to->size - to->length, format, args);
    va_end(args);
    if (length > 0 && (size_t)length < to->size - to->length)
        to->length += (size_t)length;
}

/* ---- sets ----------------------------------------------------------------------------------------- */

static int count(uint64_t set) {
    return __builtin_popcountll(set);
}

static int lowest(uint64_t set) {
    return __builtin_ctzll(set);
}

static int highest(uint64_t set) {
    return 63 - __builtin_clzll(set);
}

/* The distance of the members when it is the same for all, else 0. */
static int distance(uint64_t set) {
    if (count(set) < 2)
        return 0;
    const int step = lowest(set & (set - 1)) - lowest(set);
    uint64_t expected = 0;
    for (int value = lowest(set); value <= highest(set); value += step)
        expected |= UINT64_C(1) << value;
    return expected == set ? step : 0;
}

/* The step that a set follows round and round, as 0, 15, 30, 45 does in an hour; else 0. */
static int cycle(uint64_t set, int size) {
    const int step = distance(set);
    return step > 0 && size % step == 0 && lowest(set) == 0 && count(set) == size / step ? step : 0;
}

/* ---- values --------------------------------------------------------------------------------------- */

typedef void (*say)(words *to, int value);

static void say_number(words *to, int value) {
    add(to, "%d", value);
}

static void say_ordinal(words *to, int value) {
    static const char *const endings[] = {"th", "st", "nd", "rd"};
    const bool teens = value / 10 == 1;
    add(to, "%d%s", value, endings[!teens && value % 10 <= 3 ? value % 10 : 0]);
}

static void say_day(words *to, int bit) {
    say_ordinal(to, bit + 1);
}

static void say_month(words *to, int bit) {
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};
    add(to, "%s", names[bit]);
}

/* From Monday, so that a weekend is together. */
static void say_weekday(words *to, int bit) {
    static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
    add(to, "%s", names[bit]);
}

/* "1, 2 and 9 to 12". */
static void add_list(words *to, uint64_t set, const char *conjunction, say value) {
    bool first = true;
    while (set) {
        const int from = lowest(set);
        int last = from;
        while (last < 63 && set >> (last + 1) & 1)
            last++;
        if (last - from < 2)
            last = from;
        set &= last == 63 ? 0 : ~UINT64_C(0) << (last + 1);
        if (!first)
            add(to, "%s", set ? ", " : conjunction);
        first = false;
        value(to, from);
        if (last > from) {
            add(to, " to ");
            value(to, last);
        }
    }
}

/* "every 7th minute from 0 to 56" for a long progression. */
static bool add_progression(words *to, uint64_t set, const char *unit, const char *article, say value) {
    const int step = distance(set);
    if (step < 2 || count(set) < LEAST_PROGRESSION)
        return false;
    add(to, "every ");
    say_ordinal(to, step);
    add(to, " %s from %s", unit, article);
    value(to, lowest(set));
    add(to, " to %s", article);
    value(to, highest(set));
    return true;
}

/* ---- time of day ---------------------------------------------------------------------------------- */

static void add_times(words *to, uint64_t minutes, uint64_t hours) {
    int left = count(minutes) * count(hours);
    add(to, "At ");
    for (int hour = 0; hour < 24; hour++) {
        for (int minute = 0; minute < 60; minute++) {
            if (!(hours >> hour & 1 && minutes >> minute & 1))
                continue;
            left--;
            add(to, "%02d:%02d%s", hour, minute, left > 1 ? ", " : left == 1 ? " and " : "");
        }
    }
}

static void add_hours(words *to, uint64_t hours) {
    const int step = cycle(hours, 24);
    if (step == 1) {
        add(to, "every hour");
    } else if (step > 1) {
        add(to, "every ");
        say_ordinal(to, step);
        add(to, " hour");
    } else if (!add_progression(to, hours, "hour", "", say_number)) {
        add(to, count(hours) == 1 ? "hour " : "hours ");
        add_list(to, hours, AND, say_number);
    }
}

/* "Every 5 minutes from 09:00 to 17:59". */
static void add_steady(words *to, int step, uint64_t hours) {
    if (step == 1)
        add(to, "Every minute");
    else
        add(to, "Every %d minutes", step);
    if (hours == ALL_HOURS)
        return;
    if (count(hours) == 1 || distance(hours) == 1) {
        add(to, " from %02d:00 to %02d:59", lowest(hours), highest(hours));
    } else {
        add(to, " during ");
        add_hours(to, hours);
    }
}

/* True when "every day" may follow. */
static bool add_time(words *to, uint64_t minutes, uint64_t hours) {
    const int step = cycle(minutes, 60);
    if (count(minutes) * count(hours) <= MOST_TIMES) {
        add_times(to, minutes, hours);
        return true;
    }
    if (step > 0) {
        add_steady(to, step, hours);
        return false;
    }
    add(to, "At ");
    if (!add_progression(to, minutes, "minute", "", say_number)) {
        add(to, count(minutes) == 1 ? "minute " : "minutes ");
        add_list(to, minutes, AND, say_number);
    }
    add(to, " past ");
    add_hours(to, hours);
    return false;
}

/* ---- days ----------------------------------------------------------------------------------------- */

static void add_months(words *to, uint64_t months) {
    if (!add_progression(to, months, "month", "", say_month))
        add_list(to, months, AND, say_month);
}

static void add_month_days(words *to, uint64_t days) {
    add(to, " on ");
    if (add_progression(to, days, "day", "the ", say_day))
        return;
    add(to, "the ");
    add_list(to, days, AND, say_day);
}

static void add_weekdays(words *to, uint64_t weekdays, const char *conjunction) {
    add_list(to, (weekdays >> 1 | weekdays << 6) & ALL_WEEKDAYS, conjunction, say_weekday);
}

/* Both kinds of days are restricted. */
static void add_both(words *to, const trdbi_cron_fields *fields, bool either) {
    const bool all_months = fields->months == ALL_MONTHS;
    if (!all_months) {
        add(to, " in ");
        add_months(to, fields->months);
        add(to, ",");
    }
    add_month_days(to, fields->days);
    if (all_months)
        add(to, " of every month");
    add(to, either ? " or on " : " if it falls on ");
    add_weekdays(to, fields->weekdays, OR);
}

static void add_days(words *to, const trdbi_cron_fields *fields, bool daily) {
    const bool either = !fields->days_star && !fields->weekdays_star;
    bool month_days = fields->days != ALL_DAYS, weekdays = fields->weekdays != ALL_WEEKDAYS;
    if (either && !(month_days && weekdays)) /* one of them takes every day */
        month_days = weekdays = false;
    if (month_days && weekdays) {
        add_both(to, fields, either);
        return;
    }
    if (month_days) {
        add_month_days(to, fields->days);
        add(to, " of ");
        if (fields->months == ALL_MONTHS)
            add(to, "every month");
        else
            add_months(to, fields->months);
        return;
    }
    if (weekdays) {
        add(to, " on ");
        add_weekdays(to, fields->weekdays, AND);
    } else if (daily) {
        add(to, " every day");
    }
    if (fields->months != ALL_MONTHS) {
        add(to, " in ");
        add_months(to, fields->months);
    }
}

void trdbi_cron_words(const trdbi_cron_fields *fields, const char *zone, char *text, size_t size) {
    words to = {text, size, 0};
    add_days(&to, fields, add_time(&to, fields->minutes, fields->hours));
    add(&to, " (%s)", zone);
}
