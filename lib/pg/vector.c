/* SPDX-License-Identifier: MIT */
/* Memory of vectors, and which of them reads which type. Buffers double, so that a row costs the same however
 * many there are. Values of equal width have none before the first of them comes: a column of NULLs alone ends as
 * zeros that nobody touched, for which the system needs no memory. */
#include "pg/vector_put.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROWS = 64 };

/* ---- memory --------------------------------------------------------------------------------------- */

static bool grow(void *buffer, size_t count, size_t size) {
    void *old, *bigger;
    memcpy(&old, buffer, sizeof old);
    bigger = reallocarray(old, count, size);
    if (bigger)
        memcpy(buffer, &bigger, sizeof bigger);
    return bigger != NULL;
}

bool trdbi_vector_reserve(trdbi_vector *v, size_t room) {
    if (room <= v->room)
        return true;
    room = (room + 63) & ~(size_t)63; /* whole bytes of bits */
    if (room > PTRDIFF_MAX / 16)
        return false;
    if (!grow(&v->validity, room / 8, 1))
        return false;
    memset(v->validity + v->room / 8, 0xff, (room - v->room) / 8);
    if (v->offsets && !grow(&v->offsets, room + 1, sizeof *v->offsets))
        return false;
    if (v->width > 0 && v->data && !grow(&v->data, room, v->width))
        return false;
    if (v->view.kind == TRDB_COLUMN_BOOL && !grow(&v->data, room / 8, 1))
        return false;
    v->room = room;
    return true;
}

static bool reserve_bytes(trdbi_vector *v, size_t more) {
    if (more <= v->data_room - v->data_size)
        return true;
    if (more > PTRDIFF_MAX / 2 - v->data_size)
        return false;
    size_t room = v->data_room > 0 ? v->data_room * 2 : 256;
    while (room < v->data_size + more)
        room *= 2;
    if (!grow(&v->data, room, 1))
        return false;
    v->data_room = room;
    return true;
}

bool trdbi_vector_bytes(trdbi_vector *v, size_t row, const char *data, size_t size) {
    if (size == SIZE_MAX || !reserve_bytes(v, size + 1)) /* one more, so that there is always a buffer */
        return false;
    memcpy(v->data + v->data_size, data, size);
    v->data_size += size;
    v->offsets[row + 1] = (int64_t)v->data_size;
    return true;
}

static void set_bit(char *bits, size_t row, bool on) {
    unsigned char mask = (unsigned char)(1u << row % 8), *at = (unsigned char *)bits + row / 8;
    *at = (unsigned char)(on ? *at | mask : *at & ~mask);
}

void trdbi_vector_null(trdbi_vector *v, size_t row) {
    set_bit((char *)v->validity, row, false);
    v->view.null_count++;
    if (v->width > 0 && v->data)
        memset(v->data + row * v->width, 0, v->width);
    else if (v->view.kind == TRDB_COLUMN_BOOL)
        set_bit(v->data, row, false);
    if (v->offsets)
        v->offsets[row + 1] = v->offsets[row];
}

void trdbi_vector_free(trdbi_vector *v) {
    free(v->validity);
    free(v->data);
    free(v->offsets);
    free(v->hash.places);
    if (v->child)
        trdbi_vector_free(v->child);
    free(v->child);
}

/* ---- kinds ---------------------------------------------------------------------------------------- */

static bool begin_offsets(trdbi_vector *v) {
    v->offsets = calloc(1, sizeof *v->offsets);
    return v->offsets != NULL;
}

trdbi_vector *trdbi_vector_child(void) {
    trdbi_vector *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->view.kind = TRDB_COLUMN_TEXT;
    if (begin_offsets(v))
        return v;
    free(v);
    return NULL;
}

/* Text and closed sets: as codes, unless plain text was asked for. */
static bool begin_text(trdbi_vector *v) {
    bool set = v->field->kind == TRDBI_ENUM;
    if (v->form == TRDB_FORM_PLAIN) {
        v->view.kind = TRDB_COLUMN_TEXT;
        return begin_offsets(v);
    }
    v->view.kind = TRDB_COLUMN_CODES;
    v->width = sizeof(int32_t);
    v->unfolds = !set && v->form == TRDB_FORM_DEFAULT;
    return trdbi_vector_dictionary(v, set ? v->field->values : NULL);
}

