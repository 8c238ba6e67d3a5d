/* SPDX-License-Identifier: MIT */
/* The sandbox: a private PostgreSQL in a folder of the user, reached through a unix socket in that folder. */
#pragma once

#include "cli.h"

#include <pwd.h>
#include <sys/types.h>

/* Where it is and whose. Paths are absolute and owned. */
typedef struct sandbox {
    char *dir;
    char *marker; /* says that the folder is ours; also what start and stop lock */
    char *data;
    char *fresh; /* the data folder while it is being made */
    char *log;
    char *socket;
    char *url;
    struct passwd *account; /* root's --user: whose the server is; otherwise NULL */
} sandbox;

/* Fills a zeroed sandbox; CLI_OK or the exit code, told on stderr. Free it either way. */
int sandbox_locate(const cli *options, sandbox *box);
void sandbox_free(sandbox *box);

/* Runs fn as the account that owns the sandbox: in a child when that is not us. Returns what it returns. */
int sandbox_as_owner(const sandbox *box, int (*fn)(const sandbox *box));

/* ---- as the owner: CLI_OK, or an exit code told on stderr -------------------------------------------- */

enum { SANDBOX_RUNNING = CLI_OK, SANDBOX_STOPPED = CLI_NO, SANDBOX_ABSENT = 4 };

int sandbox_start(const sandbox *box);
int sandbox_stop(const sandbox *box);
int sandbox_delete(const sandbox *box); /* stops it first */
int sandbox_state(const sandbox *box);  /* SANDBOX_…, or CLI_FAILED */

/* ---- the folder -------------------------------------------------------------------------------------- */

/* Makes the folder, or checks that it is ours, and locks it. The lock ends when *ret_fd is closed. */
int folder_open(const sandbox *box, bool create, int *ret_fd);
bool folder_exists(const sandbox *box);
/* Removes what the sandbox made, the marker last; other files stay, and the folder with them. */
int folder_remove(const sandbox *box);
int folder_remove_tree(const char *path);

/* ---- the server -------------------------------------------------------------------------------------- */

/* Makes the data folder when there is none. */
int server_create(const sandbox *box);
int server_start(const sandbox *box);
int server_stop(const sandbox *box);
/* The process id of the running server, or 0; *ret_ready (may be NULL): it takes connections. */
pid_t server_pid(const sandbox *box, bool *ret_ready);
/* The folder of initdb and postgres; malloc'd; NULL, told on stderr, when there is none. */
char *server_programs(const sandbox *box);

/* Runs a program and waits: its exit status, 128 + signal, or -1 with errno. The descriptors become its
 * standard input, and output and error output; -1 stands for /dev/null. */
int process_run(char *const argv[], int in_fd, int out_fd);
/* The same without waiting, as leader of a session of its own; its id or -1. */
pid_t process_start(char *const argv[], int in_fd, int out_fd);
