/* SPDX-License-Identifier: MIT */
#include "import.h"
#include "print.h"

#include <stdlib.h>
#include <unistd.h>

/* What an import did, as it is printed. */
typedef struct import_row {
    const char *strategy;
    int64_t user_id;
    int64_t bot_id;
    int64_t imported;
    int64_t known;
} import_row;

static const column import_columns[] = {
    TEXT("strategy", "strategy", 0, import_row, strategy),
    KEY("user_id", "user", import_row, user_id),
    KEY("bot_id", "bot", import_row, bot_id),
    KEY("imported", "imported", import_row, imported),
    KEY("known", "known", import_row, known),
};

/* A bar on a terminal, nothing elsewhere. */
static void progress(size_t done, size_t total) {
    enum { WIDTH = 40 };
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r  importing ");
    for (size_t i = 0; i < WIDTH; i++)
        fputs(i < done * WIDTH / total ? "█" : "░", stderr);
    fprintf(stderr, " %zu of %zu%s", done, total, done == total ? "\n" : "");
}

static int book(const cli *o, import *im, const char *config) {
    SESSION(s);
    if (session_open(o, &s) != CLI_OK)
        return CLI_FAILED;
    im->db = s.db;
    const int rc = config ? import_make_bot(im, o->user, config) : import_use_bot(im, o->bot);
    if (rc < 0 || import_trades(im) < 0)
        return cli_error("%s", im->problem);
    return CLI_OK;
}

static int print(const cli *o, const import *im) {
    const import_row row = {
        .strategy = im->export->strategy,
        .user_id = im->user_id,
        .bot_id = im->bot_id,
        .imported = (int64_t)im->imported,
        .known = (int64_t)im->known,
    };
    if (o->json || o->csv)
        return print_record(o, import_columns, COUNT(import_columns), &row);
    char *strategy = text_printable(row.strategy);
    printf("%s: %zu trades imported into bot %lld, %zu were there already\n", strategy ? strategy : "",
           im->imported, (long long)im->bot_id, im->known);
    free(strategy);
    return cli_finish(CLI_OK);
}

int cmd_import(const cli *o) {
    if ((o->bot != 0) == (o->new_bot != NULL))
        return cli_usage_error("import freqtrade needs either --bot N, or --new-bot CONFIG and --user N");
    if ((o->new_bot != NULL) != (o->user != 0))
        return cli_usage_error("--new-bot CONFIG and --user N belong together: the user owns the bot");

    /* The whole export is read and checked before anything is written. */
    char problem[500];
    freqtrade_export export;
    if (freqtrade_read(o->operands[0], &export, problem, sizeof problem) < 0)
        return cli_error("%s", problem);
    char *config = o->new_bot ? cli_json_value("--new-bot", o->new_bot) : NULL;
import im = {.export = & export, .progress = progress };
    int rc = o->new_bot && !config ? CLI_FAILED : book(o, &im, config);
    if (rc == CLI_OK)
        rc = print(o, &im);
    free(config);
    freqtrade_free(&export);
    return rc;
}
