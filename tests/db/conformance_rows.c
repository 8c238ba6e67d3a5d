/* SPDX-License-Identifier: MIT */
/* Rows, one and many: insert, get, patch, upsert, delete. */
#include "conformance.h"

#include <stdio.h>

enum { MANY = 300 };

START_TEST(one_row_goes_in_and_comes_back) {
    const trdbi_table *table = conf_tables[_i];
    char *in = conf_full_row(table, ++conf_inserted);
    char *row = conf_insert(table, in);
    FOREACH_COLUMN(column, table)
        ck_assert_msg(column == trdbi_key_column(table) || sample_matches(column, in, row), "%s.%s",
                      table->name, column->field.name);

    void *again = NULL;
    ck_ok(trdbi_entity_get(conf_uow, table, row_key(table, row), &again, &conf_err), conf_err);
    FOREACH_COLUMN(column, table)
        ck_assert_msg(row_compare(column, row, again) == 0 || column->field.kind == TRDBI_BYTES ||
                          column->field.kind == TRDBI_TEXTS,
                      "%s.%s", table->name, column->field.name);
    trdbi_row_free(again);

    ck_ok(trdbi_entity_insert(conf_uow, table, conf_full_row(table, ++conf_inserted), NULL, &conf_err),
          conf_err);
    trdbi_row_free(row);
}
END_TEST

START_TEST(each_column_is_patched_alone) {
    const trdbi_table *table = conf_tables[_i];
    char *row = conf_insert(table, conf_full_row(table, ++conf_inserted));
    char *other = conf_full_row(table, ++conf_inserted);
    FOREACH_COLUMN(column, table) {
        if (column == trdbi_key_column(table))
            continue;
        char *patch = sample_new(conf_arena, table);
        memcpy(patch + column->new_offset, other + column->new_offset, sample_size(column));
        void *patched = NULL;
        conf_savepoint();
        int code = trdbi_entity_patch(conf_uow, table, row_key(table, row), patch, &patched, &conf_err);
        if (code == TRDB_E_CHECK) { /* some checks tie columns together: then one cannot change alone */
            trdb_error_free(conf_err);
            conf_err = NULL;
            conf_undo();
            continue;
        }
        ck_ok(code, conf_err);
        FOREACH_COLUMN(each, table) {
            if (strcmp(each->field.name, "updated_at") == 0 || each->field.kind == TRDBI_BYTES ||
                each->field.kind == TRDBI_TEXTS)
                continue;
            if (each == column)
                ck_assert_msg(sample_matches(each, patch, patched), "%s.%s", table->name, each->field.name);
            else
                ck_assert_msg(row_compare(each, row, patched) == 0, "%s.%s changed with %s", table->name,
                              each->field.name, column->field.name);
        }
        trdbi_row_free(patched);
        conf_undo();
    }
    ck_fails(trdbi_entity_patch(conf_uow, table, row_key(table, row), sample_new(conf_arena, table), NULL,
                                &conf_err),
             TRDB_E_INVALID, "gives no field", conf_err);
    char *with_key = sample_new(conf_arena, table);
    sample_set(conf_arena, table, trdbi_key_column(table), with_key, 1);
    ck_fails(trdbi_entity_patch(conf_uow, table, row_key(table, row), with_key, NULL, &conf_err),
             TRDB_E_INVALID, "cannot change the key", conf_err);
    trdbi_row_free(row);
}
END_TEST

START_TEST(a_deleted_row_is_gone) {
    const trdbi_table *table = conf_tables[_i];
    char *row = conf_insert(table, conf_full_row(table, ++conf_inserted));
    trdbi_key key = row_key(table, row);
    ck_ok(trdbi_entity_delete(conf_uow, table, key, &conf_err), conf_err);
    void *none = &none;
    ck_fails(trdbi_entity_get(conf_uow, table, key, &none, &conf_err), TRDB_E_NOT_FOUND, "no row with",
             conf_err);
    ck_assert_ptr_eq(none, &none);
    ck_fails(trdbi_entity_delete(conf_uow, table, key, &conf_err), TRDB_E_NOT_FOUND, table->name, conf_err);
    char *patch = sample_new(conf_arena, table);
    FOREACH_COLUMN(column, table) {
        if (column != trdbi_key_column(table))
            sample_set(conf_arena, table, column, patch, 1);
    }
    ck_fails(trdbi_entity_patch(conf_uow, table, key, patch, &none, &conf_err), TRDB_E_NOT_FOUND,
             "no row with", conf_err);
    trdbi_row_free(row);
}
END_TEST

