# SPDX-License-Identifier: MIT
"""The trading day: its figures against Python's decimal module, its second run, and exports that are wrong."""
import json
import os
import pathlib
import re
import subprocess
import tempfile

import figures
import tap

SOURCE = pathlib.Path(os.environ["TRDB_TEST_SOURCE"])
DAY = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "examples" / "trading_day"
BOT = SOURCE / "examples/trading_day/bot.json"
HOST = os.environ["TRDB_TEST_HOST"]
WORK = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TRDB_TEST_DIR"]))
SAMPLE = WORK / "sample.json"
subprocess.run(["python3", str(SOURCE / "examples/trading_day/make_sample.py"), str(SAMPLE)], check=True)


def psql(database, sql):
    return subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d",
                           f"host={HOST} user=tester dbname={database}", "-c", sql],
                          check=True, capture_output=True, text=True).stdout.strip()


def database(name):
    psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE {name} TEMPLATE trdb_template")
    return name


def run(name, export):
    return subprocess.run([str(DAY), str(BOT), str(export)], capture_output=True, text=True,
                          env=dict(os.environ, DB_URL=f"host={HOST} user=tester dbname={name}"))


def succeed(name, export):
    done = run(name, export)
    assert done.returncode == 0, done.stderr
    return done.stdout


def line(output, label):
    return re.search(rf"^  {re.escape(label)}\s+(.*)$", output, re.M).group(1)


def minute(text):
    return "the start" if text is None else text[:16]


def compare(output, wanted, currency="BTC"):
    assert line(output, "trades") == f"{wanted['trades']} over {len(wanted['by_pair'])} pairs"
    assert line(output, "gross P&L") == f"{wanted['gross_pnl']} {currency}", line(output, "gross P&L")
    assert line(output, "net P&L") == f"{wanted['net_pnl']} {currency}", line(output, "net P&L")
    assert line(output, "profit factor") == (f"{wanted['gross_profit_factor']} gross, "
                                             f"{wanted['net_profit_factor']} net")
    counts = ["/".join(map(str, wanted[f"{form}_wins_draws_losses"])) for form in ("gross", "net")]
    assert line(output, "wins/draws/losses") == f"{counts[0]} gross, {counts[1]} net"
    drop = wanted["max_drawdown"]
    assert line(output, "max drawdown") == (f"{drop['amount']} {currency} gross, from {minute(drop['from'])} "
                                            f"to {minute(drop['to'])}"), line(output, "max drawdown")
    for pair, (count, _, _) in wanted["by_pair"].items():
        assert re.search(rf"^  {re.escape(pair)}\s+{count} ", output, re.M), pair


def without_first_line(output):
    return output.split("\n", 1)[1]


def same_twice(name, export):
    wanted = figures.figures(export)
    first, second = succeed(name, export), succeed(name, export)
    compare(first, wanted)
    assert first.startswith(f"{name_of(export)}: {wanted['trades']} trades imported, 0 were")
    assert second.startswith(f"{name_of(export)}: 0 trades imported, {wanted['trades']} were")
    assert without_first_line(first) == without_first_line(second)
    assert psql(name, "SELECT count(*) FROM trading_positions WHERE status <> 'closed' OR qty_open <> 0") == "0"
    assert psql(name, "SELECT count(*) FROM trading_verify_positions(NULL) WHERE drift") == "0"
    assert psql(name, "SELECT count(*) FROM trading_fills") == str(2 * wanted["trades"])
    balance = psql(name, "SELECT b.total_pnl - sum(t.net_pnl) = 0 FROM trading_bots b JOIN trading_trades t "
                         "ON t.bot_id = b.id GROUP BY b.id")
    assert balance == "t"
    return first


def name_of(export):
    return next(iter(json.loads(pathlib.Path(export).read_text())["strategy"]))


def sample():
    """the generated sample gives the figures of an independent script, twice the same"""
    output = same_twice(database("day_sample"), SAMPLE)
    assert any("⠁" <= character <= "⣿" for character in output), "no curve"


def given_export():
    """the given export gives the figures of an independent script, twice the same"""
    same_twice(database("day_export"), os.environ["TRDB_TEST_EXPORT"])


def killed_midway():
    """an import that is killed midway is completed by the next one"""
    name = database("day_killed")
    child = subprocess.Popen([str(DAY), str(BOT), str(SAMPLE)], stdout=subprocess.DEVNULL,
                             env=dict(os.environ, DB_URL=f"host={HOST} user=tester dbname={name}"))
    while child.poll() is None and int(psql(name, "SELECT count(*) FROM trading_trades")) < 5:
        pass
    child.kill()
    child.wait()
    compare(succeed(name, SAMPLE), figures.figures(SAMPLE))


def changed(edit):
    document = json.loads(SAMPLE.read_text())
    edit(document["strategy"]["SampleStrategy"])
    path = WORK / "bad.json"
    path.write_text(json.dumps(document))
    return path


def refused(export, *parts):
    name = database("day_bad")
    done = run(name, export)
    assert done.returncode == 1, done.stdout
    assert done.stderr.count("\n") == 1, done.stderr
    for part in parts:
        assert part in done.stderr, done.stderr
    for table in ("usr_users", "trading_bots", "trading_trades", "trading_fills", "trading_positions"):
        assert psql(name, f"SELECT count(*) FROM {table}") == "0", table


def edit_trade(field, value):
    def edit(strategy):
        if value is None:
            del strategy["trades"][17][field]
        else:
            strategy["trades"][17][field] = value
    return edit


def missing_field():
    """a missing field is named, nothing is written"""
    refused(changed(edit_trade("open_rate", None)), "trades[17].open_rate is missing")
    refused(changed(lambda strategy: strategy.pop("timeframe")), "timeframe is missing")


def wrong_type():
    """a string for a number is named, nothing is written"""
    refused(changed(edit_trade("amount", "12.5")), "trades[17].amount is a string, not a number")
    refused(changed(edit_trade("is_short", "no")), "trades[17].is_short is a string")


def wrong_value():
    """a negative size, a zero price, a time without a zone, one before the other: named, nothing is written"""
    refused(changed(edit_trade("amount", -1.5)), "trades[17].amount is negative")
    refused(changed(edit_trade("close_rate", 0)), "trades[17].close_rate is zero")
    refused(changed(edit_trade("open_date", "2024-03-01 10:00:00")), "trades[17].open_date is no time")
    refused(changed(edit_trade("close_date", "2020-03-01 10:00:00+00:00")), "lies before open_date")
    refused(changed(edit_trade("is_open", True)), "only closed trades")


def not_a_file():
    """a truncated file, one that is no JSON and one that is not there: told, nothing is written"""
    path = WORK / "cut.json"
    path.write_bytes(SAMPLE.read_bytes()[:5000])
    refused(path, "cut short")
    path.write_text('{"strategy": nothing}')
    refused(path, "not valid JSON")
    refused(WORK / "absent.json", "cannot be read")
    path.write_text('{"strategy": {"A": {}, "B": {}}}')
    refused(path, "exactly one strategy")


tests = [sample, killed_midway, missing_field, wrong_type, wrong_value, not_a_file]
if os.environ.get("TRDB_TEST_EXPORT"):
    tests.append(given_export)
tap.run(*tests)
