/* SPDX-License-Identifier: MIT */
/*
 * Borrowing and returning connections.
 *
 * The pool has size + overflow places. A connection, or an attempt to make one, holds a place. Who finds
 * neither an idle connection nor a free place waits in a queue, which is served in order.
 *
 * A returned connection is not handed to a waiter at first: it lies idle and the first in the queue is
 * called. Until that thread runs, a running one may borrow and return the connection many times; if each
 * handed it to a sleeping thread, every checkout would cost a change of threads. Who was called and found
 * nothing, and has waited for longer than PATIENCE_US, asks for the hand-over: then nobody overtakes until
 * the queue has moved.
 *
 * When a server says that it leaves, or a connection breaks, all connections to that address are closed: the idle
 * ones now, the others on return. Who would connect to a server that took no connection waits in the queue, too,
 * with its place; see gate.c.
 */
#include "base/text.h"
#include "core/pool.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_US = 1000 };

/* ---- lists; all under the lock -------------------------------------------------------------------- */

static void push_idle(trdb_db *db, trdbi_slot *slot) {
    slot->hotter = NULL;
    slot->colder = db->hottest;
    if (db->hottest)
        db->hottest->hotter = slot;
    else
        db->coldest = slot;
    db->hottest = slot;
    db->idle_count++;
}

static void remove_idle(trdb_db *db, trdbi_slot *slot) {
    *(slot->hotter ? &slot->hotter->colder : &db->hottest) = slot->colder;
    *(slot->colder ? &slot->colder->hotter : &db->coldest) = slot->hotter;
    slot->hotter = slot->colder = NULL;
    db->idle_count--;
}

static void add_slot(trdb_db *db, trdbi_slot *slot) {
    slot->previous = NULL;
    slot->next = db->slots;
    if (db->slots)
        db->slots->previous = slot;
    db->slots = slot;
    db->slot_count++;
}

/* The connection leaves the pool: its counters stay. */
static void remove_slot(trdb_db *db, trdbi_slot *slot) {
    *(slot->previous ? &slot->previous->next : &db->slots) = slot->next;
    if (slot->next)
        slot->next->previous = slot->previous;
    db->slot_count--;
    db->counters.round_trips += trdbi_conn_round_trips(slot->conn);
    db->counters.prepares += trdbi_conn_prepares(slot->conn);
}

/* One that was first already goes before the others. */
static void join_queue(trdb_db *db, trdbi_waiter *waiter, bool first) {
    if (first && db->first_waiter) {
        waiter->next = db->first_waiter;
        db->first_waiter = waiter;
    } else {
        *(db->last_waiter ? &db->last_waiter->next : &db->first_waiter) = waiter;
        db->last_waiter = waiter;
    }
    db->waiter_count++;
}

static void leave_queue(trdb_db *db, const trdbi_waiter *waiter) {
    trdbi_waiter *before = NULL, **link = &db->first_waiter;
    for (; *link != waiter; link = &(*link)->next)
        before = *link;
    *link = waiter->next;
    if (db->last_waiter == waiter)
        db->last_waiter = before;
    if (!db->first_waiter)
        db->hand_over = false;
    db->waiter_count--;
}

void trdbi_waiter_wake(trdbi_waiter *waiter) {
    if (waiter->fd >= 0)
        (void)eventfd_write(waiter->fd, 1);
    else
        pthread_cond_signal(&waiter->wake);
}

/* Calls the first in the queue to what lies idle. One call at a time: who took something calls the next. */
static void call_first(trdb_db *db) {
    trdbi_waiter *waiter = db->first_waiter;
    if (!waiter || waiter->called || !db->hottest)
        return;
    waiter->called = true;
    trdbi_waiter_wake(waiter);
}

void trdbi_pool_serve(trdb_db *db, trdbi_waiter *waiter, trdbi_waiter_state state) {
    leave_queue(db, waiter);
    waiter->state = state;
    trdbi_waiter_wake(waiter);
}

/* Gives a connection to the first in the queue. */
static void serve_first(trdb_db *db, trdbi_slot *slot) {
    db->first_waiter->slot = slot;
    trdbi_pool_serve(db, db->first_waiter, TRDBI_GIVEN_SLOT);
}

