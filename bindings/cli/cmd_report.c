/* SPDX-License-Identifier: MIT */
#include "chart.h"
#include "report.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- columns ----------------------------------------------------------------------------------------- */

/* A figure in both forms, as people read it. */
typedef struct figure_row {
    const char *name;
    const char *net;
    const char *gross;
} figure_row;

static const column figure_columns[] = {
    TEXT("figure", "", 0, figure_row, name),
    TEXT("net", "net of fees", 1, figure_row, net),
    TEXT("gross", "gross", 2, figure_row, gross),
};

static const column symbol_columns[] = {
    TEXT("symbol", "symbol", 1, report_part, name),
    I64("trades", "trades", 0, report_part, trades),
    GAIN("net_pnl", "net P&L", 0, report_part, net_pnl),
    GAIN("gross_pnl", "gross P&L", 2, report_part, gross_pnl),
    I64("net_wins", "won net", 3, report_part, net_wins),
    PERCENT("net_win_rate", "won net, %", 4, report_part, net_win_rate),
};

static const column reason_columns[] = {
    TEXT("exit_reason", "exit reason", 1, report_part, name),
    I64("trades", "trades", 0, report_part, trades),
    GAIN("net_pnl", "net P&L", 0, report_part, net_pnl),
    GAIN("gross_pnl", "gross P&L", 2, report_part, gross_pnl),
    I64("net_wins", "won net", 3, report_part, net_wins),
    PERCENT("net_win_rate", "won net, %", 4, report_part, net_win_rate),
};

static const column equity_columns[] = {
    I64("trade_id", "trade", 0, trdb_trading_equity_curve_row, trade_id),
    TIME("closed_at", "closed", 0, trdb_trading_equity_curve_row, closed_at),
    GAIN("gross_equity", "gross", 0, trdb_trading_equity_curve_row, gross_equity),
    DEC("gross_drawdown", "gross drawdown", 0, trdb_trading_equity_curve_row, gross_drawdown),
    GAIN("net_equity", "net", 0, trdb_trading_equity_curve_row, net_equity),
    DEC("net_drawdown", "net drawdown", 0, trdb_trading_equity_curve_row, net_drawdown),
};

/* ---- JSON and CSV ------------------------------------------------------------------------------------ */

static int print_json(const cli *o, const report *r) {
    json_writer w = {0};
    char id[40] = "null";
    if (r->bot)
        snprintf(id, sizeof id, "%" PRId64, r->bot->id);
    json_open(&w, NULL, '{', true);
    json_raw(&w, "bot_id", id);
    json_string(&w, "description", r->bot ? r->bot->description : NULL);
    json_string(&w, "currency", r->currency);
    json_raw(&w, "metrics", r->metrics->metrics);
    json_open(&w, "equity", '[', true);
    for (size_t i = 0; i < r->points; i++)
        json_row(&w, o, NULL, equity_columns, COUNT(equity_columns), report_point(r, i), false);
    json_close(&w, ']');
    json_close(&w, '}');
    return cli_finish(CLI_OK);
}

static int print_csv(const cli *o, const report *r) {
    csv_head(equity_columns, COUNT(equity_columns));
    for (size_t i = 0; i < r->points; i++)
        csv_row(o, equity_columns, COUNT(equity_columns), report_point(r, i));
    return cli_finish(CLI_OK);
}

/* ---- text -------------------------------------------------------------------------------------------- */

/* How a figure is rounded: an amount as in tables, others to so many places. */
enum { AS_AMOUNT = -1, AS_PERCENT = 2, AS_RATIO = 4 };

static const char *rounded(trdb_decimal value, int places, char buffer[VALUE_SIZE]) {
    char digits[TRDB_DECIMAL_TEXT_SIZE];
    trdb_decimal shown = readable(value);
    if (places >= 0 && trdb_decimal_round(value, (unsigned)places, TRDB_ROUND_HALF_UP, &shown) < 0)
        return NULL;
    if (value.kind != TRDB_DECIMAL_FINITE || trdb_decimal_format(shown, digits, sizeof digits) < 0)
        return NULL;
    snprintf(buffer, VALUE_SIZE, "%s%s", digits, places == AS_PERCENT ? " %" : "");
    return buffer;
}

static const char *counts(const report_form *f, char buffer[VALUE_SIZE]) {
    snprintf(buffer, VALUE_SIZE, "%" PRId64 " / %" PRId64 " / %" PRId64, f->wins.value, f->draws.value,
             f->losses.value);
    return buffer;
}

static const char *depth(const report_form *f, char buffer[VALUE_SIZE]) {
    char amount[VALUE_SIZE], percent[VALUE_SIZE];
    if (!rounded(f->drop.amount, AS_AMOUNT, amount))
        return NULL;
    if (rounded(f->drop.percent, AS_PERCENT, percent))
        snprintf(buffer, VALUE_SIZE, "%.40s, %.40s", amount, percent);
    else
        snprintf(buffer, VALUE_SIZE, "%s", amount);
    return buffer;
}

static const char *when(const cli *o, trdb_timestamp at, char buffer[VALUE_SIZE]) {
    return at.kind == TRDB_TIMESTAMP_NULL ? NULL : cli_show_time(o, at, buffer);
}

static void add(printer *p, const char *name, const char *net, const char *gross) {
    const figure_row row = {name, net, gross};
    if (net || gross)
        printer_row(p, &row);
}

