#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a small backtest export in freqtrade's format: make_sample.py FILE

The same trades every time: prices with up to 21 decimals, amounts with up to 18, wins, losses, a draw and
shorts. They are invented, and hard on rounding by intention.
"""
import datetime
import random
import sys

PAIRS = {"ETH/BTC": 93, "LTC/BTC": 16, "XRP/BTC": 0.11, "ADA/BTC": 0.045, "TRX/BTC": 0.009}  # thousandths of a BTC
START = datetime.datetime(2024, 3, 1, tzinfo=datetime.timezone.utc)


def digits(rng, count):
    return "".join(str(rng.randrange(10)) for _ in range(count - 1)) + str(rng.randrange(1, 10))


def price(rng, level, decimals):
    """`level` thousandths as decimal text with that many digits behind the point, the last one not zero."""
    head = f"{level / 1000 * rng.uniform(0.97, 1.03):.9f}"
    return head + digits(rng, decimals - 9)


def trade(rng, number, moment):
    pair = rng.choice(list(PAIRS))
    opened = moment + datetime.timedelta(minutes=5 * rng.randrange(0, 6))
    closed = opened + datetime.timedelta(minutes=5 * rng.randrange(1, 60))
    decimals = rng.choice((17, 19, 21))
    open_rate = price(rng, PAIRS[pair], decimals)
    close_rate = open_rate if number == 17 else price(rng, PAIRS[pair], decimals)
    amount = f"{rng.uniform(0.5, 40):.6f}" + digits(rng, rng.choice((4, 8, 12)))
    short = number % 9 == 4
    better = (float(close_rate) > float(open_rate)) != short
    return (f'{{"pair":"{pair}","amount":{amount},"open_date":"{opened}","close_date":"{closed}",'
            f'"open_rate":{open_rate},"close_rate":{close_rate},"fee_open":0.00075,"fee_close":0.001,'
            f'"exit_reason":"{"roi" if better else "stop_loss"}","is_open":false,'
            f'"is_short":{"true" if short else "false"},"enter_tag":{"null" if number % 3 else chr(34) + "breakout" + chr(34)}}}')


def main():
    rng = random.Random(20240301)
    trades = [trade(rng, number, START + datetime.timedelta(minutes=45 * number)) for number in range(60)]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write('{"metadata":{},"strategy":{"SampleStrategy":{"timeframe":"5m","stake_currency":"BTC",'
                   '"starting_balance":1.0,"trades":[\n' + ",\n".join(trades) + "\n]}}}\n")


if __name__ == "__main__":
    main()
