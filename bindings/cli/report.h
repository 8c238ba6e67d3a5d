/* SPDX-License-Identifier: MIT */
/* What `tradingdb report` shows, and its picture. */
#pragma once

#include "cli.h"

#include "print.h"

/* The largest fall of the running result: how deep, and between which closings; NULL where there are none. */
typedef struct drawdown {
    trdb_decimal amount;
    trdb_decimal percent; /* of the account at its highest */
    trdb_timestamp since;
    trdb_timestamp until;
} drawdown;

/* The figures before fees or after them, as docs/metrics.md defines them; decimals cut at 38 places. */
typedef struct report_form {
    const char *pnl_digits; /* all of them */
    trdb_decimal pnl;
    trdb_opt_i64 wins;
    trdb_opt_i64 draws;
    trdb_opt_i64 losses;
    trdb_decimal win_rate;
    trdb_decimal profit_factor;
    trdb_decimal expectancy;
    trdb_decimal average_win;
    trdb_decimal average_loss;
    trdb_decimal largest_win;
    trdb_decimal largest_loss;
    trdb_decimal total_return;
    trdb_decimal cagr;
    trdb_decimal sharpe;
    trdb_decimal sortino;
    trdb_decimal calmar;
    trdb_decimal sqn;
    drawdown drop;
} report_form;

/* What the trades of a symbol or of an exit reason brought. */
typedef struct report_part {
    const char *name;
    trdb_opt_i64 trades;
    trdb_decimal gross_pnl;
    trdb_decimal net_pnl;
    trdb_opt_i64 net_wins;
    trdb_decimal net_win_rate;
} report_part;

typedef struct report {
    trdb_trading_bot *bot; /* NULL: all of them */
    char *currency;        /* NULL: not known */
    trdb_trading_performance_metric *metrics;
    json_object *document; /* of the metrics; texts below belong to it */
    int64_t trades;
    const char *fees_digits;
    int64_t holding_seconds; /* on average; -1: not known */
    trdb_timestamp since;    /* the first entry */
    trdb_timestamp until;    /* the last closing */
    report_form gross;
    report_form net;
    report_part *symbols;
    size_t symbol_count;
    report_part *reasons;
    size_t reason_count;
    trdb_trading_equity_curve_row_list *curve;
    size_t points; /* of the curve, up to --as-of */
} report;

/* Reads a zeroed report; CLI_OK, or CLI_FAILED, told. Free it either way. */
int report_read(const cli *o, session *s, report *r);
void report_free(report *r);
/* A point of the curve, or NULL behind the last. */
const trdb_trading_equity_curve_row *report_point(const report *r, size_t i);

/* Writes the picture into a file that is replaced as a whole, or to the standard output for "-". CLI_OK or
 * CLI_FAILED, told. */
int svg_write(const cli *o, const report *r, const char *path);

/* ---- scales (svg_scale.c) ----------------------------------------------------------------------------- */

/* Decimals as whole numbers of 10^-scale, small enough to be multiplied by a picture's measures. */
typedef struct value_scale {
    unsigned scale;
    int64_t low; /* of the axis: multiples of the step */
    int64_t high;
    int64_t step;
    unsigned decimals; /* that a label needs */
} value_scale;

enum { TICK_SIZE = 64, MOST_TICKS = 32 };

/* The finest scale at which the value, and any smaller one, suits. */
unsigned scale_for(trdb_decimal largest);
int64_t scale_value(trdb_decimal value, unsigned scale);
/* An axis from low to high with about so many ticks at whole multiples of 1, 2 or 5 times a power of ten. */
value_scale scale_axis(int64_t low, int64_t high, unsigned scale, int ticks);
/* The label of a tick. */
const char *scale_label(const value_scale *axis, int64_t value, char buffer[TICK_SIZE]);

/* A number of at least five digits for a person: 1,234.57 or −0.00014430; with a plus when `sign`. */
const char *short_number(trdb_decimal value, bool sign, char buffer[TICK_SIZE]);

/* Where an axis of time has its ticks, and what stands there. */
typedef struct time_tick {
    trdb_timestamp at;
    char label[TICK_SIZE];
} time_tick;

/* Ticks between two times at whole minutes, hours, days, months or years of the zone, at most `most`; their
 * number. */
int time_ticks(const cli *o, trdb_timestamp from, trdb_timestamp until, int most,
               time_tick ticks[MOST_TICKS]);
/* "10 Jan 2018" or, with a clock, "10 Jan 2018 07:15", in the zone. */
const char *date_text(const cli *o, trdb_timestamp value, bool clock, char buffer[TICK_SIZE]);
