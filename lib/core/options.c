/* SPDX-License-Identifier: MIT */
#include "core/core.h"

#include <string.h>

enum { MAX_STRUCT_SIZE = 4096 }; /* beyond it struct_size was never set */

int trdbi_copy_struct(void *dst, size_t dst_size, const void *src, const char *what, trdb_error **reterr) {
    size_t size = dst_size;
    if (src)
        memcpy(&size, src, sizeof size);
    if (size < sizeof size || size > MAX_STRUCT_SIZE)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: struct_size is %zu; begin with %s_init()", what, size,
                           what);
    const unsigned char *bytes = src;
    for (size_t i = dst_size; i < size; i++)
        if (bytes[i] != 0)
            return trdbi_error(
                reterr, TRDB_E_INVALID,
                "%s: a field is set that this library (%s) does not know; it needs a newer one", what,
                TRDB_VERSION);
    memset(dst, 0, dst_size);
    if (src)
        memcpy(dst, src, size < dst_size ? size : dst_size);
    memcpy(dst, &dst_size, sizeof dst_size);
    return 0;
}
