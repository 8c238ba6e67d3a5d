# SPDX-License-Identifier: MIT
"""A PostgreSQL to introspect: a private one for the time of a run, or a given one; spoken to through psql."""
import glob
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

USER = "generator"


class ServerError(Exception):
    """What psql or the server says: the first line; `text` is the line of SQL that the server shows, if any."""

    def __init__(self, output):
        super().__init__(output.strip().partition("\n")[0])
        shown = re.search(r"^LINE \d+: (.*)$", output, re.M)
        self.text = shown[1].removeprefix("...").removesuffix("...").strip() if shown else None


def newest_bin():
    def version(path):
        return [int(number) for number in re.findall(r"\d+", path)]
    found = os.environ.get("PGBIN") or max(glob.glob("/usr/lib/postgresql/*/bin"), key=version, default=None)
    if found is None:
        raise ServerError("no PostgreSQL server found; install the package postgresql or set PGBIN")
    return pathlib.Path(found)


class Server:
    """`with Server() as server`: a private server on a socket in a folder of its own."""

    def __init__(self, host=None, user=None):
        self.host, self.user = host, user or (USER if host is None else "tester")
        self.private = host is None
        self.directory = None

    def __enter__(self):
        if self.private:
            self.start()
        return self

    def __exit__(self, *_):
        if self.private:
            self.run_as_server(["pg_ctl", "-D", f"{self.directory}/data", "-m", "immediate", "-w", "stop"])
            shutil.rmtree(self.directory)

    def run_as_server(self, command):
        command = [str(newest_bin() / command[0]), *command[1:]]
        if os.geteuid() == 0:
            command = ["runuser", "-u", "postgres", "--", *command]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        if done.returncode != 0:
            raise ServerError(f"{' '.join(command)}: {done.stdout}")

    def start(self):
        self.directory = tempfile.mkdtemp(prefix="trdb-gen.", dir="/tmp")
        if os.geteuid() == 0:
            shutil.chown(self.directory, "postgres")
        os.chmod(self.directory, 0o755)
        data = f"{self.directory}/data"
        self.run_as_server(["initdb", "--no-sync", "-D", data, "-A", "trust", "-U", USER, "--locale=C.UTF-8",
                            "-E", "UTF8"])
        options = f"-c listen_addresses='' -c unix_socket_directories={self.directory} -c fsync=off"
        self.run_as_server(["pg_ctl", "-D", data, "-w", "-t", "60", "-l", f"{self.directory}/log", "-o", options,
                            "start"])
        self.host = self.directory

    def psql(self, database, sql):
        """Runs a script; gives what it prints. Stops at the first error."""
        done = subprocess.run(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", str(self.host), "-U", self.user,
             "-d", database, "-f", "-"], input=sql, capture_output=True, text=True)
        if done.returncode != 0:
            raise ServerError(done.stderr)
        return done.stdout

    def create(self, database):
        self.psql("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self.psql("postgres", f'CREATE DATABASE "{database}" TEMPLATE template0')

    def drop(self, database):
        self.psql("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
