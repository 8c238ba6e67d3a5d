/* SPDX-License-Identifier: MIT */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

static int add_descriptor(posix_spawn_file_actions_t *actions, int fd, int target, int open_flags) {
    if (fd >= 0)
        return posix_spawn_file_actions_adddup2(actions, fd, target);
    return posix_spawn_file_actions_addopen(actions, target, "/dev/null", open_flags, 0);
}

static pid_t spawn(char *const argv[], int in_fd, int out_fd, short flags) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t pid = -1;
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0) {
        errno = rc;
        return -1;
    }
    rc = posix_spawnattr_init(&attributes);
    if (rc == 0) {
        rc = posix_spawnattr_setflags(&attributes, flags);
        if (rc == 0)
            rc = add_descriptor(&actions, in_fd, STDIN_FILENO, O_RDONLY);
        if (rc == 0)
            rc = add_descriptor(&actions, out_fd, STDOUT_FILENO, O_WRONLY);
        if (rc == 0)
            rc = add_descriptor(&actions, out_fd, STDERR_FILENO, O_WRONLY);
        if (rc == 0)
            rc = posix_spawnp(&pid, argv[0], &actions, &attributes, argv, environ);
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    errno = rc;
    return rc == 0 ? pid : -1;
}

int process_run(char *const argv[], int in_fd, int out_fd) {
    int status = 0;
    pid_t pid = spawn(argv, in_fd, out_fd, 0);
    if (pid < 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

pid_t process_start(char *const argv[], int in_fd, int out_fd) {
    return spawn(argv, in_fd, out_fd, POSIX_SPAWN_SETSID);
}
