/* SPDX-License-Identifier: MIT */
/*
 * The conformance suite: walks descriptors and does everything the engine offers to every table, on a real
 * database. It knows nothing of particular tables; what it needs to know (foreign keys, unique indexes,
 * checks) it asks the server.
 */
#pragma once

#include "harness.h"
#include "entity/internal.h"

/* Runs the suite on every table of a NULL-terminated list; the exit code of main(). `make` makes the database
 * that has them, as harness_database() does; it is dropped at the end. */
int conformance_run(const char *name, const trdbi_table *const *tables, char *(*make)(void));
/* A migrated database, with the chain of a directory of the source tree on top. */
char *conf_database_with(const char *chain, const char *directory);

/* ---- conformance.c: what all its parts use; valid inside a test ------------------------------------- */

extern char *conf_url;
extern const trdbi_table *const *conf_tables;
extern trdb_db *conf_db;
extern trdb_uow *conf_uow; /* rolled back after each test: nothing a test does outlives it */
extern trdb_error *conf_err;
extern trdbi_arena *conf_arena;
extern int conf_inserted; /* numbers every sample, so that unique keys never meet by accident */

#define FOREACH_COLUMN(column, table)                                                                        \
    for (const trdbi_column *column = (table)->columns; column < (table)->columns + (table)->column_count;   \
         column++)

const trdbi_column *conf_column(const trdbi_table *table, const char *name);
/* "constraint column parent" for each foreign key. */
char **conf_foreign_keys(const trdbi_table *table);
/* "index column column …" for each unique index; an expression counts with the columns in it. */
char **conf_unique_indexes(const trdbi_table *table);
/* "constraint column column …" for each CHECK. */
char **conf_checks(const trdbi_table *table);
bool conf_has_default(const trdbi_table *table, const trdbi_column *column);

/* An input with every column given, but for a key that the database makes; parents are inserted. */
char *conf_full_row(const trdbi_table *table, int n);
/* `count` inputs in an array, whose nullable columns are left out in turn, so that runs of unequal sets
 * follow. */
char *conf_many_rows(const trdbi_table *table, int count);
/* Whether a way of writing many rows cannot take the column: arrays have no place in arrays. */
bool conf_is_left_out(const trdbi_table *table, const trdbi_column *column, trdb_bulk_method method);
char *conf_insert(const trdbi_table *table, const char *in);
void conf_savepoint(void);
void conf_undo(void);

/* The parts of the suite: each adds its tests, to be run once per table. */
void conformance_rows(TCase *tcase, int tables);
void conformance_constraints(TCase *tcase, int tables);
void conformance_lists(TCase *tcase, int tables);
void conformance_columns(TCase *tcase, int tables);
void conformance_bulk(TCase *tcase, int tables);
void conformance_insert_columns(TCase *tcase, int tables);

/* ---- conformance_values.c: sample values of every kind
 * ---------------------------------------------------------- */

/* An input struct of a table with room for it, zeroed but for struct_size. */
char *sample_new(trdbi_arena *arena, const trdbi_table *table);
/* Puts the n-th sample value into a column: different n, different values. */
void sample_set(trdbi_arena *arena, const trdbi_table *table, const trdbi_column *column, char *in, int n);
/* Booleans false and the first constant of every set: what partial indexes cover. */
void sample_settle(const trdbi_table *table, char *in);
void sample_set_null(const trdbi_column *column, char *in);
void sample_set_i64(const trdbi_column *column, char *in, int64_t value);
void sample_set_key(const trdbi_column *column, char *in, trdbi_key key); /* a text key is not copied */
void sample_set_text(const trdbi_column *column, char *in, const char *value);
void sample_unset(const trdbi_column *column, char *in);
bool sample_given(const trdbi_column *column, const char *in);
/* Whether a row holds what the input gave. */
bool sample_matches(const trdbi_column *column, const char *in, const char *row);
size_t sample_size(const trdbi_column *column);

/* A column's value in a row: NULL or not, and its order as the database (collation C) sorts it. */
bool row_is_null(const trdbi_column *column, const char *row);
int row_compare(const trdbi_column *column, const char *left, const char *right);
trdbi_key row_key(const trdbi_table *table, const char *row);
/* One that no row has. */
trdbi_key missing_key(const trdbi_table *table);
/* A condition on a column whose value is that of a row. op as in enum trdb_op; TRDB_OP_ANY makes a set of
 * one. */
void filter_set(const trdbi_column *column, char *filter, int op, const char *row, const char *until_row);
char *sample_filter(trdbi_arena *arena, const trdbi_table *table);
