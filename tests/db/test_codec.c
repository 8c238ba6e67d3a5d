/* SPDX-License-Identifier: MIT */
/*
 * Every codec against the server's own text: a value is encoded and sent, the server casts it to text; text
 * is cast to the type by the server, received in binary and decoded. Both must agree, for edges and at
 * random.
 */
#include "codectest.h"

#include <inttypes.h>

/* ---- decimals ------------------------------------------------------------------------------------- */

static void decimal_both_ways(const char *text) {
    trdb_decimal value, decoded;
    char formatted[TRDB_DECIMAL_TEXT_SIZE];
    ck_assert_int_eq(trdb_decimal_parse(text, &value), 0);
    ck_assert_int_ge(trdb_decimal_format(value, formatted, sizeof formatted), 0);

    trdbi_params params = {0};
    trdbi_params_begin(&params, TRDBI_OID_NUMERIC);
    ck_assert_int_eq(trdbi_encode_decimal(&params.data, value), 0);
    trdbi_params_end(&params);
    ck_assert_str_eq(server_text(&params, "numeric"), formatted);
    trdbi_params_free(&params);

    ck_decoded(text, "numeric", ((trdbi_field){.name = "n", .kind = TRDBI_DECIMAL}), &decoded);
    ck_assert_msg(memcmp(&decoded, &value, sizeof value) == 0, "%s decoded differently", text);
}

START_TEST(decimals_at_the_edges) {
    static const char *const texts[] = {"0",
                                        "0.0",
                                        "0.00000000",
                                        "1",
                                        "-1",
                                        "10",
                                        "9999",
                                        "10000",
                                        "10001",
                                        "99999999",
                                        "100000000",
                                        "1.5",
                                        "-1.50",
                                        "0.1",
                                        "0.01",
                                        "0.001",
                                        "0.0001",
                                        "0.00001",
                                        "-0.00010000",
                                        "1234.5678",
                                        "12345.6789",
                                        "100000000.00000001",
                                        "99999999999999999999999999999999999999",
                                        "-99999999999999999999999999999999999999",
                                        "0.00000000000000000000000000000000000001",
                                        "9.9999999999999999999999999999999999999",
                                        "10000000000000000000000000000000000000",
                                        "0.10000000000000000000000000000000000000",
                                        "0.00010074887218045112",
                                        "64250.10",
                                        "18446744073709551616",
                                        "340282366920938463463374607431768211",
                                        "NaN",
                                        "Infinity",
                                        "-Infinity"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        decimal_both_ways(texts[i]);
}
END_TEST

START_TEST(decimals_at_random) {
    for (int i = 0; i < 3000; i++) {
        char digits[40], text[64];
        int count = 1 + (int)(chance() % 38), scale = (int)(chance() % 39);
        for (int d = 0; d < count; d++) /* runs of zeros and nines reach the digit groups' edges */
            digits[d] = (char)(chance() % 3 == 0 ? '0' : chance() % 4 == 0 ? '9' : '0' + chance() % 10);
        digits[count] = '\0';
        snprintf(text, sizeof text, "%s%se-%d", chance() % 2 ? "-" : "", digits, scale);
        trdb_decimal value;
        char plain[TRDB_DECIMAL_TEXT_SIZE];
        ck_assert_int_eq(trdb_decimal_parse(text, &value), 0);
        ck_assert_int_ge(trdb_decimal_format(value, plain, sizeof plain), 0);
        decimal_both_ways(plain);
    }
}
END_TEST

START_TEST(decimals_beyond_38_digits) {
    trdbi_field field = {.name = "price", .kind = TRDBI_DECIMAL};
    trdb_decimal value;
    char text[TRDB_DECIMAL_TEXT_SIZE];
    refused("100000000000000000000000000000000000000", "numeric", field, TRDB_E_RANGE, "price");
    refused("-1.00000000000000000000000000000000000001", "numeric", field, TRDB_E_RANGE, "38 digits");
    refused("0.000000000000000000000000000000000000001", "numeric", field, TRDB_E_RANGE, "price");
    refused("1e1000", "numeric", field, TRDB_E_RANGE, "price");
    refused("1e-1000", "numeric", field, TRDB_E_RANGE, "price");
    refused("99999999999999999999999999999999999999.5", "numeric", field, TRDB_E_RANGE, "price");
    /* Zeros that change nothing are dropped as far as they must be. */
    ck_decoded("1", "numeric(60,50)", field, &value);
    ck_assert_int_ge(trdb_decimal_format(value, text, sizeof text), 0);
    ck_assert_str_eq(text, "1.0000000000000000000000000000000000000");
    ck_decoded("0", "numeric(60,50)", field, &value);
    ck_assert_int_eq(value.scale, 38);
    ck_assert(trdb_decimal_is_zero(value));
}
END_TEST

START_TEST(decimals_from_integers) {
    trdbi_field field = {.name = "n", .kind = TRDBI_DECIMAL};
    trdb_decimal value, expected;
    ck_decoded("-32768", "int2", field, &value);
    ck_assert_int_eq(trdb_decimal_from_i64(-32768, 0, &expected), 0);
    ck_assert_int_eq(trdb_decimal_compare(value, expected), 0);
    ck_decoded("-9223372036854775808", "int8", field, &value);
    ck_assert_int_eq(trdb_decimal_from_i64(INT64_MIN, 0, &expected), 0);
    ck_assert_int_eq(trdb_decimal_compare(value, expected), 0);
    refused("1.5", "float8", field, TRDB_E_UNSUPPORTED, "oid 701");
}
END_TEST

START_TEST(decimals_that_cannot_be_sent) {
    trdbi_buf buf = {0};
    trdb_decimal value = {.kind = TRDB_DECIMAL_NULL};
    ck_assert_int_eq(trdbi_encode_decimal(&buf, value), TRDB_E_INVALID);
    value = (trdb_decimal){.kind = TRDB_DECIMAL_FINITE, .hi = UINT64_MAX};
    ck_assert_int_eq(trdbi_encode_decimal(&buf, value), TRDB_E_INVALID);
    value = (trdb_decimal){.kind = TRDB_DECIMAL_FINITE, .scale = 39};
    ck_assert_int_eq(trdbi_encode_decimal(&buf, value), TRDB_E_INVALID);
    ck_assert_uint_eq(buf.size, 0);
    trdbi_buf_free(&buf);
}
END_TEST

/* ---- integers, booleans, uuids -------------------------------------------------------------------- */

static void integer_both_ways(int64_t number, const char *type) {
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, number);
    trdbi_params params = {0};
    trdbi_params_i64(&params, number);
    ck_assert_str_eq(server_text(&params, type), text);
    trdbi_params_free(&params);

    trdb_opt_i64 decoded = {0};
    int64_t key = 0;
    ck_decoded(text, type, ((trdbi_field){.name = "i", .kind = TRDBI_I64}), &decoded);
    ck_assert_int_eq(decoded.set, 1);
    ck_assert_int_eq(decoded.value, number);
    ck_decoded(text, type, ((trdbi_field){.name = "i", .kind = TRDBI_I64, .plain = 1}), &key);
    ck_assert_int_eq(key, number);
}

