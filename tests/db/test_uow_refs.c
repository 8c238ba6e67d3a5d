/* SPDX-License-Identifier: MIT */
/* Handles: what is inserted in the pipeline may be referred to before its key is known. */
#include "conformance.h"
#include "pgtest.h"
#include "toy.h"

static char *url;
static trdb_db *db;
static int64_t user;

static void setup(void) {
    trdb_error *err = NULL;
    url = harness_database();
    ck_ok(trdb_open(url, NULL, &db, &err), err);
    char *id = harness_value(url, "INSERT INTO usr_users (email) VALUES ('a@example.com') RETURNING id");
    user = atoll(id);
    free(id);
}

static void teardown(void) {
    trdb_db_free(db);
    harness_database_free(url);
}

static trdb_uow *begin(uint32_t flags) {
    trdb_error *err = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = flags;
    ck_ok(trdb_uow_begin(db, &options, &uow, &err), err);
    return uow;
}

static void commit(trdb_uow *uow) {
    trdb_error *err = NULL;
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
}

static int64_t trips(void) {
    trdb_db_stats stats = trdb_db_stats_init();
    ck_assert_int_eq(trdb_db_get_stats(db, &stats, NULL), 0);
    return stats.round_trips;
}

static void ck_value(const char *sql, const char *expected) {
    char *got = harness_value(url, "%s", sql);
    ck_assert_str_eq(got, expected);
    free(got);
}

static trdb_ref add_bot(trdb_uow *uow, const char *description) {
    trdb_error *err = NULL;
    trdb_ref ref;
    ck_ok(
        trdb_trading_bot_insert_ref(uow,
                                    TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user),
                                                         .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                         .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                         .config = "{}", .description = description),
                                    &ref, &err),
        err);
    return ref;
}

static int add_position(trdb_uow *uow, trdb_in_i64 bot, const char *symbol, trdb_error **err) {
    return trdb_trading_position_insert(
        uow,
        TRDB_TRADING_POSITION_NEW(.bot_id = bot, .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                  .symbol = symbol, .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                                  .qty_open = trdb_dec("1"), .realized_pnl = trdb_dec("0"),
                                  .status = trdb_enum(TRDB_TRADING_POSITION_STATUS_OPEN)),
        NULL, err);
}

/* Positions by symbol with the descriptions of their bots. */
#define BOOKS                                                                                                \
    "SELECT coalesce(string_agg(p.symbol || '=' || b.description, ' ' ORDER BY p.symbol), '') "              \
    "FROM trading_positions p JOIN trading_bots b ON b.id = p.bot_id"

/* ---- use ------------------------------------------------------------------------------------------ */

START_TEST(a_handle_needs_no_trip) {
    trdb_error *err = NULL;
    for (int fast = 0; fast < 2; fast++) {
        int64_t before = trips();
        trdb_uow *uow = begin(TRDB_UOW_PIPELINE | (fast ? TRDB_UOW_FAST_COMMIT : 0));
        trdb_ref one = add_bot(uow, fast ? "c" : "a"), two = add_bot(uow, fast ? "d" : "b");
        ck_ok(add_position(uow, trdb_i64_ref(one), fast ? "Y1" : "X1", &err), err);
        ck_ok(add_position(uow, trdb_i64_ref(two), fast ? "Y2" : "X2", &err), err);
        ck_assert_int_eq(trips(), before);
        commit(uow);
        ck_assert_int_eq(trips(), before + (fast ? 1 : 2));
    }
    ck_value(BOOKS, "X1=a X2=b Y1=c Y2=d");
}
END_TEST

START_TEST(a_unit_that_does_not_pipeline_knows_it_at_once) {
    trdb_error *err = NULL;
    int64_t before = trips(), key = 0;
    trdb_uow *uow = begin(0);
    trdb_ref bot = add_bot(uow, "a");
    ck_assert_int_eq(trips(), before + 1);
    ck_ok(trdb_ref_key(uow, bot, &key, &err), err);
    ck_assert_int_gt(key, 0);
    ck_ok(add_position(uow, trdb_i64_ref(bot), "X", &err), err);
    ck_assert_int_eq(trips(), before + 2);
    commit(uow);
    ck_value(BOOKS, "X=a");
}
END_TEST

