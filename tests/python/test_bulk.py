# SPDX-License-Identifier: MIT
"""Many rows at once: the ways they go, their keys, progress, upserts, and which row was bad."""
import random
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402
from tradingdb._gather import MANY, gather  # noqa: E402

URL = support.database()
NAME = support.name_of(URL)
db = tradingdb.open(URL)


def settings(count, value="v", start=0):
    return [{"key": f"k{n:06}", "value": f"{value}{n}"} for n in range(start, start + count)]


def users(count, name):
    return [{"email": f"{name}{n}@example.org"} for n in range(count)]


def stored():
    return support.psql(NAME, "SELECT count(*) FROM telegram_settings")


def keys_in_order():
    """insert_keys() gives the key of each row in the order of the rows, whichever way they go"""
    for method in (None, "auto", "pipeline", tradingdb.BulkMethod.UNNEST):
        if method == "auto":
            with raises(tradingdb.Invalid, "method: not one of pipeline, unnest, copy"):
                db.users.users.insert_keys([], method=method)
            continue
        name = f"{method}-"
        keys = db.users.users.insert_keys(users(1500, name), method=method)
        equal([type(key) for key in keys[:1]], [int])
        by_key = {user.id: user.email for user in db.users.users.get_many(keys)}
        equal([by_key[key] for key in keys], [user["email"] for user in users(1500, name)])
    equal(db.users.users.insert_keys([]), [])
    with raises(tradingdb.Unsupported):
        db.users.users.insert_keys(users(3, "copy"), method="copy")


def ways():
    """insert_many() stores the same by every way, and reads back unless that is not wanted"""
    for method in ("pipeline", "unnest", "copy", None):
        support.psql(NAME, "TRUNCATE telegram_settings")
        equal(db.telegram.settings.insert_many(settings(1200), method=method, returning=False), [])
        equal([row.value for row in db.telegram.settings.list(order_by="key")], [f"v{n}" for n in range(1200)])
    found = db.telegram.settings.insert_many(settings(700, start=5000), method="unnest")
    equal([(row.key, row.value) for row in found], [tuple(row.values()) for row in settings(700, start=5000)])
    with raises(tradingdb.Unsupported):
        db.telegram.settings.insert_many(settings(3, start=9000), method="copy")


def heard():
    """progress is told in steps, at last with all rows"""
    support.psql(NAME, "TRUNCATE telegram_settings")
    calls = []
    db.telegram.settings.insert_many(settings(5000), returning=False, progress_every=1000,
                                     progress=lambda done, total: calls.append((done, total)))
    equal((calls[-1], {total for _, total in calls}), ((5000, 5000), {5000}))
    assert len(calls) >= 5 and calls == sorted(set(calls)), calls
    calls.clear()
    db.users.users.insert_keys(users(2500, "heard"), progress_every=1000,
                               progress=lambda done, total: calls.append(done))
    equal((calls[-1], len(calls) >= 3), (2500, True))


def stopped():
    """a listener that returns False stops the call, and one that raises is heard itself; nothing is stored"""
    support.psql(NAME, "TRUNCATE telegram_settings")
    for method in ("pipeline", "unnest", "copy"):
        with raises(tradingdb.Cancelled):
            db.telegram.settings.insert_many(settings(5000), method=method, returning=False, progress_every=1000,
                                             progress=lambda done, total: done < 2000)
        mine = KeyError("mine")

        def fail(done, total):
            raise mine
        with raises(KeyError) as caught:
            db.telegram.settings.insert_many(settings(5000), method=method, returning=False, progress=fail,
                                             progress_every=1000)
        assert caught.error is mine
        equal(stored(), "0")
    with raises(TypeError, "progress: expected a function"):
        db.telegram.settings.insert_many([], progress=5)
    for number in (0, -1):
        with raises(tradingdb.Range, "progress_every"):
            db.telegram.settings.insert_many([], progress_every=number)
    db.telegram.settings.count()


def upserts():
    """upsert_many_by_…() tells what was new and what was written over; of equal keys the last row wins"""
    support.psql(NAME, "TRUNCATE telegram_settings")
    table = db.telegram.settings
    for count, start in ((3, 0), (3000, 100)):
        done = table.upsert_many_by_key(settings(count, "a", start))
        equal((done, done.inserted, done.updated), ((count, 0), count, 0))
        again = settings(count, "b", start) + settings(5, "c", start + count) + settings(1, "last", start)
        equal(table.upsert_many_by_key(again)[0], 5)
        equal([table.get(f"k{start + n:06}").value for n in (0, 1, count)],
              [f"last{start}", f"b{start + 1}", f"c{start + count}"])
    equal(table.upsert_many_by_key([]), (0, 0))
    equal(type(table.upsert_many_by_key(settings(1))), tradingdb.Upserted)


