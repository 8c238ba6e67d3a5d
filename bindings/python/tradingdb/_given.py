# SPDX-License-Identifier: MIT
"""Columns on their way to C: what Python and numpy keep much data in, as a trdb_column_view each. Buffers that C can
read are handed on as they are. numpy is used only where something of numpy is given."""
from __future__ import annotations

import ctypes
import struct
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from itertools import accumulate, islice
from typing import Any, NamedTuple

from tradingdb import _c
from tradingdb._columns import Column, Columns
from tradingdb._encode import (Keep, boolean, decimal, integer, json_bytes, octets, refused, texts, timestamp, utf8, uuid,
                               wrong_type)
from tradingdb._errors import Error
from tradingdb._generated.errors import Encoding, Inexact, Invalid, Range
from tradingdb._values import Coded, JsonText, Scaled

KINDS = {name.removeprefix("TRDB_COLUMN_").lower(): number
         for name, number in _c.CONSTANTS["trdb_column_kind"].items()}
_VIEW = struct.Struct("=QiiqqqQQqQQ")  # a trdb_column_view
_SAMPLE = 1000  # values that show whether texts repeat
_NONE: type = type(None)


class View(NamedTuple):
    """A column as C takes it; the buffers are addresses."""

    kind: str
    length: int
    data: int = 0
    size: int = 0
    offsets: int = 0
    validity: int = 0
    child: int = 0
    scale: int = 0

    def pack(self, name: int) -> bytes:
        return _VIEW.pack(name, KINDS[self.kind], self.scale, self.length, 0, 0, self.validity, self.data, self.size,
                          self.offsets, self.child)


class Ready:
    """Values that are in a form of C already."""

    def view(self, keep: Keep) -> View:
        raise NotImplementedError


class Field:
    """A column of a table: its name, and what kind of values it takes."""

    def __init__(self, field: _c.Field) -> None:
        self.name = field.name
        notes = {note.partition("=")[0] for note in field.notes}
        self.kind = "enum" if "enum" in notes else "json" if "json" in notes else field.type.removeprefix("trdb_in_")

    def refuse(self, wanted: str, value: object) -> TypeError:
        return wrong_type(self.name, wanted, value)

    def at(self, index: int) -> str:
        return f"{self.name}[{index}]"


def views(columns: Any, row: str, keep: Keep) -> tuple[bytes, int, int]:
    """(an array of trdb_column_view, the size of one, their number)."""
    assert _VIEW.size == _c.sizeof("trdb_column_view")
    if isinstance(columns, Columns):
        columns = {column.name: column for column in columns}
    if not isinstance(columns, Mapping):
        raise wrong_type("columns", "Columns, or a mapping of names and values", columns)
    fields = {field.name: field for field in _c.fields(f"{row}_new") if not _c.hidden(field.name)}
    packed = []
    for name, values in columns.items():
        if not isinstance(name, str):
            raise wrong_type("columns", "names of columns", name)
        if name not in fields:
            raise refused(Invalid, "columns", f"there is no column {name}")
        packed.append(_view(Field(fields[name]), values, keep).pack(keep.data(name.encode())))
    return b"".join(packed), _VIEW.size, len(packed)


def _view(field: Field, values: Any, keep: Keep) -> View:
    if isinstance(values, Ready):
        return values.view(keep)
    if isinstance(values, Column):
        return _of_column(field, keep.hold(values))
    if isinstance(values, Scaled):
        return _scaled(field, values, keep)
    if isinstance(values, Coded) or hasattr(values, "categories") and hasattr(values, "codes"):
        return _coded(field, values, keep)
    if hasattr(values, "dtype") and hasattr(values, "__array_interface__"):
        return _of_numpy(field, values, keep)
    if isinstance(values, array):
        return _of_array(field, values, keep)
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise field.refuse("a column of values", values)
    return _of_list(field, values if isinstance(values, list) else list(values), keep)


def _of_column(field: Field, column: Column) -> View:
    """The library's own buffers; C looks whether the kind fits."""
    view = column.c_view
    return View(column.kind, column.length, view.data or 0, view.data_size, view.offsets or 0,
                view.validity or 0, view.child or 0, column.scale)


