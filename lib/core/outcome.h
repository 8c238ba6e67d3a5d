/* SPDX-License-Identifier: MIT */
/* What became of a unit whose connection broke during COMMIT. */
#pragma once

#include "core/pool.h"

/* Learns which server a connection has reached. One round trip; a server that does not tell stays unknown. */
void trdbi_server_ask(trdbi_conn *conn, trdbi_server *ret);

/* Queues the question for the transaction's id, ahead of the unit's first write. *ret is set when it is
 * answered. */
int trdbi_outcome_queue(trdbi_conn *conn, int64_t *ret, trdb_error **reterr);

typedef enum trdbi_verdict {
    TRDBI_VERDICT_UNKNOWN,
    TRDBI_VERDICT_COMMITTED,
    TRDBI_VERDICT_ABORTED
} trdbi_verdict;

/* Asks a fresh connection, again and again until the deadline: while no server answers, and while the
 * transaction is still in progress there. Another server than `server`, or one that was promoted since,
 * cannot know. */
trdbi_verdict trdbi_outcome_find(trdb_db *db, const trdbi_server *server, int64_t txid, int timeout_ms);
