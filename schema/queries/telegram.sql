-- SPDX-License-Identifier: MIT
-- Named queries of the Telegram bot: verification and profile, alerts and schedules, settings, feedback, command
-- audit, broadcasts. Grammar: schema/generate/queries.py.

-- ---- verification and profile

-- name: telegram_get_user_status :one
-- row: telegram_account_status
-- How a Telegram account stands. Flags that were never set are false, a language that was never chosen is en.
-- param: telegram_id The account's id, as text.
-- column: user_id The user.
-- column: telegram_user_id The account's id.
-- column: email The user's e-mail.
-- column: approved Whether an admin approved the user.
-- column: verified Whether the address is verified.
-- column: is_admin Whether the account has admin rights in the bot.
-- column: language Language, such as en.
-- column: max_alerts Most alerts allowed; NULL when no limit was set.
-- column: max_schedules Most schedules allowed; NULL when no limit was set.
SELECT user_id, telegram_user_id, email, coalesce(approved, false) AS approved, coalesce(verified, false) AS verified,
    coalesce(is_admin, false) AS is_admin, coalesce(language, 'en') AS language, max_alerts, max_schedules
FROM {schema}.usr_telegram_profiles WHERE telegram_user_id = $1
ORDER BY user_id, identity_id LIMIT 1;

-- name: telegram_profile_change :one
-- scope: internal
-- secret: yes
-- Sets and clears keys of an account's metadata.
-- param: telegram_id The account's id.
-- param: make Whether an account that is not known is made.
-- param: set JSON object with the keys to set.
-- param: cleared The keys to take away.
-- column: user_id The user; NULL when the account is not known and not made.
SELECT {schema}.telegram_change_profile($1, $2, $3, $4) AS user_id;

-- name: telegram_code_issue :one
-- scope: internal
-- secret: yes
-- Notes a code that was sent to an account.
-- param: telegram_id The account's id.
-- param: code The code.
-- param: sent_time Seconds since 1970 UTC.
SELECT * FROM {schema}.telegram_issue_code($1, $2, $3);

-- name: telegram_codes_sent_since :one
-- scope: internal
-- How many codes were sent to an account, which is made when it is not known, from a time on.
-- param: telegram_id The account's id.
-- param: since Seconds since 1970 UTC.
-- column: sent The number of codes.
SELECT (SELECT count(*) FROM {schema}.usr_verification_codes c WHERE c.user_id = e.user_id AND c.sent_time >= $2) AS sent
FROM {schema}.usr_ensure_user('telegram', $1, NULL, NULL, NULL) e;

-- name: telegram_code_verify :one
-- scope: internal
-- secret: yes
-- Tries a code; see the SQL function telegram_verify_code.
-- param: telegram_id The account's id.
-- param: code The code.
-- param: expiry How long a code may be used, in seconds.
-- param: now Seconds since 1970 UTC.
-- column: outcome enum=code_outcome What became of it.
SELECT {schema}.telegram_verify_code($1, $2, $3, $4) AS outcome;

-- name: telegram_email_set :one
-- scope: internal
-- secret: yes
-- Writes an account's e-mail as not verified, and the code that was sent to it.
-- param: telegram_id The account's id.
-- param: email The address.
-- param: code The code.
-- param: sent_time Seconds since 1970 UTC.
-- param: language Language, such as en.
-- param: is_admin Whether the account has admin rights in the bot.
-- column: user_id The user.
SELECT {schema}.telegram_set_user_email($1, $2, $3, $4, $5, $6) AS user_id;

-- name: telegram_verification_reset :one
-- scope: internal
-- Takes back that an account's e-mail is verified.
-- param: telegram_id The account's id.
-- column: user_id The user.
SELECT {schema}.telegram_reset_verification($1) AS user_id;

-- name: telegram_user_limit :one
-- scope: internal
-- A limit of an account.
-- param: telegram_id The account's id.
-- param: key max_alerts or max_schedules.
-- column: value The limit; NULL when none was set, or the account is not known.
SELECT (SELECT CASE $2 WHEN 'max_alerts' THEN max_alerts WHEN 'max_schedules' THEN max_schedules END
    FROM {schema}.usr_telegram_profiles WHERE telegram_user_id = $1 ORDER BY user_id, identity_id LIMIT 1) AS value;

