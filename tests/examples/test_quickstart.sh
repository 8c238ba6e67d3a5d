# SPDX-License-Identifier: MIT
# The quick start as a new user runs it: builds, starts its own server, imports, twice; then everything is put away.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

work="$TRDB_TEST_DIR/quickstart"
mkdir -p "$work"
TRADINGDB_BUILD="$work/build"
TRADINGDB_SANDBOX="$work/sandbox"
export TRADINGDB_BUILD TRADINGDB_SANDBOX
[ "$(id -u)" -ne 0 ] || chown postgres "$work"

quickstart() { "$TRDB_TEST_SOURCE/examples/quickstart.sh" >"$work/output.$1"; }
same_figures() {
    sed -n '/^Totals/,/^  trading_trades/p' "$work/output.1" >"$work/figures.1"
    sed -n '/^Totals/,/^  trading_trades/p' "$work/output.2" >"$work/figures.2"
    [ -s "$work/figures.1" ] && diff "$work/figures.1" "$work/figures.2"
}

check "the quick start runs" quickstart 1
check "it imports the sample" grep -q "^SampleStrategy: 60 trades imported, 0 were there already" "$work/output.1"
check "it runs again" quickstart 2
check "and imports nothing twice" grep -q "^SampleStrategy: 0 trades imported, 60 were there already" "$work/output.2"
check "and prints the same" same_figures
check "its server stops and is removed by the line that was told" \
    sh -c "$(sed -n 's/^  \(.* sandbox stop .*\)/\1 --delete/p' "$work/output.2")"
check "and is gone" [ ! -e "$TRADINGDB_SANDBOX/data" ]
finish
