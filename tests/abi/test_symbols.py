# SPDX-License-Identifier: MIT
"""What the shared library exports and imports, against its map and its headers."""
import os
import pathlib
import re
import subprocess

import tap

SOURCE = pathlib.Path(os.environ["TRDB_TEST_SOURCE"])
LIBRARY = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "lib" / "libtradingdb.so.0"
FORBIDDEN = {"exit", "_exit", "_Exit", "quick_exit", "abort", "printf", "vprintf", "puts", "putchar", "perror",
             "syslog", "vsyslog", "__printf_chk", "__vprintf_chk", "__syslog_chk"}


def nm(*options):
    out = subprocess.run(["nm", "-D", *options, str(LIBRARY)], check=True, capture_output=True, text=True).stdout
    return [line.split()[-1] for line in out.splitlines() if line.strip()]


def exported():
    """name -> version node"""
    symbols = {}
    for entry in nm("--defined-only", "--with-symbol-versions"):
        name, _, node = entry.partition("@@")
        if name != node and name != "":
            symbols[name] = node
    return {name: node for name, node in symbols.items() if not name.startswith("TRADINGDB_")}


def mapped():
    """name -> version node, as the map file says"""
    text = re.sub(r"/\*.*?\*/", "", (SOURCE / "lib/tradingdb.map").read_text(), flags=re.S)
    symbols = {}
    for node, body in re.findall(r"(TRADINGDB_[0-9.]+)\s*\{(.*?)\}", text, flags=re.S):
        body = body.split("local:")[0].replace("global:", "")
        for name in re.findall(r"([A-Za-z_][\w*]*)\s*;", body):
            symbols[name] = node
    return symbols


def declared():
    """Functions that the public headers mark TRDB_API."""
    names = set()
    for header in sorted((SOURCE / "include/tradingdb").glob("*.h")):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for prototype in re.findall(r"^TRDB_API\b([^;{]*?);", text, flags=re.M | re.S):
            names.add(re.search(r"(\w+)\s*\(", prototype).group(1))
    return names


def same(left, right, left_name, right_name):
    problems = [f"{name}: in {left_name}, not in {right_name}" for name in sorted(set(left) - set(right))]
    problems += [f"{name}: in {right_name}, not in {left_name}" for name in sorted(set(right) - set(left))]
    assert not problems, "\n".join(problems)


def exports_equal_map():
    """exported symbols equal the map, both ways"""
    names, nodes = exported(), mapped()
    assert names
    same(names, nodes, "the library", "the map")
    wrong = [f"{name}: {node}, map says {nodes[name]}" for name, node in names.items() if nodes[name] != node]
    assert not wrong, "\n".join(wrong)


def map_is_explicit():
    """the map names each symbol"""
    assert not [name for name in mapped() if "*" in name]


def headers_equal_exports():
    """every function of the headers is exported, and every export is in a header"""
    same(declared(), exported(), "the headers", "the library")


def imports_are_polite():
    """nothing that ends the host or writes for it is imported"""
    imported = {name.split("@")[0] for name in nm("--undefined-only")}
    assert "PQconnectStartParams" in imported or "PQexecPrepared" in imported or "PQsendQueryPrepared" in imported
    assert not imported & FORBIDDEN, sorted(imported & FORBIDDEN)


def hardened():
    """the library and the command are hardened: full RELRO, no executable stack, stack protector"""
    for path in (LIBRARY, LIBRARY.parents[1] / "bindings/cli/tradingdb"):
        out = subprocess.run(["readelf", "-W", "-d", "-l", "-s", str(path)], check=True, capture_output=True,
                             text=True).stdout
        assert "GNU_RELRO" in out and ("BIND_NOW" in out or "NOW" in out), path
        assert re.search(r"GNU_STACK.* RW ", out), path
        assert "__stack_chk_fail" in out, path


def soname_and_version():
    """the soname is libtradingdb.so.0, and headers, library and NEWS agree on the version"""
    out = subprocess.run(["readelf", "-d", str(LIBRARY)], check=True, capture_output=True, text=True).stdout
    assert "[libtradingdb.so.0]" in out
    text = (SOURCE / "include/tradingdb/base.h").read_text()
    version = re.search(r'#define TRDB_VERSION "([^"]+)"', text).group(1)
    numbers = re.findall(r"#define TRDB_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text)
    assert version == ".".join(numbers)
    assert f"version: '{version}'" in (SOURCE / "meson.build").read_text()
    assert (SOURCE / "NEWS").read_text().startswith(f"libtradingdb {version}\n")


def sources_carry_the_licence():
    """every source file names its licence"""
    files = subprocess.run(["git", "-C", str(SOURCE), "ls-files"], check=True, capture_output=True,
                           text=True).stdout.split("\n")
    kinds = (".c", ".h", ".cpp", ".py", ".sh", ".sql", ".toml", "meson.build", ".map", ".scd")
    missing = [name for name in files if name.endswith(kinds) and (SOURCE / name).is_file()
               and "SPDX-License-Identifier: MIT" not in (SOURCE / name).read_text()[:400]]
    assert not missing, missing


# The sanitizers bring imports of their own; what the library itself imports is judged on the plain build.
tap.run(exports_equal_map, map_is_explicit, headers_equal_exports, soname_and_version, sources_carry_the_licence,
        *([imports_are_polite, hardened] if os.environ["TRDB_TEST_VARIANT"] != "sanitize" else []))
