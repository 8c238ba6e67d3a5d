/* SPDX-License-Identifier: MIT */
/*
 * Running a queue again.
 *
 * A server that has forgotten a prepared statement, or whose table has changed under a plan, refuses a statement
 * that it would run when prepared anew. A queue that was begun outside of a transaction is undone as a whole then,
 * with the BEGIN that went ahead of it, so running all of it again repeats nothing. Two things must not have
 * happened before: somebody was told an answer, so the answers are held back until all are there; and a COMMIT
 * within the queue, which only what stands before it can undo.
 *
 * In the middle of a transaction the unit has seen answers that the library cannot take back; such an error is
 * retryable, and trdb_run() runs the unit again.
 */
#include "pg/pipeline.h"

#include <stdlib.h>
#include <string.h>

enum {
    MOST_KEPT = 1 << 20,    /* bytes of parameters; a queue with more is not run again */
    KEPT_BETWEEN = 64 << 10 /* bytes of memory that wait for the next queue */
};

/* ---- keeping what it takes -------------------------------------------------------------------------- */

void trdbi_encore_keep(trdbi_queue *queue, trdbi_queued *item, const trdbi_params *params) {
    size_t size = queue->params.data.size;
    item->first_param = queue->params.count;
    item->param_count = params ? params->count : 0;
    for (int i = 0; i < item->param_count; i++)
        size += params->items[i].length > 0 ? (size_t)params->items[i].length : 0;
    if (size > MOST_KEPT)
        queue->whole = false;
    else
        trdbi_params_append(&queue->params, params);
    if (queue->params.failed || queue->params.data.failed)
        queue->whole = false;
}

void trdbi_encore_clear(trdbi_queue *queue) {
    trdbi_params *params = &queue->params;
    for (size_t i = queue->answers_judged; i < queue->answer_count; i++)
        PQclear(queue->answers[i]);
    queue->answer_count = queue->answers_judged = 0;
    PQclear(queue->first_row);
    queue->first_row = NULL;
    queue->whole = false;
    if (params->failed || params->data.failed ||
        params->data.room + (size_t)params->room * sizeof *params->items > KEPT_BETWEEN)
        trdbi_params_free(params);
    else
        trdbi_params_clear(params);
}

/* ---- holding answers back --------------------------------------------------------------------------- */

/* How many results a queue has, with that of its sync; 0: none can be refused for how it was prepared. */
static size_t count_answers(const trdbi_queue *queue) {
    size_t count = 1;
    bool risky = false;
    for (size_t i = 0; i < queue->count; i++) {
        const trdbi_queued *item = &queue->items[i];
        count += 1u + (item->evicted != NULL) + item->prepares;
        risky = risky || item->evicted || !item->prepares;
    }
    return risky ? count : 0;
}

/* Rows that come one by one are not held back: where the first one comes, nothing was refused. Otherwise *ret
 * receives what came in its place. */
static bool first_row_comes(trdbi_conn *conn, PGresult **ret) {
    PGresult *first = trdbi_queue_receive_row(conn);
    if (first && (PQresultStatus(first) == PGRES_SINGLE_TUPLE || trdbi_result_good(first))) {
        conn->queue.first_row = first;
        return true;
    }
    if (first)
        PQclear(trdbi_conn_next(conn)); /* NULL: ends the statement */
    *ret = first;
    return false;
}

void trdbi_encore_hold(trdbi_conn *conn) {
    trdbi_queue *queue = &conn->queue;
    size_t count = count_answers(queue);
    if (count > queue->answer_room) {
        PGresult **answers = reallocarray(queue->answers, count, sizeof *answers);
        if (!answers)
            return;
        queue->answers = answers;
        queue->answer_room = count;
    }
    const bool in_rows = queue->items[queue->count - 1].rows != NULL;
    size_t held = 0;
    for (bool more = count > 0; more;) {
        PGresult *answer = NULL;
        if (in_rows && held + 2 == count) {
            if (first_row_comes(conn, &answer))
                break;
        } else {
            answer = held + 1 < count ? trdbi_queue_receive(conn) : trdbi_queue_receive_end(conn);
        }
        queue->answers[held++] = answer;
        more = held < count && answer && PQresultStatus(answer) != PGRES_PIPELINE_SYNC;
    }
    queue->answer_count = held; /* not before: what is held would be received again */
}

