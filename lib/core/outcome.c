/* SPDX-License-Identifier: MIT */
/*
 * Whether a unit was stored whose COMMIT got no answer.
 *
 * "Stored" may be said only of what cannot vanish any more, "not stored" only when no session can store it any
 * more. What is known for sure:
 *
 * - The transaction's id answers on the server where the unit ran, as long as that server has not crashed since:
 *   after a crash the ids whose records had not reached the disk are given out again, and so are those that a
 *   standby had not heard of when it was promoted. An id that is in use again cannot have been stored before,
 *   so "rolled back", and an id that is still to come, are true even then. "Committed" is not.
 * - A session that ended stores nothing. A crash and a promotion end all sessions of before.
 * - Where the id says nothing, a row speaks that the unit alone can have written.
 *
 * The server calls "committed" what no synchronous standby may have yet: a session that is ended while it waits
 * for one leaves such a transaction. So a verdict of "stored" waits for the standbys as every COMMIT does.
 */
#include "core/outcome.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- which server --------------------------------------------------------------------------------- */

/* The timeline is read from the name of the file that is being written: the control file tells it only from
 * the next checkpoint on. A standby writes none. Statistics are kept through a shutdown and begin anew after a
 * crash; nothing else tells of one to everybody. */
static const char server_sql[] =
    "SELECT system_identifier, CASE WHEN pg_is_in_recovery() THEN '0' "
    "ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8) END, "
    "coalesce((extract(epoch FROM pg_stat_get_bgwriter_stat_reset_time()) * 1000000)::int8, 0), "
    "pid, coalesce((extract(epoch FROM backend_start) * 1000000)::int8, 0), pg_is_in_recovery()::int "
    "FROM pg_control_system(), pg_stat_get_activity(pg_backend_pid())";

static int64_t number(const trdbi_result *result, size_t column, int base) {
    const char *text = trdbi_result_text(result, 0, column);
    return text ? strtoll(text, NULL, base) : 0;
}

void trdbi_server_ask(trdbi_conn *conn, trdbi_server *ret) {
    trdbi_result *result = NULL;
    *ret = (trdbi_server){0};
    if (trdbi_conn_exec(conn, "connect.server", server_sql, &result, NULL) < 0)
        return;
    if (trdbi_result_rows(result) == 1) {
        ret->system = number(result, 0, 10);
        ret->timeline = number(result, 1, 16);
        ret->incarnation = number(result, 2, 10);
        ret->session_pid = number(result, 3, 10);
        ret->session_start = number(result, 4, 10);
        ret->standby = number(result, 5, 10) != 0;
        /* A pooler gives every client a process id of its own, to cancel by; see trdbi_conn_pooled(). */
        ret->pooled = ret->session_pid != trdbi_conn_backend_pid(conn);
        if (ret->pooled || ret->session_start == 0)
            ret->session_pid = 0;
    }
    trdbi_result_free(result);
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

/* ---- asking --------------------------------------------------------------------------------------- */

typedef enum answer {
    ASK_AGAIN, /* nobody answers yet, or it may still be stored */
    NOT_KNOWN, /* asking again does not help */
    COMMITTED, /* on this server; the standbys may not have it */
    ABORTED,
    ASK_WITNESS,     /* the id is worth nothing; no session can store it any more */
    ASK_WITNESS_BUSY /* the same, but its session may live */
} answer;

/* A search under way. */
typedef struct search {
    trdb_db *db;
    const trdbi_question *question;
    int64_t deadline_us;
    int64_t round_us;       /* how long one connection may take: a silent one must not take all the time */
    int64_t end_session_us; /* when a session of the unit's that still lives is ended */
} search;

/* The one value of a query, as text for the caller to free; NULL when there is none. `ret_refused` (may be
 * NULL) receives whether the server refused it for the reason `sqlstate`. */
static char *ask_text(trdbi_conn *conn, const char *name, const trdbi_buf *sql, const char *sqlstate,
                      bool *ret_refused) {
    trdbi_result *result = NULL;
    trdb_error *error = NULL;
    int r = sql->failed ? TRDB_E_NOMEM : trdbi_conn_exec(conn, name, sql->data, &result, &error);
    const char *refusal = r < 0 ? trdb_error_sqlstate(error) : NULL;
    if (ret_refused)
        *ret_refused = refusal && strcmp(refusal, sqlstate) == 0;
    trdb_error_free(error);
    if (r < 0)
        return NULL;
    const char *text = trdbi_result_text(result, 0, 0);
    char *copy = text ? strdup(text) : NULL;
    trdbi_result_free(result);
    return copy;
}

/* Ends the unit's session when it had its time, so that nothing waits for a client that is not there. One that
 * waits for a standby has committed already and is left alone. */
static void end_session(const search *s, trdbi_conn *conn, const char *which) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    if (trdbi_monotonic_us() < s->end_session_us)
        return;
    trdbi_buf_printf(&sql,
                     "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE %s "
                     "AND wait_event IS DISTINCT FROM 'SyncRep'",
                     which);
    free(ask_text(conn, "commit.end", &sql, NULL, NULL));
}

