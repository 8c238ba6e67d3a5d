# SPDX-License-Identifier: MIT
"""DuckDB, which knows nothing of this package, takes columns over through __arrow_c_stream__(): decimals, times in UTC,
dictionaries and NULLs are what list() gives."""
import ctypes
import gc
import os
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import support
import tap
from support import equal

support.prepare()
import duck  # noqa: E402
import tradingdb  # noqa: E402

ROWS = 3000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def trades(bot):
    """Values of every sort, NULLs in every nullable column."""
    first = datetime(1969, 12, 31, 23, 59, 59, 999999, timezone.utc)
    for n in range(ROWS):
        yield {"bot_id": bot, "trade_type": "paper", "interval": "1h", "entry_logic_name": f"in{n}", "exit_logic_name": "out",
               "direction": "short" if n % 3 else "long", "status": "open", "symbol": f"S{n % 5}",
               "entry_price": Decimal(n) + Decimal("0.123456789012345678901234"), "net_pnl": Decimal(-n).scaleb(-7),
               "size": Decimal(n) / 8 if n % 7 else None, "strategy_name": f"é€{n % 3}" if n % 2 else None,
               "entry_time": first + timedelta(hours=17 * n, microseconds=n) if n % 11 else None,
               "extra_metadata": {"n": n} if n % 13 else None}


def digits(value):
    """A decimal without the zeros that its column's scale adds."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def expected(row, name):
    value = getattr(row, name)
    if value is None:
        return None
    if isinstance(value, Decimal):
        return digits(value)
    if isinstance(value, datetime):
        return str((value - EPOCH) // timedelta(microseconds=1))
    return str(value)


def every_value():
    """DuckDB reads from a capsule what list() gives, when columns and database are gone"""
    if os.environ.get("TRDB_TEST_VARIANT", "plain") != "plain":
        print("# skipped: DuckDB is no part of this variant")
        return
    library = duck.library()
    if library is None:
        return
    db = tradingdb.open(support.database())
    user = db.users.authenticate_user("telegram", "1")
    bot = db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={})
    db.trading.trades.insert_many(trades(bot.id), returning=False)
    capsule = db.trading.trades.columns(order_by="id").__arrow_c_stream__()
    rows = db.trading.trades.list(order_by="id")
    equal(len(rows), ROWS)
    db.close()
    del db
    gc.collect()

    reader = duck.Duck(library)
    pointer = ctypes.PyDLL(None).PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    reader.scan("trades", pointer(capsule, b"arrow_array_stream"))
    reader.ask("CREATE TABLE kept AS SELECT * FROM trades")
    types = reader.types("kept")
    equal((types["entry_price"], types["entry_time"], types["id"]), ("DECIMAL(38,24)", "TIMESTAMP WITH TIME ZONE", "BIGINT"))
    assert types["symbol"] == "VARCHAR" or types["symbol"].startswith("ENUM"), types["symbol"]
    for name in ("id", "bot_id", "direction", "symbol", "entry_price", "size", "net_pnl", "strategy_name", "entry_time"):
        asked = {"TIMESTAMP WITH TIME ZONE": f"epoch_us({name})"}.get(types[name], name)
        found = reader.ask(f"SELECT ({asked})::VARCHAR FROM kept ORDER BY id")
        if types[name].startswith("DECIMAL"):
            found = [value and digits(Decimal(value)) for value in found]
        equal((name, found), (name, [expected(row, name) for row in rows]))
    equal(reader.ask("SELECT count(*)::VARCHAR FROM kept WHERE extra_metadata IS NULL"), [str(len(range(0, ROWS, 13)))])
    del capsule
    gc.collect()


tap.run(every_value)
