/* SPDX-License-Identifier: MIT */
/*
 * Reading from replicas.
 *
 * What a unit asks for becomes a floor: a place in the primary's log that the replica must have replayed. It
 * is the token of a commit, or where the primary was at some time within the lag budget; no clock of another
 * machine is trusted. Places compare within one timeline of one cluster only; whatever else comes up, the
 * primary serves.
 *
 * A server's replay does not go back while its sessions live, so a connection remembers how far it has seen
 * its server come, and most reads ask nothing.
 */
#include "core/replica.h"

#include "base/text.h"
#include "core/uow.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CONNECT_MS = 2000,
    POOL_MS = 1000, LEAST_POOL_MS = 500,
    WAIT_MS = 20,
    ASK_US = 500000,
    FIRST_REST_US = 1000000,
    LONGEST_REST_US = 30000000
};

/* ---- places ---------------------------------------------------------------------------------------- */

/* Behind a COMMIT that waited for the log, what it wrote lies before the flushed place, and a standby gets to
 * see that at once; the inserted place can belong to others who do not flush yet. */
static const char primary_sql[] =
    "SELECT c.system_identifier, ('x' || substr(pg_walfile_name(l.lsn), 1, 8))::bit(32)::int8, (l.lsn - "
    "'0/0')::int8 "
    "FROM pg_control_system() c, (SELECT CASE current_setting('synchronous_commit') WHEN 'off' "
    "THEN pg_current_wal_insert_lsn() ELSE pg_current_wal_flush_lsn() END AS lsn) l";

/* The timeline that is replayed is at least that of the last restart point, of the place that must be reached
 * to be consistent, and, for roles that may see it, of what is received; a timeline that is received from
 * before the replayed place would not be replayed. 0: no standby. */
static const char standby_sql[] =
    "SELECT c.system_identifier, CASE WHEN pg_is_in_recovery() THEN greatest(k.timeline_id, "
    "r.min_recovery_end_timeline, (SELECT received_tli FROM pg_stat_wal_receiver))::int8 ELSE 0 END, "
    "coalesce((pg_last_wal_replay_lsn() - '0/0')::int8, 0) "
    "FROM pg_control_system() c, pg_control_checkpoint() k, pg_control_recovery() r";

