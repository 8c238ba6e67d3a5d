# SPDX-License-Identifier: MIT
# Library, command and examples build without a warning with clang, and the library for release
# with gcc; everything else is built with gcc for debugging.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

build="$TRDB_TEST_DIR/clang"
configure() { CC=clang CXX=clang++ meson setup "$build" "$TRDB_TEST_SOURCE" -Dtests=false; }
strict() { # the flags that are promised are in force
    grep -q -e '-Werror' "$build/compile_commands.json" && grep -q -e '-Wconversion' "$build/compile_commands.json" &&
        grep -q -e '-Wextra' "$build/compile_commands.json"
}

check "meson takes clang" configure
check "warnings are errors, -Wextra and -Wconversion among them" strict
check "everything builds" ninja -C "$build"

# An optimizer that sees more warns of more.
optimized() {
    meson setup "$build-release" "$TRDB_TEST_SOURCE" -Dbuildtype=release -Dtests=false -Dexamples=false &&
        ninja -C "$build-release" lib/libtradingdb.so.0.2.0
}
check "the library builds for release" optimized
finish
