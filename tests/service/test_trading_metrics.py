# SPDX-License-Identifier: MIT
"""Performance metrics against metrics_figures.py, which works them out anew: figure by figure, exactly."""
import dataclasses
import datetime
import json
import os
import pathlib
import random
import subprocess
import tempfile
from decimal import Decimal
from fractions import Fraction

import metrics_figures as own
import tap
from metrics_figures import Scope, Trade

SOURCE = pathlib.Path(os.environ["TRDB_TEST_SOURCE"])
HOST = os.environ["TRDB_TEST_DIRECT"]
WORK = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TRDB_TEST_DIR"]))
NAME = f"metrics_{os.getpid()}"
START = datetime.datetime(2024, 3, 1, 12, tzinfo=own.UTC)
compared = 0


def psql(sql, database=NAME):
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d",
                           f"host={HOST} user=tester dbname={database}"], input=sql, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---- trades in the database --------------------------------------------------------------------------------


@dataclasses.dataclass
class Row:
    """A closed trade as it is stored; what a trade brought follows from it."""
    symbol: str = "BTCUSDT"
    reason: str = "roi"
    short: bool = False
    size: str = "1"
    entry: str = "100"
    leaving: str = "110"
    fee_in: str = None
    fee_out: str = None
    commission: str = None
    gross: str = None
    net: str = None
    opened: datetime.datetime = START
    closed: datetime.datetime = START + datetime.timedelta(hours=1)
    strategy: str = "a"
    interval: str = "5m"
    kind: str = "paper"
    status: str = "closed"

    def trade(self, number):
        gross, net = number_or_none(self.gross), number_or_none(self.net)
        if self.entry and self.leaving and self.size:
            entered = Fraction(self.entry) * Fraction(self.size)
            left = Fraction(self.leaving) * Fraction(self.size)
            gross = entered - left if self.short else left - entered
            fees = entered * Fraction(self.fee_in) + left * Fraction(self.fee_out) if self.fee_in and self.fee_out \
                else Fraction(self.commission or 0)
            net = gross - fees
        return Trade(number, self.symbol, self.reason, self.opened, self.closed, gross, net)

    def values(self, number, bot):
        fees = {name: rate for name, rate in (("fee_open", self.fee_in), ("fee_close", self.fee_out)) if rate}
        return "(" + ", ".join(literal(value) for value in (
            number, bot, self.kind, self.strategy, "in", "out", self.symbol, self.interval,
            "short" if self.short else "long", self.status, self.opened, self.closed, self.entry, self.leaving,
            self.size, self.commission, self.gross, self.net, self.reason, json.dumps(fees) if fees else None)) + ")"


def number_or_none(text):
    return None if text is None else Fraction(text)


def literal(value):
    return "NULL" if value is None else "'" + str(value).replace("'", "''") + "'"


made = 0


def store(rows):
    """A bot with those trades; gives its id. Trades are numbered through, so that equal times keep their order."""
    global made
    bot = psql("INSERT INTO trading_bots (user_id, type, status, config) VALUES (1, 'paper', 'running', '{}') "
               "RETURNING id")
    lines = []
    for row in rows:
        made += 1
        lines.append(row.values(made, bot))
    if lines:
        psql("INSERT INTO trading_trades (id, bot_id, trade_type, strategy_name, entry_logic_name, exit_logic_name, "
             "symbol, interval, direction, status, entry_time, exit_time, entry_price, exit_price, size, commission, "
             "gross_pnl, net_pnl, exit_reason, extra_metadata) VALUES " + ",\n".join(lines))
    return bot


def rows_of(strategy):
    return [Row(row["pair"], row["exit_reason"], row["is_short"], str(row["amount"]), str(row["open_rate"]),
                str(row["close_rate"]), str(row["fee_open"]), str(row["fee_close"]),
                opened=own.moment(row["open_date"]), closed=own.moment(row["close_date"]))
            for row in strategy["trades"]]


# ---- comparing ---------------------------------------------------------------------------------------------


def ask(bot, scope=None, **more):
    """The metrics as the database computes them."""
    scope = scope or Scope()
    given = {"p_bot_id": bot, "p_since": scope.since, "p_until": scope.until,
             "p_starting_balance": decimal_of(scope.balance), "p_risk_free_rate": decimal_of(scope.rate),
             "p_periods_per_year": scope.periods, **more}
    arguments = ", ".join(f"{name} => {literal(value)}" for name, value in given.items())
    return json.loads(psql(f"SELECT trading_metrics({arguments})"), parse_float=Decimal, parse_int=Decimal)


