/* SPDX-License-Identifier: MIT */
/* The SQL of each operation, built from a descriptor once per shape and connection. Parameters are numbered
 * in the order in which input.c and filter.c append them. */
#include "entity/internal.h"

#include <stdlib.h>

static void name(trdbi_buf *sql, const trdbi_column *column) {
    trdbi_buf_identifier(sql, column->field.name);
}

static void table_name(trdbi_buf *sql, const trdbi_build *build) {
    trdbi_buf_text(sql, build->schema);
    trdbi_buf_identifier(sql, build->shape->table->name);
}

/* Those that were chosen, in their order. */
static void chosen_names(trdbi_buf *sql, const trdbi_build *build) {
    for (size_t i = 0; i < build->chosen_count; i++) {
        if (i > 0)
            trdbi_buf_text(sql, ", ");
        name(sql, &build->shape->table->columns[build->chosen[i]]);
    }
}

/* All columns, in the order of the descriptor, which is the order that decoding expects. */
static void column_names(trdbi_buf *sql, const trdbi_table *table) {
    for (unsigned i = 0; i < table->column_count; i++) {
        if (i > 0)
            trdbi_buf_text(sql, ", ");
        name(sql, &table->columns[i]);
    }
}

static void returning(trdbi_buf *sql, const trdbi_shape *shape) {
    switch ((trdbi_returning)shape->returning) {
    case TRDBI_RETURN_NOTHING:
    case TRDBI_RETURN_HANDLE: /* see build_insert_ref() */
        return;
    case TRDBI_RETURN_ROW:
        trdbi_buf_text(sql, " RETURNING ");
        column_names(sql, shape->table);
        return;
    case TRDBI_RETURN_KEY:
        trdbi_buf_text(sql, " RETURNING ");
        name(sql, trdbi_key_column(shape->table));
        return;
    case TRDBI_RETURN_FRESH: /* what an update replaces has been locked by it, and its successor tells so */
        trdbi_buf_text(sql, " RETURNING t.xmax = 0");
        return;
    }
}

static void key_equals(trdbi_buf *sql, const trdbi_table *table, int parameter) {
    trdbi_buf_text(sql, " WHERE ");
    name(sql, trdbi_key_column(table));
    trdbi_buf_printf(sql, " = $%d", parameter);
}

/* The value of a given column: a parameter, or the key that an insert before has stored under its name. */
static void value(trdbi_buf *sql, const trdbi_shape *shape, unsigned column, int parameter) {
    bool stored = shape->refs >> column & 1;
    trdbi_buf_printf(sql, stored ? "current_setting($%d)::int8" : "$%d", parameter);
}

static void build_insert(trdbi_buf *sql, const trdbi_build *build) {
    const trdbi_shape *shape = build->shape;
    const trdbi_table *table = shape->table;
    trdbi_buf_text(sql, "INSERT INTO ");
    table_name(sql, build);
    trdbi_buf_text(sql, " AS t");
    if (shape->columns == 0) {
        trdbi_buf_text(sql, " DEFAULT VALUES");
        return;
    }
    const char *separator = " (";
    for (unsigned i = 0; i < table->column_count; i++) {
        if (!(shape->columns >> i & 1))
            continue;
        trdbi_buf_text(sql, separator);
        name(sql, &table->columns[i]);
        separator = ", ";
    }
    int parameter = 0;
    trdbi_buf_text(sql, ") VALUES (");
    for (unsigned i = 0; i < table->column_count; i++) {
        if (!(shape->columns >> i & 1))
            continue;
        if (parameter > 0)
            trdbi_buf_text(sql, ", ");
        value(sql, shape, i, ++parameter);
    }
    trdbi_buf_char(sql, ')');
}

/* Stores the key for later statements of the transaction, under the name that is the last parameter, and
 * gives it as text. A trigger may keep the row back: then what is stored fails the cast of those statements,
 * with the text that lib/pg recognises. */
static void build_insert_ref(trdbi_buf *sql, const trdbi_build *build) {
    const trdbi_shape *shape = build->shape;
    trdbi_buf_text(sql, "WITH made AS (");
    build_insert(sql, build);
    trdbi_buf_text(sql, " RETURNING ");
    name(sql, trdbi_key_column(shape->table));
    trdbi_buf_printf(sql,
                     "::text AS key) SELECT set_config($%d, coalesce((SELECT key FROM made), '%s'), true)",
                     __builtin_popcountll(shape->columns) + 1, TRDBI_NO_SUCH_ROW);
}

