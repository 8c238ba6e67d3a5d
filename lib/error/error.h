/* SPDX-License-Identifier: MIT */
/* Making errors. Every function returns the code, so that `return trdbi_error(reterr, TRDB_E_…, "…")` works.
 */
#pragma once

#include <stdarg.h>
#include <tradingdb/error.h>

/* The fields of an error, filled by whoever knows them. Strings are owned. */
struct trdb_error {
    int code;
    bool retryable;
    bool in_doubt;
    int64_t row;
    int64_t call;
    int64_t not_run;
    char sqlstate[6];
    char *message;
    char *detail;
    char *constraint;
    char *table;
    char *column;
    char *statement;
};

/* Sets *reterr (when reterr is not NULL) to a new error, replacing what is there. Falls back to a static
 * out-of-memory error. Returns `code`. */
__attribute__((format(printf, 3, 4))) int trdbi_error(trdb_error **reterr, int code, const char *format, ...);

/* The same, without a message of its own: out of memory. */
int trdbi_error_nomem(trdb_error **reterr);

/* The fields a server reports with an error; NULL where it did not. */
typedef struct trdbi_server_error {
    const char *sqlstate;
    const char *message;
    const char *detail;
    const char *hint;
    const char *constraint;
    const char *table;
    const char *column;
} trdbi_server_error;

/* Turns a server's error into ours: code by SQLSTATE, retryable, in words. `statement` names the call.
 * `secret`: values might appear in message or detail, so only names are kept. */
int trdbi_error_server(trdb_error **reterr, const char *statement, const trdbi_server_error *server,
                       bool secret);

/* The TRDB_E_* of a SQLSTATE; TRDB_E_SERVER when it has no code of its own. */
int trdbi_code_of_sqlstate(const char *sqlstate);
/* True for the SQLSTATEs after which the whole unit may be run again. */
bool trdbi_sqlstate_retryable(const char *sqlstate);

/* Additions to an error just made; no-ops on NULL and on the static one. */
void trdbi_error_set_column(trdb_error **reterr, const char *table, const char *column);
/* Another object that says the same; the static one when there is no memory for it. */
trdb_error *trdbi_error_copy(const trdb_error *error);
/* Gives an error to the caller, or frees it when nobody wants it. */
void trdbi_error_hand(trdb_error **reterr, trdb_error *error);
/* The same unless the error names one: what was queued before may be what failed. */
void trdbi_error_default_statement(trdb_error **reterr, const char *statement);
void trdbi_error_set_statement(trdb_error **reterr, const char *statement);
/* The call of a unit that failed, and how many behind it were not run. */
void trdbi_error_set_call(trdb_error **reterr, int64_t call, int64_t not_run);
/* Adds to the row of an error that tells one. */
void trdbi_error_shift_row(trdb_error **reterr, int64_t by);
void trdbi_error_set_row(trdb_error **reterr, int64_t row);
/* Nothing was stored, and another attempt may go well. */
void trdbi_error_set_retryable(trdb_error **reterr);