def decimal_of(value):
    return None if value is None else Decimal(value.numerator) / Decimal(value.denominator)


def same(found, wanted, path):
    global compared
    if isinstance(wanted, dict):
        assert isinstance(found, dict) and set(found) == set(wanted), (path, set(found) ^ set(wanted))
        for key, value in wanted.items():
            same(found[key], value, f"{path}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), (path, found, wanted)
        for at, value in enumerate(wanted):
            same(found[at], value, f"{path}[{at}]")
    else:
        compared += 1
        if isinstance(wanted, (Fraction, int)):
            assert isinstance(found, Decimal) and Fraction(found) == wanted, (path, found, wanted and float(wanted))
        else:
            assert found == wanted, (path, found, wanted)


def check(rows, scope=None, bot=None, chosen=None, **more):
    """Compares every figure of the trades that the scope lets through; gives what was found."""
    scope = scope or Scope()
    bot = bot or store(rows)
    trades = [row.trade(number) for number, row in enumerate(rows)
              if row.status == "closed" and (not chosen or chosen(row))]
    trades = [trade for trade in trades if (not scope.since or trade.closed and trade.closed >= scope.since)
              and (not scope.until or trade.closed and trade.closed < scope.until)]
    found = ask(bot, scope, **more)
    given = found.pop("scope")
    assert given["bot_id"] == Decimal(bot) and given["periods_per_year"] == scope.periods, given
    same(found, own.figures(trades, scope), "metrics")
    return found


def hours(count):
    return START + datetime.timedelta(hours=count)


def at(count, **fields):
    return Row(closed=hours(count), opened=hours(count - 1), **fields)


# ---- tests -------------------------------------------------------------------------------------------------


def scopes_of(rows, bot, balance):
    """The same trades through every kind of scope."""
    middle = sorted(row.closed for row in rows)[len(rows) // 2]
    for scope in (Scope(), Scope(balance), Scope(balance, Fraction("0.05")), Scope(balance, Fraction("-0.02"), 252),
                  Scope(balance / 1000), Scope(Fraction(0)), Scope(balance, since=middle), Scope(balance, until=middle),
                  Scope(balance, Fraction("0.03"), since=middle - datetime.timedelta(days=1, microseconds=1),
                        until=middle + datetime.timedelta(hours=5))):
        check(rows, scope, bot)
    for symbol in sorted({row.symbol for row in rows}):
        check(rows, Scope(balance), bot, lambda row: row.symbol == symbol, p_symbol=symbol)


def sample():
    """the generated sample, through every kind of scope"""
    path = WORK / "sample.json"
    subprocess.run(["python3", str(SOURCE / "examples/trading_day/make_sample.py"), str(path)], check=True)
    _, strategy = own.read_export(path)
    rows = rows_of(strategy)
    scopes_of(rows, store(rows), Fraction(strategy["starting_balance"]))


def given_export():
    """the given export, through every kind of scope, and as its publisher says"""
    _, strategy = own.read_export(os.environ["TRDB_TEST_EXPORT"])
    rows = rows_of(strategy)
    balance = Fraction(strategy["starting_balance"])
    bot = store(rows)
    scopes_of(rows, bot, balance)
    found = ask(bot, Scope(balance))
    # Its profit is before fees. Its drawdown is not compared: it orders trades that close at one instant differently.
    for name, value, places in (("profit_total_abs", found["gross"]["pnl"], 18),
                                ("profit_factor", found["gross"]["profit_factor"], 8),
                                ("total_trades", found["trades"], 0),
                                ("holding_avg_s", found["average_holding_seconds"] / 60, 0)):
        if name in strategy:
            said = strategy[name] / 60 if name == "holding_avg_s" else strategy[name]
            assert round(value, places) == round(said, places), (name, value, said)


def nothing():
    """metrics of no trades are zeros and nulls"""
    found = check([], Scope(Fraction(100)))
    assert found["net"]["pnl"] == 0 and found["net"]["sharpe"] is None and found["net"]["win_rate"] is None
    assert found["by_symbol"] == [] and found["days"] is None
    check([Row(status="open", closed=None, leaving=None), Row(status="cancelled", closed=None, leaving=None)])
    check([at(1)], Scope(Fraction(100), since=hours(50), until=hours(90)))


def one_trade():
    """one trade has no deviation; a day of it has no Sharpe ratio"""
    found = check([at(1)], Scope(Fraction(100)))
    assert found["net"]["sqn"] is None and found["net"]["sharpe"] is None and found["net"]["profit_factor"] is None
    assert found["net"]["cagr"] is None, "an hour says nothing about a year"
    check([at(1)])
    check([Row(opened=hours(0), closed=hours(24))], Scope(Fraction(10)))
    check([Row(opened=hours(0), closed=hours(24), leaving="99")], Scope(Fraction(10)))
    check([Row(opened=hours(0), closed=hours(24), leaving="90")], Scope(Fraction(10)))
    check([Row(opened=hours(0), closed=hours(24), leaving="50")], Scope(Fraction(10)))


def only_wins():
    """only wins: no profit factor, no drawdown, no Calmar ratio"""
    rows = [at(30 * n, leaving=str(101 + n)) for n in range(1, 9)]
    found = check(rows, Scope(Fraction(1000)))
    assert found["gross"]["max_drawdown"] == {"amount": 0, "percent": 0, "from": None, "to": None}
    assert found["gross"]["calmar"] is None and found["gross"]["sortino"] is None and found["gross"]["sharpe"] > 0
    check(rows, Scope(Fraction(1000), Fraction("0.5")))


def only_losses():
    """only losses: a profit factor of 0, a drawdown from the start"""
    found = check([at(30 * n, leaving=str(99 - n)) for n in range(1, 9)], Scope(Fraction(1000)))
    assert found["gross"]["profit_factor"] == 0 and found["gross"]["max_drawdown"]["from"] is None


def draws():
    """draws are neither wins nor losses; gross and net may differ about it"""
    rows = [at(30 * n, leaving="100", commission=None if n % 2 else "0.5") for n in range(1, 6)]
    found = check(rows, Scope(Fraction(1000)))
    assert found["gross"]["draws"] == 5 and found["net"]["losses"] == 2 and found["net"]["not_won"] == 5
    assert found["gross"]["sharpe"] is None and found["gross"]["sqn"] is None
    check([at(30, leaving="101"), at(60, leaving="101")], Scope(Fraction(1000)))  # no deviation


def shorts():
    """shorts win when the price falls"""
    found = check([at(3, short=True), at(30, short=True, leaving="95", fee_in="0.001", fee_out="0.002"), at(50)],
                  Scope(Fraction(1000)))
    assert found["gross"]["wins"] == 2 and found["gross"]["losses"] == 1


def equal_times():
    """trades that close at one instant count in the order of their ids"""
    rows = [at(5, leaving=price) for price in ("120", "70", "130", "60", "160")] + [at(40, leaving="101")]
    check(rows, Scope(Fraction(1000)))
    check(list(reversed(rows)), Scope(Fraction(1000)))


def a_peak_again():
    """a drawdown begins where its peak was last reached; of two equal ones the first counts"""
    prices = ("110", "100", "95", "105", "100", "90", "110", "100", "90", "130", "90")
    found = check([at(n, leaving=price) for n, price in enumerate(prices, 1)], Scope(Fraction(1000)))
    drop = found["gross"]["max_drawdown"]
    assert drop["amount"] == 10 and drop["from"] == own.text_of(hours(5)) and drop["to"] == own.text_of(hours(6)), drop
    check([at(1, leaving="100"), at(2, leaving="90"), at(3, leaving="110"), at(4, leaving="90")], Scope(Fraction(7)))


def amount_and_share():
    """the deepest fall by amount and the deepest by share of the account may be two"""
    found = check([at(1, leaving="60"), at(30, leaving="1100"), at(60, leaving="50")], Scope(Fraction(100)))
    assert found["gross"]["max_drawdown"]["amount"] == 50 and found["gross"]["max_relative_drawdown"]["amount"] == 40


def unknown_figures():
    """trades without times or results count where they can"""
    rows = [at(1), Row(opened=None, closed=hours(20), leaving="90"), Row(closed=None, leaving="130"),
            Row(opened=None, closed=None, leaving="80", symbol="X"), at(30, size=None, symbol="X"),
            at(40, size=None, gross="5", symbol="Y", reason=None), at(41, entry=None, gross="5", net="-4", reason=None)]
    found = check(rows, Scope(Fraction(1000)))
    assert found["undated"] == 2 and found["net"]["unknown"] == 2 and found["trades"] == 7
    check([Row(closed=None), Row(closed=None, leaving="90")], Scope(Fraction(1000)))
    check(rows, Scope(Fraction(1000), since=hours(0)))
    check([at(1, size=None, symbol="X")], Scope(Fraction(1000)))


def infinite_times():
    """infinite times are no times, and infinite ends of a range no ends"""
    bot = store([at(1), at(2, leaving="90")])
    psql(f"UPDATE trading_trades SET exit_time = 'infinity' WHERE bot_id = {bot} AND exit_price = 90")
    rows = [at(1), Row(opened=hours(1), closed=None, leaving="90")]
    check(rows, Scope(Fraction(10)), bot)
    found = ask(bot, Scope(Fraction(10)), p_since="-infinity", p_until="infinity")
    assert found["trades"] == 1 and found["days"] == 1 and found["scope"]["since"] is None
    psql(f"UPDATE trading_trades SET entry_time = '-infinity' WHERE bot_id = {bot}")
    assert ask(bot, Scope(Fraction(10)))["average_holding_us"] is None


def fees():
    """fee rates win over the commission; rates that are no numbers to count with do not"""
    check([at(1, commission="7", fee_in="0.001", fee_out="0.00075"), at(2, commission="-0.25"), at(3, fee_in="0.001"),
           at(4, commission="1.5", fee_out="0.001")], Scope(Fraction(1000)))
    bot = store([at(1, commission="7", fee_in="0.001", fee_out="0.001")])
    for rate in ("NaN", "Infinity", "-Infinity"):
        psql(f"UPDATE trading_trades SET extra_metadata = extra_metadata || jsonb_build_object('fee_open', '{rate}') "
             f"WHERE bot_id = {bot}")
        check([at(1, commission="7")], Scope(Fraction(1000)), bot)


def balances():
    """a balance of 0 or none gives no share; an account that is emptied gives no returns"""
    rows = [at(30 * n, leaving=str(price)) for n, price in enumerate((130, 60, 90, 200, 40, 100), 1)]
    bot = store(rows)
    for balance in (None, "0", "0.000000000000000000000001", "10", "40", "50", "60", "99999999999999"):
        check(rows, Scope(None if balance is None else Fraction(balance)), bot)
    assert ask(bot, Scope(Fraction(0)))["net"]["total_return"] is None
    assert ask(bot, Scope(Fraction(10)))["net"]["sharpe"] is None
    check([at(30, leaving="110"), at(60, leaving="80")], Scope(Fraction(10)))   # ends at 0
    check([at(30, leaving="110"), at(60, leaving="70")], Scope(Fraction(10)))   # ends below 0
    assert check([Row(opened=hours(0), closed=hours(30), leaving="90")], Scope(Fraction(10)))["net"]["cagr"] == -100


def large_and_small():
    """figures of 38 digits neither overflow nor lose a digit"""
    most, least = "99999999999999.999999999999999999999999", "0.000000000000000000000001"
    rows = [at(30, entry=least, leaving=most, size=most, fee_in=most, fee_out=most),
            at(60, entry=most, leaving=least, size=most),
            at(90, entry=least, leaving="0", size=least, fee_in=least, fee_out=least),
            at(120, entry=most, leaving="99999999999999.999999999999999999999998", size=least)]
    for balance in (most, least, "1"):
        check(rows, Scope(Fraction(balance)))
        check(rows[2:], Scope(Fraction(balance)))
        check(list(reversed(rows)), Scope(Fraction(balance)))
        check(rows[1:2], Scope(Fraction(balance)))
    found = check([Row(opened=hours(0), closed=hours(24), leaving="99999999999999")], Scope(Fraction(1)))
    assert found["net"]["cagr"] is None, "a growth of 10^14 or more is not told"


def narrowed():
    """strategy, interval, trade type and rule narrow the scope, also across bots"""
    mark = f"s{os.getpid()}"
    rows = [at(n, leaving=str(90 + n), strategy=f"{mark}{n % 2}", interval="1h" if n % 3 else "5m", symbol=f"S{n % 4}",
               kind="live" if n % 5 == 0 else "paper") for n in range(1, 25)]
    bot = store(rows)
    scope = Scope(Fraction(500))
    check(rows, scope, bot, lambda row: row.strategy == mark + "1", p_strategy_name=mark + "1")
    check(rows, scope, bot, lambda row: row.interval == "1h", p_interval="1h")
    check(rows, scope, bot, lambda row: row.kind == "live", p_trade_type="LIVE")
    check(rows, scope, bot, lambda row: row.kind == "live" and row.symbol == "S0", p_trade_type="live", p_symbol="S0")
    check(rows, scope, bot, p_entry_logic_name="in", p_exit_logic_name="out")
    assert ask(bot, p_entry_logic_name="out")["trades"] == 0 and ask(bot, p_exit_logic_name="in")["trades"] == 0
    store(rows)
    both = ask(None, scope, p_strategy_name=mark + "1")
    alone = ask(bot, scope, p_strategy_name=mark + "1")
    assert both["trades"] == 2 * alone["trades"] and both["net"]["pnl"] == 2 * alone["net"]["pnl"]
    assert both["scope"]["bot_id"] is None and both["scope"]["strategy_name"] == mark + "1"


def months():
    """a thousand random trades over months, with fees, shorts, gaps and equal days"""
    rng = random.Random(4)
    rows = []
    for n in range(1000):
        closed = START + datetime.timedelta(minutes=rng.randrange(0, 60 * 24 * 90) // 7 * 7)
        opened = closed - datetime.timedelta(seconds=rng.randrange(1, 90000))
        rows.append(Row(f"SYM{rng.randrange(9)}", rng.choice(["roi", "stop", "exit", None]), rng.random() < 0.3,
                        f"{rng.uniform(0.01, 3):.8f}", f"{rng.uniform(90, 110):.6f}", f"{rng.uniform(90, 110):.6f}",
                        "0.001", "0.00075", opened=opened, closed=closed))
    bot = store(rows)
    check(rows, Scope(Fraction(1000)), bot)
    check(rows, Scope(Fraction(5000), Fraction("0.04"), 252), bot)
    check(rows, Scope(Fraction(5000), since=START + datetime.timedelta(days=10),
                      until=START + datetime.timedelta(days=40)), bot)


def ends_of_a_range():
    """a range begins with its first instant and ends before its last one, also at midnight"""
    rows = [at(n, leaving=price) for n, price in ((12, "110"), (24, "95"), (36, "104"), (60, "90"))]
    bot = store(rows)
    instant = datetime.timedelta(microseconds=1)
    for since, until, days in ((hours(12), hours(36), 1), (hours(12), hours(36) + instant, 2), (None, hours(36), 2),
                               (hours(12) - instant, hours(60), 3), (hours(60), None, 1), (hours(60) + instant, None, 0)):
        found = check(rows, Scope(Fraction(1000), since=since, until=until), bot)
        assert (found["days"] or 0) == days, (since, until, found["days"])


def any_session():
    """metrics are the same whatever the session's time zone and settings"""
    bot = store([at(11), at(13, leaving="90"), at(36, leaving="120")])
    plain = psql(f"SELECT trading_metrics({bot}, p_starting_balance => 100)")
    for setting in ("TimeZone = 'Pacific/Kiritimati'", "DateStyle = 'SQL, DMY'", "search_path = pg_catalog",
                    "extra_float_digits = 0", "enable_hashagg = off", "plan_cache_mode = force_generic_plan"):
        assert psql(f"SET {setting}; SELECT public.trading_metrics({bot}, p_starting_balance => 100)") == plain, setting


def how_many():
    """every figure was compared"""
    print(f"# {compared} figures compared")
    assert compared > 10000, compared


tests = [sample, nothing, one_trade, only_wins, only_losses, draws, shorts, equal_times, a_peak_again, amount_and_share,
         unknown_figures, infinite_times, fees, balances, large_and_small, narrowed, ends_of_a_range, months, any_session]
if os.environ.get("TRDB_TEST_EXPORT"):
    tests.append(given_export)
psql(f"CREATE DATABASE {NAME} TEMPLATE trdb_template", "postgres")
psql("INSERT INTO usr_users (id) VALUES (1)")
try:
    tap.run(*tests, how_many)
finally:
    psql(f"DROP DATABASE {NAME} WITH (FORCE)", "postgres")
