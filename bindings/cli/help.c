/* SPDX-License-Identifier: MIT */
/* --help, from the command table. */
#include "command.h"

#include <stdio.h>

enum { WIDTH = 79, COMMAND_INDENT = 31, OPTION_INDENT = 28 };

static const char general[] = "usage: tradingdb COMMAND [OPTIONS]\n"
                              "       tradingdb COMMAND --help\n"
                              "\n";

static const char footer[] =
    "\n"
    "Every command that uses a database takes -d CONNINFO; without it the variable DB_URL says which.\n"
    "SQL_ECHO=1 shows on stderr what is sent to the server.\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 looked and found something wrong; see tradingdb(1).\n";

/* Prints a sentence from a column on, in lines of WIDTH. */
static void print_wrapped(const char *text, int column, int at) {
    if (at + 1 > column) {
        putchar('\n');
        at = 0;
    }
    printf("%*s", column - at, "");
    at = column;
    while (*text) {
        const int length = (int)strcspn(text, " ");
        if (at > column && at + 1 + length > WIDTH) {
            printf("\n%*s", column, "");
            at = column;
        } else if (at > column) {
            putchar(' ');
            at++;
        }
        printf("%.*s", length, text);
        at += length;
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static int print_words(const command *c) {
    int at = printf("%s%s%s", c->group, c->action ? " " : "", c->action ? c->action : "");
    for (int i = 0; i < (int)command_operands(c); i++)
        at += printf(i < c->least ? " %s" : " [%s]", c->operands[i].name);
    if (c->rest)
        at += printf(" [--] CMD…") - 2; /* the bytes of … */
    return at;
}

static void print_choices(const value_type *type) {
    char line[300];
    int used = snprintf(line, sizeof line, "%s:", type->name);
    for (int32_t i = 1; type->choices(i); i++)
        used +=
            snprintf(line + used, sizeof line - (size_t)used, "%s %s", i > 1 ? "," : "", type->choices(i));
    print_wrapped(line, OPTION_INDENT, 0);
}

static void print_option(const option_type *type) {
    const char *name = type->value.kind == VALUE_FLAG ? NULL : type->value.name;
    int at = type->letter ? printf("  -%c, ", type->letter) : printf("      ");
    at += printf("--%s%s%s", type->name, name ? " " : "", name ? name : "");
    print_wrapped(type->help, OPTION_INDENT, at);
    if (type->value.kind == VALUE_CHOICE)
        print_choices(&type->value);
}

static void print_command(const command *c) {
    printf("usage: tradingdb ");
    print_words(c);
    printf(" [OPTIONS]\n\n  %s\n\n", c->help);
    for (int i = 0; i < (int)command_operands(c); i++) {
        if (c->operands[i].kind == VALUE_CHOICE)
            print_choices(&c->operands[i]);
    }
    for (int common = 0; common < 2; common++) { /* those of the command before those of every one */
        for (int i = 0; i < OPTION_COUNT; i++) {
            if ((c->options >> i & 1) && (i < OPTION_LIMIT) == common)
                print_option(&option_types[i]);
        }
    }
    print_option(&option_types[OPTION_HELP]);
}

int help_print(const char *group, const char *action) {
    size_t shown = 0;
    for (size_t i = 0; group && i < command_count; i++) {
        const command *c = &commands[i];
        if (strcmp(c->group, group) == 0 && (!c->action || (action && strcmp(c->action, action) == 0))) {
            print_command(c);
            return cli_finish(CLI_OK);
        }
    }
    fputs(general, stdout);
    for (int all = 0; all < 2 && shown == 0; all++) { /* an unknown group: everything */
        for (size_t i = 0; i < command_count; i++) {
            const command *c = &commands[i];
            if (!all && (!group || strcmp(c->group, group) != 0))
                continue;
            if (all && i > 0 && strcmp(c->group, commands[i - 1].group) != 0)
                putchar('\n');
            printf("  ");
            const int at = 2 + print_words(c);
            print_wrapped(c->help, COMMAND_INDENT, at);
            shown++;
        }
    }
    fputs(footer, stdout);
    return cli_finish(CLI_OK);
}
