/* SPDX-License-Identifier: MIT */
/* What the tests of lib/pg share: a connection to a fresh database, statements by their SQL, a trace that
 * remembers. */
#pragma once

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

#include "pg/codec.h"
#include "pg/pg.h"

/* A connection with the given statement cache. The URL is freed with harness_database_free(). */
trdbi_conn *pgtest_connect(const char *url, int statement_cache);

/* A statement whose key is its SQL. */
trdbi_statement pgtest_statement(const char *sql);

/* Runs SQL by the simple protocol and returns its one value as text, malloc'd; fails the test on an error. */
char *pgtest_value(trdbi_conn *conn, const char *sql);

/* What a trace heard. */
typedef struct pgtest_event {
    char statement[64];
    char sql[512];
    int64_t rows, round_trip, started_us, duration_us;
    int pid, code;
    char sqlstate[6];
} pgtest_event;

typedef struct pgtest_log {
    pgtest_event events[64];
    int count;
} pgtest_log;

void pgtest_remember(void *arg, const trdb_trace_event *event); /* arg: pgtest_log */
