/* SPDX-License-Identifier: MIT */
/* Rows as they arrive: what columns and large lists read by. A result that is kept whole beside what is made of it
 * would double the memory, and nothing could be decoded while the server still sends. */
#include "base/text.h"
#include "entity/internal.h"

#include <stdlib.h>

/* From here on, COPY is worth its round trip and its planning; and a limit that nobody gives who expects less. */
enum { LARGE = 4096, LARGE_LIMIT = 100000 };

/* ---- SQL ------------------------------------------------------------------------------------------ */

/* Whether a value of a secret column stands in the statement. */
static bool compares_secret(const trdbi_shape *shape) {
    const trdbi_table *table = shape->table;
    for (unsigned i = 0; i < table->column_count; i++) {
        bool ordered = shape->after != TRDBI_AFTER_NONE && (i == shape->order_by || i == table->key);
        bool compared = shape->where[i] != TRDB_OP_NONE && shape->where[i] != TRDB_OP_IS_NULL &&
                        shape->where[i] != TRDB_OP_NOT_NULL;
        if ((ordered || compared) && table->columns[i].flags & TRDBI_SECRET)
            return true;
    }
    return false;
}

/* A secret must not stand in SQL, which servers show and log: then parameters it is. */
int trdbi_rows_sql_build(trdbi_rows_sql *texts, const trdbi_build *build, const trdbi_params *params,
                         trdbi_rows *job, trdb_error **reterr) {
    int code = trdbi_build_sql(build, &texts->sql, reterr);
    job->params = params;
    job->sql = texts->sql.data;
    if (code < 0 || compares_secret(build->shape))
        return code;
    code = trdbi_build_inline(texts->sql.data, params, &texts->copy, reterr);
    if (code == 0)
        code = trdbi_build_types(build, &texts->types, reterr);
    job->copy_sql = texts->copy.data;
    job->types_sql = texts->types.data;
    return code;
}

void trdbi_rows_sql_free(trdbi_rows_sql *texts) {
    trdbi_buf_free(&texts->sql);
    trdbi_buf_free(&texts->copy);
    trdbi_buf_free(&texts->types);
}

/* ---- lists ---------------------------------------------------------------------------------------- */

/* By what the statement gave last time; the first time by its limit, the last parameter. */
trdbi_size trdbi_size_of_list(trdb_uow *uow, const trdbi_shape *shape, const trdbi_statement *statement,
                              const trdbi_params *params) {
    int64_t limit = 0;
    if (shape->limit && !params->failed && !params->data.failed)
        limit = (int64_t)trdbi_get_u64(params->data.data + params->items[params->count - 1].offset);
    if (shape->limit && limit < LARGE)
        return TRDBI_SMALL;
    int64_t last = trdbi_uow_last_rows(uow, statement);
    if (last > 0)
        return last >= LARGE ? TRDBI_LARGE : TRDBI_SMALL;
    return limit >= LARGE_LIMIT ? TRDBI_LARGE : TRDBI_ANY_SIZE;
}

void trdbi_note_rows(trdb_uow *uow, const trdbi_statement *statement, size_t rows) {
    if (rows >= LARGE)
        trdbi_uow_note_rows(uow, statement, (int64_t)rows);
}

typedef struct filling {
    const trdbi_table *table;
    trdbi_list *list;
    uint32_t types[TRDBI_MAX_COLUMNS];
} filling;

static int take_types(void *arg, const uint32_t *types, trdb_error **reterr) {
    filling *f = arg;
    (void)reterr;
    memcpy(f->types, types, f->table->column_count * sizeof *types);
    return 0;
}

static int take_row(void *arg, const trdbi_value *values, trdb_error **reterr) {
    filling *f = arg;
    return trdbi_list_append(f->list, &f->table->columns->field, sizeof(trdbi_column), f->table->column_count,
                             f->types, values, reterr);
}

static int read_by_copy(trdb_uow *uow, const trdbi_build *build, trdbi_rows *job, const trdbi_params *params,
                        trdb_error **reterr) {
    trdbi_rows_sql texts = {0};
    int code = trdbi_rows_sql_build(&texts, build, params, job, reterr);
    if (code == 0)
        code = trdbi_uow_rows(uow, job, reterr);
    trdbi_rows_sql_free(&texts);
    return code;
}

/* As the statement that it is, in the round trip that it would take anyway. */
static int read_by_statement(trdb_uow *uow, const trdbi_statement *statement, const trdbi_rows *job,
                             const trdbi_params *params, trdb_error **reterr) {
    trdbi_statement heard = *statement;
    heard.rows = job;
    return trdbi_uow_run(uow, &heard, params, NULL, reterr);
}

int trdbi_read_rows(trdb_uow *uow, const trdbi_build *build, const trdbi_statement *statement, trdbi_size size,
                    const trdbi_params *params, trdbi_list **ret, trdb_error **reterr) {
    filling f = {.table = build->shape->table, .list = trdbi_list_growing(build->shape->table->row_size)};
    trdbi_rows job = {.name = statement->name,
                      .secret = statement->secret,
                      .columns = f.table->column_count,
                      .begin = take_types,
                      .row = take_row,
                      .arg = &f};
    if (!f.list)
        return trdbi_error_nomem(reterr);
    int code = size == TRDBI_LARGE ? read_by_copy(uow, build, &job, params, reterr)
                                   : read_by_statement(uow, statement, &job, params, reterr);
    if (code < 0) {
        trdbi_list_free(f.list);
        return code;
    }
    size_t rows = trdbi_list_count(f.list);
    trdbi_list_complete(f.list);
    trdbi_uow_note_rows(uow, statement, rows > 0 ? (int64_t)rows : 1);
    *ret = f.list;
    return 0;
}
