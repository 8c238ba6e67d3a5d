/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- columns ----------------------------------------------------------------------------------------- */

static const column list_columns[] = {
    KEY("id", "id", trdb_job_schedule, id),
    I64("user_id", "user", 4, trdb_job_schedule, user_id),
    TEXT("name", "name", 1, trdb_job_schedule, name),
    ENUM("job_type", "type", 2, trdb_job_schedule, job_type),
    TEXT("target", "target", 5, trdb_job_schedule, target),
    TEXT("cron", "cron", 2, trdb_job_schedule, cron),
    TEXT("timezone", "zone", 3, trdb_job_schedule, timezone),
    BOOL("enabled", "enabled", 3, trdb_job_schedule, enabled),
    TIME("next_run_at", "next run", 2, trdb_job_schedule, next_run_at),
    TIME("last_run_at", "last run", 6, trdb_job_schedule, last_run_at),
};

/* A job, and its cron expression in words. */
typedef struct job_row {
    trdb_job_schedule job;
    const char *described;
} job_row;

static const column show_columns[] = {
    KEY("id", "id", job_row, job.id),
    I64("user_id", "user", 0, job_row, job.user_id),
    TEXT("name", "name", 0, job_row, job.name),
    ENUM("job_type", "type", 0, job_row, job.job_type),
    TEXT("target", "target", 0, job_row, job.target),
    TEXT("cron", "cron", 0, job_row, job.cron),
    TEXT("timezone", "zone", 0, job_row, job.timezone),
    TEXT("description", "that is", 0, job_row, described),
    BOOL("enabled", "enabled", 0, job_row, job.enabled),
    TIME("next_run_at", "next run", 0, job_row, job.next_run_at),
    TIME("last_run_at", "last run", 0, job_row, job.last_run_at),
    ENUM("missed_policy", "when missed", 0, job_row, job.missed_policy),
    I64("missed_limit", "most missed runs", 0, job_row, job.missed_limit),
    ENUM("overlap_policy", "when still running", 0, job_row, job.overlap_policy),
    I64("max_attempts", "attempts", 0, job_row, job.max_attempts),
    TIME("created_at", "created", 0, job_row, job.created_at),
    TIME("updated_at", "changed", 0, job_row, job.updated_at),
    JSON("task_params", "parameters", 0, job_row, job.task_params),
};

/* Not the lease_token: whoever has it may end the run. */
static const column run_columns[] = {
    KEY("id", "run", trdb_job_schedule_run, id),
    I64("job_id", "job", 2, trdb_job_schedule_run, job_id),
    I64("user_id", "user", 6, trdb_job_schedule_run, user_id),
    ENUM("job_type", "type", 3, trdb_job_schedule_run, job_type),
    STATE("status", "status", 0, trdb_job_schedule_run, status),
    TIME("scheduled_for", "due", 0, trdb_job_schedule_run, scheduled_for),
    TIME("started_at", "started", 4, trdb_job_schedule_run, started_at),
    TIME("finished_at", "ended", 3, trdb_job_schedule_run, finished_at),
    I64("attempt", "attempt", 5, trdb_job_schedule_run, attempt),
    TEXT("worker_id", "worker", 5, trdb_job_schedule_run, worker_id),
    FAULT("error", "error", 1, trdb_job_schedule_run, error),
    TIME("enqueued_at", NULL, 0, trdb_job_schedule_run, enqueued_at),
    I64("max_attempts", NULL, 0, trdb_job_schedule_run, max_attempts),
    TIME("run_after", NULL, 0, trdb_job_schedule_run, run_after),
    I64("priority", NULL, 0, trdb_job_schedule_run, priority),
    JSON("job_snapshot", NULL, 0, trdb_job_schedule_run, job_snapshot),
    JSON("result", NULL, 0, trdb_job_schedule_run, result),
};

