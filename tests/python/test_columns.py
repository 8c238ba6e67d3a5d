# SPDX-License-Identifier: MIT
"""Columns, streams and handles: values as they are stored, buffers that live as long as somebody reads them."""
import ctypes
import gc
import importlib.util
import os
import random
import sys
import weakref
from datetime import datetime, timedelta, timezone
from decimal import Context, Decimal

DEBIAN = "/usr/bin/python3"
if not importlib.util.find_spec("pandas") and os.path.realpath(sys.executable) != os.path.realpath(DEBIAN):
    os.execv(DEBIAN, [DEBIAN, *sys.argv])  # Debian's own has numpy and pandas, whatever python3 is in PATH

import support  # noqa: E402
import tap  # noqa: E402
from support import equal, raises  # noqa: E402

support.prepare()
import tradingdb  # noqa: E402
from tradingdb import _arrow, _c  # noqa: E402

URL = support.database()
db = tradingdb.open(URL)
user = db.users.authenticate_user("telegram", "1")
bot = db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={})
BASE = {"bot_id": bot.id, "trade_type": "paper", "entry_logic_name": "in", "exit_logic_name": "out", "interval": "1m",
        "status": "open"}


def fill(count):
    """Trades with values of every sort, and NULLs in every nullable column."""
    draw = random.Random(3)
    start = datetime(2024, 1, 1, tzinfo=timezone.utc)
    return [{**BASE, "symbol": draw.choice(["BTC", "ETH", "é\u2603"]), "direction": draw.choice(["long", "short"]),
             "strategy_name": draw.choice([None, "s"]), "exit_reason": draw.choice([None, f"reason {n}"]),
             "entry_time": draw.choice([None, start + timedelta(minutes=n, microseconds=n)]),
             "entry_price": draw.choice([None, Decimal(n) / 8, Decimal("99999999999999.999999999999999999999999")]),
             "net_pnl": Decimal(draw.randrange(-10 ** 9, 10 ** 9)).scaleb(-8),
             "extra_metadata": draw.choice([None, {"n": n, "x": [1, "é"]}])} for n in range(count)]


db.trading.trades.insert_many(fill(20000), returning=False)
listed = db.trading.trades.list()


def rows_of_columns():
    """rows made of columns equal those of a list, over several batches, with NULLs, wide decimals and other alphabets"""
    columns = db.trading.trades.columns()
    equal(len(columns), len(listed))
    rows = columns.rows()
    equal(rows, listed)
    assert type(rows[0]) is tradingdb.TradingTrade and rows[0].direction in tradingdb.TradingDirection
    equal(db.trading.trades.columns(symbol="BTC", limit=10).rows(), [row for row in listed if row.symbol == "BTC"][:10])
    equal(db.trading.trades.columns(symbol="none").rows(), [])
    equal(columns["symbol"].tolist(), [row.symbol for row in listed])
    equal(sorted(columns["symbol"].categories), sorted({row.symbol for row in listed}))
    wrong = db.trading.trades.columns(f64=True)
    with raises(ValueError, "default form"):
        wrong.rows()


def chosen_columns():
    """columns come as asked: some of them, in another form"""
    columns = db.trading.trades.columns(only={"net_pnl": "f64", "symbol": "plain", "id": "default"}, limit=5)
    equal([(column.name, column.kind) for column in columns], [("net_pnl", "f64"), ("symbol", "text"), ("id", "i64")])
    equal(columns["net_pnl"].tolist(), [float(row.net_pnl) for row in listed[:5]])
    equal(db.trading.trades.columns(only=["id"], descending=True, order_by="id", limit=1)["id"].tolist(), [listed[-1].id])
    with raises(tradingdb.Invalid, "there is no column nothing"):
        db.trading.trades.columns(only=["nothing"])
    with raises(tradingdb.Invalid, "the form of id is none of"):
        db.trading.trades.columns(only={"id": "wide"})
    with raises(TypeError, "only: expected"):
        db.trading.trades.columns(only="id")
    with raises(KeyError):
        columns["size"]


def in_numpy():
    """numpy reads the library's own buffers, which outlive everything else that knew them"""
    import numpy
    columns = db.trading.trades.columns()
    alive = weakref.ref(columns._handle)
    ids, prices, times = columns["id"], columns["entry_price"], columns["entry_time"]
    array = ids.numpy()
    equal(array.tolist(), [row.id for row in listed])
    assert array.dtype == numpy.int64 and not array.flags.owndata and not array.flags.writeable
    equal(prices.mask().tolist(), [row.entry_price is None for row in listed])
    whole = prices.numpy()
    equal([(int(high) << 64 | int(low)) for low, high in zip(whole["low"][:99], whole["high"][:99])],
          [int((row.entry_price or Decimal(0)).scaleb(prices.scale, Context(prec=60))) for row in listed[:99]])
    floats = columns["net_pnl"].float64()
    assert numpy.allclose(floats, [float(row.net_pnl) for row in listed], rtol=1e-15)
    equal([time for time in times.numpy().tolist() if time != datetime(1970, 1, 1)],
          [row.entry_time.replace(tzinfo=None) for row in listed if row.entry_time])
    del columns, ids, prices, times, whole
    gc.collect()
    assert alive() is not None
    equal(array[-1], listed[-1].id)
    del array
    gc.collect()
    assert alive() is None


