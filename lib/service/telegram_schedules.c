/* SPDX-License-Identifier: MIT */
/* Schedules of a Telegram user: daily screeners, and those that a configuration describes. */
#include "service/telegram.h"
#include "service/jobs.h"

#include <stdio.h>
#include <stdlib.h>

static const trdbi_table *const input = &trdbi_input_telegram_schedule;

enum { TIME_SIZE = sizeof "HH:MM", CRON_SIZE = sizeof "59 23 * * *" };

/* A daily time: as a person reads it, and as cron does. */
typedef struct daily {
    char time[TIME_SIZE];
    char cron[CRON_SIZE];
} daily;

/* One or two digits; moves behind them. -1 for anything else. */
static int two_digits(const char **text) {
    size_t count = strspn(*text, "0123456789");
    if (count < 1 || count > 2)
        return -1;
    int value = (*text)[0] - '0';
    if (count == 2)
        value = value * 10 + ((*text)[1] - '0');
    *text += count;
    return value;
}

/* Reads HH:MM. A text without a colon, and none, mean 09:00. */
static int take_daily(const char *call, const char *text, daily *ret, trdb_error **reterr) {
    int hour = 9, minute = 0, code = 0;
    if (text && text != TRDB_NULL_TEXT && strchr(text, ':')) {
        hour = two_digits(&text);
        minute = hour >= 0 && *text++ == ':' ? two_digits(&text) : -1;
        if (minute < 0 || *text)
            code = TRDB_E_INVALID;
        else if (hour > 23 || minute > 59)
            code = TRDB_E_RANGE;
    }
    if (code < 0) {
        trdbi_refuse(input, trdbi_column_named(input, "scheduled_time"), code, reterr,
                     "must be a time of day, HH:MM from 00:00 to 23:59");
        return trdbi_refused(call, code, reterr);
    }
    snprintf(ret->time, sizeof ret->time, "%02d:%02d", hour % 100, minute % 100);
    snprintf(ret->cron, sizeof ret->cron, "%d %d * * *", minute % 100, hour % 100);
    return 0;
}

static int insert(const char *call, trdb_uow *uow, const char *label, const char *telegram_id,
                  const char *ticker, trdbi_buf *params, const char *extras, const char *cron, int64_t *ret,
                  trdb_error **reterr) {
    trdbi_telegram_job job = {
        .telegram_id = telegram_id,
        .job_type = TRDB_JOB_TYPE_SCREENER,
        .label = label,
        .target = ticker,
        .params = params->data,
        .extras = extras,
        .cron = cron,
        .enabled = true,
    };
    int code = params->failed ? trdbi_error_nomem(reterr)
                              : trdbi_job_next_run(call, cron, NULL, &job.next_run_at, reterr);
    if (code == 0)
        code = trdbi_telegram_add_job_row(uow, &job, ret, reterr);
    trdbi_buf_free(params);
    return code;
}

int trdb_telegram_add_schedule(trdb_uow *uow, const char *telegram_id, const char *ticker,
                               const char *scheduled_time, const char *extras, int64_t *ret,
                               trdb_error **reterr) {
    static const char call[] = "telegram.add_schedule";
    daily at;
    trdbi_buf params = {0};
    extras = trdbi_text_or_null(extras);
    int code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = trdbi_take_text(call, &trdbi_table_job_schedules, "target", ticker, reterr);
    if (code == 0)
        code = take_daily(call, scheduled_time, &at, reterr);
    if (code == 0 && extras)
        code = trdbi_take_object(call, "extras", &trdbi_table_job_schedules, "task_params", extras, reterr);
    if (code < 0)
        return code;
    trdbi_buf_char(&params, '{');
    trdbi_json_member(&params, "ticker", ticker);
    trdbi_json_member(&params, "scheduled_time", at.time);
    trdbi_buf_char(&params, '}');
    return insert(call, uow, "Schedule", telegram_id, ticker, &params, extras, at.cron, ret, reterr);
}

int trdb_telegram_add_json_schedule(trdb_uow *uow, const char *telegram_id, const char *config,
                                    const char *schedule_config, int64_t *ret, trdb_error **reterr) {
    static const char call[] = "telegram.add_json_schedule";
    trdbi_buf params = {0};
    char *ticker = NULL;
    schedule_config = trdbi_text_or_null(schedule_config);
    int code = trdbi_take_telegram_id(call, telegram_id, reterr);
    if (code == 0)
        code = trdbi_take_text(call, input, "config", config, reterr);
    if (code == 0)
        code = trdbi_take_config(call, input, config, &ticker, reterr);
    if (code == 0 && schedule_config)
        code = trdbi_take_text(call, input, "schedule_config", schedule_config, reterr);
    if (code == 0) {
        trdbi_buf_char(&params, '{');
        trdbi_json_member(&params, "config_json", config);
        trdbi_json_member(&params, "schedule_config", schedule_config);
        trdbi_buf_char(&params, '}');
        code =
            insert(call, uow, "JSONSchedule", telegram_id, ticker, &params, NULL, "0 9 * * *", ret, reterr);
    }
    free(ticker);
    return code;
}

