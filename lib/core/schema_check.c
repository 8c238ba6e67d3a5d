/* SPDX-License-Identifier: MIT */
/* Does a database have the tables that this library was made for? Asked by the pool's first connection. */
#include "core/migrate.h"

#include <stdlib.h>

/* The last migration of a chain that the library carries; 0 for a chain that it does not. */
static long newest_known(const char *chain) {
    long newest = 0;
    for (const trdbi_builtin_migration *m = trdbi_builtin_migrations; m->chain; m++)
        newest += strcmp(m->chain, chain) == 0;
    return newest;
}

/* A chain that the library does not carry belongs to someone else; one that is not installed is not missed,
 * as long as there is one. */
static int compare(const trdbi_result *rows, const char *schema, trdb_error **reterr) {
    size_t chains = 0;
    for (size_t i = 0; i < trdbi_result_rows(rows); i++) {
        const char *chain = trdbi_result_text(rows, i, 0);
        const long applied = strtol(trdbi_result_text(rows, i, 1), NULL, 10);
        const long newest = newest_known(chain);
        if (newest == 0)
            continue;
        chains++;
        if (applied < newest)
            return trdbi_error(reterr, TRDB_E_SCHEMA,
                               "schema \"%s\" is at migration %ld of chain %s, this library needs %ld: run "
                               "`tradingdb migrate up`",
                               schema, applied, chain, newest);
        if (applied > newest)
            return trdbi_error(
                reterr, TRDB_E_SCHEMA_NEWER,
                "schema \"%s\" is at migration %ld of chain %s, this library knows %ld: use the release "
                "that made it, or a newer one",
                schema, applied, chain, newest);
    }
    return chains > 0 ? 0 : TRDB_E_SCHEMA;
}

static int not_migrated(trdbi_conn *conn, const char *schema, trdb_error **reterr) {
    trdbi_result *name = NULL;
    int rc = trdbi_conn_exec(conn, "schema.database", "SELECT current_database()", &name, reterr);
    if (rc < 0)
        return rc;
    rc = trdbi_error(reterr, TRDB_E_SCHEMA,
                     "database \"%s\" has no tradingdb tables in schema \"%s\": run `tradingdb migrate up`",
                     trdbi_result_text(name, 0, 0), schema);
    trdbi_result_free(name);
    return rc;
}

static bool lacks_table(const trdb_error *error) {
    const char *sqlstate = trdb_error_sqlstate(error);
    return sqlstate && (strcmp(sqlstate, "42P01") == 0 || strcmp(sqlstate, "3F000") == 0);
}

int trdbi_schema_check(trdbi_conn *conn, const char *schema, trdb_error **reterr) {
    trdbi_buf sql = {0};
    trdb_error *error = NULL;
    trdbi_result *rows = NULL;
    schema = schema ? schema : "public";
    int rc = trdbi_schema_name_check(schema, reterr);
    if (rc < 0)
        return rc;
    trdbi_buf_text(&sql, "SELECT chain, max(version) FROM ");
    trdbi_buf_identifier(&sql, schema);
    trdbi_buf_text(&sql, ".trdb_migrations GROUP BY chain ORDER BY chain");
    rc = sql.failed ? trdbi_error_nomem(&error)
                    : trdbi_conn_exec(conn, "schema.check", sql.data, &rows, &error);
    trdbi_buf_free(&sql);

    const bool missing = rc < 0 && lacks_table(error);
    if (rc >= 0)
        rc = compare(rows, schema, &error);
    trdbi_result_free(rows);
    if (missing || (rc == TRDB_E_SCHEMA && !error)) {
        trdb_error_free(error);
        return not_migrated(conn, schema, reterr);
    }
    return rc < 0 ? trdbi_error_give(reterr, error, rc) : 0;
}
