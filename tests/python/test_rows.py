# SPDX-License-Identifier: MIT
"""Every column of every table, there and back: the generated descriptors are walked, so a new table is covered."""
import copy
import dataclasses
import gc
import json
import pickle
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402
import walk  # noqa: E402
from tradingdb import INFINITY, NEG_INFINITY, NOT_GIVEN, NOT_NULL  # noqa: E402
from tradingdb import _c  # noqa: E402

CATALOG = {table["name"]: {column["name"]: column for column in table["columns"]}
           for table in json.loads((support.SOURCE / "schema/catalog.json").read_text())["tables"]}
URL = support.database()
# The constraints of the tables go, so that any value of a column's type may stand alone.
support.psql(support.name_of(URL), """
    DO $$ DECLARE c record; BEGIN
        FOR c IN SELECT conname, conrelid::regclass AS name FROM pg_constraint
                 WHERE contype IN ('c', 'f', 'u') AND conrelid <> 0 AND connamespace = 'public'::regnamespace LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', c.name, c.conname);
        END LOOP;
        FOR c IN SELECT indexrelid::regclass AS name FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
                 WHERE t.relnamespace = 'public'::regnamespace AND indisunique AND NOT indisprimary LOOP
            EXECUTE format('DROP INDEX IF EXISTS %s', c.name);
        END LOOP;
    END $$""")
db = tradingdb.open(URL)

EDGES = {
    "bigint": [0, -1, 2 ** 63 - 1, -2 ** 63],
    "integer": [0, 2 ** 31 - 1, -2 ** 31],
    "smallint": [0, 2 ** 15 - 1, -2 ** 15],
    "boolean": [True, False],
    "numeric": [Decimal("0"), Decimal("0.00010074887218045112"), Decimal("-99999999999999.999999999999999999999999"),
                Decimal("64250.10")],
    "exact_percent": [Decimal("-100"), Decimal("12345.12345678")],
    "timestamptz": [datetime(1, 1, 1, tzinfo=timezone.utc), datetime(9999, 12, 31, 23, 59, 59, 999999, timezone.utc),
                    datetime(2024, 2, 29, 23, 59, 59, 1, timezone(timedelta(hours=14))), INFINITY, NEG_INFINITY],
    "uuid": [UUID(int=0), UUID(int=2 ** 128 - 1)],
    "jsonb": [{}, {"price": Decimal("0.00010074887218045112"), "n": 2 ** 63, "t": ["ä😀", None, True, {}]}, []],
    "text": ["", "ä😀\n\\'\"", "x" * 3000],
}


def edges(table, field):
    """Values of a column, its longest text among them."""
    column = CATALOG[table][field.name]
    enum = next((note.removeprefix("enum=") for note in field.notes if note.startswith("enum=")), None)
    if enum:
        return list(tradingdb._choice.choice(enum))
    name = column["type"]
    if name.startswith("varchar("):
        return ["", "ä" * int(name[8:-1])]
    return EDGES[column.get("domain") if column.get("domain") in EDGES else name]


def fields(struct):
    return [field for field in _c.fields(f"{struct}_new") if not _c.hidden(field.name)]


def required(table, struct, number):
    """What an insert must give, of any value."""
    found = {}
    for field in fields(struct):
        column = CATALOG[table][field.name]
        key = field.name == fields(struct)[0].name
        if column.get("not_null") and not column.get("default") and not column.get("identity") or \
                key and column["type"].startswith("varchar"):
            values = edges(table, field)
            found[field.name] = f"k{number}" if key else values[number % len(values)]
    return found


def every_column():
    """every column takes every edge value of its type and gives it back, alone and in a list"""
    tables = columns = 0
    number = 0
    for path, repository, table, struct in walk.repositories(db):
        tables += 1
        key = fields(struct)[0].name
        for field in fields(struct):
            columns += 1
            values = edges(table, field)
            if field.name == key:
                values = [value for value in values if value not in ("", 0)]
            rows = []
            for value in values:
                number += 1
                rows.append({**required(table, struct, number), field.name: value})
            many = repository.insert_many(rows)
            for row, value in zip(many, values):
                equal((path, field.name, getattr(row, field.name)), (path, field.name, value))
                if field.name not in ("updated_at",):
                    equal(repository.get(getattr(row, key)), row)
            if field.name != key and hasattr(repository, "patch"):
                row = repository.patch(getattr(many[0], key), **{field.name: values[-1]})
                if field.name != "updated_at":  # a trigger writes it
                    equal(getattr(row, field.name), values[-1])
    assert tables >= 12 and columns > 110, (tables, columns)


def every_null():
    """every column that may be NULL takes None and gives it back; not given leaves it alone"""
    seen = 0
    for path, repository, table, struct in walk.repositories(db):
        key = fields(struct)[0].name
        nullable = [field for field in fields(struct) if not CATALOG[table][field.name].get("not_null")
                    and field.name not in (key, "updated_at")]
        filled = {field.name: edges(table, field)[-1] for field in nullable}
        row = repository.insert(**{**required(table, struct, 10 ** 6), **filled})
        for field in nullable:
            seen += 1
            assert getattr(row, field.name) is not None, (path, field.name)
            empty = repository.patch(getattr(row, key), **{field.name: None})
            equal(getattr(empty, field.name), None)
            again = repository.patch(getattr(row, key), **{field.name: filled[field.name],
                                                          **{other.name: NOT_GIVEN for other in nullable
                                                             if other is not field}})
            equal(dataclasses.replace(again, **{name: None for name in ("updated_at",) if hasattr(again, name)}),
                  dataclasses.replace(row, **{name: None for name in ("updated_at",) if hasattr(row, name)}))
    assert seen > 40, seen


