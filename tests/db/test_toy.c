/* SPDX-License-Identifier: MIT */
/* The conformance suite on the generator's toy schema, which has a column of every type: uuid keys, inet,
 * arrays, bytea, native enums. */
#include "conformance.h"
#include "queries.h"

static char *toy_database(void) {
    return conf_database_with("toy", "tests/gen/toy/migrations/toy");
}

int main(void) {
    return conformance_run("toy", trdbi_toy_tables, toy_database);
}
