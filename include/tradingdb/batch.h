/* SPDX-License-Identifier: MIT */
/**
 * @file batch.h
 * Batches: calls of different kinds that share round trips although their results are wanted.
 *
 * The functions `trdb_batch_…` take the arguments of their namesakes without `batch_`, and put the call into a
 * batch. Its out-parameter is filled when the batch runs, so that the variable has to live until then; what it
 * receives belongs to the caller, as ever. Arguments are checked and copied when the call is added. A batch
 * belongs to its unit of work and follows its rules: one thread at a time.
 *
 *     trdb_batch_trading_bot_get(batch, 7, &bot, &err);
 *     trdb_batch_trading_positions_list(batch, &filter, &positions, &err);
 *     trdb_batch_run(batch, &err);
 */
#ifndef TRADINGDB_BATCH_H
#define TRADINGDB_BATCH_H

#include <tradingdb/uow.h>

TRDB_BEGIN_DECLS

/** Calls that wait to be run together. Made by trdb_batch_new(), released by trdb_batch_free(). */
typedef struct trdb_batch trdb_batch;

/** What became of a call in a batch. */
enum trdb_batch_item_state {
    TRDB_BATCH_WAITING = 1, /**< the batch has not run */
    TRDB_BATCH_DONE = 2,    /**< it ran, and its result was delivered */
    TRDB_BATCH_FAILED = 3,  /**< it failed; see trdb_batch_error() */
    TRDB_BATCH_NOT_RUN = 4  /**< it stands behind one that the server refused, or the connection was lost */
};

/**
 * Makes an empty batch for a unit. The unit need not outlive it, but has to be there when it runs.
 * @return 0; TRDB_E_NOMEM; TRDB_E_STATE for a unit that is finished or failed.
 */
TRDB_API int trdb_batch_new(trdb_uow *uow, trdb_batch **ret, trdb_error **reterr);

/**
 * Runs the calls in their order, behind what waits in the unit: one round trip, and one more for every 512 calls or
 * megabyte beyond. An empty batch needs none.
 *
 * A row that is not found, or one that there is no memory for, concerns its own call only: the others run, and the
 * unit goes on. An error of the server ends the batch and fails the unit; results that came before it are delivered.
 * @return 0 when every call is done; otherwise the error of the first that is not, whose place trdb_error_row()
 *         tells, and trdb_batch_state() says what became of each; TRDB_E_STATE for a batch that ran already, and
 *         for a unit that is finished, failed or released. Source: DESIGN, "The unit of work".
 */
TRDB_API int trdb_batch_run(trdb_batch *batch, trdb_error **reterr);

/** Empties a batch, so that it can be filled again. What it delivered stays the caller's. NULL is allowed. */
TRDB_API void trdb_batch_clear(trdb_batch *batch);

/** Releases a batch. Calls that did not run are forgotten. NULL is allowed. */
TRDB_API void trdb_batch_free(trdb_batch *batch);

/** The number of calls in a batch; 0 for NULL. */
TRDB_API size_t trdb_batch_count(const trdb_batch *batch);

/** What became of the call at place i: enum trdb_batch_item_state; 0 beyond the end. */
TRDB_API int32_t trdb_batch_state(const trdb_batch *batch, size_t i);

/** The error of the call at place i, or NULL when it did not fail. Lives until the batch is cleared or freed. */
TRDB_API const trdb_error *trdb_batch_error(const trdb_batch *batch, size_t i);

/** For TRDB_AUTO(). */
static inline void trdb_batch_cleanup(trdb_batch **batch) {
    trdb_batch_free(*batch);
}

TRDB_END_DECLS

#endif
