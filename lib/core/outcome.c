/* SPDX-License-Identifier: MIT */
#include "core/outcome.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- which server --------------------------------------------------------------------------------- */

/* The timeline is read from the name of the file that is being written: the control file tells it only from
 * the next checkpoint on. A standby writes none. */
static const char server_sql[] =
    "SELECT system_identifier, CASE WHEN pg_is_in_recovery() THEN '0' "
    "ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END FROM pg_control_system()";

void trdbi_server_ask(trdbi_conn *conn, trdbi_server *ret) {
    trdbi_result *result = NULL;
    *ret = (trdbi_server){0};
    if (trdbi_conn_exec(conn, "connect.server", server_sql, &result, NULL) < 0)
        return;
    const char *system = trdbi_result_text(result, 0, 0), *timeline = trdbi_result_text(result, 0, 1);
    if (system && timeline) {
        ret->system = strtoll(system, NULL, 10);
        ret->timeline = strtoll(timeline, NULL, 16);
    }
    trdbi_result_free(result);
}

static bool same_server(const trdbi_server *a, const trdbi_server *b) {
    return a->timeline > 0 && a->system == b->system && a->timeline == b->timeline;
}

/* ---- which transaction ---------------------------------------------------------------------------- */

static const char txid_sql[] = "SELECT pg_current_xact_id()::text::int8";

static int build_txid(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    trdbi_buf_text(sql, ctx);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static int take_txid(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr) {
    static const trdbi_field field = {.name = "txid", .kind = TRDBI_I64, .plain = 1};
    (void)i;
    return trdbi_result_decode(result, 0, &field, sizeof field, 1, NULL, arg, reterr);
}

int trdbi_outcome_queue(trdbi_conn *conn, int64_t *ret, trdb_error **reterr) {
    const trdbi_statement statement = {.name = "begin.txid",
                                       .key = txid_sql,
                                       .key_size = sizeof txid_sql,
                                       .build = build_txid,
                                       .ctx = txid_sql};
    return trdbi_conn_queue(conn, &statement, NULL, take_txid, ret, reterr);
}

/* ---- the verdict ---------------------------------------------------------------------------------- */

typedef enum answer { NO_ANSWER, IN_PROGRESS, NOT_KNOWN, COMMITTED, ABORTED } answer;

static answer read_status(trdbi_conn *conn, int64_t txid) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_result *result = NULL;
    trdb_error *error = NULL;
    trdbi_buf_printf(&sql, "SELECT pg_xact_status('%" PRId64 "')", txid);
    int r = sql.failed ? TRDB_E_NOMEM : trdbi_conn_exec(conn, "commit.status", sql.data, &result, &error);
    /* The server's own refusal, such as an id that lies in its future, is as good as not knowing. */
    answer found = r < 0 && trdb_error_sqlstate(error) && !trdbi_conn_broken(conn) ? NOT_KNOWN : NO_ANSWER;
    trdb_error_free(error);
    if (r < 0)
        return found;
    const char *status = trdbi_result_text(result, 0, 0);
    found = !status                              ? NOT_KNOWN
            : strcmp(status, "committed") == 0   ? COMMITTED
            : strcmp(status, "aborted") == 0     ? ABORTED
            : strcmp(status, "in progress") == 0 ? IN_PROGRESS
                                                 : NOT_KNOWN;
    trdbi_result_free(result);
    return found;
}

static answer ask(trdb_db *db, const trdbi_server *server, int64_t txid, int timeout_ms) {
    const trdbi_conn_options options = {
        .application_name = db->application_name,
        .timeout_ms =
            timeout_ms < db->options.connect_timeout_ms ? timeout_ms : db->options.connect_timeout_ms,
    };
    trdbi_conn *conn = NULL;
    trdbi_server reached;
    if (trdbi_conn_open(db->conninfo, &options, &conn, NULL) < 0)
        return NO_ANSWER;
    trdbi_server_ask(conn, &reached);
    answer found = trdbi_conn_broken(conn)          ? NO_ANSWER
                   : !same_server(server, &reached) ? NOT_KNOWN
                                                    : read_status(conn, txid);
    trdbi_conn_close(conn);
    return found;
}

static void rest(int64_t us) {
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&time, NULL); /* a signal only makes the next question come sooner */
}

trdbi_verdict trdbi_outcome_find(trdb_db *db, const trdbi_server *server, int64_t txid, int timeout_ms) {
    int64_t deadline_us = trdbi_monotonic_us() + (int64_t)timeout_ms * 1000, pause_us = 10000;
    if (txid == 0 || server->timeline == 0)
        return TRDBI_VERDICT_UNKNOWN;
    for (;;) {
        int64_t left_us = deadline_us - trdbi_monotonic_us();
        if (left_us <= 0)
            return TRDBI_VERDICT_UNKNOWN;
        switch (ask(db, server, txid, (int)(left_us / 1000) + 1)) {
        case COMMITTED:
            return TRDBI_VERDICT_COMMITTED;
        case ABORTED:
            return TRDBI_VERDICT_ABORTED;
        case NOT_KNOWN:
            return TRDBI_VERDICT_UNKNOWN;
        case NO_ANSWER:
        case IN_PROGRESS:
            break;
        }
        rest(pause_us < left_us ? pause_us : left_us);
        pause_us = pause_us < 500000 ? pause_us * 2 : pause_us;
    }
}
