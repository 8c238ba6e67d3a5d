# SPDX-License-Identifier: MIT
"""What the tests of the command share: running it, databases, directories of migrations."""
import contextlib
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time

HOST = os.environ["TRDB_TEST_HOST"]
DIRECT = os.environ["TRDB_TEST_DIRECT"]  # the same server, not through a pooler
COMMAND = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "bindings/cli/tradingdb"
WRAPPER = os.environ.get("TRDB_TEST_WRAPPER", "").split()
ROOT = os.geteuid() == 0


class Done:
    """What a command left: exit code, output, error output."""

    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    def __repr__(self):
        return f"exit {self.code}\nstdout: {self.out}\nstderr: {self.err}"

    @property
    def json(self):
        return json.loads(self.out)


def environment(extra):
    return {name: value for name, value in {**os.environ, "DB_URL": None, "SQL_ECHO": None, "NO_COLOR": None, "COLUMNS": None, **extra}.items()
            if value is not None}


def start(*arguments, **extra):
    """Starts the command; for tests that kill it."""
    return subprocess.Popen([*WRAPPER, str(COMMAND), *map(str, arguments)], env=environment(extra), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(*arguments, **extra):
    process = start(*arguments, **extra)
    out, err = process.communicate(timeout=300)
    return Done(process.returncode, out, err)


def fails(code, *arguments, says="", **extra):
    """Runs a command that has to fail with one line on stderr and nothing on stdout."""
    done = run(*arguments, **extra)
    assert done.code == code, done
    assert done.err.startswith("tradingdb: ") and done.err.count("\n") == 1, done
    assert says in done.err, done
    assert done.out == "", done
    return done


def works(*arguments, **extra):
    done = run(*arguments, **extra)
    assert done.code == 0, done
    assert done.err == "", done
    return done


def psql(url, sql):
    url = url.replace(f"host={HOST} ", f"host={DIRECT} ")
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


@contextlib.contextmanager
def database():
    """An empty database, there to be migrated; gives its connection string, which leads through no pooler."""
    name = f"cli_{os.getpid()}_{time.monotonic_ns()}"
    admin = f"host={HOST} user=tester dbname=postgres"
    psql(admin, f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy")
    try:
        yield f"host={DIRECT} user=tester dbname={name}"
    finally:
        psql(admin, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def copy_of(template):
    """A copy of a database; gives its connection string."""
    name = f"cli_{os.getpid()}_{time.monotonic_ns()}"
    admin = f"host={HOST} user=tester dbname=postgres"
    psql(admin, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield f"host={HOST} user=tester dbname={name}"
    finally:
        psql(admin, f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def migrations(**steps):
    """A directory of migrations: n0001_name=(up, down)."""
    with folder() as path:
        for stem, (up, down) in steps.items():
            (path / f"{stem[1:]}.up.sql").write_text(up)
            (path / f"{stem[1:]}.down.sql").write_text(down)
        yield path


@contextlib.contextmanager
def folder():
    """A folder that everyone may enter, with a short name, as sockets need it."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="trdb-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def account():
    """The account that servers run as when the tests are root."""
    return pwd.getpwnam("postgres")


def as_account(command):
    """A command line that runs as that account, when the tests are root."""
    if not ROOT:
        return command
    ids = [f"--reuid={account().pw_uid}", f"--regid={account().pw_gid}", "--clear-groups"]
    return ["setpriv", *ids, *command]


def until(condition, what):
    """Waits for something that has to happen; the limit only ends a test that has failed."""
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit, f"never happened: {what}"
        time.sleep(0.02)
