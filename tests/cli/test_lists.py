# SPDX-License-Identifier: MIT
"""Lists of many rows: pages by key, all of them, in every format; what an export holds."""
import csv
import io
import os
import re
import subprocess

import tap
from cli import COMMAND, WRAPPER, copy_of, environment, psql, start, works

COUNT = 2500


def filled():
    """Users, bots, trades, jobs, runs, commands, feedback and settings: COUNT of each."""
    return (f"INSERT INTO usr_users (id, email) SELECT n, 'u' || n || '@example.org' FROM generate_series(1, {COUNT}) n;"
            f"INSERT INTO usr_auth_identities (user_id, provider, external_id, metadata) SELECT n, 'telegram', n, '{{\"verified\": true}}' FROM generate_series(1, {COUNT}, 2) n;"
            f"INSERT INTO trading_bots (id, user_id, type, status, config) SELECT n, n, 'paper', 'running', '{{}}' FROM generate_series(1, {COUNT}) n;"
            "INSERT INTO trading_trades (id, bot_id, trade_type, entry_logic_name, exit_logic_name, symbol, interval, direction, status, "
            "entry_time, exit_time, entry_price, exit_price, size) SELECT n, 1 + n % 10, 'paper', 'a', 'b', 'S' || n % 7, '1h', 'long', "
            "'closed', '2024-01-01Z'::timestamptz + n * interval '1 min', '2024-01-01Z'::timestamptz + (n + 100) * interval '1 min', n, n + 0.5, 1 "
            f"FROM generate_series(1, {COUNT}) n;"
            f"INSERT INTO job_schedules (id, user_id, name, job_type, target, cron) SELECT n, n, 'job', 'report', 'x', '@daily' FROM generate_series(1, {COUNT}) n;"
            f"INSERT INTO job_schedule_runs (id, job_type, job_id, scheduled_for) SELECT n, 'report', 1, '2024-01-01Z'::timestamptz + n * interval '1 h' FROM generate_series(1, {COUNT}) n;"
            f"INSERT INTO telegram_command_audits (id, telegram_user_id, command) SELECT n, n % 5, '/c' FROM generate_series(1, {COUNT}) n;"
            f"INSERT INTO telegram_feedbacks (id, user_id, message) SELECT n, n, 'm' FROM generate_series(1, {COUNT}) n;"
            f"INSERT INTO telegram_settings (key, value) SELECT to_char(n, 'FM00000'), n FROM generate_series(1, {COUNT}) n;")


LISTS = (("users", "list"), ("bots", "list"), ("trades", "list"), ("jobs", "list"), ("jobs", "runs"),
         ("jobs", "runs", "--job", "1"), ("telegram", "audit"), ("telegram", "feedback"), ("telegram", "settings"))


def rows(document):
    (name,) = [key for key in document if key != "next"]
    return [row.get("id", row.get("key")) for row in document[name]], document["next"]


def in_pages():
    """--after with what `next` says walks over all rows once, in order, whatever the size of a page"""
    with copy_of("trdb_template") as url:
        psql(url, filled())
        for command in LISTS:
            everything, more = rows(works(*command, "-n", COUNT, "--json", "-d", url).json)
            assert len(everything) == len(set(everything)) == COUNT and more is None, command
            assert everything in (sorted(everything), sorted(everything, reverse=True)), command
            for size in (999, 1000, 1001):
                walked, after = [], ()
                while True:
                    page, more = rows(works(*command, "-n", size, "--json", "-d", url, *after).json)
                    assert len(page) == size or more is None, (command, size)
                    walked += page
                    if more is None:
                        break
                    after = ("--after", more)
                assert walked == everything, (command, size)
            page, more = rows(works(*command, "-n", COUNT - 1, "--json", "-d", url).json)
            assert page == everything[:-1] and more == everything[-2], command
            short, more = rows(works(*command, "--json", "-d", url).json)
            assert short == everything[:50] and more == everything[49], command


