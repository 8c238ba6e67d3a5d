/* SPDX-License-Identifier: MIT */
/* Opening and closing a database, its statistics and its trace. */
#include "core/pool.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- options -------------------------------------------------------------------------------------- */

enum { MAX_CONNECTIONS = 10000, MAX_WAITERS = 1000000, MAX_STATEMENTS = 65536, MAX_NAME = 63 };

typedef struct number_option {
    const char *name;
    size_t offset;
    int32_t usual; /* what a zero means */
    int32_t least;
    int32_t most;
} number_option;

#define NUMBER(field, usual, least, most)                                                                    \
    { #field, offsetof(trdb_db_options, field), usual, least, most }
static const number_option numbers[] = {
    NUMBER(pool_min, 0, 0, MAX_CONNECTIONS),         NUMBER(pool_size, 20, 1, MAX_CONNECTIONS),
    NUMBER(pool_overflow, 30, -1, MAX_CONNECTIONS),  NUMBER(pool_waiters, 1000, -1, MAX_WAITERS),
    NUMBER(pool_timeout_ms, 30000, 1, INT32_MAX),    NUMBER(connect_timeout_ms, 10000, 1, INT32_MAX),
    NUMBER(max_lifetime_ms, 3600000, -1, INT32_MAX), NUMBER(idle_timeout_ms, 600000, -1, INT32_MAX),
    NUMBER(ping_after_ms, 60000, -1, INT32_MAX),     NUMBER(statement_cache, 256, -1, MAX_STATEMENTS),
    NUMBER(trust_ms, 1000, -1, INT32_MAX),
};

static int check_numbers(trdb_db_options *options, trdb_error **reterr) {
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const number_option *number = &numbers[i];
        int32_t *value = (int32_t *)(void *)((char *)options + number->offset);
        if (*value == 0)
            *value = number->usual;
        if (*value < number->least || *value > number->most)
            return trdbi_error(reterr, TRDB_E_INVALID, "trdb_db_options: %s is %d, wanted %d to %d",
                               number->name, *value, number->least, number->most);
    }
    if (options->pool_min > options->pool_size)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_db_options: pool_min is %d, more than pool_size %d",
                           options->pool_min, options->pool_size);
    if (options->pool_overflow < 0)
        options->pool_overflow = 0;
    if (options->pool_waiters < 0)
        options->pool_waiters = 0;
    return 0;
}

static int check_name(const char *field, const char *name, trdb_error **reterr) {
    size_t size = strlen(name);
    if (size == 0 || size > MAX_NAME)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_db_options: %s has %zu bytes, wanted 1 to %d", field,
                           size, MAX_NAME);
    if (trdbi_utf8_length(name, size) < 0)
        return trdbi_error(reterr, TRDB_E_ENCODING, "trdb_db_options: %s is not valid UTF-8", field);
    return 0;
}

static int check_options(trdb_db_options *options, trdb_error **reterr) {
    if (options->flags & ~(uint32_t)TRDB_OPEN_LAZY)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_db_options: flags has unknown bits: 0x%x",
                           (unsigned)options->flags);
    if (options->reserved != 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_db_options: reserved is not zero");
    if (!options->schema)
        options->schema = "public";
    int r = check_name("schema", options->schema, reterr);
    if (r == 0 && options->application_name)
        r = check_name("application_name", options->application_name, reterr);
    return r < 0 ? r : check_numbers(options, reterr);
}

/* ---- opening -------------------------------------------------------------------------------------- */

static void destroy(trdb_db *db) {
    trdbi_replicas_free(db);
    for (trdb_uow *unit = db->units, *next; unit; unit = next) {
        next = *trdbi_uow_link(unit);
        trdbi_uow_release(unit);
    }
    trdbi_birthmark_free(&db->birthmark);
    trdb_error_free(db->gate.reason);
    trdbi_conninfo_free(db->conninfo);
    free(db->schema);
    free(db->application_name);
    trdbi_buf_free(&db->schema_prefix);
    pthread_mutex_destroy(&db->lock);
    free(db);
}

