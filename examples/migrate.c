/* SPDX-License-Identifier: MIT */
/* Brings the database that DB_URL names up to date, as an engine may do at its start. */
#include <stdio.h>
#include <tradingdb/tradingdb.h>

int main(void) {
    TRDB_AUTO(trdb_error) *err = NULL;
    TRDB_AUTO(trdb_migration_list) *applied = NULL;
    if (trdb_migrate_up(NULL, NULL, &applied, &err) < 0) {
        fprintf(stderr, "%s\n", trdb_error_message(err));
        return 1;
    }
    TRDB_FOREACH(trdb_migration, migration, applied)
        printf("applied %s\n", migration->file);
    printf("%zu migrations applied; the schema is up to date\n", trdb_migration_list_count(applied));
    return 0;
}
