/* SPDX-License-Identifier: MIT */
/* What the services of the Telegram bot share. */
#pragma once

#include "service/service.h"

/* Refuses an account's id that is NULL, empty, or does not fit. */
int trdbi_take_telegram_id(const char *call, const char *telegram_id, trdb_error **reterr);

/* Refuses what has no column to be named by: "telegram.verify_code: <text>". Gives the code. */
__attribute__((format(printf, 4, 5))) int trdbi_telegram_refuse(const char *call, int code,
                                                                trdb_error **reterr, const char *format, ...);

/* ---- alerts and schedules -------------------------------------------------------------------------- */

/* Descriptors of the input structs that no table has, for trdbi_take_input(). */
extern const trdbi_table trdbi_input_telegram_alert;
extern const trdbi_table trdbi_input_telegram_indicator_alert;
extern const trdbi_table trdbi_input_telegram_schedule;

/* Takes NULL out of a text field that can be cleared; tells whether it was there. */
static inline bool trdbi_take_null(const char **text) {
    bool null = *text == TRDB_NULL_TEXT;
    if (null)
        *text = NULL;
    return null;
}

/* Refuses a configuration, a field of an input struct that has been checked, that is not an object.
 * *ret_ticker receives the ticker that it names, NULL without one; free() it. */
int trdbi_take_config(const char *call, const trdbi_table *input, const char *config, char **ret_ticker,
                      trdb_error **reterr);

/* Appends `,"name":` with a value to an object that is being built; NULL becomes null. */
void trdbi_json_member(trdbi_buf *buf, const char *name, const char *text);
void trdbi_json_flag(trdbi_buf *buf, const char *name, bool value);
void trdbi_json_number(trdbi_buf *buf, const char *name, trdb_decimal value);

/* A schedule as it is made. */
typedef struct trdbi_telegram_job {
    const char *telegram_id;
    int32_t job_type;
    const char *label;  /* how its name begins */
    const char *target; /* NULL: "unknown" */
    const char *params; /* JSON object */
    const char *extras; /* JSON object, or NULL */
    const char *cron;
    bool enabled;
    trdb_timestamp next_run_at;
} trdbi_telegram_job;
int trdbi_telegram_add_job_row(trdb_uow *uow, const trdbi_telegram_job *job, int64_t *ret,
                               trdb_error **reterr);

/* The changes to a schedule. */
typedef struct trdbi_telegram_change {
    const char *target;     /* NULL: as it was */
    trdbi_buf set;          /* JSON object of the parameters to set; must be freed */
    const char *cleared[2]; /* the parameters to take away */
    size_t cleared_count;
    trdb_in_bool enabled;
    const char *cron; /* NULL: as it was */
} trdbi_telegram_change;

/* Locks a schedule of one of two types and changes it; `what` is what it is called when there is none. When
 * it is due next follows from the new cron, or from being enabled again. */
int trdbi_telegram_change_job(const char *call, trdb_uow *uow, int64_t id, const char *what,
                              const int32_t types[2], const trdbi_telegram_change *change,
                              trdb_error **reterr);