/* Statistics, and where their period begins: days back, or a time. */
typedef struct stats_row {
    trdb_job_run_statistics stats;
    trdb_timestamp since;
} stats_row;

static const column stats_columns[] = {
    I64("total_runs", "runs", 0, stats_row, stats.total_runs),
    I64("pending", "pending", 0, stats_row, stats.pending),
    I64("running", "running", 0, stats_row, stats.running),
    I64("completed", "completed", 0, stats_row, stats.completed),
    I64("failed", "failed", 0, stats_row, stats.failed),
    I64("cancelled", "cancelled", 0, stats_row, stats.cancelled),
    I64("skipped", "skipped", 0, stats_row, stats.skipped),
    I64("missed", "missed", 0, stats_row, stats.missed),
    I64("dead", "dead", 0, stats_row, stats.dead),
    DEC("average_execution_seconds", "seconds each, completed", 0, stats_row,
        stats.average_execution_seconds),
    I64("period_days", "in days", 0, stats_row, stats.period_days),
    TIME("since", "since", 0, stats_row, since),
};

static const char job_remedy[] = "`tradingdb jobs list` shows those that there are";
static const char run_remedy[] = "`tradingdb jobs runs` shows those that there are";

static trdb_in_i64 optional_id(int64_t id) {
    return id ? trdb_i64(id) : (trdb_in_i64){0, TRDB_NOT_GIVEN, 0};
}

static trdb_in_enum optional_choice(int32_t choice) {
    return choice ? trdb_enum(choice) : (trdb_in_enum){0, TRDB_NOT_GIVEN};
}

/* ---- lists ------------------------------------------------------------------------------------------- */

static int list_page(const cli *o, session *s, printer *p, pager *pages) {
    TRDB_AUTO(trdb_job_schedule_list) *jobs = NULL;
    const trdb_in_bool enabled =
        o->enabled || o->disabled ? trdb_bool(o->enabled) : (trdb_in_bool){0, TRDB_NOT_GIVEN};
    if (trdb_jobs_list_schedules(s->uow, optional_id(o->user), optional_choice(o->type), enabled,
                                 optional_id(pages->last), pager_ask(pages), &jobs, &s->error) < 0)
        return session_missing(s, "job", pages->last, job_remedy);
    TRDB_FOREACH(trdb_job_schedule, job, jobs) {
        if (pager_take(pages, job->id))
            printer_row(p, job);
    }
    return CLI_OK;
}

static int runs_page(const cli *o, session *s, printer *p, pager *pages, int32_t job_type) {
    TRDB_AUTO(trdb_job_schedule_run_list) *runs = NULL;
    const trdb_in_i64 after = optional_id(pages->last);
    const int code =
        o->job ? trdb_jobs_runs_by_job(s->uow, job_type, o->job, after, pager_ask(pages), &runs, &s->error)
               : trdb_jobs_list_runs(s->uow, optional_id(o->user), optional_choice(o->type),
                                     optional_choice(o->status), optional_choice(0), false, after,
                                     pager_ask(pages), &runs, &s->error);
    if (code < 0)
        return session_missing(s, "run", pages->last, run_remedy);
    TRDB_FOREACH(trdb_job_schedule_run, run, runs) {
        if (pager_take(pages, run->id))
            printer_row(p, run);
    }
    return CLI_OK;
}

int cmd_jobs_list(const cli *o) {
    SESSION(s);
    int rc;
    char next[VALUE_SIZE];
    pager pages = pager_begin(o);
    if (o->enabled && o->disabled)
        return cli_usage_error("--enabled and --disabled exclude each other");
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    printer *p = printer_begin(o, "jobs", list_columns, COUNT(list_columns));
    if (!p)
        return CLI_FAILED;
    do {
        rc = list_page(o, &s, p, &pages);
    } while (rc == CLI_OK && pager_goes_on(&pages));
    return rc == CLI_OK ? printer_end(p, pager_next(&pages, next)) : printer_abort(p, rc);
}

