/* SPDX-License-Identifier: MIT */
/**
 * @file uow.h
 * The unit of work: one transaction on one connection. Repositories and services take a unit and never begin
 * or commit, so that joining a unit is passing it. docs/architecture.md tells how a call flows.
 *
 * One thread uses a unit at a time. An error that the server reports fails the unit: until it is rolled back,
 * or rolled back to a savepoint, every call on it answers TRDB_E_STATE. Errors found before anything is sent
 * (a malformed argument, a text too long) leave the unit as it was.
 */
#ifndef TRADINGDB_UOW_H
#define TRADINGDB_UOW_H

#include <tradingdb/servers.h>
#include <tradingdb/types.h>

TRDB_BEGIN_DECLS

/** A unit of work. Made by trdb_uow_begin(), released by trdb_uow_free(). */
typedef struct trdb_uow trdb_uow;

/** Isolation of a unit. */
typedef enum trdb_isolation {
    TRDB_ISOLATION_DEFAULT = 0, /**< the server's default_transaction_isolation */
    TRDB_ISOLATION_READ_COMMITTED = 1,
    TRDB_ISOLATION_REPEATABLE_READ = 2,
    TRDB_ISOLATION_SERIALIZABLE = 3
} trdb_isolation;

/** Flags of trdb_uow_options. */
enum trdb_uow_flags {
    TRDB_UOW_READ_ONLY = 1, /**< the server refuses writes: TRDB_E_READ_ONLY */
    /**
     * Writes whose row is not wanted (insert, upsert, patch, delete and queries with NULL for the result)
     * wait for the next call that reads, for trdb_uow_flush() or for the commit, and share its round trip.
     * That call then answers for them: its error names the statement and the call that failed, and how many
     * behind it did not run; see trdb_error_statement(), trdb_error_call() and trdb_error_not_run().
     * Whether a JSON document is well-formed is judged by the server, and told in the same way.
     */
    TRDB_UOW_PIPELINE = 2,
    TRDB_UOW_FAST_COMMIT =
        4, /**< COMMIT shares the round trip of the writes that wait; see trdb_uow_commit() */
    /**
     * For reading: no BEGIN and no COMMIT is sent, so that a unit of one read is one round trip. Each call is a
     * transaction of its own and sees what was committed when it began; one that fails leaves the unit as it was.
     * Writes are refused with TRDB_E_READ_ONLY before anything is sent. Settings that hold for a transaction, and the
     * other flags but TRDB_UOW_READ_ONLY, are refused by trdb_uow_begin(); savepoints with TRDB_E_STATE.
     */
    TRDB_UOW_AUTOCOMMIT = 8,
    TRDB_UOW_TOKEN = 32 /**< the commit learns its token, in its round trip; see trdb_uow_token() */
};

/** How a unit runs. Begin with trdb_uow_options_init(); zero means the default. */
typedef struct trdb_uow_options {
    size_t struct_size;           /**< sizeof(trdb_uow_options) of the caller */
    uint32_t flags;               /**< enum trdb_uow_flags */
    int32_t isolation;            /**< trdb_isolation */
    int32_t statement_timeout_ms; /**< longest time of one statement; 0: the server's setting */
    int32_t lock_timeout_ms;      /**< longest wait for a lock; 0: the server's setting */
    int32_t pool_timeout_ms;      /**< longest wait for a connection; 0: the database's setting */
    int32_t reserved;
    const char *acting_user;    /**< becomes app.current_user_id inside the transaction; NULL: not set */
    int32_t resolve_timeout_ms; /**< longest search for the outcome of a lost COMMIT; default 30000, -1 for
                                   none */
    int32_t timeout_ms; /**< longest time of the whole unit, the wait for a connection included; 0: no limit.
                           What waits for the server then answers TRDB_E_CONNECTION_LOST; the search of
                           resolve_timeout_ms comes on top */
    int32_t replica;         /**< trdb_replica. A unit that may read from a replica is read-only */
    int32_t lag_budget_ms;   /**< how far a replica may be behind; 0: as far as it is. With a token, that alone counts */
    int32_t replica_wait_ms; /**< longest wait for a replica to reach the token; default 20, -1 for none */
    int32_t reserved2;
    const trdb_token *after; /**< the replica must have replayed this commit; NULL: none */
    trdb_canceller *canceller; /**< what may cancel the unit; NULL: nothing. The unit keeps it alive */
} trdb_uow_options;

