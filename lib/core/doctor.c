/* SPDX-License-Identifier: MIT */
/* The health check of a database: findings, each with its remedy. It looks as the future user would and reads
 * everything in one READ ONLY transaction. */
#include "core/findings.h"
#include "core/migrate.h"
#include "base/text.h"

#include <stdlib.h>

/* What a program with default options opens at most: pool_size + pool_overflow. */
enum { DEFAULT_POOL = 50, CONNECT_TIMEOUT_MS = 10000 };
enum { CLOCK_WARNING_US = 1000000, CLOCK_PROBLEM_US = 60000000 };

/* ---- reading --------------------------------------------------------------------------------------- */

typedef struct examination {
    trdb_finding_list *list;
    const trdbi_conninfo *info;
    const char *schema;
    trdbi_conn *conn;
    trdbi_result *facts; /* one row; see facts_sql */
} examination;

/* The columns of facts_sql. */
enum fact {
    FACT_VERSION,
    FACT_DATABASE,
    FACT_ROLE,
    FACT_SUPERUSER,
    FACT_BYPASSRLS,
    FACT_STANDBY,
    FACT_READ_ONLY,
    FACT_ENCODING,
    FACT_TIMEZONE,
    FACT_FSYNC,
    FACT_FULL_PAGE_WRITES,
    FACT_SYNCHRONOUS_COMMIT,
    FACT_MAX_CONNECTIONS,
    FACT_RESERVED,
    FACT_IN_USE,
    FACT_ROLE_LIMIT,
    FACT_DATABASE_LIMIT,
    FACT_COUNT
};

static const char facts_sql[] =
    "SELECT current_setting('server_version'), current_database(), current_user, r.rolsuper, r.rolbypassrls,"
    " pg_is_in_recovery(), (SELECT reset_val FROM pg_settings WHERE name = 'default_transaction_read_only'),"
    " current_setting('server_encoding'), (SELECT boot_val IS DISTINCT FROM reset_val AND reset_val <> 'UTC'"
    " FROM pg_settings WHERE name = 'TimeZone')::text,"
    " current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),"
    " current_setting('max_connections'), current_setting('superuser_reserved_connections')::int +"
    " coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0),"
    " (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> "
    "pg_backend_pid()),"
    " r.rolconnlimit, d.datconnlimit"
    " FROM pg_roles r, pg_database d WHERE r.rolname = current_user AND d.datname = current_database()";

static const char *fact(const examination *x, enum fact which) {
    const char *text = trdbi_result_text(x->facts, 0, which);
    return text ? text : "";
}

static long number(const examination *x, enum fact which) {
    return strtol(fact(x, which), NULL, 10);
}

static bool is_true(const examination *x, enum fact which) {
    return fact(x, which)[0] == 't' || strcmp(fact(x, which), "on") == 0;
}

/* ---- findings -------------------------------------------------------------------------------------- */

static void check_server(const examination *x) {
    const char *host = trdbi_conninfo_get(x->info, "host");
    trdbi_find(x->list, TRDB_SEVERITY_OK, "server", NULL, "database \"%s\" on %s answers",
               fact(x, FACT_DATABASE), host && *host ? host : "the default host");
    trdbi_find(x->list, TRDB_SEVERITY_OK, "version", NULL, "PostgreSQL %s", fact(x, FACT_VERSION));
    if (is_true(x, FACT_STANDBY))
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "server",
                   "connect to the primary; with several hosts add target_session_attrs=read-write",
                   "the server is a standby, which refuses writes");
    else if (is_true(x, FACT_READ_ONLY))
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "server",
                   "ALTER ROLE … or ALTER DATABASE … SET default_transaction_read_only = off",
                   "transactions are read-only by default, so writes are refused");
}

static int check_pooler(const examination *x, trdb_error **reterr) {
    bool pooled = false;
    int rc = trdbi_conn_pooled(x->conn, &pooled, reterr);
    if (rc >= 0 && pooled)
        trdbi_find(
            x->list, TRDB_SEVERITY_WARNING, "pooler",
            "give `tradingdb migrate` the server's own host and port; everything else may use the pooler",
            "the connection goes through a pooler such as PgBouncer: migrations refuse it");
    return rc;
}

