# SPDX-License-Identifier: MIT
"""The figures of an export, worked out by Python's decimal module alone: independent of library and server.

figures.py FILE prints them as JSON; text of exact decimals.
"""
import decimal
import json
import sys
from decimal import Decimal

decimal.getcontext().prec = 400


def plain(value):
    """Digits without an exponent and without trailing zeros."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def quotient(gains, losses):
    return None if losses == 0 else plain((gains / losses).quantize(Decimal("1e-8"), decimal.ROUND_HALF_UP))


def counts(values):
    return [sum(v > 0 for v in values), sum(v == 0 for v in values), sum(v < 0 for v in values)]


def factor(values):
    return quotient(sum(v for v in values if v > 0), -sum((v for v in values if v < 0), Decimal(0)))


def drawdown(rows):
    """Largest fall of the running gross sum from its peak, in order of closing; the peak begins at zero."""
    total = peak = worst = Decimal(0)
    peak_at = rows[0]["open_date"] if rows else None
    found = (None, None)
    for row in rows:
        total += row["gross"]
        if total > peak:
            peak, peak_at = total, row["close_date"]
        if peak - total > worst:
            worst, found = peak - total, (peak_at, row["close_date"])
    return {"amount": plain(worst), "from": found[0], "to": found[1]}


def figures(path):
    with open(path, encoding="utf-8") as file:
        document = json.load(file, parse_float=Decimal, parse_int=Decimal)
    (strategy,) = document["strategy"].values()
    trades = strategy["trades"]
    for t in trades:
        sign = -1 if t["is_short"] else 1
        entry, leaving = t["open_rate"] * t["amount"], t["close_rate"] * t["amount"]
        t["gross"] = sign * (leaving - entry)
        t["net"] = t["gross"] - entry * t["fee_open"] - leaving * t["fee_close"]
    ordered = sorted(enumerate(trades), key=lambda pair: (pair[1]["close_date"], pair[0]))
    gross, net = [t["gross"] for t in trades], [t["net"] for t in trades]
    by_pair = {}
    for t in trades:
        entry = by_pair.setdefault(t["pair"], [0, Decimal(0), Decimal(0)])
        entry[0] += 1
        entry[1] += t["gross"]
        entry[2] += t["net"]
    return {
        "trades": len(trades),
        "gross_pnl": plain(sum(gross)),
        "net_pnl": plain(sum(net)),
        "gross_profit_factor": factor(gross),
        "net_profit_factor": factor(net),
        "gross_wins_draws_losses": counts(gross),
        "net_wins_draws_losses": counts(net),
        "max_drawdown": drawdown([t for _, t in ordered]),
        "by_pair": {pair: [n, plain(g), plain(m)] for pair, (n, g, m) in sorted(by_pair.items())},
    }


if __name__ == "__main__":
    print(json.dumps(figures(sys.argv[1]), indent=1))
