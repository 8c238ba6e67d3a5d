/* SPDX-License-Identifier: MIT */
#include "leaks.h"

#include <check.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 1024, PATIENCE_MS = 3000, PAUSE_MS = 5 };

typedef struct numbers {
    int items[MOST];
    int count;
} numbers;

typedef struct state {
    numbers descriptors;
    numbers threads;
    numbers children;
} state;

static state before;

static void add(numbers *set, int number) {
    ck_assert_int_lt(set->count, MOST);
    set->items[set->count++] = number;
}

static bool has(const numbers *set, int number) {
    for (int i = 0; i < set->count; i++)
        if (set->items[i] == number)
            return true;
    return false;
}

/* The numeric names in a folder of /proc, less the descriptor that reads it. */
static void list(const char *path, numbers *set) {
    DIR *dir = opendir(path);
    ck_assert_msg(dir != NULL, "cannot read %s", path);
    struct dirent *entry;
    set->count = 0;
    while ((entry = readdir(dir)) != NULL) {
        int number = atoi(entry->d_name);
        if (entry->d_name[0] != '.' && !(strcmp(path, "/proc/self/fd") == 0 && number == dirfd(dir)))
            add(set, number);
    }
    closedir(dir);
}

/* Children that ended and nobody waited for count as well: each is a slot of the system's. */
static void list_children(const numbers *threads, numbers *set) {
    set->count = 0;
    for (int i = 0; i < threads->count; i++) {
        char path[64];
        int child;
        snprintf(path, sizeof path, "/proc/self/task/%d/children", threads->items[i]);
        FILE *file = fopen(path, "r");
        while (file && fscanf(file, "%d", &child) == 1)
            add(set, child);
        if (file)
            fclose(file);
    }
}

static void look(state *now) {
    list("/proc/self/fd", &now->descriptors);
    list("/proc/self/task", &now->threads);
    list_children(&now->threads, &now->children);
#ifdef __SANITIZE_THREAD__
    now->threads.count = 0; /* ThreadSanitizer begins one of its own with the first of the test */
#endif
}

void leaks_begin(void) {
    look(&before);
}

/* The first thing that was not there before, in words; false when there is none. */
static bool name_new(const numbers *was, const numbers *is, const char *what, const char *format, bool link,
                     char *text, size_t size) {
    for (int i = 0; i < is->count; i++) {
        char path[64], name[200] = "";
        if (has(was, is->items[i]))
            continue;
        snprintf(path, sizeof path, format, is->items[i]);
        FILE *file = link ? NULL : fopen(path, "r");
        if (link && readlink(path, name, sizeof name - 1) < 0)
            continue; /* closed meanwhile */
        if (file && fgets(name, sizeof name, file))
            name[strcspn(name, "\n")] = '\0';
        if (file)
            fclose(file);
        snprintf(text, size, "%s %d (%s)", what, is->items[i], name);
        return true;
    }
    return false;
}

static bool left(char *text, size_t size) {
    state now;
    look(&now);
    return name_new(&before.threads, &now.threads, "thread", "/proc/self/task/%d/comm", false, text, size) ||
           name_new(&before.children, &now.children, "child process", "/proc/%d/comm", false, text, size) ||
           name_new(&before.descriptors, &now.descriptors, "descriptor", "/proc/self/fd/%d", true, text,
                    size);
}

void leaks_end(void) {
    char text[320];
    int waited = 0;
    /* A joined thread shows in /proc for a moment longer. */
    for (; left(text, sizeof text) && waited < PATIENCE_MS; waited += PAUSE_MS)
        usleep(PAUSE_MS * 1000);
    ck_assert_msg(waited < PATIENCE_MS, "the test left behind: %s", text);
}
