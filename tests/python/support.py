# SPDX-License-Identifier: MIT
"""What the tests of the Python package share: the package of the tree with the library of the build, databases of their
own, and short ways to say what must be refused."""
import contextlib
import importlib
import itertools
import os
import pathlib
import subprocess
import sys
import types

SOURCE = pathlib.Path(os.environ["TRDB_TEST_SOURCE"])
BUILD = pathlib.Path(os.environ["TRDB_TEST_BUILD"])
HOST = os.environ["TRDB_TEST_HOST"]
DIRECT = os.environ["TRDB_TEST_DIRECT"]  # the same server, not through a pooler
WORK = pathlib.Path(os.environ["TRDB_TEST_DIR"])
PACKAGE = SOURCE / "bindings" / "python"
LIBRARY = BUILD / "lib" / "libtradingdb.so.0"
SANITIZED = os.environ.get("TRDB_TEST_VARIANT") == "sanitize"


def environment():
    """The environment in which Python finds package and library; under ASan its runtime has to come first, and what
    Python itself leaks does not count."""
    changed = dict(os.environ, TRADINGDB_LIBRARY=os.environ.get("TRADINGDB_LIBRARY", str(LIBRARY)))
    changed["PYTHONPATH"] = os.pathsep.join([str(PACKAGE), str(SOURCE / "tests/support"), str(SOURCE / "tests/python")])
    if SANITIZED:
        runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
        changed["LD_PRELOAD"] = runtime.stdout.strip()
        changed["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
    return changed


def prepare(library=None):
    """Runs the test program again in the environment that it needs, unless that is there."""
    if os.environ.get("TRDB_PYTHON_READY") != sys.argv[0]:
        wanted = environment()
        wanted["TRDB_PYTHON_READY"] = sys.argv[0]
        if library:
            wanted["TRADINGDB_LIBRARY"] = str(library)
        os.execve(sys.executable, [sys.executable, *sys.argv], wanted)
    os.environ.pop("LD_PRELOAD", None)  # Python has it; other programs may wait for ever in it when they end


def psql(database, sql):
    done = subprocess.run(["psql", "-qAtX", "-v", "ON_ERROR_STOP=1", "-h", DIRECT, "-U", "tester", "-d", database,
                           "-f", "-"], input=sql, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


_databases = itertools.count(1)


def database(template="trdb_template"):
    """The conninfo of a new database."""
    name = f"python_{os.getpid()}_{next(_databases)}"
    psql("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
    return f"host={HOST} user=tester dbname={name}"


def name_of(conninfo):
    return conninfo.rpartition("dbname=")[2]


def run_python(script, *arguments, **variables):
    """(exit status, stdout, stderr) of a script in a process of its own."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], env={**environment(), **variables},
                          capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@contextlib.contextmanager
def raises(kind, *parts):
    """The block raises exactly this class, and its message holds the parts. Gives a place where the exception is."""
    caught = types.SimpleNamespace(error=None)
    try:
        yield caught
    except Exception as error:
        caught.error = error
    assert caught.error is not None, f"{kind.__name__} was not raised"
    assert type(caught.error) is kind, f"wanted {kind.__name__}, got {type(caught.error).__name__}: {caught.error}"
    for part in parts:
        assert part in str(caught.error), f"{part!r} is not in {caught.error}"


def equal(found, wanted):
    assert found == wanted, f"found  {found!r}\nwanted {wanted!r}"


def toy():
    """The Python module of the generator's toy schema, whose functions are in libtoy.so with all others."""
    package = types.ModuleType("toy_golden")
    package.__path__ = [str(SOURCE / "tests/gen/toy/golden")]
    sys.modules["toy_golden"] = package
    return importlib.import_module("toy_golden.toy")
