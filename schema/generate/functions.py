# SPDX-License-Identifier: MIT
"""The functions of every table, closed set and named query: prototype, documentation and body, in one place for
header, source and symbol map."""
import dataclasses
import re

from kinds import declare
from text import call, sentence

BATCH = ("trdb_batch *", "batch")
# What may be left to a batch: the engine has a function for each.
BATCHED = re.compile(r"return trdbi_(?:entity_(get|get_many|list|count|insert|upsert|patch|delete)"
                     r"|(query_(?:one|many|exec)))\(uow,")
UOW, ERR = ("trdb_uow *", "uow"), ("trdb_error **", "reterr")


@dataclasses.dataclass
class Function:
    name: str
    result: str
    params: list          # (C type, name)
    doc: list             # paragraphs
    body: str             # the expression or statement
    inline: bool = False  # defined in the header

    def prototype(self, tail, mark=""):
        head = f"{mark}{declare(self.result, self.name)}"
        return call(head, [declare(*param) for param in self.params] or ["void"], tail)


def batch_functions(functions):
    """The same calls, put into a batch."""
    found = []
    for function in functions:
        match = BATCHED.match(function.body)
        if match:
            gives = any(name == "ret" for _, name in function.params)
            found.append(Function(
                function.name.replace("trdb_", "trdb_batch_", 1), function.result, [BATCH, *function.params[1:]],
                [f"Puts {function.name}() into a batch" + ("; `ret` is filled when that runs." if gives else "."),
                 "@return 0; TRDB_E_STATE; what is refused before anything is sent."],
                f"return trdbi_batch_{match[1] or match[2]}(batch,{function.body[match.end():]}"))
    return found


def list_functions(row_type, list_type):
    """What every list has."""
    const = f"const {list_type} *"
    view = "(const trdbi_list *)list"
    return [
        Function(f"{list_type}_count", "size_t", [(const, "list")], ["The number of rows. 0 for NULL. Any thread."],
                 f"return trdbi_list_count({view})"),
        Function(f"{list_type}_at", f"const {row_type} *", [(const, "list"), ("size_t", "i")],
                 ["The row at place i, or NULL beyond the end. It lives as long as the list. Any thread."],
                 f"return trdbi_list_at({view}, i)"),
        Function(f"{list_type}_next", f"const {row_type} *", [(const, "list"), (f"const {row_type} *", "row")],
                 ["The row after one of this list, or NULL; for TRDB_FOREACH()."],
                 f"return trdbi_list_next({view}, row)"),
        Function(f"{list_type}_rows", f"const {row_type} *",
                 [(const, "list"), ("size_t *", "ret_stride"), ("size_t *", "ret_count")],
                 ["The bulk view: the first row (NULL when there is none), the bytes from one row to the next, which may "
                  "be more than sizeof, and their number."],
                 f"return trdbi_list_rows({view}, ret_stride, ret_count)"),
        Function(f"{list_type}_free", "void", [(f"{list_type} *", "list")],
                 ["Frees the list with all its rows. NULL is allowed."], "trdbi_list_free((trdbi_list *)list)"),
    ]


def handle_functions(table, descriptor):
    """Inserts that may wait although their keys are wanted."""
    row, new = table.type, f"{table.type}_new"
    params = [UOW, (f"const {new} *", "row")]
    if table.key.kind.key == "int64_t":
        return [Function(
            f"{row}_insert_ref", "int", [*params, ("trdb_ref *", "ret"), ERR],
            ["Inserts a row and gives a handle of its key, which later writes of the unit take through trdb_i64_ref(). "
             "In a unit with TRDB_UOW_PIPELINE the insert waits.",
             "@param ret receives the handle; trdb_ref_key() tells the key.", f"@return as {row}_insert()."],
            f"return trdbi_entity_insert_ref(uow, {descriptor}, row, ret, reterr)")]
    if table.key.kind.key == "trdb_uuid":
        return [Function(
            f"{row}_insert_key", "int", [*params, ("trdb_uuid *", "ret"), ERR],
            ["Inserts a row and gives its key, which the library makes when it is not given. In a unit with "
             "TRDB_UOW_PIPELINE the insert waits.",
             "@param ret receives the key.", f"@return as {row}_insert()."],
            f"return trdbi_entity_insert_key(uow, {descriptor}, row, ret, reterr)")]
    return []