static void check_settings(const examination *x) {
    const char *encoding = fact(x, FACT_ENCODING);
    if (strcmp(encoding, "UTF8") == 0)
        trdbi_find(x->list, TRDB_SEVERITY_OK, "encoding", NULL, "UTF8");
    else
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "encoding",
                   "dump it, and restore it into a database made with ENCODING 'UTF8'",
                   "the database stores text as %s, which cannot hold every text", encoding);
    if (!is_true(x, FACT_FSYNC) || !is_true(x, FACT_FULL_PAGE_WRITES))
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "durability",
                   "set fsync = on and full_page_writes = on, and restart",
                   "fsync is %s and full_page_writes is %s: a crash of the machine can destroy the database",
                   fact(x, FACT_FSYNC), fact(x, FACT_FULL_PAGE_WRITES));
    else if (strcmp(fact(x, FACT_SYNCHRONOUS_COMMIT), "off") == 0)
        trdbi_find(x->list, TRDB_SEVERITY_WARNING, "durability",
                   "set synchronous_commit = on, at least for this role",
                   "synchronous_commit is off: a crash can lose the last acknowledged commits");
    else
        trdbi_find(x->list, TRDB_SEVERITY_OK, "durability", NULL, "commits are on disk when acknowledged");
    if (is_true(x, FACT_TIMEZONE))
        trdbi_find(x->list, TRDB_SEVERITY_OK, "timezone", NULL,
                   "other clients' sessions do not show UTC by default; those of this library do");
}

/* The least of the limits that the server, the database and the role set; a superuser has only the first. */
static void check_pool(const examination *x) {
    const bool superuser = is_true(x, FACT_SUPERUSER);
    const long most = number(x, FACT_MAX_CONNECTIONS) - (superuser ? 0 : number(x, FACT_RESERVED));
    const long in_use = number(x, FACT_IN_USE);
    const long role = superuser ? -1 : number(x, FACT_ROLE_LIMIT);
    const long database = superuser ? -1 : number(x, FACT_DATABASE_LIMIT);
    static const char remedy[] =
        "raise the limit (max_connections, CONNECTION LIMIT of the role or database), put "
        "PgBouncer in front, or open with a smaller pool_size and pool_overflow";
    if (most < DEFAULT_POOL || (role >= 0 && role < DEFAULT_POOL) ||
        (database >= 0 && database < DEFAULT_POOL))
        trdbi_find(
            x->list, TRDB_SEVERITY_PROBLEM, "pool", remedy,
            "a default pool opens up to %d connections, but the limits are: server %ld, role %ld, database "
            "%ld (-1: none)",
            DEFAULT_POOL, most, role, database);
    else if (most - in_use < DEFAULT_POOL)
        trdbi_find(x->list, TRDB_SEVERITY_WARNING, "pool", remedy,
                   "%ld of %ld connections are in use; a default pool opens up to %d", in_use, most,
                   DEFAULT_POOL);
    else
        trdbi_find(x->list, TRDB_SEVERITY_OK, "pool", NULL,
                   "%ld of %ld connections are in use; a default pool opens up to %d", in_use, most,
                   DEFAULT_POOL);
}

