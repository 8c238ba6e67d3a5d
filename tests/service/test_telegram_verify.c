/* SPDX-License-Identifier: MIT */
/* Verification codes of Telegram accounts. A test is named after the operation of the reference that it
 * covers. */
#include "fixture.h"

#include <pthread.h>
#include <unistd.h>

enum { NOW = 1700000000, HOUR = 3600 };

#define ACCEPTED TRDB_CODE_OUTCOME_ACCEPTED
#define WRONG TRDB_CODE_OUTCOME_WRONG
#define EXPIRED TRDB_CODE_OUTCOME_EXPIRED
#define USED TRDB_CODE_OUTCOME_USED
#define LOCKED TRDB_CODE_OUTCOME_LOCKED
#define NONE TRDB_CODE_OUTCOME_NONE

static trdb_telegram_profile *profile_of(const char *telegram_id) {
    trdb_telegram_profile *profile = NULL;
    OK(trdb_users_get_telegram_profile(fix_uow, telegram_id, &profile, &fix_err));
    return profile;
}

static void send_code(const char *telegram_id, const char *code, int64_t sent_time) {
    OK(trdb_telegram_set_verification_code(fix_uow, telegram_id, code, sent_time, NULL, &fix_err));
}

static int32_t try_code(const char *telegram_id, const char *code, int64_t now) {
    int32_t outcome = 0;
    OK(trdb_telegram_verify_code(fix_uow, telegram_id, code, 0, now, &outcome, &fix_err));
    return outcome;
}

#define TRIES(telegram_id, code, now, expected)                                                              \
    do {                                                                                                     \
        const char *got_ = trdb_code_outcome_to_string(try_code(telegram_id, code, now));                    \
        ck_assert_str_eq(got_, trdb_code_outcome_to_string(expected));                                       \
    } while (0)

static int64_t wrong_tries(const char *code) {
    trdb_usr_verification_code_list *codes = NULL;
    int64_t tries = -1;
    OK(trdb_usr_verification_codes_list(fix_uow, NULL, &codes, &fix_err));
    TRDB_FOREACH(trdb_usr_verification_code, row, codes) {
        if (strcmp(row->code, code) == 0)
            tries = row->attempts.value;
    }
    trdb_usr_verification_code_list_free(codes);
    return tries;
}

static void commit(void) {
    OK(trdb_uow_commit(fix_uow, &fix_err));
    trdb_uow_free(fix_uow);
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
}

/* ---- setting and counting ---------------------------------------------------------------------------- */

START_TEST(svc_set_verification_code) {
    trdb_usr_verification_code *row = NULL;
    OK(trdb_telegram_set_verification_code(fix_uow, "42", "123456", NOW, &row, &fix_err));
    ck_assert_str_eq(row->code, "123456");
    ck_assert_int_eq(row->sent_time.value, NOW);
    ck_assert_str_eq(row->provider, "telegram");
    ck_assert_int_eq(row->attempts.value, 0);
    ck_assert_int_eq(row->used_at.kind, TRDB_TIMESTAMP_NULL);
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert_int_eq(profile->user_id.value, row->user_id.value);
    ck_assert_str_eq(profile->verification_code, "123456");
    ck_assert_int_eq(profile->code_sent_time.value, NOW);
    trdb_telegram_profile_free(profile);
    trdb_usr_verification_code_free(row);
    /* Again: another row, the newer code in the profile, other keys stay. */
    OK(trdb_telegram_approve_user(fix_uow, "42", &fix_err));
    send_code("42", "654321", NOW + 1);
    ck_assert_int_eq(fix_count("usr_verification_codes"), 2);
    ck_assert_int_eq(fix_count("usr_users"), 1);
    profile = profile_of("42");
    ck_assert_str_eq(profile->verification_code, "654321");
    ck_assert(profile->approved.value);
    trdb_telegram_profile_free(profile);
    /* 0 is now. */
    int64_t before = trdb_timestamp_now().us / 1000000;
    OK(trdb_telegram_set_verification_code(fix_uow, "42", "1", 0, &row, &fix_err));
    ck_assert_int_ge(row->sent_time.value, before);
    ck_assert_int_le(row->sent_time.value, trdb_timestamp_now().us / 1000000);
    trdb_usr_verification_code_free(row);
}
END_TEST

