/* SPDX-License-Identifier: MIT */
/* The row that bears witness of a unit: naming it, making sure of it before COMMIT, looking for it after. */
#include "base/text.h"
#include "core/uow.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NAME = 63 };

void trdbi_witness_free(trdbi_witness *witness) {
    free(witness->table);
    free(witness->column);
    free(witness->value);
    *witness = (trdbi_witness){0};
}

static int set(trdbi_witness *witness, const char *table, const char *column, const char *value, bool named,
               trdb_error **reterr) {
    trdbi_witness made = {
        .table = strdup(table), .column = strdup(column), .value = strdup(value), .named = named};
    if (!made.table || !made.column || !made.value) {
        trdbi_witness_free(&made);
        return trdbi_error_nomem(reterr);
    }
    trdbi_witness_free(witness);
    *witness = made;
    return 0;
}

static int check_name(const char *what, const char *name, trdb_error **reterr) {
    size_t size = name ? strlen(name) : 0;
    if (size == 0 || size > MAX_NAME)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_set_witness: %s has %zu bytes, wanted 1 to %d",
                           what, size, MAX_NAME);
    if (trdbi_utf8_length(name, size) < 0)
        return trdbi_error(reterr, TRDB_E_ENCODING, "trdb_uow_set_witness: %s is not valid UTF-8", what);
    return 0;
}

int trdb_uow_set_witness(trdb_uow *uow, const char *table, const char *column, const char *value,
                         trdb_error **reterr) {
    int r = check_name("table", table, reterr);
    if (r == 0)
        r = check_name("column", column, reterr);
    if (r == 0 && !value)
        r = trdbi_error(reterr, TRDB_E_INVALID, "trdb_uow_set_witness: value is NULL");
    if (r == 0 && trdbi_utf8_length(value, strlen(value)) < 0)
        r = trdbi_error(reterr, TRDB_E_ENCODING, "trdb_uow_set_witness: value is not valid UTF-8");
    if (r == 0)
        r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    r = set(&uow->witness, table, column, value, true, reterr);
    trdbi_uow_leave(uow);
    return r;
}

void trdbi_uow_note_key(trdb_uow *uow, const char *table, const char *column, trdb_uuid key) {
    char text[TRDB_UUID_TEXT_SIZE];
    if (uow->witness.table)
        return;
    trdb_uuid_format(key, text);
    (void)set(&uow->witness, table, column, text, false, NULL); /* without memory there is just no witness */
}

/* ---- SQL ------------------------------------------------------------------------------------------ */

static void put_column(trdbi_buf *sql, const trdbi_witness *witness, const char *schema) {
    trdbi_buf_text(sql, schema);
    trdbi_buf_identifier(sql, witness->table);
    trdbi_buf_text(sql, " WHERE ");
    trdbi_buf_identifier(sql, witness->column);
}

/* The parameter is text and becomes a value of the column's type, whatever that is: so that an index serves
 * and one statement does for every value. */
static void put_parameter(trdbi_buf *sql, const trdbi_witness *witness, const char *schema) {
    trdbi_buf_text(sql, " = (jsonb_populate_record(NULL::");
    trdbi_buf_text(sql, schema);
    trdbi_buf_identifier(sql, witness->table);
    trdbi_buf_text(sql, ", jsonb_build_object($1, $2))).");
    trdbi_buf_identifier(sql, witness->column);
}

static int build_check(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    const trdbi_buf *text = ctx;
    trdbi_buf_append(sql, text->data, text->size);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

/* A row that is older than the transaction says nothing about it. */
int trdbi_witness_queue(trdbi_conn *conn, const trdbi_witness *witness, const char *schema,
                        trdb_error **reterr) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_params params = {0};
    if (!witness->named)
        return 0;
    trdbi_buf_text(&sql, "SELECT (CASE count(*) WHEN 0 THEN '" TRDBI_NO_SUCH_ROW "' ELSE '1' END)::int4 FROM ");
    put_column(&sql, witness, schema);
    put_parameter(&sql, witness, schema);
    trdbi_buf_text(&sql, " AND age(xmin) <= 0");
    if (sql.failed)
        return trdbi_error_nomem(reterr);
    const trdbi_statement statement = {.name = "commit.witness",
                                       .key = sql.data,
                                       .key_size = sql.size,
                                       .build = build_check,
                                       .ctx = &sql,
                                       .secret = true,
                                       .reads = true};
    trdbi_params_text(&params, witness->column);
    trdbi_params_text(&params, witness->value);
    int r = trdbi_conn_queue(conn, &statement, &params, NULL, NULL, reterr);
    trdbi_params_free(&params);
    return r;
}

trdbi_sight trdbi_witness_look(trdbi_conn *conn, const trdbi_witness *witness, const char *schema,
                               const char *acting_user) {
    trdbi_buf sql __attribute__((cleanup(trdbi_buf_cleanup))) = {0};
    trdbi_result *result = NULL;
    int r = 0;
    /* Both run in one transaction, so that the setting ends with it. */
    if (acting_user) {
        trdbi_buf_text(&sql, "SELECT set_config('app.current_user_id', ");
        r = trdbi_conn_literal(conn, acting_user, &sql, NULL);
        trdbi_buf_text(&sql, ", true); ");
    }
    trdbi_buf_text(&sql, "SELECT count(*) FROM ");
    put_column(&sql, witness, schema);
    trdbi_buf_text(&sql, " = ");
    if (r == 0)
        r = trdbi_conn_literal(conn, witness->value, &sql, NULL);
    if (r == 0 && !sql.failed)
        r = trdbi_conn_exec_shown(conn, "commit.witness", sql.data, "", &result, NULL);
    if (r < 0 || sql.failed)
        return TRDBI_CANNOT_SEE;
    const char *count = trdbi_result_text(result, 0, 0);
    trdbi_sight sight = !count ? TRDBI_CANNOT_SEE : strcmp(count, "0") == 0 ? TRDBI_NOT_SEEN : TRDBI_SEEN;
    trdbi_result_free(result);
    return sight;
}
