/* SPDX-License-Identifier: MIT */
/* The inside of columns, for the files that make them and that hand them on. */
#pragma once

#include "entity/internal.h"
#include "pg/vector.h"

#include <stdatomic.h>

/* Shared by the caller's handle and by what was exported; whoever lets go last frees it. */
struct trdb_columns {
    atomic_int references;
    trdbi_vectors vectors;
};

static inline trdb_columns *trdbi_columns_ref(trdb_columns *columns) {
    atomic_fetch_add(&columns->references, 1);
    return columns;
}
