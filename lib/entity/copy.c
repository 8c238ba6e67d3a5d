/* SPDX-License-Identifier: MIT */
/* Many rows by COPY, where the table's types are those that the library writes; see ops.c for the other way.
 */
#include "entity/internal.h"

#include <stdlib.h>
#include <stdio.h>

enum { NAME_SIZE = 96, SHORT_RUN = 100 };

/* A run of rows that give the same columns. */
typedef struct run {
    const trdbi_table *table;
    const char *rows;
    size_t stride;
    size_t first;
    uint64_t columns;
} run;

/* ---- what the table is made of -------------------------------------------------------------------- */

/* Domains count as what they are made of: COPY takes the same bytes. No rows for what COPY cannot write to:
 * views, and tables whose policies it would pass by. */
static int build_types(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    (void)ctx;
    trdbi_buf_text(
        sql,
        "SELECT a.attname::text, (CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END)::int8 "
        "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
        "JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE a.attrelid = $1::regclass AND a.attnum > 0 "
        "AND NOT a.attisdropped AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity");
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static void keep_type(const trdbi_table *table, const trdbi_result *result, size_t row, uint32_t *types) {
    static const trdbi_field field = {.name = "type", .kind = TRDBI_I64, .plain = 1};
    size_t size = 0;
    int64_t type = 0;
    const char *name = trdbi_result_value(result, row, 0, &size);
    const char *value = trdbi_result_value(result, row, 1, &size);
    (void)value;
    for (unsigned i = 0; name && i < table->column_count; i++) {
        const char *own = table->columns[i].field.name;
        size_t length = 0;
        name = trdbi_result_value(result, row, 0, &length);
        if (strlen(own) == length && memcmp(own, name, length) == 0 &&
            trdbi_decode(&field, TRDBI_OID_INT8, value, size, NULL, &type, NULL) == 0)
            types[i] = (uint32_t)type;
    }
}

static int read_types(trdb_uow *uow, const trdbi_table *table, uint32_t *types, trdb_error **reterr) {
    static const char key[] = "copy.types";
    trdbi_buf name __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_statement statement = {
        .name = key, .key = key, .key_size = sizeof key, .build = build_types, .reads = true};
    trdbi_result *result = NULL;
    trdbi_buf_text(&name, trdbi_uow_schema(uow));
    trdbi_buf_identifier(&name, table->name);
    if (name.failed)
        return trdbi_error_nomem(reterr);
    trdbi_params *params = trdbi_uow_params(uow);
    trdbi_params_text(params, name.data);
    int code = trdbi_uow_run(uow, &statement, params, &result, reterr);
    for (size_t row = 0; code == 0 && row < trdbi_result_rows(result); row++)
        keep_type(table, result, row, types);
    trdbi_result_free(result);
    return code;
}

/* ---- runs ----------------------------------------------------------------------------------------- */

static int take_row(const run *r, size_t i, trdbi_shape *shape, trdbi_params *params, trdb_error **reterr) {
    memset(shape, 0, sizeof *shape);
    return trdbi_input_params(r->table, r->rows + (r->first + i) * r->stride, r->stride, 0, shape, params,
                              reterr);
}

/* 1: the row gives other columns, so it begins the next run. */
static int next_row(void *arg, size_t i, trdbi_params *params, trdbi_statement *unused, trdb_error **reterr) {
    const run *r = arg;
    trdbi_shape shape;
    (void)unused;
    int code = take_row(r, i, &shape, params, reterr);
    return code == 0 && shape.columns != r->columns ? 1 : code;
}

/* The types of the given columns in `given`; false when one of them cannot be copied. */
static bool fits(const run *r, const trdbi_params *params, const uint32_t *types, uint32_t *given) {
    int n = 0;
    for (unsigned i = 0; i < r->table->column_count; i++) {
        if (!(r->columns >> i & 1))
            continue;
        if (types[i] == 0 || !trdbi_copy_fits(params->items[n].oid, types[i]))
            return false;
        given[n++] = types[i];
    }
    return n > 0;
}

static void build_copy(trdb_uow *uow, const run *r, trdbi_buf *sql) {
    const char *separator = " (";
    trdbi_buf_text(sql, "COPY ");
    trdbi_buf_text(sql, trdbi_uow_schema(uow));
    trdbi_buf_identifier(sql, r->table->name);
    for (unsigned i = 0; i < r->table->column_count; i++) {
        if (!(r->columns >> i & 1))
            continue;
        trdbi_buf_text(sql, separator);
        trdbi_buf_identifier(sql, r->table->columns[i].field.name);
        separator = ", ";
    }
    trdbi_buf_text(sql, ") FROM STDIN (FORMAT binary)");
}

static int copy_run(trdb_uow *uow, const run *r, const uint32_t *given, size_t count, size_t *ret_done,
                    trdb_error **reterr) {
    char name[NAME_SIZE];
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    build_copy(uow, r, &sql);
    if (sql.failed)
        return trdbi_error_nomem(reterr);
    snprintf(name, sizeof name, "%s.copy", r->table->name);
    const trdbi_copy job = {.name = name,
                            .sql = sql.data,
                            .secret = r->table->secret,
                            .types = given,
                            .count = count,
                            .next = next_row,
                            .arg = (void *)(uintptr_t)r};
    return trdbi_uow_copy(uow, &job, ret_done, reterr);
}

int trdbi_copy_rows(trdb_uow *uow, const trdbi_table *table, const char *rows, size_t stride, size_t count,
                    size_t *ret_done, trdb_error **reterr) {
    uint32_t types[TRDBI_MAX_COLUMNS] = {0}, given[TRDBI_MAX_COLUMNS];
    run r = {.table = table, .rows = rows, .stride = stride};
    int code = read_types(uow, table, types, reterr);
    for (*ret_done = 0; code == 0 && r.first < count; *ret_done = r.first) {
        size_t done = 0;
        trdbi_shape shape;
        trdbi_params *params = trdbi_uow_params(uow);
        code = take_row(&r, 0, &shape, params, reterr);
        if (code < 0) {
            trdbi_error_set_row(reterr, (int64_t)r.first);
            return code;
        }
        r.columns = shape.columns;
        if (!fits(&r, params, types, given))
            return 0;
        code = copy_run(uow, &r, given, count - r.first, &done, reterr);
        if (code < 0) {
            trdbi_error_shift_row(reterr, (int64_t)r.first); /* it counts from the first of its run */
            return code;
        }
        r.first += done;
        if (done < SHORT_RUN) { /* sets of columns that change all the time are better pipelined */
            *ret_done = r.first;
            return 0;
        }
    }
    return code;
}
