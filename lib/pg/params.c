/* SPDX-License-Identifier: MIT */
#include "pg/codec.h"
#include "pg/conn.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PARAMS = 65535 }; /* a 16-bit count in the protocol */

void trdbi_params_clear(trdbi_params *params) {
    trdbi_buf_clear(&params->data);
    params->count = 0;
    params->failed = false;
}

void trdbi_params_free(trdbi_params *params) {
    trdbi_buf_free(&params->data);
    free(params->items);
    *params = (trdbi_params){0};
}

static struct trdbi_param *add(trdbi_params *params, uint32_t oid) {
    if (params->failed)
        return NULL;
    if (params->count == params->room) {
        int room = params->room > 0 ? params->room * 2 : 16;
        struct trdbi_param *items = reallocarray(params->items, (size_t)room, sizeof *items);
        if (items == NULL) {
            params->failed = true;
            return NULL;
        }
        params->items = items;
        params->room = room;
    }
    struct trdbi_param *item = &params->items[params->count++];
    *item = (struct trdbi_param){.oid = oid, .offset = params->data.size};
    return item;
}

void trdbi_params_begin(trdbi_params *params, uint32_t oid) {
    add(params, oid);
}

void trdbi_params_end(trdbi_params *params) {
    if (params->failed)
        return;
    struct trdbi_param *item = &params->items[params->count - 1];
    size_t size = params->data.size - item->offset;
    if (params->data.failed || size > INT32_MAX)
        params->failed = true;
    else
        item->length = (int32_t)size;
}

void trdbi_params_null(trdbi_params *params, uint32_t oid) {
    struct trdbi_param *item = add(params, oid);
    if (item != NULL)
        item->length = -1;
}

void trdbi_params_append(trdbi_params *params, const trdbi_params *from) {
    if (from == NULL || from->count == 0)
        return;
    const struct trdbi_param *first = from->items, *last = first + from->count - 1;
    const size_t start = first->offset, to = params->data.size;
    const size_t end = last->offset + (last->length > 0 ? (size_t)last->length : 0);
    if (end > start)
        trdbi_buf_append(&params->data, from->data.data + start, end - start);
    for (const struct trdbi_param *old = first; old <= last; old++) {
        struct trdbi_param *item = add(params, old->oid);
        if (item == NULL)
            return;
        item->length = old->length;
        item->offset = to + old->offset - start;
    }
}

void trdbi_params_i64(trdbi_params *params, int64_t value) {
    trdbi_params_begin(params, TRDBI_OID_INT8);
    trdbi_encode_i64(&params->data, value);
    trdbi_params_end(params);
}

void trdbi_params_text(trdbi_params *params, const char *text) {
    if (text == NULL) {
        trdbi_params_null(params, TRDBI_OID_TEXT);
        return;
    }
    trdbi_params_begin(params, TRDBI_OID_TEXT);
    trdbi_encode_text(&params->data, text);
    trdbi_params_end(params);
}

static int grow(trdbi_arguments *arguments, int count, trdb_error **reterr) {
    int room = count > 64 ? MAX_PARAMS : 64;
    size_t n = (size_t)room;
    Oid *types = reallocarray(arguments->types, n, sizeof *types);
    if (types != NULL)
        arguments->types = types;
    const char **values = reallocarray(arguments->values, n, sizeof *values);
    if (values != NULL)
        arguments->values = values;
    int *lengths = reallocarray(arguments->lengths, n, sizeof *lengths);
    if (lengths != NULL)
        arguments->lengths = lengths;
    int *formats = reallocarray(arguments->formats, n, sizeof *formats);
    if (formats != NULL)
        arguments->formats = formats;
    if (types == NULL || values == NULL || lengths == NULL || formats == NULL)
        return trdbi_error_nomem(reterr);
    for (int i = arguments->room; i < room; i++)
        arguments->formats[i] = 1;
    arguments->room = room;
    return 0;
}

int trdbi_conn_bind(trdbi_conn *conn, const trdbi_params *params, trdb_error **reterr) {
    if (params == NULL || params->count == 0)
        return params != NULL && params->failed ? trdbi_error_nomem(reterr) : 0;
    if (params->failed || params->data.failed)
        return trdbi_error_nomem(reterr);
    if (params->count > MAX_PARAMS)
        return trdbi_error(reterr, TRDB_E_RANGE, "a statement takes at most %d parameters", MAX_PARAMS);
    trdbi_arguments *arguments = &conn->arguments;
    if (params->count > arguments->room) {
        int r = grow(arguments, params->count, reterr);
        if (r < 0)
            return r;
    }
    const char *data = params->data.data != NULL ? params->data.data : "";
    for (int i = 0; i < params->count; i++) {
        const struct trdbi_param *item = &params->items[i];
        arguments->types[i] = item->oid;
        arguments->values[i] = item->length < 0 ? NULL : data + item->offset;
        arguments->lengths[i] = item->length < 0 ? 0 : item->length;
    }
    return 0;
}
