# SPDX-License-Identifier: MIT
"""Cron expressions."""
from __future__ import annotations

import ctypes
import weakref
from collections.abc import Iterator
from datetime import datetime, timezone as _timezone
from typing import Any
from zoneinfo import ZoneInfo

from tradingdb._call import call
from tradingdb._encode import utf8
from tradingdb._generated.errors import Range
from tradingdb._library import check, function


class Cron:
    """A cron expression in a time zone; immutable, any thread.

    expression: minute, hour, day of month, month, weekday: `*`, numbers, ranges `1-5`, steps `*/15`, lists, names of
        months and weekdays; or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`. docs/cron.md tells it all.
    timezone: an IANA name or a ZoneInfo; None: UTC.

    Raises Range for a number outside its field; Invalid for a malformed expression, six fields, an unknown zone, or a day
    that never comes. Iterating gives the instants from now on: `itertools.islice(Cron("0 9 * * 1-5"), 5)`.
    """

    __slots__ = ("__weakref__", "_handle")

    def __init__(self, expression: str, timezone: str | ZoneInfo | None = None) -> None:
        if isinstance(timezone, ZoneInfo):
            timezone = timezone.key
        zone = None if timezone is None else utf8(timezone, "timezone")
        handle, error = ctypes.c_void_p(), ctypes.c_void_p()
        check(function("trdb_cron_parse")(utf8(expression, "expression"), zone, ctypes.byref(handle),
                                          ctypes.byref(error)), error)
        self._handle = handle
        weakref.finalize(self, function("trdb_cron_free"), handle).atexit = False

    def next(self, after: datetime | None = None) -> datetime:
        """The first instant, in UTC, strictly later than a time; None: than now. Raises Range when none comes before the
        year 10000."""
        if after is None:
            after = datetime.now(_timezone.utc)
        found: datetime = call("trdb_cron_next").run(None, {"cron": self._handle, "after": after})
        return found

    def times(self, after: datetime | None = None) -> Iterator[datetime]:
        """The instants after a time, one after the other; None: from now on."""
        after = self.next(after)
        while True:
            yield after
            try:
                after = self.next(after)
            except Range:  # the calendar ends
                return

    def __iter__(self) -> Iterator[datetime]:
        return self.times()

    def describe(self) -> str:
        """A sentence for people, such as "At 09:00 on Monday to Friday (Europe/Berlin)"."""
        return self._text("trdb_cron_describe")

    @property
    def expression(self) -> str:
        """The expression as it was given."""
        return self._text("trdb_cron_expression")

    @property
    def timezone(self) -> str:
        """The name of the zone."""
        return self._text("trdb_cron_timezone")

    def _text(self, symbol: str) -> str:
        text: bytes = function(symbol)(self._handle)
        return text.decode()

    def __repr__(self) -> str:
        return f"Cron({self.expression!r}, {self.timezone!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Cron):
            return NotImplemented
        return (self.expression, self.timezone) == (other.expression, other.timezone)

    def __hash__(self) -> int:
        return hash((self.expression, self.timezone))

    def __reduce__(self) -> tuple[Any, ...]:
        return Cron, (self.expression, self.timezone)
