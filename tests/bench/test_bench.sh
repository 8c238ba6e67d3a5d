# SPDX-License-Identifier: MIT
# The benchmark runs and prints a row for each peer of each workload; no figure is judged here.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

base="host=$TRDB_TEST_HOST user=tester"
name=bench_$$
psql -qX -d "$base dbname=postgres" -c "CREATE DATABASE $name TEMPLATE trdb_template" || exit 1
"$TRDB_TEST_BUILD/bindings/cli/tradingdb" migrate up --schema w --database "$base dbname=$name" >/dev/null || exit 1
psql -qX -v ON_ERROR_STOP=1 -v n=2000 -d "$base dbname=$name" -f "$TRDB_TEST_SOURCE/tests/bench/load.sql" >/dev/null || exit 1

export PGHOST="$TRDB_TEST_HOST" PGUSER=tester PGDATABASE=$name
table="$TRDB_TEST_DIR/bench.md"
row() { grep -Eq "^\| $1 \| [0-9]+\.[0-9]{3} \| [0-9]+\.[0-9]{3} \| " "$table"; }

check "the benchmark runs" sh -c "python3 '$TRDB_TEST_SOURCE/tests/bench/driver.py' '$TRDB_TEST_BUILD' --quick --programs libpq,library >'$table'"
grep -o '^### W[1-6]' "$table" | tr -d '# ' | while read -r workload; do echo "$workload"; done >"$table.workloads"
check "every workload is there" sh -c "[ \"\$(tr '\n' ' ' <'$table.workloads')\" = 'W1 W2 W3 W4 W5 W6 ' ]"
for peer in raw_prep raw_pipe_txn raw_pipe2_txn raw_pipe raw_copybin raw_unnest raw_nosql tradingdb "tradingdb fast_commit" \
    "tradingdb batch of 16" "tradingdb with keys" "tradingdb rows" "tradingdb columns" "tradingdb 8 threads"; do
    check "$peer has a row" row "$peer"
done
psql -qX -d "$base dbname=postgres" -c "DROP DATABASE $name WITH (FORCE)"
psql -qX -d "$base dbname=postgres" -c "DROP ROLE bench_off"
finish
