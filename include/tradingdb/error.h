/* SPDX-License-Identifier: MIT */
/**
 * @file error.h
 * Error codes and the error object. docs/errors.md explains each code and its remedy.
 *
 * Every fallible function returns an int, 0 or one of the negative codes, and takes as its last argument a
 * `trdb_error **` that may be NULL. On failure it receives an object that the caller frees with
 * trdb_error_free(); out-parameters stay untouched. On success the error stays untouched. An error that is
 * already there is freed and replaced.
 */
#ifndef TRADINGDB_ERROR_H
#define TRADINGDB_ERROR_H

#include <tradingdb/base.h>

TRDB_BEGIN_DECLS

/** What went wrong. Codes are never renumbered; new ones are added at the end. */
enum trdb_error_code {
    TRDB_OK = 0,
    TRDB_E_NOMEM = -1,            /**< out of memory */
    TRDB_E_INVALID = -2,          /**< an argument is wrong: NULL, unknown column, malformed text, bad struct */
    TRDB_E_RANGE = -3,            /**< a value lies outside its range: number, text length, time */
    TRDB_E_INEXACT = -4,          /**< the value would have been rounded */
    TRDB_E_ENCODING = -5,         /**< text is not valid UTF-8 */
    TRDB_E_STATE = -6,            /**< the handle is in the wrong state: finished, failed, busy */
    TRDB_E_CLOSED = -7,           /**< the database handle was closed */
    TRDB_E_FORKED = -8,           /**< the handle was opened before fork() */
    TRDB_E_NOT_FOUND = -9,        /**< no such row */
    TRDB_E_DUPLICATE = -10,       /**< a unique constraint refuses the row, or the same event came twice */
    TRDB_E_REFERENCE = -11,       /**< a foreign key refuses: the other row is missing, or still refers here */
    TRDB_E_CHECK = -12,           /**< a CHECK constraint refuses the value */
    TRDB_E_NOT_NULL = -13,        /**< a required column is NULL or was not given */
    TRDB_E_CONFLICT = -14,        /**< a domain rule refuses: the stored state says otherwise */
    TRDB_E_SERIALIZATION = -15,   /**< concurrent units collided (SQLSTATE 40001); run the unit again */
    TRDB_E_DEADLOCK = -16,        /**< the server broke a deadlock (40P01); run the unit again */
    TRDB_E_TIMEOUT = -17,         /**< a deadline passed: statement, lock, connect or pool wait */
    TRDB_E_CANCELLED = -18,       /**< the statement was cancelled */
    TRDB_E_EXHAUSTED = -19,       /**< pool and waiting queue are full, or the server has no free connection */
    TRDB_E_CONNECT = -20,         /**< no connection could be made */
    TRDB_E_AUTH = -21,            /**< the server refused the user or the password */
    TRDB_E_CONNECTION_LOST = -22, /**< the connection broke while in use */
    TRDB_E_IN_DOUBT = -23,        /**< the connection broke during COMMIT: the outcome is not known */
    TRDB_E_READ_ONLY = -24,       /**< a write in a read-only unit or on a read-only server */
    TRDB_E_PERMISSION = -25,      /**< the role may not do this */
    TRDB_E_SCHEMA = -26,          /**< the database lacks the schema, or part of it: migrate */
    TRDB_E_SCHEMA_NEWER = -27,    /**< the database's schema is newer than this library */
    TRDB_E_CHECKSUM = -28,        /**< a released migration is not the one that was applied */
    TRDB_E_UNSUPPORTED = -29,     /**< this server, pooler or build cannot do it */
    TRDB_E_SERVER = -30,          /**< any other error that the server reported; see its SQLSTATE */
    TRDB_E_PROTOCOL = -31,        /**< the server's answer makes no sense */
    TRDB_E_IO = -32               /**< a file could not be read or written */
};

/** An error: opaque, immutable, freed with trdb_error_free(). May be read from any thread. */
typedef struct trdb_error trdb_error;

/** Frees an error. NULL is allowed. */
TRDB_API void trdb_error_free(trdb_error *error);

/** The code, one of trdb_error_code; 0 for a NULL error. */
TRDB_API int trdb_error_code(const trdb_error *error);

/**
 * One line for a person, with what to do about it where that is known; no trailing full stop or newline.
 * Holds no password, key, parameter value of a secret column. Lives as long as the error; never NULL.
 */
TRDB_API const char *trdb_error_message(const trdb_error *error);

/** The server's DETAIL or HINT, or NULL. Left out for tables with secret columns. */
TRDB_API const char *trdb_error_detail(const trdb_error *error);

/** The five-character SQLSTATE of a server error, or NULL. */
TRDB_API const char *trdb_error_sqlstate(const trdb_error *error);

/** The violated constraint, or NULL. */
TRDB_API const char *trdb_error_constraint(const trdb_error *error);

/** The table concerned, or NULL. */
TRDB_API const char *trdb_error_table(const trdb_error *error);

/** The column concerned, or NULL. */
TRDB_API const char *trdb_error_column(const trdb_error *error);

/** The call that failed, for example "trading_trades.insert", or NULL. */
TRDB_API const char *trdb_error_statement(const trdb_error *error);

/** The index of the row that failed in a call that takes many, or -1. */
TRDB_API int64_t trdb_error_row(const trdb_error *error);

/**
 * Which call on the unit of work the server refused, as trdb_uow_calls() counts them: a call that waited fails
 * at a later one. 0 for the transaction's own statements (BEGIN, COMMIT, savepoints); -1 for an error that
 * no statement of a unit met.
 */
TRDB_API int64_t trdb_error_call(const trdb_error *error);

/** How many calls behind that one were made and did not run, among them the call that answers with this error
 * when it is another one; 0 when trdb_error_call() is -1. */
TRDB_API int64_t trdb_error_not_run(const trdb_error *error);

/** True when running the whole unit of work again may succeed. */
TRDB_API bool trdb_error_retryable(const trdb_error *error);

/** True when it is not known whether the unit was committed. */
TRDB_API bool trdb_error_in_doubt(const trdb_error *error);

/** The name of a code, for example "TRDB_E_DUPLICATE"; "TRDB_E_UNKNOWN" for a code of a newer library. */
TRDB_API const char *trdb_error_code_name(int code);

/** For TRDB_AUTO(). */
static inline void trdb_error_cleanup(trdb_error **error) {
    trdb_error_free(*error);
}

TRDB_END_DECLS

#endif
