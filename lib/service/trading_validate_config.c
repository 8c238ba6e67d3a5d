/* SPDX-License-Identifier: MIT */
/* The checks of a bot's configuration, section by section. docs/bot-configuration.md lists them. */
#include "base/text.h"
#include "service/service.h"
#include "service/validate.h"

#include <json-c/json.h>
#include <stdio.h>

enum { TOPIC_SIZE = 256 };

/* An object of the document, and where it stands: "" or "strategy.parameters". */
typedef struct place {
    trdb_finding_list *list;
    json_object *object;
    char path[TOPIC_SIZE];
} place;

/* The topic of a member; that of the object when the name is too long to show. */
static const char *topic_of(const place *at, const char *key, char topic[TOPIC_SIZE]) {
    int size = snprintf(topic, TOPIC_SIZE, "%s%s%s", at->path, at->path[0] ? "." : "", key);
    return size < 0 || size >= TOPIC_SIZE ? at->path : topic;
}

#define TELL(severity, at, key, remedy, ...)                                                                 \
    do {                                                                                                     \
        char topic_[TOPIC_SIZE];                                                                             \
        trdbi_find((at)->list, severity, topic_of(at, key, topic_), remedy, __VA_ARGS__);                    \
    } while (0)
#define PROBLEM(at, key, remedy, ...) TELL(TRDB_SEVERITY_PROBLEM, at, key, remedy, __VA_ARGS__)
#define WARNING(at, key, remedy, ...) TELL(TRDB_SEVERITY_WARNING, at, key, remedy, __VA_ARGS__)

/* A JSON null counts as missing. */
static json_object *member(const place *at, const char *key) {
    json_object *value = NULL;
    return json_object_object_get_ex(at->object, key, &value) ? value : NULL;
}

static const char *kind(json_object *value) {
    switch (json_object_get_type(value)) {
    case json_type_null:
        return "null";
    case json_type_boolean:
        return "a boolean";
    case json_type_int:
    case json_type_double:
        return "a number";
    case json_type_string:
        return "a text";
    case json_type_array:
        return "an array";
    case json_type_object:
        break;
    }
    return "an object";
}

/* ---- kinds of members ------------------------------------------------------------------------------ */

typedef enum presence { OPTIONAL, REQUIRED } presence;

/* The member when it is there; otherwise says so if it is required. */
static json_object *find_member(const place *at, const char *key, presence need, const char *remedy) {
    json_object *value = member(at, key);
    if (!value && need == REQUIRED)
        PROBLEM(at, key, remedy, "%s is missing", key);
    return value;
}

/* The text of a member, or NULL after saying what is wrong. */
static const char *check_text(const place *at, const char *key, presence need, const char *remedy) {
    json_object *value = find_member(at, key, need, remedy);
    if (!value)
        return NULL;
    if (!json_object_is_type(value, json_type_string)) {
        PROBLEM(at, key, remedy, "%s is %s, not a text", key, kind(value));
        return NULL;
    }
    const char *text = json_object_get_string(value);
    if (text[strspn(text, " \t\r\n")] != '\0')
        return text;
    PROBLEM(at, key, remedy, "%s is empty", key);
    return NULL;
}

static void check_flag(const place *at, const char *key, presence need) {
    static const char remedy[] = "write true or false";
    json_object *value = find_member(at, key, need, remedy);
    if (value && !json_object_is_type(value, json_type_boolean))
        PROBLEM(at, key, remedy, "%s is %s, not a boolean", key, kind(value));
}

/* Goes into an object. False after saying what is wrong. */
static bool enter(const place *at, const char *key, presence need, const char *remedy, place *ret) {
    json_object *value = find_member(at, key, need, remedy);
    if (!value)
        return false;
    if (!json_object_is_type(value, json_type_object)) {
        PROBLEM(at, key, remedy, "%s is %s, not an object", key, kind(value));
        return false;
    }
    ret->list = at->list;
    ret->object = value;
    if (topic_of(at, key, ret->path) != ret->path)
        memcpy(ret->path, at->path, sizeof ret->path);
    return true;
}

/* The digits that stand in the document: no number goes through a double. */
static bool read_decimal(json_object *value, trdb_decimal *ret) {
    return trdb_decimal_parse(json_object_get_string(value), ret) == 0;
}

static bool is_above(trdb_decimal value, int64_t limit) {
    trdb_decimal bound;
    (void)trdb_decimal_from_i64(limit, 0, &bound); /* every int64_t fits */
    return trdb_decimal_compare(value, bound) > 0;
}

