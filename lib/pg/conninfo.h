/* SPDX-License-Identifier: MIT */
/* The inside of a parsed connection string, for lib/pg only. */
#pragma once

#include "pg/pg.h"

#include <libpq-fe.h>

struct trdbi_conninfo {
    PQconninfoOption *options; /* ends with a NULL keyword; values that were not given are NULL */
};
