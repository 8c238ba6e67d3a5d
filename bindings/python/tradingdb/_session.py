# SPDX-License-Identifier: MIT
"""Databases and units of work."""
from __future__ import annotations

import ctypes
import struct
import sys
import warnings
import weakref
from collections.abc import Callable
from ctypes import byref
from types import TracebackType
from typing import Any, Generic, TypeVar

from tradingdb import _c
from tradingdb._batch import Batch
from tradingdb._call import call
from tradingdb._encode import Keep, utf8
from tradingdb._errors import Error
from tradingdb._generated.core import Capabilities, DbStats, Finding
from tradingdb._generated.domains import Domains, Units
from tradingdb._generated.errors import State
from tradingdb._library import check, exception, function
from tradingdb._row import layout
from tradingdb._stream import Stream
from tradingdb._struct import OptionsStruct, flag_names
from tradingdb._trace import Trace, Tracer
from tradingdb._values import Ref, Token

T = TypeVar("T")
_db_options = OptionsStruct("trdb_db_options")
_uow_options = OptionsStruct("trdb_uow_options")
_run_options = OptionsStruct("trdb_run_options")
_READING = _uow_options.struct.pack({"flags": flag_names("uow_flags")["autocommit"]}, Keep())
_unit_function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class Database(Domains, Units):
    """A pool of connections to one database, made by tradingdb.open(). Any number of threads may share it; a process
    made by fork() must open its own, and gets Forked from this one.

    Domains are attributes: `db.trading.close_trade(…)` opens a unit of work for the call, commits it and gives the
    result. Several calls that belong together go into one unit: `with db.unit_of_work() as uow:`."""

    def __init__(self, url: str | None, values: dict[str, Any], trace: Trace) -> None:
        keep, error, handle = Keep(), ctypes.c_void_p(), ctypes.c_void_p()
        self._url, self._schema = url, values["schema"]
        conninfo = None if url is None else utf8(url, "url")
        check(function("trdb_open")(conninfo, _db_options.pack(values, keep), byref(handle),
                                    byref(error)), error)
        self._handle = handle
        self._tracer = Tracer(trace)
        self._closed = False
        # Freed when nothing can use it any more, and not at exit, when another thread may be in the middle of a call.
        weakref.finalize(self, function("trdb_db_free"), handle).atexit = False

    def _begin(self, values: dict[str, Any]) -> UnitOfWork:
        keep = Keep()
        return self._begin_packed(_uow_options.pack(values, keep), values["token"])

    def _begin_reading(self) -> UnitOfWork:
        """For one call that reads: no transaction, and one round trip."""
        return self._begin_packed(_READING, False)

    def _begin_packed(self, options: bytes | None, wants_token: bool) -> UnitOfWork:
        error, handle = ctypes.c_void_p(), ctypes.c_void_p()
        self._tracer.install(self._handle)
        code = function("trdb_uow_begin")(self._handle, options, byref(handle), byref(error))
        if code < 0:
            raise exception(code, error)
        return UnitOfWork(self, handle, True, wants_token)

    def _run(self, work: Callable[[UnitOfWork], T], values: dict[str, Any]) -> T:
        keep, error, results = Keep(), ctypes.c_void_p(), _Attempt[T]()
        options = _c.ctype("trdb_run_options").from_buffer_copy(
            _run_options.pack(values, keep) or struct.pack("=Q", _c.sizeof("trdb_run_options")).ljust(
                _c.sizeof("trdb_run_options"), b"\0"))
        of_unit = {name.removeprefix("unit_"): value for name, value in values.items() if name.startswith("unit_")}
        unit_options = _uow_options.pack({**values, **of_unit}, keep)
        if unit_options:
            options.uow = keep.data(unit_options)

        def attempt(handle: int, _: object, __: object) -> int:
            return results.of(work, UnitOfWork(self, ctypes.c_void_p(handle), False, False))

        self._tracer.install(self._handle)
        code = function("trdb_run")(self._handle, _unit_function(attempt), None, byref(options),
                                    byref(error))
        if results.exception is not None and error.value is None:
            raise results.exception
        check(code, error)
        return results.value

    def _call(self, symbol: str, values: dict[str, Any]) -> Any:
        function_ = call(symbol)
        if not function_.takes_unit:
            return function_.run(None, values)
        if function_.gives_stream:
            return self.unit_of_work(read_only=True)._stream(symbol, values)
        if function_.reads:
            with self._begin_reading() as uow:
                return uow._call(symbol, values)
        if function_.gives_ref:
            raise State("a handle is of use in its unit of work only: call insert_ref() on one")
        with self.unit_of_work() as uow:
            return uow._call(symbol, values)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Closes idle connections, and others when their unit ends. Units under way go on; new ones get Closed."""
        self._closed = True
        function("trdb_close")(self._handle)

    def __enter__(self) -> Database:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def add_replica(self, url: str, **options: Any) -> None:
        """Adds a replica: a pool of its own, for units begun with `replica`. It connects when a unit first reads from it
        and need not be up. Up to 16.

        url: as of open(); several hosts are one replica.
        options: those of open(), of its pool; connect_timeout is 2 seconds and pool_timeout 1 unless given.

        Raises Invalid; State when there are 16; Closed; Forked."""
        unknown = options.keys() - set(_db_options.words)
        if unknown:
            raise TypeError(f"add_replica() has no option {', '.join(sorted(unknown))}")
        keep, error = Keep(), ctypes.c_void_p()
        values = {**dict.fromkeys(_db_options.words), **_no_flags(_db_options), **options}
        check(function("trdb_db_add_replica")(self._handle, utf8(url, "url"), _db_options.pack(values, keep),
                                              byref(error)), error)

    def capabilities(self) -> Capabilities:
        """What a connection of the pool can do: the server's version, whether a pooler stands between, and more."""
        found: Capabilities = self._filled("trdb_capabilities", "trdb_db_get_capabilities")
        return found

    def _filled(self, struct_: str, symbol: str) -> Any:
        """A struct that C fills for the caller."""
        error = ctypes.c_void_p()
        memory = _c.ctype(struct_)(ctypes.sizeof(_c.ctype(struct_)))
        check(function(symbol)(self._handle, byref(memory), byref(error)), error)
        return layout(struct_).row(ctypes.addressof(memory))

    def statistics(self) -> DbStats:
        """The pool's counters since the database was opened, and its present state."""
        stats: DbStats = self._filled("trdb_db_stats", "trdb_db_get_stats")
        return stats

    def doctor(self) -> list[Finding]:
        """Looks at the database as its user does: reachable, version, role and rights, schema level, clock, limits."""
        findings: list[Finding] = call("trdb_doctor").run(None, {"conninfo": self._url, "schema": self._schema})
        return findings

    def __repr__(self) -> str:
        return f"<tradingdb.Database {'closed' if self._closed else 'open'}>"