START_TEST(a_text_key_is_a_text) {
    const trdbi_table *table = conf_tables[_i];
    if (trdbi_key_column(table)->field.kind != TRDBI_TEXT)
        return; /* other keys have no value that is none */
    static const char *const none[] = {NULL, TRDB_NULL_TEXT};
    for (int i = 0; i < 2; i++) {
        void *row = NULL;
        trdbi_key key = {.text = none[i]};
        ck_fails(trdbi_entity_get(conf_uow, table, key, &row, &conf_err), TRDB_E_INVALID, "the key is NULL",
                 conf_err);
        ck_fails(trdbi_entity_get_many(conf_uow, table, &none[i], 1, &row, &conf_err), TRDB_E_INVALID,
                 "key 0 is NULL", conf_err);
        ck_fails(trdbi_entity_delete(conf_uow, table, key, &conf_err), TRDB_E_INVALID, "the key is NULL",
                 conf_err);
    }
}
END_TEST

START_TEST(elements_of_arrays_are_texts) {
    const trdbi_table *table = conf_tables[_i];
    char *in = conf_full_row(table, ++conf_inserted);
    FOREACH_COLUMN(column, table) {
        if (column->field.kind != TRDBI_TEXTS)
            continue;
        const char *items[] = {"a", TRDB_NULL_TEXT};
        trdb_in_texts bad = trdb_texts_value(items, 2);
        char kept[sizeof bad];
        memcpy(kept, in + column->new_offset, sizeof kept);
        memcpy(in + column->new_offset, &bad, sizeof bad);
        ck_fails(trdbi_entity_insert(conf_uow, table, in, NULL, &conf_err), TRDB_E_INVALID,
                 column->field.name, conf_err);
        memcpy(in + column->new_offset, kept, sizeof kept);
    }
}
END_TEST

/* Whether another value in this column leaves the row's keys and parents as they are. */
static bool is_free(const trdbi_table *table, const trdbi_column *column) {
    if (column == trdbi_key_column(table) || column->field.kind == TRDBI_ENUM ||
        column->field.kind == TRDBI_BOOL || strcmp(column->field.name, "updated_at") == 0)
        return false;
    char word[80];
    snprintf(word, sizeof word, " %s ", column->field.name);
    char **lists[] = {conf_unique_indexes(table), conf_foreign_keys(table)};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        for (char **line = lists[i]; *line; line++) {
            char padded[300];
            snprintf(padded, sizeof padded, "%s ", *line);
            if (strstr(padded, word))
                return false;
        }
    }
    return true;
}

START_TEST(upsert_inserts_once_and_then_updates) {
    const trdbi_table *table = conf_tables[_i];
    for (unsigned unique = 0; unique < table->unique_count; unique++) {
        char *in = conf_full_row(table, ++conf_inserted);
        sample_settle(table, in);
        sample_set(conf_arena, table, trdbi_key_column(table), in, 1000000 + conf_inserted);
        void *first = NULL, *second = NULL;
        ck_ok(trdbi_entity_upsert(conf_uow, table, unique, in, &first, &conf_err), conf_err);
        int64_t before = 0, after = 0;
        ck_ok(trdbi_entity_count(conf_uow, table, NULL, &before, &conf_err), conf_err);
        FOREACH_COLUMN(column, table) {
            if (is_free(table, column))
                sample_set(conf_arena, table, column, in, conf_inserted + 1);
        }
        ck_ok(trdbi_entity_upsert(conf_uow, table, unique, in, &second, &conf_err), conf_err);
        ck_ok(trdbi_entity_count(conf_uow, table, NULL, &after, &conf_err), conf_err);
        ck_assert_int_eq(before, after);
        ck_assert_int_eq(row_compare(trdbi_key_column(table), first, second), 0);
        FOREACH_COLUMN(column, table)
            ck_assert_msg(sample_matches(column, in, second) || strcmp(column->field.name, "updated_at") == 0,
                          "%s.%s", table->name, column->field.name);
        ck_ok(trdbi_entity_upsert(conf_uow, table, unique, in, NULL, &conf_err), conf_err);
        trdbi_row_free(first);
        trdbi_row_free(second);
    }
}
END_TEST

