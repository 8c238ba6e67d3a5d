# SPDX-License-Identifier: MIT
"""tradingdb sandbox: its life, crashes, folders that are not its own, accounts."""
import contextlib
import ctypes
import os
import pathlib
import signal
import subprocess
import sys

import tap
from cli import (COMMAND, ROOT, WRAPPER, account, as_account, environment, fails, folder, psql, run, start,
                 until, works)

AS_OWNER = ("--user", "postgres") if ROOT else ()


def give(path):
    if ROOT:
        os.chown(path, account().pw_uid, account().pw_gid)


@contextlib.contextmanager
def sandbox():
    """A place for a sandbox: its folder and the options that name it. It is deleted afterwards."""
    with folder() as path:
        give(path)
        options = ("--dir", path / "sb", *AS_OWNER)
        try:
            yield path / "sb", options
        finally:
            run("sandbox", "stop", "--delete", *options)


def server_pid(path):
    return int((path / "data/postmaster.pid").read_text().splitlines()[0])


def life():
    """start, status, stop, start again, delete; data survive a stop"""
    with sandbox() as (path, options):
        done = run("sandbox", "status", *options)
        assert done.code == 3 and done.out == f"absent: {path}\n" and done.err == "", done
        assert works("sandbox", "stop", *options).out == f"absent: {path}\n"
        url = works("sandbox", "start", *options).out.strip()
        assert url == f"postgresql://tradingdb@/tradingdb?host={path}"
        pid = server_pid(path)
        assert works("sandbox", "start", *options).out.strip() == url
        assert server_pid(path) == pid, "a second start started a second server"
        assert works("sandbox", "status", *options).out.strip() == url
        psql(url, "CREATE TABLE kept AS SELECT 42 AS n")
        assert psql(url, "SHOW listen_addresses") == ""
        assert psql(url, "SHOW server_encoding") == "UTF8"
        assert path.stat().st_mode & 0o777 == 0o700
        assert works("sandbox", "stop", *options).out == f"stopped: {path}\n"
        done = run("sandbox", "status", *options)
        assert done.code == 3 and done.out == f"stopped: {path}\n", done
        assert works("sandbox", "stop", *options).out == f"stopped: {path}\n"
        works("sandbox", "start", *options)
        assert psql(url, "SELECT n FROM kept") == "42"
        assert works("sandbox", "stop", "--delete", *options).out == f"absent: {path}\n"
        assert not path.exists()


def json_output():
    """the same as JSON"""
    with sandbox() as (path, options):
        done = run("sandbox", "status", "--json", *options)
        assert done.code == 3, done
        assert done.json == {"state": "absent", "directory": str(path), "database": None}, done
        url = f"postgresql://tradingdb@/tradingdb?host={path}"
        running = {"state": "running", "directory": str(path), "database": url}
        assert works("sandbox", "start", "--json", *options).json == running
        assert works("sandbox", "status", "--json", *options).json == running
        assert works("sandbox", "stop", "--json", *options).json["state"] == "stopped"


def run_command():
    """run starts it, sets DB_URL, runs as the caller and passes the exit code on"""
    with sandbox() as (path, options):
        show = "import os, sys; print(os.environ['DB_URL'], os.geteuid(), sys.argv[1:]); sys.exit(7)"
        done = run("sandbox", "run", *options, "--", sys.executable, "-c", show, "--json", "--")
        assert done.code == 7, done
        url = f"postgresql://tradingdb@/tradingdb?host={path}"
        assert done.out == f"{url} {os.geteuid()} ['--json', '--']\n", done
        assert works("sandbox", "status", *options).out.strip() == url
        assert run("sandbox", "run", *options, "psql", url, "-qAtXc", "SELECT 1").out == "1\n"
        fails(127, "sandbox", "run", *options, "--", "/nonexistent/command", says="/nonexistent/command")
        fails(126, "sandbox", "run", *options, "--", "/etc", says="/etc")
        verify = (*WRAPPER, COMMAND, "migrate", "verify", "--json")
        done = run("sandbox", "run", "--migrate", *options, "--", *verify)
        assert done.code == 0 and all(m["applied"] for m in done.json["migrations"]), done
        # Durability is as it should be here, so the health check has nothing to complain about.
        done = run("doctor", "--json", DB_URL=url)
        assert done.code == 0, done
        assert {f["severity"] for f in done.json["findings"]} <= {"ok", "warning"}, done
        works("sandbox", "start", "--migrate", "--schema", "other", *options)
        assert psql(url, "SELECT count(*) > 0 FROM other.trdb_migrations") == "t"


