# SPDX-License-Identifier: MIT
"""Batches: calls of different kinds that share round trips although their results are wanted."""
from __future__ import annotations

import weakref
from collections.abc import Callable
from ctypes import byref, c_void_p
from types import TracebackType
from typing import Any, Generic, ParamSpec, TypeVar, cast

from tradingdb import _c
from tradingdb._call import Output, call
from tradingdb._domain import Domain
from tradingdb._errors import Error
from tradingdb._generated.errors import State
from tradingdb._library import described, exception, function

P = ParamSpec("P")
R = TypeVar("R")
_STATES = {number: name.removeprefix("TRDB_BATCH_").lower().replace("_", " ")
           for name, number in _c.CONSTANTS["trdb_batch_item_state"].items()}


class Later(Generic[R]):
    """The result of a call in a batch, once that has run."""

    __slots__ = ("_error", "_output", "_place", "_value", "state")

    def __init__(self, output: Output | None, place: Any) -> None:
        self._output, self._place = output, place
        self._value: Any = None
        self._error: Error | None = None
        self.state = "waiting"
        """waiting: the batch has not run; done; failed; not run: it stands behind one that the server refused."""

    def result(self) -> R:
        """What the call gives. Raises what the call raises; State when it did not run."""
        if self._error is not None:
            raise self._error
        if self.state != "done":
            raise State("the batch has not run" if self.state == "waiting" else
                        "the call did not run, since the server refused one before it in the batch")
        value: R = self._value
        return value

    def __repr__(self) -> str:
        return f"<tradingdb.Later {self.state}>"


class Batch:
    """Calls on one unit of work that are sent together, made by UnitOfWork.batch(): `with uow.batch() as batch:` runs
    them when the block is left, in their order, in one round trip (one more for every 512 calls or megabyte beyond).

        with uow.batch() as batch:
            bot = batch.add(uow.trading.bots.get, 7)
            open_ = batch.add(uow.trading.positions.list, bot_id=7, status="open")
        bot.result().status, open_.result()
    """

    def __init__(self, uow: Any) -> None:
        self._uow, self._calls, self._ran = uow, list[Later[Any]](), False
        self._handle, error = c_void_p(), c_void_p()
        code = uow._use(function("trdb_batch_new"), byref(self._handle), byref(error))
        if code < 0:
            raise exception(code, error)
        weakref.finalize(self, function("trdb_batch_free"), self._handle).atexit = False

    def add(self, method: Callable[P, R], *arguments: P.args, **keywords: P.kwargs) -> Later[R]:
        """Puts a call into the batch, and gives the place where its result will be. What is refused before it is sent
        is refused here, and the batch stays as it was.

        method: get, get_many, list, count, insert, upsert_by_…, patch, update or delete of a table of the unit, which
            is not called now: `batch.add(uow.trading.bots.get, 7)`.

        Raises TypeError for another method; State when the batch ran already; what the method refuses."""
        table = getattr(method, "__self__", None)
        if not isinstance(table, Domain) or table._session is not self._uow:
            raise TypeError("add() takes a method of a table of the batch's own unit of work, and its arguments")
        before = len(self._calls)
        getattr(method, "__func__")(type(table)(cast(Any, self)), *arguments, **keywords)
        if len(self._calls) == before:
            raise TypeError(f"{getattr(method, '__qualname__', method)}() cannot be put into a batch")
        return self._calls[-1]

    def _call(self, symbol: str, values: dict[str, Any]) -> None:
        """What a table takes for its unit of work."""
        called = call(symbol)
        if called.deferred is None:
            raise TypeError(f"{symbol.removeprefix('trdb_')}() cannot be put into a batch")
        self._uow._enter()
        try:
            output, place = called.defer(self._handle, values)
        finally:
            self._uow._leave()
        self._calls.append(Later(output, place))

    def run(self) -> None:
        """Sends the calls and waits for their results; leaving the `with` block does so. A row that is not found
        concerns its own call: the others run, and the unit goes on. An error of the server fails the unit; results that
        came before it are there.

        Raises what the first call that is not done raises; its place in the batch is `row` of the error."""
        if self._ran:
            raise State("the batch ran already; make another one")
        error = c_void_p()
        self._ran = True
        code = self._uow._use(lambda _: function("trdb_batch_run")(self._handle, byref(error)))
        failure = exception(code, error) if code < 0 else None
        for at, later in enumerate(self._calls):
            later.state = _STATES[function("trdb_batch_state")(self._handle, at)] if failure else "done"
            self._take(at, later)
        failure = failure or next((later._error for later in self._calls if later._error), None)
        if failure is not None:
            raise failure

    def _take(self, at: int, later: Later[Any]) -> None:
        try:
            if later.state == "failed":
                later._error = described(c_void_p(function("trdb_batch_error")(self._handle, at)))
            elif later.state == "done" and later._output:
                later._value = later._output.take(later._place)
        except Error as error:  # a value that Python cannot hold
            later._error = error

    def __len__(self) -> int:
        return len(self._calls)

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if error is None and not self._ran:
            self.run()

    def __repr__(self) -> str:
        return f"<tradingdb.Batch of {len(self)}>"
