-- SPDX-License-Identifier: MIT
-- Named queries over users, identities and verification codes. Grammar: schema/generate/queries.py.

-- name: usr_ensure_user :one
-- scope: internal
-- The user of an identity, made together with the identity when there is none.
-- param: provider Name of the provider.
-- param: external_id The provider's id of the account.
-- param: role? enum=usr_role Role of a new user; NULL: trader.
-- param: email? E-mail of a new user; NULL: none.
-- column: user_id The user.
-- column: made Whether it was made by this call.
SELECT user_id, made FROM {schema}.usr_ensure_user($1, $2, $3, $4);

-- name: usr_user_by_identity :one
-- The user that an identity belongs to. Where an adopted database has several, the lowest id wins.
-- param: provider Name of the provider, such as telegram.
-- param: external_id The provider's id of the account, as text.
SELECT u.* FROM {schema}.usr_users u JOIN {schema}.usr_auth_identities i ON i.user_id = u.id
WHERE i.provider = $1 AND i.external_id = $2
ORDER BY u.id LIMIT 1;

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

-- name: usr_profiles :many
-- scope: internal
-- Profiles: users with one identity each and the known keys of its metadata, by user id. A key that is missing
-- or of the wrong type gives NULL.
-- param: provider Name of the provider.
-- param: external_id? Only this account; NULL: all.
-- param: pending_only Only those that are verified and not approved.
-- column: user_id The user.
-- column: identity_id The identity.
-- column: external_id The provider's id of the account.
-- column: email The user's e-mail.
-- column: verified Whether the address is verified.
-- column: approved Whether an admin approved the user.
-- column: is_admin Whether the account has admin rights in the bot; independent of the user's role.
-- column: language Language, such as en.
-- column: max_alerts Most alerts allowed.
-- column: max_schedules Most schedules allowed.
-- column: verification_code The code sent last. Secret.
-- column: code_sent_time When it was sent, seconds since 1970 UTC.
SELECT u.id AS user_id, i.id AS identity_id, i.external_id, u.email,
    nullif(i.metadata -> 'verified', 'null') = 'true' AS verified,
    nullif(i.metadata -> 'approved', 'null') = 'true' AS approved,
    nullif(i.metadata -> 'is_admin', 'null') = 'true' AS is_admin,
    i.metadata ->> 'language' AS language,
    CASE jsonb_typeof(i.metadata -> 'max_alerts') WHEN 'number'
        THEN (i.metadata ->> 'max_alerts')::numeric::bigint END AS max_alerts,
    CASE jsonb_typeof(i.metadata -> 'max_schedules') WHEN 'number'
        THEN (i.metadata ->> 'max_schedules')::numeric::bigint END AS max_schedules,
    i.metadata ->> 'verification_code' AS verification_code,
    CASE jsonb_typeof(i.metadata -> 'code_sent_time') WHEN 'number'
        THEN (i.metadata ->> 'code_sent_time')::numeric::bigint END AS code_sent_time
FROM {schema}.usr_auth_identities i JOIN {schema}.usr_users u ON u.id = i.user_id
WHERE i.provider = $1 AND ($2::text IS NULL OR i.external_id = $2)
    AND (NOT $3 OR i.metadata -> 'verified' = 'true' AND i.metadata -> 'approved' IS DISTINCT FROM 'true')
ORDER BY u.id, i.id;

-- name: usr_identity_merge_metadata :exec
-- scope: internal
-- Sets and clears keys of an identity's metadata; the others stay.
-- param: id The identity.
-- param: set JSON object with the keys to set.
-- param: cleared The keys to take away.
UPDATE {schema}.usr_auth_identities SET metadata = (coalesce(metadata, '{}') || $2::jsonb) - $3::text[] WHERE id = $1;

-- name: usr_admin_external_ids :many
-- scope: internal
-- The accounts of a provider whose metadata says is_admin, exactly the boolean true, by id.
-- param: provider Name of the provider.
-- column: external_id The provider's id of the account.
SELECT external_id FROM {schema}.usr_auth_identities
WHERE provider = $1 AND metadata -> 'is_admin' = 'true'
ORDER BY id;

-- name: usr_verification_codes_sent_since :one
-- How many codes were sent to a user from a time on; those dated in the future count too.
-- param: user_id The user.
-- param: since Seconds since 1970 UTC.
-- column: sent The number of codes.
SELECT count(*) AS sent FROM {schema}.usr_verification_codes WHERE user_id = $1 AND sent_time >= $2;

-- name: usr_verification_codes_usable :many
-- scope: internal
-- The codes of a user that may still be used, newest first, locked until the unit ends.
-- param: user_id The user.
-- param: since Sent at this time or later, in seconds since 1970 UTC.
SELECT * FROM {schema}.usr_verification_codes
WHERE user_id = $1 AND sent_time >= $2 AND used_at IS NULL AND attempts < 5
ORDER BY sent_time DESC, id DESC
FOR UPDATE;
