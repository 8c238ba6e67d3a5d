# SPDX-License-Identifier: MIT
"""The schema as the emitters need it: catalogue and api.toml joined and checked against each other."""
import dataclasses
import re
import tomllib

import catalog as cat
import kinds
from problem import Problem, TomlLines

OPERATIONS = ("insert", "upsert", "patch", "delete")
TABLE_KEYS = {"domain", "singular", "plural", "key", "partitioned", "without", "secret", "pii", "planned"}
ENUM_KEYS = {"columns", "any_case", "doc", "domain", "planned", "values"}
PII_CLASSES = {"contact", "content", "technical"}


@dataclasses.dataclass
class Enum:
    name: str
    values: list
    doc: str
    any_case: bool = False
    planned: bool = False
    domain: str = None

    @property
    def type(self):
        return f"trdb_{self.name}"

    def constant(self, value):
        return f"TRDB_{self.name}_{re.sub(r'[^A-Za-z0-9]', '_', value)}".upper()


@dataclasses.dataclass
class Column:
    name: str
    type: str
    comment: str
    kind: kinds.Kind
    enum: Enum = None
    domain: str = None
    not_null: bool = False
    default: str = None
    identity: bool = False
    native_enum: bool = False
    is_key: bool = False
    secret: bool = False
    pii: str = None
    filtered: bool = False
    max_chars: int = 0
    max_scale: int = 255
    max_whole: int = 255
    int_bytes: int = 0

    @property
    def plain(self):
        return self.is_key

    @property
    def row_type(self):
        return self.kind.key if self.is_key else self.kind.row


@dataclasses.dataclass
class Unique:
    name: str
    keys: str                # columns and expressions
    predicate: str = None    # of a partial index
    columns: int = 0         # bit i: keys or predicate need the table's column i

    @property
    def target(self):
        return f"({self.keys})" + (f" WHERE {self.predicate}" if self.predicate else "")


@dataclasses.dataclass
class Table:
    name: str
    singular: str
    plural: str
    domain: str
    planned: bool = False
    comment: str = None
    columns: list = dataclasses.field(default_factory=list)
    uniques: list = dataclasses.field(default_factory=list)
    without: tuple = ()
    partitioned: bool = False
    catalog: dict = None

    @property
    def type(self):
        return f"trdb_{self.singular}"

    @property
    def key(self):
        return next(column for column in self.columns if column.is_key)

    @property
    def secret(self):
        return any(column.secret for column in self.columns)

    def target_of(self, column):
        """The name of the table that a column alone refers to, or None."""
        return next((key["target"] for key in self.catalog["foreign_keys"] if key["columns"] == [column.name]), None)

    def offers(self, operation):
        return operation not in self.without