static int build_text(const void *text, trdbi_buf *sql, trdb_error **reterr) {
    trdbi_buf_text(sql, text);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static trdbi_statement statement_of(const char *name, const char *sql) {
    return (trdbi_statement){
        .name = name, .key = sql, .key_size = strlen(sql), .build = build_text, .ctx = sql, .reads = true};
}

static int read_place(const trdbi_result *result, trdb_token *ret, trdb_error **reterr) {
    static const trdbi_field fields[] = {
        {.name = "system", .kind = TRDBI_I64, .plain = 1, .offset = offsetof(trdb_token, system_identifier)},
        {.name = "timeline", .kind = TRDBI_I64, .plain = 1, .offset = offsetof(trdb_token, timeline)},
        {.name = "lsn", .kind = TRDBI_I64, .plain = 1, .offset = offsetof(trdb_token, lsn)},
    };
    return trdbi_result_decode(result, 0, fields, sizeof fields[0], sizeof fields / sizeof fields[0], NULL,
                               ret, reterr);
}

static int ask(trdbi_conn *conn, const char *name, const char *sql, trdb_token *ret, trdb_error **reterr) {
    const trdbi_statement statement = statement_of(name, sql);
    trdbi_result *result = NULL;
    trdb_token found = {0};
    int r = trdbi_conn_run(conn, &statement, NULL, &result, reterr);
    if (r == 0)
        r = read_place(result, &found, reterr);
    trdbi_result_free(result);
    if (r == 0)
        *ret = found;
    return r;
}

int trdbi_token_ask(trdbi_conn *conn, trdb_token *ret, trdb_error **reterr) {
    return ask(conn, "replica.mark", primary_sql, ret, reterr);
}

static int take_commit(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr) {
    bool *committed = arg;
    (void)i;
    (void)reterr;
    *committed = strcmp(trdbi_result_command(result), "COMMIT") == 0;
    return 0;
}

int trdbi_token_commit(trdbi_conn *conn, bool *ret_stored, trdb_token *ret, trdb_error **reterr) {
    const trdbi_statement commit = statement_of("commit", "COMMIT");
    trdb_error *error = NULL;
    bool stored = false;
    int r = trdbi_conn_queue(conn, &commit, NULL, take_commit, &stored, &error);
    if (r == 0) {
        r = ask(conn, "commit.token", primary_sql, ret, &error);
        if (r < 0) /* a COMMIT that waits is not to come later, when nobody hears how it went */
            (void)trdbi_conn_flush(conn, NULL);
    }
    if (r < 0 && stored) { /* only the question failed */
        trdb_error_free(error);
        r = 0;
    } else if (r < 0) {
        trdbi_error_hand(reterr, error);
        return r;
    }
    *ret_stored = stored;
    return r;
}

static bool same_line(const trdb_token *a, const trdb_token *b) {
    return a->system_identifier == b->system_identifier && a->timeline == b->timeline;
}

static bool is_past(const trdb_token *place, const trdb_token *floor) {
    return floor->timeline == 0 || (same_line(place, floor) && place->lsn >= floor->lsn);
}

/* ---- the floor of a lag budget --------------------------------------------------------------------- */

/* Under the lock. The oldest mark within the budget is the easiest one to have reached. */
static bool find_mark(const trdbi_replicas *replicas, int64_t since_us, trdb_token *ret) {
    for (unsigned i = 0; i < TRDBI_MARKS; i++) {
        const trdbi_mark *mark = &replicas->marks[(replicas->next + i) % TRDBI_MARKS];
        if (mark->token.timeline > 0 && mark->at_us >= since_us) {
            *ret = mark->token;
            return true;
        }
    }
    return false;
}

/* Under the lock. Four marks in a budget: the oldest is then never younger than three quarters of it. */
static bool needs_mark(const trdbi_replicas *replicas, int64_t now_us, int64_t budget_us) {
    const trdbi_mark *newest = &replicas->marks[(replicas->next + TRDBI_MARKS - 1) % TRDBI_MARKS];
    return newest->token.timeline == 0 || now_us - newest->at_us > budget_us / 4;
}

static bool make_mark(trdb_db *db, const trdb_uow_options *options) {
    trdbi_slot *slot = NULL;
    trdbi_mark mark = {.at_us = trdbi_monotonic_us()};
    int timeout_ms = options->pool_timeout_ms > 0 ? options->pool_timeout_ms : db->options.pool_timeout_ms;
    if (trdbi_pool_take(db, timeout_ms, options->canceller, &slot, NULL) < 0)
        return false;
    mark.at_us = trdbi_monotonic_us();
    int r = trdbi_token_ask(slot->conn, &mark.token, NULL);
    trdbi_pool_give(db, slot, TRDBI_OUTCOME_NONE);
    if (r < 0)
        return false;
    pthread_mutex_lock(&db->lock);
    trdbi_replicas *replicas = &db->replicas;
    const trdbi_mark *newest = &replicas->marks[(replicas->next + TRDBI_MARKS - 1) % TRDBI_MARKS];
    if (newest->token.timeline != 0 && !same_line(&newest->token, &mark.token))
        memset(replicas->marks, 0,
               sizeof replicas->marks); /* promoted since: older marks are of another line */
    replicas->marks[replicas->next++ % TRDBI_MARKS] = mark;
    pthread_mutex_unlock(&db->lock);
    return true;
}

static bool find_floor(trdb_db *db, const trdb_uow_options *options, trdb_token *ret) {
    int64_t budget_us = (int64_t)options->lag_budget_ms * 1000, now_us = trdbi_monotonic_us();
    *ret = options->after ? *options->after : (trdb_token){0};
    if (options->after || budget_us == 0)
        return true;
    pthread_mutex_lock(&db->lock);
    bool wanted = needs_mark(&db->replicas, now_us, budget_us);
    pthread_mutex_unlock(&db->lock);
    if (wanted && !make_mark(db, options))
        return false; /* a primary that does not answer may be far ahead */
    pthread_mutex_lock(&db->lock);
    bool found = find_mark(&db->replicas, trdbi_monotonic_us() - budget_us, ret);
    pthread_mutex_unlock(&db->lock);
    return found;
}

/* ---- choosing -------------------------------------------------------------------------------------- */

/* Those that may be asked now. One that failed rests; who comes after its rest is alone in trying it. */
static unsigned line_up(trdb_db *db, trdbi_replica *ret[TRDBI_REPLICAS]) {
    trdbi_replicas *replicas = &db->replicas;
    int64_t now_us = trdbi_monotonic_us();
    unsigned count = 0;
    pthread_mutex_lock(&db->lock);
    unsigned turn = replicas->turn++;
    for (unsigned i = 0; i < replicas->count; i++) {
        trdbi_replica *replica = replicas->all[(turn + i) % replicas->count];
        if (replica->rests_until_us > now_us)
            continue;
        replica->rests_until_us = replica->rest_us > 0 ? now_us + replica->rest_us : 0;
        ret[count++] = replica;
    }
    pthread_mutex_unlock(&db->lock);
    return count;
}

static void note_health(trdb_db *db, trdbi_replica *replica, bool well) {
    pthread_mutex_lock(&db->lock);
    if (well)
        replica->rest_us = replica->rests_until_us = 0;
    else {
        replica->rest_us = replica->rest_us == 0                    ? FIRST_REST_US
                           : replica->rest_us * 2 < LONGEST_REST_US ? replica->rest_us * 2
                                                                    : LONGEST_REST_US;
        replica->rests_until_us = trdbi_monotonic_us() + replica->rest_us;
    }
    pthread_mutex_unlock(&db->lock);
}

typedef enum fitness { FIT, BEHIND, NO_REPLICA } fitness;

/* Whether the server behind a connection has replayed the floor. Behind a pooler it may be another one next
 * time. */
static fitness examine(trdbi_slot *slot, const trdb_token *floor) {
    if (!slot->server.standby)
        return NO_REPLICA;
    if (is_past(&slot->reached, floor))
        return FIT;
    if (slot->server.pooled)
        return BEHIND;
    trdb_token place;
    if (ask(slot->conn, "replica.place", standby_sql, &place, NULL) < 0)
        return NO_REPLICA;
    if (place.timeline == 0) { /* promoted: its connections are to be made anew, which shows what it is */
        slot->retire_at_us = 0;
        return NO_REPLICA;
    }
    slot->reached = place;
    return is_past(&place, floor) ? FIT : BEHIND;
}

/* Tries one replica. */
static fitness try_replica(trdb_db *db, trdbi_replica *replica, const trdb_uow_options *options,
                           const trdb_token *floor, trdb_uow **ret) {
    trdb_uow *uow = NULL;
    if (trdb_uow_begin(replica->db, options, &uow, NULL) < 0)
        return NO_REPLICA;
    /* One that is up and silent is no better than a dead one. */
    int64_t late_us = trdbi_monotonic_us() + ASK_US;
    bool sooner = uow->deadline_us > 0 && uow->deadline_us < late_us;
    trdbi_conn_set_deadline(uow->slot->conn, sooner ? uow->deadline_us : late_us);
    fitness found = examine(uow->slot, floor);
    trdbi_conn_set_deadline(uow->slot->conn, uow->deadline_us);
    if (found != FIT) {
        trdb_uow_free(uow);
        return found;
    }
    uow->primary = trdbi_db_ref(db);
    *ret = uow;
    return FIT;
}

static void rest(int64_t us) {
    const struct timespec time = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    nanosleep(&time, NULL); /* a signal only makes the next look come sooner */
}

/* The options of the unit in a replica's own pool. */
static trdb_uow_options inner(const trdb_uow_options *options, int wait_ms) {
    trdb_uow_options own = *options;
    own.replica = TRDB_REPLICA_NEVER;
    own.lag_budget_ms = own.replica_wait_ms = 0;
    own.after = NULL;
    own.flags |= TRDB_UOW_READ_ONLY;
    if (own.isolation == TRDB_ISOLATION_DEFAULT)
        own.isolation =
            TRDB_ISOLATION_READ_COMMITTED;           /* the unit may go on elsewhere when the replica dies */
    /* Busy replicas: the primary is the quicker one. A first connection has to be made in that time, too. */
    own.pool_timeout_ms = wait_ms > LEAST_POOL_MS ? wait_ms : LEAST_POOL_MS;
    return own;
}

static bool begin_by(trdb_db *db, const trdb_uow_options *options, int64_t now_us, trdb_uow **ret) {
    trdb_token floor;
    int wait_ms = options->replica_wait_ms == 0 ? WAIT_MS : options->replica_wait_ms;
    const trdb_uow_options own = inner(options, wait_ms);
    int64_t deadline_us = now_us + (int64_t)wait_ms * 1000, pause_us = 1000;
    if (options->isolation == TRDB_ISOLATION_SERIALIZABLE || !find_floor(db, options, &floor))
        return false; /* a standby cannot be serializable */
    for (;;) {
        trdbi_replica *replicas[TRDBI_REPLICAS];
        bool behind = false;
        unsigned count = line_up(db, replicas);
        for (unsigned i = 0; i < count; i++) {
            fitness found = try_replica(db, replicas[i], &own, &floor, ret);
            note_health(db, replicas[i], found != NO_REPLICA);
            if (found == FIT)
                return true;
            behind = behind || found == BEHIND;
        }
        /* Only a token is worth waiting for: what a budget asks for moves on meanwhile. */
        if (!behind || !options->after || trdbi_monotonic_us() + pause_us > deadline_us)
            return false;
        rest(pause_us);
        pause_us *= 2;
    }
}

bool trdbi_replica_begin(trdb_db *db, trdb_uow_options *options, trdb_uow **ret) {
    int64_t now_us = trdbi_monotonic_us();
    bool begun = begin_by(db, options, now_us, ret);
    options->after = NULL; /* the caller's */
    if (options->timeout_ms > 0) {
        int64_t left_ms = options->timeout_ms - (trdbi_monotonic_us() - now_us) / 1000;
        options->timeout_ms = left_ms > 1 ? (int32_t)left_ms : 1;
    }
    return begun;
}

/* ---- leaving --------------------------------------------------------------------------------------- */

bool trdbi_replica_leave(trdb_uow *uow, bool first) {
    trdb_db *primary = uow->primary, *replica = uow->db;
    trdbi_slot *slot = NULL;
    bool snapshot = uow->options.isolation > TRDB_ISOLATION_READ_COMMITTED;
    bool late = uow->deadline_us > 0 && trdbi_monotonic_us() >= uow->deadline_us;
    if (!primary || !trdbi_conn_broken(uow->slot->conn) || uow->savepoints > 0 || (snapshot && !first) ||
        late)
        return false;
    if (trdbi_pool_take(primary, primary->options.pool_timeout_ms, uow->options.canceller, &slot, NULL) < 0)
        return false;
    trdbi_uow_release(slot->unit); /* this unit has memory already */
    slot->unit = NULL;
    trdbi_conn_set_deadline(uow->slot->conn, 0);
    trdbi_pool_give(replica, uow->slot, TRDBI_OUTCOME_NONE);
    trdbi_conn_set_deadline(slot->conn, uow->deadline_us);
    trdbi_conn_set_canceller(slot->conn, uow->options.canceller);
    uow->db = primary; /* with the unit's reference to it */
    uow->slot = slot;
    uow->primary = NULL;
    uow->begun = false;
    trdbi_db_unref(replica);
    return true;
}

int trdb_uow_on_replica(const trdb_uow *uow) {
    return uow && uow->primary;
}

int trdb_uow_token(trdb_uow *uow, trdb_token *ret, trdb_error **reterr) {
    int r = trdbi_uow_take(uow, reterr);
    if (r < 0)
        return r;
    if (!ret)
        r = trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_token: ret is NULL");
    else if (uow->token.timeline == 0)
        r = trdbi_error(
            reterr, TRDB_E_STATE,
            "the unit of work has no token: it was not begun with TRDB_UOW_TOKEN, is not committed, or "
            "the server did not tell");
    else
        *ret = uow->token;
    trdbi_uow_leave(uow);
    return r;
}

/* ---- options, opening, closing --------------------------------------------------------------------- */

int trdbi_replica_check(const trdb_uow_options *options, trdb_error **reterr) {
    if (options->replica != TRDB_REPLICA_NEVER && options->replica != TRDB_REPLICA_PREFER)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_options: replica is %d, wanted a TRDB_REPLICA_*",
                           options->replica);
    if (options->lag_budget_ms < 0 || options->replica_wait_ms < -1)
        return trdbi_error(
            reterr, TRDB_E_INVALID,
            "trdb_uow_options: lag_budget_ms is %d, wanted 0 or more; replica_wait_ms is %d, wanted -1 "
            "or more",
            options->lag_budget_ms, options->replica_wait_ms);
    const trdb_token *after = options->after;
    if (after && (after->timeline <= 0 || after->lsn < 0))
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_options: after is no token of trdb_uow_token()");
    bool asks = options->lag_budget_ms > 0 || options->replica_wait_ms != 0 || after;
    if (options->replica == TRDB_REPLICA_NEVER && asks)
        return trdbi_error(
            reterr, TRDB_E_INVALID,
            "trdb_uow_options: after, lag_budget_ms and replica_wait_ms need TRDB_REPLICA_PREFER");
    if (options->replica == TRDB_REPLICA_PREFER && (options->flags & TRDB_UOW_TOKEN))
        return trdbi_error(reterr, TRDB_E_INVALID,
                           "trdb_uow_options: a unit that reads from a replica gives no TRDB_UOW_TOKEN");
    return 0;
}

