/* SPDX-License-Identifier: MIT */
/* The conformance suite again, after the tables that decision 3 names were partitioned by month: nothing in
 * their API may stand against that. */
#include "conformance.h"

#include <stdlib.h>

static char *partitioned_database(void) {
    char *url = conf_database_with("partitions", "tests/db/partitions");
    char *count = harness_value(url, "SELECT count(*) FROM pg_partitioned_table");
    ck_assert_int_ge(atoi(count), 2);
    free(count);
    return url;
}

int main(void) {
    return conformance_run("partitioned", trdbi_tables, partitioned_database);
}