START_TEST(structs_of_other_versions) {
    const trdbi_table *table = conf_tables[_i];
    char *in = conf_full_row(table, ++conf_inserted);
    size_t larger = table->new_size + 16;
    char *newer = trdbi_arena_alloc(conf_arena, larger);
    memcpy(newer, in, table->new_size);
    memcpy(newer, &larger, sizeof larger);
    ck_ok(trdbi_entity_insert(conf_uow, table, newer, NULL, &conf_err), conf_err);
    newer[larger - 1] = 1;
    ck_fails(trdbi_entity_insert(conf_uow, table, newer, NULL, &conf_err), TRDB_E_INVALID, "newer caller",
             conf_err);
    size_t none = 0;
    memcpy(in, &none, sizeof none);
    ck_fails(trdbi_entity_insert(conf_uow, table, in, NULL, &conf_err), TRDB_E_INVALID, "struct_size is 0",
             conf_err);
    ck_fails(trdbi_entity_insert(conf_uow, table, NULL, NULL, &conf_err), TRDB_E_INVALID, "is NULL",
             conf_err);

    /* An older caller's struct ends earlier: what it lacks is not given. A sample of a small set of values
     * may be what the default gives, so such a column cannot tell. */
    const trdbi_column *last = &table->columns[0];
    FOREACH_COLUMN(column, table) {
        bool small_set = column->field.kind == TRDBI_BOOL || column->field.kind == TRDBI_ENUM;
        last = column->new_offset > last->new_offset && !small_set ? column : last;
    }
    char *older = conf_full_row(table, ++conf_inserted);
    size_t smaller = last->new_offset;
    memcpy(older, &smaller, sizeof smaller);
    conf_savepoint();
    void *row = NULL;
    int code = trdbi_entity_insert(conf_uow, table, older, &row, &conf_err);
    ck_assert(code == TRDB_E_NOT_NULL || (code == 0 && !sample_matches(last, older, row)));
    trdbi_row_free(row);
    conf_undo();

    ck_fails(trdbi_entity_insert(NULL, table, in, NULL, &conf_err), TRDB_E_INVALID, "NULL", conf_err);
    int64_t count;
    ck_fails(trdbi_entity_count(NULL, table, NULL, &count, &conf_err), TRDB_E_INVALID, "NULL", conf_err);
    ck_fails(trdbi_entity_list(conf_uow, table, NULL, NULL, &conf_err), TRDB_E_INVALID, "NULL", conf_err);
}
END_TEST

