/* SPDX-License-Identifier: MIT */
/* What the library does behind PgBouncer in transaction mode, with one session for everybody. */
#include "pgtest.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

static char place[96], *direct, *through;

static void pgbouncer(const char *more) {
    char command[512];
    snprintf(command, sizeof command,
             "LD_PRELOAD= TRDB_PGBOUNCER='default_pool_size = 1\n%s' "
             "\"$TRDB_TEST_SOURCE/tests/support/pgbouncer.sh\" "
             "start %s %s",
             more, place, harness_direct());
    ck_assert_int_eq(system(command), 0);
}

static void setup_with(const char *more) {
    snprintf(place, sizeof place, "%s/pooler-XXXXXX", harness_tmp());
    ck_assert_ptr_nonnull(mkdtemp(place));
    ck_assert_int_eq(chmod(place, 0755), 0);
    pgbouncer(more);
    direct = harness_database();
    ck_assert_int_gt(
        asprintf(&through, "host=%s user=tester dbname=%s", place, strstr(direct, "dbname=") + 7), 0);
    char socket[128];
    snprintf(socket, sizeof socket, "%s/.s.PGSQL.%.5s", place, harness_port());
    for (int i = 0; i < 1000 && access(socket, F_OK) != 0; i++)
        usleep(10000);
}

static void setup(void) {
    setup_with("");
}

static void setup_deaf(void) {
    setup_with("ignore_startup_parameters = options,extra_float_digits");
}

static void teardown(void) {
    char command[512];
    snprintf(command, sizeof command,
             "LD_PRELOAD= \"$TRDB_TEST_SOURCE/tests/support/pgbouncer.sh\" stop %s; while [ -e %s/pid ]; do "
             "sleep 0.02; done; "
             "rm -rf %s",
             place, place, place);
    ck_assert_int_eq(system(command), 0);
    harness_database_free(direct);
    free(through);
}

START_TEST(it_is_recognised) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    trdb_capabilities found = trdb_capabilities_init();
    ck_ok(trdb_open(through, NULL, &db, &err), err);
    ck_ok(trdb_db_get_capabilities(db, &found, &err), err);
    ck_assert_int_eq(found.pooler, 1);
    ck_assert_int_eq(found.prepared_statements, 0);
    ck_assert_int_eq(found.session, 0);
    ck_assert_int_eq(found.cancel, 1);
    ck_assert_int_eq(found.tls, 0);
    trdb_db_free(db);
    if (harness_pooled())
        return;
    ck_ok(trdb_open(direct, NULL, &db, &err), err);
    ck_ok(trdb_db_get_capabilities(db, &found, &err), err);
    ck_assert_int_eq(found.pooler, 0);
    ck_assert_int_eq(found.prepared_statements, 1);
    ck_assert_int_eq(found.session, 1);
    found.struct_size = 0;
    ck_fails(trdb_db_get_capabilities(db, &found, &err), TRDB_E_INVALID, "trdb_capabilities_init", err);
    trdb_db_free(db);
}
END_TEST

/* Another client leaves its settings in the session that all share: what is stored and read stays the same.
 */
