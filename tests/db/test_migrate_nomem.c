/* SPDX-License-Identifier: MIT */
/* Out of memory while migrating and examining: every single allocation fails once, and the call answers
 * TRDB_E_NOMEM, leaving a database on which the next one succeeds. Linked with --wrap. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);

static int countdown; /* the allocation that fails; 0: none */
static bool spent;    /* it came */

static bool fails(void) {
    if (countdown == 0 || --countdown > 0)
        return false;
    spent = true;
    return true;
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size) {
    return fails() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

static char *url;
static char dir[128];
static const char *const names[] = {"0001_a.up.sql", "0001_a.down.sql", "0002_b.up.sql", "0002_b.down.sql"};
static const char *const texts[] = {
    "CREATE TABLE {schema}.a ();", "DROP TABLE a;",
    "-- tradingdb: no-transaction\nDROP TABLE IF EXISTS b; CREATE TABLE b ();",
    "-- tradingdb: no-transaction\nDROP TABLE IF EXISTS b;"};

static void make_directory(void) {
    char path[160];
    snprintf(dir, sizeof dir, "%s/trdb-nomem-XXXXXX", harness_tmp());
    ck_assert_ptr_nonnull(mkdtemp(dir));
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        FILE *file = fopen(path, "w");
        fputs(texts[i], file);
        fclose(file);
    }
}

static void remove_directory(void) {
    char path[160];
    for (size_t i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    rmdir(dir);
}

static trdb_migrate_options own_chain(void) {
    trdb_migrate_options options = trdb_migrate_options_init();
    options.chain = "toy";
    options.directory = dir;
    return options;
}

/* The same call with its first, second … allocation failing, until it gets through. Leaks are for the
 * sanitizer and valgrind to find. */
static void with_each_failure(int (*work)(trdb_error **err), int at_least) {
    int failed = 0;
    for (;; failed++) {
        trdb_error *err = NULL;
        countdown = failed + 1;
        spent = false;
        int rc = work(&err);
        countdown = 0;
        if (!spent) {
            ck_ok(rc, err);
            break;
        }
        /* What an error would only be decorated with may be missing without a word. */
        ck_assert_msg(rc == 0 || rc == TRDB_E_NOMEM, "allocation %d: %s", failed + 1,
                      trdb_error_message(err));
        ck_assert_int_eq(trdb_error_code(err), rc);
        trdb_error_free(err);
    }
    ck_assert_int_ge(failed, at_least);
}

static int status(trdb_error **err) {
    trdb_migration_list *list = NULL;
    int rc = trdb_migrate_status(url, NULL, &list, err);
    trdb_migration_list_free(list);
    return rc;
}

static int plan(trdb_error **err) {
    const trdb_migrate_options options = own_chain();
    trdb_migration_list *list = NULL;
    int rc = trdb_migrate_plan(url, &options, &list, err);
    trdb_migration_list_free(list);
    return rc;
}

static int up(trdb_error **err) {
    const trdb_migrate_options options = own_chain();
    trdb_migration_list *list = NULL;
    int rc = trdb_migrate_up(url, &options, &list, err);
    trdb_migration_list_free(list);
    return rc;
}

static int up_and_down(trdb_error **err) {
    const trdb_migrate_options options = own_chain();
    int rc = up(err);
    return rc < 0 ? rc : trdb_migrate_down(url, &options, NULL, err);
}

static int examine(trdb_error **err) {
    trdb_finding_list *list = NULL;
    int rc = trdb_doctor(url, NULL, &list, err);
    trdb_finding_list_free(list);
    return rc;
}

START_TEST(each_allocation_fails_once) {
    url = harness_empty_database();
    make_directory();
    with_each_failure(status, 10);
    with_each_failure(plan, 10);
    with_each_failure(up, 10);
    with_each_failure(up_and_down, 20);
    with_each_failure(examine, 10);
    char *left = harness_value(url, "SELECT count(*) FROM pg_class WHERE relname IN ('a', 'b')");
    ck_assert_str_eq(left, "0");
    free(left);
    remove_directory();
    harness_database_free(url);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("migrate_nomem");
    TCase *tc = tcase_create("migrate_nomem");
    tcase_set_timeout(tc, 300);
    tcase_add_test(tc, each_allocation_fails_once);
    suite_add_tcase(suite, tc);
    return harness_run(suite);
}
