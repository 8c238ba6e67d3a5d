/* SPDX-License-Identifier: MIT */
/* Text helpers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Counts the characters of valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
 * -1 when it is not valid. */
ptrdiff_t trdbi_utf8_length(const char *text, size_t size);

/* Big-endian reads of protocol data; the caller has checked the length. */
static inline uint16_t trdbi_get_u16(const void *data) {
    const unsigned char *p = data;
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}
static inline uint32_t trdbi_get_u32(const void *data) {
    const unsigned char *p = data;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t trdbi_get_u64(const void *data) {
    return (uint64_t)trdbi_get_u32(data) << 32 | trdbi_get_u32((const char *)data + 4);
}

/* Microseconds: of the wall clock since 1970 UTC, and of the monotonic clock. */
int64_t trdbi_now_us(void);
int64_t trdbi_monotonic_us(void);
/* The monotonic clock at its last tick, some milliseconds ago at most, for a fraction of the price. */
int64_t trdbi_coarse_us(void);

/* A number made of the time and an address, for spreading things out: nothing depends on its quality. */
uint64_t trdbi_chance(const void *salt);
