/* SPDX-License-Identifier: MIT */
/* The proleptic Gregorian calendar, as PostgreSQL has it. */
#pragma once

#include <stdint.h>

typedef struct trdbi_date {
    int64_t year; /* 0 is 1 BC */
    int month;    /* 1 to 12 */
    int day;      /* 1 to 31 */
} trdbi_date;

/* Day 0 is 1970-01-01, a Thursday. */
int64_t trdbi_days_from_date(trdbi_date d);
trdbi_date trdbi_date_from_days(int64_t days);
int trdbi_days_of_month(int64_t year, int month);

/* Rounds down, also below zero; b is above zero. */
static inline int64_t trdbi_floor_divide(int64_t a, int64_t b) {
    return a / b - (a % b < 0);
}
