# SPDX-License-Identifier: MIT
"""Performance metrics worked out with Python's fractions alone: independent of library and server.

docs/metrics.md defines the figures. Everything is exact until a figure is rounded; only daily returns are rounded to
100 decimals on the way, as it says there, and the annual growth rate, which is irrational, is formed with 200 digits.
"""
import dataclasses
import datetime
import decimal
import json
import math
from decimal import Decimal
from fractions import Fraction

decimal.getcontext().prec = 200
UTC = datetime.timezone.utc
YEAR = 365 * 24 * 3600


@dataclasses.dataclass
class Trade:
    """A closed trade. Results are None when they are not known, times when they are not."""
    number: int
    symbol: str
    exit_reason: str
    opened: datetime.datetime
    closed: datetime.datetime
    gross: Fraction
    net: Fraction


@dataclasses.dataclass
class Scope:
    balance: Fraction = None
    rate: Fraction = Fraction(0)
    periods: int = 365
    since: datetime.datetime = None
    until: datetime.datetime = None


def read_export(path):
    """(name of the strategy, its trades as the export has them, numbers as decimals)."""
    with open(path, encoding="utf-8") as file:
        document = json.load(file, parse_float=Decimal, parse_int=Decimal)
    (name, strategy), = document["strategy"].items()
    return name, strategy


def trades_of(strategy):
    found = []
    for number, row in enumerate(strategy["trades"], 1):
        entry = Fraction(row["open_rate"]) * Fraction(row["amount"])
        leaving = Fraction(row["close_rate"]) * Fraction(row["amount"])
        gross = entry - leaving if row["is_short"] else leaving - entry
        fees = entry * Fraction(row["fee_open"]) + leaving * Fraction(row["fee_close"])
        found.append(Trade(number, row["pair"], row["exit_reason"], moment(row["open_date"]), moment(row["close_date"]),
                           gross, gross - fees))
    return found


def moment(text):
    return datetime.datetime.fromisoformat(text)


# ---- rounding --------------------------------------------------------------------------------------------


def rounded(value, decimals):
    """The nearest decimal, ties away from zero."""
    if value is None:
        return None
    scaled = abs(value) * 10 ** decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Fraction(whole if value >= 0 else -whole, 10 ** decimals)


def quotient(above, below, decimals=8):
    return None if above is None or not below else rounded(Fraction(above) / below, decimals)