-- ---- alerts and schedules

-- name: telegram_job_add :one
-- scope: internal
-- Makes a schedule for an account; see the SQL function telegram_add_job.
-- param: telegram_id The account's id.
-- param: job_type enum=job_type Kind of work.
-- param: label How its name begins.
-- param: target What it is about.
-- param: task_params JSON object with its parameters.
-- param: extras? JSON object with more of them, which count less; NULL: none.
-- param: cron When it is due.
-- param: enabled Whether it is ever due.
-- param: next_run_at? When it is due next; NULL: at once.
-- column: id The schedule.
SELECT {schema}.telegram_add_job($1, $2, $3, $4, coalesce($6::jsonb, '{}') || $5::jsonb, $7, $8, $9) AS id;

-- name: telegram_list_alerts :many
-- row: telegram_alert
-- The alerts of a Telegram account, the newest first.
-- param: telegram_id The account's id, as text.
-- param: limit? min=1 Most alerts wanted; NULL: 100.
-- column: id The schedule that it is.
-- column: user_id The owner.
-- column: telegram_user_id The Telegram account it is for.
-- column: ticker What it watches.
-- column: active Whether the schedule is enabled.
-- column: email Whether an e-mail is wanted, too.
-- column: status enum=telegram_alert_status Where it stands; without a stored one ARMED when active, else DISARMED.
-- column: alert_type enum=telegram_alert_type What kind of alert it is.
-- column: price Its price; NULL without one that is an amount.
-- column: condition When it goes off, such as above.
-- column: indicator The indicator it watches.
-- column: value The indicator's value at which it goes off; NULL without one that is an amount.
-- column: timeframe The indicator's timeframe, such as 15m.
-- column: alert_action What is to be done, such as telegram.
-- column: config The whole configuration, a JSON object; empty when the stored one cannot be read.
-- column: re_arm_config When it is armed again, as stored.
-- column: created_at When it was made.
-- column: updated_at When it was last changed.
SELECT id, user_id, telegram_user_id, ticker, active, email, status, alert_type, price, condition, indicator, value,
    timeframe, alert_action, config, re_arm_config, created_at, updated_at
FROM {schema}.telegram_alerts WHERE user_id = {schema}.telegram_user_of($1)
ORDER BY created_at DESC, id DESC LIMIT coalesce($2::bigint, 100);

-- name: telegram_active_alerts :many
-- row: telegram_alert
-- The alerts of all users that are active, the newest first.
-- param: limit? min=1 Most alerts wanted; NULL: 1000.
SELECT id, user_id, telegram_user_id, ticker, active, email, status, alert_type, price, condition, indicator, value,
    timeframe, alert_action, config, re_arm_config, created_at, updated_at
FROM {schema}.telegram_alerts WHERE active
ORDER BY created_at DESC, id DESC LIMIT coalesce($1::bigint, 1000);

-- name: telegram_get_alert :one
-- row: telegram_alert
-- An alert by its id.
-- param: alert_id The alert.
SELECT id, user_id, telegram_user_id, ticker, active, email, status, alert_type, price, condition, indicator, value,
    timeframe, alert_action, config, re_arm_config, created_at, updated_at
FROM {schema}.telegram_alerts WHERE id = $1;

-- name: telegram_alert_delete :exec
-- scope: internal
-- Deletes an alert.
-- param: id The alert.
DELETE FROM {schema}.job_schedules WHERE id = $1 AND job_type = 'alert';

