/* SPDX-License-Identifier: MIT */
/* A filter for test_cron_peers.py: reads lines "zone second expression" and answers each with the second of
 * the next run, or with the name of the error code. The two peers beside this file do the same. Instead of an
 * expression, "format" asks for the second as text, "parse TEXT" for the second of a local time and "describe
 * EXPRESSION" for its sentence. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <tradingdb/tradingdb.h>

static int print_second(int rc, trdb_timestamp value) {
    if (rc < 0)
        return printf("%s\n", trdb_error_code_name(rc));
    return printf("%" PRId64 "\n", value.us / 1000000);
}

static int answer(const char *zone, int64_t second, const char *expression) {
    trdb_timestamp value = trdb_timestamp_from_us(second * 1000000);
    if (strcmp(expression, "format") == 0) {
        char text[TRDB_TIMESTAMP_TEXT_SIZE];
        int rc = trdb_timestamp_format_in(value, zone, text, sizeof text, NULL);
        return printf("%s\n", rc < 0 ? trdb_error_code_name(rc) : text);
    }
    if (strncmp(expression, "parse ", 6) == 0) {
        int rc = trdb_timestamp_parse_in(expression + 6, zone, &value, NULL);
        return print_second(rc, value);
    }
    TRDB_AUTO(trdb_cron) *cron = NULL;
    const bool describe = strncmp(expression, "describe ", 9) == 0;
    int rc = trdb_cron_parse(expression + (describe ? 9 : 0), zone, &cron, NULL);
    if (rc == 0 && describe)
        return printf("%s\n", trdb_cron_describe(cron));
    if (rc == 0)
        rc = trdb_cron_next(cron, value, &value, NULL);
    return print_second(rc, value);
}

int main(void) {
    char line[512], zone[64];
    TRDB_AUTO(trdb_cron) *last = NULL; /* keeps its zone loaded */
    while (fgets(line, sizeof line, stdin)) {
        int64_t second;
        int at = 0;
        line[strcspn(line, "\n")] = '\0';
        if (sscanf(line, "%63s %" SCNd64 " %n", zone, &second, &at) != 2 || at == 0)
            return 2;
        if (!last || strcmp(trdb_cron_timezone(last), zone) != 0) {
            trdb_cron_free(last);
            last = NULL;
            if (trdb_cron_parse("@daily", zone, &last, NULL) < 0)
                return 2;
        }
        answer(zone, second, line + at);
    }
    return 0;
}
