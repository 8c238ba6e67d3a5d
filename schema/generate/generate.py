# SPDX-License-Identifier: MIT
"""Writes everything that follows from the schema: generate.py API_TOML [--check | --release] [--server DIR]

Applies the migrations to a private PostgreSQL, reads its catalogue, has it infer the types of the named queries,
and writes catalogue, ABI lock, headers, sources, symbol map and reference pages to the places that the [output]
table of API_TOML names.

--check       writes nothing; names the files that are stale and exits with status 1
--release     binds the fields, constants and symbols of the project's version for ever
--server DIR  uses the server whose socket is in DIR, as superuser tester, instead of a private one
"""
import argparse
import json
import os
import pathlib
import re
import sys
import tomllib

sys.dont_write_bytecode = True  # no __pycache__ in the source tree

import catalog
import headers
import names
import python
import python_text
import queries as named
import reference
import sources
from abi import Lock
from model import Model
from problem import MigrationLines, Problem
from server import Server, ServerError
from structs import Structs


class Output:
    """The [output] table, as paths."""

    def __init__(self, api_path):
        try:
            table = tomllib.loads(api_path.read_text()).get("output", {})
        except tomllib.TOMLDecodeError as error:
            line = re.search(r"line (\d+)", str(error))
            raise Problem(api_path, int(line[1]) if line else 1, str(error)) from error
        base = api_path.parent
        for name in ("headers", "sources", "catalog", "lock", "migrations", "queries"):
            if name not in table:
                raise Problem(api_path, 1, f"[output] lacks {name}")
            setattr(self, name, pathlib.Path(os.path.normpath(base / table[name])))
        self.map = pathlib.Path(os.path.normpath(base / table["map"])) if "map" in table else None
        self.reference = pathlib.Path(os.path.normpath(base / table["reference"])) if "reference" in table else None
        self.python = pathlib.Path(os.path.normpath(base / table["python"])) if "python" in table else None
        self.include = table.get("include", "")
        self.tables_symbol = table.get("tables_symbol", "trdbi_tables")
        self.version = self.read_version(base, table)

    @staticmethod
    def read_version(base, table):
        """major.minor, from meson.build or as given."""
        value = table.get("version", "0.1")
        if not re.fullmatch(r"\d+\.\d+", value):
            value = re.search(r"version: '(\d+\.\d+)", (base / value).read_text())[1]
        return value

    def header(self, domain):
        return self.headers / f"{domain}.h"


def generate(api_path, server, release=False):
    """({path: text} of all outputs)."""
    out = Output(api_path)
    chains = sorted(path for path in out.migrations.iterdir() if path.is_dir()) or [out.migrations]
    files = [path for chain in chains for path in sorted(chain.glob("*.up.sql"))]
    if not files:
        raise Problem(out.migrations, 1, "no migrations")
    database = f"generator_{os.getpid()}"
    server.create(database)
    try:
        catalog.migrate(server, database, files)
        found = catalog.introspect(server, database)
        model = Model(api_path, found, MigrationLines(files))
        queries = named.read(server, database, out.queries, model)
    finally:
        server.drop(database)

    domains = model.used_domains()
    generated = {out.header(domain) for domain in domains}
    written = {path: path.read_text() for path in sorted(out.headers.glob("*.h"))
               if path not in generated and headers.MARK not in path.read_text()} if out.map else {}
    names.check(model, queries, {name: path.name for path, text in written.items()
                                 for name in names.written_names(text)})
    lock = Lock(out.lock, out.version)
    by_hand = {name: fields for text in written.values() for name, fields in headers.written_structs(text).items()}
    structs = Structs(model, queries, lock, by_hand)
    texts = {out.header(domain): headers.header(domain, model, queries, structs, out.include) for domain in domains}
    symbols = {name for text in [*texts.values(), *written.values()] for name in sources.exported(text)}
    lock.set_symbols(symbols)
    if release:
        lock.release()
    texts.update({out.sources / f"{domain}.c": sources.source(domain, model, queries, out.include)
                  for domain in domains})
    texts[out.sources / "queries.h"] = sources.queries_header(model, queries, structs, out.include, out.tables_symbol)
    texts[out.sources / "tables.c"] = sources.tables_source(model, out.tables_symbol)
    texts[out.sources / "asserts.c"] = sources.asserts(model, lock, out.include,
                                                      "tradingdb.h" if by_hand else None)
    texts[out.catalog] = json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
    texts[out.lock] = lock.text()
    if out.map:
        texts[out.map] = sources.symbol_map(lock)
        texts[out.sources / "meson.build"] = sources.meson_list(domains)
    if out.python:
        public = {path.stem: text for path, text in [*written.items(), *texts.items()] if path.suffix == ".h"
                  and path.parent == out.headers}
        texts.update({out.python / name: text for name, text in
                      python.files(model, queries, public, lock.version, bool(written)).items()})
    if out.reference:
        texts.update({out.reference / name: text for name, text in reference.pages(model, queries).items()})
    return texts, out


def stale(texts, out):
    """Files whose text is not what it should be, and generated ones that should not be there."""
    found = [path for path, text in texts.items() if not path.exists() or path.read_text() != text]
    folders = {path.parent for path in texts}
    for folder in sorted(folders):
        for path in sorted(folder.glob("*")):
            if path.is_file() and path not in texts and path.suffix in (".c", ".h", ".md", ".py") \
                    and any(mark in path.read_text() for mark in (headers.MARK, python_text.MARK)):
                found.append(path)
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("api", type=pathlib.Path)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--release", action="store_true")
    parser.add_argument("--server")
    options = parser.parse_args(arguments)
    try:
        with Server(options.server) as server:
            texts, out = generate(options.api, server, options.release)
    except (Problem, ServerError) as error:
        print(error, file=sys.stderr)
        return 1
    old = stale(texts, out)
    if options.check:
        for path in old:
            print(f"{path}: stale; run `ninja regen`", file=sys.stderr)
        return 1 if old else 0
    for path in old:
        if path in texts:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(texts[path])
        else:
            path.unlink()
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