START_TEST(the_key_is_told) {
    trdb_error *err = NULL;
    int64_t before = trips(), key = 0, again = 0;
    TRDB_AUTO(trdb_trading_bot) *row = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    trdb_ref bot = add_bot(uow, "a");
    ck_ok(trdb_ref_key(uow, bot, &key, &err), err);
    ck_ok(trdb_ref_key(uow, bot, &again, &err), err);
    ck_assert_int_eq(trips(), before + 1);
    ck_assert_int_eq(key, again);
    ck_ok(trdb_trading_bot_get(uow, key, &row, &err), err);
    ck_assert_str_eq(row->description, "a");
    ck_fails(trdb_ref_key(uow, bot, NULL, &err), TRDB_E_INVALID, "ret", err);
    commit(uow);
}
END_TEST

START_TEST(an_explicit_key_is_a_key) {
    trdb_error *err = NULL;
    trdb_ref bot;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    ck_ok(trdb_trading_bot_insert_ref(
              uow,
              TRDB_TRADING_BOT_NEW(.id = trdb_i64(4711), .user_id = trdb_i64(user),
                                   .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER), .config = "{}",
                                   .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING), .description = "a"),
              &bot, &err),
          err);
    add_bot(uow, "b");
    ck_ok(add_position(uow, trdb_i64_ref(bot), "X", &err), err);
    commit(uow);
    ck_value("SELECT bot_id FROM trading_positions", "4711");
}
END_TEST

/* What makes currval() point elsewhere: a trigger that inserts into the same table, and an upsert that takes
 * a number and keeps the row. */
START_TEST(nothing_puts_a_wrong_key_in_its_place) {
    trdb_error *err = NULL;
    harness_sql(url, "CREATE FUNCTION twin() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "IF NEW.description NOT LIKE 'twin%%' THEN "
                     "INSERT INTO public.trading_bots (user_id, type, status, config, description) VALUES "
                     "(NEW.user_id, NEW.type, NEW.status, '{}', 'twin of ' || NEW.description); END IF; "
                     "RETURN NULL; END $$; "
                     "CREATE TRIGGER twin AFTER INSERT ON trading_bots FOR EACH ROW EXECUTE FUNCTION twin()");
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
    trdb_ref bot = add_bot(uow, "a");
    ck_ok(add_position(uow, trdb_i64_ref(bot), "X", &err), err);
    ck_ok(trdb_trading_bot_insert(uow,
                                  TRDB_TRADING_BOT_NEW(.user_id = trdb_i64(user), .config = "{}",
                                                       .type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                                       .status = trdb_enum(TRDB_TRADING_BOT_STATUS_RUNNING),
                                                       .description = "b"),
                                  NULL, &err),
          err);
    ck_ok(add_position(uow, trdb_i64_ref(bot), "Y", &err), err);
    commit(uow);
    ck_value(BOOKS, "X=a Y=a");
}
END_TEST

START_TEST(many_handles_are_told_apart) {
    trdb_error *err = NULL;
    trdb_ref bots[100];
    char text[16];
    int64_t before = trips();
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    for (int i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "%03d", i);
        bots[i] = add_bot(uow, text);
    }
    for (int i = 99; i >= 0; i--) { /* the settings of the older ones were taken by younger ones */
        snprintf(text, sizeof text, "%03d", i);
        ck_ok(add_position(uow, trdb_i64_ref(bots[i]), text, &err), err);
    }
    ck_assert_int_eq(trips(), before + 1);
    commit(uow);
    ck_value("SELECT count(*) FROM trading_positions p JOIN trading_bots b ON b.id = p.bot_id "
             "WHERE p.symbol = b.description",
             "100");
}
END_TEST

