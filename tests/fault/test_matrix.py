# SPDX-License-Identifier: MIT
"""The kill matrix: a ledger writes numbered units from 8 threads while servers, sessions, connections and the
ledger itself die at random; afterwards every unit must be where its answer says it is.

TRDB_FAULT_EVENTS   how many events (default 60; the long form has 1000)
TRDB_FAULT_SEED     the order of events; printed, so that a run can be repeated
"""
import collections
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tap
from cluster import Cluster
from proxy import Fault, Proxy

EVENTS = int(os.environ.get("TRDB_FAULT_EVENTS", "60"))
SEED = int(os.environ.get("TRDB_FAULT_SEED", str(int(time.time()))))
THREADS = 8
ROWS = 3                   # as in ledger.c
LIMIT_S = 6 + 6            # of a unit: RUN_MS and RESOLVE_MS there
RESOLVE_S = 6
SLACK_S = 2                # for a machine that is busy with other things
RECOVERY_S = 60
CRASHES = ("promote", "power", "immediate", "kill_backend")
SERVERS = (*CRASHES, "restart")
CUTS = [(direction, kind, where, how)
        for direction, kinds in (("up", ("any", "commit", "S")), ("down", ("any", "committed", "done", "Z")))
        for kind in kinds for where in ("before", "header", "body", "after")
        for how in ("fin", "rst", "stall", "client", "server")]


def now():
    return time.clock_gettime(time.CLOCK_MONOTONIC)


class Unit:
    def __init__(self, way, began):
        self.way, self.began = way, began
        self.answer = self.ended = None
        self.words = ""


class Ledger:
    """The program under test and its journal."""

    def __init__(self, directory, port):
        self.path = directory / "journal"
        self.command = [pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "tests/fault/ledger",
                        f"host=127.0.0.1 port={port} user=tester dbname=postgres sslmode=disable gssencmode=disable",
                        self.path, str(THREADS)]
        self.units = {}
        self.acknowledged = []  # (ended, began)
        self.read = 0
        self.process = None
        self.path.touch()

    def start(self):
        self.take()
        self.process = subprocess.Popen([*self.command, str(max(self.units, default=0) + 1)])

    def kill(self):
        self.process.kill()
        self.process.wait()
        # A write that is killed may end where a page does: half a line told nobody anything.
        os.truncate(self.path, self.path.read_bytes().rfind(b"\n") + 1)

    def stop(self):
        self.process.terminate()
        return self.process.wait(LIMIT_S + SLACK_S + 10)

    def take(self):
        """Reads what is new in the journal."""
        with open(self.path, "rb") as file:
            file.seek(self.read)
            data = file.read()
        data = data[:data.rfind(b"\n") + 1]
        self.read += len(data)
        for line in data.decode().splitlines():
            word, n, way, us, more = (line.split(" ", 4) + [""])[:5]
            at = int(us) / 1e6
            if word == "trying":
                assert int(n) not in self.units, f"unit {n} twice"
                self.units[int(n)] = Unit(way, at)
                continue
            unit = self.units[int(n)]
            assert unit.answer is None, f"unit {n} was answered twice"
            unit.answer, unit.ended, unit.words = word, at, more
            if word == "acknowledged":
                self.acknowledged.append((at, unit.began))

    def wait_for_one(self, since, limit):
        """Waits until a unit is acknowledged that began after a moment; when it was."""
        index = max(0, len(self.acknowledged) - 1000)
        until = now() + limit
        while now() < until:
            self.take()
            for ended, began in self.acknowledged[index:]:
                if began >= since:
                    return ended
            index = len(self.acknowledged)
            assert self.process.poll() is None, f"the ledger ended: {self.process.returncode}"
            time.sleep(0.02)
        raise TimeoutError(f"no unit succeeded within {limit} s")


