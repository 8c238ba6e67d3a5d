/* SPDX-License-Identifier: MIT */
#include "pgtest.h"

trdbi_conn *pgtest_connect(const char *url, int statement_cache) {
    trdb_error *err = NULL;
    trdbi_conninfo *info = NULL;
    trdbi_conn *conn = NULL;
    trdbi_conn_options options = {.timeout_ms = 20000, .statement_cache = statement_cache};
    ck_ok(trdbi_conninfo_parse(url, &info, &err), err);
    ck_ok(trdbi_conn_open(info, &options, &conn, &err), err);
    trdbi_conninfo_free(info);
    return conn;
}

static int build(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    (void)reterr;
    trdbi_buf_text(sql, ctx);
    return 0;
}

trdbi_statement pgtest_statement(const char *sql) {
    return (trdbi_statement){.name = "test", .key = sql, .key_size = strlen(sql), .build = build, .ctx = sql};
}

char *pgtest_value(trdbi_conn *conn, const char *sql) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    ck_ok(trdbi_conn_exec(conn, "value", sql, &result, &err), err);
    const char *text = trdbi_result_text(result, 0, 0);
    char *copy = strdup(text ? text : "NULL");
    trdbi_result_free(result);
    return copy;
}

void pgtest_remember(void *arg, const trdb_trace_event *event) {
    pgtest_log *log = arg;
    if (log->count == (int)(sizeof log->events / sizeof log->events[0]))
        return;
    pgtest_event *e = &log->events[log->count++];
    snprintf(e->statement, sizeof e->statement, "%s", event->statement);
    snprintf(e->sql, sizeof e->sql, "%s", event->sql);
    snprintf(e->sqlstate, sizeof e->sqlstate, "%s", event->sqlstate ? event->sqlstate : "");
    e->rows = event->rows;
    e->round_trip = event->round_trip;
    e->started_us = event->started_us;
    e->duration_us = event->duration_us;
    e->pid = event->backend_pid;
    e->code = event->code;
}
