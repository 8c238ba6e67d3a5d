/* SPDX-License-Identifier: MIT */
/* What the files of lib/pg share about a connection. Nothing outside of lib/pg includes this. */
#pragma once

#include "pg/pg.h"

#include <libpq-fe.h>
#include <stdatomic.h>
#include <tradingdb/pool.h>

/* ---- prepared statements -------------------------------------------------------------------------- */

/* A statement that a connection knows, found by the bytes of its key. */
typedef struct trdbi_prepared {
    struct trdbi_prepared *chain; /* next with the same bucket */
    struct trdbi_prepared *newer; /* neighbours by last use */
    struct trdbi_prepared *older;
    uint64_t hash;
    bool secret;
    bool stale;  /* the server refuses it since a table changed: prepare it anew */
    int64_t rows; /* that it gave last; 0: not known */
    char id[32]; /* its name on the server; "" for one that is not kept */
    char *sql;
    char *label; /* "trading_trades.insert" */
    size_t key_size;
    unsigned char key[];
} trdbi_prepared;

typedef struct trdbi_cache {
    trdbi_prepared **buckets; /* a power of two of them */
    size_t mask;
    size_t count;
    size_t limit; /* 0: nothing is kept */
    trdbi_prepared *newest;
    trdbi_prepared *oldest;
    uint64_t serial; /* of server-side names, so that none is used twice */
} trdbi_cache;

uint64_t trdbi_hash(const void *bytes, size_t size);
int trdbi_cache_init(trdbi_cache *cache, int limit, trdb_error **reterr);
void trdbi_cache_free(trdbi_cache *cache);
/* The entry of a statement, marked as just used; NULL when there is none. */
trdbi_prepared *trdbi_cache_find(trdbi_cache *cache, const trdbi_statement *statement);
void trdbi_cache_insert(trdbi_cache *cache, trdbi_prepared *prepared);
void trdbi_cache_remove(trdbi_cache *cache, trdbi_prepared *prepared);
/* Builds the SQL of a statement. `serial` 0 gives one without a name on the server. */
int trdbi_prepared_new(const trdbi_statement *statement, uint64_t serial, trdbi_prepared **ret,
                       trdb_error **reterr);
void trdbi_prepared_free(trdbi_prepared *prepared);
bool trdbi_prepared_is(const trdbi_prepared *prepared, const trdbi_statement *statement);
/* Frees the entries: the server has none of them any more. */
void trdbi_cache_clear(trdbi_cache *cache);
/* Each entry is prepared anew before it is used again. */
void trdbi_cache_outdate(trdbi_cache *cache);

/* ---- the connection ------------------------------------------------------------------------------- */

/* Parameters as libpq wants them. */
typedef struct trdbi_arguments {
    Oid *types;
    const char **values;
    int *lengths;
    int *formats;
    int room;
} trdbi_arguments;

/* Statements that are written but not answered yet; see pipeline.h. */
typedef struct trdbi_queued trdbi_queued;
typedef struct trdbi_queue {
    trdbi_queued *items;
    size_t room;
    size_t count;
    size_t bytes;
    trdbi_prepared *once; /* statements that are not cached, linked by `older` */
    /* For running it again; see replay.c. */
    bool whole;          /* begun outside of a transaction: when it fails, nothing of it stays */
    trdbi_params params; /* of its statements, one behind the other, while it is whole */
    PGresult **answers;  /* held back: each was received and is not judged yet; the last may be NULL */
    size_t answer_room;
    size_t answer_count;
    size_t answers_judged;
    PGresult *first_row; /* of its last statement, whose rows come one by one */
} trdbi_queue;

struct trdbi_conn {
    PGconn *pg;
    bool broken;                     /* also when libpq has not noticed: the protocol state is unknown */
    bool late;                       /* given up: the server did not answer before the deadline */
    int64_t deadline_us;             /* of the calls; 0: none */
    const trdb_canceller *canceller; /* ends calls before their time; may be NULL */
    bool cancelled;                  /* it did, and the server was asked to stop */
    bool uncertain;  /* such a request may still be under way: no other unit gets the connection */
    bool committing; /* COMMIT is sent: it is not to be stopped any more */
    trdbi_trace trace;
    trdbi_cache cache;
    trdbi_arguments arguments;
    trdbi_queue queue;
    int64_t call_number; /* of the unit; statements carry it */
    bool outdated;    /* tables have changed under its plans since somebody asked */
    bool standby;     /* is wanted */
    bool server_left; /* the server said that it goes down, or takes no writes any more, or it hung up */
    bool excused;     /* it said that it ends the session for another reason */
    bool forgotten;   /* the server has lost the statements: the cache is to be cleared */
    /* Written by the connection's thread only, read by any. */
    _Atomic int64_t round_trips;
    _Atomic int64_t prepares;
};