static void give_up_place(trdb_db *db) {
    for (trdbi_waiter *waiter = db->first_waiter; waiter; waiter = waiter->next) {
        if (!waiter->has_place) {
            trdbi_pool_serve(db, waiter, TRDBI_GIVEN_PLACE);
            return;
        }
    }
    db->places--;
    trdbi_repair_start(db);
}

/* Takes out what has been idle for too long, coldest first, as a list for trdbi_slot_close(). */
static trdbi_slot *detach_cold(trdb_db *db, int64_t now_us) {
    trdbi_slot *list = NULL;
    int64_t timeout_us = (int64_t)db->options.idle_timeout_ms * 1000;
    while (timeout_us >= 0 && db->coldest && db->places > db->options.pool_min &&
           now_us - db->coldest->idle_since_us >= timeout_us) {
        trdbi_slot *slot = db->coldest;
        remove_idle(db, slot);
        remove_slot(db, slot);
        db->places--;
        db->counters.retired++;
        slot->colder = list;
        list = slot;
    }
    return list;
}

/* The server at an address has left. Takes out the idle connections to it, as a list like detach_cold()'s; the
 * others are closed on return. */
static trdbi_slot *detach_left(trdb_db *db, uint64_t where) {
    trdbi_slot *list = NULL;
    db->departures++;
    db->left_where = where;
    for (trdbi_slot *slot = db->slots; slot; slot = slot->next)
        slot->left = slot->left || slot->where == where;
    for (trdbi_slot *slot = db->coldest, *hotter; slot; slot = hotter) {
        hotter = slot->hotter;
        if (!slot->left)
            continue;
        remove_idle(db, slot);
        remove_slot(db, slot);
        give_up_place(db);
        db->counters.discards++;
        slot->colder = list;
        list = slot;
    }
    return list;
}

/* What limits a checkout. */
typedef struct trdbi_taking {
    int timeout_ms;
    int64_t deadline_us; /* 0 until something takes time */
    const trdb_canceller *canceller;
    bool fresh;  /* a new connection is wanted */
    bool place;  /* one is held, to connect in */
    bool trial;  /* it is to connect for all */
    bool waited; /* it was first in the queue */
} trdbi_taking;

static void begin_clock(trdbi_taking *taking) {
    if (taking->deadline_us == 0)
        taking->deadline_us = trdbi_monotonic_us() + (int64_t)taking->timeout_ms * 1000;
}

static int time_left_ms(const trdbi_taking *taking) {
    int64_t left = taking->deadline_us - trdbi_monotonic_us();
    return left > 0 ? (int)((left + 999) / 1000) : 1;
}

/* ---- waiting -------------------------------------------------------------------------------------- */

/* A signal handler cannot signal a condition variable: who may be cancelled waits for descriptors. */
static int init_waiter(trdbi_waiter *waiter, bool with_fd) {
    pthread_condattr_t attributes;
    *waiter = (trdbi_waiter){.state = TRDBI_WAITING, .fd = -1};
    if (with_fd) {
        waiter->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return waiter->fd >= 0 ? 0 : -1;
    }
    if (pthread_condattr_init(&attributes) != 0)
        return -1;
    int r = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (r == 0)
        r = pthread_cond_init(&waiter->wake, &attributes);
    pthread_condattr_destroy(&attributes);
    return r == 0 ? 0 : -1;
}

/* Under the lock: the connection is its borrower's from here. */
static void lend(trdb_db *db, trdbi_slot *slot) {
    trdbi_conn_set_trace(slot->conn, &db->trace);
    if (slot->plans != db->plans)
        trdbi_conn_outdate(slot->conn);
    slot->plans = db->plans;
    db->counters.checkouts++;
    if (!slot->unit && db->units) {
        slot->unit = db->units;
        db->units = *trdbi_uow_link(slot->unit);
        db->unit_count--;
    }
}

/* The waiter is the first in the queue and was called. */
static void answer_call(trdb_db *db, trdbi_waiter *waiter, int64_t since_us) {
    trdbi_slot *slot = db->hottest;
    waiter->called = false;
    if (slot) {
        remove_idle(db, slot);
        lend(db, slot);
        serve_first(db, slot);
    } else if (trdbi_monotonic_us() - since_us > PATIENCE_US) {
        db->hand_over = true;
    }
}

static void free_waiter(trdbi_waiter *waiter) {
    if (waiter->fd >= 0)
        close(waiter->fd);
    else
        pthread_cond_destroy(&waiter->wake);
}

