# SPDX-License-Identifier: MIT
"""The man pages against the command table, as --help tells it: nothing is missing on either side."""
import os
import pathlib
import re
import shutil
import subprocess

import tap
from cli import works

PAGES = pathlib.Path(os.environ["TRDB_TEST_SOURCE"]) / "bindings/cli/man"
BUILT = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "bindings/cli/man"
COMMON = {"database", "schema", "json", "csv", "tz", "color", "help", "version"}


def table():
    """Every command of the table with its operands: {"users role": "ID ROLE"}."""
    everything = works("--help").out
    found = re.findall(r"^  ([a-z]+(?: [a-z]+)?)((?: \[?[A-Z]+\]?)*|(?: \[--\] CMD…))(?:  |$)", everything, re.M)
    assert len(found) > 25, found
    return {name: operands.strip() for name, operands in found}


def options(command):
    """The options of a command as --help shows them: {name: (letter, value)}."""
    lines = re.findall(r"^  (?:-(\w), |    )--([a-z-]+)(?: ([A-Z]+))?(?:  |$)", works(*command.split(), "--help").out, re.M)
    assert ("h", "help", "") in lines, command
    return {name: (letter, value) for letter, name, value in lines}


def page(command):
    path = PAGES / f"tradingdb-{command.split()[0]}.1.scd"
    return path.read_text() if path.exists() else (PAGES / "tradingdb.1.scd").read_text()


def plain(text):
    return text.replace("*", "").replace("_", "").replace("\\", "")


def commands_in_pages():
    """each command has its synopsis, and no page shows another command"""
    commands = table()
    overview = plain((PAGES / "tradingdb.1.scd").read_text())
    for command, operands in commands.items():
        group, _, action = command.partition(" ")
        if (PAGES / f"tradingdb-{group}.1.scd").exists():
            synopsis = plain(page(command)).partition("SYNOPSIS")[2].partition("\n#")[0]
            assert re.search(rf"^tradingdb {command}\b", synopsis, re.M), command
            for operand in re.findall(r"[A-Z]+", operands):
                assert re.search(rf"^tradingdb {command}\b[^\n]*\b{operand}\b", synopsis, re.M), (command, operand)
        assert re.search(rf"^{group}\b.*{action}", overview, re.M), f"{command} is not in tradingdb.1"
    for path in PAGES.glob("tradingdb-*.scd"):
        text = plain(path.read_text())
        for shown in re.findall(r"^tradingdb ([a-z]+(?: [a-z]+)?)", text.partition("SYNOPSIS")[2].partition("\n#")[0], re.M):
            assert shown in commands, f"{path.name} shows {shown}"
        assert f"{path.name[:-6]}(1)" in overview, path.name


def options_in_pages():
    """each option is documented with its letter and value, and no page has another one"""
    overview = (PAGES / "tradingdb.1.scd").read_text()
    of_page = {}
    for command in table():
        text = page(command)
        documented = of_page.setdefault(command.split()[0], set())
        for name, (letter, value) in options(command).items():
            documented.add(name)
            own = re.search(rf"^\*-[^\n]*\*--{name}\*|^\*--{name}\*", text, re.M)
            where = text if own or name not in COMMON else overview
            head = re.search(rf"^(?!\t)[^\n]*\*--{name}\*[^\n]*$", where, re.M)
            assert head, f"{command}: --{name} is in no page"
            if letter:
                assert f"*-{letter}*, *--{name}*" in where, f"{command}: -{letter} is not with --{name}"
            if value:
                assert re.search(rf"\*--{name}\* _\w+_", where), f"{command}: --{name} has no value in the page"
    for path in PAGES.glob("*.scd"):
        group = path.name[len("tradingdb-"):-len(".1.scd")]
        known = of_page.get(group, set()) | COMMON
        text = path.read_text()
        if path.name == "tradingdb.1.scd":
            text = text.partition("# COMMON OPTIONS")[2].partition("\n# ")[0]
        heads = "\n".join(line for line in text.splitlines() if line.startswith("*-") or line.startswith("*tradingdb "))
        for name in set(re.findall(r"\*--([a-z-]+)\*", heads)):
            assert name in known, f"{path.name} has --{name}"


def values_in_pages():
    """each value of a closed set stands in the page"""
    for command in table():
        for values in re.findall(r"^ +[A-Z]+: ((?:[a-z_]+(?:, |,?\n +|$))+)", works(*command.split(), "--help").out, re.M):
            for value in re.findall(r"[a-z_]+", values):
                text = page(command) + (PAGES / "tradingdb.1.scd").read_text()
                assert re.search(rf"\b{value}\b", text), f"{command}: {value} is in no page"


def built():
    """every page is built, and man has nothing against it"""
    if not shutil.which("scdoc"):
        return
    for source in PAGES.glob("*.scd"):
        path = BUILT / source.stem
        assert path.exists(), path
        if shutil.which("man"):
            done = subprocess.run(["man", "--warnings", "-l", str(path)], capture_output=True, text=True,
                                  env={**os.environ, "MANPAGER": "cat", "LC_ALL": "C.UTF-8"})
            assert done.returncode == 0 and done.stderr == "", done.stderr


if __name__ == "__main__":
    tap.run(commands_in_pages, options_in_pages, values_in_pages, built)
