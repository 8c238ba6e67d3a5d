/* SPDX-License-Identifier: MIT */
/* Many rows, by each of the ways: all store the same, tell the same keys and find the same bad row. */
#include "conformance.h"

#include <stdio.h>

enum { ROWS = 60, BAD = 41 };

static const struct {
    trdb_bulk_method method;
    const char *name;
} ways[] = {{TRDB_BULK_AUTO, "auto"},
            {TRDB_BULK_PIPELINE, "pipeline"},
            {TRDB_BULK_UNNEST, "unnest"},
            {TRDB_BULK_COPY, "copy"}};
enum { WAYS = sizeof ways / sizeof *ways };

static trdb_bulk_options options_of(trdb_bulk_method method) {
    trdb_bulk_options options = trdb_bulk_options_init();
    options.method = method;
    return options;
}

/* Where a table has a column of every type, COPY would have to convert some. */
bool conf_is_left_out(const trdbi_table *table, const trdbi_column *column, trdb_bulk_method method) {
    bool every_type = false;
    FOREACH_COLUMN(each, table)
        every_type |= each->field.kind == TRDBI_TEXTS;
    if (method == TRDB_BULK_COPY && every_type)
        return column->field.kind == TRDBI_TEXTS || column->field.kind == TRDBI_JSON ||
               (column->field.kind == TRDBI_TIMESTAMP && !(column->flags & TRDBI_NOT_NULL));
    return method == TRDB_BULK_UNNEST && column->field.kind == TRDBI_TEXTS;
}

/* Rows of changing sets of columns; keys are given where `keys`. */
static char *rows_for(const trdbi_table *table, trdb_bulk_method method, bool keys) {
    char *rows = conf_many_rows(table, ROWS);
    for (int i = 0; i < ROWS; i++) {
        char *in = rows + (size_t)i * table->new_size;
        FOREACH_COLUMN(column, table) {
            if (conf_is_left_out(table, column, method))
                sample_unset(column, in);
            if (column == trdbi_key_column(table) && keys)
                sample_set(conf_arena, table, column, in, 1000000 + ++conf_inserted);
        }
    }
    return rows;
}

/* Each key belongs to the row in its place. */
static void ck_stored(const trdbi_table *table, const char *rows, const void *keys, const char *way) {
    for (int i = 0; i < ROWS; i++) {
        const char *in = rows + (size_t)i * table->new_size;
        trdbi_key key = {0};
        void *row = NULL;
        if (trdbi_key_column(table)->field.kind == TRDBI_UUID)
            key.uuid = ((const trdb_uuid *)keys)[i];
        else
            key.i64 = ((const int64_t *)keys)[i];
        ck_ok(trdbi_entity_get(conf_uow, table, key, &row, &conf_err), conf_err);
        FOREACH_COLUMN(column, table)
            ck_assert_msg(!sample_given(column, in) || sample_matches(column, in, row), "%s: row %d of %s.%s",
                          way, i, table->name, column->field.name);
        trdbi_row_free(row);
    }
}

START_TEST(every_way_stores_the_same) {
    const trdbi_table *table = conf_tables[_i];
    if (trdbi_key_column(table)->field.kind == TRDBI_TEXT)
        return; /* given, and compared where lists of rows are */
    for (int way = 0; way < WAYS; way++) {
        trdb_bulk_options options = options_of(ways[way].method);
        char keys[ROWS * sizeof(trdb_uuid)];
        conf_savepoint();
        for (int given = 0; given < 2; given++) {
            char *rows = rows_for(table, ways[way].method, given);
            int code = trdbi_entity_insert_keys(conf_uow, table, rows, table->new_size, ROWS, &options, keys,
                                                &conf_err);
            if (ways[way].method == TRDB_BULK_COPY && !given && code < 0) { /* who makes keys is the server */
                ck_assert_int_eq(trdbi_key_column(table)->field.kind, TRDBI_I64);
                ck_fails(code, TRDB_E_UNSUPPORTED, "method copy", conf_err);
                continue;
            }
            ck_ok(code, conf_err);
            ck_stored(table, rows, keys, ways[way].name);
        }
        conf_undo();
    }
}
END_TEST

START_TEST(every_way_gives_rows_back) {
    const trdbi_table *table = conf_tables[_i];
    for (int way = 0; way < WAYS; way++) {
        if (ways[way].method == TRDB_BULK_COPY)
            continue;
        trdb_bulk_options options = options_of(ways[way].method);
        char *rows = rows_for(table, ways[way].method, false);
        trdbi_list *list = NULL;
        conf_savepoint();
        ck_ok(trdbi_entity_insert_many(conf_uow, table, rows, table->new_size, ROWS, &options, &list,
                                       &conf_err),
              conf_err);
        ck_assert_uint_eq(trdbi_list_count(list), ROWS);
        for (size_t i = 0; i < ROWS; i++) {
            const char *in = rows + i * table->new_size;
            FOREACH_COLUMN(column, table)
                ck_assert_msg(!sample_given(column, in) || sample_matches(column, in, trdbi_list_at(list, i)),
                              "%s: row %zu of %s.%s", ways[way].name, i, table->name, column->field.name);
        }
        trdbi_list_free(list);
        conf_undo();
    }
}
END_TEST

