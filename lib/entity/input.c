/* SPDX-License-Identifier: MIT */
/* Input structs: which columns are given, whether their values fit, and their binary parameters. */
#include "entity/internal.h"

/* Neither of the two ways to say "no text" can be read. */
static bool is_no_text(const char *text) {
    return text == NULL || text == TRDB_NULL_TEXT;
}

size_t trdbi_member_size(const trdbi_column *column) {
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        return sizeof(trdb_in_i64);
    case TRDBI_BOOL:
        return sizeof(trdb_in_bool);
    case TRDBI_ENUM:
        return sizeof(trdb_in_enum);
    case TRDBI_DECIMAL:
        return sizeof(trdb_in_decimal);
    case TRDBI_TIMESTAMP:
        return sizeof(trdb_in_timestamp);
    case TRDBI_UUID:
        return sizeof(trdb_in_uuid);
    case TRDBI_BYTES:
        return sizeof(trdb_in_bytes);
    case TRDBI_TEXTS:
        return sizeof(trdb_in_texts);
    case TRDBI_TEXT:
    case TRDBI_JSON:
    case TRDBI_INET:
        break;
    }
    return sizeof(const char *);
}

/* The state of a member; *has_value tells whether something stands in it, which a state of 0 must not have.
 */
static int32_t member_state(const trdbi_column *column, const trdbi_member *m, bool *has_value) {
    static const trdb_uuid no_uuid;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        *has_value = m->i64.value != 0;
        return m->i64.state;
    case TRDBI_BOOL:
        *has_value = m->boolean.value != 0;
        return m->boolean.state;
    case TRDBI_ENUM:
        *has_value = m->enumeration.value != 0;
        return m->enumeration.state;
    case TRDBI_DECIMAL:
        *has_value = m->decimal.value.kind != 0 || m->decimal.value.lo != 0 || m->decimal.value.hi != 0;
        return m->decimal.state;
    case TRDBI_TIMESTAMP:
        *has_value = m->timestamp.value.kind != 0 || m->timestamp.value.us != 0;
        return m->timestamp.state;
    case TRDBI_UUID:
        *has_value = memcmp(&m->uuid.value, &no_uuid, sizeof no_uuid) != 0;
        return m->uuid.state;
    case TRDBI_BYTES:
        *has_value = m->bytes.data != NULL || m->bytes.size != 0;
        return m->bytes.state;
    case TRDBI_TEXTS:
        *has_value = m->texts.items != NULL || m->texts.count != 0;
        return m->texts.state;
    case TRDBI_TEXT:
    case TRDBI_JSON:
    case TRDBI_INET:
        break;
    }
    *has_value = false;
    return m->text == NULL ? TRDB_NOT_GIVEN : m->text == TRDB_NULL_TEXT ? TRDB_GIVEN_NULL : TRDB_GIVEN;
}

static int put_enum(const trdbi_table *table, const trdbi_column *column, int32_t value, trdbi_buf *buf,
                    trdb_error **reterr) {
    int code = trdbi_check_enum(table, column, value, reterr);
    if (code == 0)
        trdbi_encode_text(buf, column->field.values->values[value - 1]);
    return code;
}

static int put_texts(const trdbi_table *table, const trdbi_column *column, const trdb_in_texts *texts,
                     trdbi_buf *buf, trdb_error **reterr) {
    if (texts->count > 0 && !texts->items)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%zu items but no array", texts->count);
    if (texts->count > INT32_MAX)
        return trdbi_refuse(table, column, TRDB_E_RANGE, reterr, "%zu items are too many", texts->count);
    for (size_t i = 0; i < texts->count; i++) {
        if (texts->items[i] == TRDB_NULL_TEXT)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                                "item %zu is TRDB_NULL_TEXT; a NULL pointer is a NULL element", i);
        int code = texts->items[i] ? trdbi_check_text(table, column, texts->items[i], reterr) : 0;
        if (code < 0)
            return code;
    }
    trdbi_encode_texts(buf, texts->items, texts->count);
    return 0;
}

static int put_text(const trdbi_table *table, const trdbi_column *column, const char *text, trdbi_buf *buf,
                    trdb_error **reterr) {
    int code = trdbi_check_text(table, column, text, reterr);
    if (code < 0)
        return code;
    if (column->field.kind == TRDBI_JSON)
        trdbi_encode_json(buf, text);
    else if (column->field.kind == TRDBI_TEXT)
        trdbi_encode_text(buf, text);
    else if (trdbi_encode_inet(buf, text) < 0)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "not an IP address: \"%.60s\"", text);
    return 0;
}

