/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdio.h>
#include <tradingdb/tradingdb.h>

/* Prints a line chart of the net result over the closed trades, in braille characters; nothing without
 * trades. Of the curve the first `count` points are drawn. `currency` may be NULL; `first` and `last` tell
 * when the first and the last trade were closed. */
void chart_print(FILE *out, const trdb_trading_equity_curve_row_list *curve, size_t count,
                 const char *currency, const char *first, const char *last);
