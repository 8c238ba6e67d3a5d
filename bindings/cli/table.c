/* SPDX-License-Identifier: MIT */
/*
 * Lists of rows. JSON and CSV are written as rows come. A table is laid out by its first BLOCK rows, and
 * later rows follow that layout, so that memory stays bounded however long the list is.
 */
#include "print.h"

#include <stdlib.h>

enum { BLOCK = 1000, GAP = 2, COMFORTABLE = 20, LEAST_TEXT = 6 };

/* A cell as it will stand there. A decimal is aligned at its point. */
typedef struct cell {
    char *text;
    int width;
    int behind; /* columns from the point on */
    enum look look;
    bool plain; /* no look */
} cell;

struct printer {
    const cli *o;
    const char *name;
    const column *columns;
    size_t count;
    size_t *shown; /* the columns of a table */
    size_t shown_count;
    int *width;
    int *behind; /* of decimals: columns from the point on */
    bool *hidden;
    cell *cells;
    size_t rows; /* in cells */
    size_t printed;
    bool begun;
    bool laid_out;
    bool failed;
    json_writer json;
};

static void printer_free(printer *p) {
    if (!p)
        return;
    for (size_t i = 0; p->cells && i < p->rows * p->shown_count; i++)
        free(p->cells[i].text);
    free(p->shown);
    free(p->width);
    free(p->behind);
    free(p->hidden);
    free(p->cells);
    free(p);
}

printer *printer_begin(const cli *o, const char *name, const column *columns, size_t count) {
    printer *p = calloc(1, sizeof *p);
    if (p) {
        p->o = o;
        p->name = name;
        p->columns = columns;
        p->count = count;
        p->shown = calloc(count, sizeof *p->shown);
        p->width = calloc(count, sizeof *p->width);
        p->behind = calloc(count, sizeof *p->behind);
        p->hidden = calloc(count, sizeof *p->hidden);
        p->cells = o->json || o->csv ? NULL : calloc(BLOCK * count, sizeof *p->cells);
    }
    if (!p || !p->shown || !p->width || !p->behind || !p->hidden || (!p->cells && !o->json && !o->csv)) {
        printer_free(p);
        cli_error("out of memory");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (columns[i].title)
            p->shown[p->shown_count++] = i;
    }
    return p;
}

/* What stands before the first row, which is written only when the list is known to be there. */
static void begin(printer *p) {
    if (p->begun)
        return;
    p->begun = true;
    if (p->o->json) {
        json_open(&p->json, NULL, '{', true);
        json_open(&p->json, p->name, '[', true);
    } else if (p->o->csv) {
        csv_head(p->columns, p->count);
    }
}

/* ---- cells ------------------------------------------------------------------------------------------- */

static bool is_number(const column *c) {
    return c->type == COLUMN_KEY || c->type == COLUMN_I64 || c->type == COLUMN_DEC ||
           c->type == COLUMN_PERCENT || c->type == COLUMN_DIGITS;
}

static bool is_text(const column *c) {
    return c->type == COLUMN_TEXT || c->type == COLUMN_JSON;
}

/* Words of the closed sets, and how they look. */
static bool look_of_state(const char *word, enum look *ret) {
    static const struct {
        const char *word;
        enum look look;
    } looks[] = {
        {"running", LOOK_GOOD},    {"completed", LOOK_GOOD}, {"open", LOOK_GOOD},
        {"error", LOOK_BAD},       {"failed", LOOK_BAD},     {"dead", LOOK_BAD},
        {"missed", LOOK_BAD},      {"starting", LOOK_WARN},  {"stopping", LOOK_WARN},
        {"pending", LOOK_WARN},    {"stopped", LOOK_FAINT},  {"disabled", LOOK_FAINT},
        {"cancelled", LOOK_FAINT}, {"skipped", LOOK_FAINT},
    };
    for (size_t i = 0; i < COUNT(looks); i++) {
        if (strcmp(looks[i].word, word) == 0) {
            *ret = looks[i].look;
            return true;
        }
    }
    return false;
}

