/* SPDX-License-Identifier: MIT */
/* trdb_run(): which failures run a unit again, and how often. */
#include "pgtest.h"

#include <pthread.h>
#include <unistd.h>

#include "core/core.h"

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

/* A unit that writes its attempt and then fails, `failures` times. */
typedef struct plan {
    int attempts;
    int failures;
    const char *how;
} plan;

static int write_attempt(trdb_uow *uow, int attempt, trdb_error **reterr) {
    char key[16];
    snprintf(key, sizeof key, "%d", attempt);
    return trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key), NULL, reterr);
}

static int fail_by_sql(trdb_uow *uow, void *arg, trdb_error **reterr) {
    plan *p = arg;
    int code = write_attempt(uow, ++p->attempts, reterr);
    if (code < 0 || p->attempts > p->failures)
        return code;
    trdbi_statement statement = pgtest_statement(p->how);
    return trdbi_uow_run(uow, &statement, NULL, NULL, reterr);
}

static trdb_run_options quick(int attempts) {
    trdb_run_options options = trdb_run_options_init();
    options.attempts = attempts;
    options.first_pause_ms = 1;
    options.longest_pause_ms = 2;
    return options;
}

static void ck_settings(const char *expected) {
    char *got =
        harness_value(url, "SELECT coalesce(string_agg(key, ' ' ORDER BY key), '') FROM telegram_settings");
    ck_assert_str_eq(got, expected);
    free(got);
}

#define RAISE(state) "DO $$ BEGIN RAISE SQLSTATE '" state "'; END $$"

START_TEST(runs_again_after_a_collision) {
    trdb_error *err = NULL;
    const char *const ways[] = {RAISE("40001"), RAISE("40P01"),
                                "SELECT pg_terminate_backend(pg_backend_pid())"};
    for (size_t i = 0; i < 3; i++) {
        plan p = {.failures = 2, .how = ways[i]};
        trdb_run_options options = quick(3);
        ck_ok(trdb_run(db, fail_by_sql, &p, &options, &err), err);
        ck_assert_ptr_null(err);
        ck_assert_int_eq(p.attempts, 3);
        ck_settings("3"); /* the other attempts left nothing */
        harness_sql(url, "DELETE FROM telegram_settings");
    }
}
END_TEST

START_TEST(attempts_are_bounded) {
    trdb_error *err = NULL;
    plan p = {.failures = 100, .how = RAISE("40001")};
    trdb_run_options options = quick(4);
    ck_assert_int_eq(trdb_run(db, fail_by_sql, &p, &options, &err), TRDB_E_SERIALIZATION);
    ck_assert_int_eq(p.attempts, 4);
    ck_assert_int_eq(trdb_error_code(err), TRDB_E_SERIALIZATION);
    trdb_error_free(err);
    p = (plan){.failures = 100, .how = RAISE("40001")};
    ck_assert_int_eq(trdb_run(db, fail_by_sql, &p, NULL, NULL), TRDB_E_SERIALIZATION);
    ck_assert_int_eq(p.attempts, 5);
    ck_settings("");
}
END_TEST

START_TEST(other_failures_end_it) {
    trdb_error *err = NULL;
    plan p = {.failures = 1, .how = RAISE("23505")};
    ck_assert_int_eq(trdb_run(db, fail_by_sql, &p, NULL, &err), TRDB_E_DUPLICATE);
    ck_assert_int_eq(p.attempts, 1);
    trdb_error_free(err);
    err = NULL;
    ck_fails(trdb_run(db, NULL, NULL, NULL, &err), TRDB_E_INVALID, "function", err);
    ck_fails(trdb_run(NULL, fail_by_sql, &p, NULL, &err), TRDB_E_INVALID, "NULL", err);
    trdb_run_options options = quick(-1);
    ck_fails(trdb_run(db, fail_by_sql, &p, &options, &err), TRDB_E_INVALID, "negative", err);
    ck_assert_int_eq(p.attempts, 1);
}
END_TEST

