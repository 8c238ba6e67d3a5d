# SPDX-License-Identifier: MIT
"""Named queries, sqlc style. The server says what their parameters and columns are.

    -- name: trading_trades_open_by_bot :many      :one, :many or :exec
    -- What it gives, in any number of lines; this becomes the documentation.
    -- param: bot_id The bot.                      one per $n, in order; NAME? may be NULL; NAME enum=E
    -- param: direction? enum=trading_direction The side; NULL: both.
    -- param: limit? min=1 How many; NULL: 50.     an integer that is refused below that
    -- column: total The sum.                      for columns that are not exactly those of a table
    -- row: trading_total                          what the row's type is called; queries that say the same share it
    -- scope: internal                             for the library's own services; not exported
    -- embeds: trading_positions                   internal only: the row begins with that table's, given as `(x).*`
    -- secret: yes                                 parameters hold secrets: errors keep names only
    SELECT … FROM {schema}.trading_trades WHERE …
"""
import dataclasses
import json
import re

import kinds
from catalog import SCHEMA, short_type
from problem import Problem
from server import ServerError

RESULTS = ("one", "many", "exec")


@dataclasses.dataclass
class Value:
    """A parameter or a result column."""
    name: str
    kind: kinds.Kind = None
    enum: object = None
    nullable: bool = False
    doc: str = ""
    enum_name: str = None
    least: int = 0


@dataclasses.dataclass
class Query:
    name: str
    result: str
    domain: str
    path: object
    line: int
    doc: str = ""
    internal: bool = False
    sql: str = ""
    params: list = dataclasses.field(default_factory=list)
    columns: list = dataclasses.field(default_factory=list)
    table: object = None     # the table whose row it gives, if so
    row: str = None          # what the row's type is called, if that is said
    owner: object = None     # the query that defines the row's type, when it is another one
    results: set = dataclasses.field(default_factory=set)  # of all queries that give the type
    embeds: object = None    # the table whose row the row begins with: its name, then the table
    secret: bool = False
    reads: bool = False      # it cannot write

    @property
    def prefix(self):
        return "trdbi_" if self.internal else "trdb_"

    @property
    def function(self):
        return self.prefix + self.name

    @property
    def row_type(self):
        if self.table:
            return self.table.type
        return f"{self.prefix}{self.row}" if self.row else f"{self.function}_row"

    @property
    def defines_row(self):
        return self.result != "exec" and not self.table and not self.owner

    @property
    def list_type(self):
        return f"{self.row_type}_list"

    def problem(self, message):
        return Problem(self.path, self.line, message)


def parse(path, domain):
    """The queries of a file, without types."""
    queries, query = [], None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        annotation = re.match(r"--\s*([a-z]+):(.*)$", line)
        if annotation and annotation[1] == "name":
            match = re.fullmatch(r"\s*([a-z][a-z0-9_]*) :(\w+)\s*", annotation[2])
            if not match or match[2] not in RESULTS:
                raise Problem(path, number, "expected `-- name: some_name :one`, `:many` or `:exec`")
            query = Query(match[1], match[2], domain, path, number)
            queries.append(query)
        elif query is None:
            if line.strip() and not line.startswith("--"):
                raise Problem(path, number, "SQL before the first `-- name:`")
        elif line.startswith("--") and query.sql:
            if annotation:
                raise Problem(path, number, f"`-- {annotation[1]}:` stands inside the SQL of {query.name}")
        elif annotation:
            annotate(query, annotation[1], annotation[2].strip(), path, number)
        elif line.startswith("--"):
            query.doc = f"{query.doc} {line[2:].strip()}".strip()
        else:
            query.sql = f"{query.sql}\n{line.rstrip()}".strip("\n")
    for query in queries:
        query.sql = query.sql.strip().rstrip(";").rstrip()
        if not query.sql:
            raise query.problem(f"{query.name} has no SQL")
        if not query.doc:
            raise query.problem(f"{query.name} has no description")
    return queries


