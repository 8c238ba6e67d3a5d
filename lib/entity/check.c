/* SPDX-License-Identifier: MIT */
/* Whether a value fits its column. What is found here costs no round trip and does not fail the unit. */
#include "entity/internal.h"
#include "base/text.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

int trdbi_refuse(const trdbi_table *table, const trdbi_column *column, int code, trdb_error **reterr,
                 const char *format, ...) {
    char text[400];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    trdbi_error(reterr, code, "%s.%s: %s", table->name, column->field.name, text);
    trdbi_error_set_column(reterr, table->name, column->field.name);
    return code;
}

/* The next three find what json-c lets pass, even when it is told to be strict, and the server does not. They
 * run on a text that json-c has parsed, so that strings are closed and escapes are complete. */

static const char *string_problem(const char **text) {
    static const char half[] = "half of a surrogate pair stands alone";
    const char *p = *text + 1;
    bool after_high = false; /* the first half of a surrogate pair stands before */
    while (*p && *p != '"') {
        unsigned unit = 0;
        if ((unsigned char)*p < 0x20)
            return "a control character in a string is not escaped";
        if (p[0] == '\\' && p[1] == 'u') {
            char digits[5] = "";
            stpncpy(digits, p + 2, 4);
            unit = (unsigned)strtoul(digits, NULL, 16);
            if (unit == 0)
                return "\\u0000 cannot be stored by PostgreSQL";
            p += strlen(digits) + 1;
        } else if (p[0] == '\\' && p[1]) {
            p++;
        }
        p++;
        if (after_high != (unit >= 0xDC00 && unit <= 0xDFFF))
            return half;
        after_high = unit >= 0xD800 && unit <= 0xDBFF;
    }
    if (after_high)
        return half;
    *text = p + (*p == '"');
    return NULL;
}

static const char *number_problem(const char **text) {
    enum { MAX_WHOLE = 131072, MAX_SCALE = 16383 }; /* of PostgreSQL's numeric, as jsonb keeps numbers */
    static const char digits[] = "0123456789";
    const char *p = *text + (**text == '-');
    size_t whole = strspn(p, digits), scale = 0;
    char *end = NULL;
    long exponent = 0;
    if (whole == 0 && *p == '.')
        return "a number has no digit before its point";
    if (whole > 1 && *p == '0')
        return "a number begins with 0";
    p += whole;
    if (*p == '.') {
        scale = strspn(p + 1, digits);
        if (scale == 0)
            return "a number ends with its point";
        p += 1 + scale;
    }
    if (*p == 'e' || *p == 'E') {
        exponent = strtol(p + 1, &end, 10); /* what overflows is far out of range as well */
        p = end;
    }
    if (whole > MAX_WHOLE || scale > MAX_SCALE || exponent > MAX_WHOLE - (long)whole ||
        exponent < (long)scale - MAX_SCALE)
        return "a number has more digits than PostgreSQL keeps";
    *text = p;
    return NULL;
}

static const char *extension(const char *text) {
    const char *problem = NULL;
    while (*text && !problem) {
        if (*text == '"')
            problem = string_problem(&text);
        else if (strchr("-0123456789", *text))
            problem = number_problem(&text);
        else if (strchr("'/NI", *text))
            problem = "single quotes, comments, NaN and Infinity are not JSON";
        else
            text++;
    }
    return problem;
}

/* How deep a tokener must go: no document is deeper than it has brackets. A tokener clears memory for every level that
 * it may reach, and for a thousand of them that takes longer than all else in an insert. */
static int depth_of(const char *text) {
    enum { MAX_DEPTH = 1000 };
    int depth = 1;
    for (const char *at = text; depth < MAX_DEPTH && (at = strpbrk(at, "{[")) != NULL; at++)
        depth++;
    return depth;
}

int trdbi_json_parse(const char *text, size_t size, json_object **ret, const char **ret_problem,
                     size_t *ret_at) {
    json_tokener *tokener = json_tokener_new_ex(depth_of(text));
    if (!tokener)
        return TRDB_E_NOMEM;
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *document = json_tokener_parse_ex(tokener, text, (int)size + 1);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    *ret_at = json_tokener_get_parse_end(tokener);
    json_tokener_free(tokener);
    /* Without memory it reads nothing, and is content. */
    if (error == json_tokener_success && !document && *ret_at == 0)
        return TRDB_E_NOMEM;
    if (error == json_tokener_continue)
        *ret_problem = "the document is cut short";
    else if (error != json_tokener_success)
        *ret_problem = json_tokener_error_desc(error);
    else if (*ret_at < size)
        *ret_problem = "text follows the document";
    else
        *ret_problem = extension(text);
    *ret = document;
    return 0;
}

