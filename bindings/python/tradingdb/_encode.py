# SPDX-License-Identifier: MIT
"""From Python to C. What a value cannot be is refused here, before a call is made: TypeError for a wrong type, the
library's own exceptions for a wrong value. No message shows a value."""
from __future__ import annotations

import ctypes
import functools
from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from json import encoder
from typing import Any
from uuid import UUID

from tradingdb import _c
from tradingdb._choice import by_code, choice, member
from tradingdb._errors import Error
from tradingdb._generated.errors import Encoding, Invalid, Range
from tradingdb._values import EPOCH, INFINITY, NEG_INFINITY, InfiniteTime, JsonText, Ref

Flat = tuple[Any, ...]
quoted: Callable[[str], str] = encoder.encode_basestring  # type: ignore[attr-defined]
_write_plain = encoder.c_make_encoder(  # type: ignore[attr-defined]
    None, None, quoted, None, ":", ",", False, False, False)
_SCALARS, _TEXT = frozenset({str, int, float, bool, type(None)}), frozenset({str})
NULL_TEXT = (1 << 64) - 1
GIVEN, GIVEN_NULL, GIVEN_REF = 1, 2, 4
MAX_DIGITS = MAX_SCALE = 38
ANY_ORDER = 1000
MICROSECOND = timedelta(microseconds=1)
LONGEST_KNOWN, MOST_KNOWN = 64, 256
BLOCK = 64
_Block = ctypes.c_char_p * BLOCK


class Keep:
    """Memory that C reads during a call: texts, arrays and structs stay alive as long as this does."""

    count = 0
    """Of a call that takes many rows: how many."""
    raised: BaseException | None = None
    """What a function raised that C called; it comes out of the call."""
    _objects: tuple[Any, ...] = ()
    _used = BLOCK

    def data(self, data: bytes) -> int:
        """The address of bytes, which Python ends with a NUL."""
        if self._used == BLOCK:
            self._add_block()
        self._array[self._used] = data
        address: int = self._view[self._used]
        self._used += 1
        return address

    def hold(self, thing: Any) -> Any:
        self._objects += (thing,)
        return thing

    def _add_block(self) -> None:
        self._array = self.hold(_Block())
        self._view = memoryview(self._array).cast("B").cast("Q")
        self._used = 0


def wrong_type(where: str, wanted: str, value: object) -> TypeError:
    given = "None" if value is None else type(value).__name__
    return TypeError(f"{where}: expected {wanted}, not {given}")


def refused(kind: type[Error], where: str, why: str) -> Error:
    return kind(f"{where}: {why}", column=where)


# ---- one value of each kind; None is handled by the forms below


def integer(value: Any, where: str, keep: Keep) -> Flat:
    if type(value) is not int:
        if isinstance(value, (bool, float)) or not hasattr(value, "__index__"):
            raise wrong_type(where, "int", value)
        value = value.__index__()
    if not -(1 << 63) <= value < 1 << 63:
        raise refused(Range, where, "the number does not fit 64 bits")
    return (value,)


def integer32(value: Any, where: str, keep: Keep) -> Flat:
    (number,) = integer(value, where, keep)
    if not -(1 << 31) <= number < 1 << 31:
        raise refused(Range, where, "the number does not fit 32 bits")
    return (number,)


def boolean(value: Any, where: str, keep: Keep) -> Flat:
    if type(value) is not bool:
        raise wrong_type(where, "bool", value)
    return (value,)


def utf8(value: Any, where: str) -> bytes:
    if not isinstance(value, str):
        raise wrong_type(where, "str", value)
    if "\0" in value:
        raise refused(Encoding, where, "the text holds a NUL character")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise refused(Encoding, where, "the text holds a lone surrogate") from None


def text(value: Any, where: str, keep: Keep) -> Flat:
    return (keep.data(utf8(value, where)),)


def json(value: Any, where: str, keep: Keep) -> Flat:
    return (keep.data(json_bytes(value, where)),)


def decimal(value: Any, where: str, keep: Keep) -> Flat:
    if type(value) is Decimal:
        whole, _, decimals = str(value).partition(".")
        try:
            coefficient = int(whole + decimals)
        except ValueError:  # an exponent, NaN or an infinity
            return _any_decimal(value, where)
        if -1 << 64 < coefficient < 1 << 64:
            return (abs(coefficient), 0, 1, coefficient < 0, len(decimals))
    return _any_decimal(value, where)


