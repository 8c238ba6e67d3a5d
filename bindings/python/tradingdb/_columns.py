# SPDX-License-Identifier: MIT
"""Rows as columns: one buffer per column, filled by C, which numpy and Arrow take as it is. Neither is needed to import
this; numpy() and to_pandas() need the packages of that name."""
from __future__ import annotations

import ctypes
import functools
import weakref
from array import array
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, List, TypeVar

from tradingdb import _c
from tradingdb._arrow import schema_capsule, stream_capsule
from tradingdb._objects import reader
from tradingdb._decode import paused_collector
from tradingdb._encode import refused, wrong_type
from tradingdb._generated.errors import Invalid
from tradingdb._library import function
from tradingdb._row import class_of, layout

R = TypeVar("R")
CHUNK = 8192     # rows that become objects at once; a multiple of 8, since validity is a bit a row
KINDS = {number: name.removeprefix("TRDB_COLUMN_").lower()
         for name, number in _c.CONSTANTS["trdb_column_kind"].items()}
_VALUES = {"i64": ("q", "int64"), "f64": ("d", "float64"), "timestamp": ("q", "datetime64[us]"), "codes": ("i", "int32")}


class Handle:
    """The C object, on which every buffer holds."""

    def __init__(self, address: int) -> None:
        self.address = address
        weakref.finalize(self, function("trdb_columns_free"), address).atexit = False


