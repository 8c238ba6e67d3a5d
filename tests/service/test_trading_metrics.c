/* SPDX-License-Identifier: MIT */
/* Performance metrics through C: what is stored, what is refused, what it costs. test_trading_metrics.py
 * checks the figures. */
#include "fixture.h"

#include <json-c/json.h>

enum { PAPER = TRDB_TRADING_TRADE_TYPE_PAPER, LIVE = TRDB_TRADING_TRADE_TYPE_LIVE };

/* A trade from 100 to `leaving`, closed that many hours after 1970. */
static void add_trade(int64_t bot, const char *symbol, const char *strategy, const char *leaving,
                      int64_t hour) {
    OK(trdb_trading_trade_insert(
        fix_uow,
        TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(bot), .trade_type = trdb_enum(PAPER),
                               .strategy_name = strategy, .entry_logic_name = "in", .exit_logic_name = "out",
                               .symbol = symbol, .interval = "5m",
                               .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                               .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_CLOSED), .size = trdb_dec("1"),
                               .entry_price = trdb_dec("100"), .exit_price = trdb_dec(leaving),
                               .entry_time = trdb_time_us((hour - 1) * 3600000000),
                               .exit_time = trdb_time_us(hour * 3600000000), .exit_reason = "roi"),
        NULL, &fix_err));
}

static int64_t bot_with_trades(void) {
    int64_t bot = fix_bot();
    add_trade(bot, "BTCUSDT", "a", "110", 10);
    add_trade(bot, "ETHUSDT", "b", "95", 40);
    add_trade(bot, "BTCUSDT", "b", "102.5", 70);
    return bot;
}

/* A member of the metrics as it stands there: "net.pnl". Its text lives as long as the document. */
static const char *figure(json_object *metrics, const char *path) {
    char copy[100];
    snprintf(copy, sizeof copy, "%s", path);
    for (char *key = strtok(copy, "."); key; key = strtok(NULL, ".")) {
        json_object *inner = NULL;
        ck_assert_msg(json_object_object_get_ex(metrics, key, &inner), "no %s", path);
        metrics = inner;
    }
    return metrics ? json_object_get_string(metrics) : NULL;
}

static json_object *parse(const trdb_trading_performance_metric *row) {
    json_object *metrics = json_tokener_parse(row->metrics);
    ck_assert_ptr_nonnull(metrics);
    return metrics;
}

#define FIGURE(metrics, path, wanted) ck_assert_str_eq(figure(metrics, path), wanted)

START_TEST(compute_metrics) {
    int64_t bot = bot_with_trades();
    trdb_trading_performance_metric *row = NULL, *read = NULL;
    const trdb_metrics_scope_new scope = {.struct_size = sizeof scope,
                                          .bot_id = trdb_i64(bot),
                                          .starting_balance = trdb_dec("1000.50"),
                                          .risk_free_rate = trdb_dec("0.05")};
    OK(trdb_trading_compute_metrics(fix_uow, &scope, &row, &fix_err));
    ck_assert_int_eq(row->bot_id.value, bot);
    ck_assert_int_eq(row->trade_type.value, PAPER);
    ck_assert_ptr_null(row->symbol);
    ck_assert_ptr_null(row->interval);
    ck_assert_ptr_null(row->entry_logic_name);
    ck_assert_ptr_null(row->exit_logic_name);
    ck_assert_int_eq(row->calculated_at.kind, TRDB_TIMESTAMP_FINITE);
    ck_assert_int_eq(row->calculated_at.us, row->created_at.us);
    json_object *metrics = parse(row);
    FIGURE(metrics, "trades", "3");
    FIGURE(metrics, "net.pnl", "7.5");
    FIGURE(metrics, "net.profit_factor", "2.5");
    FIGURE(metrics, "net.ending_balance", "1008");
    FIGURE(metrics, "net.max_drawdown.from", "1970-01-01T10:00:00.000000Z");
    FIGURE(metrics, "scope.trade_type", "paper");
    FIGURE(metrics, "scope.risk_free_rate", "0.05");
    ck_assert_ptr_null(figure(metrics, "scope.strategy_name"));
    json_object_put(metrics);

    OK(trdb_trading_metrics(fix_uow, &scope, &read, &fix_err));
    ck_assert_str_eq(read->metrics, row->metrics);
    ck_assert_int_eq(read->id, 0);
    ck_assert_int_eq(fix_count("trading_performance_metrics"), 1);
    trdb_trading_performance_metric_free(read);
    trdb_trading_performance_metric_free(row);
    OK(trdb_trading_compute_metrics(fix_uow, &scope, NULL, &fix_err));
    ck_assert_int_eq(fix_count("trading_performance_metrics"), 2);
}
END_TEST

