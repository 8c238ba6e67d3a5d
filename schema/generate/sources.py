# SPDX-License-Identifier: MIT
"""Everything that is compiled into the library: descriptors, wrappers, layout asserts, and the symbol map."""
import re

import functions as fn
from headers import MARK, field_line
from kinds import declare, layout
from text import WIDTH, call, literal, spread

TOP = ["/* SPDX-License-Identifier: MIT */", f"/* {MARK} */"]


def body_lines(function):
    """A definition; a body too long for one line is broken like a call."""
    head, _, rest = function.body.partition("(")
    statement = "    " + function.body + ";"
    if len(statement) > WIDTH and rest:
        arguments = split_arguments(rest[:-1])
        statement = "\n".join(call("    " + head, arguments, ";"))
    return [*function.prototype(" {"), statement, "}", ""]


def split_arguments(text):
    parts, depth = [""], 0
    for char in text:
        depth += char in "({"
        depth -= char in ")}"
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def column_lines(table, column):
    row = table.type
    enum = f"&trdbi_enum_{column.enum.name}" if column.enum else "NULL"
    flags = [name for name, on in (
        ("TRDBI_NOT_NULL", column.not_null), ("TRDBI_SECRET", column.secret),
        ("TRDBI_NATIVE_ENUM", column.native_enum),
        ("TRDBI_MADE_KEY", column.is_key and column.kind.key == "trdb_uuid")) if on]
    extra = [f".new_offset = offsetof({row}_new, {column.name})"]
    if column.filtered:
        extra.append(f".filter_offset = offsetof({row}_filter, {column.name})")
    extra += [f".flags = {' | '.join(flags)}"] if flags else []
    extra += column.kind.descriptor(column)
    target = table.target_of(column)
    extra += [f".references = &trdbi_table_{target}"] if target else []
    items = [literal(column.name), enum, f"offsetof({row}, {column.name})", column.kind.constant,
             str(int(column.plain))]
    return [*spread("    {.field = {", " " * 15, items, ",", "}"), *spread("     ", "     ", extra, ",", "}")]


def table_lines(table):
    row, name = table.type, table.name
    lines = [f"static const trdbi_column {name}_columns[] = {{"]
    for column in table.columns:
        lines += column_lines(table, column)
    lines += ["};", ""]
    if table.uniques:
        lines += [f"static const trdbi_unique {name}_uniques[] = {{"]
        for unique in table.uniques:
            predicate = literal(unique.predicate) if unique.predicate else "NULL"
            lines += spread("    {", "     ", [literal(unique.name), literal(unique.keys), predicate,
                                             f"UINT64_C({unique.columns:#x})"], ",", "}")
        lines += ["};", ""]
    key = [column.is_key for column in table.columns].index(True)
    lines += [f"const trdbi_table trdbi_table_{name} = {{",
              f"    .name = {literal(name)},", f"    .type = {literal(row)},", f"    .columns = {name}_columns,",
              f"    .uniques = {name + '_uniques' if table.uniques else 'NULL'},",
              f"    .column_count = {len(table.columns)},", f"    .unique_count = {len(table.uniques)},",
              f"    .key = {key},", f"    .secret = {'true' if table.secret else 'false'},",
              f"    .row_size = sizeof({row}),", f"    .new_size = sizeof({row}_new),",
              f"    .filter_size = sizeof({row}_filter),"]
    lines += [f"    .{member}_offset = offsetof({row}_filter, {member}),"
              for member in ("order_by", "descending", "limit", "after")]
    lines += ["};", ""]
    functions = fn.table_functions(table)
    for function in functions + fn.batch_functions(functions):
        lines += body_lines(function)
    return lines


def enum_lines(enum):
    lines = [f"static const char *const {enum.name}_values[] = {{"]
    lines += [f"    {literal(value)}," for value in enum.values]
    return [*lines, "};",
            f"const trdbi_enum trdbi_enum_{enum.name} = {{", f"    .name = {literal(enum.name)},",
            f"    .values = {enum.name}_values,", f"    .count = {len(enum.values)},",
            f"    .any_case = {'true' if enum.any_case else 'false'},", "};", "",
            *(line for function in fn.enum_functions(enum) for line in body_lines(function))]


