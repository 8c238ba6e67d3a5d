/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <stdio.h>

static void put(const trdbi_column *column, char *in, const void *value, size_t size) {
    memcpy(in + column->new_offset, value, size);
}

#define PUT(column, in, value)                                                                               \
    do {                                                                                                     \
        __auto_type v_ = (value);                                                                            \
        put((column), (in), &v_, sizeof v_);                                                                 \
    } while (0)

char *sample_new(trdbi_arena *arena, const trdbi_table *table) {
    char *in = trdbi_arena_alloc(arena, table->new_size);
    size_t size = table->new_size;
    memcpy(in, &size, sizeof size);
    return in;
}

char *sample_filter(trdbi_arena *arena, const trdbi_table *table) {
    char *filter = trdbi_arena_alloc(arena, table->filter_size);
    size_t size = table->filter_size;
    memcpy(filter, &size, sizeof size);
    return filter;
}

static const char *text(trdbi_arena *arena, const char *format, int n) {
    char buffer[64];
    int size = snprintf(buffer, sizeof buffer, format, n, n);
    return trdbi_arena_text(arena, buffer, (size_t)size);
}

void sample_set(trdbi_arena *arena, const trdbi_table *table, const trdbi_column *column, char *in, int n) {
    (void)table;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        PUT(column, in, trdb_i64(n + 1));
        return;
    case TRDBI_BOOL:
        PUT(column, in, trdb_bool(n % 2 == 0));
        return;
    case TRDBI_ENUM:
        PUT(column, in, trdb_enum(1 + n % column->field.values->count));
        return;
    case TRDBI_DECIMAL: {
        char digits[40];
        snprintf(digits, sizeof digits, "%d.%s", n + 1, column->max_scale >= 8 ? "00012345" : "5");
        PUT(column, in, trdb_dec(digits));
        return;
    }
    case TRDBI_TIMESTAMP:
        PUT(column, in, trdb_time_us(INT64_C(1700000000000000) + n * INT64_C(3600000001)));
        return;
    case TRDBI_UUID: {
        trdb_uuid uuid = {{0xaa, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
        PUT(column, in, trdb_uuid_value(uuid));
        return;
    }
    case TRDBI_TEXT:
        PUT(column, in, text(arena, column->max_chars == 0 || column->max_chars >= 12 ? "v%d€" : "%d", n));
        return;
    case TRDBI_JSON:
        PUT(column, in, text(arena, "{\"n\": %d, \"price\": 1.000000000000000000%d}", n));
        return;
    case TRDBI_INET:
        PUT(column, in, text(arena, "10.0.0.%d", n % 250));
        return;
    case TRDBI_BYTES:
        PUT(column, in, trdb_bytes_value(text(arena, "b\x01%d", n), 3));
        return;
    case TRDBI_TEXTS: {
        const char **items = trdbi_arena_alloc(arena, 3 * sizeof(const char *));
        items[0] = text(arena, "%d", n);
        items[2] = column->max_chars > 0 ? "\"{\\," : "with \"quotes\", {braces} and \\";
        PUT(column, in, trdb_texts_value(items, 3));
        return;
    }
    }
}

void sample_settle(const trdbi_table *table, char *in) {
    FOREACH_COLUMN(column, table) {
        if (column->field.kind == TRDBI_BOOL)
            PUT(column, in, trdb_bool(false));
        else if (column->field.kind == TRDBI_ENUM)
            PUT(column, in, trdb_enum(1));
    }
}

size_t sample_size(const trdbi_column *column) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        return sizeof(trdb_in_i64);
    case TRDBI_BOOL:
        return sizeof(trdb_in_bool);
    case TRDBI_ENUM:
        return sizeof(trdb_in_enum);
    case TRDBI_DECIMAL:
        return sizeof(trdb_in_decimal);
    case TRDBI_TIMESTAMP:
        return sizeof(trdb_in_timestamp);
    case TRDBI_UUID:
        return sizeof(trdb_in_uuid);
    case TRDBI_BYTES:
        return sizeof(trdb_in_bytes);
    case TRDBI_TEXTS:
        return sizeof(trdb_in_texts);
    default:
        return sizeof(const char *);
    }
}

void sample_unset(const trdbi_column *column, char *in) {
    memset(in + column->new_offset, 0, sample_size(column));
}

bool sample_given(const trdbi_column *column, const char *in) {
    static const char zero[64];
    return memcmp(in + column->new_offset, zero, sample_size(column)) != 0;
}