START_TEST(integers) {
    static const int64_t edges[] = {0, 1, -1, 127, -128, 255, 256, INT16_MAX, INT16_MIN};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++) {
        integer_both_ways(edges[i], "int2");
        integer_both_ways(edges[i], "int4");
        integer_both_ways(edges[i], "int8");
    }
    integer_both_ways(INT32_MAX, "int4");
    integer_both_ways(INT32_MIN, "int4");
    integer_both_ways(INT64_MAX, "int8");
    integer_both_ways(INT64_MIN, "int8");
    for (int i = 0; i < 300; i++) {
        uint64_t x = chance();
        integer_both_ways((int64_t)(x >> chance() % 64), "int8");
        integer_both_ways((int32_t)x, "int4");
    }
    refused("1.5", "numeric", (trdbi_field){.name = "id", .kind = TRDBI_I64}, TRDB_E_UNSUPPORTED, "\"id\"");
}
END_TEST

START_TEST(booleans) {
    trdbi_field field = {.name = "b", .kind = TRDBI_BOOL};
    for (int i = 0; i < 2; i++) {
        trdbi_params params = {0};
        trdbi_params_begin(&params, TRDBI_OID_BOOL);
        trdbi_encode_bool(&params.data, i);
        trdbi_params_end(&params);
        ck_assert_str_eq(server_text(&params, "bool"), i ? "true" : "false");
        trdbi_params_free(&params);
        trdb_opt_bool decoded = {0};
        ck_decoded(i ? "true" : "false", "bool", field, &decoded);
        ck_assert(decoded.set && decoded.value == i);
    }
    refused("1", "int4", field, TRDB_E_UNSUPPORTED, "oid 23");
}
END_TEST

