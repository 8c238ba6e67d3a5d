/* SPDX-License-Identifier: MIT */
/*
 * The queue of a connection: statements that are written to it but not answered yet. They are sent together
 * with one sync, then their answers are read in order. A bound keeps memory small on both sides. The
 * connection does not block while a queue is written, so that it reads what the server says in the meantime:
 * neither side waits for the other with full buffers.
 *
 * A failed statement makes the server skip the rest of the queue. Where it was the fault of a plan or of a
 * prepared statement that the server has lost, the queue is run again if nothing of it stays; see replay.c.
 */
#include "pg/pipeline.h"

#include <stdio.h>
#include <stdlib.h>

enum { QUEUE_STATEMENTS = 512, QUEUE_BYTES = 1 << 20, FIRST_ROOM = 8, MOST_REPLAYS = 3 };

/* The reading of a queue's answers. */
typedef struct settling {
    trdbi_conn *conn;
    bool muted; /* it is run again: nobody hears of this time */
    int code;   /* of the first failure */
    trdb_error **reterr;
} settling;

/* A lost connection is no row's fault. */
static int keep_failure(settling *s, const trdbi_queued *item, int code) {
    if (s->code == 0) {
        s->code = code;
        if (item->row >= 0 && code != TRDB_E_CONNECTION_LOST)
            trdbi_error_set_row(s->reterr, item->row);
    }
    return code;
}

/* ---- writing -------------------------------------------------------------------------------------- */

