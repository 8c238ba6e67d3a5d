/* SPDX-License-Identifier: MIT */
/*
 * Connections, statements and results: the only folder that knows libpq.
 *
 * A connection belongs to one thread at a time; its callers (pool and unit of work) see to that. Nothing here
 * begins, commits or retries on its own.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "error/error.h"
#include "pg/codec.h"
#include <tradingdb/pool.h>

typedef struct trdbi_conn trdbi_conn;
typedef struct trdbi_result trdbi_result;

/* ---- conninfo ------------------------------------------------------------------------------------- */

/* A parsed connection string: keywords and values for libpq. Opaque here; may be shared by threads. */
typedef struct trdbi_conninfo trdbi_conninfo;

/* Parses `text`, or DB_URL when it is NULL or empty. Takes URLs (also postgresql+driver://) and key=value.
 * Error messages never quote the text, since it may hold a password. */
int trdbi_conninfo_parse(const char *text, trdbi_conninfo **ret, trdb_error **reterr);
trdbi_conninfo *trdbi_conninfo_ref(trdbi_conninfo *info); /* another owner: each frees it */
void trdbi_conninfo_free(trdbi_conninfo *info);
/* The value of a libpq keyword ("host", "dbname"), or NULL. Never ask for "password". */
const char *trdbi_conninfo_get(const trdbi_conninfo *info, const char *keyword);

/* ---- waiting -------------------------------------------------------------------------------------- */

typedef enum trdbi_waited { TRDBI_WAIT_READY, TRDBI_WAIT_LATE, TRDBI_WAIT_CANCELLED } trdbi_waited;

/* Waits for a descriptor, until the deadline (monotonic, -1: none) or the canceller (NULL: none) ends it. */
trdbi_waited trdbi_wait_fd(int fd, short events, int64_t deadline_us, const trdb_canceller *canceller);
bool trdbi_cancelled(const trdb_canceller *canceller);
/* Another owner: each calls trdb_canceller_free(). NULL is allowed. */
trdb_canceller *trdbi_canceller_ref(trdb_canceller *canceller);

/* ---- connections ---------------------------------------------------------------------------------- */

/* What hears of every call; copied into the connection. */
typedef struct trdbi_trace {
    trdb_trace_fn fn;
    void *arg;
} trdbi_trace;

typedef struct trdbi_conn_options {
    const char *application_name;    /* NULL: the connection string's, else "tradingdb" */
    int timeout_ms;                  /* to connect */
    const trdb_canceller *canceller; /* ends the attempt; may be NULL */
    int statement_cache;             /* prepared statements kept; 0 or less: none */
} trdbi_conn_options;

/* Connects within the deadline, even when resolving a host name hangs, and makes the
 * session the library's own: UTF8, TimeZone UTC, server version at least 15. */
int trdbi_conn_open(const trdbi_conninfo *info, const trdbi_conn_options *options, trdbi_conn **ret,
                    trdb_error **reterr);
void trdbi_conn_close(trdbi_conn *conn);
/* Frees without a word to the server: for a copy in a forked child. */
void trdbi_conn_abandon(trdbi_conn *conn);

void trdbi_conn_set_trace(trdbi_conn *conn, const trdbi_trace *trace);
bool trdbi_conn_broken(const trdbi_conn *conn); /* the socket is gone */
/* The server said that it goes down or cannot be written to, or it hung up: its other connections are no better. */
bool trdbi_conn_server_left(const trdbi_conn *conn);
/* Which address it leads to, as a number that is the same for the same address. */
uint64_t trdbi_conn_where(const trdbi_conn *conn);
bool trdbi_conn_on_standby(const trdbi_conn *conn); /* as the server said last */
/* False when it leads to a standby and none was wanted: a primary that was demoted. */
bool trdbi_conn_has_role(trdbi_conn *conn);
bool trdbi_conn_idle(const trdbi_conn *conn); /* PQTRANS_IDLE: may go back to the pool */
/* Looks, without a round trip, whether the server has hung up; false when it has. */
bool trdbi_conn_alive(trdbi_conn *conn);
/* One empty round trip, with a deadline. */
int trdbi_conn_ping(trdbi_conn *conn, int timeout_ms, trdb_error **reterr);
/* Until when (monotonic; 0: for ever) calls on the connection wait for the server. One that waits longer is
 * given up: its call answers TRDB_E_CONNECTION_LOST, and the connection counts as broken. */
void trdbi_conn_set_deadline(trdbi_conn *conn, int64_t deadline_us);
/* What may end calls on the connection (NULL: nothing); it must live until another is set. A call that it
 * ends asks the server to stop and answers TRDB_E_CANCELLED. */
void trdbi_conn_set_canceller(trdbi_conn *conn, const trdb_canceller *canceller);
/* From here on the server is not asked to stop: COMMIT is about to be sent. */
void trdbi_conn_set_committing(trdbi_conn *conn);
/* Forgets deadline and canceller. After a cancelled call a round trip sees that no request is under way which
 * would hit the next one. */
