# SPDX-License-Identifier: MIT
"""Cron expressions from Python."""
import itertools
import pickle
import threading
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402
from tradingdb import Cron  # noqa: E402

START = datetime(2026, 3, 27, 12, 0, tzinfo=timezone.utc)


def next_instant():
    """the next instant is later than the time that is given, in UTC"""
    cron = Cron("0 9 * * 1-5", "Europe/Berlin")
    equal(cron.next(START), datetime(2026, 3, 30, 7, 0, tzinfo=timezone.utc))
    equal(cron.next(cron.next(START)), datetime(2026, 3, 31, 7, 0, tzinfo=timezone.utc))
    equal(cron.next(START.astimezone(ZoneInfo("Asia/Tokyo"))), cron.next(START))
    assert cron.next() > datetime.now(timezone.utc)
    assert cron.next().tzinfo is timezone.utc


def instants():
    """iterating gives one instant after the other, across a change of clocks"""
    found = list(itertools.islice(Cron("30 2 * * *", ZoneInfo("Europe/Berlin")).times(START), 3))
    equal(found, [datetime(2026, 3, 28, 1, 30, tzinfo=timezone.utc), datetime(2026, 3, 29, 1, 0, tzinfo=timezone.utc),
                  datetime(2026, 3, 30, 0, 30, tzinfo=timezone.utc)])
    first, second = itertools.islice(Cron("@hourly"), 2)
    equal(second - first, timedelta(hours=1))
    equal(len(list(Cron("0 0 1 1 *").times(datetime(9997, 6, 1, tzinfo=timezone.utc)))), 2)  # the calendar ends


def described():
    """an expression tells what it is, and is a value"""
    cron = Cron("*/15 9-17 * * MON-FRI", "America/New_York")
    equal((cron.expression, cron.timezone), ("*/15 9-17 * * MON-FRI", "America/New_York"))
    assert "New_York" in cron.describe()
    equal(repr(cron), "Cron('*/15 9-17 * * MON-FRI', 'America/New_York')")
    equal(pickle.loads(pickle.dumps(cron)), cron)
    assert cron != Cron("*/15 9-17 * * MON-FRI") and len({cron, Cron(cron.expression, cron.timezone)}) == 1
    equal(Cron("@daily").timezone, "UTC")


def bad_expressions():
    """malformed, out of range, never firing, six fields, an unknown zone, wrong types: each its own error"""
    for expression in ("", "x", "* * * *", "* * * * * *", "0 0 31 2 *", "@reboot", "* * * JANUARY *", "1,,2 * * * *"):
        with raises(tradingdb.Invalid):
            Cron(expression)
    for expression in ("60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "*/0 * * * *", "* " * 60):
        with raises(tradingdb.Range):
            Cron(expression)
    for zone in ("Nowhere", "", "europe/berlin", "../etc/passwd"):
        with raises(tradingdb.Invalid):
            Cron("@daily", zone)
    for expression in (None, 5, b"* * * * *"):
        with raises(TypeError, "expression: expected str"):
            Cron(expression)
    with raises(TypeError, "timezone: expected str"):
        Cron("@daily", 5)
    for text in ("* * * * *\0", "\ud800"):
        with raises(tradingdb.Encoding, "expression"):
            Cron(text)
    cron = Cron("@daily")
    with raises(tradingdb.Invalid, "after: the datetime has no time zone"):
        cron.next(datetime(2026, 1, 1))
    with raises(TypeError, "after: expected datetime"):
        cron.next(5)
    with raises(tradingdb.Range):
        cron.next(tradingdb.INFINITY)
    with raises(tradingdb.Range):
        list(cron.times(tradingdb.INFINITY))


def many_threads():
    """threads share an expression"""
    cron, found = Cron("* * * * *", "Asia/Kolkata"), []
    threads = [threading.Thread(target=lambda: found.append(list(itertools.islice(cron.times(START), 200))))
               for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [found[0]] * 4 and len(found[0]) == 200


tap.run(next_instant, instants, described, bad_expressions, many_threads)
