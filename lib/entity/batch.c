/* SPDX-License-Identifier: MIT */
/* Calls that run together. Each is kept as its shape and its parameters until then. */
#include "entity/internal.h"

#include <stdlib.h>

enum { FIRST_ROOM = 16, ARENA_HINT = 2048 };

/* A call in a batch. What it points to lies in the batch's arena. */
typedef struct item {
    const trdbi_shape *shape; /* or */
    const trdbi_query *query;
    trdbi_taking taking;
    char *data; /* of its parameters */
    size_t size;
    struct trdbi_param *params;
    int count;
    int32_t state;
    int64_t call; /* its number in the unit; 0: not sent */
    trdb_error *error;
} item;

struct trdb_batch {
    trdbi_tie tie; /* to the unit */
    trdbi_arena *arena;
    item *items;
    size_t count;
    size_t room;
    bool ran;
};

/* ---- making and filling --------------------------------------------------------------------------- */

int trdb_batch_new(trdb_uow *uow, trdb_batch **ret, trdb_error **reterr) {
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_batch_new: ret is NULL");
    int code = trdbi_uow_enter(uow, reterr);
    if (code < 0)
        return code;
    trdb_batch *batch = calloc(1, sizeof *batch);
    if (batch) {
        trdbi_uow_tie(uow, &batch->tie);
        *ret = batch;
    } else {
        code = trdbi_error_nomem(reterr);
    }
    trdbi_uow_leave(uow);
    return code;
}

int trdbi_batch_enter(trdb_batch *batch, trdb_uow **ret, trdb_error **reterr) {
    if (!batch)
        return trdbi_error(reterr, TRDB_E_INVALID, "the batch is NULL");
    if (!batch->tie.uow)
        return trdbi_error(reterr, TRDB_E_STATE, "the batch's unit of work was released");
    if (batch->ran)
        return trdbi_error(reterr, TRDB_E_STATE, "the batch has run; clear it, or make a new one");
    int code = trdbi_uow_enter(batch->tie.uow, reterr);
    if (code == 0)
        *ret = batch->tie.uow;
    return code;
}

static void *copy(trdbi_arena *arena, const void *from, size_t size) {
    void *to = trdbi_arena_alloc(arena, size);
    if (to && size > 0)
        memcpy(to, from, size);
    return to;
}

static bool make_room(trdb_batch *batch) {
    if (!batch->arena && !(batch->arena = trdbi_arena_new(ARENA_HINT)))
        return false;
    if (batch->count < batch->room)
        return true;
    size_t room = batch->room > 0 ? batch->room * 2 : FIRST_ROOM;
    item *items = reallocarray(batch->items, room, sizeof *items);
    if (!items)
        return false;
    batch->items = items;
    batch->room = room;
    return true;
}

/* Keys of text are shown when there is no such row. */
static bool keep_key(trdbi_arena *arena, trdbi_taking *taking) {
    if (!taking->by_key || trdbi_key_column(taking->table)->field.kind != TRDBI_TEXT)
        return true;
    taking->key.text = trdbi_arena_text(arena, taking->key.text, strlen(taking->key.text));
    return taking->key.text != NULL;
}

int trdbi_batch_add(trdb_batch *batch, const trdbi_shape *shape, const trdbi_query *query,
                    const trdbi_params *params, const trdbi_taking *taking, trdb_error **reterr) {
    if (params->failed || params->data.failed || !make_room(batch))
        return trdbi_error_nomem(reterr);
    trdbi_arena *arena = batch->arena;
    item made = {.query = query,
                 .taking = *taking,
                 .data = trdbi_arena_bytes(arena, params->data.size),
                 .size = params->data.size,
                 .params = copy(arena, params->items, (size_t)params->count * sizeof *params->items),
                 .count = params->count,
                 .state = TRDB_BATCH_WAITING};
    if (shape)
        made.shape = copy(arena, shape, trdbi_shape_size(shape));
    if (!made.data || !made.params || (shape && !made.shape) || !keep_key(arena, &made.taking))
        return trdbi_error_nomem(reterr);
    if (made.size > 0)
        memcpy(made.data, params->data.data, made.size);
    batch->items[batch->count++] = made;
    return 0;
}

/* ---- running -------------------------------------------------------------------------------------- */

/* Failures here are the item's own: the answers behind it are read all the same. */
static int take_item(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr) {
    item *it = arg;
    (void)i, (void)reterr;
    int code = trdbi_take(&it->taking, result, &it->error);
    it->state = code < 0 ? TRDB_BATCH_FAILED : TRDB_BATCH_DONE;
    return 0;
}

static int queue(trdb_uow *uow, item *it, trdb_error **reterr) {
    char name[TRDBI_CALL_NAME_SIZE];
    const char *schema = trdbi_uow_schema(uow);
    const trdbi_build build = {.shape = it->shape, .schema = schema};
    const trdbi_query_build query = {.query = it->query, .schema = schema};
    const trdbi_params params = {
        .data = {.data = it->data, .size = it->size}, .items = it->params, .count = it->count};
    trdbi_statement statement;
    if (it->shape) {
        trdbi_shape_name(it->shape, name);
        statement = trdbi_shape_statement(&build, name);
    } else {
        statement = trdbi_query_statement(&query);
    }
    int code = trdbi_uow_queue(uow, &statement, &params, take_item, it, reterr);
    it->call = trdb_uow_calls(uow);
    return code;
}

/* The server ran what stands before the call that it refused, and nothing behind. */
static void mark_failed(trdb_batch *batch, const trdb_error *error) {
    for (size_t i = 0; i < batch->count; i++) {
        item *it = &batch->items[i];
        if (it->state != TRDB_BATCH_WAITING)
            continue;
        bool blamed = it->call > 0 && it->call == trdb_error_call(error);
        it->state = blamed ? TRDB_BATCH_FAILED : TRDB_BATCH_NOT_RUN;
        if (blamed)
            it->error = trdbi_error_copy(error);
    }
}

