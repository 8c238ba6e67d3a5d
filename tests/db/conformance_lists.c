/* SPDX-License-Identifier: MIT */
/* Filters, order and pages, against what the same rows give when they are counted by hand. */
#include "conformance.h"

enum { LISTED = 25 };

static trdbi_list *list_all(const trdbi_table *table, const char *filter) {
    trdbi_list *list = NULL;
    ck_ok(trdbi_entity_list(conf_uow, table, filter, &list, &conf_err), conf_err);
    return list;
}

/* Counts what the condition selects, by hand. */
static size_t expected(const trdbi_column *column, const trdbi_list *all, int op, const char *from,
                       const char *until) {
    size_t count = 0;
    for (size_t i = 0; i < trdbi_list_count(all); i++) {
        const char *row = trdbi_list_at(all, i);
        bool null = row_is_null(column, row);
        if (op == TRDB_OP_IS_NULL)
            count += null;
        else if (op == TRDB_OP_NOT_NULL)
            count += !null;
        else if (null)
            continue;
        else if (op == TRDB_OP_EQ || op == TRDB_OP_ANY)
            count += row_compare(column, row, from) == 0;
        else
            count += (!(op & TRDB_OP_FROM) || row_compare(column, row, from) >= 0) &&
                     (!(op & TRDB_OP_UNTIL) || row_compare(column, row, until) < 0);
    }
    return count;
}

START_TEST(conditions_select_what_they_say) {
    static const int ops[] = {TRDB_OP_EQ,
                              TRDB_OP_ANY,
                              TRDB_OP_IS_NULL,
                              TRDB_OP_NOT_NULL,
                              TRDB_OP_FROM,
                              TRDB_OP_UNTIL,
                              TRDB_OP_FROM | TRDB_OP_UNTIL};
    const trdbi_table *table = conf_tables[_i];
    ck_ok(trdbi_entity_insert_many(conf_uow, table, conf_many_rows(table, LISTED), table->new_size, LISTED, NULL,
                                   NULL, &conf_err),
          conf_err);
    trdbi_list *all = list_all(table, NULL);
    ck_assert_uint_ge(trdbi_list_count(all), LISTED);
    FOREACH_COLUMN(column, table) {
        if (column->filter_offset == 0)
            continue;
        const char *from = NULL, *until = NULL;
        for (size_t i = 0; i < trdbi_list_count(all); i++) {
            const char *row = trdbi_list_at(all, i);
            if (row_is_null(column, row))
                continue;
            from = from ? from : row;
            until = row;
        }
        ck_assert_ptr_nonnull(from);
        for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
            char *filter = sample_filter(conf_arena, table);
            filter_set(column, filter, ops[i], from, until);
            size_t wanted = expected(column, all, ops[i], from, until);
            trdbi_list *list = list_all(table, filter);
            ck_assert_msg(trdbi_list_count(list) == wanted, "%s.%s op %d: %zu rows, wanted %zu", table->name,
                          column->field.name, ops[i], trdbi_list_count(list), wanted);
            trdbi_list_free(list);
            int64_t count = -1;
            ck_ok(trdbi_entity_count(conf_uow, table, filter, &count, &conf_err), conf_err);
            ck_assert_int_eq(count, (int64_t)wanted);
        }
        char *filter = sample_filter(conf_arena, table);
        int32_t unknown = 77;
        memcpy(filter + column->filter_offset + offsetof(trdb_where_i64, op), &unknown, sizeof unknown);
        trdbi_list *list = NULL;
        ck_fails(trdbi_entity_list(conf_uow, table, filter, &list, &conf_err), TRDB_E_INVALID,
                 column->field.name, conf_err);
    }
    trdbi_list_free(all);
}
END_TEST

/* The rows behind one, which is given as it is or by its key alone. */
static trdbi_list *list_behind(const trdbi_table *table, char *filter, const void *row, bool by_key) {
    trdbi_list *list = NULL;
    if (!by_key) {
        memcpy(filter + table->after_offset, &row, sizeof row);
        return list_all(table, filter);
    }
    ck_ok(trdbi_entity_list_behind(conf_uow, table, filter, row_key(table, row), &list, &conf_err), conf_err);
    return list;
}

/* Walks pages of seven and checks that they are the whole list, in order, without gap or repetition. */
static void walk_pages(const trdbi_table *table, char *filter, const trdbi_list *whole, bool by_key) {
    const trdbi_column *key = trdbi_key_column(table);
    size_t seen = 0;
    trdbi_list *page = list_all(table, filter);
    while (trdbi_list_count(page) > 0) {
        for (const void *row = trdbi_list_at(page, 0); row; row = trdbi_list_next(page, row), seen++)
            ck_assert_int_eq(row_compare(key, row, trdbi_list_at(whole, seen)), 0);
        trdbi_list *next = list_behind(table, filter, trdbi_list_at(page, trdbi_list_count(page) - 1), by_key);
        trdbi_list_free(page);
        page = next;
    }
    trdbi_list_free(page);
    ck_assert_msg(seen == trdbi_list_count(whole), "%s: pages hold %zu of %zu", table->name, seen,
                  trdbi_list_count(whole));
}