/* Whether the first failure is a refusal, with no COMMIT before it. */
static bool is_refused(const trdbi_queue *queue) {
    PGresult *const *answer = queue->answers, *const *end = answer + queue->answer_count;
    for (size_t i = 0; i < queue->count; i++) {
        const trdbi_queued *item = &queue->items[i];
        for (int parts = 1 + (item->evicted != NULL) + item->prepares; parts > 0; parts--, answer++) {
            if (answer == end || !*answer)
                return false;
            if (!trdbi_result_good(*answer))
                return trdbi_refusal_of(item->prepared, *answer) != TRDBI_NOT_REFUSED;
        }
        if (strcmp(PQcmdStatus(answer[-1]), "COMMIT") == 0)
            return false;
    }
    return false;
}

/* ---- running again ---------------------------------------------------------------------------------- */

static int build_same(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    const trdbi_prepared *prepared = ctx;
    trdbi_buf_text(sql, prepared->sql);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static trdbi_statement statement_of(const trdbi_prepared *prepared) {
    return (trdbi_statement){.name = prepared->label,
                             .key = prepared->key,
                             .key_size = prepared->key_size,
                             .build = build_same,
                             .ctx = prepared,
                             .secret = prepared->secret};
}

void trdbi_encore_take(trdbi_queue *queue, trdbi_encore *ret) {
    if (!is_refused(queue) || !(ret->items = calloc(queue->count, sizeof *ret->items)))
        return;
    for (size_t i = 0; i < queue->count; i++) {
        trdbi_queued *item = &ret->items[i];
        *item = queue->items[i];
        const trdbi_statement statement = statement_of(item->prepared);
        item->prepared = NULL;
        ret->count = i + 1;
        if (trdbi_prepared_new(&statement, 0, &item->prepared, NULL) < 0) {
            trdbi_encore_free(ret);
            return;
        }
    }
    ret->params = queue->params;
    queue->params = (trdbi_params){0};
}

void trdbi_encore_free(trdbi_encore *encore) {
    for (size_t i = 0; i < encore->count; i++)
        trdbi_prepared_free(encore->items[i].prepared);
    free(encore->items);
    trdbi_params_free(&encore->params);
    *encore = (trdbi_encore){0};
}

static int add_again(trdbi_conn *conn, const trdbi_encore *encore, const trdbi_queued *item, trdb_error **reterr) {
    const trdbi_params *all = &encore->params;
    const trdbi_params params = {.data = {.data = all->data.data, .size = all->data.size},
                                 .items = all->items ? all->items + item->first_param : NULL,
                                 .count = item->param_count};
    const trdbi_queued how = {.row = item->row, .take = item->take, .arg = item->arg};
    trdbi_statement statement = statement_of(item->prepared);
    statement.rows = item->rows;
    conn->call_number = item->call.number;
    int r = trdbi_conn_bind(conn, &params, reterr);
    return r < 0 ? r : trdbi_queue_add(conn, &statement, &params, &how, reterr);
}

int trdbi_encore_queue(trdbi_conn *conn, trdbi_encore *encore, trdb_error **reterr) {
    const int64_t number = conn->call_number;
    int r = 0;
    if (PQtransactionStatus(conn->pg) != PQTRANS_IDLE)
        r = trdbi_conn_exec(conn, "rollback", "ROLLBACK", NULL, reterr);
    for (size_t i = 0; i < encore->count && r == 0; i++)
        r = add_again(conn, encore, &encore->items[i], reterr);
    conn->call_number = number;
    conn->broken = conn->broken || r < 0; /* a part of it can neither be sent nor taken back */
    return r;
}
