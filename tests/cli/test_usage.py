# SPDX-License-Identifier: MIT
"""tradingdb: help, version, wrong usage, the health check from the shell."""
import re
import subprocess

import tap
from cli import COMMAND, HOST, WRAPPER, database, environment, fails, run, works


def help_and_version():
    """--help on everything, on a group and on a command, and --version"""
    everything = works("--help").out
    assert everything.startswith("usage: tradingdb") and "  users role ID ROLE" in everything
    group = works("users", "-h").out
    assert "  users role ID ROLE" in group and "migrate" not in group
    command = works("--help", "users", "role").out
    assert command.startswith("usage: tradingdb users role ID ROLE [OPTIONS]") and "--tz ZONE" in command
    assert "ROLE: admin, trader, viewer" in command
    assert works("nonesuch", "--help").out == everything
    assert all(len(line) < 80 for text in (group, command) for line in text.splitlines()[:-3]), group
    assert re.fullmatch(r"tradingdb \d+\.\d+\.\d+\n", works("--version").out)


def wrong_usage():
    """wrong usage exits with 2 and one line"""
    for arguments, says in (
            ((), "no command"),
            (("nonesuch",), "nonesuch"),
            (("migrate",), "what to do"),
            (("migrate", "nonesuch"), "nonesuch"),
            (("migrate", "up", "now"), "unexpected word: now"),
            (("doctor", "all"), "all"),
            (("migrate", "up", "--to"), "--to needs a value"),
            (("migrate", "up", "--to", "x"), "--to needs a number"),
            (("migrate", "up", "--to", "-1"), "--to needs a number"),
            (("migrate", "up", "--to", "99999999999999999999"), "--to needs a number"),
            (("migrate", "up", "--attempts", "0"), "--attempts needs a number from 1"),
            (("migrate", "down"), "--to"),
            (("migrate", "status", "--to", "1"), "takes no --to"),
            (("migrate", "verify", "--wait", "1"), "takes no --wait"),
            (("sandbox", "start", "--delete"), "takes no --delete"),
            (("sandbox", "stop", "--database", "x"), "takes no --database"),
            (("doctor", "--chain", "x"), "takes no --chain"),
            (("sandbox", "run"), "needs a command"),
            (("sandbox", "run", "--"), "needs a command"),
            (("sandbox", "start", "--", "x"), "unexpected word: x"),
            (("--nonesuch",), "--nonesuch"),
            (("-z",), "-z"),
            (("--json=1", "doctor"), "--json takes no value"),
            (("doctor", "-d"), "needs a value"),
            (("sandbox", "start", "--dir", ""), "--dir")):
        fails(2, *arguments, says=says)


def passwords_are_not_repeated():
    """a connection string in the wrong place is not shown"""
    url = "postgresql://u:hunter2@h/d"
    for arguments in ((url,), ("migrate", url), ("migrate", "up", url), ("migrate", "up", "--to", url),
                      ("doctor", url), ("sandbox", "stop", url), (f"--databse={url}", "doctor"),
                      (f"--json={url}", "doctor")):
        done = fails(2, *arguments)
        assert "hunter2" not in done.err, done


def options_anywhere():
    """options stand before, between and behind the words of a command"""
    with database() as url:
        wanted = works("migrate", "status", "--json", "--database", url).out
        assert works("-j", "-d", url, "migrate", "status").out == wanted
        assert works("migrate", f"--database={url}", "status", "--js").out == wanted


def doctor_text():
    """doctor shows findings with remedies; 3 tells of problems"""
    with database() as url:
        done = run("doctor", "-d", url)
        assert done.code == 3 and done.err == "", done
        assert re.search(r"^ok +version +PostgreSQL \d", done.out, re.M), done
        finding = r"^problem +schema +.*has no tradingdb tables.*\n +remedy: run `tradingdb migrate up`"
        assert re.search(finding, done.out, re.M), done
        works("migrate", "up", "-d", url)
        assert re.search(r"^ok +schema", run("doctor", "-d", url).out, re.M)
        done = run("doctor", "-d", url, "--schema", "elsewhere")
        assert done.code == 3 and '"elsewhere"' in done.out, done


def doctor_json():
    """doctor as JSON, also for a dead server"""
    done = run("doctor", "--json", "-d", "host=/nonexistent password=hunter2")
    assert done.code == 3 and done.err == "" and "hunter2" not in done.out, done
    (finding,) = done.json["findings"]
    assert finding["severity"] == "problem" and finding["topic"] == "server" and finding["remedy"], done
    done = run("doctor", "--json", "-d", f"host={HOST} user=tester dbname=postgres")
    topics = {f["topic"] for f in done.json["findings"]}
    assert topics >= {"server", "version", "clock", "encoding", "durability", "pool", "role", "schema"}, done
    assert all((f["remedy"] is None) == (f["severity"] == "ok") for f in done.json["findings"]), done
    fails(1, "doctor", says="DB_URL")


def full_disk():
    """output that cannot be written is a failure"""
    dead = ("doctor", "-d", "host=/nonexistent")
    for arguments in (("--help",), dead, (*dead, "--json")):
        with open("/dev/full", "w") as full:
            done = subprocess.run([*WRAPPER, COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE,
                                  text=True, env=environment({}))
        assert done.returncode == 1 and "cannot write" in done.stderr, done


tap.run(help_and_version, wrong_usage, passwords_are_not_repeated, options_anywhere, doctor_text, doctor_json,
        full_disk)
