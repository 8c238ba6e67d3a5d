/* SPDX-License-Identifier: MIT */
/* Small readers of text: UTF-8 against a slow reading of RFC 3629, UUIDs, JSON strings, identifiers. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "error/error.h"
#include "fuzz.h"
#include "service/service.h"

/* One character by the definition: bits are put together, then the rules are asked. -1: malformed. */
static int reference_character(const unsigned char *p, size_t left) {
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    int size = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 : p[0] >> 3 == 30 ? 4 : 0;
    if (size == 0 || (size_t)size > left)
        return -1;
    uint32_t value = size == 1 ? p[0] : p[0] & (0x7Fu >> size);
    for (int i = 1; i < size; i++) {
        if (p[i] >> 6 != 2)
            return -1;
        value = value << 6 | (p[i] & 0x3Fu);
    }
    return value < least[size] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF) ? -1 : size;
}

static ptrdiff_t reference_length(const unsigned char *text, size_t size) {
    ptrdiff_t characters = 0;
    for (size_t at = 0; at < size; characters++) {
        int step = reference_character(text + at, size - at);
        if (step < 0)
            return -1;
        at += (size_t)step;
    }
    return characters;
}

static void check_json_text(const char *text) {
    trdbi_buf buf = {0};
    trdbi_json_text(&buf, text);
    FUZZ_CHECK(!buf.failed);
    json_object *document = NULL;
    const char *problem = NULL;
    size_t at;
    FUZZ_CHECK(trdbi_json_parse(buf.data, buf.size, &document, &problem, &at) == 0 && problem == NULL);
    FUZZ_CHECK(strcmp(json_object_get_string(document), text) == 0);
    json_object_put(document);
    trdbi_buf_free(&buf);
}

static void check_identifier(const char *text) {
    trdbi_buf buf = {0};
    trdbi_buf_identifier(&buf, text);
    size_t inner = buf.size - 2, quotes = 0;
    FUZZ_CHECK(buf.size >= 2 && buf.data[0] == '"' && buf.data[buf.size - 1] == '"');
    for (size_t i = 1; i <= inner; i++) {
        if (buf.data[i] != '"')
            continue;
        FUZZ_CHECK(i < inner && buf.data[i + 1] == '"');
        i++;
        quotes++;
    }
    FUZZ_CHECK(inner == strlen(text) + quotes);
    trdbi_buf_free(&buf);
}

static void check_uuid(const char *text) {
    trdb_uuid uuid, same;
    char again[TRDB_UUID_TEXT_SIZE];
    memset(&uuid, 0x5A, sizeof uuid);
    same = uuid;
    if (trdb_uuid_parse(text, &uuid) < 0) {
        FUZZ_CHECK(memcmp(&uuid, &same, sizeof uuid) == 0);
        return;
    }
    trdb_uuid_format(uuid, again);
    FUZZ_CHECK(strcasecmp(text, again) == 0);
}

static void check_error(const char *text) {
    trdb_error *err = NULL;
    char *copy = strdup(text);
    trdbi_server_error server = {copy, copy, copy, copy, copy, copy, copy};
    int code = trdbi_error_server(&err, text, &server, strlen(text) % 2);
    FUZZ_CHECK(code < 0 && code == trdb_error_code(err) && trdb_error_message(err));
    FUZZ_CHECK(strlen(trdb_error_sqlstate(err) ? trdb_error_sqlstate(err) : "") <= 5);
    free(copy);
    trdb_error_free(err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ptrdiff_t length = trdbi_utf8_length((const char *)data, size);
    FUZZ_CHECK(length == reference_length(data, size));
    fuzz_bytes in = {data, size};
    char *text = fuzz_text(&in, size);
    if (trdbi_utf8_length(text, strlen(text)) >= 0)
        check_json_text(text);
    check_identifier(text);
    check_uuid(text);
    check_error(text);
    free(text);
    return 0;
}
