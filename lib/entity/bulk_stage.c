/* SPDX-License-Identifier: MIT */
/*
 * Many upserts: COPY into a temporary table, then one INSERT … ON CONFLICT from there, all in two round trips.
 * The temporary table is dropped at once, so that nothing of it stays in a session, pooled or not.
 *
 * A statement may not write a row twice. Of rows with the same unique key the last one goes, which is what
 * comes of upserting them one after the other.
 */
#include "entity/bulk.h"

#include <stdio.h>
#include <stdlib.h>

#define STAGE "pg_temp.trdb_stage"

typedef struct staging {
    trdbi_bulk *b;
    size_t first, count; /* of the piece */
    size_t made;
} staging;

static int fill(void *arg, trdbi_buf *out, trdb_error **reterr) {
    staging *s = arg;
    return trdbi_bulk_fill(s->b, s->first, s->count, &s->made, out, reterr);
}

/* The staged rows, but for those that a later one replaces. Rows that the unique index does not cover, or
 * whose key is NULL, replace none. */
static void put_last_rows(const trdbi_bulk *b, trdbi_buf *sql) {
    const trdbi_unique *unique = &b->table->uniques[b->unique];
    const char *predicate = unique->predicate ? unique->predicate : "true";
    trdbi_buf_text(sql, "SELECT ");
    trdbi_bulk_columns(sql, &b->rows, "");
    trdbi_buf_printf(sql,
                     " FROM (SELECT s.*, row_number() OVER (PARTITION BY %s, (%s) ORDER BY trdb_row DESC) AS "
                     "trdb_turn FROM " STAGE " s) s "
                     "WHERE trdb_turn = 1 OR (ROW(%s) IS NOT NULL AND (%s)) IS NOT TRUE ORDER BY trdb_row",
                     unique->keys, predicate, unique->keys, predicate);
}

static void build(const trdbi_bulk *b, trdbi_buf *sql) {
    const char *schema = trdbi_uow_schema(b->uow);
    trdbi_buf_text(sql, "SAVEPOINT " TRDBI_BULK_SAVEPOINT "; CREATE TEMPORARY TABLE trdb_stage ON COMMIT DROP "
                        "AS SELECT NULL::int8 AS trdb_row, ");
    trdbi_bulk_columns(sql, &b->rows, "");
    trdbi_buf_text(sql, " FROM ");
    trdbi_buf_text(sql, schema);
    trdbi_buf_identifier(sql, b->table->name);
    trdbi_buf_text(sql, " WITH NO DATA; COPY " STAGE " FROM STDIN (FORMAT binary); "
                        "WITH done AS (INSERT INTO ");
    trdbi_buf_text(sql, schema);
    trdbi_buf_identifier(sql, b->table->name);
    trdbi_buf_text(sql, " AS t (");
    trdbi_bulk_columns(sql, &b->rows, "");
    trdbi_buf_text(sql, ") ");
    put_last_rows(b, sql);
    trdbi_build_conflict(sql, b->table, b->unique, b->rows.columns);
    trdbi_buf_text(sql, " RETURNING t.xmax = 0 AS fresh) SELECT count(*) FILTER (WHERE fresh), "
                        "count(*) FILTER (WHERE NOT fresh) FROM done; DROP TABLE " STAGE
                        "; RELEASE SAVEPOINT " TRDBI_BULK_SAVEPOINT);
}

static void count(trdbi_bulk *b, const trdbi_result *result) {
    if (!result || trdbi_result_rows(result) != 1 || trdbi_result_columns(result) != 2)
        return;
    b->inserted += strtoul(trdbi_result_text(result, 0, 0), NULL, 10);
    b->updated += strtoul(trdbi_result_text(result, 0, 1), NULL, 10);
}

int trdbi_bulk_stage(trdbi_bulk *b, trdb_error **reterr) {
    char name[96];
    staging s = {.b = b, .first = b->done, .count = trdbi_bulk_room(b)};
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_result *result = NULL;
    build(b, &sql);
    if (sql.failed)
        return trdbi_error_nomem(reterr);
    snprintf(name, sizeof name, "%s.stage", b->table->name);
    const trdbi_copy job = {
        .name = name, .sql = sql.data, .secret = b->table->secret, .fill = fill, .arg = &s};
    b->rows.numbered = true;
    int code = trdbi_uow_copy(b->uow, &job, &result, reterr);
    b->rows.numbered = false;
    if (code == 0) {
        count(b, result);
        trdbi_result_free(result);
        b->done += s.made;
        return 0;
    }
    trdbi_error_shift_row(reterr, (int64_t)s.first);
    code = trdbi_bulk_look_again(b, code, reterr);
    return trdbi_bulk_retry(b, s.first, s.first + s.made, code, reterr);
}