# ---- what is already packed


def _held(data: bytes, keep: Keep) -> tuple[int, int]:
    return keep.data(data), len(data)


def _memory(values: array[Any], keep: Keep) -> tuple[int, int]:
    keep.hold(values)
    return values.buffer_info()[0], len(values) * values.itemsize


def _of_array(field: Field, values: array[Any], keep: Keep) -> View:
    if values.typecode in "fd":
        raise field.refuse("integers; a float is not exact", values)
    if values.typecode not in "bhilqBHILQ" or field.kind not in ("i64", "decimal"):
        raise field.refuse(f"values for {field.kind}", values)
    if values.typecode != "q":
        values = _integers(field, values.tolist(), {int})
    return View("i64", len(values), *_memory(values, keep))


def _scaled(field: Field, given: Scaled, keep: Keep) -> View:
    """Integers that are decimals of a scale, of 64 bits or the pairs that Column.numpy() gives."""
    if field.kind != "decimal":
        raise field.refuse(f"values for {field.kind}", given)
    values = given.values
    names = getattr(getattr(values, "dtype", None), "names", None)
    if names == ("low", "high"):
        whole, validity = _plain(values, [("low", "<u8"), ("high", "<i8")], keep)
        return View("decimal", len(whole), whole.ctypes.data, whole.nbytes, 0, validity, 0, given.scale)
    view = _view(field, values, keep)
    if view.kind != "i64":
        raise field.refuse("integers in scaled()", values)
    return view._replace(scale=given.scale)


def _coded(field: Field, given: Any, keep: Keep) -> View:
    """Places in a list of texts; below 0 for NULL."""
    words, codes = list(given.categories), given.codes
    if field.kind not in ("text", "enum", "json"):
        raise field.refuse(f"values for {field.kind}", given)
    if hasattr(codes, "dtype"):
        if codes.dtype.kind not in "iu":
            raise field.refuse("integers as codes", codes)
        numpy = import_module("numpy")
        if codes.dtype.itemsize > 4 and codes.size and not -(1 << 31) <= int(codes.min()) <= int(codes.max()) < 1 << 31:
            raise refused(Range, field.name, "the codes do not fit 32 bits")
        whole, validity = _plain(codes, "<i4", keep, numpy.less(codes, 0))
        return View("codes", len(whole), whole.ctypes.data, whole.nbytes, 0, validity, _dictionary(field, words, keep))
    numbers = array("q", codes)
    bits = bits_of([number >= 0 for number in numbers]) if numbers and min(numbers) < 0 else None
    try:
        small = array("i", numbers)
    except OverflowError:
        raise refused(Range, field.name, "the codes do not fit 32 bits") from None
    return View("codes", len(small), *_memory(small, keep), 0, keep.data(bits) if bits else 0,
                _dictionary(field, words, keep))


def _dictionary(field: Field, words: Sequence[str], keep: Keep) -> int:
    """The address of a view of texts."""
    return keep.data(_joined(field, words, keep).pack(0))


# ---- numpy


def _plain(values: Any, dtype: Any, keep: Keep, missing: Any = None) -> tuple[Any, int]:
    """(the array as C reads it, the address of its validity); nothing is copied that fits already."""
    numpy = import_module("numpy")
    mask = numpy.ma.getmaskarray(values) if isinstance(values, numpy.ma.MaskedArray) else None
    if missing is not None and missing.any():
        mask = missing if mask is None else mask | missing
    whole = numpy.ascontiguousarray(numpy.ma.getdata(values), dtype)
    keep.hold(whole)
    if mask is None or not mask.any():
        return whole, 0
    return whole, keep.data(numpy.packbits(~mask, bitorder="little").tobytes())


