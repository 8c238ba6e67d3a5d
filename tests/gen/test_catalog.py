# SPDX-License-Identifier: MIT
"""Introspection gives the same catalogue whatever way a server spells it."""
import difflib
import json
import os
import subprocess

import generator
import tap

import catalog
from problem import MigrationLines, TomlLines
from server import Server

CHAIN = generator.SOURCE / "schema" / "migrations" / "framework"


def checks():
    """a CHECK has one normal form, before and after a dump and restore"""
    forms = {
        "role IN ('admin', 'trader')": [
            "CHECK (((role)::text = ANY ((ARRAY['admin'::character varying, 'trader'::character varying])::text[])))",
            "CHECK (((role)::text = ANY (ARRAY[('admin'::character varying)::text, ('trader'::character varying)::text])))",
            "CHECK ((role = ANY (ARRAY['admin'::text, 'trader'::text])))",
        ],
        "size >= 0": ["CHECK ((size >= 0))", "CHECK (((size)::numeric >= (0)::numeric))",
                      "CHECK ((size >= '0'::numeric))"],
        "NOT removed": ["CHECK ((NOT removed))"],
        "title <> 'a (b) c'": ["CHECK ((title <> 'a (b) c'::text))", "CHECK (((title)::text <> 'a (b) c'::text))"],
        "(low > 0) AND (high > low)": ["CHECK (((low > 0) AND (high > low)))"],
    }
    for wanted, definitions in forms.items():
        for definition in definitions:
            assert catalog.normal(definition) == wanted, (definition, catalog.normal(definition))


def closed_sets():
    """closed sets are read out of normal checks, quotes and commas included"""
    assert catalog.closed_set("role IN ('a', 'b, c', 'it''s')") == ("role", ["a", "b, c", "it's"])
    assert catalog.closed_set("role = 'a'") is None
    assert catalog.closed_set("size IN (1, 2)") is None


def difference(one, two):
    texts = [json.dumps(found, sort_keys=True, indent=1).splitlines() for found in (one, two)]
    return "\n".join(list(difflib.unified_diff(*texts, lineterm=""))[:40])


def dump_and_restore():
    """a dumped and restored database has the same catalogue, comments and all"""
    if os.environ.get("PGBIN"):
        return  # Debian's pg_dump refuses newer servers, and those that tests/run.sh --server gets have none
    files = sorted(CHAIN.glob("*.up.sql"))
    with Server(generator.HOST) as server:
        first, second = f"gen_a_{os.getpid()}", f"gen_b_{os.getpid()}"
        server.create(first)
        server.create(second)
        try:
            catalog.migrate(server, first, files)
            dump = subprocess.run(["pg_dump", "-h", str(server.host), "-U", server.user, first], check=True,
                                  capture_output=True, text=True).stdout
            server.psql(second, dump)
            one, two = (catalog.introspect(server, name) for name in (first, second))
            for found in (one, two):
                found["tables"].sort(key=lambda table: table["name"])  # a dump makes them in an order of its own
                assert len(found["tables"]) == 14
            assert one == two, difference(one, two)
        finally:
            server.drop(first)
            server.drop(second)


def committed_catalog():
    """catalog.json names every domain, key and array by its base"""
    with Server(generator.HOST) as server:
        name = f"gen_c_{os.getpid()}"
        server.create(name)
        try:
            catalog.migrate(server, name, sorted((generator.HERE / "toy" / "migrations" / "toy").glob("*.up.sql")))
            tables = {table["name"]: table for table in catalog.introspect(server, name)["tables"]}
        finally:
            server.drop(name)
    columns = {column["name"]: column for column in tables["toy_boxes"]["columns"]}
    assert columns["labels"]["type"] == "text[]" and columns["labels"]["domain"] == "toy_label"
    assert columns["price"]["type"] == "numeric" and columns["price"]["domain"] == "toy_amount"
    assert columns["mood"]["native_enum"] and columns["short_tags"]["type"] == "varchar(5)[]"
    assert "toy_events_rest" not in tables
    assert tables["toy_items"]["uniques"][1]["predicate"] == "NOT removed"


def lines():
    """stanzas, tables and columns are found again in their files"""
    toy = generator.HERE / "toy"
    path = toy / "migrations" / "toy" / "0002_tables.up.sql"
    found = MigrationLines([toy / "migrations" / "toy" / "0001_types.up.sql", path])
    assert found.locate("toy_items") == (path, generator.line_of(path, "CREATE TABLE {schema}.toy_items"))
    assert found.locate("toy_items", "slot") == (path, generator.line_of(path, "slot integer"))
    api = TomlLines(toy / "api.toml")
    assert api.line("tables.toy_items", "key") == generator.line_of(toy / "api.toml", 'key = "name"')


tap.run(checks, closed_sets, dump_and_restore, committed_catalog, lines)
