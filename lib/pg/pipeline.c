/* SPDX-License-Identifier: MIT */
/*
 * Batches: statements are queued up to a bound, sent together with one sync, then their answers are read in
 * order. The bound keeps memory small on both sides. The connection does not block while a batch is written,
 * so that it reads what the server says in the meantime: neither side waits for the other with full buffers.
 *
 * A failed statement makes the server skip the rest of its batch.
 */
#include "pg/pipeline.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH_STATEMENTS = 512, BATCH_BYTES = 1 << 20 };

typedef struct pipe_item {
    trdbi_prepared *prepared;
    trdbi_prepared *evicted; /* leaves the server to make room for this one; NULL: nothing does */
    bool prepares;           /* a PREPARE goes before it */
    bool unknown;            /* the server turned out not to have it */
    trdbi_call call;
} pipe_item;

typedef struct pipe_batch {
    trdbi_conn *conn;
    pipe_item *items;
    size_t room;
    size_t count;
    size_t bytes;
    trdbi_prepared *once; /* statements that are not cached, linked by `older` */
    size_t first_row;
    bool rows; /* errors carry a row index */
    trdbi_take_fn take;
    void *arg;
    int code; /* of the first failure */
    trdb_error **reterr;
} pipe_batch;

/* A lost connection is no row's fault. */
static int keep_failure(pipe_batch *batch, size_t i, int code) {
    if (batch->code == 0) {
        batch->code = code;
        if (batch->rows && code != TRDB_E_CONNECTION_LOST)
            trdbi_error_set_row(batch->reterr, (int64_t)(batch->first_row + i));
    }
    return code;
}

/* ---- sending -------------------------------------------------------------------------------------- */

/* The batch can neither be sent nor taken back. */
static int send_failed(pipe_batch *batch) {
    trdbi_conn *conn = batch->conn;
    int r = trdbi_conn_lost(conn, batch->items[0].call.label, batch->reterr);
    conn->broken = true;
    return keep_failure(batch, batch->count - 1, r);
}

static bool send_close(PGconn *pg, const trdbi_prepared *prepared) {
#ifdef LIBPQ_HAS_CLOSE_PREPARED
    return PQsendClosePrepared(pg, prepared->id);
#else
    char sql[sizeof prepared->id + 16];
    snprintf(sql, sizeof sql, "DEALLOCATE %s", prepared->id);
    return PQsendQueryParams(pg, sql, 0, NULL, NULL, NULL, NULL, 0);
#endif
}

static int choose_once(pipe_batch *batch, const trdbi_statement *statement, pipe_item *item) {
    if (!batch->once || !trdbi_prepared_is(batch->once, statement)) {
        trdbi_prepared *made = NULL;
        int r = trdbi_prepared_new(statement, 0, &made, batch->reterr);
        if (r < 0)
            return r;
        made->older = batch->once;
        batch->once = made;
    }
    item->prepared = batch->once;
    return 0;
}

/* Finds the statement in the cache, or puts a new one there, in place of the one unused for longest. That one
 * may have been used in this very batch: the server works in order, and so do the answers. */
static int choose_cached(pipe_batch *batch, const trdbi_statement *statement, pipe_item *item) {
    trdbi_cache *cache = &batch->conn->cache;
    trdbi_prepared *found = trdbi_cache_find(cache, statement);
    if (found && !found->stale) {
        item->prepared = found;
        return 0;
    }
    trdbi_prepared *made = NULL;
    int r = trdbi_prepared_new(statement, ++cache->serial, &made, batch->reterr);
    if (r < 0)
        return r;
    item->evicted = found ? found : cache->count >= cache->limit ? cache->oldest : NULL;
    if (item->evicted)
        trdbi_cache_remove(cache, item->evicted);
    trdbi_cache_insert(cache, made);
    item->prepared = made;
    item->prepares = true;
    return 0;
}

