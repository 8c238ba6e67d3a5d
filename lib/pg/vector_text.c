/* SPDX-License-Identifier: MIT */
/* Text, bytes, documents and arrays of text into vectors; dictionaries for what repeats. */
#include "base/text.h"
#include "pg/codec_types.h"
#include "pg/vector_put.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_PLACES = 64, UNFOLD_FROM = 1024 };

/* ---- dictionaries --------------------------------------------------------------------------------- */

static uint64_t hash_of(const char *data, size_t size) {
    uint64_t hash = size * UINT64_C(0x9e3779b97f4a7c15), word;
    for (; size >= sizeof word; data += sizeof word, size -= sizeof word) {
        memcpy(&word, data, sizeof word);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    word = 0;
    memcpy(&word, data, size);
    hash = (hash ^ word) * UINT64_C(0xc4ceb9fe1a85ec53);
    return hash ^ hash >> 29;
}

static const char *text_of(const trdbi_vector *texts, int32_t code, size_t *ret_size) {
    int64_t at = texts->offsets[code];
    *ret_size = (size_t)(texts->offsets[code + 1] - at);
    return texts->data + at;
}

static bool is_code(const trdbi_vector *texts, int32_t code, const char *data, size_t size) {
    size_t known_size;
    const char *known = text_of(texts, code, &known_size);
    return known_size == size && memcmp(known, data, size) == 0;
}

static bool rehash(trdbi_hash *hash, const trdbi_vector *texts, size_t places) {
    int32_t *bigger = calloc(places, sizeof *bigger);
    if (!bigger)
        return false;
    free(hash->places);
    hash->places = bigger;
    hash->mask = places - 1;
    for (int32_t code = 0; code < texts->view.length; code++) {
        size_t size;
        const char *text = text_of(texts, code, &size);
        size_t at = hash_of(text, size) & hash->mask;
        while (hash->places[at])
            at = (at + 1) & hash->mask;
        hash->places[at] = code + 1;
    }
    return true;
}

/* The place of a text, or the free one where it belongs. */
static size_t place_of(const trdbi_vector *v, const char *data, size_t size) {
    size_t at = hash_of(data, size) & v->hash.mask;
    while (v->hash.places[at] && !is_code(v->child, v->hash.places[at] - 1, data, size))
        at = (at + 1) & v->hash.mask;
    return at;
}

/* Appends a text to the dictionary; its hash table is at most half full. */
static int add_text(trdbi_vector *v, size_t at, const char *data, size_t size) {
    trdbi_vector *texts = v->child;
    size_t code = (size_t)texts->view.length;
    v->problem = "more than 2147483646 different texts do not fit a dictionary";
    if (code >= INT32_MAX - 1)
        return TRDB_E_RANGE;
    v->problem = NULL;
    if (code == texts->room && !trdbi_vector_reserve(texts, code > 0 ? code * 2 : FIRST_PLACES))
        return TRDB_E_NOMEM;
    if (!trdbi_vector_bytes(texts, code, data, size))
        return TRDB_E_NOMEM;
    texts->view.length++;
    v->hash.places[at] = (int32_t)code + 1;
    if (2 * code > v->hash.mask && !rehash(&v->hash, texts, 2 * (v->hash.mask + 1)))
        return TRDB_E_NOMEM;
    return 0;
}

bool trdbi_vector_dictionary(trdbi_vector *v, const trdbi_enum *set) {
    v->child = trdbi_vector_child();
    if (!v->child || !rehash(&v->hash, v->child, FIRST_PLACES))
        return false;
    for (int32_t i = 0; set && i < set->count; i++) {
        const char *text = set->values[i];
        if (add_text(v, place_of(v, text, strlen(text)), text, strlen(text)) < 0)
            return false;
    }
    return true;
}

int trdbi_vector_unfold(trdbi_vector *v, size_t rows) {
    const int32_t *codes = (const int32_t *)(const void *)v->data;
    trdbi_vector plain = {.view = v->view, .offsets = calloc(v->room + 1, sizeof *plain.offsets)};
    bool fits = plain.offsets != NULL;
    for (size_t row = 0; fits && row < rows; row++) {
        size_t size = 0;
        const char *text = v->validity[row / 8] >> row % 8 & 1 ? text_of(v->child, codes[row], &size) : "";
        fits = trdbi_vector_bytes(&plain, row, text, size);
    }
    if (!fits) {
        free(plain.offsets);
        free(plain.data);
        return TRDB_E_NOMEM;
    }
    free(v->data);
    free(v->hash.places);
    trdbi_vector_free(v->child);
    free(v->child);
    v->view.kind = TRDB_COLUMN_TEXT;
    v->width = 0;
    v->unfolds = false;
    v->data = plain.data;
    v->data_size = plain.data_size;
    v->data_room = plain.data_room;
    v->offsets = plain.offsets;
    v->child = NULL;
    v->hash = (trdbi_hash){0};
    return 0;
}

/* Most texts are the one before. */
int trdbi_put_code(trdbi_vector *v, size_t row, const char *data, size_t size) {
    int32_t *codes = (int32_t *)(void *)v->data;
    trdbi_hash *hash = &v->hash;
    if (hash->last < v->child->view.length && is_code(v->child, hash->last, data, size)) {
        codes[row] = hash->last;
        return 0;
    }
    size_t at = place_of(v, data, size);
    if (hash->places[at]) {
        codes[row] = hash->last = hash->places[at] - 1;
        return 0;
    }
    size_t count = (size_t)v->child->view.length;
    if (v->unfolds && count >= UNFOLD_FROM && 2 * count > row) {
        int code = trdbi_vector_unfold(v, row);
        return code < 0 ? code : trdbi_put_text(v, row, data, size);
    }
    int code = add_text(v, at, data, size);
    if (code == 0)
        codes[row] = hash->last = (int32_t)count;
    return code;
}

/* ---- text ----------------------------------------------------------------------------------------- */

int trdbi_put_text(trdbi_vector *v, size_t row, const char *data, size_t size) {
    return trdbi_vector_bytes(v, row, data, size) ? 0 : TRDB_E_NOMEM;
}

int trdbi_put_jsonb(trdbi_vector *v, size_t row, const char *data, size_t size) {
    if (size < 1 || data[0] != 1) /* the version of the format */
        return TRDB_E_PROTOCOL;
    return trdbi_put_text(v, row, data + 1, size - 1);
}

int trdbi_put_inet(trdbi_vector *v, size_t row, const char *data, size_t size) {
    char text[TRDBI_INET_TEXT_SIZE];
    if (trdbi_inet_decode(data, size, text) < 0)
        return TRDB_E_PROTOCOL;
    return trdbi_put_either(v, row, text, strlen(text));
}

/* ---- arrays --------------------------------------------------------------------------------------- */

static int put_element(trdbi_vector *items, const char *data, size_t size) {
    size_t at = (size_t)items->view.length;
    if (at == items->room && !trdbi_vector_reserve(items, at > 0 ? at * 2 : FIRST_PLACES))
        return TRDB_E_NOMEM;
    if (!data)
        trdbi_vector_null(items, at);
    else if (!trdbi_vector_bytes(items, at, data, size))
        return TRDB_E_NOMEM;
    items->view.length++;
    return 0;
}

int trdbi_put_texts(trdbi_vector *v, size_t row, const char *data, size_t size) {
    trdbi_texts_reader reader;
    int r = trdbi_texts_open(&reader, data, size, &v->problem);
    while (r == 0 && reader.left > 0) {
        const char *element = NULL;
        size_t length = 0;
        r = trdbi_texts_next(&reader, &element, &length);
        if (r == 0)
            r = put_element(v->child, element, length);
    }
    v->offsets[row + 1] = v->child->view.length;
    return r;
}
