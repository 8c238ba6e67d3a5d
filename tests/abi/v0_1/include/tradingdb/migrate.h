/* SPDX-License-Identifier: MIT */
/**
 * @file migrate.h
 * Schema migrations and the health check of a database. docs/operations.md shows them from the shell.
 *
 * The library carries its migrations; a directory of files can take their place. Each migration is a pair
 * `NNNN_name.up.sql`, `NNNN_name.down.sql`, run in one transaction together with its entry in
 * `{schema}.trdb_migrations`; a file whose first line is `-- tradingdb: no-transaction` runs statement by
 * statement outside of one and must be repeatable. `{schema}` in a file stands for the quoted schema, which
 * is also the search_path. Numbers run from 0001 without a gap. There is no "dirty" state: what a killed
 * migrator left behind, the next one continues.
 */
#ifndef TRADINGDB_MIGRATE_H
#define TRADINGDB_MIGRATE_H

#include <tradingdb/pool.h>

TRDB_BEGIN_DECLS

/** How to migrate. Begin with trdb_migrate_options_init(); zero and NULL mean the default. */
typedef struct trdb_migrate_options {
    size_t struct_size;         /**< sizeof(trdb_migrate_options) of the caller */
    const char *chain;          /**< "framework" (default) */
    const char *schema;         /**< default "public"; made when missing */
    const char *directory;      /**< files to use in place of the built-in ones; NULL: built-in */
    int32_t to;                 /**< up: the last migration to apply, 0 for all. down: the one to stop at */
    int32_t lock_timeout_ms;    /**< longest wait for a lock, before another try; default 2000 */
    int32_t attempts;           /**< tries of a migration that met lock_timeout; default 30 */
    int32_t wait_ms;            /**< longest wait for another migrator; default 300000 */
    trdb_trace_fn trace;        /**< hears of every call to the server, see trdb_set_trace() */
    void *trace_arg;            /**< its first argument */
} trdb_migrate_options;

/** A trdb_migrate_options with its struct_size set and everything else at its default. */
TRDB_DEFINE_INIT(trdb_migrate_options);

/** One migration in a report. Strings live as long as the report. */
typedef struct trdb_migration {
    int32_t version;          /**< the number in the file's name */
    int32_t applied;          /**< 1 when the database has it */
    const char *name;         /**< the name in the file's name */
    const char *file;         /**< NNNN_name.up.sql */
    const char *checksum;     /**< SHA-256 of the file, hexadecimal; NULL when only the database knows it */
    const char *sql;          /**< plan: what will be run; otherwise NULL */
    const char *problem;      /**< what is wrong with it (a changed file, an unknown migration), or NULL */
    int64_t applied_at_us;    /**< microseconds since 1970 UTC; 0 when not applied */
    int64_t duration_us;      /**< time it took when it was applied */
} trdb_migration;

/** What a call found or did: migrations in order. Free with trdb_migration_list_free(). */
typedef struct trdb_migration_list trdb_migration_list;

/** The number of entries; 0 for NULL. As all lists, these may be read from any thread. */
TRDB_API size_t trdb_migration_list_count(const trdb_migration_list *list);
/** The i-th entry, or NULL beyond the end. */
TRDB_API const trdb_migration *trdb_migration_list_at(const trdb_migration_list *list, size_t i);
/** The entry after one of this list, or NULL. */
TRDB_API const trdb_migration *trdb_migration_list_next(const trdb_migration_list *list,
                                                        const trdb_migration *entry);
/** Frees a report with all its strings. NULL is allowed. */
TRDB_API void trdb_migration_list_free(trdb_migration_list *list);

/**
 * Tells which migrations exist and which are applied. Changes nothing.
 * @param conninfo as in trdb_open(). @param ret receives the list, all migrations known to either side.
 * @return 0; TRDB_E_INVALID; TRDB_E_CONNECT; TRDB_E_AUTH; TRDB_E_IO (directory); what the server reports.
 */
TRDB_API int trdb_migrate_status(const char *conninfo, const trdb_migrate_options *options,
                                 trdb_migration_list **ret, trdb_error **reterr);

