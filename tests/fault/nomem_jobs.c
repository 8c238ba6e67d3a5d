/* SPDX-License-Identifier: MIT */
/* The services of jobs and of the Telegram bot. */
#include "nomem.h"

#define NOW trdb_timestamp_now()
#define ALL trdb_i64(10)
#define RULE "{\"and\": [{\"gt\": [\"close\", 5.5]}]}"

static trdb_job_schedule_new schedule(const nomem *at) {
    trdb_job_schedule_new in = trdb_job_schedule_new_init();
    in.user_id = trdb_i64(at->user);
    in.name = "another";
    in.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT);
    in.target = "BTC";
    in.task_params = "{\"a\": 1}";
    in.cron = "0 9 * * *";
    in.timezone = "Asia/Kolkata";
    return in;
}

NOMEM_GIVES(trdb_job_schedule, create_schedule,
            trdb_jobs_create_schedule(at->uow, (trdb_job_schedule_new[]){schedule(at)}, &ret, err))
NOMEM_GIVES(trdb_job_schedule, update_schedule,
            trdb_jobs_update_schedule(at->uow, at->schedule, TRDB_JOB_SCHEDULE_NEW(.cron = "1 1 * * *"), &ret,
                                      err))
NOMEM_DOES(delete_schedule, trdb_jobs_delete_schedule(at->uow, at->schedule, err))
NOMEM_GIVES(trdb_job_schedule_list, list_schedules,
            trdb_jobs_list_schedules(at->uow, trdb_i64(at->user), (trdb_in_enum){0}, (trdb_in_bool){0},
                                     (trdb_in_i64){0}, ALL, &ret, err))
NOMEM_GIVES(trdb_job_schedule_list, active_alerts, trdb_jobs_active_alerts(at->uow, ALL, &ret, err))
NOMEM_GIVES(trdb_job_schedule_list, pending_schedules,
            trdb_jobs_pending_schedules(at->uow, NOW, ALL, &ret, err))
NOMEM_GIVES(trdb_job_schedule, next_run,
            trdb_jobs_update_schedule_next_run(at->uow, at->schedule, NOW, &ret, err))
NOMEM_GIVES(trdb_job_schedule_run, trigger, trdb_jobs_trigger_schedule(at->uow, at->schedule, &ret, err))
NOMEM_GIVES(trdb_job_schedule_run, create_run,
            trdb_jobs_create_run(at->uow,
                                 TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_BACKUP)), &ret,
                                 err))
NOMEM_GIVES(trdb_job_schedule_run, update_run,
            trdb_jobs_update_run(at->uow, at->run, TRDB_JOB_SCHEDULE_RUN_NEW(.error = "broken"), &ret, err))
NOMEM_GIVES(trdb_job_schedule_run, claim, trdb_jobs_claim_run(at->uow, at->run, "worker", &ret, err))

static int finish(nomem *at, trdb_error **err) {
    trdb_job_schedule_run *claimed = NULL, *ret = NOMEM_UNTOUCHED(trdb_job_schedule_run);
    int code = trdb_jobs_claim_run(at->uow, at->run, "worker", &claimed, err);
    if (code < 0)
        return code;
    code = trdb_jobs_finish_run(at->uow, at->run, claimed->lease_token.value, TRDB_JOB_RUN_STATUS_FAILED,
                                "{}", "broken", &ret, err);
    nomem_check("finish", code, (void *)ret == &nomem_mark);
    if (code == 0)
        trdb_job_schedule_run_free(ret);
    trdb_job_schedule_run_free(claimed);
    return code;
}
NOMEM_GIVES(trdb_job_schedule_run, cancel, trdb_jobs_cancel_run(at->uow, at->run, &ret, err))
NOMEM_GIVES(trdb_job_schedule_run_list, pending_runs,
            trdb_jobs_pending_runs(at->uow, (trdb_in_enum){0}, NOW, ALL, &ret, err))
NOMEM_GIVES(trdb_job_schedule_run_list, list_runs,
            trdb_jobs_list_runs(at->uow, (trdb_in_i64){0}, (trdb_in_enum){0}, (trdb_in_enum){0},
                                (trdb_in_enum){0}, false, (trdb_in_i64){0}, ALL, &ret, err))
NOMEM_GIVES(trdb_job_schedule_run_list, runs_by_job,
            trdb_jobs_runs_by_job(at->uow, TRDB_JOB_TYPE_REPORT, at->schedule, (trdb_in_i64){0}, ALL, &ret,
                                  err))
NOMEM_GIVES(trdb_job_run_statistics, statistics,
            trdb_jobs_run_statistics(at->uow, (trdb_in_i64){0}, (trdb_in_enum){0}, 7, &ret, err))
