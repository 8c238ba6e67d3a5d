/* SPDX-License-Identifier: MIT */
/* Text helpers. */
#pragma once

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Counts the characters of valid UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
 * -1 when it is not valid. */
ptrdiff_t trdbi_utf8_length(const char *text, size_t size);

/* Whether all bytes are ASCII, for which nothing else need be asked. Short texts take two overlapping words. */
static inline bool trdbi_is_ascii(const char *text, size_t size) {
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t first = 0, last = 0;
    if (size < 4) {
        for (size_t i = 0; i < size; i++)
            first |= (unsigned char)text[i];
        return !(first & 0x80);
    }
    if (size < 8) {
        memcpy(&first, text, 4);
        memcpy(&last, text + size - 4, 4);
        return !((first | last) & high);
    }
    memcpy(&last, text + size - 8, 8);
    for (size_t i = 0; i + 8 < size; i += 8) {
        memcpy(&first, text + i, 8);
        last |= first;
    }
    return !(last & high);
}

/* Big-endian reads and writes of protocol data; the caller has checked the length. */
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

static inline void trdbi_put_u16(void *data, uint16_t value) {
    value = htobe16(value);
    memcpy(data, &value, sizeof value);
}
static inline void trdbi_put_u32(void *data, uint32_t value) {
    value = htobe32(value);
    memcpy(data, &value, sizeof value);
}
static inline void trdbi_put_u64(void *data, uint64_t value) {
    value = htobe64(value);
    memcpy(data, &value, sizeof value);
}

/* Microseconds: of the wall clock since 1970 UTC, and of the monotonic clock. */
int64_t trdbi_now_us(void);
int64_t trdbi_monotonic_us(void);
/* The monotonic clock at its last tick, some milliseconds ago at most, for a fraction of the price. */
int64_t trdbi_coarse_us(void);

/* A number made of the time and an address, for spreading things out: nothing depends on its quality. */
uint64_t trdbi_chance(const void *salt);
