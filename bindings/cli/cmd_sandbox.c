/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- as the owner ---------------------------------------------------------------------------------- */

int sandbox_start(const sandbox *box) {
    int lock = -1;
    int rc = folder_open(box, true, &lock);
    if (rc != CLI_OK)
        return rc;
    rc = server_create(box);
    if (rc == CLI_OK)
        rc = server_start(box);
    close(lock);
    return rc;
}

static int stop(const sandbox *box, bool remove) {
    int lock = -1;
    if (!folder_exists(box))
        return CLI_OK;
    int rc = folder_open(box, false, &lock);
    if (rc != CLI_OK)
        return rc;
    rc = server_stop(box);
    if (rc == CLI_OK && remove)
        rc = folder_remove(box);
    close(lock);
    return rc;
}

int sandbox_stop(const sandbox *box) {
    return stop(box, false);
}

int sandbox_delete(const sandbox *box) {
    return stop(box, true);
}

int sandbox_state(const sandbox *box) {
    bool ready = false;
    if (!folder_exists(box) || access(box->marker, F_OK) != 0)
        return SANDBOX_ABSENT;
    return server_pid(box, &ready) != 0 && ready ? SANDBOX_RUNNING : SANDBOX_STOPPED;
}

/* ---- as the caller --------------------------------------------------------------------------------- */

/* What start, stop and status print: one line of text, or the same as JSON. */
static int report(const cli *o, const sandbox *box, int state) {
    const char *word = state == SANDBOX_RUNNING ? "running" : state == SANDBOX_STOPPED ? "stopped" : "absent";
    if (o->json) {
        json_object *document = json_object_new_object();
        if (!document || !cli_json_text(document, "state", word) ||
            !cli_json_text(document, "directory", box->dir) ||
            !cli_json_text(document, "database", state == SANDBOX_RUNNING ? box->url : NULL)) {
            json_object_put(document);
            document = NULL;
        }
        return cli_print_json(document);
    }
    if (state == SANDBOX_RUNNING)
        puts(box->url);
    else
        printf("%s: %s\n", word, box->dir);
    return cli_finish(CLI_OK);
}

static int migrate(const cli *o, const sandbox *box) {
    trdb_error *error = NULL;
    trdb_migrate_options options = trdb_migrate_options_init();
    options.schema = o->schema;
    return trdb_migrate_up(box->url, &options, NULL, &error) < 0 ? cli_trdb_error(error) : CLI_OK;
}

static int start(const cli *o, const sandbox *box) {
    int rc = sandbox_as_owner(box, sandbox_start);
    return rc == CLI_OK && o->migrate ? migrate(o, box) : rc;
}

/* Becomes the command; comes back only when that fails. */
static int run(const cli *o, const sandbox *box) {
    int rc = start(o, box);
    if (rc != CLI_OK)
        return rc;
    if (setenv("DB_URL", box->url, 1) < 0)
        return cli_error("out of memory");
    execvp(o->operands[0], (char *const *)(uintptr_t)o->operands);
    const int code = errno == ENOENT ? CLI_NO_COMMAND : CLI_CANNOT_RUN;
    cli_error("cannot run %s: %s", o->operands[0], strerror(errno));
    return code;
}

static int act(const cli *o, const sandbox *box, const char *action) {
    int rc;
    if (strcmp(action, "run") == 0)
        return run(o, box);
    if (strcmp(action, "start") == 0) {
        rc = start(o, box);
        return rc == CLI_OK ? report(o, box, SANDBOX_RUNNING) : rc;
    }
    if (strcmp(action, "stop") == 0) {
        rc = sandbox_as_owner(box, o->remove ? sandbox_delete : sandbox_stop);
        if (rc != CLI_OK)
            return rc;
    }
    const int state = sandbox_as_owner(box, sandbox_state);
    if (state != SANDBOX_RUNNING && state != SANDBOX_STOPPED && state != SANDBOX_ABSENT)
        return state;
    rc = report(o, box, state);
    if (rc != CLI_OK || strcmp(action, "stop") == 0)
        return rc;
    return state == SANDBOX_RUNNING ? CLI_OK : CLI_NO;
}

int cmd_sandbox(const cli *o) {
    sandbox box = {.dir = NULL};
    int rc = sandbox_locate(o, &box);
    if (rc == CLI_OK)
        rc = act(o, &box, o->action);
    sandbox_free(&box);
    return rc;
}
