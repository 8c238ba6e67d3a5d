/* SPDX-License-Identifier: MIT */
/* Reads what a report shows: the metrics' document and the equity curve. */
#include "report.h"

#include <stdlib.h>

/* ---- the document ------------------------------------------------------------------------------------ */

static json_object *member(json_object *object, const char *key) {
    json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

/* The digits of a number as they stand in the document, NULL for anything else. */
static const char *digits_of(json_object *object, const char *key) {
    json_object *value = member(object, key);
    return json_object_is_type(value, json_type_double) || json_object_is_type(value, json_type_int)
               ? json_object_to_json_string(value)
               : NULL;
}

static const char *text_of(json_object *object, const char *key) {
    json_object *value = member(object, key);
    return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

/* A decimal; sums may have more places than one holds, and lose those here. */
static trdb_decimal decimal_of(json_object *object, const char *key) {
    const char *digits = digits_of(object, key);
    trdb_decimal value = {0};
    if (!digits)
        return value;
    size_t size = strlen(digits);
    while (trdb_decimal_parse_n(digits, size, &value) < 0 && size > 0 && memchr(digits, '.', size - 1))
        size--;
    return value;
}

static trdb_opt_i64 count_of(json_object *object, const char *key) {
    json_object *value = member(object, key);
    return (trdb_opt_i64){.value = json_object_get_int64(value), .set = value != NULL};
}

static trdb_timestamp time_of(json_object *object, const char *key) {
    const char *text = text_of(object, key);
    trdb_timestamp value = {0};
    if (text)
        trdb_timestamp_parse(text, &value);
    return value;
}

static report_form form_of(json_object *object) {
    json_object *drop = member(object, "max_drawdown");
    return (report_form){
        .pnl_digits = digits_of(object, "pnl"),
        .pnl = decimal_of(object, "pnl"),
        .wins = count_of(object, "wins"),
        .draws = count_of(object, "draws"),
        .losses = count_of(object, "losses"),
        .win_rate = decimal_of(object, "win_rate"),
        .profit_factor = decimal_of(object, "profit_factor"),
        .expectancy = decimal_of(object, "expectancy"),
        .average_win = decimal_of(object, "average_win"),
        .average_loss = decimal_of(object, "average_loss"),
        .largest_win = decimal_of(object, "largest_win"),
        .largest_loss = decimal_of(object, "largest_loss"),
        .total_return = decimal_of(object, "total_return"),
        .cagr = decimal_of(object, "cagr"),
        .sharpe = decimal_of(object, "sharpe"),
        .sortino = decimal_of(object, "sortino"),
        .calmar = decimal_of(object, "calmar"),
        .sqn = decimal_of(object, "sqn"),
        .drop = {decimal_of(drop, "amount"), decimal_of(drop, "percent"), time_of(drop, "from"),
                 time_of(drop, "to")},
    };
}

static report_part *parts_of(json_object *list, const char *name, size_t *ret_count) {
    const size_t count = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    report_part *parts = calloc(count + 1, sizeof *parts);
    for (size_t i = 0; parts && i < count; i++) {
        json_object *part = json_object_array_get_idx(list, i);
        json_object *net = member(part, "net");
        parts[i] = (report_part){
            .name = text_of(part, name),
            .trades = count_of(part, "trades"),
            .gross_pnl = decimal_of(member(part, "gross"), "pnl"),
            .net_pnl = decimal_of(net, "pnl"),
            .net_wins = count_of(net, "wins"),
            .net_win_rate = decimal_of(net, "win_rate"),
        };
    }
    *ret_count = count;
    return parts;
}

static int read_document(report *r) {
    json_object *document = r->document = json_tokener_parse(r->metrics->metrics);
    json_object *holding = member(document, "average_holding_us");
    r->trades = count_of(document, "trades").value;
    r->fees_digits = digits_of(document, "fees");
    r->holding_seconds = holding ? json_object_get_int64(holding) / 1000000 : -1;
    r->since = time_of(document, "from");
    r->gross = form_of(member(document, "gross"));
    r->net = form_of(member(document, "net"));
    r->symbols = parts_of(member(document, "by_symbol"), "symbol", &r->symbol_count);
    r->reasons = parts_of(member(document, "by_exit_reason"), "exit_reason", &r->reason_count);
    return document && r->symbols && r->reasons ? CLI_OK : cli_error("out of memory");
}

/* ---- the bot ----------------------------------------------------------------------------------------- */

/* A text member of a JSON text; malloc'd, NULL when there is none. */
static char *member_of_text(const char *json, const char *key) {
    json_object *object = json ? json_tokener_parse(json) : NULL;
    const char *text = text_of(object, key);
    char *result = text ? text_printable(text) : NULL;
    json_object_put(object);
    return result;
}

/* The currency of the bot's books, as its metadata or configuration has it. */
static char *currency_of(const trdb_trading_bot *bot) {
    enum { LONGEST = 12 };
    char *currency = bot ? member_of_text(bot->extra_metadata, "stake_currency") : NULL;
    if (bot && !currency)
        currency = member_of_text(bot->config, "stake_currency");
    if (currency)
        text_cut(currency, LONGEST);
    return currency;
}

/* What the account held at first: as said, or what the bot has less what it made. */
static trdb_decimal first_balance(const cli *o, const trdb_trading_bot *bot) {
    trdb_decimal balance = {0};
    if (o->balance.kind == TRDB_DECIMAL_FINITE || !bot)
        return o->balance;
    if (trdb_decimal_subtract(bot->current_balance, bot->total_pnl, &balance) < 0 || balance.negative)
        return (trdb_decimal){0};
    return balance;
}

/* ---- all of it --------------------------------------------------------------------------------------- */

static trdb_metrics_scope_new scope_of(const cli *o, const trdb_trading_bot *bot) {
    trdb_metrics_scope_new scope = trdb_metrics_scope_new_init();
    const trdb_decimal balance = first_balance(o, bot);
    if (o->bot)
        scope.bot_id = trdb_i64(o->bot);
    if (o->as_of.kind == TRDB_TIMESTAMP_FINITE)
        scope.until = trdb_time_us(o->as_of.us + 1);
    if (balance.kind == TRDB_DECIMAL_FINITE)
        scope.starting_balance = trdb_dec_value(balance);
    return scope;
}

/* Points that --as-of takes in; trades without a time of closing come last and are left out. */
static size_t points_of(const cli *o, const trdb_trading_equity_curve_row_list *curve) {
    size_t points = 0;
    TRDB_FOREACH(trdb_trading_equity_curve_row, row, curve) {
        if (row->closed_at.kind != TRDB_TIMESTAMP_FINITE ||
            (o->as_of.kind == TRDB_TIMESTAMP_FINITE && row->closed_at.us > o->as_of.us))
            break;
        points++;
    }
    return points;
}

int report_read(const cli *o, session *s, report *r) {
    if (o->bot && trdb_trading_bot_get(s->uow, o->bot, &r->bot, &s->error) < 0)
        return session_missing(s, "bot", o->bot, "`tradingdb bots list` shows those that there are");
    const trdb_metrics_scope_new scope = scope_of(o, r->bot);
    const int code = o->store ? trdb_trading_compute_metrics(s->uow, &scope, &r->metrics, &s->error)
                              : trdb_trading_metrics(s->uow, &scope, &r->metrics, &s->error);
    if (code < 0 || trdb_trading_equity_curve(s->uow, o->bot ? trdb_i64(o->bot) : trdb_null_i64(), &r->curve,
                                              &s->error) < 0)
        return session_failed(s);
    r->currency = currency_of(r->bot);
    r->points = points_of(o, r->curve);
    if (r->points > 0)
        r->until = report_point(r, r->points - 1)->closed_at;
    return read_document(r);
}

const trdb_trading_equity_curve_row *report_point(const report *r, size_t i) {
    return i < r->points ? trdb_trading_equity_curve_row_list_at(r->curve, i) : NULL;
}

void report_free(report *r) {
    trdb_trading_bot_free(r->bot);
    free(r->currency);
    trdb_trading_performance_metric_free(r->metrics);
    json_object_put(r->document);
    free(r->symbols);
    free(r->reasons);
    trdb_trading_equity_curve_row_list_free(r->curve);
}
