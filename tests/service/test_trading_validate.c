/* SPDX-License-Identifier: MIT */
/* Checks of bot configurations: each rule by a document that is right but for one member. */
#include "fixture.h"

#include <json-c/json.h>

/* A document with nothing to say about. */
static const char right[] =
    "{\"id\": \"b1\", \"name\": \"Bot\", \"enabled\": true, \"symbol\": \"BTCUSDT\","
    " \"broker\": {\"type\": \"binance\", \"trading_mode\": \"paper\", \"name\": \"main\", \"cash\": "
    "10000.50},"
    " \"strategy\": {\"type\": \"CustomStrategy\", \"parameters\": {\"position_size\": 0.1,"
    "  \"entry_logic\": {\"name\": \"RSI\", \"params\": {\"rsi_period\": 14, \"level\": -3}},"
    "  \"exit_logic\": {\"name\": \"ATR\", \"params\": {}}}},"
    " \"data\": {\"data_source\": \"binance\", \"interval\": \"1h\", \"lookback_bars\": 5000},"
    " \"trading\": {\"position_size\": 0.5, \"max_positions\": 10, \"risk_management\": {\"stop_loss_pct\": "
    "2,"
    "  \"take_profit_pct\": 2.5}},"
    " \"risk_management\": {\"max_position_size\": 1, \"max_daily_loss\": 5, \"max_daily_trades\": 100},"
    " \"notifications\": {\"position_opened\": true, \"email_enabled\": false, \"performance_summaries\": "
    "\"daily\"}}";

/* The document with the member at a path replaced by JSON text; NULL takes it away. */
static char *changed(const char *path, const char *value) {
    char copy[200];
    snprintf(copy, sizeof copy, "%s", path);
    json_object *document = json_tokener_parse(right), *at = document;
    ck_assert_ptr_nonnull(document);
    char *key = copy;
    for (char *dot; (dot = strchr(key, '.')); key = dot + 1) {
        *dot = '\0';
        ck_assert_msg(json_object_object_get_ex(at, key, &at), "%s", path);
    }
    if (value) {
        json_tokener *tokener = json_tokener_new();
        json_object *parsed = json_tokener_parse_ex(tokener, value, (int)strlen(value) + 1);
        ck_assert_msg(json_tokener_get_error(tokener) == json_tokener_success, "%s", value);
        json_object_object_add(at, key, parsed);
        json_tokener_free(tokener);
    } else {
        json_object_object_del(at, key);
    }
    char *text = strdup(json_object_to_json_string(document));
    json_object_put(document);
    return text;
}

static char *shown(const trdb_finding_list *list) {
    static char text[4000];
    size_t size = 0;
    text[0] = '\0';
    TRDB_FOREACH(trdb_finding, finding, list)
        size += (size_t)snprintf(text + size, sizeof text - size, "%d %s: %s\n", finding->severity,
                                 finding->topic, finding->text);
    return text;
}

static void expect(const char *config, int32_t severity, const char *topic, const char *part) {
    trdb_finding_list *list = NULL;
    OK(trdb_trading_validate_bot_config(config, &list, &fix_err));
    if (!topic) {
        ck_assert_msg(trdb_finding_list_count(list) == 0, "%s\n%s", config, shown(list));
    } else {
        ck_assert_msg(trdb_finding_list_count(list) == 1, "%s\n%s", config, shown(list));
        const trdb_finding *finding = trdb_finding_list_at(list, 0);
        ck_assert_msg(finding->severity == severity && strcmp(finding->topic, topic) == 0 &&
                          strstr(finding->text, part) && finding->remedy && finding->remedy[0],
                      "wanted %d %s: %s\n%s", severity, topic, part, shown(list));
    }
    trdb_finding_list_free(list);
}

#define P TRDB_SEVERITY_PROBLEM
#define W TRDB_SEVERITY_WARNING

