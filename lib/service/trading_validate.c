/* SPDX-License-Identifier: MIT */
/* Validation of bots: the row, then its configuration. */
#include "service/service.h"
#include "service/validate.h"

#include "core/migrate.h"

#include <stdlib.h>

static bool is_valid(const trdb_finding_list *list) {
    TRDB_FOREACH(trdb_finding, finding, list) {
        if (finding->severity == TRDB_SEVERITY_PROBLEM)
            return false;
    }
    return true;
}

int trdb_trading_validate_bot_config(const char *config_json, trdb_finding_list **ret, trdb_error **reterr) {
    static const char call[] = "trading.validate_bot_config";
    if (!config_json || config_json == TRDB_NULL_TEXT || !ret) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the %s is NULL", call, ret ? "text" : "place for the list");
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    trdb_finding_list *list = trdbi_findings_new();
    int code = list ? trdbi_check_bot_config(list, config_json, reterr) : trdbi_error_nomem(reterr);
    if (code == 0)
        code = trdbi_findings_complete(list, reterr);
    if (code < 0)
        trdb_finding_list_free(list);
    else
        *ret = list;
    return code;
}

/* ---- bots of the database -------------------------------------------------------------------------- */

static void missing(trdb_finding_list *list, const char *column) {
    trdbi_find(list, TRDB_SEVERITY_PROBLEM, column, "write it", "the bot's row has no %s",
               strchr(column, '.') + 1);
}

/* Rows of an adopted database may hold NULL where those of a new one cannot. */
static int check_bot(trdb_finding_list *list, const trdb_trading_bot *bot, trdb_error **reterr) {
    if (!bot->user_id.set)
        missing(list, "trading_bots.user_id");
    if (!bot->status.text)
        missing(list, "trading_bots.status");
    else if (bot->status.value == TRDB_ENUM_UNKNOWN)
        trdbi_find(list, TRDB_SEVERITY_WARNING, "trading_bots.status",
                   "known are starting, running, stopping, stopped, error, completed and disabled",
                   "the status \"%s\" is not known", bot->status.text);
    if (bot->config)
        return trdbi_check_bot_config(list, bot->config, reterr);
    missing(list, "trading_bots.config");
    return 0;
}

int trdb_trading_validate_bot_configuration(trdb_uow *uow, int64_t bot_id, bool *ret_valid,
                                            trdb_finding_list **ret, trdb_error **reterr) {
    TRDB_AUTO(trdb_trading_bot) *bot = NULL;
    trdb_error *error = NULL;
    int code = trdb_trading_bot_get(uow, bot_id, &bot, &error);
    if (code < 0 && code != TRDB_E_NOT_FOUND)
        return trdbi_refused("trading.validate_bot_configuration", trdbi_error_give(reterr, error, code),
                             reterr);
    trdb_error_free(error);
    trdb_finding_list *list = trdbi_findings_new();
    if (!list)
        return trdbi_error_nomem(reterr);
    code = bot ? check_bot(list, bot, reterr) : 0;
    if (!bot)
        trdbi_find(list, TRDB_SEVERITY_PROBLEM, "trading_bots.id", "list the bots", "there is no bot %lld",
                   (long long)bot_id);
    if (code == 0)
        code = trdbi_findings_complete(list, reterr);
    if (code == 0 && ret_valid)
        *ret_valid = is_valid(list);
    if (code == 0 && ret)
        *ret = list;
    else
        trdb_finding_list_free(list);
    return code;
}

/* ---- all bots -------------------------------------------------------------------------------------- */

/* The rows show strings of the findings. */
struct trdb_bot_finding_list {
    trdb_finding_list *findings;
    trdb_bot_finding *rows;
    size_t count;
};

size_t trdb_bot_finding_list_count(const trdb_bot_finding_list *list) {
    return list ? list->count : 0;
}

const trdb_bot_finding *trdb_bot_finding_list_at(const trdb_bot_finding_list *list, size_t i) {
    return list && i < list->count ? &list->rows[i] : NULL;
}

const trdb_bot_finding *trdb_bot_finding_list_next(const trdb_bot_finding_list *list,
                                                   const trdb_bot_finding *finding) {
    return list && finding ? trdb_bot_finding_list_at(list, (size_t)(finding - list->rows) + 1) : NULL;
}

void trdb_bot_finding_list_free(trdb_bot_finding_list *list) {
    if (list) {
        trdb_finding_list_free(list->findings);
        free(list->rows);
    }
    free(list);
}

/* Checks every bot; ends[i] is where the findings of the i-th end. */
static int check_bots(const trdb_trading_bot_list *bots, trdb_finding_list *findings, size_t *ends,
                      trdb_error **reterr) {
    int code = 0;
    for (size_t i = 0; code == 0 && i < trdb_trading_bot_list_count(bots); i++) {
        const size_t before = trdb_finding_list_count(findings);
        code = check_bot(findings, trdb_trading_bot_list_at(bots, i), reterr);
        if (trdb_finding_list_count(findings) == before)
            trdbi_find(findings, TRDB_SEVERITY_OK, "", NULL, "the configuration is in order");
        ends[i] = trdb_finding_list_count(findings);
    }
    return code == 0 ? trdbi_findings_complete(findings, reterr) : code;
}

static int fill_rows(trdb_bot_finding_list *list, const trdb_trading_bot_list *bots, const size_t *ends,
                     trdb_error **reterr) {
    const size_t count = trdb_finding_list_count(list->findings);
    list->rows = calloc(count + 1, sizeof *list->rows);
    if (!list->rows)
        return trdbi_error_nomem(reterr);
    size_t bot = 0;
    TRDB_FOREACH(trdb_finding, finding, list->findings) {
        while (list->count >= ends[bot])
            bot++;
        list->rows[list->count++] = (trdb_bot_finding){.bot_id = trdb_trading_bot_list_at(bots, bot)->id,
                                                       .severity = finding->severity,
                                                       .topic = finding->topic,
                                                       .text = finding->text,
                                                       .remedy = finding->remedy};
    }
    return 0;
}

int trdb_trading_validate_all_bot_configurations(trdb_uow *uow, trdb_in_i64 user_id,
                                                 trdb_bot_finding_list **ret, trdb_error **reterr) {
    static const char call[] = "trading.validate_all_bot_configurations";
    trdb_trading_bot_list *bots = NULL;
    if (!ret) {
        trdbi_error(reterr, TRDB_E_INVALID, "%s: the place for the list is NULL", call);
        return trdbi_refused(call, TRDB_E_INVALID, reterr);
    }
    int code = trdb_trading_bots_enabled(uow, user_id, &bots, reterr);
    if (code < 0)
        return trdbi_refused(call, code, reterr);
    trdb_bot_finding_list *list = calloc(1, sizeof *list);
    size_t *ends = calloc(trdb_trading_bot_list_count(bots) + 1, sizeof *ends);
    if (list)
        list->findings = trdbi_findings_new();
    code = list && list->findings && ends ? check_bots(bots, list->findings, ends, reterr)
                                          : trdbi_error_nomem(reterr);
    if (code == 0)
        code = fill_rows(list, bots, ends, reterr);
    free(ends);
    trdb_trading_bot_list_free(bots);
    if (code < 0)
        trdb_bot_finding_list_free(list);
    else
        *ret = list;
    return code;
}
