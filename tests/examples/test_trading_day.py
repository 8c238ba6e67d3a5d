# SPDX-License-Identifier: MIT
"""The trading day: its figures against Python's decimal module, its second run, and exports that are wrong."""
import json
import os
import pathlib
import re
import subprocess
import tempfile
import xml.etree.ElementTree

import figures
import tap

SOURCE = pathlib.Path(os.environ["TRDB_TEST_SOURCE"])
DAY = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "examples" / "trading_day"
BOT = SOURCE / "examples/trading_day/bot.json"
HOST = os.environ["TRDB_TEST_HOST"]
DIRECT = os.environ["TRDB_TEST_DIRECT"]
WORK = pathlib.Path(tempfile.mkdtemp(dir=os.environ["TRDB_TEST_DIR"]))
SAMPLE = WORK / "sample.json"
subprocess.run(["python3", str(SOURCE / "examples/trading_day/make_sample.py"), str(SAMPLE)], check=True)


def psql(database, sql):
    return subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d",
                           f"host={DIRECT} user=tester dbname={database}", "-c", sql],
                          check=True, capture_output=True, text=True).stdout.strip()


def database(name):
    psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    psql("postgres", f"CREATE DATABASE {name} TEMPLATE trdb_template STRATEGY file_copy")
    return name


def run(name, export, *picture):
    path = f"{pathlib.Path(os.environ['TRDB_TEST_BUILD']) / 'bindings/cli'}:{os.environ['PATH']}"
    return subprocess.run([str(DAY), str(BOT), str(export), *picture], capture_output=True, text=True,
                          env=dict(os.environ, DB_URL=f"host={HOST} user=tester dbname={name}", PATH=path))


def succeed(name, export, *picture):
    done = run(name, export, *picture)
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


def figures_of(output):
    """What a second run prints in the same way."""
    return output[output.index("\nTotals"):output.index("\nCron job")]


def same_twice(name, export):
    wanted = figures.figures(export)
    first, second = succeed(name, export), succeed(name, export)
    compare(first, wanted)
    assert f"\n{name_of(export)}: {wanted['trades']} trades imported, 0 were" in first
    assert f"\n{name_of(export)}: 0 trades imported, {wanted['trades']} were" in second
    assert figures_of(first) == figures_of(second)
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


def registration_and_audit():
    """the trader is registered by a code that is used up, and what the bot was told is audited"""
    name = database("day_audit")
    first, second = succeed(name, SAMPLE), succeed(name, SAMPLE)
    assert first.startswith("Telegram account 100200300 registered as user 1, verified by code\n"), first
    assert second.startswith("Telegram account 100200300 is registered as user 1\n"), second
    assert psql(name, "SELECT count(*), count(used_at) FROM usr_verification_codes") == "1|1"
    assert psql(name, "SELECT metadata - 'language' = '{\"verified\": true, \"approved\": true, \"is_admin\": false}' "
                      "FROM usr_auth_identities") == "t"
    assert psql(name, "SELECT string_agg(command, ' ' ORDER BY id) FROM telegram_command_audits WHERE success "
                      "AND is_registered_user") == "/start /verify /import /report /start /import /report"
    told = first[first.index("What the Telegram bot was told"):]
    assert re.findall(r"^  (/\w+)\s+1 of 1 succeeded$", told, re.M) == ["/import", "/report", "/start", "/verify"], told


def job_and_picture():
    """the daily report is one cron job; each day runs it once, and the run renders the picture"""
    name = database("day_job")
    picture = WORK / "equity.svg"
    first, second = succeed(name, SAMPLE, str(picture)), succeed(name, SAMPLE, str(picture))
    assert f"run once now: completed, picture in {picture}" in second, second
    assert "17:30" in line(first, "next run"), first
    assert psql(name, "SELECT count(*), min(cron), min(timezone) FROM job_schedules") == "1|30 17 * * MON-FRI|Europe/Berlin"
    assert psql(name, "SELECT string_agg(status, ' '), count(finished_at), count(DISTINCT job_id), min(result::text) "
                      "FROM job_schedule_runs") == 'completed completed|2|1|{"rendered": true}'
    drawing = xml.etree.ElementTree.parse(picture).getroot()
    assert drawing.tag.endswith("svg") and any("SampleStrategy" in (node.text or "") for node in drawing.iter())


def failing_job():
    """a picture that cannot be written fails the run, not the day"""
    name = database("day_job_fails")
    output = succeed(name, SAMPLE, str(WORK / "absent" / "equity.svg"))
    assert "run once now: failed" in output, output
    assert psql(name, "SELECT status, error FROM job_schedule_runs") == "failed|tradingdb report failed"


def in_python():
    """the same day in at most 80 lines of Python prints the same figures, and each finds what the other imported"""
    script = SOURCE / "examples/python/trading_day.py"
    assert len(script.read_text().splitlines()) <= 80
    name = database("day_python")
    environment = dict(os.environ, DB_URL=f"host={HOST} user=tester dbname={name}",
                       PYTHONPATH=str(SOURCE / "bindings/python"),
                       TRADINGDB_LIBRARY=str(pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "lib/libtradingdb.so.0"))
    done = subprocess.run(["python3", str(script), str(BOT), str(SAMPLE)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("SampleStrategy: 60 trades imported, 0 were there already\n"), done.stdout
    again = succeed(name, SAMPLE)
    assert "\nSampleStrategy: 0 trades imported, 60 were there already\n" in again, again
    labels = ("trades", "gross P&L", "fees", "net P&L", "profit factor", "wins/draws/losses", "max drawdown")
    for label in labels:
        assert line(done.stdout, label) == line(again, label), label
    for key, label in (("win_rate", "win rate, %"), ("sharpe", "Sharpe ratio"), ("sortino", "Sortino ratio"),
                       ("calmar", "Calmar ratio"), ("sqn", "SQN")):
        printed = [re.search(rf"^{form} .*\b{key} (\S+)", done.stdout, re.M).group(1) for form in ("gross", "net")]
        assert ["None" if text == "-" else text for text in line(again, label).split()] == printed, (label, printed)
    assert "Cron job: At 17:30 on Monday to Friday (Europe/Berlin), next run " in done.stdout
    assert psql(name, "SELECT count(*) FROM trading_verify_positions(NULL) WHERE drift") == "0"


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
    for table in ("usr_users", "trading_bots", "telegram_command_audits", "trading_trades", "trading_fills", "trading_positions"):
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


tests = [sample, registration_and_audit, job_and_picture, failing_job, killed_midway, missing_field, wrong_type, wrong_value, not_a_file]
if os.environ["TRDB_TEST_VARIANT"] == "plain":  # an interpreter would need the sanitizer's library; suite python has it
    tests.append(in_python)
if os.environ.get("TRDB_TEST_EXPORT"):
    tests.append(given_export)
tap.run(*tests)
