/* SPDX-License-Identifier: MIT */
/* Columns of every table, against the rows that a list gives of the same filter. */
#include "conformance.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS = 23 };

#define ROW(type, column, row) (*(const type *)(const void *)((row) + (column)->field.offset))

/* ---- a value of a view, against a value of a row --------------------------------------------------- */

static bool same_bytes(const trdb_column_view *view, int64_t i, const void *data, size_t size) {
    int64_t from = view->offsets[i], until = view->offsets[i + 1];
    return (size_t)(until - from) == size && memcmp((const char *)view->data + from, data, size) == 0;
}

static bool same_text(const trdb_column_view *view, int64_t i, const char *text) {
    if (view->kind != TRDB_COLUMN_CODES)
        return same_bytes(view, i, text, strlen(text));
    int32_t code = ((const int32_t *)view->data)[i];
    ck_assert(code >= 0 && code < view->child->length);
    return same_bytes(view->child, code, text, strlen(text));
}

static bool same_texts(const trdb_column_view *view, int64_t i, trdb_texts texts) {
    int64_t from = view->offsets[i];
    if ((size_t)(view->offsets[i + 1] - from) != texts.count)
        return false;
    for (size_t at = 0; at < texts.count; at++) {
        int64_t element = from + (int64_t)at;
        if (trdb_column_has(view->child, element) != (texts.items[at] != NULL) ||
            (texts.items[at] && !same_text(view->child, element, texts.items[at])))
            return false;
    }
    return true;
}

/* Little-endian two's complement, made of the decimal at the column's scale. */
static bool same_decimal(const trdb_column_view *view, int64_t i, trdb_decimal decimal) {
    trdb_decimal scaled;
    if (trdb_decimal_round(decimal, (unsigned)view->scale, TRDB_ROUND_EXACT, &scaled) < 0)
        return false;
    uint64_t lo = scaled.lo, hi = scaled.hi, got[2];
    if (scaled.negative) {
        lo = ~lo + 1;
        hi = ~hi + (lo == 0);
    }
    memcpy(got, (const char *)view->data + 16 * i, sizeof got);
    return got[0] == lo && got[1] == hi;
}

static bool same_f64(const trdb_column_view *view, int64_t i, trdb_decimal decimal) {
    char text[TRDB_DECIMAL_TEXT_SIZE];
    double value = ((const double *)view->data)[i], wanted;
    ck_assert_int_ge(trdb_decimal_format(decimal, text, sizeof text), 0);
    wanted = strtod(text, NULL);
    return memcmp(&value, &wanted, sizeof value) == 0 || (isnan(value) && isnan(wanted));
}

static bool same_value(const trdbi_column *column, const trdb_column_view *view, int64_t i, const char *row) {
    int64_t number = 0;
    if (trdb_column_has(view, i) == row_is_null(column, row))
        return false;
    if (row_is_null(column, row))
        return true;
    if (view->kind == TRDB_COLUMN_I64 || view->kind == TRDB_COLUMN_TIMESTAMP)
        number = ((const int64_t *)view->data)[i];
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        return number == *(const int64_t *)(const void *)(row + column->field.offset);
    case TRDBI_TIMESTAMP:
        return number == ROW(trdb_timestamp, column, row).us;
    case TRDBI_BOOL:
        return (((const uint8_t *)view->data)[i / 8] >> i % 8 & 1) == ROW(trdb_opt_bool, column, row).value;
    case TRDBI_UUID: /* first in both forms */
        return memcmp((const char *)view->data + 16 * i, row + column->field.offset, 16) == 0;
    case TRDBI_DECIMAL:
        return view->kind == TRDB_COLUMN_F64 ? same_f64(view, i, ROW(trdb_decimal, column, row))
                                             : same_decimal(view, i, ROW(trdb_decimal, column, row));
    case TRDBI_ENUM:
        return same_text(view, i, ROW(trdb_opt_enum, column, row).text);
    case TRDBI_BYTES:
        return same_bytes(view, i, ROW(trdb_bytes, column, row).data, ROW(trdb_bytes, column, row).size);
    case TRDBI_TEXTS:
        return same_texts(view, i, ROW(trdb_texts, column, row));
    default:
        return same_text(view, i, ROW(trdb_text, column, row));
    }
}