int cmd_jobs_runs(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_job_schedule) *job = NULL;
    int rc;
    char next[VALUE_SIZE];
    pager pages = pager_begin(o);
    if (o->job && (o->user || o->type || o->status))
        return cli_usage_error("--job stands alone: --user, --type and --status choose among all runs");
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (o->job && trdb_job_schedule_get(s.uow, o->job, &job, &s.error) < 0)
        return session_missing(&s, "job", o->job, job_remedy);
    printer *p = printer_begin(o, "runs", run_columns, COUNT(run_columns));
    if (!p)
        return CLI_FAILED;
    do {
        rc = runs_page(o, &s, p, &pages, job ? job->job_type.value : 0);
    } while (rc == CLI_OK && pager_goes_on(&pages));
    return rc == CLI_OK ? printer_end(p, pager_next(&pages, next)) : printer_abort(p, rc);
}

/* ---- one job ----------------------------------------------------------------------------------------- */

/* The cron expression in words lives as long as *ret_cron; one that cannot be read has none. */
static job_row row_of(const trdb_job_schedule *job, trdb_cron **ret_cron) {
    job_row row = {.job = *job};
    if (trdb_cron_parse(job->cron, job->timezone, ret_cron, NULL) == 0)
        row.described = trdb_cron_describe(*ret_cron);
    return row;
}

static int print_job(const cli *o, const trdb_job_schedule *job, const trdb_job_schedule_run_list *runs) {
    TRDB_AUTO(trdb_cron) *cron = NULL;
    json_writer w = {0};
    const job_row row = row_of(job, &cron);
    if (!o->json || !runs)
        return print_record(o, show_columns, COUNT(show_columns), &row);
    json_open(&w, NULL, '{', true);
    for (size_t i = 0; i < COUNT(show_columns); i++)
        json_value(&w, o, &show_columns[i], &row);
    json_open(&w, "runs", '[', true);
    TRDB_FOREACH(trdb_job_schedule_run, run, runs)
        json_row(&w, o, NULL, run_columns, COUNT(run_columns), run, false);
    json_close(&w, ']');
    json_close(&w, '}');
    return cli_finish(CLI_OK);
}

/* The runs below a job, for a person. */
static int print_runs(const cli *o, const trdb_job_schedule_run_list *runs) {
    if (trdb_job_schedule_run_list_count(runs) == 0)
        return CLI_OK;
    putchar('\n');
    printer *p = printer_begin(o, "runs", run_columns, COUNT(run_columns));
    if (!p)
        return CLI_FAILED;
    TRDB_FOREACH(trdb_job_schedule_run, run, runs)
        printer_row(p, run);
    return printer_end(p, NULL);
}

int cmd_jobs_show(const cli *o) {
    enum { LAST_RUNS = 10 };
    SESSION(s);
    TRDB_AUTO(trdb_job_schedule) *job = NULL;
    TRDB_AUTO(trdb_job_schedule_run_list) *runs = NULL;
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_job_schedule_get(s.uow, o->id, &job, &s.error) < 0)
        return session_missing(&s, "job", o->id, job_remedy);
    if (job->job_type.value > 0 && trdb_jobs_runs_by_job(s.uow, job->job_type.value, job->id, optional_id(0),
                                                         trdb_i64(LAST_RUNS), &runs, &s.error) < 0)
        return session_failed(&s);
    const int rc = print_job(o, job, runs);
    return rc == CLI_OK && !o->json && !o->csv ? print_runs(o, runs) : rc;
}

/* ---- changes ----------------------------------------------------------------------------------------- */

static int no_cron(const char *name, trdb_error *error) {
    cli_usage_error("%s: %s", name, trdb_error_message(error));
    trdb_error_free(error);
    return CLI_USAGE;
}

