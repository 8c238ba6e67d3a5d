/* SPDX-License-Identifier: MIT */
#include "service/service.h"

/* ---- closing -------------------------------------------------------------------------------------- */

static const char call[] = "trading.close_trade";

/* Why the trade was not closed. */
static int say_why(trdb_uow *uow, int64_t trade_id, trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_trade) *trade = NULL;
    int code = trdb_trading_trade_get(uow, trade_id, &trade, reterr);
    if (code < 0)
        return trdbi_refused(call, code, reterr);
    const char *column = "status";
    if (trade->status.value != TRDB_TRADING_TRADE_STATUS_OPEN) {
        trdbi_error(reterr, TRDB_E_CONFLICT, "trade %lld is %s, not open", (long long)trade_id,
                    trade->status.text ? trade->status.text : "of no status");
    } else {
        column = trade->size.kind == TRDB_DECIMAL_NULL ? "size" : "entry_price";
        trdbi_error(reterr, TRDB_E_CONFLICT, "trade %lld has no %s to compute from", (long long)trade_id,
                    column);
    }
    trdbi_error_set_column(reterr, "trading_trades", column);
    return trdbi_refused(call, TRDB_E_CONFLICT, reterr);
}

int trdb_trading_close_trade(trdb_uow *uow, int64_t trade_id, const trdb_trading_trade_new *close,
                             trdb_trading_trade **ret, trdb_error **reterr) {
    static const char *const required[] = {"exit_price", NULL};
    static const char *const optional[] = {"exit_time",   "exit_reason",    "commission",
                                           "entry_value", "exit_value",     "gross_pnl",
                                           "net_pnl",     "pnl_percentage", NULL};
    static const trdbi_fields fields = {call, required, optional};
    trdb_trading_trade_new in;
    int code = trdbi_take_input(&trdbi_table_trading_trades, &fields, close, &in, reterr);
    if (code == 0)
        code = trdbi_take_sign(call, &trdbi_table_trading_trades, "exit_price", in.exit_price.value,
                               TRDBI_FROM_ZERO, reterr);
    if (code < 0)
        return code;
    trdb_trading_trade *row = NULL;
    code = trdbi_trading_trade_close(
        uow, trade_id, in.exit_price.value, trdbi_value_of_time(in.exit_time), in.exit_reason,
        trdbi_value_of_decimal(in.commission), trdbi_value_of_decimal(in.entry_value),
        trdbi_value_of_decimal(in.exit_value), trdbi_value_of_decimal(in.gross_pnl),
        trdbi_value_of_decimal(in.net_pnl), trdbi_value_of_decimal(in.pnl_percentage), &row, reterr);
    if (code == TRDB_E_NOT_FOUND)
        return say_why(uow, trade_id, reterr);
    if (code < 0)
        return code;
    if (ret)
        *ret = row;
    else
        trdb_trading_trade_free(row);
    return 0;
}

/* ---- purging -------------------------------------------------------------------------------------- */

int trdb_trading_purge_trades(trdb_uow *uow, trdb_in_i64 bot_id, trdb_timestamp before, int64_t *ret,
                              trdb_error **reterr) {
    static const char purge[] = "trading.purge_trades";
    /* Nobody purges the trades of all bots by a NULL or a half-made value. */
    const char *problem = NULL;
    if (bot_id.state != TRDB_GIVEN && (bot_id.state != TRDB_NOT_GIVEN || bot_id.value != 0))
        problem = "bot_id is neither given nor left out; make it with trdb_i64()";
    else if (before.kind == TRDB_TIMESTAMP_NULL)
        problem = "the time before which trades are deleted is NULL";
    if (problem) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: %s", purge, problem);
        return trdbi_refused(purge, TRDB_E_INVALID, reterr);
    }
    return trdbi_trading_trades_purge(uow, bot_id, before, ret, reterr);
}