START_TEST(validate_bot_config) {
    static const struct {
        const char *path, *value; /* NULL: taken away */
        int32_t severity;         /* 0: nothing to say */
        const char *part, *topic; /* topic: the path, unless said */
    } cases[] = {
        {"id", NULL, P, "id is missing", NULL},
        {"id", "null", P, "id is missing", NULL},
        {"id", "\"\"", P, "id is empty", NULL},
        {"id", "true", P, "id is a boolean", NULL},
        {"id", "1.5", P, "id is a number", NULL},
        {"id", "17", 0, NULL, NULL},
        {"name", NULL, P, "name is missing", NULL},
        {"name", "7", P, "name is a number, not a text", NULL},
        {"enabled", NULL, P, "enabled is missing", NULL},
        {"enabled", "\"true\"", P, "enabled is a text, not a boolean", NULL},
        {"enabled", "1", P, "enabled is a number", NULL},
        {"enabled", "false", 0, NULL, NULL},
        {"symbol", NULL, P, "symbol is missing", NULL},
        {"symbol", "\" \\t\"", P, "symbol is empty", NULL},
        {"symbol", "[\"BTCUSDT\"]", P, "symbol is an array", NULL},
        {"broker", NULL, P, "broker is missing", NULL},
        {"broker", "\"paper\"", P, "broker is a text, not an object", NULL},
        {"broker.type", NULL, P, "type is missing", NULL},
        {"broker.type", "\"kraken\"", W, "the broker \"kraken\" is not known", NULL},
        {"broker.type", "\"alpaca\"", 0, NULL, NULL},
        {"broker.type", "\"ibkr\"", 0, NULL, NULL},
        {"broker.type", "\"interactive_brokers\"", 0, NULL, NULL},
        {"broker.trading_mode", NULL, P, "trading_mode is missing", NULL},
        {"broker.trading_mode", "\"demo\"", P, "neither paper nor live", NULL},
        {"broker.name", NULL, P, "name is missing", NULL},
        {"broker.cash", NULL, P, "cash is missing", NULL},
        {"broker.cash", "0", P, "cash is not above 0", NULL},
        {"broker.cash", "-0.000000000000000000000000000000000001", P, "cash is not above 0", NULL},
        {"broker.cash", "0.000000000000000000000000000000000001", 0, NULL, NULL},
        {"broker.cash", "1e3", 0, NULL, NULL},
        {"broker.cash", "123456789012345678901234567890.123456789", P, "more than 38 digits", NULL},
        {"broker.cash", "99999999999999999999999", 0, NULL, NULL},
        {"broker.cash", "\"10000\"", P, "cash is a text, not a number", NULL},
        {"strategy", NULL, P, "strategy is missing", NULL},
        {"strategy", "[]", P, "strategy is an array", NULL},
        {"strategy.type", NULL, P, "type is missing", NULL},
        {"strategy.type", "\"Momentum\"", W, "\"Momentum\" is not known", NULL},
        {"strategy.parameters", NULL, P, "parameters is missing", NULL},
        {"strategy.parameters", "3", P, "parameters is a number", NULL},
        {"strategy.parameters.position_size", NULL, 0, NULL, NULL},
        {"strategy.parameters.position_size", "1", 0, NULL, NULL},
        {"strategy.parameters.position_size", "1.000000000000000000000000000000000001", P, "is above 1",
         NULL},
        {"strategy.parameters.position_size", "0", P, "is not above 0", NULL},
        {"strategy.parameters.entry_logic", NULL, P, "entry_logic is missing", NULL},
        {"strategy.parameters.entry_logic.name", NULL, P, "name is missing", NULL},
        {"strategy.parameters.entry_logic.params", NULL, W, "params is missing", NULL},
        {"strategy.parameters.entry_logic.params", "[]", P, "params is an array", NULL},
        {"strategy.parameters.entry_logic.params.rsi_period", "0", P, "rsi_period is not above 0", NULL},
        {"strategy.parameters.entry_logic.params.rsi_period", "-14.5", P, "rsi_period is not above 0", NULL},
        {"strategy.parameters.entry_logic.params.rsi_period", "\"14\"", P, "rsi_period is a text", NULL},
        {"strategy.parameters.entry_logic.params._period", "0", P, "_period is not above 0", NULL},
        {"strategy.parameters.exit_logic", "null", P, "exit_logic is missing", NULL},
        {"strategy.parameters.exit_logic.name", "\"\"", P, "name is empty", NULL},
        {"strategy.parameters.exit_logic.params", "null", W, "params is missing", NULL},
        {"data", NULL, 0, NULL, NULL},
        {"data", "1", P, "data is a number", NULL},
        {"data.data_source", NULL, P, "data_source is missing", NULL},
        {"data.interval", NULL, P, "interval is missing", NULL},
        {"data.interval", "\"2h\"", W, "\"2h\" is not a usual one", NULL},
        {"data.lookback_bars", NULL, 0, NULL, NULL},
        {"data.lookback_bars", "5001", W, "above 5000", NULL},
        {"data.lookback_bars", "0", P, "is not above 0", NULL},
        {"data.lookback_bars", "10.0", P, "is a fraction", NULL},
        {"data.lookback_bars", "99999999999999999999", W, "above 5000", NULL},
        {"trading", NULL, 0, NULL, NULL},
        {"trading", "true", P, "trading is a boolean", NULL},
        {"trading.position_size", "0", P, "position_size is not above 0", NULL},
        {"trading.max_positions", "11", W, "above 10", NULL},
        {"trading.max_positions", "-1", P, "is not above 0", NULL},
        {"trading.max_positions", "1.5", P, "is a fraction, not a whole number", NULL},
        {"trading.risk_management", "1", P, "risk_management is a number", NULL},
        {"trading.risk_management.stop_loss_pct", "0", P, "is not above 0", NULL},
        {"trading.risk_management.take_profit_pct", "-1", P, "is not above 0", NULL},
        {"trading.risk_management.take_profit_pct", "2.0", W, "does not exceed stop_loss_pct", NULL},
        {"trading.risk_management.take_profit_pct", "1.999999999999999999999999999", W, "does not exceed",
         NULL},
        {"trading.risk_management.take_profit_pct", "2.000000000000000000000000001", 0, NULL, NULL},
        {"risk_management", "\"low\"", P, "risk_management is a text", NULL},
        {"risk_management.max_position_size", "0", P, "is not above 0", NULL},
        {"risk_management.max_daily_loss", "0", P, "is not above 0", NULL},
        {"risk_management.max_daily_trades", "101", W, "above 100", NULL},
        {"risk_management.max_daily_trades", "0", P, "is not above 0", NULL},
        {"risk_management.max_daily_trades", "true", P, "is a boolean, not a whole number", NULL},
        {"notifications", NULL, 0, NULL, NULL},
        {"notifications", "[]", P, "notifications is an array", NULL},
        {"notifications.position_opened", "\"yes\"", P, "position_opened is a text, not a boolean", NULL},
        {"notifications.email_enabled", "0", P, "email_enabled is a number", NULL},
        {"notifications.performance_summaries", "\"hourly\"", P, "performance_summaries is \"hourly\"", NULL},
        {"notifications.performance_summaries", "true", P, "is a boolean, not a text", NULL},
        {"notifications.performance_summaries", "\"none\"", 0, NULL, NULL},
        {"notifications.performance_summaries", "\"weekly\"", 0, NULL, NULL},
        {"notifications.performance_summaries", "\"monthly\"", 0, NULL, NULL},
    };
    expect(right, 0, NULL, NULL);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *config = changed(cases[i].path, cases[i].value);
        expect(config, cases[i].severity, cases[i].severity ? cases[i].path : NULL, cases[i].part);
        free(config);
    }
}
END_TEST

