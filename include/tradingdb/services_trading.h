/* SPDX-License-Identifier: MIT */
/**
 * @file services_trading.h
 * Services for bots, positions, fills, trades and performance metrics.
 * The top of services.h says what holds for every service. Source: reference/framework-operations.md 6.
 */
#ifndef TRADINGDB_SERVICES_TRADING_H
#define TRADINGDB_SERVICES_TRADING_H

#include <tradingdb/migrate.h>
#include <tradingdb/trading.h>

TRDB_BEGIN_DECLS

/* ---- bots -------------------------------------------------------------------------------------------- */

/**
 * Changes a bot, or makes one. With an id that is there, the given fields are written and the others stay;
 * otherwise a bot is made, under that id when one is given.
 * @param bot what is given; a new bot needs user_id, type, status and config, and no bot can have NULL there.
 * @param ret receives the bot; NULL when it is not wanted. Free it with trdb_trading_bot_free().
 * @return 0; TRDB_E_NOT_NULL; TRDB_E_REFERENCE for an unknown user; TRDB_E_DUPLICATE when another session
 *         makes the same id at the same time. One round trip with an id that is there or without one, two
 *         otherwise.
 */
TRDB_API int trdb_trading_upsert_bot(trdb_uow *uow, const trdb_trading_bot_new *bot, trdb_trading_bot **ret,
                                     trdb_error **reterr);

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

/**
 * Checks the configuration of a bot: what it must have, what has a value that cannot work, and what is only
 * unusual. docs/bot-configuration.md lists the checks. Amounts are compared as decimals. Asks nothing of the
 * database; any thread.
 * @param config_json JSON text; text that is no JSON object is a finding.
 * @param ret receives the findings, each TRDB_SEVERITY_PROBLEM or TRDB_SEVERITY_WARNING, whose topic is the
 *        place in the document, such as "broker.cash", or "" for all of it. Empty when there is nothing to
 *        say. A configuration is valid when none is a problem. Free it with trdb_finding_list_free().
 * @return 0; TRDB_E_INVALID for a NULL text; TRDB_E_NOMEM.
 *         Source: reference/framework-operations.md 6.
 */
TRDB_API int trdb_trading_validate_bot_config(const char *config_json, trdb_finding_list **ret,
                                              trdb_error **reterr);

/**
 * Checks the row and the configuration of a bot. An unknown bot is invalid, with one problem.
 * @param ret_valid receives whether no finding is a problem; may be NULL.
 * @param ret receives the findings, as trdb_trading_validate_bot_config() gives them; NULL when they are not
 *        wanted. Free it with trdb_finding_list_free().
 * @return 0, also for an unknown bot. One round trip.
 */
TRDB_API int trdb_trading_validate_bot_configuration(trdb_uow *uow, int64_t bot_id, bool *ret_valid,
                                                     trdb_finding_list **ret, trdb_error **reterr);

/** What the check of a bot's configuration found. Strings live as long as the report. */
typedef struct trdb_bot_finding {
    int64_t bot_id;     /**< the bot */
    int32_t severity;   /**< enum trdb_severity; TRDB_SEVERITY_OK stands alone: there is nothing to say */
    int32_t reserved;
    const char *topic;  /**< the place in the configuration, such as "broker.cash" */
    const char *text;   /**< what was found */
    const char *remedy; /**< what to do; NULL when all is well */
} trdb_bot_finding;

/** A list of findings, by bot. Free with trdb_bot_finding_list_free(). */
typedef struct trdb_bot_finding_list trdb_bot_finding_list;

/** The number of findings; 0 for NULL. Any thread. */
TRDB_API size_t trdb_bot_finding_list_count(const trdb_bot_finding_list *list);
/** The i-th finding, or NULL beyond the end. */
TRDB_API const trdb_bot_finding *trdb_bot_finding_list_at(const trdb_bot_finding_list *list, size_t i);
/** The finding after one of this list, or NULL. */
TRDB_API const trdb_bot_finding *trdb_bot_finding_list_next(const trdb_bot_finding_list *list,
                                                            const trdb_bot_finding *finding);
/** Frees a report with all its strings. NULL is allowed. */
TRDB_API void trdb_bot_finding_list_free(trdb_bot_finding_list *list);

/** For TRDB_AUTO(). */
static inline void trdb_bot_finding_list_cleanup(trdb_bot_finding_list **list) {
    trdb_bot_finding_list_free(*list);
}

/**
 * Checks every bot that is not disabled. Each has at least one finding; a bot is valid when none of its
 * findings is a problem.
 * @param user_id the owner; not given: all.
 * @param ret receives the findings, by bot id; free it with trdb_bot_finding_list_free().
 * @return 0. One round trip.
 */
TRDB_API int trdb_trading_validate_all_bot_configurations(trdb_uow *uow, trdb_in_i64 user_id,
                                                          trdb_bot_finding_list **ret, trdb_error **reterr);

/* ---- positions and fills ----------------------------------------------------------------------------- */

