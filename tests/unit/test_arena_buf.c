/* SPDX-License-Identifier: MIT */
/* Arenas and buffers and the clock. */
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/text.h"
#include "harness.h"

/* Leaves memory behind that is not zero, for the next arena to get. */
static void soil_the_heap(void) {
    trdbi_arena *arena = trdbi_arena_new(0);
    for (int i = 0; i < 64; i++)
        memset(trdbi_arena_bytes(arena, 1024), 0xFF, 1024);
    trdbi_arena_free(arena);
}

/* Whether all bytes have a value; an assertion for each byte would take minutes under the checkers. */
static bool filled_with(const unsigned char *memory, unsigned char value, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (memory[i] != value)
            return false;
    }
    return true;
}

START_TEST(arena_gives_zeroed_aligned_memory) {
    soil_the_heap();
    trdbi_arena *arena = trdbi_arena_new(0);
    ck_assert_ptr_nonnull(arena);
    for (size_t size = 0; size < 3000; size += 7) {
        char *bytes = trdbi_arena_bytes(arena, size % 13);
        ck_assert_ptr_nonnull(bytes);
        memset(bytes, 0xAA, size % 13);
        unsigned char *memory = trdbi_arena_alloc(arena, size);
        ck_assert_ptr_nonnull(memory);
        ck_assert_uint_eq((uintptr_t)memory % alignof(max_align_t), 0);
        ck_assert(filled_with(memory, 0, size));
        memset(memory, 0xBB, size);
    }
    trdbi_arena_free(arena);
    trdbi_arena_free(NULL);
}
END_TEST

START_TEST(arena_pieces_do_not_overlap) {
    enum { COUNT = 500 };
    trdbi_arena *arena = trdbi_arena_new(100);
    unsigned char *pieces[COUNT];
    size_t sizes[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        /* Small ones, blocks of their own, and the exact size of the first block. */
        sizes[i] = i % 50 == 49 ? 100000 : i % 20 == 3 ? 1024 : i % 17;
        pieces[i] = i % 2 ? trdbi_arena_alloc(arena, sizes[i]) : (void *)trdbi_arena_bytes(arena, sizes[i]);
        ck_assert_ptr_nonnull(pieces[i]);
        memset(pieces[i], (int)(i % 251), sizes[i]);
    }
    for (size_t i = 0; i < COUNT; i++)
        ck_assert(filled_with(pieces[i], (unsigned char)(i % 251), sizes[i]));
    ck_assert_ptr_ne(trdbi_arena_bytes(arena, 0), trdbi_arena_bytes(arena, 0));
    trdbi_arena_free(arena);
}
END_TEST

START_TEST(arena_copies_text) {
    trdbi_arena *arena = trdbi_arena_new(16);
    const char with_nul[] = {'a', '\0', 'b'};
    char *copy = trdbi_arena_text(arena, with_nul, sizeof with_nul);
    ck_assert_mem_eq(copy, "a\0b", 4);
    ck_assert_str_eq(trdbi_arena_text(arena, "hello", 4), "hell");
    ck_assert_str_eq(trdbi_arena_text(arena, NULL, 0), "");
    trdbi_arena_free(arena);
}
END_TEST

START_TEST(arena_survives_refused_sizes) {
    trdbi_arena *arena = trdbi_arena_new(16);
    ck_assert_ptr_null(trdbi_arena_alloc(arena, SIZE_MAX));
    ck_assert_ptr_null(trdbi_arena_alloc(arena, SIZE_MAX - 15));
    ck_assert_ptr_null(trdbi_arena_bytes(arena, SIZE_MAX / 2));
    ck_assert_ptr_null(trdbi_arena_text(arena, "x", SIZE_MAX));
    ck_assert_ptr_null(trdbi_arena_new(SIZE_MAX));
    ck_assert_str_eq(trdbi_arena_text(arena, "still here", 10), "still here");
    trdbi_arena_free(arena);
}
END_TEST

START_TEST(buf_appends) {
    trdbi_buf buf = {0};
    trdbi_buf_text(&buf, "select ");
    trdbi_buf_char(&buf, '1');
    trdbi_buf_append(&buf, NULL, 0);
    trdbi_buf_printf(&buf, " where %s = $%d", "id", 42);
    ck_assert_str_eq(buf.data, "select 1 where id = $42");
    ck_assert_uint_eq(buf.size, strlen(buf.data));
    ck_assert(!buf.failed);

    char *data = buf.data;
    trdbi_buf_clear(&buf);
    ck_assert_str_eq(buf.data, "");
    trdbi_buf_text(&buf, "again");
    ck_assert_ptr_eq(buf.data, data);
    ck_assert_str_eq(buf.data, "again");

    trdbi_buf_free(&buf);
    ck_assert_ptr_null(buf.data);
    trdbi_buf_clear(&buf);
    trdbi_buf_text(&buf, "usable");
    ck_assert_str_eq(buf.data, "usable");
    trdbi_buf_cleanup(&buf);
}
END_TEST

