/* SPDX-License-Identifier: MIT */
/* Everything a table refuses, each constraint once, and every value that does not fit its column. */
#include "conformance.h"

START_TEST(nulls_where_they_may_be_and_nowhere_else) {
    const trdbi_table *table = conf_tables[_i];
    char *row = conf_insert(table, conf_full_row(table, ++conf_inserted));
    FOREACH_COLUMN(column, table) {
        if (column == trdbi_key_column(table) || strcmp(column->field.name, "updated_at") == 0)
            continue; /* a trigger writes updated_at, whatever is given */
        char *patch = sample_new(conf_arena, table);
        sample_set_null(column, patch);
        void *patched = NULL;
        conf_savepoint();
        int code = trdbi_entity_patch(conf_uow, table, row_key(table, row), patch, &patched, &conf_err);
        if (column->flags & TRDBI_NOT_NULL) {
            ck_assert_str_eq(trdb_error_column(conf_err), column->field.name);
            ck_fails(code, TRDB_E_NOT_NULL, column->field.name, conf_err);
        } else {
            ck_ok(code, conf_err);
            ck_assert_msg(row_is_null(column, patched), "%s.%s", table->name, column->field.name);
            trdbi_row_free(patched);
        }
        conf_undo();
    }
    trdbi_row_free(row);
}
END_TEST

START_TEST(required_columns_are_required) {
    const trdbi_table *table = conf_tables[_i];
    char *in = conf_full_row(table, ++conf_inserted);
    FOREACH_COLUMN(column, table) {
        char kept[64];
        memcpy(kept, in + column->new_offset, sample_size(column));
        sample_unset(column, in);
        conf_savepoint();
        int code = trdbi_entity_insert(conf_uow, table, in, NULL, &conf_err);
        if (conf_has_default(table, column) || !(column->flags & TRDBI_NOT_NULL) ||
            column->flags & TRDBI_MADE_KEY)
            ck_ok(code, conf_err);
        else
            ck_fails(code, TRDB_E_NOT_NULL, column->field.name, conf_err);
        conf_undo();
        memcpy(in + column->new_offset, kept, sample_size(column));
    }
}
END_TEST

/* Copies the members of the listed columns, so that two inputs collide there and nowhere else. */
static void copy_columns(const trdbi_table *table, char *names, const char *from, char *to) {
    char *save;
    for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
        const trdbi_column *column = conf_column(table, name);
        memcpy(to + column->new_offset, from + column->new_offset, sample_size(column));
    }
}

START_TEST(unique_keys_hold) {
    const trdbi_table *table = conf_tables[_i];
    char **indexes = conf_unique_indexes(table);
    for (int i = 0; indexes[i]; i++) {
        char *first = conf_full_row(table, ++conf_inserted), *second = conf_full_row(table, ++conf_inserted);
        sample_settle(table, first);
        sample_settle(table, second);
        sample_set(conf_arena, table, trdbi_key_column(table), first, 1000000 + conf_inserted);
        char *columns = strchr(indexes[i], ' ');
        *columns++ = '\0';
        copy_columns(table, columns, first, second);
        ck_ok(trdbi_entity_insert(conf_uow, table, first, NULL, &conf_err), conf_err);
        conf_savepoint();
        int code = trdbi_entity_insert(conf_uow, table, second, NULL, &conf_err);
        ck_assert_msg(code == TRDB_E_DUPLICATE, "%s does not hold: %s", indexes[i],
                      trdb_error_message(conf_err));
        ck_assert_str_eq(trdb_error_sqlstate(conf_err), "23505");
        /* A partition's index has a name of its own, which begins with the table's. */
        const char *violated = trdb_error_constraint(conf_err);
        ck_assert_msg(strcmp(violated, indexes[i]) == 0 ||
                          strncmp(violated, table->name, strlen(table->name)) == 0,
                      "%s, wanted %s", violated, indexes[i]);
        trdb_error_free(conf_err);
        conf_err = NULL;
        conf_undo();
    }
}
END_TEST

START_TEST(foreign_keys_hold) {
    const trdbi_table *table = conf_tables[_i];
    char *row = conf_insert(table, conf_full_row(table, ++conf_inserted));
    char **keys = conf_foreign_keys(table);
    for (int i = 0; keys[i]; i++) {
        char *save;
        const char *constraint = strtok_r(keys[i], " ", &save);
        const trdbi_column *column = conf_column(table, strtok_r(NULL, " ", &save));
        char *patch = sample_new(conf_arena, table);
        if (column->field.kind == TRDBI_UUID)
            sample_set_key(column, patch, (trdbi_key){.uuid = trdb_uuid_make()});
        else
            sample_set_i64(column, patch, INT64_C(9000000000000));
        conf_savepoint();
        int code = trdbi_entity_patch(conf_uow, table, row_key(table, row), patch, NULL, &conf_err);
        ck_assert_int_eq(code, TRDB_E_REFERENCE);
        ck_assert_str_eq(trdb_error_constraint(conf_err), constraint);
        ck_fails(code, TRDB_E_REFERENCE, table->name, conf_err);
        conf_undo();
    }
    trdbi_row_free(row);
}
END_TEST

