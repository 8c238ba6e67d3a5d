/* SPDX-License-Identifier: MIT */
#include "base/birthmark.h"

#include <stdint.h>
#include <sys/mman.h>

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

void trdbi_birthmark_init(trdbi_birthmark *mark) {
    *mark = (trdbi_birthmark){.pid = getpid()};
#ifdef MADV_WIPEONFORK
    void *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return;
    if (madvise(page, page_size(), MADV_WIPEONFORK) != 0) { /* before Linux 4.14 */
        munmap(page, page_size());
        return;
    }
    mark->page = page;
    *mark->page = 1;
#endif
}

void trdbi_birthmark_free(trdbi_birthmark *mark) {
    if (mark->page)
        munmap((void *)(uintptr_t)mark->page, page_size());
    mark->page = NULL;
}
