/* SPDX-License-Identifier: MIT */
/**
 * @file services_telegram.h
 * Services for the Telegram bot: verification and profile, alerts and schedules, settings, feedback, command
 * audit, broadcasts. Those that only read are named queries in telegram.h, such as
 * trdb_telegram_get_user_status() and trdb_telegram_command_stats().
 *
 * A Telegram account is named by its id as text; format numbers as decimal digits. Where nothing else is
 * said, an account that is not known is made, with its user, as trdb_users_ensure_telegram_user() does.
 * The top of services.h says what holds for every service. Source: reference/framework-operations.md 4.
 */
#ifndef TRADINGDB_SERVICES_TELEGRAM_H
#define TRADINGDB_SERVICES_TELEGRAM_H

#include <tradingdb/jobs.h>
#include <tradingdb/telegram.h>
#include <tradingdb/users.h>

TRDB_BEGIN_DECLS

/* ---- verification ------------------------------------------------------------------------------------ */

/**
 * Notes a verification code that was sent to a Telegram account: a row, and the profile's
 * verification_code and code_sent_time. Earlier codes stay valid. Codes are secret: no message or trace
 * shows one.
 * @param code the code; 1 to 32 characters.
 * @param sent_time when it was sent, in seconds since 1970 UTC, not negative; 0: now.
 * @param ret receives the row; NULL when it is not wanted. Free it with trdb_usr_verification_code_free().
 * @return 0. One round trip.
 */
TRDB_API int trdb_telegram_set_verification_code(trdb_uow *uow, const char *telegram_id, const char *code,
                                                 int64_t sent_time, trdb_usr_verification_code **ret,
                                                 trdb_error **reterr);

/**
 * Counts the codes that were sent to a Telegram account in the hour before a time, or later than that: codes
 * dated in the future count. The caller decides how many are too many.
 * @param now the time, in seconds since 1970 UTC, not negative; 0: this machine's clock.
 * @param ret receives the number.
 * @return 0. One round trip.
 */
TRDB_API int trdb_telegram_count_codes_last_hour(trdb_uow *uow, const char *telegram_id, int64_t now,
                                                 int64_t *ret, trdb_error **reterr);

/**
 * Tries a verification code. Every outcome is an answer and not an error: commit the unit whatever it is,
 * since a wrong try that is rolled back was not counted.
 *
 * - accepted: the code is used up, the account verified, and code and time are gone from its profile. When
 *   several sessions try one code at once, one of them gets this.
 * - wrong: no code of the account. The try counts for each code that would have been accepted; five lock it.
 * - expired, used, locked: a code of the account, but not valid any more. A wrong code gets locked, too,
 *   once every code that has not expired is locked: a new one is needed.
 * - none: no code was ever sent to the account.
 *
 * Of several codes with the same text the one sent last counts. Texts are compared in a time that tells
 * nothing about them.
 * @param code what the user typed; 1 to 32 characters.
 * @param expiry how long a code is valid after it was sent, in seconds; 0: 3600.
 * @param now the time, in seconds since 1970 UTC, not negative; 0: this machine's clock.
 * @param ret_outcome receives enum trdb_code_outcome.
 * @return 0. One round trip. Source: reference/decisions.md 18.
 */
TRDB_API int trdb_telegram_verify_code(trdb_uow *uow, const char *telegram_id, const char *code,
                                       int64_t expiry, int64_t now, int32_t *ret_outcome,
                                       trdb_error **reterr);

/**
 * Writes the e-mail of a Telegram account as not verified, together with the code that was sent to it, as
 * trdb_telegram_set_verification_code() does. When the address is another one than before, earlier codes are
 * locked: they went elsewhere and must not confirm this address.
 * @param email the address; 1 to 100 characters, unique without regard to case.
 * @param code the code; 1 to 32 characters.
 * @param sent_time when it was sent, in seconds since 1970 UTC, not negative; 0: now.
 * @param language language, such as en; 1 to 32 characters; NULL: en.
 * @param is_admin whether the account has admin rights in the bot.
 * @param ret receives the profile as stored; NULL when it is not wanted. Free it with
 *        trdb_telegram_profile_free().
 * @return 0; TRDB_E_DUPLICATE when another user has the e-mail. One round trip, and one more for the
 *         profile.
 */
