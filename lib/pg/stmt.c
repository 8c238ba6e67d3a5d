/* SPDX-License-Identifier: MIT */
/* The statements a connection has prepared: a hash table with a list by last use through it. */
#include "pg/conn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t trdbi_hash(const void *key, size_t size) {
    const unsigned char *p = key;
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 32;
}

int trdbi_cache_init(trdbi_cache *cache, int limit, trdb_error **reterr) {
    *cache = (trdbi_cache){.limit = limit > 0 ? (size_t)limit : 0};
    size_t size = 16;
    while (size < cache->limit)
        size *= 2;
    cache->buckets = calloc(size, sizeof(trdbi_prepared *));
    if (cache->buckets == NULL)
        return trdbi_error_nomem(reterr);
    cache->mask = size - 1;
    return 0;
}

void trdbi_cache_clear(trdbi_cache *cache) {
    for (trdbi_prepared *p = cache->newest, *older; p != NULL; p = older) {
        older = p->older;
        trdbi_prepared_free(p);
    }
    if (cache->buckets != NULL)
        memset(cache->buckets, 0, (cache->mask + 1) * sizeof *cache->buckets);
    cache->newest = cache->oldest = NULL;
    cache->count = 0;
}

void trdbi_cache_outdate(trdbi_cache *cache) {
    for (trdbi_prepared *p = cache->newest; p != NULL; p = p->older)
        p->stale = true;
}

void trdbi_cache_free(trdbi_cache *cache) {
    trdbi_cache_clear(cache);
    free(cache->buckets);
    *cache = (trdbi_cache){0};
}

static void link_newest(trdbi_cache *cache, trdbi_prepared *prepared) {
    prepared->newer = NULL;
    prepared->older = cache->newest;
    if (cache->newest != NULL)
        cache->newest->newer = prepared;
    else
        cache->oldest = prepared;
    cache->newest = prepared;
}

static void unlink_by_use(trdbi_cache *cache, trdbi_prepared *prepared) {
    if (prepared->newer != NULL)
        prepared->newer->older = prepared->older;
    else
        cache->newest = prepared->older;
    if (prepared->older != NULL)
        prepared->older->newer = prepared->newer;
    else
        cache->oldest = prepared->newer;
}

bool trdbi_prepared_is(const trdbi_prepared *prepared, const trdbi_statement *statement) {
    return prepared->key_size == statement->key_size &&
           memcmp(prepared->key, statement->key, statement->key_size) == 0;
}

trdbi_prepared *trdbi_cache_find(trdbi_cache *cache, const trdbi_statement *statement) {
    uint64_t hash = trdbi_hash(statement->key, statement->key_size);
    trdbi_prepared *found = cache->buckets[hash & cache->mask];
    while (found != NULL && (found->hash != hash || !trdbi_prepared_is(found, statement)))
        found = found->chain;
    if (found == NULL)
        return NULL;
    if (found != cache->newest) {
        unlink_by_use(cache, found);
        link_newest(cache, found);
    }
    return found;
}

void trdbi_cache_insert(trdbi_cache *cache, trdbi_prepared *prepared) {
    trdbi_prepared **bucket = &cache->buckets[prepared->hash & cache->mask];
    prepared->chain = *bucket;
    *bucket = prepared;
    link_newest(cache, prepared);
    cache->count++;
}

void trdbi_cache_remove(trdbi_cache *cache, trdbi_prepared *prepared) {
    trdbi_prepared **link = &cache->buckets[prepared->hash & cache->mask];
    while (*link != prepared)
        link = &(*link)->chain;
    *link = prepared->chain;
    unlink_by_use(cache, prepared);
    cache->count--;
}

int trdbi_prepared_new(const trdbi_statement *statement, uint64_t serial, trdbi_prepared **ret,
                       trdb_error **reterr) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    int r = statement->build(statement->ctx, &sql, reterr);
    if (r < 0)
        return r;
    if (sql.failed)
        return trdbi_error_nomem(reterr);

    trdbi_prepared *prepared = calloc(1, sizeof *prepared + statement->key_size);
    if (prepared == NULL)
        return trdbi_error_nomem(reterr);
    prepared->sql = strdup(sql.data != NULL ? sql.data : "");
    prepared->label = strdup(statement->name);
    if (prepared->sql == NULL || prepared->label == NULL) {
        trdbi_prepared_free(prepared);
        return trdbi_error_nomem(reterr);
    }
    prepared->secret = statement->secret;
    prepared->hash = trdbi_hash(statement->key, statement->key_size);
    prepared->key_size = statement->key_size;
    memcpy(prepared->key, statement->key, statement->key_size);
    if (serial > 0)
        snprintf(prepared->id, sizeof prepared->id, "trdb_%" PRIu64, serial);
    *ret = prepared;
    return 0;
}

void trdbi_prepared_free(trdbi_prepared *prepared) {
    if (prepared == NULL)
        return;
    free(prepared->sql);
    free(prepared->label);
    free(prepared);
}
