/* SPDX-License-Identifier: MIT */
/* A server that has forgotten its prepared statements, or whose tables have changed under their plans: what shared
 * the refused round trip is run again, once and whole, when nothing of it was answered; otherwise the unit is. */
#include "pgtest.h"

#include "core/core.h"

static char *url;
static trdb_db *db;
static trdbi_conn *admin; /* quicker than psql, and none of the pool's */
static trdb_error *err;

static void setup(void) {
    url = harness_database();
    admin = pgtest_connect(url, 0);
    ck_ok(trdb_open(url, NULL, &db, &err), err);
}

static void teardown(void) {
    trdb_db_free(db);
    trdbi_conn_close(admin);
    harness_database_free(url);
}

static void execute(const char *sql) {
    ck_ok(trdbi_conn_exec(admin, "admin", sql, NULL, &err), err);
}

static trdb_uow *begin(uint32_t flags) {
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    return uow;
}

static void commit(trdb_uow *uow) {
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
}

static int64_t trips(void) {
    trdb_db_stats stats = trdb_db_stats_init();
    ck_ok(trdb_db_get_stats(db, &stats, &err), err);
    return stats.round_trips;
}

static int run(trdb_uow *uow, const char *sql, trdb_error **reterr) {
    const trdbi_statement statement = pgtest_statement(sql);
    return trdbi_uow_run(uow, &statement, NULL, NULL, reterr);
}

static void set(trdb_uow *uow, const char *key, const char *value, trdb_telegram_setting **ret) {
    ck_ok(trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key, .value = value), ret, &err), err);
}

static void ck_value(const char *sql, const char *expected) {
    char *got = pgtest_value(admin, sql);
    ck_assert_str_eq(got, expected);
    free(got);
}

static void ck_settings(const char *expected) {
    ck_value("SELECT coalesce(string_agg(key || '=' || value, ' ' ORDER BY key), '') FROM telegram_settings", expected);
}

/* ---- the forms that a flush takes ----------------------------------------------------------------- */

static void writes_that_wait(void) {
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    set(uow, "a", "1", NULL);
    set(uow, "b", "2", NULL);
    commit(uow);
    ck_settings("a=1 b=2");
}

static void a_fast_commit(void) {
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
    set(uow, "a", "1", NULL);
    commit(uow);
    ck_settings("a=1");
}

static void a_read_behind_a_write(void) {
    TRDB_AUTO(trdb_telegram_setting) *row = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    set(uow, "a", "1", NULL);
    ck_ok(trdb_telegram_setting_get(uow, "a", &row, &err), err);
    ck_assert_str_eq(row->value, "1");
    commit(uow);
    ck_settings("a=1");
}

static void a_row_that_is_wanted(void) {
    TRDB_AUTO(trdb_telegram_setting) *row = NULL;
    trdb_uow *uow = begin(0);
    set(uow, "a", "1", &row);
    ck_assert_str_eq(row->key, "a");
    commit(uow);
    ck_settings("a=1");
}

/* Each variable is filled once: what the first attempt answered is nobody's. */
static void a_batch(void) {
    TRDB_AUTO(trdb_telegram_setting) *made = NULL, *got = NULL;
    TRDB_AUTO(trdb_telegram_setting_list) *all = NULL;
    TRDB_AUTO(trdb_batch) *batch = NULL;
    int64_t count = -1;
    trdb_uow *uow = begin(0);
    ck_ok(trdb_batch_new(uow, &batch, &err), err);
    ck_ok(trdb_batch_telegram_settings_count(batch, NULL, &count, &err), err);
    ck_ok(trdb_batch_telegram_setting_insert(batch, TRDB_TELEGRAM_SETTING_NEW(.key = "a", .value = "1"), &made, &err),
          err);
    ck_ok(trdb_batch_telegram_setting_get(batch, "a", &got, &err), err);
    ck_ok(trdb_batch_telegram_settings_list(batch, NULL, &all, &err), err);
    ck_ok(trdb_batch_run(batch, &err), err);
    ck_assert_int_eq(count, 0);
    ck_assert_str_eq(made->value, "1");
    ck_assert_str_eq(got->value, "1");
    ck_assert_uint_eq(trdb_telegram_setting_list_count(all), 1);
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(trdb_batch_state(batch, i), TRDB_BATCH_DONE);
    commit(uow);
    ck_settings("a=1");
}

static void reads_alone(void) {
    TRDB_AUTO(trdb_telegram_setting_list) *all = NULL;
    trdb_uow *uow = begin(TRDB_UOW_AUTOCOMMIT);
    ck_ok(trdb_telegram_settings_list(uow, NULL, &all, &err), err);
    ck_assert_uint_eq(trdb_telegram_setting_list_count(all), 0);
    trdb_uow_free(uow);
}

