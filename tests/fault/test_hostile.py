# SPDX-License-Identifier: MIT
"""A hostile server: whatever it answers, the client neither crashes nor hangs nor fills the memory, and says what
is wrong."""
import concurrent.futures
import dataclasses
import os
import pathlib
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time

from hostile import NEVER, Server, endless, message, raw

BUILD = pathlib.Path(os.environ["TRDB_TEST_BUILD"])
SANITIZED = os.environ.get("TRDB_TEST_VARIANT") == "sanitize"
DEADLINE_S = 1.5                # of what is attacked: the connection or the unit; and of the search for an outcome
CONNECT_S = 10.0                # of a connection that is not
SLACK_S = 1.0
MEMORY_KB = 700_000             # a sanitizer keeps what is freed for a while
ADDRESSES = 2 << 30
IN_PARALLEL = 6
NO_ATTACK = "the attack did not happen"


def put(messages):
    return b"".join(message(letter, body) for letter, body in messages)


def good(messages, letters):
    return [one for one in messages if one[0] in letters]


def replaced(letter, body):
    """Every message of a type gets another body."""
    def answer(messages):
        return [put([(one[0], body) if one[0] == letter else one for one in messages]), NEVER]
    return answer


def first(part):
    """Something in place of the answer, then silence."""
    return lambda messages: [part, NEVER]


def ahead(part):
    """Something ahead of the answer."""
    return lambda messages: [part, put(messages), NEVER]


def flood(*parts):
    return lambda messages: endless(*parts)()


def row(*values):
    return struct.pack("!H", len(values)) + b"".join(struct.pack("!i", len(v)) + v for v in values)


def columns(count, oid=25, fmt=1, size=-1):
    return struct.pack("!H", count) + b"".join(
        b"c\0" + struct.pack("!IHIhih", 0, 0, oid, size, -1, fmt) for _ in range(count))


def error(fields):
    return message(b"E", fields)


READY = message(b"Z", b"I")
NOTICE = message(b"N", b"SNOTICE\0VNOTICE\0C00000\0Mno end\0\0")
ENDS = message(b"E", b"SFATAL\0VFATAL\0C57P01\0Mgone\0\0")