void trdbi_conn_settle(trdbi_conn *conn);
bool trdbi_conn_in_time(const trdbi_conn *conn); /* the deadline has not passed */
int trdbi_conn_backend_pid(const trdbi_conn *conn);
int trdbi_conn_server_version(const trdbi_conn *conn); /* 150012 is 15.12 */
bool trdbi_conn_tls(const trdbi_conn *conn);
bool trdbi_conn_can_cancel(const trdbi_conn *conn);
/* From here on statements are prepared for one execution only. Nothing may be queued. */
void trdbi_conn_use_unnamed(trdbi_conn *conn);
/* A standby is what was wanted: that it refuses a write says nothing of its other connections. */
void trdbi_conn_set_standby(trdbi_conn *conn, bool wanted);
int64_t trdbi_conn_round_trips(const trdbi_conn *conn);
int64_t trdbi_conn_prepares(const trdbi_conn *conn);

/* A quoted literal appended to SQL text, for the few commands that take no parameters. */
int trdbi_conn_literal(trdbi_conn *conn, const char *text, trdbi_buf *sql, trdb_error **reterr);

/* ---- calls ---------------------------------------------------------------------------------------- */

/* Runs SQL by the simple protocol: one round trip, any number of statements, no parameters. `ret` (may be
 * NULL) receives the last result, its values as text. `name` is for traces and errors. */
int trdbi_conn_exec(trdbi_conn *conn, const char *name, const char *sql, trdbi_result **ret,
                    trdb_error **reterr);

/* The same for SQL that holds a value: traces are told `shown` in its place. */
int trdbi_conn_exec_shown(trdbi_conn *conn, const char *name, const char *sql, const char *shown,
                          trdbi_result **ret, trdb_error **reterr);

struct trdbi_rows;

/* A prepared statement by identity: the SQL is built only when the connection has not prepared it yet. */
typedef struct trdbi_statement {
    const char *name; /* "trading_trades.insert" */
    const void *key;  /* identity within a connection's cache; usually descriptor, operation, columns */
    size_t key_size;
    int (*build)(const void *ctx, trdbi_buf *sql, trdb_error **reterr); /* appends the SQL */
    const void *ctx;
    bool secret; /* values might show up in server messages: keep only names */
    bool reads;  /* it cannot write */
    /* Hears of the rows as they arrive, in place of a result at the end; only its callbacks are looked at. NULL:
     * nobody does. When the statement is run again, it begins again. */
    const struct trdbi_rows *rows;
} trdbi_statement;

/* Parameters of one execution, in binary. Cleared and reused; the data lives in `data`. */
typedef struct trdbi_params {
    trdbi_buf data;
    int count;
    int room;
    struct trdbi_param {
        uint32_t oid;   /* type sent with PREPARE; 0 lets the server infer (enum types) */
        int32_t length; /* -1: NULL */
        size_t offset;  /* into data */
    } * items;
    void *owner; /* of the callers above: the unit whose handles may stand in them; NULL: none */
    bool failed; /* out of memory; reported by the call that gets them */
} trdbi_params;

void trdbi_params_clear(trdbi_params *params);
/* Appends copies of all parameters of another; `from` NULL: none. */
void trdbi_params_append(trdbi_params *params, const trdbi_params *from);
void trdbi_params_free(trdbi_params *params);
/* Begins a parameter: append its binary form to params->data, then call trdbi_params_end(). */
void trdbi_params_begin(trdbi_params *params, uint32_t oid);
void trdbi_params_end(trdbi_params *params);
void trdbi_params_null(trdbi_params *params, uint32_t oid);
/* Common cases. */
void trdbi_params_i64(trdbi_params *params, int64_t value);
void trdbi_params_text(trdbi_params *params, const char *text); /* NULL pointer: NULL */

/* Executes, preparing first when needed. `ret` may be NULL when no row is wanted. */
int trdbi_conn_run(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                   trdbi_result **ret, trdb_error **reterr);

/* How many rows a statement gave last on this connection, as far as somebody noted it; 0: not known. */
int64_t trdbi_conn_last_rows(trdbi_conn *conn, const trdbi_statement *statement);
void trdbi_conn_note_rows(trdbi_conn *conn, const trdbi_statement *statement, int64_t rows);

/* Hears of the answer to a statement: to the i-th of many, or with i = 0. */
typedef int (*trdbi_take_fn)(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr);

/* A cast of this text that fails means that a row was missing: TRDB_E_NOT_FOUND. */
#define TRDBI_NO_SUCH_ROW "trdb: no such row"
/* The same for a row that does not hold what it should: TRDB_E_CONFLICT. */
#define TRDBI_ROW_CHANGED "trdb: the row has changed"

/* Leaves a statement to the next call, whose round trip it shares, or to trdbi_conn_flush(). Until then
 * nothing is known of it; a failure is that call's answer and names the statement. The parameters are copied.
 * `take` (may be NULL) hears of the answer. */
int trdbi_conn_queue(trdbi_conn *conn, const trdbi_statement *statement, const trdbi_params *params,
                     trdbi_take_fn take, void *arg, trdb_error **reterr);
/* The number of the unit's call that statements come from, for errors; 0: the transaction's
 * own; -1, as at first: of no unit. */
