/* SPDX-License-Identifier: MIT */
/* What the server's errors mean to a caller. */
#include <string.h>

#include "base/buf.h"
#include "error/error.h"

typedef struct mapping {
    const char *prefix; /* a whole SQLSTATE or its class */
    int code;
} mapping;

/* The first match counts, so whole states stand before their class. Class TD belongs to the functions of our
 * own migrations. */
static const mapping mappings[] = {
    {"08001", TRDB_E_CONNECT},         /* sqlclient_unable_to_establish_sqlconnection */
    {"08004", TRDB_E_CONNECT},         /* sqlserver_rejected_establishment_of_sqlconnection */
    {"08", TRDB_E_CONNECTION_LOST},    /* connection_exception; PgBouncer's errors are 08P01 */
    {"0A000", TRDB_E_UNSUPPORTED},     /* feature_not_supported */
    {"22001", TRDB_E_RANGE},           /* string_data_right_truncation */
    {"22003", TRDB_E_RANGE},           /* numeric_value_out_of_range */
    {"22008", TRDB_E_RANGE},           /* datetime_field_overflow */
    {"22009", TRDB_E_RANGE},           /* invalid_time_zone_displacement_value */
    {"22012", TRDB_E_RANGE},           /* division_by_zero */
    {"22015", TRDB_E_RANGE},           /* interval_field_overflow */
    {"22021", TRDB_E_ENCODING},        /* character_not_in_repertoire */
    {"22P05", TRDB_E_ENCODING},        /* untranslatable_character */
    {"22", TRDB_E_INVALID},            /* data_exception */
    {"23001", TRDB_E_REFERENCE},       /* restrict_violation */
    {"23502", TRDB_E_NOT_NULL},        /* not_null_violation */
    {"23503", TRDB_E_REFERENCE},       /* foreign_key_violation */
    {"23505", TRDB_E_DUPLICATE},       /* unique_violation */
    {"23P01", TRDB_E_DUPLICATE},       /* exclusion_violation */
    {"23", TRDB_E_CHECK},              /* check_violation and integrity_constraint_violation */
    {"25006", TRDB_E_READ_ONLY},       /* read_only_sql_transaction */
    {"25P03", TRDB_E_CONNECTION_LOST}, /* idle_in_transaction_session_timeout: the server hangs up */
    {"25P04", TRDB_E_CONNECTION_LOST}, /* transaction_timeout: the server hangs up */
    {"25", TRDB_E_STATE},              /* invalid_transaction_state */
    {"28", TRDB_E_AUTH},               /* invalid_authorization_specification, invalid_password */
    {"3B001", TRDB_E_STATE},           /* invalid_savepoint_specification */
    {"3D000", TRDB_E_CONNECT},         /* no such database */
    {"3F000", TRDB_E_SCHEMA},          /* no such schema */
    {"40001", TRDB_E_SERIALIZATION},   /* serialization_failure */
    {"40P01", TRDB_E_DEADLOCK},        /* deadlock_detected */
    {"42501", TRDB_E_PERMISSION},      /* insufficient_privilege, row-level security */
    {"42703", TRDB_E_SCHEMA},          /* undefined_column */
    {"42704", TRDB_E_SCHEMA},          /* undefined_object: a type, a constraint */
    {"42883", TRDB_E_SCHEMA},          /* undefined_function */
    {"42P01", TRDB_E_SCHEMA},          /* undefined_table */
    {"44000", TRDB_E_CHECK},           /* with_check_option_violation */
    {"53300", TRDB_E_EXHAUSTED},       /* too_many_connections */
    {"54000", TRDB_E_RANGE},           /* program_limit_exceeded: a value too large for its index */
    {"55P03", TRDB_E_TIMEOUT},         /* lock_not_available: lock_timeout or NOWAIT */
    {"57014", TRDB_E_CANCELLED},       /* query_canceled; trdbi_error_server() tells a timeout apart */
    {"57P01", TRDB_E_CONNECTION_LOST}, /* admin_shutdown */
    {"57P02", TRDB_E_CONNECTION_LOST}, /* crash_shutdown */
    {"57P03", TRDB_E_CONNECTION_LOST}, /* cannot_connect_now */
    {"57P04", TRDB_E_CONNECTION_LOST}, /* database_dropped */
    {"57P05", TRDB_E_CONNECTION_LOST}, /* idle_session_timeout */
    {"P0002", TRDB_E_NOT_FOUND},       /* no_data_found */
    {"TD001", TRDB_E_CONFLICT},
    {"TD002", TRDB_E_DUPLICATE},
    {"TD003", TRDB_E_NOT_FOUND},
    {"TD004", TRDB_E_INVALID},
    {"TD005", TRDB_E_STATE},
};

int trdbi_code_of_sqlstate(const char *sqlstate) {
    if (!sqlstate)
        return TRDB_E_SERVER;
    for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++)
        if (strncmp(sqlstate, mappings[i].prefix, strlen(mappings[i].prefix)) == 0)
            return mappings[i].code;
    return TRDB_E_SERVER;
}

bool trdbi_sqlstate_retryable(const char *sqlstate) {
    return sqlstate && (strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0);
}