int trdbi_member_put(const trdbi_table *table, const trdbi_column *column, const trdbi_member *m,
                     trdbi_buf *buf, trdb_error **reterr) {
    int code = 0;
    switch ((trdbi_kind)column->field.kind) {
    case TRDBI_I64:
        code = trdbi_check_i64(table, column, m->i64.value, reterr);
        trdbi_encode_i64(buf, m->i64.value);
        return code;
    case TRDBI_BOOL:
        if (m->boolean.value != 0 && m->boolean.value != 1)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%d is no boolean; use trdb_bool()",
                                m->boolean.value);
        trdbi_encode_bool(buf, m->boolean.value != 0);
        return 0;
    case TRDBI_ENUM:
        return put_enum(table, column, m->enumeration.value, buf, reterr);
    case TRDBI_DECIMAL:
        code = trdbi_check_decimal(table, column, &m->decimal.value, reterr);
        if (code == 0 && trdbi_encode_decimal(buf, m->decimal.value) < 0)
            code = trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "the decimal is malformed");
        return code;
    case TRDBI_TIMESTAMP:
        code = trdbi_encode_timestamp(buf, m->timestamp.value);
        return code == 0 ? 0
                         : trdbi_refuse(table, column, code, reterr,
                                        "the time lies outside 4714 BC to 294246, or is malformed");
    case TRDBI_UUID:
        trdbi_encode_uuid(buf, m->uuid.value);
        return 0;
    case TRDBI_BYTES:
        if (m->bytes.size > 0 && !m->bytes.data)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%zu bytes but no data",
                                m->bytes.size);
        if (m->bytes.size > INT32_MAX / 2)
            return trdbi_refuse(table, column, TRDB_E_RANGE, reterr, "more than 1 GB");
        trdbi_buf_append(buf, m->bytes.data, m->bytes.size);
        return 0;
    case TRDBI_TEXTS:
        return put_texts(table, column, &m->texts, buf, reterr);
    case TRDBI_TEXT:
    case TRDBI_JSON:
    case TRDBI_INET:
        break;
    }
    return put_text(table, column, m->text, buf, reterr);
}

static uint32_t param_oid(const trdbi_column *column) {
    return trdbi_kind_oid(column->field.kind, (column->flags & TRDBI_NATIVE_ENUM) != 0);
}

int trdbi_member_given(const trdbi_table *table, const trdbi_column *column, const trdbi_member *m,
                       trdb_error **reterr) {
    bool has_value;
    int32_t state = member_state(column, m, &has_value);
    switch (state) {
    case TRDB_NOT_GIVEN:
        if (has_value)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                                "has a value but no state; make it with trdb_i64(), trdb_dec() and so on");
        return state;
    case TRDB_GIVEN:
    case TRDB_GIVEN_NULL:
        return state;
    case TRDB_GIVEN_REF:
        if (column->field.kind != TRDBI_I64)
            return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%d is no state of a value", state);
        return state;
    case TRDB_MALFORMED:
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "not a decimal of at most 38 digits");
    default:
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%d is no state of a value", state);
    }
}

int trdbi_member_ref(const trdbi_table *table, const trdbi_column *column, trdbi_member *m, trdb_uow *uow,
                     trdbi_ref *ret, trdb_error **reterr) {
    const trdb_ref handle = {.unit = m->i64.value, .number = m->i64.reserved};
    if (!uow)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr,
                            "a handle is not taken here; give the key, which trdb_ref_key() tells");
    int code = trdbi_uow_ref(uow, handle, false, ret, reterr);
    if (code < 0)
        return code;
    if (ret->problem)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "%s", ret->problem);
    if (column->references && column->references != ret->table)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "the handle is of %s, wanted one of %s",
                            ((const trdbi_table *)ret->table)->name, column->references->name);
    m->i64.value = ret->key;
    return ret->known ? TRDB_GIVEN : TRDB_GIVEN_REF;
}

/* Parsing a document costs as much as all else that an insert does here. Where an error is told at the flush anyway,
 * and fails the unit, the server alone judges documents. */
static bool is_judged_later(const trdbi_params *params) {
    return params->owner && trdbi_uow_pipelines(params->owner);
}

static int put_json(const trdbi_table *table, const trdbi_column *column, const char *text, trdbi_buf *buf,
                    trdb_error **reterr) {
    int code = trdbi_check_chars(table, column, text, strlen(text), reterr);
    if (code == 0)
        trdbi_encode_json(buf, text);
    return code;
}

