/* SPDX-License-Identifier: MIT */
/* What the targets of filters and inputs share: values for columns, and what holds for any statement. */
#pragma once

#include "entity/internal.h"
#include "fuzz.h"

/* Memory that lives as long as one input. */
void *sql_memory(size_t size);
void sql_free(void);

const trdbi_table *sql_table(fuzz_bytes *in);
/* A text, NULL or TRDB_NULL_TEXT. */
const char *sql_text(fuzz_bytes *in);
/* Builds the statement of a shape; it must use just the parameters that were appended. */
void sql_check(const trdbi_shape *shape, const trdbi_params *params, const char *begins);
