/* SPDX-License-Identifier: MIT */
/* What a test may leave behind: nothing. */
#pragma once

/* Remembers the descriptors, threads and child processes that there are. */
void leaks_begin(void);
/* Fails the test when there are others; waits a moment for what is just ending. */
void leaks_end(void);
