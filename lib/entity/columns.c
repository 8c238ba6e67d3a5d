/* SPDX-License-Identifier: MIT */
/* Many rows as columns: the filter's rows go by COPY into a vector per column. */
#include "entity/columns.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_SIZE = 96 };

/* A call under way. */
typedef struct call {
    char name[NAME_SIZE]; /* "trading_trades.columns" */
    const trdbi_table *table;
    trdbi_shape shape;
    trdbi_build build;
    uint8_t chosen[TRDBI_MAX_COLUMNS];
    trdbi_vector_want wants[TRDBI_MAX_COLUMNS];
    trdbi_rows_sql texts;
} call;

/* ---- what is wanted ------------------------------------------------------------------------------- */

static bool form_fits(const trdbi_column *column, int32_t form) {
    bool text = column->field.kind == TRDBI_TEXT || column->field.kind == TRDBI_ENUM ||
                column->field.kind == TRDBI_INET;
    switch (form) {
    case TRDB_FORM_DEFAULT:
        return true;
    case TRDB_FORM_PLAIN:
    case TRDB_FORM_CODES:
        return text;
    case TRDB_FORM_F64:
        return column->field.kind == TRDBI_DECIMAL;
    default:
        return false;
    }
}

/* What the flags make of a column that is wanted in no form of its own. */
static int32_t form_of_flags(const trdbi_column *column, uint32_t flags) {
    if (flags & TRDB_COLUMNS_F64 && form_fits(column, TRDB_FORM_F64))
        return TRDB_FORM_F64;
    if (flags & TRDB_COLUMNS_PLAIN && form_fits(column, TRDB_FORM_PLAIN))
        return TRDB_FORM_PLAIN;
    return TRDB_FORM_DEFAULT;
}

static int want(call *c, int32_t number, int32_t form, uint32_t flags, trdb_error **reterr) {
    const trdbi_table *table = c->table;
    if (number < 1 || number > table->column_count)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: %d is no column", c->name, number);
    const trdbi_column *column = &table->columns[number - 1];
    if (c->shape.columns >> (number - 1) & 1)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "the column is wanted twice");
    if (!form_fits(column, form))
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "the column does not come in form %d", form);
    c->shape.columns |= UINT64_C(1) << (number - 1);
    c->chosen[c->build.chosen_count] = (uint8_t)(number - 1);
    c->wants[c->build.chosen_count++] =
        (trdbi_vector_want){.field = &column->field,
                            .form = form != TRDB_FORM_DEFAULT ? form : form_of_flags(column, flags),
                            .null_infinity = flags & TRDB_COLUMNS_NULL_INFINITY};
    return 0;
}