START_TEST(svc_count_codes_last_hour) {
    int64_t count = -1;
    OK(trdb_telegram_count_codes_last_hour(fix_uow, "42", NOW, &count, &fix_err));
    ck_assert_int_eq(count, 0);
    ck_assert_int_eq(fix_count("usr_users"), 1); /* the account is made */
    send_code("42", "1", NOW - HOUR - 1);
    send_code("42", "1", NOW - HOUR);
    send_code("42", "2", NOW);
    send_code("42", "3", NOW + 100 * HOUR); /* the future counts */
    send_code("43", "4", NOW);              /* another account does not */
    OK(trdb_telegram_count_codes_last_hour(fix_uow, "42", NOW, &count, &fix_err));
    ck_assert_int_eq(count, 3);
    send_code("44", "1", 0);
    OK(trdb_telegram_count_codes_last_hour(fix_uow, "44", 0, &count, &fix_err)); /* 0: the clock */
    ck_assert_int_eq(count, 1);
    TRIES("44", "1", 0, ACCEPTED); /* a used code was sent all the same */
    OK(trdb_telegram_count_codes_last_hour(fix_uow, "44", 0, &count, &fix_err));
    ck_assert_int_eq(count, 1);
}
END_TEST

/* ---- trying ------------------------------------------------------------------------------------------ */

START_TEST(svc_verify_code) {
    TRIES("42", "123456", NOW, NONE);
    ck_assert_int_eq(fix_count("usr_users"), 1); /* the account is made */
    send_code("42", "123456", NOW);
    TRIES("42", "123457", NOW, WRONG);
    TRIES("42", "12345", NOW, WRONG);
    TRIES("42", "1234567", NOW, WRONG);
    TRIES("43", "123456", NOW, NONE); /* somebody else's */
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert(!profile->verified.set);
    ck_assert_str_eq(profile->verification_code, "123456");
    trdb_telegram_profile_free(profile);
    TRIES("42", "123456", NOW + HOUR, ACCEPTED); /* the last second counts */
    profile = profile_of("42");
    ck_assert(profile->verified.value);
    ck_assert_ptr_null(profile->verification_code);
    ck_assert(!profile->code_sent_time.set);
    trdb_telegram_profile_free(profile);
    TRIES("42", "123456", NOW, USED);
    TRIES("42", "999999", NOW, WRONG); /* no code is left that could be guessed */
    ck_assert_int_eq(wrong_tries("123456"), 3);
}
END_TEST

START_TEST(verify_code_expires) {
    int32_t outcome = 0;
    send_code("42", "111", NOW);
    TRIES("42", "111", NOW + HOUR + 1, EXPIRED);
    TRIES("42", "222", NOW + HOUR + 1, WRONG);
    ck_assert_int_eq(wrong_tries("111"), 0); /* it could not have been accepted */
    OK(trdb_telegram_verify_code(fix_uow, "42", "111", 10, NOW + 11, &outcome, &fix_err));
    ck_assert_int_eq(outcome, EXPIRED);
    OK(trdb_telegram_verify_code(fix_uow, "42", "111", INT64_MAX, INT64_MAX, &outcome, &fix_err));
    ck_assert_int_eq(outcome, ACCEPTED);
    /* The newest of one text counts: it is still good although an older one is used. */
    send_code("42", "111", NOW + 5);
    TRIES("42", "111", NOW + 6, ACCEPTED);
    TRIES("42", "111", NOW + 6, USED);
    send_code("42", "777", NOW + 100 * HOUR); /* dated in the future: valid, as it counts there */
    TRIES("42", "777", NOW, ACCEPTED);
}
END_TEST

START_TEST(verify_code_locks_after_five) {
    send_code("42", "123456", NOW);
    for (int i = 0; i < 5; i++)
        TRIES("42", "000000", NOW, WRONG);
    TRIES("42", "123456", NOW, LOCKED);
    TRIES("42", "000000", NOW, LOCKED); /* nothing is left to be guessed */
    ck_assert_int_eq(wrong_tries("123456"), 5);
    trdb_telegram_profile *profile = profile_of("42");
    ck_assert(!profile->verified.set);
    trdb_telegram_profile_free(profile);
    /* A new one works, and the old one stays locked. */
    send_code("42", "654321", NOW + 1);
    TRIES("42", "123456", NOW + 1, LOCKED);
    TRIES("42", "000000", NOW + 1, WRONG);
    TRIES("42", "654321", NOW + 1, ACCEPTED);
    ck_assert_int_eq(wrong_tries("123456"), 5);
    TRIES("42", "123456", NOW + 2 * HOUR, EXPIRED); /* locked for as long as it would have been valid */
    TRIES("42", "000000", NOW + 2 * HOUR, WRONG);
}
END_TEST

