# SPDX-License-Identifier: MIT
"""What of the C interface Python has: every function is bound or left out for a reason, every method calls its own."""
import inspect
import re
import subprocess

import support
import tap
from support import equal

support.prepare()
import tradingdb  # noqa: E402
import walk  # noqa: E402
from tradingdb import _c  # noqa: E402
from tradingdb._call import call  # noqa: E402

PACKAGE = support.PACKAGE / "tradingdb"
MYPY = "/usr/bin/mypy"

# Functions without a Python name, and what Python has in their place.
LEFT_OUT = {
    r"trdb_decimal_\w+": "decimal.Decimal",
    r"trdb_timestamp_\w+": "datetime and zoneinfo",
    r"trdb_uuid_\w+": "uuid.UUID; the library makes keys by itself",
    r"trdb_\w+_(to|from)_string": "the members of a Choice are the texts",
    r"trdb_\w+_list_(count|at|next)": "lists are read as a whole through _rows",
    r"trdb_\w+s_insert": "insert_many() calls trdb_…_insert_with(), which has options",
    r"trdb_columns_find": "columns[name]",
    r"trdb_\w+_stream_(next|batch|free)": "called by Stream, by names that it makes",
    r"trdb_batch_(?!new|run|state|error|free|clear|count)\w+": "called by Batch, by names that it makes",
    r"trdb_batch_(clear|count)": "a batch is made anew; len(batch)",
    r"trdb_error_code_name": "the class of the exception",
}
# Reports of the core have no bulk view: they are read one by one.
READ_SINGLY = re.compile(r"trdb_(migration|finding)_list_(count|at)")


class Probe:
    """A session that only notes what it is asked."""

    def __init__(self):
        self.calls = []

    def _call(self, symbol, values):
        self.calls.append((symbol, values))
        return []


def bound():
    """C functions that the package names: in a method's body, or in a module written by hand."""
    found = {symbol for _, _, symbol in walk.methods(tradingdb.UnitOfWork.__new__(tradingdb.UnitOfWork))}
    for path in [*PACKAGE.glob("*.py"), PACKAGE / "_generated" / "entry.py"]:
        found |= set(re.findall(r"\b(trdb_\w+)\b", path.read_text())) & set(_c.FUNCTIONS)
    return found


def taken_along():
    """C functions that every result of their kind goes through: the bulk view, and what frees."""
    found = set()
    for symbol in bound():
        for output in call(symbol).outputs if _c.FUNCTIONS[symbol][-1] == "trdb_error **reterr" and \
                symbol not in BY_HAND else ():
            struct = output.pointed.removesuffix("*").strip()
            found |= {name for name in (f"{struct}_free", f"{struct}_rows") if name in _c.FUNCTIONS}
    return found


# Called by hand-written modules with arguments of their own.
BY_HAND = {"trdb_ref_key", "trdb_db_get_capabilities", "trdb_db_add_replica", "trdb_uow_set_witness", "trdb_uow_token",
           "trdb_batch_new", "trdb_batch_run", "trdb_canceller_new",
           "trdb_uow_on_replica", "trdb_open", "trdb_uow_begin", "trdb_run", "trdb_set_trace", "trdb_db_get_stats", "trdb_cron_parse",
           "trdb_cron_next"}


def every_function():
    """every exported function is bound, or left out for a reason that is written down"""
    have = bound() | taken_along()
    missing = [symbol for symbol in _c.FUNCTIONS if symbol not in have
               and not any(re.fullmatch(pattern, symbol) for pattern in LEFT_OUT)]
    # A row type that only lists give is freed with its list.
    missing = [symbol for symbol in missing if not (symbol.endswith("_free") and
               f"{symbol.removesuffix('_free')}_list_free" in have)]
    equal(missing, [])
    for pattern in LEFT_OUT:
        assert any(re.fullmatch(pattern, symbol) for symbol in _c.FUNCTIONS), f"{pattern} leaves out nothing"
    for symbol in _c.FUNCTIONS:
        if READ_SINGLY.fullmatch(symbol):
            assert symbol in have or symbol.removesuffix("_count").removesuffix("_at") in str(have)


