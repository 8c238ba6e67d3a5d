/* SPDX-License-Identifier: MIT */
/* The text of a cron expression. Reads its argument byte by byte and keeps nothing of it but sets of bits. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error/error.h"
#include "service/cron.h"

#define FIELDS 5
#define NAME_LENGTH 3

/* What a field can hold. */
typedef struct allowed {
    const char *name;
    int low;
    int high;
    int count;         /* of values; Sunday is one */
    const char *words; /* names of the values from `low` on, three letters each */
} allowed;

static const allowed kinds[FIELDS] = {
    {"minute", 0, 59, 60, ""},
    {"hour", 0, 23, 24, ""},
    {"day of month", 1, 31, 31, ""},
    {"month", 1, 12, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"},
    {"weekday", 0, 7, 7, "SUNMONTUEWEDTHUFRISAT"},
};

/* A field of an expression, from `text` up to `end`. */
typedef struct part {
    const allowed *kind;
    const char *text;
    const char *end;
} part;

/* ---- refusals ------------------------------------------------------------------------------------- */

static int malformed(const part *field, const char *why, trdb_error **reterr) {
    return trdbi_error(reterr, TRDB_E_INVALID, "\"%.*s\" in the %s field is malformed: %s",
                       (int)(field->end - field->text), field->text, field->kind->name, why);
}

static int outside(const part *field, int value, trdb_error **reterr) {
    return trdbi_error(reterr, TRDB_E_RANGE, "%d%s in the %s field is outside %d-%d", value,
                       value == INT16_MAX ? " or more" : "", field->kind->name, field->kind->low,
                       field->kind->high);
}

/* ---- one field ------------------------------------------------------------------------------------ */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static bool is_letter(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Digits; a number that is far too large is held at INT16_MAX. */
static bool take_number(const char **at, int *ret) {
    const char *p = *at;
    int value = 0;
    for (; is_digit(*p); p++)
        value = value > INT16_MAX / 10 - 1 ? INT16_MAX : value * 10 + (*p - '0');
    if (p == *at)
        return false;
    *at = p;
    *ret = value;
    return true;
}

static int take_name(const part *field, const char **at, int *ret, trdb_error **reterr) {
    const char *name = *at;
    while (is_letter(**at))
        ++*at;
    const size_t length = (size_t)(*at - name);
    const char *words = field->kind->words;
    for (int i = 0; length == NAME_LENGTH && words[i * NAME_LENGTH]; i++) {
        if (strncasecmp(name, words + i * NAME_LENGTH, NAME_LENGTH) == 0) {
            *ret = field->kind->low + i;
            return 0;
        }
    }
    return trdbi_error(reterr, TRDB_E_INVALID, "unknown name \"%.*s\" in the %s field%s", (int)length, name,
                       field->kind->name,
                       !words[0]               ? ", which takes numbers"
                       : field->kind->low == 1 ? ": months are JAN to DEC"
                                               : ": weekdays are SUN to SAT");
}

static int take_value(const part *field, const char **at, int *ret, trdb_error **reterr) {
    if (is_letter(**at))
        return take_name(field, at, ret, reterr);
    if (!take_number(at, ret))
        return malformed(field, "a value is missing or is no number", reterr);
    if (*ret < field->kind->low || *ret > field->kind->high)
        return outside(field, *ret, reterr);
    return 0;
}

static int take_step(const part *field, const char **at, int *ret, trdb_error **reterr) {
    if (!take_number(at, ret))
        return malformed(field, "a step is missing or is no number", reterr);
    if (*ret == 0)
        return trdbi_error(reterr, TRDB_E_RANGE, "the step in the %s field is 0", field->kind->name);
    if (*ret > field->kind->count)
        return trdbi_error(reterr, TRDB_E_RANGE, "the step in the %s field is larger than %d",
                           field->kind->name, field->kind->count);
    return 0;
}

/* One part of a list: `*`, 5, 1-5, each with or without a step. */
static int take_part(const part *field, const char **at, uint64_t *set, trdb_error **reterr) {
    int first = field->kind->low, last = field->kind->high, step = 1, code = 0;
    if (**at == '*') {
        ++*at;
    } else {
        code = take_value(field, at, &first, reterr);
        if (code == 0 && **at == '-') {
            ++*at;
            code = take_value(field, at, &last, reterr);
            if (code == 0 && first > last)
                return trdbi_error(reterr, TRDB_E_INVALID, "the range %d-%d in the %s field runs backwards%s",
                                   first, last, field->kind->name,
                                   last == 0 && field->kind->high == 7 ? ": a range ends with Sunday as 7"
                                                                       : "");
        } else if (**at != '/') {
            last = first;
        }
    }
    if (code == 0 && **at == '/') {
        ++*at;
        code = take_step(field, at, &step, reterr);
    }
    for (int value = first; code == 0 && value <= last; value += step)
        *set |= UINT64_C(1) << value;
    return code;
}

static int take_field(const part *field, uint64_t *ret, trdb_error **reterr) {
    const char *at = field->text;
    uint64_t set = 0;
    int code;
    while ((code = take_part(field, &at, &set, reterr)) == 0 && at < field->end && *at == ',')
        at++;
    if (code == 0 && at != field->end)
        code =
            malformed(field, "write numbers, ranges such as 1-5, steps such as 10-50/5, and commas", reterr);
    if (code == 0)
        *ret = set;
    return code;
}

/* ---- the expression ------------------------------------------------------------------------------- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* The expression that a name such as @daily stands for. */
static int take_nickname(const char *name, size_t length, const char **ret, trdb_error **reterr) {
    static const struct {
        const char *name;
        const char *fields;
    } names[] = {
        {"@hourly", "0 * * * *"},   {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
        {"@weekly", "0 0 * * 0"},   {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
        {"@annually", "0 0 1 1 *"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i].name) == length && strncasecmp(name, names[i].name, length) == 0) {
            *ret = names[i].fields;
            return 0;
        }
    }
    if (length == 7 && strncasecmp(name, "@reboot", 7) == 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "@reboot is not a time, and no schedule can follow it");
    return trdbi_error(
        reterr, TRDB_E_INVALID,
        "unknown name \"%.*s\": there are @hourly, @daily, @midnight, @weekly, @monthly, @yearly "
        "and @annually",
        (int)length, name);
}

/* Splits at blanks. Gives the number of fields, of which the first FIELDS are kept. */
static int split(const char *text, part fields[FIELDS]) {
    int count = 0;
    for (;;) {
        while (is_blank(*text))
            text++;
        if (!*text)
            return count;
        const char *start = text;
        while (*text && !is_blank(*text))
            text++;
        if (count < FIELDS)
            fields[count] = (part){&kinds[count], start, text};
        count++;
    }
}

static int check_text(const char *expression, trdb_error **reterr) {
    if (!expression || expression == TRDB_NULL_TEXT)
        return trdbi_error(reterr, TRDB_E_INVALID, "the cron expression is NULL");
    if (strnlen(expression, TRDB_CRON_MAX_LENGTH + 1) > TRDB_CRON_MAX_LENGTH)
        return trdbi_error(reterr, TRDB_E_RANGE, "the cron expression has more than %d characters",
                           TRDB_CRON_MAX_LENGTH);
    for (const char *p = expression; *p; p++) {
        if ((unsigned char)*p >= 0x7F || ((unsigned char)*p < ' ' && !is_blank(*p)))
            return trdbi_error(reterr, TRDB_E_INVALID,
                               "the cron expression has a character that none has, at byte %d",
                               (int)(p - expression) + 1);
    }
    return 0;
}

static int refuse_count(int count, trdb_error **reterr) {
    static const char *const wanted = "write five: minute, hour, day of month, month, weekday";
    if (count == 0)
        return trdbi_error(reterr, TRDB_E_INVALID, "the cron expression is empty: %s", wanted);
    if (count == 6)
        return trdbi_error(reterr, TRDB_E_INVALID,
                           "the cron expression has six fields: seconds and years are not supported, %s",
                           wanted);
    return trdbi_error(reterr, TRDB_E_INVALID, "the cron expression has %d field%s: %s", count,
                       count == 1 ? "" : "s", wanted);
}

int trdbi_cron_fields_parse(const char *expression, trdbi_cron_fields *ret, trdb_error **reterr) {
    part fields[FIELDS];
    uint64_t sets[FIELDS] = {0};
    int code = check_text(expression, reterr);
    if (code < 0)
        return code;
    int count = split(expression, fields);
    if (count == 1 && fields[0].text[0] == '@') {
        const char *meaning = "";
        code = take_nickname(fields[0].text, (size_t)(fields[0].end - fields[0].text), &meaning, reterr);
        if (code < 0)
            return code;
        count = split(meaning, fields);
    }
    if (count != FIELDS)
        return refuse_count(count, reterr);
    for (int i = 0; i < FIELDS && code == 0; i++)
        code = take_field(&fields[i], &sets[i], reterr);
    if (code < 0)
        return code;
    const trdbi_cron_fields parsed = {
        .minutes = sets[0],
        .hours = (uint32_t)sets[1],
        .days = (uint32_t)(sets[2] >> 1),
        .months = (uint32_t)(sets[3] >> 1),
        .weekdays = (uint32_t)((sets[4] | sets[4] >> 7) & 0x7F),
        .hours_star = fields[1].text[0] == '*',
        .days_star = fields[2].text[0] == '*',
        .weekdays_star = fields[4].text[0] == '*',
    };
    int64_t local;
    if (!trdbi_cron_match(&parsed, 0, &local))
        return trdbi_error(reterr, TRDB_E_INVALID, "\"%s\" never runs: no such day comes in any year",
                           expression);
    *ret = parsed;
    return 0;
}

/* ---- the handle ----------------------------------------------------------------------------------- */

static int make(const trdbi_cron_fields *fields, const char *expression, const char *timezone,
                trdb_cron **ret, trdb_error **reterr) {
    char words[TRDBI_CRON_WORDS];
    trdbi_cron_words(fields, timezone, words, sizeof(words));
    const size_t sizes[] = {strlen(expression) + 1, strlen(timezone) + 1, strlen(words) + 1};
    trdb_cron *cron = malloc(sizeof(*cron) + sizes[0] + sizes[1] + sizes[2]);
    if (!cron)
        return trdbi_error_nomem(reterr);
    char *at = (char *)(cron + 1);
    *cron = (trdb_cron){.fields = *fields};
    cron->expression = memcpy(at, expression, sizes[0]);
    cron->timezone = memcpy(at + sizes[0], timezone, sizes[1]);
    cron->words = memcpy(at + sizes[0] + sizes[1], words, sizes[2]);
    *ret = cron;
    return 0;
}

int trdb_cron_parse(const char *expression, const char *timezone, trdb_cron **ret, trdb_error **reterr) {
    trdbi_cron_fields fields;
    trdbi_zone zone = {NULL};
    trdb_cron *cron = NULL;
    int code = ret ? 0 : trdbi_error(reterr, TRDB_E_INVALID, "the place for the result is NULL");
    if (code == 0)
        code = trdbi_cron_fields_parse(expression, &fields, reterr);
    if (code == 0)
        code = trdbi_zone_open(timezone, &zone, reterr);
    if (code == 0)
        code = make(&fields, expression, timezone ? timezone : "UTC", &cron, reterr);
    if (code < 0) {
        trdbi_zone_close(&zone);
        trdbi_error_set_statement(reterr, "cron.parse");
        return code;
    }
    cron->zone = zone;
    *ret = cron;
    return 0;
}

const char *trdb_cron_describe(const trdb_cron *cron) {
    return cron ? cron->words : NULL;
}

const char *trdb_cron_expression(const trdb_cron *cron) {
    return cron ? cron->expression : NULL;
}

const char *trdb_cron_timezone(const trdb_cron *cron) {
    return cron ? cron->timezone : NULL;
}

void trdb_cron_free(trdb_cron *cron) {
    if (!cron)
        return;
    trdbi_zone_close(&cron->zone);
    free(cron);
}
