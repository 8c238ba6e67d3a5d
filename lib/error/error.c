/* SPDX-License-Identifier: MIT */
#include "error/error.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

/* What an out-of-memory error points to: it must not need memory itself. Never written, never freed. */
static const trdb_error out_of_memory = {
    .code = TRDB_E_NOMEM,
    .row = -1,
    .call = -1,
    .message = (char *)(uintptr_t) "out of memory",
};

static trdb_error *static_nomem(void) {
    return (trdb_error *)(uintptr_t)&out_of_memory;
}

static bool is_static(const trdb_error *error) {
    return error == &out_of_memory;
}

void trdb_error_free(trdb_error *error) {
    if (!error || is_static(error))
        return;
    free(error->message);
    free(error->detail);
    free(error->constraint);
    free(error->table);
    free(error->column);
    free(error->statement);
    free(error);
}

/* ---- accessors ---------------------------------------------------------------------------------- */

int trdb_error_code(const trdb_error *error) {
    return error ? error->code : TRDB_OK;
}

const char *trdb_error_message(const trdb_error *error) {
    return error ? error->message : "no error";
}

const char *trdb_error_detail(const trdb_error *error) {
    return error ? error->detail : NULL;
}

const char *trdb_error_sqlstate(const trdb_error *error) {
    return error && error->sqlstate[0] ? error->sqlstate : NULL;
}

const char *trdb_error_constraint(const trdb_error *error) {
    return error ? error->constraint : NULL;
}

const char *trdb_error_table(const trdb_error *error) {
    return error ? error->table : NULL;
}

const char *trdb_error_column(const trdb_error *error) {
    return error ? error->column : NULL;
}

const char *trdb_error_statement(const trdb_error *error) {
    return error ? error->statement : NULL;
}

int64_t trdb_error_row(const trdb_error *error) {
    return error ? error->row : -1;
}

int64_t trdb_error_call(const trdb_error *error) {
    return error ? error->call : -1;
}

int64_t trdb_error_not_run(const trdb_error *error) {
    return error ? error->not_run : 0;
}

bool trdb_error_retryable(const trdb_error *error) {
    return error && error->retryable;
}

bool trdb_error_in_doubt(const trdb_error *error) {
    return error && error->in_doubt;
}

const char *trdb_error_code_name(int code) {
    static const char *const names[] = {
        "TRDB_OK",          "TRDB_E_NOMEM",       "TRDB_E_INVALID",         "TRDB_E_RANGE",
        "TRDB_E_INEXACT",   "TRDB_E_ENCODING",    "TRDB_E_STATE",           "TRDB_E_CLOSED",
        "TRDB_E_FORKED",    "TRDB_E_NOT_FOUND",   "TRDB_E_DUPLICATE",       "TRDB_E_REFERENCE",
        "TRDB_E_CHECK",     "TRDB_E_NOT_NULL",    "TRDB_E_CONFLICT",        "TRDB_E_SERIALIZATION",
        "TRDB_E_DEADLOCK",  "TRDB_E_TIMEOUT",     "TRDB_E_CANCELLED",       "TRDB_E_EXHAUSTED",
        "TRDB_E_CONNECT",   "TRDB_E_AUTH",        "TRDB_E_CONNECTION_LOST", "TRDB_E_IN_DOUBT",
        "TRDB_E_READ_ONLY", "TRDB_E_PERMISSION",  "TRDB_E_SCHEMA",          "TRDB_E_SCHEMA_NEWER",
        "TRDB_E_CHECKSUM",  "TRDB_E_UNSUPPORTED", "TRDB_E_SERVER",          "TRDB_E_PROTOCOL",
        "TRDB_E_IO",
    };
    const int count = (int)(sizeof(names) / sizeof(names[0]));
    return code <= 0 && code > -count ? names[-code] : "TRDB_E_UNKNOWN";
}

/* ---- making ------------------------------------------------------------------------------------- */

