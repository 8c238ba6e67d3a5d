/* SPDX-License-Identifier: MIT */
/* W6: the smallest pool that works: connections on a stack, a lock and a condition. */
#include "libpq_wire.h"

#include <pthread.h>

enum { CONNECTIONS = 4, THREADS = 8 };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    PGconn *idle[CONNECTIONS];
    int count;
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0};

static PGconn *take(void) {
    pthread_mutex_lock(&pool.lock);
    while (pool.count == 0)
        pthread_cond_wait(&pool.returned, &pool.lock);
    PGconn *conn = pool.idle[--pool.count];
    pthread_mutex_unlock(&pool.lock);
    return conn;
}

static void give(PGconn *conn) {
    pthread_mutex_lock(&pool.lock);
    pool.idle[pool.count++] = conn;
    pthread_mutex_unlock(&pool.lock);
    pthread_cond_signal(&pool.returned);
}

static void *work(void *count) {
    for (size_t i = *(const size_t *)count; i > 0; i--)
        give(take());
    return NULL;
}

void libpq_pool(const char *variant, size_t count) {
    const size_t threads = strcmp(variant, "nosql1") == 0 ? 1 : THREADS;
    size_t each = count / threads;
    pthread_t ids[THREADS];
    for (int i = 0; i < CONNECTIONS; i++)
        give(libpq_connect());
    bench_start(0);
    for (size_t i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, work, &each);
    for (size_t i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    bench_report(each * threads);
    while (pool.count > 0)
        PQfinish(take());
}
