/* SPDX-License-Identifier: MIT */
/* Several sessions want one run, one name, one schedule. What waits is asked of the server, not guessed from
 * the clock. */
#include "fixture.h"

#include <pthread.h>
#include <unistd.h>

/* A call in another session, with a unit of its own. */
typedef struct session {
    pthread_t thread;
    int (*call)(struct session *session, trdb_uow *uow);
    pthread_barrier_t *ready; /* NULL: begins at once */
    int64_t id;
    int code;
    int again; /* what reading in the same unit answers after a refusal */
    trdb_error *error;
    char *text;
} session;

static void *run(void *arg) {
    session *s = arg;
    trdb_uow *uow = NULL;
    int64_t count;
    s->code = trdb_uow_begin(fix_db, NULL, &uow, &s->error);
    if (s->ready)
        pthread_barrier_wait(s->ready);
    if (s->code == 0)
        s->code = s->call(s, uow);
    s->again = uow ? trdb_usr_users_count(uow, NULL, &count, NULL) : -1;
    if (s->code == 0)
        s->code = trdb_uow_commit(uow, &s->error);
    trdb_uow_free(uow);
    return NULL;
}

static int claim(session *s, trdb_uow *uow) {
    trdb_job_schedule_run *row = NULL;
    int code = trdb_jobs_claim_run(uow, s->id, "other", &row, &s->error);
    trdb_job_schedule_run_free(row);
    return code;
}

static int cancel(session *s, trdb_uow *uow) {
    return trdb_jobs_cancel_run(uow, s->id, NULL, &s->error);
}

static int trigger(session *s, trdb_uow *uow) {
    return trdb_jobs_trigger_schedule(uow, s->id, NULL, &s->error);
}

static int create(session *s, trdb_uow *uow) {
    return trdb_jobs_create_schedule(
        uow,
        TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(7), .name = "mine", .target = "x",
                              .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT), .cron = "@daily"),
        NULL, &s->error);
}

static int create_alert(session *s, trdb_uow *uow) {
    trdb_job_schedule *row = NULL;
    int code = trdb_jobs_create_alert(uow, 7, "BTC", "1h", "{}", &row, &s->error);
    if (code == 0)
        s->text = strdup(row->name);
    trdb_job_schedule_free(row);
    return code;
}

static int move_to_tokyo(session *s, trdb_uow *uow) {
    return trdb_jobs_update_schedule(uow, s->id, TRDB_JOB_SCHEDULE_NEW(.timezone = "Asia/Tokyo"), NULL,
                                     &s->error);
}

static void start(session *s) {
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run, s), 0);
}

/* Expects what a joined session answered. */
static void failed(session *s, int code, const char *part) {
    pthread_join(s->thread, NULL);
    FAILS((fix_err = s->error, s->code), code, part);
    ck_assert_int_eq(s->again, 0); /* its unit was usable */
}

static void succeeded(session *s) {
    pthread_join(s->thread, NULL);
    ck_ok(s->code, s->error);
}

/* Returns once so many sessions wait for a lock; the timeout of the test is the limit. */
static void wait_until_blocked(int count) {
    for (int found = -1; found < count; usleep(2000)) {
        char *text =
            harness_value(fix_url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                   "AND wait_event_type = 'Lock' AND cardinality(pg_blocking_pids(pid)) > 0");
        found = atoi(text);
        free(text);
    }
}

static void begin_anew(void) {
    trdb_uow_free(fix_uow);
    fix_uow = NULL;
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
}

static void commit(void) {
    OK(trdb_uow_commit(fix_uow, &fix_err));
    begin_anew();
}

static int64_t pending_run(void) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_jobs_create_run(fix_uow, TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT)),
                            &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_run_free(row);
    commit();
    return id;
}

static void claim_here(int64_t id) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_jobs_claim_run(fix_uow, id, "here", &row, &fix_err));
    trdb_job_schedule_run_free(row);
}

static void run_is(int64_t id, int32_t status, int64_t attempt, const char *worker) {
    trdb_job_schedule_run *row = NULL;
    OK(trdb_job_schedule_run_get(fix_uow, id, &row, &fix_err));
    ck_assert_int_eq(row->status.value, status);
    ck_assert_int_eq(row->attempt.value, attempt);
    ck_assert_str_eq(row->worker_id ? row->worker_id : "", worker);
    trdb_job_schedule_run_free(row);
}

/* ---- claim_run --------------------------------------------------------------------------------------- */

START_TEST(claim_run_does_not_wait) {
    session second = {.call = claim, .id = pending_run()}, third = second;
    claim_here(second.id); /* not committed yet */
    start(&second);
    failed(&second, TRDB_E_CONFLICT, "is being claimed or changed by another session");
    commit();
    start(&third);
    failed(&third, TRDB_E_CONFLICT, "is running, not pending");
    run_is(second.id, TRDB_JOB_RUN_STATUS_RUNNING, 1, "here");
}
END_TEST

START_TEST(claim_run_that_was_rolled_back) {
    session second = {.call = claim, .id = pending_run()};
    claim_here(second.id);
    OK(trdb_uow_rollback(fix_uow, &fix_err));
    start(&second);
    succeeded(&second);
    begin_anew();
    run_is(second.id, TRDB_JOB_RUN_STATUS_RUNNING, 1, "other");
}
END_TEST

