/* SPDX-License-Identifier: MIT */
/* What a table is like in this database, asked once per call: an adopted one may have other types, triggers,
 * rules and policies, and none of that may make a difference to what is stored. */
#include "entity/bulk.h"

/*
 * A row per column. Triggers and rules that act before or instead of an insert may change keys, or leave rows
 * out: then only statement by statement it is certain which answer belongs to which row. A key ascends in the
 * order of the rows when it comes from a sequence that counts upwards and never wraps.
 */
static const char facts_sql[] =
    "SELECT a.attname::text, (CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END)::int8, "
    "pg_catalog.format_type(a.atttypid, NULL), "
    "c.relkind IN ('r', 'p') AND NOT c.relhasrules, "
    "NOT c.relrowsecurity, "
    "NOT EXISTS (SELECT FROM (SELECT c.oid UNION ALL SELECT relid FROM pg_catalog.pg_partition_tree(c.oid)) "
    "r (relid) JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.relid "
    "WHERE g.tgtype::int4 & 7 = 7 AND NOT g.tgisinternal), "
    "(a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%') AND EXISTS ("
    "SELECT FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_sequence s ON s.seqrelid = p.objid "
    "WHERE p.classid = 'pg_catalog.pg_class'::regclass AND p.refclassid = 'pg_catalog.pg_class'::regclass "
    "AND p.refobjid = c.oid AND p.refobjsubid = a.attnum AND s.seqincrement > 0 AND NOT s.seqcycle), "
    "pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMP') "
    "FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid "
    "JOIN pg_catalog.pg_type t ON t.oid = a.atttypid "
    "LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "WHERE c.oid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped";

typedef struct fact {
    const char *name;
    trdb_opt_i64 type;
    const char *type_name;
    trdb_opt_bool table, open, steady, serial, temp;
} fact;

static const trdbi_field fields[] = {
    {"name", NULL, offsetof(fact, name), TRDBI_TEXT, 0},
    {"type", NULL, offsetof(fact, type), TRDBI_I64, 0},
    {"type_name", NULL, offsetof(fact, type_name), TRDBI_TEXT, 0},
    {"table", NULL, offsetof(fact, table), TRDBI_BOOL, 0},
    {"open", NULL, offsetof(fact, open), TRDBI_BOOL, 0},
    {"steady", NULL, offsetof(fact, steady), TRDBI_BOOL, 0},
    {"serial", NULL, offsetof(fact, serial), TRDBI_BOOL, 0},
    {"temp", NULL, offsetof(fact, temp), TRDBI_BOOL, 0},
};
enum { FIELDS = sizeof fields / sizeof *fields };

static int build(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    (void)ctx;
    trdbi_buf_text(sql, facts_sql);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static void keep(const trdbi_table *table, const fact *row, trdbi_facts *facts) {
    facts->table = row->table.value;
    facts->open = row->open.value;
    facts->steady = row->steady.value;
    facts->temp = row->temp.value;
    for (unsigned i = 0; i < table->column_count; i++) {
        if (strcmp(table->columns[i].field.name, row->name) != 0)
            continue;
        facts->types[i] = (uint32_t)row->type.value;
        facts->name_at[i] = facts->names.size;
        trdbi_buf_append(&facts->names, row->type_name, strlen(row->type_name) + 1);
        if (i == table->key)
            facts->serial = row->serial.value;
    }
}

static int decode(const trdbi_table *table, const trdbi_result *result, trdbi_facts *facts,
                  trdb_error **reterr) {
    trdbi_arena *arena = trdbi_arena_new(trdbi_result_text_size(result));
    int code = arena ? 0 : trdbi_error_nomem(reterr);
    for (size_t i = 0; code == 0 && i < trdbi_result_rows(result); i++) {
        fact row = {0};
        code = trdbi_result_decode(result, i, fields, sizeof *fields, FIELDS, arena, &row, reterr);
        if (code == 0)
            keep(table, &row, facts);
    }
    trdbi_arena_free(arena);
    return code == 0 && facts->names.failed ? trdbi_error_nomem(reterr) : code;
}

int trdbi_facts_read(trdb_uow *uow, const trdbi_table *table, trdbi_facts *facts, trdb_error **reterr) {
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

void trdbi_facts_free(trdbi_facts *facts) {
    trdbi_buf_free(&facts->names);
}
