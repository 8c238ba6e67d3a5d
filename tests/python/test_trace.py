# SPDX-License-Identifier: MIT
"""The trace: what the library tells of its calls reaches logging and listeners, and nothing of theirs reaches C."""
import io
import logging
import signal
import threading
from datetime import datetime, timedelta, timezone

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402

URL = support.database()
logger = logging.getLogger("tradingdb")


class Heard(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


def to_logging():
    """the logger `tradingdb` hears of every call at level DEBUG, as soon as it listens and as long"""
    handler = Heard()
    logger.addHandler(handler)
    with tradingdb.open(URL) as db:
        db.users.users.count()
        equal(handler.records, [])
        logger.setLevel(logging.DEBUG)
        db.users.users.insert(email="seen@example.org")
        messages = [record.getMessage() for record in handler.records]
        assert any(message.startswith("usr_users.insert: 1 rows in ") for message in messages), messages
        assert all(record.levelno == logging.DEBUG and record.name == "tradingdb" for record in handler.records)
        assert "seen@example.org" not in " ".join(map(str, [*messages, *(r.trace_event for r in handler.records)]))
        with raises(tradingdb.Duplicate):
            db.users.users.insert(email="seen@example.org")
        assert any("usr_users.insert: failed: 23505" in record.getMessage() for record in handler.records)
        logger.setLevel(logging.WARNING)
        handler.records.clear()
        db.users.users.count()
        equal(handler.records, [])
    logger.removeHandler(handler)


def to_a_listener():
    """a listener gets events: what, when, how long, how many"""
    events = []
    before = datetime.now(timezone.utc)
    with tradingdb.open(URL, trace=events.append) as db:
        db.users.users.insert_many([{"email": f"l{n}"} for n in range(3)])
        with raises(tradingdb.Duplicate):
            db.users.users.insert(email="l0")
    insert = next(event for event in events if event.statement == "usr_users.insert")
    assert isinstance(insert, tradingdb.TraceEvent) and "INSERT INTO" in insert.sql
    equal((insert.code, insert.sqlstate), (0, None))
    assert before - timedelta(seconds=1) < insert.started < datetime.now(timezone.utc) + timedelta(seconds=1)
    assert timedelta(0) <= insert.duration < timedelta(minutes=1) and insert.round_trip >= 1
    assert insert.backend_pid > 0 or support.HOST != support.DIRECT and insert.backend_pid != 0  # a pooler invents any number
    failed = [event for event in events if event.code]
    equal({(event.code, event.sqlstate) for event in failed}, {(tradingdb.Duplicate.code, "23505")})


def chosen():
    """True is the logger whatever it hears, False is nobody"""
    handler, stream = Heard(), logging.StreamHandler(io.StringIO())
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    with tradingdb.open(URL, trace=False) as db:
        db.users.users.count()
    equal(handler.records, [])
    with tradingdb.open(URL, trace=True) as db:
        db.users.users.count()
    assert handler.records
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)
    stream.close()


def failing_listeners():
    """a listener that fails is logged and disturbs nothing; an interrupt in one comes out of the call"""
    handler = Heard()
    logger.addHandler(handler)
    logger.propagate = False

    def fail(event):
        raise ValueError("listener")
    with tradingdb.open(URL, trace=fail) as db:
        equal(db.users.users.count(email="nobody"), 0)
    assert any(record.exc_info and record.exc_info[0] is ValueError for record in handler.records)
    turns = []

    def interrupt(event):
        if event.statement == "usr_users.count" and not turns:
            turns.append(1)
            signal.raise_signal(signal.SIGINT)
    with tradingdb.open(URL, trace=interrupt) as db:
        interrupted = False
        try:
            with db.unit_of_work() as uow:
                uow.users.users.insert(email="interrupted")
                uow.users.users.count()
        except KeyboardInterrupt:
            interrupted = True
        assert interrupted
        equal(db.users.users.count(email="interrupted"), 0)
        equal(db.statistics().borrowed, 0)
    logger.removeHandler(handler)
    logger.propagate = True


def in_the_middle():
    """a listener cannot use the unit that is in the middle of a call; it may use another database"""
    answers = []
    with tradingdb.open(URL) as other:
        def curious(event):
            if event.statement == "usr_users.count":
                try:
                    uow.users.users.count()
                except tradingdb.State as error:
                    answers.append(str(error))
                answers.append(other.users.users.count(email="nobody"))
        with tradingdb.open(URL, trace=curious) as db, db.unit_of_work() as uow:
            uow.users.users.count()
    assert "in the middle of a call" in answers[0] and answers[1] == 0, answers


def many_threads():
    """each event is heard once, on the thread of its call"""
    heard, together = [], threading.Barrier(4)  # an identity is given again once its thread has ended
    with tradingdb.open(URL, trace=lambda event: heard.append((threading.get_ident(), event.statement))) as db:
        def work():
            together.wait()
            for _ in range(50):
                db.users.users.count()
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    counts = [entry for entry in heard if entry[1] == "usr_users.count"]
    equal(len(counts), 200)
    equal(len({thread for thread, _ in counts}), 4)


tap.run(to_logging, to_a_listener, chosen, failing_listeners, in_the_middle, many_threads)
