/* SPDX-License-Identifier: MIT */
/* Named queries: SQL of schema/queries, run with typed arguments. */
#include "entity/internal.h"
#include "base/text.h"

/* `{schema}.` in the SQL becomes the quoted schema with its dot. */
static int build_sql(const void *ctx, trdbi_buf *sql, trdb_error **reterr) {
    static const char mark[] = "{schema}.";
    const trdbi_query_build *build = ctx;
    const char *from = build->query->sql;
    for (const char *at; (at = strstr(from, mark)); from = at + strlen(mark)) {
        trdbi_buf_append(sql, from, (size_t)(at - from));
        trdbi_buf_text(sql, build->schema);
    }
    trdbi_buf_text(sql, from);
    return sql->failed ? trdbi_error_nomem(reterr) : 0;
}

static int refuse(const trdbi_query *query, const trdbi_query_param *param, int code, const char *why,
                  trdb_error **reterr) {
    return trdbi_error(reterr, code, "%s: argument %s %s", query->name, param->name, why);
}

static int put_text(const trdbi_query *query, const trdbi_query_param *param, const char *text,
                    trdbi_buf *buf, trdb_error **reterr) {
    if (trdbi_utf8_length(text, strlen(text)) < 0)
        return refuse(query, param, TRDB_E_ENCODING, "is not valid UTF-8", reterr);
    if (param->kind == TRDBI_JSON)
        trdbi_encode_json(buf, text);
    else if (param->kind == TRDBI_TEXT)
        trdbi_encode_text(buf, text);
    else if (trdbi_encode_inet(buf, text) < 0)
        return refuse(query, param, TRDB_E_INVALID, "is not an IP address", reterr);
    return 0;
}

static int put(const trdbi_query *query, const trdbi_query_param *param, const trdbi_arg *arg, trdbi_buf *buf,
               trdb_error **reterr) {
    int code = 0;
    switch ((trdbi_kind)param->kind) {
    case TRDBI_I64:
        if (param->least > 0 && arg->u.i64 < param->least)
            return trdbi_error(reterr, TRDB_E_RANGE, "%s: argument %s is %lld; it must be at least %lld",
                               query->name, param->name, (long long)arg->u.i64, (long long)param->least);
        trdbi_encode_i64(buf, arg->u.i64);
        return 0;
    case TRDBI_BOOL:
        trdbi_encode_bool(buf, arg->u.boolean);
        return 0;
    case TRDBI_ENUM:
        if (arg->u.enumeration < 1 || arg->u.enumeration > param->values->count)
            return refuse(query, param, TRDB_E_INVALID, "is no constant of its set", reterr);
        trdbi_encode_text(buf, param->values->values[arg->u.enumeration - 1]);
        return 0;
    case TRDBI_DECIMAL:
        code = trdbi_encode_decimal(buf, arg->u.decimal);
        return code < 0 ? refuse(query, param, code, "is a malformed decimal", reterr) : 0;
    case TRDBI_TIMESTAMP:
        code = trdbi_encode_timestamp(buf, arg->u.timestamp);
        return code < 0 ? refuse(query, param, code, "is a time out of range", reterr) : 0;
    case TRDBI_UUID:
        trdbi_encode_uuid(buf, arg->u.uuid);
        return 0;
    case TRDBI_BYTES:
        trdbi_buf_append(buf, arg->u.bytes.data, arg->u.bytes.size);
        return 0;
    case TRDBI_TEXTS:
        for (size_t i = 0; i < arg->u.texts.count; i++) {
            const char *item = arg->u.texts.items[i];
            if (item == TRDB_NULL_TEXT)
                return refuse(query, param, TRDB_E_INVALID,
                              "holds TRDB_NULL_TEXT; a NULL pointer is a NULL element", reterr);
            if (item && trdbi_utf8_length(item, strlen(item)) < 0)
                return refuse(query, param, TRDB_E_ENCODING, "is not valid UTF-8", reterr);
        }
        trdbi_encode_texts(buf, arg->u.texts.items, arg->u.texts.count);
        return 0;
    case TRDBI_TEXT:
    case TRDBI_JSON:
    case TRDBI_INET:
        break;
    }
    return put_text(query, param, arg->u.text, buf, reterr);
}

/* NULL by its state, or by a value that says so itself. */
static bool is_null(const trdbi_query_param *param, const trdbi_arg *arg) {
    if (arg->state != TRDB_GIVEN)
        return true;
    switch ((trdbi_kind)param->kind) {
    case TRDBI_TEXT:
    case TRDBI_JSON:
    case TRDBI_INET:
        return arg->u.text == NULL || arg->u.text == TRDB_NULL_TEXT;
    case TRDBI_DECIMAL:
        return arg->u.decimal.kind == TRDB_DECIMAL_NULL;
    case TRDBI_TIMESTAMP:
        return arg->u.timestamp.kind == TRDB_TIMESTAMP_NULL;
    case TRDBI_BYTES:
        return arg->u.bytes.data == NULL;
    case TRDBI_TEXTS:
        return arg->u.texts.items == NULL;
    case TRDBI_I64:
    case TRDBI_BOOL:
    case TRDBI_UUID:
    case TRDBI_ENUM:
        break;
    }
    return false;
}

