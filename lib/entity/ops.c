/* SPDX-License-Identifier: MIT */
/* The operations: shape and parameters in, rows out. */
#include "entity/internal.h"

#include <stdio.h>

static const char *const op_names[] = {
    [TRDBI_OP_GET] = "get",     [TRDBI_OP_GET_MANY] = "get_many", [TRDBI_OP_LIST] = "list",
    [TRDBI_OP_COUNT] = "count", [TRDBI_OP_INSERT] = "insert",     [TRDBI_OP_UPSERT] = "upsert",
    [TRDBI_OP_PATCH] = "patch", [TRDBI_OP_DELETE] = "delete",
};

/* A table's name has at most 63 bytes, an operation's 8. */
enum { NAME_SIZE = 96 };

/* A call under way: what it is named, its shape, and the statement made of both. */
typedef struct call {
    char name[NAME_SIZE]; /* "trading_trades.insert" */
    trdbi_shape shape;
    trdbi_build build;
    trdbi_statement statement;
    trdbi_params *params;
} call;

static void call_init(call *c, const trdbi_table *table, trdbi_op op, const char *schema) {
    memset(&c->shape, 0, sizeof c->shape);
    c->shape.table = table;
    c->shape.op = (uint8_t)op;
    stpcpy(stpcpy(stpcpy(c->name, table->name), "."), op_names[op]);
    c->build = (trdbi_build){.shape = &c->shape, .schema = schema};
    c->statement = (trdbi_statement){.name = c->name,
                                     .key = &c->shape,
                                     .key_size = trdbi_shape_size(&c->shape),
                                     .build = trdbi_build_sql,
                                     .ctx = &c->build,
                                     .secret = table->secret,
                                     .reads = op <= TRDBI_OP_COUNT};
}

/* Begins a call: the unit can take it, no other thread is inside, and its parameters are empty. What begins
 * here ends with call_end(). */
static int call_begin(call *c, trdb_uow *uow, const trdbi_table *table, trdbi_op op, trdb_error **reterr) {
    int code = trdbi_uow_enter(uow, reterr);
    if (code < 0)
        return code;
    call_init(c, table, op, trdbi_uow_schema(uow));
    c->params = trdbi_uow_params(uow);
    return 0;
}

/* The same for a call whose result the caller must want. */
static int call_begin_result(call *c, trdb_uow *uow, const trdbi_table *table, trdbi_op op, const void *ret,
                             trdb_error **reterr) {
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s.%s: the place for the result is NULL", table->name,
                           op_names[op]);
    return call_begin(c, uow, table, op, reterr);
}

static int call_end(const call *c, trdb_uow *uow, int code, trdb_error **reterr) {
    trdbi_uow_leave(uow);
    if (code < 0)
        trdbi_error_default_statement(reterr, c->name);
    return code;
}

/* One row of a result into the caller's pointer. */
static int take_row(const trdbi_table *table, const trdbi_result *result, void *ret, trdb_error **reterr) {
    void *row = NULL;
    int code = trdbi_row_new(result, 0, &table->columns->field, sizeof(trdbi_column), table->column_count,
                             table->row_size, &row, reterr);
    if (code == 0)
        trdbi_store(ret, row);
    return code;
}

static int take_list(const trdbi_table *table, const trdbi_result *result, void *ret, trdb_error **reterr) {
    trdbi_list *list = NULL;
    int code = trdbi_list_new(result, &table->columns->field, sizeof(trdbi_column), table->column_count,
                              table->row_size, &list, reterr);
    if (code == 0)
        trdbi_store(ret, list);
    return code;
}

static int not_found(const trdbi_table *table, trdbi_key key, trdb_error **reterr) {
    const trdbi_column *column = trdbi_key_column(table);
    char shown[TRDB_UUID_TEXT_SIZE + 80];
    if (column->field.kind == TRDBI_I64)
        snprintf(shown, sizeof shown, "%lld", (long long)key.i64);
    else if (column->field.kind == TRDBI_UUID)
        trdb_uuid_format(key.uuid, shown);
    else
        snprintf(shown, sizeof shown, "\"%.60s\"", table->secret ? "…" : key.text);
    trdbi_error(reterr, TRDB_E_NOT_FOUND, "%s: no row with %s %s", table->name, column->field.name, shown);
    trdbi_error_set_column(reterr, table->name, column->field.name);
    return TRDB_E_NOT_FOUND;
}

