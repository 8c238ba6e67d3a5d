/* SPDX-License-Identifier: MIT */
#include "conformance.h"

#include <stdio.h>
#include <stdlib.h>

char *conf_url;
const trdbi_table *const *conf_tables;
trdb_db *conf_db;
trdb_uow *conf_uow;
trdb_error *conf_err;
trdbi_arena *conf_arena;
int conf_inserted;

static char *(*make_database)(void);

static void setup(void) {
    conf_arena = trdbi_arena_new(1 << 16);
    ck_ok(trdb_open(conf_url, NULL, &conf_db, &conf_err), conf_err);
    ck_ok(trdb_uow_begin(conf_db, NULL, &conf_uow, &conf_err), conf_err);
}

static void teardown(void) {
    trdb_uow_free(conf_uow);
    trdb_db_free(conf_db);
    trdb_error_free(conf_err);
    trdbi_arena_free(conf_arena);
    conf_uow = NULL, conf_db = NULL, conf_err = NULL, conf_arena = NULL;
}

/* ---- what the server knows ------------------------------------------------------------------------- */

/* Facts about all tables, asked once: lines "kind table name column …". An expression of an index counts with
 * the columns in it; a default or identity is a fact named after its column. */
static const char facts_sql[] =
    "SELECT 'foreign ' || c.conrelid::regclass || ' ' || c.conname || ' ' || a.attname || ' ' || "
    "c.confrelid::regclass "
    "FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] "
    "WHERE c.contype = 'f' AND c.conparentid = 0 "
    "UNION ALL SELECT 'unique ' || i.indrelid::regclass || ' ' || i.indexrelid::regclass || ' ' "
    "|| string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_index i "
    "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped AND (a.attnum = "
    "ANY (i.indkey) "
    "OR (i.indexprs IS NOT NULL AND pg_get_expr(i.indexprs, i.indrelid) ~ ('\\m' || a.attname || '\\M'))) "
    "WHERE i.indisunique AND i.indrelid >= 16384 GROUP BY i.indrelid, i.indexrelid "
    "UNION ALL SELECT 'check ' || c.conrelid::regclass || ' ' || c.conname || ' ' "
    "|| string_agg(a.attname, ' ' ORDER BY a.attnum) FROM pg_constraint c "
    "JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) "
    "WHERE c.contype = 'c' GROUP BY c.oid, c.conrelid, c.conname "
    "UNION ALL SELECT 'default ' || attrelid::regclass || ' ' || attname FROM pg_attribute "
    "WHERE attrelid >= 16384 AND (atthasdef OR attidentity <> '') ORDER BY 1";

static char *facts;

/* The lines of a kind about a table, without these two words; ends with NULL. */
static char **facts_of(const char *kind, const trdbi_table *table) {
    char prefix[128];
    int size = snprintf(prefix, sizeof prefix, "%s %s ", kind, table->name);
    size_t count = 0;
    for (const char *at = facts; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
        count += strncmp(at, prefix, (size_t)size) == 0;
    char **lines = trdbi_arena_alloc(conf_arena, (count + 1) * sizeof *lines);
    size_t n = 0;
    for (const char *at = facts; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
        if (strncmp(at, prefix, (size_t)size) == 0)
            lines[n++] = trdbi_arena_text(conf_arena, at + size, strcspn(at + size, "\n"));
    }
    return lines;
}

char **conf_foreign_keys(const trdbi_table *table) {
    return facts_of("foreign", table);
}

char **conf_unique_indexes(const trdbi_table *table) {
    return facts_of("unique", table);
}

char **conf_checks(const trdbi_table *table) {
    return facts_of("check", table);
}

bool conf_has_default(const trdbi_table *table, const trdbi_column *column) {
    char **names = facts_of("default", table);
    for (int i = 0; names[i]; i++) {
        if (strcmp(names[i], column->field.name) == 0)
            return true;
    }
    return false;
}

static void create(void) {
    conf_url = make_database();
    facts = harness_value(conf_url, "%s", facts_sql);
}

static void drop(void) {
    harness_database_free(conf_url);
    free(facts);
}

static const trdbi_table *table_named(const char *name) {
    for (const trdbi_table *const *at = conf_tables; *at; at++) {
        if (strcmp((*at)->name, name) == 0)
            return *at;
    }
    ck_abort_msg("no descriptor of %s", name);
}

const trdbi_column *conf_column(const trdbi_table *table, const char *name) {
    for (unsigned i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].field.name, name) == 0)
            return &table->columns[i];
    }
    ck_abort_msg("%s has no column %s", table->name, name);
}

