# SPDX-License-Identifier: MIT
"""Runs the programs of the chosen suites and adds up their TAP results: suites.py BUILD SUITE…

A suite is a folder of tests/: its programs are test_*.sh and test_*.py there and test_* in the build
directory. A program that dies, prints no plan or a plan that does not match counts as a failure, so nothing
is lost silently; so does one that leaves processes or temporary files behind. The last line printed is
`N passed, N failed`.
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
WRAPPER = os.environ.get("TRDB_TEST_WRAPPER", "").split()
VARIANT = os.environ.get("TRDB_TEST_VARIANT", "plain")
TMPDIR = os.environ.get("TMPDIR")
LONG = os.environ.get("TRDB_TEST_LONG")
TIMEOUT = float(os.environ.get("TRDB_TEST_TIMEOUT", "900"))
# Programs in which nothing of a variant runs (plain copies of their own, the ABI of a plain build, Python on the
# server), or nothing that others do not run as well (the command's words, pages and output; migrations, which suite
# db applies; a sandbox's server; test_conformance on partitions): a variant would only repeat the plain run.
PLAIN_ONLY = re.compile(r"gen/|docs/|abi/test_(abidiff|compilers|headers)\.|examples/test_quickstart\.|bench/test_instructions\."
                        r"|service/test_trading_metrics\.py|db/test_partitioned$|python/test_install\.|cli/test_(completion|golden|migrate|pages|sandbox|usage)\."
                        + (r"|python/|fault/test_soak|fault/.*\.py" if VARIANT == "valgrind" else ""))
# Programs that reach no server by the way that tests/run.sh chose, or must not: migrations need a direct connection,
# and so does what ends, counts or looks into the server's own sessions, or what they have prepared.
WAY = os.environ.get("TRDB_TEST_WAY", "socket")
OTHER_WAY = {
    "pgbouncer": re.compile(r"unit/|gen/|docs/|bench/|fuzz/|fault/|abi/(?!test_v0_1)|\w+/test_migrate|db/test_pool(_|$)|db/test_statements"
                            r"|db/test_(uow_outcome|uow_replay|uow_witness|deadline)|examples/test_quickstart\."),
    "tls": re.compile(r"unit/|gen/|docs/|bench/|fuzz/|fault/|abi/(?!test_v0_1)|examples/test_quickstart\."),
}
# The programs in which ThreadSanitizer can find something: those in C with threads.
THREADS = re.compile(r"\bpthread_create\b")


def has_threads(suite, name):
    source = SOURCE / "tests" / suite / (name + ".c")
    return source.is_file() and THREADS.search(source.read_text())


def programs(build, suite):
    scripts = sorted((SOURCE / "tests" / suite).glob("test_*"))
    commands = []
    for path in scripts if VARIANT != "tsan" else ():
        if path.suffix == ".py":
            commands.append((path.name, [sys.executable, str(path)]))
        elif path.suffix == ".sh":
            commands.append((path.name, ["sh", str(path)]))
    for path in sorted((build / "tests" / suite).glob("test_*")):
        if path.is_file() and os.access(path, os.X_OK) and (VARIANT != "tsan" or has_threads(suite, path.name)):
            commands.append((path.name, WRAPPER + [str(path)]))
    return commands


def session(leader):
    """The living processes that a program started and that did not make a session of their own."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            before, _, after = path.read_text().rpartition(")")
        except OSError:
            continue  # it ended meanwhile
        state, _, _, sid = after.split()[:4]
        if int(sid) == leader and state not in "ZX":
            found[int(path.parent.name)] = before.partition("(")[2]
    return found


def end_session(leader, grace):
    """Waits until a program's processes have ended; ends those that do not, and gives their names."""
    limit = time.monotonic() + grace
    while (left := session(leader)) and time.monotonic() < limit:
        time.sleep(0.05)
    for pid in left:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return sorted(left.values())


def execute(command):
    """Runs a program in a session of its own; gives (output, exit status, what it left behind)."""
    known = set(os.listdir(TMPDIR)) if TMPDIR else set()
    with tempfile.TemporaryFile(dir=os.environ.get("TRDB_TEST_DIR")) as file:  # no pipe: a server may keep it open
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            status = process.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            status = "timeout"
        except SystemExit:  # told to stop: the programs are, and may put away what they made
            os.killpg(process.pid, signal.SIGTERM)
            end_session(process.pid, 5)
            raise
        left = end_session(process.pid, 0 if status == "timeout" else 5)
        if TMPDIR:
            left += sorted(set(os.listdir(TMPDIR)) - known)
        process.wait()
        file.seek(0)
        return file.read().decode(errors="replace"), status, left


def run(suite, name, command):
    started = time.monotonic()
    output, status, left = execute(command)
    passed = len(re.findall(r"^ok\b", output, re.M))
    failed = len(re.findall(r"^not ok\b", output, re.M))
    plan = re.findall(r"^1\.\.(\d+)", output, re.M)
    complaint = None
    if not plan or int(plan[-1]) != passed + failed or passed + failed == 0:
        complaint = f"{passed + failed} results, plan {plan[-1] if plan else 'missing'}"
    elif status != 0 and failed == 0:
        complaint = f"exit status {status}"
    elif left and failed == 0:
        complaint = f"left behind: {', '.join(left)}"
    if complaint:
        failed += 1
    print(f"{suite}/{name}: {passed} passed, {failed} failed ({time.monotonic() - started:.1f} s)", flush=True)
    if failed:
        if complaint:
            print(f"  {complaint}")
        lines = output.splitlines()
        print("\n".join("  " + line for line in lines if not re.match(r"ok\b", line))[-20000:], flush=True)
    elif LONG:  # the figures of a long form are wanted whatever comes of it
        print("".join(f"  {line}\n" for line in output.splitlines() if line.startswith("# ")), end="", flush=True)
    return passed, failed


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda caught, _: sys.exit(128 + caught))
    build = pathlib.Path(sys.argv[1])
    total_passed = total_failed = 0
    for wanted in sys.argv[2:]:
        suite, _, single = wanted.partition("/")
        commands = [(name, command) for name, command in programs(build, suite) if single in ("", name)]
        if not commands and VARIANT != "tsan":
            print(f"{wanted}: no programs found")
            total_failed += 1
        for name, command in commands:
            if VARIANT != "plain" and PLAIN_ONLY.match(f"{suite}/{name}"):
                print(f"{suite}/{name}: left out, --{VARIANT} would repeat the plain run", flush=True)
                continue
            if WAY in OTHER_WAY and OTHER_WAY[WAY].match(f"{suite}/{name}"):
                print(f"{suite}/{name}: left out, it does not go by {WAY}", flush=True)
                continue
            passed, failed = run(suite, name, command)
            total_passed += passed
            total_failed += failed
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed else 0


if __name__ == "__main__":
    sys.exit(main())