TRDB_API int trdb_telegram_set_user_email(trdb_uow *uow, const char *telegram_id, const char *email,
                                          const char *code, int64_t sent_time, const char *language,
                                          bool is_admin, trdb_telegram_profile **ret, trdb_error **reterr);

/**
 * Takes back that the e-mail of a Telegram account is verified: code and time are gone from its profile,
 * and its unused codes are locked.
 * @return 0. One round trip.
 */
TRDB_API int trdb_telegram_reset_email_verification(trdb_uow *uow, const char *telegram_id,
                                                    trdb_error **reterr);

/* ---- profile ----------------------------------------------------------------------------------------- */

/** Marks the e-mail of a Telegram account as verified, without a code. @return 0. One round trip. */
TRDB_API int trdb_telegram_verify_user_email(trdb_uow *uow, const char *telegram_id, trdb_error **reterr);

/** Approves the user of a Telegram account. @return 0. One round trip. */
TRDB_API int trdb_telegram_approve_user(trdb_uow *uow, const char *telegram_id, trdb_error **reterr);

/** Notes that the user of a Telegram account is not approved. @return 0. One round trip. */
TRDB_API int trdb_telegram_reject_user(trdb_uow *uow, const char *telegram_id, trdb_error **reterr);

/**
 * Sets a limit of a Telegram account. trdb_users_update_telegram_profile() with a NULL takes it away.
 * @param key max_alerts or max_schedules.
 * @param value the limit; not negative.
 * @return 0; TRDB_E_INVALID for another key. One round trip.
 */
TRDB_API int trdb_telegram_set_user_limit(trdb_uow *uow, const char *telegram_id, const char *key,
                                          int64_t value, trdb_error **reterr);

/**
 * Reads a limit of a Telegram account. No account is made.
 * @param key max_alerts or max_schedules.
 * @param ret receives the limit; NULL (zeroed) for an account that is not known, or has no such limit.
 * @return 0; TRDB_E_INVALID for another key. One round trip.
 */
TRDB_API int trdb_telegram_get_user_limit(trdb_uow *uow, const char *telegram_id, const char *key,
                                          trdb_opt_i64 *ret, trdb_error **reterr);

/**
 * Changes the language of a Telegram account. No account is made.
 * @param language language, such as en; 1 to 32 characters.
 * @return 0; TRDB_E_NOT_FOUND for an account that is not known. One round trip.
 */
TRDB_API int trdb_telegram_update_user_language(trdb_uow *uow, const char *telegram_id, const char *language,
                                                trdb_error **reterr);

/* ---- alerts ------------------------------------------------------------------------------------------ */

/** An alert to make, or the changes to one. */
typedef struct trdb_telegram_alert_new {
    size_t struct_size;        /**< sizeof(trdb_telegram_alert_new) of the caller */
    const char *config;        /**< JSON object: what is watched; its text is stored as it is */
    trdb_in_bool email;        /**< whether an e-mail is wanted, too; default false */
    trdb_in_enum status;       /**< enum trdb_telegram_alert_status; default ARMED */
    const char *re_arm_config; /**< JSON: when it is armed again; may be NULL */
} trdb_telegram_alert_new;

/** An input with its struct_size set and nothing given. */
TRDB_DEFINE_INIT(trdb_telegram_alert_new);
#ifndef __cplusplus
/** The same with designated initializers, as a pointer: TRDB_TELEGRAM_ALERT_NEW(.field = …). C only. */
#define TRDB_TELEGRAM_ALERT_NEW(...) \
    (&(trdb_telegram_alert_new){.struct_size = sizeof(trdb_telegram_alert_new), __VA_ARGS__})
