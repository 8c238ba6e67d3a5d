/* SPDX-License-Identifier: MIT */
/* Figures of a position that are computed and not stored. */
#include "service/service.h"

enum { PNL_SCALE = 24 }; /* what every computed figure is rounded to */

static int too_long(const char *call, int code, trdb_error **reterr) {
    trdbi_error(reterr, code, "%s: the result needs more than %d digits", call, TRDB_DECIMAL_MAX_DIGITS);
    return trdbi_refused(call, code, reterr);
}

static int check(const char *call, const trdb_trading_position *position, const trdb_decimal *ret,
                 trdb_error **reterr) {
    if (!position || !ret)
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the %s is NULL", call,
                    position ? "place for the result" : "position");
    else if (position->direction.value != TRDB_TRADING_DIRECTION_LONG &&
             position->direction.value != TRDB_TRADING_DIRECTION_SHORT)
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the position's direction is neither long nor short", call);
    else
        return 0;
    return trdbi_refused(call, TRDB_E_INVALID, reterr);
}

static int unrealized(const char *call, const trdb_trading_position *position, trdb_decimal mark,
                      trdb_decimal *ret, trdb_error **reterr) {
    bool is_short = position->direction.value == TRDB_TRADING_DIRECTION_SHORT;
    if (mark.kind != TRDB_DECIMAL_FINITE || mark.negative) {
        trdbi_error(reterr, TRDB_E_RANGE, "%s: the mark must be a finite number that is not negative", call);
        return trdbi_refused(call, TRDB_E_RANGE, reterr);
    }
    trdb_decimal figure;
    int code = trdb_decimal_from_i64(0, 0, &figure);
    if (position->qty_open.kind != TRDB_DECIMAL_NULL && position->avg_price.kind != TRDB_DECIMAL_NULL) {
        code =
            trdb_decimal_subtract(trdb_decimal_trim(mark), trdb_decimal_trim(position->avg_price), &figure);
        if (code == 0)
            code = trdb_decimal_multiply(is_short ? trdb_decimal_negate(figure) : figure, position->qty_open,
                                         PNL_SCALE, TRDB_ROUND_HALF_UP, &figure);
    }
    if (code < 0)
        return too_long(call, code, reterr);
    *ret = trdb_decimal_trim(figure);
    return 0;
}

int trdb_trading_unrealized_pnl(const trdb_trading_position *position, trdb_decimal mark, trdb_decimal *ret,
                                trdb_error **reterr) {
    static const char call[] = "trading.unrealized_pnl";
    int code = check(call, position, ret, reterr);
    return code < 0 ? code : unrealized(call, position, mark, ret, reterr);
}

int trdb_trading_total_pnl(const trdb_trading_position *position, trdb_decimal mark, trdb_decimal *ret,
                           trdb_error **reterr) {
    static const char call[] = "trading.total_pnl";
    trdb_decimal rest, total;
    (void)trdb_decimal_from_i64(0, 0, &rest); /* zero always fits */
    int code = check(call, position, ret, reterr);
    if (code == 0 && mark.kind != TRDB_DECIMAL_NULL)
        code = unrealized(call, position, mark, &rest, reterr);
    if (code < 0)
        return code;
    total = rest;
    if (position->realized_pnl.kind != TRDB_DECIMAL_NULL)
        code = trdb_decimal_add(trdb_decimal_trim(position->realized_pnl), rest, &total);
    if (code < 0)
        return too_long(call, code, reterr);
    *ret = total;
    return 0;
}
