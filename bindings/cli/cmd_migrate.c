/* SPDX-License-Identifier: MIT */
#include "cli.h"

#include <inttypes.h>
#include <stdio.h>

static trdb_migrate_options migrate_options(const cli *o) {
    trdb_migrate_options options = trdb_migrate_options_init();
    options.chain = o->chain;
    options.schema = o->schema;
    options.directory = o->directory;
    options.to = o->to < 0 ? 0 : o->to;
    options.lock_timeout_ms = o->lock_timeout_ms;
    options.attempts = o->attempts;
    options.wait_ms = o->wait_ms;
    if (echo_wanted())
        options.trace = echo;
    return options;
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static bool fill_entry(json_object *o, const trdb_migration *m, bool with_sql) {
    char time[48];
    bool ok =
        cli_json_number(o, "version", m->version) && cli_json_text(o, "name", m->name) &&
        cli_json_text(o, "file", m->file) && cli_json_text(o, "checksum", m->checksum) &&
        cli_json_bool(o, "applied", m->applied) &&
        cli_json_text(o, "applied_at", m->applied ? cli_time(m->applied_at_us, time, sizeof time) : NULL) &&
        cli_json_number(o, "duration_us", m->duration_us) && cli_json_text(o, "problem", m->problem);
    return ok && (!with_sql || cli_json_text(o, "sql", m->sql));
}

static bool fill_list(json_object *array, const trdb_migration_list *list, bool with_sql) {
    TRDB_FOREACH(trdb_migration, m, list) {
        json_object *entry = json_object_new_object();
        if (!entry || !fill_entry(entry, m, with_sql)) {
            json_object_put(entry);
            return false;
        }
        if (!cli_json_append(array, entry))
            return false;
    }
    return true;
}

static int print_json(const cli *o, const char *action, const trdb_migration_list *list) {
    json_object *document = json_object_new_object();
    json_object *array = json_object_new_array();
    bool ok = document && array && fill_list(array, list, strcmp(action, "plan") == 0) &&
              cli_json_text(document, "chain", o->chain ? o->chain : "framework") &&
              cli_json_text(document, "schema", o->schema ? o->schema : "public");
    if (ok)
        ok = cli_json_add(document, "migrations", array);
    else
        json_object_put(array);
    if (!ok) {
        json_object_put(document);
        document = NULL;
    }
    return cli_print_json(document);
}

/* ---- text ------------------------------------------------------------------------------------------ */

static void print_status(const trdb_migration_list *list) {
    size_t applied = 0;
    TRDB_FOREACH(trdb_migration, m, list) {
        char time[48], duration[32];
        applied += m->applied != 0;
        if (m->applied)
            printf("%04" PRId32 "  %-32s  applied %s in %s", m->version, m->name,
                   cli_time(m->applied_at_us, time, sizeof time),
                   cli_duration(m->duration_us, duration, sizeof duration));
        else
            printf("%04" PRId32 "  %-32s  missing", m->version, m->name);
        printf("%s%s\n", m->problem ? "  PROBLEM: " : "", m->problem ? m->problem : "");
    }
    printf("%zu of %zu applied\n", applied, trdb_migration_list_count(list));
}

static void print_plan(const trdb_migration_list *list) {
    TRDB_FOREACH(trdb_migration, m, list) {
        const size_t size = strlen(m->sql);
        printf("-- %s\n%s%s", m->file, m->sql, size > 0 && m->sql[size - 1] == '\n' ? "" : "\n");
    }
    if (trdb_migration_list_count(list) == 0)
        puts("-- nothing to do");
}

static void print_done(const trdb_migration_list *list, bool up) {
    TRDB_FOREACH(trdb_migration, m, list) {
        char duration[32];
        if (up)
            printf("applied %04" PRId32 " %s in %s\n", m->version, m->name,
                   cli_duration(m->duration_us, duration, sizeof duration));
        else
            printf("took back %04" PRId32 " %s\n", m->version, m->name);
    }
    if (trdb_migration_list_count(list) == 0)
        puts("nothing to do");
}

static int print(const cli *o, const char *action, const trdb_migration_list *list) {
    if (o->json)
        return print_json(o, action, list);
    if (strcmp(action, "plan") == 0)
        print_plan(list);
    else if (strcmp(action, "up") == 0 || strcmp(action, "down") == 0)
        print_done(list, strcmp(action, "up") == 0);
    else
        print_status(list);
    return cli_finish(CLI_OK);
}

/* ---- commands -------------------------------------------------------------------------------------- */

typedef int (*migrate_fn)(const char *conninfo, const trdb_migrate_options *options,
                          trdb_migration_list **ret, trdb_error **reterr);

/* A difference is an answer, not a failure: it is shown in full. */
static int differs(const cli *o, const trdb_migrate_options *options, trdb_error *error) {
    TRDB_AUTO(trdb_migration_list) *list = NULL;
    TRDB_AUTO(trdb_error) *second = NULL;
    if (trdb_migrate_status(o->database, options, &list, &second) == 0)
        print(o, "verify", list);
    cli_trdb_error(error);
    return CLI_NO;
}

int cmd_migrate(const cli *o) {
    const char *action = o->action;
    static const struct {
        const char *action;
        migrate_fn fn;
    } functions[] = {
        {"status", trdb_migrate_status}, {"plan", trdb_migrate_plan},     {"up", trdb_migrate_up},
        {"down", trdb_migrate_down},     {"verify", trdb_migrate_verify},
    };
    const trdb_migrate_options options = migrate_options(o);
    migrate_fn fn = NULL;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(functions[i].action, action) == 0)
            fn = functions[i].fn;
    }
    TRDB_AUTO(trdb_migration_list) *list = NULL;
    trdb_error *error = NULL;
    int rc = fn ? fn(o->database, &options, &list, &error) : TRDB_E_INVALID;
    if ((rc == TRDB_E_CHECKSUM || rc == TRDB_E_SCHEMA_NEWER) && fn == trdb_migrate_verify)
        return differs(o, &options, error);
    return rc < 0 ? cli_trdb_error(error) : print(o, action, list);
}
