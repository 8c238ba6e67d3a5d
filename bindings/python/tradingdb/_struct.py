# SPDX-License-Identifier: MIT
"""Input structs: a keyword per field, packed by one struct.pack per row."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from operator import itemgetter
from struct import Struct
from typing import Any

from tradingdb import _c
from tradingdb._cancel import Canceller
from tradingdb._encode import (QUICK_NAMES, Flat, Keep, Slot, boolean, in_slot_of, integer, refused, slot_of,
                               wrong_type)
from tradingdb._errors import Error
from tradingdb._generated.errors import Range
from tradingdb._values import NOT_GIVEN, NotGiven, Token

Values = Mapping[str, Any]
Row = tuple[Any, ...]
MOST_PACKERS = 256    # sets of given fields that are kept, and of their types


class Packer:
    """Packs rows of values of some fields of a struct; the others stay zero. For the types that values have a function is
    compiled; it gives up at anything that it cannot take, and the fields are then encoded one by one, which tells what
    is wrong where. A value may be NOT_GIVEN."""

    def __init__(self, struct: str, slots: Mapping[str, Slot], names: Iterable[str], first: Flat) -> None:
        self.size, self.first = _c.sizeof(struct), first
        self.fields = sorted((_c.offset(struct, name), at, name, slots[name]) for at, name in enumerate(names))
        self.compiled: dict[tuple[type, ...], Callable[[Row, Keep], bytes]] = {}

    def pack(self, row: Row, keep: Keep, prefix: str = "") -> bytes:
        try:
            return self.compiled[tuple(map(type, row))](row, keep)
        except Exception:  # noqa: new types, or something to be told
            packed = self.careful(row, keep, prefix)
        self.learn(row)
        return packed

    def careful(self, row: Row, keep: Keep, prefix: str) -> bytes:
        flat = list(self.first)
        for _, at, name, slot in self.fields:
            if row[at] is not NOT_GIVEN:
                flat += slot.values(row[at], prefix + name, keep)
        return self._struct([value is not NOT_GIVEN for value in row]).pack(*flat)

    def learn(self, row: Row) -> None:
        """Compiles the function for the types of a row. Rows of ever new types are packed carefully at last."""
        types = tuple(map(type, row))
        if types not in self.compiled and len(self.compiled) < MOST_PACKERS:
            self.compiled[types] = self._compile(types)

    def _struct(self, given: Sequence[bool]) -> Struct:
        codes, end = "=" + "Q" * len(self.first), 8 * len(self.first)
        for offset, at, _, slot in self.fields:
            if given[at]:
                codes += f"{offset - end}x{slot.codes}"
                end = offset + Struct("=" + slot.codes).size
        return Struct(f"{codes}{self.size - end}x")

    def _compile(self, types: tuple[type, ...]) -> Callable[[Row, Keep], bytes]:
        given = [kind is not NotGiven for kind in types]
        variables = "".join(f"v{at}, " if is_given else "_, " for at, is_given in enumerate(given))
        lines, packed = [f"    {variables}= row"] if variables else [], [repr(number) for number in self.first]
        space: dict[str, Any] = {"pack": self._struct(given).pack, **QUICK_NAMES}
        for _, at, name, slot in self.fields:
            if given[at]:
                source, parts = slot.quick(types[at], f"v{at}", name, at) or (
                    [], [f"*slot{at}.values(v{at}, {name!r}, keep)"])
                lines += [f"    {line}" for line in source]
                packed += parts
                space[f"slot{at}"] = slot
        exec("\n".join(["def quick(row, keep):", *lines, f"    return pack({', '.join(packed)})"]), space)
        quick: Callable[[Row, Keep], bytes] = space["quick"]
        return quick


def picker(names: Sequence[str]) -> Callable[[Values], Row]:
    """The function that takes some values out of a dict."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)


class InputStruct:
    """A trdb_*_new or an options struct."""

    def __init__(self, struct: str, names: Iterable[str] | None = None) -> None:
        self.struct, self.size = struct, _c.sizeof(struct)
        self.slots = {field.name: in_slot_of(field.type, field.notes) for field in _c.fields(struct)
                      if not _c.hidden(field.name) and (names is None or field.name in names)}
        self._packers: dict[tuple[str, ...], Packer] = {}

    def packer(self, names: tuple[str, ...]) -> Packer:
        """The packer of some fields."""
        packer = self._packers.get(names)
        if packer is None:
            if len(self._packers) >= MOST_PACKERS:
                self._packers.clear()
            packer = self._packers[names] = Packer(self.struct, self.slots, names, (self.size,))
        return packer

    def pack(self, values: Values, keep: Keep, prefix: str = "") -> bytes:
        """The struct with the fields that `values` gives."""
        return self.packer(tuple(values)).pack(tuple(values.values()), keep, prefix)

    def pack_many(self, rows: Iterable[Values], keep: Keep, where: str) -> tuple[bytes, int]:
        """(array of structs, number); a bad row is named by its index."""
        if not isinstance(rows, Iterable):
            raise wrong_type(where, "a list of dicts", rows)
        packed, packers = [], self._packers
        for at, values in enumerate(rows):
            try:
                row = tuple(values.values())
                packed.append(packers[tuple(values)].compiled[tuple(map(type, row))](row, keep))
            except Exception:  # noqa: new names or types, or something to be told
                packed.append(self._pack_row(values, keep, where, at))
        return b"".join(packed), len(packed)

    def pack_named(self, values: Values, keep: Keep, where: str) -> bytes:
        """A struct from a dict, whose names are looked at."""
        if not isinstance(values, Mapping):
            raise TypeError(f"{where}: expected a dict, not {type(values).__name__}")
        unknown = values.keys() - self.slots.keys()
        if unknown:
            raise TypeError(f"{where}: there is no field {', '.join(sorted(map(str, unknown)))}")
        return self.pack(values, keep, f"{where}.")

    def _pack_row(self, values: Values, keep: Keep, where: str, at: int) -> bytes:
        try:
            return self.pack_named(values, keep, f"{where}[{at}]")
        except Error as error:
            error.row = at
            raise


