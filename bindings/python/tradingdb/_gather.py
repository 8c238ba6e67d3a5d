# SPDX-License-Identifier: MIT
"""Many rows alike on their way to C as columns. A piece of the rows is converted for all columns at once, while its objects
are in the processor's cache. What is unusual is left to the way of rows, which takes it or tells what is wrong."""
from __future__ import annotations

from array import array
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import accumulate, repeat
from operator import floordiv, sub
from typing import Any

from tradingdb import _c
from tradingdb._encode import MAX_DIGITS, MICROSECOND, Keep, constants_of, json_bytes
from tradingdb._given import Ready, View, bits_of
from tradingdb._struct import picker
from tradingdb._values import EPOCH, JsonText

MANY = 1000    # rows from which on it is worth while
PIECE = 1024
NONE: type = type(None)


class Unusual(Exception):
    """Something that these ways do not take."""


class Gathered(Ready):
    """The values of a column, in the form that C takes."""

    kind: str
    blank: Any = None
    """What stands for None."""

    def __init__(self, field: _c.Field) -> None:
        self.field, self.count = field, 0
        self.given: bytearray | None = None
        """A byte a row: 0 for NULL. None while nothing is NULL."""

    def add(self, values: Sequence[Any]) -> None:
        kinds = set(map(type, values))
        if NONE in kinds:
            kinds.remove(NONE)
            self.given = bytearray(repeat(1, self.count)) if self.given is None else self.given
            self.given += bytes(value is not None for value in values)
            values = [self.blank if value is None else value for value in values]
        elif self.given is not None:
            self.given += bytes(repeat(1, len(values)))
        self.count += len(values)
        self.take(values, kinds)

    def take(self, values: Sequence[Any], kinds: set[type]) -> None:
        """Adds values, none of them None; `kinds` are the types of those that were given."""
        raise NotImplementedError

    def buffers(self, keep: Keep) -> dict[str, Any]:
        """Fields of the view besides its length and validity."""
        raise NotImplementedError

    def view(self, keep: Keep) -> View:
        validity = 0 if self.given is None else keep.data(bits_of(map(bool, self.given)))
        return View(self.kind, self.count, validity=validity, **self.buffers(keep))


class Integers(Gathered):
    kind = "i64"
    blank: Any = 0
    wanted: type = int

    def __init__(self, field: _c.Field) -> None:
        super().__init__(field)
        self.numbers = array("q")

    def take(self, values: Sequence[Any], kinds: set[type]) -> None:
        if kinds - {self.wanted}:
            raise Unusual
        self.numbers.extend(self.convert(values))

    def convert(self, values: Sequence[Any]) -> Iterable[int]:
        return values

    def buffers(self, keep: Keep) -> dict[str, Any]:
        return {"data": keep.hold(self.numbers).buffer_info()[0], "size": 8 * self.count}


class Times(Integers):
    kind, blank = "timestamp", EPOCH
    wanted = datetime

    def convert(self, values: Sequence[Any]) -> Iterable[int]:
        return map(floordiv, map(sub, values, repeat(EPOCH)), repeat(MICROSECOND))


class Words(dict[str, int]):
    """The place of every word, in the order in which they come; of a closed set its members only. What is no text has
    no NUL to look for, or nothing to encode."""

    def __init__(self, members: Container[str] | None) -> None:
        self.members, self.bytes = members, list[bytes]()

    def __missing__(self, word: str) -> int:
        if "\0" in word or self.members is not None and word not in self.members:
            raise Unusual
        self.bytes.append(word.encode())
        place = self[word] = len(self)
        return place


class Codes(Gathered):
    """Texts, each different one once."""

    kind, blank = "codes", ""

    def __init__(self, field: _c.Field) -> None:
        super().__init__(field)
        enum = next((note.removeprefix("enum=") for note in field.notes if note.startswith("enum=")), None)
        members = constants_of(enum) if enum else None
        self.codes, self.words = array("i"), Words(members)
        self.blank = next(iter(members or [""]))

    def take(self, values: Sequence[Any], kinds: set[type]) -> None:
        self.codes.extend(map(self.words.__getitem__, values))

    def buffers(self, keep: Keep) -> dict[str, Any]:
        words = Pieces(self.field)
        words.append(self.words.bytes)
        words.count = len(self.words)
        return {"data": keep.hold(self.codes).buffer_info()[0], "size": 4 * self.count,
                "child": keep.data(words.view(keep).pack(0))}


class Pieces(Gathered):
    """Texts one behind the other."""

    kind = "text"

    def __init__(self, field: _c.Field) -> None:
        super().__init__(field)
        self.pieces: list[bytes] = []
        self.sizes = array("q")

    def append(self, texts: list[bytes]) -> None:
        self.pieces.append(b"".join(texts))
        self.sizes.extend(map(len, texts))
        if b"\0" in self.pieces[-1]:
            raise Unusual

    def buffers(self, keep: Keep) -> dict[str, Any]:
        data, offsets = b"".join(self.pieces), keep.hold(array("q", accumulate(self.sizes, initial=0)))
        return {"data": keep.data(data), "size": len(data), "offsets": offsets.buffer_info()[0]}


class Decimals(Pieces):
    """As texts: every digit of every value, whatever its scale."""

    blank = Decimal(0)

    def take(self, values: Sequence[Any], kinds: set[type]) -> None:
        if kinds - {Decimal}:
            raise Unusual
        texts = list(map(str, values))
        piece = "".join(texts)
        if "E" in piece:
            texts = [format(value, "f") for value in values]
            piece = "".join(texts)
        if "n" in piece or "N" in piece or max(map(len, texts)) > MAX_DIGITS:  # NaN, Infinity, many digits
            raise Unusual
        self.pieces.append(piece.encode())
        self.sizes.extend(map(len, texts))


class Documents(Pieces):
    """JSON; a document that is text goes as it is."""

    blank: Any = {}

    def take(self, values: Sequence[Any], kinds: set[type]) -> None:
        if kinds == {JsonText}:
            self.append([value.encode() for value in values])
        else:
            self.append([json_bytes(value, self.field.name) for value in values])


_KINDS: dict[str, type[Gathered]] = {
    "trdb_in_i64": Integers, "trdb_in_timestamp": Times, "trdb_in_decimal": Decimals, "trdb_in_enum": Codes, "text": Codes}


def gather(rows: list[Any], struct: str) -> dict[str, Gathered] | None:
    """The rows as columns; None where the way of rows has to take them."""
    try:
        return _gather(rows, {field.name: field for field in _c.fields(struct)})
    except Exception:  # noqa: whatever it is, it is told there
        return None


def _gather(rows: list[Any], fields: Mapping[str, _c.Field]) -> dict[str, Gathered]:
    if set(map(type, rows)) != {dict} or len(set(map(len, rows))) > 1:
        raise Unusual
    columns = {name: _gathered(fields[name]) for name in rows[0]}
    pick = picker(list(columns))
    for start in range(0, len(rows), PIECE):
        for column, values in zip(columns.values(), zip(*map(pick, rows[start:start + PIECE]))):
            column.add(values)
    return columns


def _gathered(field: _c.Field) -> Gathered:
    return Documents(field) if "json" in field.notes else _KINDS[field.type](field)
