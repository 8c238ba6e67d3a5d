/* SPDX-License-Identifier: MIT */
/* Positions and the fills that change them. The rules are functions of the database, which lock first and
 * then read; see schema/migrations/framework/0004_trading.up.sql. */
#include "service/service.h"

#include <string.h>

static const char *const no_field[] = {NULL};
static const char *const position_key[] = {"bot_id", "trade_type", "symbol", "direction", NULL};
static const char *const position_extras[] = {"opened_at", "extra_metadata", NULL};
static const char *const fill_required[] = {"action", "qty", "price", NULL};
static const char *const fill_optional[] = {"ts", "commission", "exchange", "exchange_trade_id", NULL};

int trdb_trading_ensure_open_position(trdb_uow *uow, const trdb_trading_position_new *position,
                                      trdb_trading_position **ret, trdb_error **reterr) {
    static const trdbi_fields fields = {"trading.ensure_open_position", position_key, position_extras};
    trdb_trading_position_new in;
    int code = trdbi_take_input(&trdbi_table_trading_positions, &fields, position, &in, reterr);
    if (code < 0)
        return code;
    code = trdbi_trading_position_ensure_open(uow, in.bot_id.value, in.trade_type.value, in.symbol,
                                              in.direction.value, trdbi_value_of_time(in.opened_at),
                                              in.extra_metadata, ret, reterr);
    return code == TRDB_E_NOT_FOUND ? trdbi_no_bot(fields.call, TRDB_E_REFERENCE, in.bot_id.value, reterr)
                                    : code;
}

/* ---- fills ---------------------------------------------------------------------------------------- */

/* A fill as it is sent. */
typedef struct fill {
    trdb_trading_fill_new in;
    char made_id[TRDB_UUID_TEXT_SIZE];
    bool close_when_flat;
} fill;

