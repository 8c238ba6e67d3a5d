/* SPDX-License-Identifier: MIT */
/* What each service costs: every call of the headers, its round trips counted by the library and on the wire, against
 * the table in docs/units.md. */
#include "fixture.h"

#include "../db/relay.h"

enum { MOST_CALLS = 128, NAME = 96 };

/* The dearest form of a call that was seen. */
typedef struct cost {
    char name[NAME];
    int trips;
} cost;

static relay *way;
static cost costs[MOST_CALLS];
static int count;
static bool warm; /* statements are prepared */

static void setup(void) {
    char text[256];
    fix_url = harness_database();
    way = relay_new(harness_direct());
    snprintf(text, sizeof text, "host=%s user=tester dbname=%s", way->directory,
             strstr(fix_url, "dbname=") + strlen("dbname="));
    OK(trdb_open(text, NULL, &fix_db, &fix_err));
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    fix_unit_works();
}

static void teardown(void) {
    trdb_uow_free(fix_uow);
    trdb_db_free(fix_db);
    relay_free(way);
    harness_database_free(fix_url);
}

static void note(const char *call, int64_t counted, int64_t on_wire) {
    char name[NAME];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(call, "("), call);
    ck_assert_msg(counted == on_wire, "%s: %d round trips counted, %d on the wire", name, (int)counted, (int)on_wire);
    int i = 0;
    while (i < count && strcmp(costs[i].name, name) != 0)
        i++;
    ck_assert_int_lt(i, MOST_CALLS);
    if (i == count)
        snprintf(costs[count++].name, NAME, "%s", name);
    costs[i].trips = costs[i].trips > counted ? costs[i].trips : (int)counted;
}

