# SPDX-License-Identifier: MIT
# Builds the released baseline (the commit in tests/abi/baseline) and compares its ABI with the library of today.
# abidiff tells an appended field and a moved one apart by nothing but text, so this fails on what it calls
# incompatible (bit 8) and the offsets are asserted in lib/gen/asserts.c.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

work="$TRDB_TEST_DIR/abidiff"
today="$TRDB_TEST_BUILD/lib/libtradingdb.so.0"
commit=$(sed -n 's/^commit //p' "$TRDB_TEST_SOURCE/tests/abi/baseline")
subject=$(sed -n 's/^subject //p' "$TRDB_TEST_SOURCE/tests/abi/baseline")
repository() { git -c safe.directory='*' -C "$TRDB_TEST_SOURCE" "$@"; }
# Where history was rewritten the commit has another name; its subject finds it.
repository cat-file -e "$commit^{commit}" 2>/dev/null ||
    commit=$(repository log -1 --format=%H --fixed-strings --grep="$subject")

build_baseline() {
    mkdir -p "$work/source"
    repository archive "$commit" | tar -x -C "$work/source" &&
        meson setup "$work/build" "$work/source" -Dtests=false -Dexamples=false &&
        ninja -C "$work/build" lib/libtradingdb.so.0.1.0
}

compare() {
    abidiff --headers-dir1 "$work/source/include" --headers-dir2 "$TRDB_TEST_SOURCE/include" \
        "$work/build/lib/libtradingdb.so.0" "$today"
    status=$?
    echo "abidiff answered $status"
    [ $((status & 8)) -eq 0 ] && [ $((status & 3)) -eq 0 ]
}

check "the baseline $commit builds" build_baseline
check "nothing of the baseline's ABI is gone or changed" compare
finish
