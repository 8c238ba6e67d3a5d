#!/bin/sh
# SPDX-License-Identifier: MIT
# Measures the library against hand-written libpq in one run: tests/bench/run.sh [--quick]
# Prints tab-separated rows: workload, peer, median (microseconds per operation), ratio_to_libpq. Compare ratios only.
set -eu

source=$(cd "$(dirname "$0")/../.." && pwd)
rounds=9
scale=1
case "${1:-}" in
--quick) rounds=3 scale=20 ;;
"") ;;
*) sed -n '3,4s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
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
url="host=$dir/pg user=tester dbname=bench"
createdb -h "$dir/pg" -U tester bench
"$build/bindings/cli/tradingdb" migrate up --database "$url" >/dev/null
psql -qX -v ON_ERROR_STOP=1 -d "$url" -f "$source/tests/bench/load.sql"
"$build/tests/bench/bench" "$url" 1000 "$rounds" "$scale"
