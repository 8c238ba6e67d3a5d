/* SPDX-License-Identifier: MIT */
#include "service/service.h"

#include "core/migrate.h"

int trdbi_no_bot(const char *call, int code, int64_t bot_id, trdb_error **reterr) {
    trdbi_error(reterr, code, "trading_bots: no row with id %lld", (long long)bot_id);
    trdbi_error_set_column(reterr, "trading_bots", "id");
    return trdbi_refused(call, code, reterr);
}

static int no_bot(const char *call, int64_t bot_id, trdb_error **reterr) {
    return trdbi_no_bot(call, TRDB_E_NOT_FOUND, bot_id, reterr);
}

/* Ends a call whose query answered `code` with a row when that is 0. */
static int give_bot(const char *call, int64_t bot_id, int code, trdb_trading_bot *row, trdb_trading_bot **ret,
                    trdb_error **reterr) {
    if (code == TRDB_E_NOT_FOUND)
        return no_bot(call, bot_id, reterr);
    if (code < 0)
        return code;
    if (ret)
        *ret = row;
    else
        trdb_trading_bot_free(row);
    return 0;
}

/* The first of the named columns whose bit is `set` in `bits`, or NULL. */
static const trdbi_column *first_column(const char *const *names, uint64_t bits, bool set) {
    const trdbi_table *table = &trdbi_table_trading_bots;
    for (; *names; names++) {
        const trdbi_column *column = trdbi_column_named(table, *names);
        if ((bits >> (column - table->columns) & 1) == set)
            return column;
    }
    return NULL;
}

static int take_bot(const char *call, const trdb_trading_bot_new *bot, trdb_trading_bot_new *in,
                    uint64_t *ret_given, trdb_error **reterr) {
    static const char *const never_null[] = {"id", "user_id", "type", "status", "config", NULL};
    uint64_t null = 0;
    int code = bot ? trdbi_copy_struct(in, sizeof *in, bot, "trdb_trading_bot_new", reterr)
                   : trdbi_error(reterr, TRDB_E_INVALID, "%s: the trdb_trading_bot_new is NULL", call);
    if (code == 0)
        code = trdbi_check_input(&trdbi_table_trading_bots, in, ret_given, &null, reterr);
    const trdbi_column *column = code == 0 ? first_column(never_null, null, true) : NULL;
    if (column)
        code = trdbi_refuse(&trdbi_table_trading_bots, column, TRDB_E_NOT_NULL, reterr,
                            "may not be NULL in %s", call);
    return code < 0 ? trdbi_refused(call, code, reterr) : 0;
}

int trdb_trading_upsert_bot(trdb_uow *uow, const trdb_trading_bot_new *bot, trdb_trading_bot **ret,
                            trdb_error **reterr) {
    static const char call[] = "trading.upsert_bot";
    static const char *const required[] = {"user_id", "type", "status", "config", NULL};
    trdb_trading_bot_new in;
    uint64_t given = 0;
    int code = take_bot(call, bot, &in, &given, reterr);
    if (code < 0)
        return code;
    if (in.id.state == TRDB_GIVEN) {
        trdb_trading_bot_new patch = in;
        trdb_trading_bot *row = NULL;
        trdb_error *error = NULL;
        patch.id = (trdb_in_i64){.state = TRDB_NOT_GIVEN};
        code = trdb_trading_bot_patch(uow, in.id.value, &patch, &row, &error);
        if (code == 0)
            return give_bot(call, in.id.value, 0, row, ret, reterr);
        if (code != TRDB_E_NOT_FOUND)
            return trdbi_refused(call, trdbi_error_give(reterr, error, code), reterr);
        trdb_error_free(error);
    }
    const trdbi_column *missing = first_column(required, given, false);
    if (missing) {
        trdbi_refuse(&trdbi_table_trading_bots, missing, TRDB_E_NOT_NULL, reterr, "is required of a new bot");
        return trdbi_refused(call, TRDB_E_NOT_NULL, reterr);
    }
    code = trdb_trading_bot_insert(uow, &in, ret, reterr);
    return code < 0 ? trdbi_refused(call, code, reterr) : 0;
}

