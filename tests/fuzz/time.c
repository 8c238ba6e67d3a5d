/* SPDX-License-Identifier: MIT */
/* Times as text, in UTC and as the clocks of zones show them. */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "fuzz.h"
#include "tradingdb/tradingdb.h"

static const char *const zones[] = {NULL,
                                    "UTC",
                                    "Europe/Berlin",
                                    "America/Havana",
                                    "Australia/Lord_Howe",
                                    "Pacific/Apia",
                                    "Africa/Monrovia",
                                    "Asia/Kathmandu"};

static void check_format(trdb_timestamp value, const char *zone) {
    char text[TRDB_TIMESTAMP_TEXT_SIZE];
    trdb_timestamp again;
    int length = trdb_timestamp_format(value, text, sizeof text);
    bool finite = value.kind == TRDB_TIMESTAMP_FINITE;
    bool valid = value.kind >= 0 && value.kind <= TRDB_TIMESTAMP_NEG_INFINITY &&
                 (!finite || (value.us >= TRDB_TIMESTAMP_MIN && value.us <= TRDB_TIMESTAMP_MAX));
    FUZZ_CHECK((length >= 0) == valid);
    if (length > 0) {
        FUZZ_CHECK(strlen(text) == (size_t)length && trdb_timestamp_parse(text, &again) == 0);
        FUZZ_CHECK(again.kind == value.kind && (!finite || again.us == value.us));
    }
    trdb_error *err = NULL;
    int local = trdb_timestamp_format_in(value, zone, text, sizeof text, &err);
    FUZZ_CHECK(local >= 0 || local == trdb_error_code(err));
    FUZZ_CHECK(local < 0 || valid);
    /* An offset with seconds is not read back; all others are. */
    const char *colon = local > 0 ? strrchr(text, ':') : NULL;
    if (colon && finite && strlen(text) > 6 && trdb_timestamp_parse(text, &again) == 0)
        FUZZ_CHECK(again.us == value.us);
    trdb_error_free(err);
}

/* What is read as a local time comes out as itself, unless the zone's clocks jumped over it. */
static void check_parse_in(const char *text, const char *zone) {
    trdb_timestamp value, again;
    trdb_error *err = NULL;
    int code = trdb_timestamp_parse_in(text, zone, &value, &err);
    FUZZ_CHECK(code == trdb_error_code(err));
    trdb_error_free(err);
    if (code < 0) {
        FUZZ_CHECK(code == TRDB_E_INVALID || code == TRDB_E_RANGE);
        return;
    }
    char shown[TRDB_TIMESTAMP_TEXT_SIZE];
    if (value.kind == TRDB_TIMESTAMP_FINITE &&
        trdb_timestamp_format_in(value, zone, shown, sizeof shown, NULL) > 0 &&
        trdb_timestamp_parse(shown, &again) == 0)
        FUZZ_CHECK(again.us == value.us);
    check_format(value, zone);
}

static void check_date(int64_t days) {
    trdbi_date date = trdbi_date_from_days(days);
    FUZZ_CHECK(date.month >= 1 && date.month <= 12 && date.day >= 1);
    FUZZ_CHECK(date.day <= trdbi_days_of_month(date.year, date.month));
    FUZZ_CHECK(trdbi_days_from_date(date) == days);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    const char *zone = zones[fuzz_below(&in, sizeof zones / sizeof zones[0])];
    uint8_t how = fuzz_byte(&in);
    if (how % 3 == 0) {
        trdb_timestamp value = trdb_timestamp_from_us((int64_t)fuzz_word(&in));
        if (how % 2 == 0) /* of the years that calendars are about */
            value.us %= INT64_C(8000000000000000);
        value.kind = how / 8 % 6 == 5 ? 1000 : how / 8 % 6 == 0 ? 1 : how / 8 % 6;
        check_format(value, zone);
        check_date(value.us / INT64_C(86400000000) % 200000000);
        return 0;
    }
    char *text = fuzz_text(&in, 200);
    if (how % 3 == 1) {
        check_parse_in(text, zone);
    } else {
        trdb_timestamp value;
        if (trdb_timestamp_parse(text, &value) == 0)
            check_format(value, zone);
        char *name = fuzz_text(&in, 60); /* a zone of that name hardly ever exists */
        if (trdb_timestamp_parse_in("2026-03-29 02:30", name, &value, NULL) == 0)
            check_format(value, name);
        free(name);
    }
    free(text);
    return 0;
}
