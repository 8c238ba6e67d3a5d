# SPDX-License-Identifier: MIT
"""A connection that is cut at every class of byte around COMMIT, in every way: what the unit is answered is what
became of it."""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

from proxy import Fault, Proxy

HOST = os.environ["TRDB_TEST_HOST"]
UNIT = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "tests/fault/unit"
DATABASE = f"commit_{os.getpid()}"
TIMEOUT_MS, RESOLVE_MS, SLACK_MS = 1500, 15000, 1000
IN_PARALLEL = 6
NOT_CUT = "the connection was not cut"
WAYS = ([], ["pipeline"], ["fast", "witness"], ["pipeline", "witness"], ["fast"])


def psql(text, database=DATABASE):
    return subprocess.run(["psql", "-qAtX", "-h", HOST, "-U", "tester", "-d", database, "-v", "ON_ERROR_STOP=1", "-c",
                           text], check=True, capture_output=True, text=True).stdout.strip()


def cases():
    """All cuts for a unit whose id is learnt and for one with a witness; a share of them for the other ways."""
    number = 0
    for direction, kind in (("up", "commit"), ("down", "committed"), ("down", "done")):
        for where in ("before", "header", "body", "after"):
            for how in ("fin", "rst", "stall", "client", "server"):
                number += 1
                for way in ([WAYS[0], WAYS[2]] if kind != "done" else [WAYS[1 + number % 4]]):
                    yield way, Fault(direction, kind, where, how)


def run(number, way, fault):
    """What is wrong, or None. On a machine that is busy the deadline may pass before the cut: then once more with a
    longer one."""
    for attempt in range(5):
        wrong = run_once(f"k{number}_{attempt}", way, fault, TIMEOUT_MS * 2**attempt)
        if wrong is None or not wrong.startswith(NOT_CUT):
            break
    return wrong


def run_once(key, way, fault, timeout_ms):
    proxy = Proxy(f"{HOST}/.s.PGSQL.5432")
    proxy.start()
    url = (f"host=127.0.0.1 port={proxy.port} user=tester dbname={DATABASE} application_name={key} sslmode=disable "
           "gssencmode=disable")
    try:
        # The connection says COMMIT for the unit only: the library's own questions need no transaction.
        proxy.inject(fault)
        process = subprocess.Popen([UNIT, url, key, str(timeout_ms), str(RESOLVE_MS), *way], text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = process.communicate(timeout=90)[0]
        took_ms = (time.monotonic() - fault.struck_at) * 1000 if fault.struck_at else 0
    finally:
        proxy.stop()
    psql(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '{key}'")
    rows = psql(f"SELECT (SELECT count(*) FROM telegram_settings WHERE key = '{key}'), "
                f"(SELECT count(*) FROM telegram_broadcast_logs WHERE message = '{key}')")
    code = said.partition("|")[0]
    if process.returncode != 0 or rows not in ("0|0", "1|1"):
        return f"exit status {process.returncode}, rows {rows}: {said}"
    if not fault.struck.is_set():
        return f"{NOT_CUT}: {said}"
    if took_ms > timeout_ms + RESOLVE_MS + SLACK_MS:
        return f"took {took_ms:.0f} ms: {said}"
    # A fast unit without a witness cannot know once COMMIT is on its way.
    may_be_unknown = way == ["fast"]
    stored = rows == "1|1"
    if code == "TRDB_E_IN_DOUBT" and may_be_unknown:
        return None
    if code == ("OK" if stored else "TRDB_E_CONNECTION_LOST"):
        return None
    return f"stored: {stored}, answered {said}"


def main():
    psql(f"CREATE DATABASE {DATABASE} TEMPLATE trdb_template STRATEGY file_copy", "postgres")
    only = sys.argv[1] if len(sys.argv) > 1 else ""
    table = [(way, fault) for way, fault in cases() if only in f"{way} {fault}"]
    failed = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(IN_PARALLEL) as pool:
            runs = [pool.submit(run, number, way, fault) for number, (way, fault) in enumerate(table)]
            for number, ((way, fault), result) in enumerate(zip(table, runs), 1):
                wrong = result.result()
                failed += wrong is not None
                print(f"{'not ok' if wrong else 'ok'} {number} - {'+'.join(way) or 'default'}: {fault.direction} "
                      f"{fault.kind}, {fault.where}, {fault.how}", flush=True)
                if wrong:
                    print("# " + wrong.strip(), flush=True)
    finally:
        psql(f"DROP DATABASE {DATABASE} WITH (FORCE)", "postgres")
    print(f"1..{len(table)}")
    return 1 if failed else 0


sys.exit(main())