START_TEST(patches_upserts_and_queries_take_handles) {
    trdb_error *err = NULL;
    TRDB_AUTO(trdb_job_run_statistics) *statistics = NULL;
    trdb_ref owner, position;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    ck_ok(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "b@example.com"), &owner, &err), err);
    trdb_ref bot = add_bot(uow, "a");
    int64_t bot_id = 0;
    ck_ok(trdb_ref_key(uow, bot, &bot_id, &err), err);
    ck_ok(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "c@example.com"), &owner, &err), err);
    ck_ok(
        trdb_trading_bot_patch(uow, bot_id, TRDB_TRADING_BOT_NEW(.user_id = trdb_i64_ref(owner)), NULL, &err),
        err);
    ck_ok(trdb_trading_position_insert_ref(
              uow,
              TRDB_TRADING_POSITION_NEW(.bot_id = trdb_i64_ref(bot), .symbol = "X",
                                        .trade_type = trdb_enum(TRDB_TRADING_TRADE_TYPE_PAPER),
                                        .direction = trdb_enum(TRDB_TRADING_DIRECTION_LONG),
                                        .qty_open = trdb_dec("1"), .realized_pnl = trdb_dec("0"),
                                        .status = trdb_enum(TRDB_TRADING_POSITION_STATUS_OPEN)),
              &position, &err),
          err);
    ck_ok(
        trdb_trading_fill_upsert_by_bot_id_exchange_exchange_trade_id(
            uow,
            TRDB_TRADING_FILL_NEW(.position_id = trdb_i64_ref(position), .exchange = "e",
                                  .bot_id = trdb_i64_ref(bot), .exchange_trade_id = "1", .qty = trdb_dec("1"),
                                  .price = trdb_dec("2"), .action = trdb_enum(TRDB_TRADING_FILL_ACTION_BUY)),
            NULL, &err),
        err);
    int64_t before = trips();
    ck_ok(trdb_jobs_run_statistics_since(uow, trdb_i64_ref(owner), (trdb_in_enum){0},
                                         trdb_timestamp_from_us(0), &statistics, &err),
          err);
    ck_assert_int_eq(statistics->pending.value, 0);
    ck_assert_int_eq(trips(), before + 2); /* the key had to be learnt first */
    ck_fails(trdb_jobs_run_statistics_since(uow, trdb_i64_ref((trdb_ref){.unit = 1, .number = 1}),
                                            (trdb_in_enum){0}, trdb_timestamp_from_us(0), &statistics, &err),
             TRDB_E_INVALID, "user_id: the handle is not of this unit", err);
    commit(uow);
    ck_value("SELECT u.email || ' ' || p.symbol || ' ' || f.exchange_trade_id FROM trading_fills f "
             "JOIN trading_positions p ON p.id = f.position_id JOIN trading_bots b ON b.id = p.bot_id "
             "JOIN usr_users u ON u.id = b.user_id",
             "c@example.com X 1");
}
END_TEST

/* ---- what is refused ------------------------------------------------------------------------------ */

static void ck_refused(trdb_uow *uow, trdb_ref ref, const char *why) {
    trdb_error *err = NULL;
    int64_t key = -5;
    ck_fails(add_position(uow, trdb_i64_ref(ref), "X", &err), TRDB_E_INVALID, why, err);
    ck_fails(trdb_ref_key(uow, ref, &key, &err), TRDB_E_INVALID, why, err);
    ck_assert_int_eq(key, -5);
}