static bool look_of(const column *c, const char *text, enum look *ret) {
    switch ((enum tint)c->tint) {
    case TINT_SIGN:
        *ret = *text == '-' ? LOOK_BAD : LOOK_GOOD;
        return strpbrk(text, "123456789") != NULL;
    case TINT_STATE:
        return look_of_state(text, ret);
    case TINT_FAULT:
        *ret = LOOK_BAD;
        return true;
    case TINT_NONE:
        break;
    }
    return false;
}

static void fill(printer *p, cell *to, const column *c, const void *row) {
    char buffer[VALUE_SIZE];
    const bool null = value_is_null(c, row);
    const char *text = null ? "-" : value_text(p->o, c, row, FOR_TABLE, buffer);
    to->text = text_printable(text);
    if (!to->text) {
        p->failed = true;
        return;
    }
    to->width = text_width(to->text);
    const char *point = c->type == COLUMN_DEC ? strchr(to->text, '.') : NULL;
    to->behind = point ? (int)strlen(point) : 0;
    to->look = LOOK_FAINT;
    to->plain = !null && !look_of(c, text, &to->look);
}

/* ---- layout ------------------------------------------------------------------------------------------ */

static int total_width(const printer *p) {
    int total = -GAP;
    for (size_t i = 0; i < p->shown_count; i++)
        total += p->hidden[i] ? 0 : p->width[i] + GAP;
    return total;
}

/* Cuts the texts of a rank, but not below some width. Numbers and times are never cut: they would be wrong
 * ones. */
static void cut_rank(printer *p, int rank, int room, int comfort) {
    for (size_t i = p->shown_count; i-- > 0 && total_width(p) > room;) {
        const column *c = &p->columns[p->shown[i]];
        const int title = text_width(c->title), least = title > comfort ? title : comfort;
        const int most = p->width[i] - (total_width(p) - room);
        if (c->rank == rank && is_text(c) && p->width[i] > least)
            p->width[i] = most > least ? most : least;
    }
}

static void hide_rank(printer *p, int rank, int room) {
    for (size_t i = p->shown_count; i-- > 0 && total_width(p) > room;)
        p->hidden[i] |= p->columns[p->shown[i]].rank == rank;
}

static void fit(printer *p, const int *wanted) {
    const int room = terminal_width();
    int highest = 0;
    for (size_t i = 0; i < p->shown_count; i++)
        highest = p->columns[p->shown[i]].rank > highest ? p->columns[p->shown[i]].rank : highest;
    for (int rank = highest; rank > 0; rank--)
        cut_rank(p, rank, room, COMFORTABLE);
    for (int rank = highest; rank > 0; rank--) {
        hide_rank(p, rank, room);
        cut_rank(p, rank - 1, room, LEAST_TEXT);
    }
    for (size_t i = 0; i < p->shown_count && total_width(p) < room;
         i++) { /* what a left-out column made free */
        const int more = room - total_width(p), missing = wanted[i] - p->width[i];
        if (!p->hidden[i] && missing > 0)
            p->width[i] += missing < more ? missing : more;
    }
}

static void measure(printer *p) {
    for (size_t i = 0; i < p->shown_count; i++) {
        int before = 0;
        for (size_t r = 0; r < p->rows; r++) {
            const cell *c = &p->cells[r * p->shown_count + i];
            before = c->width - c->behind > before ? c->width - c->behind : before;
            p->behind[i] = c->behind > p->behind[i] ? c->behind : p->behind[i];
        }
        const int title = text_width(p->columns[p->shown[i]].title);
        if (p->width[i] < before + p->behind[i])
            p->width[i] = before + p->behind[i];
        if (p->width[i] < title)
            p->width[i] = title;
    }
}

