/* SPDX-License-Identifier: MIT */
/* Books the trades of an export: each as an entry, a trade, an exit and the bot's account, in a unit of its
 * own. */
#pragma once

#include "freqtrade.h"

/* Where an export goes, what became of it, and, when a function here fails, why: one line for a person. */
typedef struct import {
    trdb_db *db;
    const freqtrade_export *export;
    void (*progress)(size_t done, size_t total); /* called after each trade; may be NULL */

    int64_t user_id;
    int64_t bot_id;
    int32_t trade_type;       /* the bot's */
    trdb_timestamp heartbeat; /* the bot's, moved on with each exit, never back */
    size_t imported;
    size_t known; /* trades that an earlier import booked */

    char problem[500];
} import;

/* Takes the bot of that id. 0 or -1. */
int import_use_bot(import *im, int64_t bot_id);
/* Takes the user's bot of this strategy, made with the configuration (JSON text) unless an earlier import
 * did. However many do so at once, one bot is made. 0 or -1. */
int import_make_bot(import *im, int64_t user_id, const char *config);
/* Books what is not booked yet. An import that ended midway, however it did, is completed by the next. 0 or
 * -1. */
int import_trades(import *im);