/* A number above zero. True, with the value, when it is there and right. */
static bool check_amount(const place *at, const char *key, presence need, trdb_decimal *ret) {
    static const char remedy[] = "write a number above 0";
    json_object *value = find_member(at, key, need, remedy);
    if (!value)
        return false;
    if (!json_object_is_type(value, json_type_int) && !json_object_is_type(value, json_type_double))
        PROBLEM(at, key, remedy, "%s is %s, not a number", key, kind(value));
    else if (!read_decimal(value, ret))
        PROBLEM(at, key, "write a number of at most 38 digits", "%s has more than 38 digits", key);
    else if (!is_above(*ret, 0))
        PROBLEM(at, key, remedy, "%s is not above 0", key);
    else
        return true;
    return false;
}

/* A whole number above zero; one above `usual` is unusual. */
static void check_count(const place *at, const char *key, int64_t usual) {
    static const char remedy[] = "write a whole number above 0";
    json_object *value = member(at, key);
    trdb_decimal count;
    if (!value)
        return;
    if (!json_object_is_type(value, json_type_int))
        PROBLEM(at, key, remedy, "%s is %s, not a whole number", key,
                json_object_is_type(value, json_type_double) ? "a fraction" : kind(value));
    else if (!read_decimal(value, &count) || !is_above(count, 0))
        PROBLEM(at, key, remedy, "%s is not above 0", key);
    else if (is_above(count, usual))
        WARNING(at, key, "check that it is meant", "%s is above %lld, which is unusual", key,
                (long long)usual);
}

