/* SPDX-License-Identifier: MIT */
/*
 * The main() of a target without libFuzzer: feeds it its corpus and prints TAP.
 *
 *   test_NAME               replays corpus/NAME.txt of the source tree, each input and every beginning of it
 *   test_NAME --unpack DIR  writes the corpus as one file per input, for libFuzzer
 *   test_NAME --pack DIR    the way back: replaces the corpus by the files of a folder
 *   test_NAME FILE          feeds one input, such as a crash that libFuzzer found
 *
 * A corpus is text, so that a change to it can be read: an input a line, sorted; what is not printable ASCII,
 * and the backslash, as \xNN.
 */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Of the beginnings of an input, those up to this length are fed as well. */
enum { MOST_BEGINNINGS = 96 };

static char corpus[4096];
static const char *target;

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "%s: %s\n", what, strerror(errno));
    exit(2);
}

static void *must(void *memory) {
    return memory ? memory : (give_up("memory"), NULL);
}

/* In memory of just its size, for the sanitizers. */
static void feed(const unsigned char *data, size_t size) {
    unsigned char *copy = must(malloc(size ? size : 1));
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

/* ---- the text of a corpus --------------------------------------------------------------------------- */

static size_t unescape(char *line, size_t length) {
    size_t size = 0;
    for (size_t i = 0; i < length; size++) {
        unsigned value = (unsigned char)line[i];
        int used = 1;
        if (line[i] == '\\')
            used = sscanf(line + i, "\\x%2x", &value) == 1 ? 4 : 1;
        line[size] = (char)value;
        i += (size_t)used;
    }
    return size;
}

static void put_escaped(FILE *out, const unsigned char *data, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (data[i] < 0x20 || data[i] > 0x7E || data[i] == '\\')
            fprintf(out, "\\x%02x", data[i]);
        else
            putc(data[i], out);
    }
    putc('\n', out);
}

/* Calls `use` for every input; gives their number. */
static size_t each_input(void (*use)(const unsigned char *data, size_t size, size_t i, const char *arg),
                         const char *arg) {
    FILE *file = fopen(corpus, "r");
    if (!file)
        give_up(corpus);
    char *line = NULL;
    size_t room = 0, count = 0;
    ssize_t length;
    while ((length = getline(&line, &room, file)) > 0) {
        size_t size = unescape(line, (size_t)length - (line[length - 1] == '\n'));
        use((const unsigned char *)line, size, count++, arg);
    }
    free(line);
    fclose(file);
    return count;
}

/* ---- what to do with it ------------------------------------------------------------------------------ */

static void replay(const unsigned char *data, size_t size, size_t i, const char *arg) {
    (void)arg;
    printf("# input %zu\n", i + 1);
    fflush(stdout);
    feed(data, size);
    for (size_t length = 0; length < size && length <= MOST_BEGINNINGS; length++)
        feed(data, length);
}

static void unpack(const unsigned char *data, size_t size, size_t i, const char *dir) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%06zu", dir, i);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        give_up(path);
}

static unsigned char *read_file(const char *path, size_t *ret_size) {
    struct stat status;
    FILE *file = fopen(path, "r");
    if (!file || fstat(fileno(file), &status) != 0)
        give_up(path);
    unsigned char *data = must(malloc((size_t)status.st_size + 1));
    *ret_size = fread(data, 1, (size_t)status.st_size, file);
    fclose(file);
    return data;
}

static void pack(const char *dir) {
    struct dirent **entries;
    int count = scandir(dir, &entries, NULL, NULL);
    char command[8192];
    snprintf(command, sizeof command, "LC_ALL=C sort -u > '%s'", corpus);
    FILE *out = count < 0 ? NULL : popen(command, "w");
    if (!out)
        give_up(dir);
    for (int i = 0; i < count; i++) {
        char path[4096];
        size_t size;
        snprintf(path, sizeof path, "%s/%s", dir, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            unsigned char *data = read_file(path, &size);
            put_escaped(out, data, size);
            free(data);
        }
        free(entries[i]);
    }
    free(entries);
    if (pclose(out) != 0)
        give_up(corpus);
}

int main(int argc, char **argv) {
    const char *source = getenv("TRDB_TEST_SOURCE");
    const char *name = strrchr(argv[0], '/');
    target = (name ? name + 1 : argv[0]) + strlen("test_");
    snprintf(corpus, sizeof corpus, "%s/tests/fuzz/corpus/%s.txt", source ? source : ".", target);
    if (argc == 3 && strcmp(argv[1], "--unpack") == 0) {
        each_input(unpack, argv[2]);
    } else if (argc == 3 && strcmp(argv[1], "--pack") == 0) {
        pack(argv[2]);
    } else if (argc == 2) {
        size_t size;
        unsigned char *data = read_file(argv[1], &size);
        feed(data, size);
        free(data);
    } else {
        size_t count = each_input(replay, NULL);
        printf("%s 1 - %s: %zu inputs\n1..1\n", count > 0 ? "ok" : "not ok", target, count);
        return count > 0 ? 0 : 1;
    }
    return 0;
}