static void a_batch_of_reads_alone(void) {
    TRDB_AUTO(trdb_telegram_setting_list) *all = NULL, *again = NULL;
    TRDB_AUTO(trdb_batch) *batch = NULL;
    trdb_uow *uow = begin(TRDB_UOW_AUTOCOMMIT);
    ck_ok(trdb_batch_new(uow, &batch, &err), err);
    ck_ok(trdb_batch_telegram_settings_list(batch, NULL, &all, &err), err);
    ck_ok(trdb_batch_telegram_settings_list(batch, NULL, &again, &err), err);
    ck_ok(trdb_batch_run(batch, &err), err);
    ck_assert_uint_eq(trdb_telegram_setting_list_count(again), 0);
    trdb_batch_free(batch);
    batch = NULL;
    trdb_uow_free(uow);
}

static void a_stream(void) {
    TRDB_AUTO(trdb_telegram_setting_stream) *stream = NULL;
    const trdb_telegram_setting *row = NULL;
    trdb_uow *uow = begin(0);
    ck_ok(trdb_telegram_settings_stream(uow, NULL, NULL, &stream, &err), err);
    ck_assert_int_eq(trdb_telegram_setting_stream_next(stream, &row, &err), 0);
    commit(uow);
}

/* The key that the other row refers to is that of the second attempt, not of the first. */
static void a_handle(void) {
    trdb_ref user;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    ck_ok(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "a@example.com"), &user, &err), err);
    ck_ok(trdb_trading_bot_insert(uow,
                                  TRDB_TRADING_BOT_NEW(.user_id = trdb_i64_ref(user),
                                                       .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                       .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                       .config = "{}"),
                                  NULL, &err),
          err);
    set(uow, "a", "1", NULL);
    commit(uow);
    ck_value("SELECT count(*) FROM trading_bots JOIN usr_users u ON u.id = user_id", "1");
    ck_value("SELECT count(*) FROM usr_users", "1");
}

/* The parameters of each row, NULLs and large ones among them, are those of the first attempt. */
static void many_rows(void) {
    enum { ROWS = 40 };
    trdb_telegram_setting_new rows[ROWS];
    TRDB_AUTO(trdb_telegram_setting_list) *made = NULL;
    char keys[ROWS][8], large[5000];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = '\0';
    for (int i = 0; i < ROWS; i++) {
        snprintf(keys[i], sizeof keys[i], "k%02d", i);
        rows[i] = *TRDB_TELEGRAM_SETTING_NEW(.key = keys[i], .value = i % 3 == 0   ? TRDB_NULL_TEXT
                                                                      : i % 3 == 1 ? ""
                                                                                   : large);
    }
    trdb_uow *uow = begin(0);
    ck_ok(trdb_telegram_settings_insert(uow, rows, sizeof rows[0], ROWS, &made, &err), err);
    ck_assert_uint_eq(trdb_telegram_setting_list_count(made), ROWS);
    ck_assert_str_eq(trdb_telegram_setting_list_at(made, 7)->key, "k07");
    commit(uow);
    ck_value("SELECT count(*) || ' ' || count(value) || ' ' || sum(length(value)) FROM telegram_settings", "40 26 64987");
}

/* What more each costs when statements are forgotten, and when the tables have changed: the refused trip, and one to
 * undo a transaction that was begun. An insert that gives no row back has no result that could have changed. */
static const struct form {
    void (*play)(void);
    const char *name;
    int forgotten, outdated;
} forms[] = {
    {writes_that_wait, "writes that wait", 1, 0},
    {a_fast_commit, "a fast commit", 1, 0},
    {a_read_behind_a_write, "a read behind a write", 1, 2},
    {a_row_that_is_wanted, "a row that is wanted", 1, 2},
    {a_batch, "a batch", 1, 2},
    {reads_alone, "reads alone", 1, 1},
    {a_batch_of_reads_alone, "a batch of reads alone", 1, 1},
    {a_stream, "a stream", 1, 0},
    {a_handle, "a handle", 1, 0},
    {many_rows, "many rows", 1, 2},
};

static void empty(void) {
    execute("DELETE FROM telegram_settings; DELETE FROM trading_bots; DELETE FROM usr_users");
}

/* Both ways, so that the second time changes something, too. */
static void change_tables(bool wider) {
    execute(wider ? "ALTER TABLE telegram_settings ALTER value TYPE varchar(100000), ALTER key TYPE varchar(200), "
                    "ADD IF NOT EXISTS extra int"
                  : "ALTER TABLE telegram_settings ALTER value TYPE text, ALTER key TYPE varchar(100), "
                    "DROP IF EXISTS extra");
}

static void forget_statements(void) {
    trdb_uow *uow = begin(TRDB_UOW_AUTOCOMMIT);
    const trdbi_statement statement = {.name = "test",
                                       .key = "forget",
                                       .key_size = 6,
                                       .build = pgtest_statement("").build,
                                       .ctx = "DEALLOCATE ALL",
                                       .reads = true};
    ck_ok(trdbi_uow_run(uow, &statement, NULL, NULL, &err), err);
    trdb_uow_free(uow);
}

static int64_t cost(const struct form *form) {
    int64_t before = trips();
    form->play();
    int64_t took = trips() - before;
    empty();
    return took;
}

