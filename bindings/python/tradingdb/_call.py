# SPDX-License-Identifier: MIT
"""A call of C, compiled from its prototype and the generator's notes: what becomes of each keyword, what comes back."""
from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Callable, Iterable
from ctypes import byref, c_void_p
from struct import Struct
from typing import Any

from tradingdb import _c
from tradingdb._columns import Columns, choices
from tradingdb._decode import codec
from tradingdb._encode import (Keep, Kind, PlainSlot, boolean, columns_of, in_slot_of, integer, integer32, json_bytes,
                               kind_of, refused, utf8, wrong_type)
from tradingdb._filter import FilterStruct
from tradingdb._gather import MANY, gather
from tradingdb._generated.errors import Range
from tradingdb._given import views
from tradingdb._library import exception, function
from tradingdb._row import is_row, layout
from tradingdb._struct import InputStruct, OptionsStruct, RowStruct, Values, flag_names, pack_flags, picker
from tradingdb._values import NOT_GIVEN

Arguments = list[Any]
_result_types: dict[str, Callable[..., Any]] = {}


# ---- inputs: each takes its keywords out of the values and adds arguments


class Input:
    def __init__(self, parameter: _c.Parameter) -> None:
        self.name, self.notes = parameter.name, parameter.notes
        self.words = [f"{word}={said}" if said else word for word, said in parameter.notes.items()]

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        raise NotImplementedError


class TextInput(Input):
    """Text or JSON; None is NULL where the call says what that means."""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        self.encode = json_bytes if "json" in self.notes else utf8

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        value = values[self.name]
        if value is None and "null" in self.notes:
            arguments.append(None)
        else:
            arguments.append(self.encode(value, self.name))


class NumberInput(Input):
    """Numbers, booleans and closed sets."""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        plain = parameter.type == "int32_t" and "enum" not in parameter.notes
        self.kind = Kind("i", integer32, (0,)) if plain else kind_of(parameter.type, self.words)

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments += self.kind.encode(values[self.name], self.name, keep)


class FlagsInput(Input):
    """A keyword per flag."""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        self.flags = flag_names(parameter.notes["flags"])

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments.append(pack_flags(self.flags, values))


class ValueInput(Input):
    """A struct by value: trdb_decimal, trdb_timestamp, trdb_uuid, trdb_in_*."""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        self.type = _c.ctype(parameter.type)
        self.slot = in_slot_of(parameter.type, self.words)
        self.struct = Struct("=" + self.slot.codes)
        self.is_in = parameter.type.startswith("trdb_in_")

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        value = values[self.name]
        if value is NOT_GIVEN or value is None and "optional" in self.notes:
            arguments.append(self.type())
            return
        if value is None and not self.is_in and "null" not in self.notes:
            raise wrong_type(self.name, "a value", value)
        data = self.struct.pack(*self.slot.values(value, self.name, keep))
        arguments.append(self.type.from_buffer_copy(data.ljust(ctypes.sizeof(self.type), b"\0")))


class NewInput(Input):
    """A trdb_*_new: a keyword per field that the call takes. Where a name comes twice in a call, the struct's own
    name stands before it."""

    def __init__(self, parameter: _c.Parameter, struct: str, others: set[str]) -> None:
        super().__init__(parameter)
        self.prefix = f"{self.name}_" if "prefixed" in parameter.notes else ""
        names = {field.name for field in _c.fields(struct)}
        if "fields" in parameter.notes:
            names = set(parameter.notes["fields"].split(","))
        self.struct = InputStruct(struct, names if self.prefix else names - others)
        self.pick = picker([self.prefix + name for name in self.struct.slots])
        self.packer = self.struct.packer(tuple(self.struct.slots))

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments.append(self.packer.pack(self.pick(values), keep))


class NewsInput(Input):
    """An array of trdb_*_new: three arguments."""

    def __init__(self, parameter: _c.Parameter, struct: str) -> None:
        super().__init__(parameter)
        self.struct = InputStruct(struct)

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        data, keep.count = self.struct.pack_many(values[self.name], keep, self.name)
        arguments += [data, self.struct.size, keep.count]


class GivenInput(Input):
    """An array of trdb_column_view: three arguments."""

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments += views(values[self.name], self.notes["row"], keep)


class GuardInput(Input):
    """A trdb_*_new as a dict: what columns must still hold."""

    def __init__(self, parameter: _c.Parameter, struct: str) -> None:
        super().__init__(parameter)
        self.struct = InputStruct(struct)

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments.append(self.struct.pack_named(values[self.name], keep, self.name))