/* The key never changes in an update; where nothing else is given, it is set to itself, so that RETURNING
 * still gives the row. */
void trdbi_build_conflict(trdbi_buf *sql, const trdbi_table *table, unsigned unique, uint64_t given) {
    const trdbi_unique *target = &table->uniques[unique];
    trdbi_buf_printf(sql, " ON CONFLICT (%s)", target->keys);
    if (target->predicate)
        trdbi_buf_printf(sql, " WHERE %s", target->predicate);
    trdbi_buf_text(sql, " DO UPDATE SET ");
    uint64_t columns = given & ~(UINT64_C(1) << table->key);
    const char *separator = "";
    for (unsigned i = 0; i < table->column_count; i++) {
        if (!(columns >> i & 1))
            continue;
        trdbi_buf_text(sql, separator);
        name(sql, &table->columns[i]);
        trdbi_buf_text(sql, " = EXCLUDED.");
        name(sql, &table->columns[i]);
        separator = ", ";
    }
    if (columns == 0) {
        name(sql, trdbi_key_column(table));
        trdbi_buf_text(sql, " = t.");
        name(sql, trdbi_key_column(table));
    }
}

static void build_upsert(trdbi_buf *sql, const trdbi_build *build) {
    const trdbi_shape *shape = build->shape;
    build_insert(sql, build);
    trdbi_build_conflict(sql, shape->table, shape->unique, shape->columns);
}

static void build_patch(trdbi_buf *sql, const trdbi_build *build) {
    const trdbi_table *table = build->shape->table;
    trdbi_buf_text(sql, "UPDATE ");
    table_name(sql, build);
    int parameter = 0;
    for (unsigned i = 0; i < table->column_count; i++) {
        if (!(build->shape->columns >> i & 1))
            continue;
        trdbi_buf_text(sql, parameter == 0 ? " SET " : ", ");
        name(sql, &table->columns[i]);
        trdbi_buf_text(sql, " = ");
        value(sql, build->shape, i, ++parameter);
    }
    key_equals(sql, table, ++parameter);
    for (unsigned i = 0; i < table->column_count; i++) {
        if (!(build->shape->guards >> i & 1))
            continue;
        trdbi_buf_text(sql, " AND ");
        name(sql, &table->columns[i]);
        trdbi_buf_printf(sql, " IS NOT DISTINCT FROM $%d", ++parameter);
    }
}

/* One column's condition; `*parameter` is the number of the last parameter used. */
static void condition(trdbi_buf *sql, const trdbi_column *column, uint8_t op, int *parameter) {
    switch (op) {
    case TRDB_OP_EQ:
        name(sql, column);
        trdbi_buf_printf(sql, " = $%d", ++*parameter);
        return;
    case TRDB_OP_ANY:
        name(sql, column);
        /* An array of a native enum would have to name the type; its labels compare as text instead. */
        trdbi_buf_printf(sql, "%s = ANY ($%d)", column->flags & TRDBI_NATIVE_ENUM ? "::text" : "",
                         ++*parameter);
        return;
    case TRDB_OP_IS_NULL:
        name(sql, column);
        trdbi_buf_text(sql, " IS NULL");
        return;
    case TRDB_OP_NOT_NULL:
        name(sql, column);
        trdbi_buf_text(sql, " IS NOT NULL");
        return;
    default:
        if (op & TRDB_OP_FROM) {
            name(sql, column);
            trdbi_buf_printf(sql, " >= $%d", ++*parameter);
        }
        if (op & TRDB_OP_UNTIL) {
            if (op & TRDB_OP_FROM)
                trdbi_buf_text(sql, " AND ");
            name(sql, column);
            trdbi_buf_printf(sql, " < $%d", ++*parameter);
        }
    }
}

/* (SELECT columns FROM table WHERE key = $n */
static void look_up(trdbi_buf *sql, const trdbi_build *build, int parameter, const trdbi_column *order) {
    trdbi_buf_text(sql, "(SELECT ");
    if (order) {
        name(sql, order);
        trdbi_buf_text(sql, ", ");
    }
    name(sql, trdbi_key_column(build->shape->table));
    trdbi_buf_text(sql, " FROM ");
    table_name(sql, build);
    key_equals(sql, build->shape->table, parameter);
}

/* Behind a row that is known by its key: nothing when there is none, as comparing with NULL is not true. Where the
 * column may be NULL, both cases stand side by side. */
