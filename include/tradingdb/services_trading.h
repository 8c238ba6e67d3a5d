/* SPDX-License-Identifier: MIT */
/**
 * @file services_trading.h
 * Services for bots, positions, fills and trades.
 * The top of services.h says what holds for every service. Source: reference/framework-operations.md 6.
 */
#ifndef TRADINGDB_SERVICES_TRADING_H
#define TRADINGDB_SERVICES_TRADING_H

#include <tradingdb/trading.h>

TRDB_BEGIN_DECLS

/* ---- bots -------------------------------------------------------------------------------------------- */

/**
 * Notes that a bot is alive.
 * @param at when; a NULL time (zeroed) means now.
 * @return 0; TRDB_E_NOT_FOUND. One round trip.
 */
TRDB_API int trdb_trading_heartbeat(trdb_uow *uow, int64_t bot_id, trdb_timestamp at, trdb_error **reterr);

/**
 * Changes a bot's status. With an error message the error is counted, and noted in extra_metadata as
 * last_error and last_error_time.
 * @param status enum trdb_trading_bot_status.
 * @param error what went wrong; NULL for nothing, and only together with TRDB_TRADING_BOT_STATUS_ERROR.
 * @param started_at when it began to run; a NULL time leaves it alone. Only together with
 *        TRDB_TRADING_BOT_STATUS_RUNNING.
 * @param ret receives the bot; NULL when it is not wanted. Free it with trdb_trading_bot_free().
 * @return 0; TRDB_E_NOT_FOUND. One round trip.
 */
TRDB_API int trdb_trading_set_bot_status(trdb_uow *uow, int64_t bot_id, int32_t status, const char *error,
                                         trdb_timestamp started_at, trdb_trading_bot **ret,
                                         trdb_error **reterr);

/**
 * Writes a bot's balance, its profit and loss, or both. What is not given stays, NULL clears.
 * @param ret receives the bot; NULL when it is not wanted. Free it with trdb_trading_bot_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_INVALID when neither is given. One round trip.
 */
TRDB_API int trdb_trading_update_bot_performance(trdb_uow *uow, int64_t bot_id, trdb_in_decimal balance,
                                                 trdb_in_decimal total_pnl, trdb_trading_bot **ret,
                                                 trdb_error **reterr);

/**
 * Adds to a bot's balance and to its profit and loss, exactly; what is NULL counts as 0. Safe under
 * concurrency.
 * @param amount what to add, negative for a loss.
 * @param ret receives the bot; NULL when it is not wanted. Free it with trdb_trading_bot_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_CHECK when a sum leaves the range of an amount. One round trip.
 */
TRDB_API int trdb_trading_add_bot_pnl(trdb_uow *uow, int64_t bot_id, trdb_decimal amount,
                                      trdb_trading_bot **ret, trdb_error **reterr);

/** Flags of trdb_trading_delete_bot(). */
enum trdb_delete_flags {
    TRDB_DELETE_WITH_HISTORY = 1 /**< its closed positions and trades, fills and metrics go too */
};

/**
 * Deletes a bot.
 * @param flags enum trdb_delete_flags.
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_CONFLICT while it has an open trade or position, or when it has a
 *         history and TRDB_DELETE_WITH_HISTORY is not set: nothing was changed and the unit stays usable.
 *         One round trip. Source: reference/decisions.md 11.
 */
TRDB_API int trdb_trading_delete_bot(trdb_uow *uow, int64_t bot_id, uint32_t flags, trdb_error **reterr);

/* ---- positions and fills ----------------------------------------------------------------------------- */

/**
 * Gives the open position of (bot, trade type, symbol, direction), made when there is none, and locks it
 * until the unit ends: other sessions that want it wait.
 * @param position bot_id, trade_type, symbol and direction are required. opened_at (default now) and
 *        extra_metadata may be given and count for a new one only; no other field is taken.
 * @param ret receives the position; free it with trdb_trading_position_free().
 * @return 0; TRDB_E_REFERENCE for an unknown bot. One round trip.
 */
TRDB_API int trdb_trading_ensure_open_position(trdb_uow *uow, const trdb_trading_position_new *position,
                                               trdb_trading_position **ret, trdb_error **reterr);

/** Flags of trdb_trading_apply_fill() and trdb_trading_fill_symbol(). */
enum trdb_fill_flags {
    TRDB_FILL_KEEP_OPEN = 1 /**< a position of which nothing is left stays open */
};

/** What became of a fill. */
enum trdb_fill_outcome {
    TRDB_FILL_APPLIED = 1,  /**< it is booked now */
    TRDB_FILL_DUPLICATE = 2 /**< it was booked before with the same figures; nothing was changed */
};

