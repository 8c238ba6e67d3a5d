/* SPDX-License-Identifier: MIT */
/* tradingdb: libtradingdb from the shell. Here the command line is read; commands.c says what there is. */
#include "command.h"

#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_WORDS = 2 + MAX_OPERANDS };

/* A command line, taken apart. */
typedef struct command_line {
    cli options;
    const char *words[MAX_WORDS + 1];
    int word_count;
    const char *excess; /* the first word that no command has room for */
    const char
        *given[OPTION_COUNT]; /* by the first option of a name, whichever the command has; a flag: "" */
    const command *command;
} command_line;

/* A word of the command line as an error may show it: not when it could be a connection string. */
static const char *shown(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.,/* ";
    return strspn(word, plain) == strlen(word) ? word : "(not shown)";
}

/* Appends a word to a list for a message; what does not fit is left out. */
static void append(char *list, size_t size, const char *separator, const char *prefix, const char *word) {
    const size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%s%s", used > 0 ? separator : "", prefix, word);
}

/* ---- options ----------------------------------------------------------------------------------------- */

enum { FIRST_VALUE = 256, SHORT_SIZE = 2 + 2 * OPTION_COUNT + 1 };

/* What getopt wants to know: every name and letter once. */
static void describe(struct option *longs, char *shorts) {
    size_t count = 0;
    char *letter = stpcpy(shorts, "+:");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const option_type *type = &option_types[i];
        const bool flag = type->value.kind == VALUE_FLAG;
        if (type->letter) {
            *letter++ = type->letter;
            if (!flag)
                *letter++ = ':';
        }
        if (option_is_first((enum option_id)i))
            longs[count++] =
                (struct option){type->name, flag ? no_argument : required_argument, NULL, FIRST_VALUE + i};
    }
    *letter = '\0';
    longs[count] = (struct option){NULL, 0, NULL, 0};
}

/* The first option of the name that getopt found. */
static int found_option(int value) {
    if (value >= FIRST_VALUE)
        return value - FIRST_VALUE;
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_types[i].letter != value)
            continue;
        for (int first = 0; first < i; first++) {
            if (strcmp(option_types[first].name, option_types[i].name) == 0)
                return first;
        }
        return i;
    }
    return OPTION_HELP;
}

/* getopt has printed nothing (opterr is 0); says what is wrong with the option it stopped at. */
static int option_error(int argc, char **argv, int result) {
    char name[32];
    const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";
    const bool is_long = strncmp(word, "--", 2) == 0;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    if (result == ':')
        return cli_usage_error("%s needs a value", shown(name));
    if (!is_long && optopt > 0 && optopt < 256)
        return cli_usage_error("there is no option -%c", optopt);
    if (is_long && optopt != 0)
        return cli_usage_error("%s takes no value", shown(name));
    return cli_usage_error("there is no option %s, or it is ambiguous", shown(name));
}

static const command *find_command(const char *group, const char *action, bool *ret_group) {
    *ret_group = false;
    for (size_t i = 0; group && i < command_count; i++) {
        if (strcmp(commands[i].group, group) != 0)
            continue;
        *ret_group = true;
        if (!commands[i].action || (action && strcmp(commands[i].action, action) == 0))
            return &commands[i];
    }
    return NULL;
}

static bool begins_foreign(const command_line *line) {
    bool group;
    const command *c = line->word_count == 2 ? find_command(line->words[0], line->words[1], &group) : NULL;
    return c && c->rest;
}

/* Options may stand before, between and after the words of a command; `--` ends them, and the words of
 * `sandbox run` begin a foreign command line. */
static int parse(int argc, char **argv, command_line *line) {
    struct option longs[OPTION_COUNT + 1];
    char shorts[SHORT_SIZE];
    bool ended = false;
    describe(longs, shorts);
    opterr = 0;
    for (;;) {
        const int before = optind;
        const int value = ended ? -1 : getopt_long(argc, argv, shorts, longs, NULL);
        if (value == '?' || value == ':')
            return option_error(argc, argv, value);
        if (value != -1) {
            line->given[found_option(value)] = optarg ? optarg : "";
            continue;
        }
        ended |= optind > before && strcmp(argv[optind - 1], "--") == 0;
        if (begins_foreign(line)) {
            line->options.operands = (const char *const *)&argv[optind];
            return CLI_OK;
        }
        if (optind >= argc)
            return CLI_OK;
        if (line->word_count < MAX_WORDS)
            line->words[line->word_count++] = argv[optind];
        else if (!line->excess)
            line->excess = argv[optind];
        optind++;
    }
}

