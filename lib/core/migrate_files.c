/* SPDX-License-Identifier: MIT */
/* A chain of migrations: built into the library, or read from a directory of NNNN_name.{up,down}.sql. */
#include "core/migrate.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION_DIGITS = 4, VERSION_MAX = 9999, FILE_SIZE_MAX = 64 << 20 };

/* ---- checks on names and contents ------------------------------------------------------------------------
 */

bool trdbi_sql_no_transaction(const char *sql) {
    static const char mark[] = "-- tradingdb: no-transaction";
    const char end = strncmp(sql, mark, sizeof mark - 1) == 0 ? sql[sizeof mark - 1] : 'x';
    return end == '\0' || end == '\n' || end == '\r';
}

/* A migration shares its transaction with its entry in the table, so it must not end it. */
static int check_statements(const char *file, const char *sql, trdb_error **reterr) {
    static const char *const words[] = {"begin", "start", "commit", "end", "abort", "rollback"};
    if (trdbi_sql_no_transaction(sql))
        return 0;
    trdbi_splitter splitter = {.at = sql, .line = 1};
    trdbi_piece piece;
    while (trdbi_split_next(&splitter, &piece)) {
        size_t size = strcspn(piece.sql, " \t\r\n\f\v;-/");
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            if (size == strlen(words[i]) && strncasecmp(piece.sql, words[i], size) == 0)
                return trdbi_error(
                    reterr, TRDB_E_INVALID,
                    "%s:%d: %.*s does not belong here: a migration runs in a transaction of its own, "
                    "unless its first line is \"-- tradingdb: no-transaction\"",
                    file, piece.line, (int)size, piece.sql);
        }
    }
    return 0;
}