/**
 * Books one execution on an open position. The position is locked first and until the unit ends, so that
 * concurrent fills queue up. Adding averages the price in; reducing realizes profit and loss; closing the
 * last of it closes the position. Computed figures are rounded to 24 decimals, ties away from zero.
 * @param fill action (buy or sell), qty and price (above zero) are required. ts (default now), commission
 *        (default 0, negative for a rebate), exchange and exchange_trade_id may be given; no other field is
 *        taken. Applying the same exchange_trade_id of an exchange again changes nothing; without one the
 *        library makes one, and then the same execution can be booked twice.
 * @param flags enum trdb_fill_flags.
 * @param ret_outcome receives enum trdb_fill_outcome; may be NULL.
 * @param ret receives the position as it is now; NULL when it is not wanted. Free it with
 *        trdb_trading_position_free().
 * @return 0; TRDB_E_CONFLICT when the exchange_trade_id was booked before with other figures or on another
 *         position (nothing was changed and the unit stays usable), when the position is closed, or when the
 *         fill would close more than is open; TRDB_E_NOT_FOUND for an unknown position; TRDB_E_CHECK when a
 *         figure leaves the range of an amount. One round trip. Source: reference/decisions.md 12.
 */
TRDB_API int trdb_trading_apply_fill(trdb_uow *uow, int64_t position_id, const trdb_trading_fill_new *fill,
                                     uint32_t flags, int32_t *ret_outcome, trdb_trading_position **ret,
                                     trdb_error **reterr);

/**
 * As trdb_trading_apply_fill(), for the open position of a symbol, which is made when there is none. An
 * execution that was booked before is found even when its position is closed by now.
 * @param position bot_id, trade_type, symbol and direction are required; no other field is taken.
 * @return as trdb_trading_apply_fill(); TRDB_E_REFERENCE for an unknown bot. One round trip.
 */
TRDB_API int trdb_trading_fill_symbol(trdb_uow *uow, const trdb_trading_position_new *position,
                                      const trdb_trading_fill_new *fill, uint32_t flags,
                                      int32_t *ret_outcome, trdb_trading_position **ret,
                                      trdb_error **reterr);

/**
 * Closes a position when nothing of it is open, and otherwise leaves it alone. One that is closed stays as it
 * is.
 * @param at when; a NULL time (zeroed) means now.
 * @param ret receives the position; NULL when it is not wanted. Free it with trdb_trading_position_free().
 * @return 0; TRDB_E_NOT_FOUND. One round trip.
 */
TRDB_API int trdb_trading_close_position_if_flat(trdb_uow *uow, int64_t position_id, trdb_timestamp at,
                                                 trdb_trading_position **ret, trdb_error **reterr);

/**
 * Closes a position whatever is left of it. The rest is dropped without a price and recorded as a write-off;
 * what was realized stays. Doing it again moves closed_at.
 * @param at when; a NULL time (zeroed) means now.
 * @param ret receives the position; NULL when it is not wanted. Free it with trdb_trading_position_free().
 * @return 0; TRDB_E_NOT_FOUND. One round trip.
 */
TRDB_API int trdb_trading_mark_position_closed(trdb_uow *uow, int64_t position_id, trdb_timestamp at,
                                               trdb_trading_position **ret, trdb_error **reterr);

/**
 * What the open quantity of a position would bring at a price: (mark - average) · quantity, the opposite
 * for a short, rounded to 24 decimals, ties away from zero; 0 when nothing is open. Asks nothing of the
 * database; any thread.
 * @param mark the price of one unit; not negative.
 * @return 0; TRDB_E_INVALID for a NULL position or one of an unknown direction; TRDB_E_RANGE for a mark
 *         that is NULL, not finite or negative, or when a figure needs more than 38 digits.
 */
TRDB_API int trdb_trading_unrealized_pnl(const trdb_trading_position *position, trdb_decimal mark,
                                         trdb_decimal *ret, trdb_error **reterr);

/**
 * What a position realized, and, unless the mark is NULL (zeroed), what the rest would bring at that price.
 * @return as trdb_trading_unrealized_pnl(), except that a NULL mark is no error.
 */
TRDB_API int trdb_trading_total_pnl(const trdb_trading_position *position, trdb_decimal mark,
                                    trdb_decimal *ret, trdb_error **reterr);

/* ---- trades ------------------------------------------------------------------------------------------ */

/**
 * Closes an open trade. Values, gross and net profit and loss and the percentage are computed from what is
 * stored: gross is exit less entry value, for a short the opposite; net is gross less commission; the
 * percentage is of the entry value, 0 when that is 0.
 * @param close exit_price is required. exit_time (default now), exit_reason and commission (default: as
 *        stored) may be given; entry_value, exit_value, gross_pnl, net_pnl and pnl_percentage each replace
 *        the computed figure. No other field is taken.
 * @param ret receives the trade; NULL when it is not wanted. Free it with trdb_trading_trade_free().
 * @return 0; TRDB_E_NOT_FOUND; TRDB_E_CONFLICT when it is not open, or has no entry price or size; in all
 *         these cases nothing was changed and the unit stays usable. TRDB_E_CHECK when a figure leaves the
 *         range of an amount. One round trip, and one more to say why not. Source: reference/decisions.md 13.
 */
TRDB_API int trdb_trading_close_trade(trdb_uow *uow, int64_t trade_id, const trdb_trading_trade_new *close,
                                      trdb_trading_trade **ret, trdb_error **reterr);

TRDB_END_DECLS

#endif
