/* SPDX-License-Identifier: MIT */
/* Arrays and closed sets against the server, NULL, and lengths that lie. */
#include "codectest.h"

/* ---- arrays and closed sets ----------------------------------------------------------------------- */

static void array_both_ways(const char *const *items, size_t count) {
    static const char *const types[] = {"text[]", "varchar[]", "name[]"};
    trdbi_params params = {0};
    trdbi_params_begin(&params, TRDBI_OID_TEXT_ARRAY);
    trdbi_encode_texts(&params.data, items, count);
    trdbi_params_end(&params);
    const char *literal = server_text(&params, "text[]");
    trdbi_params_free(&params);
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        trdb_texts decoded = {0};
        ck_decoded(literal, types[t], ((trdbi_field){.name = "a", .kind = TRDBI_TEXTS}), &decoded);
        ck_assert_ptr_nonnull(decoded.items);
        ck_assert_uint_eq(decoded.count, count);
        for (size_t i = 0; i < count; i++)
            if (items[i])
                ck_assert_str_eq(decoded.items[i], items[i]);
            else
                ck_assert_ptr_null(decoded.items[i]);
    }
}

START_TEST(text_arrays) {
    const char *items[300] = {NULL};
    array_both_ways(items, 0);
    array_both_ways(words, WORDS);
    for (size_t i = 0; i < 300; i++)
        items[i] = chance() % 3 == 0 ? NULL : words[chance() % WORDS];
    for (size_t count = 1; count < 300; count += count)
        array_both_ways(items, count);
    trdbi_field field = {.name = "tags", .kind = TRDBI_TEXTS};
    refused("{{a,b},{c,d}}", "text[]", field, TRDB_E_UNSUPPORTED, "tags");
    refused("{1,2}", "int4[]", field, TRDB_E_UNSUPPORTED, "oid 1007");
}
END_TEST

START_TEST(scalar_arrays) {
    trdbi_params params = {0};
    trdbi_params_begin(&params, trdbi_kind_array_oid(TRDBI_I64));
    trdbi_encode_array_begin(&params.data, trdbi_kind_oid(TRDBI_I64, false), 3, true);
    size_t mark = trdbi_encode_element_begin(&params.data);
    trdbi_encode_i64(&params.data, -7);
    trdbi_encode_element_end(&params.data, mark);
    trdbi_encode_element_null(&params.data);
    mark = trdbi_encode_element_begin(&params.data);
    trdbi_encode_i64(&params.data, INT64_MAX);
    trdbi_encode_element_end(&params.data, mark);
    trdbi_params_end(&params);
    ck_assert_str_eq(server_text(&params, "int8[]"), "{-7,NULL,9223372036854775807}");
    trdbi_params_clear(&params);
    trdbi_params_begin(&params, trdbi_kind_array_oid(TRDBI_DECIMAL));
    trdbi_encode_array_begin(&params.data, TRDBI_OID_NUMERIC, 0, false);
    trdbi_params_end(&params);
    ck_assert_str_eq(server_text(&params, "numeric[]"), "{}");
    trdbi_params_free(&params);
}
END_TEST

/* Every kind that has an array type: the server agrees that it is the array of the kind's type. */
START_TEST(array_types) {
    for (int kind = TRDBI_I64; kind <= TRDBI_ENUM; kind++) {
        if (kind == TRDBI_TEXTS)
            continue;
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT typarray::text FROM pg_type WHERE oid = %u",
                 (unsigned)trdbi_kind_oid((trdbi_kind)kind, false));
        char *expected = pgtest_value(conn, sql), got[16];
        snprintf(got, sizeof got, "%u", (unsigned)trdbi_kind_array_oid((trdbi_kind)kind));
        ck_assert_str_eq(got, expected);
        free(expected);
    }
    ck_assert_uint_eq(trdbi_kind_oid(TRDBI_ENUM, true), 0);
}
END_TEST

static const char *const directions[] = {"long", "short"};
static const trdbi_enum exact = {"direction", directions, 2, false};
static const trdbi_enum any_case = {"direction", directions, 2, true};

