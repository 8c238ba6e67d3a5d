# SPDX-License-Identifier: MIT
"""c_<namespace>.py: the C interface as data, from which the binding makes its ctypes classes."""
from python_surface import TOKENS, WHERE_TYPES
from python_text import TOP, quoted, table


def token(ctype):
    """A C type in one word."""
    return TOKENS.get(ctype, "pointer" if ctype.endswith(("*", "_fn")) else ctype)


class CEmitter:
    def __init__(self, surface):
        self.surface = surface

    def structs(self, namespace):
        rows = []
        if namespace == "core":
            rows += [(f"trdb_where_{name}", ["set pointer", "count size_t", "op int32_t", "reserved int32_t",
                                             f"from {ctype}", f"until {ctype}"])
                     for name, ctype in WHERE_TYPES.items()]
        for header in self.surface.of(namespace):
            for struct, members in header.structs.items():
                rows.append((struct, [" ".join([field.name, token(field.type), *self.surface.notes(struct, field)])
                                      for field in members]))
        return rows

    def function(self, function):
        params = []
        for param in self.surface.parameters(function):
            notes = " ".join(f"{name}={said}" if said else name for name, said in param.notes.items())
            space = "" if param.type.endswith("*") else " "
            params.append(f"{param.type}{space}{param.name}{': ' + notes if notes else ''}")
        return function.name, [function.result, *params]

    def text(self, namespace, version):
        headers = self.surface.of(namespace)
        constants = [(name, {member.name: member.type for member in members})
                     for header in headers for name, members in header.enums.items()]
        lines = [*TOP, f'"""The C interface of {namespace} as data; see _c.py."""', "from __future__ import annotations", ""]
        if version:
            major, minor = version.split(".")
            lines += [f"VERSION = ({major}, {minor})", ""]
        lines += ["# Fields: name, type, and what the binding must know besides.", *table("STRUCTS: dict[str, tuple[str, ...]]", self.structs(namespace)), "",
                  "# Result, then parameters; notes behind the colon.",
                  *table("FUNCTIONS: dict[str, tuple[str, ...]]", [self.function(function) for header in headers for function in header.functions]),
                  "", "CONSTANTS: dict[str, dict[str, int]] = {"]
        for name, members in constants:
            lines.append(f"    {quoted(name)}: {{")
            lines += [f"        {quoted(member)}: {number}," for member, number in members.items()]
            lines.append("    },")
        return "\n".join([*lines, "}"]) + "\n"