-- name: telegram_list_schedules :many
-- row: telegram_schedule
-- The screener schedules of a Telegram account, the newest first.
-- param: telegram_id The account's id, as text.
-- param: limit? min=1 Most schedules wanted; NULL: 100.
-- column: id The schedule.
-- column: user_id The owner.
-- column: telegram_user_id The Telegram account it is for.
-- column: schedule_type enum=job_type screener or report.
-- column: ticker What it is about.
-- column: enabled Whether it is ever due.
-- column: cron When it is due, in its timezone.
-- column: timezone IANA name of the zone in which cron is read.
-- column: next_run_at When it is due next; NULL: at once.
-- column: scheduled_time The hour and minute it was made for, HH:MM; NULL when cron says it alone.
-- column: period The period of its data, such as 1y.
-- column: email Whether an e-mail is wanted, too.
-- column: indicators The indicators wanted.
-- column: interval The interval of its data, such as 1d.
-- column: provider Where its data comes from.
-- column: list_type Which list of tickers it is about.
-- column: config Its configuration, a JSON object; empty when there is none or the stored one cannot be read.
-- column: schedule_config How it is scheduled, as stored.
-- column: created_at When it was made.
-- column: updated_at When it was last changed.
SELECT id, user_id, telegram_user_id, schedule_type, ticker, enabled, cron, timezone, next_run_at, scheduled_time, period,
    email, indicators, interval, provider, list_type, config, schedule_config, created_at, updated_at
FROM {schema}.telegram_schedules WHERE user_id = {schema}.telegram_user_of($1) AND schedule_type = 'screener'
ORDER BY created_at DESC, id DESC LIMIT coalesce($2::bigint, 100);

-- name: telegram_active_schedules :many
-- row: telegram_schedule
-- The screener schedules of all users that are enabled, the newest first.
-- param: limit? min=1 Most schedules wanted; NULL: 100.
SELECT id, user_id, telegram_user_id, schedule_type, ticker, enabled, cron, timezone, next_run_at, scheduled_time, period,
    email, indicators, interval, provider, list_type, config, schedule_config, created_at, updated_at
FROM {schema}.telegram_schedules WHERE enabled AND schedule_type = 'screener'
ORDER BY created_at DESC, id DESC LIMIT coalesce($1::bigint, 100);

-- name: telegram_get_schedule :one
-- row: telegram_schedule
-- A schedule of type screener or report by its id.
-- param: schedule_id The schedule.
SELECT id, user_id, telegram_user_id, schedule_type, ticker, enabled, cron, timezone, next_run_at, scheduled_time, period,
    email, indicators, interval, provider, list_type, config, schedule_config, created_at, updated_at
FROM {schema}.telegram_schedules WHERE id = $1;

-- name: telegram_job_update :exec
-- scope: internal
-- Changes an alert or a schedule.
-- param: id The schedule.
-- param: target? What it is about; NULL: as it was.
-- param: set JSON object with the parameters to set.
-- param: cleared The parameters to take away.
-- param: enabled? Whether it is ever due; NULL: as it was.
-- param: cron? When it is due; NULL: as it was.
-- param: next_run_at? When it is due next; NULL: as it was.
UPDATE {schema}.job_schedules
SET target = coalesce($2, target), enabled = coalesce($5, enabled), cron = coalesce($6, cron),
    next_run_at = coalesce($7, next_run_at),
    task_params = (CASE jsonb_typeof(task_params) WHEN 'object' THEN task_params ELSE '{}' END || $3::jsonb) - $4::text[]
WHERE id = $1;

-- ---- settings and feedback

-- name: telegram_get_setting :one
-- A setting of the bot. One whose value is NULL is there; one that was never written is not.
-- param: key Its name.
SELECT * FROM {schema}.telegram_settings WHERE key = $1;

-- name: telegram_feedback_add :one
-- scope: internal
-- Notes what the user of a Telegram account, made when there is none, told the bot.
-- param: telegram_id The account's id.
-- param: type Kind of feedback.
-- param: message The feedback.
INSERT INTO {schema}.telegram_feedbacks (user_id, type, message)
SELECT e.user_id, $2::text, $3::text FROM {schema}.usr_ensure_user('telegram', $1, NULL, NULL, NULL) e
RETURNING *;

