/* SPDX-License-Identifier: MIT */
/* The binary forms both ways: what is encoded decodes to itself, and what is decoded encodes to the same
 * value. */
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "fuzz.h"
#include "pg/codec.h"
#include "pg/codec_types.h"

static trdbi_buf buf;
static trdbi_arena *arena;

static void decode_own(trdbi_kind kind, void *dst) {
    trdbi_field field = {.name = "own", .kind = (uint8_t)kind};
    trdb_error *err = NULL;
    FUZZ_CHECK(!buf.failed);
    FUZZ_CHECK(trdbi_decode(&field, trdbi_kind_oid(kind, false), buf.size ? buf.data : "", buf.size, arena,
                            dst, &err) == 0);
    trdbi_buf_clear(&buf);
}

/* ---- numeric ----------------------------------------------------------------------------------------- */

static void numeric_from_wire(fuzz_bytes *in) {
    trdb_decimal value, again;
    memset(&again, 0, sizeof again);
    if (trdbi_numeric_decode(in->data, in->size, &value) < 0)
        return;
    FUZZ_CHECK(trdbi_decimal_is_valid(value));
    FUZZ_CHECK(trdbi_encode_decimal(&buf, value) == 0);
    decode_own(TRDBI_DECIMAL, &again);
    FUZZ_CHECK(memcmp(&value, &again, sizeof value) == 0);
}

static void numeric_from_value(fuzz_bytes *in) {
    trdb_decimal value, again;
    memset(&again, 0, sizeof again);
    fuzz_fill(in, &value, sizeof value);
    memset(value.reserved, 0, sizeof value.reserved);
    int code = trdbi_encode_decimal(&buf, value);
    FUZZ_CHECK((code == 0) == (trdbi_decimal_is_valid(value) && value.kind != TRDB_DECIMAL_NULL));
    if (code < 0)
        return;
    decode_own(TRDBI_DECIMAL, &again);
    FUZZ_CHECK(again.kind == value.kind);
    FUZZ_CHECK(trdb_decimal_compare(value, again) == 0);
    FUZZ_CHECK(value.kind != TRDB_DECIMAL_FINITE || value.scale == again.scale);
}

/* ---- the others -------------------------------------------------------------------------------------- */

static void timestamp(fuzz_bytes *in) {
    trdb_timestamp value = trdb_timestamp_from_us((int64_t)fuzz_word(in)), again;
    value.kind = fuzz_byte(in) % 5;
    int code = trdbi_encode_timestamp(&buf, value);
    bool finite = value.kind == TRDB_TIMESTAMP_FINITE;
    FUZZ_CHECK(code == 0 || !finite || value.us < TRDB_TIMESTAMP_MIN || value.us > TRDB_TIMESTAMP_MAX);
    if (code < 0)
        return;
    decode_own(TRDBI_TIMESTAMP, &again);
    FUZZ_CHECK(again.kind == value.kind && (!finite || again.us == value.us));
}

static void inet_from_wire(fuzz_bytes *in) {
    char text[TRDBI_INET_TEXT_SIZE], again[TRDBI_INET_TEXT_SIZE];
    if (trdbi_inet_decode(in->data, in->size, text) < 0)
        return;
    FUZZ_CHECK(trdbi_encode_inet(&buf, text) == 0);
    FUZZ_CHECK(trdbi_inet_decode(buf.data, buf.size, again) == 0);
    /* Of a cidr only the text stays: what is sent is an inet. */
    size_t slash = strcspn(text, "/");
    FUZZ_CHECK(strncmp(text, again, slash) == 0 && (again[slash] == '\0' || strcmp(text, again) == 0));
}

static void inet_from_text(fuzz_bytes *in) {
    char again[TRDBI_INET_TEXT_SIZE], third[TRDBI_INET_TEXT_SIZE];
    char *text = fuzz_text(in, 100);
    if (trdbi_encode_inet(&buf, text) == 0) {
        FUZZ_CHECK(trdbi_inet_decode(buf.data, buf.size, again) == 0);
        trdbi_buf_clear(&buf);
        FUZZ_CHECK(trdbi_encode_inet(&buf, again) == 0);
        FUZZ_CHECK(trdbi_inet_decode(buf.data, buf.size, third) == 0 && strcmp(again, third) == 0);
    }
    free(text);
}

static void texts(fuzz_bytes *in) {
    enum { MOST = 40 };
    char *items[MOST];
    trdb_texts again;
    size_t count = fuzz_below(in, MOST);
    for (size_t i = 0; i < count; i++)
        items[i] = fuzz_byte(in) % 4 == 0 ? NULL : fuzz_text(in, 30);
    trdbi_encode_texts(&buf, (const char *const *)items, count);
    decode_own(TRDBI_TEXTS, &again);
    FUZZ_CHECK(again.count == count && again.items != NULL);
    for (size_t i = 0; i < count; i++) {
        FUZZ_CHECK((items[i] == NULL) == (again.items[i] == NULL));
        FUZZ_CHECK(!items[i] || strcmp(items[i], again.items[i]) == 0);
        free(items[i]);
    }
}

static void text_kinds(fuzz_bytes *in) {
    char *text = fuzz_text(in, 200);
    const char *again = NULL;
    trdbi_encode_json(&buf, text);
    decode_own(TRDBI_JSON, &again);
    FUZZ_CHECK(strcmp(text, again) == 0);
    trdbi_encode_text(&buf, text);
    decode_own(TRDBI_TEXT, &again);
    FUZZ_CHECK(strcmp(text, again) == 0);
    trdb_bytes bytes;
    trdbi_buf_append(&buf, text, strlen(text));
    decode_own(TRDBI_BYTES, &bytes);
    FUZZ_CHECK(bytes.data != NULL && bytes.size == strlen(text) && memcmp(bytes.data, text, bytes.size) == 0);
    free(text);
}

static void fixed_kinds(fuzz_bytes *in) {
    trdb_opt_i64 number;
    trdb_opt_bool boolean;
    trdb_opt_uuid opt;
    trdb_uuid uuid;
    int64_t given = (int64_t)fuzz_word(in);
    trdbi_encode_i64(&buf, given);
    decode_own(TRDBI_I64, &number);
    FUZZ_CHECK(number.set && number.value == given);
    trdbi_encode_bool(&buf, given & 1);
    decode_own(TRDBI_BOOL, &boolean);
    FUZZ_CHECK(boolean.set && boolean.value == (given & 1));
    fuzz_fill(in, &uuid, sizeof uuid);
    trdbi_encode_uuid(&buf, uuid);
    decode_own(TRDBI_UUID, &opt);
    FUZZ_CHECK(opt.set && memcmp(&opt.value, &uuid, sizeof uuid) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static void (*const parts[])(fuzz_bytes *) = {numeric_from_wire, numeric_from_value, timestamp,
                                                  inet_from_wire,    inet_from_text,     texts,
                                                  text_kinds,        fixed_kinds};
    fuzz_bytes in = {data, size};
    size_t part = fuzz_below(&in, sizeof parts / sizeof parts[0]);
    arena = trdbi_arena_new(0);
    parts[part](&in);
    trdbi_buf_free(&buf);
    trdbi_arena_free(arena);
    return 0;
}