START_TEST(closed_sets) {
    trdb_error *err = NULL;
    ck_ok(trdbi_conn_exec(conn, "ddl", "CREATE TYPE way AS ENUM ('long', 'short', 'LONG', 'sideways')", NULL,
                          &err),
          err);
    static const char *const types[] = {"text", "varchar", "way"};
    for (size_t t = 0; t < 3; t++) {
        trdb_opt_enum value = {0};
        trdbi_field field = {.name = "direction", .kind = TRDBI_ENUM, .values = &exact};
        ck_decoded("short", types[t], field, &value);
        ck_assert_int_eq(value.value, 2);
        ck_assert_str_eq(value.text, "short");
        ck_decoded("LONG", types[t], field, &value);
        ck_assert_int_eq(value.value, TRDB_ENUM_UNKNOWN);
        ck_assert_str_eq(value.text, "LONG");
        field.values = &any_case;
        ck_decoded("LONG", types[t], field, &value);
        ck_assert_int_eq(value.value, 1);
        ck_assert_str_eq(value.text, "LONG");
        ck_decoded("sideways", types[t], field, &value);
        ck_assert_int_eq(value.value, TRDB_ENUM_UNKNOWN);
        ck_assert_str_eq(value.text, "sideways");
    }
    refused("1", "int4", (trdbi_field){.name = "d", .kind = TRDBI_ENUM, .values = &exact}, TRDB_E_UNSUPPORTED,
            "\"d\"");
    ck_assert_int_eq(trdbi_enum_find(&exact, "lon", 3), 0);
    ck_assert_int_eq(trdbi_enum_find(&exact, "longer", 6), 0);
    ck_assert_int_eq(trdbi_enum_find(&exact, "longer", 4), 1);
    ck_assert_int_eq(trdbi_enum_find(&exact, "", 0), 0);
}
END_TEST

/* ---- NULL, and lengths that lie ------------------------------------------------------------------- */

START_TEST(nulls) {
    static const char *const types[] = {"",     "int8",  "bool",  "numeric", "timestamptz", "uuid",
                                        "text", "bytea", "jsonb", "inet",    "text[]",      "text"};
    for (int kind = TRDBI_I64; kind <= TRDBI_ENUM; kind++) {
        unsigned char row[64], zero[64] = {0};
        char sql[64];
        trdb_error *err = NULL;
        trdbi_field field = {.name = "x", .kind = (uint8_t)kind, .values = &exact};
        memset(row, 0xA5, sizeof row);
        snprintf(sql, sizeof sql, "SELECT NULL::%s", types[kind]);
        trdbi_result *result = run(sql, NULL);
        ck_ok(trdbi_result_decode(result, 0, &field, sizeof field, 1, arena, row, &err), err);
        size_t cleared = 0;
        while (cleared < sizeof row && row[cleared] == 0)
            cleared++;
        ck_assert_uint_ge(cleared, kind == TRDBI_BOOL ? sizeof(trdb_opt_bool) : sizeof(void *));
        ck_assert_int_eq(memcmp(row, zero, cleared), 0);
        field.plain = 1;
        ck_fails(trdbi_result_decode(result, 0, &field, sizeof field, 1, arena, row, &err), TRDB_E_PROTOCOL,
                 "\"x\"", err);
        ck_fails(trdbi_result_decode(result, 0, &field, sizeof field, 2, arena, row, &err), TRDB_E_PROTOCOL,
                 "columns", err);
        ck_fails(trdbi_result_decode(result, 1, &field, sizeof field, 1, arena, row, &err), TRDB_E_PROTOCOL,
                 "rows", err);
        trdbi_result_free(result);
    }
}
END_TEST

/* Every kind gets data of every length, in memory of exactly that length, so that the sanitizers and valgrind
 * see a byte read too many. */
START_TEST(hostile_data) {
    static const uint32_t oids[] = {0,
                                    TRDBI_OID_INT8,
                                    TRDBI_OID_BOOL,
                                    TRDBI_OID_NUMERIC,
                                    TRDBI_OID_TIMESTAMPTZ,
                                    TRDBI_OID_UUID,
                                    TRDBI_OID_TEXT,
                                    TRDBI_OID_BYTEA,
                                    TRDBI_OID_JSONB,
                                    TRDBI_OID_INET,
                                    TRDBI_OID_TEXT_ARRAY,
                                    TRDBI_OID_TEXT};
    int refusals = 0;
    for (int round = 0; round < 20000; round++) {
        int kind = TRDBI_I64 + (int)(chance() % TRDBI_ENUM);
        size_t size = chance() % 48;
        char *data = malloc(size ? size : 1);
        for (size_t i = 0; i < size; i++)
            data[i] = (char)(chance() % 3 ? chance() % 5 : chance());
        if (kind == TRDBI_DECIMAL && size >= 8)
            data[0] = 0, data[1] = (char)((size - 8) / 2);
        if (kind == TRDBI_TEXTS && size >= 12)
            memcpy(data, "\0\0\0\1\0\0\0\0\0\0\0\31", 12);
        union {
            trdb_decimal decimal;
            char room[64];
        } row;
        trdb_error *err = NULL;
        trdbi_field field = {.name = "h", .kind = (uint8_t)kind, .values = &exact};
        int r = trdbi_decode(&field, oids[kind], data, size, arena, &row, &err);
        ck_assert(r == 0 || r == TRDB_E_PROTOCOL || r == TRDB_E_RANGE || r == TRDB_E_UNSUPPORTED);
        ck_assert_int_eq(trdb_error_code(err), r);
        refusals += r < 0;
        trdb_error_free(err);
        free(data);
    }
    ck_assert_int_gt(refusals, 1000);
}
END_TEST

