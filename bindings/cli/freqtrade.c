/* SPDX-License-Identifier: MIT */
#include "freqtrade.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Where a value stands, for messages: "trades[17].open_rate". */
typedef struct place {
    char *problem;
    size_t problem_size;
    const char *path;
    long trade; /* -1: not inside a trade */
} place;

__attribute__((format(printf, 3, 4))) static int refuse(const place *at, const char *field,
                                                        const char *format, ...) {
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (at->trade >= 0)
        snprintf(at->problem, at->problem_size, "%s: trades[%ld].%s %s", at->path, at->trade, field, text);
    else
        snprintf(at->problem, at->problem_size, "%s: %s %s", at->path, field, text);
    return -1;
}

static int get(const place *at, json_object *object, const char *field, json_type type, json_object **ret) {
    if (!json_object_object_get_ex(object, field, ret))
        return refuse(at, field, "is missing");
    if (!json_object_is_type(*ret, type))
        return refuse(at, field, "is a %s, not a %s", json_type_to_name(json_object_get_type(*ret)),
                      json_type_to_name(type));
    return 0;
}

static int get_text(const place *at, json_object *object, const char *field, const char **ret) {
    json_object *value;
    if (get(at, object, field, json_type_string, &value) < 0)
        return -1;
    if (json_object_get_string_len(value) == 0)
        return refuse(at, field, "is empty");
    *ret = json_object_get_string(value);
    return 0;
}

/* json-c keeps the source text of a number beside its double; to_json_string gives that text back. */
static int get_number(const place *at, json_object *object, const char *field, bool zero_allowed,
                      trdb_decimal *ret, const char **ret_text) {
    json_object *value;
    if (!json_object_object_get_ex(object, field, &value))
        return refuse(at, field, "is missing");
    if (!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int))
        return refuse(at, field, "is a %s, not a number", json_type_to_name(json_object_get_type(value)));
    const char *text = json_object_to_json_string(value);
    if (trdb_decimal_parse(text, ret) < 0 || ret->kind != TRDB_DECIMAL_FINITE)
        return refuse(at, field, "is no decimal of at most 38 digits: %.60s", text);
    if (ret->negative)
        return refuse(at, field, "is negative: %.60s", text);
    if (!zero_allowed && trdb_decimal_is_zero(*ret))
        return refuse(at, field, "is zero");
    if (ret_text)
        *ret_text = text;
    return 0;
}

static int get_time(const place *at, json_object *object, const char *field, trdb_timestamp *ret) {
    const char *text;
    if (get_text(at, object, field, &text) < 0)
        return -1;
    if (trdb_timestamp_parse(text, ret) < 0 || ret->kind != TRDB_TIMESTAMP_FINITE)
        return refuse(at, field, "is no time with a zone: %.60s", text);
    return 0;
}

static int read_trade(const place *at, json_object *object, freqtrade_trade *t) {
    json_object *value;
    if (!json_object_is_type(object, json_type_object))
        return refuse(at, "", "is not an object");
    if (get_text(at, object, "pair", &t->pair) < 0 ||
        get_text(at, object, "exit_reason", &t->exit_reason) < 0 ||
        get_number(at, object, "amount", false, &t->amount, NULL) < 0 ||
        get_number(at, object, "open_rate", false, &t->open_rate, NULL) < 0 ||
        get_number(at, object, "close_rate", false, &t->close_rate, NULL) < 0 ||
        get_number(at, object, "fee_open", true, &t->fee_open, &t->fee_open_text) < 0 ||
        get_number(at, object, "fee_close", true, &t->fee_close, &t->fee_close_text) < 0 ||
        get_time(at, object, "open_date", &t->opened) < 0 ||
        get_time(at, object, "close_date", &t->closed) < 0 ||
        get(at, object, "is_short", json_type_boolean, &value) < 0)
        return -1;
    t->is_short = json_object_get_boolean(value);
    if (t->closed.us < t->opened.us)
        return refuse(at, "close_date", "lies before open_date");
    if (json_object_object_get_ex(object, "enter_tag", &value) &&
        json_object_is_type(value, json_type_string))
        t->enter_tag = json_object_get_string(value);
    if (json_object_object_get_ex(object, "is_open", &value) && json_object_get_boolean(value))
        return refuse(at, "is_open", "is true: only closed trades can be imported");
    return 0;
}

/* Orders trades so that those alike stand together, in the order of the file. */
static int compare(const void *left, const void *right) {
    const freqtrade_trade *a = *(freqtrade_trade *const *)left, *b = *(freqtrade_trade *const *)right;
    int order = strcmp(a->pair, b->pair);
    if (order == 0)
        order = (a->opened.us > b->opened.us) - (a->opened.us < b->opened.us);
    if (order == 0)
        order = (a->closed.us > b->closed.us) - (a->closed.us < b->closed.us);
    if (order == 0)
        order = a->is_short - b->is_short;
    return order;
}

