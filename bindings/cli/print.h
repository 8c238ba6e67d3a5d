/* SPDX-License-Identifier: MIT */
/*
 * How rows come out: as a table, as JSON or as CSV. A command describes the columns of a row struct once, by
 * the places of its fields, and hands over rows.
 */
#pragma once

#include "cli.h"

#include <stdio.h>

/* The type of a field, which says how it is read and written. */
enum column_type {
    COLUMN_KEY,     /* int64_t: never NULL */
    COLUMN_I64,     /* trdb_opt_i64 */
    COLUMN_BOOL,    /* trdb_opt_bool */
    COLUMN_TEXT,    /* const char * */
    COLUMN_ENUM,    /* trdb_opt_enum */
    COLUMN_DEC,     /* trdb_decimal */
    COLUMN_PERCENT, /* the same, with two decimals in a table */
    COLUMN_TIME,    /* trdb_timestamp */
    COLUMN_JSON,    /* const char * with a JSON document */
    COLUMN_DIGITS   /* const char * with the digits of a number */
};

/* What a value means, for its colour. */
enum tint {
    TINT_NONE,
    TINT_SIGN,  /* a number: below zero is bad, above is good */
    TINT_STATE, /* a word: running and completed are good, error and failed are bad, … */
    TINT_FAULT, /* a text that tells of something bad */
};

typedef struct column {
    const char *key;   /* its name in JSON and CSV */
    const char *title; /* head in a table; NULL: not shown there */
    uint8_t type;      /* enum column_type */
    uint8_t tint;      /* enum tint */
    uint8_t rank;  /* of a table that is too wide the columns of the highest rank give way first; 0: never */
    size_t offset; /* place of the field in the row */
} column;

/* Checks the type of the field, so that a column cannot be read as another type than it is. */
#define COLUMN_AS(kind, ctype, key, title, tint, rank, row, field)                                           \
    {                                                                                                        \
        key, title, kind, tint, rank,                                                                        \
            offsetof(row, field) +                                                                           \
                0 * sizeof(                                                                                  \
                        char[__builtin_types_compatible_p(ctype, __typeof__(((row *)0)->field)) ? 1 : -1])   \
    }
#define KEY(key, title, row, field) COLUMN_AS(COLUMN_KEY, int64_t, key, title, TINT_NONE, 0, row, field)
#define I64(key, title, rank, row, field)                                                                    \
    COLUMN_AS(COLUMN_I64, trdb_opt_i64, key, title, TINT_NONE, rank, row, field)
#define BOOL(key, title, rank, row, field)                                                                   \
    COLUMN_AS(COLUMN_BOOL, trdb_opt_bool, key, title, TINT_NONE, rank, row, field)
#define TEXT(key, title, rank, row, field)                                                                   \
    COLUMN_AS(COLUMN_TEXT, const char *, key, title, TINT_NONE, rank, row, field)
#define FAULT(key, title, rank, row, field)                                                                  \
    COLUMN_AS(COLUMN_TEXT, const char *, key, title, TINT_FAULT, rank, row, field)
#define ENUM(key, title, rank, row, field)                                                                   \
    COLUMN_AS(COLUMN_ENUM, trdb_opt_enum, key, title, TINT_NONE, rank, row, field)
#define STATE(key, title, rank, row, field)                                                                  \
    COLUMN_AS(COLUMN_ENUM, trdb_opt_enum, key, title, TINT_STATE, rank, row, field)
#define DEC(key, title, rank, row, field)                                                                    \
    COLUMN_AS(COLUMN_DEC, trdb_decimal, key, title, TINT_NONE, rank, row, field)
#define GAIN(key, title, rank, row, field)                                                                   \
    COLUMN_AS(COLUMN_DEC, trdb_decimal, key, title, TINT_SIGN, rank, row, field)
#define PERCENT(key, title, rank, row, field)                                                                \
    COLUMN_AS(COLUMN_PERCENT, trdb_decimal, key, title, TINT_SIGN, rank, row, field)
#define TIME(key, title, rank, row, field)                                                                   \
    COLUMN_AS(COLUMN_TIME, trdb_timestamp, key, title, TINT_NONE, rank, row, field)
#define JSON(key, title, rank, row, field)                                                                   \
    COLUMN_AS(COLUMN_JSON, const char *, key, title, TINT_NONE, rank, row, field)
#define DIGITS(key, title, row, field)                                                                       \
    COLUMN_AS(COLUMN_DIGITS, const char *, key, title, TINT_NONE, 0, row, field)

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- one value --------------------------------------------------------------------------------------- */

bool value_is_null(const column *c, const void *row);
/* Who reads a value: a table shows decimals rounded, to eight places or four digits, and a record every
 * digit; times are short in both. Programs get everything. */
