# SPDX-License-Identifier: MIT
"""No C or Python name may come twice, over both chains and the headers that people wrote. Tables that no
migration makes yet count: their names are promised."""
import re

import functions as fn
import kinds
from model import Column


def written_names(text):
    """What a hand-written header defines: functions, macros, types, constants."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    names = re.findall(r"^#define (TRDB_\w+)", text, re.M)
    names += re.findall(r"\b(trdb_\w+)\s*\([^;{]*\)\s*[;{]", text)
    names += re.findall(r"\btypedef\b[^;{]*\b(trdb_\w+);", text) + re.findall(r"^\} (trdb_\w+);", text, re.M)
    for body in re.findall(r"\benum(?: \w+)? \{(.*?)\}", text, re.S):
        names += re.findall(r"\b(TRDB_\w+)\b(?=\s*[=,}\n])", body)
    names += [f"trdb_where_{name}" for name in re.findall(r"^TRDB_DEFINE_WHERE\((\w+),", text, re.M)]
    return set(names)


def table_names(table):
    """C names of a table; for a planned one those that it will have whatever its columns are."""
    row = table.type
    names = [row, f"{row}_list", f"{row}_new", f"{row}_filter", f"{row}_column", f"{row}_new_init",
             f"{row}_filter_init", f"{row}_cleanup", f"{row}_list_cleanup", f"{row.upper()}_NEW",
             f"{row.upper()}_FILTER"]
    if not table.columns:
        key = Column("id", "bigint", "", kinds.I64(), is_key=True)
        table = type(table)(table.name, table.singular, table.plural, table.domain, columns=[key])
    names += [f"TRDB_{table.singular}_COLUMN_{column.name}".upper() for column in table.columns]
    return names + [function.name for function in fn.table_functions(table)]


def enum_names(enum):
    return [enum.type, f"{enum.type}_to_string", f"{enum.type}_from_string",
            *(enum.constant(value) for value in enum.values)]


def query_names(query):
    names = [function.name for function in fn.query_functions(query)]
    if query.defines_row:
        names += [query.row_type, f"{query.row_type}_cleanup"]
        names += [query.list_type, f"{query.list_type}_cleanup"] if "many" in query.results else []
    return names


def python_name(table, model):
    return table.name.removeprefix(model.domains[table.domain].get("prefix", ""))


def check(model, queries, written):
    """Raises a Problem for the first name that is produced twice. `written`: {name: header}."""
    taken = {name: f"{header}" for name, header in written.items()}

    def claim(names, owner, problem):
        for name in names:
            if name in taken:
                raise problem(f"{owner} produces the name {name}, which {taken[name]} has already")
            taken[name] = owner

    for table in [*model.tables, *(t for t in model.planned if t not in model.tables)]:
        where = f"tables.{table.name}"
        claim(table_names(table), f"table {table.name}", lambda text, at=where: model.problem(at, text))
        python = f"{table.domain}.{python_name(table, model)} (Python)"
        words = "".join(word.capitalize() for word in table.singular.split("_"))
        claim([python, f"{words} (Python)"], f"table {table.name}", lambda text, at=where: model.problem(at, text))
    for enum in model.enums.values():
        claim(enum_names(enum), f"enum {enum.name}",
              lambda text, at=f"enums.{enum.name}": model.problem(at, text))
    for query in queries:
        claim(query_names(query), f"query {query.name}", query.problem)
