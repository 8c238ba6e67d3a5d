/* SPDX-License-Identifier: MIT */
/* How a unit of work ends. */
#include "base/text.h"
#include "core/outcome.h"
#include "core/uow.h"

#include <stdlib.h>
#include <string.h>

enum { RESOLVE_TIMEOUT_MS = 30000 };

static void finish(trdb_uow *uow, trdbi_outcome outcome) {
    if (uow->slot)
        trdbi_pool_give(uow->db, uow->slot, outcome);
    trdbi_uow_end_guests(uow, -1);
    uow->slot = NULL;
    uow->state = TRDBI_UOW_FINISHED;
}

/* Whatever the server answers, nothing is stored: a connection that is not idle afterwards is closed. */
static void end(trdb_uow *uow) {
    uow->calling = true;
    if (uow->slot && uow->begun && !atomic_load(&uow->db->released)) {
        trdbi_conn *conn = uow->slot->conn;
        if (trdbi_conn_queued(conn)) /* what waits may fail, and ROLLBACK with it */
            (void)trdbi_conn_flush(conn, NULL);
        trdbi_conn_set_canceller(conn, NULL); /* ROLLBACK is what a cancelled unit needs */
        if (!trdbi_conn_broken(conn) && !trdbi_conn_idle(conn))
            (void)trdbi_conn_exec(conn, "rollback", "ROLLBACK", NULL, NULL);
    }
    uow->calling = false;
}

static void roll_back(trdb_uow *uow) {
    end(uow);
    finish(uow, TRDBI_ROLLED_BACK);
}

static int lost(const char *when, trdb_error **reterr) {
    trdbi_error(reterr, TRDB_E_CONNECTION_LOST, "commit: the connection was lost %s; nothing was stored",
                when);
    trdbi_error_set_statement(reterr, "commit");
    trdbi_error_set_retryable(reterr);
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
    const trdbi_question question = {
        .server = &uow->slot->server,
        .txid = uow->txid,
        .witness = &uow->witness,
        .acting_user = uow->acting_user,
    };
    switch (trdbi_outcome_find(uow->db, &question, timeout_ms)) {
    case TRDBI_VERDICT_COMMITTED:
        return 0;
    case TRDBI_VERDICT_ABORTED:
        return lost("during COMMIT, and the server rolled the unit back", reterr);
    default:
        return in_doubt(reterr);
    }
}

/* What waits may share the round trip of COMMIT once the transaction's id is known, or is not wanted. */
static bool must_flush(const trdb_uow *uow) {
    return uow->wrote && uow->txid == 0 && !(uow->options.flags & TRDB_UOW_FAST_COMMIT);
}

static int send_commit(trdb_uow *uow, bool *ret_stored, trdb_error **reterr) {
    trdbi_result *result = NULL;
    int r = trdbi_uow_command(uow, "commit", "COMMIT", &result, reterr);
    if (r < 0)
        return r;
    *ret_stored = strcmp(trdbi_result_command(result), "COMMIT") == 0;
    trdbi_result_free(result);
    return 0;
}

/* A look costs as much as all else that a commit does here, so a connection that spoke a moment ago is not looked at:
 * a server that hangs up in that moment could do so behind the look just as well. */
static bool is_there(const trdb_uow *uow, bool flushed) {
    enum { MOMENT_US = 10000 };
    return flushed || trdbi_coarse_us() - uow->slot->idle_since_us < MOMENT_US || trdbi_conn_alive(uow->slot->conn);
}

static int commit(trdb_uow *uow, trdb_error **reterr) {
    trdbi_conn *conn = uow->slot->conn;
    trdb_error *error = NULL; /* the caller's stays as it is when the outcome turns out well */
    bool stored = false;
    int r = 0;
    if (!uow->begun)
        return 0;
    if (uow->wrote)
        r = trdbi_witness_queue(conn, &uow->witness, uow->db->schema_prefix.data, reterr);
    bool flush = must_flush(uow);
    if (r == 0 && flush)
        r = trdbi_conn_flush(conn, reterr);
    if (r < 0)
        return r;
    /* A server that hung up while the unit rested has not seen COMMIT: that is no doubt. */
    if (!is_there(uow, flush))
        return lost("before COMMIT was sent", reterr);
    if (!trdbi_conn_in_time(conn))
        return lost("since the unit's time ran out before COMMIT was sent", reterr);
    trdbi_conn_set_committing(conn);
    trdbi_conn_set_call(conn, 0);
    r = uow->options.flags & TRDB_UOW_TOKEN ? trdbi_token_commit(conn, &stored, &uow->token, &error)
                                            : send_commit(uow, &stored, &error);
    if (r < 0 && trdbi_conn_broken(conn)) {
        trdb_error_free(error);
        return resolve(uow, reterr);
    }
    if (r < 0) {
        trdbi_error_hand(reterr, error);
        return r;
    }
    if (!stored)
        return trdbi_error(reterr, TRDB_E_STATE,
                           "commit: the server rolled the unit back; nothing was stored");
    return 0;
}

int trdb_uow_commit(trdb_uow *uow, trdb_error **reterr) {
    int r = trdbi_uow_take(uow, reterr);
    if (r < 0)
        return r;
    r = trdbi_uow_check_unfinished(uow, reterr);
    if (r == 0)
        r = trdbi_uow_check_unfailed(uow, reterr);
    if (r == 0) {
        uow->calling = true;
        r = commit(uow, reterr);
        uow->calling = false;
        if (r < 0)
            trdbi_uow_blame(uow, reterr);
        if (r == 0 || r == TRDB_E_IN_DOUBT)
            finish(uow, r == 0 ? TRDBI_COMMITTED : TRDBI_OUTCOME_NONE);
        else
            roll_back(uow);
    } else if (uow->state != TRDBI_UOW_FINISHED) {
        roll_back(uow);
    }
    trdbi_uow_leave(uow);
    return r;
}

int trdb_uow_rollback(trdb_uow *uow, trdb_error **reterr) {
    int r = trdbi_uow_take(uow, reterr);
    if (r < 0)
        return r;
    if (uow->state == TRDBI_UOW_FINISHED)
        r = trdbi_error(reterr, TRDB_E_STATE, "the unit of work is finished already");
    else
        roll_back(uow);
    trdbi_uow_leave(uow);
    return r;
}

void trdb_uow_free(trdb_uow *uow) {
    if (!uow)
        return;
    trdb_db *db = uow->db, *primary = uow->primary;
    trdbi_slot *slot = uow->slot;
    bool forked = trdbi_db_forked(db);
    if (slot && !forked)
        end(uow);
    trdbi_uow_clear(uow);
    if (slot && !forked) {
        slot->unit = uow;
        trdbi_pool_give(db, slot, TRDBI_ROLLED_BACK);
    } else if (slot) {
        trdbi_slot_abandon(slot);
        trdbi_uow_release(uow);
    } else if (forked || !trdbi_pool_keep_unit(db, uow)) {
        trdbi_uow_release(uow);
    }
    trdbi_db_unref(db);
    if (primary)
        trdbi_db_unref(primary);
}