def _any_decimal(value: Any, where: str) -> Flat:
    if isinstance(value, str):
        value = _decimal_of_text(value, where)
    elif type(value) is int:
        value = _decimal_of_int(value, where)
    if not isinstance(value, Decimal):
        hint = "; a float is not exact" if isinstance(value, float) else ""
        raise wrong_type(where, f"Decimal, int or str{hint}", value)
    if value.is_nan():
        raise refused(Invalid, where, "not a number (NaN)")
    if value.is_infinite():
        return (0, 0, 4 if value.is_signed() else 3, 0, 0)
    if not value:
        value = Decimal((0, (0,), _bounded_zero(value)))
    elif not -MAX_SCALE - MAX_DIGITS <= value.adjusted() < MAX_DIGITS:
        raise refused(Range, where, "the number needs more than 38 digits")
    whole, _, decimals = format(value.copy_abs(), "f").partition(".")
    if len(decimals) > MAX_SCALE:
        decimals = decimals[:MAX_SCALE] + decimals[MAX_SCALE:].rstrip("0")
    coefficient = int(whole + decimals)
    while coefficient >= 10 ** MAX_DIGITS and decimals.endswith("0"):
        decimals, coefficient = decimals[:-1], coefficient // 10
    if coefficient >= 10 ** MAX_DIGITS or len(decimals) > MAX_SCALE:
        raise refused(Range, where, "the number needs more than 38 digits")
    negative = coefficient != 0 and value.is_signed()
    return (coefficient & NULL_TEXT, coefficient >> 64, 1, negative, len(decimals))


