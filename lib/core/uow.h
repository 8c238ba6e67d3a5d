/* SPDX-License-Identifier: MIT */
/* The inside of a unit of work, for the files of lib/core that make it up. */
#pragma once

#include "core/outcome.h"

typedef enum trdbi_uow_state {
    TRDBI_UOW_ACTIVE,
    TRDBI_UOW_FAILED,  /* an error since the newest savepoint: only rolling back helps */
    TRDBI_UOW_LOST,    /* the connection is gone, and the transaction with it */
    TRDBI_UOW_FINISHED /* committed or rolled back; the connection is given back */
} trdbi_uow_state;

/* The handles of a unit; see ref.c. */
typedef struct trdbi_ref_entry trdbi_ref_entry;
typedef struct trdbi_refs {
    int64_t tag; /* what its handles say; 0: none was made */
    trdbi_ref_entry *entries;
    int32_t count;
    int32_t room;
    int32_t answered; /* the first so many are known */
} trdbi_refs;

/* Its memory serves one unit after the other. Whatever is added here and owned is freed in trdbi_uow_clear(),
 * which zeroes the rest. */
struct trdb_uow {
    trdb_uow *next; /* while nobody uses it */
    trdb_db *db;
    trdb_db *primary; /* of the replica that the unit reads from; else NULL. A reference */
    trdbi_slot *slot; /* NULL once finished */
    trdbi_uow_state state;
    bool begun;          /* BEGIN is queued or sent */
    int64_t deadline_us; /* monotonic; 0: none */
    trdb_uow_options options;
    char *acting_user;
    bool wrote;   /* or may have */
    int64_t txid; /* 0: not learnt */
    trdbi_witness witness;
    trdb_token token; /* of the commit; zero: not learnt */
    bool calling;     /* a call is under way: its callbacks may not make another */
    int64_t calls;    /* made on it so far */
    enum { TRDBI_GROUP_NONE, TRDBI_GROUP_BEGUN, TRDBI_GROUP_COUNTED } group; /* calls that count as one */
    int savepoints;
    trdbi_refs refs;
    trdbi_guest *guests; /* what ends with the transaction */
    int guest_number;    /* of the last one */
    trdbi_tie *ties;     /* the first */
    char *failure;       /* message of the first failure; may be NULL for want of memory */
    trdbi_params params;
    atomic_uintptr_t owner; /* the thread inside, 0 for none */
    int entered;
};

/* Whether each call is a transaction of its own. */
static inline bool trdbi_uow_autocommits(const trdb_uow *uow) {
    return uow->options.flags & TRDB_UOW_AUTOCOMMIT;
}

/* ---- uow.c: what may be done --------------------------------------------------------------------- */

/* Handle, process and thread: what holds for every call on a unit. Ends with trdbi_uow_leave(). */
int trdbi_uow_take(trdb_uow *uow, trdb_error **reterr);
int trdbi_uow_check_unfinished(const trdb_uow *uow, trdb_error **reterr);
int trdbi_uow_check_unfailed(const trdb_uow *uow, trdb_error **reterr);

/* ---- uow.c: calls -------------------------------------------------------------------------------- */

/* A call under way: what it was like before. */
typedef struct trdbi_uow_call {
    trdb_uow *uow;
    int64_t round_trips;
    trdb_error *own;     /* the error when the caller does not want it */
    trdb_error **reterr; /* never NULL */
} trdbi_uow_call;

/* Around everything that speaks to the server; trdbi_uow_done() keeps the first failure. An error that was
 * found before anything was sent leaves the unit as it was. */
void trdbi_uow_start(trdbi_uow_call *call, trdb_uow *uow, trdb_error **reterr);
int trdbi_uow_done(trdbi_uow_call *call, int r);
/* Tells how many calls did not run because of an error that a call that waited met. */
void trdbi_uow_blame(const trdb_uow *uow, trdb_error **reterr);
/* BEGIN waits for the statement that follows. */
int trdbi_uow_ensure_begun(trdb_uow *uow, trdb_error **reterr);
/* One SQL command without parameters, behind what is queued. */
int trdbi_uow_command(trdb_uow *uow, const char *name, const char *sql, trdbi_result **ret,
                      trdb_error **reterr);

/* Lets go of the guests that began deeper than so many savepoints; -1: of all. */
void trdbi_uow_end_guests(trdb_uow *uow, int savepoints);

/* ---- ref.c --------------------------------------------------------------------------------------- */

/* A savepoint of that depth was left: its handles belong to the scope around it, or to none. */
void trdbi_refs_release(trdbi_refs *refs, int depth);
void trdbi_refs_undo(trdbi_refs *refs, int depth);
/* ---- unit.c -------------------------------------------------------------------------------------- */

/* Makes a unit that holds no connection ready for the next one. */
void trdbi_uow_clear(trdb_uow *uow);
