/* SPDX-License-Identifier: MIT */
/* Plain values straight into a buffer, for the files that write rows. */
#pragma once

#include "base/text.h"
#include "entity/bulk.h"

enum { LENGTH = 4, ROOM = 64 /* for any value but a text */ };

typedef uint64_t two_words __attribute__((vector_size(16)));

/* Copies ASCII; false for any other text. The last words may overlap those before. */
static inline bool copy_ascii(char *p, const char *text, size_t size) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    if (size >= 16) {
        two_words words, all = {0};
        for (size_t i = 0; i + 16 < size; i += 16) {
            memcpy(&words, text + i, 16);
            memcpy(p + i, &words, 16);
            all |= words;
        }
        memcpy(&words, text + size - 16, 16);
        memcpy(p + size - 16, &words, 16);
        all |= words;
        return !((all[0] | all[1]) & high);
    }
    if (size >= 8) {
        uint64_t first, last;
        memcpy(&first, text, 8);
        memcpy(&last, text + size - 8, 8);
        memcpy(p, &first, 8);
        memcpy(p + size - 8, &last, 8);
        return !((first | last) & high);
    }
    if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, text, 4);
        memcpy(&last, text + size - 4, 4);
        memcpy(p, &first, 4);
        memcpy(p + size - 4, &last, 4);
        return !((first | last) & (uint32_t)high);
    }
    unsigned all = 0;
    for (size_t i = 0; i < size; i++)
        all |= (unsigned char)(p[i] = text[i]);
    return !(all & 0x80);
}

static inline char *put_integer(char *p, int64_t value, unsigned size) {
    trdbi_put_u32(p, size);
    if (size == 4)
        trdbi_put_u32(p + LENGTH, (uint32_t)value);
    else if (size == 8)
        trdbi_put_u64(p + LENGTH, (uint64_t)value);
    else
        trdbi_put_u16(p + LENGTH, (uint16_t)value);
    return p + LENGTH + size;
}

/* Where the next value goes, in place of the buffer's size while rows are written. */
typedef struct row_pen {
    char *at;          /* ROOM bytes are free; NULL: out of memory */
    const char *limit; /* a text ends before */
} row_pen;

/* Room for a text up to the limit and `values` values behind it. */
static inline void pen_down(row_pen *pen, trdbi_buf *out, size_t values) {
    pen->at = trdbi_buf_room(out, ROOM * (values + 1));
    pen->limit = pen->at ? out->data + out->room - ROOM * values : NULL;
}

static inline void pen_up(const row_pen *pen, trdbi_buf *out) {
    if (pen->at)
        out->size = (size_t)(pen->at - out->data);
}

/*
 * The next ones write a plain value with its length to `p`, where ROOM bytes are free. They return where it
 * ends, or NULL: this one takes the other way. A row's members are whole and aligned: an array of the
 * caller's structs, or the copy of one.
 */
#define WRITES static inline __attribute__((always_inline)) char *
