/* SPDX-License-Identifier: MIT */
/* What libpq knows of a connection's abilities, and doing without prepared statements. */
#include "pg/conn.h"

int trdbi_conn_server_version(const trdbi_conn *conn) {
    return PQserverVersion(conn->pg);
}

bool trdbi_conn_tls(const trdbi_conn *conn) {
    return PQsslInUse(conn->pg) != 0;
}

bool trdbi_conn_can_cancel(const trdbi_conn *conn) {
    return PQbackendPID(conn->pg) != 0;
}

void trdbi_conn_set_standby(trdbi_conn *conn, bool wanted) {
    conn->standby = wanted;
}

void trdbi_conn_use_unnamed(trdbi_conn *conn) {
    trdbi_cache_clear(&conn->cache);
    conn->cache.limit = 0;
}
