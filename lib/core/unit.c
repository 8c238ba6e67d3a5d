/* SPDX-License-Identifier: MIT */
/* The memory of units of work: it serves one after the other, so that beginning one allocates nothing. */
#include "core/uow.h"

#include <stdlib.h>

void trdbi_uow_tie(trdb_uow *uow, trdbi_tie *tie) {
    *tie = (trdbi_tie){.uow = uow, .next = uow->ties};
    if (uow->ties)
        uow->ties->previous = tie;
    uow->ties = tie;
}

void trdbi_uow_untie(trdbi_tie *tie) {
    if (!tie->uow)
        return;
    if (tie->previous)
        tie->previous->next = tie->next;
    else
        tie->uow->ties = tie->next;
    if (tie->next)
        tie->next->previous = tie->previous;
    *tie = (trdbi_tie){.uow = NULL};
}

void trdbi_uow_clear(trdb_uow *uow) {
    enum { KEPT = 65536 }; /* bytes of scratch */
    trdbi_params *params = &uow->params;
    while (uow->ties)
        trdbi_uow_untie(uow->ties);
    trdbi_uow_end_guests(uow, -1);
    free(uow->refs.entries);
    free(uow->failure);
    free(uow->acting_user);
    trdb_canceller_free(uow->options.canceller);
    trdbi_witness_free(&uow->witness);
    if (params->data.room > KEPT || (size_t)params->room * sizeof *params->items > KEPT)
        trdbi_params_free(params);
    const trdbi_params kept = *params;
    *uow = (trdb_uow){.state = TRDBI_UOW_FINISHED, .params = kept};
}

trdb_uow **trdbi_uow_link(trdb_uow *unit) {
    return &unit->next;
}

void trdbi_uow_release(trdb_uow *unit) {
    if (!unit)
        return;
    trdbi_params_free(&unit->params);
    free(unit);
}
