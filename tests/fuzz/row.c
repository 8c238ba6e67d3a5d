/* SPDX-License-Identifier: MIT */
/* Whole results: rows and lists of every table from columns of any type, number and length. */
#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#include "entity/internal.h"
#include "fuzz.h"

enum { MOST_ROWS = 4, MOST_COLUMNS = 70 };

/* The type that a column has on a fresh install, so that most values are looked at. */
static uint32_t own_type(const trdbi_table *table, size_t column) {
    if (column >= table->column_count)
        return TRDBI_OID_TEXT;
    return trdbi_kind_oid(table->columns[column].field.kind, false);
}

static uint32_t any_type(fuzz_bytes *in) {
    static const uint32_t types[] = {TRDBI_OID_INT8, TRDBI_OID_INT4,    TRDBI_OID_INT2,
                                     TRDBI_OID_BOOL, TRDBI_OID_NUMERIC, TRDBI_OID_TIMESTAMP,
                                     TRDBI_OID_TEXT, TRDBI_OID_JSON,    TRDBI_OID_VARCHAR_ARRAY,
                                     TRDBI_OID_INET, TRDBI_OID_BYTEA,   20000};
    return types[fuzz_below(in, sizeof types / sizeof types[0])];
}

/* A value that fits the column, so that a row is read beyond it; or any bytes, or NULL. */
static void put_value(fuzz_bytes *in, PGresult *result, int row, int column, const trdbi_table *table) {
    static const char zeros[20];
    uint8_t what = fuzz_byte(in);
    size_t size = 0;
    char *blob = what % 4 == 1 ? fuzz_blob(in, 64, &size) : NULL;
    if (blob) {
        PQsetvalue(result, row, column, blob, (int)size);
        free(blob);
        return;
    }
    const bool key = (size_t)column == table->key;
    if (what % 4 == 2 || (what % 4 == 0 && !key)) {
        PQsetvalue(result, row, column, NULL, -1);
        return;
    }
    switch ((size_t)column < table->column_count ? table->columns[column].field.kind : TRDBI_TEXT) {
    case TRDBI_I64:
    case TRDBI_TIMESTAMP:
        PQsetvalue(result, row, column, (char *)(uintptr_t)zeros, 8);
        break;
    case TRDBI_UUID:
        PQsetvalue(result, row, column, (char *)(uintptr_t)zeros, 16);
        break;
    case TRDBI_JSON:
        PQsetvalue(result, row, column, (char *)(uintptr_t) "\1{}", 3);
        break;
    default:
        PQsetvalue(result, row, column, (char *)(uintptr_t)zeros, what / 4 % 20);
    }
}

static PGresult *make_result(fuzz_bytes *in, const trdbi_table *table) {
    uint8_t shape = fuzz_byte(in);
    int columns = shape & 1 ? fuzz_byte(in) % MOST_COLUMNS : table->column_count;
    int rows = shape / 2 % (MOST_ROWS + 1);
    PGresAttDesc descriptions[MOST_COLUMNS];
    memset(descriptions, 0, sizeof descriptions);
    for (int i = 0; i < columns; i++) {
        uint8_t other = shape & 0x40 ? fuzz_byte(in) : 0;
        descriptions[i].name = (char *)(uintptr_t) "c";
        descriptions[i].format = 1;
        descriptions[i].typid = other % 8 == 7 ? any_type(in) : own_type(table, (size_t)i);
    }
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    FUZZ_CHECK(result != NULL && PQsetResultAttrs(result, columns, descriptions));
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            put_value(in, result, r, c, table);
    return result;
}

static void read_list(const trdbi_table *table, const trdbi_result *result) {
    trdb_error *err = NULL;
    trdbi_list *list = NULL;
    int code = trdbi_list_new(result, &table->columns[0].field, sizeof(trdbi_column), table->column_count,
                              table->row_size, &list, &err);
    FUZZ_CHECK((code == 0) == (list != NULL) && code == trdb_error_code(err));
    if (list) {
        size_t seen = 0;
        for (const void *row = trdbi_list_at(list, 0); row; row = trdbi_list_next(list, row))
            seen++;
        FUZZ_CHECK(seen == trdbi_result_rows(result));
    }
    trdbi_list_free(list);
    trdb_error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    size_t count = 0;
    while (trdbi_tables[count])
        count++;
    const trdbi_table *table = trdbi_tables[fuzz_below(&in, count)];
    PGresult *pg = make_result(&in, table);
    const trdbi_result *result = (const trdbi_result *)pg;
    for (size_t i = 0; i <= trdbi_result_rows(result); i++) {
        trdb_error *err = NULL;
        void *row = NULL;
        int code = trdbi_row_new(result, i, &table->columns[0].field, sizeof(trdbi_column),
                                 table->column_count, table->row_size, &row, &err);
        FUZZ_CHECK((code == 0) == (row != NULL) && code == trdb_error_code(err));
        FUZZ_CHECK(code == 0 || trdb_error_message(err)[0] != '\0');
        FUZZ_CHECK(code < 0 || i < trdbi_result_rows(result));
        trdbi_row_free(row);
        trdb_error_free(err);
    }
    if (trdbi_result_rows(result) > 0)
        read_list(table, result);
    PQclear(pg);
    return 0;
}
