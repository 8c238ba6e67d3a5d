/* SPDX-License-Identifier: MIT */
/* Errors: the object, the words, the SQLSTATE table. */
#include "error/error.h"
#include "harness.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

START_TEST(no_error_is_harmless) {
    ck_assert_int_eq(trdb_error_code(NULL), 0);
    ck_assert_ptr_nonnull(trdb_error_message(NULL));
    ck_assert_ptr_null(trdb_error_detail(NULL));
    ck_assert_ptr_null(trdb_error_sqlstate(NULL));
    ck_assert_ptr_null(trdb_error_constraint(NULL));
    ck_assert_ptr_null(trdb_error_table(NULL));
    ck_assert_ptr_null(trdb_error_column(NULL));
    ck_assert_ptr_null(trdb_error_statement(NULL));
    ck_assert_int_eq(trdb_error_row(NULL), -1);
    ck_assert(!trdb_error_retryable(NULL));
    ck_assert(!trdb_error_in_doubt(NULL));
    trdb_error_free(NULL);

    trdb_error *none = NULL;
    trdbi_error_set_column(NULL, "t", "c");
    trdbi_error_set_column(&none, "t", "c");
    trdbi_error_set_statement(&none, "s");
    trdbi_error_set_row(&none, 1);
    ck_assert_ptr_null(none);
    ck_assert_int_eq(trdbi_error(NULL, TRDB_E_STATE, "nobody hears %d", 1), TRDB_E_STATE);
    ck_assert_int_eq(trdbi_error_nomem(NULL), TRDB_E_NOMEM);
}
END_TEST

START_TEST(made_changed_and_replaced) {
    TRDB_AUTO(trdb_error) *err = NULL;
    ck_assert_int_eq(trdbi_error(&err, TRDB_E_RANGE, "%s is %d", "limit", -1), TRDB_E_RANGE);
    ck_assert_int_eq(trdb_error_code(err), TRDB_E_RANGE);
    ck_assert_str_eq(trdb_error_message(err), "limit is -1");
    ck_assert_int_eq(trdb_error_row(err), -1);
    ck_assert_ptr_null(trdb_error_sqlstate(err));
    ck_assert_ptr_null(trdb_error_statement(err));

    trdbi_error_set_column(&err, "trading_bots", "status");
    trdbi_error_set_column(&err, NULL, "config");
    trdbi_error_set_statement(&err, "first");
    trdbi_error_set_statement(&err, "trading_bots.insert");
    trdbi_error_set_row(&err, 3);
    ck_assert_str_eq(trdb_error_table(err), "trading_bots");
    ck_assert_str_eq(trdb_error_column(err), "config");
    ck_assert_str_eq(trdb_error_statement(err), "trading_bots.insert");
    ck_assert_int_eq(trdb_error_row(err), 3);

    /* The new message may quote the old error. */
    trdbi_error(&err, TRDB_E_STATE, "after %s", trdb_error_message(err));
    ck_assert_str_eq(trdb_error_message(err), "after limit is -1");
    ck_assert_int_eq(trdb_error_code(err), TRDB_E_STATE);
    ck_assert_ptr_null(trdb_error_column(err));
}
END_TEST

START_TEST(out_of_memory_is_static) {
    trdb_error *err = NULL, *other = NULL;
    ck_assert_int_eq(trdbi_error_nomem(&err), TRDB_E_NOMEM);
    ck_assert_int_eq(trdbi_error_nomem(&other), TRDB_E_NOMEM);
    ck_assert_ptr_eq(err, other);
    trdbi_error_set_column(&err, "t", "c");
    trdbi_error_set_statement(&err, "s");
    trdbi_error_set_row(&err, 1);
    ck_assert_int_eq(trdb_error_code(err), TRDB_E_NOMEM);
    ck_assert_str_eq(trdb_error_message(err), "out of memory");
    ck_assert_int_eq(trdb_error_row(err), -1);
    ck_assert_ptr_null(trdb_error_statement(err));
    trdb_error_free(err);
    trdb_error_free(other);
}
END_TEST

