/* SPDX-License-Identifier: MIT */
/* One call at a time: judging and tracing results, plain SQL, prepared statements. */
#include "base/text.h"
#include "pg/conn.h"
#include "pg/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- results and errors --------------------------------------------------------------------------- */

bool trdbi_result_good(const PGresult *result) {
    switch (PQresultStatus(result)) {
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
    case PGRES_EMPTY_QUERY:
        return true;
    default:
        return false;
    }
}

int trdbi_conn_lost(trdbi_conn *conn, const char *label, trdb_error **reterr) {
    char words[256];
    if (!trdbi_conn_broken(conn)) {
        /* libpq gives no answer without losing the connection only when it has no memory for it. */
        conn->broken = true;
        return trdbi_error_nomem(reterr);
    }
    bool hung_up = PQstatus(conn->pg) == CONNECTION_BAD && !conn->late && !conn->excused;
    conn->server_left = conn->server_left || hung_up;
    if (conn->late && conn->cancelled) {
        trdbi_error(reterr, TRDB_E_CANCELLED,
                    "%s: the call was cancelled; the server did not stop in time, and the connection was given up",
                    label);
        trdbi_error_set_statement(reterr, label);
        return TRDB_E_CANCELLED;
    }
    if (conn->late)
        snprintf(words, sizeof words, "the server did not answer in time, and the connection was given up");
    else
        trdbi_first_line(PQerrorMessage(conn->pg), words, sizeof words);
    /* What libpq says itself comes without a severity, so this is no server's trouble. */
    if (!conn->late && strncmp(words, "out of memory", sizeof "out of memory" - 1) == 0)
        return trdbi_error_nomem(reterr);
    trdbi_error(reterr, TRDB_E_CONNECTION_LOST, "%s: the connection to the server was lost%s%s", label,
                words[0] ? ": " : "", words);
    trdbi_error_set_statement(reterr, label);
    trdbi_error_set_retryable(reterr);
    return TRDB_E_CONNECTION_LOST;
}

/* 57P01 to 57P04: shutting down, crashed, not up yet, the database was dropped; 57P05 ends this session only. 08: a
 * connection broke, of a pooler's. 25006 from a standby: a primary was demoted. */
void trdbi_conn_hear(trdbi_conn *conn, const PGresult *result) {
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (!sqlstate)
        return;
    bool leaves = (strncmp(sqlstate, "57P0", 4) == 0 && strcmp(sqlstate, "57P05") != 0) ||
                  strncmp(sqlstate, "08", 2) == 0 ||
                  (strcmp(sqlstate, "25006") == 0 && !conn->standby && trdbi_conn_on_standby(conn));
    conn->server_left = conn->server_left || leaves;
    conn->excused = conn->excused || (severity && strcmp(severity, "FATAL") == 0);
}

/* What a cast says whose text is one of ours; 0 for another. */
static int code_of_cast(const trdbi_server_error *server) {
    if (strcmp(server->sqlstate, "22P02") != 0 || !server->message)
        return 0;
    return strstr(server->message, TRDBI_NO_SUCH_ROW)   ? TRDB_E_NOT_FOUND
           : strstr(server->message, TRDBI_ROW_CHANGED) ? TRDB_E_CONFLICT
                                                        : 0;
}

static int server_failed(trdbi_conn *conn, const trdbi_call *call, const PGresult *result,
                         trdb_error **reterr) {
    trdbi_server_error server = {
        .sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE),
        .message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY),
        .detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL),
        .hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT),
        .constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME),
        .table = PQresultErrorField(result, PG_DIAG_TABLE_NAME),
        .column = PQresultErrorField(result, PG_DIAG_COLUMN_NAME),
    };
    if (!server.sqlstate) {
        char words[256];
        /* A failed write is told before libpq has noticed that nothing can be read either. */
        if (trdbi_conn_broken(conn) || !PQconsumeInput(conn->pg))
            return trdbi_conn_lost(conn, call->label, reterr);
        conn->broken = true; /* libpq's own complaint: what the server still sends is anyone's guess */
        trdbi_first_line(PQresultErrorMessage(result), words, sizeof words);
        if (trdbi_tells_of_memory(words))
            return trdbi_error_nomem(reterr);
        return trdbi_error(reterr, TRDB_E_PROTOCOL, "%s: %s", call->label,
                           words[0] ? words : "the server's answer is none to this call");
    }
    trdbi_conn_hear(conn, result);
    int code = code_of_cast(&server);
    if (code < 0) {
        trdbi_error(reterr, code, "%s: %s", call->label,
                    code == TRDB_E_CONFLICT ? "the row has changed since it was read" : "no such row");
        trdbi_error_set_statement(reterr, call->label);
        return code;
    }
    code = trdbi_error_server(reterr, call->label, &server, call->secret);
    if (!trdbi_conn_broken(conn) || code == TRDB_E_CONNECTION_LOST) {
        if (code == TRDB_E_CONNECTION_LOST)
            trdbi_error_set_retryable(reterr);
        return code;
    }
    server.sqlstate = "08006"; /* connection_failure: the server's last word was a reason to hang up */
    code = trdbi_error_server(reterr, call->label, &server, call->secret);
    trdbi_error_set_retryable(reterr);
    return code;
}