int trdbi_entity_get(trdb_uow *uow, const trdbi_table *table, trdbi_key key, void *ret, trdb_error **reterr) {
    call c;
    int code = call_begin_result(&c, uow, table, TRDBI_OP_GET, ret, reterr);
    if (code < 0)
        return code;
    trdbi_result *result = NULL;
    code = trdbi_key_param(table, key, c.params, reterr);
    if (code == 0)
        code = trdbi_uow_run(uow, &c.statement, c.params, &result, reterr);
    if (code == 0)
        code = trdbi_result_rows(result) == 0 ? not_found(table, key, reterr)
                                              : take_row(table, result, ret, reterr);
    trdbi_result_free(result);
    return call_end(&c, uow, code, reterr);
}

int trdbi_entity_get_many(trdb_uow *uow, const trdbi_table *table, const void *keys, size_t count, void *ret,
                          trdb_error **reterr) {
    call c;
    int code = call_begin_result(&c, uow, table, TRDBI_OP_GET_MANY, ret, reterr);
    if (code < 0)
        return code;
    trdbi_result *result = NULL;
    code = trdbi_keys_param(table, keys, count, c.params, reterr);
    if (code == 0)
        code = trdbi_uow_run(uow, &c.statement, c.params, &result, reterr);
    if (code == 0)
        code = take_list(table, result, ret, reterr);
    trdbi_result_free(result);
    return call_end(&c, uow, code, reterr);
}

int trdbi_entity_list(trdb_uow *uow, const trdbi_table *table, const void *filter, void *ret,
                      trdb_error **reterr) {
    call c;
    int code = call_begin_result(&c, uow, table, TRDBI_OP_LIST, ret, reterr);
    if (code < 0)
        return code;
    trdbi_result *result = NULL;
    code = trdbi_filter_params(table, filter, &c.shape, c.params, reterr);
    if (code == 0 && trdbi_is_large(uow, &c.shape, &c.statement, c.params)) {
        trdbi_list *list = NULL;
        code = trdbi_read_large(uow, &c.build, &c.statement, c.params, &list, reterr);
        if (code == 0)
            trdbi_store(ret, list);
        return call_end(&c, uow, code, reterr);
    }
    if (code == 0)
        code = trdbi_uow_run(uow, &c.statement, c.params, &result, reterr);
    if (code == 0)
        code = take_list(table, result, ret, reterr);
    if (code == 0)
        trdbi_note_rows(uow, &c.statement, trdbi_result_rows(result));
    trdbi_result_free(result);
    return call_end(&c, uow, code, reterr);
}

int trdbi_entity_count(trdb_uow *uow, const trdbi_table *table, const void *filter, int64_t *ret,
                       trdb_error **reterr) {
    static const trdbi_field count_field = {.name = "count", .kind = TRDBI_I64, .plain = 1};
    call c;
    int code = call_begin_result(&c, uow, table, TRDBI_OP_COUNT, ret, reterr);
    if (code < 0)
        return code;
    trdbi_result *result = NULL;
    int64_t count = 0;
    code = trdbi_filter_params(table, filter, &c.shape, c.params, reterr);
    if (code == 0)
        code = trdbi_uow_run(uow, &c.statement, c.params, &result, reterr);
    if (code == 0)
        code = trdbi_result_decode(result, 0, &count_field, sizeof count_field, 1, NULL, &count, reterr);
    trdbi_result_free(result);
    if (code == 0)
        *ret = count;
    return call_end(&c, uow, code, reterr);
}

/* Runs a write, or leaves it to a later round trip when the unit pipelines and nobody wants its row: then
 * there is no result. */
static int write(trdb_uow *uow, call *c, trdbi_result **ret, trdb_error **reterr) {
    if (c->shape.returning || !trdbi_uow_pipelines(uow))
        return trdbi_uow_run(uow, &c->statement, c->params, ret, reterr);
    c->shape.guarded = c->shape.op == TRDBI_OP_PATCH || c->shape.op == TRDBI_OP_DELETE;
    return trdbi_uow_queue(uow, &c->statement, c->params, NULL, NULL, reterr);
}

static bool met_no_row(const trdbi_result *result) {
    return result && trdbi_result_affected(result) == 0;
}

