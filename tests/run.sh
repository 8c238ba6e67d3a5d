#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds everything and runs the test suites on a private PostgreSQL; the last line is `N passed, N failed`.
#
#   tests/run.sh [--sanitize | --tsan | --valgrind] [--server VERSION] [--pgbouncer | --tls] [--long]
#                [--export FILE] [SUITE…]
#
# --sanitize   builds with ASan and UBSan, in a build directory of its own
# --tsan       builds with ThreadSanitizer, in a build directory of its own, and runs the C programs with threads
# --valgrind   runs the compiled programs under valgrind
# --server V   runs on PostgreSQL 15, 16, 17 or 18 (newest); default: Debian's
# --pgbouncer  runs through PgBouncer in transaction mode, whose sessions have hostile settings
# --tls        runs over TCP with sslmode=verify-full and a private certificate authority
# --long       the long forms, and their figures: a soak of half an hour, 1000 deaths, out of memory inside libpq for
#              services, too
# --export F   also checks the published figures of a freqtrade export
# SUITE        names of folders in tests/, or of single programs as in db/test_pool; default: all suites
#
# A variant names the programs that it leaves out, since nothing of it runs in them.
set -eu

source=$(cd "$(dirname "$0")/.." && pwd)
variant=plain
way=socket
server=""
export=""
suites=""
all="unit fuzz db service fault python gen cli abi examples docs bench"
while [ $# -gt 0 ]; do
    case "$1" in
    --sanitize) variant=sanitize ;;
    --tsan) variant=tsan ;;
    --valgrind) variant=valgrind ;;
    --server) server=${2:?--server needs a version}; shift ;;
    --pgbouncer) way=pgbouncer ;;
    --tls) way=tls ;;
    --long) export TRDB_TEST_LONG=1 TRDB_TEST_SOAK=1800 TRDB_FAULT_EVENTS=1000 TRDB_TEST_TIMEOUT=14400 ;;
    --export) export=${2:?--export needs a file}; shift ;;
    --help) sed -n '3,20s/^# \{0,1\}//p' "$0"; exit 0 ;;
    -*) echo "unknown option $1; see tests/run.sh --help" >&2; exit 2 ;;
    *) [ -d "$source/tests/${1%%/*}" ] || { echo "no suite $1; there are: $all" >&2; exit 2; }
       suites="$suites $1" ;;
    esac
    shift
done
[ -n "$suites" ] || suites=$all

"$source/.ci/packages" test
# Tests of the quick start, the pages and the installed copy build the same sources again, each in a folder of its own.
export CCACHE_NOHASHDIR=1
# What Debian has under these names in /usr/bin are Perl programs that look for the right one first.
PATH=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/psql | sort -V | tail -1)"):$PATH

build=$source/build
setup=""
targets=""
case "$variant" in
sanitize)
    build=$source/build-sanitize
    setup="-Db_sanitize=address,undefined -Db_lundef=false -Doptimization=1"
    export CK_FORK=no ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=1 \
        UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    ;;
tsan)
    build=$source/build-tsan
    setup="-Db_sanitize=thread -Db_lundef=false -Doptimization=1 -Dexamples=false"
    targets="bindings/cli/tradingdb $(cd "$source" && grep -lw pthread_create tests/*/test_*.c | sed 's/\.c$//')"
    export TSAN_OPTIONS="suppressions=$source/tests/support/tsan.supp:halt_on_error=1:second_deadlock_stack=1"
    ;;
valgrind)
    export CK_FORK=no TRDB_TEST_WRAPPER="valgrind -q --leak-check=full --show-leak-kinds=definite,indirect,possible
        --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99"
    ;;
esac
dir=$(mktemp -d /tmp/tradingdb-tests.XXXXXX)
chmod 755 "$dir"
mkdir "$dir/tmp"
running=""
# Nothing stays behind, whatever ends the run: no program, no server of a test's own, no file.
finish() {
    status=$?
    trap '' INT TERM HUP
    [ -z "$running" ] || { kill "$running" 2>/dev/null && wait "$running"; } || true
    [ "$way" != pgbouncer ] || "$source/tests/support/pgbouncer.sh" stop "$dir/pgbouncer" || true
    find "$dir" -path '*/data/postmaster.pid' | while read -r pid_file; do
        "$source/tests/support/server.sh" kill "${pid_file%/data/postmaster.pid}" >/dev/null 2>&1 || true
    done
    rm -rf "$dir"
    exit $status
}
trap finish EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# shellcheck disable=SC2086
[ -f "$build/build.ninja" ] || meson setup "$build" "$source" $setup >/dev/null
# shellcheck disable=SC2086
ninja -C "$build" --quiet $targets
[ -z "$server" ] || PGBIN=$("$source/tests/support/postgres.sh" "$server" "$source/build/servers")
[ -z "$server" ] || export PGBIN

# Tests reach the server at TRDB_TEST_HOST, and at TRDB_TEST_DIRECT where it must be the server itself: to look at
# what was stored, to migrate and to LISTEN.
host=$dir/pg
case "$way" in
socket) "$source/tests/support/server.sh" start "$dir/pg" ;;
pgbouncer)
    "$source/tests/support/server.sh" start "$dir/pg"
    "$source/tests/support/pgbouncer.sh" start "$dir/pgbouncer" "$dir/pg"
    host=$dir/pgbouncer
    ;;
tls)
    "$source/tests/support/certificates.sh" "$dir/tls" localhost
    PGPORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    export PGPORT
    TRDB_SERVER_TLS=$dir/tls "$source/tests/support/server.sh" start "$dir/pg"
    export PGSSLMODE=verify-full PGSSLROOTCERT="$dir/tls/ca.crt"
    host=localhost
    ;;
esac

export TRDB_TEST_HOST="$host" TRDB_TEST_DIRECT="$dir/pg" TRDB_TEST_DIR="$dir" TRDB_TEST_BUILD="$build" \
    TRDB_TEST_SOURCE="$source" TRDB_TEST_VARIANT="$variant" TRDB_TEST_WAY="$way" TRDB_TEST_EXPORT="$export" \
    TMPDIR="$dir/tmp" PYTHONPATH="$source/tests/support" PYTHONDONTWRITEBYTECODE=1
unset DB_URL
createdb -h "$dir/pg" -U tester trdb_template
"$build/bindings/cli/tradingdb" migrate up --database "host=$dir/pg user=tester dbname=trdb_template" >/dev/null

# In the background, since a shell hears signals while it waits but not while a program runs.
# shellcheck disable=SC2086
python3 "$source/tests/support/suites.py" "$build" $suites &
running=$!
status=0
wait "$running" || status=$?
running=""
exit "$status"
