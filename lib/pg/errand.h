/* SPDX-License-Identifier: MIT */
/* Work that may hang in the system, such as resolving a name: a thread does it, and is left behind when it
 * takes too long. */
#pragma once

#include "pg/pg.h"

typedef enum trdbi_errand_end {
    TRDBI_ERRAND_DONE,
    TRDBI_ERRAND_LATE,
    TRDBI_ERRAND_CANCELLED,
    TRDBI_ERRAND_UNABLE /* no thread, no memory or no descriptor: it was not begun */
} trdbi_errand_end;

/* Runs run(arg) in a thread of its own until the deadline (monotonic). DONE and UNABLE: `arg` is the caller's
 * again. Otherwise it is the thread's, which hands it to drop() when it is back; the caller must not touch
 * it, nor what it refers to. */
trdbi_errand_end trdbi_errand_run(void (*run)(void *arg), void (*drop)(void *arg), void *arg,
                                  int64_t deadline_us, const trdb_canceller *canceller);
