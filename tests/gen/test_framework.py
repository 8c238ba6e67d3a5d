# SPDX-License-Identifier: MIT
"""The framework chain: what its migrations promise, and the functions that keep the books."""
import concurrent.futures
import json
import os
import re
import subprocess
import time
from decimal import ROUND_HALF_UP, Decimal, getcontext

import generator
import tap

import catalog
from server import Server, ServerError

CHAIN = generator.SOURCE / "schema" / "migrations" / "framework"
getcontext().prec = 80
UP = sorted(CHAIN.glob("*.up.sql"))
BOT = ("INSERT INTO usr_users DEFAULT VALUES; "
       "INSERT INTO trading_bots (user_id, type, status, config) VALUES (1, 'paper', 'running', '{}');")


class Database:
    """`with Database() as db`: a migrated database of its own."""

    made = 0

    def __enter__(self):
        self.server = Server(generator.HOST).__enter__()
        Database.made += 1
        self.name = f"framework_{os.getpid()}_{Database.made}"
        self.server.create(self.name)
        catalog.migrate(self.server, self.name, UP)
        return self

    def __exit__(self, *_):
        self.server.drop(self.name)
        self.server.__exit__()

    def sql(self, text):
        return self.server.psql(self.name, text).strip()

    def rows(self, text):
        return json.loads(self.sql(f"SELECT coalesce(json_agg(r), '[]') FROM ({text}) r"), parse_float=Decimal)

    def refused(self, text, code, part=""):
        try:
            self.sql(f"\\set VERBOSITY verbose\n{text}")
        except ServerError as error:
            assert f" {code}:" in str(error) and part in str(error), error
        else:
            raise AssertionError(f"not refused: {text}")

    def start(self, text):
        return subprocess.Popen(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", str(self.server.host), "-U",
                                 self.server.user, "-d", self.name, "-c", text], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)

    def wait_until(self, condition):
        for _ in range(600):
            if self.sql(f"SELECT {condition}") == "t":
                return
            time.sleep(0.05)
        raise AssertionError(f"never true: {condition}")


def fill(position, action, qty, price, more=""):
    return (f"SELECT outcome, fill_realized_pnl AS realized, (pos).* FROM trading_apply_fill({position}, '{action}', "
            f"{qty}, {price}{more})")


def ups_and_downs():
    """every step has a way back that leaves nothing behind, also in another schema"""
    with Database() as db:
        for path in reversed(UP):
            down = path.with_name(path.name.replace(".up.", ".down."))
            db.sql(f"BEGIN; SET LOCAL search_path = public, pg_catalog; {down.read_text().replace('{schema}', 'public')}; COMMIT")
        left = db.sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") \
            + db.sql("SELECT count(*) FROM pg_type WHERE typnamespace = 'public'::regnamespace") \
            + db.sql("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace")
        assert left == "000", left
        db.sql('CREATE SCHEMA "My Books"')
        for path in UP:
            text = path.read_text().replace("{schema}", '"My Books"')
            db.sql(f'BEGIN; SET LOCAL search_path = "My Books", pg_catalog; {text}; COMMIT')
        db.sql('SET search_path = "My Books"; ' + BOT)
        assert db.sql("SELECT outcome FROM \"My Books\".trading_fill_symbol(1, 'paper', 'X', 'long', 'buy', 1, 2)") == "applied"