START_TEST(claim_run_of_many_at_once) {
    enum { SESSIONS = 8, ROUNDS = 20 };
    pthread_barrier_t ready;
    for (int round = 0; round < ROUNDS; round++) {
        session others[SESSIONS];
        int won = 0;
        int64_t id = pending_run();
        pthread_barrier_init(&ready, NULL, SESSIONS);
        for (int i = 0; i < SESSIONS; i++) {
            others[i] = (session){.call = claim, .ready = &ready, .id = id};
            start(&others[i]);
        }
        for (int i = 0; i < SESSIONS; i++) {
            pthread_join(others[i].thread, NULL);
            ck_assert_int_eq(others[i].again, 0);
            if (others[i].code != 0)
                ck_assert_int_eq(others[i].code, TRDB_E_CONFLICT);
            trdb_error_free(others[i].error);
            won += others[i].code == 0;
        }
        pthread_barrier_destroy(&ready);
        ck_assert_int_eq(won, 1);
        run_is(id, TRDB_JOB_RUN_STATUS_RUNNING, 1, "other");
    }
}
END_TEST

/* ---- cancel_run -------------------------------------------------------------------------------------- */

START_TEST(cancel_run_waits_for_a_claim) {
    session second = {.call = cancel, .id = pending_run()};
    claim_here(second.id);
    start(&second);
    wait_until_blocked(1);
    commit();
    failed(&second, TRDB_E_CONFLICT, "is running, not pending");
    run_is(second.id, TRDB_JOB_RUN_STATUS_RUNNING, 1, "here");
}
END_TEST

START_TEST(claim_run_while_it_is_cancelled) {
    session second = {.call = claim, .id = pending_run()};
    OK(trdb_jobs_cancel_run(fix_uow, second.id, NULL, &fix_err));
    start(&second);
    failed(&second, TRDB_E_CONFLICT, "is being claimed or changed by another session");
    commit();
    run_is(second.id, TRDB_JOB_RUN_STATUS_CANCELLED, 0, "");
}
END_TEST

/* ---- schedules --------------------------------------------------------------------------------------- */

static int64_t stored(void) {
    trdb_job_schedule *row = NULL;
    OK(trdb_jobs_get_schedule_by_name(fix_uow, 7, "mine", &row, &fix_err));
    int64_t id = row->id;
    trdb_job_schedule_free(row);
    return id;
}

static int64_t created_here(void) {
    session here = {.call = create};
    ck_ok(create(&here, fix_uow), here.error);
    return stored();
}

static void delete_here(int64_t id) {
    OK(trdb_jobs_delete_schedule(fix_uow, id, &fix_err));
}

START_TEST(create_schedule_of_one_name_at_once) {
    session second = {.call = create}, third = second;
    int64_t id = created_here();
    start(&second);
    wait_until_blocked(1);
    commit();
    failed(&second, TRDB_E_DUPLICATE, "has a schedule called \"mine\" already");
    delete_here(id);
    start(&third); /* the name is free if the deletion stays */
    wait_until_blocked(1);
    commit();
    succeeded(&third);
    delete_here(stored());
    commit();
}
END_TEST

START_TEST(trigger_schedule_while_it_is_deleted) {
    session second = {.call = trigger, .id = created_here()};
    commit();
    delete_here(second.id);
    start(&second);
    wait_until_blocked(1);
    commit();
    failed(&second, TRDB_E_NOT_FOUND, "job_schedules: no row with id");
}
END_TEST

START_TEST(update_schedule_of_cron_and_zone_at_once) {
    session second = {.call = move_to_tokyo, .id = created_here()};
    trdb_job_schedule *row = NULL;
    trdb_cron *cron = NULL;
    trdb_timestamp least, before = trdb_timestamp_now();
    commit();
    OK(trdb_jobs_update_schedule(fix_uow, second.id, TRDB_JOB_SCHEDULE_NEW(.cron = "30 4 1 1 *"), NULL,
                                 &fix_err));
    start(&second);
    wait_until_blocked(1);
    commit();
    succeeded(&second); /* with the expression that came meanwhile */
    OK(trdb_job_schedule_get(fix_uow, second.id, &row, &fix_err));
    OK(trdb_cron_parse("30 4 1 1 *", "Asia/Tokyo", &cron, &fix_err));
    OK(trdb_cron_next(cron, before, &least, &fix_err));
    ck_assert_int_eq(row->next_run_at.us, least.us);
    trdb_cron_free(cron);
    trdb_job_schedule_free(row);
    delete_here(second.id);
    commit();
}
END_TEST

START_TEST(create_alert_of_one_ticker_at_once) {
    session here = {.call = create_alert}, second = here;
    ck_ok(create_alert(&here, fix_uow), here.error);
    ck_assert_str_eq(here.text, "Alert: BTC");
    start(&second);
    wait_until_blocked(1);
    commit();
    succeeded(&second);
    ck_assert_str_eq(second.text, "Alert: BTC (2)");
    free(here.text), free(second.text);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("jobs_claim");
    TCase *tcase = fix_case("jobs at once");
    tcase_add_test(tcase, claim_run_does_not_wait);
    tcase_add_test(tcase, claim_run_that_was_rolled_back);
    tcase_add_test(tcase, claim_run_of_many_at_once);
    tcase_add_test(tcase, cancel_run_waits_for_a_claim);
    tcase_add_test(tcase, claim_run_while_it_is_cancelled);
    tcase_add_test(tcase, create_schedule_of_one_name_at_once);
    tcase_add_test(tcase, trigger_schedule_while_it_is_deleted);
    tcase_add_test(tcase, update_schedule_of_cron_and_zone_at_once);
    tcase_add_test(tcase, create_alert_of_one_ticker_at_once);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
