/* SPDX-License-Identifier: MIT */
/* Tables of cron expressions and the runs that follow a time. */
#pragma once

#include <stdio.h>

#include "harness.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MOST 8

static inline trdb_cron *cron_of(const char *expression, const char *zone) {
    trdb_error *err = NULL;
    trdb_cron *cron = NULL;
    int rc = trdb_cron_parse(expression, zone, &cron, &err);
    ck_assert_msg(rc == 0, "%s: %s", expression, trdb_error_message(err));
    return cron;
}

static inline trdb_timestamp time_in(const char *text, const char *zone) {
    trdb_error *err = NULL;
    trdb_timestamp value;
    int rc = trdb_timestamp_parse_in(text, zone, &value, &err);
    ck_assert_msg(rc == 0, "%s: %s", text, trdb_error_message(err));
    return value;
}

/* An expression, when it is asked, and all its next runs in turn. */
typedef struct runs {
    const char *expression;
    const char *zone;
    const char *after;
    const char *expected[MOST];
} runs;

static inline void check_runs(const runs *table, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const runs *row = &table[i];
        trdb_cron *cron = cron_of(row->expression, row->zone);
        trdb_timestamp at = time_in(row->after, row->zone);
        for (int k = 0; k < MOST && row->expected[k]; k++) {
            char text[TRDB_TIMESTAMP_TEXT_SIZE] = "";
            trdb_error *err = NULL;
            int rc = trdb_cron_next(cron, at, &at, &err);
            ck_assert_msg(rc == 0, "%s: %s", row->expression, trdb_error_message(err));
            ck_ok(trdb_timestamp_format_in(at, row->zone, text, sizeof text, &err), err);
            ck_assert_msg(strcmp(text, row->expected[k]) == 0, "\"%s\" in %s after %s, run %d: %s, not %s",
                          row->expression, row->zone, row->after, k + 1, text, row->expected[k]);
        }
        trdb_cron_free(cron);
    }
}
