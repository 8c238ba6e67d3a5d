/* SPDX-License-Identifier: MIT */
#include "trade.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const symbols[] = {"BTCUSDT", "ETHUSDT", "SOLUSDT", "BNBUSDT",
                                      "XRPUSDT", "ADAUSDT", "DOGEUSDT", "LTCUSDT"};

static void fill(trade *t, int64_t i) {
    *t = (trade){.position_id = 1 + i % 1000, .is_short = i % 2 != 0};
    t->entry_us = INT64_C(1704067200000000) + i * 60000000;
    t->exit_us = t->entry_us + INT64_C(3600000000);
    t->amounts[AMOUNT_ENTRY] = INT64_C(3000000012345) + i % 10007 * 1000000;
    t->amounts[AMOUNT_EXIT] = t->amounts[AMOUNT_ENTRY] + (i % 2001 - 1000) * 100000;
    t->amounts[AMOUNT_SIZE] = 5000000 + i % 100 * 1000;
    t->amounts[AMOUNT_COMMISSION] = 123456 + i % 1000;
    t->amounts[AMOUNT_GROSS] = (i % 2001 - 1000) * 5000;
    t->amounts[AMOUNT_NET] = t->amounts[AMOUNT_GROSS] - 123456;
    t->amounts[AMOUNT_PERCENT] = (i % 2001 - 1000) * 10000;
    snprintf(t->metadata, sizeof t->metadata, "{\"n\": %d, \"signal\": 0.73, \"source\": \"bench\"}", (int)(i % 1000));
    const char *texts[TEXT_COUNT] = {
        [TEXT_STRATEGY] = "momentum_v2", [TEXT_ENTRY] = "rsi_bb_volume", [TEXT_EXIT] = "atr_trailing",
        [TEXT_SYMBOL] = symbols[i % 8],  [TEXT_INTERVAL] = "1h",         [TEXT_REASON] = "take_profit",
        [TEXT_METADATA] = t->metadata,
    };
    memcpy(t->texts, texts, sizeof texts);
}

trade *bench_trades(size_t count) {
    trade *trades = calloc(count, sizeof *trades);
    if (!trades)
        bench_die("out of memory");
    for (size_t i = 0; i < count; i++)
        fill(&trades[i], (int64_t)i);
    return trades;
}

int64_t bench_random(uint32_t *state, int64_t most) {
    *state = *state * 1664525u + 1013904223u;
    return 1 + (int64_t)(*state >> 4) % most;
}

/* ---- measuring ------------------------------------------------------------------------------------ */

static struct {
    int backend;
    double wall, client, server, base_mb;
} begun;

static double seconds(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* CPU time of a server process; of the peer's alone, which is all that it may see without privileges. */
static double server_seconds(int pid) {
    char path[64];
    unsigned long long ns = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    FILE *file = pid > 0 ? fopen(path, "r") : NULL;
    if (file) {
        if (fscanf(file, "%llu", &ns) != 1)
            ns = 0;
        fclose(file);
    }
    return (double)ns * 1e-9;
}

/* A line of /proc/self/status in megabytes. */
static double memory_mb(const char *key) {
    char line[256];
    double value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof line, file))
        if (strncmp(line, key, strlen(key)) == 0)
            value = atof(line + strlen(key)) / 1024;
    if (file)
        fclose(file);
    return value;
}

void bench_start(int backend) {
    begun.backend = backend;
    begun.base_mb = memory_mb("VmRSS:");
    begun.server = server_seconds(backend);
    begun.wall = seconds(CLOCK_MONOTONIC);
    begun.client = seconds(CLOCK_PROCESS_CPUTIME_ID);
}

void bench_report(size_t operations) {
    double client = seconds(CLOCK_PROCESS_CPUTIME_ID) - begun.client;
    double wall = seconds(CLOCK_MONOTONIC) - begun.wall;
    double server = server_seconds(begun.backend) - begun.server;
    printf("{\"ops\": %zu, \"wall\": %.6f, \"cpu\": %.6f, \"srv\": %.6f, \"peak_mb\": %.1f, \"base_mb\": %.1f}\n",
           operations, wall, client, server, memory_mb("VmHWM:"), begun.base_mb);
}

void bench_die(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    exit(1);
}
