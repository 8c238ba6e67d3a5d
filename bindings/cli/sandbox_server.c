/* SPDX-License-Identifier: MIT */
/* PostgreSQL in the sandbox: finding its programs, making the data folder, starting and stopping. */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 60000, POLL_MS = 25, LINGER_TRIES = 40, LINGER_MS = 250 };

static void sleep_ms(long ms) {
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

/* ---- programs -------------------------------------------------------------------------------------- */

static bool has_server(const char *dir) {
    char path[4096];
    const char *const programs[] = {"postgres", "initdb"};
    for (size_t i = 0; i < 2; i++) {
        const int size = snprintf(path, sizeof path, "%s/%s", dir, programs[i]);
        if (size < 0 || (size_t)size >= sizeof path || access(path, X_OK) != 0)
            return false;
    }
    return true;
}

/* The major version that a data folder was made by, or 0. */
static int data_version(const sandbox *box) {
    char path[4096], line[32] = "";
    snprintf(path, sizeof path, "%s/PG_VERSION", box->data);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    const bool read = fgets(line, sizeof line, file) != NULL;
    fclose(file);
    return read ? (int)strtol(line, NULL, 10) : 0;
}

static char *ask_pg_config(void) {
    char answer[4096];
    int ends[2];
    char *const argv[] = {(char[]){"pg_config"}, (char[]){"--bindir"}, NULL};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return NULL;
    /* A path is smaller than a pipe, so the program never waits for us to read. */
    const int status = process_run(argv, -1, ends[1]);
    close(ends[1]);
    const ssize_t size = status == 0 ? read(ends[0], answer, sizeof answer - 1) : -1;
    close(ends[0]);
    if (size <= 0)
        return NULL;
    answer[size] = '\0';
    answer[strcspn(answer, "\n")] = '\0';
    return has_server(answer) ? strdup(answer) : NULL;
}

/* Debian keeps versions side by side; of several the wanted one, else the newest. */
static char *search_debian(int wanted) {
    glob_t found;
    char *best = NULL;
    long best_version = 0;
    if (glob("/usr/lib/postgresql/*/bin", 0, NULL, &found) != 0)
        return NULL;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const long version = strtol(found.gl_pathv[i] + strlen("/usr/lib/postgresql/"), NULL, 10);
        if (!has_server(found.gl_pathv[i]) || version <= best_version || (wanted && version != wanted))
            continue;
        free(best);
        best = strdup(found.gl_pathv[i]);
        best_version = version;
    }
    globfree(&found);
    return best;
}

char *server_programs(const sandbox *box) {
    const char *named = getenv("TRADINGDB_PGBIN");
    if (named && *named) {
        if (has_server(named))
            return strdup(named);
        cli_error("TRADINGDB_PGBIN names %s, which has no postgres and initdb", named);
        return NULL;
    }
    const int version = data_version(box);
    char *dir = version ? search_debian(version) : NULL;
    if (!dir)
        dir = ask_pg_config();
    if (!dir)
        dir = search_debian(0);
    if (!dir)
        cli_error("no PostgreSQL server was found: install it (Debian: apt install postgresql), or name the "
                  "folder of "
                  "initdb and postgres in TRADINGDB_PGBIN");
    return dir;
}

/* ---- the log --------------------------------------------------------------------------------------- */

static int open_log(const sandbox *box) {
    int fd = open(box->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        cli_error("cannot write %s: %s", box->log, strerror(errno));
    return fd;
}

static off_t log_size(const sandbox *box) {
    struct stat status;
    return stat(box->log, &status) == 0 ? status.st_size : 0;
}

/* What was logged from `from` on: into a buffer, NUL-terminated; only the end of a long text. */
static void read_log(const sandbox *box, off_t from, char *buffer, size_t size) {
    buffer[0] = '\0';
    int fd = open(box->log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    const off_t end = lseek(fd, 0, SEEK_END);
    if (end - from > (off_t)size - 1)
        from = end - ((off_t)size - 1);
    const ssize_t got = pread(fd, buffer, size - 1, from);
    buffer[got > 0 ? got : 0] = '\0';
    close(fd);
}

/* The line that says why: the last one that is no hint. */
static const char *reason(char *text) {
    const char *found = "";
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strstr(line, "FATAL") || strstr(line, "error:") || strstr(line, "ERROR") || !*found)
            found = line;
    }
    return found;
}

