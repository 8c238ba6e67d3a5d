/* SPDX-License-Identifier: MIT */
/* Screeners and reports: runs without a schedule. */
#include "service/jobs.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const trdbi_table *const runs = &trdbi_table_job_schedule_runs;

/* ---- targets ----------------------------------------------------------------------------------------- */

enum { SAMPLE = 5 };

static const struct {
    const char *name;
    const char *tickers;
} sets[] = {
    {"sp500", "AAPL,MSFT,AMZN,GOOGL,BRK.B"},
    {"tech", "AAPL,MSFT,GOOGL,META,NVDA"},
    {"finance", "JPM,BAC,WFC,GS,MS"},
};

static const char blanks[] = " \t\r\n\v\f";

/* A text without the blanks around it. */
static const char *trim(const char *text, size_t size, size_t *ret_size) {
    size_t skipped = 0;
    while (skipped < size && strchr(blanks, text[skipped]))
        skipped++;
    while (size > skipped && strchr(blanks, text[size - 1]))
        size--;
    *ret_size = size - skipped;
    return text + skipped;
}

/* The tickers of a list in one allocation: the struct, the pointers, the texts. NULL when out of memory;
 * without tickers when an element is empty. */
static trdb_screener_target *split(const char *name, const char *list, size_t size) {
    size_t count = 1;
    for (size_t i = 0; i < size; i++)
        count += list[i] == ',';
    trdb_screener_target *target = malloc(sizeof *target + count * sizeof(char *) + size + 1);
    if (!target)
        return NULL;
    const char **items = (const char **)(target + 1);
    char *to = (char *)(items + count);
    *target = (trdb_screener_target){.name = name, .tickers = {.items = items, .count = 0}};
    const char *from = list, *end = list + size;
    for (size_t i = 0; i < count; i++) {
        const char *comma = memchr(from, ',', (size_t)(end - from));
        size_t length;
        const char *ticker = trim(from, (size_t)((comma ? comma : end) - from), &length);
        if (length == 0) {
            target->tickers.count = 0;
            return target;
        }
        items[target->tickers.count++] = to;
        for (size_t k = 0; k < length; k++)
            *to++ = ticker[k] >= 'a' && ticker[k] <= 'z' ? (char)(ticker[k] - 'a' + 'A') : ticker[k];
        *to++ = '\0';
        from = comma ? comma + 1 : end;
    }
    return target;
}

static trdb_screener_target *expand(const char *text, size_t size) {
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
        if (strlen(sets[i].name) == size && strncasecmp(sets[i].name, text, size) == 0)
            return split(sets[i].name, sets[i].tickers, strlen(sets[i].tickers));
    return split(NULL, text, size);
}

static int expand_target(const char *call, const char *text, trdb_screener_target **ret,
                         trdb_error **reterr) {
    int code = TRDB_E_INVALID;
    size_t size = 0;
    if (text && text != TRDB_NULL_TEXT)
        text = trim(text, strlen(text), &size);
    if (size == 0) {
        trdbi_error(reterr, code, "Invalid screener target: it is blank");
        return trdbi_refused(call, code, reterr);
    }
    if (trdbi_utf8_length(text, size) < 0) {
        code = trdbi_error(reterr, TRDB_E_ENCODING, "Invalid screener target: it is not valid UTF-8");
        return trdbi_refused(call, code, reterr);
    }
    trdb_screener_target *target = expand(text, size);
    if (!target)
        return trdbi_error_nomem(reterr);
    if (target->tickers.count > 0) {
        *ret = target;
        return 0;
    }
    free(target);
    trdbi_error(reterr, code, "Invalid screener target: an element of the list is empty");
    return trdbi_refused(call, code, reterr);
}

int trdb_jobs_expand_screener_target(const char *target, trdb_screener_target **ret, trdb_error **reterr) {
    static const char call[] = "jobs.expand_screener_target";
    int code = trdbi_take_place(call, ret, reterr);
    return code == 0 ? expand_target(call, target, ret, reterr) : code;
}

void trdb_screener_target_free(trdb_screener_target *target) {
    free(target);
}

/* ---- screener runs ----------------------------------------------------------------------------------- */

static int refuse(const char *call, const char *field, int code, const char *why, trdb_error **reterr) {
    trdbi_error(reterr, code, "trdb_screener_run_new.%s: %s", field, why);
    return trdbi_refused(call, code, reterr);
}

/* A scalar is not given, or given with a value. */
static int take_state(const char *call, const char *field, int32_t state, bool has_value,
                      trdb_error **reterr) {
    if (state == TRDB_GIVEN_NULL)
        return refuse(call, field, TRDB_E_NOT_NULL, "may not be NULL", reterr);
    if (state == TRDB_GIVEN || (state == TRDB_NOT_GIVEN && !has_value))
        return 0;
    return refuse(call, field, TRDB_E_INVALID,
                  state == TRDB_NOT_GIVEN ? "has a value but no state; make it with trdb_i64() and so on"
                                          : "has no valid state",
                  reterr);
}