static bool send_item(trdbi_conn *conn, const pipe_item *item, int count) {
    const trdbi_arguments *with = &conn->arguments;
    const trdbi_prepared *prepared = item->prepared;
    if (item->evicted && !send_close(conn->pg, item->evicted))
        return false;
    if (item->prepares && !PQsendPrepare(conn->pg, prepared->id, prepared->sql, count, with->types))
        return false;
    if (prepared->id[0])
        return PQsendQueryPrepared(conn->pg, prepared->id, count, with->values, with->lengths, with->formats,
                                   1);
    return PQsendQueryParams(conn->pg, prepared->sql, count, with->types, with->values, with->lengths,
                             with->formats, 1);
}

/* Queues one statement whose parameters are bound. */
static int add(pipe_batch *batch, const trdbi_statement *statement, const trdbi_params *params) {
    trdbi_conn *conn = batch->conn;
    pipe_item *item = &batch->items[batch->count];
    *item = (pipe_item){0};
    int r =
        conn->cache.limit > 0 ? choose_cached(batch, statement, item) : choose_once(batch, statement, item);
    if (r < 0)
        return r;
    const trdbi_prepared *prepared = item->prepared;
    item->call = trdbi_call_begin(conn, prepared->label, prepared->sql, prepared->secret);
    if (batch->count++ == 0 && (!PQenterPipelineMode(conn->pg) || PQsetnonblocking(conn->pg, 1) != 0))
        return send_failed(batch);
    if (!send_item(conn, item, params ? params->count : 0))
        return send_failed(batch);
    batch->bytes += params ? params->data.size : 0;
    return 0;
}

static bool is_full(const pipe_batch *batch) {
    return batch->count == batch->room || batch->bytes >= BATCH_BYTES;
}

static int flush(pipe_batch *batch) {
    PGconn *pg = batch->conn->pg;
    trdbi_count(&batch->conn->round_trips);
    if (!PQpipelineSync(pg))
        return send_failed(batch);
    for (;;) {
        int r = PQflush(pg);
        if (r == 0)
            return 0;
        if (r < 0)
            return send_failed(batch);
        trdbi_conn_wait(batch->conn, POLLIN | POLLOUT, -1);
        if (!PQconsumeInput(pg))
            return send_failed(batch);
    }
}

/* ---- receiving ------------------------------------------------------------------------------------ */

/* The one result of the next statement in the pipeline; NULL when the connection is gone. */
static PGresult *receive(const trdbi_conn *conn) {
    if (conn->broken)
        return NULL;
    PGresult *result = PQgetResult(conn->pg);
    if (result && PQresultStatus(result) != PGRES_PIPELINE_SYNC)
        PQclear(PQgetResult(conn->pg)); /* NULL: ends the statement */
    return result;
}

/* Judges the answer to a part of item i; the last part is the call itself. Only the first failure of a batch
 * is told: behind it the server did nothing. */
static bool went_well(pipe_batch *batch, size_t i, const PGresult *result, bool last) {
    if (batch->code < 0)
        return false;
    if (!last && result && trdbi_result_good(result))
        return true;
    pipe_item *item = &batch->items[i];
    int r = trdbi_call_end(batch->conn, &item->call, result, batch->reterr);
    if (r == 0)
        return true;
    if (last && result)
        item->unknown = trdbi_prepared_refused(item->prepared, result);
    keep_failure(batch, i, r);
    return false;
}

static void receive_evicted(pipe_batch *batch, size_t i) {
    pipe_item *item = &batch->items[i];
    PGresult *result = receive(batch->conn);
    if (went_well(batch, i, result, false))
        trdbi_prepared_free(item->evicted);
    else
        trdbi_cache_insert(&batch->conn->cache, item->evicted); /* the server still has it */
    PQclear(result);
}

static void receive_prepared(pipe_batch *batch, size_t i) {
    PGresult *result = receive(batch->conn);
    if (went_well(batch, i, result, false))
        trdbi_count(&batch->conn->prepares);
    else
        batch->items[i].unknown = true;
    PQclear(result);
}