START_TEST(the_example_is_in_order) {
    char path[500];
    snprintf(path, sizeof path, "%s/examples/trading_day/bot.json", getenv("TRDB_TEST_SOURCE"));
    json_object *document = json_object_from_file(path);
    ck_assert_ptr_nonnull(document);
    expect(json_object_to_json_string(document), 0, NULL, NULL);
    json_object_put(document);
}
END_TEST

START_TEST(live_bots_need_no_cash) {
    char *config =
        changed("broker", "{\"type\": \"binance\", \"trading_mode\": \"live\", \"name\": \"main\"}");
    expect(config, 0, NULL, NULL);
    free(config);
}
END_TEST

START_TEST(other_strategies_have_their_own_parameters) {
    char *config = changed("strategy", "{\"type\": \"Momentum\"}");
    expect(config, W, "strategy.type", "not known");
    free(config);
    trdb_finding_list *list = NULL;
    config = changed("strategy", "{\"type\": \"Momentum\", \"parameters\": {\"position_size\": 2}}");
    OK(trdb_trading_validate_bot_config(config, &list, &fix_err));
    ck_assert_str_eq(shown(list),
                     "1 strategy.type: the strategy \"Momentum\" is not known; its logic is not checked\n"
                     "2 strategy.parameters.position_size: position_size is above 1\n");
    trdb_finding_list_free(list);
    free(config);
}
END_TEST

