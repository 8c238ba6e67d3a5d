# SPDX-License-Identifier: MIT
"""tradingdb import freqtrade: figures against an independent script, repetition, interruption, exports that are wrong."""
import json
import os
import pathlib
import re
import subprocess
import sys

import tap
from cli import copy_of, fails, folder, psql, run, start, until, works

SOURCE = pathlib.Path(os.environ["TRDB_TEST_SOURCE"])
sys.path.insert(0, str(SOURCE / "tests/examples"))
import figures  # noqa: E402

TABLES = ("usr_users", "trading_bots", "trading_trades", "trading_fills", "trading_positions")


def sample(place, edit=None):
    """The sample export of the examples, changed as wanted."""
    path = place / "export.json"
    subprocess.run(["python3", str(SOURCE / "examples/trading_day/make_sample.py"), str(path)], check=True)
    if edit:
        document = json.loads(path.read_text())
        edit(document["strategy"]["SampleStrategy"])
        path.write_text(json.dumps(document))
    return path


def trader(url, bots=0):
    """Makes user 1, and as many bots."""
    psql(url, "INSERT INTO usr_users (id, email) VALUES (1, 'trader@example.org')")
    for bot in range(1, bots + 1):
        psql(url, f"INSERT INTO trading_bots (id, user_id, type, status, config, last_heartbeat) VALUES ({bot}, 1, "
                  f"'optimization', 'stopped', '{{}}', '2030-01-01Z')")
    psql(url, "SELECT setval(pg_get_serial_sequence('trading_bots', 'id'), 100)")


def counts(url):
    return {table: int(psql(url, f"SELECT count(*) FROM {table}")) for table in TABLES}


def new_bot(url, path, *more):
    return ("import", "freqtrade", path, "--new-bot", "{}", "--user", 1, "-d", url, *more)


def books_balance(url, trades):
    assert psql(url, "SELECT count(*) FROM trading_positions WHERE status <> 'closed' OR qty_open <> 0") == "0"
    assert psql(url, "SELECT count(*) FROM trading_verify_positions(NULL) WHERE drift") == "0"
    assert counts(url)["trading_fills"] == 2 * trades
    assert psql(url, "SELECT b.total_pnl = sum(t.net_pnl) FROM trading_bots b JOIN trading_trades t ON t.bot_id = b.id "
                     "GROUP BY b.id") == "t"


def check_export(path):
    wanted = figures.figures(path)
    with copy_of("trdb_template") as url:
        trader(url)
        first = works(*new_bot(url, path, "--json")).json
        assert first["imported"] == wanted["trades"] and first["known"] == 0 and first["bot_id"] == 101, first
        second = works(*new_bot(url, path, "--json")).json
        assert second == {**first, "imported": 0, "known": wanted["trades"]}, second
        third = works("import", "freqtrade", path, "--bot", 101, "-d", url)
        assert third.out == (f"{first['strategy']}: 0 trades imported into bot 101, {wanted['trades']} were there "
                             "already\n"), third
        books_balance(url, wanted["trades"])
        trades = works("trades", "export", "--json", "-d", url)
        rows = json.loads(trades.out, parse_float=figures.Decimal, parse_int=figures.Decimal)["trades"]
        assert len(rows) == wanted["trades"]
        given = json.loads(path.read_text(), parse_float=figures.Decimal, parse_int=figures.Decimal)
        (strategy,) = given["strategy"].values()
        for row, trade in zip(rows, strategy["trades"]):
            assert (row["symbol"], row["entry_price"], row["exit_price"], row["size"]) == (
                trade["pair"], trade["open_rate"], trade["close_rate"], trade["amount"]), (row, trade)


def generated():
    """the sample: every digit arrives, a second import books nothing"""
    with folder() as place:
        check_export(sample(place))


def given():
    """the given export: every digit arrives, a second import books nothing"""
    if os.environ.get("TRDB_TEST_EXPORT"):
        check_export(pathlib.Path(os.environ["TRDB_TEST_EXPORT"]))


def at_once():
    """several imports at once make one bot and book each trade once"""
    with folder() as place, copy_of("trdb_template") as url:
        path = sample(place)
        trader(url)
        processes = [start(*new_bot(url, path, "--json")) for _ in range(4)]
        imported = 0
        for process in processes:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
            imported += json.loads(out)["imported"]
        assert imported == 60 and counts(url)["trading_bots"] == 1
        books_balance(url, 60)


def killed():
    """an import that was killed is completed by the next"""
    with folder() as place, copy_of("trdb_template") as url:
        path = sample(place)
        trader(url)
        process = start(*new_bot(url, path))
        until(lambda: process.poll() is not None or counts(url)["trading_trades"] >= 5, "some trades are booked")
        process.kill()
        process.communicate()
        done = works(*new_bot(url, path, "--json")).json
        assert done["imported"] + done["known"] == 60 and done["known"] >= 5, done
        books_balance(url, 60)


