/* SPDX-License-Identifier: MIT */
#include "sql.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PIECES = 1000 };
static void *pieces[MOST_PIECES];
static size_t piece_count;

static void *keep(void *memory) {
    if (!memory || piece_count == MOST_PIECES)
        abort();
    return pieces[piece_count++] = memory;
}

void *sql_memory(size_t size) {
    return keep(calloc(1, size ? size : 1));
}

void sql_free(void) {
    while (piece_count > 0)
        free(pieces[--piece_count]);
}

const trdbi_table *sql_table(fuzz_bytes *in) {
    size_t count = 0;
    while (trdbi_tables[count])
        count++;
    return trdbi_tables[fuzz_below(in, count)];
}

const char *sql_text(fuzz_bytes *in) {
    static const char *const good[] = {"1.2.3.4", "::1/64", "{\"a\": 1}", "[]", "BTCUSDT", "gr\xc3\xbcn", ""};
    uint8_t what = fuzz_byte(in);
    if (what % 4 == 0)
        return what & 4 ? TRDB_NULL_TEXT : NULL;
    if (what % 4 == 1)
        return good[what / 4 % (sizeof good / sizeof good[0])];
    return keep(fuzz_text(in, 80));
}

/* The highest $n, with quoted names left out. */
static int highest_parameter(const char *sql) {
    int highest = 0;
    for (bool quoted = false; *sql; sql++) {
        quoted ^= *sql == '"';
        if (*sql == '$' && !quoted && atoi(sql + 1) > highest)
            highest = atoi(sql + 1);
    }
    return highest;
}

static void check_params(const trdbi_params *params) {
    size_t at = 0;
    for (int i = 0; i < params->count; i++) {
        const struct trdbi_param *param = &params->items[i];
        if (param->length < 0)
            continue;
        FUZZ_CHECK(param->offset == at);
        at += (size_t)param->length;
    }
    FUZZ_CHECK(at == params->data.size);
}

void sql_check(const trdbi_shape *shape, const trdbi_params *params, const char *begins) {
    trdb_error *err = NULL;
    trdbi_buf sql = {0};
    trdbi_build build = {shape, "\"public\"."};
    FUZZ_CHECK(!params->failed && !params->data.failed);
    check_params(params);
    FUZZ_CHECK(trdbi_build_sql(&build, &sql, &err) == 0);
    FUZZ_CHECK(strncmp(sql.data, begins, strlen(begins)) == 0);
    FUZZ_CHECK(highest_parameter(sql.data) == params->count);
    int depth = 0;
    for (const char *p = sql.data; *p; p++) {
        depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
        FUZZ_CHECK(depth >= 0);
    }
    FUZZ_CHECK(depth == 0);
    trdbi_buf_free(&sql);
}
