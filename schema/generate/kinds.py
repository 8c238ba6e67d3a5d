# SPDX-License-Identifier: MIT
"""One class per kind of type: what a column of it is called in C, in rows, inputs, filters and queries."""
import re

# Size and alignment of every type that a public struct may hold, on a 64-bit machine; lib/gen/asserts.c has the
# compiler confirm what follows from them.
LAYOUT = {
    "bool": (1, 1), "uint8_t": (1, 1), "int32_t": (4, 4), "uint32_t": (4, 4), "int64_t": (8, 8), "uint64_t": (8, 8),
    "size_t": (8, 8), "const char *": (8, 8), "trdb_trace_fn": (8, 8), "trdb_uuid": (16, 1),
    "trdb_decimal": (24, 8), "trdb_timestamp": (16, 8),
    "trdb_opt_i64": (16, 8), "trdb_opt_bool": (2, 1), "trdb_opt_uuid": (20, 4), "trdb_opt_enum": (16, 8),
    "trdb_bytes": (16, 8), "trdb_texts": (16, 8),
    "trdb_ref": (16, 8), "trdb_in_i64": (16, 8), "trdb_in_bool": (8, 4), "trdb_in_enum": (8, 4), "trdb_in_decimal": (32, 8),
    "trdb_in_timestamp": (24, 8), "trdb_in_uuid": (20, 4), "trdb_in_bytes": (24, 8), "trdb_in_texts": (24, 8),
    "trdb_where_i64": (40, 8), "trdb_where_bool": (32, 8), "trdb_where_enum": (32, 8), "trdb_where_text": (40, 8),
    "trdb_where_decimal": (72, 8), "trdb_where_timestamp": (56, 8), "trdb_where_uuid": (56, 8),
}


def layout(ctype):
    """(size, alignment); any other pointer is as large as a text."""
    array = re.fullmatch(r"(\w+)\[(\d+)\]", ctype)
    if array:
        size, alignment = layout(array[1])
        return size * int(array[2]), alignment
    return LAYOUT[ctype] if ctype in LAYOUT or not ctype.endswith(("*", "_fn")) else (8, 8)


def declare(ctype, name):
    """A declaration in the usual spelling: no space between the star and the name."""
    return f"{ctype}{name}" if ctype.endswith("*") else f"{ctype} {name}"


class Kind:
    """Base of all kinds. Class attributes are C names."""

    constant = None         # of lib/pg/codec.h
    row = None              # type of a row's field
    new = None              # type of an input's field
    where = None            # type of a filter's condition; None: cannot be filtered on
    key = None              # type of a key, when it can be one
    key_member = None       # of union trdbi_key
    param = None            # type of a query's parameter, and of one that may be NULL
    nullable_param = None
    arg = None              # maker of a trdbi_arg in lib/gen/gen.h
    nullable_arg = None
    words = None            # for people
    sent_as = None          # the SQL type that the library names to the server for it

    def descriptor(self, column):
        """Extra initializers of trdbi_column."""
        return []


class I64(Kind):
    constant, words, sent_as = "TRDBI_I64", "integer", "bigint"
    row, new, where = "trdb_opt_i64", "trdb_in_i64", "trdb_where_i64"
    key, key_member = "int64_t", "i64"
    param, nullable_param, arg, nullable_arg = "int64_t", "trdb_in_i64", "arg_i64", "arg_in_i64"

    def descriptor(self, column):
        return [f".int_bytes = {column.int_bytes}"]


class Bool(Kind):
    constant, words, sent_as = "TRDBI_BOOL", "boolean", "boolean"
    row, new, where = "trdb_opt_bool", "trdb_in_bool", "trdb_where_bool"
    param, nullable_param, arg, nullable_arg = "bool", "trdb_in_bool", "arg_bool", "arg_in_bool"


class Decimal(Kind):
    constant, words, sent_as = "TRDBI_DECIMAL", "exact decimal", "numeric"
    row, new, where = "trdb_decimal", "trdb_in_decimal", "trdb_where_decimal"
    param = nullable_param = "trdb_decimal"
    arg = nullable_arg = "arg_decimal"

    def descriptor(self, column):
        return [f".max_scale = {column.max_scale}", f".max_whole = {column.max_whole}"]


class Timestamp(Kind):
    constant, words, sent_as = "TRDBI_TIMESTAMP", "time (UTC)", "timestamptz"
    row, new, where = "trdb_timestamp", "trdb_in_timestamp", "trdb_where_timestamp"
    param = nullable_param = "trdb_timestamp"
    arg = nullable_arg = "arg_timestamp"


class Uuid(Kind):
    constant, words, sent_as = "TRDBI_UUID", "UUID", "uuid"
    row, new, where = "trdb_opt_uuid", "trdb_in_uuid", "trdb_where_uuid"
    key, key_member = "trdb_uuid", "uuid"
    param, nullable_param, arg, nullable_arg = "trdb_uuid", "trdb_in_uuid", "arg_uuid", "arg_in_uuid"


def character_limit(self, column):
    """The descriptor of kinds whose columns may limit the length of a text."""
    return [f".max_chars = {column.max_chars}"] if column.max_chars else []


class Text(Kind):
    constant, words, sent_as = "TRDBI_TEXT", "text", "text"
    row, new, where = "const char *", "const char *", "trdb_where_text"
    key, key_member = "const char *", "text"
    param = nullable_param = "const char *"
    arg = nullable_arg = "arg_text"

    descriptor = character_limit


class Bytes(Kind):
    constant, words, sent_as = "TRDBI_BYTES", "bytes", "bytea"
    row, new = "trdb_bytes", "trdb_in_bytes"
    param = nullable_param = "trdb_bytes"
    arg = nullable_arg = "arg_bytes"


class Json(Kind):
    constant, words, sent_as = "TRDBI_JSON", "JSON text", "jsonb"
    row, new = "const char *", "const char *"
    param = nullable_param = "const char *"
    arg = nullable_arg = "arg_text"


class Inet(Kind):
    constant, words, sent_as = "TRDBI_INET", "network address", "inet"
    row, new = "const char *", "const char *"
    param = nullable_param = "const char *"
    arg = nullable_arg = "arg_text"


class Texts(Kind):
    constant, words, sent_as = "TRDBI_TEXTS", "array of text", "text[]"
    row, new = "trdb_texts", "trdb_in_texts"
    param = nullable_param = "trdb_texts"
    arg = nullable_arg = "arg_texts"

    descriptor = character_limit


class Enum(Kind):
    constant, words, sent_as = "TRDBI_ENUM", "one of a closed set", "text"
    row, new, where = "trdb_opt_enum", "trdb_in_enum", "trdb_where_enum"
    param, nullable_param, arg, nullable_arg = "int32_t", "trdb_in_enum", "arg_enum", "arg_in_enum"

    descriptor = character_limit


INTEGER_BYTES = {"smallint": 2, "integer": 4, "bigint": 8}
BY_TYPE = {
    "smallint": I64, "integer": I64, "bigint": I64, "boolean": Bool, "numeric": Decimal, "timestamptz": Timestamp,
    "timestamp": Timestamp, "uuid": Uuid, "text": Text, "varchar": Text, "bytea": Bytes, "json": Json,
    "jsonb": Json, "inet": Inet, "text[]": Texts, "varchar[]": Texts,
}


def of_type(name):
    """The kind of a type as catalog.json names it (`varchar(20)`, `numeric(20,8)`), or None."""
    kind = BY_TYPE.get(re.sub(r"\([\d,]+\)", "", name))
    return kind() if kind else None
