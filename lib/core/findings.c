/* SPDX-License-Identifier: MIT */
#include "core/findings.h"
#include "base/arena.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct entry {
    struct entry *next;
    trdb_finding finding;
} entry;

struct trdb_finding_list {
    trdbi_arena *arena;
    const trdb_finding **items; /* in order; made when the list is complete */
    size_t count;
    entry *first, *last;
    bool failed;
};

/* ---- reading --------------------------------------------------------------------------------------- */

size_t trdb_finding_list_count(const trdb_finding_list *list) {
    return list ? list->count : 0;
}

const trdb_finding *trdb_finding_list_at(const trdb_finding_list *list, size_t i) {
    return list && i < list->count ? list->items[i] : NULL;
}

const trdb_finding *trdb_finding_list_next(const trdb_finding_list *list, const trdb_finding *finding) {
    if (!list || !finding)
        return NULL;
    const entry *next =
        ((const entry *)(const void *)((const char *)finding - offsetof(entry, finding)))->next;
    return next ? &next->finding : NULL;
}

void trdb_finding_list_free(trdb_finding_list *list) {
    if (list)
        trdbi_arena_free(list->arena);
    free(list);
}

/* ---- making ---------------------------------------------------------------------------------------- */

trdb_finding_list *trdbi_findings_new(void) {
    trdb_finding_list *list = calloc(1, sizeof *list);
    if (list)
        list->arena = trdbi_arena_new(4096);
    if (list && !list->arena) {
        free(list);
        return NULL;
    }
    return list;
}

/* The length of a text that was cut at `size`, so that it does not end in the middle of a character. */
static size_t whole_characters(const char *text, size_t size) {
    size_t kept = size;
    while (kept > 0 && size - kept < 4 && trdbi_utf8_length(text, kept) < 0)
        kept--;
    return trdbi_utf8_length(text, kept) < 0 ? size : kept;
}

void trdbi_find(trdb_finding_list *list, trdb_severity severity, const char *topic, const char *remedy,
                const char *format, ...) {
    char text[1024];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t size = length < 0 ? 0 : (size_t)length;
    if (size >= sizeof text)
        size = whole_characters(text, sizeof text - 1);
    entry *e = trdbi_arena_alloc(list->arena, sizeof *e);
    if (e) {
        e->finding.severity = (int32_t)severity;
        e->finding.topic = trdbi_arena_text(list->arena, topic, strlen(topic));
        e->finding.text = trdbi_arena_text(list->arena, text, size);
        e->finding.remedy = remedy ? trdbi_arena_text(list->arena, remedy, strlen(remedy)) : NULL;
    }
    if (!e || !e->finding.topic || !e->finding.text || (remedy && !e->finding.remedy)) {
        list->failed = true;
        return;
    }
    if (list->last)
        list->last->next = e;
    else
        list->first = e;
    list->last = e;
    list->count++;
}

int trdbi_findings_complete(trdb_finding_list *list, trdb_error **reterr) {
    if (!list->failed)
        list->items = trdbi_arena_alloc(list->arena, (list->count + 1) * sizeof *list->items);
    if (!list->items)
        return trdbi_error_nomem(reterr);
    size_t i = 0;
    for (const entry *e = list->first; e; e = e->next)
        list->items[i++] = &e->finding;
    return 0;
}
