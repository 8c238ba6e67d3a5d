/* SPDX-License-Identifier: MIT */
/* Reading from a replica: lag budgets, tokens, and what becomes of both when servers stop, hang, die and are
 * promoted. The order of the tests matters: the last one promotes the standby. */
#include "pairtest.h"
#include "relay.h"

#include "core/core.h"

#include <time.h>
#include <unistd.h>

static trdb_db *db;

static void setup(void) {
    trdb_error *err = NULL;
    ck_ok(trdb_open(pair_primary_url, NULL, &db, &err), err);
    ck_ok(trdb_db_add_replica(db, pair_standby_url, NULL, &err), err);
}

static void teardown(void) {
    trdb_db_free(db);
}

static trdb_uow *begin(const trdb_uow_options *options) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    ck_ok(trdb_uow_begin(db, options, &uow, &err), err);
    return uow;
}

static trdb_uow_options reading(void) {
    trdb_uow_options options = trdb_uow_options_init();
    options.replica = TRDB_REPLICA_PREFER;
    return options;
}

static trdb_uow_options after(const trdb_token *token) {
    trdb_uow_options options = reading();
    options.after = token;
    return options;
}

/* The token of a commit, valid until the next one. */
static const trdb_token *write_key(const char *key) {
    trdb_error *err = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_TOKEN;
    trdb_uow *uow = begin(&options);
    static trdb_token token;
    ck_ok(trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key), NULL, &err), err);
    ck_fails(trdb_uow_token(uow, &token, &err), TRDB_E_STATE, "no token", err);
    ck_ok(trdb_uow_commit(uow, &err), err);
    ck_ok(trdb_uow_token(uow, &token, &err), err);
    trdb_uow_free(uow);
    return &token;
}

static bool holds(trdb_uow *uow, const char *key) {
    trdb_error *err = NULL;
    trdbi_result *result = NULL;
    trdbi_statement statement = pgtest_statement("SELECT 1 FROM telegram_settings WHERE key = $1");
    statement.reads = true;
    trdbi_params params = {0};
    trdbi_params_text(&params, key);
    ck_ok(trdbi_uow_run(uow, &statement, &params, &result, &err), err);
    bool found = trdbi_result_rows(result) == 1;
    trdbi_result_free(result);
    trdbi_params_free(&params);
    return found;
}

/* Who serves a unit, and whether it sees a key: "replica", "primary", each with " sees". */
static const char *serves(const trdb_uow_options *options, const char *key) {
    trdb_uow *uow = begin(options);
    bool replica = trdb_uow_on_replica(uow), sees = holds(uow, key);
    trdb_uow_free(uow);
    return replica ? (sees ? "replica sees" : "replica") : (sees ? "primary sees" : "primary");
}

/* A busy machine may not connect within the time that a first read gives it. */
static void await(const trdb_uow_options *options, const char *key, const char *wanted) {
    const char *by = serves(options, key);
    for (int i = 0; i < 1200 && strcmp(by, wanted) != 0; i++) {
        usleep(50000);
        by = serves(options, key);
    }
    ck_assert_str_eq(by, wanted);
}

static void pause_replay(bool pause) {
    harness_sql(pair_standby_url, "SELECT pg_wal_replay_%s()", pause ? "pause" : "resume");
    pair_until(pair_standby_url, pause ? "pg_get_wal_replay_pause_state() = 'paused'"
                                       : "pg_get_wal_replay_pause_state() = 'not paused'");
}

START_TEST(reads_see_their_own_writes) {
    trdb_uow_options plain = reading();
    await(&plain, "none", "replica");
    int replicas = 0;
    for (int i = 0; i < 20; i++) {
        char key[32];
        snprintf(key, sizeof key, "own %d", i);
        trdb_uow_options options = after(write_key(key));
        options.replica_wait_ms = 5000;
        const char *by = serves(&options, key);
        ck_assert_msg(strstr(by, " sees") != NULL, "%s by %s", key, by);
        replicas += strcmp(by, "replica sees") == 0;
    }
    ck_assert_int_eq(replicas, 20);
}
END_TEST

