# SPDX-License-Identifier: MIT
"""Closed sets, rows and inputs of a namespace as Python classes."""
import re

import python_types as types
from python_surface import camel
from python_text import docstring, quoted
from text import sentence


class EnumEmitter:
    def __init__(self, surface, words):
        self.surface, self.words = surface, words

    def lines(self, namespace):
        lines = []
        for name, members in self.surface.choices(namespace).items():
            short = name.removeprefix("trdb_")
            doc = self.surface.enums[name][0].docs[name].text
            doc = re.sub(r" ?Values the library does not know are TRDB_ENUM_UNKNOWN in rows\.", "", doc)
            case = ", any_case=True" if self.surface.any_case(name) else ""
            lines += ["", "", f"class {camel(short)}(Choice, c={quoted(short)}{case}):",
                      *docstring([self.words.words(doc)], 4), ""]
            for member, text, number, said in members:
                lines.append(f"    {member} = {quoted(text)}, {number}")
                if said and said != f"'{text}'":
                    lines += docstring([self.words.words(sentence(said[:1].upper() + said[1:]))], 4)
        return lines

    def names(self, namespace):
        return [camel(name.removeprefix("trdb_")) for name in self.surface.choices(namespace)]


class RowEmitter:
    def __init__(self, surface, words):
        self.surface, self.words = surface, words

    def structs(self, namespace):
        return [struct for header in self.surface.of(namespace) for struct in header.structs
                if self.surface.is_row(struct)]

    @staticmethod
    def name(struct):
        return camel(struct.removeprefix("trdb_"))

    def hint(self, struct, field):
        """The type of a field. Columns that a new install never leaves empty are taken at their word; in an adopted
        database they may be None all the same."""
        notes = self.surface.notes(struct, field)
        hint = types.output(field.type, notes, self.doc(struct, field))
        return hint if hint == "Any" or self.always_set(struct, field, notes) else f"{hint} | None"

    def doc(self, struct, field):
        """The C comment of a field, or that of its column in an input."""
        return field.doc

    def always_set(self, struct, field, notes):
        table, query = self.surface.tables.get(struct), self.surface.query_rows.get(struct)
        if table:
            return next(column.not_null for column in table.columns if column.name == field.name)
        if field.type in ("int64_t", "int32_t", "bool", "trdb_uuid"):
            return "stamp" not in notes or "0 when" not in field.doc
        if not query and field.type == "const char *":
            return not re.search(r"\bNULL\b", field.doc)
        if query and field.type in ("trdb_opt_i64", "trdb_decimal"):
            return not re.search(r"\bNULL\b", f"{field.doc} {query.doc}")
        return False

    def lines(self, namespace):
        lines = []
        for struct in self.structs(namespace):
            doc = self.surface.structs[struct][0].docs[struct].text
            lines += ["", "", "@row(frozen=True, slots=True)", f"class {self.name(struct)}(Row):",
                      *docstring([self.words.words(doc), *self.columns(struct)], 4), "",
                      f'    C: ClassVar[str] = "{struct}"']
            lines += [f"    {self.surface.attribute_of(struct, field)}: {self.hint(struct, field)}"
                      for field in self.surface.fields(struct)]
        return lines

    def columns(self, struct):
        found = []
        for field in self.surface.fields(struct):
            doc = re.sub(r" ?Constants: enum trdb_\w+\.", "", field.doc)
            if {"stamp", "span"} & set(self.surface.notes(struct, field)):
                doc = re.sub(r",? ?microseconds(?: since 1970 UTC)?;?", "", doc).replace("0 when", "None when")
            found.append((self.surface.attribute_of(struct, field), self.words.words(doc)))
        return found


class InputEmitter:
    """The keywords of an input struct, and a TypedDict of them for calls that take many."""

    def __init__(self, surface, words):
        self.surface, self.words = surface, words

    def fields(self, struct):
        return self.surface.fields(struct)

    def column(self, struct, field):
        table = self.surface.tables.get(struct.removesuffix("_new"))
        return table and next((column for column in table.columns if column.name == field.name), None)

    def required(self, struct, field):
        """Whether an insert must give it."""
        column = self.column(struct, field)
        made = column and column.is_key and column.kind.key == "trdb_uuid"
        return bool(column and column.not_null and not column.default and not column.identity and not made)

    def hint(self, struct, field, nullable=None):
        hint = types.given(field.type, self.surface.notes(struct, field))
        column = self.column(struct, field)
        if column and field.type == "trdb_in_i64" and self.surface.tables[struct.removesuffix("_new")].target_of(column):
            hint = f"{hint} | Ref"
        if nullable is None:
            header, _ = self.surface.structs[struct]
            never = "no field can be NULL" in header.docs[struct].text
            nullable = not column.not_null if column else not never
        return f"{hint} | None" if nullable else hint

    def keywords(self, struct, required=None, taken=None, prefix=""):
        """[keyword with type and default], the required ones first. `required`: names; None: nothing is."""
        first, rest = [], []
        for field in self.fields(struct):
            if taken is not None and field.name not in taken:
                continue
            name = prefix + field.name
            if required is not None and field.name in required:
                first.append(f"{name}: {self.hint(struct, field, False)}")
            else:
                rest.append(f"{name}: {self.hint(struct, field)} | NotGiven = NOT_GIVEN")
        return first + rest

    def insert_keywords(self, struct):
        return self.keywords(struct, {field.name for field in self.fields(struct) if self.required(struct, field)})

    def lines(self, structs):
        """TypedDicts."""
        lines = []
        for struct in structs:
            doc = self.surface.structs[struct][0].docs[struct].text
            lines += ["", "", f"class {camel(struct.removeprefix('trdb_'))}(TypedDict, total=False):",
                      *docstring([self.words.words(doc), *((field.name, self.words.words(field.doc))
                                                          for field in self.fields(struct))], 4), ""]
            for field in self.fields(struct):
                hint = self.hint(struct, field, False if self.required(struct, field) else None)
                lines.append(f"    {field.name}: {'Required[' + hint + ']' if self.required(struct, field) else hint}")
        return lines
