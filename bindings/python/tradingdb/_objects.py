# SPDX-License-Identifier: MIT
"""Python's objects from columns, a batch of rows at a time: everything that can be done for a whole batch is."""
from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tradingdb._choice import by_code
from tradingdb._decode import shifted, time
from tradingdb._decode import document_of as document
from tradingdb._values import INFINITY, NEG_INFINITY

if TYPE_CHECKING:
    from tradingdb._columns import Column

_BITS = [tuple(byte >> bit & 1 for bit in range(8)) for byte in range(256)]
FIRST, LAST = -1 << 63, (1 << 63) - 1


def reader(column: Column, notes: Sequence[str] = ()) -> Callable[[int, int], Iterable[Any]]:
    """What reads the values of rows start to end, `start` a multiple of 8. With the notes of a row's field closed sets
    are members and documents parsed; without, both are texts."""
    if column.null_count == column.length:
        return lambda start, end: repeat(None, end - start)
    read = _READERS[column.kind]
    convert: Callable[[Any], Any] | None = None
    if column.kind == "codes":
        enum = next((note.removeprefix("enum=") for note in notes if note.startswith("enum=")), None)
        convert = _categories(column, enum).__getitem__
    elif column.kind == "json" and "json" in notes:
        convert = document
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


def shared(convert: Callable[[Any], Any], values: Sequence[Hashable]) -> Iterable[Any]:
    """map(), where a value that comes again and again is converted once."""
    distinct = set(values)
    if 4 * len(distinct) > len(values):
        return map(convert, values)
    return map(dict(zip(distinct, map(convert, distinct))).__getitem__, values)


def _integers(column: Column, start: int, end: int) -> Iterable[Any]:
    return column.data.cast("q")[start:end].tolist()


def _floats(column: Column, start: int, end: int) -> Iterable[Any]:
    return column.data.cast("d")[start:end].tolist()


def _codes(column: Column, start: int, end: int) -> Iterable[Any]:
    return column.data.cast("i")[start:end].tolist()


def _times(column: Column, start: int, end: int) -> Iterable[Any]:
    values = column.data.cast("q")[start:end].tolist()
    return shared(time if column.infinite_count == 0 else _any_time, values)


def _any_time(us: int) -> Any:
    return INFINITY if us == LAST else NEG_INFINITY if us == FIRST else time(us)


def _decimals(column: Column, start: int, end: int) -> Iterable[Any]:
    pairs = column.data.cast("q")[2 * start:2 * end]
    low, high = pairs[::2].tolist(), pairs[1::2].tolist()
    if high != [part >> 63 for part in low]:
        low = [upper << 64 | lower & (1 << 64) - 1 for upper, lower in zip(high, low)]
    return map(shifted, low, repeat(-column.scale))


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
    data, places = _pieces(column, start, end)
    return [bytes(data[begin:stop]) for begin, stop in zip(places, places[1:])]


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


_READERS: dict[str, Callable[[Column, int, int], Iterable[Any]]] = {
    "i64": _integers, "f64": _floats, "codes": _codes, "timestamp": _times, "decimal": _decimals, "uuid": _uuids,
    "bool": _booleans, "bytes": _octets, "text": _texts, "json": _texts, "texts": _arrays,
}
