-- SPDX-License-Identifier: MIT
-- What the services of the Telegram bot need: verification in one statement, alerts and schedules as rows, lists with
-- conditions that may be left out, and indexes that hold their order.

-- ---- indexes -----------------------------------------------------------------------------------------
-- Indexes keep their names and their leading column, and gain the column that lists are ordered by: an index on the
-- account alone finds a busy account's rows in no order, and they would all be read for the newest twenty.

DROP INDEX {schema}.ix_telegram_command_audits_telegram_user_id;
CREATE INDEX ix_telegram_command_audits_telegram_user_id
    ON {schema}.telegram_command_audits (telegram_user_id, id);
DROP INDEX {schema}.ix_telegram_command_audits_command;
CREATE INDEX ix_telegram_command_audits_command ON {schema}.telegram_command_audits (command, id);
DROP INDEX {schema}.ix_telegram_command_audits_success;
CREATE INDEX ix_telegram_command_audits_success ON {schema}.telegram_command_audits (success, id);
-- Statistics of a time are read from the index alone.
DROP INDEX {schema}.ix_telegram_command_audits_created;
CREATE INDEX ix_telegram_command_audits_created ON {schema}.telegram_command_audits (created_at, id)
    INCLUDE (telegram_user_id, command, success, response_time_ms);

DROP INDEX {schema}.ix_telegram_feedbacks_type;
CREATE INDEX ix_telegram_feedbacks_type ON {schema}.telegram_feedbacks (type, id);
CREATE INDEX ix_telegram_feedbacks_status ON {schema}.telegram_feedbacks (status, id);

DROP INDEX {schema}.ix_telegram_broadcast_logs_created;
CREATE INDEX ix_telegram_broadcast_logs_created ON {schema}.telegram_broadcast_logs (created_at, id)
    INCLUDE (success_count, total_count);

DROP INDEX {schema}.ix_verification_codes_user_id;
CREATE INDEX ix_verification_codes_user_id ON {schema}.usr_verification_codes (user_id, sent_time);

-- The lists of accounts that wait for an approval, and of those with admin rights. The conditions are those of
-- usr_telegram_profiles, word for word, so that the planner knows them again.
CREATE INDEX ix_auth_identities_pending ON {schema}.usr_auth_identities (user_id, id)
    WHERE provider = 'telegram'
        AND CASE jsonb_typeof(metadata -> 'verified') WHEN 'boolean' THEN (metadata -> 'verified')::boolean END
        AND CASE jsonb_typeof(metadata -> 'approved') WHEN 'boolean' THEN (metadata -> 'approved')::boolean END IS NOT TRUE;
CREATE INDEX ix_auth_identities_admins ON {schema}.usr_auth_identities (user_id, id)
    WHERE provider = 'telegram'
        AND CASE jsonb_typeof(metadata -> 'is_admin') WHEN 'boolean' THEN (metadata -> 'is_admin')::boolean END;

-- ---- profile and verification ------------------------------------------------------------------------

CREATE FUNCTION {schema}.telegram_change_profile(p_telegram_id text, p_make boolean, p_set jsonb, p_cleared text[])
    RETURNS bigint
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    target bigint;
BEGIN
    IF p_make THEN
        PERFORM {schema}.usr_ensure_user('telegram', p_telegram_id, NULL, NULL, NULL);
    END IF;
    UPDATE {schema}.usr_auth_identities
        SET metadata = (CASE jsonb_typeof(metadata) WHEN 'object' THEN metadata ELSE '{}' END || p_set) - p_cleared
        WHERE id = (SELECT i.id FROM {schema}.usr_auth_identities i
            WHERE i.provider = 'telegram' AND i.external_id = p_telegram_id ORDER BY i.user_id, i.id LIMIT 1)
        RETURNING user_id INTO target;
    RETURN target;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_change_profile(text, boolean, jsonb, text[]) IS
    'Sets and clears keys in the metadata of a Telegram account and gives its user. An account that is not known is made when p_make says so; otherwise the answer is NULL. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_issue_code(p_telegram_id text, p_code text, p_sent_time bigint)
    RETURNS SETOF {schema}.usr_verification_codes
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    target bigint := {schema}.telegram_change_profile(p_telegram_id, true,
        jsonb_build_object('verification_code', p_code, 'code_sent_time', p_sent_time), '{}');
