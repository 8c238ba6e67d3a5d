/* SPDX-License-Identifier: MIT */
/* Values from the command line that need more than a look: times, zones, JSON. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- times ------------------------------------------------------------------------------------------- */

int cli_check_zone(const char *zone) {
    char buffer[TRDB_TIMESTAMP_TEXT_SIZE];
    TRDB_AUTO(trdb_error) *error = NULL;
    if (trdb_timestamp_format_in(trdb_timestamp_from_us(0), zone, buffer, sizeof buffer, &error) < 0)
        return cli_usage_error("--tz: %s", trdb_error_message(error));
    return CLI_OK;
}

int cli_parse_time(const cli *o, const char *option, const char *text, trdb_timestamp *ret) {
    TRDB_AUTO(trdb_error) *error = NULL;
    if (strcmp(text, "now") == 0) {
        *ret = trdb_timestamp_now();
        return CLI_OK;
    }
    if (trdb_timestamp_parse_in(text, o->tz, ret, &error) < 0 || ret->kind != TRDB_TIMESTAMP_FINITE)
        return cli_usage_error(
            "%s needs a time such as 2024-05-01, \"2024-05-01 12:00\", 2024-05-01T12:00:00Z or now", option);
    return CLI_OK;
}

/* A time in the zone of --tz, taken apart: up to the seconds, decimals with the point, offset. False for what
 * has no such parts: infinities, years before 1. */
static bool split_time(const cli *o, trdb_timestamp value, char *text, const char **ret_decimals,
                       const char **ret_offset) {
    enum { SECONDS = sizeof "2024-05-01 12:00:00" - 1 };
    const bool utc = strcmp(o->tz, "UTC") == 0; /* needs no zone to be loaded */
    int length = utc ? -1 : trdb_timestamp_format_in(value, o->tz, text, CLI_TIME_SIZE, NULL);
    if (length < 0)
        length = trdb_timestamp_format(value, text, CLI_TIME_SIZE);
    if (value.kind != TRDB_TIMESTAMP_FINITE || text[10] != ' ' || strstr(text, "BC") || length <= SECONDS)
        return false;
    *ret_decimals = text + SECONDS;
    *ret_offset = text + SECONDS + strcspn(text + SECONDS, "+-");
    return true;
}

const char *cli_format_time(const cli *o, trdb_timestamp value, char *buffer) {
    char text[CLI_TIME_SIZE];
    const char *decimals, *offset;
    if (!split_time(o, value, text, &decimals, &offset))
        return strcpy(buffer, text);
    const int seconds = (int)(decimals - text), given = (int)(offset - decimals);
    snprintf(buffer, CLI_TIME_SIZE, "%.*s%.*s%.*s%s", seconds, text, given, decimals,
             7 - (given > 0 ? given : 0), given > 0 ? "000000" : ".000000",
             strcmp(o->tz, "UTC") == 0 ? "Z" : offset);
    buffer[10] = 'T';
    return buffer;
}

const char *cli_show_time(const cli *o, trdb_timestamp value, char *buffer) {
    char text[CLI_TIME_SIZE];
    const char *decimals, *offset;
    if (!split_time(o, value, text, &decimals, &offset))
        return strcpy(buffer, text);
    const int width = strcmp(offset + 3, ":00") == 0 ? 3 : (int)strlen(offset);
    snprintf(buffer, CLI_TIME_SIZE, "%.*s%.*s", (int)(decimals - text), text, width,
             strcmp(o->tz, "UTC") == 0 ? "Z" : offset);
    return buffer;
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static char *read_file(const char *option, const char *path) {
    FILE *file = fopen(path, "rb");
    size_t size = 0;
    char *text = NULL;
    /* getdelim reads up to a NUL, which no JSON has, or the end */
    ssize_t got = file ? getdelim(&text, &size, '\0', file) : -1;
    if (got < 0 && (!file || ferror(file)))
        cli_error("%s: cannot read %s: %s", option, path, strerror(errno));
    else if (got < 0)
        cli_error("%s: %s is empty", option, path);
    if (file)
        fclose(file);
    if (got < 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* CLI_OK when the text is one JSON object; otherwise CLI_FAILED, told. */
static int check_object(const char *option, const char *text) {
    json_tokener *tokener = json_tokener_new();
    if (!tokener)
        return cli_error("out of memory");
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *document = json_tokener_parse_ex(tokener, text, -1);
    const enum json_tokener_error error = json_tokener_get_error(tokener);
    int rc = CLI_OK;
    if (error != json_tokener_success)
        rc = cli_error("%s: no valid JSON: %s", option, json_tokener_error_desc(error));
    else if (!json_object_is_type(document, json_type_object))
        rc = cli_error("%s needs a JSON object, in braces", option);
    json_object_put(document);
    json_tokener_free(tokener);
    return rc;
}

char *cli_json_value(const char *option, const char *value) {
    const bool given = value[strspn(value, " \t\n")] == '{';
    char *text = given ? strdup(value) : read_file(option, value);
    if (text && check_object(option, text) == CLI_OK)
        return text;
    free(text);
    return NULL;
}
