/* SPDX-License-Identifier: MIT */
/* A trdbi_result is libpq's PGresult under another name: only this folder knows, and nothing is allocated. */
#include "pg/codec.h"
#include "pg/conn.h"

#include <stdlib.h>

static const PGresult *pg_of(const trdbi_result *result) {
    return (const PGresult *)result;
}

void trdbi_result_free(trdbi_result *result) {
    PQclear((PGresult *)result);
}

size_t trdbi_result_rows(const trdbi_result *result) {
    return (size_t)PQntuples(pg_of(result));
}

size_t trdbi_result_columns(const trdbi_result *result) {
    return (size_t)PQnfields(pg_of(result));
}

int64_t trdbi_result_affected(const trdbi_result *result) {
    /* libpq does not write to the result here, it only lacks the const. */
    return strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
}

const char *trdbi_result_command(const trdbi_result *result) {
    return PQcmdStatus((PGresult *)(uintptr_t)result);
}

const char *trdbi_result_value(const trdbi_result *result, size_t row, size_t column, size_t *ret_size) {
    const PGresult *pg = pg_of(result);
    int r = (int)row, c = (int)column;
    if (PQgetisnull(pg, r, c))
        return NULL;
    *ret_size = (size_t)PQgetlength(pg, r, c);
    return PQgetvalue(pg, r, c);
}

const char *trdbi_result_text(const trdbi_result *result, size_t row, size_t column) {
    size_t size;
    return trdbi_result_value(result, row, column, &size);
}

int trdbi_result_decode(const trdbi_result *result, size_t row, const trdbi_field *fields, size_t stride,
                        size_t count, trdbi_arena *arena, void *dst, trdb_error **reterr) {
    const PGresult *pg = pg_of(result);
    if (row >= trdbi_result_rows(result) || count > trdbi_result_columns(result))
        return trdbi_error(reterr, TRDB_E_PROTOCOL,
                           "the server sent %zu rows of %zu columns, %zu columns are needed",
                           trdbi_result_rows(result), trdbi_result_columns(result), count);
    for (size_t i = 0; i < count; i++) {
        const trdbi_field *field = (const trdbi_field *)(const void *)((const char *)fields + i * stride);
        int r = (int)row, c = (int)i;
        const char *data = PQgetisnull(pg, r, c) ? NULL : PQgetvalue(pg, r, c);
        int rc = trdbi_decode(field, PQftype(pg, c), data, (size_t)PQgetlength(pg, r, c), arena, dst, reterr);
        if (rc < 0)
            return rc;
    }
    return 0;
}

size_t trdbi_result_text_size(const trdbi_result *result) {
    const PGresult *pg = pg_of(result);
    int rows = PQntuples(pg), columns = PQnfields(pg);
    size_t size = 0;
    for (int c = 0; c < columns; c++) {
        size_t fixed, factor;
        trdbi_decoded_size(PQftype(pg, c), &fixed, &factor);
        if (fixed == 0 && factor == 0)
            continue;
        for (int r = 0; r < rows; r++)
            size += fixed + factor * (size_t)PQgetlength(pg, r, c);
    }
    return size;
}
