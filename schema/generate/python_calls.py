# SPDX-License-Identifier: MIT
"""Repositories and domains: a method per function, whose body hands its keywords to the call of that name."""
import re

import python_types as types
from python_rows import RowEmitter
from python_surface import camel
from python_text import WIDTH, docstring, packed, quoted, signature
from text import sentence

# Functions that Python calls by names which it makes, those of batches and streams; and what insert_many() does anyway.
C_ONLY = re.compile(r"trdb_(batch_\w+|\w+_stream_(next|batch)|\w+s_insert)")
BULK_WORDS = ["method: BulkMethod | str | None = None", "progress: Callable[[int, int], object] | None = None",
              "progress_every: int | None = None"]
BULK_DOCS = [("method", "how the rows go, a member of BulkMethod or its text; None: what suits their number."),
             ("progress", "called with how many rows are on their way and how many there are, at last with all; when it "
                          "returns False the call raises Cancelled, and what it raises comes out of the call."),
             ("progress_every", "rows from one call of `progress` to the next; default 10,000.")]
FILTER_WORDS = ("struct_size", "limit", "after", "order_by", "descending")


class Methods:
    """What every function of a namespace is called in Python: {symbol: trading.trades.insert}."""

    def __init__(self, surface):
        self.surface, self.names, self.tables = surface, {}, {}
        for table in surface.model.tables:
            for symbol, name in self.of_table(table).items():
                self.tables[symbol] = table
                self.names[symbol] = f"{table.domain}.{surface.repository(table)}.{name}"
        for namespace in surface.namespaces():
            for header in surface.of(namespace):
                for function in header.functions:
                    if function.name not in self.names and self.is_service(function, namespace):
                        self.names[function.name] = f"{namespace}.{surface.attribute(function.name, namespace)}"
        self.check()

    @staticmethod
    def is_service(function, namespace):
        return (namespace != "core" and bool(function.params) and function.params[-1].name == "reterr"
                and not C_ONLY.fullmatch(function.name))

    def of_table(self, table):
        """{symbol: method} of a table."""
        row, many = table.type, f"trdb_{table.plural}"
        names = {f"{row}_get": "get", f"{many}_get": "get_many", f"{many}_list": "list", f"{many}_count": "count",
                 f"{many}_columns": "columns", f"{many}_stream": "stream", f"{row}_insert_ref": "insert_ref",
                 f"{row}_insert": "insert", f"{many}_insert_with": "insert_many",
                 f"{many}_insert_keys": "insert_keys", f"{many}_insert_columns": "insert_columns",
                 f"{row}_patch": "patch",
                 f"{row}_patch_if": "patch_if", f"{row}_delete": "delete"}
        for unique in table.uniques:
            names[f"{row}_upsert_by_{unique.name}"] = f"upsert_by_{unique.name}"
            names[f"{many}_upsert_by_{unique.name}"] = f"upsert_many_by_{unique.name}"
        return {symbol: name for symbol, name in names.items() if symbol in self.surface.functions}

    def check(self):
        taken = {f"{table.domain}.{self.surface.repository(table)}": table.name for table in self.surface.model.tables}
        for symbol, name in self.names.items():
            if name in taken:
                raise self.surface.model.problem_at(1, f"{symbol} and {taken[name]} are both called {name} in Python")
            taken[name] = symbol

    def services(self, namespace):
        return [function for header in self.surface.of(namespace) for function in header.functions
                if function.name in self.names and function.name not in self.tables]


