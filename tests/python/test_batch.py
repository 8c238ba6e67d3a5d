# SPDX-License-Identifier: MIT
"""Calls that share a round trip, writes under a guard, units that another thread cancels, reads without a transaction."""
import gc
import threading
import time
from decimal import Decimal

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402

URL = support.database()
NAME = support.name_of(URL)
db = tradingdb.open(URL)
user = db.users.authenticate_user("telegram", "1")


def bot(**values):
    return db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={"a": [1]}, **values)


def trips():
    return db.statistics().round_trips


def one_round_trip():
    """reads and writes of different kinds are one round trip, and each gives what it gives on its own"""
    first, second = bot(), bot(current_balance="1.50")
    with db.unit_of_work() as uow:
        uow.trading.bots.count()  # BEGIN is behind us
        before = trips()
        with uow.batch() as batch:
            gets = [batch.add(uow.trading.bots.get, one.id) for one in (second, first, second)]
            both = batch.add(uow.trading.bots.get_many, [first.id, second.id, 10 ** 9])
            listed = batch.add(uow.trading.bots.list, user_id=user.id, order_by="id", descending=True, limit=2)
            counted = batch.add(uow.trading.bots.count, status="running")
            found = batch.add(uow.users.get_by_provider, "telegram", "1")
            inserted = batch.add(uow.trading.bots.insert, user_id=user.id, type="live", status="starting", config={})
            patched = batch.add(uow.trading.bots.patch, first.id, total_pnl=Decimal("-0.001"))
            updated = batch.add(uow.trading.bots.update, second.id, description="new")
            setting = batch.add(uow.telegram.settings.upsert_by_key, key="batch", value="1")
            recounted = batch.add(uow.trading.bots.count)
            equal((len(batch), trips(), counted.state), (12, before, "waiting"))
            with raises(tradingdb.State, "has not run"):
                counted.result()
        equal(trips(), before + 1)
        equal([later.result() for later in gets], [second, first, second])
        equal(both.result(), [first, second])
        equal([one.id for one in listed.result()], [second.id, first.id])
        equal((counted.result(), recounted.result()), (2, 3))
        equal(found.result().id, user.id)
        equal((inserted.result().type, patched.result().total_pnl), ("live", Decimal("-0.001")))
        equal((updated.result(), updated.state), (None, "done"))
        equal(setting.result().value, "1")
    equal(db.trading.bots.get(second.id).description, "new")
    equal(db.trading.bots.get(inserted.result().id), inserted.result())
    equal((repr(batch), repr(counted)), ("<tradingdb.Batch of 12>", "<tradingdb.Later done>"))


def missing():
    """a row that is not found is the failure of its own call; the unit goes on"""
    one = bot()
    with db.unit_of_work() as uow:
        batch = uow.batch()
        before = batch.add(uow.trading.bots.get, one.id)
        gone = batch.add(uow.trading.bots.get, 10 ** 9)
        deleted = batch.add(uow.trading.bots.delete, 10 ** 9 + 1)
        after = batch.add(uow.trading.bots.get, one.id)
        with raises(tradingdb.NotFound, "trading_bots") as caught:
            batch.run()
        equal(caught.error.row, 1)
        equal((before.result(), after.result()), (one, one))
        equal([later.state for later in (before, gone, deleted, after)], ["done", "failed", "failed", "done"])
        for later in (gone, deleted):
            with raises(tradingdb.NotFound):
                later.result()
        with raises(tradingdb.State):
            batch.run()
        equal(before.result(), one)
        uow.trading.bots.patch(one.id, description="still")
    equal(db.trading.bots.get(one.id).description, "still")


def refused_by_the_server():
    """an error of the server ends the batch and fails the unit; what stands behind it did not run"""
    support.psql(NAME, "DELETE FROM telegram_settings")
    with raises(tradingdb.Duplicate) as caught:
        with db.unit_of_work() as uow:
            with uow.batch() as batch:
                first = batch.add(uow.telegram.settings.insert, key="k", value="1")
                again = batch.add(uow.telegram.settings.insert, key="k", value="2")
                behind = batch.add(uow.telegram.settings.count)
    equal((caught.error.row, first.result().value), (1, "1"))
    equal([later.state for later in (first, again, behind)], ["done", "failed", "not run"])
    with raises(tradingdb.Duplicate):
        again.result()
    with raises(tradingdb.State, "did not run"):
        behind.result()
    equal(db.telegram.settings.count(), 0)


def refused_at_once():
    """what cannot be sent, or put into a batch, is refused by add(), and the batch stays as it was"""
    one = bot()
    with db.unit_of_work() as uow, db.unit_of_work() as other:
        batch = uow.batch()
        kept = batch.add(uow.trading.bots.get, one.id)
        with raises(TypeError, "id: expected int"):
            batch.add(uow.trading.bots.get, "1")
        with raises(tradingdb.Range, "telegram_settings.key"):
            batch.add(uow.telegram.settings.insert, key="x" * 1000)
        with raises(TypeError):
            batch.add(uow.trading.bots.get)
        for method in (uow.trading.bots.columns, uow.trading.bots.stream, uow.trading.bots.iterate):
            with raises(TypeError, "cannot be put into a batch"):
                batch.add(method)
        with raises(TypeError, "cannot be put into a batch"):
            batch.add(uow.trading.heartbeat, one.id)
        for method in (other.trading.bots.count, db.trading.bots.count, uow.commit, print):
            with raises(TypeError, "own unit"):
                batch.add(method)
        equal(len(batch), 1)
        batch.run()
        equal(kept.result(), one)
        with uow.batch():
            pass
    with raises(tradingdb.State, "finished"):
        uow.batch()
    with raises(tradingdb.State, "finished"):
        batch.add(uow.trading.bots.get, 1)