def _of_numpy(field: Field, values: Any, keep: Keep) -> View:
    numpy = import_module("numpy")
    if values.ndim != 1:
        raise refused(Invalid, field.name, f"an array of {values.ndim} dimensions is no column")
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind in "OU" or kind == "S" and field.kind == "bytes":
        return _of_list(field, values.tolist(), keep)  # what is masked becomes None
    if kind == "f":
        raise field.refuse("integers or objects; a float is not exact", values)
    if kind in "iu" and field.kind in ("i64", "decimal"):
        if kind == "u" and size == 8 and values.size and int(values.max()) >= 1 << 63:
            raise refused(Range, field.name, "a number does not fit 64 bits")
        whole, validity = _plain(values, "<i8", keep)
        return View("i64", len(whole), whole.ctypes.data, whole.nbytes, 0, validity)
    if kind == "b" and field.kind == "bool":
        whole, validity = _plain(values, "?", keep)
        return View("bool", len(whole), *_held(numpy.packbits(whole, bitorder="little").tobytes(), keep), 0, validity)
    if kind == "M" and field.kind == "timestamp":
        return _of_times(field, values, keep)
    if kind == "V" and size == 16 and not values.dtype.names and field.kind == "uuid":
        whole, validity = _plain(values, "V16", keep)
        return View("uuid", len(whole), whole.ctypes.data, whole.nbytes, 0, validity)
    raise field.refuse(f"an array for {field.kind}", values.dtype.type())


def _of_times(field: Field, values: Any, keep: Keep) -> View:
    """datetime64 of any unit, in UTC; NaT is NULL."""
    numpy = import_module("numpy")
    missing = numpy.isnat(numpy.ma.getdata(values))
    times = values
    if values.dtype != "<M8[us]":
        times = values.astype("<M8[us]")
        lost = (numpy.ma.getdata(times.astype(values.dtype) != values)) & ~missing
        if lost.any():
            error = refused(Inexact, field.name, "a time has more than microseconds, or lies too far away")
            error.row = int(lost.argmax())
            raise error
    whole, validity = _plain(times, "<M8[us]", keep, missing)
    return View("timestamp", len(whole), whole.ctypes.data, whole.nbytes, 0, validity)


# ---- lists


def bits_of(flags: Iterable[bool]) -> bytes:
    """A bit a value, the least significant of a byte first."""
    octet = bytes(flags)
    size = (len(octet) + 7) // 8
    total = 0
    for bit in range(8):
        total |= int.from_bytes(octet[bit::8], "little") << bit
    return total.to_bytes(size + 1, "little")


def _of_list(field: Field, values: list[Any], keep: Keep) -> View:
    kinds = set(map(type, values))
    view = _LISTS[field.kind](field, values, kinds, keep)
    if _NONE not in kinds:
        return view
    return view._replace(validity=keep.data(bits_of(value is not None for value in values)))


def _each(field: Field, values: Iterable[Any], convert: Callable[[Any, str], Any], null: Any) -> list[Any]:
    """Every value by itself, so that the one that is wrong is named."""
    found = []
    for at, value in enumerate(values):
        try:
            found.append(null if value is None else convert(value, field.at(at)))
        except Error as error:
            error.column, error.row = field.name, at
            raise
    return found


def _integers(field: Field, values: list[Any], kinds: set[type]) -> array[int]:
    try:
        if kinds <= {int, _NONE}:
            return array("q", [value or 0 for value in values] if _NONE in kinds else values)
    except OverflowError:
        pass
    return array("q", _each(field, values, lambda value, where: integer(value, where, _KEEP)[0], 0))


