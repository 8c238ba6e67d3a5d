# SPDX-License-Identifier: MIT
"""What the generator's tests share: a copy of the toy schema to break, and ways to run the generator on it."""
import contextlib
import io
import os
import pathlib
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
GENERATE = SOURCE / "schema" / "generate"
HOST = os.environ.get("TRDB_TEST_DIRECT")
sys.path.insert(0, str(GENERATE))

import generate


def run(api, *options):
    """The generator's (exit status, what it prints)."""
    server = ["--server", HOST] if HOST else []
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = generate.main([str(api), *options, *server])
    return status, said.getvalue()


@contextlib.contextmanager
def toy():
    """A private copy of the toy schema with its committed outputs; gives its folder."""
    with tempfile.TemporaryDirectory(prefix="trdb-toy.") as folder:
        path = pathlib.Path(folder) / "toy"
        shutil.copytree(HERE / "toy", path)
        yield path


def edit(path, old, new):
    """Replaces a text that must be there."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name} holds {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new))


def line_of(path, text):
    """The number of the first line that holds a text."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if text in line:
            return number
    raise AssertionError(f"{path.name} lacks {text!r}")


def refused(api, place, *parts, options=()):
    """Asserts that the generator stops with status 1, names `place` (path:line) and says all of `parts`."""
    status, output = run(api, *options)
    assert status == 1, f"status {status}\n{output}"
    assert output.startswith(f"{place}: "), f"wanted {place}, got\n{output}"
    for part in parts:
        assert part in output, f"{part!r} is not in\n{output}"


def accepted(api, *options):
    status, output = run(api, *options)
    assert status == 0, output
    return output
