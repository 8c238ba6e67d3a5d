-- SPDX-License-Identifier: MIT
DROP FUNCTION {schema}.telegram_list_feedback(text, text, bigint, bigint);
DROP FUNCTION {schema}.telegram_list_commands(text, text, boolean, timestamptz, timestamptz, bigint, bigint);
DROP FUNCTION {schema}.telegram_add_job(text, text, text, text, jsonb, text, boolean, timestamptz);
DROP VIEW {schema}.telegram_schedules;
DROP VIEW {schema}.telegram_alerts;
DROP FUNCTION {schema}.telegram_user_of(text);
DROP FUNCTION {schema}.telegram_flag(jsonb);
DROP FUNCTION {schema}.telegram_amount(jsonb);
DROP FUNCTION {schema}.telegram_json_object(jsonb);
DROP FUNCTION {schema}.telegram_verify_code(text, text, bigint, bigint);
DROP FUNCTION {schema}.telegram_reset_verification(text);
DROP FUNCTION {schema}.telegram_set_user_email(text, text, text, bigint, text, boolean);
DROP FUNCTION {schema}.telegram_lock_codes(bigint);
DROP FUNCTION {schema}.telegram_issue_code(text, text, bigint);
DROP FUNCTION {schema}.telegram_change_profile(text, boolean, jsonb, text[]);

DROP INDEX {schema}.ix_auth_identities_admins;
DROP INDEX {schema}.ix_auth_identities_pending;
DROP INDEX {schema}.ix_verification_codes_user_id;
CREATE INDEX ix_verification_codes_user_id ON {schema}.usr_verification_codes (user_id);
DROP INDEX {schema}.ix_telegram_broadcast_logs_created;
CREATE INDEX ix_telegram_broadcast_logs_created ON {schema}.telegram_broadcast_logs (created_at);
DROP INDEX {schema}.ix_telegram_feedbacks_status;
DROP INDEX {schema}.ix_telegram_feedbacks_type;
CREATE INDEX ix_telegram_feedbacks_type ON {schema}.telegram_feedbacks (type);
DROP INDEX {schema}.ix_telegram_command_audits_created;
CREATE INDEX ix_telegram_command_audits_created ON {schema}.telegram_command_audits (created_at);
DROP INDEX {schema}.ix_telegram_command_audits_success;
CREATE INDEX ix_telegram_command_audits_success ON {schema}.telegram_command_audits (success);
DROP INDEX {schema}.ix_telegram_command_audits_command;
CREATE INDEX ix_telegram_command_audits_command ON {schema}.telegram_command_audits (command);
DROP INDEX {schema}.ix_telegram_command_audits_telegram_user_id;
CREATE INDEX ix_telegram_command_audits_telegram_user_id
    ON {schema}.telegram_command_audits (telegram_user_id);
