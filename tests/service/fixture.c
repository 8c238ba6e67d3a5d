/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "gen/queries.h"

char *fix_url;
trdb_db *fix_db;
trdb_uow *fix_uow;
trdb_error *fix_err;

static void create(void) {
    fix_url = harness_database();
}

static void drop(void) {
    harness_database_free(fix_url);
}

static void setup(void) {
    OK(trdb_open(fix_url, NULL, &fix_db, &fix_err));
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
}

static void teardown(void) {
    trdb_uow_free(fix_uow);
    trdb_db_free(fix_db);
    trdb_error_free(fix_err);
    fix_uow = NULL, fix_db = NULL, fix_err = NULL;
}

TCase *fix_case(const char *name) {
    TCase *tcase = tcase_create(name);
    tcase_add_unchecked_fixture(tcase, create, drop);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    return tcase;
}

void fix_unit_works(void) {
    int64_t count = -1;
    OK(trdb_usr_users_count(fix_uow, NULL, &count, &fix_err));
    ck_assert_int_ge(count, 0);
}

int64_t fix_round_trips(void) {
    trdb_db_stats stats = trdb_db_stats_init();
    OK(trdb_db_get_stats(fix_db, &stats, &fix_err));
    return stats.round_trips;
}

trdb_decimal fix_decimal(const char *text) {
    trdb_decimal value;
    ck_assert_int_eq(trdb_decimal_parse(text, &value), 0);
    return value;
}

void fix_is(const char *what, trdb_decimal value, const char *text) {
    char found[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal wanted = {.kind = TRDB_DECIMAL_NULL};
    ck_assert_int_ge(trdb_decimal_format(value, found, sizeof found), 0);
    if (text)
        ck_assert_int_eq(trdb_decimal_parse(text, &wanted), 0);
    ck_assert_msg(trdb_decimal_compare(value, wanted) == 0, "%s is \"%s\", wanted %s", what, found,
                  text ? text : "NULL");
}

int64_t fix_user(void) {
    trdb_usr_user *user = NULL;
    OK(trdb_usr_user_insert(fix_uow, TRDB_USR_USER_NEW(.role = trdb_enum(TRDB_USR_ROLE_TRADER)), &user,
                            &fix_err));
    int64_t id = user->id;
    trdb_usr_user_free(user);
    return id;
}

int64_t fix_account(const char *telegram_id, const trdb_telegram_profile_new *profile) {
    trdb_usr_user *user = NULL;
    OK(trdb_users_ensure_telegram_user(fix_uow, telegram_id, profile, &user, &fix_err));
    int64_t id = user->id;
    trdb_usr_user_free(user);
    return id;
}

int64_t fix_bot(void) {
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_bot_insert(fix_uow,
                               TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(fix_user()),
                                                    .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                    .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                    .config = "{}"),
                               &bot, &fix_err));
    int64_t id = bot->id;
    trdb_trading_bot_free(bot);
    return id;
}

trdb_trading_fill_new fix_fill(int32_t action, const char *qty, const char *price, const char *id) {
    trdb_trading_fill_new fill = trdb_trading_fill_new_init();
    fill.action = trdb_enum(action);
    fill.qty = trdb_dec(qty);
    fill.price = trdb_dec(price);
    fill.exchange_trade_id = id;
    return fill;
}

trdb_trading_position_new fix_key(int64_t bot, const char *symbol, int32_t direction) {
    trdb_trading_position_new key = trdb_trading_position_new_init();
    key.bot_id = trdb_i64(bot);
    key.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    key.symbol = symbol;
    key.direction = trdb_enum(direction);
    return key;
}

int64_t fix_count(const char *table) {
    for (const trdbi_table *const *at = trdbi_tables; *at; at++) {
        int64_t count = 0;
        if (strcmp((*at)->name, table) != 0)
            continue;
        OK(trdbi_entity_count(fix_uow, *at, NULL, &count, &fix_err));
        return count;
    }
    ck_abort_msg("no table %s", table);
}
