/* SPDX-License-Identifier: MIT */
/* The binary forms that need more than a few lines, for the codecs only. */
#pragma once

#include "base/buf.h"
#include <tradingdb/types.h>

/* numeric: base-10000 digits. */
int trdbi_numeric_encode(trdbi_buf *buf, trdb_decimal value);
/* 0; TRDB_E_RANGE for more than 38 digits; TRDB_E_PROTOCOL for malformed data. */
int trdbi_numeric_decode(const void *data, size_t size, trdb_decimal *ret);

/* inet and cidr. */
enum { TRDBI_INET_TEXT_SIZE = 64 };
int trdbi_inet_encode(trdbi_buf *buf, const char *text);
/* Writes at most TRDBI_INET_TEXT_SIZE bytes. 0 or TRDB_E_PROTOCOL. */
int trdbi_inet_decode(const void *data, size_t size, char *text);

/* Arrays of text of one dimension, element by element. What is behind the last one is malformed. */
typedef struct trdbi_texts_reader {
    const char *data; /* behind what was read */
    size_t size;
    uint32_t left; /* elements */
} trdbi_texts_reader;
/* 0; TRDB_E_PROTOCOL; TRDB_E_UNSUPPORTED, and *ret_problem says why. */
int trdbi_texts_open(trdbi_texts_reader *reader, const char *data, size_t size, const char **ret_problem);
/* *ret_data NULL: the element is NULL. 0 or TRDB_E_PROTOCOL. */
int trdbi_texts_next(trdbi_texts_reader *reader, const char **ret_data, size_t *ret_size);
