/* SPDX-License-Identifier: MIT */
/* What borrowing a connection costs: no allocation, no round trip, and no look at one that was just used; and
 * who is served when many want one. Linked with --wrap, so that the library's allocations come here. */
#include "pooltest.h"

#include <stdatomic.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);

static atomic_int allocations;

void *__wrap_malloc(size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    atomic_fetch_add(&allocations, 1);
    return __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text) {
    atomic_fetch_add(&allocations, 1);
    return __real_strdup(text);
}

/* Nothing of Check inside: it allocates. False when a call failed. */
static bool checkout(trdb_db *db, bool commit) {
    trdb_uow *uow = NULL;
    bool good = trdb_uow_begin(db, NULL, &uow, NULL) == 0 && (!commit || trdb_uow_commit(uow, NULL) == 0);
    trdb_uow_free(uow);
    return good;
}

START_TEST(a_checkout_allocates_nothing) {
    trdb_db *db = open_with(sized(2, -1));
    for (int commit = 0; commit < 2; commit++) {
        ck_assert(checkout(db, commit));
        int64_t trips = stats_of(db).round_trips;
        int before = atomic_load(&allocations), good = 0;
        for (int i = 0; i < 1000; i++)
            good += checkout(db, commit);
        int made = atomic_load(&allocations) - before;
        ck_assert_int_eq(made, 0);
        ck_assert_int_eq(good, 1000);
        ck_assert_int_eq(stats_of(db).round_trips, trips);
    }
    ck_assert_int_eq(stats_of(db).connects, 1);
    trdb_db_free(db);
}
END_TEST

/* A unit's scratch is kept for the next one, unless it grew large. */
START_TEST(a_unit_starts_clean) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow_options options = trdb_uow_options_init();
    options.acting_user = "17";
    options.isolation = TRDB_ISOLATION_SERIALIZABLE;
    trdb_uow *uow = NULL, *first = NULL;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    first = uow;
    trdbi_statement bad = pgtest_statement("SELECT missing"),
                    user = pgtest_statement("SELECT coalesce(nullif(current_setting('app.current_user_id', "
                                            "true), '')::int8, 0) + CASE WHEN current_setting("
                                            "'transaction_isolation') = 'serializable' THEN 100 ELSE 0 END");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_assert_int_eq(trdbi_uow_run(uow, &bad, NULL, NULL, NULL), TRDB_E_SCHEMA);
    trdb_uow_free(uow);

    uow = begin(db);
    ck_assert_ptr_eq(uow, first);
    trdbi_result *result = NULL;
    int64_t value = -1;
    trdbi_field field = {.name = "value", .kind = TRDBI_I64, .plain = 1};
    ck_ok(trdbi_uow_run(uow, &user, NULL, &result, &err), err);
    ck_ok(trdbi_result_decode(result, 0, &field, sizeof field, 1, NULL, &value, &err), err);
    trdbi_result_free(result);
    ck_assert_int_eq(value, 0);
    ck_fails(trdb_uow_release(uow, &err), TRDB_E_STATE, "no savepoint", err);
    trdb_uow_free(uow);
    trdb_db_free(db);
}
END_TEST

/* Lent unseen, it fails at the first statement, in words that say so, and nothing is lost by running again.
 */
START_TEST(a_trusted_connection_may_be_dead) {
    trdb_error *err = NULL;
    trdb_db_options options = sized(2, -1);
    options.trust_ms = 600000;
    trdb_db *db = open_with(options);
    trdb_uow *uow = begin(db);
    int pid = backend_pid(uow);
    trdb_uow_free(uow);
    terminate(pid);
    uow = begin(db);
    trdbi_statement statement = pgtest_statement("SELECT 1");
    ck_assert_int_eq(trdbi_uow_run(uow, &statement, NULL, NULL, &err), TRDB_E_CONNECTION_LOST);
    ck_assert(trdb_error_retryable(err));
    trdb_error_free(err);
    trdb_uow_free(uow);
    uow = begin(db);
    ck_assert_int_ne(backend_pid(uow), pid);
    trdb_uow_free(uow);
    trdb_db_free(db);
}
END_TEST

enum { CROWD = 50, RUSH = 4, LAPS = 2000 };

START_TEST(fifty_are_served_in_order) {
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = begin(db);
    caller callers[CROWD];
    int turn = 0;
    for (int i = 0; i < CROWD; i++) {
        callers[i] = (caller){.db = db, .turn = &turn};
        pthread_create(&callers[i].thread, NULL, call, &callers[i]);
        wait_for(stats_of(db).waiting == i + 1);
    }
    trdb_uow_free(uow);
    for (int i = 0; i < CROWD; i++) {
        pthread_join(callers[i].thread, NULL);
        ck_assert_int_eq(callers[i].code, 0);
        ck_assert_int_eq(callers[i].order, i + 1);
    }
    ck_assert_int_eq(stats_of(db).connects, 1);
    trdb_db_free(db);
}
END_TEST

typedef struct hog {
    pthread_t thread;
    trdb_db *db;
    atomic_bool *stop;
    int64_t laps;
} hog;

static void *hog_it(void *arg) {
    hog *self = arg;
    for (; !atomic_load(self->stop); self->laps++)
        (void)checkout(self->db, false);
    return NULL;
}

/* Threads that borrow all the time do not keep one that waits from its turn. */
START_TEST(nobody_is_starved) {
    trdb_db_options options = sized(1, -1);
    options.pool_timeout_ms = 60000;
    trdb_db *db = open_with(options);
    atomic_bool stop = false;
    hog hogs[RUSH];
    for (int i = 0; i < RUSH; i++) {
        hogs[i] = (hog){.db = db, .stop = &stop};
        pthread_create(&hogs[i].thread, NULL, hog_it, &hogs[i]);
    }
    for (int i = 0; i < LAPS; i++)
        ck_assert(checkout(db, false));
    atomic_store(&stop, true);
    int64_t laps = LAPS;
    for (int i = 0; i < RUSH; i++) {
        pthread_join(hogs[i].thread, NULL);
        laps += hogs[i].laps;
    }
    trdb_db_stats stats = stats_of(db);
    ck_assert_int_eq(stats.checkouts, laps);
    ck_assert_int_eq(stats.waiting, 0);
    ck_assert_int_eq(stats.idle, 1);
    trdb_db_free(db);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool_cost");
    TCase *tcase = tcase_create("pool_cost");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_checkout_allocates_nothing);
    tcase_add_test(tcase, a_unit_starts_clean);
    tcase_add_test(tcase, a_trusted_connection_may_be_dead);
    tcase_add_test(tcase, fifty_are_served_in_order);
    tcase_add_test(tcase, nobody_is_starved);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