def crash():
    """after kill -9 of the server it starts again, with its data"""
    # Orphans become children of this test, which does not wait for them: as in a container without init,
    # a dead server stays in the table of processes.
    pr_set_child_subreaper = 36
    assert ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0) == 0
    with sandbox() as (path, options):
        url = works("sandbox", "start", *options).out.strip()
        psql(url, "CREATE TABLE kept AS SELECT 42 AS n")
        for _ in range(3):
            os.kill(server_pid(path), signal.SIGKILL)
            until(lambda: run("sandbox", "status", *options).code == 3, "the server is found dead")
            assert works("sandbox", "start", *options).out.strip() == url
            assert psql(url, "SELECT n FROM kept") == "42"
        os.kill(server_pid(path), signal.SIGKILL)
        works("sandbox", "stop", *options)


def stale_pid_of_another_program():
    """a pid file that names a living stranger is not believed, and the stranger is not touched"""
    with sandbox() as (path, options):
        url = works("sandbox", "start", *options).out.strip()
        pid_file = path / "data/postmaster.pid"
        lines = pid_file.read_text().splitlines(keepends=True)
        works("sandbox", "stop", *options)
        stranger = subprocess.Popen(as_account(["sleep", "1000"]))
        try:
            def write():
                pid_file.write_text("".join([f"{stranger.pid}\n", *lines[1:]]))
                pid_file.chmod(0o600)
                give(pid_file)
            write()
            assert run("sandbox", "status", *options).code == 3
            works("sandbox", "stop", *options)
            assert stranger.poll() is None, "stop killed a stranger"
            write()
            assert works("sandbox", "start", *options).out.strip() == url
            assert psql(url, "SELECT 1") == "1"
            assert stranger.poll() is None
        finally:
            stranger.kill()
            stranger.wait()


def interrupted_creation():
    """what a killed start left behind is thrown away by the next one"""
    with sandbox() as (path, options):
        works("sandbox", "start", *options)
        works("sandbox", "stop", *options)
        (path / "data").rename(path / "data.new")
        (path / "data.new/PG_VERSION").unlink()
        (path / "tradingdb-sandbox").write_text("made by")
        works("sandbox", "start", *options)
        assert not (path / "data.new").exists()


def starts_at_once():
    """four starts at once give one server"""
    with sandbox() as (path, options):
        processes = [start("sandbox", "start", *options) for _ in range(4)]
        for process in processes:
            out, err = process.communicate(timeout=300)
            assert process.returncode == 0 and out.strip().endswith(str(path)) and err == "", (out, err)
        assert psql(f"postgresql://tradingdb@/tradingdb?host={path}", "SELECT 1") == "1"


def foreign_folders():
    """a folder that it did not make is neither used nor touched"""
    with folder() as path:
        give(path)
        options = ("--dir", path, *AS_OWNER)
        (path / "data").mkdir()
        (path / "data/precious").write_text("keep me")
        fails(1, "sandbox", "start", *options, says="did not make")
        fails(1, "sandbox", "stop", "--delete", *options, says="was not made by")
        fails(1, "sandbox", "stop", *options, says="was not made by")
        assert run("sandbox", "status", *options).code == 3
        (path / "tradingdb-sandbox").write_text("something else\n")
        give(path / "tradingdb-sandbox")
        fails(1, "sandbox", "start", *options, says="nothing was touched")
        fails(1, "sandbox", "stop", "--delete", *options, says="nothing was touched")
        (path / "tradingdb-sandbox").unlink()
        (path / "tradingdb-sandbox").symlink_to(path / "data/precious")
        fails(1, "sandbox", "start", *options, says="tradingdb-sandbox")
        fails(1, "sandbox", "stop", "--delete", *options, says="tradingdb-sandbox")
        assert (path / "data/precious").read_text() == "keep me"
        (path / "file").write_text("")
        fails(1, "sandbox", "start", "--dir", path / "file", *AS_OWNER, says="not a folder")


def other_files_stay():
    """deleting leaves files of others in its folder alone, also behind links"""
    with sandbox() as (path, options):
        works("sandbox", "start", *options)
        (path / "notes").write_text("keep me")
        outside = path.parent / "outside"
        outside.mkdir()
        (outside / "precious").write_text("keep me")
        give(outside)
        (path / "data/link").symlink_to(outside)
        done = run("sandbox", "stop", "--delete", *options)
        assert done.code == 0 and "kept the folder" in done.err, done
        assert sorted(p.name for p in path.iterdir()) == ["notes"]
        assert (outside / "precious").read_text() == "keep me"


