/* SPDX-License-Identifier: MIT */
/* Servers that go away, hang and come back: who loses connections by it, how often a dead server is asked, how soon
 * callers have their answer, and what makes connections anew. */
#include "pooltest.h"
#include "relay.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

#include "base/text.h"

static relay *first, *second;
static trdb_error *err;
static trdb_db *db;

static void setup_relays(void) {
    setup();
    first = relay_new(harness_direct());
    second = relay_new(harness_direct());
    db = NULL;
}

static void teardown_relays(void) {
    trdb_db_free(db);
    relay_free(first);
    relay_free(second);
    teardown();
}

static void open_through(const char *hosts, trdb_db_options options) {
    char text[400];
    snprintf(text, sizeof text, "host=%s user=tester dbname=%s", hosts, strstr(url, "dbname=") + strlen("dbname="));
    ck_ok(trdb_open(text, &options, &db, &err), err);
}

static void open_both(trdb_db_options options) {
    char hosts[256];
    snprintf(hosts, sizeof hosts, "%s,%s", first->directory, second->directory);
    open_through(hosts, options);
}

static int touch(trdb_uow *uow) {
    const trdbi_statement statement = pgtest_statement("SELECT 1");
    return trdbi_uow_run(uow, &statement, NULL, NULL, NULL);
}

static int use(int timeout_ms) {
    trdb_uow_options options = trdb_uow_options_init();
    trdb_uow *uow = NULL;
    options.pool_timeout_ms = timeout_ms;
    int code = trdb_uow_begin(db, &options, &uow, NULL);
    if (code == 0)
        code = touch(uow);
    trdb_uow_free(uow);
    return code;
}

/* ---- who loses connections ------------------------------------------------------------------------ */

/* A server that is gone takes the connections to its own address along, not those to another. */
START_TEST(eviction_is_by_address) {
    trdb_uow *units[6];
    open_both(sized(6, -1));
    for (int i = 0; i < 6; i++) {
        if (i == 3)
            first->mode = RELAY_REFUSE; /* libpq goes on to the second host */
        units[i] = begin(db);
        ck_assert_int_eq(touch(units[i]), 0);
    }
    for (int i = 1; i < 6; i++)
        trdb_uow_free(units[i]);
    ck_assert_int_eq(stats_of(db).idle, 5);
    relay_cut(first);
    ck_assert_int_eq(touch(units[0]), TRDB_E_CONNECTION_LOST);
    trdb_uow_free(units[0]);
    ck_assert_int_eq(stats_of(db).idle, 3);
    ck_assert_int_eq(stats_of(db).discards, 3);
    for (int i = 0; i < 3; i++) {
        units[i] = begin(db);
        ck_assert_int_eq(touch(units[i]), 0);
    }
    ck_assert_int_eq(stats_of(db).connects, 6);
    for (int i = 0; i < 3; i++)
        trdb_uow_free(units[i]);
}
END_TEST

/* That a unit's own time was up, or that the server ended one session, says nothing of the others. */
START_TEST(one_session_is_no_server) {
    open_through(first->directory, sized(3, -1));
    for (int way = 0; way < 2; way++) {
        trdb_uow_options options = trdb_uow_options_init();
        trdb_uow *other = begin(db), *uow = begin(db);
        ck_assert_int_eq(touch(other), 0);
        trdb_uow_free(uow); /* there are two, so that no time goes into connecting */
        options.timeout_ms = way == 0 ? 500 : 0;
        ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
        trdb_uow_free(other);
        ck_assert_int_eq(stats_of(db).idle, 1);
        const trdbi_statement slow = pgtest_statement("SELECT pg_sleep(60)");
        const trdbi_statement limit = pgtest_statement("SET idle_in_transaction_session_timeout = 50");
        if (way == 0) {
            ck_assert_int_eq(trdbi_uow_run(uow, &slow, NULL, NULL, NULL), TRDB_E_CONNECTION_LOST);
        } else {
            ck_ok(trdbi_uow_run(uow, &limit, NULL, NULL, &err), err);
            usleep(400000);
            ck_assert_int_eq(touch(uow), TRDB_E_CONNECTION_LOST);
        }
        trdb_uow_free(uow);
        ck_assert_int_eq(stats_of(db).idle, 1);
    }
    ck_assert_int_eq(stats_of(db).discards, 2);
}
END_TEST