/* An argument given by a handle is the key: a query says by its SQL what its parameters are. */
static int take_ref(trdb_uow *uow, const trdbi_query *query, const trdbi_query_param *param, trdbi_arg *arg,
                    trdb_error **reterr) {
    const trdb_ref handle = {.unit = arg->u.i64, .number = arg->ref};
    trdbi_ref ref;
    if (arg->state != TRDB_GIVEN_REF)
        return 0;
    int code = trdbi_uow_ref(uow, handle, true, &ref, reterr);
    if (code < 0)
        return code;
    if (ref.problem)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: argument %s: %s", query->name, param->name,
                           ref.problem);
    *arg = (trdbi_arg){.state = TRDB_GIVEN, .u.i64 = ref.key};
    return 0;
}

static int put_args(trdb_uow *uow, const trdbi_query *query, const trdbi_arg *args, trdbi_params *params,
                    trdb_error **reterr) {
    for (unsigned i = 0; i < query->param_count; i++) {
        const trdbi_query_param *param = &query->params[i];
        uint32_t oid = trdbi_kind_oid(param->kind, false);
        trdbi_arg arg = args[i];
        int code = param->kind == TRDBI_I64 ? take_ref(uow, query, param, &arg, reterr) : 0;
        if (code < 0)
            return code;
        if (is_null(param, &arg)) {
            if (!param->nullable)
                return refuse(query, param, TRDB_E_INVALID, "is NULL", reterr);
            trdbi_params_null(params, oid);
            continue;
        }
        trdbi_params_begin(params, oid);
        code = put(query, param, &arg, &params->data, reterr);
        trdbi_params_end(params);
        if (code < 0)
            return code;
    }
    return 0;
}

trdbi_statement trdbi_query_statement(const trdbi_query_build *build) {
    return (trdbi_statement){.name = build->query->name,
                             .key = &build->query,
                             .key_size = sizeof build->query,
                             .build = build_sql,
                             .ctx = build,
                             .secret = build->query->secret,
                             .reads = build->query->reads};
}

/* Without a place for the result the query may wait, in a unit that pipelines. */
static int go(trdbi_to to, const trdbi_query *query, const trdbi_params *params, const trdbi_taking *taking,
              trdb_error **reterr) {
    if (to.later)
        return trdbi_batch_add(to.batch, NULL, query, params, taking, reterr);
    const trdbi_query_build build = {.query = query, .schema = trdbi_uow_schema(to.uow)};
    const trdbi_statement statement = trdbi_query_statement(&build);
    if (taking->what == TRDBI_TAKE_NOTHING && trdbi_uow_pipelines(to.uow))
        return trdbi_uow_queue(to.uow, &statement, params, NULL, NULL, reterr);
    trdbi_result *result = NULL;
    int code = trdbi_uow_run(to.uow, &statement, params, &result, reterr);
    if (code == 0)
        code = trdbi_take(taking, result, reterr);
    trdbi_result_free(result);
    return code;
}

int trdbi_put_query(trdbi_to to, const trdbi_query *query, const trdbi_arg *args, trdbi_take_what what,
                    void *ret, trdb_error **reterr) {
    const trdbi_taking taking = {ret ? what : TRDBI_TAKE_NOTHING, .query = query, .ret = ret};
    if (!ret && what != TRDBI_TAKE_AFFECTED)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: the place for the %s is NULL", query->name,
                           what == TRDBI_TAKE_ROW ? "row" : "list");
    int code = to.later ? trdbi_batch_enter(to.batch, &to.uow, reterr) : trdbi_uow_enter(to.uow, reterr);
    if (code < 0) {
        trdbi_error_default_statement(reterr, query->name);
        return code;
    }
    trdbi_params *params = trdbi_uow_params(to.uow);
    code = put_args(to.uow, query, args, params, reterr);
    if (code == 0)
        code = go(to, query, params, &taking, reterr);
    trdbi_uow_leave(to.uow);
    if (code < 0)
        trdbi_error_default_statement(reterr, query->name);
    return code;
}

int trdbi_query_one(trdb_uow *uow, const trdbi_query *query, const trdbi_arg *args, void *ret,
                    trdb_error **reterr) {
    return trdbi_put_query(trdbi_now(uow), query, args, TRDBI_TAKE_ROW, ret, reterr);
}

int trdbi_query_many(trdb_uow *uow, const trdbi_query *query, const trdbi_arg *args, void *ret,
                     trdb_error **reterr) {
    return trdbi_put_query(trdbi_now(uow), query, args, TRDBI_TAKE_LIST, ret, reterr);
}

int trdbi_query_exec(trdb_uow *uow, const trdbi_query *query, const trdbi_arg *args, int64_t *ret,
                     trdb_error **reterr) {
    return trdbi_put_query(trdbi_now(uow), query, args, TRDBI_TAKE_AFFECTED, ret, reterr);
}
