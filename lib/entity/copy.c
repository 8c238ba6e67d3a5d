/* SPDX-License-Identifier: MIT */
/* Many rows by COPY, a run of equal columns at a time. */
#include "entity/bulk.h"

#include <stdio.h>

enum { CHUNK = 1 << 16 };

typedef struct copying {
    trdbi_bulk *b;
    size_t first, count; /* of the piece */
    size_t made;
} copying;

int trdbi_bulk_fill(trdbi_bulk *b, size_t first, size_t count, size_t *made, trdbi_buf *out,
                    trdb_error **reterr) {
    while (*made < count && out->size < CHUNK) {
        int code = trdbi_bulk_tell(b, first + *made, reterr);
        if (code == 0) {
            code = trdbi_bulk_put_row(&b->rows, first + *made, out, reterr);
            if (code < 0)
                trdbi_error_set_row(reterr, (int64_t)*made);
        }
        if (code != 0)
            return code < 0 ? code : 0; /* other columns: the run ends */
        ++*made;
    }
    return *made < count;
}

static int fill(void *arg, trdbi_buf *out, trdb_error **reterr) {
    copying *c = arg;
    return trdbi_bulk_fill(c->b, c->first, c->count, &c->made, out, reterr);
}

void trdbi_bulk_columns(trdbi_buf *sql, const trdbi_bulk_rows *rows, const char *prefix) {
    for (unsigned i = 0; i < rows->given; i++) {
        trdbi_buf_text(sql, i > 0 ? ", " : "");
        trdbi_buf_text(sql, prefix);
        trdbi_buf_identifier(sql, rows->items[i].column->field.name);
    }
}

static void build(const trdbi_bulk *b, trdbi_buf *sql) {
    trdbi_buf_text(sql, "SAVEPOINT " TRDBI_BULK_SAVEPOINT "; COPY ");
    trdbi_buf_text(sql, trdbi_uow_schema(b->uow));
    trdbi_buf_identifier(sql, b->table->name);
    trdbi_buf_text(sql, " (");
    trdbi_bulk_columns(sql, &b->rows, "");
    trdbi_buf_text(sql, ") FROM STDIN (FORMAT binary); RELEASE SAVEPOINT " TRDBI_BULK_SAVEPOINT);
}

int trdbi_bulk_copy(trdbi_bulk *b, trdb_error **reterr) {
    char name[96];
    copying c = {.b = b, .first = b->done, .count = trdbi_bulk_room(b)};
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    build(b, &sql);
    if (sql.failed)
        return trdbi_error_nomem(reterr);
    snprintf(name, sizeof name, "%s.copy", b->table->name);
    const trdbi_copy job = {
        .name = name, .sql = sql.data, .secret = b->table->secret, .fill = fill, .arg = &c};
    int code = trdbi_uow_copy(b->uow, &job, NULL, reterr);
    if (code == 0) {
        b->done += c.made;
        return 0;
    }
    trdbi_error_shift_row(reterr, (int64_t)c.first); /* it counts from the first of its piece */
    code = trdbi_bulk_look_again(b, code, reterr);
    return trdbi_bulk_retry(b, c.first, c.first + c.made, code, reterr);
}
