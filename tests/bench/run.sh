#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures the library against hand-written libpq and what else there is, in one interleaved run on a private server:
# tests/bench/run.sh [--quick] [--only W1,W4] [--pair WORKLOAD A B [--rounds N]]; see driver.py
# Figures of different runs do not compare; ratios of one run do, within the machine's mood.
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
rows=1000000
case " $* " in
*" --help "*) sed -n '3,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
*" --quick "*) rows=20000 ;;
esac

"$source/.ci/packages" test
build=$source/build-bench
[ -f "$build/build.ninja" ] || meson setup "$build" "$source" -Dbuildtype=release -Dexamples=false >/dev/null
ninja -C "$build" --quiet

dir=$(mktemp -d /tmp/tradingdb-bench.XXXXXX)
chmod 755 "$dir"
finish() {
    status=$?
    trap - EXIT INT TERM
    "$source/tests/support/server.sh" kill "$dir/pg" || true
    rm -rf "$dir"
    exit $status
}
trap finish EXIT INT TERM
"$source/tests/support/server.sh" start "$dir/pg"
export PGHOST="$dir/pg" PGUSER=tester PGDATABASE=postgres PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH="$source/bindings/python" TRADINGDB_LIBRARY="$build/lib/libtradingdb.so.0"
psql -qX -v ON_ERROR_STOP=1 <<SQL
ALTER SYSTEM SET fsync = on;
ALTER SYSTEM SET shared_buffers = '1GB';
ALTER SYSTEM SET max_wal_size = '8GB';
ALTER SYSTEM SET checkpoint_timeout = '1h';
ALTER SYSTEM SET max_parallel_workers_per_gather = 0;
ALTER SYSTEM SET autovacuum = off;
ALTER SYSTEM SET jit = off;
ALTER SYSTEM SET timezone = 'UTC';
SQL
"$source/tests/support/server.sh" stop "$dir/pg"
"$source/tests/support/server.sh" start "$dir/pg"
createdb bench
export PGDATABASE=bench
for schema in public w; do
    "$build/bindings/cli/tradingdb" migrate up --schema "$schema" --database "dbname=bench" >/dev/null
done
psql -qX -v ON_ERROR_STOP=1 -v n=$rows -f "$source/tests/bench/load.sql" >/dev/null
/usr/bin/python3 "$source/tests/bench/driver.py" "$build" "$@"
