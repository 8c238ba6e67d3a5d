/* SPDX-License-Identifier: MIT */
/* Performance metrics: arguments are checked here, figures are formed by one statement in the database. */
#include "service/service.h"

/* The scope described as a table's input is, so that it is checked in the same way. */
#define COLUMN(member, of_kind, ...)                                                                         \
    {                                                                                                        \
        .field = {.name = #member, .kind = of_kind}, .new_offset = offsetof(trdb_metrics_scope_new, member), \
        __VA_ARGS__                                                                                          \
    }
#define AMOUNT .max_scale = 24, .max_whole = 14

static const trdbi_column columns[] = {
    COLUMN(bot_id, TRDBI_I64, .int_bytes = 8),
    COLUMN(trade_type, TRDBI_ENUM, .field.values = &trdbi_enum_trading_trade_type),
    COLUMN(strategy_name, TRDBI_TEXT, .max_chars = 100),
    COLUMN(symbol, TRDBI_TEXT, .max_chars = 20),
    COLUMN(interval, TRDBI_TEXT, .max_chars = 10),
    COLUMN(entry_logic_name, TRDBI_TEXT, .max_chars = 100),
    COLUMN(exit_logic_name, TRDBI_TEXT, .max_chars = 100),
    COLUMN(since, TRDBI_TIMESTAMP, .flags = 0),
    COLUMN(until, TRDBI_TIMESTAMP, .flags = 0),
    COLUMN(starting_balance, TRDBI_DECIMAL, AMOUNT),
    COLUMN(risk_free_rate, TRDBI_DECIMAL, AMOUNT),
    COLUMN(periods_per_year, TRDBI_I64, .int_bytes = 8),
};
static const trdbi_table scope_table = {
    .name = "metrics_scope",
    .type = "trdb_metrics_scope",
    .columns = columns,
    .column_count = sizeof columns / sizeof columns[0],
    .new_size = sizeof(trdb_metrics_scope_new),
};
static const char *const fields_taken[] = {
    "bot_id",   "trade_type",       "strategy_name",   "symbol",
    "interval", "entry_logic_name", "exit_logic_name", "since",
    "until",    "starting_balance", "risk_free_rate",  "periods_per_year",
    NULL};

static int refuse(const char *call, const char *field, const char *why, trdb_error **reterr) {
    trdbi_refuse(&scope_table, trdbi_column_named(&scope_table, field), TRDB_E_RANGE, reterr, "%s", why);
    return trdbi_refused(call, TRDB_E_RANGE, reterr);
}

static bool beyond_one(trdb_decimal value) {
    trdb_decimal one;
    (void)trdb_decimal_from_i64(1, 0, &one);
    value.negative = 0;
    return trdb_decimal_compare(value, one) > 0;
}

static int take_scope(const char *call, bool with_bot, const trdb_metrics_scope_new *given,
                      trdb_metrics_scope_new *in, trdb_error **reterr) {
    static const char *const bot[] = {"bot_id", NULL}, *const nothing[] = {NULL};
    static const trdb_metrics_scope_new all = {.struct_size = sizeof all};
    const trdbi_fields fields = {call, with_bot ? bot : nothing, fields_taken};
    int code = trdbi_take_input(&scope_table, &fields, given || with_bot ? given : &all, in, reterr);
    if (code < 0)
        return code;
    if (in->since.value.kind == TRDB_TIMESTAMP_FINITE && in->until.value.kind == TRDB_TIMESTAMP_FINITE &&
        in->until.value.us <= in->since.value.us)
        return refuse(call, "until", "must be later than since", reterr);
    if (in->starting_balance.value.negative)
        return refuse(call, "starting_balance", "must not be negative", reterr);
    if (in->risk_free_rate.state == TRDB_GIVEN && beyond_one(in->risk_free_rate.value))
        return refuse(call, "risk_free_rate", "lies outside -1..1; 0.05 is five per cent", reterr);
    if (in->periods_per_year.state == TRDB_GIVEN &&
        (in->periods_per_year.value < 1 || in->periods_per_year.value > 366))
        return refuse(call, "periods_per_year", "lies outside 1..366", reterr);
    return 0;
}

int trdb_trading_metrics(trdb_uow *uow, const trdb_metrics_scope_new *scope,
                         trdb_trading_performance_metric **ret, trdb_error **reterr) {
    static const char call[] = "trading.metrics";
    trdb_metrics_scope_new in;
    int code = take_scope(call, false, scope, &in, reterr);
    if (code < 0)
        return code;
    code = trdbi_trading_metrics_read(
        uow, in.bot_id, in.trade_type, in.strategy_name, in.symbol, in.interval, in.entry_logic_name,
        in.exit_logic_name, trdbi_value_of_time(in.since), trdbi_value_of_time(in.until),
        trdbi_value_of_decimal(in.starting_balance), trdbi_value_of_decimal(in.risk_free_rate),
        in.periods_per_year, ret, reterr);
    return code == TRDB_E_NOT_FOUND ? trdbi_no_bot(call, code, in.bot_id.value, reterr) : code;
}

int trdb_trading_compute_metrics(trdb_uow *uow, const trdb_metrics_scope_new *scope,
                                 trdb_trading_performance_metric **ret, trdb_error **reterr) {
    static const char call[] = "trading.compute_metrics";
    trdb_metrics_scope_new in;
    int code = take_scope(call, true, scope, &in, reterr);
    if (code < 0)
        return code;
    trdb_trading_performance_metric *row = NULL;
    code = trdbi_trading_metrics_store(
        uow, in.bot_id.value, in.trade_type, in.strategy_name, in.symbol, in.interval, in.entry_logic_name,
        in.exit_logic_name, trdbi_value_of_time(in.since), trdbi_value_of_time(in.until),
        trdbi_value_of_decimal(in.starting_balance), trdbi_value_of_decimal(in.risk_free_rate),
        in.periods_per_year, &row, reterr);
    if (code == TRDB_E_NOT_FOUND)
        return trdbi_no_bot(call, code, in.bot_id.value, reterr);
    if (code < 0)
        return code;
    if (ret)
        *ret = row;
    else
        trdb_trading_performance_metric_free(row);
    return 0;
}
