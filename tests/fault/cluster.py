# SPDX-License-Identifier: MIT
"""PostgreSQL servers of a test's own, which it may kill: a Cluster is a primary and, on demand, a synchronous
standby that can take its place."""
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

BIN = pathlib.Path(os.environ.get("PGBIN") or sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"),
                                                     key=lambda path: float(path.parent.name))[-1])
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{dir}'
fsync = off
max_connections = 60
log_min_messages = warning
wal_keep_size = '256MB'
wal_retrieve_retry_interval = '200ms'
hot_standby = on
max_wal_size = '1GB'
restart_after_crash = on
"""


def as_server(*command, **options):
    """Runs a program as the user that the server runs as, since that may not be root."""
    if os.getuid() == 0:
        command = ("runuser", "-u", "postgres", "--", *command)
    return subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


class Server:
    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.data = self.dir / "data"
        self.url = f"host={self.dir} user=tester dbname=postgres"
        self.socket = str(self.dir / ".s.PGSQL.5432")
        self.dir.mkdir(parents=True)
        self.dir.chmod(0o755)
        if os.getuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.dir, user.pw_uid, user.pw_gid)

    def create(self):
        as_server(BIN / "initdb", "--no-sync", "-D", self.data, "-A", "trust", "-U", "tester", "--locale=C.UTF-8",
                  "-E", "UTF8")
        self.configure(SETTINGS)
        self.start()

    def begin_as(self, data):
        """Begins as a copy of a stopped server's files."""
        as_server("cp", "-a", data, self.data)
        self.configure("unix_socket_directories = '{dir}'\n")
        self.start()

    def configure(self, settings):
        with open(self.data / "postgresql.conf", "a") as file:
            file.write(settings.format(dir=self.dir))

    def copy_of(self, primary):
        """Becomes a standby of another server."""
        as_server(BIN / "pg_basebackup", "-h", primary.dir, "-U", "tester", "-D", self.data, "-c", "fast", "-X",
                  "stream", "--no-sync", "-R")
        with open(self.data / "postgresql.auto.conf", "a") as file:
            file.write(f"unix_socket_directories = '{self.dir}'\nprimary_conninfo = 'host={primary.dir} user=tester "
                       f"application_name=standby'\n")
        self.start()

    def start(self, limit=60):
        """Starts it, again and again while processes of the one before still end."""
        until = time.monotonic() + limit
        while True:
            try:
                return as_server(BIN / "pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", self.dir / "log", "start",
                                 stderr=subprocess.DEVNULL)
            except subprocess.CalledProcessError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def stop(self, mode):
        as_server(BIN / "pg_ctl", "-D", self.data, "-m", mode, "-w", "-t", "60", "stop")

    def pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def kill(self):
        """The power goes: all its processes at once."""
        pid = self.pid()
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
        for one in [pid, *map(int, children.split())]:
            try:
                os.kill(one, signal.SIGKILL)
            except ProcessLookupError:
                pass
        while os.path.exists(f"/proc/{pid}") and not self.is_zombie(pid):
            time.sleep(0.01)

    @staticmethod
    def is_zombie(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            return True

    def sql(self, text, dbname="postgres"):
        """What a query gives, a line a row; raises when it fails."""
        url = self.url.replace("dbname=postgres", f"dbname={dbname}")
        run = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", text], capture_output=True,
                             text=True)
        if run.returncode:
            raise RuntimeError(f"{text}: {run.stderr}")
        return run.stdout.strip()

    def wait_for(self, query, wanted, limit=60):
        until = time.monotonic() + limit
        while True:
            try:
                got = self.sql(query)
            except RuntimeError as error:
                got = str(error)
            if got == wanted:
                return
            if time.monotonic() > until:
                raise TimeoutError(f"{query}: {got}")
            time.sleep(0.05)


def prepared():
    """The files of a server that was migrated and stopped, made once a run: each cluster begins as a copy."""
    directory = pathlib.Path(os.environ["TRDB_TEST_DIR"]) / "cluster"
    if not directory.exists():
        server = Server(directory.with_name(f"cluster-{os.getpid()}"))
        server.create()
        tool = pathlib.Path(os.environ["TRDB_TEST_BUILD"]) / "bindings/cli/tradingdb"
        subprocess.run([tool, "migrate", "up", "--database", server.url], check=True, stdout=subprocess.DEVNULL)
        server.stop("fast")
        server.dir.rename(directory)
    return directory / "data"


class Cluster:
    """A primary, migrated; add_standby() gives it a synchronous standby, promote() has that take over."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir(parents=True, exist_ok=True)
        self.dir.chmod(0o755)
        self.made = 0
        self.standby = None
        self.primary = self.next()
        self.primary.begin_as(prepared())

    def next(self):
        self.made += 1
        return Server(self.dir / f"s{self.made}")

    def add_standby(self, synchronous=True):
        standby = self.next()
        standby.copy_of(self.primary)
        self.primary.wait_for("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'", "1")
        if synchronous:
            self.primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (standby)'")
            self.primary.sql("SELECT pg_reload_conf()")
            self.primary.wait_for("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'quorum'", "1")
        self.standby = standby

    def promote(self, fence=True):
        """The standby takes over; the old primary is fenced, and gone for good."""
        old = self.primary
        if fence:
            old.kill()
        as_server(BIN / "pg_ctl", "-D", self.standby.data, "-w", "-t", "60", "promote")
        self.primary, self.standby = self.standby, None
        if fence:
            shutil.rmtree(old.dir)
        return old

    def close(self):
        for server in filter(None, (self.standby, self.primary)):
            try:
                server.kill()
            except (OSError, ValueError, IndexError):
                pass
        shutil.rmtree(self.dir, ignore_errors=True)