/* The n-th value that might violate a check on a column; false when there are no more. */
static bool bad_value(const trdbi_column *column, char *in, int n) {
    static const char *const numbers[] = {"0", "-1", "-0.000000000000000000000001", "99999999999999"};
    static const int64_t integers[] = {0, -1, INT32_MAX, INT32_MIN};
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_DECIMAL: {
        if (n >= 4)
            return false;
        trdb_in_decimal value = trdb_dec(column->max_scale < 24 && n == 2 ? "-0.1" : numbers[n]);
        memcpy(in + column->new_offset, &value, sizeof value);
        return true;
    }
    case TRDBI_I64:
        if (n >= 4)
            return false;
        sample_set_i64(column, in, integers[n]);
        return true;
    case TRDBI_TEXT:
        sample_set_text(column, in, n == 0 ? "" : n == 1 ? "\t" : n == 2 ? "no" : "forbidden");
        return n < 4;
    case TRDBI_JSON:
        sample_set_text(column, in, n == 0 ? "[]" : "null");
        return n < 2;
    case TRDBI_TIMESTAMP: {
        trdb_in_timestamp value = trdb_time((trdb_timestamp){.kind = TRDB_TIMESTAMP_INFINITY + n});
        memcpy(in + column->new_offset, &value, sizeof value);
        return n < 2;
    }
    case TRDBI_ENUM: {
        trdb_in_enum value = trdb_enum(n + 1);
        memcpy(in + column->new_offset, &value, sizeof value);
        return n < column->field.values->count;
    }
    default:
        return false;
    }
}

/* Looks for a value of the columns that the check refuses; a check of a closed set is refused before it is
 * sent. */
static bool violates(const trdbi_table *table, const char *row, const char *constraint, char *names) {
    char *save;
    bool closed_set = true;
    for (char *name = strtok_r(names, " ", &save); name; name = strtok_r(NULL, " ", &save)) {
        const trdbi_column *column = conf_column(table, name);
        char *patch = sample_new(conf_arena, table);
        for (int n = 0; bad_value(column, patch, n); n++) {
            conf_savepoint();
            int code = trdbi_entity_patch(conf_uow, table, row_key(table, row), patch, NULL, &conf_err);
            bool found = code == TRDB_E_CHECK && strcmp(trdb_error_constraint(conf_err), constraint) == 0;
            trdb_error_free(conf_err);
            conf_err = NULL;
            conf_undo();
            if (found)
                return true;
        }
        sample_set_null(column, patch);
        closed_set = closed_set && column->field.kind == TRDBI_ENUM;
    }
    return closed_set;
}

START_TEST(checks_hold) {
    const trdbi_table *table = conf_tables[_i];
    char *row = conf_insert(table, conf_full_row(table, ++conf_inserted));
    char **constraints = conf_checks(table);
    for (int i = 0; constraints[i]; i++) {
        char *names = strchr(constraints[i], ' ');
        *names++ = '\0';
        ck_assert_msg(violates(table, row, constraints[i], names), "nothing violates %s", constraints[i]);
    }
    trdbi_row_free(row);
}
END_TEST

/* A refused value costs nothing: the unit goes on. */
static void refused(const trdbi_table *table, const trdbi_column *column, const char *in, int code) {
    int got = trdbi_entity_insert(conf_uow, table, in, NULL, &conf_err);
    ck_assert_msg(got == code, "%s.%s: %s, wanted %s: %s", table->name, column->field.name,
                  trdb_error_code_name(got), trdb_error_code_name(code), trdb_error_message(conf_err));
    ck_assert_msg(trdb_error_column(conf_err) != NULL, "%s", trdb_error_message(conf_err));
    ck_assert_str_eq(trdb_error_column(conf_err), column->field.name);
    ck_assert_str_eq(trdb_error_table(conf_err), table->name);
    ck_assert_ptr_nonnull(strstr(trdb_error_message(conf_err), column->field.name));
    trdb_error_free(conf_err);
    conf_err = NULL;
}

static void refuse_decimal(const trdbi_table *table, const trdbi_column *column, char *in, const char *text,
                           int code) {
    trdb_in_decimal value = trdb_dec(text);
    memcpy(in + column->new_offset, &value, sizeof value);
    refused(table, column, in, code);
}

