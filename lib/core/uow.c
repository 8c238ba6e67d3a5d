/* SPDX-License-Identifier: MIT */
/*
 * The unit of work: a transaction on a borrowed connection.
 *
 * BEGIN waits for the first statement and shares its round trip; a unit that does nothing sends nothing.
 */
#include "base/text.h"
#include "core/begin.h"
#include "core/outcome.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef enum uow_state {
    ACTIVE,
    FAILED,  /* an error since the newest savepoint: only rolling back helps */
    LOST,    /* the connection is gone, and the transaction with it */
    FINISHED /* committed or rolled back; the connection is given back */
} uow_state;

struct trdb_uow {
    trdb_db *db;
    trdbi_slot *slot; /* NULL once finished */
    uow_state state;
    bool begun; /* BEGIN is queued or sent */
    trdb_uow_options options;
    char *acting_user;
    bool wrote;   /* or may have */
    int64_t txid; /* 0: not learnt */
    bool calling; /* a call is under way: its callbacks may not make another */
    int savepoints;
    char *failure; /* message of the first failure; may be NULL for want of memory */
    trdbi_params params;
    atomic_uintptr_t owner; /* the thread inside, 0 for none */
    int entered;
};

enum { RESOLVE_TIMEOUT_MS = 30000 };

/* ---- may the unit be used -------------------------------------------------------------------------- */

/* One address per thread: cheaper than a thread id, and a plain integer. */
static uintptr_t this_thread(void) {
    static _Thread_local char here;
    return (uintptr_t)&here;
}

