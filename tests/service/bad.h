/* SPDX-License-Identifier: MIT */
/*
 * What the tests of bad input share. They use the public API only and hold every refusal to the same: its own
 * code, a message that names the thing, out-parameters as they were, nothing sent, the unit still usable, and
 * at the end a commit that leaves every table byte for byte as it was.
 */
#pragma once

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

extern char *bad_url;
extern trdb_db *bad_db;
extern trdb_uow *bad_uow;
extern trdb_error *bad_err;
/* Rows that are there. */
extern int64_t bad_user, bad_bot, bad_position, bad_trade;

/* A case whose tests find all of the above, and a unit that has written nothing. */
TCase *bad_case(const char *name);

#define OK(call) ck_ok(call, bad_err)
#define FAILS(call, code, part) ck_fails(call, code, part, bad_err)

/* Expects a refusal before anything is sent; the unit goes on. */
#define REFUSED(call, code, part)                                                                            \
    do {                                                                                                     \
        int64_t trips_ = bad_round_trips(bad_db);                                                            \
        FAILS(call, code, part);                                                                             \
        ck_assert_msg(bad_round_trips(bad_db) == trips_, #call ": something was sent");                      \
        bad_unit_works();                                                                                    \
    } while (0)
/* The same for a value of a column, which the error names by its parts. */
#define REFUSED_COLUMN(call, code, table, column)                                                            \
    do {                                                                                                     \
        int64_t trips_ = bad_round_trips(bad_db);                                                            \
        bad_refused_column(call, code, table, column, #call);                                                \
        ck_assert_msg(bad_round_trips(bad_db) == trips_, #call ": something was sent");                      \
        bad_unit_works();                                                                                    \
    } while (0)
void bad_refused_column(int code, int wanted, const char *table, const char *column, const char *call);

/* An out-parameter as it was: an address that is nobody's row. */
extern char bad_mark;
#define UNTOUCHED(type) ((type *)(void *)&bad_mark)
#define IS_UNTOUCHED(pointer) ck_assert_msg((void *)(pointer) == &bad_mark, #pointer " was touched")

int64_t bad_round_trips(trdb_db *db);
void bad_unit_works(void);
/* Every table as text, hashed. */
char *bad_fingerprint(const char *url);
/* Commits what a test did, which must be nothing. */
void bad_nothing_happened(void);

/* A text of so many characters, two bytes each. One at a time. */
const char *bad_text(size_t characters);
trdb_decimal bad_decimal(const char *text);
/* Complete inputs, to be spoilt. */
trdb_trading_trade_new bad_trade_new(void);
trdb_trading_bot_new bad_bot_new(void);
trdb_trading_fill_new bad_fill_new(void);
trdb_trading_position_new bad_position_key(void);
