/* SPDX-License-Identifier: MIT */
/* What the files of the command `tradingdb` share. It uses the library's public interface only. */
#pragma once

#include <json-c/json.h>
#include <tradingdb/tradingdb.h>

/* What the command exits with; documented in tradingdb.1. */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1,
    CLI_USAGE = 2,
    CLI_NO = 3, /* the thing asked about is not as it should be */
    CLI_CANNOT_RUN = 126,
    CLI_NO_COMMAND = 127
};

/* --color */
enum cli_color { CLI_COLOR_AUTO = 0, CLI_COLOR_ALWAYS = 1, CLI_COLOR_NEVER = 2 };

/* A command line, taken apart. Numbers are 0, texts NULL and times NULL where nothing is given, unless
 * something else is said; command.c has the defaults. */
typedef struct cli {
    const char *action;          /* the second word of the command, or NULL */
    const char *const *operands; /* as given, NULL behind the last; `sandbox run`: the command to run */
    int64_t id;                  /* of an operand that is one */
    int32_t choice;              /* of an operand that is one */
    const char *database;        /* NULL: DB_URL */
    const char *schema;
    bool json;
    bool csv;
    int32_t color;  /* enum cli_color */
    const char *tz; /* never NULL */

    int limit;
    int64_t after;
    const char *after_key;
    trdb_timestamp as_of;
    trdb_timestamp from;
    trdb_timestamp until;

    const char *chain;
    const char *directory;
    int to; /* -1: not given */
    int lock_timeout_ms;
    int attempts;
    int wait_ms;
    const char *dir;
    const char *account; /* --user of sandbox */
    bool migrate;
    bool remove;

    int64_t bot;
    const char *new_bot;
    int64_t user;
    const char *svg;
    trdb_decimal balance;
    bool store;
    const char *telegram;
    const char *email;
    int32_t role;
    const char *language;
    bool pending;
    const char *code;
    bool approve;
    bool reject;
    int32_t status; /* of whatever the command is about */
    const char *error;
    const char *symbol;
    const char *strategy;

    int64_t job;
    const char *name;
    int32_t type; /* enum trdb_job_type */
    const char *target;
    const char *cron;
    const char *params;
    bool enabled;
    bool disabled;
    int days;

    const char *command;
    bool failed;
    bool succeeded;
    const char *feedback_type;
    const char *feedback_status;
    bool unset;
} cli;

int cmd_migrate(const cli *o);
int cmd_sandbox(const cli *o);
int cmd_doctor(const cli *o);
int cmd_import(const cli *o);
int cmd_report(const cli *o);
int cmd_users_list(const cli *o);
int cmd_users_show(const cli *o);
int cmd_users_add(const cli *o);
int cmd_users_verify(const cli *o);
int cmd_users_role(const cli *o);
int cmd_bots_list(const cli *o);
int cmd_bots_show(const cli *o);
int cmd_bots_status(const cli *o);
int cmd_trades_list(const cli *o);
int cmd_trades_show(const cli *o);
int cmd_trades_export(const cli *o);

int cmd_jobs_list(const cli *o);
int cmd_jobs_show(const cli *o);
int cmd_jobs_runs(const cli *o);
int cmd_jobs_add(const cli *o);
int cmd_jobs_trigger(const cli *o);
int cmd_jobs_cancel(const cli *o);
int cmd_jobs_stats(const cli *o);
int cmd_jobs_next(const cli *o);

int cmd_telegram_audit(const cli *o);
int cmd_telegram_stats(const cli *o);
int cmd_telegram_feedback(const cli *o);
int cmd_telegram_settings(const cli *o);

/* ---- messages ---------------------------------------------------------------------------------------- */

/* One line "tradingdb: …" on stderr. Return CLI_FAILED, so that `return cli_error(…)` works. */
__attribute__((format(printf, 1, 2))) int cli_error(const char *format, ...);
/* An error of the library, with the server's detail; frees it. */
int cli_trdb_error(trdb_error *error);
/* The same for wrong usage: points to --help and returns CLI_USAGE. */
__attribute__((format(printf, 1, 2))) int cli_usage_error(const char *format, ...);
/* Which command's --help later errors of usage point to. */
void cli_usage_topic(const char *group, const char *action);
/* Flushes stdout: `code`, or CLI_FAILED when the output could not be written. */
int cli_finish(int code);

/* ---- JSON documents (migrate, doctor, sandbox) -------------------------------------------------------- */

/* Prints a document and frees it; CLI_FAILED when it could not be made (NULL) or written. */
int cli_print_json(json_object *document);
/* Adds a text (NULL: null) or a number; false when out of memory. */
bool cli_json_text(json_object *object, const char *key, const char *text);
bool cli_json_number(json_object *object, const char *key, int64_t number);
bool cli_json_bool(json_object *object, const char *key, bool value);
/* Adds what was just made (NULL: it was not); it belongs to `object` afterwards, or is freed. */
bool cli_json_add(json_object *object, const char *key, json_object *value);
bool cli_json_append(json_object *array, json_object *value);
/* Microseconds since 1970 as "2024-05-01T12:00:00.123456Z". */
const char *cli_time(int64_t us, char *buffer, size_t size);
/* Microseconds as "12 ms" or "3.4 s". */
const char *cli_duration(int64_t us, char *buffer, size_t size);

/* ---- the database ------------------------------------------------------------------------------------ */

/* A connection, its unit of work, and the error of the call that failed last. */
typedef struct session {
    trdb_db *db;
    trdb_uow *uow;
    trdb_error *error;
} session;

void session_cleanup(session *s);
/* Declares a session that is ended with its scope; its unit is rolled back unless it was committed. */
#define SESSION(name) __attribute__((cleanup(session_cleanup))) session name = {NULL, NULL, NULL}

/* Opens the database; CLI_OK, or CLI_FAILED, told. SQL_ECHO is obeyed. */
int session_open(const cli *o, session *s);
/* The same and a unit: one that reads, all of one moment, or one that writes. */
int session_read(const cli *o, session *s);
int session_write(const cli *o, session *s);
/* Commits; CLI_OK, or CLI_FAILED, told. */
int session_commit(session *s);
/* Tells the error of a call that failed; CLI_FAILED. */
int session_failed(session *s);
/* The same for a call by an id: "there is no bot 7", and what shows those that there are. */
int session_missing(session *s, const char *what, int64_t id, const char *remedy);

/* Whether SQL_ECHO asks for the trace, and a trace callback that prints it. */
bool echo_wanted(void);
void echo(void *arg, const trdb_trace_event *event);

/* ---- times ------------------------------------------------------------------------------------------- */

/* Bytes that hold any time that these write. */
enum { CLI_TIME_SIZE = 64 };

/* Reads a time: ISO 8601 with an offset, or without one as the clock of the zone shows it. CLI_OK or
 * CLI_USAGE, told; `option` names what gave it. */
int cli_parse_time(const cli *o, const char *option, const char *text, trdb_timestamp *ret);
/* As programs want it: "2024-05-01T12:00:00.123456Z", in another zone with its offset. */
const char *cli_format_time(const cli *o, trdb_timestamp value, char *buffer);
/* As people want it: "2024-05-01 12:00:00Z". */
const char *cli_show_time(const cli *o, trdb_timestamp value, char *buffer);
/* CLI_OK, or CLI_USAGE, told: that zone is not known. */
int cli_check_zone(const char *zone);

/* ---- JSON from the command line ---------------------------------------------------------------------- */

/* The JSON object of a value: itself when it begins with `{`, otherwise the text of that file. NULL, told,
 * when it is none. Free it with free(). */
char *cli_json_value(const char *option, const char *value);