def annotate(query, word, text, path, number):
    if word == "scope":
        if text != "internal":
            raise Problem(path, number, f"unknown scope {text!r}; the only one is internal")
        query.internal = True
        return
    if word == "secret":
        if text != "yes":
            raise Problem(path, number, f"unknown `-- secret: {text}`; it is yes or left out")
        query.secret = True
        return
    if word in ("row", "embeds"):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
            raise Problem(path, number, f"expected `-- {word}: name`")
        setattr(query, word, text)
        return
    if word not in ("param", "column"):
        raise Problem(path, number, f"unknown annotation `-- {word}:`")
    match = re.fullmatch(r"([a-z][a-z0-9_]*)(\?)?(?:\s+enum=([a-z0-9_]+))?(?:\s+min=([1-9]\d*))?(?:\s+(\S.*))?", text)
    if not match or (word == "column" and (match[2] or match[4])):
        raise Problem(path, number, f"expected `-- {word}: name{'[?]' if word == 'param' else ''} [enum=set]"
                                    f"{' [min=1]' if word == 'param' else ''} text`")
    if not match[5]:
        raise Problem(path, number, f"{word} {match[1]} has no description")
    value = Value(match[1], nullable=bool(match[2]), doc=match[5], enum_name=match[3], least=int(match[4] or 0))
    values = query.params if word == "param" else query.columns
    if any(other.name == value.name for other in values):
        raise Problem(path, number, f"{word} {value.name} is there twice")
    values.append(value)


PARAMETERS = """
SELECT coalesce(json_agg(format_type(CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END, NULL) ORDER BY p.n),
        '[]')
FROM pg_prepared_statements s, unnest(s.parameter_types::oid[]) WITH ORDINALITY p(typ, n)
JOIN pg_type t ON t.oid = p.typ WHERE s.name = 'q'
"""


def describe(server, database, query):
    """(types of the parameters, [(name, type)] of the result), as the server infers them."""
    sql = query.sql.replace("{schema}", f'"{SCHEMA}"')
    try:
        out = server.psql(database, f"SET search_path = pg_catalog;\nPREPARE q AS\n{sql}\n;\n{PARAMETERS};\n"
                                    f"\\echo --\n{sql}\n\\gdesc\n")
    except ServerError as error:
        raise query.problem(f"{query.name}: {error}") from error
    parameters, _, described = out.partition("--\n")
    columns = [line.rsplit("|", 1) for line in described.splitlines() if "|" in line]
    return ([short_type(name) for name in json.loads(parameters)],
            [(name, short_type(type_name)) for name, type_name in columns])


def base_of(type_name, model):
    """Without the schema, and behind domains: arrays of a domain are described by its name."""
    name = re.sub(rf"^\"?{SCHEMA}\"?\.", "", type_name)
    element, array = name.removesuffix("[]"), "[]" if name.endswith("[]") else ""
    for domain in model.catalogue["domains"]:
        if domain["name"] == element:
            return domain["base"] + array
    return name


def infer(server, database, query, model):
    """Fills in kinds; finds out whether the result is exactly a table's row."""
    types, described = describe(server, database, query)
    if len(types) != len(query.params):
        raise query.problem(f"{query.name} has {len(types)} parameters, but {len(query.params)} `-- param:` lines")
    for value, type_name in zip(query.params, types):
        set_kind(query, value, base_of(type_name, model), model)
    if (query.result == "exec") != (not described):
        raise query.problem(f"{query.name} is :{query.result}, but its SQL gives "
                            f"{'columns' if described else 'none'}")
    said = {value.name: value for value in query.columns}
    if query.owner:
        for value in query.owner.columns:
            said.setdefault(value.name, dataclasses.replace(value))
    found = []
    for name, type_name in described:
        value = said.pop(name, None) or Value(name)
        set_kind(query, value, base_of(type_name, model), model)
        found.append(value)
    if said:
        raise query.problem(f"{query.name} gives no column {', '.join(sorted(said))}")
    if len({value.name for value in found}) != len(found):
        raise query.problem(f"{query.name} gives two columns of one name")
    query.columns = found
    query.table = table_of(query, model)
    if query.table:
        name_columns(query)
    own = {column.name for column in query.embeds.columns} if query.embeds else set()
    for value in found:
        if query.table is None and value.name not in own and not value.doc:
            raise query.problem(f"{query.name}: column {value.name} needs a `-- column:` line")
    check_sent(server, database, query)
    query.reads = only_reads(query, model)
    query.secret |= any(table.secret and table.name in query.sql for table in model.tables)


def only_reads(query, model):
    """Whether it cannot write: no word of SQL that does, no function that may."""
    called = set(re.findall(r"\{schema\}\.(\w+)\s*\(", query.sql))
    volatile = {function["name"] for function in model.catalogue["functions"] if function["volatile"]}
    return not (called & volatile or re.search(r"\b(INSERT|UPDATE|DELETE|MERGE|TRUNCATE|LOCK|nextval)\b", query.sql, re.I))


