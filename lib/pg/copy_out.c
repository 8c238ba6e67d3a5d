/* SPDX-License-Identifier: MIT */
/*
 * Rows as they arrive: by binary COPY, or one by one where parameters must not stand in SQL, or as the answer to a
 * statement in the queue. COPY cannot stand in a pipeline, so what is queued goes ahead.
 */
#include "base/text.h"
#include "pg/conn.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_DROPPED = 1 << 20 }; /* bytes that are read and dropped after a failure; more is not worth the while */

typedef struct reading {
    trdbi_conn *conn;
    const trdbi_rows *job;
    trdbi_value *values;
    int code; /* of the first failure */
    size_t dropped;
    bool ended; /* the last row was told */
    trdb_error **reterr;
} reading;

/* ---- a row of COPY -------------------------------------------------------------------------------- */

static int malformed(reading *r) {
    r->conn->broken = true; /* who knows what comes next */
    return trdbi_error(r->reterr, TRDB_E_PROTOCOL, "%s: the server sent a malformed row", r->job->name);
}

size_t trdbi_copy_header(const char *data, size_t size) {
    static const char signature[] = "PGCOPY\n\377\r\n"; /* its NUL belongs to it */
    enum { FLAGS = sizeof signature, EXTENSION = FLAGS + 4, FIXED = EXTENSION + 4, CRITICAL = 0xffff0000 };
    if (size < FIXED || memcmp(data, signature, sizeof signature) != 0 ||
        trdbi_get_u32(data + FLAGS) & (uint32_t)CRITICAL)
        return 0;
    size_t extension = trdbi_get_u32(data + EXTENSION);
    return extension <= size - FIXED ? FIXED + extension : 0;
}

bool trdbi_copy_split(const char *data, size_t size, trdbi_value *values, size_t count) {
    if (size < 2 || trdbi_get_u16(data) != count)
        return false;
    data += 2;
    size -= 2;
    for (size_t i = 0; i < count; i++) {
        if (size < 4)
            return false;
        uint32_t length = trdbi_get_u32(data);
        data += 4;
        size -= 4;
        values[i] = (trdbi_value){.data = NULL};
        if (length == UINT32_MAX)
            continue;
        if (length > size)
            return false;
        values[i] = (trdbi_value){.data = data, .size = length};
        data += length;
        size -= length;
    }
    return size == 0;
}

static bool is_trailer(const char *data, size_t size) {
    return size == 2 && trdbi_get_u16(data) == UINT16_MAX;
}

static int take_message(reading *r, const char *data, size_t size) {
    if (is_trailer(data, size) && !r->ended) {
        r->ended = true;
        return 0;
    }
    if (r->ended || !trdbi_copy_split(data, size, r->values, r->job->columns))
        return malformed(r);
    return r->job->row(r->job->arg, r->values, r->reterr);
}

/* ---- the calls ------------------------------------------------------------------------------------ */

/* A failure of ours: is it worth reading what is left? */
static bool goes_on(reading *r, size_t size) {
    if (r->code == 0)
        return true;
    r->dropped += size;
    if (r->dropped > MOST_DROPPED)
        r->conn->broken = true;
    return !r->conn->broken;
}

static int take_types(reading *r, const PGresult *result) {
    size_t count = r->job->columns;
    uint32_t *types = calloc(count, sizeof *types);
    if (!types)
        return trdbi_error_nomem(r->reterr);
    int code = 0;
    if ((size_t)PQnfields(result) != count) {
        r->conn->broken = true;
        code = trdbi_error(r->reterr, TRDB_E_PROTOCOL, "%s: the server sent %d columns, wanted %zu", r->job->name,
                           PQnfields(result), count);
    }
    for (size_t i = 0; i < count && code == 0; i++)
        types[i] = PQftype(result, (int)i);
    if (code == 0)
        code = r->job->begin(r->job->arg, types, r->reterr);
    free(types);
    return code;
}

/* PQgetCopyData() within the connection's deadline, or until the call is cancelled. */
static int next_message(reading *r, char **ret) {
    const int bounded = r->conn->deadline_us > 0 || r->conn->canceller;
    for (;;) {
        int size = PQgetCopyData(r->conn->pg, ret, bounded);
        if (size != 0)
            return size;
        if (!trdbi_conn_more(r->conn))
            return -2;
    }
}

static void read_copy(reading *r) {
    char *data = NULL;
    int size;
    bool first = true;
    while (!r->conn->broken && (size = next_message(r, &data)) > 0) {
        size_t from = first ? trdbi_copy_header(data, (size_t)size) : 0;
        if (goes_on(r, (size_t)size) && r->code == 0)
            r->code = first && from == 0 ? malformed(r) : take_message(r, data + from, (size_t)size - from);
        first = false;
        PQfreemem(data);
    }
}

/* The next result, which is to be of this kind; NULL, with an error unless there is one already, when it is not. */
static PGresult *expect(reading *r, const trdbi_call *call, ExecStatusType wanted) {
    PGresult *result = r->conn->broken ? NULL : trdbi_conn_next(r->conn);
    if (result && PQresultStatus(result) == wanted)
        return result;
    int code = trdbi_call_end(r->conn, call, result, r->code == 0 ? r->reterr : NULL);
    PQclear(result);
    if (r->code == 0)
        r->code = code < 0 ? code : malformed(r);
    return NULL;
}

