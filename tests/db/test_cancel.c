/* SPDX-License-Identifier: MIT */
/* Cancelling a unit from another thread and from a signal handler: while it waits for a connection, while it
 * connects, while a statement runs; what is left of it, and what must not be hit. */
#include "pooltest.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/text.h"

static trdb_canceller *canceller;

static void setup_canceller(void) {
    trdb_error *err = NULL;
    setup();
    ck_ok(trdb_canceller_new(&canceller, &err), err);
}

static void teardown_canceller(void) {
    trdb_canceller_free(canceller);
    teardown();
}

static int begin_with(trdb_db *db, trdb_uow **ret, trdb_error **reterr) {
    trdb_uow_options options = trdb_uow_options_init();
    options.canceller = canceller;
    return trdb_uow_begin(db, &options, ret, reterr);
}

static void on_signal(int number) {
    (void)number;
    trdb_cancel(canceller);
}

/* Who cancels: a thread that does it itself, or one that sends the process SIGINT. It waits until the server
 * shows that there is something to cancel. */
typedef struct attack {
    pthread_t thread, target;
    const char *until; /* a query that gives t then */
    trdb_db *waiting;  /* or: somebody waits for a connection of it */
    int delay_ms;      /* or: so long */
    bool by_signal;
} attack;

static void *cancel_it(void *arg) {
    attack *a = arg;
    usleep((useconds_t)a->delay_ms * 1000);
    while (a->waiting && stats_of(a->waiting).waiting == 0)
        usleep(500);
    for (bool there = !a->until; !there;) {
        char *value = harness_value(url, "%s", a->until);
        there = strcmp(value, "t") == 0;
        free(value);
    }
    if (a->by_signal)
        pthread_kill(a->target, SIGINT);
    else
        trdb_cancel(canceller);
    return NULL;
}

static void start_attack(attack *a, int by_signal) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    a->by_signal = by_signal;
    a->target = pthread_self();
    pthread_create(&a->thread, NULL, cancel_it, a);
}

#define RUNS                                                                                                 \
    "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' "     \
    "AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()"

/* The connection serves the next unit: nothing that was meant for this one comes after it. */
START_TEST(a_running_statement) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = NULL;
    ck_ok(begin_with(db, &uow, &err), err);
    int pid = backend_pid(uow);
    attack a = {.until = RUNS};
    start_attack(&a, _i);
    trdbi_statement statement = pgtest_statement("SELECT pg_sleep(600)");
    ck_fails(trdbi_uow_run(uow, &statement, NULL, NULL, &err), TRDB_E_CANCELLED, "cancel", err);
    pthread_join(a.thread, NULL);
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_STATE);
    trdb_error_free(err);
    err = NULL;
    trdb_uow_free(uow);

    for (int i = 0; i < 20; i++) {
        uow = begin(db);
        ck_assert_int_eq(backend_pid(uow), pid);
        ck_ok(trdb_uow_commit(uow, &err), err);
        trdb_uow_free(uow);
    }
    ck_assert_int_eq(stats_of(db).connects, 1);
    ck_fails(begin_with(db, &uow, &err), TRDB_E_CANCELLED, "cancelled", err); /* for good */
    trdb_db_free(db);
}
END_TEST

START_TEST(statements_in_a_pipeline) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = NULL;
    ck_ok(begin_with(db, &uow, &err), err);
    trdbi_statement one = pgtest_statement("SELECT 1"), slow = pgtest_statement("SELECT pg_sleep(600)");
    ck_ok(trdbi_uow_queue(uow, &one, NULL, NULL, NULL, &err), err);
    ck_ok(trdbi_uow_queue(uow, &slow, NULL, NULL, NULL, &err), err);
    ck_ok(trdbi_uow_queue(uow, &one, NULL, NULL, NULL, &err), err);
    attack a = {.until = RUNS};
    start_attack(&a, _i);
    ck_fails(trdb_uow_flush(uow, &err), TRDB_E_CANCELLED, "cancel", err);
    pthread_join(a.thread, NULL);
    trdb_uow_free(uow);
    uow = begin(db);
    ck_assert_int_gt(backend_pid(uow), 0);
    trdb_uow_free(uow);
    ck_assert_int_eq(stats_of(db).connects, 1);
    trdb_db_free(db);
}
END_TEST