class KeysInput(Input):
    """An array of plain values and their number."""

    def __init__(self, parameter: _c.Parameter, element: str) -> None:
        super().__init__(parameter)
        self.kind = kind_of(element, self.words)
        self.struct = Struct("=" + self.kind.codes)

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        given = values[self.name]
        if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
            raise wrong_type(self.name, "a list of keys", given)
        packed = [self.struct.pack(*self.kind.encode(value, f"{self.name}[{at}]", keep))
                  for at, value in enumerate(given)]
        arguments += [b"".join(packed), len(packed)]


class FilterInput(Input):
    def __init__(self, parameter: _c.Parameter, struct: str) -> None:
        super().__init__(parameter)
        self.struct = FilterStruct(struct)

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments.append(self.struct.pack(values, keep))


class OptionsInput(Input):
    def __init__(self, parameter: _c.Parameter, struct: str) -> None:
        super().__init__(parameter)
        self.struct = OptionsStruct(struct)

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments.append(self.struct.pack(values, keep))


class ColumnsInput(Input):
    """trdb_columns_options: which columns, and a keyword per flag."""

    def __init__(self, parameter: _c.Parameter, struct: str, row: str) -> None:
        super().__init__(parameter)
        self.options = Struct("=QQQII")
        self.flags = flag_names("columns_flags")
        self.constants = columns_of(f"{row.removeprefix('trdb_')}_column")

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        only, wanted = values["only"], b""
        if only is not None:
            if isinstance(only, str) or not isinstance(only, Iterable):
                raise wrong_type("only", "a list of names, or a dict of names and forms", only)
            wanted = choices(only, self.constants)
        arguments.append(self.options.pack(self.options.size, keep.data(wanted) if only is not None else 0,
                                           len(wanted) // 8, pack_flags(self.flags, values), 0))


class BulkInput(Input):
    """How many rows go, and who hears of it."""

    words_ = ("method", "progress", "progress_every")

    def __init__(self, parameter: _c.Parameter, struct: str) -> None:
        super().__init__(parameter)
        self.struct = InputStruct(struct, ["method", "progress_every"])
        self.struct.slots["progress"] = PlainSlot(Kind("Q", integer, (0,)))

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        given = {name: values[name] for name in self.words_ if values[name] is not None}
        if "progress_every" in given and integer(given["progress_every"], "progress_every", keep)[0] < 1:
            raise refused(Range, "progress_every", "the number must be above 0")
        if "progress" in given:
            given["progress"] = _listener(given["progress"], keep)
        arguments.append(self.struct.pack(given, keep) if given else None)


_progress = ctypes.CFUNCTYPE(ctypes.c_int, c_void_p, ctypes.c_size_t, ctypes.c_size_t)


def _listener(progress: Any, keep: Keep) -> int:
    """The address of a function of C that calls one of Python. Exceptions must not cross C: they wait."""
    if not callable(progress):
        raise wrong_type("progress", "a function of two numbers", progress)

    def hear(_: Any, done: int, total: int) -> int:
        try:
            return 1 if progress(done, total) is False else 0
        except BaseException as exception:
            keep.raised = exception
            return 1
    return ctypes.cast(keep.hold(_progress(hear)), c_void_p).value or 0


class HandleInput(Input):
    """A handle that the binding keeps."""

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        arguments.append(values[self.name])


class RowInput(Input):
    def __init__(self, parameter: _c.Parameter, struct: str) -> None:
        super().__init__(parameter)
        self.row = RowStruct(struct)

    def add(self, values: Values, arguments: Arguments, keep: Keep) -> None:
        value = values[self.name]
        if getattr(value, "C", None) != self.row.struct:
            raise wrong_type(self.name, f"a row of {self.row.struct}", value)
        arguments.append(self.row.address(value, keep))


# ---- outputs: each makes the place for a result, and takes it out


class Output:
    def __init__(self, parameter: _c.Parameter) -> None:
        self.pointed = parameter.type.removesuffix("*").strip()

    def place(self, keep: Keep) -> Any:
        raise NotImplementedError

    def take(self, place: Any) -> Any:
        raise NotImplementedError


class ValueOutput(Output):
    """A number, a closed set, a decimal, a time, …"""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        words = tuple(f"enum={said}" for word, said in parameter.notes.items() if word == "enum")
        self.type = _c.ctype("text" if self.pointed == "const char *" else self.pointed)
        codes, _, self.convert = codec(_c.Field(parameter.name, self.pointed, words))
        self.struct = Struct("=" + codes)

    def place(self, keep: Keep) -> Any:
        return self.type()

    def take(self, place: Any) -> Any:
        raw = self.struct.unpack_from(bytes(place))
        (value,) = self.convert(*([part] for part in raw))
        return value


class KeysOutput(Output):
    """The keys of the rows that the call takes."""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        self.type = _c.ctype(self.pointed)
        codes, _, self.convert = codec(_c.Field(parameter.name, self.pointed, ()))
        self.struct = Struct("=" + codes)

    def place(self, keep: Keep) -> Any:
        return (self.type * keep.count)()

    def take(self, place: Any) -> Any:
        return list(self.convert([key for key, in self.struct.iter_unpack(bytes(place))]))


class RefOutput(Output):
    """A handle: the struct itself."""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        self.type = _c.ctype("trdb_ref")

    def place(self, keep: Keep) -> Any:
        return self.type()

    def take(self, place: Any) -> Any:
        return place


class StreamOutput(Output):
    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        self.struct = self.pointed.removesuffix("*").strip()

    def place(self, keep: Keep) -> Any:
        return c_void_p()

    def take(self, place: Any) -> Any:
        return place.value, self.struct


class RowOutput(Output):
    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        struct = self.pointed.removesuffix("*").strip()
        self.layout = layout(struct)
        self.free = function(f"{struct}_free")

    def place(self, keep: Keep) -> Any:
        return c_void_p()

    def take(self, place: Any) -> Any:
        address = place.value
        if address is None:
            return None
        try:
            return self.layout.row(address)
        finally:
            self.free(address)


class ColumnsOutput(Output):
    def __init__(self, parameter: _c.Parameter, row: str) -> None:
        super().__init__(parameter)
        self.row = row

    def place(self, keep: Keep) -> Any:
        return c_void_p()

    def take(self, place: Any) -> Any:
        return Columns(place.value, self.row)


class ListOutput(Output):
    """A list, read as a whole through its bulk view where it has one."""

    def __init__(self, parameter: _c.Parameter) -> None:
        super().__init__(parameter)
        struct = self.pointed.removesuffix("*").strip()
        assert struct.endswith("_list"), struct
        self.layout = layout(struct.removesuffix("_list"))
        self.bulk = f"{struct}_rows" in _c.FUNCTIONS
        self.rows = function(f"{struct}_rows" if self.bulk else f"{struct}_at")
        self.count, self.free = function(f"{struct}_count"), function(f"{struct}_free")

    def place(self, keep: Keep) -> Any:
        return c_void_p()

    def take(self, place: Any) -> list[Any]:
        if place.value is None:
            return []
        try:
            if not self.bulk:
                return [self.layout.row(self.rows(place, at)) for at in range(self.count(place))]
            stride, count = ctypes.c_size_t(), ctypes.c_size_t()
            first = self.rows(place, byref(stride), byref(count))
            return self.layout.rows(first, stride.value, count.value)
        finally:
            self.free(place)


# ---- the call


class Call:
    """A function of C as a function of keywords."""

    def __init__(self, symbol: str) -> None:
        _, parameters = _c.prototype(symbol)
        self.symbol, self.function = symbol, function(symbol)
        self.takes_unit = parameters[0].type == "trdb_uow *"
        self.reads = "reads" in parameters[0].notes
        self.names = {parameter.name for parameter in parameters if not parameter.type.endswith("_new *")}
        filters = (re.fullmatch(r"const (\w+)_filter \*", parameter.type) for parameter in parameters)
        self.row = next((found[1] for found in filters if found), "")
        self.inputs: list[Input] = []
        self.outputs: list[Output] = []
        rest = parameters[self.takes_unit:-1]
        while rest:
            taken = self.read(rest)
            rest = rest[taken:]
        self.adders = [input_.add for input_ in self.inputs]
        self.places = [output.place for output in self.outputs]
        self.result = _result_types.get(symbol)
        self.gives_ref = any(isinstance(output, RefOutput) for output in self.outputs)
        self.gives_stream = any(isinstance(output, StreamOutput) for output in self.outputs)

    def read(self, parameters: list[_c.Parameter]) -> int:
        """Adds what the next parameter is; gives how many it takes with it."""
        parameter = parameters[0]
        if parameter.name == "ret" or parameter.name.startswith("ret_"):
            self.outputs.append(output_of(parameter, self.row))
            return 1
        following = [other.name for other in parameters[1:3]]
        input_, taken = input_of(parameter, following, self.names, self.row)
        self.inputs.append(input_)
        return taken

    def _prepare(self, unit: Any, values: Values, keep: Keep) -> tuple[Arguments, Arguments]:
        """(what C is called with, but for the error; the places of results)."""
        arguments: Arguments = [unit] if self.takes_unit else []
        for add in self.adders:
            add(values, arguments, keep)
        places = []
        wanted = values.get("returning", True)
        wanted = wanted is True or boolean(wanted, "returning", keep)[0]
        for place in self.places:
            made = place(keep)
            places.append(made)
            arguments.append(byref(made) if wanted else None)
        return arguments, places

    @functools.cached_property
    def deferred(self) -> Any:
        """The function that puts this call into a batch, or None."""
        symbol = self.symbol.replace("trdb_", "trdb_batch_", 1)
        return function(symbol) if symbol in _c.FUNCTIONS else None

    def defer(self, batch: Any, values: Values) -> tuple[Output | None, Any]:
        """Puts the call into a batch; gives what will take its result, and from where."""
        keep, error = Keep(), c_void_p()
        arguments, places = self._prepare(batch, values, keep)
        code = self.deferred(*arguments, byref(error))
        if code < 0:
            raise exception(code, error)
        return (self.outputs[0], places[0]) if places else (None, None)

    def run(self, unit: Any, values: Values) -> Any:
        """Calls C; gives its results."""
        keep, error = Keep(), c_void_p()
        arguments, places = self._prepare(unit, values, keep)
        code = self.function(*arguments, byref(error))
        if code < 0:
            failure = exception(code, error)
            raise keep.raised or failure
        if self.result:
            return self.result(*(output.take(place) for output, place in zip(self.outputs, places)))
        return self.outputs[0].take(places[0]) if places else None


class InsertMany(Call):
    """insert_many(): many rows that are not wanted back go as columns, where they are alike. That takes less than half of
    the time."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        rows = self.inputs[0]
        assert isinstance(rows, NewsInput)
        self.struct = rows.struct.struct
        self.columns = call(symbol.replace("_insert_with", "_insert_columns"))

    def run(self, unit: Any, values: Values) -> Any:
        rows = values["rows"]
        if values["returning"] is False and values["method"] is None and isinstance(rows, list) and len(rows) >= MANY:
            columns = gather(rows, self.struct)
            if columns is not None:
                self.columns.run(unit, {**values, "columns": columns})
                return []
        return super().run(unit, values)


def input_of(parameter: _c.Parameter, following: list[str], others: set[str], row: str) -> tuple[Input, int]:
    """(the input, the number of C parameters that it fills); `others` are the names of the call's parameters, `row` is
    the struct of the rows that its filter chooses."""
    declared, pointed = parameter.type, parameter.type.removeprefix("const ").removesuffix("*").strip()
    if following == ["row_size", "count"]:
        return NewsInput(parameter, pointed), 3
    if following == ["column_size", "count"]:
        return GivenInput(parameter), 3
    if following[:1] == ["count"]:
        return KeysInput(parameter, "text" if declared == "const char *const *" else pointed), 2
    if declared == "const char *":
        return TextInput(parameter), 1
    if declared.endswith("*"):
        if pointed.endswith("_new") and parameter.name == "guard":
            return GuardInput(parameter, pointed), 1
        if pointed.endswith("_new"):
            return NewInput(parameter, pointed, others), 1
        if pointed.endswith("_filter"):
            return FilterInput(parameter, pointed), 1
        if pointed == "trdb_bulk_options":
            return BulkInput(parameter, pointed), 1
        if pointed == "trdb_columns_options":
            return ColumnsInput(parameter, pointed, row), 1
        if pointed.endswith("_options"):
            return OptionsInput(parameter, pointed), 1
        return (RowInput(parameter, pointed) if pointed in _c.STRUCTS else HandleInput(parameter)), 1
    if "flags" in parameter.notes:
        return FlagsInput(parameter), 1
    return (ValueInput if declared.startswith("trdb_") else NumberInput)(parameter), 1


def output_of(parameter: _c.Parameter, row: str) -> Output:
    pointed = parameter.type.removesuffix("*").strip()
    if pointed == "trdb_columns *":
        return ColumnsOutput(parameter, row)
    if parameter.name == "ret_keys":
        return KeysOutput(parameter)
    if pointed == "trdb_ref":
        return RefOutput(parameter)
    if pointed.endswith("_stream *"):
        return StreamOutput(parameter)
    if pointed.endswith("*") and pointed != "const char *":
        struct = pointed.removesuffix("*").strip()
        return RowOutput(parameter) if is_row(struct) else ListOutput(parameter)
    return ValueOutput(parameter)


def results(symbol: str, kind: Callable[..., Any]) -> None:
    """Says in what a call with several results gives them."""
    _result_types[symbol] = kind


class _Calls(dict[str, Call]):
    def __missing__(self, symbol: str) -> Call:
        made = self[symbol] = InsertMany(symbol) if symbol.endswith("_insert_with") else Call(symbol)
        return made


call: Callable[[str], Call] = _Calls().__getitem__
"""The call of a function of C, by its symbol; compiled at its first use."""
