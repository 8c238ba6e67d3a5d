# SPDX-License-Identifier: MIT
"""Counts a program's instructions with callgrind: they are the same whatever else the machine does."""
import os
import re
import subprocess
import tempfile


def by_object(command):
    """Instructions that a run spends in each object file, under its file name."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "out")
        done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={path}", *command],
                              capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} under callgrind: {done.stderr[-1000:]}")
        with open(path) as file:
            return add_up(file)


def add_up(lines):
    """The sums of a callgrind file: a line with a cost counts for the object that was named last, unless it
    follows a `calls=` line; that one is what a callee cost."""
    totals, names, current, skip = {}, {}, None, False
    for line in lines:
        if named := re.match(r"(c?)ob=\((\d+)\)(?: (.*))?$", line.rstrip("\n")):
            if named[3]:
                names[named[2]] = os.path.basename(named[3])
            if not named[1]:
                current = names[named[2]]
        elif line.startswith("calls="):
            skip = True
        elif cost := re.match(r"[+*-]?\d* (\d+)$", line):
            if not skip:
                totals[current] = totals.get(current, 0) + int(cost[1])
            skip = False
    return totals


def per_operation(command, count, measure):
    """The difference of two runs, so that start and end do not count. A peer warms up with a tenth."""
    def run(operations):
        return measure(by_object([*command, str(operations)]))
    warm = lambda operations: operations // 10
    return (run(2 * count) - run(count)) / (count + warm(2 * count) - warm(count))