START_TEST(waiting_for_a_connection) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *holder = begin(db), *uow = NULL;
    attack a = {.waiting = db};
    start_attack(&a, _i);
    ck_fails(begin_with(db, &uow, &err), TRDB_E_CANCELLED, "waiting", err);
    pthread_join(a.thread, NULL);
    ck_assert_int_eq(stats_of(db).waiting, 0);
    trdb_uow_free(holder);
    trdb_uow_free(begin(db));
    ck_assert_int_eq(stats_of(db).idle, 1);
    trdb_db_free(db);
}
END_TEST

/* One that may be cancelled is served as any other. */
START_TEST(a_waiter_is_served) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *holder = begin(db);
    caller first = {.db = db, .timeout_ms = 60000, .canceller = canceller}, second = first;
    pthread_create(&first.thread, NULL, call, &first);
    wait_for(stats_of(db).waiting == 1);
    pthread_create(&second.thread, NULL, call, &second);
    wait_for(stats_of(db).waiting == 2);
    trdb_uow_free(holder);
    pthread_join(first.thread, NULL);
    pthread_join(second.thread, NULL);
    ck_assert_int_eq(first.code, 0);
    ck_assert_int_eq(second.code, 0);
    trdb_uow *uow = NULL;
    holder = begin(db);
    trdb_uow_options options = trdb_uow_options_init();
    options.canceller = canceller;
    options.pool_timeout_ms = 30;
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_TIMEOUT, "30 ms", err);
    trdb_uow_free(holder);
    trdb_db_free(db);
}
END_TEST

/* A server that accepts and never says a word. */
START_TEST(connecting) {
    trdb_error *err = NULL;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    getsockname(listener, (struct sockaddr *)&address, &size);
    const char *hosts[] = {"127.0.0.1",
                           "localhost"}; /* the second goes through the thread that resolves names */
    for (int i = 0; i < 2; i++) {
        char text[128];
        snprintf(text, sizeof text, "host=%s port=%d user=a dbname=b", hosts[i], ntohs(address.sin_port));
        trdb_db_options options = trdb_db_options_init();
        options.flags = TRDB_OPEN_LAZY;
        options.connect_timeout_ms = options.pool_timeout_ms = 600000;
        trdb_db *db = NULL;
        trdb_uow *uow = NULL;
        trdb_canceller_free(canceller);
        ck_ok(trdb_canceller_new(&canceller, &err), err);
        ck_ok(trdb_open(text, &options, &db, &err), err);
        attack a = {.delay_ms = 50};
        start_attack(&a, _i);
        ck_fails(begin_with(db, &uow, &err), TRDB_E_CANCELLED, "connecting", err);
        pthread_join(a.thread, NULL);
        trdb_db_free(db);
    }
    close(listener);
}
END_TEST

/* A table that gives a row every few milliseconds, each larger than what the server collects before it sends; in the
 * order of its key without a sort, which would have to see the last row before it gives the first. */
static void slow_table(void) {
    harness_sql(url, "ALTER DATABASE %s SET enable_sort = off", strstr(url, "dbname=") + strlen("dbname="));
    harness_sql(url, "ALTER TABLE telegram_settings RENAME TO slow; INSERT INTO slow SELECT n, repeat('x', 9000) "
                     "FROM generate_series(1, 2000) n; CREATE VIEW telegram_settings AS SELECT key, value FROM slow, "
                     "LATERAL (SELECT pg_sleep(0.01 + 0 * length(key))) z");
}

static int read_stream(trdb_uow *uow, trdb_error **reterr) {
    TRDB_AUTO(trdb_telegram_setting_stream) *stream = NULL;
    const trdb_telegram_setting *row = NULL;
    trdb_stream_options options = trdb_stream_options_init();
    options.batch_rows = 5;
    int r = trdb_telegram_settings_stream(uow, NULL, &options, &stream, reterr);
    for (r = r == 0 ? 1 : r; r > 0;)
        r = trdb_telegram_setting_stream_next(stream, &row, reterr);
    return r;
}

static int read_list(trdb_uow *uow, trdb_error **reterr) {
    TRDB_AUTO(trdb_telegram_setting_list) *list = NULL;
    return trdb_telegram_settings_list(uow, NULL, &list, reterr);
}

static int read_columns(trdb_uow *uow, trdb_error **reterr) {
    TRDB_AUTO(trdb_columns) *columns = NULL;
    return trdb_telegram_settings_columns(uow, NULL, NULL, &columns, reterr);
}

