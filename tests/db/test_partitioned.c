/* SPDX-License-Identifier: MIT */
/* The conformance suite again, after the tables that decision 3 names were partitioned by month: nothing in their API
 * may stand against that. */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>

static char *partitioned_database(void) {
    char *url = harness_database();
    char *directory = NULL;
    trdb_error *err = NULL;
    ck_assert_int_ge(asprintf(&directory, "%s/tests/db/partitions", getenv("TRDB_TEST_SOURCE")), 0);
    trdb_migrate_options options = trdb_migrate_options_init();
    options.chain = "partitions";
    options.directory = directory;
    ck_ok(trdb_migrate_up(url, &options, NULL, &err), err);
    free(directory);
    char *count = harness_value(url, "SELECT count(*) FROM pg_partitioned_table");
    ck_assert_int_ge(atoi(count), 2);
    free(count);
    return url;
}

int main(void) {
    return conformance_run("partitioned", trdbi_tables, partitioned_database);
}
