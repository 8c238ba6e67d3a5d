# SPDX-License-Identifier: MIT
# sslmode=verify-full with a private certificate authority: what is refused, in which words, and that no password shows.
. "$TRDB_TEST_SOURCE/tests/support/tap.sh"

support="$TRDB_TEST_SOURCE/tests/support"
here=$(mktemp -d "$TMPDIR/tls.XXXXXX")
chmod 755 "$here"
unset PGSSLMODE PGSSLROOTCERT
PGPORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export PGPORT
end() {
    "$support/server.sh" kill "$here/pg" 2>/dev/null
    rm -rf "$here"
}
trap end EXIT

"$support/certificates.sh" "$here/tls" localhost || exit 1
"$support/certificates.sh" "$here/other" localhost || exit 1
TRDB_SERVER_TLS="$here/tls" "$support/server.sh" start "$here/pg" || exit 1
server="user=guarded password=correct\\ horse dbname=postgres port=$PGPORT"

status() { "$TRDB_TEST_BUILD/bindings/cli/tradingdb" migrate status -d "$*" 2>&1; }
encrypted() {
    status "$server host=localhost sslmode=verify-full sslrootcert=$here/tls/ca.crt" &&
        [ "$(PGPASSWORD='correct horse' psql -qAtX -d "user=guarded dbname=postgres host=localhost sslmode=verify-full \
            sslrootcert=$here/tls/ca.crt" -c 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()')" = t ]
}
refused() { # WORDS CONNINFO…
    words=$1
    shift
    if said=$(status "$server $*"); then echo "accepted: $said"; return 1; fi
    echo "$said"
    case $said in *correct*horse*) echo "the password shows"; return 1 ;; esac
    printf '%s\n' "$said" | grep -q -e "$words"
}

check "the right authority and name are accepted" encrypted
check "another authority is refused" refused "certificate verify failed" \
    "host=localhost sslmode=verify-full sslrootcert=$here/other/ca.crt"
check "another name is refused" refused "does not match host name \"127.0.0.1\"" \
    "host=127.0.0.1 sslmode=verify-full sslrootcert=$here/tls/ca.crt"
check "a missing authority is refused" refused "root certificate file" \
    "host=localhost sslmode=verify-full sslrootcert=$here/none.crt"
check "the server takes no plain connection" refused "no encryption" "host=localhost sslmode=disable"

psql -qX -h "$here/pg" -U tester -d postgres -c "ALTER SYSTEM SET ssl = off" -c "SELECT pg_reload_conf()" >/dev/null
off() { [ "$(psql -qAtX -h "$here/pg" -U tester -d postgres -c 'SHOW ssl')" = off ]; }
for _ in $(seq 200); do ! off || break; sleep 0.05; done
check "a server without TLS is refused" refused "does not support SSL" \
    "host=localhost sslmode=verify-full sslrootcert=$here/tls/ca.crt"
finish