static int log_error(const sandbox *box, off_t from, const char *what) {
    char text[8192];
    read_log(box, from, text, sizeof text);
    return cli_error("%s: %s; see %s", what, reason(text), box->log);
}

/* ---- making the data folder ------------------------------------------------------------------------ */

static int append_config(const sandbox *box) {
    static const char settings[] = "\n# Set by `tradingdb sandbox`.\n"
                                   "listen_addresses = ''\n"
                                   "log_min_messages = warning\n"
                                   "timezone = 'UTC'\n"
                                   "log_timezone = 'UTC'\n";
    char path[4096];
    snprintf(path, sizeof path, "%s/postgresql.conf", box->fresh);
    FILE *file = fopen(path, "ae");
    if (!file)
        return cli_error("cannot write %s: %s", path, strerror(errno));
    const bool written = fputs(settings, file) >= 0;
    if (fclose(file) != 0 || !written)
        return cli_error("cannot write %s: %s", path, strerror(errno));
    return CLI_OK;
}

/* Trust is enough: nobody else can reach the socket, since the folder is the owner's alone. */
static int run_initdb(const sandbox *box, const char *programs, int log) {
    char path[4096], locale[32];
    locale_t utf8 = newlocale(LC_ALL_MASK, "C.UTF-8", (locale_t)0);
    snprintf(locale, sizeof locale, "--locale=%s", utf8 ? "C.UTF-8" : "C");
    if (utf8)
        freelocale(utf8);
    snprintf(path, sizeof path, "%s/initdb", programs);
    char *const argv[] = {path,
                          (char[]){"-D"},
                          box->fresh,
                          (char[]){"-U"},
                          (char[]){"tradingdb"},
                          (char[]){"-A"},
                          (char[]){"trust"},
                          (char[]){"-E"},
                          (char[]){"UTF8"},
                          locale,
                          NULL};
    const off_t from = log_size(box);
    const int status = process_run(argv, -1, log);
    if (status < 0)
        return cli_error("cannot run %s: %s", path, strerror(errno));
    return status == 0 ? CLI_OK : log_error(box, from, "initdb failed");
}

/* A server on its own needs neither socket nor psql. */
static int create_database(const sandbox *box, const char *programs, int log) {
    static const char sql[] = "CREATE DATABASE tradingdb\n";
    char path[4096];
    int ends[2];
    snprintf(path, sizeof path, "%s/postgres", programs);
    char *const argv[] = {
        path, (char[]){"--single"}, (char[]){"-j"}, (char[]){"-D"}, box->fresh, (char[]){"postgres"}, NULL};
    if (pipe2(ends, O_CLOEXEC) < 0)
        return cli_error("cannot make a pipe: %s", strerror(errno));
    const off_t from = log_size(box);
    const ssize_t written = write(ends[1], sql, sizeof sql - 1); /* fits the pipe */
    close(ends[1]);
    const int status = written == (ssize_t)sizeof sql - 1 ? process_run(argv, ends[0], log) : -1;
    close(ends[0]);
    if (status < 0)
        return cli_error("cannot run %s: %s", path, strerror(errno));
    return status == 0 ? CLI_OK : log_error(box, from, "the sandbox database could not be made");
}

