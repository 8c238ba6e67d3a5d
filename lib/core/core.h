/* SPDX-License-Identifier: MIT */
/*
 * Pool, unit of work, migrations: when something runs and on which connection. What runs is decided above
 * (lib/entity), how it runs below (lib/pg).
 */
#pragma once

#include "pg/pg.h"
#include <tradingdb/migrate.h>
#include <tradingdb/pool.h>
#include <tradingdb/servers.h>
#include <tradingdb/uow.h>

/* ---- options structs ------------------------------------------------------------------------------ */

/* Copies a caller's struct of whatever version over a zeroed one of ours: `struct_size` is its first member.
 * A smaller one is an older caller; a larger one whose tail is not zero is refused. NULL leaves `dst` zeroed.
 * `what` names the struct in the error. */
int trdbi_copy_struct(void *dst, size_t dst_size, const void *src, const char *what, trdb_error **reterr);

/* ---- the unit of work, as repositories see it ----------------------------------------------------- */

/* Takes the unit for the calling thread until trdbi_uow_leave(). 0 when it can take a call now; otherwise the
 * error: NULL handle, in use by another thread, finished, failed, closed, forked. A second thread is refused
 * in place of writing into the same parameters. A thread may enter again what it has entered. */
int trdbi_uow_enter(trdb_uow *uow, trdb_error **reterr);
void trdbi_uow_leave(trdb_uow *uow);

/* The unit's parameter scratch, cleared, with the unit as its owner. Valid until the next call of this
 * function on the unit. */
trdbi_params *trdbi_uow_params(trdb_uow *uow);

/* The quoted schema with its dot, "\"public\".", for building SQL. */
const char *trdbi_uow_schema(const trdb_uow *uow);

/* Runs a statement in the unit. A server error fails the unit; a lost connection finishes it. */
int trdbi_uow_run(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                  trdbi_result **ret, trdb_error **reterr);

/* The same where the statement may wait, for `take` to hear of its answer: it waits in a unit that pipelines.
 */
int trdbi_uow_submit(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                     trdbi_take_fn take, void *arg, trdb_error **reterr);

/* Notes a key that the library made for a row of this unit alone, so that a lost COMMIT may be told by it. */
void trdbi_uow_note_key(trdb_uow *uow, const char *table, const char *column, trdb_uuid key);

/* Whether writes that give nothing back wait in this unit: TRDB_UOW_PIPELINE. */
bool trdbi_uow_pipelines(const trdb_uow *uow);
/* Leaves a statement to the next call's round trip; see trdbi_conn_queue(). */
int trdbi_uow_queue(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                    trdbi_take_fn take, void *arg, trdb_error **reterr);

/* Hears the answers to what waits, also when the unit may not be used any more: for a caller whose `take` or
 * `arg` goes away. Between entering and leaving. */
int trdbi_uow_settle(trdb_uow *uow, trdb_error **reterr);

/* Runs one statement per row, pipelined; see trdbi_conn_run_many(). */
int trdbi_uow_run_many(trdb_uow *uow, size_t count, trdbi_next_fn next, trdbi_take_fn take, void *arg,
                       trdb_error **reterr);

/* Copies rows into a table; see trdbi_conn_copy(). */
int trdbi_uow_copy(trdb_uow *uow, const trdbi_copy *job, trdbi_result **ret, trdb_error **reterr);

/* What runs between `on` and not is one call of the program, however many it takes here. */
void trdbi_uow_group(trdb_uow *uow, bool on);

/* Back to a savepoint that the caller has set in this call: a unit that a server's error failed since works
 * again. For who can do the same work in another way. */
int trdbi_uow_reopen(trdb_uow *uow, const char *savepoint, trdb_error **reterr);
/* Fails the unit: part of what a call was to do is done. The error is kept as the reason. */
void trdbi_uow_fail(trdb_uow *uow, const trdb_error *error);

