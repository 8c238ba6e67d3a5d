# SPDX-License-Identifier: MIT
"""What the package knows of C, against the compiler and the compiled library: a C program is made from the same tables."""
import ctypes
import re
import subprocess

import support
import tap

support.prepare()
import tradingdb  # noqa: E402
from tradingdb import _c, _choice, _library  # noqa: E402
from tradingdb._row import _classes, layout  # noqa: E402

WORK = support.WORK / "python-layout"


def program():
    """The C source: sizes and offsets, constants, and an assignment per function that only its own type allows."""
    lines = ["#include <tradingdb/tradingdb.h>", "#include <stdio.h>", ""]
    for number, symbol in enumerate(_c.FUNCTIONS):
        result, parameters = _c.prototype(symbol)
        types = ", ".join(parameter.type for parameter in parameters) or "void"
        lines.append(f"{result} (*const function_{number})({types}) = {symbol};")
    lines += ["int main(void) {"]
    for struct in _c.STRUCTS:
        lines.append(f'    printf("size {struct} %zu\\n", sizeof({struct}));')
        lines += [f'    printf("at {struct} {field.name} %zu\\n", offsetof({struct}, {field.name}));'
                  for field in _c.fields(struct)]
    for members in _c.CONSTANTS.values():
        lines += [f'    printf("number {name} %d\\n", (int){name});' for name in members]
    for enum, kind in _choice._registered.items():
        if f"trdb_{enum}_to_string" in _c.FUNCTIONS:
            lines += [f'    printf("text {enum} {member.code} %s\\n", trdb_{enum}_to_string({member.code}));'
                      for member in kind]
    return "\n".join([*lines, "    return 0;", "}"]) + "\n"


def run_program():
    WORK.mkdir(exist_ok=True)
    (WORK / "layout.c").write_text(program())
    subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Werror", f"-I{support.SOURCE}/include", str(WORK / "layout.c"), "-o",
                    str(WORK / "layout"), f"-L{support.BUILD}/lib", "-ltradingdb",
                    f"-Wl,-rpath,{support.BUILD}/lib", "-Wl,--unresolved-symbols=ignore-in-shared-libs"], check=True)
    return subprocess.run([str(WORK / "layout")], env=support.environment(), check=True, capture_output=True,
                          text=True).stdout.splitlines()


def said(word):
    return [line.split(" ", 3)[1:] for line in OUTPUT if line.startswith(word + " ")]


def functions():
    """every exported function is known by its prototype; the compiler agrees with each"""
    mapped = set(re.findall(r"^    (\w+);$", (support.SOURCE / "lib/tradingdb.map").read_text(), re.M))
    support.equal(set(_c.FUNCTIONS), mapped)
    for symbol in mapped:
        assert _library.function(symbol)


def sizes():
    """every struct has the size that the compiler gives it"""
    found = {struct: ctypes.sizeof(_c.ctype(struct)) for struct in _c.STRUCTS}
    support.equal(found, {struct: int(size) for struct, size in said("size")})
    assert len(found) > 80


def offsets():
    """every field is where the compiler has it"""
    found = {(struct, field.name): _c.offset(struct, field.name) for struct in _c.STRUCTS for field in _c.fields(struct)}
    support.equal(found, {(struct, field): int(offset) for struct, field, offset in said("at")})
    assert len(found) > 600


def constants():
    """every constant has the number that the compiler gives it"""
    found = {name: number for members in _c.CONSTANTS.values() for name, number in members.items()}
    support.equal(found, {name: int(number) for name, number in said("number")})
    assert len(found) > 200


def enums():
    """every member of a closed set has the number and the text of the library"""
    found = {(enum, member.code): member.value for enum, kind in _choice._registered.items()
             if f"trdb_{enum}_to_string" in _c.FUNCTIONS for member in kind}
    support.equal(found, {(enum, int(code)): text for enum, code, text in said("text")})
    assert len(found) > 40
    for enum, kind in _choice._registered.items():
        numbers = set(_c.CONSTANTS[f"trdb_{enum}"].values()) - {0}
        support.equal({member.code for member in kind} - {0}, numbers)


def errors():
    """an exception class for every error code, and no other"""
    from tradingdb._generated.errors import BY_CODE
    codes = {name: number for name, number in _c.CONSTANTS["trdb_error_code"].items() if number < 0}
    support.equal(set(BY_CODE), set(codes.values()))
    for name, number in codes.items():
        wanted = "".join(word.capitalize() for word in name.removeprefix("TRDB_E_").split("_"))
        support.equal(BY_CODE[number].__name__, wanted)
        assert getattr(tradingdb, wanted) is BY_CODE[number]
        assert issubclass(BY_CODE[number], tradingdb.Error)


def row_formats():
    """the formats that rows are unpacked by end where the struct does"""
    assert len(_classes) > 20
    for struct in _classes:
        spec = layout(struct)
        size = ctypes.sizeof(_c.ctype(struct))
        support.equal(spec.struct_of(size).size, size)
        support.equal(spec.struct_of(size + 24).size, size + 24)  # of a newer library


OUTPUT = run_program()
tap.run(functions, sizes, offsets, constants, enums, errors, row_formats)
