/* SPDX-License-Identifier: MIT */
/* Waiting that ends with a deadline or when somebody else says so. */
#include "base/birthmark.h"
#include "base/text.h"
#include "pg/errand.h"
#include "pg/conn.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- the canceller -------------------------------------------------------------------------------- */

struct trdb_canceller {
    atomic_int references; /* of its owner and of each unit */
    atomic_bool cancelled;
    int fd; /* an eventfd, readable from the cancelling on: every wait looks at it */
    trdbi_birthmark birthmark;
};

int trdb_canceller_new(trdb_canceller **ret, trdb_error **reterr) {
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_canceller_new: ret is NULL");
    trdb_canceller *canceller = calloc(1, sizeof *canceller);
    if (!canceller)
        return trdbi_error_nomem(reterr);
    canceller->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (canceller->fd < 0) {
        free(canceller);
        return trdbi_error(reterr, TRDB_E_IO, "trdb_canceller_new: the process has no file descriptor left");
    }
    atomic_init(&canceller->references, 1);
    trdbi_birthmark_init(&canceller->birthmark);
    *ret = canceller;
    return 0;
}

trdb_canceller *trdbi_canceller_ref(trdb_canceller *canceller) {
    if (canceller)
        atomic_fetch_add(&canceller->references, 1);
    return canceller;
}

void trdb_canceller_free(trdb_canceller *canceller) {
    if (!canceller || atomic_fetch_sub(&canceller->references, 1) != 1)
        return;
    close(canceller->fd);
    trdbi_birthmark_free(&canceller->birthmark);
    free(canceller);
}

/* Async-signal-safe: an atomic store and write(2). A forked child shares the descriptor and must not. */
void trdb_cancel(trdb_canceller *canceller) {
    int before = errno;
    if (canceller && !trdbi_birthmark_forked(&canceller->birthmark)) {
        const uint64_t one = 1;
        atomic_store(&canceller->cancelled, true);
        (void)!write(canceller->fd, &one, sizeof one);
    }
    errno = before;
}

bool trdbi_cancelled(const trdb_canceller *canceller) {
    return canceller && atomic_load(&canceller->cancelled);
}

/* ---- waiting -------------------------------------------------------------------------------------- */

trdbi_waited trdbi_wait_fd(int fd, short events, int64_t deadline_us, const trdb_canceller *canceller) {
    for (;;) {
        int timeout_ms = -1;
        if (trdbi_cancelled(canceller))
            return TRDBI_WAIT_CANCELLED;
        if (deadline_us >= 0) {
            int64_t left = deadline_us - trdbi_monotonic_us();
            if (left <= 0)
                return TRDBI_WAIT_LATE;
            timeout_ms = left >= INT64_C(2000000000) ? 2000000 : (int)((left + 999) / 1000);
        }
        struct pollfd fds[] = {{.fd = fd, .events = events},
                               {.fd = canceller ? canceller->fd : -1, .events = POLLIN}};
        /* Errors of the socket show up in libpq's next read; a signal only shortens the wait. */
        if (poll(fds, canceller ? 2 : 1, timeout_ms) > 0 && fds[0].revents)
            return TRDBI_WAIT_READY;
    }
}

/* ---- the request to the server -------------------------------------------------------------------- */

/* Long enough for a server that works; one that does not loses a connection by it. */
enum { GRACE_US = 2000000 };

typedef struct request {
    PGcancel *cancel;
    bool sent;
} request;

/* PQcancel() connects without a deadline of its own. When it returns, the server has passed the signal on. */
static void send_request(void *arg) {
    request *r = arg;
    char why[256];
    r->sent = PQcancel(r->cancel, why, sizeof why) == 1;
}

static void drop_request(void *arg) {
    request *r = arg;
    PQfreeCancel(r->cancel);
    free(r);
}

void trdbi_conn_send_cancel(trdbi_conn *conn, int64_t wait_us) {
    request *r = calloc(1, sizeof *r);
    bool sent = false;
    if (r)
        r->cancel = PQgetCancel(conn->pg);
    if (r && r->cancel) {
        trdbi_errand_end end =
            trdbi_errand_run(send_request, drop_request, r, trdbi_monotonic_us() + wait_us, NULL);
        if (end == TRDBI_ERRAND_DONE)
            sent = r->sent;
        if (end == TRDBI_ERRAND_DONE || end == TRDBI_ERRAND_UNABLE)
            drop_request(r);
    } else {
        free(r);
    }
    /* A request under way might hit a later statement: the connection is not used again. */
    conn->uncertain = conn->uncertain || !sent;
}

void trdbi_conn_cancel_call(trdbi_conn *conn) {
    conn->cancelled = true;
    trdbi_conn_send_cancel(conn, GRACE_US);
    int64_t grace_us = trdbi_monotonic_us() + GRACE_US;
    if (conn->deadline_us == 0 || grace_us < conn->deadline_us)
        conn->deadline_us = grace_us;
}

void trdbi_conn_set_canceller(trdbi_conn *conn, const trdb_canceller *canceller) {
    conn->canceller = canceller;
}

void trdbi_conn_set_committing(trdbi_conn *conn) {
    conn->canceller = NULL;
    conn->committing = true;
}

void trdbi_conn_settle(trdbi_conn *conn) {
    bool ask = conn->cancelled && !conn->uncertain && trdbi_conn_idle(conn);
    conn->canceller = NULL;
    conn->cancelled = conn->committing = false;
    conn->deadline_us = 0;
    if (ask)
        (void)trdbi_conn_ping(conn, GRACE_US / 1000, NULL);
}
