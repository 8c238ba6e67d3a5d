# SPDX-License-Identifier: MIT
"""docs/reference: a page per table, one for named queries, one for domains and SQL functions, and the index."""
import functions as fn
from headers import MARK
from kinds import declare
from structs import limits
from text import sentence

TOP = f"<!-- SPDX-License-Identifier: MIT. {MARK} -->\n"


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def grid(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(cell(value) for value in row) + " |" for row in rows), ""]


def prototype(function):
    return f"`{declare(function.result, function.name)}({', '.join(declare(*param) for param in function.params)})`"


def column_row(column):
    rules = ["key"] if column.is_key else []
    rules += ["NOT NULL" if column.not_null else "NULL allowed"]
    rules += ["given by the database"] if column.identity else [f"default `{column.default}`"] if column.default else []
    rules += [item for item in limits(column) if not item.startswith("enum ")]
    rules += ["indexed: may be filtered on"] if column.filtered else []
    rules += ["secret"] if column.secret else []
    rules += [f"personal data: {column.pii}"] if column.pii else []
    kind = column.domain or column.type
    if column.enum:
        kind += f" ({', '.join(column.enum.values)})"
    return [f"`{column.name}`", kind, f"`{column.row_type.strip()}`", "; ".join(rules), column.comment]


def table_page(table, model):
    found = table.catalog
    lines = [TOP, f"# {table.name}", "", table.comment, "",
             f"C: `{table.type}`, header `tradingdb/{table.domain}.h`. "
             + ("Partitioned by month later: no upsert, and nothing refers to it. " if table.partitioned else ""), "",
             "## Columns", "", *grid(["column", "type", "in a row", "rules", "meaning"],
                                     [column_row(column) for column in table.columns])]
    rules = [[f"`{check['name']}`", "check", f"`{check['check']}`"] for check in found["checks"]]
    rules += [[f"`{key['name']}`", "foreign key",
               f"{', '.join(key['columns'])} → [{key['target']}]({key['target']}.md), on delete {key['on_delete']}"]
              for key in found["foreign_keys"]]
    for kind in ("uniques", "indexes"):
        for index in found[kind]:
            what = "primary key" if index.get("primary") else "unique" if kind == "uniques" else "index"
            where = f" where `{index['predicate']}`" if index.get("predicate") else ""
            rules.append([f"`{index['name']}`", what, ", ".join(index["keys"]) + where])
    lines += ["## Constraints and indexes", "", *grid(["name", "kind", "definition"], rules), "## Operations", ""]
    lines += [*grid(["function", "does"], [[prototype(function), function.doc[0]]
                                           for function in fn.table_functions(table)])]
    return "\n".join(lines).rstrip("\n") + "\n"


def query_page(queries):
    lines = [TOP, "# Named queries", "",
             "Every query is a file of `schema/queries`; its C function has its name with `trdb_` before it.", ""]
    for query in queries:
        if query.internal:
            continue
        function = fn.query_function(query)
        lines += [f"## {query.name}", "", sentence(query.doc), "", prototype(function), ""]
        if query.params:
            lines += grid(["parameter", "type", "meaning"],
                          [[f"`{param.name}`", f"{param.kind.words}{', may be NULL' if param.nullable else ''}",
                            param.doc] for param in query.params])
        if query.table:
            lines += [f"Gives rows of [{query.table.name}]({query.table.name}.md).", ""]
        elif query.columns:
            lines += grid(["column", "type", "meaning"],
                          [[f"`{value.name}`", value.kind.words, value.doc] for value in query.columns])
    return "\n".join(lines).rstrip("\n") + "\n"


def sql_page(model):
    lines = [TOP, "# Domains and functions in SQL", "", "What the migrations make besides tables.", "", "## Domains", "",
             *grid(["domain", "base", "check", "meaning"],
                   [[f"`{d['name']}`", d["base"], f"`{d['check']}`", d["comment"]]
                    for d in model.catalogue["domains"]]), "## Functions", ""]
    for function in model.catalogue["functions"]:
        lines += [f"### {function['name']}", "", function["comment"], "", "```sql",
                  f"{function['name']}({function['arguments']}) → {function['result']}", "```", ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def index_page(model):
    lines = [TOP, "# Reference", "",
             "Written from the comments in the database; see also [named queries](queries.md) and "
             "[domains and functions](sql.md).", ""]
    for domain in model.used_domains():
        lines += [f"## {domain}", "", model.domains[domain]["doc"], ""]
        lines += [f"- [{table.name}]({table.name}.md): {table.comment.split('. ')[0].rstrip('.')}."
                  for table in model.tables if table.domain == domain]
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def pages(model, queries):
    """{file name: text}"""
    out = {f"{table.name}.md": table_page(table, model) for table in model.tables}
    out.update({"queries.md": query_page(queries), "sql.md": sql_page(model), "README.md": index_page(model)})
    return out
