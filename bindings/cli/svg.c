/* SPDX-License-Identifier: MIT */
/*
 * The picture of a report: key figures, the running result and its drawdown over time. Coordinates are whole
 * tenths of a point; figures are decimals; nothing is a double.
 */
#include "report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WIDTH = 960, HEIGHT = 540, LEFT = 32, RIGHT = 928 };
enum { EQUITY_TOP = 164, EQUITY_BOTTOM = 370, DRAWDOWN_TOP = 410, DRAWDOWN_BOTTOM = 498, DATES = 517 };

/* What is drawn, and where. */
typedef struct canvas {
    FILE *out;
    const cli *o;
    const report *r;
    size_t count; /* of closed trades */
    unsigned scale;
    int64_t left; /* of the plots, in tenths */
    trdb_timestamp from;
    trdb_timestamp until;
} canvas;

/* A plot: an axis of values between two heights. */
typedef struct plot {
    value_scale axis;
    int top;
    int bottom;
} plot;

/* ---- texts ------------------------------------------------------------------------------------------- */

/* Text as XML: escaped, and without the control characters that XML does not have. */
static void put_text(FILE *out, const char *text) {
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        if (*s == '&')
            fputs("&amp;", out);
        else if (*s == '<')
            fputs("&lt;", out);
        else if (*s == '>')
            fputs("&gt;", out);
        else if (*s < 0x20 || *s == 0x7f)
            fputc(' ', out);
        else if (*s == 0xef && s[1] == 0xbf && (s[2] == 0xbe || s[2] == 0xbf)) /* U+FFFE, U+FFFF */
            s += 2;
        else
            fputc(*s, out);
    }
}

