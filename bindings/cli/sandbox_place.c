/* SPDX-License-Identifier: MIT */
/* Where the sandbox lies, whose it is, and becoming that account. */
#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define DATABASE "tradingdb"
#define SOCKET_NAME ".s.PGSQL.5432"

/* ---- whose ----------------------------------------------------------------------------------------- */

static int find_account(const char *user, sandbox *box) {
    const uid_t me = geteuid();
    if (!user) {
        if (me == 0)
            return cli_error(
                "PostgreSQL does not run as root: name the account that it shall run as with --user, "
                "for example --user postgres");
        return CLI_OK;
    }
    errno = 0;
    struct passwd *account = getpwnam(user);
    if (!account)
        return cli_error("there is no account \"%s\"%s%s", user, errno ? ": " : "",
                         errno ? strerror(errno) : "");
    if (account->pw_uid == 0)
        return cli_error("--user %s is root, which PostgreSQL refuses: name another account", user);
    if (me != 0 && me != account->pw_uid)
        return cli_error("only root may use --user with another account");
    if (me == 0)
        box->account = account;
    return CLI_OK;
}

static int become(const struct passwd *account) {
    if (initgroups(account->pw_name, account->pw_gid) < 0 || setgid(account->pw_gid) < 0 ||
        setuid(account->pw_uid) < 0 || setenv("HOME", account->pw_dir, 1) < 0 ||
        setenv("USER", account->pw_name, 1) < 0 || setenv("LOGNAME", account->pw_name, 1) < 0)
        return cli_error("cannot become %s: %s", account->pw_name, strerror(errno));
    return CLI_OK;
}

/* Settings of the caller's clients must not reach the server's programs, nor may its folder, which the owner
 * may not be able to enter. */
static int clean_environment(void) {
    for (size_t i = 0; environ[i];) {
        const char *end = strchr(environ[i], '=');
        char name[64];
        if (strncmp(environ[i], "PG", 2) == 0 && end && (size_t)(end - environ[i]) < sizeof name) {
            snprintf(name, sizeof name, "%.*s", (int)(end - environ[i]), environ[i]);
            unsetenv(name);
        } else {
            i++;
        }
    }
    if (setenv("LC_ALL", "C", 1) < 0 || chdir("/") < 0)
        return cli_error("cannot prepare the environment: %s", strerror(errno));
    umask(077);
    return CLI_OK;
}

/* Always in a child, so that neither account, environment nor folder of the caller change. */
int sandbox_as_owner(const sandbox *box, int (*fn)(const sandbox *box)) {
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        return cli_error("cannot start a process: %s", strerror(errno));
    if (pid == 0) {
        int rc = box->account ? become(box->account) : CLI_OK;
        if (rc == CLI_OK)
            rc = clean_environment();
        if (rc == CLI_OK)
            rc = fn(box);
        fflush(NULL);
        _exit(rc);
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return cli_error("cannot wait for a process: %s", strerror(errno));
    }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    return cli_error("interrupted by signal %d", WTERMSIG(status));
}

/* ---- where ----------------------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static char *text(const char *format, ...) {
    char *result = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&result, format, args) < 0)
        result = NULL;
    va_end(args);
    return result;
}

static char *absolute(const char *path) {
    if (path[0] == '/')
        return strdup(path);
    char *here = getcwd(NULL, 0);
    char *result = here ? text("%s/%s", here, path) : NULL;
    free(here);
    return result;
}

/* The state folder of the XDG base directory specification, which ignores relative paths. */
static char *default_dir(const sandbox *box) {
    const char *state = box->account ? NULL : getenv("XDG_STATE_HOME");
    const char *home = box->account ? box->account->pw_dir : getenv("HOME");
    if (state && state[0] == '/')
        return text("%s/tradingdb/sandbox", state);
    if (!home || home[0] != '/') {
        const struct passwd *account = getpwuid(geteuid());
        home = account ? account->pw_dir : NULL;
    }
    return home ? text("%s/.local/state/tradingdb/sandbox", home) : NULL;
}

/* The folder stands in the query of the URL, percent-encoded where it has to be. */
static char *make_url(const char *dir) {
    static const char start[] = "postgresql://" DATABASE "@/" DATABASE "?host=";
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    char *url = malloc(sizeof start + 3 * strlen(dir));
    if (!url)
        return NULL;
    char *out = stpcpy(url, start);
    for (const char *p = dir; *p; p++) {
        if (strchr(plain, *p))
            *out++ = *p;
        else
            out += sprintf(out, "%%%02X", (unsigned)(unsigned char)*p);
    }
    *out = '\0';
    return url;
}

int sandbox_locate(const cli *options, sandbox *box) {
    if (options->dir && !options->dir[0])
        return cli_usage_error("--dir needs a folder");
    int rc = find_account(options->account, box);
    if (rc != CLI_OK)
        return rc;
    box->dir = options->dir ? absolute(options->dir) : default_dir(box);
    if (!box->dir)
        return cli_error("cannot tell where the sandbox belongs: set HOME, or name a folder with --dir");
    if (strchr(box->dir, ','))
        return cli_error(
            "the folder %s has a comma, which separates hosts in a connection string: name another one "
            "with --dir",
            box->dir);
    for (size_t size = strlen(box->dir); size > 1 && box->dir[size - 1] == '/';)
        box->dir[--size] = '\0';
    box->marker = text("%s/tradingdb-sandbox", box->dir);
    box->data = text("%s/data", box->dir);
    box->fresh = text("%s/data.new", box->dir);
    box->log = text("%s/log", box->dir);
    box->socket = text("%s/" SOCKET_NAME, box->dir);
    box->url = make_url(box->dir);
    if (!box->marker || !box->data || !box->fresh || !box->log || !box->socket || !box->url)
        return cli_error("out of memory");
    const size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    if (strlen(box->socket) > most)
        return cli_error(
            "the folder %s is too long by %zu bytes for a unix socket: name a shorter one with --dir",
            box->dir, strlen(box->socket) - most);
    return CLI_OK;
}

void sandbox_free(sandbox *box) {
    free(box->dir);
    free(box->marker);
    free(box->data);
    free(box->fresh);
    free(box->log);
    free(box->socket);
    free(box->url);
}
