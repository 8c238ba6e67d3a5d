/* SPDX-License-Identifier: MIT */
/* A uuid that the library made as key of a new row bears witness of the unit, without being asked to. */
#include "conformance.h"
#include "cuttest.h"
#include "toy.h"

#include <stdlib.h>

static char *url;
static trdb_db *db;

static void setup(void) {
    trdb_error *err = NULL;
    url = conf_database_with("toy", "tests/gen/toy/migrations/toy");
    ck_ok(trdb_open(url, NULL, &db, &err), err);
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

static trdb_uow *begin_fast(void) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT; /* no transaction id is learnt */
    options.resolve_timeout_ms = 10000;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    return uow;
}

static void ck_boxes(const char *expected) {
    char *got = harness_value(url, "SELECT coalesce(string_agg(code, ' ' ORDER BY code), '') FROM toy_boxes");
    ck_assert_str_eq(got, expected);
    free(got);
}

START_TEST(a_row_that_is_there_says_stored) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin_fast();
    ck_ok(trdb_toy_box_insert(uow, TRDB_TOY_BOX_NEW(.code = "made"), NULL, &err), err);
    ck_ok(cut_commit(url, uow, true, &err), err);
    trdb_uow_free(uow);

    trdb_uuid key;
    uow = begin_fast();
    ck_ok(trdb_toy_box_insert_key(uow, TRDB_TOY_BOX_NEW(.code = "told"), &key, &err), err);
    ck_ok(cut_commit(url, uow, true, &err), err);
    trdb_uow_free(uow);
    ck_boxes("made told");
}
END_TEST

/* Another row under the same key could be anybody's: a program may give a key twice. */
START_TEST(a_key_that_was_given_says_nothing) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin_fast();
    ck_ok(trdb_toy_box_insert(uow, TRDB_TOY_BOX_NEW(.id = trdb_uuid_value(trdb_uuid_make()), .code = "given"),
                              NULL, &err),
          err);
    ck_assert_int_eq(cut_commit(url, uow, true, &err), TRDB_E_IN_DOUBT);
    trdb_error_free(err);
    trdb_uow_free(uow);
    ck_boxes("given");
}
END_TEST

/* Nobody vouches that nobody has deleted it since. */
START_TEST(a_row_that_is_not_there_says_nothing) {
    trdb_error *err = NULL;
    harness_sql(url, "CREATE FUNCTION end_session() RETURNS trigger LANGUAGE plpgsql AS "
                     "$$ BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END $$;"
                     "CREATE CONSTRAINT TRIGGER end_session AFTER INSERT ON toy_boxes DEFERRABLE INITIALLY "
                     "DEFERRED FOR EACH ROW EXECUTE FUNCTION end_session()");
    trdb_uow *uow = begin_fast();
    ck_ok(trdb_toy_box_insert(uow, TRDB_TOY_BOX_NEW(.code = "made"), NULL, &err), err);
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_IN_DOUBT);
    trdb_error_free(err);
    trdb_uow_free(uow);
    ck_boxes("");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_witness");
    TCase *tcase = tcase_create("uow_witness");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_row_that_is_there_says_stored);
    tcase_add_test(tcase, a_key_that_was_given_says_nothing);
    tcase_add_test(tcase, a_row_that_is_not_there_says_nothing);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
