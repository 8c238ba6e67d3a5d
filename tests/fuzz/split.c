/* SPDX-License-Identifier: MIT */
/* The splitter of migration files: pieces lie in the text, in order, and split no further. */
#include <stdlib.h>
#include <string.h>

#include "core/migrate.h"
#include "fuzz.h"

static size_t count_pieces(const char *sql) {
    trdbi_splitter splitter = {.at = sql, .line = 1};
    trdbi_piece piece;
    size_t count = 0;
    while (trdbi_split_next(&splitter, &piece))
        count++;
    FUZZ_CHECK(*splitter.at == '\0');
    return count;
}

static int lines_before(const char *sql, const char *end) {
    int lines = 1;
    for (; sql < end; sql++)
        lines += *sql == '\n';
    return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_bytes in = {data, size};
    char *sql = fuzz_text(&in, size);
    trdbi_splitter splitter = {.at = sql, .line = 1};
    trdbi_piece piece;
    const char *last = sql;
    while (trdbi_split_next(&splitter, &piece)) {
        FUZZ_CHECK(piece.sql >= last && piece.size > 0 && piece.sql + piece.size <= splitter.at);
        FUZZ_CHECK(piece.line == lines_before(sql, piece.sql));
        last = piece.sql + piece.size;
        char *alone = strndup(piece.sql, piece.size);
        FUZZ_CHECK(alone && count_pieces(alone) == 1);
        free(alone);
    }
    (void)trdbi_sql_no_transaction(sql);
    free(sql);
    return 0;
}