int trdb_trading_heartbeat(trdb_uow *uow, int64_t bot_id, trdb_timestamp at, trdb_error **reterr) {
    int64_t touched = 0;
    int code = trdbi_trading_bot_heartbeat(uow, bot_id, at, &touched, reterr);
    return code == 0 && touched == 0 ? no_bot("trading.heartbeat", bot_id, reterr) : code;
}

int trdb_trading_set_bot_status(trdb_uow *uow, int64_t bot_id, int32_t status, const char *error,
                                trdb_timestamp started_at, trdb_trading_bot **ret, trdb_error **reterr) {
    static const char call[] = "trading.set_bot_status";
    if (error == TRDB_NULL_TEXT)
        error = NULL;
    const char *problem = NULL;
    if (!trdb_trading_bot_status_to_string(status))
        problem = "the status is no constant of trdb_trading_bot_status";
    else if (error && status != TRDB_TRADING_BOT_STATUS_ERROR)
        problem = "an error goes only with the status error";
    else if (started_at.kind != TRDB_TIMESTAMP_NULL && status != TRDB_TRADING_BOT_STATUS_RUNNING)
        problem = "started_at goes only with the status running";
    if (problem) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: %s", call, problem);
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    trdb_trading_bot *row = NULL;
    int code = trdbi_trading_bot_set_status(uow, bot_id, status, error, started_at, &row, reterr);
    return give_bot(call, bot_id, code, row, ret, reterr);
}

int trdb_trading_update_bot_performance(trdb_uow *uow, int64_t bot_id, trdb_in_decimal balance,
                                        trdb_in_decimal total_pnl, trdb_trading_bot **ret,
                                        trdb_error **reterr) {
    trdb_trading_bot_new in = trdb_trading_bot_new_init();
    in.current_balance = balance;
    in.total_pnl = total_pnl;
    return trdb_trading_bot_patch(uow, bot_id, &in, ret, reterr);
}

int trdb_trading_add_bot_pnl(trdb_uow *uow, int64_t bot_id, trdb_decimal amount, trdb_trading_bot **ret,
                             trdb_error **reterr) {
    static const char call[] = "trading.add_bot_pnl";
    int code = trdbi_take_amount(call, &trdbi_table_trading_bots, "total_pnl", amount, reterr);
    if (code < 0)
        return code;
    trdb_trading_bot *row = NULL;
    code = trdbi_trading_bot_add_pnl(uow, bot_id, amount, &row, reterr);
    return give_bot(call, bot_id, code, row, ret, reterr);
}

/* ---- deleting -------------------------------------------------------------------------------------- */

static int in_the_way(const char *call, int64_t bot_id, const trdbi_trading_bot_delete_row *answer,
                      trdb_error **reterr) {
    if (!answer->history.set)
        return no_bot(call, bot_id, reterr);
    long long trades = (long long)answer->open_trades.value;
    long long positions = (long long)answer->open_positions.value;
    if (trades > 0 || positions > 0)
        trdbi_error(reterr, TRDB_E_CONFLICT,
                    "bot %lld has %lld open trades and %lld open positions; close them first",
                    (long long)bot_id, trades, positions);
    else
        trdbi_error(reterr, TRDB_E_CONFLICT,
                    "bot %lld has a history of %lld rows; TRDB_DELETE_WITH_HISTORY deletes it too",
                    (long long)bot_id, (long long)answer->history.value);
    return trdbi_refused(call, TRDB_E_CONFLICT, reterr);
}

int trdb_trading_delete_bot(trdb_uow *uow, int64_t bot_id, uint32_t flags, trdb_error **reterr) {
    static const char call[] = "trading.delete_bot";
    int code = trdbi_take_flags(call, flags, TRDB_DELETE_WITH_HISTORY, reterr);
    if (code < 0)
        return code;
    trdbi_trading_bot_delete_row *answer = NULL;
    code = trdbi_trading_bot_delete(uow, bot_id, flags & TRDB_DELETE_WITH_HISTORY, &answer, reterr);
    if (code < 0)
        return code;
    if (!answer->deleted.value)
        code = in_the_way(call, bot_id, answer, reterr);
    trdbi_row_free(answer);
    return code;
}