/* ---- the command ------------------------------------------------------------------------------------- */

static int no_command(const char *group) {
    char names[300] = "";
    for (size_t i = 0; i < command_count; i++) {
        if (i == 0 || strcmp(commands[i].group, commands[i - 1].group) != 0)
            append(names, sizeof names, ", ", "", commands[i].group);
    }
    return group ? cli_usage_error("there is no such command: %s; there are: %s", shown(group), names)
                 : cli_usage_error("no command; there are: %s", names);
}

static int no_action(const char *group, const char *action) {
    char names[300] = "";
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].group, group) == 0)
            append(names, sizeof names, ", ", "", commands[i].action);
    }
    return action ? cli_usage_error("%s does not know what this is: %s; it knows: %s", group, shown(action),
                                    names)
                  : cli_usage_error("%s needs to be told what to do: %s", group, names);
}

/* The option that a name means to this command, or OPTION_COUNT. */
static int option_of(const command *c, int first) {
    for (int i = first; i < OPTION_COUNT; i++) {
        if (command_takes(c, (enum option_id)i) &&
            strcmp(option_types[i].name, option_types[first].name) == 0)
            return i;
    }
    return OPTION_COUNT;
}

static int not_taken(const command *c, int option) {
    char names[400] = "";
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (c->options >> i & 1)
            append(names, sizeof names, ", ", "--", option_types[i].name);
    }
    return cli_usage_error("%s%s%s takes no --%s; it takes: %s", c->group, c->action ? " " : "",
                           c->action ? c->action : "", option_types[option].name,
                           names[0] ? names : "no option");
}

static int check_options(command_line *line) {
    const command *c = line->command;
    uint64_t given = 0;
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (!line->given[i])
            continue;
        const int option = option_of(c, i);
        if (option == OPTION_COUNT)
            return not_taken(c, i);
        given |= UINT64_C(1) << option;
        if (option != i) {
            line->given[option] = line->given[i];
            line->given[i] = NULL;
        }
    }
    if (c->needed & ~given & (UINT64_C(1) << OPTION_TO))
        return cli_usage_error("migrate down needs --to N: everything above N is taken back, with its data");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (c->needed & ~given & (UINT64_C(1) << i))
            return cli_usage_error("%s%s%s needs --%s %s", c->group, c->action ? " " : "",
                                   c->action ? c->action : "", option_types[i].name,
                                   option_types[i].value.name);
    }
    if (line->given[OPTION_JSON] && line->given[OPTION_CSV])
        return cli_usage_error("--json and --csv exclude each other");
    return CLI_OK;
}

static int check_words(command_line *line) {
    const command *c = line->command;
    const int first = c->action ? 2 : 1;
    const int count = line->word_count - first;
    if (c->rest)
        return line->options.operands[0] ? CLI_OK
                                         : cli_usage_error("%s %s needs a command", c->group, c->action);
    const char *excess =
        count > (int)command_operands(c) ? line->words[first + (int)command_operands(c)] : line->excess;
    if (excess)
        return cli_usage_error("unexpected word: %s%s%s", shown(excess), c->hint ? "; " : "",
                               c->hint ? c->hint : "");
    if (count < c->least)
        return cli_usage_error(
            "%s%s%s needs %s %s", c->group, c->action ? " " : "", c->action ? c->action : "",
            strchr("AEIO", c->operands[count].name[0]) ? "an" : "a", c->operands[count].name);
    line->options.operands = &line->words[first];
    return CLI_OK;
}

/* ---- values ------------------------------------------------------------------------------------------ */

static int take_number(const char *name, const value_type *type, const char *text, int64_t *ret) {
    char *end = NULL;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    const long long most = type->kind == VALUE_INT ? 1000000000 : INT64_MAX;
    if (end == text || *end != '\0' || errno != 0 || value < type->least || value > most)
        return cli_usage_error("%s needs a number from %d, not: %s", name, type->least, shown(text));
    *ret = value;
    return CLI_OK;
}

