/* SPDX-License-Identifier: MIT */
/* Cron expressions: reading ends, the sentence fits, runs ascend and match the fields. */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "fuzz.h"
#include "service/cron.h"

static const char *const zones[] = {
    NULL, "UTC", "Europe/Berlin", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"};

/* Every run matches the fields by its local time; one that a gap moved does so by what the gap swallowed, so
 * only zones without gaps are asked. */
static void check_match(const trdb_cron *cron, int64_t us) {
    FUZZ_CHECK(us % 60000000 == 0);
    int64_t minutes = us / 60000000, days = trdbi_floor_divide(minutes, 1440);
    int64_t minute = minutes - days * 1440;
    FUZZ_CHECK(cron->fields.minutes >> (minute % 60) & 1);
    FUZZ_CHECK(cron->fields.hours >> (minute / 60) & 1);
    FUZZ_CHECK(cron->fields.months >> (trdbi_date_from_days(days).month - 1) & 1);
}

static void check_runs(const trdb_cron *cron, int64_t from) {
    trdb_timestamp at = trdb_timestamp_from_us(from), next, between;
    for (int i = 0; i < 4; i++) {
        trdb_error *err = NULL;
        int code = trdb_cron_next(cron, at, &next, &err);
        if (code < 0) {
            FUZZ_CHECK(code == TRDB_E_RANGE && trdb_error_code(err) == code);
            trdb_error_free(err);
            return;
        }
        FUZZ_CHECK(next.kind == TRDB_TIMESTAMP_FINITE && next.us > at.us);
        if (strcmp(trdb_cron_timezone(cron), "UTC") == 0)
            check_match(cron, next.us);
        /* From anywhere before it, it is the next one. */
        FUZZ_CHECK(trdb_cron_next(cron, trdb_timestamp_from_us(next.us - 1), &between, NULL) == 0);
        FUZZ_CHECK(between.us == next.us);
        at = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    const char *zone = zones[fuzz_below(&in, sizeof zones / sizeof zones[0])];
    int64_t from = (int64_t)fuzz_word(&in);
    if (from & 1) /* of the years that schedules are about */
        from %= INT64_C(8000000000000000);
    char *expression = fuzz_text(&in, TRDB_CRON_MAX_LENGTH + 20);
    trdb_cron *cron = NULL;
    trdb_error *err = NULL;
    int code = trdb_cron_parse(expression, zone, &cron, &err);
    FUZZ_CHECK(code == trdb_error_code(err) && (code == 0) == (cron != NULL));
    if (cron) {
        const char *words = trdb_cron_describe(cron);
        FUZZ_CHECK(strlen(words) > 0 && strlen(words) < TRDBI_CRON_WORDS - 1);
        FUZZ_CHECK(strcmp(trdb_cron_expression(cron), expression) == 0);
        check_runs(cron, from);
    } else {
        FUZZ_CHECK(code == TRDB_E_INVALID || code == TRDB_E_RANGE);
    }
    trdb_error_free(err);
    trdb_cron_free(cron);
    free(expression);
    return 0;
}