/** A trdb_uow_options with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_uow_options);

/**
 * Begins a unit: borrows a connection and opens a transaction no later than with the first statement.
 *
 * @param options NULL for the defaults; read during the call.
 * @param ret receives the unit; release it with trdb_uow_free().
 * @return 0; TRDB_E_INVALID; TRDB_E_CLOSED; TRDB_E_FORKED; TRDB_E_TIMEOUT (no connection in time);
 *         TRDB_E_EXHAUSTED (waiting queue full); what connecting can answer, see trdb_open(). Any thread.
 *         Source: reference/framework-operations.md 1 (unit of work).
 */
TRDB_API int trdb_uow_begin(trdb_db *db, const trdb_uow_options *options, trdb_uow **ret,
                            trdb_error **reterr);

/**
 * How many calls a unit has taken so far: of repositories, queries and services, each statement counts one; an
 * insert of many rows is one; what was refused before anything was sent or queued is none. So right behind a
 * call this is its number, which trdb_error_call() tells when it fails later. 0 for NULL.
 */
TRDB_API int64_t trdb_uow_calls(const trdb_uow *uow);

/**
 * Sends what waits in a unit with TRDB_UOW_PIPELINE, and waits for the answers. No round trip when nothing
 * waits.
 * @return 0; the first failure of a write that waited, which fails the unit: trdb_error_statement() names it;
 *         TRDB_E_STATE; TRDB_E_CONNECTION_LOST.
 */
TRDB_API int trdb_uow_flush(trdb_uow *uow, trdb_error **reterr);

/**
 * Tells the key that a handle stands for, and flushes first when its insert still waits.
 * @return 0; TRDB_E_INVALID for a handle of another unit, a made-up one, one whose insert was rolled back with its
 *         savepoint, or one whose insert a trigger kept back: the unit goes on; what trdb_uow_flush() answers.
 *         Source: DESIGN, "The unit of work".
 */
TRDB_API int trdb_ref_key(trdb_uow *uow, trdb_ref ref, int64_t *ret, trdb_error **reterr);

/**
 * Names the row that bears witness whether the unit was stored: a row that the unit inserts under a key which
 * the program made for this unit alone (a uuid, the number of an order), and which nobody deletes or renames
 * before trdb_uow_commit() has answered. A second call replaces the first.
 *
 * The witness decides where the transaction's id cannot: after a fail-over, after a crash of the server, and
 * with TRDB_UOW_FAST_COMMIT. COMMIT is preceded, in the same round trip, by the question whether the row is
 * there and this unit's; without it nothing is stored and the commit answers TRDB_E_NOT_FOUND, so that a wrong
 * name is found while all is well.
 *
 * A uuid key that the library makes for an insert is noted by itself, with less weight: when such a row is
 * found the unit is known to be stored; when it is not, somebody may have deleted it, and the unit stays in
 * doubt.
 *
 * @param table name of a table in the schema of the database, not quoted; at most 63 bytes, as `column`.
 * @param column a column with a unique index; its text form is what `value` is compared with.
 * @param value copied; never shown in an error or a trace.
 * @return 0; TRDB_E_INVALID; TRDB_E_ENCODING; TRDB_E_STATE when the unit is finished or failed; no round trip.
 *         Source: DESIGN, "The unit of work" (in doubt).
 */
TRDB_API int trdb_uow_set_witness(trdb_uow *uow, const char *table, const char *column, const char *value,
                                  trdb_error **reterr);

/**
 * Commits. Afterwards the unit is finished, whatever the answer; only trdb_uow_free() may follow.
 *
 * A unit that writes learns its transaction's id before COMMIT is sent. When the connection breaks during
 * COMMIT, a fresh one asks the server what became of it, for up to resolve_timeout_ms: the answer is then 0,
 * or TRDB_E_CONNECTION_LOST with nothing stored. A session of the unit's own that lingers on the server, since
 * the server did not hear that the connection is gone, is ended after a while. 0 is answered only once the
 * synchronous standbys have it. TRDB_E_IN_DOUBT remains when no server answers in time; and without a witness,
 * see trdb_uow_set_witness(), when a standby was promoted or the server crashed since, or with
 * TRDB_UOW_FAST_COMMIT, where the id is not learnt. docs/reliability.md has the whole table.
 *
 * @return 0; TRDB_E_STATE when the unit is finished already, or when an earlier call failed it (it is then
 *         rolled back: nothing was stored); the error that the server reports at COMMIT, or that a write
 * which waited met, nothing stored; TRDB_E_CONNECTION_LOST, nothing stored; TRDB_E_IN_DOUBT; TRDB_E_CLOSED;
 *         TRDB_E_FORKED. One round trip, and one more before it when writes wait; none for a unit that did
 * nothing.
 */
