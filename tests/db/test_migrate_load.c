/* SPDX-License-Identifier: MIT */
/* Tables that change under running programs: columns come, go and change their type while several threads work on
 * them by every kind of call. Nobody sees an error, and nothing is lost or done twice. */
#include "harness.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 8, LEAST_UNITS = 15 };

static char *url;
static trdb_db *db;
static atomic_bool done;

static void setup(void) {
    trdb_error *err = NULL;
    url = harness_database();
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    harness_sql(url, "INSERT INTO telegram_settings VALUES ('shared', '')");
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

typedef struct worker {
    pthread_t thread;
    int number, units, attempts;
    char error[400]; /* the first one that was seen */
} worker;

/* One unit: writes a row of its own, once. */
typedef struct job {
    worker *w;
    uint32_t flags;
    char key[32];
} job;

static int insert(trdb_uow *uow, const job *j, trdb_telegram_setting **ret, trdb_error **reterr) {
    return trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = j->key, .value = "1"), ret, reterr);
}

static int by_single_calls(trdb_uow *uow, const job *j, trdb_error **reterr) {
    TRDB_AUTO(trdb_telegram_setting) *made = NULL, *shared = NULL;
    TRDB_AUTO(trdb_telegram_setting_list) *some = NULL;
    const char *keys[] = {"shared", j->key};
    int r = insert(uow, j, &made, reterr);
    if (r == 0)
        r = trdb_telegram_setting_get(uow, "shared", &shared, reterr);
    if (r == 0)
        r = trdb_telegram_settings_get(uow, keys, 2, &some, reterr);
    return r;
}

static int by_batch(trdb_uow *uow, const job *j, trdb_error **reterr) {
    TRDB_AUTO(trdb_batch) *batch = NULL;
    TRDB_AUTO(trdb_telegram_setting) *made = NULL, *shared = NULL;
    int64_t count = 0;
    int r = trdb_batch_new(uow, &batch, reterr);
    if (r == 0)
        r = trdb_batch_telegram_setting_insert(batch, TRDB_TELEGRAM_SETTING_NEW(.key = j->key, .value = "1"), &made,
                                               reterr);
    if (r == 0)
        r = trdb_batch_telegram_setting_get(batch, "shared", &shared, reterr);
    if (r == 0)
        r = trdb_batch_telegram_settings_count(batch, NULL, &count, reterr);
    return r == 0 ? trdb_batch_run(batch, reterr) : r;
}

static int by_stream(trdb_uow *uow, const job *j, trdb_error **reterr) {
    TRDB_AUTO(trdb_telegram_setting_stream) *stream = NULL;
    const trdb_telegram_setting *row = NULL;
    trdb_stream_options options = trdb_stream_options_init();
    options.batch_rows = 20;
    int r = trdb_telegram_settings_stream(uow, NULL, &options, &stream, reterr);
    for (int i = 0; i < 50 && r == 0; i++) {
        r = trdb_telegram_setting_stream_next(stream, &row, reterr);
        if (r == 0)
            break;
        r = r > 0 ? 0 : r;
    }
    return r < 0 ? r : insert(uow, j, NULL, reterr);
}

static int work_once(trdb_uow *uow, void *arg, trdb_error **reterr) {
    static int (*const ways[])(trdb_uow *, const job *, trdb_error **) = {by_single_calls, by_batch, by_stream};
    const job *j = arg;
    j->w->attempts++;
    return ways[j->w->units % 3](uow, j, reterr);
}

static void *work(void *arg) {
    worker *w = arg;
    static const uint32_t flags[] = {0, TRDB_UOW_PIPELINE, TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT};
    while ((!done || w->units < LEAST_UNITS) && !w->error[0]) {
        trdb_error *err = NULL;
        job j = {.w = w};
        snprintf(j.key, sizeof j.key, "w%d-%d", w->number, w->units);
        trdb_uow_options unit = trdb_uow_options_init();
        unit.flags = flags[w->units / 3 % 3];
        trdb_run_options options = trdb_run_options_init();
        options.uow = &unit;
        if (trdb_run(db, work_once, &j, &options, &err) < 0)
            snprintf(w->error, sizeof w->error, "unit %d: %s", w->units, trdb_error_message(err));
        trdb_error_free(err);
        w->units++;
    }
    return NULL;
}

/* What a program of the old version and one of the new both can live with. */
static const char *const changes[] = {
    "ALTER TABLE telegram_settings ADD extra int8 DEFAULT 7",
    "ALTER TABLE telegram_settings ALTER value TYPE varchar(1000)",
    "ALTER TABLE telegram_settings ALTER key TYPE varchar(200)",
    "ALTER TABLE telegram_settings ALTER extra TYPE text",
    "CREATE INDEX ON telegram_settings (value)",
    "ALTER TABLE telegram_settings DROP extra",
    "ALTER TABLE telegram_settings ALTER value TYPE text, ALTER key TYPE varchar(100)",
};

START_TEST(nobody_sees_an_error) {
    worker workers[THREADS] = {{.number = 0}};
    done = false;
    for (int i = 0; i < THREADS; i++) {
        workers[i].number = i;
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
            harness_sql(url, "%s", changes[i]);
            usleep(20000);
        }
    }
    done = true;
    int units = 0, attempts = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        units += workers[i].units;
        attempts += workers[i].attempts;
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_msg(!workers[i].error[0], "thread %d: %s", i, workers[i].error);
    char *stored = harness_value(url, "SELECT count(*) FROM telegram_settings WHERE key LIKE 'w%%'");
    ck_assert_int_eq(atoi(stored), units);
    free(stored);
    trdb_db_stats stats = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &stats, NULL), 0);
    ck_assert_int_eq(stats.discards, 0);
    printf("# %d units in %d attempts, %d changes of the table\n", units, attempts,
           ROUNDS * (int)(sizeof changes / sizeof changes[0]));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("migrate_load");
    TCase *tcase = tcase_create("migrate_load");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, nobody_sees_an_error);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
