# SPDX-License-Identifier: MIT
"""Values between Python and C, without a server: exactness against the library's own functions, and what is refused."""
import ctypes
import decimal
import enum
import json
import random
import sys
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from struct import Struct
from uuid import UUID

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402
from tradingdb import INFINITY, NEG_INFINITY, JsonText  # noqa: E402
from tradingdb import _c, _decode, _encode  # noqa: E402
from tradingdb._library import function  # noqa: E402

DECIMAL = Struct("=QQBBB5x")
TEXT_SIZE = 48


def encoded(value):
    return DECIMAL.pack(*_encode.decimal(value, "x", _encode.Keep()))


def parsed(text):
    """The struct that the library makes of a text, or None where it refuses."""
    place = _c.ctype("trdb_decimal")()
    code = function("trdb_decimal_parse")(text.encode(), ctypes.byref(place))
    return bytes(place) if code == 0 else None


def formatted(data):
    place = _c.ctype("trdb_decimal").from_buffer_copy(data)
    text = ctypes.create_string_buffer(TEXT_SIZE)
    assert function("trdb_decimal_format")(place, text, TEXT_SIZE) > 0
    return text.value.decode()


def decimals_of_all_sizes():
    chance = random.Random(7)
    texts = ["0", "-0", "0.00", "1", "-1", "1.50", "100", "1E+5", "1E-38", "-1E-38", "1E+37", "9" * 38, "-" + "9" * 38,
             "0." + "9" * 38, "9" * 19 + "." + "9" * 19, "18446744073709551616", "18446744073709551615", "1.000E+3",
             "0E+20", "0E-20", "0.00010074887218045112", "64250.10", "123456789012345678901234567890.12345678"]
    for _ in range(4000):
        digits = chance.randint(1, 38)
        number = str(chance.randint(1, 9)) + "".join(chance.choice("0123456789") for _ in range(digits - 1))
        texts.append(f"{chance.choice(['', '-'])}{number}E{chance.randint(-38, 38 - digits)}")
    return texts


def decimals_exact():
    """decimals go to C as the library itself would read them, and come back digit by digit"""
    with decimal.localcontext() as context:
        context.prec = 3  # whatever the caller's precision is
        context.traps[decimal.Inexact] = True
        for text in decimals_of_all_sizes():
            value = Decimal(text)
            data = encoded(value)
            equal(data, parsed(text))
            back = _decode.decimal(*DECIMAL.unpack(data))
            assert back.compare_total(Decimal(formatted(data))) == 0, text
            equal(back, value)


def decimals_from_text_and_int():
    """text and integers are decimals, too"""
    for text in ("64250.10", "-0.5", "1e3", "+7", ".5", "5."):
        equal(encoded(text), parsed(text))
    for number in (0, -1, 10 ** 37, 2 ** 64, -(10 ** 38) + 1):
        equal(encoded(number), parsed(str(number)))
    equal(_decode.decimal(*DECIMAL.unpack(encoded("Infinity"))), Decimal("Infinity"))
    equal(_decode.decimal(*DECIMAL.unpack(encoded(Decimal("-Infinity")))), Decimal("-Infinity"))
    equal(_decode.decimal(0, 0, 0, 0, 0), None)


def decimals_refused():
    """decimals that are no number, too large, too fine, or a float"""
    for value in (Decimal("NaN"), Decimal("sNaN"), "nan"):
        with raises(tradingdb.Invalid, "x: not a number"):
            encoded(value)
    for value in (10 ** 38, "1E38", Decimal("1E+999999"), Decimal("1E-39"), "0." + "1" * 39, "1" * 39,
                  Decimal("1E-999999999"), 10 ** 5000):
        with raises(tradingdb.Range, "38 digits"):
            encoded(value)
    for value in ("", " 1", "1 ", "1_000", "1,5", "0x10", "one", "١", "--1"):
        with raises(tradingdb.Invalid, "no decimal number"):
            encoded(value)
    for value in (1.5, True, None, b"1", [1], 1 + 2j):
        with raises(TypeError, "x: expected Decimal, int or str"):
            encoded(value)
    with raises(TypeError, "a float is not exact"):
        encoded(0.1)
    equal(encoded(Decimal("1." + "0" * 60)), parsed("1." + "0" * 37))  # zeros that cost nothing are dropped