BEGIN
    RETURN QUERY INSERT INTO {schema}.usr_verification_codes (user_id, code, sent_time)
        VALUES (target, p_code, p_sent_time) RETURNING *;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_issue_code(text, text, bigint) IS
    'Notes a verification code that was sent to a Telegram account, which is made when it is not known: a row, and the keys verification_code and code_sent_time of the metadata. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_lock_codes(p_user_id bigint) RETURNS void
    LANGUAGE sql SET search_path FROM CURRENT AS $$
    UPDATE {schema}.usr_verification_codes SET attempts = 5
        WHERE user_id = p_user_id AND used_at IS NULL AND attempts < 5
$$;
COMMENT ON FUNCTION {schema}.telegram_lock_codes(bigint) IS
    'Locks every unused code of a user, as five wrong tries do. Source: decisions 18.';

CREATE FUNCTION {schema}.telegram_set_user_email(p_telegram_id text, p_email text, p_code text, p_sent_time bigint,
    p_language text, p_is_admin boolean) RETURNS bigint
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    target bigint := {schema}.telegram_change_profile(p_telegram_id, true,
        jsonb_build_object('verified', false, 'language', p_language, 'is_admin', p_is_admin), '{}');
    former text;
BEGIN
    SELECT email INTO former FROM {schema}.usr_users WHERE id = target FOR NO KEY UPDATE;
    UPDATE {schema}.usr_users SET email = p_email WHERE id = target;
    -- A code that went to another address must not confirm this one.
    IF lower(former) IS DISTINCT FROM lower(p_email) THEN
        PERFORM {schema}.telegram_lock_codes(target);
    END IF;
    PERFORM {schema}.telegram_issue_code(p_telegram_id, p_code, p_sent_time);
    RETURN target;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_set_user_email(text, text, text, bigint, text, boolean) IS
    'Writes the e-mail address of a Telegram account, which is made when it is not known, as not verified, with language, admin flag and the code that was sent to the address. Unused codes are locked when the address is another one than before. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_reset_verification(p_telegram_id text) RETURNS bigint
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    target bigint := {schema}.telegram_change_profile(p_telegram_id, true, '{"verified": false}',
        '{verification_code,code_sent_time}');
BEGIN
    PERFORM {schema}.telegram_lock_codes(target);
    RETURN target;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_reset_verification(text) IS
    'Takes back that the e-mail of a Telegram account is verified, forgets the code in its metadata and locks its unused codes. An account that is not known is made. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_verify_code(p_telegram_id text, p_code text, p_expiry bigint, p_now bigint)
    RETURNS text
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    target bigint := (SELECT e.user_id FROM {schema}.usr_ensure_user('telegram', p_telegram_id, NULL, NULL, NULL) e);
    salt CONSTANT bytea := uuid_send(gen_random_uuid());
    given CONSTANT bytea := sha256(salt || convert_to(p_code, 'UTF8'));
    known record;
