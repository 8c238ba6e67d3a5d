/* SPDX-License-Identifier: MIT */
/* What the tests of the pool share: opening one, borrowing, callers in other threads. */
#pragma once

#include "pgtest.h"

#include <pthread.h>
#include <unistd.h>

#include "core/core.h"

extern char *url;

void setup(void);
void teardown(void);

trdb_db *open_with(trdb_db_options options);
trdb_db_options sized(int32_t size, int32_t overflow);
trdb_db_stats stats_of(trdb_db *db);
trdb_uow *begin(trdb_db *db);
int backend_pid(trdb_uow *uow);
void terminate(int pid);

/* Waits for another thread to get somewhere; the test's own timeout ends what never comes. */
#define wait_for(condition)                                                                                  \
    while (!(condition))                                                                                     \
    usleep(500)

typedef struct caller {
    pthread_t thread;
    trdb_db *db;
    int32_t timeout_ms;
    trdb_canceller *canceller;
    int code;
    int order;
    int *turn; /* under the connection that all wait for */
} caller;

/* Begins a unit and ends it: the start routine of a caller's thread. */
void *call(void *arg);
