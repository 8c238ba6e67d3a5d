/* SPDX-License-Identifier: MIT */
/* Filters: conditions in column order, then the keyset, then the limit, as sql.c numbers them. */
#include "entity/internal.h"
#include "base/text.h"

/* The place of a condition's parts. `set`, `count` and `op` stand first in every trdb_where_*, the values
 * follow at an offset that suits them all; see TRDB_DEFINE_WHERE. */
typedef struct where_head {
    const void *set;
    size_t count;
    int32_t op;
    int32_t reserved;
} where_head;

typedef union value {
    int64_t i64;
    bool boolean;
    int32_t enumeration;
    const char *text;
    trdb_decimal decimal;
    trdb_timestamp timestamp;
    trdb_uuid uuid;
} value;

_Static_assert(offsetof(trdb_where_i64, from) == sizeof(where_head), "condition layout");
_Static_assert(offsetof(trdb_where_bool, from) == sizeof(where_head), "condition layout");
_Static_assert(offsetof(trdb_where_enum, from) == sizeof(where_head), "condition layout");
_Static_assert(offsetof(trdb_where_text, from) == sizeof(where_head), "condition layout");
_Static_assert(offsetof(trdb_where_decimal, from) == sizeof(where_head), "condition layout");
_Static_assert(offsetof(trdb_where_timestamp, from) == sizeof(where_head), "condition layout");
_Static_assert(offsetof(trdb_where_uuid, from) == sizeof(where_head), "condition layout");

static size_t value_size(trdbi_kind kind) {
    switch (kind) {
    case TRDBI_I64:
        return sizeof(int64_t);
    case TRDBI_BOOL:
        return sizeof(bool);
    case TRDBI_ENUM:
        return sizeof(int32_t);
    case TRDBI_DECIMAL:
        return sizeof(trdb_decimal);
    case TRDBI_TIMESTAMP:
        return sizeof(trdb_timestamp);
    case TRDBI_UUID:
        return sizeof(trdb_uuid);
    case TRDBI_TEXT:
    case TRDBI_INET:
        return sizeof(const char *);
    case TRDBI_BYTES:
    case TRDBI_JSON:
    case TRDBI_TEXTS:
        break; /* the generator gives these no condition */
    }
    return 0;
}

static int put_text(const trdbi_table *table, const trdbi_column *column, const char *text, trdbi_buf *buf,
                    trdb_error **reterr) {
    if (!text || text == TRDB_NULL_TEXT)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                            "a condition compares with NULL; use trdb_where_text_is_null()");
    if (trdbi_utf8_length(text, strlen(text)) < 0)
        return trdbi_refuse(table, column, TRDB_E_ENCODING, reterr, "the text is not valid UTF-8");
    if (column->field.kind == TRDBI_TEXT)
        trdbi_encode_text(buf, text);
    else if (trdbi_encode_inet(buf, text) < 0)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "not an IP address: \"%.60s\"", text);
    return 0;
}

/* Encodes a value to compare with. It need not fit the column: what does not, matches nothing. */
static int put(const trdbi_table *table, const trdbi_column *column, const value *v, trdbi_buf *buf,
               trdb_error **reterr) {
    int code = 0;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        trdbi_encode_i64(buf, v->i64);
        return 0;
    case TRDBI_BOOL:
        trdbi_encode_bool(buf, v->boolean);
        return 0;
    case TRDBI_ENUM:
        code = trdbi_check_enum(table, column, v->enumeration, reterr);
        if (code == 0)
            trdbi_encode_text(buf, column->field.values->values[v->enumeration - 1]);
        return code;
    case TRDBI_DECIMAL:
        if (v->decimal.kind == TRDB_DECIMAL_NULL || trdbi_encode_decimal(buf, v->decimal) < 0)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                                "a condition compares with a NULL or malformed decimal");
        return 0;
    case TRDBI_TIMESTAMP:
        if (v->timestamp.kind == TRDB_TIMESTAMP_NULL || trdbi_encode_timestamp(buf, v->timestamp) < 0)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                                "a condition compares with a NULL or malformed time");
        return 0;
    case TRDBI_UUID:
        trdbi_encode_uuid(buf, v->uuid);
        return 0;
    case TRDBI_TEXT:
    case TRDBI_INET:
    case TRDBI_BYTES:
    case TRDBI_JSON:
    case TRDBI_TEXTS:
        break;
    }
    return put_text(table, column, v->text, buf, reterr);
}

