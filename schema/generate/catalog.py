# SPDX-License-Identifier: MIT
"""Reads what the migrations made out of pg_catalog, in a form that does not depend on the server's version."""
import json
import re

from problem import Problem
from server import ServerError

SCHEMA = "public"

TABLES = """
SELECT json_agg(t ORDER BY t.oid) FROM (
    SELECT c.oid, c.relname AS name, obj_description(c.oid, 'pg_class') AS comment
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
) t
"""

# Domains are followed to their base, also behind an array.
COLUMNS = """
WITH RECURSIVE resolved(attrelid, attnum, typ, typmod, domain, is_array) AS (
    SELECT attrelid, attnum, atttypid, atttypmod, NULL::text, false FROM pg_attribute
    WHERE attnum > 0 AND NOT attisdropped
  UNION ALL
    SELECT r.attrelid, r.attnum, CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.typelem END,
        CASE WHEN t.typtype = 'd' AND r.typmod < 0 THEN t.typtypmod ELSE r.typmod END,
        CASE WHEN t.typtype = 'd' THEN coalesce(r.domain, t.typname::text COLLATE "default") ELSE r.domain END,
        r.is_array OR t.typtype <> 'd'
    FROM resolved r JOIN pg_type t ON t.oid = r.typ
    WHERE t.typtype = 'd' OR (t.typelem <> 0 AND t.typlen = -1 AND t.typsubscript = 'array_subscript_handler'::regproc)
)
SELECT json_agg(c ORDER BY c.oid, c.attnum) FROM (
    SELECT a.attrelid AS oid, a.attnum, a.attname AS name,
        format_type(r.typ, r.typmod) || CASE WHEN r.is_array THEN '[]' ELSE '' END AS type,
        r.domain, t.typtype = 'e' AND NOT r.is_array AS native_enum, a.attnotnull AS not_null,
        pg_get_expr(d.adbin, d.adrelid) AS "default", a.attidentity <> '' AS identity,
        col_description(a.attrelid, a.attnum) AS comment
    FROM pg_attribute a
    JOIN pg_class k ON k.oid = a.attrelid AND k.relnamespace = 'public'::regnamespace AND k.relkind IN ('r', 'p')
        AND NOT k.relispartition
    JOIN resolved r ON r.attrelid = a.attrelid AND r.attnum = a.attnum
    JOIN pg_type t ON t.oid = r.typ AND t.typtype <> 'd' AND (t.typelem = 0 OR t.typlen <> -1)
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
) c
"""

CONSTRAINTS = """
SELECT json_agg(c ORDER BY c.oid, c.contype, c.name) FROM (
    SELECT n.conrelid AS oid, n.contype, n.conname AS name, pg_get_constraintdef(n.oid) AS definition,
        (SELECT json_agg(a.attname ORDER BY k.ord) FROM unnest(n.conkey) WITH ORDINALITY k(num, ord)
            JOIN pg_attribute a ON a.attrelid = n.conrelid AND a.attnum = k.num) AS columns,
        n.confrelid::regclass::text AS target, n.confdeltype AS on_delete
    FROM pg_constraint n JOIN pg_class k ON k.oid = n.conrelid AND NOT k.relispartition
    WHERE n.connamespace = 'public'::regnamespace AND n.contype IN ('c', 'f') AND n.conparentid = 0
) c
"""

INDEXES = """
SELECT json_agg(i ORDER BY i.oid, i.name) FROM (
    SELECT x.indrelid AS oid, c.relname AS name, x.indisunique AS "unique", x.indisprimary AS "primary",
        (SELECT json_agg(pg_get_indexdef(x.indexrelid, n, true) ORDER BY n)
            FROM generate_series(1, x.indnkeyatts) n) AS keys,
        (SELECT json_agg(DISTINCT a.attname) FROM pg_depend d JOIN pg_attribute a
            ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = x.indexrelid AND d.refobjid = x.indrelid
                AND d.refobjsubid > 0) AS depends,
        (SELECT json_agg(a.attname ORDER BY k.ord) FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(num, ord)
            JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.num
            WHERE k.ord <= x.indnkeyatts) AS columns,
        pg_get_expr(x.indpred, x.indrelid, true) AS predicate
    FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid AND NOT t.relispartition
    WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p') AND x.indisvalid
) i
"""

TYPES = """
SELECT json_agg(t ORDER BY t.name) FROM (
    SELECT t.typname AS name, t.typtype AS kind, format_type(t.typbasetype, t.typtypmod) AS base,
        (SELECT pg_get_constraintdef(c.oid) FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c'
            ORDER BY c.conname LIMIT 1) AS "check",
        (SELECT json_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels,
        obj_description(t.oid, 'pg_type') AS comment
    FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e')
) t
"""

FUNCTIONS = """
SELECT json_agg(f ORDER BY f.name, f.arguments) FROM (
    SELECT p.proname AS name, pg_get_function_arguments(p.oid) AS arguments, pg_get_function_result(p.oid) AS result,
        p.provolatile = 'v' AS volatile, obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
) f
"""

ON_DELETE = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}