#define CALL(call)                                                                                           \
    do {                                                                                                     \
        int64_t counted_ = fix_round_trips(), turns_ = way->turns;                                           \
        OK(call);                                                                                            \
        if (warm)                                                                                            \
            note(#call, fix_round_trips() - counted_, way->turns - turns_);                                  \
    } while (0)
/* With what it gives freed. */
#define GIVES(type, variable, call)                                                                          \
    do {                                                                                                     \
        type *variable = NULL;                                                                               \
        CALL(call);                                                                                          \
        type##_free(variable);                                                                               \
    } while (0)

static const trdb_in_i64 no_i64;
static const trdb_in_enum no_enum;
static const trdb_in_bool no_bool;
static const trdb_timestamp at = {.us = INT64_C(1700000000000000), .kind = TRDB_TIMESTAMP_FINITE};

/* ---- the calls -------------------------------------------------------------------------------------- */

static void call_users(const char *telegram_id) {
    const trdb_telegram_profile_new language = {.struct_size = sizeof language, .language = "en"};
    trdb_usr_user *user = NULL;
    int64_t codes = 0;
    CALL(trdb_users_create_telegram_user(fix_uow, telegram_id, &language, &user, &fix_err));
    int64_t id = user->id;
    trdb_usr_user_free(user);
    GIVES(trdb_usr_user, row, trdb_users_authenticate_user(fix_uow, "telegram", telegram_id, &row, &fix_err));
    GIVES(trdb_usr_user, row, trdb_users_ensure_telegram_user(fix_uow, telegram_id, NULL, &row, &fix_err));
    GIVES(trdb_telegram_profile, row,
          trdb_users_update_telegram_profile(fix_uow, telegram_id, &language, &row, &fix_err));
    CALL(trdb_users_issue_verification_code(fix_uow, id, "1", 1, NULL, &fix_err));
    CALL(trdb_users_count_recent_verification_codes(fix_uow, id, 1, &codes, &fix_err));
    CALL(trdb_users_erase_user(fix_uow, id, &fix_err));
}

static int64_t new_run(int64_t job) {
    static int made;
    trdb_job_schedule_run *run = NULL;
    CALL(trdb_jobs_create_run(fix_uow,
                              TRDB_JOB_SCHEDULE_RUN_NEW(.job_type = trdb_enum(TRDB_JOB_TYPE_REPORT),
                                                        .job_id = trdb_i64(job), .scheduled_for = trdb_time_us(at.us + made++)),
                              &run, &fix_err));
    int64_t id = run->id;
    trdb_job_schedule_run_free(run);
    return id;
}

static int64_t schedule_of(int64_t user, const char *name) {
    trdb_job_schedule *made = NULL;
    CALL(trdb_jobs_create_schedule(fix_uow,
                                   TRDB_JOB_SCHEDULE_NEW(.user_id = trdb_i64(user), .name = name, .target = "b",
                                                         .job_type = trdb_enum(TRDB_JOB_TYPE_REPORT), .cron = "@daily"),
                                   &made, &fix_err));
    int64_t id = made->id;
    trdb_job_schedule_free(made);
    return id;
}

static void call_runs(int64_t job) {
    trdb_job_schedule_run *run = NULL;
    int64_t id = new_run(job), other = new_run(job), gone = 0;
    CALL(trdb_jobs_claim_run(fix_uow, id, "here", &run, &fix_err));
    CALL(trdb_jobs_finish_run(fix_uow, id, run->lease_token.value, TRDB_JOB_RUN_STATUS_COMPLETED, "{}", NULL, NULL, &fix_err));
    trdb_job_schedule_run_free(run);
    CALL(trdb_jobs_update_run(fix_uow, other, TRDB_JOB_SCHEDULE_RUN_NEW(.result = "{}"), NULL, &fix_err));
    CALL(trdb_jobs_cancel_run(fix_uow, other, NULL, &fix_err));
    GIVES(trdb_job_schedule_run_list, list, trdb_jobs_pending_runs(fix_uow, no_enum, at, no_i64, &list, &fix_err));
    GIVES(trdb_job_schedule_run_list, list,
          trdb_jobs_list_runs(fix_uow, no_i64, no_enum, no_enum, no_enum, false, trdb_i64(other), no_i64, &list, &fix_err));
    GIVES(trdb_job_schedule_run_list, list, trdb_jobs_runs_by_job(fix_uow, 1, job, trdb_i64(other), no_i64, &list, &fix_err));
    GIVES(trdb_job_run_statistics, list, trdb_jobs_run_statistics(fix_uow, no_i64, no_enum, 30, &list, &fix_err));
    CALL(trdb_jobs_cleanup_old_runs(fix_uow, 1, &gone, &fix_err));
}

static void call_jobs(int64_t user) {
    static const char rule[] = "{\"price\": 1, \"condition\": \"above\"}";
    const trdb_screener_run_new screener = {
        .struct_size = sizeof screener, .user_id = trdb_i64(user), .screener_set = "tech"};
    trdb_job_schedule *made = NULL;
    int64_t id = schedule_of(user, "a"), other = schedule_of(user, "behind");
    CALL(trdb_jobs_update_schedule(fix_uow, id, TRDB_JOB_SCHEDULE_NEW(.cron = "@hourly"), NULL, &fix_err));
    GIVES(trdb_job_schedule_list, list,
          trdb_jobs_list_schedules(fix_uow, no_i64, no_enum, no_bool, trdb_i64(other), no_i64, &list, &fix_err));
    GIVES(trdb_job_schedule_list, list, trdb_jobs_active_alerts(fix_uow, no_i64, &list, &fix_err));
    GIVES(trdb_job_schedule_list, list, trdb_jobs_pending_schedules(fix_uow, at, no_i64, &list, &fix_err));
    CALL(trdb_jobs_update_schedule_next_run(fix_uow, id, (trdb_timestamp){.kind = TRDB_TIMESTAMP_NULL}, NULL, &fix_err));
    CALL(trdb_jobs_trigger_schedule(fix_uow, id, NULL, &fix_err));
    CALL(trdb_jobs_delete_schedule(fix_uow, id, &fix_err));
    CALL(trdb_jobs_delete_schedule(fix_uow, other, &fix_err));
    CALL(trdb_jobs_create_alert(fix_uow, user, "BTC", "1h", rule, &made, &fix_err));
    CALL(trdb_jobs_update_alert(fix_uow, made->id, "5m", rule, trdb_bool(true), NULL, &fix_err));
    CALL(trdb_jobs_delete_alert(fix_uow, made->id, &fix_err));
    trdb_job_schedule_free(made);
    GIVES(trdb_screener_target, target, trdb_jobs_expand_screener_target("tech", &target, &fix_err));
    CALL(trdb_jobs_create_screener_run(fix_uow, &screener, NULL, &fix_err));
    CALL(trdb_jobs_create_report_run(fix_uow, user, "x", NULL, at, NULL, &fix_err));
    call_runs(schedule_of(user, warm ? "warm" : "cold"));
}

static void call_codes(void) {
    trdb_opt_i64 limit;
    int64_t codes = 0;
    int32_t outcome = 0;
    CALL(trdb_telegram_set_verification_code(fix_uow, "42", "123456", 1000, NULL, &fix_err));
    CALL(trdb_telegram_count_codes_last_hour(fix_uow, "42", 1000, &codes, &fix_err));
    CALL(trdb_telegram_verify_code(fix_uow, "42", "123456", 0, 1001, &outcome, &fix_err));
    GIVES(trdb_telegram_profile, row,
          trdb_telegram_set_user_email(fix_uow, "42", "a@example.org", "1", 1000, NULL, false, &row, &fix_err));
    CALL(trdb_telegram_reset_email_verification(fix_uow, "42", &fix_err));
    CALL(trdb_telegram_verify_user_email(fix_uow, "42", &fix_err));
    CALL(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    CALL(trdb_telegram_reject_user(fix_uow, "42", &fix_err));
    CALL(trdb_telegram_set_user_limit(fix_uow, "42", "max_alerts", 1, &fix_err));
    CALL(trdb_telegram_get_user_limit(fix_uow, "42", "max_alerts", &limit, &fix_err));
    CALL(trdb_telegram_update_user_language(fix_uow, "42", "de", &fix_err));
}

static void call_alerts(void) {
    int64_t id = 0, other = 0;
    CALL(trdb_telegram_add_json_alert(fix_uow, "42", TRDB_TELEGRAM_ALERT_NEW(.config = "{}"), &id, &fix_err));
    CALL(trdb_telegram_add_alert(fix_uow, "42", "A", fix_decimal("1"), TRDB_TELEGRAM_PRICE_CONDITION_ABOVE, false, &id, &fix_err));
    CALL(trdb_telegram_add_indicator_alert(fix_uow, "42",
                                           TRDB_TELEGRAM_INDICATOR_ALERT_NEW(.ticker = "BTC", .indicator = "RSI",
                                                                             .condition = "below",
                                                                             .value = trdb_dec("30")),
                                           &other, &fix_err));
    GIVES(trdb_telegram_alert, row,
          trdb_telegram_update_alert(fix_uow, id, TRDB_TELEGRAM_ALERT_NEW(.email = trdb_bool(true)), &row, &fix_err));
    CALL(trdb_telegram_delete_alert(fix_uow, id, &fix_err));
    CALL(trdb_telegram_add_schedule(fix_uow, "42", "A", "10:00", NULL, &id, &fix_err));
    CALL(trdb_telegram_add_json_schedule(fix_uow, "42", "{}", NULL, &other, &fix_err));
    GIVES(trdb_telegram_schedule, row,
          trdb_telegram_update_schedule(fix_uow, id, TRDB_TELEGRAM_SCHEDULE_NEW(.ticker = "B"), &row, &fix_err));
    CALL(trdb_telegram_delete_schedule(fix_uow, id, &fix_err));
}

static void call_telegram(void) {
    const trdb_telegram_command_audit_new command = {
        .struct_size = sizeof command, .telegram_user_id = "42", .command = "/start"};
    trdb_telegram_feedback *feedback = NULL;
    call_codes();
    call_alerts();
    CALL(trdb_telegram_set_setting(fix_uow, "a", "b", &fix_err));
    CALL(trdb_telegram_add_feedback(fix_uow, "42", "bug", "x", &feedback, &fix_err));
    CALL(trdb_telegram_set_feedback_status(fix_uow, feedback->id, "closed", NULL, &fix_err));
    trdb_telegram_feedback_free(feedback);
    CALL(trdb_telegram_log_command(fix_uow, &command, NULL, &fix_err));
    CALL(trdb_telegram_log_broadcast(fix_uow, "x", "y", trdb_i64(1), trdb_i64(1), NULL, &fix_err));
}

static void call_positions(int64_t bot) {
    const trdb_trading_position_new key = fix_key(bot, "BTC", TRDB_TRADING_DIRECTION_LONG);
    trdb_trading_fill_new buy = fix_fill(TRDB_TRADING_FILL_ACTION_BUY, "1", "100", NULL);
    const trdb_trading_fill_new sell = fix_fill(TRDB_TRADING_FILL_ACTION_SELL, "1", "110", NULL);
    trdb_trading_position *position = NULL;
    trdb_decimal value;
    int32_t outcome = 0;
    CALL(trdb_trading_ensure_open_position(fix_uow, &key, &position, &fix_err));
    CALL(trdb_trading_apply_fill(fix_uow, position->id, &buy, 0, &outcome, NULL, &fix_err));
    CALL(trdb_trading_unrealized_pnl(position, fix_decimal("1"), &value, &fix_err));
    CALL(trdb_trading_total_pnl(position, fix_decimal("1"), &value, &fix_err));
    GIVES(trdb_trading_position, row,
          trdb_trading_fill_symbol(fix_uow, &key, &sell, TRDB_FILL_KEEP_OPEN, &outcome, &row, &fix_err));
    CALL(trdb_trading_close_position_if_flat(fix_uow, position->id, at, NULL, &fix_err));
    CALL(trdb_trading_mark_position_closed(fix_uow, position->id, at, NULL, &fix_err));
    trdb_trading_position_free(position);
}

static void call_trades(int64_t bot) {
    const trdb_metrics_scope_new scope = {.struct_size = sizeof scope, .bot_id = trdb_i64(bot)};
    trdb_trading_trade *trade = NULL;
    int64_t gone = 0;
    OK(trdb_trading_trade_insert(fix_uow,
                                 TRDB_TRADING_TRADE_NEW(
                                         .bot_id = trdb_i64(bot), .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                         .symbol = "BTC", .interval = "1h",
                                         .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG), .size = trdb_dec("1"),
                                         .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN), .entry_time = trdb_time(at),
                                         .entry_price = trdb_dec("1"), .entry_logic_name = "a", .exit_logic_name = "b"),
                                 &trade, &fix_err));
    CALL(trdb_trading_close_trade(fix_uow, trade->id, TRDB_TRADING_TRADE_NEW(.exit_price = trdb_dec("2")), NULL, &fix_err));
    trdb_trading_trade_free(trade);
    GIVES(trdb_trading_performance_metric, row, trdb_trading_compute_metrics(fix_uow, &scope, &row, &fix_err));
    GIVES(trdb_trading_performance_metric, row, trdb_trading_metrics(fix_uow, &scope, &row, &fix_err));
    CALL(trdb_trading_purge_trades(fix_uow, trdb_i64(bot), trdb_timestamp_now(), &gone, &fix_err));
}