static int put_param(const trdbi_table *table, const trdbi_column *column, const value *v,
                     trdbi_params *params, trdb_error **reterr) {
    trdbi_params_begin(params, trdbi_kind_oid(column->field.kind, (column->flags & TRDBI_NATIVE_ENUM) != 0));
    int code = put(table, column, v, &params->data, reterr);
    trdbi_params_end(params);
    return code;
}

static int put_set(const trdbi_table *table, const trdbi_column *column, const where_head *head,
                   trdbi_params *params, trdb_error **reterr) {
    trdbi_kind kind = column->field.kind;
    size_t size = value_size(kind);
    if (head->count > 0 && !head->set)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "a set of %zu values but no array",
                            head->count);
    if (head->count > INT32_MAX)
        return trdbi_refuse(table, column, TRDB_E_RANGE, reterr, "a set of %zu values is too large",
                            head->count);
    trdbi_params_begin(params, trdbi_kind_array_oid(kind));
    trdbi_encode_array_begin(&params->data, trdbi_kind_oid(kind, false), head->count, false);
    int code = 0;
    for (size_t i = 0; i < head->count && code == 0; i++) {
        value v;
        memcpy(&v, (const char *)head->set + i * size, size);
        size_t mark = trdbi_encode_element_begin(&params->data);
        code = put(table, column, &v, &params->data, reterr);
        trdbi_encode_element_end(&params->data, mark);
    }
    trdbi_params_end(params);
    return code;
}

static int put_condition(const trdbi_table *table, const trdbi_column *column, const where_head *head,
                         const trdbi_in *in, trdbi_params *params, trdb_error **reterr) {
    size_t size = value_size(column->field.kind);
    value from, until;
    trdbi_in_read(in, column->filter_offset + sizeof *head, &from, size);
    trdbi_in_read(in, column->filter_offset + sizeof *head + size, &until, size);
    int code = 0;
    switch (head->op) {
    case TRDB_OP_IS_NULL:
    case TRDB_OP_NOT_NULL:
        return 0;
    case TRDB_OP_EQ:
        return put_param(table, column, &from, params, reterr);
    case TRDB_OP_ANY:
        return put_set(table, column, head, params, reterr);
    case TRDB_OP_FROM:
    case TRDB_OP_UNTIL:
    case TRDB_OP_FROM | TRDB_OP_UNTIL:
        if (head->op & TRDB_OP_FROM)
            code = put_param(table, column, &from, params, reterr);
        if (code == 0 && head->op & TRDB_OP_UNTIL)
            code = put_param(table, column, &until, params, reterr);
        return code;
    default:
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%d is no kind of condition", head->op);
    }
}

/* A value of a row, as a comparison wants it. False when it is NULL there. */
static bool row_value(const trdbi_column *column, const char *row, value *ret) {
    const char *at = row + column->field.offset;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64: {
        trdb_opt_i64 v = {0, 1, 0};
        memcpy(&v, at, column->field.plain ? sizeof v.value : sizeof v);
        ret->i64 = v.value;
        return v.set != 0;
    }
    case TRDBI_UUID: {
        trdb_opt_uuid v = {.set = 1};
        memcpy(&v, at, column->field.plain ? sizeof v.value : sizeof v);
        ret->uuid = v.value;
        return v.set != 0;
    }
    case TRDBI_BOOL: {
        trdb_opt_bool v;
        memcpy(&v, at, sizeof v);
        ret->boolean = v.value;
        return v.set;
    }
    case TRDBI_DECIMAL:
        memcpy(&ret->decimal, at, sizeof ret->decimal);
        return ret->decimal.kind != TRDB_DECIMAL_NULL;
    case TRDBI_TIMESTAMP:
        memcpy(&ret->timestamp, at, sizeof ret->timestamp);
        return ret->timestamp.kind != TRDB_TIMESTAMP_NULL;
    case TRDBI_ENUM: {
        trdb_opt_enum v;
        memcpy(&v, at, sizeof v);
        ret->text = v.text;
        return v.text != NULL;
    }
    case TRDBI_TEXT:
    case TRDBI_INET:
    case TRDBI_BYTES:
    case TRDBI_JSON:
    case TRDBI_TEXTS:
        break;
    }
    memcpy(&ret->text, at, sizeof ret->text);
    return ret->text != NULL;
}

/* Where a list goes on: the order column's value of the row and its key. An enum compares as the text that
 * the row holds, so that an unknown value is no obstacle. */