START_TEST(sessions_of_others_change_nothing) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    char command[1024];
    const int64_t instant = INT64_C(1709294400123456); /* 2024-03-01 12:00:00.123456 UTC */
    ck_ok(trdb_open(through, NULL, &db, &err), err);
    for (int i = 0; i < 6; i++) {
        snprintf(
            command, sizeof command,
            "LD_PRELOAD= psql -qAtX -d '%s' -v ON_ERROR_STOP=1 -c \"SET TimeZone = 'Asia/Tokyo'; SET "
            "DateStyle = 'German'; "
            "SET search_path = nowhere; SET bytea_output = 'escape'; SET IntervalStyle = 'sql_standard'; "
            "SET extra_float_digits = -15; SET standard_conforming_strings = off; SET client_encoding = "
            "'LATIN1'\"",
            through);
        ck_assert_int_eq(system(command), 0);
        trdb_uow *uow = NULL;
        trdb_trading_bot *bot = NULL, *again = NULL;
        trdb_usr_user *user = NULL;
        ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
        ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = NULL), &user, &err), err);
        ck_ok(
            trdb_trading_bot_insert(uow,
                                    TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user->id),
                                                         .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                         .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                         .description = "Grüße, 'C:\\\\'", .config = "{}",
                                                         .current_balance = trdb_dec("1234.50"),
                                                         .started_at = trdb_time_us(instant)),
                                    &bot, &err),
            err);
        ck_ok(trdb_uow_commit(uow, &err), err);
        trdb_uow_free(uow);
        ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
        ck_ok(trdb_trading_bot_get(uow, bot->id, &again, &err), err);
        trdb_uow_free(uow);
        ck_assert_str_eq(again->description, "Grüße, 'C:\\\\'");
        trdb_usr_user_free(user);
        trdb_trading_bot_free(bot);
        trdb_trading_bot_free(again);
    }
    char *stored =
        harness_value(direct, "SELECT count(*), count(DISTINCT description), min(current_balance), "
                              "bool_and(started_at = '2024-03-01 12:00:00.123456+00') FROM trading_bots");
    ck_assert_str_eq(stored, "6|1|1234.50|t");
    free(stored);
    trdb_db_free(db);
}
END_TEST

/* Many clients on one session would fall over each other's statement names. */
START_TEST(nothing_stays_prepared) {
    trdb_error *err = NULL;
    trdb_db *dbs[3] = {0};
    for (int i = 0; i < 3; i++)
        ck_ok(trdb_open(through, NULL, &dbs[i], &err), err);
    for (int i = 0; i < 30; i++) {
        trdb_uow *uow = NULL;
        char key[16];
        snprintf(key, sizeof key, "key %d", i);
        trdb_db *db = dbs[i % 3];
        ck_ok(trdb_uow_begin(db, NULL, &uow, &err), err);
        ck_ok(trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key), NULL, &err), err);
        ck_ok(trdb_uow_commit(uow, &err), err);
        trdb_uow_free(uow);
    }
    for (int i = 0; i < 3; i++) {
        trdb_db_stats stats = trdb_db_stats_init();
        ck_ok(trdb_db_get_stats(dbs[i], &stats, &err), err);
        ck_assert_int_eq(stats.prepares, 0);
        trdb_db_free(dbs[i]);
    }
    char *count = harness_value(direct, "SELECT count(*) FROM telegram_settings");
    ck_assert_str_eq(count, "30");
    free(count);
}
END_TEST

static void ck_options_refused(int code, const char *words) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    char *url = NULL;
    ck_assert_int_gt(asprintf(&url, "%s options='-c lock_timeout=5s'", through), 0);
    int r = trdb_open(url, NULL, &db, &err);
    ck_assert_msg(strstr(trdb_error_message(err), "ALTER ROLE") != NULL, "%s", trdb_error_message(err));
    ck_fails(r, code, words, err);
    ck_assert_ptr_null(db);
    free(url);
}

START_TEST(options_are_refused_with_a_hint) {
    ck_options_refused(TRDB_E_CONNECT, "unsupported startup parameter: options");
}
END_TEST

START_TEST(options_that_are_ignored_are_refused) {
    ck_options_refused(TRDB_E_UNSUPPORTED, "goes through a pooler");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pooler");
    TCase *tcase = tcase_create("pooler");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, it_is_recognised);
    tcase_add_test(tcase, sessions_of_others_change_nothing);
    tcase_add_test(tcase, nothing_stays_prepared);
    tcase_add_test(tcase, options_are_refused_with_a_hint);
    suite_add_tcase(suite, tcase);
    TCase *deaf = tcase_create("deaf");
    tcase_set_timeout(deaf, 120);
    tcase_add_checked_fixture(deaf, setup_deaf, teardown);
    tcase_add_test(deaf, options_that_are_ignored_are_refused);
    suite_add_tcase(suite, deaf);
    return harness_run(suite);
}
