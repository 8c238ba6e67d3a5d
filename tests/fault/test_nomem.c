/* SPDX-License-Identifier: MIT */
/* Every public function with every allocation refused once; see nomem.h. */
#include "nomem.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static nomem at;
static char directory[128];

static const char *const files[][2] = {
    {"0001_a.up.sql", "CREATE TABLE {schema}.a ();"},
    {"0001_a.down.sql", "DROP TABLE a;"},
    {"0002_b.up.sql", "-- tradingdb: no-transaction\nDROP TABLE IF EXISTS b; CREATE TABLE b ();"},
    {"0002_b.down.sql", "-- tradingdb: no-transaction\nDROP TABLE IF EXISTS b;"},
};

static void make_directory(void) {
    snprintf(directory, sizeof directory, "%s/trdb-nomem-XXXXXX", harness_tmp());
    ck_assert_ptr_nonnull(mkdtemp(directory));
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", directory, files[i][0]);
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(files[i][1], file);
        fclose(file);
    }
}

static void remove_directory(void) {
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[200];
        snprintf(path, sizeof path, "%s/%s", directory, files[i][0]);
        unlink(path);
    }
    rmdir(directory);
}

#define OK(call) ck_ok(call, err)

static void make_trading(trdb_uow *uow) {
    trdb_error *err = NULL;
    trdb_trading_bot *bot = NULL;
    trdb_trading_position *position = NULL;
    trdb_trading_trade *trade = NULL;
    OK(trdb_trading_bot_insert(uow,
                               TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(at.user),
                                                    .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                    .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                    .config = "{\"symbol\": 1}"),
                               &bot, &err));
    at.bot = bot->id;
    trdb_trading_bot_free(bot);
    bot = NULL;
    OK(trdb_trading_bot_insert(uow,
                               TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(at.user), .config = "{}",
                                                    .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                    .status = trdb_enum(TRDB_TRADING_BOT_STATUS_STOPPED)),
                               &bot, &err));
    at.idle_bot = bot->id;
    OK(trdb_trading_ensure_open_position(
        uow,
        TRDB_TRADING_POSITION_NEW(.bot_id = trdb_i64(at.bot), .symbol = "BTCUSDT",
                                  .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                  .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG)),
        &position, &err));
    at.position = position->id;
    OK(trdb_trading_trade_insert(
        uow,
        TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(at.bot), .symbol = "BTCUSDT", .interval = "1h",
                               .entry_logic_name = "in", .exit_logic_name = "out",
                               .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                               .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                               .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN), .size = trdb_dec("1"),
                               .entry_price = trdb_dec("2"), .entry_time = trdb_time_us(1)),
        &trade, &err));
    at.trade = trade->id;
    trdb_trading_bot_free(bot);
    trdb_trading_position_free(position);
    trdb_trading_trade_free(trade);
}

static void make_jobs(trdb_uow *uow) {
    trdb_error *err = NULL;
    trdb_job_schedule *schedule = NULL;
    trdb_job_schedule_run *run = NULL;
    trdb_telegram_feedback *feedback = NULL;
    OK(trdb_jobs_create_schedule(uow,
                                 TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(at.user), .name = "mine",
                                                       .target = "BTC", .cron = "0 9 * * *",
                                                       .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT)),
                                 &schedule, &err));
    at.schedule = schedule->id;
    OK(trdb_jobs_create_run(uow, TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_BACKUP)), &run,
                            &err));
    at.run = run->id;
    OK(trdb_telegram_add_alert(uow, "42", "BTC", trdb_dec("3").value, TRDB_TELEGRAM_PRICE_CONDITION_ABOVE,
                               false, &at.telegram_alert, &err));
    OK(trdb_telegram_add_schedule(uow, "42", "BTC", NULL, NULL, &at.report, &err));
    OK(trdb_telegram_add_feedback(uow, "42", "bug", "broken", &feedback, &err));
    at.feedback = feedback->id;
    OK(trdb_telegram_set_setting(uow, "greeting", "hello", &err));
    trdb_job_schedule_free(schedule);
    schedule = NULL;
    OK(trdb_jobs_create_alert(uow, at.user, "BTCUSDT", "1h", "{\"and\": [{\"gt\": [\"close\", 5.5]}]}",
                              &schedule, &err));
    at.alert = schedule->id;
    trdb_job_schedule_free(schedule);
    trdb_job_schedule_run_free(run);
    trdb_telegram_feedback_free(feedback);
}