/* Made beside its place and renamed into it: what an interrupted `start` left is thrown away by the next. */
int server_create(const sandbox *box) {
    if (data_version(box) != 0)
        return CLI_OK;
    if (folder_remove_tree(box->fresh) != CLI_OK)
        return CLI_FAILED;
    char *programs = server_programs(box);
    const int log = programs ? open_log(box) : -1;
    int rc = log >= 0 ? run_initdb(box, programs, log) : CLI_FAILED;
    if (rc == CLI_OK)
        rc = append_config(box);
    if (rc == CLI_OK)
        rc = create_database(box, programs, log);
    if (rc == CLI_OK && rename(box->fresh, box->data) < 0)
        rc = cli_error("cannot rename %s: %s", box->fresh, strerror(errno));
    if (log >= 0)
        close(log);
    free(programs);
    return rc;
}

/* ---- is it running --------------------------------------------------------------------------------- */

/* The server works in its data folder. A process that has no folder is dead, and only waits for its parent to
 * notice. Without a readable /proc the process id alone has to do. */
static bool works_in(pid_t pid, const char *data) {
    char path[64];
    struct stat there, here;
    snprintf(path, sizeof path, "/proc/%ld/cwd", (long)pid);
    if (stat(path, &there) < 0)
        return errno != ENOENT || access("/proc/self/cwd", F_OK) < 0;
    return stat(data, &here) < 0 || (there.st_dev == here.st_dev && there.st_ino == here.st_ino);
}

/* Reads postmaster.pid: its first line is the process id, its eighth the state. *ret_stale tells of a
 * process that is not the server: another that has its id by now, or its remains. */
static pid_t read_pid_file(const sandbox *box, bool *ret_ready, bool *ret_stale) {
    char path[4096], line[4096];
    long pid = 0;
    bool ready = false;
    snprintf(path, sizeof path, "%s/postmaster.pid", box->data);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    for (int n = 1; fgets(line, sizeof line, file); n++) {
        if (n == 1)
            pid = strtol(line, NULL, 10);
        else if (n == 8)
            ready = strncmp(line, "ready", 5) == 0;
    }
    fclose(file);
    if (pid <= 0 || (kill((pid_t)pid, 0) < 0 && errno == ESRCH))
        return 0;
    if (!works_in((pid_t)pid, box->data)) {
        *ret_stale = true;
        return 0;
    }
    *ret_ready = ready;
    return (pid_t)pid;
}

pid_t server_pid(const sandbox *box, bool *ret_ready) {
    bool ready = false, stale = false;
    const pid_t pid = read_pid_file(box, &ready, &stale);
    if (ret_ready)
        *ret_ready = ready;
    return pid;
}

/* PostgreSQL refuses to start while the process of its old pid file lives, also when that is another program
 * by now. A file that names the process that starts it passes, and keeps what protects the data from
 * survivors of the old server: the key of its shared memory. */
static int disarm_stale_pid(const sandbox *box) {
    char path[4096], text[4096], lock[256];
    bool ready = false, stale = false;
    if (read_pid_file(box, &ready, &stale) != 0 || !stale)
        return CLI_OK;
    snprintf(path, sizeof path, "%s/postmaster.pid", box->data);
    snprintf(lock, sizeof lock, "%s.lock", box->socket);
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    const ssize_t size = fd >= 0 ? pread(fd, text, sizeof text - 1, 0) : -1;
    int rc = CLI_FAILED;
    if (size >= 0) {
        char line[32];
        text[size] = '\0';
        const char *rest = strchrnul(text, '\n');
        const size_t rest_size = strlen(rest);
        const int line_size = snprintf(line, sizeof line, "%ld", (long)getpid());
        if (ftruncate(fd, 0) == 0 && pwrite(fd, line, (size_t)line_size, 0) == line_size &&
            pwrite(fd, rest, rest_size, line_size) == (ssize_t)rest_size &&
            (unlink(lock) == 0 || errno == ENOENT))
            rc = CLI_OK;
    }
    if (rc != CLI_OK)
        cli_error("cannot put right the stale %s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return rc;
}

/* ---- starting and stopping ------------------------------------------------------------------------- */

enum outcome { READY, DIED, LATE };

static enum outcome wait_until_ready(const sandbox *box, pid_t pid) {
    for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
        int status;
        bool ready = false;
        if (waitpid(pid, &status, WNOHANG) == pid)
            return DIED;
        if (server_pid(box, &ready) == pid && ready)
            return READY;
        sleep_ms(POLL_MS);
    }
    return LATE;
}