START_TEST(many_rows_go_in_at_once) {
    const trdbi_table *table = conf_tables[_i];
    char *rows = conf_many_rows(table, MANY);
    trdbi_list *list = NULL;
    int64_t before = 0, after = 0;
    ck_ok(trdbi_entity_count(conf_uow, table, NULL, &before, &conf_err), conf_err);
    ck_ok(trdbi_entity_insert_many(conf_uow, table, rows, table->new_size, MANY, NULL, &list, &conf_err), conf_err);
    ck_ok(trdbi_entity_count(conf_uow, table, NULL, &after, &conf_err), conf_err);
    ck_assert_int_eq(after - before, MANY);
    ck_assert_uint_eq(trdbi_list_count(list), MANY);
    for (size_t i = 0; i < MANY; i++) {
        FOREACH_COLUMN(column, table) {
            const char *in = rows + i * table->new_size;
            ck_assert(!sample_given(column, in) || sample_matches(column, in, trdbi_list_at(list, i)));
        }
    }

    /* By key: every third, one of them twice, and one that is not there. */
    size_t key_size = trdbi_key_column(table)->field.kind == TRDBI_UUID ? sizeof(trdb_uuid) : 8, count = 0;
    char *keys = trdbi_arena_alloc(conf_arena, (MANY / 3 + 2) * key_size);
    for (size_t i = 0; i < MANY; i += 3, count++) {
        trdbi_key key = row_key(table, trdbi_list_at(list, i));
        memcpy(keys + count * key_size, &key, key_size);
    }
    memcpy(keys + count * key_size, keys, key_size);
    trdbi_key missing = missing_key(table);
    memcpy(keys + (count + 1) * key_size, &missing, key_size);
    trdbi_list *some = NULL;
    ck_ok(trdbi_entity_get_many(conf_uow, table, keys, count + 2, &some, &conf_err), conf_err);
    ck_assert_uint_eq(trdbi_list_count(some), count);
    for (size_t i = 1; i < count; i++)
        ck_assert_int_lt(
            row_compare(trdbi_key_column(table), trdbi_list_at(some, i - 1), trdbi_list_at(some, i)), 0);
    trdbi_list_free(some);
    trdbi_list_free(list);

    ck_ok(trdbi_entity_get_many(conf_uow, table, NULL, 0, &some, &conf_err), conf_err);
    ck_assert_uint_eq(trdbi_list_count(some), 0);
    trdbi_list_free(some);
    ck_ok(trdbi_entity_insert_many(conf_uow, table, NULL, table->new_size, 0, NULL, &some, &conf_err), conf_err);
    ck_assert_uint_eq(trdbi_list_count(some), 0);
    trdbi_list_free(some);
    ck_ok(trdbi_entity_insert_many(conf_uow, table, conf_many_rows(table, 5), table->new_size, 5, NULL, NULL,
                                   &conf_err),
          conf_err);
}
END_TEST

START_TEST(a_bad_row_among_many_is_named) {
    const trdbi_table *table = conf_tables[_i];
    char *rows = conf_many_rows(table, 20);
    trdbi_list *list = (void *)&list;
    size_t none = 0;
    memcpy(rows + 7 * table->new_size, &none, sizeof none);
    int code = trdbi_entity_insert_many(conf_uow, table, rows, table->new_size, 20, NULL, &list, &conf_err);
    ck_assert_int_eq(trdb_error_row(conf_err), 7);
    ck_fails(code, TRDB_E_INVALID, "struct_size", conf_err);
    ck_assert_ptr_eq(list, (void *)&list);
    trdb_uow_free(conf_uow);
    ck_ok(trdb_uow_begin(conf_db, NULL, &conf_uow, &conf_err), conf_err);

    FOREACH_COLUMN(column, table) { /* the same, refused by the server */
        if (!(column->flags & TRDBI_NOT_NULL) || column == trdbi_key_column(table))
            continue;
        rows = conf_many_rows(table, 20);
        sample_set_null(column, rows + 11 * table->new_size);
        code = trdbi_entity_insert_many(conf_uow, table, rows, table->new_size, 20, NULL, NULL, &conf_err);
        ck_assert_int_eq(trdb_error_row(conf_err), 11);
        ck_fails(code, TRDB_E_NOT_NULL, column->field.name, conf_err);
        ck_fails(trdbi_entity_insert(conf_uow, table, rows, NULL, &conf_err), TRDB_E_STATE, "failed",
                 conf_err);
        break;
    }
}
END_TEST

void conformance_rows(TCase *tcase, int tables) {
    tcase_add_loop_test(tcase, one_row_goes_in_and_comes_back, 0, tables);
    tcase_add_loop_test(tcase, each_column_is_patched_alone, 0, tables);
    tcase_add_loop_test(tcase, a_deleted_row_is_gone, 0, tables);
    tcase_add_loop_test(tcase, a_text_key_is_a_text, 0, tables);
    tcase_add_loop_test(tcase, elements_of_arrays_are_texts, 0, tables);
    tcase_add_loop_test(tcase, upsert_inserts_once_and_then_updates, 0, tables);
    tcase_add_loop_test(tcase, structs_of_other_versions, 0, tables);
    tcase_add_loop_test(tcase, many_rows_go_in_at_once, 0, tables);
    tcase_add_loop_test(tcase, a_bad_row_among_many_is_named, 0, tables);
}
