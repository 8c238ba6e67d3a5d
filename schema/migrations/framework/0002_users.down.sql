-- SPDX-License-Identifier: MIT
DROP VIEW {schema}.usr_telegram_profiles;
DROP FUNCTION {schema}.usr_json_integer(jsonb);
DROP FUNCTION {schema}.usr_sign_in(text, text);
DROP FUNCTION {schema}.usr_ensure_user(text, text, text, text, jsonb);
DROP TABLE {schema}.usr_verification_codes;
DROP TABLE {schema}.usr_auth_identities;
DROP TABLE {schema}.usr_users;
