-- SPDX-License-Identifier: MIT
DROP TABLE {schema}.telegram_settings;
DROP TABLE {schema}.telegram_broadcast_logs;
DROP TABLE {schema}.telegram_feedbacks;
DROP TABLE {schema}.telegram_command_audits;
