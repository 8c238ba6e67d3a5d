/* SPDX-License-Identifier: MIT */
/* inet and cidr on the wire: family, bits, whether cidr, size of the address, the address. */
#include "pg/codec_types.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { FAMILY_V4 = 2, FAMILY_V6 = 3 }; /* the protocol's own numbers */

/* Digits only, without leading zeros: what the server prints. */
static bool parse_bits(const char *text, unsigned max, unsigned *ret) {
    size_t length = strspn(text, "0123456789");
    if (length == 0 || length > 3 || text[length] != '\0' || (text[0] == '0' && length > 1))
        return false;
    unsigned bits = 0;
    for (const char *p = text; *p; p++)
        bits = bits * 10 + (unsigned)(*p - '0');
    *ret = bits;
    return bits <= max;
}

int trdbi_inet_encode(trdbi_buf *buf, const char *text) {
    char address[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    size_t length = strcspn(text, "/");
    if (length >= sizeof address)
        return TRDB_E_INVALID;
    memcpy(address, text, length);
    address[length] = '\0';

    bool v6 = strchr(address, ':') != NULL;
    size_t size = v6 ? 16 : 4;
    unsigned bits = v6 ? 128 : 32;
    if (inet_pton(v6 ? AF_INET6 : AF_INET, address, bytes) != 1)
        return TRDB_E_INVALID;
    if (text[length] == '/' && !parse_bits(text + length + 1, bits, &bits))
        return TRDB_E_INVALID;
    const char header[4] = {v6 ? FAMILY_V6 : FAMILY_V4, (char)bits, 0, (char)size};
    trdbi_buf_append(buf, header, sizeof header);
    trdbi_buf_append(buf, bytes, size);
    return 0;
}

int trdbi_inet_decode(const void *data, size_t size, char *text) {
    const unsigned char *p = data;
    if (size < 4)
        return TRDB_E_PROTOCOL;
    unsigned family = p[0], bits = p[1], is_cidr = p[2], address_size = p[3];
    bool v6 = family == FAMILY_V6;
    unsigned max = v6 ? 128 : 32;
    if ((family != FAMILY_V4 && !v6) || address_size != max / 8 || size != 4 + address_size || bits > max)
        return TRDB_E_PROTOCOL;
    char address[INET6_ADDRSTRLEN];
    if (!inet_ntop(v6 ? AF_INET6 : AF_INET, p + 4, address, sizeof address))
        return TRDB_E_PROTOCOL;
    if (bits == max && !is_cidr)
        snprintf(text, TRDBI_INET_TEXT_SIZE, "%s", address);
    else
        snprintf(text, TRDBI_INET_TEXT_SIZE, "%s/%u", address, bits);
    return 0;
}