void trdbi_db_unref(trdb_db *db) {
    if (atomic_fetch_sub(&db->references, 1) == 1)
        destroy(db);
}

static int copy_names(trdb_db *db, trdb_error **reterr) {
    const trdb_db_options *options = &db->options;
    db->schema = strdup(options->schema);
    if (options->application_name)
        db->application_name = strdup(options->application_name);
    trdbi_buf_identifier(&db->schema_prefix, options->schema);
    trdbi_buf_char(&db->schema_prefix, '.');
    if (!db->schema || (options->application_name && !db->application_name) || db->schema_prefix.failed)
        return trdbi_error_nomem(reterr);
    db->options.schema = NULL;
    db->options.application_name = NULL;
    return 0;
}

static int make(const char *conninfo, const trdb_db_options *options, trdb_db **ret, trdb_error **reterr) {
    trdb_db *db = calloc(1, sizeof *db);
    if (!db)
        return trdbi_error_nomem(reterr);
    if (pthread_mutex_init(&db->lock, NULL) != 0) {
        free(db);
        return trdbi_error_nomem(reterr);
    }
    trdbi_birthmark_init(&db->birthmark);
    db->options = *options;
    atomic_init(&db->references, 1);
    atomic_init(&db->ref_tag, trdbi_ref_first_tag());
    int r = trdbi_conninfo_parse(conninfo, &db->conninfo, reterr);
    if (r == 0)
        r = copy_names(db, reterr);
    if (r < 0) {
        destroy(db);
        return r;
    }
    *ret = db;
    return 0;
}

/* Makes the connections that the pool keeps, at least one: what is wrong is told by trdb_open(). */
static int connect_first(trdb_db *db, trdb_error **reterr) {
    int wanted = db->options.pool_min > 0 ? db->options.pool_min : 1;
    trdbi_slot *first = NULL;
    int r = 0, made = 0;
    for (; made < wanted && r == 0; made++) {
        trdbi_slot *slot = NULL;
        r = trdbi_pool_take(db, db->options.connect_timeout_ms, NULL, &slot, reterr);
        if (r < 0)
            break;
        slot->colder = first;
        first = slot;
    }
    for (trdbi_slot *slot = first, *next; slot; slot = next) {
        next = slot->colder;
        trdbi_pool_give(db, slot, TRDBI_OUTCOME_NONE);
    }
    db->counters.checkouts = 0; /* nobody borrowed them */
    return r;
}

int trdb_open(const char *conninfo, const trdb_db_options *options, trdb_db **ret, trdb_error **reterr) {
    trdb_db_options copy;
    trdb_db *db = NULL;
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_open: ret is NULL");
    int r = trdbi_copy_struct(&copy, sizeof copy, options, "trdb_db_options", reterr);
    if (r == 0)
        r = check_options(&copy, reterr);
    if (r == 0)
        r = make(conninfo, &copy, &db, reterr);
    if (r < 0)
        return r;
    if (!(copy.flags & TRDB_OPEN_LAZY))
        r = connect_first(db, reterr);
    if (r < 0) {
        trdb_db_free(db);
        return r;
    }
    db->repair.wanted = true;
    *ret = db;
    return 0;
}

/* ---- closing -------------------------------------------------------------------------------------- */

int trdbi_db_check(const trdb_db *db, trdb_error **reterr) {
    if (!db)
        return trdbi_error(reterr, TRDB_E_INVALID, "the database handle is NULL");
    if (trdbi_db_forked(db))
        return trdbi_error(reterr, TRDB_E_FORKED,
                           "the database was opened before fork(); open it again in the child process");
    return 0;
}

/* Under the lock: takes out the idle connections. */
static trdbi_slot *detach_idle(trdb_db *db) {
    trdbi_slot *list = db->hottest;
    for (trdbi_slot *slot = list; slot; slot = slot->colder) {
        *(slot->previous ? &slot->previous->next : &db->slots) = slot->next;
        if (slot->next)
            slot->next->previous = slot->previous;
        db->counters.round_trips += trdbi_conn_round_trips(slot->conn);
        db->counters.prepares += trdbi_conn_prepares(slot->conn);
    }
    db->slot_count -= db->idle_count;
    db->places -= db->idle_count;
    db->idle_count = 0;
    db->hottest = db->coldest = NULL;
    return list;
}

