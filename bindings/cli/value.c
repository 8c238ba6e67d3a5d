/* SPDX-License-Identifier: MIT */
/* One value of a row as text, as JSON and as CSV. */
#include "print.h"

#include <inttypes.h>

static const void *at(const column *c, const void *row) {
    return (const char *)row + c->offset;
}

static const char *text_of(const column *c, const void *row) {
    return *(const char *const *)at(c, row);
}

bool value_is_null(const column *c, const void *row) {
    switch ((enum column_type)c->type) {
    case COLUMN_KEY:
        return false;
    case COLUMN_I64:
        return !((const trdb_opt_i64 *)at(c, row))->set;
    case COLUMN_BOOL:
        return !((const trdb_opt_bool *)at(c, row))->set;
    case COLUMN_ENUM:
        return !((const trdb_opt_enum *)at(c, row))->text;
    case COLUMN_PERCENT:
    case COLUMN_DEC:
        return ((const trdb_decimal *)at(c, row))->kind == TRDB_DECIMAL_NULL;
    case COLUMN_TIME:
        return ((const trdb_timestamp *)at(c, row))->kind == TRDB_TIMESTAMP_NULL;
    case COLUMN_TEXT:
    case COLUMN_JSON:
    case COLUMN_DIGITS:
        return !text_of(c, row);
    }
    return true;
}

/* For reading: eight decimals, and of a smaller number up to twelve until four digits show; no zeros at the
 * end. What is smaller still is most often what is left of a division. */
trdb_decimal readable(trdb_decimal value) {
    enum { DECIMALS = 8, MOST_DECIMALS = 12, FOUR_DIGITS = 1000 };
    trdb_decimal rounded = value;
    int64_t digits = 0;
    unsigned scale = DECIMALS;
    while (scale < MOST_DECIMALS && trdb_decimal_to_i64(value, scale, TRDB_ROUND_DOWN, &digits) == 0 &&
           digits < FOUR_DIGITS && digits > -FOUR_DIGITS)
        scale++;
    return trdb_decimal_round(value, scale, TRDB_ROUND_HALF_UP, &rounded) < 0 ? value
                                                                              : trdb_decimal_trim(rounded);
}

const char *value_text(const cli *o, const column *c, const void *row, enum reader reader, char *buffer) {
    switch ((enum column_type)c->type) {
    case COLUMN_KEY:
        snprintf(buffer, VALUE_SIZE, "%" PRId64, *(const int64_t *)at(c, row));
        return buffer;
    case COLUMN_I64:
        snprintf(buffer, VALUE_SIZE, "%" PRId64, ((const trdb_opt_i64 *)at(c, row))->value);
        return buffer;
    case COLUMN_BOOL:
        if (reader == FOR_PROGRAM)
            return ((const trdb_opt_bool *)at(c, row))->value ? "true" : "false";
        return ((const trdb_opt_bool *)at(c, row))->value ? "yes" : "no";
    case COLUMN_ENUM:
        return ((const trdb_opt_enum *)at(c, row))->text;
    case COLUMN_PERCENT:
    case COLUMN_DEC: {
        trdb_decimal value = *(const trdb_decimal *)at(c, row);
        if (c->type == COLUMN_PERCENT && reader == FOR_TABLE &&
            trdb_decimal_round(value, 2, TRDB_ROUND_HALF_UP, &value) == 0) {
            trdb_decimal_format(value, buffer, VALUE_SIZE);
            return buffer;
        }
        trdb_decimal_format(reader == FOR_TABLE ? readable(value) : trdb_decimal_trim(value), buffer,
                            VALUE_SIZE);
        return buffer;
    }
    case COLUMN_TIME: {
        const trdb_timestamp value = *(const trdb_timestamp *)at(c, row);
        return reader == FOR_PROGRAM ? cli_format_time(o, value, buffer) : cli_show_time(o, value, buffer);
    }
    case COLUMN_TEXT:
    case COLUMN_JSON:
    case COLUMN_DIGITS:
        return text_of(c, row);
    }
    return "";
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static void put_json_text(const char *text) {
    putchar('"');
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if (*s == '"' || *s == '\\')
            printf("\\%c", *s);
        else if (*s == '\n')
            fputs("\\n", stdout);
        else if (*s == '\t')
            fputs("\\t", stdout);
        else if (*s < 0x20 || *s == 0x7f)
            printf("\\u%04x", *s);
        else
            putchar(*s);
    }
    putchar('"');
}

