# SPDX-License-Identifier: MIT
"""DuckDB, which knows nothing of this library, reads the Arrow stream: every value is what psql says; see duck.py."""
import ctypes
import os
import pathlib
import subprocess

import duck
import tap

BUILD = pathlib.Path(os.environ["TRDB_TEST_BUILD"])
DIRECT = os.environ.get("TRDB_TEST_DIRECT", os.environ["TRDB_TEST_HOST"])
NAME = f"arrow_{os.getpid()}"
URL = f"host={DIRECT} user=tester dbname={NAME}"

ROWS = """
INSERT INTO usr_users DEFAULT VALUES;
INSERT INTO trading_bots (user_id, type, status, config) SELECT id, 'paper', 'running', '{}' FROM usr_users;
INSERT INTO trading_trades (bot_id, trade_type, interval, entry_logic_name, exit_logic_name, direction, status, symbol,
    entry_price, size, net_pnl, strategy_name, entry_time, extra_metadata)
SELECT b.id, 'paper', '1h', 'in' || n, 'out', CASE WHEN n % 3 = 0 THEN 'short' ELSE 'long' END, 'open', 'S' || n % 5,
    n + 0.123456789012345678901234, CASE WHEN n % 7 > 0 THEN n / 8.0 END, -n * 0.0000001, CASE WHEN n % 2 = 0 THEN 'é€' || n % 3 END,
    '1999-12-31 23:59:59.999999+00'::timestamptz + n * interval '17 hours 1 microsecond', jsonb_build_object('n', n)
FROM trading_bots b, generate_series(1, 3000) n;
"""
COLUMNS = ("id", "bot_id", "direction", "symbol", "entry_price", "size", "net_pnl", "strategy_name", "extra_metadata",
           "entry_logic_name")


class Stream(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("get_schema", "get_next", "get_last_error", "release", "private")]


def psql(url, sql):
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", url], input="SET TimeZone = 'UTC';" + sql,
                          env={**os.environ, "LD_PRELOAD": ""}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def export():
    """(library, columns, stream) of all trades."""
    library = ctypes.CDLL(str(BUILD / "lib" / "libtradingdb.so.0"))
    database, unit, columns = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
    assert library.trdb_open(URL.encode(), None, ctypes.byref(database), None) == 0
    assert library.trdb_uow_begin(database, None, ctypes.byref(unit), None) == 0
    assert library.trdb_trading_trades_columns(unit, None, None, ctypes.byref(columns), None) == 0
    library.trdb_uow_free(unit)
    library.trdb_db_free(database)
    stream = Stream()
    assert library.trdb_columns_export_arrow(columns, ctypes.byref(stream), None) == 0
    return library, columns, stream


def every_value():
    """DuckDB reads what psql says"""
    if os.environ.get("TRDB_TEST_VARIANT", "plain") != "plain":
        print("# skipped: DuckDB is no part of this variant")
        return
    library = duck.library()
    if library is None:
        return
    psql(f"host={DIRECT} user=tester dbname=postgres", f"CREATE DATABASE {NAME} TEMPLATE trdb_template")
    try:
        psql(URL, ROWS)
        ours, columns, stream = export()
        reader = duck.Duck(library)
        reader.scan("trades", ctypes.addressof(stream))
        reader.ask("CREATE TABLE kept AS SELECT * FROM trades")
        ours.trdb_columns_free(columns)
        types = reader.types("kept")
        assert types["entry_price"] == "DECIMAL(38,24)", types["entry_price"]
        assert types["entry_time"] == "TIMESTAMP WITH TIME ZONE", types["entry_time"]
        for column in COLUMNS:
            # DuckDB writes all digits of the scale; psql those that the value has.
            cast = "trim_scale({0})" if types[column].startswith("DECIMAL") else "{0}"
            wanted = psql(URL, f"SELECT coalesce({cast.format(column)}::text, '-') FROM trading_trades ORDER BY id").splitlines()
            found = ["-" if value is None else value for value in
                     reader.ask(f"SELECT {column}::VARCHAR FROM kept ORDER BY id")]
            if types[column].startswith("DECIMAL"):
                found = [value.rstrip("0").rstrip(".") if "." in value else value for value in found]
            assert len(found) == 3000 and found == wanted, (column, [p for p in zip(found, wanted) if p[0] != p[1]][:3])
        wanted = psql(URL, "SELECT (extract(epoch FROM entry_time) * 1000000)::bigint FROM trading_trades ORDER BY id")
        assert reader.ask("SELECT epoch_us(entry_time)::VARCHAR FROM kept ORDER BY id") == wanted.splitlines()
    finally:
        psql(f"host={DIRECT} user=tester dbname=postgres", f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


if __name__ == "__main__":
    tap.run(every_value)
