/* SPDX-License-Identifier: MIT */
/* Connection strings: whatever is refused, no part of the text shows in the message. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "pg/pg.h"

static void check(const char *text) {
    trdbi_conninfo *info = NULL;
    trdb_error *err = NULL;
    int code = trdbi_conninfo_parse(text, &info, &err);
    FUZZ_CHECK(code == trdb_error_code(err) && (code == 0) == (info != NULL));
    if (info) {
        static const char *const keywords[] = {"host", "port",    "dbname",
                                               "user", "sslmode", "no such keyword"};
        for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
            const char *value = trdbi_conninfo_get(info, keywords[i]);
            FUZZ_CHECK(!value || strlen(value) <= strlen(text));
        }
        trdbi_conninfo_free(info);
    } else {
        FUZZ_CHECK(code == TRDB_E_INVALID);
    }
    trdb_error_free(err);
}

/* A text with a word that must not be shown, at a place of the fuzzer's choice. */
static void check_secret(fuzz_bytes *in) {
    static const char word[] = "sw0rdf1sh";
    char *before = fuzz_text(in, 100), *after = fuzz_text(in, 100);
    char text[256];
    strcpy(stpcpy(stpcpy(text, before), word), after);
    trdbi_conninfo *info = NULL;
    trdb_error *err = NULL;
    if (trdbi_conninfo_parse(text, &info, &err) < 0)
        FUZZ_CHECK(strstr(trdb_error_message(err), word) == NULL);
    else
        trdbi_conninfo_free(info);
    trdb_error_free(err);
    free(before);
    free(after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    if (fuzz_byte(&in) % 2) {
        check_secret(&in);
        return 0;
    }
    char *text = fuzz_text(&in, 500);
    if (text[0] != '\0') /* an empty one is DB_URL */
        check(text);
    free(text);
    return 0;
}
