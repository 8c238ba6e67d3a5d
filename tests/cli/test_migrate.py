# SPDX-License-Identifier: MIT
"""tradingdb migrate: text and JSON, competing and dying processes, poolers."""
import os
import re
import signal
import subprocess

import tap
from cli import (HOST, ROOT, account, as_account, database, fails, folder, migrations, psql, run, start,
                 until, works)

OWN = ("--chain", "toy", "--directory")
TWO = {"n0001_first": ("CREATE TABLE first (id int);\n", "DROP TABLE first;\n"),
       "n0002_second": ("CREATE TABLE second (id int);\n", "DROP TABLE second;\n")}


def text_output():
    """status, plan, up, down and verify in words"""
    with database() as url, migrations(**TWO) as path:
        own = (*OWN, path, "-d", url)
        assert works("migrate", "status", *own).out == (
            "0001  first                             missing\n"
            "0002  second                            missing\n"
            "0 of 2 applied\n")
        assert works("migrate", "plan", *own).out == (
            "-- 0001_first.up.sql\nCREATE TABLE first (id int);\n"
            "-- 0002_second.up.sql\nCREATE TABLE second (id int);\n")
        assert works("migrate", "plan", "--to", 1, *own).out.count("CREATE") == 1
        assert re.fullmatch(r"applied 0001 first in \d+ ms\napplied 0002 second in \d+ ms\n",
                            works("migrate", "up", *own).out)
        assert works("migrate", "up", *own).out == "nothing to do\n"
        assert works("migrate", "plan", *own).out == "-- nothing to do\n"
        assert "2 of 2 applied" in works("migrate", "verify", *own).out
        assert works("migrate", "down", "--to", 1, *own).out == "took back 0002 second\n"
        assert psql(url, "SELECT to_regclass('second') IS NULL, to_regclass('first') IS NULL") == "t|f"


def json_output():
    """the same as JSON, and DB_URL in place of --database"""
    with database() as url, migrations(**TWO) as path:
        own = ("--json", *OWN, path)
        status = works("migrate", "status", *own, DB_URL=url).json
        assert status["chain"] == "toy" and status["schema"] == "public"
        assert [m["version"] for m in status["migrations"]] == [1, 2]
        first = status["migrations"][0]
        assert first["applied"] is False and first["applied_at"] is None and first["problem"] is None
        assert re.fullmatch("[0-9a-f]{64}", first["checksum"])
        plan = works("migrate", "plan", *own, DB_URL=url).json
        assert plan["migrations"][1]["sql"] == "CREATE TABLE second (id int);\n"
        up = works("migrate", "up", *own, DB_URL=url).json
        assert [m["name"] for m in up["migrations"]] == ["first", "second"]
        stored = psql(url, "SET TimeZone = 'UTC'; "
                           "SELECT to_char(applied_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), checksum "
                           "FROM trdb_migrations WHERE version = 1")
        assert stored == up["migrations"][0]["applied_at"] + "|" + first["checksum"]
        assert works("migrate", "up", *own, DB_URL=url).json["migrations"] == []
        assert works("migrate", "verify", *own, DB_URL=url).json["migrations"][1]["applied"] is True
        down = works("migrate", "down", "--to", "0", *own, DB_URL=url).json
        assert [m["version"] for m in down["migrations"]] == [2, 1]


def built_in():
    """the library's own chain goes up, verifies and comes down"""
    with database() as url:
        count = len(works("migrate", "up", "--json", DB_URL=url).json["migrations"])
        assert count > 0
        assert f"{count} of {count} applied" in works("migrate", "verify", DB_URL=url).out
        works("migrate", "up", "--schema", "Other one", DB_URL=url)
        assert len(works("migrate", "down", "--to", 0, "-j", DB_URL=url).json["migrations"]) == count


