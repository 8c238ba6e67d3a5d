# SPDX-License-Identifier: MIT
"""DuckDB, which knows nothing of this library, as a consumer of Arrow streams. Its C library comes from npm into the
build folder; without a way to npm tests are skipped and say so, but for TRDB_TEST_ONLINE=1."""
import ctypes
import os
import pathlib
import subprocess

PACKAGE = "@duckdb/node-bindings-linux-x64"


def library():
    """DuckDB's library, or None where it cannot be had."""
    folder = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "duckdb"
    path = folder / "node_modules" / PACKAGE / "libduckdb.so"
    if not path.exists():
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), PACKAGE],
                              env={**os.environ, "LD_PRELOAD": ""}, capture_output=True, text=True)
        if done.returncode or not path.exists():
            problem = done.stderr.strip().splitlines()[-1:]
            assert os.environ.get("TRDB_TEST_ONLINE") != "1", problem
            print(f"# skipped: DuckDB cannot be had: {problem}")
            return None
    return ctypes.CDLL(str(path))


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

    def scan(self, name, stream):
        """Makes a view of a stream, which DuckDB then owns."""
        assert self.library.duckdb_arrow_scan(self.connection, name.encode(), ctypes.c_void_p(stream)) == 0

    def types(self, table):
        return dict(zip(self.ask(f"SELECT column_name FROM duckdb_columns() WHERE table_name = '{table}' ORDER BY 1"),
                        self.ask(f"SELECT data_type FROM duckdb_columns() WHERE table_name = '{table}' ORDER BY column_name")))