BEGIN
    -- Only these rows can change. A second session waits here; its next statement then sees what the first one did.
    PERFORM FROM {schema}.usr_verification_codes
        WHERE user_id = target AND sent_time >= p_now - p_expiry AND used_at IS NULL
        ORDER BY id FOR UPDATE;

    -- Digests are compared, salted anew in every call, so that the time until the first difference tells nothing about
    -- a code: whoever measures it does not know the salt. Every row is compared, whichever fits.
    SELECT count(*) AS codes, bool_or(v.fresh AND v.attempts < 5) AS live, bool_or(v.fresh AND v.attempts >= 5) AS locked,
            (array_agg(v.id ORDER BY v.sent_time DESC, v.id DESC) FILTER (WHERE v.digest = given))[1] AS fit
        INTO known
        FROM (SELECT id, sent_time, attempts, sha256(salt || convert_to(code, 'UTF8')) AS digest,
                used_at IS NULL AND sent_time >= p_now - p_expiry AS fresh
            FROM {schema}.usr_verification_codes WHERE user_id = target) v;

    IF known.codes = 0 THEN
        RETURN 'none';
    ELSIF known.fit IS NULL THEN
        -- A guess is tried on every code that would have been accepted, so it counts for every one of them.
        UPDATE {schema}.usr_verification_codes SET attempts = attempts + 1
            WHERE user_id = target AND sent_time >= p_now - p_expiry AND used_at IS NULL AND attempts < 5;
        RETURN CASE WHEN known.locked AND NOT known.live THEN 'locked' ELSE 'wrong' END;
    END IF;

    SELECT * INTO known FROM {schema}.usr_verification_codes WHERE id = known.fit;
    IF known.used_at IS NOT NULL THEN
        RETURN 'used';
    ELSIF known.sent_time < p_now - p_expiry THEN
        RETURN 'expired';
    ELSIF known.attempts >= 5 THEN
        RETURN 'locked';
    END IF;
    UPDATE {schema}.usr_verification_codes SET used_at = now() WHERE id = known.id;
    PERFORM {schema}.telegram_change_profile(p_telegram_id, false, '{"verified": true}',
        '{verification_code,code_sent_time}');
    RETURN 'accepted';
END
$$;
COMMENT ON FUNCTION {schema}.telegram_verify_code(text, text, bigint, bigint) IS
    'Tries a verification code on a Telegram account, which is made when it is not known: accepted, wrong, expired, used, locked or none. Of several rows with that code the newest counts. Accepting uses the code up and marks the account as verified; a wrong try counts for every code that would have been accepted, and five lock it. Source: framework-operations 4, decisions 18.';

-- ---- alerts and schedules ----------------------------------------------------------------------------

CREATE FUNCTION {schema}.telegram_json_object(value jsonb) RETURNS jsonb
    LANGUAGE plpgsql IMMUTABLE SET search_path FROM CURRENT AS $$