def _numbers(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    numbers = _integers(field, values, kinds)
    return View("i64", len(numbers), *_memory(numbers, keep))


def _booleans(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    if not kinds <= {bool, _NONE}:
        _each(field, values, lambda value, where: boolean(value, where, _KEEP), None)
    return View("bool", len(values), *_held(bits_of(value is True for value in values), keep))


def _decimals(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    """As texts, which C reads: every digit of every value, whatever its scale. Integers need none."""
    if kinds <= {int, _NONE}:
        try:
            return _numbers(field, values, kinds, keep)
        except Range:
            pass
    if not kinds <= {Decimal, _NONE}:
        _each(field, values, lambda value, where: decimal(value, where, _KEEP), None)
    words = ["" if value is None else str(value) for value in values]
    if "N" in "".join(words):
        _each(field, values, lambda value, where: decimal(value, where, _KEEP), None)
    return _joined(field, words, keep)


def _times(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    ends = {2: (1 << 63) - 1, 3: -(1 << 63)}

    def convert(value: Any, where: str) -> int:
        us, kind = timestamp(value, where, _KEEP)
        return ends.get(kind, us)
    times = array("q", _each(field, values, convert, 0))
    return View("timestamp", len(times), *_memory(times, keep))


def _uuids(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    return View("uuid", len(values), *_held(b"".join(
        _each(field, values, lambda value, where: uuid(value, where, _KEEP)[0], bytes(16))), keep))


def _pieces(kind: str, pieces: Sequence[bytes], keep: Keep) -> View:
    offsets = array("q", accumulate(map(len, pieces), initial=0))
    return View(kind, len(pieces), *_held(b"".join(pieces), keep), _memory(offsets, keep)[0])


_utf8 = ctypes.PyDLL(None).PyUnicode_AsUTF8AndSize
_utf8.restype, _utf8.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_void_p]


def _joined(field: Field, values: Sequence[str], keep: Keep) -> View:
    """Texts one behind the other, and where each begins. Mostly a character is a byte, and they are not copied again."""
    try:
        text = "".join(values)
        size = ctypes.c_ssize_t()
        address = _utf8(keep.hold(text), ctypes.addressof(size))
    except (TypeError, UnicodeEncodeError):
        return _pieces("text", _each(field, values, utf8, b""), keep)
    sizes = map(len, values) if text.isascii() else map(len, map(str.encode, values))
    offsets = array("q", accumulate(sizes, initial=0))
    return View("text", len(values), address, size.value, _memory(offsets, keep)[0])


def _repeats(values: list[Any]) -> bool:
    """Whether texts come again, as the first ones show."""
    few = list(islice(values, _SAMPLE))
    return len(few) > 1 and 2 * len(set(few)) <= len(few)


def _texts(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    if not all(issubclass(kind, (str, _NONE)) for kind in kinds):
        _each(field, values, utf8, b"")
    if not _repeats(values):
        return _joined(field, [value or "" for value in values] if _NONE in kinds else values, keep)
    words: dict[Any, int] = dict.fromkeys(values, 0)
    words.pop(None, None)
    words.update({word: code for code, word in enumerate(words)})
    dictionary = _words(field, list(words), values, keep)
    if _NONE in kinds:
        words[None] = 0
    codes = array("i", map(words.__getitem__, values))
    return View("codes", len(codes), *_memory(codes, keep), 0, 0, dictionary)


def _words(field: Field, words: list[str], values: list[Any], keep: Keep) -> int:
    """The dictionary; the error of a text that is none names the row where it first stands."""
    try:
        return _dictionary(field, words, keep)
    except Encoding as error:
        error.row = values.index(words[error.row or 0])
        raise


def _documents(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    if kinds <= {JsonText, _NONE}:
        return _texts(field, values, kinds, keep)
    return _pieces("json", _each(field, values, json_bytes, b""), keep)


def _octets(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    def convert(value: Any, where: str) -> bytes:
        octets(value, where, Keep())
        return bytes(value)
    return _pieces("bytes", _each(field, values, convert, b""), keep)


def _arrays(field: Field, values: list[Any], kinds: set[type], keep: Keep) -> View:
    _each(field, values, lambda value, where: texts(value, where, Keep()), None)
    elements = [element for value in values for element in value or ()]
    offsets = array("q", accumulate((len(value or ()) for value in values), initial=0))
    child = _joined(field, [element or "" for element in elements], keep)
    if None in elements:
        child = child._replace(validity=keep.data(bits_of(element is not None for element in elements)))
    return View("texts", len(values), 0, 0, _memory(offsets, keep)[0], 0, keep.data(child.pack(0)))


_KEEP = Keep()  # for encoders whose values need no memory
_LISTS: dict[str, Callable[[Field, list[Any], set[type], Keep], View]] = {
    "i64": _numbers, "bool": _booleans, "decimal": _decimals, "timestamp": _times, "uuid": _uuids, "text": _texts,
    "enum": _texts, "json": _documents, "bytes": _octets, "texts": _arrays,
}
