/* SPDX-License-Identifier: MIT */
/* Arguments of the services of jobs: cron expressions, JSON objects, numbers that count something. */
#include "service/jobs.h"

#include "base/text.h"

#include <tradingdb/cron.h>

#include <string.h>

static const trdbi_table *const schedules = &trdbi_table_job_schedules;

/* Names a column in what trdb_cron_*() found, and frees that. Gives its code. */
static int blame(const char *call, const char *column, const char *what, trdb_error *error,
                 trdb_error **reterr) {
    int code = trdb_error_code(error);
    if (code == TRDB_E_NOMEM)
        trdbi_error_nomem(reterr);
    else
        trdbi_refuse(schedules, trdbi_column_named(schedules, column), code, reterr, "%s%s", what,
                     trdb_error_message(error));
    trdb_error_free(error);
    return trdbi_refused(call, code, reterr);
}

int trdbi_take_cron(const char *call, const char *cron, trdb_error **reterr) {
    trdb_cron *parsed = NULL;
    trdb_error *error = NULL;
    if (!cron)
        return 0;
    int code = trdbi_take_text(call, schedules, "cron", cron, reterr);
    if (code < 0)
        return code;
    if (trdb_cron_parse(cron, NULL, &parsed, &error) < 0)
        return blame(call, "cron", "invalid cron expression: ", error, reterr);
    trdb_cron_free(parsed);
    return 0;
}

int trdbi_take_zone(const char *call, const char *timezone, trdb_error **reterr) {
    trdb_cron *parsed = NULL;
    trdb_error *error = NULL;
    if (!timezone)
        return 0;
    int code = trdbi_take_text(call, schedules, "timezone", timezone, reterr);
    if (code < 0)
        return code;
    if (trdb_cron_parse("* * * * *", timezone, &parsed, &error) < 0)
        return blame(call, "timezone", "", error, reterr);
    trdb_cron_free(parsed);
    return 0;
}

int trdbi_job_next_run(const char *call, const char *cron, const char *timezone, trdb_timestamp *ret,
                       trdb_error **reterr) {
    trdb_cron *parsed = NULL;
    trdb_error *error = NULL;
    int code = trdbi_take_cron(call, cron, reterr);
    if (code == 0)
        code = trdbi_take_zone(call, timezone, reterr);
    if (code < 0)
        return code;
    if (trdb_cron_parse(cron, timezone, &parsed, &error) < 0 ||
        trdb_cron_next(parsed, trdb_timestamp_now(), ret, &error) < 0)
        code = blame(call, "cron", "invalid cron expression: ", error, reterr);
    trdb_cron_free(parsed);
    return code;
}

int trdbi_job_enabled_again(const char *call, const trdb_job_schedule *schedule, trdb_in_bool enabled,
                            trdb_timestamp *ret, trdb_error **reterr) {
    *ret = (trdb_timestamp){.kind = TRDB_TIMESTAMP_NULL};
    bool was_enabled = !schedule->enabled.set || schedule->enabled.value;
    bool passed = schedule->next_run_at.kind == TRDB_TIMESTAMP_FINITE &&
                  schedule->next_run_at.us <= trdb_timestamp_now().us;
    if (was_enabled || enabled.state != TRDB_GIVEN || !enabled.value || !passed)
        return 0;
    return trdbi_job_next_run(call, schedule->cron, schedule->timezone, ret, reterr);
}

int trdbi_take_object(const char *call, const char *what, const trdbi_table *table, const char *column,
                      const char *json, trdb_error **reterr) {
    trdb_error *error = NULL;
    int code = trdbi_take_text(call, table, column, json, &error);
    if (code == TRDB_E_NOMEM) {
        trdbi_error_nomem(reterr);
    } else if (code < 0) {
        trdbi_error(reterr, code, "%s: %s", what, trdb_error_message(error));
    } else if (json[strspn(json, " \t\r\n")] != '{') {
        code = TRDB_E_INVALID;
        trdbi_error(reterr, code, "%s: %s.%s: must be a JSON object", what, table->name, column);
    } else {
        return 0;
    }
    trdb_error_free(error);
    trdbi_error_set_column(reterr, table->name, column);
    return trdbi_refused(call, code, reterr);
}

int trdbi_take_short_text(const char *call, const char *name, const char *text, int max_chars,
                          trdb_error **reterr) {
    int code = 0;
    if (!text || text == TRDB_NULL_TEXT)
        code = trdbi_error(reterr, TRDB_E_NOT_NULL, "%s: the %s is required", call, name);
    else if (text[0] == '\0')
        code = trdbi_error(reterr, TRDB_E_INVALID, "%s: the %s is empty", call, name);
    else if (trdbi_utf8_length(text, strlen(text)) < 0)
        code = trdbi_error(reterr, TRDB_E_ENCODING, "%s: the %s is not valid UTF-8", call, name);
    else if (trdbi_utf8_length(text, strlen(text)) > max_chars)
        code = trdbi_error(reterr, TRDB_E_RANGE, "%s: the %s has more than %d characters", call, name,
                           max_chars);
    return code < 0 ? trdbi_refused(call, code, reterr) : 0;
}

int trdbi_take_count(const char *call, const trdbi_table *table, const char *column, trdb_in_i64 given,
                     trdb_error **reterr) {
    if (given.state != TRDB_GIVEN || given.value >= 1)
        return 0;
    trdbi_refuse(table, trdbi_column_named(table, column), TRDB_E_RANGE, reterr, "must be at least 1");
    return trdbi_refused(call, TRDB_E_RANGE, reterr);
}

int trdbi_take_limit(const char *call, trdb_in_i64 given, int64_t otherwise, int64_t *ret,
                     trdb_error **reterr) {
    *ret = given.state == TRDB_GIVEN ? given.value : otherwise;
    if (*ret >= 1)
        return 0;
    trdbi_error(reterr, TRDB_E_RANGE, "%s: the limit is %lld; it must be at least 1", call, (long long)*ret);
    return trdbi_refused(call, TRDB_E_RANGE, reterr);
}

int trdbi_job_days_ago(const char *call, int64_t days, int64_t least, trdb_timestamp *ret,
                       trdb_error **reterr) {
    enum { MOST = 36500 };
    const int64_t day_us = INT64_C(86400000000);
    if (days >= least && days <= MOST) {
        *ret = trdb_timestamp_from_us(trdb_timestamp_now().us - days * day_us);
        return 0;
    }
    trdbi_error(reterr, TRDB_E_RANGE, "%s: %lld days are out of range; take %lld to %d", call,
                (long long)days, (long long)least, MOST);
    return trdbi_refused(call, TRDB_E_RANGE, reterr);
}

int trdbi_take_place(const char *call, const void *ret, trdb_error **reterr) {
    if (ret)
        return 0;
    trdbi_error(reterr, TRDB_E_INVALID, "%s: the place for the result is NULL", call);
    return trdbi_refused(call, TRDB_E_INVALID, reterr);
}
