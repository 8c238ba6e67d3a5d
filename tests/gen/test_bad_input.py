# SPDX-License-Identifier: MIT
"""Bad input stops the generator with file, line and exit status 1, and writes nothing."""
import generator
import tap
from generator import edit, line_of, refused

TABLES = "migrations/toy/0002_tables.up.sql"


def broken(name, file, old, new, at, *parts, at_file=None):
    """A test: replaces `old` by `new` in a copy of the toy; the message names the line that holds `at`."""
    def test():
        with generator.toy() as toy:
            before = {path: path.read_bytes() for path in (toy / "golden").iterdir()}
            path, place = toy / file, toy / (at_file or file)
            edit(path, old, new)
            refused(toy / "api.toml", f"{place}:{line_of(place, at) if isinstance(at, str) else at}", *parts)
            assert before == {path: path.read_bytes() for path in (toy / "golden").iterdir()}
    test.__doc__ = name
    return test


SCHEMA = [
    broken("an unknown type", TABLES, "total numeric", "total point", "total point", "toy_boxes.total", "type point"),
    broken("an unknown type in an array", TABLES, "tags text[],\n    labels", "tags uuid[],\n    labels",
           "tags uuid[]", "uuid[]"),
    broken("a column without a comment", TABLES, "COMMENT ON COLUMN {schema}.toy_boxes.flag IS 'Yes or no.';", "",
           "flag boolean", "toy_boxes.flag has no COMMENT"),
    broken("a table without a comment", TABLES,
           "COMMENT ON TABLE {schema}.toy_items IS 'What lies in a box; the key is a text.';", "",
           "CREATE TABLE {schema}.toy_items", "toy_items has no COMMENT"),
    broken("a function without a comment", "migrations/toy/0001_types.up.sql",
           "COMMENT ON FUNCTION {schema}.toy_twice(numeric) IS 'Two times the value.';", "",
           "CREATE FUNCTION {schema}.toy_twice", "toy_twice has no COMMENT"),
    broken("a domain without a comment", "migrations/toy/0001_types.up.sql",
           "COMMENT ON DOMAIN {schema}.toy_label IS 'A text that is not empty.';", "",
           "CREATE DOMAIN {schema}.toy_label", "toy_label has no COMMENT"),
    broken("a migration that fails", TABLES, "small smallint,", "small smalint,", "small smalint", "smalint"),
    broken("a closed set that no enum names", "api.toml", 'columns = ["toy_boxes.side", "toy_items.side"]',
           'columns = ["toy_boxes.side"]', "    side varchar(10) NOT NULL", "toy_items.side is a closed set",
           at_file=TABLES),
    broken("a native enum that no enum names", "api.toml",
           '[enums.toy_mood]\ncolumns = ["toy_boxes.mood"]\ndoc = "How a box feels."\n', "",
           "mood {schema}.toy_mood", "toy_mood", at_file=TABLES),
    broken("a table that api.toml does not know", "api.toml",
           '[tables.toy_items]\ndomain = "toy"\nsingular = "toy_item"\nkey = "name"\n', "",
           "CREATE TABLE {schema}.toy_items", "no stanza [tables.toy_items]", at_file=TABLES),
]
API = [
    broken("TOML that cannot be read", "api.toml", 'singular = "toy_item"', "singular = toy_item",
           "singular = toy_item", "Invalid value"),
    broken("a table that no migration makes", "api.toml", 'singular = "toy_lid"\nplanned = true', 'singular = "toy_lid"',
           "[tables.toy_lids]", "no migration makes a table toy_lids"),
    broken("a planned table that exists", "api.toml", 'key = "name"', "planned =  true", "planned =  true",
           "not planned any more"),
    broken("a key that is no column", "api.toml", 'key = "name"', 'key = "nome"', 'key = "nome"', "no column nome"),
    broken("a key that may be NULL", "api.toml", 'key = "name"', 'key = "removed"', 'key = "removed"', "cannot be a key"),
    broken("a secret that is no column", "api.toml", 'secret = ["password"]', 'secret = ["pasword"]', "pasword",
           "no column pasword"),
    broken("an unknown class of personal data", "api.toml", '"technical"', '"funny"', "funny", "unknown class funny"),
    broken("an unknown word in a stanza", "api.toml", "partitioned = true", "partioned = true", "partioned",
           "unknown key partioned"),
    broken("an operation that does not exist", "api.toml", '["patch", "delete"]', '["patch", "drop"]', "drop",
           "unknown operation drop"),
    broken("a domain that does not exist", "api.toml", 'key = "name"', 'key = "name"\n[tables.x]\ndomain = "none"\n'
           'singular = "y"\nplanned = true', 'domain = "none"', "no [domains.none]"),
    broken("an enum column that does not exist", "api.toml", '"toy_items.side"]', '"toy_items.sid"]', "toy_items.sid",
           "no column toy_items.sid"),
    broken("an enum over a column without a CHECK", "api.toml", '"toy_items.side"]', '"toy_items.side", "toy_events.what"]',
           "toy_events.what", "has no CHECK"),
    broken("an enum with neither columns nor a domain", "api.toml", 'columns = ["toy_boxes.side", "toy_items.side"]\n', "",
           "[enums.toy_side]", "needs columns, or a domain and values"),
    broken("values of an enum that its columns give", "api.toml", "any_case = true", 'values = ["left"]',
           'values = ["left"]', "given only without them"),
    broken("an enum of a domain that does not exist", "api.toml", 'domain = "toy"\nvalues', 'domain = "tool"\nvalues',
           'domain = "tool"', "no [domains.tool]"),
    broken("an enum of a domain without values", "api.toml", 'domain = "toy"\nvalues = ["thin", "thick"]', 'domain = "toy"',
           "[enums.toy_wall]", "needs values"),
    broken("an enum over different sets", TABLES, "('right', 'left')", "('right', 'up')", 'columns = ["toy_boxes.side"',
           "hold different sets", at_file="api.toml"),
]
NAMES = [
    broken("a C name produced by two tables", "api.toml", 'singular = "toy_lid"', 'singular = "toy_item"',
           "[tables.toy_lids]", "trdb_toy_item", "table toy_items has already"),
    broken("a C name produced by a table and a closed set", "api.toml", "[enums.toy_shape]\nplanned = true",
           "[enums.toy_item]\nplanned = true", "[enums.toy_item]", "produces the name trdb_toy_item"),
    broken("a C name produced by a query and a table", "queries/toy.sql", "-- name: toy_boxes_on_side :many",
           "-- name: toy_boxes_list :many", "-- name: toy_boxes_list", "produces the name trdb_toy_boxes_list"),
    broken("a singular that is the plural", "api.toml", 'singular = "toy_lid"', 'singular = "toy_lids"',
           'singular = "toy_lids"', "singular and plural must differ"),
    broken("two constants of one name", "api.toml", 'values = ["round", "square"]', 'values = ["a b", "a-b"]',
           "[enums.toy_shape]", "TRDB_TOY_SHAPE_A_B"),
]
QUERIES = [
    broken("a query without a kind of result", "queries/toy.sql", "-- name: toy_box_by_code :one",
           "-- name: toy_box_by_code", "-- name: toy_box_by_code", "expected `-- name:"),
    broken("a query of an unknown kind", "queries/toy.sql", "toy_box_by_code :one", "toy_box_by_code :some",
           "toy_box_by_code :some", "expected `-- name:"),
    broken("an unknown annotation", "queries/toy.sql", "-- param: side enum", "-- parm: side enum", "-- parm:",
           "unknown annotation `-- parm:`"),
    broken("a malformed parameter", "queries/toy.sql", "-- param: code The code.", "-- param: Code! x", "Code!",
           "expected `-- param:"),
    broken("a parameter without a description", "queries/toy.sql", "-- param: code The code.", "-- param: code",
           "-- param: code", "no description"),
    broken("an unknown scope", "queries/toy.sql", "-- scope: internal\n-- Takes", "-- scope: secret\n-- Takes",
           "scope: secret", "unknown scope"),
    broken("an annotation inside the SQL", "queries/toy.sql", "WHERE code = $1;", "WHERE\n-- param: x An x.\ncode = $1;",
           "-- param: x", "inside the SQL"),
    broken("too few parameters described", "queries/toy.sql", "-- param: code The code.\n", "",
           "toy_box_by_code", "has 1 parameters, but 0"),
    broken("a query without a description", "queries/toy.sql", "-- A box by its code.\n", "", "toy_box_by_code",
           "no description"),
    broken("a query without SQL", "queries/toy.sql", "SELECT * FROM {schema}.toy_boxes WHERE code = $1;", "",
           "toy_box_by_code", "no SQL"),
    broken("SQL that the server refuses", "queries/toy.sql", "WHERE code = $1;", "WHERE kode = $1;", "toy_box_by_code",
           "kode"),
    broken("a result column without a description", "queries/toy.sql", "-- column: twice Two times it.\n", "",
           "toy_twice", "needs a `-- column:` line"),
    broken("a description of no column", "queries/toy.sql", "-- column: twice", "-- column: thrice", "toy_twice",
           "gives no column thrice"),
    broken("a result of an unknown type", "queries/toy.sql", "$2::boolean AS flag", "point(1, 1) AS flag, $2::boolean AS b",
           "toy_echo", "type point"),
    broken("a least value of a text", "queries/toy.sql", "-- param: code The code.", "-- param: code min=1 The code.",
           "-- name: toy_box_by_code", "min= is for integers"),
    broken("an enum that does not exist", "queries/toy.sql", "side enum=toy_side", "side enum=toy_sight", "toy_boxes_on_side",
           "no enum toy_sight"),
    broken("rows from an :exec", "queries/toy.sql", "toy_box_by_code :one", "toy_box_by_code :exec", "toy_box_by_code",
           "is :exec, but its SQL gives columns"),
    broken("a public row that begins with a table's", "queries/toy.sql", "-- param: least", "-- embeds: toy_boxes\n-- param: least",
           "toy_items_per_box", "cannot begin with one of toy_boxes"),
    broken("a row name for a table's row", "queries/toy.sql", "-- param: code The", "-- row: toy_thing\n-- param: code The",
           "toy_box_by_code", "no row of its own"),
    broken("an embedded table that does not exist", "queries/toy.sql", "-- param: value", "-- embeds: toy_jars\n-- param: value",
           "toy_twice", "no table toy_jars"),
    broken("a malformed row name", "queries/toy.sql", "-- param: least", "-- row: Some row\n-- param: least", "-- row: Some",
           "expected `-- row: name`"),
    broken("a secrecy that is not yes", "queries/toy.sql", "-- param: least", "-- secret: no\n-- param: least", "-- secret: no",
           "it is yes or left out"),
    broken("a shared row whose columns differ", "queries/toy.sql", "SELECT id AS box_id, code FROM {schema}.toy_boxes WHERE",
           "SELECT id AS box_id, large AS code FROM {schema}.toy_boxes WHERE", "toy_box_in_brief", "cannot share the row toy_brief"),
    broken("an embedded row that is not given", "queries/toy.sql", "SELECT (b).*, (SELECT", "SELECT (SELECT",
           "toy_box_filled", "wants one `(x).*`"),
    broken("no rows from a :one", "queries/toy.sql", "toy_items_remove :exec", "toy_items_remove :one", "toy_items_remove",
           "gives none"),
]


def query_file_without_domain():
    """a query file whose domain does not exist"""
    with generator.toy() as toy:
        (toy / "queries" / "none.sql").write_text("-- name: a :one\n-- A.\nSELECT 1;\n")
        refused(toy / "api.toml", f"{toy / 'queries' / 'none.sql'}:1", "no domain none")


tap.run(*SCHEMA, *API, *NAMES, *QUERIES, query_file_without_domain)
