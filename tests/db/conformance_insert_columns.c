/* SPDX-License-Identifier: MIT */
/* Columns that are written: what was read as columns comes back the same by every way, and what is wrong with
 * a column is told with its name and row, whatever its type. */
#include "conformance.h"

enum { ROWS = 60, BAD = 41 };

static const trdb_bulk_method ways[] = {TRDB_BULK_AUTO, TRDB_BULK_PIPELINE, TRDB_BULK_UNNEST, TRDB_BULK_COPY};
enum { WAYS = sizeof ways / sizeof *ways };

/* Columns of which a test may change what it likes. */
typedef struct views {
    trdb_column_view items[TRDBI_MAX_COLUMNS];
    size_t count;
} views;

static void *copy_of(const void *data, size_t size) {
    return data ? memcpy(trdbi_arena_alloc(conf_arena, size + 1), data, size) : NULL;
}

static trdb_column_view *copy_view(const trdb_column_view *view) {
    trdb_column_view *copy = copy_of(view, sizeof *view);
    copy->data = copy_of(view->data, (size_t)view->data_size);
    copy->offsets = copy_of(view->offsets, ((size_t)view->length + 1) * sizeof *view->offsets);
    copy->validity = copy_of(view->validity, ((size_t)view->length + 7) / 8);
    copy->child = view->child ? copy_view(view->child) : NULL;
    return copy;
}

static trdb_columns *read_columns(const trdbi_table *table, uint32_t flags) {
    trdb_columns_options options = trdb_columns_options_init();
    trdb_columns *columns = NULL;
    options.flags = flags;
    ck_ok(trdbi_entity_columns(conf_uow, table, NULL, &options, &columns, &conf_err), conf_err);
    return columns;
}

static void take_views(const trdbi_table *table, const trdb_columns *columns, trdb_bulk_method method,
                       views *ret) {
    ret->count = 0;
    FOREACH_COLUMN(column, table)
        if (!conf_is_left_out(table, column, method))
            ret->items[ret->count++] = *copy_view(trdb_columns_find(columns, column->field.name));
}

static int write_columns(const trdbi_table *table, const views *columns, trdb_bulk_method method) {
    trdb_bulk_options options = trdb_bulk_options_init();
    options.method = (int32_t)method;
    return trdbi_entity_insert_columns(conf_uow, table, columns->items, sizeof *columns->items,
                                       columns->count, &options, &conf_err);
}

/* ---- what is stored --------------------------------------------------------------------------------- */

static size_t width(const trdb_column_view *view) {
    switch (view->kind) {
    case TRDB_COLUMN_CODES:
        return 4;
    case TRDB_COLUMN_DECIMAL:
    case TRDB_COLUMN_UUID:
        return 16;
    default:
        return 8;
    }
}

static bool same_value(const trdb_column_view *a, const trdb_column_view *b, int64_t i) {
    if (trdb_column_has(a, i) != trdb_column_has(b, i) || a->kind != b->kind || a->scale != b->scale)
        return false;
    if (a->kind == TRDB_COLUMN_BOOL)
        return ((((const uint8_t *)a->data)[i / 8] ^ ((const uint8_t *)b->data)[i / 8]) >> i % 8 & 1) == 0;
    if (!a->offsets)
        return memcmp((const char *)a->data + (size_t)i * width(a),
                      (const char *)b->data + (size_t)i * width(b), width(a)) == 0;
    int64_t size = a->offsets[i + 1] - a->offsets[i];
    if (size != b->offsets[i + 1] - b->offsets[i])
        return false;
    if (a->kind != TRDB_COLUMN_TEXTS)
        return memcmp((const char *)a->data + a->offsets[i], (const char *)b->data + b->offsets[i],
                      (size_t)size) == 0;
    for (int64_t k = 0; k < size; k++)
        if (!same_value(a->child, b->child, a->offsets[i] + k))
            return false;
    return true;
}

