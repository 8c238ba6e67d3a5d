# SPDX-License-Identifier: MIT
"""What the generator says when its input is wrong, and where inputs are found again."""
import pathlib
import re


class Problem(Exception):
    """Bad input: file, line and what is wrong."""

    def __init__(self, path, line, message):
        super().__init__(f"{path}:{line}: {message}")


class TomlLines:
    """Finds the line of a stanza or key in a TOML file; tomllib does not tell."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.lines = self.path.read_text().splitlines()

    def line(self, stanza, key=None):
        header = re.compile(r"\s*\[" + re.escape(stanza) + r"\]\s*(#.*)?$")
        for number, line in enumerate(self.lines, 1):
            if header.match(line):
                break
        else:
            return 1
        if key is not None:
            for at in range(number, len(self.lines)):
                if self.lines[at].startswith("["):
                    break
                if re.match(re.escape(key) + r"\s*=", self.lines[at]):
                    return at + 1
        return number

    def problem(self, stanza, message, key=None):
        return Problem(self.path, self.line(stanza, key), message)


class MigrationLines:
    """Finds where the migrations define a table or column."""

    def __init__(self, files):
        self.files = [(path, path.read_text().splitlines()) for path in files]

    def locate(self, table, column=None):
        place = (self.files[0][0], 1)
        name = re.escape(table)
        create = re.compile(rf"\s*CREATE TABLE .*\b{name}\b", re.I)
        alter = re.compile(rf"\s*ALTER TABLE .*\b{name}\b.*ADD COLUMN (?:IF NOT EXISTS )?{column}\b", re.I)
        for path, lines in self.files:
            inside = False
            for number, line in enumerate(lines, 1):
                if create.match(line):
                    place, inside = (path, number), True
                    if column is None:
                        return place
                elif inside and re.match(rf"\s+\"?{column}\"?\s", line) or column and alter.match(line):
                    return path, number
                elif inside and re.match(r"\)", line):
                    inside = False
        return place

    def locate_text(self, text):
        for path, lines in self.files:
            for number, line in enumerate(lines, 1):
                if text in line:
                    return path, number
        return self.files[0][0], 1

    def problem(self, message, table, column=None):
        return Problem(*self.locate(table, column), message)
