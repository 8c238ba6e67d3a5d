/* SPDX-License-Identifier: MIT */
/* The operations: shape and parameters in, rows out. */
#include "entity/internal.h"

static const char *const op_names[] = {
    [TRDBI_OP_GET] = "get",     [TRDBI_OP_GET_MANY] = "get_many", [TRDBI_OP_LIST] = "list",
    [TRDBI_OP_COUNT] = "count", [TRDBI_OP_INSERT] = "insert",     [TRDBI_OP_UPSERT] = "upsert",
    [TRDBI_OP_PATCH] = "patch", [TRDBI_OP_DELETE] = "delete",
};

void trdbi_shape_name(const trdbi_shape *shape, char *name) {
    stpcpy(stpcpy(stpcpy(name, shape->table->name), "."), op_names[shape->op]);
}

trdbi_statement trdbi_shape_statement(const trdbi_build *build, const char *name) {
    const trdbi_shape *shape = build->shape;
    return (trdbi_statement){.name = name,
                             .key = shape,
                             .key_size = trdbi_shape_size(shape),
                             .build = trdbi_build_sql,
                             .ctx = build,
                             .secret = shape->table->secret,
                             .reads = shape->op <= TRDBI_OP_COUNT};
}

/* A call under way: what it is named, its shape, and the statement made of both. */
typedef struct call {
    trdbi_to to;
    char name[TRDBI_CALL_NAME_SIZE]; /* "trading_trades.insert" */
    trdbi_shape shape;
    trdbi_build build;
    trdbi_statement statement;
    trdbi_params *params;
} call;

static void call_init(call *c, const trdbi_table *table, trdbi_op op, const char *schema) {
    memset(&c->shape, 0, sizeof c->shape);
    c->shape.table = table;
    c->shape.op = (uint8_t)op;
    trdbi_shape_name(&c->shape, c->name);
    c->build = (trdbi_build){.shape = &c->shape, .schema = schema};
    c->statement = trdbi_shape_statement(&c->build, c->name);
}

/* Begins a call: the unit can take it, no other thread is inside, and its parameters are empty. What begins
 * here ends with call_end(). */
static int call_begin_to(call *c, trdbi_to to, const trdbi_table *table, trdbi_op op, trdb_error **reterr) {
    int code = to.later ? trdbi_batch_enter(to.batch, &to.uow, reterr) : trdbi_uow_enter(to.uow, reterr);
    if (code < 0)
        return code;
    c->to = to;
    call_init(c, table, op, trdbi_uow_schema(to.uow));
    c->params = trdbi_uow_params(to.uow);
    return 0;
}

static int call_begin(call *c, trdb_uow *uow, const trdbi_table *table, trdbi_op op, trdb_error **reterr) {
    return call_begin_to(c, trdbi_now(uow), table, op, reterr);
}

/* The same for a call whose result the caller must want. */
static int call_begin_result(call *c, trdbi_to to, const trdbi_table *table, trdbi_op op, const void *ret,
                             trdb_error **reterr) {
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s.%s: the place for the result is NULL", table->name,
                           op_names[op]);
    return call_begin_to(c, to, table, op, reterr);
}

static int call_end(const call *c, int code, trdb_error **reterr) {
    trdbi_uow_leave(c->to.uow);
    if (code < 0)
        trdbi_error_default_statement(reterr, c->name);
    return code;
}

/* A write that nobody wants a row of waits when the unit pipelines. Then the server itself has to stop where
 * it meets no row. */
static bool waits(call *c, const void *ret) {
    if (ret || c->statement.reads || !trdbi_uow_pipelines(c->to.uow))
        return false;
    c->shape.guarded = c->shape.op == TRDBI_OP_PATCH || c->shape.op == TRDBI_OP_DELETE;
    return true;
}

/* Runs the call, leaves it to a later round trip, or puts it into its batch. */
static int call_go(call *c, const trdbi_taking *taking, trdb_error **reterr) {
    trdbi_result *result = NULL;
    if (c->to.later)
        return trdbi_batch_add(c->to.batch, &c->shape, NULL, c->params, taking, reterr);
    if (waits(c, taking->ret))
        return trdbi_uow_queue(c->to.uow, &c->statement, c->params, NULL, NULL, reterr);
    int code = trdbi_uow_run(c->to.uow, &c->statement, c->params, &result, reterr);
    if (code == 0)
        code = trdbi_take(taking, result, reterr);
    trdbi_result_free(result);
    return code;
}

/* ---- reads ---------------------------------------------------------------------------------------- */