def integers():
    """integers of 64 bits; nothing that only looks like one"""
    keep = _encode.Keep()

    class Number(enum.IntEnum):
        SEVEN = 7

    class Index:
        def __index__(self):
            return 8
    for value, wanted in ((0, 0), (2 ** 63 - 1, 2 ** 63 - 1), (-2 ** 63, -2 ** 63), (Number.SEVEN, 7), (Index(), 8)):
        equal(_encode.integer(value, "x", keep), (wanted,))
    for value in (2 ** 63, -2 ** 63 - 1, 10 ** 100):
        with raises(tradingdb.Range, "64 bits"):
            _encode.integer(value, "x", keep)
    for value in (True, False, 1.0, "1", None, Decimal(1), b"1"):
        with raises(TypeError, "x: expected int, not"):
            _encode.integer(value, "x", keep)
    for value in (0, 1, "true", None):
        with raises(TypeError, "x: expected bool, not"):
            _encode.boolean(value, "x", keep)


def times():
    """times are microseconds since 1970, whatever their zone; infinities have values of their own"""
    keep = _encode.Keep()
    east = timezone(timedelta(hours=5, minutes=30))
    for value, us in ((datetime(1970, 1, 1, tzinfo=timezone.utc), 0),
                      (datetime(1970, 1, 1, 5, 30, tzinfo=east), 0),
                      (datetime(1969, 12, 31, 23, 59, 59, 999999, timezone.utc), -1),
                      (datetime(1, 1, 1, tzinfo=timezone.utc), -62135596800000000),
                      (datetime(9999, 12, 31, 23, 59, 59, 999999, timezone.utc), 253402300799999999)):
        equal(_encode.timestamp(value, "x", keep), (us, 1))
        back, = _decode.times([us], [1])
        equal(back, value)
        assert back.tzinfo is timezone.utc
    equal(_encode.timestamp(INFINITY, "x", keep), (0, 2))
    equal(_encode.timestamp(NEG_INFINITY, "x", keep), (0, 3))
    equal(list(_decode.times([5, 5, 5], [0, 2, 3])), [None, INFINITY, NEG_INFINITY])
    assert NEG_INFINITY < datetime.now(timezone.utc) < INFINITY
    equal(repr(INFINITY), "tradingdb.INFINITY")
    equal(_encode.timestamp(INFINITY - timedelta(days=1), "x", keep)[1], 1)  # a time like any other
    for us in (253402300800000000, -62135596800000001, 9223371244799999999):
        with raises(tradingdb.Range, "years 1 to 9999"):
            _decode.times([us], [1])
    with raises(tradingdb.Invalid, "no time zone"):
        _encode.timestamp(datetime(2020, 1, 1), "x", keep)
    for value in (date(2020, 1, 1), 0, 1.5, "2020-01-01T00:00Z", None):
        with raises(TypeError, "x: expected datetime"):
            _encode.timestamp(value, "x", keep)


def texts():
    """texts are UTF-8 without NUL and lone surrogates"""
    for value in ("", "a", "ä€😀", "\x7f\x01", tradingdb.TradingDirection.LONG):
        equal(_encode.utf8(value, "x"), str(value).encode())
    with raises(tradingdb.Encoding, "x: the text holds a NUL character"):
        _encode.utf8("a\0b", "x")
    for value in ("\ud800", "a\udfffb"):
        with raises(tradingdb.Encoding, "x: the text holds a lone surrogate"):
            _encode.utf8(value, "x")
    for value in (b"a", 1, None, ["a"]):
        with raises(TypeError, "x: expected str"):
            _encode.utf8(value, "x")
    for value in ("a", [1], {"a"}, 5, None):
        with raises(TypeError):
            _encode.texts(value, "x", _encode.Keep())
    with raises(tradingdb.Encoding, "x[1]"):
        _encode.texts(["a", "b\0"], "x", _encode.Keep())


def uuids_and_bytes():
    """UUIDs as such or as text; bytes of all kinds"""
    keep = _encode.Keep()
    value = UUID("0190b7e4-7d5c-7abc-8def-0123456789ab")
    for given in (value, str(value), str(value).upper()):
        equal(_encode.uuid(given, "x", keep), (value.bytes,))
    with raises(tradingdb.Invalid, "x: the text is no UUID"):
        _encode.uuid("no", "x", keep)
    for given in (5, value.bytes, None):
        with raises(TypeError, "x: expected UUID or str"):
            _encode.uuid(given, "x", keep)
    for given in (b"a\0b", bytearray(b"a\0b"), memoryview(b"a\0b")):
        address, size = _encode.octets(given, "x", keep)
        equal(ctypes.string_at(address, size), b"a\0b")
    for given in ("a", [1], None):
        with raises(TypeError, "x: expected bytes"):
            _encode.octets(given, "x", keep)