static int take_screener(const char *call, const trdb_screener_run_new *in, trdb_error **reterr) {
    int code = take_state(call, "user_id", in->user_id.state, in->user_id.value != 0, reterr);
    if (code == 0 && in->user_id.state != TRDB_GIVEN)
        code = refuse(call, "user_id", TRDB_E_NOT_NULL, "is required", reterr);
    if (code == 0)
        code = take_state(call, "top_n", in->top_n.state, in->top_n.value != 0, reterr);
    if (code == 0 && in->top_n.state == TRDB_GIVEN && (in->top_n.value < 1 || in->top_n.value > 1000))
        code = refuse(call, "top_n", TRDB_E_RANGE, "must lie between 1 and 1000", reterr);
    if (code == 0)
        code = take_state(call, "scheduled_for", in->scheduled_for.state, in->scheduled_for.value.kind != 0,
                          reterr);
    if (code == 0)
        code = take_state(call, "tickers", in->tickers.state, in->tickers.items != NULL, reterr);
    if (code == 0 && (in->screener_set == TRDB_NULL_TEXT || in->filter_criteria == TRDB_NULL_TEXT))
        code = refuse(call, in->screener_set == TRDB_NULL_TEXT ? "screener_set" : "filter_criteria",
                      TRDB_E_NOT_NULL, "may not be NULL", reterr);
    if (code == 0 && in->filter_criteria)
        code = trdbi_take_object(call, "filter_criteria", runs, "job_snapshot", in->filter_criteria, reterr);
    return code;
}

/* The tickers that are given, none of them empty, or else those of the set. */
static int take_tickers(const char *call, const trdb_screener_run_new *in, trdb_screener_target **set,
                        trdb_texts *ret, trdb_error **reterr) {
    int code = in->screener_set ? expand_target(call, in->screener_set, set, reterr) : 0;
    if (code < 0)
        return code;
    if (in->tickers.state != TRDB_GIVEN) {
        if (!*set) {
            trdbi_error(reterr, TRDB_E_INVALID, "Either screener_set or tickers must be provided");
            return trdbi_refused(call, TRDB_E_INVALID, reterr);
        }
        *ret = (*set)->tickers;
        return 0;
    }
    if (in->tickers.count == 0 || !in->tickers.items)
        return refuse(call, "tickers", TRDB_E_INVALID, "holds no ticker", reterr);
    for (size_t i = 0; i < in->tickers.count; i++) {
        const char *ticker = in->tickers.items[i];
        if (!ticker || ticker == TRDB_NULL_TEXT || ticker[strspn(ticker, blanks)] == '\0')
            return refuse(call, "tickers", TRDB_E_INVALID, "a ticker is empty", reterr);
    }
    *ret = (trdb_texts){.items = in->tickers.items, .count = in->tickers.count};
    return 0;
}

int trdb_jobs_create_screener_run(trdb_uow *uow, const trdb_screener_run_new *run,
                                  trdb_job_schedule_run **ret, trdb_error **reterr) {
    static const char call[] = "jobs.create_screener_run";
    trdb_screener_run_new in;
    trdb_screener_target *set = NULL;
    trdb_texts tickers;
    trdb_job_schedule_run *row = NULL;
    int code = run ? trdbi_copy_struct(&in, sizeof in, run, "trdb_screener_run_new", reterr)
                   : trdbi_error(reterr, TRDB_E_INVALID, "%s: the trdb_screener_run_new is NULL", call);
    if (code < 0)
        return trdbi_refused(call, code, reterr);
    code = take_screener(call, &in, reterr);
    if (code == 0)
        code = take_tickers(call, &in, &set, &tickers, reterr);
    if (code == 0)
        code = trdbi_job_screener_run_create(
            uow, in.user_id.value, in.screener_set, tickers, in.filter_criteria, in.top_n,
            trdbi_time_or_now(trdbi_value_of_time(in.scheduled_for)), &row, reterr);
    trdb_screener_target_free(set);
    if (code == 0)
        trdbi_give_run(row, ret);
    return code;
}

/* ---- report runs ------------------------------------------------------------------------------------- */

int trdb_jobs_create_report_run(trdb_uow *uow, int64_t user_id, const char *report_type,
                                const char *parameters, trdb_timestamp scheduled_for,
                                trdb_job_schedule_run **ret, trdb_error **reterr) {
    static const char call[] = "jobs.create_report_run";
    trdb_job_schedule_run *row = NULL;
    parameters = trdbi_text_or_null(parameters);
    int code = trdbi_take_short_text(call, "report_type", report_type, 100, reterr);
    if (code == 0 && parameters)
        code = trdbi_take_object(call, "parameters", runs, "job_snapshot", parameters, reterr);
    if (code == 0)
        code = trdbi_job_report_run_create(uow, user_id, report_type, parameters,
                                           trdbi_time_or_now(scheduled_for), &row, reterr);
    if (code == 0)
        trdbi_give_run(row, ret);
    return code;
}
