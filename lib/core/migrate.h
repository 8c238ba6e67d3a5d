/* SPDX-License-Identifier: MIT */
/* The parts of migrating: a chain of files, the statements in a file, what a database says was applied. */
#pragma once

#include "core/core.h"

/* ---- files ---------------------------------------------------------------------------------------- */

/* One migration as its files say. */
typedef struct trdbi_step {
    int32_t version;
    const char *name;     /* "users" of 0001_users.up.sql */
    const char *up_file;  /* "0001_users.up.sql" */
    const char *down_file;
    const char *up;       /* the bytes of the files; NUL-terminated, valid UTF-8 */
    const char *down;
    const char *checksum; /* SHA-256 of `up`; of directory files the server makes it, NULL until then */
} trdbi_step;

/* Step i has version i + 1. */
typedef struct trdbi_chain {
    trdbi_arena *arena;
    trdbi_step *steps;
    size_t count;
} trdbi_chain;

/* Loads and checks the files of a chain: those of `directory`, or the built-in ones when it is NULL. */
int trdbi_chain_load(const char *name, const char *directory, trdbi_chain **ret, trdb_error **reterr);
void trdbi_chain_free(trdbi_chain *chain);

/* True when the first line asks to run outside of a transaction. */
bool trdbi_sql_no_transaction(const char *sql);

/* ---- statements ----------------------------------------------------------------------------------- */

/* Walks the statements of a file; begin with `{.at = sql, .line = 1}`. */
typedef struct trdbi_splitter {
    const char *at;
    int line; /* of `at` */
} trdbi_splitter;

typedef struct trdbi_piece {
    const char *sql; /* from its first word to before its semicolon; not terminated */
    size_t size;
    int line; /* of its first word */
} trdbi_piece;

/* Gives the next statement; false at the end. Comments between statements belong to none. */
bool trdbi_split_next(trdbi_splitter *splitter, trdbi_piece *ret);

/* ---- a database being looked at or changed --------------------------------------------------------- */

typedef struct trdbi_migrator {
    trdb_migrate_options options; /* defaults filled in */
    trdbi_chain *chain;
    trdbi_conn *conn;
    trdbi_buf schema; /* quoted */
    trdbi_buf sql;    /* scratch */
    bool has_schema;
    bool has_table;
    trdbi_result *rows; /* what was applied, in order; read it with trdbi_applied_at() */
} trdbi_migrator;

/* A row of {schema}.trdb_migrations. */
typedef struct trdbi_applied {
    int32_t version;
    const char *name;
    const char *checksum;
    int64_t applied_at_us;
    int64_t duration_us;
} trdbi_applied;

/* Checks the options, loads the chain and connects. `migrator` is zeroed before, closed by the caller. */
int trdbi_migrator_open(trdbi_migrator *migrator, const char *conninfo, const trdb_migrate_options *options,
                        trdb_error **reterr);
void trdbi_migrator_close(trdbi_migrator *migrator);

/* Makes the session fit for changing things and takes the lock of the schema; a pooler is refused. */
int trdbi_migrator_lock(trdbi_migrator *migrator, trdb_error **reterr);

/* The scratch buffer, emptied, and running what was built in it. */
trdbi_buf *trdbi_migrator_sql(trdbi_migrator *migrator);
int trdbi_migrator_run(trdbi_migrator *migrator, const char *name, trdbi_result **ret, trdb_error **reterr);

/* Reads what is applied and completes the checksums of the chain. */
int trdbi_migrator_read(trdbi_migrator *migrator, trdb_error **reterr);
size_t trdbi_applied_count(const trdbi_migrator *migrator);
trdbi_applied trdbi_applied_at(const trdbi_migrator *migrator, size_t i);

/* 0 when everything applied is what the chain has; names every difference. */
int trdbi_migrator_agree(const trdbi_migrator *migrator, trdb_error **reterr);
/* True when an applied migration is not the one that the chain has under its number. */
bool trdbi_step_changed(const trdbi_step *step, const trdbi_applied *applied);

/* Makes the schema and the table of migrations where they are missing. */
int trdbi_migrator_prepare(trdbi_migrator *migrator, trdb_error **reterr);

/* Runs one step up or down and keeps the books; up, `ret` receives its entry. */
int trdbi_migrator_step(trdbi_migrator *migrator, const trdbi_step *step, bool up, trdbi_applied *ret,
                        trdb_error **reterr);

/* A copy of a file with its schema filled in: `{schema}` replaced by the quoted name. */
void trdbi_migrator_expand(const trdbi_migrator *migrator, const char *sql, size_t size, trdbi_buf *ret);

/* ---- shared ---------------------------------------------------------------------------------------- */

/* Hands an error made on the way to the caller, or frees it; returns `code`. */
int trdbi_error_give(trdb_error **reterr, trdb_error *error, int code);

/* Sleeps for a random time within the bounds, so that waiting migrators do not move in step. */
void trdbi_sleep_between(int at_least_ms, int at_most_ms);

/* True when the server process that answers is not the one that greeted: a pooler is in between. */
int trdbi_conn_pooled(trdbi_conn *conn, bool *ret, trdb_error **reterr);

/* Refuses names that cannot stand for a schema in every place where a migration may write one. */
int trdbi_schema_name_check(const char *schema, trdb_error **reterr);
