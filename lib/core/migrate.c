/* SPDX-License-Identifier: MIT */
/* The public calls: status, plan, up, down, verify. */
#include "core/migrate.h"

#include <stdlib.h>

struct trdb_migration_list {
    trdbi_arena *arena;
    trdb_migration *items;
    size_t count;
    size_t room;
};

/* ---- the report ------------------------------------------------------------------------------------ */

size_t trdb_migration_list_count(const trdb_migration_list *list) {
    return list ? list->count : 0;
}

const trdb_migration *trdb_migration_list_at(const trdb_migration_list *list, size_t i) {
    return list && i < list->count ? &list->items[i] : NULL;
}

const trdb_migration *trdb_migration_list_next(const trdb_migration_list *list, const trdb_migration *entry) {
    return list && entry ? trdb_migration_list_at(list, (size_t)(entry - list->items) + 1) : NULL;
}

void trdb_migration_list_free(trdb_migration_list *list) {
    if (list)
        trdbi_arena_free(list->arena);
    free(list);
}

static trdb_migration_list *list_new(size_t room) {
    trdb_migration_list *list = calloc(1, sizeof *list);
    if (!list)
        return NULL;
    list->arena = trdbi_arena_new((room + 1) * (sizeof *list->items + 160));
    if (list->arena)
        list->items = trdbi_arena_alloc(list->arena, (room + 1) * sizeof *list->items);
    if (!list->items) {
        trdb_migration_list_free(list);
        return NULL;
    }
    list->room = room;
    return list;
}

/* Copies a text into the report; NULL stays NULL. */
static const char *keep(trdb_migration_list *list, const char *text, bool *failed) {
    if (!text)
        return NULL;
    const char *copy = trdbi_arena_text(list->arena, text, strlen(text));
    *failed |= !copy;
    return copy;
}

/* Appends an entry; either side may be missing. `sql` and `problem` may be NULL. */
static int list_add(trdb_migration_list *list, const trdbi_step *step, const trdbi_applied *applied,
                    const char *sql, const char *problem, trdb_error **reterr) {
    bool failed = list->count >= list->room;
    if (failed)
        return trdbi_error_nomem(reterr);
    trdb_migration entry = {.version = step ? step->version : applied->version};
    entry.name = keep(list, step ? step->name : applied->name, &failed);
    entry.checksum = keep(list, step ? step->checksum : applied->checksum, &failed);
    entry.sql = keep(list, sql, &failed);
    entry.problem = keep(list, problem, &failed);
    if (step) {
        entry.file = keep(list, step->up_file, &failed);
    } else {
        trdbi_buf file = {0};
        trdbi_buf_printf(&file, "%04d_%s.up.sql", (int)applied->version, applied->name);
        entry.file = file.failed ? NULL : keep(list, file.data, &failed);
        failed |= file.failed;
        trdbi_buf_free(&file);
    }
    if (applied) {
        entry.applied = 1;
        entry.applied_at_us = applied->applied_at_us;
        entry.duration_us = applied->duration_us;
    }
    if (failed)
        return trdbi_error_nomem(reterr);
    list->items[list->count++] = entry;
    return 0;
}

/* One entry of the status, with what is wrong about it. */
static int add_status(trdb_migration_list *list, const trdbi_step *step, const trdbi_applied *applied,
                      trdb_error **reterr) {
    trdbi_buf problem = {0};
    if (!step)
        trdbi_buf_text(&problem, "applied, but not known here");
    else if (applied && strcmp(step->name, applied->name) != 0)
        trdbi_buf_printf(&problem, "applied under the name %s", applied->name);
    else if (applied && trdbi_step_changed(step, applied))
        trdbi_buf_printf(&problem, "changed since it was applied, then its checksum was %s",
                         applied->checksum);
    int rc = problem.failed ? trdbi_error_nomem(reterr)
                            : list_add(list, step, applied, NULL, problem.size ? problem.data : NULL, reterr);
    trdbi_buf_free(&problem);
    return rc;
}