/* Every length around the doublings, by each way of appending. */
START_TEST(buf_grows) {
    char *expected = malloc(5000);
    trdbi_buf buf = {0};
    for (size_t i = 0; i < 4200; i++) {
        expected[i] = (char)('a' + i % 26);
        expected[i + 1] = '\0';
        if (i % 2)
            trdbi_buf_char(&buf, expected[i]);
        else
            trdbi_buf_printf(&buf, "%c", expected[i]);
        ck_assert_uint_eq(buf.size, i + 1);
    }
    ck_assert_str_eq(buf.data, expected);
    for (size_t length = 0; length < 1100; length++) {
        trdbi_buf one = {0};
        trdbi_buf_printf(&one, "%.*s", (int)length, expected);
        ck_assert_uint_eq(one.size, length);
        ck_assert_uint_lt(one.size, one.room); /* of the NUL */
        ck_assert_uint_eq(one.data[length], 0);
        ck_assert_mem_eq(one.data, expected, length);
        trdbi_buf_free(&one);
        trdbi_buf_append(&one, expected, length);
        ck_assert_uint_lt(one.size, one.room);
        ck_assert_mem_eq(one.data, expected, length);
        ck_assert_uint_eq(one.data[length], 0);
        trdbi_buf_free(&one);
    }
    trdbi_buf_free(&buf);
    free(expected);
}
END_TEST

START_TEST(buf_quotes_identifiers) {
    static const char *const names[][2] = {
        {"trading_trades", "\"trading_trades\""},
        {"", "\"\""},
        {"a\"b", "\"a\"\"b\""},
        {"\"", "\"\"\"\""},
        {"x\"\"", "\"x\"\"\"\"\""},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        trdbi_buf buf = {0};
        trdbi_buf_identifier(&buf, names[i][0]);
        ck_assert_str_eq(buf.data, names[i][1]);
        trdbi_buf_free(&buf);
    }
}
END_TEST

START_TEST(buf_writes_network_order) {
    trdbi_buf buf = {0};
    trdbi_buf_u16(&buf, 0x0102);
    trdbi_buf_u32(&buf, UINT32_C(0xF3040506));
    trdbi_buf_u64(&buf, UINT64_C(0xF708090A0B0C0D0E));
    ck_assert_uint_eq(buf.size, 14);
    ck_assert_mem_eq(buf.data, "\x01\x02\xF3\x04\x05\x06\xF7\x08\x09\x0A\x0B\x0C\x0D\x0E", 14);
    ck_assert_uint_eq(trdbi_get_u16(buf.data), 0x0102);
    ck_assert_uint_eq(trdbi_get_u32(buf.data + 2), UINT32_C(0xF3040506));
    ck_assert_uint_eq(trdbi_get_u64(buf.data + 6), UINT64_C(0xF708090A0B0C0D0E));
    trdbi_buf_free(&buf);
}
END_TEST

START_TEST(buf_failure_sticks) {
    trdbi_buf buf = {0};
    trdbi_buf_text(&buf, "kept");
    ck_assert_ptr_null(trdbi_buf_extend(&buf, SIZE_MAX / 2));
    ck_assert(buf.failed);
    ck_assert_ptr_null(trdbi_buf_extend(&buf, 1));
    trdbi_buf_text(&buf, "lost");
    trdbi_buf_printf(&buf, "%d", 1);
    trdbi_buf_u64(&buf, 1);
    trdbi_buf_identifier(&buf, "lost");
    ck_assert_str_eq(buf.data, "kept");
    ck_assert_uint_eq(buf.size, 4);
    trdbi_buf_clear(&buf);
    ck_assert(!buf.failed);
    trdbi_buf_text(&buf, "new");
    ck_assert_str_eq(buf.data, "new");
    trdbi_buf_free(&buf);

    /* A size that wraps around must not pass as a small one. */
    ck_assert_ptr_null(trdbi_buf_extend(&buf, SIZE_MAX));
    ck_assert(buf.failed);
    trdbi_buf_free(&buf);
}
END_TEST

START_TEST(clocks_run) {
    ck_assert_int_gt(trdbi_now_us(), INT64_C(1700000000) * 1000000);
    int64_t before = trdbi_monotonic_us();
    int64_t after = trdbi_monotonic_us();
    ck_assert_int_gt(before, 0);
    ck_assert_int_ge(after, before);
}
END_TEST

START_TEST(version_is_the_headers) {
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", TRDB_VERSION_MAJOR, TRDB_VERSION_MINOR, TRDB_VERSION_PATCH);
    ck_assert_str_eq(trdb_version(), TRDB_VERSION);
    ck_assert_str_eq(trdb_version(), text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("arena_buf");
    TCase *tests = tcase_create("arena_buf");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, arena_gives_zeroed_aligned_memory);
    tcase_add_test(tests, arena_pieces_do_not_overlap);
    tcase_add_test(tests, arena_copies_text);
    tcase_add_test(tests, arena_survives_refused_sizes);
    tcase_add_test(tests, buf_appends);
    tcase_add_test(tests, buf_grows);
    tcase_add_test(tests, buf_quotes_identifiers);
    tcase_add_test(tests, buf_writes_network_order);
    tcase_add_test(tests, buf_failure_sticks);
    tcase_add_test(tests, clocks_run);
    tcase_add_test(tests, version_is_the_headers);
    return harness_run(suite);
}