/* A resting connection hears why its server ends it, and so do its neighbours. */
START_TEST(a_resting_connection_hears_it) {
    trdb_db_options options = sized(3, -1);
    options.trust_ms = -1;
    open_through(first->directory, options);
    trdb_uow *units[3];
    int pids[3];
    for (int i = 0; i < 3; i++) {
        units[i] = begin(db);
        pids[i] = backend_pid(units[i]);
    }
    for (int i = 0; i < 3; i++)
        trdb_uow_free(units[i]);
    terminate(pids[2]); /* the one that is lent next */
    ck_assert_int_eq(use(10000), 0);
    ck_assert_int_eq(stats_of(db).discards, 3);
    ck_assert_int_eq(stats_of(db).open, 1);
}
END_TEST

/* ---- a dead server -------------------------------------------------------------------------------- */

enum { THREADS = 8 };

typedef struct worker {
    pthread_t thread;
    atomic_bool *stop;
    int64_t longest_us;
    int calls, failures, strange;
} worker;

static void *work(void *arg) {
    worker *w = arg;
    while (!*w->stop) {
        int64_t since_us = trdbi_monotonic_us();
        int code = use(20000);
        int64_t took_us = trdbi_monotonic_us() - since_us;
        w->longest_us = took_us > w->longest_us ? took_us : w->longest_us;
        w->calls++;
        w->failures += code < 0;
        w->strange += code < 0 && code != TRDB_E_CONNECT && code != TRDB_E_CONNECTION_LOST;
    }
    return NULL;
}

/* However many threads want a connection, a dead server is asked about once a second, callers have their answer
 * soon, and when it is back everything goes on by itself. */
START_TEST(a_dead_server_is_not_hammered) {
    atomic_bool stop = false;
    worker workers[THREADS] = {{.calls = 0}};
    open_through(first->directory, sized(THREADS, -1));
    first->mode = RELAY_REFUSE;
    relay_cut(first);
    int before = first->attempts;
    for (int i = 0; i < THREADS; i++) {
        workers[i].stop = &stop;
        pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    usleep(3000000);
    int attempts = first->attempts - before;
    first->mode = RELAY_PASS;
    int64_t since_us = trdbi_monotonic_us();
    ck_assert_int_eq(use(20000), 0);
    ck_assert_int_lt(trdbi_monotonic_us() - since_us, 5000000);
    stop = true;
    int failures = 0;
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        failures += workers[i].failures;
        ck_assert_int_eq(workers[i].strange, 0);
        ck_assert_int_lt(workers[i].longest_us, 10000000); /* of the 20 s that it has */
    }
    ck_assert_int_ge(failures, THREADS); /* each heard of it */
    ck_assert_int_ge(attempts, 3);
    /* All at once before the first failed, then after 25 to 50, 50 to 100, … 500 to 1000 ms. */
    ck_assert_msg(attempts <= THREADS + 11, "%d attempts", attempts);
}
END_TEST