START_TEST(metrics_agree_with_the_totals) {
    int64_t bot = bot_with_trades();
    trdb_trading_performance_metric *row = NULL;
    trdb_trading_pnl_summary_row *sum = NULL;
    trdb_trading_drawdown_row *drop = NULL;
    OK(trdb_trading_metrics(fix_uow, TRDB_METRICS_SCOPE_NEW(.bot_id = trdb_i64(bot)), &row, &fix_err));
    OK(trdb_trading_pnl_summary(fix_uow, trdb_i64(bot), &sum, &fix_err));
    OK(trdb_trading_drawdown(fix_uow, trdb_i64(bot), &drop, &fix_err));
    json_object *metrics = parse(row);
    FIGURE(metrics, "gross.pnl", sum->gross_pnl_exact);
    FIGURE(metrics, "net.pnl", sum->net_pnl_exact);
    FIGURE(metrics, "fees", sum->fees_exact);
    FIGURE(metrics, "gross.max_drawdown.amount", drop->drawdown_exact);
    ck_assert_str_eq(drop->drawdown_exact, "5");
    json_object_put(metrics);
    trdb_trading_drawdown_row_free(drop);
    trdb_trading_pnl_summary_row_free(sum);
    trdb_trading_performance_metric_free(row);
}
END_TEST

START_TEST(metrics_of_a_narrower_scope) {
    int64_t bot = bot_with_trades();
    trdb_trading_performance_metric *row = NULL;
    trdb_metrics_scope_new scope = trdb_metrics_scope_new_init();
    scope.bot_id = trdb_i64(bot);
    scope.trade_type = trdb_enum(PAPER);
    scope.strategy_name = "b", scope.symbol = "BTCUSDT", scope.interval = "5m";
    scope.entry_logic_name = "in", scope.exit_logic_name = "out";
    scope.since = trdb_time_us(40 * 3600000000), scope.until = trdb_time_us(70 * 3600000000 + 1);
    scope.periods_per_year = trdb_i64(252);
    OK(trdb_trading_compute_metrics(fix_uow, &scope, &row, &fix_err));
    ck_assert_str_eq(row->symbol, "BTCUSDT");
    ck_assert_str_eq(row->interval, "5m");
    ck_assert_str_eq(row->entry_logic_name, "in");
    ck_assert_str_eq(row->exit_logic_name, "out");
    json_object *metrics = parse(row);
    FIGURE(metrics, "trades", "1");
    FIGURE(metrics, "scope.strategy_name", "b");
    FIGURE(metrics, "scope.since", "1970-01-02T16:00:00.000000Z");
    FIGURE(metrics, "scope.until", "1970-01-03T22:00:00.000001Z");
    FIGURE(metrics, "scope.periods_per_year", "252");
    json_object_put(metrics);
    trdb_trading_performance_metric_free(row);

    scope = trdb_metrics_scope_new_init();
    scope.bot_id = trdb_i64(bot);
    scope.trade_type = trdb_enum(LIVE);
    OK(trdb_trading_compute_metrics(fix_uow, &scope, &row, &fix_err));
    ck_assert_int_eq(row->trade_type.value, LIVE);
    metrics = parse(row);
    FIGURE(metrics, "trades", "0");
    json_object_put(metrics);
    trdb_trading_performance_metric_free(row);
}
END_TEST