NOMEM_FILLS(int64_t, cleanup, trdb_jobs_cleanup_old_runs(at->uow, 30, &ret, err))
NOMEM_GIVES(trdb_screener_target, expand, trdb_jobs_expand_screener_target("A, B, C", &ret, err))
NOMEM_GIVES(trdb_job_schedule_run, screener_run,
            trdb_jobs_create_screener_run(at->uow,
                                          TRDB_SCREENER_RUN_NEW(.user_id = trdb_i64(at->user),
                                                                .screener_set = "A,B"),
                                          &ret, err))
NOMEM_GIVES(trdb_job_schedule_run, report_run,
            trdb_jobs_create_report_run(at->uow, at->user, "daily", "{\"a\": 1}", NOW, &ret, err))
NOMEM_GIVES(trdb_job_schedule, create_alert,
            trdb_jobs_create_alert(at->uow, at->user, "ETHUSDT", "1h", RULE, &ret, err))
NOMEM_GIVES(trdb_job_schedule, update_alert,
            trdb_jobs_update_alert(at->uow, at->alert, "4h", RULE, trdb_bool(true), &ret, err))
NOMEM_DOES(delete_alert, trdb_jobs_delete_alert(at->uow, at->alert, err))

const nomem_call nomem_jobs[] = {
    {"trdb_jobs_create_schedule", create_schedule},
    {"trdb_jobs_update_schedule", update_schedule},
    {"trdb_jobs_delete_schedule", delete_schedule},
    {"trdb_jobs_list_schedules", list_schedules},
    {"trdb_jobs_active_alerts", active_alerts},
    {"trdb_jobs_pending_schedules", pending_schedules},
    {"trdb_jobs_update_schedule_next_run", next_run},
    {"trdb_jobs_trigger_schedule", trigger},
    {"trdb_jobs_create_run", create_run},
    {"trdb_jobs_update_run", update_run},
    {"trdb_jobs_claim_run", claim},
    {"trdb_jobs_finish_run", finish},
    {"trdb_jobs_cancel_run", cancel},
    {"trdb_jobs_pending_runs", pending_runs},
    {"trdb_jobs_list_runs", list_runs},
    {"trdb_jobs_runs_by_job", runs_by_job},
    {"trdb_jobs_run_statistics", statistics},
    {"trdb_jobs_cleanup_old_runs", cleanup},
    {"trdb_jobs_expand_screener_target", expand, .alone = true},
    {"trdb_jobs_create_screener_run", screener_run},
    {"trdb_jobs_create_report_run", report_run},
    {"trdb_jobs_create_alert", create_alert},
    {"trdb_jobs_update_alert", update_alert},
    {"trdb_jobs_delete_alert", delete_alert},
    {.name = NULL},
};

/* ---- the Telegram bot -------------------------------------------------------------------------------- */

#define CONFIG "{\"ticker\": \"BTC\", \"price\": 2, \"condition\": \"above\"}"

NOMEM_GIVES(trdb_usr_verification_code, set_code,
            trdb_telegram_set_verification_code(at->uow, "42", "123456", 1700000000, &ret, err))
NOMEM_FILLS(int64_t, codes_last_hour,
            trdb_telegram_count_codes_last_hour(at->uow, "42", 1700000000, &ret, err))
NOMEM_FILLS(int32_t, verify_code,
            trdb_telegram_verify_code(at->uow, "42", "123456", 3600, 1700000000, &ret, err))
NOMEM_GIVES(trdb_telegram_profile, set_email,
            trdb_telegram_set_user_email(at->uow, "42", "a@example.org", "123456", 1700000000, "en", false,
                                         &ret, err))
NOMEM_DOES(reset_email, trdb_telegram_reset_email_verification(at->uow, "42", err))
NOMEM_DOES(verify_email, trdb_telegram_verify_user_email(at->uow, "42", err))
NOMEM_DOES(approve, trdb_telegram_approve_user(at->uow, "42", err))
NOMEM_DOES(reject, trdb_telegram_reject_user(at->uow, "42", err))
NOMEM_DOES(set_limit, trdb_telegram_set_user_limit(at->uow, "42", "max_alerts", 5, err))
NOMEM_FILLS(trdb_opt_i64, get_limit, trdb_telegram_get_user_limit(at->uow, "42", "max_alerts", &ret, err))
NOMEM_DOES(set_language, trdb_telegram_update_user_language(at->uow, "42", "de", err))
NOMEM_FILLS(int64_t, add_json_alert,
            trdb_telegram_add_json_alert(at->uow, "42", TRDB_TELEGRAM_ALERT_NEW(.config = CONFIG), &ret, err))