def _bounded_zero(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return max(-MAX_SCALE, min(0, exponent)) if isinstance(exponent, int) else 0


def _decimal_of_text(value: str, where: str) -> Decimal:
    if value.strip() == value and "_" not in value and value.isascii():
        try:
            return Decimal(value)
        except ArithmeticError:
            pass
    raise refused(Invalid, where, "the text is no decimal number")


def _decimal_of_int(value: int, where: str) -> Decimal:
    if abs(value) >= 10 ** MAX_DIGITS:
        raise refused(Range, where, "the number needs more than 38 digits")
    return Decimal(value)


def timestamp(value: Any, where: str, keep: Keep) -> Flat:
    if type(value) is datetime and value.tzinfo is timezone.utc:
        return ((value - EPOCH) // MICROSECOND, 1)
    if not isinstance(value, datetime):
        raise wrong_type(where, "datetime", value)
    if value.tzinfo is None or value.utcoffset() is None:
        raise refused(Invalid, where, "the datetime has no time zone; use datetime.now(timezone.utc)")
    if type(value) is InfiniteTime and value in (INFINITY, NEG_INFINITY):
        return (0, 2 if value == INFINITY else 3)
    return ((value - EPOCH) // MICROSECOND, 1)


def uuid(value: Any, where: str, keep: Keep) -> Flat:
    if isinstance(value, str):
        try:
            value = UUID(value)
        except ValueError:
            raise refused(Invalid, where, "the text is no UUID") from None
    if not isinstance(value, UUID):
        raise wrong_type(where, "UUID or str", value)
    return (value.bytes,)


def octets(value: Any, where: str, keep: Keep) -> Flat:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise wrong_type(where, "bytes", value)
    data = bytes(value)
    return (keep.data(data), len(data))


def texts(value: Any, where: str, keep: Keep) -> Flat:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise wrong_type(where, "a list of str", value)
    items = [0 if item is None else keep.data(utf8(item, f"{where}[{at}]")) for at, item in enumerate(value)]
    return (keep.data(array("Q", items).tobytes()), len(items))


@functools.cache
def constants_of(name: str) -> dict[str, int]:
    """The constants of a closed set by their texts."""
    return {str(member): code for code, member in by_code(name).items()}


def enumeration(name: str) -> Callable[[Any, str, Keep], Flat]:
    """The encoder of a closed set: a member, or its text."""
    kind, known = choice(name), constants_of(name)

    def encode(value: Any, where: str, keep: Keep) -> Flat:
        if not isinstance(value, str):
            raise wrong_type(where, f"{kind.__name__} or str", value)
        if value in known:
            return (known[value],)
        found = member(kind, value)
        if found is None:
            raise refused(Invalid, where, f"not one of {', '.join(kind)}")
        return (found.code,)
    return encode


def columns_of(name: str) -> dict[str, int]:
    """The constants of trdb_*_column by the columns' names."""
    prefix = f"TRDB_{name}_".upper()
    return {constant.removeprefix(prefix).lower(): number for constant, number in _c.CONSTANTS[f"trdb_{name}"].items()}


def orders_of(name: str) -> dict[str, int]:
    """What rows can be ordered by: a column, or "any", as suits the server."""
    return {"any": ANY_ORDER, **columns_of(name)}


def column_names(columns: dict[str, int]) -> Callable[[Any, str, Keep], Flat]:
    """The encoder of trdb_*_column: a column by its name."""

    def encode(value: Any, where: str, keep: Keep) -> Flat:
        if not isinstance(value, str):
            raise wrong_type(where, "the name of a column", value)
        if value not in columns:
            raise refused(Invalid, where, f"not one of {', '.join(columns)}")
        return (columns[value],)
    return encode


# ---- JSON


def json_bytes(value: Any, where: str) -> bytes:
    """A document as UTF-8. Decimals keep their digits."""
    if isinstance(value, JsonText):
        return utf8(value, where)
    plain = _plain_json(value)
    if plain is not None:
        return plain
    if not isinstance(value, (Mapping, list, tuple)):
        hint = "; JSON that is text already goes as JsonText" if isinstance(value, str) else ""
        raise TypeError(f"{wrong_type(where, 'a dict or list', value)}{hint}")
    try:
        pieces: list[str] = []
        _write_json(value, where, pieces.append)
        return "".join(pieces).encode()
    except RecursionError:
        raise refused(Invalid, where, "the document is nested too deeply") from None
    except UnicodeEncodeError:
        raise refused(Encoding, where, "a text in the document holds a lone surrogate") from None


def _is_plain(value: Any) -> bool:
    """Whether a document holds only what Python's own writer renders as _write_json() does."""
    if type(value) is dict:
        if not _TEXT.issuperset(map(type, value)):
            return False
        value = value.values()
    elif type(value) is not list:
        return False
    return _SCALARS.issuperset(map(type, value)) or all(type(item) in _SCALARS or _is_plain(item) for item in value)


def _plain_json(value: Any) -> bytes | None:
    """A document of the usual types, or None: it is then to be written, or refused, by _write_json()."""
    try:
        if _is_plain(value):
            text = "".join(_write_plain(value, 0))
            return None if "\\u0000" in text else text.encode()
    except (ValueError, RecursionError):  # a float that is not finite, a lone surrogate, a very long integer
        pass
    return None


def _write_json(value: Any, where: str, write: Callable[[str], None]) -> None:
    if value is None or value is True or value is False:
        write({None: "null", True: "true", False: "false"}[value])
    elif isinstance(value, str):
        _write_text(value, where, write)
    elif isinstance(value, Mapping):
        separator = "{"
        for key, item in value.items():
            if not isinstance(key, str):
                raise wrong_type(f"{where}: a key of the document", "str", key)
            write(separator)
            _write_text(key, where, write)
            write(":")
            _write_json(item, where, write)
            separator = ","
        write("}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        separator = "["
        for item in value:
            write(separator)
            _write_json(item, where, write)
            separator = ","
        write("]" if value else "[]")
    else:
        write(_number(value, where))


def _write_text(value: str, where: str, write: Callable[[str], None]) -> None:
    if "\0" in value:
        raise refused(Encoding, where, "a text in the document holds a NUL character")
    write(quoted(value))


def _number(value: Any, where: str) -> str:
    if isinstance(value, int):
        try:
            return int.__repr__(value)
        except ValueError:
            raise refused(Range, where, "a number in the document has too many digits") from None
    if isinstance(value, (float, Decimal)):
        finite = value.is_finite() if isinstance(value, Decimal) else value - value == 0
        if not finite:
            raise refused(Invalid, where, "a number in the document is not finite")
        return str(value) if isinstance(value, Decimal) else float.__repr__(value)
    raise wrong_type(f"{where}: a value of the document", "dict, list, str, int, Decimal, float, bool or None", value)


# ---- the forms in which C takes a value


class Address(int):
    """Where bytes are that live as long as this does."""

    def __new__(cls, data: bytes) -> Address:
        holder = ctypes.c_char_p(data)
        made = super().__new__(cls, ctypes.cast(holder, ctypes.c_void_p).value or 0)
        made.holder = holder
        return made

    holder: ctypes.c_char_p


class KnownTexts(dict[str, Address]):
    """The first short texts of a column. A symbol or a strategy comes again and again: it is checked and encoded once.
    Nothing is ever taken out, since another thread may be about to hand an address to C."""

    def encode(self, value: Any, where: str, keep: Keep) -> Flat:
        data = utf8(value, where)
        if type(value) is not str or len(value) > LONGEST_KNOWN or len(self) >= MOST_KNOWN:
            return (keep.data(data),)
        return (self.setdefault(value, Address(data)),)


class Kind:
    """How values of a kind travel: the codes of the plain value for struct, and the encoder."""

    __slots__ = ("codes", "constants", "encode", "null")

    def __init__(self, codes: str, encode: Callable[[Any, str, Keep], Flat], null: Flat,
                 constants: dict[str, int] | None = None) -> None:
        self.codes = codes
        self.encode = encode
        self.null = null
        self.constants = constants


_SIMPLE = {
    "i64": Kind("q", integer, (0,)), "bool": Kind("?", boolean, (False,)), "text": Kind("Q", text, (0,)),
    "json": Kind("Q", json, (0,)), "decimal": Kind("QQBBB5x", decimal, (0, 0, 0, 0, 0)),
    "timestamp": Kind("qi4x", timestamp, (0, 0)), "uuid": Kind("16s", uuid, (bytes(16),)),
    "bytes": Kind("QQ", octets, (0, 0)), "texts": Kind("QQ", texts, (0, 0)),
}
_enumerations: dict[str, Kind] = {}


def enum_kind(name: str) -> Kind:
    if name not in _enumerations:
        constants = orders_of(name) if name.endswith("_column") else constants_of(name)
        encode = column_names(constants) if name.endswith("_column") else enumeration(name)
        _enumerations[name] = Kind("i", encode, (0,), constants)
    return _enumerations[name]


def kind_of(ctype: str, notes: Sequence[str]) -> Kind:
    """The kind of trdb_in_*, trdb_where_*, trdb_opt_* or a plain type, with the generator's notes."""
    name = ctype.removeprefix("trdb_").removeprefix("in_").removeprefix("where_").removeprefix("opt_")
    enum_name = next((note.removeprefix("enum=") for note in notes if note.startswith("enum=")), None)
    if enum_name:
        return enum_kind(enum_name)
    if name == "text" or ctype == "const char *":
        return _SIMPLE["json" if "json" in notes else "text"]
    return _SIMPLE["i64" if name in ("int64_t", "uint32_t", "size_t") else name]


class Slot:
    """Writes one field of a struct: a format, and the values for it."""

    codes: str
    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        raise NotImplementedError

    def quick(self, kind: type, value: str, name: str, at: int) -> tuple[list[str], list[str]] | None:
        """(source, expressions of what C gets) for values of just this type, where there is a quicker way; `value` is the
        variable that has one. At what it cannot take it raises whatever it likes."""
        return None


class InSlot(Slot):
    """trdb_in_*, and text that may be NULL: value and state."""

    def __init__(self, ctype: str, notes: Sequence[str]) -> None:
        self.kind = kind_of(ctype, notes)
        self.plain = ctype == "text"
        codes = "i" if ctype == "trdb_in_bool" else self.kind.codes
        self.refers = ctype == "trdb_in_i64"
        tight = ctype in ("trdb_in_bool", "trdb_in_enum", "trdb_in_uuid")
        self.codes = codes if self.plain else codes + ("i" if tight else "ii" if self.refers else "i4x")
        self.given: Flat = () if self.plain else (GIVEN, 0) if self.refers else (GIVEN,)
        self.null = (NULL_TEXT,) if self.plain else (*self.kind.null, GIVEN_NULL, *self.given[1:])
        self.encode = self.kind.encode
        self.known: Mapping[Any, int] | None = None
        """Values that are one number for C, by themselves: texts that came before."""
        if self.plain and not {"json", "secret"}.intersection(notes):
            self.known = known = KnownTexts()
            self.encode = known.encode
        elif ctype == "trdb_in_enum" and self.kind.constants:
            self.known = self.kind.constants

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        if self.refers and type(value) is Ref:
            return (value.unit, GIVEN_REF, value.number)
        return self.null if value is None else self.encode(value, where, keep) + self.given

    def quick(self, kind: type, value: str, name: str, at: int) -> tuple[list[str], list[str]] | None:
        state = [str(number) for number in self.given]
        if kind is type(None):
            return [], [repr(number) for number in self.null]
        if self.known is not None and issubclass(kind, str):
            return [f"p{at} = slot{at}.known.get({value})", f"if p{at} is None:",
                    f"    p{at}, *_ = slot{at}.values({value}, {name!r}, keep)"], [f"p{at}", *state]
        if (self.kind.encode, kind) not in _QUICK:
            return None
        lines, parts = _QUICK[self.kind.encode, kind]
        words = {"value": value, "name": repr(name), "at": at}
        return [line.format(**words) for line in lines], [part.format(**words) for part in parts] + state


# The quick way for a kind and a type: source, and expressions of the parts. What C cannot take makes struct, int() or the
# subtraction of times raise, and the careful way then says what is wrong with it.
_QUICK: dict[tuple[Callable[..., Flat], type], tuple[list[str], list[str]]] = {
    (integer, int): ([], ["{value}"]),
    (boolean, bool): ([], ["{value}"]),
    (timestamp, datetime): ([], ["({value} - EPOCH) // MICROSECOND", "1"]),
    (json, dict): ([], ["keep.data(json_bytes({value}, {name}))"]),
    (decimal, Decimal): (
        ["try:",
         "    whole, _, digits = str({value}).partition('.')",
         "    number = int(whole + digits)",
         "    p{at} = abs(number)",
         "    if p{at} >> 64:",
         "        raise ValueError",
         "    h{at}, k{at}, n{at}, s{at} = 0, 1, number < 0, len(digits)",
         "except ValueError:",
         "    p{at}, h{at}, k{at}, n{at}, s{at} = decimal({value}, {name}, keep)"],
        ["p{at}", "h{at}", "k{at}", "n{at}", "s{at}"]),
}
QUICK_NAMES = {"EPOCH": EPOCH, "MICROSECOND": MICROSECOND, "decimal": decimal, "json_bytes": json_bytes}
"""What that source refers to."""


class PlainSlot(Slot):
    """A value that is never NULL, or whose zero is."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.codes = kind, kind.codes

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        return self.kind.null if value is None else self.kind.encode(value, where, keep)


class OptSlot(Slot):
    """A nullable scalar of a row, when a row is given back to C."""

    def __init__(self, ctype: str, notes: Sequence[str]) -> None:
        self.kind = kind_of(ctype, notes)
        self.codes = self.kind.codes + {"trdb_opt_i64": "i4x", "trdb_opt_bool": "?", "trdb_opt_uuid": "i"}[ctype]

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        return (*self.kind.null, 0) if value is None else (*self.kind.encode(value, where, keep), 1)


class OptEnumSlot(Slot):
    """A closed set in a row: text and constant, -1 for a text that is unknown."""

    codes = "Qi4x"

    def __init__(self, name: str) -> None:
        self.constants = constants_of(name)

    def values(self, value: Any, where: str, keep: Keep) -> Flat:
        if value is None:
            return (0, 0)
        return (keep.data(utf8(value, where)), self.constants.get(str(value), -1))


def slot_of(ctype: str, notes: Sequence[str]) -> Slot:
    """The writer of a field of an input or a row."""
    if ctype == "trdb_opt_enum":
        return OptEnumSlot(next(note.removeprefix("enum=") for note in notes if note.startswith("enum=")))
    if ctype.startswith("trdb_opt_"):
        return OptSlot(ctype, notes)
    if ctype.startswith("trdb_in_"):
        return InSlot(ctype, notes)
    if ctype == "int32_t" and not any(note.startswith("enum=") for note in notes):
        return PlainSlot(Kind("i", integer32, (0,)))
    if ctype == "uint32_t":
        return PlainSlot(Kind("I", integer, (0,)))
    return PlainSlot(kind_of(ctype, notes))


def in_slot_of(ctype: str, notes: Sequence[str]) -> Slot:
    """The writer of a field of an input struct, where None is NULL for texts, too."""
    return InSlot(ctype, notes) if ctype == "text" or ctype.startswith("trdb_in_") else slot_of(ctype, notes)