void sample_set_null(const trdbi_column *column, char *in) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        PUT(column, in, trdb_null_i64());
        return;
    case TRDBI_BOOL:
        PUT(column, in, trdb_null_bool());
        return;
    case TRDBI_ENUM:
        PUT(column, in, trdb_null_enum());
        return;
    case TRDBI_DECIMAL:
        PUT(column, in, trdb_null_dec());
        return;
    case TRDBI_TIMESTAMP:
        PUT(column, in, trdb_null_time());
        return;
    case TRDBI_UUID:
        PUT(column, in, trdb_null_uuid());
        return;
    case TRDBI_BYTES:
        PUT(column, in, trdb_null_bytes());
        return;
    case TRDBI_TEXTS:
        PUT(column, in, trdb_null_texts());
        return;
    default:
        PUT(column, in, TRDB_NULL_TEXT);
    }
}

void sample_set_i64(const trdbi_column *column, char *in, int64_t value) {
    PUT(column, in, trdb_i64(value));
}

void sample_set_key(const trdbi_column *column, char *in, trdbi_key key) {
    if (column->field.kind == TRDBI_I64)
        PUT(column, in, trdb_i64(key.i64));
    else if (column->field.kind == TRDBI_UUID)
        PUT(column, in, trdb_uuid_value(key.uuid));
    else
        PUT(column, in, key.text);
}

void sample_set_text(const trdbi_column *column, char *in, const char *value) {
    PUT(column, in, value);
}

/* A row's value as a nullable one, whether the column is a plain key or not. */
static trdb_opt_i64 row_i64(const trdbi_column *column, const char *row) {
    trdb_opt_i64 v = {0, 1, 0};
    memcpy(&v, row + column->field.offset, column->field.plain ? sizeof v.value : sizeof v);
    return v;
}

static trdb_opt_uuid row_uuid(const trdbi_column *column, const char *row) {
    trdb_opt_uuid v = {.set = 1};
    memcpy(&v, row + column->field.offset, column->field.plain ? sizeof v.value : sizeof v);
    return v;
}

#define ROW(type, column, row)                                                                               \
    ({                                                                                                       \
        type v_;                                                                                             \
        memcpy(&v_, (row) + (column)->field.offset, sizeof v_);                                              \
        v_;                                                                                                  \
    })
#define IN(type, column, in)                                                                                 \
    ({                                                                                                       \
        type v_;                                                                                             \
        memcpy(&v_, (in) + (column)->new_offset, sizeof v_);                                                 \
        v_;                                                                                                  \
    })

bool row_is_null(const trdbi_column *column, const char *row) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        return !row_i64(column, row).set;
    case TRDBI_UUID:
        return !row_uuid(column, row).set;
    case TRDBI_BOOL:
        return !ROW(trdb_opt_bool, column, row).set;
    case TRDBI_ENUM:
        return !ROW(trdb_opt_enum, column, row).text;
    case TRDBI_DECIMAL:
        return ROW(trdb_decimal, column, row).kind == TRDB_DECIMAL_NULL;
    case TRDBI_TIMESTAMP:
        return ROW(trdb_timestamp, column, row).kind == TRDB_TIMESTAMP_NULL;
    case TRDBI_BYTES:
        return !ROW(trdb_bytes, column, row).data;
    case TRDBI_TEXTS:
        return !ROW(trdb_texts, column, row).items;
    default:
        return !ROW(const char *, column, row);
    }
}

int row_compare(const trdbi_column *column, const char *left, const char *right) {
    bool left_null = row_is_null(column, left), right_null = row_is_null(column, right);
    if (left_null || right_null)
        return left_null - right_null;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64: {
        int64_t a = row_i64(column, left).value, b = row_i64(column, right).value;
        return (a > b) - (a < b);
    }
    case TRDBI_UUID: {
        trdb_opt_uuid a = row_uuid(column, left), b = row_uuid(column, right);
        return memcmp(&a.value, &b.value, sizeof a.value);
    }
    case TRDBI_BOOL:
        return ROW(trdb_opt_bool, column, left).value - ROW(trdb_opt_bool, column, right).value;
    case TRDBI_ENUM:
        if (column->flags & TRDBI_NATIVE_ENUM) /* sorts in the order of its declaration */
            return ROW(trdb_opt_enum, column, left).value - ROW(trdb_opt_enum, column, right).value;
        return strcmp(ROW(trdb_opt_enum, column, left).text, ROW(trdb_opt_enum, column, right).text);
    case TRDBI_DECIMAL:
        return trdb_decimal_compare(ROW(trdb_decimal, column, left), ROW(trdb_decimal, column, right));
    case TRDBI_TIMESTAMP: {
        int64_t a = ROW(trdb_timestamp, column, left).us, b = ROW(trdb_timestamp, column, right).us;
        return (a > b) - (a < b);
    }
    default:
        return strcmp(ROW(const char *, column, left), ROW(const char *, column, right));
    }
}