def into_a_bot():
    """an existing bot keeps its type and a heartbeat that is later"""
    with folder() as place, copy_of("trdb_template") as url:
        trader(url, bots=1)
        works("import", "freqtrade", sample(place), "--bot", 1, "-d", url)
        assert psql(url, "SELECT DISTINCT trade_type FROM trading_trades") == "optimization"
        assert psql(url, "SELECT last_heartbeat = '2030-01-01Z' FROM trading_bots") == "t"
        psql(url, "UPDATE trading_bots SET last_heartbeat = '2020-01-01Z'; DELETE FROM trading_fills; DELETE FROM trading_trades")
        works("import", "freqtrade", place / "export.json", "--bot", 1, "-d", url)
        assert psql(url, "SELECT last_heartbeat = max(exit_time) FROM trading_bots b JOIN trading_trades t ON t.bot_id = b.id "
                         "GROUP BY b.id") == "t"


def entangled():
    """a bot with an open position of a pair is refused by name, and nothing of that trade is booked"""
    with folder() as place, copy_of("trdb_template") as url:
        path = sample(place)
        trader(url, bots=1)
        pair = json.loads(path.read_text())["strategy"]["SampleStrategy"]["trades"][0]["pair"]
        psql(url, "INSERT INTO trading_positions (bot_id, trade_type, symbol, direction, qty_open, avg_price, status) "
                  f"VALUES (1, 'optimization', '{pair}', 'long', 1, 1, 'open')")
        fails(1, "import", "freqtrade", path, "--bot", 1, "-d", url,
              says=f"trades[0]: bot 1 holds an open position of {pair}")
        assert counts(url)["trading_trades"] == 0 and counts(url)["trading_fills"] == 0


def changed_later():
    """an export whose trade has other figures than what was booked is refused with its place"""
    with folder() as place, copy_of("trdb_template") as url:
        trader(url)
        path = sample(place)
        works(*new_bot(url, path))
        lines = path.read_text().split("\n")  # a trade a line, after the head
        lines[1 + 3] = re.sub(r'"amount":[\d.]+', '"amount":77', lines[1 + 3])
        path.write_text("\n".join(lines))
        fails(1, *new_bot(url, path), says="trades[3]: ")
        assert counts(url)["trading_trades"] == 60


def wrong_exports():
    """exports that are wrong are refused with place and reason, and nothing is written"""
    def trade(field, value=None):
        def edit(strategy):
            if value is None:
                del strategy["trades"][17][field]
            else:
                strategy["trades"][17][field] = value
        return edit
    with folder() as place, copy_of("trdb_template") as url:
        trader(url)
        for edit, says in (
                (trade("open_rate"), "trades[17].open_rate is missing"),
                (trade("amount", "12.5"), "trades[17].amount is a string, not a number"),
                (trade("amount", -1.5), "trades[17].amount is negative"),
                (trade("close_rate", 0), "trades[17].close_rate is zero"),
                (trade("open_date", "2024-03-01 10:00:00"), "trades[17].open_date is no time with a zone"),
                (trade("close_date", "2020-03-01 10:00:00+00:00"), "trades[17].close_date lies before open_date"),
                (trade("is_open", True), "only closed trades"),
                (trade("pair", ""), "trades[17].pair is empty"),
                (lambda strategy: strategy.pop("timeframe"), "timeframe is missing"),
                (lambda strategy: strategy.update(trades=[]), "trades is empty"),
                (lambda strategy: strategy.update(starting_balance="1"), "starting_balance is a string")):
            fails(1, *new_bot(url, sample(place, edit)), says=says)
        path = place / "other.json"
        for text, says in (("", "cut short"), ("[]", "strategy is missing"), ("{", "cut short"), ("{]", "not valid JSON"),
                           ('{"strategy": {}}', "exactly one strategy"),
                           ('{"strategy": {"A": {}, "B": {}}}', "exactly one strategy")):
            path.write_text(text)
            fails(1, *new_bot(url, path), says=says)
        path.write_bytes(b'{"strategy": "\xff"}')
        fails(1, *new_bot(url, path), says="not valid JSON")
        fails(1, *new_bot(url, place), says="cannot be read")
        assert counts(url) == {**dict.fromkeys(TABLES, 0), "usr_users": 1}


def wrong_bots():
    """a bot or user that is not there, a configuration that is none"""
    with folder() as place, copy_of("trdb_template") as url:
        path = sample(place)
        trader(url)
        (place / "list.json").write_text("[1]")
        where = ("import", "freqtrade", path, "-d", url)
        fails(1, *where, "--bot", 7, says="there is no bot 7; `tradingdb bots list`")
        fails(1, *where, "--new-bot", "{}", "--user", 7, says="there is no user 7; `tradingdb users list`")
        fails(1, *where, "--new-bot", place / "list.json", "--user", 1, says="--new-bot needs a JSON object")
        fails(1, *where, "--new-bot", place / "none.json", "--user", 1, says="No such file")
        fails(1, *where, "--new-bot", "{'a': 1}", "--user", 1, says="not valid JSON")
        assert counts(url)["trading_bots"] == 0
        done = run(*where, "--new-bot", '{"cash": 1.10, "note": "exact"}', "--user", 1)
        assert done.code == 0, done
        assert psql(url, "SELECT config FROM trading_bots") == '{"cash": 1.10, "note": "exact"}'


if __name__ == "__main__":
    tap.run(generated, given, at_once, killed, into_a_bot, entangled, changed_later, wrong_exports, wrong_bots)