#endif

/** An alert on an indicator. */
typedef struct trdb_telegram_indicator_alert_new {
    size_t struct_size;       /**< sizeof(trdb_telegram_indicator_alert_new) of the caller */
    const char *ticker;       /**< required; 1 to 255 characters */
    const char *indicator;    /**< required, such as RSI; 1 to 32 characters */
    const char *condition;    /**< required, such as below; 1 to 32 characters */
    trdb_in_decimal value;    /**< required; an amount */
    const char *timeframe;    /**< 1 to 32 characters; default 15m */
    const char *alert_action; /**< 1 to 32 characters; default telegram */
    trdb_in_bool email;       /**< whether an e-mail is wanted, too; default false */
} trdb_telegram_indicator_alert_new;

/** An input with its struct_size set and nothing given. */
TRDB_DEFINE_INIT(trdb_telegram_indicator_alert_new);
#ifndef __cplusplus
/**
 * The same with designated initializers, as a pointer: TRDB_TELEGRAM_INDICATOR_ALERT_NEW(.field = …). C
 * only.
 */
#define TRDB_TELEGRAM_INDICATOR_ALERT_NEW(...) \
    (&(trdb_telegram_indicator_alert_new){ \
        .struct_size = sizeof(trdb_telegram_indicator_alert_new), __VA_ARGS__})
#endif

/**
 * Makes an alert from a configuration: a job schedule of type alert that is due every minute, from at
 * once, enabled when the status is ARMED. It is called Alert_TICKER_USER_SECONDS; when the user has one of
 * that name, because of the same ticker in the same second, eight random digits follow. The ticker is the
 * configuration's key ticker, or else unknown. trdb_telegram_list_alerts() shows what the configuration
 * says.
 * @param alert config is required.
 * @param ret receives the alert's id, the schedule's; may be NULL.
 * @return 0; TRDB_E_INVALID when config is no JSON object. One round trip.
 */
TRDB_API int trdb_telegram_add_json_alert(trdb_uow *uow, const char *telegram_id,
                                          const trdb_telegram_alert_new *alert, int64_t *ret,
                                          trdb_error **reterr);

/**
 * Makes an alert on a price, as trdb_telegram_add_json_alert() does. The price is stored with all its
 * digits.
 * @param ticker what is watched; 1 to 255 characters.
 * @param price an amount.
 * @param condition enum trdb_telegram_price_condition.
 * @param email whether an e-mail is wanted, too.
 * @param ret receives the alert's id; may be NULL.
 * @return 0. One round trip.
 */
TRDB_API int trdb_telegram_add_alert(trdb_uow *uow, const char *telegram_id, const char *ticker,
                                     trdb_decimal price, int32_t condition, bool email, int64_t *ret,
                                     trdb_error **reterr);

/**
 * Makes an alert on an indicator, as trdb_telegram_add_json_alert() does.
 * @param alert ticker, indicator, condition and value are required.
 * @param ret receives the alert's id; may be NULL.
 * @return 0. One round trip.
 */
TRDB_API int trdb_telegram_add_indicator_alert(trdb_uow *uow, const char *telegram_id,
                                               const trdb_telegram_indicator_alert_new *alert, int64_t *ret,
                                               trdb_error **reterr);

/**
 * Changes an alert. A status enables or disables the schedule, too; an alert that is armed again after it
 * was due is due at the next minute. A configuration changes the schedule's target, too.
 * @param changes what is not given stays; re_arm_config given as NULL is cleared.
 * @param ret receives the alert as stored; NULL when it is not wanted. Free it with
 *        trdb_telegram_alert_free().
 * @return 0; TRDB_E_NOT_FOUND, also for a schedule that is no alert; TRDB_E_INVALID when nothing is given.
 *         Two round trips, and one more for the alert.
 */
