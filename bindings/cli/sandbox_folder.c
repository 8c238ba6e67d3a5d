/* SPDX-License-Identifier: MIT */
/* The sandbox's folder. Nothing in a folder without our marker is ever touched. */
#include "sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char marker_text[] = "made by `tradingdb sandbox`, version 1\n";

/* ---- making ---------------------------------------------------------------------------------------- */

static int make_parents(const char *dir) {
    char *path = strdup(dir);
    if (!path)
        return cli_error("out of memory");
    int rc = CLI_OK;
    for (char *slash = strchr(path + 1, '/'); rc == CLI_OK; slash = strchr(slash + 1, '/')) {
        if (slash)
            *slash = '\0';
        if (mkdir(path, 0700) < 0 && errno != EEXIST)
            rc = cli_error("cannot make the folder %s: %s", path, strerror(errno));
        if (!slash)
            break;
        *slash = '/';
    }
    free(path);
    return rc;
}

/* 1 empty, 0 not, -1 with errno. */
static int is_empty(const char *dir) {
    DIR *d = opendir(dir);
    if (!d)
        return -1;
    int empty = 1;
    errno = 0;
    for (const struct dirent *e; empty == 1 && (e = readdir(d)) != NULL;) {
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            empty = 0;
    }
    if (errno != 0)
        empty = -1;
    closedir(d);
    return empty;
}

static int write_marker(const sandbox *box) {
    int fd = open(box->marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return CLI_OK; /* another `start` was quicker */
    if (fd < 0)
        return cli_error("cannot write %s: %s", box->marker, strerror(errno));
    const ssize_t size = (ssize_t)strlen(marker_text);
    const bool written = write(fd, marker_text, (size_t)size) == size && fsync(fd) == 0;
    const int saved = errno;
    close(fd);
    return written ? CLI_OK : cli_error("cannot write %s: %s", box->marker, strerror(saved));
}

static int make_folder(const sandbox *box) {
    struct stat status;
    int rc = make_parents(box->dir);
    if (rc != CLI_OK)
        return rc;
    if (stat(box->dir, &status) < 0 || !S_ISDIR(status.st_mode))
        return cli_error("%s is not a folder: name another one with --dir", box->dir);
    if (status.st_uid != geteuid())
        return cli_error("the folder %s belongs to another account: name another one with --dir", box->dir);
    /* In this order: another `start` may write the marker meanwhile, and its marker is no foreign file. */
    const int empty = is_empty(box->dir);
    if (empty < 0)
        return cli_error("cannot read the folder %s: %s", box->dir, strerror(errno));
    if (access(box->marker, F_OK) == 0)
        return CLI_OK;
    if (empty == 0)
        return cli_error(
            "the folder %s holds files that `tradingdb sandbox` did not make: name another one with --dir",
            box->dir);
    if (chmod(box->dir, 0700) < 0)
        return cli_error("cannot protect the folder %s: %s", box->dir, strerror(errno));
    return write_marker(box);
}

/* ---- opening --------------------------------------------------------------------------------------- */

bool folder_exists(const sandbox *box) {
    return access(box->dir, F_OK) == 0;
}

/* Reads through the descriptor that holds the lock. A beginning of our own text is one that a crash cut
 * short, or that another `start` is writing: `create` completes it. */
static int check_marker(const sandbox *box, int fd, bool create) {
    char found[sizeof marker_text + 1];
    const ssize_t size = pread(fd, found, sizeof found, 0);
    const ssize_t whole = (ssize_t)strlen(marker_text);
    if (size < 0)
        return cli_error("cannot read %s: %s", box->marker, strerror(errno));
    if (size > whole || memcmp(found, marker_text, (size_t)size) != 0 || (size < whole && !create))
        return cli_error("%s is not a sandbox of this release: nothing was touched", box->dir);
    if (size < whole && pwrite(fd, marker_text, (size_t)whole, 0) != whole)
        return cli_error("cannot write %s: %s", box->marker, strerror(errno));
    return CLI_OK;
}

int folder_open(const sandbox *box, bool create, int *ret_fd) {
    int rc = create ? make_folder(box) : CLI_OK;
    if (rc != CLI_OK)
        return rc;
    int fd = open(box->marker, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return cli_error("the folder %s was not made by `tradingdb sandbox`: nothing was touched", box->dir);
    if (fd < 0)
        return cli_error("cannot open %s: %s", box->marker, strerror(errno));
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_uid != geteuid())
        rc = cli_error("%s is not a file of this account: nothing was touched", box->marker);
    while (rc == CLI_OK && flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR)
            rc = cli_error("cannot lock %s: %s", box->marker, strerror(errno));
    }
    if (rc == CLI_OK)
        rc = check_marker(box, fd, create);
    if (rc != CLI_OK) {
        close(fd);
        return rc;
    }
    *ret_fd = fd;
    return CLI_OK;
}

/* ---- removing -------------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int folder_remove_tree(const char *path) {
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0 || errno == ENOENT)
        return CLI_OK;
    return cli_error("cannot remove %s: %s", path, strerror(errno));
}

static int remove_file(const char *path) {
    if (unlink(path) == 0 || errno == ENOENT)
        return CLI_OK;
    return cli_error("cannot remove %s: %s", path, strerror(errno));
}

/* Only what the sandbox makes; the marker last, so that an interrupted removal can be repeated. A folder with
 * other files in it stays. */
int folder_remove(const sandbox *box) {
    char lock[256];
    snprintf(lock, sizeof lock, "%s.lock", box->socket);
    const char *const trees[] = {box->data, box->fresh};
    const char *const files[] = {box->socket, lock, box->log, box->marker};
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        if (folder_remove_tree(trees[i]) != CLI_OK)
            return CLI_FAILED;
    }
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (remove_file(files[i]) != CLI_OK)
            return CLI_FAILED;
    }
    if (rmdir(box->dir) == 0 || errno == ENOENT)
        return CLI_OK;
    if (errno == ENOTEMPTY || errno == EEXIST) {
        fprintf(stderr, "tradingdb: kept the folder %s: it holds other files\n", box->dir);
        return CLI_OK;
    }
    return cli_error("cannot remove the folder %s: %s", box->dir, strerror(errno));
}
