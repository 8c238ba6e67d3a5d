# SPDX-License-Identifier: MIT
"""Runs every command and compiles every snippet of README.md, HACKING.md and docs/, on an installed copy."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import tap

SOURCE = pathlib.Path(os.environ["TRDB_TEST_SOURCE"])
HOST = os.environ["TRDB_TEST_DIRECT"]  # the pages migrate
WORK = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TRDB_TEST_DIR"]))
PREFIX = WORK / "prefix"
PAGES = [SOURCE / "README.md", SOURCE / "HACKING.md", *sorted((SOURCE / "docs").glob("*.md")),
         SOURCE / "bindings/python/README.md"]

# Commands that other suites run, or that would run this one again.
ELSEWHERE = {"./examples/quickstart.sh": "examples/test_quickstart.sh", "./tests/run.sh": "support/suites.py"}
# What stands in a command for the reader's own, and what the test puts there.
HERE = {"/usr/local": str(PREFIX)}

environment = dict(os.environ)


def shell(command, cwd):
    done = subprocess.run(["bash", "-eu", "-c", command], cwd=cwd, env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)


def sync_to_disk(setting):
    """The server of the tests does without fsync; `tradingdb doctor` calls that the problem that it is."""
    admin = f"psql -qAtX -d 'host={HOST} user=tester dbname=postgres'"
    shell(f"{admin} -c 'ALTER SYSTEM {setting}' -c 'SELECT pg_reload_conf()'", WORK)
    wanted = "on" if setting.startswith("SET") else "off"
    shell(f"for _ in $(seq 600); do [ \"$({admin} -c 'SHOW fsync')\" != {wanted} ] || exit 0; sleep 0.05; done;"
          " exit 1", WORK)


def install():
    """the library installs, with headers, pkg-config file, command and man page"""
    shell(f"meson setup {WORK}/build {SOURCE} --prefix={PREFIX} --libdir=lib -Dtests=false -Dexamples=false"
          f" && meson install -C {WORK}/build --quiet", SOURCE)
    for path in ("include/tradingdb/tradingdb.h", "lib/libtradingdb.so.0", "lib/libtradingdb.a",
                 "lib/pkgconfig/tradingdb.pc", "bin/tradingdb", "share/man/man1/tradingdb.1",
                 "share/tradingdb/migrations/framework/0001_types.up.sql"):
        assert (PREFIX / path).exists(), path
    environment.update(PATH=f"{PREFIX}/bin:{environment['PATH']}", LD_LIBRARY_PATH=f"{PREFIX}/lib",
                       PKG_CONFIG_PATH=f"{PREFIX}/lib/pkgconfig",
                       DB_URL=f"host={HOST} user=tester dbname=docs")
    shell(f"psql -qX -d 'host={HOST} user=tester dbname=postgres' -c 'DROP DATABASE IF EXISTS docs WITH (FORCE)'"
          f" -c 'CREATE DATABASE docs'", WORK)


def destdir():
    """meson install --destdir gives a usable tree"""
    shell(f"meson install -C {WORK}/build --quiet --destdir {WORK}/dest", SOURCE)
    assert (WORK / "dest" / str(PREFIX).lstrip("/") / "bin/tradingdb").exists()


def readme():
    """README.md: its commands run, its program compiles outside the tree and does a unit of work"""
    outside, clone = WORK / "outside", WORK / "clone"
    outside.mkdir()
    clone.mkdir()  # a copy, since the reader's build directory lies in the clone
    shell(f"git ls-files -z | xargs -0 cp --parents -t {clone}", SOURCE)
    program, = blocks(SOURCE / "README.md", "c")
    (outside / "engine.c").write_text(program)
    output = ""
    sync_to_disk("SET fsync = on")
    try:
        for block in blocks(SOURCE / "README.md", "sh"):
            if block.strip() in ELSEWHERE:
                continue
            if "meson" in block:
                for there, here in HERE.items():
                    block = block.replace(there, here)
                shell(block, WORK / "clone")
            else:
                output += shell(block, outside)
    finally:
        sync_to_disk("RESET fsync")
    assert "has a bot" in output and "added user 1" in output, output


def sandbox_options():
    """A sandbox of the test's own; as root its server belongs to postgres, as docs/operations.md says."""
    place = pathlib.Path(os.environ["TRDB_TEST_DIR"]) / "docs"
    place.mkdir(exist_ok=True)
    if os.getuid() != 0:
        return f"--dir {place}/sandbox"
    shutil.chown(place, "postgres")
    return f"--dir {place}/sandbox --user postgres"


