/* SPDX-License-Identifier: MIT */
/* What a connection can do. */
#include "core/outcome.h"

#include <string.h>

/* Behind a pooler each transaction may meet another session: nothing may be left in one, and what was asked
 * for at its start was not heard. */
int trdbi_server_adapt(trdbi_conn *conn, const trdbi_server *server, const trdbi_conninfo *info,
                       trdb_error **reterr) {
    if (!server->pooled)
        return 0;
    trdbi_conn_use_unnamed(conn);
    const char *options = trdbi_conninfo_get(info, "options");
    if (options && *options)
        return trdbi_error(
            reterr, TRDB_E_UNSUPPORTED,
            "the connection string has options, but the connection goes through a pooler such as "
            "PgBouncer, whose sessions do not have them: use ALTER ROLE … SET or ALTER DATABASE … "
            "SET in their place");
    return 0;
}

static trdb_capabilities capabilities_of(const trdbi_slot *slot) {
    const trdbi_server *server = &slot->server;
    return (trdb_capabilities){
        .server_version = trdbi_conn_server_version(slot->conn),
        .pooler = server->pooled,
        .prepared_statements = !server->pooled,
        .session = !server->pooled,
        .standby = server->standby,
        .tls = trdbi_conn_tls(slot->conn),
        .cancel = trdbi_conn_can_cancel(slot->conn),
        .outcome = server->timeline > 0,
        .system_identifier = server->system,
        .timeline = server->timeline,
    };
}

int trdb_db_get_capabilities(trdb_db *db, trdb_capabilities *ret, trdb_error **reterr) {
    enum { MOST = 4096 };
    trdbi_slot *slot = NULL;
    int r = trdbi_db_check(db, reterr);
    if (r < 0)
        return r;
    if (!ret || ret->struct_size < sizeof ret->struct_size || ret->struct_size > MOST)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_capabilities: begin with trdb_capabilities_init()");
    r = trdbi_pool_take(db, db->options.pool_timeout_ms, NULL, &slot, reterr);
    if (r < 0)
        return r;
    const trdb_capabilities found = capabilities_of(slot);
    trdbi_pool_give(db, slot, TRDBI_OUTCOME_NONE);

    size_t size = ret->struct_size;
    memset(ret, 0, size);
    memcpy(ret, &found, size < sizeof found ? size : sizeof found);
    ret->struct_size = size;
    return 0;
}