/* One wait, for the condition variable or the descriptors; false when it is to be the last. */
static bool wait_once(trdb_db *db, trdbi_waiter *waiter, int64_t deadline_us,
                      const trdb_canceller *canceller) {
    struct timespec deadline = {.tv_sec = (time_t)(deadline_us / 1000000),
                                .tv_nsec = (long)(deadline_us % 1000000) * 1000};
    if (waiter->fd < 0)
        return pthread_cond_timedwait(&waiter->wake, &db->lock, &deadline) == 0;
    pthread_mutex_unlock(&db->lock);
    bool woken = trdbi_wait_fd(waiter->fd, POLLIN, deadline_us, canceller) == TRDBI_WAIT_READY;
    pthread_mutex_lock(&db->lock);
    eventfd_t value;
    (void)eventfd_read(waiter->fd, &value);
    return woken;
}

static void wait_until(trdb_db *db, trdbi_waiter *waiter, int64_t since_us, int64_t deadline_us,
                       const trdb_canceller *canceller) {
    bool more = true;
    while (waiter->state == TRDBI_WAITING && more) {
        const int64_t until_us = trdbi_gate_wake_us(&db->gate, waiter, deadline_us);
        more = wait_once(db, waiter, until_us, canceller) || (until_us < deadline_us && !trdbi_cancelled(canceller));
        if (waiter->state == TRDBI_WAITING && waiter->called)
            answer_call(db, waiter, since_us);
        trdbi_gate_look(db);
    }
}

/* The waiter has left the queue. */
static void after_wait(trdb_db *db, int64_t waited_us) {
    db->counters.wait_us += waited_us;
    if (waited_us < PATIENCE_US)
        db->hand_over = false;
    call_first(db);
}

/* Under the lock, which is given up meanwhile. 0 with *ret_slot, or NULL there: it may go on with the place that it
 * has now. */
static int wait_in_queue(trdb_db *db, trdbi_taking *taking, trdbi_slot **ret_slot, trdb_error **reterr) {
    trdbi_waiter waiter;
    if (!taking->place && db->waiter_count >= db->options.pool_waiters) {
        db->counters.refusals++;
        return trdbi_error(reterr, TRDB_E_EXHAUSTED,
                           "all %d connections are in use and %d callers wait already; raise pool_size or "
                           "pool_waiters, or keep units of work shorter",
                           db->places, db->waiter_count);
    }
    if (init_waiter(&waiter, taking->canceller != NULL) < 0)
        return trdbi_error_nomem(reterr);
    int64_t since_us = trdbi_monotonic_us();
    waiter.has_place = taking->place;
    join_queue(db, &waiter, taking->waited);
    wait_until(db, &waiter, since_us, taking->deadline_us, taking->canceller);
    if (waiter.state == TRDBI_WAITING)
        leave_queue(db, &waiter);
    after_wait(db, trdbi_monotonic_us() - since_us);
    free_waiter(&waiter);

    switch (waiter.state) {
    case TRDBI_WAITING:
        if (trdbi_cancelled(taking->canceller))
            return trdbi_error(reterr, TRDB_E_CANCELLED, "waiting for a connection was cancelled");
        db->counters.timeouts++;
        if (taking->place)
            return trdbi_gate_late(&db->gate, taking->timeout_ms, reterr);
        return trdbi_error(
            reterr, TRDB_E_TIMEOUT,
            "no connection became free within %d ms, all %d are in use; raise pool_size, or keep "
            "units of work shorter",
            taking->timeout_ms, db->places);
    case TRDBI_TURNED_AWAY:
        return trdbi_error(reterr, TRDB_E_CLOSED, "the database was closed");
    case TRDBI_LET_DOWN:
        return trdbi_gate_reason(&db->gate, reterr);
    case TRDBI_GIVEN_SLOT:
        *ret_slot = waiter.slot;
        return 0;
    default:
        taking->waited = taking->place = true;
        taking->trial = waiter.state == TRDBI_GIVEN_TRIAL;
        return 0;
    }
}

/* ---- borrowing ------------------------------------------------------------------------------------ */

/* Makes a connection in a place that the caller holds. Called with the lock and left without. One whose server
 * has left meanwhile serves this once. */