def every_filter():
    """every condition and every order of every list is taken"""
    seen = 0
    for path, repository, table, struct in walk.repositories(db):
        conditions = [field for field in _c.fields(f"{struct}_filter") if field.type.startswith("trdb_where_")]
        key = fields(struct)[0].name
        for field in conditions:
            value = edges(table, next(other for other in fields(struct) if other.name == field.name))[-1]
            for condition in (value, [value], [], tradingdb.since(value), tradingdb.until(value),
                              tradingdb.between(value, value), None, NOT_NULL):
                seen += 1
                found = repository.list(**{field.name: condition}, order_by=field.name, limit=50)
                equal(min(repository.count(**{field.name: condition}), 50), len(found))
                if condition == value and found:
                    equal({getattr(row, field.name) for row in found}, {value})
                if isinstance(condition, tradingdb.Between) and condition.start and condition.end:
                    equal(found, [])
            pages = repository.iterate(order_by=field.name, descending=True, page_size=7)
            keys = [getattr(row, key) for row in pages]
            equal(len(keys), len(set(keys)))
            equal(len(keys), repository.count())
    assert seen > 200, seen


def rows_are_values():
    """rows are read-only, slotted, compared by value, hashable, copied, pickled, matched; dataclasses knows them"""
    row = walk.row(tradingdb.UsrUser)
    with raises(dataclasses.FrozenInstanceError, "patch()"):
        row.email = "a"
    with raises(dataclasses.FrozenInstanceError):
        del row.email
    with raises(dataclasses.FrozenInstanceError):
        row.something = 1
    stored = db.users.users.insert(email="a@example.org")
    for value in (row, stored):
        with raises(dataclasses.FrozenInstanceError):
            value.email = "b"
        assert not hasattr(value, "__dict__") and not hasattr(value, "__weakref__")
        equal(pickle.loads(pickle.dumps(value)), value)
        equal(copy.deepcopy(value), value)
        equal(type(copy.copy(value)), tradingdb.UsrUser)
        equal(hash(copy.copy(value)), hash(value))
    changed = dataclasses.replace(stored, email="b")
    assert changed != stored and changed.id == stored.id and stored != stored.id
    equal(dataclasses.asdict(stored)["email"], "a@example.org")
    equal([field.name for field in dataclasses.fields(tradingdb.UsrUser)], list(tradingdb.UsrUser.__match_args__))
    match stored:
        case tradingdb.UsrUser(email=email):
            equal(email, "a@example.org")
    with raises(TypeError, "UsrUser takes id, email"):
        tradingdb.UsrUser(1)
    with raises(TypeError, "UsrUser takes"):
        tradingdb.UsrUser(1, 2, 3, 4, 5, 6, idd=7)
    assert repr(stored).startswith("UsrUser(id=")


def documents_when_asked():
    """a document is parsed when it is looked at, once, in rows that were read in any way"""
    user = db.users.users.insert(email="doc@example.org")
    made = db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={"a": [Decimal("1.50"), None]})
    read = [db.trading.bots.get(made.id), db.trading.bots.list(id=made.id)[0],
            db.trading.bots.columns(id=made.id).rows()[0]]
    for row in read:
        assert type(tradingdb.TradingBot._config.__get__(row)) is bytes
    for row in read + [made]:
        equal((row.config, row.extra_metadata), ({"a": [Decimal("1.50"), None]}, None))
        assert row.config is row.config and row == made
        row.config["b"] = 1
        equal(row.config["b"], 1)
        equal(copy.deepcopy(row), row)
        equal(dataclasses.asdict(row)["config"], row.config)
        equal(dataclasses.replace(row, config={}).config, {})
        row.config.pop("b")
        with raises(dataclasses.FrozenInstanceError):
            row.config = {}
    fresh = db.trading.bots.get(made.id)
    assert "Decimal('1.50')" in repr(fresh)
    equal(pickle.loads(pickle.dumps(db.trading.bots.get(made.id))), made)


def empty_and_large():
    """lists of no row, of one, and of more than are converted at once; the collector runs again afterwards"""
    db.trading.fills.insert_many([dict(bot_id=77, position_id=n, exchange_trade_id=f"t{n}", action="buy", qty=n + 1,
                                       price=Decimal(n) / 4, ts=datetime(2024, 1, 1, tzinfo=timezone.utc))
                                  for n in range(2500)])
    equal(db.trading.fills.list(bot_id=78), [])
    equal(len(db.trading.fills.list(bot_id=77, limit=1)), 1)
    found = db.trading.fills.list(bot_id=77)
    equal([row.position_id for row in found], list(range(2500)))
    equal([row.price for row in found], [Decimal(n) / 4 for n in range(2500)])
    assert gc.isenabled()
    gc.disable()
    db.trading.fills.list(bot_id=77)
    assert not gc.isenabled()
    gc.enable()


def not_read_back():
    """insert_many() without returning"""
    equal(db.users.users.insert_many([{"email": f"quiet{n}"} for n in range(3)], returning=False), [])
    equal(db.users.users.count(email=[f"quiet{n}" for n in range(3)]), 3)
    equal(db.users.users.insert_many([]), [])
    equal(db.users.users.insert_many({"email": f"lazy{n}"} for n in range(2))[1].email, "lazy1")


tap.run(every_column, every_null, every_filter, rows_are_values, documents_when_asked, empty_and_large, not_read_back)