void trdb_close(trdb_db *db) {
    if (!db || trdbi_db_forked(db))
        return;
    pthread_mutex_lock(&db->lock);
    db->closed = true;
    trdbi_slot *idle = detach_idle(db);
    for (trdbi_waiter *waiter = db->first_waiter; waiter; waiter = waiter->next) {
        waiter->state = TRDBI_TURNED_AWAY;
        trdbi_waiter_wake(waiter);
    }
    db->first_waiter = db->last_waiter = NULL;
    db->waiter_count = 0;
    pthread_mutex_unlock(&db->lock);
    trdbi_slot_close(idle);
    trdbi_repair_stop(db);
    trdbi_replicas_close(db);
}

/* In a forked child: the sessions are the parent's. Where another thread held the lock at the fork the lists
 * may be half changed; the memory then stays. */
static void abandon_idle(trdb_db *db) {
    if (pthread_mutex_trylock(&db->lock) != 0)
        return;
    trdbi_slot *slot = db->hottest;
    db->hottest = db->coldest = NULL;
    pthread_mutex_unlock(&db->lock);
    for (trdbi_slot *colder; slot; slot = colder) {
        colder = slot->colder;
        trdbi_slot_abandon(slot);
    }
}

void trdb_db_free(trdb_db *db) {
    if (!db)
        return;
    if (trdbi_db_forked(db))
        abandon_idle(db);
    else
        trdb_close(db);
    trdbi_replicas_free(db);
    atomic_store(&db->released, true);
    trdbi_db_unref(db);
}

/* ---- statistics and traces ------------------------------------------------------------------------ */

static void read_stats(trdb_db *db, trdb_db_stats *stats) {
    const trdbi_pool_counters *counters = &db->counters;
    *stats = (trdb_db_stats){
        .open = db->slot_count,
        .idle = db->idle_count,
        .borrowed = db->slot_count - db->idle_count,
        .waiting = db->waiter_count,
        .connects = counters->connects,
        .connect_errors = counters->connect_errors,
        .checkouts = counters->checkouts,
        .timeouts = counters->timeouts,
        .refusals = counters->refusals,
        .pings = counters->pings,
        .discards = counters->discards,
        .retired = counters->retired,
        .wait_us = counters->wait_us,
        .round_trips = counters->round_trips,
        .commits = counters->commits,
        .rollbacks = counters->rollbacks,
        .prepares = counters->prepares,
    };
    for (const trdbi_slot *slot = db->slots; slot; slot = slot->next) {
        stats->round_trips += trdbi_conn_round_trips(slot->conn);
        stats->prepares += trdbi_conn_prepares(slot->conn);
    }
}

int trdb_db_get_stats(trdb_db *db, trdb_db_stats *stats, trdb_error **reterr) {
    enum { MOST = 4096 };
    trdb_db_stats now;
    int r = trdbi_db_check(db, reterr);
    if (r < 0)
        return r;
    if (!stats || stats->struct_size < sizeof stats->struct_size || stats->struct_size > MOST)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_db_stats: begin with trdb_db_stats_init()");
    pthread_mutex_lock(&db->lock);
    read_stats(db, &now);
    pthread_mutex_unlock(&db->lock);

    size_t size = stats->struct_size;
    memset(stats, 0, size);
    memcpy(stats, &now, size < sizeof now ? size : sizeof now);
    stats->struct_size = size;
    return 0;
}

int trdb_set_trace(trdb_db *db, trdb_trace_fn fn, void *arg, trdb_error **reterr) {
    int r = trdbi_db_check(db, reterr);
    if (r < 0)
        return r;
    pthread_mutex_lock(&db->lock);
    db->trace = (trdbi_trace){.fn = fn, .arg = arg};
    trdbi_replicas_trace(db, &db->trace);
    pthread_mutex_unlock(&db->lock);
    return 0;
}