def stream_functions(table):
    """A cursor over a table's rows."""
    row, descriptor = table.type, f"&trdbi_table_{table.name}"
    stream, this = f"{row}_stream", (f"{row}_stream *", "stream")
    said = "@return 1; 0 at the end; TRDB_E_STATE when the transaction has ended; as "
    return [
        Function(f"trdb_{table.plural}_stream", "int",
                 [UOW, (f"const {row}_filter *", "filter"), ("const trdb_stream_options *", "options"),
                  (f"{stream} **", "ret"), ERR],
                 ["Reads rows in bounded memory; the unit may be used for other things in between. NULL for the filter "
                  "means all rows, ordered by the key. The first batch comes with the call, in one round trip.",
                  "@param options how many rows are fetched at once; NULL: the default.",
                  f"@param ret receives the stream; free it with {stream}_free().",
                  f"@return as trdb_{table.plural}_list(); TRDB_E_RANGE for a batch that is too large."],
                 f"return trdbi_entity_stream(uow, {descriptor}, filter, options, ret, reterr)"),
        Function(f"{stream}_next", "int", [this, (f"const {row} **", "ret"), ERR],
                 ["Gives the next row, fetching a batch when there is none left.",
                  "@param ret receives the row, which lives until the next call on the stream.",
                  f"{said}trdb_{table.plural}_list()."],
                 "return trdbi_stream_next((trdbi_stream *)stream, ret, reterr)"),
        Function(f"{stream}_batch", "int", [this, (f"{row}_list **", "ret"), ERR],
                 ["Gives the next rows as a list, fetching a batch when there is none left.",
                  f"@param ret receives the list, which outlives the stream; free it with {row}_list_free().",
                  f"{said}{stream}_next(); TRDB_E_STATE between two rows of a batch that {stream}_next() has begun."],
                 "return trdbi_stream_batch((trdbi_stream *)stream, ret, reterr)"),
        Function(f"{stream}_free", "void", [this],
                 ["Frees the stream, before or after its unit. NULL is allowed."],
                 "trdbi_stream_free((trdbi_stream *)stream)"),
    ]


