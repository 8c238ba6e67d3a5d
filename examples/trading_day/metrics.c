/* SPDX-License-Identifier: MIT */
/* The bot's performance metrics: computed and stored by the library in one statement, read here from their
 * JSON. */
#include "day.h"

#include <json-c/json.h>
#include <stdio.h>

static const struct {
    const char *label;
    const char *key;
} lines[] = {
    {"win rate, %", "win_rate"},         {"expectancy", "expectancy"},
    {"average win", "average_win"},      {"average loss", "average_loss"},
    {"total return, %", "total_return"}, {"CAGR, %", "cagr"},
    {"Sharpe ratio", "sharpe"},          {"Sortino ratio", "sortino"},
    {"Calmar ratio", "calmar"},          {"SQN", "sqn"},
};

/* json-c gives a number back in the digits that it was read from. */
static const char *digits(json_object *form, const char *key) {
    json_object *value = json_object_object_get(form, key);
    return value ? json_object_to_json_string(value) : "-";
}

static void print(json_object *metrics) {
    json_object *gross = json_object_object_get(metrics, "gross"),
                *net = json_object_object_get(metrics, "net");
    printf("\nPerformance metrics\n  %-18s %28s %28s\n", "", "gross", "net");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        printf("  %-18s %28s %28s\n", lines[i].label, digits(gross, lines[i].key), digits(net, lines[i].key));
    printf("  %-18s %28s\n", "seconds held", digits(metrics, "average_holding_seconds"));
}

int metrics_print(const import *im, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_trading_performance_metric) *row = NULL;
    trdb_metrics_scope_new scope = trdb_metrics_scope_new_init();
    scope.bot_id = trdb_i64(im->bot_id);
    scope.starting_balance = trdb_dec_value(im->export->starting_balance);
    int code = trdb_uow_begin(im->db, NULL, &uow, reterr);
    if (code == 0)
        code = trdb_trading_compute_metrics(uow, &scope, &row, reterr);
    if (code == 0)
        code = trdb_uow_commit(uow, reterr);
    json_object *metrics = code == 0 ? json_tokener_parse(row->metrics) : NULL;
    if (metrics)
        print(metrics);
    json_object_put(metrics);
    return code;
}