class Model:
    """Reads api.toml and joins it with the catalogue; every disagreement is a Problem."""

    def __init__(self, api_path, catalogue, migrations):
        self.lines = TomlLines(api_path)
        try:
            api = tomllib.loads(self.lines.path.read_text())
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise self.problem_at(int(line[1]) if line else 1, str(error)) from error
        self.catalogue, self.migrations = catalogue, migrations
        self.domains = api.get("domains", {})
        self.api_tables, self.api_enums = api.get("tables", {}), api.get("enums", {})
        self.by_name = {table["name"]: table for table in catalogue["tables"]}
        self.enums = self.read_enums()
        self.enum_of = {column: enum for enum in self.enums.values() if not enum.planned
                        for column in self.api_enums[enum.name].get("columns", ())}
        self.tables = [self.read_table(name) for name in self.by_name]
        self.planned = [self.read_planned(name) for name, stanza in self.api_tables.items()
                        if stanza.get("planned")]
        self.check_unknown()

    def problem_at(self, line, message):
        return Problem(self.lines.path, line, message)

    def problem(self, stanza, message, key=None):
        return self.lines.problem(stanza, message, key)

    # ---- closed sets

    def read_enums(self):
        enums = {}
        for name, stanza in self.api_enums.items():
            where = f"enums.{name}"
            for key in stanza.keys() - ENUM_KEYS:
                raise self.problem(where, f"unknown key {key}", key)
            if stanza.get("planned"):
                enums[name] = Enum(name, stanza["values"], "", planned=True)
                continue
            if not stanza.get("doc") or not (stanza.get("columns") or stanza.get("domain")):
                raise self.problem(where, "an enum needs columns, or a domain and values, and doc")
            if "columns" not in stanza:
                enums[name] = self.read_free_enum(name, stanza)
                continue
            for key in ("values", "domain"):
                if key in stanza:
                    raise self.problem(where, f"{key} comes from the columns; it is given only without them", key)
            sets = {column: self.values_of(where, column) for column in stanza["columns"]}
            first = stanza["columns"][0]
            for column, values in sets.items():
                if sorted(values) != sorted(sets[first]):
                    raise self.problem(where, f"{column} and {first} hold different sets", "columns")
            table = first.split(".")[0]
            domain = self.api_tables.get(table, {}).get("domain")
            enums[name] = Enum(name, sets[first], stanza["doc"], stanza.get("any_case", False), domain=domain)
        return enums

    def read_free_enum(self, name, stanza):
        """A closed set that no column holds: values inside JSON, which only queries know."""
        if stanza["domain"] not in self.domains:
            raise self.problem(f"enums.{name}", f"there is no [domains.{stanza['domain']}]", "domain")
        if not stanza.get("values"):
            raise self.problem(f"enums.{name}", "an enum without columns needs values")
        return Enum(name, stanza["values"], stanza["doc"], stanza.get("any_case", False), domain=stanza["domain"])

    def values_of(self, where, path):
        table_name, _, column_name = path.partition(".")
        table = self.by_name.get(table_name)
        column = next((c for c in table["columns"] if c["name"] == column_name), None) if table else None
        if column is None:
            raise self.problem(where, f"there is no column {path}", "columns")
        if column.get("native_enum"):
            return next(e["labels"] for e in self.catalogue["enums"] if e["name"] == column["type"])
        for check in table["checks"]:
            closed = cat.closed_set(check["check"])
            if closed and closed[0] == column_name:
                return closed[1]
        raise self.problem(where, f"{path} has no CHECK (… IN (…))", "columns")

    # ---- tables

    def read_names(self, name, stanza):
        where = f"tables.{name}"
        for key in stanza.keys() - TABLE_KEYS:
            raise self.problem(where, f"unknown key {key}", key)
        for key in ("domain", "singular"):
            if key not in stanza:
                raise self.problem(where, f"{key} is missing")
        if stanza["domain"] not in self.domains:
            raise self.problem(where, f"there is no [domains.{stanza['domain']}]", "domain")
        table = Table(name, stanza["singular"], stanza.get("plural", name), stanza["domain"])
        if table.singular == table.plural:
            raise self.problem(where, "singular and plural must differ", "singular")
        return table

    def read_planned(self, name):
        stanza = self.api_tables[name]
        if name in self.by_name:
            raise self.problem(f"tables.{name}", "a migration makes this table; it is not planned any more", "planned")
        table = self.read_names(name, stanza)
        table.planned = True
        return table

    def read_table(self, name):
        found, stanza = self.by_name[name], self.api_tables.get(name)
        if stanza is None:
            raise self.migrations.problem(f"table {name} has no stanza [tables.{name}] in {self.lines.path.name}", name)
        if stanza.get("planned"):
            return self.read_planned(name)
        if not found["comment"]:
            raise self.migrations.problem(f"table {name} has no COMMENT", name)
        where = f"tables.{name}"
        table = self.read_names(name, stanza)
        table.comment, table.catalog = found["comment"], found
        table.partitioned = stanza.get("partitioned", False)
        table.without = tuple(stanza.get("without", ()))
        for operation in table.without:
            if operation not in OPERATIONS:
                raise self.problem(where, f"unknown operation {operation}", "without")
        if table.partitioned:
            table.without += ("upsert",)
        names = {column["name"] for column in found["columns"]}
        key = stanza.get("key", "id")
        for column, item in [(key, "key"), *((c, "secret") for c in stanza.get("secret", ())),
                             *((c, "pii") for c in stanza.get("pii", {}))]:
            if column not in names:
                raise self.problem(where, f"table {name} has no column {column}", item)
        for column, pii in stanza.get("pii", {}).items():
            if pii not in PII_CLASSES:
                raise self.problem(where, f"unknown class {pii} of personal data", "pii")
        indexes = found["uniques"] + found["indexes"]
        indexed = {column for index in indexes for column in index["columns"]}
        indexed |= {column for column in names for index in indexes
                    if re.search(rf"\b{column}\b", index.get("predicate", ""))}
        for column in found["columns"]:
            table.columns.append(self.read_column(table, column, stanza, key, indexed))
        table.columns.sort(key=lambda column: not column.is_key)
        self.read_uniques(table, where)
        return table

    def read_column(self, table, found, stanza, key, indexed):
        name, base = found["name"], found["type"]
        if not found.get("comment"):
            raise self.migrations.problem(f"column {table.name}.{name} has no COMMENT", table.name, name)
        enum = self.enum_of.get(f"{table.name}.{name}")
        kind = kinds.Enum() if enum else kinds.of_type(base)
        if kind is None and found.get("native_enum"):
            raise self.migrations.problem(f"{table.name}.{name} has enum type {base}, which no [enums.…] names",
                                          table.name, name)
        if kind is None:
            raise self.migrations.problem(f"{table.name}.{name} has type {base}, which is unknown", table.name, name)
        column = Column(name, base, found["comment"], kind, enum, found.get("domain"), found.get("not_null", False),
                        found.get("default"), found.get("identity", False), found.get("native_enum", False),
                        name == key, name in stanza.get("secret", ()), stanza.get("pii", {}).get(name))
        if enum is None and isinstance(kind, kinds.Text):
            for check in table.catalog["checks"]:
                if (cat.closed_set(check["check"]) or [None])[0] == name:
                    raise self.migrations.problem(f"{table.name}.{name} is a closed set, but no [enums.…] names it",
                                                  table.name, name)
        if column.is_key and (kind.key is None or not column.not_null):
            raise self.problem(f"tables.{table.name}", f"{name} ({base}) cannot be a key", "key")
        column.filtered = kind.where is not None and (name in indexed or column.is_key)
        self.read_limits(column)
        return column

    def read_limits(self, column):
        if isinstance(column.kind, kinds.I64):
            column.int_bytes = kinds.INTEGER_BYTES[column.type]
        length = re.match(r"varchar\((\d+)\)", column.type)
        column.max_chars = int(length[1]) if length else 0
        fixed = re.match(r"numeric\((\d+)(?:,(\d+))?\)", column.type)
        if fixed:
            column.max_scale = int(fixed[2] or 0)
            column.max_whole = int(fixed[1]) - column.max_scale
        for domain in self.catalogue["domains"]:
            if domain["name"] == column.domain and isinstance(column.kind, kinds.Decimal):
                scale = re.search(r"min_scale\(VALUE\) <= (\d+)", domain["check"] or "")
                size = re.search(r"abs\(VALUE\) < 1(0+)\b", domain["check"] or "")
                column.max_scale = int(scale[1]) if scale else column.max_scale
                column.max_whole = len(size[1]) if size else column.max_whole

    def read_uniques(self, table, where):
        for index in table.catalog["uniques"]:
            if not table.offers("upsert"):
                break
            unique = Unique("_".join(index["columns"]), ", ".join(index["keys"]), index.get("predicate"))
            unique.columns = sum(1 << at for at, column in enumerate(table.columns) if re.search(
                rf"\b{column.name}\b", f"{unique.keys} {unique.predicate or ''}"))
            if any(other.name == unique.name for other in table.uniques):
                raise self.problem(where, f"two unique keys of {table.name} are called {unique.name}")
            table.uniques.append(unique)
        table.uniques.sort(key=lambda unique: unique.name)

    def check_unknown(self):
        for name, stanza in self.api_tables.items():
            if name not in self.by_name and not stanza.get("planned"):
                raise self.problem(f"tables.{name}", f"no migration makes a table {name}")
        for domain in self.catalogue["domains"]:
            if not domain["comment"]:
                place = self.migrations.locate_text(f"CREATE DOMAIN {{schema}}.{domain['name']} ")
                raise self.problem_of_file(place, f"domain {domain['name']} has no COMMENT")
        for function in self.catalogue["functions"]:
            if not function["comment"]:
                place = self.migrations.locate_text(f"FUNCTION {{schema}}.{function['name']}(")
                raise self.problem_of_file(place, f"function {function['name']} has no COMMENT")

    @staticmethod
    def problem_of_file(place, message):
        return Problem(*place, message)

    def used_domains(self):
        """Domains that have a table now, in the order of api.toml."""
        used = {table.domain for table in self.tables}
        return [name for name in self.domains if name in used]
