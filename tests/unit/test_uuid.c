/* SPDX-License-Identifier: MIT */
/* Keys: version 7, ascending over all threads, random beyond the time. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "harness.h"

static uint64_t time_part(trdb_uuid value) {
    return trdbi_get_u64(value.bytes);
}

static uint64_t milliseconds(trdb_uuid value) {
    return time_part(value) >> 16;
}

START_TEST(layout_is_version_7) {
    uint64_t before = (uint64_t)trdbi_now_us() / 1000;
    trdb_uuid value = trdb_uuid_make();
    uint64_t after = (uint64_t)trdbi_now_us() / 1000;
    ck_assert_uint_eq(value.bytes[6] >> 4, 7);
    ck_assert_uint_eq(value.bytes[8] >> 6, 2);
    ck_assert_uint_ge(milliseconds(value), before);
    ck_assert_uint_le(milliseconds(value), after);
}
END_TEST

START_TEST(ascending) {
    trdb_uuid last = trdb_uuid_make();
    for (int i = 0; i < 20000; i++) {
        trdb_uuid next = trdb_uuid_make();
        ck_assert_int_lt(memcmp(&last, &next, sizeof next), 0);
        ck_assert_uint_eq(next.bytes[6] >> 4, 7);
        last = next;
    }
}
END_TEST

/* Each of the 62 bits must take both values; by chance one stays the same in 2^-255 of all runs. */
START_TEST(random_bits_are_random) {
    uint64_t ones = 0, zeros = 0;
    for (int i = 0; i < 256; i++) {
        trdb_uuid value = trdb_uuid_make();
        uint64_t bits = trdbi_get_u64(value.bytes + 8);
        ones |= bits;
        zeros |= ~bits;
    }
    ck_assert_uint_eq(ones, UINT64_C(0xBFFFFFFFFFFFFFFF));
    ck_assert_uint_eq(zeros, UINT64_C(0x7FFFFFFFFFFFFFFF));
}
END_TEST

enum { THREADS = 4, EACH = 5000 };

static void *make_many(void *argument) {
    uint64_t *parts = argument;
    for (size_t i = 0; i < EACH; i++)
        parts[i] = time_part(trdb_uuid_make());
    return NULL;
}

static int compare_parts(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* Time parts are unique over all threads, so the keys of the process have one order. */
START_TEST(threads_share_one_order) {
    uint64_t *parts = calloc(THREADS * EACH, sizeof *parts);
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, make_many, parts + i * EACH), 0);
    for (size_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        for (size_t j = 1; j < EACH; j++)
            ck_assert_uint_lt(parts[i * EACH + j - 1], parts[i * EACH + j]);
    qsort(parts, THREADS * EACH, sizeof *parts, compare_parts);
    for (size_t i = 1; i < THREADS * EACH; i++)
        ck_assert_uint_ne(parts[i - 1], parts[i]);
    free(parts);
}
END_TEST

START_TEST(a_child_makes_other_keys) {
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    (void)trdb_uuid_make();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        trdb_uuid value = trdb_uuid_make();
        _exit(write(ends[1], &value, sizeof value) == sizeof value ? 0 : 1);
    }
    trdb_uuid own = trdb_uuid_make(), other;
    ck_assert_int_eq(read(ends[0], &other, sizeof other), sizeof other);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_mem_ne(own.bytes + 8, other.bytes + 8, 8);
    close(ends[0]);
    close(ends[1]);
}
END_TEST

START_TEST(parse_and_format) {
    static const char text[] = "0190163d-8694-739b-aea5-966c26f8ad91";
    static const uint8_t bytes[16] = {0x01, 0x90, 0x16, 0x3D, 0x86, 0x94, 0x73, 0x9B,
                                      0xAE, 0xA5, 0x96, 0x6C, 0x26, 0xF8, 0xAD, 0x91};
    trdb_uuid value;
    char back[TRDB_UUID_TEXT_SIZE];
    ck_assert_int_eq(trdb_uuid_parse(text, &value), 0);
    ck_assert_mem_eq(value.bytes, bytes, sizeof bytes);
    trdb_uuid_format(value, back);
    ck_assert_str_eq(back, text);
    memset(&value, 0, sizeof value);
    ck_assert_int_eq(trdb_uuid_parse("0190163D-8694-739B-AEA5-966C26F8AD91", &value), 0);
    ck_assert_mem_eq(value.bytes, bytes, sizeof bytes);
    ck_assert_int_eq(trdb_uuid_parse("00000000-0000-0000-0000-000000000000", &value), 0);
    trdb_uuid_format(value, back);
    ck_assert_str_eq(back, "00000000-0000-0000-0000-000000000000");
}
END_TEST

START_TEST(refused_texts) {
    static const char *const texts[] = {
        "",
        "0190163d",
        "0190163d8694739baea5966c26f8ad91",
        "{0190163d-8694-739b-aea5-966c26f8ad91}",
        "0190163d-8694-739b-aea5-966c26f8ad9",
        "0190163d-8694-739b-aea5-966c26f8ad911",
        "0190163d-8694-739b-aea5-966c26f8ad9g",
        "0190163d-8694-739b-aea5-966c26f8ad9 ",
        " 190163d-8694-739b-aea5-966c26f8ad91",
        "0190163d08694-739b-aea5-966c26f8ad91",
        "0190163d-8694-739b-aea5-966c26f8-d91",
        "0x90163d-8694-739b-aea5-966c26f8ad91",
        "-190163d-8694-739b-aea5-966c26f8ad91",
    };
    trdb_uuid value, before = trdb_uuid_make();
    value = before;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        ck_assert_msg(trdb_uuid_parse(texts[i], &value) == TRDB_E_INVALID, "%s", texts[i]);
        ck_assert_mem_eq(&value, &before, sizeof value);
    }
    ck_assert_int_eq(trdb_uuid_parse(NULL, &value), TRDB_E_INVALID);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uuid");
    TCase *tests = tcase_create("uuid");
    tcase_set_timeout(tests, 60); /* valgrind */
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, layout_is_version_7);
    tcase_add_test(tests, ascending);
    tcase_add_test(tests, random_bits_are_random);
    tcase_add_test(tests, threads_share_one_order);
    tcase_add_test(tests, a_child_makes_other_keys);
    tcase_add_test(tests, parse_and_format);
    tcase_add_test(tests, refused_texts);
    return harness_run(suite);
}
