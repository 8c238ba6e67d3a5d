/* SPDX-License-Identifier: MIT */
/* What the files that fill vectors share. */
#pragma once

#include "base/wide.h"
#include "pg/vector.h"

/* Writes the value of a row, whose place is there. 0 or TRDB_E_*; `problem` may then say why. */
typedef int (*trdbi_put_fn)(trdbi_vector *v, size_t row, const char *data, size_t size);

/* Finds texts in a dictionary: places of a hash table hold codes + 1. */
typedef struct trdbi_hash {
    int32_t *places;
    size_t mask;
    int32_t last; /* the code that was found last */
} trdbi_hash;

struct trdbi_vector {
    trdb_column_view view; /* complete only at the end */
    const trdbi_field *field;
    trdbi_put_fn put;
    trdbi_put_fn put_more; /* from the second value on */
    uint32_t oid;
    int32_t form;
    bool null_infinity;
    bool unfolds; /* codes that become text when they are no use */
    size_t width; /* bytes of a value; 0 for bits, and for what lies between offsets */
    size_t room;  /* values for which there is memory */
    unsigned char *validity;
    char *data; /* of values with a width: NULL while all are NULL */
    size_t data_size; /* of what lies between offsets */
    size_t data_room;
    int64_t *offsets;
    trdbi_vector *child; /* dictionary or elements; their length is kept in view.length */
    trdbi_hash hash;
    const char *problem; /* of the last failure; a static text */
};

/* Room for `room` values, but for the data of those with a width while there is none; what is new is neither NULL
 * nor zeroed. */
bool trdbi_vector_reserve(trdbi_vector *v, size_t room);
void trdbi_vector_free(trdbi_vector *v);
void trdbi_vector_null(trdbi_vector *v, size_t row);
/* Ends value `row` with these bytes. */
bool trdbi_vector_bytes(trdbi_vector *v, size_t row, const char *data, size_t size);
/* A text vector, for dictionaries and elements. NULL when out of memory. */
trdbi_vector *trdbi_vector_child(void);

/* vector_text.c: a dictionary, with a set's texts in it. */
bool trdbi_vector_dictionary(trdbi_vector *v, const trdbi_enum *set);
/* Turns codes into texts: `rows` of them. */
int trdbi_vector_unfold(trdbi_vector *v, size_t rows);
int trdbi_put_text(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_code(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_jsonb(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_inet(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_texts(trdbi_vector *v, size_t row, const char *data, size_t size);
/* As code or as text, by the vector's kind. */
static inline int trdbi_put_either(trdbi_vector *v, size_t row, const char *data, size_t size) {
    return v->hash.places ? trdbi_put_code(v, row, data, size) : trdbi_put_text(v, row, data, size);
}

/* vector_number.c */
int trdbi_put_i64(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_bool(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_timestamp(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_uuid(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_decimal(trdbi_vector *v, size_t row, const char *data, size_t size);
int trdbi_put_f64(trdbi_vector *v, size_t row, const char *data, size_t size);