/* The list of socket folders is separated by commas unless a folder is quoted. */
static char *quoted_folder(const char *dir) {
    char *result = malloc(2 * strlen(dir) + 3);
    if (!result)
        return NULL;
    char *out = result;
    *out++ = '"';
    for (const char *p = dir; *p; p++) {
        if (*p == '"')
            *out++ = '"';
        *out++ = *p;
    }
    *out++ = '"';
    *out = '\0';
    return result;
}

static enum outcome try_start(const sandbox *box, const char *programs, const char *folder, int log) {
    char path[4096], folder_copy[512];
    snprintf(path, sizeof path, "%s/postgres", programs);
    snprintf(folder_copy, sizeof folder_copy, "%s", folder);
    char *const argv[] = {path,        (char[]){"-D"}, box->data,        (char[]){"-k"},
                          folder_copy, (char[]){"-p"}, (char[]){"5432"}, NULL};
    const pid_t pid = process_start(argv, -1, log);
    if (pid < 0) {
        cli_error("cannot run %s: %s", path, strerror(errno));
        return DIED;
    }
    const enum outcome outcome = wait_until_ready(box, pid);
    if (outcome == LATE) {
        kill(pid, SIGINT);
        waitpid(pid, NULL, 0);
    }
    return outcome;
}

/* After a crash of the main process its children may live on for a moment; the server waits for none. */
static bool survivors_in_the_way(const sandbox *box, off_t from) {
    char text[8192];
    read_log(box, from, text, sizeof text);
    return strstr(text, "pre-existing shared memory block") != NULL;
}

static int start_with(const sandbox *box, const char *programs, const char *folder, int log) {
    off_t from = 0;
    for (int i = 0; i < LINGER_TRIES; i++) {
        from = log_size(box);
        const enum outcome outcome = try_start(box, programs, folder, log);
        if (outcome == READY)
            return CLI_OK;
        if (outcome == LATE)
            return log_error(box, from, "the server did not become ready within a minute");
        if (!survivors_in_the_way(box, from))
            break;
        sleep_ms(LINGER_MS);
    }
    return log_error(box, from, "the server did not start");
}

int server_start(const sandbox *box) {
    bool ready = false;
    const pid_t running = server_pid(box, &ready);
    if (running != 0 && ready)
        return CLI_OK;
    if (running != 0)
        return cli_error("the server (process %ld) is just starting or stopping: try again, or see %s",
                         (long)running, box->log);
    if (disarm_stale_pid(box) != CLI_OK)
        return CLI_FAILED;
    char *programs = server_programs(box);
    char *folder = programs ? quoted_folder(box->dir) : NULL;
    const int log = folder ? open_log(box) : -1;
    const int rc = log >= 0 ? start_with(box, programs, folder, log) : CLI_FAILED;
    if (log >= 0)
        close(log);
    free(folder);
    free(programs);
    return rc;
}

int server_stop(const sandbox *box) {
    const pid_t pid = server_pid(box, NULL);
    if (pid == 0)
        return CLI_OK;
    if (kill(pid, SIGINT) < 0 && errno != ESRCH)
        return cli_error("cannot stop the server (process %ld): %s", (long)pid, strerror(errno));
    for (int waited = 0; waited < PATIENCE_MS; waited += POLL_MS) {
        if (server_pid(box, NULL) != pid)
            return CLI_OK;
        sleep_ms(POLL_MS);
    }
    return cli_error("the server (process %ld) did not stop within a minute; see %s", (long)pid, box->log);
}
