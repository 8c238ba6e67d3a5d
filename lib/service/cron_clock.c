/* SPDX-License-Identifier: MIT */
/* Between instants and what a zone's clocks show, across changes of the offset. */
#include "service/cron.h"

int64_t trdbi_zone_span_end(const trdbi_zone *zone, int64_t instant, int64_t later) {
    int64_t number = trdbi_zone_span(zone, instant).number;
    while (later - instant > 1) {
        int64_t middle = instant + (later - instant) / 2;
        if (trdbi_zone_span(zone, middle).number == number)
            instant = middle;
        else
            later = middle;
    }
    return later;
}

static int64_t max(int64_t a, int64_t b) {
    return a > b ? a : b;
}

int64_t trdbi_zone_first(const trdbi_zone *zone, int64_t local) {
    /* Before `start` the clock shows less, and at `last` not less, whatever the offset is. */
    int64_t start = local - TRDBI_MAX_OFFSET;
    const int64_t last = local + TRDBI_MAX_OFFSET;
    const trdbi_span final = trdbi_zone_span(zone, last);
    trdbi_span span = trdbi_zone_span(zone, start);
    while (span.number != final.number) {
        int64_t end = trdbi_zone_span_end(zone, start, last);
        if (end + span.offset > local)
            break;
        start = end;
        span = trdbi_zone_span(zone, start);
    }
    return max(start, local - span.offset);
}

int64_t trdbi_zone_unreached(const trdbi_zone *zone, int64_t instant) {
    const trdbi_span now = trdbi_zone_span(zone, instant);
    int64_t unreached = instant + now.offset + 1;
    /* Spans that ended before could not show more than the clock shows at `instant`. */
    int64_t start = instant - 2 * TRDBI_MAX_OFFSET;
    trdbi_span span = trdbi_zone_span(zone, start);
    while (span.number != now.number) {
        start = trdbi_zone_span_end(zone, start, instant);
        unreached = max(unreached, start + span.offset);
        span = trdbi_zone_span(zone, start);
    }
    return unreached;
}
