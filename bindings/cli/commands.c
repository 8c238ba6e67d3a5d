/* SPDX-License-Identifier: MIT */
/* The command table; see command.h. */
#include "command.h"

static const char *color_name(int32_t value) {
    static const char *const names[] = {NULL, "always", "never"};
    return value > 0 && value < 3 ? names[value] : NULL;
}

#define FLAG(field)                                                                                          \
    { NULL, NULL, offsetof(cli, field), 0, VALUE_FLAG }
#define TEXT(name, field)                                                                                    \
    { name, NULL, offsetof(cli, field), 0, VALUE_TEXT }
#define PATH(kind, name, field)                                                                              \
    { name, NULL, offsetof(cli, field), 0, kind }
#define INT(name, least, field)                                                                              \
    { name, NULL, offsetof(cli, field), least, VALUE_INT }
#define ID(name, field)                                                                                      \
    { name, NULL, offsetof(cli, field), 1, VALUE_ID }
#define CHOICE(name, names, field)                                                                           \
    { name, names, offsetof(cli, field), 0, VALUE_CHOICE }
#define TIME(field)                                                                                          \
    { "TIME", NULL, offsetof(cli, field), 0, VALUE_TIME }

const option_type option_types[OPTION_COUNT] = {
    [OPTION_DATABASE] = {"database", "postgresql://… or key=value; default: the variable DB_URL",
                         TEXT("CONNINFO", database), 'd'},
    [OPTION_SCHEMA] = {"schema", "schema of the tables; default public", TEXT("NAME", schema), 's'},
    [OPTION_JSON] = {"json", "print JSON", FLAG(json), 'j'},
    [OPTION_CSV] = {"csv", "print CSV with a line of names", FLAG(csv), 0},
    [OPTION_COLOR] = {"color", "colours: always or never; default: on a terminal, unless NO_COLOR is set",
                      CHOICE("WHEN", color_name, color), 0},
    [OPTION_TZ] = {"tz", "time zone of times in and out, such as Europe/Berlin; default UTC",
                   TEXT("ZONE", tz), 0},
    [OPTION_LIMIT] = {"limit", "most rows; default 50", INT("N", 1, limit), 'n'},
    [OPTION_AFTER] = {"after", "go on behind the row with this id", ID("ID", after), 0},
    [OPTION_AFTER_KEY] = {"after", "go on behind this key", TEXT("KEY", after_key), 0},
    [OPTION_AS_OF] = {"as-of", "as it was at that time", TIME(as_of), 0},
    [OPTION_FROM] = {"from", "only from this time on", TIME(from), 0},
    [OPTION_UNTIL] = {"until", "only before this time", TIME(until), 0},
    [OPTION_CHAIN] = {"chain", "chain of migrations; default framework", TEXT("NAME", chain), 0},
    [OPTION_DIRECTORY] = {"directory", "take the files of a folder in place of the built-in ones",
                          PATH(VALUE_FOLDER, "DIR", directory), 0},
    [OPTION_TO] = {"to", "the last migration to apply; with down the last one that stays", INT("N", 0, to),
                   0},
    [OPTION_LOCK_TIMEOUT] = {"lock-timeout", "longest wait for a lock of another session; default 2000",
                             INT("MS", 1, lock_timeout_ms), 0},
    [OPTION_ATTEMPTS] = {"attempts", "how often a migration is tried that gets no lock; default 30",
                         INT("N", 1, attempts), 0},
    [OPTION_WAIT] = {"wait", "longest wait for another migrator; default 300000", INT("MS", 1, wait_ms), 0},
    [OPTION_DIR] = {"dir", "folder of the sandbox", PATH(VALUE_FOLDER, "DIR", dir), 0},
    [OPTION_ACCOUNT] = {"user", "as root: the account that the sandbox belongs to", TEXT("NAME", account), 0},
    [OPTION_DELETE] = {"delete", "remove it and its data, too", FLAG(remove), 0},
    [OPTION_MIGRATE] = {"migrate", "apply missing migrations", FLAG(migrate), 0},
    [OPTION_BOT] = {"bot", "the bot", ID("ID", bot), 'b'},
    [OPTION_NEW_BOT] = {"new-bot",
                        "make a bot with this configuration, unless an earlier import did: a JSON file, "
                        "or the JSON itself",
                        PATH(VALUE_FILE, "CONFIG", new_bot), 0},
    [OPTION_USER] = {"user", "the user", ID("ID", user), 'u'},
    [OPTION_SVG] = {"svg", "draw equity and drawdown into this file; - for the standard output",
                    PATH(VALUE_FILE, "FILE", svg), 0},
    [OPTION_BALANCE] = {"balance",
                        "what the account held at first, for returns; default for a bot: its balance less "
                        "its P&L",
                        {"AMOUNT", NULL, offsetof(cli, balance), 0, VALUE_AMOUNT},
                        0},
    [OPTION_STORE] = {"store", "store the figures as a row of trading_performance_metrics", FLAG(store), 0},
    [OPTION_TELEGRAM] = {"telegram", "the Telegram account, its number", TEXT("ACCOUNT", telegram), 't'},
    [OPTION_EMAIL] = {"email", "the e-mail address", TEXT("ADDRESS", email), 0},
    [OPTION_ROLE] = {"role", "what the user may do", CHOICE("ROLE", trdb_usr_role_to_string, role), 0},
    [OPTION_LANGUAGE] = {"language", "language of the account, such as en", TEXT("CODE", language), 0},
    [OPTION_PENDING] = {"pending", "only those verified and not approved yet", FLAG(pending), 0},
    [OPTION_CODE] = {"code", "the code that was sent; - reads it from the standard input", TEXT("CODE", code),
                     0},
    [OPTION_APPROVE] = {"approve", "approve the user, too", FLAG(approve), 0},
    [OPTION_REJECT] = {"reject", "take the approval back, and leave the rest", FLAG(reject), 0},
    [OPTION_BOT_STATUS] = {"status", "only bots of this status",
                           CHOICE("STATUS", trdb_trading_bot_status_to_string, status), 0},
    [OPTION_ERROR] = {"error", "what went wrong; with the status error", TEXT("TEXT", error), 0},
    [OPTION_SYMBOL] = {"symbol", "only this symbol, such as ETH/BTC", TEXT("SYMBOL", symbol), 0},
    [OPTION_STRATEGY] = {"strategy", "only this strategy", TEXT("NAME", strategy), 0},
    [OPTION_TRADE_STATUS] = {"status", "only trades of this status",
                             CHOICE("STATUS", trdb_trading_trade_status_to_string, status), 0},
    [OPTION_TIMES] = {"limit", "how many times; default 5", INT("N", 1, limit), 'n'},
    [OPTION_JOB] = {"job", "only runs of this job", ID("ID", job), 0},
    [OPTION_NAME] = {"name", "the job's name, unique among its owner's", TEXT("NAME", name), 0},
    [OPTION_TYPE] = {"type", "kind of work", CHOICE("TYPE", trdb_job_type_to_string, type), 0},
    [OPTION_TARGET] = {"target", "what the work is about: a ticker, a list, a report", TEXT("TARGET", target),
                       0},
    [OPTION_CRON] = {"cron", "when: five fields in quotes, read in the zone of --tz", TEXT("EXPR", cron), 0},
    [OPTION_PARAMS] = {"params", "parameters of the work: a JSON object, or a file with one",
                       PATH(VALUE_FILE, "JSON", params), 0},
    [OPTION_ENABLED] = {"enabled", "only jobs that are enabled", FLAG(enabled), 0},
    [OPTION_DISABLED] = {"disabled", "disabled: never due", FLAG(disabled), 0},
    [OPTION_RUN_STATUS] = {"status", "only runs of this status",
                           CHOICE("STATUS", trdb_job_run_status_to_string, status), 0},
    [OPTION_DAYS] = {"days", "how many days back; default 30", INT("N", 1, days), 0},
    [OPTION_COMMAND] = {"command", "only this command, such as /start", TEXT("COMMAND", command), 0},
    [OPTION_FAILED] = {"failed", "only commands that failed", FLAG(failed), 0},
    [OPTION_SUCCEEDED] = {"succeeded", "only commands that succeeded", FLAG(succeeded), 0},
    [OPTION_FEEDBACK_TYPE] = {"type", "only this kind, such as bug", TEXT("TYPE", feedback_type), 0},
    [OPTION_FEEDBACK_STATUS] = {"status", "only what stands so, such as open",
                                TEXT("STATUS", feedback_status), 0},
    [OPTION_UNSET] = {"unset", "take the setting away", FLAG(unset), 0},
    [OPTION_HELP] = {"help", "print this help", {.kind = VALUE_FLAG}, 'h'},
    [OPTION_VERSION] = {"version", "print the version", {.kind = VALUE_FLAG}, 0},
};

