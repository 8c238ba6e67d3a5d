/* SPDX-License-Identifier: MIT */
/* The services of trading and of users. */
#include "nomem.h"

#define NOW trdb_timestamp_now()

static trdb_decimal one(void) {
    return trdb_dec("1").value;
}

static trdb_trading_fill_new fill(void) {
    trdb_trading_fill_new in = trdb_trading_fill_new_init();
    in.action = trdb_enum(TRDB_TRADING_FILL_ACTION_BUY);
    in.qty = trdb_dec("2");
    in.price = trdb_dec("100.25");
    return in;
}

static trdb_trading_position_new key(const nomem *at) {
    trdb_trading_position_new in = trdb_trading_position_new_init();
    in.bot_id = trdb_i64(at->bot);
    in.trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    in.symbol = "ETHUSDT";
    in.direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG);
    return in;
}

static trdb_trading_bot_new bot(const nomem *at) {
    trdb_trading_bot_new in = trdb_trading_bot_new_init();
    in.user_id = trdb_i64(at->user);
    in.type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER);
    in.status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING);
    in.config = "{\"symbol\": \"BTCUSDT\", \"strategy\": {\"name\": 5}}";
    return in;
}

NOMEM_GIVES(trdb_trading_bot, upsert_bot,
            trdb_trading_upsert_bot(at->uow, (trdb_trading_bot_new[]){bot(at)}, &ret, err))
NOMEM_DOES(heartbeat, trdb_trading_heartbeat(at->uow, at->bot, NOW, err))
NOMEM_GIVES(trdb_trading_bot, set_status,
            trdb_trading_set_bot_status(at->uow, at->bot, TRDB_TRADING_BOT_STATUS_ERROR, "broken",
                                        trdb_null_time().value, &ret, err))
NOMEM_GIVES(trdb_trading_bot, performance,
            trdb_trading_update_bot_performance(at->uow, at->bot, trdb_dec("5"), trdb_dec("1"), &ret, err))
NOMEM_GIVES(trdb_trading_bot, add_pnl, trdb_trading_add_bot_pnl(at->uow, at->bot, one(), &ret, err))
NOMEM_DOES(delete_bot, trdb_trading_delete_bot(at->uow, at->idle_bot, TRDB_DELETE_WITH_HISTORY, err))
NOMEM_GIVES(trdb_finding_list, validate,
            trdb_trading_validate_bot_config("{\"symbol\": 5, \"strategy\": {\"x\": []}}", &ret, err))

static int validate_stored(nomem *at, trdb_error **err) {
    bool valid = false;
    trdb_finding_list *list = NULL;
    int code = trdb_trading_validate_bot_configuration(at->uow, at->bot, &valid, &list, err);
    trdb_finding_list_free(list);
    return code;
}
NOMEM_GIVES(trdb_bot_finding_list, validate_all,
            trdb_trading_validate_all_bot_configurations(at->uow, trdb_i64(at->user), &ret, err))
NOMEM_GIVES(trdb_trading_position, ensure,
            trdb_trading_ensure_open_position(at->uow, (trdb_trading_position_new[]){key(at)}, &ret, err))

static int apply_fill(nomem *at, trdb_error **err) {
    trdb_trading_position *ret = NOMEM_UNTOUCHED(trdb_trading_position);
    int32_t outcome = 77;
    const trdb_trading_fill_new in = fill();
    int code = trdb_trading_apply_fill(at->uow, at->position, &in, 0, &outcome, &ret, err);
    nomem_check("apply_fill", code, (void *)ret == &nomem_mark && outcome == 77);
    if (code == 0)
        trdb_trading_position_free(ret);
    return code;
}

static int fill_symbol(nomem *at, trdb_error **err) {
    trdb_trading_position *ret = NOMEM_UNTOUCHED(trdb_trading_position);
    int32_t outcome = 77;
    const trdb_trading_fill_new in = fill();
    const trdb_trading_position_new of = key(at);
    int code = trdb_trading_fill_symbol(at->uow, &of, &in, 0, &outcome, &ret, err);
    nomem_check("fill_symbol", code, (void *)ret == &nomem_mark && outcome == 77);
    if (code == 0)
        trdb_trading_position_free(ret);
    return code;
}
NOMEM_GIVES(trdb_trading_position, close_if_flat,
            trdb_trading_close_position_if_flat(at->uow, at->position, NOW, &ret, err))
