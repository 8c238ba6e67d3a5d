/* SPDX-License-Identifier: MIT */
/* COPY into a table, binary. A pipeline cannot hold one, so what is queued goes ahead of it. */
#include "pg/pipeline.h"

#include "base/text.h"
#include "pg/codec.h"

#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1 << 16 };

typedef struct copying {
    trdbi_conn *conn;
    const char *name;
    const uint32_t *types; /* of the target's columns, in the order of the parameters */
    trdbi_buf out;
    trdb_error **reterr;
} copying;

/* ---- writing -------------------------------------------------------------------------------------- */

static void put_u16(trdbi_buf *out, uint16_t value) {
    const char bytes[2] = {(char)(value >> 8), (char)value};
    trdbi_buf_append(out, bytes, sizeof bytes);
}

static void put_u32(trdbi_buf *out, uint32_t value) {
    put_u16(out, (uint16_t)(value >> 16));
    put_u16(out, (uint16_t)value);
}

bool trdbi_copy_fits(uint32_t sent, uint32_t type) {
    switch (sent) {
    case 0: /* a native enum takes its text */
        return true;
    case TRDBI_OID_TEXT:
        return type == TRDBI_OID_TEXT || type == TRDBI_OID_VARCHAR || type == TRDBI_OID_BPCHAR;
    case TRDBI_OID_INT8:
        return type == TRDBI_OID_INT8 || type == TRDBI_OID_INT4 || type == TRDBI_OID_INT2;
    default:
        return sent == type;
    }
}

/* COPY converts nothing: a narrower integer is written as such. */
static int put_integer(copying *c, uint32_t type, const char *data) {
    int64_t value = (int64_t)trdbi_get_u64(data);
    int64_t most = type == TRDBI_OID_INT2 ? INT16_MAX : INT32_MAX;
    if (value > most || value < -most - 1)
        return trdbi_error(c->reterr, TRDB_E_RANGE, "%s: %lld does not fit into %s", c->name,
                           (long long)value, type == TRDBI_OID_INT2 ? "smallint" : "integer");
    put_u32(&c->out, type == TRDBI_OID_INT2 ? 2 : 4);
    if (type == TRDBI_OID_INT2)
        put_u16(&c->out, (uint16_t)value);
    else
        put_u32(&c->out, (uint32_t)value);
    return 0;
}

static int put_value(copying *c, const trdbi_params *params, int i) {
    const struct trdbi_param *item = &params->items[i];
    if (item->length < 0) {
        put_u32(&c->out, UINT32_MAX);
        return 0;
    }
    const char *data = params->data.data ? params->data.data + item->offset : "";
    if (item->oid == TRDBI_OID_INT8 && c->types[i] != TRDBI_OID_INT8)
        return put_integer(c, c->types[i], data);
    put_u32(&c->out, (uint32_t)item->length);
    trdbi_buf_append(&c->out, data, (size_t)item->length);
    return 0;
}

static int put_row(copying *c, const trdbi_params *params) {
    int r = params->failed || params->data.failed ? trdbi_error_nomem(c->reterr) : 0;
    put_u16(&c->out, (uint16_t)params->count);
    for (int i = 0; i < params->count && r == 0; i++)
        r = put_value(c, params, i);
    return r == 0 && c->out.failed ? trdbi_error_nomem(c->reterr) : r;
}

static int send_chunk(copying *c) {
    if (PQputCopyData(c->conn->pg, c->out.data, (int)c->out.size) != 1 || !trdbi_conn_push(c->conn)) {
        int r = trdbi_conn_lost(c->conn, c->name, c->reterr);
        c->conn->broken = true;
        return r;
    }
    trdbi_buf_clear(&c->out);
    return 0;
}

/* ---- the call ------------------------------------------------------------------------------------- */

/* "COPY trading_trades, line 17, column size": rows count from 1. Words may be translated; the first number
 * that stands by itself is the line. */
