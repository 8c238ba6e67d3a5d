/* SPDX-License-Identifier: MIT */
/* What is applied, and applying: a step and its entry in {schema}.trdb_migrations. */
#include "core/migrate.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what is applied ------------------------------------------------------------------------------- */

static int read_existence(trdbi_migrator *m, trdb_error **reterr) {
    trdbi_buf *sql = trdbi_migrator_sql(m);
    trdbi_buf_printf(
        sql,
        "SELECT n.oid IS NOT NULL, c.oid IS NOT NULL FROM (SELECT) one "
        "LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = '%s' "
        "LEFT JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = 'trdb_migrations'",
        m->options.schema);
    trdbi_result *result = NULL;
    int rc = trdbi_migrator_run(m, "migrate.existence", &result, reterr);
    if (rc < 0)
        return rc;
    if (trdbi_result_rows(result) != 1) {
        rc = trdbi_error(reterr, TRDB_E_PROTOCOL, "the server gave no answer about schema \"%s\"",
                         m->options.schema);
    } else {
        m->has_schema = trdbi_result_text(result, 0, 0)[0] == 't';
        m->has_table = trdbi_result_text(result, 0, 1)[0] == 't';
    }
    trdbi_result_free(result);
    return rc;
}

static void append_hex(trdbi_buf *sql, const char *bytes) {
    static const char digits[] = "0123456789abcdef";
    size_t size = strlen(bytes);
    char *out = trdbi_buf_extend(sql, size * 2);
    for (size_t i = 0; out && i < size; i++) {
        *out++ = digits[(unsigned char)bytes[i] >> 4];
        *out++ = digits[(unsigned char)bytes[i] & 15];
    }
}

/* The server has SHA-256; hexadecimal keeps the bytes clear of its encoding. */
static int read_checksums(trdbi_migrator *m, trdb_error **reterr) {
    trdbi_chain *chain = m->chain;
    if (chain->count == 0 || chain->steps[0].checksum)
        return 0;
    trdbi_buf *sql = trdbi_migrator_sql(m);
    for (size_t i = 0; i < chain->count; i++) {
        trdbi_buf_text(sql, i == 0 ? "SELECT encode(sha256('\\x" : ", encode(sha256('\\x");
        append_hex(sql, chain->steps[i].up);
        trdbi_buf_text(sql, "'::bytea), 'hex')");
    }
    trdbi_result *result = NULL;
    int rc = trdbi_migrator_run(m, "migrate.checksums", &result, reterr);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc >= 0 && i < chain->count; i++) {
        const char *text = trdbi_result_text(result, 0, i);
        chain->steps[i].checksum = trdbi_arena_text(chain->arena, text, strlen(text));
        if (!chain->steps[i].checksum)
            rc = trdbi_error_nomem(reterr);
    }
    trdbi_result_free(result);
    return rc;
}

int trdbi_migrator_read(trdbi_migrator *m, trdb_error **reterr) {
    trdbi_result_free(m->rows);
    m->rows = NULL;
    int rc = read_existence(m, reterr);
    if (rc >= 0)
        rc = read_checksums(m, reterr);
    if (rc < 0 || !m->has_table)
        return rc;
    trdbi_buf *sql = trdbi_migrator_sql(m);
    trdbi_buf_printf(
        sql,
        "SELECT version, name, checksum, (extract(epoch FROM applied_at) * 1000000)::bigint, duration_us "
        "FROM %s.trdb_migrations WHERE chain = '%s' ORDER BY version",
        m->schema.data, m->options.chain);
    return trdbi_migrator_run(m, "migrate.applied", &m->rows, reterr);
}

size_t trdbi_applied_count(const trdbi_migrator *m) {
    return m->rows ? trdbi_result_rows(m->rows) : 0;
}

trdbi_applied trdbi_applied_at(const trdbi_migrator *m, size_t i) {
    return (trdbi_applied){
        .version = (int32_t)strtol(trdbi_result_text(m->rows, i, 0), NULL, 10),
        .name = trdbi_result_text(m->rows, i, 1),
        .checksum = trdbi_result_text(m->rows, i, 2),
        .applied_at_us = strtoll(trdbi_result_text(m->rows, i, 3), NULL, 10),
        .duration_us = strtoll(trdbi_result_text(m->rows, i, 4), NULL, 10),
    };
}

bool trdbi_step_changed(const trdbi_step *step, const trdbi_applied *applied) {
    return strcmp(step->checksum, applied->checksum) != 0 || strcmp(step->name, applied->name) != 0;
}