START_TEST(strange_handles_are_refused) {
    trdb_error *err = NULL;
    trdb_uow *other = begin(TRDB_UOW_PIPELINE), *uow = begin(TRDB_UOW_PIPELINE);
    trdb_ref strange = add_bot(other, "other");
    ck_refused(uow, strange, "not of this unit");
    trdb_ref bot = add_bot(uow, "a"), made_up = bot;
    ck_refused(uow, strange, "not of this unit");
    made_up.number = 2;
    ck_refused(uow, made_up, "not of this unit");
    made_up.number = -1;
    ck_refused(uow, made_up, "not of this unit");
    ck_refused(uow, (trdb_ref){0}, "not of this unit");
    ck_ok(add_position(uow, trdb_i64_ref(bot), "X", &err), err);
    commit(uow);
    trdb_uow_free(other);
    ck_value(BOOKS, "X=a");
}
END_TEST

START_TEST(a_handle_is_of_its_table) {
    trdb_error *err = NULL;
    trdb_ref owner;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    ck_ok(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "b@example.com"), &owner, &err), err);
    ck_fails(add_position(uow, trdb_i64_ref(owner), "X", &err), TRDB_E_INVALID,
             "bot_id: the handle is of usr_users, wanted one of trading_bots", err);
    commit(uow);
}
END_TEST

START_TEST(a_handle_goes_with_its_savepoint) {
    trdb_error *err = NULL;
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE);
    trdb_ref outer = add_bot(uow, "outer");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    trdb_ref kept = add_bot(uow, "kept");
    ck_ok(trdb_uow_release(uow, &err), err);
    ck_ok(add_position(uow, trdb_i64_ref(kept), "K", &err), err);
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    ck_refused(uow, kept, "was rolled back");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    trdb_ref undone = add_bot(uow, "undone");
    ck_ok(trdb_uow_rollback_to(uow, &err), err);
    ck_refused(uow, undone, "was rolled back");
    ck_ok(trdb_uow_savepoint(uow, &err), err);
    trdb_ref released = add_bot(uow, "released");
    ck_ok(trdb_uow_release(uow, &err), err);
    ck_ok(add_position(uow, trdb_i64_ref(outer), "A", &err), err);
    ck_ok(add_position(uow, trdb_i64_ref(released), "B", &err), err);
    commit(uow);
    ck_value(BOOKS, "A=outer B=released");
}
END_TEST

START_TEST(a_row_kept_back_has_no_key) {
    trdb_error *err = NULL;
    int64_t key = 0;
    harness_sql(url,
                "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RETURN CASE WHEN NEW.description = 'gone' THEN NULL ELSE NEW END; END $$; "
                "CREATE TRIGGER keep BEFORE INSERT ON trading_bots FOR EACH ROW EXECUTE FUNCTION keep()");
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
    add_bot(uow, "here"); /* what its setting holds must not be taken */
    for (int i = 0; i < 31; i++)
        add_bot(uow, "more");
    trdb_ref gone = add_bot(uow, "gone");
    ck_ok(add_position(uow, trdb_i64_ref(gone), "X", &err), err);
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_NOT_FOUND);
    ck_assert_str_eq(trdb_error_statement(err), "trading_positions.insert");
    ck_assert_int_eq(trdb_error_call(err), 34);
    trdb_error_free(err);
    err = NULL;
    trdb_uow_free(uow);
    ck_value(BOOKS, "");
    uow = begin(0);
    gone = add_bot(uow, "gone");
    ck_fails(trdb_ref_key(uow, gone, &key, &err), TRDB_E_INVALID, "kept it back", err);
    commit(uow);
}
END_TEST

START_TEST(a_failed_insert_names_itself) {
    trdb_error *err = NULL;
    trdb_ref ref = {.unit = 3};
    trdb_uow *uow = begin(TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT);
    ck_fails(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "\xff"), &ref, &err), TRDB_E_ENCODING,
             "email", err);
    ck_assert_int_eq(ref.unit, 3);
    ck_fails(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "x"), NULL, &err), TRDB_E_INVALID,
             "NULL", err);
    ck_ok(trdb_usr_user_insert_ref(uow, TRDB_USR_USER_NEW(.email = "A@example.com"), &ref, &err), err);
    ck_ok(trdb_telegram_setting_upsert_by_key(uow, TRDB_TELEGRAM_SETTING_NEW(.key = "k"), NULL, &err), err);
    ck_assert_int_eq(trdb_uow_commit(uow, &err), TRDB_E_DUPLICATE);
    ck_assert_str_eq(trdb_error_statement(err), "usr_users.insert");
    ck_assert_int_eq(trdb_error_call(err), 1);
    ck_assert_int_eq(trdb_error_not_run(err), 1);
    trdb_error_free(err);
    trdb_uow_free(uow);
}
END_TEST

