# SPDX-License-Identifier: MIT
"""What Python shows of the C interface: which header belongs to which namespace, what a struct is, and what its fields
and the parameters of functions mean. All of it follows from prototypes and comments."""
import keyword
import re

import kinds
import prototypes
from problem import Problem

# Structs that C fills for the caller, and that are rows in Python all the same.
FILLED = {"trdb_db_stats", "trdb_trace_event", "trdb_capabilities"}
TOKENS = {"const char *": "text"}
WHERE_TYPES = {"i64": "int64_t", "bool": "bool", "enum": "int32_t", "text": "text", "decimal": "trdb_decimal",
               "timestamp": "trdb_timestamp", "uuid": "trdb_uuid"}


def camel(name):
    return "".join(word.capitalize() for word in name.split("_"))


class Surface:
    """The public headers, seen from Python."""

    def __init__(self, model, queries, texts):
        """texts: {header name: text}"""
        self.model = model
        self.headers = {name: prototypes.read(name, text) for name, text in texts.items()}
        self.functions = {f.name: f for header in self.headers.values() for f in header.functions}
        self.structs = {name: (header, members) for header in self.headers.values()
                        for name, members in header.structs.items()}
        self.enums = {name: (header, members) for header in self.headers.values()
                      for name, members in header.enums.items()}
        self.tables = {table.type: table for table in model.tables}
        self.queries = {query.function: query for query in queries if not query.internal}
        self.query_rows = {query.row_type: query for query in queries if query.defines_row and not query.internal}
        self.reading = {f"{name}_{verb}" for table in model.tables for name in (table.type, f"trdb_{table.plural}")
                        for verb in ("get", "list", "count", "columns")}
        self.reading |= {query.function for query in queries if query.reads}
        self.check_words()

    def check_words(self):
        """Names that Python could not take as keywords."""
        words = {field.name for _, members in self.structs.values() for field in members}
        words |= {param.name for function in self.functions.values() for param in function.params}
        for word in sorted(words):
            if keyword.iskeyword(word) or word == "self":
                raise Problem("schema", 1, f"{word} is a word of Python and cannot name a column or parameter")

    # ---- namespaces

    def namespace(self, header):
        """The domain of a header, or core."""
        name = header.name.removeprefix("services_")
        return name if name in self.model.domains else "core"

    def namespaces(self):
        return [name for name in ["core", *self.model.domains]
                if any(self.namespace(header) == name for header in self.headers.values())]

    def of(self, namespace):
        return [header for header in self.headers.values() if self.namespace(header) == namespace]

    def attribute(self, symbol, namespace):
        """What a service or query is called in its domain."""
        name = symbol.removeprefix("trdb_")
        for prefix in (f"{namespace}_", self.model.domains[namespace].get("prefix", "")):
            if prefix and name.startswith(prefix):
                return name.removeprefix(prefix)
        return name

    def repository(self, table):
        return table.name.removeprefix(self.model.domains[table.domain].get("prefix", ""))

    # ---- structs

    def is_row(self, struct):
        return struct in self.structs and (struct in FILLED or f"{struct}_free" in self.functions
                                           or f"{struct}_list_free" in self.functions)

    def is_list(self, struct):
        return struct.endswith("_list") and self.is_row(struct.removesuffix("_list"))

    def has_row(self, ctype):
        return self.is_row(ctype) or self.is_list(ctype)

    def doc_enum(self, doc):
        """The enum that a comment names: `enum trdb_x`, or the name of one that is a type."""
        for name in re.findall(r"\b(trdb_\w+)\b", doc):
            if name in self.enums and (f"enum {name}" in doc or doc.startswith(name)):
                return name.removeprefix("trdb_")
        return None

    def notes(self, struct, field):
        """What the binding must know of a field beyond its C type."""
        base = re.sub(r"_(new|filter)$", "", struct)
        table = self.tables.get(base)
        if table:
            return self.column_notes(table, field)
        if struct in self.query_rows:
            value = next((value for value in self.query_rows[struct].columns if value.name == field.name), None)
            if value:
                return self.value_notes(value)
        return self.written_notes(struct, field)

    @staticmethod
    def column_notes(table, field):
        if field.name == "order_by":
            return [f"enum={table.type.removeprefix('trdb_')}_column"]
        column = next((column for column in table.columns if column.name == field.name), None)
        if column is None:
            return []
        notes = [f"enum={column.enum.name}"] if column.enum else []
        notes += ["json"] if isinstance(column.kind, kinds.Json) else []
        return notes + (["secret"] if column.secret else [])

    @staticmethod
    def value_notes(value):
        notes = [f"enum={value.enum.name}"] if value.enum else []
        notes += ["json"] if isinstance(value.kind, kinds.Json) else []
        return notes + (["secret"] if "secret" in value.doc.lower() else [])

    def written_notes(self, struct, field):
        enum = self.doc_enum(field.doc) if field.type in ("int32_t", "uint32_t", "trdb_opt_enum", "trdb_in_enum") \
            else None
        if enum:
            return [f"flags={enum}" if enum.endswith("_flags") else f"enum={enum}"]
        if field.type == "const char *":
            return (["json"] if re.search(r"\bJSON\b", field.doc) else []) \
                + (["secret"] if "secret" in field.doc.lower() else [])
        if self.is_row(struct) and field.name.endswith("_us"):
            return ["stamp" if "since 1970" in field.doc else "span"]
        if self.is_row(struct) and field.type == "int32_t" and field.doc.startswith("1 when"):
            return ["flag"]
        return []

    def attribute_of(self, struct, field):
        """What a field of a row is called: times lose their unit, since they become datetime and timedelta."""
        timed = {"stamp", "span"} & set(self.notes(struct, field))
        return field.name.removesuffix("_us") if timed else field.name

    def fields(self, struct):
        """The members of a row that people see."""
        return [field for field in self.structs[struct][1] if not self.hidden(field)]

    @staticmethod
    def hidden(field):
        """Fields that are none of the caller's business."""
        return field.name == "struct_size" or field.name.startswith("reserved")

    # ---- enums

    def choices(self, namespace):
        """Closed sets that become classes: {name: [(member, text, number, doc)]}."""
        found = {}
        for header in self.of(namespace):
            for name, members in header.enums.items():
                if name.endswith(("_column", "_flags")) or not self.enum_used(name.removeprefix("trdb_")):
                    continue
                found[name] = [(self.member(name, member, members), self.text_of(name, member, members), member.type,
                                member.doc) for member in members if member.type != 0 or name in self.typed_enums()]
        return found

    def typed_enums(self):
        return {"trdb_severity"}

    def enum_used(self, name):
        note = f"enum={name}"
        if any(note in self.notes(struct, field) for struct, (_, members) in self.structs.items()
               if self.is_row(struct) or struct.endswith(("_new", "_options")) for field in members):
            return True
        return name in {param.notes.get("enum") for function in self.functions.values()
                        for param in self.parameters(function)}

    @staticmethod
    def prefix(enum, members):
        """The words that all constants begin with: those of the enum's name, as far as they go."""
        words = enum.upper().split("_")
        while not all(member.name.startswith("_".join(words) + "_") for member in members):
            words.pop()
        return "_".join(words) + "_"

    def member(self, enum, member, members):
        name = member.name.removeprefix(self.prefix(enum, members))
        return name if not keyword.iskeyword(name) and name.isidentifier() else f"{name}_"

    def text_of(self, enum, member, members):
        """The database's text, which generated headers give in quotes; else the constant's name."""
        quoted = re.fullmatch(r"'(.*)'", member.doc)
        known = self.model.enums.get(enum.removeprefix("trdb_"))
        return quoted[1] if quoted and known else member.name.removeprefix(self.prefix(enum, members)).lower()

    def any_case(self, enum):
        known = self.model.enums.get(enum.removeprefix("trdb_"))
        return bool(known and known.any_case)

    # ---- parameters

    def parameters(self, function):
        """The parameters of a function with notes."""
        docs = dict(function.doc.params)
        like = re.match(r"(?:As|What|The same as) (trdb_\w+)\(\)", function.doc.text)
        if like and like[1] in self.functions:
            docs = self.functions[like[1]].doc.params | docs
        query = self.queries.get(function.name)
        params = [Param(self, function, param, docs.get(param.name, ""), query) for param in function.params]
        self.part(params)
        if function.name in self.reading:
            params[0].notes["reads"] = ""
        return params

    @staticmethod
    def part(params):
        """Fields that have the name of a parameter are that parameter, unless the call takes both; then, and where two
        structs meet, the struct's name stands before them."""
        taken = {param.name for param in params if param.fields is None}
        for param in params:
            if param.fields is None:
                continue
            named = "fields" in param.notes
            param.fields = [name for name in param.fields if named or name not in taken]
            if taken & set(param.fields):
                param.notes["prefixed"] = ""
            taken |= {f"{param.name}_{name}" if "prefixed" in param.notes else name for name in param.fields}