def table_functions(table):
    key, row, new = table.key, table.type, f"{table.type}_new"
    many, descriptor = f"trdb_{table.plural}", f"&trdbi_table_{table.name}"
    key_param = (key.kind.key, key.name)
    key_value = f"(trdbi_key){{.{key.kind.key_member} = {key.name}}}"
    ret, ret_list = (f"{row} **", "ret"), (f"{table.type}_list **", "ret")
    many_rows = [UOW, (f"const {new} *", "rows"), ("size_t", "row_size"), ("size_t", "count"),
                 ("const trdb_bulk_options *", "options")]
    row_doc = f"@param ret receives the row; free it with {row}_free(). "
    maybe = f"@param ret receives the row as stored; NULL when it is not wanted. Free it with {row}_free(). "
    functions = [
        Function(f"{row}_get", "int", [UOW, key_param, ret, ERR],
                 ["Reads one row by its key.", row_doc, "@return 0; TRDB_E_NOT_FOUND; see the top of this file."],
                 f"return trdbi_entity_get(uow, {descriptor}, {key_value}, ret, reterr)"),
        Function(f"{many}_get", "int", [UOW, (f"const {key.kind.key}" if not key.kind.key.endswith("*")
                                              else "const char *const", "*keys"), ("size_t", "count"), ret_list, ERR],
                 [f"Reads the rows of `count` keys, in the order of the keys' values. Missing ones are left out, "
                  "repeated keys give one row.",
                  f"@param ret receives the list; free it with {row}_list_free().",
                  "@return 0; see the top of this file."],
                 f"return trdbi_entity_get_many(uow, {descriptor}, keys, count, ret, reterr)"),
        Function(f"{many}_list", "int", [UOW, (f"const {row}_filter *", "filter"), ret_list, ERR],
                 ["Lists rows. NULL for the filter means all of them, ordered by the key.",
                  f"@param ret receives the list; free it with {row}_list_free().",
                  "@return 0; TRDB_E_INVALID (unknown column); TRDB_E_RANGE (limit below 1); see the top of this file."],
                 f"return trdbi_entity_list(uow, {descriptor}, filter, ret, reterr)"),
        Function(f"{many}_count", "int", [UOW, (f"const {row}_filter *", "filter"), ("int64_t *", "ret"), ERR],
                 ["Counts the rows that meet the filter's conditions; its order, limit and place do not matter.",
                  "@return 0; see the top of this file."],
                 f"return trdbi_entity_count(uow, {descriptor}, filter, ret, reterr)"),
    ]
    functions.append(Function(
        f"{many}_columns", "int", [UOW, (f"const {row}_filter *", "filter"),
                                   ("const trdb_columns_options *", "options"), ("trdb_columns **", "ret"), ERR],
        ["Reads rows as columns: one buffer per column, filled as they arrive; for much data. NULL for the filter means "
         "all rows, ordered by the key. The values of the filter stand in the text of a COPY, but not those of secret "
         "columns.",
         "@param options which columns and in which form; NULL: all in the form that suits them.",
         "@param ret receives the columns; free them with trdb_columns_free().",
         f"@return as {many}_list(); TRDB_E_RANGE for decimals that do not fit 38 digits at one scale, NaN and infinity, "
         "unless the column is wanted as float64. After a failure behind the first row the unit can only be rolled "
         "back."],
        f"return trdbi_entity_columns(uow, {descriptor}, filter, options, ret, reterr)"))
    functions += stream_functions(table)
    if table.offers("insert"):
        functions += [
            Function(f"{row}_insert", "int", [UOW, (f"const {new} *", "row"), ret, ERR],
                     ["Inserts a row. What is not given gets the column's default.", maybe,
                      "@return 0; TRDB_E_NOT_NULL; TRDB_E_DUPLICATE; TRDB_E_REFERENCE; TRDB_E_CHECK; see the top of "
                      "this file."],
                     f"return trdbi_entity_insert(uow, {descriptor}, row, ret, reterr)"),
            *handle_functions(table, descriptor),
            Function(f"{many}_insert", "int",
                     [UOW, (f"const {new} *", "rows"), ("size_t", "row_size"), ("size_t", "count"), ret_list, ERR],
                     ["Inserts `count` rows in one go. All or none: after a failure the unit can only be rolled back.",
                      f"@param row_size sizeof({new}) of the caller.",
                      f"@param ret receives the rows as stored, in the same order; NULL when they are not wanted. "
                      f"Free it with {row}_list_free().",
                      f"@return as {row}_insert(); trdb_error_row() tells which row."],
                     f"return trdbi_entity_insert_many(uow, {descriptor}, rows, row_size, count, NULL, ret, reterr)"),
            Function(f"{many}_insert_with", "int", [*many_rows, ret_list, ERR],
                     [f"As {many}_insert(), in a way that the options choose, or with somebody who hears of the "
                      "progress.", f"@return as {many}_insert(); TRDB_E_CANCELLED when the listener stops it; "
                      "TRDB_E_UNSUPPORTED when the chosen method cannot do it."],
                     f"return trdbi_entity_insert_many(uow, {descriptor}, rows, row_size, count, options, ret, reterr)"),
        ]
        if table.key.kind.key in ("int64_t", "trdb_uuid"):
            functions.append(Function(
                f"{many}_insert_keys", "int",
                [*many_rows, (f"{table.key.kind.key} *", "ret_keys"), ERR],
                [f"As {many}_insert_with(), for a caller who wants the new keys only.",
                 "@param ret_keys room for `count` keys, which it receives in the order of the rows.",
                 f"@return as {many}_insert_with()."],
                f"return trdbi_entity_insert_keys(uow, {descriptor}, rows, row_size, count, options, ret_keys, reterr)"))
        functions.append(Function(
            f"{many}_insert_columns", "int",
            [UOW, ("const trdb_column_view *", "columns"), ("size_t", "column_size"), ("size_t", "count"),
             ("const trdb_bulk_options *", "options"), ERR],
            ["Inserts rows that are given as columns of equal length, all or none: straight from their buffers into binary "
             f"COPY where the table allows it. What {many}_columns() gives, it takes; docs/bulk.md tells what else.",
             "@param columns each once, in any order. One that is not given gets its default.",
             "@param column_size sizeof(trdb_column_view) of the caller.",
             "@param count the number of columns.",
             "@param options NULL for the defaults.",
             f"@return as {many}_insert_with(), and trdb_error_column() tells which column; TRDB_E_INVALID for buffers that "
             "are too small, offsets or codes that lead outside, and kinds that do not go into their column; "
             "TRDB_E_INEXACT for float64, which no column takes."],
            f"return trdbi_entity_insert_columns(uow, {descriptor}, columns, column_size, count, options, reterr)"))
    for at, unique in enumerate(table.uniques):
        functions.append(Function(
            f"{row}_upsert_by_{unique.name}", "int", [UOW, (f"const {new} *", "row"), ret, ERR],
            [f"Inserts a row, or writes the given columns over the one that has the same {unique.target}.", maybe,
             f"@return as {row}_insert()."],
            f"return trdbi_entity_upsert(uow, {descriptor}, {at}, row, ret, reterr)"))
        functions.append(Function(
            f"{many}_upsert_by_{unique.name}", "int",
            [*many_rows, ("size_t *", "ret_inserted"), ("size_t *", "ret_updated"), ERR],
            [f"Upserts `count` rows by {unique.target} in one go, all or none. Of rows that have the same key the last one "
             "wins. Many go through a temporary table.",
             f"@param row_size sizeof({new}) of the caller.",
             "@param options NULL for the defaults.",
             "@param ret_inserted receives how many rows were new; may be NULL.",
             "@param ret_updated receives how many were written over; may be NULL.",
             f"@return as {row}_insert(), and trdb_error_row() tells which row; TRDB_E_CANCELLED; TRDB_E_UNSUPPORTED."],
            f"return trdbi_entity_upsert_many(uow, {descriptor}, {at}, rows, row_size, count, options, ret_inserted, "
            "ret_updated, reterr)"))
    if table.offers("patch"):
        functions.append(Function(
            f"{row}_patch", "int", [UOW, key_param, (f"const {new} *", "row"), ret, ERR],
            ["Writes the given columns of one row and leaves the others alone.", maybe,
             f"@return 0; TRDB_E_NOT_FOUND; as {row}_insert()."],
            f"return trdbi_entity_patch(uow, {descriptor}, {key_value}, row, ret, reterr)"))
        functions.append(Function(
            f"{row}_patch_if", "int", [UOW, key_param, (f"const {new} *", "guard"), (f"const {new} *", "row"), ret, ERR],
            ["Writes the given columns of one row if it still holds what the guard gives, such as updated_at as it was "
             "read; NULL counts as a value.", "@param guard columns and the values that they must still have.", maybe,
             f"@return 0; TRDB_E_CONFLICT when the row has changed; TRDB_E_NOT_FOUND when it is gone; as {row}_insert()."],
            f"return trdbi_entity_patch_if(uow, {descriptor}, {key_value}, guard, row, ret, reterr)"))
    if table.offers("delete"):
        functions.append(Function(
            f"{row}_delete", "int", [UOW, key_param, ERR],
            ["Deletes one row by its key.",
             "@return 0; TRDB_E_NOT_FOUND; TRDB_E_REFERENCE when something still refers to it; see the top of this "
             "file."],
            f"return trdbi_entity_delete(uow, {descriptor}, {key_value}, reterr)"))
    functions.append(Function(f"{row}_free", "void", [(f"{row} *", "row")],
                              ["Frees a row that a call gave on its own, not one of a list. NULL is allowed."],
                              "trdbi_row_free(row)"))
    return functions + list_functions(row, f"{row}_list")


