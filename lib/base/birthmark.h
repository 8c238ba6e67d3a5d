/* SPDX-License-Identifier: MIT */
/* Tells, without a system call, whether the process is still the one that made the mark. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct trdbi_birthmark {
    volatile unsigned char *page; /* the kernel wipes it in a child; NULL: it cannot */
    pid_t pid;
} trdbi_birthmark;

void trdbi_birthmark_init(trdbi_birthmark *mark);
void trdbi_birthmark_free(trdbi_birthmark *mark);

static inline bool trdbi_birthmark_forked(const trdbi_birthmark *mark) {
    return mark->page ? *mark->page == 0 : mark->pid != getpid();
}
