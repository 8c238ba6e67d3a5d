/* SPDX-License-Identifier: MIT */
/* The completion scripts, from the command table: everything stands in them, so that a key press starts no
 * program. */
#include "command.h"

#include <stdio.h>

enum { SHELL_BASH = 1, SHELL_ZSH = 2 };

const char *completion_shell(int32_t value) {
    static const char *const names[] = {NULL, "bash", "zsh"};
    return value > 0 && value < 3 ? names[value] : NULL;
}

static bool new_group(size_t i) {
    return i == 0 || strcmp(commands[i].group, commands[i - 1].group) != 0;
}

static void put_choices(const value_type *type) {
    for (int32_t i = 1; type->choices(i); i++)
        printf("%s%s", i > 1 ? " " : "", type->choices(i));
}

/* ---- bash -------------------------------------------------------------------------------------------- */

/* The statement that offers the values of an option or operand; the function `_tradingdb_offer` takes what
 * compgen takes. */
static void put_bash_values(const value_type *type) {
    if (type->kind == VALUE_CHOICE) {
        fputs("_tradingdb_offer -W \"", stdout);
        put_choices(type);
        putchar('"');
    } else if (type->kind == VALUE_FILE) {
        fputs("compopt -o filenames 2>/dev/null; _tradingdb_offer -f", stdout);
    } else if (type->kind == VALUE_FOLDER) {
        fputs("compopt -o filenames 2>/dev/null; _tradingdb_offer -d", stdout);
    } else {
        putchar(':');
    }
}

static bool letter_is_first(int option) {
    for (int o = 0; o < option; o++) {
        if (option_types[o].letter == option_types[option].letter)
            return false;
    }
    return true;
}

/* Options that are followed by a value, as a pattern. */
static void put_bash_valued(void) {
    const char *bar = "";
    for (int i = 0; i < OPTION_COUNT; i++) {
        const option_type *type = &option_types[i];
        if (type->value.kind == VALUE_FLAG)
            continue;
        if (option_is_first((enum option_id)i)) {
            printf("%s--%s", bar, type->name);
            bar = " | ";
        }
        if (type->letter && letter_is_first(i)) {
            printf("%s-%c", bar, type->letter);
            bar = " | ";
        }
    }
}

static void put_bash_command(const command *c) {
    printf("    \"%s%s%s\")\n        case $prev in\n", c->group, c->action ? " " : "",
           c->action ? c->action : "");
    for (int i = 0; i < OPTION_COUNT; i++) {
        const option_type *type = &option_types[i];
        if (!(c->options >> i & 1) || type->value.kind == VALUE_FLAG)
            continue;
        printf("        --%s", type->name);
        if (type->letter)
            printf(" | -%c", type->letter);
        fputs(") ", stdout);
        put_bash_values(&type->value);
        fputs("; return ;;\n", stdout);
    }
    fputs("        esac\n        options=\"", stdout);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (c->options >> i & 1)
            printf("--%s ", option_types[i].name);
    }
    fputs("--help\"\n        case $count in\n", stdout);
    for (int i = 0; i < (int)command_operands(c); i++) {
        printf("        %d) [[ $cur == -* ]] || { ", i);
        put_bash_values(&c->operands[i]);
        fputs("; return; } ;;\n", stdout);
    }
    if (c->rest)
        fputs("        *) [[ $cur == -* ]] || { _tradingdb_offer -c; return; } ;;\n", stdout);
    fputs("        esac\n        ;;\n", stdout);
}

static void put_bash(void) {
    fputs("# bash completion for tradingdb, made by `tradingdb completion bash`\n"
          "_tradingdb_offer() {\n"
          "    mapfile -t COMPREPLY < <(compgen \"$@\" -- \"$cur\")\n"
          "}\n"
          "_tradingdb() {\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local group=\"\" action=\"\" options=\"--help --version\" count=0 i\n"
          "    COMPREPLY=()\n"
          "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
          "        case ${COMP_WORDS[i]} in\n        ",
          stdout);
    put_bash_valued();
    fputs(") ((i++)) ;;\n"
          "        -*) ;;\n"
          "        *)\n"
          "            if [[ -z $group ]]; then group=${COMP_WORDS[i]}\n"
          "            elif [[ -z $action && \" ",
          stdout);
    for (size_t i = 0; i < command_count; i++) {
        if (new_group(i) && commands[i].action)
            printf("%s ", commands[i].group);
    }
    fputs("\" == *\" $group \"* ]]; then action=\" ${COMP_WORDS[i]}\"\n"
          "            else ((count++)); fi\n"
          "            ;;\n"
          "        esac\n"
          "    done\n"
          "    case \"$group$action\" in\n"
          "    \"\") [[ $cur == -* ]] || { _tradingdb_offer -W \"",
          stdout);
    for (size_t i = 0; i < command_count; i++) {
        if (new_group(i))
            printf("%s%s", i > 0 ? " " : "", commands[i].group);
    }
    fputs("\"; return; } ;;\n", stdout);
    for (size_t i = 0; i < command_count; i++) {
        if (!new_group(i) || !commands[i].action)
            continue;
        printf("    %s) [[ $cur == -* ]] || { _tradingdb_offer -W \"", commands[i].group);
        for (size_t j = i; j < command_count && strcmp(commands[i].group, commands[j].group) == 0; j++)
            printf("%s%s", j > i ? " " : "", commands[j].action);
        fputs("\"; return; } ;;\n", stdout);
    }
    for (size_t i = 0; i < command_count; i++)
        put_bash_command(&commands[i]);
    fputs("    esac\n"
          "    _tradingdb_offer -W \"$options\"\n"
          "}\n"
          "complete -F _tradingdb tradingdb\n",
          stdout);
}