static void call_trading(int64_t user) {
    trdb_trading_bot *bot = NULL;
    bool valid = false;
    CALL(trdb_trading_upsert_bot(fix_uow,
                                 TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user),
                                                      .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                      .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                      .config = "{}"),
                                 &bot, &fix_err));
    int64_t id = bot->id;
    trdb_trading_bot_free(bot);
    CALL(trdb_trading_heartbeat(fix_uow, id, at, &fix_err));
    CALL(trdb_trading_set_bot_status(fix_uow, id, TRDB_TRADING_BOT_STATUS_RUNNING, NULL, at, NULL, &fix_err));
    CALL(trdb_trading_update_bot_performance(fix_uow, id, trdb_dec("1"), trdb_dec("2"), NULL, &fix_err));
    CALL(trdb_trading_add_bot_pnl(fix_uow, id, fix_decimal("1"), NULL, &fix_err));
    GIVES(trdb_finding_list, list, trdb_trading_validate_bot_config("{}", &list, &fix_err));
    GIVES(trdb_finding_list, list, trdb_trading_validate_bot_configuration(fix_uow, id, &valid, &list, &fix_err));
    GIVES(trdb_bot_finding_list, list,
          trdb_trading_validate_all_bot_configurations(fix_uow, trdb_i64(user), &list, &fix_err));
    call_positions(id);
    call_trades(id);
    CALL(trdb_trading_delete_bot(fix_uow, id, TRDB_DELETE_WITH_HISTORY, &fix_err));
}