/* One that waits for the next attempt can be cancelled, and its deadline holds. */
START_TEST(waiting_for_a_dead_server_ends) {
    trdb_db_options options = sized(4, -1);
    options.connect_timeout_ms = 60000;
    open_through(first->directory, options);
    first->mode = RELAY_REFUSE;
    relay_cut(first);
    for (int i = 0; i < 6; i++)
        ck_assert_int_lt(use(10000), 0); /* the pause is about a second now */
    first->mode = RELAY_SILENT;          /* and then the one who tries hangs */
    for (int cancels = 0; cancels < 2; cancels++) {
        trdb_canceller *canceller = NULL;
        caller callers[3];
        ck_ok(trdb_canceller_new(&canceller, &err), err);
        for (int i = 0; i < 3; i++)
            callers[i] = (caller){.db = db, .timeout_ms = cancels ? 60000 : 1500, .canceller = canceller};
        int64_t since_us = trdbi_monotonic_us();
        for (int i = 0; i < 3; i++)
            pthread_create(&callers[i].thread, NULL, call, &callers[i]);
        if (cancels) {
            usleep(100000);
            trdb_cancel(canceller);
        }
        for (int i = 0; i < 3; i++) {
            pthread_join(callers[i].thread, NULL);
            ck_assert_int_eq(callers[i].code, cancels ? TRDB_E_CANCELLED : TRDB_E_TIMEOUT);
        }
        ck_assert_int_lt(trdbi_monotonic_us() - since_us, cancels ? 1100000 : 2500000);
        trdb_canceller_free(canceller);
        ck_assert_int_eq(stats_of(db).waiting, 0);
    }
    first->mode = RELAY_PASS;
    ck_assert_int_eq(use(10000), 0);
}
END_TEST

/* ---- deadlines ------------------------------------------------------------------------------------- */

enum { TIMEOUT_MS = 400, GRACE_MS = 1000 };

/* At whatever point of saying hello the server falls silent. */
START_TEST(hellos_that_hang_end_in_time) {
    static const int limits[] = {0, 1, 9, 14, 60, 300, 360, 400};
    trdb_db_options options = sized(2, -1);
    options.flags = TRDB_OPEN_LAZY;
    open_through(first->directory, options);
    ck_assert_int_eq(use(10000), 0);
    relay_cut(first);
    ck_assert_int_lt(use(10000), 0);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        first->limit = limits[i];
        int64_t since_us = trdbi_monotonic_us();
        int code = use(TIMEOUT_MS);
        ck_assert_int_lt(trdbi_monotonic_us() - since_us, (TIMEOUT_MS + GRACE_MS) * 1000);
        ck_assert_msg(code == TRDB_E_TIMEOUT || code == TRDB_E_CONNECTION_LOST, "after %d bytes: %s", limits[i],
                      trdb_error_code_name(code));
    }
    first->limit = -1;
    ck_assert_int_eq(use(10000), 0);
}
END_TEST

/* An address that takes no SYN, as a machine without power: a listening socket whose queue is full. */
typedef struct black_hole {
    int listener, fillers[8];
    int port;
} black_hole;

static black_hole dig(void) {
    black_hole hole;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    hole.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(hole.listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(hole.listener, 0), 0);
    getsockname(hole.listener, (struct sockaddr *)&address, &size);
    hole.port = ntohs(address.sin_port);
    for (int i = 0; i < 8; i++) {
        hole.fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(hole.fillers[i], (struct sockaddr *)&address, size);
    }
    usleep(50000);
    return hole;
}

static void fill_up(black_hole *hole) {
    close(hole->listener);
    for (int i = 0; i < 8; i++)
        close(hole->fillers[i]);
}

START_TEST(a_black_hole_ends_in_time) {
    black_hole hole = dig();
    trdb_db_options options = sized(2, -1);
    char text[160];
    options.flags = TRDB_OPEN_LAZY;
    snprintf(text, sizeof text, "host=127.0.0.1 port=%d user=tester dbname=a", hole.port);
    ck_ok(trdb_open(text, &options, &db, &err), err);
    for (int i = 0; i < 2; i++) {
        int64_t since_us = trdbi_monotonic_us();
        ck_assert_int_eq(use(TIMEOUT_MS), TRDB_E_TIMEOUT);
        ck_assert_int_lt(trdbi_monotonic_us() - since_us, (TIMEOUT_MS + GRACE_MS) * 1000);
    }
    fill_up(&hole);
}
END_TEST