static void set_row(const PGresult *result, trdb_error **reterr) {
    const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
    const char *comma = context && strncmp(context, "COPY ", 5) == 0 ? strchr(context, ',') : NULL;
    const char *digits = comma ? comma + strcspn(comma, "0123456789\n") : NULL;
    if (digits && *digits >= '1' && *digits <= '9')
        trdbi_error_set_row(reterr, strtoll(digits, NULL, 10) - 1);
}

static int copy_begin(copying *c, const char *sql) {
    static const char header[] = "PGCOPY\n\377\r\n";
    trdbi_count(&c->conn->round_trips);
    trdbi_conn_arm(c->conn);
    PGresult *result = trdbi_conn_last(c->conn, PQsendQuery(c->conn->pg, sql));
    bool good = result && PQresultStatus(result) == PGRES_COPY_IN;
    if (!good) {
        const trdbi_call call = {.label = c->name, .sql = sql};
        int r = trdbi_call_end(c->conn, &call, result, c->reterr);
        PQclear(result);
        return r < 0
                   ? r
                   : trdbi_error(c->reterr, TRDB_E_PROTOCOL, "%s: the server did not begin to copy", c->name);
    }
    PQclear(result);
    trdbi_buf_append(&c->out, header, sizeof header); /* its NUL belongs to it */
    put_u32(&c->out, 0);
    put_u32(&c->out, 0);
    return 0;
}

/* Ends the COPY, giving it up when `failed`, whose error is then the one that is told. */
static int copy_end(copying *c, trdbi_call *call, int failed) {
    PGconn *pg = c->conn->pg;
    if (c->conn->broken)
        return failed;
    if (failed == 0) {
        put_u16(&c->out, UINT16_MAX);
        failed = c->out.failed ? trdbi_error_nomem(c->reterr) : send_chunk(c);
    }
    trdbi_count(&c->conn->round_trips);
    if (c->conn->broken || PQputCopyEnd(pg, failed < 0 ? "given up" : NULL) != 1) {
        c->conn->broken = true;
        return failed < 0 ? failed : trdbi_conn_lost(c->conn, c->name, c->reterr);
    }
    PGresult *result = trdbi_conn_push(c->conn) || !c->conn->late ? trdbi_conn_next(c->conn) : NULL;
    int r = trdbi_call_end(c->conn, call, result, failed < 0 ? NULL : c->reterr);
    if (r < 0 && failed == 0 && result)
        set_row(result, c->reterr);
    PQclear(result);
    while (!c->conn->broken && (result = trdbi_conn_next(c->conn)))
        PQclear(result);
    return failed < 0 ? failed : r;
}

static int copy_rows(copying *c, const trdbi_copy *job, size_t *ret_done) {
    trdbi_params params = {0};
    trdbi_statement unused;
    int r = 0;
    size_t i = 0;
    for (; i < job->count && r == 0; i++) {
        trdbi_params_clear(&params);
        r = job->next(job->arg, i, &params, &unused, c->reterr);
        if (r == 0)
            r = put_row(c, &params);
        if (r < 0 && !c->conn->broken)
            trdbi_error_set_row(c->reterr, (int64_t)i);
        if (r == 0 && c->out.size >= CHUNK)
            r = send_chunk(c);
        if (r > 0)
            break;
    }
    trdbi_params_free(&params);
    *ret_done = i;
    return r < 0 ? r : 0;
}

int trdbi_conn_copy(trdbi_conn *conn, const trdbi_copy *job, size_t *ret_done, trdb_error **reterr) {
    copying c = {.conn = conn, .name = job->name, .types = job->types, .reterr = reterr};
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, job->name, reterr);
    int r = trdbi_conn_flush(conn, reterr);
    if (r < 0)
        return r;
    trdbi_call call = trdbi_call_begin(conn, job->name, job->sql, job->secret);
    r = copy_begin(&c, job->sql);
    if (r == 0)
        r = copy_end(&c, &call, copy_rows(&c, job, ret_done));
    trdbi_buf_free(&c.out);
    return r;
}