def in_each_format():
    """CSV, JSON and table show the same rows, also across the blocks of a long table"""
    with copy_of("trdb_template") as url:
        psql(url, filled())
        for command in LISTS:
            where = (*command, "-n", COUNT, "-d", url)
            ids = [str(value) for value in rows(works(*where, "--json").json)[0]]
            table = works(*where).out.splitlines()
            assert len(table) == COUNT + 1 and [line.split()[0] for line in table[1:]] == ids, command
            raw = subprocess.run([*WRAPPER, COMMAND, *map(str, where), "--csv"], capture_output=True, check=True,
                                 env=environment({})).stdout.decode()
            assert raw.count("\r\n") == COUNT + 1
            assert [row[0] for row in csv.reader(io.StringIO(raw, newline=""))][1:] == ids, command


def left_out_rows():
    """rows that --as-of leaves out are passed over, page by page"""
    with copy_of("trdb_template") as url:
        psql(url, filled())
        # at minute 2000 of the year those up to 2000 were entered, and those up to 1900 were left
        moment = ("--as-of", "2024-01-02 09:20", "-d", url)
        still_open, more = rows(works("trades", "list", "--status", "open", "--json", "-n", 1000, *moment).json)
        assert still_open == list(range(2000, 1900, -1)) and more is None
        closed, more = rows(works("trades", "list", "--status", "closed", "--json", "-n", 3, *moment).json)
        assert closed == [1900, 1899, 1898] and more == 1898
        closed, more = rows(works("trades", "list", "--status", "closed", "--json", "-n", 3, "--after", 3, *moment).json)
        assert closed == [2, 1] and more is None
        exported = works("trades", "export", "--json", "--status", "open", *moment).json
        assert rows(exported)[0] == list(range(1901, 2001))


def export():
    """an export has every row by id with every column, and what was chosen"""
    with copy_of("trdb_template") as url:
        psql(url, filled())
        out = works("trades", "export", "-d", url).out
        table = list(csv.DictReader(io.StringIO(out)))
        assert [int(row["id"]) for row in table] == list(range(1, COUNT + 1))
        columns = psql(url, "SELECT string_agg(column_name, ',' ORDER BY column_name) FROM information_schema.columns "
                            "WHERE table_name = 'trading_trades'")
        assert ",".join(sorted(table[0])) == columns
        chosen = works("trades", "export", "--bot", 3, "--symbol", "S4", "--json", "-d", url).json
        assert rows(chosen)[0] == [n for n in range(1, COUNT + 1) if 1 + n % 10 == 3 and n % 7 == 4]
        entered = works("trades", "export", "--from", "2024-01-01 01:00", "--until", "2024-01-01 02:00", "--json", "-d", url)
        assert rows(entered.json)[0] == list(range(60, 120))


def one_moment():
    """an export is of one moment: what is committed meanwhile is not in it"""
    with copy_of("trdb_template") as url:
        psql(url, filled())
        process = start("trades", "export", "-d", url)
        head = process.stdout.read(200)  # the first page was read
        psql(url, f"DELETE FROM trading_trades WHERE id > {COUNT - 100}")
        out = head + process.stdout.read()
        process.communicate(timeout=300)
        assert process.returncode == 0 and out.count("\n") == COUNT + 1, out.count("\n")


def closed_pipe():
    """a reader that stops early ends the command without a word"""
    with copy_of("trdb_template") as url:
        psql(url, filled())
        shell = f"'{COMMAND}' trades export -d '{url}' | head -1"
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, env=environment({}))
        assert done.stdout.startswith("id,bot_id") and done.stderr == "", done.stderr


def few_round_trips():
    """a page costs one statement; users need one more for their Telegram accounts"""
    with copy_of("trdb_template") as url:
        psql(url, filled())
        for command in LISTS:
            process = start(*command, "-n", 500, "-d", url, SQL_ECHO="1")
            _, err = process.communicate(timeout=300)
            calls = [name for name in re.findall(r"^-- (\S+):", err, re.M) if name not in ("begin", "rollback", "commit")]
            assert len(calls) == (2 if command[0] == "users" or "--job" in command else 1), (command, calls)


if __name__ == "__main__":
    os.environ.pop("SQL_ECHO", None)
    tap.run(in_pages, in_each_format, left_out_rows, export, one_moment, closed_pipe, few_round_trips)