class RowStruct:
    """A row that goes back to C: where a list goes on, or what a figure is computed of."""

    def __init__(self, struct: str) -> None:
        self.struct = struct
        self.slots = {field.name: slot_of(field.type, field.notes) for field in _c.fields(struct)}
        self._packers: dict[tuple[str, ...], Packer] = {}

    def address(self, row: Any, keep: Keep, names: tuple[str, ...] | None = None) -> int:
        """The address of a copy of the row, of all its fields or of some."""
        names = tuple(self.slots) if names is None else names
        packer = self._packers.get(names)
        if packer is None:
            packer = self._packers[names] = Packer(self.struct, self.slots, names, ())
        values = tuple(getattr(row, name) for name in names)
        return keep.data(packer.pack(values, keep, f"{type(row).__name__}."))


class TokenSlot(Slot):
    """A token that a commit gave; its address."""

    codes = "Q"

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        if not isinstance(value, Token):
            raise wrong_type(where, "a Token", value)
        numbers = [part for name, number in zip(value._fields, value) for part in integer(number, f"{where}.{name}", keep)]
        return (keep.data(Struct("=qqq").pack(*numbers)),)


class CancellerSlot(Slot):
    """A canceller, which the caller keeps while the unit begins."""

    codes = "Q"

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        if not isinstance(value, Canceller):
            raise wrong_type(where, "a Canceller", value)
        return (value._handle.value,)


_SWITCHES = frozenset(map(id, (None, True, False)))  # nothing else ever has their places in memory


class OptionsStruct:
    """An options struct from keywords: times in seconds, a keyword per flag; what is None has its default."""

    def __init__(self, struct: str) -> None:
        self.struct = InputStruct(struct, [field.name for field in _c.fields(struct)
                                           if field.type in ("int32_t", "text") or "flags=" in " ".join(field.notes)])
        if struct == "trdb_uow_options":
            self.struct.slots.update(after=TokenSlot(), canceller=CancellerSlot())
        self.flags: dict[str, dict[str, int]] = {}
        words = [name.removesuffix("_ms") for name in self.struct.slots]
        for field in _c.fields(struct):
            for note in field.notes:
                if note.startswith("flags="):
                    self.flags[field.name] = flag_names(note.removeprefix("flags="))
                    words += self.flags[field.name]
        self.words = [word for word in words if word not in self.flags]
        self._pick = picker(self.words)
        self._switched: dict[tuple[int, ...], bytes | None] = {}

    def pack(self, values: Values, keep: Keep) -> bytes | None:
        """The struct, or None where everything has its default. Where only flags are given it is packed once."""
        given = tuple(map(id, self._pick(values)))
        try:
            return self._switched[given]
        except KeyError:
            packed = self.pack_given(values, keep)
        if _SWITCHES.issuperset(given):
            self._switched[given] = packed
        return packed

    def pack_given(self, values: Values, keep: Keep) -> bytes | None:
        given: dict[str, Any] = {}
        for name in self.struct.slots:
            if name in self.flags:
                value: Any = pack_flags(self.flags[name], values) or None
            elif name.endswith("_ms"):
                value = milliseconds(values[name.removesuffix("_ms")], name.removesuffix("_ms"))
            else:
                value = values[name]
            if value is not None:
                given[name] = value
        return self.struct.pack(given, keep) if given else None


def milliseconds(value: Any, where: str) -> int | None:
    """Seconds or a timedelta as milliseconds, rounded up; -1, for never or none, stays."""
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if value is None or value == -1 and not isinstance(value, bool):
        return None if value is None else -1
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise wrong_type(where, "seconds or a timedelta", value)
    if not -(1 << 31) <= value * 1000 < (1 << 31) - 1:
        raise refused(Range, where, "the time is out of range")
    return math.ceil(value * 1000)


def flag_names(name: str) -> dict[str, int]:
    """{keyword: bit} of a trdb_*_flags."""
    prefix = f"TRDB_{name.removesuffix('_flags')}_".upper()
    return {constant.removeprefix(prefix).lower(): bit for constant, bit in _c.CONSTANTS[f"trdb_{name}"].items()}


def pack_flags(flags: dict[str, int], values: Values) -> int:
    total = 0
    for name, bit in flags.items():
        (given,) = boolean(values[name], name, Keep())
        total |= bit if given else 0
    return total