/* Appends column `i` when it is given and marks it in the shape. */
static int input_column(const trdbi_table *table, unsigned i, const trdbi_in *in, uint64_t skip,
                        trdbi_shape *shape, trdbi_params *params, trdb_error **reterr) {
    const trdbi_column *column = &table->columns[i];
    trdbi_member m;
    trdbi_in_read(in, column->new_offset, &m, trdbi_member_size(column));
    int state = trdbi_member_given(table, column, &m, reterr);
    if (state < 0)
        return state;
    if (state == TRDB_NOT_GIVEN) {
        if (!(column->flags & TRDBI_MADE_KEY) || shape->op == TRDBI_OP_PATCH)
            return 0;
        m.uuid = trdb_uuid_value(trdb_uuid_make());
    }
    if (skip >> i & 1)
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "a patch cannot change the key");

    shape->columns |= UINT64_C(1) << i;
    if (state == TRDB_GIVEN_REF) {
        trdbi_ref ref;
        state = trdbi_member_ref(table, column, &m, params->owner, &ref, reterr);
        if (state < 0)
            return state;
        if (state == TRDB_GIVEN_REF) {
            shape->refs |= UINT64_C(1) << i;
            trdbi_params_text(params, ref.slot);
            return 0;
        }
    }
    if (state == TRDB_GIVEN_NULL) {
        trdbi_params_null(params, param_oid(column));
        return 0;
    }
    trdbi_params_begin(params, param_oid(column));
    int code = column->field.kind == TRDBI_JSON && is_judged_later(params)
                   ? put_json(table, column, m.text, &params->data, reterr)
                   : trdbi_member_put(table, column, &m, &params->data, reterr);
    trdbi_params_end(params);
    return code;
}

int trdbi_input_params(const trdbi_table *table, const void *new_row, size_t room, uint64_t skip,
                       trdbi_shape *shape, trdbi_params *params, trdb_error **reterr) {
    trdbi_in in;
    int code = trdbi_in_open(&in, new_row, table->new_size, room, table, "_new", reterr);
    for (unsigned i = 0; code == 0 && i < table->column_count; i++)
        code = input_column(table, i, &in, skip, shape, params, reterr);
    return code;
}

int trdbi_check_input(const trdbi_table *table, const void *in, uint64_t *ret_given, uint64_t *ret_null,
                      trdb_error **reterr) {
    trdbi_shape shape = {.op = TRDBI_OP_PATCH}; /* makes no key */
    trdbi_params params = {.count = 0};
    int code = trdbi_input_params(table, in, SIZE_MAX, 0, &shape, &params, reterr);
    if (code == 0 && (params.failed || params.data.failed))
        code = trdbi_error_nomem(reterr);
    uint64_t null = 0;
    const struct trdbi_param *param = params.items;
    for (unsigned i = 0; code == 0 && i < table->column_count; i++) {
        if (shape.columns >> i & 1)
            null |= (uint64_t)((param++)->length < 0) << i;
    }
    trdbi_params_free(&params);
    if (code < 0)
        return code;
    *ret_given = shape.columns;
    *ret_null = null;
    return 0;
}

int trdbi_key_param(const trdbi_table *table, trdbi_key key, trdbi_params *params, trdb_error **reterr) {
    const trdbi_column *column = trdbi_key_column(table);
    if (column->field.kind == TRDBI_TEXT && is_no_text(key.text))
        return trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "the key is NULL");
    trdbi_member m = {.text = NULL};
    if (column->field.kind == TRDBI_I64)
        m.i64 = trdb_i64(key.i64);
    else if (column->field.kind == TRDBI_UUID)
        m.uuid = trdb_uuid_value(key.uuid);
    else
        m.text = key.text;
    trdbi_params_begin(params, param_oid(column));
    /* A key that the column could not hold finds nothing; it is no error to ask for it. */
    trdbi_column wide = *column;
    wide.max_chars = 0;
    wide.int_bytes = 8;
    int code = trdbi_member_put(table, &wide, &m, &params->data, reterr);
    trdbi_params_end(params);
    return code;
}

int trdbi_keys_param(const trdbi_table *table, const void *keys, size_t count, trdbi_params *params,
                     trdb_error **reterr) {
    const trdbi_column *column = trdbi_key_column(table);
    trdbi_kind kind = column->field.kind;
    if (count > 0 && !keys)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: %zu keys but no array", table->name, count);
    if (count > INT32_MAX)
        return trdbi_error(reterr, TRDB_E_RANGE, "%s: %zu keys are too many", table->name, count);
    trdbi_params_begin(params, trdbi_kind_array_oid(kind));
    trdbi_encode_array_begin(&params->data, trdbi_kind_oid(kind, false), count, false);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++) {
        size_t mark = trdbi_encode_element_begin(&params->data);
        if (kind == TRDBI_I64)
            trdbi_encode_i64(&params->data, ((const int64_t *)keys)[i]);
        else if (kind == TRDBI_UUID)
            trdbi_encode_uuid(&params->data, ((const trdb_uuid *)keys)[i]);
        else if (is_no_text(((const char *const *)keys)[i]))
            code = trdbi_refuse(table, column, TRDB_E_INVALID, reterr, "key %zu is NULL", i);
        else
            code = put_text(table, column, ((const char *const *)keys)[i], &params->data, reterr);
        trdbi_encode_element_end(&params->data, mark);
    }
    trdbi_params_end(params);
    return code;
}