/* ---- the table -------------------------------------------------------------------------------------- */

/* The number in the line "| `name` | number |"; -1: there is none. */
static int documented(const char *name) {
    char line[512], start[NAME + 8];
    int found = -1;
    FILE *file = fopen(SOURCE_ROOT "/docs/units.md", "r");
    ck_assert_ptr_nonnull(file);
    snprintf(start, sizeof start, "| `%s` | ", name);
    while (fgets(line, sizeof line, file))
        if (strncmp(line, start, strlen(start)) == 0)
            found = atoi(line + strlen(start));
    fclose(file);
    return found;
}

static void ck_documented(const char *name) {
    int i = 0;
    while (i < count && strcmp(costs[i].name, name) != 0)
        i++;
    ck_assert_msg(i < count, "%s is not called here", name);
    ck_assert_msg(documented(name) == costs[i].trips, "%s takes %d round trips, docs/units.md says %d", name,
                  costs[i].trips, documented(name));
}

/* Every service that a header declares; how many there are. */
static int check_header(const char *domain) {
    char line[512], path[512], name[NAME];
    int found = 0;
    snprintf(path, sizeof path, SOURCE_ROOT "/include/tradingdb/services_%s.h", domain);
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "TRDB_API int %90[a-z_]", name) == 1) {
            ck_documented(name);
            found++;
        }
    }
    fclose(file);
    return found;
}

START_TEST(each_service_costs_what_is_said) {
    static const char *const domains[] = {"users", "jobs", "telegram", "trading"};
    int declared = 0;
    int64_t user = fix_user();
    GIVES(trdb_usr_user, row, trdb_users_create_telegram_user(fix_uow, "42", NULL, &row, &fix_err));
    for (int pass = 0; pass < 2; pass++) {
        warm = pass > 0;
        call_users(warm ? "2" : "1");
        call_jobs(user);
        call_telegram();
        call_trading(user);
    }
    for (int i = 0; i < count; i++)
        printf("# | `%s` | %d |\n", costs[i].name, costs[i].trips);
    fflush(stdout); /* a test that fails writes out nothing more */
    for (size_t i = 0; i < sizeof domains / sizeof domains[0]; i++)
        declared += check_header(domains[i]);
    ck_assert_int_eq(declared, count);
    for (int i = 0; i < count; i++) /* a fill, a trade closed: at most two, and as it is, one */
        if (strncmp(costs[i].name, "trdb_trading_", strlen("trdb_trading_")) == 0)
            ck_assert_int_le(costs[i].trips, 1);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("round_trips");
    TCase *tcase = tcase_create("round_trips");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, each_service_costs_what_is_said);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
