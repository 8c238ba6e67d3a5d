# SPDX-License-Identifier: MIT
"""Columns of every type on the generator's toy schema: edge values there and back, filters, keys, queries, bad values."""
import itertools
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import support
import tap
from support import equal, raises

support.prepare(support.BUILD / "tests/python/libtoy.so")
import tradingdb  # noqa: E402
from tradingdb import INFINITY, NEG_INFINITY, NOT_GIVEN, NOT_NULL, JsonText, between, since, until  # noqa: E402

toy = support.toy()
URL = support.database()
for path in sorted((support.SOURCE / "tests/gen/toy/migrations/toy").glob("*.up.sql")):
    support.psql(support.name_of(URL), path.read_text().replace("{schema}", "public"))
db = tradingdb.open(URL, lazy=True)
toys = toy.ToyDomain(db)
numbers = itertools.count(1)

EDGES = {
    "title": ["", "ä€😀 \\ \" '", "x" * 10000],
    "small": [0, -2 ** 15, 2 ** 15 - 1],
    "medium": [0, 2 ** 31 - 1],
    "large": [-2 ** 63, 2 ** 63 - 1],
    "flag": [True, False],
    "price": [Decimal("0.000001"), Decimal("-9999.999999"), Decimal(0)],
    "ratio": [Decimal("123456789012.12345678"), Decimal("-1")],
    "total": [Decimal("9" * 38), Decimal("0." + "9" * 38), Decimal("-1E-38"), Decimal("Infinity"), Decimal("-Infinity")],
    "seen_at": [datetime(1, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, 23, 59, 59, 999999, timezone.utc),
                datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=-9, minutes=-30))), INFINITY, NEG_INFINITY],
    "local_at": [datetime(2020, 2, 29, 12, 0, 0, 1, timezone.utc), INFINITY],
    "other": [UUID(int=0), UUID(int=2 ** 128 - 1)],
    "payload": [b"", b"\0a\0", bytes(range(256)) * 40],
    "doc": [{}, [], {"price": Decimal("0.10"), "n": 2 ** 70, "deep": [[{"a": None}]], "t": "ä\n"}, JsonText("5"),
            JsonText('"text"')],
    "raw": [{"a": 1}, [Decimal("1.10")]],
    "address": ["10.0.0.1", "::1", "192.168.0.0/16"],
    "tags": [[], ["a", None, "", "{\\,\"}"], ["ä" * 1000]],
    "labels": [["one"]],
    "short_tags": [["12345", "ä€"]],
    "mood": [toy.ToyMood.CALM, "very glad"],
    "side": ["left", toy.ToySide.RIGHT],
    "password": ["secret words"],
}
NULLABLE = sorted(EDGES.keys() - {"flag", "mood"})


def code():
    return f"c{next(numbers)}"


def read(value):
    """What a value is when it comes back."""
    return {"5": 5, '"text"': "text"}[value] if isinstance(value, JsonText) else value


def edge_values():
    """every edge value of every type comes back as it was written, alone, in lists and many at once"""
    equal(set(EDGES) | {"id", "code", "created_at"}, {field.name for field in
                                                    tradingdb._c.fields("trdb_toy_box")})
    for name, values in EDGES.items():
        rows = [toys.boxes.insert(code=code(), **{name: value}) for value in values]
        many = toys.boxes.insert_many([{"code": code(), name: f"{value}." if name == "title" else value}
                                       for value in values])
        for row, twin, value in zip(rows, many, values):
            value = f"{value}." if name == "title" else value
            for found in (twin, toys.boxes.get(twin.id), toys.boxes.list(id=twin.id)[0],
                          *(() if name == "title" else (row, toys.boxes.get(row.id)))):
                equal(getattr(found, name), read(value))
                equal(type(getattr(found, name)) is float, False)
        patched = toys.boxes.patch(rows[0].id, **{name: "patched" if name == "title" else values[-1]})
        equal(getattr(patched, name), "patched" if name == "title" else read(values[-1]))


def scales():
    """a decimal keeps the zeros that its column keeps"""
    row = toys.boxes.insert(code=code(), total=Decimal("1.500"), ratio=Decimal("2"))
    equal((str(row.total), str(row.ratio)), ("1.500", "2.00000000"))
    with raises(tradingdb.Inexact, "toy_boxes.price") as caught:
        toys.boxes.insert(code=code(), price=Decimal("0.0000001"))
    equal((caught.error.column, caught.error.table), ("price", "toy_boxes"))