static int take_amount(const char *name, const char *text, trdb_decimal *ret) {
    if (trdb_decimal_parse(text, ret) < 0 || ret->kind != TRDB_DECIMAL_FINITE || ret->negative)
        return cli_usage_error("%s needs an amount such as 1000.50, not: %s", name, shown(text));
    return CLI_OK;
}

static int take_choice(const char *name, const value_type *type, const char *text, int32_t *ret) {
    char names[200] = "";
    for (int32_t i = 1; type->choices(i); i++) {
        if (strcmp(type->choices(i), text) == 0) {
            *ret = i;
            return CLI_OK;
        }
        append(names, sizeof names, ", ", "", type->choices(i));
    }
    return cli_usage_error("%s is one of %s, not: %s", name, names, shown(text));
}

/* Writes a value into its field; `name` is what a message calls it. */
static int take(cli *o, const char *name, const value_type *type, const char *text) {
    char *field = (char *)o + type->field;
    int64_t number = 0;
    int rc = CLI_OK;
    switch (type->kind) {
    case VALUE_FLAG:
        *(bool *)field = true;
        return CLI_OK;
    case VALUE_TEXT:
    case VALUE_FILE:
    case VALUE_FOLDER:
        *(const char **)(void *)field = text;
        return CLI_OK;
    case VALUE_CHOICE:
        return take_choice(name, type, text, (int32_t *)(void *)field);
    case VALUE_AMOUNT:
        return take_amount(name, text, (trdb_decimal *)(void *)field);
    case VALUE_TIME:
        return cli_parse_time(o, name, text, (trdb_timestamp *)(void *)field);
    case VALUE_INT:
        rc = take_number(name, type, text, &number);
        if (rc == CLI_OK)
            *(int *)(void *)field = (int)number;
        return rc;
    default:
        return take_number(name, type, text, (int64_t *)(void *)field);
    }
}

/* In the order of the table, so that the zone is known before the times. */
static int take_values(command_line *line) {
    const command *c = line->command;
    int rc = CLI_OK;
    for (int i = 0; i < OPTION_HELP && rc == CLI_OK; i++) {
        char name[40];
        snprintf(name, sizeof name, "--%s", option_types[i].name);
        if (line->given[i])
            rc = take(&line->options, name, &option_types[i].value, line->given[i]);
        if (i == OPTION_TZ && rc == CLI_OK && line->given[i])
            rc = cli_check_zone(line->options.tz);
    }
    for (int i = 0; i < MAX_OPERANDS && rc == CLI_OK && !c->rest && line->options.operands[i]; i++) {
        const value_type *type = &c->operands[i];
        if (type->kind == VALUE_ID || type->kind == VALUE_CHOICE)
            rc = take(&line->options, type->name, type, line->options.operands[i]);
    }
    return rc;
}

static int find(command_line *line) {
    bool is_group = false;
    line->command = find_command(line->words[0], line->words[1], &is_group);
    if (!is_group)
        return no_command(line->words[0]);
    cli_usage_topic(line->words[0], NULL);
    if (!line->command)
        return no_action(line->words[0], line->words[1]);
    line->options.action = line->command->action;
    cli_usage_topic(line->command->group, line->command->action);
    return CLI_OK;
}

int main(int argc, char **argv) {
    command_line line = {.options = {
                             .to = -1,
                             .tz = "UTC",
                         }};
    int rc = parse(argc, argv, &line);
    if (rc != CLI_OK)
        return rc;
    /* Only for the widths of characters; everything written is UTF-8, as the database has it. */
    setlocale(LC_CTYPE, "C.UTF-8");
    if (line.given[OPTION_HELP])
        return help_print(line.words[0], line.words[1]);
    if (line.given[OPTION_VERSION]) {
        printf("tradingdb %s\n", trdb_version());
        return cli_finish(CLI_OK);
    }
    rc = find(&line);
    if (rc == CLI_OK)
        rc = check_options(&line);
    if (rc == CLI_OK)
        rc = check_words(&line);
    if (rc == CLI_OK)
        rc = take_values(&line);
    /* A zone that something holds is not loaded again for each time that is written. */
    TRDB_AUTO(trdb_cron) *zone = NULL;
    if (rc == CLI_OK && strcmp(line.options.tz, "UTC") != 0)
        trdb_cron_parse("* * * * *", line.options.tz, &zone, NULL);
    return rc == CLI_OK ? line.command->run(&line.options) : rc;
}
