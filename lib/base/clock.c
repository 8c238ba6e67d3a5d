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

int64_t trdbi_coarse_us(void) {
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t trdbi_chance(const void *salt) {
    /* SplitMix64 */
    uint64_t x = (uint64_t)trdbi_monotonic_us() * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)(uintptr_t)salt;
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}