static answer ask_id(const search *s, trdbi_conn *conn, bool same_memory) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    const int64_t txid = s->question->txid;
    bool to_come = false;
    trdbi_buf_printf(&sql, "SELECT coalesce(pg_xact_status('%" PRId64 "'), 'forgotten')", txid);
    char *status = ask_text(conn, "commit.status", &sql, "22023", &to_come);
    answer found = to_come ? ABORTED : ASK_AGAIN;
    if (status && strcmp(status, "aborted") == 0)
        found = ABORTED;
    else if (status && strcmp(status, "committed") == 0)
        found = same_memory ? COMMITTED : ASK_WITNESS;
    else if (status && strcmp(status, "forgotten") == 0)
        found = ASK_WITNESS;
    else if (status) {
        char which[64];
        snprintf(which, sizeof which, "backend_xid = '%" PRIu32 "'", (uint32_t)txid);
        end_session(s, conn, which);
    }
    free(status);
    return found;
}

/* Whether the session lives in which the unit ran: what it was sent may not have reached it yet. */
static answer ask_session(const search *s, trdbi_conn *conn) {
    const trdbi_server *server = s->question->server;
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    char which[128];
    if (server->session_pid == 0)
        return ASK_WITNESS_BUSY;
    snprintf(which, sizeof which,
             "pid = %" PRId64 " AND (extract(epoch FROM backend_start) * 1000000)::int8 = %" PRId64,
             server->session_pid, server->session_start);
    trdbi_buf_printf(&sql, "SELECT count(*) FROM pg_stat_activity WHERE %s", which);
    char *count = ask_text(conn, "commit.session", &sql, NULL, NULL);
    bool gone = count && strcmp(count, "0") == 0;
    free(count);
    if (!gone)
        end_session(s, conn, which);
    return gone ? ASK_WITNESS : ASK_WITNESS_BUSY;
}

static answer ask_witness(const search *s, trdbi_conn *conn, bool busy) {
    const trdbi_question *q = s->question;
    if (!q->witness->table)
        return NOT_KNOWN;
    switch (trdbi_witness_look(conn, q->witness, s->db->schema_prefix.data, q->acting_user)) {
    case TRDBI_SEEN:
        return COMMITTED;
    case TRDBI_NOT_SEEN:
        /* Behind a pooler the session may live on any of its connections; nobody can tell when it ended. */
        return !q->witness->named || q->server->session_pid == 0 ? NOT_KNOWN : busy ? ASK_AGAIN : ABORTED;
    default:
        return trdbi_conn_broken(conn) ? ASK_AGAIN : NOT_KNOWN;
    }
}

/* Writes a little and commits: that waits for the same standbys as the unit's COMMIT should have. */
static bool is_safe(trdbi_conn *conn) {
    return trdbi_conn_exec(conn, "commit.safe", "SELECT pg_logical_emit_message(true, 'tradingdb', '')", NULL,
                           NULL) == 0;
}

