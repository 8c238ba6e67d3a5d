/* SPDX-License-Identifier: MIT */
#include "relay.h"

#include "harness.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int to_server(relay *r) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_mutex_lock(&r->lock);
    snprintf(address.sun_path, sizeof address.sun_path, "%.107s", r->target);
    pthread_mutex_unlock(&r->lock);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void drop(relay *r, int i) {
    for (int side = 0; side < 2; side++)
        if (r->pairs[i][side] >= 0)
            close(r->pairs[i][side]);
    r->count--;
    memcpy(r->pairs[i], r->pairs[r->count], sizeof r->pairs[i]);
    r->heard[i] = r->heard[r->count];
    r->spoke[i] = r->spoke[r->count];
}

static void take_in(relay *r) {
    int client = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return;
    r->attempts++;
    int mode = r->mode, server = mode == RELAY_PASS ? to_server(r) : -1;
    if (mode == RELAY_REFUSE || (mode == RELAY_PASS && server < 0) || r->count == RELAY_PAIRS) {
        close(client);
        return;
    }
    r->pairs[r->count][0] = client;
    r->pairs[r->count][1] = server;
    r->spoke[r->count] = 1;
    r->heard[r->count++] = 0;
}

/* Hands on what one side said; false when it hung up. */
static bool hand_on(relay *r, int i, int side) {
    char data[8192];
    size_t room = sizeof data;
    int limit = r->limit;
    if (side == 1 && limit >= 0)
        room = (size_t)(limit - r->heard[i]) < room ? (size_t)(limit - r->heard[i]) : room;
    ssize_t size = read(r->pairs[i][side], data, room);
    if (size <= 0)
        return false;
    r->heard[i] += side == 1 ? (int)size : 0;
    r->turns += side == 0 && r->spoke[i] == 1;
    r->spoke[i] = side;
    return r->pairs[i][!side] < 0 || send(r->pairs[i][!side], data, (size_t)size, MSG_NOSIGNAL) == size;
}

static bool is_mute(const relay *r, int i, int side) {
    return side == 1 && r->limit >= 0 && r->heard[i] >= r->limit;
}

static void *serve(void *arg) {
    relay *r = arg;
    struct pollfd fds[2 + 2 * RELAY_PAIRS];
    while (!r->ends) {
        int cuts = r->cuts, pairs = r->count;
        fds[0] = (struct pollfd){.fd = r->wake, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = r->listener, .events = POLLIN};
        for (int i = 0; i < pairs; i++)
            for (int side = 0; side < 2; side++)
                fds[2 + 2 * i + side] = (struct pollfd){.fd = is_mute(r, i, side) ? -1 : r->pairs[i][side], .events = POLLIN};
        if (cuts == r->cut)
            poll(fds, 2 + 2 * (nfds_t)pairs, -1);
        eventfd_t value;
        (void)!eventfd_read(r->wake, &value);
        for (int i = pairs - 1; i >= 0; i--) {
            bool ends = r->cuts != r->cut;
            for (int side = 0; side < 2 && !ends; side++)
                ends = fds[2 + 2 * i + side].revents && !hand_on(r, i, side);
            if (ends)
                drop(r, i);
        }
        r->cut = cuts;
        if (fds[1].revents)
            take_in(r);
    }
    while (r->count > 0)
        drop(r, 0);
    return NULL;
}

relay *relay_new(const char *directory) {
    static int made;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    relay *r = calloc(1, sizeof *r);
    r->limit = -1;
    snprintf(r->directory, sizeof r->directory, "%s/relay%d-%d", harness_tmp(), made++, (int)getpid());
    ck_assert_int_eq(mkdir(r->directory, 0755), 0);
    snprintf(address.sun_path, sizeof address.sun_path, "%.80s/.s.PGSQL.%.5s", r->directory, harness_port());
    pthread_mutex_init(&r->lock, NULL);
    relay_to(r, directory);
    r->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(r->listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(r->listener, 128), 0);
    pthread_create(&r->thread, NULL, serve, r);
    return r;
}

void relay_to(relay *r, const char *directory) {
    pthread_mutex_lock(&r->lock);
    snprintf(r->target, sizeof r->target, "%.100s/.s.PGSQL.%.5s", directory, harness_port());
    pthread_mutex_unlock(&r->lock);
}

void relay_cut(relay *r) {
    int cuts = ++r->cuts;
    eventfd_write(r->wake, 1);
    while (r->cut < cuts)
        usleep(500);
}

void relay_free(relay *r) {
    char path[160];
    r->ends = true;
    eventfd_write(r->wake, 1);
    pthread_join(r->thread, NULL);
    close(r->listener);
    close(r->wake);
    snprintf(path, sizeof path, "%s/.s.PGSQL.%.5s", r->directory, harness_port());
    unlink(path);
    rmdir(r->directory);
    pthread_mutex_destroy(&r->lock);
    free(r);
}
