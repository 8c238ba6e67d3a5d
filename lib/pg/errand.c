/* SPDX-License-Identifier: MIT */
#include "pg/errand.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef enum errand_state { RUNNING, FINISHED, ABANDONED } errand_state;

/* Held by the thread and by who waits for it; the last one frees it. */
typedef struct errand {
    atomic_int references;
    atomic_int state;
    int done; /* an eventfd */
    void (*run)(void *arg);
    void (*drop)(void *arg);
    void *arg;
} errand;

static void release(errand *e) {
    if (atomic_fetch_sub(&e->references, 1) != 1)
        return;
    close(e->done);
    free(e);
}

static void *go(void *arg) {
    errand *e = arg;
    e->run(e->arg);
    if (atomic_exchange(&e->state, FINISHED) == ABANDONED)
        e->drop(e->arg);
    else
        (void)eventfd_write(e->done, 1);
    release(e);
    return NULL;
}

static errand *new_errand(void (*run)(void *arg), void (*drop)(void *arg), void *arg) {
    errand *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    *e = (errand){.run = run, .drop = drop, .arg = arg, .done = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    atomic_init(&e->references, 2);
    atomic_init(&e->state, RUNNING);
    if (e->done >= 0)
        return e;
    free(e);
    return NULL;
}

/* The program's signals are not for this thread. */
static bool start(errand *e) {
    sigset_t all, before;
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&thread, &attributes, go, e);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return r == 0;
}

trdbi_errand_end trdbi_errand_run(void (*run)(void *arg), void (*drop)(void *arg), void *arg,
                                  int64_t deadline_us, const trdb_canceller *canceller) {
    errand *e = new_errand(run, drop, arg);
    if (!e)
        return TRDBI_ERRAND_UNABLE;
    if (!start(e)) {
        atomic_store(&e->references, 1);
        release(e);
        return TRDBI_ERRAND_UNABLE;
    }
    trdbi_waited waited = trdbi_wait_fd(e->done, POLLIN, deadline_us, canceller);
    bool finished = atomic_exchange(&e->state, ABANDONED) == FINISHED;
    release(e);
    return finished                         ? TRDBI_ERRAND_DONE
           : waited == TRDBI_WAIT_CANCELLED ? TRDBI_ERRAND_CANCELLED
                                            : TRDBI_ERRAND_LATE;
}