class Param:
    """A parameter, and what its comment says of it."""

    def __init__(self, surface, function, param, doc, query):
        self.type, self.name, self.doc = param.type, param.name, doc
        self.surface, self.function = surface, function
        self.pointed = re.sub(r"^const | *\*+$", "", param.type)
        self.is_out = param.name == "ret" or param.name.startswith("ret_")
        self.fields = None  # of an input struct: those that the call takes
        value = query and next((value for value in query.params if value.name == self.name), None)
        self.notes = self.of_query(value) if value else self.of_doc()

    @staticmethod
    def of_query(value):
        notes = {"enum": value.enum.name} if value.enum else {}
        if isinstance(value.kind, kinds.Json):
            notes["json"] = ""
        if value.nullable:
            notes["optional" if value.kind.nullable_param.startswith("trdb_in_") else "null"] = ""
        return notes

    def of_doc(self):
        many = any(param.name == "row_size" for param in self.function.params)
        notes = {}
        if self.name == "columns" and self.pointed == "trdb_column_view":
            notes["row"] = next(table.type for table in self.surface.model.tables
                                if self.function.name == f"trdb_{table.plural}_insert_columns")
        enum = self.surface.doc_enum(self.doc)
        if enum and self.type.split(" ")[0] in ("int32_t", "uint32_t", "trdb_in_enum", "trdb_opt_enum"):
            notes["flags" if enum.endswith("_flags") else "enum"] = enum
        if self.type == "const char *" and re.search(r"\bJSON\b", self.doc):
            notes["json"] = ""
        said = re.search(r"\bNULL\b", self.doc)
        if self.type.startswith("trdb_in_"):
            if re.search(r"\bnot given\b|\bdefault\b", self.doc) and not said:
                notes["optional"] = ""
        elif self.type == "int64_t" and re.search(r"(?:^|[;,] )0: ", self.doc):
            notes["zero"] = ""
        elif said or self.name == "conninfo" or re.search(rf"\b{self.name} is NULL\b", self.function.doc.text):
            notes["null"] = ""
        if self.pointed.endswith("_new") and self.name != "guard" and not self.is_out and not many:
            taken, _ = self.taken()
            if taken:
                notes["fields"] = ",".join(taken)
            self.fields = taken or [field.name for field in self.surface.fields(self.pointed)]
        return notes

    def taken(self):
        """(fields that a call takes, or None for all; those that it requires), as the comment says."""
        text = re.sub(r"\([^()]*\)", "", self.doc.replace("()", ""))
        text = re.sub(r"\([^()]*\)", "", text)
        names = [field.name for field in self.surface.structs[self.pointed][1] if field.name != "struct_size"]
        written = self.pointed.removesuffix("_new") not in self.surface.tables
        required = {field.name for field in self.surface.structs[self.pointed][1]
                    if written and field.doc.startswith("required")}
        for sentence in re.split(r"[.;]\s", text + " "):
            before = re.match(r"(.*) (?:is|are) required\b(?! of)", sentence)
            if before:
                sentence = re.sub(r"\bone of [^,.]*", "", before[1])
                required |= {name for name in names if re.search(rf"\b{name}\b", sentence)}
        if not re.search(r"no other field is taken", text, re.I):
            return None, required
        return [name for name in names if re.search(rf"\b{name}\b", text)], required
