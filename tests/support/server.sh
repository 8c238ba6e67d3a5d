#!/bin/sh
# SPDX-License-Identifier: MIT
# A private PostgreSQL for the tests: server.sh start DIR | stop DIR | kill DIR
#
# DIR holds the data, the socket and the log. The server listens on a unix socket only; role `tester` is a
# superuser without a password, role `guarded` needs the password `correct horse`, role `plain` has no rights.
# As root the server runs as user postgres.
set -eu

action=${1:?usage: server.sh start|stop|kill DIR}
dir=${2:?usage: server.sh start|stop|kill DIR}
bin=${PGBIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

case "$action" in
start)
    mkdir -p "$dir"
    if [ ! -d "$dir/data" ]; then
        [ "$(id -u)" -ne 0 ] || chown postgres "$dir"
        chmod 755 "$dir"
        as_server "$bin/initdb" --no-sync -D "$dir/data" -A trust -U tester --locale=C.UTF-8 -E UTF8 >/dev/null
        as_server sh -c "cat >> '$dir/data/postgresql.conf'" <<CONF
listen_addresses = ''
unix_socket_directories = '$dir'
fsync = off
max_connections = 200
log_min_messages = warning
timezone = 'Asia/Kolkata'
datestyle = 'SQL, DMY'
CONF
        as_server sh -c "cat > '$dir/data/pg_hba.conf'" <<HBA
local all guarded scram-sha-256
local all all trust
HBA
    fi
    as_server "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" start >/dev/null
    psql -qX -h "$dir" -U tester -d postgres -v ON_ERROR_STOP=1 <<SQL
DO \$\$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'guarded') THEN
        CREATE ROLE guarded LOGIN PASSWORD 'correct horse';
        CREATE ROLE plain LOGIN;
    END IF;
END \$\$;
SQL
    ;;
stop) as_server "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null ;;
kill) as_server "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null ;;
*) echo "usage: server.sh start|stop|kill DIR" >&2; exit 2 ;;
esac