START_TEST(metrics_without_a_bot) {
    bot_with_trades();
    bot_with_trades();
    trdb_trading_performance_metric *row = NULL;
    OK(trdb_trading_metrics(fix_uow, NULL, &row, &fix_err));
    ck_assert_int_eq(row->bot_id.set, 0);
    ck_assert_ptr_null(row->trade_type.text);
    json_object *metrics = parse(row);
    FIGURE(metrics, "trades", "6");
    FIGURE(metrics, "net.pnl", "15");
    json_object_put(metrics);
    trdb_trading_performance_metric_free(row);
    OK(trdb_trading_metrics(fix_uow, TRDB_METRICS_SCOPE_NEW(.strategy_name = "b"), &row, &fix_err));
    metrics = parse(row);
    FIGURE(metrics, "trades", "4");
    json_object_put(metrics);
    trdb_trading_performance_metric_free(row);
    OK(trdb_trading_metrics(fix_uow, TRDB_METRICS_SCOPE_NEW(.symbol = "ETHUSDT"), &row, &fix_err));
    ck_assert_str_eq(row->symbol, "ETHUSDT");
    metrics = parse(row);
    FIGURE(metrics, "trades", "2");
    json_object_put(metrics);
    trdb_trading_performance_metric_free(row);
}
END_TEST

START_TEST(metrics_refuse) {
    int64_t bot = bot_with_trades(), trips = fix_round_trips();
    trdb_trading_performance_metric *row = NULL;
#define BAD(change, code, part)                                                                              \
    do {                                                                                                     \
        trdb_metrics_scope_new in = {.struct_size = sizeof in, .bot_id = trdb_i64(bot)};                     \
        change;                                                                                              \
        FAILS(trdb_trading_compute_metrics(fix_uow, &in, &row, &fix_err), code, part);                       \
        FAILS(trdb_trading_metrics(fix_uow, &in, &row, &fix_err), code, part);                               \
    } while (0)
    BAD(in.starting_balance = trdb_dec("-1"), TRDB_E_RANGE,
        "metrics_scope.starting_balance: must not be negative");
    BAD(in.starting_balance = trdb_dec("NaN"), TRDB_E_RANGE,
        "metrics_scope.starting_balance: must be a finite");
    BAD(in.starting_balance = trdb_dec("1e-25"), TRDB_E_INEXACT, "metrics_scope.starting_balance");
    BAD(in.starting_balance = trdb_dec("much"), TRDB_E_INVALID, "metrics_scope.starting_balance");
    BAD(in.starting_balance = trdb_null_dec(), TRDB_E_NOT_NULL,
        "metrics_scope.starting_balance: may not be NULL");
    BAD(in.risk_free_rate = trdb_dec("5"), TRDB_E_RANGE, "0.05 is five per cent");
    BAD(in.risk_free_rate = trdb_dec("-1.01"), TRDB_E_RANGE, "metrics_scope.risk_free_rate");
    BAD(in.periods_per_year = trdb_i64(0), TRDB_E_RANGE,
        "metrics_scope.periods_per_year: lies outside 1..366");
    BAD(in.periods_per_year = trdb_i64(367), TRDB_E_RANGE, "metrics_scope.periods_per_year");
    BAD((in.since = trdb_time_us(5), in.until = trdb_time_us(5)), TRDB_E_RANGE,
        "metrics_scope.until: must be later than since");
    BAD(in.since = trdb_time_us(INT64_MAX), TRDB_E_RANGE, "metrics_scope.since");
    BAD(in.trade_type = trdb_enum(4), TRDB_E_INVALID, "metrics_scope.trade_type");
    BAD(in.trade_type = trdb_null_enum(), TRDB_E_NOT_NULL, "metrics_scope.trade_type");
    BAD(in.symbol = "012345678901234567890", TRDB_E_RANGE, "metrics_scope.symbol: 21 characters");
    BAD(in.symbol = TRDB_NULL_TEXT, TRDB_E_NOT_NULL, "metrics_scope.symbol");
    BAD(in.strategy_name = "\xff", TRDB_E_ENCODING, "metrics_scope.strategy_name");
    BAD(in.bot_id.state = TRDB_NOT_GIVEN, TRDB_E_INVALID, "metrics_scope.bot_id: has a value but no state");
    BAD(in.struct_size = 0, TRDB_E_INVALID, "struct_size");
#undef BAD
    FAILS(trdb_trading_compute_metrics(fix_uow, NULL, &row, &fix_err), TRDB_E_INVALID, "is NULL");
    FAILS(trdb_trading_compute_metrics(fix_uow, TRDB_METRICS_SCOPE_NEW(.symbol = "X"), &row, &fix_err),
          TRDB_E_NOT_NULL, "metrics_scope.bot_id: is required by trading.compute_metrics");
    FAILS(trdb_trading_metrics(fix_uow, NULL, NULL, &fix_err), TRDB_E_INVALID, "NULL");
    FAILS(trdb_trading_metrics(NULL, NULL, &row, &fix_err), TRDB_E_INVALID, "unit of work");
    ck_assert_int_eq(fix_round_trips(), trips);
    const trdb_metrics_scope_new unknown = {.struct_size = sizeof unknown, .bot_id = trdb_i64(bot + 1000)};
    REFUSED(trdb_trading_compute_metrics(fix_uow, &unknown, &row, &fix_err), TRDB_E_NOT_FOUND,
            "trading_bots: no row");
    REFUSED(trdb_trading_metrics(fix_uow, &unknown, &row, &fix_err), TRDB_E_NOT_FOUND,
            "trading_bots: no row");
    ck_assert_ptr_null(row);
    ck_assert_int_eq(fix_count("trading_performance_metrics"), 0);
}
END_TEST