TRDB_API int trdb_uow_commit(trdb_uow *uow, trdb_error **reterr);

/**
 * The token of a unit that was begun with TRDB_UOW_TOKEN and is committed: a later unit with it in `after` sees what
 * this one wrote, whichever server it reads from.
 * @return 0; TRDB_E_INVALID; TRDB_E_STATE without a token: none was asked for, the unit is not committed, it did
 *         nothing, or its connection was lost during COMMIT. A reader without one asks the primary. TRDB_E_FORKED.
 *         Source: DESIGN, "Growing past one machine".
 */
TRDB_API int trdb_uow_token(trdb_uow *uow, trdb_token *ret, trdb_error **reterr);

/** 1 while a unit reads from a replica, 0 when the primary serves it; it may change over when the replica dies. */
TRDB_API int trdb_uow_on_replica(const trdb_uow *uow);

/**
 * Rolls back. Afterwards the unit is finished. A broken connection is no error: nothing was stored.
 * @return 0; TRDB_E_STATE when the unit is finished already; TRDB_E_FORKED.
 */
TRDB_API int trdb_uow_rollback(trdb_uow *uow, trdb_error **reterr);

/** Releases a unit, rolling back first when it is not finished. NULL is allowed. */
TRDB_API void trdb_uow_free(trdb_uow *uow);

/**
 * Enters a nested scope: a savepoint. Scopes nest; the newest one is left first.
 * @return 0; TRDB_E_STATE when the unit is finished or failed; what the server reports.
 */
TRDB_API int trdb_uow_savepoint(trdb_uow *uow, trdb_error **reterr);

/** Leaves the newest savepoint and keeps its work. TRDB_E_STATE without one, or when the unit failed in it.
 */
TRDB_API int trdb_uow_release(trdb_uow *uow, trdb_error **reterr);

/**
 * Leaves the newest savepoint and undoes its work. A unit that failed inside it works again.
 * @return 0; TRDB_E_STATE without a savepoint; TRDB_E_CONNECTION_LOST.
 */
TRDB_API int trdb_uow_rollback_to(trdb_uow *uow, trdb_error **reterr);

/**
 * What a unit does, for trdb_run(). It may be called again, so it must not keep anything from an earlier
 * call.
 * @return 0 to commit; anything else rolls back and is what trdb_run() answers: a TRDB_E_* with the error in
 *         `reterr`, or a positive number of the program's own.
 */
typedef int (*trdb_unit_fn)(trdb_uow *uow, void *arg, trdb_error **reterr);

/** How trdb_run() works. Begin with trdb_run_options_init(); zero means the default. */
typedef struct trdb_run_options {
    size_t struct_size;          /**< sizeof(trdb_run_options) of the caller */
    const trdb_uow_options *uow; /**< of each unit; NULL for the defaults */
    int32_t attempts;            /**< how often the unit is tried in all; default 5 */
    int32_t first_pause_ms;   /**< before the second attempt, doubled before each further one; default 10 */
    int32_t longest_pause_ms; /**< default 1000. Up to half of each pause is left out at random */
    int32_t total_timeout_ms; /**< longest time of all attempts together, as the timeout_ms of a unit; 0: no
                                 limit. No attempt begins after it */
} trdb_run_options;

/** A trdb_run_options with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_run_options);

/**
 * Runs a whole unit: begins, calls `fn`, commits. Runs it again when nothing was stored and another attempt
 * may go well: after TRDB_E_SERIALIZATION, TRDB_E_DEADLOCK and TRDB_E_CONNECTION_LOST, be they returned by
 * `fn` or by the commit, and after TRDB_E_CONNECT when an earlier attempt lost the server. Never when the
 * outcome is in doubt.
 * @param options NULL for the defaults; read during the call.
 * @return 0 when the unit is committed; what `fn` answered; the error of the last attempt. Any thread.
 */
TRDB_API int trdb_run(trdb_db *db, trdb_unit_fn fn, void *arg, const trdb_run_options *options,
                      trdb_error **reterr);

/** For TRDB_AUTO(): the unit is rolled back unless it was committed. */
static inline void trdb_uow_cleanup(trdb_uow **uow) {
    trdb_uow_free(*uow);
}

TRDB_END_DECLS

#endif