/* The queue can neither be sent nor taken back. */
static int send_failed(trdbi_conn *conn, const char *label, trdb_error **reterr) {
    int r = trdbi_conn_lost(conn, label, reterr);
    conn->broken = true;
    return r;
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

static int choose_once(trdbi_queue *queue, const trdbi_statement *statement, trdbi_queued *item,
                       trdb_error **reterr) {
    if (!queue->once || !trdbi_prepared_is(queue->once, statement)) {
        trdbi_prepared *made = NULL;
        int r = trdbi_prepared_new(statement, 0, &made, reterr);
        if (r < 0)
            return r;
        made->older = queue->once;
        queue->once = made;
    }
    item->prepared = queue->once;
    return 0;
}

/* Finds the statement in the cache, or puts a new one there, in place of the one unused for longest. That one
 * may have been used in this very queue: the server works in order, and so do the answers. */
static int choose_cached(trdbi_cache *cache, const trdbi_statement *statement, trdbi_queued *item,
                         trdb_error **reterr) {
    trdbi_prepared *found = trdbi_cache_find(cache, statement);
    if (found && !found->stale) {
        item->prepared = found;
        return 0;
    }
    trdbi_prepared *made = NULL;
    int r = trdbi_prepared_new(statement, ++cache->serial, &made, reterr);
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

static bool send_item(trdbi_conn *conn, const trdbi_queued *item, int count) {
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

static int make_room(trdbi_queue *queue, trdb_error **reterr) {
    if (queue->count < queue->room)
        return 0;
    size_t room = queue->room > 0 ? queue->room * 2 : FIRST_ROOM;
    trdbi_queued *items = reallocarray(queue->items, room, sizeof *items);
    if (!items)
        return trdbi_error_nomem(reterr);
    queue->items = items;
    queue->room = room;
    return 0;
}

int trdbi_queue_add(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                    const trdbi_queued *how, trdb_error **reterr) {
    trdbi_queue *queue = &conn->queue;
    int r = make_room(queue, reterr);
    if (r < 0)
        return r;
    trdbi_queued *item = &queue->items[queue->count];
    *item = *how;
    r = conn->cache.limit > 0 ? choose_cached(&conn->cache, statement, item, reterr)
                              : choose_once(queue, statement, item, reterr);
    if (r < 0)
        return r;
    const trdbi_prepared *prepared = item->prepared;
    item->rows = statement->rows;
    item->call = trdbi_call_begin(conn, prepared->label, prepared->sql, prepared->secret);
    if (queue->count == 0)
        queue->whole = conn->cache.limit > 0 && PQtransactionStatus(conn->pg) == PQTRANS_IDLE;
    if (queue->whole)
        trdbi_encore_keep(queue, item, params);
    if (queue->count++ == 0 && (!PQenterPipelineMode(conn->pg) || PQsetnonblocking(conn->pg, 1) != 0))
        return send_failed(conn, prepared->label, reterr);
    if (!send_item(conn, item, params ? params->count : 0))
        return send_failed(conn, prepared->label, reterr);
    queue->bytes += params ? params->data.size : 0;
    return 0;
}

static bool is_full(const trdbi_queue *queue) {
    return queue->count == QUEUE_STATEMENTS || queue->bytes >= QUEUE_BYTES;
}

static bool flush(trdbi_conn *conn) {
    trdbi_count(&conn->round_trips);
    return PQpipelineSync(conn->pg) && trdbi_conn_push(conn);
}

/* ---- reading -------------------------------------------------------------------------------------- */

PGresult *trdbi_queue_receive(trdbi_conn *conn) {
    trdbi_queue *queue = &conn->queue;
    if (queue->answers_judged < queue->answer_count)
        return queue->answers[queue->answers_judged++];
    if (conn->broken)
        return NULL;
    PGresult *result = trdbi_conn_next(conn);
    if (result && PQresultStatus(result) != PGRES_PIPELINE_SYNC)
        PQclear(trdbi_conn_next(conn)); /* NULL: ends the statement */
    return result;
}

/* Judges the answer to a part of an item; the last part is the call itself. Only the first failure of a queue
 * is told: behind it the server did nothing. */
static bool went_well(settling *s, trdbi_queued *item, const PGresult *result, bool last) {
    if (s->code < 0)
        return false;
    if (!last && result && trdbi_result_good(result))
        return true;
    int r = trdbi_call_end(s->conn, &item->call, result, s->reterr);
    if (r == 0)
        return true;
    keep_failure(s, item, r);
    trdbi_conn_judge_prepared(s->conn, item->prepared, result, s->reterr);
    return false;
}

static void receive_evicted(settling *s, trdbi_queued *item) {
    PGresult *result = trdbi_queue_receive(s->conn);
    if (went_well(s, item, result, false))
        trdbi_prepared_free(item->evicted);
    else
        trdbi_cache_insert(&s->conn->cache, item->evicted); /* the server still has it */
    PQclear(result);
}

static void receive_prepared(settling *s, trdbi_queued *item) {
    PGresult *result = trdbi_queue_receive(s->conn);
    if (went_well(s, item, result, false))
        trdbi_count(&s->conn->prepares);
    else
        item->unknown = true;
    PQclear(result);
}

PGresult *trdbi_queue_receive_row(trdbi_conn *conn) {
    PGresult *first = conn->queue.first_row;
    conn->queue.first_row = NULL;
    if (first || conn->broken)
        return first;
    (void)PQsetSingleRowMode(conn->pg); /* without it they come all at once */
    return trdbi_conn_next(conn);
}

static void receive_rows(settling *s, trdbi_queued *item) {
    PGresult *first = trdbi_queue_receive_row(s->conn);
    int r = trdbi_rows_receive(s->conn, item->rows, &item->call, item->prepared, first, s->reterr);
    if (r < 0)
        keep_failure(s, item, r);
}

/* Reads the answers of one item. `ret` (may be NULL) receives the result. */
static void receive_item(settling *s, trdbi_queued *item, trdbi_result **ret) {
    if (item->evicted)
        receive_evicted(s, item);
    if (item->prepares)
        receive_prepared(s, item);
    if (item->rows && s->code == 0 && !s->muted) {
        receive_rows(s, item);
        return;
    }
    PGresult *result = trdbi_queue_receive(s->conn);
    if (went_well(s, item, result, true) && !s->muted) {
        int r = 0;
        if (item->take)
            r = item->take(item->arg, item->row < 0 ? 0 : (size_t)item->row, trdbi_result_of(result),
                           s->reterr);
        if (r < 0)
            keep_failure(s, item, r);
        if (ret) {
            *ret = (trdbi_result *)result;
            return;
        }
    }
    PQclear(result);
}

/* Waits for the end of the queue. A libpq that has no memory for a sign of it takes note of that in its message
 * alone, and would wait for another one for ever. */
static bool has_ended(trdbi_conn *conn) {
    const size_t said = strlen(PQerrorMessage(conn->pg));
    while (!conn->broken && PQisBusy(conn->pg))
        if (strlen(PQerrorMessage(conn->pg)) != said || !trdbi_conn_more(conn))
            return false;
    return true;
}

PGresult *trdbi_queue_receive_end(trdbi_conn *conn) {
    bool held = conn->queue.answers_judged < conn->queue.answer_count;
    return held || has_ended(conn) ? trdbi_queue_receive(conn) : NULL;
}

/* Back to one call at a time. */
static void leave_pipeline(trdbi_conn *conn) {
    PGresult *result = trdbi_queue_receive_end(conn);
    bool clean = result && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    if (!clean || !PQexitPipelineMode(conn->pg) || PQsetnonblocking(conn->pg, 0) != 0)
        conn->broken = true;
}

static void forget(trdbi_conn *conn) {
    trdbi_queue *queue = &conn->queue;
    for (size_t i = 0; i < queue->count && !conn->forgotten; i++) {
        if (!queue->items[i].unknown || !queue->items[i].prepared->id[0])
            continue;
        trdbi_cache_remove(&conn->cache, queue->items[i].prepared);
        trdbi_prepared_free(queue->items[i].prepared);
    }
    if (conn->forgotten)
        trdbi_cache_clear(&conn->cache);
    conn->forgotten = false;
    for (trdbi_prepared *p = queue->once, *next; p; p = next) {
        next = p->older;
        trdbi_prepared_free(p);
    }
    queue->once = NULL;
    queue->count = 0;
    queue->bytes = 0;
    trdbi_encore_clear(queue);
}

/* Sends what is queued and reads its answers. `ret` (may be NULL) receives the result of the last statement,
 * `encore` (may be NULL) what has to be run again; its failure is then nobody's. Returns the first failure. */
static int settle_once(trdbi_conn *conn, trdbi_encore *encore, trdbi_result **ret, trdb_error **reterr) {
    trdbi_queue *queue = &conn->queue;
    settling s = {.conn = conn, .reterr = reterr};
    if (queue->count > 0) {
        trdbi_queued *last = &queue->items[queue->count - 1];
        if (!conn->broken && !flush(conn))
            keep_failure(&s, last, send_failed(conn, queue->items[0].call.label, reterr));
        if (encore && queue->whole && s.code == 0) {
            trdbi_encore_hold(conn);
            trdbi_encore_take(queue, encore);
            s.muted = encore->count > 0;
            s.reterr = s.muted ? NULL : reterr;
        }
        for (trdbi_queued *item = queue->items; item <= last; item++)
            receive_item(&s, item, item == last ? ret : NULL);
        leave_pipeline(conn);
    }
    forget(conn);
    return s.code;
}

static int settle(trdbi_conn *conn, trdbi_result **ret, trdb_error **reterr) {
    for (int replays = 0;; replays++) {
        trdbi_encore encore = {0};
        int r = settle_once(conn, replays < MOST_REPLAYS ? &encore : NULL, ret, reterr);
        if (encore.count == 0)
            return r;
        r = trdbi_encore_queue(conn, &encore, reterr);
        trdbi_encore_free(&encore);
        if (r < 0) {
            forget(conn);
            return r;
        }
    }
}

/* ---- calls ---------------------------------------------------------------------------------------- */

void trdbi_queue_free(trdbi_conn *conn) {
    for (size_t i = 0; i < conn->queue.count; i++)
        trdbi_prepared_free(conn->queue.items[i].evicted);
    forget(conn);
    free(conn->queue.items);
    free(conn->queue.answers);
    trdbi_params_free(&conn->queue.params);
}

bool trdbi_conn_queued(const trdbi_conn *conn) {
    return conn->queue.count > 0;
}

int trdbi_conn_flush(trdbi_conn *conn, trdb_error **reterr) {
    return settle(conn, NULL, reterr);
}

int trdbi_conn_queue(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                     trdbi_take_fn take, void *arg, trdb_error **reterr) {
    const trdbi_queued how = {.row = -1, .take = take, .arg = arg};
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, statement->name, reterr);
    int r = is_full(&conn->queue) ? trdbi_conn_flush(conn, reterr) : 0;
    if (r == 0)
        r = trdbi_conn_bind(conn, params, reterr);
    if (r == 0)
        r = trdbi_queue_add(conn, statement, params, &how, reterr);
    if (r < 0 && conn->broken)
        (void)trdbi_conn_flush(conn, NULL); /* what waited is lost, too */
    return r;
}

int trdbi_pipeline_run(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                       trdbi_result **ret, trdb_error **reterr) {
    trdbi_result *result = NULL;
    int r = trdbi_conn_queue(conn, statement, params, NULL, NULL, reterr);
    if (r < 0)
        return r;
    r = settle(conn, &result, reterr);
    if (r < 0 || !ret)
        trdbi_result_free(result);
    else
        *ret = result;
    return r;
}

static bool has_rows(const trdbi_queue *queue) {
    return queue->count > 0 && queue->items[queue->count - 1].row >= 0;
}

/* One call of trdbi_conn_run_many(). */
typedef struct many {
    trdbi_conn *conn;
    trdbi_next_fn next;
    trdbi_take_fn take;
    void *arg;
    trdbi_params params;
    trdb_error **reterr;
} many;

/* Sets `ret_settled` when the failure was found in the server's answers and tells its row already. */
static int add_row(many *m, size_t i, bool *ret_settled) {
    const trdbi_queued how = {.row = (int64_t)i, .take = m->take, .arg = m->arg};
    trdbi_statement statement = {0};
    trdbi_params_clear(&m->params);
    int r = m->next(m->arg, i, &m->params, &statement, m->reterr);
    if (r == 0 && is_full(&m->conn->queue)) {
        r = settle(m->conn, NULL, m->reterr);
        *ret_settled = r < 0;
    }
    if (r == 0)
        r = trdbi_conn_bind(m->conn, &m->params, m->reterr);
    if (r == 0)
        r = trdbi_queue_add(m->conn, &statement, &m->params, &how, m->reterr);
    if (r < 0 && !*ret_settled && r != TRDB_E_CONNECTION_LOST)
        trdbi_error_set_row(m->reterr, (int64_t)i);
    return r;
}

int trdbi_conn_run_many(trdbi_conn *conn, size_t count, trdbi_next_fn next, trdbi_take_fn take, void *arg,
                        trdb_error **reterr) {
    if (count == 0)
        return 0;
    if (trdbi_conn_broken(conn))
        return trdbi_conn_lost(conn, "pipeline", reterr);
    many m = {.conn = conn, .next = next, .take = take, .arg = arg, .reterr = reterr};
    bool told = false;
    int r = add_row(&m, 0, &told), settled = 0;
    for (size_t i = 1; i < count && r == 0; i++)
        r = add_row(&m, i, &told);
    /* Rows that were queued before a failure are settled too; a failure there came first and replaces it. */
    if (r == 0 || conn->broken || has_rows(&conn->queue))
        settled = settle(conn, NULL, reterr);
    trdbi_params_free(&m.params);
    return settled < 0 ? settled : r < 0 ? r : 0;
}