START_TEST(metrics_add) {
    int64_t bot = fix_bot();
    trdb_trading_performance_metric *row = NULL;
    OK(trdb_trading_performance_metric_insert(
        fix_uow,
        TRDB_TRADING_PERFORMANCE_METRIC_NEW(.bot_id = trdb_i64(bot), .trade_type = trdb_enum(PAPER),
                                            .metrics = "{\"own\": 1.50}", .symbol = "X"),
        &row, &fix_err));
    ck_assert_str_eq(row->metrics, "{\"own\": 1.50}");
    ck_assert_int_eq(row->calculated_at.kind, TRDB_TIMESTAMP_NULL); /* the caller says when */
    trdb_trading_performance_metric_free(row);
    SERVER_FAILS(trdb_trading_performance_metric_insert(
                     fix_uow, TRDB_TRADING_PERFORMANCE_METRIC_NEW(.bot_id = trdb_i64(bot), .metrics = "{}"),
                     NULL, &fix_err),
                 TRDB_E_NOT_NULL, "trade_type");
}
END_TEST

static int64_t stored(int64_t bot, trdb_in_timestamp at) {
    trdb_trading_performance_metric *row = NULL;
    OK(trdb_trading_performance_metric_insert(
        fix_uow,
        TRDB_TRADING_PERFORMANCE_METRIC_NEW(.bot_id = trdb_i64(bot), .trade_type = trdb_enum(PAPER),
                                            .metrics = "{}", .calculated_at = at),
        &row, &fix_err));
    int64_t id = row->id;
    trdb_trading_performance_metric_free(row);
    return id;
}

