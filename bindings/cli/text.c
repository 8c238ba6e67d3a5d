/* SPDX-License-Identifier: MIT */
/* Texts on a terminal: how wide they are, where they are cut, what must not reach it; and colours. */
#include "print.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

/* The next character of UTF-8 text and the columns that it takes; 0 at the end. What is no character counts
 * as one column a byte. The locale is a UTF-8 one, see main(). */
static size_t next_character(const char *text, int *ret_width) {
    wchar_t wide = 0;
    mbstate_t state = {0};
    size_t size = mbrtowc(&wide, text, MB_CUR_MAX, &state);
    *ret_width = 1;
    if (size == 0 || *text == '\0')
        return 0;
    if (size > MB_CUR_MAX)
        return 1;
    const int width = wcwidth(wide);
    *ret_width = width < 0 ? 1 : width;
    return size;
}

int text_width(const char *text) {
    int total = 0, width;
    for (size_t size; (size = next_character(text, &width)) > 0; text += size)
        total += width;
    return total;
}

void text_cut(char *text, int width) {
    int used = 0, step;
    char *last = text; /* where … still fits */
    if (text_width(text) <= width || width < 1)
        return;
    for (size_t size; (size = next_character(last, &step)) > 0 && used + step <= width - 1; last += size)
        used += step;
    memcpy(last, "…",
           sizeof "…"); /* at least three bytes are behind: a cut text is longer than its beginning */
}

/* Whether a byte begins a control character: C0, DEL, or C1 as UTF-8. */
static size_t control_size(const unsigned char *s) {
    if (*s < 0x20 || *s == 0x7f)
        return 1;
    return *s == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0 ? 2 : 0;
}

char *text_printable(const char *text) {
    char *result = malloc(4 * strlen(text) + 4); /* room for text_cut()'s … as well */
    char *to = result;
    for (const unsigned char *s = (const unsigned char *)text; result && *s;) {
        const size_t size = control_size(s);
        if (size == 0)
            *to++ = (char)*s++;
        else if (*s == '\n' || *s == '\t' || *s == '\r')
            to += sprintf(to, "\\%c", *s == '\n' ? 'n' : *s == '\t' ? 't' : 'r');
        else
            to += sprintf(to, "\\x%02x", size == 1 ? *s : s[1]);
        s += size;
    }
    if (result)
        *to = '\0';
    return result;
}

void text_put(const char **text) {
    const unsigned char *s = (const unsigned char *)*text;
    const size_t size = control_size(s);
    if (size == 0)
        putchar(*s);
    else
        printf("\\u%04x", size == 1 ? *s : s[1]);
    *text += size == 2;
}

/* ---- terminal ---------------------------------------------------------------------------------------- */

bool on_terminal(void) {
    return isatty(STDOUT_FILENO);
}

int terminal_width(void) {
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");
    const long wanted = columns ? strtol(columns, NULL, 10) : 0;
    if (wanted > 0 && wanted < 10000)
        return (int)wanted;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

bool wants_color(const cli *o) {
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (o->color != CLI_COLOR_AUTO)
        return o->color == CLI_COLOR_ALWAYS;
    return on_terminal() && !(no_color && *no_color) && !(term && strcmp(term, "dumb") == 0);
}

const char *look(const cli *o, enum look look) {
    static const char *const codes[] = {
        [LOOK_HEAD] = "\033[1m", [LOOK_FAINT] = "\033[2m", [LOOK_GOOD] = "\033[32m",
        [LOOK_BAD] = "\033[31m", [LOOK_WARN] = "\033[33m", [LOOK_BOLD] = "\033[1m",
    };
    return wants_color(o) ? codes[look] : "";
}

const char *look_end(const cli *o) {
    return wants_color(o) ? "\033[0m" : "";
}
