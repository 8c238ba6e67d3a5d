/* SPDX-License-Identifier: MIT */
#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MIN_BLOCK ((size_t)1024)
#define MAX_GROWTH ((size_t)1024 * 1024)
#define ALIGNMENT alignof(max_align_t)

/* Blocks form a list, the one that is being filled first. */
typedef struct block {
    struct block *next;
    size_t size; /* bytes of data */
    size_t used;
    alignas(max_align_t) unsigned char data[];
} block;

struct trdbi_arena {
    block *blocks;
    size_t next_size; /* of the next ordinary block; doubles up to MAX_GROWTH */
};

static block *block_new(size_t size) {
    /* No object may be larger than PTRDIFF_MAX. */
    if (size > PTRDIFF_MAX - sizeof(block))
        return NULL;
    block *b = malloc(sizeof(block) + size);
    if (!b)
        return NULL;
    b->next = NULL;
    b->size = size;
    b->used = 0;
    return b;
}

trdbi_arena *trdbi_arena_new(size_t hint) {
    trdbi_arena *arena = malloc(sizeof(*arena));
    if (!arena)
        return NULL;
    size_t size = hint < MIN_BLOCK ? MIN_BLOCK : hint;
    arena->blocks = block_new(size);
    if (!arena->blocks) {
        free(arena);
        return NULL;
    }
    arena->next_size = size < MAX_GROWTH / 2 ? size * 2 : MAX_GROWTH;
    return arena;
}

void trdbi_arena_free(trdbi_arena *arena) {
    if (!arena)
        return;
    for (block *b = arena->blocks; b;) {
        block *next = b->next;
        free(b);
        b = next;
    }
    free(arena);
}

/* Space in a new block. An oversized request gets a block of its own, put behind the current one, so that the
 * room left in the current one is not given up. */
static unsigned char *take_new_block(trdbi_arena *arena, size_t size) {
    bool oversized = size > arena->next_size / 4;
    block *b = block_new(oversized ? size : arena->next_size);
    if (!b)
        return NULL;
    b->used = size;
    if (oversized) {
        b->next = arena->blocks->next;
        arena->blocks->next = b;
        return b->data;
    }
    b->next = arena->blocks;
    arena->blocks = b;
    if (arena->next_size < MAX_GROWTH)
        arena->next_size *= 2;
    return b->data;
}

static unsigned char *take(trdbi_arena *arena, size_t size, size_t alignment) {
    block *b = arena->blocks;
    size_t start = (b->used + alignment - 1) & ~(alignment - 1);
    if (size == 0)
        size = 1;
    if (start > b->size || size > b->size - start)
        return take_new_block(arena, size);
    b->used = start + size;
    return b->data + start;
}

void *trdbi_arena_alloc(trdbi_arena *arena, size_t size) {
    unsigned char *memory = take(arena, size, ALIGNMENT);
    return memory ? memset(memory, 0, size) : NULL;
}

char *trdbi_arena_bytes(trdbi_arena *arena, size_t size) {
    return (char *)take(arena, size, 1);
}

char *trdbi_arena_text(trdbi_arena *arena, const char *text, size_t size) {
    if (size == SIZE_MAX)
        return NULL;
    char *copy = trdbi_arena_bytes(arena, size + 1);
    if (!copy)
        return NULL;
    if (size > 0)
        memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