/* The first of two hosts is down, dead or hangs: the second serves within the time for connecting. */
START_TEST(a_dead_first_host_is_passed_over) {
    static const char *const ways[] = {"refuses", "is silent", "stops in the middle", "is a black hole"};
    black_hole hole = dig();
    for (int way = 0; way < 4; way++) {
        trdb_db_options options = sized(2, -1);
        char text[400], name[128];
        snprintf(name, sizeof name, "%s", strstr(url, "dbname=") + strlen("dbname="));
        first->mode = way == 0 ? RELAY_REFUSE : way == 1 ? RELAY_SILENT : RELAY_PASS;
        first->limit = way == 2 ? 60 : -1;
        options.connect_timeout_ms = 3000;
        if (way < 3)
            snprintf(text, sizeof text, "host=%s,%s user=tester dbname=%s", first->directory, second->directory, name);
        else
            snprintf(text, sizeof text, "host=127.0.0.1,%s port=%d,%s user=tester dbname=%s", second->directory,
                     hole.port, harness_port(), name);
        int64_t since_us = trdbi_monotonic_us();
        int code = trdb_open(text, &options, &db, &err);
        ck_assert_msg(code == 0, "%s: %s", ways[way], trdb_error_message(err));
        ck_assert_int_lt(trdbi_monotonic_us() - since_us, (3000 + GRACE_MS) * 1000);
        ck_assert_int_eq(use(10000), 0);
        trdb_db_free(db);
        db = NULL;
    }
    fill_up(&hole);
}
END_TEST

/* ---- repair ----------------------------------------------------------------------------------------- */

/* The connections that the pool keeps come back without anybody asking for one. */
START_TEST(lost_connections_are_made_anew) {
    trdb_db_options options = sized(5, -1);
    options.pool_min = 3;
    open_through(first->directory, options);
    ck_assert_int_eq(stats_of(db).idle, 3);
    for (int round = 0; round < 2; round++) {
        trdb_uow *uow = begin(db);
        ck_assert_int_eq(touch(uow), 0);
        first->mode = RELAY_REFUSE;
        int before = first->attempts;
        relay_cut(first);
        ck_assert_int_eq(touch(uow), TRDB_E_CONNECTION_LOST);
        trdb_uow_free(uow);
        ck_assert_int_eq(stats_of(db).idle, 0);
        usleep(1500000);
        int attempts = first->attempts - before;
        ck_assert_int_ge(attempts, 2);
        ck_assert_int_le(attempts, 9);
        first->mode = RELAY_PASS;
        wait_for(stats_of(db).idle == 3);
    }
    ck_assert_int_eq(stats_of(db).checkouts, 2); /* the pool's own are none */
    ck_assert_int_eq(use(10000), 0);
}
END_TEST

/* Closing ends it, whatever it waits for: the pause, or a server that says nothing. */
START_TEST(closing_ends_the_repair) {
    for (int silent = 0; silent < 2; silent++) {
        trdb_db_options options = sized(5, -1);
        options.pool_min = 2;
        options.connect_timeout_ms = 60000;
        first->mode = RELAY_PASS;
        open_through(first->directory, options);
        trdb_uow *uow = begin(db);
        ck_assert_int_eq(touch(uow), 0);
        first->mode = silent ? RELAY_SILENT : RELAY_REFUSE;
        relay_cut(first);
        ck_assert_int_eq(touch(uow), TRDB_E_CONNECTION_LOST);
        trdb_uow_free(uow);
        usleep(600000);
        int64_t since_us = trdbi_monotonic_us();
        trdb_db_free(db);
        db = NULL;
        ck_assert_int_lt(trdbi_monotonic_us() - since_us, 1000000);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool_repair");
    TCase *tcase = tcase_create("pool_repair");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup_relays, teardown_relays);
    tcase_add_test(tcase, eviction_is_by_address);
    tcase_add_test(tcase, one_session_is_no_server);
    tcase_add_test(tcase, a_resting_connection_hears_it);
    tcase_add_test(tcase, a_dead_server_is_not_hammered);
    tcase_add_test(tcase, waiting_for_a_dead_server_ends);
    tcase_add_test(tcase, hellos_that_hang_end_in_time);
    tcase_add_test(tcase, a_black_hole_ends_in_time);
    tcase_add_test(tcase, a_dead_first_host_is_passed_over);
    tcase_add_test(tcase, lost_connections_are_made_anew);
    tcase_add_test(tcase, closing_ends_the_repair);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
