# SPDX-License-Identifier: MIT
"""Arrow's PyCapsule interface: a capsule holds a C struct and releases it when nobody took it over.
https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html"""
from __future__ import annotations

import ctypes
from ctypes import c_char_p, c_int, c_void_p, py_object
from typing import Any

from tradingdb._library import exception, function

_Release = ctypes.CFUNCTYPE(None, c_void_p)
_Destructor = ctypes.PYFUNCTYPE(None, c_void_p)
_python = ctypes.PyDLL(None)  # not ctypes.pythonapi, whose functions every package gives types of its own
_new = _python.PyCapsule_New
_new.restype, _new.argtypes = py_object, [c_void_p, c_char_p, c_void_p]
_pointer = _python.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = c_void_p, [c_void_p, c_char_p]
_name = _python.PyCapsule_GetName
_name.restype, _name.argtypes = c_char_p, [c_void_p]
_alive: dict[int, Any] = {}
"""The structs of capsules, by their addresses."""

Stream = c_void_p * 5   # get_schema, get_next, get_last_error, release, private_data
Schema = c_void_p * 9   # format, name, metadata, flags, n_children, children, dictionary, release, private_data
_RELEASE = {b"arrow_array_stream": 3, b"arrow_schema": 7}


def _destroy(capsule: int) -> None:
    """A consumer that took the struct over has set its release to NULL."""
    name = _name(capsule)
    address = _pointer(capsule, name)
    struct = _alive.pop(address, None)
    if struct is not None and struct[_RELEASE[name]]:
        _Release(struct[_RELEASE[name]])(address)


_destructor = _Destructor(_destroy)


def _capsule(struct: Any, name: bytes) -> object:
    address = ctypes.addressof(struct)
    _alive[address] = struct
    return _new(address, _NAMES[name], ctypes.cast(_destructor, c_void_p))


_NAMES = {name: c_char_p(name) for name in _RELEASE}  # a capsule keeps the pointer, not the text


def _export(columns: int) -> Any:
    stream, error = Stream(), c_void_p()
    code = function("trdb_columns_export_arrow")(columns, ctypes.byref(stream), ctypes.byref(error))
    if code < 0:
        raise exception(code, error)
    return stream


def stream_capsule(columns: int) -> object:
    return _capsule(_export(columns), b"arrow_array_stream")


def schema_capsule(columns: int) -> object:
    stream, schema = _export(columns), Schema()
    try:
        get_schema = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p)(stream[0])
        if get_schema(ctypes.addressof(stream), ctypes.addressof(schema)) != 0:
            raise MemoryError
    finally:
        _Release(stream[3])(ctypes.addressof(stream))
    return _capsule(schema, b"arrow_schema")
