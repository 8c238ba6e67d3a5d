# SPDX-License-Identifier: MIT
# The client of 0.1, compiled with the headers of 0.1, runs with the library of today.
here="$TRDB_TEST_SOURCE/tests/abi/v0_1"
name="abi_v0_1_$$"
admin="host=$TRDB_TEST_DIRECT user=tester dbname=postgres"
flags=""
[ "$TRDB_TEST_VARIANT" != sanitize ] || flags="-fsanitize=address,undefined"

# shellcheck disable=SC2086
cc -std=c11 -Wall -Wextra -Werror $flags -I "$here/include" "$here/client.c" -o "$TRDB_TEST_DIR/client_v0_1" \
    -L "$TRDB_TEST_BUILD/lib" -l:libtradingdb.so.0 || exit 1
psql -qX -d "$admin" -c "CREATE DATABASE $name TEMPLATE trdb_template" || exit 1
DB_URL="host=$TRDB_TEST_HOST user=tester dbname=$name" LD_LIBRARY_PATH="$TRDB_TEST_BUILD/lib" \
    "$TRDB_TEST_DIR/client_v0_1"
status=$?
psql -qX -d "$admin" -c "DROP DATABASE $name WITH (FORCE)"
exit $status