/* The place a connection has seen its server reach is not asked for again. */
START_TEST(a_token_costs_at_most_one_question) {
    trdb_error *err = NULL;
    static pgtest_log log;
    trdb_uow_options options = after(write_key("counted"));
    await(&options, "counted", "replica sees");
    ck_ok(trdb_set_trace(db, pgtest_remember, &log, &err), err);
    ck_assert_str_eq(serves(&options, "counted"), "replica sees");
    for (int i = 0; i < log.count; i++)
        ck_assert_str_ne(log.events[i].statement, "replica.place");
    ck_assert_int_gt(log.count, 0);
    log.count = 0;
    (void)write_key("counted too");
    int64_t commit = 0, token = -1;
    for (int i = 0; i < log.count; i++) {
        commit = strcmp(log.events[i].statement, "commit") == 0 ? log.events[i].round_trip : commit;
        token = strcmp(log.events[i].statement, "commit.token") == 0 ? log.events[i].round_trip : token;
    }
    ck_assert_int_eq(token, commit);
}
END_TEST

START_TEST(a_paused_replica_answers_no_tokened_read) {
    trdb_uow_options plain = reading();
    pause_replay(true);
    for (int i = 0; i < 5; i++) {
        char key[32];
        snprintf(key, sizeof key, "paused %d", i);
        trdb_uow_options options = after(write_key(key));
        ck_assert_str_eq(serves(&options, key), "primary sees");
        ck_assert_str_eq(serves(&plain, key), "replica"); /* it answers, and is behind */
    }
    trdb_uow_options options = after(write_key("resumed"));
    pause_replay(false);
    await(&options, "resumed", "replica sees");
}
END_TEST

START_TEST(a_lag_budget_is_kept) {
    trdb_uow_options options = reading();
    options.lag_budget_ms = 300;
    (void)write_key("in time");
    await(&options, "in time", "replica sees");
    pause_replay(true);
    (void)write_key("late");
    usleep(400000);
    ck_assert_str_eq(serves(&options, "late"), "primary sees");
    pause_replay(false);
    await(&options, "late", "replica sees");
}
END_TEST

START_TEST(tokens_of_another_line_go_to_the_primary) {
    const trdb_token *right = write_key("line");
    trdb_token token = *right;
    trdb_uow_options options = after(&token);
    await(&options, "line", "replica sees");
    token.timeline++;
    ck_assert_str_eq(serves(&options, "line"), "primary sees");
    token = *right;
    token.system_identifier ^= 1;
    ck_assert_str_eq(serves(&options, "line"), "primary sees");
}
END_TEST

START_TEST(writes_are_refused_whoever_serves) {
    trdb_error *err = NULL;
    trdb_uow_options options = reading();
    await(&options, "no", "replica");
    for (int serializable = 0; serializable < 2; serializable++) {
        options.isolation = serializable ? TRDB_ISOLATION_SERIALIZABLE : TRDB_ISOLATION_DEFAULT;
        trdb_uow *uow = begin(&options);
        ck_assert_int_eq(trdb_uow_on_replica(uow), !serializable);
        ck_fails(trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = "no"), NULL, &err),
                 TRDB_E_READ_ONLY, "read-only", err);
        trdb_uow_free(uow);
    }
    char *count = harness_value(pair_primary_url, "SELECT count(*) FROM telegram_settings WHERE key = 'no'");
    ck_assert_str_eq(count, "0");
    free(count);
}
END_TEST

START_TEST(a_dead_replica_fails_no_read) {
    trdb_error *err = NULL;
    trdb_uow_options options = reading();
    (void)write_key("alive");
    await(&options, "alive", "replica sees");
    trdb_uow *fresh = begin(&options), *used = begin(&options);
    options.isolation = TRDB_ISOLATION_REPEATABLE_READ;
    trdb_uow *snapshot = begin(&options);
    ck_assert(holds(used, "alive") && holds(snapshot, "alive"));
    pair_server("kill", pair_standby);

    ck_assert(trdb_uow_on_replica(fresh) && holds(fresh, "alive") && !trdb_uow_on_replica(fresh));
    ck_assert(trdb_uow_on_replica(used) && holds(used, "alive") && !trdb_uow_on_replica(used));
    trdbi_statement statement = pgtest_statement("SELECT 1");
    int r = trdbi_uow_run(snapshot, &statement, NULL, NULL, &err); /* what it saw, the primary cannot show */
    ck_fails(r, TRDB_E_CONNECTION_LOST, "lost", err);
    ck_ok(trdb_uow_commit(fresh, &err), err);
    trdb_uow_free(fresh);
    trdb_uow_free(used);
    trdb_uow_free(snapshot);
    options = reading();
    for (int i = 0; i < 10; i++)
        ck_assert_str_eq(serves(&options, "alive"), "primary sees");
    pair_server("start", pair_standby);
    await(&options, "alive", "replica sees");
}
END_TEST

