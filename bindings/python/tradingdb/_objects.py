# SPDX-License-Identifier: MIT
"""Python's objects from columns, a batch of rows at a time: everything that can be done for a whole batch is."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tradingdb._choice import by_code
from tradingdb._decode import plain_times, shifted, time
from tradingdb._values import INFINITY, NEG_INFINITY

if TYPE_CHECKING:
    from tradingdb._columns import Column

_BITS = [tuple(byte >> bit & 1 for bit in range(8)) for byte in range(256)]
FIRST, LAST = -1 << 63, (1 << 63) - 1


def reader(column: Column, notes: Sequence[str] = ()) -> Callable[[int, int], Iterable[Any]]:
    """What reads the values of rows start to end, `start` a multiple of 8. With the notes of a row's field closed sets
    are members and documents bytes, which rows parse; without, both are texts."""
    if column.null_count == column.length:
        return lambda start, end: repeat(None, end - start)
    read: Callable[[Column, int, int], Iterable[Any]] = _READERS[column.kind]
    if column.kind in _SHARED:
        read = Shared(read, _SHARED[column.kind])
    convert: Callable[[Any], Any] | None = None
    if column.kind == "codes":
        enum = next((note.removeprefix("enum=") for note in notes if note.startswith("enum=")), None)
        convert = _categories(column, enum).__getitem__
    elif column.kind == "json" and "json" in notes:
        read = _octets
    validity = column.validity

    def values(start: int, end: int) -> Iterable[Any]:
        found = read(column, start, end)
        if validity is None:
            return map(convert, found) if convert else found
        bits = chain.from_iterable(map(_BITS.__getitem__, validity[start // 8:(end + 7) // 8]))
        if convert:
            return [convert(value) if bit else None for value, bit in zip(found, bits)]
        return [value if bit else None for value, bit in zip(found, bits)]
    return values


def _categories(column: Column, enum: str | None) -> list[Any]:
    members = {str(member): member for member in by_code(enum).values()} if enum else {}
    return [members.get(text, text) for text in column.categories]


class Shared:
    """Reads values of which one object may stand for all that are equal: it is made once, and memory costs as much time
    as making. Whether values come again is seen in the first batch, since to look costs as well."""

    def __init__(self, read: Callable[[Column, int, int], Any],
                 convert: Callable[[Column, list[Any]], Iterable[Any]]) -> None:
        self.read, self.convert, self.worth = read, convert, True

    def __call__(self, column: Column, start: int, end: int) -> Iterable[Any]:
        values = self.read(column, start, end)
        if self.worth:
            distinct = list(set(values))
            self.worth = 2 * len(distinct) <= len(values)
            if self.worth:
                return map(dict(zip(distinct, self.convert(column, distinct))).__getitem__, values)
        return self.convert(column, values)


def _integers(column: Column, start: int, end: int) -> Iterable[Any]:
    return column.data.cast("q")[start:end].tolist()


def _floats(column: Column, start: int, end: int) -> Iterable[Any]:
    return column.data.cast("d")[start:end].tolist()


def _codes(column: Column, start: int, end: int) -> Iterable[Any]:
    return column.data.cast("i")[start:end].tolist()


def _datetimes(column: Column, values: list[Any]) -> Iterable[Any]:
    return plain_times(values) or map(_any_time, values)


def _any_time(us: int) -> Any:
    return INFINITY if us == LAST else NEG_INFINITY if us == FIRST else time(us)


def _coefficients(column: Column, start: int, end: int) -> list[Any]:
    pairs = column.data.cast("q")[2 * start:2 * end]
    low, high = pairs[::2].tolist(), pairs[1::2].tolist()
    if high != [part >> 63 for part in low]:
        low = [upper << 64 | lower & (1 << 64) - 1 for upper, lower in zip(high, low)]
    return low


def _decimals(column: Column, values: list[Any]) -> Iterable[Any]:
    return map(shifted, values, repeat(-column.scale))


def _uuids(column: Column, start: int, end: int) -> Iterable[Any]:
    return [UUID(bytes=bytes(column.data[at:at + 16])) for at in range(16 * start, 16 * end, 16)]


def _booleans(column: Column, start: int, end: int) -> Iterable[Any]:
    bits = chain.from_iterable(map(_BITS.__getitem__, column.data[start // 8:(end + 7) // 8]))
    return [bit == 1 for bit, _ in zip(bits, range(start, end))]


def _pieces(column: Column, start: int, end: int) -> tuple[memoryview, list[int]]:
    """The bytes of rows, and where each ends within them."""
    assert column.offsets is not None
    places = column.offsets[start:end + 1].tolist()
    first = places[0]
    return column.data[first:places[-1]], [place - first for place in places] if first else places


def _octets(column: Column, start: int, end: int) -> Iterable[Any]:
    memory, places = _pieces(column, start, end)
    data = bytes(memory)
    return [data[begin:stop] for begin, stop in zip(places, places[1:])]


def _texts(column: Column, start: int, end: int) -> Iterable[Any]:
    data, places = _pieces(column, start, end)
    text = str(data, "utf-8")
    if len(text) == len(data):  # every character is a byte
        return [text[begin:stop] for begin, stop in zip(places, places[1:])]
    return [str(data[begin:stop], "utf-8") for begin, stop in zip(places, places[1:])]


def _arrays(column: Column, start: int, end: int) -> Iterable[Any]:
    assert column.offsets is not None and column.child is not None
    places = column.offsets[start:end + 1].tolist()
    first = places[0] // 8 * 8
    elements = list(reader(column.child)(first, places[-1]))
    return [elements[begin - first:stop - first] for begin, stop in zip(places, places[1:])]


_SHARED = {"timestamp": _datetimes, "decimal": _decimals}
_READERS: dict[str, Callable[[Column, int, int], Any]] = {
    "i64": _integers, "f64": _floats, "codes": _codes, "timestamp": _integers, "decimal": _coefficients, "uuid": _uuids,
    "bool": _booleans, "bytes": _octets, "text": _texts, "json": _texts, "texts": _arrays,
}
