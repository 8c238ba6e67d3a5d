# SPDX-License-Identifier: MIT
"""The library from Python: python_peer.py WORKLOAD VARIANT N, with the workloads of library_peer.c and their figures.

The server comes from the PG* environment. TRADINGDB_LIBRARY and PYTHONPATH say which library and package, unless they
are those of this tree and its folder build-bench.
"""
import ctypes
import datetime
import decimal
import itertools
import os
import pathlib
import sys

import others_peer
from others_peer import GIVEN, Clock, random_keys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "bindings" / "python"))
os.environ.setdefault("TRADINGDB_LIBRARY", str(SOURCE / "build-bench" / "lib" / "libtradingdb.so.0"))
import tradingdb  # noqa: E402


def trade(i):
    """The keywords of a trade; the document is text, as the other drivers get it."""
    values = dict(zip(GIVEN, others_peer.trade(i)))
    return {**values, "extra_metadata": tradingdb.JsonText(values["extra_metadata"])}


def database(schema=None):
    """A database of one connection, and the server process of that."""
    events = []
    db = tradingdb.open("postgresql://", schema=schema, trace=lambda event: events.append(event) if not events else None)
    db.trading.bots.count()
    backend = events[0].backend_pid
    db._tracer.trace = False  # a listener would be asked at every call
    return db, backend


def repeat(backend, count, operation):
    warm = count // 10 + 1
    for i in range(warm):
        operation(i)
    clock = Clock(backend)
    for i in range(warm, warm + count):
        operation(i)
    clock.report(count)


def insert_one(uow, values):
    uow.trading.trades.insert_ref(**values)


def unit_of_work(uow, values):
    """Position, trade that refers to it, bot."""
    position = uow.trading.positions.insert_ref(
        bot_id=1, trade_type="paper", symbol=values["symbol"], direction=values["direction"],
        opened_at=values["entry_time"], qty_open=values["size"], avg_price=values["entry_price"], realized_pnl=0,
        status="closed")
    uow.trading.trades.insert_ref(**{**values, "position_id": position})
    uow.trading.bots.update(2, last_heartbeat=values["exit_time"], current_balance=values["net_pnl"],
                            total_pnl=values["net_pnl"])


def units(body, variant, count):
    """`fast`: COMMIT shares the flush of the writes; `safe`: the transaction's id is learnt first."""
    db, backend = database("w")
    trades = [trade(i) for i in range(1000)]

    def operation(i):
        with db.unit_of_work(pipeline=True, fast_commit=variant == "fast") as uow:
            body(uow, trades[i % 1000])
    repeat(backend, count, operation)


def w3(variant, count):
    """`get`: one row a call; `batch`: 16 gets in a batch."""
    db, backend = database()
    keys = random_keys(db.trading.trades.columns(only=["id"], order_by="id", descending=True, limit=1)["id"].tolist()[0])
    with db.unit_of_work(read_only=True) as uow:
        trades = uow.trading.trades
        if variant == "get":
            repeat(backend, count, lambda _: trades.get(next(keys)))
            return
        warm = count // 160 + 1
        for turn in range(warm + count // 16):
            if turn == warm:
                clock = Clock(backend)
            with uow.batch() as batch:
                found = [batch.add(trades.get, key) for key in itertools.islice(keys, 16)]
            assert [later.result().id for later in found]
        clock.report(count // 16 * 16)


def trade_columns(count):
    """The trades of a program that has its data in columns: what repeats as codes, amounts as integers of a scale."""
    import numpy
    found = {}
    for name, values in zip(GIVEN, zip(*map(others_peer.trade, range(count)))):
        if isinstance(values[0], decimal.Decimal):
            found[name] = tradingdb.scaled(numpy.array([int(value.scaleb(8)) for value in values]), 8)
        elif isinstance(values[0], datetime.datetime):
            found[name] = numpy.array([value.replace(tzinfo=None) for value in values], "M8[us]")
        elif name == "extra_metadata":
            found[name] = list(map(tradingdb.JsonText, values))
        elif isinstance(values[0], str):
            texts, codes = numpy.unique(values, return_inverse=True)
            found[name] = tradingdb.coded(codes.astype("i4"), texts.tolist())
        else:
            found[name] = numpy.array(values)
    return found


def w4(variant, count):
    """`columns`: arrays of numpy and a list of documents; `objects`: a dict a row; `keys`: the same, and their keys."""
    db, backend = database("w")
    if variant == "columns":
        columns = trade_columns(count)
        clock = Clock(backend)
        db.trading.trades.insert_columns(columns)
        clock.report(count)
        return
    trades = [trade(i) for i in range(count)]
    clock = Clock(backend)
    if variant == "objects":
        db.trading.trades.insert_many(trades, returning=False)
    else:
        assert len(db.trading.trades.insert_keys(trades)) == count
    clock.report(count)


def w5(variant, count):
    """`columns`: numpy arrays of every column that numpy has a type for; `arrow`: a stream, read to its end by Arrow's
    rules; `objects`: rows."""
    db, backend = database()
    clock = Clock(backend)
    columns = db.trading.trades.columns(bot_id=1, limit=count, order_by="any")
    if variant == "columns":
        found = {column.name: column.numpy() for column in columns if column.kind not in ("text", "json")}
        assert len(found["id"]) == count
    elif variant == "arrow":
        assert arrow_rows(columns.__arrow_c_stream__()) == count
    else:
        assert len(columns.rows()) == count
    clock.report(count)


class ArrowArray(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")] + [
        (name, ctypes.c_void_p) for name in ("buffers", "children", "dictionary", "release", "private_data")]


def arrow_rows(capsule):
    """Takes a stream over and reads it to its end, as a consumer does: every batch is fetched, and released."""
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    address = pointer(capsule, b"arrow_array_stream")
    stream = (ctypes.c_void_p * 5).from_address(address)  # get_schema, get_next, get_last_error, release, private_data
    get_next = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(stream[1])
    rows, batch = 0, ArrowArray()
    while get_next(address, ctypes.addressof(batch)) == 0 and batch.release:
        rows += batch.length
        ctypes.CFUNCTYPE(None, ctypes.c_void_p)(batch.release)(ctypes.addressof(batch))
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(stream[3])(address)
    return rows


def main():
    workload, variant, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if workload in ("w1", "w2"):
        units({"w1": insert_one, "w2": unit_of_work}[workload], variant, count)
    else:
        {"w3": w3, "w4": w4, "w5": w5}[workload](variant, count)


if __name__ == "__main__":
    main()