def nulls():
    """NULL and not given are two things, for every column that takes NULL"""
    everything = {name: values[-1] for name, values in EDGES.items()} | {"title": "all of it"}
    row = toys.boxes.insert(code=code(), **everything)
    for name in NULLABLE:
        assert getattr(row, name) is not None, name
    same = toys.boxes.patch(row.id, small=1, **{name: NOT_GIVEN for name in NULLABLE if name != "small"})
    equal(same.large, row.large)
    empty = toys.boxes.patch(row.id, **{name: None for name in NULLABLE})
    for name in NULLABLE:
        equal(getattr(empty, name), None)
    equal((empty.code, empty.mood), (row.code, row.mood))
    equal(toys.boxes.insert(code=code(), **{name: None for name in NULLABLE}).tags, None)


def keys():
    """keys of all kinds: UUID made by the library, text, number beside the primary key"""
    box = toys.boxes.insert(code=code())
    equal((box.id.version, toys.boxes.get(str(box.id)).code), (7, box.code))
    chosen = UUID(int=12345)
    equal(toys.boxes.insert(id=chosen, code=code()).id, chosen)
    item = toys.items.insert(name="café", box_id=box.id, slot=1)
    equal((toys.items.get("café").slot, item.side), (1, "left"))
    equal([row.name for row in toys.items.get_many(["nothing", "café", "café"])], ["café"])
    equal([row.id for row in toys.boxes.get_many([chosen, box.id, UUID(int=1)])], sorted([chosen, box.id]))
    equal(toys.boxes.get_many([]), [])
    toys.items.delete("café")
    with raises(tradingdb.NotFound):
        toys.items.get("café")
    event = toys.events.insert(what="rain")
    equal(toys.events.get(event.number), event)
    assert not hasattr(toys.events, "patch") and not hasattr(toys.events, "delete")


def upserts():
    """an upsert per unique key"""
    box = toys.boxes.insert(code=code(), title="Upsert")
    equal(toys.boxes.upsert_by_code(code=box.code, small=5).id, box.id)
    equal(toys.boxes.upsert_by_title(code=code(), title="UPSERT", small=6).id, box.id)
    equal(toys.boxes.upsert_by_id(id=box.id, code=box.code, small=7).small, 7)
    equal({name for name in dir(toys.items) if name.startswith("upsert")}, {"upsert_by_box_id_slot", "upsert_by_name",
                                                                                 "upsert_many_by_box_id_slot",
                                                                                 "upsert_many_by_name"})


def filters():
    """conditions of every kind: equal, one of several, ranges, NULL"""
    with db.unit_of_work() as uow:
        inside = toy.ToyDomain(uow)
        day = [datetime(2020, 1, n, tzinfo=timezone.utc) for n in range(1, 6)]
        amounts = [Decimal(n) / 2 for n in range(5)]
        others = [UUID(int=2 ** 100 + n) for n in range(5)]
        moods = ["calm", "sad", "very glad", "sad", "calm"]
        inside.boxes.insert_many([
            {"code": f"f{n}", "price": amounts[n], "seen_at": day[n], "other": others[n], "medium": n, "flag": n == 4,
             "side": "left" if n % 2 else None, "mood": moods[n]} for n in range(5)])

        def codes(**conditions):
            found = inside.boxes.list(code=["f0", "f1", "f2", "f3", "f4"], **conditions)
            equal(inside.boxes.count(code=["f0", "f1", "f2", "f3", "f4"], **conditions), len(found))
            return "".join(sorted(row.code[1] for row in found))
        equal(codes(), "01234")
        equal(codes(price=Decimal("1.0")), "2")
        equal(codes(price=[0, "0.5", Decimal(2)]), "014")
        equal(codes(price=between("0.5", 2)), "123")
        equal(codes(seen_at=since(day[3])), "34")
        equal(codes(seen_at=until(day[3])), "012")
        equal(codes(seen_at=(day[0], day[4])), "04")
        equal(codes(other={others[1], str(others[2])}), "12")
        equal(codes(other=between(others[1], None)), "1234")
        equal(codes(medium=range(2)), "01")
        equal(codes(flag=True), "4")
        equal(codes(flag=[True, False]), "01234")
        equal(codes(side=None), "024")
        equal(codes(side=NOT_NULL), "13")
        equal(codes(side="LEFT", medium=since(2)), "3")
        equal(codes(mood=["sad", toy.ToyMood.VERY_GLAD]), "123")
        equal(codes(medium=[]), "")
        equal([row.code for row in inside.boxes.list(code=["f0", "f1", "f2"], order_by="seen_at", descending=True)],
              ["f2", "f1", "f0"])
        equal([row.code for row in inside.boxes.list(title=None, code=["f3", "f4"], order_by="code", limit=1)], ["f3"])
        uow.rollback()


