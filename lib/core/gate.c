/* SPDX-License-Identifier: MIT */
/*
 * The gate before a server that takes no connections.
 *
 * After a failed attempt nobody tries for a while; the pause doubles up to a second, and half of it is left to
 * chance, so that programs which lost the same server do not come back together. Then one tries for all who wait:
 * they are let through, or get its error. However many threads a program has, a dead server hears of it about
 * once a second, and a caller has its answer soon.
 */
#include "core/pool.h"

#include "base/text.h"

enum { FIRST_PAUSE_US = 50000, LONGEST_PAUSE_US = 1000000 };

bool trdbi_gate_pass(trdbi_gate *gate, bool *ret_trial) {
    if (gate->failures == 0)
        return true;
    if (gate->trying || trdbi_monotonic_us() < gate->until_us)
        return false;
    gate->trying = *ret_trial = true;
    return true;
}

int64_t trdbi_gate_wake_us(const trdbi_gate *gate, const trdbi_waiter *waiter, int64_t deadline_us) {
    bool waits = waiter->has_place && gate->failures > 0 && !gate->trying;
    return waits && gate->until_us < deadline_us ? gate->until_us : deadline_us;
}

void trdbi_gate_look(trdb_db *db) {
    trdbi_gate *gate = &db->gate;
    trdbi_waiter *waiter = db->first_waiter;
    while (waiter && !waiter->has_place)
        waiter = waiter->next;
    if (waiter && gate->failures > 0 && trdbi_gate_pass(gate, &gate->trying))
        trdbi_pool_serve(db, waiter, TRDBI_GIVEN_TRIAL);
}

static void answer_all(trdb_db *db, trdbi_waiter_state state) {
    for (trdbi_waiter *waiter = db->first_waiter, *next; waiter; waiter = next) {
        next = waiter->next;
        if (waiter->has_place)
            trdbi_pool_serve(db, waiter, state);
    }
}

/* What the failure says: that there is a server after all, that there is none, or nothing of either. */
static bool is_there(int code) {
    return code == 0 || code == TRDB_E_SCHEMA || code == TRDB_E_SCHEMA_NEWER || code == TRDB_E_UNSUPPORTED;
}

static bool is_away(int code) {
    return code == TRDB_E_CONNECT || code == TRDB_E_TIMEOUT || code == TRDB_E_AUTH || code == TRDB_E_EXHAUSTED ||
           code == TRDB_E_CONNECTION_LOST;
}

static void shut(trdbi_gate *gate, const trdb_error *error) {
    int64_t pause_us = FIRST_PAUSE_US;
    for (int i = 0; i < gate->failures && pause_us < LONGEST_PAUSE_US; i++)
        pause_us *= 2;
    pause_us = pause_us < LONGEST_PAUSE_US ? pause_us : LONGEST_PAUSE_US;
    gate->failures += gate->failures < INT32_MAX;
    gate->until_us = trdbi_monotonic_us() + pause_us - (int64_t)(trdbi_chance(gate) % ((uint64_t)pause_us / 2));
    trdb_error_free(gate->reason);
    gate->reason = trdbi_error_copy(error);
}

void trdbi_gate_tell(trdb_db *db, bool trial, int code, const trdb_error *error) {
    trdbi_gate *gate = &db->gate;
    gate->trying = gate->trying && !trial;
    if (is_there(code)) {
        gate->failures = 0;
        answer_all(db, TRDBI_LET_THROUGH);
    } else if (is_away(code) && (trial || gate->failures == 0)) { /* those that failed together count once */
        shut(gate, error);
        answer_all(db, TRDBI_LET_DOWN);
    } else {
        trdbi_gate_look(db);
    }
}

int trdbi_gate_reason(const trdbi_gate *gate, trdb_error **reterr) {
    if (!gate->reason)
        return trdbi_error(reterr, TRDB_E_CONNECT, "the server takes no connections");
    trdbi_error_hand(reterr, trdbi_error_copy(gate->reason));
    return trdb_error_code(gate->reason);
}

int trdbi_gate_late(const trdbi_gate *gate, int timeout_ms, trdb_error **reterr) {
    return trdbi_error(reterr, TRDB_E_TIMEOUT, "no connection could be made within %d ms; the last attempt: %s",
                       timeout_ms, gate->reason ? trdb_error_message(gate->reason) : "failed");
}
