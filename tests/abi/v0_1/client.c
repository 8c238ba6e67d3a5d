/* SPDX-License-Identifier: MIT */
/*
 * A program of the days of 0.1: compiled with the headers frozen beside it for ever, run against the library of today.
 * It uses every part of the API, reads every kind of field, and prints TAP. Never change it.
 */
#include <stdio.h>
#include <string.h>
#include <tradingdb/tradingdb.h>

static int tests, failures;

static void check(int good, const char *name, const trdb_error *err) {
    tests++;
    failures += !good;
    printf("%s %d - %s\n", good ? "ok" : "not ok", tests, name);
    if (!good && err)
        printf("# %s\n", trdb_error_message(err));
}

static int equals(trdb_decimal value, const char *text) {
    char digits[TRDB_DECIMAL_TEXT_SIZE];
    return trdb_decimal_format(value, digits, sizeof digits) > 0 && strcmp(digits, text) == 0;
}

static void values(void) {
    trdb_decimal a, b, sum;
    trdb_timestamp time;
    trdb_uuid uuid, again;
    char text[64];
    check(trdb_decimal_parse("64250.10", &a) == 0 && trdb_decimal_parse("-0.05", &b) == 0 &&
              trdb_decimal_add(a, b, &sum) == 0 && equals(sum, "64250.05"),
          "decimals add", NULL);
    check(trdb_decimal_divide(a, sum, 10, TRDB_ROUND_HALF_EVEN, &b) == 0 && trdb_decimal_compare(b, a) < 0,
          "decimals divide and compare", NULL);
    check(trdb_timestamp_parse("2018-01-10 07:15:00+00:00", &time) == 0 && time.us == INT64_C(1515568500000000) &&
              trdb_timestamp_format(time, text, sizeof text) > 0 && strcmp(text, "2018-01-10 07:15:00+00") == 0,
          "times", NULL);
    uuid = trdb_uuid_make();
    trdb_uuid_format(uuid, text);
    check(trdb_uuid_parse(text, &again) == 0 && memcmp(&uuid, &again, sizeof uuid) == 0, "uuids", NULL);
    check(trdb_usr_role_from_string("admin") == TRDB_USR_ROLE_ADMIN &&
              strcmp(trdb_trading_direction_to_string(TRDB_TRADING_DIRECTION_SHORT), "short") == 0 &&
              trdb_trading_direction_from_string("LONG") == TRDB_TRADING_DIRECTION_LONG,
          "closed sets", NULL);
    check(strcmp(trdb_error_code_name(TRDB_E_IO), "TRDB_E_IO") == 0, "error names", NULL);
    check(strncmp(trdb_version(), "0.", 2) == 0, "the version is a 0.x", NULL);
}

static int traced;

static void trace(void *arg, const trdb_trace_event *event) {
    (void)arg;
    traced += event->struct_size >= sizeof *event && event->statement && event->sql && event->round_trip > 0;
}