TRDB_API int trdb_telegram_update_alert(trdb_uow *uow, int64_t alert_id,
                                        const trdb_telegram_alert_new *changes, trdb_telegram_alert **ret,
                                        trdb_error **reterr);

/**
 * Deletes an alert; its runs stay.
 * @return 0; TRDB_E_NOT_FOUND, also for a schedule that is no alert. One round trip.
 */
TRDB_API int trdb_telegram_delete_alert(trdb_uow *uow, int64_t alert_id, trdb_error **reterr);

/* ---- schedules --------------------------------------------------------------------------------------- */

/** The changes to a schedule. */
typedef struct trdb_telegram_schedule_new {
    size_t struct_size;          /**< sizeof(trdb_telegram_schedule_new) of the caller */
    const char *ticker;          /**< what it is about; 1 to 255 characters */
    const char *config;          /**< JSON object; its ticker counts when none is given beside it */
    const char *schedule_config; /**< how it is scheduled, free text; may be NULL */
    const char *scheduled_time;  /**< HH:MM, when it is due every day; not together with cron */
    trdb_in_bool enabled;        /**< whether it is ever due */
    const char *cron;            /**< when it is due; five fields, see trdb_cron_parse() */
} trdb_telegram_schedule_new;

/** An input with its struct_size set and nothing given. */
TRDB_DEFINE_INIT(trdb_telegram_schedule_new);
#ifndef __cplusplus
/** The same with designated initializers, as a pointer: TRDB_TELEGRAM_SCHEDULE_NEW(.field = …). C only. */
#define TRDB_TELEGRAM_SCHEDULE_NEW(...) \
    (&(trdb_telegram_schedule_new){.struct_size = sizeof(trdb_telegram_schedule_new), __VA_ARGS__})
#endif

/**
 * Makes a daily screener: a job schedule of type screener, due every day at a time of day in UTC. It is
 * called Schedule_TICKER_USER_SECONDS, as the alerts of trdb_telegram_add_json_alert() are.
 * @param ticker what it is about: a ticker, a list, a named set; 1 to 255 characters.
 * @param scheduled_time HH:MM from 00:00 to 23:59; 09:00 for NULL and for a text without a colon.
 * @param extras JSON object with more parameters, such as period, interval, indicators or provider; NULL:
 *        none.
 * @param ret receives the schedule's id; may be NULL.
 * @return 0; TRDB_E_INVALID for another time, or when extras is no JSON object; TRDB_E_RANGE for an hour
 *         above 23 or a minute above 59. One round trip.
 */
TRDB_API int trdb_telegram_add_schedule(trdb_uow *uow, const char *telegram_id, const char *ticker,
                                        const char *scheduled_time, const char *extras, int64_t *ret,
                                        trdb_error **reterr);

/**
 * Makes a screener from a configuration, due every day at 09:00 UTC, called
 * JSONSchedule_TICKER_USER_SECONDS. The ticker is the configuration's key ticker, or else unknown.
 * @param config JSON object; its text is stored as it is.
 * @param schedule_config how it is scheduled, free text; NULL: nothing.
 * @param ret receives the schedule's id; may be NULL.
 * @return 0; TRDB_E_INVALID when config is no JSON object. One round trip.
 */
TRDB_API int trdb_telegram_add_json_schedule(trdb_uow *uow, const char *telegram_id, const char *config,
                                             const char *schedule_config, int64_t *ret, trdb_error **reterr);