static bool begin(trdbi_vector *v) {
    static const struct {
        int32_t kind;
        size_t width;
    } fixed[] = {
        [TRDBI_I64] = {TRDB_COLUMN_I64, sizeof(int64_t)},
        [TRDBI_BOOL] = {TRDB_COLUMN_BOOL, 0},
        [TRDBI_DECIMAL] = {TRDB_COLUMN_DECIMAL, 16},
        [TRDBI_TIMESTAMP] = {TRDB_COLUMN_TIMESTAMP, sizeof(int64_t)},
        [TRDBI_UUID] = {TRDB_COLUMN_UUID, sizeof(trdb_uuid)},
        [TRDBI_JSON] = {TRDB_COLUMN_JSON, 0},
        [TRDBI_BYTES] = {TRDB_COLUMN_BYTES, 0},
        [TRDBI_TEXTS] = {TRDB_COLUMN_TEXTS, 0},
        [TRDBI_ENUM] = {0, 0},
    };
    v->view.kind = fixed[v->field->kind].kind;
    v->width = fixed[v->field->kind].width;
    switch ((trdbi_kind)v->field->kind) {
    case TRDBI_TEXT:
    case TRDBI_INET:
    case TRDBI_ENUM:
        return begin_text(v);
    case TRDBI_TEXTS:
        v->child = trdbi_vector_child();
        return v->child && begin_offsets(v);
    case TRDBI_JSON:
    case TRDBI_BYTES:
        return begin_offsets(v);
    case TRDBI_DECIMAL:
        if (v->form == TRDB_FORM_F64) {
            v->view.kind = TRDB_COLUMN_F64;
            v->width = sizeof(double);
        }
        return true;
    default:
        return true;
    }
}

int trdbi_vectors_init(trdbi_vectors *vectors, const trdbi_vector_want *wants, size_t count, trdb_error **reterr) {
    *vectors = (trdbi_vectors){.items = calloc(count, sizeof *vectors->items)};
    if (!vectors->items)
        return trdbi_error_nomem(reterr);
    for (; vectors->count < count; vectors->count++) {
        trdbi_vector *v = &vectors->items[vectors->count];
        v->field = wants[vectors->count].field;
        v->form = wants[vectors->count].form;
        v->null_infinity = wants[vectors->count].null_infinity;
        v->view.name = v->field->name;
        if (!begin(v)) {
            trdbi_vector_free(v);
            return trdbi_error_nomem(reterr);
        }
    }
    return 0;
}

void trdbi_vectors_free(trdbi_vectors *vectors) {
    for (size_t i = 0; i < vectors->count; i++)
        trdbi_vector_free(&vectors->items[i]);
    free(vectors->items);
    *vectors = (trdbi_vectors){0};
}

/* What reads a type into a kind; NULL when nothing does. */
static trdbi_put_fn reader(const trdbi_vector *v, uint32_t oid) {
    switch ((trdbi_kind)v->field->kind) {
    case TRDBI_I64:
        return trdbi_oid_is_integer(oid) ? trdbi_put_i64 : NULL;
    case TRDBI_BOOL:
        return oid == TRDBI_OID_BOOL ? trdbi_put_bool : NULL;
    case TRDBI_DECIMAL:
        if (!trdbi_oid_is_integer(oid) && oid != TRDBI_OID_NUMERIC)
            return NULL;
        return v->view.kind == TRDB_COLUMN_F64 ? trdbi_put_f64 : trdbi_put_decimal;
    case TRDBI_TIMESTAMP:
        return oid == TRDBI_OID_TIMESTAMPTZ || oid == TRDBI_OID_TIMESTAMP ? trdbi_put_timestamp : NULL;
    case TRDBI_UUID:
        return oid == TRDBI_OID_UUID ? trdbi_put_uuid : NULL;
    case TRDBI_TEXT:
        return trdbi_oid_is_text(oid) ? trdbi_put_either : NULL;
    case TRDBI_ENUM:
        return trdbi_oid_is_text(oid) || oid >= TRDBI_FIRST_USER_OID ? trdbi_put_either : NULL;
    case TRDBI_INET:
        if (oid == TRDBI_OID_INET || oid == TRDBI_OID_CIDR)
            return trdbi_put_inet;
        return trdbi_oid_is_text(oid) ? trdbi_put_either : NULL;
    case TRDBI_JSON:
        if (oid == TRDBI_OID_JSONB)
            return trdbi_put_jsonb;
        return oid == TRDBI_OID_JSON || trdbi_oid_is_text(oid) ? trdbi_put_text : NULL;
    case TRDBI_BYTES:
        return oid == TRDBI_OID_BYTEA ? trdbi_put_text : NULL;
    case TRDBI_TEXTS:
        /* An array of a domain shows the types that were created for it; its binary form is the base type's. */
        return trdbi_oid_is_text_array(oid) || oid >= TRDBI_FIRST_USER_OID ? trdbi_put_texts : NULL;
    }
    return NULL;
}

/* ---- rows ----------------------------------------------------------------------------------------- */

/* The first value of a column: until here all were NULL. */
static int put_first(trdbi_vector *v, size_t row, const char *data, size_t size) {
    v->data = calloc(v->room, v->width);
    if (!v->data)
        return TRDB_E_NOMEM;
    v->put = v->put_more;
    return v->put(v, row, data, size);
}

