# SPDX-License-Identifier: MIT
"""What each command prints, compared with golden/*.txt, on the data of golden/data.sql.

A golden file holds commands and what they print: `$ tradingdb …` runs into a pipe, `% tradingdb …` on a terminal of 60
columns, `WIDTH=100 %` on a wider one, {url} is the database. `! ` stands before what went to stderr, `? N` tells of an exit status that is not
0, ␍ and ␛ stand for CR and ESC, <now> for the time of the run. Each file has a database of its own.

GOLDEN=write makes the files anew: read the difference before you commit it.
"""
import contextlib
import os
import pathlib
import pty
import re
import select
import shlex
import subprocess

import tap
from cli import COMMAND, HOST, WRAPPER, copy_of, environment, folder, psql

GOLDEN = pathlib.Path(__file__).with_name("golden")
WRITE = os.environ.get("GOLDEN") == "write"
ECHO = r"-- (\S+): \d+ us"


def on_terminal(arguments, extra, cwd):
    """Runs the command on a pseudo-terminal; what it printed, and its exit status."""
    leader, follower = pty.openpty()
    process = subprocess.Popen([*WRAPPER, str(COMMAND), *arguments], env=environment({"TERM": "xterm", **extra}),
                               cwd=cwd, stdin=subprocess.DEVNULL, stdout=follower, stderr=follower)
    os.close(follower)
    out = b""
    while True:
        ready, _, _ = select.select([leader], [], [], 300)
        assert ready, f"no answer: {arguments}"
        try:
            part = os.read(leader, 65536)
        except OSError:
            break  # the other side is closed
        if not part:
            break
        out += part
    os.close(leader)
    return out.decode().replace("\r\n", "\n"), process.wait(timeout=60)


def into_pipe(arguments, extra, cwd):
    done = subprocess.run([*WRAPPER, str(COMMAND), *arguments], env=environment(extra), cwd=cwd, timeout=300,
                          stdin=subprocess.DEVNULL, capture_output=True)
    err = "".join(f"! {line}\n" for line in done.stderr.decode().splitlines())
    return done.stdout.decode() + err, done.returncode


def normal(text):
    """Without what differs from run to run."""
    text = re.sub(r"20(2[5-9]|[3-9]\d)-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)", "<now>", text)
    text = re.sub(ECHO, r"-- \1: N us", text)
    text = re.sub(r"\bcli_\d+_\d+\b", "<database>", text)
    return text.replace(HOST, "<host>").replace("\r", "␍").replace("\033", "␛")


def run_line(line, url, cwd):
    """One command of a golden file; what stands below it."""
    words = [word.replace("{url}", url) for word in shlex.split(line)]
    mark = next(i for i, word in enumerate(words) if word in "$%")
    extra = {"DB_URL": url, "COLUMNS": "60" if words[mark] == "%" else None}
    for setting in words[:mark]:
        name, _, value = setting.partition("=")
        extra["COLUMNS" if name == "WIDTH" else name] = value
    assert words[mark + 1] == "tradingdb", line
    out, status = (on_terminal if words[mark] == "%" else into_pipe)(words[mark + 2:], extra, cwd)
    out = normal(out)
    if out and not out.endswith("\n"):
        out += "␄\n"
    return out + (f"? {status}\n" if status != 0 else "")


def is_command(line):
    return re.match(r"(\w+=\S* )*[$%] ", line) is not None


@contextlib.contextmanager
def place(data):
    """A database with the data, and a folder with the files that commands read."""
    with copy_of("trdb_template") as url, folder() as cwd:
        if data:
            psql(url, (GOLDEN / "data.sql").read_text())
        (cwd / "config.json").write_text('{"name": "from a file"}')
        yield url, cwd


def compare(path):
    commands = [line for line in path.read_text().splitlines() if is_command(line) or line.startswith("#")]
    with place(True) as (url, cwd):
        printed = "\n".join(line if line.startswith("#") else f"{line}\n{run_line(line, url, cwd)}"
                            for line in commands)
    if WRITE:
        path.write_text(printed)
        return
    wanted = path.read_text()
    if printed == wanted:
        return
    new = path.name + ".new"
    raise AssertionError(difference(wanted, printed, path.name, new))


def difference(wanted, printed, name, new):
    import difflib
    return "\n".join(difflib.unified_diff(wanted.splitlines(), printed.splitlines(), name, new, lineterm=""))


def golden(path):
    def test():
        compare(path)
    test.__doc__ = f"golden: {path.stem}"
    return test


def complete():
    """golden files show every command of the table"""
    listed = subprocess.run([*WRAPPER, str(COMMAND), "--help"], capture_output=True, text=True, check=True).stdout
    commands = set(re.findall(r"^  ([a-z]+(?: [a-z]+)?)\b", listed, re.M))
    shown = set()
    for path in GOLDEN.glob("*.txt"):
        for line in path.read_text().splitlines():
            if is_command(line):
                words = [w for w in shlex.split(line.partition("tradingdb")[2]) if not w.startswith("-")]
                shown |= {" ".join(words[:1]), " ".join(words[:2])}
    elsewhere = {"migrate status", "migrate plan", "migrate up", "migrate down", "migrate verify", "doctor",
                 "sandbox start", "sandbox stop", "sandbox status", "sandbox run", "completion"}
    assert commands and commands - elsewhere <= shown, commands - elsewhere - shown


if __name__ == "__main__":
    tap.run(*(golden(path) for path in sorted(GOLDEN.glob("*.txt"))), complete)