def every_service():
    """every service and named query of the headers is a method of its domain"""
    have = {symbol: path for path, _, symbol in walk.methods(tradingdb.UnitOfWork.__new__(tradingdb.UnitOfWork))}
    services = set()
    for header in (support.SOURCE / "include/tradingdb").glob("services_*.h"):
        domain = header.stem.removeprefix("services_")
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for symbol, parameters in re.findall(r"TRDB_API\b[^;{(]*?\b(trdb_\w+)\s*\(([^;]*?)\);", text):
            if "reterr" in parameters:
                services.add(symbol)
                assert symbol in have, f"{header.name}: {symbol} has no Python method"
                equal(have[symbol].split(".")[0], domain)
    assert len(services) >= 18
    for query in (support.SOURCE / "schema/queries").glob("*.sql"):
        for name, annotations in re.findall(r"^-- name: (\w+) .*\n((?:--.*\n)*)", query.read_text(), re.M):
            assert "scope: internal" in annotations or f"trdb_{name}" in have, name


def own_function():
    """a method calls the function of its name, with every parameter that it has"""
    for path, method, symbol in walk.methods(tradingdb.UnitOfWork.__new__(tradingdb.UnitOfWork)):
        name = path.split(".")[-1]
        ending = {"get_many": "get", "insert_many": "insert_with", "iterate": "list", "update": "patch"}.get(name, name)
        assert symbol.endswith("_" + ending.replace("upsert_many_by_", "upsert_by_")), (path, symbol)
        equal((path, bool(re.search(r"s_upsert_by_", symbol))), (path, name.startswith("upsert_many_by_")))
    probe = Probe()
    for name in walk.NAMES:
        domain = type(getattr(tradingdb.UnitOfWork.__new__(tradingdb.UnitOfWork), name))(probe)
        for attribute in walk.public(type(domain)):
            member = getattr(domain, attribute)
            for method in ([getattr(member, other) for other in walk.public(type(member))]
                           if isinstance(member, walk.Domain) else [member]):
                given = walk.arguments(method)
                answer = method(**given)
                list(answer or [])
                symbol, values = probe.calls.pop()
                equal(symbol, walk.symbol(method))
                equal({key: values[key] for key in given}, given)


def every_field():
    """every field of an input struct that a call takes is a keyword, and every keyword is something that C gets"""
    from tradingdb._call import BulkInput, ColumnsInput, FilterInput, FlagsInput, NewInput, NewsInput, OptionsInput
    structs = 0
    for path, method, symbol in walk.methods(tradingdb.UnitOfWork.__new__(tradingdb.UnitOfWork)):
        wanted = set()
        for input_ in call(symbol).inputs:
            if isinstance(input_, NewInput):
                structs += 1
                fields = {field.name for field in _c.fields(input_.struct.struct) if not _c.hidden(field.name)}
                if "fields" not in input_.notes:
                    own = set(inspect.signature(method).parameters) | {"id"}
                    assert fields <= own, (path, fields - own)
                wanted |= {input_.prefix + name for name in input_.struct.slots}
            elif isinstance(input_, NewsInput):
                wanted |= {input_.name} | ({"returning"} if symbol.endswith("s_insert_with") else set())
            elif isinstance(input_, FilterInput):
                wanted |= set(input_.struct.slots)
            elif isinstance(input_, FlagsInput):
                wanted |= set(input_.flags)
            elif isinstance(input_, ColumnsInput):
                wanted |= {"only", *input_.flags}
            elif isinstance(input_, BulkInput):
                wanted |= {"method", "progress", "progress_every"}
            elif isinstance(input_, OptionsInput):
                wanted |= set(input_.struct.words)
            else:
                wanted.add(input_.name)
        if path.endswith(".iterate"):
            wanted = wanted - {"limit", "after"} | {"page_size"}
        elif path.endswith(".count"):
            wanted -= {"limit", "after", "order_by", "descending"}
        equal((path, set(inspect.signature(method).parameters)), (path, wanted))
    assert structs > 30, structs


def every_keyword():
    """every method can be called with all its keywords: the library answers, or refuses with an error of its own"""
    url = support.database()
    done = refused = 0
    with tradingdb.open(url) as db:
        user = db.users.authenticate_user("telegram", "1")
        db.trading.bots.insert(user_id=user.id, type="paper", status="running", config={})
        for path, method, _ in walk.methods(db):
            try:
                answer = method(**walk.arguments(method))
                list(answer if isinstance(answer, list) else [])
                done += 1
            except tradingdb.Error as error:
                assert error.code < 0 and str(error), path
                refused += 1
    assert done > 40 and done + refused > 120, (done, refused)


