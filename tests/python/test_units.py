# SPDX-License-Identifier: MIT
"""Units of work from Python: commit, rollback, savepoints, options, errors, run(), and calls that open their own."""
import gc
import logging
import warnings
from datetime import timedelta

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402

URL = support.database()
NAME = support.name_of(URL)
db = tradingdb.open(URL)


def emails():
    return support.psql(NAME, "SELECT string_agg(email, ' ' ORDER BY id) FROM usr_users")


def fresh(*names):
    support.psql(NAME, "TRUNCATE usr_users CASCADE")
    for name in names:
        db.users.users.insert(email=name)


def commit_and_rollback():
    """a unit commits when its block is left, and rolls back when an exception leaves it"""
    fresh()
    with db.unit_of_work() as uow:
        uow.users.users.insert(email="a")
        equal(emails(), "")
    equal(emails(), "a")
    with raises(KeyError):
        with db.unit_of_work() as uow:
            uow.users.users.insert(email="b")
            raise KeyError("mine")
    equal(emails(), "a")
    with db.unit_of_work() as uow:
        uow.users.users.insert(email="c")
        uow.rollback()
        assert uow.finished
    with db.unit_of_work() as uow:
        uow.users.users.insert(email="d")
        uow.commit()
    equal(emails(), "a d")
    uow = db.unit_of_work()
    uow.users.users.insert(email="e")
    uow.commit()
    equal(emails(), "a d e")


def finished():
    """a finished unit refuses everything"""
    uow = db.unit_of_work()
    uow.commit()
    for action in (uow.commit, uow.rollback, uow.__enter__, uow.flush, lambda: uow.users.users.count(),
                   lambda: uow.savepoint().__enter__()):
        with raises(tradingdb.State, "finished"):
            action()
    equal(repr(uow), "<tradingdb.UnitOfWork finished>")


def failed():
    """an error that the server reports fails the unit; hiding it does not commit"""
    fresh("a")
    with raises(tradingdb.State, "usr_users.insert"):
        with db.unit_of_work() as uow:
            uow.users.users.insert(email="b")
            with raises(tradingdb.Duplicate):
                uow.users.users.insert(email="A")
            with raises(tradingdb.State):
                uow.users.users.count()
    equal(emails(), "a")
    with db.unit_of_work() as uow:  # what is refused before it is sent, or found out without harm, fails nothing
        with raises(tradingdb.Range):
            uow.users.users.insert(email="x" * 200)
        with raises(tradingdb.NotFound):
            uow.users.users.get(10 ** 9)
        uow.users.users.insert(email="c")
    equal(emails(), "a c")


def savepoints():
    """a savepoint keeps its work or undoes it, and heals a failed unit"""
    fresh("a")
    with db.unit_of_work() as uow:
        with uow.savepoint():
            uow.users.users.insert(email="b")
        with raises(tradingdb.Duplicate):
            with uow.savepoint():
                uow.users.users.insert(email="c")
                uow.users.users.insert(email="A")
        with raises(KeyError):
            with uow.savepoint() as same:
                assert same is uow
                with uow.savepoint():
                    uow.users.users.insert(email="d")
                raise KeyError
        with raises(tradingdb.State):  # the error was hidden inside: the savepoint cannot be kept
            with uow.savepoint():
                uow.users.users.insert(email="e")
                with raises(tradingdb.Duplicate):
                    uow.users.users.insert(email="A")
        uow.users.users.insert(email="f")
    equal(emails(), "a b f")
    with db.unit_of_work() as uow:
        with uow.savepoint():
            uow.commit()


def calls_of_their_own():
    """a call on the database is a unit of its own; services join a unit when they are called on it"""
    fresh()
    before = db.statistics().commits
    user = db.users.authenticate_user("telegram", "7")
    bot = db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={})
    equal(db.statistics().commits, before + 2)
    with raises(tradingdb.NotFound):
        db.trading.heartbeat(10 ** 9)
    with db.unit_of_work() as uow:
        uow.trading.heartbeat(bot.id)
        uow.trading.add_bot_pnl(bot.id, "1.5")
        equal(db.trading.bots.get(bot.id).total_pnl, None)
        uow.rollback()
    equal(db.trading.bots.get(bot.id).last_heartbeat, None)
    equal(db.statistics().borrowed, 0)
    position = db.trading.ensure_open_position(bot_id=bot.id, trade_type="paper", symbol="X", direction="long")
    trips = db.statistics().round_trips
    db.trading.unrealized_pnl(position, 5)  # asks nothing of the database
    equal(db.statistics().round_trips, trips)


