/* SPDX-License-Identifier: MIT */
/* A unit that two threads use at once: each call is made whole or refused, and what was stored is what was answered. */
#include "pgtest.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"

enum { CALLS = 400 };

static char *url;
static trdb_db *db;

static void setup(void) {
    trdb_error *err = NULL;
    url = harness_database();
    ck_ok(trdb_open(url, NULL, &db, &err), err);
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

static int insert(trdb_uow *uow, const char *key, trdb_telegram_setting **ret, trdb_error **reterr) {
    return trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key, .value = "1"), ret, reterr);
}

static int stored(void) {
    char *text = harness_value(url, "SELECT count(*) FROM telegram_settings");
    int count = atoi(text);
    free(text);
    return count;
}

/* ---- one inside, one that wants to be ------------------------------------------------------------- */

typedef struct intrusion {
    trdb_uow *uow;
    int codes[5];
} intrusion;

static void *intrude(void *arg) {
    intrusion *intruder = arg;
    intruder->codes[0] = insert(intruder->uow, "2", NULL, NULL);
    intruder->codes[1] = trdb_uow_commit(intruder->uow, NULL);
    intruder->codes[2] = trdb_uow_rollback(intruder->uow, NULL);
    intruder->codes[3] = trdb_uow_savepoint(intruder->uow, NULL);
    intruder->codes[4] = trdbi_uow_enter(intruder->uow, NULL);
    return NULL;
}

START_TEST(a_second_thread_is_refused) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    pthread_t thread;
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    intrusion intruder = {.uow = uow};
    ck_ok(trdbi_uow_enter(uow, &err), err);
    ck_ok(insert(uow, "1", NULL, &err), err); /* the thread inside may go on */
    pthread_create(&thread, NULL, intrude, &intruder);
    pthread_join(thread, NULL);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(intruder.codes[i], TRDB_E_STATE);
    trdbi_uow_leave(uow);
    intruder.codes[0] = -1;
    pthread_create(&thread, NULL, intrude, &intruder); /* one after the other is fine */
    pthread_join(thread, NULL);
    ck_assert_int_eq(intruder.codes[0], 0);
    ck_assert_int_eq(intruder.codes[1], 0);
    trdb_uow_free(uow);
    ck_assert_int_eq(stored(), 2);
}
END_TEST

/* ---- both at once --------------------------------------------------------------------------------- */

typedef struct user {
    pthread_t thread;
    trdb_uow *uow;
    atomic_int *ready;
    int number, stored, refused, strange;
} user;

static int call(user *u, int i) {
    TRDB_AUTO(trdb_telegram_setting) *row = NULL;
    char key[32];
    snprintf(key, sizeof key, "%d-%d", u->number, i);
    if (i % 5 == 4)
        return trdb_uow_flush(u->uow, NULL);
    return insert(u->uow, key, i % 3 == 0 ? &row : NULL, NULL);
}

static void *use(void *arg) {
    user *u = arg;
    for (++*u->ready; *u->ready < 2;)
        ;
    for (int i = 0; i < CALLS; i++) {
        int code = call(u, i);
        u->stored += code == 0 && i % 5 != 4;
        u->refused += code == TRDB_E_STATE;
        u->strange += code < 0 && code != TRDB_E_STATE;
    }
    return NULL;
}

START_TEST(a_unit_in_two_threads_at_once) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    atomic_int ready = 0;
    options.flags = _i == 0 ? 0 : TRDB_UOW_PIPELINE;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    user users[2] = {{.uow = uow, .ready = &ready}, {.uow = uow, .ready = &ready, .number = 1}};
    for (int i = 0; i < 2; i++)
        pthread_create(&users[i].thread, NULL, use, &users[i]);
    for (int i = 0; i < 2; i++)
        pthread_join(users[i].thread, NULL);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    ck_assert_int_eq(stored(), users[0].stored + users[1].stored);
    ck_assert_int_eq(users[0].strange + users[1].strange, 0);
    ck_assert_int_gt(users[0].refused + users[1].refused, 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_threads");
    TCase *tcase = tcase_create("uow_threads");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_second_thread_is_refused);
    /* 0: each call at once, 1: pipelined */
    tcase_add_loop_test(tcase, a_unit_in_two_threads_at_once, 0, 2);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