static void compare(const trdbi_table *table, const char *filter, uint32_t flags) {
    trdb_columns_options options = trdb_columns_options_init();
    trdb_columns *columns = NULL;
    trdbi_list *list = NULL;
    options.flags = flags;
    ck_ok(trdbi_entity_list(conf_uow, table, filter, &list, &conf_err), conf_err);
    ck_ok(trdbi_entity_columns(conf_uow, table, filter, &options, &columns, &conf_err), conf_err);
    ck_assert_int_eq(trdb_columns_rows(columns), (int64_t)trdbi_list_count(list));
    ck_assert_uint_eq(trdb_columns_count(columns), table->column_count);
    FOREACH_COLUMN(column, table) {
        const trdb_column_view *view = trdb_columns_find(columns, column->field.name);
        ck_assert_ptr_nonnull(view);
        ck_assert_int_eq(view->length, trdb_columns_rows(columns));
        int64_t nulls = 0;
        for (size_t i = 0; i < trdbi_list_count(list); i++) {
            const char *row = trdbi_list_at(list, i);
            nulls += row_is_null(column, row);
            ck_assert_msg(same_value(column, view, (int64_t)i, row), "%s.%s differs in row %zu", table->name,
                          column->field.name, i);
        }
        ck_assert_int_eq(view->null_count, nulls);
        ck_assert_int_eq(view->validity == NULL, nulls == 0);
    }
    trdb_columns_free(columns);
    trdbi_list_free(list);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

static void insert_rows(const trdbi_table *table) {
    ck_ok(trdbi_entity_insert_many(conf_uow, table, conf_many_rows(table, ROWS), table->new_size, ROWS, NULL, NULL,
                                   &conf_err),
          conf_err);
}

START_TEST(columns_hold_what_rows_hold) {
    const trdbi_table *table = conf_tables[_i];
    compare(table, NULL, 0); /* perhaps none */
    insert_rows(table);
    compare(table, NULL, 0);
    compare(table, NULL, TRDB_COLUMNS_PLAIN);
    compare(table, NULL, TRDB_COLUMNS_F64 | TRDB_COLUMNS_NULL_INFINITY);
}
END_TEST

/* Conditions become literals: they must mean what parameters mean. */
START_TEST(literals_mean_what_parameters_mean) {
    static const int ops[] = {TRDB_OP_EQ,   TRDB_OP_ANY,   TRDB_OP_IS_NULL,             TRDB_OP_NOT_NULL,
                              TRDB_OP_FROM, TRDB_OP_UNTIL, TRDB_OP_FROM | TRDB_OP_UNTIL};
    const trdbi_table *table = conf_tables[_i];
    trdbi_list *all = NULL;
    insert_rows(table);
    ck_ok(trdbi_entity_list(conf_uow, table, NULL, &all, &conf_err), conf_err);
    FOREACH_COLUMN(column, table) {
        if (column->filter_offset == 0)
            continue;
        const char *from = NULL, *until = NULL;
        for (size_t i = 0; i < trdbi_list_count(all); i++) {
            const char *row = trdbi_list_at(all, i);
            if (row_is_null(column, row))
                continue;
            from = from && i > 3 ? from : row;
            until = row;
        }
        for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
            char *filter = sample_filter(conf_arena, table);
            filter_set(column, filter, ops[i], from, until);
            compare(table, filter, 0);
        }
        char *filter = sample_filter(conf_arena, table);
        int32_t order_by = (int32_t)(column - table->columns) + 1, descending = 1;
        trdb_in_i64 limit = trdb_i64(5);
        memcpy(filter + table->order_by_offset, &order_by, sizeof order_by);
        memcpy(filter + table->after_offset, &from, sizeof from);
        memcpy(filter + table->limit_offset, &limit, sizeof limit);
        compare(table, filter, 0);
        memcpy(filter + table->descending_offset, &descending, sizeof descending);
        compare(table, filter, 0);
    }
    trdbi_list_free(all);
}
END_TEST

void conformance_columns(TCase *tcase, int tables) {
    tcase_add_loop_test(tcase, columns_hold_what_rows_hold, 0, tables);
    tcase_add_loop_test(tcase, literals_mean_what_parameters_mean, 0, tables);
}