int trdbi_migrator_agree(const trdbi_migrator *m, trdb_error **reterr) {
    trdbi_buf changed = {0};
    int32_t newest = 0;
    for (size_t i = 0; i < trdbi_applied_count(m); i++) {
        const trdbi_applied applied = trdbi_applied_at(m, i);
        const bool known = applied.version >= 1 && (size_t)applied.version <= m->chain->count;
        const trdbi_step *step = known ? &m->chain->steps[applied.version - 1] : NULL;
        newest = applied.version;
        if (step && trdbi_step_changed(step, &applied))
            trdbi_buf_printf(&changed, "%s%s", changed.size ? ", " : "", step->up_file);
    }
    int rc = 0;
    if (changed.failed)
        rc = trdbi_error_nomem(reterr);
    else if (changed.size)
        rc =
            trdbi_error(reterr, TRDB_E_CHECKSUM,
                        "changed since applied: %s: bring the released files back and put changes into a new "
                        "migration",
                        changed.data);
    else if ((size_t)newest > m->chain->count)
        rc = trdbi_error(reterr, TRDB_E_SCHEMA_NEWER,
                         "schema \"%s\" is at migration %d of chain %s, but only %zu are known here: use the "
                         "release that made it, or a newer one",
                         m->options.schema, (int)newest, m->options.chain, m->chain->count);
    trdbi_buf_free(&changed);
    return rc;
}

/* ---- the books ------------------------------------------------------------------------------------- */

/* Only what is missing is made: a role that may not create schemas can migrate one made for it. Every role
 * may read the level of a schema: trdb_open() asks for it. */
int trdbi_migrator_prepare(trdbi_migrator *m, trdb_error **reterr) {
    if (m->has_table)
        return 0;
    trdbi_buf *sql = trdbi_migrator_sql(m);
    const char *schema = m->schema.data;
    trdbi_buf_text(sql, "BEGIN;");
    if (!m->has_schema)
        trdbi_buf_printf(sql, "CREATE SCHEMA %s;", schema);
    trdbi_buf_printf(
        sql,
        "CREATE TABLE %s.trdb_migrations ("
        "chain text NOT NULL, version integer NOT NULL, name text NOT NULL, checksum text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now(), duration_us bigint NOT NULL, "
        "PRIMARY KEY (chain, version));",
        schema);
    static const char *const comments[][2] = {
        {"chain", "The chain that the migration belongs to"},
        {"version", "Its number in the chain, from 1"},
        {"name", "Its name, as in NNNN_name.up.sql"},
        {"checksum", "SHA-256 of the file that was applied, hexadecimal"},
        {"applied_at", "When it was applied"},
        {"duration_us", "How long that took, in microseconds"},
    };
    trdbi_buf_printf(sql, "COMMENT ON TABLE %s.trdb_migrations IS 'Migrations applied by tradingdb';",
                     schema);
    for (size_t i = 0; i < sizeof comments / sizeof *comments; i++)
        trdbi_buf_printf(sql, "COMMENT ON COLUMN %s.trdb_migrations.%s IS '%s';", schema, comments[i][0],
                         comments[i][1]);
    trdbi_buf_printf(sql, "GRANT SELECT ON %s.trdb_migrations TO PUBLIC; COMMIT", schema);
    int rc = trdbi_migrator_run(m, "migrate.prepare", NULL, reterr);
    if (rc >= 0)
        m->has_schema = m->has_table = true;
    return rc;
}

/* Adds the row of a step; `ret` learns when and how long. */
static int book_up(trdbi_migrator *m, const trdbi_step *step, int64_t duration_us, trdbi_applied *ret,
                   trdb_error **reterr) {
    trdbi_buf_printf(trdbi_migrator_sql(m),
                     "INSERT INTO %s.trdb_migrations (chain, version, name, checksum, duration_us) "
                     "VALUES ('%s', %d, '%s', '%s', %lld) "
                     "RETURNING (extract(epoch FROM applied_at) * 1000000)::bigint",
                     m->schema.data, m->options.chain, (int)step->version, step->name, step->checksum,
                     (long long)duration_us);
    trdbi_result *result = NULL;
    int rc = trdbi_migrator_run(m, "migrate.book", &result, reterr);
    if (rc < 0)
        return rc;
    const char *applied_at = trdbi_result_rows(result) == 1 ? trdbi_result_text(result, 0, 0) : NULL;
    *ret = (trdbi_applied){
        .version = step->version,
        .name = step->name,
        .checksum = step->checksum,
        .applied_at_us = applied_at ? strtoll(applied_at, NULL, 10) : 0,
        .duration_us = duration_us,
    };
    trdbi_result_free(result);
    return 0;
}

static int book_down(trdbi_migrator *m, const trdbi_step *step, trdb_error **reterr) {
    trdbi_buf_printf(trdbi_migrator_sql(m),
                     "DELETE FROM %s.trdb_migrations WHERE chain = '%s' AND version = %d", m->schema.data,
                     m->options.chain, (int)step->version);
    return trdbi_migrator_run(m, "migrate.book", NULL, reterr);
}

/* ---- one step -------------------------------------------------------------------------------------- */

void trdbi_migrator_expand(const trdbi_migrator *m, const char *sql, size_t size, trdbi_buf *ret) {
    static const char mark[] = "{schema}";
    const char *end = sql + size;
    for (const char *p = sql; p < end;) {
        const char *hit = memmem(p, (size_t)(end - p), mark, sizeof mark - 1);
        trdbi_buf_append(ret, p, (size_t)((hit ? hit : end) - p));
        if (!hit)
            break;
        trdbi_buf_append(ret, m->schema.data, m->schema.size);
        p = hit + sizeof mark - 1;
    }
}

