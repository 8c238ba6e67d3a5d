# SPDX-License-Identifier: MIT
"""What the library's own code costs for an insert, a get and a row, in instructions. A change by more than 5 % is a
mistake or wants a new figure: INSTRUCTIONS=write writes those of this build to instructions.tsv."""
import os
import pathlib
import subprocess

import callgrind
import tap

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ["TRDB_TEST_BUILD"])
KEPT = HERE / "instructions.tsv"
BAND = 0.05
DATABASE = f"instructions_{os.getpid()}"
ROWS = 1000
# Name, workload and variant of the library's peer, operations. W5 reads what was loaded, so it is one run.
CASES = [
    ("insert", "w1", "safe", 50),
    ("insert fast_commit", "w1", "fast", 50),
    ("unit of work", "w2", "safe", 50),
    ("get", "w3", "get", 50),
    ("get in a batch", "w3", "batch", 160),
    ("insert many", "w4", "noids", 500),
    ("insert many with keys", "w4", "ids", 500),
    ("insert columns", "w4", "columns", 500),
    ("list", "w5", "rows", None),
    ("columns", "w5", "columns", None),
]


def psql(database, *arguments):
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", database, *arguments], check=True,
                   stdout=subprocess.DEVNULL)


def load():
    os.environ.update(PGHOST=os.environ["TRDB_TEST_HOST"], PGUSER="tester", PGDATABASE=DATABASE)
    psql("postgres", "-c", f"CREATE DATABASE {DATABASE} TEMPLATE trdb_template")
    subprocess.run([BUILD / "bindings/cli/tradingdb", "migrate", "up", "--schema", "w", "--database", f"dbname={DATABASE}"],
                   check=True, stdout=subprocess.DEVNULL)
    psql(DATABASE, "-v", f"n={ROWS}", "-f", str(HERE / "load.sql"))


def measured(workload, variant, count):
    """Of the library alone: libpq and the C library are others', and differ from machine to machine."""
    command = [str(BUILD / "tests" / "bench" / "library_peer"), workload, variant]
    def ours(totals):
        return sum(number for name, number in totals.items() if name.startswith("libtradingdb.so"))
    if count is None:
        return ours(callgrind.by_object([*command, "1"])) / ROWS
    return callgrind.per_operation(command, count, ours)


def kept():
    return {name: float(number) for name, number in
            (line.split("\t") for line in KEPT.read_text().splitlines() if not line.startswith("#"))}


def write(numbers):
    lines = ["# Instructions of libtradingdb.so for one operation or row, gcc 12 at -O2; see test_instructions.py"]
    KEPT.write_text("\n".join(lines + [f"{name}\t{number:.0f}" for name, number in numbers.items()]) + "\n")


def test_of(name, workload, variant, count):
    def check():
        number, expected = measured(workload, variant, count), kept()[name]
        assert abs(number / expected - 1) <= BAND, f"{name}: {number:.0f} instructions, {expected:.0f} are kept"
    check.__doc__ = f"{name}: the instructions are those that are kept"
    return check


def main():
    load()
    try:
        if os.environ.get("INSTRUCTIONS") == "write":
            write({name: measured(*case) for name, *case in CASES})
        tap.run(*[test_of(*case) for case in CASES])
    finally:
        psql("postgres", "-c", f"DROP DATABASE {DATABASE} WITH (FORCE)", "-c", "DROP ROLE bench_off")


main()