static int add_job(const cli *o, const char *params) {
    SESSION(s);
    TRDB_AUTO(trdb_job_schedule) *job = NULL;
    TRDB_AUTO(trdb_cron) *cron = NULL;
    char time[CLI_TIME_SIZE];
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    trdb_job_schedule_new new = trdb_job_schedule_new_init();
    new.user_id = trdb_i64(o->user);
    new.name = o->name;
    new.job_type = trdb_enum(o->type);
    new.target = o->target;
    new.cron = o->cron;
    new.timezone = o->tz;
    new.task_params = params;
    if (o->disabled)
        new.enabled = trdb_bool(false);
    if (trdb_jobs_create_schedule(s.uow, &new, &job, &s.error) < 0) {
        if (trdb_error_code(s.error) == TRDB_E_DUPLICATE)
            return cli_error("%s; `tradingdb jobs list --user %" PRId64 "` shows it",
                             trdb_error_message(s.error), o->user);
        return session_failed(&s);
    }
    if (session_commit(&s) != CLI_OK)
        return CLI_FAILED;
    if (o->json || o->csv)
        return print_job(o, job, NULL);
    const job_row row = row_of(job, &cron);
    printf("added job %" PRId64 ": %s", job->id, row.described ? row.described : job->cron);
    if (job->enabled.value)
        printf("; due next %s", cli_show_time(o, job->next_run_at, time));
    putchar('\n');
    return cli_finish(CLI_OK);
}

int cmd_jobs_add(const cli *o) {
    TRDB_AUTO(trdb_cron) *cron = NULL;
    trdb_error *error = NULL;
    if (trdb_cron_parse(o->cron, o->tz, &cron, &error) < 0)
        return no_cron("--cron", error);
    char *params = o->params ? cli_json_value("--params", o->params) : NULL;
    const int rc = o->params && !params ? CLI_FAILED : add_job(o, params);
    free(params);
    return rc;
}

static int print_run(const cli *o, const trdb_job_schedule_run *run) {
    if (o->json || o->csv)
        return print_record(o, run_columns, COUNT(run_columns), run);
    printf("run %" PRId64, run->id);
    if (run->job_id.set)
        printf(" of job %" PRId64, run->job_id.value);
    printf(" is %s\n", run->status.text);
    return cli_finish(CLI_OK);
}

int cmd_jobs_trigger(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_job_schedule_run) *run = NULL;
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_jobs_trigger_schedule(s.uow, o->id, &run, &s.error) < 0)
        return session_missing(&s, "job", o->id, job_remedy);
    return session_commit(&s) == CLI_OK ? print_run(o, run) : CLI_FAILED;
}

int cmd_jobs_cancel(const cli *o) {
    SESSION(s);
    TRDB_AUTO(trdb_job_schedule_run) *run = NULL;
    if (session_write(o, &s) != CLI_OK)
        return CLI_FAILED;
    if (trdb_jobs_cancel_run(s.uow, o->id, &run, &s.error) < 0)
        return session_missing(&s, "run", o->id, run_remedy);
    return session_commit(&s) == CLI_OK ? print_run(o, run) : CLI_FAILED;
}

/* ---- figures ----------------------------------------------------------------------------------------- */

int cmd_jobs_stats(const cli *o) {
    enum { DEFAULT_DAYS = 30 };
    SESSION(s);
    TRDB_AUTO(trdb_job_run_statistics) *stats = NULL;
    const trdb_in_i64 user = optional_id(o->user);
    const trdb_in_enum type = optional_choice(o->type);
    if (o->days && o->from.kind != TRDB_TIMESTAMP_NULL)
        return cli_usage_error("--days and --from exclude each other");
    if (session_read(o, &s) != CLI_OK)
        return CLI_FAILED;
    const int code =
        o->from.kind != TRDB_TIMESTAMP_NULL
            ? trdb_jobs_run_statistics_since(s.uow, user, type, o->from, &stats, &s.error)
            : trdb_jobs_run_statistics(s.uow, user, type, o->days ? o->days : DEFAULT_DAYS, &stats, &s.error);
    if (code < 0)
        return session_failed(&s);
    stats_row row = {.stats = *stats, .since = o->from};
    if (o->from.kind != TRDB_TIMESTAMP_NULL)
        row.stats.period_days = (trdb_opt_i64){0};
    return print_record(o, stats_columns, COUNT(stats_columns), &row);
}