/* As many bytes of a text as are shown: at most 40, and no part of a character. For "%.*s". */
static int shown(const char *text) {
    int size = (int)strnlen(text, 40);
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

static bool is_one_of(const char *text, const char *const *known) {
    for (; *known; known++) {
        if (strcmp(text, *known) == 0)
            return true;
    }
    return false;
}

/* ---- sections -------------------------------------------------------------------------------------- */

static void check_broker(const place *root) {
    static const char *const types[] = {"binance", "paper", "alpaca", "ibkr", "interactive_brokers", NULL};
    static const char *const modes[] = {"paper", "live", NULL};
    static const char mode_remedy[] = "write paper or live";
    place at;
    if (!enter(root, "broker", REQUIRED, "add an object with type, trading_mode and name", &at))
        return;
    const char *type = check_text(&at, "type", REQUIRED, "write binance, paper, alpaca or ibkr");
    if (type && !is_one_of(type, types))
        WARNING(&at, "type", "known are binance, paper, alpaca and ibkr", "the broker \"%.*s\" is not known",
                shown(type), type);
    const char *mode = check_text(&at, "trading_mode", REQUIRED, mode_remedy);
    if (mode && !is_one_of(mode, modes))
        PROBLEM(&at, "trading_mode", mode_remedy, "trading_mode is \"%.*s\", neither paper nor live",
                shown(mode), mode);
    check_text(&at, "name", REQUIRED, "give the broker a name");
    trdb_decimal cash;
    if (mode && strcmp(mode, "paper") == 0)
        check_amount(&at, "cash", REQUIRED, &cash);
}

static void check_periods(const place *params) {
    static const char suffix[] = "_period";
    json_object_object_foreach(params->object, key, value) {
        size_t size = strlen(key);
        trdb_decimal period;
        if (value && size >= sizeof suffix - 1 && strcmp(key + size - (sizeof suffix - 1), suffix) == 0)
            check_amount(params, key, OPTIONAL, &period);
    }
}

static void check_logic(const place *parameters, const char *key) {
    place at, params;
    if (!enter(parameters, key, REQUIRED, "add an object with name and params", &at))
        return;
    check_text(&at, "name", REQUIRED, "name the rule");
    if (!member(&at, "params"))
        WARNING(&at, "params", "add an object, {} for the defaults", "params is missing; defaults are used");
    else if (enter(&at, "params", OPTIONAL, "write an object, {} for the defaults", &params))
        check_periods(&params);
}

static void check_strategy(const place *root) {
    place at, parameters;
    if (!enter(root, "strategy", REQUIRED, "add an object with type and parameters", &at))
        return;
    const char *type = check_text(&at, "type", REQUIRED, "write CustomStrategy");
    bool custom = type && strcmp(type, "CustomStrategy") == 0;
    if (type && !custom)
        WARNING(&at, "type", "known is CustomStrategy",
                "the strategy \"%.*s\" is not known; its logic is not checked", shown(type), type);
    if (!enter(&at, "parameters", custom ? REQUIRED : OPTIONAL,
               "add an object with entry_logic and exit_logic", &parameters))
        return;
    if (custom) {
        check_logic(&parameters, "entry_logic");
        check_logic(&parameters, "exit_logic");
    }
    trdb_decimal size;
    if (check_amount(&parameters, "position_size", OPTIONAL, &size) && is_above(size, 1))
        PROBLEM(&parameters, "position_size", "write a share of the account, such as 0.1",
                "position_size is above 1");
}

static void check_data(const place *root) {
    static const char *const intervals[] = {"1m", "5m", "15m", "30m", "1h", "4h", "1d", NULL};
    static const char remedy[] = "write 1m, 5m, 15m, 30m, 1h, 4h or 1d";
    place at;
    if (!enter(root, "data", OPTIONAL, "write an object with data_source and interval", &at))
        return;
    check_text(&at, "data_source", REQUIRED, "name where candles come from");
    const char *interval = check_text(&at, "interval", REQUIRED, remedy);
    if (interval && !is_one_of(interval, intervals))
        WARNING(&at, "interval", remedy, "the interval \"%.*s\" is not a usual one", shown(interval),
                interval);
    check_count(&at, "lookback_bars", 5000);
}

/* Sizes, stops and limits: the same wherever they stand. */
static void check_limits(const place *at) {
    trdb_decimal value, loss, profit;
    check_amount(at, "position_size", OPTIONAL, &value);
    check_count(at, "max_positions", 10);
    bool stops = check_amount(at, "stop_loss_pct", OPTIONAL, &loss);
    bool takes = check_amount(at, "take_profit_pct", OPTIONAL, &profit);
    if (stops && takes && trdb_decimal_compare(profit, loss) <= 0)
        WARNING(at, "take_profit_pct", "a take profit usually lies above the stop loss",
                "take_profit_pct does not exceed stop_loss_pct");
    check_amount(at, "max_position_size", OPTIONAL, &value);
    check_amount(at, "max_daily_loss", OPTIONAL, &value);
    check_count(at, "max_daily_trades", 100);
}

static void check_trading(const place *root) {
    static const char remedy[] = "write an object";
    place at, risk;
    if (enter(root, "trading", OPTIONAL, remedy, &at)) {
        check_limits(&at);
        if (enter(&at, "risk_management", OPTIONAL, remedy, &risk))
            check_limits(&risk);
    }
    if (enter(root, "risk_management", OPTIONAL, remedy, &risk))
        check_limits(&risk);
}

static void check_notifications(const place *root) {
    static const char *const periods[] = {"none", "daily", "weekly", "monthly", NULL};
    static const char summaries[] = "performance_summaries";
    static const char remedy[] = "write none, daily, weekly or monthly";
    place at;
    if (!enter(root, "notifications", OPTIONAL, "write an object of flags", &at))
        return;
    json_object_object_foreach(at.object, key, value) {
        if (value && strcmp(key, summaries) != 0)
            check_flag(&at, key, OPTIONAL);
    }
    const char *period = check_text(&at, summaries, OPTIONAL, remedy);
    if (period && !is_one_of(period, periods))
        PROBLEM(&at, summaries, remedy, "performance_summaries is \"%.*s\"", shown(period), period);
}

static void check_id(const place *root) {
    static const char remedy[] = "add an id, a text or a whole number";
    json_object *id = find_member(root, "id", REQUIRED, remedy);
    if (id && json_object_is_type(id, json_type_string))
        check_text(root, "id", REQUIRED, remedy);
    else if (id && !json_object_is_type(id, json_type_int))
        PROBLEM(root, "id", remedy, "id is %s, neither a text nor a whole number", kind(id));
}

static void check_root(trdb_finding_list *list, json_object *document) {
    const place root = {.list = list, .object = document};
    if (!json_object_is_type(document, json_type_object)) {
        PROBLEM(&root, "", "write a JSON object", "the configuration is %s, not an object", kind(document));
        return;
    }
    check_id(&root);
    check_text(&root, "name", REQUIRED, "give the bot a name");
    check_flag(&root, "enabled", REQUIRED);
    check_text(&root, "symbol", REQUIRED, "name what is traded, such as BTCUSDT");
    check_broker(&root);
    check_strategy(&root);
    check_data(&root);
    check_trading(&root);
    check_notifications(&root);
}

/* ---- the document ---------------------------------------------------------------------------------- */

int trdbi_check_bot_config(trdb_finding_list *list, const char *text, trdb_error **reterr) {
    static const char remedy[] = "write a JSON object";
    const size_t size = strlen(text);
    if (size > TRDBI_TEXT_MAX) {
        trdbi_find(list, TRDB_SEVERITY_PROBLEM, "", remedy, "the configuration is larger than 1 GB");
        return 0;
    }
    if (trdbi_utf8_length(text, size) < 0) { /* json-c is not that strict */
        trdbi_find(list, TRDB_SEVERITY_PROBLEM, "", remedy, "the configuration is not valid UTF-8");
        return 0;
    }
    json_object *document = NULL;
    const char *problem = NULL;
    size_t at = 0;
    if (trdbi_json_parse(text, size, &document, &problem, &at) < 0)
        return trdbi_error_nomem(reterr);
    if (problem)
        trdbi_find(list, TRDB_SEVERITY_PROBLEM, "", remedy,
                   "the configuration is not valid JSON: %s (at byte %zu)", problem, at);
    else
        check_root(list, document);
    json_object_put(document);
    return 0;
}