static int answer(trdb_uow *uow, void *arg, trdb_error **reterr) {
    int code = write_attempt(uow, 1, reterr);
    return code < 0 ? code : *(int *)arg;
}

START_TEST(a_number_of_its_own_rolls_back) {
    trdb_error *err = NULL;
    int seven = 7, zero = 0;
    ck_assert_int_eq(trdb_run(db, answer, &seven, NULL, &err), 7);
    ck_assert_ptr_null(err);
    ck_settings("");
    ck_assert_int_eq(trdb_run(db, answer, &zero, NULL, &err), 0);
    ck_settings("1");
}
END_TEST

/* Ends its session inside COMMIT: with the outcome looked up it may be run again, in doubt it may not. */
START_TEST(a_commit_in_doubt_is_not_repeated) {
    trdb_error *err = NULL;
    harness_sql(url,
                "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN IF NEW.key <> '3' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; "
                "RETURN NULL; END $$;"
                "CREATE CONSTRAINT TRIGGER end_session AFTER INSERT ON telegram_settings DEFERRABLE "
                "INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION end_session()");
    plan p = {.failures = 0};
    trdb_run_options options = quick(5);
    ck_ok(trdb_run(db, fail_by_sql, &p, &options, &err), err);
    ck_assert_int_eq(p.attempts, 3);
    ck_settings("3");

    p = (plan){.failures = 0};
    trdb_uow_options unit = trdb_uow_options_init();
    unit.resolve_timeout_ms = -1;
    options.uow = &unit;
    ck_assert_int_eq(trdb_run(db, fail_by_sql, &p, &options, &err), TRDB_E_IN_DOUBT);
    ck_assert_int_eq(p.attempts, 1);
    ck_assert(trdb_error_in_doubt(err));
    trdb_error_free(err);
}
END_TEST

/* Two sessions that read and write each other's row, serializable: one of them has to be run again. */
static int cross_write(trdb_uow *uow, void *arg, trdb_error **reterr) {
    const char *const *keys = arg;
    TRDB_AUTO(trdb_telegram_setting) *row = NULL;
    int code = trdb_telegram_setting_get(uow, keys[0], &row, reterr);
    if (code == 0) {
        usleep(20000);
        code = trdb_telegram_setting_patch(
            uow, keys[1], TRDB_TELEGRAM_SETTING_NEW(.value = row->value ? "2" : "1"), NULL, reterr);
    }
    return code;
}

static void *cross(void *arg) {
    trdb_uow_options unit = trdb_uow_options_init();
    unit.isolation = TRDB_ISOLATION_SERIALIZABLE;
    trdb_run_options options = quick(20);
    options.uow = &unit;
    int code = trdb_run(db, cross_write, arg, &options, NULL);
    return (void *)(intptr_t)code;
}

START_TEST(serializable_units_part) {
    harness_sql(url, "INSERT INTO telegram_settings VALUES ('a'), ('b')");
    const char *one[] = {"a", "b"}, *two[] = {"b", "a"};
    pthread_t threads[2];
    void *codes[2];
    ck_assert_int_eq(pthread_create(&threads[0], NULL, cross, one), 0);
    ck_assert_int_eq(pthread_create(&threads[1], NULL, cross, two), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], &codes[i]);
    ck_assert_ptr_null(codes[0]);
    ck_assert_ptr_null(codes[1]);
    /* Whoever came second saw what the first wrote. */
    char *values = harness_value(url, "SELECT string_agg(value, '' ORDER BY value) FROM telegram_settings");
    ck_assert_str_eq(values, "12");
    free(values);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("run");
    TCase *tcase = tcase_create("run");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, runs_again_after_a_collision);
    tcase_add_test(tcase, attempts_are_bounded);
    tcase_add_test(tcase, other_failures_end_it);
    tcase_add_test(tcase, a_number_of_its_own_rolls_back);
    tcase_add_test(tcase, a_commit_in_doubt_is_not_repeated);
    tcase_add_test(tcase, serializable_units_part);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