def options():
    """read-only, isolation, timeouts and the acting user reach the server"""
    with raises(tradingdb.ReadOnly):
        with db.unit_of_work(read_only=True) as uow:
            uow.users.users.insert(email="x")
    for isolation in ("serializable", tradingdb.Isolation.REPEATABLE_READ):
        with db.unit_of_work(isolation=isolation) as uow:
            uow.users.users.count()
    with raises(tradingdb.Invalid, "isolation: not one of read_committed, repeatable_read, serializable"):
        db.unit_of_work(isolation="none")
    with raises(TypeError, "read_only: expected bool"):
        db.unit_of_work(read_only=1)
    with db.unit_of_work() as holder:
        user = holder.users.users.insert(email="held")
        with raises(tradingdb.Timeout):
            with db.unit_of_work(lock_timeout=timedelta(milliseconds=20)) as uow:
                uow.users.users.insert(email="held")
        with raises(tradingdb.Timeout):
            with db.unit_of_work(statement_timeout=0.02) as uow:
                uow.users.users.insert(email="held")
        holder.rollback()
    assert user.id
    with db.unit_of_work(acting_user="4711", statement_timeout=5, lock_timeout=1, pool_timeout=1) as uow:
        uow.users.users.count()
    with raises(tradingdb.Encoding, "acting_user"):
        db.unit_of_work(acting_user="a\0")


def pool_limits():
    """a pool without a free connection answers in time; a closed one says so"""
    with tradingdb.open(URL, pool_size=1, pool_overflow=-1, pool_timeout=0.02) as small:
        with small.unit_of_work() as uow:
            uow.users.users.count()
            with raises(tradingdb.Timeout):
                small.users.users.count()
        equal(small.users.users.count() >= 0, True)
        equal(small.statistics().timeouts, 1)
        late = small.unit_of_work()
    assert small.closed
    with raises(tradingdb.Closed):
        small.unit_of_work()
    equal(small.statistics().timeouts, 1)
    late.users.users.count()
    late.commit()
    small.close()
    equal(repr(small), "<tradingdb.Database closed>")


def opening():
    """what is wrong with an address or an option is told when the database is opened"""
    with raises(tradingdb.Connect):
        tradingdb.open("host=/nowhere dbname=x")
    with raises(tradingdb.Invalid):
        tradingdb.open("host=/nowhere dbname")
    with raises(tradingdb.Schema, "migrate up"):
        tradingdb.open(support.database("template0"))
    with raises(tradingdb.Invalid, "DB_URL"):
        tradingdb.open()
    with raises(TypeError, "url: expected str"):
        tradingdb.open(5)
    with raises(tradingdb.Encoding, "url"):
        tradingdb.open("host=\0")
    with raises(TypeError, "pool_size: expected int"):
        tradingdb.open(URL, pool_size="5")
    with raises(tradingdb.Range, "pool_size"):
        tradingdb.open(URL, pool_size=2 ** 40)
    with raises(tradingdb.Invalid):
        tradingdb.open(URL, pool_size=-7)
    tradingdb.open("host=/nowhere dbname=x", lazy=True)
    password = "hush-hush"
    try:
        tradingdb.open(f"host=/nowhere dbname=x password={password}")
    except tradingdb.Connect as error:
        assert password not in str(error) + repr(error) + repr(error.__dict__)


