# SPDX-License-Identifier: MIT
"""The Python binding: everything in bindings/python/tradingdb/_generated."""
import re

from python_c import CEmitter
from python_calls import CallEmitter, DomainEmitter, Methods, RepositoryEmitter
from python_core import CoreEmitter
from python_rows import EnumEmitter, InputEmitter, RowEmitter
from python_surface import Surface, camel
from python_text import TOP, Words, packed

IMPORTS = """\
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, List, Literal, NamedTuple, Required, TypedDict
from uuid import UUID

from tradingdb._c import register
from tradingdb._call import results
from tradingdb._choice import Choice
from tradingdb._columns import Columns
from tradingdb._domain import Domain, Pages, Repository
from tradingdb._row import Row
from tradingdb._stream import Stream
from tradingdb._values import (NOT_GIVEN, IntoBytes, IntoDecimal, IntoJson, IntoUuid, JsonObject, NotGiven, Ref, Upserted, Where)
"""
ROW_IMPORT = """\
if TYPE_CHECKING:  # mypy takes rows for what they resemble
    from dataclasses import dataclass as row
else:
    from tradingdb._row import row
"""


# What Python calls functions that are no method of a domain.
PLACES = {"trdb_open": "open", "trdb_uow_begin": "unit_of_work", "trdb_migrate_up": "migrate_up", "trdb_doctor": "doctor",
          "trdb_migrate_status": "migrate_status", "trdb_uow_flush": "flush", "trdb_uow_commit": "commit", "trdb_cron_parse": "Cron", "trdb_cron_next": "Cron.next"}


class Package:
    """Writes the modules of a schema."""

    def __init__(self, model, queries, texts, version):
        self.surface = Surface(model, queries, texts)
        self.methods = Methods(self.surface)
        self.words = Words(self.surface, {**PLACES, **self.methods.names})
        self.inputs = InputEmitter(self.surface, self.words)
        self.enums, self.rows = EnumEmitter(self.surface, self.words), RowEmitter(self.surface, self.words)
        self.version = version

    def domain(self, namespace):
        """The text of <domain>.py."""
        calls = CallEmitter(self.surface, self.words, self.inputs)
        repositories = RepositoryEmitter(self.surface, self.words, self.inputs, self.methods)
        tables = [table for table in self.surface.model.tables if table.domain == namespace]
        body = self.enums.lines(namespace) + self.rows.lines(namespace)
        body += self.inputs.lines([f"{table.type}_new" for table in tables if table.offers("insert")])
        services = self.methods.services(namespace)
        for function in services:
            body += calls.result_class(function, namespace)
        for table in tables:
            body += repositories.lines(table)
        body += DomainEmitter(self.surface, self.methods, calls).lines(namespace)
        named = [f'results("{function.name}", {calls.result(function, namespace)})' for function in services
                 if len(calls.outputs(function, namespace)) > 1]
        named += [f'results("{symbol}", Upserted)' for table in tables
                  for symbol, method in self.methods.of_table(table).items() if method.startswith("upsert_many_by_")]
        return self.module(namespace, self.surface.model.domains[namespace]["doc"],
                           self.numbers(namespace) + body + (["", "", *named] if named else []))

    def numbers(self, namespace):
        """Macros that are numbers."""
        lines = [f"{name.removeprefix('TRDB_')} = {value}" for header in self.surface.of(namespace)
                 for name, value in header.numbers.items()]
        return ["", *lines] if lines else []

    def classes(self, namespace):
        """Enums, rows and orders that other namespaces may name in hints."""
        orders = [f"{camel(table.singular)}Order" for table in self.surface.model.tables if table.domain == namespace]
        rows = [self.rows.name(struct) for struct in self.rows.structs(namespace)]
        return self.enums.names(namespace) + rows + orders

    def foreign(self, namespace, text):
        """[(namespace, class)] that a module names and does not define."""
        return [(home, name) for home in self.surface.namespaces() if home != namespace
                for name in self.classes(home) if re.search(rf"\b{name}\b", text)]

    def module(self, namespace, doc, body):
        text = "\n".join(body)
        code = re.sub(r'""".*?"""', "", text, flags=re.S)
        foreign = self.foreign(namespace, code)
        lines = [*TOP, f'"""{doc}"""', *used(IMPORTS, code, bool(foreign)), f"from . import c_{namespace}", ""]
        if "@row(" in text or foreign:
            block = ROW_IMPORT.splitlines() if "@row(" in text else ["if TYPE_CHECKING:"]
            homes = {}
            for home, name in foreign:
                homes.setdefault(home, []).append(name)
            block[1 + ("@row(" in text):1 + ("@row(" in text)] = [
                f"    from .{home} import {', '.join(sorted(names))}" for home, names in sorted(homes.items())]
            lines += [*block, ""]
        lines += [f"register(c_{namespace})", *body]
        return "\n".join(lines) + "\n"

    def files(self, core):
        """{name: text}; `core`: with the parts that come from hand-written headers."""
        texts = {}
        for namespace in self.surface.namespaces():
            version = self.version if namespace == "core" else None
            if namespace != "core" or core:
                texts[f"c_{namespace}.py"] = CEmitter(self.surface).text(namespace, version)
            if namespace != "core":
                texts[f"{namespace}.py"] = self.domain(namespace)
        if core:
            texts.update(CoreEmitter(self).files())
            texts["meson.build"] = "\n".join([*TOP, "generated_python = files(", *packed(
                [f"'{name}'" for name in sorted(texts)], "  "), ")"]) + "\n"
        return texts


def used(imports, text, foreign):
    """The imports without the names that a module does not use."""
    lines = []
    for line in imports.splitlines():
        match = re.match(r"from (\S+) import \(?([^()]*)\)?$", line)
        if not match or match[1] == "__future__":
            lines.append(line)
            continue
        names = [name for name in match[2].split(", ") if re.search(rf"\b{name}\b", text)
                 or name == "register" or name == "TYPE_CHECKING" and ("@row(" in text or foreign)]
        if names:
            lines.append(f"from {match[1]} import {', '.join(names)}")
    return lines


def files(model, queries, texts, version, core):
    return Package(model, queries, texts, version).files(core)
