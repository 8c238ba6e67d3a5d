/* SPDX-License-Identifier: MIT */
/* tradingdb: migrations, a sandbox server and the health check of libtradingdb, from the shell. */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "usage: tradingdb [--database CONNINFO] [--schema NAME] [--json] COMMAND\n"
    "\n"
    "  migrate status           which migrations exist and which are applied\n"
    "  migrate plan [--to N]    the SQL that `up` would run; changes nothing\n"
    "  migrate up [--to N]      apply what is missing\n"
    "  migrate down --to N      take back migrations above N, with their data; 0 takes back all\n"
    "  migrate verify           compare what was applied with what this release has\n"
    "  doctor                   look for what is wrong with a database, with the remedy\n"
    "  sandbox start            start a private PostgreSQL and print how to connect to it\n"
    "  sandbox stop [--delete]  stop it; with --delete remove it and its data\n"
    "  sandbox status           whether it runs\n"
    "  sandbox run -- CMD…      run a command with DB_URL set to it, starting it first when needed\n"
    "\n"
    "  -d, --database CONNINFO  postgresql://… or key=value; default: the variable DB_URL\n"
    "  -s, --schema NAME        schema of the tables; default public\n"
    "  -j, --json               print JSON\n"
    "      --help, --version\n"
    "\n"
    "migrate also takes --chain NAME, --directory DIR, --lock-timeout MS, --attempts N, --wait MS;\n"
    "sandbox start and run take --migrate; every sandbox command takes --dir DIR and --user NAME (as root).\n"
    "SQL_ECHO=1 shows on stderr what migrate sends to the server.\n"
    "Exit status: 0 done, 1 failed, 2 wrong usage, 3 looked and found something wrong; see tradingdb(1).\n";

/* Sets of commands, for the options that each takes. */
enum {
    MIGRATE = 1,
    DOCTOR = 2,
    SANDBOX = 4,
    UP = 8,
    DOWN = 16,
    PLAN = 32,
    START = 64,
    STOP = 128,
    RUN = 256
};

enum {
    OPTION_CHAIN = 256,
    OPTION_DIRECTORY,
    OPTION_TO,
    OPTION_LOCK_TIMEOUT,
    OPTION_ATTEMPTS,
    OPTION_WAIT,
    OPTION_DIR,
    OPTION_USER,
    OPTION_DELETE,
    OPTION_MIGRATE,
    OPTION_HELP,
    OPTION_VERSION
};

static const struct option long_options[] = {
    {"database", required_argument, NULL, 'd'},
    {"schema", required_argument, NULL, 's'},
    {"json", no_argument, NULL, 'j'},
    {"chain", required_argument, NULL, OPTION_CHAIN},
    {"directory", required_argument, NULL, OPTION_DIRECTORY},
    {"to", required_argument, NULL, OPTION_TO},
    {"lock-timeout", required_argument, NULL, OPTION_LOCK_TIMEOUT},
    {"attempts", required_argument, NULL, OPTION_ATTEMPTS},
    {"wait", required_argument, NULL, OPTION_WAIT},
    {"dir", required_argument, NULL, OPTION_DIR},
    {"user", required_argument, NULL, OPTION_USER},
    {"delete", no_argument, NULL, OPTION_DELETE},
    {"migrate", no_argument, NULL, OPTION_MIGRATE},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

/* Which commands take an option. */
static const struct {
    int option;
    int commands;
} takers[] = {
    {'d', MIGRATE | DOCTOR},
    {'s', MIGRATE | DOCTOR | START | RUN},
    {'j', MIGRATE | DOCTOR | SANDBOX},
    {OPTION_CHAIN, MIGRATE},
    {OPTION_DIRECTORY, MIGRATE},
    {OPTION_TO, UP | DOWN | PLAN},
    {OPTION_LOCK_TIMEOUT, UP | DOWN},
    {OPTION_ATTEMPTS, UP | DOWN},
    {OPTION_WAIT, UP | DOWN},
    {OPTION_DIR, SANDBOX},
    {OPTION_USER, SANDBOX},
    {OPTION_DELETE, STOP},
    {OPTION_MIGRATE, START | RUN},
};

static const struct {
    const char *command;
    const char *action; /* NULL: the command has none */
    int sets;
} commands[] = {
    {"migrate", "status", MIGRATE},        {"migrate", "plan", MIGRATE | PLAN},
    {"migrate", "up", MIGRATE | UP},       {"migrate", "down", MIGRATE | DOWN},
    {"migrate", "verify", MIGRATE},        {"doctor", NULL, DOCTOR},
    {"sandbox", "start", SANDBOX | START}, {"sandbox", "stop", SANDBOX | STOP},
    {"sandbox", "status", SANDBOX},        {"sandbox", "run", SANDBOX | RUN},
};

/* A command line, taken apart. */
typedef struct command_line {
    cli options;
    const char *words[2];
    int word_count;
    bool given[sizeof takers / sizeof *takers];
    bool help;
    bool version;
} command_line;

static const char *option_name(int option) {
    for (const struct option *o = long_options; o->name; o++) {
        if (o->val == option)
            return o->name;
    }
    return "?";
}

/* A word of the command line as an error may show it: not when it could be a connection string. */
static const char *shown(const char *word) {
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return strspn(word, plain) == strlen(word) ? word : "(not shown)";
}

static int parse_number(int option, const char *text, int least, int *ret) {
    char *end = NULL;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > 1000000000)
        return cli_usage_error("--%s needs a number from %d, not: %s", option_name(option), least,
                               shown(text));
    *ret = (int)value;
    return CLI_OK;
}

