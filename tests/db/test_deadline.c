/* SPDX-License-Identifier: MIT */
/* A server that takes or says nothing for longer than a unit may last: every kind of call ends in time. */
#include "pgtest.h"

#include "core/core.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"

enum { TIMEOUT_MS = 700, GRACE_MS = 1000 };

static char *url;
static trdb_db *db;

static void setup(void) {
    trdb_error *err = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.ping_after_ms = -1;
    url = harness_database();
    ck_ok(trdb_open(url, &options, &db, &err), err);
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

/* A unit with a deadline. Its connection's process is stopped, as a machine without power would be. */
typedef struct stalled {
    trdb_uow *uow;
    int pid;
    pid_t waker;
} stalled;

static int backend_pid(trdb_uow *uow) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    trdbi_statement statement = pgtest_statement("SELECT pg_backend_pid()::text");
    ck_ok(trdbi_uow_run(uow, &statement, NULL, &result, &err), err);
    size_t size = 0;
    const char *value = trdbi_result_value(result, 0, 0, &size);
    char text[16] = "";
    memcpy(text, value, size);
    trdbi_result_free(result);
    return atoi(text);
}

/* Stops a process. A test that fails ends at once, and a server with a stopped process cannot drop a database
 * any more: so a child wakes it when its parent has gone. */
static pid_t stop(int pid) {
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        setpgid(0, 0);
        while (getppid() == parent)
            usleep(50000);
        kill(pid, SIGCONT);
        _exit(0);
    }
    kill(pid, SIGSTOP);
    return child;
}

static void wake(int pid, pid_t child) {
    kill(pid, SIGCONT);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static stalled begin(uint32_t flags, int resolve_timeout_ms) {
    trdb_error *err = NULL;
    stalled s = {.uow = NULL};
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    options.timeout_ms = TIMEOUT_MS;
    options.resolve_timeout_ms = resolve_timeout_ms;
    ck_ok(trdb_uow_begin(db, &options, &s.uow, &err), err);
    s.pid = backend_pid(s.uow);
    return s;
}

static int insert(trdb_uow *uow, const char *value, trdb_error **reterr) {
    return trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = "a", .value = value), NULL,
                                        reterr);
}

/* One that has inserted already. On a busy machine its time may be over by then: another one. */
static stalled begin_prepared(void) {
    for (int tries = 0;; tries++) {
        stalled s = begin(0, 0);
        if (insert(s.uow, "1", NULL) == 0)
            return s;
        ck_assert_int_lt(tries, 20);
        trdb_uow_free(s.uow);
    }
}

static void end(stalled *s) {
    trdb_uow_free(s->uow);
    wake(s->pid, s->waker);
}

static int64_t now_ms(void) {
    return trdbi_monotonic_us() / 1000;
}

#define ck_in_time(since) ck_assert_int_lt(now_ms() - (since), TIMEOUT_MS + GRACE_MS)

/* The pool is as good as before, without the connection that was given up. */
static void ck_pool_works(void) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    ck_assert_int_gt(backend_pid(uow), 0);
}

START_TEST(a_call_ends_in_time) {
    trdb_error *err = NULL;
    stalled s = begin(0, 0);
    int64_t since = now_ms();
    s.waker = stop(s.pid);
    int code = insert(s.uow, "1", &err);
    ck_in_time(since);
    ck_assert(trdb_error_retryable(err) && !trdb_error_in_doubt(err));
    ck_assert_str_eq(trdb_error_statement(err), "telegram_settings.insert");
    ck_fails(code, TRDB_E_CONNECTION_LOST, "in time", err);
    ck_fails(insert(s.uow, "1", &err), TRDB_E_STATE, "in time", err);
    end(&s);
    ck_pool_works();
}
END_TEST

START_TEST(a_prepared_call_ends_in_time) {
    trdb_error *err = NULL;
    stalled s = begin_prepared();
    s.waker = stop(s.pid);
    int64_t since = now_ms();
    ck_fails(insert(s.uow, "2", &err), TRDB_E_CONNECTION_LOST, "in time", err);
    ck_in_time(since);
    end(&s);
}
END_TEST

START_TEST(a_flush_ends_in_time) {
    trdb_error *err = NULL;
    stalled s = begin(TRDB_UOW_PIPELINE, 0);
    s.waker = stop(s.pid);
    ck_ok(insert(s.uow, "1", &err), err);
    int64_t since = now_ms();
    ck_fails(trdb_uow_flush(s.uow, &err), TRDB_E_CONNECTION_LOST, "in time", err);
    ck_in_time(since);
    end(&s);
}
END_TEST

/* More than fits into the buffers of the socket. */
START_TEST(a_call_that_cannot_be_sent_ends_in_time) {
    trdb_error *err = NULL;
    size_t size = 4 << 20;
    char *value = malloc(size + 1);
    memset(value, 'x', size);
    value[size] = '\0';
    for (int prepared = 0; prepared < 2; prepared++) {
        stalled s = prepared ? begin_prepared() : begin(0, 0);
        s.waker = stop(s.pid);
        int64_t since = now_ms();
        int code = trdb_telegram_setting_insert(
            s.uow, TRDB_TELEGRAM_SETTING_NEW(.key = "b", .value = value), NULL, &err);
        ck_in_time(since);
        ck_fails(code, TRDB_E_CONNECTION_LOST, "in time", err);
        end(&s);
    }
    free(value);
}
END_TEST