/* Every migration that either side knows, in order. */
static int list_status(const trdbi_migrator *m, trdb_migration_list **ret, trdb_error **reterr) {
    const trdbi_chain *chain = m->chain;
    const size_t rows = trdbi_applied_count(m);
    trdb_migration_list *list = list_new(chain->count + rows);
    int rc = list ? 0 : trdbi_error_nomem(reterr);
    for (size_t s = 0, r = 0; rc >= 0 && (s < chain->count || r < rows);) {
        trdbi_applied applied = {0};
        if (r < rows)
            applied = trdbi_applied_at(m, r);
        const trdbi_step *step = s < chain->count ? &chain->steps[s] : NULL;
        if (step && r < rows && step->version != applied.version) {
            const bool step_first = step->version < applied.version;
            rc = add_status(list, step_first ? step : NULL, step_first ? NULL : &applied, reterr);
            s += step_first;
            r += !step_first;
        } else {
            rc = add_status(list, step, r < rows ? &applied : NULL, reterr);
            s += step != NULL;
            r += r < rows;
        }
    }
    if (rc < 0)
        trdb_migration_list_free(list);
    else
        *ret = list;
    return rc;
}

static bool is_applied(const trdbi_migrator *m, int32_t version) {
    for (size_t i = 0; i < trdbi_applied_count(m); i++) {
        if (trdbi_applied_at(m, i).version == version)
            return true;
    }
    return false;
}

static int check_target(const trdbi_migrator *m, trdb_error **reterr) {
    if ((size_t)m->options.to <= m->chain->count)
        return 0;
    return trdbi_error(reterr, TRDB_E_INVALID, "there is no migration %d in chain %s, the last is %zu",
                       (int)m->options.to, m->options.chain, m->chain->count);
}

/* ---- looking --------------------------------------------------------------------------------------- */

/* Opens and reads within a transaction that the server keeps from writing, so that a look never changes
 * anything and sees one moment. */
static int look(trdbi_migrator *m, const char *conninfo, const trdb_migrate_options *options,
                trdb_error **reterr) {
    int rc = trdbi_migrator_open(m, conninfo, options, reterr);
    if (rc >= 0)
        rc = trdbi_conn_exec(m->conn, "migrate.look", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", NULL,
                             reterr);
    if (rc >= 0)
        rc = trdbi_migrator_read(m, reterr);
    return rc < 0 ? rc : trdbi_conn_exec(m->conn, "migrate.look", "COMMIT", NULL, reterr);
}

int trdb_migrate_status(const char *conninfo, const trdb_migrate_options *options, trdb_migration_list **ret,
                        trdb_error **reterr) {
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_migrate_status: ret is NULL");
    trdbi_migrator m = {.conn = NULL};
    int rc = look(&m, conninfo, options, reterr);
    if (rc >= 0)
        rc = list_status(&m, ret, reterr);
    trdbi_migrator_close(&m);
    return rc;
}

int trdb_migrate_verify(const char *conninfo, const trdb_migrate_options *options, trdb_migration_list **ret,
                        trdb_error **reterr) {
    trdbi_migrator m = {.conn = NULL};
    int rc = look(&m, conninfo, options, reterr);
    if (rc >= 0)
        rc = trdbi_migrator_agree(&m, reterr);
    if (rc >= 0 && ret)
        rc = list_status(&m, ret, reterr);
    trdbi_migrator_close(&m);
    return rc;
}

static int list_plan(trdbi_migrator *m, trdb_migration_list **ret, trdb_error **reterr) {
    trdb_migration_list *list = list_new(m->chain->count);
    int rc = list ? 0 : trdbi_error_nomem(reterr);
    for (size_t i = 0; rc >= 0 && i < m->chain->count; i++) {
        const trdbi_step *step = &m->chain->steps[i];
        if ((m->options.to > 0 && step->version > m->options.to) || is_applied(m, step->version))
            continue;
        trdbi_buf *sql = trdbi_migrator_sql(m);
        trdbi_migrator_expand(m, step->up, strlen(step->up), sql);
        rc = sql->failed ? trdbi_error_nomem(reterr)
                         : list_add(list, step, NULL, sql->size ? sql->data : "", NULL, reterr);
    }
    if (rc < 0)
        trdb_migration_list_free(list);
    else
        *ret = list;
    return rc;
}

