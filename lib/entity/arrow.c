/* SPDX-License-Identifier: MIT */
/*
 * Columns as Arrow streams. Consumers may move a child out of its parent and release the parent first, so every
 * node owns what it points to: each schema its strings, each array a reference on the columns.
 */
#include "entity/columns.h"
#include <tradingdb/arrow.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- schemas -------------------------------------------------------------------------------------- */

/* What a schema node owns: storage for its children, or for the one child of a list, and its dictionary. */
typedef struct schema_box {
    char format[16];
    struct ArrowSchema **children;
    struct ArrowSchema dictionary;
    struct ArrowSchema nodes[];
} schema_box;

/* The metadata of one pair, in the machine's byte order. */
static const struct {
    int32_t pairs;
    int32_t key_size;
    char key[20];
    int32_t value_size;
    char value[10];
} uuid_metadata = {1, 20, "ARROW:extension:name", 10, "arrow.uuid"};

static void release_schema(struct ArrowSchema *schema) {
    schema_box *box = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release)
            schema->children[i]->release(schema->children[i]);
    if (schema->dictionary && schema->dictionary->release)
        schema->dictionary->release(schema->dictionary);
    free(box->children);
    free(box);
    schema->release = NULL;
}

static bool begin_schema(struct ArrowSchema *schema, const char *name, size_t children) {
    schema_box *box = calloc(1, sizeof *box + children * sizeof box->nodes[0]);
    struct ArrowSchema **list = calloc(children + 1, sizeof *list);
    *schema = (struct ArrowSchema){.name = name, .private_data = box};
    if (!box || !list) {
        free(box);
        free(list);
        return false;
    }
    box->children = list;
    for (size_t i = 0; i < children; i++)
        list[i] = &box->nodes[i];
    schema->format = box->format;
    schema->children = list;
    schema->release = release_schema;
    return true;
}

static void put_format(const trdb_column_view *view, char *format, size_t size) {
    static const char *const formats[] = {
        [TRDB_COLUMN_I64] = "l",   [TRDB_COLUMN_BOOL] = "b",          [TRDB_COLUMN_DECIMAL] = "d:38,",
        [TRDB_COLUMN_F64] = "g",   [TRDB_COLUMN_TIMESTAMP] = "tsu:UTC", [TRDB_COLUMN_UUID] = "w:16",
        [TRDB_COLUMN_TEXT] = "U",  [TRDB_COLUMN_JSON] = "U",          [TRDB_COLUMN_BYTES] = "Z",
        [TRDB_COLUMN_CODES] = "i", [TRDB_COLUMN_TEXTS] = "+L"};
    if (view->kind == TRDB_COLUMN_DECIMAL)
        snprintf(format, size, "%s%d", formats[view->kind], (int)view->scale);
    else
        snprintf(format, size, "%s", formats[view->kind]);
}

/* False when out of memory; then nothing is left to release. */
static bool make_schema(const trdb_column_view *view, struct ArrowSchema *schema) {
    bool list = view->kind == TRDB_COLUMN_TEXTS;
    if (!begin_schema(schema, view->name ? view->name : "item", list))
        return false;
    schema_box *box = schema->private_data;
    put_format(view, box->format, sizeof box->format);
    schema->flags = ARROW_FLAG_NULLABLE;
    if (view->kind == TRDB_COLUMN_UUID)
        schema->metadata = (const char *)&uuid_metadata;
    bool good = true;
    if (list) {
        schema->n_children = 1;
        good = make_schema(view->child, schema->children[0]);
    } else if (view->child) {
        good = make_schema(view->child, &box->dictionary);
        schema->dictionary = good ? &box->dictionary : NULL;
    }
    if (!good)
        release_schema(schema);
    return good;
}

static bool make_table_schema(const trdb_columns *columns, struct ArrowSchema *schema) {
    size_t count = trdb_columns_count(columns);
    if (!begin_schema(schema, "", count))
        return false;
    memcpy(((schema_box *)schema->private_data)->format, "+s", sizeof "+s");
    for (; (size_t)schema->n_children < count; schema->n_children++) {
        if (!make_schema(trdb_columns_at(columns, (size_t)schema->n_children),
                         schema->children[schema->n_children])) {
            release_schema(schema);
            return false;
        }
    }
    return true;
}

/* ---- arrays --------------------------------------------------------------------------------------- */

/* What an array node owns. */
typedef struct array_box {
    trdb_columns *columns;
    const void *buffers[3];
    struct ArrowArray **children;
    struct ArrowArray dictionary;
    struct ArrowArray nodes[];
} array_box;

