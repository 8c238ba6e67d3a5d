/* SPDX-License-Identifier: MIT */
/* Nested scopes of a unit of work. */
#include "core/uow.h"

static int exec_savepoint(trdb_uow *uow, const char *name, const char *format, int depth,
                          trdb_error **reterr) {
    if (trdbi_uow_autocommits(uow))
        return trdbi_error(reterr, TRDB_E_STATE, "a unit with TRDB_UOW_AUTOCOMMIT has no savepoints");
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    for (const char *p = format; *p; p++) {
        if (*p == '#')
            trdbi_buf_printf(&sql, "trdb_%d", depth);
        else
            trdbi_buf_char(&sql, *p);
    }
    if (sql.failed)
        return trdbi_error_nomem(reterr);
    trdbi_uow_call call;
    trdbi_uow_start(&call, uow, reterr);
    int r = trdbi_uow_ensure_begun(uow, call.reterr);
    return trdbi_uow_done(&call, r < 0 ? r : trdbi_uow_command(uow, name, sql.data, NULL, call.reterr));
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
        trdbi_refs_release(&uow->refs, uow->savepoints--);
    trdbi_uow_leave(uow);
    return r;
}

/* A unit can only have failed inside its newest savepoint: a failed one enters and leaves none. */
static int roll_back_to(trdb_uow *uow, trdb_error **reterr) {
    int r = trdbi_uow_check_unfinished(uow, reterr);
    if (r == 0)
        r = check_savepoint(uow, reterr);
    if (r < 0)
        return r;
    if (uow->state == TRDBI_UOW_LOST) {
        trdbi_error(reterr, TRDB_E_CONNECTION_LOST, "the unit of work has lost its connection: %s",
                    uow->failure ? uow->failure : "out of memory");
        trdbi_error_set_retryable(reterr);
        return TRDB_E_CONNECTION_LOST;
    }
    trdbi_uow_state before = uow->state;
    uow->state = TRDBI_UOW_ACTIVE;
    if (trdbi_conn_queued(uow->slot->conn)) /* whatever comes of it is undone */
        (void)trdbi_conn_flush(uow->slot->conn, NULL);
    r = exec_savepoint(uow, "rollback to", "ROLLBACK TO SAVEPOINT #; RELEASE SAVEPOINT #", uow->savepoints,
                       reterr);
    if (r == 0) {
        trdbi_uow_end_guests(uow, uow->savepoints - 1);
        trdbi_refs_undo(&uow->refs, uow->savepoints--);
    } else if (uow->state == TRDBI_UOW_ACTIVE) {
        uow->state = before; /* nothing was sent */
    }
    return r;
}

int trdb_uow_rollback_to(trdb_uow *uow, trdb_error **reterr) {
    int r = trdbi_uow_take(uow, reterr);
    if (r < 0)
        return r;
    r = roll_back_to(uow, reterr);
    trdbi_uow_leave(uow);
    return r;
}

int trdbi_uow_reopen(trdb_uow *uow, const char *savepoint, trdb_error **reterr) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_buf_printf(&sql, "ROLLBACK TO SAVEPOINT %s", savepoint);
    if (sql.failed)
        return trdbi_error_nomem(reterr);
    if (uow->state == TRDBI_UOW_FAILED)
        uow->state = TRDBI_UOW_ACTIVE;
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    trdbi_uow_call call;
    trdbi_uow_start(&call, uow, reterr);
    r = trdbi_uow_done(&call, trdbi_uow_command(uow, "rollback to", sql.data, NULL, call.reterr));
    trdbi_uow_leave(uow);
    return r;
}