START_TEST(verify_code_counts_for_every_live_code) {
    send_code("42", "old", NOW);
    send_code("42", "new", NOW + 10);
    for (int i = 0; i < 4; i++)
        TRIES("42", "bad", NOW + 20, WRONG);
    ck_assert_int_eq(wrong_tries("old"), 4);
    ck_assert_int_eq(wrong_tries("new"), 4);
    TRIES("42", "bad", NOW + HOUR + 5, WRONG); /* the old one has expired by then */
    ck_assert_int_eq(wrong_tries("old"), 4);
    ck_assert_int_eq(wrong_tries("new"), 5);
    TRIES("42", "old", NOW + 20, ACCEPTED);
    TRIES("42", "new", NOW + 20, LOCKED);
}
END_TEST

START_TEST(verify_code_is_counted_when_committed) {
    send_code("42", "123456", NOW);
    commit();
    TRIES("42", "000000", NOW, WRONG);
    commit();
    TRIES("42", "000000", NOW, WRONG);
    OK(trdb_uow_rollback(fix_uow, &fix_err)); /* the caller forgot to commit: not counted */
    trdb_uow_free(fix_uow);
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    ck_assert_int_eq(wrong_tries("123456"), 1);
    OK(trdb_uow_rollback(fix_uow, &fix_err));
    harness_sql(fix_url, "TRUNCATE usr_users CASCADE");
}
END_TEST

/* ---- several sessions --------------------------------------------------------------------------------- */

enum { SESSIONS = 8 };

typedef struct session {
    pthread_t thread;
    pthread_barrier_t *ready;
    const char *code_text;
    int32_t outcome;
    int code;
    trdb_error *error;
} session;

static void *try_it(void *arg) {
    session *s = arg;
    trdb_uow *uow = NULL;
    s->code = trdb_uow_begin(fix_db, NULL, &uow, &s->error);
    pthread_barrier_wait(s->ready);
    if (s->code == 0)
        s->code = trdb_telegram_verify_code(uow, "42", s->code_text, 0, NOW, &s->outcome, &s->error);
    if (s->code == 0)
        s->code = trdb_uow_commit(uow, &s->error);
    trdb_uow_free(uow);
    return NULL;
}

/* How many of several sessions that try a text at once got an outcome. */
static int at_once(const char *code_text, int32_t outcome) {
    session sessions[SESSIONS];
    pthread_barrier_t ready;
    int got = 0;
    pthread_barrier_init(&ready, NULL, SESSIONS);
    for (int i = 0; i < SESSIONS; i++) {
        sessions[i] = (session){.ready = &ready, .code_text = code_text};
        ck_assert_int_eq(pthread_create(&sessions[i].thread, NULL, try_it, &sessions[i]), 0);
    }
    for (int i = 0; i < SESSIONS; i++)
        pthread_join(sessions[i].thread, NULL);
    pthread_barrier_destroy(&ready);
    for (int i = 0; i < SESSIONS; i++) {
        ck_ok(sessions[i].code, sessions[i].error);
        got += sessions[i].outcome == outcome;
    }
    return got;
}

START_TEST(verify_code_is_accepted_once) {
    send_code("42", "123456", NOW);
    commit();
    ck_assert_int_eq(at_once("123456", ACCEPTED), 1);
    ck_assert_int_eq(at_once("123456", USED), SESSIONS);
    harness_sql(fix_url, "TRUNCATE usr_users CASCADE");
}
END_TEST

START_TEST(verify_code_counts_every_guess) {
    send_code("42", "123456", NOW);
    commit();
    ck_assert_int_eq(at_once("000000", WRONG), 5); /* the others came too late to guess anything */
    ck_assert_int_eq(wrong_tries("123456"), 5);
    TRIES("42", "123456", NOW, LOCKED);
    OK(trdb_uow_rollback(fix_uow, &fix_err));
    harness_sql(fix_url, "TRUNCATE usr_users CASCADE");
}
END_TEST

/* The second session waits until the first one is through: what waits is asked of the server. */
START_TEST(verify_code_waits_for_the_other) {
    pthread_barrier_t ready;
    session second = {.ready = &ready, .code_text = "123456"};
    send_code("42", "123456", NOW);
    commit();
    TRIES("42", "123456", NOW, ACCEPTED);
    pthread_barrier_init(&ready, NULL, 1);
    ck_assert_int_eq(pthread_create(&second.thread, NULL, try_it, &second), 0);
    for (bool waits = false; !waits;) {
        char *count = harness_value(fix_url, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = "
                                             "'Lock' AND datname = current_database()");
        waits = atoi(count) == 1;
        free(count);
        usleep(2000);
    }
    OK(trdb_uow_rollback(fix_uow, &fix_err)); /* the first was not to be: the second is accepted */
    pthread_join(second.thread, NULL);
    pthread_barrier_destroy(&ready);
    ck_ok(second.code, second.error);
    ck_assert_int_eq(second.outcome, ACCEPTED);
    harness_sql(fix_url, "TRUNCATE usr_users CASCADE");
}
END_TEST

