/* SPDX-License-Identifier: MIT */
/* Splits a file into statements, as psql does: at semicolons outside of quotes, comments, parentheses and the
 * BEGIN ATOMIC … END of SQL routines. The session runs with standard_conforming_strings on. */
#include "core/migrate.h"

#include <strings.h>

static bool word_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool word_part(char c) {
    return word_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool is_space(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static const char *skip_line_comment(const char *p) {
    while (*p && *p != '\n')
        p++;
    return p;
}

/* Block comments nest in PostgreSQL. */
static const char *skip_block_comment(const char *p) {
    int depth = 0;
    while (*p) {
        if (p[0] == '/' && p[1] == '*') {
            depth++;
            p += 2;
        } else if (p[0] == '*' && p[1] == '/') {
            depth--;
            p += 2;
            if (depth == 0)
                break;
        } else {
            p++;
        }
    }
    return p;
}

/* A doubled quote ends one string and begins the next, which comes to the same. */
static const char *skip_quoted(const char *p, char quote, bool backslashes) {
    for (p++; *p && *p != quote; p++) {
        if (backslashes && *p == '\\' && p[1])
            p++;
    }
    return *p ? p + 1 : p;
}

/* At a dollar sign: past the dollar-quoted text that begins here, or past the sign when none does. */
static const char *skip_dollar(const char *p) {
    const char *tag_end = p + 1;
    if (word_start(*tag_end)) {
        while (word_part(*tag_end) && *tag_end != '$')
            tag_end++;
    }
    if (*tag_end != '$')
        return p + 1;
    size_t tag = (size_t)(tag_end - p) + 1;
    for (const char *q = tag_end + 1; *q; q++) {
        if (*q == '$' && strncmp(q, p, tag) == 0)
            return q + tag;
    }
    return p + strlen(p);
}

/* Follows CREATE [OR REPLACE] FUNCTION|PROCEDURE … BEGIN ATOMIC … END, whose body holds semicolons. */
typedef struct routine_state {
    char head[4]; /* initials of the first words, as far as they matter */
    int words;
    int depth; /* of BEGIN and CASE inside a routine */
} routine_state;

static bool word_is(const char *word, size_t size, const char *wanted) {
    return size == strlen(wanted) && strncasecmp(word, wanted, size) == 0;
}

static char head_letter(const char *word, size_t size) {
    static const char *const known[] = {"create", "or", "replace", "function", "procedure"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (word_is(word, size, known[i]))
            return known[i][0];
    }
    return '?';
}

static void routine_word(routine_state *routine, const char *word, size_t size) {
    if (routine->words < 4)
        routine->head[routine->words] = head_letter(word, size);
    routine->words++;
    const char *head = routine->head;
    const char kind = strncmp(head, "cor", 3) == 0 ? head[3] : head[0] == 'c' ? head[1] : '?';
    if (kind != 'f' && kind != 'p')
        return;
    if (word_is(word, size, "begin") || (routine->depth > 0 && word_is(word, size, "case")))
        routine->depth++;
    else if (routine->depth > 0 && word_is(word, size, "end"))
        routine->depth--;
}

/* Past one token; words are told to `routine` outside of parentheses. */
static const char *skip_token(const char *p, int parens, routine_state *routine) {
    if (*p == '\'' || *p == '"')
        return skip_quoted(p, *p, false);
    if (*p == '$')
        return skip_dollar(p);
    if (!word_start(*p))
        return p + 1;
    const char *word = p;
    while (word_part(*p))
        p++;
    if (*p == '\'' && word_is(word, (size_t)(p - word), "e"))
        return skip_quoted(p, '\'', true);
    if (parens == 0)
        routine_word(routine, word, (size_t)(p - word));
    return p;
}

static int count_lines(const char *from, const char *to) {
    int lines = 0;
    for (; from < to; from++)
        lines += *from == '\n';
    return lines;
}

bool trdbi_split_next(trdbi_splitter *splitter, trdbi_piece *ret) {
    const char *start = NULL;
    const char *end = NULL;
    const char *p = splitter->at;
    int parens = 0;
    routine_state routine = {.words = 0};

    while (*p) {
        if (is_space(*p)) {
            p++;
        } else if (p[0] == '-' && p[1] == '-') {
            p = skip_line_comment(p);
        } else if (p[0] == '/' && p[1] == '*') {
            p = skip_block_comment(p);
        } else if (*p == ';' && parens == 0 && routine.depth == 0) {
            p++;
            if (start)
                break;
        } else {
            if (!start)
                start = p;
            parens += *p == '(' ? 1 : *p == ')' && parens > 0 ? -1 : 0;
            p = skip_token(p, parens, &routine);
            end = p;
        }
    }
    if (start)
        *ret = (trdbi_piece){start, (size_t)(end - start), splitter->line + count_lines(splitter->at, start)};
    splitter->line += count_lines(splitter->at, p);
    splitter->at = p;
    return start != NULL;
}
