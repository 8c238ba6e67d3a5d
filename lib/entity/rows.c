/* SPDX-License-Identifier: MIT */
/* Rows and lists: one arena each, so that freeing is one call and a reader needs no lock. */
#include "entity/internal.h"

#include <stdlib.h>

/* Stands right before a single row, so that freeing a row finds its arena. */
typedef struct row_head {
    trdbi_arena *arena;
    size_t reserved;
} row_head;

struct trdbi_list {
    trdbi_arena *arena;
    char *rows;
    size_t count;
    size_t stride;
    size_t room; /* of a list that grows: rows that fit `rows`, which is then no part of the arena */
};

int trdbi_row_new(const trdbi_result *result, size_t index, const trdbi_field *fields, size_t stride,
                  size_t count, size_t row_size, void **ret, trdb_error **reterr) {
    trdbi_arena *arena = trdbi_arena_new(sizeof(row_head) + row_size + trdbi_result_text_size(result));
    row_head *head = arena ? trdbi_arena_alloc(arena, sizeof(row_head) + row_size) : NULL;
    if (!head) {
        trdbi_arena_free(arena);
        return trdbi_error_nomem(reterr);
    }
    head->arena = arena;
    int code = trdbi_result_decode(result, index, fields, stride, count, arena, head + 1, reterr);
    if (code < 0) {
        trdbi_arena_free(arena);
        return code;
    }
    *ret = head + 1;
    return 0;
}

void trdbi_row_free(void *row) {
    if (row)
        trdbi_arena_free(((row_head *)row - 1)->arena);
}

static trdbi_list *list_new(size_t capacity, size_t row_size, size_t text_size) {
    size_t rows_size = 0;
    if (__builtin_mul_overflow(capacity, row_size, &rows_size))
        return NULL;
    trdbi_arena *arena = trdbi_arena_new(sizeof(trdbi_list) + rows_size + text_size);
    if (!arena)
        return NULL;
    trdbi_list *list = trdbi_arena_alloc(arena, sizeof *list);
    char *rows = trdbi_arena_alloc(arena, rows_size);
    if (!list || !rows) {
        trdbi_arena_free(arena);
        return NULL;
    }
    *list = (trdbi_list){.arena = arena, .rows = rows, .stride = row_size};
    return list;
}

trdbi_list *trdbi_list_empty(size_t capacity, size_t row_size) {
    return list_new(capacity, row_size, 0);
}

int trdbi_list_new(const trdbi_result *result, const trdbi_field *fields, size_t stride, size_t count,
                   size_t row_size, trdbi_list **ret, trdb_error **reterr) {
    size_t rows = trdbi_result_rows(result);
    trdbi_list *list = list_new(rows, row_size, trdbi_result_text_size(result));
    if (!list)
        return trdbi_error_nomem(reterr);
    for (; list->count < rows; list->count++) {
        int code = trdbi_result_decode(result, list->count, fields, stride, count, list->arena,
                                       list->rows + list->count * row_size, reterr);
        if (code < 0) {
            trdbi_list_free(list);
            return code;
        }
    }
    *ret = list;
    return 0;
}

int trdbi_list_add(trdbi_list *list, const trdbi_result *result, size_t row, const trdbi_field *fields,
                   size_t stride, size_t count, trdb_error **reterr) {
    int code = trdbi_result_decode(result, row, fields, stride, count, list->arena,
                                   list->rows + list->count * list->stride, reterr);
    if (code == 0)
        list->count++;
    return code;
}

void trdbi_list_cut(trdbi_list *list, size_t count) {
    if (list && list->count > count) {
        memset(list->rows + count * list->stride, 0, (list->count - count) * list->stride);
        list->count = count;
    }
}

/* Rows point to text, never to rows, so that they may move while there are more to come; what is large moves by
 * its pages. */
trdbi_list *trdbi_list_growing(size_t row_size) {
    trdbi_list *list = list_new(0, row_size, 0);
    if (list)
        list->rows = NULL;
    return list;
}

static bool grow(trdbi_list *list) {
    enum { FIRST_ROOM = 32 };
    size_t room = list->room > 0 ? list->room * 2 : FIRST_ROOM;
    char *rows = reallocarray(list->rows, room, list->stride);
    if (!rows)
        return false;
    list->rows = rows;
    list->room = room;
    return true;
}

int trdbi_list_append(trdbi_list *list, const trdbi_field *fields, size_t stride, size_t count,
                      const uint32_t *types, const trdbi_value *values, trdb_error **reterr) {
    if (list->count == list->room && !grow(list))
        return trdbi_error_nomem(reterr);
    char *row = list->rows + list->count * list->stride;
    memset(row, 0, list->stride);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        const trdbi_field *field = (const trdbi_field *)(const void *)((const char *)fields + i * stride);
        code = trdbi_decode(field, types[i], values[i].data, values[i].size, list->arena, row, reterr);
    }
    if (code == 0)
        list->count++;
    return code;
}

void trdbi_list_complete(trdbi_list *list) {
    char *rows = list->count > 0 ? reallocarray(list->rows, list->count, list->stride) : NULL;
    if (rows) {
        list->rows = rows;
        list->room = list->count;
    }
}

void trdbi_list_free(trdbi_list *list) {
    if (!list)
        return;
    if (list->room > 0)
        free(list->rows);
    trdbi_arena_free(list->arena);
}

size_t trdbi_list_count(const trdbi_list *list) {
    return list ? list->count : 0;
}

const void *trdbi_list_at(const trdbi_list *list, size_t i) {
    return list && i < list->count ? list->rows + i * list->stride : NULL;
}

const void *trdbi_list_next(const trdbi_list *list, const void *row) {
    if (!list || !row)
        return NULL;
    const char *next = (const char *)row + list->stride;
    return next < list->rows + list->count * list->stride ? next : NULL;
}

const void *trdbi_list_rows(const trdbi_list *list, size_t *ret_stride, size_t *ret_count) {
    if (ret_stride)
        *ret_stride = list ? list->stride : 0;
    if (ret_count)
        *ret_count = list ? list->count : 0;
    return list ? list->rows : NULL;
}
