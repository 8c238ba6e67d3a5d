# SPDX-License-Identifier: MIT
"""Values that Python lacks a word for: not given, ranges and NOT NULL in filters, infinite times, JSON text."""
from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, Generic, NamedTuple, TypeVar, Union
from uuid import UUID

T = TypeVar("T")


class NotGiven(enum.Enum):
    """The type of NOT_GIVEN."""

    NOT_GIVEN = "not given"

    def __repr__(self) -> str:
        return "NOT_GIVEN"

    def __bool__(self) -> bool:
        return False


class IsNotNull(enum.Enum):
    """The type of NOT_NULL."""

    NOT_NULL = "not null"

    def __repr__(self) -> str:
        return "NOT_NULL"


NOT_GIVEN: Final = NotGiven.NOT_GIVEN
"""What a keyword holds that the caller does not give: an insert takes the column's default, a patch leaves the column
alone, a filter does not ask. None is NULL."""

NOT_NULL: Final = IsNotNull.NOT_NULL
"""A filter's condition: the column holds something. None as a condition means that it holds nothing."""


class Between(Generic[T]):
    """A range in a filter: start <= column < end; None leaves an end open. See between(), since() and until()."""

    __slots__ = ("end", "start")

    def __init__(self, start: T | None, end: T | None) -> None:
        if start is None and end is None:
            raise ValueError("a range needs at least one end")
        self.start = start
        self.end = end

    def __repr__(self) -> str:
        return f"between({self.start!r}, {self.end!r})"


def between(start: T | None, end: T | None) -> Between[T]:
    """start <= column < end. Adjoining ranges neither overlap nor leave a gap."""
    return Between(start, end)


def since(start: T) -> Between[T]:
    """column >= start."""
    return Between(start, None)


def until(end: T) -> Between[T]:
    """column < end."""
    return Between(None, end)


class Token(NamedTuple):
    """A place in the log of a primary, behind a commit: `uow.token` of a unit begun with `token`. A later unit begun with
    `after` sees what that one wrote, whichever server it reads from. Plain numbers, which other processes may have."""

    system_identifier: int
    timeline: int
    lsn: int


class Upserted(NamedTuple):
    """What became of many rows that were upserted."""

    inserted: int
    updated: int


class Ref:
    """A handle: stands for the key of a row that a unit of work inserts, perhaps before the key is known; made by
    insert_ref(). Later writes of that unit take it where they refer to the row, and share a round trip with its
    insert. It is worthless in other units, and when the insert is rolled back."""

    __slots__ = ("_key", "number", "unit")

    def __init__(self, unit: int, number: int, key: Callable[[Ref], int]) -> None:
        self.unit, self.number, self._key = unit, number, key

    @property
    def key(self) -> int:
        """The key. Sends what waits in the unit first, when the insert is among it."""
        return self._key(self)

    def __repr__(self) -> str:
        return f"<tradingdb.Ref {self.number}>"


class Scaled:
    """Integers that stand for decimals, as scaled() says."""

    __slots__ = ("scale", "values")

    def __init__(self, values: Any, scale: int) -> None:
        self.values, self.scale = values, scale


def scaled(values: Any, scale: int) -> Scaled:
    """A column of decimals for insert_columns(): integers, of which each is value / 10**scale. scaled([150], 2) is 1.50.

    values: a numpy array, array.array or list of integers of 64 bits, or what Column.numpy() gives of decimals.
    scale: digits behind the point, 0 to 38."""
    return Scaled(values, scale)


class Coded:
    """Texts by their places in a list, as coded() says."""

    __slots__ = ("categories", "codes")

    def __init__(self, codes: Any, categories: Collection[str]) -> None:
        self.codes, self.categories = codes, categories


def coded(codes: Any, categories: Collection[str]) -> Coded:
    """A column of texts for insert_columns(): places in a list of texts, below 0 for NULL.

    codes: a numpy array, array.array or list of integers of 32 bits.
    categories: the texts, each of which is sent to C once."""
    return Coded(codes, categories)


class JsonText(str):
    """A JSON document as text, for a json or jsonb column; sent as it is. A plain str is refused there, since it might
    mean a document or a string in one."""

    __slots__ = ()


class InfiniteTime(datetime):
    """The type of INFINITY and NEG_INFINITY. What arithmetic makes of them is a time like any other."""

    def __repr__(self) -> str:
        ends = {_infinity: "tradingdb.INFINITY", _neg_infinity: "tradingdb.NEG_INFINITY"}
        return ends.get(self) or super().__repr__()


def _ends() -> tuple[InfiniteTime, InfiniteTime]:
    last, first = datetime.max, datetime.min
    return (InfiniteTime(last.year, last.month, last.day, last.hour, last.minute, last.second, last.microsecond,
                         timezone.utc),
            InfiniteTime(first.year, first.month, first.day, tzinfo=timezone.utc))


_infinity, _neg_infinity = _ends()
INFINITY: Final[datetime] = _infinity
"""PostgreSQL's timestamp 'infinity': it compares like the last datetime there is."""
NEG_INFINITY: Final[datetime] = _neg_infinity
"""PostgreSQL's timestamp '-infinity': it compares like the first datetime there is."""

EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)

JsonObject = dict[str, Any]
IntoDecimal = Union[Decimal, int, str]
IntoUuid = Union[UUID, str]
IntoBytes = Union[bytes, bytearray, memoryview]
IntoJson = Union[Mapping[str, Any], "list[Any]", "tuple[Any, ...]", JsonText]
Seconds = Union[int, float, timedelta]
Where = Union[T, Collection[T], Between[T], IsNotNull, None, NotGiven]
"""A condition: a value, several of which one must match, a range, None (is NULL) or NOT_NULL."""