/* Reads the results of "types; COPY". */
static void run_copy(reading *r, const trdbi_call *call) {
    PGresult *result = expect(r, call, PGRES_TUPLES_OK);
    if (!result)
        return;
    r->code = take_types(r, result);
    PQclear(result);
    result = expect(r, call, PGRES_COPY_OUT);
    if (!result)
        return;
    PQclear(result);
    read_copy(r);
    result = expect(r, call, PGRES_COMMAND_OK);
    if (!result)
        return;
    (void)trdbi_call_end(r->conn, call, result, NULL); /* for the trace */
    PQclear(result);
    if (r->code == 0 && !r->ended)
        r->code = malformed(r);
}

static bool send_copy(reading *r) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_buf_printf(&sql, "%s; COPY (%s) TO STDOUT (FORMAT binary)", r->job->types_sql, r->job->copy_sql);
    if (sql.failed) {
        r->code = trdbi_error_nomem(r->reterr);
        return false;
    }
    trdbi_count(&r->conn->round_trips);
    trdbi_conn_arm(r->conn);
    if (!PQsendQuery(r->conn->pg, sql.data) || !trdbi_conn_push(r->conn)) {
        r->code = trdbi_conn_lost(r->conn, r->job->name, r->reterr);
        return false;
    }
    return true;
}

static void take_result(reading *r, const PGresult *result, bool *typed) {
    if (!*typed)
        r->code = take_types(r, result);
    *typed = true;
    for (int row = 0; row < PQntuples(result) && r->code == 0; row++) {
        for (int i = 0; i < (int)r->job->columns; i++)
            r->values[i] = PQgetisnull(result, row, i)
                               ? (trdbi_value){.data = NULL}
                               : (trdbi_value){.data = PQgetvalue(result, row, i),
                                               .size = (size_t)PQgetlength(result, row, i)};
        r->code = r->job->row(r->job->arg, r->values, r->reterr);
    }
}

/* `prepared` (may be NULL) is what was run, `result` (NULL: nothing) what was received of it already. */
static void run_single(reading *r, trdbi_call *call, trdbi_prepared *prepared, PGresult *result) {
    bool typed = false;
    for (; !r->conn->broken && (result || (result = trdbi_conn_next(r->conn))); result = NULL) {
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK) {
            if (goes_on(r, PQresultMemorySize(result)) && r->code == 0)
                take_result(r, result, &typed);
        }
        call->rows += status == PGRES_SINGLE_TUPLE;
        if (status != PGRES_SINGLE_TUPLE) {
            int code = trdbi_call_end(r->conn, call, result, r->code == 0 ? r->reterr : NULL);
            if (code < 0 && r->code == 0 && prepared)
                trdbi_conn_judge_prepared(r->conn, prepared, result, r->reterr);
            r->code = r->code < 0 ? r->code : code;
        }
        PQclear(result);
    }
    if (trdbi_conn_broken(r->conn) && r->code == 0)
        r->code = trdbi_conn_lost(r->conn, r->job->name, r->reterr);
}

static bool send_single(reading *r) {
    const trdbi_arguments *with = &r->conn->arguments;
    r->code = trdbi_conn_bind(r->conn, r->job->params, r->reterr);
    if (r->code < 0)
        return false;
    trdbi_count(&r->conn->round_trips);
    trdbi_conn_arm(r->conn);
    if (!PQsendQueryParams(r->conn->pg, r->job->sql, r->job->params ? r->job->params->count : 0, with->types,
                           with->values, with->lengths, with->formats, 1) ||
        !PQsetSingleRowMode(r->conn->pg) || !trdbi_conn_push(r->conn)) {
        r->code = trdbi_conn_lost(r->conn, r->job->name, r->reterr);
        return false;
    }
    return true;
}

/* What is left when the call is over: nothing, unless the connection is given up. */
static void drain(trdbi_conn *conn) {
    PGresult *result;
    while (!conn->broken && (result = trdbi_conn_next(conn))) {
        if (PQresultStatus(result) == PGRES_COPY_OUT || PQresultStatus(result) == PGRES_COPY_IN)
            conn->broken = true;
        PQclear(result);
    }
}

int trdbi_conn_rows(trdbi_conn *conn, const trdbi_rows *job, trdb_error **reterr) {
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, job->name, reterr);
    int code = trdbi_conn_flush(conn, reterr);
    if (code < 0)
        return code;
    reading r = {.conn = conn, .job = job, .values = calloc(job->columns, sizeof *r.values), .reterr = reterr};
    if (!r.values)
        return trdbi_error_nomem(reterr);
    trdbi_call call = trdbi_call_begin(conn, job->name, job->sql, job->secret);
    if (job->copy_sql ? send_copy(&r) : send_single(&r)) {
        if (job->copy_sql)
            run_copy(&r, &call);
        else
            run_single(&r, &call, NULL, NULL);
        drain(conn);
    }
    free(r.values);
    return r.code;
}

int trdbi_rows_receive(trdbi_conn *conn, const trdbi_rows *job, trdbi_call *call, trdbi_prepared *prepared,
                       PGresult *first, trdb_error **reterr) {
    reading r = {.conn = conn, .job = job, .values = calloc(job->columns, sizeof *r.values), .reterr = reterr};
    if (!r.values)
        r.code = trdbi_error_nomem(reterr); /* what comes is dropped */
    run_single(&r, call, prepared, first);
    free(r.values);
    return r.code;
}
