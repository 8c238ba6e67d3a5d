/* SPDX-License-Identifier: MIT */
/* The daily report as a cron job, and a worker that runs it once. */
#include "day.h"

#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

extern char **environ;

/* In the evening of each trading day, whatever the clocks in Berlin do. */
static int ensure_schedule(trdb_uow *uow, const import *im, trdb_job_schedule **ret, trdb_error **reterr) {
    char params[64], name[64];
    snprintf(name, sizeof name, "Daily report of bot %lld", (long long)im->bot_id);
    snprintf(params, sizeof params, "{\"bot_id\": %lld}", (long long)im->bot_id);
    int code = trdb_jobs_get_schedule_by_name(uow, im->user_id, name, ret, reterr);
    if (code != TRDB_E_NOT_FOUND)
        return code;
    return trdb_jobs_create_schedule(
        uow,
        TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(im->user_id), .name = name,
                              .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT), .target = "trading day",
                              .cron = "30 17 * * MON-FRI", .timezone = "Europe/Berlin",
                              .task_params = params),
        ret, reterr);
}

/* Makes a run that is due now and claims it for this worker. */
static int trigger_and_claim(trdb_db *db, const import *im, trdb_job_schedule **ret_schedule,
                             trdb_job_schedule_run **ret_run, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    TRDB_AUTO(trdb_job_schedule_run) *due = NULL;
    int code = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code == 0)
        code = ensure_schedule(uow, im, ret_schedule, reterr);
    if (code == 0)
        code = trdb_jobs_trigger_schedule(uow, (*ret_schedule)->id, &due, reterr);
    if (code == 0)
        code = trdb_jobs_claim_run(uow, due->id, "trading-day", ret_run, reterr);
    return code == 0 ? trdb_uow_commit(uow, reterr) : code;
}

/* The work itself is done by the command `tradingdb`, outside of any unit. */
static bool render(int64_t bot_id, const char *picture) {
    char bot[32];
    snprintf(bot, sizeof bot, "%lld", (long long)bot_id);
    const char *const command[] = {"tradingdb", "report", "--bot", bot, "--svg", picture, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1 /* O_WRONLY */, 0);
    if (posix_spawnp(&child, command[0], &actions, NULL, (char *const *)(uintptr_t)command, environ) == 0)
        waitpid(child, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return status == 0;
}

static int finish(trdb_db *db, const trdb_job_schedule_run *run, bool done, trdb_error **reterr) {
    TRDB_AUTO(trdb_uow) *uow = NULL;
    int code = trdb_uow_begin(db, NULL, &uow, reterr);
    if (code == 0)
        code = trdb_jobs_finish_run(uow, run->id, run->lease_token.value,
                                    done ? TRDB_JOB_RUN_STATUS_COMPLETED : TRDB_JOB_RUN_STATUS_FAILED,
                                    done ? "{\"rendered\": true}" : NULL,
                                    done ? NULL : "tradingdb report failed", NULL, reterr);
    return code == 0 ? trdb_uow_commit(uow, reterr) : code;
}

static void print(const trdb_job_schedule *schedule, bool done, const char *picture) {
    TRDB_AUTO(trdb_cron) *cron = NULL;
    char next[TRDB_TIMESTAMP_TEXT_SIZE] = "-";
    printf("\nCron job\n");
    if (trdb_cron_parse(schedule->cron, schedule->timezone, &cron, NULL) == 0)
        printf("  %s: %s\n", schedule->name, trdb_cron_describe(cron));
    trdb_timestamp_format_in(schedule->next_run_at, schedule->timezone, next, sizeof next, NULL);
    printf("  next run %s\n", next);
    printf("  run once now: %s%s%s\n", done ? "completed" : "failed", picture ? ", picture in " : "",
           picture ? picture : "");
}

int job_run(const import *im, const char *picture, trdb_error **reterr) {
    TRDB_AUTO(trdb_job_schedule) *schedule = NULL;
    TRDB_AUTO(trdb_job_schedule_run) *run = NULL;
    int code = trigger_and_claim(im->db, im, &schedule, &run, reterr);
    if (code < 0)
        return code;
    bool done = picture == NULL || render(im->bot_id, picture);
    code = finish(im->db, run, done, reterr);
    if (code == 0)
        print(schedule, done, picture);
    return code;
}
