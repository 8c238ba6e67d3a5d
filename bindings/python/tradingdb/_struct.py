# SPDX-License-Identifier: MIT
"""Input structs: a keyword per field, packed by one struct.pack per row and set of given fields."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from struct import Struct
from typing import Any

from tradingdb import _c
from tradingdb._cancel import Canceller
from tradingdb._encode import Flat, Keep, Slot, boolean, in_slot_of, integer, refused, slot_of, wrong_type
from tradingdb._errors import Error
from tradingdb._generated.errors import Range
from tradingdb._values import NOT_GIVEN, Token

Values = Mapping[str, Any]
MOST_PACKERS = 1000   # sets of given fields for which a function is kept


class Packer:
    """Packs some fields of a struct; the others stay zero. What values usually are is packed by a function that is
    compiled for just these fields; it gives up at anything that it cannot take, and the fields are then encoded one by
    one, which tells what is wrong where."""

    def __init__(self, struct: str, slots: dict[str, Slot], names: Iterable[str], first: Flat) -> None:
        self.first = first
        self.slots = sorted(((name, slots[name]) for name in names), key=lambda item: _c.offset(struct, item[0]))
        codes, at = "=" + "Q" * len(first), 8 * len(first)
        for name, slot in self.slots:
            offset = _c.offset(struct, name)
            codes += f"{offset - at}x{slot.codes}"
            at = offset + Struct("=" + slot.codes).size
        self.struct = Struct(f"{codes}{_c.sizeof(struct) - at}x")
        self.quick: Callable[[Values, Keep], bytes] = self._compile()

    def pack(self, values: Values, keep: Keep, prefix: str = "") -> bytes:
        try:
            return self.quick(values, keep)
        except Exception:  # noqa: the careful way raises what the caller is to see
            return self.careful(values, keep, prefix)

    def careful(self, values: Values, keep: Keep, prefix: str) -> bytes:
        flat = list(self.first)
        for name, slot in self.slots:
            flat += slot.values(values[name], prefix + name, keep)
        return self.struct.pack(*flat)

    def _compile(self) -> Callable[[Values, Keep], bytes]:
        lines, packed = ["def quick(values, keep):"], [repr(number) for number in self.first]
        space: dict[str, Any] = {"pack": self.struct.pack}
        for at, (name, slot) in enumerate(self.slots):
            count = len(Struct("=" + slot.codes).unpack(bytes(Struct("=" + slot.codes).size)))
            parts = [f"v{at}_{part}" for part in range(count)]
            lines += _quick_lines(name, slot, at, parts)
            space[f"slot{at}"], space[f"known{at}"] = slot, slot.known
            packed += parts
        exec("\n".join([*lines, f"    return pack({', '.join(packed)})"]), space)
        quick: Callable[[Values, Keep], bytes] = space["quick"]
        return quick


def _quick_lines(name: str, slot: Slot, at: int, parts: list[str]) -> list[str]:
    """Source that sets the variables `parts` to what C gets for a field."""
    every = f"    {', '.join(parts)}, = slot{at}.values(value, {name!r}, keep)"
    if slot.known is None and slot.quick is None:
        return [f"    value = values[{name!r}]", every]
    state = [f"    {part} = {number}" for part, number in zip(parts[1:], slot.given)]
    if slot.known is not None:
        return [f"    value = values[{name!r}]", f"    {parts[0]} = known{at}.get(value)", *state,
                f"    if {parts[0]} is None:", "    " + every]
    assert slot.quick
    return [f"    {parts[0]} = value = values[{name!r}]", *state,
            f"    if type(value) is not {slot.quick.__name__}:", "    " + every]


class InputStruct:
    """A trdb_*_new or an options struct. `rename` tells by which keywords fields go that are not called alike."""

    def __init__(self, struct: str, names: Iterable[str] | None = None) -> None:
        self.struct, self.size = struct, _c.sizeof(struct)
        self.slots = {field.name: in_slot_of(field.type, field.notes) for field in _c.fields(struct)
                      if not _c.hidden(field.name) and (names is None or field.name in names)}
        self._packers: dict[tuple[str, ...], Packer] = {}
        self._rows: dict[tuple[str, ...], Callable[[Values, Keep], bytes]] = {}

    def packer(self, names: Iterable[str]) -> Packer:
        """The packer of some fields; names of other things are left alone."""
        key = tuple(names)
        packer = self._packers.get(key)
        if packer is None:
            given = [name for name in key if name in self.slots]
            if len(self._packers) >= MOST_PACKERS:
                self._packers.clear()
            packer = self._packers[key] = Packer(self.struct, self.slots, given, (self.size,))
        return packer

    def pack(self, values: Values, keep: Keep, prefix: str = "") -> bytes:
        """The struct with those fields that `values` gives; other keys are left alone."""
        given = {name: value for name, value in values.items() if value is not NOT_GIVEN}
        return self.packer(given).pack(given, keep, prefix)

    def pack_many(self, rows: Iterable[Values], keep: Keep, where: str) -> tuple[bytes, int]:
        """(array of structs, number); a bad row is named by its index."""
        if not isinstance(rows, Iterable):
            raise wrong_type(where, "a list of dicts", rows)
        packed, quick = [], self._rows
        for at, values in enumerate(rows):
            try:
                packed.append(quick[tuple(values)](values, keep))
            except Exception:  # noqa: new names, or something to be told
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
            packed = self.pack_named(values, keep, f"{where}[{at}]")
        except Error as error:
            error.row = at
            raise
        names = tuple(values)
        if len(self._rows) < MOST_PACKERS and NOT_GIVEN not in values.values():
            self._rows[names] = self.packer(names).quick
        return packed


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
        values = {name: getattr(row, name) for name in names}
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

    def pack(self, values: Values, keep: Keep) -> bytes | None:
        for word in self.words:
            if values[word] is not None and values[word] is not False:
                return self.pack_given(values, keep)
        return None

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
