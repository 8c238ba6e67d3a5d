/* SPDX-License-Identifier: MIT */
/**
 * @file cron.h
 * Cron expressions in a time zone, and times as a zone's clocks show them. docs/cron.md has the syntax, the
 * daylight saving rules with examples, and what other implementations do differently.
 *
 * Nothing here needs a database. Zones are the IANA names of the system's tzdata ("Europe/Berlin",
 * "Etc/GMT+5", "UTC"), in exactly that spelling; $TZDIR names another folder, as it does for the C library.
 */
#ifndef TRADINGDB_CRON_H
#define TRADINGDB_CRON_H

#include <tradingdb/error.h>
#include <tradingdb/types.h>

TRDB_BEGIN_DECLS

/** A cron expression in a time zone: immutable, may be used from any thread, also by several at once. */
typedef struct trdb_cron trdb_cron;

/** The longest cron expression in bytes. */
#define TRDB_CRON_MAX_LENGTH 100

/**
 * Reads "minute hour day-of-month month weekday", each field `*`, a number, a range `1-5`, a step over one of
 * them (`*`/15, 10-40/5, 5/15: from 5 to the field's end), or a comma list of such parts; months JAN to
 * DEC and weekdays SUN to SAT in either case, Sunday 0 or 7; or `@hourly`, `@daily`, `@midnight`, `@weekly`,
 * `@monthly`, `@yearly`, `@annually`.
 *
 * @param expression at most TRDB_CRON_MAX_LENGTH bytes; fields are separated by spaces or tabs.
 * @param timezone an IANA name; NULL: UTC.
 * @param ret receives the cron; release it with trdb_cron_free().
 * @return 0; TRDB_E_RANGE for a number outside its field, a step of 0 or larger than the field, a text that
 *         is too long; TRDB_E_INVALID for NULL, an empty or malformed expression, six fields (seconds are not
 *         supported), `@reboot`, an unknown name or zone, a day that never comes ("0 0 31 2 *");
 *         TRDB_E_UNSUPPORTED when the system has no tzdata; TRDB_E_NOMEM. The message names the field.
 *         Any thread. Source: reference/decisions.md 14.
 */
TRDB_API int trdb_cron_parse(const char *expression, const char *timezone, trdb_cron **ret,
                             trdb_error **reterr);

/**
 * The first run strictly later than a time. Local times are matched field by field. An hour field that begins
 * with `*` matches every instant whose local time matches: twice when clocks are set back, never in the gap
 * when they are set forward. Otherwise a local time that comes twice runs the first time only, and all local
 * times inside a gap give one run at its end, merged with a run that is due there. Day of month and weekday:
 * when both are restricted (neither begins with `*`) a day that matches either is taken, else both must match.
 *
 * @param after a finite time.
 * @return 0; TRDB_E_RANGE when `after` is NULL or infinite, or when no run comes before the year 10000;
 *         TRDB_E_INVALID for a NULL pointer. Any thread. Source: reference/decisions.md 14.
 */
TRDB_API int trdb_cron_next(const trdb_cron *cron, trdb_timestamp after, trdb_timestamp *ret,
                            trdb_error **reterr);

/** A sentence for people, such as "At 09:00 on Monday to Friday (Europe/Berlin)". Lives as long as the cron;
 *  NULL for NULL. */
TRDB_API const char *trdb_cron_describe(const trdb_cron *cron);

/** The expression as it was given. Lives as long as the cron; NULL for NULL. */
TRDB_API const char *trdb_cron_expression(const trdb_cron *cron);

/** The zone as it was given, "UTC" for NULL. Lives as long as the cron; NULL for NULL. */
TRDB_API const char *trdb_cron_timezone(const trdb_cron *cron);

/** Releases a cron. NULL is allowed. */
TRDB_API void trdb_cron_free(trdb_cron *cron);

/** For TRDB_AUTO(). */
static inline void trdb_cron_cleanup(trdb_cron **cron) {
    trdb_cron_free(*cron);
}

/**
 * Reads a time as a zone's clocks show it: "2026-03-29" (its midnight), "2026-03-29 02:30",
 * "2026-03-29T02:30:00.5". A local time that comes twice is the first of the two; one inside a gap is the
 * gap's end, so that a date is always the first instant of its day. A text with a zone of its own, and the
 * infinities, are read as trdb_timestamp_parse() does. The zone is loaded for the call.
 *
 * @param timezone an IANA name; NULL: UTC.
 * @return 0; TRDB_E_INVALID for NULL, a malformed text or an unknown zone; TRDB_E_RANGE as
 *         trdb_timestamp_parse(); TRDB_E_UNSUPPORTED when the system has no tzdata. Any thread.
 */
TRDB_API int trdb_timestamp_parse_in(const char *text, const char *timezone, trdb_timestamp *ret,
                                     trdb_error **reterr);

/**
 * Writes a time as a zone's clocks show it, with its offset: "2026-03-29 04:30:00.5+02:00". The offset has
 * seconds where the zone's has ("+00:53:28", before standard time). "infinity", "-infinity"; "" for NULL.
 *
 * @param timezone an IANA name; NULL: UTC.
 * @param buffer receives the text and its NUL; TRDB_TIMESTAMP_TEXT_SIZE bytes always suffice.
 * @return the length without the NUL; TRDB_E_INVALID when `size` is too small, the value malformed or the
 *         zone unknown; TRDB_E_RANGE when the local time lies outside TRDB_TIMESTAMP_MIN..MAX;
 *         TRDB_E_UNSUPPORTED when the system has no tzdata. Any thread.
 */
TRDB_API int trdb_timestamp_format_in(trdb_timestamp value, const char *timezone, char *buffer, size_t size,
                                      trdb_error **reterr);

TRDB_END_DECLS

#endif