static answer ask_server(const search *s, trdbi_conn *conn, const trdbi_server *now) {
    const trdbi_server *then = s->question->server;
    if (now->system == 0)
        return trdbi_conn_broken(conn) ? ASK_AGAIN : NOT_KNOWN;
    /* A standby may be promoted any moment; an old primary that came back is about to be told that it is none. */
    if (now->timeline == 0 || now->timeline < then->timeline)
        return ASK_AGAIN;
    if (then->system == 0 || then->timeline == 0)
        return ASK_WITNESS_BUSY;
    if (now->system != then->system)
        return NOT_KNOWN;
    if (now->timeline > then->timeline)
        return ASK_WITNESS;
    bool same_memory = then->incarnation != 0 && now->incarnation == then->incarnation;
    if (s->question->txid != 0)
        return ask_id(s, conn, same_memory);
    return same_memory ? ask_session(s, conn) : ASK_WITNESS;
}

static answer ask_once(const search *s) {
    const trdb_db_options *o = &s->db->options;
    const int64_t round_us = trdbi_monotonic_us() + s->round_us;
    int64_t left_ms = (s->deadline_us - trdbi_monotonic_us()) / 1000 + 1;
    left_ms = left_ms < s->round_us / 1000 ? left_ms : s->round_us / 1000;
    const trdbi_conn_options options = {
        .application_name = s->db->application_name,
        .timeout_ms = left_ms < o->connect_timeout_ms ? (int)left_ms : o->connect_timeout_ms,
    };
    trdbi_conn *conn = NULL;
    trdbi_server now;
    if (trdbi_conn_open(s->db->conninfo, &options, &conn, NULL) < 0)
        return ASK_AGAIN;
    trdbi_conn_set_deadline(conn, round_us < s->deadline_us ? round_us : s->deadline_us);
    trdbi_server_ask(conn, &now);
    answer found = ask_server(s, conn, &now);
    if (found == ASK_WITNESS || found == ASK_WITNESS_BUSY)
        found = ask_witness(s, conn, found == ASK_WITNESS_BUSY);
    if (found == COMMITTED && !is_safe(conn))
        found = ASK_AGAIN;
    trdbi_conn_close(conn);
    return found;
}

/* ---- the verdict ---------------------------------------------------------------------------------- */

static void rest(int64_t us) {
    struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&time, NULL); /* a signal only makes the next question come sooner */
}

/* A session gets a quarter of the time, at most a second, to finish by itself. */
static search begin(trdb_db *db, const trdbi_question *question, int timeout_ms) {
    int64_t now_us = trdbi_monotonic_us(), timeout_us = (int64_t)timeout_ms * 1000;
    return (search){
        .db = db,
        .question = question,
        .deadline_us = now_us + timeout_us,
        .round_us = timeout_us / 4 > 500000 ? timeout_us / 4 : 500000,
        .end_session_us = now_us + (timeout_us / 4 < 1000000 ? timeout_us / 4 : 1000000),
    };
}

trdbi_verdict trdbi_outcome_find(trdb_db *db, const trdbi_question *question, int timeout_ms) {
    const search s = begin(db, question, timeout_ms);
    if (timeout_ms <= 0 || (question->txid == 0 && !question->witness->table))
        return TRDBI_VERDICT_UNKNOWN;
    for (int64_t pause_us = 10000;; pause_us = pause_us < 500000 ? pause_us * 2 : pause_us) {
        switch (ask_once(&s)) {
        case COMMITTED:
            return TRDBI_VERDICT_COMMITTED;
        case ABORTED:
            return TRDBI_VERDICT_ABORTED;
        case NOT_KNOWN:
            return TRDBI_VERDICT_UNKNOWN;
        default:
            break;
        }
        int64_t left_us = s.deadline_us - trdbi_monotonic_us();
        if (left_us <= 0)
            return TRDBI_VERDICT_UNKNOWN;
        rest(pause_us < left_us ? pause_us : left_us);
        if (trdbi_monotonic_us() >= s.deadline_us)
            return TRDBI_VERDICT_UNKNOWN;
    }
}
