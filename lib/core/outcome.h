/* SPDX-License-Identifier: MIT */
/* What became of a unit whose connection broke during COMMIT. */
#pragma once

#include "core/pool.h"

/* Learns which server a connection has reached. One round trip; a server that does not tell stays unknown. */
void trdbi_server_ask(trdbi_conn *conn, trdbi_server *ret);
/* Does without what the server or the pooler before it cannot do. TRDB_E_UNSUPPORTED for what cannot be done
 * without. */
int trdbi_server_adapt(trdbi_conn *conn, const trdbi_server *server, const trdbi_conninfo *info,
                       trdb_error **reterr);

/* Queues the question for the transaction's id, ahead of the unit's first write. *ret is set when it is
 * answered. */
int trdbi_outcome_queue(trdbi_conn *conn, int64_t *ret, trdb_error **reterr);

/* ---- witness.c: a row that the unit wrote under a key of its own ---------------------------------- */

typedef struct trdbi_witness {
    char *table; /* NULL: there is no witness */
    char *column;
    char *value;
    bool named; /* by the program, which vouches that nobody deletes it; else the library saw the insert */
} trdbi_witness;

void trdbi_witness_free(trdbi_witness *witness);
/* Queues the question whether the row is there and this transaction's; the transaction fails when it is not.
 * For a witness that was named only. */
int trdbi_witness_queue(trdbi_conn *conn, const trdbi_witness *witness, const char *schema,
                        trdb_error **reterr);

typedef enum trdbi_sight { TRDBI_NOT_SEEN, TRDBI_SEEN, TRDBI_CANNOT_SEE } trdbi_sight;
/* Looks for the row as another transaction, for the acting user (NULL: none). */
trdbi_sight trdbi_witness_look(trdbi_conn *conn, const trdbi_witness *witness, const char *schema,
                               const char *acting_user);

/* ---- the verdict ---------------------------------------------------------------------------------- */

typedef enum trdbi_verdict {
    TRDBI_VERDICT_UNKNOWN,
    TRDBI_VERDICT_COMMITTED,
    TRDBI_VERDICT_ABORTED
} trdbi_verdict;

typedef struct trdbi_question {
    const trdbi_server *server; /* that the unit ran on */
    int64_t txid;               /* 0: not learnt */
    const trdbi_witness *witness;
    const char *acting_user;
} trdbi_question;

/* Asks a fresh connection, again and again until the deadline: while no primary answers, and while the unit
 * may still be stored there. */
trdbi_verdict trdbi_outcome_find(trdb_db *db, const trdbi_question *question, int timeout_ms);