def other_commands():
    """the commands of HACKING.md and docs/ run"""
    options = sandbox_options()
    here = ('tradingdb() { if [ "$1" = sandbox ]; then command tradingdb "$@" ' + options
            + '; else command tradingdb "$@"; fi; }\n')
    sync_to_disk("SET fsync = on")
    try:
        for page in PAGES[1:]:
            for block in blocks(page, "sh"):
                if block.strip() not in ELSEWHERE:
                    shell("command tradingdb migrate up; " + here + block, WORK / "clone")
        shell("tradingdb migrate up", WORK)
    finally:
        sync_to_disk("RESET fsync")
        shell(f"tradingdb sandbox stop --delete {options}", WORK)


def other_snippets():
    """the C snippets of HACKING.md and docs/ compile"""
    for page in PAGES[1:]:
        for snippet in blocks(page, "c"):
            path = WORK / "snippet.c"
            path.write_text(snippet)
            shell(f"cc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only {path} $(pkg-config --cflags tradingdb)", WORK)


def python_snippets():
    """the Python snippets of all pages run with the installed package"""
    package, = PREFIX.glob("lib/python3*/*-packages/tradingdb")
    run = 0
    for page in PAGES:
        for snippet in blocks(page, "python"):
            (WORK / "snippet.py").write_text(snippet)
            shell(f"PYTHONPATH={package.parent} PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 {WORK}/snippet.py", WORK)
            run += 1
    assert run >= 3, run


def cpp_outside():
    """the C++ engine compiles outside the tree against the installed copy and runs"""
    shell(f"c++ -std=c++17 -Wall -Wextra -Werror {SOURCE}/examples/engine.cpp -o {WORK}/engine"
          f" $(pkg-config --cflags --libs tradingdb) && {WORK}/engine", WORK)


def names_exist():
    """every function, type, constant, file and option that the pages name exists"""
    headers = "".join(path.read_text() for path in (SOURCE / "include/tradingdb").glob("*.h"))
    settings = "".join(path.read_text() for path in (SOURCE / "tests").glob("*/test_*.[pc]*"))  # of test programs
    sources = headers + "".join(path.read_text() for path in SOURCE.glob("lib/**/*.[ch]"))
    missing = []
    for page in PAGES:
        text = page.read_text()
        for name in set(re.findall(r"\b(?:trdb_\w+|TRDB_\w+)\b", text)):
            if not name.endswith("_") and not re.search(rf"\b{name}\b", headers + settings):
                missing.append(f"{page.name}: {name}")
        for name in set(re.findall(r"\btrdbi_\w+\b", text)):
            if not name.endswith("_") and not re.search(rf"\b{name}\b", sources):
                missing.append(f"{page.name}: {name}")
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            if "://" not in target and not (page.parent / target).exists():
                missing.append(f"{page.name}: link {target}")
        for path in set(re.findall(r"`((?:lib|schema|tests|examples|bindings|docs|include)/[\w./-]+)`", text)):
            if not (SOURCE / path).exists() and "vX_Y" not in path and "NNNN" not in path:
                missing.append(f"{page.name}: path {path}")
    assert not missing, "\n".join(missing)


def error_codes():
    """docs/errors.md explains every code, and no other"""
    declared = set(re.findall(r"\b(TRDB_E_\w+) = -", (SOURCE / "include/tradingdb/error.h").read_text()))
    explained = set(re.findall(r"\b(TRDB_E_\w+)\b", (SOURCE / "docs/errors.md").read_text()))
    assert declared == explained, declared ^ explained


tap.run(install, destdir, readme, other_commands, other_snippets, python_snippets, cpp_outside, names_exist, error_codes)
