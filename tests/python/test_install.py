# SPDX-License-Identifier: MIT
"""Installed copies: by pip from the tree without a network, into an environment and into a folder; the examples run."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import support
import tap
from support import equal

PYTHON = "/usr/bin/python3"  # Debian's, which has Debian's setuptools
WORK = pathlib.Path(tempfile.mkdtemp(dir=support.WORK))
OPTIONS = ["--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]


def run(*command, **variables):
    environment = support.environment()
    environment.pop("PYTHONPATH")
    done = subprocess.run(list(map(str, command)), env={**environment, **variables}, capture_output=True, text=True,
                          cwd=WORK)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tree():
    """A copy of the sources: building leaves files behind."""
    copy = WORK / "tree"
    if not copy.exists():
        shutil.copytree(support.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    return copy


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()
            and path.suffix in (".py", ".typed")}


def into_an_environment():
    """pip installs it into an environment, without a network"""
    run(PYTHON, "-m", "venv", "--system-site-packages", WORK / "venv")
    run(WORK / "venv/bin/pip", "install", *OPTIONS, tree(), LD_PRELOAD="")
    output = run(WORK / "venv/bin/python", "-c", "import tradingdb; print(tradingdb.__file__, tradingdb.LIBRARY_VERSION)")
    assert output.startswith(str(WORK / "venv/lib")), output
    version = re.search(r"version: '(\d+\.\d+)", (support.SOURCE / "meson.build").read_text())[1]
    equal(run(WORK / "venv/bin/pip", "list", "--format=freeze", "--disable-pip-version-check", LD_PRELOAD="").count(
        f"tradingdb=={version}"), 1)


def into_a_folder():
    """pip installs it into a folder, with every file of the tree"""
    run(PYTHON, "-m", "pip", "install", *OPTIONS, "--target", WORK / "target", tree(), LD_PRELOAD="")
    equal(files_of(WORK / "target/tradingdb"), files_of(support.PACKAGE / "tradingdb"))


def by_meson():
    """meson installs every file of the tree"""
    text = (support.PACKAGE / "meson.build").read_text() + \
        (support.PACKAGE / "tradingdb/_generated/meson.build").read_text()
    named = set(re.findall(r"'tradingdb/(\w+\.\w+)'", text)) | {
        f"_generated/{name}" for name in re.findall(r"'(\w+\.py)'", text)}
    equal(named, files_of(support.PACKAGE / "tradingdb"))
    installed = run("meson", "introspect", support.BUILD, "--installed", LD_PRELOAD="")
    assert "dist-packages/tradingdb/__init__.py" in installed or "site-packages/tradingdb/__init__.py" in installed
    assert "tradingdb/_generated/trading.py" in installed


def quick():
    """examples/python/quick.py runs with the installed copy"""
    url = support.database()
    output = run(WORK / "venv/bin/python", support.SOURCE / "examples/python/quick.py", url)
    lines = output.splitlines()
    equal(lines[0], "BTCUSDT brought 162.475000000000000000000000, 1.01151594 %")
    equal(lines[1], "bot running, 1 closed, net 162.475000000000000000000000")
    assert lines[2].endswith("long 0.25 at 64250.10") and lines[3].startswith("once is enough: "), output


try:
    tap.run(into_an_environment, into_a_folder, by_meson, quick)
finally:
    shutil.rmtree(WORK, ignore_errors=True)
