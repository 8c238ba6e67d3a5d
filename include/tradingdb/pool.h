/* SPDX-License-Identifier: MIT */
/**
 * @file pool.h
 * A database: a pool of connections that units of work borrow from. docs/threads.md has the thread rules.
 *
 * A trdb_db may be used from any number of threads. After fork() the child's copy answers TRDB_E_FORKED;
 * open a new one there.
 */
#ifndef TRADINGDB_POOL_H
#define TRADINGDB_POOL_H

#include <tradingdb/error.h>

TRDB_BEGIN_DECLS

/** A pool of connections to one database. Made by trdb_open(), released by trdb_db_free(). */
typedef struct trdb_db trdb_db;

/** Flags of trdb_db_options. */
enum trdb_open_flags {
    TRDB_OPEN_LAZY = 1 /**< do not connect in trdb_open(); the first unit of work does */
};

/**
 * How to open a database. Begin with trdb_db_options_init() or a zeroed struct whose struct_size is set; a
 * zero means the default. Times are milliseconds. Negative numbers are refused except where said.
 */
typedef struct trdb_db_options {
    size_t struct_size;          /**< sizeof(trdb_db_options) of the caller */
    const char *schema;          /**< schema of the tables; default "public" */
    const char *application_name; /**< shown by pg_stat_activity; default "tradingdb" */
    int32_t pool_min;            /**< connections kept open; default 0 */
    int32_t pool_size;           /**< connections kept open at most when idle; default 20 */
    int32_t pool_overflow;       /**< more of them under load, closed on return; default 30, -1 for none */
    int32_t pool_waiters;        /**< callers that may wait for a connection; default 1000, -1 for none */
    int32_t pool_timeout_ms;     /**< longest wait for a connection; default 30000 */
    int32_t connect_timeout_ms;  /**< longest wait for the server to accept; default 10000 */
    int32_t max_lifetime_ms;     /**< a connection is replaced after this, less up to a tenth; default 3600000, -1 never */
    int32_t idle_timeout_ms;     /**< idle connections above pool_min are closed after this; default 600000, -1 never */
    int32_t ping_after_ms;       /**< one idle for longer is tested by a round trip before use; default 60000, -1 never */
    int32_t statement_cache;     /**< prepared statements kept on a connection; default 256, -1 for none */
    uint32_t flags;              /**< enum trdb_open_flags */
    uint32_t reserved_unread;    /**< padding of 0.1, not looked at */
    int32_t trust_ms;            /**< one that was in use within this time is lent without a look at its socket; default
                                      1000, -1: always looked at. docs/pool.md tells what that risks */
    int32_t reserved;            /**< 0 */
} trdb_db_options;

/** A trdb_db_options with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_db_options);

/**
 * Opens a database.
 *
 * @param conninfo `postgresql://…` (also `postgres://` and SQLAlchemy's `postgresql+driver://`) or libpq's
 *        `key=value` form; NULL or "": the environment variable DB_URL. Read during the call.
 * @param options NULL for the defaults. Read during the call.
 * @param ret receives the database; free it with trdb_db_free().
 *
 * Connects once, unless TRDB_OPEN_LAZY is set, so that a wrong address, password or schema is told here:
 * TRDB_E_INVALID (malformed conninfo or options, no DB_URL), TRDB_E_CONNECT, TRDB_E_AUTH, TRDB_E_TIMEOUT,
 * TRDB_E_SCHEMA (not migrated, or too old), TRDB_E_SCHEMA_NEWER, TRDB_E_UNSUPPORTED (server below 15),
 * TRDB_E_NOMEM. No error shows a password. Source: reference/framework-operations.md 1 (connection).
 */
TRDB_API int trdb_open(const char *conninfo, const trdb_db_options *options, trdb_db **ret,
                       trdb_error **reterr);

/**
 * Closes a database: idle connections are closed now, borrowed ones when their unit ends, waiting callers get
 * TRDB_E_CLOSED. Units that were begun before go on and may be committed. The handle stays valid until
 * trdb_db_free(): beginning a unit answers TRDB_E_CLOSED, statistics can still be read. NULL is allowed.
 */
TRDB_API void trdb_close(trdb_db *db);

/**
 * Closes a database and releases the handle. Units of work that still exist stay valid: they answer
 * TRDB_E_CLOSED until they are freed. NULL is allowed. Does nothing but release memory after fork().
 */
TRDB_API void trdb_db_free(trdb_db *db);