/* The middle of the round trip is the best guess at when the server looked at its clock. */
static int check_clock(const examination *x, trdb_error **reterr) {
    trdbi_result *result = NULL;
    const int64_t before = trdbi_now_us();
    int rc =
        trdbi_conn_exec(x->conn, "doctor.clock",
                        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", &result, reterr);
    const int64_t after = trdbi_now_us();
    if (rc < 0)
        return rc;
    const char *text = trdbi_result_rows(result) == 1 ? trdbi_result_text(result, 0, 0) : NULL;
    const int64_t off = (text ? strtoll(text, NULL, 10) : 0) - (before + (after - before) / 2);
    const int64_t size = (off < 0 ? -off : off) - (after - before) / 2;
    trdbi_result_free(result);
    const long long off_ms = off / 1000;
    if (size >= CLOCK_WARNING_US)
        trdbi_find(x->list, size >= CLOCK_PROBLEM_US ? TRDB_SEVERITY_PROBLEM : TRDB_SEVERITY_WARNING, "clock",
                   "let NTP set both clocks; leases and deadlines are computed with the server's",
                   "the server's clock differs from this machine's by %+lld ms", off_ms);
    else
        trdbi_find(x->list, TRDB_SEVERITY_OK, "clock", NULL, "differs from this machine's by %+lld ms",
                   off_ms);
    return 0;
}

static int check_rights(const examination *x, trdb_error **reterr) {
    static const char sql[] =
        "SELECT count(*), count(*) FILTER (WHERE NOT allowed), array_to_string((array_agg(relname ORDER BY"
        " relname) FILTER (WHERE NOT allowed))[1:5], ', ') FROM"
        " (SELECT relname::text, has_schema_privilege(n.oid, 'USAGE') AND"
        " has_table_privilege(c.oid, 'SELECT') AND (relname = 'trdb_migrations' OR"
        " has_table_privilege(c.oid, 'INSERT') AND has_table_privilege(c.oid, 'UPDATE') AND"
        " has_table_privilege(c.oid, 'DELETE')) AS allowed FROM pg_class c JOIN pg_namespace n ON n.oid ="
        " c.relnamespace WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ";
    trdbi_buf text = {0};
    trdbi_result *result = NULL;
    trdbi_buf_text(&text, sql);
    int rc = trdbi_conn_literal(x->conn, x->schema, &text, reterr);
    trdbi_buf_text(&text, ") tables");
    if (rc == 0)
        rc = text.failed ? trdbi_error_nomem(reterr)
                         : trdbi_conn_exec(x->conn, "doctor.rights", text.data, &result, reterr);
    trdbi_buf_free(&text);
    if (rc < 0)
        return rc;
    const char *tables = trdbi_result_text(result, 0, 0);
    const char *refused = trdbi_result_text(result, 0, 1);
    if (strtol(refused, NULL, 10) > 0)
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "rights",
                   "as their owner: GRANT USAGE ON SCHEMA …, and GRANT SELECT, INSERT, UPDATE, DELETE ON ALL "
                   "TABLES IN SCHEMA … TO the role",
                   "role \"%s\" may not read and write %s of %s tables in schema \"%s\", among them %s",
                   fact(x, FACT_ROLE), refused, tables, x->schema, trdbi_result_text(result, 0, 2));
    else if (strtol(tables, NULL, 10) > 0)
        trdbi_find(x->list, TRDB_SEVERITY_OK, "rights", NULL,
                   "role \"%s\" may read and write all %s tables in schema \"%s\"", fact(x, FACT_ROLE),
                   tables, x->schema);
    trdbi_result_free(result);
    return 0;
}

static void check_role(const examination *x) {
    static const char remedy[] =
        "make a role for the application that owns nothing, and GRANT it what it needs";
    if (is_true(x, FACT_SUPERUSER))
        trdbi_find(
            x->list, TRDB_SEVERITY_WARNING, "role", remedy,
            "role \"%s\" is a superuser: neither rights nor row-level security protect anything from it",
            fact(x, FACT_ROLE));
    else if (is_true(x, FACT_BYPASSRLS))
        trdbi_find(x->list, TRDB_SEVERITY_WARNING, "role", remedy, "role \"%s\" bypasses row-level security",
                   fact(x, FACT_ROLE));
    else
        trdbi_find(x->list, TRDB_SEVERITY_OK, "role", NULL, "role \"%s\" is an ordinary one",
                   fact(x, FACT_ROLE));
}

/* A failed look-up ends the transaction, so this comes last. */
static int check_schema(const examination *x, trdb_error **reterr) {
    trdb_error *error = NULL;
    int rc = trdbi_schema_check(x->conn, x->schema, &error);
    if (rc >= 0)
        trdbi_find(x->list, TRDB_SEVERITY_OK, "schema", NULL,
                   "schema \"%s\" is the one that this library knows", x->schema);
    else if (rc == TRDB_E_SCHEMA)
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "schema", "run `tradingdb migrate up`", "%s",
                   trdb_error_message(error));
    else if (rc == TRDB_E_SCHEMA_NEWER)
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "schema",
                   "install the release that migrated it, or a newer one", "%s", trdb_error_message(error));
    else if (rc == TRDB_E_PERMISSION)
        trdbi_find(x->list, TRDB_SEVERITY_PROBLEM, "schema",
                   "as its owner: GRANT USAGE ON SCHEMA … TO the role", "%s", trdb_error_message(error));
    else
        return trdbi_error_give(reterr, error, rc);
    trdb_error_free(error);
    return 0;
}

