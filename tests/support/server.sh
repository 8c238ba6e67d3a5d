#!/bin/sh
# SPDX-License-Identifier: MIT
# A private PostgreSQL for the tests: server.sh start DIR | stop DIR | kill DIR | standby DIR PRIMARY | promote DIR
#
# A standby follows the server in the folder PRIMARY, which is stopped for a moment to copy it.
# DIR holds the data, the socket and the log. The server listens on a unix socket only, and with TRDB_SERVER_TLS, a
# folder that certificates.sh made, also on localhost with TLS. Role `tester` is a superuser without a password, role
# `guarded` needs the password `correct horse`, role `plain` has no rights. As root the server runs as user postgres.
# PGBIN is the folder of another PostgreSQL than Debian's; PGPORT is its port.
set -eu

usage="usage: server.sh start|stop|kill|promote DIR, or standby DIR PRIMARY"
action=${1:?$usage}
dir=${2:?$usage}
bin=${PGBIN:-$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)}

as_server() {
    if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

tls() {
    as_server sh -c "cat >> '$dir/data/postgresql.conf'" <<CONF
listen_addresses = 'localhost'
ssl = on
ssl_cert_file = '$TRDB_SERVER_TLS/server.crt'
ssl_key_file = '$TRDB_SERVER_TLS/server.key'
CONF
    as_server sh -c "cat >> '$dir/data/pg_hba.conf'" <<HBA
hostssl all guarded samehost scram-sha-256
hostssl all all samehost trust
HBA
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
local replication all trust
HBA
        [ -z "${TRDB_SERVER_TLS:-}" ] || tls
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
standby)
    primary=${3:?$usage}
    mkdir -p "$dir"
    [ "$(id -u)" -ne 0 ] || chown postgres "$dir"
    chmod 755 "$dir"
    as_server "$bin/pg_ctl" -D "$primary/data" -m fast -w stop >/dev/null
    as_server cp -a "$primary/data" "$dir/data"
    as_server "$bin/pg_ctl" -D "$primary/data" -w -t 60 -l "$primary/log" start >/dev/null
    as_server sh -c "cat >> '$dir/data/postgresql.conf' && : > '$dir/data/standby.signal'" <<CONF
unix_socket_directories = '$dir'
primary_conninfo = 'host=$primary user=tester'
wal_retrieve_retry_interval = 100ms
CONF
    as_server "$bin/pg_ctl" -D "$dir/data" -w -t 60 -l "$dir/log" start >/dev/null
    ;;
promote) as_server "$bin/pg_ctl" -D "$dir/data" -w -t 60 promote >/dev/null ;;
stop) as_server "$bin/pg_ctl" -D "$dir/data" -m fast -w stop >/dev/null ;;
kill) as_server "$bin/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null ;;
*) echo "$usage" >&2; exit 2 ;;
esac
