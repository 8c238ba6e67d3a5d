/* SPDX-License-Identifier: MIT */
/* Input structs of any table with any values, and the statements that they become. */
#include <stdlib.h>
#include <string.h>

#include "sql.h"

static int32_t state(fuzz_bytes *in) {
    static const int32_t states[] = {TRDB_NOT_GIVEN, TRDB_GIVEN, TRDB_GIVEN,      TRDB_GIVEN,
                                     TRDB_GIVEN,     TRDB_GIVEN, TRDB_GIVEN_NULL, TRDB_MALFORMED};
    uint8_t choice = fuzz_byte(in);
    return choice > 250 ? (int32_t)choice : states[choice % 8];
}

static trdb_decimal decimal(fuzz_bytes *in) {
    trdb_decimal value;
    if (fuzz_byte(in) % 3 == 0)
        fuzz_fill(in, &value, sizeof value);
    else
        (void)trdb_decimal_from_i64((int32_t)fuzz_word(in), fuzz_byte(in) % 12, &value);
    return value;
}

static trdb_in_texts texts(fuzz_bytes *in) {
    size_t count = fuzz_byte(in) % 4;
    const char **items = sql_memory(count * sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = sql_text(in);
    trdb_in_texts value = {fuzz_byte(in) == 1 ? NULL : items, count, state(in), 0};
    return value;
}

static void put_member(fuzz_bytes *in, const trdbi_column *column, void *at) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        *(trdb_in_i64 *)at = (trdb_in_i64){(int64_t)fuzz_word(in) >> fuzz_byte(in) % 64, state(in), 0};
        return;
    case TRDBI_BOOL:
        *(trdb_in_bool *)at = (trdb_in_bool){fuzz_byte(in) % 3, state(in)};
        return;
    case TRDBI_ENUM:
        *(trdb_in_enum *)at = (trdb_in_enum){(int8_t)fuzz_byte(in) % 12, state(in)};
        return;
    case TRDBI_DECIMAL:
        *(trdb_in_decimal *)at = (trdb_in_decimal){decimal(in), state(in), 0};
        return;
    case TRDBI_TIMESTAMP: {
        trdb_timestamp value = {(int64_t)fuzz_word(in), fuzz_byte(in) % 5, 0};
        *(trdb_in_timestamp *)at = (trdb_in_timestamp){value, state(in), 0};
        return;
    }
    case TRDBI_UUID:
        fuzz_fill(in, at, sizeof(trdb_uuid));
        ((trdb_in_uuid *)at)->state = state(in);
        return;
    case TRDBI_BYTES: {
        const char *text = sql_text(in);
        bool none = !text || text == TRDB_NULL_TEXT;
        *(trdb_in_bytes *)at =
            (trdb_in_bytes){none ? NULL : text, none ? fuzz_byte(in) : strlen(text), state(in), 0};
        return;
    }
    case TRDBI_TEXTS:
        *(trdb_in_texts *)at = texts(in);
        return;
    case TRDBI_TEXT:
    case TRDBI_JSON:
    case TRDBI_INET:
        *(const char **)at = sql_text(in);
    }
}

static char *make_input(fuzz_bytes *in, const trdbi_table *table) {
    size_t struct_size = fuzz_byte(in);
    struct_size = struct_size % 2 || struct_size > table->new_size ? table->new_size : struct_size;
    char *row = sql_memory(table->new_size);
    memcpy(row, &struct_size, sizeof struct_size);
    uint8_t bits = 0;
    for (unsigned i = 0; i < table->column_count; i++) {
        bits = i % 8 == 0 ? fuzz_byte(in) : (uint8_t)(bits >> 1);
        if (bits & 1)
            put_member(in, &table->columns[i], row + table->columns[i].new_offset);
    }
    return row;
}

static void check_code(int code, const trdb_error *err) {
    FUZZ_CHECK(code == trdb_error_code(err));
    FUZZ_CHECK(code == 0 || code == TRDB_E_INVALID || code == TRDB_E_RANGE || code == TRDB_E_ENCODING ||
               code == TRDB_E_INEXACT);
    FUZZ_CHECK(code == 0 || strchr(trdb_error_message(err), '\n') == NULL || trdb_error_column(err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct {
        trdbi_op op;
        const char *begins;
    } ops[] = {
        {TRDBI_OP_INSERT, "INSERT INTO "}, {TRDBI_OP_UPSERT, "INSERT INTO "}, {TRDBI_OP_PATCH, "UPDATE "}};
    fuzz_bytes in = {data, size};
    const trdbi_table *table = sql_table(&in);
    size_t op = fuzz_below(&in, 3);
    char *row = make_input(&in, table);
    uint64_t skip = ops[op].op == TRDBI_OP_PATCH ? UINT64_C(1) << table->key : 0;

    trdb_error *err = NULL;
    uint64_t given = 0, null = 0;
    int checked = trdbi_check_input(table, row, &given, &null, &err);
    check_code(checked, err);
    trdb_error_free(err);
    err = NULL;
    FUZZ_CHECK((null & ~given) == 0);

    trdbi_params params = {.count = 0};
    trdbi_shape shape;
    memset(&shape, 0, sizeof shape);
    shape.table = table;
    shape.op = (uint8_t)ops[op].op;
    shape.unique = (uint8_t)(table->unique_count ? fuzz_below(&in, table->unique_count) : 0);
    shape.returning = fuzz_byte(&in) & 1;
    int code = trdbi_input_params(table, row, SIZE_MAX, skip, &shape, &params, &err);
    check_code(code, err);
    if (code == 0) {
        FUZZ_CHECK(checked == 0 && (given & ~shape.columns) == 0);
        if (shape.op == TRDBI_OP_PATCH && shape.columns) {
            trdb_uuid key = {{0}};
            trdbi_key any = {.text = "key"};
            if (table->columns[table->key].field.kind == TRDBI_UUID)
                any.uuid = key;
            FUZZ_CHECK(trdbi_key_param(table, any, &params, &err) == 0);
        }
        if (shape.columns && (shape.op != TRDBI_OP_UPSERT || table->unique_count))
            sql_check(&shape, &params, ops[op].begins);
    }
    trdb_error_free(err);
    trdbi_params_free(&params);
    sql_free();
    return 0;
}