def trades(count):
    """Rows that are alike, with values of every sort."""
    draw = random.Random(3)
    user = db.users.authenticate_user("telegram", "77")
    bot = db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={})
    return [{"bot_id": bot.id, "trade_type": draw.choice(["paper", tradingdb.TradingTradeType.LIVE]),
             "strategy_name": draw.choice(["a", "\u2603", "", None]), "entry_logic_name": "in", "exit_logic_name": "out",
             "symbol": f"S{n}", "interval": "1m", "direction": draw.choice(["long", "short"]), "status": "open",
             "entry_time": draw.choice([datetime(1969, 1, 1, 0, 0, 0, 7, timezone.utc), None,
                                        datetime(2024, 5, 6, 7, 8, 9, 10, timezone(timedelta(hours=5)))]),
             "net_pnl": draw.choice([None, Decimal("0E-8"), Decimal("-1.50"), Decimal("1E+3"), Decimal(n) / 8]),
             "position_id": None, "size": Decimal(n + 1),
             "extra_metadata": draw.choice([{"n": n, "x": Decimal("1.10")}, {}, None, tradingdb.JsonText('{"a": [1]}')])}
            for n in range(count)]


def columns_of_rows():
    """rows that are alike go as columns, and are stored as those that go one by one"""
    rows, table = trades(2500), db.trading.trades
    for n, row in enumerate(rows):  # None in the first piece alone, and only behind it
        row["exit_reason"], row["exit_price"] = None if n == 3 else f"r{n % 5}", None if n == 2400 else Decimal(n)
        row["exit_time"] = None if n in (1500, 2499) else datetime(2025, 1, 1, 0, 0, n % 60, tzinfo=timezone.utc)
    assert gather(rows, "trdb_trading_trade_new"), "these rows are to go as columns"
    found = []
    for method in (None, "pipeline"):
        table.insert_many(rows, returning=False, method=method)
        found.append([[getattr(row, name) for name in rows[0]] for row in table.list(order_by="id")])
        support.psql(NAME, "TRUNCATE trading_trades")
    equal(len(found[0]), len(rows))
    equal(repr(found[0]), repr(found[1]))
    equal([row[5] for row in found[0]], [row["symbol"] for row in rows])


def refused(table, rows):
    """Whether row 1100 is."""
    try:
        table.insert_many(rows, returning=False)
    except (TypeError, tradingdb.Error) as error:
        return str(error).startswith("rows[1100]") and getattr(error, "row", 1100) == 1100
    return False


def unusual_rows():
    """rows that columns do not take go one by one, or are refused with their number; nothing is sent then"""
    rows, table = trades(MANY + 500), db.trading.trades
    wrong = {"size": [Decimal("NaN"), Decimal("1E+40"), 1.5, True], "symbol": ["a\0b", "\ud800", 5],
             "status": ["nonsense", ""], "entry_time": [datetime(2024, 1, 1), 5], "bot_id": [1 << 70, "1", True],
             "extra_metadata": ["{}", {1: 2}, {"a": float("nan")}, tradingdb.JsonText("a\0")], "nothing": [1]}
    for name, values in wrong.items():
        for value in values:
            bad = [*rows[:1100], {**rows[1100], name: value}, *rows[1101:]]
            equal(gather(bad, "trdb_trading_trade_new"), None)
            with db.unit_of_work() as uow:
                equal(refused(uow.trading.trades, bad), True)
                equal(uow.trading.trades.count(), 0)
    texts = [{**row, "extra_metadata": tradingdb.JsonText("{}")} for row in rows]
    assert gather(texts, "trdb_trading_trade_new"), "documents that are text are to go as columns"
    texts[1100]["extra_metadata"] = tradingdb.JsonText("a\0")
    equal(gather(texts, "trdb_trading_trade_new"), None)
    equal(refused(table, texts), True)
    others = {"direction": "LONG", "size": 7, "net_pnl": "2.50", "entry_time": tradingdb.INFINITY,
              "strategy_name": tradingdb.NOT_GIVEN, "id": 5}
    for name, value in others.items():
        taken = [*rows[:5], {**rows[5], name: value}, *rows[6:]]
        equal(gather(taken, "trdb_trading_trade_new"), None)
        table.insert_many(taken, returning=False)
        equal(table.count(), len(rows))
        support.psql(NAME, "TRUNCATE trading_trades")


def bad_row():
    """the error of a bad row says which one it is, whoever finds it"""
    support.psql(NAME, "TRUNCATE telegram_settings")
    rows = settings(3000)
    for bad, kind in (({"key": "x" * 500}, tradingdb.Range), ({"key": "k000007"}, tradingdb.Duplicate),
                      ({"key": 5}, TypeError)):
        wrong = [*rows[:2000], bad, *rows[2000:]]
        calls = [lambda: db.telegram.settings.insert_many(wrong, returning=False)]
        if kind is not tradingdb.Duplicate:
            calls.append(lambda: db.telegram.settings.upsert_many_by_key(wrong))
        for call in calls:
            with raises(kind) as caught:
                call()
            if kind is TypeError:
                assert "rows[2000].key" in str(caught.error), caught.error
            else:
                equal(caught.error.row, 2000)
            equal(stored(), "0")


tap.run(keys_in_order, ways, heard, stopped, upserts, columns_of_rows, unusual_rows, bad_row)