static int add(trdb_db *db, trdb_db *pool, trdb_error **reterr) {
    trdbi_replica *replica = calloc(1, sizeof *replica);
    if (!replica)
        return trdbi_error_nomem(reterr);
    replica->db = pool;
    pthread_mutex_lock(&db->lock);
    pool->trace = db->trace;
    bool closed = db->closed, full = db->replicas.count == TRDBI_REPLICAS;
    if (!closed && !full)
        db->replicas.all[db->replicas.count++] = replica;
    pthread_mutex_unlock(&db->lock);
    if (!closed && !full)
        return 0;
    free(replica);
    return closed ? trdbi_error(reterr, TRDB_E_CLOSED, "the database was closed")
                  : trdbi_error(reterr, TRDB_E_STATE, "the database has %d replicas already", TRDBI_REPLICAS);
}

int trdb_db_add_replica(trdb_db *db, const char *conninfo, const trdb_db_options *options,
                        trdb_error **reterr) {
    trdb_db_options own;
    trdb_db *pool = NULL;
    int r = trdbi_db_check(db, reterr);
    if (r < 0)
        return r;
    if (!conninfo || !*conninfo)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_db_add_replica: conninfo is missing");
    r = trdbi_copy_struct(&own, sizeof own, options, "trdb_db_options", reterr);
    if (r < 0)
        return r;
    own.flags |= TRDB_OPEN_LAZY; /* a replica that is down now may be up later */
    own.schema = own.schema ? own.schema : db->schema;
    own.application_name = own.application_name ? own.application_name : db->application_name;
    own.connect_timeout_ms = own.connect_timeout_ms ? own.connect_timeout_ms : CONNECT_MS;
    own.pool_timeout_ms = own.pool_timeout_ms ? own.pool_timeout_ms : POOL_MS;
    r = trdb_open(conninfo, &own, &pool, reterr);
    if (r < 0)
        return r;
    pool->of_standbys = true;
    r = add(db, pool, reterr);
    if (r < 0)
        trdb_db_free(pool);
    return r;
}

void trdbi_replicas_trace(trdb_db *db, const trdbi_trace *trace) {
    for (unsigned i = 0; i < db->replicas.count; i++) {
        trdb_db *pool = db->replicas.all[i]->db;
        pthread_mutex_lock(&pool->lock);
        pool->trace = *trace;
        pthread_mutex_unlock(&pool->lock);
    }
}

void trdbi_replicas_close(trdb_db *db) {
    pthread_mutex_lock(&db->lock);
    unsigned count = db->replicas.count;
    pthread_mutex_unlock(&db->lock);
    for (unsigned i = 0; i < count; i++) /* none goes away, and none comes any more */
        trdb_close(db->replicas.all[i]->db);
}

void trdbi_replicas_free(trdb_db *db) {
    for (unsigned i = 0; i < db->replicas.count; i++) {
        trdb_db_free(db->replicas.all[i]->db);
        free(db->replicas.all[i]);
    }
    db->replicas.count = 0;
}