def in_pandas():
    """to_pandas() keeps decimals exact unless floats are wanted, texts as categories, times in UTC, NULLs as missing"""
    frame = db.trading.trades.columns().to_pandas()
    equal(list(frame.columns), [field.name for field in _c.fields("trdb_trading_trade")])
    equal(frame["net_pnl"].tolist(), [row.net_pnl for row in listed])
    equal(frame["symbol"].dtype.name, "category")
    equal(frame["symbol"].astype(object).tolist(), [row.symbol for row in listed])
    equal(str(frame["entry_time"].dt.tz), "UTC")
    equal([None if missing else time.to_pydatetime() for time, missing in zip(frame["entry_time"], frame["entry_time"].isna())],
          [row.entry_time for row in listed])
    assert frame["position_id"].isna().all()
    floats = db.trading.trades.columns().to_pandas(decimals="float64")
    equal(floats["net_pnl"].dtype.name, "float64")
    with raises(ValueError, "decimals"):
        db.trading.trades.columns(limit=1).to_pandas(decimals="double")


def capsules():
    """Arrow's capsules hold a stream and a schema that say what the columns are, and release what nobody took"""
    columns = db.trading.trades.columns(limit=100)
    pointer = ctypes.pythonapi.PyCapsule_GetPointer  # of all packages in the process, each of which gives it types
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    capsule = columns.__arrow_c_stream__()
    address = pointer(capsule, b"arrow_array_stream")
    stream = _arrow.Stream.from_address(address)
    batch = (ctypes.c_void_p * 10)()
    get_next = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(stream[1])
    equal(get_next(address, ctypes.addressof(batch)), 0)
    equal(batch[0], 100)
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(batch[8])(ctypes.addressof(batch))
    schema = columns.__arrow_c_schema__()
    address = pointer(schema, b"arrow_schema")
    equal(ctypes.string_at(_arrow.Schema.from_address(address)[0]), b"+s")
    equal(_arrow.Schema.from_address(address)[4], len(columns.names))
    held = len(_arrow._alive)
    assert held >= 2
    del capsule, schema, stream
    gc.collect()
    equal(len(_arrow._alive), held - 2)


def streamed():
    """a stream gives every row once, in batches, between which its unit works; abandoned, it leaves the unit usable"""
    with db.unit_of_work() as uow:
        stream = uow.trading.trades.stream(batch_rows=3000)
        batches = stream.batches()
        first = next(batches)
        equal(len(first), 3000)
        extra = uow.trading.trades.insert(**BASE, symbol="BTC", direction="long")
        rows = first + [row for batch in batches for row in batch]
        equal(rows, listed)
        uow.trading.trades.delete(extra.id)
        for row in uow.trading.trades.stream(batch_rows=10):
            break
        equal(uow.trading.trades.count(), len(listed))
    equal([row.id for row in db.trading.trades.stream(symbol="BTC")], [row.id for row in listed if row.symbol == "BTC"])
    with db.trading.trades.stream(batch_rows=10) as stream:
        equal(next(iter(stream)).id, listed[0].id)
    with raises(tradingdb.Range, ""):
        db.trading.trades.stream(batch_rows=-1)


def handles():
    """a handle stands for a key that is not known yet, in writes of its unit and nowhere else"""
    with db.unit_of_work() as uow:
        position = uow.trading.positions.insert_ref(bot_id=bot.id, trade_type="paper", symbol="REF", direction="long",
                                                    opened_at=datetime.now(timezone.utc), qty_open=1, avg_price="2.5",
                                                    realized_pnl=0, status="open")
        trade = uow.trading.trades.insert(**BASE, symbol="REF", direction="long", position_id=position)
        equal(trade.position_id, position.key)
        uow.trading.trades.patch(listed[0].id, position_id=position)
        uow.trading.trades.insert_ref(**BASE, symbol="REF", direction="long", position_id=position)
        uow.trading.bots.update(bot.id, total_pnl=5)
        equal(uow.trading.trades.count(position_id=position.key), 3)
        equal(uow.trading.bots.get(bot.id).total_pnl, 5)
        assert "Ref" in repr(position)
    with db.unit_of_work() as uow:
        with raises(tradingdb.Invalid):
            uow.trading.trades.insert(**BASE, symbol="REF", direction="long", position_id=position)
        uow.rollback()
    with raises(tradingdb.State, "insert_ref"):
        db.trading.trades.insert_ref(**BASE, symbol="REF", direction="long")
    with db.unit_of_work() as uow, raises(TypeError, "symbol"):
        uow.trading.trades.insert(**BASE, symbol=position, direction="long")


tap.run(rows_of_columns, chosen_columns, in_numpy, in_pandas, capsules, streamed, handles)
