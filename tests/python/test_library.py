# SPDX-License-Identifier: MIT
"""How the package finds its library, and which ones it refuses."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import support
import tap
from support import equal

WORK = pathlib.Path(tempfile.mkdtemp(dir=support.WORK))
SHOW = "import tradingdb, tradingdb._library as l; print(l._library._name, tradingdb.LIBRARY_VERSION)"


def start(script=SHOW, package=support.PACKAGE, **variables):
    """(status, stdout, stderr) of Python with nothing set but what is given."""
    environment = {name: value for name, value in support.environment().items()
                   if name not in ("TRADINGDB_LIBRARY", "LD_LIBRARY_PATH")}
    environment.update(PYTHONPATH=str(package), **variables)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, cwd=WORK)
    return done.returncode, done.stdout.strip(), done.stderr


def library(name, code, *options):
    """A shared library of a few lines of C."""
    source, target = WORK / f"{name}.c", WORK / f"{name}.so"
    source.write_text(code)
    subprocess.run(["gcc", "-shared", "-fPIC", str(source), "-o", str(target), *options], check=True)
    return str(target)


def by_variable():
    """TRADINGDB_LIBRARY wins, and what it names is not replaced by another"""
    status, output, error = start(TRADINGDB_LIBRARY=str(support.LIBRARY))
    assert status == 0 and output.startswith(str(support.LIBRARY)), error
    status, _, error = start(TRADINGDB_LIBRARY="/nowhere/libtradingdb.so", LD_LIBRARY_PATH=str(support.LIBRARY.parent))
    assert status == 1 and "ImportError: libtradingdb cannot be loaded" in error and "/nowhere/libtradingdb.so" in error


def beside_the_package():
    """else the library beside the package, before the loader's"""
    package = WORK / "beside"
    shutil.copytree(support.PACKAGE / "tradingdb", package / "tradingdb", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(support.LIBRARY, package / "tradingdb" / "libtradingdb.so.0")
    status, output, error = start(package=package)
    assert status == 0 and output.startswith(str(package)), error
    status, output, error = start(package=package, LD_LIBRARY_PATH=str(support.LIBRARY.parent))
    assert status == 0 and output.startswith(str(package)), error


def by_loader():
    """else libtradingdb.so.0 as the loader finds it"""
    status, output, error = start(LD_LIBRARY_PATH=str(support.LIBRARY.parent))
    assert status == 0 and output.startswith("libtradingdb.so.0 "), error


def not_found():
    """without one, the import fails and says what was tried and what to do"""
    status, _, error = start()
    if status == 0:
        return  # this machine has it installed
    for part in ("ImportError", "TRADINGDB_LIBRARY", "ldconfig", "Tried:", "libtradingdb.so.0: "):
        assert part in error, error


def older():
    """an older library is refused by its version"""
    path = library("older", 'const char *trdb_version(void) { return "0.1.9"; }')
    status, _, error = start(TRADINGDB_LIBRARY=path)
    assert status == 1 and "version 0.1.9, but this package needs 0.2 or later" in error, error


def another():
    """a library that is another one is refused"""
    status, _, error = start(TRADINGDB_LIBRARY="libc.so.6")
    assert status == 1 and "libc.so.6 is not libtradingdb" in error, error


def newer():
    """a newer library is taken"""
    path = library("newer", 'const char *trdb_version(void) { return "0.14.2"; }', f"-L{support.LIBRARY.parent}",
                   "-Wl,--no-as-needed", "-ltradingdb", f"-Wl,-rpath,{support.LIBRARY.parent}",
                   "-Wl,--unresolved-symbols=ignore-in-shared-libs")
    status, output, error = start(SHOW + "; tradingdb.Cron('@daily').next()", TRADINGDB_LIBRARY=path)
    assert status == 0 and output.endswith(" 0.14.2"), error


def mutilated():
    """a function that is missing is named"""
    path = library("mutilated", 'const char *trdb_version(void) { return "0.2.0"; }')
    status, _, error = start("import tradingdb; tradingdb.open('x')", TRADINGDB_LIBRARY=path)
    assert status == 1 and "has no trdb_" in error and "ImportError" in error, error


def import_is_light():
    """importing opens nothing and starts nothing"""
    script = "import threading, os, tradingdb; print(threading.active_count(), len(os.listdir('/proc/self/fd')))"
    bare = "import threading, os; print(threading.active_count(), len(os.listdir('/proc/self/fd')))"
    equal(start(script, TRADINGDB_LIBRARY=str(support.LIBRARY))[1], start(bare)[1])


try:
    tap.run(by_variable, beside_the_package, by_loader, not_found, older, another, newer, mutilated, import_is_light)
finally:
    shutil.rmtree(WORK, ignore_errors=True)
    assert os.path.exists(support.LIBRARY)
