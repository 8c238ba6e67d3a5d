/* SPDX-License-Identifier: MIT */
/* What the services share: arguments are checked here, by name, before anything is sent. */
#pragma once

#include "gen/queries.h"
#include <tradingdb/services.h>

/* Which fields of a table's input struct a call takes; the lists end with NULL. A field that is given as NULL
 * is refused. */
typedef struct trdbi_fields {
    const char *call; /* "trading.apply_fill" */
    const char *const *required;
    const char *const *optional;
} trdbi_fields;

/* Copies the input struct of a caller of whatever version into `copy`, one of the library's own, when it
 * holds what the call takes and every value fits its column. */
int trdbi_take_input(const trdbi_table *table, const trdbi_fields *fields, const void *in, void *copy,
                     trdb_error **reterr);

/* A column by name. The name must be one of the table's. */
const trdbi_column *trdbi_column_named(const trdbi_table *table, const char *name);

/* Refuses NULL, an empty text, and what the column cannot hold. */
int trdbi_take_text(const char *call, const trdbi_table *table, const char *column, const char *text,
                    trdb_error **reterr);

/* Refuses an amount that is NULL, or that the column cannot hold. */
int trdbi_take_amount(const char *call, const trdbi_table *table, const char *column, trdb_decimal value,
                      trdb_error **reterr);

/* Refuses an amount below zero, or at zero as well; it has been taken before. */
typedef enum trdbi_least { TRDBI_FROM_ZERO, TRDBI_ABOVE_ZERO } trdbi_least;
int trdbi_take_sign(const char *call, const trdbi_table *table, const char *column, trdb_decimal value,
                    trdbi_least least, trdb_error **reterr);

/* Refuses bits that are not in `known`. */
int trdbi_take_flags(const char *call, uint32_t flags, uint32_t known, trdb_error **reterr);

/* Appends a text as a JSON string; it has been found to be UTF-8. */
void trdbi_json_text(trdbi_buf *buf, const char *text);

/* Names the call in an error just made. Gives the code. */
int trdbi_refused(const char *call, int code, trdb_error **reterr);

/* The error of a bot that is not there: TRDB_E_NOT_FOUND, or TRDB_E_REFERENCE for whoever refers to it. */
int trdbi_no_bot(const char *call, int code, int64_t bot_id, trdb_error **reterr);

/* Input values as arguments of a query: not given is NULL. */
static inline trdb_decimal trdbi_value_of_decimal(trdb_in_decimal in) {
    return in.state == TRDB_GIVEN ? in.value : (trdb_decimal){.kind = TRDB_DECIMAL_NULL};
}
static inline trdb_timestamp trdbi_value_of_time(trdb_in_timestamp in) {
    return in.state == TRDB_GIVEN ? in.value : (trdb_timestamp){.kind = TRDB_TIMESTAMP_NULL};
}
