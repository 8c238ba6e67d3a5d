# SPDX-License-Identifier: MIT
"""From C to Python. Rows are read in bulk: one copy of the list's memory, unpacked by struct and converted column by
column, so that no field is fetched through ctypes."""
from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from ctypes import c_char_p
from datetime import datetime, timedelta, timezone
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from itertools import islice, repeat
from struct import Struct
from typing import Any
from uuid import UUID

from tradingdb import _c
from tradingdb._choice import by_code
from tradingdb._generated.errors import Range
from tradingdb._values import EPOCH, INFINITY, NEG_INFINITY

Column = Sequence[Any]
EXACT_FLOAT = 1 << 52  # microseconds up to the year 2112: as seconds in a float they still round to themselves
from_seconds = datetime.fromtimestamp
CHUNK = 1024          # rows that are converted at once: columns stay in the processor's cache
GC_PAUSE = 256        # rows from which on the cyclic collector rests
_special = None, None, INFINITY, NEG_INFINITY
_json = json.JSONDecoder(parse_float=Decimal)
_scan: Callable[[str, int], tuple[Any, int]] = _json.scan_once  # type: ignore[attr-defined]
_json_long = json.JSONDecoder(parse_float=Decimal, parse_int=Decimal)
_nothing = Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")
shifted = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[]).scaleb
"""shifted(coefficient, -scale) is a Decimal; no other way is as quick and rounds nothing."""


@contextlib.contextmanager
def paused_collector(rows: int) -> Iterator[None]:
    """The cyclic collector rests while many rows are made: they hold no cycles."""
    if rows <= GC_PAUSE or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


# ---- a column of each kind, from the columns of its parts


def integers(values: Column) -> Iterable[Any]:
    return values


def optional(values: Column, given: Column) -> Iterable[Any]:
    return [value if set_ else None for value, set_ in zip(values, given)]


def texts(pointers: Column) -> Iterable[Any]:
    if not any(pointers):
        return repeat(None, len(pointers))
    return [c_char_p(pointer).value.decode() if pointer else None for pointer in pointers]  # type: ignore[union-attr]


def document_of(text: str) -> Any:
    try:
        found, end = _scan(text, 0)
        return found if end == len(text) else _json.decode(text)
    except StopIteration:  # white space comes first
        return _json.decode(text)
    except ValueError:
        return _json_long.decode(text)  # an integer of more than 4300 digits, which int() refuses to read


def documents(pointers: Column) -> Iterable[Any]:
    """As they are: a row parses them when they are looked at."""
    return [c_char_p(pointer).value if pointer else None for pointer in pointers]


def decimal(low: int, high: int, kind: int, negative: int, scale: int) -> Decimal | None:
    if kind == 1:
        coefficient = high << 64 | low if high else low
        return shifted(-coefficient if negative else coefficient, -scale)
    return None if kind == 0 else _nothing[kind - 2]


def decimals(lows: Column, highs: Column, kinds: Column, negatives: Column, scales: Column) -> Iterable[Any]:
    if not any(kinds):
        return repeat(None, len(kinds))
    return [shifted(-low if negative else low, -scale) if kind == 1 and not high
            else decimal(low, high, kind, negative, scale)
            for low, high, kind, negative, scale in zip(lows, highs, kinds, negatives, scales)]


def plain_times(values: Column) -> list[datetime] | None:
    """Times that all lie where a float of seconds is exact, which are most; else None."""
    if 0 < min(values) and max(values) < EXACT_FLOAT:
        return [from_seconds(us / 1_000_000, timezone.utc) for us in values]
    return None


def time(us: int) -> datetime:
    if 0 < us < EXACT_FLOAT:
        return from_seconds(us / 1_000_000, timezone.utc)
    try:
        return EPOCH + timedelta(0, 0, us)
    except OverflowError:
        raise Range("a time lies outside the years 1 to 9999, which datetime cannot hold") from None


def times(values: Column, kinds: Column) -> Iterable[Any]:
    if not any(kinds):
        return repeat(None, len(kinds))
    return [from_seconds(us / 1_000_000, timezone.utc) if 0 < us < EXACT_FLOAT and kind == 1
            else time(us) if kind == 1 else _special[kind] for us, kind in zip(values, kinds)]


