# SPDX-License-Identifier: MIT
"""DuckDB, which knows nothing of this library, reads the Arrow stream: every value is what psql says.

Its C library comes from npm into the build folder. Without a way to npm the test is skipped and says so, but for
TRDB_TEST_ONLINE=1."""
import ctypes
import os
import pathlib
import subprocess

import tap

BUILD = pathlib.Path(os.environ["TRDB_TEST_BUILD"])
PACKAGE = "@duckdb/node-bindings-linux-x64"
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


def duckdb():
    """DuckDB's library, or None and why."""
    folder = BUILD / "duckdb"
    library = folder / "node_modules" / PACKAGE / "libduckdb.so"
    if not library.exists():
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE],
                              env={**os.environ, "LD_PRELOAD": ""}, capture_output=True, text=True)
        if done.returncode or not library.exists():
            return None, done.stderr.strip().splitlines()[-1:]
    return ctypes.CDLL(str(library)), None


class Duck:
    """A database in memory, asked in SQL."""

    def __init__(self, library):
        self.library = library
        library.duckdb_value_varchar.restype = ctypes.c_void_p
        library.duckdb_value_varchar.argtypes = [ctypes.c_void_p, ctypes.c_uint64, ctypes.c_uint64]
        library.duckdb_row_count.restype = ctypes.c_uint64
        library.duckdb_result_error.restype = ctypes.c_char_p
        database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        assert library.duckdb_open(None, ctypes.byref(database)) == 0
        assert library.duckdb_connect(database, ctypes.byref(self.connection)) == 0

    def ask(self, sql):
        """The rows, every value as text."""
        result = (ctypes.c_uint64 * 16)()
        if self.library.duckdb_query(self.connection, sql.encode(), ctypes.byref(result)) != 0:
            raise AssertionError(self.library.duckdb_result_error(ctypes.byref(result)).decode())
        found = []
        for row in range(self.library.duckdb_row_count(ctypes.byref(result))):
            text = self.library.duckdb_value_varchar(ctypes.byref(result), 0, row)
            found.append(ctypes.string_at(text).decode() if text else None)
        return found


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
    library, problem = duckdb()
    if library is None:
        assert os.environ.get("TRDB_TEST_ONLINE") != "1", problem
        print(f"# skipped: DuckDB cannot be had: {problem}")
        return
    psql(f"host={DIRECT} user=tester dbname=postgres", f"CREATE DATABASE {NAME} TEMPLATE trdb_template")
    try:
        psql(URL, ROWS)
        ours, columns, stream = export()
        duck = Duck(library)
        assert library.duckdb_arrow_scan(duck.connection, b"trades", ctypes.byref(stream)) == 0
        duck.ask("CREATE TABLE kept AS SELECT * FROM trades")
        ours.trdb_columns_free(columns)
        types = dict(zip(duck.ask("SELECT column_name FROM duckdb_columns() WHERE table_name = 'kept' ORDER BY 1"),
                         duck.ask("SELECT data_type FROM duckdb_columns() WHERE table_name = 'kept' ORDER BY column_name")))
        assert types["entry_price"] == "DECIMAL(38,24)", types["entry_price"]
        assert types["entry_time"] == "TIMESTAMP WITH TIME ZONE", types["entry_time"]
        for column in COLUMNS:
            # DuckDB writes all digits of the scale; psql those that the value has.
            cast = "trim_scale({0})" if types[column].startswith("DECIMAL") else "{0}"
            wanted = psql(URL, f"SELECT coalesce({cast.format(column)}::text, '-') FROM trading_trades ORDER BY id").splitlines()
            found = ["-" if value is None else value for value in
                     duck.ask(f"SELECT {column}::VARCHAR FROM kept ORDER BY id")]
            if types[column].startswith("DECIMAL"):
                found = [value.rstrip("0").rstrip(".") if "." in value else value for value in found]
            assert len(found) == 3000 and found == wanted, (column, [p for p in zip(found, wanted) if p[0] != p[1]][:3])
        wanted = psql(URL, "SELECT (extract(epoch FROM entry_time) * 1000000)::bigint FROM trading_trades ORDER BY id")
        assert duck.ask("SELECT epoch_us(entry_time)::VARCHAR FROM kept ORDER BY id") == wanted.splitlines()
    finally:
        psql(f"host={DIRECT} user=tester dbname=postgres", f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


if __name__ == "__main__":
    tap.run(every_value)
