/* SPDX-License-Identifier: MIT */
/* A name server that never answers: the deadline of a checkout holds, and what was left behind goes away.
 * Needs a mount namespace of its own, so root. */
#include "pooltest.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "base/text.h"

enum { TIMEOUT_MS = 300, GRACE_MS = 1000 };

static void write_file(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

/* Puts a file over another one, for this process. */
static void cover(const char *target, const char *name, const char *text) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s-%d", harness_tmp(), name, (int)getpid());
    write_file(path, text);
    ck_assert_int_eq(mount(path, target, "none", MS_BIND, NULL), 0);
    unlink(path); /* the mount keeps it */
}

/* The socket of a name server that says nothing; -1 where the process may not have one. */
static int silence_names(void) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(53), .sin_addr.s_addr = htonl(0x7f0000fd)}; /* 127.0.0.253 */
    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
        return -1;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    cover("/etc/resolv.conf", "resolv", "nameserver 127.0.0.253\noptions timeout:1 attempts:3\n");
    cover("/etc/nsswitch.conf", "nsswitch", "hosts: dns\n");
    return fd;
}

static int count_threads(void) {
    int count = 0;
    DIR *tasks = opendir("/proc/self/task");
    while (readdir(tasks))
        count++;
    closedir(tasks);
    return count;
}

START_TEST(a_silent_name_server) {
    trdb_error *err = NULL;
    trdb_db *db = NULL;
    trdb_uow *uow = NULL;
    int names = silence_names();
    if (names < 0)
        return; /* not root */
    trdb_db_options options = trdb_db_options_init();
    options.flags = TRDB_OPEN_LAZY;
    options.pool_timeout_ms = TIMEOUT_MS;
    ck_ok(trdb_open("host=db.nowhere.example user=a dbname=b", &options, &db, &err), err);
    int threads = count_threads();
    for (int i = 0; i < 3; i++) {
        int64_t since_us = trdbi_monotonic_us();
        ck_fails(trdb_uow_begin(db, NULL, &uow, &err), TRDB_E_TIMEOUT, "did not accept", err);
        ck_assert_int_lt(trdbi_monotonic_us() - since_us, (TIMEOUT_MS + GRACE_MS) * 1000);
    }
    ck_assert_int_gt(count_threads(), threads); /* they do hang */
    trdb_db_free(db);
    wait_for(count_threads() == threads); /* and are gone when the resolver gives up, after the database */
    close(names);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("pool_names");
    TCase *tcase = tcase_create("pool_names");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_silent_name_server);
    suite_add_tcase(suite, tcase);
    return harness_run(suite);
}
