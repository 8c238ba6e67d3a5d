# SPDX-License-Identifier: MIT
"""What follows from the hand-written headers: errors, options, migrations, and the package's list of names."""
import re

import python_types as types
from python_surface import camel
from python_text import TOP, docstring, packed, quoted, signature
from text import sentence

# Python's own classes that an error is as well, so that code which knows nothing of this library catches it.
BUILTINS = {"NOMEM": "MemoryError", "INVALID": "ValueError", "RANGE": "ValueError", "INEXACT": "ValueError",
            "ENCODING": "ValueError", "NOT_FOUND": "LookupError", "TIMEOUT": "TimeoutError", "CONNECT": "ConnectionError",
            "CONNECTION_LOST": "ConnectionError", "PERMISSION": "PermissionError"}
# Where a default would be a trap: taking back every migration is something to say.
REQUIRED = {("trdb_migrate_down", "to")}
# Options that are objects of Python.
OBJECTS = {"const trdb_token *": "Token", "trdb_canceller *": "Canceller"}
IMPORTS = "from __future__ import annotations\n"


class CoreEmitter:
    def __init__(self, package):
        self.package, self.surface, self.words = package, package.surface, package.words

    def files(self):
        return {"__init__.py": "\n".join(TOP) + "\n", "errors.py": self.errors(), "core.py": self.core(),
                "domains.py": self.domains(), "entry.py": self.entry(), "public.py": self.public()}

    # ---- errors

    def codes(self):
        return [(member.name.removeprefix("TRDB_E_"), member) for member in self.surface.enums["trdb_error_code"][1]
                if member.type < 0]

    def errors(self):
        lines = [*TOP, '"""An exception class per error code."""', IMPORTS, "from tradingdb._errors import Error"]
        for name, member in self.codes():
            bases = ", ".join(["Error", *([BUILTINS[name]] if name in BUILTINS else [])])
            said = sentence(member.doc[:1].upper() + member.doc[1:])
            lines += ["", "", f"class {camel(name.lower())}({bases}):", *docstring([self.words.words(said)], 4), "",
                      f"    code = {member.type}"]
        names = [camel(name.lower()) for name, _ in self.codes()]
        return "\n".join([*lines, "", "",
                          "BY_CODE: dict[int, type[Error]] = {kind.code: kind for kind in (",
                          *packed(names, "    "), ")}"]) + "\n"

    # ---- enums and rows

    def core(self):
        body = self.package.enums.lines("core") + self.package.rows.lines("core")
        text = "\n".join(body)
        lines = [*TOP, '"""Closed sets and reports of the core."""', IMPORTS, "from datetime import datetime, timedelta",
                 "from typing import TYPE_CHECKING, ClassVar", "", "from tradingdb._choice import Choice",
                 "from tradingdb._row import Row", "", "if TYPE_CHECKING:  # mypy takes rows for what they resemble",
                 "    from dataclasses import dataclass as row", "else:", "    from tradingdb._row import row", text]
        return "\n".join(lines) + "\n"

    # ---- options

    def options(self, struct, required=()):
        """[keyword] and [(keyword, words)] of an options struct."""
        keywords, docs = [], []
        for field in self.surface.structs[struct][1]:
            notes = self.surface.notes(struct, field)
            flags = next((note.removeprefix("flags=") for note in notes if note.startswith("flags=")), None)
            if flags:
                for member in self.surface.enums[f"trdb_{flags}"][1]:
                    name = member.name.removeprefix(f"TRDB_{flags.removesuffix('_flags')}_".upper()).lower()
                    keywords.append(f"{name}: bool = False")
                    docs.append((name, self.words.words(sentence(member.doc))))
            elif field.type in OBJECTS:
                keywords.append(f"{field.name}: {OBJECTS[field.type]} | None = None")
                docs.append((field.name, self.option_doc(field, notes)))
            elif not self.surface.hidden(field) and field.type in ("int32_t", "const char *"):
                name = field.name.removesuffix("_ms")
                hint = "Seconds" if field.name.endswith("_ms") else types.given(
                    "trdb_in_enum" if types.enum_of(notes) else field.type, notes)
                keywords.append(f"{name}: {hint}" if name in required else f"{name}: {hint} | None = None")
                docs.append((name, self.option_doc(field, notes)))
        return keywords, docs

    def option_doc(self, field, notes):
        """The comment of an option; C counts milliseconds, Python seconds."""
        doc = field.doc
        if field.name.endswith("_ms"):
            doc = re.sub(r"\bdefault (\d+)\b",
                         lambda match: f"default {int(match[1]) / 1000:g} second{'s' * (match[1] != '1000')}", doc)
        if types.enum_of(notes):
            doc = f"a member of {camel(types.enum_of(notes))}, or its text"
        return self.words.words(sentence(doc))

    def domains(self):
        names = [name for name in self.surface.namespaces() if name != "core"]
        lines = [*TOP, '"""The attributes of databases and units of work."""', IMPORTS,
                 "from collections.abc import Callable", "from typing import TYPE_CHECKING, Any, TypeVar", "",
                 *(f"from .{name} import {camel(name)}Domain" for name in sorted(names)),
                 "from tradingdb._values import Seconds, Token", "", "if TYPE_CHECKING:",
                 "    from tradingdb._cancel import Canceller", "    from tradingdb._session import UnitOfWork", "",
                 f"    from .core import {', '.join(self.option_enums('trdb_uow_options'))}", "", 'T = TypeVar("T")', "", "",
                 "class Domains:", '    """The domains, as attributes."""', "", "    __slots__ = ()", "",
                 "    def _call(self, symbol: str, values: dict[str, Any]) -> Any:", "        raise NotImplementedError"]
        for name in names:
            doc = self.surface.model.domains[name]["doc"]
            lines += ["", "    @property", f"    def {name}(self) -> {camel(name)}Domain:", *docstring([doc], 8),
                      f"        return {camel(name)}Domain(self)"]
        keywords, docs = self.options("trdb_uow_options")
        lines += ["", "", "class Units:", '    """How units of work begin."""', "", "    __slots__ = ()", "",
                  "    def _begin(self, values: dict[str, Any]) -> UnitOfWork:", "        raise NotImplementedError", "",
                  *signature("unit_of_work", ["self", "*", *keywords], "UnitOfWork"),
                  *docstring(["Begins a unit of work: `with db.unit_of_work() as uow:` commits when the block is left, "
                              "and rolls back when an exception leaves it.", *docs,
                              self.words.returns(self.surface.functions["trdb_uow_begin"].doc.returns)], 8),
                  "        return self._begin(locals())"]
        more, more_docs = self.options("trdb_run_options")
        keywords = [self.of_unit(keyword, more) for keyword in keywords]
        lines += ["", "    def _run(self, work: Callable[[UnitOfWork], T], values: dict[str, Any]) -> T:",
                  "        raise NotImplementedError", "",
                  *signature("run", ["self", "work: Callable[[UnitOfWork], T]", "*", *more, *keywords], "T"),
                  *docstring(["Runs a whole unit of work: begins, calls `work` with it, commits, and gives what `work` "
                              "gave. Runs it again when nothing was stored and another attempt may go well: after "
                              "Serialization, Deadlock and ConnectionLost, be they raised by `work` or by the commit. "
                              "Never when the outcome is in doubt. `work` may be called again, so it must not keep "
                              "anything from an earlier call.", *more_docs, "The others are those of unit_of_work(), for each attempt."], 8),
                  "        return self._run(work, locals())"]
        return "\n".join(lines) + "\n"

    @staticmethod
    def of_unit(keyword, taken):
        """A keyword of a unit, beside others of run(): where both have a name, the unit's is unit_…."""
        names = {other.partition(":")[0] for other in taken}
        return f"unit_{keyword}" if keyword.partition(":")[0] in names else keyword

    def option_enums(self, struct):
        return sorted({camel(name) for field in self.surface.structs[struct][1]
                       if (name := types.enum_of(self.surface.notes(struct, field)))})

    # ---- functions of the module

    def entry(self):
        keywords, docs = self.options("trdb_db_options")
        doc = self.surface.functions["trdb_open"].doc.text
        lines = [*TOP, '"""The functions of the package."""', IMPORTS, "from typing import Any, List", "",
                 "from tradingdb._call import call", "from tradingdb._session import Database",
                 "from tradingdb._trace import Trace", "from tradingdb._values import Seconds", "",
                 "from .core import Finding, Migration", "", "",
                 *signature("open", ["url: str | None = None", "*", *keywords, "trace: Trace = None"], "Database", 0),
                 *docstring(["Opens a database.",
                             ("url", "`postgresql://…` (also `postgres://` and SQLAlchemy's `postgresql+driver://`) or "
                                     "libpq's `key=value` form; None: the environment variable DB_URL."), *docs,
                             ("trace", "who hears of every call to the server: a callable that takes a TraceEvent; True "
                                       "for the logger `tradingdb`; False for nobody; None for the logger while it "
                                       "listens to DEBUG."),
                             self.opening_errors()], 4),
                 "    return Database(url, locals(), trace)"]
        assert "Opens a database" in doc
        for function in self.package_functions():
            lines += self.function(function)
        return "\n".join(lines) + "\n"

    def opening_errors(self):
        doc = self.surface.functions["trdb_open"].doc
        text = " ".join([doc.text, *doc.params.values()])
        codes = re.search(r"so that a wrong address.*?: (TRDB_E_INVALID.*?NOMEM)\.", text)
        return f"Connects once, unless `lazy`. Raises {self.words.words(codes[1])}." if codes else \
            "Connects once, unless `lazy`."

    def package_functions(self):
        return [function for function in self.surface.functions.values()
                if function.params and function.params[0].name == "conninfo" and function.name != "trdb_open"]

    def function(self, function):
        keywords, docs = [], []
        for param in self.surface.parameters(function)[1:]:
            if param.pointed.endswith("_options") and not param.is_out:
                required = {name for symbol, name in REQUIRED if symbol == function.name}
                keywords, docs = self.options(param.pointed, required)
                keywords.sort(key=lambda keyword: "=" in keyword)
            elif not param.is_out and param.name != "reterr":
                keywords.append(f"{param.name}: str | None = None")
        out = next(param for param in self.surface.parameters(function) if param.is_out)
        row = camel(out.type.removesuffix("**").strip().removesuffix("_list").removeprefix("trdb_"))
        doc = self.words.words(function.doc.text).replace("options->to", "`to`")
        return ["", "", *signature(function.name.removeprefix("trdb_"),
                                   ["conninfo: str | None = None", "*", *keywords], f"List[{row}]", 0),
                *docstring([doc, ("conninfo", "as the url of open()."), *docs,
                            self.words.returns(function.doc.returns)], 4),
                f'    found: List[{row}] = call("{function.name}").run(None, locals())', "    return found"]

    # ---- names

    def public(self):
        homes = {"errors": [camel(name.lower()) for name, _ in self.codes()],
                 "entry": ["open", *(function.name.removeprefix("trdb_") for function in self.package_functions())]}
        for namespace in self.surface.namespaces():
            names = self.package.enums.names(namespace)
            names += [self.package.rows.name(struct) for struct in self.package.rows.structs(namespace)]
            names += [camel(f"{table.type}_new".removeprefix("trdb_")) for table in self.surface.model.tables
                      if table.domain == namespace and table.offers("insert")]
            if namespace != "core":
                names += [name.removeprefix("TRDB_") for header in self.surface.of(namespace) for name in header.numbers]
            homes[namespace] = sorted(names)
        lines = [*TOP, '"""The generated names that the package shows."""', IMPORTS]
        for home, names in homes.items():
            lines += [f"from .{home} import (", *packed(names, "    "), ")"]
        everything = sorted(name for names in homes.values() for name in names)
        return "\n".join([*lines, "", "__all__ = [", *packed([quoted(name) for name in everything], "    "), "]"]) + "\n"
