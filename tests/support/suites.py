# SPDX-License-Identifier: MIT
"""Runs the programs of the chosen suites and adds up their TAP results: suites.py BUILD SUITE…

A suite is a folder of tests/: its programs are test_*.sh and test_*.py there and test_* in the build
directory. A program that dies, prints no plan or a plan that does not match counts as a failure, so nothing
is lost silently. The last line printed is `N passed, N failed`.
"""
import os
import pathlib
import re
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
WRAPPER = os.environ.get("TRDB_TEST_WRAPPER", "").split()


def programs(build, suite):
    scripts = sorted((SOURCE / "tests" / suite).glob("test_*"))
    commands = []
    for path in scripts:
        if path.suffix == ".py":
            commands.append((path.name, [sys.executable, str(path)]))
        elif path.suffix == ".sh":
            commands.append((path.name, ["sh", str(path)]))
    for path in sorted((build / "tests" / suite).glob("test_*")):
        if path.is_file() and os.access(path, os.X_OK):
            commands.append((path.name, WRAPPER + [str(path)]))
    return commands


def run(suite, name, command):
    started = time.monotonic()
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace",
                              timeout=float(os.environ.get("TRDB_TEST_TIMEOUT", "900")))
        output, status = done.stdout, done.returncode
    except subprocess.TimeoutExpired as error:
        output, status = (error.stdout or b"").decode(errors="replace"), "timeout"
    passed = len(re.findall(r"^ok\b", output, re.M))
    failed = len(re.findall(r"^not ok\b", output, re.M))
    plan = re.findall(r"^1\.\.(\d+)", output, re.M)
    complaint = None
    if not plan or int(plan[-1]) != passed + failed or passed + failed == 0:
        complaint = f"{passed + failed} results, plan {plan[-1] if plan else 'missing'}"
    elif status != 0 and failed == 0:
        complaint = f"exit status {status}"
    if complaint:
        failed += 1
    print(f"{suite}/{name}: {passed} passed, {failed} failed ({time.monotonic() - started:.1f} s)", flush=True)
    if failed:
        if complaint:
            print(f"  {complaint}")
        lines = output.splitlines()
        print("\n".join("  " + line for line in lines if not re.match(r"ok\b", line))[-20000:], flush=True)
    return passed, failed


def main():
    build = pathlib.Path(sys.argv[1])
    total_passed = total_failed = 0
    for suite in sys.argv[2:]:
        commands = programs(build, suite)
        if not commands:
            print(f"{suite}: no programs found")
            total_failed += 1
        for name, command in commands:
            passed, failed = run(suite, name, command)
            total_passed += passed
            total_failed += failed
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed else 0


if __name__ == "__main__":
    sys.exit(main())
