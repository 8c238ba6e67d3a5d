#!/bin/sh
# SPDX-License-Identifier: MIT
# From a fresh clone to a day of trades in a database: examples/quickstart.sh [EXPORT.json]
#
# Installs the Debian packages that are missing (as root; otherwise names them), builds the library, starts a private
# PostgreSQL that belongs to you, migrates it and imports a freqtrade backtest export, or a sample without an argument.
# Run it again: nothing is imported twice. TRADINGDB_SANDBOX names another folder for the server.
set -eu

case "${1:-}" in
-h | --help) sed -n '3,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
esac
source=$(cd "$(dirname "$0")/.." && pwd)
build=${TRADINGDB_BUILD:-$source/build-quickstart}

step() { printf '\n== %s\n' "$*"; }

step "Packages"
"$source/.ci/packages" build
echo "all there"

step "Build"
[ -f "$build/build.ninja" ] || meson setup "$build" "$source" -Dtests=false >/dev/null
ninja -C "$build" --quiet
echo "in $build"
tradingdb=$build/bindings/cli/tradingdb

if [ $# -gt 0 ]; then
    export_file=$1
else
    export_file=$build/sample-export.json
    python3 "$source/examples/trading_day/make_sample.py" "$export_file"
fi

step "A private PostgreSQL"
set --
# PostgreSQL refuses to run as root: its server and data then belong to the account of Debian's package.
[ "$(id -u)" -ne 0 ] || set -- --user postgres
[ -z "${TRADINGDB_SANDBOX:-}" ] || set -- "$@" --dir "$TRADINGDB_SANDBOX"
DB_URL=$("$tradingdb" sandbox start --migrate "$@")
export DB_URL
echo "DB_URL=$DB_URL"
"$tradingdb" migrate status

step "The trading day"
PATH=$build/bindings/cli:$PATH
export PATH
"$build/examples/trading_day" "$source/examples/trading_day/bot.json" "$export_file" "$build/equity.svg"

step "Look around"
cat <<END
  export DB_URL='$DB_URL'
  export PATH=$build/bindings/cli:\$PATH
  tradingdb users list
  tradingdb trades list
  tradingdb jobs list
  tradingdb telegram audit
The equity curve is in $build/equity.svg.
The server keeps running; this ends it:
  "$tradingdb" sandbox stop ${*}
END