def stamps(values: Column) -> Iterable[Any]:
    """Microseconds since 1970 as datetime; 0 stands for None."""
    return [time(us) if us else None for us in values]


def spans(values: Column) -> Iterable[Any]:
    return [timedelta(0, 0, us) for us in values]


def flags(values: Column) -> Iterable[Any]:
    return [value != 0 for value in values]


def uuids(values: Column) -> Iterable[Any]:
    return [UUID(bytes=value) for value in values]


def optional_uuids(values: Column, given: Column) -> Iterable[Any]:
    return [UUID(bytes=value) if set_ else None for value, set_ in zip(values, given)]


def octets(pointers: Column, sizes: Column) -> Iterable[Any]:
    return [ctypes.string_at(pointer, size) if pointer else None for pointer, size in zip(pointers, sizes)]


def text_arrays(pointers: Column, counts: Column) -> Iterable[Any]:
    return [list(texts(array("Q", ctypes.string_at(pointer, 8 * count)))) if pointer else None
            for pointer, count in zip(pointers, counts)]


class Enumeration:
    """trdb_opt_enum: the member, or the text where this package does not know it."""

    def __init__(self, name: str) -> None:
        self.members: dict[int, Any] = {0: None, **by_code(name)}

    def __call__(self, pointers: Column, codes: Column) -> Iterable[Any]:
        members = self.members
        try:
            return list(map(members.__getitem__, codes))
        except KeyError:
            return [members[code] if code in members else ctypes.string_at(pointer).decode()
                    for pointer, code in zip(pointers, codes)]


def constants(name: str) -> Callable[..., Iterable[Any]]:
    """A constant without a text: the member, or the number where this package does not know it."""
    members = by_code(name)
    return lambda codes: [members.get(code, code) for code in codes]


_PLAIN: dict[str, tuple[str, int, Callable[..., Iterable[Any]]]] = {
    "int64_t": ("q", 1, integers), "int32_t": ("i", 1, integers), "bool": ("?", 1, integers), "size_t": ("Q", 1, integers),
    "trdb_opt_i64": ("qi4x", 2, optional), "trdb_opt_bool": ("??", 2, optional), "trdb_uuid": ("16s", 1, uuids),
    "trdb_opt_uuid": ("16si", 2, optional_uuids), "trdb_decimal": ("QQBBB5x", 5, decimals),
    "trdb_timestamp": ("qi4x", 2, times), "trdb_bytes": ("QQ", 2, octets), "trdb_texts": ("QQ", 2, text_arrays),
    "text": ("Q", 1, texts),
}
_NOTED = {"json": documents, "stamp": stamps, "span": spans, "flag": flags}


def codec(field: _c.Field) -> tuple[str, int, Callable[..., Iterable[Any]]]:
    """(codes for struct, number of values, converter) of a field."""
    enum = next((note.removeprefix("enum=") for note in field.notes if note.startswith("enum=")), None)
    if field.type == "trdb_opt_enum" and enum:
        return "Qi4x", 2, Enumeration(enum)
    codes, count, convert = _PLAIN[field.type]
    if enum:
        return codes, count, constants(enum)
    for note in field.notes:
        convert = _NOTED.get(note, convert)
    return codes, count, convert


# A single row is read by a function compiled for its struct: here is the value of each kind, from that of its parts.
_SINGLE: dict[Callable[..., Iterable[Any]], str] = {
    integers: "{0}", optional: "{0} if {1} else None", texts: "text({0}).value.decode() if {0} else None",
    documents: "text({0}).value if {0} else None",
    decimals: "shifted(-{0} if {3} else {0}, -{4}) if {2} == 1 and not {1} else decimal({0}, {1}, {2}, {3}, {4})",
    times: "time({0}) if {1} == 1 else special[{1}]", stamps: "time({0}) if {0} else None", flags: "{0} != 0",
}
_ENUMERATION = "members[{1}] if {1} in members else text({0}).value.decode()"