def promises():
    """foreign keys are indexed, updated_at has its trigger, everything has a comment, functions fix their search_path"""
    with Database() as db:
        found = catalog.introspect(db.server, db.name)
        for table in found["tables"]:
            leading = {index["keys"][0] for index in table["uniques"] + table["indexes"]}
            for key in table["foreign_keys"]:
                assert key["columns"][0] in leading, (table["name"], key)
            assert table["comment"] and all(column.get("comment") for column in table["columns"]), table["name"]
            if any(column["name"] == "updated_at" for column in table["columns"]):
                assert db.sql(f"SELECT count(*) FROM pg_trigger WHERE tgrelid = '{table['name']}'::regclass AND "
                              "tgfoid = 'update_updated_at_column'::regproc") == "1", table["name"]
        assert db.sql("SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND "
                      "(proconfig IS NULL OR proconfig::text NOT LIKE '%search_path=%')") == "0"
        rules = {key["name"]: key["on_delete"] for table in found["tables"] for key in table["foreign_keys"]}
        assert rules == {
            "auth_identities_user_id_fkey": "CASCADE", "verification_codes_user_id_fkey": "CASCADE",
            "telegram_feedbacks_user_id_fkey": "CASCADE", "trading_bots_user_id_fkey": "NO ACTION",
            "trading_positions_bot_id_fkey": "NO ACTION", "trading_fills_bot_id_fkey": "NO ACTION",
            "trading_fills_position_id_fkey": "NO ACTION", "trading_trades_bot_id_fkey": "NO ACTION",
            "trading_trades_position_id_fkey": "SET NULL", "trading_perf_metrics_bot_id_fkey": "NO ACTION",
            "job_schedule_runs_job_id_fkey": "SET NULL"}


def deployed_shape():
    """columns that the deployed database has beyond the documents, and the additive ones, are there"""
    wanted = {"trading_trades": "buy_order_created buy_order_closed sell_order_created sell_order_closed entry_value exit_value",
              "trading_bots": "description extra_metadata error_count", "job_schedule_runs": "worker_id lease_token backfilled",
              "job_schedules": "timezone missed_policy overlap_policy max_attempts last_run_at"}
    with Database() as db:
        for table, columns in wanted.items():
            for column in columns.split():
                assert db.sql(f"SELECT count(*) FROM pg_attribute WHERE attrelid = '{table}'::regclass AND "
                              f"attname = '{column}'") == "1", (table, column)


def amounts():
    """exact_amount takes 24 decimals and 14 digits before the point, nothing else"""
    with Database() as db:
        good = ["0", "-99999999999999.999999999999999999999999", "1e-24", "0.10000000000000000000000000000000", "1e13"]
        for value in good:
            assert db.sql(f"SELECT '{value}'::exact_amount = '{value}'::numeric") == "t", value
        for value in ("1e14", "-1e14", "1e-25", "NaN", "Infinity", "-Infinity"):
            db.refused(f"SELECT '{value}'::exact_amount", "23514", "exact_amount")
        db.refused("SELECT 0.123456789::exact_percent", "23514", "exact_percent")
        assert db.sql("SELECT trdb_divide(2, 3, 24)") == "0.666666666666666666666667"
        assert db.sql("SELECT trdb_divide(-5, 1000000000, 8)") == "-0.00000001"


def worked_checks():
    """the worked checks of the reference come out"""
    with Database() as db:
        db.sql(BOT)
        def open_position(symbol, side):
            return db.sql(f"SELECT id FROM trading_ensure_open_position(1, 'paper', '{symbol}', '{side}')")
        a = open_position("A", "long")
        db.sql(fill(a, "buy", 10, 100))
        row = db.rows(fill(a, "buy", 10, 110))[0]
        assert (row["qty_open"], row["avg_price"]) == (20, 105)
        row = db.rows(fill(a, "SELL", 5, 120))[0]
        assert (row["qty_open"], row["realized_pnl"], row["realized"]) == (15, 75, 75)
        row = db.rows(fill(a, "sell", 15, 90, ", '2020-01-02Z'"))[0]
        assert (row["realized_pnl"], row["status"], row["avg_price"]) == (-150, "closed", None)
        assert row["closed_at"].startswith("2020-01-02")
        b = open_position("B", "SHORT")
        db.sql(fill(b, "sell", 5, 200))
        assert db.rows(fill(b, "buy", 2, 180))[0]["realized_pnl"] == 40
        row = db.rows(fill(b, "buy", 3, 220))[0]
        assert (row["realized_pnl"], row["status"]) == (-20, "closed")
        c = open_position("C", "long")
        db.sql(fill(c, "buy", 1, 1) + "; " + fill(c, "buy", 2, 2))
        digits = Decimal("1e-24")
        average = ((Decimal(5) / 3).quantize(digits, ROUND_HALF_UP) * 3 + Decimal("3.5")) / Decimal("3.5")
        assert db.rows(fill(c, "buy", 0.5, 7))[0]["avg_price"] == average.quantize(digits, ROUND_HALF_UP)
        row = db.rows(fill(c, "sell", 3.5, 3, ", p_close_when_flat => false"))[0]
        assert (row["status"], row["qty_open"], row["avg_price"]) == ("open", 0, None)
        assert db.rows(f"SELECT * FROM trading_close_position_if_flat({c}, '2020-01-01Z')")[0]["status"] == "closed"
        assert db.sql("SELECT count(*) FROM trading_verify_positions(NULL) WHERE drift") == "0"
        db.sql("UPDATE trading_positions SET realized_pnl = 1 WHERE symbol = 'C'")
        assert db.sql("SELECT string_agg(position_id::text, ',') FROM trading_verify_positions(1) WHERE drift") == c


