-- SPDX-License-Identifier: MIT
-- Named queries over users, identities and verification codes. Grammar: schema/generate/queries.py.

-- name: usr_ensure_user :one
-- scope: internal
-- secret: yes
-- The user of an identity, made together with the identity when there is none.
-- param: provider Name of the provider.
-- param: external_id The provider's id of the account.
-- param: role? enum=usr_role Role of a new user; NULL: trader.
-- param: email? E-mail of a new user; NULL: none.
-- param: metadata? JSON object of a new identity; NULL: an empty one.
-- column: user_id The user.
-- column: made Whether it was made by this call.
SELECT user_id, made FROM {schema}.usr_ensure_user($1, $2, $3, $4, $5);

-- name: usr_sign_in :one
-- scope: internal
-- The user of an identity, made when there is none; notes the sign-in of an active one.
-- param: provider Name of the provider.
-- param: external_id The provider's id of the account.
SELECT * FROM {schema}.usr_sign_in($1, $2);

-- name: users_get_by_provider :one
-- The user that an identity belongs to. Where an adopted database has several, the lowest id wins.
-- param: provider Name of the provider, such as telegram.
-- param: external_id The provider's id of the account, as text.
SELECT u.* FROM {schema}.usr_users u JOIN {schema}.usr_auth_identities i ON i.user_id = u.id
WHERE i.provider = $1 AND i.external_id = $2
ORDER BY u.id LIMIT 1;

-- name: users_get_summary :one
-- row: usr_user_summary
-- A user as it is shown to people.
-- param: user_id The user.
-- column: id The user.
-- column: username The part of the e-mail before the @; NULL without an e-mail.
-- column: email The e-mail.
-- column: role enum=usr_role What the user may do.
-- column: is_active Whether the user may sign in.
-- column: created_at When the user was made.
-- column: last_login When the user last signed in; NULL when never.
SELECT id, split_part(email, '@', 1) AS username, email, role, coalesce(is_active, true) AS is_active, created_at, last_login
FROM {schema}.usr_users WHERE id = $1;

-- name: usr_identity_by_external_id :one
-- An identity by the provider's id. Where an adopted database has several, that of the lowest user id wins.
-- param: provider Name of the provider, such as telegram.
-- param: external_id The provider's id of the account, as text.
SELECT * FROM {schema}.usr_auth_identities
WHERE provider = $1 AND external_id = $2
ORDER BY user_id, id LIMIT 1;

-- name: usr_user_by_email :one
-- A user by e-mail, without regard to case. Where an adopted database has several, the lowest id wins.
-- param: email The address.
SELECT * FROM {schema}.usr_users WHERE lower(email) = lower($1) ORDER BY id LIMIT 1;

-- name: users_get_telegram_profile :one
-- row: telegram_profile
-- The profile of a Telegram account: the user and the known keys of the identity's metadata. A key that is missing
-- or of another type is NULL.
-- param: telegram_id The account's id, as text.
-- column: user_id The user.
-- column: identity_id The identity.
-- column: telegram_user_id The account's id.
-- column: email The user's e-mail.
-- column: verified Whether the address is verified.
-- column: approved Whether an admin approved the user.
-- column: is_admin Whether the account has admin rights in the bot; independent of the user's role.
-- column: language Language, such as en.
-- column: max_alerts Most alerts allowed.
-- column: max_schedules Most schedules allowed.
-- column: verification_code The code sent last. Secret: never show or log it.
-- column: code_sent_time When it was sent, seconds since 1970 UTC.
SELECT user_id, identity_id, telegram_user_id, email, verified, approved, is_admin, language, max_alerts, max_schedules,
    verification_code, code_sent_time
FROM {schema}.usr_telegram_profiles WHERE telegram_user_id = $1
ORDER BY user_id, identity_id LIMIT 1;

-- name: users_list_telegram_profiles :many
-- row: telegram_profile
-- The profiles of all Telegram accounts, by user id.
SELECT user_id, identity_id, telegram_user_id, email, verified, approved, is_admin, language, max_alerts, max_schedules,
    verification_code, code_sent_time
FROM {schema}.usr_telegram_profiles
ORDER BY user_id, identity_id;

-- name: users_list_pending_approvals :many
-- row: telegram_profile
-- The profiles of the Telegram accounts that are verified and not approved, by user id. Never decided counts as not
-- approved.
SELECT p.user_id, p.identity_id, p.telegram_user_id, p.email, p.verified, p.approved, p.is_admin, p.language,
    p.max_alerts, p.max_schedules, p.verification_code, p.code_sent_time
FROM {schema}.usr_auth_identities i
-- The condition is that of the index ix_auth_identities_pending. OFFSET 0 keeps the join a look-up per account: how few
-- they are is not known beforehand.
CROSS JOIN LATERAL (SELECT * FROM {schema}.usr_telegram_profiles v WHERE v.identity_id = i.id OFFSET 0) p
WHERE i.provider = 'telegram'
    AND CASE jsonb_typeof(i.metadata -> 'verified') WHEN 'boolean' THEN (i.metadata -> 'verified')::boolean END
    AND CASE jsonb_typeof(i.metadata -> 'approved') WHEN 'boolean' THEN (i.metadata -> 'approved')::boolean END IS NOT TRUE
ORDER BY i.user_id, i.id;

