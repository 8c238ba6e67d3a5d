# SPDX-License-Identifier: MIT
"""The C interface as data: what the generator read from the headers, as ctypes classes on demand."""
from __future__ import annotations

import ctypes
import re
from types import ModuleType
from typing import Any, NamedTuple

SCALARS: dict[str, Any] = {
    "bool": ctypes.c_bool, "uint8_t": ctypes.c_uint8, "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32,
    "int64_t": ctypes.c_int64, "uint64_t": ctypes.c_uint64, "size_t": ctypes.c_size_t, "int": ctypes.c_int,
    "unsigned": ctypes.c_uint, "text": ctypes.c_char_p, "pointer": ctypes.c_void_p,
}
# Enumerations that a header declares with typedef are passed as int.
TYPEDEF_ENUMS = {"trdb_rounding", "trdb_isolation", "trdb_severity"}

STRUCTS: dict[str, tuple[str, ...]] = {}
FUNCTIONS: dict[str, tuple[str, ...]] = {}
CONSTANTS: dict[str, dict[str, int]] = {}
_classes: dict[str, Any] = {}


def register(module: ModuleType) -> None:
    """Adds what a generated c_*.py says."""
    STRUCTS.update(module.STRUCTS)
    FUNCTIONS.update(module.FUNCTIONS)
    CONSTANTS.update(module.CONSTANTS)


class Field(NamedTuple):
    """A field of a struct: its C type, and what the generator noted: json, secret, an enum's name, …"""

    name: str
    type: str
    notes: tuple[str, ...]


def fields(struct: str) -> list[Field]:
    found = []
    for line in STRUCTS[struct]:
        name, ctype, *notes = line.split()
        found.append(Field(name, ctype, tuple(notes)))
    return found


def ctype(name: str) -> Any:
    """The ctypes class of a type as the tables name it."""
    if name in SCALARS:
        return SCALARS[name]
    array = re.fullmatch(r"(\w+)\[(\d+)\]", name)
    if array:
        return SCALARS[array[1]] * int(array[2])
    if name not in _classes:
        _classes[name] = type(name, (ctypes.Structure,), {
            "_fields_": [(field.name, ctype(field.type)) for field in fields(name)]})
    return _classes[name]


def sizeof(name: str) -> int:
    return ctypes.sizeof(ctype(name))


def offset(struct: str, field: str) -> int:
    value: int = getattr(ctype(struct), field).offset
    return value


def hidden(name: str) -> bool:
    """Fields that are none of the caller's business."""
    return name == "struct_size" or name.startswith("reserved")


class Parameter(NamedTuple):
    """A parameter of a function: its C type, and what the generator noted: null, optional, json, enum=…, …"""

    name: str
    type: str
    notes: dict[str, str]


def prototype(symbol: str) -> tuple[str, list[Parameter]]:
    """(result, parameters) of a function."""
    result, *texts = FUNCTIONS[symbol]
    parameters = []
    for text in texts:
        declaration, _, said = text.partition(": ")
        match = re.fullmatch(r"(.*?[ *])(\w+)", declaration)
        assert match, text
        notes = dict(note.partition("=")[::2] for note in said.split())
        parameters.append(Parameter(match[2], match[1].strip(), notes))
    return result, parameters


def argument_type(declared: str) -> Any:
    """The ctypes class of a parameter or result; every pointer is a plain address."""
    if declared == "void":
        return None
    if declared.endswith(("*", "_fn")):
        return ctypes.c_void_p
    return ctypes.c_int if declared in TYPEDEF_ENUMS else ctype(declared)