START_TEST(uuids) {
    for (int i = 0; i < 200; i++) {
        trdb_uuid value, key;
        trdb_opt_uuid decoded = {0};
        char text[TRDB_UUID_TEXT_SIZE];
        for (size_t b = 0; b < sizeof value.bytes; b++)
            value.bytes[b] = (uint8_t)(i == 0 ? 0 : i == 1 ? 0xFF : chance());
        trdb_uuid_format(value, text);
        trdbi_params params = {0};
        trdbi_params_begin(&params, TRDBI_OID_UUID);
        trdbi_encode_uuid(&params.data, value);
        trdbi_params_end(&params);
        ck_assert_str_eq(server_text(&params, "uuid"), text);
        trdbi_params_free(&params);
        ck_decoded(text, "uuid", ((trdbi_field){.name = "u", .kind = TRDBI_UUID}), &decoded);
        ck_assert(decoded.set && memcmp(&decoded.value, &value, sizeof value) == 0);
        ck_decoded(text, "uuid", ((trdbi_field){.name = "u", .kind = TRDBI_UUID, .plain = 1}), &key);
        ck_assert(memcmp(&key, &value, sizeof value) == 0);
    }
}
END_TEST

/* ---- times ---------------------------------------------------------------------------------------- */

static void time_both_ways(trdb_timestamp value) {
    char text[TRDB_TIMESTAMP_TEXT_SIZE];
    ck_assert_int_ge(trdb_timestamp_format(value, text, sizeof text), 0);
    trdbi_params params = {0};
    trdbi_params_begin(&params, TRDBI_OID_TIMESTAMPTZ);
    ck_assert_int_eq(trdbi_encode_timestamp(&params.data, value), 0);
    trdbi_params_end(&params);
    ck_assert_str_eq(server_text(&params, "timestamptz"), text);
    trdbi_params_free(&params);

    trdb_timestamp decoded = {0};
    trdbi_field field = {.name = "t", .kind = TRDBI_TIMESTAMP};
    ck_decoded(text, "timestamptz", field, &decoded);
    ck_assert_int_eq(decoded.kind, value.kind);
    ck_assert_int_eq(decoded.us, value.us);
    memset(&decoded, 0, sizeof decoded);
    ck_decoded(text, "timestamptz::timestamp", field, &decoded);
    ck_assert_int_eq(decoded.us, value.us);
}

START_TEST(times) {
    static const int64_t edges[] = {TRDB_TIMESTAMP_MIN,
                                    TRDB_TIMESTAMP_MIN + 1,
                                    -62135596800000000,
                                    -1,
                                    0,
                                    1,
                                    946684799999999,
                                    946684800000000,
                                    1515568500000000,
                                    253402300799999999,
                                    TRDB_TIMESTAMP_MAX - 1,
                                    TRDB_TIMESTAMP_MAX};
    for (size_t i = 0; i < sizeof edges / sizeof edges[0]; i++)
        time_both_ways(trdb_timestamp_from_us(edges[i]));
    time_both_ways((trdb_timestamp){.kind = TRDB_TIMESTAMP_INFINITY});
    time_both_ways((trdb_timestamp){.kind = TRDB_TIMESTAMP_NEG_INFINITY});
    for (int i = 0; i < 500; i++) {
        int64_t us = (int64_t)(chance() % (uint64_t)TRDB_TIMESTAMP_MAX);
        time_both_ways(trdb_timestamp_from_us(us >> chance() % 16));
    }
}
END_TEST

START_TEST(times_out_of_range) {
    trdbi_field field = {.name = "closed_at", .kind = TRDBI_TIMESTAMP};
    refused("294247-01-01 00:00:00+00", "timestamptz", field, TRDB_E_RANGE, "closed_at");
    refused("294276-12-31 23:59:59.999999", "timestamp", field, TRDB_E_RANGE, "294246");
    refused("2018-01-01", "date", field, TRDB_E_UNSUPPORTED, "oid 1082");
    trdbi_buf buf = {0};
    ck_assert_int_eq(trdbi_encode_timestamp(&buf, trdb_timestamp_from_us(TRDB_TIMESTAMP_MAX + 1)),
                     TRDB_E_RANGE);
    ck_assert_int_eq(trdbi_encode_timestamp(&buf, trdb_timestamp_from_us(TRDB_TIMESTAMP_MIN - 1)),
                     TRDB_E_RANGE);
    ck_assert_int_eq(trdbi_encode_timestamp(&buf, (trdb_timestamp){0}), TRDB_E_INVALID);
    ck_assert_uint_eq(buf.size, 0);
    trdbi_buf_free(&buf);
}
END_TEST

/* ---- text, json, bytes ---------------------------------------------------------------------------- */

