# SPDX-License-Identifier: MIT
"""Walks the generated surface: domains, repositories, their methods and the C functions that they call."""
import inspect
import re
import typing
from datetime import datetime, timezone
from decimal import Decimal
from uuid import UUID

import tradingdb
from tradingdb import _c
from tradingdb._choice import Choice
from tradingdb._domain import Domain, Repository
from tradingdb._generated import domains
from tradingdb._row import Row, _classes

NAMES = [name for name, member in vars(domains.Domains).items() if isinstance(member, property)]


def public(kind):
    return [name for name in dir(kind) if not name.startswith("_")]


def methods(session):
    """(path, bound method, C function) of everything that can be called on a unit of work."""
    for name in NAMES:
        domain = getattr(session, name)
        for attribute in public(type(domain)):
            member = getattr(domain, attribute)
            if isinstance(member, Repository):
                for method in public(type(member)):
                    yield f"{name}.{attribute}.{method}", getattr(member, method), symbol(getattr(member, method))
            else:
                yield f"{name}.{attribute}", member, symbol(member)


def symbol(method):
    """The C function that a method's body names."""
    found = [constant for constant in method.__code__.co_consts
             if isinstance(constant, str) and re.fullmatch(r"trdb_\w+", constant)]
    assert len(found) == 1, method
    return found[0]


def repositories(session):
    """(path, repository, table, row struct)"""
    for name in NAMES:
        domain = getattr(session, name)
        for attribute in public(type(domain)):
            member = getattr(domain, attribute)
            if isinstance(member, Repository):
                table = re.match(r"The rows of (\w+)\.", type(member).__doc__)[1]
                yield f"{name}.{attribute}", member, table, symbol(member.get).removesuffix("_get")


SAMPLES = {"int": 1, "bool": True, "str": "x", "IntoDecimal": Decimal("1.5"), "datetime": datetime(2024, 2, 29, tzinfo=timezone.utc),
           "IntoUuid": UUID(int=5), "IntoJson": {"a": 1}, "Sequence[str": ["a", None], "IntoBytes": b"a",
           "Iterable[str": [], "Mapping[str, Any": {}, "Columns[Any": {},
           "Callable[[int, int], object": lambda done, total: None}


def sample(hint):
    """A value for a parameter, by its hint."""
    hint = str(hint)
    inner = re.match(r"(?:Iterable|Where)\[(.*)\]$", hint)
    if inner:
        return [sample(inner[1])]
    first = hint.split(" | ")[0]
    kind = getattr(tradingdb, first, None)
    if isinstance(kind, type) and issubclass(kind, Choice):
        return next(iter(kind))
    if isinstance(kind, type) and issubclass(kind, Row):
        return row(kind)
    if first.endswith("New"):
        return {}
    return SAMPLES[first.removesuffix("]")]


def row(kind):
    """A row with a value in every field."""
    found = {}
    for field in _c.fields(kind.C):
        enum = next((note.removeprefix("enum=") for note in field.notes if note.startswith("enum=")), None)
        value = {"int64_t": 1, "trdb_opt_i64": 1, "trdb_opt_bool": True, "text": "x", "trdb_decimal": Decimal(1),
                 "trdb_timestamp": SAMPLES["datetime"], "trdb_opt_uuid": UUID(int=1)}.get(field.type)
        if enum:
            value = next(member for other, member in _members(enum))
        found[field.name] = {} if "json" in field.notes else value
    return kind(**found)


def _members(enum):
    from tradingdb._choice import choice
    return [(member.code, member) for member in choice(enum)]


def arguments(method):
    """Every parameter of a method with a value."""
    found = {}
    for name, parameter in inspect.signature(method).parameters.items():
        order = re.match(r"\w+Order\b", parameter.annotation)
        found[name] = method.__globals__[order[0]].__args__[-1] if order else sample(parameter.annotation)
    return found


def hints(kind):
    return typing.get_type_hints(kind)


__all__ = ["NAMES", "Domain", "_classes", "arguments", "methods", "public", "repositories", "row", "sample", "symbol"]