int trdbi_put_get(trdbi_to to, const trdbi_table *table, trdbi_key key, void *ret, trdb_error **reterr) {
    const trdbi_taking taking = {TRDBI_TAKE_ROW, .table = table, .key = key, .by_key = true, .ret = ret};
    call c;
    int code = call_begin_result(&c, to, table, TRDBI_OP_GET, ret, reterr);
    if (code < 0)
        return code;
    code = trdbi_key_param(table, key, c.params, reterr);
    if (code == 0)
        code = call_go(&c, &taking, reterr);
    return call_end(&c, code, reterr);
}

int trdbi_put_get_many(trdbi_to to, const trdbi_table *table, const void *keys, size_t count, void *ret,
                       trdb_error **reterr) {
    const trdbi_taking taking = {TRDBI_TAKE_LIST, .table = table, .ret = ret};
    call c;
    int code = call_begin_result(&c, to, table, TRDBI_OP_GET_MANY, ret, reterr);
    if (code < 0)
        return code;
    code = trdbi_keys_param(table, keys, count, c.params, reterr);
    if (code == 0)
        code = call_go(&c, &taking, reterr);
    return call_end(&c, code, reterr);
}

/* A list that is known to be small comes at once; another is decoded as it arrives. */
static int go_list(call *c, const trdbi_taking *taking, trdb_error **reterr) {
    trdb_uow *uow = c->to.uow;
    trdbi_list *list = NULL;
    trdbi_result *result = NULL;
    trdbi_size size = trdbi_size_of_list(uow, &c->shape, &c->statement, c->params);
    if (size != TRDBI_SMALL) {
        int code = trdbi_read_rows(uow, &c->build, &c->statement, size, c->params, &list, reterr);
        if (code == 0)
            trdbi_store(taking->ret, list);
        return code;
    }
    int code = trdbi_uow_run(uow, &c->statement, c->params, &result, reterr);
    if (code == 0)
        code = trdbi_take(taking, result, reterr);
    if (code == 0)
        trdbi_note_rows(uow, &c->statement, trdbi_result_rows(result));
    trdbi_result_free(result);
    return code;
}

int trdbi_put_filtered(trdbi_to to, const trdbi_table *table, trdbi_op op, const void *filter,
                       const trdbi_key *behind, void *ret, trdb_error **reterr) {
    const trdbi_taking taking = {op == TRDBI_OP_LIST ? TRDBI_TAKE_LIST : TRDBI_TAKE_COUNT, .table = table,
                                 .ret = ret};
    call c;
    int code = call_begin_result(&c, to, table, op, ret, reterr);
    if (code < 0)
        return code;
    code = trdbi_filter_params(table, filter, behind, &c.shape, c.params, reterr);
    if (code == 0 && op == TRDBI_OP_LIST && !c.to.later)
        code = go_list(&c, &taking, reterr);
    else if (code == 0)
        code = call_go(&c, &taking, reterr);
    return call_end(&c, code, reterr);
}

/* ---- writes --------------------------------------------------------------------------------------- */

/* The given columns. In a batch a handle's key has to be known, since its setting will not last until then.
 */