static void release_array(struct ArrowArray *array) {
    array_box *box = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release)
            array->children[i]->release(array->children[i]);
    if (array->dictionary && array->dictionary->release)
        array->dictionary->release(array->dictionary);
    trdb_columns_free(box->columns);
    free(box->children);
    free(box);
    array->release = NULL;
}

static bool begin_array(trdb_columns *columns, struct ArrowArray *array, int64_t length, size_t children) {
    array_box *box = calloc(1, sizeof *box + children * sizeof box->nodes[0]);
    struct ArrowArray **list = calloc(children + 1, sizeof *list);
    *array = (struct ArrowArray){.length = length, .private_data = box};
    if (!box || !list) {
        free(box);
        free(list);
        return false;
    }
    box->columns = trdbi_columns_ref(columns);
    box->children = list;
    for (size_t i = 0; i < children; i++)
        list[i] = &box->nodes[i];
    array->buffers = box->buffers;
    array->children = list;
    array->release = release_array;
    return true;
}

static bool make_array(trdb_columns *columns, const trdb_column_view *view, struct ArrowArray *array) {
    bool list = view->kind == TRDB_COLUMN_TEXTS;
    if (!begin_array(columns, array, view->length, list))
        return false;
    array_box *box = array->private_data;
    array->null_count = view->null_count;
    box->buffers[array->n_buffers++] = view->validity;
    if (view->offsets)
        box->buffers[array->n_buffers++] = view->offsets;
    if (!list)
        box->buffers[array->n_buffers++] = view->data;
    bool good = true;
    if (list) {
        array->n_children = 1;
        good = make_array(columns, view->child, array->children[0]);
    } else if (view->child) {
        good = make_array(columns, view->child, &box->dictionary);
        array->dictionary = good ? &box->dictionary : NULL;
    }
    if (!good)
        release_array(array);
    return good;
}

static bool make_batch(trdb_columns *columns, struct ArrowArray *array) {
    size_t count = trdb_columns_count(columns);
    if (!begin_array(columns, array, trdb_columns_rows(columns), count))
        return false;
    array->n_buffers = 1; /* the validity of whole rows: all are */
    for (; (size_t)array->n_children < count; array->n_children++) {
        if (!make_array(columns, trdb_columns_at(columns, (size_t)array->n_children),
                        array->children[array->n_children])) {
            release_array(array);
            return false;
        }
    }
    return true;
}

/* ---- streams -------------------------------------------------------------------------------------- */

typedef struct stream_box {
    trdb_columns *columns;
    bool failed; /* the last call: for want of memory */
    bool given;
} stream_box;

static int stream_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    stream_box *box = stream->private_data;
    struct ArrowSchema schema;
    box->failed = !make_table_schema(box->columns, &schema);
    if (box->failed)
        return ENOMEM;
    *out = schema;
    return 0;
}

static int stream_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    stream_box *box = stream->private_data;
    struct ArrowArray array = {.release = NULL}; /* the end */
    bool more = !box->given && trdb_columns_rows(box->columns) > 0;
    box->failed = more && !make_batch(box->columns, &array);
    if (box->failed)
        return ENOMEM;
    box->given = true;
    *out = array;
    return 0;
}

static const char *stream_error(struct ArrowArrayStream *stream) {
    const stream_box *box = stream->private_data;
    return box->failed ? "out of memory" : NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
    stream_box *box = stream->private_data;
    trdb_columns_free(box->columns);
    free(box);
    stream->release = NULL;
}

static int check(const trdb_columns *columns, trdb_error **reterr) {
    const trdb_column_view *view;
    for (size_t i = 0; (view = trdb_columns_at(columns, i)); i++) {
        if (view->infinite_count == 0)
            continue;
        trdbi_error(reterr, TRDB_E_RANGE,
                    "column \"%s\" has times that are infinite, which Arrow cannot say; read it with "
                    "TRDB_COLUMNS_NULL_INFINITY",
                    view->name);
        trdbi_error_set_column(reterr, NULL, view->name);
        return TRDB_E_RANGE;
    }
    return 0;
}

int trdb_columns_export_arrow(trdb_columns *columns, struct ArrowArrayStream *out, trdb_error **reterr) {
    if (!columns || !out)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_columns_export_arrow: %s is NULL", columns ? "out" : "columns");
    int code = check(columns, reterr);
    if (code < 0)
        return code;
    stream_box *box = calloc(1, sizeof *box);
    if (!box)
        return trdbi_error_nomem(reterr);
    box->columns = trdbi_columns_ref(columns);
    *out = (struct ArrowArrayStream){.get_schema = stream_schema,
                                     .get_next = stream_next,
                                     .get_last_error = stream_error,
                                     .release = release_stream,
                                     .private_data = box};
    return 0;
}
