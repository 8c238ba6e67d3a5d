/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "pg/pipeline.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void release(trdbi_conn *conn) {
    if (conn->pg)
        (void)PQsetnonblocking(conn->pg, 1); /* a server that takes nothing cannot hold up the goodbye */
    PQfinish(conn->pg);
    trdbi_queue_free(conn);
    trdbi_cache_free(&conn->cache);
    free(conn->arguments.types);
    free(conn->arguments.values);
    free(conn->arguments.lengths);
    free(conn->arguments.formats);
    free(conn);
}

void trdbi_conn_close(trdbi_conn *conn) {
    if (conn)
        release(conn);
}

void trdbi_conn_abandon(trdbi_conn *conn) {
    if (!conn)
        return;
    /* PQfinish() says goodbye, which would end the parent's session. It says it to an unconnected socket that
     * takes the place of the shared one; where there is none to be had, the memory stays. */
    int fd = PQsocket(conn->pg);
    if (fd >= 0) {
        int nowhere = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (nowhere < 0)
            return;
        int r = dup2(nowhere, fd);
        close(nowhere);
        if (r < 0)
            return;
    }
    release(conn);
}

void trdbi_conn_set_trace(trdbi_conn *conn, const trdbi_trace *trace) {
    conn->trace = trace ? *trace : (trdbi_trace){0};
}

bool trdbi_conn_broken(const trdbi_conn *conn) {
    return conn->broken || PQstatus(conn->pg) == CONNECTION_BAD;
}

bool trdbi_conn_server_left(const trdbi_conn *conn) {
    return conn->server_left;
}

uint64_t trdbi_conn_where(const trdbi_conn *conn) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getpeername(PQsocket(conn->pg), (struct sockaddr *)&address, &size) != 0)
        return 0;
    return trdbi_hash(&address, size < sizeof address ? size : sizeof address);
}

bool trdbi_conn_on_standby(const trdbi_conn *conn) {
    const char *standby = PQparameterStatus(conn->pg, "in_hot_standby");
    return standby && strcmp(standby, "on") == 0;
}

bool trdbi_conn_has_role(trdbi_conn *conn) {
    bool demoted = !conn->standby && trdbi_conn_on_standby(conn);
    conn->server_left = conn->server_left || demoted;
    return !demoted;
}

bool trdbi_conn_idle(const trdbi_conn *conn) {
    return !trdbi_conn_broken(conn) && !conn->uncertain && conn->queue.count == 0 &&
           PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
}

int trdbi_conn_backend_pid(const trdbi_conn *conn) {
    return PQbackendPID(conn->pg);
}

int64_t trdbi_conn_round_trips(const trdbi_conn *conn) {
    return atomic_load_explicit(&conn->round_trips, memory_order_relaxed);
}

int64_t trdbi_conn_prepares(const trdbi_conn *conn) {
    return atomic_load_explicit(&conn->prepares, memory_order_relaxed);
}

bool trdbi_conn_wait(const trdbi_conn *conn, short events, int64_t deadline_us) {
    return trdbi_wait_fd(PQsocket(conn->pg), events, deadline_us, NULL) == TRDBI_WAIT_READY;
}

void trdbi_conn_set_deadline(trdbi_conn *conn, int64_t deadline_us) {
    conn->deadline_us = deadline_us;
}

bool trdbi_conn_in_time(const trdbi_conn *conn) {
    return conn->deadline_us == 0 || trdbi_monotonic_us() < conn->deadline_us;
}

static bool is_bounded(const trdbi_conn *conn) {
    return conn->deadline_us > 0 || conn->canceller;
}

/* Waits for the socket as long as a call may. A statement whose time is up goes on being a burden for the
 * server: it is asked to stop, but its answer is not waited for. */
static bool wait_in_time(trdbi_conn *conn, short events) {
    for (;;) {
        switch (trdbi_wait_fd(PQsocket(conn->pg), events, conn->deadline_us > 0 ? conn->deadline_us : -1,
                              conn->cancelled ? NULL : conn->canceller)) {
        case TRDBI_WAIT_READY:
            return true;
        case TRDBI_WAIT_CANCELLED:
            trdbi_conn_cancel_call(conn);
            break;
        case TRDBI_WAIT_LATE:
            if (!conn->cancelled && !conn->committing)
                trdbi_conn_send_cancel(conn, 0);
            conn->late = conn->broken = true;
            return false;
        }
    }
}

