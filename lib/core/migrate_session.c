/* SPDX-License-Identifier: MIT */
/* A migrator's session: its options, its connection, who may run. */
#include "core/migrate.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { DEFAULT_LOCK_TIMEOUT_MS = 2000, DEFAULT_ATTEMPTS = 30, DEFAULT_WAIT_MS = 300000 };
enum { CONNECT_TIMEOUT_MS = 10000, POLL_MIN_MS = 40, POLL_MAX_MS = 160 };
enum { NAME_MAX_BYTES = 63 };

int trdbi_error_give(trdb_error **reterr, trdb_error *error, int code) {
    if (reterr) {
        trdb_error_free(*reterr);
        *reterr = error;
    } else {
        trdb_error_free(error);
    }
    return code;
}

/* ---- options --------------------------------------------------------------------------------------- */

int trdbi_schema_name_check(const char *schema, trdb_error **reterr) {
    size_t size = strlen(schema);
    if (size == 0 || size > NAME_MAX_BYTES)
        return trdbi_error(reterr, TRDB_E_INVALID, "the name of the schema must have 1 to %d bytes",
                           NAME_MAX_BYTES);
    if (trdbi_utf8_length(schema, size) < 0)
        return trdbi_error(reterr, TRDB_E_ENCODING, "the name of the schema is not valid UTF-8");
    for (const char *p = schema; *p; p++) {
        if ((unsigned char)*p < 0x20 || strchr("'\"\\$\x7f", *p))
            return trdbi_error(
                reterr, TRDB_E_INVALID,
                "the name of the schema holds a quote, a backslash, a dollar sign or a control character");
    }
    if (strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "the schema \"%s\" belongs to the server", schema);
    return 0;
}

static int check_chain_name(const char *chain, trdb_error **reterr) {
    size_t size = strlen(chain);
    if (size == 0 || size > NAME_MAX_BYTES || strspn(chain, "abcdefghijklmnopqrstuvwxyz0123456789_") != size)
        return trdbi_error(reterr, TRDB_E_INVALID,
                           "the name of a chain has 1 to %d lower-case letters, digits and _",
                           NAME_MAX_BYTES);
    return 0;
}

static int fill_options(trdb_migrate_options *o, const trdb_migrate_options *given, trdb_error **reterr) {
    int rc = trdbi_copy_struct(o, sizeof *o, given, "trdb_migrate_options", reterr);
    if (rc < 0)
        return rc;
    if (o->to < 0 || o->lock_timeout_ms < 0 || o->attempts < 0 || o->wait_ms < 0)
        return trdbi_error(
            reterr, TRDB_E_INVALID,
            "trdb_migrate_options: to, lock_timeout_ms, attempts and wait_ms must not be negative");
    o->chain = o->chain ? o->chain : "framework";
    o->schema = o->schema ? o->schema : "public";
    o->lock_timeout_ms = o->lock_timeout_ms ? o->lock_timeout_ms : DEFAULT_LOCK_TIMEOUT_MS;
    o->attempts = o->attempts ? o->attempts : DEFAULT_ATTEMPTS;
    o->wait_ms = o->wait_ms ? o->wait_ms : DEFAULT_WAIT_MS;
    rc = check_chain_name(o->chain, reterr);
    return rc < 0 ? rc : trdbi_schema_name_check(o->schema, reterr);
}

/* ---- opening --------------------------------------------------------------------------------------- */

static int connect_migrator(trdbi_migrator *m, const char *conninfo, trdb_error **reterr) {
    trdbi_conninfo *info = NULL;
    int rc = trdbi_conninfo_parse(conninfo, &info, reterr);
    if (rc < 0)
        return rc;
    const trdbi_conn_options options = {
        .application_name = "tradingdb migrate",
        .timeout_ms = CONNECT_TIMEOUT_MS,
        .statement_cache = 0,
    };
    rc = trdbi_conn_open(info, &options, &m->conn, reterr);
    trdbi_conninfo_free(info);
    if (rc < 0)
        return rc;
    if (m->options.trace) {
        const trdbi_trace trace = {.fn = m->options.trace, .arg = m->options.trace_arg};
        trdbi_conn_set_trace(m->conn, &trace);
    }
    return 0;
}

int trdbi_migrator_open(trdbi_migrator *m, const char *conninfo, const trdb_migrate_options *options,
                        trdb_error **reterr) {
    int rc = fill_options(&m->options, options, reterr);
    if (rc < 0)
        return rc;
    trdbi_buf_identifier(&m->schema, m->options.schema);
    if (m->schema.failed)
        return trdbi_error_nomem(reterr);
    rc = trdbi_chain_load(m->options.chain, m->options.directory, &m->chain, reterr);
    if (rc < 0)
        return rc;
    return connect_migrator(m, conninfo, reterr);
}

void trdbi_migrator_close(trdbi_migrator *m) {
    trdbi_result_free(m->rows);
    if (m->conn)
        trdbi_conn_close(m->conn);
    trdbi_chain_free(m->chain);
    trdbi_buf_free(&m->schema);
    trdbi_buf_free(&m->sql);
}

trdbi_buf *trdbi_migrator_sql(trdbi_migrator *m) {
    trdbi_buf_clear(&m->sql);
    return &m->sql;
}

int trdbi_migrator_run(trdbi_migrator *m, const char *name, trdbi_result **ret, trdb_error **reterr) {
    return m->sql.failed ? trdbi_error_nomem(reterr)
                         : trdbi_conn_exec(m->conn, name, m->sql.data, ret, reterr);
}

/* ---- the right to run ------------------------------------------------------------------------------ */