static int compare_stable(const void *left, const void *right) {
    int order = compare(left, right);
    const freqtrade_trade *a = *(freqtrade_trade *const *)left, *b = *(freqtrade_trade *const *)right;
    return order != 0 ? order : (a > b) - (a < b);
}

/* Gives every trade an id that is the same at every import; trades that are otherwise alike are numbered. */
static int name_trades(freqtrade_export *export) {
    freqtrade_trade **sorted = malloc(export->count * sizeof(freqtrade_trade *));
    if (!sorted)
        return -1;
    for (size_t i = 0; i < export->count; i++)
        sorted[i] = &export->trades[i];
    qsort(sorted, export->count, sizeof(freqtrade_trade *), compare_stable);
    int alike = 0;
    for (size_t i = 0; i < export->count; i++) {
        freqtrade_trade *t = sorted[i];
        alike = i > 0 && compare(&sorted[i - 1], &sorted[i]) == 0 ? alike + 1 : 0;
        snprintf(t->id, sizeof t->id, "%.40s:%.20s:%s:%lld:%lld:%d", export->strategy, t->pair,
                 t->is_short ? "short" : "long", (long long)t->opened.us / 1000000,
                 (long long)t->closed.us / 1000000, alike);
    }
    free(sorted);
    return 0;
}

static int read_strategy(place *at, freqtrade_export *export) {
    json_object *strategies, *strategy = NULL, *trades;
    if (!json_object_object_get_ex(export->document, "strategy", &strategies))
        return refuse(at, "strategy", "is missing: this is no backtest export");
    if (get(at, export->document, "strategy", json_type_object, &strategies) < 0)
        return -1;
    json_object_object_foreach(strategies, name, value) {
        export->strategy = name;
        strategy = value;
    }
    if (json_object_object_length(strategies) != 1 || !json_object_is_type(strategy, json_type_object))
        return refuse(at, "strategy", "must hold exactly one strategy");
    if (get_text(at, strategy, "timeframe", &export->timeframe) < 0 ||
        get_text(at, strategy, "stake_currency", &export->stake_currency) < 0 ||
        get_number(at, strategy, "starting_balance", true, &export->starting_balance, NULL) < 0 ||
        get(at, strategy, "trades", json_type_array, &trades) < 0)
        return -1;

    export->count = json_object_array_length(trades);
    if (export->count == 0)
        return refuse(at, "trades", "is empty");
    export->trades = calloc(export->count, sizeof *export->trades);
    if (!export->trades)
        return refuse(at, "trades", "do not fit into memory");
    for (size_t i = 0; i < export->count; i++) {
        at->trade = (long)i;
        if (read_trade(at, json_object_array_get_idx(trades, i), &export->trades[i]) < 0)
            return -1;
    }
    at->trade = -1;
    return name_trades(export) < 0 ? refuse(at, "trades", "do not fit into memory") : 0;
}

static char *read_file(const char *path, size_t *ret_size) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    size_t size = 0, room = 1 << 16, got;
    char *text = malloc(room);
    while (text && (got = fread(text + size, 1, room - size, file)) > 0) {
        size += got;
        if (size == room) {
            char *larger = realloc(text, room *= 2);
            if (!larger)
                free(text);
            text = larger;
        }
    }
    bool failed = ferror(file);
    fclose(file);
    if (failed) {
        free(text);
        return NULL;
    }
    *ret_size = size;
    return text;
}

static int parse_file(const place *at, freqtrade_export *export) {
    size_t size = 0;
    errno = 0;
    char *text = read_file(at->path, &size);
    json_tokener *tokener = json_tokener_new();
    int code = -1;
    if (!text || !tokener || size > INT32_MAX) {
        snprintf(at->problem, at->problem_size, "%s: cannot be read%s%s", at->path, errno ? ": " : "",
                 errno ? strerror(errno) : "");
    } else {
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        export->document = json_tokener_parse_ex(tokener, text, (int)size);
        enum json_tokener_error error = json_tokener_get_error(tokener);
        if (error == json_tokener_continue)
            snprintf(at->problem, at->problem_size, "%s: the file is cut short", at->path);
        else if (error != json_tokener_success)
            snprintf(at->problem, at->problem_size, "%s: not valid JSON: %s at byte %zu", at->path,
                     json_tokener_error_desc(error), json_tokener_get_parse_end(tokener));
        else
            code = 0;
    }
    if (tokener)
        json_tokener_free(tokener);
    free(text);
    return code;
}

int freqtrade_read(const char *path, freqtrade_export *ret, char *problem, size_t problem_size) {
    place at = {.problem = problem, .problem_size = problem_size, .path = path, .trade = -1};
    freqtrade_export export = {0};
    if (parse_file(&at, &export) < 0 || read_strategy(&at, &export) < 0) {
        freqtrade_free(&export);
        return -1;
    }
    *ret = export;
    return 0;
}

void freqtrade_free(freqtrade_export *export) {
    free(export->trades);
    json_object_put(export->document);
    *export = (freqtrade_export){0};
}