/* Those that were left out hold defaults. */
static void ck_same(const trdbi_table *table, const trdb_columns *a, const trdb_columns *b,
                    trdb_bulk_method method) {
    ck_assert_int_eq(trdb_columns_rows(a), trdb_columns_rows(b));
    FOREACH_COLUMN(column, table) {
        const trdb_column_view *before = trdb_columns_find(a, column->field.name),
                               *after = trdb_columns_find(b, column->field.name);
        for (int64_t i = 0; i < before->length && !conf_is_left_out(table, column, method); i++)
            ck_assert_msg(same_value(before, after, i), "method %d: row %lld of %s.%s differs", method,
                          (long long)i, table->name, column->field.name);
    }
}

START_TEST(what_was_read_can_be_written) {
    static const uint32_t forms[] = {0, TRDB_COLUMNS_PLAIN};
    const trdbi_table *table = conf_tables[_i];
    char *rows = conf_many_rows(table, ROWS); /* their parents stay */
    for (int way = 0; way < WAYS; way++) {
        for (size_t form = 0; form < sizeof forms / sizeof *forms; form++) {
            views columns;
            conf_savepoint();
            ck_ok(
                trdbi_entity_insert_many(conf_uow, table, rows, table->new_size, ROWS, NULL, NULL, &conf_err),
                conf_err);
            trdb_columns *before = read_columns(table, forms[form]);
            ck_assert_int_eq(trdb_columns_rows(before), ROWS);
            take_views(table, before, ways[way], &columns);
            conf_undo();
            conf_savepoint();
            ck_ok(write_columns(table, &columns, ways[way]), conf_err);
            trdb_columns *after = read_columns(table, forms[form]);
            ck_same(table, before, after, ways[way]);
            trdb_columns_free(before);
            trdb_columns_free(after);
            conf_undo();
        }
    }
}
END_TEST

/* ---- what is wrong ---------------------------------------------------------------------------------- */

static void insert_and_take(const trdbi_table *table, uint32_t flags, trdb_bulk_method method, views *ret) {
    char *rows = conf_many_rows(table, ROWS);
    conf_savepoint();
    ck_ok(trdbi_entity_insert_many(conf_uow, table, rows, table->new_size, ROWS, NULL, NULL, &conf_err),
          conf_err);
    trdb_columns *columns = read_columns(table, flags);
    take_views(table, columns, method, ret);
    trdb_columns_free(columns);
    conf_undo();
}

static void set_valid(trdb_column_view *view, int64_t i) {
    if (view->validity)
        ((uint8_t *)(uintptr_t)view->validity)[i / 8] |= (uint8_t)(1u << i % 8);
}

#define AT(type, view, i) (((type *)(uintptr_t)(view)->data)[i])
#define OFFSET(view, i) (((int64_t *)(uintptr_t)(view)->offsets)[i])

typedef int (*spoil_fn)(const trdbi_column *column, trdb_column_view *view);

/* The next ones make value BAD wrong and answer with what error; 0: nothing can be wrong so. */

static int spoil_range(const trdbi_column *column, trdb_column_view *view) {
    if (view->kind == TRDB_COLUMN_I64 && column->int_bytes < 8) {
        AT(int64_t, view, BAD) = column->int_bytes == 4 ? INT64_C(1) << 31 : -32769;
        return TRDB_E_RANGE;
    }
    if (view->kind == TRDB_COLUMN_TIMESTAMP) {
        AT(int64_t, view, BAD) = TRDB_TIMESTAMP_MAX + 1;
        return TRDB_E_RANGE;
    }
    if (view->kind == TRDB_COLUMN_DECIMAL) { /* nearly 2^127: more than 38 digits */
        AT(uint64_t, view, 2 * BAD + 1) = INT64_MAX;
        return TRDB_E_RANGE;
    }
    return 0;
}

static int spoil_digits(const trdbi_column *column, trdb_column_view *view) {
    if (view->kind != TRDB_COLUMN_DECIMAL || column->max_scale == 255 || view->scale > column->max_scale)
        return 0;
    view->scale = column->max_scale + 1; /* all others end with zeros then */
    for (int64_t i = 0; i < ROWS; i++) {
        trdbi_i128 value = AT(trdbi_i128, view, i) - AT(trdbi_i128, view, i) % 10;
        AT(trdbi_i128, view, i) = i == BAD ? value + 1 : value;
    }
    return TRDB_E_INEXACT;
}