def choices():
    """closed sets take members and texts, in any case where the set says so, and nothing else"""
    keep, direction = _encode.Keep(), _encode.enumeration("trading_direction")
    for value in ("long", "LONG", "Long", tradingdb.TradingDirection.LONG):
        equal(direction(value, "x", keep), (1,))
    status = _encode.enumeration("trading_bot_status")
    equal(status("running", "x", keep), (tradingdb.TradingBotStatus.RUNNING.code,))
    with raises(tradingdb.Invalid, "x: not one of starting, running"):
        status("RUNNING", "x", keep)
    with raises(tradingdb.Invalid, "not one of long, short"):
        direction("up", "x", keep)
    for value in (1, True, None, b"long"):
        with raises(TypeError, "x: expected TradingDirection or str"):
            direction(value, "x", keep)
    member = tradingdb.TradingDirection.LONG
    assert member == "long" and f"{member}" == "long" and str(member) == "long" and member in {"long"}
    equal(json.dumps([member]), '["long"]')


def written(value):
    return _encode.json_bytes(value, "x").decode()


def documents():
    """JSON keeps every digit, both ways"""
    chance = random.Random(11)

    def anything(depth):
        kind = chance.randrange(9 if depth else 6)
        if kind == 0:
            return chance.choice([None, True, False])
        if kind == 1:
            return chance.choice([0, -1, 2 ** 80, chance.randrange(-10 ** 9, 10 ** 9)])
        if kind == 2:
            return Decimal(chance.randrange(-10 ** 30, 10 ** 30)).scaleb(-chance.randrange(1, 30), context)
        if kind < 6:
            return "".join(chance.choice('aä€😀"\\/\n\t\x01 ') for _ in range(chance.randrange(6)))
        if kind < 8:
            return [anything(depth - 1) for _ in range(chance.randrange(4))]
        return {f"k{n}": anything(depth - 1) for n in range(chance.randrange(4))}

    context = decimal.Context(prec=60)
    for _ in range(500):
        value = [anything(4)]
        text = written(value)
        equal(_decode.document_of(text), value)
        json.loads(text)
    equal(written({"a": Decimal("64250.10"), "b": (1, 0.1), "c": {}, "d": [], "e": 1e100}),
          '{"a":64250.10,"b":[1,0.1],"c":{},"d":[],"e":1e+100}')
    equal(written(JsonText('{"a" : 1}')), '{"a" : 1}')
    equal(_decode.document_of('[1, 1.0, 1e2, "x"]'), [1, Decimal("1.0"), Decimal("1E+2"), "x"])
    for found in _decode.document_of("[1.5, 1e5, 2]"):
        assert type(found) is not float
    long = "7" * 5000
    equal(_decode.document_of(f"[{long}, 1]"), [Decimal(long), 1])


def documents_refused():
    """JSON that is none: text, NaN, odd keys and values, NUL, surrogates, no end"""
    with raises(TypeError, "JsonText"):
        written('{"a": 1}')
    for value in ([float("nan")], [float("inf")], [Decimal("NaN")], {"a": Decimal("-Infinity")}):
        with raises(tradingdb.Invalid, "x: a number in the document is not finite"):
            written(value)
    for value in ({1: 2}, {None: 1}, {b"a": 1}):
        with raises(TypeError, "a key of the document"):
            written(value)
    for value in ([object()], [{1}], [b"a"], [datetime.now(timezone.utc)], [UUID(int=1)], [1j]):
        with raises(TypeError, "x: a value of the document: expected dict, list"):
            written(value)
    for value in (["a\0"], {"\0": 1}):
        with raises(tradingdb.Encoding, "NUL"):
            written(value)
    for value in (["\ud800"], {"\udc00": 1}):
        with raises(tradingdb.Encoding, "surrogate"):
            written(value)
    endless = []
    endless.append(endless)
    with raises(tradingdb.Invalid, "nested too deeply"):
        written(endless)
    with raises(tradingdb.Range, "too many digits"):
        written([10 ** (sys.get_int_max_str_digits() + 1)])


def seconds():
    """times of options are seconds or timedeltas"""
    from tradingdb._struct import milliseconds
    for value, wanted in ((None, None), (1, 1000), (0.25, 250), (0.0001, 1), (timedelta(minutes=1), 60000), (-1, -1), (0, 0)):
        equal(milliseconds(value, "x"), wanted)
    for value in (float("nan"), float("inf"), 1e9, -1e9):
        with raises(tradingdb.Range, "x: the time is out of range"):
            milliseconds(value, "x")
    for value in ("1", True, [1]):
        with raises(TypeError, "x: expected seconds or a timedelta"):
            milliseconds(value, "x")


def ranges():
    """a range needs an end"""
    equal((tradingdb.between(1, 2).start, tradingdb.since(1).end, tradingdb.until(2).end), (1, None, 2))
    with raises(ValueError):
        tradingdb.between(None, None)
    equal(repr(tradingdb.NOT_GIVEN), "NOT_GIVEN")
    assert not tradingdb.NOT_GIVEN


tap.run(decimals_exact, decimals_from_text_and_int, decimals_refused, integers, times, texts, uuids_and_bytes, choices,
        documents, documents_refused, seconds, ranges)
