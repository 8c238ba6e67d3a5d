# SPDX-License-Identifier: MIT
"""Rows given as columns: what columns() reads goes back, and every sort of array and list is stored, or refused by the name
of its column and the place in it."""
import contextlib
import importlib.util
import os
import sys
from array import array
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

DEBIAN = "/usr/bin/python3"
if not importlib.util.find_spec("pandas") and os.path.realpath(sys.executable) != os.path.realpath(DEBIAN):
    os.execv(DEBIAN, [DEBIAN, *sys.argv])  # Debian's own has numpy and pandas, whatever python3 is in PATH

import support  # noqa: E402
import tap  # noqa: E402
from support import equal, raises  # noqa: E402

support.prepare(support.BUILD / "tests/python/libtoy.so")
import numpy  # noqa: E402
import tradingdb  # noqa: E402
from tradingdb import INFINITY, NEG_INFINITY, JsonText, coded, scaled  # noqa: E402

toy = support.toy()
URL = support.database()
NAME = support.name_of(URL)
for path in sorted((support.SOURCE / "tests/gen/toy/migrations/toy").glob("*.up.sql")):
    support.psql(NAME, path.read_text().replace("{schema}", "public"))
db = tradingdb.open(URL, lazy=True)
boxes = toy.ToyDomain(db).boxes
user = db.users.authenticate_user("telegram", "1")
bot = db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={})
START = datetime(2024, 1, 1, tzinfo=timezone.utc)
COUNT = 3000

# A list for every type of the toy's boxes, with NULL among them.
LISTS = {
    "code": [f"c{n}" for n in range(6)],
    "title": ["", None, "ä€😀 \\ \" '", "x" * 10000, "a", "b"],
    "small": [0, -2 ** 15, 2 ** 15 - 1, None, 1, 2],
    "medium": [0, 2 ** 31 - 1, None, 1, 2, 3],
    "large": [-2 ** 63, 2 ** 63 - 1, None, 0, 1, 2],
    "flag": [True, False, True, True, False, False],
    "price": [Decimal("0.000001"), Decimal("-9999.999999"), 0, None, "1.5", 7],
    "ratio": [Decimal("123456789012.12345678"), Decimal("-1"), None, Decimal(0), Decimal("1E+3"), Decimal("1.50")],
    "total": [Decimal("9" * 38), Decimal("0." + "9" * 38), Decimal("-1E-38"), Decimal("Infinity"), Decimal("-Infinity"), None],
    "seen_at": [datetime(1, 1, 1, tzinfo=timezone.utc), INFINITY, NEG_INFINITY, None, START,
                datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=-9, minutes=-30)))],
    "local_at": [datetime(2020, 2, 29, 12, 0, 0, 1, timezone.utc), None, INFINITY, START, START, START],
    "other": [UUID(int=0), UUID(int=2 ** 128 - 1), None, str(UUID(int=5)), UUID(int=6), UUID(int=7)],
    "payload": [b"", b"\0a\0", bytes(range(256)) * 40, None, bytearray(b"x"), memoryview(b"y")],
    "doc": [{}, [], {"price": Decimal("0.10"), "deep": [[{"a": None}]], "t": "ä\n"}, None, JsonText("5"), JsonText('"text"')],
    "raw": [{"a": 1}, [Decimal("1.10")], None, {}, {}, {}],
    "address": ["10.0.0.1", "::1", "192.168.0.0/16", None, "10.0.0.2", "10.0.0.2"],
    "tags": [[], ["a", None, "", "{\\,\"}"], None, ["ä" * 1000], ("b", "c"), []],
    "labels": [["one"], None, [], ["two"], ["three", None], []],
    "short_tags": [["12345", "ä€"], [None], None, [], [], []],
    "mood": [toy.ToyMood.CALM, "very glad", "sad", "calm", "calm", "calm"],
    "side": ["left", toy.ToySide.RIGHT, None, "left", "left", "right"],
    "password": ["secret words", None, "", "a", "b", "c"],
}


