/* SPDX-License-Identifier: MIT */
/*
 * The unit of work: a transaction on a borrowed connection.
 *
 * BEGIN waits for the first statement and shares its round trip; a unit that does nothing sends nothing.
 */
#include "base/text.h"
#include "core/begin.h"
#include "core/outcome.h"
#include "core/uow.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- may the unit be used -------------------------------------------------------------------------- */

/* One address per thread: cheaper than a thread id, and a plain integer. */
static uintptr_t this_thread(void) {
    static _Thread_local char here;
    return (uintptr_t)&here;
}

/* Handle, process and thread: what holds for every call on a unit. */
int trdbi_uow_take(trdb_uow *uow, trdb_error **reterr) {
    if (!uow)
        return trdbi_error(reterr, TRDB_E_INVALID, "the unit of work is NULL");
    if (trdbi_db_forked(uow->db))
        return trdbi_error(reterr, TRDB_E_FORKED,
                           "the unit of work was begun before fork(); it belongs to the parent process");
    uintptr_t owner = 0, me = this_thread();
    if (!atomic_compare_exchange_strong(&uow->owner, &owner, me) && owner != me)
        return trdbi_error(reterr, TRDB_E_STATE, "another thread uses the unit of work; one may at a time");
    if (uow->calling) {
        /* Only this thread can be inside a call here, so it is one of its own callbacks. */
        return trdbi_error(reterr, TRDB_E_STATE, "a callback may not use the unit of work that called it");
    }
    uow->entered++;
    return 0;
}

void trdbi_uow_leave(trdb_uow *uow) {
    if (--uow->entered == 0)
        atomic_store(&uow->owner, 0);
}

int trdbi_uow_check_unfinished(const trdb_uow *uow, trdb_error **reterr) {
    if (uow->state == TRDBI_UOW_FINISHED)
        return trdbi_error(reterr, TRDB_E_STATE, "the unit of work is finished; begin a new one");
    if (atomic_load(&uow->db->released))
        return trdbi_error(reterr, TRDB_E_CLOSED, "the database of the unit of work was closed");
    return 0;
}

int trdbi_uow_check_unfailed(const trdb_uow *uow, trdb_error **reterr) {
    if (uow->state == TRDBI_UOW_FAILED || uow->state == TRDBI_UOW_LOST)
        return trdbi_error(reterr, TRDB_E_STATE, "an earlier call failed the unit of work: %s",
                           uow->failure ? uow->failure : "out of memory");
    if (trdbi_cancelled(uow->options.canceller))
        return trdbi_error(reterr, TRDB_E_CANCELLED, "the unit of work was cancelled");
    return 0;
}

int trdbi_uow_enter(trdb_uow *uow, trdb_error **reterr) {
    int r = trdbi_uow_take(uow, reterr);
    if (r < 0)
        return r;
    r = trdbi_uow_check_unfinished(uow, reterr);
    if (r == 0)
        r = trdbi_uow_check_unfailed(uow, reterr);
    if (r < 0)
        trdbi_uow_leave(uow);
    return r;
}

trdbi_params *trdbi_uow_params(trdb_uow *uow) {
    trdbi_params_clear(&uow->params);
    uow->params.owner = uow;
    return &uow->params;
}

const char *trdbi_uow_schema(const trdb_uow *uow) {
    return uow->db->schema_prefix.data;
}

/* ---- calls in the unit ----------------------------------------------------------------------------- */

void trdbi_uow_start(trdbi_uow_call *call, trdb_uow *uow, trdb_error **reterr) {
    call->uow = uow;
    call->round_trips = trdbi_conn_round_trips(uow->slot->conn);
    call->own = NULL;
    call->reterr = reterr ? reterr : &call->own;
    uow->calling = true;
}

void trdbi_uow_fail(trdb_uow *uow, const trdb_error *error) {
    uow->state = trdbi_conn_broken(uow->slot->conn) ? TRDBI_UOW_LOST : TRDBI_UOW_FAILED;
    free(uow->failure);
    uow->failure = strdup(trdb_error_message(error));
}