enum reader { FOR_TABLE, FOR_RECORD, FOR_PROGRAM };
enum { VALUE_SIZE = 96 };
/* The value of a column as text, in the buffer of VALUE_SIZE bytes or in the row. Not for NULL. */
const char *value_text(const cli *o, const column *c, const void *row, enum reader reader, char *buffer);

/* A decimal as a table shows it. */
trdb_decimal readable(trdb_decimal value);

/* ---- lists ------------------------------------------------------------------------------------------- */

typedef struct printer printer;

/* Begins a list; `name` is what JSON calls it. NULL, told, when out of memory. */
printer *printer_begin(const cli *o, const char *name, const column *columns, size_t count);
/* Adds a row, which may be freed afterwards. */
void printer_row(printer *p, const void *row);
/* A title above a table that is not the only one; nothing in JSON and CSV. */
void printer_title(const cli *o, const char *title);
/* Ends the list and frees it: CLI_OK or CLI_FAILED, told. `next` is the --after of the next page, NULL when
 * this was the last; it stands in JSON, and below a table on a terminal. */
int printer_end(printer *p, const char *next);
/* Frees a list that failed, without anything that would make it look whole. Returns `rc`. */
int printer_abort(printer *p, int rc);

/* A walk over the pages of a list up to --limit, in the order of ids:
 *
 *     do {
 *         … list with .limit = pager_ask(&pager) and the ids behind pager.last …
 *         TRDB_FOREACH(…) if (pager_take(&pager, row->id)) printer_row(…);
 *     } while (pager_goes_on(&pager));
 */
typedef struct pager {
    int64_t last;  /* id of the last row seen, or of --after; 0: none */
    int64_t taken; /* id of the last row taken, or of --after */
    int64_t left;  /* rows still wanted */
    int64_t asked;
    int64_t got;
    bool passes; /* rows are left out */
    bool more;   /* there is a row behind the last one taken */
} pager;

pager pager_begin(const cli *o);
trdb_in_i64 pager_ask(pager *p);
bool pager_take(pager *p, int64_t id);
/* Leaves a row out. */
void pager_pass(pager *p, int64_t id);
bool pager_goes_on(const pager *p);
/* What printer_end() wants to know: the id of the last row when there are more. The buffer has VALUE_SIZE
 * bytes. */
const char *pager_next(const pager *p, char *buffer);

/* ---- one row ----------------------------------------------------------------------------------------- */

/* Prints a row: a line per column; a JSON object; CSV with one row. NULLs are left out of the lines. */
int print_record(const cli *o, const column *columns, size_t count, const void *row);
/* The lines alone. */
void print_lines(const cli *o, const column *columns, size_t count, const void *row);

/* ---- terminal ---------------------------------------------------------------------------------------- */

bool on_terminal(void);
bool wants_color(const cli *o);
int terminal_width(void);
/* Bytes that begin and end a look, empty without colour. */
enum look { LOOK_HEAD, LOOK_FAINT, LOOK_GOOD, LOOK_BAD, LOOK_WARN, LOOK_BOLD };
const char *look(const cli *o, enum look look);
const char *look_end(const cli *o);

/* ---- JSON, written as it comes ----------------------------------------------------------------------- */

/* Writes to stdout. A container whose members stand in lines of their own is opened with `lines`. */
typedef struct json_writer {
    int depth;
    bool lines[8];
    bool filled[8];
} json_writer;

void json_open(json_writer *w, const char *key, char bracket, bool lines);
void json_close(json_writer *w, char bracket);
void json_raw(json_writer *w, const char *key, const char *json);
void json_string(json_writer *w, const char *key, const char *text); /* NULL: null */
/* The value of a column under its key. */
void json_value(json_writer *w, const cli *o, const column *c, const void *row);
/* A row as an object. */
void json_row(json_writer *w, const cli *o, const char *key, const column *columns, size_t count,
              const void *row, bool lines);

/* ---- CSV --------------------------------------------------------------------------------------------- */

void csv_head(const column *columns, size_t count);
void csv_row(const cli *o, const column *columns, size_t count, const void *row);

/* ---- texts ------------------------------------------------------------------------------------------- */

/* Columns that UTF-8 text takes on a terminal. */
int text_width(const char *text);
/* Text without control characters, each written as an escape such as \n; malloc'd, NULL when out of memory.
 */
char *text_printable(const char *text);
/* Prints the byte at *text, or the control character that begins there as JSON would write it; *text then
 * points to its last byte. */
void text_put(const char **text);
/* Cuts text to so many columns, with … at the end when it was longer; in place. */
void text_cut(char *text, int width);
