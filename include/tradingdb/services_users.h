/* SPDX-License-Identifier: MIT */
/**
 * @file services_users.h
 * Services for users: signing in, profiles of Telegram accounts, verification codes, erasure.
 * The top of services.h says what holds for every service. Source: reference/framework-operations.md 3 and 4.
 */
#ifndef TRADINGDB_SERVICES_USERS_H
#define TRADINGDB_SERVICES_USERS_H

#include <tradingdb/users.h>

TRDB_BEGIN_DECLS

/**
 * What is known of the user of a Telegram account. Where a call changes a profile, a field that is not given
 * stays as it is and one given as NULL is cleared. Account ids are text; format numbers as decimal digits.
 */
typedef struct trdb_telegram_profile_new {
    size_t struct_size;            /**< sizeof(trdb_telegram_profile_new) of the caller */
    const char *email;             /**< at most 100 characters, unique without regard to case */
    trdb_in_enum role;             /**< enum trdb_usr_role, of a user that the call makes; default 'trader' */
    trdb_in_bool verified;         /**< whether the e-mail address is verified */
    trdb_in_bool approved;         /**< whether an admin approved the user */
    trdb_in_bool is_admin;         /**< whether the account has admin rights in the bot */
    const char *language;          /**< such as en; at most 32 characters */
    trdb_in_i64 max_alerts;        /**< most alerts allowed; not negative */
    trdb_in_i64 max_schedules;     /**< most schedules allowed; not negative */
    const char *verification_code; /**< the code sent last, at most 32 characters; secret */
    trdb_in_i64 code_sent_time;    /**< when it was sent, seconds since 1970 UTC */
} trdb_telegram_profile_new;

/** An input with its struct_size set and nothing given. */
TRDB_DEFINE_INIT(trdb_telegram_profile_new);
#ifndef __cplusplus
/** The same with designated initializers, as a pointer: TRDB_TELEGRAM_PROFILE_NEW(.field = …). C only. */
#define TRDB_TELEGRAM_PROFILE_NEW(...) \
    (&(trdb_telegram_profile_new){.struct_size = sizeof(trdb_telegram_profile_new), __VA_ARGS__})
#endif

/**
 * Signs a user in: finds the user of an identity, or makes both when there is none, and notes the time.
 * However many sessions do so at once, one user is made.
 * @param provider name of the provider, such as telegram; at most 32 characters.
 * @param external_id the provider's id of the account, as text; at most 255 characters.
 * @param ret receives the user; free it with trdb_usr_user_free().
 * @return 0; TRDB_E_PERMISSION when the user is not active, in which case nothing was changed. One round
 *         trip.
 */
TRDB_API int trdb_users_authenticate_user(trdb_uow *uow, const char *provider, const char *external_id,
                                          trdb_usr_user **ret, trdb_error **reterr);

/**
 * Makes a user with a Telegram account.
 * @param profile what is known of the user; NULL for nothing. Fields given as NULL are left out.
 * @param ret receives the user; NULL when it is not wanted. Free it with trdb_usr_user_free().
 * @return 0; TRDB_E_DUPLICATE when the account has a user already (the unit stays usable), or another user
 *         has the e-mail. One round trip, and one more for the row.
 */
TRDB_API int trdb_users_create_telegram_user(trdb_uow *uow, const char *telegram_id,
                                             const trdb_telegram_profile_new *profile, trdb_usr_user **ret,
                                             trdb_error **reterr);

/**
 * Finds the user of a Telegram account, or makes one when there is none.
 * @param defaults what is known of a new user; NULL for nothing. Has no effect on a user who is there.
 * @param ret receives the user; NULL when it is not wanted. Free it with trdb_usr_user_free().
 * @return 0; TRDB_E_DUPLICATE when another user has the e-mail of a new one. Round trips as
 *         trdb_users_create_telegram_user().
 */
TRDB_API int trdb_users_ensure_telegram_user(trdb_uow *uow, const char *telegram_id,
                                             const trdb_telegram_profile_new *defaults, trdb_usr_user **ret,
                                             trdb_error **reterr);

/**
 * Changes the profile of a Telegram account, whose user is made when there is none.
 * @param profile the changes: what is not given stays, NULL clears. The role is refused here; change it by
 *        trdb_usr_user_patch().
 * @param ret receives the profile as stored; NULL when it is not wanted. Free it with
 *        trdb_telegram_profile_free().
 * @return 0; TRDB_E_INVALID when nothing is given; TRDB_E_DUPLICATE when another user has the e-mail. Two
 *         round trips, and one more for the profile.
 */
TRDB_API int trdb_users_update_telegram_profile(trdb_uow *uow, const char *telegram_id,
                                                const trdb_telegram_profile_new *profile,
                                                trdb_telegram_profile **ret, trdb_error **reterr);

/**
 * Notes a verification code that was sent to a user by Telegram. Codes are secret: no message or trace shows
 * one.
 * @param code the code; 1 to 32 characters.
 * @param sent_time when it was sent, in seconds since 1970 UTC.
 * @param ret receives the row; NULL when it is not wanted. Free it with trdb_usr_verification_code_free().
 * @return 0; TRDB_E_REFERENCE for an unknown user. One round trip.
 */
TRDB_API int trdb_users_issue_verification_code(trdb_uow *uow, int64_t user_id, const char *code,
                                                int64_t sent_time, trdb_usr_verification_code **ret,
                                                trdb_error **reterr);

/**
 * Counts the codes that were sent to a user in the hour before a time, or later than that: codes dated in the
 * future count.
 * @param now the time, in seconds since 1970 UTC.
 * @param ret receives the number; 0 for an unknown user.
 * @return 0. One round trip.
 */
TRDB_API int trdb_users_count_recent_verification_codes(trdb_uow *uow, int64_t user_id, int64_t now,
                                                        int64_t *ret, trdb_error **reterr);

/**
 * Erases a person and keeps the books: the e-mail is cleared and the user is not active any more; identities
 * and verification codes are deleted; the text of feedback, and account, e-mail and text of the bot's command
 * audit, are cleared or replaced. The keys telegram_user_id and email go out of the task_params of schedules
 * and of the job_snapshot of runs, and of task_params in it, in jobs of the user and in others' that name an
 * account or the e-mail of the user. Bots, positions, trades, jobs and the user row itself stay. Doing it
 * again changes nothing more.
 * @return 0; TRDB_E_NOT_FOUND. One round trip, in which the server looks at all schedules and runs.
 */
TRDB_API int trdb_users_erase_user(trdb_uow *uow, int64_t user_id, trdb_error **reterr);

TRDB_END_DECLS

#endif
