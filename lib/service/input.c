/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include <stdio.h>
#include <string.h>

int trdbi_refused(const char *call, int code, trdb_error **reterr) {
    trdbi_error_set_statement(reterr, call);
    return code;
}

const trdbi_column *trdbi_column_named(const trdbi_table *table, const char *name) {
    const trdbi_column *column = table->columns;
    while (strcmp(column->field.name, name) != 0)
        column++;
    return column;
}

static bool listed(const char *const *names, const char *name) {
    for (; *names; names++) {
        if (strcmp(*names, name) == 0)
            return true;
    }
    return false;
}

static int check_field(const trdbi_table *table, const trdbi_column *column, const trdbi_fields *fields,
                       bool given, bool null, trdb_error **reterr) {
    bool required = listed(fields->required, column->field.name);
    if (given && !required && !listed(fields->optional, column->field.name))
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%s does not take this field",
                            fields->call);
    if (null)
        return trdbi_refuse(table, column, TRDB_E_NOT_NULL, reterr, "may not be NULL in %s", fields->call);
    if (required && !given)
        return trdbi_refuse(table, column, TRDB_E_NOT_NULL, reterr, "is required by %s", fields->call);
    return 0;
}

int trdbi_take_input(const trdbi_table *table, const trdbi_fields *fields, const void *in, void *copy,
                     trdb_error **reterr) {
    char type[96]; /* a table's name has at most 63 bytes */
    snprintf(type, sizeof type, "%s_new", table->type);
    int code = in ? trdbi_copy_struct(copy, table->new_size, in, type, reterr)
                  : trdbi_error(reterr, TRDB_E_INVALID, "%s: the %s is NULL", fields->call, type);
    uint64_t given = 0, null = 0;
    if (code == 0)
        code = trdbi_check_input(table, copy, &given, &null, reterr);
    for (unsigned i = 0; code == 0 && i < table->column_count; i++)
        code = check_field(table, &table->columns[i], fields, given >> i & 1, null >> i & 1, reterr);
    return code < 0 ? trdbi_refused(fields->call, code, reterr) : 0;
}

int trdbi_take_text(const char *call, const trdbi_table *table, const char *column, const char *text,
                    trdb_error **reterr) {
    const trdbi_column *of = trdbi_column_named(table, column);
    int code;
    if (!text || text == TRDB_NULL_TEXT)
        code = trdbi_refuse(table, of, TRDB_E_NOT_NULL, reterr, "is required by %s", call);
    else if (text[0] == '\0')
        code = trdbi_refuse(table, of, TRDB_E_INVALID, reterr, "is empty");
    else
        code = trdbi_check_text(table, of, text, reterr);
    return code < 0 ? trdbi_refused(call, code, reterr) : 0;
}

int trdbi_take_amount(const char *call, const trdbi_table *table, const char *column, trdb_decimal value,
                      trdb_error **reterr) {
    const trdbi_column *of = trdbi_column_named(table, column);
    int code = value.kind == TRDB_DECIMAL_NULL
                   ? trdbi_refuse(table, of, TRDB_E_NOT_NULL, reterr, "is required by %s", call)
                   : trdbi_check_decimal(table, of, &value, reterr);
    return code < 0 ? trdbi_refused(call, code, reterr) : 0;
}

int trdbi_take_sign(const char *call, const trdbi_table *table, const char *column, trdb_decimal value,
                    trdbi_least least, trdb_error **reterr) {
    const trdbi_column *of = trdbi_column_named(table, column);
    if (value.negative == 0 && (least == TRDBI_FROM_ZERO || !trdb_decimal_is_zero(value)))
        return 0;
    trdbi_refuse(table, of, TRDB_E_RANGE, reterr,
                 least == TRDBI_ABOVE_ZERO ? "must be above zero" : "must not be negative");
    return trdbi_refused(call, TRDB_E_RANGE, reterr);
}

int trdbi_take_flags(const char *call, uint32_t flags, uint32_t known, trdb_error **reterr) {
    if ((flags & ~known) == 0)
        return 0;
    trdbi_error(reterr, TRDB_E_INVALID, "%s: flags has unknown bits: 0x%x", call, (unsigned)(flags & ~known));
    return trdbi_refused(call, TRDB_E_INVALID, reterr);
}

void trdbi_json_text(trdbi_buf *buf, const char *text) {
    trdbi_buf_char(buf, '"');
    for (const char *p = text; *p; p++) {
        if (*p == '"' || *p == '\\')
            trdbi_buf_char(buf, '\\');
        if ((unsigned char)*p < 0x20)
            trdbi_buf_printf(buf, "\\u%04x", (unsigned char)*p);
        else
            trdbi_buf_char(buf, *p);
    }
    trdbi_buf_char(buf, '"');
}
