/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>

enum { PAGE = 1000, DEFAULT_LIMIT = 50 };

pager pager_begin(const cli *o) {
    return (pager){.last = o->after, .taken = o->after, .left = o->limit > 0 ? o->limit : DEFAULT_LIMIT};
}

/* One more than is wanted tells whether there are more; a list of which rows are left out is read in whole
 * pages. */
trdb_in_i64 pager_ask(pager *p) {
    p->asked = p->left < PAGE && !p->passes ? p->left + 1 : PAGE;
    p->got = 0;
    return trdb_i64(p->asked);
}

bool pager_take(pager *p, int64_t id) {
    p->got++;
    p->last = id;
    if (p->left == 0) {
        p->more = true;
        return false;
    }
    p->left--;
    p->taken = id;
    return true;
}

void pager_pass(pager *p, int64_t id) {
    p->got++;
    p->last = id;
    p->passes = true;
}

bool pager_goes_on(const pager *p) {
    return !p->more && p->got == p->asked;
}

const char *pager_next(const pager *p, char *buffer) {
    snprintf(buffer, VALUE_SIZE, "%" PRId64, p->taken);
    return p->more ? buffer : NULL;
}