#define O(name) (UINT64_C(1) << OPTION_##name)
#define MIGRATE_OPTIONS (O(DATABASE) | O(SCHEMA) | O(JSON) | O(CHAIN) | O(DIRECTORY))
#define APPLY_OPTIONS (MIGRATE_OPTIONS | O(TO) | O(LOCK_TIMEOUT) | O(ATTEMPTS) | O(WAIT))
#define SANDBOX_OPTIONS (O(JSON) | O(DIR) | O(ACCOUNT))
#define START_OPTIONS (SANDBOX_OPTIONS | O(SCHEMA) | O(MIGRATE))
#define DATA_OPTIONS (O(DATABASE) | O(SCHEMA) | O(JSON) | O(CSV) | O(COLOR) | O(TZ))
#define PAGE_OPTIONS (DATA_OPTIONS | O(LIMIT) | O(AFTER))
#define TRADE_OPTIONS (O(BOT) | O(SYMBOL) | O(STRATEGY) | O(TRADE_STATUS) | O(FROM) | O(UNTIL) | O(AS_OF))

#define ID_OPERAND ID("ID", id)
#define OPERAND(kind, name)                                                                                  \
    { name, NULL, 0, 0, kind }

#define QUOTES "put the cron expression in quotes, as in \"0 9 * * 1-5\""