static void text_at(const canvas *c, const char *class, int x, int y, const char *text) {
    fprintf(c->out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
    put_text(c->out, text);
    fputs("</text>\n", c->out);
}

/* What the picture is about, in one line that fits; malloc'd, NULL when out of memory. */
static char *title_of(const report *r) {
    char number[40] = "All bots";
    const char *described = r->bot ? r->bot->description : NULL;
    if (r->bot)
        snprintf(number, sizeof number, "Bot %" PRId64, r->bot->id);
    char *title = text_printable(described && *described ? described : number);
    if (title)
        text_cut(title, 64);
    return title;
}

static void subtitle_of(const canvas *c, char *buffer, size_t size) {
    char bot[96] = "", from[TICK_SIZE], until[TICK_SIZE];
    if (c->r->bot)
        snprintf(bot, sizeof bot, "bot %" PRId64 " · %.20s · ", c->r->bot->id,
                 c->r->bot->type.text ? c->r->bot->type.text : "");
    date_text(c->o, c->from, false, from);
    date_text(c->o, c->until, false, until);
    if (c->count == 0)
        snprintf(buffer, size, "%sno closed trades", bot);
    else
        snprintf(buffer, size, "%s%zu closed trade%s · %s%s%s (%.40s)", bot, c->count,
                 c->count == 1 ? "" : "s", from, strcmp(from, until) != 0 ? " to " : "",
                 strcmp(from, until) != 0 ? until : "", c->o->tz);
}

static void put_style(const canvas *c) {
    fputs("<style>\n"
          "text { font-family: system-ui, -apple-system, \"Segoe UI\", Roboto, \"DejaVu Sans\", sans-serif; "
          "font-size: 11px; fill: #6b7280 }\n"
          ".title { font-size: 21px; font-weight: 600; fill: #111827 }\n"
          ".subtitle { font-size: 13px }\n"
          ".value { font-size: 15px; font-weight: 600; fill: #111827 }\n"
          ".good { font-size: 15px; font-weight: 600; fill: #15803d }\n"
          ".bad { font-size: 15px; font-weight: 600; fill: #b91c1c }\n"
          ".head { font-size: 12px; font-weight: 600; fill: #374151 }\n"
          ".end { text-anchor: end }\n"
          ".middle { text-anchor: middle }\n"
          ".grid { stroke: #e5e7eb; stroke-width: 1; fill: none }\n"
          ".zero { stroke: #9ca3af; stroke-width: 1; fill: none }\n"
          ".net { stroke: #2563eb; stroke-width: 2; fill: none; stroke-linejoin: round }\n"
          ".gross { stroke: #d97706; stroke-width: 1; fill: none; stroke-linejoin: round }\n"
          ".area { fill: #2563eb; fill-opacity: .1; stroke: none }\n"
          ".drawdown { stroke: #dc2626; stroke-width: 1; fill: #dc2626; fill-opacity: .18 }\n"
          ".band { fill: #dc2626; fill-opacity: .06; stroke: none }\n"
          ".swatch { fill: #dc2626; fill-opacity: .12; stroke: none }\n"
          "</style>\n",
          c->out);
}

/* The picture in words, for those who cannot see it: the figures with every digit. */
static void put_description(const canvas *c) {
    char drop[TRDB_DECIMAL_TEXT_SIZE] = "", from[TICK_SIZE], until[TICK_SIZE], text[900];
    const char *currency = c->r->currency ? c->r->currency : "";
    trdb_decimal_format(trdb_decimal_trim(c->r->net.drop.amount), drop, sizeof drop);
    if (c->count == 0)
        snprintf(text, sizeof text, "There are no closed trades.");
    else
        snprintf(text, sizeof text,
                 "Running net and gross result of %zu closed trades from %s to %s (%.40s), and the drawdown "
                 "of the net "
                 "result. Net %s %.12s, gross %s %.12s, largest net drawdown %s %.12s.",
                 c->count, date_text(c->o, c->from, true, from), date_text(c->o, c->until, true, until),
                 c->o->tz, c->r->net.pnl_digits, currency, c->r->gross.pnl_digits, currency, drop, currency);
    fputs("<desc id=\"d\">", c->out);
    put_text(c->out, text);
    fputs("</desc>\n", c->out);
}

/* ---- key figures ------------------------------------------------------------------------------------- */

static const char *class_of(trdb_decimal value) {
    if (value.kind != TRDB_DECIMAL_FINITE || trdb_decimal_is_zero(value))
        return "value";
    return value.negative ? "bad" : "good";
}

/* A label and what stands below it. */
static void put_figure(const canvas *c, int place, const char *label, const char *class, const char *value) {
    enum { STEP = 152, LABELS = 92, VALUES = 113 };
    text_at(c, "label", LEFT + place * STEP, LABELS, label);
    text_at(c, class, LEFT + place * STEP, VALUES, value);
}

static void put_amount(const canvas *c, int place, const char *name, trdb_decimal value, bool sign) {
    char label[80], number[TICK_SIZE];
    const char *currency = c->r->currency;
    snprintf(label, sizeof label, "%s%s%s", name, currency ? ", " : "", currency ? currency : "");
    put_figure(c, place, label, class_of(value), short_number(value, sign, number));
}

/* A rounded number with what stands behind it; a dash for none. */
static void put_ratio(const canvas *c, int place, const char *label, trdb_decimal value, unsigned scale,
                      const char *unit) {
    char text[TICK_SIZE] = "–";
    trdb_decimal rounded;
    if (value.kind == TRDB_DECIMAL_FINITE && c->count > 0 &&
        trdb_decimal_round(value, scale, TRDB_ROUND_HALF_UP, &rounded) == 0 &&
        trdb_decimal_format(rounded, text, sizeof text) > 0)
        strncat(text, unit, sizeof text - strlen(text) - 1);
    put_figure(c, place, label, "value", text);
}

static void put_figures(const canvas *c) {
    const report_form *net = &c->r->net;
    char won[TICK_SIZE];
    snprintf(won, sizeof won, "%" PRId64 " / %" PRId64 " / %" PRId64, net->wins.value, net->draws.value,
             net->losses.value);
    put_amount(c, 0, "Net result", net->pnl, true);
    put_amount(c, 1, "Gross result", c->r->gross.pnl, true);
    put_amount(c, 2, "Net drawdown", trdb_decimal_negate(net->drop.amount), false);
    put_ratio(c, 3, "Net profit factor", net->profit_factor, 2, "");
    put_ratio(c, 4, "Won, net of fees", net->win_rate, 1, " %");
    put_figure(c, 5, "Won / drawn / lost, net", "value", won);
}

/* ---- plots ------------------------------------------------------------------------------------------- */

static int64_t place_x(const canvas *c, trdb_timestamp at) {
    const int64_t span = (c->until.us - c->from.us) / 1000 * 61 / 60; /* what happened last is to be seen */
    const int64_t past = (at.us - c->from.us) / 1000;
    return span > 0 ? c->left + past * (10 * RIGHT - c->left) / span : c->left;
}

static int64_t place_y(const plot *p, int64_t value) {
    const int64_t height = 10 * (p->bottom - p->top);
    return 10 * p->bottom - (value - p->axis.low) * height / (p->axis.high - p->axis.low);
}

static void put_tenths(FILE *out, int64_t tenths) {
    fprintf(out, "%" PRId64, tenths / 10);
    if (tenths % 10 != 0)
        fprintf(out, ".%" PRId64, tenths % 10);
}

/* Which value of a point a line shows. */
typedef trdb_decimal (*pick_fn)(const trdb_trading_equity_curve_row *row);

static trdb_decimal net_of(const trdb_trading_equity_curve_row *row) {
    return row->net_equity;
}

static trdb_decimal gross_of(const trdb_trading_equity_curve_row *row) {
    return row->gross_equity;
}

static trdb_decimal fall_of(const trdb_trading_equity_curve_row *row) {
    return trdb_decimal_negate(row->net_drawdown);
}

static void step_to(FILE *out, char letter, int64_t tenths) {
    fputc(letter, out);
    put_tenths(out, tenths);
}

/* What a line does at one place: it comes in at `from`, goes as far as `low` and `high`, and leaves at `to`.
 */
typedef struct stroke {
    int64_t from;
    int64_t low;
    int64_t high;
    int64_t to;
} stroke;

static void put_stroke(FILE *out, const stroke *s) {
    const int64_t upper = s->from < s->to ? s->from : s->to, lower = s->from < s->to ? s->to : s->from;
    if (s->low < upper)
        step_to(out, 'V', s->low);
    if (s->high > lower)
        step_to(out, 'V', s->high);
    if (s->to != s->from || s->low < upper || s->high > lower)
        step_to(out, 'V', s->to);
}

/* The steps of a line as path data: it holds until the next closing. Where many closings share a place, their
 * extremes and the last one are drawn, so that the picture stays small however many there are. */
static void put_steps(const canvas *c, const plot *p, pick_fn pick) {
    enum { FEW = 2000, COARSE = 5 };
    const int64_t grain = c->count > FEW ? COARSE : 1, zero = place_y(p, 0);
    int64_t at = c->left;
    stroke s = {zero, zero, zero, zero};
    fputc('M', c->out);
    put_tenths(c->out, at);
    fputc(' ', c->out);
    put_tenths(c->out, zero);
    for (size_t i = 0; i < c->count; i++) {
        const trdb_trading_equity_curve_row *row = report_point(c->r, i);
        const int64_t x = place_x(c, row->closed_at) / grain * grain;
        if (x > at) {
            put_stroke(c->out, &s);
            step_to(c->out, 'H', x);
            at = x;
            s = (stroke){s.to, s.to, s.to, s.to};
        }
        s.to = place_y(p, scale_value(pick(row), c->scale));
        s.low = s.to < s.low ? s.to : s.low;
        s.high = s.to > s.high ? s.to : s.high;
    }
    put_stroke(c->out, &s);
    step_to(c->out, 'H', 10 * RIGHT);
}

static void put_line(const canvas *c, const plot *p, const char *class, pick_fn pick) {
    fprintf(c->out, "<path class=\"%s\" d=\"", class);
    put_steps(c, p, pick);
    fputs("\"/>\n", c->out);
}

/* The space between a line and zero. */
static void put_area(const canvas *c, const plot *p, const char *class, pick_fn pick) {
    fprintf(c->out, "<path class=\"%s\" d=\"", class);
    put_steps(c, p, pick);
    step_to(c->out, 'V', place_y(p, 0));
    fputs("Z\"/>\n", c->out);
}

static void put_rule(const canvas *c, const char *class, int64_t x1, int64_t y1, int64_t x2, int64_t y2) {
    fprintf(c->out, "<path class=\"%s\" d=\"M", class);
    put_tenths(c->out, x1);
    fputc(' ', c->out);
    put_tenths(c->out, y1);
    fputc('L', c->out);
    put_tenths(c->out, x2);
    fputc(' ', c->out);
    put_tenths(c->out, y2);
    fputs("\"/>\n", c->out);
}

static void put_values(const canvas *c, const plot *p) {
    char text[TICK_SIZE];
    for (int64_t value = p->axis.low; value <= p->axis.high; value += p->axis.step) {
        const int64_t y = place_y(p, value);
        put_rule(c, value == 0 ? "zero" : "grid", c->left, y, 10 * RIGHT, y);
        text_at(c, "end", (int)(c->left / 10) - 8, (int)(y / 10) + 4, scale_label(&p->axis, value, text));
    }
}

static void put_dates(const canvas *c) {
    time_tick ticks[MOST_TICKS];
    const int count = time_ticks(c->o, c->from, c->until, 11, ticks);
    for (int i = 0; i < count; i++) {
        const int64_t x = place_x(c, ticks[i].at);
        put_rule(c, "grid", x, 10 * EQUITY_TOP, x, 10 * EQUITY_BOTTOM);
        put_rule(c, "grid", x, 10 * DRAWDOWN_TOP, x, 10 * DRAWDOWN_BOTTOM);
        text_at(c, "middle", (int)(x / 10), DATES, ticks[i].label);
    }
}

/* From the peak before the largest fall to its lowest point. */
static void put_band(const canvas *c) {
    const drawdown *drop = &c->r->net.drop;
    if (drop->until.kind != TRDB_TIMESTAMP_FINITE)
        return;
    const int64_t left = drop->since.kind == TRDB_TIMESTAMP_FINITE ? place_x(c, drop->since) : c->left;
    fputs("<rect class=\"band\" x=\"", c->out);
    put_tenths(c->out, left);
    fprintf(c->out, "\" y=\"%d\" width=\"", EQUITY_TOP);
    put_tenths(c->out, place_x(c, drop->until) - left);
    fprintf(c->out, "\" height=\"%d\"/>\n", EQUITY_BOTTOM - EQUITY_TOP);
}

static void put_heads(const canvas *c) {
    char text[96];
    const int head = EQUITY_TOP - 14, left = (int)(c->left / 10);
    const char *currency = c->r->currency;
    snprintf(text, sizeof text, "Running result%s%.12s", currency ? " in " : "", currency ? currency : "");
    text_at(c, "head", left, head, text);
    if (c->r->net.drop.until.kind == TRDB_TIMESTAMP_FINITE) {
        fprintf(c->out, "<rect class=\"swatch\" x=\"%d\" y=\"%d\" width=\"24\" height=\"10\"/>\n",
                RIGHT - 338, head - 9);
        text_at(c, "end", RIGHT - 206, head, "largest drawdown");
    }
    put_rule(c, "net", 10 * (RIGHT - 182), 10 * head - 40, 10 * (RIGHT - 158), 10 * head - 40);
    text_at(c, "end", RIGHT - 88, head, "net of fees");
    put_rule(c, "gross", 10 * (RIGHT - 64), 10 * head - 40, 10 * (RIGHT - 40), 10 * head - 40);
    text_at(c, "end", RIGHT, head, "gross");
    text_at(c, "head", left, DRAWDOWN_TOP - 14,
            "Drawdown of the net result: how far it lies below its highest point");
}

/* ---- the whole --------------------------------------------------------------------------------------- */

static void widen(const canvas *c, pick_fn pick, int64_t *low, int64_t *high) {
    for (size_t i = 0; i < c->count; i++) {
        const trdb_trading_equity_curve_row *row = report_point(c->r, i);
        const int64_t value = scale_value(pick(row), c->scale);
        *low = value < *low ? value : *low;
        *high = value > *high ? value : *high;
    }
}

/* A scale that suits every value of the curve. */
static unsigned common_scale(const report *r) {
    static const pick_fn picks[] = {net_of, gross_of, fall_of};
    unsigned scale = 30;
    for (size_t i = 0; i < r->points; i++) {
        const trdb_trading_equity_curve_row *row = report_point(r, i);
        for (size_t p = 0; p < COUNT(picks); p++) {
            const unsigned fits = scale_for(picks[p](row));
            scale = fits < scale ? fits : scale;
        }
    }
    return scale;
}

/* Room for the longest label on the left. */
static void make_room(canvas *c, const plot *p) {
    char text[TICK_SIZE];
    for (int64_t value = p->axis.low; value <= p->axis.high; value += p->axis.step) {
        const int64_t left = 10 * LEFT + 66 * text_width(scale_label(&p->axis, value, text)) + 80;
        c->left = left > c->left ? left : c->left;
    }
}

static void put_plots(canvas *c) {
    int64_t low = 0, high = 0, deepest = 0, none = 0;
    c->scale = common_scale(c->r);
    widen(c, net_of, &low, &high);
    widen(c, gross_of, &low, &high);
    widen(c, fall_of, &deepest, &none);
    plot equity = {scale_axis(low, high, c->scale, 6), EQUITY_TOP, EQUITY_BOTTOM};
    plot falls = {scale_axis(deepest, deepest < 0 ? 0 : equity.axis.step, c->scale, 3), DRAWDOWN_TOP,
                  DRAWDOWN_BOTTOM};
    make_room(c, &equity);
    make_room(c, &falls);
    put_heads(c);
    put_dates(c);
    put_values(c, &equity);
    put_values(c, &falls);
    put_band(c);
    put_area(c, &equity, "area", net_of);
    put_line(c, &equity, "gross", gross_of);
    put_line(c, &equity, "net", net_of);
    put_area(c, &falls, "drawdown", fall_of);
}

/* From the first entry to the last closing; an instant is widened to a day. */
static void find_period(canvas *c) {
    const int64_t day = INT64_C(86400000000);
    c->from = report_point(c->r, 0)->closed_at;
    c->until = c->r->until;
    if (c->r->since.kind == TRDB_TIMESTAMP_FINITE && c->r->since.us < c->from.us)
        c->from = c->r->since;
    if (c->from.us == c->until.us)
        c->from.us -= day;
}

static void draw(canvas *c) {
    char subtitle[400];
    char *title = title_of(c->r);
    subtitle_of(c, subtitle, sizeof subtitle);
    fprintf(c->out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "role=\"img\" "
            "aria-labelledby=\"t d\">\n<title id=\"t\">",
            WIDTH, HEIGHT, WIDTH, HEIGHT);
    put_text(c->out, title ? title : "");
    fputs("</title>\n", c->out);
    put_description(c);
    put_style(c);
    fprintf(c->out, "<rect x=\"0\" y=\"0\" width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", WIDTH, HEIGHT);
    text_at(c, "title", LEFT, 40, title ? title : "");
    text_at(c, "subtitle", LEFT, 62, subtitle);
    put_figures(c);
    if (c->count > 0)
        put_plots(c);
    else
        text_at(c, "subtitle middle", WIDTH / 2, (EQUITY_TOP + DRAWDOWN_BOTTOM) / 2, "No closed trades yet");
    fputs("</svg>\n", c->out);
    free(title);
}

static void draw_to(const cli *o, const report *r, FILE *out) {
    canvas c = {.out = out, .o = o, .r = r, .count = r->points, .left = 10 * LEFT};
    if (c.count > 0)
        find_period(&c);
    draw(&c);
}

/* A file beside the old one that takes its place when it is complete. */
static int replace_file(const cli *o, const report *r, const char *path, char *fresh) {
    const int fd = mkstemp(fresh);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out)
        return -1;
    draw_to(o, r, out);
    const mode_t mask = umask(0);
    umask(mask);
    const bool failed = ferror(out) || fchmod(fd, 0666 & ~mask) < 0;
    if (fclose(out) != 0 || failed || rename(fresh, path) < 0) {
        const int problem = errno;
        unlink(fresh);
        errno = problem;
        return -1;
    }
    return 0;
}

static int write_through(const cli *o, const report *r, const char *path) {
    FILE *out = fopen(path, "w");
    if (!out)
        return -1;
    draw_to(o, r, out);
    const bool failed = ferror(out);
    return fclose(out) != 0 || failed ? -1 : 0;
}

int svg_write(const cli *o, const report *r, const char *path) {
    struct stat there;
    if (strcmp(path, "-") == 0) {
        draw_to(o, r, stdout);
        return cli_finish(CLI_OK);
    }
    char *fresh = malloc(strlen(path) + sizeof ".XXXXXX");
    if (!fresh)
        return cli_error("out of memory");
    strcpy(stpcpy(fresh, path), ".XXXXXX");
    const bool device =
        lstat(path, &there) == 0 && !S_ISREG(there.st_mode); /* or a link: it stays what it is */
    const int rc = device ? write_through(o, r, path) : replace_file(o, r, path, fresh);
    free(fresh);
    return rc < 0 ? cli_error("cannot write %s: %s", path, strerror(errno)) : CLI_OK;
}
