# SPDX-License-Identifier: MIT
"""Threads, forks, finalizers and the end of the interpreter."""
import ctypes
import gc
import os
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import support
import tap
from support import equal, raises, run_python

support.prepare()
import tradingdb  # noqa: E402
from tradingdb import _library  # noqa: E402

COUNTED = {}


def count_calls():
    """Every function of C that frees something, or gives something to free, is counted from its first use on."""
    for symbol in list(tradingdb._c.FUNCTIONS):
        if symbol.endswith("_free") or symbol in ("trdb_uow_begin", "trdb_uow_commit"):
            real = _library.function(symbol)

            def counted(*arguments, real=real, symbol=symbol):
                COUNTED[symbol] = COUNTED.get(symbol, 0) + 1
                return real(*arguments)
            _library._functions[symbol] = counted


count_calls()
URL = support.database()
db = tradingdb.open(URL)


def shared_by_threads():
    """eight threads share one database: no row is lost, mixed up or seen twice"""
    def work(number):
        for turn in range(25):
            with db.unit_of_work() as uow:
                user = uow.users.users.insert(email=f"u{number}-{turn}")
                equal(uow.users.users.get(user.id).email, f"u{number}-{turn}")
        return db.users.users.count(email=[f"u{number}-{turn}" for turn in range(25)])
    with ThreadPoolExecutor(8) as pool:
        equal(list(pool.map(work, range(8))), [25] * 8)
    equal(len({user.email for user in db.users.users.iterate(page_size=30)}), 200)
    equal(db.statistics().borrowed, 0)


def lock_is_released():
    """a thread that waits in C lets the others run: the one that it waits for goes on"""
    user = db.users.users.insert(email="wanted")
    started, finished = threading.Event(), []

    def wait_for_lock():
        with db.unit_of_work(lock_timeout=60) as uow:
            started.set()
            finished.append(uow.users.users.patch(user.id, email="second").email)
    with db.unit_of_work() as uow:
        uow.users.users.patch(user.id, email="first")
        thread = threading.Thread(target=wait_for_lock)
        thread.start()
        started.wait()
        waiting = 0
        while not waiting:  # the server says that it waits; if it held Python's lock, nobody could ask
            waiting = int(support.psql(support.name_of(URL), "SELECT count(*) FROM pg_locks WHERE NOT granted"))
        equal(finished, [])
    thread.join()
    equal((finished, db.users.users.get(user.id).email), (["second"], "second"))


def one_unit_one_thread():
    """a unit in the middle of a call refuses a second thread, and goes on"""
    user = db.users.users.insert(email="busy")
    uow = db.unit_of_work(lock_timeout=60)
    with db.unit_of_work() as holder:
        holder.users.users.patch(user.id, email="busy1")
        thread = threading.Thread(target=lambda: uow.users.users.patch(user.id, email="busy2"))
        thread.start()
        while not uow._busy:
            pass
        for action in (lambda: uow.users.users.count(), uow.commit, uow.rollback, lambda: uow.savepoint().__enter__()):
            with raises(tradingdb.State, "another thread"):
                action()
    thread.join()
    uow.commit()
    equal(db.users.users.get(user.id).email, "busy2")


def fork_is_refused():
    """a child gets Forked from what its parent opened, opens its own, and leaves the parent's connections alone"""
    uow = db.unit_of_work()
    user = uow.users.users.insert(email="parent")
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        said = []
        for action in (lambda: db.users.users.count(), lambda: uow.users.users.count(), uow.commit, db.statistics,
                       lambda: db.run(lambda inside: None)):
            try:
                action()
                said.append("nothing")
            except tradingdb.Forked:
                said.append("forked")
            except BaseException as error:
                said.append(repr(error))
        with tradingdb.open(URL) as own:
            said.append(str(own.users.users.count(email="parent")))
        os.write(writer, " ".join(said).encode())
        os._exit(0)
    os.close(writer)
    equal(os.waitpid(child, 0)[1], 0)
    with os.fdopen(reader) as answer:
        equal(answer.read(), "forked forked forked forked forked 0")
    equal(uow.users.users.get(user.id).email, "parent")
    uow.commit()