def root(sign, square):
    """The root of a fraction to 8 decimals, with the sign of another number."""
    if square is None:
        return None
    twice = math.isqrt(4 * 10 ** 16 * square.numerator // square.denominator)
    return Fraction(((twice + 1) // 2) * ((sign > 0) - (sign < 0)), 10 ** 8)


def text_of(when):
    return None if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def microseconds(span):
    return (span.days * 86400 + span.seconds) * 10 ** 6 + span.microseconds


# ---- figures ---------------------------------------------------------------------------------------------


def per_trade(values):
    """What needs neither an order nor an account. `values` may hold None."""
    known = [value for value in values if value is not None]
    wins, losses = [v for v in known if v > 0], [v for v in known if v < 0]
    return {
        "results": len(known), "unknown": len(values) - len(known), "wins": len(wins),
        "draws": len(known) - len(wins) - len(losses), "losses": len(losses), "not_won": len(values) - len(wins),
        "pnl": sum(known, Fraction(0)),
        "win_rate": quotient(100 * len(wins), len(known)),
        "profit_factor": quotient(sum(wins, Fraction(0)), -sum(losses)),
        "expectancy": quotient(sum(known), len(known), 24),
    }


def sqn(values):
    """Root of n times mean over sample deviation."""
    n = len(values)
    if n < 2:
        return None
    mean = sum(values) / n
    variance = sum((value - mean) ** 2 for value in values) / (n - 1)
    return root(mean, n * mean * mean / variance) if variance else None


def drawdowns(points, balance):
    """(deepest by amount, deepest by share), each (amount, peak, from, to) or None."""
    equity = peak = Fraction(0)
    reached = None
    amount = share = None
    for closed, value in points:
        equity += value
        if equity >= peak:
            peak, reached = equity, closed
            continue
        fall = (peak - equity, peak, reached, closed)
        if amount is None or fall[0] > amount[0]:
            amount = fall
        if balance and (share is None or fall[0] / (balance + peak) > share[0] / (balance + share[1])):
            share = fall
    return amount, share


def shown(fall, balance):
    if fall is None:
        return {"amount": Fraction(0), "percent": Fraction(0) if balance else None, "from": None, "to": None}
    amount, peak, since, until = fall
    return {"amount": amount, "percent": quotient(100 * amount, balance + peak) if balance else None,
            "from": text_of(since), "to": text_of(until)}


def daily(points, balance):
    """The returns of the days on which a trade was closed, or None when the account was empty on one."""
    if not balance:
        return None
    by_day = {}
    for closed, value in points:
        day = closed.astimezone(UTC).date()
        by_day[day] = by_day.get(day, Fraction(0)) + value
    held, returns = balance, []
    for day in sorted(by_day):
        if held <= 0:
            return None
        returns.append(rounded(by_day[day] / held, 100))
        held += by_day[day]
    return returns


def sharpe_sortino(returns, days, scope):
    """Mean daily return above the riskless one, over its sample deviation and over its downside deviation."""
    if not returns:
        return None, None
    riskless = rounded(scope.rate / scope.periods, 100)
    series = returns + [Fraction(0)] * (days - len(returns))
    mean = sum(series) / days
    above = mean - riskless
    variance = sum((value - mean) ** 2 for value in series) / (days - 1) if days > 1 else 0
    downside = sum(min(value - riskless, 0) ** 2 for value in series) / days
    return (root(above, scope.periods * above ** 2 / variance) if variance else None,
            root(above, scope.periods * above ** 2 / downside) if downside else None)


def growth(points, balance, seconds):
    """The annual growth rate as a decimal fraction of 200 digits."""
    if not balance or not points or seconds < 86400:
        return None
    ending = balance + sum(value for _, value in points)
    if ending <= 0:
        return None if ending < 0 else Decimal(-1)
    ratio = ending / balance
    exponent = Decimal(YEAR) / (Decimal(seconds.numerator) / seconds.denominator)
    logarithm = (Decimal(ratio.numerator) / ratio.denominator).ln() * exponent
    return logarithm.exp() - 1 if logarithm < Decimal(10 ** 14).ln() else None


def near(value, decimals):
    """A decimal of many digits, rounded."""
    return None if value is None else rounded(Fraction(value), decimals)


def form_figures(trades, name, days, seconds, scope):
    values = [getattr(trade, name) for trade in trades]
    known = [value for value in values if value is not None]
    wins, losses = [v for v in known if v > 0], [v for v in known if v < 0]
    dated = sorted((trade for trade in trades if trade.closed), key=lambda trade: (trade.closed, trade.number))
    points = [(trade.closed, getattr(trade, name) or Fraction(0)) for trade in dated]
    balance = scope.balance if scope.balance and scope.balance > 0 else None
    amount, share = drawdowns(points, balance)
    sharpe, sortino = sharpe_sortino(daily(points, balance), days, scope)
    cagr = growth(points, balance, seconds)
    calmar = None
    if cagr is not None and share is not None:
        relative = share[0] / (balance + share[1])
        calmar = near(cagr * relative.denominator / relative.numerator, 8)
    return {
        **per_trade(values), "average_win": quotient(sum(wins), len(wins), 24),
        "average_loss": quotient(sum(losses), len(losses), 24),
        "largest_win": max(wins, default=None), "largest_loss": min(losses, default=None), "sqn": sqn(known),
        "ending_balance": balance + sum(known) if balance else None,
        "total_return": quotient(100 * sum(known), balance) if balance else None,
        "cagr": near(None if cagr is None else cagr * 100, 8), "sharpe": sharpe, "sortino": sortino, "calmar": calmar,
        "max_drawdown": shown(amount, balance), "max_relative_drawdown": shown(share, balance) if balance else None,
    }


def split(trades, key, order):
    groups = {}
    for trade in trades:
        groups.setdefault(getattr(trade, key), []).append(trade)
    rows = [{key: name, "trades": len(group), "gross": per_trade([trade.gross for trade in group]),
             "net": per_trade([trade.net for trade in group])} for name, group in groups.items()]
    return sorted(rows, key=lambda row: (-order(row), row[key] is None, (row[key] or "").encode()))


def figures(trades, scope):
    """Everything but the member `scope`."""
    dated = [trade for trade in trades if trade.closed]
    begins = scope.since or min((min(t.opened or t.closed, t.closed) for t in dated), default=None)
    ends = scope.until or max((t.closed for t in dated), default=None)
    last = ends - datetime.timedelta(microseconds=1) if scope.until else ends
    days = (last.astimezone(UTC).date() - begins.astimezone(UTC).date()).days + 1 if begins and ends else None
    seconds = Fraction(microseconds(ends - begins), 10 ** 6) if begins and ends else Fraction(0)
    held = [microseconds(trade.closed - trade.opened) for trade in dated if trade.opened]
    return {
        "version": 1, "trades": len(trades), "undated": len(trades) - len(dated),
        "fees": sum((t.gross - t.net for t in trades if t.gross is not None and t.net is not None), Fraction(0)),
        "from": text_of(begins), "to": text_of(ends), "days": days,
        "average_holding_us": quotient(sum(held), len(held), 0),
        "average_holding_seconds": quotient(Fraction(sum(held), 10 ** 6), len(held), 6),
        "gross": form_figures(trades, "gross", days, seconds, scope),
        "net": form_figures(trades, "net", days, seconds, scope),
        "by_symbol": split(trades, "symbol", lambda row: row["net"]["pnl"]),
        "by_exit_reason": split(trades, "exit_reason", lambda row: row["trades"]),
    }
