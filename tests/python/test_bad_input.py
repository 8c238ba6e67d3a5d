# SPDX-License-Identifier: MIT
"""Bad input: every parameter of every method refuses what it cannot be, before anything is sent; what the database
refuses is an exception of its own class that tells where. Nothing is changed, and the unit goes on."""
import inspect
import re
from datetime import date, datetime, timezone
from decimal import Decimal

import support
import tap
from support import equal, raises

support.prepare()
import tradingdb  # noqa: E402
import walk  # noqa: E402
from tradingdb import NOT_GIVEN, between  # noqa: E402
from tradingdb._call import NewInput, call  # noqa: E402

URL = support.database()
NAME = support.name_of(URL)
db = tradingdb.open(URL)
USER = db.users.authenticate_user("telegram", "42")
BOT = db.trading.bots.insert(user_id=USER.id, type="paper", status="running", config={})

# (hint, values that a parameter of it cannot take, the exception)
NUL, SURROGATE = "a\0b", "a\ud800b"
WRONG = {
    "int": [("1", TypeError), (1.0, TypeError), (True, TypeError), (Decimal(1), TypeError), (b"1", TypeError),
            (2 ** 63, tradingdb.Range), (-2 ** 63 - 1, tradingdb.Range)],
    "bool": [(1, TypeError), ("true", TypeError), (0.0, TypeError)],
    "str": [(1, TypeError), (b"a", TypeError), (["a"], TypeError), (NUL, tradingdb.Encoding),
            (SURROGATE, tradingdb.Encoding)],
    "IntoDecimal": [(1.5, TypeError), (True, TypeError), (b"1", TypeError), ("one", tradingdb.Invalid),
                    ("", tradingdb.Invalid), (Decimal("NaN"), tradingdb.Invalid), (Decimal("1E+38"), tradingdb.Range),
                    (10 ** 40, tradingdb.Range), (Decimal("1E-39"), tradingdb.Range)],
    "datetime": [(datetime(2020, 1, 1), tradingdb.Invalid), (date(2020, 1, 1), TypeError), (0, TypeError),
                 ("2020-01-01T00:00Z", TypeError), (1.5e9, TypeError)],
    "IntoUuid": [("no", tradingdb.Invalid), (5, TypeError), (b"0" * 16, TypeError)],
    "IntoJson": [("{}", TypeError), ({1: 2}, TypeError), ({"a": float("nan")}, tradingdb.Invalid),
                 ({"a": Decimal("Infinity")}, tradingdb.Invalid), ([object()], TypeError), ({"a": NUL}, tradingdb.Encoding),
                 ({NUL: 1}, tradingdb.Encoding), ({"a": [SURROGATE]}, tradingdb.Encoding),
                 ({"a": datetime.now(timezone.utc)}, TypeError), ({1, 2}, TypeError), (1j, TypeError)],
    "Callable[[int, int], object]": [(5, TypeError), ("a", TypeError)],
    "IntoBytes": [("a", TypeError), (5, TypeError)],
    "Sequence[str": [("abc", TypeError), (5, TypeError), ([1], TypeError), ([NUL], tradingdb.Encoding)],
}
CHOICE = [("nonsense", tradingdb.Invalid), ("", tradingdb.Invalid), (1, TypeError), (True, TypeError), (b"long", TypeError)]
ORDER = [("nonsense", tradingdb.Invalid), (1, TypeError)]
COLUMNS = [(5, TypeError), ([1], TypeError), (["nonsense"], tradingdb.Invalid), ({"id": "nonsense"}, tradingdb.Invalid)]
GUARD = [(5, TypeError), (["id"], TypeError), ({"no_such_column": 1}, TypeError), ({1: 1}, TypeError), (None, TypeError)]
ROW = [(5, TypeError), ("a", TypeError), (USER, TypeError)]


def wrong_values(hint):
    first = hint.split(" | ")[0]
    if first.endswith("Order"):
        return ORDER
    kind = getattr(tradingdb, first, None)
    if isinstance(kind, type) and issubclass(kind, tradingdb.Choice):
        return CHOICE
    if isinstance(kind, type) and issubclass(kind, tradingdb.Row):
        return [pair for pair in ROW if not isinstance(pair[0], kind)]
    return WRONG[first]