def one_by_one():
    """every optional keyword of every method is understood on its own"""
    url = support.database()
    seen = 0
    with tradingdb.open(url) as db:
        for path, method, _ in walk.methods(db):
            values = walk.arguments(method)
            parameters = inspect.signature(method).parameters
            required = {name: value for name, value in values.items()
                        if parameters[name].default is inspect.Parameter.empty}
            for name in values.keys() - required.keys():
                seen += 1
                try:
                    answer = method(**required, **{name: values[name]})
                    list(answer if isinstance(answer, list) else [])
                except tradingdb.Error:
                    pass
                except Exception as error:
                    raise AssertionError(f"{path}({name}=)") from error
    assert seen > 500, seen


def documented():
    """every public name has a docstring, and none speaks C"""
    speaks_c = re.compile(r"\btrdb_(?!migrations\b)\w+|\bTRDB_\w+|\bNULL (?:pointer|terminated)|\bstruct_size\b")
    for path, method, _ in walk.methods(tradingdb.UnitOfWork.__new__(tradingdb.UnitOfWork)):
        assert method.__doc__, path
        assert not speaks_c.search(method.__doc__), f"{path}: {speaks_c.search(method.__doc__)[0]}"
    for name in tradingdb.__all__:
        member = getattr(tradingdb, name)
        if not isinstance(member, (int, str)) and name not in ("INFINITY", "NEG_INFINITY", "NOT_GIVEN", "NOT_NULL"):
            assert member.__doc__, name
            assert not speaks_c.search(member.__doc__), f"{name}: {speaks_c.search(member.__doc__)[0]}"


def names_are_there():
    """`from tradingdb import *` gives what __all__ lists, rows, closed sets and errors among them"""
    space = {}
    exec("from tradingdb import *", space)
    assert set(tradingdb.__all__) <= set(space)
    for name in ("TradingTrade", "TradingDirection", "TradingTradeNew", "NotFound", "open", "migrate_up", "DbStats"):
        assert name in space, name
    equal(len(tradingdb.__all__), len(set(tradingdb.__all__)))


def typed():
    """mypy --strict finds nothing in the package and in the examples; py.typed says that it may be asked"""
    assert (PACKAGE / "py.typed").exists()
    done = subprocess.run([MYPY, "--strict", "--cache-dir", str(support.WORK / "mypy"), str(PACKAGE)],
                          capture_output=True, text=True, cwd=support.PACKAGE)
    assert done.returncode == 0, done.stdout
    examples = sorted(str(path) for path in (support.SOURCE / "examples/python").glob("*.py"))
    assert examples
    for example in examples:
        done = subprocess.run([MYPY, "--strict", "--cache-dir", str(support.WORK / "mypy"), example],
                              capture_output=True, text=True, cwd=support.PACKAGE)
        assert done.returncode == 0, done.stdout


WRONG = """\
import tradingdb
from decimal import Decimal
with tradingdb.open() as db, db.unit_of_work() as uow:
    uow.trading.trades.insert(symbol="BTCUSDT")
    uow.trading.trades.list(order_by="size")
    uow.trading.trades.list(size=Decimal(1))
    uow.trading.close_trade(1, exit_price=1.5)
    trade = uow.trading.trades.get(1)
    trade.symbol = "X"
    trade.gone
    uow.trading.bots.insert_many([{"user_id": 1}])
    number: int = uow.trading.pnl_summary().net_pnl
"""


def types_bite():
    """mypy tells a program what is wrong with it"""
    path = support.WORK / "wrong.py"
    path.write_text(WRONG)
    done = subprocess.run([MYPY, "--strict", "--cache-dir", str(support.WORK / "mypy"), str(path)], capture_output=True,
                          text=True, cwd=support.PACKAGE)
    lines = {int(number) for number in re.findall(r"wrong\.py:(\d+): error", done.stdout)}
    equal(lines, {4, 5, 6, 7, 9, 10, 11, 12})


tap.run(every_function, every_service, own_function, every_field, every_keyword, one_by_one, documented, names_are_there, typed,
        types_bite)
