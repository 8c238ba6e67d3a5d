# SPDX-License-Identifier: MIT
"""Runs the peers of every workload in interleaved rounds (A B C, A B C, …) and prints tables of medians and ratios.

driver.py BUILD [--quick] [--only w1,w4] [--programs libpq,library] [--pair WORKLOAD A B [--rounds N]]

--quick   a twentieth of the operations, one round: whether everything runs; quote none of its figures
--only    some workloads; --programs some kinds of peers: libpq, library, python, others
--pair    two peers alone, in turn, for a ratio that has to be exact; with it the instructions of one operation
          of both, where valgrind is there

The server comes from the PG* environment. A peer is a process that prints wall time, its own CPU time (user and
system, all threads), that of its server process and its peak memory. Start and preparation are outside the timed part.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]

# Workload: what it is, its operations, its rounds, what a writer leaves behind, and its peers: (name, program,
# variant, the peer that it is held against, the limit of the ratio of wall times).
WORKLOADS = {
    "w1": ("insert one trade in a transaction", 6000, 5, [
        ("raw_prep", "libpq", "prep", None, None),
        ("raw_pipe_txn", "libpq", "pipe_txn", "raw_prep", None),
        ("raw_pipe2_txn", "libpq", "pipe2_txn", "raw_prep", None),
        ("tradingdb fast_commit", "library", "fast", "raw_pipe_txn", 1.05),
        ("tradingdb", "library", "safe", "raw_pipe2_txn", 1.05),
        ("Python fast_commit", "python", "fast", "raw_pipe_txn", 1.3),
        ("Python", "python", "safe", "raw_pipe2_txn", 1.3),
        ("asyncpg", "others", "asyncpg", "raw_pipe_txn", None)]),
    "w2": ("position, trade and bot in one unit", 3000, 5, [
        ("raw_prep", "libpq", "prep", None, None),
        ("raw_pipe2", "libpq", "pipe2", "raw_prep", None),
        ("raw_pipe1", "libpq", "pipe1", "raw_prep", None),
        ("raw_pipe2_txn", "libpq", "pipe2_txn", "raw_prep", None),
        ("tradingdb fast_commit", "library", "fast", "raw_prep", 0.60),
        ("tradingdb", "library", "safe", "raw_prep", 0.75),
        ("Python fast_commit", "python", "fast", "raw_prep", 0.9),
        ("Python", "python", "safe", "raw_prep", 0.9),
        ("asyncpg", "others", "asyncpg", "raw_prep", None)]),
    "w3": ("get a trade by its key", 12000, 5, [
        ("raw_prep", "libpq", "prep", None, None),
        ("raw_pipe", "libpq", "pipe", "raw_prep", None),
        ("tradingdb", "library", "get", "raw_prep", 1.05),
        ("tradingdb batch of 16", "library", "batch", "raw_pipe", 1.1),
        ("Python", "python", "get", "raw_prep", 1.3),
        ("Python batch of 16", "python", "batch", "raw_pipe", 1.5),
        ("asyncpg", "others", "asyncpg", "raw_prep", None)]),
    "w4": ("write 100,000 trades", 100000, 3, [
        ("raw_copybin", "libpq", "copybin", None, None),
        ("raw_unnest", "libpq", "unnest", "raw_copybin", None),
        ("tradingdb", "library", "noids", "raw_copybin", 1.3),
        ("tradingdb columns", "library", "columns", "raw_copybin", 1.3),
        ("tradingdb with keys", "library", "ids", "raw_unnest", 1.3),
        ("Python columns", "python", "columns", "raw_copybin", None),
        ("Python objects", "python", "objects", "raw_copybin", None),
        ("Python objects, keys", "python", "keys", "raw_unnest", None),
        ("psycopg 3", "others", "psycopg3", "raw_copybin", None),
        ("asyncpg", "others", "asyncpg", "raw_copybin", None)]),
    "w5": ("read a million trades", 1000000, 3, [
        ("raw_copybin", "libpq", "copybin", None, None),
        ("raw_single", "libpq", "single", "raw_copybin", None),
        ("tradingdb rows", "library", "rows", "raw_copybin", 1.1),
        ("tradingdb columns", "library", "columns", "raw_copybin", 1.1),
        ("Python columns", "python", "columns", "raw_copybin", 1.3),
        ("Python Arrow", "python", "arrow", "raw_copybin", 1.3),
        ("Python objects", "python", "objects", "raw_copybin", None),
        ("asyncpg", "others", "asyncpg", "raw_copybin", None),
        ("pandas.read_sql", "others", "pandas", "raw_copybin", None)]),
    "w6": ("checkout and return", 800000, 5, [
        ("raw_nosql1", "libpq", "nosql1", None, None),
        ("tradingdb 1 thread", "library", "nosql1", "raw_nosql1", None),
        ("raw_nosql", "libpq", "nosql", None, None),
        ("tradingdb 8 threads", "library", "nosql", "raw_nosql", None)]),
}
WRITES = {"w1", "w2", "w4"}


def commands(build):
    """How a peer's program is called. BENCH_PYTHON: an interpreter with newer drivers than Debian 12's."""
    return {
        "libpq": [str(build / "tests/bench/libpq_peer")],
        "library": [str(build / "tests/bench/library_peer")],
        "python": [sys.executable, str(HERE / "python_peer.py")],
        "others": [*os.environ.get("BENCH_PYTHON", sys.executable).split(), str(HERE / "others_peer.py")],
    }


def sql(text):
    subprocess.run(["psql", "-qX", "-v", "ON_ERROR_STOP=1", "-c", text], check=True, stdout=subprocess.DEVNULL)


def clean(workload):
    """What the writers of an earlier round left, or their tables would grow from peer to peer."""
    if workload in WRITES:
        sql("TRUNCATE w.trading_trades RESTART IDENTITY")
        sql("SET session_replication_role = replica; DELETE FROM w.trading_positions WHERE id > 1000")
        sql("VACUUM w.trading_positions, w.trading_bots")


class Bench:
    def __init__(self, build, quick, programs):
        self.programs = {name: command for name, command in commands(build).items() if name in programs}
        self.quick = quick
        self.missing = {}

    def run(self, workload, peer, count):
        """The figures of one run, or None for a peer that cannot run here."""
        name, program, variant, *_ = peer
        if program not in self.programs or name in self.missing.get(workload, {}):
            return None
        clean(workload)
        user = {"PGUSER": "bench_off"} if workload in ("w1", "w2") else {}
        done = subprocess.run([*self.programs[program], workload, variant, str(count)], capture_output=True, text=True,
                              env={**os.environ, **user})
        lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
        if done.returncode == 0 and lines:
            return json.loads(lines[-1])
        reason = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        if program != "others":
            raise SystemExit(f"{workload} {name}: {reason}")
        self.missing.setdefault(workload, {})[name] = reason
        return None

    def rounds(self, workload):
        _, count, rounds, peers = WORKLOADS[workload]
        count, rounds = (max(count // 20, 16), 1) if self.quick else (count, rounds)
        samples = {peer[0]: [] for peer in peers}
        for _ in range(rounds):
            for peer in peers:
                if figures := self.run(workload, peer, count):
                    samples[peer[0]].append(figures)
        return samples


def per_operation(samples, key):
    return statistics.median(figures[key] / figures["ops"] * 1e6 for figures in samples)


def table(workload, samples):
    title, _, _, peers = WORKLOADS[workload]
    rows = [f"### {workload.upper()} {title}", "",
            "| peer | wall µs | client CPU µs | server CPU µs | against | × wall | × client CPU | limit | peak MB |",
            "|---|---|---|---|---|---|---|---|---|"]
    for name, _, _, against, limit in peers:
        if not samples[name]:
            continue
        wall, cpu = per_operation(samples[name], "wall"), per_operation(samples[name], "cpu")
        times, loads = "–", "–"
        if against and samples[against]:
            times = f"{wall / per_operation(samples[against], 'wall'):.2f}"
            loads = f"{cpu / max(per_operation(samples[against], 'cpu'), 1e-9):.2f}"
        peak = statistics.median(figures["peak_mb"] for figures in samples[name])
        rows.append(f"| {name} | {wall:.3f} | {cpu:.3f} | {per_operation(samples[name], 'srv'):.2f} | {against or '–'} | "
                    f"{times} | {loads} | {limit or '–'} | {peak:.0f} |")
    return "\n".join(rows)


def instructions(command, workload, variant, count):
    """Instructions of one operation in the client: the difference of two runs leaves out start and end."""
    def total(operations):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", *command, workload,
                                   variant, str(operations)], capture_output=True, text=True)
            found = re.search(r"Collected : (\d+)", done.stderr)
            if done.returncode or not found:
                raise SystemExit(f"{workload} {variant} under callgrind: {done.stderr[-500:]}")
            return int(found[1])
    return (total(2 * count) - total(count)) / (count + count // 10)  # a tenth warms up


def pair(bench, workload, names, rounds):
    peers = [next(peer for peer in WORKLOADS[workload][3] if peer[0] == name) for name in names]
    count = max(WORKLOADS[workload][1] // (20 if bench.quick else 1), 16)
    samples = {name: [] for name in names}
    for turn in range(rounds):
        for peer in peers if turn % 2 == 0 else peers[::-1]:
            samples[peer[0]].append(bench.run(workload, peer, count))
    for key, what in (("wall", "wall µs"), ("cpu", "client CPU µs")):
        first, second = (per_operation(samples[name], key) for name in names)
        print(f"{workload} {what}: {names[0]} {first:.3f}, {names[1]} {second:.3f}, ratio {first / second:.3f}, "
              f"medians of {rounds}")
    if all(peer[1] in ("libpq", "library") for peer in peers) and workload != "w6":
        few = {"w4": 2000, "w5": 1}.get(workload, 400)
        if workload != "w5":
            first, second = (instructions(bench.programs[peer[1]], workload, peer[2], few) for peer in peers)
            print(f"{workload} client instructions: {names[0]} {first:.0f}, {names[1]} {second:.0f}, ratio {first / second:.3f}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(WORKLOADS))
    parser.add_argument("--programs", default="libpq,library,python,others")
    parser.add_argument("--pair", nargs=3, metavar=("WORKLOAD", "A", "B"))
    parser.add_argument("--rounds", type=int, default=10)
    options = parser.parse_args()
    bench = Bench(options.build, options.quick, options.programs.split(","))
    if options.pair:
        pair(bench, options.pair[0], options.pair[1:], options.rounds)
        return
    for workload in options.only.split(","):
        sql("CHECKPOINT")
        print(table(workload, bench.rounds(workload)), end="\n\n", flush=True)
    for workload, peers in bench.missing.items():
        for name, reason in peers.items():
            print(f"{workload} {name}: left out: {reason}")


if __name__ == "__main__":
    main()