static int check_json(const trdbi_table *table, const trdbi_column *column, const char *text, size_t size,
                      trdb_error **reterr) {
    json_object *document = NULL;
    const char *problem = NULL;
    size_t at = 0;
    if (trdbi_json_parse(text, size, &document, &problem, &at) < 0)
        return trdbi_error_nomem(reterr);
    json_object_put(document);
    if (problem)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "not valid JSON: %s (at byte %zu)",
                            problem, at);
    return 0;
}

int trdbi_check_chars(const trdbi_table *table, const trdbi_column *column, const char *text, size_t size,
                      trdb_error **reterr) {
    if (size > TRDBI_TEXT_MAX)
        return trdbi_refuse(table, column, TRDB_E_RANGE, reterr, "more than 1 GB");
    if (trdbi_is_ascii(text, size) && (column->max_chars == 0 || size <= (size_t)column->max_chars))
        return 0;
    ptrdiff_t chars = trdbi_utf8_length(text, size);
    if (chars < 0)
        return trdbi_refuse(table, column, TRDB_E_ENCODING, reterr, "the text is not valid UTF-8");
    if (column->max_chars > 0 && chars > column->max_chars)
        return trdbi_refuse(table, column, TRDB_E_RANGE, reterr, "%td characters, at most %d are allowed",
                            chars, column->max_chars);
    return 0;
}

int trdbi_check_text(const trdbi_table *table, const trdbi_column *column, const char *text,
                     trdb_error **reterr) {
    size_t size = strlen(text);
    int code = trdbi_check_chars(table, column, text, size, reterr);
    return code == 0 && column->field.kind == TRDBI_JSON ? check_json(table, column, text, size, reterr)
                                                         : code;
}

int trdbi_check_decimal(const trdbi_table *table, const trdbi_column *column, const trdb_decimal *value,
                        trdb_error **reterr) {
    if (value->kind != TRDB_DECIMAL_FINITE) {
        if (column->max_whole == 255)
            return 0;
        return trdbi_refuse(table, column, TRDB_E_RANGE, reterr, "must be a finite number");
    }
    if (trdbi_fits_plainly(column, value))
        return 0;
    char text[TRDB_DECIMAL_TEXT_SIZE];
    if (trdb_decimal_format(*value, text, sizeof text) < 0)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "the decimal is malformed");
    const char *shown = column->flags & TRDBI_SECRET ? "the value" : text;
    if (value->scale > column->max_scale && trdb_decimal_trim(*value).scale > column->max_scale)
        return trdbi_refuse(table, column, TRDB_E_INEXACT, reterr,
                            "%s has more than %u digits behind the point and would be rounded", shown,
                            column->max_scale);
    unsigned digits = (unsigned)column->max_whole + value->scale;
    if (digits <= TRDB_DECIMAL_MAX_DIGITS && trdbi_decimal_coefficient(*value) >= trdbi_pow10[digits])
        return trdbi_refuse(table, column, TRDB_E_RANGE, reterr,
                            "%s has more than %u digits before the point", shown, column->max_whole);
    return 0;
}

int trdbi_check_i64(const trdbi_table *table, const trdbi_column *column, int64_t value,
                    trdb_error **reterr) {
    int64_t max = column->int_bytes == 2 ? INT16_MAX : column->int_bytes == 4 ? INT32_MAX : INT64_MAX;
    if (value > max || value < -max - 1)
        return trdbi_refuse(table, column, TRDB_E_RANGE, reterr, "%lld lies outside %lld..%lld",
                            (long long)value, (long long)(-max - 1), (long long)max);
    return 0;
}

int trdbi_check_enum(const trdbi_table *table, const trdbi_column *column, int32_t value,
                     trdb_error **reterr) {
    if (value < 1 || value > column->field.values->count)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%d is no constant of %s", value,
                            column->field.values->name);
    return 0;
}

int trdbi_in_open(trdbi_in *in, const void *base, size_t known, size_t room, const trdbi_table *table,
                  const char *suffix, trdb_error **reterr) {
    if (!base)
        return trdbi_error(reterr, TRDB_E_INVALID, "the %s%s is NULL", table->type, suffix);
    enum { MAX_STRUCT_SIZE = 65536 }; /* beyond it struct_size was never set; nothing that far away is read */
    size_t size;
    memcpy(&size, base, sizeof size);
    if (size < sizeof size || size > room || size > MAX_STRUCT_SIZE)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s%s.struct_size is %zu; set it to sizeof(%s%s)",
                           table->type, suffix, size, table->type, suffix);
    for (size_t i = known; i < size; i++) {
        if (((const char *)base)[i] != 0)
            return trdbi_error(reterr, TRDB_E_INVALID,
                               "the %s%s has fields that this library (" TRDB_VERSION
                               ") does not know: it comes from a newer caller",
                               table->type, suffix);
    }
    *in = (trdbi_in){.base = base, .size = size};
    return 0;
}

void trdbi_in_read(const trdbi_in *in, size_t offset, void *dst, size_t size) {
    if (offset + size <= in->size)
        memcpy(dst, in->base + offset, size);
    else
        memset(dst, 0, size);
}