/* Reads the answers of one item. `ret` (may be NULL) receives the result. */
static void receive_item(pipe_batch *batch, size_t i, trdbi_result **ret) {
    if (batch->items[i].evicted)
        receive_evicted(batch, i);
    if (batch->items[i].prepares)
        receive_prepared(batch, i);
    PGresult *result = receive(batch->conn);
    if (went_well(batch, i, result, true)) {
        int r = 0;
        if (batch->take)
            r = batch->take(batch->arg, batch->first_row + i, trdbi_result_of(result), batch->reterr);
        if (r < 0)
            keep_failure(batch, i, r);
        if (ret) {
            *ret = (trdbi_result *)result;
            return;
        }
    }
    PQclear(result);
}

/* Back to one call at a time. */
static void leave_pipeline(trdbi_conn *conn) {
    PGresult *result = receive(conn);
    bool clean = result && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    if (!clean || !PQexitPipelineMode(conn->pg) || PQsetnonblocking(conn->pg, 0) != 0)
        conn->broken = true;
}

static void forget_unknown(pipe_batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        if (!batch->items[i].unknown || !batch->items[i].prepared->id[0])
            continue;
        trdbi_cache_remove(&batch->conn->cache, batch->items[i].prepared);
        trdbi_prepared_free(batch->items[i].prepared);
    }
    for (trdbi_prepared *p = batch->once, *next; p; p = next) {
        next = p->older;
        trdbi_prepared_free(p);
    }
    batch->once = NULL;
}

/* Sends what is queued and reads its answers. Returns the first failure. */
static int settle(pipe_batch *batch, trdbi_result **ret) {
    if (batch->count > 0) {
        if (!batch->conn->broken)
            (void)flush(batch); /* kept in the batch */
        for (size_t i = 0; i < batch->count; i++)
            receive_item(batch, i, ret);
        leave_pipeline(batch->conn);
    }
    forget_unknown(batch);
    batch->first_row += batch->count;
    batch->count = 0;
    batch->bytes = 0;
    return batch->code;
}

/* ---- calls ---------------------------------------------------------------------------------------- */

int trdbi_pipeline_run(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                       trdbi_result **ret, trdb_error **reterr) {
    pipe_item only;
    pipe_batch batch = {.conn = conn, .items = &only, .room = 1, .reterr = reterr};
    int r = add(&batch, statement, params);
    trdbi_result *result = NULL;
    int settled = settle(&batch, &result);
    if (r == 0)
        r = settled;
    if (r < 0 || !ret)
        trdbi_result_free(result);
    else
        *ret = result;
    return r;
}

static int add_row(pipe_batch *batch, size_t i, trdbi_next_fn next, trdbi_params *params) {
    trdbi_statement statement = {0};
    trdbi_params_clear(params);
    int r = next(batch->arg, i, params, &statement, batch->reterr);
    if (r == 0)
        r = trdbi_conn_bind(batch->conn, params, batch->reterr);
    if (r == 0 && is_full(batch)) {
        r = settle(batch, NULL);
        if (r < 0)
            return r;
    }
    if (r == 0)
        r = add(batch, &statement, params);
    if (r < 0 && batch->code == 0)
        trdbi_error_set_row(batch->reterr, (int64_t)i);
    return r;
}

int trdbi_conn_run_many(trdbi_conn *conn, size_t count, trdbi_next_fn next, trdbi_take_fn take, void *arg,
                        trdb_error **reterr) {
    if (count == 0)
        return 0;
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, "pipeline", reterr);
    size_t room = count < BATCH_STATEMENTS ? count : BATCH_STATEMENTS;
    pipe_item *items = reallocarray(NULL, room, sizeof *items);
    if (!items)
        return trdbi_error_nomem(reterr);
    pipe_batch batch = {
        .conn = conn, .items = items, .room = room, .rows = true, .take = take, .arg = arg, .reterr = reterr};
    trdbi_params params = {0};
    int r = 0;
    for (size_t i = 0; i < count && r == 0; i++)
        r = add_row(&batch, i, next, &params);
    /* What was queued before a failure is settled too; a failure there came first and replaces it. */
    int settled = settle(&batch, NULL);
    trdbi_params_free(&params);
    free(items);
    return settled < 0 ? settled : r;
}