def plan_changes_nothing():
    """plan leaves the database as it was"""
    def without_an_id(url):
        before = psql(url, "SELECT pg_current_xact_id()::text::bigint, count(*) FROM pg_class")
        works("migrate", "plan", "--schema", "fresh", DB_URL=url)
        works("migrate", "status", "--schema", "fresh", DB_URL=url)
        return before == psql(url, "SELECT pg_current_xact_id()::text::bigint - 1, count(*) FROM pg_class")

    with database() as url:
        # autovacuum may take an id meanwhile, but not every time
        assert any(without_an_id(url) for _ in range(10)), "a transaction was given an id, so it wrote"
        assert psql(url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'fresh'") == "0"


def verify_names_changed_files():
    """verify names every changed file and exits with 3, up refuses"""
    with database() as url, migrations(**TWO) as path:
        own = (*OWN, path, "-d", url)
        works("migrate", "up", *own)
        for name in ("0001_first.up.sql", "0002_second.up.sql"):
            with open(path / name, "a") as file:
                file.write("-- changed\n")
        done = run("migrate", "verify", *own)
        assert done.code == 3, done
        assert "0001_first.up.sql, 0002_second.up.sql" in done.err and done.err.count("\n") == 1, done
        assert done.out.count("PROBLEM") == 2, done
        done = run("migrate", "verify", "--json", *own)
        assert done.code == 3 and all("changed" in m["problem"] for m in done.json["migrations"]), done
        fails(1, "migrate", "up", *own, says="0001_first.up.sql")


def newer_schema_is_refused():
    """a database with unknown migrations is refused by name"""
    with database() as url, migrations(**TWO) as path:
        own = (*OWN, path, "-d", url)
        works("migrate", "up", *own)
        for name in ("0002_second.up.sql", "0002_second.down.sql"):
            (path / name).unlink()
        fails(1, "migrate", "up", *own, says="at migration 2 of chain toy")
        fails(1, "migrate", "down", "--to", 0, *own, says="at migration 2 of chain toy")
        done = run("migrate", "verify", *own)
        assert done.code == 3 and "0002" in done.out and "PROBLEM" in done.out, done


def eight_at_once():
    """eight migrators at once leave one result"""
    steps = {f"n{i:04d}_t{i}": (f"SELECT pg_sleep(0.05); CREATE TABLE t{i} ();", f"DROP TABLE t{i};")
             for i in range(1, 9)}
    with database() as url, migrations(**steps) as path:
        command = ("migrate", "up", "--json", "--schema", "fresh", *OWN, path, "-d", url)
        processes = [start(*command) for _ in range(8)]
        applied = []
        for process in processes:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0, err
            applied += re.findall(r'"version": (\d+)', out)
        assert sorted(map(int, applied)) == list(range(1, 9)), applied
        assert psql(url, "SELECT count(*) FROM fresh.trdb_migrations") == "8"


def killed(no_transaction):
    """Kills a migrator in the middle of its second migration."""
    head = "-- tradingdb: no-transaction\n" if no_transaction else ""
    slow = (head + "CREATE TABLE IF NOT EXISTS before_nap ();\n"
            "SELECT pg_sleep(600) WHERE EXISTS (SELECT FROM nap);\n"
            "CREATE TABLE IF NOT EXISTS after_nap ();\n", "DROP TABLE after_nap, before_nap;\n")
    with database() as url, migrations(n0001_nap=("CREATE TABLE nap AS SELECT 1;", "DROP TABLE nap;"),
                                       n0002_slow=slow) as path:
        process = start("migrate", "up", *OWN, path, "-d", url)
        asleep = ("SELECT count(*) FROM pg_stat_activity "
                  "WHERE wait_event = 'PgSleep' AND datname = current_database()")
        until(lambda: psql(url, asleep) == "1", "the migration sleeps")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        psql(url, "DELETE FROM nap")
        done = run("migrate", "status", "--json", *OWN, path, "-d", url)
        assert [m["applied"] for m in done.json["migrations"]] == [True, False], done
        works("migrate", "up", *OWN, path, "-d", url)
        assert psql(url, "SELECT count(*) FROM pg_class WHERE relname IN ('before_nap', 'after_nap')") == "2"
        assert psql(url, asleep) == "0", "the server process of the killed migrator lives on"
        assert "2 of 2" in works("migrate", "verify", *OWN, path, "-d", url).out


def killed_in_a_transaction():
    """after kill -9 in a migration the next up succeeds"""
    killed(False)


def killed_outside_of_a_transaction():
    """after kill -9 half-way through a no-transaction file the next up succeeds"""
    killed(True)


def waits_for_a_lock():
    """a migration that meets a lock is tried again, and gives up in the end with a remedy"""
    with database() as url, migrations(**TWO, n0003_alter=("ALTER TABLE first ADD more int;",
                                                          "ALTER TABLE first DROP more;")) as path:
        own = (*OWN, path, "-d", url, "--lock-timeout", 50)
        works("migrate", "up", "--to", 2, *own)
        blocker = subprocess.Popen(["psql", "-qAtX", "-d", url], text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        blocker.stdin.write("BEGIN; SELECT * FROM first; SELECT 'holds';\n")
        blocker.stdin.flush()
        assert blocker.stdout.readline() == "holds\n"
        fails(1, "migrate", "up", "--attempts", 2, *own, says="0003_alter.up.sql: other sessions")
        waiting = start("migrate", "up", "--attempts", 10000, *own, SQL_ECHO="1")
        for line in waiting.stderr:  # until it was refused once
            if "TRDB_E_TIMEOUT" in line:
                break
        blocker.communicate("COMMIT;\n")
        out, err = waiting.communicate(timeout=300)
        assert waiting.returncode == 0 and "applied 0003 alter" in out, (out, err)


def echo_shows_sql():
    """SQL_ECHO=1 shows the SQL on stderr, and nothing without it"""
    with database() as url, migrations(**TWO) as path:
        done = run("migrate", "up", *OWN, path, "-d", url, SQL_ECHO="1")
        assert done.code == 0 and "CREATE TABLE second (id int);" in done.err, done
        works("migrate", "down", "--to", 0, *OWN, path, "-d", url, SQL_ECHO="0")


# ---- poolers --------------------------------------------------------------------------------------------


class PgBouncer:
    def __init__(self, path, mode, extra=""):
        self.path = path
        (path / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={HOST} user=tester\n"
            f"[pgbouncer]\nlisten_addr =\nunix_socket_dir = {path}\n"
            f"auth_type = any\npool_mode = {mode}\nlogfile = {path}/log\n{extra}\n")
        if ROOT:
            os.chown(path, account().pw_uid, account().pw_gid)
        self.process = subprocess.Popen(as_account(["pgbouncer", "-q", str(path / "pgbouncer.ini")]),
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        socket = self.path / ".s.PGSQL.6432"
        until(lambda: socket.exists() or self.process.poll() is not None, "pgbouncer is there")
        assert self.process.poll() is None, (self.path / "log").read_text()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def pooled(mode, extra=""):
    with database() as url, migrations(**TWO) as path, folder() as place, PgBouncer(place, mode, extra):
        through = re.sub("host=[^ ]*", f"host={place} port=6432", url)
        own = (*OWN, path, "-d")
        assert psql(through, "SELECT 1") == "1"
        for _ in range(3):
            fails(1, "migrate", "up", *own, through, says="pooler such as PgBouncer")
        fails(1, "migrate", "down", "--to", 0, *own, through, says="pooler such as PgBouncer")
        assert psql(url, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'") == "0"
        assert psql(url, "SELECT to_regclass('trdb_migrations') IS NULL") == "t"
        works("migrate", "up", *own, url)
        assert "2 of 2" in works("migrate", "verify", *own, through).out
        assert works("migrate", "plan", *own, through).out == "-- nothing to do\n"
        done = run("doctor", "--json", "-d", through)
        assert any(f["topic"] == "pooler" and f["severity"] == "warning" for f in done.json["findings"]), done


def transaction_pooler_is_refused():
    """PgBouncer in transaction mode is refused by name; looking works through it"""
    pooled("transaction")


def pooler_that_ignores_options_is_refused():
    """so is one that ignores start-up parameters, with a single server connection"""
    pooled("transaction", "ignore_startup_parameters = options,extra_float_digits\ndefault_pool_size = 1")


def session_pooler_is_refused():
    """so is one in session mode"""
    pooled("session")


# ---- wrong use ------------------------------------------------------------------------------------------


def wrong_databases():
    """an unreachable, unknown or forbidden database gives one clear line without the password"""
    assert "DB_URL" in fails(1, "migrate", "status").err
    fails(1, "migrate", "up", "-d", "host=/nonexistent dbname=x", says="/nonexistent")
    fails(1, "migrate", "up", "-d", f"host={HOST} user=tester dbname=nonesuch", says="nonesuch")
    for url in (f"postgresql://guarded:hunter2@/postgres?host={HOST}",
                f"host={HOST} user=guarded password=hunter2", "postgresql://guarded:hunter2@%zz/",
                "host=x password=hunter2 nonsense"):
        for command in (("migrate", "up"), ("migrate", "status"), ("doctor",)):
            done = run(*command, "-d", url, SQL_ECHO="1")
            assert done.code in (1, 3) and "hunter2" not in done.out + done.err, done


def failing_migration():
    """a failing migration names its file; earlier ones stay"""
    with database() as url, migrations(**TWO, n0003_bad=("SELECT\n  nonesuch;", "")) as path:
        fails(1, "migrate", "up", *OWN, path, "-d", url, says="0003_bad.up.sql")
        assert psql(url, "SELECT max(version) FROM trdb_migrations") == "2"
        fails(1, "migrate", "up", "--to", 4, *OWN, path, "-d", url, says="the last is 3")
        fails(1, "migrate", "up", *OWN, "/nonexistent", "-d", url, says="/nonexistent")


tap.run(text_output, json_output, built_in, plan_changes_nothing, verify_names_changed_files,
        newer_schema_is_refused, eight_at_once, killed_in_a_transaction, killed_outside_of_a_transaction,
        waits_for_a_lock, echo_shows_sql, transaction_pooler_is_refused,
        pooler_that_ignores_options_is_refused,
        session_pooler_is_refused, wrong_databases, failing_migration)