-- name: telegram_list_feedback :many
-- What users told the bot, the newest first by id. To read on, give the last id of a list as before_id.
-- param: type? Kind of feedback; NULL or empty: all.
-- param: status? Where it stands, such as open; NULL: all.
-- param: before_id? Only those with a lower id; NULL: all.
-- param: limit? min=1 Most wanted; NULL: 100.
SELECT * FROM {schema}.telegram_list_feedback($1, $2, $3, coalesce($4::bigint, 100));

-- ---- command audit

-- name: telegram_last_commands :many
-- The last commands of a Telegram account, the newest first by id.
-- param: telegram_id The account's id, as text.
-- param: limit? min=1 Most commands wanted; NULL: 20.
SELECT * FROM {schema}.telegram_command_audits WHERE telegram_user_id = $1
ORDER BY id DESC LIMIT coalesce($2::bigint, 20);

-- name: telegram_list_commands :many
-- Commands that the bot received, the newest first by id. To read on, give the last id of a list as before_id. A
-- condition that is NULL does not count.
-- param: telegram_user_id? The account that sent them.
-- param: command? The command.
-- param: success? Whether they did what they should.
-- param: since? Not before this time.
-- param: until? Not after this time.
-- param: before_id? Only those with a lower id.
-- param: limit? min=1 Most commands wanted; NULL: 100.
SELECT * FROM {schema}.telegram_list_commands($1, $2, $3, $4, $5, $6, coalesce($7::bigint, 100));

-- name: telegram_command_stats :one
-- row: telegram_audit_totals
-- How many commands the bot received, from how many accounts, and how they ended.
-- param: since? Not before this time; NULL: from the first.
-- param: until? Not after this time; NULL: to the last.
-- column: total Commands.
-- column: successes Those that did what they should.
-- column: success_rate Successes over total, a fraction of 0 to 1 with 8 decimals; NULL without commands.
-- column: unique_users Different accounts.
-- column: average_response_ms Mean time until the answer of those measured (above 0), 3 decimals; NULL without any.
WITH accounts AS (
    SELECT count(*) AS total, count(*) FILTER (WHERE success) AS successes,
        sum(response_time_ms) AS ms, count(*) FILTER (WHERE response_time_ms > 0) AS measured
    FROM {schema}.telegram_command_audits
    WHERE created_at >= coalesce($1::timestamptz, '-infinity') AND created_at <= coalesce($2::timestamptz, 'infinity')
    GROUP BY telegram_user_id)
SELECT coalesce(sum(total), 0)::bigint AS total, coalesce(sum(successes), 0)::bigint AS successes,
    {schema}.trdb_divide(sum(successes), nullif(sum(total), 0), 8) AS success_rate, count(*) AS unique_users,
    {schema}.trdb_divide(sum(ms), nullif(sum(measured), 0), 3) AS average_response_ms
FROM accounts;

-- name: telegram_command_stats_by_command :many
-- row: telegram_command_usage
-- How often each command came and how it ended, the most frequent first.
-- param: since? Not before this time; NULL: from the first.
-- param: until? Not after this time; NULL: to the last.
-- column: command The command.
-- column: total How often it came.
-- column: successes How often it did what it should.
-- column: success_rate Successes over total, a fraction of 0 to 1 with 8 decimals.
-- column: average_response_ms Mean time until the answer of those measured (above 0), 3 decimals; NULL without any.
SELECT command, count(*) AS total, count(*) FILTER (WHERE success) AS successes,
    {schema}.trdb_divide(count(*) FILTER (WHERE success), count(*), 8) AS success_rate,
    {schema}.trdb_divide(sum(response_time_ms), nullif(count(*) FILTER (WHERE response_time_ms > 0), 0), 3)
        AS average_response_ms
FROM {schema}.telegram_command_audits
WHERE created_at >= coalesce($1::timestamptz, '-infinity') AND created_at <= coalesce($2::timestamptz, 'infinity')
GROUP BY command ORDER BY total DESC, command;

