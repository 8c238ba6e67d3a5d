/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <stdio.h>

static const char *severity_name(int32_t severity) {
    return severity == TRDB_SEVERITY_OK ? "ok" : severity == TRDB_SEVERITY_WARNING ? "warning" : "problem";
}

static bool fill(json_object *array, const trdb_finding_list *list) {
    TRDB_FOREACH(trdb_finding, f, list) {
        json_object *entry = json_object_new_object();
        if (!entry || !cli_json_text(entry, "severity", severity_name(f->severity)) ||
            !cli_json_text(entry, "topic", f->topic) || !cli_json_text(entry, "text", f->text) ||
            !cli_json_text(entry, "remedy", f->remedy)) {
            json_object_put(entry);
            return false;
        }
        if (!cli_json_append(array, entry))
            return false;
    }
    return true;
}

static int print_json(const trdb_finding_list *list) {
    json_object *document = json_object_new_object();
    json_object *array = json_object_new_array();
    bool filled = document && array && fill(array, list);
    if (!filled)
        json_object_put(array);
    if (!filled || !cli_json_add(document, "findings", array)) {
        json_object_put(document);
        document = NULL;
    }
    return cli_print_json(document);
}

static int print_text(const trdb_finding_list *list) {
    TRDB_FOREACH(trdb_finding, f, list) {
        printf("%-8s %-11s %s\n", severity_name(f->severity), f->topic, f->text);
        if (f->remedy)
            printf("%-20s remedy: %s\n", "", f->remedy);
    }
    return cli_finish(CLI_OK);
}

int cmd_doctor(const cli *o) {
    TRDB_AUTO(trdb_finding_list) *list = NULL;
    trdb_error *error = NULL;
    if (trdb_doctor(o->database, o->schema, &list, &error) < 0)
        return cli_trdb_error(error);
    int rc = o->json ? print_json(list) : print_text(list);
    TRDB_FOREACH(trdb_finding, f, list) {
        if (rc == CLI_OK && f->severity == TRDB_SEVERITY_PROBLEM)
            rc = CLI_NO;
    }
    return rc;
}
