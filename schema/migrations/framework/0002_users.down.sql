-- SPDX-License-Identifier: MIT
DROP FUNCTION {schema}.usr_ensure_user(text, text, text, text);
DROP TABLE {schema}.usr_verification_codes;
DROP TABLE {schema}.usr_auth_identities;
DROP TABLE {schema}.usr_users;