def name_columns(query):
    """Writes out `*`: the order of columns is not the same in an adopted or partitioned table."""
    star = re.compile(r"\b(SELECT|RETURNING)\s+((?:\w+\.)?)\*", re.I)
    found = star.findall(query.sql)
    if not found and not re.search(r"[,.]\s*\*", query.sql):
        return
    if len(found) != 1:
        raise query.problem(f"{query.name}: the rows of a table want one `SELECT *` or `RETURNING *`, or every column "
                            "by name")
    query.sql = star.sub(lambda match: f"{match[1]} " + ", ".join(
        f'{match[2]}"{value.name}"' for value in query.columns), query.sql)


def check_sent(server, database, query):
    """The library names types of its own to the server (bigint for every integer); they must do as well."""
    if not query.params:
        return
    sql = query.sql.replace("{schema}", f'"{SCHEMA}"')
    types = ", ".join(param.kind.sent_as for param in query.params)
    try:
        server.psql(database, f"SET search_path = pg_catalog;\nPREPARE q({types}) AS\n{sql}\n;\n")
    except ServerError as error:
        raise query.problem(f"{query.name}, with the parameters as they are sent ({types}): {error}") from error


def set_kind(query, value, type_name, model):
    if value.enum_name:
        value.enum = model.enums.get(value.enum_name)
        if value.enum is None or value.enum.planned:
            raise query.problem(f"{query.name}: there is no enum {value.enum_name}")
    elif any(enum["name"] == type_name for enum in model.catalogue["enums"]):
        value.enum = next((column.enum for table in model.tables for column in table.columns
                           if column.type == type_name), None)
    value.kind = kinds.Enum() if value.enum else kinds.of_type(type_name)
    if value.kind is None:
        raise query.problem(f"{query.name}: {value.name} has type {type_name}, which is unknown")
    if value.least and not isinstance(value.kind, kinds.I64):
        raise query.problem(f"{query.name}: min= is for integers, and {value.name} has type {type_name}")


def table_of(query, model):
    names = {value.name: value for value in query.columns}
    for table in model.tables:
        if set(names) == {column.name for column in table.columns} and all(
                names[column.name].kind.constant in (column.kind.constant, "TRDBI_TEXT") for column in table.columns):
            return table
    return None


def embed(query, model):
    """Finds the table whose row the query's own begins with, and writes out its `(x).*`."""
    name, query.embeds = query.embeds, None
    if name is None:
        return
    query.embeds = next((table for table in model.tables if table.name == name), None)
    star = re.compile(r"(\(\w+\))\.\*")
    if query.embeds is None:
        raise query.problem(f"{query.name}: there is no table {name}")
    if not query.internal:
        raise query.problem(f"{query.name}: a public row cannot begin with one of {name}, which grows with the table")
    if len(star.findall(query.sql)) != 1:
        raise query.problem(f"{query.name}: a row that begins with one of {name} wants one `(x).*`")
    query.sql = star.sub(lambda match: ", ".join(f'{match[1]}."{column.name}"' for column in query.embeds.columns),
                         query.sql)


def share_row(query, owners):
    """Finds the query that defines the row's type, and tells it how this one gives it."""
    first = owners.setdefault((query.internal, query.row), query) if query.row else query
    query.owner = first if first is not query else None
    first.results.add(query.result)


def check_row(query):
    """Queries that share a row must give the same columns."""
    owner = query.owner
    if query.row and (query.table or query.result == "exec"):
        raise query.problem(f"{query.name} has no row of its own that could be called {query.row}")
    if owner and owner.domain != query.domain:
        raise query.problem(f"{query.name} and {owner.name} cannot share the row {query.row}: their domains differ")
    if owner and [(value.name, value.kind.constant, value.enum) for value in query.columns] != \
            [(value.name, value.kind.constant, value.enum) for value in owner.columns]:
        raise query.problem(f"{query.name} and {owner.name} cannot share the row {query.row}: their columns differ")


def read(server, database, directory, model):
    """All named queries, typed."""
    queries, owners = [], {}
    for path in sorted(directory.glob("*.sql")):
        if path.stem not in model.domains:
            raise Problem(path, 1, f"there is no domain {path.stem}")
        queries += parse(path, path.stem)
    for query in queries:
        embed(query, model)
        share_row(query, owners)
        infer(server, database, query, model)
        check_row(query)
    return queries
