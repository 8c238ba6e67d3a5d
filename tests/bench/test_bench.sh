# SPDX-License-Identifier: MIT
# The benchmark runs and prints a row for each peer of each workload; no figure is judged here.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

url="host=$TRDB_TEST_HOST user=tester dbname=bench_$$"
psql -qX -d "host=$TRDB_TEST_HOST user=tester dbname=postgres" -c "CREATE DATABASE bench_$$ TEMPLATE trdb_template" || exit 1
psql -qX -v ON_ERROR_STOP=1 -d "$url" -f "$TRDB_TEST_SOURCE/tests/bench/load.sql" || exit 1

table="$TRDB_TEST_DIR/bench.tsv"
row() { grep -Eq "^$1	$2	[0-9]+\.[0-9]{2}	[0-9]+\.[0-9]{2}\$" "$table"; }

check "the benchmark runs" sh -c "'$TRDB_TEST_BUILD/tests/bench/bench' '$url' 1000 1 100 >'$table'"
for workload in insert-one get-by-id unit-of-work bulk-insert scan; do
    check "$workload has a row for libpq" row "$workload" libpq
    check "$workload has a row for the library" row "$workload" tradingdb
done
psql -qX -d "host=$TRDB_TEST_HOST user=tester dbname=postgres" -c "DROP DATABASE bench_$$ WITH (FORCE)"
finish
