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

/* The options of a command line. Which command takes which is checked in main.c. */
typedef struct cli {
    const char *database; /* NULL: DB_URL */
    const char *schema;
    const char *chain;
    const char *directory;
    const char *dir;
    const char *user;
    int to; /* -1: not given */
    int lock_timeout_ms;
    int attempts;
    int wait_ms;
    bool json;
    bool migrate;
    bool remove;
    char **operands; /* run: the command */
} cli;

int cmd_migrate(const cli *options, const char *action);
int cmd_sandbox(const cli *options, const char *action);
int cmd_doctor(const cli *options);

/* ---- output ---------------------------------------------------------------------------------------- */

/* One line "tradingdb: …" on stderr. Return CLI_FAILED, so that `return cli_error(…)` works. */
__attribute__((format(printf, 1, 2))) int cli_error(const char *format, ...);
/* An error of the library, with the server's detail; frees it. */
int cli_trdb_error(trdb_error *error);
/* The same for wrong usage: points to --help and returns CLI_USAGE. */
__attribute__((format(printf, 1, 2))) int cli_usage_error(const char *format, ...);

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
/* Flushes stdout: `code`, or CLI_FAILED when the output could not be written. */
int cli_finish(int code);