/* ---- zsh --------------------------------------------------------------------------------------------- */

/* Text inside single quotes where a colon and brackets mean something. */
static void put_zsh_text(const char *text) {
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr(":[]()\\", *text))
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static void put_zsh_value(const value_type *type) {
    putchar(':');
    put_zsh_text(type->name);
    putchar(':');
    if (type->kind == VALUE_CHOICE) {
        putchar('(');
        put_choices(type);
        putchar(')');
    } else if (type->kind == VALUE_FILE) {
        fputs("_files", stdout);
    } else if (type->kind == VALUE_FOLDER) {
        fputs("_files -/", stdout);
    }
}

static void put_zsh_option(const option_type *type) {
    if (type->letter)
        printf(" \\\n            '(-%c --%s)'{-%c,--%s}'[", type->letter, type->name, type->letter,
               type->name);
    else
        printf(" \\\n            '--%s[", type->name);
    put_zsh_text(type->help);
    putchar(']');
    if (type->value.kind != VALUE_FLAG)
        put_zsh_value(&type->value);
    putchar('\'');
}

static void put_zsh_command(const command *c) {
    printf("    '%s%s%s')\n        _arguments", c->group, c->action ? " " : "", c->action ? c->action : "");
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (command_takes(c, (enum option_id)i) && i != OPTION_VERSION)
            put_zsh_option(&option_types[i]);
    }
    for (int i = 0; i < (int)command_operands(c); i++) {
        const value_type *type = &c->operands[i];
        if (type->kind != VALUE_CHOICE && type->kind != VALUE_FILE && type->kind != VALUE_FOLDER)
            continue; /* a message in its place would keep options from being completed */
        printf(" \\\n            '%d", i + 1);
        put_zsh_value(type);
        putchar('\'');
    }
    if (c->rest)
        fputs(" \\\n            '*::command: _normal'", stdout);
    fputs("\n        ;;\n", stdout);
}

static void put_zsh_described(const char *name, const char *help) {
    fputs("'", stdout);
    put_zsh_text(name);
    putchar(':');
    put_zsh_text(help);
    fputs("' ", stdout);
}

static void put_zsh(void) {
    fputs("#compdef tradingdb\n"
          "# zsh completion for tradingdb, made by `tradingdb completion zsh`\n"
          "_tradingdb() {\n"
          "    local -a names\n"
          "    local at=2 command=''\n"
          "    while (( at < CURRENT )) && [[ $words[at] == -* ]]; do # options before the command\n"
          "        case $words[at] in\n        ",
          stdout);
    put_bash_valued();
    fputs(") (( at += 2 )) ;;\n"
          "        *) (( at++ )) ;;\n"
          "        esac\n"
          "    done\n"
          "    if (( at >= CURRENT )); then\n"
          "        names=(",
          stdout);
    for (size_t i = 0; i < command_count; i++) {
        if (new_group(i))
            put_zsh_described(commands[i].group, commands[i].action ? "" : commands[i].help);
    }
    fputs(")\n"
          "        _describe command names\n"
          "        return\n"
          "    fi\n"
          "    command=$words[at]\n"
          "    case $command in\n",
          stdout);
    for (size_t i = 0; i < command_count; i++) {
        if (!new_group(i) || !commands[i].action)
            continue;
        printf("    %s)\n        names=(", commands[i].group);
        for (size_t j = i; j < command_count && strcmp(commands[i].group, commands[j].group) == 0; j++)
            put_zsh_described(commands[j].action, commands[j].help);
        fputs(")\n"
              "        if (( at + 1 >= CURRENT )); then _describe action names; return; fi\n"
              "        (( at++ ))\n"
              "        command+=\" $words[at]\"\n"
              "        ;;\n",
              stdout);
    }
    fputs("    esac\n"
          "    words=(tradingdb \"${(@)words[at + 1, -1]}\")\n"
          "    (( CURRENT -= at - 1 ))\n"
          "    case $command in\n",
          stdout);
    for (size_t i = 0; i < command_count; i++)
        put_zsh_command(&commands[i]);
    fputs("    esac\n"
          "}\n"
          "if [[ $funcstack[1] == _tradingdb ]]; then _tradingdb \"$@\"; else compdef _tradingdb tradingdb; "
          "fi\n",
          stdout);
}

int cmd_completion(const cli *o) {
    if (o->choice == SHELL_BASH)
        put_bash();
    else
        put_zsh();
    return cli_finish(CLI_OK);
}
