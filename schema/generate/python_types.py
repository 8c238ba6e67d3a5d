# SPDX-License-Identifier: MIT
"""How values look in Python: type hints of rows, inputs, conditions and parameters."""
import re

from python_surface import camel

PLAIN = {
    "int64_t": "int", "int32_t": "int", "uint32_t": "int", "size_t": "int", "bool": "bool", "const char *": "str",
    "trdb_decimal": "Decimal", "trdb_timestamp": "datetime", "trdb_uuid": "UUID", "trdb_bytes": "bytes",
    "trdb_texts": "list[str | None]", "trdb_opt_i64": "int", "trdb_opt_bool": "bool", "trdb_opt_uuid": "UUID",
}
INTO = {"Decimal": "IntoDecimal", "UUID": "IntoUuid", "bytes": "IntoBytes", "list[str | None]": "Sequence[str | None]"}


def enum_of(notes):
    return next((note.removeprefix("enum=") for note in notes if note.startswith("enum=")), None)


def base(ctype):
    """The plain type behind trdb_in_* and trdb_where_*."""
    short = re.sub(r"^trdb_(in|where)_", "", ctype)
    return {"i64": "int64_t", "text": "const char *", "enum": "trdb_opt_enum", "bool": "bool"}.get(
        short, f"trdb_{short}" if short != ctype else ctype)


def output(ctype, notes, doc=""):
    """The type of a value that the library gives."""
    enum = enum_of(notes)
    if enum:
        return f"{camel(enum)} | str" if ctype == "trdb_opt_enum" else camel(enum)
    if "json" in notes:
        return "JsonObject" if re.search(r"\bJSON object\b", doc) else "Any"
    for note, hint in (("stamp", "datetime"), ("span", "timedelta"), ("flag", "bool")):
        if note in notes:
            return hint
    return PLAIN[ctype]


def given(ctype, notes):
    """The type of a value that a caller gives."""
    enum = enum_of(notes)
    if enum:
        column = enum.endswith("_column")
        return f"{camel(enum.removesuffix('_column'))}Order" if column else f"{camel(enum)} | str"
    if "json" in notes:
        return "IntoJson"
    plain = PLAIN[base(ctype)]
    return INTO.get(plain, plain)


def condition(ctype, notes):
    """The type of a filter's keyword."""
    hint = given(ctype, notes)
    return f"Where[{hint}] = NOT_GIVEN"