static int take_fill(const char *call, const trdb_trading_fill_new *given, uint32_t flags, fill *f,
                     trdb_error **reterr) {
    const trdbi_table *table = &trdbi_table_trading_fills;
    const trdbi_fields fields = {call, fill_required, fill_optional};
    int code = trdbi_take_flags(call, flags, TRDB_FILL_KEEP_OPEN, reterr);
    if (code == 0)
        code = trdbi_take_input(table, &fields, given, &f->in, reterr);
    if (code < 0)
        return code;
    if (f->in.action.value != TRDB_TRADING_FILL_ACTION_BUY &&
        f->in.action.value != TRDB_TRADING_FILL_ACTION_SELL) {
        trdbi_refuse(table, trdbi_column_named(table, "action"), TRDB_E_INVALID, reterr,
                     "a fill is a buy or a sell");
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    code = trdbi_take_sign(call, table, "qty", f->in.qty.value, TRDBI_ABOVE_ZERO, reterr);
    if (code == 0)
        code = trdbi_take_sign(call, table, "price", f->in.price.value, TRDBI_ABOVE_ZERO, reterr);
    /* Empty ids would make every second fill a duplicate of the first. */
    if (code == 0 && f->in.exchange_trade_id)
        code = trdbi_take_text(call, table, "exchange_trade_id", f->in.exchange_trade_id, reterr);
    if (code < 0)
        return code;
    if (!f->in.exchange_trade_id) {
        trdb_uuid_format(trdb_uuid_make(), f->made_id);
        f->in.exchange_trade_id = f->made_id;
    }
    f->close_when_flat = !(flags & TRDB_FILL_KEEP_OPEN);
    return 0;
}

static int conflict(const char *call, const fill *f, trdb_error **reterr) {
    const char *at = f->in.exchange && f->in.exchange[0] ? f->in.exchange : NULL;
    trdbi_error(reterr, TRDB_E_CONFLICT,
                "the execution \"%.100s\"%s%.50s was booked before with other figures or on another position",
                f->in.exchange_trade_id, at ? " of " : "", at ? at : "");
    trdbi_error_set_column(reterr, "trading_fills", "exchange_trade_id");
    return trdbi_refused(call, TRDB_E_CONFLICT, reterr);
}

/* What the stored state refuses, in the database's words. */
static int refused(const char *call, const trdbi_trading_fill_answer *answer, trdb_error **reterr) {
    static const struct {
        const char *outcome;
        int code;
        const char *column;
    } reasons[] = {
        {"no_position", TRDB_E_NOT_FOUND, "id"},
        {"no_bot", TRDB_E_REFERENCE, "bot_id"},
        {"closed", TRDB_E_CONFLICT, "status"},
        {"too_much", TRDB_E_CONFLICT, "qty_open"},
    };
    size_t i = 0;
    while (i + 1 < sizeof reasons / sizeof reasons[0] && strcmp(reasons[i].outcome, answer->outcome) != 0)
        i++;
    trdbi_error(reterr, reasons[i].code, "%s", answer->problem);
    trdbi_error_set_column(reterr, "trading_positions", reasons[i].column);
    return trdbi_refused(call, reasons[i].code, reterr);
}

/* Hands out what the database answered; the answer begins with the position and is freed as one. */
static int take_answer(const char *call, const fill *f, trdbi_trading_fill_answer *answer,
                       int32_t *ret_outcome, trdb_trading_position **ret, trdb_error **reterr) {
    bool applied = answer->outcome && strcmp(answer->outcome, "applied") == 0;
    bool duplicate = answer->outcome && strcmp(answer->outcome, "duplicate") == 0;
    if (!applied && !duplicate) {
        int code =
            answer->outcome && answer->problem ? refused(call, answer, reterr) : conflict(call, f, reterr);
        trdb_trading_position_free(&answer->trading_position);
        return code;
    }
    if (ret_outcome)
        *ret_outcome = applied ? TRDB_FILL_APPLIED : TRDB_FILL_DUPLICATE;
    if (ret)
        *ret = &answer->trading_position;
    else
        trdb_trading_position_free(&answer->trading_position);
    return 0;
}

int trdb_trading_apply_fill(trdb_uow *uow, int64_t position_id, const trdb_trading_fill_new *fill_new,
                            uint32_t flags, int32_t *ret_outcome, trdb_trading_position **ret,
                            trdb_error **reterr) {
    static const char call[] = "trading.apply_fill";
    fill f;
    int code = take_fill(call, fill_new, flags, &f, reterr);
    if (code < 0)
        return code;
    trdbi_trading_fill_answer *answer = NULL;
    code = trdbi_trading_position_apply_fill(uow, position_id, f.in.action.value, f.in.qty.value,
                                             f.in.price.value, trdbi_value_of_time(f.in.ts),
                                             trdbi_value_of_decimal(f.in.commission), f.in.exchange,
                                             f.in.exchange_trade_id, f.close_when_flat, &answer, reterr);
    return code < 0 ? code : take_answer(call, &f, answer, ret_outcome, ret, reterr);
}

int trdb_trading_fill_symbol(trdb_uow *uow, const trdb_trading_position_new *position,
                             const trdb_trading_fill_new *fill_new, uint32_t flags, int32_t *ret_outcome,
                             trdb_trading_position **ret, trdb_error **reterr) {
    static const trdbi_fields fields = {"trading.fill_symbol", position_key, no_field};
    trdb_trading_position_new in;
    fill f;
    int code = trdbi_take_input(&trdbi_table_trading_positions, &fields, position, &in, reterr);
    if (code == 0)
        code = take_fill(fields.call, fill_new, flags, &f, reterr);
    if (code < 0)
        return code;
    trdbi_trading_fill_answer *answer = NULL;
    code = trdbi_trading_symbol_apply_fill(uow, in.bot_id.value, in.trade_type.value, in.symbol,
                                           in.direction.value, f.in.action.value, f.in.qty.value,
                                           f.in.price.value, trdbi_value_of_time(f.in.ts),
                                           trdbi_value_of_decimal(f.in.commission), f.in.exchange,
                                           f.in.exchange_trade_id, f.close_when_flat, &answer, reterr);
    return code < 0 ? code : take_answer(fields.call, &f, answer, ret_outcome, ret, reterr);
}

/* ---- closing -------------------------------------------------------------------------------------- */

/* Ends a call whose query answered `code` with a row when that is 0. */
static int give_position(const char *call, int64_t position_id, int code, trdb_trading_position *row,
                         trdb_trading_position **ret, trdb_error **reterr) {
    if (code == TRDB_E_NOT_FOUND) {
        trdbi_error(reterr, TRDB_E_NOT_FOUND, "no position %lld", (long long)position_id);
        trdbi_error_set_column(reterr, "trading_positions", "id");
        return trdbi_refused(call, TRDB_E_NOT_FOUND, reterr);
    }
    if (code < 0)
        return code;
    if (ret)
        *ret = row;
    else
        trdb_trading_position_free(row);
    return 0;
}

int trdb_trading_close_position_if_flat(trdb_uow *uow, int64_t position_id, trdb_timestamp at,
                                        trdb_trading_position **ret, trdb_error **reterr) {
    trdb_trading_position *row = NULL;
    int code = trdbi_trading_position_close_if_flat(uow, position_id, at, &row, reterr);
    return give_position("trading.close_position_if_flat", position_id, code, row, ret, reterr);
}

int trdb_trading_mark_position_closed(trdb_uow *uow, int64_t position_id, trdb_timestamp at,
                                      trdb_trading_position **ret, trdb_error **reterr) {
    trdb_trading_position *row = NULL;
    int code = trdbi_trading_position_mark_closed(uow, position_id, at, &row, reterr);
    return give_position("trading.mark_position_closed", position_id, code, row, ret, reterr);
}
