# SPDX-License-Identifier: MIT
"""abi.lock: released fields, constants and symbols keep place, type and node; what is new comes after them."""
import re

import generator
import tap
from generator import accepted, edit, line_of, refused, toy

TABLES = "migrations/toy/0002_tables.up.sql"


def struct(path, name):
    """The lines of a struct in the lock."""
    text = (path / "golden" / "abi.lock").read_text()
    return re.search(rf"^struct {name}\n((?:    .*\n)+)", text, re.M)[1].splitlines()


def lock_place(path, name, field):
    """path:line of a field of a struct in the lock."""
    lock = path / "golden" / "abi.lock"
    lines = lock.read_text().splitlines()
    start = lines.index(f"struct {name}")
    for number in range(start + 1, len(lines)):
        if re.search(rf"\W{field}$", lines[number]):
            return f"{lock}:{number + 1}"
    raise AssertionError(field)


def released(path):
    accepted(path / "api.toml", "--release")
    assert "release 0.1\n" in (path / "golden" / "abi.lock").read_text()


def next_version(path):
    edit(path / "api.toml", 'version = "0.1"', 'version = "0.2"')


def removal():
    """a released field may not disappear"""
    with toy() as path:
        released(path)
        edit(path / TABLES, "    flag boolean NOT NULL DEFAULT false,\n", "")
        edit(path / TABLES, "COMMENT ON COLUMN {schema}.toy_boxes.flag IS 'Yes or no.';\n", "")
        edit(path / TABLES, "CREATE INDEX toy_boxes_flag ON {schema}.toy_boxes (flag, side) WHERE mood <> 'sad';\n", "")
        refused(path / "api.toml", lock_place(path, "trdb_toy_box", "flag"),
                "trdb_toy_box.flag is released and may not disappear")


def type_change():
    """a released field may not change its type"""
    with toy() as path:
        released(path)
        edit(path / TABLES, "    large bigint,", "    large numeric,")
        refused(path / "api.toml", lock_place(path, "trdb_toy_box", "large"), "trdb_opt_i64", "trdb_decimal")


def move():
    """a released field may not move: a type that grows before it is noticed"""
    with toy() as path:
        released(path)
        lock = path / "golden" / "abi.lock"
        text = lock.read_text()
        lock.write_text(text.replace("0.1 16 const char *code", "0.1 24 const char *code"))
        assert lock.read_text() != text
        refused(path / "api.toml", lock_place(path, "trdb_toy_box", "code"), "may not move")


def addition():
    """a new column goes behind the released ones, wherever it stands in SQL, and needs a new version"""
    with toy() as path:
        released(path)
        before = {name: struct(path, name) for name in ("trdb_toy_item", "trdb_toy_item_new", "trdb_toy_item_filter")}
        edit(path / TABLES, "    slot integer NOT NULL,", "    added bigint,\n    slot integer NOT NULL,")
        edit(path / TABLES, "COMMENT ON COLUMN {schema}.toy_items.slot",
             "COMMENT ON COLUMN {schema}.toy_items.added IS 'New.';\n"
             "CREATE INDEX ON {schema}.toy_items (added);\nCOMMENT ON COLUMN {schema}.toy_items.slot")
        refused(path / "api.toml", f"{path / 'golden' / 'abi.lock'}:1", "raise the version")
        next_version(path)
        accepted(path / "api.toml")
        for name, lines in before.items():
            after = struct(path, name)
            assert after[:len(lines)] == lines, after
            assert len(after) == len(lines) + 1 and re.match(r"    0\.2 \d+ .*added$", after[-1]), after
        source = (path / "golden" / "toy.c").read_text()
        columns = re.findall(r'\.field = \{"(\w+)"', source[source.index("toy_items_columns[]"):])
        assert columns[:6] == ["name", "box_id", "slot", "side", "removed", "added"], columns


def constants():
    """constants keep their numbers when the CHECK is reordered and extended; none disappears"""
    with toy() as path:
        released(path)
        edit(path / TABLES, "CHECK (side IN ('left', 'right'))", "CHECK (side IN ('up', 'right', 'left'))")
        edit(path / TABLES, "CHECK (side IN ('right', 'left'))", "CHECK (side IN ('up', 'right', 'left'))")
        next_version(path)
        accepted(path / "api.toml")
        header = (path / "golden" / "toy.h").read_text()
        for name, number in (("LEFT", 1), ("RIGHT", 2), ("UP", 3)):
            assert re.search(rf"TRDB_TOY_SIDE_{name} = {number}\b", header), name
        for old in ("side varchar(10) CONSTRAINT toy_boxes_side_check CHECK (side IN ('up', 'right', 'left'))",
                    "DEFAULT 'left' CONSTRAINT toy_items_side_check CHECK (side IN ('up', 'right', 'left'))"):
            edit(path / TABLES, old, old.replace("'right', ", ""))
        refused(path / "api.toml", f"{path / 'golden' / 'abi.lock'}:"
                f"{line_of(path / 'golden' / 'abi.lock', '0.1 2 right')}", "right is released and may not disappear")


def symbols():
    """a released symbol may not disappear; a new one goes to the new version"""
    with toy() as path:
        released(path)
        edit(path / "queries" / "toy.sql", "-- name: toy_box_by_code :one", "-- name: toy_box_by_its_code :one")
        next_version(path)
        lock = path / "golden" / "abi.lock"
        refused(path / "api.toml", f"{lock}:{line_of(lock, 'symbol 0.1 trdb_batch_toy_box_by_code')}", "may not disappear")
        with (path / "queries" / "toy.sql").open("a") as queries:
            queries.write("\n-- name: toy_box_by_code :one\n-- A box by its code.\n-- param: code The code.\n"
                          "SELECT * FROM {schema}.toy_boxes WHERE code = $1;\n")
        accepted(path / "api.toml")
        assert "symbol 0.1 trdb_toy_box_by_code\n" in lock.read_text()
        assert "symbol 0.2 trdb_toy_box_by_its_code\n" in lock.read_text()


def map_nodes():
    """the symbol map has a node per release, each new one building on the one before"""
    import pathlib
    import abi
    import sources
    lock = abi.Lock(pathlib.Path("none"), "0.10")
    lock.symbols = {"trdb_c": "0.10", "trdb_a": "0.9", "trdb_b": "0.9"}
    text = sources.symbol_map(lock)
    assert re.findall(r"^TRADINGDB_\S+|^\} TRADINGDB_\S+", text, re.M) == [
        "TRADINGDB_0.9", "TRADINGDB_0.10", "} TRADINGDB_0.9;"], text
    assert text.count("local:") == 1


def unreleased_is_free():
    """before a release fields may come, go and move"""
    with toy() as path:
        edit(path / TABLES, "    slot integer NOT NULL,\n", "")
        edit(path / TABLES, "    removed boolean NOT NULL DEFAULT false\n",
             "    slot bigint NOT NULL,\n    removed boolean NOT NULL DEFAULT false\n")
        accepted(path / "api.toml")


def whole_table():
    """a released table may not disappear"""
    with toy() as path:
        released(path)
        text = (path / TABLES).read_text()
        (path / TABLES).write_text(text[:text.index("CREATE TABLE {schema}.toy_events (")])
        edit(path / "api.toml", 'partitioned = true\nwithout = ["patch", "delete"]', "planned = true")
        edit(path / "api.toml", 'key = "number"\n', "")
        status, output = generator.run(path / "api.toml")
        assert status == 1 and "trdb_toy_event is released and may not disappear" in output, output


tap.run(removal, type_change, move, addition, constants, symbols, map_nodes, unreleased_is_free, whole_table)
