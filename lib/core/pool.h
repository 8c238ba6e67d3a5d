/* SPDX-License-Identifier: MIT */
/* The inside of a trdb_db, for lib/core only: what a unit of work borrows and gives back. */
#pragma once

#include "base/birthmark.h"
#include "core/core.h"
#include "core/replica.h"

#include <pthread.h>
#include <stdatomic.h>

/* The server that a connection reached, as far as it tells; 0: not known. */
typedef struct trdbi_server {
    int64_t system;        /* its system identifier */
    int64_t timeline;      /* changes when a standby is promoted; 0 on a standby */
    int64_t incarnation;   /* changes when it recovers from a crash */
    int64_t session_pid;   /* of the session itself; 0 behind a pooler, where it may change */
    int64_t session_start; /* microseconds since 1970 */
    bool standby;
    bool pooled; /* a pooler stands between */
} trdbi_server;

/* A connection of the pool. A borrowed one belongs to its borrower. */
typedef struct trdbi_slot {
    trdbi_conn *conn;
    trdb_uow *unit; /* memory of a unit that ended, for the next one; NULL: there is none */
    trdbi_server server;
    trdb_token reached;        /* how far its server had replayed when it was last asked */
    uint64_t where;            /* the address that it leads to */
    bool left;                 /* its server has left: not lent any more */
    int64_t plans;             /* of the pool when it was lent last */
    int64_t retire_at_us;      /* monotonic; INT64_MAX: never */
    int64_t idle_since_us;     /* coarse */
    struct trdbi_slot *hotter; /* neighbours among the idle ones */
    struct trdbi_slot *colder;
    struct trdbi_slot *next; /* neighbours among all */
    struct trdbi_slot *previous;
} trdbi_slot;

typedef enum trdbi_waiter_state {
    TRDBI_WAITING,
    TRDBI_GIVEN_SLOT,  /* a connection was handed over */
    TRDBI_GIVEN_PLACE, /* it may open a connection in the place of one that was closed */
    TRDBI_GIVEN_TRIAL, /* it tries for all whether the server takes connections again */
    TRDBI_LET_THROUGH, /* the server does */
    TRDBI_LET_DOWN,    /* the server does not; the gate knows why */
    TRDBI_TURNED_AWAY  /* the pool was closed */
} trdbi_waiter_state;

/* A caller in the queue; lives on its stack. */
typedef struct trdbi_waiter {
    pthread_cond_t wake;
    int fd; /* an eventfd that wakes one with a canceller in place of `wake`; -1: none */
    trdbi_waiter_state state;
    bool called;    /* something became free: it is about to look */
    bool has_place; /* and waits at the gate for being allowed to connect */
    trdbi_slot *slot;
    struct trdbi_waiter *next;
} trdbi_waiter;

/* Holds back who would connect to a server that took no connection; see gate.c. Under the lock. */
typedef struct trdbi_gate {
    int failures;       /* in a row; 0: it is open */
    int64_t until_us;   /* monotonic: nobody tries before */
    bool trying;        /* one tries for all */
    trdb_error *reason; /* of the last failure; NULL: there was no memory for it */
} trdbi_gate;

/* Makes the connections anew that the pool keeps; see repair.c. Under the lock. */
typedef struct trdbi_repair {
    pthread_t thread;
    bool wanted;  /* the database is open */
    bool started; /* there is a thread to be joined */
    bool working; /* it has not come to its end */
    trdb_canceller *canceller;
} trdbi_repair;

typedef struct trdbi_pool_counters {
    int64_t connects, connect_errors, checkouts, timeouts, refusals, pings, discards, retired, wait_us;
    int64_t commits, rollbacks;
    int64_t round_trips, prepares; /* of connections that are closed */
} trdbi_pool_counters;

struct trdb_db {
    /* Set by trdb_open() and never changed. */
    trdbi_birthmark birthmark;
    trdb_db_options options; /* with defaults filled in; its pointers are not valid */
    trdbi_conninfo *conninfo;
    char *schema;
    char *application_name;  /* NULL: not given */
    trdbi_buf schema_prefix; /* quoted, with a dot */
    bool of_standbys;        /* the pool of a replica */

    atomic_int references; /* the handle, every unit, every caller inside */
    atomic_bool released;  /* trdb_db_free() was called */
    atomic_bool schema_checked;
    _Atomic int64_t ref_tag; /* of the unit that last made a handle; begins anywhere, see ref.c */

