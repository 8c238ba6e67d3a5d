/* SPDX-License-Identifier: MIT */
/* What the C test programs share: a database of their own and the TAP output that tests/run.sh adds up. */
#pragma once

#include <check.h>
#include <tradingdb/tradingdb.h>

/* A case whose tests each leave behind as many descriptors, threads and child processes as they found: a test
 * that does not, fails and names them. Every tcase_create() of a test program is this one. */
TCase *harness_case(const char *name);
#define tcase_create harness_case

/* Runs the suite and prints TAP. Returns the exit code of main(). */
int harness_run(Suite *suite);

/* A fresh database on the private server, a copy of the migrated template, or empty: the connection string of an
 * empty one, which is there to be migrated, never leads through a pooler. Free with harness_database_free(), which drops it. */
char *harness_database(void);
char *harness_empty_database(void);
void harness_database_free(char *url);

/* Runs SQL as superuser, in one transaction; fails the test when it fails. */
void harness_sql(const char *url, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The one value a query gives, as text; malloc'd. */
char *harness_value(const char *url, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Where temporary files and folders go: tests/run.sh removes what is in it. */
const char *harness_tmp(void);

/* The host of the private server, and its socket directory, which leads to it without a pooler. */
const char *harness_host(void);
const char *harness_direct(void);
/* Where both listen, and what libpq takes when nothing is said: so the name of a socket ends. */
const char *harness_port(void);
/* The connection string of the server itself, for one that may lead through a pooler; malloc'd. */
char *harness_direct_url(const char *url);
/* Whether harness_host() is a pooler in transaction mode. */
bool harness_pooled(void);

/* Asserts that a call succeeded, showing the error otherwise. */
#define ck_ok(call, err)                                                                                     \
    do {                                                                                                     \
        int rc_ = (call);                                                                                    \
        ck_assert_msg(rc_ >= 0, #call ": %s: %s", trdb_error_code_name(rc_), trdb_error_message(err));       \
    } while (0)

/* Asserts that a call failed with a code and a message that contains a text, and frees the error. */
#define ck_fails(call, expected, part, err)                                                                  \
    do {                                                                                                     \
        int rc_ = (call);                                                                                    \
        ck_assert_msg(rc_ == (expected), #call ": got %s (%s), wanted %s", trdb_error_code_name(rc_),        \
                      rc_ < 0 ? trdb_error_message(err) : "success", trdb_error_code_name(expected));        \
        ck_assert_int_eq(trdb_error_code(err), rc_);                                                         \
        ck_assert_msg(strstr(trdb_error_message(err), (part)) != NULL, "message \"%s\" lacks \"%s\"",        \
                      trdb_error_message(err), (part));                                                      \
        trdb_error_free(err);                                                                                \
        (err) = NULL;                                                                                        \
    } while (0)