class CallEmitter:
    """Signatures, docstrings and bodies."""

    def __init__(self, surface, words, inputs):
        self.surface, self.words, self.inputs = surface, words, inputs

    # ---- parameters

    def arguments(self, function):
        """(positional, keyword) parameters as text."""
        positional, keywords = [], []
        params = [param for param in self.surface.parameters(function) if not param.is_out]
        skip = 0
        for at, param in enumerate(params):
            if skip or param.type == "trdb_uow *" or param.name == "reterr":
                skip = max(0, skip - 1)
                continue
            following = [other.name for other in params[at + 1:at + 3]]
            one, many = self.argument(param, following)
            skip = 2 if following == ["row_size", "count"] else int(following[:1] == ["count"])
            keywords += many
            if one:
                (keywords if keywords else positional).append(one)
        return positional, keywords

    def argument(self, param, following):
        """(a parameter that must be given, keywords)."""
        words = [f"enum={said}" if name == "enum" else name for name, said in param.notes.items()]
        if following == ["row_size", "count"]:
            return f"{param.name}: Iterable[{camel(param.pointed.removeprefix('trdb_'))}]", []
        if following[:1] == ["count"]:
            element = "const char *" if param.type == "const char *const *" else param.pointed
            return f"{param.name}: Iterable[{types.given(element, words)}]", []
        if param.pointed.endswith("_new"):
            prefix = f"{param.name}_" if "prefixed" in param.notes else ""
            return None, self.inputs.keywords(param.pointed, param.taken()[1], param.fields, prefix)
        if "flags" in param.notes:
            return None, [f"{name}: bool = False" for name in self.flags(param.notes["flags"])]
        if self.surface.is_row(param.pointed) and param.type.endswith("*"):
            return f"{param.name}: {RowEmitter.name(param.pointed)}", []
        hint = types.given(param.type, words)
        if "null" in param.notes or "optional" in param.notes:
            return None, [f"{param.name}: {hint} | None = None"]
        if "zero" in param.notes:
            return None, [f"{param.name}: {hint} = 0"]
        if param.type.startswith("trdb_in_"):
            return None, [f"{param.name}: {hint} | None | NotGiven = NOT_GIVEN"]
        return f"{param.name}: {hint}", []

    def flags(self, name):
        _, members = self.surface.enums[f"trdb_{name}"]
        prefix = f"TRDB_{name.removesuffix('_flags')}_".upper()
        return [member.name.removeprefix(prefix).lower() for member in members]

    # ---- results

    def outputs(self, function, namespace):
        """[(name, type)] of what a call gives."""
        found = []
        for param in self.surface.parameters(function):
            if param.is_out:
                found.append((self.output_name(param, namespace), self.output(param)))
        return found

    def output_name(self, param, namespace):
        if param.name != "ret":
            return param.name.removeprefix("ret_")
        struct = param.type.removesuffix("*").strip().removesuffix("*").strip()
        if not self.surface.is_row(struct):
            return "value"
        table = self.surface.tables.get(struct)
        prefix = self.surface.model.domains[table.domain].get("prefix", "") if table else f"{namespace}_"
        return struct.removeprefix("trdb_").removeprefix(prefix)

    def output(self, param):
        target = re.sub(r" ?\*$", "", param.type)
        struct = target.removesuffix("*").strip()
        if self.surface.is_list(struct):
            return f"List[{RowEmitter.name(struct.removesuffix('_list'))}]"
        if self.surface.is_row(struct):
            missing = re.search(r"\bNULL (?:when|if|where)(?! (?:it is|they are) not wanted)", param.doc)
            return RowEmitter.name(struct) + (" | None" if missing else "")
        words = [f"enum={said}" for name, said in param.notes.items() if name == "enum"]
        missing = target.startswith("trdb_") and re.search(r"\bNULL\b(?! when (?:it is|they are) not wanted)", param.doc)
        return types.output(target, words, param.doc) + (" | None" if missing else "")

    def result(self, function, namespace):
        found = self.outputs(function, namespace)
        if len(found) > 1:
            return f"{camel(function.name.removeprefix('trdb_'))}Result"
        return found[0][1] if found else "None"

    # ---- services and named queries

    def doc(self, function):
        inherited = self.surface.parameters(function)
        groups, params, gives = [], [], ""
        for param in inherited:
            if not param.doc:
                continue
            if param.is_out:
                gives = gives or self.gives(param)
            elif param.pointed.endswith("_new"):
                groups.append(self.words.group(param.doc, [field.name for field in self.inputs.fields(param.pointed)]))
                if param.pointed.removesuffix("_new") not in self.surface.tables:
                    params += [(field.name, self.words.words(sentence(field.doc)))
                               for field in self.inputs.fields(param.pointed)]
            elif "flags" in param.notes:
                params += self.flag_docs(param)
            else:
                params.append((param.name, self.words.param(sentence(param.doc))))
        return [self.words.words(function.doc.text), *groups, *params, gives, self.words.returns(function.doc.returns)]

    def gives(self, param):
        """What is said of the result beyond that there is one."""
        said = sentence(self.words.param(param.doc))
        return f"Gives {said}" if param.name == "ret" and "**" not in param.type and "receives" in param.doc else ""

    def flag_docs(self, param):
        _, members = self.surface.enums[f"trdb_{param.notes['flags']}"]
        return [(name, self.words.words(sentence(member.doc)))
                for name, member in zip(self.flags(param.notes["flags"]), members)]

    def service(self, function, namespace):
        """The lines of a method of a domain."""
        name = self.surface.attribute(function.name, namespace)
        positional, keywords = self.arguments(function)
        params = ["self", *positional, *(["*"] if keywords else []), *keywords]
        result = self.result(function, namespace)
        return ["", *signature(name, params, result), *docstring(self.doc(function), 8), *body(function.name, result)]

    def result_class(self, function, namespace):
        found = self.outputs(function, namespace)
        if len(found) < 2:
            return []
        name = self.result(function, namespace)
        outs = [param for param in self.surface.parameters(function) if param.is_out]
        docs = [(field, self.words.param(sentence(param.doc))) for (field, _), param in zip(found, outs)]
        return ["", "", f"class {name}(NamedTuple):",
                *docstring([f"What {self.surface.attribute(function.name, namespace)}() gives.", *docs], 4), "",
                *(f"    {field}: {hint}" for field, hint in found)]


