/* SPDX-License-Identifier: MIT */
/* What a table is like in this database: an adopted one may have other types, triggers, rules and policies, and none
 * of that may make a difference to what is stored. A unit asks once, since its first rows lock the table until it
 * ends. */
#include "entity/bulk.h"

#include <stdlib.h>

/*
 * One row. Triggers and rules that act before or instead of an insert may change keys, or leave rows out: then
 * only statement by statement it is certain which answer belongs to which row. A key ascends in the order of the
 * rows when it comes from a sequence that counts upwards and never wraps.
 */
static const char facts_sql[] =
    "SELECT c.relkind IN ('r', 'p') AND NOT c.relhasrules, "
    "NOT c.relrowsecurity, "
    "NOT EXISTS (SELECT FROM (SELECT c.oid UNION ALL SELECT relid FROM pg_catalog.pg_partition_tree(c.oid)) "
    "r (relid) JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.relid "
    "WHERE g.tgtype::int4 & 7 = 7 AND NOT g.tgisinternal), "
    "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP'), "
    "k.name, k.type, k.type_name, k.serial, k.required "
    "FROM pg_catalog.pg_class c CROSS JOIN LATERAL ("
    "SELECT array_agg(a.attname::text) AS name, "
    "array_agg((CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END)::text) AS type, "
    "array_agg(pg_catalog.format_type(a.atttypid, NULL)) AS type_name, "
    "array_agg(a.attname::text) FILTER (WHERE (a.attidentity <> '' OR "
    "pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%') AND EXISTS ("
    "SELECT FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_sequence s ON s.seqrelid = p.objid "
    "WHERE p.classid = 'pg_catalog.pg_class'::regclass AND p.refclassid = 'pg_catalog.pg_class'::regclass "
    "AND p.refobjid = c.oid AND p.refobjsubid = a.attnum AND s.seqincrement > 0 AND NOT s.seqcycle)) AS serial, "
    "array_agg(a.attname::text) FILTER (WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' "
    "AND t.typdefault IS NULL) AS required "
    "FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) k "
    "WHERE c.oid = $1::regclass";

typedef struct answer {
    trdb_opt_bool table, open, steady, temp;
    trdb_texts names, types, type_names; /* of all columns, in one order */
    trdb_texts serial;                   /* names of those that ascend */
    trdb_texts required;                 /* names of those that nothing but the row itself gives a value */
} answer;

static const trdbi_field fields[] = {
    {"table", NULL, offsetof(answer, table), TRDBI_BOOL, 0},
    {"open", NULL, offsetof(answer, open), TRDBI_BOOL, 0},
    {"steady", NULL, offsetof(answer, steady), TRDBI_BOOL, 0},
    {"temp", NULL, offsetof(answer, temp), TRDBI_BOOL, 0},
    {"names", NULL, offsetof(answer, names), TRDBI_TEXTS, 0},
    {"types", NULL, offsetof(answer, types), TRDBI_TEXTS, 0},
    {"type_names", NULL, offsetof(answer, type_names), TRDBI_TEXTS, 0},
    {"serial", NULL, offsetof(answer, serial), TRDBI_TEXTS, 0},
    {"required", NULL, offsetof(answer, required), TRDBI_TEXTS, 0},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static int build(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    (void)ctx;
    trdbi_buf_text(sql, facts_sql);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

/* The place of a name, or the number of names. Columns mostly stand in the descriptor's order. */
static size_t place_of(const char *name, const trdb_texts *names, size_t guess) {
    if (guess < names->count && strcmp(names->items[guess], name) == 0)
        return guess;
    size_t i = 0;
    while (i < names->count && strcmp(names->items[i], name) != 0)
        i++;
    return i;
}

static void keep(const trdbi_table *table, const answer *row, trdbi_facts *facts) {
    facts->table = row->table.value;
    facts->open = row->open.value;
    facts->steady = row->steady.value;
    facts->temp = row->temp.value;
    for (unsigned i = 0; i < table->column_count; i++) {
        const char *name = table->columns[i].field.name;
        size_t at = place_of(name, &row->names, i);
        if (facts->steady && place_of(name, &row->required, i) < row->required.count)
            facts->required |= UINT64_C(1) << i;
        if (at >= row->types.count || at >= row->type_names.count)
            continue;
        facts->types[i] = (uint32_t)strtoul(row->types.items[at], NULL, 10);
        facts->name_at[i] = facts->names.size;
        trdbi_buf_append(&facts->names, row->type_names.items[at], strlen(row->type_names.items[at]) + 1);
    }
    facts->serial = place_of(trdbi_key_column(table)->field.name, &row->serial, 0) < row->serial.count;
}

static int decode(const trdbi_table *table, const trdbi_result *result, trdbi_facts *facts,
                  trdb_error **reterr) {
    if (trdbi_result_rows(result) == 0)
        return 0; /* no such table: whoever writes hears of it */
    answer row = {.names = {.count = 0}};
    trdbi_arena *arena = trdbi_arena_new(trdbi_result_text_size(result));
    int code = arena ? 0 : trdbi_error_nomem(reterr);
    if (code == 0)
        code = trdbi_result_decode(result, 0, fields, sizeof *fields, FIELDS, arena, &row, reterr);
    if (code == 0)
        keep(table, &row, facts);
    trdbi_arena_free(arena);
    return code == 0 && facts->names.failed ? trdbi_error_nomem(reterr) : code;
}

static int ask(trdb_uow *uow, const trdbi_table *table, trdbi_facts *facts, trdb_error **reterr) {
    /* It reads; but a write follows, whose question for the transaction's id shares the round trip so. */
    static const char key[] = "bulk.facts";
    const trdbi_statement statement = {.name = key, .key = key, .key_size = sizeof key, .build = build};
    trdbi_buf name __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_result *result = NULL;
    trdbi_buf_text(&name, trdbi_uow_schema(uow));
    trdbi_buf_identifier(&name, table->name);
    if (name.failed)
        return trdbi_error_nomem(reterr);
    trdbi_params *params = trdbi_uow_params(uow);
    trdbi_params_text(params, name.data);
    int code = trdbi_uow_run(uow, &statement, params, &result, reterr);
    if (code == 0)
        code = decode(table, result, facts, reterr);
    trdbi_result_free(result);
    return code;
}

static void left(trdbi_guest *guest) {
    trdbi_facts_free((trdbi_facts *)guest);
}

int trdbi_facts_get(trdb_uow *uow, const trdbi_table *table, const trdbi_facts **ret, trdbi_facts **ret_own,
                    trdb_error **reterr) {
    const trdbi_guest *guest = trdbi_uow_guest(uow, table);
    if (guest) {
        *ret = (const trdbi_facts *)guest;
        return 0;
    }
    trdbi_facts *facts = calloc(1, sizeof *facts);
    if (!facts)
        return trdbi_error_nomem(reterr);
    facts->guest = (trdbi_guest){.key = table, .free = left};
    int code = ask(uow, table, facts, reterr);
    if (code < 0) {
        trdbi_facts_free(facts);
        return code;
    }
    *ret = *ret_own = facts;
    return 0;
}

void trdbi_facts_leave(trdb_uow *uow, trdbi_facts *facts) {
    trdbi_uow_host(uow, &facts->guest);
}

void trdbi_facts_free(trdbi_facts *facts) {
    if (!facts)
        return;
    trdbi_buf_free(&facts->names);
    free(facts);
}
