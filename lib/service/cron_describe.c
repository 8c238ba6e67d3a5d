/* SPDX-License-Identifier: MIT */
/* A cron expression in words. */
#include <stdio.h>

#include "service/cron.h"

bool trdbi_cron_words(const trdbi_cron_fields *fields, const char *zone, char *text, size_t size) {
    (void)fields, (void)zone, (void)text, (void)size;
    return false;
}