/* ---- next -------------------------------------------------------------------------------------------- */

typedef struct next_row {
    trdb_timestamp at;
    const char *weekday;
} next_row;

static const column next_columns[] = {
    TIME("at", "due", 0, next_row, at),
    TEXT("weekday", "day", 0, next_row, weekday),
};

/* The day of the week in the zone of --tz. */
static const char *weekday_of(const cli *o, trdb_timestamp at) {
    static const char *const names[] = {"Thu", "Fri", "Sat", "Sun",
                                        "Mon", "Tue", "Wed"}; /* 1970-01-01 first */
    char date[CLI_TIME_SIZE];
    trdb_timestamp midnight;
    cli_format_time(o, at, date);
    date[strlen("2024-05-01")] = '\0';
    if (trdb_timestamp_parse_in(date, "UTC", &midnight, NULL) < 0 || midnight.us < 0)
        return NULL;
    return names[midnight.us / INT64_C(86400000000) % 7];
}

/* Fills rows with what comes after a time; their number, which is less when the years that matter have no
 * more. */
static int fill_next(const cli *o, const trdb_cron *cron, trdb_timestamp after, int count, next_row *rows) {
    for (int i = 0; i < count; i++) {
        if (trdb_cron_next(cron, after, &after, NULL) < 0)
            return i;
        rows[i] = (next_row){after, weekday_of(o, after)};
    }
    return count;
}

static int print_next(const cli *o, const trdb_cron *cron, const next_row *rows, int count) {
    if (o->json) {
        json_writer w = {0};
        json_open(&w, NULL, '{', true);
        json_string(&w, "cron", trdb_cron_expression(cron));
        json_string(&w, "timezone", trdb_cron_timezone(cron));
        json_string(&w, "description", trdb_cron_describe(cron));
        json_open(&w, "times", '[', true);
        for (int i = 0; i < count; i++)
            json_row(&w, o, NULL, next_columns, COUNT(next_columns), &rows[i], false);
        json_close(&w, ']');
        json_close(&w, '}');
        return cli_finish(CLI_OK);
    }
    if (!o->csv)
        printf("%s%s%s\n", look(o, LOOK_BOLD), trdb_cron_describe(cron), look_end(o));
    printer *p = printer_begin(o, "times", next_columns, COUNT(next_columns));
    if (!p)
        return CLI_FAILED;
    for (int i = 0; i < count; i++)
        printer_row(p, &rows[i]);
    return printer_end(p, NULL);
}

int cmd_jobs_next(const cli *o) {
    enum { DEFAULT_TIMES = 5, MOST_TIMES = 10000 };
    TRDB_AUTO(trdb_cron) *cron = NULL;
    trdb_error *error = NULL;
    const trdb_timestamp after = o->as_of.kind == TRDB_TIMESTAMP_NULL ? trdb_timestamp_now() : o->as_of;
    const int wanted = o->limit ? o->limit : DEFAULT_TIMES;
    if (wanted > MOST_TIMES)
        return cli_usage_error("--limit is at most %d here", MOST_TIMES);
    if (trdb_cron_parse(o->operands[0], o->tz, &cron, &error) < 0)
        return no_cron("EXPR", error);
    next_row *rows = calloc((size_t)wanted, sizeof *rows);
    if (!rows)
        return cli_error("out of memory");
    const int rc = print_next(o, cron, rows, fill_next(o, cron, after, wanted, rows));
    free(rows);
    return rc;
}