const command commands[] = {
    {"migrate", "status", "which migrations exist and which are applied", cmd_migrate, MIGRATE_OPTIONS},
    {"migrate", "plan", "the SQL that `up` would run; changes nothing", cmd_migrate, MIGRATE_OPTIONS | O(TO)},
    {"migrate", "up", "apply what is missing", cmd_migrate, APPLY_OPTIONS},
    {"migrate", "down", "take back migrations above N, with their data; 0 takes back all", cmd_migrate,
     APPLY_OPTIONS, .needed = O(TO)},
    {"migrate", "verify", "compare what was applied with what this release has", cmd_migrate,
     MIGRATE_OPTIONS},
    {"doctor", NULL, "look for what is wrong with a database, with the remedy", cmd_doctor,
     O(DATABASE) | O(SCHEMA) | O(JSON)},
    {"sandbox", "start", "start a private PostgreSQL and print how to connect to it", cmd_sandbox,
     START_OPTIONS},
    {"sandbox", "stop", "stop it", cmd_sandbox, SANDBOX_OPTIONS | O(DELETE)},
    {"sandbox", "status", "whether it runs", cmd_sandbox, SANDBOX_OPTIONS},
    {"sandbox", "run", "run a command with DB_URL set to it, starting it first when needed", cmd_sandbox,
     START_OPTIONS, .rest = true},

    {"import", "freqtrade", "book the trades of a freqtrade backtest export; those known are left out",
     cmd_import, DATA_OPTIONS | O(BOT) | O(NEW_BOT) | O(USER), .operands = {OPERAND(VALUE_FILE, "FILE")},
     .least = 1},
    {"report", NULL, "what a bot's closed trades brought, in figures and as a picture", cmd_report,
     DATA_OPTIONS | O(BOT) | O(SVG) | O(AS_OF) | O(BALANCE) | O(STORE)},

    {"users", "list", "the users, by id", cmd_users_list, PAGE_OPTIONS | O(PENDING)},
    {"users", "show", "a user with the Telegram account", cmd_users_show,
     DATA_OPTIONS | O(TELEGRAM) | O(EMAIL), .operands = {ID_OPERAND}},
    {"users", "add", "make a user", cmd_users_add,
     DATA_OPTIONS | O(TELEGRAM) | O(EMAIL) | O(ROLE) | O(LANGUAGE)},
    {"users", "verify", "mark the e-mail of a Telegram account as verified", cmd_users_verify,
     DATA_OPTIONS | O(CODE) | O(APPROVE) | O(REJECT), .operands = {OPERAND(VALUE_TEXT, "ACCOUNT")},
     .least = 1},
    {"users", "role", "change what a user may do", cmd_users_role, DATA_OPTIONS,
     .operands = {ID_OPERAND, CHOICE("ROLE", trdb_usr_role_to_string, choice)}, .least = 2},

    {"bots", "list", "the bots, by id", cmd_bots_list, PAGE_OPTIONS | O(USER) | O(BOT_STATUS)},
    {"bots", "show", "a bot with its configuration", cmd_bots_show, DATA_OPTIONS, .operands = {ID_OPERAND},
     .least = 1},
    {"bots", "status", "change where a bot stands", cmd_bots_status, DATA_OPTIONS | O(ERROR),
     .operands = {ID_OPERAND, CHOICE("STATUS", trdb_trading_bot_status_to_string, choice)}, .least = 2},

    {"trades", "list", "the trades, the newest first", cmd_trades_list, PAGE_OPTIONS | TRADE_OPTIONS},
    {"trades", "show", "a trade with every digit", cmd_trades_show, DATA_OPTIONS | O(AS_OF),
     .operands = {ID_OPERAND}, .least = 1},
    {"trades", "export", "all trades by id, as CSV unless --json is given", cmd_trades_export,
     DATA_OPTIONS | TRADE_OPTIONS},

    {"jobs", "list", "the jobs, the newest first", cmd_jobs_list,
     PAGE_OPTIONS | O(USER) | O(TYPE) | O(ENABLED) | O(DISABLED)},
    {"jobs", "show", "a job and its last runs", cmd_jobs_show, DATA_OPTIONS, .operands = {ID_OPERAND},
     .least = 1},
    {"jobs", "runs", "the runs, those due last first", cmd_jobs_runs,
     PAGE_OPTIONS | O(JOB) | O(USER) | O(TYPE) | O(RUN_STATUS)},
    {"jobs", "add", "make a job", cmd_jobs_add,
     DATA_OPTIONS | O(USER) | O(NAME) | O(TYPE) | O(TARGET) | O(CRON) | O(PARAMS) | O(DISABLED),
     .needed = O(USER) | O(NAME) | O(TYPE) | O(TARGET) | O(CRON), .hint = QUOTES},
    {"jobs", "trigger", "make a run that is due now", cmd_jobs_trigger, DATA_OPTIONS,
     .operands = {ID_OPERAND}, .least = 1},
    {"jobs", "cancel", "cancel a run that is pending", cmd_jobs_cancel, DATA_OPTIONS,
     .operands = {ID("RUN", id)}, .least = 1},
    {"jobs", "stats", "how many runs there were, by status", cmd_jobs_stats,
     DATA_OPTIONS | O(USER) | O(TYPE) | O(DAYS) | O(FROM)},
    {"jobs", "next", "when a cron expression is due; needs no database", cmd_jobs_next,
     O(JSON) | O(CSV) | O(COLOR) | O(TZ) | O(TIMES) | O(AS_OF), .operands = {OPERAND(VALUE_TEXT, "EXPR")},
     .least = 1, .hint = QUOTES},

    {"telegram", "audit", "the commands that the bot received, the newest first", cmd_telegram_audit,
     PAGE_OPTIONS | O(TELEGRAM) | O(COMMAND) | O(FAILED) | O(SUCCEEDED) | O(FROM) | O(UNTIL)},
    {"telegram", "stats", "how often each command came, and how it ended", cmd_telegram_stats,
     DATA_OPTIONS | O(FROM) | O(UNTIL)},
    {"telegram", "feedback", "what users told the bot; with ID one of it, with STATUS change where it stands",
     cmd_telegram_feedback, PAGE_OPTIONS | O(FEEDBACK_TYPE) | O(FEEDBACK_STATUS),
     .operands = {ID_OPERAND, OPERAND(VALUE_TEXT, "STATUS")}},
    {"telegram", "settings", "the bot's settings; with KEY one of them, with VALUE write it",
     cmd_telegram_settings, DATA_OPTIONS | O(LIMIT) | O(AFTER_KEY) | O(UNSET),
     .operands = {OPERAND(VALUE_TEXT, "KEY"), OPERAND(VALUE_TEXT, "VALUE")}},

    {"completion", NULL, "print the completion script of a shell", cmd_completion, 0,
     .operands = {{"SHELL", completion_shell, offsetof(cli, choice), 0, VALUE_CHOICE}}, .least = 1},
};

const size_t command_count = sizeof commands / sizeof *commands;

bool command_takes(const command *c, enum option_id option) {
    return option == OPTION_HELP || option == OPTION_VERSION || (c->options >> option & 1);
}

size_t command_operands(const command *c) {
    size_t count = 0;
    while (count < MAX_OPERANDS && c->operands[count].name)
        count++;
    return count;
}

bool option_is_first(enum option_id option) {
    for (int o = 0; o < (int)option; o++) {
        if (strcmp(option_types[o].name, option_types[option].name) == 0)
            return false;
    }
    return true;
}