static int judge(trdbi_conn *conn, const trdbi_call *call, const PGresult *result, trdb_error **reterr) {
    if (!result)
        return trdbi_conn_lost(conn, call->label, reterr);
    if (trdbi_result_good(result))
        return 0;
    switch (PQresultStatus(result)) {
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
        conn->broken = true; /* the protocol is inside the copy; closing is the one safe way out */
        return trdbi_error(reterr, TRDB_E_UNSUPPORTED, "%s: COPY from or to the client is not possible here",
                           call->label);
    default:
        return server_failed(conn, call, result, reterr);
    }
}

/* ---- traces --------------------------------------------------------------------------------------- */

trdbi_call trdbi_call_begin(const trdbi_conn *conn, const char *label, const char *sql, bool secret) {
    trdbi_call call = {.label = label, .sql = sql, .secret = secret, .number = conn->call_number};
    if (conn->trace.fn) {
        call.started_us = trdbi_now_us();
        call.monotonic_us = trdbi_monotonic_us();
    }
    return call;
}

static void tell(trdbi_conn *conn, const trdbi_call *call, const PGresult *result, int code) {
    int64_t rows = -1;
    if (code == 0)
        rows = PQresultStatus(result) == PGRES_TUPLES_OK ? call->rows + PQntuples(result)
                                                         : trdbi_result_affected(trdbi_result_of(result));
    trdb_trace_event event = {
        .struct_size = sizeof event,
        .statement = call->label,
        .sql = call->sql,
        .started_us = call->started_us,
        .duration_us = trdbi_monotonic_us() - call->monotonic_us,
        .rows = rows,
        .round_trip = trdbi_conn_round_trips(conn),
        .backend_pid = PQbackendPID(conn->pg),
        .code = code,
        .sqlstate = result && code < 0 ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL,
    };
    conn->trace.fn(conn->trace.arg, &event);
}

int trdbi_call_end(trdbi_conn *conn, const trdbi_call *call, const PGresult *result, trdb_error **reterr) {
    int r = judge(conn, call, result, reterr);
    if (r < 0 && r != TRDB_E_CONNECTION_LOST) /* that is no call's fault */
        trdbi_error_set_call(reterr, call->number, 0);
    if (conn->trace.fn)
        tell(conn, call, result, r);
    return r;
}

/* ---- calls ---------------------------------------------------------------------------------------- */

void trdbi_conn_set_call(trdbi_conn *conn, int64_t call) {
    conn->call_number = call;
}

static int finish(trdbi_conn *conn, const trdbi_call *call, PGresult *result, trdbi_result **ret,
                  trdb_error **reterr) {
    int r = trdbi_call_end(conn, call, result, reterr);
    if (r < 0 || !ret)
        PQclear(result);
    else
        *ret = (trdbi_result *)result;
    return r;
}

int trdbi_conn_exec_shown(trdbi_conn *conn, const char *name, const char *sql, const char *shown,
                          trdbi_result **ret, trdb_error **reterr) {
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, name, reterr);
    trdbi_call call = trdbi_call_begin(conn, name, shown, false);
    trdbi_count(&conn->round_trips);
    trdbi_conn_arm(conn);
    PGresult *result = trdbi_conn_last(conn, PQsendQuery(conn->pg, sql));
    return finish(conn, &call, result, ret, reterr);
}

int trdbi_conn_exec(trdbi_conn *conn, const char *name, const char *sql, trdbi_result **ret,
                    trdb_error **reterr) {
    return trdbi_conn_exec_shown(conn, name, sql, sql, ret, reterr);
}

/* 0A000 says much else, too; who raised it is not translated. */
trdbi_refusal trdbi_refusal_of(const trdbi_prepared *prepared, const PGresult *result) {
    const char *sqlstate = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    if (!sqlstate || !prepared->id[0])
        return TRDBI_NOT_REFUSED;
    if (strcmp(sqlstate, "26000") == 0)
        return TRDBI_FORGOTTEN;
    const char *raised_by = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);
    return strcmp(sqlstate, "0A000") == 0 && raised_by && strcmp(raised_by, "RevalidateCachedQuery") == 0
               ? TRDBI_OUTDATED
               : TRDBI_NOT_REFUSED;
}