def read(name, value):
    """What a value is when it comes back."""
    if isinstance(value, JsonText):
        return {"5": 5, '"text"': "text"}[value]
    if name in ("price", "ratio", "total") and value is not None:
        return Decimal(value)
    if name == "other" and isinstance(value, str):
        return UUID(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return list(value) if isinstance(value, tuple) else value


def fill(count):
    """Trades as columns of every sort that numpy has, and the rows that they are."""
    numbers = numpy.arange(count)
    times = numpy.datetime64("2024-01-01", "us") + numbers * numpy.timedelta64(60_000_001, "us")
    times[::7] = numpy.datetime64("NaT")
    columns = {
        "bot_id": numpy.full(count, bot.id), "trade_type": coded(numpy.zeros(count, "i1"), ["paper"]),
        "entry_logic_name": ["in"] * count, "exit_logic_name": numpy.full(count, "né€"),
        "symbol": numpy.array(["BTC", "ETH", "é\u2603"], object)[numbers % 3], "interval": coded(array("i", [0]) * count, ["1m"]),
        "direction": numpy.where(numbers % 2, "short", "long"), "status": ["open"] * count,
        "strategy_name": coded(numbers % 3 - 1, ["a", "b"]), "entry_time": times,
        "gross_pnl": scaled(numbers * 100_000_007 - 5_000_000_000, 8), "net_pnl": numbers - 10,
        "pnl_percentage": numpy.array([Decimal(n) / 8 for n in range(count)], object),
        "extra_metadata": [{"n": n, "x": [1, "é"]} if n % 5 else None for n in range(count)],
        "position_id": numpy.ma.masked_all(count, "i8"),
    }
    rows = [(["BTC", "ETH", "é\u2603"][n % 3], "short" if n % 2 else "long", [None, "a", "b"][n % 3],
             None if n % 7 == 0 else START + timedelta(minutes=n, microseconds=n), Decimal(n * 100_000_007 - 5_000_000_000) / 10 ** 8,
             Decimal(n - 10), Decimal(n) / 8, {"n": n, "x": [1, "é"]} if n % 5 else None, "né€", None) for n in range(count)]
    return columns, rows


def kept():
    return [(row.symbol, str(row.direction), row.strategy_name, row.entry_time, row.gross_pnl, row.net_pnl, row.pnl_percentage,
             row.extra_metadata, row.exit_logic_name, row.position_id) for row in db.trading.trades.list()]


def clear():
    support.psql(NAME, "DELETE FROM trading_trades; DELETE FROM toy_boxes")


def from_numpy():
    """arrays of numpy, dictionaries, scaled integers and lists are stored as they are, by every way"""
    columns, rows = fill(COUNT)
    for method in (None, "copy", "unnest", "pipeline"):
        clear()
        db.trading.trades.insert_columns(columns, method=method)
        equal(kept(), rows)


def what_was_read():
    """the Columns that columns() gives go back, and so do single ones among others, under other names, too"""
    clear()
    columns, rows = fill(COUNT)
    db.trading.trades.insert_columns(columns)
    for options in ({}, {"plain": True}):
        before = db.trading.trades.list()
        found = db.trading.trades.columns(**options)
        clear()
        db.trading.trades.insert_columns(found)
        equal(db.trading.trades.list(), before)
    clear()
    given = {column.name: column for column in found if column.name not in ("id", "gross_pnl", "entry_time")}
    numbers = found["gross_pnl"]
    db.trading.trades.insert_columns({**given, "gross_pnl": scaled(numbers.numpy(), numbers.scale), "net_pnl": numbers,
                                      "entry_time": numpy.ma.array(found["entry_time"].numpy(), mask=found["entry_time"].mask())})
    equal(kept(), [(*row[:5], row[4], *row[6:]) for row in rows])
    few = db.trading.trades.columns(only=["gross_pnl"], f64=True)
    with raises(tradingdb.Inexact, "trading_trades.gross_pnl: float64 is not exact"):
        db.trading.trades.insert_columns(few)


def every_type():
    """lists of every type come back as they are, NULL and the ends of what a type holds among them"""
    clear()
    boxes.insert_columns(LISTS)
    found = sorted(boxes.list(), key=lambda box: box.code)
    for name, values in LISTS.items():
        equal([getattr(box, name) for box in found], [read(name, value) for value in values])
    columns = boxes.columns(only=[name for name in LISTS if name != "total"])  # infinity is no decimal of 128 bits
    clear()
    boxes.insert_columns(columns)
    again = sorted(boxes.list(), key=lambda box: box.code)
    for name in columns.names:
        equal([getattr(box, name) for box in again], [getattr(box, name) for box in found])


def other_arrays():
    """other shapes of the same: views with gaps, other widths and byte orders, units, categories of pandas, array.array"""
    import pandas
    clear()
    codes = [f"o{n}" for n in range(4)]
    boxes.insert_columns({
        "code": codes, "small": numpy.arange(8, dtype=">i2")[::2], "medium": array("h", [1, 2, 3, 4]),
        "large": numpy.array([1, 2, 3, 4], "u8"), "flag": numpy.array([True, False, True, False]),
        "seen_at": numpy.array(["2024-01-01", "NaT", "2024-01-03", "1969-12-31"], "M8[D]"),
        "title": pandas.Categorical(["a", None, "b", "a€"]), "price": array("q", [1, 2, 3, 4]),
        "ratio": scaled([15, None, -1, 0], 1), "tags": numpy.array([["a"], None, [], ["b", None]], object),
        "other": numpy.frombuffer(bytes(range(64)), "V16")})
    found = sorted(boxes.list(), key=lambda box: box.code)
    equal([box.small for box in found], [0, 2, 4, 6])
    equal([box.medium for box in found], [1, 2, 3, 4])
    equal([box.large for box in found], [1, 2, 3, 4])
    equal([box.flag for box in found], [True, False, True, False])
    equal([box.seen_at for box in found], [START, None, START + timedelta(days=2), datetime(1969, 12, 31, tzinfo=timezone.utc)])
    equal([box.title for box in found], ["a", None, "b", "a€"])
    equal([box.price for box in found], [1, 2, 3, 4])
    equal([box.ratio for box in found], [Decimal("1.5"), None, Decimal("-0.1"), 0])
    equal([box.tags for box in found], [["a"], None, [], ["b", None]])
    equal([box.other for box in found], [UUID(bytes=bytes(range(at, at + 16))) for at in range(0, 64, 16)])
    assert len({box.id for box in found}) == 4


@contextlib.contextmanager
def naming(part):
    """Says which of many cases failed."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{part}: {error}") from None


def refused():
    """what a column cannot be is refused by its name and place; nothing is sent, and the unit goes on"""
    clear()
    code = ["a", "b", "c"]
    wrong = [
        (TypeError, "total: expected integers or objects; a float is not exact", {"total": numpy.array([1.5, 2, 3])}),
        (TypeError, "total[1]: expected Decimal, int or str; a float is not exact", {"total": [1, 2.5, 3]}),
        (TypeError, "total: expected integers; a float is not exact", {"total": array("d", [1, 2, 3])}),
        (TypeError, "total: expected integers in scaled()", {"total": scaled(["1", "2", "3"], 2)}),
        (TypeError, "small: expected values for i64", {"small": scaled([1, 2, 3], 0)}),
        (tradingdb.Invalid, "total[2]: not a number", {"total": [1, None, Decimal("NaN")]}),
        (tradingdb.Range, "toy_boxes.total: more than 38 digits", {"total": [Decimal(1), Decimal("1" * 39), Decimal(1)]}),
        (tradingdb.Inexact, "toy_boxes.ratio: 0.000000001", {"ratio": scaled([10, 1, 10], 9)}),
        (TypeError, "small[1]: expected int, not bool", {"small": [1, True, 2]}),
        (TypeError, "small[2]: expected int, not float", {"small": numpy.array([1, 2, 2.0], object)}),
        (tradingdb.Range, "large[1]: the number does not fit 64 bits", {"large": [1, 2 ** 63, 2]}),
        (tradingdb.Range, "large: a number does not fit 64 bits", {"large": numpy.array([1, 2 ** 63, 2], "u8")}),
        (tradingdb.Range, "toy_boxes.small: 32768 lies outside", {"small": [1, 32768, 2]}),
        (TypeError, "flag[0]: expected bool, not int", {"flag": [1, True, False]}),
        (TypeError, "flag: expected an array for bool, not int64", {"flag": numpy.array([1, 0, 1])}),
        (TypeError, "seen_at: expected an array for timestamp", {"seen_at": numpy.array([1, 2, 3])}),
        (tradingdb.Invalid, "seen_at[1]: the datetime has no time zone", {"seen_at": [None, datetime(2024, 1, 1), None]}),
        (tradingdb.Inexact, "seen_at: a time has more than microseconds",
         {"seen_at": numpy.array(["2024-01-01T00:00:00.000000000", "2024-01-01T00:00:00.000000001", "NaT"], "M8[ns]")}),
        (TypeError, "title[2]: expected str, not int", {"title": ["a", "b", 3]}),
        (TypeError, "title[2]: expected str, not float", {"title": numpy.array(["a", "b", float("nan")], object)}),
        (tradingdb.Encoding, "toy_boxes.title: the text has a NUL byte (at byte 1)", {"title": ["a", "b\0c", "d"]}),
        (tradingdb.Encoding, "title[1]: the text holds a lone surrogate", {"title": ["a", "\ud800", "d"]}),
        (tradingdb.Encoding, "the text holds a lone surrogate", {"title": ["a", "\ud800", "a", "a"], "code": [*code, "d"]}),
        (tradingdb.Range, "toy_boxes.code: 13 characters", {"code": ["a", "x" * 13, "c"]}),
        (tradingdb.Invalid, "toy_boxes.side: \"up\" is none of", {"side": ["left", "up", "left"]}),
        (TypeError, "doc[1]: expected a dict or list", {"doc": [{}, "text", {}]}),
        (TypeError, "payload[1]: expected bytes", {"payload": [b"", "text", b""]}),
        (TypeError, "tags[1]: expected a list of str", {"tags": [[], "text", []]}),
        (tradingdb.Invalid, "code 2 is not in a dictionary of 2 texts", {"title": coded([0, 2, 1], ["a", "b"])}),
        (tradingdb.Range, "the codes do not fit 32 bits", {"title": coded(numpy.array([0, 2 ** 40, 1]), ["a", "b"])}),
        (TypeError, "title: expected integers as codes", {"title": coded(numpy.array([0.0, 1.0, 1.0]), ["a", "b"])}),
        (tradingdb.Invalid, "2 dimensions", {"small": numpy.zeros((3, 3), "i8")}),
        (tradingdb.Invalid, "2 values, but code has 3", {"small": [1, 2]}),
        (tradingdb.Invalid, "there is no column nothing", {"nothing": [1, 2, 3]}),
        (TypeError, "names of columns", {5: [1, 2, 3]}),
        (TypeError, "title: expected a column of values, not str", {"title": "abc"}),
        (tradingdb.NotNull, "toy_boxes.code: the column is not given", None),
    ]
    rows = {"total[2]": 2, "large[1]": 1, "toy_boxes.small": 1, "NUL": 1, "none of": 1, "more than micro": 1, "dictionary": 1,
            "lone surrogate": 1, "toy_boxes.total": 1, "toy_boxes.ratio": 1, "no time zone": 1}
    with db.unit_of_work() as uow:
        inside = toy.ToyDomain(uow).boxes
        for kind, part, columns in wrong:
            with naming(part), raises(kind, part) as caught:
                inside.insert_columns({"flag": [True] * 3} if columns is None else {"code": code, **columns})
            for words, row in rows.items():
                if words in part and kind is not TypeError:
                    equal((part, caught.error.row), (part, row))
        for columns in (5, "code", None, [["a"]]):
            with raises(TypeError, "columns: expected Columns, or a mapping"):
                inside.insert_columns(columns)
        with raises(tradingdb.Invalid, "no columns are given"):
            inside.insert_columns({})
        inside.insert_columns({"code": code})
    equal(boxes.count(), 3)
    assert "secret" not in str(caught.error)


def the_server_s():
    """what only the server finds names the row, and a listener may stop the call"""
    clear()
    columns, _ = fill(COUNT)
    columns["bot_id"][777] = bot.id + 1
    with raises(tradingdb.Reference) as caught:
        db.trading.trades.insert_columns(columns)
    equal(caught.error.row, 777)
    columns["bot_id"][777] = bot.id
    heard = []
    with raises(tradingdb.Cancelled):
        db.trading.trades.insert_columns(columns, progress=lambda *at: heard.append(at) or len(heard) < 2, progress_every=1000)
    equal(heard, [(1000, COUNT), (2000, COUNT)])
    equal(db.trading.trades.count(), 0)


def none_at_all():
    """columns without values are stored without a word to the server"""
    clear()
    columns, _ = fill(0)
    db.trading.trades.insert_columns(columns)
    equal(db.trading.trades.count(), 0)


def without_numpy():
    """lists and array.array need no numpy"""
    script = ("import sys\nsys.modules['numpy'] = None\nimport tradingdb, array\nfrom decimal import Decimal\n"
              "with tradingdb.open(sys.argv[1]) as db:\n"
              "    db.trading.positions.insert_columns({'bot_id': array.array('q', [int(sys.argv[2])] * 2),"
              " 'trade_type': tradingdb.coded([0, 0], ['paper']), 'symbol': ['A', 'B'], 'direction': ['long', 'long'],"
              " 'opened_at': [tradingdb.INFINITY] * 2, 'qty_open': [Decimal('1.5'), 2],"
              " 'avg_price': tradingdb.scaled([5, 6], 1), 'realized_pnl': [0, 0], 'status': ['closed', 'closed']})\n"
              "    print([row.avg_price for row in db.trading.positions.list()])\n")
    status, out, errors = support.run_python(script, URL, str(bot.id))
    equal((status, errors), (0, ""))
    equal(out.strip(), "[Decimal('0.5'), Decimal('0.6')]")


tap.run(from_numpy, what_was_read, every_type, other_arrays, refused, the_server_s, none_at_all, without_numpy)
