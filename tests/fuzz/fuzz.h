/* SPDX-License-Identifier: MIT */
/*
 * What the fuzz targets share. A target is one file that defines LLVMFuzzerTestOneInput(); clang links it
 * with libFuzzer (run.sh), any compiler with replay.c, which feeds it its corpus. A property that does not
 * hold aborts.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(condition) ((condition) ? (void)0 : fuzz_failed(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

/* Bytes being consumed; what is missing at the end reads as zero. */
typedef struct fuzz_bytes {
    const uint8_t *data;
    size_t size;
} fuzz_bytes;

uint8_t fuzz_byte(fuzz_bytes *in);
uint64_t fuzz_word(fuzz_bytes *in);
size_t fuzz_below(fuzz_bytes *in, size_t limit);
void fuzz_fill(fuzz_bytes *in, void *dst, size_t size);

/* The next bytes up to a NUL or the end, at most `most` of them, in memory of just that size, so that a byte
 * read too many is seen; terminated. free() it. */
char *fuzz_text(fuzz_bytes *in, size_t most);
/* The same for raw bytes, whose number comes first; not terminated. */
char *fuzz_blob(fuzz_bytes *in, size_t most, size_t *ret_size);