static inline void trdbi_count(_Atomic int64_t *counter) {
    int64_t value = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

/* Makes conn->arguments refer to the parameters. */
int trdbi_conn_bind(trdbi_conn *conn, const trdbi_params *params, trdb_error **reterr);

/* What a call is, for errors and traces. */
typedef struct trdbi_call {
    const char *label;
    const char *sql;
    bool secret;
    int64_t number;     /* of the unit's call that it belongs to */
    int64_t started_us; /* 0 when nobody traces */
    int64_t monotonic_us;
    int64_t rows; /* that came one by one, ahead of the result that ends them */
} trdbi_call;

trdbi_call trdbi_call_begin(const trdbi_conn *conn, const char *label, const char *sql, bool secret);

/* Why the server does not run a prepared statement that it would run when prepared anew. */
typedef enum trdbi_refusal {
    TRDBI_NOT_REFUSED,
    TRDBI_OUTDATED, /* a table has changed: "cached plan must not change result type" */
    TRDBI_FORGOTTEN /* DEALLOCATE ALL, or a pooler gave us another session */
} trdbi_refusal;
trdbi_refusal trdbi_refusal_of(const trdbi_prepared *prepared, const PGresult *result);
/* Notes such a refusal: what was prepared is not used again, and the error says that the unit may be run again. */
trdbi_refusal trdbi_conn_judge_prepared(trdbi_conn *conn, const trdbi_prepared *prepared, const PGresult *result,
                                        trdb_error **reterr);

/* Reads the answer to a query that was sent, row by row where libpq was told to, up to its end. `prepared` (may be
 * NULL) is what was run, `first` (NULL: nothing) what was received of it already. */
int trdbi_rows_receive(trdbi_conn *conn, const trdbi_rows *job, trdbi_call *call, trdbi_prepared *prepared,
                       PGresult *first, trdb_error **reterr);

/* True for a result that says the statement ran. */
bool trdbi_result_good(const PGresult *result);

/* Judges the result of a call (NULL: there is none) and traces it. 0, or the error that it is. */
int trdbi_call_end(trdbi_conn *conn, const trdbi_call *call, const PGresult *result, trdb_error **reterr);

/* Notes what an error or a notice says of the server. */
void trdbi_conn_hear(trdbi_conn *conn, const PGresult *result);

/* The error of a call that got no answer. */
int trdbi_conn_lost(trdbi_conn *conn, const char *label, trdb_error **reterr);

/* The first line of a libpq message, in a buffer that is cut when it is too small. */
const char *trdbi_first_line(const char *text, char *buffer, size_t size);

/* What PQsend…() needs before it: with a deadline no call of libpq may block. */
void trdbi_conn_arm(trdbi_conn *conn);
/* Writes out what libpq holds, taking in what the server says meanwhile; false when that fails or takes
 * longer than the deadline allows. */
bool trdbi_conn_push(trdbi_conn *conn);
/* Waits for more from the server and takes it in; false when that fails or the deadline passes. */
bool trdbi_conn_more(trdbi_conn *conn);
/* PQgetResult() within the connection's deadline. NULL, with the connection broken, when that passes. */
PGresult *trdbi_conn_next(trdbi_conn *conn);
/* What PQexec() does once its query is sent: reads all results and gives the last. */
PGresult *trdbi_conn_last(trdbi_conn *conn, bool sent);

/* The size of the header of a COPY in binary, before its first row; 0: there is none. */
size_t trdbi_copy_header(const char *data, size_t size);
/* Finds the values of a row; false when it is malformed. The server sends one row a message, so that nothing is
 * behind it. */
bool trdbi_copy_split(const char *data, size_t size, trdbi_value *values, size_t count);

/* Whether a message of libpq's own (NULL: it could not even make one) says that memory ran out. */
bool trdbi_tells_of_memory(const char *message);
/* Asks the server to stop the statement, waiting at most so long for the request to be delivered. */
void trdbi_conn_send_cancel(trdbi_conn *conn, int64_t wait_us);
/* The same since the call was cancelled: the answer is waited for a little longer. */
void trdbi_conn_cancel_call(trdbi_conn *conn);

/* Polls the connection's socket; false when the deadline (monotonic, -1: none) passed. */
bool trdbi_conn_wait(const trdbi_conn *conn, short events, int64_t deadline_us);

static inline const trdbi_result *trdbi_result_of(const PGresult *pg) {
    return (const trdbi_result *)pg;
}
