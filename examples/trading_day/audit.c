/* SPDX-License-Identifier: MIT */
#include "day.h"

#include <stdio.h>

int audit_command(trdb_db *db, const char *command, trdb_timestamp began, const char *error,
                  trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    trdb_timestamp now = trdb_timestamp_now();
    trdb_telegram_command_audit_new entry = trdb_telegram_command_audit_new_init();
    entry.telegram_user_id = TELEGRAM_ID;
    entry.command = command;
    entry.is_registered_user = trdb_bool(true);
    entry.success = trdb_bool(error == NULL);
    entry.error_message = error;
    entry.response_time_ms = trdb_i64((now.us - began.us) / 1000);
    entry.created_at = trdb_time(now);
    int code = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code == 0)
        code = trdb_telegram_log_command(uow, &entry, NULL, reterr);
    return code == 0 ? trdb_uow_commit(uow, reterr) : code;
}

int audit_print(trdb_db *db, trdb_timestamp since, trdb_error **reterr) {
    const trdb_timestamp until = {0};
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_telegram_command_usage_list) *commands = NULL;
    int code = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code == 0)
        code = trdb_telegram_command_stats_by_command(uow, since, until, &commands, reterr);
    if (code < 0)
        return code;
    printf("\nWhat the Telegram bot was told\n");
    TRDB_FOREACH(trdb_telegram_command_usage, row, commands)
        printf("  %-20s %lld of %lld succeeded\n", row->command, (long long)row->successes.value,
               (long long)row->total.value);
    return 0;
}