def refusals():
    """bad fills are refused by name and change nothing"""
    with Database() as db:
        db.sql(BOT + " SELECT FROM trading_fill_symbol(1, 'paper', 'A', 'long', 'buy', 2, 3);")
        before = db.rows("SELECT * FROM trading_positions"), db.rows("SELECT * FROM trading_fills")
        for qty in ("0", "-1", "'NaN'", "'Infinity'", "NULL"):
            db.refused(fill(1, "buy", qty, 1), "TD004", "quantity")
            db.refused(fill(1, "buy", 1, qty), "TD004", "price")
        db.refused(fill(1, "hold", 1, 1), "TD004", "buy or a sell")
        db.refused(fill(99, "buy", 1, 1), "TD003", "no position 99")
        db.refused(fill(1, "sell", 2.5, 1), "TD001", "only 2 is open")
        db.refused(fill(1, "buy", 1, "1e-25"), "23514", "exact_amount")
        assert before == (db.rows("SELECT * FROM trading_positions"), db.rows("SELECT * FROM trading_fills"))
        db.sql(fill(1, "sell", 2, 1))
        db.refused(fill(1, "buy", 1, 1), "TD001", "position 1 is closed")


def same_event():
    """the same event changes nothing: duplicate with equal figures, conflict with others, also after the close"""
    with Database() as db:
        db.sql(BOT)
        def apply(symbol, action, qty, price, event, side="long"):
            return db.rows(f"SELECT outcome, (pos).id, (pos).qty_open FROM trading_fill_symbol(1, 'paper', '{symbol}', '{side}', "
                           f"'{action}', {qty}, {price}, NULL, 0.1, 'x', '{event}')")[0]
        first = apply("A", "buy", 1, 10, "e1")
        assert first["outcome"] == "applied"
        assert apply("A", "buy", "1.0", "10.00", "e1") == {**first, "outcome": "duplicate"}
        assert apply("A", "buy", 1, 11, "e1") == {**first, "outcome": "conflict"}
        assert apply("A", "sell", 1, 12, "e2")["outcome"] == "applied"
        before = db.rows("SELECT * FROM trading_positions")
        assert apply("A", "sell", 1, 12, "e2")["outcome"] == "duplicate"
        assert apply("B", "buy", 1, 10, "e1")["outcome"] == "conflict"
        assert apply("A", "sell", 1, 10, "e1", "short")["outcome"] == "conflict"
        assert before == db.rows("SELECT * FROM trading_positions"), "an empty position was left behind"
        assert db.sql("SELECT count(*) FROM trading_fills") == "2"


def two_sessions():
    """a second fill waits for the first and then sees it; the sums are right"""
    with Database() as db:
        db.sql(BOT + " SELECT FROM trading_ensure_open_position(1, 'paper', 'A', 'long');")
        holder = db.start("SELECT pg_advisory_lock(42); SELECT pg_sleep(600)")
        asleep = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()"
        db.wait_until(f"EXISTS ({asleep})")
        first = db.start("BEGIN; " + fill(1, "buy", 1, 100) + "; SELECT pg_advisory_lock(42); COMMIT")
        waiting = "(SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) " \
                  "WHERE NOT l.granted AND a.datname = current_database())"
        db.wait_until(f"{waiting} = 1")
        others = [db.start(fill(1, "buy", 3, 200)), db.start(fill(1, "buy", 4, 50))]
        db.wait_until(f"{waiting} = 3")
        assert db.sql("SELECT qty_open FROM trading_positions") == "0"
        db.sql(f"SELECT pg_terminate_backend(({asleep}))")
        holder.communicate()
        for session in (first, *others):
            output = session.communicate()[0]
            assert session.returncode == 0 and "applied" in output, output
        row = db.rows("SELECT * FROM trading_positions")[0]
        assert (row["qty_open"], row["avg_price"]) == (8, Decimal("112.5")), row
        assert db.sql("SELECT count(*) FROM trading_verify_positions(1) WHERE drift") == "0"