/* Keeps the first failure. An error that was found before anything was sent leaves the unit as it was. */
int trdbi_uow_done(trdbi_uow_call *call, int r) {
    trdb_uow *uow = call->uow;
    if (r < 0)
        trdbi_uow_blame(uow, call->reterr);
    const trdbi_conn *conn = uow->slot->conn;
    uow->calling = false;
    bool sent = trdbi_conn_round_trips(conn) != call->round_trips;
    bool alone =
        trdbi_uow_autocommits(uow) && !trdbi_conn_broken(conn); /* a failure concerns this call only */
    if (r < 0 && !alone && (sent || trdbi_conn_broken(conn)))
        trdbi_uow_fail(uow, *call->reterr);
    trdb_error_free(call->own);
    return r;
}

/* Behind a call that failed the server ran nothing. */
void trdbi_uow_blame(const trdb_uow *uow, trdb_error **reterr) {
    int64_t call = trdb_error_call(reterr ? *reterr : NULL);
    if (call >= 0)
        trdbi_error_set_call(reterr, call, uow->calls - call);
}

/* Begins a repository's call and gives it its number, which its statements carry. */
static void start_call(trdbi_uow_call *call, trdb_uow *uow, trdb_error **reterr) {
    trdbi_uow_start(call, uow, reterr);
    if (uow->group != TRDBI_GROUP_COUNTED)
        uow->calls++;
    if (uow->group == TRDBI_GROUP_BEGUN)
        uow->group = TRDBI_GROUP_COUNTED;
}

void trdbi_uow_group(trdb_uow *uow, bool on) {
    uow->group = on ? TRDBI_GROUP_BEGUN : TRDBI_GROUP_NONE;
}

/* BEGIN waits for the statement that follows. */
int trdbi_uow_ensure_begun(trdb_uow *uow, trdb_error **reterr) {
    trdbi_conn_set_call(uow->slot->conn, 0);
    if (uow->begun || trdbi_uow_autocommits(uow))
        return 0;
    uow->begun = true;
    int r = trdbi_begin_queue(uow->slot->conn, &uow->options, reterr);
    if (r < 0)
        uow->state = TRDBI_UOW_FAILED; /* part of it may be queued */
    return r;
}

/* Ahead of a first write goes the question for the transaction's id, so that a lost COMMIT can be looked up.
 */
static int prepare_for(trdb_uow *uow, const trdbi_statement *statement, trdb_error **reterr) {
    trdbi_conn *conn = uow->slot->conn;
    if (trdbi_uow_autocommits(uow) && !statement->reads)
        return trdbi_error(reterr, TRDB_E_READ_ONLY, "%s: a unit with TRDB_UOW_AUTOCOMMIT only reads",
                           statement->name ? statement->name : "the call");
    int r = trdbi_uow_ensure_begun(uow, reterr);
    if (r == 0 && !statement->reads && !uow->wrote) {
        if (!(uow->options.flags & (TRDB_UOW_READ_ONLY | TRDB_UOW_FAST_COMMIT)))
            r = trdbi_outcome_queue(conn, &uow->txid, reterr);
        uow->wrote = r == 0; /* the next write asks when this one could not */
    }
    trdbi_conn_set_call(conn, uow->calls);
    return r;
}