def single(convert: Callable[..., Iterable[Any]], at: int, parts: list[str]) -> str:
    """The source of a field's value in a row that is read on its own; `parts` are variables."""
    if isinstance(convert, Enumeration):
        return _ENUMERATION.replace("members", f"convert{at}.members").format(*parts)
    if convert in _SINGLE:
        return _SINGLE[convert].format(*parts)
    return f"next(iter(convert{at}({', '.join(f'({part},)' for part in parts)})))"


class Layout:
    """How the rows of a struct are read."""

    def __init__(self, struct: str, kind: type, open_: type) -> None:
        self.struct, self.kind, self.open = struct, kind, open_
        self.size = _c.sizeof(struct)
        self.parts: list[tuple[str, int, int, Callable[..., Iterable[Any]]]] = []
        self.codes, at, values = "=", 0, 0
        for field in _c.fields(struct):
            if _c.hidden(field.name):
                continue
            codes, count, convert = codec(field)
            offset = _c.offset(struct, field.name)
            self.codes += f"{offset - at}x{codes}"
            at = offset + _c.sizeof(field.type)
            self.parts.append((field.name, values, values + count, convert))
            values += count
        self.used = at
        self._structs: dict[int, Struct] = {}

    def struct_of(self, stride: int) -> Struct:
        """Rows of a newer library may be longer than this package knows."""
        if stride not in self._structs:
            self._structs[stride] = Struct(f"{self.codes}{stride - self.used}x")
        return self._structs[stride]

    def rows(self, address: int, stride: int, count: int) -> list[Any]:
        """All rows of a list; one copy of its memory is unpacked."""
        if count == 0:
            return []
        with paused_collector(count):
            raw = self.struct_of(stride).iter_unpack(ctypes.string_at(address, stride * count))
            found: list[Any] = []
            while chunk := list(islice(raw, CHUNK)):
                self.make(self.columns(list(zip(*chunk))), found.append)
            return found

    @functools.cached_property
    def make(self) -> Callable[[Iterable[Iterable[Any]], Callable[[Any], None]], None]:
        """The function that makes rows of their columns and hands each on."""
        names = getattr(self.kind, "__slots__")
        values = ", ".join(f"v{at}" for at in range(len(names)))
        source = ["def make(columns, take):", f"    for {values}, in zip(*columns):", "        row = new(open)",
                  *(f"        row.{name} = v{at}" for at, name in enumerate(names)),
                  "        row.__class__ = kind", "        take(row)"]
        space: dict[str, Any] = {"new": object.__new__, "open": self.open, "kind": self.kind}
        exec("\n".join(source), space)
        made: Callable[[Iterable[Iterable[Any]], Callable[[Any], None]], None] = space["make"]
        return made

    def columns(self, raw: list[Any]) -> list[Iterable[Any]]:
        found = []
        for name, first, last, convert in self.parts:
            try:
                found.append(convert(*raw[first:last]))
            except Range as error:
                raise Range(f"{self.struct.removeprefix('trdb_')}.{name}: {error.message}", column=name) from None
        return found

    def row(self, address: int) -> Any:
        """A row that a call gave on its own."""
        try:
            return self.single(address)
        except Exception:  # noqa: the way of lists tells which column it was
            return self.rows(address, self.size, 1)[0]

    @functools.cached_property
    def single(self) -> Callable[[int], Any]:
        """The function that reads one row."""
        count = len(self.struct_of(self.size).unpack(bytes(self.size)))
        raw = [f"v{at}" for at in range(count)]
        names = getattr(self.kind, "__slots__")
        lines = [f"    row.{names[at]} = {single(convert, at, raw[first:last])}"
                 for at, (_, first, last, convert) in enumerate(self.parts)]
        source = ["def read(address):", f"    {', '.join(raw)}, = unpack(string_at(address, {self.size}))",
                  "    row = new(open)", *lines, "    row.__class__ = kind", "    return row"]
        space: dict[str, Any] = {
            "unpack": self.struct_of(self.size).unpack, "string_at": ctypes.string_at, "new": object.__new__,
            "open": self.open, "kind": self.kind, "text": c_char_p, "shifted": shifted,
            "decimal": decimal, "time": time, "special": _special,
            **{f"convert{at}": part[3] for at, part in enumerate(self.parts)}}
        exec("\n".join(source), space)
        read: Callable[[int], Any] = space["read"]
        return read