def odd_names():
    """names with spaces, quotes and percent signs work; a comma is refused"""
    with folder() as path:
        give(path)
        place = path / "it's a \"box\" 100%ü"
        options = ("--dir", place, *AS_OWNER)
        try:
            url = works("sandbox", "start", *options).out.strip()
            assert psql(url, "SELECT 1") == "1", url
        finally:
            works("sandbox", "stop", "--delete", *options)
        fails(1, "sandbox", "start", "--dir", path / "a,b", *AS_OWNER, says="comma")


def default_folder():
    """without --dir it lies in the state folder"""
    with folder() as path:
        give(path)
        if ROOT:
            wanted = pathlib.Path(account().pw_dir) / ".local/state/tradingdb/sandbox"
            found = run("sandbox", "status", "--json", *AS_OWNER, XDG_STATE_HOME=str(path)).json
            assert found["directory"] == str(wanted)
            return
        xdg = run("sandbox", "status", "--json", XDG_STATE_HOME=str(path)).json
        assert xdg["directory"] == f"{path}/tradingdb/sandbox"
        home = run("sandbox", "status", "--json", HOME=str(path), XDG_STATE_HOME="relative").json
        assert home["directory"] == f"{path}/.local/state/tradingdb/sandbox"
        relative = subprocess.run([*WRAPPER, COMMAND, "sandbox", "status", "--dir", "sb"], cwd=path,
                                  text=True, stdout=subprocess.PIPE, env=environment({}))
        assert relative.stdout == f"absent: {path}/sb\n"


def accounts():
    """root has to name an account, others cannot"""
    with folder() as path:
        give(path)
        place = ("--dir", path / "sb")
        if ROOT:
            for action in (("start",), ("stop",), ("status",), ("run", "true")):
                fails(1, "sandbox", action[0], *place, *action[1:], says="--user")
            fails(1, "sandbox", "start", *place, "--user", "root", says="root")
            assert not (path / "sb").exists()
            private = path / "private"
            private.mkdir(mode=0o700)
            fails(1, "sandbox", "start", "--dir", private / "sb", *AS_OWNER, says="Permission denied")
            fails(1, "sandbox", "start", "--dir", private, *AS_OWNER, says="belongs to another account")
            works("sandbox", "start", *place, *AS_OWNER)
            assert (path / "sb").stat().st_uid == account().pw_uid
            assert os.stat(f"/proc/{server_pid(path / 'sb')}").st_uid == account().pw_uid
            works("sandbox", "stop", "--delete", *place, *AS_OWNER)
        else:
            fails(1, "sandbox", "start", *place, "--user", "root", says="root")
            fails(1, "sandbox", "start", *place, "--user", "daemon", says="only root")
        fails(1, "sandbox", "start", *place, "--user", "nonesuch", says="nonesuch")


def no_way_to_start():
    """too long a path, no server, a broken server: each says so"""
    with sandbox() as (path, options):
        long = path / ("x" * 100)
        fails(1, "sandbox", "start", "--dir", long, *AS_OWNER, says="too long")
        fails(1, "sandbox", "start", *options, TRADINGDB_PGBIN="/nonexistent", says="TRADINGDB_PGBIN")
        works("sandbox", "start", *options)
        works("sandbox", "stop", *options)
        with open(path / "data/postgresql.conf", "a") as file:
            file.write("nonsense = on\n")
        done = fails(1, "sandbox", "start", *options, says=f"see {path}/log")
        assert "nonsense" in done.err or "configuration" in done.err, done
        fails(1, "sandbox", "run", *options, "--", "true", says="did not start")


def foreign_environment():
    """settings of PostgreSQL's clients in the environment do no harm"""
    with sandbox() as (path, options):
        bad = {"PGPORT": "1", "PGDATA": "/nonexistent", "PGHOST": "/nonexistent", "PGUSER": "nobody",
               "PGOPTIONS": "-c nonsense=1", "PGDATESTYLE": "nonsense",
               "PGCLIENTENCODING": "nonsense", "LC_ALL": "xx_XX.nonesuch"}
        url = works("sandbox", "start", *options, **bad).out.strip()
        assert psql(url, "SHOW port") == "5432"


tap.run(life, json_output, run_command, crash, stale_pid_of_another_program, interrupted_creation,
        starts_at_once, foreign_folders, other_files_stay, odd_names, default_folder, accounts,
        no_way_to_start, foreign_environment)