/* One that hangs is not asked for long, and then left alone. */
START_TEST(a_silent_replica_is_passed_over) {
    trdb_uow_options options = after(write_key("talks"));
    await(&options, "talks", "replica sees");
    options = after(write_key("silent"));
    pair_signal(pair_standby, "STOP");
    time_t since = time(NULL);
    for (int i = 0; i < 20; i++)
        ck_assert_str_eq(serves(&options, "silent"), "primary sees");
    time_t took = time(NULL) - since;
    pair_signal(pair_standby, "CONT");
    ck_assert_msg(took < 20, "%ld seconds", (long)took);
    await(&options, "silent", "replica sees");
}
END_TEST

START_TEST(bad_options) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = reading();
    options.replica = 7;
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_INVALID, "replica is 7", err);
    options = reading();
    options.lag_budget_ms = -1;
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_INVALID, "lag_budget_ms is -1", err);
    options = after(&(trdb_token){.lsn = 5});
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_INVALID, "no token", err);
    options = after(&(trdb_token){1, 1, 1});
    options.replica = TRDB_REPLICA_NEVER;
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_INVALID, "need TRDB_REPLICA_PREFER", err);
    options = reading();
    options.flags = TRDB_UOW_TOKEN;
    ck_fails(trdb_uow_begin(db, &options, &uow, &err), TRDB_E_INVALID, "TRDB_UOW_TOKEN", err);
    ck_assert_ptr_null(uow);
    ck_fails(trdb_db_add_replica(db, NULL, NULL, &err), TRDB_E_INVALID, "conninfo", err);
    ck_fails(trdb_db_add_replica(db, "nonsense", NULL, &err), TRDB_E_INVALID, "malformed", err);
    for (int i = 1; i < 16; i++)
        ck_ok(trdb_db_add_replica(db, pair_standby_url, NULL, &err), err);
    ck_fails(trdb_db_add_replica(db, pair_standby_url, NULL, &err), TRDB_E_STATE, "16 replicas", err);
    trdb_close(db);
    ck_fails(trdb_db_add_replica(db, pair_standby_url, NULL, &err), TRDB_E_CLOSED, "closed", err);
}
END_TEST

/* ---- hosts ----------------------------------------------------------------------------------------- */

static trdb_capabilities of(const char *first, const char *second, const char *attrs) {
    char url[320];
    trdb_error *err = NULL;
    trdb_db *other = NULL;
    trdb_capabilities found = trdb_capabilities_init();
    snprintf(url, sizeof url, "host=%s,%s user=tester dbname=postgres target_session_attrs=%s", first, second,
             attrs);
    ck_ok(trdb_open(url, NULL, &other, &err), err);
    ck_ok(trdb_db_get_capabilities(other, &found, &err), err);
    trdb_db_free(other);
    return found;
}

START_TEST(hosts_are_chosen_by_their_role) {
    const char *const a = pair_primary, *const b = pair_standby;
    ck_assert_int_eq(of(a, b, "any").standby, 0);
    ck_assert_int_eq(of(b, a, "any").standby, 1);
    ck_assert_int_eq(of(b, a, "read-write").standby, 0);
    ck_assert_int_eq(of(b, a, "primary").standby, 0);
    ck_assert_int_eq(of(a, b, "read-only").standby, 1);
    ck_assert_int_eq(of(a, b, "standby").standby, 1);
    ck_assert_int_eq(of(a, b, "prefer-standby").standby, 1);
    ck_assert_int_eq(of(a, "/nonexistent", "prefer-standby").standby, 0);
    trdb_capabilities primary = of(a, b, "any"), standby = of(b, a, "any");
    ck_assert_int_eq(primary.timeline, 1);
    ck_assert_int_eq(primary.outcome, 1);
    ck_assert_int_eq(standby.timeline, 0);
    ck_assert_int_eq(standby.outcome, 0);
    ck_assert(primary.system_identifier != 0 && primary.system_identifier == standby.system_identifier);
    ck_assert_int_ge(primary.server_version, 150000);
}
END_TEST

static int write_once(trdb_uow *uow, void *arg, trdb_error **reterr) {
    return trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = arg), NULL, reterr);
}