ANSWERS = {
    "closes": lambda m: [],
    "never answers": lambda m: [NEVER],
    "half an answer, then closes": lambda m: [put(m)[:max(1, len(put(m)) // 2)]],
    "half an answer, then silence": lambda m: [put(m)[:max(1, len(put(m)) // 2)], NEVER],
    "half a header": lambda m: [put(m)[:3], NEVER],
    "a length of 2^31-1": first(raw(b"D", 2**31 - 1, b"x" * 1000)),
    "a negative length": first(raw(b"D", -1, b"x" * 1000)),
    "a length of 3": first(raw(b"C", 3)),
    "a row of 512 MB that never comes": first(raw(b"D", 512 << 20, b"x" * 1000)),
    "a type that does not exist": first(message(b"\x01", b"?")),
    "everything twice": lambda m: [put([one for one in m for _ in (0, 1)]), NEVER],
    "backwards": lambda m: [put(m[::-1]), NEVER],
    "the end only": lambda m: [put(m[-1:]), NEVER],
    "no end": lambda m: [put(m[:-1]), NEVER],
    "many ends": lambda m: [put(m) + READY * 50, NEVER],
    "notices without end": flood(NOTICE),
    "settings without end": flood(message(b"S", b"name\0value\0")),
    "notifications without end": flood(message(b"A", b"\0\0\0\1channel\0payload\0")),
    "rows without end": lambda m: [put(good(m, (b"1", b"2", b"t", b"T"))), *endless(message(b"D", row(b"x" * 100)))()],
    "errors without end": flood(error(b"SERROR\0C42601\0Magain\0\0")),
    "65535 columns, none described": first(message(b"T", b"\xff\xff")),
    "65535 columns": lambda m: [put(good(m, b"12")), message(b"T", columns(65535)), NEVER],
    "no columns": replaced(b"T", b"\0\0"),
    "columns as text": replaced(b"T", columns(1, fmt=0)),
    "a row of 65535 values, none there": replaced(b"D", b"\xff\xff"),
    "a value longer than its row": replaced(b"D", b"\0\1" + struct.pack("!i", 1 << 30) + b"x"),
    "a value of -2 bytes": replaced(b"D", b"\0\1" + struct.pack("!i", -2)),
    "a row of no values": replaced(b"D", b"\0\0"),
    "an empty row message": replaced(b"D", b""),
    "an error without fields": first(error(b"\0")),
    "an error that is not terminated": first(error(b"SERROR\0C42601\0Mno end")),
    "an error of 20 MB": first(error(b"SERROR\0C42601\0M" + b"x" * (20 << 20) + b"\0\0") + READY),
    "an error with a state of junk": first(error(b"SERROR\0C\xff\xfe'\n\0Mjunk\0\0") + READY),
    "a farewell, but it stays": first(ENDS),
    "COPY out instead": first(message(b"H", b"\1\0\1\0\1") + message(b"d", b"junk")),
    "COPY in instead": first(message(b"G", b"\1\0\1\0\1")),
    "COPY both instead": first(message(b"W", b"\1\0\1\0\1")),
    "COPY data without COPY": ahead(message(b"d", b"junk") * 3),
    "an empty tag": replaced(b"C", b"\0"),
    "a tag of junk": replaced(b"C", b"INSERT 99999999999999999999 -7\0"),
    "a tag that is not terminated": replaced(b"C", b"COMMIT"),
    "a state of junk": lambda m: [put([(a, b"?") if a == b"Z" else (a, b) for a, b in m]), NEVER],
    "out of the transaction": lambda m: [put([(a, b"I") if a == b"Z" else (a, b) for a, b in m]), NEVER],
    "asks for the password again": ahead(message(b"R", b"\0\0\0\3")),
    "a new key": ahead(message(b"K", b"\0\0\0\1\0\0\0\1")),
    "a function's result": ahead(message(b"V", b"\0\0\0\1x")),
    "an empty query": lambda m: [put(good(m, b"12t")), message(b"I") + READY, NEVER],
    "suspended": lambda m: [put(good(m, b"12tT")), message(b"s") + READY, NEVER],
    "bytes at random": lambda m: [random.Random(1).randbytes(100_000), NEVER],
}

COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)


def copied(change):
    """The messages of COPY become others."""
    def answer(messages):
        rows = [body for letter, body in messages if letter == b"d"]
        at = next((i for i, one in enumerate(messages) if one[0] == b"d"), len(messages))
        others = [one for one in messages if one[0] != b"d"]
        return [put(others[:at] + [(b"d", row) for row in change(rows)] + others[at:]), NEVER]
    return answer


# What COPY may send, beyond the above. The first message is the header with the first row, the last the trailer.
COPIES = {
    "nothing": copied(lambda rows: []),
    "no header": copied(lambda rows: [row[19:] if i == 0 else row for i, row in enumerate(rows)]),
    "half a header": copied(lambda rows: [rows[0][:12], *rows[1:]]),
    "a header with a huge extension": copied(lambda rows: [rows[0][:15] + b"\x7f\xff\xff\xff", *rows[1:]]),
    "a header with critical flags": copied(lambda rows: [rows[0][:11] + b"\xff" * 4 + rows[0][15:], *rows[1:]]),
    "a header in the middle": copied(lambda rows: [*rows[:2], COPY_HEADER, *rows[2:]]),
    "no trailer": copied(lambda rows: rows[:-1]),
    "two trailers": copied(lambda rows: rows + rows[-1:]),
    "rows behind the trailer": copied(lambda rows: [rows[0], rows[-1], *rows[1:-1]]),
    "half a row": copied(lambda rows: [*rows[:5], rows[5][:len(rows[5]) // 2], *rows[6:]]),
    "two rows in a message": copied(lambda rows: [*rows[:2], rows[2] + rows[3], *rows[4:]]),
    "too few values": copied(lambda rows: [*rows[:2], b"\0\1\0\0\0\0", *rows[3:]]),
    "65534 values": copied(lambda rows: [*rows[:2], b"\xff\xfe" + rows[2][2:], *rows[3:]]),
    "a value of 2 GB": copied(lambda rows: [*rows[:2], rows[2][:2] + b"\x7f\xff\xff\xff" + rows[2][6:], *rows[3:]]),
    "a value of -2 bytes": copied(lambda rows: [*rows[:2], rows[2][:2] + b"\xff\xff\xff\xfe" + rows[2][6:], *rows[3:]]),
    "a number of 3 bytes": copied(lambda rows: [*rows[:2], rows[2][:2] + b"\0\0\0\3\0\0\0" + rows[2][14:], *rows[3:]]),
    "NULL where there is none": copied(lambda rows: [*rows[:2], rows[2][:2] + b"\xff" * 4 + rows[2][14:], *rows[3:]]),
    "empty messages": copied(lambda rows: [*rows[:2], b"", b"", *rows[2:]]),
    "other types": replaced(b"T", columns(7, oid=16, size=1)),
    "other types by half": lambda m: [put([(a, b[:-10] + bytes(10) if a == b"T" else b) for a, b in m]), NEVER],
    "an error in the middle": lambda m: [put([x for x in m if x[0] in b"TCHd"][:6]), error(b"SERROR\0C53100\0Mfull\0\0")
                                         + READY, NEVER],
    "rows without end": lambda m: [put(m[:m.index(next(x for x in m if x[0] == b"d")) + 1]),
                                   *endless(message(b"d", [b for a, b in m if a == b"d"][1]))()],
    "closes in the middle": lambda m: [put(m)[:len(put(m)) // 2]],
    "silence in the middle": lambda m: [put(m)[:len(put(m)) // 2], NEVER],
}



def refused(state, line):
    """COPY from the client begins well and ends with an error in a line, which the client may not have."""
    return lambda m: [put(good(m, b"2CTG")), error(b"SERROR\0C" + state + b"\0Mbad\0WCOPY t, line " + line + b"\0\0") + READY,
                      NEVER]


COPIES_IN = {
    "a line that was never sent": refused(b"22P02", b"99999999999"),
    "the line behind the last": refused(b"57014", b"601"),
    "a line of more digits than there are numbers": refused(b"22P02", b"9" * 40),
}

GREETING = message(b"R", b"\0\0\0\0")


def greeting(version, rest=b""):
    return (GREETING + message(b"S", b"server_version\0" + version + b"\0") + rest
            + message(b"K", b"\0\0\0\1\0\0\0\1") + READY)


CONNECT = {
    "closes": [],
    "never answers": [NEVER],
    "speaks HTTP": [b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"],
    "an error of old": [b"Eno such database\n\0", NEVER],
    "an error without end": [raw(b"E", 30000, b"SFATAL\0C28000\0M" + b"x" * 100), NEVER],
    "a length of 2^31-1": [raw(b"R", 2**31 - 1, b"x" * 1000), NEVER],
    "a negative length": [raw(b"R", -5), NEVER],
    "an authentication that does not exist": [message(b"R", b"\0\0\0\x63"), NEVER],
    "an authentication cut short": [message(b"R", b"\0\0"), NEVER],
    "SASL without mechanisms": [message(b"R", b"\0\0\0\x0a\0"), NEVER],
    "SASL that goes on": [message(b"R", b"\0\0\0\x0bjunk"), NEVER],
    "MD5 without salt": [message(b"R", b"\0\0\0\5"), NEVER],
    "no version": [GREETING + READY, NEVER],
    "version 9.6": [greeting(b"9.6.1"), NEVER],
    "a version of junk": [greeting(b"junk"), NEVER],
    "a huge version": [greeting(b"9999999999999999999"), NEVER],
    "ready before the password": [READY, NEVER],
    "rows before the password": [message(b"D", row(b"x")), NEVER],
    "another protocol": [message(b"v", b"\0\0\0\0\xff\xff\xff\xff"), NEVER],
    "silence after the greeting": [greeting(b"15.0"), NEVER],
    "closes after the greeting": [greeting(b"15.0")],
    "notices without end": endless(NOTICE),
    "settings without end": endless(message(b"S", b"name\0value\0")),
    "bytes at random": [random.Random(2).randbytes(100_000), NEVER],
}

# Operation, what the client says before the attack, how often it is let pass. A search for the outcome of a lost
# COMMIT reaches the real server, so a commit may turn out well.
OPERATIONS = {
    "get": (b"there", 0, False),
    "prepared": (b"there", 1, False),
    "list": (b"telegram_broadcast_logs", 0, False),
    "stream": (b"FETCH", 0, False),
    "columns": (b"COPY ", 0, False),
    "pipeline": (b"-p19", 0, False),
    "bulk": (b"INSERT INTO", 0, False),
    "copy": (b"COPY ", 0, False),
    "commit": (b"COMMIT", 0, True),
    "fast": (b"COMMIT", 0, True),
}
# Answers that change nothing in what the client was told, or that it may take for the server's good right.
HARMLESS = {"many ends", "no end", "everything twice", "a new key", "an empty tag", "a tag of junk", "COPY data without COPY",
            "asks for the password again", "out of the transaction", "a function's result", "no columns",
            "columns as text", "a row of no values", "a state of junk", "an empty row message",
            "a row of 65535 values, none there", "a value longer than its row", "a value of -2 bytes"}


@dataclasses.dataclass
class Case:
    name: str
    operation: str
    trigger: bytes | None
    skip: int
    answer: object
    may_succeed: bool


def cases():
    for name, parts in CONNECT.items():
        answer = (lambda m, parts=parts: parts() if callable(parts) else parts)
        yield Case(f"connect: {name}", "connect", None, 0, answer, False)
    for i, (operation, (trigger, skip, may_search)) in enumerate(OPERATIONS.items()):
        for j, (name, answer) in enumerate(ANSWERS.items()):
            # Two operations meet everything, the others every fifth thing in turn.
            if operation in ("get", "pipeline") or (i + j) % 5 == 0:
                yield Case(f"{operation}: {name}", operation, trigger, skip, answer, may_search or name in HARMLESS)
    # A later fetch, when rows of the first have been read already: the second sync of the connection.
    for name in ("closes", "half an answer, then silence", "rows without end", "a value longer than its row", "the end only"):
        yield Case(f"later fetch: {name}", "stream", message(b"S"), 1, ANSWERS[name], name in HARMLESS)
    for name, answer in COPIES_IN.items():
        yield Case(f"copy in: {name}", "copy", b"COPY ", 0, answer, False)
    for name, answer in COPIES.items():
        yield Case(f"COPY: {name}", "columns", b"COPY ", 0, answer, name == "empty messages")  # libpq drops those


def limit():
    if not SANITIZED:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def starved_s(pid):
    """For how long a process could have run, but others did: what it cannot keep a deadline in."""
    waited = 0
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            waited += int(path.read_text().split()[1])
        except OSError:
            pass  # a thread that ended meanwhile
    return waited / 1e9


def run(case, directory, real):
    """None, or what is wrong. On a machine that is busy the deadline may pass before the attack: then once more with
    a longer one."""
    for attempt in range(5):
        wrong = run_once(case, directory / str(attempt), real, DEADLINE_S * 2**attempt)
        if wrong is None or not wrong.startswith(NO_ATTACK):
            break
    return wrong


def run_once(case, directory, real, deadline_s):
    directory.mkdir(parents=True)
    server = Server(directory, real, case)
    server.start()
    url = f"host={directory} user=tester dbname={os.environ['TRDB_FAULT_DB']}"
    connect_s = deadline_s if case.operation == "connect" else CONNECT_S
    milliseconds = [str(int(seconds * 1000)) for seconds in (connect_s, deadline_s)]
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen([BUILD / "tests/fault/victim", url, case.operation, *milliseconds], stdout=out,
                                   stderr=subprocess.STDOUT, preexec_fn=limit)
        deadline = time.monotonic() + connect_s + deadline_s * 2 + SLACK_S
        since = None
        while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
            if server.struck and since is None:
                since = time.monotonic()
                deadline = min(deadline, since + deadline_s * (2 if case.may_succeed else 1) + SLACK_S)
            if time.monotonic() > deadline + starved_s(process.pid):
                process.kill()
                os.wait4(process.pid, 0)
                process.returncode = -9
                server.stop()
                return f"still running {time.monotonic() - (since or 0):.1f} s after the attack"
            time.sleep(0.02)
        process.returncode = os.waitstatus_to_exitcode(ended[1])
        server.stop()
        out.seek(0)
        said = out.read().decode(errors="replace")
    code, _, words = said.partition("|")
    if process.returncode != 0:
        return f"exit status {process.returncode}: {said[-2000:]}"
    if not server.struck and case.trigger:
        return f"{NO_ATTACK}: {said}"
    if ended[2].ru_maxrss > MEMORY_KB:
        return f"{ended[2].ru_maxrss // 1024} MB of memory"
    # Most answers are followed by silence: whoever took one for good fails only at COMMIT.
    if not case.may_succeed and (code == "OK" or words.startswith("commit:")):
        return f"no error: {said}"
    if code != "OK" and (not code.startswith("TRDB_E_") or len(words.strip()) < 10):
        return f"no clear error: {said}"
    return None


def main():
    directory = pathlib.Path(tempfile.mkdtemp(prefix="h", dir=os.environ.get("TMPDIR")))
    real = os.environ["TRDB_TEST_HOST"]
    admin = ["psql", "-qX", "-h", real, "-U", "tester", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-c"]
    os.environ["TRDB_FAULT_DB"] = name = f"hostile_{os.getpid()}"
    subprocess.run([*admin, f"CREATE DATABASE {name} TEMPLATE trdb_template STRATEGY file_copy"], check=True)
    subprocess.run([*admin[:6], name, *admin[7:], "INSERT INTO telegram_settings VALUES ('there', 'v')",
                    "-c", "INSERT INTO telegram_broadcast_logs (message, sent_by) SELECT 'm' || n, 's' "
                          "FROM generate_series(1, 50) n"], check=True)
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    table = [case for case in cases() if only in case.name or case.operation == only]
    failed = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(IN_PARALLEL) as pool:
            runs = [pool.submit(run, case, directory / str(i), f"{real}/.s.PGSQL.5432") for i, case in enumerate(table)]
            for number, (case, result) in enumerate(zip(table, runs), 1):
                wrong = result.result()
                failed += wrong is not None
                print(f"{'not ok' if wrong else 'ok'} {number} - {case.name}", flush=True)
                if wrong:
                    print("# " + wrong.replace("\n", "\n# "), flush=True)
    finally:
        subprocess.run([*admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"], check=True)
        shutil.rmtree(directory)
    print(f"1..{len(table)}")
    return 1 if failed else 0


sys.exit(main())
