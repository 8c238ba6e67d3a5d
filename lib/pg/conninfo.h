/* SPDX-License-Identifier: MIT */
/* The inside of a parsed connection string, for lib/pg only. */
#pragma once

#include "pg/pg.h"

#include <libpq-fe.h>
#include <stdatomic.h>

struct trdbi_conninfo {
    atomic_int references;
    atomic_int hanging; /* attempts to connect that were given up and are not back */
    PQconninfoOption *options; /* ends with a NULL keyword; values that were not given are NULL */
};