/* No answer may come when the batch is gone. A failure among those came before one of queueing, and counts. */
static int run(trdb_batch *batch, trdb_uow *uow, trdb_error **reterr) {
    int code = 0;
    for (size_t i = 0; i < batch->count && code == 0; i++)
        code = queue(uow, &batch->items[i], reterr);
    int settled = trdbi_uow_settle(uow, reterr);
    return settled < 0 ? settled : code;
}

/* The error of a batch is that of its first call that failed, and says where that stands. */
static int answer(trdb_batch *batch, trdb_error **reterr) {
    size_t i = 0;
    while (i < batch->count && batch->items[i].state != TRDB_BATCH_FAILED)
        i++;
    if (i == batch->count)
        return 0;
    item *failed = &batch->items[i];
    trdbi_error_set_row(&failed->error, (int64_t)i);
    if (reterr)
        trdbi_error_hand(reterr, trdbi_error_copy(failed->error));
    return trdb_error_code(failed->error);
}

int trdb_batch_run(trdb_batch *batch, trdb_error **reterr) {
    trdb_uow *uow = NULL;
    trdb_error *error = NULL;
    int code = trdbi_batch_enter(batch, &uow, reterr);
    if (code < 0)
        return code;
    if (batch->count > 0) {
        batch->ran = true;
        code = run(batch, uow, &error);
    }
    if (code < 0)
        mark_failed(batch, error);
    int first = answer(batch, reterr);
    if (code < 0 && first == 0) /* no call of the batch is to blame */
        trdbi_error_hand(reterr, error);
    else
        trdb_error_free(error);
    trdbi_uow_leave(uow);
    return first < 0 ? first : code;
}

/* ---- asking, and ending --------------------------------------------------------------------------- */

size_t trdb_batch_count(const trdb_batch *batch) {
    return batch ? batch->count : 0;
}

int32_t trdb_batch_state(const trdb_batch *batch, size_t i) {
    return batch && i < batch->count ? batch->items[i].state : 0;
}

const trdb_error *trdb_batch_error(const trdb_batch *batch, size_t i) {
    return batch && i < batch->count ? batch->items[i].error : NULL;
}

void trdb_batch_clear(trdb_batch *batch) {
    if (!batch)
        return;
    for (size_t i = 0; i < batch->count; i++)
        trdb_error_free(batch->items[i].error);
    trdbi_arena_free(batch->arena);
    batch->arena = NULL;
    batch->count = 0;
    batch->ran = false;
}

void trdb_batch_free(trdb_batch *batch) {
    if (!batch)
        return;
    trdb_batch_clear(batch);
    trdbi_uow_untie(&batch->tie);
    free(batch->items);
    free(batch);
}

/* ---- what the generated wrappers call ------------------------------------------------------------- */

static trdbi_to later(trdb_batch *batch) {
    return (trdbi_to){.batch = batch, .later = true};
}

int trdbi_batch_get(trdb_batch *batch, const trdbi_table *table, trdbi_key key, void *ret,
                    trdb_error **reterr) {
    return trdbi_put_get(later(batch), table, key, ret, reterr);
}

int trdbi_batch_get_many(trdb_batch *batch, const trdbi_table *table, const void *keys, size_t count,
                         void *ret, trdb_error **reterr) {
    return trdbi_put_get_many(later(batch), table, keys, count, ret, reterr);
}

int trdbi_batch_list(trdb_batch *batch, const trdbi_table *table, const void *filter, void *ret,
                     trdb_error **reterr) {
    return trdbi_put_filtered(later(batch), table, TRDBI_OP_LIST, filter, NULL, ret, reterr);
}

int trdbi_batch_count(trdb_batch *batch, const trdbi_table *table, const void *filter, int64_t *ret,
                      trdb_error **reterr) {
    return trdbi_put_filtered(later(batch), table, TRDBI_OP_COUNT, filter, NULL, ret, reterr);
}

int trdbi_batch_insert(trdb_batch *batch, const trdbi_table *table, const void *in, void *ret,
                       trdb_error **reterr) {
    return trdbi_put_row(later(batch), table, TRDBI_OP_INSERT, 0, in, ret, reterr);
}

int trdbi_batch_upsert(trdb_batch *batch, const trdbi_table *table, unsigned unique, const void *in,
                       void *ret, trdb_error **reterr) {
    return trdbi_put_row(later(batch), table, TRDBI_OP_UPSERT, unique, in, ret, reterr);
}

int trdbi_batch_patch(trdb_batch *batch, const trdbi_table *table, trdbi_key key, const void *in, void *ret,
                      trdb_error **reterr) {
    return trdbi_put_patch(later(batch), table, key, in, ret, reterr);
}

int trdbi_batch_delete(trdb_batch *batch, const trdbi_table *table, trdbi_key key, trdb_error **reterr) {
    return trdbi_put_delete(later(batch), table, key, reterr);
}

int trdbi_batch_query_one(trdb_batch *batch, const trdbi_query *query, const trdbi_arg *args, void *ret,
                          trdb_error **reterr) {
    return trdbi_put_query(later(batch), query, args, TRDBI_TAKE_ROW, ret, reterr);
}

int trdbi_batch_query_many(trdb_batch *batch, const trdbi_query *query, const trdbi_arg *args, void *ret,
                           trdb_error **reterr) {
    return trdbi_put_query(later(batch), query, args, TRDBI_TAKE_LIST, ret, reterr);
}