static int spoil_code(const trdbi_column *column, trdb_column_view *view) {
    (void)column;
    if (view->kind != TRDB_COLUMN_CODES)
        return 0;
    AT(int32_t, view, BAD) = (int32_t)view->child->length;
    return TRDB_E_INVALID;
}

static int spoil_negative_code(const trdbi_column *column, trdb_column_view *view) {
    (void)column;
    if (view->kind != TRDB_COLUMN_CODES)
        return 0;
    AT(int32_t, view, BAD) = -1;
    return TRDB_E_INVALID;
}

/* An offset that goes back makes the value before it wrong as well: that one is empty here. */
static int spoil_offsets(const trdbi_column *column, trdb_column_view *view) {
    (void)column;
    if (!view->offsets)
        return 0;
    OFFSET(view, BAD + 1) = OFFSET(view, BAD) - 1;
    return OFFSET(view, BAD) > 0 ? TRDB_E_INVALID : 0;
}

static int spoil_end(const trdbi_column *column, trdb_column_view *view) {
    (void)column;
    if (!view->offsets)
        return 0;
    OFFSET(view, BAD + 1) = (view->child ? view->child->length : view->data_size) + 1;
    return TRDB_E_INVALID;
}

/* Puts this in place of text BAD, in new buffers. */
static void set_text(trdb_column_view *view, const char *text, size_t size) {
    size_t before = (size_t)OFFSET(view, BAD), behind = (size_t)(view->data_size - OFFSET(view, BAD + 1));
    char *data = trdbi_arena_alloc(conf_arena, before + size + behind + 1);
    memcpy(data, view->data, before);
    memcpy(data + before, text, size);
    memcpy(data + before + size, (const char *)view->data + OFFSET(view, BAD + 1), behind);
    int64_t by = (int64_t)(before + size) - OFFSET(view, BAD + 1);
    for (int64_t i = BAD + 1; i <= ROWS; i++)
        OFFSET(view, i) += by;
    view->data = data;
    view->data_size += by;
}

static int spoil_text(trdb_column_view *view, const char *text, size_t size, int expected) {
    if (view->kind != TRDB_COLUMN_TEXT && view->kind != TRDB_COLUMN_JSON)
        return 0;
    set_text(view, text, size);
    return expected;
}

static bool is_text(const trdbi_column *column) {
    return column->field.kind == TRDBI_TEXT || column->field.kind == TRDBI_JSON;
}

static int spoil_nul(const trdbi_column *column, trdb_column_view *view) {
    (void)column;
    return spoil_text(view, "a\0b", 3, TRDB_E_ENCODING);
}

static int spoil_utf8(const trdbi_column *column, trdb_column_view *view) {
    return is_text(column) ? spoil_text(view, "\xc3(", 2, TRDB_E_ENCODING) : 0;
}

static int spoil_length(const trdbi_column *column, trdb_column_view *view) {
    char text[600];
    memset(text, 'x', sizeof text);
    if (column->max_chars == 0 || !is_text(column))
        return 0;
    return spoil_text(view, text, (size_t)column->max_chars + 1, TRDB_E_RANGE);
}

static int spoil_meaning(const trdbi_column *column, trdb_column_view *view) {
    bool means = column->field.kind == TRDBI_ENUM || column->field.kind == TRDBI_INET ||
                 column->field.kind == TRDBI_JSON;
    return means ? spoil_text(view, "{no such", 8, TRDB_E_INVALID) : 0;
}

static const spoil_fn spoils[] = {spoil_range, spoil_digits, spoil_code, spoil_negative_code, spoil_offsets,
                                  spoil_end,   spoil_nul,    spoil_utf8, spoil_length,        spoil_meaning};
enum { SPOILS = sizeof spoils / sizeof *spoils };

