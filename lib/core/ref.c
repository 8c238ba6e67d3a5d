/* SPDX-License-Identifier: MIT */
/*
 * Handles: keys of rows whose insert may still wait.
 *
 * The insert itself stores its key in a setting of the transaction, one of a few that take turns, and later
 * statements read it from there. So nobody has to know the key before it is used, and nothing that a trigger
 * or another statement does to the table's sequence can put a wrong key in its place. The answer tells the
 * key to the client, too; from then on it is an ordinary value.
 */
#include "core/uow.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS = 32, FIRST_ROOM = 8 };

typedef enum ref_state {
    WAITING,
    KNOWN,
    NO_ROW, /* a trigger kept the row back */
    UNDONE  /* its savepoint was rolled back */
} ref_state;

struct trdbi_ref_entry {
    const void *table;
    int64_t key;
    int depth; /* savepoints around it */
    ref_state state;
};

/* Tags count up from a random number, so that no other unit has one and no program makes one up; never 0. */
int64_t trdbi_ref_first_tag(void) {
    trdb_uuid uuid = trdb_uuid_make();
    int64_t tag = 0;
    memcpy(&tag, uuid.bytes + sizeof uuid.bytes - sizeof tag, sizeof tag);
    return tag & INT64_MAX >> 1;
}

static int64_t next_tag(trdb_db *db) {
    return atomic_fetch_add_explicit(&db->ref_tag, 1, memory_order_relaxed) + 1;
}

static void name_slot(int number, char *slot) {
    static const char prefix[] = "trdb.ref";
    memcpy(slot, prefix, sizeof prefix);
    slot[sizeof prefix - 1] = (char)('0' + number % SLOTS / 10);
    slot[sizeof prefix] = (char)('0' + number % SLOTS % 10);
    slot[sizeof prefix + 1] = '\0';
}

void trdbi_ref_slot(const trdb_uow *uow, char *slot) {
    name_slot(uow->refs.count, slot);
}

static int make_room(trdbi_refs *refs, trdb_error **reterr) {
    if (refs->count < refs->room)
        return 0;
    if (refs->count > INT32_MAX / 2)
        return trdbi_error(reterr, TRDB_E_RANGE, "the unit of work has too many handles");
    int room = refs->room > 0 ? refs->room * 2 : FIRST_ROOM;
    trdbi_ref_entry *entries = reallocarray(refs->entries, (size_t)room, sizeof *entries);
    if (!entries)
        return trdbi_error_nomem(reterr);
    refs->entries = entries;
    refs->room = room;
    return 0;
}

/* Answers come in the order of the inserts. The server's text is the key, or that there is none. */
static int take_key(void *arg, size_t i, const trdbi_result *result, trdb_error **reterr) {
    trdb_uow *uow = arg;
    trdbi_ref_entry *entry = &uow->refs.entries[uow->refs.answered];
    char text[24] = "", *end = NULL;
    size_t size = 0;
    const char *value = trdbi_result_rows(result) == 1 ? trdbi_result_value(result, 0, 0, &size) : NULL;
    (void)i;
    if (!value)
        return trdbi_error(reterr, TRDB_E_PROTOCOL, "the server told no key");
    memcpy(text, value, size < sizeof text ? size : sizeof text - 1);
    entry->key = strtoll(text, &end, 10);
    entry->state = size > 0 && size < sizeof text && *end == '\0' ? KNOWN : NO_ROW;
    uow->refs.answered++;
    return 0;
}

int trdbi_uow_insert_ref(trdb_uow *uow, const trdbi_statement *statement, const trdbi_params *params,
                         const void *table, trdb_ref *ret, trdb_error **reterr) {
    trdbi_refs *refs = &uow->refs;
    int r = make_room(refs, reterr);
    if (r < 0)
        return r;
    if (refs->tag == 0)
        refs->tag = next_tag(uow->db);
    refs->entries[refs->count++] = (trdbi_ref_entry){.table = table, .depth = uow->savepoints};
    r = trdbi_uow_submit(uow, statement, params, take_key, uow, reterr);
    if (r < 0) {
        refs->count--;
        return r;
    }
    *ret = (trdb_ref){.unit = refs->tag, .number = refs->count};
    return 0;
}

int trdbi_uow_ref(trdb_uow *uow, trdb_ref ref, bool now, trdbi_ref *ret, trdb_error **reterr) {
    trdbi_refs *refs = &uow->refs;
    *ret = (trdbi_ref){.problem = NULL};
    if (ref.unit == 0 || ref.unit != refs->tag || ref.number < 1 || ref.number > refs->count) {
        ret->problem = "the handle is not of this unit of work";
        return 0;
    }
    const trdbi_ref_entry *entry = &refs->entries[ref.number - 1];
    bool overwritten = ref.number <= refs->count - SLOTS;
    if (entry->state == WAITING && (now || overwritten)) {
        int r = trdb_uow_flush(uow, reterr);
        if (r < 0)
            return r;
    }
    ret->table = entry->table;
    ret->known = entry->state == KNOWN;
    ret->key = entry->key;
    if (entry->state == NO_ROW)
        ret->problem = "the insert of the handle stored no row: a trigger kept it back";
    if (entry->state == UNDONE)
        ret->problem = "the insert of the handle was rolled back";
    name_slot(ref.number - 1, ret->slot);
    return 0;
}

int trdbi_uow_ref_key(trdb_uow *uow, trdb_ref ref, int64_t *ret, trdb_error **reterr) {
    trdbi_ref found;
    int r = trdbi_uow_ref(uow, ref, true, &found, reterr);
    if (r == 0 && found.problem)
        r = trdbi_error(reterr, TRDB_E_INVALID, "%s", found.problem);
    if (r == 0)
        *ret = found.key;
    return r;
}

int trdb_ref_key(trdb_uow *uow, trdb_ref ref, int64_t *ret, trdb_error **reterr) {
    int r = trdbi_uow_enter(uow, reterr);
    if (r < 0)
        return r;
    r = ret ? trdbi_uow_ref_key(uow, ref, ret, reterr)
            : trdbi_error(reterr, TRDB_E_INVALID, "trdb_ref_key: ret is NULL");
    trdbi_uow_leave(uow);
    return r;
}

int trdbi_uow_settle_refs(trdb_uow *uow, trdb_error **reterr) {
    return uow->refs.answered < uow->refs.count ? trdb_uow_flush(uow, reterr) : 0;
}

/* Entries stand in the order of their inserts, so those of the newest savepoint come last. */
void trdbi_refs_release(trdbi_refs *refs, int depth) {
    for (int i = refs->count; i > 0 && refs->entries[i - 1].depth >= depth; i--)
        refs->entries[i - 1].depth = depth - 1;
}

void trdbi_refs_undo(trdbi_refs *refs, int depth) {
    for (int i = refs->count; i > 0 && refs->entries[i - 1].depth >= depth; i--) {
        refs->entries[i - 1].depth = depth - 1;
        refs->entries[i - 1].state = UNDONE;
    }
    refs->answered = refs->count; /* what waited was sent before, and failed or was undone */
}