def cases(hint):
    """Wrong values for a parameter, its containers included."""
    if hint == "Mapping[str, Any]":
        return GUARD
    if hint.startswith("Columns["):
        return [(5, TypeError), (["id"], TypeError), ({1: []}, TypeError), ({"no_such_column": []}, tradingdb.Invalid)]
    if "Mapping" in hint:
        return COLUMNS
    inner = re.match(r"(Iterable|Where)\[(.*)\]", hint)
    if not inner:
        found = list(wrong_values(hint))
        return found if "None" in hint or "bool = " in hint else [*found, (None, TypeError)]
    if inner[2].endswith("New"):
        return [(5, TypeError), ([5], TypeError), ([{"nonsense": 1}], TypeError), ([None], TypeError), ({"a": 1}, TypeError)]
    found = [([value], kind) for value, kind in wrong_values(inner[2])]
    if inner[1] == "Iterable":
        return [*found, ("abc", TypeError), (5, TypeError), (None, TypeError)]
    found += [(between(value, None), kind) for value, kind in wrong_values(inner[2])]
    return found + [(value, kind) for value, kind in wrong_values(inner[2]) if not isinstance(value, (list, set))]


def contents():
    """Everything in the database."""
    return support.psql(NAME, """
        SELECT string_agg(table_name || (xpath('/row/c/text()', query_to_xml(format(
            'SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) AS c FROM %I t', table_name), false, true, '')))[1]::text,
            ' ' ORDER BY table_name) FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'""")


def every_parameter():
    """each parameter of each method refuses values of every wrong kind, names itself, and sends nothing"""
    before, seen = contents(), 0
    with db.unit_of_work() as uow:
        trips = db.statistics().round_trips
        for path, method, symbol in walk.methods(uow):
            good = walk.arguments(method)
            # None in a struct is NULL, which may be refused later.
            plain = {input_.name for input_ in call(symbol).inputs if not isinstance(input_, NewInput)}
            for name, parameter in inspect.signature(method).parameters.items():
                for value, wanted in cases(str(parameter.annotation)):
                    if value is None and (parameter.default is None or name not in plain):
                        continue
                    seen += 1
                    try:
                        answer = method(**{**good, name: value})
                        list(answer)
                    except Exception as error:
                        assert type(error) is wanted, f"{path}({name}={value!r:.60}): {type(error).__name__}: {error}"
                        assert re.match(rf"{'limit' if name == 'page_size' else name}\b", str(error)), f"{path}: {error}"
                        assert isinstance(error, (TypeError, ValueError))
                        assert "nonsense" not in str(error) or isinstance(value, list), f"a value is told: {error}"
                        continue
                    raise AssertionError(f"{path} takes {name}={value!r:.60}")
        equal(db.statistics().round_trips, trips)
        uow.users.users.count()  # the unit goes on
    equal(contents(), before)
    assert seen > 5000, seen


def keywords():
    """unknown and missing keywords are Python's own errors"""
    with raises(TypeError, "unexpected keyword argument 'colour'"):
        db.trading.bots.insert(user_id=1, type="paper", status="running", config={}, colour="red")
    with raises(TypeError, "missing 1 required keyword-only argument: 'config'"):
        db.trading.bots.insert(user_id=1, type="paper", status="running")
    with raises(TypeError, "unexpected keyword argument 'size'"):
        db.trading.trades.list(size=1)
    with raises(TypeError, "unexpected keyword argument 'symbol'"):
        db.trading.close_trade(1, exit_price=1, symbol="X")
    with raises(TypeError, "rows[1]: there is no field colour"):
        db.users.users.insert_many([{"email": "a"}, {"colour": "red"}])


def trade(**changes):
    return {**dict(bot_id=BOT.id, trade_type="paper", symbol="X", interval="5m", entry_logic_name="a",
                   exit_logic_name="b", direction="long", status="open"), **changes}