/* A unit in which nothing was sent is as it was; the good columns go then. */
static void refuse(const trdbi_table *table, const views *good, size_t at, int spoil,
                   trdb_bulk_method method) {
    views bad = *good;
    const trdbi_column *column = conf_column(table, good->items[at].name);
    bad.items[at] = *copy_view(&good->items[at]);
    set_valid(&bad.items[at], BAD);
    int expected = spoils[spoil](column, &bad.items[at]);
    if (expected == 0)
        return;
    conf_savepoint();
    int code = write_columns(table, &bad, method);
    ck_assert_msg(code == expected && trdb_error_row(conf_err) == BAD,
                  "%s.%s, spoil %d, method %d: %d, row %lld: %s", table->name, column->field.name, spoil,
                  method, code, (long long)trdb_error_row(conf_err), trdb_error_message(conf_err));
    ck_assert_str_eq(trdb_error_column(conf_err), column->field.name);
    trdb_error_free(conf_err);
    conf_err = NULL;
    if (method == TRDB_BULK_COPY && column->field.kind != TRDBI_JSON) /* found before anything was sent */
        ck_ok(write_columns(table, good, method), conf_err);
    conf_undo();
}

START_TEST(a_bad_value_is_named) {
    static const struct {
        trdb_bulk_method method;
        uint32_t flags;
    } calls[] = {{TRDB_BULK_COPY, 0},
                 {TRDB_BULK_COPY, TRDB_COLUMNS_PLAIN},
                 {TRDB_BULK_PIPELINE, 0},
                 {TRDB_BULK_UNNEST, TRDB_COLUMNS_PLAIN}};
    const trdbi_table *table = conf_tables[_i];
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        views good;
        insert_and_take(table, calls[i].flags, calls[i].method, &good);
        for (size_t at = 0; at < good.count; at++)
            for (int spoil = 0; spoil < SPOILS; spoil++)
                refuse(table, &good, at, spoil, calls[i].method);
    }
}
END_TEST

START_TEST(a_null_where_none_may_be) {
    const trdbi_table *table = conf_tables[_i];
    views columns;
    for (int way = 0; way < WAYS; way++) {
        insert_and_take(table, 0, ways[way], &columns);
        for (size_t at = 0; at < columns.count; at++) {
            trdb_column_view kept = columns.items[at];
            uint8_t validity[(ROWS + 7) / 8];
            if (!(conf_column(table, kept.name)->flags & TRDBI_NOT_NULL))
                continue;
            memset(validity, 0xff, sizeof validity);
            validity[BAD / 8] &= (uint8_t) ~(1u << BAD % 8);
            columns.items[at].validity = validity;
            conf_savepoint();
            int code = write_columns(table, &columns, ways[way]);
            ck_assert_msg(code == TRDB_E_NOT_NULL && trdb_error_row(conf_err) == BAD,
                          "%s.%s, method %d: %d, row %lld", table->name, kept.name, ways[way], code,
                          (long long)trdb_error_row(conf_err));
            ck_fails(code, TRDB_E_NOT_NULL, kept.name, conf_err);
            conf_undo();
            columns.items[at] = kept;
        }
    }
}
END_TEST

/* ---- what is wrong with a whole column -------------------------------------------------------------- */

static void ck_refused(const trdbi_table *table, const views *columns, int expected, const char *part) {
    int code = write_columns(table, columns, TRDB_BULK_AUTO);
    ck_assert_msg(code == expected && trdb_error_row(conf_err) < 0, "%s: %d: %s", table->name, code,
                  trdb_error_message(conf_err));
    ck_fails(code, expected, part, conf_err);
}

