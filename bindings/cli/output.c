/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

int cli_error(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("tradingdb: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return CLI_FAILED;
}

static const char *topic[2] = {"", ""};

void cli_usage_topic(const char *group, const char *action) {
    topic[0] = group;
    topic[1] = action ? action : "";
}

int cli_usage_error(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("tradingdb: ", stderr);
    vfprintf(stderr, format, args);
    fprintf(stderr, "; see `tradingdb%s%s%s%s --help`\n", *topic[0] ? " " : "", topic[0],
            *topic[1] ? " " : "", topic[1]);
    va_end(args);
    return CLI_USAGE;
}

int cli_trdb_error(trdb_error *error) {
    const char *detail = trdb_error_detail(error);
    int code = detail ? cli_error("%s (%s)", trdb_error_message(error), detail)
                      : cli_error("%s", trdb_error_message(error));
    trdb_error_free(error);
    return code;
}

int cli_finish(int code) {
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    return cli_error("cannot write the output: %s", strerror(errno));
}

int cli_print_json(json_object *document) {
    const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE;
    const char *text = document ? json_object_to_json_string_ext(document, flags) : NULL;
    if (text)
        puts(text);
    json_object_put(document);
    return text ? cli_finish(CLI_OK) : cli_error("out of memory");
}

bool cli_json_add(json_object *object, const char *key, json_object *value) {
    if (value && json_object_object_add(object, key, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

bool cli_json_append(json_object *array, json_object *value) {
    if (value && json_object_array_add(array, value) == 0)
        return true;
    json_object_put(value);
    return false;
}

bool cli_json_text(json_object *object, const char *key, const char *text) {
    if (!text)
        return json_object_object_add(object, key, NULL) == 0;
    return cli_json_add(object, key, json_object_new_string(text));
}

bool cli_json_number(json_object *object, const char *key, int64_t number) {
    return cli_json_add(object, key, json_object_new_int64(number));
}

bool cli_json_bool(json_object *object, const char *key, bool value) {
    return cli_json_add(object, key, json_object_new_boolean(value));
}

const char *cli_time(int64_t us, char *buffer, size_t size) {
    time_t seconds = (time_t)(us / 1000000);
    int64_t rest = us % 1000000;
    if (rest < 0) {
        rest += 1000000;
        seconds--;
    }
    struct tm tm;
    char day[40] = "";
    if (gmtime_r(&seconds, &tm))
        strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buffer, size, "%s.%06" PRId64 "Z", day, rest);
    return buffer;
}

const char *cli_duration(int64_t us, char *buffer, size_t size) {
    if (us < 10000000)
        snprintf(buffer, size, "%" PRId64 " ms", us / 1000);
    else
        snprintf(buffer, size, "%" PRId64 ".%" PRId64 " s", us / 1000000, us % 1000000 / 100000);
    return buffer;
}