/* ---- secrets ------------------------------------------------------------------------------------------ */

static void shows_no_secret(const trdb_error *error) {
    const char *texts[] = {trdb_error_message(error), trdb_error_detail(error), trdb_error_constraint(error),
                           trdb_error_statement(error)};
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(!texts[i] || !strstr(texts[i], "s3cret"), "%s", texts[i]);
}

static int traced;
static void trace(void *arg, const trdb_trace_event *event) {
    (void)arg;
    traced++;
    ck_assert_ptr_null(strstr(event->sql, "s3cret"));
    ck_assert_ptr_null(strstr(event->statement, "s3cret"));
}

/* Runs a call that the server refuses because of the code in it. */
#define KEEPS_IT(call)                                                                                       \
    do {                                                                                                     \
        OK(trdb_uow_savepoint(fix_uow, &fix_err));                                                           \
        ck_assert_int_eq(call, TRDB_E_CHECK);                                                                \
        shows_no_secret(fix_err);                                                                            \
        OK(trdb_uow_rollback_to(fix_uow, &fix_err));                                                         \
    } while (0)

START_TEST(codes_are_secret) {
    int32_t outcome = 0;
    trdb_uow_free(fix_uow);
    OK(trdb_set_trace(fix_db, trace, NULL, &fix_err));
    OK(trdb_uow_begin(fix_db, NULL, &fix_uow, &fix_err));
    const char *longer = "s3cret-that-is-longer-than-32-characters";
    ck_assert_int_eq(trdb_telegram_set_verification_code(fix_uow, "1", longer, NOW, NULL, &fix_err),
                     TRDB_E_RANGE);
    shows_no_secret(fix_err);
    ck_assert_int_eq(trdb_telegram_verify_code(fix_uow, "1", longer, 0, NOW, &outcome, &fix_err),
                     TRDB_E_RANGE);
    shows_no_secret(fix_err);
    ck_assert_int_eq(
        trdb_telegram_set_user_email(fix_uow, "1", "a@example.org", longer, NOW, NULL, false, NULL, &fix_err),
        TRDB_E_RANGE);
    shows_no_secret(fix_err);
    send_code("1", "s3cret", NOW);
    TRIES("1", "s3cret!", NOW, WRONG);
    commit();
    harness_sql(fix_url,
                "ALTER TABLE usr_verification_codes ADD CONSTRAINT no_code CHECK (code = '') NOT VALID");
    KEEPS_IT(trdb_telegram_set_verification_code(fix_uow, "1", "s3cret", NOW, NULL, &fix_err));
    KEEPS_IT(trdb_telegram_verify_code(fix_uow, "1", "s3cret", 0, NOW, &outcome, &fix_err));
    KEEPS_IT(trdb_telegram_verify_code(fix_uow, "1", "guessed", 0, NOW, &outcome, &fix_err));
    KEEPS_IT(trdb_telegram_set_user_email(fix_uow, "1", "a@example.org", "s3cret", NOW, NULL, false, NULL,
                                          &fix_err));
    ck_assert_int_gt(traced, 5);
    OK(trdb_uow_rollback(fix_uow, &fix_err));
    harness_sql(fix_url, "ALTER TABLE usr_verification_codes DROP CONSTRAINT no_code;"
                         "TRUNCATE usr_users CASCADE");
}
END_TEST

/* ---- bad input ---------------------------------------------------------------------------------------- */

