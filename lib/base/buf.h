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

/* Room for `size` more bytes at the end, counted as used; NULL when out of memory. */
char *trdbi_buf_extend(trdbi_buf *buf, size_t size);

static inline void trdbi_buf_cleanup(trdbi_buf *buf) {
    trdbi_buf_free(buf);
}