START_TEST(messages_are_one_line) {
    static const char *const cases[][2] = {
        {"plain", "plain"},
        {"two\nlines", "two lines"},
        {"two\r\n\tlines\n", "two lines"},
        {"first\n    second", "first second"},
        {"first \n second  third", "first second  third"},
        {"\n\n", ""},
        {"\x1b[31mred\x7f", "[31mred"},
        {"z\xC3\xBCrich", "z\xC3\xBCrich"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        trdb_error *err = NULL;
        trdbi_error(&err, TRDB_E_IO, "%s", cases[i][0]);
        ck_assert_str_eq(trdb_error_message(err), cases[i][1]);
        trdb_error_free(err);
    }
}
END_TEST

START_TEST(long_messages_survive) {
    char text[5000];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    trdb_error *err = NULL;
    trdbi_error(&err, TRDB_E_IO, "<%s>", text);
    ck_assert_uint_eq(strlen(trdb_error_message(err)), sizeof text + 1);
    trdb_error_free(err);
}
END_TEST

START_TEST(codes_have_names) {
    static const struct {
        int code;
        const char *name;
    } codes[] = {
#define CODE(name) {name, #name}
        CODE(TRDB_OK),
        CODE(TRDB_E_NOMEM),
        CODE(TRDB_E_INVALID),
        CODE(TRDB_E_RANGE),
        CODE(TRDB_E_INEXACT),
        CODE(TRDB_E_ENCODING),
        CODE(TRDB_E_STATE),
        CODE(TRDB_E_CLOSED),
        CODE(TRDB_E_FORKED),
        CODE(TRDB_E_NOT_FOUND),
        CODE(TRDB_E_DUPLICATE),
        CODE(TRDB_E_REFERENCE),
        CODE(TRDB_E_CHECK),
        CODE(TRDB_E_NOT_NULL),
        CODE(TRDB_E_CONFLICT),
        CODE(TRDB_E_SERIALIZATION),
        CODE(TRDB_E_DEADLOCK),
        CODE(TRDB_E_TIMEOUT),
        CODE(TRDB_E_CANCELLED),
        CODE(TRDB_E_EXHAUSTED),
        CODE(TRDB_E_CONNECT),
        CODE(TRDB_E_AUTH),
        CODE(TRDB_E_CONNECTION_LOST),
        CODE(TRDB_E_IN_DOUBT),
        CODE(TRDB_E_READ_ONLY),
        CODE(TRDB_E_PERMISSION),
        CODE(TRDB_E_SCHEMA),
        CODE(TRDB_E_SCHEMA_NEWER),
        CODE(TRDB_E_CHECKSUM),
        CODE(TRDB_E_UNSUPPORTED),
        CODE(TRDB_E_SERVER),
        CODE(TRDB_E_PROTOCOL),
        CODE(TRDB_E_IO),
#undef CODE
    };
    for (size_t i = 0; i < COUNT(codes); i++) {
        ck_assert_int_eq(codes[i].code, -(int)i); /* never renumbered */
        ck_assert_str_eq(trdb_error_code_name(codes[i].code), codes[i].name);
    }
    ck_assert_str_eq(trdb_error_code_name(1), "TRDB_E_UNKNOWN");
    ck_assert_str_eq(trdb_error_code_name(-(int)COUNT(codes)), "TRDB_E_UNKNOWN");
    ck_assert_str_eq(trdb_error_code_name(INT32_MIN), "TRDB_E_UNKNOWN");
}
END_TEST

START_TEST(sqlstates_have_codes) {
    static const struct {
        const char *sqlstate;
        int code;
    } cases[] = {
        {"40001", TRDB_E_SERIALIZATION},
        {"40P01", TRDB_E_DEADLOCK},
        {"08000", TRDB_E_CONNECTION_LOST},
        {"08006", TRDB_E_CONNECTION_LOST},
        {"08P01", TRDB_E_CONNECTION_LOST},
        {"08001", TRDB_E_CONNECT},
        {"08004", TRDB_E_CONNECT},
        {"3D000", TRDB_E_CONNECT},
        {"57P01", TRDB_E_CONNECTION_LOST},
        {"57P02", TRDB_E_CONNECTION_LOST},
        {"57P03", TRDB_E_CONNECTION_LOST},
        {"25P03", TRDB_E_CONNECTION_LOST},
        {"28P01", TRDB_E_AUTH},
        {"28000", TRDB_E_AUTH},
        {"53300", TRDB_E_EXHAUSTED},
        {"55P03", TRDB_E_TIMEOUT},
        {"57014", TRDB_E_CANCELLED},
        {"25006", TRDB_E_READ_ONLY},
        {"25P02", TRDB_E_STATE},
        {"3B001", TRDB_E_STATE},
        {"42501", TRDB_E_PERMISSION},
        {"42P01", TRDB_E_SCHEMA},
        {"42703", TRDB_E_SCHEMA},
        {"42883", TRDB_E_SCHEMA},
        {"3F000", TRDB_E_SCHEMA},
        {"42601", TRDB_E_SERVER},
        {"23505", TRDB_E_DUPLICATE},
        {"23P01", TRDB_E_DUPLICATE},
        {"23503", TRDB_E_REFERENCE},
        {"23001", TRDB_E_REFERENCE},
        {"23514", TRDB_E_CHECK},
        {"44000", TRDB_E_CHECK},
        {"23502", TRDB_E_NOT_NULL},
        {"22003", TRDB_E_RANGE},
        {"22008", TRDB_E_RANGE},
        {"22001", TRDB_E_RANGE},
        {"22012", TRDB_E_RANGE},
        {"54000", TRDB_E_RANGE},
        {"22021", TRDB_E_ENCODING},
        {"22P05", TRDB_E_ENCODING},
        {"22P02", TRDB_E_INVALID},
        {"22007", TRDB_E_INVALID},
        {"0A000", TRDB_E_UNSUPPORTED},
        {"P0002", TRDB_E_NOT_FOUND},
        {"P0001", TRDB_E_SERVER},
        {"XX000", TRDB_E_SERVER},
        {"TD001", TRDB_E_CONFLICT},
        {"TD002", TRDB_E_DUPLICATE},
        {"TD003", TRDB_E_NOT_FOUND},
        {"TD004", TRDB_E_INVALID},
        {"TD005", TRDB_E_STATE},
        {"TD999", TRDB_E_SERVER},
        {"", TRDB_E_SERVER},
        {"2", TRDB_E_SERVER},
        {NULL, TRDB_E_SERVER},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        int code = trdbi_code_of_sqlstate(cases[i].sqlstate);
        ck_assert_msg(code == cases[i].code, "%s: %s", cases[i].sqlstate, trdb_error_code_name(code));
        bool again = cases[i].code == TRDB_E_SERIALIZATION || cases[i].code == TRDB_E_DEADLOCK;
        ck_assert_int_eq(trdbi_sqlstate_retryable(cases[i].sqlstate), again);
    }
}
END_TEST

static trdb_error *server_error(const trdbi_server_error *server, bool secret, int code) {
    trdb_error *err = NULL;
    ck_assert_int_eq(trdbi_error_server(NULL, "ignored", server, secret), code);
    ck_assert_int_eq(trdbi_error_server(&err, "trading_bots.insert", server, secret), code);
    ck_assert_int_eq(trdb_error_code(err), code);
    ck_assert_str_eq(trdb_error_statement(err), "trading_bots.insert");
    return err;
}

static void ck_words(const trdbi_server_error *server, bool secret, int code, const char *message) {
    trdb_error *err = server_error(server, secret, code);
    ck_assert_str_eq(trdb_error_message(err), message);
    trdb_error_free(err);
}

START_TEST(server_errors_in_words) {
    trdbi_server_error server = {
        .sqlstate = "23505",
        .message = "duplicate key value violates unique constraint \"usr_users_email_key\"",
        .detail = "Key (email)=(a@b.c) already exists.",
        .constraint = "usr_users_email_key",
        .table = "usr_users",
    };
    trdb_error *err = server_error(&server, false, TRDB_E_DUPLICATE);
    ck_assert_str_eq(trdb_error_message(err), "trading_bots.insert: a row with the same key exists already: "
                                              "constraint \"usr_users_email_key\" of table \"usr_users\"");
    ck_assert_str_eq(trdb_error_detail(err), "Key (email)=(a@b.c) already exists.");
    ck_assert_str_eq(trdb_error_sqlstate(err), "23505");
    ck_assert_str_eq(trdb_error_constraint(err), "usr_users_email_key");
    ck_assert_str_eq(trdb_error_table(err), "usr_users");
    ck_assert_ptr_null(trdb_error_column(err));
    ck_assert_int_eq(trdb_error_row(err), -1);
    ck_assert(!trdb_error_retryable(err));
    trdb_error_free(err);

    ck_words(
        &(trdbi_server_error){
            .sqlstate = "23502", .message = "null value", .column = "symbol", .table = "trading_trades"},
        false, TRDB_E_NOT_NULL,
        "trading_bots.insert: a required value is missing: column \"symbol\" of table \"trading_trades\"");
    ck_words(
        &(trdbi_server_error){.sqlstate = "22P02", .message = "invalid input syntax for type inet: \"x\""},
        false, TRDB_E_INVALID,
        "trading_bots.insert: a value is malformed: invalid input syntax for type inet: \"x\"");
    ck_words(&(trdbi_server_error){.sqlstate = "XX000", .message = "cache lookup\nfailed"}, false,
             TRDB_E_SERVER, "trading_bots.insert: cache lookup failed");
    ck_words(&(trdbi_server_error){.sqlstate = "TD001", .message = "fill 7 was applied with other figures"},
             false, TRDB_E_CONFLICT, "trading_bots.insert: fill 7 was applied with other figures");
    ck_words(&(trdbi_server_error){0}, false, TRDB_E_SERVER,
             "trading_bots.insert: the server reported an error (SQLSTATE unknown)");

    err = NULL;
    trdbi_error_server(&err, NULL, &(trdbi_server_error){.sqlstate = "57P01", .message = "terminating"},
                       false);
    ck_assert_str_eq(trdb_error_message(err), "the server ended the connection: terminating");
    ck_assert_ptr_null(trdb_error_statement(err));
    trdb_error_free(err);
}
END_TEST

START_TEST(hint_stands_in_for_detail) {
    trdbi_server_error server = {.sqlstate = "42883", .message = "no function", .hint = "add casts"};
    trdb_error *err = server_error(&server, false, TRDB_E_SCHEMA);
    ck_assert_str_eq(trdb_error_detail(err), "add casts");
    trdb_error_free(err);
    server.detail = "more";
    err = server_error(&server, false, TRDB_E_SCHEMA);
    ck_assert_str_eq(trdb_error_detail(err), "more");
    trdb_error_free(err);
}
END_TEST

/* Every code is tried: none may let a value through. */
START_TEST(secrets_stay_secret) {
    static const char *const states[] = {
        "23505", "23503", "23514", "23502", "22001", "22003", "22P02", "22021", "42501", "42P01", "TD001",
        "TD002", "TD004", "P0001", "XX000", "40001", "57014", "0A000", "28P01", "25006", "54000", NULL};
    for (size_t i = 0; i < COUNT(states); i++)
        for (int names = 0; names < 2; names++) {
            trdbi_server_error server = {.sqlstate = states[i],
                                         .message = "value hunter2",
                                         .detail = "(hunter2)",
                                         .hint = "not hunter2"};
            if (names)
                server.constraint = server.table = server.column = "name";
            trdb_error *err = NULL;
            trdbi_error_server(&err, "usr_identities.insert", &server, true);
            ck_assert_ptr_null(strstr(trdb_error_message(err), "hunter2"));
            ck_assert_ptr_null(trdb_error_detail(err));
            ck_assert_ptr_nonnull(strstr(trdb_error_message(err), "usr_identities.insert: "));
            if (names) {
                ck_assert_ptr_nonnull(strstr(trdb_error_message(err), "\"name\""));
                ck_assert_str_eq(trdb_error_constraint(err), "name");
                ck_assert_str_eq(trdb_error_column(err), "name");
            }
            trdb_error_free(err);
        }
    ck_words(&(trdbi_server_error){.sqlstate = "XX000", .message = "hunter2"}, true, TRDB_E_SERVER,
             "trading_bots.insert: the server reported an error (SQLSTATE XX000)");
}
END_TEST

START_TEST(timeout_and_cancel_are_told_apart) {
    trdbi_server_error server = {.sqlstate = "57014",
                                 .message = "canceling statement due to statement timeout"};
    trdb_error_free(server_error(&server, false, TRDB_E_TIMEOUT));
    trdb_error_free(server_error(&server, true, TRDB_E_TIMEOUT));
    server.message = "canceling statement due to user request";
    trdb_error_free(server_error(&server, false, TRDB_E_CANCELLED));
    server.message = NULL;
    trdb_error_free(server_error(&server, false, TRDB_E_CANCELLED));
}
END_TEST

START_TEST(only_collisions_are_retryable) {
    trdb_error *err =
        server_error(&(trdbi_server_error){.sqlstate = "40001", .message = "could not serialize"}, false,
                     TRDB_E_SERIALIZATION);
    ck_assert(trdb_error_retryable(err));
    ck_assert(!trdb_error_in_doubt(err));
    /* Names of the error that is replaced may be used for the new one. */
    trdbi_server_error again = {.sqlstate = trdb_error_sqlstate(err), .message = trdb_error_message(err)};
    trdbi_error_server(&err, trdb_error_statement(err), &again, false);
    ck_assert(trdb_error_retryable(err));
    ck_assert_str_eq(trdb_error_statement(err), "trading_bots.insert");
    trdb_error_free(err);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("error");
    TCase *tests = tcase_create("error");
    suite_add_tcase(suite, tests);
    tcase_add_test(tests, no_error_is_harmless);
    tcase_add_test(tests, made_changed_and_replaced);
    tcase_add_test(tests, out_of_memory_is_static);
    tcase_add_test(tests, messages_are_one_line);
    tcase_add_test(tests, long_messages_survive);
    tcase_add_test(tests, codes_have_names);
    tcase_add_test(tests, sqlstates_have_codes);
    tcase_add_test(tests, server_errors_in_words);
    tcase_add_test(tests, hint_stands_in_for_detail);
    tcase_add_test(tests, secrets_stay_secret);
    tcase_add_test(tests, timeout_and_cancel_are_told_apart);
    tcase_add_test(tests, only_collisions_are_retryable);
    return harness_run(suite);
}