static int open_in_place(trdb_db *db, const trdbi_taking *taking, trdbi_slot **ret, trdb_error **reterr) {
    const trdbi_trace trace = taking->fresh ? (trdbi_trace){0} : db->trace;
    const int64_t departures = db->departures;
    pthread_mutex_unlock(&db->lock);
    trdbi_slot *slot = NULL;
    trdb_error *error = NULL;
    const int64_t timeout_ms = time_left_ms(taking);
    int r = trdbi_slot_open(db, (int)timeout_ms, taking->canceller, &trace, &slot, &error);
    pthread_mutex_lock(&db->lock);
    /* That a caller had little time says nothing of the server. */
    bool hurried = r == TRDB_E_TIMEOUT && timeout_ms < db->options.connect_timeout_ms;
    trdbi_gate_tell(db, taking->trial, hurried ? TRDB_E_CANCELLED : r, error);
    if (r < 0) {
        db->counters.connect_errors += r != TRDB_E_CANCELLED;
        give_up_place(db);
    } else {
        db->counters.connects++;
        slot->left = departures != db->departures &&
                     (slot->where == db->left_where || departures + 1 != db->departures);
        add_slot(db, slot);
        lend(db, slot);
        *ret = slot;
    }
    pthread_mutex_unlock(&db->lock);
    if (r < 0)
        trdbi_error_hand(reterr, error);
    return r;
}

/* Why an idle connection cannot be lent. */
typedef enum fitness { FIT, TOO_OLD, DEAD } fitness;

/* One that was in use a moment ago is lent as it is: should it have died since, the unit's first statement
 * fails, with nothing stored, and may be run again. */
static bool is_trusted(const trdb_db *db, const trdbi_slot *slot, int64_t now_us) {
    return now_us < slot->retire_at_us && now_us - slot->idle_since_us < (int64_t)db->options.trust_ms * 1000;
}

/* Without the lock. One that rested is looked at; one that rested for long is asked. What it hears meanwhile may
 * be that its server leaves, or that it is a standby now. */
static fitness examine(trdb_db *db, trdbi_slot *slot, int64_t now_us, int timeout_ms, bool *ret_pinged) {
    const trdb_db_options *options = &db->options;
    *ret_pinged = false;
    if (now_us >= slot->retire_at_us)
        return TOO_OLD;
    bool asked =
        options->ping_after_ms >= 0 && now_us - slot->idle_since_us >= (int64_t)options->ping_after_ms * 1000;
    *ret_pinged = asked;
    bool alive = asked ? trdbi_conn_ping(slot->conn, timeout_ms, NULL) == 0 : trdbi_conn_alive(slot->conn);
    return alive && trdbi_conn_has_role(slot->conn) && !trdbi_conn_server_left(slot->conn) ? FIT : DEAD;
}

/* Tries the hottest idle connection, which the caller has taken out. Called with the lock, left with it only
 * when the answer is false: the caller then holds its place. */
static bool try_idle(trdb_db *db, trdbi_slot *slot, trdbi_taking *taking) {
    int64_t now_us = trdbi_coarse_us();
    trdbi_slot *cold = detach_cold(db, now_us);
    bool pinged, trusted = is_trusted(db, slot, now_us);
    lend(db, slot);
    pthread_mutex_unlock(&db->lock);
    trdbi_slot_close(cold);
    if (trusted)
        return true;
    begin_clock(taking);
    int timeout_ms = time_left_ms(taking);
    fitness verdict = examine(
        db, slot, now_us,
        timeout_ms < db->options.connect_timeout_ms ? timeout_ms : db->options.connect_timeout_ms, &pinged);
    if (verdict == FIT && !pinged)
        return true;

    pthread_mutex_lock(&db->lock);
    db->counters.pings += pinged;
    if (verdict == FIT) {
        pthread_mutex_unlock(&db->lock);
        return true;
    }
    db->counters.checkouts--;
    *(verdict == TOO_OLD ? &db->counters.retired : &db->counters.discards) += 1;
    remove_slot(db, slot);
    bool leaves = verdict == DEAD && trdbi_conn_server_left(slot->conn) && !slot->left;
    trdbi_slot *left = leaves ? detach_left(db, slot->where) : NULL;
    pthread_mutex_unlock(&db->lock);
    trdbi_slot_close(slot);
    trdbi_slot_close(left);
    pthread_mutex_lock(&db->lock);
    return false;
}