static void walk(const trdbi_table *table, int32_t order_by, int32_t descending) {
    const trdbi_column *order = &table->columns[order_by ? order_by - 1 : table->key];
    const trdbi_column *key = trdbi_key_column(table);
    char *filter = sample_filter(conf_arena, table);
    memcpy(filter + table->order_by_offset, &order_by, sizeof order_by);
    memcpy(filter + table->descending_offset, &descending, sizeof descending);
    trdbi_list *whole = list_all(table, filter);
    for (size_t i = 1; i < trdbi_list_count(whole); i++) {
        const char *left = trdbi_list_at(whole, i - 1), *right = trdbi_list_at(whole, i);
        int by_value = row_compare(order, left, right), by_key = row_compare(key, left, right);
        int direction = by_value != 0 ? by_value : by_key;
        ck_assert_msg(descending ? direction > 0 : direction < 0, "%s by %s: out of order", table->name,
                      order->field.name);
    }

    trdb_in_i64 limit = trdb_i64(7);
    memcpy(filter + table->limit_offset, &limit, sizeof limit);
    walk_pages(table, filter, whole, true);
    walk_pages(table, filter, whole, false);
    trdbi_list_free(whole);
}

START_TEST(lists_are_ordered_and_paged_by_every_index) {
    const trdbi_table *table = conf_tables[_i];
    ck_ok(trdbi_entity_insert_many(conf_uow, table, conf_many_rows(table, LISTED), table->new_size, LISTED, NULL,
                                   NULL, &conf_err),
          conf_err);
    walk(table, 0, 0);
    walk(table, 0, 1);
    FOREACH_COLUMN(column, table) {
        int32_t number = (int32_t)(column - table->columns) + 1;
        if (column->filter_offset != 0) {
            walk(table, number, 0);
            walk(table, number, 1);
            continue;
        }
        char *filter = sample_filter(conf_arena, table);
        memcpy(filter + table->order_by_offset, &number, sizeof number);
        trdbi_list *list = NULL;
        ck_fails(trdbi_entity_list(conf_uow, table, filter, &list, &conf_err), TRDB_E_INVALID,
                 column->field.name, conf_err);
    }
}
END_TEST

START_TEST(filters_refuse_nonsense) {
    const trdbi_table *table = conf_tables[_i];
    trdbi_list *list = NULL;
    char *filter = sample_filter(conf_arena, table);
    for (int64_t bad = 0; bad >= -1; bad--) {
        trdb_in_i64 limit = trdb_i64(bad);
        memcpy(filter + table->limit_offset, &limit, sizeof limit);
        ck_fails(trdbi_entity_list(conf_uow, table, filter, &list, &conf_err), TRDB_E_RANGE, "limit",
                 conf_err);
    }
    trdb_in_i64 stateless = {.value = 5};
    memcpy(filter + table->limit_offset, &stateless, sizeof stateless);
    ck_fails(trdbi_entity_list(conf_uow, table, filter, &list, &conf_err), TRDB_E_INVALID, "limit", conf_err);
    filter = sample_filter(conf_arena, table);
    for (int32_t bad = -1; bad <= 999; bad += 1000) {
        memcpy(filter + table->order_by_offset, &bad, sizeof bad);
        ck_fails(trdbi_entity_list(conf_uow, table, filter, &list, &conf_err), TRDB_E_INVALID, "is no column",
                 conf_err);
    }
    filter = sample_filter(conf_arena, table);
    ck_fails(trdbi_entity_list_behind(conf_uow, table, filter, missing_key(table), &list, &conf_err), TRDB_E_NOT_FOUND,
             "", conf_err);
    const int32_t any = TRDB_ANY_ORDER;
    memcpy(filter + table->order_by_offset, &any, sizeof any);
    ck_fails(trdbi_entity_list_behind(conf_uow, table, filter, missing_key(table), &list, &conf_err), TRDB_E_INVALID,
             "any order", conf_err);
    ck_assert_ptr_null(list);
}
END_TEST

void conformance_lists(TCase *tcase, int tables) {
    tcase_add_loop_test(tcase, conditions_select_what_they_say, 0, tables);
    tcase_add_loop_test(tcase, lists_are_ordered_and_paged_by_every_index, 0, tables);
    tcase_add_loop_test(tcase, filters_refuse_nonsense, 0, tables);
}