FORKED = """
import os, sys, tradingdb
db = tradingdb.open(sys.argv[1])
uow = db.unit_of_work()
uow.users.users.insert(email="kept")
child = os.fork()
if child == 0:
    sys.exit(0)  # finalizers of the parent's objects run in the child, too
assert os.waitpid(child, 0)[1] == 0
uow.commit()
print(db.users.users.count(email="kept"))
"""


def child_ends_normally():
    """a child that ends normally does not end its parent's unit"""
    equal(run_python(FORKED, URL), (0, "1\n", ""))


ENDINGS = {
    "nothing closed": "db = tradingdb.open(url)\nuow = db.unit_of_work()\nuow.users.users.count()\n",
    "only rows left": "with tradingdb.open(url) as db:\n    rows = db.users.users.list(limit=3)\n",
    "a list half read": "rows = iter(tradingdb.open(url).users.users.iterate(page_size=2))\nnext(rows)\n",
    "tracing": "db = tradingdb.open(url, trace=print)\nuow = db.unit_of_work()\nuow.users.users.count()\n",
    "an exception on its way": "import atexit\ndb = tradingdb.open(url)\nuow = db.unit_of_work()\n"
                               "atexit.register(lambda: print(uow.users.users.count() > 0))\n",
    "a thread in the middle of a call": (
        "import threading\ndb = tradingdb.open(url)\nholder = db.unit_of_work()\n"
        "user = holder.users.users.list(limit=1)[0]\nholder.users.users.patch(user.id, role='admin')\n"
        "other = db.unit_of_work()\n"
        "threading.Thread(target=lambda: other.users.users.patch(user.id, role='admin'), daemon=True).start()\n"
        "while not other._busy: pass\n"),
    "cycles": "db = tradingdb.open(url)\nuow = db.unit_of_work()\ndb.me = db\nuow.me = uow\ndel db, uow\n",
}


def interpreter_ends():
    """the interpreter ends cleanly, whatever is left open"""
    for name, script in ENDINGS.items():
        status, output, complaint = run_python("import sys, tradingdb\nurl = sys.argv[1]\n" + script, URL)
        assert status == 0 and "Traceback" not in complaint and "Error" not in complaint, (name, status, complaint)
    if not support.SANITIZED:
        equal(support.psql(support.name_of(URL), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                           " AND state LIKE 'idle in%'"), "0")


def unit():
    with db.unit_of_work() as uow:
        uow.users.users.list(limit=2)
        uow.users.users.get_many([1, 2])
        try:
            uow.users.users.get(-1)
        except tradingdb.NotFound:
            pass
        try:
            uow.users.users.list(order_by="nothing")
        except tradingdb.Invalid:
            pass


class Heap(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks",
                                                    "uordblks", "fordblks", "keepcost")]


def heap_in_use():
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Heap
    gc.collect()
    return libc.mallinfo2().uordblks


def nothing_leaks():
    """ten thousand units leave nothing: as many frees as handles, no Python object, no C memory"""
    db.users.users.insert_many([{"email": f"leak{n}"} for n in range(3)])
    rounds = 10000 if not support.SANITIZED else 1000
    for _ in range(200):
        unit()
    gc.collect()
    objects, heap = len(gc.get_objects()), heap_in_use()
    COUNTED.clear()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in range(rounds // 10):
        unit()
    gc.collect()
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = sum(max(line.size_diff, 0) for line in after.compare_to(before, "filename")
                if "tradingdb" in line.traceback[0].filename)
    for _ in range(rounds - rounds // 10):
        unit()
    equal(COUNTED, {"trdb_uow_begin": rounds, "trdb_uow_commit": rounds, "trdb_uow_free": rounds,
                    "trdb_usr_user_list_free": 2 * rounds, "trdb_error_free": rounds})
    assert grown < 20000, grown
    gc.collect()
    assert len(gc.get_objects()) < objects + 100, len(gc.get_objects()) - objects
    if not support.SANITIZED:
        assert heap_in_use() - heap < 200000, heap_in_use() - heap


tap.run(shared_by_threads, lock_is_released, one_unit_one_thread, fork_is_refused, child_ends_normally,
        interpreter_ends, nothing_leaks)
