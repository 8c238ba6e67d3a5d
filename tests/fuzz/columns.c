/* SPDX-License-Identifier: MIT */
/* Many rows as columns: messages of a COPY, their values put into vectors, and the vectors handed on as
 * Arrow. */
#include <stdlib.h>
#include <string.h>

#include "entity/columns.h"
#include "fuzz.h"
#include "pg/conn.h"
#include <tradingdb/arrow.h>

enum { MOST_ROWS = 12, MOST_BLOB = 200, MESSAGE = 16384 };

static const trdbi_table *choose_table(fuzz_bytes *in) {
    size_t count = 0;
    while (trdbi_tables[count])
        count++;
    return trdbi_tables[fuzz_below(in, count)];
}

/* The forms in which a column of this kind may be wanted. */
static int32_t choose_form(fuzz_bytes *in, trdbi_kind kind) {
    static const int32_t of_text[] = {TRDB_FORM_DEFAULT, TRDB_FORM_PLAIN, TRDB_FORM_CODES};
    static const int32_t of_decimals[] = {TRDB_FORM_DEFAULT, TRDB_FORM_F64};
    if (kind == TRDBI_TEXT || kind == TRDBI_ENUM || kind == TRDBI_INET)
        return of_text[fuzz_below(in, 3)];
    return kind == TRDBI_DECIMAL ? of_decimals[fuzz_below(in, 2)] : TRDB_FORM_DEFAULT;
}

static uint32_t choose_type(fuzz_bytes *in, trdbi_kind kind, bool others) {
    static const uint32_t types[] = {TRDBI_OID_INT8, TRDBI_OID_INT4,      TRDBI_OID_INT2, TRDBI_OID_BOOL,
                                     TRDBI_OID_TEXT, TRDBI_OID_TIMESTAMP, TRDBI_OID_JSON, TRDBI_OID_NUMERIC};
    size_t which = others ? fuzz_byte(in) : 255;
    return which < sizeof types / sizeof types[0] ? types[which] : trdbi_kind_oid(kind, false);
}

/* Appends a value with its length: one that suits the kind, any bytes, or NULL. */
static size_t put_value(fuzz_bytes *in, trdbi_kind kind, char *to) {
    static const size_t widths[] = {
        [TRDBI_I64] = 8, [TRDBI_TIMESTAMP] = 8, [TRDBI_UUID] = 16, [TRDBI_BOOL] = 1};
    uint8_t what = fuzz_byte(in);
    uint32_t size = what / 4 % 20;
    if (what % 4 == 3) {
        memset(to, 0xff, 4);
        return 4;
    }
    if (what % 4 > 0 && kind < sizeof widths / sizeof widths[0] && widths[kind] > 0)
        size = (uint32_t)widths[kind];
    const unsigned char length[4] = {0, 0, 0, (unsigned char)size};
    memcpy(to, length, sizeof length);
    fuzz_fill(in, to + 4, size);
    if (what % 4 == 2) /* numbers of numeric, and text, that are small and sound */
        memset(to + 4, kind == TRDBI_DECIMAL ? 0 : 'x', size);
    return 4 + size;
}

/* A message in memory of just its size: a row, perhaps cut or changed in a byte, or anything. */
static char *make_message(fuzz_bytes *in, const trdbi_vector_want *wants, size_t count, size_t *ret_size) {
    static char room[MESSAGE];
    uint8_t how = fuzz_byte(in);
    if (how == 0)
        return fuzz_blob(in, MOST_BLOB, ret_size);
    size_t size = 2;
    room[0] = 0;
    room[1] = (char)count;
    for (size_t i = 0; i < count; i++)
        size += put_value(in, wants[i].field->kind, room + size);
    if (how == 1)
        room[fuzz_below(in, size)] = (char)fuzz_byte(in);
    if (how == 2)
        size = fuzz_below(in, size);
    char *message = malloc(size ? size : 1);
    FUZZ_CHECK(message != NULL);
    memcpy(message, room, size);
    *ret_size = size;
    return message;
}

static int add_rows(fuzz_bytes *in, const trdbi_vector_want *wants, size_t count, trdbi_vectors *vectors,
                    trdb_error **err) {
    trdbi_value values[TRDBI_MAX_COLUMNS];
    size_t rows = fuzz_below(in, MOST_ROWS + 1);
    int code = 0;
    for (size_t i = 0; i < rows && code == 0; i++) {
        size_t size = 0;
        char *message = make_message(in, wants, count, &size);
        size_t from = i == 0 ? trdbi_copy_header(message, size) : 0;
        FUZZ_CHECK(from <= size);
        if (trdbi_copy_split(message + from, size - from, values, count))
            code = trdbi_vectors_add(vectors, values, err);
        free(message);
    }
    return code;
}