void trdbi_conn_set_call(trdbi_conn *conn, int64_t call);
/* Whether statements wait. */
bool trdbi_conn_queued(const trdbi_conn *conn);
/* Sends those that wait and reads their answers; no round trip when there are none. */
int trdbi_conn_flush(trdbi_conn *conn, trdb_error **reterr);

/* Statements that the server refuses for how they were prepared are prepared anew and run again, with all that
 * shared their round trip, where nothing had been answered in the transaction before.
 *
 * Whether a table was found to have changed under a plan since this was asked last: plans of other connections
 * are no better. */
bool trdbi_conn_take_outdated(trdbi_conn *conn);
/* Prepares each statement anew before its next use. */
void trdbi_conn_outdate(trdbi_conn *conn);

/* Executes the statement once per parameter set produced by `next`, pipelined. `next` fills `params` (cleared
 * before) and `*ret_statement` for row i, or answers 1: there is no such row, and those before it were all.
 * `take` (may be NULL) is called with each row's result in order. A failure stops; the error carries the
 * row's index. Needs a transaction around it. */
typedef int (*trdbi_next_fn)(void *arg, size_t i, trdbi_params *params, trdbi_statement *ret_statement,
                             trdb_error **reterr);
int trdbi_conn_run_many(trdbi_conn *conn, size_t count, trdbi_next_fn next, trdbi_take_fn take, void *arg,
                        trdb_error **reterr);

/* A COPY into a table, binary. Other commands may stand before and behind it in the SQL. */
typedef struct trdbi_copy {
    const char *name; /* "trading_trades.copy" */
    const char *sql;
    bool secret;
    /* Appends rows, as many as are good to send at a time: each its number of values (16 bits), then for each
     * value its length (32 bits) and its bytes. 1: there are more; 0: those were the last; or an error. */
    int (*fill)(void *arg, trdbi_buf *out, trdb_error **reterr);
    void *arg;
} trdbi_copy;

/* Copies rows. `ret` (may be NULL) receives the last result with rows among those of the commands behind the
 * COPY, or NULL. A failure that the server found in a row tells it, counted from the first of them. What is
 * queued goes ahead: two round trips, and one more for that. Needs a transaction around it. */
int trdbi_conn_copy(trdbi_conn *conn, const trdbi_copy *job, trdbi_result **ret, trdb_error **reterr);

/* A value of a row that is under way; data NULL: NULL. */
typedef struct trdbi_value {
    const char *data;
    size_t size;
} trdbi_value;

/* A query whose rows are heard as they arrive, for results that are too large to be kept twice. */
typedef struct trdbi_rows {
    const char *name;           /* "trading_trades.columns" */
    const char *sql;            /* with parameters as $n, which traces are told, too */
    const trdbi_params *params; /* NULL: none */
    bool secret;
    size_t columns; /* of a row */
    /* When `copy_sql` is not NULL, the query goes by COPY, which is the cheapest way: it has literals in place of
     * the parameters. COPY does not tell types, so `types_sql` goes ahead: the same columns and no rows. */
    const char *copy_sql;
    const char *types_sql;
    int (*begin)(void *arg, const uint32_t *types, trdb_error **reterr);
    int (*row)(void *arg, const trdbi_value *values, trdb_error **reterr); /* valid during the call */
    void *arg;
} trdbi_rows;

/* What is queued goes ahead, in a round trip of its own. After a failure of the job's own the rest is read and
 * dropped while it is small; otherwise the connection is given up. */
int trdbi_conn_rows(trdbi_conn *conn, const trdbi_rows *job, trdb_error **reterr);

/* Appends parameter i as a literal of its type, exactly; TRDB_E_UNSUPPORTED for a type that has none here. */
int trdbi_params_literal(const trdbi_params *params, int i, trdbi_buf *sql, trdb_error **reterr);

/* ---- results -------------------------------------------------------------------------------------- */

void trdbi_result_free(trdbi_result *result);
size_t trdbi_result_rows(const trdbi_result *result);
size_t trdbi_result_columns(const trdbi_result *result);
int64_t trdbi_result_affected(const trdbi_result *result); /* rows that INSERT, UPDATE, DELETE touched */
/* The tag of the last command: "COMMIT", "ROLLBACK", "INSERT 0 1". */
const char *trdbi_result_command(const trdbi_result *result);
/* The value's bytes, or NULL for NULL. */
const char *trdbi_result_value(const trdbi_result *result, size_t row, size_t column, size_t *ret_size);
/* The text of a value of a trdbi_conn_exec() result; NULL for NULL. */
const char *trdbi_result_text(const trdbi_result *result, size_t row, size_t column);

/* Decodes one row of a binary result into a struct: field i from column i. Fields are `stride` bytes apart,
 * so that descriptors whose first member is a field serve as well. Text goes to the arena. */
int trdbi_result_decode(const trdbi_result *result, size_t row, const trdbi_field *fields, size_t stride,
                        size_t count, trdbi_arena *arena, void *dst, trdb_error **reterr);
/* An upper bound of the arena bytes that decoding all rows takes, beyond the structs. */
size_t trdbi_result_text_size(const trdbi_result *result);