static bool is_last(const printer *p, size_t i) {
    while (++i < p->shown_count) {
        if (!p->hidden[i])
            return false;
    }
    return true;
}

static void print_heads(const printer *p) {
    const char *gap = "";
    fputs(look(p->o, LOOK_HEAD), stdout);
    for (size_t i = 0; i < p->shown_count; i++) {
        const column *c = &p->columns[p->shown[i]];
        const int pad = p->width[i] - text_width(c->title);
        if (p->hidden[i])
            continue;
        printf("%s%*s%s", gap, is_number(c) ? pad : 0, "", c->title);
        if (!is_number(c) && !is_last(p, i))
            printf("%*s", pad, "");
        gap = "  ";
    }
    printf("%s\n", look_end(p->o));
}

static void print_cell(const printer *p, size_t i, const cell *c) {
    const column *of = &p->columns[p->shown[i]];
    if (is_text(of) && on_terminal())
        text_cut(c->text, p->width[i]);
    const int width = text_width(c->text);
    const int behind = of->type == COLUMN_DEC ? p->behind[i] - c->behind : 0;
    int before = is_number(of) ? p->width[i] - width - behind : 0;
    before = before > 0 ? before : 0;
    int after = p->width[i] - before - width;
    after = is_last(p, i) || after < 0 ? 0 : after;
    printf("%*s%s%s%s%*s", before, "", c->plain ? "" : look(p->o, c->look), c->text,
           c->plain ? "" : look_end(p->o), after, "");
}

static void flush(printer *p) {
    if (p->failed || p->rows == 0)
        return;
    if (!p->laid_out || !on_terminal())
        measure(p);
    if (!p->laid_out) {
        int *wanted = calloc(p->shown_count, sizeof *wanted);
        if (!wanted) {
            p->failed = true;
            return;
        }
        memcpy(wanted, p->width, p->shown_count * sizeof *wanted);
        if (on_terminal())
            fit(p, wanted);
        free(wanted);
        print_heads(p);
        p->laid_out = true;
    }
    for (size_t r = 0; r < p->rows; r++) {
        const char *gap = "";
        for (size_t i = 0; i < p->shown_count; i++) {
            cell *c = &p->cells[r * p->shown_count + i];
            if (!p->hidden[i]) {
                fputs(gap, stdout);
                print_cell(p, i, c);
                gap = "  ";
            }
            free(c->text);
            c->text = NULL;
        }
        putchar('\n');
    }
    p->rows = 0;
}

/* ---- rows -------------------------------------------------------------------------------------------- */

void printer_row(printer *p, const void *row) {
    p->printed++;
    begin(p);
    if (p->o->json) {
        json_row(&p->json, p->o, NULL, p->columns, p->count, row, false);
        return;
    }
    if (p->o->csv) {
        csv_row(p->o, p->columns, p->count, row);
        return;
    }
    if (p->rows == BLOCK)
        flush(p);
    for (size_t i = 0; i < p->shown_count && !p->failed; i++)
        fill(p, &p->cells[p->rows * p->shown_count + i], &p->columns[p->shown[i]], row);
    p->rows++;
}

void printer_title(const cli *o, const char *title) {
    if (!o->json && !o->csv)
        printf("\n%s%s%s\n", look(o, LOOK_BOLD), title, look_end(o));
}

/* What a person at a terminal should know: more rows, columns left out. */
static void print_hints(const printer *p, const char *next) {
    bool first = true;
    for (size_t i = 0; i < p->shown_count; i++) {
        if (p->hidden[i])
            printf("%s%s%s", first ? look(p->o, LOOK_FAINT) : ", ",
                   first ? "left out for lack of room: " : "", p->columns[p->shown[i]].title);
        first &= !p->hidden[i];
    }
    if (!first)
        printf("%s\n", look_end(p->o));
    if (next)
        printf("%sthere are more: add --after %s%s\n", look(p->o, LOOK_FAINT), next, look_end(p->o));
}

