/* SPDX-License-Identifier: MIT */
#include "codectest.h"

char *url;
trdbi_conn *conn;
trdbi_arena *arena;
static uint64_t state = 88172645463325252u; /* of the generator: the same values in every run */

uint64_t chance(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

void setup(void) {
    url = harness_empty_database();
    conn = pgtest_connect(url, 64);
    arena = trdbi_arena_new(1 << 16);
}

void teardown(void) {
    trdbi_arena_free(arena);
    trdbi_conn_close(conn);
    harness_database_free(url);
}

/* ---- asking the server ---------------------------------------------------------------------------- */

trdbi_result *run(const char *sql, const trdbi_params *params) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    trdbi_statement statement = pgtest_statement(sql);
    ck_ok(trdbi_conn_run(conn, &statement, params, &result, &err), err);
    return result;
}

/* The server's text of an encoded value. */
const char *server_text(const trdbi_params *params, const char *type) {
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT $1::%s::text", type);
    trdbi_result *result = run(sql, params);
    size_t size = 0;
    const char *value = trdbi_result_value(result, 0, 0, &size);
    const char *copy = value ? trdbi_arena_text(arena, value, size) : NULL;
    trdbi_result_free(result);
    return copy;
}

/* Decodes what the server makes of a text; `dst` is a row struct. */
int decode_as(const char *text, const char *type, trdbi_field field, void *dst, trdb_error **reterr) {
    char sql[128];
    trdbi_params params = {0};
    snprintf(sql, sizeof sql, "SELECT $1::text::%s", type);
    trdbi_params_text(&params, text);
    trdbi_result *result = run(sql, &params);
    int r = trdbi_result_decode(result, 0, &field, sizeof field, 1, arena, dst, reterr);
    trdbi_result_free(result);
    trdbi_params_free(&params);
    return r;
}

void refused(const char *text, const char *type, trdbi_field field, int code, const char *part) {
    char row[256];
    trdb_error *err = NULL;
    memset(row, 0x5A, sizeof row);
    ck_fails(decode_as(text, type, field, row, &err), code, part, err);
}

const char *const words[WORDS] = {
    "", " ", "BTCUSDT", "it's \"quoted\" \\ and {curly}, NULL", "NULL", "grün 取引 🚀", "line\nbreak\ttab"};
