/* SPDX-License-Identifier: MIT */
#include "pairtest.h"

#include <sys/stat.h>
#include <unistd.h>

char pair_primary[96], pair_standby[96];
char pair_primary_url[192], pair_standby_url[192];
static char place[80];

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...) {
    char command[512];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    ck_assert_msg(system(command) == 0, "failed: %s", command);
}

void pair_server(const char *action, const char *directory) {
    run("LD_PRELOAD= \"$TRDB_TEST_SOURCE/tests/support/server.sh\" %s %s", action, directory);
}

void pair_signal(const char *directory, const char *signal) {
    run("for pid in $(head -1 %s/data/postmaster.pid) $(pgrep -P $(head -1 %s/data/postmaster.pid)); "
        "do kill -%s $pid || true; done",
        directory, directory, signal);
}

void pair_until(const char *url, const char *condition) {
    for (int i = 0; i < 1200; i++) {
        char *value = harness_value(url, "SELECT %s", condition);
        bool is_true = strcmp(value, "t") == 0;
        free(value);
        if (is_true)
            return;
        usleep(50000);
    }
    ck_abort_msg("never true: %s", condition);
}

void pair_start(void) {
    trdb_error *err = NULL;
    snprintf(place, sizeof place, "%s/pair-XXXXXX", harness_tmp());
    ck_assert_ptr_nonnull(mkdtemp(place));
    ck_assert_int_eq(chmod(place, 0755), 0);
    snprintf(pair_primary, sizeof pair_primary, "%s/a", place);
    snprintf(pair_standby, sizeof pair_standby, "%s/b", place);
    snprintf(pair_primary_url, sizeof pair_primary_url, "host=%s user=tester dbname=postgres", pair_primary);
    snprintf(pair_standby_url, sizeof pair_standby_url, "host=%s user=tester dbname=postgres", pair_standby);
    pair_server("start", pair_primary);
    ck_ok(trdb_migrate_up(pair_primary_url, NULL, NULL, &err), err);
    run("LD_PRELOAD= \"$TRDB_TEST_SOURCE/tests/support/server.sh\" standby %s %s", pair_standby,
        pair_primary);
}

void pair_end(void) {
    run("for server in a b; do LD_PRELOAD= \"$TRDB_TEST_SOURCE/tests/support/server.sh\" kill %s/$server "
        "2>/dev/null || "
        "true; done; "
        "rm -rf %s",
        place, place);
}
