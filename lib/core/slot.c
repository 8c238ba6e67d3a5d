/* SPDX-License-Identifier: MIT */
#include "base/text.h"
#include "core/outcome.h"

#include <stdlib.h>

/* The lifetime less up to a tenth, so that connections made together do not all end together. */
static int64_t retirement(const trdb_db *db, const trdbi_slot *slot) {
    int64_t lifetime_us = (int64_t)db->options.max_lifetime_ms * 1000;
    if (lifetime_us < 0)
        return INT64_MAX;
    uint64_t spread = (uint64_t)lifetime_us / 10;
    return trdbi_monotonic_us() + lifetime_us - (int64_t)(spread > 0 ? trdbi_chance(slot) % spread : 0);
}

static int check_schema(trdb_db *db, trdbi_conn *conn, trdb_error **reterr) {
    if (atomic_load(&db->schema_checked))
        return 0;
    int r = trdbi_schema_check(conn, db->schema, reterr);
    if (r == 0)
        atomic_store(&db->schema_checked, true);
    return r;
}

/* A database that was opened on a primary stays with primaries: what answers there now may have been demoted. */
static int check_role(trdb_db *db, trdbi_conn *conn, trdb_error **reterr) {
    bool standby = trdbi_conn_on_standby(conn);
    if (standby && !db->of_standbys && atomic_load(&db->on_primary))
        return trdbi_error(reterr, TRDB_E_CONNECT,
                           "the server is a standby, but the database was opened on a primary; with several hosts, "
                           "target_session_attrs=primary finds the one that is");
    if (!standby)
        atomic_store(&db->on_primary, true);
    trdbi_conn_set_standby(conn, db->of_standbys || standby);
    return 0;
}

int trdbi_slot_open(trdb_db *db, int timeout_ms, const trdb_canceller *canceller, const trdbi_trace *trace,
                    trdbi_slot **ret, trdb_error **reterr) {
    trdbi_slot *slot = calloc(1, sizeof *slot);
    if (!slot)
        return trdbi_error_nomem(reterr);
    const trdbi_conn_options options = {
        .application_name = db->application_name,
        .timeout_ms =
            timeout_ms < db->options.connect_timeout_ms ? timeout_ms : db->options.connect_timeout_ms,
        .canceller = canceller,
        .statement_cache = db->options.statement_cache,
    };
    int64_t deadline_us = trdbi_monotonic_us() + (int64_t)options.timeout_ms * 1000;
    int r = trdbi_conn_open(db->conninfo, &options, &slot->conn, reterr);
    if (r == 0) {
        trdbi_conn_set_deadline(slot->conn, deadline_us);
        trdbi_conn_set_canceller(slot->conn, canceller);
        trdbi_conn_set_trace(slot->conn, trace);
        r = check_role(db, slot->conn, reterr);
    }
    if (r == 0)
        r = check_schema(db, slot->conn, reterr);
    if (r == 0) {
        trdbi_server_ask(slot->conn, &slot->server);
        r = trdbi_server_adapt(slot->conn, &slot->server, db->conninfo, reterr);
    }
    if (r < 0) {
        trdbi_slot_close(slot);
        return r;
    }
    trdbi_conn_settle(slot->conn);
    slot->retire_at_us = retirement(db, slot);
    slot->where = trdbi_conn_where(slot->conn);
    *ret = slot;
    return 0;
}

void trdbi_slot_close(trdbi_slot *slot) {
    while (slot) {
        trdbi_slot *colder = slot->colder;
        trdbi_conn_close(slot->conn);
        trdbi_uow_release(slot->unit);
        free(slot);
        slot = colder;
    }
}

void trdbi_slot_abandon(trdbi_slot *slot) {
    trdbi_conn_abandon(slot->conn);
    trdbi_uow_release(slot->unit);
    free(slot);
}
