/* SPDX-License-Identifier: MIT */
/* Two sessions fill one position: the second waits for the first, and nothing is lost. What waits is asked of
 * the server, not guessed from the clock. */
#include "fixture.h"

#include <pthread.h>
#include <unistd.h>

enum { BUY = TRDB_TRADING_FILL_ACTION_BUY, SELL = TRDB_TRADING_FILL_ACTION_SELL };

/* A call in another session, with a unit of its own. */
typedef struct session {
    pthread_t thread;
    int (*call)(struct session *session, trdb_uow *uow);
    int64_t bot, position;
    trdb_trading_fill_new fill;
    int32_t outcome;
    int code;
    trdb_error *error;
} session;

static void *run(void *arg) {
    session *s = arg;
    trdb_uow *uow = NULL;
    s->code = trdb_uow_begin(fix_db, NULL, &uow, &s->error);
    if (s->code == 0)
        s->code = s->call(s, uow);
    if (s->code == 0)
        s->code = trdb_uow_commit(uow, &s->error);
    trdb_uow_free(uow);
    return NULL;
}

static int apply(session *s, trdb_uow *uow) {
    return trdb_trading_apply_fill(uow, s->position, &s->fill, 0, &s->outcome, NULL, &s->error);
}

static int apply_to_symbol(session *s, trdb_uow *uow) {
    trdb_trading_position_new key = fix_key(s->bot, "BTCUSDT", TRDB_TRADING_DIRECTION_LONG);
    return trdb_trading_fill_symbol(uow, &key, &s->fill, 0, &s->outcome, NULL, &s->error);
}

static int insert_open_trade(session *s, trdb_uow *uow) {
    return trdb_trading_trade_insert(
        uow,
        TRDB_TRADING_TRADE_NEW(.bot_id = trdb_i64(s->bot), .symbol = "BTCUSDT", .interval = "5m",
                               .entry_logic_name = "in", .exit_logic_name = "out",
                               .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                               .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                               .status = trdb_enum(TRDB_TRADING_TRADE_STATUS_OPEN)),
        NULL, &s->error);
}

static int delete_bot(session *s, trdb_uow *uow) {
    return trdb_trading_delete_bot(uow, s->bot, TRDB_DELETE_WITH_HISTORY, &s->error);
}

static void start(session *s) {
    ck_assert_int_eq(pthread_create(&s->thread, NULL, run, s), 0);
}

/* Sessions of this database that wait for a lock which another one holds. */
static int blocked(void) {
    char *text =
        harness_value(fix_url, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                               "AND wait_event_type = 'Lock' AND cardinality(pg_blocking_pids(pid)) > 0");
    int count = atoi(text);
    free(text);
    return count;
}

/* Returns once so many sessions wait; the timeout of the test is the limit. */
static void wait_until_blocked(int count) {
    while (blocked() < count)
        usleep(2000);
}

static void commit(void) {
    OK(trdb_uow_commit(fix_uow, &fix_err));
    trdb_uow_free(fix_uow);
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
}

static int64_t opened(int64_t bot) {
    trdb_trading_position_new key = fix_key(bot, "BTCUSDT", TRDB_TRADING_DIRECTION_LONG);
    trdb_trading_position *row = NULL;
    OK(trdb_trading_ensure_open_position(fix_uow, &key, &row, &fix_err));
    int64_t id = row->id;
    trdb_trading_position_free(row);
    return id;
}

static void position_is(int64_t id, const char *qty, const char *average, const char *realized) {
    trdb_trading_position *row = NULL;
    OK(trdb_trading_position_get(fix_uow, id, &row, &fix_err));
    IS(row->qty_open, qty);
    IS(row->avg_price, average);
    IS(row->realized_pnl, realized);
    trdb_trading_position_free(row);
    trdb_trading_positions_verify_row_list *drift = NULL;
    OK(trdb_trading_positions_verify(fix_uow, trdb_null_i64(), true, &drift, &fix_err));
    ck_assert_uint_eq(trdb_trading_positions_verify_row_list_count(drift), 0);
    trdb_trading_positions_verify_row_list_free(drift);
}

START_TEST(the_second_fill_waits_for_the_first) {
    session second = {.call = apply, .fill = fix_fill(BUY, "10", "110", NULL)};
    second.position = opened(fix_bot());
    commit();
    trdb_trading_fill_new first = fix_fill(BUY, "10", "100", NULL);
    OK(trdb_trading_apply_fill(fix_uow, second.position, &first, 0, NULL, NULL, &fix_err));
    ck_assert_int_eq(blocked(), 0);
    start(&second);
    wait_until_blocked(1);
    commit();
    pthread_join(second.thread, NULL);
    ck_ok(second.code, second.error);
    ck_assert_int_eq(second.outcome, TRDB_FILL_APPLIED);
    position_is(second.position, "20", "105", "0");
}
END_TEST

START_TEST(the_second_fill_sees_what_the_first_left) {
    session second = {.call = apply, .fill = fix_fill(SELL, "6", "120", NULL)};
    second.position = opened(fix_bot());
    trdb_trading_fill_new fill = fix_fill(BUY, "10", "100", NULL);
    OK(trdb_trading_apply_fill(fix_uow, second.position, &fill, 0, NULL, NULL, &fix_err));
    commit();
    fill = fix_fill(SELL, "5", "110", NULL);
    OK(trdb_trading_apply_fill(fix_uow, second.position, &fill, 0, NULL, NULL, &fix_err));
    start(&second);
    wait_until_blocked(1);
    commit();
    pthread_join(second.thread, NULL);
    FAILS((fix_err = second.error, second.code), TRDB_E_CONFLICT, "only 5 is open");
    position_is(second.position, "5", "100", "50");
}
END_TEST