/* The value of a key that the caller left to the library, as it was put into the parameters. */
static void note_made_key(trdb_uow *uow, const call *c, const void *in) {
    const trdbi_table *table = c->shape.table;
    const trdbi_column *key = trdbi_key_column(table);
    trdb_in_uuid given = {0};
    trdb_uuid made;
    size_t size;
    if (!(key->flags & TRDBI_MADE_KEY) || c->shape.op != TRDBI_OP_INSERT)
        return;
    memcpy(&size, in, sizeof size);
    if (key->new_offset + sizeof given <= size)
        memcpy(&given, (const char *)in + key->new_offset, sizeof given);
    if (given.state != TRDB_NOT_GIVEN)
        return;
    int before = __builtin_popcountll(c->shape.columns & ((UINT64_C(1) << table->key) - 1));
    memcpy(&made, c->params->data.data + c->params->items[before].offset, sizeof made);
    trdbi_uow_note_key(uow, table->name, key->field.name, made);
}

/* An insert, or an upsert on a unique key; hands the row back when it is wanted. */
static int write_row(trdb_uow *uow, const trdbi_table *table, trdbi_op op, unsigned unique, const void *in,
                     void *ret, trdb_error **reterr) {
    call c;
    int code = call_begin(&c, uow, table, op, reterr);
    if (code < 0)
        return code;
    c.shape.unique = (uint8_t)unique;
    c.shape.returning = ret ? TRDBI_RETURN_ROW : TRDBI_RETURN_NOTHING;
    trdbi_result *result = NULL;
    code = trdbi_input_params(table, in, SIZE_MAX, 0, &c.shape, c.params, reterr);
    if (code == 0)
        note_made_key(uow, &c, in);
    if (code == 0)
        code = write(uow, &c, &result, reterr);
    if (code == 0 && ret)
        code = take_row(table, result, ret, reterr);
    trdbi_result_free(result);
    return call_end(&c, uow, code, reterr);
}

int trdbi_entity_insert(trdb_uow *uow, const trdbi_table *table, const void *in, void *ret,
                        trdb_error **reterr) {
    return write_row(uow, table, TRDBI_OP_INSERT, 0, in, ret, reterr);
}

int trdbi_entity_insert_ref(trdb_uow *uow, const trdbi_table *table, const void *in, trdb_ref *ret,
                            trdb_error **reterr) {
    call c;
    char slot[TRDBI_SLOT_SIZE];
    int code = call_begin_result(&c, uow, table, TRDBI_OP_INSERT, ret, reterr);
    if (code < 0)
        return code;
    c.shape.returning = TRDBI_RETURN_HANDLE;
    code = trdbi_input_params(table, in, SIZE_MAX, 0, &c.shape, c.params, reterr);
    if (code == 0) {
        trdbi_ref_slot(uow, slot);
        trdbi_params_text(c.params, slot);
        code = trdbi_uow_insert_ref(uow, &c.statement, c.params, table, ret, reterr);
    }
    return call_end(&c, uow, code, reterr);
}

/* The key is among the parameters: the library makes it when it is not given. */
int trdbi_entity_insert_key(trdb_uow *uow, const trdbi_table *table, const void *in, trdb_uuid *ret,
                            trdb_error **reterr) {
    call c;
    trdb_uuid key;
    int code = call_begin_result(&c, uow, table, TRDBI_OP_INSERT, ret, reterr);
    if (code < 0)
        return code;
    code = trdbi_input_params(table, in, SIZE_MAX, 0, &c.shape, c.params, reterr);
    if (code == 0 && (c.params->failed || c.params->data.failed))
        code = trdbi_error_nomem(reterr);
    uint64_t before = c.shape.columns & ((UINT64_C(1) << table->key) - 1);
    const struct trdbi_param *param = code == 0 ? &c.params->items[__builtin_popcountll(before)] : NULL;
    if (code == 0 && param->length != (int32_t)sizeof key)
        code = trdbi_refuse(table, trdbi_key_column(table), TRDB_E_NOT_NULL, reterr, "the key is NULL");
    if (code == 0) {
        memcpy(&key, c.params->data.data + param->offset, sizeof key);
        code = write(uow, &c, NULL, reterr);
    }
    if (code == 0)
        *ret = key;
    return call_end(&c, uow, code, reterr);
}

int trdbi_entity_upsert(trdb_uow *uow, const trdbi_table *table, unsigned unique, const void *in, void *ret,
                        trdb_error **reterr) {
    return write_row(uow, table, TRDBI_OP_UPSERT, unique, in, ret, reterr);
}