START_TEST(each_form_is_run_again_whole) {
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct form *form = &forms[i];
        (void)cost(form); /* prepares */
        int64_t usual = cost(form);
        if (_i == 0)
            forget_statements();
        else
            change_tables(i % 2 == 0);
        int64_t now = cost(form);
        int wanted = _i == 0 ? form->forgotten : form->outdated;
        ck_assert_msg(now - usual == wanted, "%s: %d round trips more, wanted %d", form->name, (int)(now - usual),
                      wanted);
        ck_assert_msg(cost(form) == usual, "%s: again", form->name);
    }
}
END_TEST

/* ---- what may not be run again -------------------------------------------------------------------- */

static const char forget_token[] =
    "DO $$ DECLARE s text; BEGIN FOR s IN SELECT name FROM pg_prepared_statements "
    "WHERE statement LIKE '%pg_walfile_name%' LOOP EXECUTE 'DEALLOCATE ' || s; END LOOP; END $$";

/* COMMIT has done its work when the question behind it is refused. */
START_TEST(nothing_that_was_committed) {
    for (int i = 0; i < 2; i++) {
        trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT | TRDB_UOW_TOKEN);
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        ck_ok(trdb_usr_user_insert(uow, TRDB_USR_USER_NEW(.email = key), NULL, &err), err);
        commit(uow);
        if (i == 0) {
            uow = begin(0);
            ck_ok(run(uow, forget_token, &err), err);
            commit(uow);
        }
    }
    ck_value("SELECT string_agg(email, ' ' ORDER BY email) FROM usr_users", "k0 k1");
}
END_TEST

/* In the middle of a transaction the caller has seen answers: the error says that the unit may be run again. */
START_TEST(nothing_that_was_answered) {
    trdb_uow *uow = begin(0);
    ck_ok(run(uow, "SELECT * FROM telegram_settings", &err), err);
    commit(uow);
    change_tables(true);
    uow = begin(0);
    set(uow, "a", "1", NULL);
    ck_assert_int_eq(run(uow, "SELECT * FROM telegram_settings", &err), TRDB_E_UNSUPPORTED);
    ck_assert(trdb_error_retryable(err));
    trdb_error_free(err);
    err = NULL;
    ck_assert_int_eq(trdb_uow_commit(uow, NULL), TRDB_E_STATE);
    trdb_uow_free(uow);
    ck_settings("");
}
END_TEST

/* ---- many plans, many connections ----------------------------------------------------------------- */

enum { STATEMENTS = 12, CONNECTIONS = 8 };

static int attempts;

static int use_plans(trdb_uow *uow, void *arg, trdb_error **reterr) {
    (void)arg;
    attempts++;
    int r = run(uow, "SELECT 1", reterr); /* answered: from here on only the whole unit can be run again */
    for (int i = 0; i < STATEMENTS && r == 0; i++) {
        char *sql = NULL;
        ck_assert_int_gt(asprintf(&sql, "SELECT *, %d FROM telegram_settings", i), 0);
        r = run(uow, sql, reterr);
        free(sql);
    }
    return r;
}

/* A changed table costs one attempt, however many plans and connections there are: all are told by the first. */
START_TEST(one_refusal_tells_all) {
    trdb_uow *units[CONNECTIONS];
    for (int i = 0; i < CONNECTIONS; i++) {
        units[i] = begin(0);
        ck_ok(use_plans(units[i], NULL, &err), err);
    }
    for (int i = 0; i < CONNECTIONS; i++)
        commit(units[i]);
    change_tables(true);
    attempts = 0;
    ck_ok(trdb_run(db, use_plans, NULL, NULL, &err), err);
    ck_assert_int_eq(attempts, 2);
    for (int i = 0; i < CONNECTIONS; i++)
        units[i] = begin(0);
    for (int i = 0; i < CONNECTIONS; i++) {
        ck_ok(use_plans(units[i], NULL, &err), err);
        commit(units[i]);
    }
}
END_TEST

/* More than may be kept is not run again, and nothing else goes wrong. */
START_TEST(a_large_one_is_the_callers) {
    size_t size = 3 << 20;
    char *value = malloc(size + 1);
    memset(value, 'x', size);
    value[size] = '\0';
    for (int i = 0; i < 3; i++) {
        trdb_uow *uow = begin(0);
        int r = trdb_telegram_setting_upsert_by_key(uow, TRDB_TELEGRAM_SETTING_NEW(.key = "a", .value = value), NULL,
                                                    &err);
        if (i == 1) {
            ck_assert_int_eq(r, TRDB_E_SERVER);
            ck_assert(trdb_error_retryable(err));
            trdb_error_free(err);
            err = NULL;
            trdb_uow_free(uow);
        } else {
            ck_ok(r, err);
            commit(uow);
        }
        if (i == 0)
            forget_statements();
    }
    free(value);
    ck_value("SELECT sum(length(value)) FROM telegram_settings", "3145728");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_replay");
    TCase *tcase = tcase_create("uow_replay");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    /* 0: forgotten, 1: outdated */
    tcase_add_loop_test(tcase, each_form_is_run_again_whole, 0, 2);
    tcase_add_test(tcase, nothing_that_was_committed);
    tcase_add_test(tcase, nothing_that_was_answered);
    tcase_add_test(tcase, one_refusal_tells_all);
    tcase_add_test(tcase, a_large_one_is_the_callers);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
