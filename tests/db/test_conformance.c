/* SPDX-License-Identifier: MIT */
/* Every table of the library, on a database as the migrations make it. */
#include "conformance.h"

int main(void) {
    return conformance_run("conformance", trdbi_tables, harness_database);
}
