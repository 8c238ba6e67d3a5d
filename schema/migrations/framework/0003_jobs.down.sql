-- SPDX-License-Identifier: MIT
DROP TABLE {schema}.job_schedule_runs;
DROP TABLE {schema}.job_schedules;