static void create(void) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    trdb_uow *uow = NULL;
    trdb_usr_user *user = NULL;
    at.url = harness_database();
    make_directory();
    at.directory = directory;
    OK(trdb_open(at.url, NULL, &db, &err));
    OK(trdb_uow_begin(db, NULL, &uow, &err));
    OK(trdb_users_create_telegram_user(uow, "42", NULL, &user, &err));
    at.user = user->id;
    trdb_usr_user_free(user);
    make_trading(uow);
    make_jobs(uow);
    OK(trdb_uow_commit(uow, &err));
    trdb_uow_free(uow);
    trdb_db_free(db);
}

static void drop(void) {
    remove_directory();
    harness_database_free((char *)(uintptr_t)at.url);
}

static const nomem_call *const all[] = {nomem_core,  nomem_entities, nomem_trading,
                                        nomem_users, nomem_jobs,     nomem_telegram};
enum { LISTS = sizeof all / sizeof all[0] };

START_TEST(each_allocation_fails_once) {
    /* The long form goes into libpq for every call, the short one for opening. */
    nomem_sweep(&at, all[_i], !getenv("TRDB_TEST_LONG"));
}
END_TEST

/* ---- what was said is so ------------------------------------------------------------------------------ */

static bool is_stored(trdb_db *db, const char *key) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_telegram_setting *found = NULL;
    OK(trdb_uow_begin(db, NULL, &uow, &err));
    int code = trdb_telegram_setting_get(uow, key, &found, &err);
    ck_assert_msg(code == 0 || code == TRDB_E_NOT_FOUND, "%s", trdb_error_message(err));
    trdb_error_free(err);
    trdb_telegram_setting_free(found);
    trdb_uow_free(uow);
    return code == 0;
}

/* Commits a unit of one row with the n-th allocation of COMMIT refused; false when it has fewer. */
static bool commit_refused(trdb_db *db, uint32_t flags, int n) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    char key[40];
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    snprintf(key, sizeof key, "commit-%x-%d", (unsigned)flags, n);
    OK(trdb_uow_begin(db, &options, &uow, &err));
    OK(trdb_uow_set_witness(uow, "telegram_settings", "key", key, &err));
    OK(trdb_telegram_setting_insert(uow, TRDB_TELEGRAM_SETTING_NEW(.key = key, .value = "1"), NULL, &err));
    nomem_refuse(n, false);
    int code = trdb_uow_commit(uow, &err);
    bool refused = nomem_ended();
    trdb_error_free(err);
    trdb_uow_free(uow);
    ck_assert_msg(is_stored(db, key) == (code == 0), "%s, allocation %d: commit gave %s", key, n,
                  trdb_error_code_name(code));
    return refused;
}

START_TEST(a_commit_without_memory_tells_the_truth) {
    static const uint32_t ways[] = {0, TRDB_UOW_PIPELINE, TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT,
                                    TRDB_UOW_TOKEN, TRDB_UOW_TOKEN | TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT};
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    trdb_db_options options = trdb_db_options_init();
    options.statement_cache = -1;
    OK(trdb_open(at.url, &options, &db, &err));
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        int n = 1;
        while (commit_refused(db, ways[i], n))
            n++;
        ck_assert_int_gt(n, 3);
    }
    trdb_db_free(db);
}
END_TEST

/* ---- nothing is left out ------------------------------------------------------------------------------ */