def pages():
    """pages go on after the last row, whatever orders them, NULLs and equal values included"""
    with db.unit_of_work() as uow:
        inside = toy.ToyDomain(uow)
        inside.boxes.insert_many([{"code": f"p{n}", "title": None, "medium": 77, "side": "left" if n % 3 else None,
                                   "price": None if n % 4 == 0 else n % 5, "seen_at": INFINITY if n % 7 == 0 else None}
                                  for n in range(23)])
        for order in (None, "code", "side", "price", "seen_at", "medium"):
            for descending in (False, True):
                options = dict(medium=77, order_by=order, descending=descending)
                whole = inside.boxes.list(**options)
                equal(list(inside.boxes.iterate(page_size=4, **options)), whole)
                sizes = [len(page) for page in inside.boxes.iterate(page_size=10, **options).pages()]
                equal(sizes, [10, 10, 3])
        equal(list(inside.boxes.iterate(code="nothing")), [])
        endless = inside.boxes.iterate(medium=77, page_size=23)
        equal([len(page) for page in endless.pages()], [23])
        equal(len(list(endless)), 23)  # it may be read again
        uow.rollback()


def queries():
    """named queries take and give every kind of value, NULL included"""
    values = dict(number=-5, flag=False, amount=Decimal("1.50"), at=datetime(2020, 1, 1, tzinfo=timezone.utc),
                  id=UUID(int=9), words="ä", data=b"\0", doc={"a": Decimal("1.0")}, address="10.0.0.0/8",
                  tags=["a", None])
    row = toys.echo(**values)
    equal({name: getattr(row, name) for name in values}, values)
    row = toys.echo()
    equal(set(row._values()), {None})
    box = toys.boxes.insert(code=code(), mood="sad", side="right")
    toys.items.insert_many([{"name": f"i{n}", "box_id": box.id, "slot": n} for n in range(3)])
    found, = toys.items_per_box(3, mood="sad")
    equal((found.box_id, found.items, found.mood, found.slots), (box.id, 3, toy.ToyMood.SAD, Decimal(3)))
    equal([row.code for row in toys.boxes_on_side("RIGHT") if row.id == box.id], [box.code])
    equal(toys.box_by_code(box.code), toys.boxes.get(box.id))
    equal(type(toys.box_in_brief(box.id)), type(toys.boxes_in_brief()[0]))
    with raises(tradingdb.NotFound):
        toys.box_by_code("nothing")


def foreign_values():
    """what this package does not know: a value outside a closed set, a time outside datetime, a longer row"""
    box = toys.boxes.insert(code=code())
    support.psql(support.name_of(URL), f"""
        ALTER TABLE toy_boxes DROP CONSTRAINT toy_boxes_side_check;
        UPDATE toy_boxes SET side = 'upwards' WHERE id = '{box.id}'""")
    found = toys.boxes.get(box.id)
    equal((found.side, type(found.side)), ("upwards", str))
    equal(toys.boxes.list(id=box.id, order_by="side", after=None)[0].side, "upwards")
    list(toys.boxes.iterate(order_by="side", page_size=1))
    with raises(tradingdb.Invalid, "side: not one of left, right"):
        toys.boxes.patch(box.id, side="upwards")
    support.psql(support.name_of(URL), f"UPDATE toy_boxes SET side = 'LEFT' WHERE id = '{box.id}'")
    equal(toys.boxes.get(box.id).side, toy.ToySide.LEFT)
    support.psql(support.name_of(URL), f"UPDATE toy_boxes SET seen_at = '12000-01-01' WHERE id = '{box.id}'")
    with raises(tradingdb.Range, "toy_box.seen_at", "years 1 to 9999"):
        toys.boxes.get(box.id)
    support.psql(support.name_of(URL), f"UPDATE toy_boxes SET seen_at = NULL, doc = (repeat('[', 3000) || repeat(']', 3000))::jsonb WHERE id = '{box.id}'")
    deep = toys.boxes.get(box.id), toys.boxes.list(id=box.id)[0], toys.boxes.columns(id=box.id).rows()[0]
    for row in deep:
        for _ in range(2):
            with raises(tradingdb.Range, "toy_box.doc", "nested too deeply"):
                row.doc
        equal(row.id, box.id)
    toys.boxes.delete(box.id)


def secrets_are_hidden():
    """repr() shows no secret"""
    row = toys.boxes.insert(code=code(), password="hush")
    assert "hush" not in repr(row) and "password=<secret>" in repr(row) and row.password == "hush"
    assert "password=None" in repr(toys.boxes.patch(row.id, password=None))


def after_of_another_kind():
    """a list goes on after a row of its own table only"""
    with raises(TypeError, "after: expected a row of trdb_toy_box"):
        toys.boxes.list(after=toys.events.insert(what="x"))
    with raises(TypeError, "after"):
        toys.boxes.list(after=5)


tap.run(edge_values, scales, nulls, keys, upserts, filters, pages, queries, foreign_values, secrets_are_hidden,
        after_of_another_kind)