/* One plan that is out of date hardly is the only one: the next refusal would cost another attempt. */
trdbi_refusal trdbi_conn_judge_prepared(trdbi_conn *conn, const trdbi_prepared *prepared, const PGresult *result,
                                        trdb_error **reterr) {
    trdbi_refusal refusal = trdbi_refusal_of(prepared, result);
    if (refusal == TRDBI_OUTDATED) {
        conn->outdated = true;
        trdbi_cache_outdate(&conn->cache);
    }
    conn->forgotten = conn->forgotten || refusal == TRDBI_FORGOTTEN;
    if (refusal != TRDBI_NOT_REFUSED)
        trdbi_error_set_retryable(reterr);
    return refusal;
}

bool trdbi_conn_take_outdated(trdbi_conn *conn) {
    bool outdated = conn->outdated;
    conn->outdated = false;
    return outdated;
}

void trdbi_conn_outdate(trdbi_conn *conn) {
    trdbi_cache_outdate(&conn->cache);
}

int64_t trdbi_conn_last_rows(trdbi_conn *conn, const trdbi_statement *statement) {
    const trdbi_prepared *known = conn->cache.limit > 0 ? trdbi_cache_find(&conn->cache, statement) : NULL;
    return known ? known->rows : 0;
}

void trdbi_conn_note_rows(trdbi_conn *conn, const trdbi_statement *statement, int64_t rows) {
    trdbi_prepared *known = conn->cache.limit > 0 ? trdbi_cache_find(&conn->cache, statement) : NULL;
    if (known)
        known->rows = rows;
}

static int run_prepared(trdbi_conn *conn, trdbi_prepared *prepared, const trdbi_params *params,
                        trdbi_refusal *ret_refusal, trdbi_result **ret, trdb_error **reterr) {
    const trdbi_arguments *arguments = &conn->arguments;
    trdbi_call call = trdbi_call_begin(conn, prepared->label, prepared->sql, prepared->secret);
    trdbi_count(&conn->round_trips);
    trdbi_conn_arm(conn);
    PGresult *result = trdbi_conn_last(
        conn, PQsendQueryPrepared(conn->pg, prepared->id, params ? params->count : 0, arguments->values,
                                  arguments->lengths, arguments->formats, 1));
    int r = trdbi_call_end(conn, &call, result, reterr);
    if (r < 0)
        *ret_refusal = trdbi_conn_judge_prepared(conn, prepared, result, reterr);
    if (conn->forgotten)
        trdbi_cache_clear(&conn->cache);
    conn->forgotten = false;
    if (r < 0 || !ret)
        PQclear(result);
    else
        *ret = (trdbi_result *)result;
    return r;
}

static int run_unprepared(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                          trdbi_result **ret, trdb_error **reterr) {
    trdbi_prepared *once = NULL;
    int r = trdbi_prepared_new(statement, 0, &once, reterr);
    if (r < 0)
        return r;
    const trdbi_arguments *arguments = &conn->arguments;
    trdbi_call call = trdbi_call_begin(conn, once->label, once->sql, once->secret);
    trdbi_count(&conn->round_trips);
    trdbi_conn_arm(conn);
    PGresult *result = trdbi_conn_last(
        conn, PQsendQueryParams(conn->pg, once->sql, params ? params->count : 0, arguments->types,
                                arguments->values, arguments->lengths, arguments->formats, 1));
    r = finish(conn, &call, result, ret, reterr);
    trdbi_prepared_free(once);
    return r;
}

int trdbi_conn_run(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                   trdbi_result **ret, trdb_error **reterr) {
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, statement->name, reterr);
    if (trdbi_conn_queued(conn))
        return trdbi_pipeline_run(conn, statement, params, ret, reterr);
    int r = trdbi_conn_bind(conn, params, reterr);
    if (r < 0)
        return r;
    if (statement->rows)
        return trdbi_pipeline_run(conn, statement, params, ret, reterr);
    if (conn->cache.limit == 0)
        return run_unprepared(conn, statement, params, ret, reterr);
    trdbi_prepared *prepared = trdbi_cache_find(&conn->cache, statement);
    if (!prepared || prepared->stale)
        return trdbi_pipeline_run(conn, statement, params, ret, reterr);
    bool alone = PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
    trdbi_refusal refusal = TRDBI_NOT_REFUSED;
    trdb_error *error = NULL;
    r = run_prepared(conn, prepared, params, &refusal, ret, &error);
    if (r == 0)
        return 0;
    if (alone && refusal != TRDBI_NOT_REFUSED && !trdbi_conn_broken(conn)) {
        trdb_error_free(error);
        return trdbi_pipeline_run(conn, statement, params, ret, reterr);
    }
    trdbi_error_hand(reterr, error);
    return r;
}
