/* SPDX-License-Identifier: MIT */
#include "base/buf.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM ((size_t)256)

void trdbi_buf_free(trdbi_buf *buf) {
    free(buf->data);
    *buf = (trdbi_buf){0};
}

void trdbi_buf_clear(trdbi_buf *buf) {
    buf->size = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

bool trdbi_buf_grow(trdbi_buf *buf, size_t more) {
    if (buf->failed)
        return false;
    if (buf->room > buf->size && more < buf->room - buf->size)
        return true;
    size_t room = buf->room ? buf->room : FIRST_ROOM;
    while (room <= buf->size || more >= room - buf->size) {
        if (room > PTRDIFF_MAX / 2) {
            buf->failed = true;
            return false;
        }
        room *= 2;
    }
    char *data = realloc(buf->data, room);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->room = room;
    return true;
}

char *trdbi_buf_extend(trdbi_buf *buf, size_t size) {
    if (!trdbi_buf_grow(buf, size))
        return NULL;
    char *start = buf->data + buf->size;
    buf->size += size;
    buf->data[buf->size] = '\0';
    return start;
}

void trdbi_buf_append(trdbi_buf *buf, const void *data, size_t size) {
    char *room = trdbi_buf_extend(buf, size);
    if (room && size > 0)
        memcpy(room, data, size);
}

void trdbi_buf_text(trdbi_buf *buf, const char *text) {
    trdbi_buf_append(buf, text, strlen(text));
}

void trdbi_buf_char(trdbi_buf *buf, char c) {
    trdbi_buf_append(buf, &c, 1);
}

void trdbi_buf_vprintf(trdbi_buf *buf, const char *format, va_list args) {
    /* Most text fits at the first try. */
    if (!trdbi_buf_grow(buf, 64))
        return;
    va_list again;
    va_copy(again, args);
    size_t room = buf->room - buf->size;
    int length = vsnprintf(buf->data + buf->size, room, format, args);
    if (length < 0)
        buf->failed = true;
    else if ((size_t)length < room)
        buf->size += (size_t)length;
    else if (trdbi_buf_grow(buf, (size_t)length)) {
        (void)vsnprintf(buf->data + buf->size, (size_t)length + 1, format, again);
        buf->size += (size_t)length;
    }
    va_end(again);
    /* A failed call leaves no half of its text behind. */
    if (buf->failed)
        buf->data[buf->size] = '\0';
}

void trdbi_buf_printf(trdbi_buf *buf, const char *format, ...) {
    va_list args;
    va_start(args, format);
    trdbi_buf_vprintf(buf, format, args);
    va_end(args);
}

void trdbi_buf_identifier(trdbi_buf *buf, const char *name) {
    trdbi_buf_char(buf, '"');
    for (const char *quote; (quote = strchr(name, '"')) != NULL; name = quote + 1) {
        trdbi_buf_append(buf, name, (size_t)(quote - name));
        trdbi_buf_append(buf, "\"\"", 2);
    }
    trdbi_buf_text(buf, name);
    trdbi_buf_char(buf, '"');
}

void trdbi_buf_u16(trdbi_buf *buf, uint16_t value) {
    unsigned char bytes[2];
    trdbi_put_u16(bytes, value);
    trdbi_buf_append(buf, bytes, sizeof(bytes));
}

void trdbi_buf_u32(trdbi_buf *buf, uint32_t value) {
    unsigned char bytes[4];
    trdbi_put_u32(bytes, value);
    trdbi_buf_append(buf, bytes, sizeof(bytes));
}

void trdbi_buf_u64(trdbi_buf *buf, uint64_t value) {
    unsigned char bytes[8];
    trdbi_put_u64(bytes, value);
    trdbi_buf_append(buf, bytes, sizeof(bytes));
}