def query_lines(query):
    name = query.name
    lines = []
    if query.params:
        lines += [f"static const trdbi_query_param query_{name}_params[] = {{"]
        lines += [f"    {{{literal(param.name)}, {'&trdbi_enum_' + param.enum.name if param.enum else 'NULL'}, "
                  f"{param.kind.constant}, {int(param.nullable)}, {param.least}}},"
                  for param in query.params]
        lines += ["};", ""]
    if query.columns:
        table = query.table or query.embeds
        inside = f"{table.singular}." if query.embeds else ""
        lines += [f"static const trdbi_field query_{name}_fields[] = {{"]
        for value in query.columns:
            column = table and next((c for c in table.columns if c.name == value.name), None)
            kind, enum = (column.kind, column.enum) if column else (value.kind, value.enum)
            items = [literal(value.name), f"&trdbi_enum_{enum.name}" if enum else "NULL",
                     f"offsetof({query.row_type}, {inside if column else ''}{value.name})", kind.constant,
                     str(int(bool(column and column.is_key)))]
            lines += spread("    {", "     ", items, ",", "}")
        lines += ["};", ""]
    lines += [f"static const trdbi_query query_{name} = {{", f"    .name = {literal(name)},",
              "    .sql = " + "\n           ".join(literal(piece) for piece in sql_pieces(query.sql)) + ",",
              f"    .params = {f'query_{name}_params' if query.params else 'NULL'},",
              f"    .fields = {f'query_{name}_fields' if query.columns else 'NULL'},",
              f"    .param_count = {len(query.params)},", f"    .field_count = {len(query.columns)},",
              f"    .field_stride = {'sizeof(trdbi_field)' if query.columns else 0},",
              f"    .row_size = {f'sizeof({query.row_type})' if query.columns else 0},",
              f"    .secret = {'true' if query.secret else 'false'},",
              f"    .reads = {'true' if query.reads else 'false'},", "};", ""]
    wrapper, *others = fn.query_functions(query)
    for function in [wrapper] + ([] if query.internal else fn.batch_functions([wrapper])):
        lines += query_body(query, function)
    for function in others:
        lines += body_lines(function)
    return lines


def query_body(query, function):
    """A definition whose arguments become an array first."""
    lines = function.prototype(" {")
    if query.params:
        makers = [f"trdbi_{param.kind.nullable_arg if param.nullable else param.kind.arg}({param.name})"
                  for param in query.params]
        start = "    const trdbi_arg args[] = {"
        lines += spread(start, " " * len(start), makers, ";", "}")
    return [*lines, "    " + function.body + ";", "}", ""]


def sql_pieces(sql):
    """The text in pieces that fit a line of C each."""
    pieces = []
    for line in sql.splitlines(keepends=True):
        while len(literal(line)) > WIDTH - 12:
            end = max(at for at in range(len(line)) if len(literal(line[:at])) <= WIDTH - 12)
            cut = line.rfind(" ", 0, end) + 1 or end
            pieces.append(line[:cut])
            line = line[cut:]
        pieces.append(line)
    return pieces


def includes(model, queries, domains, include):
    lines = ['#include "gen/gen.h"', '#include "queries.h"']
    return lines + [f"#include <{include}/{domain}.h>" if include else f'#include "{domain}.h"' for domain in domains]


def source(domain, model, queries, include):
    """The text of <domain>.c."""
    own = [query for query in queries if query.domain == domain]
    domains = sorted({domain} | {query.table.domain for query in own if query.table})
    lines = [*TOP, *includes(model, queries, domains, include), "", "#include <stddef.h>", ""]
    for enum in model.enums.values():
        if enum.domain == domain:
            lines += enum_lines(enum)
    for table in model.tables:
        if table.domain == domain:
            lines += table_lines(table)
    for query in own:
        lines += query_lines(query)
    return "\n".join(lines).rstrip("\n") + "\n"


