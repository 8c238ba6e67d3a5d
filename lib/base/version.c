/* SPDX-License-Identifier: MIT */
#include <tradingdb/base.h>

const char *trdb_version(void) {
    return TRDB_VERSION;
}