def same_event_at_once():
    """many sessions that report the same events apply each once and open one position"""
    with Database() as db:
        db.sql(BOT)
        calls = "".join(f"SELECT outcome FROM trading_fill_symbol(1, 'paper', 'A', 'long', 'buy', 1, 2, NULL, 0, '', 'b{n}'); "
                        f"SELECT outcome FROM trading_fill_symbol(1, 'paper', 'A', 'long', 'sell', 1, 3, NULL, 0, '', 's{n}');\n"
                        for n in range(20))
        sessions = [subprocess.Popen(  # a transaction per statement, so that closing and opening interleave
            ["psql", "-qAtX", "-h", str(db.server.host), "-U", db.server.user, "-d", db.name, "-f", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(6)]
        with concurrent.futures.ThreadPoolExecutor(len(sessions)) as pool:
            outputs = [reader.result()[0] for reader in [pool.submit(session.communicate, calls) for session in sessions]]
        outcomes = re.findall(r"^(applied|duplicate|conflict)$", "\n".join(outputs), re.M)
        refused = re.findall(r"ERROR:  (.*)", "\n".join(outputs))
        assert all("only" in text or "closed" in text for text in refused), refused
        assert outcomes.count("conflict") == 0, outcomes
        assert db.sql("SELECT count(*) FROM trading_fills") == str(outcomes.count("applied"))
        assert db.sql("SELECT count(*) FROM trading_verify_positions(1) WHERE drift") == "0"
        assert db.sql("SELECT count(*) FROM trading_positions p WHERE NOT EXISTS "
                      "(SELECT FROM trading_fills f WHERE f.position_id = p.id)") == "0"


def marked_closed():
    """marking closed drops the rest, records it, and keeps what was realized"""
    with Database() as db:
        db.sql(BOT + " SELECT FROM trading_fill_symbol(1, 'paper', 'A', 'long', 'buy', 2, 3);" + fill(1, "sell", 0.5, 5))
        row = db.rows("SELECT * FROM trading_mark_position_closed(1, '2021-01-01Z')")[0]
        assert (row["qty_open"], row["avg_price"], row["realized_pnl"], row["status"]) == (0, None, 1, "closed")
        assert db.rows("SELECT * FROM trading_mark_position_closed(1, '2022-01-01Z')")[0]["closed_at"].startswith("2022")
        assert db.rows("SELECT action, qty FROM trading_fills ORDER BY id")[2:] == [{"action": "write_off", "qty": 1.5}]
        assert db.sql("SELECT count(*) FROM trading_verify_positions(1) WHERE drift") == "0"
        db.refused("SELECT * FROM trading_mark_position_closed(9)", "TD003")


def one_user_per_identity():
    """sessions that sign in at once make one user"""
    with Database() as db:
        call = "SELECT user_id FROM usr_ensure_user('telegram', '77', NULL, NULL, NULL)"
        sessions = [db.start(call) for _ in range(8)]
        assert len({session.communicate()[0].strip() for session in sessions}) == 1
        assert db.sql("SELECT count(*) FROM usr_users") == "1"
        assert db.sql("SELECT made FROM usr_ensure_user('telegram', '77', 'admin', 'a@b', NULL)") == "f"
        assert db.sql("SELECT role FROM usr_users") == "trader"


tap.run(ups_and_downs, promises, deployed_shape, amounts, worked_checks, refusals, same_event, two_sessions,
        same_event_at_once, marked_closed, one_user_per_identity)