/* A message is one line: what a value, a path or another library put in must not break a log. */
static void one_line(char *text) {
    size_t length = 0;
    bool after_break = false; /* a break and the indentation behind it become one space */
    for (const char *p = text; *p; p++) {
        bool is_break = (unsigned char)*p < 0x20 || *p == 0x7F;
        if (is_break && length > 0 && text[length - 1] != ' ')
            text[length++] = ' ';
        else if (!is_break && !(after_break && *p == ' '))
            text[length++] = *p;
        after_break = is_break || (after_break && *p == ' ');
    }
    while (length > 0 && text[length - 1] == ' ')
        length--;
    text[length] = '\0';
}

static void replace(trdb_error **reterr, trdb_error *error) {
    trdb_error_free(*reterr);
    *reterr = error;
}

int trdbi_error_nomem(trdb_error **reterr) {
    if (reterr)
        replace(reterr, static_nomem());
    return TRDB_E_NOMEM;
}

int trdbi_error(trdb_error **reterr, int code, const char *format, ...) {
    if (!reterr)
        return code;
    trdbi_buf message = {0};
    va_list args;
    va_start(args, format);
    trdbi_buf_vprintf(&message, format, args);
    va_end(args);
    trdb_error *error = message.failed ? NULL : calloc(1, sizeof(*error));
    if (!error) {
        trdbi_buf_free(&message);
        (void)trdbi_error_nomem(reterr);
        return code;
    }
    error->code = code;
    error->row = error->call = -1;
    error->message = message.data;
    one_line(error->message);
    /* Only now: the arguments may point into the error that is replaced. */
    replace(reterr, error);
    return code;
}

trdb_error *trdbi_error_copy(const trdb_error *error) {
    trdb_error *copy = is_static(error) ? NULL : malloc(sizeof *copy);
    if (!copy)
        return static_nomem();
    *copy = *error;
    copy->message = strdup(error->message);
    char **names[] = {&copy->detail, &copy->constraint, &copy->table, &copy->column, &copy->statement};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        *names[i] = *names[i] ? strdup(*names[i]) : NULL; /* decoration: it may be missing */
    if (copy->message)
        return copy;
    trdb_error_free(copy);
    return static_nomem();
}

void trdbi_error_hand(trdb_error **reterr, trdb_error *error) {
    if (reterr)
        replace(reterr, error);
    else
        trdb_error_free(error);
}

/* ---- additions ---------------------------------------------------------------------------------- */

/* The error that may be changed, or NULL. */
static trdb_error *changeable(trdb_error **reterr) {
    return reterr && *reterr && !is_static(*reterr) ? *reterr : NULL;
}

/* Names are decoration: without memory for one the error stays as it is. */
static void set_name(char **name, const char *value) {
    if (!value)
        return;
    char *copy = strdup(value);
    if (!copy)
        return;
    free(*name);
    *name = copy;
}

void trdbi_error_set_column(trdb_error **reterr, const char *table, const char *column) {
    trdb_error *error = changeable(reterr);
    if (!error)
        return;
    set_name(&error->table, table);
    set_name(&error->column, column);
}

void trdbi_error_set_statement(trdb_error **reterr, const char *statement) {
    trdb_error *error = changeable(reterr);
    if (error)
        set_name(&error->statement, statement);
}

void trdbi_error_default_statement(trdb_error **reterr, const char *statement) {
    const trdb_error *error = changeable(reterr);
    if (error && !error->statement)
        trdbi_error_set_statement(reterr, statement);
}

void trdbi_error_set_row(trdb_error **reterr, int64_t row) {
    trdb_error *error = changeable(reterr);
    if (error)
        error->row = row;
}

void trdbi_error_set_retryable(trdb_error **reterr) {
    trdb_error *error = changeable(reterr);
    if (error)
        error->retryable = true;
}

void trdbi_error_shift_row(trdb_error **reterr, int64_t by) {
    trdb_error *error = changeable(reterr);
    if (error && error->row >= 0)
        error->row += by;
}

void trdbi_error_set_call(trdb_error **reterr, int64_t call, int64_t not_run) {
    trdb_error *error = changeable(reterr);
    if (!error)
        return;
    error->call = call;
    error->not_run = not_run;
}
