# SPDX-License-Identifier: MIT
"""The compiled ways in and out do what the careful ones do, which take field after field."""
import contextlib
import random
import uuid
from datetime import datetime, timedelta, timezone
from decimal import Decimal

import support
import tap
from support import equal

support.prepare()
import tradingdb  # noqa: E402
from tradingdb import _c  # noqa: E402
from tradingdb import _decode as decode  # noqa: E402
from tradingdb._choice import by_code  # noqa: E402
from tradingdb._encode import MOST_KNOWN, Keep  # noqa: E402
from tradingdb._struct import InputStruct  # noqa: E402

draw = random.Random(7)
TEXTS = ["", "a", "BTCUSDT", "é\u2603", "x" * 64]
DECIMALS = ["0", "-0", "1.50", "-1.50", "0.00000001", "1E+3", "1E-20", "18446744073709551615", "-18446744073709551616",
            "99999999999999999999.999999999999999999", "-0.000", "NaN", "Infinity", "-Infinity"]
TIMES = [datetime(2024, 1, 2, 3, 4, 5, 6, timezone.utc), datetime(1, 1, 1, tzinfo=timezone.utc), tradingdb.INFINITY,
         datetime(2024, 1, 2, tzinfo=timezone(timedelta(hours=-5))), datetime(2024, 1, 2)]


def candidates(field):
    """Values for a field, good ones and bad ones."""
    enum = next((note.removeprefix("enum=") for note in field.notes if note.startswith("enum=")), None)
    if enum:
        members = list(by_code(enum).values())
        return [*members, *map(str, members), "nothing", 1]
    return {"text": [*TEXTS, "a\0b", "\ud800", b"b"], "trdb_in_i64": [0, -1, 1 << 62, 1 << 63, True, 1.0, "1"],
            "trdb_in_bool": [True, False, 0, 1, "yes"], "trdb_in_decimal": [*map(Decimal, DECIMALS), 1, -5, "2.50", 1.5],
            "trdb_in_timestamp": TIMES, "trdb_in_uuid": [uuid.UUID(int=5), str(uuid.UUID(int=6)), "no"],
            }.get(field.type, []) + [None, [], {}]


def attempt(way, *arguments):
    """The bytes, or the exception that came instead."""
    try:
        return way(*arguments)
    except Exception as error:
        return type(error), str(error)


def packed_alike():
    """every input of every table is packed alike by the compiled way and field by field, or refused alike"""
    packed = refused = 0
    for struct in sorted(name for name in _c.STRUCTS if name.endswith("_new")):
        fields = [field for field in _c.fields(struct) if not _c.hidden(field.name) and "json" not in field.notes
                  and "secret" not in field.notes and field.type not in ("trdb_in_bytes", "trdb_in_texts", "pointer")]
        struct = InputStruct(struct)
        for _ in range(40):
            given = {field.name: draw.choice(candidates(field)) for field in fields if draw.random() < 0.3}
            keep, packer, row = Keep(), struct.packer(tuple(given)), tuple(given.values())
            careful = attempt(packer.careful, row, keep, "at.")
            equal(attempt(packer.pack, row, keep, "at."), careful)
            packer.learn(row)
            quick = attempt(packer.compiled[tuple(map(type, row))], row, keep)
            if isinstance(careful, bytes):
                packed += 1
                equal(quick, careful)
            else:
                refused += 1
                assert not isinstance(quick, bytes), (careful, given)
    assert packed > 100 and refused > 100, (packed, refused)


URL = support.database()


def read_alike():
    """a row that is read on its own equals the one in a list, with values of every sort in it"""
    with tradingdb.open(URL) as db:
        user = db.users.authenticate_user("telegram", "1")
        bot = db.trading.bots.insert(user_id=user.id, type="paper", status="running",
                                     config={"a": [1, Decimal("2.5"), None, True, "é"], "b": {"c": {}}})
        base = {"bot_id": bot.id, "trade_type": "paper", "entry_logic_name": "a", "exit_logic_name": "b", "symbol": "S",
                "interval": "1m", "direction": "LONG", "status": "open"}
        for price in ("0.00000001", "-1.50", "12345678901234.123456789012345678901234", "0", "100"):
            for time in (None, datetime(1969, 12, 31, 23, 59, 59, 999999, timezone.utc), tradingdb.INFINITY,
                         tradingdb.NEG_INFINITY, datetime(9999, 12, 31, tzinfo=timezone.utc),
                         datetime(2112, 9, 17, 23, 53, 47, 370496, timezone.utc)):
                db.trading.trades.insert(**base, net_pnl=Decimal(price), entry_time=time, extra_metadata={"a": "b"})
        rows = db.trading.trades.list()
        equal(len(rows), 30)
        for row in rows:
            equal(repr(db.trading.trades.get(row.id)), repr(row))
        equal(db.trading.bots.get(bot.id), bot)
        equal(bot.config, {"a": [1, Decimal("2.5"), None, True, "é"], "b": {"c": {}}})
        equal({row.direction for row in rows}, {tradingdb.TradingDirection.LONG})


def many_texts():
    """a column remembers its first short texts, and later, longer or secret ones are stored all the same"""
    with tradingdb.open(URL) as db:
        wanted = [f"user{n}@example.com" for n in range(MOST_KNOWN + 50)] + ["long" * 20 + "@example.com"]
        for email in wanted * 2:
            with raises_sometimes(tradingdb.Duplicate):
                db.users.users.insert(email=email)
        equal(sorted(user.email for user in db.users.users.list() if user.email), sorted(wanted))
    secret = [(struct, field.name) for struct in _c.STRUCTS if struct.endswith("_new")
              for field in _c.fields(struct) if field.type == "text" and "secret" in field.notes]
    assert secret
    for struct, name in secret:
        equal(InputStruct(struct).slots[name].known, None)


@contextlib.contextmanager
def raises_sometimes(kind):
    try:
        yield
    except kind:
        pass


def times_in_floats():
    """microseconds become the same datetime by way of float seconds as by exact arithmetic"""
    for bits in range(1, 53):
        for _ in range(200):
            us = draw.randrange(1 << bits)
            equal(decode.time(us), datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=us))


def decimals_exact():
    """every coefficient of up to 38 digits and every scale becomes the Decimal of that text"""
    for _ in range(5000):
        coefficient, scale, sign = draw.randrange(10 ** draw.randrange(1, 39)), draw.randrange(39), draw.choice(["", "-"])
        found = decode.decimal(coefficient & (1 << 64) - 1, coefficient >> 64, 1, bool(sign and coefficient), scale)
        wanted = Decimal(f"{sign if coefficient else ''}{coefficient}E-{scale}")
        equal(found.as_tuple(), wanted.as_tuple())


tap.run(packed_alike, read_alike, many_texts, times_in_floats, decimals_exact)