void trdbi_conn_arm(trdbi_conn *conn) {
    int wanted = is_bounded(conn);
    if (PQisnonblocking(conn->pg) != wanted)
        (void)PQsetnonblocking(conn->pg, wanted);
}

bool trdbi_conn_push(trdbi_conn *conn) {
    for (;;) {
        int r = PQflush(conn->pg);
        if (r <= 0)
            return r == 0;
        if (!wait_in_time(conn, POLLIN | POLLOUT) || !PQconsumeInput(conn->pg))
            return false;
    }
}

bool trdbi_conn_more(trdbi_conn *conn) {
    return wait_in_time(conn, POLLIN) && PQconsumeInput(conn->pg);
}

PGresult *trdbi_conn_next(trdbi_conn *conn) {
    /* A server that talks without end is not waited for either: the clock is looked at in each turn. */
    while (is_bounded(conn) && PQisBusy(conn->pg)) {
        if (!wait_in_time(conn, POLLIN))
            return NULL;
        if (!PQconsumeInput(conn->pg))
            break; /* PQgetResult() says why */
    }
    return PQgetResult(conn->pg);
}

PGresult *trdbi_conn_last(trdbi_conn *conn, bool sent) {
    PGresult *last = NULL;
    if (!sent || (PQisnonblocking(conn->pg) && !trdbi_conn_push(conn) && conn->late))
        return NULL;
    for (PGresult *next; (next = trdbi_conn_next(conn));) {
        PQclear(last);
        last = next;
        ExecStatusType status = PQresultStatus(next);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH ||
            PQstatus(conn->pg) == CONNECTION_BAD)
            break;
    }
    if (conn->late) {
        PQclear(last);
        last = NULL;
    }
    return last;
}

bool trdbi_conn_alive(trdbi_conn *conn) {
    /* A server that ends a session sends its reason and hangs up: two reads at most, the rest is notices. */
    for (int i = 0; i < 8 && !trdbi_conn_broken(conn); i++) {
        struct pollfd fd = {.fd = PQsocket(conn->pg), .events = POLLIN};
        if (poll(&fd, 1, 0) <= 0)
            break;
        if (!PQconsumeInput(conn->pg))
            conn->broken = true;
        PQfreemem(PQnotifies(conn->pg)); /* has libpq digest what came */
    }
    return !trdbi_conn_broken(conn);
}

/* Reads until the answer to a query is there, or the deadline. */
static bool answers_in_time(trdbi_conn *conn, int64_t deadline_us) {
    while (PQisBusy(conn->pg))
        if (!trdbi_conn_wait(conn, POLLIN, deadline_us) || !PQconsumeInput(conn->pg))
            return false;
    return true;
}

int trdbi_conn_ping(trdbi_conn *conn, int timeout_ms, trdb_error **reterr) {
    trdbi_call call = trdbi_call_begin(conn, "ping", "", false);
    int64_t deadline_us = trdbi_monotonic_us() + (int64_t)timeout_ms * 1000;
    PGresult *result = NULL;
    if (!trdbi_conn_broken(conn) && PQsendQuery(conn->pg, "")) {
        trdbi_count(&conn->round_trips);
        if (answers_in_time(conn, deadline_us))
            result = PQgetResult(conn->pg);
    }
    conn->broken = conn->broken || !result;
    int r = trdbi_call_end(conn, &call, result, reterr);
    if (!result && PQstatus(conn->pg) == CONNECTION_OK) /* given up, not lost */
        r = trdbi_error(reterr, TRDB_E_TIMEOUT, "the server did not answer within %d ms", timeout_ms);
    while (result) {
        PQclear(result);
        result = PQgetResult(conn->pg);
    }
    return r;
}

int trdbi_conn_literal(trdbi_conn *conn, const char *text, trdbi_buf *sql, trdb_error **reterr) {
    size_t size = strlen(text);
    if (trdbi_utf8_length(text, size) < 0)
        return trdbi_error(reterr, TRDB_E_ENCODING, "the text is not valid UTF-8");
    char *literal = PQescapeLiteral(conn->pg, text, size);
    if (!literal)
        return trdbi_error_nomem(reterr);
    trdbi_buf_text(sql, literal);
    PQfreemem(literal);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}
