/* SPDX-License-Identifier: MIT */
/* Cron expressions: fields, zones, words. Local times are seconds since 1970 as the zone's clocks show them,
 * instants are seconds since 1970 UTC. */
#pragma once

#include <tradingdb/cron.h>

/* ---- fields --------------------------------------------------------------------------------------- */

/* What each field allows, a bit a value. */
typedef struct trdbi_cron_fields {
    uint64_t minutes;
    uint32_t hours;
    uint32_t days;     /* bit 0 is the 1st */
    uint32_t months;   /* bit 0 is January */
    uint32_t weekdays; /* bit 0 is Sunday */
    bool hours_star;   /* the field begins with `*` */
    bool days_star;
    bool weekdays_star;
} trdbi_cron_fields;

int trdbi_cron_fields_parse(const char *expression, trdbi_cron_fields *ret, trdb_error **reterr);

/* The first whole minute of the local clock at `from` or later that matches. False: none in 400 years, after
 * which the calendar repeats, so none ever. */
bool trdbi_cron_match(const trdbi_cron_fields *fields, int64_t from, int64_t *ret);

/* Bytes that hold the longest sentence: an irregular list in every field, and a long name. */
#define TRDBI_CRON_WORDS 1024

/* Writes the sentence for people. */
void trdbi_cron_words(const trdbi_cron_fields *fields, const char *zone, char *text, size_t size);

/* ---- zones ---------------------------------------------------------------------------------------- */

/* A zone's rules. A span is a longest time without a change of them; spans are numbered, ascending but with
 * holes. */
typedef struct trdbi_zone {
    void *rules; /* NULL: UTC */
} trdbi_zone;

typedef struct trdbi_span {
    int64_t number;
    int64_t offset; /* what the local clock is ahead of UTC, in seconds */
} trdbi_span;

/* No zone was ever as far from UTC: the date line and local mean times stay below 16 hours. */
#define TRDBI_MAX_OFFSET INT64_C(57600)

/* NULL: UTC. */
int trdbi_zone_open(const char *name, trdbi_zone *ret, trdb_error **reterr);
void trdbi_zone_close(trdbi_zone *zone);
trdbi_span trdbi_zone_span(const trdbi_zone *zone, int64_t instant);

struct trdb_cron {
    trdbi_cron_fields fields;
    trdbi_zone zone;
    const char *expression; /* these texts follow in the same memory */
    const char *timezone;
    const char *words;
};

/* ---- local clocks --------------------------------------------------------------------------------- */

/* The first instant after `instant` in another span; the caller knows that `later` is in another. */
int64_t trdbi_zone_span_end(const trdbi_zone *zone, int64_t instant, int64_t later);

/* The first instant at which the local clock shows `local` or a later time: of two instants the first, of a
 * time inside a gap the gap's end. */
int64_t trdbi_zone_first(const trdbi_zone *zone, int64_t local);

/* The earliest local time that the local clock has not shown, or jumped over, at `instant` or before. */
int64_t trdbi_zone_unreached(const trdbi_zone *zone, int64_t instant);