/** Counters of a database since it was opened, and its present state. */
typedef struct trdb_db_stats {
    size_t struct_size;      /**< set by the caller to sizeof(trdb_db_stats) */
    int64_t open;            /**< connections open now, idle and borrowed */
    int64_t idle;            /**< connections idle now */
    int64_t borrowed;        /**< connections borrowed now */
    int64_t waiting;         /**< callers waiting now */
    int64_t connects;        /**< connections made */
    int64_t connect_errors;  /**< attempts that failed */
    int64_t checkouts;       /**< times a connection was borrowed */
    int64_t timeouts;        /**< waits that ran out */
    int64_t refusals;        /**< callers turned away because the queue was full */
    int64_t pings;           /**< tests of an idle connection */
    int64_t discards;        /**< connections closed because they were broken or not idle on return */
    int64_t retired;         /**< connections closed for their age or idle time */
    int64_t wait_us;         /**< time spent waiting for connections, microseconds */
    int64_t round_trips;     /**< round trips to the server */
    int64_t commits;         /**< units committed */
    int64_t rollbacks;       /**< units rolled back */
    int64_t prepares;        /**< statements prepared */
} trdb_db_stats;

/** A trdb_db_stats with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_db_stats);

/**
 * Reads the statistics, of a closed database as well; fills as many fields as struct_size covers, those that
 * this library does not have with 0. Any thread.
 * @return 0; TRDB_E_INVALID for NULL or a struct_size that was not set; TRDB_E_FORKED.
 */
TRDB_API int trdb_db_get_stats(trdb_db *db, trdb_db_stats *stats, trdb_error **reterr);

/**
 * Cancels units of work: from another thread or from a signal handler. Made before the units that it is to
 * cancel, and given to them in trdb_uow_options.canceller; one may serve many units, one after the other or at
 * once.
 */
typedef struct trdb_canceller trdb_canceller;

/**
 * Makes a canceller; free it with trdb_canceller_free().
 * @return 0; TRDB_E_INVALID; TRDB_E_IO without a file descriptor; TRDB_E_NOMEM. Any thread.
 */
TRDB_API int trdb_canceller_new(trdb_canceller **ret, trdb_error **reterr);

/**
 * Cancels, once and for all: every call on a unit with this canceller that waits, for a connection, for being
 * connected or for the server, answers TRDB_E_CANCELLED, and so does every later one; such a unit can only be
 * rolled back. A COMMIT that was sent is not cancelled. The connection serves the next unit as before, except
 * when the server does not confirm within two seconds: it is then given up. A call may end well when it was done
 * in that moment.
 *
 * Any thread; safe in a signal handler, and leaves errno alone. NULL is allowed. Does nothing in a forked child.
 */
TRDB_API void trdb_cancel(trdb_canceller *canceller);

/** Frees a canceller; units that have it keep what they need. Nobody may cancel with it any more. NULL is allowed. */
TRDB_API void trdb_canceller_free(trdb_canceller *canceller);

/** One call to the server, as told to a trace callback. The pointers are valid during the callback only. */
typedef struct trdb_trace_event {
    size_t struct_size;
    const char *statement; /**< "trading_trades.insert", "begin", "commit", the name of a query */
    const char *sql;       /**< the SQL with $n for parameters; values are never told */
    int64_t started_us;    /**< microseconds since 1970 UTC */
    int64_t duration_us;
    int64_t rows;          /**< rows returned or affected; -1 when the call failed */
    int64_t round_trip;    /**< number of the round trip on its connection, from 1; calls that share one share it */
    int32_t backend_pid;   /**< of the server process; PgBouncer invents a number, which may be negative */
    int32_t code;          /**< 0 or a TRDB_E_* */
    const char *sqlstate;  /**< of a failure the server reported, else NULL */
} trdb_trace_event;

/**
 * A trace callback. Called on the thread that made the call, after the call. It must not use the unit of
 * work or the pool.
 */
typedef void (*trdb_trace_fn)(void *arg, const trdb_trace_event *event);

/**
 * Sets the callback that hears of every call to the server, or removes it (fn NULL). Set it before units of
 * work begin: a unit keeps the callback that it began with. Any thread.
 * @return 0; TRDB_E_INVALID for a NULL db; TRDB_E_FORKED.
 */
TRDB_API int trdb_set_trace(trdb_db *db, trdb_trace_fn fn, void *arg, trdb_error **reterr);

/** For TRDB_AUTO(). */
static inline void trdb_db_cleanup(trdb_db **db) {
    trdb_db_free(*db);
}

TRDB_END_DECLS

#endif