static void refuse_column(const trdbi_table *table, views *columns, size_t at) {
    trdb_column_view *view = &columns->items[at], kept = *view;
    const char *name = kept.name;
    view->length--;
    ck_refused(table, columns, TRDB_E_INVALID, " values, but ");
    *view = kept;
    view->length = -1;
    ck_refused(table, columns, TRDB_E_INVALID, "no number of values");
    *view = kept;
    view->kind = TRDB_COLUMN_F64;
    ck_refused(table, columns, TRDB_E_INEXACT, name);
    view->kind = 99;
    ck_refused(table, columns, TRDB_E_INVALID, name);
    view->kind = kept.kind == TRDB_COLUMN_UUID ? TRDB_COLUMN_I64 : TRDB_COLUMN_UUID;
    ck_refused(table, columns, TRDB_E_INVALID, "does not go into this column");
    *view = kept;
    if (view->offsets) {
        view->offsets = NULL;
        ck_refused(table, columns, TRDB_E_INVALID, "no offsets");
    } else {
        view->data_size--;
        ck_refused(table, columns, TRDB_E_INVALID, "bytes of data");
        *view = kept;
        view->data = NULL;
        ck_refused(table, columns, TRDB_E_INVALID, "but no data");
    }
    *view = kept;
    if (view->child) {
        trdb_column_view child = *view->child;
        view->child = NULL;
        ck_refused(table, columns, TRDB_E_INVALID, "there is no ");
        view->child = &child;
        child.kind = TRDB_COLUMN_JSON;
        ck_refused(table, columns, TRDB_E_INVALID, "wanted text");
        *view = kept;
    }
    if (view->kind == TRDB_COLUMN_DECIMAL) {
        view->scale = 39;
        ck_refused(table, columns, TRDB_E_INVALID, "39 is no scale");
        *view = kept;
    }
    view->name = "no_such_column";
    ck_refused(table, columns, TRDB_E_INVALID, "no_such_column");
    view->name = NULL;
    ck_refused(table, columns, TRDB_E_INVALID, "no name");
    *view = kept;
}

START_TEST(a_bad_column_is_named) {
    const trdbi_table *table = conf_tables[_i];
    views columns;
    insert_and_take(table, 0, TRDB_BULK_PIPELINE, &columns);
    for (size_t at = 0; at < columns.count && columns.count > 1; at++)
        refuse_column(table, &columns, at);
    columns.items[columns.count++] = columns.items[0];
    ck_refused(table, &columns, TRDB_E_INVALID, "given twice");
    columns.count--;
    for (size_t at = 0; at < columns.count; at++) { /* without one that has to be */
        const trdbi_column *column = conf_column(table, columns.items[at].name);
        views fewer = columns;
        fewer.items[at] = fewer.items[--fewer.count];
        if (!(column->flags & TRDBI_NOT_NULL) || conf_has_default(table, column) || fewer.count == 0)
            continue;
        ck_refused(table, &fewer, TRDB_E_NOT_NULL, "not given, and the table has no default");
    }
    ck_ok(write_columns(table, &columns, TRDB_BULK_AUTO), conf_err);
}
END_TEST

/* All have defaults but what must be given. */
START_TEST(columns_that_are_left_out_have_defaults) {
    const trdbi_table *table = conf_tables[_i];
    views columns, fewer = {.count = 0};
    insert_and_take(table, 0, TRDB_BULK_COPY, &columns);
    for (size_t at = 0; at < columns.count; at++) {
        const trdbi_column *column = conf_column(table, columns.items[at].name);
        if (column->flags & TRDBI_NOT_NULL && !conf_has_default(table, column))
            fewer.items[fewer.count++] = columns.items[at];
    }
    if (fewer.count == 0)
        return;
    ck_ok(write_columns(table, &fewer, TRDB_BULK_AUTO), conf_err);
    trdbi_list *list = NULL;
    ck_ok(trdbi_entity_list(conf_uow, table, NULL, &list, &conf_err), conf_err);
    ck_assert_uint_eq(trdbi_list_count(list), ROWS);
    FOREACH_COLUMN(column, table)
        for (size_t i = 0; i < ROWS; i++)
            ck_assert_int_eq(row_is_null(column, trdbi_list_at(list, i)),
                             !(column->flags & TRDBI_NOT_NULL) && !conf_has_default(table, column));
    trdbi_list_free(list);
}
END_TEST

void conformance_insert_columns(TCase *tcase, int tables) {
    tcase_add_loop_test(tcase, what_was_read_can_be_written, 0, tables);
    tcase_add_loop_test(tcase, a_bad_value_is_named, 0, tables);
    tcase_add_loop_test(tcase, a_null_where_none_may_be, 0, tables);
    tcase_add_loop_test(tcase, a_bad_column_is_named, 0, tables);
    tcase_add_loop_test(tcase, columns_that_are_left_out_have_defaults, 0, tables);
}