int trdb_migrate_plan(const char *conninfo, const trdb_migrate_options *options, trdb_migration_list **ret,
                      trdb_error **reterr) {
    if (!ret)
        return trdbi_error(reterr, TRDB_E_INVALID, "trdb_migrate_plan: ret is NULL");
    trdbi_migrator m = {.conn = NULL};
    int rc = look(&m, conninfo, options, reterr);
    if (rc >= 0)
        rc = check_target(&m, reterr);
    if (rc >= 0)
        rc = trdbi_migrator_agree(&m, reterr);
    if (rc >= 0)
        rc = list_plan(&m, ret, reterr);
    trdbi_migrator_close(&m);
    return rc;
}

/* ---- changing -------------------------------------------------------------------------------------- */

/* What both directions begin with: the lock, then a look under it, then the checks. */
static int begin_change(trdbi_migrator *m, const char *conninfo, const trdb_migrate_options *options,
                        trdb_migration_list **list, trdb_error **reterr) {
    int rc = trdbi_migrator_open(m, conninfo, options, reterr);
    if (rc >= 0)
        rc = check_target(m, reterr);
    if (rc >= 0)
        rc = trdbi_migrator_lock(m, reterr);
    if (rc >= 0)
        rc = trdbi_migrator_read(m, reterr);
    if (rc >= 0)
        rc = trdbi_migrator_agree(m, reterr);
    if (rc < 0)
        return rc;
    *list = list_new(m->chain->count);
    return *list ? 0 : trdbi_error_nomem(reterr);
}

static int end_change(trdbi_migrator *m, int rc, trdb_migration_list *list, trdb_migration_list **ret) {
    trdbi_migrator_close(m);
    if (rc < 0 || !ret)
        trdb_migration_list_free(list);
    else
        *ret = list;
    return rc;
}

int trdb_migrate_up(const char *conninfo, const trdb_migrate_options *options, trdb_migration_list **ret,
                    trdb_error **reterr) {
    trdbi_migrator m = {.conn = NULL};
    trdb_migration_list *list = NULL;
    int rc = begin_change(&m, conninfo, options, &list, reterr);
    if (rc >= 0)
        rc = trdbi_migrator_prepare(&m, reterr);
    for (size_t i = 0; rc >= 0 && i < m.chain->count; i++) {
        const trdbi_step *step = &m.chain->steps[i];
        if ((m.options.to > 0 && step->version > m.options.to) || is_applied(&m, step->version))
            continue;
        trdbi_applied applied = {0};
        rc = trdbi_migrator_step(&m, step, true, &applied, reterr);
        if (rc >= 0)
            rc = list_add(list, step, &applied, NULL, NULL, reterr);
    }
    return end_change(&m, rc, list, ret);
}

int trdb_migrate_down(const char *conninfo, const trdb_migrate_options *options, trdb_migration_list **ret,
                      trdb_error **reterr) {
    trdbi_migrator m = {.conn = NULL};
    trdb_migration_list *list = NULL;
    int rc = begin_change(&m, conninfo, options, &list, reterr);
    for (size_t i = rc < 0 ? 0 : trdbi_applied_count(&m); rc >= 0 && i-- > 0;) {
        const trdbi_applied applied = trdbi_applied_at(&m, i);
        if (applied.version <= m.options.to)
            break;
        const trdbi_step *step = &m.chain->steps[applied.version - 1];
        trdbi_applied undone = {0};
        rc = trdbi_migrator_step(&m, step, false, &undone, reterr);
        if (rc >= 0)
            rc = list_add(list, step, NULL, NULL, NULL, reterr);
    }
    return end_change(&m, rc, list, ret);
}
