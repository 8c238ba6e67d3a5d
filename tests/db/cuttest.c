/* SPDX-License-Identifier: MIT */
#include "cuttest.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct killer {
    const char *url;
    bool settle;
} killer;

static void wait_for_standbys(const char *url, const char *names) {
    harness_sql(url, "ALTER SYSTEM SET synchronous_standby_names = '%s'", names);
    harness_sql(url, "SELECT pg_reload_conf()");
    for (;;) {
        char *now = harness_value(url, "SELECT current_setting('synchronous_standby_names')");
        bool arrived = strcmp(now, names) == 0;
        free(now);
        if (arrived)
            return;
        usleep(2000);
    }
}

static void *end_waiting_session(void *arg) {
    const killer *k = arg;
    for (;;) {
        char *ended =
            harness_value(k->url, "SELECT count(*) FROM (SELECT pg_terminate_backend(pid, 5000) FROM "
                                  "pg_stat_activity WHERE wait_event = 'SyncRep') t");
        bool done = strcmp(ended, "0") != 0;
        free(ended);
        if (done)
            break;
        usleep(2000);
    }
    if (k->settle)
        wait_for_standbys(k->url, "");
    return NULL;
}

int cut_commit(const char *url, trdb_uow *uow, bool settle, trdb_error **reterr) {
    killer k = {url, settle};
    pthread_t thread;
    wait_for_standbys(url, "nobody");
    ck_assert_int_eq(pthread_create(&thread, NULL, end_waiting_session, &k), 0);
    int code = trdb_uow_commit(uow, reterr);
    pthread_join(thread, NULL);
    wait_for_standbys(url, "");
    return code;
}
