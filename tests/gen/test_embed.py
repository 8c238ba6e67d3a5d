# SPDX-License-Identifier: MIT
"""embed.py: the library carries the bytes of the migrations, with their checksums."""
import hashlib
import pathlib
import subprocess
import sys
import tempfile

import generator
import tap

EMBED = generator.GENERATE / "embed.py"
PRINT = """
#include "core/core.h"
#include <stdio.h>
int main(void) {
    for (const trdbi_builtin_migration *m = trdbi_builtin_migrations; m->chain; m++)
        printf("%s %s %s %zu %zu\\n%s%s", m->chain, m->name, m->up_sha256, strlen(m->up), strlen(m->down), m->up, m->down);
    return 0;
}
"""


def embed(folder, out):
    return subprocess.run([sys.executable, str(EMBED), str(folder), str(out / "m.c"), str(out / "m.d")],
                          capture_output=True, text=True)


def bytes_survive():
    """every byte arrives: quotes, backslashes, trigraphs, digits after controls, CRLF, UTF-8, long lines, no last newline"""
    tricky = ("-- \"quoted\" \\n ??/ ??= %s\t\x017\x1f8\r\nSELECT 'ünïcode €';\n" + "x" * 500 + "\n\n; end").encode()
    with tempfile.TemporaryDirectory() as name:
        out = pathlib.Path(name)
        chain = out / "in" / "some"
        chain.mkdir(parents=True)
        (chain / "0001_a.up.sql").write_bytes(tricky)
        (chain / "0001_a.down.sql").write_bytes(b"")
        (chain / "0002_b.up.sql").write_bytes(b"SELECT 1;\n")
        (chain / "0002_b.down.sql").write_bytes(tricky)
        done = embed(out / "in", out)
        assert done.returncode == 0, done.stderr
        (out / "p.c").write_text(PRINT)
        subprocess.run(["gcc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", f"-I{generator.SOURCE}/include",
                        f"-I{generator.SOURCE}/lib", str(out / "m.c"), str(out / "p.c"), "-o", str(out / "p")], check=True)
        printed = subprocess.run([str(out / "p")], check=True, capture_output=True).stdout
        wanted = b""
        for file, up, down in (("0001_a", tricky, b""), ("0002_b", b"SELECT 1;\n", tricky)):
            wanted += f"some {file} {hashlib.sha256(up).hexdigest()} {len(up)} {len(down)}\n".encode() + up + down
        assert printed == wanted
        depends = (out / "m.d").read_text()
        assert all(f"{file}.{way}.sql" in depends for file in ("0001_a", "0002_b") for way in ("up", "down"))


def refusals():
    """a missing half, a wrong name, a number twice and a NUL byte are refused by name"""
    cases = [({"0001_a.up.sql": b""}, "0001_a.down.sql is missing"), ({"0001_a.down.sql": b""}, "no up file"),
             ({"1_a.up.sql": b"", "1_a.down.sql": b""}, "NNNN_name"),
             ({f"0001_{n}.{way}.sql": b"" for n in "ab" for way in ("up", "down")}, "number 0001 is taken"),
             ({"0001_a.up.sql": b"\0", "0001_a.down.sql": b""}, "NUL")]
    for files, message in cases:
        with tempfile.TemporaryDirectory() as name:
            out = pathlib.Path(name)
            (out / "in" / "c").mkdir(parents=True)
            for file, data in files.items():
                (out / "in" / "c" / file).write_bytes(data)
            done = embed(out / "in", out)
            assert done.returncode != 0 and message in done.stderr, (files, done.stderr)
            assert not (out / "m.c").exists()


tap.run(bytes_survive, refusals)
