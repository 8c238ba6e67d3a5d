# SPDX-License-Identifier: MIT
"""Finds and loads libtradingdb, and turns its errors into exceptions."""
from __future__ import annotations

import ctypes
import os
import pathlib
from collections.abc import Callable
from typing import Any

from tradingdb import _c
from tradingdb._errors import Error
from tradingdb._generated import c_core
from tradingdb._generated.errors import BY_CODE

SONAME = "libtradingdb.so.0"


def _candidates() -> list[str]:
    named = os.environ.get("TRADINGDB_LIBRARY")
    if named:
        return [named]
    here = pathlib.Path(__file__).resolve().parent
    return [*(str(here / name) for name in (SONAME, "libtradingdb.so") if (here / name).exists()), SONAME]


def _load() -> ctypes.CDLL:
    tried = []
    for path in _candidates():
        try:
            return ctypes.CDLL(path)
        except OSError as error:
            tried.append(f"  {path}: {error}")
    raise ImportError("libtradingdb cannot be loaded. Set TRADINGDB_LIBRARY to its path, install the library (and run "
                      "ldconfig), or put it beside this package. Tried:\n" + "\n".join(tried))


def _check_version(library: ctypes.CDLL) -> str:
    """An older library lacks functions and fields that this package uses; a newer one has them all."""
    try:
        function = library.trdb_version
    except AttributeError:
        raise ImportError(f"{library._name} is not libtradingdb: it has no trdb_version()") from None
    function.restype = ctypes.c_char_p
    text: str = function().decode()
    found = tuple(int(part) for part in text.split(".")[:2])
    if found < c_core.VERSION:
        wanted = ".".join(map(str, c_core.VERSION))
        raise ImportError(f"{library._name} is version {text}, but this package needs {wanted} or later: upgrade the "
                          "library, or install the package of its version")
    return text


_c.register(c_core)
_library = _load()
LIBRARY_VERSION = _check_version(_library)


class _Functions(dict[str, Any]):
    """The exported functions with their types set, each from its first use on."""

    def __missing__(self, symbol: str) -> Any:
        result, parameters = _c.prototype(symbol)
        try:
            found = getattr(_library, symbol)
        except AttributeError:
            raise ImportError(f"{_library._name} ({LIBRARY_VERSION}) has no {symbol}(): it is older than this package, "
                              "or another build of it") from None
        found.restype = ctypes.c_char_p if result == "const char *" else _c.argument_type(result)
        found.argtypes = [_c.argument_type(parameter.type) for parameter in parameters]
        self[symbol] = found
        return found


_functions = _Functions()
function: Callable[[str], Any] = _functions.__getitem__
"""An exported function by its symbol. The GIL is released while it runs."""


def _text(symbol: str, error: ctypes.c_void_p) -> str | None:
    value = function(symbol)(error)
    return value.decode(errors="replace") if value is not None else None


def exception(code: int, error: ctypes.c_void_p) -> Error:
    """The exception for what a call answered; releases the error object."""
    made = described(error, code)
    function("trdb_error_free")(error)
    error.value = None
    return made


def described(error: ctypes.c_void_p, code: int | None = None) -> Error:
    """The exception for an error object, which stays its owner's."""
    code = function("trdb_error_code")(error) if code is None else code
    kind: type[Error] = BY_CODE.get(code, Error)
    row, number = function("trdb_error_row")(error), function("trdb_error_call")(error)
    return kind(
        _text("trdb_error_message", error) or "",
        code=code, sqlstate=_text("trdb_error_sqlstate", error), detail=_text("trdb_error_detail", error),
        constraint=_text("trdb_error_constraint", error), table=_text("trdb_error_table", error),
        column=_text("trdb_error_column", error), statement=_text("trdb_error_statement", error),
        row=None if row < 0 else row, call=None if number < 0 else number,
        not_run=function("trdb_error_not_run")(error), retryable=function("trdb_error_retryable")(error),
        in_doubt=function("trdb_error_in_doubt")(error))


def check(code: int, error: ctypes.c_void_p) -> None:
    if code < 0:
        raise exception(code, error)
