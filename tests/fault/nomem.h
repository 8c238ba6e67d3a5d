/* SPDX-License-Identifier: MIT */
/*
 * Out of memory: the same call with its first, second … allocation refused, until it gets through. The
 * program has a malloc() of its own, so that this reaches into libpq and the C library as well. No allocation is
 * refused of GLib, which aborts when memory runs out (lib/service/cron_zone.c says so), nor of json-c, whose
 * 0.16 crashes when there is none for the name of a member.
 */
#pragma once

#include "harness.h"

#include <stdatomic.h>

/* ---- allocations ------------------------------------------------------------------------------------- */

/* Refuses the n-th allocation from now on of this thread, or the n-th that the library itself makes. */
void nomem_refuse(int n, bool own);
/* Ends that; tells whether it came to a refusal. */
bool nomem_ended(void);
/* Blocks that were allocated and not freed, by anybody. */
long nomem_live(void);

/* ---- sweeps ------------------------------------------------------------------------------------------ */

/* What a call finds: a database with one of everything, a unit of work that is rolled back. */
typedef struct nomem {
    const char *url;
    const char *directory; /* of a chain of migrations */
    trdb_db *db;
    trdb_uow *uow;
    int64_t user, bot, idle_bot, position, trade, schedule, run, alert, telegram_alert, report, feedback;
} nomem;

/* One public function. It gives what the function gave, frees what it got, and fails the test when the
 * function touched its out-parameters without having succeeded. */
typedef struct nomem_call {
    const char *name;
    int (*call)(nomem *at, trdb_error **err);
    int also;   /* a further code that may be answered when memory runs out; 0: TRDB_E_NOMEM alone */
    bool alone; /* opens what it needs; at->db and at->uow are NULL */
    bool deep;  /* refuses inside libpq and json-c in the short form as well */
    bool fresh; /* each attempt has a connection of its own, which prepares and keeps its statements */
} nomem_call;

extern const nomem_call nomem_core[], nomem_entities[], nomem_trading[], nomem_users[], nomem_jobs[],
    nomem_telegram[];

/* Sweeps the calls of a list, which ends with a NULL name. `own`: only through the allocations that the
 * library makes itself. */
void nomem_sweep(nomem *at, const nomem_call *calls, bool own);

/* An out-parameter as it was. */
extern char nomem_mark;
#define NOMEM_UNTOUCHED(type) ((type *)(void *)&nomem_mark)

/* A function that gives a row, a list or another handle. */
#define NOMEM_GIVES(type, name, ...)                                                                         \
    static int name(nomem *at, trdb_error **err) {                                                           \
        type *ret = NOMEM_UNTOUCHED(type);                                                                   \
        int code = __VA_ARGS__;                                                                              \
        (void)at;                                                                                            \
        nomem_check(#name, code, (void *)ret == &nomem_mark);                                                \
        if (code == 0)                                                                                       \
            type##_free(ret);                                                                                \
        return code;                                                                                         \
    }
/* One that fills a plain value. */
#define NOMEM_FILLS(type, name, ...)                                                                         \
    static int name(nomem *at, trdb_error **err) {                                                           \
        type ret, was;                                                                                       \
        memset(&ret, 0x5A, sizeof ret);                                                                      \
        memcpy(&was, &ret, sizeof was);                                                                      \
        int code = __VA_ARGS__;                                                                              \
        (void)at;                                                                                            \
        if (code < 0)                                                                                        \
            nomem_check(#name, code, memcmp(&ret, &was, sizeof ret) == 0);                                   \
        return code;                                                                                         \
    }
/* One that gives nothing. */
#define NOMEM_DOES(name, ...)                                                                                \
    static int name(nomem *at, trdb_error **err) {                                                           \
        return __VA_ARGS__;                                                                                  \
    }
void nomem_check(const char *name, int code, bool untouched);
