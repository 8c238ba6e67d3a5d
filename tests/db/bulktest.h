/* SPDX-License-Identifier: MIT */
/* What the tests of many rows share: a database with a bot, and a unit of work on it. */
#pragma once

#include "harness.h"

extern char *url;
extern trdb_db *db;
extern trdb_uow *uow;
extern trdb_error *err;
extern int64_t bot;

/* Around each test. */
void bulktest_setup(void);
void bulktest_teardown(void);
/* Gives up the unit and begins another one. */
void begin(uint32_t flags);
/* Commits the unit and begins another one. */
void commit(void);
/* Round trips of the database so far. */
int64_t trips(void);
/* The one value of a query. */
void ck_value(const char *sql, const char *expected);
