/* SPDX-License-Identifier: MIT */
/* A way to the server that a test may close, cut or silence: a socket of its own in front of the real one. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

enum { RELAY_PAIRS = 128 };

typedef enum relay_mode {
    RELAY_PASS,
    RELAY_REFUSE, /* accepts and hangs up, as a server does that goes down */
    RELAY_SILENT  /* accepts and never says a word */
} relay_mode;

typedef struct relay {
    char directory[108]; /* the host for a connection string */
    char target[128];    /* the server's socket; under the lock */
    pthread_mutex_t lock;
    pthread_t thread;
    int listener;
    int wake;
    atomic_int mode;
    atomic_int attempts; /* connections that came, so far */
    atomic_int turns;    /* times that a client spoke after its server had: round trips */
    atomic_int limit;    /* bytes of the server that a connection gets to hear; -1: all */
    atomic_int cuts;     /* asked for */
    atomic_int cut;      /* done */
    atomic_bool ends;
    int pairs[RELAY_PAIRS][2];
    int heard[RELAY_PAIRS];
    int spoke[RELAY_PAIRS]; /* last: 0 the client, 1 the server */
    int count;
} relay;

/* `directory`: of the server's socket. Free with relay_free(). */
relay *relay_new(const char *directory);
void relay_free(relay *r);
void relay_to(relay *r, const char *directory);
/* Cuts all connections. */
void relay_cut(relay *r);