START_TEST(malformed_numerics) {
    static const struct {
        const char *data;
        size_t size;
    } cases[] = {
        {"", 0},
        {"\0\1\0\0\0\0\0", 7},
        {"\0\1\0\0\0\0\0\0", 8},
        {"\0\1\0\0\0\0\0\0\0\1\0", 11},
        {"\0\1\0\0\0\0\0\0\x27\x10", 10},
        {"\0\0\0\0\x12\x34\0\0", 8},
        {"\0\0\0\0\0\0\x40\0", 8},
        {"\xff\xff\0\0\0\0\0\0", 8},
    };
    trdbi_field field = {.name = "n", .kind = TRDBI_DECIMAL};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trdb_decimal value;
        trdb_error *err = NULL;
        ck_fails(trdbi_decode(&field, TRDBI_OID_NUMERIC, cases[i].data, cases[i].size, arena, &value, &err),
                 TRDB_E_PROTOCOL, "malformed", err);
    }
}
END_TEST

START_TEST(malformed_arrays) {
#define HEAD "\0\0\0\1\0\0\0\0\0\0\0\31"
    static const struct {
        const char *data;
        size_t size;
    } cases[] = {
        {HEAD, 11},                                        /* no element type */
        {HEAD "\0\0\0\0\0\0", 18},                         /* no bounds */
        {HEAD "\0\0\0\1\0\0\0\1", 20},                     /* an element announced, none there */
        {HEAD "\x7f\xff\xff\xff\0\0\0\1", 20},             /* two thousand million of them */
        {HEAD "\0\0\0\1\0\0\0\1\0\0\0\2x", 25},            /* longer than what is there */
        {HEAD "\0\0\0\1\0\0\0\1\xff\xff\xff\xfex", 25},    /* a length of -2 */
        {HEAD "\0\0\0\1\0\0\0\1\0\0\0\1xy", 26},           /* a byte too many */
        {"\0\0\0\1\0\0\0\0\0\0\0\27\0\0\0\0\0\0\0\1", 20}, /* integers inside */
    };
    trdbi_field field = {.name = "tags", .kind = TRDBI_TEXTS};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trdb_texts value = {0};
        trdb_error *err = NULL;
        ck_fails(
            trdbi_decode(&field, TRDBI_OID_TEXT_ARRAY, cases[i].data, cases[i].size, arena, &value, &err),
            TRDB_E_PROTOCOL, "malformed", err);
        ck_assert_ptr_null(value.items);
    }
}
END_TEST

/* The arena is made for a whole result at once: the bound holds. */
START_TEST(text_sizes) {
    trdbi_result *result =
        run("SELECT 'abc'::text, ARRAY['x', NULL, 'yy'], '::1'::inet, 7::int8, '{}'::jsonb", NULL);
    size_t bound = trdbi_result_text_size(result);
    size_t least = strlen("abc") + 1 + 3 * sizeof(char *) + 2 + 3 + strlen("::1") + 1 + strlen("{}") + 1;
    ck_assert_uint_ge(bound, least);
    ck_assert_uint_le(bound, least + 256);
    trdbi_result_free(result);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("codec_shapes");
    TCase *tcase = tcase_create("codec_shapes");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, text_arrays);
    tcase_add_test(tcase, scalar_arrays);
    tcase_add_test(tcase, array_types);
    tcase_add_test(tcase, closed_sets);
    tcase_add_test(tcase, nulls);
    tcase_add_test(tcase, hostile_data);
    tcase_add_test(tcase, malformed_numerics);
    tcase_add_test(tcase, malformed_arrays);
    tcase_add_test(tcase, text_sizes);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