/* ---- keys that the library makes ------------------------------------------------------------------ */

START_TEST(a_uuid_is_known_at_once) {
    trdb_error *err = NULL;
    trdb_uuid box, given;
    char text[TRDB_UUID_TEXT_SIZE];
    char *toy_url = conf_database_with("toy", "tests/gen/toy/migrations/toy");
    trdb_db *toy = NULL;
    trdb_uow *uow = NULL;
    trdb_uow_options options = trdb_uow_options_init();
    options.flags = TRDB_UOW_PIPELINE | TRDB_UOW_FAST_COMMIT;
    ck_ok(trdb_open(toy_url, NULL, &toy, &err), err);
    ck_ok(trdb_uow_begin(toy, &options, &uow, &err), err);
    ck_ok(trdb_toy_box_insert_key(uow, TRDB_TOY_BOX_NEW(.code = "a"), &box, &err), err);
    ck_ok(trdb_toy_item_insert(
              uow, TRDB_TOY_ITEM_NEW(.name = "n", .box_id = trdb_uuid_value(box), .slot = trdb_i64(1)), NULL,
              &err),
          err);
    given = trdb_uuid_make();
    ck_ok(
        trdb_toy_box_insert_key(uow, TRDB_TOY_BOX_NEW(.id = trdb_uuid_value(given), .code = "b"), &box, &err),
        err);
    ck_assert_mem_eq(&given, &box, sizeof box);
    trdb_uuid untouched = box;
    ck_fails(trdb_toy_box_insert_key(uow, TRDB_TOY_BOX_NEW(.id = trdb_null_uuid(), .code = "c"), &box, &err),
             TRDB_E_NOT_NULL, "id", err);
    ck_assert_mem_eq(&untouched, &box, sizeof box);
    ck_ok(trdb_uow_commit(uow, &err), err);
    trdb_uow_free(uow);
    trdb_db_free(toy);
    trdb_uuid_format(given, text);
    char *got = harness_value(toy_url, "SELECT (SELECT id FROM toy_boxes WHERE code = 'b') || ' ' || b.code "
                                       "FROM toy_items i JOIN toy_boxes b ON b.id = i.box_id");
    ck_assert(strncmp(got, text, strlen(text)) == 0 && strcmp(got + strlen(text), " a") == 0);
    free(got);
    harness_database_free(toy_url);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("uow_refs");
    TCase *tcase = tcase_create("uow_refs");
    tcase_set_timeout(tcase, 300);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_handle_needs_no_trip);
    tcase_add_test(tcase, a_unit_that_does_not_pipeline_knows_it_at_once);
    tcase_add_test(tcase, the_key_is_told);
    tcase_add_test(tcase, an_explicit_key_is_a_key);
    tcase_add_test(tcase, nothing_puts_a_wrong_key_in_its_place);
    tcase_add_test(tcase, many_handles_are_told_apart);
    tcase_add_test(tcase, patches_upserts_and_queries_take_handles);
    tcase_add_test(tcase, strange_handles_are_refused);
    tcase_add_test(tcase, a_handle_is_of_its_table);
    tcase_add_test(tcase, a_handle_goes_with_its_savepoint);
    tcase_add_test(tcase, a_row_kept_back_has_no_key);
    tcase_add_test(tcase, a_failed_insert_names_itself);
    tcase_add_test(tcase, a_uuid_is_known_at_once);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
