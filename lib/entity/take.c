/* SPDX-License-Identifier: MIT */
/* What becomes of an answer: a row, a list or a number in the caller's variable. */
#include "entity/internal.h"

#include <stdio.h>

/* The fields of a row that a call gives, of a table or of a query's own. */
typedef struct row_type {
    const trdbi_field *fields;
    size_t stride, count, size;
} row_type;

static row_type type_of(const trdbi_taking *t) {
    if (t->query)
        return (row_type){t->query->fields, t->query->field_stride, t->query->field_count,
                          t->query->row_size};
    return (row_type){&t->table->columns->field, sizeof(trdbi_column), t->table->column_count,
                      t->table->row_size};
}

static int not_found(const trdbi_taking *t, trdb_error **reterr) {
    if (t->query)
        return trdbi_error(reterr, TRDB_E_NOT_FOUND, "%s: no such row", t->query->name);
    const trdbi_column *column = trdbi_key_column(t->table);
    char shown[TRDB_UUID_TEXT_SIZE + 80];
    if (column->field.kind == TRDBI_I64)
        snprintf(shown, sizeof shown, "%lld", (long long)t->key.i64);
    else if (column->field.kind == TRDBI_UUID)
        trdb_uuid_format(t->key.uuid, shown);
    else
        snprintf(shown, sizeof shown, "\"%.60s\"", t->table->secret ? "…" : t->key.text);
    trdbi_error(reterr, TRDB_E_NOT_FOUND, "%s: no row with %s %s", t->table->name, column->field.name, shown);
    trdbi_error_set_column(reterr, t->table->name, column->field.name);
    return TRDB_E_NOT_FOUND;
}

static int take_row(const trdbi_taking *t, const trdbi_result *result, trdb_error **reterr) {
    const row_type type = type_of(t);
    void *row = NULL;
    int code = trdbi_row_new(result, 0, type.fields, type.stride, type.count, type.size, &row, reterr);
    if (code == 0)
        trdbi_store(t->ret, row);
    return code;
}

static int take_list(const trdbi_taking *t, const trdbi_result *result, trdb_error **reterr) {
    const row_type type = type_of(t);
    trdbi_list *list = NULL;
    int code = trdbi_list_new(result, type.fields, type.stride, type.count, type.size, &list, reterr);
    if (code == 0)
        trdbi_store(t->ret, list);
    return code;
}

static int take_count(const trdbi_taking *t, const trdbi_result *result, trdb_error **reterr) {
    static const trdbi_field field = {.name = "count", .kind = TRDBI_I64, .plain = 1};
    int64_t count = 0;
    int code = trdbi_result_decode(result, 0, &field, sizeof field, 1, NULL, &count, reterr);
    if (code == 0)
        memcpy(t->ret, &count, sizeof count);
    return code;
}

int trdbi_take(const trdbi_taking *t, const trdbi_result *result, trdb_error **reterr) {
    int64_t affected = 0;
    switch (t->what) {
    case TRDBI_TAKE_ROW:
        if ((t->query || t->by_key) && trdbi_result_rows(result) == 0)
            return not_found(t, reterr);
        return take_row(t, result, reterr);
    case TRDBI_TAKE_LIST:
        return take_list(t, result, reterr);
    case TRDBI_TAKE_COUNT:
        return take_count(t, result, reterr);
    case TRDBI_TAKE_AFFECTED:
        affected = trdbi_result_affected(result);
        memcpy(t->ret, &affected, sizeof affected);
        return 0;
    case TRDBI_TAKE_NOTHING:
        break;
    }
    return t->by_key && trdbi_result_affected(result) == 0 ? not_found(t, reterr) : 0;
}
