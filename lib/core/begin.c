/* SPDX-License-Identifier: MIT */
#include "core/begin.h"

#include <stdio.h>

/* What a unit may set for its transaction: a bit each, in this order. */
enum { STATEMENT_TIMEOUT = 1, LOCK_TIMEOUT = 2, ACTING_USER = 4, IDLE_TIMEOUT = 8 };
static const char *const settings[] = {"statement_timeout", "lock_timeout", "app.current_user_id",
                                       "idle_in_transaction_session_timeout"};

/* What decides the text of both statements; the key in the connection's cache, so it is zeroed first. */
typedef struct begin_shape {
    const char *name;
    int32_t isolation;
    uint32_t flags;
    uint32_t given;
    uint32_t reserved;
} begin_shape;

static int build_begin(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    static const char *const isolations[] = {
        "",
        " ISOLATION LEVEL READ COMMITTED",
        " ISOLATION LEVEL REPEATABLE READ",
        " ISOLATION LEVEL SERIALIZABLE",
    };
    const begin_shape *shape = ctx;
    trdbi_buf_text(sql, "BEGIN");
    trdbi_buf_text(sql, isolations[shape->isolation]);
    if (shape->flags & TRDB_UOW_READ_ONLY)
        trdbi_buf_text(sql, " READ ONLY");
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static int build_settings(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    const begin_shape *shape = ctx;
    int count = 0;
    for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (shape->given >> i & 1) {
            trdbi_buf_text(sql, count++ > 0 ? ", " : "SELECT ");
            trdbi_buf_printf(sql, "set_config('%s', $%d, true)", settings[i], count);
        }
    }
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static trdbi_statement statement_of(const begin_shape *shape,
                                    int (*build)(const void *, trdbi_buf *, trdb_error **)) {
    return (trdbi_statement){
        .name = shape->name, .key = shape, .key_size = sizeof *shape, .build = build, .ctx = shape};
}

static void put_number(trdbi_params *params, int32_t value) {
    char text[16];
    snprintf(text, sizeof text, "%d", value);
    trdbi_params_text(params, text);
}

static int queue_settings(trdbi_conn *conn, const trdb_uow_options *options, trdb_error **reterr) {
    begin_shape shape = {.name = "begin.settings"};
    trdbi_params params = {0};
    if (options->statement_timeout_ms > 0) {
        shape.given |= STATEMENT_TIMEOUT;
        put_number(&params, options->statement_timeout_ms);
    }
    if (options->lock_timeout_ms > 0) {
        shape.given |= LOCK_TIMEOUT;
        put_number(&params, options->lock_timeout_ms);
    }
    if (options->acting_user) {
        shape.given |= ACTING_USER;
        trdbi_params_text(&params, options->acting_user);
    }
    /* A server that does not hear that the connection was given up ends the session, and its locks, by itself. */
    if (options->timeout_ms > 0) {
        shape.given |= IDLE_TIMEOUT;
        put_number(&params, options->timeout_ms);
    }
    int r = 0;
    if (shape.given) {
        trdbi_statement statement = statement_of(&shape, build_settings);
        r = trdbi_conn_queue(conn, &statement, &params, NULL, NULL, reterr);
    }
    trdbi_params_free(&params);
    return r;
}

int trdbi_begin_queue(trdbi_conn *conn, const trdb_uow_options *options, trdb_error **reterr) {
    begin_shape shape = {.name = "begin", .isolation = options->isolation, .flags = options->flags & TRDB_UOW_READ_ONLY};
    trdbi_statement statement = statement_of(&shape, build_begin);
    int r = trdbi_conn_queue(conn, &statement, NULL, NULL, NULL, reterr);
    return r < 0 ? r : queue_settings(conn, options, reterr);
}