static int put_row_value(const trdbi_table *table, const trdbi_column *column, const value *v,
                         trdbi_params *params, trdb_error **reterr) {
    if (column->field.kind != TRDBI_ENUM)
        return put_param(table, column, v, params, reterr);
    trdbi_params_begin(params, trdbi_kind_oid(TRDBI_ENUM, (column->flags & TRDBI_NATIVE_ENUM) != 0));
    trdbi_encode_text(&params->data, v->text);
    trdbi_params_end(params);
    return 0;
}

static int put_after(const trdbi_table *table, const char *row, const trdbi_key *behind, trdbi_shape *shape,
                     trdbi_params *params, trdb_error **reterr) {
    if (!row && !behind)
        return 0;
    if (shape->order_by == TRDBI_ORDER_ANY)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: a list in any order has no place to continue after",
                           table->name);
    if (behind) {
        shape->after = TRDBI_AFTER_LOOKUP;
        return trdbi_key_param(table, *behind, params, reterr);
    }
    const trdbi_column *order = &table->columns[shape->order_by];
    const trdbi_column *key = trdbi_key_column(table);
    value v;
    int code = 0;
    if (order == key) {
        shape->after = TRDBI_AFTER_KEY;
    } else if (row_value(order, row, &v)) {
        shape->after = TRDBI_AFTER_VALUE;
        code = put_row_value(table, order, &v, params, reterr);
    } else {
        shape->after = TRDBI_AFTER_NULL;
    }
    if (code == 0 && !row_value(key, row, &v))
        code = trdbi_refuse(table, key, TRDB_E_INVALID, reterr, "the row to continue after has no key");
    if (code == 0)
        code = put_param(table, key, &v, params, reterr);
    return code;
}

static int read_order(const trdbi_table *table, const trdbi_in *in, trdbi_shape *shape, trdb_error **reterr) {
    int32_t order_by, descending;
    trdbi_in_read(in, table->order_by_offset, &order_by, sizeof order_by);
    trdbi_in_read(in, table->descending_offset, &descending, sizeof descending);
    if (order_by == TRDB_ANY_ORDER) {
        shape->order_by = TRDBI_ORDER_ANY;
        return 0;
    }
    if (order_by < 0 || order_by > table->column_count)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: order_by %d is no column", table->name, order_by);
    if (order_by > 0) {
        const trdbi_column *column = &table->columns[order_by - 1];
        if (column->filter_offset == 0)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                                "no index covers this column, so lists cannot be ordered by it");
        shape->order_by = (uint8_t)(order_by - 1);
    }
    shape->descending = descending != 0;
    return 0;
}

static int put_limit(const trdbi_table *table, const trdbi_in *in, trdbi_shape *shape, trdbi_params *params,
                     trdb_error **reterr) {
    trdb_in_i64 limit;
    trdbi_in_read(in, table->limit_offset, &limit, sizeof limit);
    if (limit.state == TRDB_NOT_GIVEN && limit.value == 0)
        return 0;
    if (limit.state != TRDB_GIVEN)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: limit has no value; use trdb_i64()", table->name);
    if (limit.value <= 0)
        return trdbi_error(reterr, TRDB_E_RANGE, "%s: limit %lld is not above zero", table->name,
                           (long long)limit.value);
    shape->limit = 1;
    trdbi_params_i64(params, limit.value);
    return 0;
}

int trdbi_filter_params(const trdbi_table *table, const void *filter, const trdbi_key *behind, trdbi_shape *shape,
                        trdbi_params *params, trdb_error **reterr) {
    shape->order_by = (uint8_t)table->key;
    if (!filter)
        return 0;
    trdbi_in in;
    int code = trdbi_in_open(&in, filter, table->filter_size, SIZE_MAX, table, "_filter", reterr);
    for (unsigned i = 0; code == 0 && i < table->column_count; i++) {
        const trdbi_column *column = &table->columns[i];
        if (column->filter_offset == 0)
            continue;
        where_head head;
        trdbi_in_read(&in, column->filter_offset, &head, sizeof head);
        if (head.op == TRDB_OP_NONE)
            continue;
        code = put_condition(table, column, &head, &in, params, reterr);
        shape->where[i] = (uint8_t)head.op;
    }
    if (code < 0 || shape->op != TRDBI_OP_LIST)
        return code;

    code = read_order(table, &in, shape, reterr);
    const char *after_row;
    trdbi_in_read(&in, table->after_offset, &after_row, sizeof after_row);
    if (code == 0)
        code = put_after(table, after_row, behind, shape, params, reterr);
    if (code == 0)
        code = put_limit(table, &in, shape, params, reterr);
    return code;
}
