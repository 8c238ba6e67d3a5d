# SPDX-License-Identifier: MIT
# Every example runs, one after the other, on a database of its own.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

examples="$TRDB_TEST_BUILD/examples"
database="examples_$$"
admin="host=$TRDB_TEST_DIRECT user=tester dbname=postgres"
psql -qX -d "$admin" -c "CREATE DATABASE $database" || exit 1
DB_URL="host=$TRDB_TEST_HOST user=tester dbname=$database"
export DB_URL

prints() { # TEXT PROGRAM…: the program succeeds and prints the text
    wanted=$1
    shift
    output=$("$@") || { echo "$output"; return 1; }
    echo "$output"
    printf '%s\n' "$output" | grep -q -e "$wanted"
}
fails() { # TEXT PROGRAM…: the program fails and says the text
    wanted=$1
    shift
    if output=$("$@" 2>&1); then echo "succeeded: $output"; return 1; fi
    echo "$output"
    printf '%s\n' "$output" | grep -q -e "$wanted"
}

check "connect says what to do on an empty database" fails "tradingdb migrate up" "$examples/connect"
through=$DB_URL
DB_URL="host=$TRDB_TEST_DIRECT user=tester dbname=$database"
check "migrate applies every migration" prints "the schema is up to date" "$examples/migrate"
check "migrate finds nothing the second time" prints "^0 migrations applied" "$examples/migrate"
DB_URL=$through
check "connect" prints "1 connection open" "$examples/connect"
check "insert" prints "^stored trade 1 of bot 1$" "$examples/insert"
for _ in 1 2 3 4 5 6 7 8 9 10 11; do "$examples/insert" >/dev/null || exit 1; done
check "list shows both pages" prints "^12 trades$" "$examples/list"
check "list shows each trade once" sh -c "[ \$('$examples/list' | grep -c BTCUSDT) -eq 12 ]"
check "errors tells a duplicate" prints "TRDB_E_DUPLICATE" "$examples/errors"
check "errors tells a malformed decimal by name" prints "trading_bots.current_balance" "$examples/errors"
check "errors keeps nothing" prints "the unit still works: 1 user" "$examples/errors"
check "bulk tells how far it is" prints "^2500 of 2500 trades$" "$examples/bulk"
check "bulk stores each trade once" sh -c "[ \$(psql -qXAt -d '$DB_URL' -c \
    \"SELECT count(*) FROM trading_trades WHERE trade_type = 'optimization'\") -eq 2500 ]"
check "pipeline stores three rows in one round trip and a COMMIT" prints "^stored in 2 round trips$" "$examples/pipeline"
check "pipeline asks three questions in a batch" prints "^bot 1 has 998.11, 2 positions, 2514 trades$" \
    "$examples/pipeline"
check "sum adds exactly from a stream" prints "^from a stream: -0.74$" "$examples/sum"
check "sum adds exactly from a column" prints "^from a column: -0.74$" "$examples/sum"
check "the C++ engine books its fills" prints "sold 0.15 at 64500.25: open 0.15" "$examples/engine"
DB_URL="host=$TRDB_TEST_DIR/nowhere dbname=x"
check "a dead server is told" fails "cannot" "$examples/connect"

psql -qX -d "$admin" -c "DROP DATABASE $database WITH (FORCE)"
finish