/**
 * Tells what trdb_migrate_up() would run, with the SQL, from a READ ONLY transaction.
 * @return as trdb_migrate_status(); TRDB_E_CHECKSUM as trdb_migrate_up().
 */
TRDB_API int trdb_migrate_plan(const char *conninfo, const trdb_migrate_options *options,
                               trdb_migration_list **ret, trdb_error **reterr);

/**
 * Applies what is missing, up to options->to. Any number of processes may do it at once: one works, the
 * others wait and find nothing left to do. Needs a direct connection, since it holds a session lock.
 * @param ret receives what was applied by this call; may be NULL.
 * @return 0; TRDB_E_UNSUPPORTED behind a transaction pooler; TRDB_E_CHECKSUM when an applied migration is not
 *         the one that this library has; TRDB_E_SCHEMA_NEWER when the database has migrations that it does
 *         not know; TRDB_E_TIMEOUT when another migrator or a lock was in the way for too long; what the
 *         server reports, naming the file. Migrations before the failing one stay applied.
 */
TRDB_API int trdb_migrate_up(const char *conninfo, const trdb_migrate_options *options,
                             trdb_migration_list **ret, trdb_error **reterr);

/**
 * Takes back migrations above options->to, newest first, with their data. The caller names the target: 0
 * takes back everything.
 * @param ret receives what was taken back; may be NULL. @return as trdb_migrate_up().
 */
TRDB_API int trdb_migrate_down(const char *conninfo, const trdb_migrate_options *options,
                               trdb_migration_list **ret, trdb_error **reterr);

/**
 * Compares what was applied with what this library has, file by file.
 * @param ret receives all migrations; may be NULL.
 * @return 0 when all agree; TRDB_E_CHECKSUM otherwise, naming every file that differs; TRDB_E_SCHEMA_NEWER
 *         when the database has migrations that this library does not know; as trdb_migrate_status().
 */
TRDB_API int trdb_migrate_verify(const char *conninfo, const trdb_migrate_options *options,
                                 trdb_migration_list **ret, trdb_error **reterr);

/** How serious a finding of trdb_doctor() is. */
typedef enum trdb_severity {
    TRDB_SEVERITY_OK = 0,
    TRDB_SEVERITY_WARNING = 1,
    TRDB_SEVERITY_PROBLEM = 2
} trdb_severity;

/** One finding. Strings live as long as the report. */
typedef struct trdb_finding {
    int32_t severity;   /**< trdb_severity */
    int32_t reserved;
    const char *topic;  /**< "server", "version", "role", "schema", "clock", "pool", … */
    const char *text;   /**< what was found */
    const char *remedy; /**< what to do; NULL when all is well */
} trdb_finding;

/** A list of findings. Free with trdb_finding_list_free(). */
typedef struct trdb_finding_list trdb_finding_list;

/** The number of findings; 0 for NULL. Any thread. */
TRDB_API size_t trdb_finding_list_count(const trdb_finding_list *list);
/** The i-th finding, or NULL beyond the end. */
TRDB_API const trdb_finding *trdb_finding_list_at(const trdb_finding_list *list, size_t i);
/** The finding after one of this list, or NULL. */
TRDB_API const trdb_finding *trdb_finding_list_next(const trdb_finding_list *list,
                                                    const trdb_finding *finding);
/** Frees a report with all its strings. NULL is allowed. */
TRDB_API void trdb_finding_list_free(trdb_finding_list *list);

/**
 * Looks at a database as its future user would: reachable, version, role and rights, schema level, clock,
 * connection limits against the pool's. Changes nothing.
 * @param conninfo as in trdb_open(). @param schema NULL for "public".
 * @return 0 with at least one finding, also when the server cannot be reached (that is a finding);
 *         TRDB_E_INVALID for a malformed conninfo; TRDB_E_NOMEM.
 */
TRDB_API int trdb_doctor(const char *conninfo, const char *schema, trdb_finding_list **ret,
                         trdb_error **reterr);

/** For TRDB_AUTO(). */
static inline void trdb_migration_list_cleanup(trdb_migration_list **list) {
    trdb_migration_list_free(*list);
}
static inline void trdb_finding_list_cleanup(trdb_finding_list **list) {
    trdb_finding_list_free(*list);
}

TRDB_END_DECLS

#endif