/* The number in front of a stem "NNNN_name", or 0 when it is none. */
static int32_t stem_version(const char *stem, size_t size) {
    int32_t version = 0;
    for (size_t i = 0; i < size; i++) {
        char c = stem[i];
        if (i < VERSION_DIGITS ? c < '0' || c > '9' : i == VERSION_DIGITS ? c != '_' : false)
            return 0;
        if (i > VERSION_DIGITS && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_')
            return 0;
        if (i < VERSION_DIGITS)
            version = version * 10 + (c - '0');
    }
    return size > VERSION_DIGITS + 1 ? version : 0;
}

/* ---- building a chain ------------------------------------------------------------------------------ */

void trdbi_chain_free(trdbi_chain *chain) {
    if (chain)
        trdbi_arena_free(chain->arena);
    free(chain);
}

static trdbi_chain *chain_new(size_t count) {
    trdbi_chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        return NULL;
    chain->arena = trdbi_arena_new((count + 1) * sizeof *chain->steps + 4096);
    if (chain->arena)
        chain->steps = trdbi_arena_alloc(chain->arena, (count + 1) * sizeof *chain->steps);
    chain->count = count;
    if (!chain->steps) {
        trdbi_chain_free(chain);
        return NULL;
    }
    return chain;
}

/* "0001_users" + ".up.sql" */
static const char *file_name(trdbi_arena *arena, const char *stem, const char *suffix) {
    size_t size = strlen(stem);
    char *name = trdbi_arena_bytes(arena, size + strlen(suffix) + 1);
    if (name) {
        memcpy(name, stem, size);
        memcpy(name + size, suffix, strlen(suffix) + 1);
    }
    return name;
}

static int step_name(trdbi_chain *chain, trdbi_step *step, int32_t version, const char *stem,
                     trdb_error **reterr) {
    step->version = version;
    step->name = trdbi_arena_text(chain->arena, stem + VERSION_DIGITS + 1, strlen(stem) - VERSION_DIGITS - 1);
    step->up_file = file_name(chain->arena, stem, ".up.sql");
    step->down_file = file_name(chain->arena, stem, ".down.sql");
    if (!step->name || !step->up_file || !step->down_file)
        return trdbi_error_nomem(reterr);
    return 0;
}

static int chain_check(const trdbi_chain *chain, trdb_error **reterr) {
    for (size_t i = 0; i < chain->count; i++) {
        const trdbi_step *step = &chain->steps[i];
        int rc = check_statements(step->up_file, step->up, reterr);
        if (rc >= 0)
            rc = check_statements(step->down_file, step->down, reterr);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* ---- built-in -------------------------------------------------------------------------------------- */

static int no_such_chain(const char *name, trdb_error **reterr) {
    trdbi_buf known = {0};
    const char *last = "";
    for (const trdbi_builtin_migration *m = trdbi_builtin_migrations; m->chain; m++) {
        if (strcmp(m->chain, last) != 0)
            trdbi_buf_printf(&known, "%s%s", known.size ? ", " : "", m->chain);
        last = m->chain;
    }
    int rc = known.failed ? trdbi_error_nomem(reterr)
                          : trdbi_error(reterr, TRDB_E_INVALID,
                                        "the library has no chain of migrations \"%s\"; it has: %s", name,
                                        known.size ? known.data : "none");
    trdbi_buf_free(&known);
    return rc;
}

static int load_builtin(const char *name, trdbi_chain **ret, trdb_error **reterr) {
    size_t count = 0;
    for (const trdbi_builtin_migration *m = trdbi_builtin_migrations; m->chain; m++)
        count += strcmp(m->chain, name) == 0;
    if (count == 0)
        return no_such_chain(name, reterr);

    trdbi_chain *chain = chain_new(count);
    if (!chain)
        return trdbi_error_nomem(reterr);
    trdbi_step *step = chain->steps;
    for (const trdbi_builtin_migration *m = trdbi_builtin_migrations; m->chain; m++) {
        if (strcmp(m->chain, name) != 0)
            continue;
        const int32_t version = (int32_t)(step - chain->steps) + 1;
        int rc = stem_version(m->name, strlen(m->name)) == version
                     ? step_name(chain, step, version, m->name, reterr)
                     : trdbi_error(reterr, TRDB_E_INVALID, "built-in chain %s: migration %04d is missing",
                                   name, (int)version);
        if (rc < 0) {
            trdbi_chain_free(chain);
            return rc;
        }
        step->up = m->up;
        step->down = m->down;
        step->checksum = m->up_sha256;
        step++;
    }
    *ret = chain;
    return 0;
}

/* ---- a directory ----------------------------------------------------------------------------------- */

/* What the names in a directory say about one number. */
typedef struct file_slot {
    const char *stem; /* "0001_users" */
    bool up, down;
} file_slot;

typedef struct listing {
    const char *directory;
    trdbi_arena *arena;
    file_slot *slots; /* by version, 1 … VERSION_MAX */
    int32_t last;
} listing;

static bool has_suffix(const char *name, size_t size, const char *suffix) {
    size_t length = strlen(suffix);
    return size > length && strcmp(name + size - length, suffix) == 0;
}

static int list_entry(listing *list, const char *name, trdb_error **reterr) {
    size_t size = strlen(name);
    if (!has_suffix(name, size, ".sql"))
        return 0;
    bool up = has_suffix(name, size, ".up.sql");
    bool down = has_suffix(name, size, ".down.sql");
    size_t stem_size = size - (up ? strlen(".up.sql") : strlen(".down.sql"));
    int32_t version = up || down ? stem_version(name, stem_size) : 0;
    if (version == 0)
        return trdbi_error(
            reterr, TRDB_E_INVALID,
            "%s/%s: the name is not NNNN_name.up.sql or NNNN_name.down.sql, numbered from 0001, "
            "of lower-case letters, digits and _",
            list->directory, name);
    file_slot *slot = &list->slots[version];
    if (!slot->stem)
        slot->stem = trdbi_arena_text(list->arena, name, stem_size);
    if (!slot->stem)
        return trdbi_error_nomem(reterr);
    if (strncmp(slot->stem, name, stem_size) != 0 || slot->stem[stem_size] != '\0')
        return trdbi_error(reterr, TRDB_E_INVALID, "%s: two migrations have the number %04d: %s and %.*s",
                           list->directory, (int)version, slot->stem, (int)stem_size, name);
    slot->up |= up;
    slot->down |= down;
    if (version > list->last)
        list->last = version;
    return 0;
}

/* errno says why. */
static int cannot_read(const char *what, const char *path, trdb_error **reterr) {
    if (errno == ENOMEM)
        return trdbi_error_nomem(reterr);
    return trdbi_error(reterr, TRDB_E_IO, "cannot read %s%s: %m", what, path);
}

static int list_directory(listing *list, trdb_error **reterr) {
    DIR *dir = opendir(list->directory);
    if (!dir)
        return cannot_read("the directory of migrations ", list->directory, reterr);
    int rc = 0;
    const struct dirent *entry = NULL;
    while (rc >= 0 && (errno = 0, entry = readdir(dir)) != NULL)
        rc = list_entry(list, entry->d_name, reterr);
    if (rc >= 0 && errno != 0)
        rc = cannot_read("the directory of migrations ", list->directory, reterr);
    closedir(dir);
    if (rc < 0)
        return rc;
    if (list->last == 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "%s holds no migration NNNN_name.up.sql", list->directory);
    for (int32_t version = 1; version <= list->last; version++) {
        const file_slot *slot = &list->slots[version];
        if (!slot->stem)
            return trdbi_error(reterr, TRDB_E_INVALID, "%s: migration %04d is missing: there are later ones",
                               list->directory, (int)version);
        if (!slot->up || !slot->down)
            return trdbi_error(reterr, TRDB_E_INVALID, "%s: %s.%s.sql is missing", list->directory,
                               slot->stem, slot->up ? "down" : "up");
    }
    return 0;
}

/* Reads what the descriptor gives; a file that shrinks meanwhile is an error, not a shorter file. */
static int read_all(int fd, char *data, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t got = read(fd, data + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0)
            errno = EIO;
        if (got <= 0)
            return -1;
        done += (size_t)got;
    }
    return 0;
}

static int read_open_file(int fd, const char *path, trdbi_arena *arena, const char **ret,
                          trdb_error **reterr) {
    struct stat status;
    if (fstat(fd, &status) < 0)
        return cannot_read("", path, reterr);
    if (!S_ISREG(status.st_mode))
        return trdbi_error(reterr, TRDB_E_IO, "cannot read %s: not a regular file", path);
    if (status.st_size > FILE_SIZE_MAX)
        return trdbi_error(reterr, TRDB_E_RANGE, "%s is larger than %d MiB", path, FILE_SIZE_MAX >> 20);
    size_t size = (size_t)status.st_size;
    char *data = trdbi_arena_bytes(arena, size + 1);
    if (!data)
        return trdbi_error_nomem(reterr);
    if (read_all(fd, data, size) < 0)
        return cannot_read("", path, reterr);
    data[size] = '\0';
    if (trdbi_utf8_length(data, size) < 0 || memchr(data, '\0', size))
        return trdbi_error(reterr, TRDB_E_ENCODING, "%s is not valid UTF-8 text", path);
    *ret = data;
    return 0;
}

static int read_file(const char *directory, const char *file, trdbi_arena *arena, const char **ret,
                     trdb_error **reterr) {
    char *path = NULL;
    if (asprintf(&path, "%s/%s", directory, file) < 0)
        return trdbi_error_nomem(reterr);
    int rc;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us */
    if (fd < 0) {
        rc = cannot_read("", path, reterr);
    } else {
        rc = read_open_file(fd, path, arena, ret, reterr);
        close(fd);
    }
    free(path);
    return rc;
}

static int chain_from_listing(const listing *list, trdbi_chain **ret, trdb_error **reterr) {
    trdbi_chain *chain = chain_new((size_t)list->last);
    if (!chain)
        return trdbi_error_nomem(reterr);
    int rc = 0;
    for (int32_t version = 1; rc >= 0 && version <= list->last; version++) {
        trdbi_step *step = &chain->steps[version - 1];
        rc = step_name(chain, step, version, list->slots[version].stem, reterr);
        if (rc >= 0)
            rc = read_file(list->directory, step->up_file, chain->arena, &step->up, reterr);
        if (rc >= 0)
            rc = read_file(list->directory, step->down_file, chain->arena, &step->down, reterr);
    }
    if (rc < 0)
        trdbi_chain_free(chain);
    else
        *ret = chain;
    return rc;
}

static int load_directory(const char *directory, trdbi_chain **ret, trdb_error **reterr) {
    listing list = {.directory = directory, .arena = trdbi_arena_new(0)};
    list.slots = calloc(VERSION_MAX + 1, sizeof *list.slots);
    int rc = list.arena && list.slots ? list_directory(&list, reterr) : trdbi_error_nomem(reterr);
    if (rc >= 0)
        rc = chain_from_listing(&list, ret, reterr);
    free(list.slots);
    trdbi_arena_free(list.arena);
    return rc;
}

int trdbi_chain_load(const char *name, const char *directory, trdbi_chain **ret, trdb_error **reterr) {
    trdbi_chain *chain = NULL;
    int rc = directory ? load_directory(directory, &chain, reterr) : load_builtin(name, &chain, reterr);
    if (rc >= 0)
        rc = chain_check(chain, reterr);
    if (rc < 0)
        trdbi_chain_free(chain);
    else
        *ret = chain;
    return rc;
}