/* How many rows a statement gave last on this connection; see trdbi_conn_last_rows(). */
int64_t trdbi_uow_last_rows(trdb_uow *uow, const trdbi_statement *statement);
void trdbi_uow_note_rows(trdb_uow *uow, const trdbi_statement *statement, int64_t rows);

/* What holds on to a unit and must hear when it is released: its pointer becomes NULL then. */
typedef struct trdbi_tie {
    trdb_uow *uow;
    struct trdbi_tie *next;
    struct trdbi_tie *previous;
} trdbi_tie;
void trdbi_uow_tie(trdb_uow *uow, trdbi_tie *tie);
void trdbi_uow_untie(trdbi_tie *tie); /* also of a unit that is gone */

/* ---- handles of rows whose insert may wait -------------------------------------------------------- */

enum { TRDBI_SLOT_SIZE = 24 };

/* What a handle stands for. */
typedef struct trdbi_ref {
    const char *problem; /* why it cannot be used; NULL: it can */
    const void *table;   /* as given with the insert */
    bool known;
    int64_t key;                /* when it is known */
    char slot[TRDBI_SLOT_SIZE]; /* otherwise the setting that will hold it when the next statement runs */
} trdbi_ref;

/* The setting in which the unit's next handle is to be stored: its insert does that and gives the text. */
void trdbi_ref_slot(const trdb_uow *uow, char *slot);
/* Submits an insert that does so. *ret is its handle. */
int trdbi_uow_insert_ref(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                         const void *table, trdb_ref *ret, trdb_error **reterr);
/* Looks a handle up. Flushes when that is needed: `now` wants the key itself. */
int trdbi_uow_ref(trdb_uow *uow, trdb_ref ref, bool now, trdbi_ref *ret, trdb_error **reterr);
int trdbi_uow_ref_key(trdb_uow *uow, trdb_ref ref, int64_t *ret, trdb_error **reterr);
/* Flushes when handles wait, so that all are known. */
int trdbi_uow_settle_refs(trdb_uow *uow, trdb_error **reterr);

/* Hears of a query's rows as they arrive; see trdbi_conn_rows(). */
int trdbi_uow_rows(trdb_uow *uow, const trdbi_rows *job, trdb_error **reterr);

/* ---- what lives inside a transaction --------------------------------------------------------------- */

/* Something that ends with the unit's transaction, as a cursor does. Embedded in what it stands for. Zeroed, but
 * for `key` and `free`, before it is hosted. */
typedef struct trdbi_guest {
    const void *key; /* by which it is found again; or NULL */
    void (*free)(struct trdbi_guest *guest); /* how the unit, which owns it, lets go of it; NULL: it owns it not */
    trdb_uow *uow;  /* NULL: the transaction has ended, or the savepoint that it began in was undone */
    int number;     /* of its own within the unit, from 1 */
    int savepoints; /* how deep it began */
    struct trdbi_guest *next;
} trdbi_guest;

/* By the thread that has entered the unit. */
void trdbi_uow_host(trdb_uow *uow, trdbi_guest *guest);
/* The guest with that key, or NULL. */
trdbi_guest *trdbi_uow_guest(const trdb_uow *uow, const void *key);
/* Nothing happens when the unit has let go of it already. It is not freed. */
void trdbi_uow_dismiss(trdbi_guest *guest);

/* ---- schema level --------------------------------------------------------------------------------- */

/* Compares the database's migrations with the library's: 0, TRDB_E_SCHEMA or TRDB_E_SCHEMA_NEWER, with the
 * remedy. One round trip; the pool asks it on its first connection. `schema` is not quoted. */
int trdbi_schema_check(trdbi_conn *conn, const char *schema, trdb_error **reterr);

/* A migration that the library carries; the table is generated at build time, ends with a NULL chain. */
typedef struct trdbi_builtin_migration {
    const char *chain;
    const char *name; /* "NNNN_name" */
    const char *up;   /* the bytes of the files */
    const char *down;
    const char *up_sha256;
} trdbi_builtin_migration;
extern const trdbi_builtin_migration trdbi_builtin_migrations[];