class Matrix:
    def __init__(self, directory):
        self.random = random.Random(SEED)
        self.cluster = Cluster(directory / "c")
        self.cluster.add_standby()
        self.proxy = Proxy(self.cluster.primary.socket)
        self.proxy.start()
        self.ledger = Ledger(directory, self.proxy.port)
        self.log = []       # (class, began, recovered)
        self.missed = 0

    # ---- events ----

    def backend(self):
        """A session of the ledger's, at random; None when there is none."""
        pids = self.cluster.primary.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'tradingdb'").split()
        return int(self.random.choice(pids)) if pids else None

    def power(self):
        self.cluster.primary.kill()
        self.cluster.primary.start()

    def immediate(self):
        self.cluster.primary.stop("immediate")
        self.cluster.primary.start()

    def restart(self):
        self.cluster.primary.stop("fast")
        self.cluster.primary.start()

    def kill_backend(self):
        """The server recovers from the crash of one of its processes."""
        pid = self.backend()
        if pid:
            os.kill(pid, signal.SIGKILL)
            # Units succeed until it has noticed, which may take it into the next event.
            self.cluster.primary.wait_for(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}", "0")
        return pid

    def terminate(self):
        pid = self.backend()
        if pid:
            self.cluster.primary.sql(f"SELECT pg_terminate_backend({pid})")
        return pid

    def client(self):
        self.ledger.kill()
        self.ledger.start()

    def promote(self):
        self.cluster.promote()
        self.proxy.retarget(self.cluster.primary.socket)
        self.cluster.add_standby()

    def cut(self, direction, kind, where, how):
        fault = self.proxy.inject(Fault(direction, kind, where, how))
        if not fault.struck.wait(10):
            self.proxy.withdraw(fault)
        return fault.struck.is_set()

    def plan(self):
        """The classes in order: a share for each, the rest cuts, all of them in turn."""
        shares = {"promote": 60, "power": 40, "immediate": 60, "restart": 60, "kill_backend": 20, "terminate": 12,
                  "client": 15}
        plan = [(name,) for name, share in shares.items() for _ in range(max(1, EVENTS // share))]
        cuts = []
        while len(plan) + len(cuts) < EVENTS:
            more = CUTS[:]
            self.random.shuffle(more)
            cuts += more
        plan += [("cut", *cut) for cut in cuts[:max(0, EVENTS - len(plan))]]
        self.random.shuffle(plan)
        return plan

    def event(self, name, *arguments):
        self.cluster.primary.wait_for("SELECT 1", "1")  # a crash is noticed a little later than a unit may succeed
        began = now()
        if getattr(self, name)(*arguments) in (None, True) or name in ("kill_backend", "terminate"):
            since = now()
            recovered = self.ledger.wait_for_one(since, RECOVERY_S)
            label = f"cut {arguments[0]} {arguments[2]} {arguments[3]}" if name == "cut" else name
            self.log.append((label, began, recovered))
        else:
            self.missed += 1
        self.proxy.release()

    def run(self):
        self.ledger.start()
        self.ledger.wait_for_one(now(), RECOVERY_S)
        for number, step in enumerate(self.plan(), 1):
            time.sleep(self.random.random() * 0.1)
            try:
                self.event(*step)
            except Exception as error:
                raise RuntimeError(f"event {number}, {' '.join(step)} (seed {SEED})") from error
            if number % 100 == 0:
                print(f"# {number} events, {len(self.ledger.units)} units", flush=True)
        assert self.ledger.stop() == 0
        self.ledger.take()

    # ---- what came of it ----

    def stored(self):
        """Unit -> (rows of the one table, rows of the other), when nobody writes any more."""
        primary = self.cluster.primary
        primary.sql("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                    "WHERE application_name = 'tradingdb'")
        found = collections.defaultdict(lambda: [0, 0])
        for line in primary.sql("SELECT substr(key, 6), count(*) FROM telegram_settings GROUP BY 1").splitlines():
            found[int(line.split("|")[0])][0] = int(line.split("|")[1])
        for line in primary.sql("SELECT message, count(*) FROM telegram_broadcast_logs GROUP BY 1").splitlines():
            found[int(line.split("|")[0])][1] = int(line.split("|")[1])
        return found

    def reason(self, unit):
        """Why nobody can know what became of a unit; None when somebody could."""
        # An event lasts until the next begins: another thread's unit may still be waiting for what it broke.
        ends = [began for _, began, _ in self.log[1:]] + [float("inf")]
        over = [(label, began, ended) for (label, began, _), ended in zip(self.log, ends)
                if began <= unit.ended and ended >= unit.began]
        if unit.way == "fast":
            return "COMMIT went with the writes, without a witness"
        crash = [label for label, _, _ in over if label in CRASHES]
        if "witness" not in unit.way and crash:
            return f"no witness, and the server's ids began anew: {crash[0]}"
        away = {label: min(ended, unit.ended) - max(began, unit.began)
                for label, began, ended in over if label in SERVERS}
        if sum(away.values()) >= RESOLVE_S / 2:
            return f"no primary with its standby in {RESOLVE_S} s: {' and '.join(sorted(away))}"
        return None

    def around(self, unit):
        """The events about a unit's time, in seconds since it began."""
        return ", ".join(f"{label} {began - unit.began:+.2f} until {ended - unit.began:+.2f}"
                         for label, began, ended in self.log
                         if began <= unit.ended + 1 and ended >= unit.began - 2)

    def close(self):
        if self.ledger.process and self.ledger.process.poll() is None:
            self.ledger.kill()
        self.proxy.stop()
        self.cluster.close()


class Findings:
    """Units against their answers."""

    def __init__(self, matrix):
        self.lost, self.doubled, self.torn, self.undead, self.unknown, self.late = [], [], [], [], [], []
        self.doubts = collections.Counter()
        self.answers = collections.Counter()
        stored = matrix.stored()
        self.longest = 0
        for n, unit in matrix.ledger.units.items():
            rows = tuple(stored.pop(n, (0, 0)))
            self.answers[unit.answer or "killed"] += 1
            if rows[0] > 1 or rows[1] > ROWS:
                self.doubled.append(n)
            elif rows not in ((0, 0), (1, ROWS)):
                self.torn.append((n, rows))
            elif unit.answer == "acknowledged" and rows == (0, 0):
                self.lost.append((n, unit.way))
            elif unit.answer == "aborted" and rows != (0, 0):
                self.undead.append((n, unit.way, unit.words))
            if unit.answer == "in-doubt":
                why = matrix.reason(unit)
                self.doubts[why or "NONE"] += 1
                if not why:
                    self.unknown.append((n, unit.way, unit.words, f"took {unit.ended - unit.began:.2f} s",
                                         "stored" if rows != (0, 0) else "not stored", matrix.around(unit)))
            if unit.ended:
                self.longest = max(self.longest, unit.ended - unit.began)
                if unit.ended - unit.began > LIMIT_S + SLACK_S:
                    self.late.append((n, unit.way, round(unit.ended - unit.began, 1)))
        self.strangers = dict(stored)


def report(matrix, findings):
    classes = collections.defaultdict(list)
    for label, began, recovered in matrix.log:
        classes[label].append(recovered - began)
    print(f"# {len(matrix.log)} events ({matrix.missed} found nothing to strike), {len(matrix.ledger.units)} units, "
          f"{len(findings.lost)} lost, {len(findings.doubled)} doubled, {len(findings.torn)} torn, "
          f"{len(findings.undead)} stored though reported aborted, {len(findings.unknown)} unresolved without a reason")
    print("# answers: " + ", ".join(f"{count} {name}" for name, count in sorted(findings.answers.items())))
    for why, count in findings.doubts.most_common():
        print(f"# in doubt: {count} × {why}")
    print(f"# longest unit {findings.longest:.2f} s of at most {LIMIT_S} s; "
          f"longest outage {max(max(times) for times in classes.values()):.2f} s")
    print("# event class: count, median and longest time until a unit succeeds")
    for label, times in sorted(classes.items()):
        print(f"#   {label}: {len(times)}, {sorted(times)[len(times) // 2]:.2f} s, {max(times):.2f} s")
    for name in ("lost", "doubled", "torn", "undead", "unknown", "late"):
        for item in getattr(findings, name)[:20]:
            print(f"# {name}: {item}")
    sys.stdout.flush()


def main():
    print(f"# TRDB_FAULT_EVENTS={EVENTS} TRDB_FAULT_SEED={SEED}", flush=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="m", dir=os.environ.get("TMPDIR")))
    directory.chmod(0o755)
    matrix = Matrix(directory)
    try:
        matrix.run()
        findings = Findings(matrix)
        report(matrix, findings)
    finally:
        matrix.close()
        if not os.environ.get("TRDB_FAULT_KEEP"):
            shutil.rmtree(directory, ignore_errors=True)

    def events_happened():
        """the events happened, and units were written"""
        assert len(matrix.log) >= EVENTS * 0.9 and findings.answers["acknowledged"] > EVENTS, findings.answers

    def nothing_is_lost():
        """every acknowledged unit is stored once"""
        assert not findings.lost and not findings.doubled and not findings.torn and not findings.strangers

    def nothing_undead():
        """no unit that was reported aborted is stored"""
        assert not findings.undead

    def doubts_have_reasons():
        """each unit in doubt is one that nobody can know about"""
        assert not findings.unknown

    def in_time():
        """no unit took longer than its deadline"""
        assert not findings.late

    tap.run(events_happened, nothing_is_lost, nothing_undead, doubts_have_reasons, in_time)


main()