class Column:
    """One column. The buffers are those of the library, read-only, and live as long as something refers to them."""

    def __init__(self, owner: Handle, view: Any) -> None:
        self._owner = owner
        self.c_view: Any = type(view).from_buffer_copy(view)
        """The trdb_column_view, whose buffers live as long as this column."""
        self.name: str = view.name.decode() if view.name else ""
        self.kind: str = KINDS[view.kind]
        """i64 bool decimal f64 timestamp uuid text json bytes codes texts"""
        self.scale: int = view.scale
        """Digits behind the point of a decimal column: a value is its integer / 10**scale."""
        self.length: int = view.length
        self.null_count: int = view.null_count
        self.infinite_count: int = view.infinite_count
        self.data = self._buffer(view.data, view.data_size)
        """The values as they lie in memory: see numpy(). Of texts the bytes, one behind the other."""
        self.offsets = self._buffer(view.offsets, 8 * (view.length + 1)).cast("q") if view.offsets else None
        """Of texts, documents, bytes and arrays: value i is data[offsets[i]:offsets[i + 1]]."""
        self.validity = self._buffer(view.validity, (view.length + 7) // 8) if view.validity else None
        """A bit a row, the least significant first: 1 for a value, 0 for NULL. None when nothing is NULL."""
        child = ctypes.cast(view.child, ctypes.POINTER(_c.ctype("trdb_column_view"))) if view.child else None
        self.child = Column(owner, child.contents) if child else None
        """The dictionary of codes, the elements of arrays."""

    def _buffer(self, address: int | None, size: int) -> memoryview:
        if not address or not size:
            return memoryview(b"")
        memory = (ctypes.c_char * size).from_address(address)
        memory.owner = self._owner  # type: ignore[attr-defined]
        return memoryview(memory).cast("B").toreadonly()

    def __len__(self) -> int:
        return self.length

    @functools.cached_property
    def categories(self) -> List[str]:
        """The texts that codes stand for."""
        return self.child.tolist() if self.kind == "codes" and self.child else []

    def tolist(self) -> List[Any]:
        """The values as Python's objects: as in rows, but documents are texts, and so are the members of closed sets."""
        return list(reader(self)(0, self.length))

    def numpy(self) -> Any:
        """The column as a numpy array. Nothing is copied: int64, float64, datetime64[us] in UTC, int32 codes into
        `categories`, decimals as records of `low` (uint64) and `high` (int64), UUIDs as 16 bytes. NULLs have zeros there
        (see mask()), and infinite times the ends of int64. Booleans are unpacked; texts, documents, bytes and arrays
        become objects."""
        numpy = import_module("numpy")
        if self.kind in _VALUES:
            return numpy.frombuffer(self.data, _VALUES[self.kind][1], self.length)
        if self.kind == "decimal":
            return numpy.frombuffer(self.data, [("low", "<u8"), ("high", "<i8")], self.length)
        if self.kind == "uuid":
            return numpy.frombuffer(self.data, "V16", self.length)
        if self.kind == "bool":
            return numpy.unpackbits(numpy.frombuffer(self.data, "u1"), count=self.length, bitorder="little").view(bool)
        found = numpy.empty(self.length, object)
        found[:] = self.tolist()
        return found

    def mask(self) -> Any:
        """A numpy array of bool: True where the value is NULL."""
        numpy = import_module("numpy")
        if self.validity is None:
            return numpy.zeros(self.length, bool)
        bits = numpy.unpackbits(numpy.frombuffer(self.validity, "u1"), count=self.length, bitorder="little")
        return bits == 0

    def float64(self) -> Any:
        """Numbers as a numpy array of float64, with NaN for NULL. Decimals are no longer exact then."""
        numpy = import_module("numpy")
        values = self.numpy()
        if self.kind == "decimal":
            low, high = values["low"], values["high"]
            narrow = bool((high == low.view("i8") >> 63).all())
            whole = low.view("i8") if narrow else high.astype("f8") * 2.0 ** 64 + low
            values = whole / 10.0 ** self.scale
        values = values.astype("f8")
        if self.null_count:
            values[self.mask()] = numpy.nan
        return values

    def pandas(self, decimals: str = "exact") -> Any:
        """The column as pandas keeps such values best; see Columns.to_pandas()."""
        pandas, numpy = import_module("pandas"), import_module("numpy")
        if self.kind == "codes":
            codes = self.numpy()
            return pandas.Categorical.from_codes(numpy.where(self.mask(), -1, codes) if self.null_count else codes,
                                                 self.categories)
        if self.kind == "timestamp":
            times = self.numpy()
            if self.null_count or self.infinite_count:
                times = times.copy()
                times[self.mask() | (times.view("i8") == 2 ** 63 - 1)] = numpy.datetime64("NaT")
            return pandas.DatetimeIndex(times).tz_localize("UTC")
        if self.kind == "decimal" and decimals == "float64":
            return self.float64()
        if self.kind in ("i64", "bool"):
            kind = pandas.arrays.IntegerArray if self.kind == "i64" else pandas.arrays.BooleanArray
            return kind(self.numpy(), self.mask()) if self.null_count else self.numpy()
        if self.kind == "f64":
            return self.float64() if self.null_count else self.numpy()
        return pandas.array(self.tolist(), dtype=object)

    def __repr__(self) -> str:
        return f"<tradingdb.Column {self.name}: {self.length} {self.kind}, {self.null_count} NULL>"


class Columns(Generic[R]):
    """Rows read as columns, by columns() of a table: `len(columns)` rows, `columns["symbol"]` a Column. They are read to
    the end, never change, and outlive their unit of work. Arrow libraries take them without a copy:
    `pyarrow.table(columns)`, `polars.from_arrow(columns)`, or a query over `columns` in DuckDB."""

    def __init__(self, address: int, struct: str) -> None:
        self._handle, self._struct = Handle(address), struct
        view = ctypes.POINTER(_c.ctype("trdb_column_view"))
        self._columns = [Column(self._handle, ctypes.cast(function("trdb_columns_at")(address, at), view).contents)
                         for at in range(function("trdb_columns_count")(address))]
        self._rows: int = function("trdb_columns_rows")(address)

    def __len__(self) -> int:
        return self._rows

    @property
    def names(self) -> List[str]:
        """The names of the columns, in their order."""
        return [column.name for column in self._columns]

    def __getitem__(self, name: str) -> Column:
        for column in self._columns:
            if column.name == name:
                return column
        raise KeyError(name)

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    def rows(self) -> List[R]:
        """The rows as objects, made in batches. Equal to those of list(); all decimals of a column have its scale, so
        that 1.5 may come as 1.50. Needs all columns in their default form."""
        row = class_of(self._struct)
        names, fields = [field.name for field in _c.fields(self._struct)], row.__match_args__
        if names != self.names or any(column.kind == "f64" for column in self._columns):
            raise ValueError("rows() needs all columns in their default form: call columns() without only, f64 and plain")
        assert len(names) == len(fields)
        make = layout(self._struct).make
        readers = [reader(column, field.notes) for column, field in zip(self._columns, _c.fields(self._struct))]
        found: List[R] = []
        with paused_collector(self._rows):
            for start in range(0, self._rows, CHUNK):
                end = min(start + CHUNK, self._rows)
                make([read(start, end) for read in readers], found.append)
        return found

    def to_pandas(self, *, decimals: str = "exact") -> Any:
        """A pandas DataFrame. Closed sets and repeated texts are Categorical, times datetime64 in UTC, integers with
        NULLs Int64, documents texts. Decimals are Decimal objects, which are exact and slow; decimals="float64" takes
        floats instead. An infinite time is NaT."""
        if decimals not in ("exact", "float64"):
            raise ValueError('decimals is "exact" or "float64"')
        pandas = import_module("pandas")
        return pandas.DataFrame({column.name: column.pandas(decimals) for column in self._columns}, copy=False)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow's way to hand on a table: a capsule with an ArrowArrayStream. Decimals are Decimal128, times have
        microseconds in UTC. Raises Range where a time is infinite, unless the columns were read with null_infinity."""
        return stream_capsule(self._handle.address)

    def __arrow_c_schema__(self) -> object:
        """Arrow's way to hand on a schema: a capsule with an ArrowSchema."""
        return schema_capsule(self._handle.address)

    def __repr__(self) -> str:
        return f"<tradingdb.Columns {self._rows} rows of {', '.join(self.names)}>"


def choices(only: Any, constants: dict[str, int]) -> bytes:
    """An array of trdb_column_choice, of names or of {name: form}."""
    forms = {name.removeprefix("TRDB_FORM_").lower(): number for name, number in _c.CONSTANTS["trdb_column_form"].items()}
    wanted = only if isinstance(only, Mapping) else dict.fromkeys(only, "default")
    pairs = array("i")
    for name, form in wanted.items():
        if not isinstance(name, str):
            raise wrong_type("only", "names of columns", name)
        if name not in constants:
            raise refused(Invalid, "only", f"there is no column {name}")
        if form not in forms:
            raise refused(Invalid, "only", f"the form of {name} is none of {', '.join(forms)}")
        pairs.extend((constants[name], forms[form]))
    return pairs.tobytes()
