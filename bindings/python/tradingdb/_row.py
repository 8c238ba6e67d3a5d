# SPDX-License-Identifier: MIT
"""Rows: slotted, read-only objects. mypy takes them for frozen dataclasses, and they work as such; they are made by
hand because a frozen dataclass fills its fields one by one through object.__setattr__, and is slow to define."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from tradingdb import _c
from tradingdb._decode import Layout, document_of
from tradingdb._generated.errors import Range

R = TypeVar("R", bound="Row")
_classes: dict[str, type[Row]] = {}
_layouts: dict[str, Layout] = {}


class _DataclassFields:
    """Makes dataclasses.fields(), asdict() and replace() work; built when somebody asks."""

    def __get__(self, row: object, kind: type[Row]) -> Any:
        made: Any = dataclasses.make_dataclass(kind.__name__, kind.__match_args__)
        setattr(kind, "__dataclass_fields__", made.__dataclass_fields__)
        return made.__dataclass_fields__


class Row:
    """A row as the database held it when it was read. It never changes: to change the database, call patch()."""

    __slots__ = ()
    C: ClassVar[str]
    __match_args__: ClassVar[tuple[str, ...]] = ()

    if not TYPE_CHECKING:  # mypy knows the constructors of dataclasses
        __dataclass_fields__ = _DataclassFields()

        def __init__(self, *values: Any, **named: Any) -> None:
            names = self.__match_args__
            given = dict(zip(names, values)) | named
            if len(values) + len(named) != len(names) or given.keys() != set(names):
                raise TypeError(f"{type(self).__name__} takes {', '.join(names)}")
            for slot, name in zip(self.__slots__, names):
                object.__setattr__(self, slot, given[name])

        def __setattr__(self, name: str, value: object) -> None:
            raise dataclasses.FrozenInstanceError(f"cannot set {name}: a row is read-only; patch() writes the database")

        def __delattr__(self, name: str) -> None:
            raise dataclasses.FrozenInstanceError(f"cannot delete {name}: a row is read-only")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Row) or type(self) is not type(other):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        secret = {field.name for field in _c.fields(self.C) if "secret" in field.notes}
        shown = (f"{name}={'<secret>' if name in secret and value is not None else repr(value)}"
                 for name, value in zip(self.__match_args__, self._values()))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()


def _document(struct: str, name: str) -> property:
    """A document is parsed when somebody first looks at it; until then its slot has the bytes. Most rows are read for
    other columns, and a document is the dearest of all values."""
    slot = f"_{name}"

    def get(row: Row) -> Any:
        value = getattr(row, slot)
        if type(value) is bytes:
            try:
                value = document_of(value.decode())
            except RecursionError:
                where = f"{struct.removeprefix('trdb_')}.{name}"
                raise Range(f"{where}: the document is nested too deeply", column=name) from None
            object.__setattr__(row, slot, value)
        return value
    return property(get)


def row(*, frozen: bool, slots: bool) -> Callable[[type[R]], type[R]]:
    """The decorator of generated rows: gives the class its slots. mypy takes it for dataclass()."""
    assert frozen and slots

    def make(kind: type[R]) -> type[R]:
        names = tuple(name for name, hint in kind.__annotations__.items() if not hint.startswith("ClassVar"))
        documents = {field.name for field in _c.fields(kind.C) if "json" in field.notes}
        body = {name: value for name, value in vars(kind).items() if name not in ("__dict__", "__weakref__")}
        body.update({name: _document(kind.C, name) for name in documents})
        body.update(__match_args__=names,
                    __slots__=tuple(f"_{name}" if name in documents else name for name in names))
        made: type[R] = type(kind.__name__, kind.__bases__, body)
        _classes[made.C] = made
        return made
    return make


def class_of(struct: str) -> type[Row]:
    """The class of a C row type."""
    return _classes[struct]


def is_row(struct: str) -> bool:
    return struct in _classes


def layout(struct: str) -> Layout:
    if struct not in _layouts:
        _layouts[struct] = Layout(struct, class_of(struct), _open(class_of(struct)))
    return _layouts[struct]


def _open(kind: type[Row]) -> type:
    """A class of the same slots that may be written. Rows are made as its objects and become rows when they are full:
    to go around Row's own __setattr__() field by field takes five times as long. Both methods are replaced, since Python
    writes a slot directly only where neither is ours."""
    return type("Open", kind.__bases__, {"__slots__": kind.__slots__, "__setattr__": object.__setattr__,
                                         "__delattr__": object.__delattr__})