-- name: telegram_unique_users :many
-- row: telegram_unique_user
-- The accounts that ever sent a command, in the order of their ids as text. To read on, give the last id of a list as
-- after.
-- param: after? Only those behind this id; NULL: from the first.
-- param: limit? min=1 Most accounts wanted; NULL: all.
-- column: telegram_user_id The account's id.
WITH RECURSIVE accounts AS (
-- From one account to the next in the index: as many steps as there are accounts, however many commands they sent.
    (SELECT telegram_user_id::text FROM {schema}.telegram_command_audits
        WHERE telegram_user_id > coalesce($1::text, '') ORDER BY telegram_user_id LIMIT 1)
    UNION ALL
    SELECT (SELECT a.telegram_user_id FROM {schema}.telegram_command_audits a
        WHERE a.telegram_user_id > b.telegram_user_id ORDER BY a.telegram_user_id LIMIT 1)
    FROM accounts b WHERE b.telegram_user_id IS NOT NULL)
SELECT telegram_user_id FROM accounts WHERE telegram_user_id IS NOT NULL LIMIT $2::bigint;

-- ---- broadcasts

-- name: telegram_list_broadcasts :many
-- Broadcasts, the newest first by time and then id. To read on, give created_at and id of the last one as before and
-- before_id.
-- param: before? Only those sent before this time, or then with a lower id; NULL: all.
-- param: before_id? The id that goes with it; NULL: all sent up to that time.
-- param: limit? min=1 Most broadcasts wanted; NULL: 50.
SELECT * FROM {schema}.telegram_broadcast_logs
WHERE (created_at, id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::bigint, 9223372036854775807))
ORDER BY created_at DESC, id DESC LIMIT coalesce($3::bigint, 50);

-- name: telegram_broadcast_history :many
-- row: telegram_broadcast
-- Broadcasts with their outcome, in the order and pages of telegram_list_broadcasts.
-- param: before? Only those sent before this time, or then with a lower id; NULL: all.
-- param: before_id? The id that goes with it; NULL: all sent up to that time.
-- param: limit? min=1 Most broadcasts wanted; NULL: 50.
-- column: id The broadcast.
-- column: message The message.
-- column: sent_by Who sent it, as text.
-- column: total_recipients Recipients in all.
-- column: successful_deliveries Recipients reached so far.
-- column: failed_deliveries Recipients not reached; 0 while it is under way.
-- column: delivery_status enum=telegram_broadcast_state pending while it is under way, then completed.
-- column: sent_at When it was sent.
SELECT id, message, sent_by, coalesce(total_count, 0) AS total_recipients,
    coalesce(success_count, 0) AS successful_deliveries,
    greatest(coalesce(total_count, 0) - success_count, 0) AS failed_deliveries,
    CASE WHEN success_count IS NULL THEN 'pending' ELSE 'completed' END AS delivery_status, created_at AS sent_at
FROM {schema}.telegram_broadcast_logs
WHERE (created_at, id) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::bigint, 9223372036854775807))
ORDER BY created_at DESC, id DESC LIMIT coalesce($3::bigint, 50);

-- name: telegram_broadcast_stats :one
-- row: telegram_broadcast_totals
-- What all broadcasts amount to. Those under way count as broadcasts and recipients, but not as delivered or failed.
-- column: total_broadcasts Broadcasts.
-- column: total_recipients Their recipients.
-- column: successful_deliveries Recipients reached.
-- column: failed_deliveries Recipients not reached, by broadcasts that are completed.
-- column: recent_broadcasts_24h Broadcasts of the last 24 hours.
-- column: average_delivery_rate Recipients reached in per cent of all, by broadcasts that are completed, 8 decimals; 0 without recipients.
SELECT count(*) AS total_broadcasts, coalesce(sum(total_count), 0)::bigint AS total_recipients,
    coalesce(sum(success_count), 0)::bigint AS successful_deliveries,
    coalesce(sum(greatest(coalesce(total_count, 0) - success_count, 0)), 0)::bigint AS failed_deliveries,
    count(*) FILTER (WHERE created_at >= now() - interval '24 hours') AS recent_broadcasts_24h,
    coalesce({schema}.trdb_divide(100 * sum(success_count),
        nullif(sum(total_count) FILTER (WHERE success_count IS NOT NULL), 0), 8), 0) AS average_delivery_rate
FROM {schema}.telegram_broadcast_logs;