START_TEST(texts_of_every_type) {
    static const char *const types[] = {"text", "varchar", "varchar(80)", "name", "char(40)"};
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++)
        for (size_t i = 0; i < WORDS; i++) {
            trdbi_params params = {0};
            trdbi_params_text(&params, words[i]);
            const char *expected = server_text(&params, types[t]);
            const char *decoded = NULL;
            ck_decoded(words[i], types[t], ((trdbi_field){.name = "s", .kind = TRDBI_TEXT}), &decoded);
            if (strncmp(types[t], "char(", 5) == 0) { /* its padding is part of what is sent, not of ::text */
                ck_assert_int_eq(strncmp(decoded, expected, strlen(expected)), 0);
                ck_assert_uint_eq(strspn(decoded + strlen(expected), " "),
                                  strlen(decoded + strlen(expected)));
            } else {
                ck_assert_str_eq(decoded, expected);
                ck_assert_str_eq(decoded, words[i]);
            }
            trdbi_params_free(&params);
        }
    refused("{\"a\": 1}", "jsonb", (trdbi_field){.name = "s", .kind = TRDBI_TEXT}, TRDB_E_UNSUPPORTED,
            "3802");
}
END_TEST

START_TEST(json_documents) {
    static const char *const documents[] = {"{}",
                                            "null",
                                            "[1, 2.50, \"x\"]",
                                            "{\"a\": {\"b\": [true, null]}}",
                                            "\"grün 🚀\"",
                                            "12345678901234567890.123456789"};
    trdbi_field field = {.name = "config", .kind = TRDBI_JSON};
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        trdbi_params params = {0};
        trdbi_params_begin(&params, TRDBI_OID_JSONB);
        trdbi_encode_json(&params.data, documents[i]);
        trdbi_params_end(&params);
        ck_assert_str_eq(server_text(&params, "jsonb"), documents[i]);
        trdbi_params_free(&params);
        const char *decoded = NULL;
        ck_decoded(documents[i], "jsonb", field, &decoded);
        ck_assert_str_eq(decoded, documents[i]);
        ck_decoded(documents[i], "json", field, &decoded);
        ck_assert_str_eq(decoded, documents[i]);
        ck_decoded(documents[i], "text", field, &decoded);
        ck_assert_str_eq(decoded, documents[i]);
    }
}
END_TEST

START_TEST(bytes) {
    for (size_t size = 0; size < 600; size += 1 + size / 3) {
        unsigned char data[600];
        char hex[2 + 2 * sizeof data + 1] = "\\x";
        for (size_t i = 0; i < size; i++) {
            data[i] = (unsigned char)chance();
            sprintf(hex + 2 + 2 * i, "%02x", data[i]);
        }
        trdbi_params params = {0};
        trdbi_params_begin(&params, TRDBI_OID_BYTEA);
        trdbi_buf_append(&params.data, data, size);
        trdbi_params_end(&params);
        ck_assert_str_eq(server_text(&params, "bytea"), hex);
        trdbi_params_free(&params);
        trdb_bytes decoded = {0};
        ck_decoded(hex, "bytea", ((trdbi_field){.name = "b", .kind = TRDBI_BYTES}), &decoded);
        ck_assert_ptr_nonnull(decoded.data);
        ck_assert_uint_eq(decoded.size, size);
        ck_assert_int_eq(memcmp(decoded.data, data, size), 0);
    }
}
END_TEST

/* ---- inet ----------------------------------------------------------------------------------------- */

static void inet_both_ways(const char *text, const char *type) {
    trdbi_field field = {.name = "ip", .kind = TRDBI_INET};
    trdbi_params params = {0};
    trdbi_params_begin(&params, TRDBI_OID_INET);
    ck_assert_msg(trdbi_encode_inet(&params.data, text) == 0, "%s", text);
    trdbi_params_end(&params);
    trdbi_params raw = {0};
    trdbi_params_text(&raw, text);
    char sql[64];
    snprintf(sql, sizeof sql, "text::%s", type);
    const char *expected = server_text(&raw, sql);
    if (strcmp(type, "inet") == 0)
        ck_assert_str_eq(server_text(&params, type), expected);
    trdbi_params_free(&params);
    trdbi_params_free(&raw);
    /* inet::text always shows the bits; what the server prints leaves them out when they are all there. */
    char *printed = harness_value(url, "SELECT '%s'::%s", text, type);
    const char *decoded = NULL;
    ck_decoded(text, type, field, &decoded);
    ck_assert_str_eq(decoded, printed);
    free(printed);
}

