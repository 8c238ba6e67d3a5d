/* SPDX-License-Identifier: MIT */
/* What the services of jobs share. */
#pragma once

#include "service/service.h"

/* The first instant after now that a cron expression matches in a zone (NULL: UTC). Refuses what never fires,
 * naming the column that is to blame. */
int trdbi_job_next_run(const char *call, const char *cron, const char *timezone, trdb_timestamp *ret,
                       trdb_error **reterr);

/* Refuse an expression or a zone that is not valid; NULL is nothing to refuse. */
int trdbi_take_cron(const char *call, const char *cron, trdb_error **reterr);
int trdbi_take_zone(const char *call, const char *timezone, trdb_error **reterr);

/* When a locked schedule is due once it is enabled again: NULL when its instant stays. */
int trdbi_job_enabled_again(const char *call, const trdb_job_schedule *schedule, trdb_in_bool enabled,
                            trdb_timestamp *ret, trdb_error **reterr);

/* Refuses JSON that is not valid or no object. `what` is what the caller calls it. */
int trdbi_take_object(const char *call, const char *what, const trdbi_table *table, const char *column,
                      const char *json, trdb_error **reterr);

/* Refuses a given number below 1. */
int trdbi_take_count(const char *call, const trdbi_table *table, const char *column, trdb_in_i64 given,
                     trdb_error **reterr);

/* The limit of a list: what is given, at least 1, or a default. */
int trdbi_take_limit(const char *call, trdb_in_i64 given, int64_t otherwise, int64_t *ret,
                     trdb_error **reterr);

/* The time so many days ago; refuses fewer than `least` of them, and more than a hundred years. */
int trdbi_job_days_ago(const char *call, int64_t days, int64_t least, trdb_timestamp *ret,
                       trdb_error **reterr);

/* Refuses a missing place for a result that the caller must want. */
int trdbi_take_place(const char *call, const void *ret, trdb_error **reterr);

/* Hands an error of one's own on to the caller. Gives its code. */
static inline int trdbi_pass_error(trdb_error *error, trdb_error **reterr) {
    int code = trdb_error_code(error);
    if (reterr) {
        trdb_error_free(*reterr);
        *reterr = error;
    } else {
        trdb_error_free(error);
    }
    return code;
}

/* Refuses a text argument that no column limits: NULL, empty, not UTF-8, too long. */
int trdbi_take_short_text(const char *call, const char *name, const char *text, int max_chars,
                          trdb_error **reterr);

/* A row to a caller who may not want it. */
static inline void trdbi_give_schedule(trdb_job_schedule *row, trdb_job_schedule **ret) {
    if (ret)
        *ret = row;
    else
        trdb_job_schedule_free(row);
}
static inline void trdbi_give_run(trdb_job_schedule_run *row, trdb_job_schedule_run **ret) {
    if (ret)
        *ret = row;
    else
        trdb_job_schedule_run_free(row);
}

/* Optional arguments as they are stored: a text that is NULL in either way, a time that is now when it is
 * NULL. */
static inline const char *trdbi_text_or_null(const char *text) {
    return text == TRDB_NULL_TEXT ? NULL : text;
}
static inline trdb_timestamp trdbi_time_or_now(trdb_timestamp at) {
    return at.kind == TRDB_TIMESTAMP_NULL ? trdb_timestamp_now() : at;
}