/* One column that must not be NULL is: the server's to find, wherever it looks for it. */
START_TEST(every_way_names_the_bad_row) {
    const trdbi_table *table = conf_tables[_i];
    const trdbi_column *bad = NULL;
    FOREACH_COLUMN(column, table)
        bad = (column->flags & TRDBI_NOT_NULL) && column != trdbi_key_column(table) ? column : bad;
    for (int way = 0; bad && way < WAYS; way++) {
        trdb_bulk_options options = options_of(ways[way].method);
        char *rows = rows_for(table, ways[way].method, true);
        sample_set_null(bad, rows + BAD * table->new_size);
        int code = trdbi_entity_insert_many(conf_uow, table, rows, table->new_size, ROWS, &options, NULL,
                                            &conf_err);
        ck_assert_msg(trdb_error_row(conf_err) == BAD, "%s: row %lld: %s", ways[way].name,
                      (long long)trdb_error_row(conf_err), trdb_error_message(conf_err));
        ck_fails(code, TRDB_E_NOT_NULL, bad->field.name, conf_err);
        ck_fails(trdbi_entity_insert(conf_uow, table, rows, NULL, &conf_err), TRDB_E_STATE, "failed",
                 conf_err);
        trdb_uow_free(conf_uow);
        ck_ok(trdb_uow_begin(conf_db, NULL, &conf_uow, &conf_err), conf_err);
    }
}
END_TEST

static char *settled_rows(const trdbi_table *table, trdb_bulk_method method) {
    char *rows = trdbi_arena_alloc(conf_arena, table->new_size * ROWS);
    char *model = conf_full_row(table, ++conf_inserted);
    for (int i = 0; i < ROWS; i++) {
        char *in = rows + (size_t)i * table->new_size;
        memcpy(in, model, table->new_size);
        sample_settle(table, in);
        char **keys = conf_foreign_keys(table);
        FOREACH_COLUMN(column, table) {
            bool parent = false;
            for (int k = 0; keys[k]; k++) {
                char name[128];
                parent |= sscanf(keys[k], "%*s %127s", name) == 1 && strcmp(name, column->field.name) == 0;
            }
            bool small = column->field.kind == TRDBI_BOOL || column->field.kind == TRDBI_ENUM;
            if (!parent && !small)
                sample_set(conf_arena, table, column, in,
                           conf_inserted + (column == trdbi_key_column(table) ? 1000000 : 0));
            if (conf_is_left_out(table, column, method))
                sample_unset(column, in);
        }
        conf_inserted++;
    }
    return rows;
}

static void upsert(const trdbi_table *table, unsigned unique, const char *rows, int way, size_t inserted,
                   size_t updated) {
    trdb_bulk_options options = options_of(ways[way].method);
    size_t new = 99, old = 99;
    ck_ok(trdbi_entity_upsert_many(conf_uow, table, unique, rows, table->new_size, ROWS, &options, &new, &old,
                                   &conf_err),
          conf_err);
    ck_assert_msg(new == inserted && old == updated, "%s by %s: %zu inserted, %zu updated, wanted %zu and %zu",
                  ways[way].name, table->uniques[unique].name, new, old, inserted, updated);
}

START_TEST(many_upserts_insert_once_and_then_update) {
    const trdbi_table *table = conf_tables[_i];
    for (unsigned unique = 0; unique < table->unique_count; unique++) {
        for (int way = 1; way < WAYS; way++) {
            if (ways[way].method == TRDB_BULK_UNNEST)
                continue;
            conf_savepoint();
            char *rows = settled_rows(table, ways[way].method);
            int64_t before = 0, after = 0;
            ck_ok(trdbi_entity_count(conf_uow, table, NULL, &before, &conf_err), conf_err);
            upsert(table, unique, rows, way, ROWS, 0);
            upsert(table, unique, rows, way, 0, ROWS);
            ck_ok(trdbi_entity_count(conf_uow, table, NULL, &after, &conf_err), conf_err);
            ck_assert_int_eq(after - before, ROWS);
            conf_undo();
        }
        trdb_bulk_options unnest = options_of(TRDB_BULK_UNNEST);
        ck_fails(trdbi_entity_upsert_many(conf_uow, table, unique, settled_rows(table, 0), table->new_size, ROWS,
                                          &unnest, NULL, NULL, &conf_err),
                 TRDB_E_UNSUPPORTED, "method unnest", conf_err);
    }
}
END_TEST

void conformance_bulk(TCase *tcase, int tables) {
    tcase_add_loop_test(tcase, every_way_stores_the_same, 0, tables);
    tcase_add_loop_test(tcase, every_way_gives_rows_back, 0, tables);
    tcase_add_loop_test(tcase, every_way_names_the_bad_row, 0, tables);
    tcase_add_loop_test(tcase, many_upserts_insert_once_and_then_update, 0, tables);
}
