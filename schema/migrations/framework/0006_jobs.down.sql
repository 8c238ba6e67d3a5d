-- SPDX-License-Identifier: MIT
DROP FUNCTION {schema}.job_without_person(jsonb, boolean, text[], text);
DROP INDEX {schema}.ix_runs_pending_job_type;
DROP INDEX {schema}.ix_runs_pending;
CREATE INDEX ix_runs_status_scheduled_for ON {schema}.job_schedule_runs (status, scheduled_for);
CREATE INDEX ix_runs_user_id ON {schema}.job_schedule_runs (user_id);
CREATE INDEX ix_runs_job_id ON {schema}.job_schedule_runs (job_id);
DROP INDEX {schema}.ix_runs_status_scheduled_for_id;
DROP INDEX {schema}.ix_runs_user_id_scheduled_for;
DROP INDEX {schema}.ix_runs_job_id_scheduled_for;
DROP INDEX {schema}.ix_runs_job_type_scheduled_for;
DROP INDEX {schema}.ix_runs_scheduled_for;
DROP INDEX {schema}.ix_schedules_due;
DROP INDEX {schema}.ix_schedules_active_alerts;
DROP INDEX {schema}.ix_schedules_enabled_created_at;
DROP INDEX {schema}.ix_schedules_job_type_created_at;
DROP INDEX {schema}.ix_schedules_user_id_created_at;
DROP INDEX {schema}.ix_schedules_created_at;