/* ---- changing -------------------------------------------------------------------------------------- */

/* The changes to a schedule, checked. */
typedef struct changes {
    trdb_telegram_schedule_new in;
    bool clears_schedule_config;
    char *config_ticker; /* of the configuration; NULL: none */
    daily at;            /* when scheduled_time is given */
} changes;

static int take_texts(const char *call, changes *c, trdb_error **reterr) {
    const trdb_telegram_schedule_new *in = &c->in;
    int code = 0;
    if (in->ticker)
        code = trdbi_take_text(call, input, "ticker", in->ticker, reterr);
    if (code == 0 && in->config)
        code = trdbi_take_config(call, input, in->config, &c->config_ticker, reterr);
    if (code == 0 && in->schedule_config)
        code = trdbi_take_text(call, input, "schedule_config", in->schedule_config, reterr);
    if (code == 0 && in->scheduled_time)
        code = take_daily(call, in->scheduled_time, &c->at, reterr);
    if (code == 0 && in->scheduled_time && in->cron)
        code = trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr,
                                     "scheduled_time and cron both say when; give one");
    if (code == 0)
        code = trdbi_take_cron(call, in->cron, reterr);
    return code;
}

static int take_changes(const char *call, const trdb_telegram_schedule_new *given, changes *c,
                        trdb_error **reterr) {
    static const char *const required[] = {NULL};
    static const char *const optional[] = {"ticker", "config", "schedule_config", "scheduled_time", "enabled",
                                           "cron",   NULL};
    const trdbi_fields fields = {call, required, optional};
    trdb_telegram_schedule_new known;
    memset(c, 0, sizeof *c);
    if (!given)
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the trdb_telegram_schedule_new is NULL");
    int code = trdbi_copy_struct(&known, sizeof known, given, "trdb_telegram_schedule_new", reterr);
    if (code < 0)
        return trdbi_refused(call, code, reterr);
    c->clears_schedule_config = trdbi_take_null(&known.schedule_config);
    code = trdbi_take_input(input, &fields, &known, &c->in, reterr);
    const trdb_telegram_schedule_new *in = &c->in;
    if (code == 0 && !in->ticker && !in->config && !in->schedule_config && !c->clears_schedule_config &&
        !in->scheduled_time && !in->cron && in->enabled.state != TRDB_GIVEN)
        return trdbi_telegram_refuse(call, TRDB_E_INVALID, reterr, "the changes give no field");
    return code == 0 ? take_texts(call, c, reterr) : code;
}

static void set_params(const changes *c, trdbi_telegram_change *change) {
    const trdb_telegram_schedule_new *in = &c->in;
    change->target = in->ticker ? in->ticker : c->config_ticker;
    change->cron = in->scheduled_time ? c->at.cron : in->cron;
    change->enabled = in->enabled;
    trdbi_buf_char(&change->set, '{');
    if (change->target)
        trdbi_json_member(&change->set, "ticker", change->target);
    if (in->config)
        trdbi_json_member(&change->set, "config_json", in->config);
    if (in->schedule_config)
        trdbi_json_member(&change->set, "schedule_config", in->schedule_config);
    if (in->scheduled_time)
        trdbi_json_member(&change->set, "scheduled_time", c->at.time);
    trdbi_buf_char(&change->set, '}');
    if (c->clears_schedule_config)
        change->cleared[change->cleared_count++] = "schedule_config";
    if (in->cron) /* the time of day does not say any more when it is due */
        change->cleared[change->cleared_count++] = "scheduled_time";
}

int trdb_telegram_update_schedule(trdb_uow *uow, int64_t schedule_id, const trdb_telegram_schedule_new *given,
                                  trdb_telegram_schedule **ret, trdb_error **reterr) {
    static const char call[] = "telegram.update_schedule";
    static const int32_t types[2] = {TRDB_JOB_TYPE_SCREENER, TRDB_JOB_TYPE_REPORT};
    trdbi_telegram_change change = {.cleared_count = 0};
    changes c;
    int code = take_changes(call, given, &c, reterr);
    if (code == 0)
        set_params(&c, &change);
    if (code == 0 && change.set.failed)
        code = trdbi_error_nomem(reterr);
    if (code == 0)
        code =
            trdbi_telegram_change_job(call, uow, schedule_id, "screener or report", types, &change, reterr);
    trdbi_buf_free(&change.set);
    free(c.config_ticker);
    return code == 0 && ret ? trdb_telegram_get_schedule(uow, schedule_id, ret, reterr) : code;
}

int trdb_telegram_delete_schedule(trdb_uow *uow, int64_t schedule_id, trdb_error **reterr) {
    return trdb_job_schedule_delete(uow, schedule_id, reterr);
}
