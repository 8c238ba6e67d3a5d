/* SPDX-License-Identifier: MIT */
/* A whole unit of work, run again where that is safe. */
#include "core/pool.h"

#include "base/text.h"

#include <time.h>

enum { ATTEMPTS = 5, FIRST_PAUSE_MS = 10, LONGEST_PAUSE_MS = 1000 };

/* A run under way. */
typedef struct running {
    trdb_run_options options;
    trdb_uow_options unit;
    int64_t deadline_us; /* INT64_MAX: none */
} running;

static int take_options(trdb_run_options *copy, const trdb_run_options *options, trdb_error **reterr) {
    int r = trdbi_copy_struct(copy, sizeof *copy, options, "trdb_run_options", reterr);
    if (r < 0)
        return r;
    if (copy->attempts < 0 || copy->first_pause_ms < 0 || copy->longest_pause_ms < 0 || copy->total_timeout_ms < 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_run_options: numbers must not be negative");
    copy->attempts = copy->attempts ? copy->attempts : ATTEMPTS;
    copy->first_pause_ms = copy->first_pause_ms ? copy->first_pause_ms : FIRST_PAUSE_MS;
    copy->longest_pause_ms = copy->longest_pause_ms ? copy->longest_pause_ms : LONGEST_PAUSE_MS;
    return 0;
}

static int start(running *run, const trdb_run_options *options, trdb_error **reterr) {
    int r = take_options(&run->options, options, reterr);
    if (r == 0)
        r = trdbi_copy_struct(&run->unit, sizeof run->unit, run->options.uow, "trdb_uow_options", reterr);
    run->deadline_us = INT64_MAX;
    if (r == 0 && run->options.total_timeout_ms > 0)
        run->deadline_us = trdbi_monotonic_us() + (int64_t)run->options.total_timeout_ms * 1000;
    return r;
}

/* What is left of the time, for the next attempt: at least a millisecond, since 0 is no limit. */
static trdb_uow_options next_unit(const running *run) {
    trdb_uow_options unit = run->unit;
    if (run->deadline_us < INT64_MAX) {
        int64_t left_ms = (run->deadline_us - trdbi_monotonic_us()) / 1000;
        int32_t most_ms = left_ms > 1 ? (int32_t)left_ms : 1;
        unit.timeout_ms = unit.timeout_ms > 0 && unit.timeout_ms < most_ms ? unit.timeout_ms : most_ms;
    }
    return unit;
}

/* The pause doubles with each attempt; half of it is left to chance, so that those who collided part. */
static int64_t pause_after(const trdb_run_options *options, int attempt) {
    int64_t pause_us = (int64_t)options->first_pause_ms * 1000,
            most_us = (int64_t)options->longest_pause_ms * 1000;
    for (int i = 1; i < attempt && pause_us < most_us; i++)
        pause_us *= 2;
    pause_us = pause_us < most_us ? pause_us : most_us;
    return pause_us - (int64_t)(trdbi_chance(options) % ((uint64_t)pause_us / 2 + 1));
}

/* Rests before the next attempt; false when that would begin too late. */
static bool rest(const running *run, int attempt) {
    int64_t pause_us = pause_after(&run->options, attempt);
    if (run->deadline_us < INT64_MAX && trdbi_monotonic_us() + pause_us >= run->deadline_us)
        return false;
    struct timespec time = {.tv_sec = pause_us / 1000000, .tv_nsec = pause_us % 1000000 * 1000};
    nanosleep(&time, NULL);
    return true;
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
    running run;
    if (!fn)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_run: the function is NULL");
    int r = start(&run, options, reterr);
    if (r < 0)
        return r;
    for (int attempt = 1;; attempt++) {
        trdb_error *error = NULL;
        bool begun = false;
        const trdb_uow_options unit = next_unit(&run);
        r = run_once(db, &unit, fn, arg, &begun, &error);
        if (r >= 0 || attempt >= run.options.attempts || !worth_another(r, error, begun, attempt) ||
            !rest(&run, attempt)) {
            if (r < 0 && error)
                trdbi_error_hand(reterr, error);
            else
                trdb_error_free(error);
            return r;
        }
        trdb_error_free(error);
    }
}