    /* Under the lock, which is never held while a server is spoken to. */
    pthread_mutex_t lock;
    bool closed;
    trdbi_trace trace;
    int64_t departures;  /* of servers, so far */
    uint64_t left_where; /* the last of them */
    atomic_bool on_primary; /* a connection has led to a primary: a standby is not what is wanted */
    trdbi_gate gate;
    trdbi_repair repair;
    int64_t plans; /* counts up when a table has changed under one: those of older connections are made anew */
    int places;  /* connections that exist or are being made; at most size + overflow */
    int idle_count;
    trdbi_slot *hottest; /* idle, last returned first */
    trdbi_slot *coldest;
    trdbi_slot *slots; /* all */
    int slot_count;
    trdbi_waiter *first_waiter;
    trdbi_waiter *last_waiter;
    int waiter_count;
    bool hand_over;  /* the first in the queue has waited for long: what is returned goes to it */
    trdb_uow *units; /* memory of units that ended, linked; at most one per place */
    int unit_count;
    trdbi_pool_counters counters;
    trdbi_replicas replicas;
};

typedef enum trdbi_outcome { TRDBI_OUTCOME_NONE, TRDBI_COMMITTED, TRDBI_ROLLED_BACK } trdbi_outcome;

static inline trdb_db *trdbi_db_ref(trdb_db *db) {
    atomic_fetch_add(&db->references, 1);
    return db;
}
void trdbi_db_unref(trdb_db *db);
static inline bool trdbi_db_forked(const trdb_db *db) {
    return trdbi_birthmark_forked(&db->birthmark);
}
/* 0, or why the database takes no call: NULL, TRDB_E_FORKED. */
int trdbi_db_check(const trdb_db *db, trdb_error **reterr);

/* ---- slot.c: single connections ------------------------------------------------------------------- */

/* Makes a connection and checks the schema if nobody has yet. */
int trdbi_slot_open(trdb_db *db, int timeout_ms, const trdb_canceller *canceller, const trdbi_trace *trace,
                    trdbi_slot **ret, trdb_error **reterr);
void trdbi_slot_close(trdbi_slot *slot);   /* and those colder than it */
void trdbi_slot_abandon(trdbi_slot *slot); /* in a forked child */

/* Under the lock: has a waiter look at what became of it. */
void trdbi_waiter_wake(trdbi_waiter *waiter);

/* ---- gate.c: all under the lock ------------------------------------------------------------------- */

/* Whether a connection may be tried now. *ret_trial: for all who wait. */
bool trdbi_gate_pass(trdbi_gate *gate, bool *ret_trial);
/* Until when one in the queue sleeps at most. */
int64_t trdbi_gate_wake_us(const trdbi_gate *gate, const trdbi_waiter *waiter, int64_t deadline_us);
/* Lets the first who waits at the gate try when its time has come. */
void trdbi_gate_look(trdb_db *db);
/* Tells it how an attempt ended, and those who wait when it was their trial. */
void trdbi_gate_tell(trdb_db *db, bool trial, int code, const trdb_error *error);
/* Why a waiter was let down. */
int trdbi_gate_reason(const trdbi_gate *gate, trdb_error **reterr);
/* The same for one whose time is up. */
int trdbi_gate_late(const trdbi_gate *gate, int timeout_ms, trdb_error **reterr);

/* ---- repair.c ------------------------------------------------------------------------------------- */

/* Under the lock: has connections made when there are fewer than the pool keeps. */
void trdbi_repair_start(trdb_db *db);
/* Ends it, without the lock. The pool is closed. */
void trdbi_repair_stop(trdb_db *db);

/* ---- pool.c --------------------------------------------------------------------------------------- */

/* Takes a waiter out of the queue and wakes it. */
void trdbi_pool_serve(trdb_db *db, trdbi_waiter *waiter, trdbi_waiter_state state);
/* Makes a new connection for the pool itself. */
int trdbi_pool_make(trdb_db *db, const trdb_canceller *canceller, trdbi_slot **ret);

/* Borrows a connection within timeout_ms, be it spent in the queue, connecting or asking one whether it
 * lives. `canceller` (may be NULL) ends the wait. */
int trdbi_pool_take(trdb_db *db, int timeout_ms, const trdb_canceller *canceller, trdbi_slot **ret,
                    trdb_error **reterr);
/* Gives it back; one that is not idle is closed. */
void trdbi_pool_give(trdb_db *db, trdbi_slot *slot, trdbi_outcome outcome);
/* Keeps the memory of a unit that ended for another; false when there is enough of it. */
bool trdbi_pool_keep_unit(trdb_db *db, trdb_uow *unit);

/* ---- ref.c --------------------------------------------------------------------------------------- */

int64_t trdbi_ref_first_tag(void);

/* ---- unit.c --------------------------------------------------------------------------------------- */

/* Links the memory of units. */
trdb_uow **trdbi_uow_link(trdb_uow *unit);
void trdbi_uow_release(trdb_uow *unit);
