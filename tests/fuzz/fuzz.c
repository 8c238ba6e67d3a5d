/* SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_failed(const char *file, int line, const char *condition) {
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

uint8_t fuzz_byte(fuzz_bytes *in) {
    if (in->size == 0)
        return 0;
    in->size--;
    return *in->data++;
}

uint64_t fuzz_word(fuzz_bytes *in) {
    uint64_t value;
    fuzz_fill(in, &value, sizeof value);
    return value;
}

size_t fuzz_below(fuzz_bytes *in, size_t limit) {
    return fuzz_byte(in) % limit;
}

void fuzz_fill(fuzz_bytes *in, void *dst, size_t size) {
    size_t there = size < in->size ? size : in->size;
    memset(dst, 0, size);
    if (there > 0)
        memcpy(dst, in->data, there);
    in->data += there;
    in->size -= there;
}

static char *copy(const void *data, size_t size, size_t room) {
    char *memory = malloc(room ? room : 1);
    if (!memory)
        abort();
    if (size > 0)
        memcpy(memory, data, size);
    return memory;
}

char *fuzz_text(fuzz_bytes *in, size_t most) {
    size_t size = 0;
    while (size < in->size && size < most && in->data[size] != 0)
        size++;
    char *text = copy(in->data, size, size + 1);
    text[size] = '\0';
    size += size < in->size && in->data[size] == 0;
    in->data += size;
    in->size -= size;
    return text;
}

char *fuzz_blob(fuzz_bytes *in, size_t most, size_t *ret_size) {
    size_t size = fuzz_byte(in);
    if (size > most)
        size = most;
    if (size > in->size)
        size = in->size;
    char *blob = copy(in->data, size, size);
    in->data += size;
    in->size -= size;
    *ret_size = size;
    return blob;
}