static void rows(trdb_uow *uow) {
    trdb_error *err = NULL;
    trdb_usr_user *user = NULL;
    trdb_trading_bot *bot = NULL;
    trdb_trading_position *position = NULL;
    trdb_trading_trade *trade = NULL, *closed = NULL;
    trdb_trading_trade_list *list = NULL;
    int32_t outcome = 0;
    int64_t count = 0;

    check(trdb_users_authenticate_user(uow, "telegram", "v0_1", &user, &err) == 0 && user->id > 0 &&
              user->role.value == TRDB_USR_ROLE_TRADER && user->is_active.set && user->is_active.value &&
              user->created_at.kind == TRDB_TIMESTAMP_FINITE && user->email == NULL,
          "authenticate_user", err);
    check(trdb_trading_bot_insert(uow,
                                  TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user->id),
                                                       .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                       .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                       .current_balance = trdb_dec("1000.00"),
                                                       .config = "{\"a\": 1}"),
                                  &bot, &err) == 0 &&
              bot->user_id.value == user->id && equals(bot->current_balance, "1000.00") &&
              strcmp(bot->config, "{\"a\": 1}") == 0 && bot->total_pnl.kind == TRDB_DECIMAL_NULL,
          "bot insert", err);
    check(trdb_trading_fill_symbol(uow,
                                   TRDB_TRADING_POSITION_NEW(.bot_id = trdb_i64(bot->id),
                                                             .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                             .symbol = "BTCUSDT",
                                                             .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG)),
                                   TRDB_TRADING_FILL_NEW(.action = trdb_enum(TRDB_TRADING_FILL_ACTION_BUY),
                                                         .qty = trdb_dec("0.25"), .price = trdb_dec("64250.10"),
                                                         .exchange_trade_id = "v0_1"),
                                   0, &outcome, &position, &err) == 0 &&
              outcome == TRDB_FILL_APPLIED && equals(position->qty_open, "0.25") &&
              position->status.value == TRDB_TRADING_POSITION_STATUS_OPEN,
          "fill_symbol", err);
    check(trdb_trading_trade_insert(uow,
                                    TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(bot->id),
                                                           .position_id = trdb_i64(position->id),
                                                           .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                           .entry_logic_name = "in", .exit_logic_name = "out",
                                                           .symbol = "BTCUSDT", .interval = "5m",
                                                           .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                                                           .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN),
                                                           .entry_time = trdb_time_us(INT64_C(1515568500000000)),
                                                           .size = trdb_dec("0.25"),
                                                           .entry_price = trdb_dec("64250.10")),
                                    &trade, &err) == 0 &&
              trade->position_id.value == position->id && trade->exit_time.kind == TRDB_TIMESTAMP_NULL,
          "trade insert", err);
    check(trdb_trading_close_trade(uow, trade->id, TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("64900")), &closed,
                                   &err) == 0 &&
              closed->status.value == TRDB_TRADING_TRADE_STATUS_CLOSED && closed->net_pnl.kind == TRDB_DECIMAL_FINITE &&
              trdb_decimal_compare(closed->net_pnl, trdb_dec("162.475").value) == 0,
          "close_trade", err);
    check(trdb_trading_trades_list(uow,
                                   TRDB_TRADING_TRADE_FILTER(.bot_id = trdb_where_i64_eq(bot->id),
                                                             .symbol = trdb_where_text_eq("BTCUSDT"),
                                                             .order_by = TRDB_TRADING_TRADE_COLUMN_ENTRY_TIME,
                                                             .descending = 1, .limit = trdb_i64(10)),
                                   &list, &err) == 0 &&
              trdb_trading_trade_list_count(list) == 1 && trdb_trading_trade_list_at(list, 0)->id == trade->id &&
              trdb_trading_trade_list_at(list, 1) == NULL,
          "trades list", err);
    check(trdb_trading_trades_count(uow, NULL, &count, &err) == 0 && count == 1, "trades count", err);
    check(trdb_trading_bot_patch(uow, bot->id, TRDB_TRADING_BOT_NEW(.description = TRDB_NULL_TEXT), NULL, &err) == 0,
          "bot patch", err);
    check(trdb_telegram_setting_upsert_by_key(uow, TRDB_TELEGRAM_SETTING_NEW(.key = "k", .value = "v"), NULL, &err) ==
              0,
          "setting upsert", err);
    check(trdb_uow_savepoint(uow, &err) == 0 &&
              trdb_usr_auth_identity_insert(uow,
                                            TRDB_USR_AUTH_IDENTITY_NEW(.user_id = trdb_i64(user->id),
                                                                       .provider = "telegram", .external_id = "v0_1"),
                                            NULL, &err) == TRDB_E_DUPLICATE &&
              trdb_error_code(err) == TRDB_E_DUPLICATE && trdb_error_constraint(err) != NULL &&
              trdb_uow_rollback_to(uow, &err) == 0,
          "a duplicate inside a savepoint", err);

    trdb_error_free(err);
    trdb_trading_trade_list_free(list);
    trdb_trading_trade_free(trade);
    trdb_trading_trade_free(closed);
    trdb_trading_position_free(position);
    trdb_trading_bot_free(bot);
    trdb_usr_user_free(user);
}

int main(void) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    trdb_uow *uow = NULL;
    trdb_db_options options = trdb_db_options_init();
    trdb_uow_options unit = trdb_uow_options_init();
    trdb_db_stats stats = trdb_db_stats_init();
    trdb_migration_list *migrations = NULL;
    options.pool_size = 2;
    unit.isolation = TRDB_ISOLATION_REPEATABLE_READ;
    unit.acting_user = "7";

    values();
    check(trdb_migrate_status(NULL, NULL, &migrations, &err) == 0 && trdb_migration_list_count(migrations) >= 5,
          "migrate status", err);
    trdb_migration_list_free(migrations);
    check(trdb_open(NULL, &options, &db, &err) == 0 && trdb_set_trace(db, trace, NULL, &err) == 0, "open", err);
    check(db && trdb_uow_begin(db, &unit, &uow, &err) == 0, "begin", err);
    if (uow)
        rows(uow);
    check(uow && trdb_uow_commit(uow, &err) == 0, "commit", err);
    check(trdb_uow_commit(uow, &err) == TRDB_E_STATE, "a second commit", err);
    check(trdb_db_get_stats(db, &stats, &err) == 0 && stats.commits == 1 && stats.round_trips > 10, "statistics", err);
    check(traced > 10, "trace", NULL);
    trdb_close(db);
    check(trdb_uow_rollback(uow, &err) == TRDB_E_STATE, "after close", err);
    trdb_uow_free(uow);
    trdb_db_free(db);
    trdb_error_free(err);
    printf("1..%d\n", tests);
    return failures ? 1 : 0;
}