START_TEST(after_a_rollback_the_second_fill_is_alone) {
    session second = {.call = apply, .fill = fix_fill(BUY, "10", "110", NULL)};
    second.position = opened(fix_bot());
    commit();
    trdb_trading_fill_new first = fix_fill(BUY, "10", "100", NULL);
    OK(trdb_trading_apply_fill(fix_uow, second.position, &first, 0, NULL, NULL, &fix_err));
    start(&second);
    wait_until_blocked(1);
    OK(trdb_uow_rollback(fix_uow, &fix_err));
    pthread_join(second.thread, NULL);
    ck_ok(second.code, second.error);
    trdb_uow_free(fix_uow);
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    position_is(second.position, "10", "110", "0");
}
END_TEST

START_TEST(the_same_execution_at_once_is_booked_once) {
    enum { SESSIONS = 6 };
    session others[SESSIONS];
    int64_t bot = fix_bot(), position;
    commit();
    position = opened(bot); /* made, and locked, by this session */
    for (int i = 0; i < SESSIONS; i++) {
        others[i] = (session){.call = apply_to_symbol, .bot = bot, .fill = fix_fill(BUY, "1", "100", "t-1")};
        start(&others[i]);
    }
    wait_until_blocked(SESSIONS);
    commit();
    int applied = 0;
    for (int i = 0; i < SESSIONS; i++) {
        pthread_join(others[i].thread, NULL);
        ck_ok(others[i].code, others[i].error);
        applied += others[i].outcome == TRDB_FILL_APPLIED;
    }
    ck_assert_int_eq(applied, 1);
    position_is(position, "1", "100", "0");
}
END_TEST

START_TEST(the_same_closing_execution_at_once_is_booked_once) {
    session second = {.call = apply_to_symbol, .bot = fix_bot(), .fill = fix_fill(SELL, "1", "110", "t-2")};
    int64_t position = opened(second.bot);
    trdb_trading_fill_new fill = fix_fill(BUY, "1", "100", "t-1");
    OK(trdb_trading_apply_fill(fix_uow, position, &fill, 0, NULL, NULL, &fix_err));
    commit();
    OK(trdb_trading_apply_fill(fix_uow, position, &second.fill, 0, NULL, NULL, &fix_err));
    start(&second); /* waits for a position that will be closed when it gets it */
    wait_until_blocked(1);
    commit();
    pthread_join(second.thread, NULL);
    ck_ok(second.code, second.error);
    ck_assert_int_eq(second.outcome, TRDB_FILL_DUPLICATE);
    int64_t positions = 0;
    OK(trdb_trading_positions_count(fix_uow,
                                    TRDB_TRADING_POSITION_FILTER(.bot_id = trdb_where_i64_eq(second.bot)),
                                    &positions, &fix_err));
    ck_assert_int_eq(positions, 1);
    position_is(position, "0", NULL, "10");
}
END_TEST

START_TEST(fills_of_one_new_symbol_make_one_position) {
    enum { SESSIONS = 6 };
    session others[SESSIONS];
    int64_t bot = fix_bot();
    commit();
    for (int i = 0; i < SESSIONS; i++) {
        others[i] = (session){.call = apply_to_symbol, .bot = bot, .fill = fix_fill(BUY, "1", "100", NULL)};
        start(&others[i]);
    }
    for (int i = 0; i < SESSIONS; i++) {
        pthread_join(others[i].thread, NULL);
        ck_ok(others[i].code, others[i].error);
    }
    int64_t positions = 0;
    OK(trdb_trading_positions_count(fix_uow, TRDB_TRADING_POSITION_FILTER(.bot_id = trdb_where_i64_eq(bot)),
                                    &positions, &fix_err));
    ck_assert_int_eq(positions, 1);
    position_is(opened(bot), "6", "100", "0");
}
END_TEST

START_TEST(deleting_a_bot_waits_for_who_books) {
    session deleting = {.call = delete_bot}, trading = {.call = insert_open_trade};
    deleting.bot = trading.bot = fix_bot();
    commit();
    session first = trading;
    ck_ok(first.call(&first, fix_uow), first.error); /* not committed yet */
    start(&deleting);
    wait_until_blocked(1);
    commit();
    pthread_join(deleting.thread, NULL);
    FAILS((fix_err = deleting.error, deleting.code), TRDB_E_CONFLICT, "1 open trades");
    trdb_trading_bot *bot = NULL;
    OK(trdb_trading_bot_get(fix_uow, deleting.bot, &bot, &fix_err));
    trdb_trading_bot_free(bot);

    /* The other way round nothing can be booked for a bot that goes. */
    trading.bot = fix_bot();
    commit();
    OK(trdb_trading_delete_bot(fix_uow, trading.bot, 0, &fix_err));
    start(&trading);
    wait_until_blocked(1);
    commit();
    pthread_join(trading.thread, NULL);
    FAILS((fix_err = trading.error, trading.code), TRDB_E_REFERENCE, "trading_trades");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("fill_lock");
    TCase *tcase = fix_case("fill lock");
    tcase_add_test(tcase, the_second_fill_waits_for_the_first);
    tcase_add_test(tcase, the_second_fill_sees_what_the_first_left);
    tcase_add_test(tcase, after_a_rollback_the_second_fill_is_alone);
    tcase_add_test(tcase, the_same_execution_at_once_is_booked_once);
    tcase_add_test(tcase, the_same_closing_execution_at_once_is_booked_once);
    tcase_add_test(tcase, fills_of_one_new_symbol_make_one_position);
    tcase_add_test(tcase, deleting_a_bot_waits_for_who_books);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
