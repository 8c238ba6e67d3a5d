# SPDX-License-Identifier: MIT
"""Cancelling units of work from another thread."""
from __future__ import annotations

import weakref
from ctypes import byref, c_void_p

from tradingdb._library import check, function


class Canceller:
    """Cancels the units of work that are begun with it, `db.unit_of_work(canceller=canceller)`: one may serve many units,
    one after the other or at once."""

    def __init__(self) -> None:
        self._handle, error = c_void_p(), c_void_p()
        check(function("trdb_canceller_new")(byref(self._handle), byref(error)), error)
        self._cancelled = False
        weakref.finalize(self, function("trdb_canceller_free"), self._handle).atexit = False

    def cancel(self) -> None:
        """Cancels, once and for all: every call on a unit with this canceller that waits, for a connection or for the
        server, raises Cancelled, and so does every later one; such a unit can only be rolled back. A COMMIT that was
        sent is not cancelled. Any thread; does nothing in a forked child."""
        self._cancelled = True
        function("trdb_cancel")(self._handle)

    @property
    def cancelled(self) -> bool:
        """Whether cancel() was called."""
        return self._cancelled

    def __repr__(self) -> str:
        return f"<tradingdb.Canceller{' cancelled' * self._cancelled}>"