def enum_functions(enum):
    return [
        Function(f"{enum.type}_to_string", "const char *", [("int32_t", "value")],
                 [f"The database's text of a constant of {enum.type}, a static string; NULL for any other number. Any "
                  "thread."],
                 f"return trdbi_enum_text(&trdbi_enum_{enum.name}, value)"),
        Function(f"{enum.type}_from_string", "int32_t", [("const char *", "text")],
                 [f"The constant of {enum.type} for a text, or 0 when it is none or NULL."
                  + (" Upper and lower case are the same." if enum.any_case else "") + " Any thread."],
                 f"return trdbi_enum_constant(&trdbi_enum_{enum.name}, text)"),
    ]


def query_function(query):
    """The wrapper of a named query. Its body needs the arguments as an array first; see sources.py."""
    params = [(param.kind.nullable_param if param.nullable else param.kind.param, param.name)
              for param in query.params]
    doc = [sentence(query.doc)]
    doc += [f"@param {param.name} {sentence(param.doc)}"
            + (" NULL is allowed." if param.nullable and "NULL" not in param.doc else "")
            + (f" TRDB_E_RANGE below {param.least}." if param.least else "") for param in query.params]
    arguments = "args" if params else "NULL"
    if query.result == "exec":
        ret = ("int64_t *", "ret")
        doc += ["@param ret receives the number of rows touched; may be NULL.", "@return 0; see the top of this file."]
    elif query.result == "one":
        ret = (f"{query.row_type} **", "ret")
        free = "trdbi_row_free" if query.internal and not query.table else f"{query.row_type}_free"
        doc += [f"@param ret receives the row; free it with {free}().",
                "@return 0; TRDB_E_NOT_FOUND; see the top of this file."]
    else:
        typed = not query.internal or query.table
        ret = (f"{query.list_type if typed else 'trdbi_list'} **", "ret")
        doc += [f"@param ret receives the list; free it with "
                f"{query.list_type if typed else 'trdbi_list'}_free().", "@return 0; see the top of this file."]
    return Function(query.function, "int", [UOW, *params, ret, ERR], doc,
                    f"return trdbi_query_{query.result}(uow, &query_{query.name}, {arguments}, ret, reterr)")


def query_functions(query):
    functions = [query_function(query)]
    if query.internal or not query.defines_row:
        return functions
    if "one" in query.results:
        functions.append(Function(f"{query.row_type}_free", "void", [(f"{query.row_type} *", "row")],
                                  ["Frees a row that a call gave on its own. NULL is allowed."], "trdbi_row_free(row)"))
    return functions + (list_functions(query.row_type, query.list_type) if "many" in query.results else [])