/* Handle, process and thread: what holds for every call on a unit. */
static int take_unit(trdb_uow *uow, trdb_error **reterr) {
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

static int check_unfinished(const trdb_uow *uow, trdb_error **reterr) {
    if (uow->state == FINISHED)
        return trdbi_error(reterr, TRDB_E_STATE, "the unit of work is finished; begin a new one");
    if (atomic_load(&uow->db->released))
        return trdbi_error(reterr, TRDB_E_CLOSED, "the database of the unit of work was closed");
    return 0;
}

static int check_unfailed(const trdb_uow *uow, trdb_error **reterr) {
    if (uow->state == FAILED || uow->state == LOST)
        return trdbi_error(reterr, TRDB_E_STATE, "an earlier call failed the unit of work: %s",
                           uow->failure ? uow->failure : "out of memory");
    return 0;
}

int trdbi_uow_enter(trdb_uow *uow, trdb_error **reterr) {
    int r = take_unit(uow, reterr);
    if (r < 0)
        return r;
    r = check_unfinished(uow, reterr);
    if (r == 0)
        r = check_unfailed(uow, reterr);
    if (r < 0)
        trdbi_uow_leave(uow);
    return r;
}

trdbi_params *trdbi_uow_params(trdb_uow *uow) {
    trdbi_params_clear(&uow->params);
    return &uow->params;
}

const char *trdbi_uow_schema(const trdb_uow *uow) {
    return uow->db->schema_prefix.data;
}

/* ---- calls in the unit ----------------------------------------------------------------------------- */

/* A call under way: what it was like before. */
typedef struct uow_call {
    trdb_uow *uow;
    int64_t round_trips;
    trdb_error *own;     /* the error when the caller does not want it */
    trdb_error **reterr; /* never NULL */
} uow_call;

static void start(uow_call *call, trdb_uow *uow, trdb_error **reterr) {
    call->uow = uow;
    call->round_trips = trdbi_conn_round_trips(uow->slot->conn);
    call->own = NULL;
    call->reterr = reterr ? reterr : &call->own;
    uow->calling = true;
}

/* Keeps the first failure. An error that was found before anything was sent leaves the unit as it was. */
static int done(uow_call *call, int r) {
    trdb_uow *uow = call->uow;
    const trdbi_conn *conn = uow->slot->conn;
    uow->calling = false;
    bool sent = trdbi_conn_round_trips(conn) != call->round_trips;
    if (r < 0 && (sent || trdbi_conn_broken(conn))) {
        uow->state = trdbi_conn_broken(conn) ? LOST : FAILED;
        free(uow->failure);
        uow->failure = strdup(trdb_error_message(*call->reterr));
    }
    trdb_error_free(call->own);
    return r;
}

/* BEGIN waits for the statement that follows. */
static int ensure_begun(trdb_uow *uow, trdb_error **reterr) {
    if (uow->begun)
        return 0;
    uow->begun = true;
    int r = trdbi_begin_queue(uow->slot->conn, &uow->options, reterr);
    if (r < 0)
        uow->state = FAILED; /* part of it may be queued */
    return r;
}

/* Ahead of a first write goes the question for the transaction's id, so that a lost COMMIT can be looked up.
 */
static int prepare_for(trdb_uow *uow, const trdbi_statement *statement, trdb_error **reterr) {
    int r = ensure_begun(uow, reterr);
    if (r < 0 || statement->reads || uow->wrote)
        return r;
    uow->wrote = true;
    if (uow->options.flags & (TRDB_UOW_READ_ONLY | TRDB_UOW_FAST_COMMIT))
        return 0;
    return trdbi_outcome_queue(uow->slot->conn, &uow->txid, reterr);
}

static int build_text(const void *text, trdbi_buf *sql, trdb_error **reterr) {
    trdbi_buf_text(sql, text);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

/* One SQL command without parameters, behind what is queued. */
static int command(trdb_uow *uow, const char *name, const char *sql, trdbi_result **ret,
                   trdb_error **reterr) {
    trdbi_conn *conn = uow->slot->conn;
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

/* Back to where nothing was sent. */
static bool start_over(trdb_uow *uow) {
    uow->begun = uow->wrote = false;
    uow->txid = 0;
    return trdbi_conn_exec(uow->slot->conn, "rollback", "ROLLBACK", NULL, NULL) == 0;
}

/* A unit whose first statement the server does not have any more, or refuses since a table changed, has lost
 * nothing: it begins again. */
static int run(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
               trdbi_result **ret, trdb_error **reterr) {
    bool first = !uow->begun;
    trdb_error *error = NULL;
    int r = run_once(uow, statement, params, ret, &error);
    for (int again = 0; r < 0 && first && again < 3 && trdbi_conn_take_refusal(uow->slot->conn); again++) {
        if (!start_over(uow))
            break;
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
    uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start(&call, uow, reterr);
    r = done(&call, run(uow, statement, params, ret, call.reterr));
    trdbi_uow_leave(uow);
    return r;
}

bool trdbi_uow_pipelines(const trdb_uow *uow) {
    return uow->options.flags & TRDB_UOW_PIPELINE;
}

int trdbi_uow_queue(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                    trdb_error **reterr) {
    uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start(&call, uow, reterr);
    r = prepare_for(uow, statement, call.reterr);
    if (r == 0)
        r = trdbi_conn_queue(uow->slot->conn, statement, params, NULL, NULL, call.reterr);
    r = done(&call, r);
    trdbi_uow_leave(uow);
    return r;
}

int trdb_uow_flush(trdb_uow *uow, trdb_error **reterr) {
    uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start(&call, uow, reterr);
    r = done(&call, trdbi_conn_flush(uow->slot->conn, call.reterr));
    trdbi_uow_leave(uow);
    return r;
}

int trdbi_uow_run_many(trdb_uow *uow, size_t count, trdbi_next_fn next, trdbi_take_fn take, void *arg,
                       trdb_error **reterr) {
    static const trdbi_statement writes = {.reads = false};
    uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start(&call, uow, reterr);
    r = prepare_for(uow, &writes, call.reterr);
    if (r == 0)
        r = trdbi_conn_run_many(uow->slot->conn, count, next, take, arg, call.reterr);
    r = done(&call, r);
    trdbi_uow_leave(uow);
    return r;
}

int trdbi_uow_copy(trdb_uow *uow, const trdbi_copy *job, size_t *ret_done, trdb_error **reterr) {
    static const trdbi_statement writes = {.reads = false};
    uow_call call;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    start(&call, uow, reterr);
    r = prepare_for(uow, &writes, call.reterr);
    if (r == 0)
        r = trdbi_conn_copy(uow->slot->conn, job, ret_done, call.reterr);
    r = done(&call, r);
    trdbi_uow_leave(uow);
    return r;
}

/* ---- begin ----------------------------------------------------------------------------------------- */

static int check_options(const trdb_uow_options *options, trdb_error **reterr) {
    const uint32_t known = TRDB_UOW_READ_ONLY | TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT;
    const struct {
        const char *name;
        int32_t value;
    } times[] = {
        {"statement_timeout_ms", options->statement_timeout_ms},
        {"lock_timeout_ms", options->lock_timeout_ms},
        {"pool_timeout_ms", options->pool_timeout_ms},
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
    if (options->resolve_timeout_ms < -1)
        return trdbi_error(reterr, TRDB_E_INVALID,
                           "trdb_uow_options: resolve_timeout_ms is %d, wanted -1 or more",
                           options->resolve_timeout_ms);
    if (options->reserved != 0 || options->reserved2 != 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_options: reserved is not zero");
    if (options->acting_user && trdbi_utf8_length(options->acting_user, strlen(options->acting_user)) < 0)
        return trdbi_error(reterr, TRDB_E_ENCODING, "trdb_uow_options: acting_user is not valid UTF-8");
    return 0;
}

static void finish(trdb_uow *uow, trdbi_outcome outcome) {
    if (uow->slot)
        trdbi_pool_give(uow->db, uow->slot, outcome);
    uow->slot = NULL;
    uow->state = FINISHED;
}

static void destroy(trdb_uow *uow) {
    trdbi_params_free(&uow->params);
    free(uow->failure);
    free(uow->acting_user);
    trdbi_db_unref(uow->db);
    free(uow);
}

static int begin(trdb_uow *uow, const trdb_uow_options *options, trdb_error **reterr) {
    trdb_db *db = uow->db;
    int timeout_ms = options->pool_timeout_ms > 0 ? options->pool_timeout_ms : db->options.pool_timeout_ms;
    uow->options = *options;
    uow->options.acting_user = uow->acting_user = options->acting_user ? strdup(options->acting_user) : NULL;
    if (options->acting_user && !uow->acting_user)
        return trdbi_error_nomem(reterr);
    return trdbi_pool_take(db, timeout_ms, &uow->slot, reterr);
}

int trdb_uow_begin(trdb_db *db, const trdb_uow_options *options, trdb_uow **ret, trdb_error **reterr) {
    trdb_uow_options copy;
    int r = trdbi_db_check(db, reterr);
    if (r < 0)
        return r;
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_begin: ret is NULL");
    r = trdbi_copy_struct(&copy, sizeof copy, options, "trdb_uow_options", reterr);
    if (r == 0)
        r = check_options(&copy, reterr);
    if (r < 0)
        return r;
    trdb_uow *uow = calloc(1, sizeof *uow);
    if (!uow)
        return trdbi_error_nomem(reterr);
    uow->db = trdbi_db_ref(db);
    r = begin(uow, &copy, reterr);
    if (r < 0) {
        destroy(uow);
        return r;
    }
    *ret = uow;
    return 0;
}

/* ---- end ------------------------------------------------------------------------------------------- */

/* Whatever the server answers, nothing is stored: a connection that is not idle afterwards is closed. */
static void roll_back(trdb_uow *uow) {
    uow->calling = true;
    if (uow->slot && uow->begun && !atomic_load(&uow->db->released)) {
        trdbi_conn *conn = uow->slot->conn;
        if (trdbi_conn_queued(conn)) /* what waits may fail, and ROLLBACK with it */
            (void)trdbi_conn_flush(conn, NULL);
        if (!trdbi_conn_broken(conn) && !trdbi_conn_idle(conn))
            (void)trdbi_conn_exec(conn, "rollback", "ROLLBACK", NULL, NULL);
    }
    uow->calling = false;
    finish(uow, TRDBI_ROLLED_BACK);
}

static int lost(const char *when, trdb_error **reterr) {
    trdbi_error(reterr, TRDB_E_CONNECTION_LOST, "commit: the connection was lost %s; nothing was stored",
                when);
    trdbi_error_set_statement(reterr, "commit");
    if (reterr && (*reterr)->code == TRDB_E_CONNECTION_LOST)
        (*reterr)->retryable = true;
    return TRDB_E_CONNECTION_LOST;
}

static int in_doubt(trdb_error **reterr) {
    trdbi_error(
        reterr, TRDB_E_IN_DOUBT,
        "commit: the connection broke before the server answered; whether the unit was stored is not known");
    trdbi_error_set_statement(reterr, "commit");
    if (reterr && (*reterr)->code == TRDB_E_IN_DOUBT)
        (*reterr)->in_doubt = true;
    return TRDB_E_IN_DOUBT;
}

/* COMMIT was sent and not answered. */
static int resolve(trdb_uow *uow, trdb_error **reterr) {
    int timeout_ms =
        uow->options.resolve_timeout_ms == 0 ? RESOLVE_TIMEOUT_MS : uow->options.resolve_timeout_ms;
    if (!uow->wrote)
        return lost("during COMMIT", reterr);
    switch (trdbi_outcome_find(uow->db, &uow->slot->server, uow->txid, timeout_ms)) {
    case TRDBI_VERDICT_COMMITTED:
        return 0;
    case TRDBI_VERDICT_ABORTED:
        return lost("during COMMIT, and the server rolled the unit back", reterr);
    default:
        return in_doubt(reterr);
    }
}

static int commit(trdb_uow *uow, trdb_error **reterr) {
    trdbi_conn *conn = uow->slot->conn;
    trdbi_result *result = NULL;
    trdb_error *error = NULL; /* the caller's stays as it is when the outcome turns out well */
    int r = 0;
    if (!uow->begun)
        return 0;
    if (!(uow->options.flags & TRDB_UOW_FAST_COMMIT))
        r = trdbi_conn_flush(conn, reterr);
    if (r < 0)
        return r;
    /* A server that hung up while the unit rested has not seen COMMIT: that is no doubt. */
    if (!trdbi_conn_alive(conn))
        return lost("before COMMIT was sent", reterr);
    r = command(uow, "commit", "COMMIT", &result, &error);
    if (r < 0 && trdbi_conn_broken(conn)) {
        trdb_error_free(error);
        return resolve(uow, reterr);
    }
    if (r < 0) {
        trdbi_error_hand(reterr, error);
        return r;
    }
    bool stored = strcmp(trdbi_result_command(result), "COMMIT") == 0;
    trdbi_result_free(result);
    if (!stored)
        return trdbi_error(reterr, TRDB_E_STATE,
                           "commit: the server rolled the unit back; nothing was stored");
    return 0;
}

int trdb_uow_commit(trdb_uow *uow, trdb_error **reterr) {
    int r = take_unit(uow, reterr);
    if (r < 0)
        return r;
    r = check_unfinished(uow, reterr);
    if (r == 0)
        r = check_unfailed(uow, reterr);
    if (r == 0) {
        uow->calling = true;
        r = commit(uow, reterr);
        uow->calling = false;
        if (r == 0 || r == TRDB_E_IN_DOUBT)
            finish(uow, r == 0 ? TRDBI_COMMITTED : TRDBI_OUTCOME_NONE);
        else
            roll_back(uow);
    } else if (uow->state != FINISHED) {
        roll_back(uow);
    }
    trdbi_uow_leave(uow);
    return r;
}

int trdb_uow_rollback(trdb_uow *uow, trdb_error **reterr) {
    int r = take_unit(uow, reterr);
    if (r < 0)
        return r;
    if (uow->state == FINISHED)
        r = trdbi_error(reterr, TRDB_E_STATE, "the unit of work is finished already");
    else
        roll_back(uow);
    trdbi_uow_leave(uow);
    return r;
}

void trdb_uow_free(trdb_uow *uow) {
    if (!uow)
        return;
    if (trdbi_db_forked(uow->db)) {
        if (uow->slot) {
            trdbi_conn_abandon(uow->slot->conn);
            free(uow->slot);
        }
    } else if (uow->state != FINISHED) {
        roll_back(uow);
    }
    destroy(uow);
}

/* ---- savepoints ------------------------------------------------------------------------------------ */

static int exec_savepoint(trdb_uow *uow, const char *name, const char *format, int depth,
                          trdb_error **reterr) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    for (const char *p = format; *p; p++) {
        if (*p == '#')
            trdbi_buf_printf(&sql, "trdb_%d", depth);
        else
            trdbi_buf_char(&sql, *p);
    }
    if (sql.failed)
        return trdbi_error_nomem(reterr);
    uow_call call;
    start(&call, uow, reterr);
    int r = ensure_begun(uow, call.reterr);
    return done(&call, r < 0 ? r : command(uow, name, sql.data, NULL, call.reterr));
}

static int check_savepoint(const trdb_uow *uow, trdb_error **reterr) {
    if (uow->savepoints == 0)
        return trdbi_error(reterr, TRDB_E_STATE, "the unit of work has no savepoint");
    return 0;
}

int trdb_uow_savepoint(trdb_uow *uow, trdb_error **reterr) {
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    r = exec_savepoint(uow, "savepoint", "SAVEPOINT #", uow->savepoints + 1, reterr);
    if (r == 0)
        uow->savepoints++;
    trdbi_uow_leave(uow);
    return r;
}

int trdb_uow_release(trdb_uow *uow, trdb_error **reterr) {
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    r = check_savepoint(uow, reterr);
    if (r == 0)
        r = exec_savepoint(uow, "release", "RELEASE SAVEPOINT #", uow->savepoints, reterr);
    if (r == 0)
        uow->savepoints--;
    trdbi_uow_leave(uow);
    return r;
}

/* A unit can only have failed inside its newest savepoint: a failed one enters and leaves none. */
static int roll_back_to(trdb_uow *uow, trdb_error **reterr) {
    int r = check_unfinished(uow, reterr);
    if (r == 0)
        r = check_savepoint(uow, reterr);
    if (r < 0)
        return r;
    if (uow->state == LOST) {
        trdbi_error(reterr, TRDB_E_CONNECTION_LOST, "the unit of work has lost its connection: %s",
                    uow->failure ? uow->failure : "out of memory");
        return TRDB_E_CONNECTION_LOST;
    }
    uow_state before = uow->state;
    uow->state = ACTIVE;
    if (trdbi_conn_queued(uow->slot->conn)) /* whatever comes of it is undone */
        (void)trdbi_conn_flush(uow->slot->conn, NULL);
    r = exec_savepoint(uow, "rollback to", "ROLLBACK TO SAVEPOINT #; RELEASE SAVEPOINT #", uow->savepoints,
                       reterr);
    if (r == 0)
        uow->savepoints--;
    else if (uow->state == ACTIVE)
        uow->state = before; /* nothing was sent */
    return r;
}

int trdb_uow_rollback_to(trdb_uow *uow, trdb_error **reterr) {
    int r = take_unit(uow, reterr);
    if (r < 0)
        return r;
    r = roll_back_to(uow, reterr);
    trdbi_uow_leave(uow);
    return r;
}
