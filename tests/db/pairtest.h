/* SPDX-License-Identifier: MIT */
/* A primary and a standby of a test program's own, migrated, for what the shared server cannot be put
 * through. */
#pragma once

#include "pgtest.h"

/* Starts and ends them: fixtures of a whole test case. */
void pair_start(void);
void pair_end(void);

/* Their socket folders and connection strings. */
extern char pair_primary[96], pair_standby[96];
extern char pair_primary_url[192], pair_standby_url[192];

/* Runs tests/support/server.sh: start, stop, kill, promote. */
void pair_server(const char *action, const char *directory);
/* The processes of a server stand still, or go on. */
void pair_signal(const char *directory, const char *signal);
/* Waits until a condition, SQL, is true on a server. */
void pair_until(const char *url, const char *condition);
