# SPDX-License-Identifier: MIT
"""What the library tells of every call to the server, given to logging or to a callable."""
from __future__ import annotations

import ctypes
import itertools
import logging
import threading
import weakref
from collections.abc import Callable
from typing import Any, Optional, Union

from tradingdb._generated.core import TraceEvent
from tradingdb._library import check, function
from tradingdb._row import layout

logger = logging.getLogger("tradingdb")
Listener = Callable[[TraceEvent], object]
Trace = Union[Listener, bool, None]


def log(event: TraceEvent) -> None:
    """The listener that writes to the logger `tradingdb`."""
    outcome = f"{event.rows} rows" if event.code == 0 else f"failed: {event.sqlstate or event.code}"
    logger.debug("%s: %s in %.3f ms", event.statement, outcome, event.duration.total_seconds() * 1000,
                 extra={"trace_event": event})


class Tracer:
    """The listener of a database. The callback that C knows is one for all and lives as long as the process; a tracer
    is found by its number, so that a call for one that is gone does nothing."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.number = next(_numbers)
        self.installed = False
        self.interrupt: Optional[BaseException] = None
        self.lock = threading.Lock()
        _tracers[self.number] = self

    def listener(self) -> Listener | None:
        """Whom to tell. Without a choice it is the logger, while that listens."""
        if self.trace is None:
            return log if logger.isEnabledFor(logging.DEBUG) else None
        if self.trace is True:
            return log
        return self.trace or None

    def install(self, db: ctypes.c_void_p) -> None:
        """Before a unit begins: the callback is there when somebody listens, and only then."""
        wanted = self.listener() is not None
        if wanted == self.installed:
            return
        with self.lock:
            error = ctypes.c_void_p()
            check(function("trdb_set_trace")(db, _callback if wanted else None, self.number, ctypes.byref(error)), error)
            self.installed = wanted

    def hear(self, address: int) -> None:
        """Exceptions must not cross C: an interrupt waits for the call to end, others are logged."""
        try:
            listener = self.listener()
            if listener:
                listener(layout("trdb_trace_event").row(address))
        except Exception:
            logger.exception("the trace listener failed")
        except BaseException as interrupt:
            self.interrupt = interrupt

    def raise_interrupt(self) -> None:
        if self.interrupt is not None:
            interrupt, self.interrupt = self.interrupt, None
            raise interrupt


_numbers = itertools.count(1)
_tracers: weakref.WeakValueDictionary[int, Tracer] = weakref.WeakValueDictionary()


def _hear(number: Any, address: Any) -> None:
    tracer = _tracers.get(number)
    if tracer is not None:
        tracer.hear(address)


_callback = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)(_hear)