/* By a cursor, at once, and by COPY: each ends in the middle, and the connection serves the next unit. */
START_TEST(while_rows_arrive) {
    static int (*const ways[])(trdb_uow *, trdb_error **) = {read_stream, read_list, read_columns};
    trdb_error *err = NULL;
    slow_table();
    trdb_db *db = open_with(sized(1, -1));
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        trdb_uow *uow = NULL;
        trdb_canceller_free(canceller);
        ck_ok(trdb_canceller_new(&canceller, &err), err);
        ck_ok(begin_with(db, &uow, &err), err);
        int pid = backend_pid(uow);
        attack a = {.delay_ms = 300};
        start_attack(&a, _i);
        int64_t since_us = trdbi_monotonic_us();
        ck_fails(ways[i](uow, &err), TRDB_E_CANCELLED, "cancel", err);
        ck_assert_int_lt(trdbi_monotonic_us() - since_us, 5000000); /* all of it takes twenty seconds */
        pthread_join(a.thread, NULL);
        trdb_uow_free(uow);
        uow = begin(db);
        ck_assert_int_eq(backend_pid(uow), pid);
        trdb_uow_free(uow);
    }
    ck_assert_int_eq(stats_of(db).connects, 1);
    trdb_db_free(db);
}
END_TEST

START_TEST(between_calls) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = NULL;
    ck_ok(begin_with(db, &uow, &err), err);
    int pid = backend_pid(uow);
    trdb_cancel(canceller);
    trdb_canceller_free(canceller); /* the unit keeps it */
    canceller = NULL;
    trdbi_statement statement = pgtest_statement("SELECT 1");
    ck_fails(trdbi_uow_run(uow, &statement, NULL, NULL, &err), TRDB_E_CANCELLED, "cancelled", err);
    ck_fails(trdb_uow_commit(uow, &err), TRDB_E_CANCELLED, "cancelled", err);
    trdb_uow_free(uow);
    uow = begin(db);
    ck_assert_int_eq(backend_pid(uow), pid);
    trdb_uow_free(uow);
    trdb_db_free(db);
    trdb_cancel(NULL);
    trdb_canceller_free(NULL);
    ck_fails(trdb_canceller_new(NULL, &err), TRDB_E_INVALID, "ret", err);
}
END_TEST

/* A server that does not stop costs the connection, not more than two seconds. */
START_TEST(a_server_that_hangs) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = NULL;
    ck_ok(begin_with(db, &uow, &err), err);
    int pid = backend_pid(uow);
    ck_assert_int_eq(kill(pid, SIGSTOP), 0);
    attack a = {.delay_ms = 50};
    start_attack(&a, 0);
    int64_t since_us = trdbi_monotonic_us();
    trdbi_statement statement = pgtest_statement("SELECT 1");
    int r = trdbi_uow_run(uow, &statement, NULL, NULL, &err);
    trdb_uow_free(uow);
    int64_t took_us = trdbi_monotonic_us() - since_us;
    kill(pid, SIGCONT);
    pthread_join(a.thread, NULL);
    ck_assert_int_eq(r, TRDB_E_CANCELLED);
    trdb_error_free(err);
    ck_assert_int_lt(took_us, 4000000);
    uow = begin(db);
    ck_assert_int_ne(backend_pid(uow), pid);
    trdb_uow_free(uow);
    trdb_db_free(db);
}
END_TEST

/* A child shares the descriptor: it must not cancel what its parent does. */
START_TEST(a_forked_child_cancels_nothing) {
    trdb_error *err = NULL;
    trdb_db *db = open_with(sized(1, -1));
    trdb_uow *uow = NULL;
    ck_ok(begin_with(db, &uow, &err), err);
    pid_t child = fork();
    if (child == 0) {
        trdb_cancel(canceller);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    ck_assert_int_gt(backend_pid(uow), 0);
    trdb_uow_free(uow);
    trdb_db_free(db);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cancel");
    TCase *tcase = tcase_create("cancel");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup_canceller, teardown_canceller);
    /* 0: by a thread, 1: by SIGINT */
    tcase_add_loop_test(tcase, a_running_statement, 0, 2);
    tcase_add_loop_test(tcase, statements_in_a_pipeline, 0, 2);
    tcase_add_loop_test(tcase, waiting_for_a_connection, 0, 2);
    tcase_add_test(tcase, a_waiter_is_served);
    tcase_add_loop_test(tcase, connecting, 0, 2);
    tcase_add_loop_test(tcase, while_rows_arrive, 0, 2);
    tcase_add_test(tcase, between_calls);
    tcase_add_test(tcase, a_server_that_hangs);
    tcase_add_test(tcase, a_forked_child_cancels_nothing);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