int trdbi_entity_patch(trdb_uow *uow, const trdbi_table *table, trdbi_key key, const void *in, void *ret,
                       trdb_error **reterr) {
    call c;
    int code = call_begin(&c, uow, table, TRDBI_OP_PATCH, reterr);
    if (code < 0)
        return code;
    c.shape.returning = ret ? TRDBI_RETURN_ROW : TRDBI_RETURN_NOTHING;
    trdbi_result *result = NULL;
    code = trdbi_input_params(table, in, SIZE_MAX, UINT64_C(1) << table->key, &c.shape, c.params, reterr);
    if (code == 0 && c.shape.columns == 0)
        code = trdbi_error(reterr, TRDB_E_INVALID, "%s: the patch gives no field", table->name);
    if (code == 0)
        code = trdbi_key_param(table, key, c.params, reterr);
    if (code == 0)
        code = write(uow, &c, &result, reterr);
    if (code == 0 && met_no_row(result))
        code = not_found(table, key, reterr);
    if (code == 0 && ret)
        code = take_row(table, result, ret, reterr);
    trdbi_result_free(result);
    return call_end(&c, uow, code, reterr);
}

int trdbi_entity_delete(trdb_uow *uow, const trdbi_table *table, trdbi_key key, trdb_error **reterr) {
    call c;
    int code = call_begin(&c, uow, table, TRDBI_OP_DELETE, reterr);
    if (code < 0)
        return code;
    trdbi_result *result = NULL;
    code = trdbi_key_param(table, key, c.params, reterr);
    if (code == 0)
        code = write(uow, &c, &result, reterr);
    if (code == 0 && met_no_row(result))
        code = not_found(table, key, reterr);
    trdbi_result_free(result);
    return call_end(&c, uow, code, reterr);
}

/* ---- many rows ------------------------------------------------------------------------------------ */

enum { COPY_FROM = 500 }; /* rows; below, the question for the types costs more than it brings */

typedef struct bulk {
    call call;
    const char *rows;
    size_t stride;
    trdbi_list *list; /* NULL when the rows are not wanted back */
} bulk;

static int bulk_next(void *arg, size_t i, trdbi_params *params, trdbi_statement *ret_statement,
                     trdb_error **reterr) {
    bulk *b = arg;
    trdbi_shape *shape = &b->call.shape;
    shape->columns = 0;
    int code = trdbi_input_params(shape->table, b->rows + i * b->stride, b->stride, 0, shape, params, reterr);
    *ret_statement = b->call.statement;
    return code;
}

static int bulk_take(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr) {
    (void)i;
    bulk *b = arg;
    const trdbi_table *table = b->call.shape.table;
    return trdbi_list_add(b->list, result, &table->columns->field, sizeof(trdbi_column), table->column_count,
                          reterr);
}

int trdbi_entity_insert_many(trdb_uow *uow, const trdbi_table *table, const void *rows, size_t stride,
                             size_t count, void *ret, trdb_error **reterr) {
    if (count > 0 && !rows)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: %zu rows but no array", table->name, count);
    if (stride < sizeof(size_t))
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: row_size is %zu; give sizeof(%s_new)", table->name,
                           stride, table->type);
    bulk b = {.rows = rows, .stride = stride};
    size_t copied = 0;
    int code = call_begin(&b.call, uow, table, TRDBI_OP_INSERT, reterr);
    if (code < 0)
        return code;
    b.call.shape.returning = ret ? TRDBI_RETURN_ROW : TRDBI_RETURN_NOTHING;
    if (ret && !(b.list = trdbi_list_empty(count, table->row_size)))
        code = trdbi_error_nomem(reterr);
    if (code == 0 && !ret && count >= COPY_FROM)
        code = trdbi_copy_rows(uow, table, rows, stride, count, &copied, reterr);
    b.rows += copied * stride;
    if (code == 0 && count > copied) {
        code = trdbi_uow_run_many(uow, count - copied, bulk_next, ret ? bulk_take : NULL, &b, reterr);
        if (code < 0)
            trdbi_error_shift_row(reterr, (int64_t)copied);
    }
    if (code < 0)
        trdbi_list_free(b.list);
    else if (ret)
        trdbi_store(ret, b.list);
    return call_end(&b.call, uow, code, reterr);
}