/* Everything that a view promises lies within it. */
static void walk(const trdb_column_view *view, int64_t length) {
    FUZZ_CHECK(view->length == length && view->null_count >= 0 && view->null_count <= length);
    FUZZ_CHECK(view->validity || view->null_count == 0);
    int64_t nulls = 0,
            end = view->child && view->kind == TRDB_COLUMN_TEXTS ? view->child->length : view->data_size;
    for (int64_t i = 0; i < length; i++)
        nulls += view->validity && !(view->validity[i / 8] >> (i % 8) & 1);
    FUZZ_CHECK(nulls == view->null_count);
    for (int64_t i = 0; view->offsets && i < length; i++)
        FUZZ_CHECK(view->offsets[i] >= 0 && view->offsets[i] <= view->offsets[i + 1] &&
                   view->offsets[i + 1] <= end);
    if (view->kind == TRDB_COLUMN_CODES)
        for (int64_t i = 0; i < length; i++) {
            int32_t code = ((const int32_t *)view->data)[i];
            bool is_null = view->validity && !(view->validity[i / 8] >> (i % 8) & 1);
            FUZZ_CHECK(is_null || (code >= 0 && code < view->child->length));
        }
    if (view->child)
        walk(view->child, view->child->length);
}

static void export(trdb_columns *columns) {
    trdb_error *err = NULL;
    struct ArrowArrayStream stream = {.release = NULL};
    struct ArrowSchema schema;
    struct ArrowArray array;
    bool infinite = false; /* times that Arrow cannot say */
    for (size_t i = 0; i < trdb_columns_count(columns); i++)
        infinite |= trdb_columns_at(columns, i)->infinite_count > 0;
    int code = trdb_columns_export_arrow(columns, &stream, &err);
    FUZZ_CHECK(code == (infinite ? TRDB_E_RANGE : 0));
    trdb_error_free(err);
    if (infinite)
        return;
    FUZZ_CHECK(stream.get_schema(&stream, &schema) == 0 &&
               schema.n_children == (int64_t)trdb_columns_count(columns));
    FUZZ_CHECK(stream.get_next(&stream, &array) == 0);
    FUZZ_CHECK(!array.release || array.length == trdb_columns_rows(columns));
    if (array.release)
        array.release(&array);
    schema.release(&schema);
    stream.release(&stream);
}

static void hand_on(trdb_columns *columns) {
    for (size_t i = 0; i < trdb_columns_count(columns); i++)
        walk(trdb_columns_at(columns, i), trdb_columns_rows(columns));
    export(columns);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    trdb_error *err = NULL;
    trdbi_vector_want wants[TRDBI_MAX_COLUMNS];
    uint32_t types[TRDBI_MAX_COLUMNS];
    const trdbi_table *table = choose_table(&in);
    size_t count = 1 + fuzz_below(&in, table->column_count), first = fuzz_below(&in, table->column_count);
    uint8_t shape = fuzz_byte(&in);
    for (size_t i = 0; i < count; i++) {
        const trdbi_field *field = &table->columns[(first + i) % table->column_count].field;
        wants[i] = (trdbi_vector_want){.field = field,
                                       .form = shape & 2 ? choose_form(&in, field->kind) : 0,
                                       .null_infinity = shape & 4};
        types[i] = choose_type(&in, field->kind, shape & 1);
    }
    trdb_columns *columns = calloc(1, sizeof *columns);
    FUZZ_CHECK(columns != NULL);
    atomic_init(&columns->references, 1);
    int code = trdbi_vectors_init(&columns->vectors, wants, count, &err);
    if (code == 0)
        code = trdbi_vectors_types(&columns->vectors, types, &err);
    if (code == 0)
        code = add_rows(&in, wants, count, &columns->vectors, &err);
    if (code == 0)
        code = trdbi_vectors_finish(&columns->vectors, &err);
    FUZZ_CHECK(code == trdb_error_code(err) && (code == 0 || trdb_error_message(err)[0] != '\0'));
    if (code == 0)
        hand_on(columns);
    trdb_columns_free(columns);
    trdb_error_free(err);
    return 0;
}