static int want_all(call *c, const trdb_columns_options *options, trdb_error **reterr) {
    const uint32_t known = TRDB_COLUMNS_F64 | TRDB_COLUMNS_PLAIN | TRDB_COLUMNS_NULL_INFINITY;
    int code = 0;
    if (options->flags & ~known || options->reserved != 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_columns_options: flags has unknown bits: 0x%x",
                           (unsigned)options->flags);
    if (options->column_count > 0 && !options->columns)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: %zu columns but no array", c->name, options->column_count);
    if (options->columns && options->column_count == 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: no column is wanted", c->name);
    for (size_t i = 0; i < options->column_count && code == 0; i++)
        code = want(c, options->columns[i].column, options->columns[i].form, options->flags, reterr);
    for (int32_t i = 1; i <= c->table->column_count && code == 0 && !options->columns; i++)
        code = want(c, i, TRDB_FORM_DEFAULT, options->flags, reterr);
    return code;
}

/* ---- the query ------------------------------------------------------------------------------------ */

static int take_types(void *arg, const uint32_t *types, trdb_error **reterr) {
    return trdbi_vectors_types(arg, types, reterr);
}

static int take_row(void *arg, const trdbi_value *values, trdb_error **reterr) {
    return trdbi_vectors_add(arg, values, reterr);
}

static int read_columns(call *c, trdb_uow *uow, const void *filter, trdbi_vectors *vectors, trdb_error **reterr) {
    trdbi_params *params = trdbi_uow_params(uow);
    trdbi_rows job = {.name = c->name,
                      .secret = c->table->secret,
                      .columns = c->build.chosen_count,
                      .begin = take_types,
                      .row = take_row,
                      .arg = vectors};
    int code = trdbi_filter_params(c->table, filter, NULL, &c->shape, params, reterr);
    if (code == 0)
        code = trdbi_rows_sql_build(&c->texts, &c->build, params, &job, reterr);
    if (code == 0)
        code = trdbi_uow_rows(uow, &job, reterr);
    if (code == 0)
        code = trdbi_vectors_finish(vectors, reterr);
    return code;
}

/* ---- the call ------------------------------------------------------------------------------------- */

static void call_init(call *c, const trdbi_table *table, trdb_uow *uow) {
    memset(c, 0, sizeof *c);
    snprintf(c->name, sizeof c->name, "%s.columns", table->name);
    c->table = table;
    c->shape.table = table;
    c->shape.op = TRDBI_OP_LIST;
    c->build = (trdbi_build){.shape = &c->shape, .schema = trdbi_uow_schema(uow), .chosen = c->chosen};
}

static int make(call *c, trdb_uow *uow, const void *filter, const trdb_columns_options *options,
                trdb_columns **ret, trdb_error **reterr) {
    int code = want_all(c, options, reterr);
    if (code < 0)
        return code;
    trdb_columns *columns = calloc(1, sizeof *columns);
    if (!columns)
        return trdbi_error_nomem(reterr);
    atomic_init(&columns->references, 1);
    code = trdbi_vectors_init(&columns->vectors, c->wants, c->build.chosen_count, reterr);
    if (code == 0)
        code = read_columns(c, uow, filter, &columns->vectors, reterr);
    if (code < 0)
        trdb_columns_free(columns);
    else
        *ret = columns;
    return code;
}

int trdbi_entity_columns(trdb_uow *uow, const trdbi_table *table, const void *filter,
                         const trdb_columns_options *options, trdb_columns **ret, trdb_error **reterr) {
    trdb_columns_options copy;
    call c;
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s.columns: the place for the result is NULL", table->name);
    int code = trdbi_copy_struct(&copy, sizeof copy, options, "trdb_columns_options", reterr);
    if (code == 0)
        code = trdbi_uow_enter(uow, reterr);
    if (code < 0)
        return code;
    call_init(&c, table, uow);
    code = make(&c, uow, filter, &copy, ret, reterr);
    trdbi_rows_sql_free(&c.texts);
    trdbi_uow_leave(uow);
    if (code < 0)
        trdbi_error_default_statement(reterr, c.name);
    return code;
}

/* ---- the result ----------------------------------------------------------------------------------- */

int64_t trdb_columns_rows(const trdb_columns *columns) {
    return columns ? (int64_t)columns->vectors.rows : 0;
}

size_t trdb_columns_count(const trdb_columns *columns) {
    return columns ? columns->vectors.count : 0;
}

const trdb_column_view *trdb_columns_at(const trdb_columns *columns, size_t i) {
    return columns ? trdbi_vectors_view(&columns->vectors, i) : NULL;
}

const trdb_column_view *trdb_columns_find(const trdb_columns *columns, const char *name) {
    const trdb_column_view *view;
    for (size_t i = 0; name && (view = trdb_columns_at(columns, i)); i++)
        if (strcmp(view->name, name) == 0)
            return view;
    return NULL;
}

void trdb_columns_free(trdb_columns *columns) {
    if (!columns || atomic_fetch_sub(&columns->references, 1) > 1)
        return;
    trdbi_vectors_free(&columns->vectors);
    free(columns);
}