START_TEST(a_copy_ends_in_time) {
    trdb_error *err = NULL;
    enum { ROWS = 100000 };
    char *id = harness_value(url, "WITH u AS (INSERT INTO usr_users DEFAULT VALUES RETURNING id) "
                                  "INSERT INTO trading_bots (user_id, type, status, config) "
                                  "SELECT id, 'paper', 'running', '{}' FROM u RETURNING id");
    trdb_trading_trade_new *rows = calloc(ROWS, sizeof *rows);
    for (size_t i = 0; i < ROWS; i++)
        rows[i] = *TRDB_TRADING_TRADE_NEW(
            .bot_id = trdb_i64(atoll(id)), .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
            .symbol = "BTCUSDT", .interval = "1h", .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
            .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN), .entry_time = trdb_time(trdb_timestamp_from_us(0)),
            .entry_price = trdb_dec("1"), .entry_logic_name = "a", .exit_logic_name = "b");
    free(id);
    stalled s = begin_prepared();
    s.waker = stop(s.pid);
    int64_t since = now_ms();
    int code = trdb_trading_trades_insert(s.uow, rows, sizeof *rows, ROWS, NULL, &err);
    ck_in_time(since);
    ck_fails(code, TRDB_E_CONNECTION_LOST, "in time", err);
    end(&s);
    free(rows);
}
END_TEST

START_TEST(a_commit_ends_in_time) {
    trdb_error *err = NULL;
    stalled s = begin(0, -1);
    ck_ok(insert(s.uow, "1", &err), err);
    s.waker = stop(s.pid);
    int64_t since = now_ms();
    int code = trdb_uow_commit(s.uow, &err);
    ck_in_time(since);
    ck_assert(trdb_error_in_doubt(err));
    ck_fails(code, TRDB_E_IN_DOUBT, "not known", err);
    end(&s);
}
END_TEST

/* The first attempt meets a process that is stopped, the second another one. */
typedef struct plan {
    int attempts;
    int stops; /* so many attempts */
    int pids[8];
    pid_t wakers[8];
} plan;

static int meet_stopped(trdb_uow *uow, void *arg, trdb_error **reterr) {
    plan *p = arg;
    p->pids[p->attempts] = backend_pid(uow);
    if (p->attempts < p->stops)
        p->wakers[p->attempts] = stop(p->pids[p->attempts]);
    p->attempts++;
    return insert(uow, "1", reterr);
}

static int run_stopped(plan *p, int timeout_ms, trdb_error **reterr) {
    trdb_uow_options unit = trdb_uow_options_init();
    unit.timeout_ms = TIMEOUT_MS;
    trdb_run_options options = trdb_run_options_init();
    options.uow = &unit;
    options.total_timeout_ms = timeout_ms;
    options.first_pause_ms = 1;
    int code = trdb_run(db, meet_stopped, p, &options, reterr);
    for (int i = 0; i < p->attempts && i < p->stops; i++)
        wake(p->pids[i], p->wakers[i]);
    return code;
}

START_TEST(a_run_goes_on_elsewhere) {
    trdb_error *err = NULL;
    plan p = {.stops = 2};
    ck_ok(run_stopped(&p, 0, &err), err);
    ck_assert_int_eq(p.attempts, 3);
}
END_TEST

START_TEST(a_run_ends_in_time) {
    trdb_error *err = NULL;
    plan p = {.stops = 8};
    int64_t since = now_ms();
    int code = run_stopped(&p, TIMEOUT_MS * 2, &err);
    ck_assert_int_lt(now_ms() - since, TIMEOUT_MS * 2 + GRACE_MS);
    ck_fails(code, TRDB_E_CONNECTION_LOST, "in time", err);
    ck_assert_int_le(p.attempts, 3);
    trdb_run_options options = trdb_run_options_init();
    options.total_timeout_ms = -1;
    ck_fails(trdb_run(db, meet_stopped, &p, &options, &err), TRDB_E_INVALID, "negative", err);
}
END_TEST

START_TEST(without_a_limit_a_unit_waits) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_uow) *uow = NULL;
    ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
    trdbi_statement statement = pgtest_statement("SELECT pg_sleep(1)");
    ck_ok(trdbi_uow_run(uow, &statement, NULL, NULL, &err), err);
    trdb_uow_options options = trdb_uow_options_init();
    options.timeout_ms = -1;
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_INVALID, "timeout_ms", err);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("deadline");
    TCase *tcase = tcase_create("deadline");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_call_ends_in_time);
    tcase_add_test(tcase, a_prepared_call_ends_in_time);
    tcase_add_test(tcase, a_flush_ends_in_time);
    tcase_add_test(tcase, a_call_that_cannot_be_sent_ends_in_time);
    tcase_add_test(tcase, a_copy_ends_in_time);
    tcase_add_test(tcase, a_commit_ends_in_time);
    tcase_add_test(tcase, a_run_goes_on_elsewhere);
    tcase_add_test(tcase, a_run_ends_in_time);
    tcase_add_test(tcase, without_a_limit_a_unit_waits);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
