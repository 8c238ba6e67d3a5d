/* SPDX-License-Identifier: MIT */
/* Streams: a cursor on the server, read in batches. It is declared in the round trip of its first batch, and closed
 * with whatever comes next. */
#include "entity/internal.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAME_SIZE = 96 };

typedef enum command { DECLARE = 1, FETCH, CLOSE } command;

/* What decides the text of a command; compared as bytes, so it is zeroed first. */
typedef struct key {
    int32_t command;
    int32_t number; /* of the cursor within its unit */
    int32_t rows;
    int32_t reserved;
    trdbi_shape shape;
} key;

struct trdbi_stream {
    trdbi_guest guest;
    key key;
    char name[NAME_SIZE]; /* "trading_trades.stream" */
    trdbi_list *batch;
    size_t at;  /* rows of the batch that were given */
    bool ended; /* the server has no more */
};

/* ---- commands ------------------------------------------------------------------------------------- */

typedef struct building {
    const key *key;
    const char *schema;
} building;

static int build_command(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    const building *b = ctx;
    switch ((command)b->key->command) {
    case DECLARE: {
        const trdbi_build build = {.shape = &b->key->shape, .schema = b->schema};
        trdbi_buf_printf(sql, "DECLARE trdb_%d NO SCROLL CURSOR FOR ", b->key->number);
        return trdbi_build_sql(&build, sql, reterr);
    }
    case FETCH:
        trdbi_buf_printf(sql, "FETCH FORWARD %d FROM trdb_%d", b->key->rows, b->key->number);
        break;
    case CLOSE:
        trdbi_buf_printf(sql, "CLOSE trdb_%d", b->key->number);
    }
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

/* Runs a command, or leaves it to the next round trip when there is no `ret`. */
static int run(trdbi_stream *s, command what, const trdbi_params *params, trdbi_result **ret,
               trdb_error **reterr) {
    trdb_uow *uow = s->guest.uow;
    key made = s->key;
    made.command = (int32_t)what;
    if (what != DECLARE) { /* the same text whatever the cursor reads */
        const trdbi_table *table = s->key.shape.table;
        memset(&made.shape, 0, sizeof made.shape);
        made.shape.table = table;
    }
    const building b = {.key = &made, .schema = trdbi_uow_schema(uow)};
    const trdbi_statement statement = {.name = s->name,
                                       .key = &made,
                                       .key_size = sizeof made,
                                       .build = build_command,
                                       .ctx = &b,
                                       .secret = s->key.shape.table->secret,
                                       .reads = true};
    return ret ? trdbi_uow_run(uow, &statement, params, ret, reterr)
               : trdbi_uow_queue(uow, &statement, params, NULL, NULL, reterr);
}

/* What was fetched stays readable. A unit that has failed takes no command; its end closes the cursor. */
static void close_cursor(trdbi_stream *s) {
    if (s->guest.uow && trdbi_uow_enter(s->guest.uow, NULL) == 0) {
        (void)run(s, CLOSE, NULL, NULL, NULL);
        trdbi_uow_leave(s->guest.uow);
    }
    trdbi_uow_dismiss(&s->guest);
}

static int fetch(trdbi_stream *s, trdb_error **reterr) {
    const trdbi_table *table = s->key.shape.table;
    trdbi_result *result = NULL;
    trdbi_list *list = NULL;
    int code = run(s, FETCH, NULL, &result, reterr);
    if (code == 0)
        code = trdbi_list_new(result, &table->columns->field, sizeof(trdbi_column), table->column_count,
                              table->row_size, &list, reterr);
    if (code == 0) {
        trdbi_list_free(s->batch);
        s->batch = list;
        s->at = 0;
        s->ended = trdbi_result_rows(result) < (size_t)s->key.rows;
    }
    trdbi_result_free(result);
    if (code == 0 && s->ended)
        close_cursor(s);
    return code;
}

/* ---- the calls ------------------------------------------------------------------------------------ */

static int open_cursor(trdbi_stream *s, trdb_uow *uow, const void *filter, trdb_error **reterr) {
    trdbi_params *params = trdbi_uow_params(uow);
    int code = trdbi_filter_params(s->key.shape.table, filter, NULL, &s->key.shape, params, reterr);
    if (code < 0)
        return code;
    trdbi_uow_host(uow, &s->guest);
    s->key.number = s->guest.number;
    code = run(s, DECLARE, params, NULL, reterr);
    return code < 0 ? code : fetch(s, reterr);
}

static int read_options(const trdb_stream_options *options, int32_t *ret_rows, trdb_error **reterr) {
    trdb_stream_options copy;
    int code = trdbi_copy_struct(&copy, sizeof copy, options, "trdb_stream_options", reterr);
    if (code < 0)
        return code;
    if (copy.reserved != 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_stream_options: reserved is not zero");
    if (copy.batch_rows < 0 || copy.batch_rows > TRDB_STREAM_BATCH_MAX)
        return trdbi_error(reterr, TRDB_E_RANGE, "trdb_stream_options: batch_rows is %d, wanted 1 to %d",
                           copy.batch_rows, TRDB_STREAM_BATCH_MAX);
    *ret_rows = copy.batch_rows > 0 ? copy.batch_rows : TRDB_STREAM_BATCH;
    return 0;
}

int trdbi_entity_stream(trdb_uow *uow, const trdbi_table *table, const void *filter,
                        const trdb_stream_options *options, void *ret, trdb_error **reterr) {
    int32_t rows = 0;
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s.stream: the place for the stream is NULL", table->name);
    int code = read_options(options, &rows, reterr);
    if (code == 0)
        code = trdbi_uow_enter(uow, reterr);
    if (code < 0)
        return code;
    trdbi_stream *s = calloc(1, sizeof *s);
    if (s) {
        snprintf(s->name, sizeof s->name, "%s.stream", table->name);
        s->key.rows = rows;
        s->key.shape.table = table;
        s->key.shape.op = TRDBI_OP_LIST;
        code = open_cursor(s, uow, filter, reterr);
    } else {
        code = trdbi_error_nomem(reterr);
    }
    if (code == 0) {
        trdbi_store(ret, s);
    } else {
        if (s)
            trdbi_error_default_statement(reterr, s->name);
        trdbi_stream_free(s);
    }
    trdbi_uow_leave(uow);
    return code;
}

/* 1 when the batch has rows that were not given yet, 0 at the end. */
static int need_rows(trdbi_stream *s, trdb_error **reterr) {
    if (s->at < trdbi_list_count(s->batch))
        return 1;
    if (s->ended)
        return 0;
    trdb_uow *uow = s->guest.uow;
    if (!uow)
        return trdbi_error(reterr, TRDB_E_STATE, "%s: the transaction that the stream reads in has ended", s->name);
    int code = trdbi_uow_enter(uow, reterr);
    if (code < 0)
        return code;
    code = fetch(s, reterr);
    trdbi_uow_leave(uow);
    return code < 0 ? code : trdbi_list_count(s->batch) > 0;
}

int trdbi_stream_next(trdbi_stream *s, void *ret, trdb_error **reterr) {
    if (!s || !ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "stream: %s is NULL", s ? "the place for the row" : "the stream");
    int more = need_rows(s, reterr);
    if (more == 1)
        trdbi_store(ret, trdbi_list_at(s->batch, s->at++));
    return more;
}

int trdbi_stream_batch(trdbi_stream *s, void *ret, trdb_error **reterr) {
    if (!s || !ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "stream: %s is NULL", s ? "the place for the list" : "the stream");
    if (s->at > 0 && s->at < trdbi_list_count(s->batch))
        return trdbi_error(reterr, TRDB_E_STATE, "%s: a batch is being read row by row; read it to its end first",
                           s->name);
    int more = need_rows(s, reterr);
    if (more == 1) {
        trdbi_store(ret, s->batch);
        s->batch = NULL;
        s->at = 0;
    }
    return more;
}

void trdbi_stream_free(trdbi_stream *s) {
    if (!s)
        return;
    close_cursor(s);
    trdbi_list_free(s->batch);
    free(s);
}