/* SET or SET LOCAL of what every migration runs under; pg_temp last, so that nobody's temporary table
 * stands in for one of ours. */
static void append_settings(const trdbi_migrator *m, const char *set, trdbi_buf *sql) {
    trdbi_buf_printf(sql, "%s search_path = %s, pg_temp; %s lock_timeout = %d", set, m->schema.data, set,
                     (int)m->options.lock_timeout_ms);
}

/* One direction of a step. */
typedef struct direction {
    const trdbi_step *step;
    bool up;
    const char *file;
    const char *text;
} direction;

static int book(trdbi_migrator *m, const direction *way, int64_t started_us, trdbi_applied *ret,
                trdb_error **reterr) {
    return way->up ? book_up(m, way->step, trdbi_monotonic_us() - started_us, ret, reterr)
                   : book_down(m, way->step, reterr);
}

static int run_in_transaction(trdbi_migrator *m, const direction *way, trdbi_applied *ret,
                              trdb_error **reterr) {
    const int64_t started_us = trdbi_monotonic_us();
    trdbi_buf *sql = trdbi_migrator_sql(m);
    trdbi_buf_text(sql, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;");
    append_settings(m, "SET LOCAL", sql);
    int rc = trdbi_migrator_run(m, "migrate.begin", NULL, reterr);
    if (rc < 0)
        return rc;
    trdbi_migrator_expand(m, way->text, strlen(way->text), trdbi_migrator_sql(m));
    rc = trdbi_migrator_run(m, way->file, NULL, reterr);
    if (rc >= 0)
        rc = book(m, way, started_us, ret, reterr);
    return rc < 0 ? rc : trdbi_conn_exec(m->conn, "migrate.commit", "COMMIT", NULL, reterr);
}

static int run_pieces(trdbi_migrator *m, const direction *way, trdb_error **reterr) {
    trdbi_splitter splitter = {.at = way->text, .line = 1};
    trdbi_piece piece;
    int rc = 0;
    while (rc >= 0 && trdbi_split_next(&splitter, &piece)) {
        char name[300];
        snprintf(name, sizeof name, "%s:%d", way->file, piece.line);
        trdbi_migrator_expand(m, piece.sql, piece.size, trdbi_migrator_sql(m));
        rc = trdbi_migrator_run(m, name, NULL, reterr);
    }
    return rc;
}

/* The entry is made after the last statement, and removed after the last one of the way down: a killed
 * migrator's file runs again from its start, which is why it has to be repeatable. */
static int run_without_transaction(trdbi_migrator *m, const direction *way, trdbi_applied *ret,
                                   trdb_error **reterr) {
    const int64_t started_us = trdbi_monotonic_us();
    append_settings(m, "SET", trdbi_migrator_sql(m));
    int rc = trdbi_migrator_run(m, "migrate.begin", NULL, reterr);
    if (rc >= 0)
        rc = run_pieces(m, way, reterr);
    return rc < 0 ? rc : book(m, way, started_us, ret, reterr);
}

static bool worth_retrying(const trdb_error *error) {
    const char *sqlstate = trdb_error_sqlstate(error);
    return sqlstate && (strcmp(sqlstate, "55P03") == 0 || trdbi_sqlstate_retryable(sqlstate));
}

static int gave_up(const trdbi_migrator *m, const char *file, trdb_error **reterr) {
    return trdbi_error(
        reterr, TRDB_E_TIMEOUT,
        "%s: other sessions held its locks through all %d attempts of %d ms: end them, or migrate when "
        "they are idle",
        file, (int)m->options.attempts, (int)m->options.lock_timeout_ms);
}

int trdbi_migrator_step(trdbi_migrator *m, const trdbi_step *step, bool up, trdbi_applied *ret,
                        trdb_error **reterr) {
    const direction way = {
        .step = step,
        .up = up,
        .file = up ? step->up_file : step->down_file,
        .text = up ? step->up : step->down,
    };
    const bool loose = trdbi_sql_no_transaction(way.text);
    for (int32_t attempt = 1;; attempt++) {
        trdb_error *error = NULL;
        int rc =
            loose ? run_without_transaction(m, &way, ret, &error) : run_in_transaction(m, &way, ret, &error);
        if (rc >= 0)
            return rc;
        if (!worth_retrying(error) || trdbi_conn_broken(m->conn))
            return trdbi_error_give(reterr, error, rc);
        trdb_error_free(error);
        rc = trdbi_conn_idle(m->conn)
                 ? 0
                 : trdbi_conn_exec(m->conn, "migrate.rollback", "ROLLBACK", NULL, reterr);
        if (rc < 0)
            return rc;
        if (attempt == m->options.attempts)
            return gave_up(m, way.file, reterr);
        trdbi_sleep_between(m->options.lock_timeout_ms / 4 + 1, m->options.lock_timeout_ms + 1);
    }
}