static int begin_and_end(trdb_db *own, trdb_error **reterr) {
    trdb_uow *uow = NULL;
    int code = trdb_uow_begin(own, NULL, &uow, reterr);
    trdb_uow_free(uow);
    return code;
}

/* What answers where the primary was may be a standby by now: it is not lent, unless it is what was opened. */
START_TEST(a_demoted_primary_is_not_lent) {
    char url[256];
    trdb_error *err = NULL;
    trdb_db *own = NULL, *reading_only = NULL;
    relay *way = relay_new(pair_primary);
    snprintf(url, sizeof url, "host=%s user=tester dbname=postgres", way->directory);
    ck_ok(trdb_open(url, NULL, &own, &err), err);
    trdb_uow *uow = NULL;
    ck_ok(trdb_uow_begin(own, NULL, &uow, &err), err);
    relay_to(way, pair_standby);
    relay_cut(way);
    ck_ok(trdb_open(url, NULL, &reading_only, &err), err);
    ck_ok(begin_and_end(reading_only, &err), err);
    trdb_telegram_setting *row = NULL;
    ck_assert_int_eq(trdb_telegram_setting_get(uow, "a", &row, NULL), TRDB_E_CONNECTION_LOST);
    trdb_uow_free(uow);
    for (int i = 0; i < 2; i++)
        ck_fails(begin_and_end(own, &err), TRDB_E_CONNECT, "is a standby", err);
    relay_to(way, pair_primary);
    ck_ok(begin_and_end(own, &err), err);
    relay_cut(way); /* what was opened on a standby may be promoted */
    (void)begin_and_end(reading_only, NULL);
    ck_ok(begin_and_end(reading_only, &err), err);
    trdb_db_free(own);
    trdb_db_free(reading_only);
    relay_free(way);
}
END_TEST

/* The primary dies and the standby is promoted: pool, replica and tokens go on without hands. */
START_TEST(the_pool_follows_a_promotion) {
    char url[320];
    trdb_error *err = NULL;
    trdb_db_free(db);
    snprintf(url, sizeof url, "host=%s,%s user=tester dbname=postgres target_session_attrs=read-write",
             pair_primary, pair_standby);
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    ck_ok(trdb_db_add_replica(db, pair_standby_url, NULL, &err), err);
    const trdb_token old = *write_key("before");
    trdb_uow_options options = after(&old);
    await(&options, "before", "replica sees");
    trdb_uow *reader = begin(&options);

    pair_server("kill", pair_primary);
    pair_server("promote", pair_standby);
    char key[] = "promoted";
    trdb_run_options patience = trdb_run_options_init();
    patience.attempts = 20;
    ck_ok(trdb_run(db, write_once, key, &patience, &err), err);
    trdb_capabilities now = trdb_capabilities_init();
    ck_ok(trdb_db_get_capabilities(db, &now, &err), err);
    ck_assert_int_eq(now.timeline, 2);
    ck_assert_int_eq(now.standby, 0);

    /* A session of the former standby still shows what it had; newer tokens are not its business any more. */
    ck_assert(holds(reader, "before"));
    trdb_uow_free(reader);
    const trdb_token token = *write_key("after");
    ck_assert_int_eq(token.timeline, 2);
    ck_assert_int_eq(token.system_identifier, old.system_identifier);
    options = after(&token);
    ck_assert_str_eq(serves(&options, "after"), "primary sees");
    options = reading();
    options.lag_budget_ms = 1000;
    ck_assert_str_eq(serves(&options, "after"), "primary sees");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("replica");
    TCase *tcase = tcase_create("replica");
    tcase_set_timeout(tcase, 300);
    tcase_add_unchecked_fixture(tcase, pair_start, pair_end);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, reads_see_their_own_writes);
    tcase_add_test(tcase, a_token_costs_at_most_one_question);
    tcase_add_test(tcase, a_paused_replica_answers_no_tokened_read);
    tcase_add_test(tcase, a_lag_budget_is_kept);
    tcase_add_test(tcase, tokens_of_another_line_go_to_the_primary);
    tcase_add_test(tcase, writes_are_refused_whoever_serves);
    tcase_add_test(tcase, a_dead_replica_fails_no_read);
    tcase_add_test(tcase, a_silent_replica_is_passed_over);
    tcase_add_test(tcase, bad_options);
    tcase_add_test(tcase, hosts_are_chosen_by_their_role);
    tcase_add_test(tcase, a_demoted_primary_is_not_lent);
    tcase_add_test(tcase, the_pool_follows_a_promotion);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
