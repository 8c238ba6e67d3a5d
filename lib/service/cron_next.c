/* SPDX-License-Identifier: MIT */
/* The next run: a search in local time by sets of bits, then from local time to an instant. */
#include "base/time.h"
#include "error/error.h"
#include "service/cron.h"

#define SECOND INT64_C(1000000)
#define MINUTE INT64_C(60)
#define DAY INT64_C(86400)
#define YEARS_400 (INT64_C(146097) * DAY)
/* 10000-01-01 and 2500-01-01, when the rules of all zones repeat every 400 years. */
#define END (INT64_C(2932897) * DAY)
#define STEADY (INT64_C(193579) * DAY)

/* ---- local time ----------------------------------------------------------------------------------- */

/* The bits of `set` from bit `from` on. */
static uint64_t from_bit(uint64_t set, int from) {
    return from >= 64 ? 0 : set >> from << from;
}

static int lowest_bit(uint64_t set) {
    return __builtin_ctzll(set);
}

/* The days of a month that match, bit 0 being the 1st. */
static uint64_t days_of(const trdbi_cron_fields *fields, int64_t year, int month) {
    if (!(fields->months >> (month - 1) & 1))
        return 0;
    int64_t first = trdbi_days_from_date((trdbi_date){year, month, 1});
    int weekday = (int)(first + 4 - trdbi_floor_divide(first + 4, 7) * 7); /* 1970-01-01 was a Thursday */
    /* The week beginning with the weekday of the 1st, five times. */
    uint64_t week = (fields->weekdays >> weekday | fields->weekdays << (7 - weekday)) & 0x7F;
    uint64_t by_weekday = week | week << 7 | week << 14 | week << 21 | week << 28;
    bool either = !fields->days_star && !fields->weekdays_star;
    uint64_t days = either ? fields->days | by_weekday : fields->days & by_weekday;
    return days & ((UINT64_C(1) << trdbi_days_of_month(year, month)) - 1);
}

/* The first matching minute of a day at `from` or later, -1: none. */
static int minute_of_day(const trdbi_cron_fields *fields, int from) {
    uint64_t minutes = from_bit(fields->minutes, from % 60);
    if (minutes && fields->hours >> (from / 60) & 1)
        return from / 60 * 60 + lowest_bit(minutes);
    uint64_t hours = from_bit(fields->hours, from / 60 + 1);
    return hours ? lowest_bit(hours) * 60 + lowest_bit(fields->minutes) : -1;
}

bool trdbi_cron_match(const trdbi_cron_fields *fields, int64_t from, int64_t *ret) {
    int64_t minutes = trdbi_floor_divide(from + MINUTE - 1, MINUTE);
    int64_t day = trdbi_floor_divide(minutes, 1440);
    int minute = minute_of_day(fields, (int)(minutes - day * 1440));
    trdbi_date date = trdbi_date_from_days(day);
    uint64_t days = from_bit(days_of(fields, date.year, date.month), date.day - 1);
    if (minute < 0 || !(days >> (date.day - 1) & 1)) { /* not today */
        minute = minute_of_day(fields, 0);
        days = from_bit(days, date.day);
    }
    for (int months = 0; !days; months++) {
        if (months > 400 * 12)
            return false;
        date.year += date.month == 12;
        date.month = date.month % 12 + 1;
        days = days_of(fields, date.year, date.month);
    }
    date.day = lowest_bit(days) + 1;
    *ret = trdbi_days_from_date(date) * DAY + minute * MINUTE;
    return true;
}

/* ---- instants ------------------------------------------------------------------------------------- */

/* The next match before the year 10000. */
static bool match(const trdb_cron *cron, int64_t from, int64_t *ret_local) {
    return trdbi_cron_match(&cron->fields, from, ret_local) && *ret_local < END;
}

/* Each local time runs when the clock first shows it, or jumps over it. */
static bool next_first(const trdb_cron *cron, int64_t after, int64_t *ret) {
    int64_t local;
    if (!match(cron, trdbi_zone_unreached(&cron->zone, after), &local))
        return false;
    *ret = trdbi_zone_first(&cron->zone, local);
    return true;
}

/* Each instant runs at which the clock shows a local time that matches. Gaps may swallow every match, as of
 * midnights of second Sundays in March in Havana, so the search ends when the zone's rules have come round.
 */
static bool next_every(const trdb_cron *cron, int64_t after, int64_t *ret) {
    const int64_t limit = (after > STEADY ? after : STEADY) + YEARS_400;
    int64_t start = after + 1, local;
    while (start < limit && start < END) {
        /* No instant before this one can show a match. */
        if (!match(cron, start - TRDBI_MAX_OFFSET, &local))
            return false;
        if (start < local - TRDBI_MAX_OFFSET)
            start = local - TRDBI_MAX_OFFSET;
        const trdbi_span span = trdbi_zone_span(&cron->zone, start);
        if (!match(cron, start + span.offset, &local))
            return false;
        int64_t instant = local - span.offset;
        if (trdbi_zone_span(&cron->zone, instant).number == span.number) {
            *ret = instant;
            return true;
        }
        start = trdbi_zone_span_end(&cron->zone, start, instant);
    }
    return false;
}

int trdb_cron_next(const trdb_cron *cron, trdb_timestamp after, trdb_timestamp *ret, trdb_error **reterr) {
    int code = TRDB_E_RANGE;
    int64_t next;
    if (!cron || !ret) {
        code = trdbi_error(reterr, TRDB_E_INVALID, "the %s is NULL", cron ? "place for the result" : "cron");
    } else if (after.kind != TRDB_TIMESTAMP_FINITE || after.us < TRDB_TIMESTAMP_MIN ||
               after.us > TRDB_TIMESTAMP_MAX) {
        trdbi_error(reterr, code, "the next run is asked for after a time that is not finite");
    } else {
        int64_t second = trdbi_floor_divide(after.us, SECOND);
        if (second < END && (cron->fields.hours_star ? next_every : next_first)(cron, second, &next) &&
            next < END) {
            *ret = trdb_timestamp_from_us(next * SECOND);
            return 0;
        }
        trdbi_error(reterr, code, "\"%s\" does not run again before the year 10000", cron->expression);
    }
    trdbi_error_set_statement(reterr, "cron.next");
    return code;
}
