# SPDX-License-Identifier: MIT
# Library, command and examples build without a warning with clang; gcc is what everything else is built with.
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
finish
