/* SPDX-License-Identifier: MIT */
/* Out of memory: every single allocation of a piece of work fails once. Linked with --wrap, so that
 * allocations come here; those of Check too, so that nothing is asserted while one is to fail. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "error/error.h"
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

/* Does the work with its first, second … allocation failing until none does; the work answers whether it was
 * complete. Leaks are for the sanitizer and valgrind to find. */
static void with_each_failure(bool (*work)(void), int at_least) {
    int failed = 0;
    for (;; failed++) {
        countdown = failed + 1;
        spent = false;
        bool complete = work();
        countdown = 0;
        ck_assert_msg(complete != spent, "allocation %d: %s", failed + 1,
                      complete ? "unnoticed" : "invented");
        if (!spent)
            break;
    }
    ck_assert_int_ge(failed, at_least);
}

static bool fill_arena(void) {
    trdbi_arena *arena = trdbi_arena_new(0);
    if (!arena)
        return false;
    bool complete = true;
    for (size_t size = 1; size < 20000 && complete; size *= 3)
        complete = trdbi_arena_alloc(arena, size) && trdbi_arena_text(arena, "text", 4);
    /* One failure is not the end of the arena. */
    if (!complete)
        ck_assert_ptr_nonnull(trdbi_arena_alloc(arena, 100000));
    trdbi_arena_free(arena);
    return complete;
}

START_TEST(arena) {
    with_each_failure(fill_arena, 4);
}
END_TEST

static bool fill_buf(void) {
    trdbi_buf buf = {0};
    for (int i = 0; i < 100; i++)
        trdbi_buf_printf(&buf, "%0*d,", i + 1, i);
    trdbi_buf_identifier(&buf, "name");
    bool complete = !buf.failed;
    countdown = 0;
    if (complete)
        ck_assert_uint_eq(buf.size, 5050 + 100 + 6);
    trdbi_buf_free(&buf);
    return complete;
}

START_TEST(buf) {
    with_each_failure(fill_buf, 4);
}
END_TEST

static bool make_error(void) {
    trdb_error *err = NULL;
    int rc = trdbi_error(&err, TRDB_E_RANGE, "limit %d", 0);
    trdbi_error_set_column(&err, "table", "column");
    trdbi_error_set_statement(&err, "statement");
    countdown = 0;
    ck_assert_int_eq(rc, TRDB_E_RANGE);
    const char *message = trdb_error_message(err);
    bool complete = trdb_error_table(err) && trdb_error_column(err) && trdb_error_statement(err);
    /* Without memory for an addition the error is as it was. */
    if (trdb_error_code(err) == TRDB_E_RANGE)
        ck_assert_str_eq(message, "limit 0");
    else
        ck_assert_str_eq(message, "out of memory");
    trdb_error_free(err);
    return complete;
}

START_TEST(error) {
    with_each_failure(make_error, 5);
}
END_TEST

static bool make_server_error(void) {
    trdbi_server_error server = {"23505", "message", "detail", "hint", "constraint", "table", "column"};
    trdb_error *err = NULL;
    int rc = trdbi_error_server(&err, "statement", &server, false);
    countdown = 0;
    ck_assert_int_eq(rc, TRDB_E_DUPLICATE);
    int code = trdb_error_code(err);
    ck_assert(code == TRDB_E_DUPLICATE || code == TRDB_E_NOMEM);
    /* A name may be missing; what happened is still told. */
    if (code == TRDB_E_DUPLICATE)
        ck_assert_str_eq(trdb_error_sqlstate(err), "23505");
    bool complete = trdb_error_detail(err) && trdb_error_constraint(err) && trdb_error_table(err) &&
                    trdb_error_column(err) && trdb_error_statement(err);
    trdb_error_free(err);
    return complete;
}

START_TEST(server_error) {
    with_each_failure(make_server_error, 8);
}
END_TEST

static bool parse_cron(void) {
    trdb_error *err = NULL;
    trdb_cron *cron = NULL;
    int rc = trdb_cron_parse("30 2 * * *", "Europe/Berlin", &cron, &err);
    countdown = 0;
    ck_assert(rc == 0 || rc == TRDB_E_NOMEM);
    ck_assert_int_eq(trdb_error_code(err), rc);
    ck_assert((cron != NULL) == (rc == 0));
    trdb_error_free(err);
    trdb_cron_free(cron);
    return rc == 0;
}

START_TEST(cron) {
    with_each_failure(parse_cron, 1);
    /* Searching and describing allocate nothing. */
    TRDB_AUTO(trdb_cron) *ready = NULL;
    trdb_timestamp at = trdb_timestamp_from_us(INT64_C(1743200000000000));
    ck_assert_int_eq(trdb_cron_parse("*/20 1-3 * * *", "Europe/Berlin", &ready, NULL), 0);
    countdown = 1;
    spent = false;
    int rc = 0;
    for (int i = 0; i < 100 && rc == 0; i++)
        rc = trdb_cron_next(ready, at, &at, NULL);
    bool described = trdb_cron_describe(ready) != NULL;
    countdown = 0;
    ck_assert_int_eq(rc, 0);
    ck_assert(described && !spent);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("nomem");
    TCase *tests = tcase_create("nomem");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, arena);
    tcase_add_test(tests, buf);
    tcase_add_test(tests, error);
    tcase_add_test(tests, server_error);
    tcase_add_test(tests, cron);
    return harness_run(suite);
}
