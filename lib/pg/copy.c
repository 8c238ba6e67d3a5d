/* SPDX-License-Identifier: MIT */
/* COPY into a table, binary. A pipeline cannot hold one, so what is queued goes ahead of it. */
#include "pg/pipeline.h"

#include "base/text.h"
#include "pg/codec.h"

#include <stdlib.h>
#include <string.h>

/*
 * libpq keeps what it cannot send yet, so a message has a piece at most. Of what it can send it takes whole blocks
 * and leaves the rest to a flush: messages that end with a block, their head counted, cost one system call in
 * place of two. A row may go on in the next message.
 */
enum { BLOCK = 8192, PIECE = 128 * BLOCK, HEAD = 5 };

typedef struct copying {
    trdbi_conn *conn;
    const trdbi_copy *job;
    trdbi_buf out;
    trdb_error **reterr;
} copying;

/* ---- writing -------------------------------------------------------------------------------------- */

static int send_piece(copying *c, const char *data, size_t size) {
    if (PQputCopyData(c->conn->pg, data, (int)size) == 1 && trdbi_conn_push(c->conn))
        return 0;
    int r = trdbi_conn_lost(c->conn, c->job->name, c->reterr);
    c->conn->broken = true;
    return r;
}

/* What does not fill a block stays, to go with the rows that come. */
static int send_blocks(copying *c) {
    size_t at = 0, message;
    for (; (message = c->out.size - at + HEAD) >= BLOCK; at += message - HEAD) {
        message = message < PIECE ? message - message % BLOCK : PIECE;
        int r = send_piece(c, c->out.data + at, message - HEAD);
        if (r < 0)
            return r;
    }
    memmove(c->out.data, c->out.data + at, c->out.size - at);
    trdbi_buf_cut(&c->out, c->out.size - at);
    return 0;
}

static int fill(copying *c) {
    int r = c->job->fill(c->job->arg, &c->out, c->reterr);
    return r >= 0 && c->out.failed ? trdbi_error_nomem(c->reterr) : r;
}

/* Sends what is there, then fills up and sends until there are no more rows. The end goes with the last of them. */
static int copy_rows(copying *c, int more) {
    for (; more > 0; more = fill(c)) {
        int r = send_blocks(c);
        if (r < 0)
            return r;
    }
    if (more < 0)
        return more;
    trdbi_buf_u16(&c->out, UINT16_MAX);
    return c->out.failed ? trdbi_error_nomem(c->reterr) : send_blocks(c);
}

/* ---- the call ------------------------------------------------------------------------------------- */

/* "COPY trading_trades, line 17, column size", perhaps behind the lines of a trigger: rows count from 1. Words
 * may be translated; the first number that stands by itself is the line. */
static void set_row(const PGresult *result, trdb_error **reterr) {
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    while (context && strncmp(context, "COPY ", 5) != 0) {
        context = strchr(context, '\n');
        context = context ? context + 1 : NULL;
    }
    const char *comma = context ? strchr(context, ',') : NULL;
    const char *digits = comma ? comma + strcspn(comma, "0123456789\n") : NULL;
    if (digits && *digits >= '1' && *digits <= '9')
        trdbi_error_set_row(reterr, strtoll(digits, NULL, 10) - 1);
}

static int copy_begin(copying *c) {
    trdbi_count(&c->conn->round_trips);
    trdbi_conn_arm(c->conn);
    PGresult *result = trdbi_conn_last(c->conn, PQsendQuery(c->conn->pg, c->job->sql));
    bool good = result && PQresultStatus(result) == PGRES_COPY_IN;
    if (!good) {
        const trdbi_call call = {.label = c->job->name, .sql = c->job->sql, .secret = c->job->secret};
        int r = trdbi_call_end(c->conn, &call, result, c->reterr);
        PQclear(result);
        return r < 0 ? r
                     : trdbi_error(c->reterr, TRDB_E_PROTOCOL, "%s: the server did not begin to copy",
                                   c->job->name);
    }
    PQclear(result);
    return 0;
}

/* The answers to the COPY and to what follows it in the same SQL. The first failure ends them. */
static int take_answers(copying *c, trdbi_call *call, trdbi_result **ret, trdb_error **reterr) {
    PGresult *result = trdbi_conn_push(c->conn) || !c->conn->late ? trdbi_conn_next(c->conn) : NULL;
    int r = trdbi_call_end(c->conn, call, result, reterr);
    if (r < 0 && result)
        set_row(result, reterr);
    PQclear(result);
    while (!c->conn->broken && (result = trdbi_conn_next(c->conn))) {
        if (r == 0 && !trdbi_result_good(result))
            r = trdbi_call_end(c->conn, call, result, reterr);
        if (r == 0 && ret && PQresultStatus(result) == PGRES_TUPLES_OK) {
            trdbi_result_free(*ret);
            *ret = (trdbi_result *)result;
        } else {
            PQclear(result);
        }
    }
    return r;
}

/* Ends the COPY with what is left of the last block; or gives it up when `failed`, whose error is then the one that
 * is told. */
static int copy_end(copying *c, trdbi_call *call, int failed, trdbi_result **ret) {
    if (c->conn->broken)
        return failed;
    trdbi_count(&c->conn->round_trips);
    bool sent = failed < 0 || c->out.size == 0 || PQputCopyData(c->conn->pg, c->out.data, (int)c->out.size) == 1;
    if (!sent || PQputCopyEnd(c->conn->pg, failed < 0 ? "given up" : NULL) != 1) {
        c->conn->broken = true;
        return failed < 0 ? failed : trdbi_conn_lost(c->conn, c->job->name, c->reterr);
    }
    int r = take_answers(c, call, ret, failed < 0 ? NULL : c->reterr);
    return failed < 0 ? failed : r;
}

/* The first rows are made before anything is sent, so that a bad one among them costs no round trip. */
int trdbi_conn_copy(trdbi_conn *conn, const trdbi_copy *job, trdbi_result **ret, trdb_error **reterr) {
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0";
    copying c = {.conn = conn, .job = job, .reterr = reterr};
    trdbi_result *result = NULL;
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, job->name, reterr);
    trdbi_buf_append(&c.out, header, sizeof header);
    int more = fill(&c), r = more;
    if (r >= 0)
        r = trdbi_conn_flush(conn, reterr);
    trdbi_call call = trdbi_call_begin(conn, job->name, job->sql, job->secret);
    if (r == 0)
        r = copy_begin(&c);
    if (r == 0)
        r = copy_end(&c, &call, copy_rows(&c, more), &result);
    trdbi_buf_free(&c.out);
    if (r == 0 && ret)
        *ret = result;
    else
        trdbi_result_free(result);
    return r;
}
