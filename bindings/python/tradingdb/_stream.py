# SPDX-License-Identifier: MIT
"""Rows that are fetched batch by batch."""
from __future__ import annotations

import weakref
from collections.abc import Iterator
from ctypes import byref, c_void_p
from types import TracebackType
from typing import Any, Generic, List, TypeVar

from tradingdb import _c
from tradingdb._call import ListOutput
from tradingdb._library import exception, function

R = TypeVar("R")


class Stream(Generic[R]):
    """Rows in bounded memory, by stream() of a table: `for row in stream` fetches batches as they are needed,
    `for batch in stream.batches()` gives them as lists. The rows are those of the moment when it was opened. On a unit
    of work, whose transaction it needs to the end, the unit may be used for other things in between; on a database it
    has a unit of its own, which ends with the stream, at its last row or with close(): use it in a `with` block."""

    def __init__(self, uow: Any, address: int, struct: str) -> None:
        self._uow, self._address = uow, address
        self.owns = False
        """Whether the unit ends with the stream."""
        self._fetch = function(f"{struct}_batch")
        self._free = weakref.finalize(self, function(f"{struct}_free"), address)
        self._free.atexit = False
        list_struct = f"{struct.removesuffix('_stream')}_list"
        self._lists = ListOutput(_c.Parameter("ret", f"{list_struct} **", {}))

    def batches(self) -> Iterator[List[R]]:
        """The rows as lists of up to `batch_rows`."""
        with self:
            while self._free.alive:
                batch = self._next()
                if batch is None:
                    return
                yield batch

    def _next(self) -> List[R] | None:
        place, error = c_void_p(), c_void_p()
        code = self._uow._use(lambda _: self._fetch(self._address, byref(place), byref(error)))
        if code < 0:
            raise exception(code, error)
        return self._lists.take(place) if code else None

    def __iter__(self) -> Iterator[R]:
        for batch in self.batches():
            yield from batch

    def close(self) -> None:
        """Ends the stream; what was not fetched stays unread. May be called again."""
        self._free()
        if self.owns and not self._uow.finished:
            self._uow.rollback()

    def __enter__(self) -> Stream[R]:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()
