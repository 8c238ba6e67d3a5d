-- SPDX-License-Identifier: MIT
-- Indexes for the lists, statistics and queues of jobs, and what erasing a person takes out of them. The id at the end
-- of an index makes its order total, so that pages by key need no sorting.

CREATE INDEX ix_schedules_created_at ON {schema}.job_schedules (created_at, id);
CREATE INDEX ix_schedules_user_id_created_at ON {schema}.job_schedules (user_id, created_at, id);
CREATE INDEX ix_schedules_job_type_created_at ON {schema}.job_schedules (job_type, created_at, id);
CREATE INDEX ix_schedules_enabled_created_at ON {schema}.job_schedules (enabled, created_at, id);
CREATE INDEX ix_schedules_active_alerts ON {schema}.job_schedules (created_at, id)
    WHERE enabled AND job_type = 'alert';
-- NULL means at once, so it stands before every time.
CREATE INDEX ix_schedules_due ON {schema}.job_schedules
    ((coalesce(next_run_at, '-infinity'::timestamptz)), id) WHERE enabled;

CREATE INDEX ix_runs_scheduled_for ON {schema}.job_schedule_runs (scheduled_for, id);
CREATE INDEX ix_runs_job_type_scheduled_for ON {schema}.job_schedule_runs (job_type, scheduled_for, id);
-- These do what the ones they replace did, and give the order, too.
CREATE INDEX ix_runs_job_id_scheduled_for ON {schema}.job_schedule_runs (job_id, scheduled_for, id);
CREATE INDEX ix_runs_user_id_scheduled_for ON {schema}.job_schedule_runs (user_id, scheduled_for, id);
CREATE INDEX ix_runs_status_scheduled_for_id ON {schema}.job_schedule_runs (status, scheduled_for, id);
DROP INDEX {schema}.ix_runs_job_id;
DROP INDEX {schema}.ix_runs_user_id;
DROP INDEX {schema}.ix_runs_status_scheduled_for;
-- The queue holds pending runs only and stays small, however many are done.
CREATE INDEX ix_runs_pending ON {schema}.job_schedule_runs
    (priority DESC, (coalesce(scheduled_for, '-infinity'::timestamptz)), id) WHERE status = 'pending';
CREATE INDEX ix_runs_pending_job_type ON {schema}.job_schedule_runs
    (job_type, priority DESC, (coalesce(scheduled_for, '-infinity'::timestamptz)), id) WHERE status = 'pending';

CREATE FUNCTION {schema}.job_without_person(params jsonb, own boolean, accounts text[], email text) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path FROM CURRENT AS $$
    SELECT CASE
        WHEN jsonb_typeof(params) IS DISTINCT FROM 'object' THEN params
        WHEN own OR params ->> 'telegram_user_id' = ANY (accounts) THEN params - '{telegram_user_id, email}'::text[]
        WHEN lower(params ->> 'email') = email THEN params - 'email'
        ELSE params END
$$;
COMMENT ON FUNCTION {schema}.job_without_person(jsonb, boolean, text[], text) IS
    'The parameters of a job without the keys telegram_user_id and email, when they are the person''s own or name one of the person''s Telegram accounts; without email alone when only that is the person''s, given in lower case. Source: decisions 8.';
