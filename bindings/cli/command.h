/* SPDX-License-Identifier: MIT */
/*
 * The command table: every command with its operands and options. Parsing, --help, the errors of wrong usage
 * and the completion scripts all read it, and the tests compare the man pages with it.
 */
#pragma once

#include "cli.h"

/* What a value on the command line is. The type of its field in `cli` stands behind it. */
enum value_kind {
    VALUE_FLAG,   /* bool; takes no value */
    VALUE_TEXT,   /* const char * */
    VALUE_FILE,   /* const char *, completed as a file */
    VALUE_FOLDER, /* const char *, completed as a folder */
    VALUE_INT,    /* int, not below `least` */
    VALUE_ID,     /* int64_t, from 1 */
    VALUE_CHOICE, /* int32_t: a constant of the closed set that `choices` names */
    VALUE_AMOUNT, /* trdb_decimal, not negative */
    VALUE_TIME,   /* trdb_timestamp, read in the zone of --tz */
};

typedef struct value_type {
    const char *name;                /* what help calls it: N, FILE */
    const char *(*choices)(int32_t); /* the names of a closed set from 1 on, NULL behind the last */
    size_t field;                    /* its place in `cli` */
    int least;
    enum value_kind kind;
} value_type;

typedef struct option_type {
    const char *name; /* without the dashes */
    const char *help;
    value_type value;
    char letter; /* 0: none */
} option_type;

enum option_id {
    OPTION_DATABASE,
    OPTION_SCHEMA,
    OPTION_JSON,
    OPTION_CSV,
    OPTION_COLOR,
    OPTION_TZ,
    OPTION_LIMIT,
    OPTION_AFTER,
    OPTION_AFTER_KEY,
    OPTION_AS_OF,
    OPTION_FROM,
    OPTION_UNTIL,
    OPTION_CHAIN,
    OPTION_DIRECTORY,
    OPTION_TO,
    OPTION_LOCK_TIMEOUT,
    OPTION_ATTEMPTS,
    OPTION_WAIT,
    OPTION_DIR,
    OPTION_ACCOUNT,
    OPTION_DELETE,
    OPTION_MIGRATE,
    OPTION_BOT,
    OPTION_NEW_BOT,
    OPTION_USER,
    OPTION_SVG,
    OPTION_BALANCE,
    OPTION_STORE,
    OPTION_TELEGRAM,
    OPTION_EMAIL,
    OPTION_ROLE,
    OPTION_LANGUAGE,
    OPTION_PENDING,
    OPTION_CODE,
    OPTION_APPROVE,
    OPTION_REJECT,
    OPTION_BOT_STATUS,
    OPTION_ERROR,
    OPTION_SYMBOL,
    OPTION_STRATEGY,
    OPTION_TRADE_STATUS,
    OPTION_TIMES,
    OPTION_JOB,
    OPTION_NAME,
    OPTION_TYPE,
    OPTION_TARGET,
    OPTION_CRON,
    OPTION_PARAMS,
    OPTION_ENABLED,
    OPTION_DISABLED,
    OPTION_RUN_STATUS,
    OPTION_DAYS,
    OPTION_COMMAND,
    OPTION_FAILED,
    OPTION_SUCCEEDED,
    OPTION_FEEDBACK_TYPE,
    OPTION_FEEDBACK_STATUS,
    OPTION_UNSET,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_COUNT
};

enum { MAX_OPERANDS = 2 };

typedef struct command {
    const char *group;
    const char *action; /* NULL: the group is the command */
    const char *help;   /* a sentence without its full stop */
    int (*run)(const cli *);
    uint64_t options;                  /* a bit for each enum option_id */
    uint64_t needed;                   /* those that must be given */
    value_type operands[MAX_OPERANDS]; /* until the name is NULL */
    int least;                         /* operands that must be given */
    bool rest;                         /* what follows is a command line of its own */
    const char *hint;                  /* what a word too many is most often about; NULL: nothing */
} command;

extern const option_type option_types[OPTION_COUNT];
extern const command commands[];
extern const size_t command_count;

bool command_takes(const command *c, enum option_id option);
size_t command_operands(const command *c);
/* Every option name once, for those who read a command line before its command is known: whether this one is
 * the first of its name. */
bool option_is_first(enum option_id option);

/* Prints help: on all commands, on a group's, on one. NULL for what is not asked. */
int help_print(const char *group, const char *action);

int cmd_completion(const cli *o);
/* The shells that it knows: names of its operand. */
const char *completion_shell(int32_t value);
