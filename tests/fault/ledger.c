/* SPDX-License-Identifier: MIT */
/*
 * Writes numbered units until it is told to stop, and keeps a journal of what it was answered:
 *
 *   ledger CONNINFO JOURNAL THREADS FIRST [UNITS]
 *
 * A unit n is a row of telegram_settings under the key `unit-n` and ROWS rows of telegram_broadcast_logs. How it
 * is written depends on n: see ways[]. A line is on the disk before the next step:
 *
 *   trying n way us        before the unit begins
 *   acknowledged|aborted|in-doubt n way us code message
 *
 * Times are of the monotonic clock. SIGTERM ends it after the units under way.
 */
#include <tradingdb/tradingdb.h>

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = 3, MAX_THREADS = 64 };
enum { UNIT_MS = 1500, RUN_MS = 6000, RESOLVE_MS = 6000, POOL_MS = 2000 };

/* The ways in which units are written. */
static const struct way {
    const char *name;
    uint32_t flags;
    bool witness;
} ways[] = {
    {"default", 0, false},
    {"fast+witness", TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT, true},
    {"pipeline", TRDB_UOW_PIPELINE, false},
    {"default+witness", 0, true},
    {"pipeline+witness", TRDB_UOW_PIPELINE, true},
    {"fast+witness", TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT, true},
    {"pipeline+witness", TRDB_UOW_PIPELINE, true},
    {"fast", TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT, false},
};
enum { WAYS = sizeof ways / sizeof *ways };

static trdb_db *db;
static int journal;
static atomic_long next_unit;
static long last_unit;
static volatile sig_atomic_t stopping;

static void stop(int number) {
    (void)number;
    stopping = 1;
}

static long long now_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* One write() of a line to a file in append mode: lines of threads do not mix. */
static void note(const char *what, long n, const char *more) {
    char line[512];
    int size = snprintf(line, sizeof line - 1, "%s %ld %s %lld %s", what, n, ways[n % WAYS].name, now_us(), more);
    size = size < (int)sizeof line - 1 ? size : (int)sizeof line - 2;
    line[size++] = '\n';
    if (write(journal, line, (size_t)size) != size || fdatasync(journal) != 0) {
        perror("journal");
        _exit(1);
    }
}

static int write_unit(trdb_uow *uow, void *arg, trdb_error **reterr) {
    long n = *(const long *)arg;
    char key[32], number[32];
    snprintf(key, sizeof key, "unit-%ld", n);
    snprintf(number, sizeof number, "%ld", n);
    int r = 0;
    if (ways[n % WAYS].witness)
        r = trdb_uow_set_witness(uow, "telegram_settings", "key", key, reterr);
    for (int i = 0; i < ROWS && r == 0; i++)
        r = trdb_telegram_broadcast_log_insert(
            uow, TRDB_TELEGRAM_BROADCAST_LOG_NEW(.message = number, .sent_by = "ledger"), NULL, reterr);
    if (r == 0)
        r = trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key, .value = number), NULL,
                                         reterr);
    return r;
}

static void one_unit(long n) {
    char more[400];
    trdb_error *error = NULL;
    trdb_uow_options unit = trdb_uow_options_init();
    unit.flags = ways[n % WAYS].flags;
    unit.timeout_ms = UNIT_MS;
    unit.resolve_timeout_ms = RESOLVE_MS;
    trdb_run_options options = trdb_run_options_init();
    options.uow = &unit;
    options.attempts = 20;
    options.total_timeout_ms = RUN_MS;
    options.longest_pause_ms = 200;

    note("trying", n, "");
    int code = trdb_run(db, write_unit, &n, &options, &error);
    snprintf(more, sizeof more, "%s %s", trdb_error_code_name(code), code < 0 ? trdb_error_message(error) : "");
    for (char *p = more; *p; p++)
        *p = *p == '\n' ? ' ' : *p;
    note(code == 0 ? "acknowledged" : code == TRDB_E_IN_DOUBT ? "in-doubt" : "aborted", n, more);
    trdb_error_free(error);
    if (code == TRDB_E_CONNECT) /* nobody is there: no need to hammer */
        usleep(20000);
}

static void *work(void *arg) {
    (void)arg;
    while (!stopping) {
        long n = atomic_fetch_add(&next_unit, 1);
        if (n > last_unit)
            break;
        one_unit(n);
    }
    return NULL;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: ledger CONNINFO JOURNAL THREADS FIRST [UNITS]\n");
        return 2;
    }
    int threads = atoi(argv[3]) < MAX_THREADS ? atoi(argv[3]) : MAX_THREADS;
    long first = atol(argv[4]);
    atomic_init(&next_unit, first);
    last_unit = argc > 5 ? first + atol(argv[5]) - 1 : __LONG_MAX__;
    journal = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);

    trdb_error *error = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.flags = TRDB_OPEN_LAZY;
    options.pool_size = threads;
    options.pool_timeout_ms = POOL_MS;
    options.connect_timeout_ms = POOL_MS;
    if (journal < 0 || trdb_open(argv[1], &options, &db, &error) < 0) {
        fprintf(stderr, "ledger: %s\n", journal < 0 ? "no journal" : trdb_error_message(error));
        return 1;
    }
    pthread_t ids[MAX_THREADS];
    for (int i = 0; i < threads; i++)
        pthread_create(&ids[i], NULL, work, NULL);
    for (int i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    trdb_db_free(db);
    close(journal);
    return 0;
}