START_TEST(codes_are_checked_before_they_are_sent) {
    char wide[257];
    memset(wide, 'x', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    trdb_usr_verification_code *row = NULL;
    int64_t count = -1, trips = fix_round_trips();
    int32_t outcome = -1;
#define SET(id, code, time) trdb_telegram_set_verification_code(fix_uow, id, code, time, &row, &fix_err)
#define VERIFY(id, code, expiry, now)                                                                        \
    trdb_telegram_verify_code(fix_uow, id, code, expiry, now, &outcome, &fix_err)
    FAILS(SET(NULL, "1", NOW), TRDB_E_NOT_NULL,
          "usr_auth_identities.external_id: is required by telegram.set_verification_code");
    FAILS(SET(TRDB_NULL_TEXT, "1", NOW), TRDB_E_NOT_NULL, "external_id");
    FAILS(SET("", "1", NOW), TRDB_E_INVALID, "external_id: is empty");
    FAILS(SET(wide, "1", NOW), TRDB_E_RANGE, "external_id");
    FAILS(SET("\xff", "1", NOW), TRDB_E_ENCODING, "external_id");
    FAILS(SET("1", NULL, NOW), TRDB_E_NOT_NULL, "usr_verification_codes.code: is required");
    FAILS(SET("1", "", NOW), TRDB_E_INVALID, "code: is empty");
    FAILS(SET("1", wide, NOW), TRDB_E_RANGE, "code");
    FAILS(SET("1", "\xc3(", NOW), TRDB_E_ENCODING, "code");
    FAILS(SET("1", "1", -1), TRDB_E_RANGE, "sent_time must not be negative");
    FAILS(VERIFY(NULL, "1", 0, NOW), TRDB_E_NOT_NULL, "external_id");
    FAILS(VERIFY("1", NULL, 0, NOW), TRDB_E_NOT_NULL, "code");
    FAILS(VERIFY("1", "", 0, NOW), TRDB_E_INVALID, "code: is empty");
    FAILS(VERIFY("1", wide, 0, NOW), TRDB_E_RANGE, "code");
    FAILS(VERIFY("1", "\xff", 0, NOW), TRDB_E_ENCODING, "code");
    FAILS(VERIFY("1", "1", -1, NOW), TRDB_E_RANGE, "expiry must not be negative");
    FAILS(VERIFY("1", "1", 0, -1), TRDB_E_RANGE, "now must not be negative");
    FAILS(trdb_telegram_verify_code(fix_uow, "1", "1", 0, NOW, NULL, &fix_err), TRDB_E_INVALID,
          "the place for the outcome is NULL");
    FAILS(trdb_telegram_count_codes_last_hour(fix_uow, "", NOW, &count, &fix_err), TRDB_E_INVALID,
          "is empty");
    FAILS(trdb_telegram_count_codes_last_hour(fix_uow, "1", -1, &count, &fix_err), TRDB_E_RANGE, "now");
    FAILS(trdb_telegram_count_codes_last_hour(fix_uow, "1", NOW, NULL, &fix_err), TRDB_E_INVALID, "is NULL");
    FAILS(trdb_telegram_verify_code(NULL, "1", "1", 0, NOW, &outcome, &fix_err), TRDB_E_INVALID,
          "unit of work is NULL");
#undef SET
#undef VERIFY
    ck_assert_int_eq(fix_round_trips(), trips);
    ck_assert(row == NULL && count == -1 && outcome == -1);
    fix_unit_works();
    ck_assert_int_eq(fix_count("usr_users"), 0);
}
END_TEST

START_TEST(round_trips) {
    trdb_usr_verification_code *row = NULL;
    int64_t count;
    int32_t outcome;
    for (int warm = 0; warm < 2; warm++) {
        int64_t before = fix_round_trips();
        OK(trdb_telegram_set_verification_code(fix_uow, "1", "1", NOW, &row, &fix_err));
        OK(trdb_telegram_count_codes_last_hour(fix_uow, "1", NOW, &count, &fix_err));
        OK(trdb_telegram_verify_code(fix_uow, "1", "2", 0, NOW, &outcome, &fix_err));
        OK(trdb_telegram_verify_code(fix_uow, "1", "1", 0, NOW, &outcome, &fix_err));
        if (warm)
            ck_assert_int_eq(fix_round_trips() - before, 4);
        trdb_usr_verification_code_free(row);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("telegram codes");
    TCase *tcase = fix_case("codes");
    tcase_add_test(tcase, svc_set_verification_code);
    tcase_add_test(tcase, svc_count_codes_last_hour);
    tcase_add_test(tcase, svc_verify_code);
    tcase_add_test(tcase, verify_code_expires);
    tcase_add_test(tcase, verify_code_locks_after_five);
    tcase_add_test(tcase, verify_code_counts_for_every_live_code);
    tcase_add_test(tcase, codes_are_checked_before_they_are_sent);
    tcase_add_test(tcase, round_trips);
    suite_add_tcase(suite, tcase);
    tcase = fix_case("codes at once"); /* commits: in a database of its own */
    tcase_add_test(tcase, verify_code_is_counted_when_committed);
    tcase_add_test(tcase, verify_code_is_accepted_once);
    tcase_add_test(tcase, verify_code_counts_every_guess);
    tcase_add_test(tcase, verify_code_waits_for_the_other);
    tcase_add_test(tcase, codes_are_secret);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
