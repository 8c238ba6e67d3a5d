# SPDX-License-Identifier: MIT
"""Where a transaction's id says nothing, or lies: after a fail-over and after a crash only a witness decides."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import tap
from cluster import Cluster
from proxy import Fault, Proxy

UNIT = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "tests/fault/unit"
NOWHERE = "/nonexistent/.s.PGSQL.5432"
WITNESS_OF = {"default": [], "witness": ["witness"], "fast": ["fast", "witness"]}


class Scene:
    """A cluster behind a proxy, and units whose COMMIT gets no answer."""

    def __init__(self, synchronous=None):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="f", dir=os.environ.get("TMPDIR")))
        self.dir.chmod(0o755)
        self.cluster = Cluster(self.dir / "c")
        if synchronous is not None:
            self.cluster.add_standby(synchronous)
        self.proxies = []
        self.units = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.units.values():
            process.kill()
            process.communicate()
        for proxy in self.proxies:
            proxy.stop()
        self.cluster.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def begin(self, fault, ways=WITNESS_OF, resolve_ms=40000):
        """A unit of each way, cut off at its COMMIT; it then reaches no server until told to."""
        for way, words in ways.items():
            proxy = Proxy(self.cluster.primary.socket)
            proxy.start()
            self.proxies.append(proxy)
            url = f"host=127.0.0.1 port={proxy.port} user=tester dbname=postgres sslmode=disable gssencmode=disable"
            struck = proxy.inject(Fault(*fault)).struck
            for timeout_ms in (2000, 4000, 8000, 16000):  # on a busy machine it may pass before COMMIT
                self.units[way] = subprocess.Popen([UNIT, url, way, str(timeout_ms), str(resolve_ms), *words], text=True,
                                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                while not struck.wait(0.02) and self.units[way].poll() is None:
                    pass
                if struck.is_set():
                    break
                said = self.units[way].communicate()[0]
            assert struck.is_set(), f"COMMIT was not seen: {said}"
            proxy.retarget(NOWHERE)

    def lead_to(self, server):
        for proxy in self.proxies:
            proxy.retarget(server.socket)

    def release(self):
        for proxy in self.proxies:
            proxy.release()

    def answers(self):
        return {way: process.communicate(timeout=90)[0].partition("|")[0] for way, process in self.units.items()}

    def ids(self):
        """The ids of the transactions that are under way."""
        found = self.cluster.primary.sql("SELECT backend_xid FROM pg_stat_activity WHERE application_name = "
                                         "'tradingdb' AND backend_xid IS NOT NULL")
        return [int(line) for line in found.split()]

    def use_up(self, last):
        """Gives out ids, all to transactions that commit, until one is behind."""
        primary = self.cluster.primary
        while int(primary.sql("SELECT pg_current_xact_id()")) <= last:
            pass

    def statuses(self, ids):
        return {self.cluster.primary.sql(f"SELECT pg_xact_status('{one}')") for one in ids}

    def stored(self):
        return set(self.cluster.primary.sql("SELECT key FROM telegram_settings").split())


def promoted_without_them():
    """a promoted standby that did not hear of the units calls their ids committed: they are not"""
    with Scene(synchronous=False) as scene:
        standby = scene.cluster.standby
        standby.sql("ALTER SYSTEM SET primary_conninfo = ''")
        standby.sql("SELECT pg_reload_conf()")
        standby.wait_for("SELECT count(*) FROM pg_stat_wal_receiver", "0")
        scene.begin(("down", "committed", "before", "stall"))
        assert scene.stored() == set(WITNESS_OF)
        last = int(scene.cluster.primary.sql("SELECT pg_snapshot_xmax(pg_current_snapshot())"))
        ids = range(last - len(WITNESS_OF), last)
        assert scene.statuses(ids) == {"committed"}
        scene.cluster.promote()
        scene.use_up(last)
        assert scene.statuses(ids) == {"committed"}, "no trap was set"
        scene.lead_to(scene.cluster.primary)
        answers = scene.answers()
        assert scene.stored() == set()
        assert answers == {"default": "TRDB_E_IN_DOUBT", "witness": "TRDB_E_CONNECTION_LOST",
                           "fast": "TRDB_E_CONNECTION_LOST"}, answers


def promoted_with_them():
    """a promoted standby that has the units knows by their witness; a standby that may be promoted is waited for"""
    with Scene(synchronous=True) as scene:
        scene.begin(("down", "committed", "before", "stall"))
        scene.lead_to(scene.cluster.standby)
        scene.cluster.promote()
        scene.cluster.primary.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        scene.cluster.primary.sql("SELECT pg_reload_conf()")
        answers = scene.answers()
        assert scene.stored() == set(WITNESS_OF)
        assert answers == {"default": "TRDB_E_IN_DOUBT", "witness": "OK", "fast": "OK"}, answers


def ids_after_a_crash():
    """a server that crashed gives out the ids of the units again and calls them committed: they are not"""
    with Scene() as scene:
        primary = scene.cluster.primary
        primary.sql("ALTER SYSTEM SET wal_writer_delay = '10s'")
        primary.sql("SELECT pg_reload_conf()")
        primary.sql("CHECKPOINT")
        scene.begin(("up", "commit", "before", "stall"))
        ids = scene.ids()
        assert len(ids) == len(WITNESS_OF), ids
        primary.kill()
        primary.start()
        scene.use_up(max(ids))
        assert scene.statuses(ids) == {"committed"}, "no trap was set"
        scene.lead_to(primary)
        answers = scene.answers()
        assert scene.stored() == set()
        assert answers == {"default": "TRDB_E_IN_DOUBT", "witness": "TRDB_E_CONNECTION_LOST",
                           "fast": "TRDB_E_CONNECTION_LOST"}, answers


def stored_before_a_crash():
    """a unit that was stored before a crash is known by its witness"""
    with Scene() as scene:
        scene.begin(("down", "committed", "before", "stall"))
        scene.cluster.primary.kill()
        scene.cluster.primary.start()
        scene.lead_to(scene.cluster.primary)
        answers = scene.answers()
        assert scene.stored() == set(WITNESS_OF)
        assert answers == {"default": "TRDB_E_IN_DOUBT", "witness": "OK", "fast": "OK"}, answers


def an_id_to_come():
    """a server that crashed and has not given out an id yet cannot have stored its unit"""
    with Scene() as scene:
        primary = scene.cluster.primary
        primary.sql("ALTER SYSTEM SET wal_writer_delay = '10s'")
        primary.sql("SELECT pg_reload_conf()")
        primary.sql("CHECKPOINT")
        scene.begin(("up", "commit", "before", "stall"), {"default": []})
        ids = scene.ids()
        primary.kill()
        primary.start()
        assert int(primary.sql("SELECT pg_snapshot_xmax(pg_current_snapshot())")) <= max(ids), "the id was kept"
        scene.lead_to(primary)
        assert scene.answers() == {"default": "TRDB_E_CONNECTION_LOST"}


def not_on_the_standby():
    """what no standby has yet is not called stored, though the primary calls it committed"""
    with Scene(synchronous=True) as scene:
        primary = scene.cluster.primary
        scene.cluster.standby.kill()
        scene.begin(("up", "commit", "after", "client"), resolve_ms=6000)
        primary.wait_for("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", str(len(WITNESS_OF)))
        primary.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
        scene.lead_to(primary)
        assert set(scene.answers().values()) == {"TRDB_E_IN_DOUBT"}


def on_the_standby_later():
    """a standby that comes back in time settles it"""
    with Scene(synchronous=True) as scene:
        primary = scene.cluster.primary
        scene.cluster.standby.kill()
        scene.begin(("up", "commit", "after", "client"))
        primary.wait_for("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", str(len(WITNESS_OF)))
        scene.lead_to(primary)
        scene.cluster.standby.start()
        assert set(scene.answers().values()) == {"OK"}


def fenced_primary():
    """an old primary that comes back after a fail-over is not believed"""
    with Scene(synchronous=True) as scene:
        old = scene.cluster.primary
        old.kill()
        scene.cluster.promote(fence=False)
        primary = scene.cluster.primary
        primary.sql("ALTER SYSTEM SET synchronous_standby_names = ''")
        primary.sql("SELECT pg_reload_conf()")
        try:
            old.start()
            scene.begin(("down", "committed", "before", "stall"), {"witness": ["witness"]})
            scene.lead_to(old)
            assert scene.stored() == {"witness"}
            try:
                scene.units["witness"].wait(4)
                raise AssertionError(scene.answers())
            except subprocess.TimeoutExpired:
                scene.lead_to(primary)
            assert scene.answers() == {"witness": "OK"}
        finally:
            old.kill()


tap.run(promoted_without_them, promoted_with_them, ids_after_a_crash, stored_before_a_crash, an_id_to_come,
        not_on_the_standby, on_the_standby_later, fenced_primary)
