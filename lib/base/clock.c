/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "base/text.h"

static int64_t read_clock(clockid_t clock) {
    struct timespec now;
    /* Cannot fail: both clocks exist everywhere and the pointer is good. */
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t trdbi_now_us(void) {
    return read_clock(CLOCK_REALTIME);
}

int64_t trdbi_monotonic_us(void) {
    return read_clock(CLOCK_MONOTONIC);
}