START_TEST(metrics_latest_for_bot) {
    int64_t bot = fix_bot(), other = fix_bot();
    stored(other, trdb_time_us(99));
    int64_t wanted[5];
    wanted[4] = stored(bot, (trdb_in_timestamp){.state = TRDB_NOT_GIVEN}); /* without a time: last */
    wanted[3] = stored(bot, trdb_time_us(5));
    wanted[0] = stored(bot, trdb_time_us(9));
    wanted[2] = stored(bot, trdb_time_us(7));
    wanted[1] = stored(bot, trdb_time_us(7)); /* of equal ones the newer row */
    trdb_trading_performance_metric_list *list = NULL;
    OK(trdb_trading_metrics_latest(fix_uow, bot, trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_trading_performance_metric_list_count(list), 5);
    for (size_t i = 0; i < 5; i++)
        ck_assert_int_eq(trdb_trading_performance_metric_list_at(list, i)->id, wanted[i]);
    trdb_trading_performance_metric_list_free(list);
    OK(trdb_trading_metrics_latest(fix_uow, bot, trdb_i64(2), &list, &fix_err));
    ck_assert_uint_eq(trdb_trading_performance_metric_list_count(list), 2);
    trdb_trading_performance_metric_list_free(list);
    OK(trdb_trading_metrics_latest(fix_uow, bot, trdb_i64(-1), &list, &fix_err));
    ck_assert_uint_eq(trdb_trading_performance_metric_list_count(list), 0);
    trdb_trading_performance_metric_list_free(list);
    for (int i = 0; i < 20; i++)
        stored(other, trdb_time_us(i));
    OK(trdb_trading_metrics_latest(fix_uow, other, trdb_null_i64(), &list, &fix_err));
    ck_assert_uint_eq(trdb_trading_performance_metric_list_count(list), 20);
    trdb_trading_performance_metric_list_free(list);
}
END_TEST

START_TEST(structs_of_other_versions) {
    int64_t bot = bot_with_trades();
    trdb_trading_performance_metric *row = NULL;
    trdb_metrics_scope_new scope = {.struct_size = offsetof(trdb_metrics_scope_new, since),
                                    .bot_id = trdb_i64(bot),
                                    .starting_balance =
                                        trdb_dec("-1")}; /* lies behind an older caller's struct */
    OK(trdb_trading_metrics(fix_uow, &scope, &row, &fix_err));
    trdb_trading_performance_metric_free(row);
    struct {
        trdb_metrics_scope_new known;
        int64_t later;
    } newer = {.known = {.struct_size = sizeof newer, .bot_id = trdb_i64(bot)}, .later = 1};
    REFUSED(trdb_trading_metrics(fix_uow, &newer.known, &row, &fix_err), TRDB_E_INVALID, "newer");
}
END_TEST

START_TEST(round_trips) {
    const trdb_metrics_scope_new scope = {.struct_size = sizeof scope, .bot_id = trdb_i64(bot_with_trades())};
    trdb_trading_performance_metric *row = NULL;
    OK(trdb_trading_compute_metrics(fix_uow, &scope, NULL, &fix_err));
    TRIPS(1, trdb_trading_compute_metrics(fix_uow, &scope, NULL, &fix_err));
    OK(trdb_trading_metrics(fix_uow, &scope, &row, &fix_err));
    trdb_trading_performance_metric_free(row);
    TRIPS(1, trdb_trading_metrics(fix_uow, &scope, &row, &fix_err));
    trdb_trading_performance_metric_free(row);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trading_metrics");
    TCase *tcase = fix_case("metrics");
    tcase_add_test(tcase, compute_metrics);
    tcase_add_test(tcase, metrics_agree_with_the_totals);
    tcase_add_test(tcase, metrics_of_a_narrower_scope);
    tcase_add_test(tcase, metrics_without_a_bot);
    tcase_add_test(tcase, metrics_refuse);
    tcase_add_test(tcase, metrics_add);
    tcase_add_test(tcase, metrics_latest_for_bot);
    tcase_add_test(tcase, structs_of_other_versions);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
