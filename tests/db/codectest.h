/* SPDX-License-Identifier: MIT */
/* What the codec tests share: a connection, chance, and asking the server for its view of a value. */
#pragma once

#include "pgtest.h"

extern char *url;
extern trdbi_conn *conn;
extern trdbi_arena *arena;

void setup(void);
void teardown(void);

/* The next number of a generator that gives the same ones in every run. */
uint64_t chance(void);

/* Texts that are awkward to quote. */
enum { WORDS = 7 };
extern const char *const words[WORDS];

trdbi_result *run(const char *sql, const trdbi_params *params);

/* The server's text of an encoded value. */
const char *server_text(const trdbi_params *params, const char *type);

/* Decodes what the server makes of a text; `dst` is a row struct. */
int decode_as(const char *text, const char *type, trdbi_field field, void *dst, trdb_error **reterr);

#define ck_decoded(text, type, field, dst)                                                                   \
    do {                                                                                                     \
        trdb_error *decode_error = NULL;                                                                     \
        ck_ok(decode_as((text), (type), (field), (dst), &decode_error), decode_error);                       \
    } while (0)

/* The same, which must fail. */
void refused(const char *text, const char *type, trdbi_field field, int code, const char *part);