static int take_option(command_line *line, int option) {
    cli *o = &line->options;
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++)
        line->given[i] |= takers[i].option == option;
    switch (option) {
    case 'd':
        o->database = optarg;
        return CLI_OK;
    case 's':
        o->schema = optarg;
        return CLI_OK;
    case 'j':
        o->json = true;
        return CLI_OK;
    case OPTION_CHAIN:
        o->chain = optarg;
        return CLI_OK;
    case OPTION_DIRECTORY:
        o->directory = optarg;
        return CLI_OK;
    case OPTION_TO:
        return parse_number(option, optarg, 0, &o->to);
    case OPTION_LOCK_TIMEOUT:
        return parse_number(option, optarg, 1, &o->lock_timeout_ms);
    case OPTION_ATTEMPTS:
        return parse_number(option, optarg, 1, &o->attempts);
    case OPTION_WAIT:
        return parse_number(option, optarg, 1, &o->wait_ms);
    case OPTION_DIR:
        o->dir = optarg;
        return CLI_OK;
    case OPTION_USER:
        o->user = optarg;
        return CLI_OK;
    case OPTION_DELETE:
        o->remove = true;
        return CLI_OK;
    case OPTION_MIGRATE:
        o->migrate = true;
        return CLI_OK;
    case OPTION_HELP:
        line->help = true;
        return CLI_OK;
    case OPTION_VERSION:
        line->version = true;
        return CLI_OK;
    default:
        return CLI_USAGE;
    }
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

/* Options may stand before, between and after the words of a command; `--`, or the first word after
 * `sandbox run`, begins a foreign command line. */
static int parse(int argc, char **argv, command_line *line) {
    opterr = 0;
    for (;;) {
        const int before = optind;
        const int option = getopt_long(argc, argv, "+:d:s:j", long_options, NULL);
        if (option == '?' || option == ':')
            return option_error(argc, argv, option);
        if (option != -1) {
            int rc = take_option(line, option);
            if (rc != CLI_OK)
                return rc;
            continue;
        }
        const bool dashes = optind > before && strcmp(argv[optind - 1], "--") == 0;
        const bool run = line->word_count == 2 && strcmp(line->words[1], "run") == 0;
        if (dashes || run || optind >= argc) {
            line->options.operands = &argv[optind];
            return CLI_OK;
        }
        if (line->word_count == 2)
            return cli_usage_error("unexpected word: %s", shown(argv[optind]));
        line->words[line->word_count++] = argv[optind++];
    }
}

/* Finds the command and checks that it takes the options given. */
static int check(const command_line *line, int *ret_sets) {
    const char *command = line->words[0];
    const char *action = line->words[1];
    bool known = false;
    int sets = 0;
    if (!command)
        return cli_usage_error("no command");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(commands[i].command, command) != 0)
            continue;
        known = true;
        if (commands[i].action ? action && strcmp(commands[i].action, action) == 0 : !action)
            sets = commands[i].sets;
    }
    if (!known)
        return cli_usage_error("there is no such command: %s", shown(command));
    if (sets == 0)
        return action ? cli_usage_error("%s does not know what this is: %s", command, shown(action))
                      : cli_usage_error("%s needs to be told what to do", command);
    for (size_t i = 0; i < sizeof takers / sizeof *takers; i++) {
        if (line->given[i] && !(takers[i].commands & sets))
            return cli_usage_error("%s%s%s takes no --%s", command, action ? " " : "", action ? action : "",
                                   option_name(takers[i].option));
    }
    if ((sets & DOWN) && line->options.to < 0)
        return cli_usage_error("migrate down needs --to N: everything above N is taken back, with its data");
    if (!(sets & RUN) && line->options.operands[0])
        return cli_usage_error("unexpected word: %s", shown(line->options.operands[0]));
    if ((sets & RUN) && !line->options.operands[0])
        return cli_usage_error("sandbox run needs a command");
    *ret_sets = sets;
    return CLI_OK;
}

int main(int argc, char **argv) {
    command_line line = {.options = {.to = -1}};
    int sets = 0;
    int rc = parse(argc, argv, &line);
    if (rc != CLI_OK)
        return rc;
    if (line.help) {
        fputs(usage, stdout);
        return cli_finish(CLI_OK);
    }
    if (line.version) {
        printf("tradingdb %s\n", trdb_version());
        return cli_finish(CLI_OK);
    }
    rc = check(&line, &sets);
    if (rc != CLI_OK)
        return rc;
    if (sets & DOCTOR)
        return cmd_doctor(&line.options);
    return sets & MIGRATE ? cmd_migrate(&line.options, line.words[1])
                          : cmd_sandbox(&line.options, line.words[1]);
}
