/* SPDX-License-Identifier: MIT */
/* Opens the database that DB_URL names and tells what the pool did. */
#include <stdio.h>
#include <tradingdb/tradingdb.h>

int main(void) {
    TRDB_AUTO(trdb_error) *err = NULL; /* freed when the scope ends */
    TRDB_AUTO(trdb_db) *db = NULL;     /* closed and freed */
    trdb_db_options options = trdb_db_options_init();
    options.application_name = "connect example";
    options.pool_size = 4;
    trdb_db_stats stats = trdb_db_stats_init();

    if (trdb_open(NULL, &options, &db, &err) < 0 || trdb_db_get_stats(db, &stats, &err) < 0) {
        fprintf(stderr, "%s\n", trdb_error_message(err));
        return 1;
    }
    printf("libtradingdb %s: connected, %lld connection open\n", trdb_version(), (long long)stats.open);
    return 0;
}
