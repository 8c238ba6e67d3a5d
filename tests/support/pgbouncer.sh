#!/bin/sh
# SPDX-License-Identifier: MIT
# A private PgBouncer for the tests: pgbouncer.sh start DIR SERVER | stop DIR
#
# DIR holds its socket, at PostgreSQL's own port, so that only the folder in a connection string differs. All
# databases of the server with the socket folder SERVER are reached through it, in transaction mode. Its sessions
# have settings that no client asked for, and few of them serve many clients: what relies on its session fails. Scans
# that are off seem so dear that each were compiled first, which takes a second: hence no JIT.
# As root it runs as user postgres. TRDB_PGBOUNCER holds more lines of its configuration.
set -eu

action=${1:?usage: pgbouncer.sh start DIR SERVER | stop DIR}
dir=${2:?usage: pgbouncer.sh start DIR SERVER | stop DIR}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

case "$action" in
start)
    server=${3:?usage: pgbouncer.sh start DIR SERVER}
    mkdir -p "$dir"
    cat > "$dir/pgbouncer.ini" <<INI
[databases]
* = host=$server port=${PGPORT:-5432} connect_query='SET search_path = pg_catalog; SET IntervalStyle = sql_standard; SET bytea_output = escape; SET extra_float_digits = -15; SET TimeZone = "Asia/Kolkata"; SET DateStyle = "SQL, DMY"; SET xmloption = document; SET enable_seqscan = off; SET jit = off'
[pgbouncer]
listen_addr =
listen_port = ${PGPORT:-5432}
unix_socket_dir = $dir
pidfile = $dir/pid
logfile = $dir/log
auth_type = hba
auth_hba_file = $dir/hba
auth_file = $dir/users
pool_mode = transaction
max_client_conn = 500
default_pool_size = 20
server_login_retry = 1
log_connections = 0
log_disconnections = 0
${TRDB_PGBOUNCER:-}
INI
    printf 'local all guarded scram-sha-256\nlocal all all trust\n' > "$dir/hba"
    printf '"tester" ""\n"plain" ""\n"guarded" "correct horse"\n' > "$dir/users"
    [ "$(id -u)" -ne 0 ] || chown -R postgres "$dir"
    chmod 755 "$dir"
    as_server pgbouncer -q -d "$dir/pgbouncer.ini"
    ;;
stop) [ ! -f "$dir/pid" ] || kill "$(cat "$dir/pid")" ;;
*) echo "usage: pgbouncer.sh start DIR SERVER | stop DIR" >&2; exit 2 ;;
esac
