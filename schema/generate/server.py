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


class Session:
    """A psql that stays open, since to start one costs more than most of what it is asked."""
    END = "-- end of an answer"

    def __init__(self, host, user, database):
        self.errors = tempfile.TemporaryFile("w+")  # no pipe: notices that nobody reads would fill it
        self.process = subprocess.Popen(
            ["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", str(host), "-U", user, "-d", database, "-f", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.lines = 0  # of input so far, since psql counts them for its messages

    def run(self, sql):
        """What a script prints; nothing of the session is left to the next. An error ends psql."""
        script = f"{sql}\n;\nDISCARD ALL;\n\\echo {self.END}\n"
        try:
            self.process.stdin.write(script)
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # it stopped at an error before it had read everything
        output = []
        while (line := self.process.stdout.readline()) and line.rstrip() != self.END:
            output.append(line)
        if not line:
            self.process.wait()
            self.errors.seek(0)
            raise ServerError(re.sub(r"<stdin>:(\d+)", lambda at: f"<stdin>:{int(at[1]) - self.lines}",
                                     self.errors.read()))
        self.lines += script.count("\n")
        self.errors.seek(0)
        self.errors.truncate()
        return "".join(output)

    def close(self):
        try:
            self.process.communicate()
        except BrokenPipeError:
            pass
        self.errors.close()


class Server:
    """`with Server() as server`: a private server on a socket in a folder of its own."""

    def __init__(self, host=None, user=None):
        self.host, self.user = host, user or (USER if host is None else "tester")
        self.private = host is None
        self.directory = None
        self.sessions = {}

    def __enter__(self):
        if self.private:
            self.start()
        return self

    def __exit__(self, *_):
        for database in list(self.sessions):
            self.sessions.pop(database).close()
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
        session = self.sessions.get(database) or Session(self.host, self.user, database)
        self.sessions[database] = session
        try:
            return session.run(sql)
        except ServerError:
            self.sessions.pop(database).close()
            raise

    def create(self, database):
        self.drop(database)
        self.psql("postgres", f'CREATE DATABASE "{database}" TEMPLATE template0 STRATEGY file_copy')

    def drop(self, database):
        if database in self.sessions:
            self.sessions.pop(database).close()
        self.psql("postgres", f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
