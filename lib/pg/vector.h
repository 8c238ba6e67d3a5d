/* SPDX-License-Identifier: MIT */
/*
 * Columns as they are filled from the wire: a vector per column, whose buffers are those of a trdb_column_view.
 * Every value is checked as it comes; a malformed one is TRDB_E_PROTOCOL, never read beyond its end.
 */
#pragma once

#include "pg/pg.h"
#include <tradingdb/columns.h>

/* What is asked of a column. */
typedef struct trdbi_vector_want {
    const trdbi_field *field;
    int32_t form;       /* enum trdb_column_form */
    bool null_infinity; /* times without end are NULL */
} trdbi_vector_want;

typedef struct trdbi_vector trdbi_vector;

/* Columns of equal length. */
typedef struct trdbi_vectors {
    trdbi_vector *items;
    size_t count;
    size_t rows;
    size_t room; /* rows for which there is memory */
} trdbi_vectors;

/* The vectors begin empty; trdbi_vectors_free() also after a failure. */
int trdbi_vectors_init(trdbi_vectors *vectors, const trdbi_vector_want *wants, size_t count, trdb_error **reterr);
void trdbi_vectors_free(trdbi_vectors *vectors);
/* The server's types, before the first row. TRDB_E_UNSUPPORTED for one that the column cannot be read from. */
int trdbi_vectors_types(trdbi_vectors *vectors, const uint32_t *oids, trdb_error **reterr);
/* Appends a row: a value for each vector. A failure leaves the vectors fit only to be freed. */
int trdbi_vectors_add(trdbi_vectors *vectors, const trdbi_value *values, trdb_error **reterr);
/* Behind the last row: the views are complete. */
int trdbi_vectors_finish(trdbi_vectors *vectors, trdb_error **reterr);
const trdb_column_view *trdbi_vectors_view(const trdbi_vectors *vectors, size_t i);
