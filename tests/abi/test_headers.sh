# SPDX-License-Identifier: MIT
# Each public header compiles alone, as C99 without extensions and as C++17, with gcc and clang.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

compile() { # COMPILER LANGUAGE STANDARD HEADER
    printf '#include <tradingdb/%s>\nint main(void) { return 0; }\n' "$4" |
        "$1" -x "$2" -std="$3" -pedantic -Wall -Wextra -Werror -I "$TRDB_TEST_SOURCE/include" -fsyntax-only -
}

for path in "$TRDB_TEST_SOURCE"/include/tradingdb/*.h; do
    header=$(basename "$path")
    check "$header as C99, gcc" compile gcc c c99 "$header"
    check "$header as C99, clang" compile clang c c99 "$header"
    check "$header as C++17, g++" compile g++ c++ c++17 "$header"
    check "$header as C++17, clang++" compile clang++ c++ c++17 "$header"
done
finish
