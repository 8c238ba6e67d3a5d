/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/text.h"

/* Bytes of the sequence that starts at p, or 0 when it is not valid. The second byte's range excludes
 * overlong forms, surrogates and what lies above U+10FFFF (RFC 3629, section 4). */
static size_t sequence_size(const unsigned char *p, size_t left) {
    unsigned char lead = p[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t size;
    if (lead < 0x80)
        return 1;
    if (lead >= 0xC2 && lead <= 0xDF)
        size = 2;
    else if (lead >= 0xE0 && lead <= 0xEF) {
        size = 3;
        if (lead == 0xE0)
            low = 0xA0;
        else if (lead == 0xED)
            high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        size = 4;
        if (lead == 0xF0)
            low = 0x90;
        else if (lead == 0xF4)
            high = 0x8F;
    } else
        return 0;
    if (left < size || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return size;
}

ptrdiff_t trdbi_utf8_length(const char *text, size_t size) {
    const unsigned char *p = (const unsigned char *)text;
    ptrdiff_t characters = 0;
    for (size_t i = 0; i < size;) {
        /* Eight ASCII characters at a time: most text is nothing else. */
        uint64_t eight;
        if (size - i >= sizeof(eight)) {
            memcpy(&eight, p + i, sizeof(eight));
            if ((eight & UINT64_C(0x8080808080808080)) == 0) {
                i += sizeof(eight);
                characters += (ptrdiff_t)sizeof(eight);
                continue;
            }
        }
        size_t step = sequence_size(p + i, size - i);
        if (step == 0)
            return -1;
        i += step;
        characters++;
    }
    return characters;
}