NOMEM_GIVES(trdb_trading_position, mark_closed,
            trdb_trading_mark_position_closed(at->uow, at->position, NOW, &ret, err))
NOMEM_GIVES(trdb_trading_trade, close_trade,
            trdb_trading_close_trade(at->uow, at->trade, TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("3")),
                                     &ret, err))
NOMEM_FILLS(int64_t, purge,
            trdb_trading_purge_trades(at->uow, trdb_i64(at->bot), trdb_timestamp_from_us(0), &ret, err))

static trdb_metrics_scope_new scope(const nomem *at) {
    trdb_metrics_scope_new in = trdb_metrics_scope_new_init();
    in.bot_id = trdb_i64(at->bot);
    return in;
}
NOMEM_GIVES(trdb_trading_performance_metric, metrics,
            trdb_trading_metrics(at->uow, (trdb_metrics_scope_new[]){scope(at)}, &ret, err))
NOMEM_GIVES(trdb_trading_pnl_summary_row, pnl_summary,
            trdb_trading_pnl_summary(at->uow, trdb_i64(at->bot), &ret, err))
NOMEM_GIVES(trdb_trading_position_list, positions_open,
            trdb_trading_positions_open(at->uow, trdb_i64(at->bot), "BTCUSDT", &ret, err))

const nomem_call nomem_trading[] = {
    {"trdb_trading_upsert_bot", upsert_bot},
    {"trdb_trading_heartbeat", heartbeat},
    {"trdb_trading_set_bot_status", set_status},
    {"trdb_trading_update_bot_performance", performance},
    {"trdb_trading_add_bot_pnl", add_pnl},
    {"trdb_trading_delete_bot", delete_bot},
    {"trdb_trading_validate_bot_config", validate, .alone = true},
    {"trdb_trading_validate_bot_configuration", validate_stored},
    {"trdb_trading_validate_all_bot_configurations", validate_all},
    {"trdb_trading_ensure_open_position", ensure},
    {"trdb_trading_apply_fill", apply_fill},
    {"trdb_trading_fill_symbol", fill_symbol},
    {"trdb_trading_close_position_if_flat", close_if_flat},
    {"trdb_trading_mark_position_closed", mark_closed},
    {"trdb_trading_close_trade", close_trade},
    {"trdb_trading_purge_trades", purge},
    {"trdb_trading_metrics", metrics},
    {"trdb_trading_pnl_summary", pnl_summary},
    {"trdb_trading_positions_open", positions_open},
    {.name = NULL},
};

/* ---- users ------------------------------------------------------------------------------------------- */

NOMEM_GIVES(trdb_usr_user, authenticate, trdb_users_authenticate_user(at->uow, "telegram", "42", &ret, err))
NOMEM_GIVES(trdb_usr_user, create,
            trdb_users_create_telegram_user(at->uow, "4711",
                                            TRDB_TELEGRAM_PROFILE_NEW(.language = "en",
                                                                      .email = "a@example.org"),
                                            &ret, err))
NOMEM_GIVES(trdb_usr_user, ensure_user, trdb_users_ensure_telegram_user(at->uow, "4711", NULL, &ret, err))
NOMEM_GIVES(trdb_telegram_profile, update_profile,
            trdb_users_update_telegram_profile(at->uow, "42", TRDB_TELEGRAM_PROFILE_NEW(.language = "de"),
                                               &ret, err))
NOMEM_GIVES(trdb_usr_verification_code, issue_code,
            trdb_users_issue_verification_code(at->uow, at->user, "123456", 1700000000, &ret, err))
NOMEM_FILLS(int64_t, recent_codes,
            trdb_users_count_recent_verification_codes(at->uow, at->user, 1700000000, &ret, err))
NOMEM_DOES(erase, trdb_users_erase_user(at->uow, at->user, err))

const nomem_call nomem_users[] = {
    {"trdb_users_authenticate_user", authenticate},
    {"trdb_users_create_telegram_user", create},
    {"trdb_users_ensure_telegram_user", ensure_user},
    {"trdb_users_update_telegram_profile", update_profile},
    {"trdb_users_issue_verification_code", issue_code},
    {"trdb_users_count_recent_verification_codes", recent_codes},
    {"trdb_users_erase_user", erase},
    {.name = NULL},
};
