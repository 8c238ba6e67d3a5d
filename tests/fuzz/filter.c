/* SPDX-License-Identifier: MIT */
/* Filters of any table with any condition, order, limit and row to continue after. */
#include <stdlib.h>
#include <string.h>

#include "sql.h"

/* The head of every trdb_where_*; see lib/entity/filter.c. */
typedef struct where_head {
    const void *set;
    size_t count;
    int32_t op;
    int32_t reserved;
} where_head;

static size_t put_value(fuzz_bytes *in, const trdbi_column *column, char *dst) {
    size_t size = sizeof(int64_t);
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        break;
    case TRDBI_BOOL:
        *dst = fuzz_byte(in) & 1;
        return sizeof(bool);
    case TRDBI_ENUM: {
        int32_t value = (int8_t)fuzz_byte(in);
        memcpy(dst, &value, sizeof value);
        return sizeof value;
    }
    case TRDBI_DECIMAL:
        size = sizeof(trdb_decimal);
        break;
    case TRDBI_TIMESTAMP:
        size = sizeof(trdb_timestamp);
        break;
    case TRDBI_UUID:
        size = sizeof(trdb_uuid);
        break;
    default: {
        const char *text = sql_text(in);
        memcpy(dst, &text, sizeof text);
        return sizeof text;
    }
    }
    fuzz_fill(in, dst, size);
    return size;
}

static void put_condition(fuzz_bytes *in, const trdbi_column *column, char *at) {
    static const int32_t ops[] = {
        TRDB_OP_NONE,     TRDB_OP_EQ,   TRDB_OP_ANY,   TRDB_OP_IS_NULL,
        TRDB_OP_NOT_NULL, TRDB_OP_FROM, TRDB_OP_UNTIL, TRDB_OP_FROM | TRDB_OP_UNTIL};
    enum { MOST_IN_SET = 5 };
    uint8_t choice = fuzz_byte(in);
    where_head head = {.op = ops[choice % 8]};
    if (choice > 250)
        fuzz_fill(in, &head.op, sizeof head.op);
    if (head.op == TRDB_OP_NONE)
        return;
    if (head.op == TRDB_OP_ANY) {
        size_t size = 0;
        head.count = fuzz_below(in, MOST_IN_SET + 1);
        char *set = sql_memory(head.count * sizeof(trdb_decimal));
        for (size_t i = 0; i < head.count; i++)
            size += put_value(in, column, set + size);
        char *tight = sql_memory(size); /* so that a value read too many is seen */
        memcpy(tight, set, size);
        head.set = choice == 2 ? NULL : tight;
        if (choice == 10)
            head.set = NULL, head.count = SIZE_MAX / 2;
    }
    memcpy(at, &head, sizeof head);
    size_t size = put_value(in, column, at + sizeof head);
    put_value(in, column, at + sizeof head + size);
}

/* A row to continue after. */
static char *make_row(fuzz_bytes *in, const trdbi_table *table) {
    char *row = sql_memory(table->row_size);
    for (unsigned i = 0; i < table->column_count; i++) {
        const trdbi_field *field = &table->columns[i].field;
        char *at = row + field->offset;
        bool set = field->plain || fuzz_byte(in) % 2;
        if (!set)
            continue;
        const char *text;
        switch ((trdbi_kind)field->kind) {
        case TRDBI_ENUM:
            ((trdb_opt_enum *)(void *)at)->text = "any";
            break;
        case TRDBI_I64:
            if (!field->plain)
                ((trdb_opt_i64 *)(void *)at)->set = 1;
            fuzz_fill(in, at, sizeof(int64_t));
            break;
        case TRDBI_UUID:
            if (!field->plain)
                ((trdb_opt_uuid *)(void *)at)->set = 1;
            fuzz_fill(in, at, sizeof(trdb_uuid));
            break;
        case TRDBI_BOOL:
            *(trdb_opt_bool *)(void *)at = (trdb_opt_bool){fuzz_byte(in) & 1, true};
            break;
        case TRDBI_DECIMAL:
            fuzz_fill(in, at, sizeof(trdb_decimal));
            break;
        case TRDBI_TIMESTAMP:
            fuzz_fill(in, at, sizeof(trdb_timestamp));
            break;
        case TRDBI_TEXT:
        case TRDBI_INET:
            text = sql_text(in);
            memcpy(at, &text, sizeof text);
            break;
        default:
            break; /* no list is ordered by these */
        }
    }
    return row;
}

static char *make_filter(fuzz_bytes *in, const trdbi_table *table) {
    uint8_t shape = fuzz_byte(in);
    char *filter = sql_memory(table->filter_size);
    size_t struct_size = shape & 1 ? table->filter_size : fuzz_byte(in);
    struct_size = struct_size > table->filter_size ? table->filter_size : struct_size;
    memcpy(filter, &struct_size, sizeof struct_size);
    for (unsigned i = 0; i < table->column_count; i++)
        if (table->columns[i].filter_offset)
            put_condition(in, &table->columns[i], filter + table->columns[i].filter_offset);
    int32_t order = (int8_t)fuzz_byte(in), descending = shape >> 1 & 1;
    memcpy(filter + table->order_by_offset, &order, sizeof order);
    memcpy(filter + table->descending_offset, &descending, sizeof descending);
    if (shape & 4) {
        trdb_in_i64 limit = {(int8_t)fuzz_byte(in), fuzz_byte(in) % 5, 0};
        memcpy(filter + table->limit_offset, &limit, sizeof limit);
    }
    if (shape & 8) {
        char *row = make_row(in, table);
        memcpy(filter + table->after_offset, &row, sizeof row);
    }
    return filter;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    const trdbi_table *table = sql_table(&in);
    bool count = fuzz_byte(&in) % 4 == 0;
    char *filter = make_filter(&in, table);
    trdbi_params params = {.count = 0};
    trdbi_shape shape;
    memset(&shape, 0, sizeof shape);
    shape.table = table;
    shape.op = count ? TRDBI_OP_COUNT : TRDBI_OP_LIST;
    trdb_error *err = NULL;
    int code = trdbi_filter_params(table, filter, NULL, &shape, &params, &err);
    FUZZ_CHECK(code == trdb_error_code(err));
    if (code == 0)
        sql_check(&shape, &params, "SELECT ");
    else
        FUZZ_CHECK(code == TRDB_E_INVALID || code == TRDB_E_RANGE || code == TRDB_E_ENCODING);
    trdb_error_free(err);
    trdbi_params_free(&params);
    sql_free();
    return 0;
}