static void after_lookup(trdbi_buf *sql, const trdbi_build *build, int parameter) {
    const trdbi_table *table = build->shape->table;
    const trdbi_column *order = &table->columns[build->shape->order_by];
    const trdbi_column *key = trdbi_key_column(table);
    const bool descending = build->shape->descending;
    const char *than = descending ? "<" : ">";
    trdbi_buf_text(sql, "((");
    if (order != key) {
        name(sql, order);
        trdbi_buf_text(sql, ", ");
    }
    name(sql, key);
    trdbi_buf_printf(sql, ") %s ", than);
    look_up(sql, build, parameter, order != key ? order : NULL);
    trdbi_buf_char(sql, ')');
    if (!(order->flags & TRDBI_NOT_NULL)) {
        trdbi_buf_text(sql, " OR ");
        name(sql, order);
        trdbi_buf_text(sql, " IS NULL AND ");
        name(sql, key);
        trdbi_buf_printf(sql, " %s ", than);
        look_up(sql, build, parameter, NULL);
        trdbi_buf_text(sql, " AND ");
        name(sql, order);
        trdbi_buf_text(sql, " IS NULL) OR ");
        name(sql, order);
        trdbi_buf_text(sql, descending ? " IS NOT NULL AND EXISTS " : " IS NULL AND EXISTS ");
        look_up(sql, build, parameter, NULL);
        trdbi_buf_text(sql, " AND ");
        name(sql, order);
        trdbi_buf_text(sql, descending ? " IS NULL)" : " IS NOT NULL)");
    }
    trdbi_buf_char(sql, ')');
}

/*
 * Rows behind a given one. PostgreSQL sorts NULL above every value, so ascending lists end with NULLs and
 * descending ones begin with them; the order is left as the index has it.
 */
static void after(trdbi_buf *sql, const trdbi_build *build, int *parameter) {
    const trdbi_shape *shape = build->shape;
    const trdbi_column *order = &shape->table->columns[shape->order_by];
    const trdbi_column *key = trdbi_key_column(shape->table);
    const char *than = shape->descending ? "<" : ">";
    switch (shape->after) {
    case TRDBI_AFTER_KEY:
        name(sql, key);
        trdbi_buf_printf(sql, " %s $%d", than, ++*parameter);
        return;
    case TRDBI_AFTER_VALUE: {
        bool then_nulls = !shape->descending && !(order->flags & TRDBI_NOT_NULL);
        trdbi_buf_text(sql, then_nulls ? "((" : "(");
        name(sql, order);
        trdbi_buf_text(sql, ", ");
        name(sql, key);
        trdbi_buf_printf(sql, ") %s ($%d, $%d)", than, *parameter + 1, *parameter + 2);
        *parameter += 2;
        if (then_nulls) {
            trdbi_buf_text(sql, " OR ");
            name(sql, order);
            trdbi_buf_text(sql, " IS NULL)");
        }
        return;
    }
    case TRDBI_AFTER_NULL:
        trdbi_buf_char(sql, '(');
        name(sql, order);
        trdbi_buf_text(sql, " IS NULL AND ");
        name(sql, key);
        trdbi_buf_printf(sql, " %s $%d", than, ++*parameter);
        if (shape->descending) {
            trdbi_buf_text(sql, " OR ");
            name(sql, order);
            trdbi_buf_text(sql, " IS NOT NULL");
        }
        trdbi_buf_char(sql, ')');
        return;
    case TRDBI_AFTER_LOOKUP:
        after_lookup(sql, build, ++*parameter);
        return;
    }
}

static void where(trdbi_buf *sql, const trdbi_build *build, int *parameter) {
    const trdbi_shape *shape = build->shape;
    const char *separator = " WHERE ";
    for (unsigned i = 0; i < shape->table->column_count; i++) {
        if (shape->where[i] == TRDB_OP_NONE)
            continue;
        trdbi_buf_text(sql, separator);
        condition(sql, &shape->table->columns[i], shape->where[i], parameter);
        separator = " AND ";
    }
    if (shape->after != TRDBI_AFTER_NONE) {
        trdbi_buf_text(sql, separator);
        after(sql, build, parameter);
    }
}

static void build_select(trdbi_buf *sql, const trdbi_build *build) {
    trdbi_buf_text(sql, "SELECT ");
    if (build->chosen)
        chosen_names(sql, build);
    else
        column_names(sql, build->shape->table);
    trdbi_buf_text(sql, " FROM ");
    table_name(sql, build);
}