/**
 * Changes a schedule of type screener or report. A new cron expression or time is read in the schedule's
 * zone and says when it is due next; a cron expression takes scheduled_time away. A schedule that is
 * enabled again after it was due is due at its next instant.
 * @param changes what is not given stays; schedule_config given as NULL is cleared.
 * @param ret receives the schedule as stored; NULL when it is not wanted. Free it with
 *        trdb_telegram_schedule_free().
 * @return 0; TRDB_E_NOT_FOUND, also for a schedule of another type; TRDB_E_INVALID when nothing is given,
 *         or both cron and scheduled_time; TRDB_E_INVALID or TRDB_E_RANGE for a cron expression, as
 *         trdb_cron_parse(). Two round trips, and one more for the schedule.
 */
TRDB_API int trdb_telegram_update_schedule(trdb_uow *uow, int64_t schedule_id,
                                           const trdb_telegram_schedule_new *changes,
                                           trdb_telegram_schedule **ret, trdb_error **reterr);

/**
 * Deletes a schedule of any type; its runs stay.
 * @return 0; TRDB_E_NOT_FOUND. One round trip.
 */
TRDB_API int trdb_telegram_delete_schedule(trdb_uow *uow, int64_t schedule_id, trdb_error **reterr);

/* ---- settings, feedback, audit, broadcasts ----------------------------------------------------------- */

/**
 * Writes a setting of the bot over what it was. trdb_telegram_get_setting() reads it.
 * @param key its name; 1 to 100 characters.
 * @param value its value; NULL is a value, too.
 * @return 0. One round trip.
 */
TRDB_API int trdb_telegram_set_setting(trdb_uow *uow, const char *key, const char *value,
                                       trdb_error **reterr);

/**
 * Notes what the user of a Telegram account told the bot, as open.
 * @param type kind of feedback, such as bug; 1 to 50 characters.
 * @param message the feedback; not empty.
 * @param ret receives the row; NULL when it is not wanted. Free it with trdb_telegram_feedback_free().
 * @return 0. One round trip.
 */
TRDB_API int trdb_telegram_add_feedback(trdb_uow *uow, const char *telegram_id, const char *type,
                                        const char *message, trdb_telegram_feedback **ret,
                                        trdb_error **reterr);

/**
 * Changes where a feedback stands.
 * @param status any text, such as resolved; 1 to 20 characters.
 * @param ret receives the row; NULL when it is not wanted. Free it with trdb_telegram_feedback_free().
 * @return 0; TRDB_E_NOT_FOUND. One round trip.
 */
TRDB_API int trdb_telegram_set_feedback_status(trdb_uow *uow, int64_t feedback_id, const char *status,
                                               trdb_telegram_feedback **ret, trdb_error **reterr);

/**
 * Notes a command that the bot received. No account is made: the sender need not be a user.
 * @param entry telegram_user_id and command are required and may not be empty. Every field but id may be
 *        given; as NULL it counts as if it were not: false, 0, now.
 * @param ret receives the row; NULL when it is not wanted. Free it with trdb_telegram_command_audit_free().
 * @return 0; TRDB_E_RANGE for a negative response_time_ms. One round trip.
 */
TRDB_API int trdb_telegram_log_command(trdb_uow *uow, const trdb_telegram_command_audit_new *entry,
                                       trdb_telegram_command_audit **ret, trdb_error **reterr);

/**
 * Notes a message sent to all users.
 * @param message the message; not empty.
 * @param sent_by who sent it, as text; 1 to 255 characters.
 * @param success_count recipients reached, not negative; not given: 0; NULL: it is under way.
 *        trdb_telegram_broadcast_log_patch() writes the outcome.
 * @param total_count recipients in all, not negative; NULL or not given: 0.
 * @param ret receives the row; NULL when it is not wanted. Free it with trdb_telegram_broadcast_log_free().
 * @return 0; TRDB_E_RANGE when more were reached than there were. One round trip.
 */
TRDB_API int trdb_telegram_log_broadcast(trdb_uow *uow, const char *message, const char *sent_by,
                                         trdb_in_i64 success_count, trdb_in_i64 total_count,
                                         trdb_telegram_broadcast_log **ret, trdb_error **reterr);

TRDB_END_DECLS

#endif