static int fail(const trdbi_vector *v, int code, trdb_error **reterr) {
    if (code == TRDB_E_NOMEM)
        return trdbi_error_nomem(reterr);
    trdbi_error(reterr, code, "column \"%s\": %s", v->field->name,
                v->problem ? v->problem : "the server sent a malformed value");
    trdbi_error_set_column(reterr, NULL, v->field->name);
    return code;
}

int trdbi_vectors_types(trdbi_vectors *vectors, const uint32_t *oids, trdb_error **reterr) {
    for (size_t i = 0; i < vectors->count; i++) {
        trdbi_vector *v = &vectors->items[i];
        v->oid = oids[i];
        v->put = v->put_more = reader(v, oids[i]);
        if (v->put && v->width > 0)
            v->put = put_first;
        if (!v->put) {
            trdbi_error(reterr, TRDB_E_UNSUPPORTED, "column \"%s\" is of a type with oid %u, which cannot be read here",
                        v->field->name, (unsigned)oids[i]);
            trdbi_error_set_column(reterr, NULL, v->field->name);
            return TRDB_E_UNSUPPORTED;
        }
    }
    return 0;
}

static bool more_room(trdbi_vectors *vectors) {
    size_t room = vectors->room > 0 ? vectors->room * 2 : FIRST_ROWS;
    for (size_t i = 0; i < vectors->count; i++)
        if (!trdbi_vector_reserve(&vectors->items[i], room))
            return false;
    vectors->room = room;
    return true;
}

int trdbi_vectors_add(trdbi_vectors *vectors, const trdbi_value *values, trdb_error **reterr) {
    size_t row = vectors->rows;
    if (row == vectors->room && !more_room(vectors))
        return trdbi_error_nomem(reterr);
    for (size_t i = 0; i < vectors->count; i++) {
        trdbi_vector *v = &vectors->items[i];
        if (!values[i].data) {
            v->problem = "a key is NULL";
            if (v->field->plain)
                return fail(v, TRDB_E_PROTOCOL, reterr);
            v->problem = NULL;
            trdbi_vector_null(v, row);
            continue;
        }
        int code = v->put(v, row, values[i].data, values[i].size);
        if (code < 0)
            return fail(v, code, reterr);
    }
    vectors->rows++;
    return 0;
}

/* ---- the end -------------------------------------------------------------------------------------- */

/* Gives back what doubling took too much; that this fails does not matter. */
static void shrink(void *buffer, size_t size) {
    void *old, *smaller;
    memcpy(&old, buffer, sizeof old);
    smaller = size > 0 ? realloc(old, size) : NULL;
    if (smaller)
        memcpy(buffer, &smaller, sizeof smaller);
}

static bool complete(trdbi_vector *v, size_t rows) {
    trdb_column_view *view = &v->view;
    size_t size = v->width > 0 ? rows * v->width : view->kind == TRDB_COLUMN_BOOL ? (rows + 7) / 8 : v->data_size;
    if (v->width > 0 && !v->data) {
        v->data = calloc(rows + 1, v->width);
        if (!v->data)
            return false;
    }
    shrink(&v->data, size);
    shrink(&v->validity, (rows + 7) / 8);
    if (v->offsets)
        shrink(&v->offsets, (rows + 1) * sizeof *v->offsets);
    if (rows % 8 && v->validity)
        v->validity[rows / 8] &= (unsigned char)((1u << rows % 8) - 1);
    if (rows % 8 && view->kind == TRDB_COLUMN_BOOL)
        v->data[rows / 8] &= (char)((1u << rows % 8) - 1);
    view->length = (int64_t)rows;
    view->validity = view->null_count > 0 ? v->validity : NULL;
    view->data = view->kind == TRDB_COLUMN_TEXTS ? NULL : v->data ? v->data : "";
    view->data_size = (int64_t)size;
    view->offsets = v->offsets;
    view->child = v->child ? &v->child->view : NULL;
    return !v->child || complete(v->child, (size_t)v->child->view.length);
}

int trdbi_vectors_finish(trdbi_vectors *vectors, trdb_error **reterr) {
    for (size_t i = 0; i < vectors->count; i++) {
        trdbi_vector *v = &vectors->items[i];
        int64_t given = (int64_t)vectors->rows - v->view.null_count;
        if (v->unfolds && 2 * v->child->view.length > given) {
            int code = trdbi_vector_unfold(v, vectors->rows);
            if (code < 0)
                return fail(v, code, reterr);
        }
        free(v->hash.places);
        v->hash.places = NULL;
        if (!complete(v, vectors->rows))
            return trdbi_error_nomem(reterr);
    }
    return 0;
}

const trdb_column_view *trdbi_vectors_view(const trdbi_vectors *vectors, size_t i) {
    return i < vectors->count ? &vectors->items[i].view : NULL;
}
