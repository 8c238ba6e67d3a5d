# SPDX-License-Identifier: MIT
"""Filters: a keyword per condition, and order, limit and place of a list."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from struct import Struct
from typing import Any

from tradingdb import _c
from tradingdb._encode import Flat, Keep, Slot, boolean, enum_kind, in_slot_of, kind_of, wrong_type
from tradingdb._struct import Packer, RowStruct, Values
from tradingdb._values import NOT_GIVEN, Between, IsNotNull

EQ, ANY, IS_NULL, NOT_NULL, FROM, UNTIL = 1, 2, 3, 4, 16, 32


class WhereSlot(Slot):
    """trdb_where_*: an equal value, a set, a range, NULL or not."""

    def __init__(self, ctype: str, notes: Sequence[str]) -> None:
        self.kind = kind_of(ctype, notes)
        self.element = Struct("=" + self.kind.codes)
        self.codes = "QQi4x" + 2 * self.kind.codes

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        null, encode = self.kind.null, self.kind.encode
        if value is None:
            return (0, 0, IS_NULL, *null, *null)
        if isinstance(value, IsNotNull):
            return (0, 0, NOT_NULL, *null, *null)
        if isinstance(value, Between):
            start = null if value.start is None else encode(value.start, where, keep)
            end = null if value.end is None else encode(value.end, where, keep)
            op = (0 if value.start is None else FROM) | (0 if value.end is None else UNTIL)
            return (0, 0, op, *start, *end)
        if isinstance(value, Collection) and not isinstance(value, (str, bytes)):
            return (*self.elements(value, where, keep), ANY, *null, *null)
        return (0, 0, EQ, *encode(value, where, keep), *null)

    def elements(self, values: Iterable[Any], where: str, keep: Keep) -> tuple[int, int]:
        """(address, number) of an array of values; texts are one of pointers."""
        packed = [self.element.pack(*self.kind.encode(value, f"{where}[{at}]", keep))
                  for at, value in enumerate(values)]
        return keep.data(b"".join(packed)), len(packed)


class DescendingSlot(Slot):
    codes = "i"

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        return boolean(value, where, keep)


class AfterSlot(Slot):
    """The row after which a list goes on. The library reads its key and the column that orders; documents, which
    order nothing, stay behind."""

    codes = "Q"

    def __init__(self, row: str) -> None:
        self.row = RowStruct(row)
        self.names = tuple(field.name for field in _c.fields(row) if "json" not in field.notes)

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        if getattr(value, "C", None) != self.row.struct:
            raise wrong_type(where, f"a row of {self.row.struct}", value)
        return (self.row.address(value, keep, self.names),)


class FilterStruct:
    """A trdb_*_filter from keywords."""

    def __init__(self, struct: str) -> None:
        self.struct, self.size = struct, _c.sizeof(struct)
        self.row = struct.removesuffix("_filter")
        self.slots: dict[str, Slot] = {}
        for field in _c.fields(struct):
            if field.name == "after":
                self.slots[field.name] = AfterSlot(self.row)
            elif field.name == "descending":
                self.slots[field.name] = DescendingSlot()
            elif field.type.startswith("trdb_where_"):
                self.slots[field.name] = WhereSlot(field.type, field.notes)
            elif field.name != "struct_size":
                self.slots[field.name] = in_slot_of(field.type, field.notes)
        self._packers: dict[tuple[str, ...], Packer] = {}

    def pack(self, values: Values, keep: Keep) -> bytes | None:
        """The filter, or None when nothing is asked."""
        given = tuple(name for name in self.slots if asks(name, values.get(name, NOT_GIVEN)))
        if not given:
            return None
        packer = self._packers.get(given)
        if packer is None:
            packer = self._packers[given] = Packer(self.struct, self.slots, given, (self.size,))
        return packer.pack(tuple(map(values.__getitem__, given)), keep)


def asks(name: str, value: Any) -> bool:
    """None is a condition of its own, but no order, limit or place."""
    if value is NOT_GIVEN or name == "descending" and value is False:
        return False
    return value is not None or name not in ("order_by", "limit", "after")