BEGIN
    IF jsonb_typeof(value) = 'string' THEN
        value := (value #>> '{}')::jsonb;
    END IF;
    RETURN CASE jsonb_typeof(value) WHEN 'object' THEN value ELSE '{}' END;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION {schema}.telegram_json_object(jsonb) IS
    'A JSON object, or the one that a JSON string holds as text; empty for anything else. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_amount(value jsonb) RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    number numeric;
BEGIN
    IF jsonb_typeof(value) = 'number' OR
            (jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^[-+]?[0-9]{1,40}(\.[0-9]{1,40})?$') THEN
        number := (value #>> '{}')::numeric;
    END IF;
    IF abs(number) < 100000000000000 AND min_scale(number) <= 24 THEN
        RETURN CASE WHEN scale(number) > 24 THEN trim_scale(number) ELSE number END;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_amount(jsonb) IS
    'A JSON number, or a text of one, that fits exact_amount, with the digits it was written with; NULL for anything else. Source: framework-operations 4, decisions 2.';

CREATE FUNCTION {schema}.telegram_flag(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT
    AS $$ SELECT coalesce(lower(value #>> '{}') IN ('true', '1'), false) $$;
COMMENT ON FUNCTION {schema}.telegram_flag(jsonb) IS
    'Whether a JSON value says yes: true or 1, also as text. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_user_of(p_telegram_id text) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT user_id FROM {schema}.usr_auth_identities
        WHERE provider = 'telegram' AND external_id = p_telegram_id ORDER BY user_id, id LIMIT 1
$$;
COMMENT ON FUNCTION {schema}.telegram_user_of(text) IS
    'The user of a Telegram account, the lowest id where there are several; NULL when it is not known. Source: framework-operations 4, decisions 10.';

-- Parameters are read from the configuration, else beside it. OFFSET 0 has each configuration parsed once, and not
-- once per column.
CREATE VIEW {schema}.telegram_alerts AS
    SELECT s.id, s.user_id, s.task_params ->> 'telegram_user_id' AS telegram_user_id, s.target AS ticker,
        s.enabled AS active, {schema}.telegram_flag(s.task_params -> 'email') AS email,
        coalesce(s.task_params ->> 'status', CASE WHEN s.enabled THEN 'ARMED' ELSE 'DISARMED' END) AS status,
        c.alert_type, {schema}.telegram_amount(c.config -> 'price') AS price, c.config ->> 'condition' AS condition,
        c.config ->> 'indicator' AS indicator, {schema}.telegram_amount(c.config -> 'value') AS value,
        c.config ->> 'timeframe' AS timeframe, c.config ->> 'alert_action' AS alert_action,
        c.config::text AS config, s.task_params ->> 're_arm_config' AS re_arm_config, s.created_at, s.updated_at
    FROM {schema}.job_schedules s
    CROSS JOIN LATERAL (SELECT p.config,
            CASE WHEN p.config ->> 'type' IN ('price', 'indicator') THEN p.config ->> 'type'
                WHEN p.config ? 'type' THEN 'custom'
                WHEN p.config ? 'indicator' THEN 'indicator'
                WHEN p.config ?& '{price,condition}' THEN 'price'
                ELSE 'custom' END AS alert_type
        FROM (SELECT {schema}.telegram_json_object(s.task_params -> 'config_json') AS config OFFSET 0) p OFFSET 0) c
    WHERE s.job_type = 'alert';
COMMENT ON VIEW {schema}.telegram_alerts IS
    'Schedules of type alert with their parameters as columns. Source: framework-operations 4.';

CREATE VIEW {schema}.telegram_schedules AS
    SELECT s.id, s.user_id, s.task_params ->> 'telegram_user_id' AS telegram_user_id, s.job_type AS schedule_type,
        coalesce(s.task_params ->> 'ticker', s.target) AS ticker, s.enabled, s.cron, s.timezone, s.next_run_at,
        s.task_params ->> 'scheduled_time' AS scheduled_time, c.params ->> 'period' AS period,
        {schema}.telegram_flag(c.params -> 'email') AS email, c.params ->> 'indicators' AS indicators,
        coalesce(c.params ->> 'interval', c.params ->> 'timeframe') AS interval, c.params ->> 'provider' AS provider,
        c.params ->> 'list_type' AS list_type, c.config::text AS config,
        s.task_params ->> 'schedule_config' AS schedule_config, s.created_at, s.updated_at
    FROM {schema}.job_schedules s
    CROSS JOIN LATERAL (SELECT p.config, {schema}.telegram_json_object(s.task_params -> 'extras')
            || {schema}.telegram_json_object(s.task_params) || p.config AS params
        FROM (SELECT {schema}.telegram_json_object(s.task_params -> 'config_json') AS config OFFSET 0) p OFFSET 0) c
    WHERE s.job_type IN ('screener', 'report');
COMMENT ON VIEW {schema}.telegram_schedules IS
    'Schedules of type screener or report with their parameters as columns. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_add_job(p_telegram_id text, p_job_type text, p_label text, p_target text,
    p_task_params jsonb, p_cron text, p_enabled boolean, p_next_run_at timestamptz) RETURNS bigint
    LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    owner bigint := (SELECT e.user_id FROM {schema}.usr_ensure_user('telegram', p_telegram_id, NULL, NULL, NULL) e);
    plain text := concat_ws('_', p_label, left(p_target, 180), owner, floor(extract(epoch FROM clock_timestamp())));
    taken text := plain;
    made bigint;
BEGIN
    LOOP
        INSERT INTO {schema}.job_schedules (user_id, name, job_type, target, task_params, cron, enabled, next_run_at)
            VALUES (owner, taken, p_job_type, p_target,
                p_task_params || jsonb_build_object('telegram_user_id', p_telegram_id), p_cron, p_enabled, p_next_run_at)
            ON CONFLICT DO NOTHING RETURNING id INTO made;
        EXIT WHEN made IS NOT NULL;
        taken := concat_ws('_', plain, left(gen_random_uuid()::text, 8)); -- the same target in the same second
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_add_job(text, text, text, text, jsonb, text, boolean, timestamptz) IS
    'Makes a schedule for a Telegram account, which is made when it is not known, and gives its id. The name is label, target (at most 180 characters), user and the time in seconds, joined by underscores; a name that is taken gets eight random digits behind it. Source: framework-operations 4.';

-- ---- lists -------------------------------------------------------------------------------------------
-- Conditions that may be left out are put together for each call, so that it is planned for what it asks. One statement
-- for all of them, once it is prepared for all values, reads the whole table to find an account's last command.

CREATE FUNCTION {schema}.telegram_list_commands(p_telegram_user_id text, p_command text, p_success boolean,
    p_since timestamptz, p_until timestamptz, p_before_id bigint, p_limit bigint)
    RETURNS TABLE (id bigint, telegram_user_id text, command text, full_message text, is_registered_user boolean,
        user_email text, success boolean, error_message text, response_time_ms integer, created_at timestamptz)
    LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
DECLARE
    conditions text;
BEGIN
    -- Until now, or later, is no condition; and a window that ends before the newest command is read by its time, since
    -- the planner would rather read the table backwards, past all that is newer.
    IF p_until >= (SELECT max(a.created_at) FROM {schema}.telegram_command_audits a) THEN
        p_until := NULL;
    END IF;
    conditions := concat_ws(' AND ', 'true', CASE WHEN p_telegram_user_id IS NOT NULL THEN 'a.telegram_user_id = $1' END,
        CASE WHEN p_command IS NOT NULL THEN 'a.command = $2' END, CASE WHEN p_success THEN 'a.success' END,
        CASE WHEN NOT p_success THEN 'NOT a.success' END, CASE WHEN p_since IS NOT NULL THEN 'a.created_at >= $4' END,
        CASE WHEN p_until IS NOT NULL THEN 'a.created_at <= $5' END, CASE WHEN p_before_id IS NOT NULL THEN 'a.id < $6' END);
    IF p_until IS NOT NULL AND p_telegram_user_id IS NULL AND p_command IS NULL THEN
        conditions := conditions || ' OFFSET 0';
    END IF;
    RETURN QUERY EXECUTE $q$
        SELECT a.id::bigint, a.telegram_user_id::text, a.command::text, a.full_message, a.is_registered_user,
            a.user_email::text, a.success, a.error_message, a.response_time_ms, a.created_at
        FROM (SELECT w.id FROM (SELECT a.id FROM {schema}.telegram_command_audits a WHERE $q$ || conditions || $q$) w
            ORDER BY w.id DESC LIMIT $7) page
        JOIN {schema}.telegram_command_audits a USING (id)
        ORDER BY a.id DESC $q$
        USING p_telegram_user_id, p_command, p_success, p_since, p_until, p_before_id, p_limit;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_list_commands(text, text, boolean, timestamptz, timestamptz, bigint, bigint) IS
    'Commands that the bot received, the newest first by id; a condition that is NULL does not count. It gives no row type of the table, which may be partitioned one day. Source: framework-operations 4.';

CREATE FUNCTION {schema}.telegram_list_feedback(p_type text, p_status text, p_before_id bigint, p_limit bigint)
    RETURNS SETOF {schema}.telegram_feedbacks
    LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY EXECUTE $q$ SELECT f.* FROM {schema}.telegram_feedbacks f WHERE $q$ || concat_ws(' AND ', 'true',
            CASE WHEN p_type <> '' THEN 'f.type = $1' END, CASE WHEN p_status IS NOT NULL THEN 'f.status = $2' END,
            CASE WHEN p_before_id IS NOT NULL THEN 'f.id < $3' END) || $q$ ORDER BY f.id DESC LIMIT $4 $q$
        USING p_type, p_status, p_before_id, p_limit;
END
$$;
COMMENT ON FUNCTION {schema}.telegram_list_feedback(text, text, bigint, bigint) IS
    'Feedback, the newest first by id; a condition that is NULL does not count, nor does an empty type. Source: framework-operations 4.';
