/* SPDX-License-Identifier: MIT */
/**
 * @file servers.h
 * The servers behind a database: what they can do, replicas for reading, and tokens, by which a reader sees
 * what was written before. docs/servers.md tells which servers and poolers are supported.
 */
#ifndef TRADINGDB_SERVERS_H
#define TRADINGDB_SERVERS_H

#include <tradingdb/pool.h>

TRDB_BEGIN_DECLS

/** What a connection can do, as it was found out when it was made. The flags are 0 or 1. */
typedef struct trdb_capabilities {
    size_t struct_size;          /**< set by the caller to sizeof(trdb_capabilities) */
    int32_t server_version;      /**< 150012 is 15.12 */
    int32_t pooler;              /**< a pooler such as PgBouncer stands between */
    int32_t prepared_statements; /**< statements stay prepared; behind a pooler each is sent whole */
    int32_t session; /**< the session is the library's own: migrations are possible; 0 behind a pooler */
    int32_t standby; /**< the server is a standby: it refuses writes */
    int32_t tls;     /**< the connection to the server or pooler is encrypted */
    int32_t cancel;  /**< statements can be cancelled from another thread */
    int32_t outcome; /**< a COMMIT that was lost can be looked up; needs a primary that tells its timeline */
    int64_t system_identifier; /**< of the database cluster, the same on its standbys; 0: not told */
    int64_t timeline;          /**< counts up with each promotion; 0: not told, as on a standby */
} trdb_capabilities;

/** A trdb_capabilities with its struct_size set and everything else 0. */
TRDB_DEFINE_INIT(trdb_capabilities);

/**
 * Tells what a connection of the pool can do. Borrows one for it, which costs no round trip but may have to
 * connect. Fills as many fields as struct_size covers. Any thread.
 * @return 0; TRDB_E_INVALID for NULL or a struct_size that was not set; what trdb_uow_begin() answers when
 * there is no connection. Source: DESIGN, "The unit of work" (poolers).
 */
TRDB_API int trdb_db_get_capabilities(trdb_db *db, trdb_capabilities *ret, trdb_error **reterr);

/**
 * A place in the log of a primary, behind a commit: what sees everything up to it sees the commit. Plain
 * numbers, which may be handed on to other processes. A timeline of 0: no token.
 */
typedef struct trdb_token {
    int64_t system_identifier; /**< of the database cluster */
    int64_t timeline;          /**< ends with a fail-over: then only the primary serves the token */
    int64_t lsn;
} trdb_token;

/**
 * Which server a unit may read from. Where the isolation is not given it is READ COMMITTED in a unit that
 * reads from a replica; when that dies, such a unit goes on with the primary. A serializable unit is served
 * by the primary.
 */
typedef enum trdb_replica {
    TRDB_REPLICA_NEVER = 0, /**< the primary */
    TRDB_REPLICA_PREFER = 1 /**< a replica that is up to date enough; the primary when there is none */
} trdb_replica;

/**
 * Adds a replica to a database: a pool of its own, which connects when a unit first reads from it. It need
 * not be up: one that fails is left alone for a while, for longer each time, up to 30 seconds. Up to 16;
 * closed with the database.
 *
 * @param conninfo as for trdb_open(); several hosts are one replica.
 * @param options of its pool, NULL for the defaults: connect_timeout_ms is 2000 and pool_timeout_ms is 1000
 * unless given, the schema and the name are those of `db`.
 * @return 0; TRDB_E_INVALID; TRDB_E_STATE when there are 16; TRDB_E_CLOSED; TRDB_E_FORKED; TRDB_E_NOMEM. Any
 * thread. Source: DESIGN, "Growing past one machine".
 */
TRDB_API int trdb_db_add_replica(trdb_db *db, const char *conninfo, const trdb_db_options *options,
                                 trdb_error **reterr);

TRDB_END_DECLS

#endif