-- name: users_list_admin_telegram_ids :many
-- row: telegram_admin
-- The Telegram accounts whose metadata says is_admin, by user id; the users' roles do not matter.
-- column: telegram_user_id The account's id.
SELECT i.external_id AS telegram_user_id FROM {schema}.usr_auth_identities i
-- The condition is that of the index ix_auth_identities_admins.
WHERE i.provider = 'telegram'
    AND CASE jsonb_typeof(i.metadata -> 'is_admin') WHEN 'boolean' THEN (i.metadata -> 'is_admin')::boolean END
ORDER BY i.user_id, i.id;

-- name: users_get_notification_channels :one
-- row: notification_channels
-- Where a user can be reached. Of several Telegram accounts the first one counts.
-- param: user_id The user.
-- column: email The e-mail; NULL when none is known.
-- column: telegram_chat_id The id of the Telegram account; NULL without one.
SELECT u.email, (SELECT i.external_id FROM {schema}.usr_auth_identities i
    WHERE i.user_id = u.id AND i.provider = 'telegram' ORDER BY i.id LIMIT 1) AS telegram_chat_id
FROM {schema}.usr_users u WHERE u.id = $1;

-- name: users_list_users_for_broadcast :many
-- row: telegram_recipient
-- All Telegram accounts, by user id, whether verified, approved and active or not: the sender decides.
-- column: telegram_user_id The account's id.
-- column: email The user's e-mail.
-- column: approved Whether an admin approved the user.
-- column: verified Whether the address is verified.
SELECT telegram_user_id, email, approved, verified FROM {schema}.usr_telegram_profiles
ORDER BY user_id, identity_id;

-- name: usr_update_profile :exec
-- scope: internal
-- Sets a user's e-mail, and sets and clears keys of an identity's metadata; the others stay.
-- param: user_id The user.
-- param: provider Name of the provider.
-- param: external_id The provider's id of the account.
-- param: set_email Whether the e-mail is to be written.
-- param: email? The e-mail; NULL: none.
-- param: set JSON object with the keys to set.
-- param: cleared The keys to take away.
WITH written AS (UPDATE {schema}.usr_users SET email = $5::text WHERE id = $1 AND $4)
UPDATE {schema}.usr_auth_identities
SET metadata = (CASE jsonb_typeof(metadata) WHEN 'object' THEN metadata ELSE '{}' END || $6::jsonb) - $7::text[]
WHERE id = (SELECT min(i.id) FROM {schema}.usr_auth_identities i
    WHERE i.user_id = $1 AND i.provider = $2 AND i.external_id = $3);

-- name: usr_erase_user :exec
-- scope: internal
-- Takes away what tells who a user is, and ends the account.
-- param: user_id The user.
WITH gone AS (DELETE FROM {schema}.usr_auth_identities WHERE user_id = $1 RETURNING provider, external_id),
    codes AS (DELETE FROM {schema}.usr_verification_codes WHERE user_id = $1),
    feedback AS (UPDATE {schema}.telegram_feedbacks SET message = NULL WHERE user_id = $1 AND message IS NOT NULL),
    commands AS (UPDATE {schema}.telegram_command_audits a
        SET telegram_user_id = 'erased:' || $1::bigint, full_message = NULL, user_email = NULL
        FROM gone g WHERE g.provider = 'telegram' AND a.telegram_user_id = g.external_id),
    person AS (SELECT lower(u.email) AS email,
            ARRAY(SELECT g.external_id::text FROM gone g WHERE g.provider = 'telegram') AS accounts
        FROM {schema}.usr_users u WHERE u.id = $1),
    schedules AS (UPDATE {schema}.job_schedules s
        SET task_params = {schema}.job_without_person(s.task_params, s.user_id = $1, p.accounts, p.email)
        FROM person p WHERE s.task_params ?| '{telegram_user_id, email}' AND (s.user_id = $1
            OR s.task_params ->> 'telegram_user_id' = ANY (p.accounts) OR lower(s.task_params ->> 'email') = p.email)),
    runs AS (UPDATE {schema}.job_schedule_runs r
        SET job_snapshot = {schema}.job_without_person(r.job_snapshot, r.user_id = $1, p.accounts, p.email)
            || CASE jsonb_typeof(r.job_snapshot -> 'task_params') WHEN 'object' THEN jsonb_build_object('task_params',
                {schema}.job_without_person(r.job_snapshot -> 'task_params', r.user_id = $1, p.accounts, p.email))
                ELSE '{}' END
        FROM person p WHERE jsonb_typeof(r.job_snapshot) = 'object' AND (r.user_id = $1
            OR r.job_snapshot ->> 'telegram_user_id' = ANY (p.accounts)
            OR lower(r.job_snapshot ->> 'email') = p.email
            OR r.job_snapshot -> 'task_params' ->> 'telegram_user_id' = ANY (p.accounts)
            OR lower(r.job_snapshot -> 'task_params' ->> 'email') = p.email)
        AND (r.job_snapshot ?| '{telegram_user_id, email}'
            OR r.job_snapshot -> 'task_params' ?| '{telegram_user_id, email}'))
UPDATE {schema}.usr_users SET email = NULL, is_active = false WHERE id = $1;

-- name: usr_verification_codes_sent_since :one
-- scope: internal
-- How many codes were sent to a user from a time on; those dated in the future count too.
-- param: user_id The user.
-- param: since Seconds since 1970 UTC.
-- column: sent The number of codes.
SELECT count(*) AS sent FROM {schema}.usr_verification_codes WHERE user_id = $1 AND sent_time >= $2;
