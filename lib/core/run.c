/* SPDX-License-Identifier: MIT */
/* A whole unit of work, run again where that is safe. */
#include "core/pool.h"

#include "base/text.h"

#include <time.h>

enum { ATTEMPTS = 5, FIRST_PAUSE_MS = 10, LONGEST_PAUSE_MS = 1000 };

static int take_options(trdb_run_options *copy, const trdb_run_options *options, trdb_error **reterr) {
    int r = trdbi_copy_struct(copy, sizeof *copy, options, "trdb_run_options", reterr);
    if (r < 0)
        return r;
    if (copy->attempts < 0 || copy->first_pause_ms < 0 || copy->longest_pause_ms < 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_run_options: numbers must not be negative");
    if (copy->reserved != 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_run_options: reserved is not zero");
    copy->attempts = copy->attempts ? copy->attempts : ATTEMPTS;
    copy->first_pause_ms = copy->first_pause_ms ? copy->first_pause_ms : FIRST_PAUSE_MS;
    copy->longest_pause_ms = copy->longest_pause_ms ? copy->longest_pause_ms : LONGEST_PAUSE_MS;
    return 0;
}

/* The pause doubles with each attempt; half of it is left to chance, so that those who collided part. */
static void rest(const trdb_run_options *options, int attempt) {
    int64_t pause_us = (int64_t)options->first_pause_ms * 1000,
            most_us = (int64_t)options->longest_pause_ms * 1000;
    for (int i = 1; i < attempt && pause_us < most_us; i++)
        pause_us *= 2;
    pause_us = pause_us < most_us ? pause_us : most_us;
    pause_us -= (int64_t)(trdbi_chance(options) % ((uint64_t)pause_us / 2 + 1));
    struct timespec time = {.tv_sec = pause_us / 1000000, .tv_nsec = pause_us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

static int run_once(trdb_db *db, const trdb_uow_options *options, trdb_unit_fn fn, void *arg, bool *ret_begun,
                    trdb_error **reterr) {
    trdb_uow *uow = NULL;
    int r = trdb_uow_begin(db, options, &uow, reterr);
    *ret_begun = r == 0;
    if (r < 0)
        return r;
    r = fn(uow, arg, reterr);
    if (r == 0)
        r = trdb_uow_commit(uow, reterr);
    trdb_uow_free(uow);
    return r;
}

/* Nothing was stored, and the same may go well the next time. A server that went away under an earlier
 * attempt may take a while to be back. */
static bool worth_another(int code, const trdb_error *error, bool begun, int attempt) {
    if (trdb_error_retryable(error))
        return true;
    switch (code) {
    case TRDB_E_SERIALIZATION:
    case TRDB_E_DEADLOCK:
    case TRDB_E_CONNECTION_LOST:
        return true;
    case TRDB_E_CONNECT:
        return !begun && attempt > 1;
    default:
        return false;
    }
}

int trdb_run(trdb_db *db, trdb_unit_fn fn, void *arg, const trdb_run_options *options, trdb_error **reterr) {
    trdb_run_options o;
    if (!fn)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_run: the function is NULL");
    int r = take_options(&o, options, reterr);
    if (r < 0)
        return r;
    for (int attempt = 1;; attempt++) {
        trdb_error *error = NULL;
        bool begun = false;
        r = run_once(db, o.uow, fn, arg, &begun, &error);
        if (r >= 0 || attempt >= o.attempts || !worth_another(r, error, begun, attempt)) {
            if (r < 0 && error)
                trdbi_error_hand(reterr, error);
            else
                trdb_error_free(error);
            return r;
        }
        trdb_error_free(error);
        rest(&o, attempt);
    }
}