static void refuse_values(const trdbi_table *table, const trdbi_column *column, char *in) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        if (column->int_bytes < 8) {
            sample_set_i64(column, in, INT64_C(1) << (column->int_bytes * 8 - 1));
            refused(table, column, in, TRDB_E_RANGE);
            sample_set_i64(column, in, -(INT64_C(1) << (column->int_bytes * 8 - 1)) - 1);
            refused(table, column, in, TRDB_E_RANGE);
        }
        memcpy(in + column->new_offset, &(trdb_in_i64){.value = 7}, sizeof(trdb_in_i64));
        refused(table, column, in, TRDB_E_INVALID);
        memcpy(in + column->new_offset, &(trdb_in_i64){.value = 7, .state = 9}, sizeof(trdb_in_i64));
        refused(table, column, in, TRDB_E_INVALID);
        return;
    case TRDBI_BOOL:
        memcpy(in + column->new_offset, &(trdb_in_bool){.value = 2, .state = TRDB_GIVEN},
               sizeof(trdb_in_bool));
        refused(table, column, in, TRDB_E_INVALID);
        return;
    case TRDBI_ENUM:
        for (int32_t value = -1; value <= column->field.values->count + 1;
             value += column->field.values->count + 2) {
            memcpy(in + column->new_offset, &(trdb_in_enum){value, TRDB_GIVEN}, sizeof(trdb_in_enum));
            refused(table, column, in, TRDB_E_INVALID);
        }
        return;
    case TRDBI_DECIMAL:
        refuse_decimal(table, column, in, "abc", TRDB_E_INVALID);
        if (column->max_whole < 255) {
            refuse_decimal(table, column, in, "NaN", TRDB_E_RANGE);
            refuse_decimal(table, column, in, "-Infinity", TRDB_E_RANGE);
            refuse_decimal(table, column, in, "100000000000000", TRDB_E_RANGE);
            refuse_decimal(table, column, in, "-100000000000000", TRDB_E_RANGE);
            refuse_decimal(table, column, in, "0.0000000000000000000000001", TRDB_E_INEXACT);
        }
        return;
    case TRDBI_TIMESTAMP: {
        trdb_in_timestamp value = trdb_time_us(TRDB_TIMESTAMP_MAX);
        value.value.us++;
        memcpy(in + column->new_offset, &value, sizeof value);
        refused(table, column, in, TRDB_E_RANGE);
        return;
    }
    case TRDBI_TEXT:
        if (column->max_chars > 0) {
            char *text = trdbi_arena_bytes(conf_arena, (size_t)column->max_chars + 2);
            memset(text, 'x', (size_t)column->max_chars + 1);
            text[column->max_chars + 1] = '\0';
            sample_set_text(column, in, text);
            refused(table, column, in, TRDB_E_RANGE);
        }
        sample_set_text(column, in, "\xc3(");
        refused(table, column, in, TRDB_E_ENCODING);
        return;
    case TRDBI_JSON: {
        static const char *const bad[] = {"",     "{",   "{\"a\":1}}",          "{'a':1}",
                                          "[1,]", "NaN", "{\"a\": \"\\u0000\"}"};
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            sample_set_text(column, in, bad[i]);
            refused(table, column, in, TRDB_E_INVALID);
        }
        sample_set_text(column, in, "{\"a\": \"\xff\"}");
        refused(table, column, in, TRDB_E_ENCODING);
        return;
    }
    case TRDBI_INET:
        sample_set_text(column, in, "300.1.2.3");
        refused(table, column, in, TRDB_E_INVALID);
        return;
    default:
        return;
    }
}

START_TEST(bad_values_are_refused_by_name_before_they_are_sent) {
    const trdbi_table *table = conf_tables[_i];
    char *in = conf_full_row(table, ++conf_inserted);
    FOREACH_COLUMN(column, table) {
        char kept[64];
        memcpy(kept, in + column->new_offset, sample_size(column));
        refuse_values(table, column, in);
        memcpy(in + column->new_offset, kept, sample_size(column));
    }
    /* The unit is as it was. */
    ck_ok(trdbi_entity_insert(conf_uow, table, in, NULL, &conf_err), conf_err);
}
END_TEST

void conformance_constraints(TCase *tcase, int tables) {
    tcase_add_loop_test(tcase, nulls_where_they_may_be_and_nowhere_else, 0, tables);
    tcase_add_loop_test(tcase, required_columns_are_required, 0, tables);
    tcase_add_loop_test(tcase, unique_keys_hold, 0, tables);
    tcase_add_loop_test(tcase, foreign_keys_hold, 0, tables);
    tcase_add_loop_test(tcase, checks_hold, 0, tables);
    tcase_add_loop_test(tcase, bad_values_are_refused_by_name_before_they_are_sent, 0, tables);
}
