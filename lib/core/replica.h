/* SPDX-License-Identifier: MIT */
/* Reading from replicas; see replica.c. */
#pragma once

#include "pg/pg.h"
#include <tradingdb/servers.h>
#include <tradingdb/uow.h>

enum { TRDBI_MARKS = 8, TRDBI_REPLICAS = 16 };

/* Where the primary was, and when. */
typedef struct trdbi_mark {
    trdb_token token;
    int64_t at_us; /* monotonic, before it was asked */
} trdbi_mark;

/* A replica: a pool of its own. Never taken out while the database exists. */
typedef struct trdbi_replica {
    trdb_db *db;
    int64_t rest_us; /* 0: it is well */
    int64_t rests_until_us;
} trdbi_replica;

/* What a primary's pool knows of its replicas; under its lock. */
typedef struct trdbi_replicas {
    trdbi_replica *all[TRDBI_REPLICAS];
    unsigned count;
    unsigned turn;                 /* which is asked first */
    trdbi_mark marks[TRDBI_MARKS]; /* a ring; the newest lies before `next` */
    unsigned next;
} trdbi_replicas;

/* Gives the replicas of a database its trace, under its lock; closes them; releases them. */
void trdbi_replicas_trace(trdb_db *db, const trdbi_trace *trace);
void trdbi_replicas_close(trdb_db *db);
void trdbi_replicas_free(trdb_db *db);

/* Checks what a unit asks of replicas. */
int trdbi_replica_check(const trdb_uow_options *options, trdb_error **reterr);
/* Begins a unit on a replica that is fit for it. False when there is none: the primary serves it then, with
 * what is left in `options`. */
bool trdbi_replica_begin(trdb_db *db, trdb_uow_options *options, trdb_uow **ret);
/* Moves a unit whose replica died to the primary, where its last statement may be run again. False when it is
 * no such unit or when what it has read before would not go together with it. */
bool trdbi_replica_leave(trdb_uow *uow, bool first);

/* Where the primary behind a connection is. */
int trdbi_token_ask(trdbi_conn *conn, trdb_token *ret, trdb_error **reterr);
/* COMMIT, and in its round trip the question where the primary is after it. *ret_stored: what COMMIT
 * answered; a token that was not learnt is zero. */
int trdbi_token_commit(trdbi_conn *conn, bool *ret_stored, trdb_token *ret, trdb_error **reterr);
