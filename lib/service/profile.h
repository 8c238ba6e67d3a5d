/* SPDX-License-Identifier: MIT */
/* A trdb_telegram_profile_new as the database takes it. */
#pragma once

#include "service/service.h"

enum { TRDBI_PROFILE_KEYS = 8 };

typedef struct trdbi_profile {
    trdb_telegram_profile_new in;
    trdbi_buf set; /* JSON object of the metadata that is given; holds a secret */
    const char *cleared[TRDBI_PROFILE_KEYS]; /* keys given as NULL */
    size_t cleared_count;
    size_t set_count;
} trdbi_profile;

/* Takes a caller's profile, NULL for nothing. Release it with trdbi_profile_free() whatever the answer. */
int trdbi_take_profile(const char *call, const trdb_telegram_profile_new *given, trdbi_profile *profile,
                       trdb_error **reterr);
void trdbi_profile_free(trdbi_profile *profile);