START_TEST(everything_is_said_at_once) {
    trdb_finding_list *list = NULL;
    OK(trdb_trading_validate_bot_config("{}", &list, &fix_err));
    ck_assert_str_eq(shown(list),
                     "2 id: id is missing\n2 name: name is missing\n2 enabled: enabled is missing\n"
                     "2 symbol: symbol is missing\n2 broker: broker is missing\n"
                     "2 strategy: strategy is missing\n");
    trdb_finding_list_free(list);
}
END_TEST

START_TEST(what_is_no_document) {
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "not valid JSON"},
        {"{\"id\": ", "not valid JSON"},
        {"{'id': 1}", "not valid JSON"},
        {"{} {}", "not valid JSON"},
        {"{\"id\": \"\\u0000\"}", "not valid JSON: \\u0000 cannot be stored"},
        {"{\"cash\": NaN}", "not valid JSON"},
        {"{\"id\": nul}", "not valid JSON"},
        {"{\"id\": \"\xff\"}", "not valid UTF-8"},
        {"{\"id\": \"\xc1\xbc\"}", "not valid UTF-8"}, /* a character in more bytes than it needs */
        {"[]", "is an array, not an object"},
        {"null", "is null, not an object"},
        {"\"{}\"", "is a text, not an object"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect(cases[i].text, P, "", cases[i].part);
    char deep[2100];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    expect(deep, P, "", "not valid JSON");
    trdb_finding_list *list = NULL;
    FAILS(trdb_trading_validate_bot_config(NULL, &list, &fix_err), TRDB_E_INVALID, "the text is NULL");
    FAILS(trdb_trading_validate_bot_config(TRDB_NULL_TEXT, &list, &fix_err), TRDB_E_INVALID,
          "the text is NULL");
    FAILS(trdb_trading_validate_bot_config("{}", NULL, &fix_err), TRDB_E_INVALID, "place for the list");
    ck_assert_ptr_null(list);
}
END_TEST

START_TEST(long_names_are_cut_between_characters) {
    char type[200] = "\"", key[1200] = "{\"";
    for (int i = 0; i < 30; i++)
        strcat(type, "\xe2\x82\xac");
    strcat(type, "\"");
    char *config = changed("broker.type", type);
    expect(
        config, W, "broker.type",
        "\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
        "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\" is");
    free(config);
    for (int i = 0; i < 350; i++)
        strcat(key, "\xe2\x82\xac");
    strcat(key, "_period\": 0}");
    config = changed("strategy.parameters.entry_logic.params", key);
    trdb_finding_list *list = NULL;
    OK(trdb_trading_validate_bot_config(config, &list, &fix_err));
    const trdb_finding *finding = trdb_finding_list_at(list, 0);
    ck_assert_str_eq(finding->topic, "strategy.parameters.entry_logic.params");
    size_t size = strlen(finding->text);
    ck_assert_uint_gt(size, 1000);
    ck_assert_str_eq(finding->text + size - 3, "\xe2\x82\xac");
    trdb_finding_list_free(list);
    free(config);
}
END_TEST