static bool texts_match(trdb_in_texts in, trdb_texts row) {
    if (in.count != row.count)
        return false;
    for (size_t i = 0; i < in.count; i++) {
        if (!in.items[i] != !row.items[i] || (in.items[i] && strcmp(in.items[i], row.items[i]) != 0))
            return false;
    }
    return true;
}

bool sample_matches(const trdbi_column *column, const char *in, const char *row) {
    if (row_is_null(column, row))
        return false;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        return IN(trdb_in_i64, column, in).value == row_i64(column, row).value;
    case TRDBI_BOOL:
        return IN(trdb_in_bool, column, in).value == ROW(trdb_opt_bool, column, row).value;
    case TRDBI_ENUM: {
        trdb_opt_enum value = ROW(trdb_opt_enum, column, row);
        int32_t wanted = IN(trdb_in_enum, column, in).value;
        return wanted == value.value && strcmp(column->field.values->values[wanted - 1], value.text) == 0;
    }
    case TRDBI_DECIMAL:
        return trdb_decimal_compare(IN(trdb_in_decimal, column, in).value, ROW(trdb_decimal, column, row)) ==
               0;
    case TRDBI_TIMESTAMP:
        return IN(trdb_in_timestamp, column, in).value.us == ROW(trdb_timestamp, column, row).us;
    case TRDBI_UUID: {
        trdb_in_uuid wanted = IN(trdb_in_uuid, column, in);
        trdb_opt_uuid value = row_uuid(column, row);
        return memcmp(&wanted.value, &value.value, sizeof value.value) == 0;
    }
    case TRDBI_BYTES: {
        trdb_in_bytes wanted = IN(trdb_in_bytes, column, in);
        trdb_bytes value = ROW(trdb_bytes, column, row);
        return wanted.size == value.size && memcmp(wanted.data, value.data, value.size) == 0;
    }
    case TRDBI_TEXTS:
        return texts_match(IN(trdb_in_texts, column, in), ROW(trdb_texts, column, row));
    default: /* jsonb keeps our sample's text: keys in length order, one blank behind colon and comma */
        return strcmp(IN(const char *, column, in), ROW(const char *, column, row)) == 0;
    }
}

trdbi_key row_key(const trdbi_table *table, const char *row) {
    const trdbi_column *column = trdbi_key_column(table);
    trdbi_key key;
    if (column->field.kind == TRDBI_I64)
        key.i64 = row_i64(column, row).value;
    else if (column->field.kind == TRDBI_UUID)
        key.uuid = row_uuid(column, row).value;
    else
        key.text = ROW(const char *, column, row);
    return key;
}

trdbi_key missing_key(const trdbi_table *table) {
    trdbi_key key = {.i64 = -5};
    if (trdbi_key_column(table)->field.kind == TRDBI_TEXT)
        key.text = "not there";
    return key;
}

#define WHERE(type, column, filter, op_, from_, until_)                                                      \
    do {                                                                                                     \
        type where_;                                                                                         \
        memset(&where_, 0, sizeof where_);                                                                   \
        where_.op = (op_);                                                                                   \
        where_.from = (from_);                                                                               \
        where_.until = (until_);                                                                             \
        static __typeof__(where_.from) set_[1];                                                              \
        set_[0] = where_.from;                                                                               \
        if (where_.op == TRDB_OP_ANY) {                                                                      \
            where_.set = set_;                                                                               \
            where_.count = 1;                                                                                \
        }                                                                                                    \
        memcpy((filter) + (column)->filter_offset, &where_, sizeof where_);                                  \
    } while (0)

void filter_set(const trdbi_column *column, char *filter, int op, const char *row, const char *until_row) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        WHERE(trdb_where_i64, column, filter, op, row_i64(column, row).value,
              row_i64(column, until_row).value);
        return;
    case TRDBI_BOOL:
        WHERE(trdb_where_bool, column, filter, op, ROW(trdb_opt_bool, column, row).value,
              ROW(trdb_opt_bool, column, until_row).value);
        return;
    case TRDBI_ENUM:
        WHERE(trdb_where_enum, column, filter, op, ROW(trdb_opt_enum, column, row).value,
              ROW(trdb_opt_enum, column, until_row).value);
        return;
    case TRDBI_DECIMAL:
        WHERE(trdb_where_decimal, column, filter, op, ROW(trdb_decimal, column, row),
              ROW(trdb_decimal, column, until_row));
        return;
    case TRDBI_TIMESTAMP:
        WHERE(trdb_where_timestamp, column, filter, op, ROW(trdb_timestamp, column, row),
              ROW(trdb_timestamp, column, until_row));
        return;
    case TRDBI_UUID:
        WHERE(trdb_where_uuid, column, filter, op, row_uuid(column, row).value,
              row_uuid(column, until_row).value);
        return;
    default:
        WHERE(trdb_where_text, column, filter, op, ROW(const char *, column, row),
              ROW(const char *, column, until_row));
    }
}