static void order(trdbi_buf *sql, const trdbi_shape *shape) {
    const trdbi_table *table = shape->table;
    const char *direction = shape->descending ? " DESC" : "";
    if (shape->order_by == TRDBI_ORDER_ANY)
        return;
    trdbi_buf_text(sql, " ORDER BY ");
    if (shape->order_by != table->key) {
        name(sql, &table->columns[shape->order_by]);
        trdbi_buf_printf(sql, "%s, ", direction);
    }
    name(sql, trdbi_key_column(table));
    trdbi_buf_text(sql, direction);
}

static void build_list(trdbi_buf *sql, const trdbi_build *build) {
    int parameter = 0;
    build_select(sql, build);
    where(sql, build, &parameter);
    order(sql, build->shape);
    if (build->shape->limit)
        trdbi_buf_printf(sql, " LIMIT $%d", ++parameter);
}

/* The types of a list's columns, without its rows. */
int trdbi_build_types(const trdbi_build *build, trdbi_buf *sql, trdb_error **reterr) {
    build_select(sql, build);
    trdbi_buf_text(sql, " LIMIT 0");
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

/* Only parameters have a dollar outside of quoted names. */
int trdbi_build_inline(const char *sql, const trdbi_params *params, trdbi_buf *ret, trdb_error **reterr) {
    bool quoted = false;
    int code = 0;
    for (const char *p = sql; *p && code == 0;) {
        quoted = quoted != (*p == '"');
        if (*p != '$' || quoted) {
            trdbi_buf_char(ret, *p++);
            continue;
        }
        char *end;
        long number = strtol(p + 1, &end, 10);
        p = end;
        code = number >= 1 && number <= params->count
                   ? trdbi_params_literal(params, (int)number - 1, ret, reterr)
                   : trdbi_error(reterr, TRDB_E_INVALID, "there is no parameter %ld", number);
    }
    return code == 0 && ret->failed ? trdbi_error_nomem(reterr) : code;
}

/* A write that waits shares its round trip with others and perhaps with COMMIT: when it meets no row the
 * server itself must stop there. The text of the failing cast is what lib/pg recognises. */
static void guard_begin(trdbi_buf *sql, const trdbi_shape *shape) {
    if (shape->guarded)
        trdbi_buf_text(sql, "WITH met AS (");
}

static void guard_end(trdbi_buf *sql, const trdbi_build *build) {
    const trdbi_shape *shape = build->shape;
    if (!shape->guarded)
        return;
    trdbi_buf_text(sql, " RETURNING 1) SELECT (CASE WHEN (SELECT count(*) FROM met) > 0 THEN '1' ");
    if (shape->guards) {
        trdbi_buf_text(sql, "WHEN EXISTS (SELECT FROM ");
        table_name(sql, build);
        key_equals(sql, shape->table, __builtin_popcountll(shape->columns) + 1);
        trdbi_buf_text(sql, ") THEN '" TRDBI_ROW_CHANGED "' ");
    }
    trdbi_buf_text(sql, "ELSE '" TRDBI_NO_SUCH_ROW "' END)::int4");
}

int trdbi_build_sql(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    const trdbi_build *build = ctx;
    const trdbi_shape *shape = build->shape;
    const trdbi_table *table = shape->table;
    int parameter = 0;
    switch ((trdbi_op)shape->op) {
    case TRDBI_OP_GET:
        build_select(sql, build);
        key_equals(sql, table, 1);
        break;
    case TRDBI_OP_GET_MANY:
        build_select(sql, build);
        trdbi_buf_text(sql, " WHERE ");
        name(sql, trdbi_key_column(table));
        trdbi_buf_text(sql, " = ANY ($1) ORDER BY ");
        name(sql, trdbi_key_column(table));
        break;
    case TRDBI_OP_LIST:
        build_list(sql, build);
        break;
    case TRDBI_OP_COUNT:
        trdbi_buf_text(sql, "SELECT count(*) FROM ");
        table_name(sql, build);
        where(sql, build, &parameter);
        break;
    case TRDBI_OP_INSERT:
        if (shape->returning == TRDBI_RETURN_HANDLE) {
            build_insert_ref(sql, build);
            break;
        }
        build_insert(sql, build);
        returning(sql, shape);
        break;
    case TRDBI_OP_UPSERT:
        build_upsert(sql, build);
        returning(sql, shape);
        break;
    case TRDBI_OP_PATCH:
        guard_begin(sql, shape);
        build_patch(sql, build);
        returning(sql, shape);
        guard_end(sql, build);
        break;
    case TRDBI_OP_DELETE:
        guard_begin(sql, shape);
        trdbi_buf_text(sql, "DELETE FROM ");
        table_name(sql, build);
        key_equals(sql, table, 1);
        guard_end(sql, build);
        break;
    }
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}