/* ---- bots of the database ---------------------------------------------------------------------------- */

static int64_t bot_with(const char *config) {
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_bot_patch(fix_uow, fix_bot(), TRDB_TRADING_BOT_NEW(.config = config), &bot, &fix_err));
    int64_t id = bot->id;
    trdb_trading_bot_free(bot);
    return id;
}

START_TEST(validate_bot_configuration) {
    int64_t good = bot_with(right), bad = bot_with("{\"enabled\": 1}");
    char *unusual_config = changed("trading.max_positions", "50");
    int64_t unusual = bot_with(unusual_config);
    free(unusual_config);
    trdb_finding_list *list = NULL;
    bool valid = false;
    OK(trdb_trading_validate_bot_configuration(fix_uow, good, &valid, &list, &fix_err));
    ck_assert(valid);
    ck_assert_uint_eq(trdb_finding_list_count(list), 0);
    trdb_finding_list_free(list);
    OK(trdb_trading_validate_bot_configuration(fix_uow, bad, &valid, &list, &fix_err));
    ck_assert(!valid);
    ck_assert_uint_eq(trdb_finding_list_count(list), 6);
    trdb_finding_list_free(list);
    OK(trdb_trading_validate_bot_configuration(fix_uow, unusual, &valid, &list, &fix_err));
    ck_assert(valid); /* warnings alone do not make it invalid */
    ck_assert_uint_eq(trdb_finding_list_count(list), 1);
    trdb_finding_list_free(list);
    OK(trdb_trading_validate_bot_configuration(fix_uow, bad + 1000, &valid, &list, &fix_err));
    ck_assert(!valid);
    ck_assert_uint_eq(trdb_finding_list_count(list), 1);
    ck_assert_str_eq(trdb_finding_list_at(list, 0)->topic, "trading_bots.id");
    trdb_finding_list_free(list);
    OK(trdb_trading_validate_bot_configuration(fix_uow, bad, NULL, NULL, &fix_err));
    OK(trdb_trading_validate_bot_configuration(fix_uow, good, &valid, NULL, &fix_err));
    ck_assert(valid);
    FAILS(trdb_trading_validate_bot_configuration(NULL, good, &valid, &list, &fix_err), TRDB_E_INVALID,
          "unit");
    TRIPS(1, trdb_trading_validate_bot_configuration(fix_uow, good, &valid, NULL, &fix_err));
}
END_TEST

