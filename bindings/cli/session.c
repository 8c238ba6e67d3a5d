/* SPDX-License-Identifier: MIT */
/* The connection of a command, its unit of work and its errors. */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool echo_wanted(void) {
    const char *value = getenv("SQL_ECHO");
    return value && *value && strcmp(value, "0") != 0;
}

void echo(void *arg, const trdb_trace_event *event) {
    (void)arg;
    fprintf(stderr, "-- %s: %" PRId64 " us%s%s\n%s\n", event->statement, event->duration_us,
            event->code < 0 ? ", " : "", event->code < 0 ? trdb_error_code_name(event->code) : "",
            event->sql);
}

void session_cleanup(session *s) {
    trdb_uow_free(s->uow);
    trdb_db_free(s->db);
    trdb_error_free(s->error);
}

int session_failed(session *s) {
    trdb_error *error = s->error;
    s->error = NULL;
    return cli_trdb_error(error);
}

int session_missing(session *s, const char *what, int64_t id, const char *remedy) {
    if (trdb_error_code(s->error) != TRDB_E_NOT_FOUND)
        return session_failed(s);
    return cli_error("there is no %s %" PRId64 "; %s", what, id, remedy);
}

int session_open(const cli *o, session *s) {
    trdb_db_options options = trdb_db_options_init();
    options.schema = o->schema;
    options.pool_size = 1;
    options.pool_overflow = -1;
    if (trdb_open(o->database, &options, &s->db, &s->error) < 0) {
        const int code = trdb_error_code(s->error);
        if (code == TRDB_E_CONNECT || code == TRDB_E_AUTH || code == TRDB_E_TIMEOUT)
            return cli_error("%s; `tradingdb doctor` looks for the reason", trdb_error_message(s->error));
        return session_failed(s);
    }
    if (echo_wanted() && trdb_set_trace(s->db, echo, NULL, &s->error) < 0)
        return session_failed(s);
    return CLI_OK;
}

static int begin(const cli *o, session *s, bool writes) {
    trdb_uow_options options = trdb_uow_options_init();
    if (!writes) {
        options.flags = TRDB_UOW_READ_ONLY;
        options.isolation = TRDB_ISOLATION_REPEATABLE_READ; /* all figures of one moment */
    }
    const int rc = session_open(o, s);
    if (rc != CLI_OK)
        return rc;
    return trdb_uow_begin(s->db, &options, &s->uow, &s->error) < 0 ? session_failed(s) : CLI_OK;
}

int session_read(const cli *o, session *s) {
    return begin(o, s, false);
}

int session_write(const cli *o, session *s) {
    return begin(o, s, true);
}

int session_commit(session *s) {
    return trdb_uow_commit(s->uow, &s->error) < 0 ? session_failed(s) : CLI_OK;
}