static int code_of(const trdbi_server_error *server) {
    int code = trdbi_code_of_sqlstate(server->sqlstate);
    /* One SQLSTATE stands for both; only the message tells. Untranslatable text counts as a cancel. */
    if (code == TRDB_E_CANCELLED && server->message && strstr(server->message, "timeout"))
        return TRDB_E_TIMEOUT;
    return code;
}

/* What happened and, where it is known, what to do about it. */
static const char *words_of(int code) {
    switch (code) {
    case TRDB_E_INVALID:
        return "a value is malformed";
    case TRDB_E_RANGE:
        return "a value lies outside its range";
    case TRDB_E_ENCODING:
        return "a text does not fit the encoding of the database";
    case TRDB_E_STATE:
        return "the transaction or the row is in the wrong state";
    case TRDB_E_NOT_FOUND:
        return "no such row";
    case TRDB_E_DUPLICATE:
        return "a row with the same key exists already";
    case TRDB_E_REFERENCE:
        return "the row referred to is missing, or other rows still refer to this one";
    case TRDB_E_CHECK:
        return "a value is refused by a check";
    case TRDB_E_NOT_NULL:
        return "a required value is missing";
    case TRDB_E_CONFLICT:
        return "the stored state says otherwise";
    case TRDB_E_SERIALIZATION:
        return "collided with a concurrent unit, run the unit again";
    case TRDB_E_DEADLOCK:
        return "deadlocked with a concurrent unit, run the unit again";
    case TRDB_E_TIMEOUT:
        return "a timeout passed";
    case TRDB_E_CANCELLED:
        return "the statement was cancelled";
    case TRDB_E_EXHAUSTED:
        return "the server has no free connection, use a smaller pool or raise max_connections";
    case TRDB_E_CONNECT:
        return "no connection could be made";
    case TRDB_E_AUTH:
        return "the server refused the user or the password";
    case TRDB_E_CONNECTION_LOST:
        return "the server ended the connection";
    case TRDB_E_READ_ONLY:
        return "a write in a read-only unit or on a read-only server";
    case TRDB_E_PERMISSION:
        return "the role may not do this, grant it the right or use another role";
    case TRDB_E_SCHEMA:
        return "something that the statement names is missing (where it is the library's, run tradingdb migrate up)";
    case TRDB_E_UNSUPPORTED:
        return "the server cannot do this";
    default:
        return "the server reported an error";
    }
}

/* Appends: constraint "c" of table "t". False when the server named nothing. */
static bool append_names(trdbi_buf *out, const trdbi_server_error *server) {
    if (server->constraint)
        trdbi_buf_printf(out, ": constraint \"%s\"", server->constraint);
    else if (server->column)
        trdbi_buf_printf(out, ": column \"%s\"", server->column);
    else
        return false;
    if (server->table)
        trdbi_buf_printf(out, " of table \"%s\"", server->table);
    return true;
}

/* The message of our own functions says everything itself, and so does that of an error without a code. Where
 * the server named a constraint or a column its own sentence would only repeat that. */
static void compose(trdbi_buf *out, int code, const char *statement, const trdbi_server_error *server,
                    bool secret) {
    const char *sqlstate = server->sqlstate ? server->sqlstate : "unknown";
    const char *message = secret ? NULL : server->message;
    bool own = code != TRDB_E_SERVER && strncmp(sqlstate, "TD", 2) == 0;
    if (statement)
        trdbi_buf_printf(out, "%s: ", statement);
    if (message && (own || code == TRDB_E_SERVER)) {
        trdbi_buf_text(out, message);
        return;
    }
    trdbi_buf_text(out, words_of(code));
    if (append_names(out, server))
        return;
    if (message)
        trdbi_buf_printf(out, ": %s", message);
    else if (code == TRDB_E_SERVER)
        trdbi_buf_printf(out, " (SQLSTATE %s)", sqlstate);
}

static void set_text(char **field, const char *value) {
    /* Without memory for it the error stays true, only shorter. */
    if (value && value[0])
        *field = strdup(value);
}

int trdbi_error_server(trdb_error **reterr, const char *statement, const trdbi_server_error *server,
                       bool secret) {
    int code = code_of(server);
    if (!reterr)
        return code;
    trdbi_buf text = {0};
    compose(&text, code, statement, server, secret);
    if (text.failed) {
        trdbi_buf_free(&text);
        (void)trdbi_error_nomem(reterr);
        return code;
    }
    trdb_error *made = NULL;
    (void)trdbi_error(&made, code, "%s", text.data);
    trdbi_buf_free(&text);
    if (trdb_error_code(made) == code) {
        if (server->sqlstate && strlen(server->sqlstate) < sizeof(made->sqlstate))
            memcpy(made->sqlstate, server->sqlstate, strlen(server->sqlstate) + 1);
        made->retryable = trdbi_sqlstate_retryable(server->sqlstate);
        set_text(&made->statement, statement);
        set_text(&made->constraint, server->constraint);
        set_text(&made->table, server->table);
        set_text(&made->column, server->column);
        if (!secret)
            set_text(&made->detail, server->detail && server->detail[0] ? server->detail : server->hint);
    }
    /* The names above may live in the error that is replaced here. */
    trdb_error_free(*reterr);
    *reterr = made;
    return code;
}
