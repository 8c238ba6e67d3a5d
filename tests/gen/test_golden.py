# SPDX-License-Identifier: MIT
"""The committed outputs: those of the toy schema and those of the real one are what the generator writes."""
import re
import subprocess
import tempfile

import generator
import tap
from generator import HERE, SOURCE

TOY = HERE / "toy" / "golden"
WARNINGS = ["-std=gnu11", "-Wall", "-Wextra", "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wstrict-prototypes",
            "-Wmissing-prototypes", "-Wwrite-strings", "-Wundef", "-Werror", "-D_GNU_SOURCE"]
INCLUDES = [f"-I{SOURCE}/include", f"-I{SOURCE}/lib", f"-I{TOY}"]


def check_with(command, *paths):
    """Warnings come without code being made."""
    done = subprocess.run([*command, *INCLUDES, "-fsyntax-only", *map(str, paths)], capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)} {paths}\n{done.stderr}"


def golden_outputs():
    """the toy's outputs are the committed ones"""
    generator.accepted(HERE / "toy" / "api.toml", "--check")


def real_outputs():
    """the real schema's outputs are the committed ones"""
    generator.accepted(SOURCE / "schema" / "api.toml", "--check")


def stale_is_named():
    """a stale, a missing and a leftover file are named, and writing makes them right"""
    with generator.toy() as toy:
        golden = toy / "golden"
        (golden / "toy.h").write_text((golden / "toy.h").read_text() + "\n")
        (golden / "toy_items.md").unlink()
        (golden / "gone.h").write_text((golden / "toy.h").read_text())
        status, output = generator.run(toy / "api.toml", "--check")
        assert status == 1
        named = sorted(re.findall(r"/golden/(\S+): stale", output))
        assert named == ["gone.h", "toy.h", "toy_items.md"], output
        generator.accepted(toy / "api.toml")
        generator.accepted(toy / "api.toml", "--check")
        assert not (golden / "gone.h").exists()
        for path in TOY.iterdir():
            assert path.read_bytes() == (golden / path.name).read_bytes(), path.name


def sources_compile():
    """generated C compiles without a warning, with gcc and clang"""
    for compiler in ("gcc", "clang"):
        check_with([compiler, *WARNINGS], *sorted(TOY.glob("*.c")), *sorted((SOURCE / "lib" / "gen").glob("*.c")))


def header_compiles():
    """a generated header is C99 and C++17; tests/abi/test_headers.sh has those of the library"""
    with tempfile.NamedTemporaryFile("w", suffix=".c") as unit:
        unit.write('#include "toy.h"\n')
        unit.flush()
        for command in (["gcc", "-x", "c", "-std=c99"], ["clang", "-x", "c", "-std=c99"], ["g++", "-x", "c++", "-std=c++17"],
                        ["clang++", "-x", "c++", "-std=c++17"]):
            check_with([*command, "-pedantic", "-Wall", "-Wextra", "-Werror"], unit.name)


def asserts_bite():
    """the layout asserts fail when a field moves"""
    text = (TOY / "asserts.c").read_text()
    assert "AT(trdb_toy_box, code, 16);" in text
    with tempfile.NamedTemporaryFile("w", suffix=".c") as unit:
        unit.write(text.replace("AT(trdb_toy_box, code, 16);", "AT(trdb_toy_box, code, 24);"))
        unit.flush()
        done = subprocess.run(["gcc", *WARNINGS, *INCLUDES, "-fsyntax-only", unit.name], capture_output=True, text=True)
    assert done.returncode != 0 and "trdb_toy_box.code" in done.stderr, done.stderr


def every_symbol_is_mapped():
    """the symbol map holds every public function of the headers and nothing else"""
    import sources
    wanted = {name for path in (SOURCE / "include" / "tradingdb").glob("*.h")
              for name in sources.exported(path.read_text())}
    mapped = re.findall(r"^    (\w+);$", (SOURCE / "lib" / "tradingdb.map").read_text(), re.M)
    assert len(mapped) == len(set(mapped))
    assert set(mapped) == wanted, set(mapped) ^ wanted
    assert {"trdb_open", "trdb_decimal_parse", "trdb_trading_trade_insert"} <= wanted


def no_field_without_words():
    """every public function, type and field of the generated headers has a comment"""
    for domain in ("users", "jobs", "trading", "telegram"):
        lines = (SOURCE / "include" / "tradingdb" / f"{domain}.h").read_text().splitlines()
        for number, line in enumerate(lines):
            said = "/**<" in line or lines[number - 1].rstrip().endswith("*/")
            field = re.match(r"    (const )?\w+ \**\w+;", line) and "(" not in line
            if field or re.match(r"(TRDB_API|typedef struct|enum) ", line):
                assert said, f"{domain}.h:{number + 1}: {line}"


tap.run(golden_outputs, real_outputs, stale_is_named, sources_compile, header_compiles, asserts_bite,
        every_symbol_is_mapped, no_field_without_words)
