/* SPDX-License-Identifier: MIT */
/* JSON documents: what is accepted is what RFC 8259 says, less what PostgreSQL cannot store; and the checks
 * of a bot's configuration run on any of it. */
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fuzz.h"
#include "service/service.h"
#include "service/validate.h"

/* ---- a reading by the grammar of RFC 8259 ------------------------------------------------------------ */

typedef struct reader {
    const char *at;
    int depth;
    int deepest;
    bool refusable; /* holds what may be refused although it is JSON */
} reader;

/* Never goes beyond the end of the text. */
static bool take(reader *r, char c) {
    bool there = *r->at == c;
    r->at += there;
    return there;
}

static void skip_space(reader *r) {
    r->at += strspn(r->at, " \t\r\n");
}

static size_t digits(reader *r) {
    size_t count = strspn(r->at, "0123456789");
    r->at += count;
    return count;
}

static bool read_number(reader *r) {
    r->at += *r->at == '-';
    if (*r->at == '0')
        r->at++;
    else if (digits(r) == 0)
        return false;
    if (*r->at == '.') {
        r->at++;
        if (digits(r) == 0)
            return false;
    }
    if (*r->at == 'e' || *r->at == 'E') {
        r->at++;
        r->at += *r->at == '-' || *r->at == '+';
        size_t count = digits(r);
        r->refusable |= count > 4; /* more digits than a numeric has */
        return count > 0;
    }
    return true;
}

static bool read_string(reader *r) {
    if (!take(r, '"'))
        return false;
    while (!take(r, '"')) {
        if ((unsigned char)*r->at < 0x20)
            return false;
        if (*r->at++ != '\\')
            continue;
        if (*r->at == 'u') {
            char unit[5] = "";
            memcpy(unit, r->at + 1, strnlen(r->at + 1, 4));
            if (strspn(unit, "0123456789abcdefABCDEF") != 4)
                return false;
            /* Half of a pair needs the other half; here it is enough that it may be missing. */
            r->refusable |= strcmp(unit, "0000") == 0 || strchr("dD", unit[0]) != NULL;
            r->at += 5;
        } else if (*r->at && strchr("\"\\/bfnrt", *r->at)) {
            r->at++;
        } else {
            return false;
        }
    }
    return true;
}

static bool read_word(reader *r) {
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        if (strncmp(r->at, words[i], strlen(words[i])) == 0) {
            r->at += strlen(words[i]);
            return true;
        }
    }
    return false;
}

static bool read_value(reader *r);

static bool read_members(reader *r, char end, bool named) {
    r->at++;
    skip_space(r);
    if (take(r, end))
        return true;
    for (;; r->at++) {
        if (named) {
            skip_space(r);
            if (!read_string(r))
                return false;
            skip_space(r);
            if (!take(r, ':'))
                return false;
        }
        if (!read_value(r))
            return false;
        if (take(r, end))
            return true;
        if (*r->at != ',')
            return false;
    }
}

/* A value with the space around it. */
static bool read_value(reader *r) {
    bool good;
    skip_space(r);
    if (++r->depth > r->deepest)
        r->deepest = r->depth;
    if (r->depth > 2000)
        return false;
    if (*r->at == '{' || *r->at == '[')
        good = read_members(r, *r->at == '{' ? '}' : ']', *r->at == '{');
    else if (*r->at == '"')
        good = read_string(r);
    else if (*r->at && strchr("-0123456789", *r->at))
        good = read_number(r);
    else
        good = read_word(r);
    r->depth--;
    skip_space(r);
    return good;
}

/* ---- the properties ---------------------------------------------------------------------------------- */

static void check_again(json_object *document) {
    const char *text = json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN);
    json_object *again = NULL;
    const char *problem = NULL;
    size_t at;
    FUZZ_CHECK(trdbi_json_parse(text, strlen(text), &again, &problem, &at) == 0);
    FUZZ_CHECK(problem == NULL && json_object_equal(document, again));
    json_object_put(again);
}

static void check_config(const char *text) {
    trdb_error *err = NULL;
    trdb_finding_list *list = trdbi_findings_new();
    FUZZ_CHECK(list != NULL && trdbi_check_bot_config(list, text, &err) == 0);
    FUZZ_CHECK(trdbi_findings_complete(list, &err) == 0);
    for (size_t i = 0; i < trdb_finding_list_count(list); i++) {
        const trdb_finding *finding = trdb_finding_list_at(list, i);
        FUZZ_CHECK(finding->topic && finding->text[0]);
        FUZZ_CHECK(trdbi_utf8_length(finding->text, strlen(finding->text)) >= 0);
    }
    trdb_finding_list_free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    char *text = fuzz_text(&in, size);
    size_t length = strlen(text), at = 0;
    json_object *document = NULL;
    const char *problem = NULL;
    FUZZ_CHECK(trdbi_json_parse(text, length, &document, &problem, &at) == 0);
    FUZZ_CHECK(at <= length + 1);

    reader r = {.at = text};
    bool sound = trdbi_utf8_length(text, length) >= 0, valid = read_value(&r) && *r.at == '\0';
    if (sound) /* json-c lets overlong characters pass; whoever parses has looked at the text before */
        FUZZ_CHECK(valid || problem != NULL);
    if (sound && valid && !r.refusable && r.deepest < 900)
        FUZZ_CHECK(problem == NULL);
    if (sound && !problem)
        check_again(document);
    json_object_put(document);
    check_config(text);
    free(text);
    return 0;
}