/* What stands before a member: a comma, a line break, its key. */
static void put_member(json_writer *w, const char *key) {
    if (w->depth > 0) {
        const int in = w->depth - 1;
        if (w->filled[in])
            putchar(',');
        if (w->lines[in])
            printf("\n%*s", 2 * w->depth, "");
        else if (w->filled[in])
            putchar(' ');
        w->filled[in] = true;
    }
    if (key) {
        put_json_text(key);
        fputs(": ", stdout);
    }
}

void json_open(json_writer *w, const char *key, char bracket, bool lines) {
    put_member(w, key);
    putchar(bracket);
    w->lines[w->depth] = lines;
    w->filled[w->depth] = false;
    w->depth++;
}

void json_close(json_writer *w, char bracket) {
    w->depth--;
    if (w->filled[w->depth] && w->lines[w->depth])
        printf("\n%*s", 2 * w->depth, "");
    putchar(bracket);
    if (w->depth == 0)
        putchar('\n');
}

void json_raw(json_writer *w, const char *key, const char *json) {
    put_member(w, key);
    fputs(json, stdout);
}

void json_string(json_writer *w, const char *key, const char *text) {
    put_member(w, key);
    if (text)
        put_json_text(text);
    else
        fputs("null", stdout);
}

/* Whether the text is a number as JSON knows it: a decimal may be NaN or infinite. */
static bool is_number(const char *text) {
    return text[0] != '\0' && strspn(text, "-0123456789.") == strlen(text);
}

void json_value(json_writer *w, const cli *o, const column *c, const void *row) {
    char buffer[VALUE_SIZE];
    if (value_is_null(c, row)) {
        json_string(w, c->key, NULL);
        return;
    }
    const char *text = value_text(o, c, row, FOR_PROGRAM, buffer);
    const bool raw =
        c->type == COLUMN_KEY || c->type == COLUMN_I64 || c->type == COLUMN_BOOL || c->type == COLUMN_JSON ||
        ((c->type == COLUMN_DEC || c->type == COLUMN_PERCENT || c->type == COLUMN_DIGITS) && is_number(text));
    if (raw)
        json_raw(w, c->key, text);
    else
        json_string(w, c->key, text);
}

void json_row(json_writer *w, const cli *o, const char *key, const column *columns, size_t count,
              const void *row, bool lines) {
    json_open(w, key, '{', lines);
    for (size_t i = 0; i < count; i++)
        json_value(w, o, &columns[i], row);
    json_close(w, '}');
}

/* ---- CSV --------------------------------------------------------------------------------------------- */

/* RFC 4180. An empty text is "", to tell it from NULL, which is nothing. */
static void put_csv(const char *text) {
    if (*text && !strpbrk(text, ",\"\r\n")) {
        fputs(text, stdout);
        return;
    }
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

void csv_head(const column *columns, size_t count) {
    for (size_t i = 0; i < count; i++)
        printf("%s%s", i > 0 ? "," : "", columns[i].key);
    fputs("\r\n", stdout);
}

void csv_row(const cli *o, const column *columns, size_t count, const void *row) {
    char buffer[VALUE_SIZE];
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            putchar(',');
        if (!value_is_null(&columns[i], row))
            put_csv(value_text(o, &columns[i], row, FOR_PROGRAM, buffer));
    }
    fputs("\r\n", stdout);
}