def queries_header(model, queries, structs, include, symbol):
    """lib/gen/queries.h: descriptors by name, and the wrappers that only the library's own services call."""
    internal = [query for query in queries if query.internal]
    domains = model.used_domains()
    lines = [*TOP, "/* Descriptors by name, and named queries for the library's own services. */", "#pragma once", "",
             '#include "entity/entity.h"', *includes(model, queries, domains, include)[2:], ""]
    lines += [f"extern const trdbi_table trdbi_table_{table.name};" for table in model.tables]
    lines += [f"extern const trdbi_enum trdbi_enum_{enum.name};" for enum in model.enums.values() if not enum.planned]
    lines += [f"extern const trdbi_table *const {symbol}[];", ""]
    for query in internal:
        if query.defines_row:
            lines += [f"/* A row of {query.function}(). */", f"typedef struct {query.row_type} {{"]
            for field in structs.fields[query.row_type]:
                lines += [line.replace("/**<", "/*").replace("/**", "/*") for line in field_line(field)]
            lines += [f"}} {query.row_type};", ""]
        function = fn.query_function(query)
        doc = [paragraph.replace("see the top of this file", "see the public headers") for paragraph in function.doc]
        lines += ["/*", *(" * " + line for paragraph in doc for line in wrap(paragraph)), " */",
                  *function.prototype(";"), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def wrap(paragraph):
    import textwrap
    return textwrap.wrap(paragraph, 104, subsequent_indent="    " if paragraph.startswith("@") else "")


def tables_source(model, symbol):
    """lib/gen/tables.c: the list of all tables."""
    return "\n".join([*TOP, '#include "queries.h"', "", f"const trdbi_table *const {symbol}[] = {{",
                      *(f"    &trdbi_table_{table.name}," for table in model.tables), "    NULL,", "};"]) + "\n"


def asserts(model, lock, include, umbrella):
    """lib/gen/asserts.c: the compiler confirms where abi.lock says that every field is."""
    headers = [f"#include <{include}/{umbrella}>"] if umbrella else includes(model, [], model.used_domains(), include)[2:]
    lines = [*TOP, "/* The layout of the public structs on 64-bit machines, as schema/abi.lock has it. */", *headers,
             "", "#include <stddef.h>", "", "#if UINTPTR_MAX == UINT64_MAX"]
    lines += ["#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type \".\" #field)"]
    for struct in sorted(lock.structs):
        lines += [f"AT({struct}, {name}, {offset});" for _, offset, _, name, _ in lock.structs[struct]]
    lines += ["#undef AT", "", "/* Types whose sizes the layout follows from. */"]
    used = sorted({ctype for entries in lock.structs.values() for _, _, ctype, _, _ in entries
                   if ctype.startswith("trdb_")})
    lines += [f'_Static_assert(sizeof({ctype}) == {layout(ctype)[0]}, "{ctype}");' for ctype in used]
    return "\n".join([*lines, "#endif"]) + "\n"


def exported(text):
    """Names of the TRDB_API functions of a header."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^\s*#.*?(?<!\\)$", "", text, flags=re.S | re.M)
    return re.findall(r"\bTRDB_API\b[^;{(]*?\b(trdb_\w+)\s*\(", text)


def symbol_map(lock):
    """lib/tradingdb.map: a node per release, every symbol under the one that brought it."""
    versions = sorted(set(lock.symbols.values()), key=lambda version: [int(part) for part in version.split(".")])
    lines = ["# SPDX-License-Identifier: MIT", f"# {MARK}",
             "# The symbols of the shared library, a node per release."]
    previous = None
    for version in versions:
        lines += [f"TRADINGDB_{version} {{", "global:"]
        lines += [f"    {name};" for name in sorted(lock.symbols) if lock.symbols[name] == version]
        lines += [] if previous else ["local:", "    *;"]
        lines += [f"}}{' TRADINGDB_' + previous if previous else ''};"]
        previous = version
    return "\n".join(lines) + "\n"


def meson_list(domains):
    names = sorted([*domains, "asserts", "tables"])
    return "\n".join(["# SPDX-License-Identifier: MIT", f"# {MARK}",
                      f"gen_sources = files({', '.join(repr(name + '.c') for name in names)})"]) + "\n"
