/* SPDX-License-Identifier: MIT */
/* A growing byte buffer. Errors stick: after the first failed growth every call is a no-op and `failed` is
 * set, so that a builder checks once, at its end. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct trdbi_buf {
    char *data; /* NUL-terminated once something was appended */
    size_t size;
    size_t room;
    bool failed;
} trdbi_buf;

void trdbi_buf_free(trdbi_buf *buf);  /* also makes it empty and usable again */
void trdbi_buf_clear(trdbi_buf *buf); /* keeps the memory */
void trdbi_buf_append(trdbi_buf *buf, const void *data, size_t size);
void trdbi_buf_text(trdbi_buf *buf, const char *text);
void trdbi_buf_char(trdbi_buf *buf, char c);
__attribute__((format(printf, 2, 3))) void trdbi_buf_printf(trdbi_buf *buf, const char *format, ...);
__attribute__((format(printf, 2, 0))) void trdbi_buf_vprintf(trdbi_buf *buf, const char *format,
                                                             va_list args);

/* A quoted SQL identifier: "trading_trades", with inner quotes doubled. */
void trdbi_buf_identifier(trdbi_buf *buf, const char *name);

/* Network byte order, as the protocol wants it. */
void trdbi_buf_u16(trdbi_buf *buf, uint16_t value);
void trdbi_buf_u32(trdbi_buf *buf, uint32_t value);
void trdbi_buf_u64(trdbi_buf *buf, uint64_t value);

/* Makes room for `more` bytes and a NUL behind them; false when out of memory. */
bool trdbi_buf_grow(trdbi_buf *buf, size_t more);

/* Room for `size` more bytes at the end, counted as used; NULL when out of memory. */
char *trdbi_buf_extend(trdbi_buf *buf, size_t size);

/* The same, not counted yet: what is written there counts with trdbi_buf_use(). */
static inline char *trdbi_buf_room(trdbi_buf *buf, size_t size) {
    if (__builtin_expect(buf->failed || size >= buf->room - buf->size, 0) && !trdbi_buf_grow(buf, size))
        return NULL;
    return buf->data + buf->size;
}
static inline void trdbi_buf_use(trdbi_buf *buf, size_t size) {
    buf->size += size;
    buf->data[buf->size] = '\0';
}
/* Takes back what was appended since the buffer had `size` bytes. */
static inline void trdbi_buf_cut(trdbi_buf *buf, size_t size) {
    if (buf->size > size)
        buf->data[buf->size = size] = '\0';
}

static inline void trdbi_buf_cleanup(trdbi_buf *buf) {
    trdbi_buf_free(buf);
}