class _Attempt(Generic[T]):
    """What came of the last call of run()'s work. Exceptions must not cross C: they wait here."""

    value: T
    exception: BaseException | None = None

    def of(self, work: Callable[[UnitOfWork], T], uow: UnitOfWork) -> int:
        self.exception = None
        try:
            self.value = work(uow)
            return 0
        except BaseException as exception:
            self.exception = exception
            return exception.code if isinstance(exception, Error) and exception.code < 0 else 1
        finally:
            uow._handle = None


class UnitOfWork(Domains):
    """One transaction on one connection, made by Database.unit_of_work(). As a context manager it commits when its
    block is left and rolls back when an exception leaves it. One thread uses it at a time.

    An error that the server reports fails the unit: what is called on it then gets State, until it is rolled back, or
    to a savepoint. What is refused before it is sent leaves it as it was."""

    _handle: ctypes.c_void_p | None = None
    _busy = False
    token: Token | None = None
    """Of a unit begun with `token`, once it is committed: what `after` of a later unit takes. None also where the unit
    did nothing, or lost its connection during COMMIT."""

    def __init__(self, db: Database, handle: ctypes.c_void_p, owned: bool, wants_token: bool) -> None:
        self._db, self._tracer, self._handle = db, db._tracer, handle  # the database is there as long as its units
        self._owned, self._wants_token = owned, wants_token

    def _enter(self) -> ctypes.c_void_p:
        """Takes the unit for a call of C, during which another thread may run."""
        handle = self._handle
        if handle is None:
            raise State("the unit of work is finished; begin a new one")
        if self._busy:
            raise State("another thread is in the middle of a call on this unit of work")
        self._busy = True
        return handle

    def _leave(self) -> None:
        self._busy = False
        if self._tracer.interrupt is not None:
            self._tracer.raise_interrupt()

    def _call(self, symbol: str, values: dict[str, Any]) -> Any:
        called = call(symbol)
        handle = self._enter()
        try:
            found = called.run(handle, values)
        finally:
            self._leave()
        if called.gives_ref:
            return Ref(found.unit, found.number, self._key)
        return Stream(self, *found) if called.gives_stream else found

    def _stream(self, symbol: str, values: dict[str, Any]) -> Stream[Any]:
        """A stream that finishes this unit."""
        try:
            stream: Stream[Any] = self._call(symbol, values)
        except BaseException:
            _undo(self.rollback)
            raise
        stream.owns = True
        return stream

    def _use(self, function_: Callable[..., Any], *arguments: Any) -> Any:
        handle = self._enter()
        try:
            return function_(handle, *arguments)
        finally:
            self._leave()

    def _key(self, ref: Ref) -> int:
        key, error = ctypes.c_int64(), ctypes.c_void_p()
        c_ref = _c.ctype("trdb_ref")(ref.unit, ref.number)
        check(self._use(function("trdb_ref_key"), c_ref, byref(key), byref(error)), error)
        return key.value

    def _command(self, symbol: str) -> None:
        error = ctypes.c_void_p()
        check(self._use(function(symbol), byref(error)), error)

    def _finish(self, symbol: str) -> None:
        """Ends the unit; its handle is released whatever the answer."""
        if not self._owned:
            raise State("run() commits this unit of work, or rolls it back when an exception leaves its function")
        handle, error = self._enter(), ctypes.c_void_p()
        try:
            code = function(symbol)(handle, byref(error))
            self._handle = None
            if self._wants_token and code == 0:
                self.token = _token_of(handle)
            function("trdb_uow_free")(handle)
            if code < 0:
                raise exception(code, error)
        finally:
            self._leave()

    @property
    def finished(self) -> bool:
        return self._handle is None

    def commit(self) -> None:
        """Commits. The unit is finished then, whatever becomes of it."""
        self._finish("trdb_uow_commit")

    def rollback(self) -> None:
        """Rolls back. The unit is finished then. A broken connection is no error: nothing was stored."""
        self._finish("trdb_uow_rollback")

    def flush(self) -> None:
        """Sends what waits in a unit begun with `pipeline`, and waits for the answers."""
        self._command("trdb_uow_flush")

    @property
    def calls(self) -> int:
        """How many statements the unit has taken so far; `call` of an error counts the same way."""
        count: int = self._use(function("trdb_uow_calls"))
        return count

    @property
    def on_replica(self) -> bool:
        """Whether the unit reads from a replica; it may change over to the primary when that dies."""
        return bool(self._handle is not None and function("trdb_uow_on_replica")(self._handle))

    def set_witness(self, table: str, column: str, value: str) -> None:
        """Names a row that bears witness whether the unit was stored: one that it inserts under a key which the program
        made for it alone. It decides where a lost COMMIT cannot be looked up otherwise. A unique index must be on the
        column; the value is compared as text. Raises Invalid, Encoding, State."""
        error = ctypes.c_void_p()
        texts = (utf8(table, "table"), utf8(column, "column"), utf8(value, "value"))
        check(self._use(function("trdb_uow_set_witness"), *texts, byref(error)), error)

    def batch(self) -> Batch:
        """Calls of different kinds that share a round trip although their results are wanted: `with uow.batch() as
        batch:` runs them when the block is left."""
        return Batch(self)

    def savepoint(self) -> Savepoint:
        """A nested scope: `with uow.savepoint():` keeps its work when it is left, and undoes it when an exception
        leaves it; a unit that failed inside works again then."""
        return Savepoint(self)

    def __enter__(self) -> UnitOfWork:
        if self._handle is None:
            raise State("the unit of work is finished; begin a new one")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._handle is None:
            return
        if error is None:
            self.commit()
        else:
            _undo(self.rollback)

    def __del__(self) -> None:
        """A unit that nobody finished: it is rolled back, and the programmer is told."""
        if self._handle is not None and self._owned and not sys.is_finalizing():
            handle, self._handle = self._handle, None
            function("trdb_uow_free")(handle)
            warnings.warn("a unit of work was neither committed nor rolled back", ResourceWarning, stacklevel=2)

    def __repr__(self) -> str:
        return f"<tradingdb.UnitOfWork {'finished' if self.finished else 'open'}>"


class Savepoint:
    """A nested scope of a unit of work; see UnitOfWork.savepoint()."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    def __enter__(self) -> UnitOfWork:
        self._uow._command("trdb_uow_savepoint")
        return self._uow

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        uow = self._uow
        if uow.finished:
            return
        if error is not None:
            _undo(lambda: uow._command("trdb_uow_rollback_to"))
            return
        try:
            uow._command("trdb_uow_release")
        except BaseException:  # the unit failed inside, and the block hid it
            _undo(lambda: uow._command("trdb_uow_rollback_to"))
            raise


def _token_of(handle: ctypes.c_void_p) -> Token | None:
    """The token of a committed unit that has one."""
    token, error = _c.ctype("trdb_token")(), ctypes.c_void_p()
    if function("trdb_uow_token")(handle, byref(token), byref(error)) < 0:
        function("trdb_error_free")(error)
        return None
    return Token(token.system_identifier, token.timeline, token.lsn)


def _no_flags(options: OptionsStruct) -> dict[str, bool]:
    return {flag: False for flags in options.flags.values() for flag in flags}


def _undo(action: Callable[[], None]) -> None:
    """Rolls back while an exception is on its way, which counts more than what goes wrong here."""
    try:
        action()
    except Error:
        pass