static int take_input(call *c, const void *in, uint64_t skip, trdb_error **reterr) {
    const trdbi_table *table = c->shape.table;
    int code = trdbi_input_params(table, in, SIZE_MAX, skip, &c->shape, c->params, reterr);
    if (code < 0 || !c->to.later || c->shape.refs == 0)
        return code;
    code = trdbi_uow_settle_refs(c->to.uow, reterr);
    if (code < 0)
        return code;
    c->shape.columns = c->shape.refs = 0;
    c->params = trdbi_uow_params(c->to.uow);
    return trdbi_input_params(table, in, SIZE_MAX, skip, &c->shape, c->params, reterr);
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
int trdbi_put_row(trdbi_to to, const trdbi_table *table, trdbi_op op, unsigned unique, const void *in,
                  void *ret, trdb_error **reterr) {
    const trdbi_taking taking = {ret ? TRDBI_TAKE_ROW : TRDBI_TAKE_NOTHING, .table = table, .ret = ret};
    call c;
    int code = call_begin_to(&c, to, table, op, reterr);
    if (code < 0)
        return code;
    c.shape.unique = (uint8_t)unique;
    c.shape.returning = ret ? TRDBI_RETURN_ROW : TRDBI_RETURN_NOTHING;
    code = take_input(&c, in, 0, reterr);
    if (code == 0 && !c.to.later) /* what a batch holds may never be written */
        note_made_key(c.to.uow, &c, in);
    if (code == 0)
        code = call_go(&c, &taking, reterr);
    return call_end(&c, code, reterr);
}

int trdbi_entity_insert_ref(trdb_uow *uow, const trdbi_table *table, const void *in, trdb_ref *ret,
                            trdb_error **reterr) {
    call c;
    char slot[TRDBI_SLOT_SIZE];
    int code = call_begin_result(&c, trdbi_now(uow), table, TRDBI_OP_INSERT, ret, reterr);
    if (code < 0)
        return code;
    c.shape.returning = TRDBI_RETURN_HANDLE;
    code = take_input(&c, in, 0, reterr);
    if (code == 0) {
        trdbi_ref_slot(uow, slot);
        trdbi_params_text(c.params, slot);
        code = trdbi_uow_insert_ref(uow, &c.statement, c.params, table, ret, reterr);
    }
    return call_end(&c, code, reterr);
}

/* The key is among the parameters: the library makes it when it is not given. */
int trdbi_entity_insert_key(trdb_uow *uow, const trdbi_table *table, const void *in, trdb_uuid *ret,
                            trdb_error **reterr) {
    const trdbi_taking taking = {TRDBI_TAKE_NOTHING, .table = table};
    call c;
    trdb_uuid key;
    int code = call_begin_result(&c, trdbi_now(uow), table, TRDBI_OP_INSERT, ret, reterr);
    if (code < 0)
        return code;
    code = take_input(&c, in, 0, reterr);
    if (code == 0 && (c.params->failed || c.params->data.failed))
        code = trdbi_error_nomem(reterr);
    uint64_t before = c.shape.columns & ((UINT64_C(1) << table->key) - 1);
    const struct trdbi_param *param = code == 0 ? &c.params->items[__builtin_popcountll(before)] : NULL;
    if (code == 0 && param->length != (int32_t)sizeof key)
        code = trdbi_refuse(table, trdbi_key_column(table), TRDB_E_NOT_NULL, reterr, "the key is NULL");
    if (code == 0) {
        memcpy(&key, c.params->data.data + param->offset, sizeof key);
        note_made_key(uow, &c, in);
        code = call_go(&c, &taking, reterr);
    }
    if (code == 0)
        *ret = key;
    return call_end(&c, code, reterr);
}

int trdbi_put_patch(trdbi_to to, const trdbi_table *table, trdbi_key key, const void *in, void *ret,
                    trdb_error **reterr) {
    const trdbi_taking taking = {ret ? TRDBI_TAKE_ROW : TRDBI_TAKE_NOTHING, .table = table, .key = key,
                                 .by_key = true, .ret = ret};
    call c;
    int code = call_begin_to(&c, to, table, TRDBI_OP_PATCH, reterr);
    if (code < 0)
        return code;
    c.shape.returning = ret ? TRDBI_RETURN_ROW : TRDBI_RETURN_NOTHING;
    code = take_input(&c, in, UINT64_C(1) << table->key, reterr);
    if (code == 0 && c.shape.columns == 0)
        code = trdbi_error(reterr, TRDB_E_INVALID, "%s: the patch gives no field", table->name);
    if (code == 0)
        code = trdbi_key_param(table, key, c.params, reterr);
    if (code == 0)
        code = call_go(&c, &taking, reterr);
    return call_end(&c, code, reterr);
}

/* Columns to write, the key, and the columns that have to hold what the guard gives. */
static int put_guarded(call *c, trdbi_key key, const void *guard, const void *in, trdb_error **reterr) {
    const trdbi_table *table = c->shape.table;
    const uint64_t skip = UINT64_C(1) << table->key;
    trdbi_shape held = {.table = table, .op = TRDBI_OP_PATCH};
    int code = take_input(c, in, skip, reterr);
    if (code == 0 && c->shape.columns == 0)
        code = trdbi_error(reterr, TRDB_E_INVALID, "%s: the patch gives no field", table->name);
    if (code == 0)
        code = trdbi_key_param(table, key, c->params, reterr);
    if (code == 0)
        code = trdbi_input_params(table, guard, SIZE_MAX, skip, &held, c->params, reterr);
    if (code == 0 && (held.columns == 0 || held.refs != 0))
        code = trdbi_error(reterr, TRDB_E_INVALID, "%s: the guard %s", table->name,
                           held.refs ? "takes no handle whose key is not known yet" : "gives no field");
    c->shape.guards = held.columns;
    return code;
}

int trdbi_entity_patch_if(trdb_uow *uow, const trdbi_table *table, trdbi_key key, const void *guard,
                          const void *in, void *ret, trdb_error **reterr) {
    const trdbi_taking taking = {ret ? TRDBI_TAKE_ROW : TRDBI_TAKE_NOTHING, .table = table, .key = key,
                                 .by_key = true, .ret = ret};
    call c;
    void *row = NULL;
    int code = call_begin(&c, uow, table, TRDBI_OP_PATCH, reterr);
    if (code < 0)
        return code;
    c.shape.returning = ret ? TRDBI_RETURN_ROW : TRDBI_RETURN_NOTHING;
    code = put_guarded(&c, key, guard, in, reterr);
    if (code == 0)
        code = call_go(&c, &taking, reterr);
    /* No row was met: is there none, or does it hold something else? */
    if (code == TRDB_E_NOT_FOUND && trdbi_entity_get(uow, table, key, &row, NULL) == 0) {
        trdbi_row_free(row);
        code = trdbi_error(reterr, TRDB_E_CONFLICT, "%s: the row has changed since it was read", c.name);
    }
    return call_end(&c, code, reterr);
}

int trdbi_put_delete(trdbi_to to, const trdbi_table *table, trdbi_key key, trdb_error **reterr) {
    const trdbi_taking taking = {TRDBI_TAKE_NOTHING, .table = table, .key = key, .by_key = true};
    call c;
    int code = call_begin_to(&c, to, table, TRDBI_OP_DELETE, reterr);
    if (code < 0)
        return code;
    code = trdbi_key_param(table, key, c.params, reterr);
    if (code == 0)
        code = call_go(&c, &taking, reterr);
    return call_end(&c, code, reterr);
}

/* ---- into the unit, at once ----------------------------------------------------------------------- */

int trdbi_entity_get(trdb_uow *uow, const trdbi_table *table, trdbi_key key, void *ret, trdb_error **reterr) {
    return trdbi_put_get(trdbi_now(uow), table, key, ret, reterr);
}

int trdbi_entity_get_many(trdb_uow *uow, const trdbi_table *table, const void *keys, size_t count, void *ret,
                          trdb_error **reterr) {
    return trdbi_put_get_many(trdbi_now(uow), table, keys, count, ret, reterr);
}

int trdbi_entity_list(trdb_uow *uow, const trdbi_table *table, const void *filter, void *ret,
                      trdb_error **reterr) {
    return trdbi_put_filtered(trdbi_now(uow), table, TRDBI_OP_LIST, filter, NULL, ret, reterr);
}

int trdbi_entity_list_behind(trdb_uow *uow, const trdbi_table *table, const void *filter, trdbi_key key, void *ret,
                             trdb_error **reterr) {
    trdbi_list *list = NULL;
    void *row = NULL;
    int code = trdbi_put_filtered(trdbi_now(uow), table, TRDBI_OP_LIST, filter, &key, &list, reterr);
    if (code == 0 && trdbi_list_count(list) == 0)
        code = trdbi_entity_get(uow, table, key, &row, reterr);
    trdbi_row_free(row);
    if (code == 0)
        trdbi_store(ret, list);
    else
        trdbi_list_free(list);
    return code;
}

int trdbi_entity_count(trdb_uow *uow, const trdbi_table *table, const void *filter, int64_t *ret,
                       trdb_error **reterr) {
    return trdbi_put_filtered(trdbi_now(uow), table, TRDBI_OP_COUNT, filter, NULL, ret, reterr);
}

int trdbi_entity_insert(trdb_uow *uow, const trdbi_table *table, const void *in, void *ret,
                        trdb_error **reterr) {
    return trdbi_put_row(trdbi_now(uow), table, TRDBI_OP_INSERT, 0, in, ret, reterr);
}

int trdbi_entity_upsert(trdb_uow *uow, const trdbi_table *table, unsigned unique, const void *in, void *ret,
                        trdb_error **reterr) {
    return trdbi_put_row(trdbi_now(uow), table, TRDBI_OP_UPSERT, unique, in, ret, reterr);
}

int trdbi_entity_patch(trdb_uow *uow, const trdbi_table *table, trdbi_key key, const void *in, void *ret,
                       trdb_error **reterr) {
    return trdbi_put_patch(trdbi_now(uow), table, key, in, ret, reterr);
}

int trdbi_entity_delete(trdb_uow *uow, const trdbi_table *table, trdbi_key key, trdb_error **reterr) {
    return trdbi_put_delete(trdbi_now(uow), table, key, reterr);
}