/* What is not swept, and why. */
static const struct {
    const char *pattern;
    const char *reason;
} exempt[] = {
    {"trdb_*_free", "allocates nothing"},
    {"trdb_close", "allocates nothing"},
    {"trdb_*_list_at", "allocates nothing"},
    {"trdb_*_list_next", "allocates nothing"},
    {"trdb_*_list_count", "allocates nothing"},
    {"trdb_*_list_rows", "allocates nothing"},
    {"trdb_*_to_string", "allocates nothing"},
    {"trdb_*_from_string", "allocates nothing"},
    {"trdb_batch_clear", "allocates nothing"},
    {"trdb_batch_count", "allocates nothing"},
    {"trdb_batch_error", "allocates nothing"},
    {"trdb_batch_state", "allocates nothing"},
    {"trdb_cancel", "allocates nothing, as a signal handler must not"},
    {"trdb_columns_at", "allocates nothing"},
    {"trdb_columns_count", "allocates nothing"},
    {"trdb_columns_find", "allocates nothing"},
    {"trdb_columns_rows", "allocates nothing"},
    {"trdb_decimal_*", "allocates nothing"},
    {"trdb_error_*", "allocates nothing"},
    {"trdb_uuid_*", "allocates nothing"},
    {"trdb_timestamp_parse", "allocates nothing"},
    {"trdb_timestamp_format", "allocates nothing"},
    {"trdb_timestamp_now", "allocates nothing"},
    {"trdb_version", "allocates nothing"},
    {"trdb_cron_describe", "allocates nothing"},
    {"trdb_cron_expression", "allocates nothing"},
    {"trdb_cron_timezone", "allocates nothing"},
    {"trdb_uow_calls", "allocates nothing"},
    {"trdb_uow_on_replica", "allocates nothing"},
    {"trdb_trading_unrealized_pnl", "allocates nothing but its error"},
    {"trdb_trading_total_pnl", "allocates nothing but its error"},
    {"trdb_uow_release", "in the sweep of trdb_uow_savepoint"},
    {"trdb_uow_rollback_to", "in the sweep of trdb_uow_savepoint"},
    {"trdb_migrate_down", "in the sweep of trdb_migrate_up"},
    {"trdb_trading_compute_metrics", "trdb_trading_metrics and an upsert"},
};

/* Repositories and named queries are generated: each is a descriptor and one call of the engine, which is
 * swept with others of its kind. They are the functions that lib/gen defines. */
static bool is_generated(const char *name) {
    static char *text;
    if (!text) {
        char command[300];
        snprintf(command, sizeof command, "cat %s/lib/gen/*.c", getenv("TRDB_TEST_SOURCE"));
        FILE *pipe = popen(command, "r");
        ck_assert_ptr_nonnull(pipe);
        size_t size = 0;
        ck_assert_int_gt(getdelim(&text, &size, '\0', pipe), 100000);
        pclose(pipe);
    }
    char definition[200];
    snprintf(definition, sizeof definition, "\nint %s(", name);
    return strstr(text, definition) != NULL;
}

static bool is_swept(const char *name) {
    for (size_t i = 0; i < LISTS; i++)
        for (const nomem_call *call = all[i]; call->name; call++)
            if (strcmp(call->name, name) == 0)
                return true;
    return false;
}

static bool is_exempt(const char *name, bool *used) {
    bool found = false;
    for (size_t i = 0; i < sizeof exempt / sizeof exempt[0]; i++) {
        if (fnmatch(exempt[i].pattern, name, 0) == 0)
            found = used[i] = true;
    }
    return found;
}

START_TEST(every_function_is_accounted_for) {
    bool used[sizeof exempt / sizeof exempt[0]] = {false};
    char path[300], line[200], name[160];
    snprintf(path, sizeof path, "%s/lib/tradingdb.map", getenv("TRDB_TEST_SOURCE"));
    FILE *map = fopen(path, "r");
    ck_assert_ptr_nonnull(map);
    int functions = 0, swept = 0;
    while (fgets(line, sizeof line, map)) {
        if (sscanf(line, " %150[a-z0-9_];", name) != 1 || strncmp(name, "trdb_", 5) != 0)
            continue;
        functions++;
        swept += is_swept(name);
        ck_assert_msg(is_swept(name) || is_exempt(name, used) || is_generated(name),
                      "%s is neither swept nor exempt: add it to a list in tests/fault/nomem_*.c", name);
    }
    fclose(map);
    for (size_t i = 0; i < sizeof exempt / sizeof exempt[0]; i++)
        ck_assert_msg(used[i], "%s exempts nothing", exempt[i].pattern);
    printf("# %d public functions, %d swept\n", functions, swept);
    ck_assert_int_gt(swept, 90);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("nomem");
    TCase *tcase = tcase_create("nomem");
    tcase_add_unchecked_fixture(tcase, create, drop);
    tcase_set_timeout(tcase, 600);
    tcase_add_loop_test(tcase, each_allocation_fails_once, 0, LISTS);
    tcase_add_test(tcase, a_commit_without_memory_tells_the_truth);
    tcase_add_test(tcase, every_function_is_accounted_for);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