START_TEST(validate_all_bot_configurations) {
    int64_t good = bot_with(right), bad = bot_with("{\"enabled\": 1}"), off = bot_with("[]"),
            last = bot_with("7");
    OK(trdb_trading_set_bot_status(fix_uow, off, TRDB_TRADING_BOT_STATUS_DISABLED, NULL,
                                   (trdb_timestamp){.kind = 0}, NULL, &fix_err));
    trdb_bot_finding_list *list = NULL;
    OK(trdb_trading_validate_all_bot_configurations(fix_uow, (trdb_in_i64){.state = TRDB_NOT_GIVEN}, &list,
                                                    &fix_err));
    ck_assert_uint_eq(trdb_bot_finding_list_count(list), 8);
    size_t i = 0;
    TRDB_FOREACH(trdb_bot_finding, finding, list) {
        ck_assert_int_eq(finding->bot_id, i == 0 ? good : i == 7 ? last : bad);
        ck_assert_int_eq(finding->severity, i == 0 ? TRDB_SEVERITY_OK : P);
        ck_assert((finding->remedy == NULL) == (i == 0));
        ck_assert_ptr_eq(finding, trdb_bot_finding_list_at(list, i++));
    }
    ck_assert_uint_eq(i, 8);
    ck_assert_ptr_null(trdb_bot_finding_list_at(list, 8));
    ck_assert_ptr_null(trdb_bot_finding_list_next(NULL, NULL));
    trdb_bot_finding_list_free(list);
    trdb_bot_finding_list_free(NULL);
    trdb_trading_bot *row = NULL;
    OK(trdb_trading_bot_get(fix_uow, bad, &row, &fix_err));
    TRIPS(1, trdb_trading_validate_all_bot_configurations(fix_uow, trdb_i64(row->user_id.value), &list,
                                                          &fix_err));
    ck_assert_uint_eq(trdb_bot_finding_list_count(list), 6);
    ck_assert_int_eq(trdb_bot_finding_list_at(list, 5)->bot_id, bad);
    trdb_bot_finding_list_free(list);
    OK(trdb_trading_validate_all_bot_configurations(fix_uow, trdb_i64(row->user_id.value + 1000), &list,
                                                    &fix_err));
    ck_assert_uint_eq(trdb_bot_finding_list_count(list), 0);
    ck_assert_ptr_null(trdb_bot_finding_list_at(list, 0));
    trdb_bot_finding_list_free(list);
    trdb_trading_bot_free(row);
    FAILS(trdb_trading_validate_all_bot_configurations(fix_uow, trdb_i64(1), NULL, &fix_err), TRDB_E_INVALID,
          "NULL");
}
END_TEST

START_TEST(adopted_rows) {
    int64_t bot = bot_with(right);
    OK(trdb_uow_commit(fix_uow, &fix_err));
    harness_sql(fix_url,
                "ALTER TABLE trading_bots DROP CONSTRAINT trading_bots_status_check,"
                " ALTER status DROP NOT NULL, ALTER user_id DROP NOT NULL, ALTER config DROP NOT NULL");
    trdb_uow_free(fix_uow);
    fix_uow = NULL;
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    harness_sql(fix_url, "UPDATE trading_bots SET status = 'resting' WHERE id = %lld", (long long)bot);
    trdb_finding_list *list = NULL;
    bool valid = false;
    OK(trdb_trading_validate_bot_configuration(fix_uow, bot, &valid, &list, &fix_err));
    ck_assert(valid);
    ck_assert_str_eq(shown(list), "1 trading_bots.status: the status \"resting\" is not known\n");
    trdb_finding_list_free(list);
    harness_sql(fix_url, "UPDATE trading_bots SET status = NULL, user_id = NULL, config = NULL");
    OK(trdb_trading_validate_bot_configuration(fix_uow, bot, &valid, &list, &fix_err));
    ck_assert(!valid);
    ck_assert_str_eq(shown(list), "2 trading_bots.user_id: the bot's row has no user_id\n"
                                  "2 trading_bots.status: the bot's row has no status\n"
                                  "2 trading_bots.config: the bot's row has no config\n");
    trdb_finding_list_free(list);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("trading_validate");
    TCase *tcase = fix_case("validate");
    tcase_add_test(tcase, validate_bot_config);
    tcase_add_test(tcase, the_example_is_in_order);
    tcase_add_test(tcase, live_bots_need_no_cash);
    tcase_add_test(tcase, other_strategies_have_their_own_parameters);
    tcase_add_test(tcase, everything_is_said_at_once);
    tcase_add_test(tcase, what_is_no_document);
    tcase_add_test(tcase, long_names_are_cut_between_characters);
    tcase_add_test(tcase, validate_bot_configuration);
    tcase_add_test(tcase, validate_all_bot_configurations);
    suite_add_tcase(suite, tcase);
    tcase = fix_case("adopted"); /* in a database of its own */
    tcase_add_test(tcase, adopted_rows);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
