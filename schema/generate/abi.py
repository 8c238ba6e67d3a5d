# SPDX-License-Identifier: MIT
"""abi.lock: what is released never moves.

The file lists every public struct with its fields (version, offset, type, name), every closed set with its
constants and every exported symbol. Lines of a version that is not released yet are rewritten freely; lines of
a released one are binding: their fields keep place and type, their constants their number, their symbols their
node. What is new comes after them.
"""
import re

import kinds
from problem import Problem

HEADER = """\
# SPDX-License-Identifier: MIT
# What the library has promised; written by schema/generate, read by it again. A line `release VERSION` binds
# all lines of that version for ever. Fields: version, offset, type, name. Constants: version, number, value.
"""


class Lock:
    def __init__(self, path, version):
        self.path, self.version = path, version
        self.released, self.structs, self.enums, self.symbols = [], {}, {}, {}
        self.lines = {}
        if path.exists():
            self.load()

    def load(self):
        entry, pattern = None, None
        for number, line in enumerate(self.path.read_text().splitlines(), 1):
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if words[0] == "release":
                self.released.append(words[1])
            elif words[0] in ("struct", "enum"):
                entry = (self.structs if words[0] == "struct" else self.enums).setdefault(words[1], [])
                pattern = r"    (\S+) (\d+) (.*?) ?([^ *]+)" if words[0] == "struct" else r"    (\S+) (\d+)() (.*)"
            elif words[0] == "symbol":
                self.symbols[words[2]] = words[1]
                self.lines[words[2]] = number
            else:
                match = re.fullmatch(pattern, line) if pattern else None
                if not match:
                    raise Problem(self.path, number, "cannot be read")
                entry.append((match[1], int(match[2]), match[3], match[4], number))

    def bound(self, entries):
        return [entry for entry in entries if entry[0] in self.released]

    def check_version(self, what):
        if self.version in self.released:
            raise Problem(self.path, 1, f"{what} is new, but {self.version} is released: raise the version of the "
                                        "project")

    def order(self, struct, fields):
        """Puts fields [(type, name, payload)] in their binding order and remembers their places."""
        wanted = {name: (ctype, payload) for ctype, name, payload in fields}
        ordered = []
        for version, offset, ctype, name, number in self.bound(self.structs.get(struct, [])):
            if name not in wanted:
                raise Problem(self.path, number, f"{struct}.{name} is released and may not disappear")
            if wanted[name][0] != ctype:
                raise Problem(self.path, number, f"{struct}.{name} is released as `{ctype}` and may not become "
                                                 f"`{wanted[name][0]}`")
            ordered.append((version, *self.take(wanted, name)))
        for ctype, name, _ in fields:
            if name in wanted:
                self.check_version(f"{struct}.{name}")
                ordered.append((self.version, *self.take(wanted, name)))
        self.place(struct, ordered)
        return [payload for _, _, _, payload in ordered]

    @staticmethod
    def take(wanted, name):
        ctype, payload = wanted.pop(name)
        return ctype, name, payload

    def place(self, struct, ordered):
        offset, entries = 0, []
        for version, ctype, name, _ in ordered:
            size, alignment = kinds.layout(ctype)
            offset = (offset + alignment - 1) // alignment * alignment
            entries.append((version, offset, ctype, name, 0))
            offset += size
        for old, new in zip(self.bound(self.structs.get(struct, [])), entries):
            if old[1:4] != new[1:4]:
                raise Problem(self.path, old[4], f"{struct}.{old[3]} is released at offset {old[1]} and may not move "
                                                 f"to {new[1]}")
        self.structs[struct] = entries

    def order_values(self, enum, values):
        """The values of a closed set, the released ones first and in their order."""
        old = self.bound(self.enums.get(enum, []))
        for version, number, _, value, line in old:
            if value not in values:
                raise Problem(self.path, line, f"{enum}: {value} is released and may not disappear")
        kept = [entry[3] for entry in old]
        added = [value for value in values if value not in kept]
        if added:
            self.check_version(f"{enum}: {added[0]}")
        entries = [(entry[0], at, "", entry[3], 0) for at, entry in enumerate(old, 1)]
        entries += [(self.version, at, "", value, 0) for at, value in enumerate(added, len(old) + 1)]
        self.enums[enum] = entries
        return kept + added

    def set_symbols(self, names):
        for name, version in self.symbols.items():
            if version in self.released and name not in names:
                raise Problem(self.path, self.lines[name], f"{name} is released and may not disappear")
        old = self.symbols
        self.symbols = {}
        for name in sorted(names):
            version = old.get(name)
            if version not in self.released:
                self.check_version(name)
                version = self.version
            self.symbols[name] = version

    def forget_others(self, structs, enums):
        """Drops what the schema does not have any more, unless it is released."""
        for known, table in ((structs, self.structs), (enums, self.enums)):
            for name in [name for name in table if name not in known]:
                bound = self.bound(table[name])
                if bound:
                    raise Problem(self.path, bound[0][4], f"{name} is released and may not disappear")
                del table[name]

    def release(self):
        if self.version not in self.released:
            self.released.append(self.version)

    def text(self):
        out = [HEADER]
        out += [f"release {version}\n" for version in self.released]
        for word, table in (("struct", self.structs), ("enum", self.enums)):
            for name in sorted(table):
                out.append(f"\n{word} {name}\n")
                for version, number, ctype, item, _ in table[name]:
                    out.append(f"    {version} {number} {kinds.declare(ctype, item) if ctype else item}\n")
        out.append("\n")
        out += [f"symbol {self.symbols[name]} {name}\n" for name in sorted(self.symbols)]
        return "".join(out)