/* A row for a figure of the forms; those that are not defined in either are left out. */
#define ADD(name, field, places) add(p, name, rounded(n->field, places, a), rounded(g->field, places, b))

static int print_figures(const cli *o, const report *r) {
    const report_form *n = &r->net, *g = &r->gross;
    char a[VALUE_SIZE], b[VALUE_SIZE];
    printer *p = printer_begin(o, "figures", figure_columns, COUNT(figure_columns));
    if (!p)
        return CLI_FAILED;
    add(p, "won / drawn / lost", counts(n, a), counts(g, b));
    ADD("won", win_rate, AS_PERCENT);
    ADD("profit factor", profit_factor, AS_RATIO);
    ADD("a trade", expectancy, AS_AMOUNT);
    ADD("average win", average_win, AS_AMOUNT);
    ADD("average loss", average_loss, AS_AMOUNT);
    ADD("largest win", largest_win, AS_AMOUNT);
    ADD("largest loss", largest_loss, AS_AMOUNT);
    add(p, "largest drawdown", depth(n, a), depth(g, b));
    add(p, "  from", when(o, n->drop.since, a), when(o, g->drop.since, b));
    add(p, "  to", when(o, n->drop.until, a), when(o, g->drop.until, b));
    ADD("return", total_return, AS_PERCENT);
    ADD("return a year", cagr, AS_PERCENT);
    ADD("Sharpe ratio", sharpe, AS_RATIO);
    ADD("Sortino ratio", sortino, AS_RATIO);
    ADD("Calmar ratio", calmar, AS_RATIO);
    ADD("SQN", sqn, AS_RATIO);
    return printer_end(p, NULL);
}

static void print_holding(int64_t seconds) {
    if (seconds < 0)
        return;
    const int64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
    printf(", held for ");
    if (days > 0)
        printf("%" PRId64 " d %" PRId64 " h", days, hours);
    else if (hours > 0)
        printf("%" PRId64 " h %" PRId64 " min", hours, minutes);
    else
        printf("%" PRId64 " min %" PRId64 " s", minutes, seconds % 60);
    printf(" on average");
}

static void print_head(const cli *o, const report *r) {
    char since[CLI_TIME_SIZE], until[CLI_TIME_SIZE];
    char *text = r->bot && r->bot->description ? text_printable(r->bot->description) : NULL;
    printf("%s", look(o, LOOK_BOLD));
    if (!r->bot)
        printf("All bots");
    else
        printf("Bot %" PRId64 "%s%s", r->bot->id, text && *text ? ", " : "", text ? text : "");
    if (r->currency)
        printf(", in %s", r->currency);
    printf("%s\n%" PRId64 " closed trade%s", look_end(o), r->trades, r->trades == 1 ? "" : "s");
    if (r->points > 0)
        printf(", %s to %s", cli_show_time(o, r->since, since), cli_show_time(o, r->until, until));
    if (r->trades > 0)
        print_holding(r->holding_seconds);
    putchar('\n');
    free(text);
}

/* The sums with every digit. */
static void print_sums(const report *r) {
    printf("\nnet P&L    %s\ngross P&L  %s\nfees       %s\n\n", r->net.pnl_digits, r->gross.pnl_digits,
           r->fees_digits);
}

static int print_parts(const cli *o, const char *name, const column *columns, const report_part *parts,
                       size_t count) {
    putchar('\n');
    printer *p = printer_begin(o, name, columns, COUNT(symbol_columns));
    if (!p)
        return CLI_FAILED;
    for (size_t i = 0; i < count; i++)
        printer_row(p, &parts[i]);
    return printer_end(p, NULL);
}

static int print_text(const cli *o, const report *r) {
    char first[CLI_TIME_SIZE], last[CLI_TIME_SIZE];
    print_head(o, r);
    if (r->trades == 0)
        return cli_finish(CLI_OK);
    print_sums(r);
    int rc = print_figures(o, r);
    if (rc == CLI_OK)
        rc = print_parts(o, "symbols", symbol_columns, r->symbols, r->symbol_count);
    if (rc == CLI_OK)
        rc = print_parts(o, "exit_reasons", reason_columns, r->reasons, r->reason_count);
    if (rc != CLI_OK || r->points == 0)
        return rc;
    putchar('\n');
    chart_print(stdout, r->curve, r->points, r->currency,
                cli_show_time(o, report_point(r, 0)->closed_at, first), cli_show_time(o, r->until, last));
    return cli_finish(CLI_OK);
}

int cmd_report(const cli *o) {
    SESSION(s);
    __attribute__((cleanup(report_free))) report r = {.bot = NULL};
    if (o->store && !o->bot)
        return cli_usage_error("--store needs --bot ID: figures are stored with a bot");
    if ((o->store ? session_write(o, &s) : session_read(o, &s)) != CLI_OK ||
        report_read(o, &s, &r) != CLI_OK || (o->store && session_commit(&s) != CLI_OK))
        return CLI_FAILED;
    if (o->svg) {
        const int rc = svg_write(o, &r, o->svg);
        if (rc != CLI_OK || strcmp(o->svg, "-") == 0)
            return rc;
    }
    return o->json ? print_json(o, &r) : o->csv ? print_csv(o, &r) : print_text(o, &r);
}