static void print_nothing(const printer *p) {
    printf("%sno ", look(p->o, LOOK_FAINT));
    for (const char *s = p->name; *s; s++)
        putchar(*s == '_' ? ' ' : *s);
    printf("%s\n", look_end(p->o));
}

int printer_abort(printer *p, int rc) {
    printer_free(p);
    fflush(stdout);
    return rc;
}

int printer_end(printer *p, const char *next) {
    begin(p);
    if (p->o->json) {
        json_close(&p->json, ']');
        if (next && p->columns[0].type != COLUMN_KEY)
            json_string(&p->json, "next", next);
        else
            json_raw(&p->json, "next", next ? next : "null");
        json_close(&p->json, '}');
    } else if (!p->o->csv) {
        flush(p);
        if (p->printed == 0)
            print_nothing(p);
        if (on_terminal())
            print_hints(p, next);
    }
    const bool failed = p->failed;
    printer_free(p);
    return failed ? cli_error("out of memory") : cli_finish(CLI_OK);
}

/* ---- one row ----------------------------------------------------------------------------------------- */

/* A JSON document as it is, in lines of their own for its members, those after the first below it. */
static void print_document(const char *json, int indent) {
    bool quoted = false;
    for (const char *s = json; *s; s++) {
        const bool opens = !quoted && (*s == '{' || *s == '['), closes = !quoted && (*s == '}' || *s == ']');
        const char *next = s + 1 + strspn(s + 1, " \t\r\n");
        quoted ^= *s == '"';
        if (closes)
            indent -= GAP;
        if (closes && s[-1] != '{' && s[-1] != '[')
            printf("\n%*s", indent, "");
        if (quoted && *s == '\\')
            putchar(*s++);
        if (quoted || !strchr(" \t\r\n", *s))
            text_put(&s);
        if (opens)
            indent += GAP;
        if ((opens && *next != '}' && *next != ']') || (!quoted && *s == ','))
            printf("\n%*s", indent, "");
        else if (!quoted && *s == ':')
            putchar(' ');
        if (opens)
            s = next - 1;
    }
    putchar('\n');
}

static void print_label(const cli *o, const column *c, int width) {
    char label[64];
    snprintf(label, sizeof label, "%s", c->title ? c->title : c->key);
    for (char *s = label; *s; s++)
        *s = *s == '_' ? ' ' : *s;
    printf("%s%s%s%*s", look(o, LOOK_FAINT), label, look_end(o), width - text_width(label), "");
}

void print_lines(const cli *o, const column *columns, size_t count, const void *row) {
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        const int label = text_width(columns[i].title ? columns[i].title : columns[i].key);
        width = label > width && !value_is_null(&columns[i], row) ? label : width;
    }
    for (size_t i = 0; i < count; i++) {
        char buffer[VALUE_SIZE];
        enum look tint = LOOK_FAINT;
        if (value_is_null(&columns[i], row))
            continue;
        const char *text = value_text(o, &columns[i], row, FOR_RECORD, buffer);
        print_label(o, &columns[i], width + GAP);
        if (columns[i].type == COLUMN_JSON) {
            print_document(text, width + GAP);
            continue;
        }
        char *printable = text_printable(text);
        const bool tinted = look_of(&columns[i], text, &tint);
        printf("%s%s%s\n", tinted ? look(o, tint) : "", printable ? printable : "",
               tinted ? look_end(o) : "");
        free(printable);
    }
}

int print_record(const cli *o, const column *columns, size_t count, const void *row) {
    json_writer json = {0};
    if (o->json) {
        json_row(&json, o, NULL, columns, count, row, true);
    } else if (o->csv) {
        csv_head(columns, count);
        csv_row(o, columns, count, row);
    } else {
        print_lines(o, columns, count, row);
    }
    return cli_finish(CLI_OK);
}
