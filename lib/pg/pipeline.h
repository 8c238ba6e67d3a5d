/* SPDX-License-Identifier: MIT */
/* Several statements in one round trip. */
#pragma once

#include "pg/conn.h"

struct trdbi_queued {
    trdbi_prepared *prepared;
    trdbi_prepared *evicted; /* leaves the server to make room for this one; NULL: nothing does */
    bool prepares;           /* a PREPARE goes before it */
    bool unknown;            /* the server turned out not to have it */
    int64_t row;             /* of a caller's array; -1 for a statement of its own */
    trdbi_take_fn take;      /* hears of the answer; may be NULL */
    void *arg;
    const trdbi_rows *rows; /* hears of each row, only in the last of a queue; NULL: nobody does */
    int first_param; /* of the queue's, while it is whole */
    int param_count;
    trdbi_call call;
};

/* Writes one statement whose parameters are bound. `how` says who hears of it. */
int trdbi_queue_add(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                    const trdbi_queued *how, trdb_error **reterr);
/* The one result of the next statement in the pipeline; NULL when the connection is gone. */
PGresult *trdbi_queue_receive(trdbi_conn *conn);
/* The same for the first row of a statement whose rows come one by one, or what comes in place of one. */
PGresult *trdbi_queue_receive_row(trdbi_conn *conn);
/* The same for the sync behind the last one. */
PGresult *trdbi_queue_receive_end(trdbi_conn *conn);

/* ---- replay.c: running a queue again that failed for how a statement was prepared ------------------ */

/* What is needed for that. */
typedef struct trdbi_encore {
    trdbi_queued *items; /* with copies of what they prepared; NULL: there is nothing to run again */
    size_t count;
    trdbi_params params;
} trdbi_encore;

/* Keeps the parameters of the item that is added, while the queue is whole. */
void trdbi_encore_keep(trdbi_queue *queue, trdbi_queued *item, const trdbi_params *params);
/* Receives all answers of a queue that may have to be run again, before anybody hears of one. */
void trdbi_encore_hold(trdbi_conn *conn);
/* Looks whether it has to be, and takes from the queue what that needs. */
void trdbi_encore_take(trdbi_queue *queue, trdbi_encore *ret);
/* Ends what is left of the transaction and queues all again. */
int trdbi_encore_queue(trdbi_conn *conn, trdbi_encore *encore, trdb_error **reterr);
void trdbi_encore_free(trdbi_encore *encore);
/* Forgets what was kept and held. */
void trdbi_encore_clear(trdbi_queue *queue);

/* Executes one statement behind what is queued, preparing it when needed. */
int trdbi_pipeline_run(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                       trdbi_result **ret, trdb_error **reterr);

/* Forgets what is queued, for a connection that ends. */
void trdbi_queue_free(trdbi_conn *conn);