/**
 * Gives the open position of (bot, trade type, symbol, direction), made when there is none, and locks it
 * until the unit ends: other sessions that want it wait.
 * @param position bot_id, trade_type, symbol and direction are required. opened_at (default now) and
 *        extra_metadata may be given and count for a new one only; no other field is taken.
 * @param ret receives the position; free it with trdb_trading_position_free().
 * @return 0; TRDB_E_REFERENCE for an unknown bot (the unit stays usable). One round trip.
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
 *         position, when the position is closed, or when the fill would close more than is open;
 *         TRDB_E_NOT_FOUND for an unknown position; in all these cases nothing was changed and the unit stays
 *         usable. TRDB_E_CHECK when a figure leaves the range of an amount. One round trip.
 *         Source: reference/decisions.md 12.
 */
TRDB_API int trdb_trading_apply_fill(trdb_uow *uow, int64_t position_id, const trdb_trading_fill_new *fill,
                                     uint32_t flags, int32_t *ret_outcome, trdb_trading_position **ret,
                                     trdb_error **reterr);

/**
 * As trdb_trading_apply_fill(), for the open position of a symbol, which is made when there is none. An
 * execution that was booked before is found even when its position is closed by now.
 * @param position bot_id, trade_type, symbol and direction are required; no other field is taken.
 * @return as trdb_trading_apply_fill(); TRDB_E_REFERENCE for an unknown bot (the unit stays usable). One
 *         round trip.
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

/**
 * Deletes trades for good that are closed or cancelled and ended before a time: by exit_time, or by
 * created_at where there is none. Open trades stay, and so do positions and fills. What is computed from
 * trades, such as profit and loss, is less by them afterwards.
 * @param bot_id the bot; not given: all bots.
 * @param before the time, which is not part of the range; required.
 * @param ret receives the number of deleted trades; may be NULL.
 * @return 0; TRDB_E_INVALID without a time, or for a bot_id given as NULL. One round trip.
 *         Source: reference/decisions.md 8.
 */
TRDB_API int trdb_trading_purge_trades(trdb_uow *uow, trdb_in_i64 bot_id, trdb_timestamp before, int64_t *ret,
                                       trdb_error **reterr);

/* ---- performance metrics ----------------------------------------------------------------------------- */

/**
 * Which closed trades metrics are about, and the terms that they are computed on. What is not given narrows
 * nothing; no field can be NULL. Begin with trdb_metrics_scope_new_init().
 */
typedef struct trdb_metrics_scope_new {
    size_t struct_size;           /**< sizeof(trdb_metrics_scope_new) of the caller */
    trdb_in_i64 bot_id;           /**< the bot */
    trdb_in_enum trade_type;      /**< enum trdb_trading_trade_type; default: the bot's own, or all */
    const char *strategy_name;    /**< the strategy, at most 100 characters */
    const char *symbol;           /**< the symbol, at most 20 characters */
    const char *interval;         /**< the candle length, at most 10 characters */
    const char *entry_logic_name; /**< the rule that entered, at most 100 characters */
    const char *exit_logic_name;  /**< the rule that exits, at most 100 characters */
    trdb_in_timestamp since;      /**< first time of closing */
    trdb_in_timestamp until;      /**< time of closing at which the range has ended; later than since */
    /**
     * What the account held when the range began; not negative. Without one above zero there are no returns,
     * and what needs them is null.
     */
    trdb_in_decimal starting_balance;
    trdb_in_decimal risk_free_rate; /**< riskless return of a year, -1 to 1; 0.05 is 5 %; default 0 */
    trdb_in_i64 periods_per_year;   /**< days of a year that have returns, 1 to 366; default 365 */
} trdb_metrics_scope_new;

/** An input with its struct_size set and nothing given. */
TRDB_DEFINE_INIT(trdb_metrics_scope_new);
#ifndef __cplusplus
/** The same with designated initializers, as a pointer: TRDB_METRICS_SCOPE_NEW(.field = …). C only. */
#define TRDB_METRICS_SCOPE_NEW(...) \
    (&(trdb_metrics_scope_new){.struct_size = sizeof(trdb_metrics_scope_new), __VA_ARGS__})
#endif

/**
 * Computes the performance metrics of a bot, a strategy or a symbol, and stores nothing. docs/metrics.md
 * defines every figure of the JSON object in the row's `metrics`; its numbers are exact decimals.
 * @param scope which trades, on which terms; NULL: all trades of all bots.
 * @param ret receives a row whose id is 0; free it with trdb_trading_performance_metric_free(). Without a bot
 *        its bot_id is NULL.
 * @return 0; TRDB_E_NOT_FOUND for an unknown bot. One round trip, one SQL statement.
 *         Source: reference/framework-operations.md 6.
 */
TRDB_API int trdb_trading_metrics(trdb_uow *uow, const trdb_metrics_scope_new *scope,
                                  trdb_trading_performance_metric **ret, trdb_error **reterr);

/**
 * The same for a bot, stored as a row of trading_performance_metrics whose calculated_at is now.
 * @param scope which trades, on which terms; bot_id is required.
 * @param ret receives the row; NULL when it is not wanted. Free it with
 *        trdb_trading_performance_metric_free().
 * @return 0; TRDB_E_NOT_FOUND for an unknown bot. One round trip, one SQL statement.
 */
TRDB_API int trdb_trading_compute_metrics(trdb_uow *uow, const trdb_metrics_scope_new *scope,
                                          trdb_trading_performance_metric **ret, trdb_error **reterr);

TRDB_END_DECLS

#endif