START_TEST(inet_addresses) {
    static const char *const texts[] = {"0.0.0.0",
                                        "255.255.255.255",
                                        "192.168.1.5",
                                        "192.168.1.5/24",
                                        "10.0.0.0/8",
                                        "127.0.0.1/32",
                                        "1.2.3.4/0",
                                        "::",
                                        "::1",
                                        "::/0",
                                        "::2",
                                        "fe80::1",
                                        "2001:db8::",
                                        "2001:db8::/32",
                                        "2001:db8:0:1:1:1:1:1",
                                        "1:0:0:2:0:0:0:3",
                                        "::ffff:1.2.3.4",
                                        "::ffff:1.2.3.4/96",
                                        "::1.2.3.4",
                                        "::ffff:0:1.2.3.4",
                                        "1::8",
                                        "1:2:3:4:5:6:7:8/128",
                                        "0:0:1::",
                                        "64:ff9b::192.0.2.33"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        inet_both_ways(texts[i], "inet");
    inet_both_ways("10.0.0.0/8", "cidr");
    inet_both_ways("192.168.1.5/32", "cidr");
    inet_both_ways("2001:db8::/32", "cidr");
}
END_TEST

/* psql would be too slow for many: the server prints them in one result. */
START_TEST(inet_addresses_at_random) {
    trdb_error *err = NULL;
    trdbi_field field = {.name = "ip", .kind = TRDBI_INET};
    for (int i = 0; i < 400; i++) {
        char text[80];
        unsigned words16[8];
        for (int w = 0; w < 8; w++)
            words16[w] = chance() % 2 ? 0 : (unsigned)(chance() & (chance() % 2 ? 0xFFFF : 0xF));
        snprintf(text, sizeof text, "%x:%x:%x:%x:%x:%x:%x:%x/%u", words16[0], words16[1], words16[2],
                 words16[3], words16[4], words16[5], words16[6], words16[7], (unsigned)(chance() % 129));
        char sql[256];
        snprintf(sql, sizeof sql, "SELECT '%s'::inet", text);
        trdbi_result *result = NULL;
        ck_ok(trdbi_conn_exec(conn, "inet", sql, &result, &err), err);
        const char *decoded = NULL;
        ck_decoded(text, "inet", field, &decoded);
        ck_assert_str_eq(decoded, trdbi_result_text(result, 0, 0));
        trdbi_result_free(result);
        trdbi_params params = {0};
        trdbi_params_begin(&params, TRDBI_OID_INET);
        ck_assert_int_eq(trdbi_encode_inet(&params.data, decoded), 0);
        trdbi_params_end(&params);
        snprintf(sql, sizeof sql, "SELECT ($1 = '%s'::inet AND masklen($1) = masklen('%s'))::text", text,
                 text);
        result = run(sql, &params);
        ck_assert_str_eq(trdbi_result_text(result, 0, 0), "true");
        trdbi_result_free(result);
        trdbi_params_free(&params);
    }
}
END_TEST

START_TEST(inet_that_is_none) {
    static const char *const texts[] = {"",
                                        "1.2.3",
                                        "1.2.3.4.5",
                                        "256.1.1.1",
                                        "1.2.3.4/33",
                                        "1.2.3.4/",
                                        "1.2.3.4/-1",
                                        "1.2.3.4/008",
                                        "::1/129",
                                        ":::",
                                        "1:2:3:4:5:6:7:8:9",
                                        "localhost",
                                        " 1.2.3.4",
                                        "fe80::1%eth0",
                                        "1.2.3.4/24/24",
                                        "00000000000000000000000000000000000000000000000000000000001.2.3.4"};
    trdbi_buf buf = {0};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        ck_assert_msg(trdbi_encode_inet(&buf, texts[i]) == TRDB_E_INVALID, "%s was taken", texts[i]);
    ck_assert_uint_eq(buf.size, 0);
    trdbi_buf_free(&buf);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("codec");
    TCase *tcase = tcase_create("codec");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, decimals_at_the_edges);
    tcase_add_test(tcase, decimals_at_random);
    tcase_add_test(tcase, decimals_beyond_38_digits);
    tcase_add_test(tcase, decimals_from_integers);
    tcase_add_test(tcase, decimals_that_cannot_be_sent);
    tcase_add_test(tcase, integers);
    tcase_add_test(tcase, booleans);
    tcase_add_test(tcase, uuids);
    tcase_add_test(tcase, times);
    tcase_add_test(tcase, times_out_of_range);
    tcase_add_test(tcase, texts_of_every_type);
    tcase_add_test(tcase, json_documents);
    tcase_add_test(tcase, bytes);
    tcase_add_test(tcase, inet_addresses);
    tcase_add_test(tcase, inet_addresses_at_random);
    tcase_add_test(tcase, inet_that_is_none);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