def left_by_an_exception():
    """a block that an exception leaves does not run its batch"""
    with db.unit_of_work() as uow:
        before = trips()
        with raises(KeyError):
            with uow.batch() as batch:
                never = batch.add(uow.trading.bots.count)
                raise KeyError
        equal((trips(), never.state), (before, "waiting"))
        del batch
        gc.collect()


def many():
    """thousands of calls: results stay with their calls"""
    ids = [bot().id for _ in range(3)]
    with db.unit_of_work() as uow:
        before = trips()
        with uow.batch() as batch:
            laters = [batch.add(uow.trading.bots.get, ids[at % 3]) for at in range(2000)]
        equal([later.result().id for later in laters], [ids[at % 3] for at in range(2000)])
        assert trips() - before <= 5, trips() - before


def guard():
    """patch_if() writes what still holds what it is believed to hold, and raises Conflict otherwise"""
    one = bot(total_pnl=1)
    changed = db.trading.bots.patch_if(one.id, {"updated_at": one.updated_at, "total_pnl": Decimal(1)}, total_pnl=2)
    equal(changed.total_pnl, 2)
    with raises(tradingdb.Conflict):
        db.trading.bots.patch_if(one.id, {"updated_at": one.updated_at}, total_pnl=3)
    with raises(tradingdb.Conflict):
        db.trading.bots.patch_if(one.id, {"description": "x"}, total_pnl=3)
    equal(db.trading.bots.get(one.id), changed)
    equal(db.trading.bots.patch_if(one.id, {"description": None}, description="x").description, "x")
    with raises(tradingdb.NotFound):
        db.trading.bots.patch_if(10 ** 9, {"total_pnl": None}, total_pnl=3)
    for wrong, kind, part in ((5, TypeError, "guard: expected a dict"), ({"nonsense": 1}, TypeError, "guard: there is no field nonsense"),
                              ({"total_pnl": 1.5}, TypeError, "guard.total_pnl"), ({"status": "x"}, tradingdb.Invalid, "guard.status"),
                              (None, TypeError, "guard")):
        with raises(kind, part):
            db.trading.bots.patch_if(one.id, wrong, total_pnl=3)


def two_writers():
    """of two programs that change the same row by what they read, one gets Conflict"""
    one = bot(error_count=0)
    outcomes = []
    ready = threading.Barrier(2)

    def write():
        read = db.trading.bots.get(one.id)
        ready.wait()
        try:
            db.trading.bots.patch_if(one.id, {"error_count": read.error_count}, error_count=read.error_count + 1)
            outcomes.append("done")
        except tradingdb.Conflict:
            outcomes.append("conflict")
    threads = [threading.Thread(target=write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal((sorted(outcomes), db.trading.bots.get(one.id).error_count), (["conflict", "done"], 1))


def cancelled_while_waiting():
    """another thread ends a call that waits for a lock, long before its timeout; the connection serves the next unit"""
    canceller = tradingdb.Canceller()
    equal((canceller.cancelled, repr(canceller)), (False, "<tradingdb.Canceller>"))
    with db.unit_of_work() as holder:
        holder.telegram.settings.upsert_by_key(key="locked")
        timer = threading.Timer(0.2, canceller.cancel)
        started = time.monotonic()
        timer.start()
        with raises(tradingdb.Cancelled):
            with db.unit_of_work(canceller=canceller, lock_timeout=30) as uow:
                uow.telegram.settings.upsert_by_key(key="locked")
        took = time.monotonic() - started
        assert 0.1 < took < 10, took
        timer.join()
        holder.rollback()
    equal((canceller.cancelled, db.statistics().borrowed), (True, 0))
    with raises(tradingdb.Cancelled):
        with db.unit_of_work(canceller=canceller) as uow:
            uow.telegram.settings.count()
    db.telegram.settings.count()


def cancelled_in_run():
    """run() does not try again what was cancelled; a canceller may be dropped while a unit has it"""
    canceller, calls = tradingdb.Canceller(), []

    def work(uow):
        calls.append(uow)
        canceller.cancel()
        uow.telegram.settings.count()
    with raises(tradingdb.Cancelled):
        db.run(work, canceller=canceller)
    equal(len(calls), 1)
    uow = db.unit_of_work(canceller=tradingdb.Canceller())
    gc.collect()
    uow.telegram.settings.count()
    uow.commit()
    with raises(TypeError, "canceller: expected a Canceller"):
        db.unit_of_work(canceller=5)


def reads_without_a_transaction():
    """a call on the database that only reads is one round trip; one that writes is stored"""
    one = bot()
    for method, arguments in ((db.trading.bots.get, [one.id]), (db.trading.bots.get_many, [[one.id]]),
                              (db.trading.bots.list, []), (db.trading.bots.count, []), (db.trading.bots.columns, []),
                              (db.users.get_by_provider, ["telegram", "1"])):
        method(*arguments)  # prepares
        before = trips()
        assert method(*arguments) is not None
        equal((method.__name__, trips() - before), (method.__name__, 1))
    with raises(tradingdb.NotFound):
        db.trading.bots.get(10 ** 9)
    db.trading.bots.patch(one.id, description="written")
    equal(db.trading.bots.get(one.id).description, "written")
    equal(db.statistics().borrowed, 0)
    with db.unit_of_work(autocommit=True) as uow, uow.batch() as batch:
        counted = batch.add(uow.trading.bots.count)
    assert counted.result() > 0


tap.run(one_round_trip, missing, refused_by_the_server, refused_at_once, left_by_an_exception, many, guard, two_writers,
        cancelled_while_waiting, cancelled_in_run, reads_without_a_transaction)
