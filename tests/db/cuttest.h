/* SPDX-License-Identifier: MIT */
/* A COMMIT whose answer is lost although the server stored the unit. */
#pragma once

#include "harness.h"

/* Commits while no standby is there, and has the session ended that waits for one: its transaction is stored
 * already, but its client is not told. With `settle` no standby is asked for any more from then on. */
int cut_commit(const char *url, trdb_uow *uow, bool settle, trdb_error **reterr);