/* A pooler gives every client a cancel key of its own, so the process id that came with it is not the one
 * of the process that serves the statement. This holds for PgBouncer in all its modes and needs no
 * cooperation from its configuration, unlike start-up options, which it may be told to ignore. */
int trdbi_conn_pooled(trdbi_conn *conn, bool *ret, trdb_error **reterr) {
    trdbi_result *result = NULL;
    int rc = trdbi_conn_exec(conn, "migrate.backend", "SELECT pg_backend_pid()", &result, reterr);
    if (rc < 0)
        return rc;
    const char *pid = trdbi_result_rows(result) == 1 ? trdbi_result_text(result, 0, 0) : NULL;
    *ret = !pid || strtol(pid, NULL, 10) != trdbi_conn_backend_pid(conn);
    trdbi_result_free(result);
    return 0;
}

static int refuse_pooler(trdbi_migrator *m, trdb_error **reterr) {
    bool pooled = false;
    int rc = trdbi_conn_pooled(m->conn, &pooled, reterr);
    if (rc < 0 || !pooled)
        return rc;
    return trdbi_error(
        reterr, TRDB_E_UNSUPPORTED,
        "this connection goes through a pooler such as PgBouncer, which would leave the migration "
        "lock on a session that others use: migrate with the server's own host and port");
}

/* A role's or database's own settings must not change what a migration does. A client that dies must not keep
 * its lock until a long statement has ended: the server looks for it every second where it can. */
static int prepare_session(trdbi_migrator *m, trdb_error **reterr) {
    static const char sql[] =
        "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = "
        "warning;"
        "SET standard_conforming_strings = on; SET synchronous_commit = on; SET "
        "default_transaction_read_only = off;"
        "SET check_function_bodies = on;"
        "SELECT set_config('client_connection_check_interval', '1s', false) WHERE version() ~ "
        "'linux|darwin|apple';"
        "SELECT set_config(name, '0', false) FROM pg_settings WHERE name IN ('transaction_timeout', "
        "'idle_session_timeout')";
    return trdbi_conn_exec(m->conn, "migrate.session", sql, NULL, reterr);
}

void trdbi_sleep_between(int at_least, int at_most) {
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) != (ssize_t)sizeof random)
        random = (uint32_t)trdbi_monotonic_us();
    uint32_t ms = (uint32_t)at_least + random % (uint32_t)(at_most - at_least + 1);
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL); /* a signal only makes the next try earlier */
}

/* One lock for a schema, not for a chain: chains share the table of migrations and may share types. Advisory
 * locks belong to a database already. A checked schema name has nothing to quote. */
static void lock_key(const trdbi_migrator *m, trdbi_buf *sql) {
    trdbi_buf_printf(sql, "hashtextextended('tradingdb migrate %s', 0)", m->options.schema);
}

static int lock_timeout(trdbi_migrator *m, trdb_error **reterr) {
    trdbi_buf *sql = trdbi_migrator_sql(m);
    trdbi_buf_text(sql, "SELECT l.pid, coalesce(host(a.client_addr), 'this machine') FROM (SELECT ");
    lock_key(m, sql);
    trdbi_buf_text(
        sql, " AS key) k JOIN pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
             " AND l.classid::bigint = (k.key >> 32) & 4294967295 AND l.objid::bigint = k.key & 4294967295"
             " JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()"
             " LEFT JOIN pg_stat_activity a ON a.pid = l.pid");
    trdbi_result *result = NULL;
    int rc = trdbi_migrator_run(m, "migrate.holder", &result, reterr);
    if (rc < 0)
        return rc;
    bool known = trdbi_result_rows(result) > 0;
    rc = trdbi_error(
        reterr, TRDB_E_TIMEOUT,
        "another migrator holds the lock of schema \"%s\" for more than %d ms (server process %s on "
        "behalf of %s): wait for it, or end it with pg_terminate_backend",
        m->options.schema, (int)m->options.wait_ms, known ? trdbi_result_text(result, 0, 0) : "unknown",
        known ? trdbi_result_text(result, 0, 1) : "an unknown client");
    trdbi_result_free(result);
    return rc;
}

static int try_lock(trdbi_migrator *m, bool *ret, trdb_error **reterr) {
    trdbi_buf *sql = trdbi_migrator_sql(m);
    trdbi_buf_text(sql, "SELECT pg_try_advisory_lock(");
    lock_key(m, sql);
    trdbi_buf_char(sql, ')');
    trdbi_result *result = NULL;
    int rc = trdbi_migrator_run(m, "migrate.lock", &result, reterr);
    if (rc < 0)
        return rc;
    const char *got = trdbi_result_rows(result) == 1 ? trdbi_result_text(result, 0, 0) : NULL;
    *ret = got && got[0] == 't';
    trdbi_result_free(result);
    return 0;
}

/* Polls: a blocking wait would hold a snapshot, which CREATE INDEX CONCURRENTLY of the other one waits for.
 */
int trdbi_migrator_lock(trdbi_migrator *m, trdb_error **reterr) {
    int rc = refuse_pooler(m, reterr);
    if (rc >= 0)
        rc = prepare_session(m, reterr);
    const int64_t deadline = trdbi_monotonic_us() + (int64_t)m->options.wait_ms * 1000;
    bool locked = false;
    while (rc >= 0) {
        rc = try_lock(m, &locked, reterr);
        if (rc < 0 || locked)
            break;
        if (trdbi_monotonic_us() >= deadline)
            return lock_timeout(m, reterr);
        trdbi_sleep_between(POLL_MIN_MS, POLL_MAX_MS);
    }
    return rc;
}