/* ---- rows that the database takes ------------------------------------------------------------------ */

static void set_parent(const trdbi_table *table, const char *column_name, const char *parent, char *in) {
    const trdbi_table *referenced = table_named(parent);
    void *row = NULL;
    ck_ok(trdbi_entity_insert(conf_uow, referenced, conf_full_row(referenced, ++conf_inserted), &row,
                              &conf_err),
          conf_err);
    const trdbi_column *column = conf_column(table, column_name);
    sample_set_key(column, in, row_key(referenced, row));
    trdbi_row_free(row);
}

/* Every column given, but for a key that the database makes; parents are inserted. */
char *conf_full_row(const trdbi_table *table, int n) {
    char *in = sample_new(conf_arena, table);
    for (unsigned i = 0; i < table->column_count; i++) {
        if (i != table->key || table->columns[i].field.kind == TRDBI_TEXT)
            sample_set(conf_arena, table, &table->columns[i], in, n);
    }
    char **keys = conf_foreign_keys(table);
    for (int i = 0; keys[i]; i++) {
        char *save;
        strtok_r(keys[i], " ", &save);
        char *column = strtok_r(NULL, " ", &save);
        set_parent(table, column, strtok_r(NULL, " ", &save), in);
    }
    return in;
}

char *conf_insert(const trdbi_table *table, const char *in) {
    void *row = NULL;
    ck_ok(trdbi_entity_insert(conf_uow, table, in, &row, &conf_err), conf_err);
    return row;
}

void conf_savepoint(void) {
    ck_ok(trdb_uow_savepoint(conf_uow, &conf_err), conf_err);
}

void conf_undo(void) {
    ck_ok(trdb_uow_rollback_to(conf_uow, &conf_err), conf_err);
}

char *conf_many_rows(const trdbi_table *table, int count) {
    char *rows = trdbi_arena_alloc(conf_arena, table->new_size * (size_t)count);
    char *model = conf_full_row(table, ++conf_inserted);
    char **keys = conf_foreign_keys(table);
    for (int i = 0; i < count; i++) {
        char *in = rows + (size_t)i * table->new_size;
        char *own = sample_new(conf_arena, table);
        FOREACH_COLUMN(column, table) {
            bool omit =
                (i / 7 + (int)(column - table->columns)) % 3 == 0 && !(column->flags & TRDBI_NOT_NULL);
            if (sample_given(column, model) && !omit)
                sample_set(conf_arena, table, column, own, conf_inserted + 1);
        }
        conf_inserted++;
        for (int k = 0; keys[k]; k++) { /* all rows share the model's parents */
            char name[128];
            ck_assert_int_eq(sscanf(keys[k], "%*s %127s", name), 1);
            const trdbi_column *column = conf_column(table, name);
            memcpy(own + column->new_offset, model + column->new_offset, sample_size(column));
        }
        memcpy(in, own, table->new_size);
    }
    return rows;
}

char *conf_database_with(const char *chain, const char *directory) {
    char *url = harness_database();
    char *path = NULL;
    trdb_error *err = NULL;
    ck_assert_int_ge(asprintf(&path, "%s/%s", getenv("TRDB_TEST_SOURCE"), directory), 0);
    trdb_migrate_options options = trdb_migrate_options_init();
    options.chain = chain;
    options.directory = path;
    char *direct = harness_direct_url(url);
    ck_ok(trdb_migrate_up(direct, &options, NULL, &err), err);
    free(direct);
    free(path);
    return url;
}

int conformance_run(const char *name, const trdbi_table *const *tables, char *(*make)(void)) {
    conf_tables = tables;
    make_database = make;
    int count = 0;
    while (tables[count])
        count++;
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create("tables");
    tcase_set_timeout(tcase, 120);
    tcase_add_unchecked_fixture(tcase, create, drop);
    tcase_add_checked_fixture(tcase, setup, teardown);
    conformance_rows(tcase, count);
    conformance_constraints(tcase, count);
    conformance_lists(tcase, count);
    conformance_columns(tcase, count);
    conformance_bulk(tcase, count);
    conformance_insert_columns(tcase, count);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