def run_again():
    """run() runs a unit again after a collision, gives what it gave, and hands on what else it raises"""
    fresh("a")
    tries = []

    def work(uow):
        tries.append(uow)
        uow.users.users.insert(email=f"try{len(tries)}")
        if len(tries) < 3:
            raise tradingdb.Serialization("as if")
        return "done"
    equal(db.run(work, first_pause=0.001), "done")
    equal((len(tries), emails()), (3, "a try3"))
    with raises(tradingdb.State, "finished"):
        tries[-1].users.users.count()
    tries.clear()
    with raises(tradingdb.Serialization, "as if"):
        db.run(lambda uow: work(uow), attempts=2, first_pause=timedelta(milliseconds=1))
    equal((len(tries), emails()), (2, "a try3"))
    for exception in (KeyError("mine"), tradingdb.NotFound("mine"), KeyboardInterrupt()):
        calls = []

        def stop(uow):
            calls.append(uow.users.users.insert(email="gone"))
            raise exception
        try:
            db.run(stop)
            raise AssertionError
        except BaseException as caught:
            assert caught is exception
        equal((len(calls), emails()), (1, "a try3"))
    with raises(tradingdb.State, "run() commits"):
        db.run(lambda uow: uow.commit())
    with raises(tradingdb.Duplicate):
        db.run(lambda uow: uow.users.users.insert(email="A"))
    with raises(tradingdb.ReadOnly):
        db.run(lambda uow: uow.users.users.insert(email="z"), read_only=True)
    with raises(TypeError, "attempts"):
        db.run(lambda uow: None, attempts="5")
    with raises(TypeError, "timeout: expected seconds"):
        db.run(lambda uow: None, total_timeout=5, timeout="5")
    equal(db.run(lambda uow: uow.users.users.count() * 0, total_timeout=5, timeout=4), 0)
    equal(db.statistics().borrowed, 0)


def real_collision():
    """two serializable units that collide: run() brings both through"""
    fresh("a", "b")
    first, second = db.users.users.list()
    turns = []

    def work(uow):
        turns.append(1)
        total = uow.users.users.count(email=["a", "b"])
        if len(turns) == 1:
            with db.unit_of_work(isolation="serializable") as other:
                other.users.users.count(email=["a", "b"])
                other.users.users.patch(second.id, email="c")
        uow.users.users.patch(first.id, email="d")
        return total
    equal(db.run(work, isolation="serializable", first_pause=0.001), 1)
    equal((len(turns), emails()), (2, "d c"))


def abandoned():
    """a unit that nobody finishes is rolled back, and a warning says so"""
    fresh()
    uow = db.unit_of_work()
    uow.users.users.insert(email="lost")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del uow
        gc.collect()
    equal([warning.category for warning in caught], [ResourceWarning])
    equal((emails(), db.statistics().borrowed), ("", 0))


def pipelined():
    """a pipelined unit keeps writes back until something reads, and a failure is told there"""
    fresh("a", "b")
    first, second = db.users.users.list()
    with db.unit_of_work(pipeline=True) as uow:
        before = db.statistics().round_trips
        uow.users.users.delete(first.id)
        uow.users.users.insert_many([{"email": "c"}], returning=False)
        uow.flush()
        equal(uow.users.users.count(), 2)
        assert db.statistics().round_trips - before < 4
    equal(emails(), "b c")
    with raises(tradingdb.NotFound):
        with db.unit_of_work(pipeline=True, fast_commit=True) as uow:
            uow.users.users.delete(first.id)
    equal(emails(), "b c")
    assert second.id


logging.getLogger("tradingdb").addHandler(logging.NullHandler())
def witness():
    """a witness that is there commits, one that is not stores nothing"""
    for key, there in (("w1", True), ("w2", False)):
        uow = db.unit_of_work(pipeline=True, fast_commit=True)
        uow.telegram.settings.insert(key=key)
        uow.set_witness("telegram_settings", "key", key if there else "another")
        if there:
            uow.commit()
        else:
            with raises(tradingdb.NotFound):
                uow.commit()
    equal(support.psql(NAME, "SELECT string_agg(key, ' ') FROM telegram_settings WHERE key LIKE 'w_'"), "w1")


tap.run(commit_and_rollback, witness, finished, failed, savepoints, calls_of_their_own, options, pool_limits, opening, run_again,
        real_collision, abandoned, pipelined)
