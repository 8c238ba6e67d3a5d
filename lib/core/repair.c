/* SPDX-License-Identifier: MIT */
/*
 * Background repair: a pool that keeps connections (pool_min) makes those anew that were lost, without waiting for
 * somebody to need them. A thread does that, which exists only while some are missing; it waits at the gate like
 * everybody else, so the pauses between its attempts grow. Its end is waited for when the pool is closed.
 */
#include "core/pool.h"

#include <signal.h>

static bool is_short(const trdb_db *db) {
    return !db->closed && db->places < db->options.pool_min;
}

/* One whose schema or version is wrong is not tried again before somebody returns or loses a connection. */
static bool may_be_back(int code) {
    return code == 0 || code == TRDB_E_CONNECT || code == TRDB_E_TIMEOUT || code == TRDB_E_AUTH ||
           code == TRDB_E_EXHAUSTED || code == TRDB_E_CONNECTION_LOST;
}

static void *repair(void *arg) {
    trdb_db *db = arg;
    int r = 0;
    pthread_mutex_lock(&db->lock);
    const trdb_canceller *canceller = db->repair.canceller; /* lives until the thread is waited for */
    while (is_short(db) && may_be_back(r)) {
        trdbi_slot *slot = NULL;
        pthread_mutex_unlock(&db->lock);
        r = trdbi_pool_make(db, canceller, &slot);
        if (r == 0)
            trdbi_pool_give(db, slot, TRDBI_OUTCOME_NONE);
        pthread_mutex_lock(&db->lock);
    }
    db->repair.working = false;
    pthread_mutex_unlock(&db->lock);
    return NULL;
}

/* The program's signals are not for this thread. */
static bool start(trdb_db *db) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&db->repair.thread, NULL, repair, db);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r == 0;
}

/* Without a thread or the memory for it, connections are made when they are needed. */
void trdbi_repair_start(trdb_db *db) {
    trdbi_repair *own = &db->repair;
    if (!own->wanted || own->working || !is_short(db))
        return;
    if (own->started)
        pthread_join(own->thread, NULL); /* it has let go of the lock for good */
    own->started = false;
    if (!own->canceller && trdb_canceller_new(&own->canceller, NULL) < 0)
        return;
    own->started = own->working = start(db);
}

void trdbi_repair_stop(trdb_db *db) {
    pthread_mutex_lock(&db->lock);
    trdbi_repair own = db->repair;
    db->repair = (trdbi_repair){.wanted = false};
    pthread_mutex_unlock(&db->lock);
    trdb_cancel(own.canceller);
    if (own.started)
        pthread_join(own.thread, NULL);
    trdb_canceller_free(own.canceller);
}
