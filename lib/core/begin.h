/* SPDX-License-Identifier: MIT */
/* How a transaction begins. */
#pragma once

#include "core/core.h"

/* Queues BEGIN and the settings of a unit, for the round trip of its first statement. */
int trdbi_begin_queue(trdbi_conn *conn, const trdb_uow_options *options, trdb_error **reterr);
