/* SPDX-License-Identifier: MIT */
/* Times as the clocks of a zone show them, from and to text. */
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "error/error.h"
#include "service/cron.h"

#define SECOND INT64_C(1000000)

/* ---- from text ------------------------------------------------------------------------------------ */

/* A time without a zone as if it were UTC, in microseconds. */
static int parse_local(const char *text, int64_t *ret) {
    static const char *const endings[] = {"Z", " 00:00Z"};
    char room[TRDB_TIMESTAMP_TEXT_SIZE + 8];
    trdb_timestamp value;
    int code = TRDB_E_INVALID;
    for (size_t i = 0; i < 2 && code == TRDB_E_INVALID; i++) {
        int length = snprintf(room, sizeof(room), "%s%s", text, endings[i]);
        if (length > 0 && (size_t)length < sizeof(room))
            code = trdb_timestamp_parse(room, &value);
    }
    if (code == 0)
        *ret = value.us;
    return code;
}

static trdb_timestamp instant_of(const trdbi_zone *zone, int64_t local_us) {
    const int64_t local = trdbi_floor_divide(local_us, SECOND);
    const int64_t instant = trdbi_zone_first(zone, local);
    const bool in_gap = instant + trdbi_zone_span(zone, instant).offset != local;
    return trdb_timestamp_from_us(instant * SECOND + (in_gap ? 0 : local_us - local * SECOND));
}

static int parse_in(const char *text, const char *timezone, trdb_timestamp *ret, trdb_error **reterr) {
    trdbi_zone zone;
    trdb_timestamp value;
    int64_t local_us;
    if (!text || text == TRDB_NULL_TEXT || !ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "the %s is NULL", ret ? "time" : "place for the result");
    int code = trdbi_zone_open(timezone, &zone, reterr);
    if (code < 0)
        return code;
    code = trdb_timestamp_parse(text, &value);
    if (code == TRDB_E_INVALID) {
        code = parse_local(text, &local_us);
        if (code == 0)
            value = instant_of(&zone, local_us);
        if (code == 0 && (value.us < TRDB_TIMESTAMP_MIN || value.us > TRDB_TIMESTAMP_MAX))
            code = TRDB_E_RANGE;
    }
    trdbi_zone_close(&zone);
    if (code == TRDB_E_RANGE)
        return trdbi_error(reterr, code, "the time is too early, too late or finer than a microsecond");
    if (code < 0)
        return trdbi_error(reterr, code,
                           "malformed time: write 2026-03-29, 2026-03-29 02:30 or 2026-03-29 02:30:00+02:00");
    *ret = value;
    return 0;
}

int trdb_timestamp_parse_in(const char *text, const char *timezone, trdb_timestamp *ret,
                            trdb_error **reterr) {
    int code = parse_in(text, timezone, ret, reterr);
    if (code < 0)
        trdbi_error_set_statement(reterr, "timestamp.parse_in");
    return code;
}

/* ---- to text -------------------------------------------------------------------------------------- */

/* "+02:00", "-00:53:28". */
static void format_offset(int64_t offset, char text[16]) {
    const int seconds = (int)(offset < 0 ? -offset : offset) % 86400;
    int length = snprintf(text, 16, "%c%02d:%02d", offset < 0 ? '-' : '+', seconds / 3600, seconds / 60 % 60);
    if (seconds % 60 != 0)
        snprintf(text + length, 16 - (size_t)length, ":%02d", seconds % 60);
}

/* Formats the local time as if it were UTC and puts the offset in the place of "+00". */
static int format_local(const trdbi_zone *zone, int64_t us, char room[96]) {
    const int64_t local_offset = trdbi_zone_span(zone, trdbi_floor_divide(us, SECOND)).offset;
    char local[TRDB_TIMESTAMP_TEXT_SIZE], offset[16];
    if (trdb_timestamp_format(trdb_timestamp_from_us(us + local_offset * SECOND), local, sizeof(local)) < 0)
        return TRDB_E_RANGE;
    format_offset(local_offset, offset);
    const char *zero = strchr(local, '+');
    return snprintf(room, 96, "%.*s%s%s", (int)(zero - local), local, offset, zero + strlen("+00"));
}

static int format_in(trdb_timestamp value, const char *timezone, char *buffer, size_t size,
                     trdb_error **reterr) {
    trdbi_zone zone;
    char room[96];
    int code = trdbi_zone_open(timezone, &zone, reterr);
    if (code < 0)
        return code;
    int length = trdb_timestamp_format(value, room, sizeof(room));
    if (length >= 0 && value.kind == TRDB_TIMESTAMP_FINITE)
        length = format_local(&zone, value.us, room);
    trdbi_zone_close(&zone);
    if (length == TRDB_E_RANGE)
        return trdbi_error(reterr, TRDB_E_RANGE, "the local time is too early or too late");
    if (length < 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "the time is malformed");
    if (!buffer || (size_t)length >= size)
        return trdbi_error(reterr, TRDB_E_INVALID, "the buffer is too small: %d bytes are needed",
                           length + 1);
    memcpy(buffer, room, (size_t)length + 1);
    return length;
}

int trdb_timestamp_format_in(trdb_timestamp value, const char *timezone, char *buffer, size_t size,
                             trdb_error **reterr) {
    int code = format_in(value, timezone, buffer, size, reterr);
    if (code < 0)
        trdbi_error_set_statement(reterr, "timestamp.format_in");
    return code;
}