REFUSED = [
    # what the database refuses, told by class, table, column or constraint
    ("a required column that is NULL", tradingdb.NotNull, dict(column="symbol"),
     lambda uow: uow.trading.trades.insert_many([trade(symbol=None)])),
    ("a required column that is not given", tradingdb.NotNull, dict(column="config"),
     lambda uow: uow.trading.bots.insert_many([{"user_id": USER.id, "type": "paper", "status": "running"}])),
    ("a text that is too long", tradingdb.Range, dict(column="email"), lambda uow: uow.users.users.insert(email="x" * 101)),
    ("an amount that would be rounded", tradingdb.Inexact, dict(column="size"),
     lambda uow: uow.trading.trades.insert(**trade(size=Decimal("1E-25")))),
    ("an amount that is too large", tradingdb.Range, dict(column="size"),
     lambda uow: uow.trading.trades.insert(**trade(size=10 ** 15))),
    ("an amount that is infinite", tradingdb.Range, dict(column="size"),
     lambda uow: uow.trading.trades.insert(**trade(size=Decimal("Infinity")))),
    ("JSON text that is none", tradingdb.Invalid, dict(column="config"),
     lambda uow: uow.trading.bots.patch(BOT.id, config=tradingdb.JsonText("{"))),
    ("a patch of nothing", tradingdb.Invalid, {}, lambda uow: uow.trading.bots.patch(BOT.id)),
    ("a limit of zero", tradingdb.Range, {}, lambda uow: uow.trading.trades.list(limit=0)),
    ("pages of nothing", tradingdb.Range, {}, lambda uow: list(uow.trading.trades.iterate(page_size=-1))),
    ("a missing row", tradingdb.NotFound, {}, lambda uow: uow.trading.bots.get(10 ** 9)),
    ("a patch of a missing row", tradingdb.NotFound, {}, lambda uow: uow.trading.bots.patch(10 ** 9, description="x")),
    ("a deletion of a missing row", tradingdb.NotFound, {}, lambda uow: uow.trading.bots.delete(10 ** 9)),
    ("an unknown bot", tradingdb.Reference, dict(constraint="trading_trades_bot_id_fkey", table="trading_trades"),
     lambda uow: uow.trading.trades.insert(**trade(bot_id=10 ** 9))),
    ("a second account", tradingdb.Duplicate, dict(sqlstate="23505", table="usr_auth_identities"),
     lambda uow: uow.users.auth_identities.insert(user_id=USER.id, provider="telegram", external_id="42")),
    ("a row in the middle of many", tradingdb.Duplicate, {},
     lambda uow: uow.users.auth_identities.insert_many(
         [{"user_id": USER.id, "provider": "telegram", "external_id": n} for n in ("1", "2", "42", "3")])),
    ("a bad value in the middle of many", tradingdb.Encoding, dict(row=1),
     lambda uow: uow.users.users.insert_many([{"email": "ok"}, {"email": NUL}])),
    ("a bad length in the middle of many", tradingdb.Range, dict(row=1),
     lambda uow: uow.users.users.insert_many([{"email": "ok"}, {"email": "x" * 101}])),
    ("a service that is given nothing", tradingdb.Invalid, {}, lambda uow: uow.trading.update_bot_performance(BOT.id)),
    ("a NULL where a service takes none", tradingdb.NotNull, dict(column="exit_price"),
     lambda uow: uow.trading.close_trade(1, exit_price=NOT_GIVEN)),
    ("a fill of nothing", tradingdb.Range, {},
     lambda uow: uow.trading.fill_symbol(bot_id=BOT.id, trade_type="paper", symbol="X", direction="long", action="buy",
                                         qty=0, price=1)),
]


def refused_by_the_database():
    """what the library and the server refuse: an exception class each, with the place; nothing changes"""
    before = contents()
    for name, kind, attributes, attempt in REFUSED:
        for session in ("unit", "database"):
            try:
                if session == "database":
                    attempt(db)
                else:
                    with db.unit_of_work() as uow:
                        attempt(uow)
                raise AssertionError(f"{name} is taken")
            except tradingdb.Error as error:
                assert type(error) is kind, f"{name}: {type(error).__name__}: {error}"
                equal((name, {key: getattr(error, key) for key in attributes}), (name, attributes))
                assert error.code == kind.code < 0 and error.message == str(error) and not error.in_doubt
    equal(contents(), before)
    equal(db.statistics().borrowed, 0)


def whole_errors():
    """an error carries what the server said, survives pickling, and is what Python programs expect"""
    import pickle
    with raises(tradingdb.Duplicate) as caught:
        db.users.auth_identities.insert(user_id=USER.id, provider="telegram", external_id="42")
    error = caught.error
    equal((error.sqlstate, error.retryable, error.row, error.statement), ("23505", False, None, "usr_auth_identities.insert"))
    equal(error.detail, None)  # the table has secret columns
    with raises(tradingdb.Duplicate) as caught:
        db.users.users.insert(id=USER.id)
    assert str(USER.id) in caught.error.detail
    back = pickle.loads(pickle.dumps(caught.error))
    equal((type(back), str(back), back.__dict__), (tradingdb.Duplicate, str(caught.error), caught.error.__dict__))
    for kind, base in ((tradingdb.NotFound, LookupError), (tradingdb.Range, ValueError), (tradingdb.Timeout, TimeoutError),
                       (tradingdb.Connect, ConnectionError), (tradingdb.Permission, PermissionError),
                       (tradingdb.Nomem, MemoryError)):
        made = kind("said")
        assert isinstance(made, base) and isinstance(made, tradingdb.Error)
        equal((str(made), made.message, made.retryable, pickle.loads(pickle.dumps(made)).message),
              ("said", "said", False, "said"))


tap.run(every_parameter, keywords, refused_by_the_database, whole_errors)