static int build_text(const void *text, trdbi_buf *sql, trdb_error **reterr) {
    trdbi_buf_text(sql, text);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

/* One SQL command without parameters, behind what is queued. */
int trdbi_uow_command(trdb_uow *uow, const char *name, const char *sql, trdbi_result **ret,
                      trdb_error **reterr) {
    trdbi_conn *conn = uow->slot->conn;
    trdbi_conn_set_call(conn, 0);
    if (!trdbi_conn_queued(conn))
        return trdbi_conn_exec(conn, name, sql, ret, reterr);
    trdbi_statement statement = {
        .name = name, .key = sql, .key_size = strlen(sql), .build = build_text, .ctx = sql};
    return trdbi_conn_run(conn, &statement, NULL, ret, reterr);
}

static int run_once(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                    trdbi_result **ret, trdb_error **reterr) {
    int r = prepare_for(uow, statement, reterr);
    return r < 0 ? r : trdbi_conn_run(uow->slot->conn, statement, params, ret, reterr);
}

/* A unit whose replica dies goes on with the primary. */
static int run(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
               trdbi_result **ret, trdb_error **reterr) {
    bool first = !uow->begun;
    trdb_error *error = NULL;
    int r = run_once(uow, statement, params, ret, &error);
    if (r < 0 && trdbi_replica_leave(uow, first)) {
        trdb_error_free(error);
        error = NULL;
        r = run_once(uow, statement, params, ret, &error);
    }
    if (r < 0)
        trdbi_error_hand(reterr, error);
    return r;
}

int trdbi_uow_run(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                  trdbi_result **ret, trdb_error **reterr) {
    trdbi_uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start_call(&call, uow, reterr);
    r = trdbi_uow_done(&call, run(uow, statement, params, ret, call.reterr));
    trdbi_uow_leave(uow);
    return r;
}

bool trdbi_uow_pipelines(const trdb_uow *uow) {
    return uow->options.flags & TRDB_UOW_PIPELINE;
}

int trdbi_uow_queue(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                    trdbi_take_fn take, void *arg, trdb_error **reterr) {
    trdbi_uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start_call(&call, uow, reterr);
    r = prepare_for(uow, statement, call.reterr);
    if (r == 0)
        r = trdbi_conn_queue(uow->slot->conn, statement, params, take, arg, call.reterr);
    r = trdbi_uow_done(&call, r);
    trdbi_uow_leave(uow);
    return r;
}

int trdbi_uow_submit(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                     trdbi_take_fn take, void *arg, trdb_error **reterr) {
    trdbi_result *result = NULL;
    if (trdbi_uow_pipelines(uow))
        return trdbi_uow_queue(uow, statement, params, take, arg, reterr);
    int r = trdbi_uow_run(uow, statement, params, &result, reterr);
    if (r == 0)
        r = take(arg, 0, result, reterr);
    trdbi_result_free(result);
    return r;
}

int64_t trdb_uow_calls(const trdb_uow *uow) {
    return uow ? uow->calls : 0;
}

int trdb_uow_flush(trdb_uow *uow, trdb_error **reterr) {
    trdbi_uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    trdbi_uow_start(&call, uow, reterr);
    r = trdbi_uow_done(&call, trdbi_conn_flush(uow->slot->conn, call.reterr));
    trdbi_uow_leave(uow);
    return r;
}

int trdbi_uow_settle(trdb_uow *uow, trdb_error **reterr) {
    trdbi_uow_call call;
    if (!trdbi_conn_queued(uow->slot->conn))
        return 0;
    trdbi_uow_start(&call, uow, reterr);
    return trdbi_uow_done(&call, trdbi_conn_flush(uow->slot->conn, call.reterr));
}

int trdbi_uow_run_many(trdb_uow *uow, size_t count, trdbi_next_fn next, trdbi_take_fn take, void *arg,
                       trdb_error **reterr) {
    static const trdbi_statement writes = {.reads = false};
    trdbi_uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    r = trdbi_uow_settle_refs(uow, reterr);
    if (r < 0) {
        trdbi_uow_leave(uow);
        return r;
    }
    start_call(&call, uow, reterr);
    r = prepare_for(uow, &writes, call.reterr);
    if (r == 0)
        r = trdbi_conn_run_many(uow->slot->conn, count, next, take, arg, call.reterr);
    r = trdbi_uow_done(&call, r);
    trdbi_uow_leave(uow);
    return r;
}

int trdbi_uow_copy(trdb_uow *uow, const trdbi_copy *job, trdbi_result **ret, trdb_error **reterr) {
    static const trdbi_statement writes = {.reads = false};
    trdbi_uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    r = trdbi_uow_settle_refs(uow, reterr);
    if (r < 0) {
        trdbi_uow_leave(uow);
        return r;
    }
    start_call(&call, uow, reterr);
    r = prepare_for(uow, &writes, call.reterr);
    if (r == 0)
        r = trdbi_conn_copy(uow->slot->conn, job, ret, call.reterr);
    r = trdbi_uow_done(&call, r);
    trdbi_uow_leave(uow);
    return r;
}

int64_t trdbi_uow_last_rows(trdb_uow *uow, const trdbi_statement *statement) {
    return uow->slot ? trdbi_conn_last_rows(uow->slot->conn, statement) : 0;
}

void trdbi_uow_note_rows(trdb_uow *uow, const trdbi_statement *statement, int64_t rows) {
    if (uow->slot)
        trdbi_conn_note_rows(uow->slot->conn, statement, rows);
}

int trdbi_uow_rows(trdb_uow *uow, const trdbi_rows *job, trdb_error **reterr) {
    trdbi_uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start_call(&call, uow, reterr);
    r = trdbi_uow_ensure_begun(uow, call.reterr);
    if (r == 0)
        r = trdbi_conn_rows(uow->slot->conn, job, call.reterr);
    r = trdbi_uow_done(&call, r);
    trdbi_uow_leave(uow);
    return r;
}

/* ---- guests ---------------------------------------------------------------------------------------- */

void trdbi_uow_host(trdb_uow *uow, trdbi_guest *guest) {
    guest->uow = uow;
    guest->number = ++uow->guest_number;
    guest->savepoints = uow->savepoints;
    guest->next = uow->guests;
    uow->guests = guest;
}

trdbi_guest *trdbi_uow_guest(const trdb_uow *uow, const void *key) {
    trdbi_guest *guest = uow->guests;
    while (guest && guest->key != key)
        guest = guest->next;
    return guest;
}

void trdbi_uow_dismiss(trdbi_guest *guest) {
    if (!guest->uow)
        return;
    trdbi_guest **link = &guest->uow->guests;
    while (*link != guest)
        link = &(*link)->next;
    *link = guest->next;
    guest->uow = NULL;
}

void trdbi_uow_end_guests(trdb_uow *uow, int savepoints) {
    for (trdbi_guest *guest = uow->guests, *next; guest; guest = next) {
        next = guest->next;
        if (guest->savepoints <= savepoints)
            continue;
        trdbi_uow_dismiss(guest);
        if (guest->free)
            guest->free(guest);
    }
}

/* ---- begin ----------------------------------------------------------------------------------------- */

static int check_options(const trdb_uow_options *options, trdb_error **reterr) {
    const uint32_t known =
        TRDB_UOW_READ_ONLY | TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT | TRDB_UOW_TOKEN | TRDB_UOW_AUTOCOMMIT;
    const struct {
        const char *name;
        int32_t value;
    } times[] = {
        {"statement_timeout_ms", options->statement_timeout_ms},
        {"lock_timeout_ms", options->lock_timeout_ms},
        {"pool_timeout_ms", options->pool_timeout_ms},
        {"timeout_ms", options->timeout_ms},
    };
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
        if (times[i].value < 0)
            return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_options: %s is %d, wanted 0 or more",
                               times[i].name, times[i].value);
    if (options->isolation < TRDB_ISOLATION_DEFAULT || options->isolation > TRDB_ISOLATION_SERIALIZABLE)
        return trdbi_error(reterr, TRDB_E_INVALID,
                           "trdb_uow_options: isolation is %d, wanted a TRDB_ISOLATION_*",
                           options->isolation);
    if (options->flags & ~known)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_options: flags has unknown bits: 0x%x",
                           (unsigned)options->flags);
    if ((options->flags & TRDB_UOW_AUTOCOMMIT) &&
        ((options->flags & ~(uint32_t)(TRDB_UOW_AUTOCOMMIT | TRDB_UOW_READ_ONLY)) || options->isolation ||
         options->statement_timeout_ms || options->lock_timeout_ms || options->acting_user))
        return trdbi_error(
            reterr, TRDB_E_INVALID,
            "trdb_uow_options: TRDB_UOW_AUTOCOMMIT begins no transaction that another flag, an "
            "isolation, a timeout of statements or locks, or an acting user could hold for");
    if (options->resolve_timeout_ms < -1)
        return trdbi_error(reterr, TRDB_E_INVALID,
                           "trdb_uow_options: resolve_timeout_ms is %d, wanted -1 or more",
                           options->resolve_timeout_ms);
    if (options->reserved != 0 || options->reserved2 != 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_options: reserved is not zero");
    if (options->acting_user && trdbi_utf8_length(options->acting_user, strlen(options->acting_user)) < 0)
        return trdbi_error(reterr, TRDB_E_ENCODING, "trdb_uow_options: acting_user is not valid UTF-8");
    return trdbi_replica_check(options, reterr);
}

