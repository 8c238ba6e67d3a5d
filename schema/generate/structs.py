# SPDX-License-Identifier: MIT
"""The fields of every public struct, in the order that abi.lock binds."""
import dataclasses

from kinds import Decimal, Enum, Json, Text, Texts
from text import sentence


@dataclasses.dataclass
class Field:
    type: str
    name: str
    doc: str
    column: object = None


def limits(column):
    parts = []
    if column.max_chars and not isinstance(column.kind, Enum):
        each = "each " if isinstance(column.kind, Texts) else ""
        parts.append(f"{each}at most {column.max_chars} characters")
    if isinstance(column.kind, Decimal) and column.max_scale != 255:
        parts.append(f"at most {column.max_scale} decimals, below 10^{column.max_whole} in size")
    if isinstance(column.kind, Enum):
        parts.append(f"enum {column.enum.type}")
    if isinstance(column.kind, Json):
        parts.append("JSON text")
    return parts


def given(column):
    """What an input may say about a column."""
    if column.identity:
        parts = ["given by the database when not given here"]
    elif column.is_key and column.kind.key == "trdb_uuid":
        parts = ["made by the library when not given"]
    elif column.default:
        parts = [f"default {column.default.split('::')[0]}"]
    else:
        parts = ["required"] if column.not_null else []
    parts += [] if column.not_null else ["may be NULL"]
    return "; ".join(parts + limits(column))


def size_field(struct):
    return Field("size_t", "struct_size", f"sizeof({struct}) of the caller")


def row_fields(table):
    return [Field(column.row_type, column.name,
                  column.comment + (f" Constants: enum {column.enum.type}." if column.enum else ""), column)
            for column in table.columns]


def new_fields(table):
    return [size_field(f"{table.type}_new"),
            *(Field(column.kind.new, column.name, given(column), column) for column in table.columns)]


def filter_fields(table):
    return [size_field(f"{table.type}_filter"),
            Field("trdb_in_i64", "limit", "most rows wanted, at least 1; not given: all"),
            Field(f"const {table.type} *", "after",
                  "only rows behind this one in the same order: the last row of the page before; NULL: from the start"),
            Field("int32_t", "order_by", "a constant of the table's columns; 0: the key. The key breaks ties. "
                  "TRDB_ANY_ORDER: as suits the server"),
            Field("int32_t", "descending", "1: the largest first"),
            *(Field(column.kind.where, column.name, f"condition on {column.name}", column)
              for column in table.columns if column.filtered)]


def query_fields(query):
    fields = [Field(value.kind.row, value.name,
                    sentence(value.doc) + (f" Constants: enum {value.enum.type}." if value.enum else ""), value)
              for value in query.columns]
    table = query.embeds
    if table is None:
        return fields
    embedded = {column.name for column in table.columns}
    return [Field(table.type, table.singular, f"First, so that {table.type}_free() frees it."),
            *(field for field in fields if field.name not in embedded)]


class Structs:
    """All public structs by name, ordered by the lock."""

    def __init__(self, model, queries, lock, written):
        self.fields = {}
        for name, fields in written.items():
            self.add(lock, name, [Field(ctype, field, "") for ctype, field in fields])
        for enum in model.enums.values():
            if not enum.planned:
                enum.values = lock.order_values(enum.type, enum.values)
        for table in model.tables:
            self.add(lock, table.type, row_fields(table))
            table.columns = [field.column for field in self.fields[table.type]]
            self.add(lock, f"{table.type}_new", new_fields(table))
            self.add(lock, f"{table.type}_filter", filter_fields(table))
        for query in queries:
            if query.defines_row:
                fields = query_fields(query)
                if query.internal:
                    self.fields[query.row_type] = fields
                else:
                    self.add(lock, query.row_type, fields)
        lock.forget_others({name for name in self.fields}, {enum.type for enum in model.enums.values()})

    def add(self, lock, struct, fields):
        self.fields[struct] = lock.order(struct, [(field.type, field.name, field) for field in fields])
