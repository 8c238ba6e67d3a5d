/* SPDX-License-Identifier: MIT */
#include "nomem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

char nomem_mark;

/* Not from inside a sweep, where Check could not even allocate its message. */
static const char *complaint;
static int faults;
static bool own_only;

void nomem_check(const char *name, int code, bool untouched) {
    if ((code < 0) != untouched)
        complaint = name;
}

/* Statements are prepared by every call anew, so that each attempt makes the same allocations. */
static void open_database(nomem *at, const nomem_call *call) {
    trdb_error *err = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.statement_cache = call->fresh ? 0 : -1;
    if (!call->alone)
        ck_ok(trdb_open(at->url, &options, &at->db, &err), err);
}

static void close_database(nomem *at) {
    trdb_db_free(at->db);
    at->db = NULL;
}

static void begin_unit(nomem *at, const nomem_call *call) {
    trdb_error *err = NULL;
    if (!call->alone)
        ck_ok(trdb_uow_begin(at->db, NULL, &at->uow, &err), err);
}

static void end_unit(nomem *at) {
    trdb_uow_free(at->uow);
    at->uow = NULL;
}

/* The call with all the memory it wants, in a unit of its own. */
static void call_freely(nomem *at, const nomem_call *call) {
    trdb_error *err = NULL;
    begin_unit(at, call);
    int code = call->call(at, &err);
    ck_assert_msg(code >= 0, "%s: %s", call->name, trdb_error_message(err));
    end_unit(at);
}

/* All that is wrong with a list is told before the test fails. */
__attribute__((format(printf, 3, 4))) static void wrong(const nomem_call *call, int n, const char *format,
                                                        ...) {
    va_list args;
    printf("# %s, allocation %d: ", call->name, n);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    faults++;
}

/* A libpq that has no memory for what it must write gives its connection up, and COMMIT says that it was not sent. */
static bool may_be_lost(const nomem_call *call, int code) {
    return code == TRDB_E_CONNECTION_LOST && (!own_only || call->deep);
}

static void judge(const nomem_call *call, int n, bool refused, int code, const trdb_error *err) {
    if (code < 0 && !refused)
        wrong(call, n, "with all its memory: %s", trdb_error_message(err));
    else if (code < 0 && code != TRDB_E_NOMEM && !(call->also && code == call->also) && !may_be_lost(call, code))
        wrong(call, n, "%s: %s", trdb_error_code_name(code), trdb_error_message(err));
    if (code < 0 && trdb_error_code(err) != code)
        wrong(call, n, "the error has another code than was returned");
    if (complaint)
        wrong(call, n, "%s touched an out-parameter, or did not fill it", complaint);
}

/* Refuses the n-th allocation of a call; false when it has fewer. */
static bool refuse(nomem *at, const nomem_call *call, int n) {
    trdb_error *err = NULL;
    begin_unit(at, call);
    complaint = NULL;
    nomem_refuse(n, own_only && !call->deep);
    int code = call->call(at, &err);
    bool refused = nomem_ended();
    judge(call, n, refused, code, err);
    trdb_error_free(err);
    end_unit(at);
    if (refused)
        call_freely(at, call);
    return refused;
}

static void sweep(nomem *at, const nomem_call *call) {
    /* What is loaded or made once in a process is no leak. */
    open_database(at, call);
    call_freely(at, call);
    close_database(at);
    long live = nomem_live();
    int n = 1;
    open_database(at, call);
    while (refuse(at, call, n)) {
        n++;
        if (call->fresh) {
            close_database(at);
            open_database(at, call);
        }
    }
    close_database(at);
    if (nomem_live() != live)
        wrong(call, n, "%ld blocks are left", nomem_live() - live);
    printf("# %s: %d allocations\n", call->name, n - 1);
    fflush(stdout);
}

void nomem_sweep(nomem *at, const nomem_call *calls, bool own) {
    faults = 0;
    own_only = own;
    const char *only = getenv("TRDB_FAULT_ONLY"); /* one function, to look into */
    for (; calls->name; calls++)
        if (!only || strcmp(only, calls->name) == 0)
            sweep(at, calls);
    ck_assert_msg(faults == 0, "%d faults, see above", faults);
}