def migrate(server, database, files):
    """Applies the up files, each in a transaction of its own, as the library's migrator does."""
    for path in files:
        sql = path.read_text().replace("{schema}", f'"{SCHEMA}"')
        try:
            server.psql(database, f"BEGIN;\nSET LOCAL search_path = {SCHEMA}, pg_catalog;\n{sql}\nCOMMIT;\n")
        except ServerError as error:
            raise Problem(path, failed_line(path, error), str(error)) from error


def failed_line(path, error):
    """The line that the server shows, looked for upwards from the end of the statement, where psql stopped."""
    lines = path.read_text().replace("{schema}", f'"{SCHEMA}"').splitlines()
    stopped = re.search(r"<stdin>:(\d+):", str(error))
    last = min(max(int(stopped[1]) - 2, 1), len(lines)) if stopped else 1
    for number in range(last, 0, -1):
        if error.text and error.text in lines[number - 1]:
            return number
    return last


def normal(definition):
    """A CHECK in a form that is the same on every server version and after a dump and restore: casts and
    redundant parentheses go, `= ANY (ARRAY[...])` becomes IN."""
    text = re.sub(r"^CHECK \((.*)\)( NOT VALID)?$", r"\1", definition.strip(), flags=re.S)
    text = re.sub(r"'(-?[\d.]+)'::(?:numeric|bigint|integer|double precision)", r"\1", text)
    literals = []

    def hide(match):
        literals.append(match[0])
        return f"literal_{len(literals) - 1}_"

    text = re.sub(r"'(?:[^']|'')*'", hide, text)
    text = re.sub(r"::(?:character varying|double precision|timestamp with time zone|[a-z_0-9]+)(?:\(\d+\))?(?:\[\])?",
                  "", text)
    atom = r"(?:[\w.]+|\"[^\"]+\"|ARRAY\[[^\]]*\])"
    previous = None
    while previous != text:
        previous = text
        text = re.sub(rf"(?<![\w\"])\(({atom})\)", r"\1", text)
        text = re.sub(r"^\(((?:[^()]|\([^()]*\))*)\)$", r"\1", text)
    text = re.sub(r"(?i)\bANY \(ARRAY\[([^\]]*)\]\)", r"ANY ARRAY[\1]", text)
    text = re.sub(r"= ANY ARRAY\[([^\]]*)\]", r"IN (\1)", text)
    return re.sub(r"\bliteral_(\d+)_", lambda match: literals[int(match[1])], text)


def closed_set(check):
    """(column, values) when a normal CHECK says that a column is one of some texts, else None."""
    match = re.fullmatch(r"(\w+|\"[^\"]+\") IN \(('(?:[^']|'')*'(?:, '(?:[^']|'')*')*)\)", check)
    if not match:
        return None
    values = [value.replace("''", "'") for value in re.findall(r"'((?:[^']|'')*)'", match[2])]
    return match[1].strip('"'), values


def short_type(name):
    """The usual short name of a type."""
    for long, short in (("character varying", "varchar"), ("timestamp with time zone", "timestamptz"),
                        ("timestamp without time zone", "timestamp"), ("character(", "char(")):
        name = name.replace(long, short)
    return name


def introspect(server, database):
    """The catalogue as plain data, ready for catalog.json."""
    def rows(sql):
        return json.loads(server.psql(database, sql).strip() or "null") or []

    tables = {row["oid"]: {"name": row["name"], "comment": row["comment"], "columns": [], "checks": [],
                           "foreign_keys": [], "uniques": [], "indexes": []} for row in rows(TABLES)}
    for row in rows(COLUMNS):
        column = {"name": row["name"], "type": short_type(row["type"])}
        column.update({key: row[key] for key in ("domain", "native_enum", "not_null", "default", "identity", "comment")
                       if row[key]})
        tables[row["oid"]]["columns"].append(column)
    for row in rows(CONSTRAINTS):
        table = tables[row["oid"]]
        if row["contype"] == "c":
            table["checks"].append({"name": row["name"], "check": normal(row["definition"])})
        else:
            table["foreign_keys"].append({"name": row["name"], "columns": row["columns"], "target": row["target"],
                                          "on_delete": ON_DELETE[row["on_delete"]]})
    for row in rows(INDEXES):
        index = {"name": row["name"], "keys": row["keys"],
                 "columns": row["columns"] or sorted(row["depends"] or [])}
        for name in sorted(set(row["depends"] or [])):
            if name not in index["columns"] and any(name in key for key in row["keys"]):
                index["columns"].append(name)
        index.update({key: row[key] for key in ("predicate", "primary") if row[key]})
        tables[row["oid"]]["uniques" if row["unique"] else "indexes"].append(index)
    types = rows(TYPES)
    return {
        "tables": list(tables.values()),
        "domains": [{"name": row["name"], "base": short_type(row["base"]),
                     "check": normal(row["check"]) if row["check"] else None, "comment": row["comment"]}
                    for row in types if row["kind"] == "d"],
        "enums": [{"name": row["name"], "labels": row["labels"], "comment": row["comment"]}
                  for row in types if row["kind"] == "e"],
        "functions": rows(FUNCTIONS),
    }