def body(symbol, result):
    """The call; the type checker is told what comes back."""
    if result == "None":
        return [f'        self._session._call("{symbol}", locals())']
    return [f'        found: {result} = self._session._call("{symbol}", locals())', "        return found"]


class RepositoryEmitter:
    """A class per table."""

    def __init__(self, surface, words, inputs, methods):
        self.surface, self.words, self.inputs, self.methods = surface, words, inputs, methods

    def conditions(self, table):
        struct = f"{table.type}_filter"
        fields = [field for field in self.surface.structs[struct][1] if field.name not in FILTER_WORDS]
        return [f"{field.name}: {types.condition(field.type, self.surface.notes(struct, field))}" for field in fields]

    def lines(self, table):
        name = f"{camel(table.plural)}Repository"
        lines = ["", "", *self.order(table), "", "", f"class {name}(Repository):",
                 *docstring([f"The rows of {table.name}. {self.words.words(table.comment)}"], 4), "", "    __slots__ = ()"]
        for symbol, method in self.methods.of_table(table).items():
            operation = re.sub(r"^(upsert|upsert_many)_by_.*", r"\1", method)
            lines += getattr(self, operation)(table, symbol, method)
        return lines

    def order(self, table):
        """The columns that a list may be ordered by."""
        struct = f"{table.type}_filter"
        names = [quoted(field.name) for field in self.surface.structs[struct][1] if field.name not in FILTER_WORDS]
        head = f"{self.row(table)}Order = Literal["
        whole = f"{head}{', '.join(names)}]"
        return [whole] if len(whole) <= WIDTH else [head, *packed(names, "    "), "]"]

    def emit(self, method, params, result, symbol, doc):
        return ["", *signature(method, ["self", *params], result), *docstring(doc, 8), *body(symbol, result)]

    def key(self, table):
        field = next(field for field in self.surface.structs[table.type][1] if field.name == table.key.name)
        return f"{field.name}: {types.given(field.type, self.surface.notes(table.type, field))}"

    def row(self, table):
        return RowEmitter.name(table.type)

    def get(self, table, symbol, method):
        return self.emit(method, [self.key(table)], self.row(table), symbol,
                         ["Reads one row by its key.", "Raises NotFound."])

    def get_many(self, table, symbol, method):
        key = self.key(table).partition(": ")[2]
        return self.emit(method, [f"keys: Iterable[{key}]"], f"List[{self.row(table)}]", symbol,
                         ["Reads rows by their keys, in the order of the keys' values. Missing ones are left out, repeated "
                          "keys give one row."])

    def list(self, table, symbol, method):
        row, conditions = self.row(table), self.conditions(table)
        order = [f"order_by: {row}Order | None = None", "descending: bool = False"]
        lines = self.emit(
            method, ["*", *conditions, *order, "limit: int | None = None", f"after: {row} | None = None"],
            f"List[{row}]", symbol,
            ["Lists the rows that meet all conditions, ordered by the key or by `order_by`, a column that has an index; "
             "the key breaks ties.",
             "A condition is a value, a list of which one must match, between(), since() or until(), None for NULL, or "
             "NOT_NULL. `after` is the last row of the page before; see iterate()."])
        return lines + [
            "", *signature("iterate", ["self", "*", *conditions, *order, "page_size: int = 500"], f"Pages[{row}]"),
            *docstring(["The rows of list() page by page: `for row in …` reads pages of `page_size` as they are needed, "
                        "`for page in ….pages()` gives them as lists."], 8),
            f'        return Pages(self._session, "{symbol}", locals())']

    def columns(self, table, symbol, method):
        row = self.row(table)
        return self.emit(
            method, ["*", *self.conditions(table), f'order_by: {row}Order | Literal["any"] | None = None',
                     "descending: bool = False", "limit: int | None = None", f"after: {row} | None = None",
                     "only: Iterable[str] | Mapping[str, str] | None = None", "f64: bool = False", "plain: bool = False",
                     "null_infinity: bool = False"],
            f"Columns[{row}]", symbol,
            ["Reads the rows that meet all conditions as columns, one buffer each, for numpy, pandas, Arrow, or many rows "
             'at once; see list(). order_by="any" lets the server choose the order, which saves it sorting.',
             ("only", "the names of the columns that are wanted, in their order, or a dict of names and forms: \"default\", "
                      "\"plain\" (texts as they are), \"codes\" (texts as places in a dictionary), \"f64\" (decimals as "
                      "float64)."),
             ("f64", "all decimals as float64, no longer exact."),
             ("plain", "closed sets and repeated texts as they are, instead of codes and a dictionary."),
             ("null_infinity", "infinite times as NULL."),
             "Raises Range for decimals that do not fit 38 digits at one scale, NaN and infinity, unless they are wanted "
             "as float64; the unit can only be rolled back then."]) 

    def stream(self, table, symbol, method):
        row = self.row(table)
        return self.emit(
            method, ["*", *self.conditions(table), f'order_by: {row}Order | Literal["any"] | None = None',
                     "descending: bool = False", "limit: int | None = None", f"after: {row} | None = None",
                     "batch_rows: int | None = None"], f"Stream[{row}]", symbol,
            ["Reads the rows that meet all conditions in bounded memory, from one cursor: all are of the moment when it was "
             'opened. order_by="any" lets the server choose the order; see list() for the conditions.',
             ("batch_rows", "how many rows are fetched at once, up to 1,000,000; default 10,000.")])

    def count(self, table, symbol, method):
        return self.emit(method, ["*", *self.conditions(table)], "int", symbol,
                         ["Counts the rows that meet all conditions; see list()."])

    def insert(self, table, symbol, method):
        return self.emit(method, ["*", *self.inputs.insert_keywords(f"{table.type}_new")], self.row(table), symbol,
                         ["Inserts a row and gives it as stored. A column that is not given has its default; "
                          f"{self.row(table)}New tells of each.", "Raises NotNull, Duplicate, Reference or Check."])

    def insert_ref(self, table, symbol, method):
        return self.emit(method, ["*", *self.inputs.insert_keywords(f"{table.type}_new")], "Ref", symbol,
                         ["Inserts a row and gives a handle of its key, which later writes of the unit take where they "
                          "refer to the row. The insert waits, and shares their round trip.",
                          "Raises what insert() does, perhaps later: the error names the call."])

    def insert_many(self, table, symbol, method):
        row = self.row(table)
        return self.emit(method, [f"rows: Iterable[{row}New]", "*", "returning: bool = True", *BULK_WORDS],
                         f"List[{row}]", symbol,
                         ["Inserts many rows in one go, all or none, and gives them as stored, in the same order.",
                          ("returning", "False: they are not read back, and the list is empty."), *BULK_DOCS,
                          "Raises what insert() does; the error's `row` tells which row. After a failure the unit can "
                          "only be rolled back."])

    def insert_keys(self, table, symbol, method):
        key = types.output(f"{table.key.kind.key}", [])
        return self.emit(method, [f"rows: Iterable[{self.row(table)}New]", "*", *BULK_WORDS], f"List[{key}]", symbol,
                         ["Inserts many rows as insert_many() does, and gives their keys, in the same order.",
                          *BULK_DOCS, "Raises what insert_many() does."])

    def insert_columns(self, table, symbol, method):
        return self.emit(method, ["columns: Columns[Any] | Mapping[str, Any]", "*", *BULK_WORDS], "None", symbol,
                         ["Inserts many rows that are given as columns, all or none: the Columns that columns() gives, or a "
                          "mapping of names and values of equal length. A column that is not given has its default.",
                          ("columns", "values are a Column; a numpy array of integers, bool, datetime64 or objects; a "
                                      "pandas Categorical; array.array; or a list of what insert() takes, where None is "
                                      "NULL. Decimals are Decimal objects, integers, texts, or scaled(). Floats are refused."),
                          *BULK_DOCS, "Raises what insert_many() does; the error's `column` tells which column."])

    def upsert_many(self, table, symbol, method):
        unique = next(unique for unique in table.uniques if method == f"upsert_many_by_{unique.name}")
        return self.emit(method, [f"rows: Iterable[{self.row(table)}New]", "*", *BULK_WORDS], "Upserted", symbol,
                         [f"Inserts many rows, or writes their columns over those that have the same {unique.target}, all "
                          "or none. Of rows with the same key the last one wins. Tells how many were new and how many "
                          "were written over.", *BULK_DOCS, "Raises what insert_many() does."])

    def upsert(self, table, symbol, method):
        unique = next(unique for unique in table.uniques if method == f"upsert_by_{unique.name}")
        return self.emit(method, ["*", *self.inputs.insert_keywords(f"{table.type}_new")], self.row(table), symbol,
                         [f"Inserts a row, or writes the given columns over the one that has the same {unique.target}. "
                          "Gives the row as stored.", "Raises what insert() does."])

    def patch(self, table, symbol, method):
        struct = f"{table.type}_new"
        keywords = [word for word in self.inputs.keywords(struct) if not word.startswith(f"{table.key.name}:")]
        return self.emit(method, [self.key(table), "*", *keywords], self.row(table), symbol,
                         ["Writes the given columns of one row, leaves the others alone, and gives the row as stored. "
                          "None is NULL.", "Raises NotFound, and what insert() does."]) + self.update(table, symbol)

    def patch_if(self, table, symbol, method):
        struct = f"{table.type}_new"
        keywords = [word for word in self.inputs.keywords(struct) if not word.startswith(f"{table.key.name}:")]
        return self.emit(method, [self.key(table), "guard: Mapping[str, Any]", "*", *keywords], self.row(table), symbol,
                         ["Writes as patch() does, if the row still holds what `guard` says: a dict of columns and the "
                          'values that they must have, such as {"updated_at": row.updated_at}; None counts as a value.',
                          "Raises Conflict when the row has changed; NotFound; what insert() does."])

    def update(self, table, symbol):
        """patch() without the row: another method, since what it gives has another type."""
        struct = f"{table.type}_new"
        keywords = [word for word in self.inputs.keywords(struct) if not word.startswith(f"{table.key.name}:")]
        lines = self.emit("update", [self.key(table), "*", *keywords], "None", symbol,
                          ["Writes the given columns of one row as patch() does, and does not read it back: in a unit with "
                           "`pipeline` it waits, and shares the round trip of the next call that reads.",
                           "Raises what patch() does, perhaps later: the error names the call."])
        return [*lines[:-1], f'        self._session._call("{symbol}", {{**locals(), "returning": False}})']

    def delete(self, table, symbol, method):
        return self.emit(method, [self.key(table)], "None", symbol,
                         ["Deletes one row by its key.",
                          "Raises NotFound, or Reference while something refers to it."])


class DomainEmitter:
    """The class of a namespace: its repositories as properties, its services and queries as methods."""

    def __init__(self, surface, methods, calls):
        self.surface, self.methods, self.calls = surface, methods, calls

    def lines(self, namespace):
        model = self.surface.model
        lines = ["", "", f"class {camel(namespace)}Domain(Domain):", *docstring([model.domains[namespace]["doc"]], 4), "",
                 "    __slots__ = ()"]
        for table in model.tables:
            if table.domain == namespace:
                name = f"{camel(table.plural)}Repository"
                lines += ["", "    @property", f"    def {self.surface.repository(table)}(self) -> {name}:",
                          f'        """The rows of {table.name}."""', f"        return {name}(self._session)"]
        for function in self.methods.services(namespace):
            lines += self.calls.service(function, namespace)
        return lines