/* With the lock, which is given up meanwhile, and left without. */
static int take(trdb_db *db, trdbi_taking *taking, trdbi_slot **ret, trdb_error **reterr) {
    for (;;) {
        trdbi_slot *slot = db->hand_over || taking->fresh || taking->trial ? NULL : db->hottest;
        int r = 0;
        if (db->closed) {
            r = trdbi_error(reterr, TRDB_E_CLOSED, "the database was closed");
        } else if (slot) {
            remove_idle(db, slot);
            if (taking->place)
                give_up_place(db);
            taking->place = !try_idle(db, slot, taking);
            if (taking->place)
                continue;
            *ret = slot;
            return 0;
        } else {
            if (!taking->place && db->places < db->options.pool_size + db->options.pool_overflow) {
                db->places++;
                taking->place = true;
            }
            begin_clock(taking);
            if (taking->place && (taking->trial || trdbi_gate_pass(&db->gate, &taking->trial)))
                return open_in_place(db, taking, ret, reterr);
            r = wait_in_queue(db, taking, &slot, reterr);
        }
        if (r == 0 && !slot)
            continue;
        if (taking->place)
            give_up_place(db);
        pthread_mutex_unlock(&db->lock);
        if (slot)
            *ret = slot;
        return r;
    }
}

int trdbi_pool_take(trdb_db *db, int timeout_ms, const trdb_canceller *canceller, trdbi_slot **ret,
                    trdb_error **reterr) {
    trdbi_taking taking = {.timeout_ms = timeout_ms, .canceller = canceller};
    pthread_mutex_lock(&db->lock);
    return take(db, &taking, ret, reterr);
}

int trdbi_pool_make(trdb_db *db, const trdb_canceller *canceller, trdbi_slot **ret) {
    trdbi_taking taking = {.timeout_ms = INT32_MAX, .canceller = canceller, .fresh = true};
    pthread_mutex_lock(&db->lock);
    db->counters.checkouts--; /* nobody borrows it */
    int r = take(db, &taking, ret, NULL);
    if (r < 0) {
        pthread_mutex_lock(&db->lock);
        db->counters.checkouts++;
        pthread_mutex_unlock(&db->lock);
    }
    return r;
}

/* ---- returning ------------------------------------------------------------------------------------ */

static void count(trdb_db *db, trdbi_outcome outcome, bool idle, bool old) {
    db->counters.commits += outcome == TRDBI_COMMITTED;
    db->counters.rollbacks += outcome == TRDBI_ROLLED_BACK;
    db->counters.discards += !idle;
    db->counters.retired += idle && old;
}

void trdbi_pool_give(trdb_db *db, trdbi_slot *slot, trdbi_outcome outcome) {
    int64_t now_us = trdbi_coarse_us();
    trdbi_conn_settle(slot->conn);
    bool idle = trdbi_conn_idle(slot->conn);
    bool old = now_us >= slot->retire_at_us;
    trdbi_conn_set_trace(slot->conn, NULL);
    trdbi_conn_set_call(slot->conn, -1);
    slot->idle_since_us = now_us;

    pthread_mutex_lock(&db->lock);
    count(db, outcome, idle, old);
    if (trdbi_conn_take_outdated(slot->conn))
        slot->plans = ++db->plans;
    trdbi_slot *close = NULL, *left = NULL;
    if (trdbi_conn_server_left(slot->conn) && !slot->left)
        left = detach_left(db, slot->where);
    bool keep = idle && !old && !db->closed && !slot->left;
    db->counters.discards += idle && slot->left;
    if (keep && db->hand_over && db->first_waiter) {
        lend(db, slot);
        serve_first(db, slot);
    } else if (keep && (db->first_waiter || db->places <= db->options.pool_size)) {
        push_idle(db, slot);
        call_first(db);
        close = detach_cold(db, now_us);
    } else {
        remove_slot(db, slot);
        give_up_place(db);
        close = slot;
    }
    pthread_mutex_unlock(&db->lock);
    trdbi_slot_close(close);
    trdbi_slot_close(left);
}

bool trdbi_pool_keep_unit(trdb_db *db, trdb_uow *unit) {
    pthread_mutex_lock(&db->lock);
    bool keep = db->unit_count < db->options.pool_size + db->options.pool_overflow;
    if (keep) {
        *trdbi_uow_link(unit) = db->units;
        db->units = unit;
        db->unit_count++;
    }
    pthread_mutex_unlock(&db->lock);
    return keep;
}
