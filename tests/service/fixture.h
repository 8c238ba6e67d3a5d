/* SPDX-License-Identifier: MIT */
/* What the tests of services share: a database per program, a unit of work per test that is rolled back. */
#pragma once

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

extern char *fix_url;
extern trdb_db *fix_db;
extern trdb_uow *fix_uow;
extern trdb_error *fix_err;

/* A case whose tests find all of the above. */
TCase *fix_case(const char *name);

/* Runs `call` on the unit and expects success, or a failure with a code and a part of its message. */
#define OK(call) ck_ok(call, fix_err)
#define FAILS(call, code, part) ck_fails(call, code, part, fix_err)
/* The same, for errors that are found without the server having failed the unit. */
#define REFUSED(call, code, part)                                                                            \
    do {                                                                                                     \
        FAILS(call, code, part);                                                                             \
        fix_unit_works();                                                                                    \
    } while (0)
/* The same, for errors of the server: the unit is put back to where it was. */
#define SERVER_FAILS(call, code, part)                                                                       \
    do {                                                                                                     \
        OK(trdb_uow_savepoint(fix_uow, &fix_err));                                                           \
        FAILS(call, code, part);                                                                             \
        OK(trdb_uow_rollback_to(fix_uow, &fix_err));                                                         \
    } while (0)
void fix_unit_works(void);

/* Expects a call to take a number of round trips, once its statements are prepared. */
#define TRIPS(expected, call)                                                                                \
    do {                                                                                                     \
        int64_t before_ = fix_round_trips();                                                                 \
        OK(call);                                                                                            \
        ck_assert_msg(fix_round_trips() - before_ == (expected), #call ": %lld round trips, wanted %d",      \
                      (long long)(fix_round_trips() - before_), (expected));                                 \
    } while (0)
int64_t fix_round_trips(void);

trdb_decimal fix_decimal(const char *text);
/* Expects an exact value; NULL for a NULL one. */
#define IS(value, text) fix_is(#value, value, text)
void fix_is(const char *what, trdb_decimal value, const char *text);

int64_t fix_user(void);
/* The user behind a Telegram account, made when there is none. */
int64_t fix_account(const char *telegram_id, const trdb_telegram_profile_new *profile);
int64_t fix_bot(void);
/* Gives a fill. An id of NULL is left to the library. */
trdb_trading_fill_new fix_fill(int32_t action, const char *qty, const char *price, const char *id);
trdb_trading_position_new fix_key(int64_t bot, const char *symbol, int32_t direction);
int64_t fix_count(const char *table);