/* ---- the examination ------------------------------------------------------------------------------- */

static int examine(examination *x, trdb_error **reterr) {
    int rc = trdbi_conn_exec(x->conn, "doctor.begin", "BEGIN READ ONLY", NULL, reterr);
    if (rc >= 0)
        rc = trdbi_conn_exec(x->conn, "doctor.facts", facts_sql, &x->facts, reterr);
    if (rc >= 0 && (trdbi_result_rows(x->facts) != 1 || trdbi_result_columns(x->facts) != FACT_COUNT))
        rc = trdbi_error(reterr, TRDB_E_PROTOCOL, "the server's catalogue does not know the current role");
    if (rc < 0)
        return rc;
    check_server(x);
    rc = check_pooler(x, reterr);
    if (rc >= 0)
        rc = check_clock(x, reterr);
    if (rc < 0)
        return rc;
    check_settings(x);
    check_pool(x);
    check_role(x);
    rc = check_rights(x, reterr);
    if (rc >= 0)
        rc = trdbi_conn_exec(x->conn, "doctor.end", "COMMIT", NULL, reterr);
    return rc < 0 ? rc : check_schema(x, reterr);
}

static void cannot_connect(trdb_finding_list *list, int code, const trdb_error *error) {
    const char *topic = code == TRDB_E_UNSUPPORTED ? "version" : code == TRDB_E_AUTH ? "role" : "server";
    const char *remedy = code == TRDB_E_UNSUPPORTED ? "use PostgreSQL 15 or later"
                         : code == TRDB_E_AUTH      ? "check user, password and the server's pg_hba.conf"
                         : code == TRDB_E_EXHAUSTED
                             ? "close idle clients or raise max_connections"
                             : "start the server, or check host, port and name of the database";
    trdbi_find(list, TRDB_SEVERITY_PROBLEM, topic, remedy, "%s", trdb_error_message(error));
}

/* A server that fails on the way is a finding too; only a lack of memory here is an error of the call. */
static int run_examination(trdb_finding_list *list, const trdbi_conninfo *info, const char *schema,
                           trdb_error **reterr) {
    static const trdbi_conn_options options = {
        .application_name = "tradingdb doctor",
        .timeout_ms = CONNECT_TIMEOUT_MS,
    };
    examination x = {.list = list, .info = info, .schema = schema};
    trdb_error *error = NULL;
    int rc = trdbi_conn_open(info, &options, &x.conn, &error);
    if (rc < 0 && rc != TRDB_E_NOMEM) {
        cannot_connect(list, rc, error);
    } else if (rc >= 0) {
        rc = examine(&x, &error);
        if (rc < 0 && rc != TRDB_E_NOMEM)
            trdbi_find(list, TRDB_SEVERITY_PROBLEM, "server", "look into the server's log",
                       "the examination stopped: %s", trdb_error_message(error));
    }
    trdbi_result_free(x.facts);
    if (x.conn)
        trdbi_conn_close(x.conn);
    if (rc == TRDB_E_NOMEM)
        return trdbi_error_give(reterr, error, rc);
    trdb_error_free(error);
    return trdbi_findings_complete(list, reterr);
}

int trdb_doctor(const char *conninfo, const char *schema, trdb_finding_list **ret, trdb_error **reterr) {
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_doctor: ret is NULL");
    schema = schema ? schema : "public";
    trdbi_conninfo *info = NULL;
    int rc = trdbi_schema_name_check(schema, reterr);
    if (rc >= 0)
        rc = trdbi_conninfo_parse(conninfo, &info, reterr);
    if (rc < 0)
        return rc;
    trdb_finding_list *list = trdbi_findings_new();
    rc = list ? run_examination(list, info, schema, reterr) : trdbi_error_nomem(reterr);
    trdbi_conninfo_free(info);
    if (rc < 0)
        trdb_finding_list_free(list);
    else
        *ret = list;
    return rc;
}