/* Makes a unit of what trdbi_pool_take() gave; on failure that is still the caller's. */
static int make(trdb_db *db, trdbi_slot *slot, const trdb_uow_options *options, trdb_uow **ret,
                trdb_error **reterr) {
    char *acting_user = NULL;
    if (!slot->unit)
        slot->unit = calloc(1, sizeof *slot->unit);
    if (!slot->unit)
        return trdbi_error_nomem(reterr);
    if (options->acting_user && !(acting_user = strdup(options->acting_user)))
        return trdbi_error_nomem(reterr);
    trdb_uow *uow = slot->unit;
    slot->unit = NULL;
    uow->db = db;
    uow->slot = slot;
    uow->state = TRDBI_UOW_ACTIVE;
    uow->options = *options;
    uow->options.acting_user = uow->acting_user = acting_user;
    trdbi_conn_set_canceller(slot->conn, trdbi_canceller_ref(uow->options.canceller));
    *ret = uow;
    return 0;
}

static int begin(trdb_db *db, const trdb_uow_options *options, trdb_uow **ret, trdb_error **reterr) {
    trdbi_slot *slot = NULL;
    int timeout_ms = options->pool_timeout_ms > 0 ? options->pool_timeout_ms : db->options.pool_timeout_ms;
    int64_t deadline_us = 0;
    if (options->timeout_ms > 0) {
        deadline_us = trdbi_monotonic_us() + (int64_t)options->timeout_ms * 1000;
        timeout_ms = timeout_ms < options->timeout_ms ? timeout_ms : options->timeout_ms;
    }
    int r = trdbi_pool_take(db, timeout_ms, options->canceller, &slot, reterr);
    if (r < 0)
        return r;
    trdbi_conn_set_deadline(slot->conn, deadline_us);
    r = make(db, slot, options, ret, reterr);
    if (r < 0)
        trdbi_pool_give(db, slot, TRDBI_OUTCOME_NONE);
    else
        (*ret)->deadline_us = deadline_us;
    return r;
}

int trdb_uow_begin(trdb_db *db, const trdb_uow_options *options, trdb_uow **ret, trdb_error **reterr) {
    static const trdb_uow_options defaults = {.struct_size = sizeof defaults};
    trdb_uow_options copy;
    int r = trdbi_db_check(db, reterr);
    if (r < 0)
        return r;
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_begin: ret is NULL");
    if (options) {
        r = trdbi_copy_struct(&copy, sizeof copy, options, "trdb_uow_options", reterr);
        if (r == 0)
            r = check_options(&copy, reterr);
        if (r < 0)
            return r;
        if (copy.replica != TRDB_REPLICA_NEVER) {
            if (trdbi_replica_begin(db, &copy, ret))
                return 0;
            copy.flags |= TRDB_UOW_READ_ONLY; /* the same promise, whoever serves it */
        }
        options = &copy;
    } else {
        options = &defaults;
    }
    if (trdbi_cancelled(options->canceller))
        return trdbi_error(reterr, TRDB_E_CANCELLED, "the unit of work was cancelled before it began");
    trdbi_db_ref(db);
    r = begin(db, options, ret, reterr);
    if (r < 0)
        trdbi_db_unref(db);
    return r;
}