NOMEM_FILLS(int64_t, add_alert,
            trdb_telegram_add_alert(at->uow, "42", "ETH", trdb_dec("5").value,
                                    TRDB_TELEGRAM_PRICE_CONDITION_ABOVE, true, &ret, err))
NOMEM_FILLS(int64_t, add_indicator,
            trdb_telegram_add_indicator_alert(at->uow, "42",
                                              TRDB_TELEGRAM_INDICATOR_ALERT_NEW(.ticker = "BTC",
                                                                                .indicator = "RSI",
                                                                                .condition = "below",
                                                                                .value = trdb_dec("30.50")),
                                              &ret, err))
NOMEM_GIVES(trdb_telegram_alert, change_alert,
            trdb_telegram_update_alert(at->uow, at->telegram_alert, TRDB_TELEGRAM_ALERT_NEW(.config = CONFIG),
                                       &ret, err))
NOMEM_DOES(remove_alert, trdb_telegram_delete_alert(at->uow, at->telegram_alert, err))
NOMEM_FILLS(int64_t, add_schedule,
            trdb_telegram_add_schedule(at->uow, "42", "BTC", "14:35", "{\"email\": true}", &ret, err))
NOMEM_FILLS(int64_t, add_json_schedule,
            trdb_telegram_add_json_schedule(at->uow, "42", "{\"ticker\": \"A\", \"list_type\": \"us\"}", NULL,
                                            &ret, err))
NOMEM_GIVES(trdb_telegram_schedule, change_schedule,
            trdb_telegram_update_schedule(at->uow, at->report, TRDB_TELEGRAM_SCHEDULE_NEW(.ticker = "C"),
                                          &ret, err))
NOMEM_DOES(remove_schedule, trdb_telegram_delete_schedule(at->uow, at->report, err))
NOMEM_DOES(set_setting, trdb_telegram_set_setting(at->uow, "key", "value", err))
NOMEM_GIVES(trdb_telegram_feedback, add_feedback,
            trdb_telegram_add_feedback(at->uow, "42", "bug", "it broke", &ret, err))
NOMEM_GIVES(trdb_telegram_feedback, feedback_status,
            trdb_telegram_set_feedback_status(at->uow, at->feedback, "closed", &ret, err))
NOMEM_GIVES(trdb_telegram_command_audit, log_command,
            trdb_telegram_log_command(at->uow,
                                      TRDB_TELEGRAM_COMMAND_AUDIT_NEW(.telegram_user_id = "42",
                                                                      .command = "/start"),
                                      &ret, err))
NOMEM_GIVES(trdb_telegram_broadcast_log, log_broadcast,
            trdb_telegram_log_broadcast(at->uow, "hello", "admin", trdb_i64(1), trdb_i64(2), &ret, err))
NOMEM_GIVES(trdb_telegram_alert_list, telegram_alerts,
            trdb_telegram_list_alerts(at->uow, "42", ALL, &ret, err))

const nomem_call nomem_telegram[] = {
    {"trdb_telegram_set_verification_code", set_code},
    {"trdb_telegram_count_codes_last_hour", codes_last_hour},
    {"trdb_telegram_verify_code", verify_code},
    {"trdb_telegram_set_user_email", set_email},
    {"trdb_telegram_reset_email_verification", reset_email},
    {"trdb_telegram_verify_user_email", verify_email},
    {"trdb_telegram_approve_user", approve},
    {"trdb_telegram_reject_user", reject},
    {"trdb_telegram_set_user_limit", set_limit},
    {"trdb_telegram_get_user_limit", get_limit},
    {"trdb_telegram_update_user_language", set_language},
    {"trdb_telegram_add_json_alert", add_json_alert},
    {"trdb_telegram_add_alert", add_alert},
    {"trdb_telegram_add_indicator_alert", add_indicator},
    {"trdb_telegram_update_alert", change_alert},
    {"trdb_telegram_delete_alert", remove_alert},
    {"trdb_telegram_add_schedule", add_schedule},
    {"trdb_telegram_add_json_schedule", add_json_schedule},
    {"trdb_telegram_update_schedule", change_schedule},
    {"trdb_telegram_delete_schedule", remove_schedule},
    {"trdb_telegram_set_setting", set_setting},
    {"trdb_telegram_add_feedback", add_feedback},
    {"trdb_telegram_set_feedback_status", feedback_status},
    {"trdb_telegram_log_command", log_command},
    {"trdb_telegram_log_broadcast", log_broadcast},
    {"trdb_telegram_list_alerts", telegram_alerts},
    {.name = NULL},
};
