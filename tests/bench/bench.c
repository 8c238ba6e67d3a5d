/* SPDX-License-Identifier: MIT */
/*
 * bench URL BOT_ID ROUNDS SCALE: runs every workload ROUNDS times with both peers in turn, A B B A …, and
 * prints the median microseconds per operation and its ratio to libpq, separated by tabs. SCALE divides the
 * operations.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void bench_trade(size_t n, char price[32], char size[32]) {
    snprintf(price, 32, "%zu.%08zu", 40000 + n % 20000, n * 7907 % 100000000);
    snprintf(size, 32, "0.%08zu", 1 + n * 104729 % 99999999);
}

typedef int (*operation)(void *state, size_t count);

typedef struct workload {
    const char *name;
    size_t count;
    operation operations[2]; /* of libpq and of the library */
} workload;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, compare);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

static void measure(const workload *w, void *const states[2], size_t rounds, size_t scale) {
    size_t count = w->count / scale > 0 ? w->count / scale : 1;
    double *times[2] = {calloc(rounds, sizeof(double)), calloc(rounds, sizeof(double))};
    for (size_t round = 0; round <= rounds; round++) { /* the first one warms up */
        for (size_t turn = 0; turn < 2; turn++) {
            size_t who = (turn + round) % 2;
            double started = now();
            if (w->operations[who](states[who], count) < 0)
                exit(1);
            if (round > 0)
                times[who][round - 1] = (now() - started) / (double)count;
        }
    }
    double base = median(times[0], rounds), library = median(times[1], rounds);
    printf("%s\tlibpq\t%.2f\t1.00\n%s\ttradingdb\t%.2f\t%.2f\n", w->name, base, w->name, library,
           library / base);
    fflush(stdout);
    free(times[0]);
    free(times[1]);
}

int main(int argc, char **argv) {
    if (argc != 5) {
        fprintf(stderr, "usage: bench URL BOT_ID ROUNDS SCALE\n");
        return 2;
    }
    int64_t bot_id = atoll(argv[2]);
    size_t rounds = (size_t)atoll(argv[3]), scale = (size_t)atoll(argv[4]);
    const peer *a = &libpq_peer, *b = &library_peer;
    const workload workloads[] = {
        {"insert-one", 2000, {a->insert_one, b->insert_one}},
        {"get-by-id", 5000, {a->get_by_id, b->get_by_id}},
        {"unit-of-work", 1000, {a->unit_of_work, b->unit_of_work}},
        {"bulk-insert", 10000, {a->bulk_insert, b->bulk_insert}},
        {"scan", 100000, {a->scan, b->scan}},
    };
    void *states[2] = {a->open(argv[1], bot_id), b->open(argv[1], bot_id)};
    printf("workload\tpeer\tmedian\tratio_to_libpq\n");
    for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
        measure(&workloads[i], states, rounds, scale);
    a->close(states[0]);
    b->close(states[1]);
    return 0;
}
