/* SPDX-License-Identifier: MIT */
/* Memory that is freed at once: rows, lists and reports live in an arena each. */
#pragma once

#include <stddef.h>

typedef struct trdbi_arena trdbi_arena;

/* Makes an arena whose first block has room for `hint` bytes. NULL when out of memory. */
trdbi_arena *trdbi_arena_new(size_t hint);
void trdbi_arena_free(trdbi_arena *arena);

/* Zeroed memory, aligned for any type. NULL when out of memory. */
void *trdbi_arena_alloc(trdbi_arena *arena, size_t size);

/* Unaligned, not zeroed: for text and bytes. A size of 0 still gives a pointer of its own. */
char *trdbi_arena_bytes(trdbi_arena *arena, size_t size);

/* A NUL-terminated copy. */
char *trdbi_arena_text(trdbi_arena *arena, const char *text, size_t size);
